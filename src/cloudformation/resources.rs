//! From deployed templates to resources.

use super::document::Node;
use super::foreach::{EXTENSIONS, transforms, without};
use super::instance::{Instance, Section, StackOutput, Stored};
use super::intrinsics::{Evaluator, unknown_from};
use super::{include, sam};
use crate::aws::Place;
use crate::diagnostic::Diagnostic;
use crate::resource::{REST, Resource};
use crate::source::Span;
use crate::value::{Entry, Existence, Kind, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What the stack and the stacks below it declare. Their exports and outputs are kept for the others.
pub(super) fn resources(evaluator: &Evaluator<'_>, out: &mut Vec<Resource>) {
    let (world, instance) = (evaluator.world, evaluator.at);
    told_transforms(evaluator);
    include::told(world, &instance.path, &instance.root);
    evaluator.told_refusal();
    let mut opaque: BTreeSet<Arc<str>> = BTreeSet::new();
    for (name, key, body) in entries(instance.section("Resources")) {
        if name.starts_with("Fn::") {
            let why = match transforms(&instance.root).contains(&EXTENSIONS) {
                true => format!("`{name}` over resources is not expanded"),
                false => without(name),
            };
            world.tell(Diagnostic::not_evaluated(key.span, why));
            continue;
        }
        let Some(shared_kind) = body.get("Type").and_then(Node::shared_text) else {
            let made = body.get("Type").is_some() || body.call().is_some() || body.get("Fn::Transform").is_some();
            if made {
                let message = format!("what `{name}` is made into by another tool or a macro is not seen");
                world.tell(Diagnostic::not_evaluated(key.span, message));
                continue;
            }
            world.tell(Diagnostic::bad_input(key.span, format!("the resource `{name}` has no `Type`")));
            continue;
        };
        let kind = &*shared_kind;
        let Some(exists) = evaluator.exists(name, body) else { continue };
        let own = body.get("Condition").and_then(Node::text).filter(|_| matches!(exists, Existence::When(_)));
        let within = |evaluate: &mut dyn FnMut()| match own {
            Some(condition) => evaluator.assuming(condition, true, evaluate),
            None => evaluate(),
        };
        let mut below = Vec::new();
        match kind {
            "AWS::CloudFormation::Stack" | "AWS::Serverless::Application" => {
                within(&mut || below.extend(evaluator.nested(name, body)));
            }
            "AWS::CloudFormation::StackSet" => within(&mut || below.extend(evaluator.stack_set(name, body))),
            "AWS::CloudFormation::CustomResource" | "AWS::CloudFormation::Macro" => {
                told_opaque(evaluator, key.span, name, kind);
            }
            _ if kind.starts_with("Custom::") => told_opaque(evaluator, key.span, name, kind),
            _ if kind.ends_with("::MODULE") => told_opaque(evaluator, key.span, name, kind),
            _ if kind.starts_with("AWS::Serverless::") && kind != "AWS::Serverless::SimpleTable" => {
                opaque.insert(kind.into());
            }
            _ => {}
        }
        let mut attributes = Value::null();
        within(&mut || attributes = self::attributes(evaluator, kind, body));
        if kind == "AWS::SSM::Parameter"
            && exists == Existence::Certain
            && let (Some(name), Some(value)) = (attributes.get("Name").and_then(Value::text), attributes.get("Value"))
        {
            let (stack, place) = (instance.stack, Place::clone(&instance.place));
            world.stored.borrow_mut().push(Stored { stack, place, name, value: value.clone() });
        }
        attributes = crate::value::hide(kind, attributes, world.sources);
        let (mut span, mut header) = (key.span.to(body.span), key.span);
        if let Some(source) = construct(instance, name, body) {
            (span, header) = (source, source);
            attributes = moved(attributes, key.span, source);
        }
        out.push(Resource {
            stack: instance.stack,
            address: instance.address(name),
            kind: shared_kind.clone(),
            data: false,
            place: instance.place.clone(),
            attributes,
            span,
            header,
            chain: instance.chain.clone(),
            exists,
            imported_id: None,
        });
        for below in below {
            resources(&Evaluator::new(world, &below), out);
        }
    }
    if !opaque.is_empty() {
        let kinds: Vec<String> = opaque.iter().map(|kind| format!("`{kind}`")).collect();
        let at = instance.root.get("Transform").map_or(instance.root.span, |node| node.span);
        world.tell(Diagnostic::not_evaluated(at, format!("what SAM makes of {} is not seen", kinds.join(", "))));
    }
    let exports = evaluator.exports();
    world.exports.borrow_mut().extend(exports);
    if let Some(stack) = &instance.name {
        let outputs = entries(instance.section("Outputs")).iter().filter(|(_, _, body)| evaluator.output_exists(body));
        let outputs = outputs.filter_map(|(output, _, body)| {
            let value = evaluator.value(body.get("Value")?);
            let place = Place::clone(&instance.place);
            Some(StackOutput { stack: instance.stack, place, name: stack.clone(), output: output.clone(), value })
        });
        let outputs: Vec<StackOutput> = outputs.collect();
        world.outputs.borrow_mut().extend(outputs);
    }
}

fn entries(section: Option<&Section>) -> &[(Arc<str>, Node, Node)] {
    section.map(|section| section.entries.as_slice()).unwrap_or_default()
}

fn attributes(evaluator: &Evaluator<'_>, kind: &str, body: &Node) -> Value {
    let properties = body.get("Properties").map(|node| sam::with_globals(&evaluator.at.root, kind, node));
    let value = match properties.map(|node| evaluator.value(&node)) {
        Some(value) if matches!(value.kind, Kind::Map(_)) => value,
        // Properties that a macro or a condition makes as a whole.
        Some(value) if value.first_unknown().is_some() => unknown_rest(Value::object::<Arc<str>>([]), value),
        _ => match sam::globals(&evaluator.at.root, kind) {
            Some(node) => evaluator.value(node),
            None => Value::object::<Arc<str>>([]),
        },
    };
    if let Some(open) = value.as_map().and_then(|map| map.open.clone()) {
        return unknown_rest(value, Value::new(Kind::Unknown(open)));
    }
    match body.entries().iter().find(|(key, _)| key.text() == Some("Fn::Transform")) {
        Some((key, macro_)) => {
            let made = evaluator.transform(macro_, key.span).unwrap_or_else(Value::null);
            unknown_rest(value, unknown_from(&made, key.span))
        }
        None => value,
    }
}

/// The attributes where each that is not among them is unknown for that reason.
fn unknown_rest(mut attributes: Value, why: Value) -> Value {
    if let Kind::Map(map) = &mut attributes.kind {
        let span = why.span;
        Arc::make_mut(map).entries.insert(REST.into(), Entry { value: why, span });
    }
    attributes
}

fn told_opaque(evaluator: &Evaluator<'_>, span: Span, name: &str, kind: &str) {
    evaluator.world.tell(Diagnostic::not_evaluated(span, format!("what `{name}` ({kind}) makes is not seen")));
}

/// Macros that are not run.
fn told_transforms(evaluator: &Evaluator<'_>) {
    let root = &evaluator.at.root;
    for name in transforms(root) {
        if !matches!(name, EXTENSIONS | "AWS::Include") && !name.starts_with("AWS::Serverless") {
            let at = root.get("Transform").map_or(root.span, |node| node.span);
            evaluator.world.tell(Diagnostic::not_evaluated(
                at,
                format!("the transform `{name}` is not applied: what it makes is not seen"),
            ));
        }
    }
}

/// Where the program that made the template declares the resource.
pub(super) fn construct(instance: &Instance, name: &str, body: &Node) -> Option<Span> {
    let constructs = instance.constructs.as_ref()?;
    let path = body.get("Metadata").and_then(|metadata| metadata.get("aws:cdk:path")).and_then(Node::text);
    constructs.span(path, name)
}

/// The value with every place in the template's file replaced by `to`.
fn moved(value: Value, from: Span, to: Span) -> Value {
    let place = |span: Option<Span>| span.map(|span| if span.file == from.file { to } else { span });
    let kind = match value.kind {
        Kind::Seq(seq) => {
            let mut seq = Arc::unwrap_or_clone(seq);
            seq.items = seq.items.into_iter().map(|item| moved(item, from, to)).collect();
            Kind::Seq(Arc::new(seq))
        }
        Kind::Map(map) => {
            let mut map = Arc::unwrap_or_clone(map);
            for (_, entry) in map.entries.iter_mut() {
                entry.span = place(entry.span);
                let inner = std::mem::replace(&mut entry.value, Value::null());
                entry.value = moved(inner, from, to);
            }
            Kind::Map(Arc::new(map))
        }
        Kind::Document(inner) => Kind::Document(Arc::new(moved(Arc::unwrap_or_clone(inner), from, to))),
        Kind::Template(parts) => Kind::Template(parts.iter().map(|part| moved(part.clone(), from, to)).collect()),
        Kind::Cond(branches) => Kind::Cond(
            branches
                .iter()
                .map(|branch| crate::value::Branch {
                    guard: crate::value::Guard { span: place(branch.guard.span), ..branch.guard.clone() },
                    value: moved(branch.value.clone(), from, to),
                })
                .collect(),
        ),
        other => other,
    };
    Value { kind, span: place(value.span), ..value }
}
