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

/// Something that is known by its text, or only as "the same unknown thing": the account of one provider
/// configuration, the Region of one stack. Two different symbols may or may not be the same thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    // Bytes do: a literal never matches in the middle of a character, and `?` steps over a whole one.
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while let Some(here) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                p += 1;
                back = Some((p, t));
            }
            Some(b'?') => {
                p += 1;
                t += 1;
                while text.get(t).is_some_and(|byte| byte & 0xc0 == 0x80) {
                    t += 1;
                }
            }
            Some(byte) if byte == here => {
                p += 1;
                t += 1;
            }
            _ => match back {
                Some((after, from)) => {
                    p = after;
                    t = from + 1;
                    back = Some((after, t));
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|byte| *byte == b'*')
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
    }
}
