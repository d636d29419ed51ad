//! The organization: its tree, and the policies attached to its parts.

mod effective;
mod expand;
mod tree;

pub(super) use expand::expand;

use super::link::uncertain;
use super::{Facts, Why};
use crate::aws::Account;
use crate::model::{Entities, OrganizationPolicy, Setting, Site};
use crate::source::Span;
use crate::value::{Existence, Kind, Value};
use tree::{Target, Tree, UnitId};

/// The organization's tree and which policies are attached where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Organization {
    pub(super) tree: Tree,
    /// Attachments of `entities.service_controls`, by the policy's index.
    controls: Vec<Attachment>,
}

/// A policy attached to a root, unit or account.
#[derive(Clone, Debug)]
struct Attachment {
    /// The policy's index.
    policy: usize,
    target: Target,
    /// The target as messages name it.
    label: String,
    /// Where the target is named.
    span: Span,
    exists: Existence,
    /// Why it is not certain that it is attached, or to what.
    doubt: Option<Why>,
}

impl Organization {
    pub(super) fn new(entities: &Entities, facts: &Facts) -> Self {
        let mut tree = Tree::new(entities, facts);
        let controls = attachments(&entities.service_controls, entities, &mut tree);
        Self { tree, controls }
    }

    /// The service control policies that bind the account; with why, where that is not certain.
    pub(super) fn controls<'a>(
        &self,
        entities: &'a Entities,
        account: &Account,
    ) -> Vec<(&'a OrganizationPolicy, Option<Why>)> {
        // Service control policies do not bind the management account.
        // Source: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>, read 2026-11.
        let management = self.tree.is_management(account);
        if management == Some(true) {
            return Vec::new();
        }
        let mut out: Vec<(usize, Option<Why>)> = Vec::new();
        for attachment in &self.controls {
            let Some(policy) = entities.service_controls.get(attachment.policy) else { continue };
            let reached = match &attachment.target {
                Target::Account(own) => own.same(account),
                Target::Unit(unit) => self.tree.below(*unit, account),
                Target::Unknown => None,
            };
            // Whoever names an account means to bind it.
            let manages = management.is_none()
                && matches!(attachment.target, Target::Unit(_))
                && policy.site.place.account.same(account) == Some(true);
            let doubt = match reached {
                Some(false) => continue,
                None => attachment.doubt.clone().or_else(|| Some(not_known(account, attachment))),
                Some(true) if manages => Some(Why {
                    text: format!(
                        "account {account} declares the policy, so it may be the management account, which no service control policy binds; set management_account under [organization]"
                    ),
                    span: Some(attachment.span),
                }),
                Some(true) => attachment.doubt.clone(),
            };
            match out.iter_mut().find(|(policy, _)| *policy == attachment.policy) {
                Some((_, known)) => *known = known.take().and(doubt),
                None => out.push((attachment.policy, doubt)),
            }
        }
        out.into_iter().filter_map(|(policy, doubt)| Some((entities.service_controls.get(policy)?, doubt))).collect()
    }

    /// Where `FullAWSAccess` was detached above the account: the policies attached there, of which one must allow.
    pub(super) fn allow_lists<'a>(&self, entities: &'a Entities, account: &Account) -> Vec<AllowList<'a>> {
        if self.tree.is_management(account) == Some(true) {
            return Vec::new();
        }
        let at = |unit: UnitId| {
            let own = self.controls.iter().filter(|attachment| attachment.target == Target::Unit(unit));
            let doubt = own.clone().find_map(|attachment| attachment.doubt.clone());
            AllowList {
                unit: self.tree.label(&Target::Unit(unit), &Value::null()),
                policies: own.filter_map(|attachment| entities.service_controls.get(attachment.policy)).collect(),
                doubt,
                span: self.tree.span(unit),
            }
        };
        self.tree.restricted(account).into_iter().map(at).collect()
    }
}

/// A root or unit where AWS's `FullAWSAccess` was detached: one of the policies attached there must allow.
#[derive(Clone, Debug)]
pub struct AllowList<'a> {
    pub unit: String,
    pub policies: Vec<&'a OrganizationPolicy>,
    /// Why it is not certain that all of them are attached.
    pub doubt: Option<Why>,
    /// Where the configuration says that it was detached.
    pub span: Option<Span>,
}

fn not_known(account: &Account, attachment: &Attachment) -> Why {
    Why {
        text: format!(
            "whether account {account} lies below `{}` is not known; list it under [organization.units] in crossvault.toml",
            attachment.label
        ),
        span: Some(attachment.span),
    }
}

/// The attachments of these policies: those that a policy names itself, and resources of their own.
fn attachments(policies: &[OrganizationPolicy], entities: &Entities, tree: &mut Tree) -> Vec<Attachment> {
    let mut out = Vec::new();
    for (at, policy) in policies.iter().enumerate() {
        let own = policy.targets.iter().map(|target| (target, None));
        let others = entities.policy_attachments.iter().filter(|attachment| match &attachment.policy.value.kind {
            Kind::Ref(reference) => reference.stack == policy.site.stack && reference.address == policy.site.address,
            _ => false,
        });
        let all: Vec<(&Setting, Option<&Site>)> =
            own.chain(others.map(|attachment| (&attachment.target, Some(&attachment.site)))).collect();
        for (setting, site) in all {
            let target = tree.target(&setting.value);
            let unknown = (target == Target::Unknown).then(|| {
                let why = tree::unknown(setting);
                Why { text: format!("what `{}` is attached to is not known: {}", policy.site.address, why.text), ..why }
            });
            let exists = match site.map(|site| &site.exists) {
                Some(exists) if policy.site.exists == Existence::Certain => exists.clone(),
                _ => policy.site.exists.clone(),
            };
            out.push(Attachment {
                policy: at,
                label: tree.label(&target, &setting.value),
                target,
                span: setting.span,
                doubt: unknown.or_else(|| site.and_then(uncertain)).or_else(|| uncertain(&policy.site)),
                exists,
            });
        }
    }
    out
}
