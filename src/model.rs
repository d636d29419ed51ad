//! What AWS Backup works with, as the code declares it: data stores, vaults, plans, selections, keys, roles, settings.
//!
//! Entities hold [`Value`]s where they name other things; the graph resolves these.

use crate::aws::{Known, Place};
use crate::source::Span;
use crate::value::Existence;
use crate::value::{Guard, StackId, Value};
use std::sync::Arc;

/// Where an entity is declared and where it is deployed.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Site {
    pub stack: StackId,
    /// The unit's name as reported.
    pub unit: Arc<str>,
    pub address: Arc<str>,
    /// The resource type as written: `aws_db_instance`, `AWS::RDS::DBInstance`.
    pub kind: Arc<str>,
    pub place: Arc<Place>,
    /// The block's header: what a label points at when the whole thing is meant.
    pub header: Span,
    /// The whole block.
    pub span: Span,
    /// The module calls or nested stacks that led here, outermost first.
    pub chain: Arc<[Span]>,
    pub exists: Existence,
    /// Referred to (a data source), not defined by the code.
    pub external: bool,
}

impl Site {
    /// The same in another Region of the account.
    pub(crate) fn in_region(&self, region: Arc<str>) -> Self {
        let place = Place { account: self.place.account.clone(), region: Known::Is(region) };
        Self { place: place.into(), ..self.clone() }
    }
}

/// A value together with the place of the attribute that holds it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Setting {
    pub value: Value,
    /// The attribute's name and value in the resource.
    pub span: Span,
}

/// How a data store's data, and so its not fully managed backup, is encrypted, as the code says it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// Certainly not encrypted; where that is said, or the header where it is the default.
    None { span: Span },
    /// Under an AWS-managed key (`aws/rds`); `span` is what decides it: the flag without a key, or the header for a default.
    AwsManaged { alias: Arc<str>, span: Span },
    /// Under a key that AWS owns.
    AwsOwned { span: Span },
    /// Under the key that this value names (ARN, id, alias, reference); may turn out to be AWS-managed.
    Key(Setting),
    /// Encrypted under the account's default key for EBS.
    AccountKey { span: Span },
    /// As the account's setting for EBS says.
    AccountSetting { span: Span },
    /// As what `from` names is encrypted; `otherwise` where that is not encrypted. Of a replica with a key of its own
    /// `otherwise` is that key, which counts in another Region.
    Inherited { how: Inherit, from: Setting, otherwise: Box<Encryption> },
    /// Not decided by the code at hand; why, and where.
    Unknown { why: String, span: Span },
}

/// How a data store comes to the encryption of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Inherit {
    Snapshot,
    Replica,
    /// As of a point in time.
    Restore,
    /// What holds it: a file system, a global cluster.
    Parent,
}

/// Which of an instance's volumes one is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Device {
    Root,
    Named(Arc<str>),
    Unknown,
}

/// A volume of an instance.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Part {
    pub device: Device,
    pub encryption: Encryption,
}

impl DataStore {
    /// Whether it stands for the instances that an Auto Scaling group or a fleet starts.
    pub fn is_group(&self) -> bool {
        let kinds =
            ["aws_autoscaling_group", "aws_ec2_fleet", "AWS::AutoScaling::AutoScalingGroup", "AWS::EC2::EC2Fleet"];
        kinds.contains(&&*self.site.kind)
    }
}

impl Part {
    /// Whether this is the volume that the instance starts from. `/dev/sda1` and `/dev/xvda` are reserved for it; which
    /// of the two it is, the AMI says.
    ///
    /// Source: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/device_naming.html>, read 2026-11.
    pub fn is_root(&self) -> bool {
        match &self.device {
            Device::Root => true,
            Device::Named(name) => matches!(&**name, "/dev/sda1" | "/dev/xvda"),
            Device::Unknown => false,
        }
    }
}

/// Facts about a data store by name: one sorted list, for each has few of them.
pub type StoreFacts = litemap::LiteMap<Arc<str>, Setting>;

/// Also where it is empty.
fn as_map<S: serde::Serializer>(facts: &StoreFacts, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(facts.iter())
}

