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
