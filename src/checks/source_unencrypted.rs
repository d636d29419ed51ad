//! The source is not encrypted: its copy works, and stays unencrypted for some types.

use super::support::{fail, finding, service, source_keys, source_name, store, with_places};
use super::{Context, Outcome};
use crate::catalog::{Support, UnencryptedCopy};
use crate::copy::Copy;
use crate::diagnostic::{Label, Severity};
use crate::graph::KeyUse;

const RULE: &str = "source-unencrypted";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let Some((_, row)) = service(context, copy).filter(|(_, row)| row.full != Support::Yes) else {
        return Outcome::NotApplicable;
    };
    if copy.cross_account != Some(true) {
        return Outcome::NotApplicable;
    }
    for used in source_keys(context, copy) {
        let KeyUse::Unencrypted { span } = used else { continue };
        let stays = row.unencrypted_copy == Some(UnencryptedCopy::Stays);
        let name = source_name(context, copy);
        let root =
            store(context, copy).map(|store| format!("{}|{}", store.site.unit, store.site.address)).unwrap_or_default();
        let words = if stays {
            "its copy in the other account stays unencrypted"
        } else {
            "its copy is encrypted under the destination vault's key"
        };
        let found =
            finding(RULE, root, format!("{name} is not encrypted; {words}"), Some(Label::new(*span, "not encrypted")))
                .severity(if stays { Severity::Warning } else { Severity::Info })
                .help("encrypt the data under a customer managed key that is shared with the destination account");
        return fail(with_places(found, context, copy));
    }
    Outcome::NotApplicable
}
