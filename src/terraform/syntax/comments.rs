//! Where the comments of a file in native syntax stand: what looks like one inside a string is none.

use super::lexer::{byte, identifier, line_break};
use std::ops::Range;

/// What the scanner is inside of.
enum Within {
    /// An interpolation of a string, with this many braces open.
    Code(usize),
    Quotes,
}

/// The bytes of every comment, in order; the line break is not part of one. What a heredoc holds is text.
pub(crate) fn comments(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut within: Vec<Within> = vec![Within::Code(0)];
    let mut at = 0;
    while at < text.len() {
        let (here, next) = (byte(text, at), byte(text, at + 1));
        if matches!(within.last(), Some(Within::Quotes)) {
            match (here, next) {
                (b'\\', _) => at += 2,
                (b'$' | b'%', after) if after == here && byte(text, at + 2) == b'{' => at += 3,
                (b'$' | b'%', b'{') => {
                    within.push(Within::Code(0));
                    at += 2;
                }
                // A string ends with its line, also where its quote is missing.
                (b'"' | b'\n', _) => {
                    within.pop();
                    at += 1;
                }
                _ => at += 1,
            }
            continue;
        }
        match (here, next) {
            (b'#', _) | (b'/', b'/') => {
                let length = text.as_bytes().iter().skip(at).position(|byte| *byte == b'\n');
                let mut end = length.map_or(text.len(), |length| at + length);
                if end > at && byte(text, end - 1) == b'\r' {
                    end -= 1;
                }
                found.push(at..end);
                at = end;
            }
            (b'/', b'*') => {
                let end =
                    text.get(at + 2..).and_then(|rest| rest.find("*/")).map_or(text.len(), |length| at + length + 4);
                found.push(at..end);
                at = end;
            }
            (b'"', _) => {
                within.push(Within::Quotes);
                at += 1;
            }
            (b'<', b'<') => at = heredoc(text, at).unwrap_or(at + 1),
            (b'{', _) => {
                if let Some(Within::Code(depth)) = within.last_mut() {
                    *depth += 1;
                }
                at += 1;
            }
            (b'}', _) => {
                let nested = within.len() > 1;
                match within.last_mut() {
                    Some(Within::Code(0)) if nested => {
                        within.pop();
                    }
                    Some(Within::Code(depth)) => *depth = depth.saturating_sub(1),
                    _ => {}
                }
                at += 1;
            }
            _ => at += 1,
        }
    }
    found
}

/// The end of the heredoc that begins at `start`.
fn heredoc(text: &str, start: usize) -> Option<usize> {
    let name = start + 2 + usize::from(byte(text, start + 2) == b'-');
    let end = identifier(text, name);
    let length = line_break(text, end);
    if end == name || length == 0 {
        return None;
    }
    let word = text.get(name..end)?;
    let mut at = end + length;
    for line in text.get(at..)?.split_inclusive('\n') {
        at += line.len();
        if line.trim() == word {
            return Some(at);
        }
    }
    Some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_told_from_a_string() {
        let text = "a = \"# no ${f(\"// no\", { a = 1 })} # no\" # one\n/* two\n*/ b = <<-EOT\n  # no\n  EOT\n// three\r\nc = \"$${ # no\"";
        let found: Vec<&str> = comments(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, ["# one", "/* two\n*/", "// three"]);
    }

    #[test]
    fn unfinished_text_ends_with_the_file() {
        assert_eq!(comments("a = \"${{{{").len(), 0);
        assert_eq!(comments("/* a"), vec![0..4]);
        assert!(comments("a = <<EOT\n# no").is_empty());
    }
}
