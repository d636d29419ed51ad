//! What several rules ask of a copy: its service, its keys, who performs it, and the words for them.

use super::{Context, Finding, Outcome, remedy};
use crate::aws::{Account, Known, Region, wildcard};
use crate::catalog::{Service, Support};
use crate::copy::{Copy, CopySource};
use crate::diagnostic::{Label, Severity};
use crate::graph::{EffectivePolicy, KeyId, KeyUse, RoleId, RoleTarget, VaultId, VaultTarget, Why};
use crate::iam::{self, Answer, Caller, Decision, Policy, Request, TraceKind, context, document};
use crate::model::{DataStore, Key, PlanRule, RolePolicyKind, Vault};
use crate::source::{Sources, Span};
use crate::value::{Kind, Value};
use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};

pub(super) const ENCRYPTION_PAGE: &str = "https://docs.aws.amazon.com/aws-backup/latest/devguide/encryption.html";
pub(super) const CROSS_ACCOUNT_PAGE: &str =
    "https://docs.aws.amazon.com/aws-backup/latest/devguide/create-cross-account-backup.html";

/// A failure.
pub(super) fn fail(finding: Finding) -> Outcome {
    Outcome::Fail(Box::new(finding))
}

/// Something that cannot be told.
pub(super) fn undecided(finding: Finding) -> Outcome {
    Outcome::Undecided(Box::new(finding))
}

/// A finding with its headline and primary place; the rest is added.
pub(super) fn finding(
    rule: &'static str,
    root: impl Into<String>,
    message: impl Into<String>,
    primary: Option<Label>,
) -> Finding {
    Finding {
        rule,
        severity: Severity::Error,
        message: message.into(),
        primary,
        labels: Vec::new(),
        notes: Vec::new(),
        help: None,
        url: None,
        root: root.into(),
        asks: None,
    }
}

impl Finding {
    pub(super) fn label(mut self, span: Span, message: impl Into<String>) -> Self {
        self.labels.push(Label::new(span, message));
        self
    }

    pub(super) fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    pub(super) fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    pub(super) fn url(mut self, url: &'static str) -> Self {
        self.url = Some(url);
        self
    }

    pub(super) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

/// The data store, where the copy is of one that the code declares.
pub(super) fn store<'a>(context: &'a Context<'_>, copy: &Copy) -> Option<&'a DataStore> {
    match &copy.source {
        CopySource::Store(id) => context.graph.store(*id),
        _ => None,
    }
}

/// The service's name and row.
pub(super) fn service<'a>(context: &'a Context<'_>, copy: &Copy) -> Option<(&'a str, &'a Service)> {
    match &copy.source {
        CopySource::Store(id) => context.catalog.named(&context.graph.store(*id)?.service),
        CopySource::Arn(named) => context.catalog.named(named.service.as_ref()?),
        CopySource::Unknown(_) => None,
    }
}

/// How messages name the source.
pub(super) fn source_name(context: &Context<'_>, copy: &Copy) -> String {
    match (&copy.source, service(context, copy)) {
        (CopySource::Store(_), Some((_, row))) => {
            let address = store(context, copy).map(|store| store.site.address.to_string()).unwrap_or_default();
            format!("`{address}` ({})", row.label)
        }
        (CopySource::Arn(named), _) => format!("`{}`", named.arn),
        _ => "what the plan selects".to_owned(),
    }
}

/// The keys that the source's backup is encrypted under: one, or one for each volume; empty where nothing is known.
pub(super) fn source_keys<'a>(context: &'a Context<'_>, copy: &Copy) -> Vec<&'a KeyUse> {
    let CopySource::Store(id) = &copy.source else { return Vec::new() };
    let parts = context.graph.store_part_keys.get(id.0 as usize).map(Vec::as_slice).unwrap_or_default();
    if parts.is_empty() {
        context.graph.store_keys.get(id.0 as usize).into_iter().collect()
    } else {
        parts.iter().collect()
    }
}

