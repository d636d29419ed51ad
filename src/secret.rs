//! What is secret: attributes by their names, literals in text by what they are assigned to, and the mask over both.

use regex::Regex;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

/// What stands in a secret's place.
pub const HIDDEN: &str = "(sensitive)";

/// What an attribute's name contains that holds a secret, in lower case without `_` and `-`. Derived from the attributes
/// that the schema of hashicorp/aws 5.100 marks as sensitive, and CloudFormation's names for the same.
const WITHIN: [&str; 25] = [
    "password",
    "passwd",
    "passphrase",
    "privatekey",
    "secretkey",
    "secretaccesskey",
    "secretstring",
    "secretbinary",
    "secrettoken",
    "clientsecret",
    "sharedsecret",
    "authtoken",
    "accesstoken",
    "oauthtoken",
    "authorizationtoken",
    "sessiontoken",
    "apitoken",
    "apikey",
    "apisecret",
    "presharedkey",
    "keymaterial",
    "plaintext",
    "userdata",
    "credential",
    "connectionstring",
];

/// Whole names, in the same form.
const WHOLE: [&str; 13] = [
    "secret",
    "token",
    "pwd",
    "accesskey",
    "authkey",
    "connectionproperties",
    "bcrypthash",
    "hostkey",
    "granttoken",
    // Of a function, a build or a container.
    "variables",
    "environmentvariables",
    "environmentvariable",
    "containerdefinitions",
];

/// Ends and beginnings of names that only speak of a secret.
const ABOUT_END: [&str; 19] = [
    "arn",
    "id",
    "ids",
    "name",
    "names",
    "length",
    "enabled",
    "policy",
    "version",
    "type",
    "source",
    "required",
    "days",
    "onchange",
    "url",
    "specification",
    "format",
    "characters",
    "provider",
];
const ABOUT_START: [&str; 9] = ["manage", "require", "allow", "enable", "disable", "has", "get", "minimum", "max"];

/// What every secret's name contains: most text is passed over by it.
static STEM: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        "(?i)passw|passphrase|pwd|secret|token|(?:private|access|api|auth|shared|host)[_-]?key|key[_-]?material|plain[_-]?text|user[_-]?data|credential|connection[_-]?(?:string|properties)|bcrypt|variables?|container[_-]?definitions|sensitive|NoEcho",
    )
    .ok()
});

fn has_stem(text: &str) -> bool {
    STEM.as_ref().is_none_or(|stem| stem.is_match(text))
}

/// Whether an attribute of this name holds a secret.
pub fn is_secret_name(name: &str) -> bool {
    if name.len() > 80 || !has_stem(name) {
        return false;
    }
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect();
    (WHOLE.contains(&plain.as_str()) || WITHIN.iter().any(|word| plain.contains(word)))
        && !ABOUT_END.iter().any(|word| plain.ends_with(word))
        && !ABOUT_START.iter().any(|word| plain.starts_with(word))
}

/// Whether the resource type's attribute holds a secret that its name does not tell.
pub fn is_secret_attribute(kind: &str, name: &str) -> bool {
    is_secret_name(name)
        || matches!(
            (kind, name),
            ("random_password", "result") | ("aws_api_gateway_api_key", "value") | ("aws_appsync_api_key", "key")
        )
}

/// Where text holds secrets (bytes, without the quotes), in order: literals that are assigned to a secret name, stand in
/// `sensitive(…)`, or are the default of a sensitive variable or of a parameter with `NoEcho`.
pub fn places(text: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    if !has_stem(text) {
        return out;
    }
    let blocks = sensitive_blocks(text);
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if !byte.is_ascii_alphabetic() && *byte != b'_' {
            at += 1;
            continue;
        }
        let start = at;
        while bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
            at += 1;
        }
        let name = text.get(start..at).unwrap_or_default();
        if name == "sensitive" && bytes.get(at) == Some(&b'(') {
            at = quoted_within(text, at, &mut out);
            continue;
        }
        let given =
            matches!(name, "default" | "value" | "Default") && blocks.iter().any(|block| block.contains(&start));
        if !given && !is_secret_name(name) {
            continue;
        }
        let mut next = at;
        if matches!(bytes.get(next), Some(b'"' | b'\'')) {
            next += 1;
        }
        next = skip_blank(bytes, next);
        let yaml = match (bytes.get(next), bytes.get(next + 1)) {
            (Some(b'='), Some(b'=')) => continue,
            (Some(b'='), Some(b'>')) => {
                next += 1;
                false
            }
            (Some(b'='), _) => false,
            (Some(b':'), Some(b':')) => continue,
            (Some(b':'), _) => true,
            _ => continue,
        };
        at = value(text, start, skip_blank(bytes, next + 1), yaml, &mut out).max(at);
    }
    out.retain(|range| !range.is_empty());
    out
}

