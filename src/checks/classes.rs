//! Copies that no check can tell apart are judged once: verdicts and findings of an estate by classes of copies.
//!
//! INVARIANT: a check reads nothing of a data store but what [`class_of`] keeps, its place in the code and its address.
//! So two copies of one route whose data stores are of one class have the same outcomes; only the words and places in a
//! finding differ, and the root of a finding that is about the data store itself.

use super::{Context, Finding, Judgement, Outcome, RULES, Verdict, assumptions, check, checks_of, support, verdict};
use crate::copy::{Copy, CopyId, CopySource};
use crate::graph::{KeyUse, StoreId};
use crate::model::DataStore;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A root cause and the copies that it touches.
#[derive(Clone, Debug)]
pub struct Judged {
    pub finding: Finding,
    /// Whether the check could not be decided, rather than failed.
    pub undecided: bool,
    /// Sorted, each once.
    pub copies: Vec<CopyId>,
}

/// Copies judged by one thread at a time.
const CHUNK: usize = 4096;
/// Chunks that are judged before their judgements go to the others.
const ROUND: usize = 16;

/// The verdicts on all copies, in their order, and what was found, by rule and root.
pub fn judge_all(context: &Context<'_>, copies: Vec<Copy>) -> (Vec<Judgement>, Vec<Judged>) {
    let classes = store_classes(context);
    let mut judgements = Vec::with_capacity(copies.len());
    let mut all = Groups::default();
    let mut rest = copies.into_iter();
    while rest.len() > 0 {
        let next = |_| rest.by_ref().take(CHUNK).collect::<Vec<Copy>>();
        let chunks: Vec<Vec<Copy>> = (0..ROUND).map(next).take_while(|chunk| !chunk.is_empty()).collect();
        let judged: Vec<(Vec<Judgement>, Groups)> =
            chunks.into_par_iter().map(|chunk| judge_chunk(context, &classes, chunk)).collect();
        for (some, groups) in judged {
            judgements.extend(some);
            all.extend(groups);
        }
    }
    for group in &mut all.list {
        group.copies.sort_unstable();
        group.copies.dedup();
    }
    (judgements, all.list)
}

/// Findings by rule and root; the first one of a root stands for all.
#[derive(Default)]
struct Groups {
    list: Vec<Judged>,
    by_root: BTreeMap<(&'static str, bool), HashMap<String, usize>>,
}

impl Groups {
    /// The place of the finding's root cause in the list.
    fn place(&mut self, finding: &Finding, undecided: bool) -> usize {
        let roots = self.by_root.entry((finding.rule, undecided)).or_default();
        if let Some(at) = roots.get(&finding.root) {
            return *at;
        }
        let at = self.list.len();
        roots.insert(finding.root.clone(), at);
        self.list.push(Judged { finding: finding.clone(), undecided, copies: Vec::new() });
        at
    }

    fn touch(&mut self, at: usize, copies: &[CopyId]) {
        if let Some(group) = self.list.get_mut(at) {
            group.copies.extend_from_slice(copies);
        }
    }

