//! A logically air-gapped vault that cannot take this copy, or that the backup is made into in the first place.
//!
//! Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/logicallyairgappedvault.html>, read 2026-11.

use super::support::{
    self, action_span, destination, destination_name, fail, finding, rule, service, source_keys, source_name, store,
    undecided, with_places, with_why,
};
use super::{Context, Finding, Outcome};
use crate::aws::Region;
use crate::catalog::{Support, UnencryptedCopy};
use crate::copy::Copy;
use crate::diagnostic::Label;
use crate::graph::{KeyUse, VaultTarget, resolve_vault};
use crate::iam::{self, Answer, Policy, Request, context};
use crate::model::Setting;

const RULE: &str = "air-gapped-vault-unsupported";
const PAGE: &str = "https://docs.aws.amazon.com/aws-backup/latest/devguide/logicallyairgappedvault.html";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let primary = rule(context, copy).and_then(|rule| rule.target_air_gapped.as_ref());
    if let Some(outcome) = primary.and_then(|target| from_air_gapped(context, copy, target)) {
        return outcome;
    }
    // Whether a vault that no code defines is one, is told with that vault.
    let Some(vault) = destination(context, copy).filter(|vault| vault.air_gapped) else {
        return Outcome::NotApplicable;
    };
    let name = source_name(context, copy);
    let target = destination_name(context, copy);
    let root = store(context, copy)
        .map(|store| format!("{}|{}|{target}", store.site.unit, store.site.address))
        .unwrap_or_else(|| format!("{name}|{target}"));
    let at = store(context, copy).map(|store| store.site.header).or_else(|| action_span(context, copy));
    let told = |headline: String, words: &str| -> Finding {
        finding(RULE, root.clone(), headline, at.map(|span| Label::new(span, words))).url(PAGE)
    };
    let no = |words: &str, aws: &'static str| {
        let headline = format!("the copy of {name} to the logically air-gapped vault {target} will fail: {words}");
        fail(with_places(told(headline, "cannot be copied there").note(aws), context, copy))
    };
    let open = |words: &str| {
        let headline =
            format!("whether {name} may go to the logically air-gapped vault {target} cannot be told: {words}");
        undecided(with_places(told(headline, "copied there"), context, copy))
    };
    let none = |region: &Region| {
        region.known().map(|region| context.catalog.no_air_gapped_copy_regions.iter().any(|no| **no == **region))
    };
    let away = copy.cross_account != Some(false) || copy.cross_region != Some(false);
    let from = context.graph.plan(copy.plan).map(|plan| &plan.site.place.region);
    let (there, here) = (none(&vault.site.place.region), from.and_then(none));
    if there == Some(true) && away {
        return no(&format!("there are no such copies in `{}`", vault.site.place.region), "");
    }
    let Some((_, row)) = service(context, copy) else {
        return undecided(told(
            format!(
                "whether {name} may go to the logically air-gapped vault {target} cannot be told: its type is not known"
            ),
            "this resource",
        ));
    };
    match row.lag {
        Support::No => {
            return no(
                &format!("{} is not supported there", row.label),
                "AWS says: This resource type is not supported by logically air-gapped backup vault.",
            );
        }
        Support::Unknown | Support::Yes => {}
    }
    let mut unknown = None;
    if row.full != Support::Yes {
        for used in source_keys(context, copy) {
            match used {
                KeyUse::AwsManaged { alias, .. } => {
                    return no(
                        &format!("its data is encrypted under the AWS-managed key `{alias}`"),
                        "AWS says: This resource is encrypted with an AWS managed key and cannot be copied to a logically air-gapped backup vault.",
                    );
                }
                KeyUse::Unencrypted { .. } if row.unencrypted_copy == Some(UnencryptedCopy::Stays) => {
                    return no(&format!("{} that is not encrypted is not supported there", row.label), "");
                }
                KeyUse::Unknown(why) => unknown = unknown.or(Some(why)),
                _ => {}
            }
        }
    }
    if let Some(why) = unknown {
        let headline =
            format!("whether {name} may go to the logically air-gapped vault {target} cannot be told: {}", why.text);
        return undecided(with_places(with_why(told(headline, "under a key that is not known"), why), context, copy));
    }
    if row.lag == Support::Unknown {
        return open(&format!("AWS does not say whether {} is supported there", row.label));
    }
    match (there, here) {
        (Some(true), _) => {
            return open("AWS's pages do not say whether it can be copied there within the account and Region");
        }
        (_, Some(true)) => return open("AWS's pages do not say whether it can be copied from the source's Region"),
        (None, _) | (_, None) => return open("not every Region has such copies, and the Region is not known"),
        (Some(false), Some(false)) => {}
    }
    if let Some(key) = &vault.key {
        return own_key(context, copy, key, root);
    }
    Outcome::Pass(Vec::new())
}

