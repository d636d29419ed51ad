//! crossvault predicts whether the AWS Backup copies that Terraform and CloudFormation plan will succeed.
//!
//! Data goes one way: `discover -> load (terraform | cloudformation | plan) -> Resource -> lower -> model -> graph -> copy ->
//! checks -> report`. A stage does not know the next.

pub mod analysis;
pub mod aws;
mod cases;
pub mod catalog;
pub mod checks;
pub mod cli;
pub mod cloudformation;
pub mod compare;
pub mod config;
pub mod copy;
mod deployed;
pub mod diagnostic;
pub mod discover;
mod embedded;
pub mod estate;
mod facts;
pub mod fix;
pub mod graph;
pub mod iam;
mod json;
pub mod lower;
pub mod lsp;
pub mod model;
pub mod organization;
pub mod parallel;
pub mod plan;
pub mod policy_file;
pub mod report;
pub mod resource;
pub mod secret;
pub mod session;
pub mod source;
pub mod suppress;
mod templates;
pub mod terraform;
pub mod value;

use analysis::{Analysis, AnalysisSettings};
use diagnostic::Diagnostic;
use resource::{Language, LoadSettings, Published, Stack, Unit};
use source::Sources;
use std::sync::Arc;
use value::StackId;

/// What a run works on.
#[derive(Debug)]
pub struct Input {
    pub sources: Sources,
    pub units: Vec<Unit>,
    pub modules: terraform::Modules,
    pub load: LoadSettings,
    /// What was wrong before evaluation began.
    pub diagnostics: Vec<diagnostic::Diagnostic>,
}

/// Evaluates the units and judges every copy that they plan: the pipeline.
pub fn analyze(input: Input, settings: &AnalysisSettings) -> Analysis {
    let Input { sources, units, modules, mut load, mut diagnostics } = input;
    if settings.lean {
        load.settle = Some(analysis::lighten());
    }
    let mut units = with_states(units);
    parallel::on_threads(None, move || {
        let (read, found) = Read::new(&sources, &units, &load, settings);
        diagnostics.extend(found);
        deployed::place_units(&mut units, &read.stacks);
        let (stacks, found, known) = match settings.lean {
            true => read.evaluate_early(&sources, &modules, &units, &load),
            false => {
                let (stacks, found) = read.evaluate(&sources, &modules, &units, &load);
                (stacks, found, analysis::Known::Nothing)
            }
        };
        diagnostics.extend(found);
        modules.let_go();
        let analysis = analysis::analyze(sources, stacks, diagnostics, settings, known);
        let open = |sources: &Sources, _, unit: &Unit| open_inputs(sources, &modules, unit, &load);
        in_all_cases(analysis, (&units, &load), settings, &open, &|sources, units| {
            read.evaluate(sources, &modules, units, &load).0
        })
    })
}

/// The verdicts where something is open, for each of the inputs that code leaves open: `open` tells those of the unit at a
/// place, `evaluate` gives the stacks for units with such inputs chosen.
fn in_all_cases(
    mut analysis: Analysis,
    (units, load): (&[Unit], &LoadSettings),
    settings: &AnalysisSettings,
    open: &dyn Fn(&Sources, usize, &Unit) -> Vec<resource::OpenInput>,
    evaluate: &dyn Fn(&Sources, &[Unit]) -> Vec<Arc<Stack>>,
) -> Analysis {
    if analysis.is_undecided() {
        let languages = cases::Languages {
            most: load.limits.combinations,
            open: &|at, unit| open(&analysis.sources, at, unit),
            refuses: &|unit| {
                unit.language == Language::CloudFormation && cloudformation::refuses(&analysis.sources, unit, load)
            },
            evaluate: &|units| evaluate(&analysis.sources, units),
        };
        let (enumerations, left) = cases::enumerate(&analysis, units, &languages);
        for enumeration in enumerations {
            analysis::join(&mut analysis, &enumeration.cases, enumeration.complete, settings);
        }
        if !left.is_empty() {
            analysis.diagnostics.push(diagnostic::Diagnostic::too_many_cases(&left));
        }
    }
    analysis
}

/// The units with those whose plan or state only the configuration names.
fn with_states(mut units: Vec<Unit>) -> Vec<Unit> {
    let named: Vec<String> = units.iter().filter_map(|unit| unit.deployment.state.clone()).collect();
    for path in named {
        if !units.iter().any(|unit| unit.path == path) {
            let deployment = resource::Deployment::default();
            units.push(Unit { name: path.as_str().into(), language: Language::Plan, path, deployment });
        }
    }
    units
}

/// What is read once, whatever the inputs of code are: plans, states and policies in files.
struct Read {
    stacks: Vec<Arc<Stack>>,
    published: Published,
}

/// The unit's inputs without a value that can only have some.
fn open_inputs(
    sources: &Sources,
    modules: &terraform::Modules,
    unit: &Unit,
    load: &LoadSettings,
) -> Vec<resource::OpenInput> {
    match unit.language {
        Language::Terraform => terraform::open_inputs(sources, modules, unit, load),
        Language::CloudFormation => cloudformation::open_inputs(sources, unit, load, &lower::weighs),
        // What was planned or deployed has its inputs.
        _ => Vec::new(),
    }
}

fn ids(units: &[Unit]) -> Vec<(StackId, &Unit)> {
    units.iter().enumerate().map(|(at, unit)| (StackId(u32::try_from(at).unwrap_or(u32::MAX)), unit)).collect()
}

fn of<'u>(units: &[(StackId, &'u Unit)], language: Language) -> Vec<(StackId, &'u Unit)> {
    units.iter().copied().filter(|(_, unit)| unit.language == language).collect()
}

