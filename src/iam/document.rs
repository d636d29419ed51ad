//! Policy documents: from a value with holes to statements.

use crate::source::Span;
use crate::value::{Kind, Reason, Unknown, Value};
use std::fmt::Write as _;
use std::sync::Arc;

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Allow,
    Deny,
}

/// A policy as written.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    pub statements: Vec<Statement>,
    /// Why statements may be missing here, or the whole document is not known.
    pub open: Option<String>,
    /// Where `open` is said.
    pub open_span: Option<Span>,
    /// Version 2012-10-17: `${…}` is a variable.
    pub variables: bool,
    pub span: Option<Span>,
}

/// One statement. Its parts stay values, so that holes keep their names.
#[derive(Clone, Debug)]
pub struct Statement {
    pub sid: Option<Arc<str>>,
    /// Its position, from 1.
    pub number: usize,
    /// `None` where the effect is not known.
    pub effect: Option<Effect>,
    pub principal: Option<Value>,
    pub not_principal: Option<Value>,
    pub action: Option<Value>,
    pub not_action: Option<Value>,
    pub resource: Option<Value>,
    pub not_resource: Option<Value>,
    pub condition: Option<Value>,
    pub span: Option<Span>,
}

impl Statement {
    /// How messages name it.
    pub fn name(&self) -> String {
        self.sid
            .as_ref()
            .filter(|sid| !sid.is_empty())
            .map_or_else(|| format!("statement {}", self.number), |sid| format!("the statement `{sid}`"))
    }
}

/// The policy that `value` holds: a structure, a document, or JSON text with holes.
pub fn parse(value: &Value) -> Policy {
    let structure = match &value.kind {
        Kind::Document(inner) => Some((**inner).clone()),
        Kind::Map(_) => Some(value.clone()),
        Kind::String(_) | Kind::Template(_) => decode(value),
        Kind::Ref(reference) => return reference.known.as_ref().map_or_else(|| unknown(value), parse),
        _ => None,
    };
    let Some(structure) = structure else { return unknown(value) };
    let Some(map) = structure.as_map() else { return unknown(value) };
    let mut policy = Policy {
        variables: map.entries.get("Version").and_then(|entry| entry.value.text()).as_deref() == Some("2012-10-17"),
        span: value.span,
        ..Policy::default()
    };
    if let Some(open) = &map.open {
        policy.open = Some(open.reason.to_string());
        policy.open_span = open.span;
    }
    match map.entries.get("Statement").map(|entry| &entry.value) {
        None => {}
        Some(one) if one.as_map().is_some() => policy.statements.extend(statement(one, 1, value.span)),
        Some(many) => match many.as_seq() {
            Some(seq) => {
                for (at, item) in seq.items.iter().enumerate() {
                    match statement(item, at + 1, value.span) {
                        Some(statement) => policy.statements.push(statement),
                        None => open(&mut policy, item),
                    }
                }
                if let Some(more) = &seq.open {
                    policy.open = Some(more.reason.to_string());
                    policy.open_span = more.span;
                }
            }
            None => open(&mut policy, many),
        },
    }
    policy
}

fn open(policy: &mut Policy, value: &Value) {
    let other = unknown(value);
    policy.open = other.open;
    policy.open_span = other.open_span;
}

/// A policy of which nothing is known.
fn unknown(value: &Value) -> Policy {
    let (text, span) = match (&value.kind, value.first_unknown()) {
        (_, Some(unknown)) => (unknown.reason.to_string(), unknown.span),
        (Kind::Cond(branches), None) => {
            let guard =
                branches.first().map(|branch| branch.guard.text.clone()).unwrap_or_else(|| "a condition".into());
            (format!("it depends on `{guard}`"), branches.first().and_then(|branch| branch.guard.span))
        }
        _ => ("the text is not a policy".to_owned(), value.span),
    };
    Policy { open: Some(text), open_span: span.or(value.span), span: value.span, ..Policy::default() }
}

