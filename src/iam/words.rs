//! What a statement, a condition or a principal says of a request, in words.

use super::context::Fact;
use super::{Caller, account_text};
use crate::value::{Guard, Kind, Value};

/// One test of a condition block, and how it came out.
#[derive(Clone, Debug)]
pub(super) struct Test {
    pub(super) operator: String,
    pub(super) key: String,
    pub(super) values: Vec<Value>,
    pub(super) fact: Fact,
}

/// A condition that is not a block of tests.
#[derive(Clone, Debug)]
pub(super) enum Told {
    Test(Box<Test>),
    Open(String),
}

/// Of a statement that may not be there.
pub(super) fn exists_only(guard: &Guard) -> String {
    format!("is there only where {}, which is not decided", condition(guard))
}

/// The cases, as conditions that distinguish them; `all` is how many cases there are.
pub(super) fn cases(chosen: &[&[Guard]], all: usize) -> String {
    // A condition that half of all cases share, and only these, is all there is to say.
    let shared = chosen.first().into_iter().flat_map(|guards| guards.iter()).filter(|guard| {
        chosen.iter().all(|guards| guards.iter().any(|other| other.text == guard.text && other.holds == guard.holds))
    });
    let shared: Vec<String> = shared.map(condition).collect();
    if !shared.is_empty() && chosen.len() << shared.len() == all {
        return shared.join(" and ");
    }
    let one = |guards: &&[Guard]| guards.iter().map(condition).collect::<Vec<_>>().join(" and ");
    chosen.iter().map(one).collect::<Vec<_>>().join(", or ")
}

fn condition(guard: &Guard) -> String {
    format!("{}`{}`", if guard.holds { "" } else { "not " }, guard.text)
}

/// `allows` or `denies` the action, and where.
pub(super) fn under(verb: &str, action: &str, told: Option<&Told>) -> String {
    match told {
        None => format!("{verb} `{action}`"),
        Some(Told::Open(why)) => format!("{verb} `{action}` under a condition that is not known: {why}"),
        Some(Told::Test(test)) => {
            let only = if verb == "allows" { " only" } else { "" };
            format!("{verb} `{action}`{only} {}; {}", place(test), state(test, action))
        }
    }
}

/// Where the test holds: "where `aws:PrincipalOrgID` is `o-1`".
fn place(test: &Test) -> String {
    let operator = test.operator.to_ascii_lowercase();
    let (quantifier, base) = operator.split_once(':').map_or(("", &*operator), |(quantifier, base)| (quantifier, base));
    let (base, optional) = base.strip_suffix("ifexists").map_or((base, false), |base| (base, true));
    let key = &test.key;
    let values = listed(&test.values);
    if key.eq_ignore_ascii_case("kms:ViaService") && matches!(base, "stringequals" | "stringlike") && !optional {
        return format!("via {values}");
    }
    if base == "null" {
        let absent = test.values.first().and_then(Value::as_bool) == Some(true);
        return format!("where the request {} `{key}`", if absent { "does not carry" } else { "carries" });
    }
    let phrase = match base {
        "stringequals" | "stringequalsignorecase" | "bool" | "numericequals" | "dateequals" | "binaryequals" => "is",
        "stringlike" | "arnlike" | "arnequals" => "is like",
        "stringnotequals" | "stringnotequalsignorecase" | "numericnotequals" | "datenotequals" => "is not",
        "stringnotlike" | "arnnotlike" | "arnnotequals" => "is not like",
        "ipaddress" => "is in",
        "notipaddress" => "is not in",
        "numericlessthan" => "is less than",
        "numericlessthanequals" => "is at most",
        "numericgreaterthan" => "is greater than",
        "numericgreaterthanequals" => "is at least",
        "datelessthan" => "is before",
        "datelessthanequals" => "is not after",
        "dategreaterthan" => "is after",
        "dategreaterthanequals" => "is not before",
        _ => return format!("under `{}` on `{key}`", test.operator),
    };
    let of = match quantifier {
        "forallvalues" => "each value of ",
        "foranyvalue" => "a value of ",
        _ => "",
    };
    let or_absent = if optional { ", or absent," } else { "" };
    format!("where {of}`{key}`{or_absent} {phrase} {values}")
}

