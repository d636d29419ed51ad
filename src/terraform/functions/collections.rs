//! Functions over lists, sets, maps and objects.

use super::{LIMIT, Outcome, arg, int, is_open, list, list_open, map, seq, set, text, why};
use crate::terraform::branches::over_branches;
use crate::terraform::ops::{convert, derived, equals, fail, logic, make_seq, may_be_null, name_of, number, unify};
use crate::terraform::types;
use crate::value::{Branch, Entry, Kind, Map, MapKind, Number, Reason, Seq, SeqKind, Type, Unknown, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) fn call(name: &str, args: &[Value]) -> Option<Outcome> {
    Some(match name {
        "length" => length(args),
        "merge" => merge(args),
        "concat" => concat(args),
        "contains" => contains(args),
        "keys" => keys(args, true),
        "values" => keys(args, false),
        "lookup" => lookup(args),
        "flatten" => flatten(args),
        "element" => element(args),
        "slice" => slice(args),
        "coalesce" => coalesce(args),
        "coalescelist" => coalescelist(args),
        "sort" => sort(args),
        "reverse" => seq(args, 0).map(|seq| {
            let kind = if seq.kind == SeqKind::Tuple { SeqKind::Tuple } else { SeqKind::List };
            let items = seq.items.iter().rev().cloned().collect();
            Value::new(Kind::Seq(Arc::new(Seq::new(kind, items, seq.open.clone()))))
        }),
        "distinct" => distinct(args),
        "compact" => compact(args),
        "one" => one(args),
        "index" => index_of(args),
        "alltrue" => truth(args, true),
        "anytrue" => truth(args, false),
        "toset" => to(args, &Type::Set(Box::new(Type::Dynamic))),
        "tolist" => to(args, &Type::List(Box::new(Type::Dynamic))),
        "tomap" => to(args, &Type::Map(Box::new(Type::Dynamic))),
        "tostring" => to(args, &Type::String),
        "tonumber" => to(args, &Type::Number),
        "tobool" => to(args, &Type::Bool),
        "zipmap" => zipmap(args),
        "setunion" => union(args),
        "setintersection" => intersection(args),
        "setsubtract" => subtract(args),
        "setproduct" => product(args),
        "chunklist" => chunk(args),
        "range" => range(args),
        "matchkeys" => matchkeys(args),
        "transpose" => transpose(args),
        "sensitive" => arg(args, 0).map(|value| Value { sensitive: true, ..value.clone() }),
        "nonsensitive" => arg(args, 0).map(|value| Value { sensitive: false, ..value.clone() }),
        "issensitive" => arg(args, 0).map(|value| Value::bool(value.sensitive)),
        "ephemeralasnull" => arg(args, 0).cloned(),
        _ => return None,
    })
}

/// Why values cannot be put together.
fn several_types<T>() -> Result<T, super::EvalError> {
    fail("the values are of types that do not fit together")
}

/// The sets' elements, brought to one type.
fn alike(args: &[Value]) -> Result<Vec<Value>, super::EvalError> {
    let known: Vec<Value> = args.iter().filter(|arg| arg.as_seq().is_some()).cloned().collect();
    // Sets of nulls of no type have a type in common with sets of text, numbers and bools only.
    let elements: Vec<Type> = known.iter().filter_map(Value::as_seq).map(types::element_of).collect();
    let untyped = |seq: &Seq| !seq.items.is_empty() && seq.items.iter().all(Value::is_null);
    let of_nulls =
        known.iter().filter_map(Value::as_seq).zip(&elements).any(|(seq, ty)| *ty == Type::Dynamic && untyped(seq));
    if of_nulls && elements.iter().any(|ty| *ty != Type::Dynamic && !types::is_primitive(ty)) {
        return several_types();
    }
    let Some(unified) = unify(known) else { return several_types() };
    let mut unified = unified.into_iter();
    Ok(args
        .iter()
        .map(|arg| if arg.as_seq().is_some() { unified.next().unwrap_or_else(|| arg.clone()) } else { arg.clone() })
        .collect())
}

fn unknown(args: &[Value], ty: Type) -> Outcome {
    Ok(derived(&args.iter().collect::<Vec<_>>(), ty))
}

