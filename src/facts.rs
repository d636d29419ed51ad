//! The frontend for what AWS itself says: JSON that the AWS CLI printed, as resources that exist.
//!
//! Which command printed a file is told by its keys. Account and Region are in the ARNs; where there is none (Region
//! settings, the default key of EBS) the names of the directories above the file tell them:
//! `facts/111111111111/eu-central-1/region-settings.json`.
//!
//! Sources: output sections of the AWS CLI's reference pages of each command, read 2026-11.

use crate::aws::{AccountId, Arn, Known, Place};
use crate::diagnostic::{Diagnostic, Severity};
use crate::resource::{Given, Language, Resource, Stack};
use crate::source::{FileId, Sources, Span, join, parent};
use crate::value::Kind;
use crate::value::{Existence, Reason, Ref, StackId, Value};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Directories within directories are followed this far.
const DEEPEST: usize = 16;

#[derive(Default)]
struct Found {
    keys: Vec<(Json, String, Span)>,
    key_policies: Vec<(Json, String, Span)>,
    vaults: BTreeMap<String, (Json, Span)>,
    vault_policies: BTreeMap<String, (Json, Span)>,
    aliases: Vec<(Json, Span)>,
    resources: Vec<Resource>,
    diagnostics: Vec<Diagnostic>,
}

/// Everything that the JSON files in and below these directories (or these files) say.
pub(crate) fn load(sources: &Sources, paths: &[String], id: StackId) -> (Stack, Vec<Diagnostic>) {
    let mut found = Found::default();
    for path in paths {
        let before = found.keys.len() + found.vaults.len() + found.aliases.len() + found.resources.len();
        visit(sources, path, id, 0, &mut found);
        let after = found.keys.len() + found.vaults.len() + found.aliases.len() + found.resources.len();
        if before == after && found.diagnostics.is_empty() && found.vault_policies.is_empty() {
            found.diagnostics.push(Diagnostic::unreadable(path.as_str(), "no output of the AWS CLI here"));
        }
    }
    let mut resources = std::mem::take(&mut found.resources);
    keys(&mut found, id, &mut resources);
    vaults(&mut found, id, &mut resources);
    resources.sort_by(|a, b| (&a.address, &a.kind).cmp(&(&b.address, &b.kind)));
    let nowhere =
        Place { account: Known::Symbol("account of facts".into()), region: Known::Symbol("Region of facts".into()) };
    let unit = paths.first().map_or("facts", String::as_str).into();
    (
        Stack {
            id,
            unit,
            language: Language::Facts,
            place: nowhere,
            resources,
            unread: Vec::new(),
            given: Given::default(),
        },
        found.diagnostics,
    )
}

fn visit(sources: &Sources, path: &str, id: StackId, depth: usize, found: &mut Found) {
    if let Ok(entries) = sources.list(path) {
        for entry in entries.iter().filter(|entry| depth < DEEPEST && !entry.name.starts_with('.')) {
            if entry.is_dir || entry.name.ends_with(".json") {
                visit(sources, &join(path, &entry.name), id, depth + 1, found);
            }
        }
        return;
    }
    let file = match sources.load(path) {
        Ok(file) => file,
        Err(error) => {
            found.diagnostics.push(Diagnostic::unreadable(path, error.to_string()));
            return;
        }
    };
    let text = sources.text(file);
    match serde_json::from_str::<Json>(text.trim_start_matches('\u{feff}')) {
        // The CLI prints nothing where there is nothing.
        Err(_) if text.trim().is_empty() => {}
        Err(error) => {
            let start = sources.line_range(file, error.line().saturating_sub(1)).map_or(0, |range| range.start);
            let at = (start + error.column().saturating_sub(1)).min(text.len());
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            found.diagnostics.push(Diagnostic::bad_input(Span::new(file, at..at), format!("not JSON: {message}")));
        }
        Ok(json) => read(&json, path, file, text.trim_end().len(), id, found),
    }
}

