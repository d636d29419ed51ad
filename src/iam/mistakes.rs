//! What people get wrong in policies on keys and vaults, in words, with what they may have meant.
//!
//! A mistake explains an answer; it never makes one.

use super::document::{Effect, Pattern, Policy, Statement};
use super::{account_text, glob, service_linked_role};
use crate::aws::Account;
use crate::source::Span;
use crate::value::{Kind, Value};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// A mistake and the statement it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub span: Option<Span>,
    pub text: String,
}

#[derive(Debug, Default, Deserialize)]
struct Names {
    actions: BTreeMap<String, Vec<String>>,
    conditions: Vec<String>,
    operators: Vec<String>,
}

fn names() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| serde_yaml::from_str(include_str!("../../rules/policy-names.yaml")).unwrap_or_default())
}

/// The mistakes in the policy of a key in `owner` that the service-linked role in `destination` is to use.
pub fn in_key_policy(policy: &Policy, owner: &Account, destination: &Account, partition: &str) -> Vec<Mistake> {
    let wanted = service_linked_role(destination, partition).role_arn;
    let own = service_linked_role(owner, partition).role_arn;
    let mut out = Vec::new();
    for statement in &policy.statements {
        let mut tell = |text: String| out.push(Mistake { span: statement.span, text });
        if statement.effect == Some(Effect::Allow) {
            for (kind, text) in principals(statement) {
                principal(statement, &kind, &text, &own, &wanted, destination, &mut tell);
            }
        }
        if statement.resource.is_none() && statement.not_resource.is_none() {
            tell(format!(
                "{} has no Resource, so in a key policy it has no effect; add `\"Resource\": \"*\"`",
                statement.name()
            ));
        }
        misspelt(statement, policy, &mut tell);
    }
    out
}

/// The mistakes in the access policy of a vault, of this ARN, that is to admit copies from `source`.
pub fn in_vault_policy(
    policy: &Policy,
    vault: &str,
    source: &Account,
    destination: &Account,
    partition: &str,
) -> Vec<Mistake> {
    let root = |account: &Account| format!("arn:{partition}:iam::{}:root", account_text(account));
    let mut out = Vec::new();
    for statement in &policy.statements {
        let mut tell = |text: String| out.push(Mistake { span: statement.span, text });
        if statement.effect == Some(Effect::Allow) {
            for (kind, text) in principals(statement) {
                if kind == "Service" {
                    tell(format!(
                        "{} names the service `{text}`, but the copy is made by a role of the source account: name `{}`",
                        statement.name(),
                        root(source)
                    ));
                } else if text == root(destination) || text == account_text(destination) {
                    tell(format!(
                        "{} names the destination's own account; the caller is the source account: name `{}`",
                        statement.name(),
                        root(source)
                    ));
                } else if text.starts_with("AROA") {
                    tell(format!(
                        "{} names `{text}`, the id of a role that may have been deleted; name its ARN",
                        statement.name()
                    ));
                }
            }
            for pattern in statement.resource.iter().flatten() {
                let Pattern::Text(text) = pattern else { continue };
                if text.contains(":backup-vault:") && glob::arn(text, vault) == Some(false) {
                    tell(format!(
                        "{}: its Resource `{text}` is another vault than this, `{}`; an access policy is about its own vault alone: write `*`",
                        statement.name(),
                        vault.replace('\u{1}', "")
                    ));
                }
            }
            let patterns = statement.action.iter().flatten();
            if patterns.clone().any(
                |pattern| matches!(pattern, Pattern::Text(text) if text.starts_with("backup:") && text.contains('*')),
            ) {
                tell(format!(
                    "{} has a wildcard in Action, which access policies of vaults do not support: name `backup:CopyIntoBackupVault`",
                    statement.name()
                ));
            }
        }
        misspelt(statement, policy, &mut tell);
    }
    out
}

