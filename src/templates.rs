//! Stacks of CloudFormation that Terraform deploys: what they declare joins the root module's own stack, and their outputs
//! the values that were read from them.

use crate::cloudformation;
use crate::diagnostic::Diagnostic;
use crate::resource::{Deployed, Language, LoadSettings, Resource, Stack, Unit, output_of};
use crate::source::Sources;
use crate::terraform;
use crate::value::{Branch, Kind, StackId, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Times that stacks are evaluated because of what other stacks give out.
const MOST_ROUNDS: usize = 5;
/// Stacks that hold Terraform's resources.
const LANGUAGES: [Language; 3] = [Language::Terraform, Language::Plan, Language::State];

/// Evaluates what the root modules deploy, and adds it. The second result are templates' files that are deployed so.
pub(crate) fn deploy(
    sources: &Sources,
    roots: &mut [Arc<Stack>],
    units: &BTreeMap<StackId, &Unit>,
    settings: &LoadSettings,
) -> (Vec<Diagnostic>, BTreeSet<Arc<str>>) {
    let mut outputs: BTreeMap<String, Value> = BTreeMap::new();
    for round in 1.. {
        let mut new = BTreeMap::new();
        let (mut diagnostics, mut files) = (Vec::new(), BTreeSet::new());
        let mut made = Vec::new();
        for stack in roots.iter().filter(|stack| LANGUAGES.contains(&stack.language)) {
            let Some(unit) = units.get(&stack.id) else { continue };
            let all = terraform::deploys(stack, unit, &settings.organization);
            diagnostics.extend(stack.resources.iter().filter_map(|resource| nowhere(resource, &all)));
            for deployed in all {
                let within = cloudformation::deploy(sources, settings, &deployed);
                diagnostics.extend(within.told);
                files.extend(within.file);
                for (name, value) in within.outputs {
                    new.insert(output_of(deployed.stack, &deployed.address, &name), value);
                }
                made.push((stack.id, within.resources));
            }
        }
        if new == outputs || round == MOST_ROUNDS {
            for (id, resources) in made {
                if let Some(stack) = roots.iter_mut().find(|stack| stack.id == id) {
                    Arc::make_mut(stack).resources.extend(resources);
                }
            }
            return (diagnostics, files);
        }
        for resource in roots.iter_mut().flat_map(|stack| &mut Arc::make_mut(stack).resources) {
            replace(&mut resource.attributes, &new);
        }
        outputs = new;
    }
    (Vec::new(), BTreeSet::new())
}

/// Tells of a stack set of which no instance is told.
fn nowhere(resource: &Resource, all: &[Deployed]) -> Option<Diagnostic> {
    let to = format!("{}[", resource.address);
    if &*resource.kind != "aws_cloudformation_stack_set" || all.iter().any(|deployed| deployed.prefix.starts_with(&to))
    {
        return None;
    }
    let message = format!("which accounts `{}` deploys to is not told in the code", resource.address);
    Some(Diagnostic::not_evaluated(resource.header, message))
}

/// Puts the outputs in the places of the values that stand for them.
fn replace(value: &mut Value, outputs: &BTreeMap<String, Value>) {
    match &mut value.kind {
        Kind::Unknown(unknown) => {
            if let Some(output) = unknown.symbol.as_ref().and_then(|symbol| outputs.get(&**symbol)) {
                value.kind = output.kind.clone();
            }
        }
        Kind::Seq(seq) => Arc::make_mut(seq).items.iter_mut().for_each(|item| replace(item, outputs)),
        Kind::Map(map) => {
            Arc::make_mut(map).entries.iter_mut().for_each(|(_, entry)| replace(&mut entry.value, outputs));
        }
        Kind::Document(inner) => replace(Arc::make_mut(inner), outputs),
        Kind::Template(parts) => {
            let mut new = Vec::with_capacity(parts.len());
            for part in parts.iter() {
                let mut part = part.clone();
                replace(&mut part, outputs);
                match &part.kind {
                    Kind::Template(inner) => new.extend(inner.iter().cloned()),
                    _ => new.push(part),
                }
            }
            *parts = new.into();
        }
        Kind::Cond(branches) => {
            let mut new: Vec<Branch> = branches.to_vec();
            new.iter_mut().for_each(|branch| replace(&mut branch.value, outputs));
            *branches = new.into();
        }
        Kind::Null(_) | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Ref(_) => {}
    }
}
