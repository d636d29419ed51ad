//! Cuts Terraform's native syntax into tokens; quoted strings and heredocs are the template reader's.

/// The kinds of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Ident,
    Number,
    /// `"`: a template follows.
    Quote,
    /// `<<EOT` or `<<-EOT` with the end of its line: a template follows.
    Heredoc,
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
    OpenParen,
    CloseParen,
    /// `~}`
    StripEnd,
    Dot,
    Ellipsis,
    Comma,
    Colon,
    DoubleColon,
    Equal,
    FatArrow,
    Question,
    Bang,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    EqualEqual,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    And,
    Or,
    Newline,
    End,
    /// A character, or an unfinished comment, that no token begins with.
    Invalid,
}

/// A token: bytes `start..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The byte at `at`; 0 past the end.
pub(super) fn byte(text: &str, at: usize) -> u8 {
    text.as_bytes().get(at).copied().unwrap_or(0)
}

/// The character that begins at `at`.
pub(super) fn character(text: &str, at: usize) -> Option<char> {
    text.get(at..)?.chars().next()
}

/// How many bytes of line break begin at `at`: 0, 1 or 2.
pub(super) fn line_break(text: &str, at: usize) -> usize {
    match (byte(text, at), byte(text, at + 1)) {
        (b'\n', _) => 1,
        (b'\r', b'\n') => 2,
        _ => 0,
    }
}

/// The first token at or after `at`; blanks and comments are skipped, line breaks are tokens.
pub(super) fn token(text: &str, at: usize) -> Token {
    let start = match skip_blank(text, at) {
        Ok(start) => start,
        Err(start) => return Token { kind: Kind::Invalid, start, end: text.len() },
    };
    let (kind, length) = match (byte(text, start), byte(text, start + 1)) {
        _ if start >= text.len() => (Kind::End, 0),
        (b'\n', _) => (Kind::Newline, 1),
        (b'\r', b'\n') => (Kind::Newline, 2),
        (b'0'..=b'9', _) => (Kind::Number, number(text, start) - start),
        (b'"', _) => (Kind::Quote, 1),
        (b'<', b'<') => match heredoc(text, start) {
            Some(end) => (Kind::Heredoc, end - start),
            None => (Kind::Less, 1),
        },
        (b'{', _) => (Kind::OpenBrace, 1),
        (b'}', _) => (Kind::CloseBrace, 1),
        (b'[', _) => (Kind::OpenBracket, 1),
        (b']', _) => (Kind::CloseBracket, 1),
        (b'(', _) => (Kind::OpenParen, 1),
        (b')', _) => (Kind::CloseParen, 1),
        (b'~', b'}') => (Kind::StripEnd, 2),
        (b'.', b'.') if byte(text, start + 2) == b'.' => (Kind::Ellipsis, 3),
        (b'.', _) => (Kind::Dot, 1),
        (b',', _) => (Kind::Comma, 1),
        (b':', b':') => (Kind::DoubleColon, 2),
        (b':', _) => (Kind::Colon, 1),
        (b'=', b'=') => (Kind::EqualEqual, 2),
        (b'=', b'>') => (Kind::FatArrow, 2),
        (b'=', _) => (Kind::Equal, 1),
        (b'?', _) => (Kind::Question, 1),
        (b'!', b'=') => (Kind::NotEqual, 2),
        (b'!', _) => (Kind::Bang, 1),
        (b'+', _) => (Kind::Plus, 1),
        (b'-', _) => (Kind::Minus, 1),
        (b'*', _) => (Kind::Star, 1),
        (b'/', _) => (Kind::Slash, 1),
        (b'%', _) => (Kind::Percent, 1),
        (b'<', b'=') => (Kind::LessEqual, 2),
        (b'<', _) => (Kind::Less, 1),
        (b'>', b'=') => (Kind::GreaterEqual, 2),
        (b'>', _) => (Kind::Greater, 1),
        (b'&', b'&') => (Kind::And, 2),
        (b'|', b'|') => (Kind::Or, 2),
        _ => {
            let end = identifier(text, start);
            if end > start {
                (Kind::Ident, end - start)
            } else {
                (Kind::Invalid, character(text, start).map_or(1, char::len_utf8))
            }
        }
    };
    Token { kind, start, end: start + length }
}

/// The place after blanks and comments; an error with the place of a comment that does not end.
fn skip_blank(text: &str, mut at: usize) -> Result<usize, usize> {
    loop {
        match (byte(text, at), byte(text, at + 1)) {
            (b' ' | b'\t', _) => at += 1,
            (b'#', _) | (b'/', b'/') => {
                let rest = text.as_bytes().get(at..).unwrap_or_default();
                let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                at += length;
                if length > 0 && at < text.len() && byte(text, at - 1) == b'\r' {
                    at -= 1;
                }
            }
            (b'/', b'*') => match text.get(at + 2..).and_then(|rest| rest.find("*/")) {
                Some(length) => at += length + 4,
                None => return Err(at),
            },
            _ => return Ok(at),
        }
    }
}

/// The end of the number at `start`: it may hold several points (which is then an error), but does not end with one.
fn number(text: &str, start: usize) -> usize {
    let (mut at, mut end) = (start, start);
    loop {
        match byte(text, at) {
            b'0'..=b'9' => {
                at += 1;
                end = at;
            }
            b'.' => at += 1,
            b'e' | b'E' => {
                let sign = usize::from(matches!(byte(text, at + 1), b'+' | b'-'));
                if !byte(text, at + 1 + sign).is_ascii_digit() {
                    return end;
                }
                at += 2 + sign;
                end = at;
            }
            _ => return end,
        }
    }
}

/// The end of the identifier at `start`; `start` where there is none.
pub(super) fn identifier(text: &str, start: usize) -> usize {
    let mut end = start;
    for character in text.get(start..).unwrap_or_default().chars() {
        let first = end == start;
        let fits = match character {
            'a'..='z' | 'A'..='Z' | '_' => true,
            '0'..='9' | '-' => !first,
            '\0'..='\x7f' => false,
            other if first => other.is_alphabetic(),
            other => other.is_alphanumeric() || unicode_normalization::char::is_combining_mark(other),
        };
        if !fits {
            break;
        }
        end += character.len_utf8();
    }
    end
}

/// The end, after the line break, of the heredoc introduction at `start`.
fn heredoc(text: &str, start: usize) -> Option<usize> {
    let name = start + 2 + usize::from(byte(text, start + 2) == b'-');
    let end = identifier(text, name);
    let length = line_break(text, end);
    (end > name && length > 0).then_some(end + length)
}
