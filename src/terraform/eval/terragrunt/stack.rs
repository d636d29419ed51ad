//! `terragrunt.stack.hcl`: the units that it makes, as if `terragrunt stack generate` had written them. The files of a
//! block's source count as lying where the block puts them, so that paths mean what they mean there.
//!
//! Source: gruntwork-io/terragrunt, reference of the blocks `unit`, `stack` and `autoinclude`, `pkg/config/stack.go` and
//! `internal/hclparse`, read 2026-11.

use super::super::{Evaluator, Instance, Scope};
use super::{Context, FILE as UNIT_FILE, Layer, anchored, resolve};
use crate::diagnostic::Diagnostic;
use crate::resource::{Deployment, Language, MadeBy, Unit};
use crate::source::{Reads, join, normalize, read_again, reads_of};
use crate::terraform::ast::Block;
use crate::terraform::module::Module;
use crate::value::{Kind, Map, MapKind, Reason, StackId, Unknown, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// The file that makes a directory a stack.
pub(crate) const FILE: &str = "terragrunt.stack.hcl";
/// The directory that the units of a stack are written to.
const GENERATED: &str = ".terragrunt-stack";
/// Values that a unit or stack is given, where they are in a file.
const VALUES: &str = "terragrunt.values.hcl";
/// What is merged into a unit, where it is in a file.
const AUTOINCLUDE: &str = "terragrunt.autoinclude.hcl";
/// The units and stacks that are added to a stack, where they are in a file.
const ADDED: &str = "terragrunt.autoinclude.stack.hcl";
/// Stacks within each other are followed this far.
const DEEPEST: usize = 8;
/// So many units are made of one stack.
const MOST: usize = 10_000;
const HELP: &str = "map the source to a directory under `[modules]` in crossvault.toml, or check the directory \
                    `.terragrunt-stack` that `terragrunt stack generate` writes";

/// What stacks make.
#[derive(Debug, Default)]
pub(crate) struct Made {
    /// The units, by the directories that they lie in.
    pub(crate) units: BTreeMap<String, Arc<MadeBy>>,
    /// Directories that units and stacks are made of.
    pub(crate) sources: BTreeSet<String>,
    /// Why there may be more.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Where units and stacks lie, those too that are generated already, by the names of their blocks.
    places: BTreeMap<String, String>,
}

/// A stack that is being followed.
#[derive(Clone, Debug)]
pub(in crate::terraform) struct Followed {
    /// What it is called, and the directory that it is made of.
    name: String,
    from: String,
}

impl Followed {
    /// The stack in a directory of its own.
    pub(in crate::terraform) fn first(dir: &str) -> Self {
        Self { name: dir.to_owned(), from: dir.to_owned() }
    }
}

/// A stack's blocks, each with what names mean in it. Each stack is read once, whoever makes one of its units.
#[derive(Debug, Default)]
pub(crate) struct StackFile {
    entries: Vec<Entry>,
    /// Where they stand, by kind and label.
    labels: BTreeMap<(Arc<str>, Arc<str>), usize>,
    /// Whether it could be read.
    there: bool,
    diagnostics: Vec<Diagnostic>,
    reads: Reads,
}

#[derive(Debug)]
struct Entry {
    kind: Arc<str>,
    name: Arc<str>,
    block: Block,
    names: Arc<Names>,
    /// Where the unit or stack lies.
    place: Option<String>,
}

/// What names mean in a stack's file, and in which directory functions look.
#[derive(Debug)]
struct Names {
    dir: String,
    values: BTreeMap<Arc<str>, Value>,
}

impl Evaluator<'_> {
    /// Adds what the stack in the directory makes, and the stacks in it. `above` are it and those around it.
    pub(in crate::terraform) fn made_by(
        &self,
        dir: &str,
        within: Option<&Arc<MadeBy>>,
        above: &[Followed],
        made: &mut Made,
    ) {
        let Some(file) = self.stack_file(dir, within) else { return };
        for Entry { kind, name, block, names, place } in &file.entries {
            let is_unit = &**kind == "unit";
            let left_out = |message: String| self.tell(Diagnostic::not_evaluated(block.header, message));
            if above.len() > DEEPEST || made.units.len() >= MOST {
                left_out(format!("more than {MOST} units, or stacks in more than {DEEPEST} others, are not evaluated"));
                return;
            }
            let instance = self.stack_instance(names);
            let scope = Scope::new(&instance);
            if let Some(expansion) = block.body.blocks("expansion").next() {
                let message = format!("how often the {kind} `{name}` is made is not evaluated, so none of it is");
                self.tell(Diagnostic::not_evaluated(expansion.header, message));
                continue;
            }
            if let Some(enabled) = block.body.attribute("enabled") {
                match self.value(&enabled.value, &scope).as_bool() {
                    Some(true) => {}
                    Some(false) => continue,
                    None => {
                        left_out(format!("whether there is the {kind} `{name}` is not known, so it is not evaluated"));
                        continue;
                    }
                }
            }
            let source = block.body.attribute("source").map(|source| self.value(&source.value, &scope));
            let text = source.as_ref().and_then(Value::text);
            let from = text.as_ref().and_then(|text| self.source_dir(dir, text));
            let Some(at) = place else {
                self.tell(Diagnostic::missing_module(block.header, format!("{kind} {name}")).with_help(HELP));
                continue;
            };
            let shown = format!("{kind} `{name}`");
            if let Some(first) = made.places.get(at) {
                left_out(format!("the {shown} lies in `{at}`, where the {first} lies; the second is not evaluated"));
                continue;
            }
            made.places.insert(at.clone(), shown);
            // A module that is named here alone is none by itself.
            let added = block.body.blocks("autoinclude").flat_map(|added| added.body.blocks("terraform"));
            for module in added.filter_map(|terraform| terraform.body.attribute("source")) {
                let module = self.value(&module.value, &scope).text().and_then(|text| self.source_dir(at, &text));
                made.sources.extend(module);
            }
            let file = if is_unit { UNIT_FILE } else { FILE };
            // What lies below files that only count as lying there was never generated.
            if within.is_none() && self.has_file(at, file) {
                if let Some(from) = from {
                    self.compare(at, &from, file, block);
                    made.sources.insert(from);
                }
                continue;
            }
            let Some(text) = text else {
                self.tell(Diagnostic::missing_module(block.header, format!("{kind} {name}")).with_help(HELP));
                continue;
            };
            let circle = |from: &str| {
                let start = above.iter().position(|stack| stack.from == from)?;
                let names = above.iter().skip(start).map(|stack| format!("`{}`", stack.name));
                let names: Vec<String> = names.chain([format!("`{name}`")]).collect();
                Some(format!(
                    "the {kind} `{name}` is made of `{from}`, which makes it: {} is a cycle, and it ends here",
                    names.join(" → ")
                ))
            };
            let span = source.and_then(|source| source.span).unwrap_or(block.header);
            let Some(from) = from else {
                // Seen from where the stack is written, the path may lead back to a stack around it.
                let written = above.last().and_then(|stack| self.source_dir(&stack.from, &text));
                match written.and_then(|written| circle(&written)) {
                    Some(message) => left_out(message),
                    None => self.tell(Diagnostic::missing_module(span, text.to_string()).with_help(HELP)),
                }
                continue;
            };
            if let Some(message) = circle(&from) {
                left_out(message);
                continue;
            }
            made.sources.insert(from.clone());
            if !self.has_file(&from, file) {
                left_out(format!("the {kind} `{name}` is made of `{from}`, where there is no `{file}`"));
                continue;
            }
            if at != &from && !self.mounted(at, &from, dir, block) {
                continue;
            }
            let block = Arc::new(MadeBy { dir: normalize(dir), name: name.clone(), within: within.cloned() });
            if is_unit {
                made.units.insert(at.clone(), block);
            } else {
                let this = Followed { name: name.to_string(), from };
                let above: Vec<Followed> = above.iter().cloned().chain([this]).collect();
                self.made_by(at, Some(&block), &above, made);
            }
        }
    }

    /// Tells where what was generated is not what the block would make now.
    fn compare(&self, at: &str, from: &str, file: &str, block: &Block) {
        let text = |dir: &str| self.sources.load(&join(dir, file)).ok().map(|file| self.sources.text(file));
        let (there, now) = (text(at), text(from));
        // Sources that lie in the store of Terragrunt are rewritten.
        let differs = at != from && now.is_some() && there != now;
        if differs && !there.is_some_and(|text| text.contains("cas::")) {
            let path = join(at, file);
            let message = format!("`{path}` is evaluated, and differs from what it is made of in `{from}`");
            let help = "run `terragrunt stack generate`, or remove what it wrote";
            self.tell(Diagnostic::not_evaluated(block.header, message).with_help(help));
        }
    }

    /// Lets the files of `from` lie in `at`, beside what is there already.
    fn mounted(&self, at: &str, from: &str, dir: &str, block: &Block) -> bool {
        let beside = self.sources.list(at).is_ok();
        if beside && self.has_file(from, FILE) && (at == dir || dir.starts_with(&format!("{at}/"))) {
            let message = format!("`{from}` would replace the stack that it is made by in `{at}`; it is not evaluated");
            self.tell(Diagnostic::not_evaluated(block.header, message));
            return false;
        }
        self.sources.mount(at, from, beside);
        true
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

    /// The stack in the directory, read once for all that it makes.
    fn stack_file(&self, dir: &str, within: Option<&Arc<MadeBy>>) -> Option<Arc<StackFile>> {
        let file = self.modules.stack_of_units(dir, within, || {
            let (name, deployment) = (dir.into(), Deployment::default());
            let unit = Unit { name, language: Language::Terraform, path: dir.to_owned(), deployment };
            let reader = Evaluator::new(self.sources, self.modules, &unit, StackId(0), self.settings);
            let (file, reads) = reads_of(|| reader.read_stack(dir, within));
            let (there, diagnostics) = (file.is_some(), reader.diagnostics.take());
            StackFile { there, diagnostics, reads, ..file.unwrap_or_default() }
        });
        read_again(&file.reads);
        file.diagnostics.iter().for_each(|found| self.tell(found.clone()));
        file.there.then_some(file)
    }

    fn read_stack(&self, dir: &str, within: Option<&Arc<MadeBy>>) -> Option<StackFile> {
        let (_, body, module) = self.with_locals(&join(dir, FILE), dir)?;
        let values = match within {
            Some(block) => self.values_of(block, "stack", dir),
            None => self.values_in(dir),
        };
        let mut values: BTreeMap<Arc<str>, Value> = [("values".into(), values)].into_iter().collect();
        let context = Context::of(dir, values.clone());
        let instance = Rc::new(Instance { terragrunt: Some(Rc::new(context)), ..self.uncalled(module.clone()) });
        let locals =
            module.locals.values().map(|local| (local.name.clone(), self.value(&local.value, &Scope::new(&instance))));
        let locals = locals.map(|(name, value)| (name, crate::value::Entry { span: value.span, value })).collect();
        // What could not be read may declare further ones.
        let open = module.incomplete.then(|| Arc::new(Unknown::new(Reason::File("a part of the stack".into()), None)));
        values.insert("local".into(), Value::new(Kind::Map(Arc::new(Map::new(MapKind::Object, locals, open)))));

        let mut blocks: Vec<(Block, bool)> = body.blocks.iter().cloned().map(|block| (block, false)).collect();
        for include in body.blocks("include") {
            blocks.extend(self.included_in_stack(dir, include, &Scope::new(&instance)).into_iter().map(|b| (b, false)));
        }
        if within.is_none() && self.has_file(dir, ADDED) {
            let added = self.loaded(&join(dir, ADDED)).map(|file| self.parsed(file));
            blocks.extend(added.into_iter().flat_map(|body| body.blocks).map(|block| (block, true)));
        }
        let mut file = StackFile::default();
        let base = Arc::new(Names { dir: dir.to_owned(), values });
        for (block, replaces) in blocks {
            self.add_entry(&mut file, dir, block, &base, replaces);
        }
        let around = within.and_then(|around| Some((around, self.stack_file(&around.dir, around.within.as_ref())?)));
        if let Some((around, stack)) = &around
            && let Some(entry) = stack.entry("stack", around)
        {
            for block in entry.block.body.blocks("autoinclude").flat_map(|added| &added.body.blocks) {
                if matches!(&*block.kind, "unit" | "stack") {
                    self.add_entry(&mut file, dir, block.clone(), &entry.names, true);
                } else {
                    let message = format!("a stack is not given a `{}` block; Terragrunt refuses it", block.kind);
                    self.tell(Diagnostic::not_evaluated(block.header, message));
                }
            }
        }
        // Where each of them lies.
        let mut names = base.values.clone();
        for kind in ["unit", "stack"] {
            let entries = file.entries.iter().filter(|entry| &*entry.kind == kind);
            let paths = entries.filter_map(|entry| {
                let path = Value::string(anchored(entry.place.as_ref()?));
                Some((entry.name.clone(), Value::object([("path", path)])))
            });
            names.insert(kind.into(), Value::object(paths.collect::<Vec<_>>()));
        }
        let names = Arc::new(Names { dir: dir.to_owned(), values: names });
        for entry in &mut file.entries {
            if Arc::ptr_eq(&entry.names, &base) {
                entry.names = names.clone();
            }
        }
        Some(file)
    }

    /// The blocks of a file that a stack includes.
    fn included_in_stack(&self, dir: &str, include: &Block, scope: &Scope<'_>) -> Vec<Block> {
        let path = include.body.attribute("path").map(|path| self.value(&path.value, scope));
        let Some(path) = path.as_ref().and_then(Value::text) else {
            self.tell(Diagnostic::not_evaluated(include.header, "what is included here is not known"));
            return Vec::new();
        };
        self.loaded(&resolve(dir, &path)).map(|file| self.parsed(file).blocks).unwrap_or_default()
    }

    /// Adds a `unit` or `stack` block; one that `replaces` counts in the place of the first of its name.
    fn add_entry(&self, file: &mut StackFile, dir: &str, block: Block, names: &Arc<Names>, replaces: bool) {
        let (true, Some((name, _))) = (matches!(&*block.kind, "unit" | "stack"), block.labels.first()) else {
            if !matches!(&*block.kind, "locals" | "include") {
                let message = format!("a `{}` block of a stack is not evaluated", block.kind);
                self.tell(Diagnostic::not_evaluated(block.header, message));
            }
            return;
        };
        let instance = self.stack_instance(names);
        let place = self.place(dir, &block, &Scope::new(&instance));
        let entry = Entry { kind: block.kind.clone(), name: name.clone(), names: names.clone(), place, block };
        let label = (entry.kind.clone(), entry.name.clone());
        match file.labels.get(&label).and_then(|at| file.entries.get_mut(*at)) {
            Some(first) if replaces => *first = entry,
            Some(_) => {
                let message = format!("a second {} `{}` is not evaluated", entry.kind, entry.name);
                self.tell(Diagnostic::not_evaluated(entry.block.header, message));
            }
            None => {
                file.labels.insert(label, file.entries.len());
                file.entries.push(entry);
            }
        }
    }

    /// The units of the stack in the directory that are generated already, by name.
    pub(super) fn generated_units(&self, dir: &str) -> Vec<(Arc<str>, String)> {
        let file = if self.has_file(dir, FILE) { self.stack_file(dir, None) } else { None };
        let entries = file.iter().flat_map(|file| &file.entries).filter(|entry| &*entry.kind == "unit");
        let there = entries.filter_map(|entry| Some((entry.name.clone(), entry.place.clone()?)));
        there.filter(|(_, place)| self.has_file(place, UNIT_FILE)).collect()
    }

    /// An instance in which names mean what they mean in a stack's file.
    fn stack_instance(&self, names: &Names) -> Rc<Instance> {
        let context = Context::of(&names.dir, names.values.clone());
        let module = Arc::new(Module { dir: names.dir.clone(), ..Module::default() });
        Rc::new(Instance { terragrunt: Some(Rc::new(context)), ..self.uncalled(module) })
    }

    /// What `values` is in the unit or stack (`kind`) in `dir` that the block makes.
    pub(super) fn values_of(&self, made_by: &MadeBy, kind: &str, dir: &str) -> Value {
        let Some(file) = self.stack_file(&made_by.dir, made_by.within.as_ref()) else {
            return Value::unknown(Reason::File(format!("the {FILE} that makes this could not be read").into()), None);
        };
        let entry = file.entry(kind, made_by);
        let given = entry.and_then(|entry| {
            let values = entry.block.body.attribute("values")?;
            Some(self.value(&values.value, &Scope::new(&self.stack_instance(&entry.names))))
        });
        given.filter(|values| !values.is_null()).unwrap_or_else(|| self.values_in(dir))
    }

    /// The values that a file beside the configuration gives.
    pub(super) fn values_in(&self, dir: &str) -> Value {
        let path = join(dir, VALUES);
        if !self.has_file(dir, VALUES) {
            return Value::object::<&str>([]);
        }
        let Some(file) = self.loaded(&path) else {
            return Value::unknown(Reason::File(format!("`{path}` could not be read").into()), None);
        };
        let body = self.parsed(file);
        let instance = Rc::new(self.uncalled(Arc::new(Module { dir: dir.to_owned(), ..Module::default() })));
        let scope = Scope::new(&instance);
        let values = body.attributes.iter().map(|value| {
            let value = (value.name.clone(), self.value(&value.value, &scope));
            (value.0, crate::value::Entry { span: value.1.span, value: value.1 })
        });
        let why = |span| Arc::new(Unknown::new(Reason::File(format!("a part of `{path}`").into()), Some(span)));
        let open = body.unread.first().map(|span| why(*span));
        Value::new(Kind::Map(Arc::new(Map::new(MapKind::Object, values.collect(), open))))
    }

    pub(super) fn has_file(&self, dir: &str, name: &str) -> bool {
        self.sources.entry(dir, name).is_some_and(|entry| !entry.is_dir)
    }

    /// What the stack, or a file that it left behind, merges into the unit in `dir`; an error where that is not at hand.
    pub(super) fn autoinclude(&self, dir: &str) -> Result<Option<Layer>, Value> {
        let Some(made_by) = &self.unit.deployment.made_by else {
            if !self.has_file(dir, AUTOINCLUDE) {
                return Ok(None);
            }
            let path = join(dir, AUTOINCLUDE);
            let lost = || Value::unknown(Reason::File(format!("`{path}` could not be read").into()), None);
            let (_, body, module) = self.with_locals(&path, dir).ok_or_else(lost)?;
            let context = Rc::new(Context::of(dir, BTreeMap::new()));
            let instance = Rc::new(Instance { terragrunt: Some(context.clone()), ..self.uncalled(module) });
            return Ok(Some(Layer { body, instance, context, dir: dir.to_owned() }));
        };
        let lost =
            || Value::unknown(Reason::File(format!("the {FILE} that makes this could not be read").into()), None);
        let file = self.stack_file(&made_by.dir, made_by.within.as_ref()).ok_or_else(lost)?;
        let Some(entry) = file.entry("unit", made_by) else { return Ok(None) };
        let mut blocks = entry.block.body.blocks("autoinclude");
        let Some(block) = blocks.next() else { return Ok(None) };
        let refused = block.body.blocks.iter().filter(|inner| matches!(&*inner.kind, "locals" | "autoinclude"));
        for inner in refused.chain(blocks) {
            let message = format!("Terragrunt refuses this `{}` block; it is not evaluated", inner.kind);
            self.tell(Diagnostic::not_evaluated(inner.header, message));
        }
        let instance = self.stack_instance(&entry.names);
        let Some(context) = instance.terragrunt.clone() else { return Ok(None) };
        Ok(Some(Layer { body: block.body.clone(), instance, context, dir: dir.to_owned() }))
    }
}

impl StackFile {
    /// The block that makes this.
    fn entry(&self, kind: &str, made: &MadeBy) -> Option<&Entry> {
        let at = self.labels.get(&(kind.into(), made.name.clone()))?;
        self.entries.get(*at)
    }
}
