//! Functions over text; on texts with holes as far as the known parts decide.

use super::{Outcome, arg, int, list, seq, strings_value, text};
use crate::terraform::ops::{concat, derived, fail, name_of, text_parts};
use crate::terraform::types;
use crate::value::{Kind, Number, Reason, Type, Value};
use bigdecimal::{BigDecimal, Zero};
use unicode_segmentation::UnicodeSegmentation;

pub(super) fn call(name: &str, args: &[Value]) -> Option<Outcome> {
    Some(match name {
        "lower" => one_text(args, |text| text.chars().map(|c| simple(c, c.to_lowercase())).collect()),
        "upper" => one_text(args, |text| text.chars().map(|c| simple(c, c.to_uppercase())).collect()),
        "title" => one_text(args, title),
        "trimspace" => one_text(args, |text| text.trim().to_owned()),
        "chomp" => one_text(args, |text| text.trim_end_matches(['\n', '\r']).to_owned()),
        "strrev" => one_text(args, |text| text.graphemes(true).rev().collect()),
        "trim" => two_texts(args, |text, cut| Value::string(text.trim_matches(|c| cut.contains(c)))),
        "trimprefix" => affix(args, true, true),
        "trimsuffix" => affix(args, false, true),
        "startswith" => affix(args, true, false),
        "endswith" => affix(args, false, false),
        "strcontains" => two_texts(args, |text, part| Value::bool(text.contains(part))),
        "split" => split(args),
        "join" => join(args),
        "replace" => replace(args),
        "regex" => regex(args, false),
        "regexall" => regex(args, true),
        "substr" => substr(args),
        "format" => format(args),
        "formatlist" => formatlist(args),
        "indent" => indent(args),
        "basename" => one_text(args, |text| match text.trim_end_matches('/').rsplit('/').next() {
            Some("") | None => if text.is_empty() { "." } else { "/" }.to_owned(),
            Some(name) => name.to_owned(),
        }),
        "dirname" => one_text(args, dirname),
        _ => return None,
    })
}

fn unknown(args: &[Value]) -> Outcome {
    Ok(derived(&args.iter().collect::<Vec<_>>(), Type::String))
}

fn one_text(args: &[Value], f: impl Fn(&str) -> String) -> Outcome {
    Ok(match text(args, 0)? {
        Some(text) => Value::string(f(&text)),
        None => return unknown(args),
    })
}

/// The other case of a letter, as Go has it: of one letter, one letter.
fn simple(c: char, mut other: impl ExactSizeIterator<Item = char>) -> char {
    match c {
        // The only letter whose simple form differs from the first of its full form.
        '\u{130}' => 'i',
        _ if other.len() == 1 => other.next().unwrap_or(c),
        _ => c,
    }
}

fn two_texts(args: &[Value], f: impl Fn(&str, &str) -> Value) -> Outcome {
    Ok(match (text(args, 0)?, text(args, 1)?) {
        (Some(a), Some(b)) => f(&a, &b),
        _ => return unknown(args),
    })
}

