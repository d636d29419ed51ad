//! Every failing case is mended, or a reason says why not; what is mended stays mended, and nothing else changes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by panicking")]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Why no change of the code is offered, by rule.
const NONE: &[(&str, &str)] = &[
    (
        "source-key-aws-managed",
        "another key replaces the data store, and its data with it: a restore under the new key is needed",
    ),
    ("source-unencrypted", "encryption replaces the data store, and its data with it"),
    ("copy-unsupported", "AWS Backup cannot copy this type in this way"),
    ("rds-option-group", "which options the instance can do without is for its owner to say"),
    ("air-gapped-vault-unsupported", "another type of data store or vault is a decision of design"),
    ("copy-denied-by-organization-policy", "a guard rail of the organization is for its administrators to open"),
    ("copy-never-runs", "what the plan was meant to copy is not known"),
    ("service-linked-role-absent", "the role may have been made outside the code; two of them cannot exist"),
    ("source-vault-key-not-shared", "AWS's pages disagree on whether anything has to change"),
    ("source-key-unusable", "a disabled key or one of another kind was chosen on purpose or for another use"),
];

/// Why no change is offered, where the rule has one for other code.
const NONE_HERE: &[(&str, &str, &str)] = &[
    (
        "a-stack-of-components-in-two-accounts",
        "source-key-not-shared",
        "one module makes the keys of two deployments: whom each is shared with is an input",
    ),
    (
        "a-backup-outside-the-source-vaults-lock-is-never-copied",
        "retention-outside-vault-lock",
        "for how long the backup itself is kept is for its owner to say",
    ),
    (
        "a-deny-in-the-vault-policy-wins",
        "destination-vault-access-denied",
        "the Deny names the source account: somebody means it",
    ),
    (
        "a-deny-in-the-vault-policy-wins-cloudformation",
        "destination-vault-access-denied",
        "the Deny names the source account: somebody means it",
    ),
    (
        "a-role-without-the-right-to-copy-cloudformation",
        "backup-role-cannot-copy",
        "which of the role's policies in the template gets the rights is for its owner to say",
    ),
    (
        "a-key-policy-that-is-nearly-right-is-explained",
        "source-key-denied",
        "a Deny on second factors or endpoints guards the key: whom to except is for its owner to say",
    ),
    (
        "rds-cannot-be-copied-into-a-vault-under-aws-backup-cloudformation",
        "destination-vault-key-aws-managed",
        "a key in a template has a policy of its own, which is for its owner to write",
    ),
];

fn crossvault(dir: &Path, arguments: &[&str]) -> (String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_crossvault")).args(arguments).current_dir(dir).output().unwrap();
    assert!(matches!(output.status.code(), Some(0..=1)), "{}", String::from_utf8_lossy(&output.stderr));
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn report(dir: &Path) -> Value {
    serde_json::from_str(&crossvault(dir, &["check", "--format", "json"]).0).unwrap()
}

fn fingerprints(report: &Value) -> BTreeSet<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|finding| finding["fingerprint"].as_str().unwrap().to_owned()).collect()
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copied(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

fn texts(dir: &Path, below: &Path, out: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts(&path, below, out);
        } else {
            let name = path.strip_prefix(below).unwrap().to_str().unwrap().to_owned();
            out.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
}

fn all_texts(dir: &Path) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    texts(dir, dir, &mut out);
    out
}

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

