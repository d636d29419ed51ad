//! Attributes, properties and resources put into code, and values changed in place.

use super::statement::{self, Statement, indent, line_end, line_start};
use crate::diagnostic::Edit;
use crate::model::Site;
use crate::resource::Resource;
use crate::source::{Sources, Span};
use crate::value::{Kind, Value};

fn insertion(span: Span, at: usize, replacement: String) -> Edit {
    Edit { span: Span::new(span.file, at..at), replacement }
}

/// Whether the resource stands in a template.
pub(super) fn in_template(site: &Site) -> bool {
    site.kind.starts_with("AWS::")
}

/// The attribute `name = value` as the last of a Terraform block; `value` is given where its lines begin.
pub(super) fn attribute(sources: &Sources, block: Span, name: &str, value: impl Fn(&str) -> String) -> Option<Edit> {
    last(sources, block, |inner| format!("{name} = {}", value(inner)))
}

/// Something that `write` gives for where its lines begin, as the last thing in a Terraform block.
pub(super) fn last(sources: &Sources, span: Span, write: impl Fn(&str) -> String) -> Option<Edit> {
    let text = sources.text(span.file);
    let block = text.get(span.range())?;
    let end = span.start as usize + block.trim_end().strip_suffix('}')?.len();
    let open = span.start as usize + block.find('{')? + 1;
    let outer = indent(&text, span.start as usize);
    let inner = format!("{outer}  ");
    let written = write(&inner);
    let start = line_start(&text, end);
    if text.get(start..end)?.trim().is_empty() && block.contains('\n') {
        // On its own, so that no line before it has to be aligned anew.
        let gap = if text.get(..start)?.trim_end().ends_with('{') { "" } else { "\n" };
        return Some(insertion(span, start, format!("{gap}{inner}{written}\n")));
    }
    // A block on one line opens; what stands in it moves to a line of its own.
    let inside = text.get(open..end)?.trim();
    let kept = if inside.is_empty() { String::new() } else { format!("\n{inner}{inside}\n") };
    Some(Edit { span: Span::new(span.file, open..end), replacement: format!("{kept}\n{inner}{written}\n{outer}") })
}

/// A resource of Terraform behind another, for the same provider; `rows` are its attributes, the last may be of many lines.
/// `each` is its `count` or `for_each`.
pub(super) fn resource(
    sources: &Sources,
    site: &Site,
    kind: &str,
    name: &str,
    each: Option<&(&str, String)>,
    rows: &[(&str, String)],
) -> Option<Edit> {
    let text = sources.text(site.span.file);
    let block = text.get(site.span.range())?;
    let provider = block.lines().find_map(|line| line.trim().strip_prefix("provider")?.trim_start().strip_prefix('='));
    let provider =
        provider.map(|provider| ("provider", provider.split('#').next().unwrap_or_default().trim().to_owned()));
    let rows: Vec<(&str, String)> = provider.into_iter().chain(rows.iter().cloned()).collect();
    let each = each.map(|(key, value)| format!("  {key} = {value}\n\n")).unwrap_or_default();
    let (short, tall): (Vec<_>, Vec<_>) = rows.iter().partition(|(_, value)| !value.contains('\n'));
    let width = short.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    let mut body: String = short.iter().map(|(key, value)| format!("  {key:width$} = {value}\n")).collect();
    for (key, value) in tall {
        body.push_str(&format!("\n  {key} = {value}\n"));
    }
    let at = line_end(&text, site.span.start as usize + block.trim_end().len());
    Some(insertion(site.span, at, format!("\n\nresource \"{kind}\" \"{name}\" {{\n{each}{body}}}")))
}

/// A policy as a further property of a template's resource.
pub(super) fn policy_property(
    sources: &Sources,
    found: &Resource,
    name: &str,
    statements: &[Statement],
) -> Option<Edit> {
    property(sources, found, None, |outer, json| statement::property(name, statements, outer, json))
}

