//! The source vault's key is not shared with the destination: for fully managed types AWS's pages disagree on the need.
//!
//! Sources, read 2026-11: <https://repost.aws/knowledge-center/backup-cross-account-copy-error> asks for it;
//! <https://aws.amazon.com/blogs/storage/how-encryption-works-in-aws-backup/> copies from a vault whose key cannot be shared.

use super::support::{ShareClass, destination_account, fail, finding, policy_span, service, share, with_places};
use super::{Context, Outcome};
use crate::catalog::Support;
use crate::copy::Copy;
use crate::diagnostic::{Label, Severity};
use crate::graph::{KeyUse, VaultTarget};

const RULE: &str = "source-vault-key-not-shared";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let managed = service(context, copy).is_some_and(|(_, row)| row.full == Support::Yes);
    let (true, Some(true), VaultTarget::Vault(id)) = (managed, copy.cross_account, &copy.source_vault) else {
        return Outcome::NotApplicable;
    };
    let Some(KeyUse::Customer { key: key_id, span }) = context.graph.vault_keys.get(id.0 as usize) else {
        return Outcome::NotApplicable;
    };
    let (Some(account), Some(key), Some(vault)) =
        (destination_account(context, copy), context.graph.key(*key_id), context.graph.vault(*id))
    else {
        return Outcome::NotApplicable;
    };
    if share(context, copy, *key_id, *span, account, "backup").class() != ShareClass::Nothing {
        return Outcome::Pass(Vec::new());
    }
    let shown = context.graph.account_name(account);
    let headline = format!(
        "the source vault's key `{}` is not shared with account {shown}; AWS's pages disagree on whether it must be",
        key.site.address
    );
    let label = Label::new(policy_span(context, *key_id, key), "the key's policy names only others");
    let found = finding(RULE, format!("{}|{}|{account}", key.site.unit, key.site.address), headline, Some(label))
        .label(*span, format!("the key of the vault `{}`", vault.site.address))
        .severity(Severity::Info)
        .help(format!(
            "where copies fail with \"Given key ID is not accessible\", let the root of account {shown} use this key"
        ))
        .url("https://repost.aws/knowledge-center/backup-cross-account-copy-error");
    fail(with_places(found, context, copy))
}
