//! Synthetic estates: accounts with data stores, keys of several policy shapes, plans with copy actions into the vaults
//! of one backup account. The same seed and size give the same files, on every machine.

use std::fmt::Write as _;
use std::path::Path;

/// How much to make, and in which form.
#[derive(Clone, Debug)]
pub(crate) struct Size {
    pub(crate) seed: u64,
    /// Accounts that hold data; each is a unit of its own.
    pub(crate) accounts: usize,
    /// Data stores in each account.
    pub(crate) stores: usize,
    /// Customer managed keys in each account.
    pub(crate) keys: usize,
    /// Copy actions of each plan, at most five.
    pub(crate) copy_actions: usize,
    /// Data stores in one file.
    pub(crate) per_file: usize,
    /// The languages of the accounts in turn.
    pub(crate) forms: Vec<Form>,
}

/// The form in which an account's resources are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A root module in which each data store is a resource block.
    Terraform,
    /// A root module whose data stores come from calls of a shared module under `for_each`.
    Modules,
    CloudFormation,
    /// `terraform show -json` of a plan.
    Plan,
}

impl Size {
    /// An estate of this many accounts and data stores in each, Terraform, with the usual rest.
    pub(crate) fn new(accounts: usize, stores: usize) -> Self {
        let keys = (stores / 20).clamp(1, 50);
        Self { seed: 1, accounts, stores, keys, copy_actions: 3, per_file: 50, forms: vec![Form::Terraform] }
    }

    fn form(&self, at: usize) -> Form {
        self.forms.get(at % self.forms.len().max(1)).copied().unwrap_or(Form::Terraform)
    }
}

/// The account of the unit at this place.
fn account_id(at: usize) -> u64 {
    100_000_000_000 + at as u64
}

const REGION: &str = "eu-central-1";
const BACKUP_ACCOUNT: u64 = 999_999_999_999;
const ORGANIZATION: &str = "o-a1b2c3d4e5";

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % bound.max(1) as u64).unwrap_or(0)
    }
}

/// Writes all files below `dir`; how many, and their bytes.
pub(crate) fn write(size: &Size, dir: &Path) -> std::io::Result<(usize, usize)> {
    let (mut files, mut bytes, mut failed) = (0, 0, None);
    each_file(size, &mut |path, text| {
        let target = dir.join(path);
        let made = target.parent().map_or(Ok(()), std::fs::create_dir_all);
        failed = failed.take().or(made.and_then(|()| std::fs::write(&target, text)).err());
        files += 1;
        bytes += text.len();
    });
    failed.map_or(Ok((files, bytes)), Err)
}

/// Hands every file of the estate, path and text, to `write`, one account after the other.
fn each_file(size: &Size, write: &mut dyn FnMut(&str, &str)) {
    backup_account(size, write);
    if size.forms.contains(&Form::Modules) {
        write("modules/store/main.tf", STORE_MODULE);
    }
    for at in 0..size.accounts {
        let account = account_id(at);
        let random = Random(size.seed ^ (at as u64).wrapping_mul(0x2545_F491_4F6C_DD1D));
        match size.form(at) {
            Form::Terraform => terraform(size, at, account, random, false, write),
            Form::Modules => terraform(size, at, account, random, true, write),
            Form::CloudFormation => cloudformation(size, at, account, random, write),
            Form::Plan => plan(size, at, account, random, write),
        }
    }
}

fn backup_account(size: &Size, write: &mut dyn FnMut(&str, &str)) {
    let mut text = format!(
        "provider \"aws\" {{\n  region              = \"{REGION}\"\n  allowed_account_ids = [\"{BACKUP_ACCOUNT}\"]\n}}\n\nresource \"aws_kms_key\" \"central\" {{\n  description = \"encrypts the copies\"\n}}\n"
    );
    for at in 0..size.copy_actions {
        // The last vault is under AWS Backup's own key: only fully managed types reach it.
        let key = if at == 2 { "" } else { "  kms_key_arn = aws_kms_key.central.arn\n" };
        let _ = write!(
            text,
            "\nresource \"aws_backup_vault\" \"central_{at}\" {{\n  name        = \"central-{at}\"\n{key}}}\n\nresource \"aws_backup_vault_policy\" \"central_{at}\" {{\n  backup_vault_name = aws_backup_vault.central_{at}.name\n  policy = jsonencode({{\n    Version = \"2012-10-17\"\n    Statement = [{{\n      Effect    = \"Allow\"\n      Principal = \"*\"\n      Action    = \"backup:CopyIntoBackupVault\"\n      Resource  = \"*\"\n      Condition = {{ StringEquals = {{ \"aws:PrincipalOrgID\" = \"{ORGANIZATION}\" }} }}\n    }}]\n  }})\n}}\n"
        );
    }
    write("backup/main.tf", &text);
    let mut config = format!("[organization]\nid = \"{ORGANIZATION}\"\ncross_account_backup = true\n");
    // A template does not tell where it is deployed.
    for at in (0..size.accounts).filter(|at| size.form(*at) == Form::CloudFormation) {
        let account = account_id(at);
        let _ = write!(
            config,
            "\n[[deployment]]\npath = \"accounts/a{at:04}.yaml\"\naccount = \"{account}\"\nregion = \"{REGION}\"\n"
        );
    }
    write("crossvault.toml", &config);
}

