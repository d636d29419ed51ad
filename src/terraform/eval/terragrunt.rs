//! Terragrunt: which module a `terragrunt.hcl` deploys, with which inputs and providers.
//!
//! Outputs of a dependency are those of the unit that its `config_path` names; `mock_outputs` are never used.
//!
//! Source: gruntwork-io/terragrunt, reference of configuration blocks and functions, read 2026-11.

mod config;
pub(crate) mod stack;

use super::expression::{STACK_LEFT, STACK_PIECE};
use super::{Demand, Evaluator};
use crate::diagnostic::Diagnostic;
use crate::resource::{REST, Unit};
use crate::source::{FileId, ReadError, Sources, Span, join, normalize, parent, read_in_passing, uses_unit};
use crate::terraform::ast::{Block, Body, ExprKind};
use crate::terraform::branches::rewritten;
use crate::terraform::functions::EvalError;
use crate::terraform::module::{self, Module};
use crate::terraform::ops::fail;
use crate::value::{Branch, Entries, Entry, Kind, Map, Reason, Seq, Value};
use config::{Config, Extra, Layer};
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
    /// The directory of the configuration that includes the file, or of the file itself.
    unit: String,
    /// The unit's own directory: that of a configuration that is only read is another one.
    original: String,
    /// Whether another configuration includes the file.
    is_included: bool,
    /// The directories of the files that it includes, by their labels.
    includes: RefCell<Vec<(Arc<str>, String)>>,
    /// `dependency`, `include`.
    names: RefCell<BTreeMap<Arc<str>, Value>>,
    depth: usize,
}

impl Context {
    /// That of a configuration in the directory, with these names.
    fn of(dir: &str, names: BTreeMap<Arc<str>, Value>) -> Self {
        let (dir, unit, original) = (dir.to_owned(), dir.to_owned(), dir.to_owned());
        let (includes, names) = (RefCell::default(), RefCell::new(names));
        Self { dir, unit, original, is_included: false, includes, names, depth: 0 }
    }

    /// The directory of the include that is meant, by its label where there are several; `None` where there is none.
    fn include(&self, args: &[Value]) -> Result<Option<String>, Value> {
        if self.is_included {
            return Ok(Some(self.dir.clone()));
        }
        let includes = self.includes.borrow();
        match (includes.as_slice(), args.first()) {
            ([], _) => Ok(None),
            ([(_, dir)], _) => Ok(Some(dir.clone())),
            (several, label) => {
                let text = label.and_then(Value::text);
                let found = several.iter().find(|(name, _)| Some(name) == text.as_ref());
                let why = "which of several includes is meant is not known";
                let lost = || Value::unknown(Reason::Derived(why.into()), label.and_then(|label| label.span));
                found.map(|(_, dir)| Some(dir.clone())).ok_or_else(lost)
            }
        }
    }

    /// A path that is written in the configuration.
    pub(super) fn at(&self, path: &str) -> String {
        resolve(&self.dir, path)
    }
}

/// What reading one configuration counts as: the same file may be read any number of times.
const STEPS: usize = 1000;

