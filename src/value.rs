//! The value lattice: what a frontend knows of a value, and why it does not know the rest.
//!
//! Unknown is a value with a reason, never a default. Every node carries the place where it was written.

mod number;
mod secrets;
mod size;

pub use number::Number;
pub(crate) use secrets::{hide, note};

use crate::source::Span;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A unit evaluated for one deployment target; an index into the estate's stacks. Written under a name that no user's
/// text has, so that an import can move it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(from = "StackTag", into = "StackTag")]
pub struct StackId(pub u32);

#[derive(serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct StackTag {
    #[serde(rename = "$stack")]
    stack: u32,
}

impl From<StackTag> for StackId {
    fn from(tag: StackTag) -> Self {
        Self(tag.stack)
    }
}

impl From<StackId> for StackTag {
    fn from(id: StackId) -> Self {
        Self { stack: id.0 }
    }
}

/// A value and the place where it was written (the innermost literal or expression).
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Value {
    pub kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
    /// Derived from something marked sensitive: never printed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
}

/// The forms of a value.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(transform = null_is_a_word))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Explicitly null. In a resource this is the same as leaving the attribute out. Of which type, where that is known,
    /// matters while code is evaluated.
    Null(#[serde(skip)] NullType),
    Bool(bool),
    Number(Number),
    String(Arc<str>),
    Seq(Arc<Seq>),
    Map(Arc<Map>),
    /// Text that is the JSON encoding of the value inside; the structure is kept instead of being printed and re-parsed.
    Document(Arc<Value>),
    /// The identity of a computed attribute.
    Ref(Arc<Ref>),
    /// A concatenation of parts: strings, references, unknowns.
    Template(Arc<[Value]>),
    /// Alternatives under conditions that could not be decided; exhaustive and disjoint.
    Cond(Arc<[Branch]>),
    Unknown(Arc<Unknown>),
}

/// Of which type a null is, where that is known. Nulls are equal whatever their types.
#[derive(Clone, Debug, Default)]
pub struct NullType(pub Option<Arc<Type>>);

impl PartialEq for NullType {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for NullType {}

#[cfg(test)]
impl schemars::JsonSchema for NullType {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "NullType".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        true.into()
    }
}

/// The type of a null is not written: null is the word alone.
#[cfg(test)]
fn null_is_a_word(schema: &mut schemars::Schema) {
    if let Some(null) = schema.get_mut("oneOf").and_then(|forms| forms.get_mut(0)) {
        *null = serde_json::json!({
            "description": "Explicitly null. In a resource this is the same as leaving the attribute out.",
            "type": "string",
            "const": "null",
        });
    }
}

/// Which of Terraform's sequences; CloudFormation's lists are `Tuple`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SeqKind {
    Tuple,
    List,
    Set,
}

/// A sequence. With `open`, further elements may exist for that reason.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Seq {
    pub kind: SeqKind,
    pub items: Vec<Value>,
    pub open: Option<Arc<Unknown>>,
    /// Of a list or set without items: of which type they would be. It matters while code is evaluated.
    #[serde(skip)]
    pub element: Option<Arc<Type>>,
}

impl Seq {
    /// A sequence of which no more is known than its items.
    pub fn new(kind: SeqKind, items: Vec<Value>, open: Option<Arc<Unknown>>) -> Self {
        Self { kind, items, open, element: None }
    }
}

impl PartialEq for Seq {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.items == other.items && self.open == other.open
    }
}

/// Object (each attribute its own type) or map (one element type).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum MapKind {
    Object,
    Map,
}

/// What a mapping holds, by key: one sorted list, since most mappings are small and there are millions of them.
pub type Entries = litemap::LiteMap<Arc<str>, Entry>;

/// These entries, the last one of each key, with room for no more: there are millions of mappings.
pub(crate) fn sorted<T>(list: Vec<(Arc<str>, T)>) -> litemap::LiteMap<Arc<str>, T> {
    let mut entries = litemap::LiteMap::with_capacity(list.len());
    entries.extend(list);
    entries
}

/// A mapping, ordered by key. With `open`, further entries may exist for that reason.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Map {
    pub kind: MapKind,
    #[cfg_attr(test, schemars(with = "BTreeMap<Arc<str>, Entry>"))]
    #[serde(serialize_with = "as_map")]
    pub entries: Entries,
    pub open: Option<Arc<Unknown>>,
    /// Of a map without entries: of which type they would be. It matters while code is evaluated.
    #[serde(skip)]
    pub element: Option<Arc<Type>>,
}

