//! Templates that code of another language deploys: with values in them that only that language knows.

use super::document::{self, Node, NodeKind};
use super::estate::Shared;
use super::instance::{Inputs, Instance, World};
use super::intrinsics::{Evaluator, concat};
use super::resources;
use crate::diagnostic::Diagnostic;
use crate::resource::{Deployed, LoadSettings, Resource, Template};
use crate::source::{FileId, Sources, Span, join};
use crate::value::{Kind, Value};
use std::sync::Arc;

/// What a template within other code declares and gives out.
#[derive(Debug, Default)]
pub(crate) struct Within {
    pub(crate) resources: Vec<Resource>,
    pub(crate) outputs: Vec<(Arc<str>, Value)>,
    pub(crate) told: Vec<Diagnostic>,
    /// The file that the template stands in, where it has one of its own.
    pub(crate) file: Option<Arc<str>>,
}

// A value stands as marks of a private use area while the text is parsed.
const OPEN: char = '\u{f0000}';
const CLOSE: char = '\u{f0001}';

/// Evaluates the stack.
pub(crate) fn deploy(sources: &Sources, settings: &LoadSettings, deployed: &Deployed) -> Within {
    let shared = Shared { several: true, ..Shared::default() };
    let world = World::new(sources, settings, &shared);
    let mut out = Within::default();
    match template(&world, deployed) {
        Ok((file, root)) => {
            let path = file.clone().unwrap_or_else(|| join(&deployed.base, "template").into());
            let inputs = Inputs {
                stack: deployed.stack,
                unit: deployed.unit.clone(),
                prefix: deployed.prefix.clone(),
                place: deployed.place.clone().into(),
                path,
                name: deployed.name.clone(),
                given: deployed.parameters.clone(),
                exports: Default::default(),
                chain: deployed.chain.clone(),
                exists: deployed.exists.clone(),
                depth: 1,
                constructs: None,
            };
            out.file = file;
            if let Some(instance) = Instance::new(&world, root, inputs) {
                let evaluator = Evaluator::new(&world, &instance);
                resources::resources(&evaluator, &mut out.resources);
                let outputs = instance.section("Outputs").map(|section| section.entries.as_slice()).unwrap_or_default();
                let given = outputs.iter().filter(|(_, _, output)| evaluator.output_exists(output));
                let given =
                    given.filter_map(|(name, _, output)| Some((name.clone(), evaluator.value(output.get("Value")?))));
                out.outputs = given.collect();
            }
        }
        Err(why) => {
            let message = format!("what `{}` deploys is not seen: {why}", deployed.address);
            world.tell(Diagnostic::not_evaluated(deployed.header, message));
        }
    }
    out.told = world.into_evaluated(None).told;
    out
}

/// The template's tree, and its file where it has one of its own; in words why it is not at hand.
fn template(world: &World<'_>, deployed: &Deployed) -> Result<(Option<Arc<str>>, Node), String> {
    let unreadable = || "it cannot be read".to_owned();
    let body = match &deployed.template {
        Template::Missing(why) => return Err(why.to_string()),
        Template::File(path) => {
            let read = world.template(path).map_err(|error| format!("`{path}`: {error}"))?;
            return read.map(|(_, root)| (Some(path.as_str().into()), root)).ok_or_else(unreadable);
        }
        Template::Body(body) => body,
    };
    let span = body.span.unwrap_or(deployed.header);
    match &body.kind {
        Kind::Document(inner) => return Ok((None, node(inner, span))),
        Kind::Map(_) => return Ok((None, node(body, span))),
        _ => {}
    }
    let mut holes = Vec::new();
    let mut text = String::new();
    mark(body, &mut text, &mut holes);
    if matches!(&body.kind, Kind::Unknown(_) | Kind::Cond(_)) {
        return Err(body.first_unknown().map_or_else(
            || "which template it is depends on a condition".to_owned(),
            |unknown| unknown.reason.to_string(),
        ));
    }
    if holes.is_empty()
        && let Some(file) = file_of(world.sources, &text)
    {
        let path = world.sources.path(file);
        let read = world.template(&path).map_err(|error| error.to_string())?;
        return read.map(|(_, root)| (Some(path), root)).ok_or_else(unreadable);
    }
    let places = document::Places::of(world.sources, &text, span);
    let (root, found) = document::parse_within(&text, &places);
    found.into_iter().for_each(|diagnostic| world.tell(diagnostic));
    root.map(|root| (None, filled(&root, &holes))).ok_or_else(unreadable)
}

