//! One graph over all units and accounts: entities, linked by reference, ARN, name and alias.

mod encryption;
mod link;
mod organization;
mod resolve;

pub use link::link;
pub(crate) use link::uncertain;
pub use organization::AllowList;
pub use resolve::{resolve_destination, resolve_role, resolve_vault};

use crate::aws::{Account, AccountId, Place};
use crate::model::{Entities, Setting};
use crate::organization::Organization;
use crate::source::Span;
use crate::value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Indices into the graph's entity lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreId(pub u32);
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VaultId(pub u32);
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u32);
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleId(pub u32);
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlanId(pub u32);
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SelectionId(pub u32);

/// Why something could not be resolved, and where.
#[derive(Clone, Debug)]
pub struct Why {
    /// In words, with the remedy where one input would supply it: "`var.kms_key_arn` has no value; give --var".
    pub text: String,
    pub span: Option<Span>,
}

/// The key that something is encrypted under.
#[derive(Clone, Debug)]
pub enum KeyUse {
    /// Not encrypted; where that is said.
    Unencrypted {
        span: Span,
    },
    /// An AWS-managed key, `aws/rds`; what decides it.
    AwsManaged {
        alias: Arc<str>,
        span: Span,
    },
    /// A key owned by AWS.
    AwsOwned {
        span: Span,
    },
    /// A customer managed key that the code defines; `span` is the attribute that names it.
    Customer {
        key: KeyId,
        span: Span,
    },
    /// A key that no code at hand defines: its ARN or id as far as known.
    External {
        name: Box<Value>,
        span: Span,
    },
    Unknown(Why),
}

/// A vault as a plan or copy action names it.
#[derive(Clone, Debug)]
pub enum VaultTarget {
    Vault(VaultId),
    /// Named by text that no loaded code defines.
    External {
        arn: Option<Arc<str>>,
        name: Option<Arc<str>>,
        place: Place,
        span: Span,
        /** the spelling of a near miss, and that vault */
        near: Option<VaultId>,
    },
    Unknown(Why),
}

/// The role that a selection uses.
#[derive(Clone, Debug)]
pub enum RoleTarget {
    Role(RoleId),
    /// A role that no loaded code defines; the ARN as far as known.
    External {
        arn: Value,
        span: Span,
    },
    Unknown(Why),
}

/// The effective policy of a key or vault, after attachments.
#[derive(Clone, Debug)]
pub enum EffectivePolicy {
    /// None given: AWS's default for a key, nobody for a vault.
    Absent,
    Given(Setting),
    /// Not defined by code at hand, or written by several resources.
    Unknown(Why),
}

/// Facts about accounts that code or configuration tells.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct AccountFacts {
    /// Every vault and key of the account is in the estate.
    pub complete: bool,
    pub dynamodb_advanced: Option<bool>,
    pub opted_in: Option<Vec<String>>,
    pub ebs_default_key: Option<String>,
    /// Whether instances are started from AMIs of AWS Marketplace, where the code does not tell.
    pub marketplace_images: Option<bool>,
}

/// What the configuration tells beyond the code.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Facts {
    pub account_names: BTreeMap<AccountId, String>,
    pub accounts: BTreeMap<AccountId, AccountFacts>,
    pub organization: Organization,
    /// The organization's cross-account switch.
    pub cross_account_backup: Option<bool>,
    pub vaults: Vec<KnownVault>,
    pub keys: Vec<KnownKey>,
    /// Stacks that tell what is deployed, not what code will deploy: where both speak of a thing, the code holds.
    pub deployed: std::collections::BTreeSet<crate::value::StackId>,
}

impl Facts {
    /// Adds what another estate knows. Where both know of a thing, the own knowledge stays.
    pub fn add(&mut self, other: Self) {
        for (account, name) in other.account_names {
            self.account_names.entry(account).or_insert(name);
        }
        for (account, facts) in other.accounts {
            self.accounts.entry(account).or_insert(facts);
        }
        self.organization.add(other.organization);
        self.deployed.extend(other.deployed);
        self.cross_account_backup = self.cross_account_backup.or(other.cross_account_backup);
        for vault in other.vaults {
            if !self.vaults.iter().any(|own| own.arn == vault.arn) {
                self.vaults.push(vault);
            }
        }
        for key in other.keys {
            if !self.keys.iter().any(|own| own.arn == key.arn) {
                self.keys.push(key);
            }
        }
    }
}

/// A vault that no code at hand defines.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KnownVault {
    pub arn: Arc<str>,
    /// Its key's ARN, or `aws-managed`.
    pub key: Option<Arc<str>>,
    pub policy: Option<Value>,
    /// Where the configuration says so.
    pub span: Span,
}

/// A key that no code at hand defines.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KnownKey {
    pub arn: Arc<str>,
    pub policy: Option<Value>,
    pub span: Span,
}

/// A setting of a Region in an account, from code or configuration.
#[derive(Clone, Debug)]
pub enum Switch {
    On {
        span: Option<Span>,
    },
    Off {
        span: Option<Span>,
    },
    Unknown(Why),
    /// Nothing says anything.
    Unstated,
}

