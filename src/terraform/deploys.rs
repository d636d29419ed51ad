//! CloudFormation stacks that a root module deploys, as far as they are told: the template and its inputs, not what is in it.

use crate::aws::{AccountId, Known, Place};
use crate::organization::Organization;
use crate::resource::{Deployed, Resource, Stack, Template, Unit};
use crate::source::join;
use crate::value::{Existence, Kind, Reason, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the stack's `aws_cloudformation_stack`, and the instances of its `aws_cloudformation_stack_set`, deploy.
pub(crate) fn deploys(stack: &Stack, unit: &Unit, organization: &Organization) -> Vec<Deployed> {
    let mut out = Vec::new();
    for resource in stack.resources.iter().filter(|resource| !resource.data) {
        match &*resource.kind {
            "aws_cloudformation_stack" => {
                let prefix = format!("{}.", resource.address);
                out.push(Deployed {
                    name: resource.get("name").and_then(Value::text),
                    ..deployed(stack, unit, resource, resource, prefix, Place::clone(&resource.place))
                });
            }
            "aws_cloudformation_stack_set_instance" | "aws_cloudformation_stack_instances" => {
                let Some(set) = resource.get("stack_set_name").and_then(|name| set_of(stack, name)) else { continue };
                let regions = regions(resource);
                for (account, many) in accounts(resource, organization) {
                    for region in &regions {
                        let place = Place { account: account.clone(), region: region.clone() };
                        let prefix = format!("{}[{}/{}].", set.address, short(&account), short(region));
                        let mut deployed = deployed(stack, unit, set, resource, prefix, place);
                        deployed.parameters.extend(pairs(resource.get("parameter_overrides")));
                        if let Some(why) = &many {
                            deployed.exists = Existence::Many(Arc::new(why.clone()));
                        }
                        out.push(deployed);
                    }
                }
            }
            _ => {}
        }
    }
    out
}

/// `template` has the template and its parameters, `resource` says where it goes.
fn deployed(
    stack: &Stack,
    unit: &Unit,
    template: &Resource,
    resource: &Resource,
    prefix: String,
    place: Place,
) -> Deployed {
    let headers = [template.header, resource.header];
    let last = if template.address == resource.address { 1 } else { 2 };
    let chain = resource.chain.iter().copied().chain(headers.into_iter().take(last)).collect();
    Deployed {
        stack: stack.id,
        unit: stack.unit.clone(),
        address: resource.address.clone(),
        prefix: prefix.into(),
        name: None,
        place,
        template: template_of(stack, unit, template),
        base: unit.path.clone(),
        parameters: pairs(template.get("parameters")),
        header: template.header,
        chain,
        exists: resource.exists.clone(),
    }
}

fn template_of(stack: &Stack, unit: &Unit, resource: &Resource) -> Template {
    if let Some(body) = resource.get("template_body") {
        return Template::Body(body.clone());
    }
    let Some(url) = resource.get("template_url") else { return Template::Missing("it names no template".into()) };
    let object = stack.resources.iter().find(|object| {
        let key = || url.text().zip(object.get("key").and_then(Value::text));
        matches!(&*object.kind, "aws_s3_object" | "aws_s3_bucket_object")
            && (mentions(url, &object.address) || key().is_some_and(|(url, key)| url.ends_with(&format!("/{key}"))))
    });
    if let Some(content) = object.and_then(|object| object.get("content")) {
        return Template::Body(content.clone());
    }
    if let Some(source) = object.and_then(|object| object.get("source")?.text()) {
        return Template::File(join(&unit.path, &source));
    }
    Template::Missing(match url.text() {
        Some(url) => format!("`{url}` is not at hand").into(),
        None => "its URL is not known".into(),
    })
}

fn mentions(value: &Value, address: &str) -> bool {
    match &value.kind {
        Kind::Ref(reference) => *reference.address == *address,
        Kind::Template(parts) => parts.iter().any(|part| mentions(part, address)),
        _ => false,
    }
}

fn set_of<'s>(stack: &'s Stack, name: &Value) -> Option<&'s Resource> {
    stack.resources.iter().find(|set| {
        let named = || name.text().zip(set.get("name").and_then(Value::text)).is_some_and(|(a, b)| a == b);
        &*set.kind == "aws_cloudformation_stack_set" && (mentions(name, &set.address) || named())
    })
}

fn pairs(value: Option<&Value>) -> BTreeMap<Arc<str>, Value> {
    let map = value.and_then(Value::as_map);
    let entries = map.into_iter().flat_map(|map| &map.entries).filter(|(_, entry)| !entry.value.is_null());
    entries.map(|(name, entry)| (name.clone(), entry.value.clone())).collect()
}

/// The accounts that an instance goes to; one that stands for any number where they cannot be told, with why.
fn accounts(resource: &Resource, organization: &Organization) -> Vec<(Known<AccountId>, Option<Value>)> {
    let unclear = |value: &Value| {
        let symbol: Arc<str> = format!("an account of {}", resource.address).into();
        let why = value.first_unknown().map_or_else(
            || Reason::Derived(format!("which accounts `{}` reaches is not known", resource.address).into()),
            |unknown| unknown.reason.clone(),
        );
        vec![(Known::Symbol(symbol), Some(Value::unknown(why, value.span.or(Some(resource.header)))))]
    };
    let listed = |value: &Value| -> Option<Vec<AccountId>> {
        match &value.kind {
            Kind::Seq(seq) if seq.open.is_none() => {
                seq.items.iter().map(|item| AccountId::parse(&item.text()?)).collect()
            }
            _ => Some(vec![AccountId::parse(&value.text()?)?]),
        }
    };
    if let Some(value) = resource.get("account_id").or_else(|| resource.get("accounts")) {
        return match listed(value) {
            Some(accounts) => accounts.into_iter().map(|account| (Known::Is(account), None)).collect(),
            None => unclear(value),
        };
    }
    let Some(targets) = resource.get("deployment_targets") else {
        return vec![(resource.place.account.clone(), None)];
    };
    let mut members = Vec::new();
    for target in resource.blocks("deployment_targets") {
        let units = target.get("organizational_unit_ids").filter(|units| !units.is_null());
        let units = units.and_then(Value::as_seq).filter(|seq| seq.open.is_none());
        let filtered = target.get("account_filter_type").is_some_and(|filter| !filter.is_null());
        let below = units.filter(|_| !filtered).and_then(|units| {
            units.items.iter().map(|unit| organization.accounts_below(&unit.text()?)).collect::<Option<Vec<_>>>()
        });
        let Some(below) = below else { return unclear(targets) };
        members.extend(below.into_iter().flatten().filter(|one| Some(*one) != organization.management_account));
    }
    members.sort();
    members.dedup();
    members.into_iter().map(|account| (Known::Is(account), None)).collect()
}

fn regions(resource: &Resource) -> Vec<Known<Arc<str>>> {
    let names = ["regions", "stack_set_instance_region", "region"];
    let Some(value) = names.iter().find_map(|name| resource.get(name)) else {
        return vec![resource.place.region.clone()];
    };
    let one = |value: &Value| match value.text() {
        Some(region) => Known::Is(region),
        None => Known::Symbol(format!("a Region of {}", resource.address).into()),
    };
    match &value.kind {
        Kind::Seq(seq) if seq.open.is_none() => seq.items.iter().map(one).collect(),
        _ => vec![one(value)],
    }
}

fn short<T: std::fmt::Display>(known: &Known<T>) -> String {
    match known {
        Known::Is(value) => value.to_string(),
        Known::Symbol(_) => "?".to_owned(),
    }
}
