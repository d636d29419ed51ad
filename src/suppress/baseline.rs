//! A baseline: the findings that were there when it was written, by rule, addresses and accounts, never by line.

use crate::aws::Account;
use crate::checks::{Judged, Judgement};
use crate::copy::{CopyId, CopySource};
use crate::diagnostic::Diagnostic;
use crate::graph::{Graph, VaultTarget};
use crate::secret::Mask;
use crate::source::{FileId, Sources, Span};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;

const VERSION: u64 = 1;

/// A finding of a rule on a copy, and whether it could not be told.
pub(super) type Held = (CopyId, &'static str, bool);

/// One rule's finding on one copy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    rule: String,
    undecided: bool,
    source: Option<String>,
    source_account: Option<String>,
    plan: String,
    plan_rule: Option<String>,
    destination: Option<String>,
    destination_account: Option<String>,
    /// The unit when it was written: decides between entries that are equal otherwise, so that a unit may be renamed.
    unit: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema_version: u64,
    findings: Vec<Entry>,
}

/// A baseline file.
#[derive(Clone, Debug)]
pub struct Baseline {
    entries: Arc<[Entry]>,
    /// The whole file.
    pub span: Span,
}

/// Reads the baseline at `path`.
pub fn read(sources: &Sources, path: &str) -> Result<Baseline, Diagnostic> {
    let file = sources.load(path).map_err(|error| Diagnostic::unreadable(path, error.to_string()))?;
    let text = sources.text(file);
    let parsed: File = serde_json::from_str(&text).map_err(|error| {
        let at = offset(sources, file, error.line(), error.column());
        let words = error.to_string();
        let words = words.split(" at line ").next().unwrap_or_default();
        Diagnostic::bad_input(Span::new(file, at..at), format!("the baseline cannot be read: {words}"))
    })?;
    let span = Span::new(file, 0..text.len());
    if parsed.schema_version != VERSION {
        let version = parsed.schema_version;
        let message = format!("the baseline is of schema version {version}; this program reads version {VERSION}");
        return Err(Diagnostic::bad_input(Span::new(file, 0..0), message));
    }
    Ok(Baseline { entries: parsed.findings.into(), span })
}

fn offset(sources: &Sources, file: FileId, line: usize, column: usize) -> usize {
    let start = sources.line_range(file, line.saturating_sub(1)).map_or(0, |range| range.start);
    start + column.saturating_sub(1)
}

/// The finding of `rule` on the copy as an entry.
pub(super) fn entry(graph: &Graph, judgement: &Judgement, rule: &str, undecided: bool) -> Entry {
    let copy = &judgement.copy;
    let id = |account: &Account| account.known().map(ToString::to_string);
    let plan = graph.plan(copy.plan);
    let plan_unit = plan.map(|plan| plan.site.unit.to_string()).unwrap_or_default();
    let (source, source_account, unit) = match &copy.source {
        CopySource::Store(store) => match graph.store(*store).map(|store| &store.site) {
            Some(site) => (Some(site.address.to_string()), id(&site.place.account), site.unit.to_string()),
            None => (None, None, plan_unit),
        },
        CopySource::Arn(named) => (Some(named.arn.to_string()), None, plan_unit),
        CopySource::Unknown(_) => (None, None, plan_unit),
    };
    let (destination, destination_account) = match &copy.destination {
        VaultTarget::Vault(vault) => match graph.vault(*vault).map(|vault| &vault.site) {
            Some(site) => (Some(site.address.to_string()), id(&site.place.account)),
            None => (None, None),
        },
        VaultTarget::External { arn, name, place, .. } => {
            (arn.as_ref().or(name.as_ref()).map(ToString::to_string), id(&place.account))
        }
        VaultTarget::Unknown(_) => (None, None),
    };
    let plan_rule = plan.and_then(|plan| plan.rules.get(copy.rule)).and_then(|rule| rule.name.text());
    Entry {
        rule: rule.to_owned(),
        undecided,
        source,
        source_account,
        plan: plan.map(|plan| plan.site.address.to_string()).unwrap_or_default(),
        plan_rule: plan_rule.map(|name| name.to_string()),
        destination,
        destination_account,
        unit,
    }
}

