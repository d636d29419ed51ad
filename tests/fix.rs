//! Every failing case is mended, or a reason says why not; what is mended stays mended, and nothing else changes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by panicking")]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "shared/files.rs"]
mod files;

use files::copied;

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
    ("different-organizations", "an account joins an organization by invitation, not by code"),
];

/// Why no change is offered, where the rule has one for other code.
const NONE_HERE: &[(&str, &str, &str)] = &[
    (
        "a-stack-of-components-in-two-accounts",
        "source-key-not-shared",
        "one module makes the keys of two deployments: whom each is shared with is an input",
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
        "a-key-policy-that-is-nearly-right-is-explained",
        "source-key-denied",
        "a Deny on second factors or endpoints guards the key: whom to except is for its owner to say",
    ),
    (
        "a-key-policy-that-is-nearly-right-is-explained-cloudformation",
        "source-key-denied",
        "a Deny on second factors or endpoints guards the key: whom to except is for its owner to say",
    ),
    (
        "a-backup-policy-whose-copy-action-names-two-vaults",
        "backup-policy-invalid",
        "which of the two vaults is meant is for the author of the policy to say",
    ),
    (
        "a-backup-policy-whose-copy-action-names-two-vaults-cloudformation",
        "backup-policy-invalid",
        "which of the two vaults is meant is for the author of the policy to say",
    ),
    (
        "a-key-of-a-third-account-admits-both",
        "source-key-locked-out",
        "the key is another account's: whom it is shared with is for its owner to say",
    ),
    (
        "a-key-of-a-third-account-admits-both-cloudformation",
        "source-key-locked-out",
        "the key is another account's: whom it is shared with is for its owner to say",
    ),
    (
        "a-vaults-key-must-work-where-the-vault-is",
        "destination-key-unusable",
        "which key the vault is to have, and whom another account's key is shared with, is for their owners to say",
    ),
    (
        "a-vaults-key-must-work-where-the-vault-is-cloudformation",
        "destination-key-unusable",
        "which key the vault is to have, and whom another account's key is shared with, is for their owners to say",
    ),
    (
        "dynamodb-without-advanced-features-cannot-be-copied-cloudformation",
        "dynamodb-advanced-backup-off",
        "CloudFormation has no type for these settings",
    ),
    (
        "the-organization-switch-is-off-cloudformation",
        "cross-account-backup-disabled",
        "CloudFormation has no type for the switch",
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

fn texts(dir: &Path, below: &Path, out: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with(".git") {
            continue;
        }
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
        let fixes: Vec<&Value> =
            before["findings"].as_array().unwrap().iter().filter(|finding| !finding["fix"].is_null()).collect();
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

#[test]
fn a_patch_keeps_the_ends_of_lines_and_applies_wherever_it_was_asked_for() {
    for name in [
        "rds-under-an-unshared-customer-key-cannot-leave-the-account-two-roots",
        "rds-under-an-unshared-customer-key-cannot-leave-the-account-cloudformation",
    ] {
        let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases").join(name);
        let dir = tempfile::tempdir().unwrap();
        let git = |at: &Path, arguments: &[&str]| {
            Command::new("git").args(arguments).current_dir(at).output().map(|output| output.status.success())
        };
        if git(dir.path(), &["init", "--quiet"]).is_err() {
            eprintln!("\n*** NOT TESTED: patches applied by git. There is no git. ***\n");
            return;
        }
        copied(&case, &dir.path().join("code"));
        std::fs::remove_file(dir.path().join("code/expected.txt")).unwrap();
        std::fs::create_dir(dir.path().join("elsewhere")).unwrap();
        // As written on another system, and by an editor that does not end the last line.
        for (path, text) in all_texts(&dir.path().join("code")) {
            let text = text.trim_end().replace('\n', "\r\n");
            std::fs::write(dir.path().join("code").join(path), text).unwrap();
        }
        let before = all_texts(dir.path());
        // Where it is asked for, for what; where the patch is applied.
        for (at, what, applied) in [(".", "code", "."), ("code", ".", "code"), ("elsewhere", "../code", ".")] {
            let (patch, told) = crossvault(&dir.path().join(at), &["fix", what]);
            assert!(told.contains("would mend"), "{told}");
            assert_eq!(told.contains("apply it there"), at == "elsewhere", "{told}");
            std::fs::write(dir.path().join(".git/fix.patch"), patch).unwrap();
            let patch = dir.path().join(".git/fix.patch");
            assert!(git(&dir.path().join(applied), &["apply", &patch.to_string_lossy()]).unwrap(), "{name} from {at}");
            let after = all_texts(dir.path());
            assert!(before != after);
            for (path, text) in &after {
                assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{path}");
                assert!(!text.ends_with('\n'), "{path}");
            }
            let left = report(&dir.path().join("code"));
            assert_eq!(left["summary"]["copies"]["fails"], 0, "{left:#}");
            for (path, text) in &before {
                std::fs::write(dir.path().join(path), text).unwrap();
            }
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

/// An estate in which every copy works.
const ESTATE: &[(&str, &str)] = &[
    (
        "providers.tf",
        r#"provider "aws" {
  region              = "eu-central-1"
  allowed_account_ids = ["111111111111"]
}

provider "aws" {
  alias               = "central"
  region              = "eu-central-1"
  allowed_account_ids = ["222222222222"]
}
"#,
    ),
    (
        "key.tf",
        r#"resource "aws_kms_key" "data" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Principal = { AWS = "arn:aws:iam::111111111111:root" }, Action = "kms:*", Resource = "*" },
      { Effect = "Allow", Principal = { AWS = "arn:aws:iam::222222222222:root" }, Action = ["kms:DescribeKey", "kms:CreateGrant"], Resource = "*" },
    ]
  })
}
"#,
    ),
    (
        "data.tf",
        r#"resource "aws_db_instance" "orders" {
  identifier        = "orders"
  engine            = "postgres"
  storage_encrypted = true
  kms_key_id        = aws_kms_key.data.arn
}
"#,
    ),
    (
        "vault.tf",
        r#"resource "aws_kms_key" "central" {
  provider = aws.central
}

resource "aws_backup_vault" "central" {
  provider    = aws.central
  name        = "central"
  kms_key_arn = aws_kms_key.central.arn
}
"#,
    ),
    (
        "policy.tf",
        r#"resource "aws_backup_vault_policy" "central" {
  provider          = aws.central
  backup_vault_name = aws_backup_vault.central.name

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = "arn:aws:iam::111111111111:root" }, Action = "backup:CopyIntoBackupVault", Resource = "*" }]
  })
}
"#,
    ),
    (
        "plan.tf",
        r#"resource "aws_backup_vault" "local" {
  name = "local"
}

