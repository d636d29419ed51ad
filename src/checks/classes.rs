//! Copies that no check can tell apart are judged once: verdicts and findings of an estate by classes of copies.
//!
//! INVARIANT: a check reads nothing of a data store but what [`classes_of`] keeps, its place in the code and its address.
//! So two copies of one route whose data stores are of one class have the same outcomes; only the words and places in a
//! finding differ, and the root of a finding that is about the data store itself.

use super::prints::Prints;
use super::{Basis, Context, Finding, Judgement, Outcome, RULES, Verdict, assumptions, check, support};
use crate::aws::Place;
use crate::copy::{Copy, CopyId, CopySource};
use crate::diagnostic::Severity;
use crate::graph::{KeyUse, PlanId, SelectionId, StoreId};
use crate::model::DataStore;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hasher as _};
use std::sync::{Arc, LazyLock};

/// A root cause and the copies that it touches.
#[derive(Clone, Debug)]
pub struct Judged {
    pub finding: Finding,
    /// Whether the check could not be decided, rather than failed.
    pub undecided: bool,
    /// Sorted, each once.
    pub copies: Vec<CopyId>,
}

/// Copies judged by one thread at a time; those of a plan stay together up to the second number, since they share classes.
const CHUNK: usize = 1024;
const LARGEST: usize = 4096;
/// Chunks that are judged while the judgements of those before go to the others.
const ROUND: usize = 16;

/// A finding, and whether it is of a check that is open.
type Found = (Arc<Finding>, bool);

/// Judgements of the last time, by the numbers of the ground that they stand on.
#[derive(Debug, Default)]
pub struct Remembered {
    classes: HashMap<u64, Arc<Known>>,
    /// What rules found about the data store itself, by the copy's ground and the rule's place.
    own: HashMap<(u64, usize), Option<Found>>,
    /// The classes of data stores by their ground, and the number of tags that are few.
    digests: HashMap<((u64, u64), usize), Digests>,
}

/// What the first copy of a class has shown.
#[derive(Debug)]
struct Known {
    verdict: Verdict,
    basis: Arc<Basis>,
    /// Root causes that every copy of the class shares.
    shared: Vec<Found>,
    /// Rules whose findings are about the data store itself.
    own: Vec<usize>,
    /// What these found about the first one.
    first: Vec<Found>,
}

/// The verdicts on all copies, in their order, and what was found, by rule and root.
pub fn judge_all(context: &Context<'_>, copies: Vec<Copy>) -> (Vec<Judgement>, Vec<Judged>) {
    judge_again(context, copies, None, &mut Remembered::default())
}

/// The same; what stands on the ground that it stood on last time is taken from there.
pub fn judge_again(
    context: &Context<'_>,
    copies: Vec<Copy>,
    prints: Option<&Prints>,
    remembered: &mut Remembered,
) -> (Vec<Judgement>, Vec<Judged>) {
    let last = std::mem::take(remembered);
    let (classes, coarse) = store_classes(context, prints, &last, remembered);
    let mut judgements = Vec::with_capacity(copies.len());
    let mut all = Groups::default();
    let mut rest = in_chunks(copies).into_iter();
    let judge = |round: Vec<Vec<Copy>>| -> Vec<Chunk<'_>> {
        let judged = round.into_par_iter().map(|copies| {
            let mut chunk = Chunk::new(context, prints.map(|prints| (prints, &last)), coarse.as_deref());
            copies.into_iter().for_each(|copy| chunk.judge(copy, &classes));
            (chunk.classes, chunk.shared) = Default::default();
            chunk
        });
        judged.collect()
    };
    let mut done = Vec::new();
    while rest.len() > 0 || !done.is_empty() {
        let round: Vec<Vec<Copy>> = rest.by_ref().take(ROUND).collect();
        let mut gather = || {
            for chunk in std::mem::take(&mut done) {
                let Chunk { judgements: some, groups, new, .. } = chunk;
                judgements.extend(some);
                all.extend(groups);
                remembered.classes.extend(new.classes);
                remembered.own.extend(new.own);
            }
        };
        (_, done) = rayon::join(&mut gather, || judge(round));
    }
    for group in &mut all.list {
        group.copies.sort_unstable();
        group.copies.dedup();
    }
    (judgements, all.list)
}

