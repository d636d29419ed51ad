//! A continuous backup of a type whose continuous recovery points cannot be copied.
//!
//! Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-saphana.html>, read 2026-11. Of other types, a
//! snapshot is copied.

use super::support::{finding, rule, service, source_name, undecided, with_places};
use super::{Context, Outcome};
use crate::catalog::Support;
use crate::copy::Copy;
use crate::diagnostic::{Label, Severity};

const RULE: &str = "continuous-backup-not-copyable";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let Some((_, row)) = service(context, copy).filter(|(_, row)| row.continuous_copy == Some(Support::No)) else {
        return Outcome::NotApplicable;
    };
    let Some(continuous) = rule(context, copy).and_then(|rule| rule.continuous.as_ref()) else {
        return Outcome::Pass(Vec::new());
    };
    let name = source_name(context, copy);
    let (headline, words) = match continuous.value.as_bool() {
        Some(false) => return Outcome::Pass(Vec::new()),
        Some(true) => (
            format!(
                "whether {name} is copied cannot be told: continuous backups of {} are not copied, only full ones",
                row.label
            ),
            "backed up continuously",
        ),
        None => (
            format!("whether {name} is copied cannot be told: whether it is backed up continuously is not known"),
            "this decides",
        ),
    };
    let root = format!("{}|{name}", rule(context, copy).and_then(|rule| rule.name.text()).unwrap_or_default());
    let found = finding(RULE, root, headline, Some(Label::new(continuous.span, words)))
        .severity(Severity::Warning)
        .help("copy from a rule of its own, without continuous backup")
        .url("https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-saphana.html");
    undecided(with_places(found, context, copy))
}
