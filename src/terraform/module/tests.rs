//! Which files make a module, and what they declare together.

use super::*;
use crate::source::MemoryDisk;

fn load(files: &[(&str, &str)]) -> (Module, Vec<Diagnostic>) {
    load_module(&Sources::new(Box::new(MemoryDisk::new(files.iter().copied()))), "m")
}

#[test]
fn hidden_and_foreign_files_are_not_read() {
    let text = "locals {\n  a = 1\n}\n";
    let names = ["m/.a.tf", "m/b.tf~", "m/#c.tf#", "m/e.txt", "m/sub/f.tf", "m/ok.tf"];
    let (module, diagnostics) = load(&names.map(|name| (name, text)));
    assert_eq!((module.files.len(), module.locals.len()), (1, 1));
    assert_eq!(diagnostics, []);
}

#[test]
fn opentofu_reads_its_own_file_in_place_of_the_other_of_the_same_name() {
    let (module, diagnostics) = load(&[
        ("m/a.tf", "locals {\n  a = 1\n  gone = 1\n}\n"),
        ("m/a.tofu", "locals {\n  a = 2\n}\n"),
        ("m/a.tf.json", r#"{"locals": {"json": 1}}"#),
        ("m/b.tf", "locals {\n  b = 1\n}\n"),
        ("m/a_override.tofu", "locals {\n  b = 3\n}\n"),
    ]);
    assert_eq!(diagnostics, []);
    let number = |name: &str| match &module.locals[name].value.kind {
        ExprKind::Number(n) => n.as_i64(),
        _ => None,
    };
    assert_eq!((number("a"), number("b"), number("json")), (Some(2), Some(3), Some(1)));
    assert!(!module.locals.contains_key("gone"));
}

#[test]
fn overrides_win_attribute_by_attribute_and_block_type_by_block_type() {
    let (module, diagnostics) = load(&[
        ("m/x_override.tf", "locals {\n  a = 3\n}\nresource \"r\" \"n\" {\n  p = 2\n  b {}\n}\n"),
        ("m/override.tf", "locals {\n  a = 2\n}\n"),
        (
            "m/zz.tf",
            "locals {\n  a = 1\n}\nresource \"r\" \"n\" {\n  p = 1\n  q = 1\n  dynamic \"b\" {\n  }\n  c {}\n}\n",
        ),
    ]);
    assert_eq!(diagnostics, []);
    assert!(matches!(&module.locals["a"].value.kind, ExprKind::Number(n) if n.as_i64() == Some(3)));
    let body = &module.resources[0].block.body;
    assert!(matches!(&body.attribute("p").unwrap().value.kind, ExprKind::Number(n) if n.as_i64() == Some(2)));
    assert!(body.attribute("q").is_some());
    let kinds: Vec<&str> = body.blocks.iter().map(|block| &*block.kind).collect();
    assert_eq!(kinds, ["c", "b"]);
}

#[test]
fn declarations_are_found_in_both_syntaxes() {
    let (module, diagnostics) = load(&[
        (
            "m/a.tf",
            "provider \"aws\" {\n  alias = \"b\"\n}\nvariable \"v\" {\n  sensitive = true\n  validation {}\n}\n",
        ),
        ("m/b.tf.json", r#"{"module": {"c": {"source": "./c"}}, "terraform": {"backend": {"s3": {"key": "k"}}}}"#),
    ]);
    assert_eq!(diagnostics, []);
    assert_eq!(module.providers[0].alias.as_deref(), Some("b"));
    let variable = &module.variables["v"];
    assert!(variable.sensitive && variable.validations.len() == 1 && variable.default.is_none());
    assert!(module.calls["c"].body.attribute("source").is_some());
    assert_eq!(&*module.backend.unwrap().labels[0].0, "s3");
}

#[test]
fn a_name_declared_twice_is_told() {
    let (module, diagnostics) = load(&[("m/a.tf", "variable \"v\" {}\nvariable \"v\" {}\n")]);
    assert_eq!(module.variables.len(), 1);
    assert!(diagnostics[0].message.contains("`v` is declared twice"));
    assert_eq!(load_module(&Sources::new(Box::new(MemoryDisk::default())), "none").1.len(), 1);
}
