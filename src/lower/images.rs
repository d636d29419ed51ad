//! AMIs of AWS Marketplace: AWS lets nobody copy to another account what was started from one.
//!
//! Sources, read 2026-11: <https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-dashboards.html> (the message),
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html> (owners and filters).

use super::items;
use crate::model::Setting;
use crate::resource::{Resource, Stack};
use crate::source::Span;
use crate::value::{Reason, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The owner alias of AMIs of AWS Marketplace.
const OWNER: &str = "aws-marketplace";
/// Where AWS Systems Manager keeps the ids of Marketplace's AMIs.
const PARAMETERS: &str = "/aws/service/marketplace/";
/// Where it keeps those of Amazon's own.
const AMAZONS: [&str; 5] = [
    "/aws/service/ami-amazon-linux-latest/",
    "/aws/service/ami-windows-latest/",
    "/aws/service/bottlerocket/",
    "/aws/service/ecs/optimized-ami/",
    "/aws/service/eks/optimized-ami/",
];

/// The stack's data sources that find AMIs of which the code tells whether they are AWS Marketplace's, by address, with
/// the place that says so.
pub(super) type Images = BTreeMap<Arc<str>, (bool, Span)>;

pub(super) fn told(stack: &Stack) -> Images {
    let images = stack.resources.iter().filter(|resource| resource.data && &*resource.kind == "aws_ami");
    images.filter_map(|image| Some((image.address.clone(), asks(image)?))).collect()
}

/// Whether a data source asks for AMIs of AWS Marketplace, or for others.
fn asks(image: &Resource) -> Option<(bool, Span)> {
    let all = |value: Option<&Value>, wanted: &str| {
        let (list, open) = items(value);
        open.is_none() && !list.is_empty() && list.iter().all(|item| item.text().as_deref() == Some(wanted))
    };
    if all(image.get("owners"), OWNER) {
        return Some((true, image.attribute_span("owners")));
    }
    if all(image.get("owners"), "amazon") {
        return Some((false, image.attribute_span("owners")));
    }
    let (filters, _) = items(image.get("filter"));
    filters.iter().find_map(|filter| {
        let values = filter.get("values");
        let found = match filter.get("name").and_then(Value::text).as_deref() {
            Some("owner-alias") => all(values, OWNER),
            Some("product-code.type") => all(values, "marketplace"),
            Some("product-code") => true,
            _ => false,
        };
        found.then(|| (true, filter.span.unwrap_or(image.header)))
    })
}

/// Whether an image is AWS Marketplace's, and what says so, where the code tells.
pub(super) fn marketplace(image: Option<Setting>, images: &Images) -> Option<Setting> {
    let image = image?;
    let named = |text: &str| {
        let amazons = || AMAZONS.iter().any(|path| text.contains(path)).then_some((false, image.span));
        text.contains(PARAMETERS).then_some((true, image.span)).or_else(amazons)
    };
    let found = match image.value.first_unknown().map(|unknown| &unknown.reason) {
        Some(Reason::DataSource(address)) => images.get(address).copied(),
        Some(reason) => named(&reason.to_string()),
        None => image.value.text().and_then(|text| named(&text)),
    };
    found.map(|(of_marketplace, span)| Setting { value: Value::bool(of_marketplace), span })
}
