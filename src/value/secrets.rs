//! Marks what is secret in a resource, by its attributes' names, and notes the texts of all that is marked.

use super::{Kind, Map, Seq, Value};
use crate::secret::is_secret_attribute;
use crate::source::Sources;
use std::sync::Arc;

/// The attributes of a resource of type `kind`, with secret ones marked; every secret text is noted in `sources`.
pub(crate) fn hide(kind: &str, attributes: Value, sources: &Sources) -> Value {
    let mut attributes = walk(kind, &attributes, false, sources).unwrap_or(attributes);
    let secure = kind == "aws_ssm_parameter"
        && attributes.get("type").and_then(Value::text).is_none_or(|text| &*text == "SecureString");
    if secure
        && let Kind::Map(map) = &mut attributes.kind
        && let Some(entry) = Arc::make_mut(map).entries.get_mut("value")
    {
        note(&entry.value, sources);
        entry.value.sensitive = true;
    }
    attributes
}

/// Notes the texts of a value that is secret.
pub(crate) fn note(value: &Value, sources: &Sources) {
    walk("", value, true, sources);
}

impl Value {
    /// Whether some part of the value is secret.
    pub fn is_hidden(&self) -> bool {
        is_hidden(self)
    }
}

fn is_hidden(value: &Value) -> bool {
    value.sensitive
        || match &value.kind {
            Kind::Seq(seq) => seq.items.iter().any(is_hidden),
            Kind::Map(map) => map.entries.values().any(|entry| is_hidden(&entry.value)),
            Kind::Document(inner) => is_hidden(inner),
            Kind::Template(parts) => parts.iter().any(is_hidden),
            Kind::Ref(reference) => reference.known.as_ref().is_some_and(is_hidden),
            Kind::Cond(branches) => branches.iter().any(|branch| is_hidden(&branch.value)),
            _ => false,
        }
}

/// The value where something in it was marked anew.
fn walk(kind: &str, value: &Value, secret: bool, sources: &Sources) -> Option<Value> {
    let secret = secret || value.sensitive;
    match &value.kind {
        Kind::String(text) if secret => sources.hide(text, value.span),
        Kind::Number(number) if secret => sources.hide(&number.to_string().into(), value.span),
        Kind::Ref(reference) => {
            reference.known.as_ref().map(|known| walk(kind, known, secret, sources));
        }
        Kind::Document(inner) => {
            walk("", inner, secret, sources);
        }
        Kind::Template(parts) => parts.iter().for_each(|part| {
            walk("", part, secret, sources);
        }),
        Kind::Cond(branches) => branches.iter().for_each(|branch| {
            walk("", &branch.value, secret, sources);
        }),
        Kind::Seq(seq) => {
            let mut items: Option<Vec<Value>> = None;
            for (at, item) in seq.items.iter().enumerate() {
                if let Some(new) = walk(kind, item, secret, sources)
                    && let Some(slot) = items.get_or_insert_with(|| seq.items.clone()).get_mut(at)
                {
                    *slot = new;
                }
            }
            let seq = Seq::new(seq.kind, items?, seq.open.clone());
            return Some(Value { kind: Kind::Seq(Arc::new(seq)), ..value.clone() });
        }
        Kind::Map(map) => {
            let mut changed: Option<Map> = None;
            for (name, entry) in &map.entries {
                let named = !kind.is_empty()
                    && !matches!(entry.value.kind, Kind::Null(_) | Kind::Bool(_))
                    && is_secret_attribute(kind, name);
                let new = walk(kind, &entry.value, secret || named, sources);
                let marked = named && !entry.value.sensitive;
                if (new.is_some() || marked)
                    && let Some(slot) = changed.get_or_insert_with(|| (**map).clone()).entries.get_mut(name)
                {
                    if let Some(new) = new {
                        slot.value = new;
                    }
                    slot.value.sensitive |= named;
                }
            }
            return Some(Value { kind: Kind::Map(Arc::new(changed?)), ..value.clone() });
        }
        _ => {}
    }
    None
}
