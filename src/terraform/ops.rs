//! Operators, conversion and unification of Terraform's values, three-valued where something is unknown.

use super::ast::{BinaryOp, UnaryOp};
use super::branches::{self, absence, over_branches, where_it_exists};
use super::functions::EvalError;
use super::types;
use crate::value::{
    Branch, Entries, Entry, Guard, Kind, Map, MapKind, Number, Reason, Ref, Seq, SeqKind, Type, Unknown, Value,
};
use std::sync::Arc;

pub(crate) fn fail<T>(message: impl Into<String>) -> Result<T, EvalError> {
    Err(EvalError::new(message.into()))
}

/// What a value is called in messages.
pub(crate) fn name_of(value: &Value) -> &'static str {
    match &value.kind {
        Kind::Null(_) => "null",
        Kind::Bool(_) => "bool",
        Kind::Number(_) => "number",
        Kind::String(_) | Kind::Document(_) | Kind::Ref(_) | Kind::Template(_) => "string",
        Kind::Seq(seq) => match seq.kind {
            SeqKind::Tuple => "tuple",
            SeqKind::List => "list",
            SeqKind::Set => "set",
        },
        Kind::Map(map) => match map.kind {
            MapKind::Object => "object",
            MapKind::Map => "map",
        },
        Kind::Cond(_) | Kind::Unknown(_) => "unknown value",
    }
}

/// An unknown that follows from `from`: the reason and place stay, the symbol does not.
pub(crate) fn derived(from: &[&Value], ty: Type) -> Value {
    let cause = from.iter().find_map(|value| cause(value));
    let sensitive = from.iter().any(|value| value.sensitive);
    let unknown = match cause {
        Some(cause) => Unknown { reason: cause.reason.clone(), span: cause.span, symbol: None, ty },
        None => Unknown { reason: Reason::Derived("a value that is not known".into()), span: None, symbol: None, ty },
    };
    let span = unknown.span;
    Value { kind: Kind::Unknown(Arc::new(unknown)), span, sensitive }
}

/// Why the value is not known: also the computed part of a reference.
fn cause(value: &Value) -> Option<Arc<Unknown>> {
    if let Some(unknown) = value.first_unknown() {
        return Some(unknown.clone());
    }
    match &value.kind {
        Kind::Ref(reference) => reference.known.as_ref().and_then(cause).or_else(|| {
            let name = format!("{}.{}", reference.address, reference.attr);
            Some(Arc::new(Unknown::new(Reason::Computed(name.into()), value.span)))
        }),
        Kind::Template(parts) => parts.iter().find_map(cause),
        Kind::Cond(branches) => branches.first().map(|branch| {
            Arc::new(Unknown::new(
                Reason::Derived(format!("it depends on `{}`", branch.guard.text).into()),
                branch.guard.span,
            ))
        }),
        Kind::Document(value) => cause(value),
        _ => None,
    }
}

/// Whether the value itself (not a part of it) is unknown or conditional.
pub(crate) fn is_open(value: &Value) -> bool {
    matches!(value.kind, Kind::Unknown(_) | Kind::Cond(_))
}

/// `left op right`.
pub(crate) fn binary(op: BinaryOp, left: &Value, right: &Value) -> Result<Value, EvalError> {
    let sensitive = left.sensitive || right.sensitive;
    let mut value = binary_plain(op, left, right)?;
    value.sensitive |= sensitive;
    Ok(value)
}

fn binary_plain(op: BinaryOp, left: &Value, right: &Value) -> Result<Value, EvalError> {
    use BinaryOp::{
        Add, And, Divide, Equal, Greater, GreaterEqual, Less, LessEqual, Modulo, Multiply, NotEqual, Or, Subtract,
    };
    match op {
        Or | And => {
            let (l, r) = (logic(left)?, logic(right)?);
            let result = match (op, l, r) {
                (Or, Some(true), _) | (Or, _, Some(true)) => Some(true),
                (And, Some(false), _) | (And, _, Some(false)) => Some(false),
                (_, Some(a), Some(b)) => Some(if op == Or { a || b } else { a && b }),
                _ => None,
            };
            return Ok(result.map_or_else(|| derived(&[left, right], Type::Bool), Value::bool));
        }
        Equal | NotEqual => {
            if let Some(value) = distribute(op, left, right)? {
                return Ok(value);
            }
            return Ok(match compare(left, right, true) {
                Some(same) => Value::bool(same == (op == Equal)),
                None => derived(&[left, right], Type::Bool),
            });
        }
        _ => {}
    }
    if let Some(value) = distribute(op, left, right)? {
        return Ok(value);
    }
    let compares = matches!(op, Less | LessEqual | Greater | GreaterEqual);
    let ty = if compares { Type::Bool } else { Type::Number };
    let (Some(l), Some(r)) = (number(left)?, number(right)?) else { return Ok(derived(&[left, right], ty)) };
    if !compares && (l.is_vast() || r.is_vast()) {
        let reason = Reason::Limit("a number of more than 10,000 digits is not computed with".into());
        return Ok(Value::unknown(reason, left.span));
    }
    Ok(match op {
        Less => Value::bool(l < r),
        LessEqual => Value::bool(l <= r),
        Greater => Value::bool(l > r),
        GreaterEqual => Value::bool(l >= r),
        Add => Value::new(Kind::Number(l.plus(&r))),
        Subtract => Value::new(Kind::Number(l.plus(&r.negated()))),
        Multiply => Value::new(Kind::Number(l.times(&r))),
        Divide => match l.divided_by(&r) {
            Some(quotient) => Value::new(Kind::Number(quotient)),
            None if l.is_zero() => return fail("zero divided by zero"),
            None => Value::unknown(Reason::Unsupported("an infinite number".into()), left.span),
        },
        // Terraform leaves the number as it is.
        Modulo if r.is_zero() => Value::new(Kind::Number(l)),
        Modulo => Value::new(Kind::Number(l.modulo(&r))),
        Or | And | Equal | NotEqual => return fail("not an arithmetic operator"),
    })
}

