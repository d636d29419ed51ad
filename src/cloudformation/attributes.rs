//! What `Ref` and `Fn::GetAtt` return for the types that matter, as far as it is known before deployment.
//!
//! Source: AWS CloudFormation Template Reference, "Return values" of each type, read 2026-11.

use crate::value::Value;

/// What a type's `Ref`, its ARN attribute and the ARN's resource part are made of. `{X}` is the property `X`, `?` is
/// AWS's choice.
pub(super) struct Shape {
    pub(super) kind: &'static str,
    pub(super) reference: &'static str,
    /// The attributes that return the ARN.
    pub(super) arn_attributes: &'static [&'static str],
    pub(super) service: &'static str,
    pub(super) resource: &'static str,
    /// `Ref` returns the ARN.
    pub(super) ref_is_arn: bool,
}

impl Shape {
    /// Whether the attribute is the name that `Ref` returns.
    pub(super) fn names(&self, attribute: &str) -> bool {
        attribute == "Ref" && !self.ref_is_arn
    }

    /// Whether the attribute is the ARN.
    pub(super) fn arn(&self, attribute: &str) -> bool {
        self.arn_attributes.contains(&attribute) || attribute == "Ref"
    }
}

const fn shape(
    kind: &'static str,
    reference: &'static str,
    arn_attributes: &'static [&'static str],
    service: &'static str,
    resource: &'static str,
) -> Shape {
    Shape { kind, reference, arn_attributes, service, resource, ref_is_arn: false }
}

const SHAPES: &[Shape] = &[
    shape(
        "AWS::Backup::BackupVault",
        "{BackupVaultName}",
        &["BackupVaultArn"],
        "backup",
        "backup-vault:{BackupVaultName}",
    ),
    shape(
        "AWS::Backup::LogicallyAirGappedBackupVault",
        "{BackupVaultName}",
        &["BackupVaultArn"],
        "backup",
        "backup-vault:{BackupVaultName}",
    ),
    shape("AWS::Backup::BackupPlan", "?", &["BackupPlanArn"], "backup", "backup-plan:?"),
    shape("AWS::KMS::Key", "?", &["Arn"], "kms", "key/?"),
    shape("AWS::KMS::ReplicaKey", "?", &["Arn"], "kms", "key/?"),
    shape("AWS::KMS::Alias", "{AliasName}", &[], "kms", "{AliasName}"),
    shape("AWS::DynamoDB::Table", "{TableName}", &["Arn"], "dynamodb", "table/{TableName}"),
    shape("AWS::Serverless::SimpleTable", "{TableName}", &["Arn"], "dynamodb", "table/{TableName}"),
    shape("AWS::DynamoDB::GlobalTable", "{TableName}", &["Arn"], "dynamodb", "table/{TableName}"),
    // RDS keeps identifiers in lower case.
    shape("AWS::RDS::DBInstance", "{DBInstanceIdentifier}", &["DBInstanceArn"], "rds", "db:{DBInstanceIdentifier}"),
    shape("AWS::RDS::DBCluster", "{DBClusterIdentifier}", &["DBClusterArn"], "rds", "cluster:{DBClusterIdentifier}"),
    shape("AWS::DocDB::DBCluster", "{DBClusterIdentifier}", &[], "rds", "cluster:{DBClusterIdentifier}"),
    shape("AWS::Neptune::DBCluster", "{DBClusterIdentifier}", &[], "rds", "cluster:{DBClusterIdentifier}"),
    shape("AWS::FSx::Volume", "?", &["ResourceARN"], "fsx", "volume/?"),
    shape("AWS::EKS::Cluster", "{Name}", &["Arn"], "eks", "cluster/{Name}"),
    shape("AWS::DSQL::Cluster", "?", &["ResourceArn"], "dsql", "cluster/?"),
    shape("AWS::Timestream::Database", "{DatabaseName}", &["Arn"], "timestream", "database/{DatabaseName}"),
    shape("AWS::RedshiftServerless::Namespace", "{NamespaceName}", &[], "redshift-serverless", "namespace/?"),
    shape("AWS::EFS::FileSystem", "?", &["Arn"], "elasticfilesystem", "file-system/?"),
    shape("AWS::EC2::Volume", "?", &[], "ec2", "volume/?"),
    shape("AWS::EC2::Instance", "?", &[], "ec2", "instance/?"),
    shape("AWS::FSx::FileSystem", "?", &["ResourceARN"], "fsx", "file-system/?"),
    shape("AWS::Redshift::Cluster", "{ClusterIdentifier}", &[], "redshift", "cluster:{ClusterIdentifier}"),
    shape("AWS::S3::Bucket", "{BucketName}", &["Arn"], "s3", "{BucketName}"),
    shape("AWS::IAM::Role", "{RoleName}", &["Arn"], "iam", "role{Path}{RoleName}"),
    Shape {
        ref_is_arn: true,
        ..shape("AWS::IAM::ManagedPolicy", "?", &["PolicyArn"], "iam", "policy{Path}{ManagedPolicyName}")
    },
];

/// The type's row.
pub(super) fn of(kind: &str) -> Option<&'static Shape> {
    SHAPES.iter().find(|shape| shape.kind == kind)
}

/// The pattern's parts: text, properties, and `None` for what AWS chooses.
pub(super) fn fill(pattern: &str, property: impl Fn(&str) -> Option<Value>) -> Vec<Option<Value>> {
    let mut out = Vec::new();
    let mut rest = pattern;
    while !rest.is_empty() {
        let at = rest.find(['{', '?']).unwrap_or(rest.len());
        let (text, tail) = rest.split_at(at);
        if !text.is_empty() {
            out.push(Some(Value::string(text)));
        }
        if let Some(after) = tail.strip_prefix('?') {
            out.push(None);
            rest = after;
        } else if let Some((name, after)) = tail.strip_prefix('{').and_then(|tail| tail.split_once('}')) {
            let lower = matches!(name, "DBInstanceIdentifier" | "DBClusterIdentifier" | "ClusterIdentifier");
            out.push(match (property(name), name) {
                (Some(value), _) => match (lower, value.as_str()) {
                    (true, Some(text)) => Some(Value { kind: Value::string(text.to_lowercase()).kind, ..value }),
                    _ => Some(value),
                },
                (None, "Path") => Some(Value::string("/")),
                (None, _) => None,
            });
            rest = after;
        } else {
            break;
        }
    }
    out
}