/// What AWS's page says that the role which copies needs on a customer managed key of the vault.
const KEY_ACTIONS: [&str; 6] = [
    "kms:CreateGrant",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncryptTo",
    "kms:GenerateDataKeyWithoutPlaintext",
];

/// A vault under a customer managed key: the plan's role must be allowed to use it, by the key's policy and by its own.
fn own_key(context: &Context<'_>, copy: &Copy, named: &Setting, root: String) -> Outcome {
    let target = destination_name(context, copy);
    let needs = || {
        let actions = KEY_ACTIONS.iter().map(|action| format!("`{action}`")).collect::<Vec<_>>().join(", ");
        format!("AWS's page asks that the role which copies may use this key: {actions}")
    };
    let open = |words: String| {
        let headline = format!(
            "whether the plan's role may use the key of the logically air-gapped vault {target} cannot be told: {words}"
        );
        let label = Label::new(named.span, "the role that copies must be allowed to use this key");
        undecided(with_places(
            finding(RULE, root.clone(), headline, Some(label)).note(needs()).url(PAGE),
            context,
            copy,
        ))
    };
    let used = match &copy.destination {
        VaultTarget::Vault(id) => context.graph.vault_keys.get(id.0 as usize),
        _ => None,
    };
    let Some(KeyUse::Customer { key: id, .. }) = used else {
        return open("no loaded code defines the key".to_owned());
    };
    let (Some(key), Some(caller)) = (context.graph.key(*id), support::role_caller(context, copy)) else {
        return open("which role makes the copy is not known".to_owned());
    };
    let policy = match support::key_policy(context, *id, key) {
        Ok(policy) => policy,
        Err(why) => return open(why.text),
    };
    let place = &key.site.place;
    // Whatever the role's own policies say: what the key's policy does not let it do, it may not do.
    let everything: Vec<&Policy> =
        iam::managed_policy("arn:aws:iam::aws:policy/AdministratorAccess").into_iter().collect();
    let arn = format!(
        "arn:{}:kms:{}:{}:key/\u{1}{}\u{1}",
        support::partition(&place.region),
        support::text(&place.region),
        iam::account_text(&place.account),
        key.site.address
    );
    for action in KEY_ACTIONS {
        let organization = &context.graph.facts.organization;
        let facts = context::key_use(
            action,
            "backup",
            std::slice::from_ref(&place.region),
            &caller,
            &place.account,
            organization,
        );
        let request =
            Request { caller: &caller, action, resource: &arn, resource_account: &place.account, context: &facts };
        if iam::decide_key(&request, &policy, &everything, &[]).answer != Answer::Denied {
            continue;
        }
        let headline = format!(
            "the copy to the logically air-gapped vault {target} will fail: the vault's key `{}` does not let the plan's role use it",
            key.site.address
        );
        let label = Label::new(support::policy_span(context, *id, key), format!("does not allow `{action}`"));
        let found = finding(RULE, root, headline, Some(label))
            .label(named.span, "the vault's key")
            .note(needs())
            .help(format!(
                "allow these actions to `{}` in the key's policy, and in the role's own",
                caller.role_arn.replace('\u{1}', "")
            ))
            .url(PAGE);
        return fail(with_places(found, context, copy));
    }
    open("the key's policy lets it; whether its own policies must, too, AWS does not say".to_owned())
}

