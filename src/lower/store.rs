//! Data stores: how each type says that it is encrypted, and what holds where it says nothing.

use super::{inner, setting};
use crate::catalog::{Catalog, ResourceForm, Service, Unflagged};
use crate::diagnostic::Diagnostic;
use crate::model::{ACCOUNT_SETTING, DataStore, Encryption, Entities, Setting, Site};
use crate::resource::Resource;
use crate::value::{Kind, Ref, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) fn lower(
    resource: &Resource,
    site: &Site,
    catalog: &Catalog,
    out: &mut Entities,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if resource.data {
        return;
    }
    let forms: Vec<(&Arc<str>, &Service, &ResourceForm)> = catalog
        .services
        .iter()
        .flat_map(|(name, service)| service.resources.iter().map(move |form| (name, service, form)))
        .filter(|(_, _, form)| *form.kind == *resource.kind)
        .collect();
    if forms.is_empty() {
        return;
    }
    let chosen: Vec<_> = forms.iter().filter(|(_, _, form)| fits(resource, form) != Some(false)).collect();
    let Some((name, service, form)) = chosen.first().copied() else { return };
    if chosen.len() > 1 {
        // The engine decides which service this is, and it is not known.
        diagnostics.push(Diagnostic::not_evaluated(
            site.header,
            format!("`{}`: which engine it has is not known, so neither is how it can be copied", site.address),
        ));
        return;
    }
    if form.member_of.as_ref().is_some_and(|name| resource.get(name).is_some()) {
        return;
    }
    let tags = tags(resource);
    let arn = Value::new(Kind::Ref(Arc::new(Ref {
        stack: site.stack,
        address: site.address.clone(),
        attr: "arn".into(),
        known: real_arn(resource).or_else(|| arn(resource, site, form, service)),
    })));
    let facts: BTreeMap<&'static str, Setting> = form
        .facts
        .iter()
        .filter_map(|fact| setting(resource, fact).map(|setting| (fact_name(fact), setting)))
        .collect();
    let (encryption, parts) = if &***name == "ec2" {
        volumes(resource, site, service)
    } else {
        (encryption(resource, site, form, service), Vec::new())
    };
    out.data_stores.push(DataStore {
        site: site.clone(),
        service: (*name).clone(),
        name: name_of(resource, form),
        arn,
        encryption,
        parts,
        tags,
        facts,
    });
}

/// Whether the row is meant: by engine, or by the value of an attribute.
fn fits(resource: &Resource, form: &ResourceForm) -> Option<bool> {
    if !form.engines.is_empty() {
        let engine = resource.get("engine").or_else(|| resource.get("Engine"));
        return match engine {
            // The provider's default engine of a cluster is `aurora`.
            None => Some(form.engines.iter().any(|engine| engine == "aurora")),
            Some(value) => value.text().map(|text| form.engines.iter().any(|engine| **engine == *text)),
        };
    }
    match &form.when {
        Some((name, wanted)) => {
            resource.get(name).map_or(Some(false), |value| value.text().map(|text| *text == **wanted))
        }
        None => Some(true),
    }
}

fn fact_name(name: &str) -> &'static str {
    match name {
        "option_group_name" | "OptionGroupName" => "option_group_name",
        "engine" | "Engine" => "engine",
        "backup_target" => "backup_target",
        _ => "other",
    }
}

/// Tags by key: the provider's default tags included; CloudFormation's list turned into a map.
fn tags(resource: &Resource) -> Value {
    let own = resource.get("tags_all").or_else(|| resource.get("tags")).or_else(|| resource.get("Tags"));
    match own.map(|value| (&value.kind, value)) {
        None => Value::object::<Arc<str>>([]),
        Some((Kind::Seq(seq), value)) => {
            let entries =
                seq.items.iter().filter_map(|item| Some((item.get("Key")?.text()?, item.get("Value")?.clone())));
            let mut map = Value::object(entries);
            let unclear = seq.items.iter().find(|item| item.get("Key").is_none_or(|key| key.text().is_none()));
            let open = seq.open.clone().or_else(|| unclear.and_then(|item| item.first_unknown().cloned()));
            if let Kind::Map(map) = &mut map.kind {
                Arc::make_mut(map).open = open;
            }
            Value { span: value.span, ..map }
        }
        Some((_, value)) => value.clone(),
    }
}

/// The ARN of a resource that exists, as its plan or state tells it.
fn real_arn(resource: &Resource) -> Option<Value> {
    resource.get("arn").filter(|arn| arn.text().is_some_and(|text| text.starts_with("arn:"))).cloned()
}

/// The name as the service keeps it: RDS and its kin turn identifiers into lower case.
fn name_of(resource: &Resource, form: &ResourceForm) -> Option<Value> {
    let name = resource.get(form.name.as_ref()?)?;
    let kin = ["AWS::RDS::", "AWS::DocDB::", "AWS::Neptune::", "AWS::Redshift::"];
    match name.text().filter(|_| kin.iter().any(|service| resource.kind.starts_with(service))) {
        Some(text) => Some(Value { span: name.span, sensitive: name.sensitive, ..Value::string(text.to_lowercase()) }),
        None => Some(name.clone()),
    }
}

