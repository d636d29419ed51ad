//! The predicted copies: every (data store, plan rule, copy action, destination).

mod selection;

use crate::catalog::Catalog;
use crate::graph::{
    Graph, PlanId, RoleTarget, SelectionId, StoreId, VaultTarget, Why, resolve_destination, resolve_role,
    resolve_vault, uncertain,
};
use crate::model::{Plan, Selection, Site};
use crate::source::Span;
use crate::value::Existence;
use crate::value::{Guard, Kind, Value};
use selection::Match;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a copy takes its data from.
#[derive(Clone, Debug)]
pub enum CopySource {
    Store(StoreId),
    /// Selected by an ARN that no loaded code defines; the service by the ARN's form, `None` where it cannot be told.
    Arn {
        arn: Arc<str>,
        service: Option<Arc<str>>,
        span: Span,
    },
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
    /// `None` where no selection assigns anything to the plan.
    pub selection: Option<SelectionId>,
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
    pub when: Vec<Guard>,
    /// Why it is not known how many plans, selections or data stores of this one's kind exist; `None` where it is.
    pub counted: Option<Why>,
}

/// All copies that the graph's plans make, in order of plan, rule, action, source.
pub fn predict(graph: &Graph, catalog: &Catalog) -> Vec<Copy> {
    let mut copies = Vec::new();
    let mut seen = BTreeMap::new();
    for (at, plan) in graph.entities.plans.iter().enumerate() {
        let id = PlanId(u32::try_from(at).unwrap_or(u32::MAX));
        let reached = reached(graph, catalog, plan);
        for (rule_at, rule) in plan.rules.iter().enumerate() {
            for (action_at, action) in rule.copy_actions.iter().enumerate() {
                let source_vault = resolve_vault(graph, &rule.target_vault, &plan.site.place);
                let destination = resolve_destination(graph, &action.destination, &plan.site.place);
                let target = graph.place(&destination);
                let cross_account =
                    target.and_then(|target| target.account.same(&plan.site.place.account)).map(|same| !same);
                let cross_region =
                    target.and_then(|target| target.region.same(&plan.site.place.region)).map(|same| !same);
                for reach in &reached {
                    let mut when: Vec<Guard> = reach.when.clone();
                    when.extend(guards(&plan.site.exists));
                    when.extend(rule.when.iter().chain(&action.when).cloned());
                    when.sort();
                    when.dedup();
                    // Under contradicting conditions the copy never exists.
                    if when
                        .iter()
                        .any(|guard| when.iter().any(|other| other.text == guard.text && other.holds != guard.holds))
                    {
                        continue;
                    }
                    let key = identity(graph, plan, rule, action, &reach.source, &destination);
                    let occurrence = seen.entry(key.clone()).and_modify(|n| *n += 1).or_insert(0);
                    copies.push(Copy {
                        id: short_hash(&format!("{key}#{occurrence}")),
                        source: reach.source.clone(),
                        plan: id,
                        rule: rule_at,
                        action: action_at,
                        selection: reach.selection,
                        selected: reach.selected.clone(),
                        by_opt_in: reach.by_opt_in,
                        source_vault: source_vault.clone(),
                        destination: destination.clone(),
                        role: reach.role.clone(),
                        cross_account,
                        cross_region,
                        when,
                        counted: many(&plan.site).or_else(|| reach.counted.clone()),
                    });
                }
            }
        }
    }
    copies
}

/// Sixteen hex digits of a text.
pub(crate) fn short_hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Names and addresses that make up a copy; no lines.
fn identity(
    graph: &Graph,
    plan: &Plan,
    rule: &crate::model::PlanRule,
    action: &crate::model::CopyAction,
    source: &CopySource,
    destination: &VaultTarget,
) -> String {
    let source = match source {
        CopySource::Store(id) => {
            graph.store(*id).map(|store| format!("{}|{}", store.site.unit, store.site.address)).unwrap_or_default()
        }
        CopySource::Arn { arn, .. } => arn.to_string(),
        CopySource::Unknown(_) => "?".to_owned(),
    };
    let destination = match destination {
        VaultTarget::Vault(id) => {
            graph.vault(*id).map(|vault| format!("{}|{}", vault.site.unit, vault.site.address)).unwrap_or_default()
        }
        VaultTarget::External { arn, name, .. } => {
            arn.clone().or_else(|| name.clone()).map(|text| text.to_string()).unwrap_or_default()
        }
        VaultTarget::Unknown(_) => action.destination.value.marked_text().unwrap_or_default(),
    };
    let rule = rule.name.marked_text().unwrap_or_default();
    format!("{source}|{}|{}|{rule}|{destination}", plan.site.unit, plan.site.address)
}

