//! Intrinsic functions and references.

use super::conditions::Facts;
use super::document::{Node, NodeKind};
use super::instance::{Instance, World};
use super::{attributes, lookup, place_value, scalar};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Span;
use crate::value::{Branch, Entry, Guard, Kind, Map, MapKind, Reason, Ref, Unknown, Value, sorted};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// Evaluates one deployed template.
pub(super) struct Evaluator<'a> {
    pub(super) world: &'a World<'a>,
    pub(super) at: &'a Rc<Instance>,
    pub(super) facts: RefCell<Facts>,
    depth: Cell<usize>,
}

/// Removes a property, or an element of a list.
const NO_VALUE: &str = "AWS::NoValue";
const DEEPEST: usize = 300;
/// Text and parts of text that functions may build up.
const LONGEST: usize = 4 << 20;
const MOST_PARTS: usize = 50_000;
/// Undecided conditions that one text may hang on.
const MOST_CONDITIONS: usize = 4;

impl<'a> Evaluator<'a> {
    pub(super) fn new(world: &'a World<'a>, at: &'a Rc<Instance>) -> Self {
        Self { world, at, facts: RefCell::default(), depth: Cell::new(0) }
    }

    /// Counts on from another evaluator, which asked this one.
    pub(super) fn deeper(&self, other: &Evaluator<'_>) {
        self.depth.set(other.depth.get() + 1);
    }

    /// The node's value; `AWS::NoValue` is null.
    pub(super) fn value(&self, node: &Node) -> Value {
        self.eval(node).unwrap_or_else(|| Value::null().at(node.span))
    }

    /// One level deeper.
    pub(super) fn within<T>(&self, evaluate: impl FnOnce() -> T) -> T {
        self.depth.set(self.depth.get() + 1);
        let value = evaluate();
        self.depth.set(self.depth.get() - 1);
        value
    }

    /// `None` for `AWS::NoValue`.
    fn eval(&self, node: &Node) -> Option<Value> {
        if self.depth.get() > DEEPEST {
            return Some(Value::unknown(
                Reason::Limit("intrinsic functions are nested too deeply".into()),
                Some(node.span),
            ));
        }
        let value = self.within(|| self.eval_node(node));
        value.map(|value| Value { span: value.span.or(Some(node.span)), ..value })
    }

    fn eval_node(&self, node: &Node) -> Option<Value> {
        match &node.kind {
            NodeKind::Scalar { text, plain } => Some(self.scalar(text, *plain, node.span)),
            NodeKind::Value(value) => Some((**value).clone()),
            NodeKind::Twice => Some(Value::unknown(
                Reason::Invalid("its key stands twice with different values".into()),
                Some(node.span),
            )),
            NodeKind::Seq(items) => {
                let items: Vec<Value> = items.iter().filter_map(|item| self.eval(item)).collect();
                Some(Value::tuple(items).at(node.span))
            }
            NodeKind::Map(entries) => {
                if let Some((name, argument)) = node.call()
                    && (name != "Condition"
                        || argument.text().is_some_and(|name| self.at.entry("Conditions", name).is_some()))
                {
                    return self.function(name, argument, node.span);
                }
                Some(self.mapping(entries, node.span))
            }
        }
    }

    fn mapping(&self, entries: &[(Node, Node)], span: Span) -> Value {
        let mut map: Vec<(Arc<str>, Entry)> = Vec::with_capacity(entries.len());
        let mut open = None;
        for (key, node) in entries {
            let NodeKind::Scalar { text: name, .. } = &key.kind else { continue };
            if name.starts_with("Fn::ForEach") {
                let reason = Reason::Derived(format!("the collection of `{name}` is not known").into());
                open = Some(Arc::new(Unknown::new(reason, Some(key.span))));
                continue;
            }
            if &**name == "Fn::Transform" {
                match self.transform(node, key.span) {
                    Some(Value { kind: Kind::Map(included), .. }) => {
                        map.extend(included.entries.iter().map(|(key, entry)| (key.clone(), entry.clone())));
                    }
                    other => {
                        let reason = other.as_ref().and_then(Value::first_unknown).map(|unknown| (**unknown).clone());
                        let reason = reason.unwrap_or_else(|| {
                            Unknown::new(Reason::Unsupported("`Fn::Transform`".into()), Some(key.span))
                        });
                        open = Some(Arc::new(reason));
                    }
                }
                continue;
            }
            let Some(value) = self.eval(node) else { continue };
            let entry = Entry { value: value.at(node.span), span: Some(key.span.to(node.span)) };
            map.push((name.clone(), entry));
        }
        Value::new(Kind::Map(Arc::new(Map::new(MapKind::Object, sorted(map), open)))).at(span)
    }

