//! What could mend a finding, by rule, the narrowest first; whether it does is for the analysis to say.
//!
//! Sources, read 2026-11: AWS Backup Developer Guide, "Creating backup copies across AWS accounts" and "Vault access
//! policies"; Amazon RDS User Guide, "Encrypting Amazon RDS resources" (kms:CreateGrant and kms:DescribeKey are what the
//! copying account needs); Amazon EBS User Guide, "Share an Amazon EBS snapshot".

mod key;
mod plan;
mod role;
mod settings;
mod vault;

use super::insert;
use crate::analysis::{Analysis, Reported};
use crate::aws::{Account, AccountId, partition_of_region};
use crate::copy::{Copy, CopyId};
use crate::diagnostic::{Edit, Fix, Safety};
use crate::graph::{EffectivePolicy, VaultId, VaultTarget};
use crate::iam::{Policy, document};
use crate::model::{RolePolicyKind, Site};
use crate::resource::Resource;
use crate::source::Span;
use crate::value::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What proposals look up: made once for all findings.
pub(super) struct Index<'a> {
    copies: BTreeMap<CopyId, &'a Copy>,
    /// Keys, vaults and roles by the places that make them or their policies.
    keys: BTreeMap<Span, BTreeSet<u32>>,
    vaults: BTreeMap<Span, BTreeSet<u32>>,
    roles: BTreeMap<Span, BTreeSet<u32>>,
    /// What lacks the same for the same account: unit and address, and that account.
    lacking: BTreeSet<(String, AccountId)>,
}

impl<'a> Index<'a> {
    pub(super) fn new(analysis: &'a Analysis) -> Self {
        let graph = &analysis.graph;
        let copies: BTreeMap<CopyId, &Copy> =
            analysis.judgements.iter().map(|judgement| (judgement.copy.id, &judgement.copy)).collect();
        let given = |policy: Option<&EffectivePolicy>| match policy {
            Some(EffectivePolicy::Given(setting)) => statements(&setting.value),
            _ => Vec::new(),
        };
        let keys = graph.entities.keys.iter().enumerate();
        let keys = by_place(keys.map(|(at, key)| (&key.site, given(graph.key_policies.get(at)))));
        let vaults = graph.entities.vaults.iter().enumerate();
        let vaults = by_place(vaults.map(|(at, vault)| (&vault.site, given(graph.vault_policies.get(at)))));
        let roles = graph.entities.roles.iter().enumerate();
        let roles = by_place(roles.map(|(at, role)| {
            let policies = graph.role_policies.get(at).into_iter().flatten();
            let mut spans: Vec<Span> = policies
                .flat_map(|policy| match policy {
                    RolePolicyKind::Inline(setting) => statements(&setting.value),
                    RolePolicyKind::Managed(_) => Vec::new(),
                })
                .collect();
            spans.extend(role.trust.iter().flat_map(|trust| statements(&trust.value)));
            (&role.site, spans)
        }));
        let mut lacking = BTreeSet::new();
        for reported in analysis.findings.iter().filter(|reported| !reported.undecided) {
            let Some(copy) = reported.copies.first().and_then(|id| copies.get(id)) else { continue };
            let proposer = Proposer { analysis, index: None, reported, copy };
            let whom = if reported.finding.rule.starts_with("source-key") {
                proposer.destination()
            } else {
                proposer.source()
            };
            let mut parts = reported.finding.root.split('|');
            if let (Some(whom), Some(unit), Some(address)) = (whom, parts.next(), parts.next()) {
                lacking.insert((format!("{unit}|{address}"), whom));
            }
        }
        Self { copies, keys, vaults, roles, lacking }
    }
}

/// The places of the policy's statements.
fn statements(policy: &Value) -> Vec<Span> {
    document::parse(policy).statements.into_iter().filter_map(|statement| statement.span).collect()
}

fn by_place<'a>(things: impl Iterator<Item = (&'a Site, Vec<Span>)>) -> BTreeMap<Span, BTreeSet<u32>> {
    let mut out: BTreeMap<Span, BTreeSet<u32>> = BTreeMap::new();
    for (at, (site, mut spans)) in things.enumerate().filter(|(_, (site, _))| !site.external) {
        spans.push(site.header);
        for span in spans {
            out.entry(span).or_default().insert(u32::try_from(at).unwrap_or(u32::MAX));
        }
    }
    out
}

