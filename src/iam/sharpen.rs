//! Deciding by cases: what stays unknown because one unknown key is tested several times.
//!
//! "Denied if the organization is another, allowed if it is this one" is unknown test by test, but for each value of the
//! key there is an answer. Where all values that can make a difference give the same answer, that is the answer.

use super::context::{Context, Fact};
use super::decide::{Answer, Decision, Request};
use super::document::Policy;
use crate::value::{Kind, Value};
use std::collections::{BTreeMap, BTreeSet};

/// So many unknown keys are looked at together, in so many combinations.
const MOST_KEYS: usize = 3;
const MOST_CASES: usize = 64;
/// Of so many values of one key all sets are looked at.
const MOST_VALUES: usize = 4;
/// A value that no policy names.
const FRESH: &str = "\u{2}any other value\u{2}";

/// The answer of `decide`; where it is unknown, the answer that all cases agree on.
pub(super) fn sharpen(
    request: &Request<'_>,
    policies: &[&Policy],
    decide: impl Fn(&Request<'_>) -> Decision,
) -> Decision {
    let first = decide(request);
    if first.answer != Answer::Unknown {
        return first;
    }
    let Some(domains) = domains(request.context, policies) else { return first };
    let cases: usize = domains.values().map(Vec::len).product();
    if domains.is_empty() || domains.len() > MOST_KEYS || cases > MOST_CASES {
        return first;
    }
    let mut agreed: Option<Decision> = None;
    for case in 0..cases {
        let mut context = request.context.clone();
        let mut rest = case;
        for (key, values) in &domains {
            if let Some(value) = values.get(rest % values.len()) {
                let fact = value.clone().map_or(Fact::Absent, Fact::Known);
                context.set(key, fact);
            }
            rest /= values.len();
        }
        let decision = decide(&Request { context: &context, ..*request });
        if decision.answer == Answer::Unknown || agreed.as_ref().is_some_and(|other| other.answer != decision.answer) {
            return first;
        }
        agreed = agreed.or(Some(decision));
    }
    agreed.unwrap_or(first)
}

type Values = Vec<Option<Vec<String>>>;

/// The unknown keys that the policies test, with the values that can make a difference; `None` where a test is not one of
/// equality, so that no list of values stands for all.
fn domains(context: &Context, policies: &[&Policy]) -> Option<BTreeMap<String, Values>> {
    let mut named: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut several = BTreeSet::new();
    let mut other = BTreeSet::new();
    for condition in policies.iter().flat_map(|policy| &policy.statements).filter_map(|one| one.condition.as_ref()) {
        for (operator, entry) in &condition.as_map()?.entries {
            let operator = operator.to_ascii_lowercase();
            for (key, entry) in &entry.value.as_map()?.entries {
                let key = key.to_ascii_lowercase();
                // A variable tests its own key as well, against whatever this key is.
                for text in list(&entry.value).iter().filter_map(Value::marked_text) {
                    let names = text.split("${").skip(1).filter_map(|rest| rest.split(['}', ',']).next());
                    other.extend(names.map(|name| name.trim().to_ascii_lowercase()));
                    other.extend(text.contains("${").then(|| key.clone()));
                }
                if !matches!(context.get(&key), Fact::Unknown { .. }) {
                    continue;
                }
                if operator.contains(':') || super::condition::several(&key) {
                    several.insert(key.clone());
                }
                let base = operator.rsplit(':').next().unwrap_or_default();
                let base = base.strip_suffix("ifexists").unwrap_or(base);
                let equality = matches!(base, "stringequals" | "stringnotequals" | "bool" | "null");
                let values = named.entry(key.clone()).or_default();
                for value in list(&entry.value) {
                    match value.text() {
                        Some(text) if equality => {
                            // `Null` names no value of the key.
                            values.extend((base != "null").then(|| text.to_string()));
                        }
                        _ => {
                            other.insert(key.clone());
                        }
                    }
                }
            }
        }
    }
    let mut out = BTreeMap::new();
    for (key, values) in named {
        let Fact::Unknown { maybe_absent, candidates } = context.get(&key) else { continue };
        let domain: Values = if !candidates.is_empty() {
            candidates
        } else if other.contains(&key) {
            return None;
        } else {
            let mut values: Vec<String> = values.into_iter().chain([FRESH.to_owned()]).collect();
            values.dedup();
            let sets: Vec<Vec<String>> = if !several.contains(&key) {
                values.into_iter().map(|value| vec![value]).collect()
            } else if values.len() <= MOST_VALUES {
                subsets(&values)
            } else {
                return None;
            };
            sets.into_iter().map(Some).chain(maybe_absent.then_some(None)).collect()
        };
        out.insert(key, domain);
    }
    Some(out)
}

/// Every set of some of the values.
fn subsets(values: &[String]) -> Vec<Vec<String>> {
    let chosen = |bits: u32| values.iter().enumerate().filter(move |(at, _)| bits >> at & 1 == 1);
    (1..1_u32 << values.len()).map(|bits| chosen(bits).map(|(_, value)| value.clone()).collect()).collect()
}

fn list(value: &Value) -> Vec<Value> {
    match &value.kind {
        Kind::Seq(seq) => seq.items.clone(),
        _ => vec![value.clone()],
    }
}
