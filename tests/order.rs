//! The order of files and blocks, and the names of files, module calls and modules' directories, never change what is
//! found.

#![allow(clippy::indexing_slicing, reason = "a test may fail by panicking")]
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use regex::{Captures, Regex};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
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

/// Every file below the directory, relative to it.
fn files(dir: &Path, below: &str, out: &mut Vec<String>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_str().unwrap();
        let relative = if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") };
        if path.is_dir() { files(&path, &relative, out) } else { out.push(relative) }
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}

/// The directory that `path` means in `dir`, and the same with every directory under the name that `name` gives it.
fn walk(dir: &str, path: &str, name: impl Fn(&str) -> Option<String>) -> (String, String) {
    let mut at: Vec<&str> = dir.split('/').filter(|part| !part.is_empty()).collect();
    let mut written = Vec::new();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                at.pop();
            }
            _ => at.push(part),
        }
        let renamed = if matches!(part, "." | ".." | "") { None } else { name(&at.join("/")) };
        written.push(renamed.unwrap_or_else(|| part.to_owned()));
    }
    (at.join("/"), written.join("/"))
}

/// Other names, in the opposite order.
fn reversed(names: BTreeSet<String>) -> BTreeMap<String, String> {
    let count = names.len();
    let rename = |(at, name): (usize, String)| {
        let own = name.rsplit('/').next().unwrap().to_owned();
        (name, format!("m{:03}_{own}", count - at))
    };
    names.into_iter().enumerate().map(rename).collect()
}

/// Copies the case with its modules' calls and directories under other names; how many names that are.
fn renamed(from: &Path, to: &Path) -> usize {
    let call = Regex::new(r#"(?m)^module "([^"]+)""#).unwrap();
    let source = Regex::new(r#"(source\s*=\s*")(\.{1,2}/[^"$]*)""#).unwrap();
    let reference = Regex::new(r"\bmodule\.([A-Za-z0-9_-]+)").unwrap();
    let mut all = Vec::new();
    files(from, "", &mut all);
    let is_code = |file: &str| file.ends_with(".tf") || file.ends_with(".hcl");
    let text = |file: &str| std::fs::read_to_string(from.join(file)).unwrap();
    let (mut calls, mut dirs) = (BTreeSet::new(), BTreeSet::new());
    for file in all.iter().filter(|file| is_code(file)) {
        let text = text(file);
        calls.extend(call.captures_iter(&text).map(|found| found[1].to_owned()));
        dirs.extend(source.captures_iter(&text).map(|found| walk(parent(file), &found[2], |_| None).0));
    }
    let count = calls.len() + dirs.len();
    let (calls, dirs) = (reversed(calls), reversed(dirs));
    for file in &all {
        let target = to.join(walk("", file, |dir| dirs.get(dir).cloned()).1);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        if !is_code(file) {
            std::fs::copy(from.join(file), target).unwrap();
            continue;
        }
        let text = text(file);
        let text = call.replace_all(&text, |found: &Captures<'_>| format!("module \"{}\"", calls[&found[1]]));
        let text = reference.replace_all(&text, |found: &Captures<'_>| match calls.get(&found[1]) {
            Some(name) => format!("module.{name}"),
            None => found[0].to_owned(),
        });
        let text = source.replace_all(&text, |found: &Captures<'_>| {
            format!("{}{}\"", &found[1], walk(parent(file), &found[2], |dir| dirs.get(dir).cloned()).1)
        });
        std::fs::write(target, text.as_bytes()).unwrap();
    }
    count
}

/// Every copy with its verdict and checks, and how many findings of each rule there are; without what is made of names.
fn found_by_address(dir: &Path) -> Vec<String> {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_crossvault"))
        .args(["check", "--format", "json", "."])
        .current_dir(dir)
        .output()
        .unwrap();
    let report: Json = serde_json::from_slice(&output.stdout).unwrap();
    let prefix = Regex::new(r"module\.m\d{3}_").unwrap();
    let plain = |value: &Json| prefix.replace_all(&value.to_string(), "module.").into_owned();
    let mut out: Vec<String> = Vec::new();
    for copy in report["copies"].as_array().unwrap() {
        let checks = copy["checks"].as_array().unwrap().iter();
        let checks: Vec<String> = checks.map(|check| format!("{} {}", check["rule"], check["outcome"])).collect();
        let names = ["/source/address", "/plan/address", "/plan/rule", "/destination/name"]
            .map(|pointer| copy.pointer(pointer).map_or_else(String::new, plain));
        out.push(format!("{names:?} {} {checks:?}", copy["verdict"]));
    }
    for finding in report["findings"].as_array().unwrap() {
        out.push(format!("{} {}", finding["rule"], finding["copies"].as_array().unwrap().len()));
    }
    out.sort();
    out
}

#[test]
fn modules_may_have_any_name() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let mut names: Vec<PathBuf> = std::fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let scratch = tempfile::tempdir().unwrap();
    let (mut compared, mut wrong) = (0, Vec::new());
    for case in names {
        let name = case.file_name().unwrap().to_str().unwrap();
        let to = scratch.path().join(name);
        let count = renamed(&case, &to);
        if count == 0 {
            continue;
        }
        compared += count;
        let (expected, actual) = (found_by_address(&case), found_by_address(&to));
        if expected != actual {
            wrong.push(format!("{name}: {expected:#?}, with other names {actual:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 15, "{compared}");
}
