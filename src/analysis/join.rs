//! The verdicts of all cases of open inputs as one: what holds in every case holds.

use super::{Analysis, AnalysisSettings, linked, lowered};
use crate::catalog::Catalog;
use crate::checks::{
    self, Basis, CheckResult, Context, Finding, Judgement, Memo, Outcome, Verdict, When, checks_of, judge_all,
};
use crate::copy::{Copy, CopyId, CopySource, Route, predict};
use crate::diagnostic::{Label, Severity};
use crate::graph::{Graph, PlanId, StoreId, VaultId, VaultTarget};
use crate::model::Site;
use crate::resource::Stack;
use crate::source::{Sources, Span};
use crate::value::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The estate where open inputs have these values.
#[derive(Debug)]
pub struct Case {
    pub inputs: BTreeMap<Arc<str>, Chosen>,
    pub stacks: Vec<Arc<Stack>>,
}

/// An input's value in a case, and the header of the input's declaration.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    pub value: Value,
    pub declared: Span,
}

/// A copy in one case.
struct Made<'r> {
    judgement: &'r Judgement,
    checks: Vec<CheckResult>,
}

/// One copy in the cases in which it is made, by the case's index.
type Row<'r> = BTreeMap<usize, Made<'r>>;

/// One case, judged.
struct Judged {
    graph: Graph,
    memo: Memo,
    judgements: Vec<Judgement>,
}

impl Judged {
    fn new(case: &Case, sources: &Sources, settings: &AnalysisSettings) -> Self {
        let (entities, _) = lowered(sources, &case.stacks, &settings.estates);
        let graph = linked(entities, &case.stacks, settings);
        let memo = Memo::default();
        let catalog = Catalog::builtin();
        let context = Context { sources, graph: &graph, catalog, strict: settings.strict, memo: &memo };
        let (judgements, _) = judge_all(&context, predict(&graph, catalog));
        Self { graph, memo, judgements }
    }

    fn made<'r>(&'r self, judgement: &'r Judgement, sources: &Sources, settings: &AnalysisSettings) -> Made<'r> {
        let catalog = Catalog::builtin();
        let context = Context { sources, graph: &self.graph, catalog, strict: settings.strict, memo: &self.memo };
        Made { judgement, checks: checks_of(&context, &judgement.copy) }
    }
}