/// The proposals for a finding.
pub(super) fn all(analysis: &Analysis, index: &Index<'_>, reported: &Reported) -> Vec<Fix> {
    // One of the copies that it breaks tells as much as all of them.
    let Some(copy) = reported.copies.first().and_then(|id| index.copies.get(id)) else { return Vec::new() };
    let proposer = Proposer { analysis, index: Some(index), reported, copy };
    let found = match reported.finding.rule {
        "source-key-not-shared" | "source-key-share-incomplete" | "source-key-share-condition" => proposer.share(),
        "source-key-denied" | "destination-vault-access-denied" => proposer.except().into_iter().collect(),
        "source-key-locked-out" => proposer.unlock(),
        "destination-key-unusable" => proposer.vault_key(),
        "destination-vault-access-missing" => proposer.admit(),
        "vault-policy-wildcard-action" => proposer.named_action().into_iter().collect(),
        "destination-vault-key-aws-managed" => proposer.own_key().into_iter().collect(),
        "destination-vault-missing" => proposer.spelling().into_iter().collect(),
        "cross-account-backup-disabled" => proposer.organization_switch().into_iter().collect(),
        "service-not-opted-in" => proposer.opt_in().into_iter().collect(),
        "dynamodb-advanced-backup-off" => proposer.advanced().into_iter().collect(),
        "retention-outside-vault-lock" => proposer.retention().into_iter().collect(),
        "copy-lifecycle-invalid" => proposer.cold_storage().into_iter().collect(),
        "backup-role-not-assumable" => proposer.trust().into_iter().collect(),
        "backup-role-cannot-copy" => proposer.role_may_copy(),
        _ => Vec::new(),
    };
    found.into_iter().filter(|fix| !fix.edits.is_empty()).collect()
}

struct Proposer<'a> {
    analysis: &'a Analysis,
    index: Option<&'a Index<'a>>,
    reported: &'a Reported,
    copy: &'a Copy,
}

fn safe(message: String, mut edits: Vec<Edit>) -> Fix {
    edits.sort();
    Fix { message, safety: Safety::Safe, consequence: None, edits }
}

/// Unsafe where `others` is not empty: what the code makes for them changes, too.
fn weighed(fix: Fix, others: usize, consequence: impl Fn(usize) -> String) -> Fix {
    match others {
        0 => fix,
        _ if fix.safety == Safety::Unsafe => fix,
        _ => Fix { safety: Safety::Unsafe, consequence: Some(consequence(others)), ..fix },
    }
}

/// How Terraform makes a resource: once, or several times.
struct Made {
    /// Its name in its module.
    local: String,
    /// What a resource that goes with it is made by.
    each: Option<(&'static str, String)>,
    /// The one that goes with it.
    reference: String,
}

fn unsafe_with(message: String, consequence: impl Into<String>, mut edits: Vec<Edit>) -> Fix {
    edits.sort();
    Fix { message, safety: Safety::Unsafe, consequence: Some(consequence.into()), edits }
}

/// What the service-linked role needs on a key through a service, without the right to make grants.
fn use_of_key(via: &str) -> Vec<String> {
    crate::iam::key_use_actions(via).iter().map(|action| (*action).to_owned()).collect()
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

    fn resource(&self, site: &Site) -> Option<&Resource> {
        let stack = self.analysis.stacks.iter().find(|stack| stack.id == site.stack)?;
        stack.resources.iter().find(|resource| resource.address == site.address)
    }

    /// How Terraform makes the resource; `None` for one of a template.
    fn made(&self, site: &Site) -> Option<Made> {
        if insert::in_template(site) {
            return None;
        }
        let at = site.address.rfind(&format!("{}.", site.kind))?;
        let address = site.address.get(at..)?;
        let (base, index) = address.split_once('[').unwrap_or((address, ""));
        let local = base.rsplit('.').next()?.to_owned();
        Some(match index.chars().next() {
            None => Made { local, each: None, reference: base.to_owned() },
            Some('"') => Made { local, each: Some(("for_each", base.to_owned())), reference: "each.value".to_owned() },
            Some(_) => Made {
                local,
                each: Some(("count", format!("length({base})"))),
                reference: format!("{base}[count.index]"),
            },
        })
    }

    /// A name that no resource of that type in the module has.
    fn free_name(&self, site: &Site, kind: &str, wanted: &str) -> String {
        let module = site.address.rfind(&format!("{}.", site.kind)).and_then(|at| site.address.get(..at));
        let module = module.unwrap_or_default();
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

    /// How many other things of a kind the same code makes, or serves with the same policy, that do not lack the same
    /// for this account.
    fn others(
        &self,
        of: for<'i> fn(&'i Index<'_>) -> &'i BTreeMap<Span, BTreeSet<u32>>,
        own: u32,
        places: impl IntoIterator<Item = Span>,
        site_of: impl Fn(u32) -> Option<Site>,
        account: Option<AccountId>,
    ) -> usize {
        let Some(index) = self.index else { return 0 };
        let users: BTreeSet<u32> =
            places.into_iter().filter_map(|place| of(index).get(&place)).flatten().copied().collect();
        let lacks = |at: u32| {
            let named = site_of(at).map(|site| format!("{}|{}", site.unit, site.address));
            named.zip(account).is_some_and(|pair| index.lacking.contains(&pair))
        };
        users.into_iter().filter(|at| *at != own && !lacks(*at)).count()
    }
}

fn known(account: &Account) -> Option<AccountId> {
    account.known().copied()
}