/// Whether the source key matters: the type is not fully managed, and the copy leaves the account.
pub(super) fn key_matters(context: &Context<'_>, copy: &Copy) -> bool {
    copy.cross_account == Some(true)
        && service(context, copy).is_some_and(|(_, row)| row.full != Support::Yes && row.xa != Support::No)
}

pub(super) fn rule<'a>(context: &'a Context<'_>, copy: &Copy) -> Option<&'a PlanRule> {
    context.graph.plan(copy.plan)?.rules.get(copy.rule)
}

/// The place of the copy action.
pub(super) fn action_span(context: &Context<'_>, copy: &Copy) -> Option<Span> {
    let action = rule(context, copy)?.copy_actions.get(copy.action)?;
    Some(if action.destination.span.file == action.span.file { action.destination.span } else { action.span })
}

/// The destination vault, where the code declares it.
pub(super) fn destination<'a>(context: &'a Context<'_>, copy: &Copy) -> Option<&'a Vault> {
    match &copy.destination {
        VaultTarget::Vault(id) => context.graph.vault(*id),
        _ => None,
    }
}

pub(super) fn destination_account<'a>(context: &'a Context<'_>, copy: &'a Copy) -> Option<&'a Account> {
    context.graph.place(&copy.destination).map(|place| &place.account)
}

/// The destination vault's ARN, unknown parts marked.
pub(super) fn destination_arn(context: &Context<'_>, copy: &Copy) -> Option<String> {
    match &copy.destination {
        VaultTarget::Vault(id) => {
            let vault = context.graph.vault(*id)?;
            let place = &vault.site.place;
            let name = vault.name.marked_text().unwrap_or_else(|| format!("\u{1}{}\u{1}", vault.site.address));
            Some(format!(
                "arn:{}:backup:{}:{}:backup-vault:{name}",
                partition(&place.region),
                text(&place.region),
                text(&place.account)
            ))
        }
        VaultTarget::External { arn, .. } => arn.as_ref().map(ToString::to_string),
        VaultTarget::Unknown(_) => None,
    }
}

/// How messages name the destination vault.
pub(super) fn destination_name(context: &Context<'_>, copy: &Copy) -> String {
    match &copy.destination {
        VaultTarget::Vault(id) => {
            context.graph.vault(*id).map(|vault| format!("`{}`", vault.site.address)).unwrap_or_default()
        }
        VaultTarget::External { arn, name, .. } => arn
            .as_ref()
            .or(name.as_ref())
            .map_or_else(|| "a vault that is not known".to_owned(), |text| format!("`{text}`")),
        VaultTarget::Unknown(_) => "a vault that is not known".to_owned(),
    }
}

/// What a link of the chain that leads to `what`, a resource of a template, is: stacks deploy it, and those may stand in
/// modules.
pub(crate) fn link_words(sources: &Sources, link: Span, what: &str) -> Cow<'static, str> {
    let text = sources.text(link.file);
    let module = text.get(link.start as usize..).is_some_and(|text| text.starts_with("module"));
    if module { "called here".into() } else { format!("the stack that deploys {what}").into() }
}

/// Adds the copy action, the source and the destination as places, in the order that the data takes.
pub(super) fn with_places(mut finding: Finding, context: &Context<'_>, copy: &Copy) -> Finding {
    let mut labels = Vec::new();
    if let Some(span) = action_span(context, copy) {
        labels.push(Label::new(span, "the copy that is planned here"));
    }
    if let Some(store) = store(context, copy) {
        let template = store.site.kind.contains("::");
        let link = |call: &Span| match template {
            true => Label::new(*call, link_words(context.sources, *call, "the data")),
            false => Label::new(*call, "called here"),
        };
        labels.extend(store.site.chain.iter().map(link));
        labels.push(Label::new(store.site.header, "the data that is copied"));
    }
    labels.append(&mut finding.labels);
    if let Some(vault) = destination(context, copy) {
        labels.push(Label::new(
            vault.site.header,
            format!("the destination, in {}", context.graph.account_words(&vault.site.place.account)),
        ));
    }
    let primary = finding.primary.as_ref().map(|label| label.span);
    let mut kept: Vec<Label> = Vec::new();
    for label in labels {
        if Some(label.span) != primary && !kept.iter().any(|other| other.span == label.span) {
            kept.push(label);
        }
    }
    finding.labels = kept;
    finding
}

