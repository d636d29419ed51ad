//! Estates that a string of bytes chooses: well-formed code, so that a fuzzer reaches what lies behind the parsers.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Reads choices from bytes; where they end, every choice is the first.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first)
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.byte() % all.len()]
    }

    fn chance(&mut self) -> bool {
        self.byte() % 2 == 1
    }
}

const ACCOUNTS: [&str; 4] = [
    "allowed_account_ids = [\"111111111111\"]",
    "allowed_account_ids = [var.account]",
    "",
    "allowed_account_ids = [\"222222222222\"]",
];
const REGIONS: [&str; 4] = ["\"eu-central-1\"", "\"us-east-2\"", "var.open", "\"cn-north-1\""];
const KEYS: [&str; 9] = [
    "aws_kms_key.k[0].arn",
    "aws_kms_key.k[1].arn",
    "aws_kms_alias.a.target_key_arn",
    "null",
    "var.open",
    "\"arn:aws:kms:eu-central-1:111111111111:key/11111111-1111-1111-1111-111111111111\"",
    "data.aws_kms_alias.rds.target_key_arn",
    "var.flag ? aws_kms_key.k[0].arn : null",
    "try(aws_kms_key.k[9].arn, \"\")",
];
const STORES: [(&str, &str, &str); 12] = [
    ("aws_db_instance", "kms_key_id", "engine = \"postgres\"\n  storage_encrypted = true"),
    ("aws_db_instance", "kms_key_id", "replicate_source_db = aws_db_instance.s0[0].identifier"),
    ("aws_rds_cluster", "kms_key_id", "engine = \"aurora-postgresql\"\n  storage_encrypted = var.flag"),
    ("aws_dynamodb_table", "hash_key", "server_side_encryption {\n    enabled = true\n  }"),
    ("aws_efs_file_system", "kms_key_id", "encrypted = true"),
    ("aws_ebs_volume", "kms_key_id", "availability_zone = \"eu-central-1a\""),
    ("aws_s3_bucket", "bucket", ""),
    ("aws_fsx_windows_file_system", "kms_key_id", "storage_capacity = 32"),
    ("aws_docdb_cluster", "kms_key_id", "storage_encrypted = true"),
    ("aws_neptune_cluster", "kms_key_arn", "storage_encrypted = !var.flag"),
    ("aws_redshift_cluster", "kms_key_id", "encrypted = true"),
    ("aws_instance", "ami", "root_block_device {\n    encrypted = true\n  }"),
];
const PRINCIPALS: [&str; 8] = [
    "\"*\"",
    "{ AWS = \"*\" }",
    "{ AWS = \"arn:aws:iam::111111111111:root\" }",
    "{ AWS = [\"222222222222\", var.open] }",
    "{ AWS = \"arn:aws:iam::222222222222:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup\" }",
    "{ Service = \"backup.amazonaws.com\" }",
    "null",
    "{ AWS = [for a in [var.account] : \"arn:aws:iam::${a}:root\"] }",
];
const ACTIONS: [&str; 9] = [
    "\"*\"",
    "\"kms:*\"",
    "[\"kms:Decrypt\", \"kms:DescribeKey\", \"kms:CreateGrant\", \"kms:GenerateDataKey*\", \"kms:ReEncrypt*\"]",
    "\"kms:CreateGrant\"",
    "\"backup:CopyIntoBackupVault\"",
    "\"backup:*\"",
    "[\"backup:Copy?ntoBackupVault\", \"*\"]",
    "var.open",
    "[]",
];
const CONDITIONS: [&str; 8] = [
    "{}",
    "{ Bool = { \"kms:GrantIsForAWSResource\" = \"true\" } }",
    "{ StringEquals = { \"aws:PrincipalOrgID\" = \"o-a1b2c3d4e5\" } }",
    "{ StringNotEqualsIfExists = { \"aws:PrincipalAccount\" = [var.account, \"111111111111\"] } }",
    "{ \"ForAnyValue:StringLike\" = { \"aws:PrincipalOrgPaths\" = \"o-*/r-*/*\" } }",
    "{ ArnLike = { \"aws:PrincipalArn\" = \"arn:aws:iam::*:role/${var.open}\" } }",
    "{ StringEquals = { \"kms:ViaService\" = \"rds.${var.open}.amazonaws.com\" } }",
    "{ NumericLessThan = { \"backup:CopyTargets\" = 1 }, Null = { \"aws:x\" = true } }",
];
const COUNTS: [&str; 7] = ["1", "2", "0", "var.flag ? 1 : 0", "length(var.list)", "length(keys(var.tags))", "3"];
const VAULTS: [&str; 6] = [
    "aws_backup_vault.v1[0].arn",
    "aws_backup_vault.v2[0].arn",
    "var.open",
    "\"arn:aws:backup:us-east-2:222222222222:backup-vault:central\"",
    "\"arn:aws:backup:${data.aws_region.here.name}:${var.account}:backup-vault:central\"",
    "one(aws_backup_vault.v2[*].arn)",
];
const RESOURCES: [&str; 6] = [
    "[\"*\"]",
    "[\"arn:aws:rds:*:*:db:*\"]",
    "[var.open]",
    "concat(aws_db_instance.s0[*].arn, [])",
    "[]",
    "[for s in aws_db_instance.s0 : s.arn if var.flag]",
];
const DAYS: [&str; 6] = ["30", "7", "var.days", "null", "3650", "0"];
const NAMES: [&str; 5] = ["n", "Größe", "a b", "x`y|z", "${var.account}"];

