//! Values of input variables: defaults, files, the command line, a module call's arguments.

use super::terragrunt::Handed;
use super::{Demand, Evaluator, Instance, Scope};
use crate::resource::REST;
use crate::source::{Span, join};
use crate::terraform::ast::{Attribute, Expr};
use crate::terraform::ops::{convert, derived};
use crate::terraform::syntax::{self, Defaults, type_constraint};
use crate::value::{Branch, Entry, Kind, Map, Reason, Seq, Type, Unknown, Value};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// What the root module's variables are set to; later sources have replaced earlier ones.
#[derive(Default)]
pub(super) struct Inputs {
    values: BTreeMap<String, Input>,
    /// A file that could not be read, wholly or in part: it may give a value to any variable.
    lost: Option<String>,
}

enum Input {
    Expr(Expr),
    /// The text of an environment variable or flag, read as an expression only where the variable's type is not a string.
    Text(String),
}

/// The value, with `default` in the place of the alternatives that are null.
fn without_nulls(value: &Value, default: &Value) -> Value {
    match &value.kind {
        Kind::Cond(branches) => {
            let one = |branch: &Branch| Branch { value: without_nulls(&branch.value, default), ..branch.clone() };
            Value { kind: Kind::Cond(branches.iter().map(one).collect()), ..value.clone() }
        }
        Kind::Null(_) => default.clone(),
        _ => value.clone(),
    }
}

