//! What an exported estate tells of outputs, exports and parameters: identities, and nothing else.

use super::Estate;
use crate::model::Entities;
use crate::resource::{Given, Stack, parameters};
use crate::value::{Kind, Reason, Ref, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What these stacks, and the estates that they were judged with, give out. Values that no verdict reads are left out:
/// one may be a password.
pub fn given(stacks: &[Arc<Stack>], estates: &[Estate], entities: &Entities) -> Given {
    let mut all = Given::default();
    for stack in stacks {
        all.extend(stack.given.clone());
        all.parameters.extend(parameters(stack));
    }
    estates.iter().for_each(|estate| all.extend(estate.given.clone()));
    let names: BTreeSet<Arc<str>> = entities.vaults.iter().filter_map(|vault| vault.name.text()).collect();
    all.values_mut().for_each(|value| *value = needed(value, &names));
    all
}

/// The value with what is no identity made unknown.
fn needed(value: &Value, names: &BTreeSet<Arc<str>>) -> Value {
    let kind = match &value.kind {
        Kind::Null(_) | Kind::Bool(_) | Kind::Unknown(_) => value.kind.clone(),
        Kind::String(text) if is_identity(text) || names.contains(text) => value.kind.clone(),
        Kind::Template(parts) if parts.first().and_then(Value::text).is_some_and(|text| text.starts_with("arn:")) => {
            value.kind.clone()
        }
        Kind::Ref(reference) => {
            let known = reference.known.as_ref().filter(|known| {
                !matches!(needed(known, names).kind, Kind::Unknown(_)) || matches!(known.kind, Kind::Unknown(_))
            });
            Kind::Ref(Arc::new(Ref { known: known.cloned(), ..(**reference).clone() }))
        }
        Kind::Seq(seq) => {
            let mut seq = (**seq).clone();
            seq.items.iter_mut().for_each(|item| *item = needed(item, names));
            Kind::Seq(Arc::new(seq))
        }
        Kind::Map(map) => {
            let mut map = (**map).clone();
            map.entries.iter_mut().for_each(|(_, entry)| entry.value = needed(&entry.value, names));
            Kind::Map(Arc::new(map))
        }
        Kind::Cond(branches) => {
            let mut branches = branches.to_vec();
            branches.iter_mut().for_each(|branch| branch.value = needed(&branch.value, names));
            Kind::Cond(branches.into())
        }
        Kind::Number(_) | Kind::String(_) | Kind::Template(_) | Kind::Document(_) => {
            let reason = "the value was not exported, because it is no ARN, id, alias or vault's name";
            return Value { sensitive: value.sensitive, ..Value::unknown(Reason::Derived(reason.into()), value.span) };
        }
    };
    Value { kind, ..value.clone() }
}

/// The words of Regions' names before the number.
const DIRECTIONS: [&str; 9] =
    ["central", "east", "west", "north", "south", "northeast", "northwest", "southeast", "southwest"];

/// Whether the text names something that AWS identifies: an ARN, an account, a Region, a unit of an organization, a key
/// by its id or alias; or a list of these, as parameters hold them.
fn is_identity(text: &str) -> bool {
    text.split(',').map(str::trim).all(|part| {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let parts: Vec<&str> = part.split('-').collect();
        let region = matches!(parts.as_slice(), [area, .., towards, number]
            if area.len() == 2 && DIRECTIONS.contains(towards) && number.len() == 1 && digits(number));
        let key = match parts.as_slice() {
            ["mrk", id] => id.len() == 32 && hex(id),
            several => {
                several.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && several.iter().all(|part| hex(part))
            }
        };
        part.starts_with("arn:")
            || part.starts_with("alias/")
            || (part.len() == 12 && digits(part))
            || (part.starts_with("o-") && part.len() <= 34)
            || (matches!(parts.as_slice(), ["r", _] | ["ou", _, _]) && part.len() <= 68)
            || region
            || key
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_are_told_and_nothing_else() {
        for text in [
            "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "111111111111",
            "111111111111, 222222222222",
            "us-gov-west-1",
            "o-a1b2c3d4e5",
            "ou-ab12-11111111",
            "alias/backup",
            "mrk-1234abcd12ab34cd56ef1234567890ab",
            "1234abcd-12ab-34cd-56ef-1234567890ab",
        ] {
            assert!(is_identity(text), "{text}");
        }
        for text in ["hunter2", "", "postgres://u:p@h/d", "correct-horse-battery-staple", "my-secret-key-1", "0815"] {
            assert!(!is_identity(text), "{text}");
        }
        let secret = Value::object([("password", Value::string("hunter2")), ("vault", Value::string("central"))]);
        let left = needed(&secret, &BTreeSet::from(["central".into()]));
        assert_eq!(left.get("vault").and_then(Value::as_str), Some("central"));
        assert!(left.get("password").unwrap().first_unknown().is_some());
    }
}
