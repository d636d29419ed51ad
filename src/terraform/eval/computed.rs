//! Attributes that AWS computes: what of them is known before anything is deployed.

use super::Evaluator;
use super::expand::SELF;
use crate::aws::Known;
use crate::resource::{Resource, output_of};
use crate::terraform::ops::concat;
use crate::value::{Entry, Kind, Map, MapKind, Reason, Ref, Unknown, Value};
use std::sync::Arc;

/// How a type's ARN and id are made: service, whether the ARN names Region and account, the resource part, and what
/// `id` equals. `{x}` stands for the attribute `x`; `?` for what AWS chooses.
///
/// Sources: "Service authorization reference", resource types tables, and the Terraform provider's documentation of
/// each resource's attributes, read 2026-11.
struct Shape {
    kind: &'static str,
    service: &'static str,
    scope: Scope,
    resource: &'static str,
    id: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Regional,
    /// Account, no Region (IAM).
    Account,
    /// Neither (S3 buckets).
    Partition,
}

use Scope::{Account, Partition, Regional};

const SHAPES: &[Shape] = &[
    shape("aws_backup_vault", "backup", Regional, "backup-vault:{name}", "{name}"),
    shape("aws_backup_logically_air_gapped_vault", "backup", Regional, "backup-vault:{name}", "{name}"),
    shape("aws_backup_plan", "backup", Regional, "backup-plan:?", "?"),
    shape("aws_kms_key", "kms", Regional, "key/?", "?"),
    shape("aws_kms_external_key", "kms", Regional, "key/?", "?"),
    shape("aws_kms_replica_key", "kms", Regional, "key/?", "?"),
    shape("aws_kms_replica_external_key", "kms", Regional, "key/?", "?"),
    shape("aws_kms_alias", "kms", Regional, "{name}", "{name}"),
    shape("aws_dynamodb_table", "dynamodb", Regional, "table/{name}", "{name}"),
    shape("aws_db_instance", "rds", Regional, "db:{identifier}", "?"),
    shape("aws_rds_cluster", "rds", Regional, "cluster:{cluster_identifier}", "{cluster_identifier}"),
    shape("aws_docdb_cluster", "rds", Regional, "cluster:{cluster_identifier}", "{cluster_identifier}"),
    shape("aws_neptune_cluster", "rds", Regional, "cluster:{cluster_identifier}", "{cluster_identifier}"),
    shape("aws_efs_file_system", "elasticfilesystem", Regional, "file-system/?", "?"),
    shape("aws_ebs_volume", "ec2", Regional, "volume/?", "?"),
    shape("aws_instance", "ec2", Regional, "instance/?", "?"),
    shape("aws_s3_bucket", "s3", Partition, "{bucket}", "{bucket}"),
    shape("aws_iam_role", "iam", Account, "role{path}{name}", "{name}"),
    shape("aws_iam_policy", "iam", Account, "policy{path}{name}", "?"),
    shape("aws_iam_service_linked_role", "iam", Account, "role/aws-service-role/{aws_service_name}/?", "?"),
    shape("aws_fsx_windows_file_system", "fsx", Regional, "file-system/?", "?"),
    shape("aws_fsx_lustre_file_system", "fsx", Regional, "file-system/?", "?"),
    shape("aws_fsx_openzfs_file_system", "fsx", Regional, "file-system/?", "?"),
    shape("aws_fsx_ontap_file_system", "fsx", Regional, "file-system/?", "?"),
    shape("aws_fsx_ontap_volume", "fsx", Regional, "volume/?/?", "?"),
    shape("aws_redshift_cluster", "redshift", Regional, "cluster:{cluster_identifier}", "{cluster_identifier}"),
    shape("aws_redshiftserverless_namespace", "redshift-serverless", Regional, "namespace/?", "{namespace_name}"),
    shape("aws_timestreamwrite_database", "timestream", Regional, "database/{database_name}", "{database_name}"),
    shape("aws_dsql_cluster", "dsql", Regional, "cluster/?", "?"),
    shape("aws_eks_cluster", "eks", Regional, "cluster/{name}", "{name}"),
    shape("aws_sns_topic", "sns", Regional, "{name}", "?"),
    shape("data.aws_backup_vault", "backup", Regional, "backup-vault:{name}", "{name}"),
    shape("data.aws_kms_key", "kms", Regional, "key/?", "?"),
    shape("data.aws_kms_alias", "kms", Regional, "{name}", "?"),
    shape("data.aws_iam_role", "iam", Account, "role/?{name}", "{name}"),
    shape("data.aws_s3_bucket", "s3", Partition, "{bucket}", "{bucket}"),
    shape("data.aws_dynamodb_table", "dynamodb", Regional, "table/{name}", "{name}"),
    shape("data.aws_db_instance", "rds", Regional, "db:{db_instance_identifier}", "?"),
    shape("data.aws_rds_cluster", "rds", Regional, "cluster:{cluster_identifier}", "{cluster_identifier}"),
];

