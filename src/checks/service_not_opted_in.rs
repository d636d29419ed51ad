//! A service that AWS Backup is not opted in for is never backed up where the selection relies on the opt-in.

use super::support::{assumed, fail, finding, service, store, with_places};
use super::{Context, Outcome};
use crate::copy::Copy;
use crate::diagnostic::{Label, Severity};
use crate::model::{Setting, Settings};
use crate::source::Span;

const RULE: &str = "service-not-opted-in";

/// Whether code or configuration says that the service is opted in, and where.
pub(super) fn stated(context: &Context<'_>, copy: &Copy) -> Option<(Option<bool>, Option<Span>)> {
    let (_, row) = service(context, copy)?;
    let place = &store(context, copy)?.site.place;
    for setting in &context.graph.entities.settings {
        let Settings::Region { site, opt_in, .. } = setting else { continue };
        if site.place.account.same(&place.account) != Some(true) || site.place.region.same(&place.region) != Some(true)
        {
            continue;
        }
        let Some(Setting { value, span }) = opt_in else { continue };
        return value.get(&row.opt_in).map(|on| (on.as_bool(), Some(*span)));
    }
    let opted = context.graph.facts.accounts.get(place.account.known()?)?.opted_in.as_ref()?;
    Some((Some(opted.contains(&row.opt_in)), None))
}

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let Some((_, row)) = service(context, copy).filter(|_| copy.by_opt_in) else { return Outcome::NotApplicable };
    match stated(context, copy) {
        Some((Some(false), span)) => {
            let primary = span.map(|span| Label::new(span, format!("{} is opted out", row.opt_in)));
            let found = finding(RULE, format!("opt-in of {}", row.opt_in), format!("{} is opted out of AWS Backup, so what this selection finds of it is never backed up and never copied", row.opt_in), primary)
                .severity(Severity::Warning)
                .help(format!("opt in to {}, or name the resources by ARN in the selection", row.opt_in));
            fail(with_places(found, context, copy))
        }
        Some(_) => Outcome::Pass(Vec::new()),
        None => assumed(
            context,
            RULE,
            &format!("AWS Backup is opted in for {}", row.opt_in),
            "set opted_in under [[known.account]] in crossvault.toml",
        ),
    }
}
