//! DynamoDB tables can be copied only with AWS Backup's advanced features on.
//!
//! Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/advanced-ddb-backup.html>, read 2026-11.

use super::support::{assumed, fail, finding, service, source_name, store, undecided, with_places};
use super::{Context, Outcome};
use crate::copy::Copy;
use crate::diagnostic::Label;
use crate::model::{Setting, Settings};
use crate::source::Span;

const RULE: &str = "dynamodb-advanced-backup-off";

/// What code or configuration says: (on, where); `on` is `None` where it is said but not known.
pub(super) fn stated(context: &Context<'_>, copy: &Copy) -> Option<(Option<bool>, Option<Span>)> {
    let place = &store(context, copy)
        .map(|store| &store.site.place)
        .or_else(|| context.graph.plan(copy.plan).map(|plan| &plan.site.place))
        .cloned()?;
    for setting in context.graph.region_settings(place) {
        let Settings::Region { management: Some(Setting { value, span }), .. } = setting else { continue };
        return match value.get("DynamoDB") {
            Some(on) => Some((on.as_bool(), Some(*span))),
            None if value.as_map().is_none_or(|map| map.open.is_some()) => Some((None, Some(*span))),
            None => None,
        };
    }
    let account = place.account.known()?;
    context.graph.facts.accounts.get(account)?.dynamodb_advanced.map(|on| (Some(on), None))
}

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    if service(context, copy).is_none_or(|(name, _)| name != "dynamodb") {
        return Outcome::NotApplicable;
    }
    let name = source_name(context, copy);
    match stated(context, copy) {
        Some((Some(true), _)) => Outcome::Pass(Vec::new()),
        Some((Some(false), span)) => {
            let primary = span.map(|span| Label::new(span, "advanced DynamoDB backup is off here"));
            let found = finding(
                RULE,
                "dynamodb advanced features",
                format!("the copy of {name} will fail: DynamoDB's advanced backup features are off"),
                primary,
            )
            .note("AWS says: Feature is not supported for provided resource type.")
            .help(format!(
                "switch the advanced features on in the Region's settings{}",
                if span.is_some() {
                    ":\nresource_type_management_preference = {\n  \"DynamoDB\" = true\n}"
                } else {
                    ""
                }
            ))
            .url("https://docs.aws.amazon.com/aws-backup/latest/devguide/advanced-ddb-backup.html");
            fail(with_places(found, context, copy))
        }
        Some((None, span)) => {
            let primary = span.map(|span| Label::new(span, "this decides"));
            undecided(with_places(
                finding(
                    RULE,
                    "dynamodb advanced features",
                    format!(
                        "whether {name} can be copied cannot be told: whether DynamoDB's advanced backup features are on is not known"
                    ),
                    primary,
                ),
                context,
                copy,
            ))
        }
        None => assumed(
            context,
            RULE,
            "DynamoDB's advanced backup features are on",
            "set dynamodb_advanced_backup under [[known.account]] in crossvault.toml",
        ),
    }
}
