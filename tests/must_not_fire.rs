//! What looks like a flaw and is none: small estates in both languages, the rules that must be silent on them, and the
//! verdict.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use serde_json::Value as Json;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

const SOURCE: &str = "111111111111";
const DESTINATION: &str = "222222222222";

/// A data store in both languages. `KEY` stands for the customer managed key that the row declares.
struct Store {
    terraform: &'static str,
    /// The resource that the text declares.
    address: &'static str,
    template: &'static str,
    /// What a selection names it by.
    arn: &'static str,
}

struct Row {
    claim: &'static str,
    stores: &'static [Store],
    /// Who may use the key that the data is encrypted under beside its own account, as an IAM statement.
    key: Option<&'static str>,
    /// The vault that is copied from is under a customer managed key of its own.
    source_vault_key: bool,
    account: &'static str,
    region: &'static str,
    /// The destination vault is under a customer managed key, else under AWS Backup's own.
    vault_key: bool,
    /// Who may copy into it, as an IAM statement.
    admits: &'static str,
    continuous: bool,
    never: &'static [&'static str],
    verdict: &'static str,
}

const ROW: Row = Row {
    claim: "",
    stores: &[],
    key: None,
    source_vault_key: false,
    account: DESTINATION,
    region: "eu-central-1",
    vault_key: true,
    admits: r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}, "Action": "backup:CopyIntoBackupVault", "Resource": "*"}"#,
    continuous: false,
    never: &[],
    verdict: "succeeds",
};

