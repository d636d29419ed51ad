//! The CloudFormation frontend: from templates and their parameters to resources.

mod attributes;
mod document;
mod intrinsics;
mod scalar;

use crate::aws::{Known, Place};
use crate::diagnostic::{Diagnostic, Severity};
use crate::resource::{Language, LoadSettings, Resource, Stack, Unit};
use crate::source::{FileId, Sources};
use crate::value::Existence;
use crate::value::{Guard, Kind, Reason, StackId, Unknown, Value};
use document::{Node, NodeKind};
use intrinsics::Evaluator;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A parsed template and where it goes.
pub(crate) struct Template {
    id: StackId,
    unit: Arc<str>,
    place: Place,
    root: Node,
    /// Parameters that the deployment gives.
    given: BTreeMap<String, String>,
    exports: BTreeMap<String, String>,
}

/// Evaluates all templates of the estate; exports of one are seen by the others of the same account and Region.
pub fn load_all(
    sources: &Sources,
    units: &[(StackId, &Unit)],
    settings: &LoadSettings,
) -> (Vec<Stack>, Vec<Diagnostic>) {
    let _ = settings;
    let mut diagnostics = Vec::new();
    let mut templates = Vec::new();
    for (id, unit) in units {
        let file = match sources.load(&unit.path) {
            Ok(file) => file,
            Err(error) => {
                diagnostics.push(Diagnostic::unreadable(unit.path.as_str(), error.to_string()));
                continue;
            }
        };
        let (root, found) = document::parse(file, &sources.text(file));
        diagnostics.extend(found);
        let Some(root) = root else { continue };
        let deployment = &unit.deployment;
        let symbol = |what: &str| -> Arc<str> { format!("{what} of `{}`", unit.name).into() };
        let place = Place {
            account: deployment.account.map_or_else(|| Known::Symbol(symbol("account")), Known::Is),
            region: deployment.region.clone().map_or_else(|| Known::Symbol(symbol("Region")), Known::Is),
        };
        let mut given = BTreeMap::new();
        for path in &deployment.parameter_files {
            match sources.load(path) {
                Ok(file) => given.extend(parameter_file(sources, file, &mut diagnostics)),
                Err(error) => diagnostics.push(Diagnostic::unreadable(path.as_str(), error.to_string())),
            }
        }
        given.extend(deployment.parameters.iter().cloned());
        templates.push(Template {
            id: *id,
            unit: unit.name.clone(),
            place,
            root,
            given,
            exports: deployment.exports.iter().cloned().collect(),
        });
    }
    let told = RefCell::new(diagnostics);
    let evaluators: Vec<Evaluator<'_>> =
        templates.iter().map(|template| Evaluator::new(template, &templates, &told)).collect();
    let stacks = evaluators.iter().map(|evaluator| stack(evaluator, &told)).collect();
    (stacks, told.into_inner())
}

/// Whether the text is a template, told by its content.
pub fn recognise(text: &str) -> bool {
    let has_resource = || text.contains("AWS::") && text.contains("Type") && text.contains("Resources");
    let top = |name: &str| {
        text.contains(&format!("\"{name}\""))
            || text.starts_with(&format!("{name}:"))
            || text.contains(&format!("\n{name}:"))
            || text.contains(&format!("\u{feff}{name}:"))
    };
    (top("AWSTemplateFormatVersion") && top("Resources")) || (top("Resources") && has_resource())
}

/// The parameters in a file, in the AWS CLI's or CodePipeline's form.
fn parameter_file(sources: &Sources, file: FileId, diagnostics: &mut Vec<Diagnostic>) -> BTreeMap<String, String> {
    let (root, found) = document::parse(file, &sources.text(file));
    diagnostics.extend(found);
    let mut out = BTreeMap::new();
    let Some(root) = root else { return out };
    let text = |node: &Node| node.text().map(str::to_owned);
    let pairs = |node: &Node, out: &mut BTreeMap<String, String>| {
        for (key, value) in node.entries() {
            if let (Some(key), Some(value)) = (text(key), text(value)) {
                out.insert(key, value);
            }
        }
    };
    match &root.kind {
        NodeKind::Seq(items) => {
            for item in items {
                match (item.get("ParameterKey").and_then(text), item.get("ParameterValue").and_then(text), text(item)) {
                    (Some(key), Some(value), _) => {
                        out.insert(key, value);
                    }
                    (_, _, Some(pair)) => {
                        if let Some((key, value)) = pair.split_once('=') {
                            out.insert(key.to_owned(), value.to_owned());
                        }
                    }
                    _ => {}
                }
            }
        }
        NodeKind::Map(_) => pairs(root.get("Parameters").or_else(|| root.get("parameters")).unwrap_or(&root), &mut out),
        NodeKind::Scalar { .. } => {}
    }
    out
}

