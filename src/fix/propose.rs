//! What could mend a finding, by rule, the narrowest first; whether it does is for the analysis to say.
//!
//! Sources, read 2026-11: AWS Backup Developer Guide, "Creating backup copies across AWS accounts" and "Vault access
//! policies"; Amazon RDS User Guide, "Encrypting Amazon RDS resources" (kms:CreateGrant and kms:DescribeKey are what the
//! copying account needs); Amazon EBS User Guide, "Share an Amazon EBS snapshot".

use super::insert;
use super::statement::{self, Statement};
use crate::analysis::{Analysis, Reported};
use crate::aws::{Account, AccountId, partition_of_region};
use crate::copy::{Copy, CopySource};
use crate::diagnostic::{Edit, Fix, Safety};
use crate::graph::{EffectivePolicy, KeyId, KeyUse, RoleTarget, VaultId, VaultTarget};
use crate::iam::{Policy, document};
use crate::model::{Settings, Site};
use crate::resource::Resource;
use crate::value::Value;

/// The proposals for a finding.
pub(super) fn all(analysis: &Analysis, reported: &Reported) -> Vec<Fix> {
    // One of the copies that it breaks tells as much as all of them.
    let first = reported.copies.first();
    let judgement = analysis.judgements.iter().find(|judgement| Some(&judgement.copy.id) == first);
    let copy = judgement.map(|judgement| &judgement.copy);
    let Some(copy) = copy else { return Vec::new() };
    let proposer = Proposer { analysis, reported, copy };
    let found = match reported.finding.rule {
        "source-key-not-shared" | "source-key-share-incomplete" | "source-key-share-condition" => proposer.share(),
        "source-key-denied" | "destination-vault-access-denied" => proposer.except().into_iter().collect(),
        "source-key-locked-out" => proposer.unlock(),
        "destination-key-unusable" => proposer.vault_key(),
        "destination-vault-access-missing" => proposer.admit(),
        "destination-vault-key-aws-managed" => proposer.own_key().into_iter().collect(),
        "destination-vault-missing" => proposer.spelling().into_iter().collect(),
        "cross-account-backup-disabled" => proposer.organization_switch().into_iter().collect(),
        "service-not-opted-in" => proposer.opt_in().into_iter().collect(),
        "dynamodb-advanced-backup-off" => proposer.advanced().into_iter().collect(),
        "retention-outside-vault-lock" => proposer.retention().into_iter().collect(),
        "backup-role-not-assumable" => proposer.trust().into_iter().collect(),
        "backup-role-cannot-copy" => proposer.role_may_copy().into_iter().collect(),
        _ => Vec::new(),
    };
    found.into_iter().filter(|fix| !fix.edits.is_empty()).collect()
}

struct Proposer<'a> {
    analysis: &'a Analysis,
    reported: &'a Reported,
    copy: &'a Copy,
}

fn safe(message: String, mut edits: Vec<Edit>) -> Fix {
    edits.sort();
    Fix { message, safety: Safety::Safe, consequence: None, edits }
}

fn unsafe_with(message: String, consequence: impl Into<String>, mut edits: Vec<Edit>) -> Fix {
    edits.sort();
    Fix { message, safety: Safety::Unsafe, consequence: Some(consequence.into()), edits }
}

/// What the service-linked role needs on a key through a service, without the right to make grants.
fn use_of_key(via: &str) -> Vec<String> {
    let actions: &[&str] = match via {
        "rds" => &["kms:DescribeKey"],
        _ => &["kms:DescribeKey", "kms:ReEncrypt*", "kms:GenerateDataKey*"],
    };
    actions.iter().map(|action| (*action).to_owned()).collect()
}

fn root_arn(site: &Site, account: AccountId) -> String {
    let partition = site.place.region.known().map_or("aws", |region| partition_of_region(region));
    format!("arn:{partition}:iam::{account}:root")
}

