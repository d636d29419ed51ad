//! What of the AWS Serverless Application Model matters here: tables, and what `Globals` gives them.
//!
//! Source: <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html>, read 2026-11.

use super::document::{Node, NodeKind};

/// The properties that `Globals` gives to resources of that type.
pub(super) fn globals<'a>(root: &'a Node, kind: &str) -> Option<&'a Node> {
    root.get("Globals")?.get(kind.strip_prefix("AWS::Serverless::")?)
}

/// The resource's properties with those of `Globals` beneath: its own win, mappings are merged.
pub(super) fn with_globals(root: &Node, kind: &str, properties: &Node) -> Node {
    match globals(root, kind) {
        Some(globals) => merged(globals, properties),
        None => properties.clone(),
    }
}

fn merged(below: &Node, above: &Node) -> Node {
    let (NodeKind::Map(lower), NodeKind::Map(upper)) = (&below.kind, &above.kind) else { return above.clone() };
    if below.call().is_some() || above.call().is_some() {
        return above.clone();
    }
    let mut entries: Vec<(Node, Node)> = upper.to_vec();
    for (key, value) in lower.iter() {
        match entries.iter_mut().find(|(other, _)| other.text() == key.text()) {
            Some((_, own)) => *own = merged(value, own),
            None => entries.push((key.clone(), value.clone())),
        }
    }
    Node { kind: NodeKind::Map(entries.into()), span: above.span }
}
