//! From an estate whose copies succeed one needed thing is taken away at a time: no copy may go on to succeed, apart from
//! what AWS does not need.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use crossvault::Input;
use crossvault::analysis::AnalysisSettings;
use crossvault::checks::Verdict;
use crossvault::resource::{Deployment, Language, LoadSettings, Unit};
use crossvault::source::{MemoryDisk, Sources};
use crossvault::terraform::Modules;

const TERRAFORM: &str = r#"
provider "aws" {
  region              = "eu-central-1"
  allowed_account_ids = ["111111111111"]
}
provider "aws" {
  alias               = "central"
  region              = "eu-central-1"
  allowed_account_ids = ["222222222222"]
}
provider "aws" {
  alias               = "management"
  region              = "us-east-1"
  allowed_account_ids = ["333333333333"]
}
resource "aws_backup_global_settings" "this" {
  provider        = aws.management
  global_settings = { "isCrossAccountBackupEnabled" = "true" }
}
resource "aws_kms_key" "data" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OwnAccount"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::111111111111:root" }
        Action    = ["kms:*"]
        Resource  = "*"
      },
      {
        Sid       = "Use"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action = [
          "kms:DescribeKey",
          "kms:Encrypt",
          "kms:Decrypt",
          "kms:ReEncrypt*",
          "kms:GenerateDataKey*",
        ]
        Resource = "*"
      },
      {
        Sid       = "Grants"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action = [
          "kms:CreateGrant",
          "kms:ListGrants",
          "kms:RevokeGrant",
        ]
        Resource  = "*"
        Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
      },
    ]
  })
}
SOURCE
resource "aws_backup_vault" "local" {
  name = "local"
}
resource "aws_iam_role" "backup" {
  name = "backup"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "backup.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}
resource "aws_iam_role_policy_attachment" "backup" {
  role       = aws_iam_role.backup.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
}
resource "aws_iam_role_policy_attachment" "s3" {
  role       = aws_iam_role.backup.name
  policy_arn = "arn:aws:iam::aws:policy/AWSBackupServiceRolePolicyForS3Backup"
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
      destination_vault_arn = aws_backup_vault.central.arn
      lifecycle {
        delete_after = 90
      }
    }
  }
}
resource "aws_backup_selection" "daily" {
  name         = "daily"
  plan_id      = aws_backup_plan.daily.id
  iam_role_arn = aws_iam_role.backup.arn
  resources    = [SELECTED]
}
resource "aws_kms_key" "central" {
  provider = aws.central
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OwnCentral"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::222222222222:root" }
      Action    = ["kms:*"]
      Resource  = "*"
    }]
  })
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
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::111111111111:root" }
      Action    = ["backup:CopyIntoBackupVault"]
      Resource  = "*"
    }]
  })
}
resource "aws_backup_vault_lock_configuration" "central" {
  provider           = aws.central
  backup_vault_name  = aws_backup_vault.central.name
  min_retention_days = 30
  max_retention_days = 365
}
"#;

const WORKLOAD: &str = r#"
Resources:
  SourceVault:
    Type: AWS::Backup::BackupVault
    Properties:
      BackupVaultName: local
  Data:
    Type: AWS::KMS::Key
    Properties:
      Enabled: true
      KeyPolicy:
        Version: "2012-10-17"
        Statement:
          - Sid: OwnAccount
            Effect: Allow
            Principal: { AWS: "arn:aws:iam::111111111111:root" }
            Action: ["kms:*"]
            Resource: "*"
          - Sid: Use
            Effect: Allow
            Principal: { AWS: "arn:aws:iam::222222222222:root" }
            Action:
              - "kms:DescribeKey"
              - "kms:Encrypt"
              - "kms:Decrypt"
              - "kms:ReEncrypt*"
              - "kms:GenerateDataKey*"
            Resource: "*"
          - Sid: Grants
            Effect: Allow
            Principal: { AWS: "arn:aws:iam::222222222222:root" }
            Action:
              - "kms:CreateGrant"
              - "kms:ListGrants"
              - "kms:RevokeGrant"
            Resource: "*"
            Condition: { Bool: { "kms:GrantIsForAWSResource": true } }
