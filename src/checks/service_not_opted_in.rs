//! A service that AWS Backup is not opted in for is never backed up where the selection relies on the opt-in.

use super::support::{assumed, fail, finding, service, store, undecided, with_places};
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
    for setting in context.graph.region_settings(place) {
        let Settings::Region { opt_in: Some(Setting { value, span }), .. } = setting else { continue };
        return match value.get(&row.opt_in) {
            Some(on) => Some((on.as_bool(), Some(*span))),
            None if value.as_map().is_none_or(|map| map.open.is_some()) => Some((None, Some(*span))),
            None => None,
        };
    }
    let opted = context.graph.facts.accounts.get(place.account.known()?)?.opted_in.as_ref()?;
    Some((Some(opted.contains(&row.opt_in)), None))
}

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let Some((_, row)) = service(context, copy).filter(|_| copy.by_opt_in) else { return Outcome::NotApplicable };
    match stated(context, copy) {
        Some((Some(false), span)) => {
            let primary = span.map(|span| Label::new(span, format!("{} is opted out", row.opt_in)));
            let code = match span {
                Some(_) => format!(":\nresource_type_opt_in_preference = {{\n  \"{}\" = true\n}}", row.opt_in),
                None => String::new(),
            };
            let found = finding(RULE, format!("opt-in of {}", row.opt_in), format!("{} is opted out of AWS Backup, so what this selection finds of it is never backed up and never copied", row.opt_in), primary)
                .severity(Severity::Warning)
                .help(format!("name the resources by type or ARN in the selection, or opt in to {}{code}", row.opt_in));
            fail(with_places(found, context, copy))
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
