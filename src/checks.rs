//! The rules: each one necessary condition of a copy, judged three-valued with its evidence.

mod air_gapped_vault_unsupported;
mod assumptions;
mod backup_policy_invalid;
mod backup_role_cannot_copy;
mod backup_role_not_assumable;
mod classes;
mod continuous_backup_not_copyable;
mod copy_denied_by_organization_policy;
mod copy_lifecycle_invalid;
mod copy_never_runs;
mod copy_unsupported;
mod cross_account_backup_disabled;
mod destination_key_unusable;
mod destination_vault_access_denied;
mod destination_vault_access_missing;
mod destination_vault_key_aws_managed;
mod destination_vault_missing;
mod different_organizations;
mod dynamodb_advanced_backup_off;
pub mod pages;
mod prints;
mod rds_option_group;
mod remedy;
mod retention_outside_vault_lock;
mod service_linked_role_absent;
mod service_not_opted_in;
mod source_key_aws_managed;
mod source_key_denied;
mod source_key_locked_out;
mod source_key_not_shared;
mod source_key_share_condition;
mod source_key_share_incomplete;
mod source_key_unusable;
mod source_unencrypted;
mod source_vault_key_not_shared;
mod support;
mod too_many_tags;
mod vault_policy_wildcard_action;

pub use classes::{Judged, Remembered, judge_again, judge_all};
pub use prints::{Prints, Stamps};
pub use support::Memo;
pub(crate) use support::link_words;

use crate::copy::Copy;
use crate::diagnostic::{Label, Severity};
use crate::graph::{Graph, Why};
use crate::source::{Sources, Span};
use crate::value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a check may look at.
#[derive(Debug)]
pub struct Context<'a> {
    pub sources: &'a Sources,
    pub graph: &'a Graph,
    pub catalog: &'a crate::catalog::Catalog,
    /// Assumptions count as undecided.
    pub strict: bool,
    /// What was worked out for earlier copies of the same graph.
    pub memo: &'a Memo,
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
    /// Of one that is open: where knowledge ended.
    pub asks: Option<Span>,
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

impl Outcome {
    /// What was found, and whether the check is open.
    pub fn finding(self) -> Option<(Box<Finding>, bool)> {
        match self {
            Self::Fail(finding) => Some((finding, false)),
            Self::Undecided(finding) => Some((finding, true)),
            Self::NotApplicable | Self::Pass(_) => None,
        }
    }
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Verdict {
    Fails,
    Undecided,
    Succeeds,
}

/// A copy and what follows from its checks; the checks themselves are made again on demand, see [`checks_of`].
#[derive(Clone, Debug)]
pub struct Judgement {
    pub copy: Copy,
    pub verdict: Verdict,
    /// What many copies share.
    pub basis: Arc<Basis>,
}

/// What a verdict stands on.
#[derive(Clone, Debug, Default)]
pub struct Basis {
    /// The rules that decide the verdict: those that fail, else those that are open.
    pub decided_by: Arc<[&'static str]>,
    /// What was assumed because nothing says otherwise ("the organization's cross-account switch is on").
    pub assumed: Arc<[String]>,
    /// Values of declared inputs under which an undecided copy fails.
    pub when: Vec<When>,
}

/// A verdict that holds where the inputs have these values.
#[derive(Clone, Debug, PartialEq)]
pub struct When {
    /// By the input's name: `var.env`, or a parameter's.
    pub inputs: BTreeMap<Arc<str>, Value>,
    pub verdict: Verdict,
}

/// A rule: its name and its function.
type Rule = (&'static str, fn(&Context<'_>, &Copy) -> Outcome);

/// All rules, the causes that users meet most often first.
pub const RULES: &[Rule] = &[
    ("copy-never-runs", copy_never_runs::check),
    ("backup-policy-invalid", backup_policy_invalid::check),
    ("source-key-aws-managed", source_key_aws_managed::check),
    ("source-key-not-shared", source_key_not_shared::check),
    ("source-key-share-incomplete", source_key_share_incomplete::check),
    ("source-key-share-condition", source_key_share_condition::check),
    ("source-key-denied", source_key_denied::check),
    ("source-key-locked-out", source_key_locked_out::check),
    ("source-key-unusable", source_key_unusable::check),
    ("source-unencrypted", source_unencrypted::check),
    ("source-vault-key-not-shared", source_vault_key_not_shared::check),
    ("service-linked-role-absent", service_linked_role_absent::check),
    ("copy-unsupported", copy_unsupported::check),
    ("rds-option-group", rds_option_group::check),
    ("continuous-backup-not-copyable", continuous_backup_not_copyable::check),
    ("dynamodb-advanced-backup-off", dynamodb_advanced_backup_off::check),
    ("service-not-opted-in", service_not_opted_in::check),
    ("destination-vault-missing", destination_vault_missing::check),
    ("destination-vault-access-missing", destination_vault_access_missing::check),
    ("destination-vault-access-denied", destination_vault_access_denied::check),
    ("vault-policy-wildcard-action", vault_policy_wildcard_action::check),
    ("destination-vault-key-aws-managed", destination_vault_key_aws_managed::check),
    ("air-gapped-vault-unsupported", air_gapped_vault_unsupported::check),
    ("destination-key-unusable", destination_key_unusable::check),
    ("retention-outside-vault-lock", retention_outside_vault_lock::check),
    ("copy-lifecycle-invalid", copy_lifecycle_invalid::check),
    ("too-many-tags", too_many_tags::check),
    ("cross-account-backup-disabled", cross_account_backup_disabled::check),
    ("different-organizations", different_organizations::check),
    ("copy-denied-by-organization-policy", copy_denied_by_organization_policy::check),
    ("backup-role-not-assumable", backup_role_not_assumable::check),
    ("backup-role-cannot-copy", backup_role_cannot_copy::check),
];

/// Rules that are not about a copy: what they find comes from elsewhere.
pub const OTHER_RULES: &[&str] = &["ignore-without-effect"];

/// The names of all rules.
pub fn rule_names() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|(name, _)| *name).chain(OTHER_RULES.iter().copied())
}

