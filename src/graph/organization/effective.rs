//! Backup policies merged into the policy that takes effect in an account.
//!
//! Sources: <https://docs.aws.amazon.com/organizations/latest/userguide/policy-operators.html> and
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_backup_syntax.html>, read 2026-11.

use crate::model::{FlawWeight, PolicyFlaw};
use crate::source::Span;
use crate::value::{Entry, Kind, Map, MapKind, Reason, Seq, SeqKind, Unknown, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A policy and how deep in the tree it is attached: the root at zero, accounts deepest.
pub(super) struct Layer<'a> {
    pub(super) level: usize,
    pub(super) content: &'a Value,
    pub(super) span: Span,
}

/// A flaw, and the plan, rule and copy action that it is about (keys in lower case).
#[derive(Clone, Debug)]
pub(super) struct PlanFlaw {
    /// All plans where left out.
    pub(super) plan: Option<String>,
    /// The whole plan where left out.
    pub(super) action: Option<(String, String)>,
    pub(super) flaw: PolicyFlaw,
}

/// The policies merged: an object of plain values, without operators, and what is wrong in them.
pub(super) fn merge(layers: &[Layer<'_>]) -> (Value, Vec<PlanFlaw>) {
    let mut root = Node::default();
    let mut flaws = Vec::new();
    for layer in layers {
        let mut merger = Merger { level: layer.level, fallback: layer.span, path: Vec::new(), flaws: &mut flaws };
        merger.object(&mut root, layer.content, false);
    }
    (root.value(), flaws)
}

const OPERATORS: [&str; 3] = ["@@assign", "@@append", "@@remove"];
const ALLOWED: &str = "@@operators_allowed_for_child_policies";

/// Which operators policies below may use, and from which level on.
#[derive(Clone, Debug)]
struct Limit {
    level: usize,
    allowed: Vec<Arc<str>>,
}

impl Limit {
    fn allows(&self, operator: &str) -> bool {
        self.allowed.iter().any(|name| &**name == "@@all" || **name == *operator)
    }
}

/// An object or a setting of the merged policy.
#[derive(Clone, Debug, Default)]
struct Node {
    limits: Vec<Limit>,
    /// By key in lower case: the effective policy's keys are.
    entries: BTreeMap<String, Field>,
    /// Why there may be more entries.
    open: Option<Arc<Unknown>>,
    span: Option<Span>,
    /// A setting's value, and the level that assigned it.
    leaf: Option<(Value, usize)>,
}

#[derive(Clone, Debug)]
struct Field {
    key: Arc<str>,
    span: Option<Span>,
    node: Node,
}

impl Node {
    fn value(&self) -> Value {
        if let Some((value, _)) = &self.leaf {
            return value.clone();
        }
        let entries = self
            .entries
            .values()
            .map(|field| (field.key.clone(), Entry { value: field.node.value(), span: field.span }));
        let map = Map::new(MapKind::Object, entries.collect(), self.open.clone());
        Value { span: self.span, ..Value::new(Kind::Map(Arc::new(map))) }
    }

    /// What a policy above this level forbids here.
    fn forbids(&self, level: usize, operator: &str) -> bool {
        self.limits.iter().any(|limit| limit.level < level && !limit.allows(operator))
    }
}

struct Merger<'f> {
    level: usize,
    fallback: Span,
    path: Vec<String>,
    flaws: &'f mut Vec<PlanFlaw>,
}

