//! The lines of source that one diagnostic shows: long ones cut around their labels, nothing a terminal would obey.

use super::super::words::printable_char;
use crate::diagnostic::Label;
use crate::source::{FileId, Sources};
use codespan_reporting::diagnostic::Label as Rendered;
use codespan_reporting::files::{Error, Files};
use std::collections::BTreeMap;
use std::ops::Range;

/// What is left of a long line before its first label (characters).
const BEFORE: usize = 24;
/// An underline is not shorter.
const LEAST: usize = 3;

/// One line as it is shown.
struct Line {
    /// Where it stands in the view's text.
    range: Range<usize>,
    /// Where it begins in the file, and its columns before the cut.
    skipped: usize,
    /// For each character that is shown: its byte in the file and in the view.
    places: Vec<(usize, usize)>,
}

/// The lines of one file.
#[derive(Default)]
struct Excerpt {
    path: String,
    text: String,
    /// By line, counted from 0.
    lines: BTreeMap<usize, Line>,
}

/// The files of one diagnostic, as far as they are shown.
#[derive(Default)]
pub(super) struct View(BTreeMap<FileId, Excerpt>);

impl View {
    /// The lines around these labels (the first is the primary one), at most `width` characters each, and the labels
    /// moved into them. What underlines a label is cut where its words would not fit into `fitting` characters.
    pub(super) fn new(
        sources: &Sources,
        primary: Option<&Label>,
        others: &[Label],
        (width, fitting): (usize, Option<usize>),
    ) -> (Self, Vec<Rendered<FileId>>) {
        let mut view = Self::default();
        let labels: Vec<(&Label, bool)> =
            primary.into_iter().map(|label| (label, true)).chain(others.iter().map(|label| (label, false))).collect();
        let mut wanted: BTreeMap<FileId, BTreeMap<usize, Option<usize>>> = BTreeMap::new();
        let places: Vec<(usize, Range<usize>)> = labels
            .iter()
            .map(|(label, _)| {
                let file = label.span.file;
                let text = sources.shown(file);
                let start = label.span.start as usize;
                let line = sources.line_column(file, start).0 - 1;
                let end = sources.line_range(file, line).map_or(start, |range| range.end);
                // A whole block is shown by its first line.
                let shown = text.get(start..end.min(label.span.end as usize)).unwrap_or_default().trim_end();
                let lines = wanted.entry(file).or_default();
                if sources.exported_by(file).is_some() {
                    // A place without text: one mark stands for what is there.
                    lines.entry(line).or_insert(Some(start));
                    return (line, start..start + 1);
                }
                // Neighbours are shown where two labels are close.
                for near in line.saturating_sub(1)..=line + 1 {
                    lines.entry(near).or_insert(None);
                }
                let first = lines.entry(line).or_insert(None);
                *first = Some(first.map_or(start, |first| first.min(start)));
                (line, start..start + shown.len())
            })
            .collect();
        for (file, lines) in wanted {
            let excerpt = view.0.entry(file).or_default();
            excerpt.path = super::super::words::one_line(&sources.path(file));
            if let Some(by) = sources.exported_by(file) {
                excerpt.path = super::super::words::one_line(&format!("{} ({by})", sources.path(file)));
                for (line, first) in lines {
                    excerpt.add_mark(line, first.unwrap_or(0));
                }
                continue;
            }
            let text = sources.shown(file);
            for (line, first) in lines {
                if sources.is_data(file) {
                    let mut own: Vec<Range<usize>> = places
                        .iter()
                        .zip(&labels)
                        .filter(|((at, _), (label, _))| *at == line && label.span.file == file)
                        .map(|((_, range), _)| range.clone())
                        .collect();
                    own.sort_by_key(|range| range.start);
                    excerpt.add_labelled(
                        line,
                        &text,
                        sources.line_column(file, own.first().map_or(0, |range| range.start)).1,
                        &own,
                        width,
                    );
                    continue;
                }
                if let Some(range) = sources.line_range(file, line) {
                    excerpt.add(line, text.get(range.clone()).unwrap_or_default(), range.start, first, width);
                }
            }
        }
        let rendered = labels
            .iter()
            .zip(places.iter().cloned())
            .map(|((label, primary), (line, range))| {
                let shown = view.0.get(&label.span.file).and_then(|excerpt| excerpt.lines.get(&line));
                let range = shown.map_or(0..0, |shown| shown.place(range.start)..shown.place(range.end));
                let message = super::super::words::printable(&label.message);
                let range = match (view.0.get(&label.span.file), shown, fitting) {
                    (Some(excerpt), Some(shown), Some(fitting)) => excerpt.fitted(shown, range, fitting, &message),
                    _ => range,
                };
                if *primary {
                    Rendered::primary(label.span.file, range).with_message(message)
                } else {
                    Rendered::secondary(label.span.file, range).with_message(message)
                }
            })
            .collect();
        (view, rendered)
    }
}

