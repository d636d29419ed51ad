//! From resources to what AWS Backup works with: the only stage that knows attribute names and their defaults.

mod attached;
mod backup;
mod identity;
mod images;
mod organization;
mod store;
mod unread;
mod volumes;

use crate::catalog::Catalog;
use crate::diagnostic::Diagnostic;
use crate::embedded;
use crate::model::{Entities, Lifecycle, Setting, Site};
use crate::resource::{Resource, Stack};
use crate::source::{Sources, Span};
use crate::value::{Branch, Kind, Reason, Value};
use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

/// The entities that one stack declares.
pub fn lower(stack: &Stack, sources: &Sources, catalog: &Catalog) -> (Entities, Vec<Diagnostic>) {
    let mut entities = Entities::default();
    let mut diagnostics = Vec::new();
    let images = images::told(stack);
    for resource in &stack.resources {
        let site = site(stack, resource);
        if backup::lower(resource, &site, sources, &mut entities)
            || identity::lower(resource, &site, sources, &mut entities)
            || organization::lower(resource, &site, &mut entities)
            || attached::lower(resource, &site, catalog, &mut entities)
            || volumes::lower(resource, &site, catalog.service("ebs"), &images, &mut entities)
        {
            continue;
        }
        store::lower(resource, &site, catalog, &images, &mut entities, &mut diagnostics);
    }
    for part in &stack.unread {
        unread::lower(stack, part, &mut entities);
    }
    (entities, diagnostics)
}

/// Families of types that play a part.
const FAMILIES: &[&str] = &[
    "aws_backup_",
    "aws_cloudformation_",
    "aws_ebs_",
    "aws_iam_",
    "aws_kms_",
    "aws_organizations_",
    "AWS::Backup::",
    "AWS::CloudFormation::",
    "AWS::FSx::",
    "AWS::IAM::",
    "AWS::KMS::",
    "AWS::Organizations::",
    "AWS::RDS::",
    "AWS::Redshift",
    "AWS::Serverless::Application",
    "Custom::",
];

/// Types that play a part beside those of the families, and those that the catalog has.
const OTHERS: &[&str] = &[
    "aws_ami",
    "aws_caller_identity",
    "aws_db_option_group",
    "aws_fsx_data_repository_association",
    "aws_launch_configuration",
    "aws_launch_template",
    "aws_partition",
    "aws_region",
    "aws_s3_bucket_object",
    "aws_s3_bucket_versioning",
    "aws_s3_object",
    "aws_ssm_parameter",
    "aws_volume_attachment",
    "AWS::AutoScaling::LaunchConfiguration",
    "AWS::EC2::LaunchTemplate",
    "AWS::EC2::VolumeAttachment",
    "AWS::SSM::Parameter",
];

/// Whether a resource of this type may change what is said of a copy, by itself or by what it deploys.
pub fn weighs(kind: &str) -> bool {
    static KINDS: OnceLock<HashSet<&str>> = OnceLock::new();
    let kinds = KINDS.get_or_init(|| {
        let catalog = Catalog::builtin();
        let stores = catalog.services.values().flat_map(|service| &service.resources).map(|form| &*form.kind);
        stores.chain(catalog.lineage.iter().map(|form| &*form.kind)).chain(OTHERS.iter().copied()).collect()
    });
    kinds.contains(kind) || FAMILIES.iter().any(|family| kind.starts_with(family))
}

fn site(stack: &Stack, resource: &Resource) -> Site {
    Site {
        stack: stack.id,
        unit: stack.unit.clone(),
        address: resource.address.clone(),
        kind: resource.kind.clone(),
        place: resource.place.clone(),
        header: resource.header,
        span: resource.span,
        chain: resource.chain.clone(),
        exists: resource.exists.clone(),
        external: resource.data,
    }
}

/// The attribute with its place; `None` where left out or null.
fn setting(resource: &Resource, name: &str) -> Option<Setting> {
    resource.get(name).map(|value| Setting { value: value.clone(), span: resource.attribute_span(name) })
}