/// A further property of a template's resource: what `write` gives for the white space before it and whether the template
/// is JSON. It stands behind the property `after` where that is there, else behind the last one.
pub(super) fn property(
    sources: &Sources,
    found: &Resource,
    after: Option<&str>,
    write: impl Fn(&str, bool) -> String,
) -> Option<Edit> {
    let map = found.attributes.as_map()?;
    let inside =
        |span: &Span| span.file == found.span.file && span.start >= found.span.start && span.end <= found.span.end;
    let spans = map.entries.iter().filter_map(|(name, entry)| Some((name, entry.span.filter(inside)?)));
    let named = spans.clone().find(|(name, _)| after == Some(&**name)).map(|(_, span)| span);
    let last = spans.map(|(_, span)| span).max_by_key(|span| span.end)?;
    entry(sources, named.unwrap_or(last), write)
}

/// An entry of a map of a template behind the entry at `before`; `None` where entries stand in one line.
pub(super) fn entry(sources: &Sources, before: Span, write: impl Fn(&str, bool) -> String) -> Option<Edit> {
    let text = sources.text(before.file);
    let start = line_start(&text, before.start as usize);
    let lead = text.get(start..before.start as usize)?;
    // The first entry of a map in a list stands behind the hyphen.
    if !lead.trim_matches([' ', '\t', '-']).is_empty() {
        return None;
    }
    let outer = lead.replace('-', " ");
    let written = text.get(before.range())?;
    let end = before.start as usize + written.trim_end().len();
    let json = written.starts_with('"') && text.trim_start().starts_with('{');
    let entry = write(&outer, json);
    let (at, comma) = if json { (end, ",") } else { (line_end(&text, end), "") };
    Some(insertion(before, at, format!("{comma}\n{entry}")))
}

/// A resource of a template behind another: `rows` are its properties, each with a value that is written without quotes
/// in YAML.
pub(super) fn template_resource(
    sources: &Sources,
    site: &Site,
    name: &str,
    kind: &str,
    rows: &[(&str, String)],
) -> Option<Edit> {
    let text = sources.text(site.span.file);
    let id = text.get(site.header.range())?;
    let id_line = line_start(&text, site.header.start as usize);
    let outer = indent(&text, site.header.start as usize);
    if id_line + outer.len() != site.header.start as usize {
        return None;
    }
    let block = text.get(site.span.range())?;
    let end = site.span.start as usize + block.trim_end().len();
    let first =
        text.get(line_end(&text, site.header.start as usize)..)?.lines().find(|line| !line.trim().is_empty())?;
    let step = indent(first, 0).strip_prefix(outer).filter(|step| !step.is_empty())?;
    let (one, two) = (format!("{outer}{step}"), format!("{outer}{step}{step}"));
    // Resources stand apart where the one before does.
    let before = text.get(..id_line)?.trim_end_matches([' ', '\t']);
    let gap = if before.ends_with("\n\n") || before.ends_with("\n\r\n") { "\n" } else { "" };
    if id.starts_with('"') {
        let rows: Vec<String> = rows
            .iter()
            .map(|(key, value)| match value.as_str() {
                "true" => format!("{two}\"{key}\": true"),
                _ => format!("{two}\"{key}\": \"{value}\""),
            })
            .collect();
        let rows = rows.join(",\n");
        let text = format!(
            ",\n{gap}{outer}\"{name}\": {{\n{one}\"Type\": \"{kind}\",\n{one}\"Properties\": {{\n{rows}\n{one}}}\n{outer}}}"
        );
        return Some(insertion(site.span, end, text));
    }
    let rows: String = rows.iter().map(|(key, value)| format!("\n{two}{key}: {value}")).collect();
    let text = format!("\n{gap}{outer}{name}:\n{one}Type: {kind}\n{one}Properties:{rows}");
    Some(insertion(site.span, line_end(&sources.text(site.span.file), end), text))
}

