//! What is read here has the very events that the library gives.

use super::{Event, What, parsed, simple};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

/// Whether the text was read without the library; its events must be the library's.
fn same(text: &str) -> bool {
    let Some(ours) = simple::events(text) else { return false };
    let theirs: Result<Vec<Event<'_>>, String> = parsed(text).map(|next| next.map_err(|refused| refused.why)).collect();
    let theirs = theirs.unwrap_or_else(|why| panic!("the library refuses this ({why}):\n{text}"));
    // Where a block ends, and the first document begins, plays no part.
    let plain = |event: &Event<'_>| match event.what {
        What::Document => None,
        What::End if event.at.is_empty() => None,
        _ => Some(event.at.clone()),
    };
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert!(
            (&ours.what, &ours.tag, ours.anchor, plain(ours))
                == (&theirs.what, &theirs.tag, theirs.anchor, plain(theirs)),
            "{ours:?} and not {theirs:?} in:\n{text}"
        );
    }
    assert_eq!(ours.len(), theirs.len(), "{text}");
    true
}

fn texts(below: &Path) -> Vec<String> {
    let mut out = Vec::new();
    let mut open = vec![PathBuf::from(below)];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|end| ["yaml", "yml", "json", "template"].iter().any(|one| end == *one))
        {
            out.extend(std::fs::read_to_string(&path));
        }
    }
    out.sort();
    out
}

#[test]
fn templates_have_the_events_of_the_library() {
    let below = std::env::var_os("CROSSVAULT_YAML").unwrap_or_else(|| "testdata".into());
    let texts = texts(Path::new(&below));
    let read = texts.iter().filter(|text| same(text)).count();
    println!("{read} of {} without the library", texts.len());
    assert!(read * 10 > texts.len() * 7, "{read} of {}", texts.len());
}

#[test]
fn every_form_is_read() {
    for text in [
        "A: b\n",
        "# c\n---\n\"A\": 'it''s'  # c\n\"q\\\"\": \"\\\\ \\n\"\n",
        "A:\n  B: !Ref c\n  C: !Sub \"${a}\"\n  D:\n  E:\n    - one\n    - two: 1\n      three: !GetAtt a.b\n    - - n\n      - m\n",
        "A:\n- one\n- two:\n    x: y\n  z: 1\nB:\n- !Ref x\n- |\n  text\nC: 1\n",
        "A: !Join\n  - ''\n  - [a, \"b\", !Ref c, {d: e, \"f\":1, g: [ ]}]\nB: !Foo\n  k: v\n",
        "A: [\n    a,\n    b ]\nB: {}\n",
        "A: |\n  text\n    more\n\n  end\n\nB: |-\n    x\n# c\nC:\n  - |\n    y\n",
        "{\"a\": {\n\"b\" : [1, true, null, \"x\"]\n}}\n",
        "A: http://x:80/#y\nB: arn:aws:iam::1:root # c\nC: é – x\nD: -1\n",
        "A:\n  # c\n  B: 1\n # c\n\nC: 2",
    ] {
        assert!(same(text), "left to the library:\n{text}");
    }
}

#[test]
fn what_is_not_simple_is_left_to_the_library() {
    for text in [
        "",
        "a",
        "A: b\n  c\n",
        "A: &x b\nB: *x\n",
        "A: >\n  b\n",
        "A: b: c\n",
        "A:\n  b\n",
        "? a\n: b\n",
        "A: b\n---\nC: d\n",
        "A:\tb\n",
        "A: b\r\n",
        "A: [a: b]\n",
        "A: {a, b}\n",
        "A: [a,]\n",
        "A: \"x\n  y\"\n",
        "A: \"\\u00e9\"\n",
        "A: %x\n",
        "A: !!str b\n",
        "A:\n    B: 1\n  C: 2\n",
        "A: |2\n  b\n",
        "A: [\nb]\n",
        "%YAML 1.1\n---\nA: b\n",
        "A: b\n...\n",
    ] {
        assert!(simple::events(text).is_none(), "{text}");
    }
}

/// Lines that are put together at random indentations.
fn line() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "a", "B", "\"q\"", "'s'", ":", ": ", " ", "- ", "-", "!Ref ", "!Sub", "[", "]", "{", "}", ",", ", ", "#",
        " # c", "|", "|-", ">", "1", "${x}", "~", "''", "\"", "'", "é", "a: b", "- x", "k:", "\\n", "?", "&a", "*a",
        ".", "---", "...", "%", "@", "/", "\t", "=", "<<",
    ]);
    (0..7_usize, prop::collection::vec(part, 0..6))
        .prop_map(|(indent, parts)| format!("{}{}\n", " ".repeat(indent), parts.concat()))
}

/// Well-formed lines at random indentations: what is read more often than not.
fn good_line() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "a: b",
        "B:",
        "- x",
        "- a: b",
        "- - y",
        "\"q\": 'v'",
        "c: !Ref d",
        "e: !Join",
        "f: [a, {b: c}, \"d\"]",
        "g: |",
        "h: |-",
        "text",
        "# c",
        "",
        "- !Sub x",
        "- [a]",
        "- |",
        "- \"k\": v",
        "i: {a: [b,",
        "c]}",
        "j: {\"k\":1}",
        "'l': # c",
        "-",
    ]);
    (0..4_usize, part).prop_map(|(indent, part)| format!("{}{part}\n", "  ".repeat(indent)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_lines_have_the_events_of_the_library(lines in prop::collection::vec(line(), 1..7)) {
        same(&lines.concat());
    }

    #[test]
    fn random_good_lines_have_the_events_of_the_library(lines in prop::collection::vec(good_line(), 1..10), cut in 0..3_usize) {
        let text = lines.concat();
        same(text.get(..text.len() - cut.min(text.len())).unwrap_or(&text));
    }
}
