//! `aws_iam_policy_document` as the AWS provider renders it, with the statements' places kept.
//!
//! Source: hashicorp/terraform-provider-aws, documentation of the data source, read 2026-11.

use crate::value::{Entries, Entry, Kind, Map, MapKind, Reason, Seq, SeqKind, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The document of an evaluated `aws_iam_policy_document` block.
pub(in crate::terraform) fn render(block: &Value) -> Value {
    let mut statements: Vec<Value> = Vec::new();
    let mut open = None;
    // A later document gives the id, the newer version holds, and a statement replaces one of the same `Sid`.
    let (mut id, mut version) = (None::<Value>, None::<Value>);
    let mut header = |of: Option<&Value>, own: Option<&Value>| {
        if let Some(own) = own.filter(|own| !own.is_null() && own.as_str() != Some("")) {
            id = Some(own.clone());
        }
        let newer = |old: &Value| of.and_then(Value::text) > old.text();
        if let Some(of) = of.filter(|of| !of.is_null() && version.as_ref().is_none_or(newer)) {
            version = Some(of.clone());
        }
    };
    let mut add = |item: Value| {
        let sid = item.get("Sid").and_then(Value::text);
        match statements.iter_mut().find(|own| sid.is_some() && own.get("Sid").and_then(Value::text) == sid) {
            Some(own) => *own = item,
            None => statements.push(item),
        }
    };
    for source in documents(block, "source_policy_documents", "source_json") {
        match parsed(&source) {
            Some((document, items)) => {
                header(document.get("Version"), document.get("Id"));
                items.into_iter().for_each(&mut add);
            }
            None => open = super::expression::why(&source),
        }
    }
    let own = block.get("version").filter(|value| !value.is_null()).cloned();
    header(Some(&own.unwrap_or_else(|| Value::string("2012-10-17"))), block.get("policy_id"));
    if let Some(seq) = block.get("statement").and_then(Value::as_seq) {
        seq.items.iter().map(statement).for_each(&mut add);
        open = open.or_else(|| seq.open.clone());
    }
    for over in documents(block, "override_policy_documents", "override_json") {
        match parsed(&over) {
            Some((document, items)) => {
                header(document.get("Version"), document.get("Id"));
                items.into_iter().for_each(&mut add);
            }
            None => open = super::expression::why(&over),
        }
    }
    let mut entries = vec![("Version", version.unwrap_or_else(|| Value::string("2012-10-17")))];
    entries.extend(id.map(|id| ("Id", id)));
    if !statements.is_empty() || open.is_some() {
        let seq = Seq::new(SeqKind::Tuple, statements, open);
        entries.push(("Statement", Value::new(Kind::Seq(Arc::new(seq)))));
    }
    Value::new(Kind::Document(Arc::new(Value { span: block.span, ..Value::object(entries) })))
}

/// The documents in a list attribute, or in its older single form.
fn documents(block: &Value, list: &str, single: &str) -> Vec<Value> {
    let mut out: Vec<Value> = block.get(single).into_iter().filter(|value| !value.is_null()).cloned().collect();
    match block.get(list) {
        Some(value) if value.is_null() => {}
        Some(value) => match value.as_seq() {
            Some(seq) => {
                out.extend(seq.items.iter().filter(|item| !item.is_null() && item.as_str() != Some("")).cloned());
                out.extend(seq.open.iter().map(|unknown| Value::new(Kind::Unknown(unknown.clone()))));
            }
            None => out.push(value.clone()),
        },
        None => {}
    }
    out
}

/// A document that is given as text, and its statements.
fn parsed(document: &Value) -> Option<(Value, Vec<Value>)> {
    let value = match &document.kind {
        Kind::Document(value) => (**value).clone(),
        Kind::String(_) | Kind::Template(_) | Kind::Ref(_) => crate::terraform::functions::json_decode(document)?,
        _ => return None,
    };
    let items = match value.get("Statement").map(|value| &value.kind) {
        Some(Kind::Seq(seq)) if seq.open.is_none() => seq.items.clone(),
        Some(Kind::Map(_)) => value.get("Statement").map(|value| vec![value.clone()])?,
        None if value.as_map().is_some() => Vec::new(),
        _ => return None,
    };
    Some((value, items))
}

fn statement(block: &Value) -> Value {
    let mut entries = Entries::new();
    let mut put = |name: &str, value: Value| {
        entries.insert(name.into(), Entry { value, span: None });
    };
    if let Some(sid) = block.get("sid").filter(|value| !value.is_null() && value.as_str() != Some("")) {
        put("Sid", sid.clone());
    }
    put(
        "Effect",
        block.get("effect").filter(|value| !value.is_null()).cloned().unwrap_or_else(|| Value::string("Allow")),
    );
    for (from, to, variables) in [
        ("actions", "Action", false),
        ("not_actions", "NotAction", false),
        ("resources", "Resource", true),
        ("not_resources", "NotResource", true),
    ] {
        let empty = |value: &&Value| value.as_seq().is_some_and(|seq| seq.items.is_empty() && seq.open.is_none());
        if let Some(value) = block.get(from).filter(|value| !value.is_null() && !empty(value)) {
            put(to, list(value, variables));
        }
    }
    for (from, to) in [("principals", "Principal"), ("not_principals", "NotPrincipal")] {
        if let Some(value) = block.get(from).filter(|value| !value.is_null()) {
            put(to, principals(value));
        }
    }
    if let Some(conditions) = block.get("condition").and_then(Value::as_seq) {
        put("Condition", self::conditions(conditions, block));
    }
    let map = Map::new(MapKind::Object, entries, None);
    Value { span: block.span, ..Value::new(Kind::Map(Arc::new(map))) }.only_where(block.when())
}

/// The strings that a block under a condition lists, each under it.
fn under(block: &Value, items: &[Value]) -> Vec<Value> {
    items.iter().map(|item| unescape(item).only_where(block.when())).collect()
}

/// A bool or number as the text that the provider takes it for.
fn as_text(item: &Value) -> Value {
    match item.text() {
        Some(text) if matches!(item.kind, Kind::Bool(_) | Kind::Number(_)) => {
            Value { span: item.span, ..Value::string(text) }
        }
        _ => item.clone(),
    }
}

/// The strings of a set in the provider's order, each once; as written where one is not known.
fn in_order(items: Vec<Value>) -> Vec<Value> {
    let mut named: BTreeMap<Arc<str>, Value> = BTreeMap::new();
    for item in &items {
        let Some(text) = item.text() else { return items };
        named.entry(text).or_insert_with(|| as_text(item));
    }
    named.into_values().rev().collect()
}

/// A set of strings: one element alone is a plain string.
fn list(value: &Value, variables: bool) -> Value {
    let Some(seq) = value.as_seq() else { return value.clone() };
    let items = seq.items.iter().map(|item| if variables { unescape(item) } else { item.clone() }).collect();
    let items = in_order(items);
    match items.as_slice() {
        [only] if seq.open.is_none() => only.clone(),
        _ => Value {
            span: value.span,
            ..Value::new(Kind::Seq(Arc::new(Seq::new(SeqKind::Tuple, items, seq.open.clone()))))
        },
    }
}

/// `&{x}` stands for `${x}`.
fn unescape(value: &Value) -> Value {
    match &value.kind {
        Kind::String(text) if text.contains("&{") => {
            Value { kind: Kind::String(text.replace("&{", "${").into()), ..value.clone() }
        }
        Kind::Template(parts) => Value { kind: Kind::Template(parts.iter().map(unescape).collect()), ..value.clone() },
        _ => value.clone(),
    }
}

fn principals(value: &Value) -> Value {
    let Some(seq) = value.as_seq() else { return value.clone() };
    let mut by_type: BTreeMap<Arc<str>, Vec<Value>> = BTreeMap::new();
    let mut open = seq.open.clone();
    for block in &seq.items {
        let Some(kind) = block.get("type").and_then(Value::text) else {
            open = open.or_else(|| super::expression::why(block));
            continue;
        };
        let identifiers = block.get("identifiers").cloned().unwrap_or_else(Value::null);
        match identifiers.as_seq() {
            Some(items) => {
                by_type.entry(kind).or_default().extend(under(block, &items.items));
                open = open.or_else(|| items.open.clone());
            }
            None => {
                let why = super::expression::why(&identifiers);
                by_type
                    .entry(kind)
                    .or_default()
                    .push(Value::new(why.map_or(Kind::Null(Default::default()), Kind::Unknown)));
            }
        }
    }
    if let Some(everyone) = by_type.get("*")
        && by_type.len() == 1
        && everyone.iter().all(|item| item.as_str() == Some("*"))
    {
        return Value { span: value.span, ..Value::string("*") };
    }
    let entries = by_type.into_iter().map(|(kind, items)| {
        let items = in_order(items);
        let value = match items.as_slice() {
            [only] => only.clone(),
            _ => Value::tuple(items),
        };
        (kind, Entry { value, span: None })
    });
    Value { span: value.span, ..Value::new(Kind::Map(Arc::new(Map::new(MapKind::Object, entries.collect(), open)))) }
}

/// Condition blocks are a set, which the provider's SDK walks by the decimal text of a checksum; their values are a list, and
/// the values of blocks of one test and variable follow each other. As written where one is not known.
///
/// Source: `HashResource` and `SerializeResourceForHash` of hashicorp/terraform-plugin-sdk.
fn by_checksum(conditions: &[Value]) -> Vec<&Value> {
    let checksum = |condition: &Value| {
        let text = |name| condition.get(name).and_then(Value::text);
        let values = condition.get("values")?.as_seq().filter(|seq| seq.open.is_none())?;
        let values: Option<String> = values.items.iter().map(|item| Some(format!("{};", item.text()?))).collect();
        let all = format!("test:{};values:({});variable:{};", text("test")?, values?, text("variable")?);
        let mut checksum = flate2::Crc::new();
        checksum.update(all.as_bytes());
        Some(checksum.sum().to_string())
    };
    let sums: Option<Vec<String>> = conditions.iter().map(checksum).collect();
    let mut order: Vec<usize> = (0..conditions.len()).collect();
    if let Some(sums) = sums {
        order.sort_by_key(|index| sums.get(*index));
    }
    order.into_iter().filter_map(|index| conditions.get(index)).collect()
}

fn conditions(seq: &Seq, block: &Value) -> Value {
    let mut tests: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Vec<Value>>> = BTreeMap::new();
    let mut open = seq.open.clone();
    for condition in by_checksum(&seq.items) {
        let (Some(test), Some(variable)) =
            (condition.get("test").and_then(Value::text), condition.get("variable").and_then(Value::text))
        else {
            open = open.or_else(|| super::expression::why(condition));
            continue;
        };
        let values = condition.get("values").cloned().unwrap_or_else(Value::null);
        let into = tests.entry(test).or_default().entry(variable).or_default();
        match values.as_seq() {
            Some(items) => {
                into.extend(under(condition, &items.items));
                if let Some(more) = &items.open {
                    into.push(Value::new(Kind::Unknown(more.clone())));
                }
            }
            None => {
                let why = super::expression::why(&values);
                into.push(why.map_or_else(
                    || Value::unknown(Reason::Derived("a condition's values".into()), block.span),
                    |why| Value::new(Kind::Unknown(why)),
                ));
            }
        }
    }
    let inner = |variables: BTreeMap<Arc<str>, Vec<Value>>| {
        Value::object(variables.into_iter().map(|(name, values)| {
            let mut values: Vec<Value> = values.iter().map(as_text).collect();
            let value = if values.len() == 1 { values.remove(0) } else { Value::tuple(values) };
            (name, value)
        }))
    };
    let entries =
        tests.into_iter().map(|(test, variables)| (test, Entry { value: inner(variables), span: None })).collect();
    Value::new(Kind::Map(Arc::new(Map::new(MapKind::Object, entries, open))))
}
