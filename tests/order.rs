//! The order of files and blocks, and the names of files, never change what is found.

#![allow(clippy::indexing_slicing, reason = "a test may fail by panicking")]
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The top-level blocks of formatted code, each with the comments before it.
fn blocks(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut block = String::new();
    let mut marker: Option<String> = None;
    for line in text.lines() {
        block.push_str(line);
        block.push('\n');
        match &marker {
            Some(end) if line.trim() == end => marker = None,
            Some(_) => {}
            None => {
                if let Some((_, rest)) = line.split_once("<<") {
                    let word = rest.trim_start_matches('-');
                    marker = word.chars().all(|c| c.is_alphanumeric() || c == '_').then(|| word.to_owned());
                }
                let one_line = !line.starts_with([' ', '#']) && line.contains('{') && line.ends_with('}');
                if line == "}" || one_line {
                    out.push(std::mem::take(&mut block));
                }
            }
        }
    }
    if !block.trim().is_empty() {
        out.push(block);
    }
    out
}

/// Whether a file's name or language gives it a meaning of its own.
fn is_plain(name: &str) -> bool {
    name.ends_with(".tf") && name != "override.tf" && !name.ends_with("_override.tf")
}

/// Copies the directory, its Terraform blocks put into other files by `arrange`.
fn copy(from: &Path, to: &Path, arrange: fn(Vec<String>) -> Vec<(String, String)>) -> usize {
    std::fs::create_dir_all(to).unwrap();
    let mut code = Vec::new();
    let mut moved = 0;
    let mut entries: Vec<PathBuf> = std::fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            moved += copy(&path, &to.join(name), arrange);
        } else if is_plain(name) {
            code.extend(blocks(&std::fs::read_to_string(&path).unwrap()));
        } else {
            std::fs::copy(&path, to.join(name)).unwrap();
        }
    }
    moved += code.len();
    for (name, text) in arrange(code) {
        std::fs::write(to.join(name), text).unwrap();
    }
    moved
}

/// Every block in a file of its own, the last first.
fn apart(mut code: Vec<String>) -> Vec<(String, String)> {
    code.reverse();
    code.into_iter().enumerate().map(|(at, text)| (format!("z{at:03}.tf"), text)).collect()
}

/// All blocks in one file, sorted by their text.
fn together(mut code: Vec<String>) -> Vec<(String, String)> {
    code.sort();
    if code.is_empty() { Vec::new() } else { vec![("all.tf".to_owned(), code.concat())] }
}

/// Every copy with its verdict and the outcome of each check, and every finding, by the ids that do not change.
fn found(dir: &Path) -> BTreeSet<String> {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_crossvault"))
        .args(["check", "--format", "json", "."])
        .current_dir(dir)
        .output()
        .unwrap();
    let report: Json = serde_json::from_slice(&output.stdout).unwrap();
    let list = |value: &Json| value.as_array().unwrap().clone();
    let mut out = BTreeSet::new();
    for copy in list(&report["copies"]) {
        let checks: Vec<String> =
            list(&copy["checks"]).iter().map(|check| format!("{} {}", check["rule"], check["outcome"])).collect();
        out.insert(format!("{} {} {} {checks:?}", copy["id"], copy["source"]["address"], copy["verdict"]));
    }
    for finding in list(&report["findings"]) {
        out.insert(format!("{} {} {}", finding["rule"], finding["fingerprint"], finding["copies"]));
    }
    out
}

#[test]
fn files_and_blocks_may_stand_in_any_order() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let mut names: Vec<PathBuf> = std::fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let scratch = tempfile::tempdir().unwrap();
    let (mut compared, mut wrong) = (0, Vec::new());
    for case in names {
        let name = case.file_name().unwrap().to_str().unwrap();
        let expected = found(&case);
        for (arrange, way) in [(apart as fn(_) -> _, "apart"), (together, "together")] {
            // The directory's own name tells apart what is in no repository.
            let to = scratch.path().join(way).join(name);
            if copy(&case, &to, arrange) == 0 {
                break;
            }
            compared += expected.len();
            let actual = found(&to);
            wrong.extend(expected.symmetric_difference(&actual).map(|line| format!("{name}, {way}: {line}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 200, "{compared}");
}
