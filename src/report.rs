//! Renderers of an analysis.

pub mod concise;
pub mod copies;
pub mod human;
pub mod json;
mod summary;
pub mod values;
mod words;

use crate::analysis::Analysis;
use crate::checks::{Judgement, Verdict};
use crate::copy::CopySource;
use crate::graph::VaultTarget;

/// How tables name a copy's source.
pub(crate) fn source_text(analysis: &Analysis, judgement: &Judgement) -> String {
    match &judgement.copy.source {
        CopySource::Store(id) => analysis
            .graph
            .store(*id)
            .map(|store| format!("{} ({})", store.site.address, store.service))
            .unwrap_or_default(),
        CopySource::Arn { arn, .. } => arn.to_string(),
        CopySource::Unknown(_) => "?".to_owned(),
    }
}

/// How tables name a copy's destination.
pub(crate) fn destination_text(analysis: &Analysis, judgement: &Judgement) -> String {
    let place = |place: &crate::aws::Place| format!("{}/{}", analysis.graph.account_name(&place.account), place.region);
    match &judgement.copy.destination {
        VaultTarget::Vault(id) => analysis
            .graph
            .vault(*id)
            .map(|vault| {
                format!(
                    "{} in {}",
                    vault.name.text().unwrap_or_else(|| vault.site.address.clone()),
                    place(&vault.site.place)
                )
            })
            .unwrap_or_default(),
        VaultTarget::External { name, place: at, .. } => format!("{} in {}", name.as_deref().unwrap_or("?"), place(at)),
        VaultTarget::Unknown(_) => "?".to_owned(),
    }
}

/// The plan and rule.
pub(crate) fn plan_text(analysis: &Analysis, judgement: &Judgement) -> String {
    let plan = analysis.graph.plan(judgement.copy.plan);
    let rule = plan.and_then(|plan| plan.rules.get(judgement.copy.rule)).and_then(|rule| rule.name.text());
    format!("{}/{}", plan.map(|plan| plan.site.address.to_string()).unwrap_or_default(), rule.as_deref().unwrap_or("?"))
}

/// The word for a verdict.
pub(crate) fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fails => "fails",
        Verdict::Undecided => "undecided",
        Verdict::Succeeds => "succeeds",
    }
}

/// (succeeds, fails, undecided).
pub(crate) fn counts(analysis: &Analysis) -> (usize, usize, usize) {
    let of = |verdict| analysis.judgements.iter().filter(|judgement| judgement.verdict == verdict).count();
    (of(Verdict::Succeeds), of(Verdict::Fails), of(Verdict::Undecided))
}
