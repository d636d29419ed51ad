//! Changes of the code that mend findings: proposed by rule, kept only where analysing the changed code again shows that the
//! finding is gone and no other has come.

mod existing;
mod insert;
mod patch;
mod propose;
mod statement;

pub use patch::unified;

use crate::analysis::{Analysis, Reported};
use crate::checks::Judgement;
use crate::copy::CopySource;
use crate::diagnostic::{DiagnosticKind, Edit, Fix, Safety};
use crate::model::Site;
use crate::source::Sources;
use std::collections::{BTreeMap, BTreeSet};

/// Rules whose findings can be mended though they prove no failure: what was meant is known.
const MENDED_OPEN: [&str; 2] = ["destination-vault-missing", "vault-policy-wildcard-action"];

/// How much may be tried for one proposal of each finding.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Copies that may be judged.
    copies: usize,
    least_trials: usize,
}

/// However small the estate is.
const MOST_TRIALS: usize = 64;

impl Effort {
    /// Where fixes are what was asked for.
    pub const WHOLE: Self = Self { copies: 100_000, least_trials: 6 };
    /// Where they go along with a report, which must not wait for them.
    pub const ASIDE: Self = Self { copies: 6_000, least_trials: 2 };

    fn trials(self, copies: usize) -> usize {
        (self.copies / copies.max(1)).clamp(self.least_trials, MOST_TRIALS)
    }
}

/// New texts of files by path.
pub type Changes = BTreeMap<String, String>;

/// Gives each failed finding its fix, where there is one. `again` analyses the estate with some files changed.
pub fn attach(analysis: &mut Analysis, effort: Effort, again: &dyn Fn(&Changes) -> Analysis) {
    attach_to(analysis, effort, &|_| true, again);
}

/// The same for the findings that are wanted.
pub fn attach_to(
    analysis: &mut Analysis,
    effort: Effort,
    wanted: &dyn Fn(&Reported) -> bool,
    again: &dyn Fn(&Changes) -> Analysis,
) {
    if !analysis.findings.iter().any(wanted) {
        return;
    }
    let index = propose::Index::new(analysis);
    let proposed: Vec<(String, Vec<Fix>)> = analysis
        .findings
        .iter()
        .filter(|reported| wanted(reported))
        .filter(|reported| !reported.undecided || MENDED_OPEN.contains(&reported.finding.rule))
        .map(|reported| {
            let mut fixes = propose::all(analysis, &index, reported);
            fixes.iter_mut().for_each(|fix| end_lines_alike(fix, &analysis.sources));
            (reported.fingerprint.clone(), fixes)
        })
        .filter(|(_, fixes)| !fixes.is_empty())
        .collect();
    if proposed.is_empty() {
        return;
    }
    let before = State::of(analysis);
    let mut found: BTreeMap<String, Fix> = BTreeMap::new();
    // Every finding's first proposal, then the second of those that are still there, and so on.
    for round in 0.. {
        let open: Vec<(&str, &Fix)> = proposed
            .iter()
            .filter(|(fingerprint, _)| !found.contains_key(fingerprint))
            .filter_map(|(fingerprint, fixes)| Some((fingerprint.as_str(), fixes.get(round)?)))
            .collect();
        if open.is_empty() {
            break;
        }
        // Apart, so that no safe one rests on an unsafe one.
        let (one, other): (Vec<_>, Vec<_>) = open.into_iter().partition(|(_, fix)| fix.safety == Safety::Safe);
        for fixes in [one, other].iter().filter(|fixes| !fixes.is_empty()) {
            let mut trials = effort.trials(analysis.judgements.len());
            settle(analysis, &before, fixes, again, &mut found, &mut trials);
        }
    }
    for reported in &mut analysis.findings {
        if let Some(fix) = found.remove(&reported.fingerprint) {
            reported.fix = Some(fix);
        }
    }
}