    fn scalar(&self, text: &Arc<str>, plain: bool, span: Span) -> Value {
        if text.contains("{{resolve:") {
            return dynamic(text, span);
        }
        if !plain {
            return Value::string(text.clone()).at(span);
        }
        if let Some(diagnostic) = scalar::misread(text, span) {
            self.world.tell(diagnostic);
        }
        scalar::resolve_shared(text).at(span)
    }

    fn function(&self, name: &str, argument: &Node, span: Span) -> Option<Value> {
        let arguments = argument.items();
        let at = |index: usize| arguments.get(index).map(|node| self.value(node));
        Some(match name {
            "Ref" => match argument.text() {
                Some(name) => return self.reference(name, span),
                None => match self.value(argument).text() {
                    Some(name) => return self.reference(&name, span),
                    None => unknown_from(&self.value(argument), span),
                },
            },
            "Fn::GetAtt" => self.get_att(argument, span),
            "Fn::Sub" => self.substitute(argument, span),
            "Fn::Join" => {
                let separator = at(0).unwrap_or_else(|| Value::string(""));
                let list = at(1).unwrap_or_else(Value::null);
                lift(&[separator, list], 0, &|values| match values {
                    [separator, list] => join(separator, list, span),
                    _ => Value::null(),
                })
            }
            "Fn::Select" => {
                let values = [at(0).unwrap_or_else(Value::null), at(1).unwrap_or_else(Value::null)];
                lift(&values, 0, &|values| match values {
                    [index, list] => self.select(index, list, span),
                    _ => Value::null(),
                })
            }
            "Fn::Split" => {
                let values = [at(0).unwrap_or_else(Value::null), at(1).unwrap_or_else(Value::null)];
                lift(&values, 0, &|values| match values {
                    [separator, text] => split(separator, text, span),
                    _ => Value::null(),
                })
            }
            "Fn::FindInMap" => self.find_in_map(arguments, span),
            "Fn::If" => return self.choose(arguments, span),
            "Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not" | "Condition" => {
                let node = Node { kind: NodeKind::Map([(Node::scalar(name, span), argument.clone())].into()), span };
                match self.decide(&node, 0) {
                    Some(holds) => Value::bool(holds),
                    None => Value::unknown(Reason::Derived("a condition that is not decided".into()), Some(span)),
                }
            }
            "Fn::ImportValue" => self.import(&self.value(argument), span),
            "Fn::GetStackOutput" => self.stack_output(argument, span),
            "Fn::Base64" => {
                let value = self.value(argument);
                match value.text() {
                    Some(text) => Value::string(lookup::base64(&text)),
                    None => unknown_from(&value, span),
                }
            }
            "Fn::Cidr" => self.cidr(arguments, span),
            "Fn::GetAZs" => {
                let region = self.value(argument);
                let own = region.is_null() || region.text().is_some_and(|text| text.is_empty());
                let of = if own { place_value(&self.at.place.region, false) } else { region };
                let mut unknown =
                    Unknown::new(Reason::Derived("the availability zones depend on the account".into()), Some(span));
                unknown.symbol = of.marked_text().map(|of| {
                    format!("availability zones of {}/{}", self.at.place.account, of.replace('\u{1}', "")).into()
                });
                Value::new(Kind::Unknown(Arc::new(unknown)))
            }
            "Fn::ToJsonString" => {
                self.extended("Fn::ToJsonString", span);
                Value::new(Kind::Document(Arc::new(self.value(argument))))
            }
            "Fn::Length" => {
                self.extended("Fn::Length", span);
                let value = self.value(argument);
                lift(&[value], 0, &|values| match values.first().map(|value| (value.as_seq(), value)) {
                    Some((Some(seq), _)) if seq.open.is_none() => {
                        Value::int(i64::try_from(seq.items.len()).unwrap_or(i64::MAX))
                    }
                    Some((_, value)) => unknown_from(value, span),
                    None => Value::null(),
                })
            }
            "Fn::Transform" => return self.transform(argument, span),
            _ => Value::unknown(Reason::Unsupported(format!("`{name}`").into()), Some(span)),
        })
    }

