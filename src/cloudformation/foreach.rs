//! `Fn::ForEach` of `AWS::LanguageExtensions`: loops over resources, conditions, outputs and properties, unrolled.

use super::document::{Node, NodeKind};
use super::instance::{Instance, World};
use super::intrinsics::Evaluator;
use crate::diagnostic::Diagnostic;
use crate::value::{Kind, Reason, Unknown, Value};
use std::cell::Cell;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

/// The transform that brings `Fn::ForEach`, `Fn::Length`, `Fn::ToJsonString` and default values of `Fn::FindInMap`.
pub(super) const EXTENSIONS: &str = "AWS::LanguageExtensions";

/// What becomes of them without it.
pub(super) fn without(what: &str) -> String {
    format!("without `Transform: {EXTENSIONS}` CloudFormation refuses `{what}`")
}

/// Whether the template asks for the language extensions and has a loop.
pub(super) fn asked(root: &Node) -> bool {
    fn loops(node: &Node) -> bool {
        node.entries()
            .iter()
            .any(|(key, value)| key.text().is_some_and(|key| key.starts_with("Fn::ForEach")) || loops(value))
            || node.items().iter().any(loops)
    }
    transforms(root).contains(&EXTENSIONS) && loops(root)
}

/// The names under `Transform`.
pub(super) fn transforms(root: &Node) -> Vec<&str> {
    let Some(transform) = root.get("Transform") else { return Vec::new() };
    std::iter::once(transform)
        .chain(transform.items())
        .filter_map(|node| node.text().or_else(|| node.get("Name").and_then(Node::text)))
        .collect()
}

/// The instance with its loops unrolled. Loops over a collection that is not known stay as one entry that stands for any
/// number.
pub(super) fn unroll(world: &World<'_>, instance: Rc<Instance>) -> Option<Rc<Instance>> {
    let mut done: Vec<(&'static str, Vec<(Node, Node)>, Vec<Many>)> = Vec::new();
    {
        let unroller = Unroller { evaluator: Evaluator::new(world, &instance), made: Cell::new(0) };
        for section in ["Conditions", "Resources", "Outputs"] {
            let Some(entries) = instance.root.get(section).map(Node::entries) else { continue };
            let mut many = Vec::new();
            let entries = unroller.entries(entries, &[], Some(&mut many));
            done.push((section, entries, many));
        }
        if unroller.full() {
            let message = format!("the template's loops make more than {} values", world.settings.limits.loop_values);
            world.tell(Diagnostic::bad_input(instance.root.span, message));
            return None;
        }
    }
    let mut instance = Rc::try_unwrap(instance).ok()?;
    for (section, entries, many) in done {
        instance.set_section(section, &entries);
        for Many { name, variable, value } in many {
            instance.set_many(section, &name, &value);
            instance.loops.insert(variable, value);
        }
    }
    // What was worked out for the loops' collections was so without the unrolled entries.
    instance.memo = Default::default();
    Some(Rc::new(instance))
}

/// An entry that stands for any number, and the loop's variable.
struct Many {
    name: Arc<str>,
    variable: Arc<str>,
    value: Value,
}

/// Loop variables and what they stand for.
type Bindings = [(Arc<str>, Arc<str>)];

struct Unroller<'a> {
    evaluator: Evaluator<'a>,
    made: Cell<usize>,
}

