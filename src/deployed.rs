//! What is deployed, joined with the code that it was deployed from: the code wins, and learns its real ARNs.

use crate::diagnostic::{Diagnostic, Severity};
use crate::resource::{Language, Resource, Stack, Unit};
use crate::source::{join, normalize, parent};
use crate::value::{Entry, Kind, StackId, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Attributes by which a thing that exists is known, and which no code sets.
const IDENTITY: [&str; 3] = ["arn", "id", "key_id"];
/// Attributes that say whether code and state speak of the same thing.
const NAMES: [&str; 5] = ["name", "identifier", "cluster_identifier", "bucket", "namespace_name"];

/// Gives units whose default provider does not say where it leads the account and Region that their state has seen.
pub(crate) fn place_units(units: &mut [Unit], stacks: &[Arc<Stack>]) {
    let seen: BTreeMap<String, &Arc<Stack>> = units
        .iter()
        .enumerate()
        .filter_map(|(at, unit)| Some((unit.path.clone(), stacks.iter().find(|stack| stack.id.0 as usize == at)?)))
        .collect();
    for unit in units {
        let deployment = &mut unit.deployment;
        let Some(state) = deployment.state.as_ref().and_then(|path| seen.get(path)) else { continue };
        deployment.account = deployment.account.or(state.place.account.known().copied());
        if deployment.region.is_none() {
            deployment.region = state.place.region.known().cloned();
        }
    }
}

/// Joins every state with the unit that it is the state of: what the code declares takes its identity from there, and
/// the rest of the state, which the code no longer declares, is left out. A state of no unit stays as it is.
pub(crate) fn join_states(stacks: &mut Vec<Arc<Stack>>, units: &BTreeMap<StackId, &Unit>) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let states: Vec<StackId> =
        stacks.iter().filter(|stack| stack.language == Language::State).map(|stack| stack.id).collect();
    for id in states {
        let Some(at) = stacks.iter().position(|stack| stack.id == id) else { continue };
        let Some(state) = stacks.get(at) else { continue };
        let path = units.get(&id).map_or("", |unit| unit.path.as_str());
        let owner = match owner(state, path, stacks, units) {
            Ok(owner) => owner,
            Err(several) => {
                if let Some(resource) = state.resources.first() {
                    let message = format!("`{path}` may be the state of {}", several.join(" or of "));
                    let help = "say which under its [[deployment]] in crossvault.toml: `state = \"…\"`";
                    let place = crate::source::Span::new(resource.header.file, 0..0);
                    diagnostics.push(Diagnostic::note(place, Severity::Warning, message).with_help(help));
                }
                None
            }
        };
        if let Some(owner) = owner {
            let state = stacks.remove(at);
            if let Some(code) = stacks.iter_mut().find(|stack| stack.id == owner) {
                identify(Arc::make_mut(code), &state);
            }
        }
    }
    diagnostics
}

/// The unit whose state this is; `Err` names several that it may be.
fn owner(
    state: &Stack,
    path: &str,
    stacks: &[Arc<Stack>],
    units: &BTreeMap<StackId, &Unit>,
) -> Result<Option<StackId>, Vec<String>> {
    let code: Vec<&Arc<Stack>> = stacks.iter().filter(|stack| stack.language == Language::Terraform).collect();
    let said = |stack: &&&Arc<Stack>| {
        units.get(&stack.id).is_some_and(|unit| {
            let named = unit.deployment.state.as_deref().map(normalize) == Some(path.to_owned());
            let local = join(&unit.path, "terraform.tfstate") == path
                || unit.deployment.workspace.as_ref().is_some_and(|workspace| {
                    join(&unit.path, &format!("terraform.tfstate.d/{workspace}/terraform.tfstate")) == path
                });
            named || local
        })
    };
    if let Some(stack) = code.iter().find(said) {
        return Ok(Some(stack.id));
    }
    // The state of another unit beside it, or of another workspace.
    let beside = code.iter().any(|stack| units.get(&stack.id).is_some_and(|unit| unit.path == parent(path)));
    if beside && path.ends_with("terraform.tfstate") {
        return Ok(None);
    }
    let managed = state.resources.iter().filter(|resource| !resource.data).count();
    let mut scores: Vec<(usize, &Arc<Stack>)> = code
        .into_iter()
        .filter_map(|stack| Some((shared(state, stack)?, stack)))
        .filter(|(n, _)| n * 2 >= managed && *n > 0)
        .collect();
    let best = scores.iter().map(|(score, _)| *score).max().unwrap_or(0);
    scores.retain(|(score, _)| *score == best);
    match scores.as_slice() {
        [] => Ok(None),
        [(_, only)] => Ok(Some(only.id)),
        several => Err(several.iter().map(|(_, stack)| format!("`{}`", stack.unit)).collect()),
    }
}

/// How many addresses both have; `None` where they contradict each other.
fn shared(state: &Stack, code: &Stack) -> Option<usize> {
    let mut count = 0;
    for (deployed, declared) in pairs(state, code) {
        let differs = |name: &str| {
            let text = |resource: &Resource| resource.get(name).and_then(Value::text);
            matches!((text(deployed), text(declared)), (Some(a), Some(b)) if a != b)
        };
        let apart = deployed.place.account.same(&declared.place.account) == Some(false)
            || deployed.place.region.same(&declared.place.region) == Some(false);
        if apart || NAMES.iter().any(|name| differs(name)) {
            return None;
        }
        count += 1;
    }
    Some(count)
}

fn pairs<'s>(state: &'s Stack, code: &'s Stack) -> impl Iterator<Item = (&'s Resource, &'s Resource)> {
    let declared: BTreeMap<&str, &Resource> = code
        .resources
        .iter()
        .filter(|resource| !resource.data)
        .map(|resource| (&*resource.address, resource))
        .collect();
    state.resources.iter().filter(|resource| !resource.data).filter_map(move |resource| {
        declared.get(&*resource.address).filter(|own| own.kind == resource.kind).map(|own| (resource, *own))
    })
}

/// Gives the code's resources the identity that they have.
fn identify(code: &mut Stack, state: &Stack) {
    let deployed: BTreeMap<&str, &Resource> = state
        .resources
        .iter()
        .filter(|resource| !resource.data)
        .map(|resource| (&*resource.address, resource))
        .collect();
    for resource in code.resources.iter_mut().filter(|resource| !resource.data) {
        let Some(known) = deployed.get(&*resource.address).filter(|known| known.kind == resource.kind) else {
            continue;
        };
        let Kind::Map(map) = &mut resource.attributes.kind else { continue };
        let map = Arc::make_mut(map);
        for name in IDENTITY {
            if let Some(value) = known.get(name).filter(|value| value.text().is_some()) {
                map.entries.entry(name.into()).or_insert_with(|| Entry { value: value.clone(), span: None });
            }
        }
    }
}
