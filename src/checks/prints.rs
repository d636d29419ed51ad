//! What of a linked estate is as it was when it was linked before: the ground that a judgement stands on, as one number.
//!
//! INVARIANT: a check reads of the graph nothing but what [`Prints::of`] puts into a copy's number. The same number in the
//! next graph then means the same outcomes, in the same words, at the same places.

use crate::aws::Place;
use crate::copy::{Copy, CopySource, Grounds};
use crate::graph::{EffectivePolicy, Graph, KeyUse, RoleTarget, VaultTarget, Why};
use crate::model::{RolePolicyKind, Setting, Site};
use crate::value::{Kind, Value};
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::Arc;

/// A number for each entity that changes with it, parallel to the entities' lists; what the lists hold beyond, the
/// configuration and the organization's policies have added.
#[derive(Debug, Default)]
pub struct Stamps {
    pub data_stores: Vec<u64>,
    pub vaults: Vec<u64>,
    pub plans: Vec<u64>,
    pub selections: Vec<u64>,
    pub keys: Vec<u64>,
    pub grants: Vec<u64>,
    pub roles: Vec<u64>,
    /// Of all that is not about one copy: the organization, settings of Regions, option groups.
    pub rest: Vec<u64>,
}

/// A number for each entity of a graph with all that was linked to it.
#[derive(Debug)]
pub struct Prints {
    stores: Vec<u64>,
    vaults: Vec<u64>,
    plans: Vec<u64>,
    selections: Vec<u64>,
    roles: Vec<u64>,
    rest: u64,
    key_list: u64,
    /// Of what vaults and roles are found by.
    names: u64,
    /// Documents are told apart by where they lie in memory: as long as they are held, nothing else lies there.
    _held: Vec<Value>,
}

/// A number from parts.
struct Print(DefaultHasher, Vec<Value>);

impl Print {
    fn new() -> Self {
        Self(DefaultHasher::new(), Vec::new())
    }

    fn add(&mut self, part: impl Hash) {
        part.hash(&mut self.0);
    }

    fn why(&mut self, why: &Why) {
        self.add((&why.text, why.span));
    }

    fn value(&mut self, value: &Value) {
        self.add((value.span, value.sensitive));
        match &value.kind {
            Kind::String(text) => self.add((0, text)),
            Kind::Seq(held) => self.held(value, Arc::as_ptr(held).addr()),
            Kind::Map(held) => self.held(value, Arc::as_ptr(held).addr()),
            Kind::Document(held) => self.held(value, Arc::as_ptr(held).addr()),
            Kind::Ref(held) => self.held(value, Arc::as_ptr(held).addr()),
            Kind::Unknown(held) => self.held(value, Arc::as_ptr(held).addr()),
            other => self.add((1, format!("{other:?}"))),
        }
    }

    fn held(&mut self, value: &Value, at: usize) {
        self.add((2, at));
        self.1.push(value.clone());
    }

    fn setting(&mut self, setting: &Setting) {
        self.add(setting.span);
        self.value(&setting.value);
    }

    fn policy(&mut self, policy: Option<&EffectivePolicy>) {
        match policy {
            None => self.add(0),
            Some(EffectivePolicy::Absent) => self.add(1),
            Some(EffectivePolicy::Given(setting)) => self.setting(setting),
            Some(EffectivePolicy::Unknown(why)) => self.why(why),
        }
    }

    fn role_policy(&mut self, policy: &RolePolicyKind) {
        match policy {
            RolePolicyKind::Managed(setting) => (self.add(0), self.setting(setting)),
            RolePolicyKind::Inline(setting) => (self.add(1), self.setting(setting)),
        };
    }

    fn key_use(&mut self, used: &KeyUse, keys: &[u64]) {
        match used {
            KeyUse::Unencrypted { span } => self.add((0, span)),
            KeyUse::AwsManaged { alias, span } => self.add((1, alias, span)),
            KeyUse::AwsOwned { span } => self.add((2, span)),
            KeyUse::Customer { key, span } => self.add((3, keys.get(key.0 as usize), span)),
            KeyUse::External { name, span } => (self.add((4, span)), self.value(name)).1,
            KeyUse::Unknown(why) => (self.add(5), self.why(why)).1,
        }
    }

    fn end(self, held: &mut Vec<Value>) -> u64 {
        held.extend(self.1);
        self.0.finish()
    }
}

