//! The type cannot be copied that way, in that Region, or across that partition.
//!
//! Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-feature-availability.html>, read 2026-11.

use super::support::{action_span, assumed, fail, finding, service, source_name, store, undecided, with_places};
use super::{Context, Outcome};
use crate::catalog::Support;
use crate::copy::{Copy, CopySource};
use crate::diagnostic::{Label, Severity};
use crate::graph::{KeyUse, VaultTarget};
use crate::model::Setting;
use crate::source::Span;

const RULE: &str = "copy-unsupported";
/// What is assumed of instances whose AMI's origin the code does not tell.
pub(super) const OWN_IMAGES: &str = "EC2 instances are not started from AMIs of AWS Marketplace";
const OTHER_MEANS: &str = "copy it by other means";
const PAGE: &str = "https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-feature-availability.html";

pub(super) fn check(context: &Context<'_>, copy: &Copy) -> Outcome {
    let name = source_name(context, copy);
    let root = store(context, copy)
        .map(|store| format!("{}|{}", store.site.unit, store.site.address))
        .unwrap_or_else(|| name.clone());
    let plan_place = context.graph.plan(copy.plan).map(|plan| &plan.site.place);
    let target = context.graph.place(&copy.destination);
    let (from, to) = (plan_place.and_then(|place| place.region.known()), target.and_then(|place| place.region.known()));
    let primary = || {
        let header = store(context, copy).map(|store| store.site.header);
        header.or_else(|| action_span(context, copy)).map(|span| Label::new(span, "cannot be copied this way"))
    };
    let open = || {
        let header = store(context, copy).map(|store| store.site.header);
        header
            .or_else(|| action_span(context, copy))
            .map(|span| Label::new(span, "whether it can be copied this way is not known"))
    };
    let no = |words: String| {
        let found = finding(RULE, root.clone(), format!("the copy of {name} will fail: {words}"), primary())
            .note("AWS says: Copy job from ... to ... cannot be initiated for ... resources. Feature is not supported for provided resource type.")
            .url(PAGE);
        fail(with_places(found, context, copy))
    };
    if let (Some(from), Some(to)) = (from, to) {
        let (a, b) = (crate::aws::partition_of_region(from), crate::aws::partition_of_region(to));
        if a != b {
            return no(format!("no copy crosses from the partition `{a}` to `{b}`"));
        }
        if context.catalog.no_copy_partitions.iter().any(|partition| partition == a)
            && (copy.cross_account == Some(true) || copy.cross_region == Some(true))
        {
            return no(format!("AWS Backup makes no such copies in the partition `{a}`"));
        }
    }
    let Some((_, row)) = service(context, copy) else {
        if let CopySource::Arn(named) = &copy.source {
            let arn = &named.arn;
            return undecided(finding(
                RULE,
                arn.to_string(),
                format!("what `{arn}` is cannot be told from its form, so neither whether it can be copied"),
                Some(Label::new(named.span, "this resource")),
            ));
        }
        return Outcome::NotApplicable;
    };
    let label = &row.label;
    if row.xr == Support::No && row.xa == Support::No {
        return no(format!("AWS Backup cannot copy backups of {label} at all"));
    }
    if copy.cross_account == Some(true) && row.xa == Support::No {
        return no(format!("AWS Backup cannot copy backups of {label} to another account"));
    }
    if copy.cross_region == Some(true) && row.xr == Support::No {
        return no(format!("AWS Backup cannot copy backups of {label} to another Region"));
    }
    // A type that some Regions lack, in a Region that is not known.
    let limited = (copy.cross_account == Some(true)
        && (row.xa_opt_in_regions == Some(Support::No) || !row.xa_forbidden.is_empty()))
        || (copy.cross_region == Some(true) && (row.xr_opt_in_regions.is_some() || !row.xr_forbidden.is_empty()));
    if limited && (from.is_none() || to.is_none()) {
        let headline = format!(
            "whether {name} can be copied cannot be told: not every Region copies {label}, and the Region is not known"
        );
        let found = finding(RULE, root, headline, open())
            .help("configure the provider's Region, or give it under [[deployment]] in crossvault.toml")
            .url(PAGE);
        return undecided(with_places(found, context, copy));
    }
    let opt_in = |region: &str| context.catalog.opt_in_regions.iter().any(|other| other == region);
    for region in [from, to].into_iter().flatten() {
        if copy.cross_account == Some(true) && row.xa_opt_in_regions == Some(Support::No) && opt_in(region) {
            return no(format!("AWS Backup cannot copy backups of {label} to another account in `{region}`"));
        }
        if copy.cross_account == Some(true) && row.xa_forbidden.iter().any(|other| **other == **region) {
            return no(format!("AWS Backup cannot copy backups of {label} to another account in `{region}`"));
        }
        let listed = row
            .xr_opt_in_regions
            .as_ref()
            .is_some_and(|list| opt_in(region) && !list.iter().any(|other| **other == **region));
        if copy.cross_region == Some(true) && (listed || row.xr_forbidden.iter().any(|other| **other == **region)) {
            return no(format!("AWS Backup cannot copy backups of {label} to or from `{region}`"));
        }
    }
    if copy.cross_account == Some(true) && copy.cross_region == Some(true) && row.one_action == Support::Unknown {
        let headline = format!(
            "whether {name} can be copied to another account and Region in one action cannot be told: AWS's pages do not say so of {label}"
        );
        let found = finding(RULE, root, headline, open())
            .help("copy within the Region to the other account, or within the account to the other Region")
            .url(PAGE);
        return undecided(with_places(found, context, copy));
    }
    let partition = from.map(|from| crate::aws::partition_of_region(from));
    if let Some(partition) = partition.filter(|name| row.unknown_partitions.iter().any(|other| other == name)) {
        let headline = format!(
            "whether {name} can be copied cannot be told: AWS's pages contradict each other about {label} in the partition `{partition}`"
        );
        return undecided(with_places(finding(RULE, root, headline, open()).url(PAGE), context, copy));
    }
    // What is started from an AMI with a Marketplace product code is backed up as one.
    // Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-dashboards.html>, read 2026-11.
    if let Some((true, span)) = image(context, copy) {
        let headline = format!(
            "whether {name} can be copied to another account cannot be told: it is started from an AMI of AWS Marketplace"
        );
        let primary = span.map(|span| Label::new(span, "an AMI of AWS Marketplace")).or_else(&open);
        let found = finding(RULE, root, headline, primary)
            .severity(Severity::Warning)
            .note("AWS says: Images from AWS Marketplace cannot be copied to another AWS account.")
            .help("start it from an AMI without a Marketplace product code, or keep the data on volumes of its own and select these")
            .url("https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-dashboards.html");
        return undecided(with_places(found, context, copy));
    }
    if image_assumed(context, copy) && context.strict {
        let help = "set marketplace_images under [[known.account]] in crossvault.toml";
        return assumed(context, RULE, OWN_IMAGES, help);
    }
    match never_backed_up(context, copy) {
        Some(Ok((span, words, help))) => {
            let primary = Some(Label::new(span, "so AWS Backup does not back it up"));
            let found = finding(RULE, root, format!("the copy of {name} will fail: {words}"), primary).help(help);
            return fail(with_places(found.url(PAGE), context, copy));
        }
        Some(Err((span, words))) => {
            let headline = format!("whether {name} is backed up cannot be told: {words}");
            let found = finding(RULE, root, headline, Some(Label::new(span, "this decides")));
            return undecided(with_places(found.url(PAGE), context, copy));
        }
        None => {}
    }
    // The parts of a composite under AWS-managed keys stay in the account, and any may need a key for the vault.
    let whole = copy.cross_account == Some(false) && row.full == Support::Yes && under_own_key(context, copy);
    if row.composite && !whole {
        return undecided(with_places(
            finding(
                RULE,
                root,
                format!(
                    "whether {name} can be copied whole cannot be told: {label} is made of parts that are copied each in their own way"
                ),
                open(),
            ),
            context,
            copy,
        ));
    }
    Outcome::Pass(Vec::new())
}

