//! An option group whose options bind the snapshot to the account or Region.
//!
//! Source: <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html> and
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/cross-region-backup.html>, read 2026-11: a snapshot with an option
//! group of permanent or persistent options (TDE, Timezone, OLS) cannot be shared, or needs the same options elsewhere. Only
//! Oracle and SQL Server have such options.

use super::support::{fail, finding, service, source_name, store, undecided, with_places};
use super::{Context, Finding, Outcome};
use crate::copy::Copy;
use crate::diagnostic::{Label, Severity};
use crate::model::{OptionGroup, Setting};

const RULE: &str = "rds-option-group";

/// The options that bind a snapshot.
const BINDING: [&str; 3] = ["TDE", "Timezone", "OLS"];

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let Some(store) = store(context, copy).filter(|_| service(context, copy).is_some_and(|(name, _)| name == "rds"))
    else {
        return Outcome::NotApplicable;
    };
    let Some(group) = store.facts.get("option_group") else { return Outcome::NotApplicable };
    let engine = store.facts.get("engine").and_then(|engine| engine.value.text());
    // RDS's own default groups have no options.
    if group.value.text().is_some_and(|name| name.starts_with("default:"))
        || engine.as_ref().is_some_and(|engine| !engine.starts_with("oracle") && !engine.starts_with("sqlserver"))
    {
        return Outcome::Pass(Vec::new());
    }
    let name = source_name(context, copy);
    let root = format!("{}|{}", store.site.unit, store.site.address);
    let told = |headline: String, label: Label| -> Finding {
        finding(RULE, root.clone(), headline, Some(label))
            .label(group.span, "its option group")
            .help("use an option group without these options, or copy the instance by other means")
            .url("https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html")
    };
    let open = |why: &str| {
        let headline =
            format!("whether {name} can be copied cannot be told: its option group may have options that forbid it");
        let found = told(headline, Label::new(group.span, why)).note("a snapshot with TDE cannot be shared with another account; in another Region the copy needs an option group with the same permanent and persistent options");
        undecided(with_places(found.severity(Severity::Warning), context, copy))
    };
    let (options, more) = match context.graph.option_group(group, &store.site.place) {
        Ok(OptionGroup { options, open: more, .. }) => (options, more),
        Err(why) => return open(&why.text),
    };
    let binding: Vec<(&Setting, &str)> = options
        .iter()
        .filter_map(|option| {
            let text = option.value.text()?;
            BINDING.iter().find(|name| text.eq_ignore_ascii_case(name)).map(|name| (option, *name))
        })
        .collect();
    if let Some((option, _)) = binding.iter().find(|(_, name)| *name == "TDE" && copy.cross_account == Some(true)) {
        let headline = format!(
            "the copy of {name} to another account will fail: its option group has Transparent Data Encryption"
        );
        let found = told(headline, Label::new(option.span, "a snapshot with TDE cannot be shared"));
        return fail(with_places(found, context, copy));
    }
    if more.is_some() || options.iter().any(|option| option.value.text().is_none()) {
        return open("which options it has is not wholly known");
    }
    let Some((option, option_name)) = binding.first() else { return Outcome::Pass(Vec::new()) };
    if copy.cross_region == Some(true) {
        let target = context.graph.place(&copy.destination);
        let same_there = context.graph.entities.option_groups.iter().any(|other| {
            target.is_some_and(|target| {
                other.site.place.account.same(&target.account) != Some(false)
                    && other.site.place.region.same(&target.region) != Some(false)
            }) && binding.iter().all(|(_, name)| {
                let has = |option: &Setting| option.value.text().is_some_and(|text| text.eq_ignore_ascii_case(name));
                other.options.iter().any(has)
            })
        });
        if same_there {
            return open(
                "the destination Region has an option group with these options; whether AWS Backup takes it is not documented",
            );
        }
        let headline = format!(
            "the copy of {name} to another Region will fail: it needs an option group with the option {option_name} there"
        );
        let found = told(headline, Label::new(option.span, "AWS Backup does not pass the option group on"))
            .note("AWS says: The snapshot requires a target option group with the following options: ....");
        return fail(with_places(found, context, copy));
    }
    if copy.cross_account == Some(true) {
        let headline = format!(
            "whether {name} can be copied to another account cannot be told: AWS Backup does not pass the option group on"
        );
        let found = told(headline, Label::new(option.span, format!("the option {option_name}")));
        return undecided(with_places(found.severity(Severity::Warning), context, copy));
    }
    Outcome::Pass(Vec::new())
}
