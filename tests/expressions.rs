//! Expressions with the answers of Terraform 1.11: no other value, no error where Terraform has a value, and unknown where
//! Terraform knows only for a reason that is listed here.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use crossvault::report::values::tree;
use crossvault::resource::{Deployment, Language, LoadSettings, Unit};
use crossvault::source::{MemoryDisk, Sources};
use crossvault::terraform::{Modules, console};
use serde_json::Value as Json;

const FIXTURE: &str = r#"
locals {
  t = "hi $${x}"
}

resource "terraform_data" "u" {
  input = timestamp()
}
"#;

/// Terraform leaves the first argument alone where the second is not known.
const DEPARTURE: &str = "templatestring(null, terraform_data.u.output)";

/// What is never shown, and what depends on the compressor of Terraform's own library.
const NOT_SHOWN: [&str; 2] = ["sensitive(", "base64gzip("];

fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
        }
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

fn check(name: &str, most_lost: f64) {
    check_in(FIXTURE, name, most_lost);
}

/// Answers in the scope of `code`; so many of the values that Terraform knows may be unknown.
fn check_in(code: &str, name: &str, most_lost: f64) {
    let path = format!("{}/testdata/expressions/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let rows: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let sources = Sources::new(Box::new(MemoryDisk::new([("main.tf", code)])));
    let unit = Unit {
        name: ".".into(),
        language: Language::Terraform,
        path: ".".to_owned(),
        deployment: Deployment::default(),
    };
    let mut questions = rows.iter().map(|row| row["expr"].as_str().unwrap().to_owned());
    let mut answers = Vec::new();
    console(
        &sources,
        &Modules::default(),
        &unit,
        &LoadSettings::default(),
        &mut || questions.next(),
        &mut |_, result| answers.push(result),
    );
    let (mut known, mut lost, mut wrong) = (0.0, Vec::new(), Vec::new());
    for (row, answer) in rows.iter().zip(answers) {
        let expr = row["expr"].as_str().unwrap();
        if row["ok"] == false || expr == DEPARTURE {
            continue;
        }
        match answer.map(|value| tree(&value)) {
            Err(error) => wrong.push(format!("{expr}: error: {error}")),
            // Where Terraform does not know, a reference may say more.
            Ok(_) if row["unknown"] != false => {}
            Ok((value, None)) => {
                known += 1.0;
                if !same(&value, &row["value"]) {
                    wrong.push(format!("{expr}: {value}, Terraform has {}", row["value"]));
                }
            }
            Ok((_, Some(_))) => {
                known += 1.0;
                lost.extend((!NOT_SHOWN.iter().any(|name| expr.contains(name))).then_some(expr));
            }
        }
    }
    assert!(known > 20.0);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(lost.len() as f64 <= most_lost * known, "of {known} known values are lost: {}", lost.join("\n"));
}

#[test]
fn semantics() {
    check("semantics", 0.0);
}

#[test]
fn unknowns() {
    check("unknown", 0.0);
}

#[test]
fn random_calls() {
    // Lists of lists of several types; each distinct expression counts once.
    check("fuzz", 0.015);
}

#[test]
fn random_expressions() {
    check("random", 0.01);
}

/// Variables with types, defaults and optional attributes; conditionals, `try` and `can` over what does not fit together.
#[test]
fn random_expressions_over_typed_variables() {
    check_in(include_str!("../testdata/expressions/typed.tf"), "typed", 0.01);
}
