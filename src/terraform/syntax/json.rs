//! Reads Terraform's JSON syntax with spans.

use super::parser::{Parsed, Parser};
use super::whole_expression;
use crate::diagnostic::Diagnostic;
use crate::json::{self, Node, NodeKind, Text};
use crate::source::{FileId, Sources, Span};
use crate::terraform::ast::{Attribute, Block, Body, Expr, ExprKind, ObjectItem, ObjectKey};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads a whole file. In `.tfvars.json` everything is an attribute, and strings are no templates.
pub(super) fn parse(sources: &Sources, file: FileId) -> (Body, Vec<Diagnostic>) {
    let text = sources.text(file);
    let values = sources.path(file).ends_with(".tfvars.json");
    let mut builder = Builder { sources, file, text: &text, templates: !values, diagnostics: Vec::new() };
    let (root, error) = json::read(file, &text);
    let mut body = Body::default();
    body.unread.extend(error.is_some().then(|| Span::new(file, 0..text.len())));
    builder.diagnostics.extend(error);
    if let Some(root) = root {
        let level = if values { Level::Values } else { Level::Module };
        builder.body(root, level, "the file", &mut body);
    }
    (body, builder.diagnostics)
}

/// What the keys of an object mean.
#[derive(Clone, Copy)]
enum Level<'k> {
    Values,
    Module,
    /// Inside a block of this kind.
    Block(&'k str),
}

/// How many labels the block `name` has at `level`; `None` where `name` is an argument.
fn labels(level: Level<'_>, name: &str) -> Option<usize> {
    let Level::Block(kind) = level else {
        return match (level, name) {
            (Level::Module, "resource" | "data" | "ephemeral") => Some(2),
            (Level::Module, "module" | "variable" | "output" | "provider" | "check") => Some(1),
            (Level::Module, "locals" | "terraform" | "moved" | "import" | "removed") => Some(0),
            _ => None,
        };
    };
    match (kind, name) {
        ("terraform", "backend" | "provider_meta") => Some(1),
        ("terraform", "required_providers" | "cloud") | ("cloud", "workspaces") => Some(0),
        ("resource" | "data" | "ephemeral", "lifecycle" | "connection") | ("removed", "lifecycle") => Some(0),
        ("resource" | "removed", "provisioner") => Some(1),
        ("resource" | "data" | "ephemeral" | "provider" | "content", "dynamic") => Some(1),
        ("dynamic", "content") | ("provisioner", "connection") => Some(0),
        ("lifecycle" | "output", "precondition") | ("lifecycle", "postcondition") => Some(0),
        ("variable", "validation") | ("check", "assert") => Some(0),
        ("check", "data") => Some(2),
        _ => None,
    }
}

/// Whether the strings in this argument are references or types, not templates.
fn is_static(level: Level<'_>, name: &str) -> bool {
    let Level::Block(kind) = level else { return false };
    matches!(
        (kind, name),
        ("variable", "type")
            | ("resource" | "data" | "ephemeral" | "import", "provider")
            | ("resource" | "data" | "ephemeral" | "module" | "output", "depends_on")
            | ("module", "providers")
            | ("lifecycle", "ignore_changes" | "replace_triggered_by")
            | ("moved" | "removed", "from")
            | ("moved" | "import", "to")
            | ("dynamic", "iterator")
    )
}

struct Builder<'a> {
    sources: &'a Sources,
    file: FileId,
    text: &'a str,
    templates: bool,
    diagnostics: Vec<Diagnostic>,
}

