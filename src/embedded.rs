//! JSON text within a value, as a structure: holes in the text stay values, and places lead into the text.

use crate::json::{self, Node, NodeKind};
use crate::source::{FileId, Sources, Span};
use crate::value::{Entries, Entry, Kind, Map, MapKind, Reason, Unknown, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// The structure that `value` holds as JSON text: a document itself, else the text parsed. With `sources`, each part
/// points at the line of the text that says it. `None` where the text is not JSON; what is wrong is not told.
pub(crate) fn decode(value: &Value, sources: Option<&Sources>) -> Option<Value> {
    match &value.kind {
        Kind::Document(inner) => return Some((**inner).clone()),
        Kind::Ref(reference) => return decode(reference.known.as_ref()?, sources),
        Kind::String(_) | Kind::Template(_) => {}
        _ => return None,
    }
    let mut text = Text { sources, ..Text::default() };
    text.add(value);
    // The places of `read` are offsets in the text, whatever the file.
    let (node, error) = json::read(FileId(u32::MAX), &text.text);
    if error.is_some() {
        return None;
    }
    Some(text.value(&node?, value))
}

// Holes stand as marks of a private use area while the text is parsed.
const OPEN: char = '\u{f0000}';
const CLOSE: char = '\u{f0001}';

#[derive(Default)]
struct Text<'a> {
    sources: Option<&'a Sources>,
    text: String,
    holes: Vec<Value>,
    /// Where pieces of the text stand in the source: start and length in the text, then the place.
    pieces: Vec<(usize, usize, Span)>,
    /// How far each literal's source was read.
    read: BTreeMap<Span, usize>,
}

impl Text<'_> {
    fn add(&mut self, value: &Value) {
        match &value.kind {
            Kind::Template(parts) => {
                for part in parts.iter() {
                    let part = Value { span: part.span.or(value.span), ..part.clone() };
                    self.add(&part);
                }
            }
            Kind::Ref(reference) if reference.known.is_some() => {
                if let Some(known) = &reference.known {
                    self.add(known);
                }
            }
            Kind::String(text) => {
                if let Some(span) = value.span {
                    self.place(text, span);
                }
                self.text.push_str(text);
            }
            _ => match value.text() {
                Some(known) => self.text.push_str(&known),
                None => {
                    let _ = write!(self.text, "{OPEN}{}{CLOSE}", self.holes.len());
                    self.holes.push(value.clone());
                }
            },
        }
    }

    /// Notes where the lines of `text`, written within `span`, stand in the source. Indentation may have been taken
    /// away and interpolations replaced, so lines are compared trimmed, and up to an interpolation.
    fn place(&mut self, text: &str, span: Span) {
        let Some(sources) = self.sources else { return };
        let source = sources.text(span.file);
        let base = self.text.len();
        let mut cursor = self.read.get(&span).copied().unwrap_or(span.start as usize);
        let end = (span.end as usize).min(source.len());
        let mut offset = 0;
        for line in text.split_inclusive('\n') {
            let start = offset;
            offset += line.len();
            let wanted = line.trim();
            if wanted.is_empty() {
                continue;
            }
            let indent = line.len() - line.trim_start().len();
            let mut at = cursor;
            while let Some(rest) = source.get(at..end).filter(|rest| !rest.is_empty()) {
                let found = rest.split_inclusive('\n').next().unwrap_or_default();
                let content = found.trim();
                let place = at + (found.len() - found.trim_start().len());
                at += found.len();
                if let Some(same) = agreement(wanted, content) {
                    self.pieces.push((base + start + indent, same, Span::new(span.file, place..place + same)));
                    // A literal between two interpolations goes on in its line.
                    cursor = if line.ends_with('\n') { at } else { place + same };
                    break;
                }
            }
        }
        self.read.insert(span, cursor);
    }

    /// The source of the text from `start` to `end`.
    fn span(&self, start: usize, end: usize) -> Option<Span> {
        let piece = |at: usize| {
            let index = self.pieces.partition_point(|(from, _, _)| *from <= at).checked_sub(1)?;
            self.pieces.get(index).filter(|(from, length, _)| at < from + length)
        };
        let (from, _, first) = piece(start)?;
        let first = Span::new(first.file, first.start as usize + (start - from)..first.end as usize);
        match piece(end.saturating_sub(1)) {
            Some((from, _, last)) if last.file == first.file => {
                let stop = last.start as usize + (end - from);
                Some(Span::new(first.file, first.start as usize..stop.max(first.start as usize)))
            }
            _ => Some(first),
        }
    }

    fn value(&self, node: &Node, whole: &Value) -> Value {
        let span = self.span(node.start, node.end).or(whole.span);
        let kind = match &node.kind {
            NodeKind::Null => Kind::Null(Default::default()),
            NodeKind::Bool(value) => Kind::Bool(*value),
            NodeKind::Number(number) => Kind::Number(number.clone()),
            NodeKind::String(text) => self.filled(&text.text).kind,
            NodeKind::Array(items) => Value::tuple(items.iter().map(|item| self.value(item, whole)).collect()).kind,
            NodeKind::Object(items) => {
                let mut map = Map::new(MapKind::Object, Entries::new(), None);
                for (key, value) in items {
                    if key.text.contains(OPEN) {
                        let reason = Reason::Derived("a key of the JSON text is not known".into());
                        map.open = Some(Arc::new(Unknown::new(reason, span)));
                        continue;
                    }
                    let span = self.span(key.start, value.end);
                    let entry = Entry { value: self.value(value, whole), span };
                    map.entries.insert(key.text.as_str().into(), entry);
                }
                Kind::Map(Arc::new(map))
            }
        };
        Value { kind, span, sensitive: whole.sensitive }
    }

    /// The string with its holes put back.
    fn filled(&self, text: &str) -> Value {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(OPEN) {
            let Some((number, after)) = after.split_once(CLOSE) else { break };
            if !before.is_empty() {
                parts.push(Value::string(before));
            }
            parts.extend(number.parse::<usize>().ok().and_then(|at| self.holes.get(at)).cloned());
            rest = after;
        }
        if parts.is_empty() {
            return Value::string(text);
        }
        if !rest.is_empty() {
            parts.push(Value::string(rest));
        }
        match parts.as_slice() {
            [one] => one.clone(),
            _ => Value::new(Kind::Template(parts.into())),
        }
    }
}

