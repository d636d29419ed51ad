//! What `terraform show -json` prints, as far as it is needed; values are kept as text until they are asked for.
//!
//! Source: developer.hashicorp.com/terraform/internals/json-format, read 2026-11. Keys that are not named here are
//! skipped, as that page asks for.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A plan, or a state.
#[derive(Deserialize)]
pub(super) struct Document<'a> {
    pub(super) format_version: String,
    #[serde(default)]
    pub(super) variables: BTreeMap<String, Variable>,
    #[serde(borrow)]
    pub(super) planned_values: Option<Values<'a>>,
    #[serde(borrow)]
    pub(super) resource_changes: Option<Vec<ResourceRecord<'a>>>,
    #[serde(borrow)]
    pub(super) prior_state: Option<State<'a>>,
    #[serde(borrow)]
    pub(super) configuration: Option<Configuration<'a>>,
    /// Of a state.
    #[serde(borrow)]
    pub(super) values: Option<Values<'a>>,
    #[serde(default)]
    pub(super) errored: bool,
    pub(super) complete: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct Variable {
    #[serde(default)]
    pub(super) value: serde_json::Value,
}

#[derive(Deserialize)]
pub(super) struct State<'a> {
    #[serde(borrow)]
    pub(super) values: Option<Values<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Values<'a> {
    #[serde(borrow, default)]
    pub(super) outputs: BTreeMap<String, Output<'a>>,
    #[serde(borrow, default)]
    pub(super) root_module: Module<'a>,
}

#[derive(Deserialize)]
pub(super) struct Output<'a> {
    #[serde(borrow)]
    pub(super) value: Option<&'a RawValue>,
    #[serde(default)]
    pub(super) sensitive: bool,
}

#[derive(Deserialize, Default)]
pub(super) struct Module<'a> {
    #[serde(borrow, default)]
    pub(super) resources: Vec<ResourceRecord<'a>>,
    #[serde(borrow, default)]
    pub(super) child_modules: Vec<Module<'a>>,
}

/// A resource among the values of a plan or state, or among the changes of a plan: one has values, the other a change.
#[derive(Deserialize)]
pub(super) struct ResourceRecord<'a> {
    /// Kept as text for its place.
    #[serde(borrow)]
    pub(super) address: &'a RawValue,
    #[serde(borrow)]
    pub(super) mode: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) values: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) sensitive_values: Option<&'a RawValue>,
    /// A deposed object is on its way out.
    pub(super) deposed: Option<serde::de::IgnoredAny>,
    #[serde(borrow)]
    pub(super) change: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
pub(super) struct Change<'a> {
    #[serde(borrow, default)]
    pub(super) actions: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) after: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) after_unknown: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) after_sensitive: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Configuration<'a> {
    #[serde(borrow, default)]
    pub(super) provider_config: BTreeMap<String, ProviderConfig<'a>>,
    #[serde(borrow, default)]
    pub(super) root_module: ConfigModule<'a>,
}

#[derive(Deserialize)]
pub(super) struct ProviderConfig<'a> {
    #[serde(default)]
    pub(super) name: String,
    #[serde(borrow)]
    pub(super) expressions: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
pub(super) struct ConfigModule<'a> {
    #[serde(borrow, default)]
    pub(super) resources: Vec<ConfigResource<'a>>,
    #[serde(borrow, default)]
    pub(super) module_calls: BTreeMap<String, ModuleCall<'a>>,
    #[serde(default)]
    pub(super) outputs: BTreeMap<String, ConfigOutput>,
}

#[derive(Deserialize)]
pub(super) struct ConfigOutput {
    #[serde(default)]
    pub(super) expression: serde_json::Value,
}

#[derive(Deserialize)]
pub(super) struct ConfigResource<'a> {
    /// Relative to the module: `aws_kms_key.k`, `data.aws_kms_key.k`.
    #[serde(borrow)]
    pub(super) address: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) provider_config_key: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) expressions: Option<&'a RawValue>,
    #[serde(default)]
    pub(super) for_each_expression: serde_json::Value,
}

#[derive(Deserialize)]
pub(super) struct ModuleCall<'a> {
    #[serde(default)]
    pub(super) expressions: serde_json::Value,
    #[serde(default)]
    pub(super) for_each_expression: serde_json::Value,
    #[serde(borrow, default)]
    pub(super) module: ConfigModule<'a>,
}

/// A state as Terraform stores it (`terraform.tfstate`, version 4).
///
/// Source: hashicorp/terraform `internal/states/statefile/version4.go`, read 2026-11.
#[derive(Deserialize)]
pub(super) struct StateFile<'a> {
    pub(super) version: u64,
    #[serde(borrow, default)]
    pub(super) outputs: BTreeMap<String, Output<'a>>,
    #[serde(borrow, default)]
    pub(super) resources: Vec<StateResource<'a>>,
}

#[derive(Deserialize)]
pub(super) struct StateResource<'a> {
    #[serde(borrow)]
    pub(super) module: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) mode: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
    /// Kept as text for its place.
    #[serde(borrow)]
    pub(super) name: &'a RawValue,
    #[serde(borrow)]
    pub(super) provider: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) instances: Vec<StateInstance<'a>>,
}

#[derive(Deserialize)]
pub(super) struct StateInstance<'a> {
    pub(super) index_key: Option<serde_json::Value>,
    pub(super) deposed: Option<serde::de::IgnoredAny>,
    #[serde(borrow)]
    pub(super) attributes: Option<&'a RawValue>,
    /// Paths: lists of `{"type": "get_attr", "value": "password"}`.
    #[serde(default)]
    pub(super) sensitive_attributes: serde_json::Value,
}