fn skip_blank(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    at
}

fn line_end(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |end| at + end)
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1)
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// Notes the literals of the value at `at`, whose key begins at `key`; where it ends.
fn value(text: &str, key: usize, at: usize, yaml: bool, out: &mut Vec<Range<usize>>) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let first = rest.bytes().next();
    if rest.starts_with("<<") {
        return heredoc(text, at, out);
    }
    match first {
        Some(b'"' | b'\'') => {
            let mut end = quoted(text, at, out);
            // Broken code may go on with another.
            loop {
                let next = skip_blank(text.as_bytes(), end);
                match text.as_bytes().get(next) {
                    Some(b'"' | b'\'') => end = quoted(text, next, out),
                    _ => return end,
                }
            }
        }
        Some(b'{' | b'[' | b'(') => quoted_within(text, at, out),
        Some(b'0'..=b'9') if !yaml => {
            let end = at + rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
            out.push(at..end);
            end
        }
        _ if yaml => {
            let line = line_start(text, key);
            let own = text.get(line..key).unwrap_or_default();
            let end = line_end(text, at);
            // In a flow mapping the value ends before the next one.
            let flow = own.contains('{');
            let first = rest.get(..end - at).unwrap_or_default();
            let stop = if flow { first.find([',', '}']).map_or(end, |stop| at + stop) } else { end };
            let plain = text.get(at..stop).unwrap_or_default().trim_end();
            let refers = ["!Ref", "!GetAtt", "!ImportValue", "{{resolve:", "true", "false", "null", "#"]
                .iter()
                .any(|word| plain.starts_with(word));
            let block = plain.starts_with(['|', '>']);
            if !refers && !block && !plain.is_empty() {
                out.push(at..at + plain.len());
            }
            if flow || refers {
                return stop;
            }
            below(text, end, indent(text.get(line..end).unwrap_or_default()), out)
        }
        _ => {
            // A call or another expression: its literals, up to the end of the line or of its brackets.
            let end = line_end(text, at);
            let line = text.get(at..end).unwrap_or_default();
            let word = line.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
            if line.as_bytes().get(word) == Some(&b'(') { quoted_within(text, at + word, out) } else { at }
        }
    }
}

/// Notes the lines that are indented deeper, from the end of a line on; where they end.
fn below(text: &str, mut end: usize, least: usize, out: &mut Vec<Range<usize>>) -> usize {
    while end < text.len() {
        let next = line_end(text, end + 1);
        let line = text.get(end + 1..next).unwrap_or_default();
        if !line.trim().is_empty() {
            if indent(line) <= least {
                break;
            }
            out.push(end + 1 + indent(line)..end + 1 + line.trim_end().len());
        }
        end = next;
    }
    end
}

/// Notes what stands between the quotes at `at`; where it ends.
fn quoted(text: &str, at: usize, out: &mut Vec<Range<usize>>) -> usize {
    let bytes = text.as_bytes();
    let quote = bytes.get(at).copied();
    let mut end = at + 1;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'\\' if quote == Some(b'"') => end += 1,
            b'\n' => break,
            _ if Some(*byte) == quote => break,
            _ => {}
        }
        end += 1;
    }
    let end = end.min(text.len());
    let content = text.get(at + 1..end).unwrap_or_default();
    let refers = content.starts_with("{{resolve:")
        || (content.starts_with("${") && content.ends_with('}') && content.matches('{').count() == 1);
    if !refers {
        out.push(at + 1..end);
    }
    end + 1
}

/// Notes the lines of the here document at `at`; where it ends.
fn heredoc(text: &str, at: usize, out: &mut Vec<Range<usize>>) -> usize {
    let mut end = line_end(text, at);
    let mark = text.get(at..end).unwrap_or_default().trim_start_matches('<').trim_start_matches(['-', '~']).trim();
    while end < text.len() && !mark.is_empty() {
        let next = line_end(text, end + 1);
        let line = text.get(end + 1..next).unwrap_or_default();
        if line.trim() == mark {
            return next;
        }
        out.push(end + 1 + indent(line)..end + 1 + line.trim_end().len());
        end = next;
    }
    end
}

