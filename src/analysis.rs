//! From evaluated stacks to the one value that every reporter reads.

use crate::catalog::Catalog;
use crate::checks::{self, Context, Finding, Judgement, Outcome};
use crate::copy::{predict, short_hash};
use crate::diagnostic::{Diagnostic, Severity};
use crate::graph::{Facts, Graph, link};
use crate::lower::lower;
use crate::model::Entities;
use crate::resource::{Language, Stack};
use crate::source::Sources;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A finding and the copies it touches: one root cause, reported once.
#[derive(Clone, Debug)]
pub struct Reported {
    pub finding: Finding,
    /// Whether the check could not be decided, rather than failed.
    pub undecided: bool,
    /// Ids of the copies, sorted.
    pub copies: Vec<String>,
    /// From rule, addresses and accounts; never from lines.
    pub fingerprint: String,
}

/// A unit as the summary counts it.
#[derive(Clone, Debug)]
pub struct UnitSummary {
    pub name: Arc<str>,
    pub language: Language,
    pub resources: usize,
}

/// How a run is to judge.
#[derive(Clone, Debug, Default)]
pub struct AnalysisSettings {
    pub facts: Facts,
    /// Assumptions count as undecided.
    pub strict: bool,
    /// Severity by rule; `None` switches the rule's findings off.
    pub severities: BTreeMap<String, Option<Severity>>,
}

/// The result of a run.
#[derive(Debug)]
pub struct Analysis {
    pub sources: Sources,
    pub units: Vec<UnitSummary>,
    pub stacks: Vec<Stack>,
    pub graph: Graph,
    /// In order of plan, rule, action, source.
    pub judgements: Vec<Judgement>,
    /// Most severe first, then by how many copies, then by place.
    pub findings: Vec<Reported>,
    pub diagnostics: Vec<Diagnostic>,
    /// Assumptions of all copies, once each.
    pub assumptions: Vec<String>,
}

/// Links, predicts and judges what these stacks declare.
pub fn analyze(
    sources: Sources,
    stacks: Vec<Stack>,
    mut diagnostics: Vec<Diagnostic>,
    settings: &AnalysisSettings,
) -> Analysis {
    let catalog = Catalog::builtin();
    let mut entities = Entities::default();
    for stack in &stacks {
        let (found, more) = lower(stack, &sources, catalog);
        entities.extend(found);
        diagnostics.extend(more);
    }
    let graph = link(entities, &settings.facts);
    let context = Context::new(&sources, &graph, catalog, settings.strict);
    let judgements: Vec<Judgement> =
        predict(&graph, catalog).into_iter().map(|copy| checks::judge(&context, copy)).collect();
    let findings = group(&judgements, &sources, settings);
    let assumptions: BTreeSet<&String> = judgements.iter().flat_map(|judgement| &judgement.assumed).collect();
    let assumptions = assumptions.into_iter().cloned().collect();
    let units = stacks
        .iter()
        .map(|stack| UnitSummary {
            name: stack.unit.clone(),
            language: stack.language,
            resources: stack.resources.len(),
        })
        .collect();
    Analysis { units, stacks, judgements, findings, assumptions, diagnostics, graph, sources }
}

/// One finding for each root cause, whatever number of copies it breaks.
fn group(judgements: &[Judgement], sources: &Sources, settings: &AnalysisSettings) -> Vec<Reported> {
    let mut groups: BTreeMap<(&str, bool, &str), (Finding, BTreeSet<String>)> = BTreeMap::new();
    for judgement in judgements {
        for check in &judgement.checks {
            let (finding, undecided) = match &check.outcome {
                Outcome::Fail(finding) => (finding, false),
                Outcome::Undecided(finding) => (finding, true),
                Outcome::NotApplicable | Outcome::Pass(_) => continue,
            };
            let group = groups
                .entry((check.rule, undecided, &finding.root))
                .or_insert_with(|| ((**finding).clone(), BTreeSet::new()));
            group.1.insert(judgement.copy.id.clone());
        }
    }
    let mut findings: Vec<Reported> = groups
        .into_iter()
        .filter_map(|((rule, undecided, root), (mut finding, copies))| {
            match settings.severities.get(rule) {
                Some(None) => return None,
                Some(Some(severity)) => finding.severity = *severity,
                None => {}
            }
            // What cannot be told is no fault of the code, unless proof is asked for.
            if undecided {
                finding.severity = if settings.strict { Severity::Error } else { Severity::Info };
            }
            let fingerprint = short_hash(&format!("{rule}|{undecided}|{root}"));
            Some(Reported { finding, undecided, copies: copies.into_iter().collect(), fingerprint })
        })
        .collect();
    findings.sort_by_cached_key(|reported| {
        let place = reported.finding.primary.as_ref().map(|label| (sources.path(label.span.file), label.span.start));
        (
            reported.undecided,
            std::cmp::Reverse(reported.finding.severity),
            std::cmp::Reverse(reported.copies.len()),
            place,
            reported.fingerprint.clone(),
        )
    });
    findings
}
