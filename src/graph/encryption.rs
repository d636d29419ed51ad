//! What data stores are encrypted under: by their own settings, the account's, or what they are made from.

use super::link::uncertain;
use super::resolve::{self, Index, why};
use super::{Graph, KeyUse, Why};
use crate::aws::{Arn, Place};
use crate::model::{
    DataStore, Encryption, Inherit, LaunchTemplate, OptionGroup, Part, Setting, Settings, Site, VolumeAttachment,
};
use crate::source::Span;
use crate::value::{Kind, Reason, Unknown, Value};
use rayon::prelude::*;
use std::sync::Arc;

/// A chain of snapshots of snapshots is followed no further.
const DEEPEST: usize = 8;

/// The key of each data store, and those of each instance's volumes.
pub(super) fn keys(graph: &Graph, index: &Index) -> (Vec<KeyUse>, Vec<Vec<KeyUse>>) {
    let stores = &graph.entities.data_stores;
    let own = stores.par_iter().map(|store| used(graph, index, &store.encryption, &store.site.place, 0)).collect();
    let parts = stores.par_iter().enumerate().map(|(at, store)| volumes(graph, index, at, store)).collect();
    (own, parts)
}

fn used(graph: &Graph, index: &Index, encryption: &Encryption, place: &Place, depth: usize) -> KeyUse {
    match encryption {
        Encryption::None { span } => KeyUse::Unencrypted { span: *span },
        Encryption::AwsManaged { alias, span } => KeyUse::AwsManaged { alias: alias.clone(), span: *span },
        Encryption::AwsOwned { span } => KeyUse::AwsOwned { span: *span },
        Encryption::Key(setting) => resolve::key(graph, index, &setting.value, setting.span, place, 0),
        Encryption::AccountKey { span } => default_key(graph, index, place, *span),
        Encryption::AccountSetting { span } => account_setting(graph, index, place, *span),
        Encryption::Inherited { how: Inherit::Replica, from, otherwise }
            if matches!(**otherwise, Encryption::Key(_)) =>
        {
            replica(graph, index, from, otherwise, place, depth)
        }
        Encryption::Inherited { how, from, otherwise } => match source(graph, index, *how, from, place, depth) {
            Some(KeyUse::Unencrypted { .. }) => used(graph, index, otherwise, place, depth + 1),
            Some(found) => found,
            None => elsewhere(graph, index, *how, from, place).unwrap_or_else(|| {
                KeyUse::Unknown(Why {
                    text: format!("its encryption comes from {}", named(from)),
                    span: Some(from.span),
                })
            }),
        },
        Encryption::Unknown { why, span } => KeyUse::Unknown(Why { text: why.clone(), span: Some(*span) }),
    }
}

/// What is made of a data store of another Region, and names no key of its own.
fn elsewhere(graph: &Graph, index: &Index, how: Inherit, from: &Setting, place: &Place) -> Option<KeyUse> {
    let at = store_named(graph, index, &from.value, place, |_| true)?;
    let store = graph.entities.data_stores.get(at)?;
    if store.site.place.region.same(&place.region) != Some(false) || uncertain(&store.site).is_some() {
        return None;
    }
    // AWS makes no encrypted replica of an unencrypted instance.
    // Source: <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html>, read 2026-11.
    if how == Inherit::Replica && matches!(store.encryption, Encryption::None { .. }) {
        return Some(KeyUse::Unencrypted { span: from.span });
    }
    let made = if how == Inherit::Replica { "a replica of" } else { "made of" };
    let text = format!(
        "it is {made} `{}` in another Region, and names no key of its own; a key belongs to one Region",
        store.site.address
    );
    Some(KeyUse::Unknown(Why { text, span: Some(from.span) }))
}

