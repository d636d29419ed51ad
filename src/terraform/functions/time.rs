//! `formatdate`, `timeadd` and `timecmp`: RFC 3339 timestamps.

use super::{Outcome, text};
use crate::terraform::ops::{derived, fail};
use crate::value::{Type, Value};
use jiff::civil::DateTime;
use jiff::{SignedDuration, Span};
use std::cmp::Ordering;

pub(super) fn call(name: &str, args: &[Value]) -> Option<Outcome> {
    Some(match name {
        "formatdate" => two(args, |format, time| format_date(format, &parse(time)?).map(Value::string)),
        "timeadd" => two(args, |time, duration| {
            let time = parse(time)?;
            let moved = time.local.checked_add(duration_of(duration)?).map_err(|error| error.to_string())?;
            Ok(Value::string(rfc3339(&Time { local: moved, ..time })))
        }),
        "timecmp" => two(args, |a, b| {
            Ok(Value::int(match instant(&parse(a)?)?.cmp(&instant(&parse(b)?)?) {
                Ordering::Less => -1,
                Ordering::Equal => 0,
                Ordering::Greater => 1,
            }))
        }),
        _ => return None,
    })
}

fn two(args: &[Value], f: impl Fn(&str, &str) -> Result<Value, String>) -> Outcome {
    match (text(args, 0)?, text(args, 1)?) {
        (Some(a), Some(b)) => f(&a, &b).or_else(fail),
        _ => Ok(derived(&args.iter().collect::<Vec<_>>(), Type::String)),
    }
}

/// A time as written: local, and how many minutes it is ahead of UTC.
struct Time {
    local: DateTime,
    offset: i64,
}

fn parse(text: &str) -> Result<Time, String> {
    let bad = || format!("`{text}` is not an RFC 3339 timestamp");
    let at = text.get(10..11).filter(|at| *at == "T").and_then(|_| text.get(11..)).ok_or_else(bad)?;
    let zone = at.find(['Z', '+', '-']).ok_or_else(bad)?;
    let (_, zone) = at.split_at(zone);
    let local = text.strip_suffix(zone).ok_or_else(bad)?;
    let offset = match (zone, zone.get(1..).and_then(|digits| digits.split_once(':'))) {
        ("Z", _) => 0,
        (_, Some((hours, minutes))) if hours.len() == 2 && minutes.len() == 2 => {
            let (hours, minutes): (i64, i64) = (hours.parse().map_err(|_| bad())?, minutes.parse().map_err(|_| bad())?);
            (hours * 60 + minutes) * if zone.starts_with('-') { -1 } else { 1 }
        }
        _ => return Err(bad()),
    };
    Ok(Time { local: local.parse().map_err(|_| bad())?, offset })
}

/// The same moment in UTC.
fn instant(time: &Time) -> Result<DateTime, String> {
    time.local.checked_sub(Span::new().minutes(time.offset)).map_err(|error| error.to_string())
}

/// A duration as Go writes it: `1h30m`, `-1.5h`, `90s`.
fn duration_of(text: &str) -> Result<SignedDuration, String> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let bad = || format!("`{text}` is not a duration such as `1h30m`");
    if rest.is_empty() {
        return Err(bad());
    }
    let mut nanos = 0.0;
    while rest != "0" && !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(bad)?;
        let (number, tail) = rest.split_at(digits);
        let unit = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit);
        let scale = match unit {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 6e10,
            "h" => 3.6e12,
            _ => return Err(bad()),
        };
        nanos += number.parse::<f64>().map_err(|_| bad())? * scale;
        rest = tail;
    }
    let seconds = sign * nanos / 1e9;
    SignedDuration::try_from_secs_f64(seconds).map_err(|_| bad())
}

fn zone(offset: i64, colon: &str) -> String {
    let sign = if offset < 0 { '-' } else { '+' };
    format!("{sign}{:02}{colon}{:02}", offset.abs() / 60, offset.abs() % 60)
}

fn rfc3339(time: &Time) -> String {
    let zone = if time.offset == 0 { "Z".to_owned() } else { zone(time.offset, ":") };
    let t = &time.local;
    format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{zone}", t.year(), t.month(), t.day(), t.hour(), t.minute(), t.second())
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Letters are verbs, `'quoted'` text and all else stand for themselves.
fn format_date(format: &str, time: &Time) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        if first == '\'' {
            let mut chars = rest.char_indices().skip(1).peekable();
            let mut end = None;
            while let Some((at, c)) = chars.next() {
                if c != '\'' {
                    out.push(c);
                } else if chars.peek().is_some_and(|(_, next)| *next == '\'') {
                    out.push('\'');
                    chars.next();
                } else {
                    end = Some(at + 1);
                    break;
                }
            }
            let end = end.ok_or_else(|| "unterminated literal in the date format".to_owned())?;
            rest = rest.get(end..).unwrap_or_default();
            continue;
        }
        let length = if first.is_ascii_alphabetic() {
            rest.find(|c| c != first).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (token, tail) = rest.split_at(length);
        rest = tail;
        if first.is_ascii_alphabetic() {
            out.push_str(&verb(token, time).ok_or_else(|| format!("`{token}` is not a date format verb"))?);
        } else {
            out.push_str(token);
        }
    }
    Ok(out)
}

fn verb(token: &str, time: &Time) -> Option<String> {
    let t = &time.local;
    let month = MONTHS.get(usize::try_from(t.month() - 1).ok()?)?;
    let day = DAYS.get(usize::try_from(t.weekday().to_monday_zero_offset()).ok()?)?;
    let half = if t.hour() % 12 == 0 { 12 } else { t.hour() % 12 };
    let noon = t.hour() >= 12;
    Some(match token {
        "YYYY" => format!("{:04}", t.year()),
        "YY" => format!("{:02}", t.year() % 100),
        "MMMM" => (*month).to_owned(),
        "MMM" => month.chars().take(3).collect(),
        "MM" => format!("{:02}", t.month()),
        "M" => t.month().to_string(),
        "DD" => format!("{:02}", t.day()),
        "D" => t.day().to_string(),
        "EEEE" => (*day).to_owned(),
        "EEE" => day.chars().take(3).collect(),
        "hh" => format!("{:02}", t.hour()),
        "h" => t.hour().to_string(),
        "HH" => format!("{half:02}"),
        "H" => half.to_string(),
        "AA" => if noon { "PM" } else { "AM" }.to_owned(),
        "aa" => if noon { "pm" } else { "am" }.to_owned(),
        "mm" => format!("{:02}", t.minute()),
        "m" => t.minute().to_string(),
        "ss" => format!("{:02}", t.second()),
        "s" => t.second().to_string(),
        "Z" | "ZZZ" if time.offset == 0 => if token == "Z" { "Z" } else { "UTC" }.to_owned(),
        "Z" | "ZZZZZ" => zone(time.offset, ":"),
        "ZZZ" | "ZZZZ" => zone(time.offset, ""),
        _ => return None,
    })
}
