//! A reader for the YAML that nearly all templates are written in: block mappings and sequences, flow collections,
//! scalars on one line, literal blocks, short tags. It gives up on everything else, and on what may be an error.
//!
//! What it reads has the very events that the library gives; tests hold both against each other.

use super::{Event, What};
use std::borrow::Cow;
use std::ops::Range;

/// Larger texts are left to the library, which does not hold all events at once.
const LARGEST: usize = 1024 * 1024;
const DEEPEST: usize = 60;
/// A key that ends on a later line or after 1,024 characters is none.
const LONGEST_KEY: usize = 1000;

/// All events of the text; `None` where it holds anything that is not known here.
pub(super) fn events(text: &str) -> Option<Vec<Event<'_>>> {
    if text.len() > LARGEST || !text.chars().all(is_common) {
        return None;
    }
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0, line: 0, depth: 0, out: Vec::new() };
    reader.document()?;
    Some(reader.out)
}

/// No control characters but line feeds, and nothing that looks like a space or a line break and is none.
fn is_common(character: char) -> bool {
    matches!(character,
        '\n' | ' '..='~'
        | '\u{a1}'..='\u{1fff}' | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{d7ff}' | '\u{e000}'..='\u{fdff}')
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Where the current line begins.
    line: usize,
    depth: usize,
    out: Vec<Event<'a>>,
}

/// A scalar within one line.
struct Scalar<'a> {
    text: Cow<'a, str>,
    plain: bool,
    at: Range<usize>,
}

/// What comes after a value in a block.
enum Next {
    /// A line that begins at this column.
    Column(usize),
    End,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    fn column(&self) -> usize {
        self.at - self.line
    }

    fn after_space(&self) -> bool {
        self.at.checked_sub(1).and_then(|before| self.byte(before)) == Some(b' ')
    }

    fn spaces(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    fn push(&mut self, what: What<'a>, tag: Option<&'a str>, at: Range<usize>) {
        self.out.push(Event { what, tag: tag.map(Cow::Borrowed), anchor: 0, at });
    }

    fn scalar(&mut self, scalar: Scalar<'a>, tag: Option<&'a str>) {
        let plain = scalar.plain && tag.is_none();
        self.push(What::Scalar { text: scalar.text, plain }, tag, scalar.at);
    }

    fn document(&mut self) -> Option<()> {
        let mut next = self.next_line()?;
        if self.text.get(self.line..).is_some_and(|rest| rest.starts_with("---")) {
            self.at = self.line + 3;
            self.end_of_line()?;
            next = self.next_line()?;
        }
        let Next::Column(column) = next else { return None };
        self.push(What::Document, None, self.at..self.at);
        match self.peek()? {
            b'{' | b'[' => {
                self.flow(None, None)?;
                self.end_of_line()?;
            }
            _ => self.block(column, None)?,
        }
        match self.next_line()? {
            Next::End => Some(()),
            Next::Column(_) => None,
        }
    }

    /// From the end of a value to the end of its line: nothing but a comment may stand there.
    fn end_of_line(&mut self) -> Option<()> {
        self.spaces();
        match self.peek() {
            None | Some(b'\n') => Some(()),
            Some(b'#') if self.after_space() => {
                self.at = self.line_end();
                Some(())
            }
            _ => None,
        }
    }

    fn line_end(&self) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        rest.iter().position(|byte| *byte == b'\n').map_or(self.bytes.len(), |length| self.at + length)
    }

    /// From the end of a line, or the start of the text, to the next line that holds more than a comment.
    fn next_line(&mut self) -> Option<Next> {
        loop {
            match self.peek() {
                None => return Some(Next::End),
                Some(b'\n') => {
                    self.at += 1;
                    self.line = self.at;
                }
                // Only the start of the text comes here from elsewhere.
                Some(_) => {}
            }
            self.spaces();
            match self.peek() {
                None => return Some(Next::End),
                Some(b'\n') => {}
                Some(b'#') => self.at = self.line_end(),
                Some(_) => {
                    // Only the first line of a document may be one.
                    return (!self.at_marker() || self.out.is_empty()).then_some(Next::Column(self.column()));
                }
            }
        }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let value = read(self);
        self.depth -= 1;
        value
    }

