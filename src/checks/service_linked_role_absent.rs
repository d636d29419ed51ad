//! A key policy names the destination's service-linked role, and nothing makes that role there.
//!
//! Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/using-service-linked-roles-AWSServiceRoleForBackup.html>,
//! read 2026-11: AWS Backup makes the role when resources are listed or backed up, or cross-account backup is set up; a vault
//! alone does not. KMS rejects a policy that names a role which does not exist.

use super::support::{destination_account, fail, finding, key_policy, partition, shares, with_places};
use super::{Context, Outcome, remedy};
use crate::aws::Account;
use crate::copy::Copy;
use crate::diagnostic::{Label, Severity};
use crate::iam::{self, Statement};
use crate::model::Settings;
use crate::value::{Kind, Value};

const RULE: &str = "service-linked-role-absent";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let Some(account) = destination_account(context, copy) else { return Outcome::NotApplicable };
    for share in shares(context, copy) {
        let Some(key) = context.graph.key(share.key) else { continue };
        let Ok(policy) = key_policy(context, share.key, key) else { continue };
        let role = iam::service_linked_role(account, partition(&key.site.place.region)).role_arn;
        let Some((statement, named)) =
            policy.statements.iter().find_map(|statement| Some((statement, principal(statement, &role)?)))
        else {
            continue;
        };
        if !loaded(context, account) || made(context, account) {
            return Outcome::Pass(Vec::new());
        }
        let Some(span) = named.span.or(statement.span) else { return Outcome::Pass(Vec::new()) };
        let shown = context.graph.account_name(account);
        let headline = format!(
            "the key `{}` names account {shown}'s service-linked role AWSServiceRoleForBackup, and nothing in the loaded code makes that role",
            key.site.address
        );
        let root = format!("{}|{}|{account}", key.site.unit, key.site.address);
        let found = finding(RULE, root, headline, Some(Label::new(span, "must exist before the policy is saved")))
            .note("AWS says: PutKeyPolicy request failed MalformedPolicyDocumentException - Policy contains a statement with one or more invalid principals.")
            .severity(Severity::Warning)
            .help(format!(
                "name the account's root instead, or create the role in account {shown}:\n{}",
                remedy::service_linked_role(context, &key.site)
            ));
        return fail(with_places(found, context, copy));
    }
    Outcome::NotApplicable
}

/// Where a statement names the role.
fn principal<'a>(statement: &'a Statement, role: &str) -> Option<&'a Value> {
    fn find<'a>(value: &'a Value, role: &str) -> Option<&'a Value> {
        match &value.kind {
            Kind::Seq(seq) => seq.items.iter().find_map(|item| find(item, role)),
            _ => (value.marked_text().as_deref() == Some(role)).then_some(value),
        }
    }
    find(statement.principal.as_ref()?.get("AWS")?, role)
}

/// Whether code of the account is loaded.
fn loaded(context: &Context<'_>, account: &Account) -> bool {
    let mut vaults = context.graph.entities.vaults.iter().map(|vault| &vault.site);
    vaults.any(|site| !site.external && site.place.account.same(account) == Some(true))
}

/// Whether something in the loaded code makes the role, or may.
fn made(context: &Context<'_>, account: &Account) -> bool {
    let entities = &context.graph.entities;
    let role = entities.settings.iter().any(|setting| match setting {
        Settings::ServiceLinkedRole { site, service } => {
            site.place.account.same(account) != Some(false)
                && service.text().is_none_or(|name| &*name == "backup.amazonaws.com")
        }
        // Whoever switches cross-account backup on sets it up.
        Settings::CrossAccount { site, .. } => site.place.account.same(account) == Some(true),
        _ => false,
    });
    // A data source finds only what exists.
    let found = entities.roles.iter().any(|role| {
        role.site.external
            && role.site.place.account.same(account) == Some(true)
            && role.name.as_ref().and_then(Value::text).as_deref() == Some("AWSServiceRoleForBackup")
    });
    role || found || entities.plans.iter().any(|plan| plan.site.place.account.same(account) == Some(true))
}