fn length(args: &[Value]) -> Outcome {
    let value = arg(args, 0)?;
    let count = match &value.kind {
        Kind::Unknown(_) => return unknown(args, Type::Number),
        Kind::Seq(seq) if seq.open.is_some() => return unknown(args, Type::Number),
        Kind::Map(map) if map.open.is_some() => return unknown(args, Type::Number),
        Kind::Seq(seq) if seq.kind == SeqKind::Set && seq.items.len() > 1 && seq.items.iter().any(super::computed) => {
            return unknown(args, Type::Number);
        }
        Kind::Seq(seq) => seq.items.len(),
        Kind::Map(map) => map.entries.len(),
        Kind::String(text) => unicode_segmentation::UnicodeSegmentation::graphemes(&**text, true).count(),
        Kind::Ref(_) | Kind::Template(_) | Kind::Document(_) => match value.text() {
            Some(text) => unicode_segmentation::UnicodeSegmentation::graphemes(&*text, true).count(),
            None => return unknown(args, Type::Number),
        },
        _ => return fail(format!("a {} has no length", name_of(value))),
    };
    Ok(Value::int(i64::try_from(count).unwrap_or(i64::MAX)))
}

pub(super) fn merge(args: &[Value]) -> Outcome {
    let mut entries: BTreeMap<Arc<str>, Entry> = BTreeMap::new();
    let mut open: Option<Arc<Unknown>> = None;
    let mut kind = MapKind::Map;
    // After a null of no type, Terraform looks at no more types.
    let mut of_any_type = false;
    for value in args {
        match &value.kind {
            Kind::Null(ty) => match ty.0.as_deref() {
                None => {
                    kind = MapKind::Object;
                    of_any_type = true;
                }
                Some(Type::Object(_) | Type::Map(_)) => {}
                Some(_) if of_any_type => {}
                Some(_) => return fail("`merge` takes maps and objects, not null of another type"),
            },
            Kind::Map(map) => {
                if map.kind == MapKind::Object {
                    kind = MapKind::Object;
                }
                if let Some(more) = &map.open {
                    // What an open map may hold overrides what came before.
                    hide(&mut entries, value);
                    open = Some(more.clone());
                }
                entries.extend(map.entries.iter().map(|(key, entry)| (key.clone(), entry.clone())));
            }
            Kind::Unknown(_) => {
                hide(&mut entries, value);
                open = why(value);
            }
            _ => return fail(format!("`merge` takes maps and objects, not {}", name_of(value))),
        }
    }
    Ok(Value::new(Kind::Map(Arc::new(Map::new(kind, entries.into_iter().collect(), open)))))
}

/// Makes every entry unknown: a later map of unknown content may replace it.
fn hide(entries: &mut BTreeMap<Arc<str>, Entry>, cause: &Value) {
    for entry in entries.values_mut() {
        entry.value = derived(&[cause], Type::Dynamic);
    }
}

fn concat(args: &[Value]) -> Outcome {
    if args.is_empty() {
        return fail("`concat` takes at least one list");
    }
    // Lists of several types that fit together become one list of that type.
    let lists = args.iter().all(|arg| arg.as_seq().is_some_and(|seq| seq.kind == SeqKind::List));
    let unified = if lists { unify(args.to_vec()) } else { None };
    let mut items = Vec::new();
    let mut open = None;
    let mut kind = if lists && unified.is_none() { SeqKind::Tuple } else { SeqKind::List };
    for value in unified.as_deref().unwrap_or(args) {
        match &value.kind {
            Kind::Seq(seq) if seq.kind != SeqKind::Set => {
                if seq.kind == SeqKind::Tuple {
                    kind = SeqKind::Tuple;
                }
                items.extend(seq.items.iter().cloned());
                open = open.or_else(|| seq.open.clone());
            }
            Kind::Unknown(_) => open = open.or_else(|| why(value)),
            _ => return fail(format!("`concat` takes lists, not {}", name_of(value))),
        }
    }
    Ok(Value::new(make_seq(kind, items, open)))
}

fn contains(args: &[Value]) -> Outcome {
    let (list, wanted) = (arg(args, 0)?, arg(args, 1)?);
    if is_open(list) {
        return unknown(args, Type::Bool);
    }
    let seq = seq(args, 0)?;
    let mut open = seq.open.is_some();
    for item in &seq.items {
        match equals(item, wanted) {
            Some(true) => return Ok(Value::bool(true)),
            None => open = true,
            Some(false) => {}
        }
    }
    if open { unknown(args, Type::Bool) } else { Ok(Value::bool(false)) }
}