impl Map {
    /// A mapping of which no more is known than its entries.
    pub fn new(kind: MapKind, entries: Entries, open: Option<Arc<Unknown>>) -> Self {
        Self { kind, entries, open, element: None }
    }
}

impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.entries == other.entries && self.open == other.open
    }
}

/// Also where it is empty.
fn as_map<S: serde::Serializer>(entries: &Entries, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(entries.iter())
}

/// A value in a mapping and the place of the whole entry, `key = value`; the value may have been written elsewhere.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Entry {
    pub value: Value,
    pub span: Option<Span>,
}

/// A computed attribute of a resource: `aws_kms_key.k.arn`, `!GetAtt Key.Arn`, `!Ref Key` (attr `Ref`).
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Ref {
    pub stack: StackId,
    /// The resource instance's address, as in [`crate::resource::Resource::address`].
    pub address: Arc<str>,
    pub attr: Arc<str>,
    /// What is known of the text: a string, or a template with holes (an ARN whose UUID is not known).
    pub known: Option<Value>,
}

/// One alternative of a conditional value.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Branch {
    pub guard: Guard,
    pub value: Value,
}

/// A condition that could not be decided, or its opposite. Guards of the same text are about the same fact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Guard {
    /// The condition in the user's words: `var.enabled`, `IsProd`.
    pub text: Arc<str>,
    /// Whether this is the condition itself or its opposite.
    pub holds: bool,
    pub span: Option<Span>,
}

/// Whether a resource instance exists.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Existence {
    Certain,
    /// Exists where all these undecided conditions hold.
    When(Arc<[Guard]>),
    /// Stands for any number of instances: `count` or `for_each` is not known, as this value tells.
    Many(Arc<Value>),
}

/// A value that is not known.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Unknown {
    pub reason: Reason,
    /// Where knowledge ended: the variable's declaration, the data source.
    pub span: Option<Span>,
    /// Names the value; two unknowns of the same symbol are equal ("var.org_id in live/prod").
    pub symbol: Option<Arc<str>>,
    pub ty: Type,
}

/// Why a value is not known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A Terraform variable (by name) without a value, or a CloudFormation parameter.
    InputWithoutValue(Arc<str>),
    /// A module whose source is not at hand.
    ModuleNotInstalled(Arc<str>),
    /// A data source that only AWS (or a service) can answer: its address.
    DataSource(Arc<str>),
    /// The account that a provider configuration or a stack deploys to.
    Account(Arc<str>),
    /// The Region that a provider configuration or a stack deploys to.
    Region(Arc<str>),
    /// A function with another result on each call (`timestamp`, `uuid`).
    Impure(Arc<str>),
    Ephemeral,
    /// `{{resolve:…}}`, whole.
    DynamicReference(Arc<str>),
    /// The attribute is under `lifecycle.ignore_changes`: what is deployed is not what the code says.
    IgnoredChange,
    /// An export or output (by name) that no loaded unit provides.
    NotExported(Arc<str>),
    /// Decided by AWS when the resource is made: `address.attribute`.
    Computed(Arc<str>),
    /// A limit that ended the evaluation.
    Limit(Arc<str>),
    /// The expression is an error; the message.
    Invalid(Arc<str>),
    /// It does not exist under this condition: asking for it is an error there; the message.
    Absent(Arc<str>),
    /// A feature of the language that is not evaluated.
    Unsupported(Arc<str>),
    /// A file that could not be read: path and why.
    File(Arc<str>),
    /// Follows from several unknown parts; the first is named.
    Derived(Arc<str>),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InputWithoutValue(name) => write!(f, "`{name}` has no value"),
            Self::ModuleNotInstalled(source) => write!(f, "module `{source}` is not installed"),
            Self::DataSource(address) => write!(f, "`{address}` is read from AWS at plan time"),
            Self::Account(of) => write!(f, "the account of {of} is not known"),
            Self::Region(of) => write!(f, "the Region of {of} is not known"),
            Self::Impure(name) => write!(f, "`{name}` gives another value on each run"),
            Self::Ephemeral => write!(f, "the value is ephemeral"),
            Self::DynamicReference(text) => write!(f, "`{text}` is resolved at deployment"),
            Self::IgnoredChange => write!(f, "`ignore_changes` covers it, so what is deployed may differ"),
            Self::NotExported(name) => write!(f, "no loaded unit exports `{name}`"),
            Self::Computed(attribute) => write!(f, "AWS decides `{attribute}` at deployment"),
            Self::Limit(what) => write!(f, "{what}"),
            Self::Invalid(message) | Self::Absent(message) => write!(f, "{message}"),
            Self::Unsupported(feature) => write!(f, "{feature} is not evaluated"),
            Self::File(text) => write!(f, "{text}"),
            Self::Derived(text) => write!(f, "{text}"),
        }
    }
}