/// The copies in lists of their own, so that they are let go as they are judged.
fn in_chunks(copies: Vec<Copy>) -> Vec<Vec<Copy>> {
    let mut chunks: Vec<Vec<Copy>> = Vec::new();
    for copy in copies {
        let open = chunks.last_mut().filter(|chunk| {
            let same_plan = chunk.last().is_some_and(|last| last.plan == copy.plan);
            chunk.len() < CHUNK || (same_plan && chunk.len() < LARGEST)
        });
        match open {
            Some(chunk) => chunk.push(copy),
            None => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(copy);
                chunks.push(chunk);
            }
        }
    }
    chunks
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

    /// Adds a copy that the finding touches; the place of its root cause.
    fn add(&mut self, finding: &Finding, undecided: bool, copy: CopyId) -> usize {
        let at = self.place(finding, undecided);
        self.touch(at, &[copy]);
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

/// A class in one chunk: what is known of it, and where in the groups its shared findings stand.
struct Class {
    known: Arc<Known>,
    shared: Vec<usize>,
}

/// Copies that one thread judges.
struct Chunk<'c> {
    context: &'c Context<'c>,
    /// The numbers of this time's ground, and what is known from the last time.
    past: Option<(&'c Prints, &'c Remembered)>,
    /// Where answers are shared beyond classes: the classes of data stores whatever their keys are.
    coarse: Option<&'c [u32]>,
    judgements: Vec<Judgement>,
    groups: Groups,
    classes: HashMap<(u32, u32, bool), Class>,
    new: Remembered,
    shared: Shared,
}

/// The rules that read of a copy's destination nothing but its place, and of the plan nothing of the copy action.
const OF_SOURCE: [&str; 9] = [
    "source-key-aws-managed",
    "source-key-not-shared",
    "source-key-share-incomplete",
    "source-key-share-condition",
    "source-key-denied",
    "source-key-locked-out",
    "source-key-unusable",
    "source-unencrypted",
    "service-linked-role-absent",
];

/// The rules that read nothing of the keys of a copy's source.
const WITHOUT_KEYS: [&str; 21] = [
    "copy-never-runs",
    "backup-policy-invalid",
    "source-vault-key-not-shared",
    "copy-unsupported",
    "rds-option-group",
    "continuous-backup-not-copyable",
    "dynamodb-advanced-backup-off",
    "service-not-opted-in",
    "destination-vault-missing",
    "destination-vault-access-missing",
    "destination-vault-access-denied",
    "vault-policy-wildcard-action",
    "destination-key-unusable",
    "copy-denied-by-organization-policy",
    "copy-lifecycle-invalid",
    "retention-outside-vault-lock",
    "cross-account-backup-disabled",
    "different-organizations",
    "backup-role-not-assumable",
    "backup-role-cannot-copy",
    "too-many-tags",
];

/// Where the rules of both lists stand.
static PLACES: LazyLock<(Vec<usize>, Vec<usize>)> = LazyLock::new(|| {
    let places = |rules: &[&str]| -> Vec<usize> {
        (0..).zip(RULES).filter(|(_, (rule, _))| rules.contains(rule)).map(|(at, _)| at).collect()
    };
    (places(&OF_SOURCE), places(&WITHOUT_KEYS))
});

/// What a rule found on the first of several copies.
#[derive(Clone)]
enum Answer {
    Same(Option<Found>),
    /// It is about that copy's data store.
    Own,
}

/// A selection of a plan's rule, and the place of its destination.
type Side = (PlanId, usize, Option<SelectionId>, Option<Place>, Option<bool>, Option<bool>);

/// Answers that hold for copies of more than one class, by the rule's place. A finding about one root is written from the
/// first copy, so it does not matter that another copy's would have other words.
#[derive(Default)]
struct Shared {
    sides: HashMap<Side, u32>,
    /// By route.
    side_of: HashMap<u32, u32>,
    of_source: HashMap<(u32, u32), Vec<(usize, Answer)>>,
    without_keys: HashMap<(u32, u32, bool), Vec<(usize, Answer)>>,
}

impl<'c> Chunk<'c> {
    fn new(context: &'c Context<'c>, past: Option<(&'c Prints, &'c Remembered)>, coarse: Option<&'c [u32]>) -> Self {
        let (judgements, groups, classes, new, shared) = Default::default();
        Self { context, past, coarse, judgements, groups, classes, new, shared }
    }

