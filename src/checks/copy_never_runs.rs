//! A plan whose copy actions reach nothing that is known, or that may not exist.

use super::support::{action_span, source_name, undecided, with_why};
use super::{Context, Outcome};
use crate::copy::{Copy, CopySource};
use crate::diagnostic::{Label, Severity};
use crate::graph::Why;
use crate::model::Site;

const RULE: &str = "copy-never-runs";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let site = context.graph.plan(copy.plan).map(|plan| &plan.site);
    let plan = site.map(|site| declared(site).to_owned()).unwrap_or_default();
    let primary = |words: &str| action_span(context, copy).map(|span| Label::new(span, words));
    let nothing = match &copy.source {
        CopySource::Unknown(why) => Some(&**why),
        _ => copy.selected(),
    };
    let (why, message, words, help) = match nothing {
        Some(why) => (
            why.clone(),
            format!("what the plan `{plan}` copies cannot be told: {}", why.text),
            "what this copies is not known",
            "load the code that declares the data stores, or name them by ARN in the selection",
        ),
        None => match doubt(copy) {
            Some(why) => (
                why.clone(),
                format!("whether the plan `{plan}` copies {} cannot be told: {}", source_name(context, copy), why.text),
                "whether this is copied is not known",
                "give the input that decides it, with --var, --var-file, --parameters or in crossvault.toml",
            ),
            None => return Outcome::Pass(Vec::new()),
        },
    };
    let root = format!("{plan}: {}", why.text);
    let finding = super::support::finding(RULE, root, message, primary(words));
    undecided(with_why(finding, &why).severity(Severity::Warning).help(help))
}

/// The plan as declared: an organization's policy makes the same plan in many places.
fn declared(site: &Site) -> &str {
    if site.kind.ends_with("backup_plan") || &*site.kind == "AWS::Backup::BackupPlan" {
        return &site.address;
    }
    site.address.rsplit_once('@').map_or(&*site.address, |(plan, _)| plan)
}

/// Why it is not certain that the copy is made, given that the selection reaches its source.
pub(super) fn doubt(copy: &Copy) -> Option<Why> {
    if let Some(guard) = copy.when().first() {
        let not = if guard.holds { "" } else { "not " };
        return Some(Why { text: format!("it is made only where {not}`{}`", guard.text), span: guard.span });
    }
    copy.counted().cloned()
}