impl Merger<'_> {
    fn flaw(&mut self, span: Option<Span>, weight: FlawWeight, message: String, help: &str) {
        let part = |at: usize, name: &str| self.path.get(at).is_some_and(|part| part == name);
        let action = match (self.path.get(3), self.path.get(5)) {
            (Some(rule), Some(action)) if part(2, "rules") && part(4, "copy_actions") => {
                Some((rule.clone(), action.clone()))
            }
            _ => None,
        };
        let plan = self.path.get(1).filter(|_| part(0, "plans")).cloned();
        let span = span.unwrap_or(self.fallback);
        let flaw = PolicyFlaw { action: None, weight, message, help: help.to_owned(), span };
        if !self.flaws.iter().any(|other| other.flaw == flaw) {
            self.flaws.push(PlanFlaw { plan, action, flaw });
        }
    }

    /// Merges an object of the policy into the node. `locked`: a policy above forbids changes around it, and AWS's pages
    /// do not say whether that holds here too.
    fn object(&mut self, node: &mut Node, value: &Value, locked: bool) {
        let Some(map) = value.as_map() else {
            return self.plain(node, value, locked);
        };
        node.span = node.span.or(value.span);
        node.open = node.open.take().or_else(|| map.open.clone());
        for (name, entry) in map.entries.iter().filter(|(name, _)| name.starts_with("@@")) {
            if !OPERATORS.contains(&&**name) && &**name != ALLOWED {
                let message = format!("`{name}` is no operator of backup policies");
                let help = "use `@@assign`, `@@append`, `@@remove` or `@@operators_allowed_for_child_policies`";
                self.flaw(entry.span.or(entry.value.span), FlawWeight::Fatal, message, help);
            }
        }
        let unset = node.leaf.is_none() && node.entries.is_empty();
        let operators = OPERATORS.iter().filter_map(|name| Some((*name, map.entries.get(*name)?)));
        for (operator, entry) in operators.collect::<Vec<_>>() {
            self.apply(node, operator, entry, locked);
        }
        let locked = locked || node.limits.iter().any(|limit| limit.level < self.level);
        for (name, entry) in map.entries.iter().filter(|(name, _)| !name.starts_with("@@")) {
            let key = name.to_lowercase();
            if !node.entries.contains_key(&key) {
                // A policy above decides whether policies below may add to it.
                if !unset && node.forbids(self.level, "@@append") && node.forbids(self.level, "@@assign") {
                    continue;
                }
                node.entries.insert(key.clone(), Field { key: name.clone(), span: None, node: Node::default() });
            }
            self.path.push(key.clone());
            if let Some(field) = node.entries.get_mut(&key) {
                let new = field.node.leaf.is_none() && field.node.entries.is_empty() && field.node.open.is_none();
                let before = field.node.leaf.clone();
                self.object(&mut field.node, &entry.value, locked && !new);
                if field.span.is_none()
                    || field.node.leaf.as_ref().map(|(_, level)| level) != before.as_ref().map(|(_, level)| level)
                {
                    field.span = entry.span.or(entry.value.span).or(field.span);
                }
            }
            self.path.pop();
        }
        if let Some(entry) = map.entries.get(ALLOWED) {
            let allowed = match &entry.value.kind {
                Kind::Seq(seq) => seq.items.iter().filter_map(Value::text).collect(),
                _ => entry.value.text().into_iter().collect(),
            };
            node.limits.push(Limit { level: self.level, allowed });
        }
    }

    /// A value where an operator is expected.
    fn plain(&mut self, node: &mut Node, value: &Value, locked: bool) {
        if matches!(value.kind, Kind::String(_) | Kind::Number(_) | Kind::Bool(_) | Kind::Seq(_)) {
            let name = self.path.last().cloned().unwrap_or_default();
            let message = format!("`{name}` has a value without an operator");
            self.flaw(value.span, FlawWeight::Fatal, message, "write it as `{ \"@@assign\": … }`");
        }
        self.apply(node, "@@assign", &Entry { value: value.clone(), span: value.span }, locked);
    }

    fn apply(&mut self, node: &mut Node, operator: &str, entry: &Entry, locked: bool) {
        if node.forbids(self.level, operator) {
            return;
        }
        let value = &entry.value;
        if matches!(value.kind, Kind::Number(_) | Kind::Bool(_)) {
            let name = self.path.last().cloned().unwrap_or_default();
            let text = value.text().unwrap_or_default();
            let message = format!("the value of `{name}` is not a string");
            self.flaw(value.span.or(entry.span), FlawWeight::Style, message, &format!("write it as \"{text}\""));
        }
        let limited = node.limits.iter().any(|limit| limit.level < self.level);
        let old = node.leaf.take();
        let mut new = match (operator, &old) {
            ("@@append", Some((old, _))) => joined(old, value),
            ("@@append", None) => listed(value),
            ("@@remove", Some((old, _))) => without(old, value),
            ("@@remove", None) => {
                node.leaf = None;
                return;
            }
            _ => value.clone(),
        };
        if let Some((old, level)) = &old
            && old.kind != new.kind
        {
            let same_level = *level == self.level && operator == "@@assign";
            let why = match (same_level, locked && !limited) {
                (true, _) => "two policies attached to the same place assign different values",
                (_, true) => {
                    "a policy above forbids changes around this setting, and whether it forbids this one is not documented"
                }
                _ => "",
            };
            if !why.is_empty() {
                new = Value::unknown(Reason::Derived(why.into()), value.span.or(entry.span));
            }
        }
        new.span = new.span.or(entry.span);
        node.leaf = Some((new, self.level));
    }
}

/// A list leaf's items; a single text is a list of one.
fn listed(value: &Value) -> Value {
    match &value.kind {
        Kind::String(_) | Kind::Template(_) | Kind::Ref(_) => {
            Value { span: value.span, ..Value::tuple(vec![value.clone()]) }
        }
        _ => value.clone(),
    }
}

fn joined(old: &Value, new: &Value) -> Value {
    let (old, new) = (listed(old), listed(new));
    match (&old.kind, &new.kind) {
        (Kind::Seq(a), Kind::Seq(b)) => {
            let mut items = a.items.clone();
            items.extend(b.items.iter().filter(|item| !a.items.iter().any(|old| old.kind == item.kind)).cloned());
            sequence(items, a.open.clone().or_else(|| b.open.clone()), &old)
        }
        (_, Kind::Seq(_)) => old,
        _ => new,
    }
}

