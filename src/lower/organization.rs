//! The organization's tree: organizations, organizational units, accounts.

use super::{items, setting};
use crate::model::{Entities, OrganizationForm, OrganizationPart, Setting, Site};
use crate::resource::Resource;

/// Whether the resource was a piece of an organization's tree.
pub(super) fn lower(resource: &Resource, site: &Site, out: &mut Entities) -> bool {
    let (form, name, parent) = match &*resource.kind {
        "aws_organizations_organization" | "AWS::Organizations::Organization" => {
            (OrganizationForm::Organization, "name", None)
        }
        "aws_organizations_organizational_unit" => (OrganizationForm::Unit, "name", setting(resource, "parent_id")),
        "AWS::Organizations::OrganizationalUnit" => (OrganizationForm::Unit, "Name", setting(resource, "ParentId")),
        "aws_organizations_account" => (OrganizationForm::Account, "name", setting(resource, "parent_id")),
        "AWS::Organizations::Account" => {
            let parents = items(resource.get("ParentIds")).0.into_iter();
            let span = resource.attribute_span("ParentIds");
            let parent = parents.map(|value| Setting { value, span }).next();
            (OrganizationForm::Account, "AccountName", parent)
        }
        _ => return false,
    };
    out.organization.push(OrganizationPart {
        site: site.clone(),
        form,
        name: resource.get(name).cloned(),
        parent,
        id: resource.imported_id.as_deref().cloned(),
    });
    true
}
