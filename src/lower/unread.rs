//! What code that was not read may attach to vaults, keys, roles and data stores.

use crate::model::{
    Entities, KeyPolicy, Lock, RolePolicy, RolePolicyKind, Setting, Site, StoreFact, UNREAD, VaultAttachment,
};
use crate::resource::{Stack, Unread};
use crate::value::{Existence, Reason, Value};
use std::sync::Arc;

pub(super) fn lower(stack: &Stack, part: &Unread, out: &mut Entities) {
    let site = Site {
        stack: stack.id,
        unit: stack.unit.clone(),
        address: part.what.clone(),
        kind: UNREAD.into(),
        place: stack.place.clone().into(),
        header: part.span,
        span: part.span,
        chain: Arc::from([]),
        exists: Existence::Certain,
        external: false,
    };
    let unknown =
        |text: String| Setting { value: Value::unknown(Reason::File(text.into()), Some(part.span)), span: part.span };
    let declares = |kinds: &[&str]| part.kind.as_ref().is_none_or(|kind| kinds.contains(&&**kind));
    let target = |kinds: &[&str]| match &part.of {
        Some((kind, value)) => kinds
            .contains(&&**kind)
            .then(|| Setting { value: Value { span: Some(part.span), ..value.clone() }, span: part.span }),
        None => Some(unknown(part.why.to_string())),
    };
    let doubt = |what: &str| unknown(format!("{}, and may hold {what}", part.why));
    if let Some(vault) = target(&["aws_backup_vault", "aws_backup_logically_air_gapped_vault"]) {
        let policy = declares(&["aws_backup_vault_policy"]).then(|| doubt("the vault's policy"));
        let lock = declares(&["aws_backup_vault_lock_configuration"]).then(|| {
            let bound = Some(doubt("the vault's lock"));
            Lock { min_days: bound.clone(), max_days: bound, span: part.span }
        });
        if policy.is_some() || lock.is_some() {
            out.vault_attachments.push(VaultAttachment { site: site.clone(), vault, policy, lock });
        }
    }
    if declares(&["aws_kms_key_policy"])
        && let Some(key) = target(&["aws_kms_key", "aws_kms_replica_key", "aws_kms_external_key"])
    {
        out.key_policies.push(KeyPolicy { site: site.clone(), key, policy: doubt("the key's policy") });
    }
    let of_roles = [
        "aws_iam_role_policy",
        "aws_iam_role_policy_attachment",
        "aws_iam_policy_attachment",
        "aws_iam_role_policies_exclusive",
        "aws_iam_role_policy_attachments_exclusive",
    ];
    if declares(&of_roles)
        && let Some(role) = target(&["aws_iam_role"])
    {
        let policy = RolePolicyKind::Inline(doubt("a policy of the role"));
        out.role_policies.push(RolePolicy { site: site.clone(), role, policy });
    }
    let facts = [
        ("aws_s3_bucket_versioning", "aws_s3_bucket", "versioning", "the bucket's versioning"),
        (
            "aws_fsx_data_repository_association",
            "aws_fsx_lustre_file_system",
            "data_repository",
            "a data repository of the file system",
        ),
    ];
    for (kind, of, fact, what) in facts {
        if declares(&[kind])
            && let Some(store) = target(&[of])
        {
            out.store_facts.push(StoreFact { site: site.clone(), store, fact: fact.into(), value: doubt(what) });
        }
    }
}
