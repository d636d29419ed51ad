//! Merges the blocks of an override file into those of the same name, as Terraform does.

use crate::diagnostic::Diagnostic;
use crate::terraform::ast::{Attribute, Block, Body, ExprKind};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Merges `body`, one override file, into `base`, all other files of the module.
///
/// Attributes win one by one; a nested block in the override replaces all blocks of its type, `dynamic` ones too.
/// A block that overrides nothing is told, and added where Terraform adds it (`locals`, `provider`, `terraform`).
pub(super) fn apply(base: &mut Body, body: Body, diagnostics: &mut Vec<Diagnostic>) {
    base.attributes.extend(body.attributes);
    base.unread.extend(body.unread);
    for block in body.blocks {
        match &*block.kind {
            "locals" => merge_locals(base, block),
            "terraform" => merge_terraform(base, block),
            "provider" => {
                let alias = alias(&block);
                let same = base.blocks.iter_mut().find(|other| is_same(other, &block) && self::alias(other) == alias);
                match same {
                    Some(target) => merge(target, block),
                    None => base.blocks.push(block),
                }
            }
            "variable" | "output" | "resource" | "data" | "ephemeral" | "module" => {
                match base.blocks.iter_mut().find(|other| is_same(other, &block)) {
                    Some(target) => merge(target, block),
                    None => {
                        let name: Vec<&str> = block.labels.iter().map(|(label, _)| &**label).collect();
                        let message = format!("there is no `{}` block `{}` to override", block.kind, name.join("."));
                        diagnostics.push(Diagnostic::bad_input(block.header, message));
                    }
                }
            }
            _ => base.blocks.push(block),
        }
    }
}

fn is_same(left: &Block, right: &Block) -> bool {
    left.kind == right.kind
        && left.labels.len() == right.labels.len()
        && left.labels.iter().zip(&right.labels).all(|(left, right)| left.0 == right.0)
}

fn alias(block: &Block) -> Option<Arc<str>> {
    match &block.body.attribute("alias")?.value.kind {
        ExprKind::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// The type that a nested block stands for: of `dynamic "rule"`, `rule`.
fn block_type(block: &Block) -> Arc<str> {
    match block.labels.first() {
        Some((label, _)) if &*block.kind == "dynamic" => label.clone(),
        _ => block.kind.clone(),
    }
}

fn merge(target: &mut Block, over: Block) {
    let mut replaced: BTreeSet<Arc<str>> = over.body.blocks.iter().map(block_type).collect();
    let with_lifecycle = replaced.remove("lifecycle");
    target.body.blocks.retain(|block| !replaced.contains(&block_type(block)));
    target.body.unread.extend(over.body.unread);
    set_attributes(&mut target.body.attributes, over.body.attributes);
    for block in over.body.blocks {
        let same = target.body.blocks.iter_mut().find(|other| with_lifecycle && is_same(other, &block));
        match same {
            Some(lifecycle) if &*block.kind == "lifecycle" => merge(lifecycle, block),
            _ => target.body.blocks.push(block),
        }
    }
}

fn set_attributes(target: &mut Vec<Attribute>, over: Vec<Attribute>) {
    for attribute in over {
        match target.iter_mut().find(|other| other.name == attribute.name) {
            Some(other) => *other = attribute,
            None => target.push(attribute),
        }
    }
}

fn merge_locals(base: &mut Body, over: Block) {
    let mut rest = over;
    for attribute in std::mem::take(&mut rest.body.attributes) {
        let found = base
            .blocks
            .iter_mut()
            .filter(|block| &*block.kind == "locals")
            .flat_map(|block| &mut block.body.attributes)
            .find(|other| other.name == attribute.name);
        match found {
            Some(other) => *other = attribute,
            None => rest.body.attributes.push(attribute),
        }
    }
    if !rest.body.attributes.is_empty() {
        base.blocks.push(rest);
    }
}

/// `required_providers` are merged entry by entry; a `backend` or `cloud` replaces either.
fn merge_terraform(base: &mut Body, over: Block) {
    let Some(target) = base.blocks.iter().position(|block| &*block.kind == "terraform") else {
        base.blocks.push(over);
        return;
    };
    let is_backend = |block: &Block| matches!(&*block.kind, "backend" | "cloud");
    if over.body.blocks.iter().any(is_backend) {
        for block in base.blocks.iter_mut().filter(|block| &*block.kind == "terraform") {
            block.body.blocks.retain(|inner| !is_backend(inner));
        }
    }
    for required in over.body.blocks("required_providers") {
        for block in base.blocks.iter_mut().filter(|block| &*block.kind == "terraform") {
            for inner in block.body.blocks.iter_mut().filter(|inner| &*inner.kind == "required_providers") {
                inner.body.attributes.retain(|entry| required.body.attribute(&entry.name).is_none());
            }
        }
    }
    if let Some(target) = base.blocks.get_mut(target) {
        set_attributes(&mut target.body.attributes, over.body.attributes);
        target.body.blocks.extend(over.body.blocks);
    }
}