    /// What each rule finds on the copy, in their order.
    fn found(&mut self, copy: &Copy, key: Option<(u32, u32, bool)>) -> Vec<Option<Found>> {
        let context = self.context;
        let asked = |at: usize| check(context, copy, at).and_then(|result| found_by(result.outcome));
        let coarse = match (self.coarse, &copy.source) {
            (Some(coarse), CopySource::Store(StoreId(at))) => coarse.get(*at as usize).copied(),
            _ => None,
        };
        let (Some((route, class, by_opt_in)), Some(coarse)) = (key, coarse) else {
            return (0..RULES.len()).map(asked).collect();
        };
        let address = support::store(context, copy).map(|store| store.site.address.clone());
        let answers = |places: &[usize]| -> Vec<(usize, Answer)> {
            let answer = |at: usize| match asked(at) {
                Some((finding, _)) if is_own(&finding, address.as_deref()) => Answer::Own,
                found => Answer::Same(found),
            };
            places.iter().map(|at| (*at, answer(*at))).collect()
        };
        let shared = &mut self.shared;
        let side = *shared.side_of.entry(route).or_insert_with(|| {
            let place = context.graph.place(&copy.destination).cloned();
            let side = (copy.plan, copy.rule, copy.selection, place, copy.cross_account, copy.cross_region);
            let next = u32::try_from(shared.sides.len()).unwrap_or(u32::MAX);
            *shared.sides.entry(side).or_insert(next)
        });
        let of_source = shared.of_source.entry((side, class)).or_insert_with(|| answers(&PLACES.0));
        let without_keys = shared.without_keys.entry((route, coarse, by_opt_in)).or_insert_with(|| answers(&PLACES.1));
        let mut known: Vec<Option<Answer>> = vec![None; RULES.len()];
        for (at, answer) in of_source.iter().chain(&*without_keys) {
            if let Some(place) = known.get_mut(*at) {
                *place = Some(answer.clone());
            }
        }
        let made = known.into_iter().enumerate().map(|(at, answer)| match answer {
            Some(Answer::Same(found)) => found,
            Some(Answer::Own) | None => asked(at),
        });
        made.collect()
    }

    fn judge(&mut self, copy: Copy, classes: &[u32]) {
        let key = key(&copy, classes);
        if let Some(class) = key.and_then(|key| self.classes.get(&key)) {
            for at in &class.shared {
                self.groups.touch(*at, &[copy.id]);
            }
            let known = class.known.clone();
            let print = self.past.filter(|_| !known.own.is_empty()).map(|(prints, last)| (prints.of(&copy), last));
            for rule in &known.own {
                if let Some((finding, undecided)) = self.own(&copy, *rule, print) {
                    self.groups.add(&finding, undecided, copy.id);
                }
            }
            self.judgements.push(known.judgement(copy));
            return;
        }
        let print = self.past.map(|(prints, last)| (prints.of(&copy), last));
        let known = match print.and_then(|(print, last)| last.classes.get(&print)) {
            Some(known) => known.clone(),
            None => {
                let found = self.found(&copy, key);
                Arc::new(Known::new(self.context, &copy, found))
            }
        };
        if let Some((print, _)) = print {
            self.new.classes.insert(print, known.clone());
        }
        let shared =
            known.shared.iter().map(|(finding, undecided)| self.groups.add(finding, *undecided, copy.id)).collect();
        for (finding, undecided) in &known.first {
            self.groups.add(finding, *undecided, copy.id);
        }
        self.judgements.push(known.judgement(copy));
        if let Some(key) = key {
            self.classes.insert(key, Class { known, shared });
        }
    }

    /// What the rule finds about the copy's own data store; `print` is the copy's ground, with what is known of the last one.
    fn own(&mut self, copy: &Copy, rule: usize, print: Option<(u64, &Remembered)>) -> Option<Found> {
        let make = || found_by(check(self.context, copy, rule)?.outcome);
        let Some((print, last)) = print else { return make() };
        let found = last.own.get(&(print, rule)).cloned().unwrap_or_else(make);
        self.new.own.insert((print, rule), found.clone());
        found
    }
}

fn found_by(outcome: Outcome) -> Option<Found> {
    outcome.finding().map(|(finding, undecided)| (Arc::from(finding), undecided))
}

/// Whether the finding is about the data store of this address: a root that does not name it is the same for all of a class.
fn is_own(finding: &Finding, address: Option<&str>) -> bool {
    address.is_some_and(|address| finding.root.contains(address))
}

impl Known {
    /// `found`: by each rule, in their order.
    fn new(context: &Context<'_>, copy: &Copy, found: Vec<Option<Found>>) -> Self {
        let address = support::store(context, copy).map(|store| store.site.address.clone());
        let found = || (0..).zip(&found).filter_map(|(at, found)| Some((at, found.as_ref()?)));
        let rules = |decides: fn(&Found) -> bool| -> Arc<[&'static str]> {
            let decide = found().filter(|(_, found)| decides(found));
            decide.filter_map(|(at, _): (usize, _)| RULES.get(at)).map(|(rule, _)| *rule).collect()
        };
        let failed = rules(|(finding, undecided)| !undecided && finding.severity == Severity::Error);
        let open = rules(|(_, undecided)| *undecided);
        let (verdict, decided_by) = super::decided(failed, open);
        let assumed = assumptions::assumptions(context, copy).into();
        let basis = Arc::new(Basis { decided_by, assumed, when: Vec::new() });
        let mut known = Self { verdict, basis, shared: Vec::new(), own: Vec::new(), first: Vec::new() };
        for (at, found) in found() {
            let list = if is_own(&found.0, address.as_deref()) {
                known.own.push(at);
                &mut known.first
            } else {
                &mut known.shared
            };
            list.push(found.clone());
        }
        known
    }

