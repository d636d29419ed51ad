//! Policy questions as JSON lines: `crossvault policy`.

use super::context::{Context, Fact};
use super::decide::{
    Answer, Decision, Grant, Request, TraceKind, decide_deny, decide_identity, decide_key, decide_vault,
};
use super::document::{self, Effect, Policy};
use super::{Caller, service_linked_role_policy};
use crate::aws::{Account, AccountId, Arn, Known};
use serde_json::{Value as Json, json};

/// Answers one line: `{"id", "answer", "because"}`, or `{"id", "error"}` where it cannot be read.
pub fn answer_line(line: &str) -> Result<Json, Json> {
    let question: Json =
        serde_json::from_str(line).map_err(|error| json!({"id": null, "error": format!("not JSON: {error}")}))?;
    let id = question.get("id").cloned().unwrap_or(Json::Null);
    answer(&question).map(|decision| {
        let because: Vec<Json> = decision
            .because
            .iter()
            .map(|trace| json!({"statement": trace.statement, "effect": trace.effect.map(|effect| format!("{effect:?}")), "reason": trace.reason}))
            .collect();
        let word = match decision.answer {
            Answer::Allowed => "allowed",
            Answer::Denied => "denied",
            Answer::Unknown => "unknown",
        };
        json!({"id": id, "answer": word, "because": because})
    })
    .map_err(|error| json!({"id": id, "error": error}))
}

fn answer(question: &Json) -> Result<Decision, String> {
    let text = |name: &str| question.get(name).and_then(Json::as_str).ok_or_else(|| format!("`{name}` is required"));
    let (principal, action, resource) = (text("principal")?, text("action")?, text("resource")?);
    let account_of = |id: &str| AccountId::parse(id).map(Known::Is);
    let arn = Arn::parse(principal).ok_or("`principal` must be a role's ARN")?;
    let account: Account = account_of(arn.account).ok_or("`principal` names no account")?;
    let resource_account = match question.get("resourceAccount").and_then(Json::as_str) {
        Some(id) => account_of(id).ok_or("`resourceAccount` must have twelve digits")?,
        None => Arn::parse(resource).and_then(|arn| account_of(arn.account)).ok_or("`resourceAccount` is required")?,
    };
    let service_linked = principal.contains(":role/aws-service-role/");
    let caller = Caller { role_arn: principal.to_owned(), account, service_linked };
    let context = context(question)?;
    let policies = |name: &str| -> Option<Vec<Policy>> {
        question
            .get(name)
            .and_then(Json::as_array)
            .map(|list| list.iter().map(|policy| document::parse(&document::value_of(policy))).collect())
    };
    let policy = question
        .get("policy")
        .filter(|policy| !policy.is_null())
        .map(|policy| document::parse(&document::value_of(policy)));
    let own = policies("identityPolicies");
    let identity: Vec<&Policy> = match &own {
        Some(own) => own.iter().collect(),
        None if service_linked => vec![service_linked_role_policy()],
        None => super::managed_policy("arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup")
            .into_iter()
            .collect(),
    };
    let request = Request { caller: &caller, action, resource, resource_account: &resource_account, context: &context };
    let grants: Vec<Grant> = question.get("grants").and_then(Json::as_array).into_iter().flatten().map(grant).collect();
    let mut decision = if action.to_ascii_lowercase().starts_with("kms:") {
        decide_key(&request, policy.as_ref().unwrap_or(&Policy::default()), &identity, &grants)
    } else if policy.is_some() || resource.contains(":backup-vault:") {
        decide_vault(&request, policy.as_ref(), &identity)
    } else {
        decide_identity(&request, &identity)
    };
    // Organization policies and boundaries do not bind service-linked roles; resource control policies do not cover AWS
    // Backup.
    if !service_linked {
        for level in levels(question, "scps") {
            decision = decision.within(decide_identity(&request, &level.iter().collect::<Vec<_>>()));
        }
        // RCPFullAWSAccess is attached everywhere and cannot be detached, so that only denials count.
        let kms = action.to_ascii_lowercase().starts_with("kms:");
        for policy in levels(question, "rcps").iter().filter(|_| kms).flatten() {
            decision = decision.within(decide_deny(&request, policy));
        }
        if let Some(boundary) = question.get("boundary").filter(|boundary| !boundary.is_null()) {
            let mut bound = decide_identity(&request, &[&document::parse(&document::value_of(boundary))]);
            // A boundary that is silent limits what a policy gives to a role's ARN, not what it gives to its session; which of
            // them `*` does is not documented.
            let silent = bound.answer == Answer::Denied && !bound.has(TraceKind::Denies);
            let within = request.caller.account.same(request.resource_account) != Some(false);
            if silent && within && policy.as_ref().is_some_and(names_everybody) {
                bound.answer = Answer::Unknown;
            }
            decision = decision.within(bound);
        }
    }
    Ok(decision)
}

/// The policies of each level, from the root down.
fn levels(question: &Json, name: &str) -> Vec<Vec<Policy>> {
    let levels = question.get(name).and_then(Json::as_array).into_iter().flatten();
    let parsed = |level: &Json| {
        let policies = level.as_array().into_iter().flatten();
        policies.map(|policy| document::parse(&document::value_of(policy))).collect()
    };
    levels.map(parsed).collect()
}

/// Whether a statement allows something to everybody by name.
fn names_everybody(policy: &Policy) -> bool {
    policy.statements.iter().any(|statement| {
        let named = statement.principal.as_ref().is_some_and(|principal| match principal.get("AWS") {
            Some(aws) => {
                aws.as_str() == Some("*")
                    || aws.as_seq().is_some_and(|seq| seq.items.iter().any(|item| item.as_str() == Some("*")))
            }
            None => principal.as_str() == Some("*"),
        });
        statement.effect != Some(Effect::Deny) && (named || statement.not_principal.is_some())
    })
}

fn strings(json: &Json) -> Result<Vec<String>, String> {
    match json {
        Json::String(text) => Ok(vec![text.clone()]),
        Json::Bool(value) => Ok(vec![value.to_string()]),
        Json::Number(value) => Ok(vec![value.to_string()]),
        Json::Array(items) => items.iter().map(strings).collect::<Result<Vec<_>, _>>().map(|lists| lists.concat()),
        _ => Err("a context value must be a string or a list of strings".to_owned()),
    }
}

fn context(question: &Json) -> Result<Context, String> {
    let mut context = Context::default();
    for (key, value) in question.get("context").and_then(Json::as_object).into_iter().flatten() {
        context.set(key, Fact::Known(strings(value)?));
    }
    for (key, candidates) in question.get("unknown").and_then(Json::as_object).into_iter().flatten() {
        let list = candidates.as_array().ok_or_else(|| format!("`unknown.{key}` must be a list of candidates"))?;
        let candidates: Result<Vec<Option<Vec<String>>>, String> = list
            .iter()
            .map(|candidate| if candidate.is_null() { Ok(None) } else { strings(candidate).map(Some) })
            .collect();
        let candidates = candidates?;
        let maybe_absent = candidates.is_empty() || candidates.contains(&None);
        context.set(key, Fact::Unknown { maybe_absent, candidates });
    }
    Ok(context)
}

fn grant(json: &Json) -> Grant {
    let get = |name: &str| json.get(name).map(document::value_of).unwrap_or_else(crate::value::Value::null);
    let grantee = if json.get("grantee").is_some() { get("grantee") } else { get("granteePrincipal") };
    let constrained = json
        .get("constraints")
        .is_some_and(|constraints| constraints.as_object().is_some_and(|object| !object.is_empty()));
    Grant { grantee, operations: get("operations"), constrained }
}
