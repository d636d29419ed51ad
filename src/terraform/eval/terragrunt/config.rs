//! What a configuration of Terragrunt says once all is merged into it: what it includes below it, what a stack adds
//! above it.
//!
//! Source: gruntwork-io/terragrunt, `pkg/config/include.go` (`Merge`, `DeepMerge`, `handleInclude`), read 2026-11.

use super::super::{Demand, Evaluator, Instance, Scope};
use super::{Context, DEEPEST, resolve};
use crate::diagnostic::Diagnostic;
use crate::source::{Span, normalize, parent};
use crate::terraform::ast::{Block, Body};
use crate::value::{Entries, Entry, Kind, Map, MapKind, Reason, Seq, Unknown, Value};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// A configuration's text, and what names and functions mean in it.
pub(super) struct Layer {
    pub(super) body: Body,
    pub(super) instance: Rc<Instance>,
    pub(super) context: Rc<Context>,
    /// The directory that the paths in it are seen from.
    pub(super) dir: String,
}

/// What configurations say, merged.
#[derive(Default)]
pub(super) struct Config {
    pub(super) source: Option<Value>,
    pub(super) inputs: Entries,
    /// By the name of the `generate` block.
    pub(super) generated: BTreeMap<Arc<str>, Generated>,
    /// Arguments for Terraform, by the name of the `extra_arguments` block, in their order.
    pub(super) extra: Vec<(Arc<str>, Vec<Extra>)>,
    pub(super) dependencies: BTreeMap<Arc<str>, Value>,
    /// The role that Terragrunt takes on.
    pub(super) role: Option<Value>,
    /// Where the state is kept: the backend and its settings.
    pub(super) state: Option<(Value, Value)>,
    pub(super) locals: BTreeMap<Arc<str>, Value>,
    /// Why anything may be added: a part that cannot be read.
    pub(super) open: Option<Value>,
    /// Why further inputs may be given: they are not known as a whole.
    pub(super) more_inputs: Option<Value>,
}

/// A file that Terragrunt writes into the module.
#[derive(Clone)]
pub(super) struct Generated {
    pub(super) contents: Value,
    pub(super) path: Option<Value>,
    pub(super) if_exists: Option<Value>,
    pub(super) disable: Option<Value>,
}

/// What `extra_arguments` hands to Terraform.
#[derive(Clone)]
pub(super) enum Extra {
    /// Paths of files with values of variables, and whether they need not be there.
    Files(Value, bool),
    Arguments(Value),
    Environment(Value),
}

/// How an included configuration is merged.
#[derive(Clone, Copy, PartialEq)]
enum Strategy {
    None,
    Shallow,
    Deep,
}

impl Config {
    /// A configuration that is there and cannot be read.
    pub(super) fn unread(why: Value) -> Self {
        let (source, open, more_inputs) = (Some(why.clone()), Some(why.clone()), Some(why.clone()));
        Self { source, open, more_inputs, state: Some((why.clone(), why.clone())), role: Some(why), ..Self::default() }
    }

    /// Further inputs may be given, which would count in the place of those that are known so far.
    pub(super) fn may_be_replaced(&mut self, why: &Arc<Unknown>) {
        for (_, entry) in self.inputs.iter_mut() {
            entry.value = unknown(why.clone());
        }
        self.more_inputs.get_or_insert_with(|| unknown(why.clone()));
    }
}

