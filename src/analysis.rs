//! From evaluated stacks to the one value that every reporter reads.

mod early;
mod join;
mod memory;

pub use early::{Early, deploys, lighten};
pub use join::{Case, Chosen, join};
pub use memory::Memory;

use crate::catalog::Catalog;
use crate::checks::{
    CheckResult, Context, Finding, Judged, Judgement, Memo, Prints, Verdict, check_of, checks_of, judge_again,
    judge_all,
};
use crate::copy::{CopyId, CopySource, predict, predict_again, short_hash};
use crate::diagnostic::{Diagnostic, DiagnosticKind, Fix, Label, Severity};
use crate::estate::Estate;
use crate::graph::{Facts, Graph, PlanId, link};
use crate::lower::lower;
use crate::model::{Entities, Site};
use crate::resource::{Language, Resource, Stack};
use crate::source::{FileId, Sources};
use crate::suppress::{self, Suppression};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// A finding and the copies it touches: one root cause, reported once.
#[derive(Clone, Debug)]
pub struct Reported {
    pub finding: Finding,
    /// Whether the check could not be decided, rather than failed.
    pub undecided: bool,
    /// Ids of the copies, sorted.
    pub copies: Vec<CopyId>,
    /// From rule, addresses and accounts; never from lines.
    pub fingerprint: String,
    /// Why the finding does not count, in [`Analysis::suppressed`]; the copies are those that this covers.
    pub suppressed: Option<Suppression>,
    /// Filled in where fixes are asked for.
    pub fix: Option<Fix>,
}

impl Reported {
    /// Whether it is an error of one of these copies.
    pub(crate) fn breaks(&self, copies: &BTreeSet<CopyId>) -> bool {
        self.finding.severity == Severity::Error && self.copies.iter().any(|copy| copies.contains(copy))
    }
}

/// A unit as the summary counts it.
#[derive(Clone, Debug)]
pub struct UnitSummary {
    pub name: Arc<str>,
    pub language: Language,
    pub resources: usize,
}

/// Stacks that are lowered at a time where their attributes are let go.
const PIECE: usize = 32;

/// How a run is to judge.
#[derive(Clone, Debug, Default)]
pub struct AnalysisSettings {
    pub facts: Facts,
    /// Assumptions count as undecided.
    pub strict: bool,
    /// Severity by rule; `None` switches the rule's findings off.
    pub severities: BTreeMap<String, Option<Severity>>,
    pub suppress: suppress::Settings,
    /// Exported estates that are judged together with the stacks.
    pub estates: Vec<Estate>,
    /// Lets go of the resources' attributes once they are linked: nobody will ask what a resource is, nor change it.
    pub lean: bool,
}

/// The result of a run.
#[derive(Debug)]
pub struct Analysis {
    pub sources: Sources,
    pub units: Vec<UnitSummary>,
    pub stacks: Vec<Arc<Stack>>,
    pub graph: Graph,
    /// In order of plan, rule, action, source.
    pub judgements: Vec<Judgement>,
    /// Most severe first, then by how many copies, then by place.
    pub findings: Vec<Reported>,
    /// Findings that the user has accepted: they do not count; in the same order.
    pub suppressed: Vec<Reported>,
    /// What became of comments, `[[ignore]]` and the baseline.
    pub ignores: suppress::Ignores,
    pub diagnostics: Vec<Diagnostic>,
    /// Assumptions of all copies, once each.
    pub assumptions: Vec<String>,
    strict: bool,
    memo: Memo,
    /// What was found, before settings; kept where some verdict is open.
    judged: Vec<Judged>,
    /// The checks of copies whose verdict was joined from several cases.
    joined: BTreeMap<CopyId, Vec<CheckResult>>,
}

impl Analysis {
    /// Texts that no output shows. What is in files that could not be read is quoted in messages, and was evaluated by
    /// nobody.
    pub fn secrets(&self) -> BTreeSet<Arc<str>> {
        let bad = self.diagnostics.iter().filter(|diagnostic| diagnostic.kind == DiagnosticKind::BadInput);
        self.sources.secrets(bad.filter_map(|diagnostic| Some(diagnostic.primary.as_ref()?.span.file)))
    }

    /// Whether some copy's verdict is open.
    pub fn is_undecided(&self) -> bool {
        self.judgements.iter().any(|judgement| judgement.verdict == Verdict::Undecided)
    }

    /// Keeps the `changed` copies alone, and the errors of those that are `worse`.
    pub(crate) fn narrow(&mut self, changed: &BTreeSet<CopyId>, worse: &BTreeSet<CopyId>) {
        self.judgements.retain(|judgement| changed.contains(&judgement.copy.id));
        self.findings.retain(|reported| reported.breaks(worse));
        self.suppressed.clear();
        for reported in &mut self.findings {
            reported.copies.retain(|copy| changed.contains(copy));
        }
    }