/// Joins the verdicts of `cases`, which are all combinations of some inputs' values, into those of the analysis without
/// them. With `complete`, no input is left open: a copy that is made in no case is never made, and one that shows only in
/// a case is added.
pub fn join(analysis: &mut Analysis, cases: &[Case], complete: bool, settings: &AnalysisSettings) {
    let results: Vec<Judged> = cases.iter().map(|case| Judged::new(case, &analysis.sources, settings)).collect();
    let decided: BTreeSet<CopyId> = analysis
        .judgements
        .iter()
        .filter(|judgement| judgement.verdict != Verdict::Undecided)
        .map(|judgement| judgement.copy.id)
        .collect();
    let mut rows: BTreeMap<CopyId, Row<'_>> = BTreeMap::new();
    for (at, result) in results.iter().enumerate() {
        // What is decided whatever the inputs are stays.
        for judgement in result.judgements.iter().filter(|judgement| !decided.contains(&judgement.copy.id)) {
            let made = result.made(judgement, &analysis.sources, settings);
            rows.entry(judgement.copy.id).or_default().insert(at, made);
        }
    }
    let mut changed: BTreeSet<CopyId> = BTreeSet::new();
    for judgement in std::mem::take(&mut analysis.judgements) {
        let id = judgement.copy.id;
        if judgement.verdict == Verdict::Undecided && (complete || rows.contains_key(&id)) {
            changed.insert(id);
        }
        match rows.get(&id).and_then(|row| joined(row, cases)) {
            Some((joined, checks)) => {
                analysis.judgements.push(Judgement { copy: judgement.copy, ..joined });
                analysis.joined.insert(id, checks);
            }
            None if changed.contains(&id) => {}
            None => analysis.judgements.push(judgement),
        }
        rows.remove(&id);
    }
    if complete {
        let mut new: Vec<(usize, CopyId, Row<'_>)> =
            rows.into_iter().filter_map(|(id, row)| Some((*row.keys().next()?, id, row))).collect();
        new.sort_by_key(|(at, id, _)| (*at, *id));
        for (at, id, row) in new {
            if let (Some((joined, checks)), Some(result)) = (joined(&row, cases), results.get(at)) {
                let copy = adopt(&mut analysis.graph, &result.graph, joined.copy.clone());
                analysis.judgements.push(Judgement { copy, ..joined });
                analysis.joined.insert(id, checks);
            }
        }
    }
    regroup(analysis, &changed);
    analysis.conclude(analysis.judged.clone(), settings);
}

/// Takes the changed copies out of the findings, and puts the joined copies' findings in.
fn regroup(analysis: &mut Analysis, changed: &BTreeSet<CopyId>) {
    let mut groups: BTreeMap<(&str, bool, &str), (Finding, Vec<CopyId>)> = BTreeMap::new();
    for (id, checks) in &analysis.joined {
        for check in checks {
            let (finding, undecided) = match &check.outcome {
                Outcome::Fail(finding) => (finding, false),
                Outcome::Undecided(finding) => (finding, true),
                Outcome::NotApplicable | Outcome::Pass(_) => continue,
            };
            let group = groups.entry((check.rule, undecided, &finding.root));
            group.or_insert_with(|| ((**finding).clone(), Vec::new())).1.push(*id);
        }
    }
    let added: Vec<checks::Judged> = groups
        .into_iter()
        .map(|((_, undecided, _), (finding, copies))| checks::Judged { finding, undecided, copies })
        .collect();
    for judged in &mut analysis.judged {
        judged.copies.retain(|id| !changed.contains(id) && !analysis.joined.contains_key(id));
    }
    analysis.judged.retain(|judged| !judged.copies.is_empty());
    for new in added {
        let same = |old: &&mut checks::Judged| {
            (old.finding.rule, old.undecided, &old.finding.root) == (new.finding.rule, new.undecided, &new.finding.root)
        };
        match analysis.judged.iter_mut().find(same) {
            Some(old) => {
                old.copies.extend(new.copies);
                old.copies.sort_unstable();
            }
            None => analysis.judged.push(new),
        }
    }
}

/// One judgement and its checks, from those of the cases in which the copy is made; `None` where there are none.
fn joined(row: &Row<'_>, cases: &[Case]) -> Option<(Judgement, Vec<CheckResult>)> {
    let failing: BTreeSet<usize> = with(row, Verdict::Fails);
    // A copy that is not made in some case does not fail there.
    let verdict = if failing.len() == cases.len() {
        Verdict::Fails
    } else if with(row, Verdict::Succeeds).len() == row.len() {
        Verdict::Succeeds
    } else {
        Verdict::Undecided
    };
    let when = if verdict == Verdict::Undecided { conditions(&failing, cases) } else { Vec::new() };
    let mut all = row.values();
    let first = all.next()?;
    let mut checks = first.checks.clone();
    let mut assumed: BTreeSet<&String> = first.judgement.basis.assumed.iter().collect();
    for made in all {
        for (check, other) in checks.iter_mut().zip(&made.checks) {
            merge(check, other);
        }
        assumed.extend(made.judgement.basis.assumed.iter());
    }
    for check in &mut checks {
        let rule = check.rule;
        let failed: BTreeSet<usize> = row.iter().filter(|(_, made)| fails(made, rule)).map(|(at, _)| *at).collect();
        if failed.is_empty() || failed.len() == cases.len() {
            continue;
        }
        if let Outcome::Fail(finding) = &check.outcome {
            let places = conditions(&failed, cases);
            check.outcome = limited(finding, &places, cases, verdict);
        }
    }
    let (_, decided_by) = checks::verdict(&checks);
    let assumed = assumed.into_iter().cloned().collect();
    let basis = Arc::new(Basis { decided_by, assumed, when });
    let judgement = Judgement { copy: first.judgement.copy.clone(), verdict, basis };
    Some((judgement, checks))
}

fn with(row: &Row<'_>, verdict: Verdict) -> BTreeSet<usize> {
    row.iter().filter(|(_, made)| made.judgement.verdict == verdict).map(|(at, _)| *at).collect()
}

fn fails(made: &Made<'_>, rule: &str) -> bool {
    let is_error = |outcome: &Outcome| matches!(outcome, Outcome::Fail(finding) if finding.severity == Severity::Error);
    made.checks.iter().any(|check| check.rule == rule && is_error(&check.outcome))
}

/// The worse of both outcomes.
fn merge(check: &mut CheckResult, other: &CheckResult) {
    let rank = |outcome: &Outcome| match outcome {
        Outcome::Fail(finding) if finding.severity == Severity::Error => 4,
        Outcome::Undecided(_) => 3,
        Outcome::Fail(_) => 2,
        Outcome::Pass(_) => 1,
        Outcome::NotApplicable => 0,
    };
    if rank(&other.outcome) > rank(&check.outcome) {
        check.outcome = other.outcome.clone();
    }
}

/// A failure in some cases only: it says in which, and is undecided unless the copy fails in the others too.
fn limited(finding: &Finding, when: &[When], cases: &[Case], verdict: Verdict) -> Outcome {
    let words: Vec<String> = when.iter().map(words).collect();
    let place = words.join(", or ");
    let mut finding = finding.clone();
    if finding.message.contains("will fail") {
        finding.message = finding.message.replacen("will fail", &format!("will fail where {place}"), 1);
    } else {
        finding.notes.insert(0, format!("this holds where {place}"));
    }
    for name in when.iter().flat_map(|when| when.inputs.keys()) {
        if let Some(chosen) = cases.first().and_then(|case| case.inputs.get(name)) {
            let label = Label::new(chosen.declared, "this decides");
            if !finding.labels.contains(&label) {
                finding.labels.push(label);
            }
        }
    }
    finding.root = format!("{} where {place}", finding.root);
    if verdict == Verdict::Fails {
        Outcome::Fail(Box::new(finding))
    } else {
        finding.severity = Severity::Warning;
        Outcome::Undecided(Box::new(finding))
    }
}

fn words(when: &When) -> String {
    let parts = when.inputs.iter().map(|(name, value)| format!("`{name}` is `{}`", value.text().unwrap_or_default()));
    parts.collect::<Vec<_>>().join(" and ")
}

/// The cases `of`, described by as few inputs as possible: an input is left out where its value makes no difference.
fn conditions(of: &BTreeSet<usize>, cases: &[Case]) -> Vec<When> {
    let mut out: Vec<When> = Vec::new();
    for at in of {
        let Some(case) = cases.get(*at) else { continue };
        let mut inputs: BTreeMap<Arc<str>, Value> =
            case.inputs.iter().map(|(name, chosen)| (name.clone(), chosen.value.clone())).collect();
        for name in case.inputs.keys() {
            let mut fewer = inputs.clone();
            fewer.remove(name);
            let mut covered = cases.iter().enumerate().filter(|(_, case)| agrees(case, &fewer));
            if covered.all(|(at, _)| of.contains(&at)) {
                inputs = fewer;
            }
        }
        let when = When { inputs, verdict: Verdict::Fails };
        if !out.contains(&when) {
            out.push(when);
        }
    }
    out
}

fn agrees(case: &Case, inputs: &BTreeMap<Arc<str>, Value>) -> bool {
    inputs.iter().all(|(name, value)| case.inputs.get(name).is_some_and(|chosen| chosen.value == *value))
}

/// The copy with its parts in `graph`: those of the same address, else added.
fn adopt(graph: &mut Graph, from: &Graph, copy: Copy) -> Copy {
    let route = &copy.route;
    let plan = from.plan(route.plan).map_or(route.plan, |plan| {
        graph.entities.plans.push(plan.clone());
        PlanId(last(graph.entities.plans.len()))
    });
    let source = match &copy.source {
        CopySource::Store(id) => CopySource::Store(store(graph, from, *id)),
        other => other.clone(),
    };
    let source_vault = target(graph, from, &route.source_vault);
    let destination = target(graph, from, &route.destination);
    let route = Arc::new(Route { plan, source_vault, destination, ..(**route).clone() });
    Copy { source, route, ..copy }
}

fn last(length: usize) -> u32 {
    u32::try_from(length.saturating_sub(1)).unwrap_or(u32::MAX)
}

fn same(a: &Site, b: &Site) -> bool {
    a.unit == b.unit && a.address == b.address
}

fn store(graph: &mut Graph, from: &Graph, id: StoreId) -> StoreId {
    let Some(store) = from.store(id) else { return id };
    let stores = &mut graph.entities.data_stores;
    let at = stores.iter().position(|other| same(&other.site, &store.site));
    StoreId(at.and_then(|at| u32::try_from(at).ok()).unwrap_or_else(|| {
        stores.push(store.clone());
        last(stores.len())
    }))
}

fn target(graph: &mut Graph, from: &Graph, target: &VaultTarget) -> VaultTarget {
    let mut vault = |id: VaultId| {
        let Some(vault) = from.vault(id) else { return id };
        let vaults = &mut graph.entities.vaults;
        let at = vaults.iter().position(|other| same(&other.site, &vault.site));
        VaultId(at.and_then(|at| u32::try_from(at).ok()).unwrap_or_else(|| {
            vaults.push(vault.clone());
            last(vaults.len())
        }))
    };
    match target.clone() {
        VaultTarget::Vault(id) => VaultTarget::Vault(vault(id)),
        VaultTarget::External { arn, name, place, span, near } => {
            VaultTarget::External { arn, name, place, span, near: near.map(vault) }
        }
        VaultTarget::Unknown(why) => VaultTarget::Unknown(why),
    }
}
