//! The Terraform frontend: from a root module and its inputs to resources.

pub(crate) mod ast;
mod branches;
mod deploys;
pub(crate) mod eval;
pub(crate) mod functions;
pub(crate) mod module;
pub(crate) mod ops;
pub(crate) mod syntax;
pub(crate) mod types;

pub(crate) use deploys::deploys;
pub(crate) use syntax::comments;

use crate::diagnostic::Diagnostic;
use crate::resource::{LoadSettings, MadeBy, OpenInput, Published, Stack, Unit};
use crate::source::{Reads, Sources, join, normalize, reads_of};
use crate::value::StackId;
use rayon::iter::Either;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// The text as Terraform keeps it, in normalization form C; `None` where it is that already.
pub(crate) fn composed(text: &str) -> Option<String> {
    if text.is_ascii() || unicode_normalization::is_nfc(text) {
        return None;
    }
    Some(unicode_normalization::UnicodeNormalization::nfc(text).collect())
}

/// The modules that were read so far, by directory: units share them, on all threads.
#[derive(Debug, Default)]
pub struct Modules {
    read: RwLock<BTreeMap<String, (Arc<module::Module>, Vec<Diagnostic>)>>,
    /// Directories of code that was let go, and whose variables all have defaults.
    closed: RwLock<BTreeSet<String>>,
    /// Whether what is read stays: some unit reads others, or all were evaluated before.
    stay: AtomicBool,
    /// Stacks of Terragrunt, by their directories and what makes them.
    stacks: RwLock<BTreeMap<(String, Option<Arc<MadeBy>>), Arc<eval::StackFile>>>,
}

impl Modules {
    /// Reads the files in these directories, and the modules among them that may call others, on all threads; the
    /// directories whose modules call none.
    pub(crate) fn read_all(&self, sources: &Sources, dirs: &BTreeSet<String>) -> BTreeSet<String> {
        let files: Vec<(&String, Vec<String>)> = dirs.par_iter().map(|dir| (dir, files_of(sources, dir))).collect();
        sources.load_all(&files.iter().flat_map(|(_, files)| files).cloned().collect::<Vec<_>>());
        let (calling, quiet): (Vec<&String>, Vec<&String>) =
            files.par_iter().map(|(dir, files)| (*dir, files)).partition_map(|(dir, files)| {
                if may_call(sources, files) { Either::Left(dir) } else { Either::Right(dir) }
            });
        calling.into_par_iter().for_each(|dir| {
            self.get(sources, dir);
        });
        quiet.into_iter().cloned().collect()
    }

    /// The module in `dir`, read once.
    fn get(&self, sources: &Sources, dir: &str) -> Arc<module::Module> {
        let dir = normalize(dir);
        if let Some((module, _)) = self.read.read().unwrap_or_else(PoisonError::into_inner).get(&dir) {
            sources.reread(&module.files);
            return module.clone();
        }
        let (module, diagnostics) = module::load_module(sources, &dir);
        let mut all = self.read.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have read it meanwhile.
        all.entry(dir).or_insert_with(|| (Arc::new(module), diagnostics)).0.clone()
    }

    /// Lets go of the trees: they are most of what reading holds, and little is asked of them once all is evaluated.
    /// What is asked for again is read again.
    pub(crate) fn let_go(&self) {
        self.stay();
        self.forget_stacks();
        let all = std::mem::take(&mut *self.read.write().unwrap_or_else(PoisonError::into_inner));
        for (dir, (module, _)) in all {
            self.close(dir, &module);
        }
    }

    /// The same for one directory, unless units read each other: then it would be read again by each that asks.
    fn let_go_of(&self, dir: &str) {
        if !self.stay.load(Ordering::Relaxed) {
            let dir = normalize(dir);
            let gone = self.read.write().unwrap_or_else(PoisonError::into_inner).remove(&dir);
            if let Some((module, _)) = gone {
                self.close(dir, &module);
            }
        }
    }

    /// From now on, what is read stays.
    fn stay(&self) {
        self.stay.store(true, Ordering::Relaxed);
    }

    fn close(&self, dir: String, module: &module::Module) {
        if !module.files.is_empty() && module.variables.values().all(|variable| variable.default.is_some()) {
            self.closed.write().unwrap_or_else(PoisonError::into_inner).insert(dir);
        }
    }

    /// Whether it is known without reading it again that every variable of the module in `dir` has a value.
    fn is_closed(&self, dir: &str) -> bool {
        self.closed.read().unwrap_or_else(PoisonError::into_inner).contains(&normalize(dir))
    }

    /// What is wrong with the module in `dir`.
    fn diagnostics(&self, dir: &str) -> Vec<Diagnostic> {
        let all = self.read.read().unwrap_or_else(PoisonError::into_inner);
        all.get(&normalize(dir)).map(|(_, found)| found.clone()).unwrap_or_default()
    }

