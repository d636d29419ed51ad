//! What teams do with the program over time: estates that are shared between repositories, revisions that are compared,
//! a first configuration.

#![allow(clippy::print_stderr, reason = "a test may fail by panicking")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by panicking")]

use serde_json::Value as Json;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "shared/files.rs"]
mod files;

use files::copied;

fn crossvault(dir: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_crossvault")).args(arguments).current_dir(dir).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn write(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Every copy with its verdict and the rules that fail or are open, and every finding with its place.
fn judged(dir: &Path) -> Vec<String> {
    let report: Json = serde_json::from_str(&crossvault(dir, &["check", "--format", "json"]).1).unwrap();
    let own = |text: &Json| text.as_str().unwrap_or("?").replace("estate.json//", "");
    let copies = report["copies"].as_array().unwrap().iter().map(|copy| {
        let checks = copy["checks"].as_array().unwrap().iter();
        let open = checks.filter(|check| matches!(check["outcome"].as_str(), Some("fail" | "undecided")));
        let open: Vec<String> = open.map(|check| format!("{} {}", check["rule"], check["outcome"])).collect();
        let (source, plan, to) = (&copy["source"], &copy["plan"], &copy["destination"]);
        format!(
            "{} {} by {} {} to {} {}: {} {open:?}",
            own(&source["unit"]),
            source["address"],
            own(&plan["unit"]),
            plan["address"],
            own(&to["unit"]),
            to["arn"],
            copy["verdict"]
        )
    });
    let findings = report["findings"].as_array().unwrap().iter().map(|finding| {
        let at = &finding["location"];
        format!("{} at {}:{}: {}", finding["rule"], at["file"], at["line"], finding["message"])
    });
    let mut all: Vec<String> = copies.chain(findings).collect();
    all.sort();
    all
}

/// Cases of several units: whichever of them is exported elsewhere, the others are judged as if it were here.
#[test]
fn an_exported_unit_counts_as_if_its_code_were_here() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let mut number = 0;
    for name in [
        "a-key-found-by-its-alias-in-another-root",
        "a-key-read-from-a-parameter-of-another-root",
        "a-key-read-from-the-state-of-another-root",
        "a-literal-key-is-known-from-the-state-of-its-code",
        "an-estate-of-two-accounts-in-two-languages",
        "rds-cannot-be-copied-into-a-vault-under-aws-backup-two-roots",
        "rds-under-a-shared-customer-key-can-leave-the-account-two-roots",
        "rds-under-an-unshared-customer-key-cannot-leave-the-account-two-roots",
        "rds-under-the-aws-managed-key-cannot-leave-the-account-two-roots",
    ] {
        let whole = judged(&cases.join(name));
        assert!(!whole.is_empty(), "{name}");
        // The unit that makes the copies stays: findings are told where the copies are.
        for unit in ["central", "keys"] {
            if !cases.join(name).join(unit).is_dir() {
                continue;
            }
            let dir = tempfile::tempdir().unwrap();
            copied(&cases.join(name), dir.path());
            let export =
                |to: &str| assert_eq!(crossvault(dir.path(), &["export", unit, "--output", to]).0, 0, "{name}");
            export("estate.json");
            export("again.txt");
            let text = std::fs::read_to_string(dir.path().join("estate.json")).unwrap();
            assert_eq!(text, std::fs::read_to_string(dir.path().join("again.txt")).unwrap(), "{name}");
            assert!(!text.contains("username"), "what no verdict needs is left out");
            std::fs::remove_dir_all(dir.path().join(unit)).unwrap();
            assert_eq!(judged(dir.path()), whole, "{name} without {unit}");
            number += 1;
        }
    }
    assert!(number > 9, "{number}");
}

const PLATFORM: &str = r#"
provider "aws" {
  region              = "eu-west-1"
  allowed_account_ids = ["222222222222"]
}
terraform {
  backend "s3" {
    bucket     = "states"
    key        = "platform.tfstate"
    region     = "eu-west-1"
    access_key = "AKIAEXAMPLE"
  }
}
variable "password" {
  default   = "hunter2"
  sensitive = true
}
resource "aws_kms_key" "central" {}
resource "aws_backup_vault" "central" {
  name        = "central"
  kms_key_arn = aws_kms_key.central.arn
}
output "vault" {
  value = { arn = aws_backup_vault.central.arn, name = aws_backup_vault.central.name, note = "postgres://u:hunter2@h" }
}
output "password" {
  value     = var.password
  sensitive = true
}
resource "aws_ssm_parameter" "password" {
  name  = "/password"
  type  = "SecureString"
  value = "hunter2"
}
"#;

#[test]
fn an_export_holds_no_secret() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "main.tf", PLATFORM);
    let (code, text, _) = crossvault(dir.path(), &["export"]);
    assert_eq!(code, 0);
    assert!(text.contains("platform.tfstate") && text.contains("\"central\""), "{text}");
    assert!(!text.contains("hunter2") && !text.contains("AKIA"), "{text}");
}

