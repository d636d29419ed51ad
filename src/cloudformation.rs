//! The CloudFormation frontend: from templates and their parameters to resources.

mod attributes;
mod cdk;
mod conditions;
mod deployments;
mod document;
mod estate;
mod foreach;
mod include;
mod inputs;
mod instance;
mod intrinsics;
mod lookup;
mod nested;
mod parameters;
mod resources;
mod rules;
mod sam;
mod scalar;
mod within;
mod yaml;

pub(crate) use cdk::{is_manifest, units as assembly_units};
pub(crate) use deployments::{tells as tells_deployments, units as deployed_units};
pub(crate) use document::comments;
pub(crate) use estate::Alone;
pub(crate) use within::deploy;

use crate::aws::{Known, Place};
use crate::diagnostic::{Diagnostic, Severity};
use crate::resource::{self, Given, Language, LoadSettings, OpenInput, Stack, Unit};
use crate::source::Sources;
use crate::value::{Existence, Kind, Reason, StackId, Unknown, Value};
use estate::Shared;
use instance::{Inputs, Instance, World};
use intrinsics::Evaluator;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// Evaluates all templates of the estate; exports of one are seen by the others of the same account and Region, and where
/// no template has them, those from `elsewhere`.
pub fn load_all(
    sources: &Sources,
    units: &[(StackId, &Unit)],
    settings: &LoadSettings,
    elsewhere: &Given,
) -> (Vec<Arc<Stack>>, Vec<Diagnostic>) {
    estate::load(sources, units, settings, elsewhere, None)
}

/// The same, once more: what is known of units that read none of the touched files is taken from there.
pub(crate) fn load_again(
    sources: &Sources,
    units: &[(StackId, &Unit)],
    settings: &LoadSettings,
    elsewhere: &Given,
    known: (&mut Alone, &BTreeSet<String>),
) -> (Vec<Arc<Stack>>, Vec<Diagnostic>) {
    estate::load(sources, units, settings, elsewhere, Some(known))
}

/// The template's parameters without a value that may only have some, as far as resources of types that weigh, or
/// exports, hang on them.
pub(crate) fn open_inputs(
    sources: &Sources,
    unit: &Unit,
    settings: &LoadSettings,
    weighs: &dyn Fn(&str) -> bool,
) -> Vec<OpenInput> {
    if !["Allowed", "FindInMap"].iter().any(|word| mentions(sources, unit, word)) {
        return Vec::new();
    }
    let shared = Shared::default();
    let world = World::new(sources, settings, &shared);
    instance(&world, StackId(0), unit).map(|instance| inputs::open(&instance, weighs)).unwrap_or_default()
}

/// Whether the template's rules refuse the unit's parameters: it is never deployed with them.
pub(crate) fn refuses(sources: &Sources, unit: &Unit, settings: &LoadSettings) -> bool {
    if !mentions(sources, unit, "Rules") {
        return false;
    }
    let shared = Shared::default();
    let world = World::new(sources, settings, &shared);
    instance(&world, StackId(0), unit).is_some_and(|instance| Evaluator::new(&world, &instance).refused())
}

fn mentions(sources: &Sources, unit: &Unit, word: &str) -> bool {
    sources.load(&unit.path).is_ok_and(|file| sources.text(file).contains(word))
}

/// The unit's template with its inputs; what is wrong with it is told.
fn instance(world: &World<'_>, id: StackId, unit: &Unit) -> Option<Rc<Instance>> {
    let (_, root) = match world.template(&unit.path) {
        Ok(read) => read?,
        Err(error) => {
            world.tell(Diagnostic::unreadable(unit.path.as_str(), error.to_string()));
            return None;
        }
    };
    let deployment = &unit.deployment;
    let symbol = |what: &str| -> Arc<str> { format!("{what} of `{}`", unit.name).into() };
    let mut given = BTreeMap::new();
    for path in &deployment.parameter_files {
        match world.load(path) {
            Ok(file) => {
                let (root, found) = document::parse(file, &world.sources.text(file));
                for diagnostic in found {
                    let message = diagnostic.message.replacen("the template", "the parameter file", 1);
                    world.tell(Diagnostic { message, ..diagnostic });
                }
                given.extend(root.iter().flat_map(parameters::pairs));
                if let Some(root) = root.filter(|root| root.text().is_some_and(|text| !text.is_empty())) {
                    world.tell(Diagnostic::bad_input(
                        root.span,
                        "a parameter file is JSON or YAML with names and values",
                    ));
                }
            }
            Err(error) => world.tell(Diagnostic::unreadable(path.as_str(), error.to_string())),
        }
    }
    given.extend(cdk::given(&deployment.parameters));
    if root.get("Resources").is_none() {
        world.tell(Diagnostic::note(root.span, Severity::Warning, "the template declares no resources"));
    }
    let inputs = Inputs {
        stack: id,
        unit: unit.name.clone(),
        prefix: "".into(),
        place: Place {
            account: deployment.account.map_or_else(|| Known::Symbol(symbol("account")), Known::Is),
            region: deployment.region.clone().map_or_else(|| Known::Symbol(symbol("Region")), Known::Is),
        }
        .into(),
        path: unit.path.as_str().into(),
        name: deployment.stack_name.as_deref().map(Into::into),
        given,
        exports: cdk::given(&deployment.exports),
        chain: deployment.by.into_iter().collect(),
        exists: Existence::Certain,
        depth: 0,
        constructs: world.constructs(&unit.path),
    };
    Instance::new(world, root, inputs)
}

