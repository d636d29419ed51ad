//! An AWS Organizations backup policy whose plan or copy action cannot work as it is written.
//!
//! Source: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_backup_syntax.html>, read
//! 2026-11.

use super::support::{action_span, fail, finding, role_caller, rule, with_places};
use super::{Context, Outcome};
use crate::aws::Known;
use crate::copy::Copy;
use crate::diagnostic::{Label, Severity};
use crate::graph::{RoleTarget, VaultTarget};
use crate::model::{FlawWeight, Plan, PolicyFlaw};

const RULE: &str = "backup-policy-invalid";
const PAGE: &str = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_backup_syntax.html";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let Some(plan) = context.graph.plan(copy.plan) else { return Outcome::NotApplicable };
    let Some(origin) = &plan.origin else { return Outcome::NotApplicable };
    let here = |flaw: &&PolicyFlaw| flaw.action.is_none_or(|place| place == (copy.rule, copy.action));
    let mut flaws: Vec<&PolicyFlaw> = origin.flaws.iter().filter(here).collect();
    flaws.sort_by_key(|flaw| (flaw.weight, flaw.action.is_none()));
    match flaws.split_first() {
        Some((first, others)) => flawed(context, copy, first, others),
        None => missing(context, copy, plan)
            .or_else(|| own_account(context, copy, plan))
            .unwrap_or(Outcome::Pass(Vec::new())),
    }
}

fn flawed(context: &Context<'_>, copy: &Copy, first: &PolicyFlaw, others: &[&PolicyFlaw]) -> Outcome {
    let (message, severity) = match first.weight {
        FlawWeight::Fatal => {
            (format!("no copy of this backup policy will be made as written: {}", first.message), Severity::Error)
        }
        FlawWeight::Doubtful => {
            (format!("this backup policy may not do what it says: {}", first.message), Severity::Warning)
        }
        FlawWeight::Style => (format!("in this backup policy {}", first.message), Severity::Info),
    };
    let mut found = finding(RULE, &first.message, message, Some(Label::new(first.span, "this")))
        .severity(severity)
        .help(&first.help)
        .url(PAGE);
    for other in others {
        found = found.label(other.span, &other.message);
    }
    fail(with_places(found, context, copy))
}

/// A vault or role that the policy expects in each account, and that is not in one whose code is all loaded.
fn missing(context: &Context<'_>, copy: &Copy, plan: &Plan) -> Option<Outcome> {
    let place = &plan.site.place;
    let complete = place.account.known().and_then(|id| context.graph.facts.accounts.get(id))?.complete;
    if !complete {
        return None;
    }
    let account = context.graph.account_name(&place.account);
    if let VaultTarget::External { name, span, near, .. } = &copy.source_vault {
        let name = name.as_deref().unwrap_or("?");
        let message = format!(
            "the backup policy's plan will not run in account {account}: it has no vault `{name}` in {}",
            place.region
        );
        let mut found =
            finding(RULE, format!("{account} {name}"), message, Some(Label::new(*span, "no such vault there")))
                .severity(Severity::Warning)
                .help("create the vault in each account and Region that the policy reaches");
        if let Some(vault) = near.and_then(|id| context.graph.vault(id)) {
            found = found.label(vault.site.header, "a vault of nearly that name");
        }
        return Some(fail(with_places(found.url(PAGE), context, copy)));
    }
    let RoleTarget::External { span, .. } = &copy.role else { return None };
    let caller = role_caller(context, copy)?;
    // AWS Backup's console makes this one, no code does.
    if super::support::is_default_role(&caller) || caller.account != place.account {
        return None;
    }
    let name = caller.role_arn.rsplit('/').next().unwrap_or_default().to_owned();
    let message = format!(
        "the backup policy's plan will not run in account {account}: no loaded code of that account defines the role `{name}`"
    );
    let found = finding(RULE, format!("{account} {name}"), message, Some(Label::new(*span, "no such role there")))
        .severity(Severity::Warning)
        .help("create the role in each account that the policy reaches");
    Some(fail(with_places(found.url(PAGE), context, copy)))
}

/// `$account` in a destination that only another account has.
fn own_account(context: &Context<'_>, copy: &Copy, plan: &Plan) -> Option<Outcome> {
    let VaultTarget::External { name: Some(name), place, .. } = &copy.destination else { return None };
    let own = &plan.site.place.account;
    if copy.cross_account != Some(false) || !matches!(own, Known::Is(_)) || place.account != *own {
        return None;
    }
    let other = context.graph.vaults_named(name).find(|vault| vault.site.place.account != *own)?;
    let account = context.graph.account_name(&other.site.place.account);
    let span = rule(context, copy)?.copy_actions.get(copy.action)?.destination.span;
    let message = format!(
        "this copy stays in account {}: `$account` stands for the account that the policy takes effect in, and the vault `{name}` is in account {account}",
        context.graph.account_name(own)
    );
    let label = Label::new(action_span(context, copy).unwrap_or(span), "copied within the account");
    let found = finding(RULE, format!("$account {name}"), message, Some(label))
        .severity(Severity::Warning)
        .label(other.site.header, "the vault of that name")
        .help(format!(
            "name the account of the vault in the ARN, in the key and in `target_backup_vault_arn`: {account}"
        ))
        .url(PAGE);
    Some(fail(with_places(found, context, copy)))
}
