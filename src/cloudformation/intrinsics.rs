//! Intrinsic functions, parameters and conditions.

use super::document::{Node, NodeKind};
use super::{Template, attributes, place_value, scalar};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Span;
use crate::value::{Branch, Entry, Guard, Kind, Map, MapKind, Reason, Ref, Type, Unknown, Value};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Evaluates one template.
pub(super) struct Evaluator<'a> {
    pub(super) template: &'a Template,
    all: &'a [Template],
    told: &'a RefCell<Vec<Diagnostic>>,
    depth: Cell<usize>,
}

/// Marks a property that `AWS::NoValue` removes.
const NO_VALUE: &str = "AWS::NoValue";
const DEEPEST: usize = 300;

impl<'a> Evaluator<'a> {
    pub(super) fn new(template: &'a Template, all: &'a [Template], told: &'a RefCell<Vec<Diagnostic>>) -> Self {
        Self { template, all, told, depth: Cell::new(0) }
    }

    /// The node's value; `AWS::NoValue` is null.
    pub(super) fn value(&self, node: &Node) -> Value {
        self.eval(node).unwrap_or_else(|| Value::null().at(node.span))
    }

    /// `None` for `AWS::NoValue`.
    fn eval(&self, node: &Node) -> Option<Value> {
        if self.depth.get() > DEEPEST {
            return Some(Value::unknown(
                Reason::Limit("intrinsic functions are nested too deeply".into()),
                Some(node.span),
            ));
        }
        self.depth.set(self.depth.get() + 1);
        let value = self.eval_node(node);
        self.depth.set(self.depth.get() - 1);
        value.map(|value| Value { span: value.span.or(Some(node.span)), ..value })
    }

    fn eval_node(&self, node: &Node) -> Option<Value> {
        if let Some(tag) = &node.tag {
            let name = match tag.as_str() {
                "Ref" | "Condition" => tag.clone(),
                tag => format!("Fn::{tag}"),
            };
            let bare = Node { tag: None, ..node.clone() };
            return self.function(&name, &bare, node.span);
        }
        match &node.kind {
            NodeKind::Scalar { text, plain } => Some(self.scalar(text, *plain, node.span)),
            NodeKind::Seq(items) => {
                let items: Vec<Value> = items.iter().filter_map(|item| self.eval(item)).collect();
                Some(Value::tuple(items).at(node.span))
            }
            NodeKind::Map(entries) => {
                if let [(key, argument)] = entries.as_slice()
                    && let Some(name) = key.text()
                    && (name == "Ref"
                        || name == "Condition" && argument.text().is_some() && self.is_condition(argument)
                        || name.starts_with("Fn::"))
                {
                    return self.function(name, argument, node.span);
                }
                let mut map = BTreeMap::new();
                for (key, node_value) in entries {
                    let (Some(name), Some(value)) = (key.text(), self.eval(node_value)) else { continue };
                    map.insert(
                        Arc::from(name),
                        Entry { value: value.at(node_value.span), span: Some(key.span.to(node_value.span)) },
                    );
                }
                Some(
                    Value::new(Kind::Map(Arc::new(Map { kind: MapKind::Object, entries: map, open: None })))
                        .at(node.span),
                )
            }
        }
    }

    fn is_condition(&self, node: &Node) -> bool {
        node.text().is_some_and(|name| {
            self.template.root.get("Conditions").is_some_and(|conditions| conditions.get(name).is_some())
        })
    }

    fn scalar(&self, text: &str, plain: bool, span: Span) -> Value {
        if text.contains("{{resolve:") {
            return Value::unknown(Reason::DynamicReference(text.into()), Some(span));
        }
        if !plain {
            return Value::string(text).at(span);
        }
        let value = scalar::resolve(text);
        if let Kind::Number(number) = &value.kind
            && text.len() == 12
            && text.starts_with('0')
            && text.bytes().all(|b| b.is_ascii_digit())
        {
            self.told.borrow_mut().push(
                Diagnostic::note(
                    span,
                    Severity::Warning,
                    format!("`{text}` without quotes is an octal number: this reads as {number}"),
                )
                .with_help("put quotes around the account id"),
            );
        }
        value.at(span)
    }