/// A replica that names a key: in its source's Region it has the source's key all the same.
///
/// Source: <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstanceReadReplica.html> (`KmsKeyId`),
/// read 2026-11.
fn replica(graph: &Graph, index: &Index, from: &Setting, own: &Encryption, place: &Place, depth: usize) -> KeyUse {
    let unknown = |text: String| KeyUse::Unknown(Why { text, span: Some(from.span) });
    let found =
        store_named(graph, index, &from.value, place, |_| true).and_then(|at| graph.entities.data_stores.get(at));
    let text = from.value.text();
    let same = match (found, text.as_deref().map(Arn::parse)) {
        (Some(store), _) => store.site.place.region.same(&place.region),
        (None, Some(Some(arn))) => place.region.known().map(|region| **region == *arn.region),
        (None, Some(None)) => Some(true),
        (None, None) => None,
    };
    match (same, found) {
        (Some(false), Some(store)) if matches!(store.encryption, Encryption::None { .. }) => unknown(format!(
            "a key is named, and `{}`, of which it is a replica, is not encrypted; AWS makes no such replica",
            store.site.address
        )),
        (Some(false), _) => used(graph, index, own, place, depth),
        (Some(true), Some(_)) if depth <= DEEPEST => source(graph, index, Inherit::Replica, from, place, depth)
            .unwrap_or_else(|| unknown(format!("its encryption comes from {}", named(from)))),
        (Some(true), _) => unknown(format!(
            "a replica in the same Region has its source's key, whatever key is named; its encryption comes from {}",
            named(from)
        )),
        (None, _) => unknown(format!(
            "whether it lies in its source's Region cannot be told; it is a replica of {}",
            named(from)
        )),
    }
}

fn named(from: &Setting) -> String {
    match from.value.text() {
        Some(text) => format!("`{text}`, which no loaded code defines"),
        None => format!("what is named here, and that is not known: {}", why(&from.value, from.span).text),
    }
}

/// What the source of an inheritance is encrypted under; `None` where the code at hand does not define it.
fn source(graph: &Graph, index: &Index, how: Inherit, from: &Setting, place: &Place, depth: usize) -> Option<KeyUse> {
    if depth > DEEPEST {
        return None;
    }
    if let Some(at) = lineage_named(graph, index, &from.value, place) {
        let lineage = graph.entities.lineages.get(at)?;
        here(&lineage.site, place)?;
        if let Some(key) = &lineage.key {
            return Some(resolve::key(graph, index, &key.value, key.span, &lineage.site.place, 0));
        }
        if lineage.rekeys {
            return None;
        }
        return match &lineage.source {
            // A global cluster made of an existing one: that one's members are told by themselves.
            Some(_) if lineage.flag.is_some() => None,
            Some(next) => source(graph, index, how, next, &lineage.site.place, depth + 1),
            // A global cluster's own flag: its first cluster is encrypted under the service's default key.
            None => match lineage.flag.as_ref().map(|flag| (flag.value.as_bool(), flag)) {
                Some((Some(true), flag)) => Some(KeyUse::AwsManaged { alias: "aws/rds".into(), span: flag.span }),
                Some((Some(false), flag)) => Some(KeyUse::Unencrypted { span: flag.span }),
                _ if how == Inherit::Parent => Some(KeyUse::Unencrypted { span: from.span }),
                _ => None,
            },
        };
    }
    let at = store_named(graph, index, &from.value, place, |_| true)?;
    let store = graph.entities.data_stores.get(at)?;
    here(&store.site, place)?;
    Some(used(graph, index, &store.encryption, &store.site.place, depth + 1))
}

/// A key belongs to a Region: nothing is inherited from another one.
fn here(site: &Site, place: &Place) -> Option<()> {
    let same =
        site.place.account.same(&place.account) == Some(true) && site.place.region.same(&place.region) == Some(true);
    (same && uncertain(site).is_none()).then_some(())
}

fn lineage_named(graph: &Graph, index: &Index, value: &Value, place: &Place) -> Option<usize> {
    if let Kind::Ref(reference) = &value.kind
        && let Some(at) = index.lineages.get(&(reference.stack, reference.address.clone()))
    {
        return Some(*at);
    }
    let text = value.text()?;
    graph.entities.lineages.iter().position(|lineage| {
        !lineage.site.external
            && lineage.name.as_ref().and_then(Value::text).as_ref() == Some(&text)
            && here(&lineage.site, place).is_some()
    })
}

/// The data store that a value names: by reference, ARN, or its name in the same account and Region.
pub(super) fn store_named(
    graph: &Graph,
    index: &Index,
    value: &Value,
    place: &Place,
    fits: impl Fn(&DataStore) -> bool,
) -> Option<usize> {
    if let Kind::Ref(reference) = &value.kind
        && let Some(at) = index.stores.get(&(reference.stack, reference.address.clone()))
    {
        return graph.entities.data_stores.get(*at).filter(|store| fits(store)).map(|_| *at);
    }
    let text = value.text()?;
    graph.entities.data_stores.iter().position(|store| {
        let named = || store.name.as_ref().and_then(Value::text).as_ref() == Some(&text);
        let same = store.site.place.account.same(&place.account) == Some(true)
            && store.site.place.region.same(&place.region) == Some(true);
        fits(store) && if Arn::parse(&text).is_some() { store.arn.as_ref() == Some(&text) } else { same && named() }
    })
}

