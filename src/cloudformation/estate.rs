//! All templates of an estate: each is evaluated by itself, on all threads; then those again that take from others, after
//! the ones that they take from.

use super::cdk::Assembly;
use super::document::{self, Node};
use super::instance::{Export, StackOutput, Stored, World};
use super::{instance, stack};
use crate::diagnostic::Diagnostic;
use crate::resource::{Given, LoadSettings, Stack, Unit};
use crate::source::{FileId, Reads, Sources, Span, parent, reads_of};
use crate::value::StackId;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Times that templates are evaluated again because of files that were not read before: a file may name the next.
const MOST_READS: usize = 64;
/// Times that templates are evaluated again because of what others export: that is how long a chain of imports may be.
const MOST_ROUNDS: usize = 64;

/// A template's file and tree, and what is wrong with it.
pub(super) type Parsed = (Option<(FileId, Node)>, Vec<Diagnostic>);

/// What all templates may look at while they are evaluated.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Whether there is more than one unit.
    pub(super) several: bool,
    /// Files that were not read before are asked for, not read, so that they are numbered in one order, whatever the
    /// threads do.
    pub(super) defers: bool,
    /// Templates that are deployed several times.
    pub(super) trees: BTreeMap<String, Parsed>,
    /// Synthesised apps, by directory.
    pub(super) assemblies: BTreeMap<String, Option<Arc<Assembly>>>,
    /// What exported estates offer: where no template offers it.
    pub(super) elsewhere: Given,
    /// What other templates offer, by name.
    pub(super) exports: HashMap<String, Vec<Export>>,
    pub(super) outputs: HashMap<(Arc<str>, Arc<str>), Vec<StackOutput>>,
    pub(super) stored: HashMap<Arc<str>, Vec<Stored>>,
}

impl Shared {
    pub(super) fn tree(&self, path: &str) -> Option<&Parsed> {
        self.trees.get(path)
    }
}

/// Something that a template takes from others, by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asked {
    Export(String),
    /// The stack's name, and the output's.
    Output(Arc<str>, Arc<str>),
    /// An SSM parameter.
    Stored(Arc<str>),
}

/// What evaluating one unit gave.
#[derive(Clone, Debug, Default)]
pub(super) struct Evaluated {
    pub(super) stack: Option<Arc<Stack>>,
    pub(super) told: Vec<Diagnostic>,
    pub(super) exports: Vec<Export>,
    pub(super) outputs: Vec<StackOutput>,
    pub(super) stored: Vec<Stored>,
    /// Templates that the unit deploys.
    pub(super) used: BTreeSet<Arc<str>>,
    pub(super) asked: BTreeSet<Asked>,
    /// Files that were not read.
    pub(super) wanted: BTreeSet<String>,
}

impl Evaluated {
    fn offers(&self) -> impl Iterator<Item = Asked> {
        let exports = self.exports.iter().map(|export| Asked::Export(export.name.clone()));
        let outputs = self.outputs.iter().map(|output| Asked::Output(output.name.clone(), output.output.clone()));
        exports.chain(outputs).chain(self.stored.iter().map(|stored| Asked::Stored(stored.name.clone())))
    }
}

/// The units and what is known of them so far.
struct Estate<'a> {
    sources: &'a Sources,
    settings: &'a LoadSettings,
    units: &'a [(StackId, &'a Unit)],
    shared: Shared,
    evaluated: Vec<Evaluated>,
    /// What the last evaluation of each unit has read.
    reads: Vec<Reads>,
}

/// What each unit gave by itself, before it was shown what the others offer, and what that has read.
#[derive(Debug, Default)]
pub(crate) struct Alone(Vec<(Evaluated, Reads)>);

impl Alone {
    /// Whether the unit at this place may have read one of these files.
    pub(crate) fn reads(&self, at: usize, files: &BTreeSet<String>) -> bool {
        self.0.get(at).is_none_or(|(_, reads)| !reads.files.is_disjoint(files))
    }
}