#[test]
fn exports_of_stacks_and_outputs_of_states_are_carried() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "platform/main.tf", PLATFORM);
    write(
        dir.path(),
        "platform/vault.yaml",
        "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  Vault:\n    Type: AWS::Backup::BackupVault\n    Properties:\n      BackupVaultName: archive\nOutputs:\n  Vault:\n    Value: !GetAtt Vault.BackupVaultArn\n    Export: {Name: archive-vault}\n",
    );
    let account = ["--account", "vault.yaml=222222222222", "--region", "vault.yaml=eu-west-1"];
    let platform = dir.path().join("platform");
    let arguments: Vec<&str> = ["export", "--output", "../app/estate.json"].into_iter().chain(account).collect();
    std::fs::create_dir(dir.path().join("app")).unwrap();
    assert_eq!(crossvault(&platform, &arguments).0, 0);
    write(
        dir.path(),
        "app/main.tf",
        "provider \"aws\" {\n  region = \"eu-west-1\"\n  allowed_account_ids = [\"111111111111\"]\n}\ndata \"terraform_remote_state\" \"platform\" {\n  backend = \"s3\"\n  config  = { bucket = \"states\", key = \"platform.tfstate\", region = \"eu-west-1\" }\n}\nlocals {\n  vault = data.terraform_remote_state.platform.outputs.vault\n}\nresource \"aws_dynamodb_table\" \"t\" {\n  name = local.vault.name\n  hash_key = local.vault.arn\n  range_key = local.vault.note\n  tags = { none = data.terraform_remote_state.platform.outputs.none }\n}\n",
    );
    write(
        dir.path(),
        "app/app.yaml",
        "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  Bucket:\n    Type: AWS::S3::Bucket\n    Properties:\n      BucketName: !ImportValue archive-vault\n",
    );
    let account = ["--account", "app.yaml=222222222222", "--region", "app.yaml=eu-west-1"];
    let arguments: Vec<&str> = ["inspect", "--format", "json"].into_iter().chain(account).collect();
    let found: Json = serde_json::from_str(&crossvault(&dir.path().join("app"), &arguments).1).unwrap();
    let resource = |kind: &str| {
        let units = found["units"].as_array().unwrap().iter();
        let mut all = units.flat_map(|unit| unit["resources"].as_array().unwrap());
        all.find(|resource| resource["type"] == kind).unwrap().clone()
    };
    let table = resource("aws_dynamodb_table");
    assert_eq!(table["values"]["name"], "central");
    assert!(table["values"]["hash_key"].to_string().contains("backup-vault:central"), "{table}");
    assert!(table["unknown"]["range_key"].as_str().unwrap().contains("was not exported"), "{table}");
    assert!(table["unknown"].to_string().contains("has no output `none`"), "{table}");
    let bucket = resource("AWS::S3::Bucket");
    assert!(bucket.to_string().contains("backup-vault:archive"), "{bucket}");
}

#[test]
fn an_export_that_cannot_be_read_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "main.tf", PLATFORM);
    let text = crossvault(dir.path(), &["export"]).1;
    std::fs::remove_file(dir.path().join("main.tf")).unwrap();
    let newer = text.replace("\"crossvault_estate\": 1", "\"crossvault_estate\": 2").replace("\"0.1.0\"", "\"9.0.0\"");
    for (text, expected) in [
        (newer, "the estate was exported by crossvault 9.0.0 in schema version 2, and this program"),
        (text.chars().take(300).collect(), "the exported estate cannot be read"),
    ] {
        write(dir.path(), "estate.json", &text);
        let (code, _, err) = crossvault(dir.path(), &["copies", "estate.json"]);
        assert_eq!(code, 2, "{err}");
        assert!(err.contains("estate.json:1:1: error: ") && err.contains(expected), "{err}");
    }
    write(dir.path(), "main.tf", "resource {");
    let (code, out, err) = crossvault(dir.path(), &["export", "main.tf"]);
    assert_eq!((code, out.as_str()), (2, ""), "half an estate is none");
    assert!(err.contains("nothing was exported"), "{err}");
}

/// A scratch repository; `None` where there is no git.
struct Repository {
    dir: tempfile::TempDir,
    git: PathBuf,
}

impl Repository {
    fn new() -> Option<Self> {
        let git = PathBuf::from(std::env::var_os("GIT").unwrap_or_else(|| "git".into()));
        let repository = Self { dir: tempfile::tempdir().unwrap(), git };
        if Command::new(&repository.git).arg("--version").output().is_err() {
            eprintln!("\n*** NOT TESTED: crossvault diff. There is no git; install it, or name it in GIT. ***\n");
            return None;
        }
        repository.git(&["init", "--quiet", "--initial-branch", "main"]);
        Some(repository)
    }