    /// Tells of what CloudFormation refuses where the template does not ask for the language extensions.
    pub(super) fn extended(&self, what: &str, span: Span) {
        if !super::foreach::transforms(&self.at.root).contains(&super::foreach::EXTENSIONS) {
            self.world.tell(Diagnostic::note(span, Severity::Warning, super::foreach::without(what)));
        }
    }

    pub(super) fn invalid(&self, span: Span, message: &str) -> Value {
        self.world.tell(Diagnostic::note(span, Severity::Warning, message));
        Value::unknown(Reason::Invalid(message.into()), Some(span))
    }

    fn choose(&self, arguments: &[Node], span: Span) -> Option<Value> {
        let name = arguments.first().and_then(Node::text).unwrap_or_default();
        if self.at.entry("Conditions", name).is_none() {
            return Some(self.invalid(span, &format!("there is no condition `{name}`")));
        }
        let branch = |holds: bool| arguments.get(if holds { 1 } else { 2 });
        if let Some(holds) = self.condition(name) {
            return branch(holds).and_then(|node| self.eval(node));
        }
        let value = |holds: bool| {
            let value = self.assuming(name, holds, || branch(holds).and_then(|node| self.eval(node)));
            value.unwrap_or_else(|| Value::null().at(span))
        };
        let (then, otherwise) = (value(true), value(false));
        if then.kind == otherwise.kind {
            return Some(then);
        }
        let at = arguments.first().map(|node| node.span);
        let guard = |holds| Guard { text: self.guard(name), holds, span: at };
        let branches = [Branch { guard: guard(true), value: then }, Branch { guard: guard(false), value: otherwise }];
        Some(Value::new(Kind::Cond(branches.into())))
    }

    /// A condition's name as a guard's text: the same text is the same fact, so another stack's condition of the same
    /// name has another text.
    pub(super) fn guard(&self, name: &str) -> Arc<str> {
        match (self.world.shared.several, self.at.prefix.is_empty()) {
            (false, true) => name.into(),
            (false, false) => format!("{}{name}", self.at.prefix).into(),
            (true, _) => format!("{}{name} of {}", self.at.prefix, self.at.unit).into(),
        }
    }

    fn select(&self, index: &Value, list: &Value, span: Span) -> Value {
        match (index.as_i64().and_then(|index| usize::try_from(index).ok()), list.as_seq()) {
            (Some(index), Some(seq)) => match seq.items.get(index) {
                Some(item) => item.clone(),
                None if seq.open.is_some() => unknown_from(list, span),
                None => self.invalid(span, "`Fn::Select` names an element that the list does not have"),
            },
            (None, _) if index.first_unknown().is_none() => {
                self.invalid(span, "`Fn::Select` takes a number and a list")
            }
            (Some(index), None) if matches!(&list.kind, Kind::Unknown(unknown) if unknown.symbol.is_some()) => {
                // The same element of the same unknown list is the same value.
                let Kind::Unknown(unknown) = &list.kind else { return unknown_from(list, span) };
                let symbol = unknown.symbol.as_ref().map(|symbol| format!("element {index} of {symbol}").into());
                Value::new(Kind::Unknown(Arc::new(Unknown { symbol, ..(**unknown).clone() }))).at(span)
            }
            _ => unknown_from(list, span),
        }
    }