#[test]
fn every_failing_case_is_mended_or_a_reason_says_why_not() {
    let mut wrong = Vec::new();
    let (mut mended, mut reasons) = (0, BTreeSet::new());
    for case in cases() {
        let name = case.file_name().unwrap().to_str().unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let dir = scratch.path();
        copied(&case, dir);
        let before = report(dir);
        let failed: Vec<&Value> =
            before["findings"].as_array().unwrap().iter().filter(|finding| finding["undecided"] == false).collect();
        for finding in failed.iter().filter(|finding| finding["fix"].is_null()) {
            let rule = finding["rule"].as_str().unwrap();
            let reason = NONE.iter().find(|(known, _)| *known == rule).map(|(rule, _)| (*rule, "")).or_else(|| {
                NONE_HERE.iter().find(|(at, known, _)| *at == name && *known == rule).map(|(at, rule, _)| (*rule, *at))
            });
            match reason {
                Some(reason) => drop(reasons.insert(reason)),
                None => wrong.push(format!("{name}: {rule} has neither a fix nor a reason why not")),
            }
        }
        let fixes: Vec<&Value> = failed.iter().copied().filter(|finding| !finding["fix"].is_null()).collect();
        for finding in &fixes {
            let fix = &finding["fix"];
            assert!(fix["safety"] == "safe" || fix["consequence"].is_string(), "{name}: {fix}");
        }
        if fixes.is_empty() {
            continue;
        }
        let old = all_texts(dir);
        crossvault(dir, &["fix", "--write", "--unsafe"]);
        let (new, after) = (all_texts(dir), report(dir));
        let (had, has) = (fingerprints(&before), fingerprints(&after));
        for finding in &fixes {
            if has.contains(finding["fingerprint"].as_str().unwrap()) {
                wrong.push(format!("{name}: {} is still there", finding["message"]));
            }
        }
        wrong.extend(has.difference(&had).map(|new| format!("{name}: a finding {new} has come")));
        mended += fixes.len();
        // What no edit names stays as it was, every comment with it.
        for (path, text) in &old {
            let edited: BTreeSet<u64> = fixes
                .iter()
                .flat_map(|finding| finding["fix"]["edits"].as_array().unwrap())
                .filter(|edit| edit["file"] == path.as_str())
                .flat_map(|edit| edit["line"].as_u64().unwrap()..=edit["end_line"].as_u64().unwrap())
                .collect();
            let mut rest = new[path].lines();
            for (at, line) in text.lines().enumerate() {
                if !edited.contains(&(at as u64 + 1)) && !rest.any(|kept| kept == line) {
                    wrong.push(format!("{name}: {path}:{} is gone: {line}", at + 1));
                    break;
                }
            }
            let comments = |text: &str| {
                text.lines().filter_map(|line| line.split_once("# ")).map(|(_, it)| it.to_owned()).collect::<Vec<_>>()
            };
            if comments(text) != comments(&new[path]) {
                wrong.push(format!("{name}: {path}: a comment was changed"));
            }
        }
        // Once is enough.
        let (patch, _) = crossvault(dir, &["fix", "--unsafe"]);
        if !patch.is_empty() {
            wrong.push(format!("{name}: a second run changes more: {patch}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(mended >= 25, "{mended}");
    for (at, rule, _) in NONE_HERE {
        assert!(reasons.contains(&(*rule, *at)), "{at}: {rule} has a fix or is not found");
    }
}

#[test]
fn the_printed_patch_is_what_write_does() {
    for name in [
        "an-estate-of-two-accounts-in-two-languages",
        "policies-written-as-text",
        "a-vault-without-a-policy-admits-nobody",
    ] {
        let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases").join(name);
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        copied(&case, one.path());
        copied(&case, two.path());
        let (patch, told) = crossvault(one.path(), &["fix"]);
        assert!(told.contains("would mend"), "{told}");
        assert_eq!(all_texts(one.path()), all_texts(two.path()), "printing changes nothing");
        std::fs::write(one.path().join("fix.patch"), patch).unwrap();
        // `git apply` outside of a repository works on the files below.
        let applied = Command::new("git")
            .args(["apply", "fix.patch"])
            .current_dir(one.path())
            .env("GIT_CEILING_DIRECTORIES", one.path().parent().unwrap())
            .status();
        std::fs::remove_file(one.path().join("fix.patch")).unwrap();
        crossvault(two.path(), &["fix", "--write"]);
        if applied.is_ok() {
            assert_eq!(all_texts(one.path()), all_texts(two.path()), "{name}");
        }
    }
}

/// A key's policy, and what is put in.
const FORMS: &[(&str, &str)] = &[
    (
        "resource \"aws_kms_key\" \"data\" {\n  policy = jsonencode({\n    Version = \"2012-10-17\"\n    Statement = [{\n      Effect    = \"Allow\"\n      Principal = { AWS = \"arn:aws:iam::111111111111:root\" }\n      Action    = \"kms:*\"\n      Resource  = \"*\"\n    }]\n  })\n}\n",
        "      }, {\n      Sid       = \"BackupCopies\"\n      Effect    = \"Allow\"\n",
    ),
    (
        "resource \"aws_kms_key\" \"data\" {\n  policy = jsonencode({\n    \"Version\" : \"2012-10-17\",\n    \"Statement\" : [\n      {\n        \"Effect\" : \"Allow\",\n        \"Principal\" : { \"AWS\" : \"arn:aws:iam::111111111111:root\" },\n        \"Action\" : \"kms:*\",\n        \"Resource\" : \"*\"\n      } # the owner\n    ]\n  })\n}\n",
        "      }, # the owner\n      {\n        \"Sid\" : \"BackupCopies\",\n",
    ),
    (
        "resource \"aws_kms_key\" \"data\" {\n  policy = jsonencode({ Version = \"2012-10-17\", Statement = [{ Effect = \"Allow\", Principal = { AWS = \"arn:aws:iam::111111111111:root\" }, Action = \"kms:*\", Resource = \"*\" }] })\n}\n",
        "Resource = \"*\" }, { Sid = \"BackupCopies\", Effect = \"Allow\", Principal = { AWS",
    ),
    (
        "resource \"aws_kms_key\" \"data\" {\n  policy = jsonencode({\n    Version = \"2012-10-17\"\n    Statement = {\n      Effect    = \"Allow\"\n      Principal = { AWS = \"arn:aws:iam::111111111111:root\" }\n      Action    = \"kms:*\"\n      Resource  = \"*\"\n    }\n  })\n}\n",
        "    Statement = [{\n      Effect    = \"Allow\"\n",
    ),
    (
        "resource \"aws_kms_key\" \"data\" {\n  policy = <<POLICY\n{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [{\n    \"Effect\": \"Allow\",\n    \"Principal\": {\"AWS\": \"arn:aws:iam::111111111111:root\"},\n    \"Action\": \"kms:*\",\n    \"Resource\": \"*\"\n  }]\n}\nPOLICY\n}\n",
        "  }, {\n    \"Sid\": \"BackupCopies\",\n",
    ),
    (
        "data \"aws_iam_policy_document\" \"key\" {\n  statement {\n    actions   = [\"kms:*\"]\n    resources = [\"*\"]\n\n    principals {\n      type        = \"AWS\"\n      identifiers = [\"arn:aws:iam::111111111111:root\"]\n    }\n  } # the owner\n}\n\nresource \"aws_kms_key\" \"data\" {\n  policy = data.aws_iam_policy_document.key.json\n}\n",
        "  } # the owner\n\n  statement {\n    sid       = \"BackupCopies\"\n    actions   = [\"kms:DescribeKey\"]\n",
    ),
    ("resource \"aws_kms_key\" \"data\" {}\n", "resource \"aws_kms_key\" \"data\" {\n  policy = jsonencode({\n"),
];

#[test]
fn each_way_of_writing_a_policy_is_mended_in_its_own_style() {
    let case =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases/a-grant-that-only-backup-may-make-is-never-made");
    for (key, wanted) in FORMS {
        let scratch = tempfile::tempdir().unwrap();
        let dir = scratch.path();
        copied(&case, dir);
        let workload = std::fs::read_to_string(dir.join("workload.tf")).unwrap();
        let (_, rest) = workload.split_once("resource \"aws_db_instance\"").unwrap();
        std::fs::write(dir.join("workload.tf"), format!("resource \"aws_db_instance\"{rest}")).unwrap();
        std::fs::write(dir.join("key.tf"), key).unwrap();
        crossvault(dir, &["fix", "--write"]);
        let mended = std::fs::read_to_string(dir.join("key.tf")).unwrap();
        assert!(mended.contains(wanted), "{mended}");
        assert_eq!(report(dir)["summary"]["copies"]["succeeds"], 1, "{mended}");
    }
}
