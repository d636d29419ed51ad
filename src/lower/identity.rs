//! Keys, aliases, grants, roles and policies.

use super::{document, inner, items, setting};
use crate::model::{
    Alias, Entities, Key, KeyForm, KeyGrant, KeyPolicy, ManagedPolicy, Role, RolePolicy, RolePolicyKind, Setting,
    Settings, Site,
};
use crate::resource::Resource;
use crate::source::Sources;
use crate::value::Value;
use std::sync::Arc;

/// Whether the resource was one of these.
pub(super) fn lower(resource: &Resource, site: &Site, sources: &Sources, out: &mut Entities) -> bool {
    let get = |name: &str| setting(resource, name);
    let text = |setting: Setting| document(setting, sources);
    let policy = |name: &str| get(name).map(text);
    match &*resource.kind {
        "aws_kms_key" if resource.data => out.keys.push(key(resource, site, KeyForm::Primary, None, get("key_id"))),
        "aws_kms_key" => out.keys.push(Key {
            enabled: get("is_enabled"),
            usage: get("key_usage"),
            spec: get("customer_master_key_spec"),
            multi_region: get("multi_region"),
            ..key(resource, site, KeyForm::Primary, policy("policy"), None)
        }),
        "aws_kms_external_key" => out.keys.push(Key {
            enabled: get("enabled"),
            multi_region: get("multi_region"),
            ..key(resource, site, KeyForm::External, policy("policy"), None)
        }),
        "aws_kms_replica_key" | "aws_kms_replica_external_key" => {
            out.keys
                .push(Key { enabled: get("enabled"), ..key(resource, site, KeyForm::Replica, policy("policy"), None) });
        }
        "AWS::KMS::Key" => out.keys.push(Key {
            enabled: get("Enabled"),
            usage: get("KeyUsage"),
            spec: get("KeySpec"),
            multi_region: get("MultiRegion"),
            ..key(resource, site, KeyForm::Primary, policy("KeyPolicy"), None)
        }),
        "AWS::KMS::ReplicaKey" => out
            .keys
            .push(Key { enabled: get("Enabled"), ..key(resource, site, KeyForm::Replica, policy("KeyPolicy"), None) }),
        "aws_kms_key_policy" => {
            if let (Some(key), Some(policy)) = (get("key_id"), policy("policy")) {
                out.key_policies.push(KeyPolicy { site: site.clone(), key, policy });
            }
        }
        "aws_kms_alias" => {
            let target = if resource.data { None } else { get("target_key_id") };
            out.aliases.push(Alias {
                site: site.clone(),
                name: resource.get("name").cloned().unwrap_or_else(Value::null),
                target,
                seen: resource.get("target_key_arn").filter(|_| resource.data).and_then(Value::text),
            });
        }
        "AWS::KMS::Alias" => {
            out.aliases.push(Alias {
                site: site.clone(),
                name: resource.get("AliasName").cloned().unwrap_or_else(Value::null),
                target: get("TargetKeyId"),
                seen: None,
            });
        }
        "aws_kms_grant" => {
            if let (Some(key), Some(grantee), Some(operations)) =
                (get("key_id"), get("grantee_principal"), get("operations"))
            {
                out.grants.push(KeyGrant { site: site.clone(), key, grantee, operations });
            }
        }
        "aws_iam_role" => {
            let (managed, open) = items(resource.get("managed_policy_arns"));
            let (blocks, more) = items(resource.get("inline_policy"));
            let inline = blocks.iter().filter_map(|block| inner(block, "policy", resource.header)).map(text);
            out.roles.push(Role {
                site: site.clone(),
                name: resource.get("name").cloned(),
                path: resource.get("path").cloned(),
                trust: policy("assume_role_policy"),
                managed: managed
                    .into_iter()
                    .map(|value| Setting { value, span: resource.attribute_span("managed_policy_arns") })
                    .collect(),
                inline: inline.collect(),
                boundary: get("permissions_boundary"),
                open: open.or(more),
            });
        }
        "AWS::IAM::Role" => {
            let (managed, open) = items(resource.get("ManagedPolicyArns"));
            let (policies, policies_open) = items(resource.get("Policies"));
            let inline =
                policies.iter().filter_map(|policy| inner(policy, "PolicyDocument", resource.header)).map(text);
            out.roles.push(Role {
                site: site.clone(),
                name: resource.get("RoleName").cloned(),
                path: resource.get("Path").cloned(),
                trust: policy("AssumeRolePolicyDocument"),
                managed: managed
                    .into_iter()
                    .map(|value| Setting { span: value.span.unwrap_or(resource.header), value })
                    .collect(),
                inline: inline.collect(),
                boundary: get("PermissionsBoundary"),
                open: open.or(policies_open),
            });
        }
        "aws_iam_role_policy_attachment" | "aws_iam_policy_attachment" => {
            if let Some(policy) = get("policy_arn") {
                let (mut roles, open) = items(resource.get("roles"));
                roles.extend(open);
                let span = resource.attribute_span("roles");
                let roles = get("role").into_iter().chain(roles.into_iter().map(|value| Setting { value, span }));
                out.role_policies.extend(roles.map(|role| RolePolicy {
                    site: site.clone(),
                    role,
                    policy: RolePolicyKind::Managed(policy.clone()),
                }));
            }
        }
        // It attaches what it lists and detaches the rest, which attachments declared elsewhere contradict.
        // Source: hashicorp/terraform-provider-aws, documentation of the resource, read 2026-11.
        "aws_iam_role_policy_attachments_exclusive" => {
            if let Some(role) = get("role_name") {
                let (mut policies, open) = items(resource.get("policy_arns"));
                policies.extend(open);
                let span = resource.attribute_span("policy_arns");
                out.role_policies.extend(policies.into_iter().map(|value| RolePolicy {
                    site: site.clone(),
                    role: role.clone(),
                    policy: RolePolicyKind::Managed(Setting { value, span }),
                }));
            }
        }
        "aws_iam_role_policy" => {
            if let (Some(role), Some(policy)) = (get("role"), policy("policy")) {
                out.role_policies.push(RolePolicy { site: site.clone(), role, policy: RolePolicyKind::Inline(policy) });
            }
        }
        "AWS::IAM::RolePolicy" => {
            if let (Some(role), Some(policy)) = (get("RoleName"), policy("PolicyDocument")) {
                out.role_policies.push(RolePolicy { site: site.clone(), role, policy: RolePolicyKind::Inline(policy) });
            }
        }
        "aws_iam_policy" if !resource.data => {
            if let Some(document) = policy("policy") {
                out.managed_policies.push(ManagedPolicy {
                    site: site.clone(),
                    name: resource.get("name").cloned(),
                    document,
                });
            }
        }
        "AWS::IAM::ManagedPolicy" | "AWS::IAM::Policy" => {
            let Some(document) = policy("PolicyDocument") else { return true };
            if &*resource.kind == "AWS::IAM::ManagedPolicy" {
                out.managed_policies.push(ManagedPolicy {
                    site: site.clone(),
                    name: resource.get("ManagedPolicyName").cloned(),
                    document: document.clone(),
                });
            }
            let (mut roles, open) = items(resource.get("Roles"));
            roles.extend(open);
            let span = resource.attribute_span("Roles");
            let policy = RolePolicyKind::Inline(document);
            out.role_policies.extend(roles.into_iter().map(|value| RolePolicy {
                site: site.clone(),
                role: Setting { value, span },
                policy: policy.clone(),
            }));
        }
        "aws_iam_service_linked_role" | "AWS::IAM::ServiceLinkedRole" => {
            let service = resource
                .get("aws_service_name")
                .or_else(|| resource.get("AWSServiceName"))
                .cloned()
                .unwrap_or_else(Value::null);
            out.settings.push(Settings::ServiceLinkedRole { site: site.clone(), service });
        }
        "aws_ebs_encryption_by_default" => {
            out.settings.push(Settings::EbsEncryption { site: site.clone(), enabled: get("enabled") })
        }
        "aws_ebs_default_kms_key" => {
            if let Some(key) = get("key_arn") {
                out.settings.push(Settings::EbsDefaultKey { site: site.clone(), key });
            }
        }
        _ => return false,
    }
    true
}

fn key(resource: &Resource, site: &Site, form: KeyForm, policy: Option<Setting>, lookup: Option<Setting>) -> Key {
    let arn = resource.get("arn").and_then(Value::text).or_else(|| imported_arn(resource));
    Key { site: site.clone(), form, arn, policy, enabled: None, usage: None, spec: None, multi_region: None, lookup }
}

/// The ARN of a key that an `import` block names by its id.
fn imported_arn(resource: &Resource) -> Option<Arc<str>> {
    let id = resource.imported_id.as_ref()?.text()?;
    let place = &resource.place;
    let (partition, region, account) = (place.partition()?, place.region.known()?, place.account.known()?);
    Some(format!("arn:{partition}:kms:{region}:{account}:key/{id}").into())
}