resource "aws_backup_plan" "daily" {
  name = "daily"

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.local.name

    lifecycle {
      delete_after = 35
    }

    copy_action {
      destination_vault_arn = "arn:aws:backup:eu-central-1:222222222222:backup-vault:central"
    }
  }
}

resource "aws_backup_selection" "daily" {
  name         = "daily"
  plan_id      = aws_backup_plan.daily.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  resources    = [aws_db_instance.orders.arn]
}
"#,
    ),
];

/// One file of it written otherwise (empty: left out), and what stands in a file after `fix --unsafe`.
const OTHERWISE: &[(&str, &[(&str, &str)], &[(&str, &str)])] = &[
    (
        "a policy for each vault",
        &[
            (
                "vault.tf",
                r#"resource "aws_kms_key" "central" {
  provider = aws.central
}

resource "aws_backup_vault" "central" {
  for_each    = toset(["central", "other"])
  provider    = aws.central
  name        = each.key
  kms_key_arn = aws_kms_key.central.arn
}
"#,
            ),
            ("policy.tf", r#""#),
        ],
        &[(
            "vault.tf",
            r#"  for_each = aws_backup_vault.central

  provider          = aws.central
  backup_vault_name = each.value.name
"#,
        )],
    ),
    (
        "a policy for counted vaults",
        &[
            (
                "vault.tf",
                r#"resource "aws_kms_key" "central" {
  provider = aws.central
}

resource "aws_backup_vault" "central" {
  count       = 1
  provider    = aws.central
  name        = "central"
  kms_key_arn = aws_kms_key.central.arn
}
"#,
            ),
            ("policy.tf", r#""#),
        ],
        &[(
            "vault.tf",
            r#"  count = length(aws_backup_vault.central)

  provider          = aws.central
  backup_vault_name = aws_backup_vault.central[count.index].name
"#,
        )],
    ),
    (
        "statements that a `for` makes",
        &[(
            "policy.tf",
            r#"resource "aws_backup_vault_policy" "central" {
  provider          = aws.central
  backup_vault_name = aws_backup_vault.central.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for account in ["333333333333", "444444444444"] : {
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${account}:root" }
      Action    = "backup:CopyIntoBackupVault"
      Resource  = "*"
    }]
  })
}
"#,
        )],
        &[
            (
                "policy.tf",
                r#"concat([for account in ["333333333333", "444444444444"] : {
"#,
            ),
            (
                "policy.tf",
                r#"      }], [{
      Sid       = "AllowCopies"
"#,
            ),
        ],
    ),
    (
        "statements that a `dynamic` block makes",
        &[(
            "policy.tf",
            r#"data "aws_iam_policy_document" "central" {
  dynamic "statement" {
    for_each = ["333333333333", "444444444444"]

    content {
      actions   = ["backup:CopyIntoBackupVault"]
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = ["arn:aws:iam::${statement.value}:root"]
      }
    }
  }
}

resource "aws_backup_vault_policy" "central" {
  provider          = aws.central
  backup_vault_name = aws_backup_vault.central.name
  policy            = data.aws_iam_policy_document.central.json
}
"#,
        )],
        &[(
            "policy.tf",
            r#"    }
  }

  statement {
    sid       = "AllowCopies"
"#,
        )],
    ),
    (
        "a list of accounts with comments",
        &[(
            "policy.tf",
            r#"data "aws_iam_policy_document" "central" {
  statement {
    actions   = ["backup:CopyIntoBackupVault"]
    resources = ["*"]

    principals {
      type = "AWS"
      identifiers = [
        "arn:aws:iam::444444444444:root", # staging
        "arn:aws:iam::333333333333:root" # test
      ]
    }
  }
}

resource "aws_backup_vault_policy" "central" {
  provider          = aws.central
  backup_vault_name = aws_backup_vault.central.name
  policy            = data.aws_iam_policy_document.central.json
}
"#,
        )],
        &[(
            "policy.tf",
            r#"        "arn:aws:iam::333333333333:root", # test
        "arn:aws:iam::111111111111:root"
      ]
"#,
        )],
    ),
    (
        "one account by its id",
        &[(
            "policy.tf",
            r#"resource "aws_backup_vault_policy" "central" {
  provider          = aws.central
  backup_vault_name = aws_backup_vault.central.name

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = "333333333333" }, Action = "backup:CopyIntoBackupVault", Resource = "*" }]
  })
}
"#,
        )],
        &[("policy.tf", r#"{ AWS = ["333333333333", "111111111111"] }"#)],
    ),
    (
        "accounts in a condition",
        &[(
            "policy.tf",
            r#"resource "aws_backup_vault_policy" "central" {
  provider          = aws.central
  backup_vault_name = aws_backup_vault.central.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = "*"
        Action    = "backup:CopyIntoBackupVault"
        Resource  = "*"
        Condition = {
          StringEquals = {
            "aws:PrincipalAccount" = [
              "333333333333",
              "444444444444",
            ]
          }
        }
      }
    ]
  })
}
"#,
        )],
        &[(
            "policy.tf",
            r#"              "444444444444",
              "111111111111",
"#,
        )],
    ),
    (
        "a key that another account uses",
        &[(
            "key.tf",
            r#"resource "aws_kms_key" "data" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Principal = { AWS = "arn:aws:iam::111111111111:root" }, Action = "kms:*", Resource = "*" },
      { Effect = "Allow", Principal = { AWS = ["arn:aws:iam::333333333333:root"] }, Action = ["kms:DescribeKey"], Resource = "*" },
      {
        Effect    = "Allow"
        Principal = { AWS = ["arn:aws:iam::333333333333:root"] }
        Action    = ["kms:CreateGrant", "kms:ListGrants"]
        Resource  = "*"
        Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
      },
    ]
  })
}
"#,
        )],
        &[(
            "key.tf",
            r#"["arn:aws:iam::333333333333:root", "arn:aws:iam::222222222222:root"] }, Action = ["kms:DescribeKey"]"#,
        )],
    ),
    (
        "statements that lack an action",
        &[(
            "key.tf",
            r#"resource "aws_kms_key" "data" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Principal = { AWS = "arn:aws:iam::111111111111:root" }, Action = "kms:*", Resource = "*" },
      { Effect = "Allow", Principal = { AWS = ["arn:aws:iam::222222222222:root"] }, Action = "kms:Decrypt", Resource = "*" },
      {
        Effect    = "Allow"
        Principal = { AWS = ["arn:aws:iam::222222222222:root"] }
        Action    = ["kms:ListGrants"]
        Resource  = "*"
        Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
      },
    ]
  })
}
"#,
        )],
        &[
            ("key.tf", r#"Action = ["kms:Decrypt", "kms:DescribeKey"]"#),
            ("key.tf", r#"["kms:ListGrants", "kms:CreateGrant"]"#),
        ],
    ),
    (
        "a copy without a retention",
        &[(
            "lock.tf",
            r#"resource "aws_backup_vault_lock_configuration" "central" {
  provider           = aws.central
  backup_vault_name  = aws_backup_vault.central.name
  min_retention_days = 90
}
"#,
        )],
        &[(
            "plan.tf",
            r#"vault:central"

      lifecycle {
        delete_after = 90
      }
"#,
        )],
    ),
    (
        "too short in cold storage",
        &[(
            "plan.tf",
            r#"resource "aws_backup_vault" "local" {
  name = "local"
}

resource "aws_backup_plan" "daily" {
  name = "daily"

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.local.name

    lifecycle {
      delete_after = 35
    }

    copy_action {
      destination_vault_arn = "arn:aws:backup:eu-central-1:222222222222:backup-vault:central"

      lifecycle {
        cold_storage_after = 30
        delete_after       = 60
      }
    }
  }
}

resource "aws_backup_selection" "daily" {
  name         = "daily"
  plan_id      = aws_backup_plan.daily.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  resources    = [aws_db_instance.orders.arn]
}
"#,
        )],
        &[(
            "plan.tf",
            r#"        delete_after       = 120
"#,
        )],
    ),
    (
        "a vault's name misspelt",
        &[(
            "plan.tf",
            r#"resource "aws_backup_vault" "local" {
  name = "local"
}

resource "aws_backup_plan" "daily" {
  name = "daily"

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.local.name

    lifecycle {
      delete_after = 35
    }

    copy_action {
      destination_vault_arn = "arn:aws:backup:eu-central-1:222222222222:backup-vault:centrl"
    }
  }
}

resource "aws_backup_selection" "daily" {
  name         = "daily"
  plan_id      = aws_backup_plan.daily.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  resources    = [aws_db_instance.orders.arn]
}
"#,
        )],
        &[(
            "plan.tf",
            r#"backup-vault:central"
"#,
        )],
    ),
    (
        "an action with a wildcard",
        &[(
            "policy.tf",
            r#"resource "aws_backup_vault_policy" "central" {
  provider          = aws.central
  backup_vault_name = aws_backup_vault.central.name

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = "arn:aws:iam::111111111111:root" }, Action = "backup:*", Resource = "*" }]
  })
}
"#,
        )],
        &[("policy.tf", r#"Action = "backup:CopyIntoBackupVault""#)],
    ),
];

