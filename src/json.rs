//! Reads JSON into a tree that knows where everything was written.

use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};
use crate::value::Number;

/// How deep arrays and objects may lie within each other.
const MAX_DEPTH: u32 = 128;

/// What is wrong, boxed because it is rare and large.
type Parsed<T> = Result<T, Box<Diagnostic>>;

/// A value: bytes `start..end`.
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

pub(crate) enum NodeKind {
    Null,
    Bool(bool),
    Number(Number),
    String(Text),
    Array(Vec<Node>),
    Object(Vec<(Text, Node)>),
}

/// A string: bytes `start..end`, quotes included.
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Where there are escapes: the place of each byte of `text`, and of the closing quote.
    pub(crate) places: Option<Vec<usize>>,
}

/// Reads a file: the value, or as much of the outermost object as could be read, and what is wrong.
pub(crate) fn read(file: FileId, text: &str) -> (Option<Node>, Option<Diagnostic>) {
    let mut reader = Reader { file, text, at: if text.starts_with('\u{feff}') { 3 } else { 0 }, depth: 0 };
    reader.blanks();
    let start = reader.at;
    let mut entries = Vec::new();
    let read =
        if byte(text, start) == b'{' { reader.object(&mut entries).map(|()| None) } else { reader.value().map(Some) };
    let result = read.and_then(|node| {
        reader.blanks();
        if reader.at < text.len() { reader.expected("the end of the file") } else { Ok(node) }
    });
    let (node, error) = match result {
        Ok(Some(node)) => return (Some(node), None),
        Ok(None) => (NodeKind::Object(entries), None),
        Err(fail) => (NodeKind::Object(entries), Some(*fail)),
    };
    (Some(Node { kind: node, start, end: reader.at }), error)
}

struct Reader<'a> {
    file: FileId,
    text: &'a str,
    at: usize,
    depth: u32,
}

