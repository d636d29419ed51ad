//! Vaults, plans, selections and AWS Backup's settings.

use super::{conditional_items, document, inner, items, lifecycle, setting};
use crate::model::{
    CopyAction, Entities, Lock, OrganizationPolicy, Plan, PlanRule, PolicyAttachment, Selection, Setting, Settings,
    Site, TagCondition, TagOperator, Vault, VaultAttachment,
};
use crate::resource::Resource;
use crate::source::{Sources, Span};
use crate::value::{Kind, Value};

/// Whether the resource was one of AWS Backup's.
pub(super) fn lower(resource: &Resource, site: &Site, sources: &Sources, out: &mut Entities) -> bool {
    match &*resource.kind {
        "aws_backup_vault" | "aws_backup_logically_air_gapped_vault" => {
            let air_gapped = resource.kind.contains("air_gapped");
            let lock = air_gapped.then(|| lock(resource, "min_retention_days", "max_retention_days"));
            let key = setting(resource, "kms_key_arn").or_else(|| setting(resource, "encryption_key_arn"));
            out.vaults.push(Vault {
                site: site.clone(),
                name: name(resource, "name"),
                key,
                policy: None,
                lock,
                air_gapped,
            });
        }
        "AWS::Backup::BackupVault" | "AWS::Backup::LogicallyAirGappedBackupVault" => {
            let air_gapped = resource.kind.contains("AirGapped");
            let lock = if air_gapped {
                Some(lock(resource, "MinRetentionDays", "MaxRetentionDays"))
            } else {
                resource
                    .get("LockConfiguration")
                    .map(|object| bounds(object, resource.attribute_span("LockConfiguration")))
            };
            let (key, policy) = (
                setting(resource, "EncryptionKeyArn"),
                setting(resource, "AccessPolicy").map(|policy| document(policy, sources)),
            );
            out.vaults.push(Vault {
                site: site.clone(),
                name: name(resource, "BackupVaultName"),
                key,
                policy,
                lock,
                air_gapped,
            });
        }
        "aws_backup_vault_policy" | "aws_backup_vault_lock_configuration" => {
            if let Some(vault) = setting(resource, "backup_vault_name") {
                let is_lock = resource.kind.ends_with("lock_configuration");
                let lock = is_lock.then(|| lock(resource, "min_retention_days", "max_retention_days"));
                out.vault_attachments.push(VaultAttachment {
                    site: site.clone(),
                    vault,
                    policy: setting(resource, "policy").map(|policy| document(policy, sources)),
                    lock,
                });
            }
        }
        "aws_backup_plan" if !resource.data => {
            let (rules, open) = conditional_items(resource.get("rule"));
            let mut rules: Vec<PlanRule> = rules.iter().map(|rule| terraform_rule(rule, resource.header)).collect();
            rules.extend(open.map(|why| PlanRule::not_known(why, resource.header)));
            let id = resource.get("id").and_then(Value::text);
            out.plans.push(Plan { site: site.clone(), id, name: name(resource, "name"), rules, origin: None });
        }
        "AWS::Backup::BackupPlan" => {
            let plan = resource.get("BackupPlan").cloned().unwrap_or_else(Value::null);
            let (rules, open) = conditional_items(plan.get("BackupPlanRule"));
            let mut rules: Vec<PlanRule> = rules.iter().map(|rule| template_rule(rule, resource.header)).collect();
            rules.extend(open.map(|why| PlanRule::not_known(why, resource.header)));
            let name = plan.get("BackupPlanName").cloned().unwrap_or_else(Value::null);
            out.plans.push(Plan { site: site.clone(), id: None, name, rules, origin: None });
        }
        "aws_backup_selection" if !resource.data => terraform_selection(resource, site, out),
        "AWS::Backup::BackupSelection" => template_selection(resource, site, out),
        "aws_backup_global_settings" => {
            let settings = setting(resource, "global_settings");
            let enabled = settings
                .as_ref()
                .and_then(|settings| inner(&settings.value, "isCrossAccountBackupEnabled", settings.span));
            if let Some(enabled) = enabled {
                out.settings.push(Settings::CrossAccount { site: site.clone(), enabled });
            }
        }
        "aws_backup_region_settings" => {
            let opt_in = setting(resource, "resource_type_opt_in_preference");
            let management = setting(resource, "resource_type_management_preference");
            out.settings.push(Settings::Region { site: site.clone(), opt_in, management });
        }
        "aws_organizations_policy" | "AWS::Organizations::Policy" if !resource.data => {
            let (kind, content) = match setting(resource, "content") {
                Some(content) => (resource.get("type"), Some(content)),
                None => (resource.get("Type"), setting(resource, "Content")),
            };
            let (mut targets, open) = items(resource.get("TargetIds"));
            targets.extend(open);
            let policy = content.map(|content| OrganizationPolicy {
                site: site.clone(),
                content: document(content, sources),
                targets: settings(targets, resource.attribute_span("TargetIds")),
            });
            match kind.map(Value::text) {
                Some(Some(kind)) if &*kind == "BACKUP_POLICY" => out.backup_policies.extend(policy),
                // Terraform's default; a type that is not known may be this one.
                None | Some(None) => out.service_controls.extend(policy),
                Some(Some(kind)) if &*kind == "SERVICE_CONTROL_POLICY" => out.service_controls.extend(policy),
                Some(Some(_)) => {}
            }
        }
        // A custom resource that hands a backup policy on: what it makes of it is not known, but that it copies is.
        custom if custom.starts_with("Custom::") && is_backup_policy(resource.get("PolicyType")) => {
            let attributes = resource.attributes.as_map().map(|map| map.entries.keys()).into_iter().flatten();
            for content in attributes.filter_map(|name| setting(resource, name)) {
                let content = document(content, sources);
                let Kind::Document(inner) = &content.value.kind else { continue };
                let policies = inner.as_seq().map_or_else(|| vec![(**inner).clone()], |seq| seq.items.clone());
                for value in policies.into_iter().filter(|value| value.get("plans").is_some()) {
                    let content = Setting { value, span: content.span };
                    out.backup_policies.push(OrganizationPolicy { site: site.clone(), content, targets: Vec::new() });
                }
            }
            return false;
        }
        "aws_organizations_policy_attachment" => {
            if let (Some(policy), Some(target)) = (setting(resource, "policy_id"), setting(resource, "target_id")) {
                out.policy_attachments.push(PolicyAttachment { site: site.clone(), policy, target });
            }
        }
        _ => return false,
    }
    true
}

