//! A logically air-gapped vault that cannot take this copy, or that the backup is made into in the first place.
//!
//! Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/logicallyairgappedvault.html>, read 2026-11.

use super::support::{
    action_span, destination, destination_name, fail, finding, rule, service, source_keys, source_name, store,
    undecided, with_places, with_why,
};
use super::{Context, Finding, Outcome};
use crate::catalog::{Support, UnencryptedCopy};
use crate::copy::Copy;
use crate::diagnostic::Label;
use crate::graph::KeyUse;

const RULE: &str = "air-gapped-vault-unsupported";
const PAGE: &str = "https://docs.aws.amazon.com/aws-backup/latest/devguide/logicallyairgappedvault.html";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    if let Some(target) = rule(context, copy).and_then(|rule| rule.target_air_gapped.as_ref()) {
        let found = finding(
            RULE,
            target.value.marked_text().unwrap_or_default(),
            "whether copies from a logically air-gapped vault succeed cannot be told".to_owned(),
            Some(Label::new(target.span, "backups are made into this vault first")),
        )
        .note("where the backup lies depends on its type; a copy out of the vault is only ever made under a customer managed key")
        .url(PAGE);
        return undecided(with_places(found, context, copy));
    }
    // Whether a vault that no code defines is one, is told with that vault.
    let Some(vault) = destination(context, copy).filter(|vault| vault.air_gapped) else {
        return Outcome::NotApplicable;
    };
    let name = source_name(context, copy);
    let target = destination_name(context, copy);
    let root = store(context, copy)
        .map(|store| format!("{}|{}|{target}", store.site.unit, store.site.address))
        .unwrap_or_else(|| format!("{name}|{target}"));
    let at = store(context, copy).map(|store| store.site.header).or_else(|| action_span(context, copy));
    let told = |headline: String, words: &str| -> Finding {
        finding(RULE, root.clone(), headline, at.map(|span| Label::new(span, words))).url(PAGE)
    };
    let no = |words: &str, aws: &'static str| {
        let headline = format!("the copy of {name} to the logically air-gapped vault {target} will fail: {words}");
        fail(with_places(told(headline, "cannot be copied there").note(aws), context, copy))
    };
    let region = vault.site.place.region.known();
    if let Some(region) =
        region.filter(|region| context.catalog.no_air_gapped_copy_regions.iter().any(|no| **no == ***region))
    {
        return no(&format!("there are no such copies in `{region}`"), "");
    }
    let Some((_, row)) = service(context, copy) else {
        return undecided(told(
            format!(
                "whether {name} may go to the logically air-gapped vault {target} cannot be told: its type is not known"
            ),
            "this resource",
        ));
    };
    match row.lag {
        Support::No => {
            return no(
                &format!("{} is not supported there", row.label),
                "AWS says: This resource type is not supported by logically air-gapped backup vault.",
            );
        }
        Support::Unknown => {
            return undecided(told(
                format!(
                    "whether {name} may go to the logically air-gapped vault {target} cannot be told: AWS does not say whether {} is supported there",
                    row.label
                ),
                "this resource",
            ));
        }
        Support::Yes => {}
    }
    if row.full != Support::Yes {
        for used in source_keys(context, copy) {
            match used {
                KeyUse::AwsManaged { alias, .. } => {
                    return no(
                        &format!("its data is encrypted under the AWS-managed key `{alias}`"),
                        "AWS says: This resource is encrypted with an AWS managed key and cannot be copied to a logically air-gapped backup vault.",
                    );
                }
                KeyUse::Unencrypted { .. } if row.unencrypted_copy == Some(UnencryptedCopy::Stays) => {
                    return no(&format!("{} that is not encrypted is not supported there", row.label), "");
                }
                KeyUse::Unknown(why) => {
                    let found = told(
                        format!(
                            "whether {name} may go to the logically air-gapped vault {target} cannot be told: {}",
                            why.text
                        ),
                        "under a key that is not known",
                    );
                    return undecided(with_why(found, why));
                }
                _ => {}
            }
        }
    }
    if let Some(key) = &vault.key {
        let found = finding(
            RULE,
            root.clone(),
            format!(
                "whether the plan's role may use the key of the logically air-gapped vault {target} cannot be told"
            ),
            Some(Label::new(key.span, "the role that copies must be allowed to use this key")),
        )
        .url(PAGE);
        return undecided(with_places(found, context, copy));
    }
    Outcome::Pass(Vec::new())
}
