//! `yamlencode` and `yamldecode`: YAML as Terraform writes it (every string in double quotes, sequences not indented below
//! their key) and reads it (YAML 1.1's words for booleans, dates as timestamps, numbers with leading zeros as decimal).

use super::{EvalError, Outcome};
use crate::terraform::ops::fail;
use crate::value::{Kind, Number, Reason, Type, Unknown, Value};
use granit_parser::{Event, Parser, ScalarStyle};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The text; `None` where the value is not wholly known, or holds control characters.
pub(super) fn encode(value: &Value) -> Option<String> {
    let mut out = String::new();
    match &value.kind {
        Kind::Seq(_) | Kind::Map(_) => block(value, 0, &mut out)?,
        _ if value.text().is_some_and(|text| text.contains('\n')) => block(value, 2, &mut out)?,
        _ => {
            out = scalar(value)?;
            // A plain scalar ends the document explicitly.
            out.push_str(if out.starts_with('"') { "\n" } else { "\n...\n" });
        }
    }
    Some(out)
}

fn scalar(value: &Value) -> Option<String> {
    Some(match &value.kind {
        Kind::Null(_) => "null".to_owned(),
        Kind::Bool(value) => value.to_string(),
        Kind::Number(number) => number.to_string(),
        Kind::Seq(seq) if seq.items.is_empty() && seq.open.is_none() => "[]".to_owned(),
        Kind::Map(map) if map.entries.is_empty() && map.open.is_none() => "{}".to_owned(),
        Kind::Seq(_) | Kind::Map(_) => return None,
        _ => quoted(&value.text()?)?,
    })
}

fn quoted(text: &str) -> Option<String> {
    if text.contains(|c: char| c.is_control()) {
        return None;
    }
    let mut out = String::with_capacity(text.len() + 2);
    for c in text.chars() {
        match c {
            '\\' | '"' => out.extend(['\\', c]),
            // The library that Terraform writes YAML with takes these for not printable.
            '\u{10000}'.. => out.push_str(&format!("\\U{:08X}", u32::from(c))),
            _ => out.push(c),
        }
    }
    Some(format!("\"{out}\""))
}

/// A text of several lines as a literal block.
fn lines(text: &str, indent: usize, out: &mut String) -> Option<()> {
    let fits = |c: char| c == '\n' || (!c.is_control() && c < '\u{10000}');
    if !text.contains('\n') || !text.chars().all(fits) || text.starts_with([' ', '\n']) {
        return None;
    }
    let body = text.trim_end_matches('\n');
    let ends = text.len() - body.len();
    out.push_str(match ends {
        0 => "|-\n",
        1 => "|\n",
        _ => "|+\n",
    });
    for line in body.split('\n') {
        if !line.is_empty() {
            out.push_str(&" ".repeat(indent));
            out.push_str(line);
        }
        out.push('\n');
    }
    out.push_str(&"\n".repeat(ends.saturating_sub(1)));
    Some(())
}

/// The lines of a value; the first one stands where the cursor is, the others are indented.
fn block(value: &Value, indent: usize, out: &mut String) -> Option<()> {
    if let Some(text) = scalar(value) {
        out.push_str(&text);
        out.push('\n');
        return Some(());
    }
    if let Some(text) = value.text() {
        return lines(&text, indent, out);
    }
    let pad = " ".repeat(indent);
    match &value.kind {
        Kind::Seq(seq) if seq.open.is_none() => {
            for (at, item) in seq.items.iter().enumerate() {
                if at > 0 {
                    out.push_str(&pad);
                }
                out.push_str("- ");
                block(item, indent + 2, out)?;
            }
        }
        Kind::Map(map) if map.open.is_none() => {
            for (at, (key, entry)) in map.entries.iter().enumerate() {
                if at > 0 {
                    out.push_str(&pad);
                }
                out.push_str(&quoted(key)?);
                out.push(':');
                match (&entry.value.kind, scalar(&entry.value)) {
                    (_, None) if entry.value.text().is_some() => {
                        out.push(' ');
                        block(&entry.value, indent + 2, out)?;
                    }
                    (_, Some(text)) => {
                        out.push(' ');
                        out.push_str(&text);
                        out.push('\n');
                    }
                    (Kind::Seq(_), None) => {
                        out.push('\n');
                        out.push_str(&pad);
                        block(&entry.value, indent, out)?;
                    }
                    _ => {
                        out.push('\n');
                        out.push_str(&pad);
                        out.push_str("  ");
                        block(&entry.value, indent + 2, out)?;
                    }
                }
            }
        }
        _ => return None,
    }
    Some(())
}

