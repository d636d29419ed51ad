//! The predicted copies: every (data store, plan rule, copy action, destination).

use crate::graph::{PlanId, RoleTarget, SelectionId, StoreId, VaultTarget, Why};
use crate::source::Span;
use std::sync::Arc;

/// What a copy takes its data from.
#[derive(Clone, Debug)]
pub enum CopySource {
    Store(StoreId),
    /// Selected by an ARN that no loaded code defines; the service by the ARN's form, `None` where it cannot be told.
    Arn { arn: Arc<str>, service: Option<Arc<str>>, span: Span },
    /// What the selection reaches cannot be told at all (no data store is known).
    Unknown(Why),
}

/// One predicted copy.
#[derive(Clone, Debug)]
pub struct Copy {
    /// Sixteen hex digits, from names and addresses, never from lines.
    pub id: String,
    pub source: CopySource,
    pub plan: PlanId,
    /// Index of the rule in the plan, and of the copy action in the rule.
    pub rule: usize,
    pub action: usize,
    pub selection: SelectionId,
    /// Why it is not certain that the selection reaches the source; `None` where it is.
    pub selected: Option<Why>,
    /// By tag or service-level pattern (then the service opt-in decides), or by ARN.
    pub by_opt_in: bool,
    pub source_vault: VaultTarget,
    pub destination: VaultTarget,
    pub role: RoleTarget,
    /// `None` where it cannot be told.
    pub cross_account: Option<bool>,
    pub cross_region: Option<bool>,
    /// Undecided conditions under which the copy exists at all.
    pub when: Vec<crate::value::Guard>,
}
