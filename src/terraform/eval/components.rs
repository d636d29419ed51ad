//! Terraform Stacks: the components of one deployment, as the modules of one root.
//!
//! Source: developer.hashicorp.com/terraform/language/stacks, reference of component and deployment configuration, read
//! 2026-11.

use super::{Evaluator, Scope};
use crate::diagnostic::Diagnostic;
use crate::resource::REST;
use crate::source::join;
use crate::terraform::ast::{Attribute, Block, Body, Expr, ExprKind, ObjectItem};
use crate::terraform::module::{self, Module, ProviderBlock};
use crate::value::{Entries, Entry, Kind, Reason, Value};
use std::rc::Rc;
use std::sync::Arc;

/// Whether a file of this name declares components.
pub(in crate::terraform) fn declares(name: &str) -> bool {
    name.ends_with(".tfcomponent.hcl") || name.ends_with(".tfstack.hcl")
}

/// Whether a file of this name declares deployments.
pub(in crate::terraform) fn deploys(name: &str) -> bool {
    name.ends_with(".tfdeploy.hcl")
}

impl Evaluator<'_> {
    /// The root that the deployment `name` of the stack in the unit's directory makes, and its inputs.
    pub(super) fn component_root(&self, name: &str) -> (Arc<Module>, Entries) {
        let dir = self.unit.path.clone();
        let Some(inputs) = self.deployment_inputs(&dir, name) else {
            // What it made is to be destroyed.
            return (Arc::new(Module { dir, ..Module::default() }), Entries::new());
        };
        (Arc::new(self.components(&dir)), inputs)
    }

    /// The components and stacks that the stack in the directory declares, as module calls.
    pub(super) fn components(&self, dir: &str) -> Module {
        let mut module = Module { dir: dir.to_owned(), ..Module::default() };
        for block in self.blocks(dir, declares) {
            match &*block.kind {
                "component" | "stack" => {
                    let Some((label, _)) = block.labels.first() else { continue };
                    if module.calls.contains_key(label) {
                        let message = format!("`{label}` names a component and a stack; the second is not evaluated");
                        self.tell(Diagnostic::not_evaluated(block.header, message));
                        module.incomplete = true;
                        continue;
                    }
                    module.calls.insert(label.clone(), flattened(&block));
                }
                "provider" => {
                    let [(kind, _), (alias, _)] = block.labels.as_slice() else { continue };
                    let config =
                        block.body.blocks("config").next().map(|config| config.body.clone()).unwrap_or_default();
                    let each = block.body.attribute("for_each").cloned();
                    let body = Body { attributes: config.attributes.into_iter().chain(each).collect(), ..config };
                    let (name, alias) = (kind.clone(), Some(alias.clone()));
                    module.providers.push(ProviderBlock { name, alias, block: Block { body, ..block } });
                }
                "variable" | "locals" | "output" => {
                    let mut found = Vec::new();
                    module::declare(&mut module, block, &mut found);
                    found.into_iter().for_each(|diagnostic| self.tell(diagnostic));
                }
                _ => {}
            }
        }
        module
    }

    fn blocks(&self, dir: &str, wanted: impl Fn(&str) -> bool) -> Vec<Block> {
        let mut out = Vec::new();
        for entry in self.sources.list(dir).unwrap_or_default() {
            if entry.is_dir || !wanted(&entry.name) {
                continue;
            }
            let Some(file) = self.loaded(&join(dir, &entry.name)) else { continue };
            out.extend(self.parsed(file).blocks);
        }
        out
    }

    /// The inputs of the deployment; `None` where it is to be destroyed.
    fn deployment_inputs(&self, dir: &str, name: &str) -> Option<Entries> {
        let mut module = Module { dir: dir.to_owned(), ..Module::default() };
        let (mut inputs, mut destroy) = (None, None);
        for block in self.blocks(dir, deploys) {
            match (&*block.kind, block.labels.first()) {
                ("locals", _) => module::declare(&mut module, block, &mut Vec::new()),
                ("deployment", Some((label, _))) if &**label == name => {
                    inputs = block.body.attribute("inputs").map(|attribute| attribute.value.clone());
                    destroy = block.body.attribute("destroy").map(|attribute| attribute.value.clone());
                }
                _ => {}
            }
        }
        let instance = Rc::new(self.uncalled(Arc::new(module)));
        let scope = Scope::new(&instance);
        if let Some(destroy) = destroy {
            match self.value(&destroy, &scope).as_bool() {
                Some(true) => return None,
                Some(false) => {}
                None => self.tell(Diagnostic::not_evaluated(
                    destroy.span,
                    "whether this deployment is to be destroyed is not known; it is taken as one that stays",
                )),
            }
        }
        let Some(inputs) = inputs else { return Some(Entries::new()) };
        // Tokens, stores and other stacks' outputs are known to the platform alone.
        let given = |expr: &Expr| {
            self.eval(expr, &scope).unwrap_or_else(|_| {
                Value::unknown(Reason::InputWithoutValue(self.source_text(expr.span)), Some(expr.span))
            })
        };
        let Some(items) = named(&inputs) else {
            let value = given(&inputs);
            return Some(match &value.kind {
                Kind::Map(map) => {
                    let rest =
                        map.open.is_some().then(|| (REST.into(), Entry { span: value.span, value: value.clone() }));
                    map.entries.iter().map(|(name, entry)| (name.clone(), entry.clone())).chain(rest).collect()
                }
                _ => [(REST.into(), Entry { span: value.span, value })].into_iter().collect(),
            });
        };
        let inputs = items.into_iter().map(|(name, item)| {
            (name, Entry { value: given(&item.value), span: Some(item.key_span.to(item.value.span)) })
        });
        Some(inputs.collect())
    }
}

/// The items of an object, by name; `None` where a name is worked out, or the whole object is.
fn named(expr: &Expr) -> Option<Vec<(Arc<str>, &ObjectItem)>> {
    let ExprKind::Object(items) = &expr.kind else { return None };
    items.iter().map(|item| Some((item.key.name()?.clone(), item))).collect()
}

/// A component as a module call: its inputs are the call's arguments. Inputs that are worked out stay one expression.
fn flattened(block: &Block) -> Block {
    let Some(items) = block.body.attribute("inputs").and_then(|inputs| named(&inputs.value)) else {
        return block.clone();
    };
    let own = block.body.attributes.iter().filter(|attribute| &*attribute.name != "inputs").cloned();
    let given =
        items.into_iter().map(|(name, item)| Attribute { name, name_span: item.key_span, value: item.value.clone() });
    let attributes = own.chain(given).collect();
    Block { body: Body { attributes, ..Body::default() }, ..block.clone() }
}
