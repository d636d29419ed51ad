//! The predicted copies: every (data store, plan rule, copy action, destination).

mod index;
mod selection;

use crate::aws::Place;
use crate::catalog::Catalog;
use crate::graph::{
    Graph, PlanId, RoleTarget, SelectionId, StoreId, VaultTarget, Why, resolve_destination, resolve_role,
    resolve_vault, uncertain,
};
use crate::model::{Plan, Selection, Site};
use crate::source::Span;
use crate::value::Existence;
use crate::value::{Guard, Kind, Value};
use index::{Assignments, Index};
use rayon::prelude::*;
use selection::{ArnMatch, Match};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasherDefault, DefaultHasher, Hash as _, Hasher};
use std::sync::Arc;

/// What a copy takes its data from.
#[derive(Clone, Debug)]
pub enum CopySource {
    Store(StoreId),
    Arn(Box<NamedArn>),
    /// What the selection reaches cannot be told at all (no data store is known).
    Unknown(Box<Why>),
}

/// Selected by an ARN that no loaded code defines.
#[derive(Clone, Debug)]
pub struct NamedArn {
    pub arn: Arc<str>,
    /// By the ARN's form; `None` where it cannot be told.
    pub service: Option<Arc<str>>,
    /// Where the selection names it.
    pub span: Span,
}

/// The way from a selection through a plan's rule and copy action to a destination: what all its copies share.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its place in the order of prediction.
    pub number: u32,
    pub plan: PlanId,
    /// Index of the rule in the plan, and of the copy action in the rule.
    pub rule: usize,
    pub action: usize,
    /// `None` where no selection assigns anything to the plan.
    pub selection: Option<SelectionId>,
    pub source_vault: VaultTarget,
    pub destination: VaultTarget,
    pub role: RoleTarget,
    /// `None` where it cannot be told.
    pub cross_account: Option<bool>,
    pub cross_region: Option<bool>,
}

/// Names a copy: from names and addresses, never from lines. Shown as sixteen hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CopyId(u64);

impl std::fmt::Display for CopyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl serde::Serialize for CopyId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One predicted copy.
#[derive(Clone, Debug)]
pub struct Copy {
    pub id: CopyId,
    pub source: CopySource,
    pub route: Arc<Route>,
    /// By tag or service-level pattern (then the service opt-in decides), or by ARN.
    pub by_opt_in: bool,
    /// What is open about the copy itself; `None` for almost all.
    pub open: Option<Box<Open>>,
}

/// Why it is not certain that a copy exists.
#[derive(Clone, Debug, Default)]
pub struct Open {
    /// Why it is not certain that the selection reaches the source; `None` where it is.
    pub selected: Option<Why>,
    /// Undecided conditions under which the copy exists at all.
    pub when: Vec<Guard>,
    /// Why it is not known how many plans, selections or data stores of this one's kind exist; `None` where it is.
    pub counted: Option<Why>,
}

impl Open {
    fn is_empty(&self) -> bool {
        self.selected.is_none() && self.counted.is_none() && self.when.is_empty()
    }
}

impl Copy {
    /// See [`Open::selected`].
    pub fn selected(&self) -> Option<&Why> {
        self.open.as_ref()?.selected.as_ref()
    }

    /// See [`Open::when`].
    pub fn when(&self) -> &[Guard] {
        self.open.as_ref().map_or(&[], |open| &open.when)
    }

    /// See [`Open::counted`].
    pub fn counted(&self) -> Option<&Why> {
        self.open.as_ref()?.counted.as_ref()
    }
}

impl std::ops::Deref for Copy {
    type Target = Route;

    fn deref(&self) -> &Route {
        &self.route
    }
}

/// Plans whose copies are predicted at a time, each by one thread.
const PIECE: usize = 256;

/// A number for each entity of a graph that changes with it, parallel to the entities' lists, and one for all that is
/// neither plan nor selection nor data store.
#[derive(Clone, Copy, Debug)]
pub struct Grounds<'p> {
    pub plans: &'p [u64],
    pub selections: &'p [u64],
    pub data_stores: &'p [u64],
    pub rest: u64,
}

/// What was predicted last time, by the ground that it stands on.
#[derive(Debug, Default)]
pub struct Predicted(HashMap<u64, Arc<Vec<Made>>>);