    /// Where a document begins or ends.
    fn at_marker(&self) -> bool {
        self.line == self.at && matches!(self.text.get(self.line..self.line + 3), Some("---" | "..."))
    }

    fn at_dash(&self) -> bool {
        self.peek() == Some(b'-') && matches!(self.byte(self.at + 1), None | Some(b' ' | b'\n'))
    }

    /// A mapping or sequence whose lines begin at this column, where the reader stands.
    fn block(&mut self, column: usize, tag: Option<&'a str>) -> Option<()> {
        self.deeper(|reader| {
            if reader.at_dash() {
                reader.push(What::Seq, tag, reader.at..reader.at);
                reader.items(column, false)
            } else {
                let key = reader.key()?;
                reader.mapping(column, key, tag)
            }
        })
    }

    /// A key and its colon, where the reader stands.
    fn key(&mut self) -> Option<Scalar<'a>> {
        let key = self.word(false)?;
        self.colon(&key).then_some(key)
    }

    /// Whether the scalar that was just read is a key; the reader goes past the colon.
    fn colon(&mut self, key: &Scalar<'a>) -> bool {
        let is_key = self.peek() == Some(b':')
            && matches!(self.byte(self.at + 1), None | Some(b' ' | b'\n'))
            && key.at.len() < LONGEST_KEY;
        if is_key {
            self.at += 1;
        }
        is_key
    }

    /// A mapping whose first key is read.
    fn mapping(&mut self, column: usize, first: Scalar<'a>, tag: Option<&'a str>) -> Option<()> {
        self.push(What::Map, tag, first.at.start..first.at.start);
        let mut key = first;
        loop {
            self.scalar(key, None);
            let colon = self.at - 1;
            let next = self.value(column, colon)?;
            match next {
                Next::Column(next) if next == column && !self.at_dash() => key = self.key()?,
                Next::Column(next) if next > column => return None,
                _ => break,
            }
        }
        self.push(What::End, None, self.at..self.at);
        Some(())
    }

    /// The value of a key of a mapping at this column, and the line after it.
    fn value(&mut self, column: usize, colon: usize) -> Option<Next> {
        self.spaces();
        let tag = self.tag()?;
        let ends = match self.peek() {
            None | Some(b'\n') => true,
            Some(b'#') => self.after_space(),
            _ => false,
        };
        if !ends {
            self.inline(tag, column)?;
            return self.next_line();
        }
        self.end_of_line()?;
        match self.next_line()? {
            Next::Column(next) if next > column => {
                self.block(next, tag)?;
                self.here()
            }
            Next::Column(next) if next == column && self.at_dash() && tag.is_none() => {
                self.deeper(|reader| {
                    // The library tells of such a sequence after its first dash.
                    let mut after = reader.at + 1;
                    while reader.byte(after) == Some(b' ') {
                        after += 1;
                    }
                    if matches!(reader.byte(after), None | Some(b'\n' | b'#')) {
                        return None;
                    }
                    reader.push(What::Seq, None, after..after);
                    reader.items(column, true)
                })?;
                self.here()
            }
            next if tag.is_none() => {
                self.push(What::Scalar { text: "~".into(), plain: true }, None, colon..colon);
                Some(next)
            }
            _ => None,
        }
    }

    /// The line where the reader stands after a block.
    fn here(&self) -> Option<Next> {
        Some(if self.at < self.bytes.len() { Next::Column(self.column()) } else { Next::End })
    }

    /// The elements of a sequence whose dashes stand at this column; `beside` those of a mapping's keys.
    fn items(&mut self, column: usize, beside: bool) -> Option<()> {
        loop {
            self.at += 1;
            let next = self.item(column)?;
            match next {
                Next::Column(next) if next == column && self.at_dash() => {}
                Next::Column(next) if next > column || (next == column && !beside) => return None,
                _ => break,
            }
        }
        self.push(What::End, None, self.at..self.at);
        Some(())
    }

    /// An element after its dash, and the line after it.
    fn item(&mut self, column: usize) -> Option<Next> {
        self.spaces();
        let tag = self.tag()?;
        match self.peek() {
            None => return None,
            Some(b'\n' | b'#') => {
                self.end_of_line()?;
                return match self.next_line()? {
                    Next::Column(next) if next > column => {
                        self.block(next, tag)?;
                        self.here()
                    }
                    _ => None,
                };
            }
            Some(_) => {}
        }
        if self.at_dash() {
            if tag.is_some() {
                return None;
            }
            self.block(self.column(), None)?;
            return self.here();
        }
        if matches!(self.peek(), Some(b'[' | b'{' | b'|')) {
            self.inline(tag, column)?;
            return self.next_line();
        }
        let inner = self.column();
        let scalar = self.word(false)?;
        if self.colon(&scalar) {
            if tag.is_some() {
                return None;
            }
            self.deeper(|reader| reader.mapping(inner, scalar, None))?;
            return self.here();
        }
        self.scalar(scalar, tag);
        self.end_of_line()?;
        self.next_line()
    }

    /// `!Sub ` before a value; the reader goes to what follows.
    fn tag(&mut self) -> Option<Option<&'a str>> {
        if self.peek() != Some(b'!') {
            return Some(None);
        }
        let start = self.at + 1;
        let rest = self.bytes.get(start..)?;
        let length = rest.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(rest.len());
        self.at = start + length;
        if length == 0 || !matches!(self.peek(), Some(b' ' | b'\n')) {
            return None;
        }
        self.spaces();
        self.text.get(start..start + length).map(Some)
    }

    /// A value that begins on the line of its key or dash, to the end of its line.
    fn inline(&mut self, tag: Option<&'a str>, column: usize) -> Option<()> {
        match self.peek()? {
            b'{' | b'[' => self.flow(tag, Some(column))?,
            b'|' => return self.literal(tag, column),
            _ => {
                let scalar = self.word(false)?;
                self.scalar(scalar, tag);
            }
        }
        self.end_of_line()
    }

    /// A scalar within one line, with quotes or without.
    fn word(&mut self, flow: bool) -> Option<Scalar<'a>> {
        match self.peek()? {
            b'"' | b'\'' => self.quoted(),
            _ => self.plain(flow),
        }
    }

    /// Text without quotes, to the end of its line.
    fn plain(&mut self, flow: bool) -> Option<Scalar<'a>> {
        let start = self.at;
        let first = self.peek()?;
        let begins = match first {
            b'-' => self.byte(start + 1).is_some_and(|byte| byte.is_ascii_digit()),
            b'.' => self.column() > 0,
            b'/' | b'_' | b'$' | b'(' | b'+' | b'~' => true,
            byte => byte.is_ascii_alphanumeric() || byte >= 0x80,
        };
        if !begins {
            return None;
        }
        let mut at = start;
        loop {
            match self.byte(at) {
                None | Some(b'\n') => break,
                Some(b':') => match self.byte(at + 1) {
                    None | Some(b' ' | b'\n') => break,
                    Some(b',' | b'[' | b']' | b'{' | b'}') if flow => return None,
                    Some(_) => {}
                },
                Some(b'#') if self.byte(at.saturating_sub(1)) == Some(b' ') => break,
                Some(b',' | b'[' | b']' | b'{' | b'}') if flow => break,
                Some(_) => {}
            }
            at += 1;
        }
        let text = self.text.get(start..at)?;
        let trimmed = text.trim_end_matches(' ');
        // A space before the colon.
        if self.byte(at) == Some(b':') && trimmed.len() < text.len() {
            return None;
        }
        self.at = start + trimmed.len();
        Some(Scalar { text: Cow::Borrowed(trimmed), plain: true, at: start..self.at })
    }

    /// Text in quotes, on one line.
    fn quoted(&mut self) -> Option<Scalar<'a>> {
        let start = self.at;
        let quote = self.peek()?;
        let mut at = start + 1;
        let mut text = String::new();
        let mut taken = at;
        loop {
            match self.byte(at)? {
                b'\n' => return None,
                b'\\' if quote == b'"' => {
                    text.push_str(self.text.get(taken..at)?);
                    text.push(match self.byte(at + 1)? {
                        b'n' => '\n',
                        b't' => '\t',
                        b'r' => '\r',
                        b'"' => '"',
                        b'\\' => '\\',
                        b'/' => '/',
                        _ => return None,
                    });
                    at += 2;
                    taken = at;
                }
                byte if byte == quote => {
                    if quote == b'"' || self.byte(at + 1) != Some(b'\'') {
                        break;
                    }
                    text.push_str(self.text.get(taken..=at)?);
                    at += 2;
                    taken = at;
                }
                _ => at += 1,
            }
        }
        let last = self.text.get(taken..at)?;
        let text = if taken == start + 1 { Cow::Borrowed(last) } else { Cow::Owned(text + last) };
        self.at = at + 1;
        Some(Scalar { text, plain: false, at: start..self.at })
    }

    /// Spaces and line breaks between the parts of a flow collection, whose lines stand deeper than `column`.
    fn gap(&mut self, column: Option<usize>) -> Option<()> {
        loop {
            self.spaces();
            if self.peek() != Some(b'\n') {
                break;
            }
            self.at += 1;
            self.line = self.at;
        }
        (!self.at_marker() && column.is_none_or(|column| self.column() > column)).then_some(())
    }

    /// `{…}` or `[…]`, where the reader stands.
    fn flow(&mut self, tag: Option<&'a str>, column: Option<usize>) -> Option<()> {
        self.deeper(|reader| {
            let map = reader.peek()? == b'{';
            let close = if map { b'}' } else { b']' };
            reader.push(if map { What::Map } else { What::Seq }, tag, reader.at..reader.at + 1);
            reader.at += 1;
            reader.gap(column)?;
            while reader.peek()? != close {
                if map {
                    reader.flow_key(column)?;
                }
                reader.flow_value(column)?;
                reader.gap(column)?;
                match reader.peek()? {
                    b',' => {
                        reader.at += 1;
                        reader.gap(column)?;
                        // A comma before the end.
                        if reader.peek()? == close {
                            return None;
                        }
                    }
                    byte if byte == close => {}
                    _ => return None,
                }
            }
            reader.push(What::End, None, reader.at..reader.at + 1);
            reader.at += 1;
            Some(())
        })
    }

    fn flow_key(&mut self, column: Option<usize>) -> Option<()> {
        let key = self.word(true)?;
        let quoted = !key.plain;
        if quoted {
            self.spaces();
        }
        let follows = self.byte(self.at + 1)?;
        if self.peek()? != b':' || key.at.len() > LONGEST_KEY || !(quoted || matches!(follows, b' ' | b'\n')) {
            return None;
        }
        self.at += 1;
        self.scalar(key, None);
        self.gap(column)
    }

    fn flow_value(&mut self, column: Option<usize>) -> Option<()> {
        let tag = self.tag()?;
        if matches!(self.peek()?, b'{' | b'[') {
            return self.flow(tag, column);
        }
        let scalar = self.word(true)?;
        self.scalar(scalar, tag);
        // A pair within a list, or a scalar that goes on.
        self.spaces();
        matches!(self.peek()?, b',' | b'}' | b']' | b'\n').then_some(())
    }

    /// A block scalar whose lines are kept as they are.
    fn literal(&mut self, tag: Option<&'a str>, column: usize) -> Option<()> {
        self.at += 1;
        let strips = self.peek() == Some(b'-');
        if strips {
            self.at += 1;
        }
        self.end_of_line()?;
        let mut text = String::new();
        let mut indent = None;
        let mut start = self.at;
        // Line feeds of empty lines, which count only where text follows.
        let mut empty = 0;
        loop {
            // At a line feed.
            self.peek()?;
            self.at += 1;
            let begin = self.at;
            if begin == self.bytes.len() {
                self.line = begin;
                break;
            }
            let end = self.line_end();
            self.spaces();
            let own = self.at.min(end) - begin;
            if self.at >= end {
                // A line of spaces alone: those beyond the indentation are text.
                if own > indent.unwrap_or(0) || self.peek().is_none() {
                    return None;
                }
                empty += 1;
                continue;
            }
            let indent = *indent.get_or_insert(own);
            if own < indent || own <= column {
                self.line = begin;
                break;
            }
            if text.is_empty() {
                start = begin + indent;
            }
            text.extend(std::iter::repeat_n('\n', std::mem::take(&mut empty)));
            text.push_str(self.text.get(begin + indent..end)?);
            self.at = end;
            // Without a line feed the text has none.
            self.peek()?;
            empty = 1;
        }
        if text.is_empty() {
            return None;
        }
        if !strips {
            text.push('\n');
        }
        self.push(What::Scalar { text: Cow::Owned(text), plain: false }, tag, start..self.at);
        Some(())
    }
}