/// The option group that a value names: by reference, or its name in the same account and Region.
pub(super) fn option_group<'a>(
    graph: &'a Graph,
    index: &Index,
    setting: &Setting,
    place: &Place,
) -> Result<&'a OptionGroup, Why> {
    let groups = &graph.entities.option_groups;
    let found = match &setting.value.kind {
        Kind::Ref(reference) => {
            index.option_groups.get(&(reference.stack, reference.address.clone())).and_then(|at| groups.get(*at))
        }
        _ => None,
    };
    let found = found.or_else(|| {
        let text = setting.value.text()?;
        groups.iter().find(|group| {
            group.name.as_ref().and_then(Value::text).as_ref() == Some(&text)
                && group.site.place.account.same(&place.account) == Some(true)
                && group.site.place.region.same(&place.region) == Some(true)
        })
    });
    found.ok_or_else(|| match setting.value.text() {
        Some(text) => {
            Why { text: format!("no loaded code defines the option group `{text}`"), span: Some(setting.span) }
        }
        None => why(&setting.value, setting.span),
    })
}

/// The launch template that a value names: by reference, or its name in the same account and Region.
fn template<'g>(graph: &'g Graph, index: &Index, setting: &Setting, place: &Place) -> Option<&'g LaunchTemplate> {
    let templates = &graph.entities.launch_templates;
    if let Kind::Ref(reference) = &setting.value.kind
        && let Some(at) = index.templates.get(&(reference.stack, reference.address.clone()))
    {
        return templates.get(*at);
    }
    let text = setting.value.text()?;
    templates.iter().find(|template| {
        template.name.as_ref().and_then(Value::text).as_ref() == Some(&text) && here(&template.site, place).is_some()
    })
}

/// Gives the instances of groups the tags of their launch templates; a group's own come first.
pub(super) fn group_tags(graph: &mut Graph, index: &Index) {
    let mut found = Vec::new();
    for (at, store) in graph.entities.data_stores.iter().enumerate().filter(|(_, store)| store.is_group()) {
        let Some(own) = store.tags.as_map() else { continue };
        let named =
            store.template.as_ref().map(|setting| (setting, template(graph, index, setting, &store.site.place)));
        let mut tags = own.clone();
        match named {
            Some((_, Some(template))) => {
                if let Some(more) = template.tags.as_map() {
                    for (key, entry) in &more.entries {
                        tags.entries.entry(key.clone()).or_insert_with(|| entry.clone());
                    }
                    tags.open = tags.open.or_else(|| more.open.clone());
                }
            }
            Some((setting, None)) => {
                let why = format!("its tags come from a launch template: {}", self::named(setting));
                tags.open = Some(Arc::new(Unknown::new(Reason::Derived(why.into()), Some(setting.span))));
            }
            None => {}
        }
        found.push((at, Value { kind: Kind::Map(Arc::new(tags)), ..store.tags.clone() }));
    }
    for (at, tags) in found {
        if let Some(store) = graph.entities.data_stores.get_mut(at) {
            store.tags = tags;
        }
    }
}

/// Notes at instances what their launch template says of the AMI: whether it is AWS Marketplace's.
pub(super) fn template_images(graph: &mut Graph, index: &Index) {
    let mut found = Vec::new();
    for (at, store) in graph.entities.data_stores.iter().enumerate() {
        let named = store.template.as_ref().filter(|_| !store.facts.contains_key("image"));
        let template = named.and_then(|setting| template(graph, index, setting, &store.site.place));
        found.extend(template.and_then(|template| template.marketplace.clone()).map(|image| (at, image)));
    }
    for (at, image) in found {
        if let Some(store) = graph.entities.data_stores.get_mut(at) {
            store.facts.entry("marketplace".into()).or_insert(image);
        }
    }
}

