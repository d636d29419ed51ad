//! What was not read is not absent: a policy, a lock or a value that may stand in code that could not be read, or that is
//! not at hand, decides nothing. Each case below would be decided if that code were taken for nothing.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "shared/report.rs"]
mod shared;
use shared::{judged, report};

const ESTATE: &str = include_str!("../fuzz/entries/estate.tf");

/// The estate without the policy of its destination vault, and that policy.
fn without_policy() -> (String, String) {
    let at = ESTATE.find("resource \"aws_backup_vault_policy\"").unwrap();
    let (before, rest) = ESTATE.split_at(at);
    let (policy, after) = rest.split_once("\n}\n").unwrap();
    (format!("{before}{after}"), format!("{policy}\n}}\n"))
}

/// All copies are undecided, by the rule, and the message says what was not read.
fn undecided(case: &str, rule: &str, said: &str, files: &[(&str, &[u8])]) {
    let report = report(files);
    let (verdicts, open) = judged(&report);
    assert!(!verdicts.is_empty(), "{case}: {report:#}");
    assert!(verdicts.iter().all(|verdict| verdict == "undecided"), "{case}: {verdicts:?} {open:#?}");
    let by = |(name, _, message): &(String, String, String)| name == rule && message.contains(said);
    assert!(open.iter().any(by), "{case}: no `{said}` of {rule} in {open:#?}");
    let told = report.get("errors").unwrap().as_array().unwrap().len()
        + report.pointer("/summary/not_evaluated").unwrap().as_array().unwrap().len();
    assert!(told > 0, "{case}: it is told nowhere");
}

/// The role's ARN tells an account, the providers tell none: the policy may name the key's own.
#[test]
fn an_account_that_is_not_known_may_be_the_one_that_a_policy_names() {
    let code: String =
        ESTATE.lines().filter(|line| !line.contains("allowed_account_ids")).map(|l| format!("{l}\n")).collect();
    let (verdicts, open) = judged(&report(&[("main.tf", code.as_bytes())]));
    assert_eq!(verdicts, ["undecided", "undecided"], "{open:#?}");
}

#[test]
fn the_estate_itself_is_decided() {
    assert_eq!(judged(&report(&[("main.tf", ESTATE.as_bytes())])).0, ["succeeds", "succeeds"]);
    assert_eq!(judged(&report(&[("main.tf", without_policy().0.as_bytes())])).0, ["fails", "fails"]);
}

#[test]
fn a_policy_may_stand_in_what_could_not_be_read() {
    let rule = "destination-vault-access-missing";
    let (estate, policy) = without_policy();
    let main = ("main.tf", estate.as_bytes());
    let broken = policy.replace("jsonencode({", "jsonencode(]");
    undecided("in its value", rule, "could not be read", &[main, ("policy.tf", broken.as_bytes())]);
    let broken = policy.replace("\"central\" {", "\"central\" = {");
    undecided(
        "in its header",
        rule,
        "a part of `policy.tf` could not be read",
        &[main, ("policy.tf", broken.as_bytes())],
    );
    let broken = policy.replacen("resource ", "resource \"a\" \"b\" {} resource ", 1);
    undecided(
        "behind a block",
        rule,
        "a part of `policy.tf` could not be read",
        &[main, ("policy.tf", broken.as_bytes())],
    );
    let broken = policy.replace("backup_vault_name =", "backup_vault_name");
    undecided("in the vault's name", rule, "may be its policy", &[main, ("policy.tf", broken.as_bytes())]);
    let binary = [b"\xff".as_slice(), policy.as_bytes()].concat();
    undecided("no text", rule, "`policy.tf` could not be read", &[main, ("policy.tf", &binary)]);
    let deep = format!("locals {{\n  x = {}{}\n}}\n", "[".repeat(3000), "]".repeat(3000));
    // What is lost cannot hold a policy, and what is read is there.
    let whole = format!("{deep}{policy}");
    assert_eq!(judged(&report(&[main, ("policy.tf", whole.as_bytes())])).0, ["succeeds", "succeeds"]);
    assert_eq!(judged(&report(&[main, ("locals.tf", deep.as_bytes())])).0, ["fails", "fails"]);
    let other = b"resource \"aws_vpc\" \"x\" = {\n}\n";
    assert_eq!(judged(&report(&[main, ("vpc.tf", other)])).0, ["fails", "fails"]);
    let json = r#"{"resource": {"aws_backup_vault_policy": {"p": {"backup_vault_name": "central", "policy": "${"}}}"#;
    undecided("cut off JSON", rule, "could not be read", &[main, ("policy.tf.json", json.as_bytes())]);
}

