//! Data stores and selections by what they are looked up by, so that predicting stays near linear.

use super::selection::refers_to;
use crate::aws::Place;
use crate::graph::Graph;
use crate::model::{DataStore, Plan, Selection};
use crate::value::{Kind, StackId};
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// The data stores of one account and Region.
#[derive(Default)]
struct Local {
    all: Vec<usize>,
    /// By one of their tags, where all of them are known.
    by_tag: HashMap<(Arc<str>, Arc<str>), Vec<usize>>,
    /// With tags that are not all known.
    open: Vec<usize>,
}

impl Local {
    fn new(stores: &[DataStore], all: Vec<usize>) -> Self {
        let mut local = Self::default();
        for (at, store) in all.iter().filter_map(|at| Some((*at, stores.get(*at)?))) {
            match known_tags(store) {
                Some(tags) => tags.into_iter().for_each(|tag| local.by_tag.entry(tag).or_default().push(at)),
                None => local.open.push(at),
            }
        }
        local.all = all;
        local
    }
}

/// Mostly one: an address names several data stores only where their number is not known.
#[derive(Default)]
struct Few {
    first: Option<usize>,
    more: Vec<usize>,
}

impl Few {
    fn push(&mut self, at: usize) {
        match self.first {
            None => self.first = Some(at),
            Some(_) => self.more.push(at),
        }
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        self.first.iter().chain(&self.more).copied()
    }
}

pub(super) struct Index<'g> {
    places: HashMap<&'g Place, Local>,
    sites: HashMap<(StackId, &'g str), Few>,
    arns: HashMap<Arc<str>, usize>,
    assignments: Assignments<'g>,
}

/// Selections by the plan that they may belong to.
pub(super) struct Assignments<'g> {
    named: HashMap<(StackId, &'g str), Vec<usize>>,
    /// Those of each stack whose plan is not named by a plain reference.
    unclear: HashMap<StackId, Vec<usize>>,
}

impl<'g> Assignments<'g> {
    pub(super) fn new(graph: &'g Graph) -> Self {
        let (mut named, mut unclear) = (HashMap::new(), HashMap::new());
        for (at, selection) in graph.entities.selections.iter().enumerate() {
            let list: &mut Vec<usize> = match &selection.plan.value.kind {
                Kind::Ref(reference) => named.entry((reference.stack, &*reference.address)).or_default(),
                _ => unclear.entry(selection.site.stack).or_default(),
            };
            list.push(at);
        }
        Self { named, unclear }
    }

    /// The selections that may be the plan's, in their order.
    pub(super) fn selections(&self, plan: &Plan) -> Vec<usize> {
        let named = self.named.get(&(plan.site.stack, &*plan.site.address));
        let unclear = self.unclear.get(&plan.site.stack);
        let mut all: Vec<usize> = named.into_iter().chain(unclear).flatten().copied().collect();
        all.sort_unstable();
        all
    }
}

impl<'g> Index<'g> {
    /// Of the data stores in the places that are `wanted`; of all by name, where some are `named`.
    pub(super) fn new(graph: &'g Graph, wanted: &(dyn Fn(&Place) -> bool + Sync), named: bool) -> Self {
        let stores = &graph.entities.data_stores;
        let places = || {
            let mut places: HashMap<&'g Place, Vec<usize>> = HashMap::new();
            let mut before = 0;
            // Those of a unit follow each other, and mostly share their place.
            for some in stores.chunk_by(|one, next| Arc::ptr_eq(&one.site.place, &next.site.place)) {
                if let Some(place) = some.first().map(|store| &*store.site.place).filter(|place| wanted(place)) {
                    places.entry(place).or_default().extend(before..before + some.len());
                }
                before += some.len();
            }
            places.into_par_iter().map(|(place, all)| (place, Local::new(stores, all))).collect()
        };
        let names = || {
            let mut sites: HashMap<(StackId, &'g str), Few> = HashMap::new();
            let mut arns: HashMap<Arc<str>, usize> = HashMap::new();
            for (at, store) in stores.iter().enumerate().filter(|_| named) {
                sites.entry((store.site.stack, &*store.site.address)).or_default().push(at);
                if let Some(arn) = store.arn.clone() {
                    arns.entry(arn).or_insert(at);
                }
            }
            (sites, arns)
        };
        let (places, (sites, arns)) = rayon::join(places, names);
        Self { places, sites, arns, assignments: Assignments::new(graph) }
    }

    /// The selections that may be the plan's, in their order.
    pub(super) fn selections(&self, plan: &Plan) -> Vec<usize> {
        self.assignments.selections(plan)
    }

    /// The data stores that the selection may reach, in their order.
    pub(super) fn candidates(&self, selection: &Selection) -> Vec<usize> {
        let mut out: BTreeSet<usize> = BTreeSet::new();
        for setting in &selection.resources {
            refers_to(&setting.value, &mut |reference| {
                out.extend(self.sites.get(&(reference.stack, &*reference.address)).into_iter().flat_map(Few::iter));
            });
        }
        let Some(local) = self.places.get(&*selection.site.place) else { return out.into_iter().collect() };
        match wanted_tags(selection) {
            Some(tags) => {
                out.extend(&local.open);
                out.extend(tags.iter().filter_map(|tag| local.by_tag.get(tag)).flatten());
            }
            None => out.extend(&local.all),
        }
        out.into_iter().collect()
    }

    /// Whether some data store is known to have this ARN.
    pub(super) fn declares(&self, arn: &str) -> bool {
        self.arns.contains_key(arn)
    }
}

/// All tags of a data store, where their keys and values are known.
fn known_tags(store: &DataStore) -> Option<Vec<(Arc<str>, Arc<str>)>> {
    let map = store.tags.as_map().filter(|map| map.open.is_none())?;
    let given = map.entries.iter().filter(|(_, entry)| !entry.value.is_null());
    given.map(|(key, entry)| Some((key.clone(), entry.value.text()?))).collect()
}

/// The tags of which a store must have one, where the selection is by such tags alone.
fn wanted_tags(selection: &Selection) -> Option<Vec<(Arc<str>, Arc<str>)>> {
    if !selection.resources.is_empty() || selection.tags.is_empty() || selection.open.is_some() {
        return None;
    }
    let tag =
        |key: Arc<str>, value: Arc<str>| (key.strip_prefix("aws:ResourceTag/").map(Into::into).unwrap_or(key), value);
    selection.tags.iter().map(|wanted| Some(tag(wanted.key.text()?, wanted.value.text()?))).collect()
}
