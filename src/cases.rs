//! Inputs without a value that can only have some: every case is evaluated, so that the verdicts can be joined.

use crate::analysis::{Case, Chosen};
use crate::resource::{Choice, Language, LoadSettings, OpenInput, Stack, Unit};
use crate::source::Sources;
use crate::terraform::{self, Modules};
use std::collections::BTreeMap;
use std::sync::Arc;

/// More combinations are not followed.
const MOST_CASES: usize = 128;
/// Nor those that would mean to judge more copies than this, or to evaluate more resources.
const MOST_COPIES: usize = 500_000;
const MOST_RESOURCES: usize = 1_000_000;

/// The cases of one enumeration, and whether they are all that can be.
pub(crate) struct Enumeration {
    pub(crate) cases: Vec<Case>,
    /// Every open input of every unit is chosen, so that what is in no case never is.
    pub(crate) complete: bool,
}

/// An open input of one unit.
struct Open {
    unit: usize,
    input: OpenInput,
}

/// Evaluates all combinations of the open inputs' values; where these are too many, the combinations within one unit
/// at a time. `scale` is how many copies and resources there are.
///
/// The names of inputs that could not be followed at all are the second result.
pub(crate) fn enumerate(
    sources: &Sources,
    modules: &Modules,
    units: &[Unit],
    load: &LoadSettings,
    scale: (usize, usize),
    evaluate: &dyn Fn(&[Unit]) -> Vec<Stack>,
) -> (Vec<Enumeration>, Vec<String>) {
    let most = MOST_CASES.min(MOST_COPIES / scale.0.max(1)).min(MOST_RESOURCES / scale.1.max(1));
    let mut open = Vec::new();
    for (at, unit) in units.iter().enumerate().filter(|(_, unit)| unit.language == Language::Terraform) {
        open.extend(
            terraform::open_inputs(sources, modules, unit, load).into_iter().map(|input| Open { unit: at, input }),
        );
    }
    if open.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let count = |open: &[&Open]| open.iter().fold(1usize, |n, open| n.saturating_mul(open.input.choices.len()));
    let all: Vec<&Open> = open.iter().collect();
    let evaluate = |chosen: &[&Open]| combinations(chosen, &open, units, evaluate);
    if count(&all) <= most {
        return (vec![Enumeration { cases: evaluate(&all), complete: true }], Vec::new());
    }
    let (mut out, mut left) = (Vec::new(), Vec::new());
    for at in 0..units.len() {
        let own: Vec<&Open> = open.iter().filter(|open| open.unit == at).collect();
        match own.is_empty() {
            true => {}
            false if count(&own) <= most => {
                out.push(Enumeration { cases: evaluate(&own), complete: false });
            }
            false => left.extend(own.iter().map(|open| open.input.name.to_string())),
        }
    }
    (out, left)
}

/// The input's name; with its unit where another unit has one of the same name.
fn name(of: &Open, all: &[Open], units: &[Unit]) -> Arc<str> {
    let ambiguous = all.iter().any(|other| other.unit != of.unit && other.input.name == of.input.name);
    match units.get(of.unit).filter(|_| ambiguous) {
        Some(unit) => format!("{}:{}", unit.name, of.input.name).into(),
        None => of.input.name.clone(),
    }
}

fn combinations(chosen: &[&Open], all: &[Open], units: &[Unit], evaluate: &dyn Fn(&[Unit]) -> Vec<Stack>) -> Vec<Case> {
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
        Case { inputs, stacks: evaluate(&units_of_case) }
    };
    rows.into_iter().map(case).collect()
}