/// All copies that the graph's plans make, in order of plan, rule, action, source.
pub fn predict(graph: &Graph, catalog: &Catalog) -> Vec<Copy> {
    let plans = copying(graph);
    let named = graph.entities.selections.iter().any(|selection| !selection.resources.is_empty());
    let index = Index::new(graph, &|_| true, named);
    let (mut copies, mut numbering) = (Vec::new(), Numbering::default());
    for piece in plans.chunks(PIECE) {
        let made: Vec<Vec<Made>> =
            piece.par_iter().map(|(id, plan)| copies_of(graph, catalog, &index, *id, plan)).collect();
        copies.reserve_exact(made.iter().flatten().map(|made| made.copies.len()).sum());
        made.into_iter().flatten().for_each(|made| numbering.add(graph, made, &mut copies));
    }
    copies
}

/// The same; what stands on the ground that it stood on last time is taken from there.
pub fn predict_again(graph: &Graph, catalog: &Catalog, grounds: Grounds<'_>, known: &mut Predicted) -> Vec<Copy> {
    let last = std::mem::take(&mut known.0);
    let plans = copying(graph);
    let assignments = Assignments::new(graph);
    let ground = ground_of(graph, grounds, &assignments);
    let plans: Vec<(u64, PlanId, &Plan)> = plans.into_iter().map(|(id, plan)| (ground(id, plan), id, plan)).collect();
    let stale: Vec<(u64, PlanId, &Plan)> =
        plans.iter().filter(|(ground, ..)| !last.contains_key(ground)).copied().collect();
    let selections = || stale.iter().flat_map(|(_, _, plan)| assignments.selections(plan));
    let selections: Vec<&Selection> = selections().filter_map(|at| graph.entities.selections.get(at)).collect();
    let places: HashSet<&Place> = selections.iter().map(|selection| &*selection.site.place).collect();
    let named = selections.iter().any(|selection| !selection.resources.is_empty());
    let index = Index::new(graph, &|place| places.contains(place), named);
    let new: Vec<(u64, Arc<Vec<Made>>)> = stale
        .par_iter()
        .map(|(ground, id, plan)| (*ground, Arc::new(copies_of(graph, catalog, &index, *id, plan))))
        .collect();
    let new: HashMap<u64, Arc<Vec<Made>>> = new.into_iter().collect();
    let (mut copies, mut numbering) = (Vec::new(), Numbering::default());
    for (ground, ..) in plans {
        if let Some(made) = new.get(&ground).or_else(|| last.get(&ground)) {
            made.iter().for_each(|made| numbering.add(graph, made.clone(), &mut copies));
            known.0.insert(ground, made.clone());
        }
    }
    copies
}

/// The plans that copy anything.
fn copying(graph: &Graph) -> Vec<(PlanId, &Plan)> {
    let copies = |plan: &&Plan| plan.rules.iter().any(|rule| !rule.copy_actions.is_empty());
    (0..).map(PlanId).zip(&graph.entities.plans).filter(|(_, plan)| copies(plan)).collect()
}

/// The number of all that a plan's copies follow from: the plan, its selections, the data stores that these may reach.
fn ground_of<'a>(
    graph: &'a Graph,
    grounds: Grounds<'a>,
    assignments: &'a Assignments<'a>,
) -> impl Fn(PlanId, &Plan) -> u64 + 'a {
    let mut places: HashMap<&Place, DefaultHasher> = HashMap::new();
    let mut all = DefaultHasher::new();
    for (at, store) in graph.entities.data_stores.iter().enumerate() {
        let number = (at, grounds.data_stores.get(at));
        number.hash(places.entry(&store.site.place).or_default());
        number.hash(&mut all);
    }
    let places: HashMap<&Place, u64> = places.into_iter().map(|(place, hasher)| (place, hasher.finish())).collect();
    move |id, plan| {
        let mut ground = DefaultHasher::new();
        (grounds.rest, id, grounds.plans.get(id.0 as usize)).hash(&mut ground);
        for at in assignments.selections(plan) {
            (at, grounds.selections.get(at)).hash(&mut ground);
            if let Some(selection) = graph.entities.selections.get(at) {
                places.get(&*selection.site.place).hash(&mut ground);
                // An ARN or a reference may lead anywhere.
                if !selection.resources.is_empty() {
                    all.finish().hash(&mut ground);
                }
            }
        }
        ground.finish()
    }
}

/// Numbers routes, and copies of the same names and addresses.
#[derive(Default)]
struct Numbering {
    routes: u32,
    seen: HashMap<u64, u32, BuildHasherDefault<Itself>>,
}

