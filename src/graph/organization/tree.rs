//! The tree of the organization, from code and configuration together.

use super::super::{Facts, Why, resolve};
use crate::aws::{Account, AccountId, Known};
use crate::model::{Entities, OrganizationForm, OrganizationPart, Setting};
use crate::organization::is_unit_id;
use crate::source::Span;
use crate::value::{Kind, StackId, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A root or organizational unit; an index into the tree.
pub(in crate::graph) type UnitId = usize;

/// The root of the organization.
pub(in crate::graph) const ROOT: UnitId = 0;

/// What a policy is attached to, or an account lies below.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::graph) enum Target {
    Unit(UnitId),
    Account(Account),
    Unknown,
}

#[derive(Clone, Debug, Default)]
struct Unit {
    /// The id, or the address of the resource whose id only AWS knows.
    label: Arc<str>,
    parent: Option<UnitId>,
    /// All accounts and units below are known: the configuration lists it.
    closed: bool,
    /// `FullAWSAccess` is attached.
    full_access: bool,
    /// Where the configuration lists it.
    span: Option<Span>,
}

/// Which organization an account belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Membership {
    /// None, or another one than all that are known.
    Outside,
    Of(usize),
}

/// The organization's units and accounts.
#[derive(Clone, Debug, Default)]
pub(in crate::graph) struct Tree {
    units: Vec<Unit>,
    by_id: BTreeMap<Arc<str>, UnitId>,
    by_site: BTreeMap<(StackId, Arc<str>), Target>,
    /// The unit directly above each account.
    parents: BTreeMap<Account, UnitId>,
    management: BTreeSet<AccountId>,
    members: BTreeMap<Account, (usize, Option<Span>)>,
    outside: BTreeSet<AccountId>,
}

impl Tree {
    pub(super) fn new(entities: &Entities, facts: &Facts) -> Self {
        let told = &facts.organization;
        let mut tree = Self { outside: told.outside.clone(), ..Self::default() };
        let root = told.root();
        tree.units.push(Unit {
            label: root.cloned().unwrap_or_else(|| "the organization's root".into()),
            parent: None,
            closed: root.is_some(),
            full_access: root.and_then(|id| told.units.get(id)).is_none_or(|unit| unit.full_access),
            span: None,
        });
        tree.by_id.extend(root.map(|id| (id.clone(), ROOT)));
        for (id, unit) in &told.units {
            let at = tree.unit(id);
            if let Some(unit_here) = tree.units.get_mut(at) {
                unit_here.closed = true;
                unit_here.span = Some(unit.span);
                unit_here.full_access = unit.full_access;
            }
        }
        for (id, unit) in &told.units {
            let at = tree.unit(id);
            let parent = unit.parent.as_ref().map(|parent| tree.unit(parent));
            if let Some(unit_here) = tree.units.get_mut(at).filter(|_| at != ROOT) {
                unit_here.parent = parent;
            }
            tree.parents.extend(unit.accounts.iter().map(|account| (Known::Is(*account), at)));
        }
        tree.management.extend(told.management_account);
        for part in &entities.organization {
            tree.declare(part, facts);
        }
        for part in &entities.organization {
            tree.place(part);
        }
        tree.join(entities, facts);
        tree
    }

    /// The unit of this id, known or not.
    fn unit(&mut self, id: &Arc<str>) -> UnitId {
        if let Some(at) = self.by_id.get(id) {
            return *at;
        }
        // There is one root.
        if id.starts_with("r-") && !self.by_id.keys().any(|other| other.starts_with("r-")) {
            self.by_id.insert(id.clone(), ROOT);
            return ROOT;
        }
        self.by_id.insert(id.clone(), self.units.len());
        self.units.push(Unit { label: id.clone(), full_access: true, ..Unit::default() });
        self.units.len() - 1
    }

    /// Notes which unit or account a resource stands for.
    fn declare(&mut self, part: &OrganizationPart, facts: &Facts) {
        let site = &part.site;
        let name = part.name.as_ref().and_then(Value::text);
        let id = part.id.as_ref().and_then(Value::text);
        let target = match part.form {
            OrganizationForm::Organization => Target::Unit(ROOT),
            OrganizationForm::Account => {
                let named = name.as_ref().and_then(|name| facts.organization.names.get(name)).copied();
                let account = id.and_then(|id| AccountId::parse(&id)).or(named);
                let symbol = || Known::Symbol(symbol(site.stack, &site.address, "id"));
                Target::Account(account.map_or_else(symbol, Known::Is))
            }
            OrganizationForm::Unit => {
                let named = name.as_ref().and_then(|name| facts.organization.unit_named(name)).cloned();
                match id.filter(|id| is_unit_id(id)).or(named) {
                    Some(id) => Target::Unit(self.unit(&id)),
                    None => {
                        self.units.push(Unit { label: site.address.clone(), full_access: true, ..Unit::default() });
                        Target::Unit(self.units.len() - 1)
                    }
                }
            }
        };
        self.by_site.insert((site.stack, site.address.clone()), target);
    }

