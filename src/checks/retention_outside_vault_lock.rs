//! The copy would be kept for fewer or more days than the destination vault's lock allows.
//!
//! Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html>, read 2026-11.

use super::support::{action_span, destination_name, fail, finding, rule, undecided, with_places};
use super::{Context, Outcome};
use crate::copy::Copy;
use crate::diagnostic::Label;
use crate::graph::VaultTarget;
use crate::model::Setting;

const RULE: &str = "retention-outside-vault-lock";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let VaultTarget::Vault(id) = &copy.destination else { return Outcome::NotApplicable };
    let Some(lock) = context.graph.vault_locks.get(id.0 as usize).and_then(Option::as_ref) else {
        return Outcome::NotApplicable;
    };
    let Some(plan_rule) = rule(context, copy) else { return Outcome::NotApplicable };
    let Some(action) = plan_rule.copy_actions.get(copy.action) else { return Outcome::NotApplicable };
    // -1 keeps the source's expiry.
    let own = action.lifecycle.delete_after.as_ref().filter(|days| days.value.as_i64() != Some(-1));
    let retention = own.or(plan_rule.lifecycle.delete_after.as_ref());
    let name = destination_name(context, copy);
    let root = format!("{}|{name}", plan_rule.name.text().unwrap_or_default());
    let span = retention.map(|setting| setting.span).or_else(|| action_span(context, copy));
    let days = match retention {
        None => None,
        Some(setting) => match setting.value.as_i64() {
            Some(days) if days > 0 => Some(days),
            Some(_) => None,
            None => return open(context, copy, setting, &name, root),
        },
    };
    for (bound, upper) in [(&lock.min_days, false), (&lock.max_days, true)] {
        let Some(setting) = bound else { continue };
        let Some(limit) = setting.value.as_i64() else { return open(context, copy, setting, &name, root) };
        let outside = match (days, upper) {
            (Some(days), false) => days < limit,
            (Some(days), true) => days > limit,
            // A copy that never expires is kept longer than any maximum.
            (None, upper) => upper,
        };
        if outside {
            let kept = days.map_or_else(|| "for ever".to_owned(), |days| format!("for {days} days"));
            let word = if upper { "at most" } else { "at least" };
            let found = finding(RULE, root, format!("copies into {name} will fail: they would be kept {kept}, and the vault's lock allows {word} {limit} days"), span.map(|span| Label::new(span, format!("kept {kept}"))))
                .label(setting.span, format!("{word} {limit} days"))
                .note("AWS says: Copy job failed. The retention specified in the job is not within the range specified for the target Backup Vault.")
                .help(format!("keep the copy {word} {limit} days"))
                .url("https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html");
            return fail(with_places(found, context, copy));
        }
    }
    Outcome::Pass(Vec::new())
}

fn open(context: &Context<'_>, copy: &Copy, setting: &Setting, name: &str, root: String) -> Outcome {
    let found = finding(
        RULE,
        root,
        format!("whether the retention of copies into {name} fits the vault's lock cannot be told"),
        Some(Label::new(setting.span, "this is not known")),
    );
    undecided(with_places(found, context, copy))
}