/// Whether an instance that is copied to another account is started from an AMI of AWS Marketplace, and where the code
/// says so; else the configuration does.
fn image(context: &Context<'_>, copy: &Copy) -> Option<(bool, Option<Span>)> {
    if copy.cross_account != Some(true) || service(context, copy).is_none_or(|(name, _)| name != "ec2") {
        return None;
    }
    let store = store(context, copy);
    if let Some(told) = store.and_then(|store| store.facts.get("marketplace")) {
        return Some((told.value.as_bool()?, Some(told.span)));
    }
    let place = store.map(|store| &store.site.place);
    let place = place.or_else(|| context.graph.plan(copy.plan).map(|plan| &plan.site.place))?;
    let facts = context.graph.facts.accounts.get(place.account.known()?)?;
    facts.marketplace_images.map(|told| (told, None))
}

/// Whether it is taken for granted that an instance's AMI can be copied to another account.
pub(super) fn image_assumed(context: &Context<'_>, copy: &Copy) -> bool {
    copy.cross_account == Some(true)
        && service(context, copy).is_some_and(|(name, _)| name == "ec2")
        && image(context, copy).is_none()
}

/// Whether the destination vault is certainly under a customer managed key.
fn under_own_key(context: &Context<'_>, copy: &Copy) -> bool {
    match &copy.destination {
        VaultTarget::Vault(id) => {
            matches!(context.graph.vault_keys.get(id.0 as usize), Some(KeyUse::Customer { .. }))
        }
        _ => false,
    }
}