/// Notes the literals within the bracket at `at`; where it ends.
fn quoted_within(text: &str, mut at: usize, out: &mut Vec<Range<usize>>) -> usize {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            b'"' => {
                at = quoted(text, at, out);
                // A key is no secret.
                let after = skip_blank(bytes, at);
                let next = bytes.get(after).copied();
                if matches!(next, Some(b':' | b'=')) && bytes.get(after + 1) != Some(&b'=') {
                    out.pop();
                }
                continue;
            }
            b'<' if text.get(at..).is_some_and(|rest| rest.starts_with("<<")) => {
                at = heredoc(text, at, out);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    at
}

/// The text with stars in the place of what `hidden` covers (bytes); every other byte stays where it is.
pub fn starred(text: &str, hidden: &[Range<usize>]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for range in hidden {
        if let Some(part) = bytes.get_mut(range.clone()) {
            part.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b'*');
        }
    }
    String::from_utf8(bytes).unwrap_or_default()
}

/// The literals in a part of the text that is secret as a whole.
pub fn places_within(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let part = text.get(range.clone()).unwrap_or_default();
    let mut out = Vec::new();
    if part.starts_with("<<") {
        heredoc(text, range.start, &mut out);
    } else if part.starts_with(['"', '\'']) {
        quoted(text, range.start, &mut out);
    } else if text.get(..range.start).is_some_and(|before| before.ends_with(['"', '\'']))
        || !part.contains(['.', '(', '"', '{', '[', '\n', '!', '='])
    {
        // The inside of a quoted text, or a plain scalar of YAML.
        out.push(range.clone());
    }
    out.retain(|found| found.start >= range.start && found.end <= range.end.max(found.start));
    out
}

/// Blocks of sensitive variables and outputs, and parameters with `NoEcho`.
fn sensitive_blocks(text: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    for (at, word) in text.match_indices("sensitive").chain(text.match_indices("NoEcho")) {
        let rest = text.get(at + word.len()..).unwrap_or_default();
        let given = rest.trim_start_matches(['"', '\'', ' ', '\t']);
        let Some(given) = given.strip_prefix(['=', ':']) else { continue };
        if given.trim_start().trim_start_matches(['"', '\'']).starts_with("false") {
            continue;
        }
        out.push(around(text, at));
    }
    out
}

/// The mapping or block that `at` lies in: within its braces, or where there are none the lines of the same indentation.
fn around(text: &str, at: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let (mut depth, mut start) = (0_usize, at);
    let least = indent(text.get(line_start(text, at)..line_end(text, at)).unwrap_or_default());
    // A block of YAML: whatever is indented as much, or more.
    let (mut top, mut bottom) = (line_start(text, at), line_end(text, at));
    while top > 0 {
        let before = line_start(text, top - 1);
        let line = text.get(before..top - 1).unwrap_or_default();
        if !line.trim().is_empty() && indent(line) < least {
            break;
        }
        top = before;
    }
    while bottom < text.len() {
        let next = line_end(text, bottom + 1);
        let line = text.get(bottom + 1..next).unwrap_or_default();
        if !line.trim().is_empty() && indent(line) < least {
            break;
        }
        bottom = next;
    }
    while start > top.min(at) {
        start -= 1;
        match bytes.get(start) {
            Some(b'}') => depth += 1,
            Some(b'{') if depth == 0 => break,
            Some(b'{') => depth -= 1,
            _ => {}
        }
    }
    if bytes.get(start) != Some(&b'{') {
        return top..bottom;
    }
    let mut end = at;
    depth = 0;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => break,
            b'}' => depth -= 1,
            _ => {}
        }
        end += 1;
    }
    start..end
}

/// Replaces secrets in what is written: the last guard, whatever led a secret there.
#[derive(Clone, Debug)]
pub struct Mask(Vec<Regex>);

/// So many bytes of secrets go into one expression: any number of secrets must fit, none is let through.
const PIECE: usize = 1 << 18;