impl Entry {
    /// The same without secrets: a key of `for_each` may be one.
    pub(super) fn masked(mut self, mask: Option<&Mask>) -> Self {
        let Some(mask) = mask else { return self };
        let optional = [&mut self.source, &mut self.plan_rule, &mut self.destination];
        for text in optional.into_iter().flatten().chain([&mut self.plan, &mut self.unit]) {
            if let Some(masked) = mask.masked(text) {
                *text = masked;
            }
        }
        self
    }
}

/// The file's text: one line an entry, sorted, so that two branches that change it merge.
pub(super) fn write(mut entries: Vec<Entry>) -> String {
    entries.sort();
    let mut out = format!("{{\n  \"schema_version\": {VERSION},\n  \"findings\": [");
    for (at, entry) in entries.iter().enumerate() {
        let line = serde_json::to_string(entry).unwrap_or_default();
        let comma = if at > 0 { "," } else { "" };
        let _ = write!(out, "{comma}\n    {line}");
    }
    out.push_str(if entries.is_empty() { "]\n}\n" } else { "\n  ]\n}\n" });
    out
}

impl Baseline {
    /// The file's text without these entries.
    pub(super) fn without(&self, stale: &[usize]) -> String {
        let kept = self.entries.iter().enumerate().filter(|(at, _)| !stale.contains(at));
        write(kept.map(|(_, entry)| entry.clone()).collect())
    }

    /// The findings that the baseline holds, and its entries that hold nothing.
    ///
    /// An entry holds one finding. Entries of the same unit come first, then those of another one: a unit that was
    /// renamed keeps its findings. One that failed also holds where it cannot be told any more, not the other way
    /// round. An entry of a unit that is not `known` to this run is not stale.
    pub(super) fn holds(
        &self,
        graph: &Graph,
        mask: Option<&Mask>,
        judged: &[Judged],
        by_id: &HashMap<CopyId, &Judgement>,
        counts: &dyn Fn(&str) -> bool,
        known: &dyn Fn(&str) -> bool,
    ) -> (BTreeSet<Held>, Vec<usize>) {
        let mut open: Vec<(Held, Entry)> = Vec::new();
        for group in judged {
            let rule = group.finding.rule;
            for (copy, judgement) in group.copies.iter().filter_map(|copy| Some((*copy, by_id.get(copy)?))) {
                let entry = entry(graph, judgement, rule, group.undecided).masked(mask);
                open.push(((copy, rule, group.undecided), entry));
            }
        }
        let mut held = BTreeSet::new();
        let mut left: BTreeSet<usize> = (0..self.entries.len()).collect();
        for (same_unit, same_answer) in [(true, true), (true, false), (false, true), (false, false)] {
            let key = |entry: &Entry| {
                let mut key = entry.clone();
                if !same_unit {
                    key.unit.clear();
                }
                key
            };
            let mut at_hand: BTreeMap<Entry, Vec<usize>> = BTreeMap::new();
            for (at, entry) in self.entries.iter().enumerate().rev().filter(|(at, _)| left.contains(at)) {
                // One that was written before its secrets were known is the same finding.
                at_hand.entry(key(entry).masked(mask)).or_default().push(at);
            }
            open.retain(|(finding, entry)| {
                let mut wanted = key(entry);
                if !same_answer {
                    wanted.undecided = false;
                }
                match at_hand.get_mut(&wanted).and_then(Vec::pop) {
                    Some(at) => {
                        left.remove(&at);
                        held.insert(*finding);
                        false
                    }
                    None => true,
                }
            });
        }
        let stale = left
            .into_iter()
            .filter(|at| self.entries.get(*at).is_some_and(|entry| counts(&entry.rule) && known(&entry.unit)));
        let stale = stale.collect();
        (held, stale)
    }
}