fn distribute(op: BinaryOp, left: &Value, right: &Value) -> Result<Option<Value>, EvalError> {
    if let Kind::Cond(branches) = &left.kind {
        return over_branches(left, branches, |l| binary(op, l, right)).map(Some);
    }
    if let Kind::Cond(branches) = &right.kind {
        return over_branches(right, branches, |r| binary(op, left, r)).map(Some);
    }
    Ok(None)
}

/// `op value`.
pub(crate) fn unary(op: UnaryOp, value: &Value) -> Result<Value, EvalError> {
    if let Kind::Cond(branches) = &value.kind {
        return over_branches(value, branches, |v| unary(op, v));
    }
    let mut result = match op {
        UnaryOp::Not => logic(value)?.map_or_else(|| derived(&[value], Type::Bool), |b| Value::bool(!b)),
        UnaryOp::Negate => match number(value)? {
            Some(n) => Value::new(Kind::Number(n.negated())),
            None => derived(&[value], Type::Number),
        },
    };
    result.sensitive = value.sensitive;
    Ok(result)
}

/// The value as a condition: `None` where unknown.
pub(crate) fn logic(value: &Value) -> Result<Option<bool>, EvalError> {
    match &value.kind {
        Kind::Bool(b) => Ok(Some(*b)),
        Kind::Unknown(unknown) if !matches!(unknown.ty, Type::Dynamic | Type::String | Type::Bool) => fail(format!(
            "a bool is required, not {}",
            type_name(&unknown.ty).trim_start_matches("a ").trim_start_matches("an ")
        )),
        Kind::Unknown(_) => Ok(None),
        Kind::Cond(branches) => {
            let answers: Vec<_> = branches.iter().map(|branch| logic(&branch.value)).collect();
            let first = answers.iter().find_map(|answer| answer.as_ref().ok().copied());
            match first {
                // An error in each alternative is one.
                None => answers.into_iter().find(Result::is_err).unwrap_or(Ok(None)),
                Some(first) => Ok(first.filter(|_| answers.iter().all(|answer| *answer == Ok(first)))),
            }
        }
        Kind::Null(_) => fail("a bool is required, but the value is null"),
        _ => match value.text().as_deref().filter(|_| !matches!(value.kind, Kind::Number(_))) {
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            None if matches!(value.kind, Kind::Ref(_) | Kind::Template(_)) => Ok(None),
            _ => fail(format!("a bool is required, not {}", name_of(value))),
        },
    }
}

/// The value as a number: `None` where unknown.
pub(crate) fn number(value: &Value) -> Result<Option<Number>, EvalError> {
    match &value.kind {
        Kind::Number(n) => Ok(Some(n.clone())),
        Kind::Unknown(_) | Kind::Cond(_) => Ok(None),
        Kind::String(text) => match Number::parse(text) {
            Some(n) => Ok(Some(n)),
            None => fail("a number is required"),
        },
        Kind::Ref(_) | Kind::Template(_) | Kind::Document(_) => Ok(value.text().and_then(|text| Number::parse(&text))),
        Kind::Null(_) => fail("a number is required, but the value is null"),
        _ => fail(format!("a number is required, not {}", name_of(value))),
    }
}

/// The parts of a textual value: literal text, and holes. References show what is known of them.
pub(crate) fn text_parts(value: &Value) -> Vec<Value> {
    match &value.kind {
        Kind::Template(parts) => parts.iter().flat_map(text_parts).collect(),
        Kind::Ref(reference) => match &reference.known {
            Some(known) => text_parts(known),
            None => vec![value.clone()],
        },
        Kind::Number(_) | Kind::Bool(_) => value.text().map(|text| vec![Value::string(text)]).unwrap_or_default(),
        _ => vec![value.clone()],
    }
}