impl Mask {
    /// A mask over these texts; `None` where nothing in them can be told from ordinary words.
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a Arc<str>>) -> Option<Self> {
        let mut words: BTreeSet<&str> = BTreeSet::new();
        for text in texts {
            let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            words.extend(text.split(|c: char| !is_part(c)).filter(|word| is_token(word)));
        }
        if words.is_empty() {
            return None;
        }
        // The longest first: one may be the beginning of another.
        let mut words: Vec<&str> = words.into_iter().collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        // Markdown puts a backslash before an underscore.
        let mut pieces = vec![String::new()];
        for word in words {
            let escaped = regex::escape(word).replace('_', "\\\\?_");
            match pieces.last_mut() {
                Some(piece) if piece.is_empty() => *piece = escaped,
                Some(piece) if piece.len() < PIECE => {
                    piece.push('|');
                    piece.push_str(&escaped);
                }
                _ => pieces.push(escaped),
            }
        }
        let build = |piece: &String| regex::RegexBuilder::new(piece).size_limit(1 << 30).build().ok();
        Some(Self(pieces.iter().filter_map(build).collect()))
    }

    /// The text without secrets.
    pub fn apply<'t>(&self, text: &'t str) -> std::borrow::Cow<'t, str> {
        self.0.iter().fold(text.into(), |text, piece| match piece.replace_all(&text, HIDDEN) {
            std::borrow::Cow::Owned(masked) => masked.into(),
            std::borrow::Cow::Borrowed(_) => text,
        })
    }

    /// The text without secrets, where there are some in it.
    pub fn masked(&self, text: &str) -> Option<String> {
        match self.apply(text) {
            std::borrow::Cow::Owned(masked) => Some(masked),
            std::borrow::Cow::Borrowed(_) => None,
        }
    }

    /// The same in every string of JSON; keys stay.
    pub fn apply_json(&self, json: &mut serde_json::Value) {
        match json {
            serde_json::Value::String(text) => {
                if let std::borrow::Cow::Owned(masked) = self.apply(text) {
                    *text = masked;
                }
            }
            serde_json::Value::Array(items) => items.iter_mut().for_each(|item| self.apply_json(item)),
            serde_json::Value::Object(entries) => entries.values_mut().for_each(|item| self.apply_json(item)),
            _ => {}
        }
    }
}

/// Whether the word is more likely a secret than a word of code: letters and digits, and not the name of a Region, or
/// letters that nobody can say.
/// Account ids are not masked: every verdict is about accounts.
fn is_token(word: &str) -> bool {
    let word = word.trim_matches('-');
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let letters = word.chars().filter(char::is_ascii_alphabetic).count();
    let last = word.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let is_region = digits == 1 && last.ends_with(|c: char| c.is_ascii_digit()) && word.matches('-').count() >= 2;
    (word.len() >= 6 && digits > 0 && letters > 0 && !is_region) || is_unspeakable(word)
}