/// The hash of what is one already.
#[derive(Default)]
struct Itself(u64);

impl Hasher for Itself {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

impl Numbering {
    fn add(&mut self, graph: &Graph, mut made: Made, copies: &mut Vec<Copy>) {
        made.route.number = self.routes;
        self.routes += 1;
        let route = Arc::new(made.route);
        self.seen.reserve(made.copies.len());
        for (key, copy) in made.copies {
            let occurrence = self.seen.entry(key).and_modify(|n| *n += 1).or_insert(0);
            let id = match *occurrence {
                0 => copy.id,
                more => CopyId(hash(&format!("{}|{}#{more}", source_identity(graph, &copy.source), made.rest))),
            };
            copies.push(copy.on(id, route.clone()));
        }
    }
}

/// The copies of one route.
#[derive(Clone, Debug)]
struct Made {
    route: Route,
    /// Names and addresses that make up the copies beside their sources.
    rest: Arc<str>,
    /// Each with the number of its names and addresses.
    copies: Vec<(u64, Draft)>,
}

/// A copy before it is known how many of the same names there are.
#[derive(Clone, Debug)]
struct Draft {
    /// The first one's.
    id: CopyId,
    source: CopySource,
    by_opt_in: bool,
    open: Option<Box<Open>>,
}

impl Draft {
    fn on(self, id: CopyId, route: Arc<Route>) -> Copy {
        let Self { source, by_opt_in, open, .. } = self;
        Copy { id, source, route, by_opt_in, open }
    }
}

/// The plan's copies by route; the routes have no numbers yet.
fn copies_of(graph: &Graph, catalog: &Catalog, index: &Index<'_>, id: PlanId, plan: &Plan) -> Vec<Made> {
    let mut out: Vec<Made> = Vec::new();
    let reached = reached(graph, catalog, index, plan);
    let mut reached: Vec<(Option<String>, Assigned)> =
        reached.into_iter().map(|assigned| (role_identity(graph, &assigned.role), assigned)).collect();
    let selection = |assigned: &Assigned| assigned.selection.and_then(|id| graph.selection(id));
    // Copies of one thing are numbered in this order, which does not hang on where a selection is written.
    reached.sort_by(|(role, one), (other_role, other)| {
        let address = |assigned| selection(assigned).map(|selection| &selection.site.address);
        role.cmp(other_role).then_with(|| address(one).cmp(&address(other)))
    });
    for (rule_at, rule) in plan.rules.iter().enumerate() {
        for (action_at, action) in rule.copy_actions.iter().enumerate() {
            let source_vault = resolve_vault(graph, &rule.target_vault, &plan.site.place);
            let destination = resolve_destination(graph, &action.destination, &plan.site.place);
            let target = graph.place(&destination);
            let cross_account =
                target.and_then(|target| target.account.same(&plan.site.place.account)).map(|same| !same);
            let cross_region = target.and_then(|target| target.region.same(&plan.site.place.region)).map(|same| !same);
            let rest: Arc<str> = identity(plan, rule, action, &destination, graph).into();
            let mut own: Vec<Guard> = guards(&plan.site.exists);
            own.extend(rule.when.iter().chain(&action.when).cloned());
            let made_often = many(&plan.site);
            // A data store that several selections reach with one role is copied once by each action.
            let mut made: HashMap<&str, HashMap<u64, (usize, usize)>> = HashMap::new();
            for (role, assigned) in &reached {
                let mut made = role.as_deref().map(|role| made.entry(role).or_default());
                let of_plan = selection(assigned).is_none_or(|one| one.site.stack == plan.site.stack);
                let route = Route {
                    number: 0,
                    plan: id,
                    rule: rule_at,
                    action: action_at,
                    selection: assigned.selection,
                    source_vault: source_vault.clone(),
                    destination: destination.clone(),
                    role: assigned.role.clone(),
                    cross_account,
                    cross_region,
                };
                let mut drafts: Vec<(u64, Draft)> = Vec::with_capacity(assigned.reaches.len());
                for reach in &assigned.reaches {
                    let mut when: Vec<Guard> = reach.open.when.clone();
                    when.extend(own.iter().cloned());
                    when.sort();
                    when.dedup();
                    let one_unit = of_plan
                        && match &reach.source {
                            CopySource::Store(id) => {
                                graph.store(*id).is_some_and(|store| store.site.stack == plan.site.stack)
                            }
                            CopySource::Arn(_) | CopySource::Unknown(_) => true,
                        };
                    // Under contradicting conditions the copy never exists; in two units the same words speak of
                    // different inputs.
                    if one_unit
                        && when.iter().any(|guard| {
                            when.iter().any(|other| other.text == guard.text && other.holds != guard.holds)
                        })
                    {
                        continue;
                    }
                    let mut key = format!("{}|{rest}", source_identity(graph, &reach.source));
                    let number = hash_in_memory(&key);
                    let certain = reach.open.selected.is_none() && when.is_empty();
                    if let (CopySource::Store(_) | CopySource::Arn(_), true, Some(made)) =
                        (&reach.source, certain, made.as_mut())
                    {
                        let here = (out.len(), drafts.len());
                        let at = *made.entry(number).or_insert(here);
                        let same = match at.0 == out.len() {
                            true => drafts.get_mut(at.1),
                            false => out.get_mut(at.0).and_then(|made| made.copies.get_mut(at.1)),
                        };
                        if let Some((_, same)) = same {
                            same.by_opt_in &= reach.by_opt_in;
                            continue;
                        }
                    }
                    key.push_str("#0");
                    let Open { selected, counted, .. } = &reach.open;
                    let counted = made_often.as_ref().or(counted.as_ref()).cloned();
                    let open = Open { selected: selected.clone(), when, counted };
                    let open = (!open.is_empty()).then(|| Box::new(open));
                    let (source, by_opt_in) = (reach.source.clone(), reach.by_opt_in);
                    let draft = Draft { id: CopyId(hash(&key)), source, by_opt_in, open };
                    drafts.push((number, draft));
                }
                out.push(Made { route, rest: rest.clone(), copies: drafts });
            }
        }
    }
    out
}

/// A text's number for the length of this run.
fn hash_in_memory(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// The plans that select each data store, with copy actions or without, and whether that is certain.
pub fn reaching(graph: &Graph) -> BTreeMap<StoreId, Vec<(PlanId, bool)>> {
    let mut out: BTreeMap<StoreId, Vec<(PlanId, bool)>> = BTreeMap::new();
    let named = graph.entities.selections.iter().any(|selection| !selection.resources.is_empty());
    let index = Index::new(graph, &|_| true, named);
    for (at, plan) in graph.entities.plans.iter().enumerate() {
        let id = PlanId(u32::try_from(at).unwrap_or(u32::MAX));
        let assigned = reached(graph, Catalog::builtin(), &index, plan);
        for reach in assigned.into_iter().flat_map(|assigned| assigned.reaches) {
            if let CopySource::Store(store) = reach.source {
                let certain = reach.open.is_empty();
                out.entry(store).or_default().push((id, certain));
            }
        }
    }
    out.values_mut().for_each(|plans| plans.sort_by_key(|(plan, certain)| (!certain, *plan)));
    out
}

/// The first eight bytes of a text's digest.
fn hash(text: &str) -> u64 {
    Sha256::digest(text.as_bytes()).iter().take(8).fold(0, |all, byte| (all << 8) | u64::from(*byte))
}

/// Sixteen hex digits of a text.
pub(crate) fn short_hash(text: &str) -> String {
    CopyId(hash(text)).to_string()
}

/// Names and addresses that make up the source of a copy; no lines.
fn source_identity(graph: &Graph, source: &CopySource) -> String {
    match source {
        CopySource::Store(id) => {
            graph.store(*id).map(|store| format!("{}|{}", store.site.unit, store.site.address)).unwrap_or_default()
        }
        CopySource::Arn(named) => named.arn.to_string(),
        CopySource::Unknown(_) => "?".to_owned(),
    }
}

/// What two selections must have in common to make one copy with one role; `None` where that cannot be told.
fn role_identity(graph: &Graph, role: &RoleTarget) -> Option<String> {
    match role {
        RoleTarget::Role(id) => graph.role(*id).map(|role| format!("{}|{}", role.site.unit, role.site.address)),
        RoleTarget::External { arn, .. } => arn.marked_text(),
        RoleTarget::Unknown(_) => None,
    }
}

/// Names and addresses that make up the rest of a copy; no lines.
fn identity(
    plan: &Plan,
    rule: &crate::model::PlanRule,
    action: &crate::model::CopyAction,
    destination: &VaultTarget,
    graph: &Graph,
) -> String {
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
    format!("{}|{}|{rule}|{destination}", plan.site.unit, plan.site.address)
}

/// A selection of a plan, with the role that it names and what it reaches.
struct Assigned {
    selection: Option<SelectionId>,
    role: RoleTarget,
    reaches: Vec<Reach>,
}

/// Something that a plan's selections reach.
struct Reach {
    source: CopySource,
    by_opt_in: bool,
    open: Open,
}

/// Why it is not known how many there are.
fn many(site: &Site) -> Option<Why> {
    uncertain(site).filter(|_| matches!(site.exists, Existence::Many(_)))
}

fn guards(exists: &Existence) -> Vec<Guard> {
    match exists {
        Existence::When(guards) => guards.to_vec(),
        Existence::Certain | Existence::Many(_) => Vec::new(),
    }
}

fn reached(graph: &Graph, catalog: &Catalog, index: &Index<'_>, plan: &Plan) -> Vec<Assigned> {
    let mut all = Vec::new();
    // A policy that may not reach this account is worth a word only where it would copy something.
    let doubtful = plan.origin.is_some() && plan.site.exists != Existence::Certain;
    for at in index.selections(plan) {
        let Some(selection) = graph.entities.selections.get(at) else { continue };
        let assigned = assigns(selection, plan);
        if assigned == Some(false) {
            continue;
        }
        let mut out = Vec::new();
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
        for store_at in index.candidates(selection) {
            let Some(store) = graph.entities.data_stores.get(store_at) else { continue };
            let (matched, by_opt_in, mut when) = match selection::selects(selection, store) {
                Match::No => continue,
                Match::Yes { by_opt_in, when } => (None, by_opt_in, when),
                Match::Maybe { why, by_opt_in } => (Some(why), by_opt_in, Vec::new()),
            };
            when.extend(guards(&selection.site.exists));
            when.extend(guards(&store.site.exists));
            out.push(Reach {
                source: CopySource::Store(StoreId(u32::try_from(store_at).unwrap_or(u32::MAX))),
                by_opt_in,
                open: Open {
                    selected: matched.or_else(|| doubt.clone()),
                    when,
                    counted: many(&selection.site).or_else(|| many(&store.site)),
                },
            });
        }
        let mut elsewhere = None;
        for setting in &selection.resources {
            let Some(text) = setting.value.text().filter(|text| !text.contains(['*', '?']) && text.starts_with("arn:"))
            else {
                continue;
            };
            if index.declares(&text) {
                continue;
            }
            let selected = match selection::selects_arn(selection, &text, setting.span) {
                ArnMatch::Yes => doubt.clone(),
                ArnMatch::Maybe(why) => Some(why),
                ArnMatch::No(why) => {
                    elsewhere = elsewhere.or(why);
                    continue;
                }
            };
            let service = match catalog.services_of_arn(&text).as_slice() {
                [one] => Some((*one).clone()),
                _ => None,
            };
            let by_opt_in = service.is_none();
            let source = CopySource::Arn(Box::new(NamedArn { arn: text, service, span: setting.span }));
            let (when, counted) = (guards(&selection.site.exists), many(&selection.site));
            out.push(Reach { source, by_opt_in, open: Open { selected, when, counted } });
        }
        if out.is_empty() && !doubtful {
            let source = CopySource::Unknown(Box::new(elsewhere.unwrap_or_else(|| selection::nothing(selection))));
            let (when, counted) = (guards(&selection.site.exists), many(&selection.site));
            out.push(Reach { source, by_opt_in: true, open: Open { selected: doubt, when, counted } });
        }
        all.push(Assigned { selection: Some(selection_id), role, reaches: out });
    }
    if all.is_empty() && !doubtful {
        let why = Why {
            text: "no selection in the loaded code assigns resources to this plan".to_owned(),
            span: Some(plan.site.header),
        };
        let role = RoleTarget::Unknown(why.clone());
        let source = CopySource::Unknown(Box::new(why));
        let reach = Reach { source, by_opt_in: false, open: Open::default() };
        all.push(Assigned { selection: None, role, reaches: vec![reach] });
    }
    all
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
            // A plan that exists is named by its id.
            _ => Some(plan.id.is_some() && value.text() == plan.id),
        }
    }
    // An unknown plan id is taken as one of the same stack's plans.
    match named(&selection.plan.value, plan) {
        None if selection.site.stack != plan.site.stack => Some(false),
        answer => answer,
    }
}
