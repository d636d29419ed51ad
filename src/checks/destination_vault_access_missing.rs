//! The destination vault's access policy does not let the source copy into it.
//!
//! Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault-access-policy.html>, read 2026-11.

use super::remedy::{Form, Statement};
use super::support::{
    CROSS_ACCOUNT_PAGE, action_span, destination_arn, destination_name, fail, finding, partition, role_caller, told,
    undecided, vault_policy, with_places,
};
use super::vault_policy_wildcard_action::taken_literally;
use super::{Context, Outcome};
use crate::copy::Copy;
use crate::diagnostic::Label;
use crate::graph::{EffectivePolicy, VaultTarget};
use crate::iam::{self, Answer, Decision, Request, TraceKind, context};
use crate::model::Vault;
use std::sync::Arc;

const RULE: &str = "destination-vault-access-missing";
pub(super) const ERROR: &str = "AWS says: Access Denied trying to call AWS Backup service";

/// The vault's answer to the source role; `None` where the vault is not declared or the copy stays in the account.
pub(super) fn decision<'a>(
    context: &'a Context<'_>,
    copy: &Copy,
) -> Option<(&'a Vault, &'a EffectivePolicy, Arc<Decision>)> {
    if copy.cross_account != Some(true) {
        return None;
    }
    let VaultTarget::Vault(id) = &copy.destination else { return None };
    let vault = context.graph.vault(*id)?;
    let effective = context.graph.vault_policies.get(id.0 as usize)?;
    let caller = role_caller(context, copy)?;
    let question = (*id, caller.role_arn.clone(), caller.account.clone());
    if let Some(known) = context.memo.vault_answers.get(&question) {
        return Some((vault, effective, known));
    }
    let policy = vault_policy(context, *id);
    let decision = Arc::new(decide(context, copy, vault, policy.as_deref(), &caller)?);
    context.memo.vault_answers.insert(question, decision.clone());
    Some((vault, effective, decision))
}

fn decide(
    context: &Context<'_>,
    copy: &Copy,
    vault: &Vault,
    policy: Option<&iam::Policy>,
    caller: &iam::Caller,
) -> Option<Decision> {
    let place = &vault.site.place;
    let arn = destination_arn(context, copy)?;
    let facts = context::backup_call(
        "backup:CopyIntoBackupVault",
        caller,
        &place.account,
        None,
        &context.graph.facts.organization,
    );
    let request = Request {
        caller,
        action: "backup:CopyIntoBackupVault",
        resource: &arn,
        resource_account: &place.account,
        context: &facts,
    };
    // The caller's own side is a rule of its own.
    let own: Vec<&iam::Policy> =
        iam::managed_policy("arn:aws:iam::aws:policy/AdministratorAccess").into_iter().collect();
    Some(iam::decide_vault(&request, policy, &own))
}

/// Whether only a wildcard in an action leaves it open; that is a rule of its own.
fn but_for_wildcards(context: &Context<'_>, copy: &Copy, vault: &Vault) -> bool {
    let VaultTarget::Vault(id) = &copy.destination else { return false };
    let literal = vault_policy(context, *id).and_then(|policy| taken_literally(&policy));
    let decision = literal
        .zip(role_caller(context, copy))
        .and_then(|(policy, caller)| decide(context, copy, vault, Some(&policy), &caller));
    decision.is_some_and(|decision| decision.answer == Answer::Allowed)
}

/// The statement that lets the source account in; with the resource around it where the vault has no policy yet.
fn remedy(context: &Context<'_>, vault: &Vault, effective: &EffectivePolicy, principal: &str) -> String {
    let statement = Statement {
        sid: "BackupCopies",
        principal: principal.to_owned(),
        actions: &["backup:CopyIntoBackupVault"],
        condition: None,
    };
    let place = match effective {
        EffectivePolicy::Given(setting) => setting.span,
        _ => vault.site.header,
    };
    let form = super::remedy::form(context, &vault.site.kind, place);
    let code = super::remedy::code(&[statement], form);
    let indented = |by: &str| code.lines().map(|line| format!("{by}{line}\n")).collect::<String>();
    match (effective, form) {
        (EffectivePolicy::Absent, Form::Hcl) => {
            let name = vault.site.address.rsplit('.').next().unwrap_or_default();
            // The policy must go to the vault's account.
            let text = context.sources.text(vault.site.span.file);
            let block = text.get(vault.site.span.range()).unwrap_or_default();
            let provider = block
                .lines()
                .map(str::trim)
                .find(|line| line.strip_prefix("provider").is_some_and(|rest| rest.trim_start().starts_with('=')));
            let provider = provider.map_or_else(String::new, |line| {
                let alias = line.rsplit('=').next().unwrap_or_default().split(['#', '/']).next().unwrap_or_default();
                format!("  provider          = {}\n", alias.trim())
            });
            format!(
                "give the vault an access policy:\nresource \"aws_backup_vault_policy\" \"{name}\" {{\n{provider}  backup_vault_name = {}.name\n  policy            = jsonencode({{\n    Version = \"2012-10-17\"\n    Statement = [\n{}    ]\n  }})\n}}",
                local_address(&vault.site.address),
                indented("      ")
            )
        }
        (EffectivePolicy::Absent, Form::Yaml) => format!(
            "give the vault an access policy:\nAccessPolicy:\n  Version: \"2012-10-17\"\n  Statement:\n{}",
            indented("    ").trim_end()
        ),
        _ => format!("add to the vault's access policy:\n{code}"),
    }
}

