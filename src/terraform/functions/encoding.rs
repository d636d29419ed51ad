//! Encodings, hashes and files.

use super::{EvalError, FunctionContext, Outcome, arg, is_open, text};
use crate::embedded;
use crate::terraform::ops::{derived, fail};
use crate::value::{Kind, MapKind, Reason, SeqKind, Type, Value};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest as _;
use std::fmt::Write as _;
use std::sync::Arc;

pub(super) fn call(name: &str, args: &[Value], context: &dyn FunctionContext) -> Option<Outcome> {
    Some(match name {
        "jsonencode" => arg(args, 0).map(|value| Value {
            kind: Kind::Document(Arc::new(value.clone())),
            span: value.span,
            sensitive: value.sensitive,
        }),
        "jsondecode" => jsondecode(args),
        "yamlencode" => match arg(args, 0) {
            Ok(value) => Ok(match super::yaml::encode(value) {
                Some(text) => Value::string(text),
                None => derived(&[value], Type::String),
            }),
            Err(error) => Err(error),
        },
        "csvdecode" => match text(args, 0) {
            Ok(Some(text)) => super::csv::decode(&text),
            Ok(None) => unknown(args),
            Err(error) => Err(error),
        },
        "uuidv5" => uuidv5(args),
        "templatestring" => match text(args, 0) {
            Ok(Some(text)) => arg(args, 1).and_then(|vars| context.template_text(&text, vars)),
            Ok(None) => unknown(args),
            Err(error) => Err(error),
        },
        "yamldecode" => yamldecode(args),
        "base64encode" => match text(args, 0) {
            Ok(Some(text)) => Ok(Value::string(STANDARD.encode(text.as_bytes()))),
            Ok(None) => unknown(args),
            Err(error) => Err(error),
        },
        "base64decode" => decode(args),
        "textencodebase64" => match (text(args, 0), text(args, 1)) {
            (Ok(Some(text)), Ok(Some(encoding))) => Ok(match encode_as(&text, &encoding) {
                Some(bytes) => Value::string(STANDARD.encode(bytes)),
                None => not_this_encoding(&encoding),
            }),
            (Err(error), _) | (_, Err(error)) => Err(error),
            _ => unknown(args),
        },
        "textdecodebase64" => match (text(args, 0), text(args, 1)) {
            (Ok(Some(text)), Ok(Some(encoding))) => match STANDARD.decode(text.as_bytes()) {
                Ok(bytes) => {
                    Ok(decode_as(&bytes, &encoding).map_or_else(|| not_this_encoding(&encoding), Value::string))
                }
                Err(_) => fail("the text is not base64"),
            },
            (Err(error), _) | (_, Err(error)) => Err(error),
            _ => unknown(args),
        },
        "urlencode" => {
            one(args, |text| percent_encoding::utf8_percent_encode(text, URL).to_string().replace("%20", "+"))
        }
        "md5" => one(args, |text| hex(&md5::Md5::digest(text.as_bytes()))),
        "sha1" => one(args, |text| hex(&sha1::Sha1::digest(text.as_bytes()))),
        "sha256" => one(args, |text| hex(&sha2::Sha256::digest(text.as_bytes()))),
        "sha512" => one(args, |text| hex(&sha2::Sha512::digest(text.as_bytes()))),
        "base64sha256" => one(args, |text| STANDARD.encode(sha2::Sha256::digest(text.as_bytes()))),
        "base64sha512" => one(args, |text| STANDARD.encode(sha2::Sha512::digest(text.as_bytes()))),
        "file" => {
            let read = file(args, context, |bytes| {
                String::from_utf8(bytes).map_err(|_| "the file is not UTF-8 text".to_owned())
            });
            read.map(|value| match text(args, 0) {
                Ok(Some(path)) if value.as_str().is_some() => Value { span: context.place(&path), ..value },
                _ => value,
            })
        }
        "filebase64" => file(args, context, |bytes| Ok(STANDARD.encode(bytes))),
        "filemd5" => file(args, context, |bytes| Ok(hex(&md5::Md5::digest(bytes)))),
        "filesha1" => file(args, context, |bytes| Ok(hex(&sha1::Sha1::digest(bytes)))),
        "filesha256" => file(args, context, |bytes| Ok(hex(&sha2::Sha256::digest(bytes)))),
        "filesha512" => file(args, context, |bytes| Ok(hex(&sha2::Sha512::digest(bytes)))),
        "filebase64sha256" => file(args, context, |bytes| Ok(STANDARD.encode(sha2::Sha256::digest(bytes)))),
        "filebase64sha512" => file(args, context, |bytes| Ok(STANDARD.encode(sha2::Sha512::digest(bytes)))),
        "fileexists" => match text(args, 0) {
            Ok(Some(path)) => match context.read(&path) {
                Ok(_) => Ok(Value::bool(true)),
                Err(why) if why == "no such file" => Ok(Value::bool(false)),
                Err(why) => Ok(Value::unknown(Reason::File(format!("`{path}`: {why}").into()), None)),
            },
            Ok(None) => unknown(args),
            Err(error) => Err(error),
        },
        "fileset" => match (text(args, 0), text(args, 1)) {
            (Ok(Some(base)), Ok(Some(pattern))) => match context.file_set(&base, &pattern) {
                Ok(files) => Ok(super::set(files.into_iter().map(Value::string).collect(), None)),
                Err(why) => Ok(Value::unknown(Reason::File(why.into()), None)),
            },
            (Err(error), _) | (_, Err(error)) => Err(error),
            _ => unknown(args),
        },
        "templatefile" => match text(args, 0) {
            Ok(Some(path)) => arg(args, 1).and_then(|vars| context.template_file(&path, vars)),
            Ok(None) => unknown(args),
            Err(error) => Err(error),
        },
        "abspath" | "pathexpand" => {
            Ok(Value::unknown(Reason::Unsupported(format!("`{name}` depends on the machine and").into()), None))
        }
        _ => return None,
    })
}

