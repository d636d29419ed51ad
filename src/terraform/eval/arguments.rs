//! Arguments as the AWS provider takes them: converted to the type of its schema, sets without repetition.

use crate::terraform::functions::type_of_letters;
use crate::terraform::ops::{convert, equals};
use crate::value::{Kind, Map, Seq, Type, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

enum Taken {
    Type(Type),
    /// Blocks that are a set: equal ones are one.
    Blocks,
}

#[derive(Default)]
struct Table {
    kinds: BTreeSet<&'static str>,
    /// By `argument`, or by `type/argument` where types differ.
    arguments: BTreeMap<&'static str, Taken>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table::default();
    let mut letters = "";
    for line in include_str!("../../../rules/arguments.txt").lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        if !line.starts_with(' ') {
            letters = words.next().unwrap_or_default();
        }
        for word in words {
            if letters == "kinds" {
                table.kinds.insert(word);
            } else {
                let taken = if letters == "set" { Taken::Blocks } else { Taken::Type(type_of_letters(letters)) };
                table.arguments.insert(word, taken);
            }
        }
    }
    table
});

/// Converts the arguments of a resource or data source. What cannot be converted stays as written: Terraform refuses it.
pub(super) fn typed(kind: &str, data: bool, attributes: &mut Value) {
    let full = if data { format!("data.{kind}") } else { kind.to_owned() };
    if TABLE.kinds.contains(&*full) {
        body(&full, attributes);
    } else if let Kind::Map(map) = &mut attributes.kind {
        entries(&full, map, |name| name == "tags");
    }
}

/// The tags of a provider's `default_tags`.
pub(super) fn tags(value: &Value) -> Value {
    convert(value, &Type::Map(Box::new(Type::String))).unwrap_or_else(|_| value.clone())
}

fn body(kind: &str, value: &mut Value) {
    let Kind::Map(map) = &mut value.kind else { return };
    entries(kind, map, |_| true);
}

fn entries(kind: &str, map: &mut Arc<Map>, wanted: fn(&str) -> bool) {
    for (name, entry) in &mut Arc::make_mut(map).entries {
        if !wanted(name) {
            continue;
        }
        let own = format!("{kind}/{name}");
        let taken = TABLE.arguments.get(&*own).or_else(|| TABLE.arguments.get(&**name));
        match (taken, &mut entry.value.kind) {
            (Some(Taken::Type(ty)), _) => {
                if let Ok(value) = convert(&entry.value, ty) {
                    entry.value = value;
                }
            }
            (taken, Kind::Seq(seq)) => {
                let seq = Arc::make_mut(seq);
                seq.items.iter_mut().for_each(|block| body(kind, block));
                if taken.is_some() {
                    once(seq);
                }
            }
            _ => {}
        }
    }
}

/// Leaves one of equal blocks, the first.
fn once(seq: &mut Seq) {
    let mut kept: Vec<Value> = Vec::with_capacity(seq.items.len());
    for item in std::mem::take(&mut seq.items) {
        if !kept.iter().any(|other| equals(other, &item) == Some(true)) {
            kept.push(item);
        }
    }
    seq.items = kept;
}
