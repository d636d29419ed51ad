//! Renderers of an analysis.

pub mod concise;
pub mod copies;
pub mod coverage;
pub mod diff;
mod escape;
pub mod github;
pub mod gitlab;
pub mod html;
pub mod human;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod picture;
pub mod sarif;
mod summary;
pub mod svg;
pub mod values;
mod words;

pub(crate) use summary::headline;
pub(crate) use words::printable;

use crate::analysis::Analysis;
use crate::checks::{Judgement, Verdict};
use crate::copy::CopySource;
use crate::graph::VaultTarget;
use crate::source::normalize;

/// How paths of the working directory are called from the root of the repository, as code hosts want them.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The working directory within the repository, with a slash at its end; empty where they are the same.
    prefix: String,
    /// The repository's root, absolute, with a slash at its end.
    root: Option<String>,
}

impl Places {
    /// The working directory `cwd` in the repository at `root`, both absolute.
    pub fn new(cwd: &str, root: &str) -> Self {
        let root = format!("{}/", root.trim_end_matches('/'));
        let cwd = format!("{}/", cwd.trim_end_matches('/'));
        Self { prefix: cwd.strip_prefix(&root).unwrap_or_default().to_owned(), root: Some(root) }
    }

    /// The path from the repository's root.
    pub fn of(&self, path: &str) -> String {
        match (path.starts_with('/'), &self.root) {
            (true, Some(root)) => path.strip_prefix(root.as_str()).unwrap_or(path).to_owned(),
            (true, None) => path.to_owned(),
            (false, _) => normalize(&format!("{}{path}", self.prefix)),
        }
    }

    /// The same as a relative reference of a URI.
    pub(crate) fn uri(&self, path: &str) -> String {
        const KEPT: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
            .remove(b'/')
            .remove(b'.')
            .remove(b'-')
            .remove(b'_')
            .remove(b'~')
            .remove(b'@')
            .remove(b'+');
        percent_encoding::utf8_percent_encode(&self.of(path), KEPT).to_string()
    }
}

/// How tables name a copy's source.
pub(crate) fn source_text(analysis: &Analysis, judgement: &Judgement) -> String {
    match &judgement.copy.source {
        CopySource::Store(id) => analysis
            .graph
            .store(*id)
            .map(|store| format!("{} ({})", store.site.address, store.service))
            .unwrap_or_default(),
        CopySource::Arn(named) => named.arn.to_string(),
        CopySource::Unknown(_) => "?".to_owned(),
    }
}

/// How tables name a copy's destination.
pub(crate) fn destination_text(analysis: &Analysis, judgement: &Judgement) -> String {
    let place = |place: &crate::aws::Place| {
        let account = match place.account.known() {
            Some(_) => analysis.graph.account_name(&place.account),
            None => place.account.to_string(),
        };
        format!("{account}/{}", place.region)
    };
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

#[cfg(test)]
mod tests {
    use super::Places;

    #[test]
    fn paths_are_told_from_the_root_of_the_repository() {
        let places = Places::new("/r/sub dir", "/r");
        assert_eq!(places.of("a.tf"), "sub dir/a.tf");
        assert_eq!(places.of("../b.tf"), "b.tf");
        assert_eq!(places.of("/r/c.tf"), "c.tf");
        assert_eq!(places.uri("a#%.tf"), "sub%20dir/a%23%25.tf");
        assert_eq!(Places::default().of("a.tf"), "a.tf");
    }
}
