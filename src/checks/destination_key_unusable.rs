//! The destination vault's key is disabled, locked out, or of an account that does not share it.

use super::source_key_unusable::{REGIONS_PAGE, foreign, unusable};
use super::support::{
    ShareClass, destination, destination_name, fail, finding, key_policy, may_name, partition, policy_span, service,
    share, source_name, undecided, with_places,
};
use super::{Context, Outcome, remedy};
use crate::catalog::Support;
use crate::copy::Copy;
use crate::diagnostic::Label;
use crate::graph::{KeyUse, VaultTarget};

const RULE: &str = "destination-key-unusable";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let VaultTarget::Vault(id) = &copy.destination else { return Outcome::NotApplicable };
    let (Some(vault), Some(used)) = (destination(context, copy), context.graph.vault_keys.get(id.0 as usize)) else {
        return Outcome::NotApplicable;
    };
    let name = destination_name(context, copy);
    if let Some((span, elsewhere, home)) = foreign(context, used, &vault.site.place.region) {
        let words = format!("names a key of {elsewhere}, and the vault lies in {home}");
        let primary = Some(Label::new(span, words));
        let root = format!("{}|{}", vault.site.unit, vault.site.address);
        let found = finding(
            RULE,
            root,
            format!("copies into {name} will fail: the vault's key lies in another Region"),
            primary,
        )
        .note("a KMS key belongs to one Region, and AWS encrypts a vault under keys of its own Region only")
        .help(format!("name a key of {home}; the replica there of a multi-Region key is one"))
        .url(REGIONS_PAGE);
        return fail(with_places(found, context, copy));
    }
    let full = service(context, copy).is_none_or(|(_, row)| row.full == Support::Yes);
    let KeyUse::Customer { key: key_id, span } = used else {
        if let KeyUse::External { name: key, span } = used {
            let text = key.text().map_or_else(|| "a key".to_owned(), |text| format!("`{text}`"));
            let found = finding(
                RULE,
                format!("{}|{}", vault.site.unit, vault.site.address),
                format!(
                    "whether copies into {name} can be encrypted cannot be told: no loaded code defines its key {text}"
                ),
                Some(Label::new(*span, "this key is not known")),
            )
            .help("load the code that defines the key, or give its policy under [[known.key]] in crossvault.toml");
            return undecided(with_places(found, context, copy));
        }
        return Outcome::NotApplicable;
    };
    let Some(key) = context.graph.key(*key_id) else { return Outcome::NotApplicable };
    let root = format!("{}|{}", key.site.unit, key.site.address);
    match unusable(key) {
        Ok(Some((setting, words))) => {
            let found = finding(
                RULE,
                root,
                format!("copies into {name} will fail: the vault's key `{}` cannot be used", key.site.address),
                Some(Label::new(setting.span, words)),
            )
            .note("AWS says: KMS key is either disabled or pending deletion or access to KMS key is denied")
            .help("use an enabled symmetric encryption key");
            return fail(with_places(found, context, copy));
        }
        Err(setting) => {
            return undecided(with_places(
                finding(
                    RULE,
                    root,
                    format!("whether the key `{}` can be used cannot be told", key.site.address),
                    Some(Label::new(setting.span, "this is not known")),
                ),
                context,
                copy,
            ));
        }
        Ok(None) => {}
    }
    // Whoever makes the vault needs the key, too, and so does every copy into it.
    if key.site.place.account.same(&vault.site.place.account) == Some(false)
        && let Some(id) = vault.site.place.account.known()
        && let Ok(policy) = key_policy(context, *key_id, key)
        && !may_name(&policy, &id.to_string())
        && context.graph.key_grants.get(key_id.0 as usize).is_none_or(Vec::is_empty)
    {
        let (account, owner) = (
            context.graph.account_words(&vault.site.place.account),
            context.graph.account_words(&key.site.place.account),
        );
        let found = finding(
            RULE,
            root,
            format!(
                "copies into {name} will fail: the vault's key `{}` is not shared with {account}",
                key.site.address
            ),
            Some(Label::new(policy_span(context, *key_id, key), format!("gives {account} nothing"))),
        )
        .label(*span, format!("the vault is encrypted under a key of {owner}"))
        .note("AWS says: KMS key is either disabled or pending deletion or access to KMS key is denied")
        .help(format!("let the root of {account} use the key, or give the vault a key of its own account"));
        return fail(with_places(found, context, copy));
    }
    if full || copy.cross_account != Some(true) {
        return Outcome::Pass(Vec::new());
    }
    let Some((_, row)) = service(context, copy) else { return Outcome::NotApplicable };
    let share = share(context, copy, *key_id, *span, &vault.site.place.account, &row.via);
    let place = policy_span(context, *key_id, key);
    let account = context.graph.account_name(&vault.site.place.account);
    let of = (&vault.site.place.account, partition(&key.site.place.region));
    let own = || remedy::use_by_account(context, &key.site.kind, place, of);
    match share.class() {
        ShareClass::Enough => Outcome::Pass(Vec::new()),
        ShareClass::AtRisk => {
            let lacking = share.lacking();
            let actions: Vec<String> = lacking.iter().map(|(action, _)| format!("`{action}`")).collect();
            let span = lacking.iter().find_map(|(_, decision)| decision.because.iter().find_map(|trace| trace.span));
            let found = finding(
                RULE,
                root,
                format!("whether copies into {name} can be encrypted cannot be told: account {account} may not use {} on its vault's key `{}`, and AWS's pages ask for it", actions.join(" and "), key.site.address),
                Some(Label::new(span.unwrap_or(place), format!("does not allow {}", actions.join(" and ")))),
            )
            .help(format!("add these actions, or let the root of account {account} use the key:\n{}", own()));
            undecided(with_places(found, context, copy))
        }
        ShareClass::Undecided => {
            let trace = share
                .decisions
                .iter()
                .flat_map(|(_, decision)| &decision.because)
                .find(|trace| matches!(trace.kind, crate::iam::TraceKind::Undecided | crate::iam::TraceKind::Open));
            let words = trace
                .map(|trace| format!("{}: {}", trace.statement, trace.reason))
                .or_else(|| share.unknown.as_ref().map(|why| why.text.clone()))
                .unwrap_or_default();
            let span = trace.and_then(|trace| trace.span).unwrap_or(place);
            let found = finding(
                RULE,
                root,
                format!(
                    "whether account {account} may use the key `{}` of its vault cannot be told: {words}",
                    key.site.address
                ),
                Some(Label::new(span, "this decides")),
            );
            undecided(with_places(found, context, copy))
        }
        _ => {
            let trace = share.denied().and_then(|(_, decision)| decision.because.first());
            let span = trace.and_then(|trace| trace.span).unwrap_or(place);
            let words = trace.map_or_else(
                || "gives the vault's account nothing".to_owned(),
                |trace| format!("{} {}", trace.statement, trace.reason),
            );
            let found = finding(RULE, root, format!("the copy of {} into {name} will fail: account {account}'s AWS Backup role may not use the vault's key `{}`", source_name(context, copy), key.site.address), Some(Label::new(span, words)))
                .note("AWS says: KMS key is either disabled or pending deletion or access to KMS key is denied")
                .help(format!("let the root of account {account} use the key:\n{}", own()));
            fail(with_places(found, context, copy))
        }
    }
}
