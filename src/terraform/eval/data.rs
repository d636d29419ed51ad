//! Data sources: computed where the code tells all, else references to what lies outside.

use super::computed::{partition_of, symbol_value};
use super::expand::SELF;
use super::{Evaluator, Scope, policy_document};
use crate::resource::Resource;
use crate::terraform::ast::Block;
use crate::terraform::functions::arn;
use crate::value::{Entry, Kind, Map, MapKind, Reason, Unknown, Value};
use std::sync::Arc;

impl Evaluator<'_> {
    /// The object that a reference to a data source means.
    pub(super) fn data_value(&self, resource: &Resource, block: &Block, scope: &Scope<'_>) -> Value {
        let place = &resource.place;
        let provider = self.provider_of(block, &resource.kind, scope);
        let computed: Vec<(&str, Value)> = match &*resource.kind {
            "aws_caller_identity" => {
                let account = if place.account == provider.place.account {
                    provider.account.clone()
                } else {
                    symbol_value(&place.account, true)
                };
                vec![("account_id", account.clone()), ("id", account)]
            }
            "aws_region" => {
                let region =
                    if place == &provider.place { provider.region.clone() } else { symbol_value(&place.region, false) };
                vec![("name", region.clone()), ("region", region.clone()), ("id", region)]
            }
            "aws_partition" => {
                let partition = place.partition().map_or_else(|| partition_of(&place.region), Value::string);
                let suffix = match place.partition() {
                    Some("aws-cn") => Value::string("amazonaws.com.cn"),
                    Some("aws") | Some("aws-us-gov") => Value::string("amazonaws.com"),
                    _ => self.unknown_from(&partition),
                };
                vec![("partition", partition.clone()), ("id", partition), ("dns_suffix", suffix)]
            }
            "aws_iam_policy_document" => {
                let json = policy_document::render(&resource.attributes);
                let json = Value { span: Some(block.header), ..json };
                vec![("json", json.clone()), ("minified_json", json)]
            }
            "aws_default_tags" => {
                vec![("tags", provider.default_tags.clone().unwrap_or_else(|| Value::object::<Arc<str>>([])))]
            }
            "aws_arn" => {
                let arn = resource.get("arn").cloned().unwrap_or_else(Value::null);
                let part = |(name, part)| Some((name, arn::part(&arn, part).ok()?));
                [
                    ("partition", "partition"),
                    ("service", "service"),
                    ("region", "region"),
                    ("account", "account_id"),
                    ("resource", "resource"),
                ]
                .into_iter()
                .filter_map(part)
                .collect()
            }
            "aws_service_principal" => match resource.get("service_name").and_then(Value::text) {
                Some(service) => match service_suffix(&service, place.partition()) {
                    Some(suffix) => vec![("name", Value::string(format!("{service}.{suffix}")))],
                    None => Vec::new(),
                },
                None => Vec::new(),
            },
            "aws_ssm_parameter" => {
                let value = self.parameter_value(resource, block.header);
                vec![("value", value.clone()), ("insecure_value", value)]
            }
            "aws_kms_key" | "aws_kms_alias" | "aws_backup_vault" | "aws_iam_role" | "aws_s3_bucket"
            | "aws_dynamodb_table" | "aws_db_instance" | "aws_rds_cluster" => {
                // The one data source whose ARN goes by another name.
                let named = (&*resource.kind == "aws_db_instance")
                    .then(|| ("db_instance_arn", self.computed_reference(&resource.address, "arn", Some(resource))));
                ["arn", "id", "key_id", "target_key_arn", "target_key_id", "name", "kms_key_arn", "kms_key_id"]
                    .into_iter()
                    .filter(|attr| resource.get(attr).is_none() || matches!(*attr, "arn" | "id" | "key_id" | "name"))
                    .map(|attr| (attr, self.computed_reference(&resource.address, attr, Some(resource))))
                    .chain(named)
                    .collect()
            }
            _ => super::organization::data(self, resource, block),
        };
        let mut entries = resource.attributes.as_map().map(|map| map.entries.clone()).unwrap_or_default();
        entries.retain(|_, entry| !entry.value.is_null());
        for (name, value) in computed {
            let value = Value { span: value.span.or(Some(block.header)), ..value };
            entries.insert(name.into(), Entry { value, span: None });
        }
        let mut why = Unknown::new(Reason::DataSource(resource.address.clone()), Some(block.header));
        why.symbol = None;
        entries.remove(SELF);
        if super::estate::reads_state(&resource.kind) {
            // Outputs are asked for one by one: two units may read each other's.
            entries.insert(SELF.into(), Entry { value: Value::string(resource.address.clone()), span: None });
        }
        Value::new(Kind::Map(Arc::new(Map::new(MapKind::Object, entries, Some(Arc::new(why))))))
    }
}

/// What follows the service's name in the name of its principal; `None` where that hangs on a partition that is not known.
///
/// Source: terraform-provider-aws, `names/names.go`, `ServicePrincipalNameForPartition`, read 2026-11.
fn service_suffix(service: &str, partition: Option<&str>) -> Option<&'static str> {
    let elsewhere =
        ["cloudhsm", "config", "logs", "workspaces", "dms", "codedeploy", "elasticmapreduce"].contains(&service);
    match partition {
        Some("aws" | "aws-us-gov") => Some("amazonaws.com"),
        _ if !elsewhere => Some("amazonaws.com"),
        Some("aws-cn") if matches!(service, "codedeploy" | "elasticmapreduce" | "logs") => Some("amazonaws.com.cn"),
        Some("aws-cn") => Some("amazonaws.com"),
        _ => None,
    }
}

/// Data sources whose attributes follow from the code alone.
const FOLLOWING: [&str; 5] =
    ["aws_caller_identity", "aws_region", "aws_partition", "aws_iam_policy_document", "aws_service_principal"];

/// Adds what follows from the code to the arguments: the `json` of a policy document, the id of an account.
pub(super) fn computed_too(resource: &mut Resource, value: &Value) {
    if !FOLLOWING.contains(&&*resource.kind) {
        return;
    }
    let (Kind::Map(own), Some(all)) = (&mut resource.attributes.kind, value.as_map()) else { return };
    let own = Arc::make_mut(own);
    for (name, entry) in &all.entries {
        own.entries.entry(name.clone()).or_insert_with(|| entry.clone());
    }
}