/// The linked estate. The side tables run parallel to the lists in `entities`.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    pub entities: Entities,
    /// Per data store: its key; for an EC2 instance its volumes' keys are in `store_part_keys`.
    pub store_keys: Vec<KeyUse>,
    pub store_part_keys: Vec<Vec<KeyUse>>,
    pub vault_keys: Vec<KeyUse>,
    pub vault_policies: Vec<EffectivePolicy>,
    /// Per vault: the lock that holds, after attachments.
    pub vault_locks: Vec<Option<crate::model::Lock>>,
    pub key_policies: Vec<EffectivePolicy>,
    /// Per key: the grants on it (indices into `entities.grants`).
    pub key_grants: Vec<Vec<u32>>,
    /// Per role: all policy documents and managed policy ARNs, after attachments.
    pub role_policies: Vec<Vec<crate::model::RolePolicyKind>>,
    /// Per role: its permissions boundary.
    pub role_boundaries: Vec<Option<crate::model::RolePolicyKind>>,
    /// Per role: why further policies may be attached.
    pub role_open: Vec<Option<Why>>,
    pub facts: Facts,
    /// The organization's cross-account switch.
    pub cross_account: Option<Switch>,
    /// Vaults by ARN, symbols marked.
    vault_arns: BTreeMap<String, VaultId>,
    /// Keys by the ARN that they are known to have.
    key_arns: BTreeMap<Arc<str>, KeyId>,
    /// The entities of `facts.keys`.
    known_keys: Vec<KeyId>,
    index: resolve::Index,
    organization: organization::Organization,
}

impl Graph {
    /// The vault of this id.
    pub fn vault(&self, id: VaultId) -> Option<&crate::model::Vault> {
        self.entities.vaults.get(id.0 as usize)
    }

    /// The key of this id.
    pub fn key(&self, id: KeyId) -> Option<&crate::model::Key> {
        self.entities.keys.get(id.0 as usize)
    }

    /// The data store of this id.
    pub fn store(&self, id: StoreId) -> Option<&crate::model::DataStore> {
        self.entities.data_stores.get(id.0 as usize)
    }

    /// The role of this id.
    pub fn role(&self, id: RoleId) -> Option<&crate::model::Role> {
        self.entities.roles.get(id.0 as usize)
    }

    /// The plan of this id.
    pub fn plan(&self, id: PlanId) -> Option<&crate::model::Plan> {
        self.entities.plans.get(id.0 as usize)
    }

    /// The selection of this id.
    pub fn selection(&self, id: SelectionId) -> Option<&crate::model::Selection> {
        self.entities.selections.get(id.0 as usize)
    }

    /// The option group that `setting` names, seen from `place`; `Err` says why it cannot be told.
    pub fn option_group(&self, setting: &Setting, place: &Place) -> Result<&crate::model::OptionGroup, Why> {
        encryption::option_group(self, &self.index, setting, place)
    }

    /// The service control policies that bind the account; with why, where that is not certain.
    pub fn service_controls(&self, account: &Account) -> Vec<(&crate::model::OrganizationPolicy, Option<Why>)> {
        self.organization.controls(&self.entities, account)
    }

    /// AWS Backup's settings of this account and Region.
    pub fn region_settings(&self, place: &Place) -> impl Iterator<Item = &crate::model::Settings> {
        let at = self.index.settings.get(place).map(Vec::as_slice).unwrap_or_default();
        at.iter().filter_map(|at| self.entities.settings.get(*at))
    }

    /// The vaults of this name, in whatever account and Region.
    pub fn vaults_named(&self, name: &str) -> impl Iterator<Item = &crate::model::Vault> {
        let ids = self.index.named_vaults.get(name).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| self.vault(*id))
    }

    /// Units above the account where AWS's `FullAWSAccess` was detached, each with the service control policies that
    /// are attached there: one of them must allow.
    pub fn allow_lists(&self, account: &Account) -> Vec<AllowList<'_>> {
        self.organization.allow_lists(&self.entities, account)
    }

    /// Whether both accounts are known to be (or not to be) members of one organization, and what tells so.
    pub fn same_organization(&self, a: &Account, b: &Account) -> Option<(bool, Vec<Why>)> {
        self.organization.tree.same(a, b)
    }

    /// Whether the account is its organization's management account.
    pub fn is_management(&self, account: &Account) -> Option<bool> {
        self.organization.tree.is_management(account)
    }

    /// The organization's management account.
    pub fn management_account(&self) -> Option<&AccountId> {
        self.organization.tree.management()
    }

    /// The account's place in the organization, as `aws:PrincipalOrgPaths` has it.
    pub fn organization_path(&self, account: &Account) -> Option<String> {
        self.facts.organization.path(account.known()?)
    }

    /// Where the target lies; `None` where that cannot be told.
    pub fn place<'a>(&'a self, target: &'a VaultTarget) -> Option<&'a Place> {
        match target {
            VaultTarget::Vault(id) => self.vault(*id).map(|vault| &*vault.site.place),
            VaultTarget::External { place, .. } => Some(place),
            VaultTarget::Unknown(_) => None,
        }
    }

    /// The account's name from the configuration, else its id or symbol: what stands after the word "account".
    pub fn account_name(&self, account: &Account) -> String {
        let name = account.known().and_then(|id| self.facts.account_names.get(id));
        name.cloned().unwrap_or_else(|| {
            let text = account.to_string();
            let rest = ["account ", "an account "].iter().find_map(|word| text.strip_prefix(word));
            rest.map(str::to_owned).unwrap_or(text)
        })
    }

    /// The account in the middle of a sentence: `account backup`, `the account of provider …`.
    pub fn account_words(&self, account: &Account) -> String {
        if account.known().is_some() {
            return format!("account {}", self.account_name(account));
        }
        let text = account.to_string();
        if text.starts_with("account ") { format!("the {text}") } else { text }
    }
}
