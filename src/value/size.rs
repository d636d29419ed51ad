//! How large a value is: parts that are shared count as often as they occur, because whoever walks them walks each.

use super::{Kind, Value};

/// Elements that a value may have, text counted by sixteen bytes.
const MOST: usize = 1_000_000;

impl Value {
    /// Whether the value is larger than anything that a deployment needs: such values double with each line of code.
    pub(crate) fn is_large(&self) -> bool {
        let mut left = MOST;
        !fits(self, &mut left)
    }
}

fn fits(value: &Value, left: &mut usize) -> bool {
    let own = match &value.kind {
        Kind::String(text) => 1 + text.len() / 16,
        _ => 1,
    };
    let Some(rest) = left.checked_sub(own) else { return false };
    *left = rest;
    match &value.kind {
        Kind::Seq(seq) => seq.items.iter().all(|item| fits(item, left)),
        Kind::Map(map) => map.entries.values().all(|entry| fits(&entry.value, left)),
        Kind::Document(inner) => fits(inner, left),
        Kind::Template(parts) => parts.iter().all(|part| fits(part, left)),
        Kind::Cond(branches) => branches.iter().all(|branch| fits(&branch.value, left)),
        Kind::Ref(reference) => reference.known.as_ref().is_none_or(|known| fits(known, left)),
        _ => true,
    }
}
