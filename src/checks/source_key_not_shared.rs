//! The customer managed key's policy gives the destination account nothing.

use super::support::{
    self, ShareClass, fail, finding, key_matters, policy_span, service, share_of, shares, source_keys, source_name,
    statements_to_add, undecided, with_places, with_why,
};
use super::{Context, Outcome};
use crate::copy::Copy;
use crate::diagnostic::Label;
use crate::graph::{EffectivePolicy, KeyUse};
use crate::iam::{Answer, TraceKind};

const RULE: &str = "source-key-not-shared";
pub(super) const PAGE: &str = "https://repost.aws/knowledge-center/backup-cross-account-copy-error";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    if !key_matters(context, copy) {
        return Outcome::NotApplicable;
    }
    let name = source_name(context, copy);
    let via = service(context, copy).map(|(_, row)| &*row.via).unwrap_or_default();
    let Some(account) = support::destination_account(context, copy) else { return Outcome::NotApplicable };
    let shown = context.graph.account_name(account);
    if let Some((share, key)) = share_of(context, copy, ShareClass::Nothing) {
        let span = policy_span(context, share.key, key);
        let absent = matches!(context.graph.key_policies.get(share.key.0 as usize), Some(EffectivePolicy::Absent));
        let words = if absent {
            "this key has no policy, so AWS's default: only its own account may use it"
        } else {
            "the key's policy names only others"
        };
        let others: Vec<String> = share
            .denied()
            .filter(|_| !absent)
            .map(|(_, decision)| {
                decision
                    .because
                    .iter()
                    .filter(|trace| trace.kind == TraceKind::OtherPrincipal)
                    .map(|trace| trace.statement.clone())
                    .collect()
            })
            .unwrap_or_default();
        let mut found = finding(
            RULE,
            format!("{}|{}|{account}", key.site.unit, key.site.address),
            format!("the copy of {name} to account {shown} will fail: its key `{}` is not shared with that account", key.site.address),
            Some(Label::new(span, words)),
        )
        .label(share.span, "the data is encrypted under this key")
        .note(format!("the copy is made by account {shown}'s service-linked role AWSServiceRoleForBackup, which needs kms:CreateGrant and kms:DescribeKey on this key"));
        if !others.is_empty() {
            found = found.note(format!("{} allows these actions to other principals only", others.join(", ")));
        }
        let found = support::with_mistakes(found, context, &share, account);
        let found = found
            .note(support::key_error(via))
            .help(statements_to_add(context, share.key, key, account, via))
            .url(PAGE);
        return fail(with_places(found, context, copy));
    }
    for used in source_keys(context, copy) {
        if let KeyUse::External { name: key, span } = used {
            let text = key.text().map_or_else(|| "a key".to_owned(), |text| format!("the key `{text}`"));
            let found = finding(
                RULE,
                format!("{text}|{account}"),
                format!(
                    "whether {name} can be copied to account {shown} cannot be told: no loaded code defines {text}"
                ),
                Some(Label::new(*span, "its policy is not known")),
            )
            .help("load the code that defines the key, or give its policy under [[known.key]] in crossvault.toml");
            return undecided(with_places(found, context, copy));
        }
    }
    for share in shares(context, copy) {
        if share.class() != ShareClass::Undecided {
            continue;
        }
        let Some(key) = context.graph.key(share.key) else { continue };
        let open = share.decisions.iter().find(|(_, decision)| decision.answer == Answer::Unknown);
        let trace = open.and_then(|(_, decision)| decision.because.first());
        let words = match (&share.unknown, trace) {
            (Some(why), _) => why.text.clone(),
            (None, Some(trace)) => format!("{}: {}", trace.statement, trace.reason),
            (None, None) => "its policy is not wholly known".to_owned(),
        };
        let span = trace.and_then(|trace| trace.span).unwrap_or_else(|| policy_span(context, share.key, key));
        // The actions through which service AWS Backup calls, its pages do not say of each one.
        let undocumented = words.contains("kms:ViaService") || words.contains(" only via ");
        let help = match (undocumented, open) {
            (true, Some((action, _))) => format!(
                "AWS does not document through which service `{action}` is called here: allow it in a statement without this condition"
            ),
            _ => {
                "give the input that decides it, or name the destination account's root in the key's policy".to_owned()
            }
        };
        let mut found = finding(
            RULE,
            format!("{}|{}|{account}", key.site.unit, key.site.address),
            format!("whether the key `{}` is shared with account {shown} cannot be told: {words}", key.site.address),
            Some(Label::new(span, "this decides")),
        )
        .label(share.span, "the data is encrypted under this key")
        .help(help);
        if let Some(why) = &share.unknown {
            found = with_why(found, why);
        }
        found = support::with_mistakes(found, context, &share, account);
        return undecided(with_places(found, context, copy));
    }
    let mut seen = Vec::new();
    for share in shares(context, copy) {
        for (action, decision) in share.decisions.iter() {
            let Some(trace) = decision.first(TraceKind::Allows) else { continue };
            seen.extend(trace.span.map(|span| Label::new(span, format!("{} allows `{action}`", trace.statement))));
        }
    }
    Outcome::Pass(seen)
}
