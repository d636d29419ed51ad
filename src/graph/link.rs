//! Links what all stacks declare.

use super::encryption;
use super::organization::{self, Organization};
use super::resolve::{self, Index, arn_at, why};
use super::{EffectivePolicy, Facts, Graph, KeyId, KeyUse, KnownVault, RoleTarget, Switch, VaultId, VaultTarget, Why};
use crate::aws::{Arn, Place};
use crate::model::{Entities, Key, KeyForm, RolePolicyKind, Setting, Settings, Site, UNREAD, Vault};
use crate::source::Span;
use crate::value::Existence;
use crate::value::{Kind, Reason, StackId, Value};
use std::sync::Arc;

/// The linked graph of these entities and what the configuration adds.
pub fn link(mut entities: Entities, facts: &Facts) -> Graph {
    let mut organization = Organization::new(&entities, facts);
    organization::expand(&mut entities, &mut organization);
    let known_vaults = add_known(&mut entities, facts);
    let mut graph = Graph { entities, facts: facts.clone(), organization, ..Graph::default() };
    let first_known_key = graph.entities.keys.len() - facts.keys.len();
    graph.known_keys =
        (0..facts.keys.len()).map(|at| KeyId(u32::try_from(first_known_key + at).unwrap_or(u32::MAX))).collect();
    for (at, vault) in graph.entities.vaults.iter().enumerate().filter(|(_, vault)| !vault.site.external) {
        if let Some(name) = vault.name.marked_text() {
            let arn = arn_at(&vault.site.place, "backup", &format!("backup-vault:{name}"));
            graph.vault_arns.entry(arn).or_insert(VaultId(u32::try_from(at).unwrap_or(u32::MAX)));
        }
    }
    for (at, key) in graph.entities.keys.iter().enumerate().filter(|(_, key)| !key.site.external) {
        if let Some(arn) = &key.arn {
            graph.key_arns.entry(arn.clone()).or_insert(KeyId(u32::try_from(at).unwrap_or(u32::MAX)));
        }
    }
    let index = Index::new(&graph);
    for (arn, key) in renamed(&graph, &index) {
        graph.key_arns.insert(arn, key);
    }
    encryption::group_tags(&mut graph, &index);
    encryption::template_images(&mut graph, &index);
    attach_to_stores(&mut graph, &index);
    (graph.store_keys, graph.store_part_keys) = encryption::keys(&graph, &index);
    graph.vault_keys = graph.entities.vaults.iter().map(|vault| vault_key(&graph, &index, vault)).collect();
    attach_to_vaults(&mut graph, &index);
    attach_to_keys(&mut graph, &index);
    attach_to_roles(&mut graph, &index);
    for (vault, known) in known_vaults {
        if known.policy.is_none()
            && let Some(policy) = graph.vault_policies.get_mut(vault.0 as usize)
        {
            *policy = EffectivePolicy::Unknown(Why {
                text: "the configuration does not tell the vault's policy".to_owned(),
                span: Some(known.span),
            });
        }
        if known.key.is_none()
            && let Some(key) = graph.vault_keys.get_mut(vault.0 as usize)
        {
            *key = KeyUse::Unknown(Why {
                text: "the configuration does not tell the vault's key".to_owned(),
                span: Some(known.span),
            });
        }
    }
    for (key, known) in graph.known_keys.clone().iter().zip(&facts.keys) {
        if known.policy.is_none()
            && let Some(policy) = graph.key_policies.get_mut(key.0 as usize)
        {
            *policy = EffectivePolicy::Unknown(Why {
                text: "the configuration does not tell the key's policy".to_owned(),
                span: Some(known.span),
            });
        }
    }
    graph.cross_account = Some(switch(&graph));
    graph.index = index;
    graph
}

