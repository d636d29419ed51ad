//! Finds where to go on reading after something that is wrong.

use super::lexer::{self, Kind};

/// Where to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    pub(super) at: usize,
    /// A top-level block begins there, whatever is still open.
    pub(super) top_level: bool,
}

const TOP_LEVEL: [&str; 13] = [
    "check",
    "data",
    "ephemeral",
    "import",
    "locals",
    "module",
    "moved",
    "output",
    "provider",
    "removed",
    "resource",
    "terraform",
    "variable",
];

/// The place after the item that begins at `start` and was understood up to `reached`.
///
/// That is behind the end of the line where all its brackets are closed again, in front of a brace that closes the
/// enclosing block, or in front of a line that begins a top-level block while brackets are still open.
pub(super) fn skip_item(text: &str, start: usize, reached: usize) -> Stop {
    let mut open: Vec<u8> = Vec::new();
    let mut at = start;
    let mut first = true;
    // One search for an end marker that does not exist is enough.
    let mut heredocs = true;
    while at < text.len() {
        if !first && !open.is_empty() && begins_top_level(text, at) {
            return Stop { at, top_level: true };
        }
        first = false;
        match lexer::byte(text, at) {
            b'\n' => {
                at += 1;
                if open.is_empty() && at > reached {
                    return Stop { at, top_level: false };
                }
            }
            b'"' => at = skip_quoted(text, at),
            b'#' => at = line_end(text, at),
            b'/' if lexer::byte(text, at + 1) == b'/' => at = line_end(text, at),
            b'/' if lexer::byte(text, at + 1) == b'*' => {
                at = text.get(at + 2..).and_then(|rest| rest.find("*/")).map_or(text.len(), |length| at + length + 4);
            }
            b'<' if heredocs && lexer::token(text, at).kind == Kind::Heredoc => {
                let end = skip_heredoc(text, at);
                heredocs = end.is_some();
                at = end.unwrap_or(at + 1);
            }
            opener @ (b'(' | b'[' | b'{') => {
                open.push(opener);
                at += 1;
            }
            closer @ (b')' | b']' | b'}') => {
                let opener = match closer {
                    b')' => b'(',
                    b']' => b'[',
                    _ => b'{',
                };
                match open.iter().rposition(|other| *other == opener) {
                    Some(matching) => open.truncate(matching),
                    None if closer == b'}' && at >= reached => return Stop { at, top_level: false },
                    // A brace that closes nothing in a block that is not open: behind it, so that reading goes on.
                    None => {}
                }
                at += 1;
            }
            _ => at += 1,
        }
    }
    Stop { at: text.len(), top_level: false }
}

/// The next line at or after `from` that begins with a top-level block.
pub(super) fn next_top_level(text: &str, from: usize) -> Option<usize> {
    let mut at = line_end(text, from);
    while at < text.len() {
        at += 1;
        if begins_top_level(text, at) {
            return Some(at);
        }
        at = line_end(text, at);
    }
    None
}

fn line_end(text: &str, at: usize) -> usize {
    text.as_bytes()
        .get(at..)
        .and_then(|rest| rest.iter().position(|byte| *byte == b'\n'))
        .map_or(text.len(), |n| at + n)
}

/// Whether `at` begins a line, and the line begins a block that only a module has.
fn begins_top_level(text: &str, at: usize) -> bool {
    if at > 0 && lexer::byte(text, at - 1) != b'\n' {
        return false;
    }
    let end = lexer::identifier(text, at);
    let rest = text.get(end..).unwrap_or_default().trim_start_matches([' ', '\t']);
    text.get(at..end).is_some_and(|word| TOP_LEVEL.contains(&word)) && rest.starts_with(['"', '{'])
}

/// Behind the closing quote, or at the end of the line. A quote inside an interpolation ends the string as well; its
/// partner then begins another one, so that brackets stay balanced.
fn skip_quoted(text: &str, open: usize) -> usize {
    let mut at = open + 1;
    loop {
        match lexer::byte(text, at) {
            b'"' => return at + 1,
            b'\n' => return at,
            b'\\' if lexer::byte(text, at + 1) != b'\n' => at += 2,
            _ if at >= text.len() => return text.len(),
            _ => at += 1,
        }
    }
}

/// In front of the line break after the end marker.
fn skip_heredoc(text: &str, start: usize) -> Option<usize> {
    let end = lexer::token(text, start).end;
    let marker = text.get(start..end).unwrap_or_default().trim_start_matches(['<', '-']).trim();
    let mut at = end;
    while at < text.len() {
        let stop = line_end(text, at);
        if text.get(at..stop).is_some_and(|line| line.trim() == marker) {
            return Some(stop);
        }
        at = stop + 1;
    }
    None
}
