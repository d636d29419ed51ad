//! Texts against patterns where either may have holes: parts that are not known, each between two `\u{1}`.

use super::{Tri, and};
use crate::aws::wildcard;

const HOLE: char = '\u{1}';
/// Longer comparisons of texts with holes are left open.
const MOST_STEPS: usize = 1 << 22;

/// Whether the whole text matches the pattern with `*` and `?`.
pub(super) fn matches(pattern: &str, text: &str) -> Tri {
    if !pattern.contains(HOLE) && !text.contains(HOLE) {
        return Some(wildcard(pattern, text));
    }
    if pattern == text {
        return Some(true);
    }
    // A star covers whatever a hole is; a question mark and a letter do not.
    if !pattern.contains([HOLE, '?']) && wildcard(pattern, &opaque(text)) {
        return Some(true);
    }
    if possible(pattern, text) { None } else { Some(false) }
}

/// Whether the text matches the pattern for some value of each hole and `${…}` variable.
pub(super) fn possible(pattern: &str, text: &str) -> bool {
    may_match(&tokens(pattern, true), &tokens(text, false))
}

/// Whether the two are the same text.
pub(super) fn equal(a: &str, b: &str, ignore_case: bool) -> Tri {
    let same = if ignore_case { a.eq_ignore_ascii_case(b) } else { a == b };
    if !a.contains(HOLE) && !b.contains(HOLE) {
        return Some(same);
    }
    if a == b {
        return Some(true);
    }
    let apart = if ignore_case {
        !may_match(&tokens(&a.to_ascii_lowercase(), false), &tokens(&b.to_ascii_lowercase(), false))
    } else {
        !may_match(&tokens(a, false), &tokens(b, false))
    };
    if apart { Some(false) } else { None }
}

/// Whether the ARN matches the pattern: the six parts are compared one by one; the last may hold colons. `None` also where
/// the pattern has fewer parts: what a service makes of it is not documented.
pub(super) fn arn(pattern: &str, arn: &str) -> Tri {
    if !pattern.contains(HOLE) && !arn.contains(HOLE) {
        return (pattern.split(':').count() >= 6).then(|| arn_like(pattern, arn));
    }
    if pattern == arn {
        return Some(true);
    }
    let (a, b): (Vec<&str>, Vec<&str>) = (pattern.splitn(6, ':').collect(), arn.splitn(6, ':').collect());
    // A colon within a hole's own name would divide it.
    let whole = |part: &&str| part.matches(HOLE).count().is_multiple_of(2);
    if a.len() == 6 && b.len() == 6 && a.iter().all(whole) && b.iter().all(whole) {
        return a.iter().zip(&b).map(|(pattern, part)| matches(pattern, part)).fold(Some(true), and);
    }
    if possible(pattern, arn) { None } else { Some(false) }
}