#[test]
fn what_stands_there_already_is_made_to_say_more() {
    for (name, files, wanted) in OTHERWISE {
        let scratch = tempfile::tempdir().unwrap();
        let dir = scratch.path();
        for (file, text) in ESTATE.iter().chain(*files) {
            std::fs::write(dir.join(file), text).unwrap();
        }
        assert_eq!(report(dir)["summary"]["copies"]["succeeds"], 0, "{name}");
        crossvault(dir, &["fix", "--write", "--unsafe"]);
        for (file, text) in *wanted {
            let mended = std::fs::read_to_string(dir.join(file)).unwrap();
            assert!(mended.contains(text), "{name}: {mended}");
        }
        assert_eq!(report(dir)["summary"]["copies"]["succeeds"], 1, "{name}");
        assert_eq!(crossvault(dir, &["fix", "--unsafe"]).0, "", "{name}: twice");
    }
}

#[test]
fn what_the_code_makes_for_others_too_is_unsafe() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path();
    for (file, text) in ESTATE {
        std::fs::write(dir.join(file), text).unwrap();
    }
    let key = "resource \"aws_kms_key\" \"all\" {\n  for_each = toset([\"data\", \"other\"])\n}\n";
    std::fs::write(dir.join("key.tf"), key).unwrap();
    let data = ESTATE.iter().find(|(file, _)| *file == "data.tf").unwrap().1;
    std::fs::write(dir.join("data.tf"), data.replace("key.data.arn", "key.all[\"data\"].arn")).unwrap();
    let fix = &report(dir)["findings"][0]["fix"];
    assert_eq!(fix["safety"], "unsafe");
    assert!(fix["consequence"].as_str().unwrap().contains("the same code makes 1 more"), "{fix}");
    assert_eq!(crossvault(dir, &["fix"]).0, "");
}