const RDS: Store = Store {
    terraform: "resource \"aws_db_instance\" \"orders\" {\n  identifier = \"orders\"\n  engine = \"postgres\"\n  storage_encrypted = true\n  kms_key_id = KEY\n}\n",
    address: "aws_db_instance.orders",
    template: "  Orders:\n    Type: AWS::RDS::DBInstance\n    Properties:\n      DBInstanceIdentifier: orders\n      Engine: postgres\n      StorageEncrypted: true\n      KmsKeyId: KEY\n",
    arn: "!GetAtt Orders.DBInstanceArn",
};
const AURORA: Store = Store {
    terraform: "resource \"aws_rds_cluster\" \"reports\" {\n  cluster_identifier = \"reports\"\n  engine = \"aurora-postgresql\"\n  storage_encrypted = true\n  kms_key_id = KEY\n}\n",
    address: "aws_rds_cluster.reports",
    template: "  Reports:\n    Type: AWS::RDS::DBCluster\n    Properties:\n      DBClusterIdentifier: reports\n      Engine: aurora-postgresql\n      StorageEncrypted: true\n      KmsKeyId: KEY\n",
    arn: "!GetAtt Reports.DBClusterArn",
};
const DOCUMENTDB: Store = Store {
    terraform: "resource \"aws_docdb_cluster\" \"invoices\" {\n  cluster_identifier = \"invoices\"\n  storage_encrypted = true\n  kms_key_id = KEY\n}\n",
    address: "aws_docdb_cluster.invoices",
    template: "  Invoices:\n    Type: AWS::DocDB::DBCluster\n    Properties:\n      DBClusterIdentifier: invoices\n      StorageEncrypted: true\n      KmsKeyId: KEY\n",
    arn: "arn:aws:rds:eu-central-1:111111111111:cluster:invoices",
};
const NEPTUNE: Store = Store {
    terraform: "resource \"aws_neptune_cluster\" \"graph\" {\n  cluster_identifier = \"graph\"\n  storage_encrypted = true\n  kms_key_arn = KEY\n}\n",
    address: "aws_neptune_cluster.graph",
    template: "  Graph:\n    Type: AWS::Neptune::DBCluster\n    Properties:\n      DBClusterIdentifier: graph\n      StorageEncrypted: true\n      KmsKeyId: KEY\n",
    arn: "arn:aws:rds:eu-central-1:111111111111:cluster:graph",
};
const ONTAP: Store = Store {
    terraform: "resource \"aws_fsx_ontap_file_system\" \"files\" {\n  kms_key_id = KEY\n}\n",
    address: "aws_fsx_ontap_file_system.files",
    template: "  Files:\n    Type: AWS::FSx::FileSystem\n    Properties:\n      FileSystemType: ONTAP\n      KmsKeyId: KEY\n",
    arn: "!GetAtt Files.ResourceARN",
};
const EBS: Store = Store {
    terraform: "resource \"aws_ebs_volume\" \"search\" {\n  encrypted = true\n  kms_key_id = KEY\n}\n",
    address: "aws_ebs_volume.search",
    template: "  Search:\n    Type: AWS::EC2::Volume\n    Properties:\n      Encrypted: true\n      KmsKeyId: KEY\n",
    arn: "!Sub \"arn:aws:ec2:${AWS::Region}:${AWS::AccountId}:volume/${Search}\"",
};
const RDS_MANAGED: Store = Store {
    terraform: "resource \"aws_db_instance\" \"orders\" {\n  identifier = \"orders\"\n  engine = \"postgres\"\n  storage_encrypted = true\n}\n",
    address: "aws_db_instance.orders",
    template: "  Orders:\n    Type: AWS::RDS::DBInstance\n    Properties:\n      DBInstanceIdentifier: orders\n      Engine: postgres\n      StorageEncrypted: true\n",
    arn: "!GetAtt Orders.DBInstanceArn",
};
const EBS_MANAGED: Store = Store {
    terraform: "resource \"aws_ebs_volume\" \"search\" {\n  encrypted = true\n  kms_key_id = \"alias/aws/ebs\"\n}\n",
    address: "aws_ebs_volume.search",
    template: "  Search:\n    Type: AWS::EC2::Volume\n    Properties:\n      Encrypted: true\n      KmsKeyId: alias/aws/ebs\n",
    arn: "!Sub \"arn:aws:ec2:${AWS::Region}:${AWS::AccountId}:volume/${Search}\"",
};
const FSX_MANAGED: Store = Store {
    terraform: "resource \"aws_fsx_windows_file_system\" \"files\" {\n  throughput_capacity = 32\n}\n",
    address: "aws_fsx_windows_file_system.files",
    template: "  Files:\n    Type: AWS::FSx::FileSystem\n    Properties:\n      FileSystemType: WINDOWS\n",
    arn: "!GetAtt Files.ResourceARN",
};
const TABLE_MANAGED: Store = Store {
    terraform: "resource \"aws_dynamodb_table\" \"users\" {\n  name = \"users\"\n  server_side_encryption {\n    enabled = true\n  }\n}\n",
    address: "aws_dynamodb_table.users",
    template: "  Users:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      TableName: users\n      SSESpecification:\n        SSEEnabled: true\n",
    arn: "!GetAtt Users.Arn",
};
const TABLE_UNSHARED: Store = Store {
    terraform: "resource \"aws_dynamodb_table\" \"users\" {\n  name = \"users\"\n  server_side_encryption {\n    enabled = true\n    kms_key_arn = KEY\n  }\n}\n",
    address: "aws_dynamodb_table.users",
    template: "  Users:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      TableName: users\n      SSESpecification:\n        SSEEnabled: true\n        KMSMasterKeyId: KEY\n",
    arn: "!GetAtt Users.Arn",
};
const EFS: Store = Store {
    terraform: "resource \"aws_efs_file_system\" \"documents\" {\n  encrypted = true\n}\n",
    address: "aws_efs_file_system.documents",
    template: "  Documents:\n    Type: AWS::EFS::FileSystem\n    Properties:\n      Encrypted: true\n",
    arn: "!GetAtt Documents.Arn",
};

const ROOT: &str = r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::222222222222:root"}, "Action": ["kms:CreateGrant", "kms:DescribeKey", "kms:ReEncrypt*", "kms:GenerateDataKey*"], "Resource": "*"}"#;
const BARE_ACCOUNT: &str =
    r#"{"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "kms:*", "Resource": "*"}"#;
const ORGANIZATION: &str = r#"{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}}"#;
const CALLER: &str = r#"{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*", "Condition": {"StringEquals": {"kms:CallerAccount": "222222222222"}}}"#;
const PATHS: &str = r#"{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*", "Condition": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}}}"#;
const VAULT_OF_ORGANIZATION: &str = r#"{"Effect": "Allow", "Principal": "*", "Action": "backup:CopyIntoBackupVault", "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}}"#;
const VAULT_OF_ACCOUNT: &str = r#"{"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "backup:CopyIntoBackupVault", "Resource": "*"}"#;

