//! The plan file itself: a zip that holds the configuration, the variables and the prior state.
//!
//! Everything in it is the word of whoever wrote it: names that lead out of the archive, and what unpacks to more than
//! the limits, are refused.
//!
//! Sources: hashicorp/terraform `internal/plans/planfile`, `internal/configs/configload/snapshot` and
//! `internal/plans/planproto/planfile.proto`, read 2026-11.

use rmpv::Value as Packed;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::io::Read as _;

/// Files that an archive may hold.
const MOST_FILES: usize = 20_000;
/// What a file may unpack to (bytes).
const LARGEST_FILE: u64 = 64 << 20;
/// What all files together may unpack to (bytes).
const LARGEST: u64 = 512 << 20;
/// How deep values may lie within each other.
const DEEPEST: usize = 128;

/// What a plan file holds.
#[derive(Debug, Default)]
pub(crate) struct Archive {
    /// The text of every file of the configuration, by its path in the archive: `tfconfig/m-/main.tf`.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// `tfconfig/m-vpc` by dotted call path; the root's is empty.
    pub(crate) modules: BTreeMap<String, String>,
    pub(crate) variables: BTreeMap<String, Json>,
    pub(crate) workspace: Option<String>,
    /// Where the state is kept: the backend's settings, and its `type`.
    pub(crate) backend: Vec<(String, String)>,
    /// The state before the plan, as Terraform stores it.
    pub(crate) state: Option<String>,
}

/// Whether the bytes may be a plan file.
pub(crate) fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// Reads a plan file; `Err` says in words why it cannot be.
pub(crate) fn read(bytes: &[u8]) -> Result<Archive, String> {
    let mut zip =
        zip::ZipArchive::new(std::io::Cursor::new(bytes)).map_err(|error| format!("not a plan file: {error}"))?;
    if zip.len() > MOST_FILES {
        return Err(format!("the archive holds more than {MOST_FILES} files"));
    }
    let mut out = Archive::default();
    let mut plan = None;
    let mut total = 0;
    for index in 0..zip.len() {
        let file = zip.by_index(index).map_err(|error| format!("not a plan file: {error}"))?;
        let name = file.name().map_err(|error| format!("not a plan file: {error}"))?.into_owned();
        if !inside(&name) {
            return Err(format!("the archive holds `{}`, which leads out of it", name.escape_debug()));
        }
        let wanted = name == "tfplan" || name == "tfstate" || name.starts_with("tfconfig/");
        if !wanted || file.is_dir() {
            continue;
        }
        // The size that the archive tells may be a lie, so it is counted.
        let mut content = Vec::new();
        let read = file.take(LARGEST_FILE + 1).read_to_end(&mut content);
        let read = read.map_err(|error| format!("`{}` in the archive cannot be read: {error}", name.escape_debug()))?;
        total += read as u64;
        if read as u64 > LARGEST_FILE || total > LARGEST {
            return Err(format!("`{}` in the archive unpacks to more than the limit", name.escape_debug()));
        }
        match name.as_str() {
            "tfplan" => plan = Some(content),
            "tfstate" => out.state = String::from_utf8(content).ok(),
            _ => {
                out.files.insert(name, content);
            }
        }
    }
    let Some(plan) = plan else { return Err("the archive holds no `tfplan`".to_owned()) };
    message(&plan, &mut out).ok_or("`tfplan` in the archive is not what Terraform writes")?;
    if let Some(manifest) = out.files.remove("tfconfig/modules.json") {
        let manifest: Json =
            serde_json::from_slice(&manifest).map_err(|_| "`modules.json` in the archive is not JSON")?;
        for module in manifest.as_array().into_iter().flatten() {
            if let Some(key) = module.get("Key").and_then(Json::as_str) {
                out.modules.insert(key.to_owned(), format!("tfconfig/m-{key}"));
            }
        }
    }
    if !out.files.keys().any(|name| name.starts_with("tfconfig/m-/")) {
        return Err("the archive holds no configuration".to_owned());
    }
    Ok(out)
}

/// Whether the name stays within the archive.
fn inside(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('/')
        && !name.contains(['\\', '\0', ':'])
        && name.split('/').all(|part| part != ".." && part != ".")
}

/// The fields of a Protocol Buffers message that matter.
fn message(bytes: &[u8], out: &mut Archive) -> Option<()> {
    for (field, content) in fields(bytes)? {
        match (field, content) {
            // map<string, DynamicValue> variables
            (2, Field::Bytes(entry)) => {
                let mut name = None;
                let mut value = None;
                for (field, content) in fields(entry)? {
                    match (field, content) {
                        (1, Field::Bytes(text)) => name = std::str::from_utf8(text).ok(),
                        (2, Field::Bytes(content)) => value = dynamic(content),
                        _ => {}
                    }
                }
                if let (Some(name), Some(value)) = (name, value) {
                    out.variables.insert(name.to_owned(), value);
                }
            }
            // Backend backend
            (13, Field::Bytes(backend)) => {
                let mut kind = None;
                for (field, content) in fields(backend)? {
                    match (field, content) {
                        (1, Field::Bytes(text)) => kind = std::str::from_utf8(text).ok(),
                        (2, Field::Bytes(content)) => {
                            if let Some(Json::Object(settings)) = dynamic(content) {
                                let texts = settings.into_iter().filter_map(|(name, value)| match value {
                                    Json::String(text) => Some((name, text)),
                                    _ => None,
                                });
                                out.backend.extend(texts);
                            }
                        }
                        (3, Field::Bytes(text)) => out.workspace = std::str::from_utf8(text).ok().map(str::to_owned),
                        _ => {}
                    }
                }
                out.backend.extend(kind.map(|kind| ("type".to_owned(), kind.to_owned())));
            }
            _ => {}
        }
    }
    Some(())
}