    fn function(&self, name: &str, argument: &Node, span: Span) -> Option<Value> {
        let arguments = argument.items();
        let at = |index: usize| arguments.get(index).map(|node| self.value(node));
        Some(match name {
            "Ref" => return self.reference(argument.text().unwrap_or_default(), span),
            "Fn::GetAtt" => {
                let parts: Vec<String> = match argument.text() {
                    Some(text) => text.splitn(2, '.').map(str::to_owned).collect(),
                    None => arguments
                        .iter()
                        .filter_map(|node| self.value(node).text().map(|text| text.to_string()))
                        .collect(),
                };
                match parts.as_slice() {
                    [resource, attribute] => self.attribute(resource, attribute, span),
                    _ => self.invalid(span, "`Fn::GetAtt` takes a resource and an attribute"),
                }
            }
            "Fn::Sub" => self.substitute(argument, span),
            "Fn::Join" => {
                let separator = at(0).unwrap_or_else(|| Value::string(""));
                let list = at(1).unwrap_or_else(Value::null);
                match &list.kind {
                    Kind::Seq(seq) if seq.open.is_none() => {
                        let mut parts = Vec::new();
                        for (index, item) in seq.items.iter().enumerate() {
                            if index > 0 {
                                parts.push(separator.clone());
                            }
                            parts.push(item.clone());
                        }
                        concat(parts, span)
                    }
                    _ => unknown_from(&list, span),
                }
            }
            "Fn::Select" => {
                let (index, list) = (at(0).unwrap_or_else(Value::null), at(1).unwrap_or_else(Value::null));
                match (index.as_i64().and_then(|index| usize::try_from(index).ok()), list.as_seq()) {
                    (Some(index), Some(seq)) => match seq.items.get(index) {
                        Some(item) => item.clone(),
                        None if seq.open.is_some() => unknown_from(&list, span),
                        None => self.invalid(span, "`Fn::Select` names an element that the list does not have"),
                    },
                    _ => unknown_from(&list, span),
                }
            }
            "Fn::Split" => {
                let (separator, text) = (at(0).unwrap_or_else(Value::null), at(1).unwrap_or_else(Value::null));
                match (separator.text(), text.marked_text()) {
                    // A symbol stands for an account, a Region or an id: none holds a separator of an ARN.
                    (Some(separator), Some(marked))
                        if !separator.is_empty() && (!marked.contains('\u{1}') || matches!(&*separator, ":" | "/")) =>
                    {
                        Value::tuple(marked.split(&*separator).map(crate::value::Value::from_marked).collect())
                    }
                    _ => unknown_from(&text, span),
                }
            }
            "Fn::FindInMap" => self.find_in_map(arguments, span),
            "Fn::If" => {
                let condition = arguments.first().and_then(Node::text).unwrap_or_default();
                match self.condition(condition) {
                    Some(holds) => return arguments.get(if holds { 1 } else { 2 }).and_then(|node| self.eval(node)),
                    None => {
                        let (then, otherwise) = (at(1).unwrap_or_else(Value::null), at(2).unwrap_or_else(Value::null));
                        let guard = |holds| Guard {
                            text: condition.into(),
                            holds,
                            span: arguments.first().map(|node| node.span),
                        };
                        Value::new(Kind::Cond(
                            vec![
                                Branch { guard: guard(true), value: then },
                                Branch { guard: guard(false), value: otherwise },
                            ]
                            .into(),
                        ))
                    }
                }
            }
            "Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not" | "Condition" => {
                let node = Node {
                    kind: NodeKind::Map(vec![(
                        Node { kind: NodeKind::Scalar { text: name.to_owned(), plain: false }, span, tag: None },
                        argument.clone(),
                    )]),
                    span,
                    tag: None,
                };
                match self.decide(&node, 0) {
                    Some(holds) => Value::bool(holds),
                    None => Value::unknown(Reason::Derived("a condition that is not decided".into()), Some(span)),
                }
            }
            "Fn::ImportValue" => {
                let name = self.value(argument);
                self.import(&name, span)
            }
            "Fn::Base64" => match self.value(argument).text() {
                Some(text) => {
                    Value::string(base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text.as_bytes()))
                }
                None => unknown_from(&self.value(argument), span),
            },
            "Fn::ToJsonString" => Value::new(Kind::Document(Arc::new(self.value(argument)))),
            "Fn::Length" => match self.value(argument).as_seq() {
                Some(seq) if seq.open.is_none() => Value::int(i64::try_from(seq.items.len()).unwrap_or(i64::MAX)),
                _ => unknown_from(&self.value(argument), span),
            },
            _ => Value::unknown(Reason::Unsupported(format!("`{name}`").into()), Some(span)),
        })
    }

    fn invalid(&self, span: Span, message: &str) -> Value {
        self.told.borrow_mut().push(Diagnostic::note(span, Severity::Warning, message));
        Value::unknown(Reason::Invalid(message.into()), Some(span))
    }

    fn reference(&self, name: &str, span: Span) -> Option<Value> {
        let place = &self.template.place;
        let partition = place.partition();
        Some(match name {
            NO_VALUE => return None,
            "AWS::AccountId" => place_value(&place.account, true),
            "AWS::Region" => place_value(&place.region, false),
            "AWS::Partition" => match partition {
                Some(partition) => Value::string(partition),
                None => {
                    let mut unknown =
                        Unknown::new(Reason::Region(format!("`{}`", self.template.unit).into()), Some(span));
                    unknown.symbol = Some(format!("partition of {}", place.region).into());
                    Value::new(Kind::Unknown(Arc::new(unknown)))
                }
            },
            "AWS::URLSuffix" => match partition {
                Some("aws-cn") => Value::string("amazonaws.com.cn"),
                Some(_) => Value::string("amazonaws.com"),
                None => Value::unknown(Reason::Region(format!("`{}`", self.template.unit).into()), Some(span)),
            },
            "AWS::StackName" | "AWS::StackId" | "AWS::NotificationARNs" => {
                let mut unknown =
                    Unknown::new(Reason::Derived(format!("`{name}` is chosen at deployment").into()), Some(span));
                unknown.symbol = Some(format!("{name} of {}", self.template.unit).into());
                Value::new(Kind::Unknown(Arc::new(unknown)))
            }
            name => {
                if let Some(parameter) =
                    self.template.root.get("Parameters").and_then(|parameters| parameters.get(name))
                {
                    return Some(self.parameter(name, parameter));
                }
                self.attribute(name, "Ref", span)
            }
        })
    }

    fn parameter(&self, name: &str, declared: &Node) -> Value {
        let kind = declared.get("Type").and_then(Node::text).unwrap_or("String");
        let given = self.template.given.get(name).map(|text| (text.clone(), None));
        let default = declared.get("Default").and_then(|node| Some((node.text()?.to_owned(), Some(node.span))));
        let from_ssm = kind.starts_with("AWS::SSM::Parameter::Value<");
        let Some((text, span)) = given.clone().or(default).filter(|_| !from_ssm) else {
            let reason = if from_ssm {
                Reason::Derived(format!("`{name}` is read from the SSM parameter store at deployment").into())
            } else {
                Reason::InputWithoutValue(name.into())
            };
            let mut unknown = Unknown::new(reason, Some(declared.span));
            unknown.symbol = Some(format!("parameter {name} in {}", self.template.unit).into());
            unknown.ty = Type::Dynamic;
            return Value { kind: Kind::Unknown(Arc::new(unknown)), span: Some(declared.span), sensitive: false };
        };
        let no_echo = declared.get("NoEcho").and_then(Node::text).is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let list = kind == "CommaDelimitedList" || kind.starts_with("List<");
        let value = if list {
            Value::tuple(text.split(',').map(|item| Value::string(item.trim())).collect())
        } else {
            Value::string(text)
        };
        Value { span: span.or(Some(declared.span)), sensitive: no_echo, ..value }
    }

    /// `Ref` or an attribute of a resource, with what is known of its text.
    fn attribute(&self, resource: &str, attribute: &str, span: Span) -> Value {
        let Some(body) = self.template.root.get("Resources").and_then(|resources| resources.get(resource)) else {
            return self.invalid(span, &format!("there is no resource or parameter `{resource}`"));
        };
        let kind = body.get("Type").and_then(Node::text).unwrap_or_default();
        let properties = body.get("Properties");
        let property =
            |name: &str| properties.and_then(|properties| properties.get(name)).and_then(|node| self.eval(node));
        // An alias stands for its key.
        let chosen = |part: Option<Value>, what: &str| {
            part.unwrap_or_else(|| {
                let mut unknown = Unknown::new(Reason::Computed(format!("{resource}.{what}").into()), Some(span));
                unknown.symbol = Some(format!("{resource}.{what} in stack {}", self.template.id.0).into());
                Value::new(Kind::Unknown(Arc::new(unknown)))
            })
        };
        let known = match attributes::of(kind) {
            Some(shape) if attribute == "Ref" && !shape.ref_is_arn => {
                match attributes::fill(shape.reference, property).as_slice() {
                    [Some(value)] => Some(value.clone()),
                    _ => None,
                }
            }
            Some(shape) if shape.arn_attributes.contains(&attribute) || attribute == "Ref" => {
                let place = &self.template.place;
                let partition = self.reference("AWS::Partition", span).unwrap_or_else(Value::null);
                let mut parts = vec![Value::string("arn:"), partition, Value::string(format!(":{}:", shape.service))];
                if !matches!(shape.service, "iam" | "s3") {
                    parts.push(place_value(&place.region, false));
                }
                parts.push(Value::string(":"));
                if shape.service != "s3" {
                    parts.push(place_value(&place.account, true));
                }
                parts.push(Value::string(":"));
                parts.extend(attributes::fill(shape.resource, property).into_iter().map(|part| chosen(part, "id")));
                Some(concat(parts, span))
            }
            _ => property(attribute),
        };
        let reference = Ref { stack: self.template.id, address: resource.into(), attr: attribute.into(), known };
        Value::new(Kind::Ref(Arc::new(reference))).at(span)
    }

    fn substitute(&self, argument: &Node, span: Span) -> Value {
        let (template, names) = match &argument.kind {
            NodeKind::Seq(items) => (items.first().and_then(Node::text), items.get(1)),
            _ => (argument.text(), None),
        };
        let Some(template) = template else { return self.invalid(span, "`Fn::Sub` takes a string") };
        let mut parts = Vec::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("${") {
            parts.push(Value::string(before));
            let Some((name, tail)) = after.split_once('}') else {
                parts.push(Value::string("${"));
                rest = after;
                continue;
            };
            rest = tail;
            if let Some(literal) = name.strip_prefix('!') {
                parts.push(Value::string(format!("${{{literal}}}")));
                continue;
            }
            let name = name.trim();
            let value = match names.and_then(|names| names.get(name)) {
                Some(node) => Some(self.value(node)),
                None => match name.split_once('.') {
                    Some((resource, attribute)) => Some(self.attribute(resource, attribute, span)),
                    None => self.reference(name, span),
                },
            };
            parts.push(value.unwrap_or_else(|| Value::string("")));
        }
        parts.push(Value::string(rest));
        if template.contains("{{resolve:") {
            return Value::unknown(Reason::DynamicReference(template.into()), Some(span));
        }
        concat(parts, span)
    }

    fn find_in_map(&self, arguments: &[Node], span: Span) -> Value {
        let keys: Vec<Value> = arguments.iter().take(3).map(|node| self.value(node)).collect();
        let texts: Option<Vec<Arc<str>>> = keys.iter().map(Value::text).collect();
        let Some(texts) = texts.filter(|texts| texts.len() == 3) else {
            return keys.iter().find(|key| key.text().is_none()).map_or_else(
                || self.invalid(span, "`Fn::FindInMap` takes a map and two keys"),
                |key| unknown_from(key, span),
            );
        };
        let mut at = self.template.root.get("Mappings");
        for key in &texts {
            at = at.and_then(|node| node.get(key));
        }
        match at {
            Some(node) => self.value(node),
            None => match arguments.get(3).and_then(|node| node.get("DefaultValue")) {
                Some(default) => self.value(default),
                None => self.invalid(span, &format!("the mapping has no entry `{}`", texts.join("` / `"))),
            },
        }
    }

    /// What another unit exports under that name in the same account and Region.
    fn import(&self, name: &Value, span: Span) -> Value {
        let Some(text) = name.marked_text() else { return unknown_from(name, span) };
        if let Some(value) = self.template.exports.get(&text) {
            return Value::string(value.as_str()).at(span);
        }
        let mut found: Option<Value> = None;
        for other in self.all {
            let same = |same: Option<bool>| same != Some(false);
            if other.id == self.template.id
                || !same(other.place.account.same(&self.template.place.account))
                || !same(other.place.region.same(&self.template.place.region))
            {
                continue;
            }
            let evaluator =
                Evaluator { template: other, all: self.all, told: self.told, depth: Cell::new(self.depth.get() + 1) };
            for (_, output) in other.root.get("Outputs").map(Node::entries).unwrap_or_default() {
                let exported =
                    output.get("Export").and_then(|export| export.get("Name")).map(|node| evaluator.value(node));
                if exported.and_then(|name| name.marked_text()).as_deref() != Some(text.as_str()) {
                    continue;
                }
                if found.is_some() {
                    return Value::unknown(
                        Reason::Derived(format!("several loaded units export `{text}`").into()),
                        Some(span),
                    );
                }
                found = output.get("Value").map(|node| evaluator.value(node));
            }
        }
        found.unwrap_or_else(|| Value::unknown(Reason::NotExported(text.replace('\u{1}', "").into()), Some(span)))
    }

    /// Whether the named condition holds.
    pub(super) fn condition(&self, name: &str) -> Option<bool> {
        let node = self.template.root.get("Conditions")?.get(name)?;
        self.decide(node, 0)
    }

    fn decide(&self, node: &Node, depth: usize) -> Option<bool> {
        if depth > 50 {
            return None;
        }
        let (name, argument) = match (&node.tag, node.entries()) {
            (Some(tag), _) if tag == "Condition" => ("Condition".to_owned(), Node { tag: None, ..node.clone() }),
            (Some(tag), _) => (format!("Fn::{tag}"), Node { tag: None, ..node.clone() }),
            (None, [(key, argument)]) => (key.text()?.to_owned(), argument.clone()),
            _ => return self.value(node).as_bool(),
        };
        let all: Vec<Option<bool>> = if matches!(&*name, "Fn::And" | "Fn::Or" | "Fn::Not") {
            argument.items().iter().map(|item| self.decide(item, depth + 1)).collect()
        } else {
            Vec::new()
        };
        match &*name {
            "Condition" => {
                let node = self.template.root.get("Conditions")?.get(argument.text()?)?;
                self.decide(node, depth + 1)
            }
            "Fn::Not" => all.first().copied().flatten().map(|holds| !holds),
            "Fn::And" if all.contains(&Some(false)) => Some(false),
            "Fn::And" => all.iter().all(|holds| *holds == Some(true)).then_some(true),
            "Fn::Or" if all.contains(&Some(true)) => Some(true),
            "Fn::Or" => all.iter().all(|holds| *holds == Some(false)).then_some(false),
            "Fn::Equals" => {
                let values: Vec<Value> = argument.items().iter().map(|item| self.value(item)).collect();
                let [a, b] = values.as_slice() else { return None };
                match (a.text(), b.text()) {
                    (Some(a), Some(b)) => Some(a == b),
                    _ => {
                        let (a, b) = (a.marked_text()?, b.marked_text()?);
                        (a == b).then_some(true)
                    }
                }
            }
            _ => None,
        }
    }
}

