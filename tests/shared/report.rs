//! What is said of a few files.

use std::process::{Command, Stdio};

/// The report of a check of these files; it must have gone to its end.
pub(crate) fn report(files: &[(&str, &[u8])]) -> serde_json::Value {
    run(directory(files).path(), &["check", "--format", "json"])
}

/// A repository of these files.
pub(crate) fn directory(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join(".git")).unwrap();
    for (path, content) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    dir
}

/// What the program prints as JSON.
pub(crate) fn run(dir: &std::path::Path, arguments: &[&str]) -> serde_json::Value {
    let output = Command::new(env!("CARGO_BIN_EXE_crossvault"))
        .args(arguments)
        .current_dir(dir)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(matches!(output.status.code(), Some(0..=2)), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The verdicts of all copies, and (rule, outcome, message) of the checks that were not passed.
pub(crate) fn judged(report: &serde_json::Value) -> (Vec<String>, Vec<(String, String, String)>) {
    let text = |value: &serde_json::Value, key: &str| value.get(key).unwrap().as_str().unwrap_or_default().to_owned();
    let copies = report.get("copies").unwrap().as_array().unwrap();
    let verdicts = copies.iter().map(|copy| text(copy, "verdict")).collect();
    let checks = copies.iter().flat_map(|copy| copy.get("checks").unwrap().as_array().unwrap());
    let checks = checks.map(|check| (text(check, "rule"), text(check, "outcome"), text(check, "message")));
    (verdicts, checks.filter(|(_, outcome, _)| outcome == "fail" || outcome == "undecided").collect())
}