    /// Hangs a declared unit or account below its parent.
    fn place(&mut self, part: &OrganizationPart) {
        let Some(own) = self.by_site.get(&(part.site.stack, part.site.address.clone())).cloned() else { return };
        let parent = match &part.parent {
            Some(parent) => match self.target(&parent.value) {
                Target::Unit(at) => Some(at),
                _ => None,
            },
            // An account without a parent is made below the root.
            None => Some(ROOT).filter(|_| part.form == OrganizationForm::Account),
        };
        match (own, parent) {
            (Target::Account(account), Some(parent)) => {
                self.parents.entry(account).or_insert(parent);
            }
            (Target::Unit(at), Some(parent)) if at != ROOT && at != parent => {
                if let Some(unit) = self.units.get_mut(at).filter(|unit| unit.parent.is_none()) {
                    unit.parent = Some(parent);
                }
            }
            _ => {}
        }
    }

    /// Which accounts are of which organization: the configuration's is the first.
    fn join(&mut self, entities: &Entities, facts: &Facts) {
        let told = &facts.organization;
        for unit in told.units.values() {
            self.members.extend(unit.accounts.iter().map(|account| (Known::Is(*account), (0, Some(unit.span)))));
        }
        self.members.extend(told.management_account.map(|account| (Known::Is(account), (0, None))));
        let declared: Vec<&OrganizationPart> = entities
            .organization
            .iter()
            .filter(|part| part.form == OrganizationForm::Organization && !part.site.external)
            .collect();
        let mut owners: Vec<(Account, usize)> = Vec::new();
        for part in &declared {
            let account = &part.site.place.account;
            let known = self.members.get(account).map(|(at, _)| *at);
            let told_here = known.is_none() && told.management_account.is_none() && declared.len() == 1;
            let at = known.unwrap_or(if told_here { 0 } else { owners.len() + 1 });
            owners.push((account.clone(), at));
            self.members.entry(account.clone()).or_insert((at, Some(part.site.header)));
            // The organization is made in its management account.
            self.management.extend(account.known());
        }
        for part in entities.organization.iter().filter(|part| part.form == OrganizationForm::Account) {
            let owner = owners.iter().find(|(account, _)| account.same(&part.site.place.account) == Some(true));
            let Some(Target::Account(account)) = self.by_site.get(&(part.site.stack, part.site.address.clone())) else {
                continue;
            };
            if let Some((_, at)) = owner {
                self.members.entry(account.clone()).or_insert((*at, Some(part.site.header)));
            }
        }
    }

    /// What the value names: the id of a root, unit or account, or a resource that stands for one.
    pub(in crate::graph) fn target(&mut self, value: &Value) -> Target {
        if let Some(text) = value.text() {
            if let Some(account) = AccountId::parse(&text) {
                return Target::Account(Known::Is(account));
            }
            if is_unit_id(&text) {
                return Target::Unit(self.unit(&text));
            }
        }
        match &value.kind {
            Kind::Ref(reference) => {
                let found = self.by_site.get(&(reference.stack, reference.address.clone()));
                match (found, &*reference.attr) {
                    // Of an organization the root's id leads to the root.
                    (Some(Target::Unit(ROOT)), "roots[0].id" | "RootId") => Target::Unit(ROOT),
                    (Some(Target::Unit(ROOT)), _) => Target::Unknown,
                    (Some(target), "id" | "Ref" | "Id" | "AccountId") => target.clone(),
                    _ => Target::Unknown,
                }
            }
            Kind::Cond(branches) => {
                let mut targets = branches.iter().map(|branch| self.target(&branch.value));
                match targets.next() {
                    Some(first) if targets.all(|target| target == first) => first,
                    _ => Target::Unknown,
                }
            }
            _ => Target::Unknown,
        }
    }

    /// The target as messages name it.
    pub(in crate::graph) fn label(&self, target: &Target, value: &Value) -> String {
        match target {
            Target::Unit(at) => self.units.get(*at).map(|unit| unit.label.to_string()).unwrap_or_default(),
            Target::Account(account) => account.to_string(),
            Target::Unknown => {
                value.text().map_or_else(|| "what it is attached to".to_owned(), |text| text.to_string())
            }
        }
    }

