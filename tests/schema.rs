//! What the program prints and reads is what its JSON Schemas say.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use serde_json::Value as Json;
use std::path::Path;
use std::process::Command;

fn run(dir: &Path, arguments: &[&str]) -> Vec<u8> {
    Command::new(env!("CARGO_BIN_EXE_crossvault")).args(arguments).current_dir(dir).output().unwrap().stdout
}

fn schema(of: &str) -> jsonschema::Validator {
    let schema: Json = serde_json::from_slice(&run(Path::new("."), &["schema", of])).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn every_case_reports_by_the_schema() {
    let validator = schema("report");
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let mut seen = 0;
    for case in std::fs::read_dir(cases).unwrap() {
        let case = case.unwrap().path();
        let report: Json = serde_json::from_slice(&run(&case, &["check", "--format", "json"])).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&report).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{}: {}", case.display(), errors.join("\n"));
        seen += 1;
    }
    assert!(seen > 30);
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("main.tf"), "resource \"a\" {\n").unwrap();
    let broken: Json = serde_json::from_slice(&run(dir.path(), &["check", "--format", "json"])).unwrap();
    assert!(validator.is_valid(&broken) && !broken["errors"].as_array().unwrap().is_empty());
    let mut wrong = broken;
    wrong["copies"] = "none".into();
    assert!(!validator.is_valid(&wrong), "the schema refuses what is not a report");
}

#[test]
fn every_case_is_exported_by_the_schema() {
    let validator = schema("estate");
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    for case in std::fs::read_dir(cases).unwrap() {
        let case = case.unwrap().path();
        let estate: Json = serde_json::from_slice(&run(&case, &["export"])).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&estate).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{}: {}", case.display(), errors.join("\n"));
        let mut wrong = estate;
        wrong["entities"]["vaults"] = "none".into();
        assert!(!validator.is_valid(&wrong), "the schema refuses what is no estate");
    }
}

/// Names of properties below a schema.
fn properties(schema: &Json, out: &mut std::collections::BTreeSet<String>) {
    match schema {
        Json::Object(entries) => {
            if let Some(Json::Object(named)) = entries.get("properties") {
                out.extend(named.keys().cloned());
            }
            entries.values().for_each(|value| properties(value, out));
        }
        Json::Array(items) => items.iter().for_each(|item| properties(item, out)),
        _ => {}
    }
}

#[test]
fn every_key_of_the_configuration_is_documented() {
    let schema: Json = serde_json::from_slice(&run(Path::new("."), &["schema", "config"])).unwrap();
    let mut keys = std::collections::BTreeSet::new();
    properties(&schema, &mut keys);
    let page = include_str!("../docs/configuration.md");
    assert!(keys.len() > 30, "{keys:?}");
    let words: std::collections::BTreeSet<&str> = page.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let missing: Vec<&String> = keys.iter().filter(|key| !words.contains(key.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_documented_configuration_is_valid() {
    let validator = schema("config");
    let page = include_str!("../docs/configuration.md");
    let (_, rest) = page.split_once("```toml\n").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    let table: toml::Table = text.parse().unwrap();
    // A date is text in JSON.
    let config: Json =
        serde_json::from_str(&serde_json::to_string(&dates(toml::Value::Table(table))).unwrap()).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&config).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    assert!(!validator.is_valid(&serde_json::json!({"accountz": {}})), "a key that is not known is refused");
}

fn dates(value: toml::Value) -> toml::Value {
    match value {
        toml::Value::Datetime(date) => toml::Value::String(date.to_string()),
        toml::Value::Array(items) => toml::Value::Array(items.into_iter().map(dates).collect()),
        toml::Value::Table(table) => {
            toml::Value::Table(table.into_iter().map(|(key, value)| (key, dates(value))).collect())
        }
        other => other,
    }
}
