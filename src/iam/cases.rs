//! A policy that depends on conditions which are not decided, as it is in each case.

use crate::value::{Branch, Entry, Guard, Kind, Map, Ref, Seq, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// So many conditions are looked at, in all their combinations.
const MOST_CONDITIONS: usize = 4;

/// What the value is in each combination of its undecided conditions; nothing where it has none, or too many.
pub(super) fn of(value: &Value) -> Vec<(Vec<Guard>, Value)> {
    let mut found: BTreeMap<Arc<str>, Guard> = BTreeMap::new();
    conditions(value, &mut found);
    if found.is_empty() || found.len() > MOST_CONDITIONS {
        return Vec::new();
    }
    (0..1_u32 << found.len())
        .map(|bits| {
            let guards: Vec<Guard> = found
                .values()
                .enumerate()
                .map(|(at, guard)| Guard { holds: bits >> at & 1 == 1, ..guard.clone() })
                .collect();
            let value = under(value, &guards);
            (guards, value)
        })
        .collect()
}

fn conditions(value: &Value, out: &mut BTreeMap<Arc<str>, Guard>) {
    match &value.kind {
        Kind::Cond(branches) => {
            for branch in branches.iter() {
                out.entry(branch.guard.text.clone()).or_insert_with(|| branch.guard.clone());
                conditions(&branch.value, out);
            }
        }
        Kind::Seq(seq) => seq.items.iter().for_each(|item| conditions(item, out)),
        Kind::Map(map) => map.entries.values().for_each(|entry| conditions(&entry.value, out)),
        Kind::Document(inner) => conditions(inner, out),
        Kind::Template(parts) => parts.iter().for_each(|part| conditions(part, out)),
        Kind::Ref(reference) => reference.known.iter().for_each(|known| conditions(known, out)),
        Kind::Null(_) | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Unknown(_) => {}
    }
}

/// The value where these conditions hold or do not hold. What is left out in this case is left out of lists and objects.
fn under(value: &Value, guards: &[Guard]) -> Value {
    let kind = match &value.kind {
        Kind::Cond(branches) => {
            let fits = |branch: &&Branch| {
                guards.iter().all(|guard| guard.text != branch.guard.text || guard.holds == branch.guard.holds)
            };
            let mut fitting = branches.iter().filter(fits);
            return match (fitting.next(), fitting.next()) {
                (Some(branch), None) => under(&branch.value, guards),
                // Not two alternatives of one condition: which one holds is not told by the conditions alone.
                _ => value.clone(),
            };
        }
        Kind::Seq(seq) => {
            let left_out = |item: &&Value| matches!(&item.kind, Kind::Cond(_)) && under(item, guards).is_null();
            let items = seq.items.iter().filter(|item| !left_out(item)).map(|item| under(item, guards)).collect();
            Kind::Seq(Arc::new(Seq::new(seq.kind, items, seq.open.clone())))
        }
        Kind::Map(map) => {
            let entries = map.entries.iter().filter_map(|(name, entry)| {
                let inner = under(&entry.value, guards);
                let emptied = inner.as_seq().is_some_and(|seq| seq.items.is_empty() && seq.open.is_none())
                    && entry.value.as_seq().is_some_and(|seq| !seq.items.is_empty());
                let left_out = emptied || inner.is_null() && !entry.value.is_null();
                (!left_out).then(|| (name.clone(), Entry { value: inner, span: entry.span }))
            });
            Kind::Map(Arc::new(Map::new(map.kind, entries.collect(), map.open.clone())))
        }
        Kind::Document(inner) => Kind::Document(Arc::new(under(inner, guards))),
        Kind::Template(parts) => Kind::Template(parts.iter().map(|part| under(part, guards)).collect()),
        Kind::Ref(reference) => {
            let known = reference.known.as_ref().map(|known| under(known, guards));
            Kind::Ref(Arc::new(Ref { known, ..(**reference).clone() }))
        }
        other => other.clone(),
    };
    Value { kind, span: value.span, sensitive: value.sensitive }
}