fn keys(args: &[Value], keys: bool) -> Outcome {
    if is_open(arg(args, 0)?) {
        return unknown(args, Type::List(Box::new(Type::Dynamic)));
    }
    let map = map(args, 0)?;
    let items = map
        .entries
        .iter()
        .map(
            |(key, entry)| {
                if keys { Value { span: entry.span, ..Value::string(key.clone()) } } else { entry.value.clone() }
            },
        )
        .collect();
    // Of an object, a tuple; of a map, a list.
    let kind = if map.kind == MapKind::Object && map.open.is_none() { SeqKind::Tuple } else { SeqKind::List };
    Ok(Value::new(make_seq(kind, items, map.open.clone())))
}

fn lookup(args: &[Value]) -> Outcome {
    let (value, key) = (arg(args, 0)?, arg(args, 1)?);
    if is_open(value) || is_open(key) {
        return unknown(args, Type::Dynamic);
    }
    let map = map(args, 0)?;
    if args.len() > 3 {
        return fail("`lookup` takes two or three arguments");
    }
    let default = match (args.get(2), types::of(value)) {
        (Some(default), Type::Map(element)) => Some(convert(default, &element)?),
        (default, _) => default.cloned(),
    };
    let Some(name) = key.text() else { return unknown(args, Type::Dynamic) };
    match (map.entries.get(&name), default) {
        (Some(entry), _) => Ok(entry.value.clone()),
        (None, _) if map.open.is_some() => unknown(args, Type::Dynamic),
        (None, Some(default)) => Ok(default),
        (None, None) => fail(format!("there is no key `{name}`, and no default is given")),
    }
}

/// So many conditional lists within one list are followed: each doubles the alternatives.
const MOST_CONDITIONAL: usize = 4;

fn flatten(args: &[Value]) -> Outcome {
    fn add(value: &Value, items: &mut Vec<Value>, open: &mut Option<Arc<Unknown>>) {
        match &value.kind {
            Kind::Seq(seq) => {
                for item in &seq.items {
                    add(item, items, open);
                }
                *open = open.take().or_else(|| seq.open.clone());
            }
            // It may be a list itself, of any length.
            Kind::Unknown(unknown)
                if matches!(unknown.ty, Type::Dynamic | Type::List(_) | Type::Set(_) | Type::Tuple(_)) =>
            {
                *open = open.take().or_else(|| why(value));
            }
            Kind::Ref(_) if types::of(value) == Type::Dynamic => *open = open.take().or_else(|| why(value)),
            _ => items.push(value.clone()),
        }
    }
    let value = arg(args, 0)?;
    if is_open(value) {
        return unknown(args, Type::Dynamic);
    }
    let given = seq(args, 0)?;
    // A list under a condition: one list for each alternative.
    let conditional: Vec<(usize, &Value, &Arc<[Branch]>)> = given
        .items
        .iter()
        .enumerate()
        .filter_map(|(at, item)| match &item.kind {
            Kind::Cond(branches) if branches.iter().any(|branch| !matches!(branch.value.kind, Kind::String(_))) => {
                Some((at, item, branches))
            }
            _ => None,
        })
        .collect();
    if conditional.len() > MOST_CONDITIONAL {
        let limit = Reason::Limit(format!("more than {MOST_CONDITIONAL} lists under conditions").into());
        return Ok(Value::unknown(limit, value.span));
    }
    if let Some((at, item, branches)) = conditional.first().copied() {
        return over_branches(item, branches, |branch| {
            let mut seq = given.clone();
            if let Some(slot) = seq.items.get_mut(at) {
                *slot = branch.clone();
            }
            flatten(&[Value { kind: Kind::Seq(Arc::new(seq)), span: value.span, sensitive: value.sensitive }])
        });
    }
    let (mut items, mut open) = (Vec::new(), None);
    add(value, &mut items, &mut open);
    Ok(Value::new(make_seq(SeqKind::Tuple, items, open)))
}

fn element(args: &[Value]) -> Outcome {
    if is_open(arg(args, 0)?) || is_open(arg(args, 1)?) {
        return unknown(args, Type::Dynamic);
    }
    let (seq, at) = (seq(args, 0)?, int(args, 1)?);
    if seq.kind == SeqKind::Set {
        return fail("`element` cannot read a set");
    }
    if seq.open.is_some() {
        return unknown(args, Type::Dynamic);
    }
    let count = i64::try_from(seq.items.len()).unwrap_or(i64::MAX);
    if count == 0 {
        return fail("`element` of an empty list");
    }
    // Of a tuple, Terraform 1.11 takes a negative index only where it is a multiple of the length.
    if at < 0 && at % count != 0 && seq.kind == SeqKind::Tuple {
        return fail("`element` of a tuple takes no negative index");
    }
    let found = usize::try_from(at.rem_euclid(count)).ok().and_then(|at| seq.items.get(at));
    found.cloned().ok_or_else(|| super::EvalError::new("no such element".to_owned()))
}

