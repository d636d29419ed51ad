//! The events of a YAML document, as far as templates need them.

mod simple;
#[cfg(test)]
mod tests;

use granit_parser::{Event as Parsed, Parser, ScalarStyle, Tag};
use std::borrow::Cow;
use std::ops::Range;

/// What comes next in a document.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event<'a> {
    pub(super) what: What<'a>,
    /// `Sub` of `!Sub`.
    pub(super) tag: Option<Cow<'a, str>>,
    /// Zero for none.
    pub(super) anchor: usize,
    /// Bytes of the text. Empty where a block begins or ends.
    pub(super) at: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum What<'a> {
    /// A document begins.
    Document,
    /// `plain` without quotes and tags.
    Scalar {
        text: Cow<'a, str>,
        plain: bool,
    },
    Seq,
    Map,
    /// Of a sequence or a mapping.
    End,
    Alias(usize),
}

/// Why a text cannot be read, and at which byte.
pub(super) struct Refused {
    pub(super) why: String,
    pub(super) at: usize,
}

/// The events of a text, to the first that cannot be read.
///
/// Most templates are read by [`simple`], several times as fast; what it does not know is read by the library.
pub(super) fn events<'a>(text: &'a str) -> Box<dyn Iterator<Item = Result<Event<'a>, Refused>> + 'a> {
    match simple::events(text) {
        Some(events) => Box::new(events.into_iter().map(Ok)),
        None => Box::new(parsed(text)),
    }
}

fn parsed(text: &str) -> impl Iterator<Item = Result<Event<'_>, Refused>> {
    Parser::new_from_str(text).filter_map(|next| match next {
        Ok((event, place)) => event_of(event, place.byte_range().unwrap_or(0..0)).map(Ok),
        Err(error) => {
            let why = match error.info() {
                info if info.contains("recursion limit") => "nested too deeply".to_owned(),
                info => format!("the template cannot be read: {info}"),
            };
            Some(Err(Refused { why, at: error.marker().byte_offset().unwrap_or(0) }))
        }
    })
}

fn event_of<'a>(event: Parsed<'a>, at: Range<usize>) -> Option<Event<'a>> {
    let short = |tag: Option<Cow<'a, Tag>>| {
        let tag = tag?;
        let (handle, suffix) = tag.parts();
        (handle == "!" && !suffix.is_empty()).then(|| Cow::Owned(suffix.to_owned()))
    };
    let (what, tag, anchor) = match event {
        Parsed::DocumentStart(..) => (What::Document, None, 0),
        Parsed::Scalar(text, style, anchor, tag) => {
            let plain = style == ScalarStyle::Plain && tag.is_none();
            (What::Scalar { text, plain }, short(tag), anchor)
        }
        Parsed::SequenceStart(_, anchor, tag) => (What::Seq, short(tag), anchor),
        Parsed::MappingStart(_, anchor, tag) => (What::Map, short(tag), anchor),
        Parsed::SequenceEnd | Parsed::MappingEnd => (What::End, None, 0),
        Parsed::Alias(id) => (What::Alias(id), None, 0),
        _ => return None,
    };
    Some(Event { what, tag, anchor, at })
}