/// A resource that AWS Backup protects.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DataStore {
    pub site: Site,
    /// A row of the catalog: `rds`, `aurora`, `dynamodb`, …
    pub service: Arc<str>,
    pub name: Option<Value>,
    /// The ARN, where all of it is known.
    #[serde(default)]
    pub arn: Option<Arc<str>>,
    pub encryption: Encryption,
    /// Volumes of an instance, each with its own encryption (EC2 only).
    pub parts: Vec<Part>,
    /// The launch template of an instance.
    pub template: Option<Box<Setting>>,
    /// Tags by key; an open map where further tags may exist.
    pub tags: Value,
    /// Further facts that single rules need, by the catalog's names: `option_group`, `backup_target`, `engine`, …
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<Arc<str>, Setting>"))]
    #[serde(serialize_with = "as_map")]
    pub facts: StoreFacts,
    /// A table's replica in another Region: the same data, and a resource of its own there.
    #[serde(default)]
    pub replica: bool,
}

/// A resource through which a data store comes to its encryption: a snapshot, a copy of one, what holds it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Lineage {
    pub site: Site,
    pub name: Option<Value>,
    /// What it is made of.
    pub source: Option<Setting>,
    /// The key that replaces the source's.
    pub key: Option<Setting>,
    /// Without a key of its own it has a default one, not the source's.
    pub rekeys: bool,
    /// Whether it is encrypted at all, where it says so itself.
    pub flag: Option<Setting>,
}

/// An EC2 launch template or launch configuration: the volumes and tags that it gives an instance.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LaunchTemplate {
    pub site: Site,
    pub name: Option<Value>,
    pub parts: Vec<Part>,
    /// Tags by key.
    #[serde(default = "Value::null")]
    pub tags: Value,
    /// Whether the AMI is AWS Marketplace's, where the code tells.
    #[serde(default)]
    pub marketplace: Option<Setting>,
}

/// A volume attached to an instance by a resource of its own.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VolumeAttachment {
    pub site: Site,
    pub instance: Setting,
    pub volume: Setting,
}

/// A fact about a data store that a resource of its own declares: a bucket's versioning.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StoreFact {
    pub site: Site,
    pub store: Setting,
    /// The catalog's name of the fact.
    pub fact: Arc<str>,
    pub value: Setting,
}

/// An RDS option group.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OptionGroup {
    pub site: Site,
    pub name: Option<Value>,
    /// Names of options.
    pub options: Vec<Setting>,
    /// Why there may be more options.
    pub open: Option<Value>,
}

/// A vault's bounds on retention, in days.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Lock {
    pub min_days: Option<Setting>,
    pub max_days: Option<Setting>,
    pub span: Span,
}

/// A backup vault.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Vault {
    pub site: Site,
    pub name: Value,
    /// `None`: left out, so AWS Backup's own key (`aws/backup`), or AWS-owned for an air-gapped vault.
    pub key: Option<Setting>,
    /// The policy given with the vault itself (CloudFormation).
    pub policy: Option<Setting>,
    pub lock: Option<Lock>,
    pub air_gapped: bool,
}

/// A vault policy or lock declared as a resource of its own.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VaultAttachment {
    pub site: Site,
    pub vault: Setting,
    pub policy: Option<Setting>,
    pub lock: Option<Lock>,
}

/// Retention: days until cold storage and deletion; `None` where left out.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Lifecycle {
    pub delete_after: Option<Setting>,
    pub cold_after: Option<Setting>,
    pub span: Option<Span>,
}

/// A copy action of a plan rule.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CopyAction {
    pub destination: Setting,
    pub lifecycle: Lifecycle,
    /// Undecided conditions under which the copy action exists.
    pub when: Vec<Guard>,
    /// The whole copy action.
    pub span: Span,
}

/// A rule of a backup plan.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PlanRule {
    pub name: Value,
    pub target_vault: Setting,
    /// The air-gapped vault as primary target.
    pub target_air_gapped: Option<Setting>,
    pub continuous: Option<Setting>,
    pub schedule: Option<Setting>,
    pub lifecycle: Lifecycle,
    /// Where further ones may exist, the last one stands for them.
    pub copy_actions: Vec<CopyAction>,
    pub recovery_point_tags: Option<Value>,
    /// Undecided conditions under which the rule exists.
    pub when: Vec<Guard>,
    pub span: Span,
}

/// A backup plan.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Plan {
    pub site: Site,
    /// The real id, where the plan exists.
    pub id: Option<Arc<str>>,
    pub name: Value,
    /// Where further ones may exist, the last one stands for them.
    pub rules: Vec<PlanRule>,
    /// Where an AWS Organizations policy makes the plan.
    pub origin: Option<PolicyOrigin>,
}