/// The entries of Principal with their kinds.
fn principals(statement: &Statement) -> Vec<(String, String)> {
    let Some(map) = statement.principal.as_ref().and_then(Value::as_map) else { return Vec::new() };
    let mut out = Vec::new();
    for (kind, entry) in &map.entries {
        let items = match &entry.value.kind {
            Kind::Seq(seq) => seq.items.clone(),
            _ => vec![entry.value.clone()],
        };
        out.extend(items.iter().filter_map(Value::marked_text).map(|text| (kind.to_string(), text)));
    }
    out
}

fn principal(
    statement: &Statement,
    kind: &str,
    text: &str,
    own: &str,
    wanted: &str,
    destination: &Account,
    tell: &mut impl FnMut(String),
) {
    let name = statement.name();
    let shown = wanted.replace('\u{1}', "");
    let account = account_text(destination);
    if kind == "Service" {
        if text.starts_with("backup.") {
            tell(format!("{name} names the service `{text}`, but the copy is made by a role: name `{shown}`"));
        }
        return;
    }
    if kind != "AWS" || text == wanted {
        return;
    }
    if text == own {
        tell(format!(
            "{name} names the service-linked role of the key's own account; the copy is made by the destination's: `{shown}`"
        ));
    } else if text.ends_with("/AWSServiceRoleForBackup") {
        if text.contains(&format!(":{account}:")) && !text.contains("/aws-service-role/backup.amazonaws.com/") {
            tell(format!("{name} names `{text}`, which lacks the role's path; did you mean `{shown}`?"));
        } else if !text.contains(":iam::") {
            tell(format!("{name} names `{text}`, which is not the ARN of a role; did you mean `{shown}`?"));
        }
    } else if text.contains(&format!(":iam::{account}:role/")) {
        tell(format!("{name} names another role of the destination account; the copy is made by `{shown}`"));
    } else if text.starts_with("AROA") {
        tell(format!("{name} names `{text}`, the id of a role that may have been deleted; name its ARN"));
    } else if text.len() < 12 && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        tell(format!(
            "{name} names the account `{text}`, which has lost its leading zeros: write `\"{text:0>12}\"` in quotes"
        ));
    }
}

/// Actions, condition keys and operators that do not exist, and what is written so that it never means what it seems to.
fn misspelt(statement: &Statement, policy: &Policy, tell: &mut impl FnMut(String)) {
    if statement.not_principal.is_some() && statement.effect == Some(Effect::Allow) {
        tell(format!(
            "{} allows with NotPrincipal, which services refuse or take for everybody else: name the principal",
            statement.name()
        ));
    }
    for pattern in statement.action.iter().chain(&statement.not_action).flatten() {
        let Pattern::Text(text) = pattern else { continue };
        let Some((service, action)) = text.split_once(':') else { continue };
        let Some(known) = names().actions.get(service).filter(|_| !action.contains(['*', '?', '$'])) else { continue };
        if known.iter().any(|name| name.eq_ignore_ascii_case(action)) {
            continue;
        }
        let meant = nearest(action, known.iter().map(String::as_str));
        let meant = meant.map_or_else(String::new, |name| format!("; did you mean `{service}:{name}`?"));
        tell(format!("{}: there is no action `{service}:{action}`{meant}", statement.name()));
    }
    let operators = statement.condition.as_ref().and_then(Value::as_map).map(|map| map.entries.iter());
    for (operator, entry) in operators.into_iter().flatten() {
        let bare = operator.rsplit(':').next().unwrap_or_default();
        let bare = bare.strip_suffix("IfExists").unwrap_or(bare);
        let bare = names().operators.iter().find(|name| name.eq_ignore_ascii_case(bare)).map_or(bare, |name| name);
        if !names().operators.iter().any(|name| name == bare) {
            let meant = nearest(bare, names().operators.iter().map(String::as_str));
            let meant = meant.map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
            tell(format!("{}: there is no condition operator `{operator}`{meant}", statement.name()));
        }
        for (key, values) in entry.value.as_map().map(|map| &map.entries).into_iter().flatten() {
            literal(statement, policy, operator, bare, key, &values.value, tell);
        }
        for key in entry.value.as_map().map(|map| map.entries.keys()).into_iter().flatten() {
            let ours = ["aws:", "kms:", "backup:"].iter().any(|prefix| key.to_ascii_lowercase().starts_with(prefix));
            let known = names().conditions.iter().any(|name| {
                key.eq_ignore_ascii_case(name)
                    || (name.ends_with(['/', ':']) && key.to_ascii_lowercase().starts_with(&name.to_ascii_lowercase()))
            });
            if !ours || known {
                continue;
            }
            let meant = nearest(key, names().conditions.iter().map(String::as_str));
            let meant = meant.map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
            tell(format!("{}: there is no condition key `{key}`, so no request carries it{meant}", statement.name()));
        }
    }
}

