//! `Rules`: assertions over parameters that CloudFormation checks before it deploys anything.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html>, read 2026-11.

use super::document::Node;
use super::intrinsics::Evaluator;
use super::parameters::allowed;
use crate::diagnostic::{Diagnostic, Severity};
use crate::value::Value;
use std::sync::Arc;

impl Evaluator<'_> {
    /// The assertion that certainly does not hold, with its rule's name.
    fn refusal(&self) -> Option<(&str, &Node)> {
        let rules = self.at.section("Rules").map(|section| section.entries.as_slice()).unwrap_or_default();
        rules.iter().find_map(|(name, _, rule)| {
            let applies = rule.get("RuleCondition").is_none_or(|condition| self.decide(condition, 0) == Some(true));
            let assertions = rule.get("Assertions").filter(|_| applies)?.items();
            let fails =
                |assertion: &&Node| assertion.get("Assert").and_then(|node| self.decide(node, 0)) == Some(false);
            assertions.iter().find(fails).map(|assertion| (&**name, assertion))
        })
    }

    /// Whether the stack's rules certainly refuse its parameters.
    pub(super) fn refused(&self) -> bool {
        self.refusal().is_some()
    }

    /// Tells of the rule that refuses the parameters.
    pub(super) fn told_refusal(&self) {
        let Some((name, assertion)) = self.refusal() else { return };
        let mut message =
            format!("the rule `{name}` refuses these parameters, so CloudFormation does not deploy the stack");
        if let Some(why) = assertion.get("AssertDescription").and_then(Node::text) {
            message.push_str(": ");
            message.push_str(why.trim_end_matches('.'));
        }
        self.world.tell(Diagnostic::note(assertion.span, Severity::Warning, message));
    }

    /// `Fn::Contains`, `Fn::EachMemberIn` and `Fn::EachMemberEquals`; `None` where it cannot be told.
    pub(super) fn membership(&self, name: &str, argument: &Node) -> Option<bool> {
        let [one, other] = argument.items() else { return None };
        match name {
            "Fn::Contains" => within(&[self.choices(other)?], &self.texts(one)?),
            "Fn::EachMemberIn" => {
                let members: Vec<Vec<Arc<str>>> = self.texts(one)?.into_iter().map(|text| vec![text]).collect();
                within(&members, &self.texts(other)?)
            }
            "Fn::EachMemberEquals" => {
                let members: Vec<Vec<Arc<str>>> = self.texts(one)?.into_iter().map(|text| vec![text]).collect();
                within(&members, &self.choices(other).filter(|choices| choices.len() == 1)?)
            }
            _ => None,
        }
    }

    fn texts(&self, node: &Node) -> Option<Vec<Arc<str>>> {
        let value = self.value(node);
        let seq = value.as_seq().filter(|seq| seq.open.is_none())?;
        seq.items.iter().map(Value::text).collect()
    }

    /// What the text may be, where that can be listed.
    fn choices(&self, node: &Node) -> Option<Vec<Arc<str>>> {
        if let Some(text) = self.value(node).text() {
            return Some(vec![text]);
        }
        let ("Ref", name) = node.call()? else { return None };
        allowed(self.at.entry("Parameters", name.text()?)?)
    }
}

/// Whether each of the members, of which only the candidates are known, is in the list.
fn within(members: &[Vec<Arc<str>>], list: &[Arc<str>]) -> Option<bool> {
    let all = |candidates: &Vec<Arc<str>>| candidates.iter().all(|text| list.contains(text));
    let some = |candidates: &Vec<Arc<str>>| candidates.iter().any(|text| list.contains(text));
    if members.iter().all(all) {
        return Some(true);
    }
    members.iter().all(some).then_some(()).map_or(Some(false), |()| None)
}