/// How many bytes of the text's line stand in the source's line: all, or as many as come before an interpolation.
fn agreement(text: &str, source: &str) -> Option<usize> {
    if source.starts_with(text) {
        return Some(text.len());
    }
    let same: usize =
        text.chars().zip(source.chars()).take_while(|(a, b)| a == b).map(|(character, _)| character.len_utf8()).sum();
    let rest = source.get(same..)?;
    (same > 0 && (rest.starts_with("${") || rest.starts_with("%{"))).then_some(same)
}

#[cfg(test)]
mod tests {
    use super::decode;
    use crate::source::{MemoryDisk, Sources, Span};
    use crate::value::Value;

    fn place(source: &str, text: &str, path: &[&str]) -> String {
        let sources = Sources::new(Box::new(MemoryDisk::new([("a.tf", source)])));
        let file = sources.load("a.tf").unwrap();
        let value = Value::string(text).at(Span::new(file, 0..source.len()));
        let mut value = decode(&value, Some(&sources)).unwrap();
        for step in path {
            value = match step.parse::<usize>() {
                Ok(at) => value.as_seq().unwrap().items.get(at).unwrap().clone(),
                Err(_) => value.get(step).unwrap().clone(),
            };
        }
        source.get(value.span.unwrap().range()).unwrap().to_owned()
    }

    #[test]
    fn places_lead_into_indented_text() {
        let source =
            "x = <<-E\n    {\n      \"a\": [\n        {\"b\": \"c\"},\n        {\"b\": \"d\"}\n      ]\n    }\n    E\n";
        let text = "{\n  \"a\": [\n    {\"b\": \"c\"},\n    {\"b\": \"d\"}\n  ]\n}\n";
        assert_eq!(place(source, text, &["a", "1"]), "{\"b\": \"d\"}");
        assert_eq!(place(source, text, &["a", "0", "b"]), "\"c\"");
    }

    #[test]
    fn a_line_with_an_interpolation_is_found_by_what_comes_before() {
        let source = "{\n  \"a\": \"x${var.y}z\",\n  \"b\": 1\n}\n";
        let text = "{\n  \"a\": \"x123z\",\n  \"b\": 1\n}\n";
        assert_eq!(place(source, text, &["b"]), "1");
        assert_eq!(place(source, text, &["a"]), "\"x");
    }

    #[test]
    fn text_that_is_not_in_the_source_points_at_the_whole() {
        assert_eq!(place("\"{\\\"a\\\":1}\"", "{\"a\":1}", &["a"]), "\"{\\\"a\\\":1}\"");
    }
}