/// Go's `path.Dir`: what stands before the last slash, cleaned.
fn dirname(text: &str) -> String {
    let Some((dir, _)) = text.rsplit_once('/') else { return ".".to_owned() };
    let rooted = dir.is_empty() || dir.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in dir.split('/').filter(|part| !matches!(*part, "" | ".")) {
        match (part, parts.last()) {
            ("..", Some(last)) if *last != ".." => {
                parts.pop();
            }
            ("..", None) if rooted => {}
            _ => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut start = true;
    for c in text.chars() {
        out.push(match c {
            // Digraphs have a form for titles.
            '\u{1c4}'..='\u{1c6}' if start => '\u{1c5}',
            '\u{1c7}'..='\u{1c9}' if start => '\u{1c8}',
            '\u{1ca}'..='\u{1cc}' if start => '\u{1cb}',
            '\u{1f1}'..='\u{1f3}' if start => '\u{1f2}',
            _ if start => simple(c, c.to_uppercase()),
            _ => c,
        });
        // Beyond ASCII, only white space separates words.
        start = if c.is_ascii() { !(c.is_ascii_alphanumeric() || c == '_') } else { c.is_whitespace() };
    }
    out
}

/// `trimprefix`, `trimsuffix`, `startswith`, `endswith`: decided where the affix falls into known text.
fn affix(args: &[Value], front: bool, trim: bool) -> Outcome {
    let Some(affix) = text(args, 1)? else { return unknown(args) };
    let value = arg(args, 0)?;
    if let Some(text) = text(args, 0)? {
        let rest = if front { text.strip_prefix(&*affix) } else { text.strip_suffix(&*affix) };
        return Ok(match (trim, rest) {
            (true, rest) => Value::string(rest.unwrap_or(&text)),
            (false, rest) => Value::bool(rest.is_some()),
        });
    }
    let mut parts = text_parts(value);
    let end = if front { parts.first_mut() } else { parts.last_mut() };
    let Some(end) = end else { return unknown(args) };
    let Some(known) = end.as_str().map(str::to_owned) else { return unknown(args) };
    let rest = if front { known.strip_prefix(&*affix) } else { known.strip_suffix(&*affix) };
    let impossible = if front { !affix.starts_with(&known) } else { !affix.ends_with(&known) };
    match rest {
        Some(_) if !trim => Ok(Value::bool(true)),
        Some(rest) => {
            *end = Value::string(rest);
            concat(parts)
        }
        None if impossible => Ok(if trim { value.clone() } else { Value::bool(false) }),
        None => unknown(args),
    }
}

/// Whether a hole cannot contain the separators of an ARN: account ids, Regions, generated ids.
pub(super) fn is_atom(part: &Value) -> bool {
    match &part.kind {
        Kind::Unknown(unknown) => {
            matches!(unknown.reason, Reason::Account(_) | Reason::Region(_) | Reason::Computed(_))
        }
        _ => false,
    }
}

fn split(args: &[Value]) -> Outcome {
    let Some(separator) = text(args, 0)? else { return unknown(args) };
    if let Some(text) = text(args, 1)? {
        if separator.is_empty() {
            return Ok(strings_value(text.chars().map(String::from)));
        }
        return Ok(strings_value(text.split(&*separator).map(str::to_owned)));
    }
    let parts = text_parts(arg(args, 1)?);
    let decided = parts.iter().all(|part| part.as_str().is_some() || is_atom(part)) && matches!(&*separator, ":" | "/");
    if !decided {
        return unknown(args);
    }
    let mut pieces: Vec<Vec<Value>> = vec![Vec::new()];
    for part in parts {
        match part.as_str().map(str::to_owned) {
            Some(text) => {
                for (at, piece) in text.split(&*separator).enumerate() {
                    if at > 0 {
                        pieces.push(Vec::new());
                    }
                    if let Some(last) = pieces.last_mut() {
                        last.push(Value::string(piece));
                    }
                }
            }
            None => {
                if let Some(last) = pieces.last_mut() {
                    last.push(part);
                }
            }
        }
    }
    let items: Result<Vec<Value>, _> = pieces.into_iter().map(concat_one).collect();
    Ok(list(items?))
}

/// Concatenates, and unwraps a single hole.
fn concat_one(parts: Vec<Value>) -> Outcome {
    let parts: Vec<Value> = parts.into_iter().filter(|part| part.as_str() != Some("")).collect();
    match parts.as_slice() {
        [one] => Ok(one.clone()),
        _ => concat(parts),
    }
}

fn join(args: &[Value]) -> Outcome {
    let separator = arg(args, 0)?;
    arg(args, 1)?;
    let mut parts = Vec::new();
    for at in 1..args.len() {
        let value = arg(args, at)?;
        if super::is_open(value) {
            return unknown(args);
        }
        let seq = seq(args, at)?;
        if seq.open.is_some() {
            return unknown(args);
        }
        for item in &seq.items {
            if !parts.is_empty() {
                parts.push(separator.clone());
            }
            parts.push(item.clone());
        }
    }
    concat(parts)
}

fn replace(args: &[Value]) -> Outcome {
    let (Some(from), Some(to)) = (text(args, 1)?, text(args, 2)?) else { return unknown(args) };
    let Some(text) = text(args, 0)? else { return unknown(args) };
    if let Some(pattern) = from.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).filter(|_| from.len() > 1) {
        let regex = compile(pattern)?;
        return Ok(Value::string(regex.replace_all(&text, go_replacement(&to)).into_owned()));
    }
    Ok(Value::string(text.replace(&*from, &to)))
}

/// Go's `$name` takes the longest name, as the `regex` crate does; `${name}` is the same in both.
fn go_replacement(text: &str) -> String {
    text.to_owned()
}

/// The pattern as the `regex` crate writes it: Go takes `{` for itself where it begins no repetition, and within brackets
/// `[`, `&&`, `--` and `~~` too.
fn go_pattern(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    // Where the brackets began, when within some.
    let mut class = None;
    let mut before = None;
    while let Some(c) = rest.chars().next() {
        let tail = rest.get(c.len_utf8()..).unwrap_or_default();
        let mut taken = c.len_utf8();
        match c {
            '\\' => {
                let escaped = tail.chars().next().map_or(0, char::len_utf8);
                taken += escaped;
                // `\\p{Greek}`, `\\x{10FFFF}`: what is in these braces belongs to the escape.
                let braced =
                    tail.starts_with(['p', 'P', 'x']) && tail.get(escaped..).is_some_and(|t| t.starts_with('{'));
                if braced {
                    taken += tail.get(escaped..).and_then(|tail| tail.find('}')).map_or(0, |end| end + 1);
                }
                out.push_str(rest.get(..taken).unwrap_or_default());
                before = None;
                rest = rest.get(taken..).unwrap_or_default();
                continue;
            }
            '[' if class.is_none() => {
                class = Some(out.len() + 1);
                out.push(c);
                if tail.starts_with('^') {
                    out.push('^');
                    taken += 1;
                    class = Some(out.len());
                }
            }
            '[' if !tail.starts_with(':') => out.push_str("\\["),
            '[' => {
                let end = tail.find(":]").map_or(0, |end| end + 2);
                out.push('[');
                out.push_str(tail.get(..end).unwrap_or_default());
                taken += end;
            }
            // The first of the brackets' characters is one of theirs.
            ']' if class == Some(out.len()) => out.push_str("\\]"),
            ']' => {
                class = None;
                out.push(c);
            }
            '&' | '-' | '~' if class.is_some() && before == Some(c) => {
                out.push('\\');
                out.push(c);
            }
            '{' if class.is_none() && !is_repetition(tail) => out.push_str("\\{"),
            c => out.push(c),
        }
        before = Some(c);
        rest = rest.get(taken..).unwrap_or_default();
    }
    out
}

/// Whether `2}`, `2,}` or `2,3}` follows.
fn is_repetition(tail: &str) -> bool {
    tail.split_once('}').is_some_and(|(inner, _)| {
        let (low, high) = inner.split_once(',').unwrap_or((inner, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        !low.is_empty() && digits(low) && digits(high)
    })
}

fn compile(pattern: &str) -> Result<regex::Regex, super::EvalError> {
    regex::RegexBuilder::new(&go_pattern(pattern))
        .size_limit(1 << 22)
        .build()
        .map_err(|error| super::EvalError::new(format!("invalid regular expression: {error}")))
}

fn regex(args: &[Value], all: bool) -> Outcome {
    let of_type = |ty| Ok(derived(&args.iter().collect::<Vec<_>>(), ty));
    let Some(pattern) = text(args, 0)? else { return of_type(Type::Dynamic) };
    let regex = compile(&pattern)?;
    let names: Vec<&str> = regex.capture_names().flatten().collect();
    if !names.is_empty() && names.len() + 1 < regex.captures_len() {
        return fail("a regular expression cannot mix named and unnamed groups");
    }
    let each = if !names.is_empty() {
        Type::Object(names.iter().map(|name| ((*name).into(), (Type::String, false))).collect())
    } else if regex.captures_len() > 1 {
        Type::Tuple(vec![Type::String; regex.captures_len() - 1])
    } else {
        Type::String
    };
    let Some(text) = text(args, 1)? else { return of_type(if all { Type::List(Box::new(each)) } else { each }) };
    let group =
        |m: Option<regex::Match<'_>>| m.map_or_else(|| Value::null_of(&Type::String), |m| Value::string(m.as_str()));
    let value = |captures: &regex::Captures<'_>| {
        if !names.is_empty() {
            Value::object(names.iter().map(|name| (*name, group(captures.name(name)))))
        } else if captures.len() > 1 {
            Value::tuple((1..captures.len()).map(|at| group(captures.get(at))).collect())
        } else {
            group(captures.get(0))
        }
    };
    if all {
        let found = list(regex.captures_iter(&text).map(|captures| value(&captures)).collect());
        return Ok(Value { kind: crate::terraform::ops::of_elements(found.kind, &each), ..found });
    }
    match regex.captures(&text) {
        Some(captures) => Ok(value(&captures)),
        None => fail("the pattern did not match any part of the text"),
    }
}

fn substr(args: &[Value]) -> Outcome {
    let (offset, length) = (int(args, 1)?, int(args, 2)?);
    let Some(text) = text(args, 0)? else { return unknown(args) };
    let graphemes: Vec<&str> = text.graphemes(true).collect();
    let count = i64::try_from(graphemes.len()).unwrap_or(i64::MAX);
    let start = if offset < 0 { (count + offset).max(0) } else { offset.min(count) };
    // As Terraform has it: from the end, a length of zero means all.
    let end = if length < 0 || (length == 0 && offset < 0) { count } else { (start + length).min(count) };
    let range = usize::try_from(start).unwrap_or(0)..usize::try_from(end.max(start)).unwrap_or(0);
    Ok(Value::string(graphemes.get(range).unwrap_or_default().concat()))
}

fn indent(args: &[Value]) -> Outcome {
    let spaces = int(args, 0)?;
    let Some(text) = text(args, 1)? else { return unknown(args) };
    let Ok(spaces) = usize::try_from(spaces) else { return fail("`indent` takes no negative number") };
    if spaces.saturating_mul(text.lines().count()) > super::LIMIT {
        return Ok(Value::unknown(Reason::Limit("`indent` of this width is not evaluated".into()), None));
    }
    Ok(Value::string(text.replace('\n', &format!("\n{}", " ".repeat(spaces)))))
}

/// One directive of a format string.
enum Verb {
    Text(String),
    Value { verb: char, flags: String, width: Option<usize>, precision: Option<usize>, at: Option<usize> },
}

fn directives(pattern: &str) -> Result<Vec<Verb>, super::EvalError> {
    let mut out = Vec::new();
    let mut literal = String::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            literal.push(c);
            continue;
        }
        let (mut flags, mut width, mut precision, mut at) = (String::new(), String::new(), None, None);
        let verb = loop {
            let Some(c) = chars.next() else { return fail("the format string ends within a verb") };
            match c {
                '%' if flags.is_empty() && width.is_empty() => break '%',
                '0' if width.is_empty() && precision.is_none() => flags.push('0'),
                '+' | '-' | '#' | ' ' => flags.push(c),
                '[' => {
                    let index: String = chars.by_ref().take_while(|c| *c != ']').collect();
                    at = index.parse::<usize>().ok();
                }
                '.' => precision = Some(String::new()),
                '0'..='9' => match &mut precision {
                    Some(precision) => precision.push(c),
                    None => width.push(c),
                },
                'v' | 's' | 'd' | 'q' | 't' | 'f' | 'g' | 'e' | 'x' | 'X' | 'o' | 'b' | 'G' | 'E' | 'F' => break c,
                other => return fail(format!("unsupported format verb `{other}`")),
            }
        };
        if verb == '%' {
            literal.push('%');
            continue;
        }
        out.push(Verb::Text(std::mem::take(&mut literal)));
        let number = |text: &str| text.parse::<usize>().ok().filter(|n| *n <= super::LIMIT);
        out.push(Verb::Value {
            verb,
            flags,
            width: number(&width),
            precision: precision.as_deref().map(|p| number(p).unwrap_or(0)),
            at,
        });
    }
    out.push(Verb::Text(literal));
    Ok(out)
}