SOURCE
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: backup
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: { Service: backup.amazonaws.com }
            Action: sts:AssumeRole
      ManagedPolicyArns:
        - arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup
        - arn:aws:iam::aws:policy/AWSBackupServiceRolePolicyForS3Backup
  Daily:
    Type: AWS::Backup::BackupPlan
    Properties:
      BackupPlan:
        BackupPlanName: daily
        BackupPlanRule:
          - RuleName: daily
            TargetBackupVault: !Ref SourceVault
            Lifecycle:
              DeleteAfterDays: 35
            CopyActions:
              - DestinationBackupVaultArn: arn:aws:backup:eu-central-1:222222222222:backup-vault:central
                Lifecycle:
                  DeleteAfterDays: 90
  Selection:
    Type: AWS::Backup::BackupSelection
    Properties:
      BackupPlanId: !Ref Daily
      BackupSelection:
        SelectionName: daily
        IamRoleArn: !GetAtt Role.Arn
        Resources: [SELECTED]
"#;

const CENTRAL: &str = r#"
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      Enabled: true
      KeyPolicy:
        Version: "2012-10-17"
        Statement:
          - Sid: OwnCentral
            Effect: Allow
            Principal: { AWS: "arn:aws:iam::222222222222:root" }
            Action: ["kms:*"]
            Resource: "*"
  Vault:
    Type: AWS::Backup::BackupVault
    Properties:
      BackupVaultName: central
      EncryptionKeyArn: !GetAtt Key.Arn
      LockConfiguration:
        MinRetentionDays: 30
        MaxRetentionDays: 365
      AccessPolicy:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: { AWS: "arn:aws:iam::111111111111:root" }
            Action: ["backup:CopyIntoBackupVault"]
            Resource: "*"
"#;

/// A type: its name, in Terraform its resource and what selects it, the same in CloudFormation.
struct Source {
    service: &'static str,
    terraform: (&'static str, &'static str),
    template: Option<(&'static str, &'static str)>,
    /// The service that copies use the key through; `None` where AWS Backup manages the type fully.
    via: Option<&'static str>,
}

const SOURCES: &[Source] = &[
    Source {
        service: "rds",
        terraform: (
            "resource \"aws_db_instance\" \"x\" {\n  identifier        = \"x\"\n  engine            = \"postgres\"\n  storage_encrypted = true\n  kms_key_id        = aws_kms_key.data.arn\n}",
            "aws_db_instance.x.arn",
        ),
        template: Some((
            "  X:\n    Type: AWS::RDS::DBInstance\n    Properties:\n      DBInstanceIdentifier: x\n      Engine: postgres\n      StorageEncrypted: true\n      KmsKeyId: !GetAtt Data.Arn",
            "!GetAtt X.DBInstanceArn",
        )),
        via: Some("rds"),
    },
    Source {
        service: "aurora",
        terraform: (
            "resource \"aws_rds_cluster\" \"x\" {\n  cluster_identifier = \"x\"\n  engine             = \"aurora-mysql\"\n  storage_encrypted  = true\n  kms_key_id         = aws_kms_key.data.arn\n}",
            "aws_rds_cluster.x.arn",
        ),
        template: Some((
            "  X:\n    Type: AWS::RDS::DBCluster\n    Properties:\n      DBClusterIdentifier: x\n      Engine: aurora-mysql\n      StorageEncrypted: true\n      KmsKeyId: !GetAtt Data.Arn",
            "!GetAtt X.DBClusterArn",
        )),
        via: Some("rds"),
    },
    Source {
        service: "documentdb",
        terraform: (
            "resource \"aws_docdb_cluster\" \"x\" {\n  cluster_identifier = \"x\"\n  storage_encrypted  = true\n  kms_key_id         = aws_kms_key.data.arn\n}",
            "aws_docdb_cluster.x.arn",
        ),
        template: None,
        via: Some("rds"),
    },
    Source {
        service: "ebs",
        terraform: (
            "resource \"aws_ebs_volume\" \"x\" {\n  availability_zone = \"eu-central-1a\"\n  encrypted         = true\n  kms_key_id        = aws_kms_key.data.arn\n}",
            "aws_ebs_volume.x.arn",
        ),
        template: None,
        via: Some("ec2"),
    },
    Source {
        service: "ec2",
        terraform: (
            "resource \"aws_instance\" \"x\" {\n  ami = \"ami-0123456789abcdef0\"\n  root_block_device {\n    encrypted  = true\n    kms_key_id = aws_kms_key.data.arn\n  }\n}",
            "aws_instance.x.arn",
        ),
        template: None,
        via: Some("ec2"),
    },
    Source {
        service: "fsx_windows",
        terraform: (
            "resource \"aws_fsx_windows_file_system\" \"x\" {\n  kms_key_id = aws_kms_key.data.arn\n}",
            "aws_fsx_windows_file_system.x.arn",
        ),
        template: Some((
            "  X:\n    Type: AWS::FSx::FileSystem\n    Properties:\n      FileSystemType: WINDOWS\n      KmsKeyId: !GetAtt Data.Arn",
            "!GetAtt X.ResourceARN",
        )),
        via: Some("fsx"),
    },
    Source {
        service: "dynamodb",
        terraform: (
            "resource \"aws_dynamodb_table\" \"x\" {\n  name = \"x\"\n  server_side_encryption {\n    enabled     = true\n    kms_key_arn = aws_kms_key.data.arn\n  }\n}",
            "aws_dynamodb_table.x.arn",
        ),
        template: Some((
            "  X:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      TableName: x\n      SSESpecification: { SSEEnabled: true, KMSMasterKeyId: !Ref Data }",
            "!GetAtt X.Arn",
        )),
        via: None,
    },
    Source {
        service: "s3",
        terraform: (
            "resource \"aws_s3_bucket\" \"x\" {\n  bucket = \"x\"\n}\nresource \"aws_s3_bucket_versioning\" \"x\" {\n  bucket = aws_s3_bucket.x.id\n  versioning_configuration {\n    status = \"Enabled\"\n  }\n}",
            "aws_s3_bucket.x.arn",
        ),
        template: Some((
            "  X:\n    Type: AWS::S3::Bucket\n    Properties:\n      BucketName: x\n      VersioningConfiguration:\n        Status: Enabled",
            "!GetAtt X.Arn",
        )),
        via: None,
    },
];