/// Account and Region in the names of the directories above the file.
fn place(path: &str) -> (Option<AccountId>, Option<Arc<str>>) {
    let parts = || path.split('/').rev().skip(1);
    let account = parts().find_map(AccountId::parse);
    let region = parts().find(|part| {
        let pieces: Vec<&str> = part.split('-').collect();
        pieces.len() >= 3
            && pieces.last().is_some_and(|last| last.len() == 1 && last.bytes().all(|b| b.is_ascii_digit()))
    });
    (account, region.map(Into::into))
}

fn read(json: &Json, path: &str, file: FileId, end: usize, id: StackId, found: &mut Found) {
    let span = Span::new(file, 0..end);
    let has = |key: &str| json.get(key).is_some();
    let text = |key: &str| json.get(key).and_then(Json::as_str);
    let at_region = |found: &mut Found, kind: &str, attributes: Value| match place(path) {
        (Some(account), Some(region)) => {
            let place = Place { account: Known::Is(account), region: Known::Is(region) };
            found.resources.push(resource(id, path, kind, false, place, attributes, span));
        }
        _ => found.diagnostics.push(Diagnostic::bad_input(
            Span::new(file, 0..0),
            "which account and Region this is about is not known; put it into a directory `<account>/<Region>/`",
        )),
    };
    if let Some(key) = json.get("KeyMetadata") {
        found.keys.push((key.clone(), path.to_owned(), span));
    } else if let Some(list) = json.get("Aliases").and_then(Json::as_array) {
        found.aliases.extend(list.iter().map(|alias| (alias.clone(), span)));
    } else if let Some(list) = json.get("BackupVaultList").and_then(Json::as_array) {
        for vault in list {
            if let Some(arn) = vault.get("BackupVaultArn").and_then(Json::as_str) {
                found.vaults.entry(arn.to_owned()).or_insert((vault.clone(), span));
            }
        }
    } else if let Some(arn) = text("BackupVaultArn") {
        let into = if has("Policy") { &mut found.vault_policies } else { &mut found.vaults };
        into.insert(arn.to_owned(), (json.clone(), span));
    } else if has("Policy") {
        found.key_policies.push((json.clone(), path.to_owned(), span));
    } else if let Some(settings) = json.get("GlobalSettings") {
        let attributes = Value::object([("global_settings", value(settings, span))]);
        let nowhere = Place {
            account: Known::Symbol("the management account".into()),
            region: Known::Symbol("Region of facts".into()),
        };
        found.resources.push(resource(id, path, "aws_backup_global_settings", false, nowhere, attributes, span));
    } else if let Some(opt_in) = json.get("ResourceTypeOptInPreference") {
        let management = json.get("ResourceTypeManagementPreference").unwrap_or(&Json::Null);
        let attributes = Value::object([
            ("resource_type_opt_in_preference", value(opt_in, span)),
            ("resource_type_management_preference", value(management, span)),
        ]);
        at_region(found, "aws_backup_region_settings", attributes);
    } else if let Some(enabled) = json.get("EbsEncryptionByDefault") {
        at_region(found, "aws_ebs_encryption_by_default", Value::object([("enabled", value(enabled, span))]));
    } else if let Some(key) = json.get("KmsKeyId").filter(|_| json.as_object().is_some_and(|map| map.len() == 1)) {
        at_region(found, "aws_ebs_default_kms_key", Value::object([("key_arn", value(key, span))]));
    } else {
        found.diagnostics.push(Diagnostic::note(
            Span::new(file, 0..0),
            Severity::Warning,
            "this is not the output of a command that crossvault knows, so it is not read",
        ));
    }
}

fn resource(
    id: StackId,
    address: &str,
    kind: &str,
    data: bool,
    place: Place,
    attributes: Value,
    span: Span,
) -> Resource {
    Resource {
        stack: id,
        address: address.into(),
        kind: kind.into(),
        data,
        place: place.into(),
        attributes: attributes.at(span),
        span,
        header: span,
        chain: Arc::from([]),
        exists: Existence::Certain,
        imported_id: None,
    }
}