fn same_symbol(a: &Value, b: &Value) -> bool {
    match (&a.kind, &b.kind) {
        (Kind::Unknown(a), Kind::Unknown(b)) => a.symbol.is_some() && a.symbol == b.symbol,
        (Kind::Ref(a), Kind::Ref(b)) => same_ref(a, b),
        _ => false,
    }
}

fn same_ref(a: &Ref, b: &Ref) -> bool {
    a.stack == b.stack && a.address == b.address && a.attr == b.attr
}

/// Whether both are equal: `None` where that cannot be told.
pub(crate) fn equals(a: &Value, b: &Value) -> Option<bool> {
    compare(a, b, false)
}

/// The same as the operator `==` says it: the type of a null within a value is part of the value's type, and what has a
/// null of no type within is not compared.
fn compare(a: &Value, b: &Value, by_type: bool) -> Option<bool> {
    let equals = |a: &Value, b: &Value| compare(a, b, by_type);
    let within = |a: &Value, b: &Value| match (&a.kind, &b.kind) {
        (Kind::Null(x), Kind::Null(y)) if by_type => same_type(x.0.as_deref()?, y.0.as_deref()?),
        _ => compare(a, b, by_type),
    };
    match (&a.kind, &b.kind) {
        (Kind::Null(_), Kind::Null(_)) => Some(true),
        (Kind::Cond(branches), _) => agree(branches.iter().map(|branch| equals(&branch.value, b))),
        (_, Kind::Cond(branches)) => agree(branches.iter().map(|branch| equals(a, &branch.value))),
        (Kind::Unknown(_), Kind::Unknown(_)) if same_symbol(a, b) => Some(true),
        (Kind::Unknown(_), _) | (_, Kind::Unknown(_)) => {
            let (x, y) = (types::of(a), types::of(b));
            // A string never equals a number, whatever it is.
            (types::is_primitive(&x) && types::is_primitive(&y) && x != y).then_some(false)
        }
        (Kind::Null(_), _) => {
            if may_be_null(b) {
                None
            } else {
                Some(false)
            }
        }
        (_, Kind::Null(_)) => {
            if may_be_null(a) {
                None
            } else {
                Some(false)
            }
        }
        (Kind::Bool(x), Kind::Bool(y)) => Some(x == y),
        (Kind::Number(x), Kind::Number(y)) => Some(x == y),
        (Kind::String(x), Kind::String(y)) => Some(x == y),
        (Kind::Seq(x), Kind::Seq(y)) => {
            if x.kind != y.kind {
                return Some(false);
            }
            if x.open.is_some() || y.open.is_some() {
                return None;
            }
            if x.items.is_empty() && y.items.is_empty() && x.kind != SeqKind::Tuple {
                return same_type(&types::element_of(x), &types::element_of(y));
            }
            if x.items.len() != y.items.len() {
                return if x.kind == SeqKind::Set && (a.first_unknown().is_some() || b.first_unknown().is_some()) {
                    None
                } else {
                    Some(false)
                };
            }
            all(x.items.iter().zip(&y.items).map(|(x, y)| within(x, y)))
        }
        (Kind::Map(x), Kind::Map(y)) => {
            if x.open.is_some() || y.open.is_some() {
                return None;
            }
            // A map never equals an object.
            if x.kind != y.kind {
                return Some(false);
            }
            if x.entries.is_empty() && y.entries.is_empty() && x.kind == MapKind::Map {
                return same_type(&types::of(a), &types::of(b));
            }
            if x.entries.len() != y.entries.len() || x.entries.keys().ne(y.entries.keys()) {
                return Some(false);
            }
            all(x.entries.values().zip(y.entries.values()).map(|(x, y)| within(&x.value, &y.value)))
        }
        (Kind::Ref(x), Kind::Ref(y)) if same_ref(x, y) => Some(true),
        _ if is_textual(a) && is_textual(b) => equal_text(a, b),
        // What a resource computes may be of any type.
        _ if of_any_type(a) || of_any_type(b) => None,
        _ => Some(false),
    }
}

/// `None` where one of the types may turn out to be the other.
fn same_type(a: &Type, b: &Type) -> Option<bool> {
    (a == b || !(types::is_open(a) || types::is_open(b))).then(|| a == b)
}

fn of_any_type(value: &Value) -> bool {
    matches!(value.kind, Kind::Ref(_)) && types::of(value) == Type::Dynamic
}

fn is_textual(value: &Value) -> bool {
    matches!(value.kind, Kind::String(_) | Kind::Ref(_) | Kind::Template(_) | Kind::Document(_))
}

fn agree(mut answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let first = answers.next()??;
    answers.all(|answer| answer == Some(first)).then_some(first)
}

