//! An estate that is analysed again and again while its files are edited: what an edit does not touch is kept.
//!
//! What the evaluation of each unit reads is noted. An edit evaluates the units that have read the file; the graph is
//! linked anew, and copies whose ground is not what it was are judged again. An edit that could change which units there
//! are needs a new session.

use crate::Input;
use crate::analysis::{self, Analysis, AnalysisSettings, Known, Memory};
use crate::cloudformation::Alone;
use crate::diagnostic::Diagnostic;
use crate::resource::{Language, LoadSettings, OpenInput, Stack, Unit};
use crate::source::{Reads, Sources, normalize, parent};
use crate::terraform::{self, Evaluated, Modules};
use crate::value::StackId;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// The estate as it was read, and what came of it.
pub struct Session {
    sources: Sources,
    units: Vec<Unit>,
    modules: Modules,
    load: LoadSettings,
    settings: AnalysisSettings,
    /// What was wrong before evaluation began.
    diagnostics: Vec<Diagnostic>,
    read: crate::Read,
    templates: (Vec<Arc<Stack>>, Vec<Diagnostic>),
    /// Templates by themselves, in the order of their units.
    alone: Alone,
    roots: Vec<Root>,
    memory: Memory,
    /// Inputs without a value by the unit's place, as far as somebody has asked for them.
    open: Mutex<BTreeMap<usize, Vec<OpenInput>>>,
}

/// What came of a Terraform unit.
struct Root {
    unit: usize,
    stacks: Vec<Arc<Stack>>,
    diagnostics: Vec<Diagnostic>,
    reads: Reads,
}

impl Session {
    /// Evaluates everything.
    pub fn new(input: Input, settings: AnalysisSettings) -> Self {
        let Input { sources, units, modules, load, mut diagnostics } = input;
        let mut units = crate::with_states(units);
        crate::parallel::on_threads(None, move || {
            let (read, found) = crate::Read::new(&sources, &units, &load, &settings);
            diagnostics.extend(found);
            crate::deployed::place_units(&mut units, &read.stacks);
            let mut alone = Alone::default();
            let templates = read.templates_again(&sources, &units, &load, (&mut alone, &BTreeSet::new()));
            let roots: Vec<usize> = (0..units.len())
                .filter(|at| units.get(*at).is_some_and(|unit| unit.language == Language::Terraform))
                .collect();
            let mut session = Self {
                sources,
                units,
                modules,
                load,
                settings,
                diagnostics,
                read,
                templates,
                alone,
                roots: Vec::new(),
                memory: Memory::default(),
                open: Mutex::default(),
            };
            session.roots = session.evaluated(&session.sources, &session.units, &session.templates.0, roots);
            session
        })
    }

    fn evaluated(&self, sources: &Sources, units: &[Unit], templates: &[Arc<Stack>], roots: Vec<usize>) -> Vec<Root> {
        let ids = crate::ids(units);
        let all = crate::of(&ids, Language::Terraform);
        let published = self.read.published_with(templates);
        roots
            .into_par_iter()
            .map(|unit| {
                let chunk: Vec<(StackId, &Unit)> = ids.get(unit).into_iter().copied().collect();
                let Evaluated { stacks, diagnostics, reads } =
                    terraform::evaluate(sources, &self.modules, &all, &chunk, &self.load, &published);
                Root { unit, stacks: stacks.into_iter().map(Arc::new).collect(), diagnostics, reads }
            })
            .collect()
    }