/// A key policy as people write them; `None`: left out, so AWS's default.
fn key_policy(account: u64, shape: usize) -> Option<serde_json::Value> {
    use serde_json::json;
    let own = json!({"Sid": "Own", "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{account}:root")}, "Action": "kms:*", "Resource": "*"});
    let root = format!("arn:aws:iam::{BACKUP_ACCOUNT}:root");
    let role =
        format!("arn:aws:iam::{BACKUP_ACCOUNT}:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup");
    let use_list = json!(["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]);
    let grants = json!(["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"]);
    let statements = match shape {
        0 => return None,
        1 | 2 => json!([own,
            {"Sid": "Use", "Effect": "Allow", "Principal": {"AWS": root}, "Action": use_list, "Resource": "*"},
            {"Sid": "Grants", "Effect": "Allow", "Principal": {"AWS": root}, "Action": grants, "Resource": "*", "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}}]),
        3 => json!([own,
            {"Sid": "Backup", "Effect": "Allow", "Principal": {"AWS": role}, "Action": ["kms:CreateGrant", "kms:DescribeKey", "kms:ReEncryptFrom", "kms:GenerateDataKeyWithoutPlaintext", "kms:ListGrants"], "Resource": "*"}]),
        4 => json!([own,
            {"Sid": "Organization", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["kms:CreateGrant", "kms:DescribeKey", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:ListGrants"], "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}}]),
        5 => {
            json!([own, {"Sid": "Use", "Effect": "Allow", "Principal": {"AWS": root}, "Action": use_list, "Resource": "*"}])
        }
        _ => json!([own,
            {"Sid": "ViaBackup", "Effect": "Allow", "Principal": {"AWS": role}, "Action": ["kms:CreateGrant", "kms:DescribeKey"], "Resource": "*", "Condition": {"StringLike": {"kms:ViaService": "backup.*.amazonaws.com"}}}]),
    };
    Some(json!({"Version": "2012-10-17", "Statement": statements}))
}

const STORE_MODULE: &str = "variable \"name\" {\n  type = string\n}\n\nvariable \"kms_key_arn\" {\n  type    = string\n  default = null\n}\n\nvariable \"tags\" {\n  type    = map(string)\n  default = {}\n}\n\nresource \"aws_db_instance\" \"this\" {\n  identifier          = var.name\n  engine              = \"postgres\"\n  instance_class      = \"db.t4g.medium\"\n  allocated_storage   = 50\n  storage_encrypted   = true\n  kms_key_id          = var.kms_key_arn\n  skip_final_snapshot = false\n  tags                = merge(var.tags, { Name = var.name })\n}\n";

fn terraform(
    size: &Size,
    at: usize,
    account: u64,
    mut random: Random,
    modules: bool,
    write: &mut dyn FnMut(&str, &str),
) {
    let dir = format!("accounts/a{at:04}");
    write(
        &format!("{dir}/providers.tf"),
        &format!(
            "terraform {{\n  required_providers {{\n    aws = {{\n      source  = \"hashicorp/aws\"\n      version = \"~> 5.0\"\n    }}\n  }}\n}}\n\nprovider \"aws\" {{\n  region = \"{REGION}\"\n\n  assume_role {{\n    role_arn = \"arn:aws:iam::{account}:role/deploy\"\n  }}\n\n  default_tags {{\n    tags = {{ owner = \"team-{at}\" }}\n  }}\n}}\n\nlocals {{\n  prefix = \"a{at:04}\"\n  tags   = {{ backup = \"daily\", environment = \"prod\" }}\n}}\n"
        ),
    );
    let mut text = String::new();
    for key in 0..size.keys {
        let _ = write!(text, "resource \"aws_kms_key\" \"k{key}\" {{\n  description = \"data {key}\"\n");
        if let Some(policy) = key_policy(account, random.below(7)) {
            let _ = writeln!(text, "  policy = jsonencode({})", hcl(&policy, 1));
        }
        text.push_str("}\n\n");
    }
    write(&format!("{dir}/keys.tf"), &text);
    let mut actions = String::new();
    for action in 0..size.copy_actions {
        let _ = write!(
            actions,
            "\n    copy_action {{\n      destination_vault_arn = \"arn:aws:backup:{REGION}:{BACKUP_ACCOUNT}:backup-vault:central-{action}\"\n\n      lifecycle {{\n        delete_after = 35\n      }}\n    }}\n"
        );
    }
    write(
        &format!("{dir}/backup.tf"),
        &format!(
            "resource \"aws_backup_vault\" \"local\" {{\n  name = \"local\"\n}}\n\nresource \"aws_iam_role\" \"backup\" {{\n  name = \"backup\"\n  assume_role_policy = jsonencode({{\n    Version = \"2012-10-17\"\n    Statement = [{{ Effect = \"Allow\", Principal = {{ Service = \"backup.amazonaws.com\" }}, Action = \"sts:AssumeRole\" }}]\n  }})\n}}\n\nresource \"aws_iam_role_policy_attachment\" \"backup\" {{\n  role       = aws_iam_role.backup.name\n  policy_arn = \"arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup\"\n}}\n\nresource \"aws_iam_role_policy_attachment\" \"s3\" {{\n  role       = aws_iam_role.backup.name\n  policy_arn = \"arn:aws:iam::aws:policy/AWSBackupServiceRolePolicyForS3Backup\"\n}}\n\nresource \"aws_backup_plan\" \"daily\" {{\n  name = \"${{local.prefix}}-daily\"\n\n  rule {{\n    rule_name         = \"daily\"\n    target_vault_name = aws_backup_vault.local.name\n    schedule          = \"cron(0 3 * * ? *)\"\n{actions}  }}\n}}\n\nresource \"aws_backup_selection\" \"daily\" {{\n  name         = \"daily\"\n  plan_id      = aws_backup_plan.daily.id\n  iam_role_arn = aws_iam_role.backup.arn\n\n  selection_tag {{\n    type  = \"STRINGEQUALS\"\n    key   = \"backup\"\n    value = \"daily\"\n  }}\n}}\n"
        ),
    );
    if modules {
        let mut entries = String::new();
        for store in 0..size.stores {
            let _ = writeln!(entries, "    s{store} = aws_kms_key.k{}.arn", random.below(size.keys));
        }
        write(
            &format!("{dir}/stores.tf"),
            &format!(
                "locals {{\n  stores = {{\n{entries}  }}\n}}\n\nmodule \"stores\" {{\n  source   = \"../../modules/store\"\n  for_each = local.stores\n\n  name        = \"${{local.prefix}}-${{each.key}}\"\n  kms_key_arn = each.value\n  tags        = local.tags\n}}\n"
            ),
        );
        return;
    }
    for (file, first) in (0..size.stores).step_by(size.per_file.max(1)).enumerate() {
        let mut text = String::new();
        for store in first..size.stores.min(first + size.per_file.max(1)) {
            store_block(&mut text, store, random.below(size.keys), random.below(7));
        }
        write(&format!("{dir}/stores_{file}.tf"), &text);
    }
}

fn store_block(text: &mut String, store: usize, key: usize, kind: usize) {
    let name = format!("${{local.prefix}}-s{store}");
    let tags = "  tags = merge(local.tags, { tier = \"gold\" })\n";
    let _ = match kind {
        0 | 1 => write!(
            text,
            "resource \"aws_db_instance\" \"s{store}\" {{\n  identifier                  = \"{name}\"\n  engine                      = \"postgres\"\n  engine_version              = \"16.4\"\n  instance_class              = \"db.t4g.medium\"\n  allocated_storage           = 50\n  multi_az                    = true\n  username                    = \"admin\"\n  manage_master_user_password = true\n  storage_encrypted           = true\n  kms_key_id                  = aws_kms_key.k{key}.arn\n{tags}}}\n\n"
        ),
        2 => write!(
            text,
            "resource \"aws_dynamodb_table\" \"s{store}\" {{\n  name         = \"{name}\"\n  billing_mode = \"PAY_PER_REQUEST\"\n  hash_key     = \"id\"\n\n  attribute {{\n    name = \"id\"\n    type = \"S\"\n  }}\n\n{tags}}}\n\n"
        ),
        3 => write!(
            text,
            "resource \"aws_ebs_volume\" \"s{store}\" {{\n  availability_zone = \"{REGION}a\"\n  size              = 40\n  encrypted         = true\n  kms_key_id        = aws_kms_key.k{key}.arn\n{tags}}}\n\n"
        ),
        4 => write!(
            text,
            "resource \"aws_efs_file_system\" \"s{store}\" {{\n  creation_token = \"{name}\"\n  encrypted      = true\n{tags}}}\n\n"
        ),
        5 => write!(
            text,
            "resource \"aws_rds_cluster\" \"s{store}\" {{\n  cluster_identifier          = \"{name}\"\n  engine                      = \"aurora-postgresql\"\n  engine_version              = \"16.4\"\n  master_username             = \"admin\"\n  manage_master_user_password = true\n  storage_encrypted           = true\n  kms_key_id                  = aws_kms_key.k{key}.arn\n{tags}}}\n\n"
        ),
        _ => write!(text, "resource \"aws_s3_bucket\" \"s{store}\" {{\n  bucket = \"{name}\"\n{tags}}}\n\n"),
    };
}

/// A JSON value as a Terraform expression.
fn hcl(value: &serde_json::Value, depth: usize) -> String {
    let pad = "  ".repeat(depth);
    match value {
        serde_json::Value::Object(map) => {
            let lines: String =
                map.iter().map(|(key, value)| format!("{pad}  \"{key}\" = {}\n", hcl(value, depth + 1))).collect();
            format!("{{\n{lines}{pad}}}")
        }
        serde_json::Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| hcl(item, depth)).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

fn cloudformation(size: &Size, at: usize, account: u64, mut random: Random, write: &mut dyn FnMut(&str, &str)) {
    let mut text = String::from(
        "AWSTemplateFormatVersion: \"2010-09-09\"\nParameters:\n  Environment:\n    Type: String\n    Default: prod\nResources:\n",
    );
    for key in 0..size.keys {
        let _ = write!(text, "  Key{key}:\n    Type: AWS::KMS::Key\n");
        if let Some(policy) = key_policy(account, random.below(7)) {
            let _ = write!(text, "    Properties:\n      KeyPolicy: {policy}\n");
        }
    }
    for store in 0..size.stores {
        let key = random.below(size.keys);
        let tags = "      Tags:\n        - Key: backup\n          Value: daily\n        - Key: environment\n          Value: !Ref Environment\n";
        let _ = match random.below(4) {
            0 | 1 => write!(
                text,
                "  Store{store}:\n    Type: AWS::RDS::DBInstance\n    Properties:\n      DBInstanceIdentifier: !Sub \"${{Environment}}-s{store}\"\n      Engine: postgres\n      DBInstanceClass: db.t4g.medium\n      AllocatedStorage: \"50\"\n      StorageEncrypted: true\n      KmsKeyId: !GetAtt Key{key}.Arn\n{tags}"
            ),
            2 => write!(
                text,
                "  Store{store}:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      TableName: !Join [\"-\", [!Ref Environment, s{store}]]\n      BillingMode: PAY_PER_REQUEST\n      KeySchema:\n        - AttributeName: id\n          KeyType: HASH\n{tags}"
            ),
            _ => write!(
                text,
                "  Store{store}:\n    Type: AWS::EC2::Volume\n    Properties:\n      AvailabilityZone: {REGION}a\n      Size: 40\n      Encrypted: true\n      KmsKeyId: !GetAtt Key{key}.Arn\n{tags}"
            ),
        };
    }
    text.push_str("  Local:\n    Type: AWS::Backup::BackupVault\n    Properties:\n      BackupVaultName: local\n  Plan:\n    Type: AWS::Backup::BackupPlan\n    Properties:\n      BackupPlan:\n        BackupPlanName: daily\n        BackupPlanRule:\n          - RuleName: daily\n            TargetBackupVault: !Ref Local\n            CopyActions:\n");
    for action in 0..size.copy_actions {
        let _ = write!(
            text,
            "              - DestinationBackupVaultArn: arn:aws:backup:{REGION}:{BACKUP_ACCOUNT}:backup-vault:central-{action}\n                Lifecycle:\n                  DeleteAfterDays: 35\n"
        );
    }
    text.push_str("  Selection:\n    Type: AWS::Backup::BackupSelection\n    Properties:\n      BackupPlanId: !Ref Plan\n      BackupSelection:\n        SelectionName: daily\n        IamRoleArn: !Sub \"arn:aws:iam::${AWS::AccountId}:role/service-role/AWSBackupDefaultServiceRole\"\n        ListOfTags:\n          - ConditionType: STRINGEQUALS\n            ConditionKey: backup\n            ConditionValue: daily\n");
    write(&format!("accounts/a{at:04}.yaml"), &text);
}

fn plan(size: &Size, at: usize, account: u64, mut random: Random, write: &mut dyn FnMut(&str, &str)) {
    use serde_json::json;
    let provider = "registry.terraform.io/hashicorp/aws";
    let mut planned = Vec::new();
    let mut changes = Vec::new();
    let mut configured = Vec::new();
    let mut add = |kind: &str,
                   name: &str,
                   values: serde_json::Value,
                   unknown: serde_json::Value,
                   expressions: serde_json::Value| {
        let address = format!("{kind}.{name}");
        planned.push(json!({"address": address, "mode": "managed", "type": kind, "name": name, "provider_name": provider, "schema_version": 0, "values": values, "sensitive_values": {}}));
        changes.push(json!({"address": address, "mode": "managed", "type": kind, "name": name, "provider_name": provider, "change": {"actions": ["create"], "before": null, "after": values, "after_unknown": unknown, "before_sensitive": false, "after_sensitive": {}}}));
        configured.push(json!({"address": address, "mode": "managed", "type": kind, "name": name, "provider_config_key": "aws", "expressions": expressions, "schema_version": 0}));
    };
    for key in 0..size.keys {
        let name = format!("k{key}");
        let unknown = json!({"arn": true, "id": true, "key_id": true});
        match key_policy(account, random.below(7)) {
            Some(policy) => add(
                "aws_kms_key",
                &name,
                json!({"description": name, "is_enabled": true, "policy": policy.to_string()}),
                unknown,
                json!({"description": {"constant_value": name}, "policy": {}}),
            ),
            None => add(
                "aws_kms_key",
                &name,
                json!({"description": name, "is_enabled": true}),
                json!({"arn": true, "id": true, "key_id": true, "policy": true}),
                json!({"description": {"constant_value": name}}),
            ),
        }
    }
    for store in 0..size.stores {
        let key = random.below(size.keys);
        let reference = json!({"references": [format!("aws_kms_key.k{key}.arn"), format!("aws_kms_key.k{key}")]});
        let tags = json!({"backup": "daily"});
        add(
            "aws_db_instance",
            &format!("s{store}"),
            json!({"identifier": format!("a{at:04}-s{store}"), "engine": "postgres", "instance_class": "db.t4g.medium", "allocated_storage": 50, "storage_encrypted": true, "tags": tags, "tags_all": tags, "password": "not-a-secret"}),
            json!({"arn": true, "id": true, "kms_key_id": true, "address": true, "endpoint": true, "tags": {}, "tags_all": {}}),
            json!({"identifier": {"constant_value": format!("a{at:04}-s{store}")}, "kms_key_id": reference, "storage_encrypted": {"constant_value": true}, "tags": {"constant_value": tags}}),
        );
    }
    let actions: Vec<_> = (0..size.copy_actions)
        .map(|action| json!({"destination_vault_arn": format!("arn:aws:backup:{REGION}:{BACKUP_ACCOUNT}:backup-vault:central-{action}"), "lifecycle": [{"delete_after": 35, "cold_storage_after": null}]}))
        .collect();
    add(
        "aws_backup_vault",
        "local",
        json!({"name": "local"}),
        json!({"arn": true, "id": true, "kms_key_arn": true}),
        json!({"name": {"constant_value": "local"}}),
    );
    add(
        "aws_backup_plan",
        "daily",
        json!({"name": "daily", "rule": [{"rule_name": "daily", "target_vault_name": "local", "schedule": "cron(0 3 * * ? *)", "copy_action": actions}]}),
        json!({"arn": true, "id": true}),
        json!({"name": {"constant_value": "daily"}, "rule": [{"rule_name": {"constant_value": "daily"}, "target_vault_name": {"references": ["aws_backup_vault.local.name", "aws_backup_vault.local"]}}]}),
    );
    add(
        "aws_backup_selection",
        "daily",
        json!({"name": "daily", "iam_role_arn": format!("arn:aws:iam::{account}:role/service-role/AWSBackupDefaultServiceRole"), "selection_tag": [{"type": "STRINGEQUALS", "key": "backup", "value": "daily"}]}),
        json!({"id": true, "plan_id": true, "selection_tag": [{}]}),
        json!({"plan_id": {"references": ["aws_backup_plan.daily.id", "aws_backup_plan.daily"]}}),
    );
    let text = json!({
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {"resources": planned}},
        "resource_changes": changes,
        "configuration": {
            "provider_config": {"aws": {"name": "aws", "full_name": provider, "expressions": {"region": {"constant_value": REGION}, "allowed_account_ids": {"constant_value": [account.to_string()]}}}},
            "root_module": {"resources": configured},
        },
    });
    write(&format!("accounts/a{at:04}.plan.json"), &text.to_string());
}