fn format(args: &[Value]) -> Outcome {
    let Some(pattern) = text(args, 0)? else { return unknown(args) };
    let mut parts = Vec::new();
    let mut next = 1;
    for directive in directives(&pattern)? {
        match directive {
            Verb::Text(text) => parts.push(Value::string(text)),
            Verb::Value { verb, flags, width, precision, at } => {
                let index = at.unwrap_or(next);
                next = index + 1;
                let value = match args.get(index) {
                    Some(value) => value,
                    None => return fail("there are not enough arguments for the format string"),
                };
                parts.push(formatted(value, verb, &flags, width, precision)?);
            }
        }
    }
    if next < args.len() && !pattern.contains('[') {
        return fail("too many arguments for the format string");
    }
    concat(parts)
}

fn formatted(value: &Value, verb: char, flags: &str, width: Option<usize>, precision: Option<usize>) -> Outcome {
    // Of a number, `%v` is `%g`.
    let plain_number = verb == 'v' && !flags.contains('#') && matches!(value.kind, Kind::Number(_));
    let verb = if plain_number { 'g' } else { verb };
    let known: Option<String> = match (&value.kind, verb) {
        (Kind::Unknown(_), _) => None,
        (Kind::Null(_), 'v') => Some("null".to_owned()),
        (_, 'v') if flags.contains('#') => crate::value::json_text(value),
        (Kind::Null(_), _) => return fail("a format argument is null"),
        (Kind::Seq(_) | Kind::Map(_), 'v') => crate::value::json_text(value),
        (Kind::Seq(_) | Kind::Map(_), _) => {
            return fail(format!("a {} cannot be formatted with %{verb}", name_of(value)));
        }
        (_, 'v' | 's') => value.text().map(|text| text.to_string()),
        (_, 'q') => value.text().and_then(|text| crate::value::json_text(&Value::string(text))),
        (_, 't') => crate::terraform::ops::logic(value)?.map(|b| b.to_string()),
        (_, verb) => match crate::terraform::ops::number(value)? {
            Some(n) => Some(number_text(&n, verb, precision)?),
            None => None,
        },
    };
    let Some(mut text) = known else { return Ok(value.clone()) };
    if matches!(verb, 's' | 'v' | 'q')
        && let Some(precision) = precision
    {
        text = text.graphemes(true).take(precision).collect();
    }
    let sign = ['+', ' '].into_iter().find(|sign| flags.contains(*sign));
    if let Some(sign) = sign.filter(|_| !matches!(verb, 's' | 'v' | 'q' | 't') && !text.starts_with('-')) {
        text.insert(0, sign);
    }
    let missing = width.unwrap_or(0).saturating_sub(text.graphemes(true).count());
    let text = if missing == 0 {
        text
    } else if flags.contains('-') {
        text + &" ".repeat(missing)
    } else if flags.contains('0') && verb != 's' {
        let signed = text.find(|c| !matches!(c, '-' | '+' | ' ')).unwrap_or(0);
        text.insert_str(signed, &"0".repeat(missing));
        text
    } else {
        " ".repeat(missing) + &text
    };
    Ok(Value::string(text))
}

