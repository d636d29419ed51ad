//! What each format does to text that it must not take for its own syntax.

use super::words::{one_line, printable_char};
use std::fmt::Write as _;

/// Text within an element or a quoted attribute of XML 1.0 or HTML.
pub(crate) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            // XML 1.0 has no way to write these.
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(printable_char(other)),
        }
    }
    out
}

/// The message of a workflow command of GitHub Actions.
///
/// Source: `toolkit/packages/core/src/command.ts` of GitHub Actions, read 2026-11.
pub(crate) fn workflow(text: &str) -> String {
    // What a terminal obeys is shown as a picture: the log is a terminal, too.
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '%' => out.push_str("%25"),
            '\r' => out.push_str("%0D"),
            '\n' => out.push_str("%0A"),
            '\t' => out.push(c),
            c => out.push(printable_char(c)),
        }
    }
    out
}

/// A property of a workflow command.
pub(crate) fn workflow_property(text: &str) -> String {
    workflow(text).replace(':', "%3A").replace(',', "%2C")
}

/// A field of RFC 4180, quoted where it must be. What a spreadsheet would take for a formula begins with an apostrophe.
pub(crate) fn csv(text: &str) -> String {
    let text = one_line(text);
    let guarded = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text };
    if guarded.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}

/// Text on one line of GitHub's Markdown, also within a table: nothing in it makes a link, a mention, HTML or a picture.
pub(crate) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '#' | '!' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A word joiner keeps it from being a mention.
            '@' => out.push_str("@\u{2060}"),
            other => out.push(other),
        }
    }
    // The same for what would be linked without brackets.
    out.replace("://", ":\u{2060}//").replace("www.", "www\u{2060}.")
}

/// Text as code on one line of Markdown, also within a table.
pub(crate) fn markdown_code(text: &str) -> String {
    let text = one_line(text).replace('|', "\u{2223}");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A sentence of ours, in which backticks stand round the user's text.
pub(crate) fn markdown_sentence(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    // An odd number of backticks is no quotation.
    if parts.len().is_multiple_of(2) {
        return markdown(text);
    }
    let shown = parts
        .iter()
        .enumerate()
        .map(|(at, part)| if at % 2 == 1 && !part.is_empty() { markdown_code(part) } else { markdown(part) });
    shown.collect()
}

/// A label of a Mermaid flowchart, within double quotes: everything but letters, digits and spaces as an entity code.
///
/// Source: <https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters>, read 2026-11.
pub(crate) fn mermaid(text: &str) -> String {
    let mut out = String::new();
    for c in one_line(text).chars() {
        if c.is_alphanumeric() || matches!(c, ' ' | '.' | ',' | '-' | '_' | '/' | '(' | ')') {
            out.push(c);
        } else {
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}

/// A quoted string of Graphviz.
pub(crate) fn dot(text: &str) -> String {
    format!("\"{}\"", one_line(text).replace('\\', "\\\\").replace('"', "\\\""))
}

/// JSON within a `<script>` element: nothing in it ends the element or opens a comment, or reorders the page's text.
pub(crate) fn json_in_html(json: &str) -> String {
    // Marks of lines and paragraphs are left to what follows.
    let shown = |c: char| if matches!(c, '\u{2028}' | '\u{2029}') { c } else { printable_char(c) };
    json.chars()
        .map(shown)
        .collect::<String>()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_its_format() {
        assert_eq!(xml("<a b='&\u{1b}\">"), "&lt;a b=&#39;&amp;␛&quot;&gt;");
        assert_eq!(workflow("100%\n::error::x"), "100%25%0A::error::x");
        assert_eq!(workflow_property("a,b:c"), "a%2Cb%3Ac");
        assert_eq!(csv("=HYPERLINK(\"x\",\"y\")"), "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
        assert_eq!(csv("plain"), "plain");
        assert_eq!(markdown("[a](b)|<img>\n@all"), "\\[a\\]\\(b\\)\\|&lt;img&gt;␊@\u{2060}all");
        assert_eq!(markdown_code("a`b|c"), "``a`b\u{2223}c``");
        assert_eq!(markdown_sentence("the key `a|b` is_bad"), "the key `a\u{2223}b` is\\_bad");
        assert_eq!(mermaid("a\"]; click x"), "a#34;#93;#59; click x");
        assert_eq!(dot("a\"\\"), "\"a\\\"\\\\\"");
        assert_eq!(json_in_html("\"</script>\""), "\"\\u003c/script\\u003e\"");
    }
}
