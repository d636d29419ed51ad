//! Which account and Region each provider configuration of a plan or state goes to.

use super::document::ProviderConfig;
use crate::aws::{AccountId, Arn, Known, Place};
use crate::resource::Unit;
use crate::value::Value;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is seen of one provider configuration: accounts and Regions that its resources and data sources name.
#[derive(Default)]
pub(super) struct Evidence {
    identity: BTreeSet<AccountId>,
    region: BTreeSet<Arc<str>>,
    arn_accounts: BTreeSet<AccountId>,
    arn_regions: BTreeSet<Arc<str>>,
}

impl Evidence {
    /// The only account and the only Region that any resource names.
    pub(super) fn common<'e>(all: impl Iterator<Item = &'e Self>) -> Option<(Option<AccountId>, Option<Arc<str>>)> {
        let mut accounts = BTreeSet::new();
        let mut regions = BTreeSet::new();
        for seen in all {
            accounts.extend(seen.identity.iter().chain(&seen.arn_accounts).copied());
            regions.extend(seen.region.iter().chain(&seen.arn_regions).cloned());
        }
        (!accounts.is_empty()).then(|| (only(&accounts), only(&regions)))
    }

    /// Notes what a read data source, or a resource that exists, tells.
    pub(super) fn note(&mut self, kind: &str, data: bool, attributes: &Value) {
        let text = |name: &str| attributes.get(name).and_then(Value::text);
        match (kind, data) {
            ("aws_caller_identity", true) => {
                self.identity.extend(text("account_id").and_then(|id| AccountId::parse(&id)));
            }
            ("aws_region", true) => self.region.extend(text("region").or_else(|| text("name"))),
            // A data source may look into another account; a resource lies where its provider leads.
            (_, true) => {}
            _ => {
                let Some(arn) = text("arn") else { return };
                let Some(arn) = Arn::parse(&arn) else { return };
                self.arn_accounts.extend(AccountId::parse(arn.account));
                if !arn.region.is_empty() && attributes.get("region").is_none() {
                    self.arn_regions.insert(arn.region.into());
                }
            }
        }
    }
}

/// The only element.
fn only<T: Clone>(set: &BTreeSet<T>) -> Option<T> {
    let mut all = set.iter();
    let first = all.next()?;
    all.next().is_none().then(|| first.clone())
}

/// The place of every provider configuration, by its key: `aws`, `aws.dest`, `module.m:aws`.
pub(super) fn places(
    unit: &Unit,
    configured: &BTreeMap<String, ProviderConfig<'_>>,
    variables: &BTreeMap<String, Json>,
    evidence: &BTreeMap<String, Evidence>,
) -> BTreeMap<String, Place> {
    let nothing = Evidence::default();
    let mut keys: BTreeSet<&str> = evidence.keys().map(String::as_str).collect();
    keys.extend(configured.iter().filter(|(_, config)| config.name == "aws").map(|(key, _)| key.as_str()));
    keys.insert("aws");
    keys.into_iter()
        .map(|key| {
            let seen = evidence.get(key).unwrap_or(&nothing);
            let expressions = configured.get(key).and_then(|config| config.expressions);
            let expressions: Json =
                expressions.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or(Json::Null);
            let deployment = &unit.deployment;
            let default = key == "aws";
            let account = deployment
                .account
                .filter(|_| default)
                .or_else(|| only(&seen.identity))
                .or_else(|| account(&expressions, variables))
                .or_else(|| only(&seen.arn_accounts));
            let region = only(&seen.region)
                .or_else(|| region(&expressions, variables))
                .or_else(|| deployment.region.clone().filter(|_| default))
                .or_else(|| only(&seen.arn_regions));
            (
                key.to_owned(),
                Place { account: symbol(account, "account", key, unit), region: symbol(region, "Region", key, unit) },
            )
        })
        .collect()
}

/// The known thing, else the symbol for that of this provider configuration.
pub(super) fn symbol<T>(known: Option<T>, what: &str, key: &str, unit: &Unit) -> Known<T> {
    match known {
        Some(known) => Known::Is(known),
        None => Known::Symbol(format!("{what} of provider `{key}` in `{}`", unit.name).into()),
    }
}