#[test]
fn a_policy_may_stand_in_a_module_that_is_not_at_hand() {
    let rule = "destination-vault-access-missing";
    let (estate, _) = without_policy();
    let call = |arguments: &str| format!("{estate}module \"p\" {{\n  source = \"example/vault/aws\"\n{arguments}}}\n");
    for arguments in [
        "  vault_name = aws_backup_vault.central.name\n",
        "  vaults = { a = [aws_backup_vault.central.arn] }\n",
        "  vault = aws_backup_vault.central\n",
        "  arn = \"${aws_backup_vault.central.arn}/x\"\n",
        "  x = ]\n",
    ] {
        undecided(
            arguments,
            rule,
            "module `example/vault/aws` is not installed",
            &[("main.tf", call(arguments).as_bytes())],
        );
    }
    // A module that knows nothing of the vault, or of another one alone.
    for arguments in ["  a = 1\n", "  vault_name = aws_backup_vault.local.name\n"] {
        let (verdicts, _) = judged(&report(&[("main.tf", call(arguments).as_bytes())]));
        assert_eq!(verdicts, ["fails", "fails"], "{arguments}");
    }
}

#[test]
fn a_lock_a_key_policy_and_values_may_stand_in_what_could_not_be_read() {
    let lock = b"resource \"aws_backup_vault_lock_configuration\" \"l\" {\n  provider = aws.central\n  backup_vault_name = aws_backup_vault.central.name\n  max_retention_days = ]\n}\n";
    let main = ("main.tf", ESTATE.as_bytes());
    undecided("lock", "retention-outside-vault-lock", "could not be read", &[main, ("lock.tf", lock)]);
    undecided("file", "retention-outside-vault-lock", "`lock.tf` could not be read", &[main, ("lock.tf", b"\xff\xfe")]);
    let handed =
        format!("{ESTATE}module \"l\" {{\n  source = \"./nowhere\"\n  name = aws_backup_vault.central.name\n}}\n");
    undecided("module", "retention-outside-vault-lock", "is not installed", &[("main.tf", handed.as_bytes())]);

    let bare = ESTATE.replacen("  policy = jsonencode({", "  description = jsonencode({", 1);
    let key = b"resource \"aws_kms_key_policy\" \"k\" {\n  key_id = aws_kms_key.shared.id\n  policy = {]\n}\n";
    undecided(
        "key policy",
        "source-key-not-shared",
        "could not be read",
        &[("main.tf", bare.as_bytes()), ("key.tf", key)],
    );
    let handed = format!("{bare}module \"k\" {{\n  source = \"./nowhere\"\n  key = aws_kms_key.shared.arn\n}}\n");
    undecided("module", "source-key-not-shared", "is not installed", &[("main.tf", handed.as_bytes())]);

    let value = ESTATE.replace("= aws_kms_key.shared.arn", "= aws_kms_key.shared.");
    undecided("a value", "source-key-aws-managed", "could not be read", &[("main.tf", value.as_bytes())]);
    let swallowed = ESTATE.replace("  kms_key_id        =", "  other = [\n  kms_key_id        =");
    undecided("swallowed", "copy-never-runs", "could not be read", &[("main.tf", swallowed.as_bytes())]);
    let over = b"resource \"aws_db_instance\" \"orders\" {\n  kms_key_id = ]\n}\n";
    undecided("override", "source-key-aws-managed", "could not be read", &[main, ("x_override.tf", over)]);
    let over = b"resource \"aws_db_instance\" \"orders\" = {\n  kms_key_id = null\n}\n";
    undecided("override", "copy-never-runs", "could not be read", &[main, ("x_override.tf", over)]);
}

