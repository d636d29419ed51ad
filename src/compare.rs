//! What changes between two analyses of the same code: copies matched by identity, verdicts compared.

use crate::analysis::{Analysis, Reported};
use crate::checks::{Judgement, Verdict};
use crate::copy::{CopyId, CopySource};
use crate::diagnostic::Severity;
use crate::graph::VaultTarget;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How a copy changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It fails now, and did not before.
    Broken,
    /// It is planned now, and was not before.
    New,
    /// Its verdict was proven before, and is open now.
    Undecided,
    /// It succeeds now, and did not before; or it failed, and that is no longer proven.
    Mended,
    /// It is no longer planned.
    Gone,
}

impl Change {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::New => "new",
            Self::Undecided => "undecided",
            Self::Mended => "mended",
            Self::Gone => "gone",
        }
    }
}

/// A copy whose verdict is not what it was.
#[derive(Clone, Copy, Debug)]
pub struct Changed<'a> {
    pub change: Change,
    pub before: Option<&'a Judgement>,
    pub after: Option<&'a Judgement>,
    /// Whether it counts for the exit code.
    pub worse: bool,
}

/// All changes, the worst first, and what makes them worse.
#[derive(Clone, Debug)]
pub struct Comparison<'a> {
    pub changes: Vec<Changed<'a>>,
    /// Copies whose verdict is what it was.
    pub unchanged: usize,
    /// Findings of `after` on copies that got worse.
    pub findings: Vec<&'a Reported>,
}

impl Comparison<'_> {
    /// The copies of the later analysis that are not what they were.
    pub fn changed(&self) -> BTreeSet<CopyId> {
        self.changes.iter().filter_map(|changed| Some(changed.after?.copy.id)).collect()
    }

    /// Those of them that got worse.
    pub fn worse(&self) -> BTreeSet<CopyId> {
        worse(&self.changes)
    }
}

fn worse(changes: &[Changed<'_>]) -> BTreeSet<CopyId> {
    changes.iter().filter(|changed| changed.worse).filter_map(|changed| Some(changed.after?.copy.id)).collect()
}

/// Compares two analyses. With `strict` an undecided copy counts as one that fails. A copy that fails for accepted
/// reasons alone is none that got worse.
pub fn compare<'a>(before: &'a Analysis, after: &'a Analysis, strict: bool) -> Comparison<'a> {
    let counted: BTreeSet<CopyId> = after
        .findings
        .iter()
        .filter(|reported| reported.finding.severity == Severity::Error)
        .flat_map(|reported| reported.copies.iter().copied())
        .collect();
    let mut changes = Vec::new();
    let mut unchanged = 0;
    for (old, new) in matched(before, after) {
        let (was, is) = (old.map(|old| old.verdict), new.map(|new| new.verdict));
        let change = match (was, is) {
            (None, Some(_)) => Change::New,
            (Some(_), None) => Change::Gone,
            (Some(was), Some(is)) if was == is => {
                unchanged += 1;
                continue;
            }
            (_, Some(Verdict::Fails)) => Change::Broken,
            (Some(Verdict::Succeeds), Some(Verdict::Undecided)) => Change::Undecided,
            (Some(Verdict::Fails), Some(Verdict::Undecided)) => Change::Undecided,
            _ => Change::Mended,
        };
        let bad = match is {
            Some(Verdict::Fails) => true,
            // What failed before is no better for being undecided, and no worse.
            Some(Verdict::Undecided) => strict && was != Some(Verdict::Fails),
            Some(Verdict::Succeeds) | None => false,
        };
        let worse = bad && new.is_some_and(|new| counted.contains(&new.copy.id));
        changes.push(Changed { change, before: old, after: new, worse });
    }
    changes.sort_by_key(|changed| (!changed.worse, changed.change));
    let worse = worse(&changes);
    let findings = after.findings.iter().filter(|reported| reported.breaks(&worse)).collect();
    Comparison { changes, unchanged, findings }
}

type Pair<'a> = (Option<&'a Judgement>, Option<&'a Judgement>);

/// The copies of both, in pairs: by their ids, then by addresses alone, so that a unit may be renamed.
fn matched<'a>(before: &'a Analysis, after: &'a Analysis) -> Vec<Pair<'a>> {
    let mut old: BTreeMap<CopyId, &Judgement> = before.judgements.iter().map(|one| (one.copy.id, one)).collect();
    let mut pairs: Vec<Pair<'a>> = after.judgements.iter().map(|new| (old.remove(&new.copy.id), Some(new))).collect();
    let mut left: BTreeMap<String, VecDeque<&Judgement>> = BTreeMap::new();
    for one in before.judgements.iter().filter(|one| old.contains_key(&one.copy.id)) {
        left.entry(addresses(before, one)).or_default().push_back(one);
    }
    for (old, new) in pairs.iter_mut().filter(|(old, _)| old.is_none()) {
        let same = new.and_then(|new| left.get_mut(&addresses(after, new)));
        *old = same.and_then(VecDeque::pop_front);
    }
    pairs.extend(left.into_values().flatten().map(|one| (Some(one), None)));
    pairs
}

/// What a copy is made of, without the unit.
fn addresses(analysis: &Analysis, judgement: &Judgement) -> String {
    let graph = &analysis.graph;
    let copy = &judgement.copy;
    let source = match &copy.source {
        CopySource::Store(id) => graph.store(*id).map(|store| store.site.address.to_string()),
        CopySource::Arn(named) => Some(named.arn.to_string()),
        CopySource::Unknown(_) => None,
    };
    let destination = match &copy.destination {
        VaultTarget::Vault(id) => graph.vault(*id).map(|vault| vault.site.address.to_string()),
        VaultTarget::External { arn, name, .. } => arn.as_ref().or(name.as_ref()).map(ToString::to_string),
        VaultTarget::Unknown(_) => None,
    };
    let plan = graph.plan(copy.plan);
    let rule = plan.and_then(|plan| plan.rules.get(copy.rule)).and_then(|rule| rule.name.marked_text());
    format!("{source:?}|{:?}|{rule:?}|{destination:?}", plan.map(|plan| &plan.site.address))
}
