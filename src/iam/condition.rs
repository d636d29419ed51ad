//! Condition blocks: operators over keys, three-valued.

use super::context::{Context, Fact};
use super::words::{Test, Told};
use super::{Tri, and, glob, not, or};
use crate::value::{Kind, Unknown, Value};
use std::sync::Arc;

/// What a condition block says of a request, and the test that decided: the first that does not hold, or the first of all.
pub(super) fn evaluate(condition: &Value, context: &Context, variables: bool) -> (Tri, Option<Told>) {
    let Some(map) = condition.as_map() else {
        let why =
            condition.first_unknown().map_or_else(|| "it is no block".to_owned(), |unknown| unknown.reason.to_string());
        return (None, Some(Told::Open(why)));
    };
    let open = |unknown: &Arc<Unknown>| Some(Told::Open(unknown.reason.to_string()));
    let mut result = if map.open.is_some() { None } else { Some(true) };
    let mut told = map.open.as_ref().and_then(open);
    for (operator, entry) in &map.entries {
        let Some(keys) = entry.value.as_map() else {
            result = and(result, None);
            told = told.or_else(|| Some(Told::Open("it is no block".to_owned())));
            continue;
        };
        if let Some(unknown) = &keys.open {
            result = and(result, None);
            told = told.or_else(|| open(unknown));
        }
        for (key, values) in &keys.entries {
            let answer = test(operator, key, &values.value, context, variables);
            // One that never holds says more than one that is open, and that more than one that holds.
            if told.is_none()
                || (answer != Some(true) && (result == Some(true) || answer == Some(false) && result.is_none()))
            {
                told = Some(Told::Test(Box::new(Test {
                    operator: operator.to_string(),
                    key: key.to_string(),
                    values: list(&values.value),
                    fact: context.get(key),
                })));
            }
            result = and(result, answer);
            if result == Some(false) {
                return (result, told);
            }
        }
    }
    (result, told)
}