fn all(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut result = Some(true);
    for answer in answers {
        match answer {
            Some(false) => return Some(false),
            None => result = None,
            Some(true) => {}
        }
    }
    result
}

/// Compares texts with holes by their known beginnings and ends.
fn equal_text(a: &Value, b: &Value) -> Option<bool> {
    if let (Some(a), Some(b)) = (a.text(), b.text()) {
        return Some(a == b);
    }
    let (x, y) = (text_parts(a), text_parts(b));
    if x.len() == y.len()
        && x.iter().zip(&y).all(|(x, y)| {
            same_symbol(x, y) || matches!((&x.kind, &y.kind), (Kind::String(x), Kind::String(y)) if x == y)
        })
    {
        return Some(true);
    }
    let head = |parts: &[Value]| parts.first().and_then(|part| part.as_str().map(str::to_owned)).unwrap_or_default();
    let tail = |parts: &[Value]| parts.last().and_then(|part| part.as_str().map(str::to_owned)).unwrap_or_default();
    let (hx, hy, tx, ty) = (head(&x), head(&y), tail(&x), tail(&y));
    let heads_fit = hx.starts_with(&hy) || hy.starts_with(&hx);
    let tails_fit = tx.ends_with(&ty) || ty.ends_with(&tx);
    (!heads_fit || !tails_fit).then_some(false)
}

/// An attribute that the object of a whole resource does not list: the provider computes it.
fn computed_attribute(map: &Map, name: &Arc<str>) -> Option<Value> {
    let address = map.entries.get(super::eval::expand::SELF)?.value.as_str()?;
    let Kind::Ref(id) = &map.entries.get("id")?.value.kind else { return None };
    let of_it = *id.address == *address;
    of_it.then(|| {
        let reference = Ref { stack: id.stack, address: id.address.clone(), attr: name.clone(), known: None };
        Value::new(Kind::Ref(Arc::new(reference)))
    })
}

/// `value[key]`, also `value.key` with a string key.
pub(crate) fn index(value: &Value, key: &Value) -> Result<Value, EvalError> {
    match (&value.kind, &key.kind) {
        (Kind::Cond(branches), _) => return where_it_exists(value, branches, |v| index(v, key)),
        (_, Kind::Cond(branches)) => return where_it_exists(key, branches, |k| index(value, k)),
        (Kind::Ref(reference), _) => match &reference.known {
            Some(known) if matches!(known.kind, Kind::Seq(_) | Kind::Map(_)) => return index(known, key),
            _ if types::is_primitive(&types::of(value)) => return fail("text has no attributes or elements"),
            // What a resource computes may be of any type.
            _ => return Ok(derived(&[value], Type::Dynamic)),
        },
        (Kind::Unknown(unknown), _) if types::is_primitive(&unknown.ty) => {
            return fail("text has no attributes or elements");
        }
        (Kind::Unknown(unknown), _) => {
            let at = key.text().and_then(|key| Number::parse(&key));
            let ty = match (&unknown.ty, key.as_str()) {
                (Type::List(_) | Type::Tuple(_), Some(name)) if at.is_none() => {
                    return fail(format!("a list has no attribute `{name}`: name one of its elements first"));
                }
                (Type::Set(_), _) => return fail("elements of a set are identified only by their value"),
                (Type::List(element) | Type::Map(element), _) => (**element).clone(),
                (Type::Object(attributes), Some(name)) => match attributes.get(name) {
                    Some((ty, _)) => ty.clone(),
                    None => return fail(format!("there is no attribute `{name}`")),
                },
                _ => Type::Dynamic,
            };
            let mut out = derived(&[value], ty);
            if let (Kind::Unknown(out), Some(symbol), Some(key)) = (&mut out.kind, &unknown.symbol, key.text()) {
                Arc::make_mut(out).symbol = Some(format!("{symbol}.{key}").into());
            }
            return Ok(out);
        }
        (_, Kind::Unknown(_)) => return Ok(derived(&[key], Type::Dynamic)),
        _ => {}
    }
    let mut found = match &value.kind {
        Kind::Seq(seq) => {
            if seq.kind == SeqKind::Set {
                return fail("elements of a set are identified only by their value");
            }
            if let Some(name) = key.as_str().filter(|name| Number::parse(name).is_none()) {
                return fail(format!("a {} has no attribute `{name}`: name one of its elements first", name_of(value)));
            }
            let Some(at) = number(key)? else { return Ok(derived(&[key], Type::Dynamic)) };
            // Further elements may stand before those that are known.
            if seq.open.is_some() {
                return Ok(derived(&[value], Type::Dynamic));
            }
            match at.as_i64().and_then(|at| usize::try_from(at).ok()).and_then(|at| seq.items.get(at)) {
                Some(item) => item.clone(),
                None => return fail(format!("the index {at} is outside a sequence of {} elements", seq.items.len())),
            }
        }
        Kind::Map(map) => {
            let Some(name) = key.text() else { return Ok(derived(&[key], Type::Dynamic)) };
            match map.entries.get(&name) {
                Some(entry) => entry.value.clone(),
                None if map.open.is_some() => {
                    computed_attribute(map, &name).unwrap_or_else(|| derived(&[value], Type::Dynamic))
                }
                None => return fail(format!("there is no attribute or key `{name}`")),
            }
        }
        Kind::Null(_) => return fail("the value is null, so it has no attributes or elements"),
        _ => return fail(format!("a {} has no attributes or elements", name_of(value))),
    };
    found.sensitive |= value.sensitive;
    Ok(found)
}