/// How an AWS Organizations backup policy makes a plan in an account.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PolicyOrigin {
    /// What is wrong in the policies, as far as this plan is concerned.
    pub flaws: Arc<[PolicyFlaw]>,
}

/// What a flaw of a backup policy comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum FlawWeight {
    /// No copy is made because of it.
    Fatal,
    /// The policy may not do what it says.
    Doubtful,
    /// AWS's pages write it otherwise, and take it nevertheless.
    Style,
}

/// Something in a backup policy that AWS refuses, or that does not do what it says.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PolicyFlaw {
    /// The rule and copy action (indices into the plan) that it is about; the whole plan where left out.
    pub action: Option<(usize, usize)>,
    pub weight: FlawWeight,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: String,
    pub span: Span,
}

impl CopyAction {
    /// Stands for copy actions of which nothing is known; `why` is the unknown value.
    pub(crate) fn not_known(why: Value, span: Span) -> Self {
        Self { destination: Setting { value: why, span }, lifecycle: Lifecycle::default(), when: Vec::new(), span }
    }
}

impl PlanRule {
    /// Stands for rules of which nothing is known; `why` is the unknown value.
    pub(crate) fn not_known(why: Value, span: Span) -> Self {
        Self {
            name: Value::string("?"),
            target_vault: Setting { value: why.clone(), span },
            target_air_gapped: None,
            continuous: None,
            schedule: None,
            lifecycle: Lifecycle::default(),
            copy_actions: vec![CopyAction::not_known(why, span)],
            recovery_point_tags: None,
            when: Vec::new(),
            span,
        }
    }
}

/// How a selection compares a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TagOperator {
    Equals,
    NotEquals,
    Like,
    NotLike,
}

/// One tag comparison of a selection.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TagCondition {
    pub operator: TagOperator,
    pub key: Value,
    pub value: Value,
    pub span: Span,
}

/// An assignment of resources to a plan.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Selection {
    pub site: Site,
    pub name: Value,
    pub plan: Setting,
    pub role: Option<Setting>,
    /// ARNs and patterns, each with its place.
    pub resources: Vec<Setting>,
    pub not_resources: Vec<Setting>,
    /// Any of these tags selects.
    pub tags: Vec<TagCondition>,
    /// All of these must hold.
    pub conditions: Vec<TagCondition>,
    /// Why the lists may be longer than what is listed.
    pub open: Option<Value>,
}

/// What a key is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum KeyForm {
    Primary,
    /// A replica of a multi-Region key: a policy of its own.
    Replica,
    /// Key material is imported.
    External,
}

/// A customer managed key.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Key {
    pub site: Site,
    pub form: KeyForm,
    /// The real ARN, where the key exists and its code, plan or state tells.
    pub arn: Option<Arc<str>>,
    /// `None`: left out, so AWS's default policy (the account's root).
    pub policy: Option<Setting>,
    pub enabled: Option<Setting>,
    pub usage: Option<Setting>,
    pub spec: Option<Setting>,
    pub multi_region: Option<Setting>,
    /// A data source's `key_id`: an id, ARN or alias name.
    pub lookup: Option<Setting>,
}

/// A key policy declared as a resource of its own: replaces the key's.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KeyPolicy {
    pub site: Site,
    pub key: Setting,
    pub policy: Setting,
}

/// A key's alias.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Alias {
    pub site: Site,
    pub name: Value,
    /// `None` for a data source.
    pub target: Option<Setting>,
    /// The ARN of the key that a data source was seen to lead to.
    pub seen: Option<Arc<str>>,
}

/// A grant on a key.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KeyGrant {
    pub site: Site,
    pub key: Setting,
    pub grantee: Setting,
    pub operations: Setting,
}

/// An IAM role.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Role {
    pub site: Site,
    pub name: Option<Value>,
    pub path: Option<Value>,
    pub trust: Option<Setting>,
    /// ARNs of attached managed policies.
    pub managed: Vec<Setting>,
    /// Inline policy documents.
    pub inline: Vec<Setting>,
    pub boundary: Option<Setting>,
    /// Why further policies may be attached than are listed (an open list).
    pub open: Option<Value>,
}

/// A policy attached to a role by a resource of its own.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RolePolicy {
    pub site: Site,
    /// The role's name, ARN or reference.
    pub role: Setting,
    /// A managed policy's ARN or reference, or a document.
    pub policy: RolePolicyKind,
}

/// Which of the two a role policy is.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RolePolicyKind {
    Managed(Setting),
    Inline(Setting),
}

