//! The organization's cross-account backup switch is off.

use super::support::{CROSS_ACCOUNT_PAGE, action_span, assumed, fail, finding, undecided, with_places, with_why};
use super::{Context, Outcome};
use crate::copy::Copy;
use crate::diagnostic::Label;
use crate::graph::Switch;

const RULE: &str = "cross-account-backup-disabled";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    if copy.cross_account != Some(true) {
        return Outcome::NotApplicable;
    }
    match &context.graph.cross_account {
        Some(Switch::On { span }) => {
            Outcome::Pass(span.map(|span| Label::new(span, "switched on")).into_iter().collect())
        }
        Some(Switch::Off { span }) => {
            let code = ":\nresource \"aws_backup_global_settings\" \"organization\" {\n  global_settings = {\n    \"isCrossAccountBackupEnabled\" = \"true\"\n  }\n}";
            let found = finding(
                RULE,
                "organization",
                "every copy to another account will fail: cross-account backup is switched off in the organization",
                span.map(|span| Label::new(span, "switched off here")).or_else(|| {
                    let words = "this copy leaves the account, and the configuration says that the switch is off";
                    action_span(context, copy).map(|span| Label::new(span, words))
                }),
            )
            .note("AWS says: Copy job failed. Cross-account copy feature is not enabled for the current organization.")
            .help(format!(
                "switch cross-account backup on in the management account{}",
                if span.is_some() { code } else { "" }
            ))
            .url(CROSS_ACCOUNT_PAGE);
            fail(with_places(found, context, copy))
        }
        Some(Switch::Unknown(why)) => {
            let found = finding(
                RULE,
                "organization",
                format!("whether cross-account backup is switched on cannot be told: {}", why.text),
                why.span.map(|span| Label::new(span, "this decides")),
            );
            undecided(with_places(with_why(found, why), context, copy))
        }
        Some(Switch::Unstated) | None => assumed(
            context,
            RULE,
            "cross-account backup is switched on in the organization",
            "set cross_account_backup under [organization] in crossvault.toml",
        ),
    }
}