/// Text that one expression may build up (bytes).
pub(crate) const LONGEST: usize = 16 << 20;

/// What stands in the place of a longer text.
pub(crate) fn too_long() -> Value {
    Value::unknown(Reason::Limit(format!("it is longer than {} MiB", LONGEST >> 20).into()), None)
}

/// Concatenates template parts; adjacent known text is merged.
pub(crate) fn concat(parts: Vec<Value>) -> Result<Value, EvalError> {
    let size: usize = parts.iter().map(|part| part.as_str().map_or(0, str::len)).sum();
    if size > LONGEST {
        return Ok(too_long());
    }
    let mut out: Vec<Value> = Vec::with_capacity(parts.len());
    let mut sensitive = false;
    let mut undecided: Option<(usize, Arc<[Branch]>)> = None;
    for (at, part) in parts.iter().enumerate() {
        if let Kind::Cond(branches) = &part.kind {
            undecided = Some((at, branches.clone()));
            break;
        }
    }
    if let Some((at, branches)) = undecided {
        let from = parts.get(at).cloned().unwrap_or_else(Value::null);
        return over_branches(&from, &branches, |branch| {
            let mut parts = parts.clone();
            if let Some(slot) = parts.get_mut(at) {
                *slot = branch.clone();
            }
            concat(parts)
        });
    }
    for part in parts {
        sensitive |= part.sensitive;
        match &part.kind {
            Kind::Null(_) => return fail("null cannot be part of a string template"),
            Kind::Seq(_) | Kind::Map(_) => {
                return fail(format!("a {} cannot be part of a string template", name_of(&part)));
            }
            Kind::Template(inner) => {
                for part in inner.iter() {
                    push_part(&mut out, part.clone());
                }
            }
            Kind::String(_) | Kind::Number(_) | Kind::Bool(_) | Kind::Document(_) => match part.text() {
                Some(text) => {
                    push_part(&mut out, Value { kind: Kind::String(text), span: part.span, sensitive: false })
                }
                None => out.push(part),
            },
            Kind::Ref(_) | Kind::Unknown(_) | Kind::Cond(_) => out.push(part),
        }
    }
    let mut value = match out.len() {
        0 => Value::string(""),
        1 if out.first().is_some_and(|part| matches!(part.kind, Kind::String(_))) => out.remove(0),
        _ => Value::new(Kind::Template(out.into())),
    };
    value.sensitive |= sensitive;
    Ok(value)
}

fn push_part(out: &mut Vec<Value>, part: Value) {
    if let Kind::String(text) = &part.kind {
        if text.is_empty() {
            return;
        }
        if let Some(last) = out.last_mut()
            && let Kind::String(before) = &last.kind
        {
            let joined = format!("{before}{text}");
            let joined: Arc<str> = super::composed(&joined).unwrap_or(joined).into();
            let span = match (last.span, part.span) {
                (Some(a), Some(b)) => Some(a.to(b)),
                (a, b) => a.or(b),
            };
            *last = Value { kind: Kind::String(joined), span, sensitive: last.sensitive };
            return;
        }
    }
    out.push(part);
}