/// What the request carries instead.
fn state(test: &Test, action: &str) -> String {
    let key = test.key.to_ascii_lowercase();
    let why = explained(&key, &test.fact, action).map(|why| format!(": {why}")).unwrap_or_default();
    match &test.fact {
        Fact::Known(values) => {
            let values = values.iter().map(|value| format!("`{}`", shown(value))).collect::<Vec<_>>().join(", ");
            match (&*key, values.get(..5)) {
                ("kms:viaservice", Some(start)) => {
                    let what = match start {
                        "`rds." => "the copy of an RDS snapshot calls it",
                        "`ec2." => "the copy of an EBS snapshot calls it",
                        "`fsx." => "the copy of an FSx backup calls it",
                        _ => "the copy calls it",
                    };
                    format!("{what} via {values}")
                }
                _ if values.is_empty() => format!("here it has no value{why}"),
                _ => format!("here it is {values}{why}"),
            }
        }
        Fact::Absent => format!("the request does not carry this key{why}"),
        Fact::Unknown { candidates, .. } if !candidates.is_empty() => {
            let each = candidates.iter().map(|candidate| match candidate {
                Some(values) => {
                    format!("`{}`", values.iter().map(|value| shown(value)).collect::<Vec<_>>().join("`, `"))
                }
                None => "absent".to_owned(),
            });
            format!("here it may be {}{why}", each.collect::<Vec<_>>().join(" or "))
        }
        Fact::Unknown { .. } => format!("its value is not known here{why}"),
    }
}

