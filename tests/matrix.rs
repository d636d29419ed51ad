//! Every type x key of the source x key of the destination vault x account x Region x kind of vault, judged and compared with
//! verdicts that are computed here from `testdata/matrix.yaml`, which the program does not read.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by panicking")]

use crossvault::Input;
use crossvault::analysis::AnalysisSettings;
use crossvault::checks::Verdict;
use crossvault::copy::CopySource;
use crossvault::graph::VaultTarget;
use crossvault::resource::{Deployment, Language, LoadSettings, Unit};
use crossvault::source::{MemoryDisk, Sources};
use crossvault::terraform::Modules;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

#[derive(Debug, Deserialize)]
struct Matrix {
    opt_in_regions: Vec<String>,
    no_lag_copy_regions: Vec<String>,
    copy_forbidden_partitions: Vec<String>,
    types: BTreeMap<String, Type>,
    cross_account_matrix: Vec<Row>,
    cross_region_same_account_matrix: Vec<Row>,
}

#[derive(Debug, Deserialize)]
struct Type {
    full: String,
    xr: String,
    xa: String,
    one_action: String,
    lag: String,
    #[serde(default)]
    unencrypted_copy: String,
    #[serde(default)]
    unencrypted_lag: String,
    #[serde(default)]
    xa_opt_in_regions: String,
    xr_opt_in_regions: Option<Vec<String>>,
    #[serde(default)]
    xr_forbidden: Vec<String>,
    #[serde(default)]
    xa_forbidden: Vec<String>,
    #[serde(default)]
    composite: String,
    #[serde(default)]
    aws_managed_key: String,
    #[serde(default)]
    default_key: String,
}

#[derive(Debug, Deserialize)]
struct Row {
    full: String,
    source: String,
    dest: String,
    verdict: String,
    except_vault_name: Option<String>,
    #[serde(default)]
    except_types: Vec<String>,
    except_verdict: Option<String>,
}

/// A copy as the matrices see it.
struct Case<'a> {
    kind: &'a str,
    source: &'a str,
    /// `cmk`, `aws_backup`, `default` (the vault of that name) or `lag`.
    vault: &'a str,
    xa: bool,
    from: &'a str,
    to: &'a str,
}

fn partition(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("eusc") => "aws-eusc",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// The keys that a type's source can be encrypted under, as the matrices name them.
fn sources(kind: &str, row: &Type) -> Vec<&'static str> {
    if row.full != "n" || row.xr == "n" {
        return vec!["any"];
    }
    let mut out = vec!["cmk_shared", "cmk_not_shared", "unknown"];
    if !row.aws_managed_key.is_empty() {
        out.push("aws_managed");
    }
    match row.default_key.as_str() {
        "none" | "account_setting" => out.push("unencrypted"),
        _ if kind == "aurora" => out.push("aws_owned_sse_rds"),
        _ => {}
    }
    out
}

