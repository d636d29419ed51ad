//! The key is shared, but an action that the copy needs is missing.

use super::support::{
    self, ShareClass, fail, finding, policy_span, service, share_of, source_name, statements_lacking, undecided,
    with_places,
};
use super::{Context, Outcome};
use crate::copy::Copy;
use crate::diagnostic::{Label, Severity};
use crate::iam::TraceKind;

const RULE: &str = "source-key-share-incomplete";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let Some((share, key)) = share_of(context, copy, ShareClass::Incomplete) else {
        return not_wholly(context, copy);
    };
    let Some(account) = support::destination_account(context, copy) else { return Outcome::NotApplicable };
    let via = service(context, copy).map(|(_, row)| &*row.via).unwrap_or_default();
    let shown = context.graph.account_name(account);
    let Some((action, decision)) = share.decisions.iter().find(|(_, decision)| decision.has(TraceKind::ActionMissing))
    else {
        return Outcome::NotApplicable;
    };
    let trace = decision.first(TraceKind::ActionMissing);
    let span = trace.and_then(|trace| trace.span).unwrap_or_else(|| policy_span(context, share.key, key));
    let statement = trace.map(|trace| trace.statement.clone()).unwrap_or_default();
    let reason = trace.map(|trace| trace.reason.clone()).unwrap_or_default();
    let found = finding(
        RULE,
        format!("{}|{}|{account}", key.site.unit, key.site.address),
        format!("the copy of {} to account {shown} will fail: its key `{}` is shared, but not wholly", source_name(context, copy), key.site.address),
        Some(Label::new(span, format!("{statement} {reason}"))),
    )
    .label(share.span, "the data is encrypted under this key")
    .note(format!("the copy is made by account {shown}'s service-linked role AWSServiceRoleForBackup, which needs `{action}` on this key"))
    .note(support::key_error(via))
    .help(statements_lacking(context, &share, key, account, via))
    .url(super::source_key_not_shared::PAGE);
    let found = support::with_mistakes(found, context, &share, account);
    fail(with_places(found, context, copy))
}

/// Where the grant can be made, and other actions that AWS's pages name are missing.
fn not_wholly(context: &Context<'_>, copy: &Copy) -> Outcome {
    let shares = support::shares(context, copy);
    let Some(account) = support::destination_account(context, copy).filter(|_| !shares.is_empty()) else {
        return Outcome::NotApplicable;
    };
    let shown = context.graph.account_name(account);
    let via = service(context, copy).map(|(_, row)| &*row.via).unwrap_or_default();
    for share in shares {
        // What RDS does not need is nobody's fault.
        if share.class() != ShareClass::AtRisk {
            continue;
        }
        let Some(key) = context.graph.key(share.key) else { continue };
        let lacking = share.lacking();
        let actions: Vec<String> = lacking.iter().map(|(action, _)| format!("`{action}`")).collect();
        let trace = lacking.iter().find_map(|(_, decision)| decision.because.iter().find(|trace| trace.span.is_some()));
        let span = trace.and_then(|trace| trace.span).unwrap_or_else(|| policy_span(context, share.key, key));
        let name = source_name(context, copy);
        let headline = format!(
            "whether {name} can be copied to account {shown} cannot be told: its key `{}` is shared without {}, which AWS's pages ask for",
            key.site.address,
            actions.join(" and ")
        );
        let found = finding(
            RULE,
            format!("{}|{}|{account}", key.site.unit, key.site.address),
            headline,
            Some(Label::new(span, format!("does not allow {}", actions.join(" and ")))),
        )
        .label(share.span, "the data is encrypted under this key")
        .help(statements_lacking(context, &share, key, account, via))
        .url(super::source_key_not_shared::PAGE);
        return undecided(with_places(found.severity(Severity::Warning), context, copy));
    }
    Outcome::Pass(Vec::new())
}
