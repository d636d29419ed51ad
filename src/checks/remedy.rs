//! Policy statements to add, in the language that the user writes the policy in.

use super::Context;
use crate::aws::Account;
use crate::source::Span;

/// How the policy is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// An object within `jsonencode`.
    Hcl,
    /// A block of `aws_iam_policy_document`.
    Document,
    Yaml,
    Json,
}

/// One statement that allows.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) sid: &'static str,
    pub(super) principal: String,
    pub(super) actions: &'static [&'static str],
    /// Operator, key, value.
    pub(super) condition: Option<(&'static str, &'static str, &'static str)>,
}

/// The form of a policy: by the resource type and by what stands at `place`.
pub(super) fn form(context: &Context<'_>, kind: &str, place: Span) -> Form {
    let path = context.sources.path(place.file);
    let text = context.sources.text(place.file);
    let written = text.get(place.range()).unwrap_or_default();
    let json = path.ends_with(".json") || written.contains("<<") || written.trim_start().starts_with(['{', '"']);
    match kind.starts_with("AWS::") {
        true if path.ends_with(".json") => Form::Json,
        true => Form::Yaml,
        false if written.contains("aws_iam_policy_document") || written.starts_with("statement") => Form::Document,
        false if json && !written.contains("jsonencode") => Form::Json,
        false => Form::Hcl,
    }
}

/// The statements that share a key with an account, for copies through this service.
///
/// Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/create-cross-account-backup.html>, read 2026-11.
pub(super) fn share_key(account: &Account, partition: &str, via: &str) -> [Statement; 2] {
    let id = account.known().map_or_else(|| "<destination account>".to_owned(), ToString::to_string);
    let principal = format!("arn:{partition}:iam::{id}:root");
    [
        Statement {
            sid: "BackupCopies",
            principal: principal.clone(),
            actions: crate::iam::key_use_actions(via),
            condition: None,
        },
        Statement {
            sid: "BackupGrants",
            principal,
            actions: &["kms:CreateGrant"],
            condition: Some(("Bool", "kms:GrantIsForAWSResource", "true")),
        },
    ]
}

/// The statements as code.
pub(super) fn code(statements: &[Statement], form: Form) -> String {
    let list = |actions: &[&str], open: &str, close: &str| {
        let quoted: Vec<String> = actions.iter().map(|action| format!("\"{action}\"")).collect();
        format!("{open}{}{close}", quoted.join(", "))
    };
    let many = |actions: &[&str]| match actions {
        [one] => format!("\"{one}\""),
        several => list(several, "[", "]"),
    };
    let one = |statement: &Statement| {
        let Statement { sid, principal, actions, condition } = statement;
        match form {
            Form::Json => {
                let condition = condition.map_or_else(String::new, |(operator, key, value)| {
                    format!(",\n  \"Condition\": {{ \"{operator}\": {{ \"{key}\": \"{value}\" }} }}")
                });
                format!(
                    "{{\n  \"Sid\": \"{sid}\",\n  \"Effect\": \"Allow\",\n  \"Principal\": {{ \"AWS\": \"{principal}\" }},\n  \"Action\": {},\n  \"Resource\": \"*\"{condition}\n}}",
                    many(actions)
                )
            }
            Form::Hcl => {
                let condition = condition.map_or_else(String::new, |(operator, key, value)| {
                    format!("\n  Condition = {{ {operator} = {{ \"{key}\" = \"{value}\" }} }}")
                });
                format!(
                    "{{\n  Sid       = \"{sid}\"\n  Effect    = \"Allow\"\n  Principal = {{ AWS = \"{principal}\" }}\n  Action    = {}\n  Resource  = \"*\"{condition}\n}},",
                    many(actions)
                )
            }
            Form::Document => {
                let condition = condition.map_or_else(String::new, |(operator, key, value)| {
                    format!("\n\n  condition {{\n    test     = \"{operator}\"\n    variable = \"{key}\"\n    values   = [\"{value}\"]\n  }}")
                });
                format!(
                    "statement {{\n  sid       = \"{sid}\"\n  actions   = {}\n  resources = [\"*\"]\n\n  principals {{\n    type        = \"AWS\"\n    identifiers = [\"{principal}\"]\n  }}{condition}\n}}",
                    list(actions, "[", "]")
                )
            }
            Form::Yaml => {
                let actions = match actions {
                    [one] => format!(" {one}"),
                    several => several.iter().map(|action| format!("\n    - {action}")).collect(),
                };
                let condition = condition.map_or_else(String::new, |(operator, key, value)| {
                    format!("\n  Condition:\n    {operator}:\n      {key}: \"{value}\"")
                });
                format!(
                    "- Sid: {sid}\n  Effect: Allow\n  Principal:\n    AWS: {principal}\n  Action:{actions}\n  Resource: \"*\"{condition}"
                )
            }
        }
    };
    let separator = if form == Form::Json { ",\n" } else { "\n" };
    statements.iter().map(one).collect::<Vec<_>>().join(separator)
}
