//! Terragrunt: which module a `terragrunt.hcl` deploys, with which inputs and providers.
//!
//! Outputs of a dependency are those of the unit that its `config_path` names; `mock_outputs` are never used.
//!
//! Source: gruntwork-io/terragrunt, reference of configuration blocks and functions, read 2026-11.

pub(crate) mod stack;

use super::expression::{STACK_LEFT, STACK_PIECE};
use super::{Demand, Evaluator, Instance, Scope};
use crate::diagnostic::Diagnostic;
use crate::resource::{REST, Unit};
use crate::source::{FileId, Sources, Span, join, normalize, parent, read_in_passing, uses_unit};
use crate::terraform::ast::{Block, Body, ExprKind};
use crate::terraform::functions::EvalError;
use crate::terraform::module::{self, Module};
use crate::terraform::ops::fail;
use crate::value::{Entries, Entry, Kind, Map, Reason, Unknown, Value};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// The file that makes a directory a unit.
pub(super) const FILE: &str = "terragrunt.hcl";
/// Configurations that include or read each other are followed this far.
const DEEPEST: usize = 12;

/// What names and functions mean in one configuration file.
pub(super) struct Context {
    /// The file's directory.
    dir: String,
    /// The directory of the unit's own file.
    unit: String,
    /// The directory of the file that the unit includes, seen from the unit.
    included: RefCell<Option<String>>,
    /// `dependency`, `include`.
    names: RefCell<BTreeMap<Arc<str>, Value>>,
    depth: usize,
}

/// One configuration file, what it includes merged in.
#[derive(Default)]
struct Config {
    source: Option<Value>,
    inputs: Entries,
    /// Contents by the name of the `generate` block.
    generated: BTreeMap<Arc<str>, Value>,
    locals: BTreeMap<Arc<str>, Value>,
    /// Why more may belong to it: an include that cannot be followed.
    open: Option<Value>,
    /// Why further inputs may be given: they are not known as a whole.
    more_inputs: Option<Value>,
}

impl Config {
    /// Further inputs may be given, which would count in the place of those that are known so far.
    fn may_be_replaced(&mut self, why: &Arc<Unknown>) {
        for (_, entry) in self.inputs.iter_mut() {
            entry.value = unknown(why.clone());
        }
        self.more_inputs.get_or_insert_with(|| unknown(why.clone()));
    }
}

/// What reading one configuration counts as: the same file may be read any number of times.
const STEPS: usize = 1000;

/// What the unit deploys.
pub(super) struct Deployed {
    pub(super) module: Arc<Module>,
    pub(super) inputs: Entries,
}

/// Whether the unit's `terragrunt.hcl` may name units that it depends on.
pub(super) fn depends_on_others(sources: &Sources, unit: &Unit) -> bool {
    if unit.deployment.made_by.is_some() {
        return true;
    }
    let dir = normalize(&unit.path);
    let there = sources.list(&dir).is_ok_and(|entries| entries.iter().any(|entry| !entry.is_dir && entry.name == FILE));
    there && sources.load(&join(&dir, FILE)).is_ok_and(|file| sources.text(file).contains("dependency"))
}

