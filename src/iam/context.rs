//! What a request carries: condition keys and what is known of their values.

use crate::aws::{Account, Known, Region};
use std::collections::BTreeMap;

/// What is known of one condition key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Present with these values; symbols marked.
    Known(Vec<String>),
    Absent,
    /// Not known: whether it may be absent, and all values that it can have where that is known.
    Unknown {
        maybe_absent: bool,
        candidates: Vec<Option<Vec<String>>>,
    },
}

/// Condition keys by lower-case name. A key that is not listed is absent.
#[derive(Clone, Debug, Default)]
pub struct Context(pub BTreeMap<String, Fact>);

impl Context {
    /// Sets a key.
    pub fn set(&mut self, key: &str, fact: Fact) {
        self.0.insert(key.to_ascii_lowercase(), fact);
    }

    /// Sets a key to one known value.
    pub fn known(&mut self, key: &str, value: impl Into<String>) {
        self.set(key, Fact::Known(vec![value.into()]));
    }

    /// The key's state.
    pub fn get(&self, key: &str) -> &Fact {
        let key = key.to_ascii_lowercase();
        if let Some(fact) = self.0.get(&key) {
            return fact;
        }
        // Keys with a name of the user's choice are listed by their prefix.
        let prefix = ["aws:resourcetag/", "aws:requesttag/", "aws:principaltag/", "kms:encryptioncontext:"]
            .into_iter()
            .find(|prefix| key.starts_with(prefix));
        prefix.and_then(|prefix| self.0.get(&format!("{prefix}*"))).unwrap_or(&Fact::Absent)
    }
}

fn text<T: std::fmt::Display>(known: &Known<T>) -> String {
    match known {
        Known::Is(value) => value.to_string(),
        Known::Symbol(symbol) => format!("\u{1}{symbol}\u{1}"),
    }
}

fn unknown(maybe_absent: bool) -> Fact {
    Fact::Unknown { maybe_absent, candidates: Vec::new() }
}

/// Facts that hold for every request of a role.
fn role(
    context: &mut Context,
    role_arn: &str,
    account: &Account,
    resource_account: &Account,
    organization: Option<&str>,
) {
    let organization = organization.map_or_else(|| "\u{1}organization id\u{1}".to_owned(), str::to_owned);
    context.known("aws:PrincipalAccount", text(account));
    context.known("aws:PrincipalArn", role_arn);
    context.known("aws:PrincipalType", "AssumedRole");
    context.known("aws:PrincipalIsAWSService", "false");
    context.known("aws:SecureTransport", "true");
    context.known("aws:ResourceAccount", text(resource_account));
    context.known("aws:MultiFactorAuthPresent", "false");
    // Both accounts are members of one organization, or the copy is impossible anyway.
    context.known("aws:PrincipalOrgID", organization.clone());
    context.known("aws:ResourceOrgID", organization);
    for key in ["aws:PrincipalOrgPaths", "aws:ResourceOrgPaths"] {
        context.set(key, unknown(false));
    }
    for key in
        ["aws:ViaAWSService", "aws:CurrentTime", "aws:EpochTime", "aws:TokenIssueTime", "aws:UserAgent", "aws:userid"]
    {
        context.set(key, unknown(false));
    }
    for key in [
        "aws:SourceIp",
        "aws:CalledVia",
        "aws:CalledViaFirst",
        "aws:CalledViaLast",
        "aws:ResourceTag/*",
        "aws:PrincipalTag/*",
    ] {
        context.set(key, unknown(true));
    }
}

/// The service-linked role's call of a KMS `action` on a key, made through `via` (`rds`, `ec2`, `fsx`).
///
/// Sources: AWS KMS Developer Guide, "AWS KMS condition keys" and "kms:ViaService"; the service-linked role's managed
/// policy; IAM User Guide, "AWS global condition context keys", read 2026-11.
pub fn key_use(
    action: &str,
    via: &str,
    regions: &[Region],
    caller: &super::Caller,
    key_account: &Account,
    organization: Option<&str>,
) -> Context {
    let mut context = Context::default();
    role(&mut context, &caller.role_arn, &caller.account, key_account, organization);
    context.known("kms:CallerAccount", text(&caller.account));
    let names: Vec<String> = regions.iter().map(|region| format!("{via}.{}.amazonaws.com", text(region))).collect();
    let direct = action.eq_ignore_ascii_case("kms:DescribeKey");
    let via = match (&*names, direct) {
        ([one], false) => Fact::Known(vec![one.clone()]),
        _ => {
            let mut candidates: Vec<Option<Vec<String>>> = names.iter().map(|name| Some(vec![name.clone()])).collect();
            if direct {
                candidates
                    .extend(regions.iter().map(|region| Some(vec![format!("backup.{}.amazonaws.com", text(region))])));
                candidates.push(None);
            }
            Fact::Unknown { maybe_absent: direct, candidates }
        }
    };
    context.set("kms:ViaService", via);
    if let [region] = regions {
        context.known("aws:RequestedRegion", text(region));
    } else {
        context.set("aws:RequestedRegion", unknown(false));
    }
    let grants =
        ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"].iter().any(|name| name.eq_ignore_ascii_case(action));
    if grants {
        context.known("kms:GrantIsForAWSResource", "true");
    }
    if action.eq_ignore_ascii_case("kms:CreateGrant") {
        for key in ["kms:GrantOperations", "kms:GranteePrincipal", "kms:RetiringPrincipal", "kms:GrantConstraintType"] {
            context.set(key, unknown(true));
        }
    }
    if !direct {
        for key in ["kms:EncryptionContextKeys", "kms:EncryptionContext:*"] {
            context.set(key, unknown(true));
        }
    }
    for key in [
        "kms:KeySpec",
        "kms:KeyUsage",
        "kms:KeyOrigin",
        "kms:MultiRegion",
        "kms:MultiRegionKeyType",
        "kms:ResourceAliases",
    ] {
        context.set(key, unknown(true));
    }
    context
}

/// The backup role's call of an AWS Backup action on a vault or recovery point.
pub fn backup_call(
    role_arn: &str,
    account: &Account,
    resource_account: &Account,
    target_arn: Option<&str>,
    organization: Option<&str>,
) -> Context {
    let mut context = Context::default();
    role(&mut context, role_arn, account, resource_account, organization);
    for key in ["aws:SourceArn", "aws:SourceAccount", "aws:RequestedRegion"] {
        context.set(key, unknown(true));
    }
    if let Some(arn) = target_arn {
        context.known("backup:CopyTargets", arn);
        context.set("backup:CopyTargetOrgPaths", unknown(true));
    }
    context
}
