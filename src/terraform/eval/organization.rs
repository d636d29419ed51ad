//! The organization as the configuration tells it: what Terraform would read from AWS.

use super::Evaluator;
use crate::organization::Organization;
use crate::resource::Resource;
use crate::terraform::ast::Block;
use crate::value::{Kind, Reason, Ref, Unknown, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// `roots`: one root, whose id refers to the organization where it is not known.
pub(super) fn root(evaluator: &Evaluator<'_>, address: &Arc<str>) -> Value {
    let known = evaluator.settings.organization.root().map(|id| Value::string(id.clone()));
    let reference = Ref { stack: evaluator.stack, address: address.clone(), attr: "roots[0].id".into(), known };
    let id = Value::new(Kind::Ref(Arc::new(reference)));
    Value::tuple(vec![Value::object([("id", id), ("name", Value::string("Root"))])])
}

/// The id that an import gives, or that the configuration tells by name.
pub(super) fn known(evaluator: &Evaluator<'_>, resource: &Resource, attr: &str) -> Option<Value> {
    let part = resource.kind.strip_prefix("aws_organizations_")?;
    if attr != "id" || resource.data && part != "organizational_unit" {
        return None;
    }
    if let Some(id) = resource.imported_id.as_deref().and_then(Value::text) {
        return Some(Value::string(id));
    }
    let organization = &evaluator.settings.organization;
    let name = resource.get("name").and_then(Value::text)?;
    match part {
        "account" => organization.names.get(&name).map(|id| Value::string(id.as_str())),
        "organizational_unit" => unit(organization, resource, &name).map(Value::string),
        _ => None,
    }
}

/// The unit of this name below the parent that the resource names, or anywhere where that is not known.
fn unit(organization: &Organization, resource: &Resource, name: &str) -> Option<Arc<str>> {
    let parent = resource.get("parent_id").and_then(Value::text);
    let mut below = organization
        .children(parent.as_deref()?)
        .filter(|(_, unit)| unit.name.as_deref() == Some(name))
        .map(|(id, _)| id);
    match (below.next(), below.next()) {
        (Some(id), None) => Some(id.clone()),
        _ => None,
    }
    .or_else(|| organization.unit_named(name).filter(|_| parent.is_none()).cloned())
}

/// The attributes of a data source about the organization.
pub(super) fn data(evaluator: &Evaluator<'_>, resource: &Resource, block: &Block) -> Vec<(&'static str, Value)> {
    let organization = &evaluator.settings.organization;
    let parent = resource.get("parent_id").and_then(Value::text);
    match &*resource.kind {
        "aws_organizations_organization" => {
            let id = match &organization.id {
                Some(id) => Value::string(id.clone()),
                None => {
                    let mut unknown = Unknown::new(Reason::DataSource(resource.address.clone()), Some(block.header));
                    unknown.symbol = Some("organization id".into());
                    Value::new(Kind::Unknown(Arc::new(unknown)))
                }
            };
            let mut out = vec![("id", id), ("roots", root(evaluator, &resource.address))];
            if let Some(account) = &organization.management_account {
                out.push(("master_account_id", Value::string(account.as_str())));
            }
            out
        }
        "aws_organizations_organizational_unit" => {
            vec![("id", evaluator.computed_reference(&resource.address, "id", Some(resource)))]
        }
        "aws_organizations_organizational_units" => {
            let Some(parent) = parent.filter(|parent| organization.units.contains_key(parent)) else {
                return Vec::new();
            };
            let children = organization.children(&parent).map(|(id, unit)| {
                let name = unit.name.clone().map(|name| ("name", Value::string(name)));
                Value::object([("id", Value::string(id.clone()))].into_iter().chain(name))
            });
            vec![("children", Value::tuple(children.collect()))]
        }
        "aws_organizations_organizational_unit_descendant_accounts" => {
            accounts(parent.and_then(|parent| organization.accounts_below(&parent)))
        }
        "aws_organizations_organizational_unit_child_accounts" => {
            accounts(parent.and_then(|parent| Some(organization.units.get(&parent)?.accounts.clone())))
        }
        _ => Vec::new(),
    }
}

fn accounts(ids: Option<BTreeSet<crate::aws::AccountId>>) -> Vec<(&'static str, Value)> {
    let account = |id: crate::aws::AccountId| Value::object([("id", Value::string(id.as_str()))]);
    ids.into_iter().map(|ids| ("accounts", Value::tuple(ids.into_iter().map(account).collect()))).collect()
}