/// Keys that code declares, by the real ARN under which their alias is deployed.
fn renamed(graph: &Graph, index: &Index) -> Vec<(Arc<str>, KeyId)> {
    let deployed = &graph.facts.deployed;
    let mut declared = std::collections::BTreeMap::new();
    for alias in graph.entities.aliases.iter().filter(|alias| !deployed.contains(&alias.site.stack)) {
        if let (Some(name), Some(target)) = (alias.name.marked_text(), &alias.target) {
            declared.entry((name, alias.site.place.clone())).or_insert((target, &alias.site.place));
        }
    }
    let there = graph.entities.aliases.iter().filter(|alias| deployed.contains(&alias.site.stack));
    there
        .filter_map(|alias| {
            let (target, place) = declared.get(&(alias.name.marked_text()?, alias.site.place.clone()))?;
            let KeyUse::Customer { key, .. } = resolve::key(graph, index, &target.value, target.span, place, 0) else {
                return None;
            };
            let there = &alias.target.as_ref()?.value;
            let text = there.text().filter(|text| text.starts_with("arn:"));
            let arn = text.or_else(|| {
                let id = there.text()?;
                let own = |key: &&Key| key.arn.as_deref().is_some_and(|arn| arn.ends_with(&format!("key/{id}")));
                graph.entities.keys.iter().find(own)?.arn.clone()
            })?;
            Some((arn, key))
        })
        .collect()
}

/// Whether an attachment that is deployed speaks of a thing that code declares: then the code tells what is attached.
fn outdated(graph: &Graph, attachment: &Site, target: &Site) -> bool {
    let deployed = &graph.facts.deployed;
    deployed.contains(&attachment.stack) && !deployed.contains(&target.stack)
}

/// Vaults and keys that the configuration tells of, as entities; the vaults with their ids.
fn add_known<'f>(entities: &mut Entities, facts: &'f Facts) -> Vec<(VaultId, &'f KnownVault)> {
    let mut ids = Vec::new();
    for known in &facts.vaults {
        // What is no ARN names no vault; the configuration's reader tells it.
        let Some(arn) = Arn::parse(&known.arn) else { continue };
        let name = arn.resource.strip_prefix("backup-vault:").unwrap_or(arn.resource);
        let setting = |value: Value| Setting { value, span: known.span };
        let key =
            known.key.as_ref().filter(|key| &***key != "aws-managed").map(|key| setting(Value::string(key.clone())));
        ids.push((VaultId(u32::try_from(entities.vaults.len()).unwrap_or(u32::MAX)), known));
        entities.vaults.push(Vault {
            site: known_site(&known.arn, "configured vault", resolve::place_of(&arn), known.span),
            name: Value::string(name),
            key,
            policy: known.policy.clone().map(setting),
            lock: None,
            air_gapped: false,
        });
    }
    for known in &facts.keys {
        let place = Arn::parse(&known.arn).map(|arn| resolve::place_of(&arn));
        let place = place.unwrap_or_else(|| Place {
            account: crate::aws::Known::Symbol("account of a key".into()),
            region: crate::aws::Known::Symbol("Region of a key".into()),
        });
        entities.keys.push(Key {
            site: known_site(&known.arn, "configured key", place, known.span),
            form: KeyForm::Primary,
            arn: None,
            policy: known.policy.clone().map(|value| Setting { value, span: known.span }),
            enabled: None,
            usage: None,
            spec: None,
            multi_region: None,
            lookup: None,
        });
    }
    ids
}

fn known_site(arn: &Arc<str>, kind: &str, place: Place, span: Span) -> Site {
    Site {
        stack: StackId(u32::MAX),
        unit: "crossvault.toml".into(),
        address: arn.clone(),
        kind: kind.into(),
        place: place.into(),
        header: span,
        span,
        chain: Arc::from([]),
        exists: Existence::Certain,
        external: false,
    }
}

fn vault_key(graph: &Graph, index: &Index, vault: &Vault) -> KeyUse {
    match &vault.key {
        Some(setting) => resolve::key(graph, index, &setting.value, setting.span, &vault.site.place, 0),
        None if vault.air_gapped => KeyUse::AwsOwned { span: vault.site.header },
        None => KeyUse::AwsManaged { alias: "aws/backup".into(), span: vault.site.header },
    }
}

/// Why it is not certain that the resource exists; `None` where it is.
pub(crate) fn uncertain(site: &Site) -> Option<Why> {
    match &site.exists {
        Existence::Certain => None,
        Existence::When(guards) => {
            let guard = guards.first()?;
            let not = if guard.holds { "" } else { "not " };
            let text = format!("`{}` exists only where {not}`{}`, which is not decided", site.address, guard.text);
            Some(Why { text, span: guard.span.or(Some(site.header)) })
        }
        Existence::Many(value) => {
            let unknown = why(value, site.header);
            Some(Why {
                text: format!("how many of `{}` exist is not known: {}", site.address, unknown.text),
                ..unknown
            })
        }
    }
}

/// Whether this stands for code that was not read: it may hold what no other code does.
fn unread(site: &Site) -> bool {
    &*site.kind == UNREAD
}