/// Converts `value` to `ty` as Terraform converts module inputs and function arguments.
pub(crate) fn convert(value: &Value, ty: &Type) -> Result<Value, EvalError> {
    if let Kind::Cond(branches) = &value.kind {
        return over_branches(value, branches, |v| convert(v, ty));
    }
    let kind = match (&value.kind, ty) {
        (_, Type::Dynamic) => return Ok(value.clone()),
        (Kind::Null(of), ty) => {
            if of.0.as_deref().is_some_and(|of| !types::converts(of, ty)) {
                return fail(format!("{} is required, not null of another type", type_name(ty)));
            }
            Value::null_of(ty).kind
        }
        (Kind::Unknown(unknown), ty) => {
            let mut unknown = (**unknown).clone();
            unknown.ty = ty.clone();
            Kind::Unknown(Arc::new(unknown))
        }
        (Kind::String(_) | Kind::Ref(_) | Kind::Template(_) | Kind::Document(_), Type::String) => {
            return Ok(value.clone());
        }
        (Kind::Number(_) | Kind::Bool(_), Type::String) => Kind::String(value.text().unwrap_or_default()),
        (Kind::Number(_), Type::Number) | (Kind::Bool(_), Type::Bool) => return Ok(value.clone()),
        (Kind::Document(_), Type::Number | Type::Bool) => {
            return match value.text() {
                Some(text) => convert(&Value { kind: Kind::String(text), ..value.clone() }, ty),
                None => Ok(derived(&[value], ty.clone())),
            };
        }
        (Kind::String(text), Type::Number) => match Number::parse(text) {
            Some(n) => Kind::Number(n),
            None => return fail("a number is required"),
        },
        (Kind::String(text), Type::Bool) => match &**text {
            "true" | "1" => Kind::Bool(true),
            "false" | "0" => Kind::Bool(false),
            _ => return fail("a bool is required"),
        },
        (Kind::Ref(_) | Kind::Template(_), Type::Number | Type::Bool) => return Ok(derived(&[value], ty.clone())),
        (Kind::Seq(seq), Type::List(_) | Type::Set(_))
            if seq.items.is_empty() && seq.element.is_some() && !types::converts(&types::of(value), ty) =>
        {
            return fail(format!("{} of another type is required", type_name(ty)));
        }
        (Kind::Seq(seq), Type::List(element) | Type::Set(element)) => {
            let mut items = Vec::with_capacity(seq.items.len());
            for item in &seq.items {
                items.push(convert(item, element)?);
            }
            if **element == Type::Dynamic {
                items = match unify(items) {
                    Some(items) if nulls_of_no_type_among_others(&items) => {
                        return fail("all elements must have the same type, and one is null");
                    }
                    Some(items) => items,
                    // A further element may be of a type that all others can be brought to.
                    None if seq.open.is_some() => return Ok(derived(&[value], ty.clone())),
                    None => return fail("all elements must have the same type"),
                };
            }
            let kind = if matches!(ty, Type::Set(_)) { SeqKind::Set } else { SeqKind::List };
            let of_source = seq.element.as_deref().filter(|_| **element == Type::Dynamic);
            return Ok(Value {
                kind: of_elements(make_seq(kind, items, seq.open.clone()), of_source.unwrap_or(element)),
                span: value.span,
                sensitive: value.sensitive,
            });
        }
        (Kind::Seq(seq), Type::Tuple(types)) => {
            if seq.items.len() != types.len() {
                return fail(format!("a tuple of {} elements is required", types.len()));
            }
            let items: Result<Vec<Value>, EvalError> =
                seq.items.iter().zip(types).map(|(item, ty)| convert(item, ty)).collect();
            make_seq(SeqKind::Tuple, items?, None)
        }
        (Kind::Map(map), Type::Map(_)) if map.element.is_some() && !types::converts(&types::of(value), ty) => {
            return fail("a map of another type is required");
        }
        (Kind::Map(map), Type::Map(element)) => {
            let mut entries = Entries::new();
            let dynamic = **element == Type::Dynamic;
            let values: Vec<Value> = if dynamic {
                unify(map.entries.values().map(|entry| entry.value.clone()).collect())
                    .ok_or_else(|| EvalError::new("all elements must have the same type".to_owned()))?
            } else {
                Vec::new()
            };
            for (at, (key, entry)) in map.entries.iter().enumerate() {
                let value = match values.get(at) {
                    Some(value) if dynamic => value.clone(),
                    _ => convert(&entry.value, element)?,
                };
                entries.insert(key.clone(), Entry { value, span: entry.span });
            }
            let of = if dynamic { map.element.clone() } else { Some(Arc::new((**element).clone())) };
            let of = of.filter(|_| entries.is_empty());
            Kind::Map(Arc::new(Map { element: of, ..Map::new(MapKind::Map, entries, map.open.clone()) }))
        }
        (Kind::Map(map), Type::Object(attributes)) => {
            let mut entries = Entries::new();
            for (name, (ty, optional)) in attributes {
                match map.entries.get(name) {
                    Some(entry) => {
                        let value = convert(&entry.value, ty)
                            .map_err(|error| EvalError::new(format!("attribute `{name}`: {}", error.0)))?;
                        entries.insert(name.clone(), Entry { value, span: entry.span });
                    }
                    None if map.open.is_some() => {
                        entries.insert(name.clone(), Entry { value: derived(&[value], ty.clone()), span: None });
                    }
                    None if *optional => {
                        entries.insert(name.clone(), Entry { value: Value::null_of(ty), span: None });
                    }
                    None => return fail(format!("attribute `{name}` is required")),
                }
            }
            Kind::Map(Arc::new(Map::new(MapKind::Object, entries, None)))
        }
        _ => return fail(format!("{} is required, not {}", type_name(ty), name_of(value))),
    };
    Ok(Value { kind, span: value.span, sensitive: value.sensitive })
}