    /// What follows from the judgements: findings and assumptions.
    fn conclude(&mut self, mut judged: Vec<Judged>, settings: &AnalysisSettings) {
        if !settings.estates.is_empty() {
            leave_elsewhere(&mut judged, &self.judgements, &self.graph, &self.sources);
        }
        let incomplete = self.diagnostics.iter().any(|diagnostic| diagnostic.kind == DiagnosticKind::BadInput);
        let context = Context {
            sources: &self.sources,
            graph: &self.graph,
            catalog: Catalog::builtin(),
            strict: settings.strict,
            memo: &self.memo,
        };
        let (mut reported, ignores) =
            report(&context, &self.stacks, judged, &self.judgements, &self.joined, incomplete, settings);
        lead_there(&mut reported, &self.stacks, &self.sources);
        name_the_others(&mut reported, &self.judgements, &self.graph);
        let (suppressed, findings) = reported.into_iter().partition(|reported| reported.suppressed.is_some());
        // Copies of a class stand on the same.
        let mut seen = HashSet::new();
        let bases = self.judgements.iter().filter(|judgement| seen.insert(Arc::as_ptr(&judgement.basis)));
        let assumed: HashSet<&String> = bases.flat_map(|judgement| judgement.basis.assumed.iter()).collect();
        self.assumptions = assumed.into_iter().cloned().collect();
        self.assumptions.sort();
        (self.suppressed, self.findings, self.ignores) = (suppressed, findings, ignores);
    }

    /// Every check of a copy with its evidence. They are made again for each call: an estate has millions of them.
    pub fn checks(&self, judgement: &Judgement) -> Vec<CheckResult> {
        if let Some(checks) = self.joined.get(&judgement.copy.id) {
            return checks.clone();
        }
        let context = Context {
            sources: &self.sources,
            graph: &self.graph,
            catalog: Catalog::builtin(),
            strict: self.strict,
            memo: &self.memo,
        };
        checks_of(&context, &judgement.copy)
    }
}

/// What is known of an estate's stacks before it is analysed.
#[derive(Debug)]
pub enum Known<'m> {
    Nothing,
    /// What some declare: they were looked at as soon as they were evaluated.
    Early(Early),
    /// What the last analysis of the same estate has left.
    Memory(&'m mut Memory),
}

/// Links, predicts and judges what these stacks declare.
pub fn analyze(
    sources: Sources,
    mut stacks: Vec<Arc<Stack>>,
    mut diagnostics: Vec<Diagnostic>,
    settings: &AnalysisSettings,
    known: Known<'_>,
) -> Analysis {
    let mut memory = None;
    let (entities, found) = match known {
        Known::Memory(known) => {
            let (entities, found, stamps) = known.lowered(&sources, &stacks, &settings.estates);
            memory = Some((known, stamps));
            (entities, found)
        }
        Known::Early(early) => lowered_in_pieces(&sources, &mut stacks, &settings.estates, &early),
        Known::Nothing => lowered(&sources, &stacks, &settings.estates),
    };
    diagnostics.extend(found);
    let graph = linked(entities, &stacks, settings);
    // Which unit reads a shared module first, or meets what another one has to tell, is left to chance; the order is not.
    diagnostics.sort_by_cached_key(|diagnostic| {
        let place = diagnostic.primary.as_ref().map(|label| (sources.path(label.span.file), label.span.start));
        (diagnostic.path.clone(), place, diagnostic.message.clone())
    });
    diagnostics.dedup();
    let catalog = Catalog::builtin();
    let memo = Memo::default();
    let context = Context { sources: &sources, graph: &graph, catalog, strict: settings.strict, memo: &memo };
    let (judgements, judged) = match memory {
        Some((known, stamps)) => {
            let prints = Prints::new(&graph, &stamps);
            let copies = predict_again(&graph, catalog, prints.grounds(), &mut known.predicted);
            let judged = judge_again(&context, copies, Some(&prints), &mut known.judged);
            known.prints = Some(prints);
            judged
        }
        None => judge_all(&context, predict(&graph, catalog)),
    };
    let own = stacks.iter().filter(|stack| stack.language != Language::Facts).map(|stack| UnitSummary {
        name: stack.unit.clone(),
        language: stack.language,
        resources: stack.resources.len(),
    });
    let exported = settings.estates.iter().flat_map(|estate| &estate.units).map(|unit| UnitSummary {
        name: unit.name.clone(),
        language: unit.language,
        resources: unit.resources,
    });
    let units = own.chain(exported).collect();
    let mut analysis = Analysis {
        units,
        stacks,
        judgements,
        findings: Vec::new(),
        suppressed: Vec::new(),
        ignores: suppress::Ignores::default(),
        assumptions: Vec::new(),
        diagnostics,
        graph,
        sources,
        strict: settings.strict,
        memo,
        judged: Vec::new(),
        joined: BTreeMap::new(),
    };
    if analysis.is_undecided() {
        analysis.judged = judged.clone();
    }
    analysis.conclude(judged, settings);
    analysis
}

