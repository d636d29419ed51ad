//! Functions over numbers and IP ranges.

use super::{Outcome, arg, float, int, number_value, seq, strings_value, text};
use crate::terraform::ops::{derived, fail, number};
use crate::value::{Number, Type, Value};
use bigdecimal::{BigDecimal, RoundingMode, Signed, ToPrimitive};
use std::net::IpAddr;

pub(super) fn call(name: &str, args: &[Value]) -> Option<Outcome> {
    Some(match name {
        "abs" => match arg(args, 0).and_then(number) {
            Ok(Some(n)) => Ok(number_value(n.magnitude())),
            Ok(None) => unknown(args),
            Err(error) => Err(error),
        },
        "ceil" => one(args, |n| n.with_scale_round(0, RoundingMode::Ceiling)),
        "floor" => one(args, |n| n.with_scale_round(0, RoundingMode::Floor)),
        "signum" => whole(args, |n| BigDecimal::from(i64::from(n.is_positive()) - i64::from(n.is_negative()))),
        "max" => extreme(args, true),
        "min" => extreme(args, false),
        "sum" => sum(args),
        "pow" => pow(args),
        "log" => log(args),
        "parseint" => parseint(args),
        "cidrhost" => cidr(args, Cidr::Host),
        "cidrsubnet" => cidr(args, Cidr::Subnet),
        "cidrnetmask" => cidr(args, Cidr::Netmask),
        "cidrsubnets" => cidrsubnets(args),
        _ => return None,
    })
}

fn unknown(args: &[Value]) -> Outcome {
    Ok(derived(&args.iter().collect::<Vec<_>>(), Type::Number))
}

fn one(args: &[Value], f: impl Fn(&BigDecimal) -> BigDecimal) -> Outcome {
    Ok(match number(arg(args, 0)?)? {
        Some(n) => number_value(Number::from(f(n.decimal()))),
        None => return unknown(args),
    })
}

fn whole(args: &[Value], f: impl Fn(&BigDecimal) -> BigDecimal) -> Outcome {
    int(args, 0)?;
    one(args, f)
}

fn extreme(args: &[Value], largest: bool) -> Outcome {
    let mut best: Option<Number> = None;
    for value in args {
        let Some(n) = number(value)? else { return unknown(args) };
        if best.as_ref().is_none_or(|best| (n > *best) == largest) {
            best = Some(n);
        }
    }
    best.map(number_value).ok_or_else(|| super::EvalError::new("at least one number is required".to_owned()))
}

fn sum(args: &[Value]) -> Outcome {
    let seq = seq(args, 0)?;
    let mut total = Number::from(0);
    for item in &seq.items {
        let Some(n) = number(item)? else { return unknown(args) };
        total = total.plus(&n);
    }
    if seq.items.is_empty() {
        return fail("`sum` takes a list of at least one number");
    }
    if seq.open.is_some() { unknown(args) } else { Ok(number_value(total)) }
}

/// As Terraform computes it, in 64-bit floating point.
fn pow(args: &[Value]) -> Outcome {
    let (Some(base), Some(exponent)) = (number(arg(args, 0)?)?, number(arg(args, 1)?)?) else { return unknown(args) };
    float(float::power(base.as_f64(), exponent.as_f64()), "the power is not a number")
}

fn float(value: f64, error: &str) -> Outcome {
    if value.is_infinite() {
        return Ok(Value::unknown(crate::value::Reason::Unsupported("an infinite number".into()), None));
    }
    Number::from_f64(value).map(number_value).ok_or_else(|| super::EvalError::new(error.to_owned()))
}

fn log(args: &[Value]) -> Outcome {
    let (Some(n), Some(base)) = (number(arg(args, 0)?)?, number(arg(args, 1)?)?) else { return unknown(args) };
    float(float::logarithm(n.as_f64()) / float::logarithm(base.as_f64()), "the logarithm is not a number")
}

fn parseint(args: &[Value]) -> Outcome {
    let Some(text) = text(args, 0)? else { return unknown(args) };
    let base = int(args, 1)?;
    if !(2..=62).contains(&base) {
        return fail("the base of `parseint` must be between 2 and 62");
    }
    match whole_number(&text, base) {
        Some(n) => Ok(number_value(Number::from(n))),
        None => fail(format!("`{text}` is not a whole number in base {base}")),
    }
}

/// Digits, then letters; above base 36, capitals come after small letters.
fn whole_number(text: &str, base: i64) -> Option<BigDecimal> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || digits.len() > 10_000 {
        return None;
    }
    let mut total = BigDecimal::from(0);
    for c in digits.chars() {
        let digit = match c {
            '0'..='9' => i64::from(c.to_digit(10)?),
            'A'..='Z' if base > 36 => i64::from(u32::from(c) - u32::from('A')) + 36,
            _ => i64::from(c.to_ascii_lowercase().to_digit(36)?),
        };
        if digit >= base {
            return None;
        }
        total = total * base + digit;
    }
    Some(if negative { -total } else { total })
}

