//! The volumes of EC2 instances: declared with the instance, by its launch template, or attached to it.

use super::images::{self, Images};
use super::store::stated;
use super::{block, inner, items, setting};
use crate::catalog::Service;
use crate::model::{Device, Encryption, Entities, Inherit, LaunchTemplate, Part, Setting, Site, VolumeAttachment};
use crate::resource::Resource;
use crate::source::Span;
use crate::value::{Kind, Value};
use std::sync::Arc;

/// The volumes that an instance itself declares.
pub(super) fn of_instance(resource: &Resource, site: &Site, service: &Service) -> Vec<Part> {
    let mut parts = Vec::new();
    for block in ["root_block_device", "ebs_block_device"] {
        let root = block == "root_block_device";
        for device in blocks(resource.get(block), resource.attribute_span(block), &mut parts) {
            let name = if root { Device::Root } else { named(&device, "device_name") };
            let names = Names { flag: "encrypted", key: "kms_key_id", snapshot: "snapshot_id" };
            parts.push(part(name, &device, &names, site, service));
        }
    }
    let span = resource.attribute_span("BlockDeviceMappings");
    mappings(resource.get("BlockDeviceMappings"), span, &CLOUDFORMATION, site, service, &mut parts);
    parts
}

/// The launch template, or launch configuration, that an instance or each instance of a group is made from.
pub(super) fn template(resource: &Resource) -> Option<Setting> {
    let path: &[&str] = match &*resource.kind {
        "aws_autoscaling_group" if resource.get("launch_template").is_none() => {
            &["mixed_instances_policy", "launch_template", "launch_template_specification"]
        }
        "AWS::AutoScaling::AutoScalingGroup" if resource.get("LaunchTemplate").is_none() => {
            &["MixedInstancesPolicy", "LaunchTemplate", "LaunchTemplateSpecification"]
        }
        "aws_ec2_fleet" => &["launch_template_config", "launch_template_specification"],
        "AWS::EC2::EC2Fleet" => &["LaunchTemplateConfigs", "LaunchTemplateSpecification"],
        _ => return own_template(resource),
    };
    if let Some((first, rest)) = path.split_first()
        && let Some(list) = resource.get(first)
    {
        let span = resource.attribute_span(first);
        let several = list.as_seq().is_some_and(|seq| seq.items.len() > 1);
        let mut value = block(Some(list)).filter(|_| !several)?;
        for name in rest {
            value = block(inner(&value, name, span).as_ref().map(|setting| &setting.value))?;
        }
        let names = ["launch_template_id", "launch_template_name", "LaunchTemplateId", "LaunchTemplateName"];
        return names.iter().find_map(|name| inner(&value, name, span));
    }
    setting(resource, "launch_configuration").or_else(|| setting(resource, "LaunchConfigurationName"))
}

/// The tags that a group gives its instances at launch.
pub(super) fn group_tags(resource: &Resource) -> Value {
    if let Some(specifications) = resource.get("TagSpecifications") {
        return instance_tags(Some(specifications));
    }
    let (list, open) = items(resource.get("tag").or_else(|| resource.get("Tags")));
    let passed = list.iter().filter_map(|tag| {
        let on = tag.get("propagate_at_launch").or_else(|| tag.get("PropagateAtLaunch"))?;
        (on.as_bool() != Some(false)).then_some(tag)
    });
    let pair = |tag: &Value| {
        let get = |name: &str, other: &str| tag.get(name).or_else(|| tag.get(other)).cloned();
        Some((get("key", "Key")?.text()?, get("value", "Value")?))
    };
    tagged(passed.filter_map(pair).collect(), open.as_ref())
}

/// The tags for instances among a template's tag specifications.
fn instance_tags(specifications: Option<&Value>) -> Value {
    let (list, open) = items(specifications);
    let mut tags = Vec::new();
    for one in &list {
        let kind = one.get("resource_type").or_else(|| one.get("ResourceType")).and_then(Value::text);
        if kind.as_deref() != Some("instance") {
            continue;
        }
        if let Some(map) = one.get("tags").and_then(Value::as_map) {
            tags.extend(map.entries.iter().map(|(key, entry)| (key.clone(), entry.value.clone())));
        }
        let (pairs, _) = items(one.get("Tags"));
        tags.extend(pairs.iter().filter_map(|tag| Some((tag.get("Key")?.text()?, tag.get("Value")?.clone()))));
    }
    tagged(tags, open.as_ref())
}

fn tagged(tags: Vec<(Arc<str>, Value)>, open: Option<&Value>) -> Value {
    let mut value = Value::object(tags);
    if let (Kind::Map(map), Some(open)) = (&mut value.kind, open) {
        Arc::make_mut(map).open = open.first_unknown().cloned();
    }
    value
}

fn own_template(resource: &Resource) -> Option<Setting> {
    let (attribute, names) = match resource.get("launch_template") {
        Some(_) => ("launch_template", ["id", "name"]),
        None => ("LaunchTemplate", ["LaunchTemplateId", "LaunchTemplateName"]),
    };
    let value = resource.get(attribute)?;
    let span = resource.attribute_span(attribute);
    let block = block(Some(value))?;
    let named = names.iter().find_map(|name| inner(&block, name, span));
    Some(named.unwrap_or(Setting { value: block, span }))
}

