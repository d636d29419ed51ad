//! What to write, in the language that the user writes: policy statements, keys, settings.

use super::Context;
use crate::aws::{Account, AccountId};
use crate::model::Site;
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

/// A statement that lets an account use the key as its own policies say.
fn account_use(account: Option<&AccountId>, partition: &str) -> Statement {
    let id = account.map_or_else(|| "<account of the key>".to_owned(), ToString::to_string);
    let principal = format!("arn:{partition}:iam::{id}:root");
    Statement { sid: "AccountUse", principal, actions: &["kms:*"], condition: None }
}

/// The statement to add to the policy at `place` of a key that an account (with its partition) may not use.
pub(super) fn use_by_account(context: &Context<'_>, kind: &str, place: Span, own: (&Account, &str)) -> String {
    code(&[account_use(own.0.known(), own.1)], form(context, kind, place))
}

/// How resources are written in the file of one of this type.
fn language(context: &Context<'_>, kind: &str, place: Span) -> Form {
    match kind.starts_with("AWS::") {
        true if context.sources.path(place.file).ends_with(".json") => Form::Json,
        true => Form::Yaml,
        false => Form::Hcl,
    }
}

/// A customer managed key that its own account may use, and that the other statements share; then the line that names it
/// in the resource at `site`.
pub(super) fn new_key(
    context: &Context<'_>,
    site: &Site,
    (own, partition): (&Account, &str),
    share: &[Statement],
    attribute: &str,
) -> String {
    let statements: Vec<Statement> =
        [account_use(own.known(), partition)].into_iter().chain(share.iter().cloned()).collect();
    let form = language(context, &site.kind, site.header);
    let statements = code(&statements, form);
    match form {
        Form::Hcl | Form::Document => format!(
            "resource \"aws_kms_key\" \"backup\" {{\n  policy = jsonencode({{\n    Version = \"2012-10-17\"\n    Statement = [\n{}\n    ]\n  }})\n}}\n\n{attribute} = aws_kms_key.backup.arn",
            indented(&statements, 6)
        ),
        Form::Yaml => format!(
            "BackupKey:\n  Type: AWS::KMS::Key\n  Properties:\n    KeyPolicy:\n      Version: \"2012-10-17\"\n      Statement:\n{}\n\n{attribute}: !GetAtt BackupKey.Arn",
            indented(&statements, 8)
        ),
        Form::Json => format!(
            "\"BackupKey\": {{\n  \"Type\": \"AWS::KMS::Key\",\n  \"Properties\": {{\n    \"KeyPolicy\": {{\n      \"Version\": \"2012-10-17\",\n      \"Statement\": [\n{}\n      ]\n    }}\n  }}\n}}\n\n\"{attribute}\": {{ \"Fn::GetAtt\": [\"BackupKey\", \"Arn\"] }}",
            indented(&statements, 8)
        ),
    }
}

fn indented(code: &str, by: usize) -> String {
    code.lines().map(|line| format!("{:by$}{line}", "")).collect::<Vec<_>>().join("\n")
}

/// The statement by which a role of type `kind`, whose trust policy stands at `place`, trusts AWS Backup.
pub(super) fn trust(context: &Context<'_>, kind: &str, place: Span) -> &'static str {
    match form(context, kind, place) {
        Form::Hcl => {
            "{\n  Effect    = \"Allow\"\n  Principal = { Service = \"backup.amazonaws.com\" }\n  Action    = \"sts:AssumeRole\"\n},"
        }
        Form::Document => {
            "statement {\n  actions = [\"sts:AssumeRole\"]\n\n  principals {\n    type        = \"Service\"\n    identifiers = [\"backup.amazonaws.com\"]\n  }\n}"
        }
        Form::Yaml => "- Effect: Allow\n  Principal:\n    Service: backup.amazonaws.com\n  Action: sts:AssumeRole",
        Form::Json => {
            "{\n  \"Effect\": \"Allow\",\n  \"Principal\": { \"Service\": \"backup.amazonaws.com\" },\n  \"Action\": \"sts:AssumeRole\"\n}"
        }
    }
}

/// AWS's managed policies of these names attached to the role.
pub(super) fn attachments(context: &Context<'_>, role: &Site, partition: &str, policies: &[&str]) -> String {
    let arn = |policy: &&str| format!("arn:{partition}:iam::aws:policy/{policy}");
    match language(context, &role.kind, role.header) {
        Form::Hcl | Form::Document => {
            // Within a module the role goes by its own address.
            let role = role.address.rsplit_once("aws_iam_role.").map_or("backup", |(_, name)| name);
            let one = |policy: &&str| {
                let label = if policy.contains("S3") { "backup_s3" } else { "backup" };
                format!(
                    "resource \"aws_iam_role_policy_attachment\" \"{label}\" {{\n  role       = aws_iam_role.{role}.name\n  policy_arn = \"{}\"\n}}",
                    arn(policy)
                )
            };
            policies.iter().map(one).collect::<Vec<_>>().join("\n\n")
        }
        Form::Yaml => {
            let lines: String = policies.iter().map(|policy| format!("\n  - {}", arn(policy))).collect();
            format!("ManagedPolicyArns:{lines}")
        }
        Form::Json => {
            let items: Vec<String> = policies.iter().map(|policy| format!("\"{}\"", arn(policy))).collect();
            format!("\"ManagedPolicyArns\": [{}]", items.join(", "))
        }
    }
}

/// AWS Backup's service-linked role, in the language of `site`.
pub(super) fn service_linked_role(context: &Context<'_>, site: &Site) -> &'static str {
    match language(context, &site.kind, site.header) {
        Form::Hcl | Form::Document => {
            "resource \"aws_iam_service_linked_role\" \"backup\" {\n  aws_service_name = \"backup.amazonaws.com\"\n}"
        }
        Form::Yaml => {
            "BackupServiceRole:\n  Type: AWS::IAM::ServiceLinkedRole\n  Properties:\n    AWSServiceName: backup.amazonaws.com"
        }
        Form::Json => {
            "\"BackupServiceRole\": {\n  \"Type\": \"AWS::IAM::ServiceLinkedRole\",\n  \"Properties\": { \"AWSServiceName\": \"backup.amazonaws.com\" }\n}"
        }
    }
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