/// A number as Go's `fmt` writes it.
pub(super) fn number_text(n: &Number, verb: char, precision: Option<usize>) -> Result<String, super::EvalError> {
    let precision = precision.map(|precision| precision.min(1000));
    let places = i64::try_from(precision.unwrap_or(6)).unwrap_or(6);
    if matches!(verb, 'd' | 'b' | 'o' | 'x' | 'X') && !n.is_whole() {
        return fail(format!("a whole number is required for %{verb}"));
    }
    let digits = |radix: u32| {
        let (int, _) = n.decimal().with_scale(0).into_bigint_and_exponent();
        int.to_str_radix(radix)
    };
    // Of zero, only the forms with a fraction show the sign.
    let sign = if n.is_zero() && n.has_minus() && "fFeEgG".contains(verb) { "-" } else { "" };
    let text = match verb {
        'd' => digits(10),
        'b' => digits(2),
        'o' => digits(8),
        'x' => digits(16),
        'X' => digits(16).to_uppercase(),
        'f' | 'F' => n.exact().with_scale_round(places, bigdecimal::RoundingMode::HalfEven).to_plain_string(),
        'e' | 'E' => exponential(n, places + 1, verb, false),
        'g' | 'G' => {
            let digits = n.decimal().digits();
            let wanted = precision.map_or(digits, |precision| u64::try_from(precision.max(1)).unwrap_or(digits));
            let whole = if precision.is_some() { n.exact() } else { n.decimal().clone() };
            let rounded = whole.with_prec(wanted.max(1)).normalized();
            let exponent = exponent_of(&rounded);
            // Without a precision, the least number of digits is written, and six decide between the forms.
            let limit = precision.map_or(6, |precision| i64::try_from(precision.max(1)).unwrap_or(6));
            if exponent < -4 || exponent >= limit {
                exponential(n, i64::try_from(wanted).unwrap_or(1), verb, true)
            } else {
                rounded.to_plain_string()
            }
        }
        _ => n.to_string(),
    };
    Ok(format!("{sign}{text}"))
}

