//! The one value that every reporter reads.

use crate::checks::{Finding, Judgement};
use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::source::Sources;
use std::sync::Arc;

/// A finding and the copies it touches: one root cause, reported once.
#[derive(Clone, Debug)]
pub struct Reported {
    pub finding: Finding,
    /// Whether the check failed, or could not be decided.
    pub undecided: bool,
    /// Ids of the copies, sorted.
    pub copies: Vec<String>,
    /// From rule, addresses and accounts; never from lines.
    pub fingerprint: String,
    /// The reason given by an ignore that covers it.
    pub suppressed: Option<String>,
}

/// A unit as the summary counts it.
#[derive(Clone, Debug)]
pub struct UnitSummary {
    pub name: Arc<str>,
    pub language: crate::resource::Language,
    pub resources: usize,
}

/// The result of a run.
#[derive(Debug)]
pub struct Analysis {
    pub sources: Sources,
    pub units: Vec<UnitSummary>,
    pub graph: Graph,
    /// In order of unit, plan, rule, action, source.
    pub judgements: Vec<Judgement>,
    /// Most severe first, then by how many copies, then by place.
    pub findings: Vec<Reported>,
    pub diagnostics: Vec<Diagnostic>,
    /// Assumptions of all copies, once each.
    pub assumptions: Vec<String>,
}