impl Read {
    fn new(
        sources: &Sources,
        units: &[Unit],
        load: &LoadSettings,
        settings: &AnalysisSettings,
    ) -> (Self, Vec<Diagnostic>) {
        let units = ids(units);
        let (mut stacks, mut diagnostics, mut published) = (Vec::new(), Vec::new(), Published::default());
        for (id, unit) in of(&units, Language::Plan) {
            let (stack, outputs, found) = plan::load(sources, unit, id, load, &lower::weighs);
            published.states.extend(outputs.map(|outputs| (unit.path.clone(), outputs)));
            stacks.push(Arc::new(stack));
            diagnostics.extend(found);
        }
        for (id, unit) in of(&units, Language::OrganizationPolicy) {
            let (stack, found) = policy_file::load(sources, unit, id, load);
            stacks.push(Arc::new(stack));
            diagnostics.extend(found);
        }
        published.parameters.extend(stacks.iter().flat_map(|stack| resource::parameters(stack)));
        settings.estates.iter().for_each(|estate| published.elsewhere.extend(estate.given.clone()));
        (Self { stacks, published }, diagnostics)
    }

    /// The stacks of templates.
    fn templates(&self, sources: &Sources, units: &[Unit], load: &LoadSettings) -> (Vec<Arc<Stack>>, Vec<Diagnostic>) {
        let ids = ids(units);
        let templates = of(&ids, Language::CloudFormation);
        cloudformation::load_all(sources, &templates, load, &self.published.elsewhere)
    }

    /// The same, once more: of templates that read none of the `touched` files what is known of them is kept.
    fn templates_again(
        &self,
        sources: &Sources,
        units: &[Unit],
        load: &LoadSettings,
        alone: (&mut cloudformation::Alone, &std::collections::BTreeSet<String>),
    ) -> (Vec<Arc<Stack>>, Vec<Diagnostic>) {
        let ids = ids(units);
        let templates = of(&ids, Language::CloudFormation);
        cloudformation::load_again(sources, &templates, load, &self.published.elsewhere, alone)
    }

    /// All stacks of the estate, with the code evaluated for the units' inputs.
    fn evaluate(
        &self,
        sources: &Sources,
        modules: &terraform::Modules,
        units: &[Unit],
        load: &LoadSettings,
    ) -> (Vec<Arc<Stack>>, Vec<Diagnostic>) {
        let ids = ids(units);
        let (stacks, mut diagnostics) = self.templates(sources, units, load);
        let published = self.published_with(&stacks);
        let (found, more) = terraform::load(sources, modules, &of(&ids, Language::Terraform), load, &published);
        diagnostics.extend(more);
        let found = found.into_iter().map(Arc::new).collect();
        let stacks = self.assemble(sources, stacks, found, &ids, load, &mut diagnostics);
        (stacks, diagnostics)
    }

    /// The same; stacks are looked at as soon as they are evaluated, where nothing is added to them later.
    fn evaluate_early(
        &self,
        sources: &Sources,
        modules: &terraform::Modules,
        units: &[Unit],
        load: &LoadSettings,
    ) -> (Vec<Arc<Stack>>, Vec<Diagnostic>, analysis::Known<'static>) {
        let early = analysis::Early::default();
        // A state gives its identities to the code, facts may do the same.
        let joined = self.stacks.iter().any(|stack| stack.language == Language::State);
        if !joined {
            let settling = LoadSettings { settle: Some(early.settle()), ..load.clone() };
            let (stacks, found) = self.evaluate(sources, modules, units, &settling);
            let deploys = |stack: &Arc<Stack>| stack.resources.iter().any(|resource| analysis::deploys(&resource.kind));
            // What templates that Terraform deploys give out may stand in any stack.
            if !stacks.iter().any(deploys) {
                return (stacks, found, analysis::Known::Early(early));
            }
        }
        let (stacks, found) = self.evaluate(sources, modules, units, load);
        (stacks, found, analysis::Known::Early(analysis::Early::default()))
    }

    /// What the stacks of templates give out, with what was read once.
    fn published_with(&self, templates: &[Arc<Stack>]) -> Published {
        let mut published = self.published.clone();
        published.parameters.extend(templates.iter().flat_map(|stack| resource::parameters(stack)));
        published
    }

    /// All stacks in order, states joined with their code.
    fn assemble(
        &self,
        sources: &Sources,
        templates: Vec<Arc<Stack>>,
        roots: Vec<Arc<Stack>>,
        ids: &[(StackId, &Unit)],
        load: &LoadSettings,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<Arc<Stack>> {
        let mut stacks = templates;
        stacks.extend(self.stacks.iter().cloned());
        stacks.extend(roots);
        let by_id: std::collections::BTreeMap<StackId, &Unit> = ids.iter().copied().collect();
        let (found, files) = templates::deploy(sources, &mut stacks, &by_id, load);
        diagnostics.extend(found);
        // A template that Terraform deploys goes nowhere by itself.
        let elsewhere = |unit: &Unit| !unit.deployment.named && files.contains(&*unit.path);
        stacks.retain(|stack| {
            stack.language != Language::CloudFormation || !by_id.get(&stack.id).is_some_and(|unit| elsewhere(unit))
        });
        diagnostics.extend(deployed::join_states(&mut stacks, &ids.iter().copied().collect()));
        if !load.facts.is_empty() {
            // After all units: what code says comes first.
            let id = StackId(u32::try_from(ids.len()).unwrap_or(u32::MAX));
            let (stack, found) = facts::load(sources, &load.facts, id);
            stacks.push(Arc::new(stack));
            diagnostics.extend(found);
        }
        // Code before what is deployed: where both speak of a thing, the first is heard.
        stacks.sort_by_key(|stack| (matches!(stack.language, Language::State | Language::Facts), stack.id));
        stacks
    }
}
