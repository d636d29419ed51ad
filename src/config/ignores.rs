//! The tables `[[ignore]]`.

use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span, join, normalize};
use crate::suppress::{Ignore, PathPattern};
use serde::Deserialize;
use toml::Spanned;

/// A finding that does not count.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Table {
    /// The rule.
    #[cfg_attr(test, schemars(with = "String"))]
    rule: Spanned<String>,
    /// Files, as a pattern.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    path: Option<Spanned<String>>,
    /// The address of a resource.
    address: Option<String>,
    /// Why.
    #[cfg_attr(test, schemars(with = "String"))]
    reason: Spanned<String>,
    /// The day after which the ignore is itself a finding.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    expires: Option<Spanned<toml::value::Datetime>>,
}

/// The table as an ignore. `dir` is the directory of the configuration file as seen from `here`, `text` its text.
pub(super) fn read(
    table: &Spanned<Table>,
    (dir, here): (&str, &str),
    file: FileId,
    text: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Ignore> {
    let mut bad = |range, message: String| diagnostics.push(Diagnostic::bad_input(Span::new(file, range), message));
    let span = Span::new(file, extent(text, table.span().start));
    let table = table.get_ref();
    let rule = table.rule.get_ref();
    if !crate::checks::is_rule(rule) {
        bad(table.rule.span(), super::no_rule(rule));
        return None;
    }
    if table.reason.get_ref().trim().is_empty() {
        bad(table.reason.span(), "an ignore needs a reason".to_owned());
        return None;
    }
    let path = match &table.path {
        Some(path) => match globset::GlobBuilder::new(&normalize(path.get_ref())).literal_separator(true).build() {
            Ok(glob) => {
                let glob = glob.compile_matcher();
                Some(PathPattern { glob, dir: join(here, dir), here: here.to_owned() })
            }
            Err(error) => {
                bad(path.span(), format!("`{}` is no path pattern: {}", path.get_ref(), error.kind()));
                return None;
            }
        },
        None => None,
    };
    let expires = match &table.expires {
        Some(expires) => {
            let date = expires.get_ref().date.and_then(|date| {
                let year = i16::try_from(date.year).ok()?;
                jiff::civil::Date::new(year, i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?).ok()
            });
            if date.is_none() {
                bad(expires.span(), "expected a date, as in `expires = 2027-01-31`".to_owned());
                return None;
            }
            date
        }
        None => None,
    };
    let reason = table.reason.get_ref().trim().to_owned();
    Some(Ignore { rule: rule.clone(), path, address: table.address.clone(), reason, expires, span })
}

/// The lines of the table that begins at `start`, up to the next table or the comment above it.
fn extent(text: &str, start: usize) -> std::ops::Range<usize> {
    let mut end = start;
    let mut kept = start;
    for (at, line) in text.get(start..).unwrap_or_default().split_inclusive('\n').enumerate() {
        let line_text = line.trim_start();
        if at > 0 && line_text.starts_with('[') {
            return start..kept;
        }
        end += line.len();
        if at == 0 || !(line_text.is_empty() || line_text.starts_with('#')) {
            kept = end;
        }
    }
    start..kept.max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_ends_before_the_comment_of_the_next() {
        let text = "[[ignore]]\nrule = \"a\"\n# still\nreason = \"b\"\n\n# next\n[rules]\n";
        assert_eq!(&text[extent(text, 0)], "[[ignore]]\nrule = \"a\"\n# still\nreason = \"b\"\n");
        assert_eq!(extent("[[ignore]]", 0), 0..10);
    }
}