    /// The stack of Terragrunt in `dir` that the block makes, read once.
    fn stack_of_units(
        &self,
        dir: &str,
        made_by: Option<&Arc<MadeBy>>,
        read: impl FnOnce() -> eval::StackFile,
    ) -> Arc<eval::StackFile> {
        let key = (normalize(dir), made_by.cloned());
        if let Some(stack) = self.stacks.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return stack.clone();
        }
        let stack = read();
        let mut all = self.stacks.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have read it meanwhile.
        all.entry(key).or_insert_with(|| Arc::new(stack)).clone()
    }

    /// Stacks of Terragrunt are to be read anew.
    pub(crate) fn forget_stacks(&self) {
        self.stacks.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The module in `dir` is to be read anew.
    pub(crate) fn forget(&self, dir: &str) {
        self.read.write().unwrap_or_else(PoisonError::into_inner).remove(&normalize(dir));
    }
}

/// Units that were evaluated together, and what that read.
#[derive(Clone, Debug)]
pub(crate) struct Evaluated {
    pub(crate) stacks: Vec<Stack>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) reads: Reads,
}

/// Evaluates these units out of all, together.
pub(crate) fn evaluate(
    sources: &Sources,
    modules: &Modules,
    all: &[(StackId, &Unit)],
    chunk: &[(StackId, &Unit)],
    settings: &LoadSettings,
    published: &Published,
) -> Evaluated {
    let ((stacks, diagnostics), reads) = reads_of(|| eval::evaluate(sources, modules, all, chunk, settings, published));
    Evaluated { stacks, diagnostics, reads }
}

/// Evaluates the root module of each unit with the unit's inputs; one may read what another one, or `published`, gives
/// out.
pub fn load(
    sources: &Sources,
    modules: &Modules,
    units: &[(StackId, &Unit)],
    settings: &LoadSettings,
    published: &Published,
) -> (Vec<Stack>, Vec<Diagnostic>) {
    eval::load(sources, modules, units, settings, published)
}

/// The variables of the root module `unit.path` that have no value and can only have some: bools, and those whose
/// validation lists what is allowed.
pub fn open_inputs(sources: &Sources, modules: &Modules, unit: &Unit, settings: &LoadSettings) -> Vec<OpenInput> {
    if modules.is_closed(&unit.path) {
        return Vec::new();
    }
    eval::open_inputs(sources, modules, unit, settings)
}

/// Answers expressions in the scope of the root module `unit.path`, one after the other: `next` gives the text of each.
///
/// An answer is the value, or what is wrong in words.
pub fn console(
    sources: &Sources,
    modules: &Modules,
    unit: &Unit,
    settings: &LoadSettings,
    next: &mut dyn FnMut() -> Option<String>,
    answer: &mut dyn FnMut(&str, Result<crate::value::Value, String>),
) -> Vec<Diagnostic> {
    eval::console(sources, modules, unit, settings, next, answer)
}

/// The policy that an `aws_iam_policy_document` of these arguments renders.
pub(crate) fn policy_document(arguments: &crate::value::Value) -> crate::value::Value {
    eval::render_policy(arguments)
}

/// Whether Terraform or OpenTofu reads a file of this name as part of a module.
pub(crate) fn is_config(name: &str) -> bool {
    module::is_config(name)
}

/// Whether a file of this name declares components (`false`) or deployments (`true`) of a Terraform Stack.
pub(crate) fn stack_file(name: &str) -> Option<bool> {
    eval::stack_file(name)
}

/// The file that makes a directory a stack of Terragrunt.
pub(crate) const UNITS_FILE: &str = eval::UNITS_FILE;
/// What the stacks of Terragrunt in these directories make, what is generated already left out: the files of their sources count as lying where units do.
pub(crate) fn made_by_stacks(
    sources: &Sources,
    modules: &Modules,
    settings: &LoadSettings,
    dirs: &BTreeSet<String>,
) -> eval::Made {
    eval::made_by_stacks(sources, modules, settings, dirs)
}

/// The files of the module in `dir`.
fn files_of(sources: &Sources, dir: &str) -> Vec<String> {
    let entries = sources.list(dir).unwrap_or_default();
    let files = entries.iter().filter(|entry| !entry.is_dir && is_config(&entry.name));
    files.map(|entry| join(dir, &entry.name)).collect()
}

/// Whether one of these files may hold a `module` block, by its text.
fn may_call(sources: &Sources, files: &[String]) -> bool {
    files.iter().any(|path| {
        let Ok(file) = sources.load(path) else { return false };
        let text = sources.text(file);
        if path.ends_with(".json") {
            // A name may be written with escapes.
            return text.contains("module") || text.contains('\\');
        }
        memchr::memmem::find_iter(text.as_bytes(), "module").any(|at| {
            let before = text.get(..at).and_then(|before| before.chars().next_back());
            let after = text.get(at + "module".len()..).and_then(|after| after.chars().next());
            let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        })
    })
}

/// The local paths (`./…`, `../…`) that the module in `dir` calls.
pub(crate) fn local_sources(sources: &Sources, modules: &Modules, dir: &str) -> Vec<String> {
    let module = modules.get(sources, dir);
    let literal = |block: &ast::Block| match &block.body.attribute("source")?.value.kind {
        ast::ExprKind::String(text) if text.starts_with("./") || text.starts_with("../") => Some(text.to_string()),
        _ => None,
    };
    module.calls.values().filter_map(literal).collect()
}