fn stack(evaluator: &Evaluator<'_>, told: &RefCell<Vec<Diagnostic>>) -> Stack {
    let template = evaluator.template;
    let mut resources = Vec::new();
    if let Some(transform) = template.root.get("Transform") {
        let names: Vec<&str> = std::iter::once(transform).chain(transform.items()).filter_map(Node::text).collect();
        for name in names.into_iter().filter(|name| !matches!(*name, "AWS::LanguageExtensions")) {
            told.borrow_mut().push(Diagnostic::not_evaluated(
                transform.span,
                format!("the transform `{name}` is not applied: what it makes is not seen"),
            ));
        }
    }
    for (key, body) in template.root.get("Resources").map(Node::entries).unwrap_or_default() {
        let Some(name) = key.text() else { continue };
        if name.starts_with("Fn::") {
            told.borrow_mut()
                .push(Diagnostic::not_evaluated(key.span, format!("`{name}` over resources is not expanded")));
            continue;
        }
        let Some(kind) = body.get("Type").and_then(Node::text) else {
            told.borrow_mut().push(Diagnostic::bad_input(key.span, format!("the resource `{name}` has no `Type`")));
            continue;
        };
        let exists = match body.get("Condition").and_then(Node::text) {
            None => Existence::Certain,
            Some(condition) => match evaluator.condition(condition) {
                Some(true) => Existence::Certain,
                Some(false) => continue,
                None => Existence::When(vec![Guard {
                    text: condition.into(),
                    holds: true,
                    span: body.get("Condition").map(|node| node.span),
                }]),
            },
        };
        if matches!(kind, "AWS::CloudFormation::Stack" | "AWS::CloudFormation::StackSet" | "AWS::CloudFormation::Macro")
            || kind.starts_with("Custom::")
        {
            told.borrow_mut()
                .push(Diagnostic::not_evaluated(key.span, format!("what `{name}` ({kind}) makes is not seen")));
        }
        let mut attributes =
            body.get("Properties").map_or_else(|| Value::object::<Arc<str>>([]), |node| evaluator.value(node));
        if !matches!(attributes.kind, Kind::Map(_)) {
            attributes = Value::object::<Arc<str>>([]);
        }
        resources.push(Resource {
            stack: template.id,
            address: name.into(),
            kind: kind.into(),
            data: false,
            place: template.place.clone(),
            attributes,
            span: key.span.to(body.span),
            header: key.span,
            chain: Arc::from([]),
            exists,
            imported_id: None,
        });
    }
    if template.root.get("Resources").is_none() {
        told.borrow_mut().push(Diagnostic::note(
            template.root.span,
            Severity::Warning,
            "the template declares no resources",
        ));
    }
    Stack {
        id: template.id,
        unit: template.unit.clone(),
        language: Language::CloudFormation,
        place: template.place.clone(),
        resources,
    }
}

/// A place's text, or the unknown of the same symbol.
fn place_value<T: std::fmt::Display>(known: &Known<T>, account: bool) -> Value {
    match known {
        Known::Is(text) => Value::string(text.to_string()),
        Known::Symbol(symbol) => {
            let of: Arc<str> = symbol.split_once(" of ").map_or(&**symbol, |(_, of)| of).into();
            let mut unknown = Unknown::new(if account { Reason::Account(of) } else { Reason::Region(of) }, None);
            unknown.symbol = Some(symbol.clone());
            Value::new(Kind::Unknown(Arc::new(unknown)))
        }
    }
}

#[cfg(test)]
mod tests;
