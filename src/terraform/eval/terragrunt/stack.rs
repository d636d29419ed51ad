//! `terragrunt.stack.hcl`: the units that it makes, as if `terragrunt stack generate` had written them. The files of a
//! block's source count as lying where the block puts them, so that paths mean what they mean there.
//!
//! Source: gruntwork-io/terragrunt, explicit stacks and reference of the blocks `unit`, `stack` and `autoinclude`, read
//! 2026-11.

use super::super::{Evaluator, Instance, Scope};
use super::{Context, anchored, resolve};
use crate::diagnostic::Diagnostic;
use crate::resource::MadeBy;
use crate::source::{join, normalize};
use crate::terraform::ast::{Block, Body};
use crate::terraform::module::Module;
use crate::value::{Reason, Value};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// The file that makes a directory a stack.
pub(crate) const FILE: &str = "terragrunt.stack.hcl";
/// The directory that the units of a stack are written to.
pub(crate) const GENERATED: &str = ".terragrunt-stack";
/// Values that a unit or stack is given, where they are in a file.
const VALUES: &str = "terragrunt.values.hcl";
/// What is merged into a unit, where it is in a file.
const AUTOINCLUDE: &str = "terragrunt.autoinclude.hcl";
/// Stacks within each other are followed this far.
const DEEPEST: usize = 8;
/// So many units are made of one stack.
const MOST: usize = 10_000;

/// What stacks make.
#[derive(Debug, Default)]
pub(crate) struct Made {
    /// The units, by the directories that they lie in.
    pub(crate) units: BTreeMap<String, Arc<MadeBy>>,
    /// Directories that units and stacks are made of.
    pub(crate) sources: BTreeSet<String>,
    /// Whether the units are there already, as files.
    pub(crate) generated: bool,
    /// Why there may be more.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// A stack's file, and what names mean in it.
struct File {
    body: Body,
    instance: Rc<Instance>,
}

/// What is merged into a unit's configuration.
pub(super) struct Autoinclude {
    pub(super) body: Body,
    pub(super) instance: Rc<Instance>,
    pub(super) context: Rc<Context>,
}

impl Evaluator<'_> {
    /// Adds what the stack in the directory makes, and the stacks in it. `above` are the directories that it and those around
    /// it are made of.
    pub(in crate::terraform) fn made_by(
        &self,
        dir: &str,
        within: Option<&Arc<MadeBy>>,
        above: &[String],
        made: &mut Made,
    ) {
        let Some((file, _)) = self.stack_file(dir, within) else { return };
        let scope = Scope::new(&file.instance);
        for block in &file.body.blocks {
            let (is_unit, Some((name, _))) = (&*block.kind == "unit", block.labels.first()) else { continue };
            if !is_unit && &*block.kind != "stack" {
                continue;
            }
            if above.len() > DEEPEST || made.units.len() >= MOST {
                let message =
                    format!("more than {MOST} units, or stacks in more than {DEEPEST} others, are not evaluated");
                self.tell(Diagnostic::not_evaluated(block.header, message));
                return;
            }
            let source = block.body.attribute("source").map(|source| self.value(&source.value, &scope));
            let help = "map the source to a directory under `[modules]` in crossvault.toml, or check the directory \
                        `.terragrunt-stack` that `terragrunt stack generate` writes";
            let (Some(text), Some(at)) = (source.as_ref().and_then(Value::text), self.place(dir, block, &scope)) else {
                let what = format!("{} {name}", block.kind);
                self.tell(Diagnostic::missing_module(block.header, what).with_help(help));
                continue;
            };
            let Some(from) = self.source_dir(dir, &text) else {
                let span = source.and_then(|source| source.span).unwrap_or(block.header);
                self.tell(Diagnostic::missing_module(span, text.to_string()).with_help(help));
                continue;
            };
            if above.contains(&from) {
                let message = format!("the {} `{name}` is made of the stack that makes it", block.kind);
                self.tell(Diagnostic::not_evaluated(block.header, message));
                continue;
            }
            made.sources.insert(from.clone());
            if made.generated {
                continue;
            }
            if at != from {
                self.sources.mount(&at, &from);
            }
            let block = MadeBy { dir: normalize(dir), name: name.clone(), within: within.cloned() };
            if is_unit {
                made.units.insert(at, Arc::new(block));
            } else {
                let above: Vec<String> = above.iter().cloned().chain([from]).collect();
                self.made_by(&at, Some(&Arc::new(block)), &above, made);
            }
        }
    }