const COMMON: &str = r#"
variable "open" {}
variable "account" {
  default = "222222222222"
}
variable "flag" {
  type = bool
}
variable "days" {
  type    = number
  default = 35
}
variable "list" {
  default = ["a", "b"]
}
variable "tags" {
  type    = map(string)
  default = { Backup = "yes" }
}
data "aws_region" "here" {}
data "aws_kms_alias" "rds" {
  name = "alias/aws/rds"
}
"#;

fn policy(choices: &mut Choices<'_>) -> String {
    let mut statements = Vec::new();
    for _ in 0..=choices.byte() % 3 {
        let effect = choices.of(&["Allow", "Deny"]);
        let negated = choices.of(&["", "", "", "Not"]);
        statements.push(format!(
            "{{ Effect = \"{effect}\", {negated}Principal = {}, {}Action = {}, Resource = \"*\", Condition = {} }}",
            choices.of(&PRINCIPALS),
            choices.of(&["", "", "Not"]),
            choices.of(&ACTIONS),
            choices.of(&CONDITIONS),
        ));
    }
    format!("jsonencode({{ Version = \"2012-10-17\", Statement = [{}] }})", statements.join(", "))
}

/// Files of an estate: Terraform, and a template where the bytes say so.
pub(crate) fn generate(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let choices = &mut Choices(bytes);
    let mut out = String::from(COMMON);
    for alias in ["", "  alias = \"far\"\n"] {
        let _ = writeln!(
            out,
            "provider \"aws\" {{\n{alias}  region = {}\n  {}\n}}",
            choices.of(&REGIONS),
            choices.of(&ACCOUNTS)
        );
    }
    let provider = |choices: &mut Choices<'_>| choices.of(&["", "  provider = aws.far\n"]);
    let _ = writeln!(
        out,
        "resource \"aws_kms_key\" \"k\" {{\n  count = 2\n{}  policy = {}\n}}\nresource \"aws_kms_alias\" \"a\" {{\n  name = \"alias/a\"\n  target_key_id = {}\n}}",
        provider(choices),
        if choices.chance() { policy(choices) } else { "null".to_owned() },
        choices.of(&KEYS),
    );
    for at in 0..=choices.byte() % 4 {
        let (kind, key, more) = if at == 0 { STORES[0] } else { choices.of(&STORES) };
        let _ = writeln!(
            out,
            "resource \"{kind}\" \"s{at}\" {{\n  count = {}\n{}  {key} = {}\n  {more}\n  tags = {}\n}}",
            choices.of(&COUNTS),
            provider(choices),
            choices.of(&KEYS),
            choices.of(&["{ Backup = \"yes\" }", "var.tags", "{}", "merge(var.tags, { Name = var.open })"]),
        );
    }
    for at in 1..=2 {
        let _ = writeln!(
            out,
            "resource \"aws_backup_vault\" \"v{at}\" {{\n  count = {}\n{}  name = \"{}{at}\"\n  kms_key_arn = {}\n}}",
            choices.of(&COUNTS),
            provider(choices),
            choices.of(&NAMES),
            choices.of(&KEYS),
        );
        if choices.chance() {
            let text = policy(choices);
            let _ = writeln!(
                out,
                "resource \"aws_backup_vault_policy\" \"p{at}\" {{\n{}  backup_vault_name = {}\n  policy = {text}\n}}",
                provider(choices),
                choices.of(&["aws_backup_vault.v1[0].name", "aws_backup_vault.v2[0].name", "var.open"]),
            );
        }
        if choices.chance() {
            let _ = writeln!(
                out,
                "resource \"aws_backup_vault_lock_configuration\" \"l{at}\" {{\n{}  backup_vault_name = aws_backup_vault.v{at}[0].name\n  min_retention_days = {}\n  max_retention_days = {}\n}}",
                provider(choices),
                choices.of(&DAYS),
                choices.of(&DAYS),
            );
        }
    }
    let action = format!(
        "copy_action {{\n      destination_vault_arn = {}\n      lifecycle {{\n        delete_after = {}\n        cold_storage_after = {}\n      }}\n    }}",
        choices.of(&VAULTS),
        choices.of(&DAYS),
        choices.of(&DAYS)
    );
    let actions = choices.of(&[
        action.as_str(),
        "dynamic \"copy_action\" {\n      for_each = var.list\n      content {\n        destination_vault_arn = copy_action.value\n      }\n    }",
        "dynamic \"copy_action\" {\n      for_each = toset(var.flag ? [aws_backup_vault.v2[0].arn] : [])\n      content {\n        destination_vault_arn = copy_action.key\n      }\n    }",
    ]);
    let _ = writeln!(
        out,
        "resource \"aws_backup_plan\" \"p\" {{\n  name = \"{}\"\n  rule {{\n    rule_name = \"r\"\n    target_vault_name = {}\n    enable_continuous_backup = {}\n    {actions}\n  }}\n}}",
        choices.of(&NAMES),
        choices.of(&["aws_backup_vault.v1[0].name", "aws_backup_vault.v2[0].name", "\"Default\"", "var.open"]),
        choices.of(&["false", "true", "var.flag"]),
    );
    let _ = writeln!(
        out,
        "resource \"aws_backup_selection\" \"s\" {{\n  name = \"s\"\n  plan_id = aws_backup_plan.p.id\n  iam_role_arn = {}\n  resources = {}\n  {}\n}}",
        choices.of(&[
            "\"arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole\"",
            "aws_iam_role.backup.arn",
            "var.open"
        ]),
        choices.of(&RESOURCES),
        choices.of(&[
            "",
            "selection_tag {\n    type = \"STRINGEQUALS\"\n    key = \"Backup\"\n    value = \"yes\"\n  }",
            "not_resources = [\"arn:aws:ec2:*\"]"
        ]),
    );
    let text = policy(choices);
    let _ = writeln!(
        out,
        "resource \"aws_iam_role\" \"backup\" {{\n  name = \"b\"\n  assume_role_policy = {text}\n}}\nresource \"aws_organizations_policy\" \"o\" {{\n  type = \"{}\"\n  content = {}\n}}",
        choices.of(&["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "BACKUP_POLICY"]),
        policy(choices),
    );
    let mut files = BTreeMap::new();
    if choices.chance() {
        files.insert("workload/main.tf".to_owned(), template(choices).into_bytes());
        files.insert("workload/template.yaml".to_owned(), stack(choices).into_bytes());
    }
    if choices.chance() {
        let call = format!(
            "module \"m\" {{\n  for_each = {}\n  source = \"./m\"\n  open = each.key\n  flag = {}\n}}\n",
            choices.of(&["toset([\"a\"])", "toset(var.list)", "{ a = 1, b = var.open }", "var.tags"]),
            choices.of(&["true", "var.flag", "null"]),
        );
        files.insert("m/main.tf".to_owned(), out.clone().into_bytes());
        out = format!(
            "{call}variable \"list\" {{ default = [\"x\"] }}\nvariable \"tags\" {{}}\nvariable \"open\" {{}}\nvariable \"flag\" {{}}\n"
        );
    }
    files.insert("main.tf".to_owned(), out.into_bytes());
    files
}

/// A root module that reads what others make.
fn template(choices: &mut Choices<'_>) -> String {
    format!(
        "data \"aws_backup_vault\" \"v\" {{\n  name = \"{}1\"\n}}\nresource \"aws_backup_plan\" \"q\" {{\n  name = \"q\"\n  rule {{\n    rule_name = \"r\"\n    target_vault_name = data.aws_backup_vault.v.name\n    copy_action {{\n      destination_vault_arn = {}\n    }}\n  }}\n}}\n",
        choices.of(&NAMES),
        choices.of(&["data.aws_backup_vault.v.arn", "\"arn:aws:backup:us-east-2:222222222222:backup-vault:n2\""]),
    )
}

/// A CloudFormation template.
fn stack(choices: &mut Choices<'_>) -> String {
    let condition = choices.of(&["", "    Condition: Some\n"]);
    format!(
        "Parameters:\n  Open:\n    Type: String\nConditions:\n  Some: {}\nResources:\n  Key:\n    Type: AWS::KMS::Key\n{condition}  Table:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      SSESpecification: {{SSEEnabled: true, KMSMasterKeyId: {}}}\n      Tags: [{{Key: Backup, Value: 'yes'}}]\n  Vault:\n    Type: AWS::Backup::BackupVault\n    Properties:\n      BackupVaultName: {}\n{condition}  Plan:\n    Type: AWS::Backup::BackupPlan\n    Properties:\n      BackupPlan:\n        BackupPlanName: p\n        BackupPlanRule:\n          - RuleName: r\n            TargetBackupVault: !Ref Vault\n            CopyActions:\n              - DestinationBackupVaultArn: {}\n  Selection:\n    Type: AWS::Backup::BackupSelection\n    Properties:\n      BackupPlanId: !Ref Plan\n      BackupSelection:\n        SelectionName: s\n        IamRoleArn: !Sub arn:aws:iam::${{AWS::AccountId}}:role/r\n        Resources: {}\n",
        choices.of(&["!Equals [!Ref Open, a]", "!Not [!Equals [!Ref AWS::Region, us-east-2]]", "!Equals [a, a]"]),
        choices.of(&["!GetAtt Key.Arn", "!Ref Open", "!If [Some, !Ref Key, !Ref AWS::NoValue]", "alias/aws/dynamodb"]),
        choices.of(&["local", "!Ref Open", "!Sub '${AWS::StackName}-v'"]),
        choices.of(&[
            "arn:aws:backup:us-east-2:222222222222:backup-vault:central",
            "!Ref Open",
            "!Sub arn:aws:backup:us-east-2:${Open}:backup-vault:n2",
            "!If [Some, !GetAtt Vault.BackupVaultArn, !Ref Open]",
        ]),
        choices.of(&["['*']", "[!GetAtt Table.Arn]", "[!Ref Open]"]),
    )
}