/// Wildcards that the operator takes for letters, and variables that the policy's Version does.
fn literal(
    statement: &Statement,
    policy: &Policy,
    operator: &str,
    bare: &str,
    key: &str,
    values: &Value,
    tell: &mut impl FnMut(String),
) {
    let values = match &values.kind {
        Kind::Seq(seq) => seq.items.clone(),
        _ => vec![values.clone()],
    };
    for text in values.iter().filter_map(Value::marked_text) {
        if matches!(bare, "StringEquals" | "StringNotEquals") && text.contains(['*', '?']) && !text.contains("${") {
            let like = operator.replace(bare, if bare == "StringEquals" { "StringLike" } else { "StringNotLike" });
            tell(format!(
                "{}: `{operator}` takes the wildcard in `{}` on `{key}` for a letter; did you mean `{like}`?",
                statement.name(),
                text.replace('\u{1}', "")
            ));
        }
        if !policy.variables && text.contains("${") && text.contains(':') {
            tell(format!(
                "{}: `{text}` on `{key}` is no variable in a policy without `\"Version\": \"2012-10-17\"`",
                statement.name()
            ));
        }
    }
}

/// The name that is a few letters away, or that `wanted` begins with or is the beginning of.
fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = wanted.to_ascii_lowercase();
    let mut best: Option<((usize, usize), &str)> = None;
    for name in names {
        let lower = name.to_ascii_lowercase();
        let shared = wanted.starts_with(lower.trim_end_matches('s')) || lower.starts_with(&wanted);
        let far = crate::aws::distance(&wanted, &lower);
        // A shared beginning is as good as one letter; of two such names the nearer is meant.
        let rank = (if shared { far.min(1) } else { far }, far);
        if rank.0 <= 2 && best.is_none_or(|(other, _)| rank < other) {
            best = Some((rank, name));
        }
    }
    best.map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::{AccountId, Known};

    fn account(id: &str) -> Account {
        Known::Is(AccountId::parse(id).unwrap())
    }

    fn told(statement: &str) -> Vec<String> {
        let policy = format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#);
        let policy = super::super::document::from_json(&policy).unwrap();
        in_key_policy(&policy, &account("111111111111"), &account("222222222222"), "aws")
            .into_iter()
            .map(|mistake| mistake.text)
            .collect()
    }

    fn with_principal(principal: &str) -> Vec<String> {
        told(&format!(r#"{{"Effect": "Allow", "Principal": {principal}, "Action": "kms:*", "Resource": "*"}}"#))
    }

    #[test]
    fn a_wrong_principal_is_told_with_the_right_one() {
        let right = "arn:aws:iam::222222222222:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup";
        for (principal, words) in [
            (r#"{"AWS": "arn:aws:iam::222222222222:role/AWSServiceRoleForBackup"}"#, "lacks the role's path"),
            (
                r#"{"AWS": "arn:aws:iam::111111111111:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"}"#,
                "of the key's own account",
            ),
            (r#"{"Service": "backup.amazonaws.com"}"#, "the copy is made by a role"),
            (
                r#"{"AWS": "arn:aws:222222222222:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"}"#,
                "not the ARN of a role",
            ),
            (r#"{"AWS": "arn:aws:iam::222222222222:role/service-role/AWSBackupDefaultServiceRole"}"#, "another role"),
        ] {
            let all = with_principal(principal);
            assert!(all.len() == 1 && all[0].contains(words) && all[0].contains(right), "{principal}: {all:?}");
        }
        assert!(with_principal(&format!(r#"{{"AWS": "{right}"}}"#)).is_empty());
        assert!(with_principal(r#"{"AWS": "12345678901"}"#)[0].contains("\"012345678901\""));
    }

    #[test]
    fn misspelt_names_are_told_with_the_nearest() {
        let all = told(
            r#"{"Effect": "Allow", "Principal": "*", "Action": ["kms:CreateGrants", "kms:Re*"], "Resource": "*"}"#,
        );
        assert_eq!(all, ["statement 1: there is no action `kms:creategrants`; did you mean `kms:CreateGrant`?"]);
        let all = told(
            r#"{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*", "Condition": {"StringEquals": {"kms:ViaServices": "x", "aws:PrincipalTag/team": "y"}}}"#,
        );
        assert_eq!(
            all,
            [
                "statement 1: there is no condition key `kms:ViaServices`, so no request carries it; did you mean `kms:ViaService`?"
            ]
        );
        let all = told(
            r#"{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*", "Condition": {"StringEquals": {"backup:CopyTargetBackupVaultArn": "x"}}}"#,
        );
        assert!(all[0].contains("did you mean `backup:CopyTargets`?"), "{all:?}");
    }

    #[test]
    fn what_never_means_what_it_seems_to_is_told() {
        let with = |condition: &str| {
            told(&format!(
                r#"{{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*", "Condition": {condition}}}"#
            ))
        };
        for (condition, words) in [
            (
                r#"{"StringEqual": {"kms:ViaService": "x"}}"#,
                "there is no condition operator `StringEqual`; did you mean `StringEquals`?",
            ),
            (
                r#"{"StringEquals": {"kms:ViaService": "rds.*"}}"#,
                "takes the wildcard in `rds.*` on `kms:ViaService` for a letter; did you mean `StringLike`?",
            ),
            (
                r#"{"ForAnyValue:StringNotEqualsIfExists": {"aws:PrincipalOrgPaths": "o-*"}}"#,
                "did you mean `ForAnyValue:StringNotLikeIfExists`?",
            ),
        ] {
            let all = with(condition);
            assert!(all.len() == 1 && all[0].contains(words), "{condition}: {all:?}");
        }
        let account = account("222222222222");
        let statement = r#"{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}}}]}"#;
        let old = super::super::document::from_json(statement).unwrap();
        assert!(in_key_policy(&old, &account, &account, "aws")[0].text.contains("is no variable in a policy without"));
        assert!(with(r#"{"StringEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}}"#).is_empty());
        assert!(
            told(r#"{"Effect": "Allow", "NotPrincipal": {"AWS": "222222222222"}, "Action": "kms:*", "Resource": "*"}"#)
                [0]
            .contains("NotPrincipal")
        );
    }

    #[test]
    fn mistakes_in_the_policy_of_a_vault_are_told() {
        let (source, destination) = (account("111111111111"), account("222222222222"));
        let vault = "arn:aws:backup:eu-west-1:222222222222:backup-vault:central";
        for (principal, action, resource, words) in [
            ("arn:aws:iam::222222222222:root", "backup:CopyIntoBackupVault", "*", "the destination's own account"),
            ("arn:aws:iam::111111111111:root", "backup:*", "*", "has a wildcard in Action"),
            (
                "arn:aws:iam::111111111111:root",
                "backup:CopyIntoBackupVault",
                "arn:aws:backup:eu-west-1:111111111111:backup-vault:central",
                "is another vault than this",
            ),
        ] {
            let policy = format!(
                r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": {{"AWS": "{principal}"}}, "Action": "{action}", "Resource": "{resource}"}}]}}"#
            );
            let policy = super::super::document::from_json(&policy).unwrap();
            let all = in_vault_policy(&policy, vault, &source, &destination, "aws");
            assert!(all.len() == 1 && all[0].text.contains(words), "{words}: {all:?}");
        }
    }

    #[test]
    fn a_statement_without_resource_is_dead() {
        assert!(told(r#"{"Effect": "Allow", "Principal": "*", "Action": "kms:*"}"#)[0].contains("has no Resource"));
    }
}
