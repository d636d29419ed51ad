use super::*;
use crate::source::MemoryDisk;
use crate::terraform::ast::{Attribute, ExprKind, ObjectKey, TemplatePart};
use crate::value::Type;
use std::path::Path;

fn in_file(path: &str, text: &str) -> (Sources, FileId) {
    let sources = Sources::new(Box::new(MemoryDisk::default()));
    let file = sources.add(path, text);
    (sources, file)
}

fn parse(text: &str) -> (Body, Vec<Diagnostic>) {
    let (sources, file) = in_file("main.tf", text);
    parse_file(&sources, file)
}

fn expression(text: &str) -> Expr {
    let (sources, file) = in_file("expression", text);
    parse_expression(&sources, file).unwrap()
}

fn string(text: &str) -> String {
    match expression(text).kind {
        ExprKind::String(text) => text.to_string(),
        other => panic!("{other:?}"),
    }
}

/// Texts of a template: literals, and `*` for everything else.
fn outline(expr: &Expr) -> String {
    let ExprKind::Template(parts) = &expr.kind else { panic!("{expr:?}") };
    let part = |part: &TemplatePart| match part {
        TemplatePart::Literal(text, _) => text.to_string(),
        _ => "*".to_owned(),
    };
    parts.iter().map(part).collect()
}

/// Parses every file below the directory that `CROSSVAULT_SYNTAX_DIR` names, and prints what is wrong.
#[test]
fn a_directory_on_demand() {
    let Ok(dir) = std::env::var("CROSSVAULT_SYNTAX_DIR") else { return };
    let started = std::time::Instant::now();
    let (mut files, mut bytes) = (0, 0);
    for entry in walkdir::WalkDir::new(&dir).sort_by_file_name().into_iter().flatten() {
        let path = entry.path();
        if !path.extension().is_some_and(|ext| ext == "tf" || ext == "tfvars") || !path.is_file() {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        files += 1;
        bytes += text.len();
        let shown = path.strip_prefix(Path::new(&dir)).unwrap().display();
        let (sources, file) = in_file("f", &text);
        for diagnostic in parse_file(&sources, file).1 {
            let location = sources.location(diagnostic.primary.as_ref().unwrap().span);
            println!("\nrejected\t{shown}\t{}:{}\t{}", location.line, location.column, diagnostic.message);
        }
    }
    println!("{files} files, {bytes} bytes, {:?}", started.elapsed());
}

/// Each verdict is that of Terraform 1.11.4.
#[test]
fn accepts_what_terraform_accepts() {
    for line in include_str!("../../../testdata/syntax/native.jsonl").lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let (_, diagnostics) = parse(case["text"].as_str().unwrap());
        assert_eq!(diagnostics.is_empty(), case["ok"].as_bool().unwrap(), "{}: {diagnostics:#?}", case["name"]);
    }
}

/// Where another parser rejects what this one accepts, the reason is known.
#[test]
fn differs_from_hcl_only_where_known() {
    const OURS_ALONE: [&str; 10] = [
        "byte order mark",
        "line break in conditional in object for",
        "duplicate object keys",
        "heredoc marker with text behind",
        "heredoc closed by parenthesis line",
        "object keys that are words",
        "parentheses 300 deep",
        "operators 300 long",
        "conditionals 100 long",
        "lists 100 deep",
    ];
    for line in include_str!("../../../testdata/syntax/native.jsonl").lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let (name, text) = (case["name"].as_str().unwrap(), case["text"].as_str().unwrap());
        if parse(text).1.is_empty() && !OURS_ALONE.contains(&name) && !name.starts_with("blocks") {
            assert!(hcl::parse(text).is_ok(), "{name}");
        }
    }
}

#[test]
fn spans_cover_what_was_written() {
    let text = "resource \"a\" \"b\" {\n  c = var.d[0].e\n}\n";
    let (body, _) = parse(text);
    let block = &body.blocks[0];
    assert_eq!(&text[block.header.range()], "resource \"a\" \"b\"");
    assert_eq!(&text[block.span.range()], text.trim_end());
    assert_eq!(&text[block.labels[1].1.range()], "\"b\"");
    let value = &block.body.attributes[0].value;
    assert_eq!(&text[value.span.range()], "var.d[0].e");
    let ExprKind::GetAttr(inner, name, place) = &value.kind else { panic!() };
    assert_eq!((&**name, &text[place.range()], &text[inner.span.range()]), ("e", "e", "var.d[0]"));
}

