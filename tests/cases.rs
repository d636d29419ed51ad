//! Every directory under `testdata/cases/` is a claim: its comments say what is found and where, `expected.txt` says the
//! rest. `UPDATE_EXPECT=1 cargo test --test cases` writes the expected texts anew.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// What `check --format json` says of each case, by the case's name.
static REPORTS: LazyLock<BTreeMap<String, serde_json::Value>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let cases = std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap());
    cases
        .map(|case| {
            let report = serde_json::from_str(&run(&case.path(), &["check", "--format", "json"])).unwrap();
            (case.file_name().into_string().unwrap(), report)
        })
        .collect()
});

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

fn found(case: &str) -> BTreeSet<(String, usize, String, String)> {
    let report = &REPORTS[case];
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
        let (intended, found) = (intended(&case), found(&name));
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
    let verdicts = |name: &str| -> Vec<(String, String, Vec<String>)> {
        let mut all: Vec<_> = REPORTS[name]["copies"]
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

/// Cases in Terraform that have no form in CloudFormation alone, and why.
const WITHOUT_TWIN: &[(&str, &str)] = &[
    ("a-literal-key-is-known-from-the-state-of-its-code", "CloudFormation keeps no state that is read"),
    ("a-stack-of-components-in-two-accounts", "Terraform Stacks"),
    ("a-stack-repeats-components-over-regions", "Terraform Stacks"),
    ("a-template-that-terraform-deploys-is-judged-with-it", "both languages in one"),
    ("an-estate-of-two-accounts-in-two-languages", "both languages in one"),
    ("terragrunt-stacks-add-to-their-units", "Terragrunt"),
    ("terragrunt-stacks-make-their-units", "Terragrunt"),
    ("terragrunt-units-that-depend-on-each-other", "Terragrunt"),
    ("the-way-to-a-template-that-terraform-deploys-is-shown", "both languages in one"),
    ("the-organization-switch-hangs-on-an-input", "CloudFormation has no type for the switch"),
];

#[test]
fn every_case_in_terraform_has_a_twin_or_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let mut wrong = Vec::new();
    for name in REPORTS.keys().filter(|name| !name.ends_with("-cloudformation")) {
        let mut all = Vec::new();
        files(&root.join(name), &mut all);
        let terraform = all.iter().any(|file| file.extension().is_some_and(|ending| ending == "tf"));
        // The form in two roots is one more of a scenario that has its twin.
        let scenario = name.strip_suffix("-two-roots").unwrap_or(name);
        let twin = REPORTS.contains_key(&format!("{scenario}-cloudformation"));
        let excused = WITHOUT_TWIN.iter().any(|(excused, _)| excused == name);
        if terraform && twin == excused {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    for (name, _) in WITHOUT_TWIN {
        assert!(REPORTS.contains_key(*name), "{name}");
    }
}

#[test]
fn both_languages_give_the_same_verdicts_for_the_same_reasons() {
    let verdicts = |name: &str| -> Vec<(String, String, Vec<String>)> {
        let copies = REPORTS[name]["copies"].as_array().unwrap().iter();
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
    let mut pairs = 0;
    for twin in REPORTS.keys() {
        let Some(name) = twin.strip_suffix("-cloudformation").filter(|name| REPORTS.contains_key(*name)) else {
            continue;
        };
        assert_eq!(verdicts(name), verdicts(twin), "{name}");
        pairs += 1;
    }
    assert!(pairs >= 75, "{pairs}");
}

/// Outcomes that a rule never has, and why; in one language only where the other has it.
const NEVER: &[(&str, &str, Option<&str>, &str)] = &[
    ("backup-policy-invalid", "undecided", None, "a policy is wrong as it is written, or it is not"),
    ("backup-role-not-assumable", "not_applicable", None, "every copy is made with a role"),
    ("continuous-backup-not-copyable", "fail", None, "AWS's pages do not say what becomes of the copy action"),
    ("copy-denied-by-organization-policy", "not_applicable", None, "every copy leaves a vault of some account"),
    ("copy-lifecycle-invalid", "not_applicable", None, "every copy has a plan"),
    ("copy-never-runs", "fail", None, "what a selection does not reach may be reached by what is not loaded"),
    ("copy-never-runs", "not_applicable", None, "every copy has a plan"),
    (
        "cross-account-backup-disabled",
        "undecided",
        Some("CloudFormation"),
        "it has no type for the switch, and the configuration knows it or says nothing",
    ),
    ("destination-vault-access-denied", "undecided", None, "destination-vault-access-missing says so"),
    ("different-organizations", "undecided", None, "one organization is assumed where nothing says anything"),
    ("service-linked-role-absent", "fail", None, "the role may have been made outside the code: a warning"),
    ("service-linked-role-absent", "undecided", None, "the same"),
    ("service-not-opted-in", "fail", None, "AWS refuses nothing: what is not backed up is not copied"),
    ("source-key-denied", "undecided", None, "source-key-not-shared says so"),
    ("source-key-locked-out", "undecided", None, "source-key-not-shared says so"),
    ("source-key-share-condition", "undecided", None, "source-key-not-shared says so"),
    ("source-key-share-incomplete", "undecided", None, "source-key-not-shared says so"),
    ("source-unencrypted", "fail", None, "such copies work: a warning, or a note"),
    ("source-unencrypted", "undecided", None, "the same"),
    ("source-vault-key-not-shared", "fail", None, "AWS's pages disagree on the need: a note"),
    ("source-vault-key-not-shared", "undecided", None, "the same"),
    ("too-many-tags", "fail", None, "tags that are added outside the code count, too"),
    ("vault-policy-wildcard-action", "fail", None, "AWS's pages do not say what becomes of the statement"),
];

/// Rules that tell of something on copies that pass.
const TELLING: &[&str] = &["service-linked-role-absent", "source-unencrypted", "source-vault-key-not-shared"];

#[test]
fn every_rule_has_a_case_of_every_outcome_in_both_languages() {
    let language = |file: &str| if file.ends_with(".tf") { "Terraform" } else { "CloudFormation" };
    let mut seen: BTreeSet<(String, String, &str)> = BTreeSet::new();
    for report in REPORTS.values() {
        for copy in report["copies"].as_array().unwrap() {
            let language = language(copy["plan"]["location"]["file"].as_str().unwrap());
            for check in copy["checks"].as_array().unwrap() {
                let text = |key: &str| check[key].as_str().unwrap().to_owned();
                seen.insert((text("rule"), text("outcome"), language));
            }
        }
        for finding in report["findings"].as_array().unwrap() {
            if let Some(file) = finding["location"]["file"].as_str() {
                seen.insert((finding["rule"].as_str().unwrap().to_owned(), "told".to_owned(), language(file)));
            }
        }
    }
    let mut wrong = Vec::new();
    for (rule, _) in crossvault::checks::RULES {
        for language in ["Terraform", "CloudFormation"] {
            for outcome in ["pass", "fail", "undecided", "not_applicable"] {
                let excused = NEVER.iter().any(|(other, never, only, _)| {
                    other == rule && *never == outcome && only.is_none_or(|only| only == language)
                });
                match (seen.contains(&((*rule).to_owned(), outcome.to_owned(), language)), excused) {
                    (false, false) => wrong.push(format!("{rule}: no case of `{outcome}` in {language}")),
                    (true, true) => wrong.push(format!("{rule}: `{outcome}` in {language} is said never to be")),
                    _ => {}
                }
            }
            if TELLING.contains(rule) && !seen.contains(&((*rule).to_owned(), "told".to_owned(), language)) {
                wrong.push(format!("{rule}: no case in {language} where it tells of anything"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