/// A customer managed IAM policy.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ManagedPolicy {
    pub site: Site,
    pub name: Option<Value>,
    pub document: Setting,
}

/// Organization-wide or Region-wide settings of AWS Backup, EC2 and so on.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Settings {
    /// `isCrossAccountBackupEnabled`.
    CrossAccount { site: Site, enabled: Setting },
    /// `aws_backup_region_settings`: service opt-in, and management preference, by service name.
    Region { site: Site, opt_in: Option<Setting>, management: Option<Setting> },
    /// EBS encryption by default in a Region.
    EbsEncryption { site: Site, enabled: Option<Setting> },
    /// The default key of EBS encryption in a Region.
    EbsDefaultKey { site: Site, key: Setting },
    /// A service-linked role that the code makes, by service name.
    ServiceLinkedRole { site: Site, service: Value },
}

/// What a piece of an organization's tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrganizationForm {
    /// The organization itself; its root is meant where something lies below it.
    Organization,
    Unit,
    Account,
}

/// A piece of an organization's tree, declared or looked up.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OrganizationPart {
    pub site: Site,
    pub form: OrganizationForm,
    pub name: Option<Value>,
    /// The unit or root above; `None` where left out.
    pub parent: Option<Setting>,
    /// The id that AWS gave it, where the code tells it.
    pub id: Option<Value>,
}

/// A policy of AWS Organizations.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OrganizationPolicy {
    pub site: Site,
    /// The policy's JSON.
    pub content: Setting,
    /// Accounts, organizational units or the root, where the policy itself names them (CloudFormation).
    pub targets: Vec<Setting>,
}

/// An attachment of an AWS Organizations policy, declared as a resource of its own.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PolicyAttachment {
    pub site: Site,
    pub policy: Setting,
    /// An account, organizational unit or the root.
    pub target: Setting,
}

/// The type, in a [`Site`], of what stands for code that was not read.
pub const UNREAD: &str = "crossvault:unread";

/// Everything one run lowered, each list in the order of stacks and addresses.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Entities {
    pub data_stores: Vec<DataStore>,
    pub lineages: Vec<Lineage>,
    pub launch_templates: Vec<LaunchTemplate>,
    pub volume_attachments: Vec<VolumeAttachment>,
    pub store_facts: Vec<StoreFact>,
    pub option_groups: Vec<OptionGroup>,
    pub vaults: Vec<Vault>,
    pub vault_attachments: Vec<VaultAttachment>,
    pub plans: Vec<Plan>,
    pub selections: Vec<Selection>,
    pub backup_policies: Vec<OrganizationPolicy>,
    pub service_controls: Vec<OrganizationPolicy>,
    pub policy_attachments: Vec<PolicyAttachment>,
    pub organization: Vec<OrganizationPart>,
    pub keys: Vec<Key>,
    pub key_policies: Vec<KeyPolicy>,
    pub aliases: Vec<Alias>,
    pub grants: Vec<KeyGrant>,
    pub roles: Vec<Role>,
    pub role_policies: Vec<RolePolicy>,
    pub managed_policies: Vec<ManagedPolicy>,
    pub settings: Vec<Settings>,
}

impl Entities {
    /// Gives back room that nothing will be added to.
    pub(crate) fn shrink(&mut self) {
        self.data_stores.shrink_to_fit();
        self.keys.shrink_to_fit();
    }

    /// Adds what another stack declares.
    pub(crate) fn extend(&mut self, other: Self) {
        self.data_stores.extend(other.data_stores);
        self.lineages.extend(other.lineages);
        self.launch_templates.extend(other.launch_templates);
        self.volume_attachments.extend(other.volume_attachments);
        self.store_facts.extend(other.store_facts);
        self.option_groups.extend(other.option_groups);
        self.vaults.extend(other.vaults);
        self.vault_attachments.extend(other.vault_attachments);
        self.plans.extend(other.plans);
        self.selections.extend(other.selections);
        self.backup_policies.extend(other.backup_policies);
        self.service_controls.extend(other.service_controls);
        self.policy_attachments.extend(other.policy_attachments);
        self.organization.extend(other.organization);
        self.keys.extend(other.keys);
        self.key_policies.extend(other.key_policies);
        self.aliases.extend(other.aliases);
        self.grants.extend(other.grants);
        self.roles.extend(other.roles);
        self.role_policies.extend(other.role_policies);
        self.managed_policies.extend(other.managed_policies);
        self.settings.extend(other.settings);
    }
}