#[derive(Clone, Copy)]
enum Cidr {
    Host,
    Subnet,
    Netmask,
}

struct Net {
    bits: u128,
    prefix: u32,
    width: u32,
}

fn parse(text: &str) -> Result<Net, super::EvalError> {
    let bad = || super::EvalError::new(format!("`{text}` is not a CIDR range"));
    let (address, prefix) = text.split_once('/').ok_or_else(bad)?;
    let prefix: u32 = prefix.parse().map_err(|_| bad())?;
    let (bits, width) = match address.parse::<IpAddr>().map_err(|_| bad())? {
        IpAddr::V4(ip) => (u128::from(u32::from(ip)), 32),
        IpAddr::V6(ip) => (u128::from(ip), 128),
    };
    if prefix > width {
        return Err(bad());
    }
    Ok(Net { bits: bits & mask(prefix, width), prefix, width })
}

fn mask(prefix: u32, width: u32) -> u128 {
    let all = if width == 128 { u128::MAX } else { (1 << width) - 1 };
    if prefix == 0 { 0 } else { all & (u128::MAX << (width - prefix)) }
}

fn show(bits: u128, width: u32) -> String {
    if width == 32 {
        std::net::Ipv4Addr::from(u32::try_from(bits & u128::from(u32::MAX)).unwrap_or(0)).to_string()
    } else {
        std::net::Ipv6Addr::from(bits).to_string()
    }
}

/// A whole number as wide as an address.
fn wide(args: &[Value], at: usize) -> Result<Option<i128>, super::EvalError> {
    let Some(n) = number(arg(args, at)?)? else { return Ok(None) };
    match n.decimal().to_i128().filter(|_| n.is_whole()) {
        Some(n) => Ok(Some(n)),
        None => fail("a whole number is required"),
    }
}

fn cidr(args: &[Value], what: Cidr) -> Outcome {
    let Some(range) = text(args, 0)? else { return unknown(args) };
    let net = parse(&range)?;
    Ok(Value::string(match what {
        Cidr::Netmask if net.width == 128 => return fail("IPv6 ranges have no netmask"),
        Cidr::Netmask => show(mask(net.prefix, net.width), net.width),
        Cidr::Host => {
            let Some(host) = wide(args, 1)? else { return unknown(args) };
            let size = net.width - net.prefix;
            let offset = if host < 0 {
                (mask(net.width, net.width) & !mask(net.prefix, net.width))
                    .wrapping_add(1)
                    .wrapping_sub(host.unsigned_abs())
            } else {
                host.unsigned_abs()
            };
            if size < 128 && offset >> size != 0 {
                return fail(format!("`{range}` has no host {host}"));
            }
            show(net.bits | offset, net.width)
        }
        Cidr::Subnet => {
            let new = int(args, 1)?;
            let Some(number) = wide(args, 2)? else { return unknown(args) };
            subnet(&net, new, number, &range)?
        }
    }))
}

/// As the library that Terraform calls computes it, also where the numbers are negative.
fn subnet(net: &Net, new: i64, number: i128, range: &str) -> Result<String, super::EvalError> {
    let no = || super::EvalError::new(format!("`{range}` cannot be divided that way"));
    let prefix = i64::from(net.prefix).checked_add(new).and_then(|prefix| u32::try_from(prefix).ok());
    let prefix = prefix.filter(|prefix| *prefix <= net.width).ok_or_else(no)?;
    let magnitude = number.unsigned_abs();
    // Only the lower half is compared with what fits.
    if (0..64).contains(&new) && (magnitude & u128::from(u64::MAX)) >> new != 0 {
        return Err(no());
    }
    let moved = magnitude.checked_shl(net.width - prefix).unwrap_or(0);
    let bits = if number < 0 { (moved.wrapping_sub(1) & !net.bits).wrapping_add(1) } else { net.bits | moved };
    Ok(format!("{}/{prefix}", show(bits, net.width)))
}

fn cidrsubnets(args: &[Value]) -> Outcome {
    let Some(range) = text(args, 0)? else { return unknown(args) };
    let net = parse(&range)?;
    let mut at = net.bits;
    let mut out = Vec::new();
    for index in 1..args.len() {
        let new = int(args, index)?;
        let Some(prefix) = u32::try_from(new).ok().map(|new| net.prefix + new).filter(|prefix| *prefix <= net.width)
        else {
            return fail("the range is too small for these subnets");
        };
        if new < 1 || net.bits == 0 {
            return fail("every subnet must extend the prefix, and the range cannot begin at zero");
        }
        let size = 1u128.checked_shl(net.width - prefix).unwrap_or(0);
        let aligned = if size == 0 { at } else { at.div_ceil(size) * size };
        out.push(format!("{}/{prefix}", show(aligned, net.width)));
        at = aligned.saturating_add(size);
    }
    Ok(strings_value(out))
}
