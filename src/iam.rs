//! Policy decisions as AWS makes them, three-valued: allowed, denied, or unknown with the reason.
//!
//! Sources: AWS KMS Developer Guide (key policies, grants, condition keys), IAM User Guide (policy elements, evaluation
//! logic), AWS Backup Developer Guide (vault access policies), read 2026-11.

mod cases;
pub mod condition;
pub mod context;
pub mod decide;
pub mod document;
mod glob;
pub mod mistakes;
mod questions;
mod sharpen;
mod words;

pub use context::{Context, Fact};
pub use decide::{
    Answer, Decision, Request, Trace, TraceKind, decide_deny, decide_identity, decide_key, decide_trust, decide_vault,
};
pub use document::{Effect, Pattern, Policy, Statement};
pub use questions::answer_line;

use crate::aws::{Account, Known};
use crate::value::Value;
use std::sync::OnceLock;

/// True, false, or not known.
pub type Tri = Option<bool>;

pub(crate) fn and(a: Tri, b: Tri) -> Tri {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

pub(crate) fn or(a: Tri, b: Tri) -> Tri {
    match (a, b) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

pub(crate) fn not(a: Tri) -> Tri {
    a.map(|a| !a)
}

/// Who asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The role's ARN with its path; unknown parts as symbols (see [`Value::marked_text`]).
    pub role_arn: String,
    pub account: Account,
    /// A service-linked role: no SCP, RCP or boundary binds it.
    pub service_linked: bool,
}

/// How an account is written into an ARN: its id, or its symbol, marked.
pub(crate) fn account_text(account: &Account) -> String {
    match account {
        Known::Is(id) => id.to_string(),
        Known::Symbol(symbol) => format!("\u{1}{symbol}\u{1}"),
    }
}

/// AWS Backup's service-linked role in `account`.
///
/// Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/using-service-linked-roles-AWSServiceRoleForBackup.html>,
/// read 2026-11.
pub fn service_linked_role(account: &Account, partition: &str) -> Caller {
    let id = account_text(account);
    Caller {
        role_arn: format!(
            "arn:{partition}:iam::{id}:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"
        ),
        account: account.clone(),
        service_linked: true,
    }
}

/// What AWS Backup's service-linked role needs on the source's key beside the right to make grants, by the service through
/// which it uses the key: RDS, Aurora, Neptune and DocumentDB no more, EC2 and FSx also the rights to re-encrypt.
///
/// Sources, read 2026-11: <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.Keys.html>,
/// <https://docs.aws.amazon.com/ebs/latest/userguide/share-kms-key.html>,
/// <https://docs.aws.amazon.com/fsx/latest/WindowsGuide/copy-backups.html>.
pub fn key_use_actions(via: &str) -> &'static [&'static str] {
    match via {
        "rds" => &["kms:DescribeKey"],
        _ => &["kms:DescribeKey", "kms:ReEncrypt*", "kms:GenerateDataKey*"],
    }
}

/// What the service-linked role itself may do: version 31 of AWS's managed policy, of 2026-02-12.
pub fn service_linked_role_policy() -> &'static Policy {
    static POLICY: OnceLock<Policy> = OnceLock::new();
    POLICY.get_or_init(|| {
        document::from_json(include_str!("../rules/managed-policies/AWSBackupServiceLinkedRolePolicyForBackup.json"))
            .unwrap_or_default()
    })
}

/// AWS's managed policy of that ARN, where its text is known: version 30 of `AWSBackupServiceRolePolicyForBackup`, of
/// 2026-02-23. In each partition its ARNs are of that partition.
pub fn managed_policy(arn: &str) -> Option<&'static Policy> {
    static BACKUP: [OnceLock<Policy>; PARTITIONS.len()] = [const { OnceLock::new() }; PARTITIONS.len()];
    static ADMINISTRATOR: OnceLock<Policy> = OnceLock::new();
    let name = arn.rsplit('/').next()?;
    if !arn.contains(":iam::aws:policy/") {
        return None;
    }
    match name {
        "AWSBackupServiceRolePolicyForBackup" => {
            let partition = arn.split(':').nth(1).unwrap_or_default();
            let at = PARTITIONS.iter().position(|name| *name == partition)?;
            Some(BACKUP.get(at)?.get_or_init(|| {
                let text = include_str!("../rules/managed-policies/AWSBackupServiceRolePolicyForBackup.json");
                document::from_json(&text.replace("arn:aws:", &format!("arn:{partition}:"))).unwrap_or_default()
            }))
        }
        "AdministratorAccess" => Some(ADMINISTRATOR.get_or_init(|| {
            document::from_json(
                r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
            )
            .unwrap_or_default()
        })),
        _ => None,
    }
}

const PARTITIONS: [&str; 4] = ["aws", "aws-cn", "aws-us-gov", "aws-eusc"];

/// The policy that KMS gives a key made without one: the account's root may do everything.
///
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>, read 2026-11.
pub fn default_key_policy(account: &Account, partition: &str) -> Policy {
    let id = account_text(account);
    let root = Value::object([("AWS", Value::from_marked(&format!("arn:{partition}:iam::{id}:root")))]);
    let statement = Value::object([
        ("Sid", Value::string("Enable IAM User Permissions")),
        ("Effect", Value::string("Allow")),
        ("Principal", root),
        ("Action", Value::string("kms:*")),
        ("Resource", Value::string("*")),
    ]);
    document::parse(&Value::object([
        ("Version", Value::string("2012-10-17")),
        ("Statement", Value::tuple(vec![statement])),
    ]))
}
