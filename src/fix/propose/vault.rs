//! What the destination vault lacks: an access policy that admits the source, a key of its own, its right name.

use super::super::statement::{self, Statement};
use super::super::{existing, insert};
use super::{Proposer, free_sid, known, root_arn, safe, statements, unsafe_with, weighed};
use crate::aws::AccountId;
use crate::diagnostic::{Edit, Fix};
use crate::graph::{EffectivePolicy, PlanId, VaultId, VaultTarget};
use crate::iam::{Policy, document};
use crate::model::Vault;
use std::collections::BTreeSet;

/// A vault's policy gets so many statements more at once.
const MOST_ACCOUNTS: usize = 50;

impl Proposer<'_> {
    /// The vault lets copies from the source accounts in.
    pub(super) fn admit(&self) -> Vec<Fix> {
        let (Some((id, vault)), Some(accounts)) = (self.vault(), self.sources()) else { return Vec::new() };
        let words: Vec<String> = accounts.iter().map(ToString::to_string).collect();
        let (plural, words) = (if words.len() > 1 { "s" } else { "" }, words.join(", "));
        let message = format!("let copies from account{plural} {words} into `{}`", vault.site.address);
        let graph = &self.analysis.graph;
        let mut places = vec![vault.site.header];
        let mut beside = None;
        if let Some(EffectivePolicy::Given(setting)) = graph.vault_policies.get(id.0 as usize) {
            places.extend(statements(&setting.value));
            let own = known(&vault.site.place.account);
            let narrow = |statement: &crate::iam::Statement| existing::only(statement, &["backup:copyintobackupvault"]);
            if let [account] = accounts.as_slice() {
                beside = existing::beside(&self.analysis.sources, &setting.value, *account, own, &narrow);
            }
        }
        let site = |at| graph.vault(VaultId(at)).map(|vault| vault.site.clone());
        let others = accounts
            .iter()
            .map(|account| self.others(|index| &index.vaults, id.0, places.iter().copied(), site, Some(*account)));
        let others = others.max().unwrap_or(0);
        let can = if accounts.len() > 1 { "can each" } else { "can" };
        let consequence = |others| {
            format!("the same code makes {others} more: account{plural} {words} {can} copy into each of them, too")
        };
        let edits = beside.into_iter().chain(self.admitted(id, vault, &accounts));
        edits.map(|edits| weighed(safe(message.clone(), edits), others, consequence)).collect()
    }

    /// The accounts of all copies that the finding breaks; `None` where one is not known.
    fn sources(&self) -> Option<Vec<AccountId>> {
        let Some(index) = self.index else { return self.source().map(|account| vec![account]) };
        let copies = self.reported.copies.iter().filter_map(|id| index.copies.get(id));
        let plans: BTreeSet<PlanId> = copies.map(|copy| copy.plan).collect();
        let account = |plan: PlanId| known(&self.analysis.graph.plan(plan)?.site.place.account);
        let accounts: BTreeSet<AccountId> = plans.into_iter().map(account).collect::<Option<_>>()?;
        (1..=MOST_ACCOUNTS).contains(&accounts.len()).then(|| accounts.into_iter().collect())
    }

    /// A statement more for each of the accounts, or the vault's first.
    fn admitted(&self, id: VaultId, vault: &Vault, accounts: &[AccountId]) -> Option<Vec<Edit>> {
        let make = |policy: &Policy| -> Vec<Statement> {
            let statement = |account: &AccountId| Statement {
                sid: match accounts {
                    [_] => free_sid(policy, "AllowCopies", *account),
                    _ => free_sid(policy, &format!("AllowCopies{account}"), *account),
                },
                principal: Some(("AWS", root_arn(&vault.site, *account))),
                actions: vec!["backup:CopyIntoBackupVault".to_owned()],
                resource: true,
                condition: None,
            };
            accounts.iter().map(statement).collect()
        };
        let sources = &self.analysis.sources;
        match self.analysis.graph.vault_policies.get(id.0 as usize)? {
            EffectivePolicy::Given(setting) => {
                let policy = document::parse(&setting.value);
                statement::added(sources, &policy, &make(&policy))
            }
            EffectivePolicy::Absent if insert::in_template(&vault.site) => {
                let resource = self.resource(&vault.site)?;
                let statements = make(&Policy::default());
                Some(vec![insert::policy_property(sources, resource, "AccessPolicy", &statements)?])
            }
            EffectivePolicy::Absent => {
                let made = self.made(&vault.site)?;
                let kind = "aws_backup_vault_policy";
                let name = self.free_name(&vault.site, kind, &made.local);
                let policy = statement::jsonencode(&make(&Policy::default()), "  ");
                let rows = [("backup_vault_name", format!("{}.name", made.reference)), ("policy", policy)];
                Some(vec![insert::resource(sources, &vault.site, kind, &name, made.each.as_ref(), &rows)?])
            }
            EffectivePolicy::Unknown(_) => None,
        }
    }

    /// The action by its name where the policy has a wildcard.
    pub(super) fn named_action(&self) -> Option<Fix> {
        let (id, vault) = self.vault()?;
        let EffectivePolicy::Given(setting) = self.analysis.graph.vault_policies.get(id.0 as usize)? else {
            return None;
        };
        let statements = document::statements(&setting.value);
        let actions = statements.iter().filter_map(|statement| statement.get("Action"));
        let entries =
            actions.flat_map(|action| action.as_seq().map_or_else(|| vec![action.clone()], |seq| seq.items.clone()));
        let wild = entries.filter(|entry| {
            entry.text().is_some_and(|text| {
                text.contains(['*', '?'])
                    && crate::aws::wildcard(&text.to_ascii_lowercase(), "backup:copyintobackupvault")
            })
        });
        let edits: Vec<Edit> = wild
            .filter_map(|entry| insert::literal(&self.analysis.sources, &entry, "backup:CopyIntoBackupVault"))
            .collect();
        Some(unsafe_with(
            format!("name the action `backup:CopyIntoBackupVault` in the access policy of `{}`", vault.site.address),
            "whatever else the wildcard was meant to allow is no longer said",
            edits,
        ))
    }

    /// A customer managed key for the vault.
    pub(super) fn own_key(&self) -> Option<Fix> {
        let (_, vault) = self.vault().filter(|(_, vault)| vault.key.is_none())?;
        let sources = &self.analysis.sources;
        let message = format!("give `{}` a customer managed key", vault.site.address);
        let description = format!("Encrypts the backup vault {}", vault.name.text()?);
        if insert::in_template(&vault.site) {
            let resource = self.resource(&vault.site)?;
            let text = sources.text(vault.site.span.file);
            let id = text.get(vault.site.header.range())?.trim_matches(['"', '\'', ':', ' ']);
            let name = format!("{}Key", id.strip_suffix("Vault").filter(|rest| !rest.is_empty()).unwrap_or(id));
            let taken = |name: &str| text.contains(&format!("{name}:")) || text.contains(&format!("\"{name}\""));
            let name = [name.clone(), format!("{name}ForCopies")].into_iter().find(|name| !taken(name))?;
            let rows = [("Description", description), ("EnableKeyRotation", "true".to_owned())];
            let key = insert::template_resource(sources, &vault.site, &name, "AWS::KMS::Key", &rows)?;
            let named = insert::property(sources, resource, Some("BackupVaultName"), |outer, json| match json {
                true => format!("{outer}\"EncryptionKeyArn\": {{ \"Fn::GetAtt\": [\"{name}\", \"Arn\"] }}"),
                false => format!("{outer}EncryptionKeyArn: !GetAtt {name}.Arn"),
            })?;
            return Some(unsafe_with(
                message,
                "the key of a vault cannot be changed, and CloudFormation does not replace a vault under the same name: a stack that has the vault already needs another name for it",
                vec![key, named],
            ));
        }
        let made = self.made(&vault.site)?;
        let kind = "aws_kms_key";
        let name = self.free_name(&vault.site, kind, &made.local);
        let rows = [("description", format!("\"{description}\"")), ("enable_key_rotation", "true".to_owned())];
        let key = insert::resource(sources, &vault.site, kind, &name, None, &rows)?;
        let named = insert::attribute(sources, vault.site.span, "kms_key_arn", |_| format!("{kind}.{name}.arn"))?;
        Some(unsafe_with(
            message,
            "the key of a vault cannot be changed: applying this replaces the vault, which fails while it holds recovery points",
            vec![key, named],
        ))
    }

    /// The vault's name as it is.
    pub(super) fn spelling(&self) -> Option<Fix> {
        let VaultTarget::External { name: Some(wrong), near: Some(near), .. } = &self.copy.destination else {
            return None;
        };
        let right = self.analysis.graph.vault(*near)?.name.text()?;
        let plan = self.analysis.graph.plan(self.copy.plan)?;
        let action = plan.rules.get(self.copy.rule)?.copy_actions.get(self.copy.action)?;
        let value = &action.destination.value;
        let span = value.span.unwrap_or(action.destination.span);
        let text = self.analysis.sources.text(span.file);
        let written = text.get(span.range())?;
        let (at, _) = written.rmatch_indices(&**wrong).next()?;
        let start = span.start as usize + at;
        let edit = Edit {
            span: crate::source::Span::new(span.file, start..start + wrong.len()),
            replacement: right.to_string(),
        };
        Some(safe(format!("name the vault `{right}`"), vec![edit]))
    }
}