fn list(values: &Value) -> Vec<Value> {
    match &values.kind {
        Kind::Seq(seq) => seq.items.clone(),
        _ => vec![values.clone()],
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quantifier {
    Single,
    All,
    Any,
}

fn test(operator: &str, key: &str, values: &Value, context: &Context, variables: bool) -> Tri {
    let lower = operator.to_ascii_lowercase();
    let (quantifier, rest) = match (lower.strip_prefix("forallvalues:"), lower.strip_prefix("foranyvalue:")) {
        (Some(rest), _) => (Quantifier::All, rest),
        (_, Some(rest)) => (Quantifier::Any, rest),
        _ => (Quantifier::Single, &*lower),
    };
    let (base, if_exists) = rest.strip_suffix("ifexists").map_or((rest, false), |base| (base, true));
    let open = matches!(&values.kind, Kind::Seq(seq) if seq.open.is_some())
        || matches!(values.kind, Kind::Unknown(_) | Kind::Cond(_));
    let wanted = list(values);
    let fact = context.get(key);
    if base == "null" {
        let absent = match fact {
            Fact::Known(_) => Some(false),
            Fact::Absent => Some(true),
            Fact::Unknown { maybe_absent: false, .. } => Some(false),
            Fact::Unknown { .. } => None,
        };
        let answers = wanted.iter().map(|value| value.as_bool().and_then(|value| absent.map(|absent| absent == value)));
        return answers.fold(Some(false), or);
    }
    let (compare, negated) = operation(base)?;
    let check = Check { compare, negated, wanted: &wanted, open, context, variables };
    match fact {
        Fact::Known(present) => known(quantifier, &check, &present),
        Fact::Absent => absent(quantifier, if_exists, negated),
        Fact::Unknown { candidates, .. } if !candidates.is_empty() => {
            let mut answers = candidates.iter().map(|candidate| match candidate {
                Some(values) => known(quantifier, &check, values),
                None => absent(quantifier, if_exists, negated),
            });
            let first = answers.next().flatten();
            if first.is_some() && answers.all(|answer| answer == first) { first } else { None }
        }
        Fact::Unknown { maybe_absent, .. } => {
            // `StringLike "*"` holds for any value.
            let any = matches!(base, "stringlike" | "stringnotlike")
                && wanted.iter().any(|value| value.as_str() == Some("*"))
                && (quantifier != Quantifier::Single || !several(key));
            let present = match quantifier {
                Quantifier::Single | Quantifier::Any if any => Some(!negated),
                Quantifier::All if any && !negated => Some(true),
                _ => None,
            };
            if maybe_absent {
                let without = absent(quantifier, if_exists, negated);
                if present.is_some() && present == without { present } else { None }
            } else {
                present
            }
        }
    }
}

/// Keys that may have several values; with an operator for one value, what they come to is not documented.
///
/// Source: Service Authorization Reference and IAM User Guide, "Multivalued context keys", read 2026-11.
pub(super) fn several(key: &str) -> bool {
    const SEVERAL: [&str; 11] = [
        "aws:calledvia",
        "aws:principalorgpaths",
        "aws:principalservicenameslist",
        "aws:resourceorgpaths",
        "aws:sourceorgpaths",
        "aws:tagkeys",
        "backup:copytargetorgpaths",
        "backup:copytargets",
        "kms:encryptioncontextkeys",
        "kms:grantoperations",
        "kms:resourcealiases",
    ];
    SEVERAL.iter().any(|name| name.eq_ignore_ascii_case(key))
}

/// A key that the request does not carry.
fn absent(quantifier: Quantifier, if_exists: bool, negated: bool) -> Tri {
    match quantifier {
        Quantifier::All => Some(true),
        // What `IfExists` means with `ForAnyValue` is not documented.
        Quantifier::Any if if_exists => None,
        Quantifier::Any => Some(false),
        Quantifier::Single => Some(if_exists || negated),
    }
}

struct Check<'a> {
    compare: fn(&str, &str) -> Tri,
    negated: bool,
    wanted: &'a [Value],
    open: bool,
    context: &'a Context,
    variables: bool,
}

fn known(quantifier: Quantifier, check: &Check<'_>, present: &[String]) -> Tri {
    let one = |value: &String| {
        let start = if check.open { None } else { Some(false) };
        let matched = check.wanted.iter().map(|wanted| compare(check, value, wanted)).fold(start, or);
        if check.negated { not(matched) } else { matched }
    };
    match quantifier {
        Quantifier::Single => match present {
            [value] => one(value),
            _ => None,
        },
        Quantifier::All => present.iter().map(one).fold(Some(true), and),
        Quantifier::Any => present.iter().map(one).fold(Some(false), or),
    }
}

/// One request value against one policy value.
fn compare(check: &Check<'_>, present: &str, wanted: &Value) -> Tri {
    match substitute(&wanted.marked_text()?, check) {
        Substituted::Text(text) => (check.compare)(present, &text),
        Substituted::Nothing => Some(false),
        Substituted::Unknown => None,
    }
}

enum Substituted {
    Text(String),
    /// A variable without value: nothing matches.
    Nothing,
    Unknown,
}

fn substitute(text: &str, check: &Check<'_>) -> Substituted {
    if !check.variables || !text.contains("${") {
        return Substituted::Text(text.to_owned());
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            out.push_str("${");
            rest = after;
            continue;
        };
        rest = tail;
        if matches!(name, "*" | "?" | "$") {
            // A literal character; wildcards of the operator cannot tell it apart here.
            if name == "$" {
                out.push('$');
            } else {
                return Substituted::Unknown;
            }
            continue;
        }
        let (key, default) = name
            .split_once(',')
            .map_or((name, None), |(key, default)| (key.trim(), Some(default.trim().trim_matches('\''))));
        match (check.context.get(key), default) {
            (Fact::Known(values), _) if values.len() == 1 => out.extend(values.iter().map(String::as_str)),
            (Fact::Absent, Some(default)) => out.push_str(default),
            (Fact::Absent, None) => return Substituted::Nothing,
            _ => return Substituted::Unknown,
        }
    }
    out.push_str(rest);
    Substituted::Text(out)
}

type Operation = (fn(&str, &str) -> Tri, bool);