impl Evaluator<'_> {
    pub(super) fn variable(&self, instance: &Rc<Instance>, name: &Arc<str>) -> Value {
        let Some(variable) = instance.module.variables.get(name) else {
            return Value::unknown(self.undeclared(instance, &format!("variable `{name}`")), None);
        };
        let (ty, defaults) = match variable.ty.as_ref().map(type_constraint) {
            Some(Ok(found)) => found,
            Some(Err(diagnostic)) => {
                self.tell(diagnostic);
                (Type::Dynamic, Defaults::default())
            }
            None => (Type::Dynamic, Defaults::default()),
        };
        let given = match &instance.parent {
            Some((caller, block, repetition)) => match block.body.attribute(name) {
                Some(attribute) => {
                    let mut scope = Scope::new(caller);
                    scope.repetition = repetition.clone();
                    Some(self.value(&attribute.value, &scope))
                }
                // Of a component of a Terraform Stack.
                None if matches!(&*block.kind, "component" | "stack") && block.body.attribute("inputs").is_some() => {
                    let mut scope = Scope::new(caller);
                    scope.repetition = repetition.clone();
                    let inputs = block.body.attribute("inputs").map(|inputs| self.value(&inputs.value, &scope));
                    inputs.and_then(|inputs| match &inputs.kind {
                        Kind::Map(map) => map
                            .entries
                            .get(name)
                            .map(|entry| entry.value.clone())
                            .or_else(|| map.open.is_some().then(|| derived(&[&inputs], Type::Dynamic))),
                        _ => Some(derived(&[&inputs], Type::Dynamic)),
                    })
                }
                None => block.body.unread.first().map(|span| {
                    let text = format!("`{name}` may be given in a part of the call that could not be read");
                    Value::unknown(Reason::File(text.into()), Some(*span))
                }),
            },
            None => self.root_input(instance, name, variable.ty.as_ref().map(|_| &ty)),
        };
        let nullable = variable
            .nullable
            .as_ref()
            .is_none_or(|expr| self.value(expr, &Scope::new(instance)).as_bool() != Some(false));
        let default = || variable.default.as_ref().map(|expr| self.value(expr, &Scope::new(instance)));
        // Terragrunt hands over no input that is null.
        let handed = instance.parent.is_none() && self.root_dir.borrow().is_some() && !self.is_given(name);
        let value = match given {
            Some(value) if nullable && !handed => Some(value),
            Some(value) if !value.is_null() => Some(match default() {
                Some(default) => without_nulls(&value, &default),
                None => value,
            }),
            _ => default(),
        };
        let Some(value) = value else {
            let mut unknown =
                Unknown::new(Reason::InputWithoutValue(format!("var.{name}").into()), Some(variable.header));
            unknown.symbol = Some(format!("{}var.{name} in {}", instance.prefix, self.unit.name).into());
            unknown.ty = ty;
            return Value {
                kind: Kind::Unknown(Arc::new(unknown)),
                span: Some(variable.header),
                sensitive: variable.sensitive,
            };
        };
        let filled = self.fill(&value, &ty, &defaults, instance);
        let mut value = convert(&filled, &ty).unwrap_or_else(|error| {
            self.invalid(variable.header, &format!("the value of `var.{name}` does not fit its type: {}", error.0))
        });
        value.sensitive |= variable.sensitive;
        if variable.sensitive {
            crate::value::note(&value, self.sources);
        }
        value
    }

    /// Puts the defaults of `optional(T, default)` where attributes are missing or null.
    fn fill(&self, value: &Value, ty: &Type, defaults: &Defaults, instance: &Rc<Instance>) -> Value {
        if defaults.is_empty() {
            return value.clone();
        }
        let below = |key: &str| defaults.children.get(key);
        let kind = match (&value.kind, ty) {
            (Kind::Map(map), Type::Object(attributes)) => {
                let mut entries = map.entries.clone();
                for (name, expr) in &defaults.attributes {
                    let missing = entries.get(name).is_none_or(|entry| entry.value.is_null());
                    if missing && map.open.is_none() {
                        entries
                            .insert(name.clone(), Entry { value: self.value(expr, &Scope::new(instance)), span: None });
                    }
                }
                for (name, (ty, _)) in attributes {
                    if let (Some(entry), Some(inner)) = (entries.get_mut(name), below(name)) {
                        entry.value = self.fill(&entry.value, ty, inner, instance);
                    }
                }
                Kind::Map(Arc::new(Map { entries, ..(**map).clone() }))
            }
            (Kind::Map(map), Type::Map(element)) => {
                let Some(inner) = below("") else { return value.clone() };
                let entries = map
                    .entries
                    .iter()
                    .map(|(key, entry)| {
                        (
                            key.clone(),
                            Entry { value: self.fill(&entry.value, element, inner, instance), span: entry.span },
                        )
                    })
                    .collect();
                Kind::Map(Arc::new(Map { entries, ..(**map).clone() }))
            }
            (Kind::Seq(seq), Type::List(element) | Type::Set(element)) => {
                let Some(inner) = below("") else { return value.clone() };
                let items = seq.items.iter().map(|item| self.fill(item, element, inner, instance)).collect();
                Kind::Seq(Arc::new(Seq { element: seq.element.clone(), ..Seq::new(seq.kind, items, seq.open.clone()) }))
            }
            (Kind::Seq(seq), Type::Tuple(types)) => {
                let items =
                    seq.items.iter().zip(types).enumerate().map(|(at, (item, ty))| match below(&at.to_string()) {
                        Some(inner) => self.fill(item, ty, inner, instance),
                        None => item.clone(),
                    });
                Kind::Seq(Arc::new(Seq {
                    element: seq.element.clone(),
                    ..Seq::new(seq.kind, items.collect(), seq.open.clone())
                }))
            }
            _ => return value.clone(),
        };
        Value { kind, span: value.span, sensitive: value.sensitive }
    }

    /// Whether the root module's variable is given a value.
    pub(super) fn is_given(&self, name: &str) -> bool {
        self.inputs().values.contains_key(name)
    }

    /// What the root module's variable, of the type that is declared, is given.
    fn root_input(&self, instance: &Rc<Instance>, name: &str, ty: Option<&Type>) -> Option<Value> {
        let inputs = self.inputs();
        // Terragrunt hands its inputs over as environment variables: every file is stronger.
        let Some(input) = inputs.values.get(name) else {
            if let Some(path) = &inputs.lost {
                let text = format!("{path}, and may give `var.{name}` a value");
                return Some(Value::unknown(Reason::File(text.into()), None));
            }
            let given = self.given.borrow();
            let value = given.get(name).or_else(|| given.get(REST)).map(|entry| entry.value.clone());
            let as_text = ty.is_none() && self.unit.deployment.stack.is_none();
            return value.map(|value| match value.kind {
                // An environment variable is text where no type is declared.
                Kind::Bool(_) | Kind::Number(_) if as_text => convert(&value, &Type::String).unwrap_or(value),
                _ => value,
            });
        };
        match input {
            Input::Expr(expr) => Some(self.value(expr, &Scope::new(instance))),
            Input::Text(text) if matches!(ty, None | Some(Type::String)) => Some(Value::string(text.as_str())),
            Input::Text(text) => {
                let file = self.sources.add(&format!("<value `{text}` of var.{name}>"), text);
                Some(match syntax::parse_expression(self.sources, file) {
                    Ok(expr) => self.value(&expr, &Scope::new(instance)),
                    Err(diagnostic) => {
                        self.tell(diagnostic);
                        Value::unknown(
                            Reason::Invalid(format!("the value given for `var.{name}` could not be read").into()),
                            None,
                        )
                    }
                })
            }
        }
    }

    /// Reads all sources of values once, in Terraform's order.
    fn inputs(&self) -> Rc<Inputs> {
        if let Some(inputs) = &*self.inputs.borrow() {
            return inputs.clone();
        }
        let mut inputs = Inputs::default();
        for (name, text) in &self.settings.env_vars {
            inputs.values.insert(name.clone(), Input::Text(text.clone()));
        }
        // Terragrunt puts the unit's own files over those of the module.
        let mut paths: BTreeMap<String, String> = BTreeMap::new();
        for dir in [self.root_path(), self.unit.path.clone()] {
            let files = self.sources.list(&dir).unwrap_or_default().into_iter().filter(|entry| !entry.is_dir);
            paths.extend(files.map(|entry| (join(&dir, &entry.name), entry.name)).map(|(path, name)| (name, path)));
        }
        let fixed = ["terraform.tfvars", "terraform.tfvars.json"].into_iter().filter_map(|name| paths.get(name));
        let is_auto = |name: &str| name.ends_with(".auto.tfvars") || name.ends_with(".auto.tfvars.json");
        for path in fixed.chain(paths.iter().filter(|(name, _)| is_auto(name)).map(|(_, path)| path)) {
            self.read_inputs(path, &mut inputs);
        }
        for handed in &*self.handed.borrow() {
            match handed {
                Handed::File(path) => self.read_inputs(path, &mut inputs),
                Handed::Text(name, text) => {
                    inputs.values.insert(name.clone(), Input::Text(text.clone()));
                }
                Handed::Lost(why) => {
                    inputs.values.clear();
                    inputs.lost = Some(why.clone());
                }
            }
        }
        for file in &self.unit.deployment.var_files {
            self.read_inputs(file, &mut inputs);
        }
        for (name, text) in &self.unit.deployment.vars {
            inputs.values.insert(name.clone(), Input::Text(text.clone()));
        }
        let inputs = Rc::new(inputs);
        *self.inputs.borrow_mut() = Some(inputs.clone());
        inputs
    }

    fn read_inputs(&self, path: &str, inputs: &mut Inputs) {
        let Some(file) = self.loaded(path) else {
            inputs.values.clear();
            inputs.lost = Some(format!("`{path}` could not be read"));
            return;
        };
        let (body, diagnostics) = if path.ends_with(".json") {
            syntax::parse_json_file(self.sources, file)
        } else {
            syntax::parse_file(self.sources, file)
        };
        for diagnostic in diagnostics {
            self.tell(diagnostic);
        }
        if !body.unread.is_empty() {
            // It is stronger than what was read before it.
            inputs.values.clear();
            inputs.lost = Some(format!("`{path}` could not be read"));
        }
        for Attribute { name, value, .. } in body.attributes {
            inputs.values.insert(name.to_string(), Input::Expr(value));
        }
    }

    /// A `var.` reference.
    pub(super) fn variable_reference(&self, instance: &Rc<Instance>, name: &Arc<str>, _span: Span) -> Value {
        self.demand(instance, Demand::Variable(name.clone()))
    }
}