/// The six parts of an ARN without holes.
fn arn_like(pattern: &str, arn: &str) -> bool {
    let (mut pattern, mut arn) = (pattern.splitn(6, ':'), arn.splitn(6, ':'));
    loop {
        match (pattern.next(), arn.next()) {
            (Some(pattern), Some(part)) if wildcard(pattern, part) => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

/// The text with each hole as one character that no pattern names.
fn opaque(text: &str) -> String {
    text.split(HOLE).enumerate().map(|(at, part)| if at % 2 == 0 { part } else { "\u{1}" }).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    /// Any text: a star, a hole, a variable.
    Any,
    One,
    Is(char),
}

fn tokens(text: &str, pattern: bool) -> Vec<Token> {
    let mut out = Vec::with_capacity(text.len());
    for (at, part) in text.split(HOLE).enumerate() {
        if at % 2 == 1 {
            out.push(Token::Any);
            continue;
        }
        let mut rest = part;
        while let Some(character) = rest.chars().next() {
            rest = rest.get(character.len_utf8()..).unwrap_or_default();
            let variable = (pattern && character == '$').then(|| rest.strip_prefix('{')?.split_once('}')).flatten();
            out.push(match (character, variable) {
                (_, Some((_, after))) => {
                    rest = after;
                    Token::Any
                }
                ('*', _) if pattern => Token::Any,
                ('?', _) if pattern => Token::One,
                (character, _) => Token::Is(character),
            });
        }
    }
    out.dedup_by(|a, b| *a == Token::Any && *b == Token::Any);
    out
}

/// Whether some filling makes the two the same text.
fn may_match(a: &[Token], b: &[Token]) -> bool {
    if a.len().saturating_mul(b.len()) > MOST_STEPS {
        return true;
    }
    // reach[j]: the tokens of `a` so far and the first j of `b` can be the same text.
    let mut reach = vec![false; b.len() + 1];
    let step = |reach: &[bool], token: Option<Token>| {
        let mut next = vec![false; reach.len()];
        for j in 0..reach.len() {
            let from = |at: usize| reach.get(at).copied().unwrap_or(false);
            let here = match (token, j.checked_sub(1).and_then(|before| b.get(before)).copied()) {
                (None, None) => true,
                (None, Some(other)) => other == Token::Any && next.get(j - 1).copied().unwrap_or(false),
                (Some(Token::Any), None) => from(0),
                (Some(Token::Any), Some(_)) => from(j) || next.get(j - 1).copied().unwrap_or(false) || from(j - 1),
                (Some(_), None) => false,
                (Some(_), Some(Token::Any)) => from(j) || next.get(j - 1).copied().unwrap_or(false) || from(j - 1),
                (Some(Token::One), Some(_)) | (Some(_), Some(Token::One)) => from(j - 1),
                (Some(Token::Is(x)), Some(Token::Is(y))) => x == y && from(j - 1),
            };
            if let Some(cell) = next.get_mut(j) {
                *cell = here;
            }
        }
        next
    };
    reach = step(&reach, None);
    for token in a {
        reach = step(&reach, Some(*token));
    }
    reach.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::{arn, equal, matches};

    #[test]
    fn holes_are_open_and_the_text_around_them_is_not() {
        assert_eq!(matches("*", "\u{1}x\u{1}"), Some(true));
        assert_eq!(matches("rds.*.amazonaws.com", "rds.\u{1}region\u{1}.amazonaws.com"), Some(true));
        assert_eq!(matches("backup.*.amazonaws.com", "rds.\u{1}region\u{1}.amazonaws.com"), Some(false));
        assert_eq!(matches("rds.eu-*.amazonaws.com", "rds.\u{1}region\u{1}.amazonaws.com"), None);
        assert_eq!(matches("rds.eu-west-1.amazonaws.org", "rds.\u{1}region\u{1}.amazonaws.com"), Some(false));
        // The name of a hole is not text.
        assert_eq!(matches("*region*", "rds.\u{1}region\u{1}.amazonaws.com"), None);
        assert_eq!(matches("a?", "a\u{1}x\u{1}"), None);
        assert_eq!(matches("a\u{1}x\u{1}b", "acb"), None);
        assert_eq!(matches("a\u{1}x\u{1}b", "acd"), Some(false));
        assert_eq!(equal("*", "\u{1}x\u{1}", false), None);
        assert_eq!(equal("\u{1}x\u{1}", "\u{1}x\u{1}", false), Some(true));
        assert_eq!(equal("O-A", "o-\u{1}x\u{1}", true), None);
        assert_eq!(equal("O-A", "o-\u{1}x\u{1}", false), Some(false));
    }

    #[test]
    fn arns_with_holes_are_compared_part_by_part() {
        let key = "arn:aws:kms:\u{1}region\u{1}:111111111111:key/\u{1}id\u{1}";
        assert_eq!(arn("arn:aws:kms:*:111111111111:key/*", key), Some(true));
        assert_eq!(arn("arn:aws:kms:*:222222222222:key/*", key), Some(false));
        assert_eq!(arn("arn:aws:kms:eu-west-1:111111111111:key/*", key), None);
        assert_eq!(arn("arn:aws:kms:*:111111111111:alias/*", key), Some(false));
        assert_eq!(arn("arn:aws:kms:*", key), None);
        assert_eq!(arn("*", "arn:aws:iam::1:role/r"), None);
    }
}