/// What follows from backups that are made into an air-gapped vault; `None` where the copy starts from the backup in the
/// standard vault, and is judged as any other.
///
/// Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/lag-vault-primary-backup.html>, read 2026-11: backups of
/// fully managed types lie in the air-gapped vault alone; of the others a temporary one in the standard vault is copied.
fn from_air_gapped(context: &Context<'_>, copy: &Copy, target: &Setting) -> Option<Outcome> {
    let plan = &context.graph.plan(copy.plan)?.site;
    let name = source_name(context, copy);
    let root = format!("{}|{}|{name}", plan.unit, plan.address);
    let told = |headline: String| {
        let label = Label::new(target.span, "backups are made into this vault first");
        finding(RULE, root.clone(), headline, Some(label))
            .url("https://docs.aws.amazon.com/aws-backup/latest/devguide/lag-vault-primary-backup.html")
    };
    let open = |words: &str| {
        Some(undecided(with_places(
            told(format!("whether {name} can be copied cannot be told: {words}")),
            context,
            copy,
        )))
    };
    let vault = resolve_vault(context.graph, target, &plan.place);
    let place = context.graph.place(&vault);
    let elsewhere = place.is_some_and(|place| {
        place.account.same(&plan.place.account) == Some(false) || place.region.same(&plan.place.region) == Some(false)
    });
    if elsewhere {
        let headline = format!(
            "the copy of {name} will fail: backups cannot be made into a logically air-gapped vault of another account or Region"
        );
        return Some(fail(with_places(
            told(headline).help("name an air-gapped vault of the plan's own account and Region"),
            context,
            copy,
        )));
    }
    let Some((_, row)) = service(context, copy) else {
        return open("where its backup lies depends on its type, which is not known");
    };
    match (row.full, row.lag) {
        // The first backup stays in the standard vault, if only for a time.
        (Support::No, _) | (_, Support::No) => return None,
        (Support::Unknown, _) | (_, Support::Unknown) => {
            return open("whether its backups can be made into a logically air-gapped vault is not known");
        }
        (Support::Yes, Support::Yes) => {}
    }
    if destination(context, copy).is_some_and(|vault| vault.air_gapped) {
        return open("AWS copies from one logically air-gapped vault to another on demand only, not by a plan");
    }
    match &vault {
        VaultTarget::Vault(id) => {
            let vault = context.graph.vault(*id)?;
            if !vault.air_gapped {
                return open("the vault that backups are made into is not a logically air-gapped one");
            }
            if vault.key.is_some() {
                return open("whether the destination may use the key of the air-gapped vault is not known");
            }
        }
        _ => return open("no loaded code defines the vault that backups are made into"),
    }
    let VaultTarget::Vault(id) = &copy.destination else {
        return open(
            "a copy out of an air-gapped vault needs a customer managed key, and the destination's is not known",
        );
    };
    match context.graph.vault_keys.get(id.0 as usize) {
        Some(KeyUse::Customer { .. }) => None,
        Some(KeyUse::AwsManaged { alias, .. }) => {
            let headline = format!(
                "the copy of {name} will fail: a copy out of a logically air-gapped vault needs a customer managed key, and {} is under `{alias}`",
                destination_name(context, copy)
            );
            Some(fail(with_places(
                told(headline).help("give the destination vault a customer managed key"),
                context,
                copy,
            )))
        }
        _ => open("a copy out of an air-gapped vault needs a customer managed key, and the destination's is not known"),
    }
}