fn stack(world: &World<'_>, instance: &Rc<Instance>) -> Stack {
    let mut found = Vec::new();
    resources::resources(&Evaluator::new(world, instance), &mut found);
    let stack = Stack {
        id: instance.stack,
        unit: instance.unit.clone(),
        language: Language::CloudFormation,
        place: Place::clone(&instance.place),
        resources: found,
        unread: Vec::new(),
        given: if world.settings.publish { given(world, instance) } else { Given::default() },
    };
    stack.settled(world.sources, world.settings)
}

/// The exports and outputs of the stack and those nested in it. One whose name is not wholly known cannot be asked for.
fn given(world: &World<'_>, instance: &Instance) -> Given {
    let exports = world.exports.borrow();
    let own = exports.iter().filter(|export| export.stack == instance.stack && !export.name.contains('\u{1}'));
    let exports = own.map(|export| resource::Export {
        place: export.place.clone(),
        name: export.name.clone(),
        value: export.value.clone(),
    });
    let outputs = world.outputs.borrow();
    let own = outputs.iter().filter(|output| output.stack == instance.stack);
    let outputs = own.map(|output| resource::Output {
        place: output.place.clone(),
        of: output.name.clone(),
        name: output.output.clone(),
        value: output.value.clone(),
    });
    Given { exports: exports.collect(), outputs: outputs.collect(), ..Given::default() }
}

/// Sections that stand beside the resources of a template.
const BESIDE: [&str; 5] = ["Parameters", "Mappings", "Conditions", "Outputs", "Transform"];

/// Whether the text is a template, told by its content.
pub fn recognise(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}');
    let first = text.trim_start().chars().next();
    // A list is no template, whatever its elements tell of.
    if first == Some('[') {
        return false;
    }
    let flow = first == Some('{');
    let top = |name: &str| {
        let key = format!("{name}:");
        text.contains(&format!("\"{name}\""))
            || text.contains(&format!("'{name}'"))
            || text.starts_with(&key)
            || text.contains(&format!("\n{key}"))
            || flow && text.contains(&key)
    };
    // A whole template may be indented.
    let version = || top("AWSTemplateFormatVersion") || text.contains("\n  AWSTemplateFormatVersion:");
    let resources = || top("Resources") || text.contains("\n  Resources:");
    let typed = || text.contains("Type") && text.contains("::");
    let told = (resources() && version()) || (top("Resources") && (typed() || BESIDE.iter().any(|name| top(name))));
    told && !(flow && within_only(text, "Resources"))
}

/// Whether the JSON object has the key in objects within it, and not itself. Text that is no JSON has it nowhere.
fn within_only(text: &str, name: &str) -> bool {
    let (mut depth, mut quoted, mut escaped, mut start, mut within) = (0_usize, false, false, 0, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' if quoted => {
                quoted = false;
                let rest = text.get(at + 1..).unwrap_or_default();
                if text.get(start..at) == Some(name) && rest.trim_start().starts_with(':') {
                    if depth == 1 {
                        return false;
                    }
                    within = true;
                }
            }
            b'"' => (quoted, start) = (true, at + 1),
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 0 => depth -= 1,
            b'}' | b']' => return false,
            _ => {}
        }
    }
    within && depth == 0 && !quoted
}

/// A place's text, or the unknown of the same symbol.
fn place_value<T: std::fmt::Display>(known: &Known<T>, account: bool) -> Value {
    match known {
        Known::Is(text) => Value::string(text.to_string()),
        Known::Symbol(symbol) => {
            let of: Arc<str> = symbol.split_once(" of ").map_or(&**symbol, |(_, of)| of).into();
            let mut unknown = Unknown::new(if account { Reason::Account(of) } else { Reason::Region(of) }, None);
            unknown.symbol = Some(symbol.clone());
            Value::new(Kind::Unknown(Arc::new(unknown)))
        }
    }
}

#[cfg(test)]
mod tests;
