//! What `terraform show -json` prints, as far as it is needed; values are kept as text until they are asked for.
//!
//! Source: developer.hashicorp.com/terraform/internals/json-format, read 2026-11. Keys that are not named here are
//! skipped, as that page asks for.

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::marker::PhantomData;

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
#[derive(Clone, Copy)]
pub(super) struct Wanted<'w>(pub(super) &'w dyn Fn(&str) -> bool);

impl<'a> Document<'a> {
    pub(super) fn read(text: &'a str, wanted: Wanted<'_>) -> Result<Self, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let document = Seed(wanted, PhantomData::<Self>).deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(document)
    }
}

/// Reads a part of a document, and leaves out the resources that are not wanted.
struct Seed<'w, T>(Wanted<'w>, PhantomData<T>);

impl<'w, T> Seed<'w, T> {
    fn of(wanted: Wanted<'w>) -> Self {
        Self(wanted, PhantomData)
    }
}

/// A part of a document that is an object: what stands under each of its keys.
trait Part<'a>: Default {
    const WHAT: &'static str;

    /// Reads the value of the key; one that is not known is skipped.
    fn entry<A: MapAccess<'a>>(&mut self, key: &str, map: &mut A, wanted: Wanted<'_>) -> Result<(), A::Error>;

    fn missing(&self) -> Option<&'static str> {
        None
    }
}

impl<'a, T: Part<'a>> DeserializeSeed<'a> for Seed<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a, T: Part<'a>> Visitor<'a> for Seed<'_, T> {
    type Value = T;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(T::WHAT)
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<T, A::Error> {
        let mut part = T::default();
        while let Some(key) = map.next_key::<Cow<'a, str>>()? {
            part.entry(&key, &mut map, self.0)?;
        }
        match part.missing() {
            Some(field) => Err(A::Error::missing_field(field)),
            None => Ok(part),
        }
    }
}

/// What may be null.
struct Maybe<'w, T>(Seed<'w, T>);

impl<'a, T: Part<'a>> DeserializeSeed<'a> for Maybe<'_, T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'a, T: Part<'a>> Visitor<'a> for Maybe<'_, T> {
    type Value = Option<T>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(T::WHAT)
    }

    fn visit_unit<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_none<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'a>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        self.0.deserialize(deserializer).map(Some)
    }
}

/// The records of a list: those that are wanted, and the addresses of the others.
struct Records<'w>(Wanted<'w>);

impl<'a> DeserializeSeed<'a> for Records<'_> {
    type Value = Option<(Vec<ResourceRecord<'a>>, Vec<&'a RawValue>)>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'a> Visitor<'a> for Records<'_> {
    type Value = Option<(Vec<ResourceRecord<'a>>, Vec<&'a RawValue>)>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a list of resources")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let (mut kept, mut others) = (Vec::new(), Vec::new());
        while let Some(record) = list.next_element::<ResourceRecord<'a>>()? {
            if (self.0.0)(&record.kind) {
                kept.push(record);
            } else if record.deposed.is_none() {
                others.push(record.address);
            }
        }
        Ok(Some((kept, others)))
    }
}

struct Modules<'w>(Wanted<'w>);

impl<'a> DeserializeSeed<'a> for Modules<'_> {
    type Value = Vec<Module<'a>>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for Modules<'_> {
    type Value = Vec<Module<'a>>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a list of modules")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut modules = Vec::new();
        while let Some(module) = list.next_element_seed(Seed::<Module<'a>>::of(self.0))? {
            modules.push(module);
        }
        Ok(modules)
    }
}

impl<'a> Part<'a> for Document<'a> {
    const WHAT: &'static str = "a plan or state";

    fn entry<A: MapAccess<'a>>(&mut self, key: &str, map: &mut A, wanted: Wanted<'_>) -> Result<(), A::Error> {
        match key {
            "format_version" => self.format_version = Some(map.next_value()?),
            "variables" => self.variables = map.next_value()?,
            "planned_values" => self.planned_values = map.next_value_seed(Maybe(Seed::of(wanted)))?,
            "resource_changes" => {
                if let Some((kept, others)) = map.next_value_seed(Records(wanted))? {
                    self.resource_changes = Some(kept);
                    self.others = others;
                }
            }
            "prior_state" => self.prior_state = map.next_value_seed(Maybe(Seed::of(wanted)))?,
            "configuration" => self.configuration = map.next_value()?,
            "values" => self.values = map.next_value_seed(Maybe(Seed::of(wanted)))?,
            "errored" => self.errored = map.next_value()?,
            "complete" => self.complete = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }

    fn missing(&self) -> Option<&'static str> {
        self.format_version.is_none().then_some("format_version")
    }
}

impl<'a> Part<'a> for State<'a> {
    const WHAT: &'static str = "a state";

    fn entry<A: MapAccess<'a>>(&mut self, key: &str, map: &mut A, wanted: Wanted<'_>) -> Result<(), A::Error> {
        match key {
            "values" => self.values = map.next_value_seed(Maybe(Seed::of(wanted)))?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<'a> Part<'a> for Values<'a> {
    const WHAT: &'static str = "values";

    fn entry<A: MapAccess<'a>>(&mut self, key: &str, map: &mut A, wanted: Wanted<'_>) -> Result<(), A::Error> {
        match key {
            "outputs" => self.outputs = map.next_value()?,
            "root_module" => self.root_module = map.next_value_seed(Seed::of(wanted))?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<'a> Part<'a> for Module<'a> {
    const WHAT: &'static str = "a module";

    fn entry<A: MapAccess<'a>>(&mut self, key: &str, map: &mut A, wanted: Wanted<'_>) -> Result<(), A::Error> {
        match key {
            "resources" => {
                self.resources = map.next_value_seed(Records(wanted))?.map(|(kept, _)| kept).unwrap_or_default();
            }
            "child_modules" => self.child_modules = map.next_value_seed(Modules(wanted))?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
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