/// A Sid that the policy does not have.
fn free_sid(policy: &Policy, wanted: &str, account: AccountId) -> String {
    let taken = |sid: &str| policy.statements.iter().any(|one| one.sid.as_deref() == Some(sid));
    let long = format!("{wanted}{account}");
    if !taken(wanted) {
        wanted.to_owned()
    } else if !taken(&long) {
        long
    } else {
        let free = (2..1000).map(|number| format!("{long}{number}")).find(|sid| !taken(sid));
        free.unwrap_or(long)
    }
}

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

    fn vault(&self) -> Option<(VaultId, &crate::model::Vault)> {
        let VaultTarget::Vault(id) = &self.copy.destination else { return None };
        let vault = self.analysis.graph.vault(*id)?;
        (!vault.site.external).then_some((*id, vault))
    }

    fn destination(&self) -> Option<AccountId> {
        known(&self.analysis.graph.place(&self.copy.destination)?.account)
    }

    fn source(&self) -> Option<AccountId> {
        known(&self.analysis.graph.plan(self.copy.plan)?.site.place.account)
    }

    fn via(&self) -> Option<String> {
        let CopySource::Store(id) = &self.copy.source else { return None };
        let service = &self.analysis.graph.store(*id)?.service;
        crate::catalog::Catalog::builtin().service(service).map(|row| row.via.clone())
    }

    fn resource(&self, site: &Site) -> Option<&Resource> {
        let stack = self.analysis.stacks.iter().find(|stack| stack.id == site.stack)?;
        stack.resources.iter().find(|resource| resource.address == site.address)
    }

    /// The last part of a Terraform address, where the resource is not made in several instances.
    fn local_name(&self, site: &Site) -> Option<String> {
        if insert::in_template(site) || site.address.ends_with(']') {
            return None;
        }
        site.address.rsplit('.').next().map(str::to_owned)
    }

    /// A name that no resource of that type in the module has.
    fn free_name(&self, site: &Site, kind: &str, wanted: &str) -> String {
        let module = site.address.strip_suffix(&format!("{}.{wanted}", site.kind)).unwrap_or_default();
        let taken = |name: &str| {
            self.analysis.stacks.iter().filter(|stack| stack.id == site.stack).any(|stack| {
                let address = format!("{module}{kind}.{name}");
                stack.resources.iter().any(|resource| {
                    *resource.address == *address || resource.address.starts_with(&format!("{address}["))
                })
            })
        };
        let candidates = ["", "_copies", "_backup_copies"].iter().map(|suffix| format!("{wanted}{suffix}"));
        candidates.into_iter().find(|name| !taken(name)).unwrap_or_else(|| wanted.to_owned())
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
                    principal: ("AWS", root),
                    actions: vec!["kms:*".to_owned()],
                    resource: true,
                    condition: None,
                };
                let statements: Vec<Statement> = [owner].into_iter().chain(make(&Policy::default())).collect();
                let edit = if template {
                    insert::policy_property(sources, self.resource(&key.site)?, "KeyPolicy", &statements)
                } else {
                    insert::attribute(sources, &key.site, "policy", |outer| statement::jsonencode(&statements, outer))
                };
                edit.map(|edit| vec![edit])
            }
            EffectivePolicy::Unknown(_) => None,
        }
    }

    /// Lets the service-linked role of an account use a key: first the one right, then the other, then both.
    fn lend(&self, id: KeyId, account: AccountId) -> Vec<Fix> {
        let Some(key) = self.analysis.graph.key(id) else { return Vec::new() };
        let Some(via) = self.via() else { return Vec::new() };
        let root = root_arn(&key.site, account);
        let reads = |policy: &Policy| Statement {
            sid: free_sid(policy, "BackupCopies", account),
            principal: ("AWS", root.clone()),
            actions: use_of_key(&via),
            resource: true,
            condition: None,
        };
        let grants = |policy: &Policy| Statement {
            sid: free_sid(policy, "BackupGrants", account),
            principal: ("AWS", root.clone()),
            actions: vec!["kms:CreateGrant".to_owned()],
            resource: true,
            condition: Some(("Bool", "kms:GrantIsForAWSResource", "true")),
        };
        let message = format!("let AWS Backup in account {account} use the key `{}`", key.site.address);
        let whole = self.reported.finding.rule == "source-key-not-shared";
        let choices: [&dyn Fn(&Policy) -> Vec<Statement>; 3] =
            [&|policy| vec![grants(policy)], &|policy| vec![reads(policy)], &|policy| {
                vec![reads(policy), grants(policy)]
            }];
        choices
            .iter()
            .skip(if whole { 2 } else { 0 })
            .filter_map(|make| Some(safe(message.clone(), self.on_key(id, make)?)))
            .collect()
    }

    fn share(&self) -> Vec<Fix> {
        let (Some(id), Some(account)) = (self.key(), self.destination()) else { return Vec::new() };
        let corrected = match self.reported.finding.rule {
            "source-key-share-condition" => self.widen(id),
            "source-key-not-shared" => self.respell(id, account),
            _ => None,
        };
        corrected.into_iter().chain(self.lend(id, account)).collect()
    }

    fn vault_key(&self) -> Vec<Fix> {
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
                let edit = insert::one_more(&self.analysis.sources, &values.value, &service)?;
                return Some(safe(
                    format!("let {} make the call through `{service}` too", statement.name()),
                    vec![edit],
                ));
            }
        }
        None
    }

    /// The account left out of a Deny that lists the accounts that it leaves out.
    fn except(&self) -> Option<Fix> {
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
                let edit = insert::one_more(&self.analysis.sources, &values.value, &account.to_string())?;
                return Some(safe(format!("leave account {account} out of {}", statement.name()), vec![edit]));
            }
        }
        None
    }

    /// The key's own account gets it back.
    fn unlock(&self) -> Vec<Fix> {
        let Some(id) = self.key() else { return Vec::new() };
        let Some(key) = self.analysis.graph.key(id) else { return Vec::new() };
        let Some(own) = known(&key.site.place.account) else { return Vec::new() };
        let root = root_arn(&key.site, own);
        let make = |policy: &Policy| {
            vec![Statement {
                sid: free_sid(policy, "OwnAccount", own),
                principal: ("AWS", root.clone()),
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

    /// The vault lets copies from the source account in.
    fn admit(&self) -> Vec<Fix> {
        let found = || -> Option<Fix> {
            let (id, vault) = self.vault()?;
            let source = self.source()?;
            let root = root_arn(&vault.site, source);
            let make = |policy: &Policy| Statement {
                sid: free_sid(policy, "AllowCopies", source),
                principal: ("AWS", root.clone()),
                actions: vec!["backup:CopyIntoBackupVault".to_owned()],
                resource: true,
                condition: None,
            };
            let sources = &self.analysis.sources;
            let edits = match self.analysis.graph.vault_policies.get(id.0 as usize)? {
                EffectivePolicy::Given(setting) => {
                    let policy = document::parse(&setting.value);
                    statement::added(sources, &policy, &[make(&policy)])?
                }
                EffectivePolicy::Absent if insert::in_template(&vault.site) => {
                    let resource = self.resource(&vault.site)?;
                    vec![insert::policy_property(sources, resource, "AccessPolicy", &[make(&Policy::default())])?]
                }
                EffectivePolicy::Absent => {
                    let local = self.local_name(&vault.site)?;
                    let kind = "aws_backup_vault_policy";
                    let name = self.free_name(&vault.site, kind, &local);
                    let policy = statement::jsonencode(&[make(&Policy::default())], "  ");
                    let rows = [("backup_vault_name", format!("{}.{local}.name", vault.site.kind)), ("policy", policy)];
                    vec![insert::resource(sources, &vault.site, kind, &name, &rows)?]
                }
                EffectivePolicy::Unknown(_) => return None,
            };
            Some(safe(format!("let copies from account {source} into `{}`", vault.site.address), edits))
        };
        found().into_iter().collect()
    }

    /// A customer managed key for the vault.
    fn own_key(&self) -> Option<Fix> {
        let (_, vault) = self.vault()?;
        let local = self.local_name(&vault.site).filter(|_| vault.key.is_none())?;
        let sources = &self.analysis.sources;
        let kind = "aws_kms_key";
        let name = self.free_name(&vault.site, kind, &local);
        let rows = [
            ("description", format!("\"Encrypts the backup vault {}\"", vault.name.text()?)),
            ("enable_key_rotation", "true".to_owned()),
        ];
        let key = insert::resource(sources, &vault.site, kind, &name, &rows)?;
        let named = insert::attribute(sources, &vault.site, "kms_key_arn", |_| format!("{kind}.{name}.arn"))?;
        Some(unsafe_with(
            format!("give `{}` a customer managed key", vault.site.address),
            "the key of a vault cannot be changed: applying this replaces the vault, which fails while it holds recovery points",
            vec![key, named],
        ))
    }

    /// The vault's name as it is.
    fn spelling(&self) -> Option<Fix> {
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

    fn organization_switch(&self) -> Option<Fix> {
        let settings = &self.analysis.graph.entities.settings;
        let edits = settings.iter().filter_map(|setting| match setting {
            Settings::CrossAccount { enabled, .. } if enabled.value.as_bool() == Some(false) => {
                insert::literal(&self.analysis.sources, &enabled.value, "true")
            }
            _ => None,
        });
        Some(safe("switch cross-account backup on in the organization".to_owned(), edits.collect()))
    }

    /// The entries of a map of switches for the source's account and Region that are off.
    fn region_switch(&self, name: &str, management: bool) -> Vec<Edit> {
        let CopySource::Store(id) = &self.copy.source else { return Vec::new() };
        let Some(store) = self.analysis.graph.store(*id) else { return Vec::new() };
        let place = &store.site.place;
        let settings = self.analysis.graph.entities.settings.iter().filter_map(|setting| match setting {
            Settings::Region { site, opt_in, management: preference }
                if site.place.account.same(&place.account) == Some(true)
                    && site.place.region.same(&place.region) == Some(true) =>
            {
                if management {
                    preference.as_ref()
                } else {
                    opt_in.as_ref()
                }
            }
            _ => None,
        });
        settings
            .filter_map(|setting| setting.value.get(name).filter(|value| value.as_bool() == Some(false)))
            .filter_map(|value| insert::literal(&self.analysis.sources, value, "true"))
            .collect()
    }

    fn opt_in(&self) -> Option<Fix> {
        let CopySource::Store(id) = &self.copy.source else { return None };
        let service = &self.analysis.graph.store(*id)?.service;
        let name = &crate::catalog::Catalog::builtin().service(service)?.opt_in;
        Some(unsafe_with(
            format!("opt {name} in to AWS Backup"),
            format!(
                "every plan in this account and Region that selects {name} by tag or pattern backs it up from then on"
            ),
            self.region_switch(name, false),
        ))
    }

    fn advanced(&self) -> Option<Fix> {
        Some(unsafe_with(
            "switch DynamoDB's advanced backup features on".to_owned(),
            "every DynamoDB backup that AWS Backup makes in this account and Region is made and billed in its own way from then on",
            self.region_switch("DynamoDB", true),
        ))
    }

    /// The copy's retention moved to the nearest bound of the lock.
    fn retention(&self) -> Option<Fix> {
        let (id, _) = self.vault()?;
        let lock = self.analysis.graph.vault_locks.get(id.0 as usize)?.as_ref()?;
        let plan = self.analysis.graph.plan(self.copy.plan)?;
        let rule = plan.rules.get(self.copy.rule)?;
        let action = rule.copy_actions.get(self.copy.action)?;
        let setting = action.lifecycle.delete_after.as_ref()?;
        let days = setting.value.as_i64().filter(|days| *days > 0)?;
        let least = lock.min_days.as_ref().and_then(|setting| setting.value.as_i64()).unwrap_or(0);
        let most = lock.max_days.as_ref().and_then(|setting| setting.value.as_i64()).unwrap_or(i64::MAX);
        let wanted = days.max(least).min(most);
        let edit = insert::literal(&self.analysis.sources, &setting.value, &wanted.to_string())?;
        let message = format!("keep the copy for {wanted} days, as the vault's lock allows");
        Some(if wanted > days {
            safe(message, vec![edit])
        } else {
            unsafe_with(message, format!("copies are deleted after {wanted} days instead of {days}"), vec![edit])
        })
    }

    fn role(&self) -> Option<&crate::model::Role> {
        let RoleTarget::Role(id) = &self.copy.role else { return None };
        self.analysis.graph.role(*id).filter(|role| !role.site.external)
    }

    fn trust(&self) -> Option<Fix> {
        let role = self.role()?;
        let policy = document::parse(&role.trust.as_ref()?.value);
        let wanted = Statement {
            sid: "AWSBackup".to_owned(),
            principal: ("Service", "backup.amazonaws.com".to_owned()),
            actions: vec!["sts:AssumeRole".to_owned()],
            resource: false,
            condition: None,
        };
        let edits = statement::added(&self.analysis.sources, &policy, &[wanted])?;
        Some(safe(format!("let AWS Backup assume the role `{}`", role.site.address), edits))
    }

    fn role_may_copy(&self) -> Option<Fix> {
        let role = self.role()?;
        let local = self.local_name(&role.site)?;
        let kind = "aws_iam_role_policy";
        let name = self.free_name(&role.site, kind, &local);
        let policy = "jsonencode({\n    Version = \"2012-10-17\"\n    Statement = [\n      {\n        Sid      = \"BackupCopies\"\n        Effect   = \"Allow\"\n        Action   = [\"backup:CopyFromBackupVault\", \"backup:CopyIntoBackupVault\"]\n        Resource = \"*\"\n      },\n    ]\n  })";
        let rows = [
            ("name", "\"backup-copies\"".to_owned()),
            ("role", format!("{}.{local}.name", role.site.kind)),
            ("policy", policy.to_owned()),
        ];
        let edit = insert::resource(&self.analysis.sources, &role.site, kind, &name, &rows)?;
        Some(safe(format!("let the role `{}` copy recovery points", role.site.address), vec![edit]))
    }
}

fn known(account: &Account) -> Option<AccountId> {
    account.known().copied()
}
