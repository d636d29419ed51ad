//! The commands from outside: exit codes, bad input, bad flags.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::Path;
use std::process::{Command, Output};

fn crossvault(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_crossvault")).args(arguments).current_dir(dir).output().unwrap()
}

/// A directory with these files.
fn files(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

/// Runs `check` and gives the exit code and what was printed.
fn check(dir: &Path, arguments: &[&str]) -> (i32, String) {
    let arguments: Vec<&str> = ["check"].into_iter().chain(arguments.iter().copied()).collect();
    let output = crossvault(dir, &arguments);
    (
        output.status.code().unwrap(),
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)),
    )
}

const BROKEN: &str = "resource \"aws_backup_vault\" \"v\" {\n  name = \"x\"\n\nresource \"aws_s3_bucket\" \"b\" {\n  bucket = \"b\"\n}\n";
const PLAN: &str = r#"
provider "aws" {
  region              = "eu-west-1"
  allowed_account_ids = ["111111111111"]
}
resource "aws_dynamodb_table" "t" {
  name = "t"
}
resource "aws_backup_plan" "p" {
  name = "p"
  rule {
    rule_name         = "r"
    target_vault_name = "v"
    copy_action {
      destination_vault_arn = "arn:aws:backup:eu-west-1:222222222222:backup-vault:central"
    }
  }
}
resource "aws_backup_selection" "s" {
  name         = "s"
  plan_id      = aws_backup_plan.p.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  resources    = [aws_dynamodb_table.t.arn]
}
"#;

#[test]
fn a_malformed_file_is_told_with_its_place_and_the_rest_is_judged() {
    let dir = files(&[("broken/main.tf", BROKEN), ("good/main.tf", PLAN)]);
    let (code, text) = check(dir.path(), &["--format", "concise"]);
    assert_eq!(code, 2);
    assert!(
        text.contains("broken/main.tf:4:1: error: expected `}` to close the block opened at broken/main.tf:1"),
        "{text}"
    );
    assert!(text.contains("good/main.tf:15:7: undecided[destination-vault-access-missing]"), "{text}");
}

#[test]
fn a_malformed_template_is_told_with_its_place() {
    let dir = files(&[("t.yaml", "Resources:\n  A:\n    Type: AWS::S3::Bucket\n   Bad: [\n")]);
    let (code, text) = check(dir.path(), &["--format", "concise"]);
    assert_eq!(code, 2);
    assert!(text.starts_with("t.yaml:4:4: error: the template cannot be read"), "{text}");
}

#[test]
fn nothing_to_read_is_an_error() {
    let dir = files(&[("notes.txt", "")]);
    assert_eq!(check(dir.path(), &[]).0, 2);
    let (code, text) = check(dir.path(), &["missing"]);
    assert_eq!(code, 2);
    assert!(text.contains("missing: no such file"), "{text}");
}