/// `fails`, `ok` or `unknown`; a failing condition outweighs one that is not known.
fn expected(matrix: &Matrix, case: &Case<'_>) -> &'static str {
    let row = &matrix.types[case.kind];
    let xr = case.from != case.to;
    let mut found = Vec::new();
    if partition(case.from) != partition(case.to)
        || ((case.xa || xr) && matrix.copy_forbidden_partitions.iter().any(|name| name == partition(case.from)))
    {
        return "fails";
    }
    found.push(match (row.xr.as_str(), row.xa.as_str()) {
        ("n", "n") => "fails",
        (_, "n") if case.xa => "fails",
        ("n", _) if xr => "fails",
        _ => "ok",
    });
    for region in [case.from, case.to] {
        let opt_in = matrix.opt_in_regions.iter().any(|name| name == region);
        let listed = |list: &[String]| list.iter().any(|name| name == region);
        if case.xa && ((row.xa_opt_in_regions == "n" && opt_in) || listed(&row.xa_forbidden)) {
            found.push("fails");
        }
        let excluded = row.xr_opt_in_regions.as_ref().is_some_and(|list| opt_in && !listed(list));
        if xr && (excluded || listed(&row.xr_forbidden)) {
            found.push("fails");
        }
    }
    if case.xa && xr && row.one_action == "u" {
        found.push("unknown");
    }
    // AWS's guides contradict each other about RDS and Aurora in China.
    if partition(case.from) == "aws-cn" && matches!(case.kind, "rds_instance" | "aurora") {
        found.push("unknown");
    }
    if row.composite == "y" && (case.xa || row.full != "y" || case.vault != "cmk") {
        found.push("unknown");
    }
    if case.vault == "lag" {
        let none = |region: &str| matrix.no_lag_copy_regions.iter().any(|name| name == region);
        found.push(match (none(case.to), none(case.from)) {
            (true, _) if case.xa || xr => "fails",
            (true, _) | (_, true) => "unknown",
            _ => "ok",
        });
        if row.lag == "n" {
            found.push("fails");
        }
    }
    found.push(keys(matrix, row, case));
    ["fails", "unknown"].into_iter().find(|verdict| found.contains(verdict)).unwrap_or("ok")
}

/// What the two matrices say of the keys. A source that is not known may be any of its type's.
fn keys(matrix: &Matrix, row: &Type, case: &Case<'_>) -> &'static str {
    let one = |source: &str| {
        if case.vault == "lag" && row.full == "n" {
            match source {
                "aws_managed" => return "fails",
                "unencrypted" if row.unencrypted_lag == "n" => return "fails",
                "aws_owned_sse_rds" => return "unknown",
                _ => {}
            }
        }
        let rows = if case.xa { &matrix.cross_account_matrix } else { &matrix.cross_region_same_account_matrix };
        let (dest, name) = match case.vault {
            "aws_backup" => ("aws_backup", "other"),
            "default" => ("aws_backup", "Default"),
            _ => ("cmk", "other"),
        };
        let fits = |pattern: &str, value: &str| pattern == "any" || pattern == value;
        // A type whose management the pages disagree on is decided by none of the rows that name one.
        let found = rows.iter().find(|rule| {
            fits(&rule.full, &row.full)
                && (fits(&rule.source, source) || source == "any" && rule.full == "n")
                && fits(&rule.dest, dest)
        });
        let verdict = found.map_or("unknown", |rule| {
            let excepted = rule.except_vault_name.as_deref() == Some(name)
                || rule.except_types.iter().any(|kind| kind == case.kind);
            match &rule.except_verdict {
                Some(other) if excepted => other,
                _ => &rule.verdict,
            }
        });
        match verdict {
            "ok" => "ok",
            "fails" => "fails",
            _ => "unknown",
        }
    };
    if case.source != "unknown" {
        return one(case.source);
    }
    // Aurora that is not flagged may be either, and so may an Aurora of which nothing is known.
    let mut all = vec!["cmk_shared", "cmk_not_shared"];
    all.extend((!row.aws_managed_key.is_empty()).then_some("aws_managed"));
    all.extend((!row.unencrypted_copy.is_empty() || row.default_key == "none").then_some("unencrypted"));
    let verdicts: Vec<&str> = all.into_iter().map(one).collect();
    if verdicts.iter().all(|verdict| *verdict == verdicts[0]) && case.xa {
        verdicts[0]
    } else if case.xa || case.vault == "lag" {
        "unknown"
    } else {
        verdicts[0]
    }
}

/// A data store of this type under this key, in Terraform.
fn store(kind: &str, source: &str) -> Option<String> {
    let (flag, flag_name, key_name) = match kind {
        "ebs" | "ec2" => (true, "encrypted", "kms_key_id"),
        "neptune" => (true, "storage_encrypted", "kms_key_arn"),
        "storage_gateway" => (true, "kms_encrypted", "kms_key"),
        "fsx_windows" | "fsx_lustre" | "fsx_openzfs" | "fsx_ontap" => (false, "", "kms_key_id"),
        _ => (true, "storage_encrypted", "kms_key_id"),
    };
    let key = match source {
        "cmk_shared" => Some("aws_kms_key.shared.arn"),
        "cmk_not_shared" => Some("aws_kms_key.unshared.arn"),
        "unknown" => Some("var.key"),
        _ => None,
    };
    let mut encryption = String::new();
    if flag && (key.is_some() || source == "aws_managed") {
        let _ = writeln!(encryption, "{flag_name} = true");
    }
    if let Some(key) = key {
        let _ = writeln!(encryption, "{key_name} = {key}");
    }
    let name = format!("{kind}__{source}");
    let (resource, body) = match kind {
        "s3" => ("aws_s3_bucket", format!("bucket = \"{}\"", name.replace('_', "-"))),
        "dynamodb_advanced" | "dynamodb_plain" => ("aws_dynamodb_table", format!("name = \"{name}\"")),
        "efs" => ("aws_efs_file_system", String::new()),
        "ebs" => ("aws_ebs_volume", format!("availability_zone = \"a\"\n{encryption}")),
        "ec2" => ("aws_instance", format!("root_block_device {{\n{encryption}}}")),
        "rds_instance" => (
            "aws_db_instance",
            format!("identifier = \"{}\"\nengine = \"postgres\"\n{encryption}", name.replace('_', "-")),
        ),
        "rds_multi_az_cluster" => {
            ("aws_rds_cluster", "cluster_identifier = \"multi-az\"\nengine = \"mysql\"".to_owned())
        }
        "aurora" => (
            "aws_rds_cluster",
            format!("cluster_identifier = \"{}\"\nengine = \"aurora-mysql\"\n{encryption}", name.replace('_', "-")),
        ),
        "dsql" => ("aws_dsql_cluster", String::new()),
        "documentdb" => {
            ("aws_docdb_cluster", format!("cluster_identifier = \"{}\"\n{encryption}", name.replace('_', "-")))
        }
        "neptune" => {
            ("aws_neptune_cluster", format!("cluster_identifier = \"{}\"\n{encryption}", name.replace('_', "-")))
        }
        "fsx_windows" => ("aws_fsx_windows_file_system", encryption),
        "fsx_lustre" => ("aws_fsx_lustre_file_system", format!("deployment_type = \"PERSISTENT_2\"\n{encryption}")),
        "fsx_openzfs" => ("aws_fsx_openzfs_file_system", encryption),
        "fsx_ontap" => ("aws_fsx_ontap_file_system", encryption),
        "storage_gateway" => ("aws_storagegateway_cached_iscsi_volume", encryption),
        "redshift" => ("aws_redshift_cluster", "cluster_identifier = \"redshift\"".to_owned()),
        "redshift_serverless" => ("aws_redshiftserverless_namespace", "namespace_name = \"redshift\"".to_owned()),
        "timestream" => ("aws_timestreamwrite_table", "database_name = \"d\"\ntable_name = \"t\"".to_owned()),
        "cloudformation" => ("aws_cloudformation_stack", "name = \"stack\"".to_owned()),
        "eks" => ("aws_eks_cluster", "name = \"eks\"".to_owned()),
        _ => return None,
    };
    let versioned = if kind == "s3" {
        format!(
            "resource \"aws_s3_bucket_versioning\" \"{name}\" {{\n  bucket = aws_s3_bucket.{name}.id\n  versioning_configuration {{\n    status = \"Enabled\"\n  }}\n}}\n"
        )
    } else {
        String::new()
    };
    Some(format!("resource \"{resource}\" \"{name}\" {{\n{body}\n}}\n{versioned}"))
}

/// One root module: all sources in `from`, and one plan for each vault: of either account, in `from` and in `to`.
fn estate(matrix: &Matrix, from: &str, to: &str, advanced: bool) -> String {
    let p = partition(from);
    let mut out = format!(
        "variable \"key\" {{}}\nprovider \"aws\" {{\n  region = \"{from}\"\n  allowed_account_ids = [\"111111111111\"]\n}}\n"
    );
    let mut arns = Vec::new();
    for (kind, row) in &matrix.types {
        if (kind == "dynamodb_plain") == advanced || (!advanced && kind != "dynamodb_plain") {
            continue;
        }
        match kind.as_str() {
            "vmware" => arns.push(format!("\"arn:{p}:backup-gateway:{from}:111111111111:vm/vm-1\"")),
            "saphana" => arns.push(format!("\"arn:{p}:ssm-sap:{from}:111111111111:HANA/app/DB/x\"")),
            _ => {}
        }
        for source in sources(kind, row) {
            let Some(text) = store(kind, source) else { continue };
            let resource = text.split('"').nth(1).unwrap();
            arns.push(format!("{resource}.{kind}__{source}.arn"));
            out.push_str(&text);
        }
    }
    let statement = |account: &str, actions: &str| {
        format!(
            "{{ Effect = \"Allow\", Principal = {{ AWS = \"arn:{p}:iam::{account}:root\" }}, Action = {actions}, Resource = \"*\" }}"
        )
    };
    let own = statement("111111111111", "\"kms:*\"");
    let use_ = statement(
        "222222222222",
        "[\"kms:DescribeKey\", \"kms:CreateGrant\", \"kms:ReEncrypt*\", \"kms:GenerateDataKey*\", \"kms:ListGrants\"]",
    );
    let _ = write!(
        out,
        "resource \"aws_kms_key\" \"shared\" {{\n  policy = jsonencode({{ Version = \"2012-10-17\", Statement = [{own}, {use_}] }})\n}}\nresource \"aws_kms_key\" \"unshared\" {{}}\n\
         resource \"aws_ebs_encryption_by_default\" \"off\" {{\n  enabled = false\n}}\n\
         resource \"aws_backup_vault\" \"local\" {{\n  name = \"local\"\n}}\n\
         resource \"aws_iam_role\" \"backup\" {{\n  name = \"backup\"\n  assume_role_policy = jsonencode({{ Version = \"2012-10-17\", Statement = [{{ Effect = \"Allow\", Principal = {{ Service = \"backup.amazonaws.com\" }}, Action = \"sts:AssumeRole\" }}] }})\n}}\n"
    );
    if !advanced {
        out.push_str("resource \"aws_backup_region_settings\" \"this\" {\n  resource_type_opt_in_preference = { DynamoDB = true }\n  resource_type_management_preference = { DynamoDB = false }\n}\n");
    }
    for (name, policy) in [
        ("backup", "service-role/AWSBackupServiceRolePolicyForBackup"),
        ("s3", "AWSBackupServiceRolePolicyForS3Backup"),
    ] {
        let _ = write!(
            out,
            "resource \"aws_iam_role_policy_attachment\" \"{name}\" {{\n  role = aws_iam_role.backup.name\n  policy_arn = \"arn:{p}:iam::aws:policy/{policy}\"\n}}\n"
        );
    }
    let _ = write!(out, "locals {{\n  arns = [{}]\n}}\n", arns.join(", "));
    let admit = format!(
        "jsonencode({{ Version = \"2012-10-17\", Statement = [{}] }})",
        statement("111111111111", "\"backup:CopyIntoBackupVault\"")
    );
    for (who, account) in [("same", "111111111111"), ("other", "222222222222")] {
        let regions: &[&str] = if from == to { &[from] } else { &[from, to] };
        for (at, region) in regions.iter().enumerate() {
            let place = format!("{who}_{at}");
            let _ = write!(
                out,
                "provider \"aws\" {{\n  alias = \"{place}\"\n  region = \"{region}\"\n  allowed_account_ids = [\"{account}\"]\n}}\nresource \"aws_kms_key\" \"{place}\" {{\n  provider = aws.{place}\n}}\n"
            );
            for vault in ["cmk", "aws_backup", "default", "lag"] {
                let id = format!("{place}_{vault}");
                let (resource, name, more) = match vault {
                    "cmk" => ("aws_backup_vault", id.as_str(), format!("kms_key_arn = aws_kms_key.{place}.arn")),
                    "default" => ("aws_backup_vault", "Default", String::new()),
                    "lag" => (
                        "aws_backup_logically_air_gapped_vault",
                        id.as_str(),
                        "min_retention_days = 7\n  max_retention_days = 100".to_owned(),
                    ),
                    _ => ("aws_backup_vault", id.as_str(), String::new()),
                };
                let _ = write!(
                    out,
                    "resource \"{resource}\" \"{id}\" {{\n  provider = aws.{place}\n  name = \"{name}\"\n  {more}\n}}\n\
                     resource \"aws_backup_vault_policy\" \"{id}\" {{\n  provider = aws.{place}\n  backup_vault_name = {resource}.{id}.name\n  policy = {admit}\n}}\n\
                     resource \"aws_backup_plan\" \"{id}\" {{\n  name = \"{id}\"\n  rule {{\n    rule_name = \"daily\"\n    target_vault_name = aws_backup_vault.local.name\n    lifecycle {{\n      delete_after = 35\n    }}\n    copy_action {{\n      destination_vault_arn = {resource}.{id}.arn\n    }}\n  }}\n}}\n\
                     resource \"aws_backup_selection\" \"{id}\" {{\n  name = \"{id}\"\n  plan_id = aws_backup_plan.{id}.id\n  iam_role_arn = aws_iam_role.backup.arn\n  resources = local.arns\n}}\n"
                );
            }
        }
    }
    out
}

/// How the estate's copies are judged: ((type, key of the source), address of the vault, verdict, rules that decide).
fn judged(text: &str) -> Vec<((String, String), String, Verdict, Vec<&'static str>)> {
    let disk = MemoryDisk::new([("root/main.tf", text)]);
    let unit = Unit {
        name: "root".into(),
        language: Language::Terraform,
        path: "root".to_owned(),
        deployment: Deployment::default(),
    };
    let input = Input {
        sources: Sources::new(Box::new(disk)),
        units: vec![unit],
        modules: Modules::default(),
        load: LoadSettings::default(),
        diagnostics: Vec::new(),
    };
    let analysis = crossvault::analyze(input, &AnalysisSettings::default());
    let graph = &analysis.graph;
    analysis
        .judgements
        .iter()
        .map(|judgement| {
            let source = match &judgement.copy.source {
                CopySource::Store(id) => {
                    let address = &graph.store(*id).unwrap().site.address;
                    let (kind, key) = address.split_once('.').unwrap().1.split_once("__").unwrap();
                    (kind.to_owned(), key.to_owned())
                }
                CopySource::Arn(named) => {
                    (if named.arn.contains("ssm-sap") { "saphana" } else { "vmware" }.to_owned(), "any".to_owned())
                }
                CopySource::Unknown(why) => panic!("{}", why.text),
            };
            let VaultTarget::Vault(id) = judgement.copy.destination else { panic!("the vault is declared") };
            let vault = graph.vault(id).unwrap().site.address.split_once('.').unwrap().1.to_owned();
            (source, vault, judgement.verdict, judgement.basis.decided_by.to_vec())
        })
        .collect()
}

#[test]
fn every_combination_gets_the_verdict_of_the_matrices() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/matrix.yaml")).unwrap();
    let matrix: Matrix = serde_yaml::from_str(&text).unwrap();
    let pairs = [
        ("us-east-1", "eu-west-1"),
        ("us-east-1", "af-south-1"),
        ("af-south-1", "us-east-1"),
        ("ap-south-2", "us-east-1"),
        ("us-east-1", "me-south-1"),
        ("us-east-1", "ca-west-1"),
        ("ap-southeast-6", "us-east-1"),
        ("cn-north-1", "cn-northwest-1"),
        ("us-gov-east-1", "us-gov-west-1"),
        ("eusc-de-east-1", "eusc-de-east-1"),
        ("us-east-1", "cn-north-1"),
    ];
    let mut compared = 0;
    let mut wrong = Vec::new();
    for (from, to) in pairs {
        for advanced in [true, false] {
            let all = judged(&estate(&matrix, from, to, advanced));
            for ((kind, source), vault, verdict, rules) in all {
                let mut parts = vault.splitn(3, '_');
                let (who, at, vault) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
                let to = if at == "0" { from } else { to };
                let case = Case { kind: &kind, source: &source, vault, xa: who == "other", from, to };
                let want = match expected(&matrix, &case) {
                    "ok" => Verdict::Succeeds,
                    "fails" => Verdict::Fails,
                    _ => Verdict::Undecided,
                };
                compared += 1;
                if verdict != want {
                    wrong.push(format!("{kind} under {source}, {from} -> {who} account, {to}, {vault}: the matrices say {want:?}, the program {verdict:?} by {rules:?}"));
                }
            }
        }
    }
    assert!(compared > 9000, "{compared} copies compared");
    assert!(wrong.is_empty(), "{} of {compared}:\n{}", wrong.len(), wrong[..wrong.len().min(60)].join("\n"));
}
