//! AWS Organizations backup policies as the plans that they make in the accounts they are attached to.
//!
//! Source: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_backup_syntax.html>, read
//! 2026-11. A policy that is attached to a single account is expanded there; which accounts an organizational unit holds
//! is not known, so there its plans belong to an account that is only a symbol.

use super::Why;
use super::link::uncertain;
use super::resolve::why;
use crate::aws::{Account, AccountId, Known, Place, Region};
use crate::model::{
    CopyAction, Entities, Lifecycle, OrganizationPolicy, Plan, PlanRule, Selection, Setting, Site, TagCondition,
    TagOperator,
};
use crate::source::Span;
use crate::value::Existence;
use crate::value::{Entry, Kind, Reason, Ref, Unknown, Value};
use std::sync::Arc;

/// Adds the plans and selections of all backup policies.
pub(super) fn expand(entities: &mut Entities) {
    let policies = std::mem::take(&mut entities.backup_policies);
    for policy in &policies {
        let targets = targets(policy, entities);
        let content = &policy.content.value;
        let content = if let Kind::Document(inner) = &content.kind { inner } else { content };
        for (account, exists) in &targets {
            for (name, entry) in entries(content.get("plans")) {
                plan(policy, name, entry, account, exists.as_ref(), entities);
            }
            if let Some(why) = more(Some(content)).or_else(|| more(content.get("plans"))) {
                let site = Site {
                    place: Place { account: account.clone(), region: Known::Symbol("a Region".into()) },
                    ..policy.site.clone()
                };
                let rules = vec![PlanRule::not_known(why, policy.content.span)];
                entities.plans.push(Plan { site, name: Value::string("?"), rules });
            }
        }
    }
    entities.backup_policies = policies;
}

/// What the policy is attached to, each with the attachment where it is a resource of its own.
fn attached<'a>(
    policy: &'a OrganizationPolicy,
    entities: &'a Entities,
) -> impl Iterator<Item = (&'a Setting, Option<&'a Site>)> {
    let own = policy.targets.iter().map(|target| (target, None));
    let others = entities.policy_attachments.iter().filter(|attachment| match &attachment.policy.value.kind {
        Kind::Ref(reference) => reference.stack == policy.site.stack && reference.address == policy.site.address,
        _ => false,
    });
    own.chain(others.map(|attachment| (&attachment.target, Some(&attachment.site))))
}

/// The service control policies that bind the account; with why, where that is not certain.
pub(super) fn controls<'a>(entities: &'a Entities, account: &Account) -> Vec<(&'a OrganizationPolicy, Option<Why>)> {
    let mut out = Vec::new();
    for policy in &entities.service_controls {
        let mut doubt: Option<Option<Why>> = None;
        for (target, site) in attached(policy, entities) {
            let text = target.value.text();
            let id = text.as_deref().and_then(AccountId::parse);
            let why = match (id, account.known()) {
                (Some(id), Some(own)) if id == *own => site.and_then(uncertain).or_else(|| uncertain(&policy.site)),
                (Some(_), Some(_)) => continue,
                _ => Some(Why {
                    text: format!(
                        "whether account {account} lies below {} is not known",
                        text.map_or_else(|| "what it is attached to".to_owned(), |text| format!("`{text}`"))
                    ),
                    span: Some(target.span),
                }),
            };
            doubt = match (doubt, why) {
                (Some(None), _) | (_, None) => Some(None),
                (Some(first), _) => Some(first),
                (None, why) => Some(why),
            };
        }
        out.extend(doubt.map(|doubt| (policy, doubt)));
    }
    out
}

/// The accounts that the policy is attached to, and under which existence; a symbol where that is not known.
fn targets(policy: &OrganizationPolicy, entities: &Entities) -> Vec<(Account, Option<Existence>)> {
    let mut out: Vec<(Account, Option<Existence>)> = Vec::new();
    for (target, site) in attached(policy, entities) {
        let account = match target.value.text().as_deref().and_then(AccountId::parse) {
            Some(id) => Known::Is(id),
            None => symbol(policy),
        };
        if !out.iter().any(|(other, _)| *other == account) {
            out.push((account, site.map(|site| site.exists.clone())));
        }
    }
    if out.is_empty() {
        out.push((symbol(policy), None));
    }
    out
}

fn symbol(policy: &OrganizationPolicy) -> Account {
    Known::Symbol(format!("an account that `{}` is attached to", policy.site.address).into())
}