/// What is found in the text, what it becomes, the rule that then answers, and for which copies it matters.
struct Mutation {
    find: &'static str,
    becomes: &'static str,
    rule: &'static str,
    matters: fn(&Source) -> bool,
}

fn all(_: &Source) -> bool {
    true
}

/// The source's key is used.
fn keyed(source: &Source) -> bool {
    source.via.is_some()
}

/// Copies of these use the key in further ways.
fn snapshots(source: &Source) -> bool {
    matches!(source.via, Some("ec2" | "fsx"))
}

fn bucket(source: &Source) -> bool {
    source.service == "s3"
}

const fn mutation(
    find: &'static str,
    becomes: &'static str,
    rule: &'static str,
    matters: fn(&Source) -> bool,
) -> Mutation {
    Mutation { find, becomes, rule, matters }
}

/// In both languages.
const BOTH: &[Mutation] = &[
    mutation("\"kms:CreateGrant\"", "\"kms:Verify\"", "source-key-share-incomplete", keyed),
    mutation("\"kms:DescribeKey\"", "\"kms:Verify\"", "source-key-share-incomplete", keyed),
    mutation("\"kms:ReEncrypt*\"", "\"kms:ReEncryptTo\"", "source-key-share-incomplete", snapshots),
    mutation("\"kms:GenerateDataKey*\"", "\"kms:GenerateDataKey\"", "source-key-share-incomplete", snapshots),
    mutation("backup.amazonaws.com", "ec2.amazonaws.com", "backup-role-not-assumable", all),
    mutation("\"backup:CopyIntoBackupVault\"", "\"backup:StartCopyJob\"", "destination-vault-access-missing", all),
    mutation("\"backup:CopyIntoBackupVault\"", "\"backup:Copy*\"", "vault-policy-wildcard-action", all),
    mutation(
        "service-role/AWSBackupServiceRolePolicyForBackup",
        "service-role/AWSBackupServiceRolePolicyForRestores",
        "backup-role-cannot-copy",
        all,
    ),
    mutation(
        "policy/AWSBackupServiceRolePolicyForS3Backup",
        "policy/AWSBackupServiceRolePolicyForS3Restore",
        "backup-role-cannot-copy",
        bucket,
    ),
];

