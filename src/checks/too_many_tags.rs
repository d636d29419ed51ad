//! The plan's tags and the source's are more than a recovery point can have.
//!
//! Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/access-control.html>, "Copy tags", read 2026-11: both
//! sets are joined, and the job fails above the limit.

use super::support::{finding, rule, source_name, store, undecided, with_places};
use super::{Context, Outcome};
use crate::copy::Copy;
use crate::diagnostic::{Label, Severity};
use std::collections::BTreeSet;

const RULE: &str = "too-many-tags";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let (Some(store), Some(rule)) = (store(context, copy), rule(context, copy)) else { return Outcome::NotApplicable };
    let own = store.tags.as_map().map(|map| &map.entries);
    let given = rule.recovery_point_tags.as_ref().and_then(|tags| tags.as_map()).map(|map| &map.entries);
    let keys: BTreeSet<_> = own.into_iter().chain(given).flat_map(|entries| entries.keys()).collect();
    let limit = context.catalog.limits.tags_per_resource;
    if keys.len() <= limit {
        return Outcome::Pass(Vec::new());
    }
    let span = rule.recovery_point_tags.as_ref().and_then(|tags| tags.span).unwrap_or(store.site.header);
    let headline = format!(
        "whether {} is copied cannot be told: its tags and the plan's are {} together, and AWS allows {limit}",
        source_name(context, copy),
        keys.len()
    );
    let root = format!("{}|{}", store.site.unit, store.site.address);
    let found = finding(RULE, root, headline, Some(Label::new(span, "with the source's own tags too many")))
        .note("AWS says: The resultant tag set must not have more than 50 user tags.")
        .severity(Severity::Warning)
        .help("take away tags from the plan's `recovery_point_tags`, or from the resource")
        .url("https://docs.aws.amazon.com/aws-backup/latest/devguide/access-control.html");
    undecided(with_places(found, context, copy))
}