impl Evaluator<'_> {
    /// Reads one configuration file of the unit in the directory `unit`, which includes it where it `is_included`.
    pub(super) fn config(&self, path: &str, unit: &str, depth: usize, is_included: bool) -> Option<Config> {
        if depth > DEEPEST {
            let message = format!("configurations that lead to more than {DEEPEST} others one after the other");
            self.tell(Diagnostic::skipped(path, message));
            return None;
        }
        let dir = parent(path).to_owned();
        let (file, body, module) = self.with_locals(path, &dir)?;
        let (own, unit_dir) = (normalize(&self.unit.path), normalize(unit));
        let (unit, original) = (unit.to_owned(), own.clone());
        let mut context = Context { unit, original, depth, is_included, ..Context::of(&dir, BTreeMap::new()) };
        let unit = &*unit_dir;
        if self.sources.text(file).contains("values") {
            let values = match &self.unit.deployment.made_by {
                Some(made_by) if own == unit => self.values_of(made_by, "unit", unit),
                _ => self.values_in(unit),
            };
            context.names.get_mut().insert("values".into(), values);
        }
        let context = Rc::new(context);
        let instance = Rc::new(Instance { terragrunt: Some(context.clone()), ..self.uncalled(module) });
        let layer = Layer { body, instance, context, dir: unit.to_owned() };
        if depth > 0 {
            return Some(self.layer(&layer, unit, depth, &BTreeMap::new()));
        }
        let above = match self.autoinclude(unit) {
            Ok(above) => above.map(|above| self.layer(&above, unit, 0, &BTreeMap::new())),
            Err(why) => Some(Config::unread(why)),
        };
        let dependencies = above.as_ref().map(|above| above.dependencies.clone()).unwrap_or_default();
        let config = self.layer(&layer, unit, 0, &dependencies);
        Some(match above {
            Some(above) => merged(config, above, false),
            None => config,
        })
    }

    /// What the configuration says, with what it includes. Dependencies of `above` replace its own.
    fn layer(&self, layer: &Layer, unit: &str, depth: usize, above: &BTreeMap<Arc<str>, Value>) -> Config {
        let Layer { body, instance, context, dir } = layer;
        let scope = Scope::new(instance);
        let features = body.blocks("feature").filter_map(|block| {
            let (name, _) = block.labels.first()?;
            let why = Reason::InputWithoutValue(format!("feature.{name}").into());
            Some((name.clone(), Value::object([("value", Value::unknown(why, Some(block.header)))])))
        });
        let features = Value::object(features.collect::<Vec<_>>());
        let mut names: Vec<(&str, Value)> = vec![("feature", features)];
        let mut included: Vec<(Config, Strategy)> = Vec::new();
        let mut includes = BTreeMap::new();
        for block in body.blocks("include") {
            let strategy = block.body.attribute("merge_strategy").map(|strategy| self.value(&strategy.value, &scope));
            let strategy = match strategy.as_ref().map(|strategy| strategy.text()) {
                None => Some(Strategy::Shallow),
                Some(text) => match text.as_deref() {
                    Some("no_merge") => Some(Strategy::None),
                    Some("shallow") => Some(Strategy::Shallow),
                    Some("deep") => Some(Strategy::Deep),
                    _ => None,
                },
            };
            let value = match block.body.attribute("path") {
                Some(attribute) => self.value(&attribute.value, &scope),
                None => Value::unknown(Reason::Invalid("an include without `path`".into()), Some(block.header)),
            };
            let target = value.text().map(|target| resolve(dir, &target));
            if target.is_none() || strategy.is_none() {
                let why = value.first_unknown().map_or_else(String::new, |why| format!(": {}", why.reason));
                let what = if target.is_none() { "what is included here" } else { "how this is merged" };
                self.tell(Diagnostic::not_evaluated(block.header, format!("{what} is not known{why}")));
            }
            let Some(target) = target else {
                included.push((Config::unread(not_followed(block)), strategy.unwrap_or(Strategy::Shallow)));
                continue;
            };
            let name = block.labels.first().map_or_else(|| "".into(), |(name, _)| name.clone());
            context.includes.borrow_mut().push((name.clone(), parent(&target).to_owned()));
            let other = self.config(&target, unit, depth + 1, true);
            let (Some(other), Some(strategy)) = (other, strategy) else {
                included.push((Config::unread(not_followed(block)), strategy.unwrap_or(Strategy::Shallow)));
                continue;
            };
            includes.insert(name, exposed(&other, Some(block.header)));
            included.push((other, strategy));
        }
        names.push(("include", named(includes)));
        context.names.borrow_mut().extend(names.into_iter().map(|(name, value)| (name.into(), value)));

        let mut config = Config::default();
        let inherited = included.iter().filter(|(_, strategy)| *strategy != Strategy::None);
        let mut dependencies: BTreeMap<Arc<str>, Value> =
            inherited.flat_map(|(other, _)| other.dependencies.clone()).collect();
        for block in body.blocks("dependency") {
            let Some((label, _)) = block.labels.first() else { continue };
            let target = block.body.attribute("config_path").map(|path| self.value(&path.value, &scope));
            let outputs = match target.as_ref().and_then(Value::text) {
                _ if above.contains_key(label) => continue,
                Some(target) => self.dependency(&resolve(dir, &target), block),
                None => {
                    Value::unknown(Reason::Derived("which unit it depends on is not known".into()), Some(block.header))
                }
            };
            let value = Value::object([("outputs", outputs)]);
            dependencies.insert(label.clone(), value.clone());
            config.dependencies.insert(label.clone(), value);
        }
        dependencies.extend(above.clone());
        context.names.borrow_mut().insert("dependency".into(), Value::object(dependencies));

        if let Some(source) = body.blocks("terraform").find_map(|block| block.body.attribute("source")) {
            config.source = Some(self.value(&source.value, &scope));
        }
        for block in body.blocks("terraform").flat_map(|block| block.body.blocks("extra_arguments")) {
            let name = block.labels.first().map_or_else(|| "".into(), |(name, _)| name.clone());
            config.extra.push((name, self.extra(block, &scope)));
        }
        let role = body.attribute("iam_role").map(|role| self.value(&role.value, &scope));
        config.role = role.filter(|role| !role.is_null() && role.as_str() != Some(""));
        if let Some(block) = body.blocks("remote_state").next() {
            let lost = || Value::unknown(Reason::File("a part of `remote_state`".into()), Some(block.header));
            let value = |name: &str| block.body.attribute(name).map(|part| self.value(&part.value, &scope));
            config.state = Some((value("backend").unwrap_or_else(lost), value("config").unwrap_or_else(lost)));
        }
        self.generated(body, &scope, &mut config);
        self.may_be_left_out(body, &scope);
        if let Some(inputs) = body.attribute("inputs") {
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
        if let Some(span) = body.unread.first() {
            let why = Reason::File("a part of the configuration could not be read".into());
            let why = Value::unknown(why, Some(*span));
            config =
                merged(config, Config { source: None, state: None, role: None, ..Config::unread(why.clone()) }, false);
            config.source.get_or_insert(why);
        }
        // Only a configuration that is read or included is asked for its locals.
        if depth > 0 {
            for name in instance.module.locals.keys() {
                config.locals.insert(name.clone(), self.demand(instance, Demand::Local(name.clone())));
            }
        }
        for (other, strategy) in included.into_iter().rev() {
            if strategy != Strategy::None {
                let locals = std::mem::take(&mut config.locals);
                config = merged(other, config, strategy == Strategy::Deep);
                config.locals = locals;
            }
        }
        config
    }

    /// The files that the configuration writes into the module.
    fn generated(&self, body: &Body, scope: &Scope<'_>, config: &mut Config) {
        for block in body.blocks("generate") {
            let value = |name: &str| block.body.attribute(name).map(|part| self.value(&part.value, scope));
            if let (Some((name, _)), Some(contents)) = (block.labels.first(), value("contents")) {
                let (path, if_exists, disable) = (value("path"), value("if_exists"), value("disable"));
                config.generated.insert(name.clone(), Generated { contents, path, if_exists, disable });
            }
        }
        let Some(attribute) = body.attribute("generate") else { return };
        let value = self.value(&attribute.value, scope);
        let Some(Map { entries, open: None, .. }) = value.as_map() else {
            let message = "which files are generated here is not known";
            self.tell(Diagnostic::not_evaluated(attribute.value.span, message));
            config.open.get_or_insert_with(|| Value::unknown(Reason::File(message.into()), Some(attribute.value.span)));
            return;
        };
        for (name, entry) in entries {
            let part = |name: &str| entry.value.get(name).cloned();
            let lost = || Value::unknown(Reason::Derived("what is generated is not known".into()), entry.span);
            let contents = part("contents").unwrap_or_else(lost);
            let contents = Value { span: contents.span.or(Some(attribute.value.span)), ..contents };
            let (path, if_exists, disable) = (part("path"), part("if_exists"), part("disable"));
            config.generated.insert(name.clone(), Generated { contents, path, if_exists, disable });
        }
    }

    /// What the block hands to a plan or to an apply.
    fn extra(&self, block: &Block, scope: &Scope<'_>) -> Vec<Extra> {
        let value = |name: &str| block.body.attribute(name).map(|part| self.value(&part.value, scope));
        let commands = value("commands");
        let known = commands.as_ref().and_then(Value::as_seq).filter(|commands| commands.open.is_none());
        let texts: Option<Vec<Arc<str>>> =
            known.map(|commands| commands.items.iter().filter_map(Value::text).collect());
        let applies = match (known, texts) {
            (Some(commands), Some(texts)) if texts.len() == commands.items.len() => {
                texts.iter().any(|command| matches!(&**command, "plan" | "apply"))
            }
            _ => true,
        };
        if !applies {
            return Vec::new();
        }
        // The order in which Terragrunt puts them on the command line.
        let all = [
            value("env_vars").map(Extra::Environment),
            value("arguments").map(Extra::Arguments),
            value("required_var_files").map(|files| Extra::Files(files, false)),
            value("optional_var_files").map(|files| Extra::Files(files, true)),
        ];
        all.into_iter().flatten().collect()
    }

    /// Tells of a unit that may be left out when its stack is applied.
    fn may_be_left_out(&self, body: &Body, scope: &Scope<'_>) {
        let exclude = body.blocks("exclude").next().and_then(|block| Some((block, block.body.attribute("if")?)));
        let (span, condition) = match (exclude, body.attribute("skip")) {
            (Some((block, condition)), _) => {
                let actions = block.body.attribute("actions").map(|actions| self.value(&actions.value, scope));
                let listed = actions.as_ref().and_then(Value::as_seq);
                let applies = |action: &Value| {
                    action
                        .text()
                        .is_none_or(|action| matches!(&*action, "all" | "all_except_output" | "plan" | "apply"))
                };
                if listed.is_some_and(|actions| actions.open.is_none() && !actions.items.iter().any(applies)) {
                    return;
                }
                (block.header, condition)
            }
            (None, Some(skip)) => (skip.name_span, skip),
            (None, None) => return,
        };
        let message = match self.value(&condition.value, scope).as_bool() {
            Some(false) => return,
            Some(true) => "Terragrunt leaves this unit out of its runs; it is evaluated as one that is applied",
            None => "whether Terragrunt leaves this unit out is not known; it is evaluated as one that is applied",
        };
        self.tell(Diagnostic::not_evaluated(span, message));
    }
}

