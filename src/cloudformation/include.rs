//! `AWS::Include`: snippets that stand in files at hand, put in their places before anything is evaluated.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-include.html>, read 2026-11: a
//! snippet holds key and value pairs, and may not include another one.

use super::document::{self, Node, NodeKind};
use super::instance::World;
use crate::diagnostic::Diagnostic;
use crate::source::{join, parent};

/// The name of the transform.
pub(super) const NAME: &str = "AWS::Include";

/// The template of the file `path` with its snippets. What is not at hand, or whose place is not plain text, stays.
pub(super) fn spliced(world: &World<'_>, path: &str, root: Node) -> Node {
    let mut entries = within(world, path, &root).entries().to_vec();
    let asked: Vec<Node> = root.get("Transform").map(asked).unwrap_or_default();
    for snippet in asked.iter().filter_map(|transform| snippet(world, path, transform)) {
        for (key, value) in snippet.entries() {
            match entries.iter_mut().find(|(own, _)| own.text() == key.text()) {
                Some((_, own)) => *own = both(own, value),
                None => entries.push((key.clone(), value.clone())),
            }
        }
    }
    Node { kind: NodeKind::Map(entries.into()), span: root.span }
}

/// The inclusions that the template asks for as a whole.
pub(super) fn asked(transform: &Node) -> Vec<Node> {
    let all = std::iter::once(transform).chain(transform.items());
    all.filter(|node| node.get("Name").and_then(Node::text) == Some(NAME)).cloned().collect()
}

/// The file that a transform includes, where that is told in plain text and is no URL.
pub(super) fn location(path: &str, transform: &Node) -> Option<String> {
    if transform.get("Name").and_then(Node::text) != Some(NAME) {
        return None;
    }
    let text = transform.get("Parameters")?.get("Location")?.text()?;
    (!text.contains("://")).then(|| join(parent(path), text))
}

fn snippet(world: &World<'_>, path: &str, transform: &Node) -> Option<Node> {
    let path = location(path, transform)?;
    let file = world.load(&path).ok()?;
    let (root, found) = document::parse(file, &world.sources.text(file));
    found.into_iter().for_each(|diagnostic| world.tell(diagnostic));
    root
}

/// A section with the snippet's entries added.
fn both(own: &Node, snippet: &Node) -> Node {
    let (NodeKind::Map(entries), NodeKind::Map(more)) = (&own.kind, &snippet.kind) else { return own.clone() };
    let new = more.iter().filter(|(key, _)| own.get(key.text().unwrap_or_default()).is_none());
    Node { kind: NodeKind::Map(entries.iter().chain(new).cloned().collect()), span: own.span }
}

fn within(world: &World<'_>, path: &str, node: &Node) -> Node {
    let kind = match &node.kind {
        NodeKind::Seq(items) => NodeKind::Seq(items.iter().map(|item| within(world, path, item)).collect()),
        NodeKind::Map(entries) => {
            let mut out: Vec<(Node, Node)> = Vec::with_capacity(entries.len());
            for (key, value) in entries.iter() {
                let found = (key.text() == Some("Fn::Transform")).then(|| snippet(world, path, value)).flatten();
                match found {
                    Some(Node { kind: NodeKind::Map(more), .. }) => {
                        let new = more.iter().filter(|(key, _)| node.get(key.text().unwrap_or_default()).is_none());
                        out.extend(new.cloned());
                    }
                    Some(snippet) if entries.len() == 1 => return snippet,
                    _ => out.push((key.clone(), within(world, path, value))),
                }
            }
            NodeKind::Map(out.into())
        }
        kind => kind.clone(),
    };
    Node { kind, span: node.span }
}

/// Tells of inclusions in the template as a whole that are not at hand.
pub(super) fn told(world: &World<'_>, path: &str, root: &Node) {
    for transform in root.get("Transform").map(asked).unwrap_or_default() {
        let place = transform.get("Parameters").and_then(|parameters| parameters.get("Location"));
        let why = match location(path, &transform).map(|path| (world.load(&path), path)) {
            Some((Ok(_), _)) => continue,
            Some((Err(error), path)) => format!("`{path}` is included: {error}"),
            None => match place.and_then(Node::text) {
                Some(text) => format!("`{text}` is included, and is not at hand"),
                None => "what is included is not known".to_owned(),
            },
        };
        world.tell(Diagnostic::not_evaluated(place.unwrap_or(&transform).span, why));
    }
}