fn value(json: &Json, span: Span) -> Value {
    let value = match json {
        Json::Null => Value::null(),
        Json::Bool(value) => Value::bool(*value),
        Json::Number(number) => number.as_i64().map_or_else(Value::null, Value::int),
        Json::String(text) => Value::string(text.as_str()),
        Json::Array(items) => Value::tuple(items.iter().map(|item| value(item, span)).collect()),
        Json::Object(map) => Value::object(map.iter().map(|(key, item)| (key.as_str(), value(item, span)))),
    };
    value.at(span)
}

fn place_of(arn: &str) -> Option<Place> {
    let arn = Arn::parse(arn)?;
    Some(Place { account: Known::Is(AccountId::parse(arn.account)?), region: Known::Is(arn.region.into()) })
}

/// Keys with their policies, and aliases.
fn keys(found: &mut Found, id: StackId, out: &mut Vec<Resource>) {
    let mut policies: BTreeMap<String, (Json, Span)> = BTreeMap::new();
    for (json, path, span) in &found.key_policies {
        let key_id = |key: &Json| key.get("KeyId").and_then(Json::as_str).unwrap_or_default().to_owned();
        let named = found.keys.iter().find(|(key, ..)| {
            let own = key_id(key);
            !own.is_empty() && path.rsplit('/').take(2).any(|part| part.contains(&own))
        });
        let beside: Vec<_> = found.keys.iter().filter(|(_, other, _)| parent(other) == parent(path)).collect();
        let only = match beside.as_slice() {
            [only] => Some(*only),
            _ => None,
        };
        match named.or(only).and_then(|(key, ..)| key.get("Arn").and_then(Json::as_str)) {
            Some(arn) => {
                policies.insert(arn.to_owned(), (json.clone(), *span));
            }
            None => found.diagnostics.push(Diagnostic::bad_input(
                Span::new(span.file, 0..0),
                "which key this policy is for is not known; name the file after the key's id, and add the output of \
                 `aws kms describe-key`",
            )),
        }
    }
    // An AWS-managed key is known by its alias: by it a literal ARN is told from a customer's key.
    let mut managed: BTreeMap<String, (String, Span)> = BTreeMap::new();
    for (alias, span) in &found.aliases {
        let text = |key: &str| alias.get(key).and_then(Json::as_str);
        let (Some(name), Some(arn)) = (text("AliasName"), text("AliasArn")) else { continue };
        let (Some(parsed), Some(place)) = (Arn::parse(arn), place_of(arn)) else { continue };
        let Some(target) = text("TargetKeyId") else { continue };
        let target = format!("arn:{}:kms:{}:{}:key/{target}", parsed.partition, parsed.region, parsed.account);
        if name.starts_with("alias/aws/") {
            managed.insert(target, (name.to_owned(), *span));
            continue;
        }
        let attributes = Value::object([
            ("name", Value::string(name).at(*span)),
            ("target_key_id", Value::string(target).at(*span)),
        ]);
        out.push(resource(id, arn, "aws_kms_alias", false, place, attributes, *span));
    }
    for (key, _, span) in &found.keys {
        let text = |name: &str| key.get(name).and_then(Json::as_str);
        let Some(arn) = text("Arn") else { continue };
        let Some(place) = place_of(arn) else { continue };
        if text("KeyManager") == Some("AWS") {
            managed.entry(arn.to_owned()).or_insert(("alias/aws/unknown".to_owned(), *span));
            continue;
        }
        let policy = match policies.get(arn).map(|(json, span)| (json.get("Policy"), span)) {
            Some((Some(Json::String(policy)), span)) => Value::string(policy.as_str()).at(*span),
            _ => unknown("the output of `aws kms get-key-policy` for this key is not given", *span),
        };
        let attribute = |name: &str| value(key.get(name).unwrap_or(&Json::Null), *span);
        let attributes = Value::object([
            ("arn", attribute("Arn")),
            ("key_id", attribute("KeyId")),
            ("is_enabled", attribute("Enabled")),
            ("key_usage", attribute("KeyUsage")),
            ("customer_master_key_spec", attribute("KeySpec")),
            ("multi_region", attribute("MultiRegion")),
            ("policy", policy),
        ]);
        let replica =
            key.pointer("/MultiRegionConfiguration/MultiRegionKeyType").and_then(Json::as_str) == Some("REPLICA");
        let kind = match (replica, text("Origin")) {
            (true, _) => "aws_kms_replica_key",
            (false, Some("EXTERNAL")) => "aws_kms_external_key",
            _ => "aws_kms_key",
        };
        out.push(resource(id, arn, kind, false, place, attributes, *span));
    }
    for (arn, (alias, span)) in managed {
        let Some(place) = place_of(&arn) else { continue };
        let attributes =
            Value::object([("arn", Value::string(arn.as_str()).at(span)), ("key_id", Value::string(alias).at(span))]);
        out.push(resource(id, &arn, "aws_kms_key", true, place, attributes, span));
    }
}