/// Ends the lines that are put into a file as most of its own end.
fn end_lines_alike(fix: &mut Fix, sources: &Sources) {
    for edit in fix.edits.iter_mut().filter(|edit| edit.replacement.contains('\n')) {
        let text = sources.text(edit.span.file);
        if text.matches("\r\n").count() * 2 > text.matches('\n').count() {
            edit.replacement = edit.replacement.replace("\r\n", "\n").replace('\n', "\r\n");
        }
    }
}

/// Keeps the fixes whose findings are gone when all are applied. Where that makes something worse, those go that are about
/// what has become worse; where that is not known, halves are tried: one bad proposal among many costs a few analyses, not
/// as many as there are findings.
fn settle(
    analysis: &Analysis,
    before: &State,
    fixes: &[(&str, &Fix)],
    again: &dyn Fn(&Changes) -> Analysis,
    found: &mut BTreeMap<String, Fix>,
    trials: &mut usize,
) {
    if fixes.is_empty() || *trials == 0 {
        return;
    }
    *trials -= 1;
    let edits: BTreeSet<Edit> = fixes.iter().flat_map(|(_, fix)| &fix.edits).cloned().collect();
    let after = changed(&analysis.sources, &edits).map(|changes| State::of(&again(&changes)));
    if let Some(after) = after.as_ref().filter(|after| after.is_no_worse_than(before)) {
        let gone = fixes.iter().filter(|(fingerprint, _)| !after.findings.contains_key(*fingerprint));
        found.extend(gone.map(|(fingerprint, fix)| ((*fingerprint).to_owned(), (*fix).clone())));
        return;
    }
    let worse = after.map(|after| after.new_about(before)).unwrap_or_default();
    let is_blamed =
        |(fingerprint, _): &&(&str, &Fix)| before.findings.get(*fingerprint).is_some_and(|about| worse.contains(about));
    let (blamed, rest): (Vec<_>, Vec<_>) = fixes.iter().copied().partition(|fix| is_blamed(&fix));
    let (one, other) = match (blamed.is_empty(), rest.is_empty()) {
        (false, false) => (rest, blamed),
        _ if fixes.len() > 1 => {
            let (one, other) = fixes.split_at(fixes.len() / 2);
            (one.to_vec(), other.to_vec())
        }
        _ => return,
    };
    settle(analysis, before, &one, again, found, trials);
    settle(analysis, before, &other, again, found, trials);
}

/// The edits of all fixes that hold together, with the findings that each mends; those of `Safety::Unsafe` only where asked for.
pub fn together<'a>(
    analysis: &'a Analysis,
    with_unsafe: bool,
    again: &dyn Fn(&Changes) -> Analysis,
) -> (Changes, Vec<&'a Reported>) {
    let chosen: Vec<(&Reported, &Fix)> = analysis
        .findings
        .iter()
        .filter_map(|reported| Some((reported, reported.fix.as_ref()?)))
        .filter(|(_, fix)| with_unsafe || fix.safety == Safety::Safe)
        .collect();
    let before = State::of(analysis);
    let mut edits: BTreeSet<Edit> = BTreeSet::new();
    let mut mended: Vec<&Reported> = Vec::new();
    let holds = |edits: &BTreeSet<Edit>, mended: &[&Reported]| {
        let changes = changed(&analysis.sources, edits)?;
        let after = State::of(&again(&changes));
        let gone = mended.iter().all(|reported| !after.findings.contains_key(&reported.fingerprint));
        (gone && after.is_no_worse_than(&before)).then_some(changes)
    };
    let all: BTreeSet<Edit> = chosen.iter().flat_map(|(_, fix)| &fix.edits).cloned().collect();
    let every: Vec<&Reported> = chosen.iter().map(|(reported, _)| *reported).collect();
    if let Some(changes) = holds(&all, &every) {
        return (changes, every);
    }
    // Two of them are in each other's way: one after the other, as long as it holds.
    let mut kept = Changes::new();
    for (reported, fix) in chosen {
        let more: BTreeSet<Edit> = edits.iter().chain(&fix.edits).cloned().collect();
        let with: Vec<&Reported> = mended.iter().copied().chain([reported]).collect();
        if let Some(changes) = holds(&more, &with) {
            (edits, mended, kept) = (more, with, changes);
        }
    }
    (kept, mended)
}