/// A setting whose text is JSON as that JSON's structure, each part with its place in the text.
fn document(setting: Setting, sources: &Sources) -> Setting {
    let structure = match &setting.value.kind {
        Kind::String(_) | Kind::Template(_) | Kind::Ref(_) => embedded::decode(&setting.value, Some(sources)),
        _ => None,
    };
    let Some(structure) = structure else { return setting };
    Setting { value: Value { kind: Kind::Document(Arc::new(structure)), ..setting.value }, span: setting.span }
}

/// The attribute of an object within a resource; of an object under conditions the attribute under these conditions, of
/// one that is not known, or not wholly, an unknown.
fn inner(object: &Value, name: &str, fallback: Span) -> Option<Setting> {
    let (value, span) = attribute(object, name)?;
    Some(Setting { span: span.or(value.span).unwrap_or(fallback), value })
}

fn attribute(object: &Value, name: &str) -> Option<(Value, Option<Span>)> {
    match &object.kind {
        Kind::Map(map) => match (map.entries.get(name), &map.open) {
            (Some(entry), _) if entry.value.is_null() => None,
            (Some(entry), _) => Some((entry.value.clone(), entry.span)),
            (None, Some(open)) => Some((Value { kind: Kind::Unknown(open.clone()), ..object.clone() }, None)),
            (None, None) => None,
        },
        Kind::Cond(branches) => {
            let found: Vec<Option<(Value, Option<Span>)>> =
                branches.iter().map(|branch| attribute(&branch.value, name)).collect();
            let span = found.iter().flatten().find_map(|(_, span)| *span);
            let (first, _) = found.iter().flatten().next()?;
            if found.iter().all(|one| one.as_ref().is_some_and(|(value, _)| value.kind == first.kind)) {
                return Some((first.clone(), span));
            }
            let under = branches.iter().zip(&found).map(|(branch, found)| Branch {
                guard: branch.guard.clone(),
                value: found.as_ref().map_or_else(Value::null, |(value, _)| value.clone()),
            });
            Some((Value { kind: Kind::Cond(under.collect()), span: first.span, sensitive: object.sensitive }, span))
        }
        Kind::Unknown(_) => Some((object.clone(), None)),
        _ => None,
    }
}

/// The only block of its kind: as written, under its condition where it has one, or an unknown where nobody can tell.
fn block(list: Option<&Value>) -> Option<Value> {
    let list = list?;
    match &list.kind {
        Kind::Null(_) => None,
        Kind::Seq(seq) => match (seq.items.first(), &seq.open) {
            (Some(first), _) => Some(unmarked(first, &seq.items)),
            (None, Some(open)) => Some(Value { kind: Kind::Unknown(open.clone()), ..list.clone() }),
            (None, None) => None,
        },
        Kind::Cond(branches) => {
            let under = branches.iter().map(|branch| Branch {
                guard: branch.guard.clone(),
                value: block(Some(&branch.value)).unwrap_or_else(Value::null),
            });
            Some(Value { kind: Kind::Cond(under.collect()), ..list.clone() })
        }
        _ => Some(list.clone()),
    }
}

/// A block that is marked with a condition as what stands there where it holds and where not.
fn unmarked(first: &Value, all: &[Value]) -> Value {
    let Some(guard) = first.when() else { return first.clone() };
    let mut marked = all.iter().filter_map(|block| Some(Branch { guard: block.when()?, value: block.clone() }));
    let opposite = marked.find(|branch| branch.guard.text == guard.text && branch.guard.holds != guard.holds);
    match opposite {
        Some(opposite) => {
            let branches = [Branch { guard, value: first.clone() }, opposite];
            Value { kind: Kind::Cond(branches.into()), span: first.span, sensitive: first.sensitive }
        }
        None => first.clone().only_where(Some(guard)),
    }
}

/// The items of a list that certainly exist, and why there may be more; a value that is no list counts as unknown
/// further items.
fn items(value: Option<&Value>) -> (Vec<Value>, Option<Value>) {
    let (all, mut open) = conditional_items(value);
    let mut sure = Vec::new();
    for item in all {
        match item.when() {
            None => sure.push(item),
            Some(guard) => {
                let why = Reason::Derived(format!("it depends on `{}`", guard.text).into());
                open = open.or_else(|| Some(Value::unknown(why, guard.span.or(item.span))));
            }
        }
    }
    (sure, open)
}