/// Whether this is a long run of letters that no language and no naming makes: six consonants in a row, or capitals and
/// single small letters in turn.
fn is_unspeakable(word: &str) -> bool {
    if word.len() < 12 || !word.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return false;
    }
    let is_vowel = |byte: u8| matches!(byte.to_ascii_lowercase(), b'a' | b'e' | b'i' | b'o' | b'u' | b'y');
    // Abbreviations in capitals have no vowels either.
    let same = word.bytes().all(|byte| byte.is_ascii_uppercase());
    let ends = |byte: &u8| is_vowel(*byte) || (byte.is_ascii_uppercase() && !same);
    let consonants = word.as_bytes().split(ends).any(|run| run.len() >= 6);
    let turns = word.as_bytes().windows(3).filter(|three| {
        matches!(three, [before, small, after] if before.is_ascii_uppercase() && small.is_ascii_lowercase() && after.is_ascii_uppercase())
    });
    consonants || turns.count() >= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> String {
        let mut out = text.as_bytes().to_vec();
        for range in places(text) {
            out[range].fill(b'*');
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn names_tell_secrets() {
        for name in [
            "password",
            "master_password",
            "MasterUserPassword",
            "DB_PASSWORD",
            "auth_token",
            "user_data",
            "secret",
            "SecretString",
            "password_wo",
            "private_key_pem",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "manage_master_user_password",
            "secret_arn",
            "password_length",
            "user_data_replace_on_change",
            "kms_key_id",
            "name",
            "secret_id",
            "token_type",
            "password_wo_version",
            "key",
            "tags",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn literals_of_secrets_are_found_in_every_language() {
        for (text, expected) in [
            ("password = \"ab\\\"c\" # x", "password = \"*****\" # x"),
            ("password = var.x\nname = \"n\"", "password = var.x\nname = \"n\""),
            ("password = \"${var.x}\"", "password = \"${var.x}\""),
            ("user_data = <<-EOT\n  a\n  EOT\nb = \"c\"", "user_data = <<-EOT\n  *\n  EOT\nb = \"c\""),
            (
                "secret_string = jsonencode({ \"user\" = \"u\", p = [\"q\"] })",
                "secret_string = jsonencode({ \"user\" = \"*\", p = [\"*\"] })",
            ),
            ("a = sensitive(\"x\") == \"y\"", "a = sensitive(\"*\") == \"y\""),
            (
                "variable \"v\" {\n  default = \"x\"\n  sensitive = true\n}\nvariable \"w\" {\n  default = \"x\"\n}",
                "variable \"v\" {\n  default = \"*\"\n  sensitive = true\n}\nvariable \"w\" {\n  default = \"x\"\n}",
            ),
            (
                "variable \"v\" {\n  default = \"x\"\n  sensitive = false\n}",
                "variable \"v\" {\n  default = \"x\"\n  sensitive = false\n}",
            ),
            (
                "P:\n  NoEcho: true\n  Default: abc\nQ:\n  Default: abc",
                "P:\n  NoEcho: true\n  Default: ***\nQ:\n  Default: abc",
            ),
            (
                "{\"P\": {\"NoEcho\": true, \"Default\": \"ab\"}, \"Q\": {\"Default\": \"ab\"}}",
                "{\"P\": {\"NoEcho\": true, \"Default\": \"**\"}, \"Q\": {\"Default\": \"ab\"}}",
            ),
            ("A: {MasterUserPassword: abc, B: c}", "A: {MasterUserPassword: ***, B: c}"),
            ("MasterUserPassword: !Ref P\nB: c", "MasterUserPassword: !Ref P\nB: c"),
            ("UserData:\n  Fn::Base64: !Sub |\n    ab\nB: c", "UserData:\n  ******************\n    **\nB: c"),
            ("SecretString: '{{resolve:secretsmanager:x}}'", "SecretString: '{{resolve:secretsmanager:x}}'"),
            ("password = \"open", "password = \"****"),
        ] {
            assert_eq!(hidden(text), expected);
        }
    }

    #[test]
    fn letters_alone_are_masked_where_they_are_no_words() {
        for secret in ["xkcdqwrtzpsdfgh", "QwErTyUiOpAsDf", "abMxQaTbZkRw", "nvhtrkqwmzjbpls"] {
            assert!(is_token(secret), "{secret}");
        }
        // No word of the documentation, of the rules or of AWS's names is.
        let mut words: BTreeSet<String> = BTreeSet::new();
        for folder in ["docs", "rules", "src", "testdata/cases"] {
            let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
            while let Some(folder) = folders.pop() {
                for entry in std::fs::read_dir(folder).unwrap() {
                    let path = entry.unwrap().path();
                    if path.is_dir() {
                        folders.push(path);
                    } else if path.file_name().is_some_and(|name| name != "secret.rs")
                        && let Ok(text) = std::fs::read_to_string(&path)
                    {
                        let parts = text.split(|c: char| !c.is_ascii_alphabetic());
                        words.extend(parts.filter(|word| is_unspeakable(word)).map(str::to_owned));
                    }
                }
            }
        }
        assert_eq!(words, BTreeSet::new());
    }

    #[test]
    fn any_number_of_secrets_is_masked() {
        let texts: Vec<Arc<str>> = (0..200_000).map(|at| Arc::from(format!("secret-{at}-x"))).collect();
        let mask = Mask::new(&texts).unwrap();
        assert!(mask.0.len() > 1);
        assert_eq!(mask.apply("a secret-0-x b secret-199999-x"), "a (sensitive) b (sensitive)");
    }

    #[test]
    fn only_what_looks_like_a_secret_is_masked_everywhere() {
        let texts: Vec<Arc<str>> =
            ["postgres", "eu-central-1", "111111111111", "p4ss-w0rd_x", "</script>"].map(Arc::from).to_vec();
        let mask = Mask::new(&texts).unwrap();
        assert_eq!(
            mask.apply("postgres eu-central-1 111111111111 p4ss-w0rd\\_x </script>"),
            "postgres eu-central-1 111111111111 (sensitive) </script>"
        );
    }
}
