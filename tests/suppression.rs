//! Accepted findings: comments, `[[ignore]]`, baselines, and those of them that have no effect.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by panicking")]

use serde_json::Value as Json;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

const PROVIDERS: &str = r#"
provider "aws" {
  region              = "eu-west-1"
  allowed_account_ids = ["111111111111"]
}
provider "aws" {
  alias               = "central"
  region              = "eu-west-1"
  allowed_account_ids = ["222222222222"]
}
"#;

const CENTRAL: &str = r#"
resource "aws_kms_key" "central" {
  provider = aws.central
}
resource "aws_backup_vault" "central" {
  provider    = aws.central
  name        = "central"
  kms_key_arn = aws_kms_key.central.arn
}
resource "aws_backup_vault_policy" "central" {
  provider          = aws.central
  backup_vault_name = aws_backup_vault.central.name
  policy = jsonencode({
    Statement = [{ Effect = "Allow", Principal = { AWS = "arn:aws:iam::111111111111:root" }, Action = "backup:CopyIntoBackupVault", Resource = "*" }]
  })
}
"#;

const PLAN: &str = r#"
resource "aws_backup_vault" "local" {
  name = "local"
}
resource "aws_backup_plan" "daily" {
  name = "daily"
  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.local.name
    copy_action {
      destination_vault_arn = aws_backup_vault.central.arn
    }
  }
}
resource "aws_backup_selection" "daily" {
  name         = "daily"
  plan_id      = aws_backup_plan.daily.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  selection_tag {
    type  = "STRINGEQUALS"
    key   = "backup"
    value = "daily"
  }
}
"#;

/// A database that is encrypted under the AWS-managed key: its copy fails.
fn database(name: &str) -> String {
    format!(
        "resource \"aws_db_instance\" \"{name}\" {{\n  engine            = \"postgres\"\n  storage_encrypted = true\n  tags              = {{ backup = \"daily\" }}\n}}\n"
    )
}

fn estate(data: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in [("providers.tf", PROVIDERS), ("central.tf", CENTRAL), ("plan.tf", PLAN), ("data.tf", data)] {
        std::fs::write(dir.path().join(path), text).unwrap();
    }
    dir
}

