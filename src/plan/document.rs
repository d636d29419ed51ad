//! What `terraform show -json` prints, as far as it is needed; values are kept as text until they are asked for.
//!
//! Source: developer.hashicorp.com/terraform/internals/json-format, read 2026-11. Keys that are not named here are
//! skipped, as that page asks for.

use super::walk::{Broken, Walk};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A plan, or a state.
#[derive(Default)]
pub(super) struct Document<'a> {
    pub(super) format_version: Option<String>,
    pub(super) variables: BTreeMap<String, Variable>,
    pub(super) planned_values: Option<Values<'a>>,
    pub(super) resource_changes: Option<Vec<ResourceRecord<'a>>>,
    pub(super) prior_state: Option<State<'a>>,
    pub(super) configuration: Option<Configuration<'a>>,
    /// Of a state.
    pub(super) values: Option<Values<'a>>,
    pub(super) errored: bool,
    pub(super) complete: Option<bool>,
    /// Of the changes of resources that are not wanted: their addresses.
    pub(super) others: Vec<&'a RawValue>,
}

/// Which types of resources are kept: a plan's others are many, and nothing but their addresses counts.
pub(super) type Wanted<'w> = &'w (dyn Fn(&str) -> bool + Sync);

impl<'a> Document<'a> {
    /// Reads a plan or state; the place of an error is one of the text.
    pub(super) fn read(text: &'a str, wanted: Wanted<'_>) -> Result<Self, Broken> {
        Self::walk(&mut Walk::new(text), wanted)
    }

    pub(super) fn walk(walk: &mut Walk<'a>, wanted: Wanted<'_>) -> Result<Self, Broken> {
        let mut document = Self::default();
        walk.object(&mut |key, walk| {
            match key {
                "format_version" => document.format_version = Some(walk.value()?),
                "variables" => document.variables = walk.value()?,
                "planned_values" => document.planned_values = walk.maybe(|walk| Values::read(walk, wanted))?,
                "resource_changes" => {
                    if let Some(records) = walk.maybe(|walk| walk.records(wanted))? {
                        document.resource_changes = Some(records.kept);
                        document.others = records.others;
                    }
                }
                "prior_state" => document.prior_state = walk.maybe(|walk| State::read(walk, wanted))?,
                "configuration" => document.configuration = walk.value()?,
                "values" => document.values = walk.maybe(|walk| Values::read(walk, wanted))?,
                "errored" => document.errored = walk.value()?,
                "complete" => document.complete = walk.value()?,
                _ => walk.skip()?,
            }
            Ok(())
        })?;
        if document.format_version.is_none() {
            return Err(walk.broken("missing field `format_version`"));
        }
        walk.end()?;
        Ok(document)
    }
}

impl<'a> State<'a> {
    fn read(walk: &mut Walk<'a>, wanted: Wanted<'_>) -> Result<Self, Broken> {
        let mut state = Self::default();
        walk.object(&mut |key, walk| {
            match key {
                "values" => state.values = walk.maybe(|walk| Values::read(walk, wanted))?,
                _ => walk.skip()?,
            }
            Ok(())
        })?;
        Ok(state)
    }
}

impl<'a> Values<'a> {
    fn read(walk: &mut Walk<'a>, wanted: Wanted<'_>) -> Result<Self, Broken> {
        let mut values = Self::default();
        walk.object(&mut |key, walk| {
            match key {
                "outputs" => values.outputs = walk.value()?,
                "root_module" => values.root_module = Module::read(walk, wanted)?,
                _ => walk.skip()?,
            }
            Ok(())
        })?;
        Ok(values)
    }
}

impl<'a> Module<'a> {
    fn read(walk: &mut Walk<'a>, wanted: Wanted<'_>) -> Result<Self, Broken> {
        let mut module = Self::default();
        walk.object(&mut |key, walk| {
            match key {
                "resources" => {
                    let records = walk.maybe(|walk| walk.records(wanted))?;
                    module.resources = records.map(|records| records.kept).unwrap_or_default();
                }
                "child_modules" => {
                    module.child_modules.clear();
                    let read = |walk: &mut Walk<'a>, some: &mut Vec<Self>| {
                        some.push(Self::read(walk, wanted)?);
                        Ok(())
                    };
                    walk.spread(b"{\"resources\":", &read, &mut |some| module.child_modules.extend(some))?;
                }
                _ => walk.skip()?,
            }
            Ok(())
        })?;
        Ok(module)
    }
}

#[derive(Deserialize)]
pub(super) struct Variable {
    #[serde(default)]
    pub(super) value: serde_json::Value,
}

#[derive(Default)]
pub(super) struct State<'a> {
    pub(super) values: Option<Values<'a>>,
}

#[derive(Default)]
pub(super) struct Values<'a> {
    pub(super) outputs: BTreeMap<String, Output<'a>>,
    pub(super) root_module: Module<'a>,
}

#[derive(Deserialize)]
pub(super) struct Output<'a> {
    #[serde(borrow)]
    pub(super) value: Option<&'a RawValue>,
    #[serde(default)]
    pub(super) sensitive: bool,
}

#[derive(Default)]
pub(super) struct Module<'a> {
    pub(super) resources: Vec<ResourceRecord<'a>>,
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