/// Like [`items`], with the blocks that stand under an undecided condition, each marked with it.
fn conditional_items(value: Option<&Value>) -> (Vec<Value>, Option<Value>) {
    match value.map(|value| (&value.kind, value)) {
        None | Some((Kind::Null(_), _)) => (Vec::new(), None),
        Some((Kind::Seq(seq), value)) => {
            let open = seq.open.as_ref().map(|unknown| Value {
                kind: Kind::Unknown(unknown.clone()),
                span: value.span,
                sensitive: false,
            });
            (seq.items.iter().flat_map(alternatives).collect(), open)
        }
        Some((Kind::Cond(branches), value)) => {
            let lists: Vec<(Vec<Value>, Option<Value>)> =
                branches.iter().map(|branch| conditional_items(Some(&branch.value))).collect();
            if let Some(open) = lists.iter().find_map(|(_, open)| open.clone()) {
                return (Vec::new(), Some(open));
            }
            let mut out: Vec<Value> = Vec::new();
            for item in lists.iter().flat_map(|(list, _)| list) {
                let held = |list: &Vec<Value>| list.iter().any(|other| other.kind == item.kind);
                let conditional = if lists.iter().all(|(list, _)| held(list)) {
                    item.clone()
                } else {
                    let absent_or_item = branches.iter().zip(&lists).map(|(branch, (list, _))| Branch {
                        guard: branch.guard.clone(),
                        value: if held(list) { item.clone() } else { Value::null() },
                    });
                    let kind = Kind::Cond(absent_or_item.collect());
                    Value { kind, span: item.span.or(value.span), sensitive: item.sensitive }
                };
                for one in alternatives(&conditional) {
                    if !out.iter().any(|other| other.kind == one.kind) {
                        out.push(one);
                    }
                }
            }
            (out, None)
        }
        Some((Kind::Map(_) | Kind::String(_) | Kind::Ref(_) | Kind::Template(_), value)) => (vec![value.clone()], None),
        Some((_, value)) => (Vec::new(), Some(value.clone())),
    }
}

/// An item of a list; of a block under conditions each alternative, marked with its condition.
fn alternatives(item: &Value) -> Vec<Value> {
    let Kind::Cond(branches) = &item.kind else { return vec![item.clone()] };
    if !branches.iter().any(|branch| matches!(branch.value.kind, Kind::Map(_))) {
        return vec![item.clone()];
    }
    let blocks = branches.iter().filter(|branch| !branch.value.is_null());
    blocks.map(|branch| branch.value.clone().marked_when(&branch.guard)).collect()
}

/// A lifecycle block; zero means left out, as the provider treats it.
fn lifecycle(list: Option<&Value>, delete: &str, cold: &str, fallback: Span) -> Lifecycle {
    let object = block(list);
    let Some(object) = &object else { return Lifecycle::default() };
    let days = |name: &str| inner(object, name, fallback).filter(|setting| setting.value.as_i64() != Some(0));
    Lifecycle { delete_after: days(delete), cold_after: days(cold), span: object.span }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_type_that_is_looked_at_is_one_that_weighs() {
        let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = vec![source.join("terraform/deploys.rs")];
        files.extend(std::fs::read_dir(source.join("lower")).unwrap().map(|entry| entry.unwrap().path()));
        let is_type = |text: &&str| {
            let word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_:".contains(&byte));
            let kind = text.strip_prefix("aws_").or(text.strip_prefix("AWS::")).is_some_and(word);
            kind && !text.ends_with(['_', ':'])
        };
        // Attributes and data sources that are named alike.
        let not_types = ["aws_service_name"];
        let mut count = 0;
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            for kind in text.split('"').skip(1).step_by(2).filter(is_type).filter(|kind| !not_types.contains(kind)) {
                assert!(super::weighs(kind), "{kind} of {}", file.display());
                count += 1;
            }
        }
        assert!(count > 60, "{count}");
    }
}
