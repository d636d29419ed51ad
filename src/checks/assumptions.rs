//! What a verdict rests on although nothing says so.

use super::support::{is_default_role, role_caller, service};
use super::{Context, copy_unsupported, different_organizations, dynamodb_advanced_backup_off, service_not_opted_in};
use crate::copy::Copy;
use crate::graph::{RoleTarget, Switch};

/// What is assumed of a copy because neither code nor configuration says anything.
pub(super) fn assumptions(context: &Context<'_>, copy: &Copy) -> Vec<String> {
    let mut out = Vec::new();
    if copy.cross_account == Some(true) {
        if different_organizations::same(context, copy).is_none() {
            out.push("both accounts are members of one organization".to_owned());
        }
        if matches!(context.graph.cross_account, Some(Switch::Unstated) | None) {
            out.push("cross-account backup is switched on in the organization's management account".to_owned());
        }
        if role_caller(context, copy).as_ref().is_some_and(is_default_role)
            && matches!(copy.role, RoleTarget::External { .. })
        {
            out.push("`AWSBackupDefaultServiceRole` exists with AWS's own policies".to_owned());
        }
    }
    if copy_unsupported::image_assumed(context, copy) {
        out.push(copy_unsupported::OWN_IMAGES.to_owned());
    }
    if let Some((name, row)) = service(context, copy) {
        if name == "dynamodb" && dynamodb_advanced_backup_off::stated(context, copy).is_none() {
            out.push("DynamoDB's advanced backup features are on".to_owned());
        }
        if service_not_opted_in::relied_on(context, copy) && service_not_opted_in::stated(context, copy).is_none() {
            out.push(format!("AWS Backup is opted in for {}", row.opt_in));
        }
    }
    out
}
