//! An estate as JSON that another run takes as input: what the code declares, its places, and what is not known of it.
//!
//! The entities are written as `model` has them. In the place of a span stands its file, line and column, in the place of
//! a stack its position in `units`. No attribute is written that no verdict reads, and no sensitive value.

mod given;

pub use given::given;

use crate::graph::Facts;
use crate::model::Entities;
use crate::resource::{Given, Language, Stack};
use crate::source::{Extent, FileId, Sources};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The version of the schema that this program writes and reads.
pub const VERSION: u64 = 1;

/// The key by which an exported estate is told from other JSON; its value is the schema's version.
const MARK: &str = "crossvault_estate";

/// A unit of an estate.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Unit {
    pub name: Arc<str>,
    pub language: Language,
    pub resources: usize,
}

/// What a run takes from another one's export.
#[derive(Clone, Debug)]
pub struct Estate {
    /// The file that it was read from.
    pub name: Arc<str>,
    pub units: Vec<Unit>,
    /// How many stacks its entities speak of.
    pub stacks: u32,
    /// Their stacks count from the first one that the reader was given.
    pub entities: Entities,
    pub facts: Facts,
    /// What its units give out to others by name.
    pub given: Given,
}

/// An exported estate, as `crossvault export` writes it.
#[cfg(test)]
#[expect(dead_code, reason = "only its schema is asked for")]
#[derive(schemars::JsonSchema)]
#[schemars(rename = "Estate")]
pub(crate) struct Document {
    /// The version of the schema.
    crossvault_estate: u64,
    /// The program that wrote it.
    tool: Tool,
    units: Vec<Unit>,
    /// How many stacks are spoken of; each is named by its number.
    stacks: u32,
    entities: Entities,
    facts: Facts,
    given: Given,
}

#[cfg(test)]
#[expect(dead_code, reason = "only its schema is asked for")]
#[derive(schemars::JsonSchema)]
struct Tool {
    name: String,
    version: String,
}

/// Whether the text is an exported estate, told by its beginning.
pub fn recognise(text: &str) -> bool {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    start.strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with(&format!("\"{MARK}\"")))
}

/// The estate of these stacks and of the estates that they were judged with, as JSON.
///
/// `hide` gives a text without its secrets, where it has some: a value becomes unknown, an address or a reason is masked.
pub fn write(
    sources: &Sources,
    stacks: &[Arc<Stack>],
    estates: &[Estate],
    (entities, facts, given): (&Entities, &Facts, &Given),
    hide: &dyn Fn(&str) -> Option<String>,
) -> Json {
    let own = stacks.iter().map(|stack| (stack.unit.clone(), stack.language, stack.resources.len()));
    let other = estates.iter().flat_map(|estate| &estate.units);
    let units: Vec<Json> = own
        .chain(other.map(|unit| (unit.name.clone(), unit.language, unit.resources)))
        .map(|(name, language, resources)| json!({"name": name, "language": language, "resources": resources}))
        .collect();
    let mut entities = serde_json::to_value(entities).unwrap_or_default();
    let mut facts = serde_json::to_value(facts).unwrap_or_default();
    let mut given = serde_json::to_value(given).unwrap_or_default();
    let mut numbers = BTreeMap::new();
    for part in [&entities, &facts, &given] {
        stack_numbers(part, &mut numbers);
    }
    // Numbered anew, without gaps.
    numbers.values_mut().zip(0..).for_each(|(new, at)| *new = at);
    for part in [&mut entities, &mut facts, &mut given] {
        strip(part, sources, &numbers, hide);
    }
    json!({
        MARK: VERSION,
        "tool": {"name": "crossvault", "version": env!("CARGO_PKG_VERSION")},
        "units": units,
        "stacks": numbers.len(),
        "entities": entities,
        "facts": facts,
        "given": given,
    })
}

