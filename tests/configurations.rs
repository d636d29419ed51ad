//! Random configurations of modules, providers, dynamic blocks and repetitions: every value is the one that Terraform 1.11
//! with version 5.100 of the AWS provider plans, and every reference leads to the attribute that the value came from.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by panicking")]

use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::Path;

#[test]
fn random_configurations_have_the_values_that_terraform_plans() {
    check("configurations");
}

#[test]
fn modules_in_modules_override_files_and_json_have_the_values_that_terraform_plans() {
    check("nested-configurations");
}

/// Compares the root module in the directory with what Terraform answered.
fn check(root: &str) {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_crossvault"))
        .args(["inspect", "--format", "json", "."])
        .current_dir(testdata.join(root))
        .output()
        .unwrap();
    let inspected: Json = serde_json::from_slice(&output.stdout).unwrap();
    let units = inspected["units"].as_array().unwrap();
    let found: BTreeMap<&str, &Json> = units
        .iter()
        .flat_map(|unit| unit["resources"].as_array().unwrap())
        .map(|resource| (resource["address"].as_str().unwrap(), resource))
        .collect();
    let answers = std::fs::read_to_string(testdata.join(format!("{root}.json"))).unwrap();
    let answers: BTreeMap<String, Json> = serde_json::from_str(&answers).unwrap();
    let addresses: Vec<&str> = answers.keys().map(String::as_str).collect();
    assert_eq!(found.keys().copied().collect::<Vec<_>>(), addresses);
    let (mut compared, mut wrong) = (0, Vec::new());
    for (address, answer) in &answers {
        let resource = found[&**address];
        for place in ["account", "region"] {
            if resource[place] != answer[place] {
                wrong.push(format!("{address}: {place} {}, but {}", resource[place], answer[place]));
            }
        }
        for (name, value) in answer["values"].as_object().unwrap() {
            compared += 1;
            let unknown = &resource["unknown"][name];
            if resource["values"][name] != *value || !unknown.is_null() {
                wrong.push(format!("{address}.{name}: {} ({unknown}), but {value}", resource["values"][name]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 500, "{compared}");
}