const fn shape(
    kind: &'static str,
    service: &'static str,
    scope: Scope,
    resource: &'static str,
    id: &'static str,
) -> Shape {
    Shape { kind, service, scope, resource, id }
}

/// Attributes that other resources name a resource by: they keep its identity even where their text is known.
const IDENTITY: &[&str] = &["arn", "id", "name", "key_id", "bucket", "identifier", "cluster_identifier"];

impl Evaluator<'_> {
    /// The object that a reference to a whole managed resource means.
    pub(super) fn resource_value(&self, resource: &Resource) -> Value {
        let Some(map) = resource.attributes.as_map() else { return resource.attributes.clone() };
        let mut entries = map.entries.clone();
        entries.retain(|_, entry| !entry.value.is_null());
        for attr in IDENTITY {
            let set = entries.contains_key(*attr);
            if set || matches!(*attr, "arn" | "id") || (*attr == "key_id" && is_key(&resource.kind)) {
                let span = entries.get(*attr).and_then(|entry| entry.value.span);
                let mut value = self.computed_reference(&resource.address, attr, Some(resource));
                value.span = span;
                entries.insert((*attr).into(), Entry { value, span: None });
            }
        }
        if &*resource.kind == "aws_kms_alias" {
            let value = self.computed_reference(&resource.address, "target_key_arn", Some(resource));
            entries.insert("target_key_arn".into(), Entry { value, span: None });
        }
        if &*resource.kind == "aws_cloudformation_stack" {
            let mut unknown = Unknown::new(Reason::Computed(resource.address.clone()), Some(resource.header));
            unknown.symbol = Some(output_of(self.stack, &resource.address, "").into());
            let value = Value::new(Kind::Unknown(Arc::new(unknown)));
            entries.insert("outputs".into(), Entry { value, span: None });
        }
        if &*resource.kind == "aws_organizations_organization" {
            let root = super::organization::root(self, &resource.address);
            entries.insert("roots".into(), Entry { value: root, span: None });
        }
        entries.insert(SELF.into(), Entry { value: Value::string(resource.address.clone()), span: None });
        let mut why = Unknown::new(Reason::Computed(resource.address.clone()), Some(resource.header));
        why.symbol = None;
        Value::new(Kind::Map(Arc::new(Map::new(MapKind::Object, entries, Some(Arc::new(why))))))
    }

    /// `address.attr` as a reference, with what is known of its text.
    pub(super) fn computed_reference(&self, address: &Arc<str>, attr: &str, resource: Option<&Resource>) -> Value {
        // An alias's target is the key itself.
        if let Some(resource) = resource
            && matches!(&*resource.kind, "aws_kms_alias")
            && matches!(attr, "target_key_arn" | "target_key_id")
            && let Some(target) = resource.get("target_key_id")
        {
            return target.clone();
        }
        let known = resource.and_then(|resource| self.known(resource, attr));
        let reference = Ref { stack: self.stack, address: address.clone(), attr: attr.into(), known };
        Value::new(Kind::Ref(Arc::new(reference)))
    }

    fn known(&self, resource: &Resource, attr: &str) -> Option<Value> {
        if &*resource.kind == "terraform_data" && attr == "output" {
            return resource.get("input").cloned();
        }
        if !matches!(attr, "arn" | "id")
            && let Some(value) = resource.attributes.get(attr)
            && !value.is_null()
            && !matches!(value.kind, Kind::Ref(_))
        {
            return Some(value.clone());
        }
        if let Some(id) = super::organization::known(self, resource, attr) {
            return Some(id);
        }
        let prefix = if resource.data { "data." } else { "" };
        let shape = SHAPES.iter().find(|shape| {
            shape.kind.strip_prefix(prefix) == Some(&*resource.kind) && shape.kind.starts_with("data.") == resource.data
        })?;
        match attr {
            "arn" => {
                let place = &resource.place;
                let account = symbol_value(&place.account, true);
                let region = symbol_value(&place.region, false);
                let partition = match place.partition() {
                    Some(partition) => Value::string(partition),
                    None => partition_of(&place.region),
                };
                let mut parts = vec![Value::string("arn:"), partition, Value::string(format!(":{}:", shape.service))];
                if shape.scope == Regional {
                    parts.push(region);
                }
                parts.push(Value::string(":"));
                if shape.scope != Partition {
                    parts.push(account);
                }
                parts.push(Value::string(":"));
                parts.extend(fill(shape.resource, resource, attr));
                concat(parts).ok()
            }
            "id" if shape.id != "?" => concat(fill(shape.id, resource, attr)).ok(),
            _ => None,
        }
    }
}

