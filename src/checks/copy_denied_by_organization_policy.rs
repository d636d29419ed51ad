//! A service control policy, or the source vault's own access policy, denies the copy.
//!
//! Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/create-cross-account-backup.html>, read 2026-11: the
//! copying role calls `backup:CopyFromBackupVault` on the recovery point and `backup:CopyIntoBackupVault` on the vault.

use super::destination_vault_access_missing::ERROR;
use super::support::{self, action_span, fail, finding, role_caller, undecided, with_places, with_why};
use super::{Context, Finding, Outcome};
use crate::copy::Copy;
use crate::diagnostic::Label;
use crate::graph::{EffectivePolicy, VaultTarget, Why};
use crate::iam::{self, Answer, Caller, Decision, Policy, Request, TraceKind, context, document};
use crate::source::Span;

const RULE: &str = "copy-denied-by-organization-policy";
const FROM: &str = "backup:CopyFromBackupVault";
const INTO: &str = "backup:CopyIntoBackupVault";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let Some(caller) = role_caller(context, copy) else { return Outcome::NotApplicable };
    let mut open = None;
    let outcomes = [
        source_vault(context, copy, &caller),
        service_controls(context, copy, &caller),
        allow_lists(context, copy, &caller),
    ];
    for outcome in outcomes {
        match outcome {
            Outcome::Fail(_) => return outcome,
            Outcome::Undecided(_) => open = open.or(Some(outcome)),
            Outcome::NotApplicable | Outcome::Pass(_) => {}
        }
    }
    open.unwrap_or(Outcome::Pass(Vec::new()))
}

/// The policy of the vault that is copied from.
fn source_vault(context: &Context<'_>, copy: &Copy, caller: &Caller) -> Outcome {
    let id = match &copy.source_vault {
        VaultTarget::Vault(id) => id,
        VaultTarget::External { name, span, .. } => {
            let name = name.as_deref().unwrap_or("?");
            let text = format!(
                "no loaded code defines the vault `{name}` that is copied from, so its access policy is not known"
            );
            return unknown(context, copy, name.to_owned(), name, &Why { text, span: Some(*span) });
        }
        VaultTarget::Unknown(why) => return unknown(context, copy, why.text.clone(), "the source vault", why),
    };
    let Some(vault) = context.graph.vault(*id) else { return Outcome::NotApplicable };
    let root = format!("{}|{}", vault.site.unit, vault.site.address);
    if let Some(EffectivePolicy::Unknown(why)) = context.graph.vault_policies.get(id.0 as usize) {
        return unknown(context, copy, root, &vault.site.address, why);
    }
    let Some(policy) = support::vault_policy(context, *id) else { return Outcome::Pass(Vec::new()) };
    let decision = decide(context, copy, caller, FROM, &policy);
    judged(context, copy, root, &format!("the access policy of `{}`", vault.site.address), vault.site.header, &decision)
}

/// The service control policies that the code attaches to the source account.
fn service_controls(context: &Context<'_>, copy: &Copy, caller: &Caller) -> Outcome {
    let mut open = None;
    for (policy, doubt) in context.graph.service_controls(&caller.account) {
        let name = &policy.site.address;
        let root = format!("{}|{name}", policy.site.unit);
        let text = document::parse(&policy.content.value);
        for action in [FROM, INTO] {
            let decision = decide(context, copy, caller, action, &text);
            let what = format!("the service control policy `{name}`");
            let outcome = judged(context, copy, root.clone(), &what, policy.content.span, &decision);
            match (&outcome, &doubt) {
                (Outcome::Fail(_), None) => return outcome,
                (Outcome::Fail(_) | Outcome::Undecided(_), Some(why)) => {
                    open = open.or_else(|| Some(unknown(context, copy, root.clone(), name, why)));
                }
                (Outcome::Undecided(_), None) => open = open.or(Some(outcome)),
                _ => {}
            }
        }
    }
    open.unwrap_or(Outcome::NotApplicable)
}