    /// The units above an account, the nearest first, and whether the last one is the root.
    pub(in crate::graph) fn above(&self, account: &Account) -> (Vec<UnitId>, bool) {
        let mut out = Vec::new();
        let mut next = self.parents.get(account).copied();
        while let Some(at) = next.filter(|at| !out.contains(at)) {
            out.push(at);
            next = self.units.get(at).and_then(|unit| unit.parent);
        }
        let complete = out.last() == Some(&ROOT);
        (out, complete)
    }

    /// Whether the account lies below the unit, at any depth.
    ///
    /// Where neither code nor configuration tells of another organization, every account is taken as one of this one.
    pub(in crate::graph) fn below(&self, unit: UnitId, account: &Account) -> Option<bool> {
        if self.membership(account) == Some(Membership::Outside) {
            return Some(false);
        }
        if unit == ROOT {
            return Some(true);
        }
        let (above, complete) = self.above(account);
        let closed = || self.units.get(unit).is_some_and(|unit| unit.closed) && account.known().is_some();
        match above.contains(&unit) {
            true => Some(true),
            false if complete || closed() => Some(false),
            false => None,
        }
    }

    /// All accounts that are known to lie below the unit.
    pub(in crate::graph) fn accounts_below(&self, unit: UnitId) -> impl Iterator<Item = &Account> {
        self.parents.keys().filter(move |account| self.above(account).0.contains(&unit))
    }

    /// Whether accounts may lie below the unit that neither code nor configuration tells of.
    pub(in crate::graph) fn open(&self, unit: UnitId) -> bool {
        self.units.get(unit).is_none_or(|unit| !unit.closed)
    }

    /// How deep the unit lies: the root at zero, what is not known of at one.
    pub(in crate::graph) fn depth(&self, unit: UnitId) -> usize {
        let mut depth = 0;
        let mut next = Some(unit).filter(|at| *at != ROOT);
        let mut seen = BTreeSet::new();
        while let Some(at) = next.filter(|at| seen.insert(*at)) {
            depth += 1;
            next = self.units.get(at).and_then(|unit| unit.parent).filter(|at| *at != ROOT);
        }
        depth
    }

    /// The units above the account where AWS's `FullAWSAccess` was detached.
    pub(in crate::graph) fn restricted(&self, account: &Account) -> Vec<UnitId> {
        let (above, _) = self.above(account);
        let root = std::iter::once(ROOT).filter(|root| !above.contains(root));
        let units = above.iter().copied().chain(root);
        units.filter(|at| self.units.get(*at).is_some_and(|unit| !unit.full_access)).collect()
    }

    /// Where the configuration lists the unit.
    pub(in crate::graph) fn span(&self, unit: UnitId) -> Option<Span> {
        self.units.get(unit)?.span
    }

    /// Whether the account is the organization's management account.
    pub(in crate::graph) fn is_management(&self, account: &Account) -> Option<bool> {
        match account.known() {
            Some(id) if self.management.contains(id) => Some(true),
            Some(_) if !self.management.is_empty() => Some(false),
            _ => None,
        }
    }

    /// The management account, where exactly one is known.
    pub(in crate::graph) fn management(&self) -> Option<&AccountId> {
        let mut all = self.management.iter();
        all.next().filter(|_| all.next().is_none())
    }

    fn membership(&self, account: &Account) -> Option<Membership> {
        match account.known() {
            Some(id) if self.outside.contains(id) => Some(Membership::Outside),
            _ => self.members.get(account).map(|(at, _)| Membership::Of(*at)),
        }
    }

    /// Whether both accounts are known to be, or not to be, of one organization; with what tells so.
    pub(in crate::graph) fn same(&self, a: &Account, b: &Account) -> Option<(bool, Vec<Why>)> {
        let (first, second) = (self.membership(a)?, self.membership(b)?);
        let why = |account: &Account, membership: Membership| Why {
            text: match membership {
                Membership::Outside => format!("account {account} is declared to lie outside of the organization"),
                Membership::Of(0) => format!("account {account} is a member of the organization"),
                Membership::Of(_) => format!("account {account} belongs to the organization that is declared here"),
            },
            span: self.members.get(account).and_then(|(_, span)| *span),
        };
        let because = vec![why(a, first), why(b, second)];
        match (first, second) {
            (Membership::Outside, Membership::Outside) => None,
            _ => Some((first == second, because)),
        }
    }
}

/// The account that only a resource names, as the provider that deploys there names it too.
fn symbol(stack: StackId, address: &str, attr: &str) -> Arc<str> {
    format!("account named by {address}.{attr} in stack {}", stack.0).into()
}

/// Why it is not known what the setting names.
pub(super) fn unknown(setting: &Setting) -> Why {
    resolve::why(&setting.value, setting.span)
}
