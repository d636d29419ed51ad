//! JSON text read from front to back: objects and lists here, what lies in them by serde_json; long lists of resources on
//! all threads.

use super::document::{ResourceRecord, Wanted};
use rayon::prelude::*;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Modules and objects within each other are followed this far, as far as serde_json follows values.
const DEEPEST: usize = 128;
/// What one thread reads of a long list at a time (bytes).
const PIECE: usize = 4 << 20;

/// Why the text is not what it should be.
#[derive(Debug)]
pub(super) struct Broken {
    /// A byte of the text.
    pub(super) at: usize,
    pub(super) message: String,
}

impl Broken {
    /// Of a part of the text that begins at `base`.
    pub(super) fn within(text: &str, base: usize, error: &serde_json::Error) -> Self {
        let part = text.get(base..).unwrap_or_default();
        let lines = error.line().saturating_sub(1);
        let start = match lines {
            0 => 0,
            lines => memchr::memchr_iter(b'\n', part.as_bytes()).nth(lines - 1).map_or(part.len(), |end| end + 1),
        };
        let at = (base + start + error.column().saturating_sub(1)).min(text.len());
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        Self { at, message }
    }
}

/// A place in the text.
pub(super) struct Walk<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// See [`PIECE`].
    piece: usize,
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The records of a list: those that are wanted, and the addresses of the others.
#[derive(Default)]
pub(super) struct Records<'a> {
    pub(super) kept: Vec<ResourceRecord<'a>>,
    pub(super) others: Vec<&'a RawValue>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0, piece: PIECE }
    }

    pub(super) fn broken(&self, message: &str) -> Broken {
        Broken { at: self.at.min(self.text.len()), message: message.to_owned() }
    }

    /// The next byte that is no space.
    fn next(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let space = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\t' | b'\r')).count();
        self.at += space;
        rest.get(space).copied()
    }

    /// Goes past the byte, if it is the next one.
    fn take(&mut self, byte: u8) -> bool {
        let found = self.next() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Goes past the comma between two elements; `next`: what may stand here.
    fn comma(&mut self, next: &str) -> Result<(), Broken> {
        match self.next() {
            Some(b',') => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(self.broken(next)),
            None => Err(self.broken(&format!("{next}, but the text ends here"))),
        }
    }

    /// Nothing but space may follow.
    pub(super) fn end(&mut self) -> Result<(), Broken> {
        match self.next() {
            None => Ok(()),
            Some(_) => Err(self.broken("trailing characters")),
        }
    }

    /// The value here.
    pub(super) fn value<T: Deserialize<'a>>(&mut self) -> Result<T, Broken> {
        let mut reader = serde_json::Deserializer::from_str(self.text.get(self.at..).unwrap_or_default());
        match T::deserialize(&mut reader) {
            Ok(value) => {
                self.at += reader.into_iter::<IgnoredAny>().byte_offset();
                Ok(value)
            }
            Err(error) => Err(Broken::within(self.text, self.at, &error)),
        }
    }

    pub(super) fn skip(&mut self) -> Result<(), Broken> {
        self.value::<IgnoredAny>().map(drop)
    }

    /// What `read` reads, or null.
    pub(super) fn maybe<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Broken>) -> Result<Option<T>, Broken> {
        match self.next() {
            Some(b'n') => self.value::<()>().map(|()| None),
            _ => read(self).map(Some),
        }
    }

    /// The object here: `entry` reads the value of each key.
    pub(super) fn object(
        &mut self,
        entry: &mut dyn FnMut(&str, &mut Self) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        if !self.take(b'{') {
            return Err(self.broken("expected an object"));
        }
        self.deeper()?;
        if !self.take(b'}') {
            loop {
                if self.next() != Some(b'"') {
                    return Err(self.broken("key must be a string"));
                }
                let Text(key) = self.value()?;
                if !self.take(b':') {
                    return Err(self.broken("expected `:`"));
                }
                entry(&key, self)?;
                if self.take(b'}') {
                    break;
                }
                self.comma("expected `,` or `}`")?;
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn deeper(&mut self) -> Result<(), Broken> {
        if self.depth >= DEEPEST {
            return Err(self.broken("recursion limit exceeded"));
        }
        self.depth += 1;
        Ok(())
    }

    /// The list of resources here.
    pub(super) fn records(&mut self, wanted: Wanted<'_>) -> Result<Records<'a>, Broken> {
        let mut all = Records::default();
        let read = |walk: &mut Self, some: &mut (Records<'a>, Option<(Cow<'a, str>, bool)>)| {
            let (records, last) = some;
            let record: ResourceRecord<'a> = walk.value()?;
            // Records of one type mostly follow each other.
            let keep = match last {
                Some((kind, keep)) if *kind == record.kind => *keep,
                _ => {
                    let keep = wanted(&record.kind);
                    *last = Some((record.kind.clone(), keep));
                    keep
                }
            };
            if keep {
                records.kept.push(record);
            } else if record.deposed.is_none() {
                records.others.push(record.address);
            }
            Ok(())
        };
        self.spread(b"{\"address\":", &read, &mut |(records, _)| {
            all.kept.extend(records.kept);
            all.others.extend(records.others);
        })?;
        Ok(all)
    }

    /// The list here, which may be long: `read` adds the element at the walk to some of them, and `gather` is handed these
    /// in their order. `marker` is how an element mostly begins.
    pub(super) fn spread<T: Default + Send>(
        &mut self,
        marker: &[u8],
        read: &(dyn Fn(&mut Self, &mut T) -> Result<(), Broken> + Sync),
        gather: &mut dyn FnMut(T),
    ) -> Result<(), Broken> {
        if !self.take(b'[') {
            return Err(self.broken("expected a list"));
        }
        if self.take(b']') {
            return Ok(());
        }
        self.deeper()?;
        // Most lists are short: what lies behind them would be read for nothing.
        let mut at_once = 1;
        loop {
            // Where pieces begin is a guess. A piece counts where the one before it ends just there: then both are what
            // reading from front to back would have found.
            self.next();
            let starts = self.starts(marker, at_once);
            at_once = (at_once * 2).min(rayon::current_num_threads() * 2);
            let ends = starts.iter().skip(1).copied().map(Some).chain([None]);
            let pieces: Vec<(usize, Option<usize>)> = starts.iter().copied().zip(ends).collect();
            let made: Vec<Result<Piece<T>, Broken>> = match pieces.as_slice() {
                [(start, end)] => vec![self.piece(*start, *end, read)],
                pieces => pieces.par_iter().map(|(start, end)| self.piece(*start, *end, read)).collect(),
            };
            for ((start, _), piece) in pieces.iter().zip(made) {
                if *start != self.at {
                    break;
                }
                let piece = piece?;
                gather(piece.some);
                self.at = piece.end;
                if piece.last {
                    self.depth -= 1;
                    return Ok(());
                }
            }
        }
    }

    /// Where elements of the list may begin that so many threads could read at the same time; the first one begins here.
    fn starts(&self, marker: &[u8], most: usize) -> Vec<usize> {
        let mut starts = vec![self.at];
        let text = self.text.as_bytes();
        for number in 1..most {
            let from = self.at + number * self.piece;
            let part = text.get(from..(from + self.piece).min(text.len())).unwrap_or_default();
            let found = memchr::memmem::find_iter(part, marker).map(|at| from + at).find(|at| {
                let before = text.get(..*at).unwrap_or_default();
                before.iter().rev().find(|byte| !byte.is_ascii_whitespace()) == Some(&b',')
            });
            match found {
                Some(at) => starts.push(at),
                None => break,
            }
        }
        starts
    }

    /// The elements of the list from the one at `start` to `end`, or as far as a piece goes.
    fn piece<T: Default>(
        &self,
        start: usize,
        end: Option<usize>,
        read: &(dyn Fn(&mut Self, &mut T) -> Result<(), Broken> + Sync),
    ) -> Result<Piece<T>, Broken> {
        let end = end.unwrap_or(start + self.piece);
        let mut walk = Walk { at: start, ..*self };
        let mut some = T::default();
        loop {
            read(&mut walk, &mut some)?;
            if walk.take(b']') {
                return Ok(Piece { some, end: walk.at, last: true });
            }
            walk.comma("expected `,` or `]`")?;
            walk.next();
            if walk.at >= end {
                return Ok(Piece { some, end: walk.at, last: false });
            }
        }
    }
}

/// Elements of a list that follow each other.
struct Piece<T> {
    some: T,
    /// Where the next element begins, or what follows the list.
    end: usize,
    /// Whether the list ends here.
    last: bool,
}

#[cfg(test)]
mod tests;