#[test]
fn an_empty_file_is_fine() {
    let dir = files(&[("main.tf", "")]);
    let (code, text) = check(dir.path(), &[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("no AWS Backup copies are planned in 1 unit"), "{text}");
}

#[test]
fn a_known_vault_without_an_arn_is_told_and_shifts_nothing() {
    let vaults = "[[known.vault]]\narn = \"central\"\n[[known.vault]]\narn = \"arn:aws:backup:eu-west-1:222222222222:backup-vault:central\"\npolicy_file = \"policy.json\"\n";
    let policy = "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"backup:CopyIntoBackupVault\", \"Resource\": \"*\"}]}";
    let code = r#"
        provider "aws" {
          region              = "eu-west-1"
          allowed_account_ids = ["111111111111"]
        }
        resource "aws_efs_file_system" "files" {}
        resource "aws_backup_vault" "local" { name = "local" }
        resource "aws_backup_plan" "daily" {
          name = "daily"
          rule {
            rule_name         = "daily"
            target_vault_name = aws_backup_vault.local.name
            copy_action { destination_vault_arn = "arn:aws:backup:eu-west-1:222222222222:backup-vault:central" }
          }
        }
        resource "aws_backup_selection" "daily" {
          name         = "daily"
          plan_id      = aws_backup_plan.daily.id
          iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
          resources    = [aws_efs_file_system.files.arn]
        }
    "#;
    let dir = files(&[("main.tf", code), ("crossvault.toml", vaults), ("policy.json", policy)]);
    let (code, text) = check(dir.path(), &["--format", "concise"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("crossvault.toml:1:1: error: `central` is not the ARN of a backup vault"), "{text}");
    assert!(!text.contains("access policy is not known"), "the second vault keeps its policy: {text}");
}

#[test]
fn an_unknown_key_names_the_nearest_one() {
    let dir = files(&[("main.tf", ""), ("crossvault.toml", "[accountz]\nx = \"1\"\n")]);
    let (code, text) = check(dir.path(), &["--format", "concise"]);
    assert_eq!(code, 2);
    assert!(text.contains("crossvault.toml:1:2: error: unknown key `accountz`; did you mean `accounts`?"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_loop_of_links_ends_with_a_diagnostic() {
    let dir = files(&[("root/main.tf", PLAN)]);
    std::os::unix::fs::symlink("..", dir.path().join("root/up")).unwrap();
    let (code, text) = check(dir.path(), &[]);
    assert_eq!(code, 2);
    assert!(text.contains("symbolic links form a loop"), "{text}");
    assert!(text.contains("1 copy: 0 fail, 1 undecided"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_repository_is_not_followed() {
    let outside = files(&[("secret.tf", PLAN)]);
    let dir = files(&[("main.tf", "")]);
    std::os::unix::fs::symlink(outside.path().join("secret.tf"), dir.path().join("link.tf")).unwrap();
    let (code, text) = check(dir.path(), &[]);
    assert_eq!(code, 2);
    assert!(text.contains("outside the repository"), "{text}");
}

#[test]
fn exit_codes_follow_the_findings() {
    let off = format!(
        "{PLAN}resource \"aws_backup_global_settings\" \"g\" {{\n  global_settings = {{ isCrossAccountBackupEnabled = \"false\" }}\n}}\n"
    );
    let failing = files(&[("main.tf", &off)]);
    assert_eq!(check(failing.path(), &[]).0, 1);
    assert_eq!(check(failing.path(), &["--fail-on", "never"]).0, 0);
    assert_eq!(check(failing.path(), &["--ignore", "cross-account-backup-disabled"]).0, 0);
    let open = files(&[("main.tf", PLAN)]);
    assert_eq!(check(open.path(), &[]).0, 0);
    assert_eq!(check(open.path(), &["--strict"]).0, 1);
}

#[test]
fn bad_arguments_are_exit_code_2() {
    let dir = files(&[("main.tf", PLAN)]);
    assert_eq!(check(dir.path(), &["--no-such-flag"]).0, 2);
    assert_eq!(check(dir.path(), &["--select", "no-such-rule"]).0, 2);
    assert_eq!(crossvault(dir.path(), &["explain", "no-such-rule"]).status.code(), Some(2));
    assert_eq!(crossvault(dir.path(), &["copies", "--id", "ffff"]).status.code(), Some(2));
}

#[test]
fn a_copy_is_shown_with_every_check() {
    let dir = files(&[("main.tf", PLAN)]);
    let report: serde_json::Value =
        serde_json::from_slice(&crossvault(dir.path(), &["check", "--format", "json"]).stdout).unwrap();
    let id = report["copies"][0]["id"].as_str().unwrap();
    assert_eq!(id.len(), 16);
    let output = crossvault(dir.path(), &["copies", "--id", id]);
    let text = String::from_utf8(output.stdout).unwrap();
    for rule in ["destination-vault-access-missing", "source-key-aws-managed", "cross-account-backup-disabled"] {
        assert!(text.contains(rule), "{text}");
    }
}

#[test]
fn ids_and_fingerprints_do_not_change_when_lines_move() {
    let keys = |text: &str| {
        let dir = files(&[("main.tf", text)]);
        let report: serde_json::Value =
            serde_json::from_slice(&crossvault(dir.path(), &["check", "--format", "json"]).stdout).unwrap();
        (report["copies"][0]["id"].clone(), report["findings"][0]["fingerprint"].clone())
    };
    assert_eq!(keys(PLAN), keys(&format!("# moved\n\n\n{PLAN}")));
}

#[test]
fn explain_and_rules_come_from_the_pages() {
    let dir = files(&[]);
    let rules = String::from_utf8(crossvault(dir.path(), &["rules"]).stdout).unwrap();
    assert_eq!(rules.lines().count(), crossvault::checks::rule_names().count());
    let page = String::from_utf8(crossvault(dir.path(), &["explain", "source-key-not-shared"]).stdout).unwrap();
    assert!(page.starts_with("# source-key-not-shared"));
}

#[test]
fn policy_questions_are_answered_in_order() {
    use std::io::Write as _;
    let mut child = Command::new(env!("CARGO_BIN_EXE_crossvault"))
        .arg("policy")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let question = r#"{"id": "a", "policy": {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "kms:DescribeKey", "Resource": "*"}]}, "principal": "arn:aws:iam::222222222222:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup", "action": "kms:DescribeKey", "resource": "arn:aws:kms:eu-west-1:111111111111:key/1", "resourceAccount": "111111111111"}"#;
    writeln!(child.stdin.take().unwrap(), "{question}\nnot json").unwrap();
    let output = child.wait_with_output().unwrap();
    let lines: Vec<serde_json::Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines[0]["id"].as_str(), lines[0]["answer"].as_str()), (Some("a"), Some("allowed")));
    assert!(lines[1]["error"].is_string());
    assert_eq!(output.status.code(), Some(2));
}

/// Terraform parses the text of a flag or an environment variable as an expression where a type is declared that is not
/// text, `any` too.
#[test]
fn what_a_flag_gives_is_an_expression_where_a_type_is_declared() {
    let code = "variable \"a\" {\n  type = any\n}\nvariable \"b\" {\n}\nvariable \"c\" {\n  type = string\n}\nresource \"aws_backup_vault\" \"v\" {\n  name = jsonencode([var.a, var.b, var.c])\n}\n";
    let dir = files(&[("main.tf", code)]);
    for (text, said) in [("[1]", r#"[[1],"[1]","[1]"]"#), ("true", r#"[true,"true","true"]"#)] {
        let vars: Vec<String> = ["a", "b", "c"].iter().map(|name| format!("--var={name}={text}")).collect();
        let arguments: Vec<&str> = ["inspect"].into_iter().chain(vars.iter().map(String::as_str)).collect();
        let told = String::from_utf8(crossvault(dir.path(), &arguments).stdout).unwrap();
        assert!(told.replace(['\\', ' '], "").contains(said), "{text}: {told}");
    }
}