/// The keys of an instance's volumes: its own, its launch template's where it does not say, and those attached to it.
fn volumes(graph: &Graph, index: &Index, at: usize, store: &DataStore) -> Vec<KeyUse> {
    if &*store.service != "ec2" {
        return Vec::new();
    }
    let place = &store.site.place;
    let mut parts: Vec<&Part> = store.parts.iter().collect();
    let mut out = Vec::new();
    if let Some(setting) = &store.template {
        match template(graph, index, setting, place) {
            // What the instance says of a device replaces what the template says.
            Some(template) => {
                let root = store.parts.iter().any(Part::is_root);
                let kept = template.parts.iter().filter(|part| {
                    !(root && part.is_root() || store.parts.iter().any(|own| own.device == part.device))
                });
                parts.extend(kept);
            }
            None => out.push(KeyUse::Unknown(Why {
                text: format!("its volumes come from a launch template: {}", named(setting)),
                span: Some(setting.span),
            })),
        }
    }
    let root = parts.iter().any(|part| part.is_root());
    out.extend(parts.iter().map(|part| used(graph, index, &part.encryption, place, 0)));
    if !root {
        out.push(KeyUse::Unknown(Why {
            text: "the root volume takes its encryption from the AMI".to_owned(),
            span: Some(store.site.header),
        }));
    }
    for attachment in &graph.entities.volume_attachments {
        match store_named(graph, index, &attachment.instance.value, place, |_| true) {
            Some(found) if found == at => {}
            None if may_be_here(attachment, place) => {
                out.push(KeyUse::Unknown(Why {
                    text: "a volume may be attached to it: to which instance is not known".to_owned(),
                    span: Some(attachment.instance.span),
                }));
                continue;
            }
            _ => continue,
        }
        let volume = store_named(graph, index, &attachment.volume.value, place, |store| &*store.service == "ebs");
        out.push(match volume.and_then(|at| graph.entities.data_stores.get(at)) {
            Some(volume) => used(graph, index, &volume.encryption, place, 0),
            None => KeyUse::Unknown(Why {
                text: "a volume is attached to it that is not known".to_owned(),
                span: Some(attachment.volume.span),
            }),
        });
    }
    out
}

/// Whether an attachment of which the instance is not found may be to any instance of the place: what is looked up or not
/// known may be one that the code makes.
fn may_be_here(attachment: &VolumeAttachment, place: &Place) -> bool {
    let other = &attachment.site.place;
    let elsewhere =
        other.account.same(&place.account) == Some(false) || other.region.same(&place.region) == Some(false);
    let value = &attachment.instance.value;
    let looked_up = value.as_ref_to().is_some_and(|reference| reference.address.contains("data."));
    !elsewhere && value.text().is_none() && (looked_up || value.as_ref_to().is_none())
}

/// Whether EBS encryption by default is on in the account and Region: the outer `None` where nothing says anything.
fn by_default(graph: &Graph, place: &Place) -> Option<Result<bool, Why>> {
    let same = |site: &Site| {
        site.place.account.same(&place.account) == Some(true) && site.place.region.same(&place.region) == Some(true)
    };
    for setting in &graph.entities.settings {
        let Settings::EbsEncryption { site, enabled } = setting else { continue };
        if !same(site) {
            continue;
        }
        return Some(match (uncertain(site), enabled) {
            (Some(doubt), _) => Err(doubt),
            (None, None) => Ok(true),
            (None, Some(enabled)) => enabled.value.as_bool().ok_or_else(|| why(&enabled.value, enabled.span)),
        });
    }
    // Who tells the default key tells that it is used.
    configured(graph, place).map(|_| Ok(true))
}

fn configured<'a>(graph: &'a Graph, place: &Place) -> Option<&'a str> {
    graph.facts.accounts.get(place.account.known()?)?.ebs_default_key.as_deref()
}

/// The account's default key for EBS in a Region.
fn default_key(graph: &Graph, index: &Index, place: &Place, span: Span) -> KeyUse {
    for setting in &graph.entities.settings {
        let Settings::EbsDefaultKey { site, key } = setting else { continue };
        if site.place.account.same(&place.account) != Some(true) || site.place.region.same(&place.region) != Some(true)
        {
            continue;
        }
        return match uncertain(site) {
            Some(doubt) => KeyUse::Unknown(doubt),
            None => resolve::key(graph, index, &key.value, key.span, place, 0),
        };
    }
    match configured(graph, place) {
        Some("aws-managed") | None => KeyUse::AwsManaged { alias: "aws/ebs".into(), span },
        Some(key) => resolve::key(graph, index, &Value::string(key), span, place, 0),
    }
}

fn account_setting(graph: &Graph, index: &Index, place: &Place, span: Span) -> KeyUse {
    match by_default(graph, place) {
        Some(Ok(false)) => KeyUse::Unencrypted { span },
        Some(Ok(true)) => default_key(graph, index, place, span),
        Some(Err(why)) => KeyUse::Unknown(why),
        None => KeyUse::Unknown(Why {
            text: "whether the account encrypts new volumes by default is not known; set `encrypted`, declare `aws_ebs_encryption_by_default`, or give ebs_default_key under [[known.account]] in crossvault.toml"
                .to_owned(),
            span: Some(span),
        }),
    }
}