#[test]
fn variables_may_have_a_value_in_a_file_that_could_not_be_read() {
    let text = ESTATE.replace("= aws_kms_key.shared.arn", "= var.key ? aws_kms_key.shared.arn : null");
    let text = format!("{text}variable \"key\" {{\n  type = bool\n  default = true\n}}\n");
    let main = ("main.tf", text.as_bytes());
    assert_eq!(judged(&report(&[main])).0, ["succeeds", "succeeds"]);
    for (path, content) in [
        ("terraform.tfvars", b"key = ]\n".as_slice()),
        ("terraform.tfvars", b"\"key\" = false\n"),
        ("a.auto.tfvars", b"\xff"),
        ("a.auto.tfvars.json", b"{\"key\": fal"),
    ] {
        let (verdicts, open) = judged(&report(&[main, (path, content)]));
        assert!(verdicts.iter().all(|verdict| verdict == "undecided"), "{path}: {verdicts:?} {open:#?}");
    }
}

#[test]
fn units_that_depend_on_each_other_are_told() {
    let unit = |other: &str| {
        format!("dependency \"o\" {{\n  config_path = \"../{other}\"\n}}\ninputs = {{ x = dependency.o.outputs.x }}\n")
    };
    let code = b"variable \"x\" {}\noutput \"x\" {\n  value = var.x\n}\n";
    let (a, b) = (unit("b"), unit("a"));
    let files: [(&str, &[u8]); 4] = [
        ("a/terragrunt.hcl", a.as_bytes()),
        ("a/main.tf", code),
        ("b/terragrunt.hcl", b.as_bytes()),
        ("b/main.tf", code),
    ];
    assert_eq!(report(&files).pointer("/summary/units").unwrap(), 2);
    // A chain of any length is followed.
    let mut chain: Vec<(String, Vec<u8>)> = Vec::new();
    for at in 0..150 {
        chain.push((format!("u{at:04}/terragrunt.hcl"), unit(&format!("u{:04}", at + 1)).into_bytes()));
        chain.push((format!("u{at:04}/main.tf"), code.to_vec()));
    }
    let files: Vec<(&str, &[u8])> = chain.iter().map(|(path, content)| (path.as_str(), content.as_slice())).collect();
    assert_eq!(report(&files).pointer("/summary/units").unwrap(), 150);
}

