//! The Terraform frontend: from a root module and its inputs to resources.

pub(crate) mod ast;
pub(crate) mod eval;
pub(crate) mod functions;
pub(crate) mod module;
pub(crate) mod ops;
pub(crate) mod syntax;

use crate::diagnostic::Diagnostic;
use crate::resource::{LoadSettings, Stack, Unit};
use crate::source::Sources;
use crate::value::StackId;

/// Evaluates the root module `unit.path` with the unit's inputs.
pub fn load(sources: &Sources, unit: &Unit, id: StackId, settings: &LoadSettings) -> (Stack, Vec<Diagnostic>) {
    eval::load(sources, unit, id, settings)
}

/// Answers expressions in the scope of the root module `unit.path`, one after the other: `next` gives the text of each.
///
/// An answer is the value, or what is wrong in words.
pub fn console(
    sources: &Sources,
    unit: &Unit,
    settings: &LoadSettings,
    next: &mut dyn FnMut() -> Option<String>,
    answer: &mut dyn FnMut(&str, Result<crate::value::Value, String>),
) -> Vec<Diagnostic> {
    eval::console(sources, unit, settings, next, answer)
}

/// Whether Terraform reads a file of this name as part of a module.
pub(crate) fn is_config(name: &str) -> bool {
    module::is_config(name)
}

/// The local paths (`./…`, `../…`) that the module in `dir` calls.
pub(crate) fn local_sources(sources: &Sources, dir: &str) -> Vec<String> {
    let (module, _) = module::load_module(sources, dir);
    let literal = |block: &ast::Block| match &block.body.attribute("source")?.value.kind {
        ast::ExprKind::String(text) if text.starts_with("./") || text.starts_with("../") => Some(text.to_string()),
        _ => None,
    };
    module.calls.values().filter_map(literal).collect()
}