#[test]
fn one_bad_item_does_not_lose_the_file() {
    let (body, diagnostics) = parse("a = [1 2]\nb = 1\nc {\n  d = )\n  e = 2\n}\n}\nf = 3\n");
    let names: Vec<&str> = body.attributes.iter().map(|attribute| &*attribute.name).collect();
    assert_eq!(names, ["a", "b", "f"]);
    let lost = |attribute: &Attribute| matches!(attribute.value.kind, ExprKind::Unread);
    assert!(lost(&body.attributes[0]) && !lost(&body.attributes[1]));
    let inner = &body.blocks[0].body;
    assert_eq!((&*inner.attributes[0].name, &*inner.attributes[1].name), ("d", "e"));
    assert!(lost(&inner.attributes[0]) && inner.unread.is_empty());
    assert_eq!(diagnostics.len(), 3);
}

#[test]
fn what_an_unreadable_item_may_have_hidden_is_noted() {
    for (text, inside) in [
        ("r \"t\" \"n\" {\n  a = [\n  b = 1\n}\n", true),
        ("r \"t\" \"n\" {\n  a b c\n}\n", true),
        ("r \"t\" \"n\" {\n  a = 1\n", true),
        ("r \"t\" \"n\" = {\n  a = 1\n}\n", false),
        ("r \"t\" \"n\" {\n}  r \"u\" \"n\" {\n}\n", false),
    ] {
        let (body, diagnostics) = parse(text);
        assert!(!diagnostics.is_empty(), "{text}");
        let noted = if inside { &body.blocks[0].body.unread } else { &body.unread };
        assert!(!noted.is_empty(), "{text}");
    }
}

#[test]
fn an_unclosed_block_tells_where_it_was_opened() {
    let text = "variable \"v\" {\n  default = 1\n\nresource \"a\" \"b\" {\n}\n\noutput \"o\" {\n  value = f(1\n}\n\nlocals {\n  x = 1\n}\n";
    let (body, diagnostics) = parse(text);
    let kinds: Vec<&str> = body.blocks.iter().map(|block| &*block.kind).collect();
    assert_eq!(kinds, ["variable", "resource", "output", "locals"]);
    assert!(
        diagnostics[0].message.starts_with("expected `}` to close the block opened at main.tf:1,"),
        "{diagnostics:?}"
    );
    assert_eq!(&text[diagnostics[0].labels[0].span.range()], "variable \"v\"");
    assert!(diagnostics[1].message.contains("to close the argument list opened at main.tf:8"), "{diagnostics:?}");
    assert_eq!(diagnostics.len(), 2);
}

#[test]
fn stray_braces_end() {
    assert_eq!(parse("}\n}\n} }\na = 1\n").0.attributes.len(), 1);
    assert!(parse(&"} {\n".repeat(1000)).1.len() <= 51);
}

