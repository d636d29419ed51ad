//! For how long a backup or its copy is kept.

use super::super::insert;
use super::{Proposer, safe, unsafe_with};
use crate::diagnostic::{Edit, Fix};
use crate::graph::VaultTarget;
use crate::model::{Lifecycle, PlanRule};
use crate::source::Span;

impl Proposer<'_> {
    fn rule(&self) -> Option<&PlanRule> {
        self.analysis.graph.plan(self.copy.plan)?.rules.get(self.copy.rule)
    }

    /// The retention moved to the nearest bound of the lock: the copy's, or the backup's where that is what is refused.
    pub(super) fn retention(&self) -> Option<Fix> {
        let rule = self.rule()?;
        let action = rule.copy_actions.get(self.copy.action)?;
        let backups = self.reported.finding.root.split('|').nth(1) == Some("backups");
        let vault = if backups { &self.copy.source_vault } else { &self.copy.destination };
        let VaultTarget::Vault(id) = vault else { return None };
        let lock = self.analysis.graph.vault_locks.get(id.0 as usize)?.as_ref()?;
        let least = lock.min_days.as_ref().and_then(|setting| setting.value.as_i64()).unwrap_or(0);
        let most = lock.max_days.as_ref().and_then(|setting| setting.value.as_i64()).filter(|days| *days > 0);
        let most = most.unwrap_or(i64::MAX);
        let (lifecycle, whole) = if backups { (&rule.lifecycle, rule.span) } else { (&action.lifecycle, action.span) };
        let what = if backups { "backup" } else { "copy" };
        let of = |setting: Option<&crate::model::Setting>| setting.and_then(|setting| setting.value.as_i64());
        let own = of(lifecycle.delete_after.as_ref());
        // Zero and less is for ever; a copy without its own retention has the backup's.
        let days = own.or_else(|| of(rule.lifecycle.delete_after.as_ref())).filter(|days| *days > 0);
        let wanted = days.unwrap_or(i64::MAX).max(least).min(most);
        let edit = match &lifecycle.delete_after {
            Some(setting) => insert::literal(&self.analysis.sources, &setting.value, &wanted.to_string())?,
            None => self.kept(lifecycle, whole, wanted)?,
        };
        let message = format!("keep the {what} for {wanted} days, as the vault's lock allows");
        let plural = if backups { "backups" } else { "copies" };
        Some(match days {
            Some(days) if wanted > days => safe(message, vec![edit]),
            Some(days) => {
                unsafe_with(message, format!("{plural} are deleted after {wanted} days instead of {days}"), vec![edit])
            }
            None => unsafe_with(message, format!("{plural} are deleted after {wanted} days, not kept"), vec![edit]),
        })
    }

    /// A retention where there is none: within the block or map of `whole`.
    fn kept(&self, lifecycle: &Lifecycle, whole: Span, days: i64) -> Option<Edit> {
        let sources = &self.analysis.sources;
        let text = sources.text(whole.file);
        let site = &self.analysis.graph.plan(self.copy.plan)?.site;
        if lifecycle.span.is_some() {
            return None;
        }
        if !insert::in_template(site) {
            return insert::last(sources, whole, |inner| {
                format!("lifecycle {{\n{inner}  delete_after = {days}\n{inner}}}")
            });
        }
        // The entries of a map of a template begin at its first one.
        let json = text.get(whole.range())?.starts_with('{');
        if json {
            return None;
        }
        insert::entry(sources, whole, |outer, _| format!("{outer}Lifecycle:\n{outer}  DeleteAfterDays: {days}"))
    }

    /// What is moved to cold storage stays there for so many days at least.
    pub(super) fn cold_storage(&self) -> Option<Fix> {
        let rule = self.rule()?;
        let action = rule.copy_actions.get(self.copy.action)?;
        let least = crate::catalog::Catalog::builtin().limits.cold_min_days;
        let flagged = self.reported.finding.primary.as_ref()?.span;
        let lifecycles = [&rule.lifecycle, &action.lifecycle];
        let (cold, delete) = lifecycles
            .into_iter()
            .filter_map(|lifecycle| lifecycle.cold_after.as_ref().zip(lifecycle.delete_after.as_ref()))
            .find(|(_, delete)| delete.span == flagged)?;
        let wanted = cold.value.as_i64()?.checked_add(least)?;
        let edit = insert::literal(&self.analysis.sources, &delete.value, &wanted.to_string())?;
        Some(safe(format!("delete after {wanted} days: {least} days after the move to cold storage"), vec![edit]))
    }
}
