//! What one analysis leaves to the next one of an estate that has been edited: what its stacks declare, and judgements.

use super::{Estate, lower, with_estates};
use crate::catalog::Catalog;
use crate::checks::{Prints, Remembered, Stamps};
use crate::copy::Predicted;
use crate::diagnostic::Diagnostic;
use crate::model::{Entities, Role, Setting, Site};
use crate::resource::Stack;
use crate::source::{FileId, Sources};
use crate::value::StackId;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Kept between analyses of one estate.
#[derive(Debug, Default)]
pub struct Memory {
    stacks: BTreeMap<StackId, Known>,
    /// The last number that was given to something that changed.
    last: u64,
    /// Files that have other texts than at the last analysis.
    touched: BTreeSet<FileId>,
    pub(super) prints: Option<Prints>,
    pub(super) predicted: Predicted,
    pub(super) judged: Remembered,
}

/// What a stack declares.
#[derive(Debug)]
struct Known {
    stack: Arc<Stack>,
    entities: Entities,
    diagnostics: Vec<Diagnostic>,
    stamps: Stamps,
}

impl Memory {
    /// These files have other texts now.
    pub fn touch(&mut self, files: impl IntoIterator<Item = FileId>) {
        self.touched.extend(files);
    }

    /// What the stacks and exported estates declare, with the number of each entity: stacks that are the same as last
    /// time are not looked at again.
    pub(super) fn lowered(
        &mut self,
        sources: &Sources,
        stacks: &[Arc<Stack>],
        estates: &[Estate],
    ) -> (Entities, Vec<Diagnostic>, Stamps) {
        let mut old = std::mem::take(&mut self.stacks);
        let catalog = Catalog::builtin();
        let known = |stack: &Arc<Stack>| old.get(&stack.id).is_some_and(|known| Arc::ptr_eq(&known.stack, stack));
        let new: Vec<Option<(Entities, Vec<Diagnostic>)>> =
            stacks.par_iter().map(|stack| (!known(stack)).then(|| lower(stack, sources, catalog))).collect();
        let mut out = (Entities::default(), Vec::new(), Stamps::default());
        for (stack, new) in stacks.iter().zip(new) {
            let known = match (old.remove(&stack.id), new) {
                (Some(known), None) => known,
                (before, new) => {
                    let (mut entities, diagnostics) = new.unwrap_or_else(|| lower(stack, sources, catalog));
                    let stamps = self.stamped(before.as_ref(), &mut entities);
                    Known { stack: stack.clone(), entities, diagnostics, stamps }
                }
            };
            out.1.extend(known.diagnostics.iter().cloned());
            extend(&mut out.2, &known.stamps);
            self.stacks.insert(stack.id, known);
        }
        let all: Vec<&Known> = stacks.iter().filter_map(|stack| self.stacks.get(&stack.id)).collect();
        let clones: Vec<Entities> = all.par_iter().with_min_len(16).map(|known| known.entities.clone()).collect();
        clones.into_iter().for_each(|entities| out.0.extend(entities));
        self.touched.clear();
        let (entities, diagnostics) = with_estates((out.0, out.1), estates);
        (entities, diagnostics, out.2)
    }

