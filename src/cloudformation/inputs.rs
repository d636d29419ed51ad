//! Parameters without a value that may only have some, as far as something that counts hangs on them: the template lists
//! these, or looks the parameter up in a mapping, without whose entry nothing is deployed.

use super::document::{Node, NodeKind};
use super::instance::Instance;
use super::parameters::{allowed, type_of};
use crate::resource::{Choice, OpenInput};
use crate::value::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// More values are no list of cases.
const MOST_CHOICES: usize = 128;

/// The open parameters that resources for whose type `weighs` holds, or exports, hang on.
pub(super) fn open(instance: &Instance, weighs: &dyn Fn(&str) -> bool) -> Vec<OpenInput> {
    let declared = instance.section("Parameters").map(|section| section.entries.as_slice()).unwrap_or_default();
    let open = declared.iter().filter(|(name, _, body)| {
        // The allowed values of such a type are names of SSM parameters.
        let stored = type_of(body).starts_with("AWS::SSM::");
        body.get("Default").is_none() && !instance.given.contains_key(name) && !stored
    });
    let keys = looked_up(instance);
    let choices = |name: &str, body: &Node| -> Option<Vec<Choice>> {
        let texts = match (allowed(body), keys.get(name)) {
            (Some(mut texts), Some(keys)) => {
                texts.retain(|text| keys.contains(text));
                texts
            }
            (texts, keys) => texts.or_else(|| keys.cloned())?,
        };
        if texts.is_empty() || texts.len() > MOST_CHOICES {
            return None;
        }
        Some(texts.into_iter().map(|text| Choice { text: text.to_string(), value: Value::string(text) }).collect())
    };
    let mut inputs: Vec<OpenInput> = open
        .filter_map(|(name, key, body)| {
            Some(OpenInput { name: name.clone(), declared: key.span, choices: choices(name, body)? })
        })
        .collect();
    if !inputs.is_empty() {
        let reached = reached(instance, weighs);
        inputs.retain(|input| reached.contains(&input.name));
    }
    inputs
}

/// The keys that parameters must be among, because a resource that certainly exists looks them up.
fn looked_up(instance: &Instance) -> BTreeMap<Arc<str>, Vec<Arc<str>>> {
    let mut out = BTreeMap::new();
    let resources = instance.section("Resources").map(|section| section.entries.as_slice()).unwrap_or_default();
    for (_, _, body) in resources.iter().filter(|(_, _, body)| body.get("Condition").is_none()) {
        lookups(instance, body, &mut out);
    }
    out
}

fn lookups(instance: &Instance, node: &Node, out: &mut BTreeMap<Arc<str>, Vec<Arc<str>>>) {
    match node.call() {
        // Only one branch is taken.
        Some(("Fn::If", _)) => return,
        Some(("Fn::FindInMap", argument)) => {
            if let [map, first, second] = argument.items() {
                let mapping = map.text().and_then(|map| instance.entry("Mappings", map));
                let below = mapping.and_then(|mapping| mapping.get(first.text()?));
                for (key, entries) in [(first, mapping), (second, below)] {
                    let Some(("Ref", name)) = key.call() else { continue };
                    let (Some(name), Some(entries)) = (name.text(), entries) else { continue };
                    let keys = entries.entries().iter().filter_map(|(key, _)| Some(Arc::from(key.text()?)));
                    let keys: Vec<Arc<str>> = keys.collect();
                    match out.get_mut(name) {
                        Some(known) => known.retain(|key| keys.contains(key)),
                        None => {
                            out.insert(name.into(), keys);
                        }
                    }
                }
            }
        }
        _ => {}
    }
    node.items().iter().for_each(|item| lookups(instance, item, out));
    node.entries().iter().for_each(|(_, value)| lookups(instance, value, out));
}

/// The parameters, conditions and resources that such resources and exports mention, directly or through each other.
fn reached(instance: &Instance, weighs: &dyn Fn(&str) -> bool) -> BTreeSet<Arc<str>> {
    let entries = |name: &str| instance.section(name).map(|section| section.entries.as_slice()).unwrap_or_default();
    let resources = entries("Resources").iter().map(|(_, _, body)| body);
    let counting = resources.filter(|body| body.get("Type").and_then(Node::text).is_none_or(weighs));
    let exports = entries("Outputs").iter().map(|(_, _, body)| body).filter(|body| body.get("Export").is_some());
    let mut waiting: Vec<&Node> = counting.chain(exports).chain(instance.root.get("Globals")).collect();
    let mut seen = BTreeSet::new();
    while let Some(node) = waiting.pop() {
        words(node, &mut |word| {
            let bodies = ["Conditions", "Resources"].map(|section| instance.entry(section, word));
            let known = instance.entry("Parameters", word).is_some() || bodies.iter().any(Option::is_some);
            if known && !seen.contains(word) {
                seen.insert(word.into());
                waiting.extend(bodies.into_iter().flatten());
            }
        });
    }
    seen
}

/// Every word of the node's texts: whatever it refers to is among them.
fn words<'a>(node: &'a Node, found: &mut dyn FnMut(&'a str)) {
    match &node.kind {
        NodeKind::Scalar { text, .. } => text.split(|c: char| !c.is_ascii_alphanumeric()).for_each(found),
        NodeKind::Seq(items) => items.iter().for_each(|item| words(item, found)),
        NodeKind::Map(entries) => entries.iter().for_each(|(_, value)| words(value, found)),
        NodeKind::Twice | NodeKind::Value(_) => {}
    }
}