const IN_TERRAFORM: &[Mutation] = &[
    mutation(
        "\"isCrossAccountBackupEnabled\" = \"true\"",
        "\"isCrossAccountBackupEnabled\" = \"false\"",
        "cross-account-backup-disabled",
        all,
    ),
    mutation("min_retention_days = 30", "min_retention_days = 91", "retention-outside-vault-lock", all),
    mutation("max_retention_days = 365", "max_retention_days = 89", "retention-outside-vault-lock", all),
    mutation("kms_key_arn = aws_kms_key.central.arn", "", "destination-vault-key-aws-managed", keyed),
    mutation(
        "aws_kms_key\" \"data\" {",
        "aws_kms_key\" \"data\" {\n  is_enabled = false",
        "source-key-unusable",
        keyed,
    ),
    mutation(
        "aws_kms_key\" \"data\" {",
        "aws_kms_key\" \"data\" {\n  customer_master_key_spec = \"RSA_2048\"",
        "source-key-unusable",
        keyed,
    ),
    mutation(
        "aws_kms_key\" \"central\" {",
        "aws_kms_key\" \"central\" {\n  is_enabled = false",
        "destination-key-unusable",
        all,
    ),
    mutation("status = \"Enabled\"", "status = \"Suspended\"", "copy-unsupported", bucket),
    mutation("resource \"aws_s3_bucket_versioning\"", "resource \"aws_s3_bucket_acl\"", "copy-unsupported", bucket),
    mutation(
        "provider          = aws.central\n  backup_vault_name",
        "backup_vault_name",
        "destination-vault-access-missing",
        all,
    ),
];

const IN_TEMPLATES: &[Mutation] = &[
    mutation("MinRetentionDays: 30", "MinRetentionDays: 91", "retention-outside-vault-lock", all),
    mutation("MaxRetentionDays: 365", "MaxRetentionDays: 89", "retention-outside-vault-lock", all),
    mutation("      EncryptionKeyArn: !GetAtt Key.Arn\n", "", "destination-vault-key-aws-managed", keyed),
    mutation(
        "  Data:\n    Type: AWS::KMS::Key\n    Properties:\n      Enabled: true",
        "  Data:\n    Type: AWS::KMS::Key\n    Properties:\n      Enabled: false",
        "source-key-unusable",
        keyed,
    ),
    mutation(
        "  Key:\n    Type: AWS::KMS::Key\n    Properties:\n      Enabled: true",
        "  Key:\n    Type: AWS::KMS::Key\n    Properties:\n      Enabled: false",
        "destination-key-unusable",
        all,
    ),
    mutation("Status: Enabled", "Status: Suspended", "copy-unsupported", bucket),
    mutation("      BackupVaultName: central", "      BackupVaultName: centrale", "destination-vault-missing", all),
];

/// Statements by what they begin with, and the rule that answers when one is denied or given to somebody else.
const STATEMENTS: &[(&str, &str, &str, fn(&Source) -> bool)] = &[
    ("OwnAccount", "111111111111", "source-key-locked-out", keyed),
    ("Use", "222222222222", "source-key-share-incomplete", keyed),
    ("Grants", "222222222222", "source-key-share-incomplete", keyed),
    ("OwnCentral", "222222222222", "destination-key-unusable", keyed),
];

/// What AWS does not need: these may go, and copies still succeed.
const NOT_NEEDED: &[(&str, &str)] = &[
    ("\"kms:Encrypt\"", "\"kms:Verify\""),
    ("\"kms:Decrypt\"", "\"kms:Verify\""),
    ("\"kms:ListGrants\"", "\"kms:Verify\""),
    ("\"kms:RevokeGrant\"", "\"kms:Verify\""),
];

type Files = Vec<(String, String)>;

fn terraform(source: &Source) -> Files {
    let text = TERRAFORM.replace("SOURCE", source.terraform.0).replace("SELECTED", source.terraform.1);
    vec![("root/main.tf".to_owned(), text)]
}

fn templates(source: &Source) -> Option<Files> {
    let (resource, selected) = source.template?;
    let text = WORKLOAD.replace("SOURCE", resource).replace("SELECTED", selected);
    Some(vec![("workload.yaml".to_owned(), text), ("central.yaml".to_owned(), CENTRAL.to_owned())])
}

