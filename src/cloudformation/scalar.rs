//! Plain scalars as YAML 1.1 reads them.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html>, read 2026-11: CloudFormation
//! supports YAML 1.1.

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Span;
use crate::value::{Kind, Number, Value};
use std::sync::Arc;

/// What is worth saying of a plain scalar of twelve digits with a leading zero: it is meant as an account id.
pub(super) fn misread(text: &str, span: Span) -> Option<Diagnostic> {
    let meant = text.len() == 12 && text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    let Kind::Number(number) = resolve(text).kind else { return None };
    meant.then(|| {
        Diagnostic::note(
            span,
            Severity::Warning,
            format!("`{text}` without quotes is an octal number: this reads as {number}"),
        )
        .with_help("put quotes around the account id")
    })
}

/// The value of a plain scalar. Dates stay text.
pub(super) fn resolve(text: &str) -> Value {
    Value::new(resolve_kind(text).unwrap_or_else(|| Kind::String(text.into())))
}

/// `None` for text.
fn resolve_kind(text: &str) -> Option<Kind> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null(Default::default()),
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Kind::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Kind::Bool(false),
        _ => Kind::Number(number(text)?),
    })
}

/// The same, where the text is shared already.
pub(super) fn resolve_shared(text: &Arc<str>) -> Value {
    let value = resolve_kind(text);
    Value::new(value.unwrap_or_else(|| Kind::String(text.clone())))
}

/// Integers in all bases of YAML 1.1, and floats.
pub(super) fn number(text: &str) -> Option<Number> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let plain: String = digits.chars().filter(|c| *c != '_').collect();
    let radix = |digits: &str, base: u32| -> Option<i128> {
        (!digits.is_empty()).then(|| i128::from_str_radix(digits, base).ok()).flatten()
    };
    let whole = if let Some(hex) = plain.strip_prefix("0x") {
        radix(hex, 16)
    } else if let Some(binary) = plain.strip_prefix("0b") {
        radix(binary, 2)
    } else if plain.len() > 1 && plain.starts_with('0') && plain.bytes().all(|b| b.is_ascii_digit()) {
        // Octal; with an 8 or 9 in it this is text.
        return radix(&plain, 8).and_then(|n| Number::parse(&(if negative { -n } else { n }).to_string()));
    } else if plain.contains(':') {
        sexagesimal(&plain)
    } else if plain.bytes().all(|b| b.is_ascii_digit()) {
        return Number::parse(&format!("{}{plain}", if negative { "-" } else { "" }));
    } else {
        None
    };
    if let Some(n) = whole {
        return Number::parse(&(if negative { -n } else { n }).to_string());
    }
    let float = plain.contains('.')
        && plain.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    let valid = float
        && plain.matches('.').count() == 1
        && plain.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && plain.len() > 1;
    if valid { Number::parse(&format!("{}{plain}", if negative { "-" } else { "" })) } else { None }
}

fn sexagesimal(text: &str) -> Option<i128> {
    let mut parts = text.split(':');
    let mut total: i128 = parts.next().filter(|first| !first.is_empty() && !first.starts_with('0'))?.parse().ok()?;
    for part in parts {
        let n: i128 = part.parse().ok().filter(|n| *n < 60 && part.len() <= 2)?;
        total = total.checked_mul(60)?.checked_add(n)?;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_read_as_yaml_1_1() {
        let shown = |text: &str| match resolve(text).kind {
            Kind::Number(n) => format!("n:{n}"),
            Kind::Bool(b) => format!("b:{b}"),
            Kind::Null(_) => "null".to_owned(),
            Kind::String(text) => format!("s:{text}"),
            _ => "?".to_owned(),
        };
        for (text, expected) in [
            ("012345670123", "n:1402433619"),
            ("012345678901", "s:012345678901"),
            ("12:30:45", "n:45045"),
            ("1_000", "n:1000"),
            ("0x1F", "n:31"),
            ("1.10", "n:1.1"),
            ("yes", "b:true"),
            ("2012-10-17", "s:2012-10-17"),
            ("~", "null"),
            ("10.0.0.0/16", "s:10.0.0.0/16"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
