//! The source's key is disabled, made for something else than encryption, or of another Region.

use super::support::{fail, finding, service, source_keys, source_name, store, undecided, with_places};
use super::{Context, Outcome};
use crate::aws::{Arn, Region};
use crate::catalog::Support;
use crate::copy::Copy;
use crate::diagnostic::Label;
use crate::graph::KeyUse;
use crate::model::{Key, Setting};
use crate::source::Span;
use std::sync::Arc;

const RULE: &str = "source-key-unusable";
pub(super) const REGIONS_PAGE: &str =
    "https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html";

/// What makes a key unusable, and where; `Err` where that cannot be told.
pub(super) fn unusable(key: &Key) -> Result<Option<(&Setting, &'static str)>, &Setting> {
    if let Some(enabled) = &key.enabled {
        match enabled.value.as_bool() {
            Some(false) => return Ok(Some((enabled, "the key is disabled"))),
            Some(true) => {}
            None => return Err(enabled),
        }
    }
    if let Some(usage) = &key.usage {
        match usage.value.text().as_deref() {
            Some("ENCRYPT_DECRYPT") => {}
            Some(_) => return Ok(Some((usage, "the key is not made for encryption"))),
            None => return Err(usage),
        }
    }
    if let Some(spec) = &key.spec {
        match spec.value.text().as_deref() {
            Some("SYMMETRIC_DEFAULT") => {}
            Some(_) => return Ok(Some((spec, "the key is not symmetric"))),
            None => return Err(spec),
        }
    }
    Ok(None)
}

/// Where the key is named, its Region and the one where it is used, where these are certainly two.
pub(super) fn foreign(context: &Context<'_>, used: &KeyUse, here: &Region) -> Option<(Span, Arc<str>, Arc<str>)> {
    let home = here.known()?;
    let (span, own): (Span, Arc<str>) = match used {
        KeyUse::Customer { key, span } => (*span, context.graph.key(*key)?.site.place.region.known()?.clone()),
        KeyUse::External { name, span } => {
            let text = name.marked_text()?;
            let arn = Arn::parse(&text).filter(|arn| arn.service == "kms" && !arn.region.contains('\u{1}'))?;
            (*span, Some(arn.region).filter(|region| !region.is_empty())?.into())
        }
        _ => return None,
    };
    (own != *home).then(|| (span, own, home.clone()))
}

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    if service(context, copy).is_none_or(|(_, row)| row.full == Support::Yes) {
        return Outcome::NotApplicable;
    }
    let Some(site) = store(context, copy).map(|store| &store.site) else { return Outcome::NotApplicable };
    let mut seen = false;
    for used in source_keys(context, copy) {
        if let Some((span, elsewhere, home)) = foreign(context, used, &site.place.region) {
            let words = format!("names a key of {elsewhere}, and the data lies in {home}");
            let primary = Some(Label::new(span, words));
            let name = source_name(context, copy);
            let root = format!("Region of the key|{}|{}", site.unit, site.address);
            let found = finding(
                RULE,
                root,
                format!("the copy of {name} will fail: its key lies in another Region"),
                primary,
            )
            .note("a KMS key belongs to one Region, and AWS encrypts a resource under keys of its own Region only")
            .help(format!("name a key of {home}; the replica there of a multi-Region key is one"))
            .url(REGIONS_PAGE);
            return fail(with_places(found, context, copy));
        }
        let KeyUse::Customer { key: id, span } = used else { continue };
        let Some(key) = context.graph.key(*id) else { continue };
        seen = true;
        let root = format!("{}|{}", key.site.unit, key.site.address);
        match unusable(key) {
            Ok(None) => {}
            Ok(Some((setting, words))) => {
                let found = finding(
                    RULE,
                    root,
                    format!(
                        "the copy of {} will fail: its key `{}` cannot be used",
                        source_name(context, copy),
                        key.site.address
                    ),
                    Some(Label::new(setting.span, words)),
                )
                .label(*span, "the data is encrypted under this key")
                .note("AWS says: KMS key is either disabled or pending deletion or access to KMS key is denied")
                .help("use an enabled symmetric encryption key");
                return fail(with_places(found, context, copy));
            }
            Err(setting) => {
                let found = finding(
                    RULE,
                    root,
                    format!("whether the key `{}` can be used cannot be told", key.site.address),
                    Some(Label::new(setting.span, "this is not known")),
                );
                return undecided(with_places(found, context, copy));
            }
        }
    }
    if seen { Outcome::Pass(Vec::new()) } else { Outcome::NotApplicable }
}
