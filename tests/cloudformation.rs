//! Templates with the properties that CloudFormation's own rules give them, recorded from independent programs
//! (cfn-lint 1.51 decodes and transforms, moto 5.2 evaluates): no value may differ. What is not known is no difference.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A scalar as CloudFormation hands it to a property of type string.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.as_f64().is_some_and(|n| n.fract() == 0.0) => {
            format!("{}", number.as_f64().unwrap())
        }
        other => other.to_string(),
    }
}

/// How many values were compared; differences go to `out`.
fn compare(ours: &Value, theirs: &Value, path: &str, out: &mut Vec<String>) -> usize {
    match (ours, theirs) {
        (Value::Null, _) => 0,
        (Value::Object(map), _) if map.contains_key("$ref") || map.contains_key("$tpl") => 0,
        (Value::Object(a), Value::Object(b)) => {
            let missing = b.iter().filter(|(key, value)| !value.is_null() && !a.contains_key(*key));
            out.extend(missing.map(|(key, value)| format!("{path}.{key}: missing, expected {value}")));
            a.iter()
                .map(|(key, value)| match b.get(key) {
                    Some(other) => compare(value, other, &format!("{path}.{key}"), out),
                    None if value.is_null() => 0,
                    None => {
                        out.push(format!("{path}.{key}: surplus {value}"));
                        0
                    }
                })
                .sum()
        }
        (Value::Array(a), Value::Array(b)) => {
            // Where a list holds `AWS::NoValue`, CloudFormation leaves the element out.
            let b: Vec<&Value> = b.iter().filter(|value| !value.is_null()).collect();
            if a.len() != b.len() {
                out.push(format!("{path}: {ours}, expected {theirs}"));
                return 0;
            }
            a.iter().zip(b).enumerate().map(|(at, (a, b))| compare(a, b, &format!("{path}[{at}]"), out)).sum()
        }
        _ => {
            if text(ours) != text(theirs) {
                out.push(format!("{path}: {ours}, expected {theirs}"));
            }
            1
        }
    }
}

#[test]
fn no_value_differs_from_the_recorded_ones() {
    let recorded = include_str!("../testdata/cloudformation/recorded.jsonl");
    let dir = tempfile::tempdir().unwrap();
    let mut config = String::new();
    let mut expected: BTreeMap<String, Value> = BTreeMap::new();
    for line in recorded.lines() {
        let mut case: Value = serde_json::from_str(line).unwrap();
        let name = case["template"].as_str().unwrap().to_owned();
        std::fs::write(dir.path().join(&name), case["text"].as_str().unwrap()).unwrap();
        writeln!(config, "[[deployment]]\npath = \"{name}\"\naccount = \"111111111111\"\nregion = \"eu-west-1\"")
            .unwrap();
        expected.insert(name, case["resources"].take());
    }
    std::fs::write(dir.path().join("crossvault.toml"), config).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_crossvault"))
        .args(["inspect", "--format", "json"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let (mut compared, mut differences) = (0, Vec::new());
    assert_eq!(report["units"].as_array().unwrap().len(), expected.len());
    for unit in report["units"].as_array().unwrap() {
        let name = unit["unit"].as_str().unwrap();
        let mut wanted = expected[name].as_object().unwrap().clone();
        for resource in unit["resources"].as_array().unwrap() {
            let address = resource["address"].as_str().unwrap();
            let path = format!("{name}/{address}");
            match wanted.remove(address) {
                Some(Value::Null) | None => differences.push(format!("{path}: exists")),
                Some(properties) => compared += compare(&resource["values"], &properties, &path, &mut differences),
            }
        }
        differences
            .extend(wanted.iter().filter(|(_, value)| !value.is_null()).map(|(id, _)| format!("{name}/{id}: absent")));
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(compared > 1_500, "{compared}");
}