fn unknown_from(value: &Value, span: Span) -> Value {
    match value.first_unknown() {
        Some(unknown) => Value::new(Kind::Unknown(Arc::new(Unknown { symbol: None, ..(**unknown).clone() }))).at(span),
        None => Value::unknown(Reason::Derived("it depends on a value that is not known".into()), Some(span)),
    }
}

/// Concatenates; known neighbours become one text.
fn concat(parts: Vec<Value>, span: Span) -> Value {
    let mut out: Vec<Value> = Vec::new();
    for part in parts {
        if let Kind::Cond(_) = part.kind {
            return unknown_from(&part, span);
        }
        let inner: Vec<Value> = match &part.kind {
            Kind::Template(parts) => parts.to_vec(),
            _ => vec![part],
        };
        for part in inner {
            let text = match &part.kind {
                Kind::Ref(_) => None,
                _ => part.text(),
            };
            match (text, out.last_mut().map(|last| &mut last.kind)) {
                (Some(text), Some(Kind::String(last))) => *last = format!("{last}{text}").into(),
                (Some(text), _) => out.push(Value::string(text)),
                (None, _) => out.push(part),
            }
        }
    }
    out.retain(|part| part.as_str() != Some("") || matches!(part.kind, Kind::Ref(_)));
    match out.as_slice() {
        [] => Value::string("").at(span),
        [one] if matches!(one.kind, Kind::String(_)) => one.clone().at(span),
        _ => Value::new(Kind::Template(out.into())).at(span),
    }
}