fn is_backup_policy(kind: Option<&Value>) -> bool {
    kind.and_then(Value::text).as_deref() == Some("BACKUP_POLICY")
}

fn name(resource: &Resource, attribute: &str) -> Value {
    resource.get(attribute).cloned().unwrap_or_else(Value::null)
}

fn lock(resource: &Resource, min: &str, max: &str) -> Lock {
    Lock { min_days: setting(resource, min), max_days: setting(resource, max), span: resource.header }
}

fn bounds(object: &Value, span: Span) -> Lock {
    Lock { min_days: inner(object, "MinRetentionDays", span), max_days: inner(object, "MaxRetentionDays", span), span }
}

fn required(object: &Value, name: &str, span: Span) -> Setting {
    inner(object, name, span).unwrap_or(Setting { value: Value::null(), span })
}

fn terraform_rule(rule: &Value, fallback: Span) -> PlanRule {
    let span = rule.span.unwrap_or(fallback);
    let (actions, open) = conditional_items(rule.get("copy_action"));
    let copy_actions = actions.iter().map(|action| {
        let span = action.span.unwrap_or(span);
        CopyAction {
            destination: required(action, "destination_vault_arn", span),
            lifecycle: lifecycle(action.get("lifecycle"), "delete_after", "cold_storage_after", span),
            when: action.when().into_iter().collect(),
            span,
        }
    });
    PlanRule {
        name: rule.get("rule_name").cloned().unwrap_or_else(Value::null),
        target_vault: required(rule, "target_vault_name", span),
        target_air_gapped: inner(rule, "target_logically_air_gapped_backup_vault_arn", span),
        continuous: inner(rule, "enable_continuous_backup", span),
        schedule: inner(rule, "schedule", span),
        lifecycle: lifecycle(rule.get("lifecycle"), "delete_after", "cold_storage_after", span),
        copy_actions: copy_actions.chain(open.map(|why| CopyAction::not_known(why, span))).collect(),
        recovery_point_tags: rule.get("recovery_point_tags").cloned(),
        when: rule.when().into_iter().collect(),
        span,
    }
}

fn template_rule(rule: &Value, fallback: Span) -> PlanRule {
    let span = rule.span.unwrap_or(fallback);
    let (actions, open) = conditional_items(rule.get("CopyActions"));
    let copy_actions = actions.iter().map(|action| {
        let span = action.span.unwrap_or(span);
        CopyAction {
            destination: required(action, "DestinationBackupVaultArn", span),
            lifecycle: lifecycle(action.get("Lifecycle"), "DeleteAfterDays", "MoveToColdStorageAfterDays", span),
            when: action.when().into_iter().collect(),
            span,
        }
    });
    PlanRule {
        name: rule.get("RuleName").cloned().unwrap_or_else(Value::null),
        target_vault: required(rule, "TargetBackupVault", span),
        target_air_gapped: inner(rule, "TargetLogicallyAirGappedBackupVaultArn", span),
        continuous: inner(rule, "EnableContinuousBackup", span),
        schedule: inner(rule, "ScheduleExpression", span),
        lifecycle: lifecycle(rule.get("Lifecycle"), "DeleteAfterDays", "MoveToColdStorageAfterDays", span),
        copy_actions: copy_actions.chain(open.map(|why| CopyAction::not_known(why, span))).collect(),
        recovery_point_tags: rule.get("RecoveryPointTags").cloned(),
        when: rule.when().into_iter().collect(),
        span,
    }
}