/// Why a request of AWS Backup has this key so.
///
/// Source: IAM User Guide, "AWS global condition context keys"; AWS KMS Developer Guide, "AWS KMS condition keys"; read
/// 2026-11.
fn explained(key: &str, fact: &Fact, action: &str) -> Option<String> {
    let text = match (key, fact) {
        (
            "aws:sourceaccount"
            | "aws:sourcearn"
            | "aws:sourceorgid"
            | "aws:sourceorgpaths"
            | "aws:principalservicename"
            | "aws:principalservicenameslist",
            Fact::Absent,
        ) => "only calls that a service makes in its own name do, and the copy is made by a role",
        (
            "aws:sourcevpc" | "aws:sourcevpce" | "aws:sourcevpcarn" | "aws:vpcsourceip" | "aws:vpceaccount"
            | "aws:vpceorgid" | "aws:vpceorgpaths",
            Fact::Absent,
        ) => "only requests through a VPC endpoint do, and AWS Backup's go through none",
        ("aws:username", Fact::Absent) => "only IAM users have one, and the copy is made by a role",
        ("kms:encryptioncontextkeys", Fact::Absent) => "only requests with an encryption context do",
        (
            "kms:grantisforawsresource"
            | "kms:grantoperations"
            | "kms:granteeprincipal"
            | "kms:retiringprincipal"
            | "kms:grantconstrainttype",
            Fact::Absent,
        ) => {
            return Some(format!(
                "only requests for grants do; allow `{action}` in a statement without this condition"
            ));
        }
        ("aws:multifactorauthpresent", Fact::Known(_)) => {
            "a role that a service uses has no multi-factor authentication"
        }
        ("aws:principalisawsservice", Fact::Known(_)) => "the copy is made by a role, not by a service in its own name",
        ("aws:sourceip", Fact::Unknown { .. }) => "AWS Backup calls from addresses of its own",
        ("aws:principalorgid" | "aws:resourceorgid", Fact::Known(values))
            if values.iter().any(|value| value.contains('\u{1}')) =>
        {
            "give the organization's id under [organization] in crossvault.toml"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

/// A text with holes, each in angle brackets.
fn shown(text: &str) -> String {
    let parts = text.split('\u{1}').enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { format!("<{part}>") } else { part.to_owned() }).collect()
}

fn listed(values: &[Value]) -> String {
    const MOST: usize = 4;
    let each = values.iter().take(MOST).map(|value| match value.marked_text() {
        Some(text) => format!("`{}`", shown(&text)),
        None => value.first_unknown().map_or_else(
            || "a value that is not known".to_owned(),
            |unknown| format!("a value that is not known ({})", unknown.reason),
        ),
    });
    let more = if values.len() > MOST { format!(" or one of {} more", values.len() - MOST) } else { String::new() };
    format!("{}{more}", each.collect::<Vec<_>>().join(" or "))
}

/// Why it is not known whether a Principal names the caller, and when it would.
pub(super) fn principal(value: &Value, caller: &Caller) -> String {
    let account = account_text(&caller.account);
    let partition = caller.role_arn.split(':').nth(1).unwrap_or("aws");
    let forms = [caller.role_arn.clone(), format!("arn:{partition}:iam::{account}:root"), account];
    let entries: Vec<Value> = match &value.kind {
        Kind::Map(map) => map.entries.get("AWS").map(|entry| items(&entry.value)).unwrap_or_default(),
        _ => vec![value.clone()],
    };
    for entry in &entries {
        let Some(text) = entry.marked_text() else {
            if let Some(unknown) = entry.first_unknown() {
                return format!("whom its Principal names is not known: {}", unknown.reason);
            }
            continue;
        };
        if text.starts_with("AROA") {
            return format!("its Principal `{text}` is the id of a role that may have been deleted");
        }
        if !text.contains('\u{1}') {
            continue;
        }
        for form in &forms {
            if let Some((symbol, filling)) = filling(&text, form) {
                return format!(
                    "its Principal `{}` names the caller if {symbol} is `{}`",
                    shown(&text),
                    shown(filling)
                );
            }
        }
        let why = entry.first_unknown().map(|unknown| format!(": {}", unknown.reason)).unwrap_or_default();
        return format!("whether its Principal `{}` names the caller is not known{why}", shown(&text));
    }
    "whether its Principal names the caller is not known".to_owned()
}

/// What the one hole in `pattern` must be for it to be `text`.
fn filling<'a>(pattern: &'a str, text: &'a str) -> Option<(&'a str, &'a str)> {
    let (before, rest) = pattern.split_once('\u{1}')?;
    let (symbol, after) = rest.split_once('\u{1}')?;
    let filling = text.strip_prefix(before)?.strip_suffix(after)?;
    (!after.contains('\u{1}') && !filling.is_empty()).then_some((symbol, filling))
}

fn items(value: &Value) -> Vec<Value> {
    match &value.kind {
        Kind::Seq(seq) => seq.items.clone(),
        _ => vec![value.clone()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::{AccountId, Known};

    fn test(operator: &str, key: &str, value: &str, fact: Fact) -> String {
        let test =
            Test { operator: operator.to_owned(), key: key.to_owned(), values: vec![Value::string(value)], fact };
        under("allows", "kms:DescribeKey", Some(&Told::Test(Box::new(test))))
    }

    #[test]
    fn a_condition_is_told_with_what_the_request_carries() {
        let known = |text: &str| Fact::Known(vec![text.to_owned()]);
        for (told, words) in [
            (
                test("StringLike", "kms:ViaService", "backup.*.amazonaws.com", known("rds.us-east-2.amazonaws.com")),
                "only via `backup.*.amazonaws.com`; the copy of an RDS snapshot calls it via `rds.us-east-2.amazonaws.com`",
            ),
            (
                test("Bool", "kms:GrantIsForAWSResource", "true", Fact::Absent),
                "only where `kms:GrantIsForAWSResource` is `true`; the request does not carry this key: only requests for grants do; allow `kms:DescribeKey` in a statement without this condition",
            ),
            (
                test("StringNotEqualsIfExists", "aws:SourceVpce", "vpce-1", Fact::Absent),
                "only where `aws:SourceVpce`, or absent, is not `vpce-1`; the request does not carry this key: only requests through a VPC endpoint do, and AWS Backup's go through none",
            ),
            (
                test("StringEquals", "aws:PrincipalOrgID", "o-1", known("\u{1}organization id\u{1}")),
                "here it is `<organization id>`: give the organization's id under [organization] in crossvault.toml",
            ),
        ] {
            assert!(told.contains(words), "{told}");
        }
    }

    #[test]
    fn a_principal_with_a_hole_is_told_with_what_fills_it() {
        let account = Known::Is(AccountId::parse("222222222222").unwrap());
        let caller = super::super::service_linked_role(&account, "aws");
        let value = Value::object([("AWS", Value::from_marked("arn:aws:iam::\u{1}var.backup\u{1}:root"))]);
        assert_eq!(
            principal(&value, &caller),
            "its Principal `arn:aws:iam::<var.backup>:root` names the caller if var.backup is `222222222222`"
        );
    }
}