/// Whether the resource was a launch template or attaches a volume.
pub(super) fn lower(
    resource: &Resource,
    site: &Site,
    service: Option<&Service>,
    images: &Images,
    out: &mut Entities,
) -> bool {
    match &*resource.kind {
        "aws_launch_template" | "AWS::EC2::LaunchTemplate" if !resource.data => {
            let Some(service) = service else { return true };
            let (list, name, names) = if &*resource.kind == "aws_launch_template" {
                (resource.get("block_device_mappings").cloned(), resource.get("name").cloned(), &TERRAFORM)
            } else {
                let data = resource.get("LaunchTemplateData");
                let list = data.and_then(|data| data.get("BlockDeviceMappings")).cloned();
                (list, resource.get("LaunchTemplateName").cloned(), &CLOUDFORMATION)
            };
            let mut parts = Vec::new();
            mappings(list.as_ref(), resource.header, names, site, service, &mut parts);
            let tags = match resource.get("LaunchTemplateData") {
                Some(data) => instance_tags(data.get("TagSpecifications")),
                None => instance_tags(resource.get("tag_specifications")),
            };
            let image = match resource.get("LaunchTemplateData") {
                Some(data) => inner(data, "ImageId", resource.attribute_span("LaunchTemplateData")),
                None => setting(resource, "image_id"),
            };
            let marketplace = images::marketplace(image, images);
            out.launch_templates.push(LaunchTemplate { site: site.clone(), name, parts, tags, marketplace });
        }
        "aws_launch_configuration" | "AWS::AutoScaling::LaunchConfiguration" if !resource.data => {
            let Some(service) = service else { return true };
            let name = resource.get("name").or_else(|| resource.get("LaunchConfigurationName")).cloned();
            let parts = of_instance(resource, site, service);
            let image = setting(resource, "image_id").or_else(|| setting(resource, "ImageId"));
            let marketplace = images::marketplace(image, images);
            let tags = Value::null();
            out.launch_templates.push(LaunchTemplate { site: site.clone(), name, parts, tags, marketplace });
        }
        "aws_volume_attachment" | "AWS::EC2::VolumeAttachment" => {
            let get =
                |terraform: &str, template: &str| setting(resource, terraform).or_else(|| setting(resource, template));
            if let (Some(instance), Some(volume)) = (get("instance_id", "InstanceId"), get("volume_id", "VolumeId")) {
                out.volume_attachments.push(VolumeAttachment { site: site.clone(), instance, volume });
            }
        }
        "AWS::EC2::Instance" => {
            let (volumes, _) = items(resource.get("Volumes"));
            for volume in volumes.iter().filter_map(|volume| inner(volume, "VolumeId", resource.header)) {
                let own = Value::new(crate::value::Kind::Ref(std::sync::Arc::new(crate::value::Ref {
                    stack: site.stack,
                    address: site.address.clone(),
                    attr: "Ref".into(),
                    known: None,
                })));
                let instance = Setting { value: own, span: site.header };
                out.volume_attachments.push(VolumeAttachment { site: site.clone(), instance, volume });
            }
            return false;
        }
        _ => return false,
    }
    true
}

/// How a language names what is within a mapping.
struct MappingNames {
    device: &'static str,
    ebs: &'static str,
    inside: Names,
}

struct Names {
    flag: &'static str,
    key: &'static str,
    snapshot: &'static str,
}

const TERRAFORM: MappingNames = MappingNames {
    device: "device_name",
    ebs: "ebs",
    inside: Names { flag: "encrypted", key: "kms_key_id", snapshot: "snapshot_id" },
};
const CLOUDFORMATION: MappingNames = MappingNames {
    device: "DeviceName",
    ebs: "Ebs",
    inside: Names { flag: "Encrypted", key: "KmsKeyId", snapshot: "SnapshotId" },
};

fn mappings(
    list: Option<&Value>,
    span: Span,
    names: &MappingNames,
    site: &Site,
    service: &Service,
    out: &mut Vec<Part>,
) {
    for mapping in blocks(list, span, out) {
        let Some(ebs) = block(mapping.get(names.ebs)) else { continue };
        out.push(part(named(&mapping, names.device), &ebs, &names.inside, site, service));
    }
}

/// The blocks of a list; where there may be more, a volume of which nothing is known stands for them.
fn blocks(list: Option<&Value>, span: Span, out: &mut Vec<Part>) -> Vec<Value> {
    let (blocks, open) = items(list);
    if let Some(open) = open {
        let reason = open.first_unknown().map_or_else(|| "a condition".to_owned(), |why| why.reason.to_string());
        let why = format!("which volumes it has is not known: {reason}");
        out.push(Part { device: Device::Unknown, encryption: Encryption::Unknown { why, span } });
    }
    blocks
}

fn named(block: &Value, attribute: &str) -> Device {
    block.get(attribute).and_then(Value::text).map_or(Device::Unknown, Device::Named)
}

fn part(device: Device, block: &Value, names: &Names, site: &Site, service: &Service) -> Part {
    let span = block.span.filter(|span| span.file == site.header.file).unwrap_or(site.header);
    let key = inner(block, names.key, span);
    let site = Site { header: span, ..site.clone() };
    let own = stated(inner(block, names.flag, span).as_ref(), key.clone(), true, &site, service);
    let encryption = match inner(block, names.snapshot, span) {
        Some(from) if key.is_none() => Encryption::Inherited { how: Inherit::Snapshot, from, otherwise: Box::new(own) },
        _ => own,
    };
    Part { device, encryption }
}
