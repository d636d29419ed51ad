//! Inputs without a value that can only have some: every case is evaluated, so that the verdicts can be joined.

use crate::analysis::{Analysis, Case, Chosen};
use crate::checks::Verdict;
use crate::copy::CopySource;
use crate::graph::VaultTarget;
use crate::resource::{Choice, Language, OpenInput, Stack, Unit};
use crate::source::FileId;
use crate::value::StackId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Combinations that would mean to judge more copies than this in all, or to evaluate more resources, are not followed.
const MOST_COPIES: usize = 500_000;
const MOST_RESOURCES: usize = 1_000_000;

/// The cases of one enumeration, and whether they are all that can be.
pub(crate) struct Enumeration {
    pub(crate) cases: Vec<Case>,
    /// Every open input of every unit is chosen, so that what is in no case never is.
    pub(crate) complete: bool,
}

/// What the languages can tell of units.
pub(crate) struct Languages<'a> {
    /// Combinations that are followed at once.
    pub(crate) most: usize,
    /// The inputs of the unit at this place without a value that can only have some.
    pub(crate) open: &'a dyn Fn(usize, &Unit) -> Vec<OpenInput>,
    /// Whether the code itself refuses the unit's inputs.
    pub(crate) refuses: &'a dyn Fn(&Unit) -> bool,
    /// The estate of these units.
    pub(crate) evaluate: &'a dyn Fn(&[Unit]) -> Vec<Arc<Stack>>,
}

/// An open input of one unit.
struct Open {
    unit: usize,
    input: OpenInput,
}

/// Evaluates all combinations of the open inputs' values. Where these are too many: those of the units that undecided
/// copies hang on, together if that can be, else one unit at a time.
///
/// The names of inputs that could not be followed at all are the second result.
pub(crate) fn enumerate(
    analysis: &Analysis,
    units: &[Unit],
    languages: &Languages<'_>,
) -> (Vec<Enumeration>, Vec<String>) {
    let resources: usize = analysis.units.iter().map(|unit| unit.resources).sum();
    let mut budget = (MOST_COPIES / analysis.judgements.len().max(1)).min(MOST_RESOURCES / resources.max(1));
    let present: BTreeSet<StackId> = analysis.stacks.iter().map(|stack| stack.id).collect();
    let mut open = Vec::new();
    for (at, unit) in units.iter().enumerate() {
        // A template that another one deploys has its inputs from there.
        if present.contains(&StackId(u32::try_from(at).unwrap_or(u32::MAX))) {
            open.extend((languages.open)(at, unit).into_iter().map(|input| Open { unit: at, input }));
        }
    }
    if open.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let count = |open: &[&Open]| open.iter().fold(1usize, |n, open| n.saturating_mul(open.input.choices.len()));
    let evaluate = |chosen: &[&Open], complete: bool| Enumeration {
        cases: combinations(chosen, &open, units, languages),
        complete,
    };
    let all: Vec<&Open> = open.iter().collect();
    if count(&all) <= languages.most.min(budget) {
        return (made([evaluate(&all, true)]), Vec::new());
    }
    let concerned = concerned(analysis, units);
    let own: Vec<&Open> = open.iter().filter(|open| concerned.contains(&open.unit)).collect();
    if own.is_empty() {
        return (Vec::new(), Vec::new());
    }
    if count(&own) <= languages.most.min(budget) {
        return (made([evaluate(&own, false)]), Vec::new());
    }
    let (mut out, mut left) = (Vec::new(), Vec::new());
    for at in concerned {
        let own: Vec<&Open> = open.iter().filter(|open| open.unit == at).collect();
        let cases = count(&own);
        match own.is_empty() {
            true => {}
            false if cases <= languages.most.min(budget) => {
                budget -= cases;
                out.push(evaluate(&own, false));
            }
            false => left.extend(own.iter().map(|open| open.input.name.to_string())),
        }
    }
    (made(out), left)
}

/// Those of which some case is possible.
fn made(enumerations: impl IntoIterator<Item = Enumeration>) -> Vec<Enumeration> {
    enumerations.into_iter().filter(|enumeration| !enumeration.cases.is_empty()).collect()
}

/// The units, by index, that undecided copies or what is said of them touch.
fn concerned(analysis: &Analysis, units: &[Unit]) -> BTreeSet<usize> {
    let graph = &analysis.graph;
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for judgement in analysis.judgements.iter().filter(|judgement| judgement.verdict == Verdict::Undecided) {
        let route = &judgement.copy.route;
        names.extend(graph.plan(route.plan).map(|plan| &*plan.site.unit));
        if let CopySource::Store(store) = &judgement.copy.source {
            names.extend(graph.store(*store).map(|store| &*store.site.unit));
        }
        for target in [&route.source_vault, &route.destination] {
            if let VaultTarget::Vault(vault) = target {
                names.extend(graph.vault(*vault).map(|vault| &*vault.site.unit));
            }
        }
    }
    let undecided = analysis.findings.iter().filter(|reported| reported.undecided).map(|reported| &reported.finding);
    let labelled: BTreeSet<FileId> = undecided
        .flat_map(|finding| finding.primary.iter().chain(&finding.labels))
        .map(|label| label.span.file)
        .collect();
    for stack in &analysis.stacks {
        if stack.resources.iter().any(|resource| labelled.contains(&resource.span.file)) {
            names.insert(&stack.unit);
        }
    }
    let labelled: Vec<Arc<str>> = labelled.iter().map(|file| analysis.sources.path(*file)).collect();
    let within = |unit: &Unit| match unit.language {
        Language::Terraform => labelled.iter().any(|path| crate::source::parent(path) == unit.path),
        _ => labelled.iter().any(|path| **path == *unit.path),
    };
    let all = units.iter().enumerate().filter(|(_, unit)| names.contains(&*unit.name) || within(unit));
    all.map(|(at, _)| at).collect()
}

/// The input's name; with its unit where another unit has one of the same name.
fn name(of: &Open, all: &[Open], units: &[Unit]) -> Arc<str> {
    let ambiguous = all.iter().any(|other| other.unit != of.unit && other.input.name == of.input.name);
    match units.get(of.unit).filter(|_| ambiguous) {
        Some(unit) => format!("{}:{}", unit.name, of.input.name).into(),
        None => of.input.name.clone(),
    }
}

fn combinations(chosen: &[&Open], all: &[Open], units: &[Unit], languages: &Languages<'_>) -> Vec<Case> {
    let mut rows: Vec<Vec<&Choice>> = vec![Vec::new()];
    for open in chosen {
        let longer = rows.iter().flat_map(|row| {
            open.input.choices.iter().map(move |choice| row.iter().copied().chain([choice]).collect::<Vec<_>>())
        });
        rows = longer.collect();
    }
    let case = |row: Vec<&Choice>| {
        let mut units_of_case = units.to_vec();
        let mut inputs = BTreeMap::new();
        for (open, choice) in chosen.iter().zip(row) {
            if let Some(unit) = units_of_case.get_mut(open.unit) {
                unit.choose(&open.input, choice);
            }
            let chosen = Chosen { value: choice.value.clone(), declared: open.input.declared };
            inputs.insert(name(open, all, units), chosen);
        }
        let touched: BTreeSet<usize> = chosen.iter().map(|open| open.unit).collect();
        let refused = touched.iter().filter_map(|at| units_of_case.get(*at)).any(|unit| (languages.refuses)(unit));
        (!refused).then(|| Case { inputs, stacks: (languages.evaluate)(&units_of_case) })
    };
    rows.into_iter().filter_map(case).collect()
}
