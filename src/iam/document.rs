//! Policy documents: from a value with holes to statements.

use super::cases;
use crate::embedded;
use crate::source::Span;
use crate::value::{Guard, Kind, Value};
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
    /// The policy as it is in each case, where it depends on conditions that are not decided. Empty where it does not,
    /// or on too many.
    pub cases: Vec<Case>,
    /// Version 2012-10-17: `${…}` is a variable.
    pub variables: bool,
    pub span: Option<Span>,
}

/// What a policy is where some undecided conditions hold and others do not.
#[derive(Clone, Debug)]
pub struct Case {
    pub guards: Vec<Guard>,
    pub policy: Policy,
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
    /// In lower case.
    pub action: Option<Vec<Pattern>>,
    pub not_action: Option<Vec<Pattern>>,
    /// The services that `action` is about (`kms:`), once each; empty where it may be about any. AWS's managed policies have
    /// hundreds of actions, nearly all of other services than the one that is asked for.
    pub(super) services: Vec<Box<str>>,
    pub resource: Option<Vec<Pattern>>,
    pub not_resource: Option<Vec<Pattern>>,
    pub condition: Option<Value>,
    /// The undecided condition under which the statement exists.
    pub when: Option<Guard>,
    pub span: Option<Span>,
}

/// One entry of `Action` or `Resource`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    Text(Arc<str>),
    /// Text with holes, each marked.
    Marked(Arc<str>),
    Unknown,
}

impl Pattern {
    fn of(value: &Value, lower: bool) -> Self {
        let cased = |text: &str| -> Arc<str> { if lower { text.to_ascii_lowercase().into() } else { text.into() } };
        match (value.text(), value.marked_text()) {
            (Some(text), _) => Self::Text(cased(&text)),
            (None, Some(marked)) => Self::Marked(cased(&marked)),
            (None, None) => Self::Unknown,
        }
    }

    /// The entries of a list, or the one that stands alone.
    fn all(value: &Value, lower: bool) -> Vec<Self> {
        match &value.kind {
            Kind::Seq(seq) => {
                let items = seq.items.iter().map(|item| Self::of(item, lower));
                items.chain(seq.open.iter().map(|_| Self::Unknown)).collect()
            }
            Kind::Null(_) => Vec::new(),
            _ => vec![Self::of(value, lower)],
        }
    }
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

/// The statements of the policy that `value` holds, as they are written.
pub fn statements(value: &Value) -> Vec<Value> {
    if let Kind::Ref(reference) = &value.kind {
        return reference.known.as_ref().map(statements).unwrap_or_default();
    }
    match structure(value).and_then(|policy| policy.get("Statement").cloned()) {
        Some(one) if one.as_map().is_some() => vec![one],
        Some(many) => many.as_seq().map(|seq| seq.items.clone()).unwrap_or_default(),
        None => Vec::new(),
    }
}

fn structure(value: &Value) -> Option<Value> {
    match &value.kind {
        Kind::Map(_) => Some(value.clone()),
        Kind::Document(_) | Kind::String(_) | Kind::Template(_) => embedded::decode(value, None),
        _ => None,
    }
}

/// The policy that `value` holds: a structure, a document, or JSON text with holes.
pub fn parse(value: &Value) -> Policy {
    let cases = cases::of(value).into_iter().map(|(guards, value)| Case { guards, policy: read(&value) });
    Policy { cases: cases.collect(), ..read(value) }
}

fn read(value: &Value) -> Policy {
    if let Kind::Ref(reference) = &value.kind {
        return reference.known.as_ref().map_or_else(|| unknown(value), read);
    }
    let Some(structure) = structure(value) else { return unknown(value) };
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
        Some(one) if one.as_map().is_some() => match statement(one, 1, value.span) {
            Some(statement) => policy.statements.push(statement),
            None => open(&mut policy, one),
        },
        Some(many) => match many.as_seq() {
            Some(seq) => {
                for (at, item) in seq.items.iter().enumerate() {
                    match alternatives(item, at + 1, value.span) {
                        Some(statements) => policy.statements.extend(statements),
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

/// The statement, or under conditions the one of each alternative.
fn alternatives(value: &Value, number: usize, fallback: Option<Span>) -> Option<Vec<Statement>> {
    let Kind::Cond(branches) = &value.kind else { return Some(vec![statement(value, number, fallback)?]) };
    let there = branches.iter().filter(|branch| !branch.value.is_null());
    there
        .map(|branch| {
            let statement = statement(&branch.value, number, value.span.or(fallback))?;
            Some(Statement { when: Some(branch.guard.clone()), ..statement })
        })
        .collect()
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
    let action = get("Action").map(|value| Pattern::all(&value, true));
    Some(Statement {
        sid: get("Sid").as_ref().and_then(Value::text),
        number,
        effect,
        principal: get("Principal"),
        not_principal: get("NotPrincipal"),
        services: action.as_deref().and_then(services).unwrap_or_default(),
        action,
        not_action: get("NotAction").map(|value| Pattern::all(&value, true)),
        resource: get("Resource").map(|value| Pattern::all(&value, false)),
        not_resource: get("NotResource").map(|value| Pattern::all(&value, false)),
        condition: get("Condition"),
        when: None,
        span: value.span.or(fallback),
    })
}

/// The services of these actions, each with its colon; `None` where one may be of any service.
fn services(actions: &[Pattern]) -> Option<Vec<Box<str>>> {
    let mut out: Vec<Box<str>> = Vec::new();
    for action in actions {
        let Pattern::Text(text) = action else { return None };
        let (service, _) = text.split_once(':').filter(|(service, _)| !service.contains(['*', '?']))?;
        let service = text.get(..=service.len())?;
        if out.iter().all(|known| **known != *service) {
            out.push(service.into());
        }
    }
    Some(out)
}

/// The policy in JSON text that is wholly known.
pub fn from_json(text: &str) -> Option<Policy> {
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    Some(parse(&value_of(&json)))
}

/// JSON as a value.
pub(crate) fn value_of(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::null(),
        serde_json::Value::Bool(b) => Value::bool(*b),
        serde_json::Value::Number(n) => {
            crate::value::Number::parse(&n.to_string()).map_or_else(Value::null, |n| Value::new(Kind::Number(n)))
        }
        serde_json::Value::String(text) => Value::string(text.as_str()),
        serde_json::Value::Array(items) => Value::tuple(items.iter().map(value_of).collect()),
        serde_json::Value::Object(object) => {
            Value::object(object.iter().map(|(key, value)| (key.as_str(), value_of(value))))
        }
    }
}