/// Why a value is not known, in words.
pub(super) fn unknown(value: &Value) -> String {
    match (&value.kind, value.first_unknown()) {
        (_, Some(unknown)) => unknown.reason.to_string(),
        (Kind::Cond(branches), None) => match branches.first() {
            Some(branch) => format!("it depends on `{}`", branch.guard.text),
            None => "it is not known".to_owned(),
        },
        _ => "it is not a number that the code tells".to_owned(),
    }
}

/// Adds where knowledge ended.
pub(super) fn with_why(mut finding: Finding, why: &Why) -> Finding {
    finding.asks = why.span;
    match why.span {
        Some(span) if finding.primary.as_ref().is_none_or(|label| label.span != span) => {
            finding.label(span, "not known from here")
        }
        _ => finding,
    }
}

pub(super) fn partition(region: &Region) -> &'static str {
    region.known().map_or("aws", |region| crate::aws::partition_of_region(region))
}

/// The role that makes the copy in the source account.
pub(super) fn role_caller(context: &Context<'_>, copy: &Copy) -> Option<Caller> {
    let place = &context.graph.plan(copy.plan)?.site.place;
    let role_arn = match &copy.role {
        RoleTarget::Role(id) => {
            let role = context.graph.role(*id)?;
            let name = role
                .name
                .as_ref()
                .and_then(crate::value::Value::marked_text)
                .unwrap_or_else(|| format!("\u{1}name of {}\u{1}", role.site.address));
            let path = role.path.as_ref().and_then(crate::value::Value::marked_text).unwrap_or_else(|| "/".to_owned());
            format!(
                "arn:{}:iam::{}:role{path}{name}",
                partition(&place.region),
                iam::account_text(&role.site.place.account)
            )
        }
        RoleTarget::External { arn, .. } => arn.marked_text()?,
        RoleTarget::Unknown(_) => format!(
            "arn:{}:iam::{}:role/\u{1}the selection's role\u{1}",
            partition(&place.region),
            iam::account_text(&place.account)
        ),
    };
    let account = crate::aws::Arn::parse(&role_arn)
        .and_then(|arn| crate::aws::AccountId::parse(arn.account))
        .map_or_else(|| place.account.clone(), Known::Is);
    Some(Caller { role_arn, account, service_linked: false })
}

/// A role that AWS Backup's console makes, with AWS's own policies.
///
/// Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/iam-service-roles.html>, read 2026-11.
pub(super) fn is_default_role(caller: &Caller) -> bool {
    caller.role_arn.ends_with(":role/service-role/AWSBackupDefaultServiceRole")
}

/// The role's own policies; `Err` names what is not known of them.
pub(super) fn role_policies(context: &Context<'_>, copy: &Copy) -> Result<RolePolicies, Why> {
    match &copy.role {
        RoleTarget::Role(id) => {
            if let Some(known) = context.memo.roles.get(id) {
                return Ok(known);
            }
            let at = id.0 as usize;
            let mut open = context.graph.role_open.get(at).cloned().flatten();
            let mut policies = Vec::new();
            for policy in context.graph.role_policies.get(at).into_iter().flatten() {
                match policy {
                    RolePolicyKind::Inline(setting) => policies.push(Cow::Owned(document::parse(&setting.value))),
                    RolePolicyKind::Managed(setting) => {
                        match setting.value.marked_text().as_deref().and_then(iam::managed_policy) {
                            Some(known) => policies.push(Cow::Borrowed(known)),
                            None => {
                                let name = setting.value.text().map_or_else(
                                    || "a policy that is not known".to_owned(),
                                    |text| format!("`{text}`"),
                                );
                                open = open.or(Some(Why {
                                    text: format!("what {name} allows is not known"),
                                    span: Some(setting.span),
                                }));
                            }
                        }
                    }
                }
            }
            let found = (Arc::from(policies), open);
            context.memo.roles.insert(*id, found.clone());
            Ok(found)
        }
        RoleTarget::External { span, .. } => {
            let caller = role_caller(context, copy);
            if caller.as_ref().is_some_and(is_default_role) {
                let partition = context.graph.plan(copy.plan).map_or("aws", |plan| partition(&plan.site.place.region));
                let policy = iam::managed_policy(&format!(
                    "arn:{partition}:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
                ));
                return Ok((policy.into_iter().map(Cow::Borrowed).collect(), None));
            }
            let name = caller.map(|caller| caller.role_arn.replace('\u{1}', "")).unwrap_or_default();
            Err(Why { text: format!("no loaded code defines the role `{name}`"), span: Some(*span) })
        }
        RoleTarget::Unknown(why) => Err(why.clone()),
    }
}