    /// Where the unit or stack of the block lies.
    fn place(&self, dir: &str, block: &Block, scope: &Scope<'_>) -> Option<String> {
        let path = self.value(&block.body.attribute("path")?.value, scope).text()?;
        let beside = block.body.attribute("no_dot_terragrunt_stack");
        let beside = match beside {
            Some(beside) => self.value(&beside.value, scope).as_bool()?,
            None => false,
        };
        let base = if beside { dir.to_owned() } else { join(dir, GENERATED) };
        Some(normalize(&resolve(&base, &path)))
    }

    fn stack_file(&self, dir: &str, within: Option<&Arc<MadeBy>>) -> Option<(File, Rc<Context>)> {
        let (_, body, module) = self.with_locals(&join(dir, FILE), dir)?;
        let context = Rc::new(Context {
            dir: dir.to_owned(),
            unit: dir.to_owned(),
            included: RefCell::default(),
            names: RefCell::default(),
            depth: 0,
        });
        let values = match within {
            Some(block) => self.values_of(block, dir),
            None => self.values_in(dir),
        };
        context.names.borrow_mut().insert("values".into(), values);
        let instance = Rc::new(Instance { terragrunt: Some(context.clone()), ..self.uncalled(module) });
        let scope = Scope::new(&instance);
        for kind in ["unit", "stack"] {
            let paths = body.blocks(kind).filter_map(|block| {
                let path = Value::string(anchored(&self.place(dir, block, &scope)?));
                Some((block.labels.first()?.0.clone(), Value::object([("path", path)])))
            });
            let paths = Value::object(paths.collect::<Vec<_>>());
            context.names.borrow_mut().insert(kind.into(), paths);
        }
        Some((File { body, instance }, context))
    }

    /// What `values` is in the unit or stack in `dir` that the block makes.
    pub(super) fn values_of(&self, made_by: &MadeBy, dir: &str) -> Value {
        let Some((file, _)) = self.stack_file(&made_by.dir, made_by.within.as_ref()) else {
            return Value::unknown(Reason::File(format!("the {FILE} that makes this could not be read").into()), None);
        };
        match made(&file.body, &made_by.name).and_then(|block| block.body.attribute("values")) {
            Some(values) => self.value(&values.value, &Scope::new(&file.instance)),
            None => self.values_in(dir),
        }
    }

    /// The values that a file beside the configuration gives.
    pub(super) fn values_in(&self, dir: &str) -> Value {
        let path = join(dir, VALUES);
        if !self.has_file(dir, VALUES) {
            return Value::object::<&str>([]);
        }
        let file = match self.sources.load(&path) {
            Ok(file) => file,
            Err(error) => return Value::unknown(Reason::File(format!("{path}: {error}").into()), None),
        };
        let body = self.parsed(file);
        let instance = Rc::new(self.uncalled(Arc::new(Module { dir: dir.to_owned(), ..Module::default() })));
        let scope = Scope::new(&instance);
        let values = body.attributes.iter().map(|value| (value.name.clone(), self.value(&value.value, &scope)));
        Value::object(values.collect::<Vec<_>>())
    }

    pub(super) fn has_file(&self, dir: &str, name: &str) -> bool {
        let listed = self.sources.list(dir).unwrap_or_default();
        listed.iter().any(|entry| !entry.is_dir && entry.name == name)
    }

    /// What the stack, or a file that it left behind, merges into the unit in `dir`.
    pub(super) fn autoinclude(&self, dir: &str, instance: &Rc<Instance>, own: &Rc<Context>) -> Option<Autoinclude> {
        if let Some(made_by) = &self.unit.deployment.made_by {
            let (file, context) = self.stack_file(&made_by.dir, made_by.within.as_ref())?;
            let block = made(&file.body, &made_by.name)?.body.blocks("autoinclude").next()?;
            return Some(Autoinclude { body: block.body.clone(), instance: file.instance, context });
        }
        let there = self.has_file(dir, AUTOINCLUDE).then(|| self.sources.load(&join(dir, AUTOINCLUDE)).ok()).flatten();
        let body = self.parsed(there?);
        Some(Autoinclude { body, instance: instance.clone(), context: own.clone() })
    }
}

/// The block of this name.
fn made<'b>(body: &'b Body, name: &str) -> Option<&'b Block> {
    let blocks = body.blocks.iter().filter(|block| matches!(&*block.kind, "unit" | "stack"));
    blocks.into_iter().find(|block| block.labels.first().is_some_and(|(label, _)| &**label == name))
}