fn slice(args: &[Value]) -> Outcome {
    let (seq, start, end) = (seq(args, 0)?, int(args, 1)?, int(args, 2)?);
    let range = usize::try_from(start).ok().zip(usize::try_from(end).ok()).filter(|(start, end)| start <= end);
    if seq.open.is_some() && range.is_some() {
        return unknown(args, Type::Dynamic);
    }
    match range.and_then(|(start, end)| seq.items.get(start..end)) {
        Some(items) => Ok(Value::new(make_seq(
            if seq.kind == SeqKind::Tuple { SeqKind::Tuple } else { SeqKind::List },
            items.to_vec(),
            None,
        ))),
        None => fail("the range of `slice` lies outside the list"),
    }
}

fn coalesce(args: &[Value]) -> Outcome {
    let Some(ty) = types::unify(&args.iter().map(types::of).collect::<Vec<_>>()) else { return several_types() };
    // What cannot be brought to the type counts as null.
    for value in args.iter().filter_map(|arg| convert(arg, &ty).ok()) {
        match &value.kind {
            Kind::Null(_) => {}
            // Text that is empty is passed over where all are text.
            Kind::String(text) if ty == Type::String && text.is_empty() => {}
            Kind::Unknown(_) => return unknown(args, ty),
            _ if may_be_null(&value) => return unknown(args, ty),
            _ => return Ok(value),
        }
    }
    fail("every argument of `coalesce` is null or empty")
}

fn coalescelist(args: &[Value]) -> Outcome {
    let listless = |arg: &&Value| match types::of(arg) {
        Type::List(_) | Type::Tuple(_) => false,
        Type::Dynamic => arg.is_null(),
        _ => true,
    };
    if let Some(other) = args.iter().take_while(|arg| !is_open(arg)).find(listless) {
        return fail(format!("`coalescelist` takes lists, not {}", name_of(other)));
    }
    for value in args {
        match &value.kind {
            Kind::Null(_) => {}
            Kind::Seq(seq) if seq.items.is_empty() && seq.open.is_none() => {}
            Kind::Seq(seq) if !seq.items.is_empty() => return Ok(value.clone()),
            _ => return unknown(args, Type::Dynamic),
        }
    }
    fail("every argument of `coalescelist` is empty")
}

fn sort(args: &[Value]) -> Outcome {
    let seq = seq(args, 0)?;
    let mut texts = Vec::with_capacity(seq.items.len());
    for item in &seq.items {
        match item.text() {
            Some(text) => texts.push((text, item.span)),
            None if item.is_null() => return fail("an element that `sort` is given is null"),
            // So many elements in an order that is not known.
            None => {
                let items = seq.items.iter().map(|_| derived(&[item], Type::String)).collect();
                return Ok(list_open(items, seq.open.clone()));
            }
        }
    }
    texts.sort();
    Ok(list_open(
        texts.into_iter().map(|(text, span)| Value { span, ..Value::string(text) }).collect(),
        seq.open.clone(),
    ))
}

fn distinct(args: &[Value]) -> Outcome {
    if is_open(arg(args, 0)?) {
        return unknown(args, Type::Dynamic);
    }
    let seq = seq(args, 0)?;
    let mut items: Vec<Value> = Vec::new();
    for item in seq.items.iter().cloned() {
        if !items.iter().any(|other| equals(other, &item) == Some(true)) {
            items.push(item);
        }
    }
    Ok(list_open(items, seq.open.clone()))
}

fn compact(args: &[Value]) -> Outcome {
    if is_open(arg(args, 0)?) {
        return unknown(args, Type::Dynamic);
    }
    let seq = seq(args, 0)?;
    let mut open = seq.open.clone();
    let mut items = Vec::new();
    for item in &seq.items {
        match &item.kind {
            Kind::Null(_) => {}
            Kind::Unknown(_) => open = open.or_else(|| why(item)),
            _ if item.as_str() == Some("") => {}
            _ => items.push(item.clone()),
        }
    }
    Ok(list_open(items, open))
}