    fn judgement(&self, copy: Copy) -> Judgement {
        Judgement { copy, verdict: self.verdict, basis: self.basis.clone() }
    }
}

/// The class of a copy; `None` where it is judged by itself, because something about this very copy is open.
fn key(copy: &Copy, classes: &[u32]) -> Option<(u32, u32, bool)> {
    let CopySource::Store(StoreId(at)) = copy.source else { return None };
    if copy.open.is_some() {
        return None;
    }
    Some((copy.route.number, *classes.get(at as usize)?, copy.by_opt_in))
}

/// The class of each data store, as a small number, and the same whatever its keys are; the latter only where nothing is
/// remembered, since what is remembered tells of its own copies alone. What is remembered of a data store's class holds as
/// long as its ground does.
fn store_classes(
    context: &Context<'_>,
    prints: Option<&Prints>,
    last: &Remembered,
    new: &mut Remembered,
) -> (Vec<u32>, Option<Vec<u32>>) {
    let graph = context.graph;
    let given = graph.entities.plans.iter().flat_map(|plan| &plan.rules).filter_map(|rule| {
        rule.recovery_point_tags.as_ref().and_then(|tags| tags.as_map()).map(|tags| tags.entries.len())
    });
    // Which tags a store has matters only where they could be too many together with a plan's.
    let few = context.catalog.limits.tags_per_resource.saturating_sub(given.max().unwrap_or(0));
    let print = |at: usize| prints.and_then(|prints| prints.store(at)).map(|print| (print, few));
    let digests: Vec<Digests> = graph
        .entities
        .data_stores
        .par_iter()
        .enumerate()
        .map(|(at, store)| {
            print(at).and_then(|print| last.digests.get(&print).copied()).unwrap_or_else(|| {
                let parts = graph.store_part_keys.get(at).map(Vec::as_slice).unwrap_or_default();
                classes_of(store, graph.store_keys.get(at).into_iter().chain(parts), few)
            })
        })
        .collect();
    for (at, digests) in digests.iter().enumerate() {
        if let Some(print) = print(at) {
            new.digests.insert(print, *digests);
        }
    }
    let coarse = prints.is_none().then(|| numbered(digests.iter().map(|digests| digests.without_keys)));
    (numbered(digests.iter().map(|digests| digests.whole)), coarse)
}

/// Equal digests as equal small numbers.
fn numbered(digests: impl Iterator<Item = u128>) -> Vec<u32> {
    let mut numbers: HashMap<u128, u32> = HashMap::new();
    let number = |digest| {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        *numbers.entry(digest).or_insert(next)
    };
    digests.map(number).collect()
}

/// Of all that checks read of a data store beside its address, its name and where it is written; and of that but for its keys.
#[derive(Clone, Copy, Debug)]
struct Digests {
    whole: u128,
    without_keys: u128,
}

/// A digest of text that is not kept: 128 bits, so that no two texts of an estate have the same one.
struct Digest(DefaultHasher, DefaultHasher);

impl Digest {
    fn number(&self) -> u128 {
        u128::from(self.0.finish()) << 64 | u128::from(self.1.finish())
    }
}

impl std::fmt::Write for Digest {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.write(text.as_bytes());
        self.1.write(text.as_bytes());
        Ok(())
    }
}

fn classes_of<'a>(store: &DataStore, keys: impl Iterator<Item = &'a KeyUse>, few: usize) -> Digests {
    use std::fmt::Write as _;
    let mut text = Digest(DefaultHasher::new(), DefaultHasher::new());
    text.1.write_u8(1);
    let site = &store.site;
    let _ = write!(text, "{}|{}|{:?}|{:?}", store.service, site.kind, site.place, site.exists);
    for (name, setting) in &store.facts {
        let _ = write!(text, "|{name}={:?}", setting.value.kind);
    }
    let tags = store.tags.as_map();
    let _ = write!(text, "|{:?} tags", tags.map(|tags| (tags.entries.len(), tags.open.is_some())));
    if let Some(tags) = tags.filter(|tags| tags.entries.len() > few) {
        let _ = write!(text, "|{:?}", tags.entries.keys().collect::<Vec<_>>());
    }
    let without_keys = text.number();
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
    Digests { whole: text.number(), without_keys }
}