    fn extend(&mut self, other: Self) {
        for group in other.list {
            let at = self.place(&group.finding, group.undecided);
            self.touch(at, &group.copies);
        }
    }
}

/// What is known of a class from its first copy.
struct Class {
    verdict: Verdict,
    decided_by: Arc<[&'static str]>,
    assumed: Arc<[String]>,
    /// Root causes that every copy of the class shares.
    shared: Vec<usize>,
    /// Rules whose findings are about the data store itself.
    own: Vec<usize>,
}

impl Class {
    fn judgement(&self, copy: Copy) -> Judgement {
        let (decided_by, assumed) = (self.decided_by.clone(), self.assumed.clone());
        Judgement { copy, verdict: self.verdict, decided_by, assumed, when: Vec::new() }
    }
}

fn judge_chunk(context: &Context<'_>, classes: &[u32], chunk: Vec<Copy>) -> (Vec<Judgement>, Groups) {
    let mut groups = Groups::default();
    let mut known: HashMap<(u32, u32, bool), Class> = HashMap::new();
    let mut out = Vec::with_capacity(chunk.len());
    for copy in chunk {
        let key = key(&copy, classes);
        if let Some(class) = key.and_then(|key| known.get(&key)) {
            for at in &class.shared {
                groups.touch(*at, &[copy.id]);
            }
            for rule in &class.own {
                if let Some(result) = check(context, &copy, *rule)
                    && let Some((finding, undecided)) = found(&result.outcome)
                {
                    let at = groups.place(finding, undecided);
                    groups.touch(at, &[copy.id]);
                }
            }
            out.push(class.judgement(copy));
            continue;
        }
        let checks = checks_of(context, &copy);
        let address = support::store(context, &copy).map(|store| store.site.address.clone());
        let (verdict, decided_by) = verdict(&checks);
        let mut class = Class {
            verdict,
            decided_by,
            assumed: assumptions::assumptions(context, &copy).into(),
            shared: Vec::new(),
            own: Vec::new(),
        };
        for result in &checks {
            let Some((finding, undecided)) = found(&result.outcome) else { continue };
            let at = groups.place(finding, undecided);
            groups.touch(at, &[copy.id]);
            // A root that does not name the data store is the same for all of the class.
            if address.as_ref().is_some_and(|address| finding.root.contains(&**address)) {
                class.own.extend(RULES.iter().position(|(rule, _)| *rule == result.rule));
            } else {
                class.shared.push(at);
            }
        }
        out.push(class.judgement(copy));
        if let Some(key) = key {
            known.insert(key, class);
        }
    }
    (out, groups)
}

fn found(outcome: &Outcome) -> Option<(&Finding, bool)> {
    match outcome {
        Outcome::Fail(finding) => Some((finding, false)),
        Outcome::Undecided(finding) => Some((finding, true)),
        Outcome::NotApplicable | Outcome::Pass(_) => None,
    }
}

/// The class of a copy; `None` where it is judged by itself, because something about this very copy is open.
fn key(copy: &Copy, classes: &[u32]) -> Option<(u32, u32, bool)> {
    let CopySource::Store(StoreId(at)) = copy.source else { return None };
    if copy.selected.is_some() || copy.counted.is_some() || !copy.when.is_empty() {
        return None;
    }
    Some((copy.route.number, *classes.get(at as usize)?, copy.by_opt_in))
}

/// The class of each data store, as a small number.
fn store_classes(context: &Context<'_>) -> Vec<u32> {
    let graph = context.graph;
    let given = graph.entities.plans.iter().flat_map(|plan| &plan.rules).filter_map(|rule| {
        rule.recovery_point_tags.as_ref().and_then(|tags| tags.as_map()).map(|tags| tags.entries.len())
    });
    // Which tags a store has matters only where they could be too many together with a plan's.
    let few = context.catalog.limits.tags_per_resource.saturating_sub(given.max().unwrap_or(0));
    let texts: Vec<String> = graph
        .entities
        .data_stores
        .par_iter()
        .enumerate()
        .map(|(at, store)| {
            let parts = graph.store_part_keys.get(at).map(Vec::as_slice).unwrap_or_default();
            class_of(store, graph.store_keys.get(at).into_iter().chain(parts), few)
        })
        .collect();
    let mut numbers: HashMap<String, u32> = HashMap::new();
    texts
        .into_iter()
        .map(|text| {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            *numbers.entry(text).or_insert(next)
        })
        .collect()
}

/// All that checks read of a data store beside its address, its name and where it is written.
fn class_of<'a>(store: &DataStore, keys: impl Iterator<Item = &'a KeyUse>, few: usize) -> String {
    use std::fmt::Write as _;
    let mut text = format!("{}|{}|{:?}|{:?}", store.service, store.site.kind, store.site.place, store.site.exists);
    for key in keys {
        let _ = match key {
            KeyUse::Unencrypted { .. } => write!(text, "|none"),
            KeyUse::AwsManaged { alias, .. } => write!(text, "|aws {alias}"),
            KeyUse::AwsOwned { .. } => write!(text, "|owned"),
            KeyUse::Customer { key, .. } => write!(text, "|key {}", key.0),
            KeyUse::External { name, .. } => write!(text, "|external {:?}", name.marked_text()),
            KeyUse::Unknown(why) => write!(text, "|unknown {}", why.text),
        };
    }
    for (name, setting) in &store.facts {
        let _ = write!(text, "|{name}={:?}", setting.value.kind);
    }
    let tags = store.tags.as_map();
    let _ = write!(text, "|{:?} tags", tags.map(|tags| (tags.entries.len(), tags.open.is_some())));
    if let Some(tags) = tags.filter(|tags| tags.entries.len() > few) {
        let _ = write!(text, "|{:?}", tags.entries.keys().collect::<Vec<_>>());
    }
    text
}