/// Whether the value is null, and of no type yet.
pub(crate) fn is_untyped_null(value: &Value) -> bool {
    matches!(&value.kind, Kind::Null(ty) if ty.0.is_none())
}

/// Whether there is null of no type beside what is no text, number or bool: that has no type in common.
fn nulls_of_no_type_among_others(items: &[Value]) -> bool {
    let typed: Vec<Type> = items.iter().filter(|item| !is_untyped_null(item)).map(types::of).collect();
    !typed.is_empty()
        && typed.len() < items.len()
        && typed.iter().all(|ty| *ty != Type::Dynamic && !types::is_primitive(ty))
}

fn type_name(ty: &Type) -> &'static str {
    match ty {
        Type::Dynamic => "any value",
        Type::String => "a string",
        Type::Number => "a number",
        Type::Bool => "a bool",
        Type::List(_) => "a list",
        Type::Set(_) => "a set",
        Type::Map(_) => "a map",
        Type::Tuple(_) => "a tuple",
        Type::Object(_) => "an object",
    }
}

/// A sequence; a set is sorted and has no equal elements.
pub(crate) fn make_seq(kind: SeqKind, mut items: Vec<Value>, open: Option<Arc<Unknown>>) -> Kind {
    if kind == SeqKind::Set {
        items.sort_by_cached_key(set_order);
        items.dedup_by(|a, b| equals(a, b) == Some(true));
    }
    Kind::Seq(Arc::new(Seq::new(kind, items, open)))
}

/// The same list or set; where it is empty, with the type of its elements.
pub(crate) fn of_elements(mut kind: Kind, element: &Type) -> Kind {
    if let Kind::Seq(seq) = &mut kind
        && seq.items.is_empty()
        && seq.kind != SeqKind::Tuple
        && *element != Type::Dynamic
    {
        Arc::make_mut(seq).element = Some(Arc::new(element.clone()));
    }
    kind
}

/// Terraform orders sets of strings by bytes, sets of numbers by value, other sets by the text that it hashes; what is null
/// or not known comes last.
fn set_order(value: &Value) -> (u8, Option<Number>, Arc<str>) {
    match &value.kind {
        Kind::Number(n) => (0, Some(n.clone()), "".into()),
        Kind::String(text) => (1, None, text.clone()),
        Kind::Bool(b) => (1, None, if *b { "1".into() } else { "0".into() }),
        Kind::Null(_) => (4, None, "".into()),
        Kind::Seq(_) | Kind::Map(_) => {
            let mut text = String::new();
            set_hash(value, &mut text);
            (2, None, text.into())
        }
        _ => match value.text() {
            Some(text) => (1, None, text),
            None => {
                // The same reference is the same element.
                let mut text = String::new();
                set_hash(value, &mut text);
                (3, None, text.into())
            }
        },
    }
}

/// The text by which cty tells elements of sets apart.
fn set_hash(value: &Value, out: &mut String) {
    match &value.kind {
        Kind::Null(_) => out.push('~'),
        Kind::Bool(b) => out.push(if *b { 'T' } else { 'F' }),
        Kind::Number(n) => out.push_str(&super::functions::ten_digits(n)),
        Kind::Seq(seq) => {
            out.push('[');
            for item in &seq.items {
                set_hash(item, out);
                out.push(';');
            }
            out.push(']');
        }
        Kind::Map(map) => {
            let named = map.kind == MapKind::Map;
            out.push(if named { '{' } else { '<' });
            for (name, entry) in &map.entries {
                if named {
                    out.push_str(&format!("{name:?}:"));
                }
                set_hash(&entry.value, out);
                out.push(';');
            }
            out.push(if named { '}' } else { '>' });
        }
        _ => match value.text() {
            Some(text) => out.push_str(&format!("{text:?}")),
            None => match &value.kind {
                Kind::Ref(reference) => out.push_str(&format!("?{}.{}", reference.address, reference.attr)),
                Kind::Template(parts) => parts.iter().for_each(|part| set_hash(part, out)),
                _ => out.push('?'),
            },
        },
    }
}

/// Whether a value that is not known may turn out to be null or empty: identifiers never do.
pub(crate) fn may_be_null(value: &Value) -> bool {
    match &value.kind {
        Kind::Ref(reference) => {
            reference.known.is_none() && !matches!(&*reference.attr, "id" | "arn" | "name" | "key_id" | "Ref" | "Arn")
        }
        Kind::Unknown(_) | Kind::Cond(_) => true,
        _ => false,
    }
}

/// Brings values to one type; `None` where there is none that all can be brought to.
pub(crate) fn unify(items: Vec<Value>) -> Option<Vec<Value>> {
    let types: Vec<Type> = items.iter().map(types::of).collect();
    if items.is_empty() {
        return Some(items);
    }
    let to = types::unify(&types)?;
    if to == Type::Dynamic || types.iter().all(|ty| *ty == to) {
        return Some(items);
    }
    Some(items.into_iter().map(|item| convert(&item, &to).unwrap_or(item)).collect())
}