/// Whether there is a rule of this name.
pub fn is_rule(name: &str) -> bool {
    rule_names().any(|rule| rule == name)
}

/// The rule whose name is nearest to this one, where one is near.
pub fn nearest_rule(name: &str) -> Option<&'static str> {
    let near = rule_names().map(|rule| (crate::aws::distance(rule, name), rule)).min()?;
    (near.0 <= name.len() / 3).then_some(near.1)
}

/// The rules that look at the plan and its destination alone: what they find holds whatever the selection reaches.
const WHATEVER_IS_COPIED: [&str; 11] = [
    "copy-denied-by-organization-policy",
    "destination-vault-missing",
    "destination-vault-access-missing",
    "destination-vault-access-denied",
    "vault-policy-wildcard-action",
    "copy-lifecycle-invalid",
    "retention-outside-vault-lock",
    "cross-account-backup-disabled",
    "different-organizations",
    "backup-role-not-assumable",
    "backup-role-cannot-copy",
];

/// A failure of a copy that may not be made at all: nothing is proven to fail.
fn supposed(outcome: Outcome, why: &Why) -> Outcome {
    match outcome {
        Outcome::Fail(mut finding) if finding.severity == Severity::Error => {
            finding.severity = Severity::Warning;
            finding.message = finding.message.replacen("will fail", "would fail if it is made", 1);
            finding.notes.insert(0, format!("whether this copy is made is not certain: {}", why.text));
            Outcome::Undecided(finding)
        }
        other => other,
    }
}

/// Every check of one copy, in the order of [`RULES`].
pub fn checks_of(context: &Context<'_>, copy: &Copy) -> Vec<CheckResult> {
    (0..RULES.len()).filter_map(|at| check(context, copy, at)).collect()
}

/// The outcome of one rule on a copy; `None` where there is no such rule.
pub fn check_of(context: &Context<'_>, copy: &Copy, rule: &str) -> Option<Outcome> {
    let at = RULES.iter().position(|(name, _)| *name == rule)?;
    check(context, copy, at).map(|result| result.outcome)
}

/// The check by the rule at this place of [`RULES`].
fn check(context: &Context<'_>, copy: &Copy, at: usize) -> Option<CheckResult> {
    let (rule, check) = *RULES.get(at)?;
    let doubt = copy_never_runs::doubt(copy);
    let why = doubt.as_ref().or_else(|| copy.selected().filter(|_| !WHATEVER_IS_COPIED.contains(&rule)));
    let outcome = check(context, copy);
    Some(CheckResult {
        rule,
        outcome: match why {
            Some(why) => supposed(outcome, why),
            None => outcome,
        },
    })
}

/// The verdict that follows from a copy's checks, and the rules that decide it.
pub fn verdict(checks: &[CheckResult]) -> (Verdict, Arc<[&'static str]>) {
    let rules = |decides: fn(&Outcome) -> bool| -> Arc<[&'static str]> {
        checks.iter().filter(|check| decides(&check.outcome)).map(|check| check.rule).collect()
    };
    let failed = rules(|outcome| matches!(outcome, Outcome::Fail(finding) if finding.severity == Severity::Error));
    decided(failed, rules(|outcome| matches!(outcome, Outcome::Undecided(_))))
}

/// The verdict that follows from the rules that fail and those that are open, and which of them decide it.
fn decided(failed: Arc<[&'static str]>, open: Arc<[&'static str]>) -> (Verdict, Arc<[&'static str]>) {
    match (failed.is_empty(), open.is_empty()) {
        (false, _) => (Verdict::Fails, failed),
        (true, false) => (Verdict::Undecided, open),
        (true, true) => (Verdict::Succeeds, open),
    }
}
