//! Plans and states as Terraform prints them, recorded from real runs: they agree with the code that they were made of.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by panicking")]

use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn testdata(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(path)
}

fn run(dir: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_crossvault"))
        .args(arguments)
        .current_dir(dir)
        .env_remove("CLICOLOR_FORCE")
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// What a copy is in both forms: source, plan, rule and the destination's name.
type Copy = [String; 4];

fn verdicts(dir: &Path, paths: &[&str]) -> BTreeMap<Copy, String> {
    let arguments: Vec<&str> = ["check", "--format", "json"].iter().chain(paths).copied().collect();
    let report: Json = serde_json::from_str(&run(dir, &arguments).1).unwrap();
    let text = |value: &Json| value.as_str().unwrap_or("?").to_owned();
    let copies = report["copies"].as_array().unwrap().iter();
    copies
        .map(|copy| {
            let key = [
                text(&copy["source"]["address"]),
                text(&copy["plan"]["address"]),
                text(&copy["plan"]["rule"]),
                text(&copy["destination"]["name"]),
            ];
            (key, text(&copy["verdict"]))
        })
        .collect()
}

fn templates(dir: &Path, out: &mut Vec<String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            templates(&path, out);
        } else if path.extension().is_some_and(|end| end == "yaml" || end == "json") {
            out.push(path.to_str().unwrap().to_owned());
        }
    }
}

/// Cases of Terraform that no plan is recorded of, and why.
const NOT_PLANNED: [(&str, &str); 15] = [
    ("a-key-read-from-the-state-of-another-root", "a plan reads the other root's state from its bucket"),
    ("a-module-that-is-not-installed-may-hide-copies", "Terraform does not plan without the module"),
    ("a-role-found-by-its-name-in-another-root", "its providers tell accounts of which one has the credentials"),
    ("a-selection-by-reference-reaches-nothing-else", "it leaves out arguments that the provider requires"),
    ("a-snapshot-with-tde-cannot-be-shared", "it leaves out arguments that the provider requires"),
    ("a-stack-of-components-in-two-accounts", "HCP Terraform alone plans Stacks"),
    ("an-allow-list-without-the-copy-refuses-it", "its providers tell accounts of which one has the credentials"),
    ("backup-policies-merge-from-the-root-down", "its providers tell accounts of which one has the credentials"),
    ("data-of-a-form-that-is-not-backed-up-is-not-copied", "it leaves out arguments that the provider requires"),
    ("each-form-of-selection-reaches-what-aws-backup-finds", "it leaves out arguments that the provider requires"),
    (
        "instances-of-a-group-are-copied-with-their-templates-volumes",
        "its providers tell accounts of which one has the credentials",
    ),
    ("terragrunt-units-that-depend-on-each-other", "Terragrunt makes the root modules"),
    ("the-key-of-an-air-gapped-vault-admits-the-plans-role", "version 5 of the provider does not know its arguments"),
    ("two-selections-of-a-plan-make-one-copy", "its providers tell accounts of which one has the credentials"),
    ("what-a-database-is-restored-from-decides-its-key", "it leaves out arguments that the provider requires"),
];

#[test]
fn what_is_not_planned_is_a_case() {
    for (name, why) in NOT_PLANNED {
        assert!(testdata("cases").join(name).is_dir() && !testdata("plans").join(name).exists(), "{name}: {why}");
    }
}

