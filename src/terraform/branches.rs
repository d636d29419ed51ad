//! Conditional values: what holds in each alternative, and alternatives that are errors.

use super::functions::EvalError;
use super::ops::equals;
use super::types;
use crate::value::{Branch, Entry, Guard, Kind, Map, Reason, Seq, Unknown, Value};
use std::sync::Arc;

/// More alternatives than this are not kept apart.
const MOST_BRANCHES: usize = 16;
/// `try` keeps so many undecided conditions apart.
const MOST_CONDITIONS: usize = 6;
/// The same of alternatives within each other: each level may have as many again for each of those above it.
const MOST_LEAVES: usize = 1024;

/// Applies `f` to each alternative of a conditional value. An alternative that is an error is not known; where all are
/// errors, so is the whole.
pub(crate) fn over_branches(
    value: &Value,
    branches: &[Branch],
    f: impl FnMut(&Value) -> Result<Value, EvalError>,
) -> Result<Value, EvalError> {
    each(value, branches, f, Reason::Invalid)
}

/// The same for what exists in some alternatives only: those where it does not are left out in the end (see [`settled`]).
pub(crate) fn where_it_exists(
    value: &Value,
    branches: &[Branch],
    f: impl FnMut(&Value) -> Result<Value, EvalError>,
) -> Result<Value, EvalError> {
    each(value, branches, f, Reason::Absent)
}

fn each(
    value: &Value,
    branches: &[Branch],
    mut f: impl FnMut(&Value) -> Result<Value, EvalError>,
    reason: fn(Arc<str>) -> Reason,
) -> Result<Value, EvalError> {
    let answers: Vec<Result<Value, EvalError>> = branches.iter().map(|branch| f(&branch.value)).collect();
    let good = answers.iter().filter_map(|answer| answer.as_ref().ok()).find(|value| absence(value).is_none());
    let Some(good) = good else {
        let error = answers.iter().find_map(|answer| match answer {
            Ok(value) => absence(value).map(|message| EvalError::new(message.to_string())),
            Err(error) => Some(error.clone()),
        });
        return error.map_or_else(|| Ok(value.clone()), Err);
    };
    let ty = types::of(good);
    let failed = |error: EvalError| {
        let unknown = Unknown { ty: ty.clone(), ..Unknown::new(reason(error.0.into()), value.span) };
        Value { span: value.span, ..Value::new(Kind::Unknown(Arc::new(unknown))) }
    };
    let guards = branches.iter().map(|branch| branch.guard.clone());
    let out = guards.zip(answers).map(|(guard, answer)| Branch { guard, value: answer.unwrap_or_else(failed) });
    Ok(conditional(out.collect(), value))
}

/// A conditional value; collapsed where all alternatives are equal.
pub(crate) fn conditional(branches: Vec<Branch>, from: &Value) -> Value {
    let all: usize = branches.iter().map(|branch| leaves(&branch.value, MOST_LEAVES)).sum();
    if all > MOST_LEAVES {
        let reason = format!("more than {MOST_LEAVES} undecided alternatives within each other");
        return Value::unknown(Reason::Limit(reason.into()), from.span);
    }
    if let Some(first) = branches.first()
        && branches.iter().all(|branch| equals(&branch.value, &first.value) == Some(true))
    {
        return first.value.clone();
    }
    if branches.len() > MOST_BRANCHES {
        return Value::unknown(
            Reason::Limit(format!("more than {MOST_BRANCHES} undecided alternatives").into()),
            from.span,
        );
    }
    let sensitive = from.sensitive || branches.iter().any(|branch| branch.value.sensitive);
    Value { kind: Kind::Cond(branches.into()), span: from.span, sensitive }
}

/// The message, where the value itself is what does not exist in this alternative.
pub(crate) fn absence(value: &Value) -> Option<&Arc<str>> {
    match &value.kind {
        Kind::Unknown(unknown) => match &unknown.reason {
            Reason::Absent(message) => Some(message),
            _ => None,
        },
        _ => None,
    }
}

fn is_error(value: &Value) -> bool {
    matches!(&value.kind, Kind::Unknown(unknown) if matches!(unknown.reason, Reason::Absent(_) | Reason::Invalid(_)))
}

/// Whether a part of the value that is there in any case passes the test.
pub(super) fn certainly(value: &Value, test: fn(&Value) -> bool) -> bool {
    test(value)
        || match &value.kind {
            Kind::Seq(seq) => seq.items.iter().any(|item| certainly(item, test)),
            Kind::Map(map) => map.entries.values().any(|entry| certainly(&entry.value, test)),
            Kind::Template(parts) => parts.iter().any(|part| certainly(part, test)),
            Kind::Document(inner) => certainly(inner, test),
            _ => false,
        }
}

/// Rewrites parts of a value; `None` where `f` changes none.
pub(super) fn rewritten(value: &Value, f: &mut dyn FnMut(&Value) -> Option<Value>) -> Option<Value> {
    let kind = match &value.kind {
        Kind::Seq(seq) => {
            let items = rewritten_all(&seq.items, f)?;
            Kind::Seq(Arc::new(Seq { element: seq.element.clone(), ..Seq::new(seq.kind, items, seq.open.clone()) }))
        }
        Kind::Template(parts) => Kind::Template(rewritten_all(parts, f)?.into()),
        Kind::Document(inner) => Kind::Document(Arc::new(f(inner)?)),
        Kind::Map(map) => {
            let mut changed = None::<Map>;
            for (name, entry) in &map.entries {
                if let Some(value) = f(&entry.value) {
                    let changed = changed.get_or_insert_with(|| (**map).clone());
                    changed.entries.insert(name.clone(), Entry { value, span: entry.span });
                }
            }
            Kind::Map(Arc::new(changed?))
        }
        _ => return None,
    };
    Some(Value { kind, span: value.span, sensitive: value.sensitive })
}