impl Unroller<'_> {
    fn full(&self) -> bool {
        self.made.get() > self.evaluator.world.settings.limits.loop_values
    }

    fn entries(
        &self,
        entries: &[(Node, Node)],
        bound: &Bindings,
        mut many: Option<&mut Vec<Many>>,
    ) -> Vec<(Node, Node)> {
        let mut out: Vec<(Node, Node)> = Vec::new();
        let mut names: HashSet<Arc<str>> = HashSet::new();
        for (key, value) in entries {
            if self.full() {
                break;
            }
            let name = key.text().unwrap_or_default();
            if !name.starts_with("Fn::ForEach") {
                let key = self.node(key, bound);
                names.extend(key.text().map(Arc::from));
                out.push((key, self.node(value, bound)));
                continue;
            }
            let [variable, collection, body] = value.items() else {
                self.evaluator.invalid(key.span, "`Fn::ForEach` takes an identifier, a collection and a body");
                continue;
            };
            let variable: Arc<str> = variable.text().unwrap_or_default().into();
            match self.collection(collection, bound) {
                Ok(items) => {
                    for item in items {
                        if self.full() {
                            break;
                        }
                        let mut bound = bound.to_vec();
                        bound.push((variable.clone(), item));
                        let made = self.entries(body.entries(), &bound, many.as_deref_mut());
                        for (key, value) in made {
                            let name = key.text().unwrap_or_default();
                            if !names.insert(name.into()) {
                                self.evaluator.invalid(key.span, &format!("the loop makes `{name}` twice"));
                            } else {
                                out.push((key, value));
                            }
                        }
                    }
                }
                Err(why) => match many.as_deref_mut() {
                    Some(many) => {
                        for (key, value) in self.entries(body.entries(), bound, Some(&mut *many)) {
                            let name: Arc<str> = key.text().unwrap_or_default().into();
                            many.push(Many { name, variable: variable.clone(), value: why.clone() });
                            out.push((key, value));
                        }
                    }
                    // Within a resource: the properties that the loop makes are not known.
                    None => out.push((key.clone(), value.clone())),
                },
            }
        }
        out
    }

    /// The collection's elements; the unknown where they are not known.
    fn collection(&self, node: &Node, bound: &Bindings) -> Result<Vec<Arc<str>>, Value> {
        let value = self.evaluator.value(&self.node(node, bound));
        let mut items = Vec::new();
        let all: &[Value] = match &value.kind {
            Kind::Seq(seq) if seq.open.is_none() => &seq.items,
            Kind::String(_) => std::slice::from_ref(&value),
            _ => &[],
        };
        for item in all {
            match (&item.kind, item.text()) {
                // A reference to a list parameter within the list brings all its elements.
                (Kind::Seq(inner), _) => items.extend(inner.items.iter().filter_map(Value::text)),
                (_, Some(text)) => items.push(text),
                _ => return Err(self.unknown(item, node)),
            }
        }
        if items.is_empty() && !matches!(value.kind, Kind::Seq(_)) {
            return Err(self.unknown(&value, node));
        }
        Ok(items)
    }

    fn unknown(&self, value: &Value, node: &Node) -> Value {
        let mut unknown = match value.first_unknown() {
            Some(unknown) => (**unknown).clone(),
            None => Unknown::new(Reason::Derived("the loop's collection is not known".into()), Some(node.span)),
        };
        unknown.symbol = None;
        Value::new(Kind::Unknown(Arc::new(unknown))).at(node.span)
    }

    /// The node with loop variables replaced, and its own loops unrolled.
    fn node(&self, node: &Node, bound: &Bindings) -> Node {
        self.made.set(self.made.get() + 1);
        if self.full() {
            return node.clone();
        }
        let kind = match &node.kind {
            NodeKind::Scalar { text, plain } => match replaced(text, bound) {
                Some(text) => NodeKind::Scalar { text: text.into(), plain: false },
                None => NodeKind::Scalar { text: text.clone(), plain: *plain },
            },
            kind @ (NodeKind::Twice | NodeKind::Value(_)) => kind.clone(),
            NodeKind::Seq(items) => NodeKind::Seq(items.iter().map(|item| self.node(item, bound)).collect()),
            NodeKind::Map(entries) => {
                if let Some(("Ref", argument)) = node.call()
                    && let Some(name) = argument.text()
                    && let Some((_, value)) = bound.iter().rev().find(|(variable, _)| **variable == *name)
                {
                    return Node::scalar(value.clone(), node.span);
                }
                NodeKind::Map(self.entries(entries, bound, None).into())
            }
        };
        Node { kind, span: node.span }
    }
}

/// The text with `${Variable}` and `&{Variable}` replaced; the second form keeps letters and digits only.
fn replaced(text: &str, bound: &Bindings) -> Option<String> {
    if bound.is_empty() || !(text.contains("${") || text.contains("&{")) {
        return None;
    }
    let mut out = text.to_owned();
    for (variable, value) in bound.iter().rev() {
        out = out.replace(&format!("${{{variable}}}"), value);
        let plain: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
        out = out.replace(&format!("&{{{variable}}}"), &plain);
    }
    Some(out)
}