impl Excerpt {
    /// The beginning of the range, so long that the words behind it end within `width` characters.
    fn fitted(&self, line: &Line, range: Range<usize>, width: usize, words: &str) -> Range<usize> {
        let before = self.text.get(line.range.start..range.start).map_or(0, |text| text.chars().count());
        let room = width.saturating_sub(before + 1 + words.chars().count()).max(LEAST);
        let marked = self.text.get(range.clone()).unwrap_or_default();
        let end = marked.char_indices().nth(room).map_or(range.end, |(at, _)| range.start + at);
        range.start..end
    }

    /// A line of which the text is not at hand.
    fn add_mark(&mut self, line: usize, start: usize) {
        let from = self.text.len();
        self.text.push('…');
        let end = self.text.len();
        self.text.push('\n');
        let places = vec![(start, from), (start + 1, end)];
        self.lines.insert(line, Line { range: from..self.text.len(), skipped: 0, places });
    }

    fn add(&mut self, line: usize, text: &str, start: usize, first: Option<usize>, width: usize) {
        let content = text.trim_end_matches(['\n', '\r']);
        let length = content.chars().count();
        let column =
            first.map_or(0, |first| content.get(..first.saturating_sub(start)).unwrap_or_default().chars().count());
        let skipped = if length <= width { 0 } else { column.saturating_sub(BEFORE) };
        let from = self.text.len();
        let mut places = Vec::new();
        if skipped > 0 {
            self.text.push('…');
        }
        for (at, c) in content.char_indices().skip(skipped).take(width) {
            places.push((start + at, self.text.len()));
            self.text.push(if c == '\t' { c } else { printable_char(c) });
        }
        places.push((places.last().map_or(start, |(at, _)| at + 1), self.text.len()));
        if length > skipped + width {
            self.text.push('…');
        }
        self.text.push('\n');
        self.lines.insert(line, Line { range: from..self.text.len(), skipped, places });
    }

    /// A line of data that may hold secrets: what the labels point at, nothing beside it. The first begins at `column`.
    fn add_labelled(&mut self, line: usize, text: &str, column: usize, labels: &[Range<usize>], width: usize) {
        let from = self.text.len();
        let mut places: Vec<(usize, usize)> = Vec::new();
        for label in labels {
            let begun = places.last().map_or(0, |(at, _)| at + 1);
            let label = label.start.max(begun)..label.end;
            if label.is_empty() {
                continue;
            }
            self.text.push('…');
            for (at, c) in text.get(label.clone()).unwrap_or_default().char_indices().take(width) {
                places.push((label.start + at, self.text.len()));
                self.text.push(if c == '\t' { ' ' } else { printable_char(c) });
            }
            places.push((label.end, self.text.len()));
        }
        self.text.push_str("…\n");
        self.lines.insert(line, Line { range: from..self.text.len(), skipped: column.saturating_sub(1), places });
    }
}

impl Line {
    /// The byte in the view of a byte in the file.
    fn place(&self, byte: usize) -> usize {
        let at = self.places.partition_point(|(file, _)| *file < byte);
        self.places.get(at).or_else(|| self.places.last()).map_or(0, |(_, view)| *view)
    }
}

impl<'a> Files<'a> for View {
    type FileId = FileId;
    type Name = &'a str;
    type Source = &'a str;

    fn name(&'a self, id: FileId) -> Result<&'a str, Error> {
        self.0.get(&id).map(|excerpt| excerpt.path.as_str()).ok_or(Error::FileMissing)
    }

    fn source(&'a self, id: FileId) -> Result<&'a str, Error> {
        self.0.get(&id).map(|excerpt| excerpt.text.as_str()).ok_or(Error::FileMissing)
    }

    fn line_index(&'a self, id: FileId, byte: usize) -> Result<usize, Error> {
        let excerpt = self.0.get(&id).ok_or(Error::FileMissing)?;
        let found = excerpt
            .lines
            .iter()
            .find(|(_, line)| line.range.contains(&byte))
            .or_else(|| excerpt.lines.iter().next_back());
        found.map(|(line, _)| *line).ok_or(Error::FileMissing)
    }

    fn line_range(&'a self, id: FileId, line: usize) -> Result<Range<usize>, Error> {
        let excerpt = self.0.get(&id).ok_or(Error::FileMissing)?;
        // A line beyond the end of the file is empty.
        Ok(excerpt.lines.get(&line).map_or(excerpt.text.len()..excerpt.text.len(), |line| line.range.clone()))
    }

    fn column_number(&'a self, id: FileId, line: usize, byte: usize) -> Result<usize, Error> {
        let excerpt = self.0.get(&id).ok_or(Error::FileMissing)?;
        let Some(line) = excerpt.lines.get(&line) else { return Ok(1) };
        Ok(line.skipped + line.places.partition_point(|(_, view)| *view < byte) + 1)
    }
}