fn plan(
    policy: &OrganizationPolicy,
    name: &Arc<str>,
    entry: &Entry,
    account: &Account,
    exists: Option<&Existence>,
    out: &mut Entities,
) {
    let body = &entry.value;
    let span = entry.span.unwrap_or(policy.site.header);
    let listed = leaves(body.get("regions"));
    let regions: Vec<Region> = match &listed {
        Some(regions) => regions
            .iter()
            .map(|region| match region.text() {
                Some(text) => Known::Is(text),
                None => Known::Symbol(format!("a Region of the plan `{name}`").into()),
            })
            .collect(),
        None => vec![Known::Symbol(format!("a Region of the plan `{name}`").into())],
    };
    for region in regions {
        let place = Place { account: account.clone(), region };
        let address: Arc<str> = format!("{}/{name}{}", policy.site.address, suffix(&place)).into();
        let site = Site {
            address: address.clone(),
            place: place.clone(),
            header: span,
            span,
            exists: match exists {
                Some(exists) if policy.site.exists == Existence::Certain => exists.clone(),
                _ => policy.site.exists.clone(),
            },
            ..policy.site.clone()
        };
        let rules = entries(body.get("rules"));
        out.plans.push(Plan {
            site: site.clone(),
            name: Value::string(name.clone()),
            rules: rules
                .iter()
                .map(|(name, entry)| rule(name, entry, account, span))
                .chain(more(body.get("rules")).map(|why| PlanRule::not_known(why, span)))
                .collect(),
        });
        let reference = Ref { stack: site.stack, address, attr: "id".into(), known: None };
        let plan = Setting { value: Value::new(Kind::Ref(Arc::new(reference))), span };
        let selections = body.get("selections");
        for (name, entry) in entries(selections.and_then(|all| all.get("tags"))) {
            out.selections.push(by_tags(name, entry, &site, &plan, account));
        }
        for (name, entry) in entries(selections.and_then(|all| all.get("resources"))) {
            out.selections.push(by_types(name, entry, &site, &plan, account));
        }
    }
}

/// Tells the plans of one policy apart: account and Region, as far as they are known.
fn suffix(place: &Place) -> String {
    let known = [place.account.known().map(ToString::to_string), place.region.known().map(ToString::to_string)];
    let known: Vec<String> = known.into_iter().flatten().collect();
    if known.is_empty() { String::new() } else { format!("@{}", known.join("/")) }
}

fn rule(name: &Arc<str>, entry: &Entry, account: &Account, fallback: Span) -> PlanRule {
    let body = &entry.value;
    let span = entry.span.unwrap_or(fallback);
    let actions = entries(body.get("copy_actions"));
    let copy_actions = actions.iter().map(|(key, action)| {
        let span = action.span.unwrap_or(span);
        let destination = setting(&action.value, "target_backup_vault_arn", account)
            .unwrap_or_else(|| Setting { value: placed(&Value::string((*key).clone()), account), span });
        CopyAction { destination, lifecycle: lifecycle(&action.value, account), when: Vec::new(), span }
    });
    PlanRule {
        name: Value::string(name.clone()),
        target_vault: setting(body, "target_backup_vault_name", account)
            .unwrap_or(Setting { value: Value::null(), span }),
        target_air_gapped: setting(body, "target_logically_air_gapped_backup_vault_arn", account),
        continuous: setting(body, "enable_continuous_backup", account),
        schedule: setting(body, "schedule_expression", account),
        lifecycle: lifecycle(body, account),
        copy_actions: copy_actions
            .chain(more(Some(body).filter(|body| is_open(body))).map(|why| CopyAction::not_known(why, span)))
            .chain(more(body.get("copy_actions")).map(|why| CopyAction::not_known(why, span)))
            .collect(),
        recovery_point_tags: None,
        when: Vec::new(),
        span,
    }
}

fn lifecycle(body: &Value, account: &Account) -> Lifecycle {
    let Some(entry) = body.as_map().and_then(|map| map.entries.get("lifecycle")) else { return Lifecycle::default() };
    Lifecycle {
        delete_after: setting(&entry.value, "delete_after_days", account),
        cold_after: setting(&entry.value, "move_to_cold_storage_after_days", account),
        span: entry.span,
    }
}

fn by_tags(name: &Arc<str>, entry: &Entry, site: &Site, plan: &Setting, account: &Account) -> Selection {
    let body = &entry.value;
    let span = entry.span.unwrap_or(site.header);
    let key = setting(body, "tag_key", account).map_or_else(Value::null, |setting| setting.value);
    let values = leaves(body.get("tag_value"));
    let tags = values.iter().flatten().map(|value| TagCondition {
        operator: TagOperator::Equals,
        key: key.clone(),
        value: value.clone(),
        span,
    });
    Selection {
        tags: tags.collect(),
        open: values.is_none().then(|| not_known(body.get("tag_value"), span)),
        ..selection(name, body, site, plan, account, span)
    }
}

