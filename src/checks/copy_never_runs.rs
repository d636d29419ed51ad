//! A plan whose copy actions reach nothing that is known.

use super::support::{action_span, undecided, with_why};
use super::{Context, Outcome};
use crate::copy::{Copy, CopySource};
use crate::diagnostic::{Label, Severity};

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let plan = context.graph.plan(copy.plan).map(|plan| plan.site.address.to_string()).unwrap_or_default();
    let why = match (&copy.source, &copy.selected) {
        (CopySource::Unknown(why), _) => why,
        (_, Some(why)) => why,
        _ => return Outcome::Pass(Vec::new()),
    };
    let primary = action_span(context, copy).map(|span| Label::new(span, "what this copies is not known"));
    let finding = super::support::finding(
        "copy-never-runs",
        format!("{plan}: {}", why.text),
        format!("what the plan `{plan}` copies cannot be told: {}", why.text),
        primary,
    );
    undecided(
        with_why(finding, why)
            .severity(Severity::Warning)
            .help("load the code that declares the data stores, or name them by ARN in the selection"),
    )
}
