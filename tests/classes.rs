//! Copies are judged by classes, on several threads; each one's own checks, made again for the report, say the same.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by panicking")]

#[path = "../benches/estate/generate.rs"]
#[expect(dead_code, reason = "not every form is made here")]
mod generate;

use generate::{Form, Size};
use std::path::Path;

/// Whether every copy's verdict and findings follow from its own checks; the number of copies.
fn agrees(dir: &Path) -> usize {
    let run = |threads: &str| {
        std::process::Command::new(env!("CARGO_BIN_EXE_crossvault"))
            .args(["check", "--format", "json", "--threads", threads])
            .current_dir(dir)
            .output()
            .unwrap()
            .stdout
    };
    let output = run("1");
    assert!(output == run("4"), "{}: the report depends on the number of threads", dir.display());
    let report: serde_json::Value = serde_json::from_slice(&output).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let copies = report["copies"].as_array().unwrap();
    for copy in copies {
        let checks = copy["checks"].as_array().unwrap();
        let of = |outcome: &str| -> Vec<&str> {
            let found = checks.iter().filter(|check| check["outcome"] == outcome);
            found.map(|check| check["rule"].as_str().unwrap()).collect()
        };
        let (failed, open) = (of("fail"), of("undecided"));
        let verdict = match (failed.is_empty(), open.is_empty()) {
            (false, _) => "fails",
            (true, false) => "undecided",
            (true, true) => "succeeds",
        };
        assert_eq!(copy["verdict"], verdict, "{}: {copy:#}", dir.display());
        for rule in failed.iter().chain(&open) {
            let told = findings
                .iter()
                .any(|finding| finding["rule"] == *rule && finding["copies"].as_array().unwrap().contains(&copy["id"]));
            assert!(told, "{}: no finding of {rule} names copy {}", dir.display(), copy["id"]);
        }
    }
    for finding in findings {
        for id in finding["copies"].as_array().unwrap() {
            let copy = copies.iter().find(|copy| copy["id"] == *id).unwrap();
            let checks = copy["checks"].as_array().unwrap();
            let check = checks.iter().find(|check| check["rule"] == finding["rule"]).unwrap();
            assert!(!check["message"].is_null(), "{}: copy {id} does not break {}", dir.display(), finding["rule"]);
        }
    }
    copies.len()
}

#[test]
fn every_case_agrees() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let copies: usize = std::fs::read_dir(root).unwrap().map(|entry| agrees(&entry.unwrap().path())).sum();
    assert!(copies > 60);
}

#[test]
fn generated_estates_agree() {
    let mut size = Size::new(6, 30);
    size.forms = vec![Form::Terraform, Form::Modules, Form::CloudFormation];
    let dir = tempfile::tempdir().unwrap();
    generate::write(&size, dir.path()).unwrap();
    assert_eq!(agrees(dir.path()), 6 * 30 * 3);
}
