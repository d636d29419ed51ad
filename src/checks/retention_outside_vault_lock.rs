//! The backup or its copy would be kept for fewer or more days than the vault's lock allows.
//!
//! Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html>, read 2026-11: backup and copy jobs whose
//! retention is outside the bounds fail.

use super::support::{self, action_span, destination_name, fail, finding, rule, undecided, with_places};
use super::{Context, Finding, Outcome};
use crate::copy::Copy;
use crate::diagnostic::Label;
use crate::graph::{VaultTarget, resolve_vault};
use crate::model::Setting;
use crate::source::Span;

const RULE: &str = "retention-outside-vault-lock";
const PAGE: &str = "https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html";

/// What is made in a vault, as messages name it.
struct Made<'a> {
    /// "copies", "backups".
    what: &'a str,
    vault: String,
    /// For how long it is kept: `None` for ever.
    retention: Option<&'a Setting>,
    /// Where that is said, or left out.
    span: Option<Span>,
    error: &'static str,
}

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let Some(plan_rule) = rule(context, copy) else { return Outcome::NotApplicable };
    let Some(action) = plan_rule.copy_actions.get(copy.action) else { return Outcome::NotApplicable };
    let kept = plan_rule.lifecycle.delete_after.as_ref();
    // -1 keeps the source's expiry.
    let own = action.lifecycle.delete_after.as_ref().filter(|days| days.value.as_i64() != Some(-1));
    let retention = own.or(kept);
    let copies = Made {
        what: "copies",
        vault: destination_name(context, copy),
        retention,
        span: retention.map(|setting| setting.span).or_else(|| action_span(context, copy)),
        error: "AWS says: Copy job failed. The retention specified in the job is not within the range specified for the target Backup Vault.",
    };
    let outcome = within(context, copy, &copy.destination, &copies);
    if matches!(outcome, Outcome::Fail(_)) {
        return outcome;
    }
    // Without the backup there is nothing to copy.
    let place = context.graph.plan(copy.plan).map(|plan| &plan.site.place);
    let primary = plan_rule.target_air_gapped.as_ref().zip(place);
    let first = primary.map(|(target, place)| resolve_vault(context.graph, target, place));
    let source = first.as_ref().unwrap_or(&copy.source_vault);
    let VaultTarget::Vault(id) = source else { return outcome };
    let vault = context.graph.vault(*id).map(|vault| vault.site.address.to_string()).unwrap_or_default();
    let backups = Made {
        what: "backups",
        vault: format!("`{vault}`"),
        retention: kept,
        span: kept.map(|setting| setting.span).or(Some(plan_rule.span)),
        error: "AWS says: Backup job failed because the lifecycle is outside the valid range for backup vault.",
    };
    match (within(context, copy, source, &backups), outcome) {
        (found @ (Outcome::Fail(_) | Outcome::Undecided(_)), Outcome::Pass(_) | Outcome::NotApplicable) => found,
        (found @ Outcome::Fail(_), _) => found,
        (found, Outcome::NotApplicable) => found,
        (_, outcome) => outcome,
    }
}

/// Whether what is made in the vault is kept within its bounds.
fn within(context: &Context<'_>, copy: &Copy, vault: &VaultTarget, made: &Made<'_>) -> Outcome {
    let VaultTarget::Vault(id) = vault else { return Outcome::NotApplicable };
    let Some(lock) = context.graph.vault_locks.get(id.0 as usize).and_then(Option::as_ref) else {
        return Outcome::NotApplicable;
    };
    let Made { what, vault, retention, span, error } = made;
    let rule = rule(context, copy).and_then(|rule| rule.name.text()).unwrap_or_default();
    let root = format!("{rule}|{what}|{vault}");
    let days = match retention {
        None => None,
        Some(setting) => match setting.value.as_i64() {
            Some(days) if days > 0 => Some(days),
            Some(_) => None,
            None => return open(context, copy, setting, made, root),
        },
    };
    for (bound, upper) in [(&lock.min_days, false), (&lock.max_days, true)] {
        let Some(setting) = bound else { continue };
        let Some(limit) = setting.value.as_i64() else { return open(context, copy, setting, made, root) };
        // Zero is left out.
        let outside = match (days, upper) {
            _ if limit == 0 => false,
            (Some(days), false) => days < limit,
            (Some(days), true) => days > limit,
            // What never expires is kept longer than any maximum.
            (None, upper) => upper,
        };
        if outside {
            let kept = days.map_or_else(|| "for ever".to_owned(), |days| format!("for {days} days"));
            let word = if upper { "at most" } else { "at least" };
            let found: Finding = finding(RULE, root, format!("{what} into {vault} will fail: they would be kept {kept}, and the vault's lock allows {word} {limit} days"), span.map(|span| Label::new(span, format!("kept {kept}"))))
                .label(setting.span, format!("{word} {limit} days"))
                .note(*error)
                .help(format!("keep the {} {word} {limit} days", if *what == "copies" { "copy" } else { "backup" }))
                .url(PAGE);
            return fail(with_places(found, context, copy));
        }
    }
    Outcome::Pass(Vec::new())
}

fn open(context: &Context<'_>, copy: &Copy, setting: &Setting, made: &Made<'_>, root: String) -> Outcome {
    let found = finding(
        RULE,
        root,
        format!(
            "whether the retention of {} into {} fits the vault's lock cannot be told: {}",
            made.what,
            made.vault,
            support::unknown(&setting.value)
        ),
        Some(Label::new(setting.span, "this is not known")),
    );
    undecided(with_places(found, context, copy))
}