/// What these stacks declare, as one graph.
fn linked(entities: Entities, stacks: &[Arc<Stack>], settings: &AnalysisSettings) -> Graph {
    let mut facts = settings.facts.clone();
    // Where a template that is not at hand is deployed, not all is loaded.
    for resource in crate::resource::unread(stacks) {
        let set = resource.kind.ends_with("StackSet") || resource.kind.ends_with("stack_set");
        match resource.place.account.known().filter(|_| !set) {
            Some(account) => {
                if let Some(facts) = facts.accounts.get_mut(account) {
                    facts.complete = false;
                }
            }
            None => facts.accounts.values_mut().for_each(|facts| facts.complete = false),
        }
    }
    let deployed = stacks.iter().filter(|stack| matches!(stack.language, Language::State | Language::Facts));
    facts.deployed.extend(deployed.map(|stack| stack.id));
    link(entities, &facts)
}

/// What these stacks and exported estates declare, before it is linked.
pub fn lowered(sources: &Sources, stacks: &[Arc<Stack>], estates: &[Estate]) -> (Entities, Vec<Diagnostic>) {
    let mut all = (Entities::default(), Vec::new());
    lower_more(&mut all, stacks, &|stack| lower(stack, sources, Catalog::builtin()));
    with_estates(all, estates)
}

/// The same; of each piece of the estate the attributes are let go before the next one is looked at.
fn lowered_in_pieces(
    sources: &Sources,
    stacks: &mut [Arc<Stack>],
    estates: &[Estate],
    early: &Early,
) -> (Entities, Vec<Diagnostic>) {
    let mut all = (Entities::default(), Vec::new());
    // Room that nobody writes to costs nothing; growing would keep what was there twice.
    all.0.data_stores.reserve_exact(stacks.iter().map(|stack| stack.resources.len()).sum());
    for piece in stacks.chunks_mut(PIECE) {
        lower_more(&mut all, piece, &|stack| {
            early.take(stack.id).unwrap_or_else(|| lower(stack, sources, Catalog::builtin()))
        });
        // What is evaluated again for other inputs shares a stack, and needs it whole.
        let own = piece.par_iter_mut().filter_map(Arc::get_mut);
        own.for_each(|stack| early::let_go(stack, |_| true));
    }
    with_estates(all, estates)
}

fn lower_more(
    all: &mut (Entities, Vec<Diagnostic>),
    stacks: &[Arc<Stack>],
    declared: &(dyn Fn(&Stack) -> (Entities, Vec<Diagnostic>) + Sync),
) {
    let lowered: Vec<_> = stacks.par_iter().map(|stack| declared(stack)).collect();
    for (entities, diagnostics) in lowered {
        all.0.extend(entities);
        all.1.extend(diagnostics);
    }
}

fn with_estates(mut all: (Entities, Vec<Diagnostic>), estates: &[Estate]) -> (Entities, Vec<Diagnostic>) {
    for estate in estates {
        all.0.extend(estate.entities.clone());
    }
    all
}

/// Leaves out what is wrong with copies that belong to an exported estate alone: it is told where that was exported.
fn leave_elsewhere(judged: &mut Vec<Judged>, judgements: &[Judgement], graph: &Graph, sources: &Sources) {
    let exported = |site: &Site| sources.exported_by(site.header.file).is_some();
    let elsewhere = |judgement: &&Judgement| {
        let source = match &judgement.copy.source {
            CopySource::Store(id) => graph.store(*id).is_some_and(|store| exported(&store.site)),
            CopySource::Arn(_) | CopySource::Unknown(_) => true,
        };
        source && graph.plan(judgement.copy.plan).is_some_and(|plan| exported(&plan.site))
    };
    let left: BTreeSet<CopyId> = judgements.iter().filter(elsewhere).map(|judgement| judgement.copy.id).collect();
    if !left.is_empty() {
        judged.iter_mut().for_each(|group| group.copies.retain(|copy| !left.contains(copy)));
        judged.retain(|group| !group.copies.is_empty());
    }
}

