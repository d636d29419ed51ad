//! DynamoDB tables can be copied only with AWS Backup's advanced features on.
//!
//! Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/advanced-ddb-backup.html>, read 2026-11.

use super::support::{action_span, assumed, fail, finding, service, source_name, store, undecided, with_places};
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

/// Where the code says that DynamoDB is opted out in the table's own account and Region; the inner `None` where the
/// configuration says so.
fn opted_out(context: &Context<'_>, copy: &Copy) -> Option<Option<Span>> {
    let own = store(context, copy).map(|store| &store.site.place);
    let place = own.or_else(|| context.graph.plan(copy.plan).map(|plan| &plan.site.place))?;
    match super::service_not_opted_in::stated_at(context, place, "DynamoDB")? {
        (Some(false), span) => Some(span),
        _ => None,
    }
}

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    if service(context, copy).is_none_or(|(name, _)| name != "dynamodb") {
        return Outcome::NotApplicable;
    }
    let name = source_name(context, copy);
    let opted_out = opted_out(context, copy);
    match stated(context, copy) {
        Some((Some(false), span)) => {
            let primary = span.map(|span| Label::new(span, "advanced DynamoDB backup is off here")).or_else(|| {
                let words = "this copies a table, and the configuration says that advanced DynamoDB backup is off";
                action_span(context, copy).map(|span| Label::new(span, words))
            });
            let found = finding(
                RULE,
                "dynamodb advanced features",
                format!("the copy of {name} will fail: DynamoDB's advanced backup features are off"),
                primary,
            )
            .note("AWS says: Feature is not supported for provided resource type.")
            .help(match span {
                Some(_) => {
                    "switch the advanced features on in the Region's settings:\nresource_type_management_preference = {\n  \"DynamoDB\" = true\n}"
                }
                None => {
                    "switch the features on (`aws backup update-region-settings`), and say so by `dynamodb_advanced_backup` under [[known.account]] in crossvault.toml"
                }
            })
            .url("https://docs.aws.amazon.com/aws-backup/latest/devguide/advanced-ddb-backup.html");
            fail(with_places(found, context, copy))
        }
        // AWS's page counts the features as on only where DynamoDB is opted in as well, and says of plans that they opt
        // the account in by themselves.
        _ if opted_out.is_some() => {
            let primary =
                opted_out.flatten().map(|span| Label::new(span, "DynamoDB is opted out here")).or_else(|| {
                    let words = "this copies a table, and the configuration says that DynamoDB is opted out";
                    action_span(context, copy).map(|span| Label::new(span, words))
                });
            let headline = format!(
                "whether {name} can be copied cannot be told: AWS counts DynamoDB's advanced backup features as on only where DynamoDB is opted in"
            );
            let found = finding(RULE, "dynamodb advanced features", headline, primary)
                .help(match opted_out.flatten() {
                    Some(_) => "set `DynamoDB = true` in `resource_type_opt_in_preference`, too",
                    None => "opt in to DynamoDB, and say so by `opted_in` under [[known.account]] in crossvault.toml",
                })
                .url("https://docs.aws.amazon.com/aws-backup/latest/devguide/advanced-ddb-backup.html");
            undecided(with_places(found, context, copy))
        }
        Some((Some(true), _)) => Outcome::Pass(Vec::new()),
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