/// The unit and address that a finding is about.
fn about(reported: &Reported) -> String {
    reported.finding.root.split('|').take(2).collect::<Vec<_>>().join("|")
}

/// What a change must not make worse.
struct State {
    /// What each is about, by fingerprint.
    findings: BTreeMap<String, String>,
    unreadable: usize,
    /// Sorted: what is copied by which copy action, wherever to.
    copies: Vec<String>,
}

impl State {
    fn of(analysis: &Analysis) -> Self {
        let bad = analysis.diagnostics.iter().filter(|diagnostic| diagnostic.kind == DiagnosticKind::BadInput);
        let graph = &analysis.graph;
        let named = |site: &Site| format!("{}|{}", site.unit, site.address);
        let mut copies: Vec<String> = analysis
            .judgements
            .iter()
            .map(|Judgement { copy, .. }| {
                let source = match &copy.source {
                    CopySource::Store(id) => graph.store(*id).map(|store| named(&store.site)),
                    CopySource::Arn(named) => Some(named.arn.to_string()),
                    CopySource::Unknown(_) => None,
                };
                let plan = graph.plan(copy.plan).map(|plan| named(&plan.site)).unwrap_or_default();
                format!("{plan}|{}|{}|{}", copy.rule, copy.action, source.unwrap_or_default())
            })
            .collect();
        copies.sort_unstable();
        Self {
            findings: analysis.findings.iter().map(|one| (one.fingerprint.clone(), about(one))).collect(),
            unreadable: bad.count(),
            copies,
        }
    }

    /// What the findings that have come are about.
    fn new_about(&self, before: &Self) -> BTreeSet<String> {
        let new = self.findings.iter().filter(|(fingerprint, _)| !before.findings.contains_key(*fingerprint));
        new.map(|(_, about)| about.clone()).collect()
    }

    /// No finding has come, no file has become unreadable, and no copy was lost: one that is not made does not fail either.
    fn is_no_worse_than(&self, before: &Self) -> bool {
        self.findings.keys().all(|known| before.findings.contains_key(known))
            && self.unreadable <= before.unreadable
            && before.copies.iter().all(|id| self.copies.binary_search(id).is_ok())
    }
}

/// The texts after the edits; `None` where two of them overlap or one lies in a file that is not the user's.
fn changed(sources: &Sources, edits: &BTreeSet<Edit>) -> Option<Changes> {
    let mut out = Changes::new();
    let mut files: BTreeMap<_, Vec<&Edit>> = BTreeMap::new();
    for edit in edits {
        files.entry(edit.span.file).or_default().push(edit);
    }
    for (file, edits) in files {
        let (path, text) = (sources.path(file), sources.text(file));
        if made_by_a_program(&path, &text) {
            return None;
        }
        let mut new = String::with_capacity(text.len());
        let mut at = 0;
        for edit in edits {
            let range = edit.span.range();
            new.push_str(text.get(at..range.start)?);
            new.push_str(&edit.replacement);
            at = range.end;
        }
        new.push_str(text.get(at..)?);
        out.insert(path.to_string(), new);
    }
    Some(out)
}

/// Whether a change of this file would not last: an installed module, what the CDK or Terraform wrote, standard input.
fn made_by_a_program(path: &str, text: &str) -> bool {
    let written =
        path.ends_with(".json") && (text.contains("\"terraform_version\"") || text.contains("\"schema_version\""));
    let parts = || path.split('/');
    written || path.is_empty() || path == "-" || parts().any(|part| part == ".terraform" || part.starts_with("cdk.out"))
}