/// A source of values of variables that Terragrunt hands to Terraform.
pub(super) enum Handed {
    File(String),
    Text(String, String),
    /// One that is not known, and why: it may set any variable.
    Lost(String),
}

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
    let there = sources.entry(&dir, FILE).is_some_and(|entry| !entry.is_dir);
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
        let path = join(&dir, FILE);
        let mut config = self.config(&path, &dir, 0, false).unwrap_or_else(|| {
            Config::unread(Value::unknown(Reason::File(format!("`{path}` could not be read").into()), None))
        });
        let text = config.source.as_ref().and_then(Value::text);
        let target = match (&config.source, text.as_deref()) {
            (None, _) => Some(dir.clone()),
            (Some(_), Some(text)) => self.source_dir(&dir, text),
            (Some(_), None) => None,
        };
        let Some(target) = target else {
            let shown = text.unwrap_or_else(|| "its source".into());
            let span = config.source.and_then(|value| value.span).or(config.open.and_then(|value| value.span));
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
        // Terragrunt copies what lies beside the unit's file over the module.
        let beside = self.sources.list(&dir).unwrap_or_default();
        let mut beside = beside.iter().filter(|entry| !entry.is_dir && module::is_config(&entry.name));
        if normalize(&target) != dir && beside.next().is_some() {
            module.add(self.sources, (*self.module(&dir)).clone());
        }
        let lost = |span| module::Lost { path: path.as_str().into(), span, kind: None };
        let mut handed = Vec::new();
        for (name, file) in &config.generated {
            if file.disable.as_ref().and_then(Value::as_bool) == Some(true) {
                continue;
            }
            let text = file.contents.text();
            let at = file.path.as_ref().map(Value::text);
            // In which file it lies is not known where `path` is not.
            let at = at.unwrap_or_else(|| Some(format!("{name}.tf").into()));
            let (Some(text), Some(at)) = (text, at) else {
                let why = [Some(&file.contents), file.path.as_ref()].into_iter().flatten();
                let why = why.filter_map(Value::first_unknown).map(|why| format!(": {}", why.reason)).next();
                if let Some(span) = file.contents.span {
                    let why = why.unwrap_or_default();
                    let message = format!("the file that `generate` makes of `{name}` is not evaluated{why}");
                    self.tell(Diagnostic::not_evaluated(span, message));
                }
                module.lost.push(lost(file.contents.span));
                continue;
            };
            let at = resolve(&target, &at);
            let there = at.rsplit('/').next().unwrap_or(&at);
            if parent(&at) != normalize(&target) && parent(&at) != dir {
                if module::is_config(there)
                    && let Some(span) = file.contents.span
                {
                    let message = format!("the file that `generate` makes in `{}` is not evaluated", parent(&at));
                    self.tell(Diagnostic::not_evaluated(span, message));
                    module.lost.push(lost(Some(span)));
                }
                continue;
            }
            let taken = [&dir, &target].into_iter().filter(|dir| self.has_file(dir, there));
            let taken: Vec<String> = taken.map(|dir| join(dir, there)).collect();
            if !taken.is_empty() && file.if_exists.as_ref().and_then(Value::text).as_deref() == Some("skip") {
                continue;
            }
            taken.iter().for_each(|path| module.forget(self.sources.load(path).ok()));
            let is_values = there.ends_with(".tfvars") || there.ends_with(".tfvars.json");
            if is_values && !there.contains(".auto.") && !there.starts_with("terraform.tfvars") {
                continue;
            }
            if !is_values && !module::is_config(there) {
                continue;
            }
            let kind = if there.ends_with(".json") { ".json" } else { "" };
            let added = if is_values { format!("{name}.tfvars{kind}") } else { format!("{name}.tf{kind}") };
            let added = format!("{path}!{added}");
            let file = self.sources.add(&added, &text);
            if is_values {
                handed.push(Handed::File(added));
                continue;
            }
            let body = if kind.is_empty() { self.parsed(file) } else { self.parsed_json(file) };
            module.incomplete |= !body.unread.is_empty();
            module.lost.extend(body.unread.first().map(|span| lost(Some(*span))));
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
        if let Some(open) = &config.open {
            module.incomplete = true;
            module.lost.push(lost(open.span));
        }
        module.index();
        for (_, extra) in std::mem::take(&mut config.extra) {
            for extra in extra {
                self.hand(extra, &dir, &target, &mut config, &mut handed);
            }
        }
        *self.handed.borrow_mut() = handed;
        *self.kept.borrow_mut() = config.state;
        *self.role.borrow_mut() = config.role;
        *self.root_dir.borrow_mut() = Some(target);
        if let Some(value) = config.open.or(config.more_inputs) {
            config.inputs.insert(REST.into(), Entry { span: value.span, value });
        }
        Some(Deployed { module: Arc::new(module), inputs: config.inputs })
    }

    /// What `extra_arguments` hands over: values of variables on the command line, or in the environment.
    fn hand(&self, extra: Extra, dir: &str, target: &str, config: &mut Config, handed: &mut Vec<Handed>) {
        // Terraform runs where the module and the unit's own files lie.
        let file = |path: &str| {
            let own = resolve(dir, path);
            if self.sources.load(&own).is_ok() { own } else { resolve(target, path) }
        };
        let lost = |value: &Value| {
            let span = value.span.or_else(|| value.first_unknown().and_then(|why| why.span));
            if let Some(span) = span {
                let message = "the arguments that Terraform is given here are not known; they may set any variable";
                self.tell(Diagnostic::not_evaluated(span, message));
            }
            Handed::Lost("`extra_arguments` is not known as a whole".into())
        };
        match extra {
            Extra::Files(value, optional) => {
                let Some(Seq { items, open: None, .. }) = value.as_seq() else {
                    handed.push(lost(&value));
                    return;
                };
                for item in items {
                    let Some(path) = item.text() else {
                        handed.push(lost(item));
                        continue;
                    };
                    let path = file(&path);
                    if !optional || self.sources.load(&path) != Err(ReadError::NotFound) {
                        handed.push(Handed::File(path));
                    }
                }
            }
            Extra::Arguments(value) => {
                let texts = value.as_seq().filter(|seq| seq.open.is_none());
                let texts: Option<Vec<Arc<str>>> = texts.and_then(|seq| seq.items.iter().map(Value::text).collect());
                let Some(texts) = texts else {
                    handed.push(lost(&value));
                    return;
                };
                let mut texts = texts.iter();
                while let Some(text) = texts.next() {
                    let text = text.trim_start_matches('-');
                    let (name, given) = match text.split_once('=') {
                        Some((name @ ("var" | "var-file"), given)) => (name, given),
                        _ if matches!(text, "var" | "var-file") => match texts.next() {
                            Some(given) => (text, &**given),
                            None => continue,
                        },
                        _ => continue,
                    };
                    match (name, given.split_once('=')) {
                        ("var-file", _) => handed.push(Handed::File(file(given))),
                        (_, Some((name, text))) => handed.push(Handed::Text(name.to_owned(), text.to_owned())),
                        _ => {}
                    }
                }
            }
            Extra::Environment(value) => {
                let Some(Map { entries, open, .. }) = value.as_map() else {
                    if let Some(why) = config::why(&value) {
                        config.may_be_replaced(&why);
                    }
                    return;
                };
                if let Some(why) = open {
                    config.may_be_replaced(why);
                }
                for (name, entry) in entries {
                    if let Some(name) = name.strip_prefix("TF_VAR_") {
                        config.inputs.insert(name.into(), entry.clone());
                    }
                }
            }
        }
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
        let unread = |block: &Block| !block.body.unread.is_empty();
        let module = Module {
            dir: dir.to_owned(),
            incomplete: !body.unread.is_empty() || body.blocks("locals").any(unread),
            locals: locals.map(|attribute| (attribute.name.clone(), attribute.clone())).collect(),
            ..Module::default()
        };
        Some((file, body, Arc::new(module)))
    }

    /// Everything that the unit in `dir` gives out.
    fn dependency(&self, dir: &str, block: &Block) -> Value {
        // Then the outputs are the mock ones, or none.
        let set = |name: &str, usual: bool| {
            let part = block.body.attribute(name)?;
            (!matches!(part.value.kind, ExprKind::Bool(given) if given == usual)).then_some(part)
        };
        if let Some(part) = set("skip_outputs", false).or_else(|| set("enabled", true)) {
            let text = format!("whether outputs are read is decided by `{}`", part.name);
            return Value::unknown(Reason::Unsupported(text.into()), Some(part.name_span));
        }
        let found = read_in_passing(|| self.estate.as_ref().and_then(|estate| estate.at(dir, self.stack)));
        let Some(other) = found else {
            let mut units = self.estate.as_ref().map(|estate| estate.made_by(dir, self.stack)).unwrap_or_default();
            // Where the stack is there itself, some of its units may be, too.
            let made =
                |unit: &Rc<Self>| unit.unit.deployment.made_by.as_ref().is_some_and(|made| made.within.is_some());
            let itself = !units.iter().any(|(_, unit)| made(unit));
            let generated = self.estate.as_ref().filter(|_| itself).map(|estate| {
                let places = self.generated_units(dir).into_iter();
                let others = places.filter(|(name, _)| !units.iter().any(|(own, _)| own == name));
                let at = |place: &str| read_in_passing(|| estate.at(place, self.stack));
                others.filter_map(|(name, place)| Some((name, at(&place)?))).collect::<Vec<_>>()
            });
            units.extend(generated.into_iter().flatten());
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
                if let Some(unknown) = args.first().filter(|wanted| wanted.text().is_none()) {
                    return Some(Ok(self.unknown_from(unknown)));
                }
                let wanted = text(0).unwrap_or_else(|| FILE.into());
                let mut at = join(&context.unit, "..");
                for _ in 0..64 {
                    let file = join(&at, &wanted);
                    let name = file.rsplit('/').next().unwrap_or(&file);
                    if self.sources.entry(parent(&file), name).is_some() {
                        return path(&anchored(&file));
                    }
                    let above = join(&at, "..");
                    if above == at {
                        break;
                    }
                    at = above;
                }
                let missing = || fail(format!("`{wanted}` is in no directory above"));
                Some(args.get(1).cloned().map_or_else(missing, Ok))
            }
            "get_terragrunt_dir" => path(&anchored(&context.unit)),
            "get_original_terragrunt_dir" => path(&anchored(&context.original)),
            "get_parent_terragrunt_dir" | "path_relative_to_include" | "path_relative_from_include" => {
                let base = match context.include(args) {
                    Ok(base) => base.unwrap_or_else(|| context.unit.clone()),
                    Err(unknown) => return Some(Ok(unknown)),
                };
                path(&match name {
                    "get_parent_terragrunt_dir" => anchored(&base),
                    "path_relative_to_include" => relative(&base, &context.unit),
                    _ => relative(&context.unit, &base),
                })
            }
            "read_terragrunt_config" => {
                let target = text(0)?;
                let target = resolve(&context.unit, &target);
                let name = target.rsplit('/').next().unwrap_or(&target);
                if let (Some(other), false) = (args.get(1), self.has_file(parent(&target), name)) {
                    return Some(Ok(other.clone()));
                }
                let config = self.config(&target, parent(&target), context.depth + 1, false);
                Some(Ok(match config {
                    Some(config) => config::exposed(&config, None),
                    None => Value::unknown(Reason::File(format!("`{target}` cannot be read").into()), None),
                }))
            }
            "get_terraform_commands_that_need_vars" => {
                let commands = ["apply", "console", "destroy", "import", "plan", "push", "refresh"];
                Some(Ok(Value::tuple(commands.map(Value::string).into())))
            }
            "get_terraform_commands_that_need_locking"
            | "get_terraform_commands_that_need_input"
            | "get_terraform_commands_that_need_parallelism" => {
                Some(Ok(Value::tuple(["apply", "plan"].map(Value::string).into())))
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
            | "get_working_dir"
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
            if self.sources.entry(&at, ".git").is_some() {
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

/// Marks a path as `Sources` knows it, from wherever it is used.
const ANCHOR: char = '\u{f0002}';

/// The value with paths as other programs see them: where the repository lies on the machine is not known. `None` where it
/// has none.
pub(super) fn on_the_machine(value: &Value) -> Option<Value> {
    let text = match &value.kind {
        Kind::String(text) if text.contains(ANCHOR) => text,
        Kind::Cond(branches) => {
            let parts: Vec<Option<Value>> = branches.iter().map(|branch| on_the_machine(&branch.value)).collect();
            parts.iter().any(Option::is_some).then_some(())?;
            let kept = branches.iter().zip(parts);
            let kept =
                kept.map(|(branch, value)| value.map_or(branch.clone(), |value| Branch { value, ..branch.clone() }));
            return Some(Value { kind: Kind::Cond(kept.collect()), ..value.clone() });
        }
        _ => return rewritten(value, &mut on_the_machine),
    };
    let mut parts = Vec::new();
    for (at, part) in text.split(ANCHOR).enumerate() {
        if at > 0 {
            parts.push(Value::unknown(Reason::Impure("the directory of the repository".into()), value.span));
        }
        if !part.is_empty() {
            parts.push(Value::string(part));
        }
    }
    Some(Value { kind: Kind::Template(parts.into()), ..value.clone() })
}

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