fn without(old: &Value, removed: &Value) -> Value {
    let (old, removed) = (listed(old), listed(removed));
    match (&old.kind, &removed.kind) {
        (Kind::Seq(a), Kind::Seq(b)) if b.open.is_none() => {
            let kept = a.items.iter().filter(|item| !b.items.iter().any(|gone| gone.kind == item.kind));
            sequence(kept.cloned().collect(), a.open.clone(), &old)
        }
        (Kind::Seq(_), _) => removed,
        _ => old,
    }
}

fn sequence(items: Vec<Value>, open: Option<Arc<Unknown>>, like: &Value) -> Value {
    Value { span: like.span, ..Value::new(Kind::Seq(Arc::new(Seq::new(SeqKind::Tuple, items, open)))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    /// The merged policy as JSON text, and what is wrong.
    fn merged(layers: &[(usize, &str)]) -> (String, Vec<String>) {
        let contents: Vec<Value> =
            layers.iter().map(|(_, text)| crate::embedded::decode(&Value::string(*text), None).unwrap()).collect();
        let span = Span::new(FileId(0), 0..0);
        let layers: Vec<Layer<'_>> =
            layers.iter().zip(&contents).map(|((level, _), content)| Layer { level: *level, content, span }).collect();
        let (value, flaws) = merge(&layers);
        let text = crate::value::json_text(&value).unwrap_or_else(|| "unknown".to_owned());
        (text, flaws.into_iter().map(|found| found.flaw.message).collect())
    }

    #[test]
    fn lower_policies_assign_append_and_remove() {
        let root = r#"{"plans":{"P":{"regions":{"@@assign":["a","b"]},"rules":{"Hourly":{"schedule_expression":{"@@assign":"x"}}}}}}"#;
        let (text, flaws) = merged(&[
            (0, root),
            (
                1,
                r#"{"plans":{"p":{"regions":{"@@append":["c"]},"rules":{"hourly":{"schedule_expression":{"@@assign":"y"}}}}}}"#,
            ),
            (2, r#"{"plans":{"P":{"regions":{"@@remove":["a"]}}}}"#),
        ]);
        assert_eq!(text, r#"{"plans":{"P":{"regions":["b","c"],"rules":{"Hourly":{"schedule_expression":"y"}}}}}"#);
        assert!(flaws.is_empty());
    }

    #[test]
    fn what_a_policy_above_forbids_is_left_out() {
        let locked = r#"{"plans":{"@@operators_allowed_for_child_policies":["@@append"],"P":{"@@operators_allowed_for_child_policies":["@@none"],"regions":{"@@assign":["a"],"@@operators_allowed_for_child_policies":["@@append"]},"x":{"@@assign":"1","@@operators_allowed_for_child_policies":["@@none"]}}}}"#;
        let child = r#"{"plans":{"P":{"regions":{"@@assign":["z"],"@@append":["b"]},"x":{"@@assign":"2"},"new":{"@@assign":"3"}},"Q":{"x":{"@@assign":"4"}}}}"#;
        let (text, _) = merged(&[(0, locked), (1, child)]);
        assert_eq!(text, r#"{"plans":{"P":{"regions":["a","b"],"x":"1"},"Q":{"x":"4"}}}"#);
        // At its own level a limit does not bind.
        let (text, _) = merged(&[(0, locked), (0, r#"{"plans":{"P":{"new":{"@@assign":"3"}}}}"#)]);
        assert!(text.contains(r#""new":"3""#), "{text}");
    }

    #[test]
    fn a_setting_within_a_locked_object_is_not_known() {
        let locked = r#"{"plans":{"P":{"@@operators_allowed_for_child_policies":["@@none"],"x":{"@@assign":"1"}}}}"#;
        assert_eq!(merged(&[(0, locked), (1, r#"{"plans":{"P":{"x":{"@@assign":"2"}}}}"#)]).0, "unknown");
        assert_eq!(
            merged(&[(0, locked), (1, r#"{"plans":{"P":{"x":{"@@assign":"1"}}}}"#)]).0,
            r#"{"plans":{"P":{"x":"1"}}}"#
        );
    }

    #[test]
    fn two_values_at_one_level_leave_it_open() {
        let (a, b) = (r#"{"plans":{"P":{"x":{"@@assign":"1"}}}}"#, r#"{"plans":{"P":{"x":{"@@assign":"2"}}}}"#);
        assert_eq!(merged(&[(1, a), (1, b)]).0, "unknown");
        assert_eq!(merged(&[(1, a), (2, b)]).0, r#"{"plans":{"P":{"x":"2"}}}"#);
        assert_eq!(merged(&[(1, a), (1, a)]).0, r#"{"plans":{"P":{"x":"1"}}}"#);
    }

    #[test]
    fn what_aws_would_refuse_is_told() {
        let (_, flaws) = merged(&[(0, r#"{"plans":{"P":{"x":{"@@asign":"1"},"y":{"@@assign":35},"z":"plain"}}}"#)]);
        assert_eq!(
            flaws,
            [
                "`@@asign` is no operator of backup policies",
                "the value of `y` is not a string",
                "`z` has a value without an operator"
            ]
        );
    }
}