/// What Go's `url.QueryEscape` escapes: all but letters, digits, `-`, `_`, `.`, `~`.
const URL: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn unknown(args: &[Value]) -> Outcome {
    Ok(derived(&args.iter().collect::<Vec<_>>(), Type::String))
}

fn one(args: &[Value], f: impl Fn(&str) -> String) -> Outcome {
    match text(args, 0)? {
        Some(text) => Ok(Value::string(f(&text))),
        None => unknown(args),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn decode(args: &[Value]) -> Outcome {
    let Some(text) = text(args, 0)? else { return unknown(args) };
    match STANDARD.decode(text.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
        Some(text) => Ok(Value::string(text)),
        None => fail("the text is not the base64 encoding of UTF-8 text"),
    }
}

fn not_this_encoding(name: &str) -> Value {
    Value::unknown(Reason::Unsupported(format!("the encoding `{name}`").into()), None)
}

/// The text in a character encoding by its IANA name; `None` for encodings that are not built in.
fn encode_as(text: &str, encoding: &str) -> Option<Vec<u8>> {
    let utf16 = || text.encode_utf16();
    match encoding.to_ascii_uppercase().as_str() {
        "UTF-8" => Some(text.as_bytes().to_vec()),
        "UTF-16LE" => Some(utf16().flat_map(u16::to_le_bytes).collect()),
        "UTF-16BE" => Some(utf16().flat_map(u16::to_be_bytes).collect()),
        "UTF-16" => Some([0xFEFF].into_iter().chain(utf16()).flat_map(u16::to_be_bytes).collect()),
        "ISO-8859-1" => text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect(),
        "WINDOWS-1252" => text.chars().map(windows_byte).collect(),
        _ => None,
    }
}

/// What windows-1252 has in the place of ISO 8859-1's control characters from 0x80 on; those that it leaves out stay.
/// Source: WHATWG Encoding Standard, index windows-1252, read 2026-11.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

fn windows_character(byte: u8) -> char {
    byte.checked_sub(0x80).and_then(|at| WINDOWS_1252.get(usize::from(at)).copied()).unwrap_or_else(|| char::from(byte))
}

fn windows_byte(character: char) -> Option<u8> {
    (0..=u8::MAX).find(|byte| windows_character(*byte) == character)
}

fn decode_as(bytes: &[u8], encoding: &str) -> Option<String> {
    let words = |read: fn([u8; 2]) -> u16| {
        let words: Vec<u16> = bytes.chunks_exact(2).filter_map(|pair| Some(read(pair.try_into().ok()?))).collect();
        String::from_utf16(&words).ok()
    };
    match encoding.to_ascii_uppercase().as_str() {
        "UTF-8" => String::from_utf8(bytes.to_vec()).ok(),
        "UTF-16LE" => words(u16::from_le_bytes),
        "UTF-16BE" => words(u16::from_be_bytes),
        "ISO-8859-1" => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
        "WINDOWS-1252" => Some(bytes.iter().map(|byte| windows_character(*byte)).collect()),
        _ => None,
    }
}

fn file(args: &[Value], context: &dyn FunctionContext, f: impl Fn(Vec<u8>) -> Result<String, String>) -> Outcome {
    let Some(path) = text(args, 0)? else { return unknown(args) };
    match context.read(&path).and_then(f) {
        Ok(text) => Ok(Value::string(text)),
        Err(why) => Ok(Value::unknown(Reason::File(format!("`{path}`: {why}").into()), arg(args, 0)?.span)),
    }
}

pub(super) fn jsondecode(args: &[Value]) -> Outcome {
    let value = arg(args, 0)?;
    if let Some(structure) = embedded::decode(value, None) {
        return Ok(of_json(structure));
    }
    match text(args, 0)? {
        Some(text) => {
            let error = serde_json::from_str::<serde_json::Value>(&text).err();
            let error = error.map_or_else(|| "it is nested too deeply".to_owned(), |error| error.to_string());
            Err(EvalError::new(format!("the text is not JSON: {error}")))
        }
        None => unknown(args),
    }
}

/// The value with the kinds that JSON has: what was a list, a set or a map when it was encoded is a tuple or an object.
fn of_json(mut value: Value) -> Value {
    match &mut value.kind {
        Kind::Seq(seq) => {
            let seq = Arc::make_mut(seq);
            seq.kind = SeqKind::Tuple;
            seq.items = std::mem::take(&mut seq.items).into_iter().map(of_json).collect();
        }
        Kind::Map(map) => {
            let map = Arc::make_mut(map);
            map.kind = MapKind::Object;
            for (_, entry) in map.entries.iter_mut() {
                entry.value = of_json(std::mem::replace(&mut entry.value, Value::null()));
            }
        }
        _ => {}
    }
    value
}

fn uuidv5(args: &[Value]) -> Outcome {
    let (Some(namespace), Some(name)) = (text(args, 0)?, text(args, 1)?) else { return unknown(args) };
    let namespace = match &*namespace {
        "dns" => uuid::Uuid::NAMESPACE_DNS,
        "url" => uuid::Uuid::NAMESPACE_URL,
        "oid" => uuid::Uuid::NAMESPACE_OID,
        "x500" => uuid::Uuid::NAMESPACE_X500,
        other => match uuid::Uuid::parse_str(other) {
            Ok(namespace) => namespace,
            Err(_) => return fail(format!("`{other}` is no UUID and no namespace")),
        },
    };
    Ok(Value::string(uuid::Uuid::new_v5(&namespace, name.as_bytes()).to_string()))
}

fn yamldecode(args: &[Value]) -> Outcome {
    let value = arg(args, 0)?;
    if is_open(value) {
        return Ok(derived(&[value], Type::Dynamic));
    }
    let Some(text) = text(args, 0)? else { return unknown(args) };
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return fail("the text holds no YAML document");
    }
    super::yaml::decode(&text).map(|decoded| Value { span: value.span, sensitive: value.sensitive, ..decoded })
}