/// These, those last that stand for code that was not read.
fn unread_last<'a, T>(all: &'a [T], site: impl Fn(&T) -> &Site + Copy + 'a) -> impl Iterator<Item = &'a T> {
    let read = all.iter().filter(move |one| !unread(site(one)));
    read.chain(all.iter().filter(move |one| unread(site(one))))
}

/// Facts that resources of their own declare: where one is not certain, or its store cannot be told, nor is the fact.
fn attach_to_stores(graph: &mut Graph, index: &Index) {
    let mut found: Vec<(usize, Arc<str>, Setting)> = Vec::new();
    for fact in unread_last(&graph.entities.store_facts, |fact| &fact.site) {
        let unknown = |why: Why| Setting {
            value: Value::unknown(Reason::Derived(why.text.as_str().into()), why.span),
            span: fact.value.span,
        };
        let value = uncertain(&fact.site).map_or_else(|| fact.value.clone(), unknown);
        match encryption::store_named(graph, index, &fact.store.value, &fact.site.place, |_| true) {
            Some(at) => found.push((at, fact.fact.clone(), value)),
            None => {
                let open = fact.store.value.text().is_none();
                let stores = graph.entities.data_stores.iter().enumerate();
                for (at, _) in stores.filter(|(_, store)| open && store.site.stack == fact.site.stack) {
                    let value = if unread(&fact.site) {
                        fact.value.clone()
                    } else {
                        unknown(why(&fact.store.value, fact.store.span))
                    };
                    found.push((at, fact.fact.clone(), value));
                }
            }
        }
    }
    for (at, fact, value) in found {
        let Some(store) = graph.entities.data_stores.get_mut(at) else { continue };
        store.facts.entry(fact).or_insert(value);
    }
}

fn attach_to_vaults(graph: &mut Graph, index: &Index) {
    let entities = &graph.entities;
    let mut policies: Vec<EffectivePolicy> = entities
        .vaults
        .iter()
        .map(|vault| vault.policy.clone().map_or(EffectivePolicy::Absent, EffectivePolicy::Given))
        .collect();
    let mut locks: Vec<_> = entities.vaults.iter().map(|vault| vault.lock.clone()).collect();
    let mut unresolved = Vec::new();
    for attachment in unread_last(&entities.vault_attachments, |attachment| &attachment.site) {
        let place = &attachment.site.place;
        let mut target = resolve::vault(graph, index, &attachment.vault.value, attachment.vault.span, place);
        // A name is looked up where the attachment is deployed, whatever vault it is taken from.
        if let VaultTarget::Vault(id) = target
            && !unread(&attachment.site)
            && let Some(vault) = entities.vaults.get(id.0 as usize)
            && (vault.site.place.account.same(&place.account) == Some(false)
                || vault.site.place.region.same(&place.region) == Some(false))
        {
            target = resolve::vault(graph, index, &vault.name, attachment.vault.span, place);
        }
        match target {
            VaultTarget::Vault(id)
                if graph.vault(id).is_some_and(|vault| outdated(graph, &attachment.site, &vault.site)) => {}
            VaultTarget::Vault(id) => {
                let at = id.0 as usize;
                if unread(&attachment.site) {
                    if let (Some(policy), Some(slot @ EffectivePolicy::Absent)) =
                        (&attachment.policy, policies.get_mut(at))
                    {
                        *slot = EffectivePolicy::Unknown(why(&policy.value, policy.span));
                    }
                    if let Some(slot @ None) = locks.get_mut(at) {
                        slot.clone_from(&attachment.lock);
                    }
                    continue;
                }
                if let (Some(policy), Some(slot)) = (&attachment.policy, policies.get_mut(at)) {
                    *slot = match (&slot, uncertain(&attachment.site)) {
                        (EffectivePolicy::Absent, None) => EffectivePolicy::Given(policy.clone()),
                        (EffectivePolicy::Absent, Some(doubt)) => EffectivePolicy::Unknown(doubt),
                        _ => EffectivePolicy::Unknown(Why {
                            text: "several resources set the vault's policy".to_owned(),
                            span: Some(policy.span),
                        }),
                    };
                }
                if let (Some(lock), Some(slot)) = (&attachment.lock, locks.get_mut(at)) {
                    let mut lock = lock.clone();
                    if let Some(doubt) = uncertain(&attachment.site) {
                        for bound in lock.min_days.iter_mut().chain(&mut lock.max_days) {
                            bound.value = Value::unknown(Reason::Derived(doubt.text.as_str().into()), doubt.span);
                        }
                    }
                    *slot = Some(lock);
                }
            }
            VaultTarget::Unknown(_) => unresolved.push((attachment, None)),
            // A vault of this name in a place that may be the same one.
            VaultTarget::External { name: Some(name), place, .. } => unresolved.push((attachment, Some((name, place)))),
            VaultTarget::External { .. } => {}
        }
    }
    // A policy whose vault cannot be told may be any vault's of that stack.
    for (attachment, named) in unresolved.iter().filter(|(attachment, _)| attachment.policy.is_some()) {
        for (vault, slot) in entities.vaults.iter().zip(&mut policies) {
            let other = named.as_ref().is_some_and(|(name, place)| {
                vault.name.text().as_deref() != Some(&**name)
                    || vault.site.place.account.same(&place.account) == Some(false)
                    || vault.site.place.region.same(&place.region) == Some(false)
            });
            if vault.site.stack == attachment.site.stack && !other && matches!(slot, EffectivePolicy::Absent) {
                if let Some(policy) = attachment.policy.as_ref().filter(|_| unread(&attachment.site)) {
                    *slot = EffectivePolicy::Unknown(why(&policy.value, policy.span));
                    continue;
                }
                let text =
                    format!("`{}` may be its policy: which vault that is for is not known", attachment.site.address);
                *slot = EffectivePolicy::Unknown(Why { text, span: Some(attachment.vault.span) });
            }
        }
    }
    for (attachment, _) in unresolved.iter().filter(|(_, named)| named.is_none()) {
        let Some(lock) = &attachment.lock else { continue };
        let doubt = format!("`{}` may be its lock: which vault that is for is not known", attachment.site.address);
        let bound = || Setting {
            value: Value::unknown(Reason::Derived(doubt.as_str().into()), Some(attachment.vault.span)),
            span: attachment.vault.span,
        };
        for (vault, slot) in entities.vaults.iter().zip(&mut locks) {
            if vault.site.stack == attachment.site.stack && slot.is_none() {
                if unread(&attachment.site) {
                    *slot = Some(lock.clone());
                    continue;
                }
                *slot = Some(crate::model::Lock { min_days: Some(bound()), max_days: None, span: lock.span });
            }
        }
    }
    graph.vault_policies = policies;
    graph.vault_locks = locks;
}