/// What another configuration sees of one that it includes or reads.
pub(super) fn exposed(config: &Config, span: Option<Span>) -> Value {
    let inputs = config.inputs.iter().map(|(name, entry)| (name.clone(), entry.value.clone()));
    let generate = config.generated.iter().map(|(name, file)| {
        let parts = [("path", &file.path), ("if_exists", &file.if_exists), ("disable", &file.disable)];
        let parts = parts.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
        (name.clone(), Value::object(parts.chain([("contents", file.contents.clone())]).collect::<Vec<_>>()))
    });
    let inputs: Vec<_> = inputs.collect();
    let why = |what: &str| Arc::new(Unknown::new(Reason::Unsupported(what.into()), span));
    let object = |entries: Vec<(Arc<str>, Value)>, open: Option<Arc<Unknown>>| {
        let entries = entries.into_iter().map(|(name, value)| (name, Entry { span: value.span, value })).collect();
        Value::new(Kind::Map(Arc::new(Map::new(MapKind::Object, entries, open))))
    };
    let more = match &config.more_inputs {
        Some(Value { kind: Kind::Unknown(why), .. }) => Some(why.clone()),
        _ => None,
    };
    let all: Vec<(Arc<str>, Value)> = vec![
        ("locals".into(), Value::object(config.locals.clone())),
        ("inputs".into(), object(inputs, more)),
        ("dependency".into(), Value::object(config.dependencies.clone())),
        ("generate".into(), Value::object(generate.collect::<Vec<_>>())),
    ];
    object(all, Some(why("this part of another configuration")))
}

