//! Data goes one way through the pipeline: who may use whom, read from the sources.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Every part of the crate, and the parts it may use beside itself.
const PARTS: &[(&str, &[&str])] = &[
    ("parallel", &[]),
    ("secret", &[]),
    ("source", &["secret"]),
    ("value", &["secret", "source"]),
    ("diagnostic", &["source"]),
    ("aws", &[]),
    ("organization", &["aws", "source"]),
    ("resource", &["aws", "organization", "source", "value"]),
    ("json", &["diagnostic", "source", "value"]),
    ("embedded", &["json", "source", "value"]),
    ("policy_file", &["aws", "diagnostic", "embedded", "json", "resource", "source", "value"]),
    ("terraform", &["aws", "diagnostic", "embedded", "json", "organization", "resource", "source", "value"]),
    ("cloudformation", &["aws", "diagnostic", "organization", "parallel", "resource", "source", "value"]),
    ("plan", &["aws", "diagnostic", "json", "resource", "source", "terraform", "value"]),
    ("facts", &["aws", "diagnostic", "resource", "source", "value"]),
    ("deployed", &["diagnostic", "resource", "source", "value"]),
    ("estate", &["graph", "model", "resource", "source", "value"]),
    ("discover", &["estate", "cloudformation", "diagnostic", "plan", "policy_file", "resource", "source", "terraform"]),
    ("catalog", &["aws"]),
    ("model", &["aws", "source", "value"]),
    ("lower", &["catalog", "diagnostic", "embedded", "model", "resource", "source", "value"]),
    ("graph", &["aws", "model", "organization", "source", "value"]),
    ("copy", &["aws", "catalog", "graph", "model", "source", "value"]),
    ("iam", &["aws", "embedded", "organization", "source", "value"]),
    ("checks", &["aws", "catalog", "copy", "diagnostic", "graph", "iam", "model", "source", "value"]),
    (
        "suppress",
        &[
            "aws",
            "checks",
            "cloudformation",
            "copy",
            "diagnostic",
            "graph",
            "model",
            "resource",
            "secret",
            "source",
            "terraform",
        ],
    ),
    (
        "analysis",
        &[
            "catalog",
            "checks",
            "copy",
            "diagnostic",
            "estate",
            "graph",
            "lower",
            "model",
            "resource",
            "secret",
            "source",
            "suppress",
            "value",
        ],
    ),
    ("cases", &["analysis", "checks", "copy", "graph", "resource", "source", "value"]),
    ("templates", &["cloudformation", "diagnostic", "resource", "source", "terraform", "value"]),
    ("compare", &["analysis", "checks", "copy", "diagnostic", "graph"]),
    (
        "report",
        &[
            "analysis",
            "aws",
            "catalog",
            "checks",
            "compare",
            "copy",
            "diagnostic",
            "graph",
            "resource",
            "source",
            "suppress",
            "value",
        ],
    ),
    (
        "fix",
        &[
            "analysis",
            "aws",
            "catalog",
            "checks",
            "copy",
            "diagnostic",
            "graph",
            "iam",
            "model",
            "resource",
            "secret",
            "source",
            "value",
        ],
    ),
    ("lsp", &["analysis", "checks", "copy", "diagnostic", "fix", "graph", "model", "report", "secret", "source"]),
    (
        "session",
        &[
            "Input",
            "Read",
            "analysis",
            "cloudformation",
            "deployed",
            "diagnostic",
            "estate",
            "ids",
            "in_all_cases",
            "open_inputs",
            "of",
            "parallel",
            "plan",
            "policy_file",
            "resource",
            "source",
            "terraform",
            "value",
            "with_states",
        ],
    ),
    ("config", &["aws", "checks", "diagnostic", "graph", "organization", "resource", "source", "suppress", "value"]),
    (
        "cli",
        &[
            "Input",
            "analysis",
            "analyze",
            "aws",
            "checks",
            "compare",
            "config",
            "diagnostic",
            "discover",
            "estate",
            "fix",
            "graph",
            "iam",
            "lsp",
            "parallel",
            "report",
            "resource",
            "secret",
            "session",
            "source",
            "suppress",
            "terraform",
        ],
    ),
];

/// Crates that only one part may know, and files that may know `std::fs`.
const KEPT: &[(&str, &[&str])] = &[
    ("similar::", &["fix/patch.rs"]),
    ("codespan_reporting::", &["report/human.rs", "report/human/view.rs"]),
    ("clap::", &["cli.rs", "cli/args.rs", "cli/shell.rs"]),
    ("granit_parser::", &["cloudformation/yaml.rs", "terraform/functions/yaml.rs"]),
    ("zip::", &["plan/archive.rs"]),
    ("rmpv::", &["plan/archive.rs"]),
    ("std::fs::", &["discover.rs", "cli/output.rs"]),
    // No other program is run (but git, for `diff`), and no connection is opened.
    ("process::{", &["discover/git.rs"]),
    ("Command::new", &["discover/git.rs"]),
    ("TcpStream", &[]),
    ("TcpListener", &[]),
    ("UdpSocket", &[]),
    ("UnixStream", &[]),
    ("ToSocketAddrs", &[]),
    ("extern \"C\"", &[]),
];

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, out) } else { out.push(path) }
    }
}

/// Every source file with its path below `src/`; what only tests see is cut off.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    let mut all = Vec::new();
    files(root, &mut all);
    all.into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]\nmod ").next().unwrap().to_owned();
            (path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), text)
        })
        .filter(|(path, _)| !path.ends_with("tests.rs"))
        .collect()
}

#[test]
fn parts_use_only_what_lies_before_them() {
    let allowed: BTreeMap<&str, &[&str]> = PARTS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let part = path.split(['/', '.']).next().unwrap();
        if matches!(part, "lib" | "main") {
            continue;
        }
        let Some(allowed) = allowed.get(part) else {
            wrong.push(format!("{path}: the part `{part}` has no place"));
            continue;
        };
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for rest in line.split("crate::").skip(1) {
                let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                if name != part && !allowed.contains(&name) {
                    wrong.push(format!("{path}: `{part}` must not know `{name}`"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn foreign_crates_stay_where_they_belong() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        for (name, files) in KEPT {
            if text.contains(name) && !files.contains(&path.as_str()) {
                wrong.push(format!("{path} must not use {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
