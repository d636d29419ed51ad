//! Policies of AWS Organizations that lie in plain JSON files: one unit with one resource each.

use crate::aws::{Known, Place};
use crate::diagnostic::Diagnostic;
use crate::embedded;
use crate::json;
use crate::resource::{Given, Language, LoadSettings, PolicyKind, Resource, Stack, Unit};
use crate::source::{Sources, Span};
use crate::value::{Entries, Entry, Existence, Kind, StackId, Value};
use std::sync::Arc;

/// Whether the text is a backup policy, told by its content: an object of `plans`, each with rules, Regions or selections.
pub fn recognise(text: &str) -> bool {
    let quoted = |name: &str| text.contains(&format!("\"{name}\""));
    if !quoted("plans") || !["rules", "regions", "selections"].into_iter().any(quoted) {
        return false;
    }
    let parsed: Option<serde_json::Value> = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok();
    let Some(parsed) = parsed else {
        // A backup policy that is broken is still meant as one.
        return quoted("@@assign");
    };
    let plans = parsed.as_object().filter(|all| all.len() == 1).and_then(|all| all.get("plans"));
    plans.and_then(serde_json::Value::as_object).is_some_and(|plans| {
        plans.values().any(|plan| ["rules", "regions", "selections"].into_iter().any(|key| plan.get(key).is_some()))
    })
}

/// The stack of a policy file: one policy, attached as the configuration says.
pub fn load(sources: &Sources, unit: &Unit, id: StackId, settings: &LoadSettings) -> (Stack, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    // Organizations is a global service of the management account.
    let place = Place {
        account: settings
            .organization
            .management_account
            .map_or_else(|| Known::Symbol("the organization's management account".into()), Known::Is),
        region: Known::Symbol("the Region of AWS Organizations".into()),
    };
    let mut stack = Stack {
        id,
        unit: unit.name.clone(),
        language: Language::OrganizationPolicy,
        place: place.clone(),
        resources: Vec::new(),
        unread: Vec::new(),
        given: Given::default(),
    };
    let file = match sources.load(&unit.path) {
        Ok(file) => file,
        Err(error) => {
            diagnostics.push(Diagnostic::unreadable(unit.path.as_str(), error.to_string()));
            return (stack, diagnostics);
        }
    };
    let text = sources.text(file);
    diagnostics.extend(json::read(file, &text).1);
    let whole = Span::new(file, 0..text.len());
    let Some(content) = embedded::decode(&Value::string(text.as_str()).at(whole), Some(sources)) else {
        return (stack, diagnostics);
    };
    let header = Span::new(file, 0..text.lines().next().map_or(0, str::len));
    let listed: Vec<_> = settings.policies.iter().filter(|policy| policy.path == unit.path).collect();
    let kind = match listed.first().map(|policy| policy.kind) {
        Some(PolicyKind::ServiceControl) => "SERVICE_CONTROL_POLICY",
        Some(PolicyKind::Backup) | None => "BACKUP_POLICY",
    };
    let targets = listed.iter().flat_map(|policy| &policy.targets);
    let targets = targets.map(|(text, span)| Value::string(text.clone()).at(*span)).collect();
    let entry = |value: Value| Entry { span: value.span, value };
    let document = Value { span: Some(whole), ..Value::new(Kind::Document(Arc::new(content))) };
    let entries = Entries::from_iter([
        ("Type".into(), entry(Value::string(kind))),
        ("Content".into(), entry(document)),
        ("TargetIds".into(), entry(Value::tuple(targets))),
    ]);
    let mut attributes = Value::object::<Arc<str>>([]);
    if let Kind::Map(map) = &mut attributes.kind {
        Arc::make_mut(map).entries = entries;
    }
    let name = unit.path.rsplit('/').next().unwrap_or(&unit.path);
    stack.resources.push(Resource {
        stack: id,
        address: name.strip_suffix(".json").unwrap_or(name).into(),
        kind: "AWS::Organizations::Policy".into(),
        data: false,
        place: place.into(),
        attributes,
        span: whole,
        header,
        chain: Arc::from([]),
        exists: Existence::Certain,
        imported_id: None,
    });
    (stack, diagnostics)
}

#[cfg(test)]
mod tests {
    use super::recognise;

    #[test]
    fn a_backup_policy_is_told_by_its_content() {
        assert!(recognise(r#"{"plans": {"P": {"rules": {}}}}"#));
        assert!(recognise("{\"plans\": {\"P\": {\"regions\": {\"@@assign\": [}}}}"));
        assert!(!recognise(r#"{"plans": {"P": {"price": 1}}}"#));
        assert!(!recognise(r#"{"plans": {"P": {"rules": {}}}, "Resources": {}}"#));
        assert!(!recognise(r#"{"Version": "2012-10-17", "Statement": []}"#));
        assert!(!recognise("plans: regions"));
    }
}