/// Why a value that ought to be a whole object is none.
pub(super) fn why(value: &Value) -> Option<Arc<Unknown>> {
    let unknown = match value.kind {
        Kind::Null(_) => return None,
        _ => value.first_unknown(),
    };
    let plain = || Arc::new(Unknown::new(Reason::Derived("it depends on a condition".into()), value.span));
    Some(unknown.cloned().unwrap_or_else(plain))
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

/// Both configurations, where what `above` says counts.
fn merged(mut below: Config, above: Config, deep: bool) -> Config {
    if let Some(Value { kind: Kind::Unknown(why), .. }) = &above.more_inputs {
        below.may_be_replaced(why);
    }
    below.open = above.open.or(below.open);
    below.source = above.source.or(below.source);
    below.state = above.state.or(below.state);
    below.role = above.role.or(below.role);
    below.generated.extend(above.generated);
    below.dependencies.extend(above.dependencies);
    for (name, extra) in above.extra {
        match below.extra.iter_mut().find(|(own, _)| *own == name) {
            Some((_, own)) => *own = extra,
            None => below.extra.push((name, extra)),
        }
    }
    for (name, entry) in above.inputs {
        let merged = match below.inputs.get(&name) {
            Some(own) if deep => Entry { value: deeper(&own.value, &entry.value), span: entry.span },
            _ => entry,
        };
        below.inputs.insert(name, merged);
    }
    below.locals = above.locals;
    below
}

/// Maps entry by entry, lists one after the other.
fn deeper(below: &Value, above: &Value) -> Value {
    let kind = match (&below.kind, &above.kind) {
        (Kind::Map(a), Kind::Map(b)) => {
            let mut entries = a.entries.clone();
            for (name, entry) in &b.entries {
                let value =
                    entries.get(name).map_or_else(|| entry.value.clone(), |own| deeper(&own.value, &entry.value));
                entries.insert(name.clone(), Entry { value, span: entry.span });
            }
            if let Some(why) = &b.open {
                // What is not known may replace what is below it.
                let below = |name: &Arc<str>| a.entries.get(name).is_some() && b.entries.get(name).is_none();
                entries
                    .iter_mut()
                    .filter(|(name, _)| below(name))
                    .for_each(|(_, entry)| entry.value = unknown(why.clone()));
            }
            Kind::Map(Arc::new(Map::new(b.kind, entries, a.open.clone().or_else(|| b.open.clone()))))
        }
        (Kind::Seq(a), Kind::Seq(b)) => {
            let items = a.items.iter().chain(&b.items).cloned().collect();
            Kind::Seq(Arc::new(Seq::new(b.kind, items, a.open.clone().or_else(|| b.open.clone()))))
        }
        (Kind::Unknown(why), Kind::Map(_) | Kind::Seq(_)) => return unknown(why.clone()),
        _ => return above.clone(),
    };
    Value { kind, ..above.clone() }
}