const KEYS: &[&str] = &[
    "source-key-aws-managed",
    "source-key-not-shared",
    "source-key-share-incomplete",
    "source-key-share-condition",
    "source-key-denied",
    "source-key-locked-out",
    "source-key-unusable",
];

/// The facts behind each row are the ones that AWS's pages give; a tutorial, an older page or a naive reading says
/// otherwise of each.
const ROWS: &[Row] = &[
    Row {
        claim: "since 2025-10-23 RDS, Aurora, DocumentDB and Neptune go to another account and Region in one action",
        stores: &[RDS, AURORA, DOCUMENTDB, NEPTUNE],
        key: Some(ROOT),
        region: "eu-west-1",
        never: &["copy-unsupported"],
        ..ROW
    },
    Row {
        claim: "since 2026-08-27 FSx for ONTAP is copied to another account",
        stores: &[ONTAP],
        key: Some(ROOT),
        never: &["copy-unsupported"],
        ..ROW
    },
    Row {
        claim: "since 2026-08-27 FSx for ONTAP is copied to another Region",
        stores: &[ONTAP],
        key: Some(ROOT),
        account: SOURCE,
        region: "eu-west-1",
        never: &["copy-unsupported"],
        ..ROW
    },
    Row {
        claim: "the AWS-managed key of a fully managed resource does not matter",
        stores: &[TABLE_MANAGED, EFS],
        never: KEYS,
        ..ROW
    },
    Row {
        claim: "a customer managed key of a fully managed resource need not be shared",
        stores: &[TABLE_UNSHARED],
        key: None,
        never: KEYS,
        ..ROW
    },
    Row {
        claim: "the customer managed key of the source vault need not be shared",
        stores: &[TABLE_MANAGED, EFS],
        source_vault_key: true,
        never: KEYS,
        ..ROW
    },
    Row {
        claim: "fully managed types are copied into a vault under AWS Backup's own key",
        stores: &[TABLE_MANAGED, EFS],
        vault_key: false,
        never: &["destination-vault-key-aws-managed", "destination-key-unusable"],
        ..ROW
    },
    Row {
        claim: "the destination account's root stands for its service-linked role",
        stores: &[RDS, EBS],
        key: Some(ROOT),
        never: KEYS,
        ..ROW
    },
    Row {
        claim: "an account's bare id stands for its root, in a key's policy and in a vault's",
        stores: &[RDS, EBS],
        key: Some(BARE_ACCOUNT),
        admits: VAULT_OF_ACCOUNT,
        never: &["source-key-not-shared", "destination-vault-access-missing"],
        ..ROW
    },
    Row {
        claim: "a star with the organization's id admits the destination, in a key's policy and in a vault's",
        stores: &[RDS, EBS],
        key: Some(ORGANIZATION),
        admits: VAULT_OF_ORGANIZATION,
        never: &["source-key-not-shared", "source-key-share-condition", "destination-vault-access-missing"],
        ..ROW
    },
    Row {
        claim: "a star with a path of the organization admits the destination",
        stores: &[RDS],
        key: Some(PATHS),
        never: &["source-key-not-shared", "source-key-share-condition"],
        ..ROW
    },
    Row {
        claim: "a star with the caller's account admits the destination",
        stores: &[RDS, EBS],
        key: Some(CALLER),
        never: &["source-key-not-shared", "source-key-share-condition"],
        ..ROW
    },
    Row {
        claim: "what is not fully managed never uses the source vault's key",
        stores: &[RDS, AURORA, EBS],
        key: Some(ROOT),
        never: &["source-vault-key-not-shared", "source-key-aws-managed"],
        ..ROW
    },
    Row {
        claim: "AWS-managed keys stay good within the account",
        stores: &[RDS_MANAGED, EBS_MANAGED, FSX_MANAGED],
        account: SOURCE,
        region: "eu-west-1",
        never: KEYS,
        ..ROW
    },
    Row {
        claim: "of a continuous backup a snapshot is copied",
        stores: &[RDS],
        key: Some(ROOT),
        continuous: true,
        never: &["continuous-backup-not-copyable", "copy-lifecycle-invalid"],
        ..ROW
    },
];

const OWN: &str = r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}, "Action": "kms:*", "Resource": "*"}"#;

