//! The key is shared only under a condition that the copy's request never meets.

use super::support::{
    self, ShareClass, fail, finding, policy_span, service, share_of, source_name, statements_to_add, with_places,
};
use super::{Context, Outcome};
use crate::copy::Copy;
use crate::diagnostic::Label;
use crate::iam::TraceKind;

const RULE: &str = "source-key-share-condition";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let Some((share, key)) = share_of(context, copy, ShareClass::Condition) else {
        return if support::shares(context, copy).is_empty() {
            Outcome::NotApplicable
        } else {
            Outcome::Pass(Vec::new())
        };
    };
    let Some(account) = support::destination_account(context, copy) else { return Outcome::NotApplicable };
    let via = service(context, copy).map(|(_, row)| &*row.via).unwrap_or_default();
    let shown = context.graph.account_name(account);
    let Some((action, decision)) = share.decisions.iter().find(|(_, decision)| decision.has(TraceKind::ConditionNever))
    else {
        return Outcome::NotApplicable;
    };
    let trace = decision.first(TraceKind::ConditionNever);
    let span = trace.and_then(|trace| trace.span).unwrap_or_else(|| policy_span(context, share.key, key));
    let statement = trace.map(|trace| trace.statement.clone()).unwrap_or_default();
    let reason = trace.map(|trace| trace.reason.clone()).unwrap_or_default();
    let mend = if reason.contains("Resource") {
        format!("write `\"Resource\": \"*\"` in {statement}")
    } else {
        format!("drop the condition from {statement}")
    };
    let found = finding(
        RULE,
        format!("{}|{}|{account}", key.site.unit, key.site.address),
        format!("the copy of {} to account {shown} will fail: its key `{}` is shared only under a condition that the copy never meets", source_name(context, copy), key.site.address),
        Some(Label::new(span, format!("{statement} {reason}"))),
    )
    .label(share.span, "the data is encrypted under this key")
    .note(format!("the copy is made by account {shown}'s service-linked role AWSServiceRoleForBackup, which needs `{action}` on this key"))
    .note(support::key_error(via))
    .help(format!("{mend}, or: {}", statements_to_add(context, share.key, key, account, via)))
    .url(super::source_key_not_shared::PAGE);
    let found = support::with_mistakes(found, context, &share, account);
    fail(with_places(found, context, copy))
}
