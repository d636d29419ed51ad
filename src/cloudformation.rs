//! The CloudFormation frontend: from templates and their parameters to resources.

mod attributes;
mod cdk;
mod conditions;
mod deployments;
mod document;
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

pub(crate) use cdk::{is_manifest, units as assembly_units};
pub(crate) use deployments::{tells as tells_deployments, units as deployed_units};
pub(crate) use document::comments;

use crate::aws::{Known, Place};
use crate::diagnostic::{Diagnostic, Severity};
use crate::resource::{Language, LoadSettings, OpenInput, Stack, Unit};
use crate::source::{FileId, Sources, join, parent};
use crate::value::{Existence, Kind, Reason, StackId, Unknown, Value};
use document::Node;
use instance::{Inputs, Instance, World};
use intrinsics::Evaluator;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// Templates that are read at the same time.
const BATCH: usize = 64;

/// Evaluates all templates of the estate; exports of one are seen by the others of the same account and Region.
pub fn load_all(
    sources: &Sources,
    units: &[(StackId, &Unit)],
    settings: &LoadSettings,
) -> (Vec<Stack>, Vec<Diagnostic>) {
    let world = World::new(sources, settings, units.len() > 1);
    let mut stacks = Vec::new();
    for batch in units.chunks(BATCH) {
        read(&world, batch);
        for (id, unit) in batch {
            let Some(instance) = instance(&world, *id, unit) else { continue };
            // Stacks that take from others come last, and only they are kept.
            let imports = sources.load(&unit.path).is_ok_and(|file| {
                let text = sources.text(file);
                ["ImportValue", "GetStackOutput", "AWS::SSM::Parameter::Value<"].iter().any(|word| text.contains(word))
            });
            if imports {
                for name in resources::named_templates(&instance.root) {
                    world.used.borrow_mut().insert(join(parent(&unit.path), &name).into());
                }
                world.waiting.borrow_mut().push(instance);
            } else {
                stacks.push(stack(&world, &instance));
                world.forget(&unit.path);
            }
        }
    }
    // A template that another one deploys goes nowhere by itself.
    let used = |path: &str| world.used.borrow().contains(path);
    let deployed: Vec<StackId> =
        units.iter().filter(|(_, unit)| !unit.deployment.named && used(&unit.path)).map(|(id, _)| *id).collect();
    world.exports.borrow_mut().retain(|export| !deployed.contains(&export.stack));
    world.outputs.borrow_mut().retain(|output| !deployed.contains(&output.stack));
    world.waiting.borrow_mut().retain(|instance| !deployed.contains(&instance.stack));
    loop {
        let Some(instance) = world.waiting.borrow().first().cloned() else { break };
        stacks.push(stack(&world, &instance));
        world.waiting.borrow_mut().retain(|other| !Rc::ptr_eq(other, &instance));
    }
    let named = |stack: &Stack| {
        let unit = units.iter().find(|(id, _)| *id == stack.id).map(|(_, unit)| unit);
        unit.is_none_or(|unit| unit.deployment.named || !used(&unit.path))
    };
    stacks.retain(|stack| !deployed.contains(&stack.id) && named(stack));
    (stacks, world.into_diagnostics())
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
    let world = World::new(sources, settings, false);
    instance(&world, StackId(0), unit).map(|instance| inputs::open(&instance, weighs)).unwrap_or_default()
}

/// Whether the template's rules refuse the unit's parameters: it is never deployed with them.
pub(crate) fn refuses(sources: &Sources, unit: &Unit, settings: &LoadSettings) -> bool {
    if !mentions(sources, unit, "Rules") {
        return false;
    }
    let world = World::new(sources, settings, false);
    instance(&world, StackId(0), unit).is_some_and(|instance| Evaluator::new(&world, &instance).refused())
}

fn mentions(sources: &Sources, unit: &Unit, word: &str) -> bool {
    sources.load(&unit.path).is_ok_and(|file| sources.text(file).contains(word))
}

/// Reads the batch's templates, several at a time.
fn read(world: &World<'_>, batch: &[(StackId, &Unit)]) {
    let mut files: Vec<(&str, FileId)> = Vec::new();
    for (_, unit) in batch {
        match world.sources.load(&unit.path) {
            Ok(file) if !world.known(&unit.path) && !files.iter().any(|(path, _)| *path == unit.path) => {
                files.push((&unit.path, file));
            }
            Ok(_) => {}
            Err(error) => world.tell(Diagnostic::unreadable(unit.path.as_str(), error.to_string())),
        }
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(files.len().div_ceil(4));
    let sources = world.sources;
    let parse = |file: FileId| document::parse(file, &sources.text(file));
    let parsed: Vec<(Option<Node>, Vec<Diagnostic>)> = if threads < 2 {
        files.iter().map(|(_, file)| parse(*file)).collect()
    } else {
        let each = files.len().div_ceil(threads);
        std::thread::scope(|scope| {
            let workers: Vec<_> = files
                .chunks(each)
                .map(|part| scope.spawn(move || part.iter().map(|(_, file)| parse(*file)).collect::<Vec<_>>()))
                .collect();
            workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
        })
    };
    for ((path, file), (root, found)) in files.into_iter().zip(parsed) {
        found.into_iter().for_each(|diagnostic| world.tell(diagnostic));
        world.remember(path, root.map(|root| (file, root)));
    }
}

/// The unit's template with its inputs; what is wrong with it is told.
fn instance(world: &World<'_>, id: StackId, unit: &Unit) -> Option<Rc<Instance>> {
    let (_, root) = world.template(&unit.path).ok()??;
    let deployment = &unit.deployment;
    let symbol = |what: &str| -> Arc<str> { format!("{what} of `{}`", unit.name).into() };
    let mut given = BTreeMap::new();
    for path in &deployment.parameter_files {
        match world.sources.load(path) {
            Ok(file) => {
                let (root, found) = document::parse(file, &world.sources.text(file));
                found.into_iter().for_each(|diagnostic| world.tell(diagnostic));
                given.extend(root.iter().flat_map(parameters::pairs));
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
        },
        path: unit.path.as_str().into(),
        name: deployment.stack_name.as_deref().map(Into::into),
        given,
        exports: cdk::given(&deployment.exports),
        chain: Arc::from([]),
        exists: Existence::Certain,
        depth: 0,
        constructs: world.constructs(&unit.path),
    };
    Instance::new(world, root, inputs)
}

fn stack(world: &World<'_>, instance: &Rc<Instance>) -> Stack {
    let mut found = Vec::new();
    resources::resources(&Evaluator::new(world, instance), &mut found);
    Stack {
        id: instance.stack,
        unit: instance.unit.clone(),
        language: Language::CloudFormation,
        place: instance.place.clone(),
        resources: found,
    }
}

/// Whether the text is a template, told by its content.
pub fn recognise(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}');
    let flow = text.trim_start().starts_with('{');
    let top = |name: &str| {
        let key = format!("{name}:");
        text.contains(&format!("\"{name}\""))
            || text.starts_with(&key)
            || text.contains(&format!("\n{key}"))
            || flow && text.contains(&key)
    };
    // A whole template may be indented.
    let version = || top("AWSTemplateFormatVersion") || text.contains("\n  AWSTemplateFormatVersion:");
    let resources = || top("Resources") || text.contains("\n  Resources:");
    (resources() && version()) || (top("Resources") && text.contains("Type") && text.contains("::"))
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