#[test]
fn an_incomplete_plan_proves_no_absence() {
    let provider = |account: &str, alias: Option<&str>| {
        serde_json::json!({
            "name": "aws", "full_name": "registry.terraform.io/hashicorp/aws", "alias": alias,
            "expressions": {
                "region": {"constant_value": "eu-central-1"},
                "allowed_account_ids": {"constant_value": [account]},
            },
        })
    };
    let central = "arn:aws:backup:eu-central-1:222222222222:backup-vault:central";
    let all = [
        (
            "aws",
            "aws_db_instance",
            serde_json::json!({
                "identifier": "orders", "engine": "postgres", "storage_encrypted": true, "tags": {"Backup": "yes"},
                "kms_key_id": "arn:aws:kms:eu-central-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            }),
        ),
        ("aws.central", "aws_backup_vault", serde_json::json!({"name": "central", "arn": central})),
        (
            "aws",
            "aws_backup_plan",
            serde_json::json!({"name": "daily", "id": "plan-1", "rule": [{
                "rule_name": "daily", "target_vault_name": "local",
                "copy_action": [{"destination_vault_arn": central, "lifecycle": []}],
            }]}),
        ),
        (
            "aws",
            "aws_backup_selection",
            serde_json::json!({
                "name": "s", "plan_id": "plan-1", "resources": ["*"],
                "iam_role_arn": "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole",
            }),
        ),
    ];
    let address = |kind: &str| format!("{kind}.x");
    let planned: Vec<serde_json::Value> = all.iter().map(|(_, kind, values)| serde_json::json!({
        "address": address(kind), "mode": "managed", "type": kind, "name": "x", "values": values, "schema_version": 0,
        "provider_name": "registry.terraform.io/hashicorp/aws", "sensitive_values": {},
    })).collect();
    let configured: Vec<serde_json::Value> = all
        .iter()
        .map(|(key, kind, _)| {
            serde_json::json!({
                "address": address(kind), "mode": "managed", "type": kind, "name": "x", "provider_config_key": key,
                "expressions": {}, "schema_version": 0,
            })
        })
        .collect();
    let mut plan = serde_json::json!({
        "format_version": "1.2", "terraform_version": "1.11.4", "variables": {}, "complete": true, "errored": false,
        "planned_values": {"root_module": {"resources": planned}}, "resource_changes": [],
        "configuration": {
            "provider_config": {
                "aws": provider("111111111111", None), "aws.central": provider("222222222222", Some("central")),
            },
            "root_module": {"resources": configured},
        },
    });
    let check = |plan: &serde_json::Value| judged(&report(&[("plan.json", plan.to_string().as_bytes())]));
    let (verdicts, closed) = check(&plan);
    assert_eq!(verdicts, ["fails"], "{closed:#?}");
    assert!(closed.iter().any(|(rule, outcome, _)| rule == "destination-vault-access-missing" && outcome == "fail"));
    for (key, value) in [("complete", false), ("errored", true)] {
        let before = plan.as_object_mut().unwrap().insert(key.to_owned(), value.into()).unwrap();
        let (_, open) = check(&plan);
        let said = |(rule, outcome, message): &(String, String, String)| {
            rule == "destination-vault-access-missing" && outcome == "undecided" && message.contains("is not complete")
        };
        assert!(open.iter().any(said), "{key}: {open:#?}");
        plan.as_object_mut().unwrap().insert(key.to_owned(), before);
    }
}

#[test]
fn what_is_left_out_is_told() {
    let main = ("main.tf", ESTATE.as_bytes());
    let manifest =
        br#"{"version": "36.0.0", "artifacts": {"S": {"type": "aws:cloudformation:stack", "properties": {}}}}"#;
    let cases: [(&str, &str, &[u8]); 6] = [
        ("`unit a` is not installed", "terragrunt.stack.hcl", b"unit \"a\" {\n}\n"),
        ("names no template", "cdk.out/manifest.json", manifest),
        ("which is not at hand", "samconfig.toml", b"[default.deploy.parameters]\ntemplate_file = \"nowhere.yaml\"\n"),
        ("there is nothing at `nowhere`", "crossvault.toml", b"[[deployment]]\npath = \"nowhere\"\n"),
        ("not UTF-8 text", ".terraform/environment", b"\xff"),
        ("is not installed", ".terraform/modules/modules.json", b"{\"Modules\": ["),
    ];
    let code = format!(
        "{ESTATE}output \"w\" {{\n  value = terraform.workspace\n}}\nmodule \"m\" {{\n  source = \"a/b/c\"\n  w = terraform.workspace\n}}\n"
    );
    for (said, path, content) in cases {
        let main = if path.starts_with(".terraform") { ("main.tf", code.as_bytes()) } else { main };
        let report = report(&[main, (path, content)]);
        let told = format!("{}{}", report.pointer("/summary/not_evaluated").unwrap(), report.get("errors").unwrap());
        assert!(told.contains(said), "{path}: {told}");
    }
}