fn rewritten_all(values: &[Value], f: &mut dyn FnMut(&Value) -> Option<Value>) -> Option<Vec<Value>> {
    let mut changed = None::<Vec<Value>>;
    for (at, value) in values.iter().enumerate() {
        if let Some(value) = f(value)
            && let Some(slot) = changed.get_or_insert_with(|| values.to_vec()).get_mut(at)
        {
            *slot = value;
        }
    }
    changed
}

/// The value of a whole expression: Terraform would refuse an alternative that asks for what does not exist, so it is
/// left out; and what contradicts the conditions around it too.
pub(crate) fn settled(value: Value) -> Value {
    settle(&value, &[]).unwrap_or(value)
}

fn settle(value: &Value, under: &[&Guard]) -> Option<Value> {
    let Kind::Cond(branches) = &value.kind else {
        return rewritten(value, &mut |part| settle(part, under));
    };
    let mut changed = false;
    let mut kept: Vec<Branch> = Vec::with_capacity(branches.len());
    for branch in branches.iter() {
        let contradicts = |guard: &&&Guard| guard.text == branch.guard.text && guard.holds != branch.guard.holds;
        if under.iter().any(|guard| contradicts(&guard)) {
            changed = true;
            continue;
        }
        let inner: Vec<&Guard> = under.iter().copied().chain([&branch.guard]).collect();
        let now = settle(&branch.value, &inner);
        changed |= now.is_some();
        kept.push(Branch { guard: branch.guard.clone(), value: now.unwrap_or_else(|| branch.value.clone()) });
    }
    let exists = |branch: &Branch| !certainly(&branch.value, |value| absence(value).is_some());
    if kept.iter().any(exists) && !kept.iter().all(exists) {
        changed = true;
        kept.retain(exists);
    }
    if !changed {
        return None;
    }
    Some(match kept.len() {
        0 => value.clone(),
        _ => conditional(kept, value),
    })
}

/// What `try` gives: `value`, and in the alternatives where that is an error, `otherwise`.
pub(super) fn or_else(value: &Value, otherwise: &dyn Fn() -> Value) -> Value {
    by_failure(value, &|value| value.clone(), otherwise, 0)
}

/// How many alternatives the value has; a number above `most` where there are more.
fn leaves(value: &Value, most: usize) -> usize {
    let Kind::Cond(branches) = &value.kind else { return 1 };
    let mut sum = 0;
    for branch in branches.iter() {
        sum += leaves(&branch.value, most.saturating_sub(sum));
        if sum > most {
            break;
        }
    }
    sum
}

/// What `can` gives for a value that was reached.
pub(super) fn can(value: &Value, good: &dyn Fn(&Value) -> Value) -> Value {
    by_failure(value, good, &|| Value::bool(false), 0)
}

fn by_failure(value: &Value, good: &dyn Fn(&Value) -> Value, failed: &dyn Fn() -> Value, depth: usize) -> Value {
    if certainly(value, is_error) {
        return failed();
    }
    let Some(branches) = failing(value) else { return good(value) };
    if depth >= MOST_CONDITIONS {
        let reason = Reason::Limit(format!("more than {MOST_CONDITIONS} conditions decide what `try` gives").into());
        return Value::unknown(reason, value.span);
    }
    let out = branches.iter().map(|branch| {
        let here = assume(value, &branch.guard).unwrap_or_else(|| value.clone());
        Branch { guard: branch.guard.clone(), value: by_failure(&here, good, failed, depth + 1) }
    });
    conditional(out.collect(), value)
}

/// The first conditional part that is an error in some alternative.
fn failing(value: &Value) -> Option<Arc<[Branch]>> {
    match &value.kind {
        Kind::Cond(branches) => branches
            .iter()
            .any(|branch| certainly(&branch.value, is_error))
            .then(|| branches.clone())
            .or_else(|| branches.iter().find_map(|branch| failing(&branch.value).map(|_| branches.clone()))),
        Kind::Seq(seq) => seq.items.iter().find_map(failing),
        Kind::Map(map) => map.entries.values().find_map(|entry| failing(&entry.value)),
        Kind::Template(parts) => parts.iter().find_map(failing),
        Kind::Document(inner) => failing(inner),
        _ => None,
    }
}

/// The value where `guard` holds; `None` where that changes nothing.
fn assume(value: &Value, guard: &Guard) -> Option<Value> {
    let Kind::Cond(branches) = &value.kind else {
        return rewritten(value, &mut |part| assume(part, guard));
    };
    let holds = |branch: &&Branch| branch.guard.text == guard.text && branch.guard.holds == guard.holds;
    if let Some(branch) = branches.iter().find(holds) {
        return Some(assume(&branch.value, guard).unwrap_or_else(|| branch.value.clone()));
    }
    let mut changed = None::<Vec<Branch>>;
    for (at, branch) in branches.iter().enumerate() {
        if let Some(value) = assume(&branch.value, guard)
            && let Some(slot) = changed.get_or_insert_with(|| branches.to_vec()).get_mut(at)
        {
            slot.value = value;
        }
    }
    changed.map(|branches| conditional(branches, value))
}