fn is_key(kind: &str) -> bool {
    matches!(kind, "aws_kms_key" | "aws_kms_external_key" | "aws_kms_replica_key" | "aws_kms_replica_external_key")
}

/// A known text, or the unknown of the same symbol.
pub(super) fn symbol_value<T: std::fmt::Display>(known: &Known<T>, account: bool) -> Value {
    match known {
        Known::Is(text) => Value::string(text.to_string()),
        Known::Symbol(symbol) => {
            let of = symbol.split_once(" of ").map_or(&**symbol, |(_, of)| of);
            let reason = if account { Reason::Account(of.into()) } else { Reason::Region(of.into()) };
            let mut unknown = Unknown::new(reason, None);
            unknown.symbol = Some(symbol.clone());
            Value::new(Kind::Unknown(Arc::new(unknown)))
        }
    }
}

/// The partition of a Region that is not known.
pub(super) fn partition_of(region: &Known<Arc<str>>) -> Value {
    let mut unknown = Unknown::new(Reason::Region("this place".into()), None);
    unknown.symbol = Some(format!("partition of {region}").into());
    Value::new(Kind::Unknown(Arc::new(unknown)))
}

/// The pattern's parts: text, attributes, and what AWS chooses.
fn fill(pattern: &str, resource: &Resource, attr: &str) -> Vec<Value> {
    let computed = |what: &str| {
        let mut unknown =
            Unknown::new(Reason::Computed(format!("{}.{what}", resource.address).into()), Some(resource.header));
        unknown.symbol = Some(format!("{}.{what} in stack {}", resource.address, resource.stack.0).into());
        Value::new(Kind::Unknown(Arc::new(unknown)))
    };
    let mut out = Vec::new();
    let mut rest = pattern;
    while !rest.is_empty() {
        match rest.find(['{', '?']) {
            None => {
                out.push(Value::string(rest));
                break;
            }
            Some(at) => {
                let (text, tail) = rest.split_at(at);
                if !text.is_empty() {
                    out.push(Value::string(text));
                }
                if let Some(after) = tail.strip_prefix('?') {
                    out.push(computed(if attr == "arn" && pattern.starts_with("key/") { "key_id" } else { attr }));
                    rest = after;
                } else if let Some((name, after)) = tail.trim_start_matches('{').split_once('}') {
                    out.push(match resource.get(name) {
                        Some(value) => value.clone(),
                        None if name == "path" => Value::string("/"),
                        None => computed(name),
                    });
                    rest = after;
                } else {
                    break;
                }
            }
        }
    }
    out
}