fn operation(base: &str) -> Option<Operation> {
    let equals: fn(&str, &str) -> Tri = |a, b| glob::equal(a, b, false);
    let ignore_case: fn(&str, &str) -> Tri = |a, b| glob::equal(a, b, true);
    let like: fn(&str, &str) -> Tri = |a, b| glob::matches(b, a);
    let arn: fn(&str, &str) -> Tri = |a, b| glob::arn(b, a);
    let ip: fn(&str, &str) -> Tri = in_range;
    Some(match base {
        "stringequals" | "binaryequals" => (equals, false),
        "stringnotequals" => (equals, true),
        "stringequalsignorecase" => (ignore_case, false),
        "stringnotequalsignorecase" => (ignore_case, true),
        "stringlike" => (like, false),
        "stringnotlike" => (like, true),
        "arnequals" | "arnlike" => (arn, false),
        "arnnotequals" | "arnnotlike" => (arn, true),
        "bool" => (ignore_case, false),
        "ipaddress" => (ip, false),
        "notipaddress" => (ip, true),
        "numericequals" => (|a, b| ordered(a, b, |o| o.is_eq()), false),
        "numericnotequals" => (|a, b| ordered(a, b, |o| o.is_eq()), true),
        "numericlessthan" => (|a, b| ordered(a, b, |o| o.is_lt()), false),
        "numericlessthanequals" => (|a, b| ordered(a, b, |o| o.is_le()), false),
        "numericgreaterthan" => (|a, b| ordered(a, b, |o| o.is_gt()), false),
        "numericgreaterthanequals" => (|a, b| ordered(a, b, |o| o.is_ge()), false),
        "dateequals" => (|a, b| dated(a, b, |o| o.is_eq()), false),
        "datenotequals" => (|a, b| dated(a, b, |o| o.is_eq()), true),
        "datelessthan" => (|a, b| dated(a, b, |o| o.is_lt()), false),
        "datelessthanequals" => (|a, b| dated(a, b, |o| o.is_le()), false),
        "dategreaterthan" => (|a, b| dated(a, b, |o| o.is_gt()), false),
        "dategreaterthanequals" => (|a, b| dated(a, b, |o| o.is_ge()), false),
        _ => return None,
    })
}

fn ordered(a: &str, b: &str, decide: fn(std::cmp::Ordering) -> bool) -> Tri {
    let (a, b) = (a.trim().parse::<f64>().ok()?, b.trim().parse::<f64>().ok()?);
    a.partial_cmp(&b).map(decide)
}

fn dated(a: &str, b: &str, decide: fn(std::cmp::Ordering) -> bool) -> Tri {
    let read = |text: &str| match text.parse::<i64>() {
        Ok(seconds) => jiff::Timestamp::from_second(seconds).ok(),
        Err(_) => text.parse::<jiff::Timestamp>().ok().or_else(|| format!("{text}T00:00:00Z").parse().ok()),
    };
    Some(decide(read(a)?.cmp(&read(b)?)))
}

fn in_range(address: &str, range: &str) -> Tri {
    let address: std::net::IpAddr = address.parse().ok()?;
    let (base, prefix) = match range.split_once('/') {
        Some((base, prefix)) => (base.parse::<std::net::IpAddr>().ok()?, Some(prefix.parse::<u32>().ok()?)),
        None => (range.parse::<std::net::IpAddr>().ok()?, None),
    };
    Some(match (address, base) {
        (std::net::IpAddr::V4(a), std::net::IpAddr::V4(b)) => {
            let shift = 32_u32.checked_sub(prefix.unwrap_or(32))?;
            u32::from(a).checked_shr(shift).unwrap_or(0) == u32::from(b).checked_shr(shift).unwrap_or(0)
        }
        (std::net::IpAddr::V6(a), std::net::IpAddr::V6(b)) => {
            let shift = 128_u32.checked_sub(prefix.unwrap_or(128))?;
            u128::from(a).checked_shr(shift).unwrap_or(0) == u128::from(b).checked_shr(shift).unwrap_or(0)
        }
        _ => false,
    })
}