fn command(dir: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_crossvault"))
        .args(arguments)
        .current_dir(dir)
        .env("SOURCE_DATE_EPOCH", "1800000000") // 2027-01-15
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn report(dir: &Path, arguments: &[&str]) -> (i32, Json) {
    let arguments: Vec<&str> = ["check", "--format", "json"].into_iter().chain(arguments.iter().copied()).collect();
    let (code, out, _) = command(dir, &arguments);
    (code, serde_json::from_str(&out).unwrap())
}

/// (rule, kind of suppression, number of copies) of every finding.
fn findings(report: &Json) -> Vec<(String, String, usize)> {
    let all = report["findings"].as_array().unwrap();
    all.iter()
        .map(|finding| {
            let text = |value: &Json| value.as_str().unwrap_or("-").to_owned();
            let kind = text(&finding["suppressed"]["kind"]);
            (text(&finding["rule"]), kind, finding["copies"].as_array().unwrap().len())
        })
        .collect()
}

fn found(rule: &str, kind: &str, copies: usize) -> (String, String, usize) {
    (rule.to_owned(), kind.to_owned(), copies)
}

const RULE: &str = "source-key-aws-managed";
const STALE: &str = "ignore-without-effect";
const COMMENT: &str = "# crossvault: ignore[source-key-aws-managed] moves in March\n";

#[test]
fn a_comment_suppresses_at_every_place_that_the_finding_names() {
    let data = database("a");
    let place = |text: &str, line: &str| {
        let at = text.find(line).unwrap();
        format!("{}{COMMENT}{}", &text[..at], &text[at..])
    };
    let files = [
        ("data.tf", place(&data, "  storage_encrypted")),
        ("data.tf", place(&data, "resource \"aws_db_instance\"")),
        ("data.tf", data.replace("= true", &format!("= true {}", COMMENT.trim_end()))),
        ("data.tf", data.replace("= true", "= true // crossvault: ignore[other-rule, source-key-aws-managed] x")),
        ("data.tf", format!("/* crossvault: ignore[{RULE}] x */\n# another comment\n{data}")),
        ("plan.tf", place(PLAN, "    copy_action")),
        ("plan.tf", place(PLAN, "      destination_vault_arn")),
        ("plan.tf", place(PLAN, "resource \"aws_backup_plan\"")),
        ("central.tf", place(CENTRAL, "resource \"aws_backup_vault\" \"central\"")),
    ];
    for (path, text) in files {
        let dir = estate(&data);
        std::fs::write(dir.path().join(path), &text).unwrap();
        let (code, report) = report(dir.path(), &["--ignore", STALE]);
        assert_eq!(code, 0, "{text}");
        assert_eq!(findings(&report), [found(RULE, "inline", 1)], "{text}");
        assert_eq!(report["copies"][0]["verdict"], "fails");
        let suppressed = &report["findings"][0]["suppressed"];
        assert!(suppressed["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
        assert_eq!(suppressed["location"]["file"], path);
    }
}

#[test]
fn a_comment_at_a_module_call_covers_that_call_alone() {
    let dir = estate("");
    std::fs::create_dir(dir.path().join("m")).unwrap();
    std::fs::write(dir.path().join("m/main.tf"), database("a")).unwrap();
    let calls =
        format!("{COMMENT}module \"one\" {{\n  source = \"./m\"\n}}\nmodule \"two\" {{\n  source = \"./m\"\n}}\n");
    std::fs::write(dir.path().join("data.tf"), calls).unwrap();
    let (code, report) = report(dir.path(), &[]);
    assert_eq!(code, 1);
    assert_eq!(findings(&report), [found(RULE, "-", 1), found(RULE, "inline", 1)]);
    assert!(report["findings"][0]["message"].as_str().unwrap().contains("module.two"));
}

#[test]
fn a_comment_in_a_template_suppresses() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata/cases/rds-under-the-aws-managed-key-cannot-leave-the-account-cloudformation");
    let dir = tempfile::tempdir().unwrap();
    for file in ["central.yaml", "workload.yaml", "crossvault.toml"] {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        let text =
            text.replace("# error: [source-key-aws-managed]", "# crossvault: ignore[source-key-aws-managed] old");
        std::fs::write(dir.path().join(file), text).unwrap();
    }
    let (code, report) = report(dir.path(), &[]);
    let found_all = vec![found("source-vault-key-not-shared", "-", 1), found(RULE, "inline", 1)];
    assert_eq!((code, findings(&report)), (0, found_all));
}

#[test]
fn other_text_and_other_lines_suppress_nothing() {
    let data = database("a");
    for text in [
        format!("locals {{\n  x = \"{}\"\n}}\n{data}", COMMENT.trim_end()),
        format!("locals {{\n  x = <<EOT\n{COMMENT}EOT\n}}\n{data}"),
    ] {
        let dir = estate(&text);
        assert_eq!(findings(&report(dir.path(), &[]).1), [found(RULE, "-", 1)], "{text}");
    }
    let dir = estate(&format!("{COMMENT}\n{data}"));
    assert_eq!(findings(&report(dir.path(), &[]).1), [found(RULE, "-", 1), found(STALE, "-", 0)]);
}

#[test]
fn ignores_without_effect_are_told_and_removed() {
    let data = format!(
        "# crossvault: ignore[source-unencrypted] not so\n{}# crossvault: ignore[source-key-aws-managed, copy-unsupported] kept\n{}locals {{\n  a = 1 # crossvault: ignore[source-key-aws-manged] misspelt\n}}\n{}",
        database("a").replace("= true", "= true # crossvault: ignore[source-key-aws-managed]"),
        database("b"),
        database("c"),
    );
    let dir = estate(&data);
    let config = "[[ignore]]\nrule = \"source-key-aws-managed\"\naddress = \"aws_db_instance.c\"\nreason = \"till spring\"\nexpires = 2027-01-14\n\n# this one holds\n[[ignore]]\nrule = \"source-key-aws-managed\"\npath = \"data.tf\"\naddress = \"aws_db_instance.c\"\nreason = \"till summer\"\nexpires = 2027-01-15\n";
    std::fs::write(dir.path().join("crossvault.toml"), config).unwrap();
    let (code, text, _) = command(dir.path(), &["check", "--format", "concise"]);
    assert_eq!(code, 1);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 6, "{text}");
    assert!(lines[0].starts_with("data.tf:4:3: error[source-key-aws-managed]"), "{text}");
    for (line, expected) in lines[1..].iter().zip([
        "crossvault.toml:1:1: warning[ignore-without-effect] this ignore of `source-key-aws-managed` expired on 2027-01-14",
        "data.tf:1:22: warning[ignore-without-effect] this ignore of `source-unencrypted` suppresses nothing",
        "data.tf:4:30: warning[ignore-without-effect] this ignore gives no reason, so it has no effect",
        "data.tf:7:46: warning[ignore-without-effect] this ignore of `copy-unsupported` suppresses nothing",
        "data.tf:14:30: warning[ignore-without-effect] there is no rule `source-key-aws-manged`, so this ignore has no effect; did you mean `source-key-aws-managed`?",
    ]) {
        assert!(line.starts_with(expected), "{line}");
    }
    let (code, text, err) = command(dir.path(), &["check", "--format", "concise", "--fix-ignores"]);
    assert_eq!((code, text.lines().count()), (1, 1), "{text}{err}");
    let left = std::fs::read_to_string(dir.path().join("data.tf")).unwrap();
    let expected = format!(
        "{}{}{}{}",
        database("a"),
        format_args!("# crossvault: ignore[source-key-aws-managed] kept\n{}", database("b")),
        "locals {\n  a = 1\n}\n",
        database("c"),
    );
    assert_eq!(left, expected);
    let left = std::fs::read_to_string(dir.path().join("crossvault.toml")).unwrap();
    assert_eq!(left, config[config.find("\n# this one").unwrap()..]);
    let (_, text, _) = command(dir.path(), &["check", "--format", "concise"]);
    assert!(!text.contains(STALE), "{text}");
}

#[test]
fn an_ignore_is_left_alone_where_it_cannot_be_judged() {
    let dir = estate(&format!("# crossvault: ignore[source-unencrypted] not so\n{}", database("a")));
    let of = |arguments: &[&str]| findings(&report(dir.path(), arguments).1);
    assert_eq!(of(&["--select", &format!("{RULE},{STALE}")]), [found(RULE, "-", 1)]);
    assert_eq!(of(&["--ignore", STALE]), [found(RULE, "-", 1)]);
    assert_eq!(of(&["--no-ignores"]), [found(RULE, "-", 1)]);
    std::fs::write(dir.path().join("broken.tf"), "resource \"a\" \"b\" {").unwrap();
    assert_eq!(of(&[]), [found(RULE, "-", 1)]);
}

#[test]
fn an_ignore_in_the_configuration_needs_a_rule_and_a_reason() {
    for (text, expected) in [
        ("[[ignore]]\nrule = \"source-key-aws-managed\"\n", "crossvault.toml:1:1: error: missing field `reason`"),
        (
            "[[ignore]]\nrule = \"source-key-aws-managed\"\nreason = \" \"\n",
            "crossvault.toml:3:10: error: an ignore needs a reason",
        ),
        ("[[ignore]]\nrule = \"source-key-aws-manged\"\nreason = \"x\"\n", "did you mean `source-key-aws-managed`?"),
        (
            "[[ignore]]\nrule = \"source-key-aws-managed\"\nreason = \"x\"\npaths = \"y\"\n",
            "unknown key `paths`; did you mean `path`?",
        ),
        ("[[ignore]]\nrule = \"source-key-aws-managed\"\nreason = \"x\"\npath = \"[\"\n", "`[` is no path pattern"),
        ("[[ignore]]\nrule = \"source-key-aws-managed\"\nreason = \"x\"\nexpires = 10:00:00\n", "expected a date"),
    ] {
        let dir = estate(&database("a"));
        std::fs::write(dir.path().join("crossvault.toml"), text).unwrap();
        let (code, out, err) = command(dir.path(), &["check", "--format", "concise"]);
        assert_eq!(code, 2, "{text}{out}");
        assert!(out.contains(expected), "{text}{out}{err}");
    }
}

#[test]
fn a_path_pattern_covers_what_lies_below_it_wherever_the_run_starts() {
    let dir = estate(&database("a"));
    let sub = dir.path().join("live/old");
    std::fs::create_dir_all(&sub).unwrap();
    std::fs::create_dir(dir.path().join(".git")).unwrap();
    for file in ["providers.tf", "central.tf", "plan.tf", "data.tf"] {
        std::fs::rename(dir.path().join(file), sub.join(file)).unwrap();
    }
    let config = "[[ignore]]\nrule = \"source-key-aws-managed\"\npath = \"live/**\"\nreason = \"going away\"\n";
    std::fs::write(dir.path().join("crossvault.toml"), config).unwrap();
    for (at, path) in
        [(dir.path(), "."), (dir.path(), "live/old"), (sub.as_path(), "."), (sub.parent().unwrap(), "old")]
    {
        let (code, report) = report(at, &[path]);
        assert_eq!((code, findings(&report)), (0, vec![found(RULE, "config", 1)]), "{path}");
    }
}

#[test]
fn three_hundred_findings_are_accepted_and_the_next_one_is_shown() {
    let many = |count: usize| {
        (0..count).fold(String::new(), |mut text, at| {
            let _ = writeln!(text, "{}", database(&format!("d{at}")));
            text
        })
    };
    let dir = estate(&many(300));
    let shown = |arguments: &[&str]| {
        let arguments: Vec<&str> =
            ["check", "--format", "concise"].into_iter().chain(arguments.iter().copied()).collect();
        let (code, out, _) = command(dir.path(), &arguments);
        (code, out)
    };
    let (code, out) = shown(&[]);
    assert_eq!((code, out.lines().count()), (1, 300));
    assert_eq!(shown(&["--baseline", "base.json", "--write-baseline"]), (0, String::new()));
    let baseline = std::fs::read_to_string(dir.path().join("base.json")).unwrap();
    assert_eq!(shown(&["--baseline", "base.json"]), (0, String::new()));
    // Lines move, files are renamed, one finding is new.
    std::fs::remove_file(dir.path().join("data.tf")).unwrap();
    std::fs::write(dir.path().join("stores.tf"), format!("# moved\n\n\n{}", many(300))).unwrap();
    std::fs::rename(dir.path().join("plan.tf"), dir.path().join("backup.tf")).unwrap();
    assert_eq!(shown(&["--baseline", "base.json"]), (0, String::new()));
    std::fs::write(dir.path().join("new.tf"), database("new")).unwrap();
    let (code, out) = shown(&["--baseline", "base.json"]);
    assert_eq!((code, out.lines().count()), (1, 1), "{out}");
    assert!(out.starts_with("new.tf:3:3: error[source-key-aws-managed]"), "{out}");
    assert_eq!(shown(&["--baseline", "base.json", "--no-ignores"]).1.lines().count(), 301);
    // What was mended leaves the baseline.
    std::fs::remove_file(dir.path().join("new.tf")).unwrap();
    std::fs::write(dir.path().join("stores.tf"), many(299)).unwrap();
    let (code, out) = shown(&["--baseline", "base.json"]);
    assert_eq!(code, 0);
    assert!(
        out.contains(
            "base.json:1:1: warning[ignore-without-effect] the baseline holds 1 finding that is no longer found"
        ),
        "{out}"
    );
    assert_eq!(shown(&["--baseline", "base.json", "--fix-ignores"]).1, "");
    assert_eq!(shown(&["--baseline", "base.json"]), (0, String::new()));
    let left = std::fs::read_to_string(dir.path().join("base.json")).unwrap();
    assert_eq!(left.lines().count(), baseline.lines().count() - 1);
}

#[test]
fn a_baseline_follows_a_unit_that_is_renamed_and_tells_two_apart() {
    let dir = tempfile::tempdir().unwrap();
    let unit = |name: &str, data: &str| {
        std::fs::create_dir_all(dir.path().join(name)).unwrap();
        // By ARN, so that each unit copies its own data alone.
        let tag = PLAN.find("  selection_tag").unwrap();
        let plan = format!("{}  resources = [aws_db_instance.a.arn]\n}}\n", &PLAN[..tag]);
        for (path, text) in
            [("providers.tf", PROVIDERS), ("central.tf", CENTRAL), ("plan.tf", plan.as_str()), ("data.tf", data)]
        {
            std::fs::write(dir.path().join(name).join(path), text).unwrap();
        }
    };
    let named = |name: &str| database("a").replace("  engine ", &format!("  identifier = \"{name}\"\n  engine "));
    unit("one", &named("one"));
    command(dir.path(), &["check", "--baseline", "base.json", "--write-baseline"]);
    unit("two", &named("two"));
    let (code, out, _) = command(dir.path(), &["check", "--baseline", "base.json", "--format", "concise"]);
    assert_eq!((code, out.lines().count()), (1, 1), "{out}");
    assert!(out.starts_with("two/data.tf"), "{out}");
    std::fs::remove_dir_all(dir.path().join("one")).unwrap();
    assert_eq!(command(dir.path(), &["check", "--baseline", "base.json", "--format", "concise"]).0, 0);
}

#[test]
fn a_baseline_that_cannot_be_read_or_written_is_an_error() {
    let dir = estate(&database("a"));
    for (text, expected) in [
        (
            "{\n  \"schema_version\": 1,\n  \"finding\": []\n}",
            "base.json:3:11: error: the baseline cannot be read: unknown field `finding`",
        ),
        (
            "{\"schema_version\": 9, \"findings\": []}",
            "the baseline is of schema version 9; this program reads version 1",
        ),
    ] {
        std::fs::write(dir.path().join("base.json"), text).unwrap();
        let (code, out, _) = command(dir.path(), &["check", "--baseline", "base.json", "--format", "concise"]);
        assert_eq!(code, 2);
        assert!(out.contains(expected), "{out}");
    }
    assert_eq!(command(dir.path(), &["check", "--baseline", "missing.json"]).0, 2);
    std::fs::write(dir.path().join("broken.tf"), "resource \"a\" \"b\" {").unwrap();
    let (code, _, err) = command(dir.path(), &["check", "--write-baseline"]);
    assert_eq!(code, 2);
    assert!(err.contains("crossvault-baseline.json: not written"), "{err}");
    assert!(!dir.path().join("crossvault-baseline.json").exists());
}
