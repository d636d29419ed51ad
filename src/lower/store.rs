//! Data stores: how each type says that it is encrypted, and what holds where it says nothing.

use super::images::{self, Images};
use super::{inner, items, setting, volumes};
use crate::catalog::{Catalog, ResourceForm, Service, Unflagged};
use crate::diagnostic::Diagnostic;
use crate::model::{DataStore, Encryption, Entities, Inherit, Setting, Site};
use crate::resource::Resource;
use crate::source::Span;
use crate::value::{Entries, Kind, Map, MapKind, Reason, Unknown, Value, sorted};
use std::sync::Arc;

pub(super) fn lower(
    resource: &Resource,
    site: &Site,
    catalog: &Catalog,
    images: &Images,
    out: &mut Entities,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if resource.data {
        return;
    }
    let forms = catalog.forms(&resource.kind);
    let chosen: Vec<_> = forms.filter(|(_, _, form)| fits(resource, form) != Some(false)).collect();
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
    let arn = real_arn(resource.get("arn")).or_else(|| arn(resource, site, form, service));
    let found: Vec<(Arc<str>, Setting)> =
        form.facts.iter().filter_map(|(fact, path)| Some((fact.clone(), at_path(resource, path)?))).collect();
    let mut facts = sorted(found);
    let instance = &**name == "ec2";
    let template = if instance { volumes::template(resource) } else { None };
    // What the instance says of its image counts before what a template says.
    let image = if template.is_none() { facts.remove("image") } else { facts.get("image").cloned() };
    if let Some(found) = images::marketplace(image, images) {
        facts.insert("marketplace".into(), found);
    }
    let encryption = if instance {
        Encryption::Unknown { why: "an instance is as encrypted as its volumes".to_owned(), span: site.header }
    } else {
        encryption(resource, site, form, service)
    };
    let mut store = DataStore {
        site: site.clone(),
        service: name.clone(),
        name: end_of_arn(resource, form, service),
        arn,
        encryption,
        parts: if instance { volumes::of_instance(resource, site, service) } else { Vec::new() },
        template: template.map(Box::new),
        tags: Value::null(),
        facts,
        replica: &*resource.kind == "aws_dynamodb_table_replica",
    };
    store.tags = match &*resource.kind {
        _ if store.is_group() => volumes::group_tags(resource),
        "AWS::DynamoDB::GlobalTable" => replica_tags(resource, site),
        // The one type of CloudFormation that names its tags otherwise.
        "AWS::EFS::FileSystem" => tags(resource.get("FileSystemTags")),
        _ => tags(resource.get("tags_all").or_else(|| resource.get("tags")).or_else(|| resource.get("Tags"))),
    };
    let replicas = replicas(resource, &store, form, service);
    out.data_stores.push(store);
    out.data_stores.extend(replicas);
}

/// The replicas that a table's own code makes in other Regions, each a table there.
///
/// Sources, read 2026-11: <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/dynamodb_table>
/// (`propagate_tags`), <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-globaltable.html>.
fn replicas(resource: &Resource, table: &DataStore, form: &ResourceForm, service: &Service) -> Vec<DataStore> {
    let (list, region_name, key_name) = match &*resource.kind {
        "aws_dynamodb_table" => ("replica", "region_name", "kms_key_arn"),
        "AWS::DynamoDB::GlobalTable" => ("Replicas", "Region", "KMSMasterKeyId"),
        _ => return Vec::new(),
    };
    let (replicas, _) = items(resource.get(list));
    let replica = |block: &Value| {
        let region = block.get(region_name)?.text()?;
        if table.site.place.region.known().is_none_or(|own| **own == *region) {
            return None;
        }
        let header = block.span.filter(|span| span.file == table.site.header.file).unwrap_or(table.site.header);
        let address = format!("{}.{list}[\"{region}\"]", table.site.address).into();
        let site = Site { address, header, span: header, ..table.site.in_region(region) };
        let terraform = list == "replica";
        let settings = if terraform { Some(block.clone()) } else { block.get("SSESpecification").cloned() };
        let encryption = match settings.and_then(|settings| inner(&settings, key_name, header)) {
            Some(key) => Encryption::Key(key),
            None => match &table.encryption {
                Encryption::AwsManaged { .. } | Encryption::AwsOwned { .. } => table.encryption.clone(),
                _ => Encryption::Unknown { why: "no key is named for this replica".to_owned(), span: header },
            },
        };
        let tags = if terraform { propagated(block, table, header) } else { tags(block.get("Tags")) };
        let arn = real_arn(block.get("arn")).or_else(|| arn(resource, &site, form, service));
        Some(DataStore { site, arn, encryption, tags, replica: true, ..table.clone() })
    };
    replicas.iter().filter_map(replica).collect()
}

