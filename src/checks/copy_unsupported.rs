//! The type cannot be copied that way, in that Region, or across that partition.
//!
//! Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-feature-availability.html>, read 2026-11.

use super::support::{action_span, fail, finding, service, source_name, store, undecided, with_places};
use super::{Context, Outcome};
use crate::catalog::Support;
use crate::copy::{Copy, CopySource};
use crate::diagnostic::Label;

const RULE: &str = "copy-unsupported";
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
        if let CopySource::Arn { span, arn, .. } = &copy.source {
            return undecided(finding(
                RULE,
                arn.to_string(),
                format!("what `{arn}` is cannot be told from its form, so neither whether it can be copied"),
                Some(Label::new(*span, "this resource")),
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
        let found = finding(RULE, root, headline, primary())
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
    if let Some(backup_target) = store(context, copy).and_then(|store| store.facts.get("backup_target"))
        && backup_target.value.as_str() == Some("outposts")
    {
        return no("AWS Backup does not support RDS on Outposts".to_owned());
    }
    if (copy.cross_account == Some(true) && row.xa == Support::Unknown) || row.full == Support::Unknown {
        return undecided(with_places(
            finding(
                RULE,
                root,
                format!(
                    "whether {name} can be copied whole cannot be told: {label} is made of parts that are copied each in their own way"
                ),
                primary(),
            ),
            context,
            copy,
        ));
    }
    Outcome::Pass(Vec::new())
}
