//! What a key lacks: rights of an account, or the way back to its own.

use super::super::{existing, insert, statement};
use super::{Proposer, free_sid, known, root_arn, safe, statements, unsafe_with, use_of_key, weighed};
use crate::aws::{Account, AccountId, partition_of_region};
use crate::copy::CopySource;
use crate::diagnostic::{Edit, Fix};
use crate::graph::{EffectivePolicy, KeyId, KeyUse};
use crate::iam::{Policy, document};
use crate::value::Value;
use statement::Statement;

/// Only AWS services make grants for themselves.
const FOR_AWS: existing::Condition = ("Bool", "kms:GrantIsForAWSResource", "true");
/// What a statement may give beside what a copy needs, so that another account may stand in it, too.
const READS: &[&str] = &[
    "kms:describekey",
    "kms:reencrypt*",
    "kms:reencryptfrom",
    "kms:reencryptto",
    "kms:generatedatakey*",
    "kms:generatedatakeywithoutplaintext",
    "kms:listgrants",
];
const GRANTS: &[&str] = &["kms:creategrant", "kms:listgrants", "kms:revokegrant"];

impl Proposer<'_> {
    /// The key that the finding is about.
    fn key(&self) -> Option<KeyId> {
        let graph = &self.analysis.graph;
        let CopySource::Store(id) = &self.copy.source else { return None };
        let at = id.0 as usize;
        let parts = graph.store_part_keys.get(at).map(Vec::as_slice).unwrap_or_default();
        let keys = graph.store_keys.get(at).into_iter().chain(parts);
        keys.filter_map(|used| match used {
            KeyUse::Customer { key, .. } => Some(*key),
            _ => None,
        })
        .find(|id| {
            let named = graph.key(*id).map(|key| format!("{}|{}", key.site.unit, key.site.address));
            named.is_some_and(|named| {
                self.reported.finding.root == named || self.reported.finding.root.starts_with(&format!("{named}|"))
            })
        })
    }

    fn via(&self) -> Option<String> {
        let CopySource::Store(id) = &self.copy.source else { return None };
        let service = &self.analysis.graph.store(*id)?.service;
        crate::catalog::Catalog::builtin().service(service).map(|row| row.via.clone())
    }

    /// Statements for a key's policy: behind the ones that it has, or with AWS's default where it has none.
    fn on_key(&self, id: KeyId, make: &dyn Fn(&Policy) -> Vec<Statement>) -> Option<Vec<Edit>> {
        let graph = &self.analysis.graph;
        let key = graph.key(id).filter(|key| !key.site.external)?;
        let sources = &self.analysis.sources;
        match graph.key_policies.get(id.0 as usize)? {
            EffectivePolicy::Given(setting) => {
                let policy = document::parse(&setting.value);
                statement::added(sources, &policy, &make(&policy))
            }
            EffectivePolicy::Absent => {
                let own = known(&key.site.place.account);
                let template = insert::in_template(&key.site);
                let root = match own {
                    Some(own) => root_arn(&key.site, own),
                    None if template => "!Sub arn:${AWS::Partition}:iam::${AWS::AccountId}:root".to_owned(),
                    None => return None,
                };
                let owner = Statement {
                    sid: "OwnAccount".to_owned(),
                    principal: Some(("AWS", root)),
                    actions: vec!["kms:*".to_owned()],
                    resource: true,
                    condition: None,
                };
                let statements: Vec<Statement> = [owner].into_iter().chain(make(&Policy::default())).collect();
                let edit = if template {
                    insert::policy_property(sources, self.resource(&key.site)?, "KeyPolicy", &statements)
                } else {
                    insert::attribute(sources, key.site.span, "policy", |outer| {
                        statement::jsonencode(&statements, outer)
                    })
                };
                edit.map(|edit| vec![edit])
            }
            EffectivePolicy::Unknown(_) => None,
        }
    }

    /// Lets the service-linked role of an account use a key: by what stands there already where that is possible, then by
    /// the one right, the other, or both.
    fn lend(&self, id: KeyId, account: AccountId) -> Vec<Fix> {
        let Some(key) = self.analysis.graph.key(id) else { return Vec::new() };
        let Some(via) = self.via() else { return Vec::new() };
        let root = root_arn(&key.site, account);
        let reads = |policy: &Policy| Statement {
            sid: free_sid(policy, "BackupCopies", account),
            principal: Some(("AWS", root.clone())),
            actions: use_of_key(&via),
            resource: true,
            condition: None,
        };
        let grants = |policy: &Policy| Statement {
            sid: free_sid(policy, "BackupGrants", account),
            principal: Some(("AWS", root.clone())),
            actions: vec!["kms:CreateGrant".to_owned()],
            resource: true,
            condition: Some(FOR_AWS),
        };
        let message = format!("let AWS Backup in account {account} use the key `{}`", key.site.address);
        let whole = self.reported.finding.rule == "source-key-not-shared";
        let choices: [&dyn Fn(&Policy) -> Vec<Statement>; 3] =
            [&|policy| vec![grants(policy)], &|policy| vec![reads(policy)], &|policy| {
                vec![reads(policy), grants(policy)]
            }];
        let added = choices.iter().skip(if whole { 2 } else { 0 }).filter_map(|make| self.on_key(id, make));
        let edits = self.extended(id, account, &via).into_iter().chain(added);
        let others = self.others_than(id, Some(account));
        let consequence =
            |others| format!("the same code makes {others} more: account {account} can use each of them from then on");
        edits.map(|edits| weighed(safe(message.clone(), edits), others, consequence)).collect()
    }

    /// The key's own statements with the account, or with the actions that it lacks.
    fn extended(&self, id: KeyId, account: AccountId, via: &str) -> Vec<Vec<Edit>> {
        let graph = &self.analysis.graph;
        let Some(EffectivePolicy::Given(setting)) = graph.key_policies.get(id.0 as usize) else { return Vec::new() };
        let sources = &self.analysis.sources;
        let own = graph.key(id).and_then(|key| known(&key.site.place.account));
        let narrow = |statement: &crate::iam::Statement| {
            existing::only(statement, READS) && statement.condition.is_none()
                || existing::only(statement, GRANTS) && existing::under(statement, FOR_AWS)
        };
        let beside = existing::beside(sources, &setting.value, account, own, &narrow);
        let whom = |statement: &crate::iam::Statement| existing::is_for(statement, account);
        let reads = use_of_key(via);
        let reads: Vec<&str> = reads.iter().map(String::as_str).collect();
        let more = existing::actions(sources, &setting.value, &whom, None, &reads);
        let grants = existing::actions(sources, &setting.value, &whom, Some(FOR_AWS), &["kms:CreateGrant"]);
        let both = more.clone().zip(grants.clone()).map(|(one, other)| [one, other].concat());
        let with_grant = more.clone().and_then(|more| {
            let root = root_arn(&graph.key(id)?.site, account);
            let added = self.on_key(id, &|policy| {
                vec![Statement {
                    sid: free_sid(policy, "BackupGrants", account),
                    principal: Some(("AWS", root.clone())),
                    actions: vec!["kms:CreateGrant".to_owned()],
                    resource: true,
                    condition: Some(FOR_AWS),
                }]
            });
            added.map(|added| [more, added].concat())
        });
        [beside, grants, more, both, with_grant].into_iter().flatten().collect()
    }

    /// How many other keys the same code makes or has the same policy that are not to be shared with the account.
    fn others_than(&self, id: KeyId, account: Option<AccountId>) -> usize {
        let graph = &self.analysis.graph;
        let Some(key) = graph.key(id) else { return 0 };
        let mut places = vec![key.site.header];
        if let Some(EffectivePolicy::Given(setting)) = graph.key_policies.get(id.0 as usize) {
            places.extend(statements(&setting.value));
        }
        let site = |at| graph.key(KeyId(at)).map(|key| key.site.clone());
        self.others(|index| &index.keys, id.0, places, site, account)
    }

    pub(super) fn share(&self) -> Vec<Fix> {
        let (Some(id), Some(account)) = (self.key(), self.destination()) else { return Vec::new() };
        let corrected = match self.reported.finding.rule {
            "source-key-share-condition" => self.widen(id),
            "source-key-not-shared" => self.respell(id, account),
            _ => None,
        };
        corrected.into_iter().chain(self.lend(id, account)).collect()
    }

    pub(super) fn vault_key(&self) -> Vec<Fix> {
        let Some((vault, found)) = self.vault() else { return Vec::new() };
        let used = self.analysis.graph.vault_keys.get(vault.0 as usize);
        let (Some(KeyUse::Customer { key, .. }), Some(account)) = (used, known(&found.site.place.account)) else {
            return Vec::new();
        };
        self.lend(*key, account)
    }

    /// The statement that the finding points at.
    fn flagged(&self, value: &Value) -> Option<crate::iam::Statement> {
        let span = self.reported.finding.primary.as_ref()?.span;
        document::parse(value).statements.into_iter().find(|statement| statement.span == Some(span))
    }

    /// The service-linked role by its right name, where a statement has it nearly right.
    fn respell(&self, id: KeyId, account: AccountId) -> Option<Fix> {
        let EffectivePolicy::Given(setting) = self.analysis.graph.key_policies.get(id.0 as usize)? else { return None };
        let key = self.analysis.graph.key(id)?;
        let partition = key.site.place.region.known().map_or("aws", |region| partition_of_region(region));
        let right = crate::iam::service_linked_role(&Account::Is(account), partition).role_arn;
        let principals = document::parse(&setting.value).statements.into_iter().filter_map(|one| one.principal);
        let entries =
            principals.filter_map(|principal| principal.get("AWS").cloned()).flat_map(|aws| match aws.as_seq() {
                Some(seq) => seq.items.clone(),
                None => vec![aws],
            });
        let wrong = |value: &Value| {
            value.text().is_some_and(|text| {
                *text != *right && text.ends_with("/AWSServiceRoleForBackup") && text.contains(&format!(":{account}:"))
            })
        };
        let edits: Vec<Edit> =
            entries.filter(wrong).filter_map(|value| insert::literal(&self.analysis.sources, &value, &right)).collect();
        (!edits.is_empty()).then(|| safe(format!("name `{right}`"), edits))
    }

    /// A further service in a condition on `kms:ViaService`.
    fn widen(&self, id: KeyId) -> Option<Fix> {
        let EffectivePolicy::Given(setting) = self.analysis.graph.key_policies.get(id.0 as usize)? else { return None };
        let statement = self.flagged(&setting.value)?;
        let key = self.analysis.graph.key(id)?;
        let via = self.via()?;
        let region = key.site.place.region.known()?;
        for (operator, tests) in &statement.condition.as_ref()?.as_map()?.entries {
            let service = match operator.to_ascii_lowercase().as_str() {
                "stringlike" => format!("{via}.*.amazonaws.com"),
                "stringequals" => format!("{via}.{region}.amazonaws.com"),
                _ => continue,
            };
            for (name, values) in &tests.value.as_map()?.entries {
                if !name.eq_ignore_ascii_case("kms:ViaService") {
                    continue;
                }
                // A wildcard was meant as one.
                let meant = values.value.text().is_some_and(|text| text.starts_with(&format!("{via}.*")));
                let renamed = tests.span.filter(|_| meant && operator.eq_ignore_ascii_case("stringequals"));
                let renamed =
                    renamed.and_then(|span| insert::renamed(&self.analysis.sources, span, operator, "StringLike"));
                if let Some(edit) = renamed {
                    return Some(safe(
                        format!("let {} compare `{name}` with a wildcard", statement.name()),
                        vec![edit],
                    ));
                }
                let edits = insert::more(&self.analysis.sources, &values.value, &[&service])?;
                return Some(safe(format!("let {} make the call through `{service}` too", statement.name()), edits));
            }
        }
        None
    }

    /// The account left out of a Deny that lists the accounts that it leaves out.
    pub(super) fn except(&self) -> Option<Fix> {
        let graph = &self.analysis.graph;
        let (policy, account) = if self.reported.finding.rule == "source-key-denied" {
            (graph.key_policies.get(self.key()?.0 as usize)?, self.destination()?)
        } else {
            (graph.vault_policies.get(self.vault()?.0.0 as usize)?, self.source()?)
        };
        let EffectivePolicy::Given(setting) = policy else { return None };
        let statement = self.flagged(&setting.value)?;
        for (operator, tests) in &statement.condition.as_ref()?.as_map()?.entries {
            if !operator.to_ascii_lowercase().starts_with("stringnotequals") {
                continue;
            }
            for (name, values) in &tests.value.as_map()?.entries {
                if !["aws:PrincipalAccount", "kms:CallerAccount"].iter().any(|key| name.eq_ignore_ascii_case(key)) {
                    continue;
                }
                let edits = insert::more(&self.analysis.sources, &values.value, &[&account.to_string()])?;
                return Some(safe(format!("leave account {account} out of {}", statement.name()), edits));
            }
        }
        None
    }

    /// The key's own account gets it back.
    pub(super) fn unlock(&self) -> Vec<Fix> {
        let Some(id) = self.key() else { return Vec::new() };
        let Some(key) = self.analysis.graph.key(id) else { return Vec::new() };
        let Some(own) = known(&key.site.place.account) else { return Vec::new() };
        let root = root_arn(&key.site, own);
        let make = |policy: &Policy| {
            vec![Statement {
                sid: free_sid(policy, "OwnAccount", own),
                principal: Some(("AWS", root.clone())),
                actions: vec!["kms:*".to_owned()],
                resource: true,
                condition: None,
            }]
        };
        let message = format!("let account {own} use and administer its own key `{}`", key.site.address);
        let consequence = format!(
            "from then on, the IAM policies of account {own} decide who in it may use the key; who can apply this must still be able to change the key's policy"
        );
        self.on_key(id, &make).map(|edits| unsafe_with(message, consequence, edits)).into_iter().collect()
    }
}