/// What excludes a data store from being backed up at all: (where, why, help), or (where, why) it cannot be told.
type Excluded = Result<(Span, &'static str, &'static str), (Span, String)>;

/// A data store of a type that is supported, and of a form that is not.
///
/// Sources, read 2026-11: <https://docs.aws.amazon.com/aws-backup/latest/devguide/rds-backup.html> (Outposts, RDS Custom),
/// <https://docs.aws.amazon.com/aws-backup/latest/devguide/s3-backups.html> (versioning),
/// <https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateBackup.html> (Lustre: persistent, no data repository).
fn never_backed_up(context: &Context<'_>, copy: &Copy) -> Option<Excluded> {
    let store = store(context, copy)?;
    let fact = |name: &str| store.facts.get(name);
    let unknown = |setting: &Setting, what: &str| Err((setting.span, format!("{what} is not known")));
    match &*store.service {
        "rds" => {
            if let Some(target) = fact("backup_target") {
                match target.value.text().as_deref() {
                    Some("outposts") => {
                        return Some(Ok((target.span, "AWS Backup does not support RDS on Outposts", OTHER_MEANS)));
                    }
                    Some(_) => {}
                    None => return Some(unknown(target, "where its own backups lie")),
                }
            }
            let engine = fact("engine")?;
            match engine.value.text() {
                Some(name) if name.starts_with("custom-oracle") => {
                    Some(Ok((engine.span, "AWS Backup does not support RDS Custom for Oracle", OTHER_MEANS)))
                }
                Some(name) if name.starts_with("custom-") && copy.cross_account == Some(true) => {
                    Some(Ok((engine.span, "snapshots of RDS Custom cannot be copied to another account", OTHER_MEANS)))
                }
                Some(name) if name.starts_with("custom-") => Some(Err((
                    engine.span,
                    "AWS's pages contradict each other about RDS Custom for SQL Server".to_owned(),
                ))),
                Some(_) => None,
                None => Some(unknown(engine, "whether it is RDS Custom")),
            }
        }
        "s3" => {
            let help = "switch the bucket's versioning on (`aws_s3_bucket_versioning`, `VersioningConfiguration`)";
            // Versioning is a resource of its own in Terraform, and often switched on elsewhere.
            let Some(versioning) = fact("versioning") else {
                let why = "no code at hand switches the bucket's versioning on, which its backup needs".to_owned();
                return Some(Err((store.site.header, why)));
            };
            match versioning.value.text().as_deref() {
                Some("Enabled" | "true") => None,
                Some(_) => Some(Ok((versioning.span, "a bucket without versioning is not backed up", help))),
                None => Some(unknown(versioning, "whether the bucket keeps versions")),
            }
        }
        "fsx_lustre" => {
            if let Some(repository) = fact("data_repository") {
                let words = "a Lustre file system that is linked to a data repository has no backups";
                return Some(match repository.value.text() {
                    Some(_) => Ok((repository.span, words, OTHER_MEANS)),
                    None => unknown(repository, "whether it is linked to a data repository"),
                });
            }
            let words = "a Lustre file system of a scratch type has no backups";
            let help = "use a persistent deployment type";
            match fact("deployment_type") {
                // The API's default is SCRATCH_1.
                None => Some(Ok((store.site.header, words, help))),
                Some(kind) => match kind.value.text() {
                    Some(name) if name.starts_with("SCRATCH") => Some(Ok((kind.span, words, help))),
                    Some(_) => None,
                    None => Some(unknown(kind, "its deployment type")),
                },
            }
        }
        "fsx_openzfs" => {
            let kind = fact("storage_type")?;
            match kind.value.text().as_deref() {
                Some("INTELLIGENT_TIERING") => Some(Ok((
                    kind.span,
                    "backups of a file system on Intelligent-Tiering storage cannot be copied",
                    OTHER_MEANS,
                ))),
                Some(_) => None,
                None => Some(unknown(kind, "its storage type")),
            }
        }
        _ => None,
    }
}