#[test]
fn templates_in_json_are_mended() {
    let template = r#"{
  "Resources": {
    "CentralVault": {
      "Type": "AWS::Backup::BackupVault",
      "Properties": {
        "BackupVaultName": "central"
      }
    }
  }
}
"#;
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path();
    for (file, text) in ESTATE.iter().filter(|(file, _)| !["vault.tf", "policy.tf"].contains(file)) {
        std::fs::write(dir.join(file), text).unwrap();
    }
    std::fs::write(dir.join("vault.json"), template).unwrap();
    let config = "[[deployment]]\npath = \"vault.json\"\naccount = \"222222222222\"\nregion = \"eu-central-1\"\n";
    std::fs::write(dir.join("crossvault.toml"), config).unwrap();
    crossvault(dir, &["fix", "--write", "--unsafe"]);
    let mended: Value = serde_json::from_str(&std::fs::read_to_string(dir.join("vault.json")).unwrap()).unwrap();
    let vault = &mended["Resources"]["CentralVault"]["Properties"];
    assert_eq!(vault["EncryptionKeyArn"]["Fn::GetAtt"][0], "CentralKey", "{mended:#}");
    assert_eq!(vault["AccessPolicy"]["Statement"][0]["Principal"]["AWS"], "arn:aws:iam::111111111111:root");
    assert_eq!(mended["Resources"]["CentralKey"]["Type"], "AWS::KMS::Key");
    assert_eq!(report(dir)["summary"]["copies"]["succeeds"], 1);
}