/// Vaults with their policies and locks.
fn vaults(found: &mut Found, id: StackId, out: &mut Vec<Resource>) {
    // A policy alone says that there is the vault.
    for (arn, (json, span)) in &found.vault_policies {
        found.vaults.entry(arn.clone()).or_insert_with(|| (json.clone(), *span));
    }
    for (arn, (vault, span)) in &found.vaults {
        let Some(place) = place_of(arn) else { continue };
        let name = Arn::parse(arn).map_or("", |arn| arn.resource).trim_start_matches("backup-vault:").to_owned();
        let described = vault.get("CreationDate").is_some() || vault.get("EncryptionKeyArn").is_some();
        let air_gapped = vault.get("VaultType").and_then(Json::as_str) == Some("LOGICALLY_AIR_GAPPED_BACKUP_VAULT");
        let key = match vault.get("EncryptionKeyArn") {
            Some(key) => value(key, *span),
            None if described => Value::null(),
            None => unknown("the output of `aws backup describe-backup-vault` for this vault is not given", *span),
        };
        let days = |name: &str| value(vault.get(name).unwrap_or(&Json::Null), *span);
        let mut attributes = vec![("name", Value::string(name.as_str()).at(*span)), ("kms_key_arn", key)];
        let lock = [("min_retention_days", days("MinRetentionDays")), ("max_retention_days", days("MaxRetentionDays"))];
        let kind = if air_gapped { "aws_backup_logically_air_gapped_vault" } else { "aws_backup_vault" };
        if air_gapped {
            attributes.extend(lock.clone());
        }
        out.push(resource(id, arn, kind, false, place.clone(), Value::object(attributes), *span));
        let itself = || {
            let reference = Ref { stack: id, address: arn.as_str().into(), attr: "name".into(), known: None };
            Value::new(Kind::Ref(Arc::new(reference))).at(*span)
        };
        if !air_gapped && vault.get("Locked").and_then(Json::as_bool) == Some(true) {
            let attributes = Value::object([("backup_vault_name", itself())].into_iter().chain(lock));
            let kind = "aws_backup_vault_lock_configuration";
            out.push(resource(id, &format!("lock of {arn}"), kind, false, place.clone(), attributes, *span));
        }
        let policy = match found.vault_policies.get(arn).map(|(json, span)| (json.get("Policy"), *span)) {
            // Nothing: the vault has no policy.
            Some((None | Some(Json::Null), _)) => continue,
            Some((Some(Json::String(text)), _)) if text.is_empty() => continue,
            Some((Some(Json::String(text)), span)) => Value::string(text.as_str()).at(span),
            _ => {
                unknown("the output of `aws backup get-backup-vault-access-policy` for this vault is not given", *span)
            }
        };
        let at = policy.span.unwrap_or(*span);
        let attributes = Value::object([("backup_vault_name", itself()), ("policy", policy)]);
        out.push(resource(id, &format!("policy of {arn}"), "aws_backup_vault_policy", false, place, attributes, at));
    }
}

fn unknown(why: &str, span: Span) -> Value {
    Value::unknown(Reason::Derived(why.into()), Some(span))
}