/// Evaluates all templates; exports of one are seen by the others of the same account and Region. What is known
/// of units alone that read none of the touched files is taken from there.
pub(super) fn load(
    sources: &Sources,
    units: &[(StackId, &Unit)],
    settings: &LoadSettings,
    elsewhere: &Given,
    known: Option<(&mut Alone, &BTreeSet<String>)>,
) -> (Vec<Arc<Stack>>, Vec<Diagnostic>) {
    let mut estate = Estate {
        sources,
        settings,
        units,
        shared: Shared { several: units.len() > 1, defers: true, elsewhere: elsewhere.clone(), ..Shared::default() },
        evaluated: Vec::new(),
        reads: Vec::new(),
    };
    let mut stale: Vec<usize> = (0..units.len()).collect();
    let known = known.map(|(alone, touched)| {
        stale.retain(|at| alone.reads(*at, touched));
        (estate.evaluated, estate.reads) = std::mem::take(&mut alone.0).into_iter().unzip();
        alone
    });
    estate.evaluated.resize_with(units.len(), Evaluated::default);
    estate.reads.resize_with(units.len(), Reads::default);
    estate.read(&stale);
    estate.evaluate(stale);
    if let Some(alone) = known {
        alone.0 = estate.evaluated.iter().cloned().zip(estate.reads.iter().cloned()).collect();
    }
    let deployed = estate.deployed();
    estate.join(&deployed);
    let deployed = estate.deployed();
    estate.finish(&deployed)
}

