//! Evaluated values as JSON, for `inspect` and `console`.

use super::words::one_line;
use crate::analysis::Analysis;
use crate::resource::Resource;
use crate::source::Sources;
use crate::value::Existence;
use crate::value::{Kind, Value};
use serde_json::{Map as JsonMap, Value as Json, json};
use std::io::{Result, Write};

/// A value as two trees of the same shape: what is known, with `null` where it is not, and why it is not known.
///
/// References stand among the known as `{"$ref": "aws_kms_key.k.arn"}`, text with holes as `{"$tpl": [parts]}`.
/// The second tree is `None` where all is known.
pub fn tree(value: &Value) -> (Json, Option<Json>) {
    if is_secret(value) {
        return (Json::Null, Some("the value is sensitive".into()));
    }
    match &value.kind {
        Kind::Null(_) => (Json::Null, None),
        Kind::Bool(value) => (Json::Bool(*value), None),
        Kind::Number(number) => (serde_json::from_str(&number.to_string()).unwrap_or(Json::Null), None),
        Kind::String(text) => (Json::from(&**text), None),
        Kind::Document(_) if value.text().is_some() => (Json::from(value.text().as_deref()), None),
        Kind::Document(inner) => (json!({"$tpl": [{"$unknown": reason(inner)}]}), Some(reason(inner).into())),
        Kind::Ref(reference) => match reference.known.as_ref().and_then(Value::text) {
            Some(text) => (Json::from(&*text), None),
            None => (json!({"$ref": format!("{}.{}", reference.address, reference.attr)}), None),
        },
        Kind::Template(parts) => match value.text() {
            Some(text) => (Json::from(&*text), None),
            None => {
                let unknown = value.first_unknown().map(|unknown| Json::from(unknown.reason.to_string()));
                (json!({"$tpl": parts.iter().map(part).collect::<Vec<_>>()}), unknown)
            }
        },
        Kind::Cond(_) | Kind::Unknown(_) => (Json::Null, Some(reason(value).into())),
        Kind::Seq(seq) => {
            if let Some(open) = &seq.open {
                return (Json::Null, Some(open.reason.to_string().into()));
            }
            let (known, unknown): (Vec<Json>, Vec<Option<Json>>) = seq.items.iter().map(tree).unzip();
            let any = unknown.iter().any(Option::is_some);
            (known.into(), any.then(|| unknown.into_iter().map(|item| item.unwrap_or(false.into())).collect()))
        }
        Kind::Map(map) => {
            let mut known = JsonMap::new();
            let mut unknown = JsonMap::new();
            for (key, entry) in &map.entries {
                let (value, why) = tree(&entry.value);
                known.insert(key.to_string(), value);
                unknown.extend(why.map(|why| (key.to_string(), why)));
            }
            if let Some(open) = &map.open {
                return (Json::Null, Some(open.reason.to_string().into()));
            }
            (known.into(), (!unknown.is_empty()).then(|| unknown.into()))
        }
    }
}

/// Whether the value is secret: text and what is shown as a whole, where any part of it is.
fn is_secret(value: &Value) -> bool {
    value.sensitive || (!matches!(value.kind, Kind::Seq(_) | Kind::Map(_)) && value.is_hidden())
}

fn part(value: &Value) -> Json {
    match tree(value) {
        (known, None) => known,
        (_, Some(_)) => json!({"$unknown": reason(value)}),
    }
}

fn reason(value: &Value) -> String {
    match (&value.kind, value.first_unknown()) {
        (_, Some(unknown)) => unknown.reason.to_string(),
        (Kind::Cond(branches), None) => {
            let guard = branches.first().map(|branch| branch.guard.text.to_string()).unwrap_or_default();
            format!("it depends on `{guard}`")
        }
        _ => "a part of it is not known".to_owned(),
    }
}