    fn git(&self, arguments: &[&str]) {
        let own = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
        let mut command = Command::new(&self.git);
        command.args(own).args(arguments).current_dir(self.dir.path()).env("GIT_CONFIG_GLOBAL", "/dev/null");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }
}

/// Tables that are copied, each by its own root module; `broken` is kept longer than its vault allows.
fn fifty(repository: &Repository, broken: Option<usize>) {
    write(
        repository.dir.path(),
        "central/main.tf",
        r#"provider "aws" {
  region              = "eu-west-1"
  allowed_account_ids = ["222222222222"]
}
resource "aws_kms_key" "k" {}
resource "aws_backup_vault" "v" {
  name        = "central"
  kms_key_arn = aws_kms_key.k.arn
}
resource "aws_backup_vault_lock_configuration" "v" {
  backup_vault_name  = aws_backup_vault.v.name
  max_retention_days = 90
}
resource "aws_backup_vault_policy" "v" {
  backup_vault_name = aws_backup_vault.v.name
  policy = jsonencode({
    Statement = [{ Effect = "Allow", Principal = { AWS = "arn:aws:iam::111111111111:root" }, Action = "backup:CopyIntoBackupVault", Resource = "*" }]
  })
}
"#,
    );
    for unit in 0..10 {
        let mut text = String::from(
            "provider \"aws\" {\n  region = \"eu-west-1\"\n  allowed_account_ids = [\"111111111111\"]\n}\nresource \"aws_kms_key\" \"k\" {}\nresource \"aws_backup_vault\" \"local\" {\n  name = \"local\"\n}\n",
        );
        for at in unit * 5..unit * 5 + 5 {
            let days = if broken == Some(at) { 400 } else { 30 };
            let _ = write!(
                text,
                r#"resource "aws_dynamodb_table" "t{at}" {{
  name = "t{at}"
  server_side_encryption {{
    enabled     = true
    kms_key_arn = aws_kms_key.k.arn
  }}
}}
resource "aws_backup_plan" "p{at}" {{
  name = "p{at}"
  rule {{
    rule_name         = "r"
    target_vault_name = aws_backup_vault.local.name
    copy_action {{
      destination_vault_arn = "arn:aws:backup:eu-west-1:222222222222:backup-vault:central"
      lifecycle {{
        delete_after = {days}
      }}
    }}
  }}
}}
resource "aws_backup_selection" "s{at}" {{
  name         = "s{at}"
  plan_id      = aws_backup_plan.p{at}.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  resources    = [aws_dynamodb_table.t{at}.arn]
}}
"#
            );
        }
        write(repository.dir.path(), &format!("app{unit}/main.tf"), &text);
    }
}

/// Code hosts and test reports get the one copy that changed, and nothing of the other 49. `UPDATE_EXPECT=1` writes the
/// texts for people anew.
fn each_format_tells_of_that_one(dir: &Path) {
    let diff = |format: &str| {
        let (code, out, err) = crossvault(dir, &["diff", "main", "branch", "--format", format]);
        assert_eq!((code, err.as_str()), (1, ""), "{out}");
        out
    };
    for (name, format) in [("diff.txt", "full"), ("diff.md", "markdown"), ("diff-concise.txt", "concise")] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/formats").join(name);
        let found = diff(format);
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&path, found).unwrap();
        } else {
            assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), found, "{name}");
        }
    }
    let sarif: Json = serde_json::from_str(&diff("sarif")).unwrap();
    let run = &sarif["runs"][0];
    assert_eq!(run["automationDetails"]["id"], "crossvault-diff/");
    assert_eq!(run["results"].as_array().unwrap().len(), 1);
    assert_eq!(run["results"][0]["ruleId"], "retention-outside-vault-lock");
    let quality: Json = serde_json::from_str(&diff("gitlab")).unwrap();
    assert_eq!(quality.as_array().unwrap().len(), 1);
    assert_eq!(quality[0]["location"]["path"], "app3/main.tf");
    let junit = diff("junit");
    assert!(junit.contains("tests=\"1\" failures=\"1\"") && junit.contains("kept for 400 days"), "{junit}");
    let github = diff("github");
    assert!(github.starts_with("::error file=app3/main.tf,line="), "{github}");
    assert!(github.ends_with("::main to branch: 1 broken; 49 copies unchanged\n"), "{github}");
    assert!([&junit, &github].iter().all(|text| !text.contains("t16")), "{junit}{github}");
    let page = diff("html");
    let (_, data) = page.split_once("<script id=\"data\" type=\"application/json\">").unwrap();
    let data: Json = serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap();
    assert_eq!(data["copies"].as_array().unwrap().len(), 1);
}