#[test]
fn hostile_nesting_is_told_not_followed() {
    for unit in ["[", "{a=", "f(", "\"${", "a[", "(", "-", "!", "b {\n", "a.b", "1+", "a?", "[for a in ", "<<E\n${"] {
        let (_, diagnostics) = parse(&format!("x = {}", unit.repeat(20_000)));
        assert!(!diagnostics.is_empty() || unit == "a.b", "{unit}");
        let _ = parse(&unit.repeat(20_000));
    }
    let nested = |depth: usize| format!("x = {}{}\n", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(parse(&nested(2500)).1, []);
    assert!(parse(&nested(2501)).1[0].message.contains("2500"));
}

#[test]
fn templates_resolve_escapes_and_markers() {
    assert_eq!(string("\"a\\n\\\"\\u00e9$${b}%%{c}$$\""), "a\n\"é${b}%{c}$$");
    assert_eq!(string("\"$$$${x}\""), "$$${x}");
    assert_eq!(outline(&expression("\"a ${~ b ~} c %{~ if d ~} e %{~ endif ~} f\"")), "a*c*f");
    assert!(matches!(&expression("\"${a}\"").kind, ExprKind::Template(parts) if parts.len() == 1));
    assert!(matches!(&expression("<<E\n${a}\nE\n").kind, ExprKind::Template(parts) if parts.len() == 2));
}

/// The results are those of Terraform 1.11.4.
#[test]
fn heredocs_lose_shared_indentation() {
    assert_eq!(string("<<E\n  a \\n\n  E\n"), "  a \\n\n");
    assert_eq!(string("<<-E\n\ttab\n  two\n \tmix\n  E\n"), "tab\n two\n\tmix\n");
    assert_eq!(outline(&expression("<<-E\n\n    q\n\n      r\n      ${1}\n    E\n")), "\nq\n\n  r\n  *\n");
    assert_eq!(string("<<-E\r\n  a\r\n  b\r\n  E\r\n"), "a\r\nb\r\n");
    let directive = expression("<<-E\n      %{ for x in y ~}\n      - ${x}\n      %{ endfor ~}\n    E\n");
    let ExprKind::Template(parts) = &directive.kind else { panic!() };
    let Some(TemplatePart::For { body, .. }) = parts.iter().find(|part| matches!(part, TemplatePart::For { .. }))
    else {
        panic!("{parts:?}")
    };
    assert!(matches!(&body[0], TemplatePart::Literal(text, _) if &**text == "      - "), "{body:?}");
}

#[test]
fn operators_bind_as_in_terraform() {
    let ExprKind::Conditional(condition, _, otherwise) = expression("-a * 2 + 1 < b || c ? d : e ? f : g").kind else {
        panic!()
    };
    assert!(matches!(otherwise.kind, ExprKind::Conditional(..)));
    assert!(matches!(condition.kind, ExprKind::Binary(crate::terraform::ast::BinaryOp::Or, ..)));
    let ExprKind::Splat { each, .. } = expression("a[*].b[*].c").kind else { panic!() };
    assert!(matches!(each.kind, ExprKind::Splat { .. }));
    let ExprKind::Index(splat, _) = expression("a.*.b[0]").kind else { panic!() };
    assert!(matches!(splat.kind, ExprKind::Splat { .. }));
}

#[test]
fn types_with_optional_attributes() {
    let expr = expression("list(object({ a = string, b = optional(object({ c = optional(number, 1) }), {}) }))");
    let (ty, defaults) = type_constraint(&expr).unwrap();
    let Type::List(element) = ty else { panic!() };
    let Type::Object(attributes) = *element else { panic!() };
    assert_eq!(attributes["a"], (Type::String, false));
    assert!(attributes["b"].1);
    let element = &defaults.children[""];
    assert!(element.attributes.contains_key("b") && element.children["b"].attributes.contains_key("c"));
    assert!(type_constraint(&expression("list")).is_ok());
    assert!(type_constraint(&expression("optional(string)")).is_err());
    assert!(type_constraint(&expression("strin")).unwrap_err().message.contains("`strin`"));
}

#[test]
fn json_has_blocks_labels_and_spans_in_strings() {
    let text = r#"{"//": "c", "resource": {"a": {"b": {"x": "${var.y}-1", "n": [1, null, {"k": "v"}],
      "depends_on": ["m.o"], "lifecycle": {"ignore_changes": ["x"]}, "q": "\"${var.z}"}}},
      "variable": {"v": [{"type": "list(string)", "default": []}]}, "locals": {"l": "$${x}"}}"#;
    let (sources, file) = in_file("main.tf.json", text);
    let (body, diagnostics) = parse_json_file(&sources, file);
    assert_eq!(diagnostics, []);
    let resource = &body.blocks[0];
    assert_eq!(resource.labels.iter().map(|label| &*label.0).collect::<Vec<_>>(), ["a", "b"]);
    let ExprKind::Template(parts) = &resource.body.attribute("x").unwrap().value.kind else { panic!() };
    let TemplatePart::Interpolation(inner) = &parts[0] else { panic!() };
    assert_eq!(&text[inner.span.range()], "var.y");
    let ExprKind::Template(parts) = &resource.body.attribute("q").unwrap().value.kind else { panic!() };
    let TemplatePart::Interpolation(inner) = &parts[1] else { panic!() };
    assert_eq!(&text[inner.span.range()], "var.z");
    let ExprKind::Tuple(items) = &resource.body.attribute("depends_on").unwrap().value.kind else { panic!() };
    assert!(matches!(items[0].kind, ExprKind::GetAttr(..)));
    assert_eq!(resource.body.blocks("lifecycle").count(), 1);
    let ty = &body.blocks[1].body.attribute("type").unwrap().value;
    assert!(matches!(type_constraint(ty), Ok((Type::List(_), _))));
    let local = &body.blocks[2].body.attribute("l").unwrap().value;
    assert!(matches!(&local.kind, ExprKind::String(text) if &**text == "${x}"));
    let ExprKind::Tuple(items) = &resource.body.attribute("n").unwrap().value.kind else { panic!() };
    assert!(
        matches!(&items[2].kind, ExprKind::Object(items) if matches!(&items[0].key, ObjectKey::Name(k) if &**k == "k"))
    );
}

#[test]
fn json_keeps_what_comes_before_an_error() {
    let (sources, file) = in_file("main.tf.json", "{\"locals\": {\"a\": 1}, \"output\": {,}}");
    let (body, diagnostics) = parse_json_file(&sources, file);
    assert_eq!((body.blocks.len(), diagnostics.len()), (1, 1));
}

#[test]
fn bare_templates_and_expressions() {
    let (sources, file) = in_file("t.tftpl", "a \"${b}\" \\n\n");
    assert_eq!(outline(&parse_template(&sources, file).unwrap()), "a \"*\" \\n\n");
    let (sources, file) = in_file("e", "[1,\n2] 3");
    assert!(parse_expression(&sources, file).unwrap_err().message.contains("found `3`"));
}