/// Where `FullAWSAccess` was detached, one of the policies attached in its place must allow the copy.
fn allow_lists(context: &Context<'_>, copy: &Copy, caller: &Caller) -> Outcome {
    let mut open = None;
    for list in context.graph.allow_lists(&caller.account) {
        let policies: Vec<Policy> = list.policies.iter().map(|policy| document::parse(&policy.content.value)).collect();
        let policies: Vec<&Policy> = policies.iter().collect();
        let root = format!("allow list of {}", list.unit);
        for action in [FROM, INTO] {
            let decision = asked(context, copy, caller, action, |request| iam::decide_identity(request, &policies));
            let doubt = match (decision.answer, &list.doubt) {
                (Answer::Allowed, _) => continue,
                (Answer::Denied, None) => {
                    let primary = list.span.map(|span| Label::new(span, "`FullAWSAccess` is detached here"));
                    let headline = format!(
                        "copies with this plan will fail: no service control policy attached to `{}` allows {action}",
                        list.unit
                    );
                    let mut found = finding(RULE, root, headline, primary).url(support::CROSS_ACCOUNT_PAGE).note(ERROR);
                    for policy in &list.policies {
                        found = found.label(policy.content.span, "a policy attached there");
                    }
                    let help = format!("allow {FROM} and {INTO} in a policy attached to `{}`", list.unit);
                    return fail(with_places(found.help(help), context, copy));
                }
                (_, Some(why)) => why.clone(),
                (Answer::Unknown, None) => Why {
                    text: format!(
                        "whether a service control policy attached to `{}` allows {action} is not",
                        list.unit
                    ),
                    span: list.span,
                },
            };
            open = open.or_else(|| Some(unknown(context, copy, root.clone(), &list.unit, &doubt)));
        }
    }
    open.unwrap_or(Outcome::NotApplicable)
}

/// What the denying statements of a policy say; what it allows does not matter here.
fn decide(context: &Context<'_>, copy: &Copy, caller: &Caller, action: &'static str, policy: &Policy) -> Decision {
    asked(context, copy, caller, action, |request| iam::decide_deny(request, policy))
}

/// The answer to the copy's call of this action.
fn asked(
    context: &Context<'_>,
    copy: &Copy,
    caller: &Caller,
    action: &'static str,
    answer: impl Fn(&Request<'_>) -> Decision,
) -> Decision {
    let target = support::destination_arn(context, copy);
    let place = context.graph.place(&copy.destination);
    let (resource, account) = match (action, &target, place) {
        (INTO, Some(arn), Some(place)) => (arn.clone(), &place.account),
        (INTO, ..) => ("\u{1}vault\u{1}".to_owned(), &caller.account),
        _ => ("\u{1}recovery point\u{1}".to_owned(), &caller.account),
    };
    let facts = context::backup_call(action, caller, account, target.as_deref(), &context.graph.facts.organization);
    let request = Request { caller, action, resource: &resource, resource_account: account, context: &facts };
    answer(&request)
}

fn judged(context: &Context<'_>, copy: &Copy, root: String, what: &str, span: Span, decision: &Decision) -> Outcome {
    match decision.answer {
        Answer::Allowed => Outcome::Pass(Vec::new()),
        Answer::Denied => {
            let trace = decision.first(TraceKind::Denies);
            let place = trace.and_then(|trace| trace.span).unwrap_or(span);
            let words = trace.map(|trace| format!("{} {}", trace.statement, trace.reason)).unwrap_or_default();
            let found = message(root, format!("copies with this plan will fail: {what} denies them"), place, words)
                .note(ERROR)
                .help("except the destination, or the backup role, from this statement; an explicit Deny wins over every Allow");
            fail(with_places(found, context, copy))
        }
        Answer::Unknown => {
            let trace = decision.first(TraceKind::Undecided).or(decision.first(TraceKind::Open));
            let place = trace.and_then(|trace| trace.span).unwrap_or(span);
            let words = trace.map(|trace| format!("{} {}", trace.statement, trace.reason)).unwrap_or_default();
            let found = message(
                root,
                format!("whether {what} denies these copies cannot be told: {words}"),
                place,
                "this decides".to_owned(),
            );
            undecided(with_places(found.help("give the input that decides it"), context, copy))
        }
    }
}

fn message(root: String, headline: String, span: Span, words: String) -> Finding {
    finding(RULE, root, headline, Some(Label::new(span, words))).url(support::CROSS_ACCOUNT_PAGE)
}

fn unknown(context: &Context<'_>, copy: &Copy, root: String, name: &str, why: &Why) -> Outcome {
    let primary = action_span(context, copy).map(|span| Label::new(span, "the copy that is planned here"));
    let headline = format!("whether `{name}` denies these copies cannot be told: {}", why.text);
    let help = match why.text.ends_with("its access policy is not known") {
        true => "load the code that defines the vault, or give its policy under [[known.vault]] in crossvault.toml",
        false => "give the input that decides it",
    };
    undecided(with_why(finding(RULE, root, headline, primary).help(help), why))
}