impl Reader<'_> {
    fn fail<T>(&self, start: usize, end: usize, message: String) -> Parsed<T> {
        Err(Box::new(Diagnostic::bad_input(Span::new(self.file, start..end), message)))
    }

    fn expected<T>(&self, what: &str) -> Parsed<T> {
        let found = match character(self.text, self.at) {
            None => "the end of the text".to_owned(),
            Some('`') => "a backtick".to_owned(),
            Some(character) => format!("`{character}`"),
        };
        let end = self.at + character(self.text, self.at).map_or(0, char::len_utf8);
        self.fail(self.at, end, format!("expected {what}, found {found}"))
    }

    fn blanks(&mut self) {
        while matches!(byte(self.text, self.at), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    /// Goes behind `wanted` and blanks, if it is next.
    fn eat(&mut self, wanted: u8) -> bool {
        let found = byte(self.text, self.at) == wanted;
        if found {
            self.at += 1;
            self.blanks();
        }
        found
    }

    fn value(&mut self) -> Parsed<Node> {
        let start = self.at;
        let kind = match byte(self.text, start) {
            b'{' => {
                let mut entries = Vec::new();
                self.object(&mut entries)?;
                NodeKind::Object(entries)
            }
            b'[' => self.array()?,
            b'"' => NodeKind::String(self.string()?),
            b'-' | b'0'..=b'9' => self.number()?,
            _ => {
                let rest = self.text.get(start..).unwrap_or_default();
                let words =
                    [("null", NodeKind::Null), ("true", NodeKind::Bool(true)), ("false", NodeKind::Bool(false))];
                let Some((word, kind)) = words.into_iter().find(|(word, _)| rest.starts_with(word)) else {
                    return self.expected("a value");
                };
                self.at += word.len();
                kind
            }
        };
        Ok(Node { kind, start, end: self.at })
    }

    fn enter(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels, the limit of crossvault");
            return self.fail(self.at, self.at + 1, message);
        }
        self.at += 1;
        self.blanks();
        Ok(())
    }

    /// The entries of the object that begins here; those before an error are kept.
    fn object(&mut self, entries: &mut Vec<(Text, Node)>) -> Parsed<()> {
        self.enter()?;
        while byte(self.text, self.at) != b'}' {
            if byte(self.text, self.at) != b'"' {
                return self.expected("a key in quotes or `}`");
            }
            let key = self.string()?;
            self.blanks();
            if !self.eat(b':') {
                return self.expected("`:` after the key");
            }
            let value = self.value()?;
            entries.push((key, value));
            self.blanks();
            if !self.eat(b',') {
                if byte(self.text, self.at) != b'}' {
                    return self.expected("`,` or `}`");
                }
                break;
            }
            if byte(self.text, self.at) == b'}' {
                return self.expected("a key after `,`");
            }
        }
        self.at += 1;
        self.depth -= 1;
        Ok(())
    }

    fn array(&mut self) -> Parsed<NodeKind> {
        self.enter()?;
        let mut items = Vec::new();
        while byte(self.text, self.at) != b']' {
            items.push(self.value()?);
            self.blanks();
            if !self.eat(b',') {
                if byte(self.text, self.at) != b']' {
                    return self.expected("`,` or `]`");
                }
                break;
            }
            if byte(self.text, self.at) == b']' {
                return self.expected("a value after `,`");
            }
        }
        self.at += 1;
        self.depth -= 1;
        Ok(NodeKind::Array(items))
    }

    fn number(&mut self) -> Parsed<NodeKind> {
        let start = self.at;
        while matches!(byte(self.text, self.at), b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') {
            self.at += 1;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        let exponent = text.split_once(['e', 'E']).map_or("0", |(_, exponent)| exponent);
        // A larger exponent is never meant, and printing the number would fill the memory.
        let small = exponent.trim_start_matches(['+', '-']).len() <= 4;
        match Number::parse(text).filter(|_| is_json(text)) {
            Some(number) if small => Ok(NodeKind::Number(number)),
            _ => self.fail(start, self.at, format!("`{text}` is not a number")),
        }
    }

    fn string(&mut self) -> Parsed<Text> {
        let start = self.at;
        let mut text = String::new();
        let mut places: Option<Vec<usize>> = None;
        self.at += 1;
        loop {
            let at = self.at;
            let Some(found) = character(self.text, at) else {
                return self.fail(start, self.text.len(), "expected `\"` to close the string".to_owned());
            };
            let written = match found {
                '"' => {
                    self.at += 1;
                    if let Some(places) = &mut places {
                        places.push(at);
                    }
                    return Ok(Text { text, start, end: self.at, places });
                }
                '\\' => {
                    // Everything so far stands where it was written.
                    places.get_or_insert_with(|| (start + 1..at).collect());
                    self.escape()?
                }
                '\0'..='\x1f' => return self.fail(at, at + 1, "a string cannot hold control characters".to_owned()),
                other => {
                    self.at += other.len_utf8();
                    other
                }
            };
            text.push(written);
            if let Some(places) = &mut places {
                places.extend(std::iter::repeat_n(at, written.len_utf8()));
            }
        }
    }

    /// The character that the escape sequence here stands for.
    fn escape(&mut self) -> Parsed<char> {
        let start = self.at;
        self.at += 2;
        Ok(match byte(self.text, start + 1) {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            other @ (b'"' | b'\\' | b'/') => char::from(other),
            b'u' => {
                let first = self.unit(start + 2)?;
                self.at = start + 6;
                let second = match self.text.get(self.at..self.at + 2) {
                    Some("\\u") if (0xD800..0xDC00).contains(&first) => self.unit(self.at + 2)?,
                    _ => 0,
                };
                let paired = (0xDC00..0xE000).contains(&second);
                if paired {
                    self.at += 6;
                    char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)).unwrap_or('\u{fffd}')
                } else {
                    char::from_u32(first).unwrap_or('\u{fffd}')
                }
            }
            _ => return self.fail(start, start + 1, "not an escape sequence of JSON".to_owned()),
        })
    }

    fn unit(&self, at: usize) -> Parsed<u32> {
        let digits = self.text.get(at..at + 4).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            Some(unit) => Ok(unit),
            None => self.fail(at - 2, at, "expected four hexadecimal digits after `\\u`".to_owned()),
        }
    }
}

/// The byte at `at`; 0 behind the end.
fn byte(text: &str, at: usize) -> u8 {
    text.as_bytes().get(at).copied().unwrap_or(0)
}

/// The character that begins at `at`.
fn character(text: &str, at: usize) -> Option<char> {
    text.get(at..)?.chars().next()
}
/// Whether a number is written as JSON has it: no zeros before it, digits on both sides of a point.
fn is_json(number: &str) -> bool {
    let number = number.strip_prefix('-').unwrap_or(number);
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(fraction) && digits(exponent) && (whole == "0" || !whole.starts_with('0'))
}