/// The ARN as far as the code tells.
fn arn(resource: &Resource, site: &Site, form: &ResourceForm, service: &Service) -> Option<Value> {
    let pattern = service.arns.first()?;
    let name = name_of(resource, form)?.text()?;
    let partition = site.place.partition()?;
    let region = site.place.region.known()?;
    let account = site.place.account.known()?;
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    let (service, tail) = (parts.get(2)?, parts.get(5)?);
    let resource = tail.replacen('*', &name, 1);
    let text = if *service == "s3" {
        format!("arn:{partition}:s3:::{resource}")
    } else {
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    };
    Some(Value::string(text))
}

fn encryption(resource: &Resource, site: &Site, form: &ResourceForm, service: &Service) -> Encryption {
    if let Some(inherited) =
        form.inherits.iter().find_map(|name| setting(resource, name).map(|setting| (name, setting)))
        && form.key.as_ref().and_then(|key| resource.get(key)).is_none()
    {
        return Encryption::Unknown {
            why: format!("its encryption comes from what `{}` names", inherited.0),
            span: inherited.1.span,
        };
    }
    let (flag, key) = match &form.block {
        Some(block) => {
            let value = resource.get(block);
            let object = value.and_then(|value| match &value.kind {
                Kind::Seq(seq) => seq.items.first().cloned(),
                Kind::Map(_) => Some(value.clone()),
                _ => None,
            });
            let read = |name: &Option<String>| {
                name.as_ref().and_then(|name| object.as_ref().and_then(|object| inner(object, name, site.header)))
            };
            (read(&form.flag), read(&form.key))
        }
        None => {
            let read = |name: &Option<String>| name.as_ref().and_then(|name| setting(resource, name));
            (read(&form.flag), read(&form.key))
        }
    };
    stated(flag.as_ref(), key, form.flag.is_some(), site, service)
}

/// What flag and key say together.
fn stated(flag: Option<&Setting>, key: Option<Setting>, has_flag: bool, site: &Site, service: &Service) -> Encryption {
    let on = flag.map(|flag| (flag.value.as_bool(), flag));
    match (on, key) {
        (Some((None, flag)), _) => Encryption::Unknown { why: unknown_text(&flag.value), span: flag.span },
        // A key without the flag: the provider and AWS reject or ignore it; what is deployed cannot be told.
        (None, Some(key)) if has_flag && service.unflagged == Unflagged::None => {
            Encryption::Unknown { why: "a key is named, but encryption is not switched on".to_owned(), span: key.span }
        }
        (Some((Some(true), _)) | None, Some(key)) => Encryption::Key(key),
        (Some((Some(true), flag)), None) => managed(service, flag.span),
        (Some((Some(false), flag)), _) if service.unflagged == Unflagged::AwsOwned => {
            Encryption::AwsOwned { span: flag.span }
        }
        (Some((Some(false), flag)), _) if service.unflagged == Unflagged::Unknown => Encryption::Unknown {
            why: service.unflagged_why.clone().unwrap_or_else(|| "AWS decides how it is encrypted".to_owned()),
            span: flag.span,
        },
        // EBS encryption by default overrides `false`.
        (Some((Some(false), flag)), _) if service.unflagged == Unflagged::AccountSetting => account_setting(flag.span),
        (Some((Some(false), flag)), _) => Encryption::None { span: flag.span },
        (None, None) => match service.unflagged {
            Unflagged::None => Encryption::None { span: site.header },
            Unflagged::Managed => managed(service, site.header),
            Unflagged::AwsOwned => Encryption::AwsOwned { span: site.header },
            Unflagged::AccountSetting => account_setting(site.header),
            Unflagged::Unknown => Encryption::Unknown {
                why: service.unflagged_why.clone().unwrap_or_else(|| "AWS decides how it is encrypted".to_owned()),
                span: site.header,
            },
        },
    }
}

fn managed(service: &Service, span: crate::source::Span) -> Encryption {
    match &service.managed_key {
        Some(alias) => Encryption::AwsManaged { alias: alias.clone(), span },
        None => Encryption::AwsOwned { span },
    }
}

fn account_setting(span: crate::source::Span) -> Encryption {
    Encryption::Unknown { why: ACCOUNT_SETTING.to_owned(), span }
}

/// An instance's volumes, as far as the code declares them.
fn volumes(resource: &Resource, site: &Site, service: &Service) -> (Encryption, Vec<Encryption>) {
    let mut parts = Vec::new();
    let mut root = false;
    for block in ["root_block_device", "ebs_block_device"] {
        for device in resource.blocks(block) {
            root |= block == "root_block_device";
            let span = device.span.unwrap_or(site.header);
            parts.push(stated(
                inner(device, "encrypted", span).as_ref(),
                inner(device, "kms_key_id", span),
                true,
                site,
                service,
            ));
        }
    }
    for device in resource.blocks("BlockDeviceMappings") {
        let Some(ebs) = device.get("Ebs") else { continue };
        let span = device.span.unwrap_or(site.header);
        parts.push(stated(inner(ebs, "Encrypted", span).as_ref(), inner(ebs, "KmsKeyId", span), true, site, service));
    }
    if !root {
        parts.push(Encryption::Unknown {
            why: "the root volume takes its encryption from the AMI".to_owned(),
            span: site.header,
        });
    }
    (Encryption::Unknown { why: "an instance is as encrypted as its volumes".to_owned(), span: site.header }, parts)
}

fn unknown_text(value: &Value) -> String {
    match (&value.kind, value.first_unknown()) {
        (Kind::Cond(branches), None) => {
            branches.first().map_or_else(String::new, |branch| format!("it depends on `{}`", branch.guard.text))
        }
        (_, Some(unknown)) => unknown.reason.to_string(),
        _ => "its value is not known".to_owned(),
    }
}
