//! The source's key is disabled, or made for something else than encryption.

use super::support::{fail, finding, service, source_keys, source_name, undecided, with_places};
use super::{Context, Outcome};
use crate::catalog::Support;
use crate::copy::Copy;
use crate::diagnostic::Label;
use crate::graph::KeyUse;
use crate::model::{Key, Setting};

const RULE: &str = "source-key-unusable";

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

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    if service(context, copy).is_none_or(|(_, row)| row.full == Support::Yes) {
        return Outcome::NotApplicable;
    }
    let mut seen = false;
    for used in source_keys(context, copy) {
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