fn statement(value: &Value, number: usize, fallback: Option<Span>) -> Option<Statement> {
    let map = value.as_map()?;
    if map.open.is_some() {
        return None;
    }
    let get = |name: &str| map.entries.get(name).map(|entry| entry.value.clone()).filter(|value| !value.is_null());
    let effect = match get("Effect").as_ref().and_then(Value::text).as_deref() {
        Some("Allow") => Some(Effect::Allow),
        Some("Deny") => Some(Effect::Deny),
        _ => None,
    };
    Some(Statement {
        sid: get("Sid").as_ref().and_then(Value::text),
        number,
        effect,
        principal: get("Principal"),
        not_principal: get("NotPrincipal"),
        action: get("Action"),
        not_action: get("NotAction"),
        resource: get("Resource"),
        not_resource: get("NotResource"),
        condition: get("Condition"),
        span: value.span.or(fallback),
    })
}

/// The policy in JSON text that is wholly known.
pub fn from_json(text: &str) -> Option<Policy> {
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    Some(parse(&value_of(&json, None, &[])))
}

/// JSON text with holes, as a structure; the holes stand as marks while it is parsed.
fn decode(value: &Value) -> Option<Value> {
    let mut holes = Vec::new();
    let mut text = String::new();
    flatten(value, &mut text, &mut holes);
    let json: serde_json::Value = serde_json::from_str(&text).ok()?;
    Some(value_of(&json, value.span, &holes))
}

const OPEN: char = '\u{f0000}';
const CLOSE: char = '\u{f0001}';

fn flatten(value: &Value, text: &mut String, holes: &mut Vec<Value>) {
    match &value.kind {
        Kind::Template(parts) => parts.iter().for_each(|part| flatten(part, text, holes)),
        Kind::Ref(reference) if reference.known.is_some() => {
            if let Some(known) = &reference.known {
                flatten(known, text, holes);
            }
        }
        // A document or list put into text by `jsonencode` is JSON already.
        Kind::Document(inner) if value.text().is_none() => {
            let _ = inner;
            let _ = write!(text, "{OPEN}{}{CLOSE}", holes.len());
            holes.push(value.clone());
        }
        _ => match value.text() {
            Some(known) => text.push_str(&known),
            None => {
                let _ = write!(text, "{OPEN}{}{CLOSE}", holes.len());
                holes.push(value.clone());
            }
        },
    }
}

/// JSON as a value, the holes put back.
pub(crate) fn value_of(json: &serde_json::Value, span: Option<Span>, holes: &[Value]) -> Value {
    let value = match json {
        serde_json::Value::Null => Value::null(),
        serde_json::Value::Bool(b) => Value::bool(*b),
        serde_json::Value::Number(n) => {
            crate::value::Number::parse(&n.to_string()).map_or_else(Value::null, |n| Value::new(Kind::Number(n)))
        }
        serde_json::Value::String(text) => filled(text, holes),
        serde_json::Value::Array(items) => Value::tuple(items.iter().map(|item| value_of(item, span, holes)).collect()),
        serde_json::Value::Object(object) => {
            // A key with a hole is a name that is not known.
            let hole = object.keys().any(|key| key.contains(OPEN));
            let mut value = Value::object(
                object
                    .iter()
                    .filter(|(key, _)| !key.contains(OPEN))
                    .map(|(key, value)| (key.as_str(), value_of(value, span, holes))),
            );
            if hole && let Kind::Map(map) = &mut value.kind {
                Arc::make_mut(map).open =
                    Some(Arc::new(Unknown::new(Reason::Derived("a key of the policy is not known".into()), span)));
            }
            value
        }
    };
    Value { span: value.span.or(span), ..value }
}

fn filled(text: &str, holes: &[Value]) -> Value {
    if !text.contains(OPEN) {
        return Value::string(text);
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let Some((number, after)) = after.split_once(CLOSE) else { break };
        if !before.is_empty() {
            parts.push(Value::string(before));
        }
        parts.extend(number.parse::<usize>().ok().and_then(|at| holes.get(at)).cloned());
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Value::string(rest));
    }
    match parts.as_slice() {
        [one] => one.clone(),
        _ => Value::new(Kind::Template(parts.into())),
    }
}

/// A text with marked symbols as a value.
pub(crate) fn marked_value(text: &str) -> Value {
    if !text.contains('\u{1}') {
        return Value::string(text);
    }
    let parts = text.split('\u{1}').enumerate().filter(|(_, part)| !part.is_empty()).map(|(at, part)| {
        if at % 2 == 0 {
            return Value::string(part);
        }
        let mut unknown = Unknown::new(Reason::Derived(part.into()), None);
        unknown.symbol = Some(part.into());
        Value::new(Kind::Unknown(Arc::new(unknown)))
    });
    Value::new(Kind::Template(parts.collect()))
}
