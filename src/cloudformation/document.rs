//! YAML and JSON templates as one tree with spans; the source text of every scalar is kept.

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{FileId, Span};
use granit_parser::{Event, Parser, ScalarStyle};
use std::collections::BTreeMap;

/// Deeper nesting is refused.
const DEEPEST: usize = 200;
/// Nodes after aliases are expanded.
const MOST_NODES: usize = 2_000_000;

/// A node and its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    pub(super) span: Span,
    /// `Ref`, `Sub`: a short tag without `!`.
    pub(super) tag: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) enum NodeKind {
    /// The text as written; `plain` without quotes.
    Scalar {
        text: String,
        plain: bool,
    },
    Seq(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    pub(super) fn entries(&self) -> &[(Node, Node)] {
        match &self.kind {
            NodeKind::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn items(&self) -> &[Node] {
        match &self.kind {
            NodeKind::Seq(items) => items,
            _ => &[],
        }
    }

    /// The last entry of that key, as CloudFormation takes it.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().rev().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }
}

struct Open {
    node: Node,
    key: Option<Node>,
    anchor: usize,
}

/// The tree of a template, and what is wrong with it. `None` where nothing can be read.
pub(super) fn parse(file: FileId, text: &str) -> (Option<Node>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let start = text.len() - text.trim_start_matches('\u{feff}').len();
    let body = text.get(start..).unwrap_or_default();
    let mut open: Vec<Open> = Vec::new();
    let mut anchors: BTreeMap<usize, Node> = BTreeMap::new();
    let mut root = None;
    let mut documents = 0;
    let mut nodes = 0_usize;
    for next in Parser::new_from_str(body) {
        let (event, at) = match next {
            Ok(next) => next,
            Err(error) => {
                let offset = error.marker().byte_offset().unwrap_or(0) + start;
                diagnostics.push(Diagnostic::bad_input(
                    Span::new(file, offset..offset),
                    format!("the template cannot be read: {}", error.info()),
                ));
                return (None, diagnostics);
            }
        };
        let range = at.byte_range().unwrap_or(0..0);
        let span = Span::new(file, range.start + start..range.end + start);
        let tag = event
            .tag()
            .map(|tag| tag.parts())
            .filter(|(handle, _)| *handle == "!")
            .map(|(_, suffix)| suffix.to_owned());
        nodes += 1;
        if nodes > MOST_NODES {
            diagnostics.push(Diagnostic::bad_input(span, format!("the template has more than {MOST_NODES} nodes")));
            return (None, diagnostics);
        }
        let done = match event {
            Event::DocumentStart(..) => {
                documents += 1;
                if documents == 2 {
                    diagnostics.push(Diagnostic::bad_input(
                        span,
                        "a template is one YAML document, but another one begins here",
                    ));
                }
                continue;
            }
            Event::Scalar(value, style, anchor, _) => {
                let node = Node {
                    kind: NodeKind::Scalar { text: value.into_owned(), plain: style == ScalarStyle::Plain },
                    span,
                    tag,
                };
                Some((node, anchor))
            }
            Event::SequenceStart(_, anchor, _) => {
                open.push(Open { node: Node { kind: NodeKind::Seq(Vec::new()), span, tag }, key: None, anchor });
                None
            }
            Event::MappingStart(_, anchor, _) => {
                open.push(Open { node: Node { kind: NodeKind::Map(Vec::new()), span, tag }, key: None, anchor });
                None
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(|mut closed| {
                let last = match &closed.node.kind {
                    NodeKind::Seq(items) => items.last().map(|item| item.span),
                    NodeKind::Map(entries) => entries.last().map(|(_, value)| value.span),
                    NodeKind::Scalar { .. } => None,
                };
                // A block ends where its last child ends, not where the parser noticed.
                closed.node.span = closed.node.span.to(last.filter(|_| range.is_empty()).unwrap_or(span));
                (closed.node, closed.anchor)
            }),
            Event::Alias(id) => match anchors.get(&id) {
                Some(node) => {
                    nodes += size(node);
                    Some((node.clone(), 0))
                }
                None => {
                    diagnostics.push(Diagnostic::bad_input(span, "this alias refers to itself or to nothing"));
                    Some((Node { kind: NodeKind::Scalar { text: String::new(), plain: true }, span, tag: None }, 0))
                }
            },
            _ => continue,
        };
        if open.len() > DEEPEST {
            diagnostics.push(Diagnostic::bad_input(span, format!("nested more than {DEEPEST} levels deep")));
            return (None, diagnostics);
        }
        let Some((node, anchor)) = done else { continue };
        if anchor > 0 {
            anchors.insert(anchor, node.clone());
        }
        match open.last_mut() {
            None => {
                if root.is_none() {
                    root = Some(node);
                }
            }
            Some(parent) => match &mut parent.node.kind {
                NodeKind::Seq(items) => items.push(node),
                NodeKind::Map(entries) => match parent.key.take() {
                    None => parent.key = Some(node),
                    Some(key) if key.text() == Some("<<") => merge(entries, node),
                    Some(key) => {
                        if let Some((first, _)) =
                            entries.iter().find(|(other, _)| other.text().is_some() && other.text() == key.text())
                        {
                            let name = key.text().unwrap_or_default();
                            diagnostics.push(
                                Diagnostic::note(
                                    key.span,
                                    Severity::Warning,
                                    format!("the key `{name}` stands twice; the second one counts"),
                                )
                                .with_label(first.span, "the first one"),
                            );
                        }
                        entries.push((key, node));
                    }
                },
                NodeKind::Scalar { .. } => {}
            },
        }
    }
    (root, diagnostics)
}

fn size(node: &Node) -> usize {
    match &node.kind {
        NodeKind::Scalar { .. } => 1,
        NodeKind::Seq(items) => 1 + items.iter().map(size).sum::<usize>(),
        NodeKind::Map(entries) => 1 + entries.iter().map(|(_, value)| 1 + size(value)).sum::<usize>(),
    }
}

/// `<<: *other`: keys that are not there yet.
fn merge(entries: &mut Vec<(Node, Node)>, from: Node) {
    let maps = match from.kind {
        NodeKind::Seq(items) => items,
        _ => vec![from],
    };
    for (key, value) in maps.into_iter().flat_map(|node| node.entries().to_vec()) {
        if !entries.iter().any(|(other, _)| other.text() == key.text()) {
            entries.push((key, value));
        }
    }
}