/// The stacks that are spoken of. What the configuration adds belongs to none.
fn stack_numbers(json: &Json, numbers: &mut BTreeMap<u64, u64>) {
    match json {
        Json::Array(items) => items.iter().for_each(|item| stack_numbers(item, numbers)),
        Json::Object(entries) => {
            let stack = entries.get("$stack").and_then(Json::as_u64);
            numbers.extend(stack.filter(|stack| *stack != u64::from(u32::MAX)).map(|stack| (stack, 0)));
            entries.values().for_each(|value| stack_numbers(value, numbers));
        }
        _ => {}
    }
}

/// Puts locations in the place of spans; takes out sensitive values and what is null.
fn strip(json: &mut Json, sources: &Sources, stacks: &BTreeMap<u64, u64>, hide: &dyn Fn(&str) -> Option<String>) {
    if let Some(span) = span(json) {
        let at = sources.location(span);
        *json = json!({"at": format!("{}:{}:{}-{}:{}", at.file, at.line, at.column, at.end_line, at.end_column)});
        return;
    }
    match json {
        Json::Array(items) => items.iter_mut().for_each(|item| strip(item, sources, stacks, hide)),
        Json::Object(entries) => {
            let text = entries.get("kind").and_then(|kind| kind.get("string")).and_then(Json::as_str);
            if entries.contains_key("kind")
                && (entries.get("sensitive") == Some(&Json::Bool(true)) || text.and_then(hide).is_some())
            {
                let why = json!({"derived": "the value is sensitive, and was not exported"});
                entries.insert("kind".to_owned(), json!({"unknown": {"reason": why, "ty": "dynamic"}}));
            }
            entries.retain(|_, value| !value.is_null());
            if let Some(stack) = entries.get_mut("$stack")
                && let Some(number) = stack.as_u64().and_then(|old| stacks.get(&old))
            {
                *stack = Json::from(*number);
            }
            entries.values_mut().for_each(|value| strip(value, sources, stacks, hide));
        }
        Json::String(text) => {
            if let Some(masked) = hide(text) {
                *text = masked;
            }
        }
        _ => {}
    }
}

fn span(json: &Json) -> Option<crate::source::Span> {
    json.get("$file")?;
    serde_json::from_value(json.clone()).ok()
}

/// Reads an exported estate. `first` is the number of its first stack; `name` tells its things from those of the same
/// name elsewhere. An error is a sentence.
pub fn read(sources: &Sources, name: &str, text: &str, first: u32) -> Result<Estate, String> {
    let mut json: Json = serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|error| format!("the exported estate cannot be read: {error}"))?;
    match json.get(MARK).and_then(Json::as_u64) {
        Some(VERSION) => {}
        Some(newer) if newer > VERSION => {
            let program = json.pointer("/tool/version").and_then(Json::as_str).unwrap_or("a later version");
            return Err(format!(
                "the estate was exported by crossvault {program} in schema version {newer}, and this program ({}) reads version {VERSION}; update it, or export with this version",
                env!("CARGO_PKG_VERSION")
            ));
        }
        _ => return Err(format!("expected an exported estate of schema version {VERSION}")),
    }
    let name: Arc<str> = name.into();
    let mut files: BTreeMap<String, Vec<Extent>> = BTreeMap::new();
    collect(&json, &mut files);
    let mut places: BTreeMap<String, (FileId, Vec<Extent>)> = BTreeMap::new();
    for (path, mut extents) in files {
        extents.sort_unstable();
        extents.dedup();
        let id = sources.add_exported(&name, &path, extents.clone());
        places.insert(path, (id, extents));
    }
    let moving = Moving { name: &name, first, places };
    moving.apply(&mut json);
    let wrong = |error: serde_json::Error| format!("the exported estate cannot be read: {error}");
    let take = |key: &str| json.get(key).cloned().unwrap_or_else(|| Json::Object(Map::new()));
    let units = match json.get("units") {
        Some(Json::Array(units)) => units
            .iter()
            .map(|unit| {
                let language = serde_json::from_value(unit.get("language").cloned().unwrap_or_default());
                Ok(Unit {
                    name: unit_name(&name, unit.get("name").and_then(Json::as_str).unwrap_or_default()),
                    language: language.map_err(wrong)?,
                    resources: unit.get("resources").and_then(Json::as_u64).unwrap_or_default() as usize,
                })
            })
            .collect::<Result<Vec<Unit>, String>>()?,
        _ => Vec::new(),
    };
    let entities: Entities = serde_json::from_value(take("entities")).map_err(wrong)?;
    let facts: Facts = serde_json::from_value(take("facts")).map_err(wrong)?;
    let given: Given = serde_json::from_value(take("given")).map_err(wrong)?;
    let stacks = json.get("stacks").and_then(Json::as_u64).and_then(|count| u32::try_from(count).ok());
    Ok(Estate { name, units, stacks: stacks.unwrap_or_default(), entities, facts, given })
}

