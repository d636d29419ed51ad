//! A vault under `aws/backup` cannot take copies of types that AWS Backup does not manage fully.

use super::support::{
    ENCRYPTION_PAGE, action_span, destination_name, fail, finding, partition, service, source_keys, source_name,
    undecided, with_places, with_why,
};
use super::{Context, Outcome, remedy};
use crate::catalog::{Support, UnencryptedCopy};
use crate::copy::Copy;
use crate::diagnostic::{Label, Severity};
use crate::graph::{KeyUse, VaultTarget};

const RULE: &str = "destination-vault-key-aws-managed";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let Some((_, row)) = service(context, copy) else { return Outcome::NotApplicable };
    if copy.cross_account.is_none() || (row.xa == Support::No && row.xr == Support::No) {
        return Outcome::NotApplicable;
    }
    let away = copy.cross_account == Some(true);
    let name = destination_name(context, copy);
    let source = source_name(context, copy);
    if row.full == Support::Yes {
        let vault = match &copy.destination {
            VaultTarget::Vault(id) => context.graph.vault(*id).and_then(|vault| vault.name.text()),
            VaultTarget::External { name, .. } => name.clone(),
            VaultTarget::Unknown(_) => return Outcome::NotApplicable,
        };
        if away && vault.as_deref() == Some("Default") {
            let found = finding(RULE, name.clone(), format!("whether {source} can be copied into the vault `Default` of another account cannot be told: AWS's pages disagree"), action_span(context, copy).map(|span| Label::new(span, "the vault `Default`")))
                .severity(Severity::Warning)
                .help("copy into a vault of your own");
            return undecided(found);
        }
        return Outcome::Pass(Vec::new());
    }
    let VaultTarget::Vault(id) = &copy.destination else {
        if matches!(copy.destination, VaultTarget::External { .. }) {
            let found = finding(
                RULE,
                name.clone(),
                format!("whether {source} can be copied into {name} cannot be told: the vault's key is not known"),
                action_span(context, copy).map(|span| Label::new(span, "no loaded code defines this vault")),
            )
            .help("load the code that defines the vault, or describe it under [[known.vault]] in crossvault.toml");
            return undecided(found);
        }
        return Outcome::NotApplicable;
    };
    let (Some(vault), Some(used)) = (context.graph.vault(*id), context.graph.vault_keys.get(id.0 as usize)) else {
        return Outcome::NotApplicable;
    };
    let root = format!("{}|{}", vault.site.unit, vault.site.address);
    match used {
        KeyUse::AwsManaged { alias, span } if &**alias == "aws/backup" => {
            let attribute = if vault.site.kind.starts_with("AWS::") { "EncryptionKeyArn" } else { "kms_key_arn" };
            let own = (&vault.site.place.account, partition(&vault.site.place.region));
            let code = remedy::new_key(context, &vault.site, own, &[], attribute);
            let label = Label::new(*span, "under the key `aws/backup`, because the vault names no key");
            let stays = row.unencrypted_copy == Some(UnencryptedCopy::Stays)
                && !source_keys(context, copy).iter().any(|key| encrypted(key));
            if stays || (!away && !row.destination_key_always) {
                let found = finding(RULE, root, format!("whether {source} can be copied into {name} cannot be told: AWS's pages forbid a vault under `aws/backup` here, and practice differs"), Some(label))
                    .severity(Severity::Warning)
                    .help(format!("give the vault a customer managed key (`{attribute}`):\n{code}"));
                return undecided(with_places(found, context, copy));
            }
            let found = finding(RULE, root, format!("the copy of {source} into {name} will fail: the vault is encrypted under AWS Backup's own key"), Some(label))
                .note("AWS says: Copy job failed because the destination Backup vault is encrypted with the default Backup service managed key. The contents of this vault cannot be copied. Only the contents of a Backup vault encrypted by an AWS KMS key may be copied.")
                .help(format!("give the vault a customer managed key (`{attribute}`); a vault's key cannot be changed later, so this replaces the vault:\n{code}"))
                .url(ENCRYPTION_PAGE);
            fail(with_places(found, context, copy))
        }
        KeyUse::AwsManaged { alias, span } => {
            let found = finding(RULE, root, format!("whether {source} can be copied into {name} cannot be told: AWS's pages disagree on a vault under `{alias}`"), Some(Label::new(*span, "an AWS-managed key")))
                .help("give the vault a customer managed key");
            undecided(with_places(found, context, copy))
        }
        KeyUse::Unknown(why) => {
            let span = why.span.unwrap_or(vault.site.header);
            let found = finding(
                RULE,
                root,
                format!(
                    "whether {source} can be copied into {name} cannot be told: the vault's key is not known: {}",
                    why.text
                ),
                Some(Label::new(span, "this decides")),
            );
            undecided(with_places(with_why(found, why), context, copy))
        }
        KeyUse::External { span, .. } => {
            // A key by ARN could be AWS-managed; its policy is judged with the key.
            Outcome::Pass(vec![Label::new(*span, "the vault names a key")])
        }
        KeyUse::Customer { span, .. } => Outcome::Pass(vec![Label::new(*span, "under a customer managed key")]),
        KeyUse::AwsOwned { .. } | KeyUse::Unencrypted { .. } => Outcome::Pass(Vec::new()),
    }
}

/// Whether the source is certainly encrypted under a key that a customer or AWS manages.
fn encrypted(key: &KeyUse) -> bool {
    matches!(key, KeyUse::Customer { .. } | KeyUse::AwsManaged { .. } | KeyUse::External { .. })
}