/// List items as settings: each at its own place, else at the attribute's.
fn settings(values: Vec<Value>, fallback: Span) -> Vec<Setting> {
    values
        .into_iter()
        .map(|value| Setting { span: value.span.filter(|span| span.file == fallback.file).unwrap_or(fallback), value })
        .collect()
}

fn terraform_selection(resource: &Resource, site: &Site, out: &mut Entities) {
    let Some(plan) = setting(resource, "plan_id") else { return };
    let (resources, open) = items(resource.get("resources"));
    let (not_resources, not_open) = items(resource.get("not_resources"));
    let (tags, tags_open) = items(resource.get("selection_tag"));
    let tag = |tag: &Value| TagCondition {
        operator: TagOperator::Equals,
        key: tag.get("key").cloned().unwrap_or_else(Value::null),
        value: tag.get("value").cloned().unwrap_or_else(Value::null),
        span: tag.span.unwrap_or(resource.header),
    };
    let (conditions, conditions_open) = items(resource.get("condition"));
    let mut all = Vec::new();
    let mut more = conditions_open;
    for condition in &conditions {
        for (name, operator) in [
            ("string_equals", TagOperator::Equals),
            ("string_not_equals", TagOperator::NotEquals),
            ("string_like", TagOperator::Like),
            ("string_not_like", TagOperator::NotLike),
        ] {
            let (blocks, open) = items(condition.get(name));
            more = more.or(open);
            all.extend(blocks.iter().map(|block| TagCondition { operator, ..tag(block) }));
        }
    }
    out.selections.push(Selection {
        site: site.clone(),
        name: name(resource, "name"),
        plan,
        role: setting(resource, "iam_role_arn"),
        resources: settings(resources, resource.attribute_span("resources")),
        not_resources: settings(not_resources, resource.attribute_span("not_resources")),
        tags: tags.iter().map(tag).collect(),
        conditions: all,
        open: open.or(not_open).or(tags_open).or(more),
    });
}

fn template_selection(resource: &Resource, site: &Site, out: &mut Entities) {
    let Some(plan) = setting(resource, "BackupPlanId") else { return };
    let selection = resource.get("BackupSelection").cloned().unwrap_or_else(Value::null);
    let fallback = resource.attribute_span("BackupSelection");
    let (resources, open) = items(selection.get("Resources"));
    let (not_resources, not_open) = items(selection.get("NotResources"));
    let (tags, tags_open) = items(selection.get("ListOfTags"));
    let tags = tags.iter().map(|tag| TagCondition {
        operator: TagOperator::Equals,
        key: tag.get("ConditionKey").cloned().unwrap_or_else(Value::null),
        value: tag.get("ConditionValue").cloned().unwrap_or_else(Value::null),
        span: tag.span.unwrap_or(fallback),
    });
    let mut conditions = Vec::new();
    let mut more = None;
    for (name, operator) in [
        ("StringEquals", TagOperator::Equals),
        ("StringNotEquals", TagOperator::NotEquals),
        ("StringLike", TagOperator::Like),
        ("StringNotLike", TagOperator::NotLike),
    ] {
        let list = selection.get("Conditions").and_then(|value| inner(value, name, fallback));
        let (list, open) = items(list.as_ref().map(|list| &list.value));
        more = more.or(open);
        conditions.extend(list.iter().map(|condition| TagCondition {
            operator,
            key: condition.get("ConditionKey").cloned().unwrap_or_else(Value::null),
            value: condition.get("ConditionValue").cloned().unwrap_or_else(Value::null),
            span: condition.span.unwrap_or(fallback),
        }));
    }
    out.selections.push(Selection {
        site: site.clone(),
        name: selection.get("SelectionName").cloned().unwrap_or_else(Value::null),
        plan,
        role: inner(&selection, "IamRoleArn", fallback),
        resources: settings(resources, fallback),
        not_resources: settings(not_resources, fallback),
        tags: tags.collect(),
        conditions,
        open: open.or(not_open).or(tags_open).or(more),
    });
}
