//! The diagnostics that the client has, by file: what did not change is neither made nor told again.

use super::places::Uris;
use super::told;
use crate::analysis::{Analysis, Reported};
use crate::checks::Finding;
use crate::secret::Mask;
use crate::source::FileId;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

#[derive(Default)]
pub(super) struct Published {
    files: BTreeMap<Arc<str>, Vec<Arc<Json>>>,
    /// The diagnostic of each finding, by the finding's fingerprint.
    findings: HashMap<String, Known>,
    /// What is masked in them.
    secrets: BTreeSet<Arc<str>>,
    pub(super) mask: Option<Mask>,
}

struct Known {
    finding: Finding,
    undecided: bool,
    copies: usize,
    told: Option<(Arc<str>, Arc<Json>)>,
}

impl Published {
    /// Takes up what the analysis says after `before`; the files of which something else is told now, each with all of it.
    pub(super) fn update(
        &mut self,
        analysis: &Analysis,
        before: Option<&Analysis>,
        uris: &Uris,
    ) -> Vec<(Arc<str>, Vec<Arc<Json>>)> {
        let secrets = analysis.secrets();
        if secrets != self.secrets {
            self.mask = Mask::new(&secrets);
            self.secrets = secrets;
            self.findings.clear();
        }
        let mask = self.mask.as_ref();
        let placed = |(file, mut told): (FileId, Json)| {
            mask.iter().for_each(|mask| mask.apply_json(&mut told));
            (analysis.sources.path(file), Arc::new(told))
        };
        let mut now: BTreeMap<Arc<str>, Vec<Arc<Json>>> = BTreeMap::new();
        for diagnostic in &analysis.diagnostics {
            if let Some((path, told)) = told::of_input(analysis, uris, diagnostic).map(placed) {
                now.entry(path).or_default().push(told);
            }
        }
        let mut findings = HashMap::with_capacity(analysis.findings.len());
        for reported in &analysis.findings {
            let known = self.findings.remove(&reported.fingerprint);
            let known = known.filter(|known| known.is(reported, analysis, before)).unwrap_or_else(|| Known {
                finding: reported.finding.clone(),
                undecided: reported.undecided,
                copies: reported.copies.len(),
                told: told::of_finding(analysis, uris, reported).map(placed),
            });
            if let Some((path, told)) = &known.told {
                now.entry(path.clone()).or_default().push(told.clone());
            }
            findings.insert(reported.fingerprint.clone(), known);
        }
        self.findings = findings;
        let last = std::mem::replace(&mut self.files, now);
        let gone = last.keys().filter(|path| !self.files.contains_key(*path)).map(|path| (path.clone(), Vec::new()));
        let same = |old: &Vec<Arc<Json>>, new: &Vec<Arc<Json>>| {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| Arc::ptr_eq(old, new) || old == new)
        };
        let changed = self.files.iter().filter(|(path, new)| last.get(*path).is_none_or(|old| !same(old, new)));
        let mut out: Vec<_> = gone.chain(changed.map(|(path, new)| (path.clone(), new.clone()))).collect();
        out.sort_by(|(one, _), (other, _)| one.cmp(other));
        out
    }
}

impl Known {
    /// Whether the same is to be told of the finding: lines and columns are those of texts that are as they were.
    fn is(&self, reported: &Reported, analysis: &Analysis, before: Option<&Analysis>) -> bool {
        let Some(before) = before else { return false };
        let as_it_was = |file: FileId| Arc::ptr_eq(&analysis.sources.text(file), &before.sources.text(file));
        let mut labels = reported.finding.primary.iter().chain(&reported.finding.labels);
        self.undecided == reported.undecided
            && self.copies == reported.copies.len()
            && self.finding == reported.finding
            && labels.all(|label| as_it_was(label.span.file))
    }
}
