//! Statements that a policy has already, made to say a little more.

use super::insert;
use crate::aws::AccountId;
use crate::diagnostic::Edit;
use crate::iam::{Effect, Pattern, Statement, document};
use crate::source::Sources;
use crate::value::Value;

/// Operator, key, value.
pub(super) type Condition = (&'static str, &'static str, &'static str);

/// The statements that allow, each with the text that it was read from.
fn allowing(policy: &Value) -> Vec<(Statement, Value)> {
    let written = document::statements(policy);
    let parsed = document::parse(policy).statements.into_iter();
    let both = parsed.filter_map(|one| written.get(one.number.checked_sub(1)?).cloned().map(|text| (one, text)));
    both.filter(|(one, _)| one.effect == Some(Effect::Allow) && one.not_principal.is_none() && one.not_action.is_none())
        .collect()
}

/// Keeps edits that lie in the statement: what it takes from elsewhere may serve others, too.
fn inside(statement: &Statement, edits: Vec<Edit>) -> Option<Vec<Edit>> {
    let whole = statement.span?;
    let within =
        |edit: &Edit| edit.span.file == whole.file && whole.start <= edit.span.start && edit.span.end <= whole.end;
    edits.iter().all(within).then_some(edits)
}

fn texts(patterns: Option<&Vec<Pattern>>) -> Option<Vec<&str>> {
    patterns?
        .iter()
        .map(|pattern| match pattern {
            Pattern::Text(text) => Some(&**text),
            Pattern::Marked(_) | Pattern::Unknown => None,
        })
        .collect()
}

fn entries(value: &Value) -> Vec<Value> {
    value.as_seq().map_or_else(|| vec![value.clone()], |seq| seq.items.clone())
}

/// The account of a principal that is an account as a whole, and how it is written: by its id, or its root.
fn whole_account(text: &str) -> Option<(AccountId, bool)> {
    match AccountId::parse(text) {
        Some(id) => Some((id, false)),
        None => {
            let id = text.strip_suffix(":root")?.rsplit(':').next()?;
            AccountId::parse(id).map(|id| (id, true))
        }
    }
}

/// Whether the statement's condition is this one, and nothing else.
fn has_condition(statement: &Statement, wanted: Option<Condition>) -> bool {
    let (Some(condition), Some((operator, key, value))) = (&statement.condition, wanted) else {
        return statement.condition.is_none() && wanted.is_none();
    };
    let is_only = |value: &Value, name: &str| {
        value.as_map().filter(|map| map.entries.len() == 1 && map.open.is_none()).and_then(|map| {
            map.entries.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, entry)| entry.value.clone())
        })
    };
    let tested = is_only(condition, operator).and_then(|tests| is_only(&tests, key));
    tested.is_some_and(|own| own.as_bool() == Some(true) || own.text().as_deref() == Some(value))
}

/// Further actions in the statement that gives rights on everything to `whom`, and to nobody else, under this condition;
/// `None` where there is none, or it has them all.
pub(super) fn actions(
    sources: &Sources,
    policy: &Value,
    whom: &dyn Fn(&Statement) -> bool,
    condition: Option<Condition>,
    wanted: &[&str],
) -> Option<Vec<Edit>> {
    allowing(policy).into_iter().find_map(|(statement, written)| {
        if !whom(&statement)
            || !has_condition(&statement, condition)
            || texts(statement.resource.as_ref()).as_deref() != Some(&["*"])
        {
            return None;
        }
        let own = texts(statement.action.as_ref())?;
        let has = |action: &&str| own.iter().any(|own| crate::aws::wildcard(own, &action.to_ascii_lowercase()));
        let missing: Vec<&str> = wanted.iter().copied().filter(|action| !has(action)).collect();
        if missing.is_empty() {
            return None;
        }
        inside(&statement, insert::more(sources, written.get("Action")?, &missing)?)
    })
}

/// Whether all whom the statement names belong to this account.
pub(super) fn is_for(statement: &Statement, account: AccountId) -> bool {
    let Some(named) = statement.principal.as_ref().and_then(|principal| principal.as_map()) else { return false };
    let id = account.to_string();
    let own = |value: &Value| value.text().is_some_and(|text| text.split(':').any(|part| part == id));
    named.entries.len() == 1
        && named.open.is_none()
        && named.entries.get("AWS").is_some_and(|entry| entries(&entry.value).iter().all(own))
}

/// The account beside other accounts in statements that pass `narrow`: among their principals, or in a condition on
/// `aws:PrincipalAccount`.
pub(super) fn beside(
    sources: &Sources,
    policy: &Value,
    account: AccountId,
    own: Option<AccountId>,
    narrow: &dyn Fn(&Statement) -> bool,
) -> Option<Vec<Edit>> {
    let mut out = Vec::new();
    for (statement, _) in allowing(policy).into_iter().filter(|(statement, _)| narrow(statement)) {
        let edits = by_principal(sources, &statement, account, own)
            .or_else(|| by_condition(sources, &statement, account))
            .and_then(|edits| inside(&statement, edits));
        out.extend(edits.unwrap_or_default());
    }
    (!out.is_empty()).then_some(out)
}

fn by_principal(
    sources: &Sources,
    statement: &Statement,
    account: AccountId,
    own: Option<AccountId>,
) -> Option<Vec<Edit>> {
    let named = statement.principal.as_ref()?.get("AWS")?;
    let accounts: Option<Vec<(AccountId, bool)>> =
        entries(named).iter().map(|entry| whole_account(&entry.text()?)).collect();
    let accounts = accounts.filter(|all| !all.iter().any(|(id, _)| Some(*id) == own || *id == account))?;
    let text = match accounts.last()? {
        (_, false) => account.to_string(),
        (other, true) => {
            let like = entries(named).iter().find_map(Value::text)?;
            like.replace(&format!(":{}:", accounts.first()?.0), &format!(":{account}:"))
                .replace(&format!(":{other}:"), &format!(":{account}:"))
        }
    };
    insert::more(sources, named, &[&text])
}

fn by_condition(sources: &Sources, statement: &Statement, account: AccountId) -> Option<Vec<Edit>> {
    for (operator, tests) in &statement.condition.as_ref()?.as_map()?.entries {
        if !["StringEquals", "StringLike"].iter().any(|known| operator.eq_ignore_ascii_case(known)) {
            continue;
        }
        for (name, values) in &tests.value.as_map()?.entries {
            if name.eq_ignore_ascii_case("aws:PrincipalAccount") {
                return insert::more(sources, &values.value, &[&account.to_string()]);
            }
        }
    }
    None
}

/// Whether the statement gives no action but these, in lower case.
pub(super) fn only(statement: &Statement, actions: &[&str]) -> bool {
    texts(statement.action.as_ref()).is_some_and(|own| !own.is_empty() && own.iter().all(|own| actions.contains(own)))
}

/// Whether the statement has this condition and no other.
pub(super) fn under(statement: &Statement, condition: Condition) -> bool {
    has_condition(statement, Some(condition))
}