/// The verdicts of all copies, and the rules that fail or are open.
fn judged(files: &Files) -> Vec<(Verdict, Vec<&'static str>)> {
    let template = files.len() > 1;
    let deployment = |account: &str| Deployment {
        account: template.then(|| crossvault::aws::AccountId::parse(account).unwrap()),
        region: template.then(|| "eu-central-1".into()),
        ..Deployment::default()
    };
    let units = if template {
        vec![("workload.yaml", "111111111111"), ("central.yaml", "222222222222")]
    } else {
        vec![("root", "111111111111")]
    };
    let language = if template { Language::CloudFormation } else { Language::Terraform };
    let units = units.into_iter().map(|(path, account)| Unit {
        name: path.into(),
        language,
        path: path.to_owned(),
        deployment: deployment(account),
    });
    let disk = MemoryDisk::new(files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    let input = Input {
        sources: Sources::new(Box::new(disk)),
        units: units.collect(),
        modules: Modules::default(),
        load: LoadSettings::default(),
        diagnostics: Vec::new(),
    };
    let analysis = crossvault::analyze(input, &AnalysisSettings::default());
    analysis.judgements.iter().map(|judgement| (judgement.verdict, judgement.basis.decided_by.to_vec())).collect()
}

fn mutate(files: &Files, find: &str, becomes: &str) -> Option<Files> {
    files
        .iter()
        .any(|(_, text)| text.contains(find))
        .then(|| files.iter().map(|(path, text)| (path.clone(), text.replacen(find, becomes, 1))).collect())
}

/// The statement of this Sid given to somebody else, and the same statement made a Deny.
fn statements(files: &Files, sid: &str, account: &str) -> [Files; 2] {
    let change = |from: &str, to: &str| -> Files {
        let change_one = |text: &str| {
            let quoted = [format!("Sid       = \"{sid}\""), format!("Sid: {sid}\n")];
            let Some(at) = quoted.iter().find_map(|begin| text.find(begin.as_str())) else { return text.to_owned() };
            format!("{}{}", &text[..at], text[at..].replacen(from, to, 1))
        };
        files.iter().map(|(path, text)| (path.clone(), change_one(text))).collect()
    };
    let deny = if files.len() > 1 { change("Effect: Allow", "Effect: Deny") } else { change("\"Allow\"", "\"Deny\"") };
    [change(account, "999999999999"), deny]
}

#[test]
fn every_estate_works_before_it_is_changed() {
    for source in SOURCES {
        for files in [Some(terraform(source)), templates(source)].into_iter().flatten() {
            let all = judged(&files);
            assert!(!all.is_empty(), "{}", source.service);
            for (verdict, rules) in all {
                assert_eq!(verdict, Verdict::Succeeds, "{} in {}: {rules:?}", source.service, files[0].0);
            }
            for (find, becomes) in NOT_NEEDED {
                let changed = mutate(&files, find, becomes).unwrap();
                for (verdict, rules) in judged(&changed) {
                    assert_eq!(verdict, Verdict::Succeeds, "{} without {find}: {rules:?}", source.service);
                }
            }
        }
    }
}

#[test]
fn without_anything_that_it_needs_no_copy_succeeds() {
    let (mut changes, mut wrong) = (0, Vec::new());
    for source in SOURCES {
        for files in [Some(terraform(source)), templates(source)].into_iter().flatten() {
            let own = if files.len() > 1 { IN_TEMPLATES } else { IN_TERRAFORM };
            let mut tried: Vec<(String, Files, &str, bool)> = Vec::new();
            for Mutation { find, becomes, rule, matters } in BOTH.iter().chain(own) {
                let changed = mutate(&files, find, becomes);
                tried.extend(changed.map(|changed| (format!("{find} -> {becomes}"), changed, *rule, matters(source))));
            }
            for (sid, account, rule, matters) in STATEMENTS {
                let [other, denied] = statements(&files, sid, account);
                tried.push((format!("{sid} for another account"), other, rule, matters(source)));
                tried.push((format!("{sid} denied"), denied, "", matters(source)));
            }
            for (what, changed, rule, matters) in tried {
                changes += 1;
                for (verdict, rules) in judged(&changed) {
                    let flipped = verdict != Verdict::Succeeds && (rule.is_empty() || rules.contains(&rule));
                    if matters && !flipped {
                        wrong.push(format!(
                            "{} in {}: {what}: {verdict:?} by {rules:?}, not {rule}",
                            source.service, files[0].0
                        ));
                    }
                }
            }
        }
    }
    assert!(changes > 200, "{changes} changes");
    assert!(wrong.is_empty(), "{} of {changes}:\n{}", wrong.len(), wrong.join("\n"));
}