    pub(super) fn reference(&self, name: &str, span: Span) -> Option<Value> {
        let place = &self.at.place;
        let partition = place.partition();
        let no_region = || Unknown::new(Reason::Region(format!("`{}`", self.at.words()).into()), Some(span));
        let named = |mut unknown: Unknown, symbol: String| {
            unknown.symbol = Some(symbol.into());
            Value::new(Kind::Unknown(Arc::new(unknown)))
        };
        Some(match name {
            NO_VALUE => return None,
            "AWS::AccountId" => place_value(&place.account, true),
            "AWS::Region" => place_value(&place.region, false),
            "AWS::Partition" => match partition {
                Some(partition) => Value::string(partition),
                None => named(no_region(), format!("partition of {}", place.region)),
            },
            "AWS::URLSuffix" => match partition {
                Some("aws-cn") => Value::string("amazonaws.com.cn"),
                Some("aws-eusc") => Value::string("amazonaws.eu"),
                Some("aws-iso") => Value::string("c2s.ic.gov"),
                Some("aws-iso-b") => Value::string("sc2s.sgov.gov"),
                Some(_) => Value::string("amazonaws.com"),
                None => named(no_region(), format!("URL suffix of {}", place.region)),
            },
            "AWS::StackName" if self.at.name.is_some() => {
                Value::string(self.at.name.clone().unwrap_or_else(|| "".into()))
            }
            "AWS::StackName" | "AWS::StackId" | "AWS::NotificationARNs" => named(
                Unknown::new(Reason::Derived(format!("`{name}` is chosen at deployment").into()), Some(span)),
                format!("{name} of {}", self.at.words()),
            ),
            name => {
                if let Some(value) = self.at.loops.get(name) {
                    return Some(value.clone());
                }
                match self.at.entry("Parameters", name) {
                    Some(declared) => self.parameter(name, declared),
                    None => self.attribute(name, "Ref", span),
                }
            }
        })
    }

    fn get_att(&self, argument: &Node, span: Span) -> Value {
        if let Some((resource, attribute)) = argument.text().and_then(|text| text.split_once('.')) {
            return self.attribute(resource, attribute, span);
        }
        match argument.items() {
            [resource, attribute] => {
                let (resource, attribute) = (self.value(resource), self.value(attribute));
                match (resource.text(), attribute.text()) {
                    (Some(resource), Some(attribute)) => self.attribute(&resource, &attribute, span),
                    (None, _) => unknown_from(&resource, span),
                    (_, None) => unknown_from(&attribute, span),
                }
            }
            _ => self.invalid(span, "`Fn::GetAtt` takes a resource and an attribute"),
        }
    }

    /// `Ref` or an attribute of a resource, with what is known of its text.
    pub(super) fn attribute(&self, resource: &str, attribute: &str, span: Span) -> Value {
        let Some(body) = self.at.entry("Resources", resource) else {
            return self.invalid(span, &format!("there is no resource or parameter `{resource}`"));
        };
        let key: (usize, Arc<str>, Arc<str>) = (self.given(), resource.into(), attribute.into());
        match self.at.memo.attributes.borrow().get(&key) {
            Some(Some(known)) => return known.clone().at(span),
            Some(None) => return self.invalid(span, &format!("`{resource}` refers to itself")),
            None => {}
        }
        self.at.memo.attributes.borrow_mut().insert(key.clone(), None);
        let value = self.within(|| self.attribute_of(resource, body, attribute, span));
        self.at.memo.attributes.borrow_mut().insert(key, Some(value.clone()));
        value.at(span)
    }

    fn attribute_of(&self, resource: &str, body: &Node, attribute: &str, span: Span) -> Value {
        let kind = body.get("Type").and_then(Node::text).unwrap_or_default();
        if kind == "AWS::CloudFormation::Stack"
            && let Some(output) = attribute.strip_prefix("Outputs.")
        {
            return self.nested_output(resource, body, output, span);
        }
        let properties = body.get("Properties");
        let property =
            |name: &str| properties.and_then(|properties| properties.get(name)).and_then(|node| self.eval(node));
        let address = self.at.address(resource);
        let chosen = |part: Option<Value>, what: &str| {
            part.unwrap_or_else(|| {
                let mut unknown = Unknown::new(Reason::Computed(format!("{address}.{what}").into()), Some(span));
                unknown.symbol = Some(format!("{address}.{what} in stack {}", self.at.stack.0).into());
                Value::new(Kind::Unknown(Arc::new(unknown)))
            })
        };
        let known = match attributes::of(kind) {
            Some(shape) if shape.names(attribute) => match attributes::fill(shape.reference, property).as_slice() {
                [Some(value)] => Some(value.clone()),
                _ => None,
            },
            Some(shape) if shape.arn(attribute) => {
                let place = &self.at.place;
                let partition = self.reference("AWS::Partition", span).unwrap_or_else(Value::null);
                let mut parts = vec![Value::string("arn:"), partition, Value::string(format!(":{}:", shape.service))];
                if !matches!(shape.service, "iam" | "s3" | "organizations") {
                    parts.push(place_value(&place.region, false));
                }
                parts.push(Value::string(":"));
                if shape.service != "s3" {
                    parts.push(place_value(&place.account, true));
                }
                parts.push(Value::string(":"));
                parts.extend(attributes::fill(shape.resource, property).into_iter().map(|part| chosen(part, "id")));
                Some(lift(&parts, 0, &|parts| concat(parts, span)))
            }
            _ => property(attribute),
        };
        let reference = Ref { stack: self.at.stack, address, attr: attribute.into(), known };
        Value::new(Kind::Ref(Arc::new(reference))).at(span)
    }