impl Estate<'_> {
    /// Reads what is known to be needed for these units, in their order.
    fn read(&mut self, which: &[usize]) {
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, unit) in which.iter().filter_map(|at| self.units.get(*at)) {
            let parameters = unit.deployment.parameter_files.iter();
            for path in std::iter::once(&unit.path).chain(parameters) {
                // A file that cannot be read is told by whoever asks for it.
                let _ = self.sources.load(path);
            }
            *times.entry(&unit.path).or_default() += 1;
        }
        let directories: BTreeSet<&str> = times.keys().map(|path| parent(path)).collect();
        let none = Shared::default();
        let world = World::new(self.sources, self.settings, &none);
        for directory in directories {
            self.shared.assemblies.insert(directory.to_owned(), world.read_assembly(directory).map(Arc::new));
        }
        let again: Vec<&str> = times.into_iter().filter(|(_, times)| *times > 1).map(|(path, _)| path).collect();
        let trees = again.par_iter().filter_map(|path| {
            let file = self.sources.load(path).ok()?;
            let (root, found) = document::parse(file, &self.sources.text(file));
            Some(((*path).to_owned(), (root.map(|root| (file, root)), found)))
        });
        self.shared.trees = trees.collect();
    }

    /// Evaluates these units, again where files are needed that were not read.
    fn evaluate(&mut self, mut which: Vec<usize>) {
        for round in 0..MOST_READS {
            self.shared.defers = round + 1 < MOST_READS;
            let one = |at: &usize| {
                let (id, unit) = self.units.get(*at)?;
                let (evaluated, mut reads) = reads_of(|| {
                    let world = World::new(self.sources, self.settings, &self.shared);
                    let stack = instance(&world, *id, unit).map(|instance| Arc::new(stack(&world, &instance)));
                    world.into_evaluated(stack)
                });
                // A tree that several share was read by none of them.
                reads.files.extend(std::iter::once(&unit.path).chain(&unit.deployment.parameter_files).cloned());
                reads.files.extend(evaluated.wanted.iter().cloned());
                Some((*at, evaluated, reads))
            };
            let found: Vec<Option<(usize, Evaluated, Reads)>> =
                if self.shared.defers { which.par_iter().map(one).collect() } else { which.iter().map(one).collect() };
            which.clear();
            for (at, evaluated, reads) in found.into_iter().flatten() {
                for path in &evaluated.wanted {
                    let _ = self.sources.load(path);
                }
                if !evaluated.wanted.is_empty() {
                    which.push(at);
                }
                if let (Some(slot), Some(read)) = (self.evaluated.get_mut(at), self.reads.get_mut(at)) {
                    (*slot, *read) = (evaluated, reads);
                }
            }
            if which.is_empty() {
                return;
            }
        }
    }

    /// Units whose template another one deploys, and that go nowhere by themselves.
    fn deployed(&self) -> BTreeSet<usize> {
        let used: BTreeSet<&str> =
            self.evaluated.iter().flat_map(|evaluated| &evaluated.used).map(|path| &**path).collect();
        let units = self.units.iter().enumerate();
        units.filter(|(_, (_, unit))| !unit.deployment.named && used.contains(&*unit.path)).map(|(at, _)| at).collect()
    }

    /// Evaluates the units that take from others again, each after those that it takes from.
    fn join(&mut self, deployed: &BTreeSet<usize>) {
        let mut offering: BTreeMap<Asked, BTreeSet<usize>> = BTreeMap::new();
        for (at, evaluated) in self.evaluated.iter().enumerate().filter(|(at, _)| !deployed.contains(at)) {
            for offer in evaluated.offers() {
                offering.entry(offer).or_default().insert(at);
            }
        }
        let taken_from = |at: usize, evaluated: &Evaluated| -> BTreeSet<usize> {
            let from = evaluated.asked.iter().filter_map(|asked| offering.get(asked)).flatten();
            from.copied().filter(|from| *from != at).collect()
        };
        let needs =
            |evaluated: &[Evaluated], at: usize| evaluated.get(at).map(|one| taken_from(at, one)).unwrap_or_default();
        let mut left: BTreeSet<usize> = (0..self.units.len())
            .filter(|at| !deployed.contains(at) && !needs(&self.evaluated, *at).is_empty())
            .collect();
        for _ in 0..MOST_ROUNDS {
            if left.is_empty() {
                return;
            }
            let free = |at: &usize| needs(&self.evaluated, *at).is_disjoint(&left);
            let mut ready: Vec<usize> = left.iter().copied().filter(free).collect();
            // Units that take from each other are evaluated with what each offers by itself.
            let circle = ready.is_empty();
            if circle {
                ready = left.iter().copied().collect();
            }
            self.offer(deployed);
            self.evaluate(ready.clone());
            for at in ready {
                // What it took may have led it to take more.
                if circle || needs(&self.evaluated, at).iter().all(|from| *from == at || !left.contains(from)) {
                    left.remove(&at);
                }
            }
        }
    }

    /// Shows what the units offer to each other.
    fn offer(&mut self, deployed: &BTreeSet<usize>) {
        let shared = &mut self.shared;
        shared.exports.clear();
        shared.outputs.clear();
        shared.stored.clear();
        for (_, evaluated) in self.evaluated.iter().enumerate().filter(|(at, _)| !deployed.contains(at)) {
            for export in &evaluated.exports {
                shared.exports.entry(export.name.clone()).or_default().push(export.clone());
            }
            for output in &evaluated.outputs {
                let name = (output.name.clone(), output.output.clone());
                shared.outputs.entry(name).or_default().push(output.clone());
            }
            for stored in &evaluated.stored {
                shared.stored.entry(stored.name.clone()).or_default().push(stored.clone());
            }
        }
    }

    /// The stacks, and what is told of them, each thing once: a template may be deployed many times.
    fn finish(self, deployed: &BTreeSet<usize>) -> (Vec<Arc<Stack>>, Vec<Diagnostic>) {
        let (mut stacks, mut diagnostics) = (Vec::new(), Vec::new());
        let mut seen: BTreeSet<(Option<Span>, Option<String>, String)> = BTreeSet::new();
        for (at, evaluated) in self.evaluated.into_iter().enumerate() {
            stacks.extend(evaluated.stack.filter(|_| !deployed.contains(&at)));
            diagnostics.extend(evaluated.told.into_iter().filter(|told| {
                let span = told.primary.as_ref().map(|label| label.span);
                seen.insert((span, told.path.clone(), told.message.clone()))
            }));
        }
        (stacks, diagnostics)
    }
}