/// The literal of a value replaced; `None` where the value was not written as itself.
pub(super) fn literal(sources: &Sources, value: &Value, new: &str) -> Option<Edit> {
    let span = value.span?;
    let text = sources.text(span.file);
    let written = text.get(span.range())?;
    let bare = written.trim_matches(['"', '\'']);
    if bare != &*value.text()? {
        return None;
    }
    let at = written.find(bare)?;
    let start = span.start as usize + at;
    Some(Edit { span: Span::new(span.file, start..start + bare.len()), replacement: new.to_owned() })
}

/// The name at the beginning of an entry replaced.
pub(super) fn renamed(sources: &Sources, entry: Span, old: &str, new: &str) -> Option<Edit> {
    let text = sources.text(entry.file);
    let written = text.get(entry.range())?;
    let at = written.find(old).filter(|at| *at <= 1)?;
    let start = entry.start as usize + at;
    Some(Edit { span: Span::new(entry.file, start..start + old.len()), replacement: new.to_owned() })
}

/// Further values in a value or list of values that were written as themselves.
pub(super) fn more(sources: &Sources, values: &Value, new: &[&str]) -> Option<Vec<Edit>> {
    let last = match &values.kind {
        // A list is not always in the order of its text.
        Kind::Seq(seq) => seq.items.iter().filter(|item| item.span.is_some()).max_by_key(|item| item.span)?,
        _ => values,
    };
    literal(sources, last, "")?;
    let span = last.span?;
    let text = sources.text(span.file);
    let written = text.get(span.range())?;
    let quote = written.chars().next().unwrap_or('"');
    let quoted: Vec<String> = new.iter().map(|new| format!("{quote}{new}{quote}")).collect();
    let end = span.end as usize;
    let start = line_start(&text, span.start as usize);
    let before = text.get(start..span.start as usize)?;
    let lines = |separator: &str| quoted.iter().map(|new| format!("\n{before}{new}{separator}")).collect::<String>();
    if before.trim() == "-" {
        // An entry of a block sequence is in quotes where the one before it is.
        let entries = new.iter().zip(&quoted).map(|(bare, quoted)| {
            let plain = written.starts_with(|c: char| c.is_alphanumeric()) && !bare.contains(": ");
            format!("\n{before}{}", if plain { bare } else { quoted.as_str() })
        });
        return Some(vec![insertion(span, line_end(&text, end), entries.collect())]);
    }
    let listed = text.get(..span.start as usize)?.trim_end().ends_with(['[', ',']);
    if !listed && !matches!(values.kind, Kind::Seq(_)) {
        let own = if written.starts_with(['"', '\'']) { written.to_owned() } else { format!("\"{written}\"") };
        return Some(vec![Edit { span, replacement: format!("[{own}, {}]", quoted.join(", ")) }]);
    }
    if !before.trim().is_empty() {
        return Some(vec![insertion(span, end, format!(", {}", quoted.join(", ")))]);
    }
    // Each on its own line: a comment behind the last one stays with it.
    let tail = line_end(&text, end);
    let rest = text.get(end..tail)?;
    let blank = |rest: &str| rest.get(statement::skip(rest, 0)..).is_some_and(str::is_empty);
    match rest.trim_start().strip_prefix(',') {
        Some(rest) if blank(rest) => Some(vec![insertion(span, tail, lines(","))]),
        None if rest.is_empty() || !blank(rest) => {
            Some(vec![insertion(span, end, quoted.iter().map(|new| format!(",\n{before}{new}")).collect())])
        }
        None => {
            let all = quoted.iter().map(|new| format!("\n{before}{new}")).collect::<Vec<_>>().join(",");
            Some(vec![insertion(span, end, ",".to_owned()), insertion(span, tail, all)])
        }
        Some(_) => Some(vec![insertion(span, end, format!(", {}", quoted.join(", ")))]),
    }
}