/// Shows the stacks that lead to a finding's place in a template; of several ways there, what they share.
fn lead_there(findings: &mut [Reported], stacks: &[Arc<Stack>], sources: &Sources) {
    let deployed = stacks.iter().flat_map(|stack| &stack.resources);
    let mut files: BTreeMap<FileId, Vec<&Resource>> = BTreeMap::new();
    for resource in deployed.filter(|resource| !resource.chain.is_empty() && resource.kind.contains("::")) {
        files.entry(resource.span.file).or_default().push(resource);
    }
    for reported in findings {
        let Some(primary) = &reported.finding.primary else { continue };
        let span = primary.span;
        let within = files.get(&span.file).into_iter().flatten();
        let within = within.filter(|resource| resource.span.start <= span.start && span.end <= resource.span.end);
        let chains: BTreeSet<&Arc<[crate::source::Span]>> = within.map(|resource| &resource.chain).collect();
        let Some(first) = chains.first() else { continue };
        for link in first.iter().filter(|link| **link != span && chains.iter().all(|chain| chain.contains(link))) {
            if !reported.finding.labels.iter().any(|label| label.span == *link) {
                let words = crate::checks::link_words(sources, *link, "it");
                reported.finding.labels.push(Label::new(*link, words));
            }
        }
    }
}

/// So many accounts are listed where others need the same.
const MOST_NAMED: usize = 10;

/// The remedy for a vault's policy lets one account in; where copies from others are refused, too, these are named.
fn name_the_others(findings: &mut [Reported], judgements: &[Judgement], graph: &Graph) {
    let several = |reported: &Reported| {
        reported.finding.rule == "destination-vault-access-missing" && !reported.undecided && reported.copies.len() > 1
    };
    let asked = findings.iter().enumerate().filter(|(_, reported)| several(reported));
    let asked: HashMap<CopyId, usize> =
        asked.flat_map(|(at, reported)| reported.copies.iter().map(move |copy| (*copy, at))).collect();
    if asked.is_empty() {
        return;
    }
    let mut plans: BTreeMap<usize, BTreeSet<PlanId>> = BTreeMap::new();
    for judgement in judgements {
        if let Some(at) = asked.get(&judgement.copy.id) {
            plans.entry(*at).or_default().insert(judgement.copy.plan);
        }
    }
    for (at, plans) in plans {
        let Some(reported) = findings.get_mut(at) else { continue };
        let help = reported.finding.help.as_deref().unwrap_or_default();
        let account = |plan: PlanId| graph.plan(plan)?.site.place.account.known().map(ToString::to_string);
        let accounts: BTreeSet<String> = plans.into_iter().filter_map(account).collect();
        let (named, others): (Vec<&String>, Vec<&String>) =
            accounts.iter().partition(|account| help.contains(account.as_str()));
        if !named.is_empty() && !others.is_empty() {
            let listed: Vec<&str> = others.iter().take(MOST_NAMED).map(|account| account.as_str()).collect();
            let more = match others.len() - listed.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let likewise = format!(", and the same for {}{more}", listed.join(", "));
            if let (Some(at), Some(help)) = (help.find(":\n"), &mut reported.finding.help) {
                help.insert_str(at, &likewise);
            }
        }
    }
}

/// The findings as reported: with the severities of the settings, those that the user has accepted told apart, the worst
/// first; and what became of the ignores. Where some input could not be read the run is `incomplete`.
fn report(
    context: &Context<'_>,
    stacks: &[Arc<Stack>],
    judged: Vec<Judged>,
    judgements: &[Judgement],
    joined: &BTreeMap<CopyId, Vec<CheckResult>>,
    incomplete: bool,
    settings: &AnalysisSettings,
) -> (Vec<Reported>, suppress::Ignores) {
    let sources = context.sources;
    let counts = |rule: &str| settings.severities.get(rule) != Some(&None);
    let judged = judged.into_iter().filter(|judged| counts(judged.finding.rule)).collect();
    let scene = suppress::Scene { sources, graph: context.graph, stacks, judgements };
    let outcome_of = |judgement: &Judgement, rule: &str| match joined.get(&judgement.copy.id) {
        Some(checks) => checks.iter().find(|check| check.rule == rule).map(|check| check.outcome.clone()),
        None => check_of(context, &judgement.copy, rule),
    };
    let finding_of = |judgement: &Judgement, rule: &str| Some(*outcome_of(judgement, rule)?.finding()?.0);
    let (split, ignores) = suppress::apply(&scene, &settings.suppress, judged, &finding_of, incomplete, &counts);
    let mut findings: Vec<Reported> = split
        .into_iter()
        .map(|(Judged { mut finding, undecided, copies }, suppressed)| {
            finding.severity = settings.severities.get(finding.rule).copied().flatten().unwrap_or(finding.severity);
            // What cannot be told is no fault of the code, unless proof is asked for.
            if undecided {
                finding.severity = if settings.strict { Severity::Error } else { Severity::Info };
            }
            let fingerprint = short_hash(&format!("{}|{undecided}|{}", finding.rule, finding.root));
            Reported { finding, undecided, copies, fingerprint, suppressed, fix: None }
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
    (findings, ignores)
}
