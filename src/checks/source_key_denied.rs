//! An explicit Deny in the key's policy hits the copy.

use super::support::{self, ShareClass, fail, finding, policy_span, service, share_of, source_name, with_places};
use super::{Context, Outcome};
use crate::copy::Copy;
use crate::diagnostic::Label;
use crate::iam::TraceKind;

const RULE: &str = "source-key-denied";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let Some((share, key)) = share_of(context, copy, ShareClass::Denied) else {
        return if support::shares(context, copy).is_empty() {
            Outcome::NotApplicable
        } else {
            Outcome::Pass(Vec::new())
        };
    };
    let Some(account) = support::destination_account(context, copy) else { return Outcome::NotApplicable };
    let via = service(context, copy).map(|(_, row)| &*row.via).unwrap_or_default();
    let shown = context.graph.account_name(account);
    let Some((action, decision)) = share.decisions.iter().find(|(_, decision)| decision.has(TraceKind::Denies)) else {
        return Outcome::NotApplicable;
    };
    let trace = decision.first(TraceKind::Denies);
    let span = trace.and_then(|trace| trace.span).unwrap_or_else(|| policy_span(context, share.key, key));
    let statement = trace.map(|trace| trace.statement.clone()).unwrap_or_default();
    let reason = trace.map(|trace| trace.reason.clone()).unwrap_or_default();
    let found = finding(
        RULE,
        format!("{}|{}|{account}", key.site.unit, key.site.address),
        format!("the copy of {} to account {shown} will fail: a Deny in the policy of its key `{}` hits the copy", source_name(context, copy), key.site.address),
        Some(Label::new(span, format!("{statement} {reason}"))),
    )
    .label(share.span, "the data is encrypted under this key")
    .note(format!("the copy is made by account {shown}'s service-linked role AWSServiceRoleForBackup, which needs `{action}` on this key"))
    .note(support::key_error(via))
    .help(format!("except account {shown} from {statement}; an explicit Deny wins over every Allow"))
    .url(super::source_key_not_shared::PAGE);
    fail(with_places(found, context, copy))
}
