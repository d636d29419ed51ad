//! Every format over the same estate, as `testdata/formats/` has it; and over an estate whose names try to break out.
//! `UPDATE_EXPECT=1 cargo test --test formats` writes the expected texts anew.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

#[path = "shared/files.rs"]
mod files;

use files::copied;

const ESTATE: &str = "testdata/cases/an-estate-of-two-accounts-in-two-languages";

fn run(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_crossvault"))
        .args(arguments)
        .current_dir(dir)
        .env_remove("CLICOLOR_FORCE")
        .output()
        .unwrap()
}

fn text(dir: &Path, arguments: &[&str]) -> String {
    let output = run(dir, arguments);
    assert!(matches!(output.status.code(), Some(0..=1)), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The estate in the directory `infra` of a repository.
fn estate() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join(".git")).unwrap();
    let infra = dir.path().join("infra");
    copied(&Path::new(env!("CARGO_MANIFEST_DIR")).join(ESTATE), &infra);
    (dir, infra)
}

/// A repository whose names are written to break out of every format.
fn hostile() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join(".git")).unwrap();
    let root = dir.path().join("a,b:c%20 <x> [y](z) `q` |\"'&");
    std::fs::create_dir(&root).unwrap();
    let estate = include_str!("../testdata/hostile.tf");
    // A character that ends a terminal's colour cannot be seen in an editor.
    std::fs::write(root.join("main.tf"), estate.replace("<ESC>", "\u{1b}").replace("<RLO>", "\u{202e}")).unwrap();
    let at = dir.path().to_owned();
    (dir, at)
}