    /// Gives files, by path, other texts; whether the session goes on. Where it does not, its answers are no longer those
    /// of a fresh one.
    pub fn edit<'t>(&mut self, texts: impl IntoIterator<Item = (&'t str, &'t str)>) -> bool {
        let mut touched: BTreeSet<String> = BTreeSet::new();
        let (mut templates, mut elsewhere) = (false, false);
        for (path, text) in texts {
            let path = normalize(path);
            let file = match self.sources.loaded(&path) {
                // Nobody has asked for it, or only for its bytes.
                None if self.roots.iter().any(|root| root.reads.files.contains(&path)) => return false,
                None => continue,
                Some(Err(_)) => return false,
                Some(Ok(file)) => file,
            };
            let old = self.sources.text(file);
            if *old == text {
                continue;
            }
            let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
            let is_code = terraform::is_config(&name);
            let is_template =
                self.units.iter().any(|unit| unit.language == Language::CloudFormation && unit.path == path);
            let is_input = [".tfvars", ".tfvars.json"].iter().any(|end| name.ends_with(end));
            if !is_code && is_template != crate::cloudformation::recognise(text)
                || !is_code && !is_template && !is_input && (decides(&path, &old) || decides(&path, text))
            {
                return false;
            }
            elsewhere |= [&**old, text].iter().any(|text| text.contains("backend") || text.contains("cloud"));
            let dir = parent(&path).to_owned();
            let calls = is_code.then(|| terraform::local_sources(&self.sources, &self.modules, &dir));
            self.sources.replace(file, text);
            self.memory.touch([file]);
            if let Some(calls) = calls {
                self.modules.forget(&dir);
                // Which modules are called decides which are roots.
                if terraform::local_sources(&self.sources, &self.modules, &dir) != calls {
                    return false;
                }
            }
            templates |= is_template;
            if !is_template && !is_code && !self.roots.iter().any(|root| root.reads.files.contains(&path)) {
                return false;
            }
            touched.insert(path);
        }
        if touched.is_empty() {
            return true;
        }
        self.modules.forget_stacks();
        crate::parallel::on_threads(None, || self.evaluate_again(&touched, templates, elsewhere));
        true
    }

    /// Evaluates what has read the touched files; `templates` where one of them is a template, `elsewhere` where it may
    /// say where a state is kept.
    fn evaluate_again(&mut self, touched: &BTreeSet<String>, templates: bool, elsewhere: bool) {
        if templates {
            let open = self.open.get_mut().unwrap_or_else(PoisonError::into_inner);
            let is_template = |unit: &Unit| unit.language == Language::CloudFormation;
            let units = self.units.iter().enumerate().filter(|(_, unit)| is_template(unit));
            for (_, (at, _)) in units.enumerate().filter(|(number, _)| self.alone.reads(*number, touched)) {
                open.remove(&at);
            }
            let alone = (&mut self.alone, touched);
            self.templates = self.read.templates_again(&self.sources, &self.units, &self.load, alone);
        }
        let affected = self.affected(|root| {
            let reads = &root.reads;
            touched.iter().any(|path| reads.files.contains(path))
                || reads.elsewhere && elsewhere
                || templates && (reads.elsewhere || !reads.units.is_empty())
        });
        let again: Vec<usize> = affected.iter().filter_map(|at| self.roots.get(*at)).map(|root| root.unit).collect();
        let new = self.evaluated(&self.sources, &self.units, &self.templates.0, again);
        let open = self.open.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (at, root) in affected.into_iter().zip(new) {
            open.remove(&root.unit);
            if let Some(old) = self.roots.get_mut(at) {
                *old = root;
            }
        }
    }

    /// The roots that `first` names, and those that read what these give out.
    fn affected(&self, first: impl Fn(&Root) -> bool) -> Vec<usize> {
        let mut readers: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (at, root) in self.roots.iter().enumerate() {
            root.reads.units.iter().for_each(|unit| readers.entry(*unit).or_default().push(at));
        }
        let mut next: Vec<usize> =
            self.roots.iter().enumerate().filter(|(_, root)| first(root)).map(|(at, _)| at).collect();
        let mut affected: BTreeSet<usize> = BTreeSet::new();
        while let Some(at) = next.pop() {
            if affected.insert(at) {
                let unit = self.roots.get(at).and_then(|root| u32::try_from(root.unit).ok());
                next.extend(unit.and_then(|unit| readers.get(&unit)).into_iter().flatten());
            }
        }
        affected.into_iter().collect()
    }

    /// What `crate::analyze` would say of these texts.
    pub fn analysis(&mut self) -> Analysis {
        let mut memory = std::mem::take(&mut self.memory);
        let analysis = crate::parallel::on_threads(None, || {
            let mut diagnostics = self.diagnostics.clone();
            diagnostics.extend(self.templates.1.iter().cloned());
            let roots = self.roots.iter().flat_map(|root| &root.stacks).cloned().collect();
            diagnostics.extend(self.roots.iter().flat_map(|root| &root.diagnostics).cloned());
            let sources = self.sources.fork();
            let ids = crate::ids(&self.units);
            let templates = self.templates.0.clone();
            let stacks = self.read.assemble(&sources, templates, roots, &ids, &self.load, &mut diagnostics);
            let analysis = analysis::analyze(sources, stacks, diagnostics, &self.settings, Known::Memory(&mut memory));
            let open = |sources: &Sources, at, unit: &Unit| self.open_inputs(sources, at, unit);
            let known = (&*self.units, &self.load);
            crate::in_all_cases(analysis, known, &self.settings, &open, &|sources, units| self.stacks(sources, units))
        });
        self.memory = memory;
        analysis
    }

    /// The open inputs of the unit at this place, worked out once.
    fn open_inputs(&self, sources: &Sources, at: usize, unit: &Unit) -> Vec<OpenInput> {
        let mut known = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || crate::open_inputs(sources, &self.modules, unit, &self.load);
        known.entry(at).or_insert_with(make).clone()
    }

    /// The stacks for units with other inputs: only those that have them are evaluated.
    fn stacks(&self, sources: &Sources, units: &[Unit]) -> Vec<Arc<Stack>> {
        let other: BTreeSet<usize> = units
            .iter()
            .zip(&self.units)
            .enumerate()
            .filter(|(_, (chosen, own))| chosen.deployment != own.deployment)
            .map(|(at, _)| at)
            .collect();
        let templates = self.read.templates(sources, units, &self.load).0;
        let affected = self.affected(|root| root.reads.elsewhere || other.contains(&root.unit));
        let again = affected.iter().filter_map(|at| self.roots.get(*at)).map(|root| root.unit).collect();
        let new: BTreeMap<usize, Root> =
            affected.into_iter().zip(self.evaluated(sources, units, &templates, again)).collect();
        let roots = self.roots.iter().enumerate().flat_map(|(at, old)| &new.get(&at).unwrap_or(old).stacks);
        self.read.assemble(
            sources,
            templates,
            roots.cloned().collect(),
            &crate::ids(units),
            &self.load,
            &mut Vec::new(),
        )
    }
}

/// Whether a file of this text may decide which units there are.
fn decides(path: &str, text: &str) -> bool {
    ["crossvault.toml", ".hcl"].iter().any(|end| path.ends_with(end))
        || crate::estate::recognise(text)
        || crate::plan::recognise(text)
        || crate::policy_file::recognise(text)
        || crate::cloudformation::recognise(text)
        || crate::cloudformation::is_manifest(text)
        || crate::cloudformation::tells_deployments(path, text)
}