/// The policy of a key as it holds: given, or AWS's default.
pub(super) fn key_policy(context: &Context<'_>, id: KeyId, key: &Key) -> Result<Arc<Policy>, Why> {
    if let Some(known) = context.memo.keys.get(&id) {
        return Ok(known);
    }
    let policy = match context.graph.key_policies.get(id.0 as usize) {
        Some(EffectivePolicy::Given(setting)) => document::parse(&setting.value),
        Some(EffectivePolicy::Unknown(why)) => return Err(why.clone()),
        Some(EffectivePolicy::Absent) | None => {
            iam::default_key_policy(&key.site.place.account, partition(&key.site.place.region))
        }
    };
    let policy = Arc::new(policy);
    context.memo.keys.insert(id, policy.clone());
    Ok(policy)
}

/// Whether a statement of the policy may allow anything to anybody of this account: `false` only where none can.
pub(super) fn may_name(policy: &Policy, account: &str) -> bool {
    fn reaches(value: &Value, account: &str) -> bool {
        match &value.kind {
            Kind::Map(map) => map.open.is_some() || map.entries.values().any(|entry| reaches(&entry.value, account)),
            Kind::Seq(seq) => seq.open.is_some() || seq.items.iter().any(|item| reaches(item, account)),
            Kind::Cond(branches) => branches.iter().any(|branch| reaches(&branch.value, account)),
            // An account's id stands in each form of its principals; services and unique ids are left open.
            _ => {
                value.text().is_none_or(|text| !text.starts_with("arn:") && text.len() != 12 || text.contains(account))
            }
        }
    }
    policy.open.is_some()
        || policy.statements.iter().any(|statement| {
            statement.effect != Some(iam::Effect::Deny)
                && (statement.not_principal.is_some()
                    || statement.principal.as_ref().is_none_or(|principal| reaches(principal, account)))
        })
}

/// The access policy of a vault; `None` where it has none.
pub(super) fn vault_policy(context: &Context<'_>, id: VaultId) -> Option<Arc<Policy>> {
    if let Some(known) = context.memo.vaults.get(&id) {
        return known;
    }
    let policy = match context.graph.vault_policies.get(id.0 as usize)? {
        EffectivePolicy::Given(setting) => Some(document::parse(&setting.value)),
        EffectivePolicy::Absent => None,
        EffectivePolicy::Unknown(why) => {
            Some(Policy { open: Some(why.text.clone()), open_span: why.span, ..Policy::default() })
        }
    };
    let policy = policy.map(Arc::new);
    context.memo.vaults.insert(id, policy.clone());
    policy
}