fn one(args: &[Value]) -> Outcome {
    if is_open(arg(args, 0)?) {
        return unknown(args, Type::Dynamic);
    }
    let seq = seq(args, 0)?;
    match (seq.items.as_slice(), &seq.open) {
        (_, Some(_)) => unknown(args, Type::Dynamic),
        ([], None) => Ok(Value::null()),
        ([item], None) => Ok(item.clone()),
        _ => fail("`one` takes a list of no or one element"),
    }
}

fn index_of(args: &[Value]) -> Outcome {
    let (seq, wanted) = (seq(args, 0)?, arg(args, 1)?);
    if seq.kind == SeqKind::Set {
        return fail("`index` takes a list, not a set");
    }
    for (at, item) in seq.items.iter().enumerate() {
        match equals(item, wanted) {
            Some(true) => return Ok(Value::int(i64::try_from(at).unwrap_or(0))),
            None => return unknown(args, Type::Number),
            Some(false) => {}
        }
    }
    fail("the list does not contain the value")
}

fn truth(args: &[Value], all: bool) -> Outcome {
    if is_open(arg(args, 0)?) {
        return unknown(args, Type::Bool);
    }
    let seq = seq(args, 0)?;
    let mut open = seq.open.is_some();
    for item in &seq.items {
        if item.is_null() {
            if all {
                return Ok(Value::bool(false));
            }
            continue;
        }
        match logic(item)? {
            Some(value) if value != all => return Ok(Value::bool(!all)),
            Some(_) => {}
            None => open = true,
        }
    }
    if open { unknown(args, Type::Bool) } else { Ok(Value::bool(all)) }
}

fn to(args: &[Value], ty: &Type) -> Outcome {
    let value = arg(args, 0)?;
    convert(value, ty)
}

fn zipmap(args: &[Value]) -> Outcome {
    if is_open(arg(args, 0)?) || is_open(arg(args, 1)?) {
        return unknown(args, Type::Dynamic);
    }
    let (keys, values) = (seq(args, 0)?, seq(args, 1)?);
    if keys.open.is_some() || values.open.is_some() {
        return unknown(args, Type::Dynamic);
    }
    if keys.items.len() != values.items.len() {
        return fail("`zipmap` takes as many values as keys");
    }
    let mut entries = BTreeMap::new();
    for (key, value) in keys.items.iter().zip(&values.items) {
        let Some(name) = key.text() else { return unknown(args, Type::Dynamic) };
        entries.insert(name, Entry { value: value.clone(), span: key.span });
    }
    let kind = if values.kind == SeqKind::Tuple { MapKind::Object } else { MapKind::Map };
    Ok(Value::new(Kind::Map(Arc::new(Map::new(kind, entries.into_iter().collect(), None)))))
}

fn union(args: &[Value]) -> Outcome {
    let args = &alike(args)?;
    let mut items = Vec::new();
    let mut open = None;
    for value in args {
        match &value.kind {
            Kind::Seq(seq) => {
                items.extend(seq.items.iter().cloned());
                open = open.or_else(|| seq.open.clone());
            }
            Kind::Unknown(_) => open = open.or_else(|| why(value)),
            _ => return fail(format!("a set is required, not {}", name_of(value))),
        }
    }
    Ok(set(items, open))
}

/// Whether the sequence certainly holds the value.
fn holds(seq: &Seq, value: &Value) -> Option<bool> {
    let answers: Vec<Option<bool>> = seq.items.iter().map(|item| equals(item, value)).collect();
    if answers.contains(&Some(true)) {
        Some(true)
    } else if seq.open.is_some() || answers.contains(&None) {
        None
    } else {
        Some(false)
    }
}

fn intersection(args: &[Value]) -> Outcome {
    let args = &alike(args)?;
    let first = seq(args, 0)?;
    let mut items = Vec::new();
    for item in &first.items {
        let mut answer = Some(true);
        for at in 1..args.len() {
            match holds(seq(args, at)?, item) {
                Some(false) => answer = Some(false),
                None if answer == Some(true) => answer = None,
                _ => {}
            }
        }
        match answer {
            Some(true) => items.push(item.clone()),
            None => return unknown(args, Type::Set(Box::new(Type::Dynamic))),
            Some(false) => {}
        }
    }
    if first.open.is_some() { unknown(args, Type::Set(Box::new(Type::Dynamic))) } else { Ok(set(items, None)) }
}

