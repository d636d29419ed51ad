//! A vault's access policy lets copies in by an action with a wildcard, which AWS Backup does not support.
//!
//! Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault-access-policy.html>, read 2026-11: "AWS
//! Backup access policies don't support a wildcard in the Action key."

use super::destination_vault_access_missing::decision;
use super::support::{CROSS_ACCOUNT_PAGE, destination_name, fail, finding, undecided, vault_policy, with_places};
use super::{Context, Outcome};
use crate::copy::Copy;
use crate::diagnostic::{Label, Severity};
use crate::graph::VaultTarget;
use crate::iam::{Answer, Effect, Pattern, Policy};

const RULE: &str = "vault-policy-wildcard-action";
const ACTION: &str = "backup:copyintobackupvault";

/// Whether the pattern stands for the action by a wildcard.
fn is_wild(pattern: &Pattern) -> bool {
    matches!(pattern, Pattern::Text(text) if text.contains(['*', '?']) && crate::aws::wildcard(text, ACTION))
}

/// The policy as if wildcards were supported; `None` where it has none that matter.
pub(super) fn taken_literally(policy: &Policy) -> Option<Policy> {
    let mut policy = policy.clone();
    let mut any = false;
    for case in &mut policy.cases {
        if let Some(literal) = taken_literally(&case.policy) {
            case.policy = literal;
        }
    }
    for statement in policy.statements.iter_mut().filter(|statement| statement.effect == Some(Effect::Allow)) {
        for pattern in statement.action.iter_mut().flatten().filter(|pattern| is_wild(pattern)) {
            *pattern = Pattern::Text(ACTION.into());
            any = true;
        }
    }
    any.then_some(policy)
}

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let Some((vault, _, decision)) = decision(context, copy) else { return Outcome::NotApplicable };
    let VaultTarget::Vault(id) = &copy.destination else { return Outcome::NotApplicable };
    let Some(policy) = vault_policy(context, *id) else { return Outcome::NotApplicable };
    let wild = policy
        .statements
        .iter()
        .find(|statement| statement.effect == Some(Effect::Allow) && statement.action.iter().flatten().any(is_wild));
    let Some(statement) = wild else { return Outcome::Pass(Vec::new()) };
    let name = destination_name(context, copy);
    let span = statement.span.or(policy.span).unwrap_or(vault.site.header);
    let root = format!("{}|{}", vault.site.unit, vault.site.address);
    let told = |headline: String| {
        let found = finding(RULE, root.clone(), headline, Some(Label::new(span, "an action with a wildcard")))
            .note("AWS says: AWS Backup access policies don't support a wildcard in the Action key")
            .severity(Severity::Warning)
            .help("name the action: \"backup:CopyIntoBackupVault\"")
            .url(CROSS_ACCOUNT_PAGE);
        with_places(found, context, copy)
    };
    match decision.answer {
        Answer::Unknown => undecided(told(format!(
            "whether {name} lets the copy in cannot be told: {} allows it by a wildcard",
            statement.name()
        ))),
        Answer::Allowed | Answer::Denied => fail(told(format!(
            "the access policy of {name} has an action with a wildcard, which AWS Backup does not support"
        ))),
    }
}
