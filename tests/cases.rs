//! Every directory under `testdata/cases/` is a claim: its comments say what is found and where, `expected.txt` says the
//! rest. `UPDATE_EXPECT=1 cargo test --test cases` writes the expected texts anew.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn run(dir: &Path, arguments: &[&str]) -> String {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_crossvault"))
        .args(arguments)
        .current_dir(dir)
        .env_remove("CLICOLOR_FORCE")
        .output()
        .unwrap();
    assert!(
        matches!(output.status.code(), Some(0..=1)),
        "{}: {}",
        dir.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { files(&path, out) } else { out.push(path) }
    }
}

/// (file, line, word, rule) of every comment `# error: [rule]` and `# undecided: [rule]`; where the line cannot bear a
/// comment, of `# error at file:line: [rule]` elsewhere.
fn intended(dir: &Path) -> BTreeSet<(String, usize, String, String)> {
    let mut all = Vec::new();
    files(dir, &mut all);
    let mut out = BTreeSet::new();
    for path in all.iter().filter(|path| path.file_name().is_some_and(|name| name != "expected.txt")) {
        let text = std::fs::read_to_string(path).unwrap();
        for (at, line) in text.lines().enumerate() {
            for word in ["error", "undecided"] {
                if let Some((place, rest)) =
                    line.strip_prefix(&format!("# {word} at ")).and_then(|rest| rest.split_once(": ["))
                {
                    let (file, at) = place.rsplit_once(':').unwrap();
                    let rule = rest.split(']').next().unwrap();
                    out.insert((file.to_owned(), at.parse().unwrap(), word.to_owned(), rule.to_owned()));
                } else if let Some((_, rest)) = line.split_once(&format!("# {word}: [")) {
                    let rule = rest.split(']').next().unwrap();
                    let file = path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
                    out.insert((file, at + 1, word.to_owned(), rule.to_owned()));
                }
            }
        }
    }
    out
}

fn found(dir: &Path) -> BTreeSet<(String, usize, String, String)> {
    let report: serde_json::Value = serde_json::from_str(&run(dir, &["check", "--format", "json"])).unwrap();
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .filter_map(|finding| {
            let word = match (finding["undecided"].as_bool().unwrap(), finding["severity"].as_str().unwrap()) {
                (true, _) => "undecided",
                (false, "error") => "error",
                _ => return None,
            };
            let location = &finding["location"];
            let line = usize::try_from(location["line"].as_u64().unwrap()).unwrap();
            Some((
                location["file"].as_str().unwrap().to_owned(),
                line,
                word.to_owned(),
                finding["rule"].as_str().unwrap().to_owned(),
            ))
        })
        .collect()
}

#[test]
fn every_case_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let mut failures = Vec::new();
    let mut cases: Vec<PathBuf> = std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 29);
    for case in cases {
        let name = case.file_name().unwrap().to_str().unwrap().to_owned();
        let (intended, found) = (intended(&case), found(&case));
        for missing in intended.difference(&found) {
            failures.push(format!("{name}: missing {missing:?}"));
        }
        for surplus in found.difference(&intended) {
            failures.push(format!("{name}: surplus {surplus:?}"));
        }
        let table = run(&case, &["copies"]);
        let text = format!("{table}\n{}", run(&case, &["check", "--color", "never"]));
        let path = case.join("expected.txt");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&path, text).unwrap();
        } else if std::fs::read_to_string(&path).ok().as_deref() != Some(&text) {
            failures.push(format!(
                "{name}: expected.txt differs or is missing; run with UPDATE_EXPECT=1 and look at the difference"
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_three_forms_of_a_scenario_agree() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let verdicts = |name: &str| -> Vec<(String, String, Vec<String>)> {
        let report: serde_json::Value =
            serde_json::from_str(&run(&root.join(name), &["check", "--format", "json"])).unwrap();
        let mut all: Vec<_> = report["copies"]
            .as_array()
            .unwrap()
            .iter()
            .map(|copy| {
                let failed = copy["checks"].as_array().unwrap().iter().filter(|check| check["outcome"] == "fail");
                (
                    copy["source"]["service"].as_str().unwrap().to_owned(),
                    copy["verdict"].as_str().unwrap().to_owned(),
                    failed.map(|check| check["rule"].as_str().unwrap().to_owned()).collect(),
                )
            })
            .collect();
        all.sort();
        all
    };
    let scenarios = [
        ("rds-under-the-aws-managed-key-cannot-leave-the-account", "fails"),
        ("rds-cannot-be-copied-into-a-vault-under-aws-backup", "fails"),
        ("rds-under-a-shared-customer-key-can-leave-the-account", "succeeds"),
        ("rds-under-an-unshared-customer-key-cannot-leave-the-account", "fails"),
    ];
    for (name, rds) in scenarios {
        let plain = verdicts(name);
        assert_eq!((plain[0].0.as_str(), plain[0].1.as_str()), ("dynamodb", "succeeds"), "{name}");
        assert_eq!((plain[1].0.as_str(), plain[1].1.as_str()), ("rds", rds), "{name}");
        assert_eq!(plain, verdicts(&format!("{name}-two-roots")), "{name}");
        assert_eq!(plain, verdicts(&format!("{name}-cloudformation")), "{name}");
    }
}

#[test]
fn both_languages_give_the_same_verdicts_for_the_same_reasons() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let verdicts = |name: &str| -> Vec<(String, String, Vec<String>)> {
        let report: serde_json::Value =
            serde_json::from_str(&run(&root.join(name), &["check", "--format", "json"])).unwrap();
        let copies = report["copies"].as_array().unwrap().iter();
        let mut all: Vec<_> = copies
            .map(|copy| {
                let decides =
                    |check: &&serde_json::Value| check["outcome"] == "fail" || check["outcome"] == "undecided";
                let decided = copy["checks"].as_array().unwrap().iter().filter(decides);
                (
                    copy["source"]["service"].as_str().unwrap_or_default().to_owned(),
                    copy["verdict"].as_str().unwrap().to_owned(),
                    decided.map(|check| format!("{} {}", check["outcome"], check["rule"])).collect(),
                )
            })
            .collect();
        all.sort();
        all
    };
    let names: Vec<String> =
        std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let mut pairs = 0;
    for twin in &names {
        let Some(name) = twin.strip_suffix("-cloudformation").filter(|name| names.iter().any(|n| n == name)) else {
            continue;
        };
        assert_eq!(verdicts(name), verdicts(twin), "{name}");
        pairs += 1;
    }
    assert!(pairs >= 20, "{pairs}");
}
