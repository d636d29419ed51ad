//! AWS rejects the plan: its lifecycle, or how many rules or copy actions it has.
//!
//! Sources, read 2026-11: <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_Lifecycle.html> (ninety days in cold
//! storage at least), <https://docs.aws.amazon.com/aws-backup/latest/devguide/aws-backup-limits.html> (quotas),
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/plan-options-and-configuration.html> (continuous: 35 days at most).

use super::support::{action_span, fail, finding, rule, undecided, with_places};
use super::{Context, Outcome};
use crate::copy::Copy;
use crate::diagnostic::Label;
use crate::model::{Lifecycle, Setting};
use crate::source::Span;

const RULE: &str = "copy-lifecycle-invalid";
const PAGE: &str = "https://docs.aws.amazon.com/aws-backup/latest/devguide/API_Lifecycle.html";
const QUOTAS: &str = "https://docs.aws.amazon.com/aws-backup/latest/devguide/aws-backup-limits.html";

/// What is wrong: where, what, and whether that is certain.
type Flaw = (Span, String, bool, &'static str);

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let (Some(plan), Some(rule)) = (context.graph.plan(copy.plan), rule(context, copy)) else {
        return Outcome::NotApplicable;
    };
    let Some(action) = rule.copy_actions.get(copy.action) else { return Outcome::NotApplicable };
    let limits = &context.catalog.limits;
    let mut flaws: Vec<Flaw> = Vec::new();
    flaws.extend(cold(&rule.lifecycle, limits.cold_min_days));
    flaws.extend(cold(&action.lifecycle, limits.cold_min_days));
    flaws.extend(continuous(rule.continuous.as_ref(), &rule.lifecycle, limits.continuous_max_days));
    // Alternatives under conditions are not made together.
    let certain = |when: &[crate::value::Guard]| when.is_empty();
    let actions = rule.copy_actions.iter().filter(|action| certain(&action.when)).count();
    if actions > limits.copy_actions_per_rule {
        let span = action_span(context, copy).unwrap_or(rule.span);
        let words = format!("the rule has {actions} copy actions, and AWS allows {}", limits.copy_actions_per_rule);
        flaws.push((span, words, true, QUOTAS));
    }
    let rules = plan.rules.iter().filter(|rule| certain(&rule.when)).count();
    if rules > limits.rules_per_plan {
        let words = format!("the plan has {rules} rules, and AWS allows {}", limits.rules_per_plan);
        flaws.push((plan.site.header, words, true, QUOTAS));
    }
    flaws.sort_by_key(|flaw| !flaw.2);
    let Some((span, words, certain, page)) = flaws.into_iter().next() else { return Outcome::Pass(Vec::new()) };
    let shown = rule.name.text().unwrap_or_else(|| "?".into());
    let root = format!("{}|{}|{shown}|{words}", plan.site.unit, plan.site.address);
    let headline = if certain {
        format!("AWS rejects the plan `{}` with its rule `{shown}`: {words}", plan.site.address)
    } else {
        format!("whether AWS accepts the plan `{}` with its rule `{shown}` cannot be told: {words}", plan.site.address)
    };
    let found =
        finding(RULE, root, headline, Some(Label::new(span, if certain { "not allowed" } else { "this decides" })))
            .url(page);
    let found = with_places(found, context, copy);
    if certain { fail(found) } else { undecided(found) }
}

/// Data must stay in cold storage for so many days.
fn cold(lifecycle: &Lifecycle, least: i64) -> Option<Flaw> {
    let (cold, delete) = (lifecycle.cold_after.as_ref()?, lifecycle.delete_after.as_ref()?);
    match (cold.value.as_i64(), delete.value.as_i64()) {
        // Negative: never.
        (Some(cold), _) if cold < 0 => None,
        (_, Some(delete)) if delete < 0 => None,
        (Some(cold_days), Some(days)) if days < cold_days.saturating_add(least) => Some((
            delete.span,
            format!(
                "deletion after {days} days is less than {least} days after the move to cold storage after {cold_days}"
            ),
            true,
            PAGE,
        )),
        (Some(_), Some(_)) => None,
        (None, _) => Some((cold.span, "when it moves to cold storage is not known".to_owned(), false, PAGE)),
        (_, None) => Some((delete.span, "when it is deleted is not known".to_owned(), false, PAGE)),
    }
}

/// Continuous backups are kept for so many days at most.
fn continuous(continuous: Option<&Setting>, lifecycle: &Lifecycle, most: i64) -> Option<Flaw> {
    let (continuous, delete) = (continuous?, lifecycle.delete_after.as_ref()?);
    let page = "https://docs.aws.amazon.com/aws-backup/latest/devguide/plan-options-and-configuration.html";
    match (continuous.value.as_bool(), delete.value.as_i64()) {
        (Some(false), _) => None,
        (_, Some(days)) if days <= most => None,
        (Some(true), Some(days)) => Some((
            delete.span,
            format!("continuous backups are kept for {most} days at most, and these for {days}"),
            true,
            page,
        )),
        (None, _) => Some((continuous.span, "whether it backs up continuously is not known".to_owned(), false, page)),
        (_, None) => {
            Some((delete.span, "for how long continuous backups are kept is not known".to_owned(), false, page))
        }
    }
}
