//! Files and places as the protocol names them: URIs, lines from 0, columns in UTF-16 units.

use crate::analysis::Analysis;
use crate::source::{FileId, Span, normalize};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};

/// What stays as it is in the path of a URI.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The path that a `file:` URI names.
pub(super) fn path_of_uri(uri: &str) -> Option<PathBuf> {
    let path = uri.strip_prefix("file://")?;
    // A host before the path is this machine.
    let path = path.get(path.find('/')?..)?;
    Some(PathBuf::from(percent_decode_str(path).decode_utf8().ok()?.into_owned()))
}

/// Between URIs and the paths of the analysis, which are relative to the first folder where they lie in it.
pub(super) struct Uris {
    base: PathBuf,
}

impl Uris {
    pub(super) fn new(base: PathBuf) -> Self {
        Self { base }
    }

    /// The path of the analysis for an absolute one.
    pub(super) fn path(&self, absolute: &Path) -> String {
        let path = absolute.strip_prefix(&self.base).unwrap_or(absolute);
        normalize(&path.to_string_lossy())
    }

    pub(super) fn path_of(&self, uri: &str) -> Option<String> {
        path_of_uri(uri).map(|path| self.path(&path))
    }

    pub(super) fn uri(&self, path: &str) -> String {
        let absolute = self.base.join(path);
        format!("file://{}", utf8_percent_encode(&absolute.to_string_lossy(), KEPT))
    }

    /// The protocol's `Location` of a span.
    pub(super) fn location(&self, analysis: &Analysis, span: Span) -> Json {
        json!({"uri": self.uri(&analysis.sources.path(span.file)), "range": range(analysis, span)})
    }
}

/// The file of the analysis at this path.
pub(super) fn file_of(analysis: &Analysis, path: &str) -> Option<FileId> {
    analysis.sources.loaded(path)?.ok()
}

/// The protocol's `Range` of a span.
pub(super) fn range(analysis: &Analysis, span: Span) -> Json {
    let text = analysis.sources.text(span.file);
    json!({"start": position(&text, span.start as usize), "end": position(&text, span.end as usize)})
}

fn position(text: &str, offset: usize) -> Json {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = text.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap_or_default().encode_utf16().count();
    json!({"line": line, "character": column})
}

/// The byte at a `Position`; past a line's end, that end.
pub(super) fn offset(text: &str, position: &Json) -> Option<usize> {
    let line = usize::try_from(position.get("line")?.as_u64()?).ok()?;
    let column = usize::try_from(position.get("character")?.as_u64()?).ok()?;
    let mut start = 0;
    for _ in 0..line {
        match text.get(start..).and_then(|rest| rest.find('\n')) {
            Some(end) => start += end + 1,
            None => return Some(text.len()),
        }
    }
    let mut units = 0;
    for (at, c) in text.get(start..)?.char_indices() {
        if units >= column || c == '\n' {
            return Some(start + at);
        }
        units += c.len_utf16();
    }
    Some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_utf16_units() {
        let text = "a\n\u{1F511}b = é\n";
        for (at, line, column) in [(0, 0, 0), (2, 1, 0), (6, 1, 2), (7, 1, 3), (12, 1, 7), (13, 2, 0)] {
            assert_eq!(position(text, at), json!({"line": line, "character": column}));
            assert_eq!(offset(text, &json!({"line": line, "character": column})), Some(at));
        }
        assert_eq!(offset(text, &json!({"line": 0, "character": 9})), Some(1));
        assert_eq!(offset(text, &json!({"line": 9, "character": 0})), Some(13));
        assert_eq!(offset(text, &json!({"line": -1, "character": 0})), None);
    }

    #[test]
    fn uris_and_paths_lead_to_each_other() {
        let uris = Uris::new(PathBuf::from("/work dir"));
        assert_eq!(uris.uri("a/b c.tf"), "file:///work%20dir/a/b%20c.tf");
        assert_eq!(uris.path_of("file:///work%20dir/a/b%20c.tf").as_deref(), Some("a/b c.tf"));
        assert_eq!(uris.path_of("file:///else/x.tf").as_deref(), Some("/else/x.tf"));
        assert_eq!(uris.path_of("untitled:x"), None);
    }
}
