//! Comments `crossvault: ignore[rule-a, rule-b] reason` in Terraform files and templates.

use super::Edit;
use crate::source::{FileId, Sources, Span};
use std::ops::Range;

/// One such comment.
#[derive(Clone, Debug)]
pub(super) struct Directive {
    /// From `crossvault:` to the comment's end.
    pub(super) span: Span,
    /// The rules, each with its place; empty where the comment cannot be understood.
    pub(super) rules: Vec<(String, Span)>,
    /// What stands between the brackets.
    pub(super) list: Span,
    pub(super) reason: Option<String>,
    /// The lines that it covers, counted from 1.
    pub(super) lines: Vec<usize>,
    /// Takes the comment out of the file.
    pub(super) removal: Edit,
}

/// All such comments in the loaded files, in the order of loading. What was installed below `.terraform` is its
/// publisher's to write, and suppresses nothing here.
pub(super) fn directives(sources: &Sources) -> Vec<Directive> {
    let mut out = Vec::new();
    for file in sources.files() {
        let path = sources.path(file);
        if path.ends_with(".json") || path.split('/').any(|part| part == ".terraform") {
            continue;
        }
        let text = sources.text(file);
        if memchr::memmem::find(text.as_bytes(), b"crossvault:").is_none() {
            continue;
        }
        let comments = if path.ends_with(".tf") || path.ends_with(".tofu") {
            crate::terraform::comments(&text)
        } else if crate::cloudformation::recognise(&text) {
            crate::cloudformation::comments(&text)
        } else {
            continue;
        };
        out.extend(comments.into_iter().filter_map(|range| directive(sources, file, &text, range)));
    }
    out
}

fn directive(sources: &Sources, file: FileId, text: &str, comment: Range<usize>) -> Option<Directive> {
    let whole = text.get(comment.clone())?;
    let marker = comment.start + whole.find("crossvault:")?;
    let mut rest = text.get(marker + "crossvault:".len()..comment.end)?;
    rest = rest.trim_start().strip_prefix("ignore")?;
    if rest.starts_with(|character: char| character.is_alphanumeric() || matches!(character, '-' | '_')) {
        return None;
    }
    let at = |rest: &str| comment.end - rest.len();
    let span = |range: Range<usize>| Span::new(file, range);
    let mut found = Directive {
        span: span(marker..comment.end),
        rules: Vec::new(),
        list: span(at(rest)..at(rest)),
        reason: None,
        lines: covered(sources, file, text, &comment),
        removal: removal(file, text, &comment, marker),
    };
    let Some((list, reason)) = rest.trim_start().strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
        return Some(found);
    };
    let list_end = at(reason) - 1;
    found.list = span(list_end - list.len()..list_end);
    let mut start = list_end - list.len();
    for part in list.split(',') {
        let name = part.trim();
        if !name.is_empty() {
            let from = start + (part.len() - part.trim_start().len());
            found.rules.push((name.to_owned(), span(from..from + name.len())));
        }
        start += part.len() + 1;
    }
    let reason = if whole.starts_with("/*") { reason.trim_end_matches("*/") } else { reason };
    let reason = reason.trim().trim_start_matches([':', '-', '–', '—', ' ']);
    found.reason = (!reason.is_empty()).then(|| reason.split_whitespace().collect::<Vec<_>>().join(" "));
    Some(found)
}

/// The line that a comment shares with code, or the line of code that follows a comment on a line of its own.
fn covered(sources: &Sources, file: FileId, text: &str, comment: &Range<usize>) -> Vec<usize> {
    let (first, _) = sources.line_column(file, comment.start);
    let (last, _) = sources.line_column(file, comment.end);
    let line = |number: usize| sources.line_range(file, number - 1);
    let blank = |range: Range<usize>| text.get(range).is_some_and(|part| part.trim().is_empty());
    let alone = line(first).is_some_and(|range| blank(range.start..comment.start))
        && line(last).is_some_and(|range| blank(comment.end..range.end));
    if !alone {
        return (first..=last).collect();
    }
    let mut next = last + 1;
    while let Some(range) = line(next) {
        let code = text.get(range).unwrap_or_default().trim_start();
        if !["#", "//", "/*"].iter().any(|begin| code.starts_with(begin)) {
            break;
        }
        next += 1;
    }
    vec![next]
}

/// The comment with its line where nothing else is on it, else with the blanks before it. Words before the marker stay.
fn removal(file: FileId, text: &str, comment: &Range<usize>, marker: usize) -> Edit {
    let before = text.get(comment.start..marker).unwrap_or_default();
    let block = text.get(comment.clone()).is_some_and(|whole| whole.starts_with("/*"));
    let edit = |range: Range<usize>| Edit { span: Span::new(file, range), text: String::new() };
    if !before.trim_matches(['#', '/', '*', ' ', '\t', '\n', '\r']).is_empty() {
        let kept = text.get(..marker).unwrap_or_default().trim_end().len();
        return edit(kept..if block { comment.end - 2 } else { comment.end });
    }
    let line_start = text.get(..comment.start).and_then(|head| head.rfind('\n')).map_or(0, |at| at + 1);
    let tail = text.get(comment.end..).unwrap_or_default();
    let line_end = tail.find('\n').map_or(text.len(), |at| comment.end + at + 1);
    let blank = |range: Range<usize>| text.get(range).is_some_and(|part| part.trim().is_empty());
    if blank(line_start..comment.start) && blank(comment.end..line_end) {
        return edit(line_start..line_end);
    }
    let kept = text.get(..comment.start).unwrap_or_default().trim_end_matches([' ', '\t']).len();
    edit(kept.max(line_start)..comment.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::MemoryDisk;

    fn read(text: &str) -> Vec<Directive> {
        let sources = Sources::new(Box::new(MemoryDisk::new([("main.tf", text)])));
        sources.load("main.tf").unwrap();
        directives(&sources)
    }

    #[test]
    fn rules_reason_and_lines_are_read() {
        let text = "a = 1 # crossvault: ignore[x, y] why not\n// crossvault:ignore[z]: because\n# more\nb = 2\n";
        let found = read(text);
        let names: Vec<Vec<&str>> =
            found.iter().map(|one| one.rules.iter().map(|(name, _)| name.as_str()).collect()).collect();
        assert_eq!(names, [vec!["x", "y"], vec!["z"]]);
        assert_eq!(&text[found[0].rules[1].1.range()], "y");
        assert_eq!(&text[found[0].list.range()], "x, y");
        assert_eq!(found[0].reason.as_deref(), Some("why not"));
        assert_eq!(found[1].reason.as_deref(), Some("because"));
        assert_eq!((found[0].lines.clone(), found[1].lines.clone()), (vec![1], vec![4]));
    }

    #[test]
    fn a_comment_is_removed_with_its_line_or_its_blanks() {
        let text = "a = 1 # crossvault: ignore[x] why\n  /* crossvault: ignore[y] why */\nb = 2 # old, crossvault: ignore[x] why\n";
        let mut left = text.to_owned();
        for directive in read(text).iter().rev() {
            left.replace_range(directive.removal.span.range(), &directive.removal.text);
        }
        assert_eq!(left, "a = 1\nb = 2 # old,\n");
    }

    #[test]
    fn other_comments_are_left_alone() {
        assert!(
            read("# crossvault: see the docs\n# crossvault: ignored-by us\na = \"# crossvault: ignore[x] y\"\n")
                .is_empty()
        );
        assert!(read("# crossvault: ignore this\n")[0].rules.is_empty());
        assert_eq!(read("a = 1 # crossvault: ignore[x]\n")[0].reason, None);
    }
}