/// The tags of a replica: the table's where it propagates them, else none.
fn propagated(block: &Value, table: &DataStore, header: Span) -> Value {
    let none = Value::object::<Arc<str>>([]);
    let Some(on) = block.get("propagate_tags").filter(|on| !on.is_null()) else { return none };
    match (on.as_bool(), none) {
        (Some(true), _) => table.tags.clone(),
        (Some(false), none) => none,
        (None, mut none) => {
            let why = || Arc::new(Unknown::new(Reason::Derived("`propagate_tags` is not known".into()), Some(header)));
            if let Kind::Map(map) = &mut none.kind {
                Arc::make_mut(map).open = Some(on.first_unknown().cloned().unwrap_or_else(why));
            }
            none
        }
    }
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

/// The tags of a global table's replica in the stack's Region.
fn replica_tags(resource: &Resource, site: &Site) -> Value {
    let (replicas, open) = items(resource.get("Replicas"));
    let here = replicas.iter().find(|replica| {
        let region = replica.get("Region").and_then(Value::text);
        region.is_some() && region.as_deref() == site.place.region.known().map(|region| &**region)
    });
    match (here, open) {
        (Some(replica), _) => tags(replica.get("Tags")),
        (None, open) => {
            let reason = Reason::Derived("which replica lies in the stack's Region is not known".into());
            let why = open.as_ref().and_then(Value::first_unknown).cloned();
            let open = Some(why.unwrap_or_else(|| Arc::new(Unknown::new(reason, Some(site.header)))));
            Value::new(Kind::Map(Arc::new(Map::new(MapKind::Object, Entries::new(), open))))
        }
    }
}

/// Tags by key: the provider's default tags included; CloudFormation's list turned into a map.
fn tags(own: Option<&Value>) -> Value {
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
fn real_arn(arn: Option<&Value>) -> Option<Arc<str>> {
    arn?.text().filter(|text| text.starts_with("arn:"))
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

/// What stands for the `*` in the service's ARN.
fn end_of_arn(resource: &Resource, form: &ResourceForm, service: &Service) -> Option<Value> {
    // A replica has the table's name.
    if &*resource.kind == "aws_dynamodb_table_replica" {
        let table = resource.get("global_table_arn")?.text()?;
        return table.split_once(":table/").map(|(_, name)| Value::string(name));
    }
    let Some(pattern) = &form.arn else { return name_of(resource, form) };
    let start = service.arns.first()?.rsplit(':').next()?.split('*').next()?;
    let mut text = String::new();
    for (at, part) in pattern.strip_prefix(start)?.split(['{', '}']).enumerate() {
        if at % 2 == 0 { text.push_str(part) } else { text.push_str(&resource.get(part)?.text()?) }
    }
    Some(Value::string(text))
}

/// The ARN as far as the code tells.
fn arn(resource: &Resource, site: &Site, form: &ResourceForm, service: &Service) -> Option<Arc<str>> {
    let pattern = service.arns.first()?;
    let name = end_of_arn(resource, form, service)?.text()?;
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
    Some(text.into())
}

/// An attribute, or with `block.attribute` one of the nested block; what is not known of the block is not known of it.
pub(super) fn at_path(resource: &Resource, path: &str) -> Option<Setting> {
    let Some((block, attribute)) = path.split_once('.') else {
        // A nested block that is left out is an empty list.
        return setting(resource, path)
            .filter(|setting| setting.value.as_seq().is_none_or(|seq| !seq.items.is_empty() || seq.open.is_some()));
    };
    let object = super::block(resource.get(block))?;
    inner(&object, attribute, resource.attribute_span(block))
}

/// How the resource comes to another's encryption, the name of the attribute that says so, and its value.
fn inheritance<'a>(resource: &Resource, form: &'a ResourceForm) -> Option<(Inherit, &'a str, Setting)> {
    let lists = [
        (Inherit::Snapshot, form.snapshot.as_slice()),
        (Inherit::Replica, form.replica.as_slice()),
        (Inherit::Restore, form.restore.as_slice()),
        (Inherit::Parent, form.parent.as_slice()),
    ];
    lists
        .iter()
        .find_map(|(how, paths)| paths.iter().find_map(|path| Some((*how, path.as_str(), at_path(resource, path)?))))
}

fn encryption(resource: &Resource, site: &Site, form: &ResourceForm, service: &Service) -> Encryption {
    let read = |path: &Option<String>| path.as_ref().and_then(|path| at_path(resource, path));
    let (flag, key) = (read(&form.flag), read(&form.key));
    let own = stated(flag.as_ref(), key.clone(), form.flag.is_some(), site, service);
    let Some((how, path, from)) = inheritance(resource, form) else { return own };
    match (how, &key) {
        // A replica in the same Region has its source's key, whatever is named here.
        (Inherit::Replica, Some(key)) if service.managed_key.as_deref() == Some("aws/rds") && !cluster(resource) => {
            Encryption::Inherited { how, from, otherwise: Box::new(Encryption::Key(key.clone())) }
        }
        // A key beside it decides, or the code says itself that the cluster is encrypted.
        (Inherit::Replica, Some(_)) => own,
        (_, Some(key)) if form.key_only_inherited => Encryption::Unknown {
            why: format!("what `{path}` names brings its own key, which the key named here does not change"),
            span: key.span,
        },
        (_, Some(_)) => own,
        (Inherit::Parent, None) if flag.is_some() => own,
        (_, None) => {
            let otherwise = match service.unflagged {
                Unflagged::AccountSetting => own,
                Unflagged::Unknown => undecided_default(service, from.span),
                _ if how == Inherit::Parent => own,
                _ => Encryption::None { span: from.span },
            };
            Encryption::Inherited { how, from, otherwise: Box::new(otherwise) }
        }
    }
}

/// Whether it is a cluster, whose replicas have a key of their own.
fn cluster(resource: &Resource) -> bool {
    resource.kind.ends_with("_cluster") || resource.kind.ends_with("Cluster")
}

fn undecided_default(service: &Service, span: Span) -> Encryption {
    let why = service.unflagged_why.clone().unwrap_or_else(|| "AWS decides how it is encrypted".to_owned());
    Encryption::Unknown { why, span }
}

/// What flag and key say together.
pub(super) fn stated(
    flag: Option<&Setting>,
    key: Option<Setting>,
    has_flag: bool,
    site: &Site,
    service: &Service,
) -> Encryption {
    let on = flag.map(|flag| (flag.value.as_bool(), flag));
    let unflagged = service.unflagged;
    match (on, key) {
        (Some((None, flag)), _) => Encryption::Unknown { why: unknown_text(&flag.value), span: flag.span },
        // A key without the flag: the provider and AWS reject or ignore it; what is deployed cannot be told.
        (None, Some(key)) if has_flag && unflagged == Unflagged::None => {
            Encryption::Unknown { why: "a key is named, but encryption is not switched on".to_owned(), span: key.span }
        }
        (Some((Some(true), _)) | None, Some(key)) => Encryption::Key(key),
        (Some((Some(true), flag)), None) if unflagged == Unflagged::AccountSetting => {
            Encryption::AccountKey { span: flag.span }
        }
        (Some((Some(true), flag)), None) => managed(service, flag.span),
        (Some((Some(false), flag)), _) => match unflagged {
            Unflagged::AwsOwned => Encryption::AwsOwned { span: flag.span },
            Unflagged::Unknown => undecided_default(service, flag.span),
            // EBS encryption by default overrides `false`.
            Unflagged::AccountSetting => Encryption::AccountSetting { span: flag.span },
            Unflagged::None | Unflagged::Managed => Encryption::None { span: flag.span },
        },
        (None, None) => match unflagged {
            Unflagged::None => Encryption::None { span: site.header },
            Unflagged::Managed => managed(service, site.header),
            Unflagged::AwsOwned => Encryption::AwsOwned { span: site.header },
            Unflagged::AccountSetting => Encryption::AccountSetting { span: site.header },
            Unflagged::Unknown => undecided_default(service, site.header),
        },
    }
}

fn managed(service: &Service, span: Span) -> Encryption {
    match &service.managed_key {
        Some(alias) => Encryption::AwsManaged { alias: alias.clone(), span },
        // Storage Gateway has no AWS-managed key: AWS requires that one is named.
        None if service.unflagged == Unflagged::None => {
            Encryption::Unknown { why: "encryption is on, and no key is named".to_owned(), span }
        }
        None => Encryption::AwsOwned { span },
    }
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