/// Every resource of every unit, with its attributes: known values, and why others are not known.
pub fn inspect(analysis: &Analysis) -> Json {
    let units: Vec<Json> = analysis
        .stacks
        .iter()
        .map(|stack| {
            let resources: Vec<Json> =
                stack.resources.iter().map(|resource| one(&analysis.sources, resource)).collect();
            json!({
                "unit": stack.unit,
                "account": stack.place.account.known().map(ToString::to_string),
                "region": stack.place.region.known(),
                "resources": resources,
            })
        })
        .collect();
    json!({"units": units, "errors": super::json::errors(analysis)})
}

fn one(sources: &Sources, resource: &Resource) -> Json {
    let mut values = JsonMap::new();
    let mut unknown = JsonMap::new();
    for (name, entry) in resource.attributes.as_map().map(|map| &map.entries).into_iter().flatten() {
        // Null is the same as leaving the attribute out: the provider may then choose.
        if name.contains(':') || entry.value.is_null() {
            continue;
        }
        let (value, why) = tree(&entry.value);
        values.insert(name.to_string(), value);
        unknown.extend(why.map(|why| (name.to_string(), why)));
    }
    let exists = match &resource.exists {
        Existence::Certain => Json::Bool(true),
        Existence::When(guards) => {
            let texts = guards.iter().map(|guard| format!("{}{}", if guard.holds { "" } else { "not " }, guard.text));
            json!({"when": texts.collect::<Vec<_>>()})
        }
        Existence::Many(value) => json!({"instances": reason(value)}),
    };
    json!({
        "address": resource.address,
        "type": resource.kind,
        "account": resource.place.account.known().map(ToString::to_string),
        "region": resource.place.region.known(),
        "exists": exists,
        "location": sources.location(resource.span),
        "values": values,
        "unknown": unknown,
    })
}

/// The same for people: a block for each resource, a line for each attribute.
pub fn write(analysis: &Analysis, out: &mut dyn Write) -> Result<()> {
    for stack in &analysis.stacks {
        writeln!(out, "{} in {}/{}", one_line(&stack.unit), stack.place.account, stack.place.region)?;
        for resource in &stack.resources {
            let at = analysis.sources.location(resource.span);
            writeln!(out, "\n  {}  {}:{}", one_line(&resource.address), one_line(&at.file), at.line)?;
            for (name, entry) in resource.attributes.as_map().map(|map| &map.entries).into_iter().flatten() {
                if name.contains(':') || entry.value.is_null() {
                    continue;
                }
                writeln!(out, "    {} = {}", one_line(name), one_line(&line(&entry.value)))?;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

/// A value on one line, with reasons in angle brackets where it is not known.
pub fn line(value: &Value) -> String {
    if is_secret(value) {
        return "<sensitive>".to_owned();
    }
    match &value.kind {
        Kind::Unknown(_) | Kind::Cond(_) => format!("<{}>", reason(value)),
        Kind::Ref(reference) if value.text().is_none() => format!("{}.{}", reference.address, reference.attr),
        Kind::Template(parts) if value.text().is_none() => {
            let parts =
                parts.iter().map(|part| part.as_str().map_or_else(|| format!("${{{}}}", line(part)), str::to_owned));
            format!("\"{}\"", parts.collect::<String>())
        }
        Kind::Seq(seq) => {
            let more = seq.open.iter().map(|open| format!("<maybe more: {}>", open.reason));
            format!("[{}]", seq.items.iter().map(line).chain(more).collect::<Vec<_>>().join(", "))
        }
        Kind::Map(map) => {
            let entries = map.entries.iter().filter(|(name, _)| !name.contains("crossvault:"));
            let entries = entries.map(|(name, entry)| format!("{name} = {}", line(&entry.value)));
            let more = map.open.iter().map(|open| format!("<maybe more: {}>", open.reason));
            format!("{{ {} }}", entries.chain(more).collect::<Vec<_>>().join(", "))
        }
        Kind::Document(inner) => format!("jsonencode({})", line(inner)),
        _ => tree(value).0.to_string(),
    }
}