impl Prints {
    /// The numbers of all entities, from their own ones and from what linking has found.
    pub fn new(graph: &Graph, stamps: &Stamps) -> Self {
        let mut held = Vec::new();
        let rest = rest(graph, stamps, &mut held);
        let stamp = |of: &[u64], at: usize| of.get(at).copied().ok_or((rest, at - of.len().min(at)));
        let mut each = |count: usize, of: &[u64], more: &dyn Fn(&mut Print, usize)| -> Vec<u64> {
            (0..count)
                .map(|at| {
                    let mut print = Print::new();
                    print.add(stamp(of, at));
                    more(&mut print, at);
                    print.end(&mut held)
                })
                .collect()
        };
        let entities = &graph.entities;
        let keys = each(entities.keys.len(), &stamps.keys, &|print, at| {
            print.policy(graph.key_policies.get(at));
            for grant in graph.key_grants.get(at).into_iter().flatten() {
                print.add(stamp(&stamps.grants, *grant as usize));
            }
        });
        let vaults = each(entities.vaults.len(), &stamps.vaults, &|print, at| {
            print.policy(graph.vault_policies.get(at));
            graph.vault_keys.get(at).into_iter().for_each(|used| print.key_use(used, &keys));
            if let Some(Some(lock)) = graph.vault_locks.get(at) {
                print.add(lock.span);
                lock.min_days.iter().for_each(|days| print.setting(days));
                print.add(0);
                lock.max_days.iter().for_each(|days| print.setting(days));
            }
        });
        let stores = each(entities.data_stores.len(), &stamps.data_stores, &|print, at| {
            let parts = graph.store_part_keys.get(at).into_iter().flatten();
            graph.store_keys.get(at).into_iter().chain(parts).for_each(|used| print.key_use(used, &keys));
            // Resources of their own add to a data store's facts, groups take tags from elsewhere.
            if let Some(store) = entities.data_stores.get(at) {
                for (name, setting) in &store.facts {
                    print.add(name);
                    print.setting(setting);
                }
                print.value(&store.tags);
            }
        });
        let roles = each(entities.roles.len(), &stamps.roles, &|print, at| {
            for policy in graph.role_policies.get(at).into_iter().flatten() {
                print.role_policy(policy);
            }
            print.add(0);
            graph.role_boundaries.get(at).into_iter().flatten().for_each(|policy| print.role_policy(policy));
            graph.role_open.get(at).into_iter().flatten().for_each(|why| print.why(why));
        });
        let plans = each(entities.plans.len(), &stamps.plans, &|_, _| {});
        let selections = each(entities.selections.len(), &stamps.selections, &|_, _| {});
        let mut list = Print::new();
        list.add((&stamps.keys, entities.keys.len()));
        let key_list = list.0.finish();
        let names = names(graph, rest, &mut held);
        Self { stores, vaults, plans, selections, roles, rest, key_list, names, _held: held }
    }

    /// What the prediction of copies follows from.
    pub fn grounds(&self) -> Grounds<'_> {
        Grounds { plans: &self.plans, selections: &self.selections, data_stores: &self.stores, rest: self.names }
    }

    /// The number of a data store with all that was linked to it, and that of the list of keys: a class tells keys apart by
    /// their places in it.
    pub(super) fn store(&self, at: usize) -> Option<(u64, u64)> {
        self.stores.get(at).map(|print| (*print, self.key_list))
    }

    /// The number of all that the copy's checks read.
    pub fn of(&self, copy: &Copy) -> u64 {
        let mut print = Print::new();
        print.add((self.rest, self.plans.get(copy.plan.0 as usize), copy.rule, copy.action));
        print.add(copy.selection.map(|id| self.selections.get(id.0 as usize)));
        print.add((copy.cross_account, copy.cross_region, copy.by_opt_in, copy.when()));
        self.vault(&mut print, &copy.source_vault);
        self.vault(&mut print, &copy.destination);
        match &copy.role {
            RoleTarget::Role(id) => print.add((0, self.roles.get(id.0 as usize))),
            RoleTarget::External { arn, span } => print.add((1, span, format!("{arn:?}"))),
            RoleTarget::Unknown(why) => print.why(why),
        }
        match &copy.source {
            CopySource::Store(id) => print.add((0, self.stores.get(id.0 as usize))),
            CopySource::Arn(named) => print.add((1, &named.arn, &named.service, named.span)),
            CopySource::Unknown(why) => print.why(why),
        }
        for why in [copy.selected(), copy.counted()] {
            print.add(why.is_some());
            why.iter().for_each(|why| print.why(why));
        }
        print.0.finish()
    }

    fn vault(&self, print: &mut Print, target: &VaultTarget) {
        match target {
            VaultTarget::Vault(id) => print.add((0, self.vaults.get(id.0 as usize))),
            VaultTarget::External { arn, name, place, span, near } => {
                print.add((1, arn, name, place, span, near.map(|id| self.vaults.get(id.0 as usize))));
            }
            VaultTarget::Unknown(why) => print.why(why),
        }
    }
}

/// What vaults and roles are found by, in their order.
fn names(graph: &Graph, rest: u64, held: &mut Vec<Value>) -> u64 {
    let mut print = Print::new();
    print.add(rest);
    let mut named = |site: &Site, names: [Option<&Value>; 2]| {
        print.add((site.stack, &site.address, &site.place, site.external));
        for name in names.into_iter().flatten() {
            match site.external {
                // What is looked up is found by what it names.
                true => print.value(name),
                false => print.add(name.marked_text()),
            }
        }
    };
    graph.entities.vaults.iter().for_each(|vault| named(&vault.site, [Some(&vault.name), None]));
    graph.entities.roles.iter().for_each(|role| named(&role.site, [role.name.as_ref(), role.path.as_ref()]));
    print.end(held)
}

/// What every check may read.
fn rest(graph: &Graph, stamps: &Stamps, held: &mut Vec<Value>) -> u64 {
    let entities = &graph.entities;
    let mut print = Print::new();
    print.add(&stamps.rest);
    let accounts: Vec<(bool, &crate::aws::AccountId)> =
        graph.facts.accounts.iter().map(|(account, facts)| (facts.complete, account)).collect();
    print.add(accounts);
    print.add(&graph.facts.deployed);
    // Whether an account has vaults or plans at all tells whether AWS Backup is used there.
    let of = |sites: &mut dyn Iterator<Item = &Site>| -> u64 {
        let mut print = Print::new();
        let places: BTreeSet<(&Place, bool)> = sites.map(|site| (&*site.place, site.external)).collect();
        print.add(places);
        print.0.finish()
    };
    print.add(of(&mut entities.vaults.iter().map(|vault| &vault.site)));
    print.add(of(&mut entities.plans.iter().map(|plan| &plan.site)));
    if !entities.backup_policies.is_empty() {
        print.add(of(&mut entities.data_stores.iter().map(|store| &store.site)));
    }
    print.end(held)
}