/// The texts that an expression can be made of: its constant, or the variables that it refers to.
fn texts(expression: &Json, variables: &BTreeMap<String, Json>) -> Option<Vec<String>> {
    if let Some(constant) = expression.get("constant_value") {
        return Some(strings(constant));
    }
    let references: Vec<&str> = expression.get("references")?.as_array()?.iter().filter_map(Json::as_str).collect();
    let mut out = Vec::new();
    for text in &references {
        let shorter = |other: &&str| other.strip_prefix(text).is_some_and(|rest| rest.starts_with(['.', '[']));
        if references.iter().any(shorter) {
            continue;
        }
        // Anything but a variable may change the value.
        out.extend(strings(lookup(text.strip_prefix("var.")?, variables)?));
    }
    Some(out)
}

/// `accounts["dest"].id` in the variables' values.
fn lookup<'v>(path: &str, variables: &'v BTreeMap<String, Json>) -> Option<&'v Json> {
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (name, mut rest) = path.split_at(end);
    let mut value = variables.get(name)?;
    while !rest.is_empty() {
        let step;
        if let Some(inner) = rest.strip_prefix('[') {
            let (key, after) = inner.split_once(']')?;
            (step, rest) = (key.trim_matches('"'), after);
        } else {
            let inner = rest.strip_prefix('.')?;
            let end = inner.find(['.', '[']).unwrap_or(inner.len());
            (step, rest) = inner.split_at(end);
        }
        value = match value {
            Json::Array(items) => items.get(step.parse::<usize>().ok()?)?,
            other => other.get(step)?,
        };
    }
    Some(value)
}

fn strings(json: &Json) -> Vec<String> {
    match json {
        Json::String(text) => vec![text.clone()],
        Json::Number(number) => vec![number.to_string()],
        Json::Array(items) => items.iter().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}

/// The account that the configuration names: the last role to assume, else the only allowed account.
fn account(expressions: &Json, variables: &BTreeMap<String, Json>) -> Option<AccountId> {
    for block in ["assume_role", "assume_role_with_web_identity"] {
        let roles = expressions.get(block).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        if let Some(role) = roles.iter().rev().find_map(|role| role.get("role_arn")) {
            return one_account(&texts(role, variables)?);
        }
    }
    one_account(&texts(expressions.get("allowed_account_ids")?, variables)?)
}

/// The account in these texts, each an ARN or an account's id; none where they name several, or say something else
/// that may be one.
fn one_account(texts: &[String]) -> Option<AccountId> {
    let found: BTreeSet<AccountId> = texts
        .iter()
        .filter_map(|text| AccountId::parse(text).or_else(|| AccountId::parse(Arn::parse(text)?.account)))
        .collect();
    only(&found)
}

fn region(expressions: &Json, variables: &BTreeMap<String, Json>) -> Option<Arc<str>> {
    let texts = texts(expressions.get("region")?, variables)?;
    match texts.as_slice() {
        [only] if shaped_like_a_region(only) => Some(only.as_str().into()),
        _ => None,
    }
}

fn shaped_like_a_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.len() >= 3
        && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()))
        && parts.last().is_some_and(|last| last.len() == 1 && last.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_leads_to_the_account() {
        let variables: BTreeMap<String, Json> =
            BTreeMap::from([("a".to_owned(), serde_json::json!({"dest": {"id": "222222222222", "ids": [1, 2]}}))]);
        let expressions = serde_json::json!({"assume_role": [
            {"role_arn": {"constant_value": "arn:aws:iam::111111111111:role/x"}},
            {"role_arn": {"references": ["var.a[\"dest\"].id", "var.a[\"dest\"]", "var.a"]}},
        ]});
        assert_eq!(account(&expressions, &variables), AccountId::parse("222222222222"));
        let local = serde_json::json!({"assume_role": [{"role_arn": {"references": ["local.x", "var.a"]}}],
            "allowed_account_ids": {"constant_value": ["111111111111"]}});
        assert_eq!(account(&local, &variables), None);
        assert_eq!(lookup("a.dest.ids[1]", &variables), Some(&serde_json::json!(2)));
        assert!(shaped_like_a_region("us-gov-west-1") && !shaped_like_a_region("prod"));
    }
}
