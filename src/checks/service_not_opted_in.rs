//! A service that AWS Backup is not opted in for is never backed up where the selection relies on the opt-in.

use super::support::{action_span, assumed, finding, service, store, undecided, with_places};
use super::{Context, Outcome};
use crate::aws::{Known, Place};
use crate::copy::Copy;
use crate::diagnostic::{Label, Severity};
use crate::model::{Setting, Settings};
use crate::source::Span;

const RULE: &str = "service-not-opted-in";

/// Whether code or configuration says that the service is opted in, and where.
///
/// For the plans of an organization's backup policy the opt-in of the management account overrides that of the member.
/// Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/manage-cross-account.html>, read 2026-11.
pub(super) fn stated(context: &Context<'_>, copy: &Copy) -> Option<(Option<bool>, Option<Span>)> {
    let (_, row) = service(context, copy)?;
    let plan = context.graph.plan(copy.plan)?;
    let own = store(context, copy).map_or(&plan.site.place, |store| &store.site.place);
    let place = match plan.origin {
        Some(_) => {
            let management = Known::Is(*context.graph.management_account()?);
            &Place { account: management, region: own.region.clone() }
        }
        None => own,
    };
    stated_at(context, place, &row.opt_in)
}

/// What is said of the opt-in to a service in one account and Region.
pub(super) fn stated_at(context: &Context<'_>, place: &Place, service: &str) -> Option<(Option<bool>, Option<Span>)> {
    for setting in context.graph.region_settings(place) {
        let Settings::Region { opt_in: Some(Setting { value, span }), .. } = setting else { continue };
        return match value.get(service) {
            Some(on) => Some((on.as_bool(), Some(*span))),
            None if value.as_map().is_none_or(|map| map.open.is_some()) => Some((None, Some(*span))),
            None => None,
        };
    }
    let opted = context.graph.facts.accounts.get(place.account.known()?)?.opted_in.as_ref()?;
    Some((Some(opted.iter().any(|name| *name == *service)), None))
}

/// Whether the opt-in decides if the source is backed up: where the selection leaves it to that, and for DynamoDB in a
/// plan that an organization's backup policy makes, however the policy selects.
///
/// Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/advanced-ddb-backup.html>, read 2026-11: plans opt an
/// account in by themselves, "if your backup job is created by a backup policy, you need to manually opt-in".
pub(super) fn relied_on(context: &Context<'_>, copy: &Copy) -> bool {
    copy.by_opt_in
        || (service(context, copy).is_some_and(|(name, _)| name == "dynamodb") && by_backup_policy(context, copy))
}

/// Whether an organization's backup policy makes the plan.
fn by_backup_policy(context: &Context<'_>, copy: &Copy) -> bool {
    context.graph.plan(copy.plan).is_some_and(|plan| plan.origin.is_some())
}

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let Some((_, row)) = service(context, copy).filter(|_| relied_on(context, copy)) else {
        return Outcome::NotApplicable;
    };
    match stated(context, copy) {
        Some((Some(false), span)) => {
            let primary = span.map(|span| Label::new(span, format!("{} is opted out", row.opt_in))).or_else(|| {
                let words = format!("the configuration says that {} is opted out", row.opt_in);
                action_span(context, copy).map(|span| Label::new(span, words))
            });
            let code = match span {
                Some(_) => format!(":\nresource_type_opt_in_preference = {{\n  \"{}\" = true\n}}", row.opt_in),
                None => String::new(),
            };
            let (whose, help) = if by_backup_policy(context, copy) {
                (
                    " in the management account, whose opt-in counts for backup policies",
                    format!("opt in to {} in the management account{code}", row.opt_in),
                )
            } else {
                ("", format!("name the resources by type or ARN in the selection, or opt in to {}{code}", row.opt_in))
            };
            let found = finding(RULE, format!("opt-in of {}", row.opt_in), format!("{} is opted out of AWS Backup{whose}, so what this selection finds of it is never backed up and never copied", row.opt_in), primary)
                .severity(Severity::Warning)
                .help(help)
                .url("https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources.html");
            undecided(with_places(found, context, copy))
        }
        Some((Some(true), _)) => Outcome::Pass(Vec::new()),
        Some((None, span)) => {
            let primary = span.map(|span| Label::new(span, "this decides"));
            let headline = format!("whether AWS Backup is opted in for {} is not known", row.opt_in);
            undecided(with_places(finding(RULE, format!("opt-in of {}", row.opt_in), headline, primary), context, copy))
        }
        None => assumed(
            context,
            RULE,
            &format!("AWS Backup is opted in for {}", row.opt_in),
            "set opted_in under [[known.account]] in crossvault.toml",
        ),
    }
}