fn subtract(args: &[Value]) -> Outcome {
    let args = &alike(args)?;
    let (from, what) = (seq(args, 0)?, seq(args, 1)?);
    let mut items = Vec::new();
    for item in &from.items {
        match holds(what, item) {
            Some(true) => {}
            Some(false) => items.push(item.clone()),
            None => return unknown(args, Type::Set(Box::new(Type::Dynamic))),
        }
    }
    Ok(set(items, from.open.clone()))
}

fn product(args: &[Value]) -> Outcome {
    if args.len() < 2 {
        return fail("`setproduct` takes at least two arguments");
    }
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for at in 0..args.len() {
        let seq = seq(args, at)?;
        if seq.open.is_some() {
            return unknown(args, Type::Dynamic);
        }
        if rows.len().saturating_mul(seq.items.len()) > LIMIT / 10 {
            return Ok(Value::unknown(Reason::Limit("`setproduct` of this size is not evaluated".into()), None));
        }
        let Some(items) = unify(seq.items.clone()) else { return several_types() };
        rows = rows
            .iter()
            .flat_map(|row| items.iter().map(move |item| row.iter().cloned().chain([item.clone()]).collect()))
            .collect();
    }
    let rows = rows.into_iter().map(Value::tuple).collect();
    let any_set = args.iter().filter_map(Value::as_seq).any(|seq| seq.kind == SeqKind::Set);
    Ok(if any_set { set(rows, None) } else { list(rows) })
}

fn chunk(args: &[Value]) -> Outcome {
    let (seq, size) = (seq(args, 0)?, int(args, 1)?);
    if size < 0 {
        return fail("the size that `chunklist` is given is negative");
    }
    let size = usize::try_from(size).ok().filter(|size| *size > 0).unwrap_or(usize::MAX);
    Ok(list(seq.items.chunks(size.min(seq.items.len().max(1))).map(|chunk| list(chunk.to_vec())).collect()))
}

fn range(args: &[Value]) -> Outcome {
    let mut numbers = Vec::with_capacity(args.len());
    for value in args {
        match number(value)? {
            Some(number) => numbers.push(number),
            None => return unknown(args, Type::List(Box::new(Type::Number))),
        }
    }
    let zero = Number::from(0);
    let (start, end, step) = match numbers.as_slice() {
        [end] => (zero.clone(), end.clone(), None),
        [start, end] => (start.clone(), end.clone(), None),
        [start, end, step] => (start.clone(), end.clone(), Some(step.clone())),
        _ => return fail("`range` takes one to three numbers"),
    };
    let step = step.unwrap_or_else(|| Number::from(if end < start { -1 } else { 1 }));
    if start == end {
        return Ok(list(Vec::new()));
    }
    if step == zero || (end > start) != (step > zero) {
        return fail("the step of `range` does not lead from start to end");
    }
    let mut items = Vec::new();
    let mut at = start;
    while if step > zero { at < end } else { at > end } {
        if items.len() == 1024 {
            return fail("more than 1024 values were requested from `range`");
        }
        items.push(Value::new(Kind::Number(at.clone())));
        at = at.plus(&step);
    }
    Ok(list(items))
}

fn matchkeys(args: &[Value]) -> Outcome {
    let values = seq(args, 0)?;
    let compared = alike(args.get(1..).unwrap_or_default())?;
    let (keys, wanted) = (seq(&compared, 0)?, seq(&compared, 1)?);
    if keys.open.is_some() || values.open.is_some() {
        return unknown(args, Type::Dynamic);
    }
    if keys.items.len() != values.items.len() {
        return fail("`matchkeys` takes as many keys as values");
    }
    let mut items = Vec::new();
    for (value, key) in values.items.iter().zip(&keys.items) {
        match holds(wanted, key) {
            Some(true) => items.push(value.clone()),
            Some(false) => {}
            None => return unknown(args, Type::Dynamic),
        }
    }
    Ok(list(items))
}

fn transpose(args: &[Value]) -> Outcome {
    let mut out: BTreeMap<Arc<str>, Vec<Value>> = BTreeMap::new();
    for (key, entry) in &map(args, 0)?.entries {
        if entry.value.is_null() {
            return fail("a list that `transpose` is given is null");
        }
        let items = entry.value.as_seq().map(|seq| seq.items.clone()).unwrap_or_default();
        for item in items {
            match text(&[item], 0)? {
                Some(name) => out.entry(name).or_default().push(Value::string(key.clone())),
                None => return unknown(args, Type::Dynamic),
            }
        }
    }
    Ok(Value::object(out.into_iter().map(|(key, items)| (key, list(items)))))
}