/// A type constraint, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Type {
    #[default]
    Dynamic,
    String,
    Number,
    Bool,
    List(Box<Type>),
    Set(Box<Type>),
    Map(Box<Type>),
    Tuple(Vec<Type>),
    /// Attribute types; the flag says that the attribute is optional.
    Object(BTreeMap<Arc<str>, (Type, bool)>),
}

impl Unknown {
    /// An unknown of any type.
    pub fn new(reason: Reason, span: Option<Span>) -> Self {
        Self { reason, span, symbol: None, ty: Type::Dynamic }
    }
}

impl Value {
    /// A value without a place.
    pub fn new(kind: Kind) -> Self {
        Self { kind, span: None, sensitive: false }
    }

    /// Null.
    pub fn null() -> Self {
        Self::new(Kind::Null(NullType::default()))
    }

    /// A string.
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        Self::new(Kind::String(text.into()))
    }

    /// A null of the type.
    pub fn null_of(ty: &Type) -> Self {
        Self::new(Kind::Null(NullType((*ty != Type::Dynamic).then(|| Arc::new(ty.clone())))))
    }

    /// A boolean.
    pub fn bool(value: bool) -> Self {
        Self::new(Kind::Bool(value))
    }

    /// An integer.
    pub fn int(value: i64) -> Self {
        Self::new(Kind::Number(Number::from(value)))
    }

    /// An unknown value.
    pub fn unknown(reason: Reason, span: Option<Span>) -> Self {
        Self { kind: Kind::Unknown(Arc::new(Unknown::new(reason, span))), span, sensitive: false }
    }

    /// A tuple of these items.
    pub fn tuple(items: Vec<Value>) -> Self {
        Self::new(Kind::Seq(Arc::new(Seq::new(SeqKind::Tuple, items, None))))
    }

    /// An object of these attributes.
    pub fn object<K: Into<Arc<str>>>(entries: impl IntoIterator<Item = (K, Value)>) -> Self {
        let entries = entries.into_iter().map(|(key, value)| (key.into(), Entry { value, span: None })).collect();
        Self::new(Kind::Map(Arc::new(Map::new(MapKind::Object, sorted(entries), None))))
    }

    /// The same value, written at `span`.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null(_))
    }

    /// The text, where all of it is known: a string, a reference or template whose text is known, a number or bool
    /// as Terraform converts them, a document that is wholly known.
    pub fn text(&self) -> Option<Arc<str>> {
        match &self.kind {
            Kind::String(text) => Some(text.clone()),
            Kind::Number(number) => Some(number.to_string().into()),
            Kind::Bool(value) => Some(if *value { "true".into() } else { "false".into() }),
            Kind::Ref(reference) => reference.known.as_ref()?.text(),
            Kind::Template(parts) => {
                let mut all = String::new();
                for part in parts.iter() {
                    all.push_str(&part.text()?);
                }
                Some(all.into())
            }
            Kind::Document(value) => crate::value::json_text(value).map(Into::into),
            _ => None,
        }
    }

    /// The text with every named unknown shown as its symbol between `\u{1}`; `None` where an unknown has no name. Two
    /// values of the same marked text are equal.
    pub fn marked_text(&self) -> Option<String> {
        match &self.kind {
            Kind::Unknown(unknown) => Some(format!("\u{1}{}\u{1}", unknown.symbol.as_ref()?)),
            Kind::Ref(reference) => match &reference.known {
                Some(known) => known.marked_text(),
                None => {
                    Some(format!("\u{1}{}.{} in stack {}\u{1}", reference.address, reference.attr, reference.stack.0))
                }
            },
            Kind::Template(parts) => parts.iter().map(Value::marked_text).collect(),
            _ => self.text().map(|text| text.to_string()),
        }
    }

    /// A text with marked symbols as a value.
    pub(crate) fn from_marked(text: &str) -> Self {
        if !text.contains('\u{1}') {
            return Self::string(text);
        }
        let parts = text.split('\u{1}').enumerate().filter(|(_, part)| !part.is_empty()).map(|(at, part)| {
            if at % 2 == 0 {
                return Self::string(part);
            }
            let mut unknown = Unknown::new(Reason::Derived(part.into()), None);
            unknown.symbol = Some(part.into());
            Self::new(Kind::Unknown(Arc::new(unknown)))
        });
        Self::new(Kind::Template(parts.collect()))
    }

    /// The string itself, where the value is a plain known string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            Kind::Ref(reference) => reference.known.as_ref()?.as_str(),
            _ => None,
        }
    }

    /// The boolean, also from the strings `"true"` and `"false"` as both languages convert them.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.kind {
            Kind::Bool(value) => Some(*value),
            Kind::String(text) => match &**text {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// The whole number, also from a string of digits.
    pub fn as_i64(&self) -> Option<i64> {
        match &self.kind {
            Kind::Number(number) => number.as_i64(),
            Kind::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The sequence.
    pub fn as_seq(&self) -> Option<&Seq> {
        match &self.kind {
            Kind::Seq(seq) => Some(seq),
            _ => None,
        }
    }

    /// The mapping.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.kind {
            Kind::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The entry's value; `None` also where this is not a mapping.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_map()?.entries.get(key).map(|entry| &entry.value)
    }

    /// The reference.
    pub fn as_ref_to(&self) -> Option<&Ref> {
        match &self.kind {
            Kind::Ref(reference) => Some(reference),
            _ => None,
        }
    }

    /// Why the value is not (wholly) known: the first unknown found in it, depth first. References are known.
    pub fn first_unknown(&self) -> Option<&Arc<Unknown>> {
        match &self.kind {
            Kind::Unknown(unknown) => Some(unknown),
            Kind::Seq(seq) => seq.open.as_ref().or_else(|| seq.items.iter().find_map(Value::first_unknown)),
            Kind::Map(map) => {
                map.open.as_ref().or_else(|| map.entries.values().find_map(|entry| entry.value.first_unknown()))
            }
            Kind::Document(value) => value.first_unknown(),
            Kind::Template(parts) => parts.iter().find_map(Value::first_unknown),
            Kind::Cond(branches) => branches.iter().find_map(|branch| branch.value.first_unknown()),
            Kind::Null(_) | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Ref(_) => None,
        }
    }
}

/// The JSON text of a wholly known value as Terraform's `jsonencode` writes it (keys sorted, `<`, `>` and `&` escaped).
pub fn json_text(value: &Value) -> Option<String> {
    let mut out = String::new();
    write_json(value, &mut out)?;
    Some(out)
}

fn write_json(value: &Value, out: &mut String) -> Option<()> {
    match &value.kind {
        Kind::Null(_) => out.push_str("null"),
        Kind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Kind::Number(number) => out.push_str(&number.to_string()),
        Kind::Seq(seq) => {
            if seq.open.is_some() {
                return None;
            }
            out.push('[');
            for (index, item) in seq.items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_json(item, out)?;
            }
            out.push(']');
        }
        Kind::Map(map) => {
            if map.open.is_some() {
                return None;
            }
            out.push('{');
            for (index, (key, entry)) in map.entries.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_json_string(key, out);
                out.push(':');
                write_json(&entry.value, out)?;
            }
            out.push('}');
        }
        Kind::Cond(_) | Kind::Unknown(_) => return None,
        Kind::String(_) | Kind::Document(_) | Kind::Ref(_) | Kind::Template(_) => {
            write_json_string(&value.text()?, out)
        }
    }
    Some(())
}

fn write_json_string(text: &str, out: &mut String) {
    let quoted = serde_json::Value::from(text).to_string();
    for character in quoted.chars() {
        match character {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_null_is_written_as_the_word_alone() {
        let null = Value::null_of(&Type::String);
        let text = serde_json::to_string(&null).unwrap();
        assert_eq!(text, r#"{"kind":"null"}"#);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), null);
    }
}
