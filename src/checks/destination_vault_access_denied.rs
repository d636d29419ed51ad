//! An explicit Deny in the destination vault's access policy hits the copy.

use super::destination_vault_access_missing::{ERROR, decision};
use super::support::{destination_name, fail, finding, with_places};
use super::{Context, Outcome};
use crate::copy::Copy;
use crate::diagnostic::Label;
use crate::iam::{Answer, TraceKind};

const RULE: &str = "destination-vault-access-denied";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let Some((vault, _, decision)) = decision(context, copy) else { return Outcome::NotApplicable };
    let denied = decision.first(TraceKind::Denies).filter(|_| decision.answer == Answer::Denied);
    let Some(trace) = denied else { return Outcome::Pass(Vec::new()) };
    let span = trace.span.unwrap_or(vault.site.header);
    let found = finding(
        RULE,
        format!("{}|{}", vault.site.unit, vault.site.address),
        format!(
            "copies into {} will fail: a Deny in the vault's access policy hits them",
            destination_name(context, copy)
        ),
        Some(Label::new(span, format!("{} {}", trace.statement, trace.reason))),
    )
    .note(ERROR)
    .help("except the source account or its backup role from this statement; an explicit Deny wins over every Allow");
    fail(with_places(found, context, copy))
}