/// Whether both settings are known JSON of the same content.
fn same_text(a: &Setting, b: &Setting) -> bool {
    let read = |setting: &Setting| serde_json::from_str::<serde_json::Value>(&setting.value.text()?).ok();
    matches!((read(a), read(b)), (Some(a), Some(b)) if a == b)
}

fn attach_to_keys(graph: &mut Graph, index: &Index) {
    let entities = &graph.entities;
    let mut policies: Vec<EffectivePolicy> = entities
        .keys
        .iter()
        .map(|key| key.policy.clone().map_or(EffectivePolicy::Absent, EffectivePolicy::Given))
        .collect();
    let mut grants: Vec<Vec<u32>> = vec![Vec::new(); entities.keys.len()];
    for attachment in unread_last(&entities.key_policies, |attachment| &attachment.site) {
        match resolve::key(graph, index, &attachment.key.value, attachment.key.span, &attachment.site.place, 0) {
            KeyUse::Customer { key, .. }
                if graph.key(key).is_some_and(|key| outdated(graph, &attachment.site, &key.site)) => {}
            KeyUse::Customer { key, .. } => {
                if let Some(slot) = policies.get_mut(key.0 as usize) {
                    if unread(&attachment.site) {
                        if matches!(slot, EffectivePolicy::Absent) {
                            *slot = EffectivePolicy::Unknown(why(&attachment.policy.value, attachment.policy.span));
                        }
                        continue;
                    }
                    *slot = match (&slot, uncertain(&attachment.site)) {
                        (EffectivePolicy::Absent, None) => EffectivePolicy::Given(attachment.policy.clone()),
                        (EffectivePolicy::Absent, Some(doubt)) => EffectivePolicy::Unknown(doubt),
                        // A key that exists shows the policy that a resource of its own has set.
                        (EffectivePolicy::Given(own), None) if same_text(own, &attachment.policy) => {
                            EffectivePolicy::Given(attachment.policy.clone())
                        }
                        _ => EffectivePolicy::Unknown(Why {
                            text: "several resources set the key's policy".to_owned(),
                            span: Some(attachment.policy.span),
                        }),
                    };
                }
            }
            KeyUse::Unknown(_) => {
                for (key, slot) in entities.keys.iter().zip(&mut policies) {
                    if key.site.stack == attachment.site.stack && matches!(slot, EffectivePolicy::Absent) {
                        if unread(&attachment.site) {
                            *slot = EffectivePolicy::Unknown(why(&attachment.policy.value, attachment.policy.span));
                            continue;
                        }
                        let text = format!(
                            "`{}` may be its policy: which key that is for is not known",
                            attachment.site.address
                        );
                        *slot = EffectivePolicy::Unknown(Why { text, span: Some(attachment.key.span) });
                    }
                }
            }
            _ => {}
        }
    }
    for (at, grant) in entities.grants.iter().enumerate() {
        if let KeyUse::Customer { key, .. } =
            resolve::key(graph, index, &grant.key.value, grant.key.span, &grant.site.place, 0)
            && let Some(list) = grants.get_mut(key.0 as usize)
        {
            list.push(u32::try_from(at).unwrap_or(u32::MAX));
        }
    }
    graph.key_policies = policies;
    graph.key_grants = grants;
}

