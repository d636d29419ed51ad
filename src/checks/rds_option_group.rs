//! An option group whose options bind the snapshot to the account or Region.
//!
//! Source: <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html> and
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/cross-region-backup.html>, read 2026-11: a snapshot with an option
//! group of permanent or persistent options (TDE, Timezone, OLS) cannot be shared, or needs the same options elsewhere. Only
//! Oracle and SQL Server have such options.

use super::support::{finding, service, source_name, store, undecided, with_places};
use super::{Context, Outcome};
use crate::copy::Copy;
use crate::diagnostic::{Label, Severity};

const RULE: &str = "rds-option-group";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let Some(store) = store(context, copy).filter(|_| service(context, copy).is_some_and(|(name, _)| name == "rds"))
    else {
        return Outcome::NotApplicable;
    };
    let Some(group) = store.facts.get("option_group_name") else { return Outcome::NotApplicable };
    let engine = store.facts.get("engine").and_then(|engine| engine.value.text());
    // RDS's own default groups have no options.
    if group.value.text().is_some_and(|name| name.starts_with("default:"))
        || engine.as_ref().is_some_and(|engine| !engine.starts_with("oracle") && !engine.starts_with("sqlserver"))
    {
        return Outcome::Pass(Vec::new());
    }
    let found = finding(
        RULE,
        format!("{}|{}", store.site.unit, store.site.address),
        format!(
            "whether {} can be copied cannot be told: its option group may have options that forbid it",
            source_name(context, copy)
        ),
        Some(Label::new(group.span, "this option group")),
    )
    .note("a snapshot with TDE cannot be shared with another account; in another Region the copy needs an option group with the same permanent and persistent options")
    .help("where the group has no such options, nothing is to be done")
    .url("https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html")
    .severity(Severity::Warning);
    undecided(with_places(found, context, copy))
}
