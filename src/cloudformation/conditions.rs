//! Conditions: decided from parameters, from what is assumed where they are looked at, or by trying all values that the
//! parameters may take.

use super::document::Node;
use super::intrinsics::Evaluator;
use super::parameters::allowed;
use crate::diagnostic::Diagnostic;
use crate::value::Kind;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Combinations of parameter values that are tried.
const MOST_COMBINATIONS: usize = 128;
const DEEPEST: usize = 50;

/// What is taken as given where an expression is evaluated: the conditions on the way there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Facts {
    conditions: Vec<(Arc<str>, bool)>,
    /// Parameters by value.
    equal: Vec<(Arc<str>, Arc<str>)>,
    /// Values that parameters do not have.
    differ: Vec<(Arc<str>, Arc<str>)>,
    /// Conditions are being decided, not expressions evaluated.
    trying: bool,
}

impl Facts {
    fn none(&self) -> bool {
        self.conditions.is_empty() && self.equal.is_empty() && self.differ.is_empty()
    }

    /// The parameter's value, where the conditions on the way fix it.
    pub(super) fn assumed(&self, parameter: &str) -> Option<Arc<str>> {
        self.equal.iter().find(|(name, _)| **name == *parameter).map(|(_, value)| value.clone())
    }
}

impl Evaluator<'_> {
    /// Whether the named condition holds; `None` where that cannot be told.
    pub(super) fn condition(&self, name: &str) -> Option<bool> {
        let assumed =
            self.facts.borrow().conditions.iter().find(|(other, _)| **other == *name).map(|(_, holds)| *holds);
        if assumed.is_some() {
            return assumed;
        }
        let node = self.at.entry("Conditions", name)?;
        self.once(name, || self.decide(node, 0).or_else(|| self.exhaust(node)))
    }

    /// The condition's answer, worked out once; a condition that refers to itself has none.
    fn once(&self, name: &str, decide: impl FnOnce() -> Option<bool>) -> Option<bool> {
        let key: (usize, Arc<str>) = (self.given(), name.into());
        if let Some(known) = self.at.memo.conditions.borrow().get(&key) {
            return known.flatten();
        }
        self.at.memo.conditions.borrow_mut().insert(key.clone(), None);
        let answer = self.within(decide);
        self.at.memo.conditions.borrow_mut().insert(key, Some(answer));
        answer
    }

    /// What is taken as given, as a number; zero for nothing.
    pub(super) fn given(&self) -> usize {
        let facts = self.facts.borrow();
        if facts.none() {
            return 0;
        }
        let mut known = self.at.memo.facts.borrow_mut();
        let next = known.len() + 1;
        match known.get(&*facts) {
            Some(number) => *number,
            None => {
                known.insert(facts.clone(), next);
                next
            }
        }
    }

    /// Evaluates with the condition taken as holding, or as not holding.
    pub(super) fn assuming<T>(&self, name: &str, holds: bool, evaluate: impl FnOnce() -> T) -> T {
        let before = self.facts.borrow().clone();
        self.assume(name, holds, 0);
        let value = evaluate();
        *self.facts.borrow_mut() = before;
        value
    }

    fn assume(&self, name: &str, holds: bool, depth: usize) {
        if depth > DEEPEST || self.facts.borrow().conditions.iter().any(|(other, _)| **other == *name) {
            return;
        }
        self.facts.borrow_mut().conditions.push((name.into(), holds));
        if let Some(node) = self.at.entry("Conditions", name) {
            self.assume_node(node, holds, depth + 1);
        }
    }

    /// What follows for parameters and other conditions.
    fn assume_node(&self, node: &Node, holds: bool, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        match (node.call(), holds) {
            (Some(("Condition", argument)), _) => {
                if let Some(name) = argument.text() {
                    self.assume(name, holds, depth);
                }
            }
            (Some(("Fn::Not", argument)), _) => {
                argument.items().iter().for_each(|item| self.assume_node(item, !holds, depth + 1));
            }
            (Some(("Fn::And", argument)), true) | (Some(("Fn::Or", argument)), false) => {
                argument.items().iter().for_each(|item| self.assume_node(item, holds, depth + 1));
            }
            (Some(("Fn::Equals", argument)), _) => {
                let [a, b] = argument.items() else { return };
                for (side, other) in [(a, b), (b, a)] {
                    let Some(("Ref", parameter)) = side.call() else { continue };
                    let (Some(parameter), Some(value)) = (parameter.text(), self.value(other).text()) else { continue };
                    let Some(declared) = self.at.entry("Parameters", parameter) else { continue };
                    if !matches!(self.parameter(parameter, declared).kind, Kind::Unknown(_)) {
                        continue;
                    }
                    let mut facts = self.facts.borrow_mut();
                    if holds {
                        facts.equal.push((parameter.into(), value));
                        continue;
                    }
                    facts.differ.push((parameter.into(), value));
                    let left: Vec<Arc<str>> = allowed(declared)
                        .unwrap_or_default()
                        .into_iter()
                        .filter(|value| {
                            !facts.differ.iter().any(|(name, other)| **name == *parameter && other == value)
                        })
                        .collect();
                    if let [one] = left.as_slice() {
                        facts.equal.push((parameter.into(), one.clone()));
                    }
                }
            }
            _ => {}
        }
    }

    /// Three-valued: from what is known as it stands.
    pub(super) fn decide(&self, node: &Node, depth: usize) -> Option<bool> {
        if depth > DEEPEST {
            return None;
        }
        let Some((name, argument)) = node.call() else { return self.value(node).as_bool() };
        let all = || argument.items().iter().map(|item| self.decide(item, depth + 1));
        match name {
            "Condition" => {
                let name = argument.text()?;
                let facts = self.facts.borrow();
                if let Some((_, holds)) = facts.conditions.iter().find(|(other, _)| **other == *name) {
                    return Some(*holds);
                }
                let trying = facts.trying;
                drop(facts);
                if trying {
                    let node = self.at.entry("Conditions", name)?;
                    return self.once(name, || self.decide(node, depth + 1));
                }
                self.condition(name)
            }
            "Fn::Not" => all().next().flatten().map(|holds| !holds),
            "Fn::And" => {
                let all: Vec<Option<bool>> = all().collect();
                match all.contains(&Some(false)) {
                    true => Some(false),
                    false => all.iter().all(|holds| *holds == Some(true)).then_some(true),
                }
            }
            "Fn::Or" => {
                let all: Vec<Option<bool>> = all().collect();
                match all.contains(&Some(true)) {
                    true => Some(true),
                    false => all.iter().all(|holds| *holds == Some(false)).then_some(false),
                }
            }
            "Fn::Equals" => self.equals(argument),
            "Fn::Contains" | "Fn::EachMemberIn" | "Fn::EachMemberEquals" => self.membership(name, argument),
            _ => self.value(node).as_bool(),
        }
    }

    fn equals(&self, argument: &Node) -> Option<bool> {
        let [one, other] = argument.items() else { return None };
        let (a, b) = (self.value(one), self.value(other));
        if let (Kind::Seq(a), Kind::Seq(b)) = (&a.kind, &b.kind) {
            let texts = |items: &[crate::value::Value]| -> Option<Vec<Arc<str>>> {
                items.iter().map(crate::value::Value::text).collect()
            };
            return Some(texts(&a.items)? == texts(&b.items)?);
        }
        if let (Some(a), Some(b)) = (a.text(), b.text()) {
            return Some(a == b);
        }
        let differs = |node: &Node, value: Option<Arc<str>>| {
            let (Some(("Ref", name)), Some(value)) = (node.call(), value) else { return false };
            let name = name.text().unwrap_or_default();
            let facts = self.facts.borrow();
            if facts.differ.iter().any(|(other, text)| **other == *name && *text == value) {
                return true;
            }
            let Some(declared) = self.at.entry("Parameters", name) else { return false };
            let least = declared.get("MinLength").and_then(Node::string).and_then(|text| text.parse::<usize>().ok());
            least.is_some_and(|least| value.chars().count() < least)
                || allowed(declared).is_some_and(|allowed| !allowed.contains(&value))
        };
        if differs(one, b.text()) || differs(other, a.text()) {
            return Some(false);
        }
        (a.marked_text()? == b.marked_text()?).then_some(true)
    }

    /// Tries all values of the parameters that the condition hangs on, where the template lists them.
    fn exhaust(&self, node: &Node) -> Option<bool> {
        let mut open: BTreeMap<Arc<str>, Vec<Arc<str>>> = BTreeMap::new();
        self.open_parameters(node, 0, &mut BTreeSet::new(), &mut open);
        if open.is_empty() {
            return None;
        }
        let combinations = open.values().try_fold(1_usize, |product, values| {
            product.checked_mul(values.len()).filter(|product| *product <= MOST_COMBINATIONS)
        });
        let Some(combinations) = combinations else {
            let names: Vec<String> = open.keys().map(|name| format!("`{name}`")).collect();
            self.world.tell(Diagnostic::not_evaluated(
                node.span,
                format!(
                    "{} have more than {MOST_COMBINATIONS} combinations of values, which are not tried",
                    names.join(", ")
                ),
            ));
            return None;
        };
        let before = self.facts.borrow().clone();
        let mut answers = Vec::new();
        for combination in 0..combinations {
            let mut facts = Facts { trying: true, ..before.clone() };
            let mut rest = combination;
            let mut possible = true;
            for (name, values) in &open {
                let value = values.get(rest % values.len().max(1)).cloned().unwrap_or_else(|| "".into());
                rest /= values.len().max(1);
                possible &= !before.differ.iter().any(|(other, text)| other == name && *text == value);
                facts.equal.push((name.clone(), value));
            }
            if !possible {
                continue;
            }
            *self.facts.borrow_mut() = facts;
            if !self.refused() {
                answers.push(self.decide(node, 0));
            }
        }
        *self.facts.borrow_mut() = before;
        let first = *answers.first()?;
        answers.iter().all(|answer| *answer == first).then_some(first).flatten()
    }

    /// Parameters without a value below the condition, with the values that they may take.
    fn open_parameters(
        &self,
        node: &Node,
        depth: usize,
        seen: &mut BTreeSet<Arc<str>>,
        out: &mut BTreeMap<Arc<str>, Vec<Arc<str>>>,
    ) {
        if depth > DEEPEST {
            return;
        }
        if let Some((function, argument)) = node.call() {
            match (function, argument.text()) {
                ("Ref", Some(name)) => {
                    if let Some(declared) = self.at.entry("Parameters", name)
                        && matches!(self.parameter(name, declared).kind, Kind::Unknown(_))
                        && let Some(values) = allowed(declared)
                    {
                        out.insert(name.into(), values);
                    }
                    return;
                }
                ("Condition", Some(name)) => {
                    if let Some(node) = self.at.entry("Conditions", name)
                        && seen.insert(name.into())
                    {
                        self.open_parameters(node, depth + 1, seen, out);
                    }
                    return;
                }
                _ => {}
            }
        }
        node.items().iter().for_each(|item| self.open_parameters(item, depth + 1, seen, out));
        node.entries().iter().for_each(|(_, value)| self.open_parameters(value, depth + 1, seen, out));
    }
}
