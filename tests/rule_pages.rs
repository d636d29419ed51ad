//! The examples on every rule's page are run: a flagged line is found, by this rule, and nothing else is.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by panicking")]

use std::collections::BTreeSet;
use std::process::Command;

struct Example {
    title: String,
    files: Vec<(String, String)>,
}

fn examples(page: &str) -> Vec<Example> {
    let mut out: Vec<Example> = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        match &mut open {
            Some((_, text)) if line != "```" => {
                text.push_str(line);
                text.push('\n');
            }
            Some(_) => out.last_mut().unwrap().files.extend(open.take()),
            None => {
                if let Some(title) = line.strip_prefix("### ") {
                    out.push(Example { title: title.to_owned(), files: Vec::new() });
                } else if let Some((_, rest)) = line.strip_prefix("```").and_then(|rest| rest.split_once(" title=\"")) {
                    open = Some((rest.trim_end_matches('"').to_owned(), String::new()));
                }
            }
        }
    }
    out
}

type Flag = (String, usize, String);

fn run(rule: &str, example: &Example) -> (BTreeSet<Flag>, BTreeSet<Flag>, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let mut flags = BTreeSet::new();
    for (name, text) in &example.files {
        std::fs::write(dir.path().join(name), text).unwrap();
        for (at, line) in text.lines().enumerate() {
            let word =
                ["error", "undecided", "warning", "info"].into_iter().find(|word| line.ends_with(&format!("# {word}")));
            flags.extend(word.map(|word| (name.clone(), at + 1, word.to_owned())));
        }
    }
    let output = Command::new(env!("CARGO_BIN_EXE_crossvault"))
        .args(["check", "--format", "json"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["errors"].as_array().unwrap().is_empty(), "{rule}: {}: {}", example.title, report["errors"]);
    let findings = report["findings"].as_array().unwrap().iter().filter(|finding| finding["rule"] == rule);
    let found = findings.map(|finding| {
        let word = if finding["undecided"] == true { "undecided" } else { finding["severity"].as_str().unwrap() };
        let line = usize::try_from(finding["location"]["line"].as_u64().unwrap()).unwrap();
        (finding["location"]["file"].as_str().unwrap().to_owned(), line, word.to_owned())
    });
    let verdicts =
        report["copies"].as_array().unwrap().iter().map(|copy| copy["verdict"].as_str().unwrap().to_owned()).collect();
    (flags, found.collect(), verdicts)
}

#[test]
fn every_page_tells_the_truth() {
    let mut wrong = Vec::new();
    for page in crossvault::checks::pages::pages() {
        let examples = examples(page.text);
        let (mut flagged, mut clean) = (0, 0);
        for example in &examples {
            let (flags, found, verdicts) = run(page.name, example);
            if flags != found {
                wrong.push(format!("{}: {}: flagged {flags:?}, found {found:?}", page.name, example.title));
            }
            if flags.is_empty() {
                clean += 1;
                if verdicts.is_empty() || verdicts.iter().any(|verdict| verdict != "succeeds") {
                    wrong.push(format!("{}: {}: a clean example succeeds, but {verdicts:?}", page.name, example.title));
                }
            } else {
                flagged += 1;
                let fails = flags.iter().any(|(_, _, word)| word == "error");
                if fails && !verdicts.iter().any(|verdict| verdict == "fails") {
                    wrong.push(format!("{}: {}: no copy fails: {verdicts:?}", page.name, example.title));
                }
            }
        }
        if flagged == 0 || clean == 0 {
            wrong.push(format!("{}: needs an example that is flagged and one that is clean", page.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