    fn substitute(&self, argument: &Node, span: Span) -> Value {
        let (template, names) = match &argument.kind {
            NodeKind::Seq(items) => (items.first(), items.get(1)),
            _ => (Some(argument), None),
        };
        let pieces: Vec<Value> = match template.map(|node| (&node.kind, node.string())) {
            Some((NodeKind::Value(value), _)) => match &value.kind {
                Kind::Template(parts) => parts.to_vec(),
                _ => vec![(**value).clone()],
            },
            Some((_, Some(text))) => vec![Value::string(text)],
            _ => return self.invalid(span, "`Fn::Sub` takes a string"),
        };
        let mut parts = Vec::new();
        for piece in &pieces {
            match &piece.kind {
                Kind::String(text) => self.substituted(text, names, span, &mut parts),
                _ => parts.push(piece.clone()),
            }
        }
        let value = lift(&parts, 0, &|parts| concat(parts, span));
        match pieces.as_slice() {
            [Value { kind: Kind::String(template), .. }] if template.contains("{{resolve:") => {
                dynamic(&value.text().unwrap_or_else(|| template.clone()), span)
            }
            _ => value,
        }
    }

    /// The text's parts, with what stands in the places of its names.
    fn substituted(&self, text: &str, names: Option<&Node>, span: Span, parts: &mut Vec<Value>) {
        let mut known: BTreeMap<&str, Option<Value>> = BTreeMap::new();
        let mut rest = text;
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
            let value = match known.get(name) {
                Some(value) => value.clone(),
                None => {
                    let value = match names.and_then(|names| names.get(name)) {
                        Some(node) => Some(self.value(node)),
                        None => match name.split_once('.') {
                            Some((resource, attribute)) => Some(self.attribute(resource, attribute, span)),
                            None => self.reference(name, span),
                        },
                    };
                    known.insert(name, value.clone());
                    value
                }
            };
            parts.push(value.unwrap_or_else(|| Value::string("")));
        }
        parts.push(Value::string(rest));
    }

    fn find_in_map(&self, arguments: &[Node], span: Span) -> Value {
        let [name, ..] = arguments else { return self.invalid(span, "`Fn::FindInMap` takes a map and two keys") };
        let keys: Vec<Value> = arguments.iter().take(3).map(|node| self.value(node)).collect();
        let default = arguments.get(3).and_then(|node| node.get("DefaultValue"));
        if default.is_some() {
            self.extended("DefaultValue", span);
        }
        lift(&keys, 0, &|keys| {
            let [map, keys @ ..] = keys else { return Value::null() };
            if keys.len() != 2 {
                return self.invalid(span, "`Fn::FindInMap` takes a map and two keys");
            }
            let Some(map) = map.text() else { return unknown_from(map, name.span) };
            let mut path = vec![map.clone()];
            self.entry_of(
                self.at.entry("Mappings", &map),
                keys,
                arguments.get(1..).unwrap_or_default(),
                &Lookup { default, span },
                &mut path,
            )
        })
    }

    /// The mapping's entry below these keys. Where a key is not known, what the candidates lead to.
    fn entry_of(
        &self,
        node: Option<&Node>,
        keys: &[Value],
        nodes: &[Node],
        lookup: &Lookup<'_>,
        path: &mut Vec<Arc<str>>,
    ) -> Value {
        let absent = |path: &[Arc<str>]| match lookup.default {
            Some(default) => self.value(default),
            None => self.invalid(lookup.span, &format!("the mapping has no entry `{}`", path.join("` / `"))),
        };
        let ([key, keys @ ..], [written, nodes @ ..]) = (keys, nodes) else {
            return node.map_or_else(|| absent(path), |node| self.value(node));
        };
        if let Some(text) = key.text() {
            path.push(text.clone());
            let below = node.and_then(|node| node.get(&text));
            return self.entry_of(below, keys, nodes, lookup, path);
        }
        let open = || unknown_from(key, lookup.span);
        let Some(subject) = subject(key, written) else { return open() };
        let mut found: Vec<(Arc<str>, Value)> = Vec::new();
        for (candidate, below) in node.map(Node::entries).unwrap_or_default() {
            let NodeKind::Scalar { text, .. } = &candidate.kind else { continue };
            if !self.may_be(key, written, text) {
                continue;
            }
            // Which entries exist must not be told as a fault of the template: the key may never be this one.
            let leads = keys.iter().zip(nodes).try_fold(below, |node, (key, _)| match key.text() {
                Some(text) => node.get(&text),
                None => Some(node),
            });
            if leads.is_some() || lookup.default.is_some() {
                path.push(text.clone());
                let value = self.entry_of(Some(below), keys, nodes, lookup, path);
                path.pop();
                found.push((text.clone(), value));
            }
        }
        // With a default, the key may be any; without one, nothing is deployed where it is none of these.
        let last = match lookup.default {
            Some(default) => self.value(default),
            None => match found.pop() {
                Some((_, value)) => value,
                None => return open(),
            },
        };
        found.retain(|(_, value)| value.kind != last.kind);
        if found.len() > MOST_CONDITIONS {
            return open();
        }
        found.into_iter().rev().fold(last, |otherwise, (text, value)| {
            let guard =
                |holds| Guard { text: self.guard(&format!("{subject} is {text}")), holds, span: Some(written.span) };
            let branches = [Branch { guard: guard(true), value }, Branch { guard: guard(false), value: otherwise }];
            Value::new(Kind::Cond(branches.into()))
        })
    }

    /// Whether a key that is not known may be that text.
    fn may_be(&self, key: &Value, written: &Node, text: &str) -> bool {
        if let Some(("Ref", name)) = written.call()
            && let Some(declared) = name.text().and_then(|name| self.at.entry("Parameters", name))
            && super::parameters::allowed(declared).is_some_and(|allowed| !allowed.iter().any(|other| **other == *text))
        {
            return false;
        }
        let Kind::Template(parts) = &key.kind else { return true };
        let known = |part: Option<&Value>| part.and_then(Value::text).unwrap_or_else(|| "".into());
        let (first, last) = (known(parts.first()), known(parts.last()));
        text.len() >= first.len() + last.len() && text.starts_with(&*first) && text.ends_with(&*last)
    }
}