/// The value of a document of one part.
pub(super) fn decode(text: &str) -> Outcome {
    let mut open: Vec<(Vec<Value>, bool, usize)> = Vec::new();
    let mut anchors: BTreeMap<usize, Value> = BTreeMap::new();
    let mut root = None;
    let mut nodes = 0;
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| EvalError::new(format!("the text is not YAML: {}", error.info())))?;
        nodes += 1;
        if nodes > super::LIMIT || open.len() > 200 {
            return fail("the YAML text is too large");
        }
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = if style == ScalarStyle::Plain && tag.is_none() {
                    plain(&text)
                } else {
                    Value::string(text.as_ref())
                };
                (value, anchor)
            }
            Event::SequenceStart(_, anchor, _) => {
                open.push((Vec::new(), false, anchor));
                continue;
            }
            Event::MappingStart(_, anchor, _) => {
                open.push((Vec::new(), true, anchor));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some((items, true, anchor)) => (mapping(items)?, anchor),
                Some((items, false, anchor)) => (Value::tuple(items), anchor),
                None => continue,
            },
            Event::Alias(id) => match anchors.get(&id) {
                Some(value) => (value.clone(), 0),
                None => return fail("the YAML text has an alias that refers to nothing"),
            },
            _ => continue,
        };
        if anchor > 0 {
            anchors.insert(anchor, value.clone());
        }
        match open.last_mut() {
            Some((items, ..)) => items.push(value),
            None if root.is_some() => return fail("the YAML text has several documents"),
            None => root = Some(value),
        }
    }
    Ok(root.unwrap_or_else(Value::null))
}

/// Keys and values in turn.
fn mapping(items: Vec<Value>) -> Outcome {
    let mut entries = BTreeMap::new();
    let mut merged = Vec::new();
    let mut items = items.into_iter();
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        let Some(name) = key.text() else { return fail("a key of the YAML text is no string") };
        if &*name == "<<" {
            merged.push(value);
        } else {
            entries.insert(name, value);
        }
    }
    for value in merged {
        for (name, entry) in value.as_map().map(|map| map.entries.clone()).unwrap_or_default() {
            entries.entry(name).or_insert(entry.value);
        }
    }
    Ok(Value::object(entries))
}

fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::null(),
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Value::bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Value::bool(false);
        }
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf" | "-.INF" => {
            let why = Unknown::new(Reason::Unsupported("an infinite number".into()), None);
            return Value::new(Kind::Unknown(Arc::new(Unknown { ty: Type::Number, ..why })));
        }
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if unsigned.starts_with(|c: char| c.is_ascii_digit()) || unsigned.starts_with('.') {
        let based = [("0x", 16), ("0o", 8), ("0b", 2)]
            .into_iter()
            .find_map(|(prefix, base)| i64::from_str_radix(unsigned.strip_prefix(prefix)?, base).ok());
        if let Some(number) = based {
            return Value::int(if text.starts_with('-') { -number } else { number });
        }
        let digits = unsigned.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
        if digits && let Some(number) = Number::parse(text.strip_prefix('+').unwrap_or(text)) {
            return Value::new(Kind::Number(number));
        }
        let date = text.len() == 10
            && text.bytes().enumerate().all(
                |(at, byte)| {
                    if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() }
                },
            );
        if date {
            return Value::string(format!("{text}T00:00:00Z"));
        }
    }
    Value::string(text)
}