/// The file that was read and holds this very text.
fn file_of(sources: &Sources, text: &str) -> Option<FileId> {
    let all = sources.files();
    all.into_iter().find(|file| {
        let other = sources.text(*file);
        other.len() == text.len() && *other == *text
    })
}

/// The value's text, with marks for what is not known of it.
fn mark(value: &Value, text: &mut String, holes: &mut Vec<Value>) {
    match (&value.kind, value.text()) {
        (Kind::Ref(_), _) | (_, None) if !matches!(value.kind, Kind::Template(_)) => {
            text.push_str(&format!("{OPEN}{}{CLOSE}", holes.len()));
            holes.push(value.clone());
        }
        (Kind::Template(parts), _) => parts.iter().for_each(|part| mark(part, text, holes)),
        (_, known) => text.push_str(&known.unwrap_or_else(|| "".into())),
    }
}

/// The tree with the values in the places of their marks.
fn filled(root: &Node, holes: &[Value]) -> Node {
    if holes.is_empty() {
        return root.clone();
    }
    let kind = match &root.kind {
        NodeKind::Scalar { text, .. } if text.contains(OPEN) => {
            let mut parts = Vec::new();
            let mut rest: &str = text;
            while let Some((before, after)) = rest.split_once(OPEN) {
                parts.push(Value::string(before));
                let Some((number, tail)) = after.split_once(CLOSE) else { break };
                parts.extend(number.parse::<usize>().ok().and_then(|at| holes.get(at)).cloned());
                rest = tail;
            }
            parts.push(Value::string(rest));
            parts.retain(|part| !matches!(&part.kind, Kind::String(text) if text.is_empty()));
            let value = match parts.as_slice() {
                [one] => one.clone(),
                parts => concat(parts, root.span),
            };
            NodeKind::Value(Arc::new(Value { span: Some(root.span), ..value }))
        }
        NodeKind::Seq(items) => NodeKind::Seq(items.iter().map(|item| filled(item, holes)).collect()),
        NodeKind::Map(entries) => {
            NodeKind::Map(entries.iter().map(|(key, value)| (key.clone(), filled(value, holes))).collect())
        }
        kind => kind.clone(),
    };
    Node { kind, span: root.span }
}

/// A structure as a tree.
fn node(value: &Value, span: Span) -> Node {
    let span = value.span.unwrap_or(span);
    let kind = match &value.kind {
        Kind::Null(_) => NodeKind::Scalar { text: "null".into(), plain: true },
        Kind::Bool(value) => NodeKind::Scalar { text: value.to_string().into(), plain: true },
        Kind::Number(number) => NodeKind::Scalar { text: number.to_string().into(), plain: true },
        Kind::String(text) => NodeKind::Scalar { text: text.clone(), plain: false },
        Kind::Seq(seq) if seq.open.is_none() => NodeKind::Seq(seq.items.iter().map(|item| node(item, span)).collect()),
        Kind::Map(map) if map.open.is_none() => NodeKind::Map(
            map.entries
                .iter()
                .map(|(name, entry)| {
                    let at = entry.span.or(entry.value.span).unwrap_or(span);
                    (Node::scalar(name.clone(), at), node(&entry.value, at))
                })
                .collect(),
        ),
        _ => NodeKind::Value(Arc::new(value.clone())),
    };
    Node { kind, span }
}