impl Evaluator<'_> {
    /// What the unit's `terragrunt.hcl` deploys; `None` where there is none.
    pub(super) fn terragrunt(&self) -> Option<Deployed> {
        let dir = normalize(&self.unit.path);
        let listed = self.sources.list(&dir).ok()?;
        if !listed.iter().any(|entry| !entry.is_dir && entry.name == FILE) {
            return None;
        }
        let mut config = self.config(&join(&dir, FILE), &dir, 0)?;
        let text = config.source.as_ref().and_then(Value::text);
        let target = match (&config.source, text.as_deref()) {
            (None, _) if config.open.is_some() => None,
            (None, _) => Some(dir.clone()),
            (Some(_), Some(text)) => self.source_dir(&dir, text),
            (Some(_), None) => None,
        };
        let Some(target) = target else {
            let shown = text.unwrap_or_else(|| "its source".into());
            let span = config.source.or(config.open).and_then(|value| value.span);
            if let Some(span) = span {
                self.tell(
                    Diagnostic::missing_module(span, shown.to_string())
                        .with_help("map the source to a directory under `[modules]` in crossvault.toml"),
                );
            }
            let empty = Module { dir, incomplete: true, ..Module::default() };
            return Some(Deployed { module: Arc::new(empty), inputs: config.inputs });
        };
        let mut module = (*self.module(&target)).clone();
        for (name, contents) in &config.generated {
            let Some(text) = contents.text() else {
                if let Some(span) = contents.span {
                    let why = contents.first_unknown().map_or_else(String::new, |why| format!(": {}", why.reason));
                    let message = format!("the file that `generate` makes of `{name}` is not evaluated{why}");
                    self.tell(Diagnostic::not_evaluated(span, message));
                }
                module.lost.push(module::Lost { path: join(&dir, FILE).into(), span: contents.span, kind: None });
                continue;
            };
            let file = self.sources.add(&format!("{}!{name}.tf", join(&dir, FILE)), &text);
            let body = self.parsed(file);
            // A generated file replaces what the module itself says of its providers.
            let generated: Vec<Block> = body.blocks;
            for block in generated {
                if &*block.kind == "provider" {
                    let label = block.labels.first().map(|(label, _)| label.clone());
                    module.providers.retain(|own| {
                        Some(&own.name) != label.as_ref()
                            || own.alias.is_some()
                            || block.body.attribute("alias").is_some()
                    });
                }
                let mut ignored = Vec::new();
                module::declare(&mut module, block, &mut ignored);
            }
        }
        *self.root_dir.borrow_mut() = Some(target);
        if let Some(value) = config.open.or(config.more_inputs) {
            config.inputs.insert(REST.into(), Entry { span: value.span, value });
        }
        Some(Deployed { module: Arc::new(module), inputs: config.inputs })
    }

    /// The directory of a module's source: `../modules//vpc`, an absolute path, or one that the configuration maps.
    fn source_dir(&self, dir: &str, source: &str) -> Option<String> {
        if let Some(mapped) = self.settings.modules.get(source) {
            return Some(mapped.clone());
        }
        let remote = source.contains("::") || source.contains("git@") || source.contains("://");
        let local = source.split('?').next().unwrap_or_default().replace("//", "/");
        let path = resolve(dir, &local);
        (!remote && self.sources.list(&path).is_ok()).then_some(path)
    }

    /// A file of Terragrunt, and a module in `dir` of its locals; each reading is charged.
    fn with_locals(&self, path: &str, dir: &str) -> Option<(FileId, Body, Arc<Module>)> {
        let file = self.loaded(path)?;
        if !self.charge(STEPS, Span::new(file, 0..0)) {
            return None;
        }
        let body = self.parsed(file);
        let locals = body.blocks("locals").flat_map(|block| &block.body.attributes);
        let module = Module {
            dir: dir.to_owned(),
            locals: locals.map(|attribute| (attribute.name.clone(), attribute.clone())).collect(),
            ..Module::default()
        };
        Some((file, body, Arc::new(module)))
    }

    /// Reads one configuration file of the unit in the directory `unit`.
    fn config(&self, path: &str, unit: &str, depth: usize) -> Option<Config> {
        if depth > DEEPEST {
            let message = format!("configurations that lead to more than {DEEPEST} others one after the other");
            self.tell(Diagnostic::skipped(path, message));
            return None;
        }
        let dir = parent(path).to_owned();
        let (file, body, module) = self.with_locals(path, &dir)?;
        let context = Rc::new(Context {
            dir: dir.clone(),
            unit: unit.to_owned(),
            included: RefCell::default(),
            names: RefCell::default(),
            depth,
        });
        if self.sources.text(file).contains("values") {
            let values = match &self.unit.deployment.made_by {
                Some(made_by) => self.values_of(made_by, unit),
                None => self.values_in(unit),
            };
            context.names.borrow_mut().insert("values".into(), values);
        }
        let instance = Rc::new(Instance { terragrunt: Some(context.clone()), ..self.uncalled(module) });
        let scope = Scope::new(&instance);
        let above = if depth == 0 { self.autoinclude(unit, &instance, &context) } else { None };
        let mut config = Config::default();
        let mut includes = BTreeMap::new();
        for block in body.blocks("include") {
            let value = match block.body.attribute("path") {
                Some(attribute) => self.value(&attribute.value, &scope),
                None => Value::unknown(Reason::Invalid("an include without `path`".into()), Some(block.header)),
            };
            let Some(target) = value.text() else {
                let why = value.first_unknown().map_or_else(String::new, |why| format!(": {}", why.reason));
                self.tell(Diagnostic::not_evaluated(block.header, format!("what is included here is not known{why}")));
                config.open.get_or_insert_with(|| not_followed(block));
                continue;
            };
            let target = resolve(&dir, &target);
            *context.included.borrow_mut() = Some(parent(&target).to_owned());
            let Some(other) = self.config(&target, unit, depth + 1) else {
                config.open.get_or_insert_with(|| not_followed(block));
                continue;
            };
            let name = block.labels.first().map_or_else(|| "".into(), |(name, _)| name.clone());
            let inputs = Value::object(other.inputs.iter().map(|(key, entry)| (key.clone(), entry.value.clone())));
            let exposed = [("locals", Value::object(other.locals.clone())), ("inputs", inputs)];
            includes.insert(name, Value::object(exposed));
            let deep = block
                .body
                .attribute("merge_strategy")
                .is_some_and(|strategy| matches!(&strategy.value.kind, ExprKind::String(text) if &**text == "deep"));
            let no_merge = block.body.attribute("merge_strategy").is_some_and(
                |strategy| matches!(&strategy.value.kind, ExprKind::String(text) if &**text == "no_merge"),
            );
            if !no_merge {
                merge(&mut config, other, deep);
            }
        }
        context.names.borrow_mut().insert("include".into(), named(includes));
        let mut dependencies = BTreeMap::new();
        let merged =
            above.iter().flat_map(|above| above.body.blocks("dependency").map(|block| (block, &above.instance)));
        for (block, instance) in body.blocks("dependency").map(|block| (block, &instance)).chain(merged) {
            let Some((label, _)) = block.labels.first() else { continue };
            let scope = Scope::new(instance);
            let target = block.body.attribute("config_path").map(|path| self.value(&path.value, &scope));
            let outputs = match target.as_ref().and_then(Value::text) {
                Some(target) => self.dependency(&resolve(&dir, &target), block),
                None => {
                    Value::unknown(Reason::Derived("which unit it depends on is not known".into()), Some(block.header))
                }
            };
            dependencies.insert(label.clone(), Value::object([("outputs", outputs)]));
        }
        let dependencies = Value::object(dependencies);
        if let Some(above) = &above {
            above.context.names.borrow_mut().insert("dependency".into(), dependencies.clone());
        }
        context.names.borrow_mut().insert("dependency".into(), dependencies);
        if let Some(source) = body.blocks("terraform").find_map(|block| block.body.attribute("source")) {
            config.source = Some(self.value(&source.value, &scope));
        }
        let merged = above.iter().map(|above| (&above.body, &above.instance));
        for (body, instance) in [(&body, &instance)].into_iter().chain(merged) {
            let scope = Scope::new(instance);
            for block in body.blocks("generate") {
                if let (Some((name, _)), Some(contents)) = (block.labels.first(), block.body.attribute("contents")) {
                    config.generated.insert(name.clone(), self.value(&contents.value, &scope));
                }
            }
            let Some(inputs) = body.attribute("inputs") else { continue };
            match &self.value(&inputs.value, &scope).kind {
                Kind::Map(map) => {
                    if let Some(why) = &map.open {
                        config.may_be_replaced(why);
                    }
                    config.inputs.extend(map.entries.iter().map(|(name, entry)| (name.clone(), entry.clone())));
                }
                Kind::Unknown(why) => config.may_be_replaced(why),
                // Which of several it is, nobody knows.
                Kind::Cond(_) => config.may_be_replaced(&Arc::new(Unknown::new(
                    Reason::Derived("which inputs are given depends on a condition".into()),
                    Some(inputs.value.span),
                ))),
                _ => {}
            }
        }
        // Only a configuration that is read or included is asked for its locals.
        if depth > 0 {
            for name in instance.module.locals.keys() {
                config.locals.insert(name.clone(), self.demand(&instance, Demand::Local(name.clone())));
            }
        }
        Some(config)
    }

    /// Everything that the unit in `dir` gives out.
    fn dependency(&self, dir: &str, block: &Block) -> Value {
        let found = read_in_passing(|| self.estate.as_ref().and_then(|estate| estate.at(dir, self.stack)));
        let Some(other) = found else {
            let units = self.estate.as_ref().map(|estate| estate.made_by(dir, self.stack)).unwrap_or_default();
            if !units.is_empty() {
                return Value::object(units.into_iter().map(|(name, unit)| (name, self.outputs_of(&unit, dir, block))));
            }
            let text = format!("no loaded unit lies at `{dir}`; check that directory too");
            return Value::unknown(Reason::Derived(text.into()), Some(block.header));
        };
        self.outputs_of(&other, dir, block)
    }

    fn outputs_of(&self, other: &Rc<Self>, dir: &str, block: &Block) -> Value {
        uses_unit(other.stack.0);
        if other.root.borrow().is_none() && other.rooting.get() {
            let text = format!("the unit at `{dir}` depends on this one");
            return Value::unknown(Reason::Invalid(text.into()), Some(block.header));
        }
        // Units may depend on each other in a chain of any length.
        let root = stacker::maybe_grow(STACK_LEFT, STACK_PIECE, || other.root());
        let outputs = root.module.outputs.keys();
        Value::object(outputs.map(|name| (name.clone(), other.demand(&root, Demand::Output(name.clone())))))
    }

    /// Terragrunt's own functions; `None` for another one.
    pub(super) fn terragrunt_call(
        &self,
        context: &Context,
        name: &str,
        args: &[Value],
    ) -> Option<Result<Value, EvalError>> {
        let text = |at: usize| args.get(at).and_then(Value::text);
        let path = |path: &str| Some(Ok(Value::string(path)));
        match name {
            "find_in_parent_folders" => {
                let wanted = text(0).unwrap_or_else(|| FILE.into());
                let mut at = join(&context.unit, "..");
                for _ in 0..64 {
                    let file = join(&at, &wanted);
                    let found = self.sources.list(&at).is_ok_and(|entries| {
                        let first = wanted.split('/').next().unwrap_or_default();
                        entries.iter().any(|entry| entry.name == first)
                    });
                    if found {
                        return path(&anchored(&file));
                    }
                    let above = join(&at, "..");
                    if above == at {
                        break;
                    }
                    at = above;
                }
                Some(text(1).map_or_else(
                    || fail(format!("`{wanted}` is in no directory above")),
                    |other| Ok(Value::string(other)),
                ))
            }
            "get_terragrunt_dir" | "get_original_terragrunt_dir" | "get_working_dir" => path(&anchored(&context.unit)),
            "get_parent_terragrunt_dir" => {
                let dir = context.included.borrow().clone().unwrap_or_else(|| context.dir.clone());
                path(&anchored(&dir))
            }
            "path_relative_to_include" => {
                let base =
                    if context.depth > 0 { Some(context.dir.clone()) } else { context.included.borrow().clone() };
                path(&base.map_or_else(|| ".".to_owned(), |base| relative(&base, &context.unit)))
            }
            "path_relative_from_include" => {
                let base =
                    if context.depth > 0 { Some(context.dir.clone()) } else { context.included.borrow().clone() };
                path(&base.map_or_else(|| ".".to_owned(), |base| relative(&context.unit, &base)))
            }
            "read_terragrunt_config" => {
                let target = text(0)?;
                let target = resolve(&context.dir, &target);
                let config = self.config(&target, &context.unit, context.depth + 1);
                Some(Ok(match config {
                    Some(config) => {
                        let inputs = Value::object(config.inputs.into_iter().map(|(name, entry)| (name, entry.value)));
                        Value::object([("locals", Value::object(config.locals)), ("inputs", inputs)])
                    }
                    None => Value::unknown(Reason::File(format!("`{target}` cannot be read").into()), None),
                }))
            }
            "get_env" => Some(Ok(match text(1) {
                // Which variables the machine sets that deploys is not known; the default is not taken for it.
                _ if text(0).is_none() => Value::unknown(Reason::Impure(name.into()), None),
                _ => Value::unknown(
                    Reason::InputWithoutValue(format!("environment variable {}", text(0).unwrap_or_default()).into()),
                    None,
                ),
            })),
            "get_repo_root"
            | "get_path_from_repo_root"
            | "get_path_to_repo_root"
            | "get_aws_account_id"
            | "get_aws_caller_identity_arn"
            | "get_aws_caller_identity_user_id"
            | "get_terraform_command"
            | "run_cmd"
            | "sops_decrypt_file"
            | "get_platform"
            | "get_terraform_cli_args" => {
                if name == "get_repo_root"
                    && let Some(root) = self.repository(&context.unit)
                {
                    return path(&anchored(&root));
                }
                Some(Ok(Value::unknown(Reason::Impure(name.into()), None)))
            }
            _ => None,
        }
    }

    /// The nearest directory above with `.git`.
    fn repository(&self, from: &str) -> Option<String> {
        let mut at = from.to_owned();
        for _ in 0..64 {
            if self.sources.list(&at).is_ok_and(|entries| entries.iter().any(|entry| entry.name == ".git")) {
                return Some(at);
            }
            let above = join(&at, "..");
            if above == at {
                return None;
            }
            at = above;
        }
        None
    }

    /// `dependency.x`, `include.x`.
    pub(super) fn terragrunt_name(&self, context: &Context, root: &str) -> Option<Value> {
        context.names.borrow().get(root).cloned()
    }
}

