//! Terraform Stacks: the components of one deployment, as the modules of one root.
//!
//! Source: developer.hashicorp.com/terraform/language/stacks, reference of component and deployment configuration, read
//! 2026-11.

use super::{Evaluator, Scope};
use crate::diagnostic::Diagnostic;
use crate::source::{Span, join};
use crate::terraform::ast::{Attribute, Block, Body, ExprKind, ObjectKey};
use crate::terraform::module::{self, Module, ProviderBlock};
use crate::terraform::syntax;
use crate::value::{Entries, Entry, Reason, Value};
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
        let mut module = Module { dir: dir.clone(), ..Module::default() };
        for block in self.blocks(&dir, declares) {
            match &*block.kind {
                "component" => {
                    if let Some((label, _)) = block.labels.first() {
                        module.calls.insert(label.clone(), flattened(&block));
                    }
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
        (Arc::new(module), self.deployment_inputs(&dir, name))
    }

    fn blocks(&self, dir: &str, wanted: impl Fn(&str) -> bool) -> Vec<Block> {
        let mut out = Vec::new();
        for entry in self.sources.list(dir).unwrap_or_default() {
            if entry.is_dir || !wanted(&entry.name) {
                continue;
            }
            let path = join(dir, &entry.name);
            let file = match self.sources.load(&path) {
                Ok(file) => file,
                Err(error) => {
                    self.tell(Diagnostic::unreadable(path, error.to_string()));
                    continue;
                }
            };
            let (body, found) = syntax::parse_file(self.sources, file);
            found.into_iter().for_each(|diagnostic| self.tell(diagnostic));
            out.extend(body.blocks);
        }
        out
    }

    fn deployment_inputs(&self, dir: &str, name: &str) -> Entries {
        let mut module = Module { dir: dir.to_owned(), ..Module::default() };
        let mut inputs = None;
        for block in self.blocks(dir, deploys) {
            match (&*block.kind, block.labels.first()) {
                ("locals", _) => module::declare(&mut module, block, &mut Vec::new()),
                ("deployment", Some((label, _))) if &**label == name => {
                    inputs = block.body.attribute("inputs").map(|attribute| attribute.value.clone());
                }
                _ => {}
            }
        }
        let instance = Rc::new(self.uncalled(Arc::new(module)));
        let scope = Scope::new(&instance);
        let Some(ExprKind::Object(items)) = inputs.map(|inputs| inputs.kind) else { return Entries::new() };
        items
            .iter()
            .filter_map(|item| {
                let ObjectKey::Name(key) = &item.key else { return None };
                // Tokens, stores and other stacks' outputs are known to the platform alone.
                let value = self.eval(&item.value, &scope).unwrap_or_else(|_| {
                    let text = self.source_text(item.value.span);
                    Value::unknown(Reason::InputWithoutValue(text), Some(item.value.span))
                });
                Some((key.clone(), Entry { value, span: Some(item.key_span.to(item.value.span)) }))
            })
            .collect()
    }
}

/// A component as a module call: its inputs are the call's arguments.
fn flattened(block: &Block) -> Block {
    let mut attributes: Vec<Attribute> =
        block.body.attributes.iter().filter(|attribute| &*attribute.name != "inputs").cloned().collect();
    if let Some(ExprKind::Object(items)) = block.body.attribute("inputs").map(|inputs| &inputs.value.kind) {
        for item in items {
            if let ObjectKey::Name(name) = &item.key {
                let span: Span = item.key_span;
                attributes.push(Attribute { name: name.clone(), name_span: span, value: item.value.clone() });
            }
        }
    }
    Block { body: Body { attributes, ..Body::default() }, ..block.clone() }
}