fn by_types(name: &Arc<str>, entry: &Entry, site: &Site, plan: &Setting, account: &Account) -> Selection {
    let body = &entry.value;
    let span = entry.span.unwrap_or(site.header);
    let listed = |name: &str| {
        let values = leaves(body.get(name)).unwrap_or_default();
        values.into_iter().map(|value| Setting { span: value.span.unwrap_or(span), value }).collect::<Vec<_>>()
    };
    let types = body.get("resource_types");
    Selection {
        resources: listed("resource_types"),
        not_resources: listed("not_resource_types"),
        open: leaves(types).is_none().then(|| not_known(types, span)),
        ..selection(name, body, site, plan, account, span)
    }
}

fn selection(name: &Arc<str>, body: &Value, site: &Site, plan: &Setting, account: &Account, span: Span) -> Selection {
    let mut conditions = Vec::new();
    for (operator, form) in [
        ("string_equals", TagOperator::Equals),
        ("string_not_equals", TagOperator::NotEquals),
        ("string_like", TagOperator::Like),
        ("string_not_like", TagOperator::NotLike),
    ] {
        for (_, entry) in entries(body.get("conditions").and_then(|all| all.get(operator))) {
            let part = |name| setting(&entry.value, name, account).map_or_else(Value::null, |setting| setting.value);
            conditions.push(TagCondition {
                operator: form,
                key: part("condition_key"),
                value: part("condition_value"),
                span: entry.span.unwrap_or(span),
            });
        }
    }
    Selection {
        site: Site { header: span, span, ..site.clone() },
        name: Value::string(name.clone()),
        plan: plan.clone(),
        role: setting(body, "iam_role_arn", account),
        resources: Vec::new(),
        not_resources: Vec::new(),
        tags: Vec::new(),
        conditions,
        open: None,
    }
}

fn not_known(value: Option<&Value>, span: Span) -> Value {
    let text = value.map_or_else(|| "nothing is listed".to_owned(), |value| why(value, span).text);
    Value::new(Kind::Unknown(Arc::new(Unknown::new(Reason::Derived(text.into()), Some(span)))))
}

/// The entries of an object, operators (`@@…`) left out.
fn entries(value: Option<&Value>) -> Vec<(&Arc<str>, &Entry)> {
    let all = value.and_then(Value::as_map).map(|map| map.entries.iter()).into_iter().flatten();
    all.filter(|(name, _)| !name.starts_with("@@")).collect()
}

fn is_open(value: &Value) -> bool {
    value.as_map().is_none_or(|map| map.open.is_some())
}

/// Why an object may have further entries; `None` where it cannot.
fn more(value: Option<&Value>) -> Option<Value> {
    let value = value.filter(|value| is_open(value) && !value.is_null())?;
    match value.as_map().and_then(|map| map.open.clone()) {
        Some(open) => Some(Value { span: value.span, ..Value::new(Kind::Unknown(open)) }),
        None => Some(value.clone()),
    }
}

/// What `{"@@assign": x}` or `{"@@append": x}` says; a plain value as it stands.
fn leaf(value: &Value) -> &Value {
    value.get("@@assign").or_else(|| value.get("@@append")).unwrap_or(value)
}

/// The values of a list leaf; `None` where they are not known.
fn leaves(value: Option<&Value>) -> Option<Vec<Value>> {
    let value = leaf(value?);
    match &value.kind {
        Kind::Seq(seq) if seq.open.is_none() => Some(seq.items.clone()),
        Kind::String(_) | Kind::Template(_) | Kind::Ref(_) => Some(vec![value.clone()]),
        _ => None,
    }
}

/// A leaf as a setting; `$account` is the account that the policy takes effect in.
fn setting(body: &Value, name: &str, account: &Account) -> Option<Setting> {
    let entry = body.as_map()?.entries.get(name)?;
    let value = leaf(&entry.value);
    let span = entry.span.or(value.span)?;
    Some(Setting { value: placed(value, account), span })
}

fn placed(value: &Value, account: &Account) -> Value {
    match &value.kind {
        Kind::String(text) if text.contains("$account") => {
            let mut parts = Vec::new();
            for (at, piece) in text.split("$account").enumerate() {
                if at > 0 {
                    parts.push(account_value(account));
                }
                parts.push(Value::string(piece));
            }
            Value { span: value.span, ..Value::new(Kind::Template(parts.into())) }
        }
        Kind::Template(parts) => {
            let parts = parts.iter().map(|part| placed(part, account)).collect();
            Value { span: value.span, ..Value::new(Kind::Template(parts)) }
        }
        _ => value.clone(),
    }
}

fn account_value(account: &Account) -> Value {
    match account {
        Known::Is(id) => Value::string(id.as_str()),
        Known::Symbol(name) => {
            let mut unknown = Unknown::new(Reason::Account(name.clone()), None);
            unknown.symbol = Some(name.clone());
            Value::new(Kind::Unknown(Arc::new(unknown)))
        }
    }
}