/// What a lookup in a mapping falls back on, and where it stands.
struct Lookup<'a> {
    default: Option<&'a Node>,
    span: Span,
}

/// What a key that is not known is called: the parameter's name, else the names of all its parts; `None` where it has
/// none, so that two of them may differ.
fn subject(key: &Value, written: &Node) -> Option<String> {
    let marked = key.marked_text()?;
    match written.call() {
        Some(("Ref", name)) => Some(name.text()?.to_owned()),
        _ => Some(marked.replace('\u{1}', "")),
    }
}

/// Text with a reference that CloudFormation resolves at deployment.
fn dynamic(text: &str, span: Span) -> Value {
    let mut unknown = Unknown::new(Reason::DynamicReference(text.into()), Some(span));
    // Without a version in it, the same text may be another value later; within one deployment it is one.
    unknown.symbol = Some(text.into());
    Value { kind: Kind::Unknown(Arc::new(unknown)), span: Some(span), sensitive: text.contains("secretsmanager") }
}

/// Unknown for the reason that `value` is.
pub(super) fn unknown_from(value: &Value, span: Span) -> Value {
    match value.first_unknown() {
        Some(unknown) => Value::new(Kind::Unknown(Arc::new(Unknown { symbol: None, ..(**unknown).clone() }))).at(span),
        None => Value::unknown(Reason::Derived("it depends on a value that is not known".into()), Some(span)),
    }
}

/// Applies `function` under each undecided condition that the values hang on.
pub(super) fn lift(values: &[Value], depth: usize, function: &dyn Fn(&[Value]) -> Value) -> Value {
    let under = values.iter().find_map(|value| match &value.kind {
        Kind::Cond(branches) => branches.first().map(|branch| &branch.guard),
        Kind::Seq(seq) => seq.items.iter().find_map(|item| match &item.kind {
            Kind::Cond(branches) => branches.first().map(|branch| &branch.guard),
            _ => None,
        }),
        _ => None,
    });
    let Some(guard) = under.cloned() else { return function(values) };
    if depth >= MOST_CONDITIONS {
        let reason = Reason::Limit(format!("it hangs on more than {MOST_CONDITIONS} undecided conditions").into());
        return Value::unknown(reason, guard.span);
    }
    let branch = |holds: bool| {
        let values: Vec<Value> = values.iter().filter_map(|value| under_guard(value, &guard.text, holds)).collect();
        Branch { guard: Guard { holds, ..guard.clone() }, value: lift(&values, depth + 1, function) }
    };
    let (then, otherwise) = (branch(true), branch(false));
    if then.value.kind == otherwise.value.kind {
        return then.value;
    }
    Value::new(Kind::Cond([then, otherwise].into()))
}