fn unknown(why: Arc<Unknown>) -> Value {
    Value { span: why.span, ..Value::new(Kind::Unknown(why)) }
}

/// What may stand in a configuration that an include leads to, and that is not at hand.
fn not_followed(block: &Block) -> Value {
    Value::unknown(Reason::File("what is included here could not be read".into()), Some(block.header))
}

/// One include without a name is the object itself.
fn named(mut includes: BTreeMap<Arc<str>, Value>) -> Value {
    match (includes.len(), includes.remove("")) {
        (1, Some(only)) => only,
        (_, Some(only)) => {
            includes.insert("".into(), only);
            Value::object(includes)
        }
        (_, None) => Value::object(includes),
    }
}

/// Takes over what an included configuration says, below what is there.
fn merge(config: &mut Config, other: Config, deep: bool) {
    config.open = config.open.take().or(other.open);
    if let Some(Value { kind: Kind::Unknown(why), .. }) = &other.more_inputs {
        config.may_be_replaced(why);
    }
    config.source = other.source.or(config.source.take());
    config.generated.extend(other.generated);
    for (name, entry) in other.inputs {
        let merged = match config.inputs.get(&name) {
            Some(own) if deep => Entry { value: deeper(&own.value, &entry.value), span: entry.span },
            _ => entry,
        };
        config.inputs.insert(name, merged);
    }
}