fn attach_to_roles(graph: &mut Graph, index: &Index) {
    let entities = &graph.entities;
    let document = |setting: &Setting| -> RolePolicyKind {
        if let Kind::Ref(reference) = &setting.value.kind
            && let Some(policy) = index
                .managed
                .get(&(reference.stack, reference.address.clone()))
                .and_then(|at| entities.managed_policies.get(*at))
        {
            return RolePolicyKind::Inline(policy.document.clone());
        }
        RolePolicyKind::Managed(setting.clone())
    };
    let boundaries = entities.roles.iter().map(|role| role.boundary.as_ref().map(document)).collect();
    let mut policies: Vec<Vec<RolePolicyKind>> = entities
        .roles
        .iter()
        .map(|role| {
            role.managed.iter().map(document).chain(role.inline.iter().cloned().map(RolePolicyKind::Inline)).collect()
        })
        .collect();
    let mut open: Vec<Option<Why>> =
        entities.roles.iter().map(|role| role.open.as_ref().map(|value| why(value, role.site.header))).collect();
    for attachment in &entities.role_policies {
        match resolve::role(graph, index, &attachment.role.value, attachment.role.span, &attachment.site.place) {
            RoleTarget::Role(id) => {
                let not_read = match &attachment.policy {
                    RolePolicyKind::Inline(policy) if unread(&attachment.site) => Some(why(&policy.value, policy.span)),
                    _ => None,
                };
                if let Some(doubt) = not_read.or_else(|| uncertain(&attachment.site)) {
                    if let Some(slot) = open.get_mut(id.0 as usize) {
                        *slot = slot.take().or(Some(doubt));
                    }
                } else if let Some(list) = policies.get_mut(id.0 as usize) {
                    list.push(match &attachment.policy {
                        RolePolicyKind::Managed(setting) => document(setting),
                        RolePolicyKind::Inline(setting) => RolePolicyKind::Inline(setting.clone()),
                    });
                }
            }
            RoleTarget::Unknown(unknown) => {
                for (role, slot) in entities.roles.iter().zip(&mut open) {
                    if role.site.stack == attachment.site.stack && slot.is_none() {
                        *slot = Some(Why {
                            text: format!("`{}` may attach to it: {}", attachment.site.address, unknown.text),
                            span: Some(attachment.role.span),
                        });
                    }
                }
            }
            RoleTarget::External { .. } => {}
        }
    }
    graph.role_boundaries = boundaries;
    graph.role_policies = policies;
    graph.role_open = open;
}

/// The organization's cross-account switch: code first, then configuration.
fn switch(graph: &Graph) -> Switch {
    for setting in &graph.entities.settings {
        if let Settings::CrossAccount { enabled, site } = setting {
            if let Some(doubt) = uncertain(site) {
                return Switch::Unknown(doubt);
            }
            return match enabled.value.as_bool() {
                Some(true) => Switch::On { span: Some(enabled.span) },
                Some(false) => Switch::Off { span: Some(enabled.span) },
                None => Switch::Unknown(why(&enabled.value, enabled.span)),
            };
        }
    }
    match graph.facts.cross_account_backup {
        Some(true) => Switch::On { span: None },
        Some(false) => Switch::Off { span: None },
        None => Switch::Unstated,
    }
}
