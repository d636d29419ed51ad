//! The rules: each one necessary condition of a copy, judged three-valued with its evidence.

use crate::copy::Copy;
use crate::diagnostic::{Label, Severity};
use crate::graph::Graph;
use crate::source::Sources;

/// What a check may look at.
#[derive(Debug)]
pub struct Context<'a> {
    pub sources: &'a Sources,
    pub graph: &'a Graph,
    pub catalog: &'a crate::catalog::Catalog,
    /// Assumptions count as undecided.
    pub strict: bool,
}

/// What a check found on one copy, or what remains open.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub rule: &'static str,
    /// `Error` makes the verdict `fails`; a warning or info never changes it.
    pub severity: Severity,
    /// The headline.
    pub message: String,
    /// The attribute to change; `None` where only something outside the code could be.
    pub primary: Option<Label>,
    /// The other places, in path order.
    pub labels: Vec<Label>,
    /// Further sentences: why, AWS's own error message.
    pub notes: Vec<String>,
    /// The remedy.
    pub help: Option<String>,
    /// AWS's page.
    pub url: Option<&'static str>,
    /// Findings of one rule with the same root are one: "vault central in 222222222222 has no policy".
    pub root: String,
}

/// A rule's answer about one copy.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    NotApplicable,
    /// Held; what was seen, for `copies --id`.
    Pass(Vec<Label>),
    /// Does not hold (severity error), or something worth a warning while it holds.
    Fail(Box<Finding>),
    /// Cannot be told; the finding says what is missing and how to supply it.
    Undecided(Box<Finding>),
}

/// A rule's answers about one copy, and the assumptions they rest on.
#[derive(Clone, Debug)]
pub struct CheckResult {
    pub rule: &'static str,
    pub outcome: Outcome,
}

/// The verdict on a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Fails,
    Undecided,
    Succeeds,
}

/// A copy's checks and what follows from them.
#[derive(Clone, Debug)]
pub struct Judgement {
    pub copy: Copy,
    pub verdict: Verdict,
    pub checks: Vec<CheckResult>,
    /// What was assumed because nothing says otherwise ("the organization's cross-account switch is on").
    pub assumed: Vec<String>,
}