fn deeper(below: &Value, above: &Value) -> Value {
    match (&below.kind, &above.kind) {
        (Kind::Map(a), Kind::Map(b)) => {
            let mut entries = a.entries.clone();
            for (name, entry) in &b.entries {
                let value =
                    entries.get(name).map_or_else(|| entry.value.clone(), |own| deeper(&own.value, &entry.value));
                entries.insert(name.clone(), Entry { value, span: entry.span });
            }
            let open = a.open.clone().or_else(|| b.open.clone());
            Value { kind: Kind::Map(Arc::new(Map::new(b.kind, entries, open))), ..above.clone() }
        }
        _ => above.clone(),
    }
}

/// Marks a path as `Sources` knows it, from wherever it is used.
const ANCHOR: char = '\u{f0002}';

fn anchored(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("{ANCHOR}/{path}") }
}

/// The path that `text`, written in a file in `dir`, leads to.
pub(super) fn resolve(dir: &str, text: &str) -> String {
    match text.rsplit_once(ANCHOR) {
        Some((_, path)) => normalize(path.trim_start_matches('/')),
        None => join(dir, text),
    }
}

/// `target` seen from `base`, both as in `Sources`.
fn relative(base: &str, target: &str) -> String {
    let (base, target) = (normalize(base), normalize(target));
    let split = |path: &str| -> Vec<String> {
        path.split('/').filter(|part| *part != "." && !part.is_empty()).map(str::to_owned).collect()
    };
    let (base, target) = (split(&base), split(&target));
    let shared = base.iter().zip(&target).take_while(|(a, b)| a == b && *a != "..").count();
    let ups = std::iter::repeat_n("..".to_owned(), base.len() - shared);
    let path: Vec<String> = ups.chain(target.into_iter().skip(shared)).collect();
    if path.is_empty() { ".".to_owned() } else { path.join("/") }
}