fn policy(statements: &[&str]) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#, statements.join(", "))
}

fn terraform(row: &Row, dir: &Path) {
    let mut out = String::new();
    for (alias, account, region) in [("", SOURCE, "eu-central-1"), ("there", row.account, row.region)] {
        let alias = if alias.is_empty() { String::new() } else { format!("  alias = \"{alias}\"\n") };
        let _ = write!(
            out,
            "provider \"aws\" {{\n{alias}  region = \"{region}\"\n  allowed_account_ids = [\"{account}\"]\n}}\n"
        );
    }
    let statements: Vec<&str> = [OWN].into_iter().chain(row.key).collect();
    let _ = writeln!(
        out,
        "resource \"aws_kms_key\" \"data\" {{\n  policy = jsonencode({})\n}}\nresource \"aws_kms_key\" \"local\" {{\n}}",
        policy(&statements)
    );
    for store in row.stores {
        out.push_str(&store.terraform.replace("KEY", "aws_kms_key.data.arn"));
    }
    let own = if row.source_vault_key { "  kms_key_arn = aws_kms_key.local.arn\n" } else { "" };
    let key = if row.vault_key { "  kms_key_arn = aws_kms_key.there.arn\n" } else { "" };
    let continuous = if row.continuous { "    enable_continuous_backup = true\n" } else { "" };
    let arns: Vec<String> = row.stores.iter().map(|store| format!("{}.arn", store.address)).collect();
    let _ = write!(
        out,
        r#"resource "aws_backup_vault" "local" {{
  name = "local"
{own}}}
resource "aws_kms_key" "there" {{
  provider = aws.there
}}
resource "aws_backup_vault" "there" {{
  provider = aws.there
  name = "there"
{key}}}
resource "aws_backup_vault_policy" "there" {{
  provider = aws.there
  backup_vault_name = aws_backup_vault.there.name
  policy = jsonencode({})
}}
resource "aws_backup_plan" "daily" {{
  name = "daily"
  rule {{
    rule_name = "daily"
    target_vault_name = aws_backup_vault.local.name
{continuous}    lifecycle {{
      delete_after = 35
    }}
    copy_action {{
      destination_vault_arn = aws_backup_vault.there.arn
    }}
  }}
}}
resource "aws_backup_selection" "daily" {{
  name = "daily"
  plan_id = aws_backup_plan.daily.id
  iam_role_arn = "arn:aws:iam::{SOURCE}:role/service-role/AWSBackupDefaultServiceRole"
  resources = [{}]
}}
"#,
        policy(&[row.admits]),
        arns.join(", ")
    );
    std::fs::write(dir.join("main.tf"), out).unwrap();
    std::fs::write(dir.join("crossvault.toml"), CONFIGURATION).unwrap();
}

const CONFIGURATION: &str = "[organization]\nid = \"o-a1b2c3d4e5\"\n";

