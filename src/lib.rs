//! crossvault predicts whether the AWS Backup copies that Terraform and CloudFormation plan will succeed.
//!
//! Data goes one way: `discover -> load (terraform | cloudformation | plan) -> Resource -> lower -> model -> graph -> copy ->
//! checks -> report`. A stage does not know the next.

pub mod analysis;
pub mod aws;
pub mod catalog;
pub mod checks;
pub mod cli;
pub mod cloudformation;
pub mod config;
pub mod copy;
pub mod diagnostic;
pub mod discover;
mod embedded;
pub mod graph;
pub mod iam;
mod json;
pub mod lower;
pub mod model;
pub mod organization;
pub mod plan;
pub mod report;
pub mod resource;
pub mod source;
pub mod terraform;
pub mod value;

use analysis::{Analysis, AnalysisSettings};
use resource::{Language, LoadSettings, Unit};
use source::Sources;
use value::StackId;

/// What a run works on.
#[derive(Debug)]
pub struct Input {
    pub sources: Sources,
    pub units: Vec<Unit>,
    pub modules: terraform::Modules,
    pub load: LoadSettings,
    /// What was wrong before evaluation began.
    pub diagnostics: Vec<diagnostic::Diagnostic>,
}

/// Evaluates the units and judges every copy that they plan: the pipeline.
pub fn analyze(input: Input, settings: &AnalysisSettings) -> Analysis {
    let Input { sources, units, modules, load, mut diagnostics } = input;
    let ids: Vec<(StackId, &Unit)> =
        units.iter().enumerate().map(|(at, unit)| (StackId(u32::try_from(at).unwrap_or(u32::MAX)), unit)).collect();
    let mut stacks = Vec::new();
    for (id, unit) in ids.iter().filter(|(_, unit)| unit.language == Language::Terraform) {
        let (stack, found) = terraform::load(&sources, &modules, unit, *id, &load);
        stacks.push(stack);
        diagnostics.extend(found);
    }
    let templates: Vec<(StackId, &Unit)> =
        ids.iter().copied().filter(|(_, unit)| unit.language == Language::CloudFormation).collect();
    let (found, more) = cloudformation::load_all(&sources, &templates, &load);
    stacks.extend(found);
    diagnostics.extend(more);
    for (id, unit) in ids.iter().filter(|(_, unit)| unit.language == Language::Plan) {
        let (stack, found) = plan::load(&sources, unit, *id, &load, &lower::reads);
        stacks.push(stack);
        diagnostics.extend(found);
    }
    stacks.sort_by_key(|stack| stack.id);
    analysis::analyze(sources, stacks, diagnostics, settings)
}
