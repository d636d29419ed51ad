//! Pieces that threads read are what reading from front to back finds.

use super::super::document::{Document, Module};
use super::{ResourceRecord, Walk};

/// Records whose values hold what could be taken for the beginning of one.
fn list(count: usize, spaced: bool) -> String {
    let (comma, colon) = if spaced { (" ,\n  ", ": ") } else { (",", ":") };
    let record = |at: usize| {
        let kind = ["aws_kms_key", "random_id", "aws_db_instance"][at % 3];
        let text = r#","address\":1},{\"address\":\"a\""#;
        let text = serde_json::to_string(text).unwrap();
        let values = format!(
            r#"{{"rules":[{{"address":"10.0.0.1","n":{at}}},{{"address":null}}],"text":{text},"more":[[],{{}},-1.5e3,true]}}"#
        );
        let deposed = if at.is_multiple_of(7) { r#""deposed":"x","#.to_owned() } else { String::new() };
        format!(
            r#"{{"address"{colon}"{kind}.r{at}",{deposed}"mode":"managed","type":"{kind}","values":{values},"new":1}}"#
        )
    };
    let records: Vec<String> = (0..count).map(record).collect();
    format!("[{}]", records.join(comma))
}

fn shown(record: &ResourceRecord<'_>) -> (String, String, Option<String>) {
    (record.address.get().to_owned(), record.kind.to_string(), record.values.map(|values| values.get().to_owned()))
}

#[test]
fn pieces_are_what_the_whole_is() {
    for (count, spaced) in [(0, false), (1, false), (2, true), (40, false), (200, false), (200, true)] {
        let list = list(count, spaced);
        let text = format!("{list} , 7");
        let all: Vec<ResourceRecord<'_>> = serde_json::from_str(&list).unwrap();
        let wanted = |kind: &str| kind != "random_id";
        let kept: Vec<_> = all.iter().filter(|record| wanted(&record.kind)).map(shown).collect();
        let others = all.iter().filter(|record| !wanted(&record.kind) && record.deposed.is_none());
        let others: Vec<&str> = others.map(|record| record.address.get()).collect();
        for piece in [1, 7, 60, 333, 1000, 4096, 1 << 20] {
            let mut walk = Walk { piece, ..Walk::new(&text) };
            let records = walk.records(&wanted).unwrap();
            assert_eq!(records.kept.iter().map(shown).collect::<Vec<_>>(), kept, "{count} {piece}");
            assert_eq!(records.others.iter().map(|other| other.get()).collect::<Vec<_>>(), others);
            assert_eq!(walk.at, list.len());
        }
    }
}

#[test]
fn what_is_broken_is_found_where_it_is() {
    let whole = list(60, false);
    let places: Vec<usize> = whole.match_indices("\"mode\"").map(|(at, _)| at).collect();
    for at in [places[0], places[31], places[59]] {
        let text = format!("{}!{}", &whole[..at], &whole[at..]);
        for piece in [1, 100, 1000, 1 << 20] {
            let error = Walk { piece, ..Walk::new(&text) }.records(&|_| true).err().unwrap();
            assert_eq!((error.at, error.message.as_str()), (at, "key must be a string"), "{piece}");
        }
    }
    let cut = &whole[..whole.len() - 1];
    let error = Walk { piece: 100, ..Walk::new(cut) }.records(&|_| true).err().unwrap();
    assert_eq!((error.at, error.message.as_str()), (cut.len(), "expected `,` or `]`, but the text ends here"));
}

#[test]
fn modules_are_read_in_pieces_too() {
    let module = |at: usize| {
        let inner = format!(r#"{{"resources":{},"address":"module.m{at}.module.n"}}"#, list(3, false));
        format!(
            r#"{{"resources":{},"address":"module.m{at}","child_modules":[{inner}]}}"#,
            list(5, at.is_multiple_of(2))
        )
    };
    let modules: Vec<String> = (0..40).map(module).collect();
    let planned = format!(r#"{{"resources":{},"child_modules":[{}]}}"#, list(4, false), modules.join(","));
    let text = format!(r#"{{"format_version":"1.2","planned_values":{{"root_module":{planned}}}}}"#);
    let shape = |piece: usize| {
        let walk = &mut Walk { piece, ..Walk::new(&text) };
        let document = Document::walk(walk, &|kind| kind != "random_id").unwrap();
        let module = document.planned_values.unwrap().root_module;
        let of = |module: &Module<'_>| module.resources.iter().map(shown).collect::<Vec<_>>();
        let children = module.child_modules.iter().map(|child| (of(child), of(&child.child_modules[0])));
        (of(&module), children.collect::<Vec<_>>())
    };
    let whole = shape(1 << 20);
    assert_eq!((whole.0.len(), whole.1.len(), whole.1[7].0.len(), whole.1[7].1.len()), (3, 40, 3, 2));
    for piece in [1, 50, 700, 3000, 20_000] {
        assert_eq!(shape(piece), whole, "{piece}");
    }
}