impl Builder<'_> {
    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start..end)
    }

    /// The keys of an object, or of each object in an array, as arguments and blocks of `body`.
    fn body(&mut self, node: Node, level: Level<'_>, of: &str, body: &mut Body) {
        let mut names: BTreeMap<Arc<str>, Span> =
            body.attributes.iter().map(|a| (a.name.clone(), a.name_span)).collect();
        let objects = match node.kind {
            NodeKind::Array(items) => items,
            _ => vec![node],
        };
        for object in objects {
            let NodeKind::Object(entries) = object.kind else {
                let span = self.span(object.start, object.end);
                self.diagnostics.push(Diagnostic::bad_input(span, format!("expected an object for {of}")));
                body.unread.push(span);
                continue;
            };
            for (key, value) in entries {
                if key.text == "//" && !matches!(level, Level::Values) {
                    continue;
                }
                let name: Arc<str> = key.text.as_str().into();
                let name_span = self.span(key.start, key.end);
                let object = matches!(value.kind, NodeKind::Object(_));
                match labels(level, &name) {
                    Some(count) => self.blocks(&name, count, name_span, &mut Vec::new(), value, body),
                    None if object && matches!(level, Level::Module) => {
                        self.blocks(&name, 0, name_span, &mut Vec::new(), value, body);
                    }
                    None => {
                        let value =
                            if is_static(level, &name) { self.reference(value) } else { self.expression(value) };
                        if let Some(first) = names.get(&name) {
                            let message = format!("`{name}` is set twice");
                            let diagnostic = Diagnostic::bad_input(name_span, message);
                            self.diagnostics.push(diagnostic.with_label(*first, "first set here"));
                        } else {
                            names.insert(name.clone(), name_span);
                            body.attributes.push(Attribute { name, name_span, value });
                        }
                    }
                }
            }
        }
    }

    /// The blocks of one kind: `missing` levels of objects whose keys are labels, then the bodies; arrays anywhere.
    fn blocks(
        &mut self,
        kind: &Arc<str>,
        missing: usize,
        header: Span,
        labels: &mut Vec<(Arc<str>, Span)>,
        node: Node,
        into: &mut Body,
    ) {
        let (start, end) = (node.start, node.end);
        match node.kind {
            NodeKind::Null => {}
            NodeKind::Array(items) => {
                for item in items {
                    self.blocks(kind, missing, header, labels, item, into);
                }
            }
            NodeKind::Object(entries) if missing > 0 => {
                for (key, value) in entries {
                    if key.text == "//" {
                        continue;
                    }
                    let span = self.span(key.start, key.end);
                    labels.push((key.text.as_str().into(), span));
                    self.blocks(kind, missing - 1, span, labels, value, into);
                    labels.pop();
                }
            }
            NodeKind::Object(_) => {
                let mut body = Body::default();
                self.body(node, Level::Block(kind), &format!("`{kind}`"), &mut body);
                let span = header.to(self.span(start, end));
                into.blocks.push(Block { kind: kind.clone(), labels: labels.clone(), body, header, span });
            }
            _ => {
                let message = format!("expected an object for `{kind}`");
                self.diagnostics.push(Diagnostic::bad_input(self.span(start, end), message));
                into.unread.push(self.span(start, end));
            }
        }
    }

    fn expression(&mut self, node: Node) -> Expr {
        let span = self.span(node.start, node.end);
        let kind = match node.kind {
            NodeKind::Null => ExprKind::Null,
            NodeKind::Bool(value) => ExprKind::Bool(value),
            NodeKind::Number(number) => ExprKind::Number(number),
            NodeKind::String(text) => return self.template(&text),
            NodeKind::Array(items) => ExprKind::Tuple(items.into_iter().map(|item| self.expression(item)).collect()),
            NodeKind::Object(entries) => ExprKind::Object(self.items(entries, Self::expression)),
        };
        Expr { kind, span }
    }

    fn items(&mut self, entries: Vec<(Text, Node)>, read: fn(&mut Self, Node) -> Expr) -> Vec<ObjectItem> {
        let mut items = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let key_span = self.span(key.start, key.end);
            let template = self.template(&key);
            let key = match template.kind {
                ExprKind::String(text) => ObjectKey::Name(text),
                _ => ObjectKey::Expr(template),
            };
            items.push(ObjectItem { key, key_span, value: read(self, value) });
        }
        items
    }

    /// A string as a template; what is not one is told.
    fn template(&mut self, text: &Text) -> Expr {
        let span = self.span(text.start, text.end);
        if !self.templates || !text.text.contains(['$', '%']) {
            return Expr { kind: ExprKind::String(text.text.as_str().into()), span };
        }
        match self.native(text, |parser| parser.bare().map(|template| template.expr)) {
            Ok(expr) => Expr { span, ..expr },
            Err(diagnostic) => {
                self.diagnostics.push(*diagnostic);
                Expr { kind: ExprKind::Unread, span }
            }
        }
    }

    /// A string as an expression in native syntax, as in `"depends_on": ["aws_kms_key.k"]`.
    fn reference(&mut self, node: Node) -> Expr {
        let span = self.span(node.start, node.end);
        match node.kind {
            NodeKind::String(text) => match self.native(&text, whole_expression) {
                // `"${aws_kms_key.k}"` was the way to write this once.
                Ok(Expr { kind: ExprKind::Template(_) | ExprKind::String(_), .. }) | Err(_) => self.template(&text),
                Ok(expr) => expr,
            },
            NodeKind::Array(items) => {
                Expr { kind: ExprKind::Tuple(items.into_iter().map(|item| self.reference(item)).collect()), span }
            }
            NodeKind::Object(entries) => Expr { kind: ExprKind::Object(self.items(entries, Self::reference)), span },
            kind => self.expression(Node { kind, ..node }),
        }
    }

    fn native(&self, text: &Text, read: impl FnOnce(&mut Parser<'_>) -> Parsed<Expr>) -> Parsed<Expr> {
        match &text.places {
            Some(places) => {
                let mut parser = Parser::new(self.sources, self.file, &text.text, 0);
                parser.places = Some(places);
                read(&mut parser)
            }
            None => {
                let inside = self.text.get(..text.end.saturating_sub(1)).unwrap_or_default();
                read(&mut Parser::new(self.sources, self.file, inside, text.start + 1))
            }
        }
    }
}