/// A role's policies, and why there may be more.
pub(super) type RolePolicies = (Arc<[Cow<'static, Policy>]>, Option<Why>);

/// The destination's service-linked role on a key through a service, in these Regions.
type ShareKey = (KeyId, Account, String, Vec<Region>);

/// What was worked out for earlier copies; shared by all threads.
#[derive(Debug, Default)]
pub struct Memo {
    keys: Answers<KeyId, Arc<Policy>>,
    vaults: Answers<VaultId, Option<Arc<Policy>>>,
    roles: Answers<RoleId, RolePolicies>,
    shares: Answers<ShareKey, (Decisions, Decisions)>,
    /// What a vault's access policy says to a role.
    pub(super) vault_answers: Answers<(VaultId, String, Account), Arc<Decision>>,
    pub(super) rights: Answers<RightsKey, Rights>,
    /// What a role's trust policy says to AWS Backup.
    pub(super) trusts: Answers<RoleId, Arc<Decision>>,
    /// Whether a key's policy lets anybody of the caller's account do anything.
    pub(super) open_keys: Answers<(KeyId, String, Account), bool>,
}

/// A role by its id and ARN, the destination vault's ARN where the copy leaves the account, and whether it is of S3.
pub(super) type RightsKey = (RoleId, String, Option<String>, bool);

/// What the role lacks, and why more cannot be told.
pub(super) type Rights = (Vec<&'static str>, Option<Why>);

/// So many answers are kept: copies that ask the same mostly follow each other.
const MOST_ANSWERS: usize = 8192;

/// Answers by question. Two threads may work out the same answer; it is the same.
#[derive(Debug)]
pub(super) struct Answers<K, V>(RwLock<HashMap<K, V>>);

impl<K, V> Default for Answers<K, V> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<K: Eq + Hash, V: Clone> Answers<K, V> {
    pub(super) fn get(&self, key: &K) -> Option<V> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// The answer, worked out where it is not known yet.
    pub(super) fn of(&self, key: K, answer: impl FnOnce(&K) -> V) -> V {
        self.get(&key).unwrap_or_else(|| {
            let value = answer(&key);
            self.insert(key, value.clone());
            value
        })
    }

    pub(super) fn insert(&self, key: K, value: V) {
        let mut answers = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= MOST_ANSWERS {
            answers.clear();
        }
        answers.insert(key, value);
    }
}

/// What is wrong in a key's policy, as labels and notes of a finding.
pub(super) fn with_mistakes(mut finding: Finding, context: &Context<'_>, share: &Share, account: &Account) -> Finding {
    let Some(key) = context.graph.key(share.key) else { return finding };
    let Ok(policy) = key_policy(context, share.key, key) else { return finding };
    let place = &key.site.place;
    for mistake in iam::mistakes::in_key_policy(&policy, &place.account, account, partition(&place.region)) {
        finding = told(finding, mistake);
    }
    finding
}

/// A mistake at its statement, or as a note where that has a label already.
pub(super) fn told(finding: Finding, mistake: iam::mistakes::Mistake) -> Finding {
    let taken = |span: Span| finding.primary.iter().chain(&finding.labels).any(|label| label.span == span);
    match mistake.span {
        Some(span) if !taken(span) => finding.label(span, mistake.text),
        _ => finding.note(mistake.text),
    }
}

/// The place of a key's policy, or of the key where it has none.
pub(super) fn policy_span(context: &Context<'_>, id: KeyId, key: &Key) -> Span {
    match context.graph.key_policies.get(id.0 as usize) {
        Some(EffectivePolicy::Given(setting)) => setting.span,
        _ => key.site.header,
    }
}

/// The destination's service-linked role on a key: the two actions that the copy needs.
pub(super) const REQUIRED: [&str; 2] = ["kms:CreateGrant", "kms:DescribeKey"];

/// What AWS's pages name beside them, and the service-linked role's own policy has: without them copies of EC2 and FSx
/// are at risk.
pub(super) const FURTHER: [&str; 2] = ["kms:ReEncryptFrom", "kms:GenerateDataKeyWithoutPlaintext"];

/// What is known of a list of actions on a key.
type Decisions = Arc<[(&'static str, Decision)]>;

/// How the destination's service-linked role fares on a key.
#[derive(Debug)]
pub(super) struct Share {
    pub(super) key: KeyId,
    /// The attribute that names the key.
    pub(super) span: Span,
    /// Of [`REQUIRED`].
    pub(super) decisions: Decisions,
    /// Of [`FURTHER`], where the service needs them.
    pub(super) further: Decisions,
    /// Why the policy is not known.
    pub(super) unknown: Option<Why>,
}

/// What a share comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShareClass {
    Enough,
    Nothing,
    Incomplete,
    Condition,
    Denied,
    /// The required actions are allowed, and others that AWS's pages ask for are not.
    AtRisk,
    Undecided,
}

impl Share {
    pub(super) fn class(&self) -> ShareClass {
        let denied: Vec<&Decision> = self
            .decisions
            .iter()
            .map(|(_, decision)| decision)
            .filter(|decision| decision.answer == Answer::Denied)
            .collect();
        let has = |kind: TraceKind| denied.iter().any(|decision| decision.has(kind));
        if has(TraceKind::Denies) {
            return ShareClass::Denied;
        }
        if !denied.is_empty() {
            let some = self.decisions.iter().any(|(_, decision)| decision.answer == Answer::Allowed);
            return if has(TraceKind::ConditionNever) {
                ShareClass::Condition
            } else if has(TraceKind::ActionMissing) || some {
                ShareClass::Incomplete
            } else {
                ShareClass::Nothing
            };
        }
        if self.unknown.is_some() || self.decisions.iter().any(|(_, decision)| decision.answer == Answer::Unknown) {
            return ShareClass::Undecided;
        }
        if self.lacks_further() { ShareClass::AtRisk } else { ShareClass::Enough }
    }

    /// Whether an action that AWS's pages name beside the required ones is not certainly allowed.
    fn lacks_further(&self) -> bool {
        self.further.iter().any(|(_, decision)| decision.answer != Answer::Allowed)
    }

    /// All actions that are not certainly allowed.
    pub(super) fn lacking(&self) -> Vec<(&'static str, &Decision)> {
        let all = self.decisions.iter().chain(self.further.iter());
        all.filter(|(_, decision)| decision.answer != Answer::Allowed)
            .map(|(action, decision)| (*action, decision))
            .collect()
    }

    /// The first decision that was denied, with its action.
    pub(super) fn denied(&self) -> Option<(&'static str, &Decision)> {
        self.decisions
            .iter()
            .find(|(_, decision)| decision.answer == Answer::Denied)
            .map(|(action, decision)| (*action, decision))
    }
}

/// The shares of all customer managed keys of the source, where they matter.
pub(super) fn shares(context: &Context<'_>, copy: &Copy) -> Vec<Share> {
    if !key_matters(context, copy) {
        return Vec::new();
    }
    let Some(account) = destination_account(context, copy) else { return Vec::new() };
    let Some((_, row)) = service(context, copy) else { return Vec::new() };
    source_keys(context, copy)
        .into_iter()
        .filter_map(|used| match used {
            KeyUse::Customer { key, span } => Some(share(context, copy, *key, *span, account, &row.via)),
            _ => None,
        })
        .collect()
}

/// Whether the destination's service-linked role can use a key of the source or of the destination vault.
pub(super) fn share(context: &Context<'_>, copy: &Copy, id: KeyId, span: Span, account: &Account, via: &str) -> Share {
    let none = |why: Why| Share { key: id, span, decisions: Arc::from([]), further: Arc::from([]), unknown: Some(why) };
    let Some(key) = context.graph.key(id) else {
        return none(Why { text: "the key is not known".to_owned(), span: None });
    };
    let policy = match key_policy(context, id, key) {
        Ok(policy) => policy,
        Err(why) => return none(why),
    };
    let place = &key.site.place;
    let caller = iam::service_linked_role(account, partition(&place.region));
    let regions: Vec<Region> = match (copy.cross_region, context.graph.place(&copy.destination)) {
        (Some(false), _) | (_, None) => vec![place.region.clone()],
        (_, Some(target)) => vec![place.region.clone(), target.region.clone()],
    };
    let memo = (id, account.clone(), via.to_owned(), regions.clone());
    if let Some((decisions, further)) = context.memo.shares.get(&memo) {
        return Share { key: id, span, decisions, further, unknown: None };
    }
    let arn = format!(
        "arn:{}:kms:{}:{}:key/\u{1}{}\u{1}",
        partition(&place.region),
        text(&place.region),
        iam::account_text(&place.account),
        key.site.address
    );
    let grants: Vec<iam::decide::Grant> = context
        .graph
        .key_grants
        .get(id.0 as usize)
        .into_iter()
        .flatten()
        .filter_map(|at| context.graph.entities.grants.get(*at as usize))
        .map(|grant| iam::decide::Grant {
            grantee: grant.grantee.value.clone(),
            operations: grant.operations.value.clone(),
            constrained: true,
        })
        .collect();
    let decide = |action: &'static str| {
        let facts = context::key_use(action, via, &regions, &caller, &place.account, &context.graph.facts.organization);
        let request =
            Request { caller: &caller, action, resource: &arn, resource_account: &place.account, context: &facts };
        (action, iam::decide_key(&request, &policy, &[iam::service_linked_role_policy()], &grants))
    };
    let decisions: Decisions = REQUIRED.into_iter().map(decide).collect();
    let needed = matches!(via, "ec2" | "fsx");
    let further: Decisions = FURTHER.into_iter().filter(|_| needed).map(decide).collect();
    context.memo.shares.insert(memo, (decisions.clone(), further.clone()));
    Share { key: id, span, decisions, further, unknown: None }
}

pub(super) fn text<T: std::fmt::Display>(known: &Known<T>) -> String {
    match known {
        Known::Is(value) => value.to_string(),
        Known::Symbol(symbol) => format!("\u{1}{symbol}\u{1}"),
    }
}

/// The first share of this class, with its key.
pub(super) fn share_of<'a>(context: &'a Context<'_>, copy: &Copy, class: ShareClass) -> Option<(Share, &'a Key)> {
    let share = shares(context, copy).into_iter().find(|share| share.class() == class)?;
    let key = context.graph.key(share.key)?;
    Some((share, key))
}

/// How to share a key with an account, as statements to add to its policy.
pub(super) fn statements_to_add(context: &Context<'_>, id: KeyId, key: &Key, account: &Account, via: &str) -> String {
    let place = policy_span(context, id, key);
    let form = remedy::form(context, &key.site.kind, place);
    let statements = remedy::share_key(account, partition(&key.site.place.region), via);
    format!("add to the key's policy:\n{}", remedy::code(&statements, form))
}

/// How to share wholly a key that is shared with an account: the statements that allow something it lacks.
pub(super) fn statements_lacking(
    context: &Context<'_>,
    share: &Share,
    key: &Key,
    account: &Account,
    via: &str,
) -> String {
    let form = remedy::form(context, &key.site.kind, policy_span(context, share.key, key));
    let lacking: Vec<&str> = share.lacking().into_iter().map(|(action, _)| action).collect();
    let all = remedy::share_key(account, partition(&key.site.place.region), via);
    let some: Vec<_> = all
        .iter()
        .filter(|one| one.actions.iter().any(|pattern| lacking.iter().any(|action| wildcard(pattern, action))))
        .cloned()
        .collect();
    let statements = if some.is_empty() { &all[..] } else { &some };
    format!("add to the key's policy:\n{}", remedy::code(statements, form))
}

/// AWS's own words where the source's key cannot be used.
pub(super) fn key_error(via: &str) -> &'static str {
    match via {
        "rds" => {
            "AWS says: The source snapshot KMS key [...] does not exist, is not enabled or you do not have permissions to access it."
        }
        _ => "AWS says: Given key ID is not accessible",
    }
}

/// Under `--strict` an assumption is not enough.
pub(super) fn assumed(context: &Context<'_>, rule: &'static str, what: &str, help: &str) -> Outcome {
    if !context.strict {
        return Outcome::Pass(Vec::new());
    }
    undecided(finding(rule, what, format!("neither code nor configuration says that {what}"), None).help(help))
}