/// Something that a plan's selections reach.
struct Reach {
    source: CopySource,
    selection: Option<SelectionId>,
    selected: Option<Why>,
    by_opt_in: bool,
    role: RoleTarget,
    when: Vec<Guard>,
    counted: Option<Why>,
}

/// Why it is not known how many there are.
fn many(site: &Site) -> Option<Why> {
    uncertain(site).filter(|_| matches!(site.exists, Existence::Many(_)))
}

fn guards(exists: &Existence) -> Vec<Guard> {
    match exists {
        Existence::When(guards) => guards.clone(),
        Existence::Certain | Existence::Many(_) => Vec::new(),
    }
}

fn reached(graph: &Graph, catalog: &Catalog, plan: &Plan) -> Vec<Reach> {
    let mut out = Vec::new();
    let mut any = false;
    for (at, selection) in graph.entities.selections.iter().enumerate() {
        let assigned = assigns(selection, plan);
        if assigned == Some(false) {
            continue;
        }
        any = true;
        let selection_id = SelectionId(u32::try_from(at).unwrap_or(u32::MAX));
        let role = match &selection.role {
            Some(role) => resolve_role(graph, role, &selection.site.place),
            None => RoleTarget::Unknown(Why {
                text: "the selection names no role".to_owned(),
                span: Some(selection.site.header),
            }),
        };
        let doubt = assigned.is_none().then(|| Why {
            text: "which plan the selection belongs to is not known".to_owned(),
            span: Some(selection.plan.span),
        });
        let before = out.len();
        for (store_at, store) in graph.entities.data_stores.iter().enumerate() {
            let (matched, by_opt_in, mut when) = match selection::selects(selection, store) {
                Match::No => continue,
                Match::Yes { by_opt_in, when } => (None, by_opt_in, when),
                Match::Maybe { why, by_opt_in } => (Some(why), by_opt_in, Vec::new()),
            };
            when.extend(guards(&selection.site.exists));
            when.extend(guards(&store.site.exists));
            out.push(Reach {
                source: CopySource::Store(StoreId(u32::try_from(store_at).unwrap_or(u32::MAX))),
                selection: Some(selection_id),
                selected: matched.or_else(|| doubt.clone()),
                by_opt_in,
                role: role.clone(),
                when,
                counted: many(&selection.site).or_else(|| many(&store.site)),
            });
        }
        for setting in &selection.resources {
            let Some(text) = setting.value.text().filter(|text| !text.contains(['*', '?']) && text.starts_with("arn:"))
            else {
                continue;
            };
            if graph.entities.data_stores.iter().any(|store| store.arn.text().as_deref() == Some(&*text)) {
                continue;
            }
            let service = match catalog.services_of_arn(&text).as_slice() {
                [one] => Some((*one).clone()),
                _ => None,
            };
            let source = CopySource::Arn { arn: text, service, span: setting.span };
            out.push(Reach {
                source,
                selection: Some(selection_id),
                selected: doubt.clone(),
                by_opt_in: false,
                role: role.clone(),
                when: guards(&selection.site.exists),
                counted: many(&selection.site),
            });
        }
        if out.len() == before {
            let source = CopySource::Unknown(selection::nothing(selection));
            out.push(Reach {
                source,
                selection: Some(selection_id),
                selected: doubt,
                by_opt_in: true,
                role,
                when: guards(&selection.site.exists),
                counted: many(&selection.site),
            });
        }
    }
    if !any {
        let why = Why {
            text: "no selection in the loaded code assigns resources to this plan".to_owned(),
            span: Some(plan.site.header),
        };
        let role = RoleTarget::Unknown(why.clone());
        out.push(Reach {
            source: CopySource::Unknown(why),
            selection: None,
            selected: None,
            by_opt_in: false,
            role,
            when: Vec::new(),
            counted: None,
        });
    }
    out
}

/// Whether the selection is one of the plan's.
fn assigns(selection: &Selection, plan: &Plan) -> Option<bool> {
    fn named(value: &Value, plan: &Plan) -> Option<bool> {
        match &value.kind {
            Kind::Ref(reference) => Some(reference.stack == plan.site.stack && reference.address == plan.site.address),
            Kind::Cond(branches) => {
                let mut answers = branches.iter().map(|branch| named(&branch.value, plan));
                let first = answers.next()?;
                answers.all(|answer| answer == first).then_some(first).flatten()
            }
            Kind::Unknown(_) | Kind::Template(_) => None,
            _ => Some(false),
        }
    }
    // An unknown plan id is taken as one of the same stack's plans.
    match named(&selection.plan.value, plan) {
        None if selection.site.stack != plan.site.stack => Some(false),
        answer => answer,
    }
}