enum Field<'b> {
    Bytes(&'b [u8]),
    Other,
}

/// The fields of a message; `None` where it is none.
fn fields(mut bytes: &[u8]) -> Option<Vec<(u64, Field<'_>)>> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let content = match tag & 7 {
            0 => {
                varint(&mut bytes)?;
                Field::Other
            }
            1 => {
                bytes = bytes.get(8..)?;
                Field::Other
            }
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let content = bytes.get(..length)?;
                bytes = bytes.get(length..)?;
                Field::Bytes(content)
            }
            5 => {
                bytes = bytes.get(4..)?;
                Field::Other
            }
            _ => return None,
        };
        out.push((tag >> 3, content));
    }
    Some(out)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// A `DynamicValue`: MessagePack, of a value of unknown type together with its type.
fn dynamic(bytes: &[u8]) -> Option<Json> {
    let packed = fields(bytes)?.into_iter().find_map(|(field, content)| match (field, content) {
        (1, Field::Bytes(packed)) => Some(packed),
        _ => None,
    })?;
    let value = rmpv::decode::read_value_with_max_depth(&mut &*packed, DEEPEST).ok()?;
    match value {
        Packed::Array(pair) => match pair.as_slice() {
            [Packed::Binary(_) | Packed::String(_), value] => json(value),
            _ => json(&Packed::Array(pair)),
        },
        other => json(&other),
    }
}

/// The value as JSON; `None` where a part of it is not known.
fn json(value: &Packed) -> Option<Json> {
    Some(match value {
        Packed::Nil => Json::Null,
        Packed::Boolean(value) => Json::Bool(*value),
        Packed::Integer(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => number.into(),
            (None, Some(number)) => number.into(),
            (None, None) => return None,
        },
        Packed::F32(number) => f64::from(*number).into(),
        Packed::F64(number) => (*number).into(),
        // A number that fits no other form is written as text too; Terraform converts it back.
        Packed::String(text) => Json::String(text.as_str()?.to_owned()),
        Packed::Array(items) => Json::Array(items.iter().map(json).collect::<Option<_>>()?),
        Packed::Map(entries) => Json::Object(
            entries.iter().map(|(key, value)| Some((key.as_str()?.to_owned(), json(value)?))).collect::<Option<_>>()?,
        ),
        Packed::Binary(_) | Packed::Ext(..) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, content) in files {
            writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn variables_and_workspace_are_read() {
        // {2: {1: "k", 2: {1: ["\"string\"", "v"]}}, 13: {1: "local", 3: "dev"}}
        let plan = b"\x12\x14\x0a\x01k\x12\x0f\x0a\x0d\x92\xc4\x08\"string\"\xa1v\x6a\x0c\x0a\x05local\x1a\x03dev";
        let bytes = zip(&[
            ("tfplan", plan),
            ("tfconfig/m-/main.tf", b""),
            ("tfconfig/modules.json", b"[{\"Key\":\"\",\"Dir\":\".\"},{\"Key\":\"a.b\",\"Dir\":\"x\"}]"),
        ]);
        let archive = read(&bytes).unwrap();
        assert_eq!(archive.variables.get("k"), Some(&Json::from("v")));
        assert_eq!(archive.workspace.as_deref(), Some("dev"));
        assert_eq!(archive.modules.get("a.b").map(String::as_str), Some("tfconfig/m-a.b"));
    }

    #[test]
    fn hostile_archives_are_refused() {
        let refused = |files: &[(&str, &[u8])]| read(&zip(files)).unwrap_err();
        assert!(refused(&[("../../etc/x", b"")]).contains("leads out of it"));
        assert!(refused(&[("tfconfig/m-/../../x.tf", b"")]).contains("leads out of it"));
        assert!(refused(&[("tfconfig/m-/a.tf", b"")]).contains("no `tfplan`"));
        assert!(refused(&[("tfplan", b"")]).contains("no configuration"));
        assert!(
            refused(&[("tfplan", b"\x12\xff\xff\xff\xff\x0f"), ("tfconfig/m-/a.tf", b"")])
                .contains("not what Terraform")
        );
        assert!(read(b"PK\x03\x04").unwrap_err().contains("not a plan file"));
        let bomb = vec![0; usize::try_from(LARGEST_FILE).unwrap() + 1];
        assert!(refused(&[("tfplan", &bomb)]).contains("more than the limit"));
    }

    #[test]
    fn bytes_of_any_kind_end_in_words() {
        let good = zip(&[("tfplan", b"\x12\x02\x0a\x00"), ("tfconfig/m-/a.tf", b"x")]);
        for at in 0..good.len() {
            let mut broken = good.clone();
            broken[at] ^= 0x55;
            let _ = read(&broken);
            let _ = read(good.get(..at).unwrap());
        }
    }
}
