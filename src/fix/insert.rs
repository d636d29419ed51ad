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
pub(super) fn attribute(sources: &Sources, site: &Site, name: &str, value: impl Fn(&str) -> String) -> Option<Edit> {
    let text = sources.text(site.span.file);
    let block = text.get(site.span.range())?;
    let end = site.span.start as usize + block.trim_end().strip_suffix('}')?.len();
    let outer = indent(&text, site.span.start as usize);
    let inner = format!("{outer}  ");
    let value = value(&inner);
    let start = line_start(&text, end);
    if text.get(start..end)?.trim().is_empty() && block.contains('\n') {
        // On its own, so that no line before it has to be aligned anew.
        let gap = if text.get(..start)?.trim_end().ends_with('{') { "" } else { "\n" };
        return Some(insertion(site.span, start, format!("{gap}{inner}{name} = {value}\n")));
    }
    // `{}` on one line opens.
    let inside = text.get(site.header.end as usize..end)?;
    if !inside.trim().trim_start_matches('{').trim().is_empty() {
        return None;
    }
    let open = site.span.start as usize + block.rfind('{')? + 1;
    Some(Edit {
        span: Span::new(site.span.file, open..end),
        replacement: format!("\n{inner}{name} = {value}\n{outer}"),
    })
}

/// A resource of Terraform behind another, for the same provider; `rows` are its attributes, the last may be of many lines.
pub(super) fn resource(
    sources: &Sources,
    site: &Site,
    kind: &str,
    name: &str,
    rows: &[(&str, String)],
) -> Option<Edit> {
    let text = sources.text(site.span.file);
    let block = text.get(site.span.range())?;
    let provider = block.lines().find_map(|line| line.trim().strip_prefix("provider")?.trim_start().strip_prefix('='));
    let provider =
        provider.map(|provider| ("provider", provider.split('#').next().unwrap_or_default().trim().to_owned()));
    let rows: Vec<(&str, String)> = provider.into_iter().chain(rows.iter().cloned()).collect();
    let (short, tall): (Vec<_>, Vec<_>) = rows.iter().partition(|(_, value)| !value.contains('\n'));
    let width = short.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    let mut body: String = short.iter().map(|(key, value)| format!("  {key:width$} = {value}\n")).collect();
    for (key, value) in tall {
        body.push_str(&format!("\n  {key} = {value}\n"));
    }
    let at = line_end(&text, site.span.start as usize + block.trim_end().len());
    Some(insertion(site.span, at, format!("\n\nresource \"{kind}\" \"{name}\" {{\n{body}}}")))
}

/// A policy as a further property of a template's resource.
pub(super) fn policy_property(
    sources: &Sources,
    found: &Resource,
    name: &str,
    statements: &[Statement],
) -> Option<Edit> {
    let map = found.attributes.as_map()?;
    let inside =
        |span: &Span| span.file == found.span.file && span.start >= found.span.start && span.end <= found.span.end;
    let entries = map.entries.values().filter_map(|entry| entry.span).filter(inside);
    let first = entries.clone().min_by_key(|span| span.start)?;
    let last = entries.max_by_key(|span| span.end)?;
    let text = sources.text(first.file);
    let outer = indent(&text, first.start as usize);
    if line_start(&text, first.start as usize) + outer.len() != first.start as usize {
        // Properties in one line are left alone.
        return None;
    }
    let end = last.start as usize + text.get(last.range())?.trim_end().len();
    let json = text.get(first.range())?.starts_with('"') && text.trim_start().starts_with('{');
    let property = statement::property(name, statements, outer, json);
    let (at, comma) = if json { (end, ",") } else { (line_end(&text, end), "") };
    Some(insertion(first, at, format!("{comma}\n{property}")))
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

/// One value more in a value or list of values that were written as themselves.
pub(super) fn one_more(sources: &Sources, values: &Value, new: &str) -> Option<Edit> {
    let quoted = |like: &str| match like.chars().next() {
        Some(quote @ ('"' | '\'')) => format!("{quote}{new}{quote}"),
        _ => format!("\"{new}\""),
    };
    match &values.kind {
        Kind::Seq(seq) => {
            let last = seq.items.last()?;
            let span = last.span?;
            literal(sources, last, new)?;
            let text = sources.text(span.file);
            let written = text.get(span.range())?;
            let end = span.end as usize;
            let start = line_start(&text, span.start as usize);
            let before = text.get(start..span.start as usize)?;
            let replacement = match before.trim() {
                // An entry of a block sequence.
                "-" => return Some(insertion(span, line_end(&text, end), format!("\n{before}{}", quoted(written)))),
                "" => format!(",\n{before}{}", quoted(written)),
                _ => format!(", {}", quoted(written)),
            };
            Some(insertion(span, end, replacement))
        }
        _ => {
            literal(sources, values, new)?;
            let span = values.span?;
            let text = sources.text(span.file);
            let written = text.get(span.range())?;
            // In a flow sequence a bare `*` or `:` would not do.
            let own = if written.starts_with(['"', '\'']) { written.to_owned() } else { format!("\"{written}\"") };
            Some(Edit { span, replacement: format!("[{own}, {}]", quoted(&own)) })
        }
    }
}