/// How the units of an exported estate are called where it is read.
fn unit_name(estate: &str, unit: &str) -> Arc<str> {
    format!("{estate}//{unit}").into()
}

/// The location that an object `{"at": …}` holds.
fn place(json: &Json) -> Option<(&str, Extent)> {
    let entries = json.as_object().filter(|entries| entries.len() == 1)?;
    let text = entries.get("at")?.as_str()?;
    let mut parts = text.rsplitn(4, ':');
    let (end_column, middle, line) = (parts.next()?, parts.next()?, parts.next()?);
    let path = parts.next()?;
    let (column, end_line) = middle.split_once('-')?;
    let number = |text: &str| text.parse::<usize>().ok();
    Some((path, (number(line)?, number(column)?, number(end_line)?, number(end_column)?)))
}

fn collect(json: &Json, files: &mut BTreeMap<String, Vec<Extent>>) {
    if let Some((path, extent)) = place(json) {
        files.entry(path.to_owned()).or_default().push(extent);
        return;
    }
    match json {
        Json::Array(items) => items.iter().for_each(|item| collect(item, files)),
        Json::Object(entries) => entries.values().for_each(|value| collect(value, files)),
        _ => {}
    }
}

/// Makes an exported estate part of this run.
struct Moving<'a> {
    name: &'a Arc<str>,
    first: u32,
    places: BTreeMap<String, (FileId, Vec<Extent>)>,
}

impl Moving<'_> {
    fn apply(&self, json: &mut Json) {
        if let Some((path, extent)) = place(json) {
            let found = self.places.get(path).and_then(|(file, extents)| {
                let at = u32::try_from(extents.binary_search(&extent).ok()?).ok()?;
                Some(json!({"$file": file, "$start": at, "$end": at + 1}))
            });
            *json = found.unwrap_or(Json::Null);
            return;
        }
        match json {
            Json::Array(items) => items.iter_mut().for_each(|item| self.apply(item)),
            Json::Object(entries) => {
                for (key, value) in entries.iter_mut() {
                    match (key.as_str(), &*value) {
                        ("$stack", Json::Number(number)) => {
                            // What the configuration adds belongs to no stack.
                            let own = number.as_u64().and_then(|own| u32::try_from(own).ok()).unwrap_or(u32::MAX);
                            *value = Json::from(if own == u32::MAX { own } else { own.saturating_add(self.first) });
                        }
                        // Two units may be the same symbol's only within one estate.
                        ("symbol", Json::String(symbol)) => *value = Json::from(self.own(symbol)),
                        ("unit", Json::String(unit)) => *value = Json::from(&*unit_name(self.name, unit)),
                        _ => self.apply(value),
                    }
                }
                // A guard: conditions of the same text are about the same fact within one estate.
                if entries.len() >= 2
                    && entries.get("holds").is_some_and(Json::is_boolean)
                    && let Some(Json::String(text)) = entries.get("text")
                {
                    let text = self.own(text);
                    entries.insert("text".to_owned(), Json::from(text));
                }
            }
            _ => {}
        }
    }

    fn own(&self, text: &str) -> String {
        let mark = format!(" ({})", self.name);
        if text.ends_with(&mark) { text.to_owned() } else { format!("{text}{mark}") }
    }
}