/// The value where the condition holds, or does not.
fn under_guard(value: &Value, text: &str, holds: bool) -> Option<Value> {
    let chosen = |value: &Value| match &value.kind {
        Kind::Cond(branches) if branches.first().is_some_and(|branch| *branch.guard.text == *text) => branches
            .iter()
            .find(|branch| branch.guard.holds == holds)
            .map_or_else(Value::null, |branch| branch.value.clone()),
        _ => value.clone(),
    };
    match &value.kind {
        Kind::Seq(seq) => {
            let mut seq = (**seq).clone();
            // Null is `AWS::NoValue`: the element is not there.
            seq.items = seq.items.iter().map(chosen).filter(|item| !item.is_null()).collect();
            Some(Value { kind: Kind::Seq(Arc::new(seq)), ..value.clone() })
        }
        _ => Some(chosen(value)),
    }
}

fn join(separator: &Value, list: &Value, span: Span) -> Value {
    match &list.kind {
        Kind::Seq(seq) if seq.open.is_none() => {
            let mut parts = Vec::new();
            for (index, item) in seq.items.iter().enumerate() {
                if index > 0 {
                    parts.push(separator.clone());
                }
                parts.push(item.clone());
            }
            concat(&parts, span)
        }
        _ => unknown_from(list, span),
    }
}

fn split(separator: &Value, text: &Value, span: Span) -> Value {
    match (separator.text(), text.marked_text()) {
        (Some(separator), Some(marked))
            if !separator.is_empty()
                && (!marked.contains('\u{1}') || matches!(&*separator, ":" | "/") && holds_ids(text)) =>
        {
            Value::tuple(marked.split(&*separator).map(Value::from_marked).collect())
        }
        _ => unknown_from(text, span),
    }
}

/// Whether all that is not known of the text are accounts, Regions and ids: none holds a separator of an ARN.
fn holds_ids(value: &Value) -> bool {
    match &value.kind {
        Kind::Template(parts) => parts.iter().all(holds_ids),
        Kind::Ref(reference) => reference.known.as_ref().is_some_and(holds_ids),
        Kind::Unknown(unknown) => {
            matches!(unknown.reason, Reason::Account(_) | Reason::Region(_) | Reason::Computed(_))
        }
        _ => value.text().is_some(),
    }
}

/// Concatenates; known neighbours become one text.
pub(super) fn concat(parts: &[Value], span: Span) -> Value {
    let mut out: Vec<Value> = Vec::new();
    let mut text = String::new();
    let mut length = 0;
    let sensitive = parts.iter().any(|part| part.sensitive);
    for part in parts {
        if matches!(part.kind, Kind::Seq(_) | Kind::Map(_) | Kind::Cond(_)) {
            return unknown_from(part, span);
        }
        let inner: &[Value] = match &part.kind {
            Kind::Template(parts) => parts,
            _ => std::slice::from_ref(part),
        };
        for part in inner {
            let known = match &part.kind {
                Kind::Ref(_) => None,
                _ => part.text(),
            };
            length += known.as_ref().map_or(1, |text| text.len());
            if length > LONGEST || out.len() > MOST_PARTS {
                return Value::unknown(Reason::Limit("the text is too long".into()), Some(span));
            }
            match known {
                Some(known) => text.push_str(&known),
                None => {
                    if !text.is_empty() {
                        out.push(Value::string(std::mem::take(&mut text)));
                    }
                    out.push(part.clone());
                }
            }
        }
    }
    if out.is_empty() {
        return Value { sensitive, ..Value::string(text).at(span) };
    }
    if !text.is_empty() {
        out.push(Value::string(text));
    }
    Value { sensitive, ..Value::new(Kind::Template(out.into())).at(span) }
}