#[test]
fn a_branch_that_breaks_one_copy_of_fifty_is_told_of_that_one() {
    let Some(repository) = Repository::new() else { return };
    let dir = repository.dir.path();
    fifty(&repository, None);
    repository.commit("base");
    repository.git(&["switch", "--quiet", "--create", "branch"]);
    fifty(&repository, Some(17));
    repository.commit("keep longer");
    let (code, out, err) = crossvault(dir, &["diff", "main", "branch"]);
    assert_eq!(code, 1, "{out}{err}");
    assert_eq!(out.matches("\nbroken ").count(), 1, "{out}");
    assert!(out.contains("succeeds -> fails  aws_dynamodb_table.t17"), "{out}");
    assert!(out.contains("error[retention-outside-vault-lock]") && out.contains("kept for 400 days"), "{out}");
    assert!(out.ends_with("main to branch: 1 broken; 49 copies unchanged\n"), "{out}");
    // The same from a subdirectory, of which only what lies below counts, and against the working tree.
    let (code, out, _) =
        crossvault(&dir.join("app3"), &["diff", "main", "--format", "concise", "--", ".", "../central"]);
    assert_eq!((code, out.lines().count()), (1, 1), "{out}");
    assert!(out.starts_with("broken: succeeds -> fails: aws_dynamodb_table.t17 "), "{out}");
    let (code, out, _) =
        crossvault(&dir.join("app3"), &["diff", "main", "--format", "github", "--", ".", "../central"]);
    assert_eq!(code, 1);
    assert!(out.starts_with("::error file=app3/main.tf,line="), "{out}");
    assert_eq!(crossvault(&dir.join("app4"), &["diff", "main", "--", ".", "../central"]).0, 0);
    each_format_tells_of_that_one(dir);
    // Nothing that matters changed; the checkout and the index are as they were.
    write(dir, "notes.md", "unrelated\n");
    repository.commit("notes");
    let (code, out, _) = crossvault(dir, &["diff", "branch~1", "branch"]);
    assert_eq!((code, out.as_str()), (0, "branch~1 to branch: no copy changes its verdict; 50 copies unchanged\n"));
    let (code, out, _) = crossvault(dir, &["diff", "branch", "main", "--format", "json"]);
    let report: Json = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &report["summary"]["mended"], &report["summary"]["unchanged"]), (0, &1.into(), &49.into()));
    // A pull request is judged from where it left its target.
    repository.git(&["switch", "--quiet", "main"]);
    fifty(&repository, Some(3));
    repository.commit("another one");
    let (code, out, _) = crossvault(dir, &["diff", "main", "branch", "--merge-base", "--format", "concise"]);
    assert_eq!((code, out.lines().count()), (1, 1), "{out}");
    assert_eq!(crossvault(dir, &["diff", "main", "branch", "--format", "concise"]).1.lines().count(), 2);
    for arguments in [["diff", "no-such-branch"], ["diff", "--output=/tmp/x"]] {
        assert_eq!(crossvault(dir, &arguments).0, 2);
    }
}

#[test]
fn a_first_configuration_names_what_is_missing_first() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        "app/main.tf",
        "provider \"aws\" {\n  region = \"eu-west-1\"\n}\nresource \"aws_backup_vault\" \"v\" {\n  name = \"v\"\n}\n",
    );
    write(dir.path(), "platform/main.tf", PLATFORM);
    let (code, out, err) = crossvault(dir.path(), &["init"]);
    assert_eq!(code, 0, "{err}");
    for snippet in ["- id: crossvault", "uses: actions/checkout@", "codequality: "] {
        assert!(out.contains(snippet), "{out}");
    }
    let path = dir.path().join("crossvault.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let missing = text.find("# path = \"app\"\n# account = \"…\"").unwrap_or_else(|| panic!("{text}"));
    assert!(missing < text.find("222222222222").unwrap(), "{text}");
    assert_eq!(crossvault(dir.path(), &["check"]).0, 0, "it can be read");
    // Filled in, it counts.
    let filled: String = text
        .lines()
        .map(|line| {
            format!(
                "{}\n",
                if line.starts_with("# [[depl") || line.starts_with("# path = \"app") || line.starts_with("# account =")
                {
                    line.trim_start_matches("# ")
                } else {
                    line
                }
            )
        })
        .collect();
    std::fs::write(&path, filled.replace('…', "111111111111")).unwrap();
    let found: Json = serde_json::from_str(&crossvault(dir.path(), &["inspect", "--format", "json"]).1).unwrap();
    assert_eq!(found["units"][0]["account"], "111111111111", "{found}");
    // What is there is kept.
    let (code, _, err) = crossvault(dir.path(), &["init"]);
    assert_eq!(code, 2);
    assert!(err.contains("crossvault.toml is there already"), "{err}");
    assert_eq!(crossvault(dir.path(), &["init", "--force"]).0, 0);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}