#[test]
fn every_format_is_as_expected() {
    let (_repository, dir) = estate();
    let formats: [(&str, &[&str]); 18] = [
        ("full.txt", &["check", "--color", "never"]),
        ("full-in-colour.txt", &["check", "--color", "always"]),
        ("statistics.txt", &["check", "--statistics"]),
        ("concise.txt", &["check", "--format", "concise"]),
        ("report.json", &["check", "--format", "json"]),
        ("sarif.json", &["check", "--format", "sarif"]),
        ("github.txt", &["check", "--format", "github"]),
        ("gitlab.json", &["check", "--format", "gitlab"]),
        ("junit.xml", &["check", "--format", "junit"]),
        ("comment.md", &["check", "--format", "markdown"]),
        ("copies.txt", &["copies"]),
        ("copies.csv", &["copies", "--format", "csv"]),
        ("copies.jsonl", &["copies", "--format", "jsonl"]),
        ("copies.md", &["copies", "--format", "markdown"]),
        ("graph.dot", &["graph", "--format", "dot"]),
        ("graph.mmd", &["graph", "--format", "mermaid"]),
        ("graph.svg", &["graph", "--format", "svg"]),
        ("graph.json", &["graph", "--format", "json"]),
    ];
    let mut wrong = Vec::new();
    for (name, arguments) in formats {
        let mut found = text(&dir, arguments);
        if name == "sarif.json" {
            // The rules' pages have tests of their own.
            let mut log: Json = serde_json::from_str(&found).unwrap();
            for rule in log["runs"][0]["tool"]["driver"]["rules"].as_array_mut().unwrap() {
                rule.as_object_mut().unwrap().remove("help");
            }
            found = format!("{}\n", serde_json::to_string_pretty(&log).unwrap());
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/formats").join(name);
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&path, found).unwrap();
        } else if std::fs::read_to_string(&path).ok().as_deref() != Some(&found) {
            wrong.push(format!("{name} differs; run with UPDATE_EXPECT=1 and look at the difference"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn sarif_is_valid_and_within_the_limits_of_code_scanning() {
    let schema: Json = serde_json::from_str(include_str!("../testdata/schema/sarif-2.1.0-rtm.5.json")).unwrap();
    let validator = jsonschema::draft4::new(&schema).unwrap();
    for (_repository, dir) in [estate(), hostile()] {
        let log: Json = serde_json::from_str(&text(&dir, &["check", "--format", "sarif"])).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
        let run = &log["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        for rule in rules {
            assert!(rule["properties"]["tags"].as_array().unwrap().len() <= 10);
            assert!(!rule["help"]["markdown"].as_str().unwrap().is_empty());
        }
        let results = run["results"].as_array().unwrap();
        assert!(!results.is_empty());
        for result in results {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
            assert!(!uri.starts_with('/') && !uri.contains([' ', '<', '%']) || uri.contains("%20"), "{uri}");
            let flow = result["codeFlows"][0]["threadFlows"][0]["locations"].as_array().unwrap();
            let last = &flow.last().unwrap()["location"]["physicalLocation"];
            assert_eq!(*last, result["locations"][0]["physicalLocation"], "the flow ends where it breaks");
            assert_eq!(result["partialFingerprints"]["crossvault/v1"].as_str().unwrap().len(), 16);
        }
    }
}

#[test]
fn junit_keeps_to_its_schema() {
    // Elements and attributes of Jenkins's junit-10.xsd, as far as they are used.
    let allowed: [(&str, &[&str]); 7] = [
        ("testsuites", &["name", "tests", "failures", "errors"]),
        ("testsuite", &["name", "tests", "failures", "errors", "skipped"]),
        ("testcase", &["name", "classname"]),
        ("failure", &["type", "message"]),
        ("error", &["type", "message"]),
        ("skipped", &["message"]),
        ("", &[]),
    ];
    for (_repository, dir) in [estate(), hostile()] {
        let xml = text(&dir, &["check", "--format", "junit"]);
        let document = roxmltree::Document::parse(&xml).unwrap();
        assert_eq!(document.root_element().tag_name().name(), "testsuites");
        for node in document.descendants().filter(roxmltree::Node::is_element) {
            let (_, attributes) = allowed.iter().find(|(name, _)| *name == node.tag_name().name()).unwrap();
            assert!(node.attributes().all(|attribute| attributes.contains(&attribute.name())), "{node:?}");
        }
        for suite in document.descendants().filter(|node| node.has_tag_name("testsuite")) {
            let count = |name| suite.descendants().filter(|node| node.has_tag_name(name)).count().to_string();
            assert_eq!(suite.attribute("tests"), Some(count("testcase").as_str()));
            assert_eq!(suite.attribute("failures"), Some(count("failure").as_str()));
            assert_eq!(suite.attribute("skipped"), Some(count("skipped").as_str()));
        }
    }
}

#[test]
fn gitlab_has_what_its_documentation_requires() {
    for (_repository, dir) in [estate(), hostile()] {
        let report: Json = serde_json::from_str(&text(&dir, &["check", "--format", "gitlab"])).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for issue in report.as_array().unwrap() {
            assert!(issue["description"].is_string() && issue["check_name"].is_string());
            assert!(["info", "minor", "major", "critical", "blocker"].contains(&issue["severity"].as_str().unwrap()));
            let path = issue["location"]["path"].as_str().unwrap();
            assert!(!path.starts_with(['/', '.']), "{path}");
            assert!(issue["location"]["lines"]["begin"].as_u64().unwrap() >= 1);
            assert!(seen.insert(issue["fingerprint"].as_str().unwrap().to_owned()), "fingerprints differ");
        }
    }
}

/// Markdown without its code spans, line by line.
fn without_code(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut rest = line;
        while let Some(at) = rest.find('`') {
            let (before, from) = rest.split_at(at);
            out.push_str(before);
            let length = from.len() - from.trim_start_matches('`').len();
            let inner = &from[length..];
            // A span ends at a run of the same length.
            let mut end = None;
            let mut place = 0;
            while let Some(next) = inner[place..].find('`') {
                let start = place + next;
                let run = inner[start..].len() - inner[start..].trim_start_matches('`').len();
                if run == length {
                    end = Some(start + run);
                    break;
                }
                place = start + run;
            }
            rest = end.map_or(inner, |end| &inner[end..]);
        }
        out.push_str(rest);
        out.push('\n');
    }
    out
}

#[test]
fn names_cannot_break_out_of_any_format() {
    let (_repository, dir) = hostile();
    for format in ["full", "concise", "github", "markdown"] {
        let shown = text(&dir, &["check", "--color", "never", "--format", format]);
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{format}: {shown}");
    }
    let github = text(&dir, &["check", "--format", "github"]);
    assert!(github.lines().count() >= 2);
    for line in github.lines() {
        let rest = ["::error ", "::warning ", "::notice "].iter().find_map(|start| line.strip_prefix(start)).unwrap();
        let (properties, _) = rest.split_once("::").unwrap();
        for property in properties.split(',') {
            let (name, _) = property.split_once('=').unwrap();
            assert!(["file", "line", "endLine", "col", "endColumn", "title"].contains(&name), "{line}");
        }
    }
    let comment = text(&dir, &["check", "--format", "markdown"]);
    let bare = without_code(&comment);
    // A summary is HTML, where brackets are nothing.
    let bare =
        bare.lines().map(|line| if line.starts_with("<details>") { line.replace("](", "") } else { line.to_owned() });
    let bare: String = bare.collect::<Vec<_>>().join("\n");
    assert!(!bare.contains("<img") && !bare.contains("@everyone") && !bare.contains("](javascript"), "{comment}");
    let rows: Vec<&str> = comment.lines().filter(|line| line.starts_with('|')).collect();
    for row in &rows {
        let bars = row.replace("\\|", "").matches('|').count();
        assert_eq!(bars, 6, "{row}");
    }
    let csv = text(&dir, &["copies", "--format", "csv"]);
    assert!(
        !csv.lines().any(|line| line.split(',').any(|cell| cell.trim_matches('"').starts_with(['=', '@']))),
        "{csv}"
    );
    for line in text(&dir, &["copies", "--format", "jsonl"]).lines() {
        let _: Json = serde_json::from_str(line).unwrap();
    }
    let svg = text(&dir, &["graph", "--format", "svg"]);
    let document = roxmltree::Document::parse(&svg).unwrap();
    assert!(document.descendants().all(|node| !node.has_tag_name("img") && !node.has_tag_name("script")));
}

/// Mermaid's and Graphviz's own parsers are tried by hand; here each line has one of the forms that they accept.
#[test]
fn drawings_have_the_forms_of_their_languages() {
    let node = regex::Regex::new(r#"^ +n\d+(\[\("[^"]*"\)\]|\["[^"]*"\]|\(\["[^"]*"\]\))$"#).unwrap();
    let edge = regex::Regex::new(r#"^  n\d+ (== "[^"]*" ==>|-\. "[^"]*" \.->|-- "[^"]*" -->|-\.-) n\d+$"#).unwrap();
    let other =
        regex::Regex::new(r#"^(flowchart LR| +subgraph \w+\["[^"]*"\]| +end|  linkStyle [\d,]+ stroke:#\w{6})$"#)
            .unwrap();
    let dot = regex::Regex::new(r#"^(digraph crossvault \{| *\}| *subgraph cluster_\w+ \{| *(label="([^"\\]|\\.)*"|style=\w+|rankdir=LR);| *(node|edge|n\d+|n\d+ -> n\d+) \[(\w+=("([^"\\]|\\.)*"|\w+)(, )?)+\];)$"#).unwrap();
    for (_repository, dir) in [estate(), hostile()] {
        for line in text(&dir, &["graph", "--format", "mermaid"]).lines() {
            assert!(node.is_match(line) || edge.is_match(line) || other.is_match(line), "{line}");
        }
        for line in text(&dir, &["graph", "--format", "dot"]).lines() {
            assert!(dot.is_match(line), "{line}");
        }
    }
}

#[test]
fn a_comment_on_a_large_estate_stays_within_the_limit() {
    let dir = tempfile::tempdir().unwrap();
    let mut estate = include_str!("../testdata/hostile.tf").to_owned();
    for number in 0..400 {
        let copies = format!(
            "resource \"aws_db_instance\" \"copy{number}\" {{\n  identifier        = \"a-database-with-a-rather-long-name-{number}\"\n  engine            = \"postgres\"\n  storage_encrypted = true\n}}\n"
        );
        estate.push_str(&copies);
    }
    std::fs::write(
        dir.path().join("main.tf"),
        estate.replace("[aws_db_instance.bad.arn]", "[\"arn:aws:rds:*:*:db:*\"]"),
    )
    .unwrap();
    let comment = text(dir.path(), &["check", "--format", "markdown"]);
    let length = comment.chars().count();
    assert!((30_000..=65_536).contains(&length), "{length}");
    assert!(comment.contains("```mermaid\n") && comment.contains(" more"));
    // Grouped, the picture stays readable.
    assert!(comment.lines().filter(|line| line.trim_start().starts_with('n')).count() < 100);
}
