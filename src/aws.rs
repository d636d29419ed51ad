//! AWS's identifiers as types: parsed once at the border, compared as values afterwards.

use std::fmt;
use std::sync::Arc;

/// Twelve digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId([u8; 12]);

impl AccountId {
    /// The account that `text` names, if it is exactly twelve ASCII digits.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 12] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_digit).then_some(Self(bytes))
    }

    /// The twelve digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for AccountId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for AccountId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not an account id")))
    }
}

#[cfg(test)]
impl schemars::JsonSchema for AccountId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AccountId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^[0-9]{12}$"})
    }
}

/// Something that is known by its text, or only as "the same unknown thing": the account of one provider
/// configuration, the Region of one stack. Two different symbols may or may not be the same thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Known<T> {
    Is(T),
    /// Names the unknown in words that mean something to the user: "account of provider `aws.backup` in `live/prod`".
    Symbol(Arc<str>),
}

impl<T: PartialEq> Known<T> {
    /// Whether both are the same: `None` where that cannot be told.
    pub fn same(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Is(a), Self::Is(b)) => Some(a == b),
            (Self::Symbol(a), Self::Symbol(b)) if a == b => Some(true),
            _ => None,
        }
    }

    /// The value, where it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Symbol(_) => None,
        }
    }
}

impl<T: fmt::Display> fmt::Display for Known<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(value) => write!(f, "{value}"),
            Self::Symbol(name) => write!(f, "{name}"),
        }
    }
}

/// An account, or a symbol for one.
pub type Account = Known<AccountId>;
/// A Region's code (`eu-central-1`), or a symbol for one.
pub type Region = Known<Arc<str>>;

/// Where something is deployed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Place {
    pub account: Account,
    pub region: Region,
}

impl Place {
    /// The partition that the Region belongs to, where the Region is known.
    pub fn partition(&self) -> Option<&'static str> {
        self.region.known().map(|region| partition_of_region(region))
    }
}

/// The partition of a Region's code. Source: the partitions of the AWS SDKs' endpoint rule sets, read 2026-11.
pub fn partition_of_region(region: &str) -> &'static str {
    let prefixes = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("eusc-", "aws-eusc"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-iso-", "aws-iso"),
    ];
    prefixes.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("aws", |(_, partition)| partition)
}

/// `arn:partition:service:region:account:resource`, split once; `region` and `account` may be empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn<'a> {
    pub partition: &'a str,
    pub service: &'a str,
    pub region: &'a str,
    pub account: &'a str,
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// The parts of `text`, if it has the six parts of an ARN.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        if parts.next()? != "arn" {
            return None;
        }
        Some(Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        })
    }
}

impl fmt::Display for Arn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{}:{}:{}:{}:{}", self.partition, self.service, self.region, self.account, self.resource)
    }
}

/// Whether `text` matches `pattern` with `*` for any run of characters and `?` for one; linear in practice, never
/// exponential.
pub fn wildcard(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return prefix(pattern, text) == Some(text.len()) };
    let Some(mut text) = prefix(first, text).and_then(|end| text.get(end..)) else { return false };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    // The leftmost place of each piece leaves most for the others, so none is tried twice.
    for piece in middle.split('*').filter(|piece| !piece.is_empty()) {
        let end = if piece.contains('?') {
            text.char_indices().find_map(|(at, _)| Some(at + prefix(piece, text.get(at..)?)?))
        } else {
            text.find(piece).map(|at| at + piece.len())
        };
        let Some(after) = end.and_then(|end| text.get(end..)) else { return false };
        text = after;
    }
    if !last.contains('?') {
        return text.ends_with(last);
    }
    let length = last.chars().count();
    let start = text.char_indices().rev().nth(length.saturating_sub(1)).map(|(at, _)| at);
    start.and_then(|start| text.get(start..)).is_some_and(|tail| prefix(last, tail) == Some(tail.len()))
}

/// Where the piece, in which `?` is any character, ends in a text that begins with it.
fn prefix(piece: &str, text: &str) -> Option<usize> {
    if !piece.contains('?') {
        return text.starts_with(piece).then_some(piece.len());
    }
    let mut characters = text.char_indices();
    for wanted in piece.chars() {
        let (_, found) = characters.next()?;
        if wanted != '?' && wanted != found {
            return None;
        }
    }
    Some(text.len() - characters.as_str().len())
}

/// The number of single-character edits between two short names.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, c) in a.chars().take(64).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, d) in row.iter_mut().skip(1).zip(&b) {
            let here = (diagonal + usize::from(c != *d)).min(left + 1).min(*cell + 1);
            diagonal = *cell;
            *cell = here;
            left = here;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_twelve_digits() {
        assert!(AccountId::parse("012345678901").is_some());
        assert!(AccountId::parse("12345678901").is_none());
        assert!(AccountId::parse("12345678901x").is_none());
    }

    #[test]
    fn two_symbols_are_the_same_only_by_name() {
        let a: Account = Known::Symbol("a".into());
        let b: Account = Known::Symbol("b".into());
        assert_eq!(a.same(&a), Some(true));
        assert_eq!(a.same(&b), None);
    }

    #[test]
    fn wildcards_match_whole_texts() {
        assert!(wildcard("arn:*:s3:::*", "arn:aws:s3:::b"));
        assert!(!wildcard("a*b", "aab c"));
        assert!(wildcard("a*b*c", "aXbYbZc"));
        assert!(!wildcard("?", ""));
        assert!(wildcard("?", "é") && !wildcard("?", "ab") && wildcard("*?", "é") && !wildcard("*?", ""));
        assert!(wildcard("a*?c", "abc") && !wildcard("a*?c", "ac") && wildcard("*?b*c?", "xabcd"));
        assert!(!wildcard("ab*b", "ab") && wildcard("", "") && wildcard("**", "") && !wildcard("", "a"));
        assert!(!wildcard("a*a", "a"));
    }
}