/// The one type of a conditional with these results; `None` where they do not fit together.
pub(crate) fn type_of_results(then: &Value, otherwise: &Value) -> Option<Type> {
    match (types::of_result(then), types::of_result(otherwise)) {
        (_, ty) if is_untyped_null(then) => Some(ty),
        (ty, _) if is_untyped_null(otherwise) => Some(ty),
        (Type::Dynamic, _) | (_, Type::Dynamic) => Some(Type::Dynamic),
        (then, otherwise) => types::unify(&[then, otherwise]),
    }
}

/// A whole resource has more attributes than are known, so an object as the other result becomes a map, of text.
fn beside_a_resource(value: &Value, other: &Value) -> Option<Value> {
    other.get(super::eval::expand::SELF)?;
    let Kind::Map(map) = &value.kind else { return None };
    let mut map = (**map).clone();
    for name in map.entries.keys().cloned().collect::<Vec<_>>() {
        if let Some(entry) = map.entries.get_mut(&name)
            && types::of(&entry.value) != Type::String
        {
            entry.value = derived(&[other], Type::Dynamic);
        }
    }
    Some(Value { kind: Kind::Map(Arc::new(map)), ..value.clone() })
}

/// Converts both branches of a conditional to one type, and chooses; undecided conditions give `Cond`.
pub(crate) fn conditional(condition: &Value, text: &str, then: Value, otherwise: Value) -> Result<Value, EvalError> {
    let decided = !matches!(condition.kind, Kind::Unknown(_) | Kind::Cond(_));
    let types = (types::of(&then), types::of(&otherwise));
    let (then, otherwise) = match type_of_results(&then, &otherwise) {
        // Beside null, or what may be of any type, the other result stays as it is.
        Some(Type::Dynamic) => {
            let (a, b) = (beside_a_resource(&then, &otherwise), beside_a_resource(&otherwise, &then));
            (a.unwrap_or(then), b.unwrap_or(otherwise))
        }
        Some(ty) => {
            let taken = if decided { logic(condition)? } else { None };
            let brought = |value: Value, from, which| {
                if ty == from {
                    return Ok(value);
                }
                match convert(&value, &ty) {
                    Err(error) if taken == Some(which) => Err(error.of_type(ty.clone())),
                    result => Ok(result.unwrap_or(value)),
                }
            };
            (brought(then, types.0, true)?, brought(otherwise, types.1, false)?)
        }
        None if decided => return fail("the two results of the conditional are of types that do not fit together"),
        None => (then, otherwise),
    };
    if let Kind::Cond(branches) = &condition.kind {
        return over_branches(condition, branches, |c| conditional(c, text, then.clone(), otherwise.clone()));
    }
    if absence(condition).is_some() {
        return Ok(condition.clone());
    }
    let taken = if decided { logic(condition)? } else { None };
    let mut value = match taken {
        Some(true) => then,
        Some(false) => otherwise,
        None => {
            let guard = |holds| Guard { text: text.into(), holds, span: condition.span };
            branches::conditional(
                vec![Branch { guard: guard(true), value: then }, Branch { guard: guard(false), value: otherwise }],
                condition,
            )
        }
    };
    value.sensitive |= condition.sensitive;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown() -> Value {
        Value::unknown(Reason::InputWithoutValue("var.x".into()), None)
    }

    #[test]
    fn equality_is_decided_by_known_text() {
        let arn = concat(vec![Value::string("arn:aws:kms:eu-west-1:"), unknown()]).unwrap();
        assert_eq!(equals(&arn, &Value::string("arn:aws:kms:us-east-1:1")), Some(false));
        assert_eq!(equals(&arn, &Value::string("arn:aws:kms:eu-west-1:1")), None);
        assert_eq!(equals(&Value::int(1), &Value::string("1")), Some(false));
    }

    #[test]
    fn an_undecided_condition_keeps_both_branches() {
        let value = conditional(&unknown(), "var.x", Value::string("a"), Value::string("b")).unwrap();
        assert!(matches!(&value.kind, Kind::Cond(branches) if branches.len() == 2));
        let same = conditional(&unknown(), "var.x", Value::string("a"), Value::string("a")).unwrap();
        assert_eq!(same.as_str(), Some("a"));
    }

    #[test]
    fn or_is_decided_by_one_true_side() {
        let value = binary(BinaryOp::Or, &Value::bool(true), &unknown()).unwrap();
        assert_eq!(value.as_bool(), Some(true));
    }

    #[test]
    fn conditional_branches_become_one_type() {
        let value = conditional(&Value::bool(true), "", Value::int(1), Value::string("a")).unwrap();
        assert_eq!(value.as_str(), Some("1"));
    }
}