/// The power of ten of the first digit.
fn exponent_of(n: &BigDecimal) -> i64 {
    if n.is_zero() { 0 } else { i64::try_from(n.digits()).unwrap_or(0) - 1 - n.fractional_digit_count() }
}

/// `d.ddde+XX` with so many digits; with `shortest`, without zeros at the end.
fn exponential(n: &Number, digits: i64, verb: char, shortest: bool) -> String {
    let whole = if shortest { n.decimal().clone() } else { n.exact() };
    let rounded = whole.with_prec(u64::try_from(digits.max(1)).unwrap_or(1));
    let exponent = exponent_of(&rounded);
    let (int, _) = rounded.normalized().abs().into_bigint_and_exponent();
    let mut text = int.to_string();
    while !shortest && text.len() < usize::try_from(digits.max(1)).unwrap_or(1) {
        text.push('0');
    }
    if text.len() > 1 {
        text.insert(1, '.');
    }
    let e = if verb.is_uppercase() { 'E' } else { 'e' };
    let sign = if n.is_negative() { "-" } else { "" };
    format!("{sign}{text}{e}{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

fn formatlist(args: &[Value]) -> Outcome {
    let lengths: Vec<usize> = args.iter().skip(1).filter_map(Value::as_seq).map(|seq| seq.items.len()).collect();
    let may_be_list = |arg: &Value| super::is_open(arg) && !types::is_primitive(&types::of(arg));
    if args.iter().any(|arg| may_be_list(arg) || arg.as_seq().is_some_and(|seq| seq.open.is_some())) {
        return Ok(derived(&args.iter().collect::<Vec<_>>(), Type::List(Box::new(Type::String))));
    }
    // What is not known yet may not be the error that it is for what is known.
    let one = |row: &[Value]| match format(row) {
        Err(_) if row.iter().any(super::computed) => unknown(row),
        result => result,
    };
    let Some(count) = lengths.first().copied() else { return one(args).map(|value| list(vec![value])) };
    if lengths.iter().any(|length| *length != count) {
        return fail("the lists of `formatlist` have different lengths");
    }
    let mut out = Vec::with_capacity(count);
    for at in 0..count {
        let row: Vec<Value> = args
            .iter()
            .map(|arg| arg.as_seq().and_then(|seq| seq.items.get(at)).cloned().unwrap_or_else(|| arg.clone()))
            .collect();
        out.push(one(&row)?);
    }
    Ok(list(out))
}