/// The address as code beside the resource writes it: without the modules that lead there.
fn local_address(address: &str) -> &str {
    let mut rest = address;
    while let Some(inner) = rest.strip_prefix("module.").and_then(|inner| inner.split_once('.')) {
        rest = inner.1;
    }
    rest
}

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    if copy.cross_account != Some(true) {
        return Outcome::NotApplicable;
    }
    let name = destination_name(context, copy);
    let Some((vault, effective, decision)) = decision(context, copy) else {
        let primary = action_span(context, copy).map(|span| Label::new(span, "no loaded code defines this vault"));
        let found = finding(
            RULE,
            name.clone(),
            format!("whether {name} lets the copy in cannot be told: its access policy is not known"),
            primary,
        )
        .help("load the code that defines the vault, or describe it under [[known.vault]] in crossvault.toml");
        return undecided(found);
    };
    let source = context.graph.plan(copy.plan).map(|plan| plan.site.place.account.clone());
    let shown = source.as_ref().map(|account| context.graph.account_name(account)).unwrap_or_default();
    let root = format!("{}|{}", vault.site.unit, vault.site.address);
    let place = match effective {
        EffectivePolicy::Given(setting) => setting.span,
        _ => vault.site.header,
    };
    match decision.answer {
        Answer::Allowed => Outcome::Pass(
            decision
                .first(TraceKind::Allows)
                .and_then(|trace| trace.span.map(|span| Label::new(span, format!("{} lets it in", trace.statement))))
                .into_iter()
                .collect(),
        ),
        Answer::Denied if decision.has(TraceKind::Denies) => Outcome::NotApplicable,
        Answer::Denied => {
            let near = decision.because.iter().find(|trace| {
                matches!(trace.kind, TraceKind::ConditionNever | TraceKind::ActionMissing | TraceKind::OtherPrincipal)
            });
            let (span, words) = match (effective, near) {
                (EffectivePolicy::Absent, _) => (
                    vault.site.header,
                    "this vault has no access policy, so it admits nobody from another account".to_owned(),
                ),
                (_, Some(trace)) => (trace.span.unwrap_or(place), format!("{} {}", trace.statement, trace.reason)),
                (_, None) => (place, format!("does not allow backup:CopyIntoBackupVault to account {shown}")),
            };
            let id = source
                .as_ref()
                .and_then(|account| account.known())
                .map_or_else(|| "<source account>".to_owned(), ToString::to_string);
            let partition = partition(&vault.site.place.region);
            let mut found = finding(
                RULE,
                root,
                format!(
                    "copies from account {shown} into {name} will fail: the vault's access policy does not let them in"
                ),
                Some(Label::new(span, words)),
            )
            .note(ERROR)
            .help(remedy(context, vault, effective, &format!("arn:{partition}:iam::{id}:root")))
            .url(CROSS_ACCOUNT_PAGE);
            if let (VaultTarget::Vault(id), Some(source)) = (&copy.destination, &source)
                && let Some(policy) = vault_policy(context, *id)
            {
                let account = &vault.site.place.account;
                let arn = destination_arn(context, copy).unwrap_or_default();
                for mistake in iam::mistakes::in_vault_policy(&policy, &arn, source, account, partition) {
                    found = told(found, mistake);
                }
            }
            fail(with_places(found, context, copy))
        }
        Answer::Unknown if but_for_wildcards(context, copy, vault) => Outcome::Pass(Vec::new()),
        Answer::Unknown => {
            let trace = decision.because.first();
            let words = trace.map_or_else(
                || "its access policy is not wholly known".to_owned(),
                |trace| format!("{}: {}", trace.statement, trace.reason),
            );
            let span = trace.and_then(|trace| trace.span).unwrap_or(place);
            let found = finding(
                RULE,
                root,
                format!("whether {name} lets copies from account {shown} in cannot be told: {words}"),
                Some(Label::new(span, "this decides")),
            )
            .help("give the input that decides it (an organization's id goes under [organization] in crossvault.toml)");
            undecided(with_places(found, context, copy))
        }
    }
}