#[test]
fn a_plan_agrees_with_its_code_or_is_undecided() {
    let mut cases: Vec<_> = std::fs::read_dir(testdata("plans")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    let (mut agree, mut undecided, mut wrong) = (0, 0, Vec::new());
    for plans in cases {
        let name = plans.file_name().unwrap().to_str().unwrap();
        let code = testdata("cases").join(name);
        let mut others = Vec::new();
        templates(&code, &mut others);
        // What the plan was made with.
        let values = plans.join("values.tfvars");
        let given = values.is_file().then(|| format!("--var-file={}", values.display()));
        let from_code = verdicts(&code, &std::iter::once(".").chain(given.as_deref()).collect::<Vec<_>>());
        let config = code.join("crossvault.toml");
        let config = config.is_file().then(|| format!("--config={}", config.display()));
        let paths = std::iter::once(".").chain(others.iter().map(String::as_str)).chain(config.as_deref());
        let paths: Vec<&str> = paths.collect();
        let from_plan = verdicts(&plans, &paths);
        for (copy, verdict) in &from_plan {
            match from_code.get(copy) {
                Some(expected) if expected == verdict => agree += 1,
                _ if verdict == "undecided" => undecided += 1,
                expected => wrong.push(format!("{name}: {copy:?} {verdict}, from the code {expected:?}")),
            }
        }
        wrong.extend(
            from_code
                .keys()
                .filter(|copy| {
                    // Where the destination is lost, the copy is there, and undecided.
                    let [source, plan, rule, _] = (*copy).clone();
                    !from_plan.contains_key(*copy) && !from_plan.contains_key(&[source, plan, rule, "?".to_owned()])
                })
                .map(|copy| format!("{name}: {copy:?} is missing")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(agree >= 85 && undecided <= agree / 9, "{agree} agree, {undecided} undecided");
}

fn inspect(path: &str) -> Json {
    let (code, text) = run(&testdata("printed"), &["inspect", "--format", "json", path]);
    assert_eq!(code, Some(0));
    serde_json::from_str(&text).unwrap()
}

fn resource<'j>(inspected: &'j Json, address: &str) -> &'j Json {
    let all = inspected["units"][0]["resources"].as_array().unwrap();
    all.iter().find(|resource| resource["address"] == address).unwrap()
}

#[test]
fn a_key_that_is_left_out_is_told_from_one_that_the_plan_makes() {
    let plan = inspect("nullkey.json");
    for unset in ["aws_backup_vault.unset", "aws_backup_vault.nullvar", "module.m.aws_backup_vault.v"] {
        let vault = resource(&plan, unset);
        assert!(vault["values"].get("kms_key_arn").is_none(), "{unset}");
    }
    for set in ["aws_backup_vault.cmk", "module.m2.aws_backup_vault.v", "module.m3.aws_backup_vault.v"] {
        assert_eq!(resource(&plan, set)["values"]["kms_key_arn"]["$ref"], "aws_kms_key.k.arn", "{set}");
    }
    // `var.k != null ? var.k : aws_kms_key.k.arn`: plan JSON does not hold the condition.
    let either = resource(&plan, "aws_backup_vault.cond");
    assert!(either["unknown"]["kms_key_arn"].as_str().unwrap().contains("`aws_kms_key.k.arn` or nothing"), "{either}");
}

#[test]
fn accounts_come_from_the_provider_configurations() {
    let plan = inspect("plain.json");
    let place = |address: &str| {
        let resource = resource(&plan, address);
        (resource["account"].as_str().unwrap().to_owned(), resource["region"].as_str().unwrap().to_owned())
    };
    assert_eq!(place("aws_db_instance.db"), ("111111111111".to_owned(), "eu-west-1".to_owned()));
    let other = place("module.dest[\"daily\"].aws_backup_vault.v");
    assert_eq!(other, ("222222222222".to_owned(), "eu-central-1".to_owned()));
}

#[test]
fn secrets_of_a_plan_are_not_printed() {
    let secret = "correct-horse-battery";
    assert!(std::fs::read_to_string(testdata("printed/plain.json")).unwrap().contains(secret));
    let formats: [&[&str]; 5] =
        [&["inspect"], &["inspect", "--format", "json"], &["check"], &["check", "--format", "json"], &["copies"]];
    for arguments in formats {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["plain.json"]).collect();
        let (_, text) = run(&testdata("printed"), &arguments);
        assert!(!text.is_empty() && !text.contains(secret), "{arguments:?}");
    }
}

#[test]
fn places_are_bytes_of_the_plan() {
    let plan = inspect("nullkey.json");
    let text = std::fs::read_to_string(testdata("printed/nullkey.json")).unwrap();
    let location = &resource(&plan, "module.m2.aws_db_instance.d")["location"];
    let column = |name: &str| usize::try_from(location[name].as_u64().unwrap()).unwrap() - 1;
    assert_eq!(text.get(column("column")..column("end_column")), Some("\"module.m2.aws_db_instance.d\""));
}

#[test]
fn a_broken_plan_is_told_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(testdata("printed/nullkey.json")).unwrap();
    std::fs::write(dir.path().join("plan.json"), text.get(..text.len() / 2).unwrap()).unwrap();
    let (code, out) = run(dir.path(), &["check", "plan.json", "--color", "never"]);
    assert_eq!(code, Some(2));
    assert!(out.contains("not a plan or state") && out.contains("plan.json:1:"), "{out}");
}

#[test]
fn a_plan_file_is_evaluated_as_the_code_it_holds() {
    let file = inspect("plain.tfplan");
    let plan = resource(&file, "aws_backup_plan.p");
    // The rule is a dynamic block: plan JSON has lost what its copies lead to.
    assert_eq!(
        plan["values"]["rule"][0]["copy_action"][0]["destination_vault_arn"],
        "arn:aws:backup:eu-central-1:222222222222:backup-vault:dest-daily"
    );
    let name = plan["location"]["file"].as_str().unwrap();
    assert!(name.ends_with("plain.tfplan!tfconfig/m-/main.tf"), "{name}");
    let vault = resource(&file, "module.dest[\"daily\"].aws_backup_vault.v");
    assert_eq!((vault["account"].as_str(), vault["region"].as_str()), (Some("222222222222"), Some("eu-central-1")));
}

#[test]
fn the_dash_is_standard_input() {
    use std::io::Write as _;
    for name in ["plain.json", "plain.tfplan"] {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_crossvault"))
            .args(["inspect", "--format", "json", "-"])
            .current_dir(testdata("printed"))
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let bytes = std::fs::read(testdata("printed").join(name)).unwrap();
        child.stdin.take().unwrap().write_all(&bytes).unwrap();
        let output = child.wait_with_output().unwrap();
        let read: Json = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(resource(&read, "aws_db_instance.db")["account"], "111111111111", "{name}");
        assert_eq!(output.status.code(), Some(0), "{name}");
    }
}

#[test]
fn a_hostile_plan_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(testdata("printed/plain.tfplan")).unwrap();
    std::fs::write(dir.path().join("cut.tfplan"), bytes.get(..bytes.len() / 2).unwrap()).unwrap();
    let (code, out) = run(dir.path(), &["check", "cut.tfplan", "--color", "never"]);
    assert_eq!(code, Some(2));
    assert!(out.contains("not a plan file"), "{out}");
}

#[test]
fn a_state_by_itself_is_a_unit() {
    let verdicts = |name| -> Vec<String> { verdicts(&testdata("printed"), &[name]).into_values().collect() };
    assert_eq!(verdicts("applied.tfstate"), ["succeeds"]);
    // A printed state does not tell which provider a resource has, so not where it is.
    let printed = verdicts("state.json");
    assert!(printed == ["succeeds"] || printed == ["undecided"], "{printed:?}");
}