    /// Numbers for what a stack declares: what is as it was keeps its number, and is the very same in memory.
    fn stamped(&mut self, before: Option<&Known>, now: &mut Entities) -> Stamps {
        let none = (Entities::default(), Stamps::default());
        let (was, had) = before.map_or((&none.0, &none.1), |known| (&known.entities, &known.stamps));
        let found = |role: &&Role| role.site.external;
        let same = was.option_groups == now.option_groups
            && was.organization == now.organization
            && was.settings == now.settings
            && was.backup_policies == now.backup_policies
            && was.service_controls == now.service_controls
            && was.policy_attachments == now.policy_attachments
            && was.roles.iter().filter(found).eq(now.roles.iter().filter(found));
        let policy = |policy: Option<&Setting>| policy.map(|setting| setting.span.file);
        let mut pen = Pen { last: &mut self.last, touched: &self.touched };
        pen.keep(&was.vault_attachments, &mut now.vault_attachments, |one| (&one.site, policy(one.policy.as_ref())));
        pen.keep(&was.key_policies, &mut now.key_policies, |one| (&one.site, policy(Some(&one.policy))));
        pen.keep(&was.role_policies, &mut now.role_policies, |one| (&one.site, None));
        pen.keep(&was.managed_policies, &mut now.managed_policies, |one| (&one.site, policy(Some(&one.document))));
        pen.keep(&was.store_facts, &mut now.store_facts, |one| (&one.site, None));
        Stamps {
            data_stores: pen.stamp(&was.data_stores, &had.data_stores, &mut now.data_stores, |one| (&one.site, None)),
            vaults: pen
                .stamp(&was.vaults, &had.vaults, &mut now.vaults, |one| (&one.site, policy(one.policy.as_ref()))),
            plans: pen.stamp(&was.plans, &had.plans, &mut now.plans, |one| (&one.site, None)),
            selections: pen.stamp(&was.selections, &had.selections, &mut now.selections, |one| (&one.site, None)),
            keys: pen.stamp(&was.keys, &had.keys, &mut now.keys, |one| (&one.site, policy(one.policy.as_ref()))),
            grants: pen.stamp(&was.grants, &had.grants, &mut now.grants, |one| (&one.site, None)),
            roles: pen.stamp(&was.roles, &had.roles, &mut now.roles, |one| (&one.site, policy(one.trust.as_ref()))),
            rest: if same && before.is_some() { had.rest.clone() } else { vec![pen.next()] },
        }
    }
}

fn extend(all: &mut Stamps, more: &Stamps) {
    all.data_stores.extend_from_slice(&more.data_stores);
    all.vaults.extend_from_slice(&more.vaults);
    all.plans.extend_from_slice(&more.plans);
    all.selections.extend_from_slice(&more.selections);
    all.keys.extend_from_slice(&more.keys);
    all.grants.extend_from_slice(&more.grants);
    all.roles.extend_from_slice(&more.roles);
    all.rest.extend_from_slice(&more.rest);
}

/// Gives numbers.
struct Pen<'m> {
    last: &'m mut u64,
    touched: &'m BTreeSet<FileId>,
}

impl Pen<'_> {
    fn next(&mut self) -> u64 {
        *self.last += 1;
        *self.last
    }

    /// The same without numbers: what is as it was is the very same in memory.
    fn keep<T: PartialEq + Clone>(&mut self, was: &[T], now: &mut [T], place: impl Fn(&T) -> (&Site, Option<FileId>)) {
        self.stamp(was, &vec![0; was.len()], now, place);
    }

    /// A number for each entity. `place` tells where one is declared, and in which other file its policy is written: what
    /// is said of it quotes the text there.
    fn stamp<T: PartialEq + Clone>(
        &mut self,
        was: &[T],
        had: &[u64],
        now: &mut [T],
        place: impl Fn(&T) -> (&Site, Option<FileId>),
    ) -> Vec<u64> {
        let mut by_address: BTreeMap<&str, Vec<(&T, u64)>> = BTreeMap::new();
        for (one, stamp) in was.iter().zip(had).rev() {
            by_address.entry(&*place(one).0.address).or_default().push((one, *stamp));
        }
        let mut out = Vec::with_capacity(now.len());
        for one in now {
            let (site, other) = place(one);
            let before = by_address.get_mut(&*site.address).and_then(Vec::pop);
            let files = [Some(site.span.file), other];
            let rewritten = files.into_iter().flatten().any(|file| self.touched.contains(&file));
            match before {
                Some((same, stamp)) if same == one && !rewritten => {
                    *one = same.clone();
                    out.push(stamp);
                }
                _ => out.push(self.next()),
            }
        }
        out
    }
}
