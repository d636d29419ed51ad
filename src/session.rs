//! An estate that is analysed again and again while its files are edited: what an edit does not touch is kept.
//!
//! Units are evaluated in groups, and what each group reads is noted. An edit evaluates the groups that have read the
//! file; the graph and its copies are made anew from all stacks. An edit that could change which units there are needs
//! a new session.

use crate::Input;
use crate::analysis::{Analysis, AnalysisSettings};
use crate::diagnostic::Diagnostic;
use crate::resource::{Language, LoadSettings, Stack, Unit};
use crate::source::{Sources, normalize, parent};
use crate::terraform::{self, Evaluated, Modules};
use crate::value::StackId;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

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
    templates: (Vec<Stack>, Vec<Diagnostic>),
    groups: Vec<Group>,
}

/// Terraform units that are evaluated together.
struct Group {
    units: Vec<usize>,
    evaluated: Evaluated,
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
            let templates = read.templates(&sources, &units, &load);
            let roots: Vec<usize> = (0..units.len())
                .filter(|at| units.get(*at).is_some_and(|unit| unit.language == Language::Terraform))
                .collect();
            let mut session =
                Self { sources, units, modules, load, settings, diagnostics, read, templates, groups: Vec::new() };
            let ids = crate::ids(&session.units);
            let groups = terraform::groups(&session.sources, &crate::of(&ids, Language::Terraform));
            let of_units = |group: Vec<usize>| group.into_iter().filter_map(|at| roots.get(at)).copied().collect();
            let groups = groups.into_iter().map(of_units).collect();
            session.groups = session.evaluated(&session.sources, &session.units, &session.templates.0, groups);
            session
        })
    }

    fn evaluated(&self, sources: &Sources, units: &[Unit], templates: &[Stack], groups: Vec<Vec<usize>>) -> Vec<Group> {
        let ids = crate::ids(units);
        let all = crate::of(&ids, Language::Terraform);
        let published = self.read.published_with(templates);
        groups
            .into_par_iter()
            .map(|group| {
                let chunk: Vec<(StackId, &Unit)> = group.iter().filter_map(|at| ids.get(*at)).copied().collect();
                let evaluated = terraform::evaluate(sources, &self.modules, &all, &chunk, &self.load, &published);
                Group { units: group, evaluated }
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
                None if self.groups.iter().any(|group| group.evaluated.reads.files.contains(&path)) => return false,
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
            if let Some(calls) = calls {
                self.modules.forget(&dir);
                // Which modules are called decides which are roots.
                if terraform::local_sources(&self.sources, &self.modules, &dir) != calls {
                    return false;
                }
            }
            templates |= is_template;
            if !is_template && !is_code && !self.groups.iter().any(|group| group.evaluated.reads.files.contains(&path))
            {
                return false;
            }
            touched.insert(path);
        }
        if touched.is_empty() {
            return true;
        }
        crate::parallel::on_threads(None, || self.evaluate_again(&touched, templates, elsewhere));
        true
    }

    /// Evaluates what has read the touched files; `templates` where one of them is a template, `elsewhere` where it may
    /// say where a state is kept.
    fn evaluate_again(&mut self, touched: &BTreeSet<String>, templates: bool, elsewhere: bool) {
        if templates {
            self.templates = self.read.templates(&self.sources, &self.units, &self.load);
        }
        let affected = self.affected(|group| {
            let reads = &group.evaluated.reads;
            touched.iter().any(|path| reads.files.contains(path))
                || reads.elsewhere && elsewhere
                || templates && (reads.elsewhere || !reads.units.is_empty())
        });
        let again: Vec<Vec<usize>> =
            affected.iter().filter_map(|at| self.groups.get(*at)).map(|group| group.units.clone()).collect();
        let new = self.evaluated(&self.sources, &self.units, &self.templates.0, again);
        for (at, group) in affected.into_iter().zip(new) {
            if let Some(old) = self.groups.get_mut(at) {
                *old = group;
            }
        }
    }

    /// The groups that `first` names, and those that read what their units give out.
    fn affected(&self, first: impl Fn(&Group) -> bool) -> Vec<usize> {
        let mut group_of: BTreeMap<u32, usize> = BTreeMap::new();
        for (at, group) in self.groups.iter().enumerate() {
            group_of.extend(group.units.iter().map(|unit| (u32::try_from(*unit).unwrap_or(u32::MAX), at)));
        }
        let mut affected: BTreeSet<usize> =
            self.groups.iter().enumerate().filter(|(_, group)| first(group)).map(|(at, _)| at).collect();
        loop {
            let more: Vec<usize> = self
                .groups
                .iter()
                .enumerate()
                .filter(|(at, group)| {
                    let mut used = group.evaluated.reads.units.iter().filter_map(|unit| group_of.get(unit));
                    !affected.contains(at) && used.any(|used| affected.contains(used))
                })
                .map(|(at, _)| at)
                .collect();
            if more.is_empty() {
                return affected.into_iter().collect();
            }
            affected.extend(more);
        }
    }

    /// What `crate::analyze` would say of these texts.
    pub fn analysis(&self) -> Analysis {
        crate::parallel::on_threads(None, || {
            let mut diagnostics = self.diagnostics.clone();
            diagnostics.extend(self.templates.1.iter().cloned());
            let roots = self.groups.iter().flat_map(|group| &group.evaluated.stacks).cloned().collect();
            diagnostics.extend(self.groups.iter().flat_map(|group| &group.evaluated.diagnostics).cloned());
            let sources = self.sources.fork();
            let ids = crate::ids(&self.units);
            let templates = self.templates.0.clone();
            let stacks = self.read.assemble(&sources, templates, roots, &ids, &self.load, &mut diagnostics);
            let known = (&self.modules, &*self.units, &self.load);
            crate::judge(sources, stacks, diagnostics, known, &self.settings, &|sources, units| {
                self.stacks(sources, units)
            })
        })
    }

    /// The stacks for units with other inputs: only those that have them are evaluated.
    fn stacks(&self, sources: &Sources, units: &[Unit]) -> Vec<Stack> {
        let other: BTreeSet<usize> = units
            .iter()
            .zip(&self.units)
            .enumerate()
            .filter(|(_, (chosen, own))| chosen.deployment != own.deployment)
            .map(|(at, _)| at)
            .collect();
        let templates = self.read.templates(sources, units, &self.load).0;
        let affected =
            self.affected(|group| group.evaluated.reads.elsewhere || group.units.iter().any(|at| other.contains(at)));
        let again = affected.iter().filter_map(|at| self.groups.get(*at)).map(|group| group.units.clone()).collect();
        let new: BTreeMap<usize, Group> =
            affected.into_iter().zip(self.evaluated(sources, units, &templates, again)).collect();
        let roots = self.groups.iter().enumerate().flat_map(|(at, old)| &new.get(&at).unwrap_or(old).evaluated.stacks);
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