fn cloudformation(row: &Row, dir: &Path) {
    let statements: Vec<&str> = [OWN].into_iter().chain(row.key).collect();
    let mut out = format!(
        "Resources:\n  DataKey:\n    Type: AWS::KMS::Key\n    Properties:\n      KeyPolicy: {}\n  LocalKey:\n    Type: AWS::KMS::Key\n",
        policy(&statements)
    );
    for store in row.stores {
        out.push_str(&store.template.replace("KEY", "!GetAtt DataKey.Arn"));
    }
    let own = if row.source_vault_key { "      EncryptionKeyArn: !GetAtt LocalKey.Arn\n" } else { "" };
    let continuous = if row.continuous { "            EnableContinuousBackup: true\n" } else { "" };
    let arns: Vec<String> = row.stores.iter().map(|store| format!("          - {}\n", store.arn)).collect();
    let _ = write!(
        out,
        r"  Local:
    Type: AWS::Backup::BackupVault
    Properties:
      BackupVaultName: local
{own}  Daily:
    Type: AWS::Backup::BackupPlan
    Properties:
      BackupPlan:
        BackupPlanName: daily
        BackupPlanRule:
          - RuleName: daily
            TargetBackupVault: !Ref Local
{continuous}            Lifecycle:
              DeleteAfterDays: 35
            CopyActions:
              - DestinationBackupVaultArn: arn:aws:backup:{}:{}:backup-vault:there
  Selection:
    Type: AWS::Backup::BackupSelection
    Properties:
      BackupPlanId: !Ref Daily
      BackupSelection:
        SelectionName: daily
        IamRoleArn: arn:aws:iam::{SOURCE}:role/service-role/AWSBackupDefaultServiceRole
        Resources:
{}",
        row.region,
        row.account,
        arns.concat()
    );
    std::fs::write(dir.join("here.yaml"), out).unwrap();
    let key = if row.vault_key { "      EncryptionKeyArn: !GetAtt Key.Arn\n" } else { "" };
    let there = format!(
        "Resources:\n  Key:\n    Type: AWS::KMS::Key\n  There:\n    Type: AWS::Backup::BackupVault\n    Properties:\n      BackupVaultName: there\n{key}      AccessPolicy: {}\n",
        policy(&[row.admits])
    );
    std::fs::write(dir.join("there.yaml"), there).unwrap();
    let units = [("here", SOURCE, "eu-central-1"), ("there", row.account, row.region)];
    let units: Vec<String> = units
        .iter()
        .map(|(name, account, region)| {
            format!("[[deployment]]\npath = \"{name}.yaml\"\naccount = \"{account}\"\nregion = \"{region}\"\n")
        })
        .collect();
    std::fs::write(dir.join("crossvault.toml"), format!("{CONFIGURATION}{}", units.concat())).unwrap();
}

fn report(dir: &Path) -> Json {
    let output = Command::new(env!("CARGO_BIN_EXE_crossvault"))
        .args(["check", "--format", "json"])
        .current_dir(dir)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn what_is_no_flaw_is_not_reported() {
    let mut wrong = Vec::new();
    for row in ROWS {
        for (language, write) in
            [("Terraform", terraform as fn(&Row, &Path)), ("CloudFormation", cloudformation as fn(&Row, &Path))]
        {
            let dir = tempfile::tempdir().unwrap();
            write(row, dir.path());
            let report = report(dir.path());
            let copies = report["copies"].as_array().unwrap();
            if !report["errors"].as_array().unwrap().is_empty() || copies.len() != row.stores.len() {
                wrong.push(format!("{language}: {}: {} copies, {}", row.claim, copies.len(), report["errors"]));
            }
            for copy in copies {
                let verdict = copy["verdict"].as_str().unwrap();
                let failed = copy["checks"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter(|check| matches!(check["outcome"].as_str().unwrap(), "fail" | "undecided"));
                let rules: Vec<&str> = failed.map(|check| check["rule"].as_str().unwrap()).collect();
                let fired: Vec<&&str> = row.never.iter().filter(|rule| rules.contains(*rule)).collect();
                if verdict != row.verdict || !fired.is_empty() {
                    let service = &copy["source"]["service"];
                    wrong.push(format!("{language}: {}: {service} {verdict} by {rules:?}", row.claim));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A row that could never fail would say nothing: with the key not shared, or the vault closed, the same estates fail.
#[test]
fn the_same_estates_fail_where_there_is_a_flaw() {
    for (language, write) in
        [("Terraform", terraform as fn(&Row, &Path)), ("CloudFormation", cloudformation as fn(&Row, &Path))]
    {
        let stores = &[RDS, AURORA, DOCUMENTDB, NEPTUNE, ONTAP, EBS];
        let dir = tempfile::tempdir().unwrap();
        write(&Row { stores, key: None, ..ROW }, dir.path());
        for copy in report(dir.path())["copies"].as_array().unwrap() {
            assert_eq!(copy["verdict"], "fails", "{language}: an unshared key: {}", copy["source"]["service"]);
        }
        let dir = tempfile::tempdir().unwrap();
        let admits = r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444444444444:root"}, "Action": "backup:CopyIntoBackupVault", "Resource": "*"}"#;
        write(&Row { stores: &[TABLE_MANAGED, EFS, RDS], key: Some(ROOT), admits, ..ROW }, dir.path());
        let report = report(dir.path());
        let copies = report["copies"].as_array().unwrap();
        assert_eq!(copies.len(), 3, "{language}");
        for copy in copies {
            assert_eq!(copy["verdict"], "fails", "{language}: a closed vault: {}", copy["source"]["service"]);
        }
    }
}
