//! A template's parameters: what a deployment gives, what the template declares, and the files that give them.

use super::document::{Node, NodeKind};
use super::estate::Asked;
use super::intrinsics::Evaluator;
use crate::aws::Place;
use crate::source::Span;
use crate::value::{Kind, Reason, Unknown, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The pairs in a parameter file, in any of the forms that are in use: the AWS CLI's list of `ParameterKey` and
/// `ParameterValue`, a list of `K=V`, CodePipeline's and Git sync's object `Parameters`, or a plain object.
pub(super) fn pairs(root: &Node) -> Vec<(Arc<str>, Value)> {
    let mut out = Vec::new();
    match &root.kind {
        NodeKind::Seq(items) => {
            for item in items.iter() {
                match (item.get("ParameterKey").and_then(Node::string), item.get("ParameterValue"), item.text()) {
                    (Some(key), Some(value), _) => out.extend(given(value).map(|value| (key, value))),
                    (Some(_), None, _) => {}
                    (None, _, Some(pair)) => {
                        if let Some((key, value)) = pair.split_once('=') {
                            out.push((key.trim().into(), Value::string(value).at(item.span)));
                        }
                    }
                    _ => {}
                }
            }
        }
        NodeKind::Map(_) => {
            let inner = root.get("Parameters").or_else(|| root.get("parameters")).filter(|node| node.text().is_none());
            if let Some(list) = inner.filter(|node| matches!(node.kind, NodeKind::Seq(_))) {
                return pairs(list);
            }
            for (key, value) in inner.unwrap_or(root).entries() {
                if let (Some(key), Some(value)) = (key.string(), given(value)) {
                    out.push((key, value));
                }
            }
        }
        NodeKind::Scalar { .. } | NodeKind::Twice | NodeKind::Value(_) => {}
    }
    out
}

/// A value as a parameter file writes it; a list becomes CloudFormation's text with commas.
fn given(node: &Node) -> Option<Value> {
    let text = match &node.kind {
        NodeKind::Seq(items) => {
            let items: Option<Vec<Arc<str>>> = items.iter().map(Node::string).collect();
            items?.join(",").into()
        }
        _ => node.string()?,
    };
    // Control Tower's pipeline fills these in; so does nobody here.
    if text.contains("$[alfred_") {
        return Some(Value::unknown(Reason::DynamicReference(text), Some(node.span)));
    }
    Some(Value::string(text).at(node.span))
}

/// `Key=Value Key2="a b"`, as the AWS SAM CLI writes overrides.
pub(super) fn overrides(text: &str) -> Vec<(Arc<str>, String)> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('\\', _) => word.extend(characters.next()),
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => quote = Some(character),
            (c, None) if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            (c, _) => word.push(c),
        }
    }
    words.push(word);
    // The long form is `ParameterKey=K,ParameterValue=V`.
    let long = |word: &str| -> Option<(Arc<str>, String)> {
        let (key, value) = word.strip_prefix("ParameterKey=")?.split_once(",ParameterValue=")?;
        Some((key.into(), value.to_owned()))
    };
    words
        .iter()
        .filter_map(|word| {
            long(word).or_else(|| word.split_once('=').map(|(key, value)| (key.into(), value.to_owned())))
        })
        .collect()
}

/// The name of the parameter's type.
pub(super) fn type_of(declared: &Node) -> &str {
    declared.get("Type").and_then(Node::text).unwrap_or("String")
}

/// The values that a parameter may take, where the template lists them. For a list they are those of each element, so
/// the list itself may be any of them.
pub(super) fn allowed(declared: &Node) -> Option<Vec<Arc<str>>> {
    let kind = type_of(declared);
    if kind == "CommaDelimitedList" || kind.contains("List<") {
        return None;
    }
    let mut texts: Vec<Arc<str>> = match declared.get("AllowedValues") {
        Some(values) => values.items().iter().map(Node::string).collect::<Option<_>>()?,
        None => words(&declared.get("AllowedPattern")?.string()?)?,
    };
    let mut seen = BTreeSet::new();
    texts.retain(|text| seen.insert(text.clone()));
    (!texts.is_empty()).then_some(texts)
}

/// The words that a pattern like `^(dev|prod)$` lists; a parameter's whole value has to match, so the anchors say nothing.
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>, read 2026-11.
fn words(pattern: &str) -> Option<Vec<Arc<str>>> {
    let inner = pattern.strip_prefix('^').unwrap_or(pattern);
    let inner = inner.strip_suffix('$').unwrap_or(inner);
    let grouped = inner.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let listed = grouped.map_or(inner, |rest| rest.strip_prefix("?:").unwrap_or(rest));
    let plain =
        |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    listed.split('|').map(|word| plain(word).then(|| word.into())).collect()
}

impl Evaluator<'_> {
    /// The value of a declared parameter.
    pub(super) fn parameter(&self, name: &str, declared: &Node) -> Value {
        let kind = type_of(declared);
        let from_ssm = kind.strip_prefix("AWS::SSM::Parameter::Value<");
        let inner = from_ssm.map_or(kind, |inner| inner.trim_end_matches('>'));
        let secret = declared.get("NoEcho").and_then(Node::string).is_some_and(|text| &*text == "true");
        let given = self.at.given.get(name).cloned();
        let default = || declared.get("Default").and_then(|node| Some(Value::string(node.string()?).at(node.span)));
        let value = match given.or_else(default) {
            Some(value) if from_ssm.is_some() => self.stored(name, &value, declared.span),
            Some(value) => value,
            None => match self.facts.borrow().assumed(name) {
                Some(text) => Value::string(text).at(declared.span),
                None => self.without_value(name, declared, Reason::InputWithoutValue(name.into())),
            },
        };
        let list = inner == "CommaDelimitedList" || inner.starts_with("List<");
        let value = if list { split(value) } else { value };
        let value = Value { span: value.span.or(Some(declared.span)), sensitive: value.sensitive || secret, ..value };
        if secret {
            crate::value::note(&value, self.world.sources);
        }
        value
    }

    /// The parameter as an unknown that is itself wherever it occurs.
    fn without_value(&self, name: &str, declared: &Node, reason: Reason) -> Value {
        let mut unknown = Unknown::new(reason, Some(declared.span));
        unknown.symbol = Some(format!("parameter {name} in {}", self.at.words()).into());
        Value { kind: Kind::Unknown(Arc::new(unknown)), span: Some(declared.span), sensitive: false }
    }

    /// What the SSM parameter store holds under that name: where a loaded template puts it there, that value.
    fn stored(&self, name: &str, stored: &Value, span: Span) -> Value {
        if let Some(wanted) = stored.text() {
            self.world.asked.borrow_mut().insert(Asked::Stored(wanted.clone()));
            let here = |place: &Place| {
                place.account.same(&self.at.place.account) == Some(true)
                    && place.region.same(&self.at.place.region) == Some(true)
            };
            let known = self.world.shared.stored.get(&wanted).map(Vec::as_slice).unwrap_or_default();
            let known = known.iter().filter(|stored| stored.stack != self.at.stack && here(&stored.place));
            let mut found: Vec<&Value> = known.map(|stored| &stored.value).collect();
            if found.is_empty() {
                let elsewhere = self.world.shared.elsewhere.parameters.iter();
                let named = elsewhere.filter(|parameter| parameter.name == wanted && here(&parameter.place));
                found.extend(named.map(|parameter| &parameter.value));
            }
            if let [value] = found[..] {
                return value.clone();
            }
        }
        let shown = stored.text().unwrap_or_else(|| "a name that is not known".into());
        let reason = Reason::Derived(format!("`{name}` is read from the SSM parameter `{shown}` at deployment").into());
        let mut unknown = Unknown::new(reason, Some(span));
        unknown.symbol = stored
            .text()
            .map(|text| format!("SSM parameter {text} in {}/{}", self.at.place.account, self.at.place.region).into());
        Value { kind: Kind::Unknown(Arc::new(unknown)), span: Some(span), sensitive: false }
    }
}

/// A list parameter's text as a list.
fn split(value: Value) -> Value {
    match (&value.kind, value.marked_text()) {
        (Kind::Seq(_), _) => value,
        (Kind::Unknown(_), _) | (_, None) => value,
        (_, Some(marked)) => {
            let items = marked.split(',').map(|item| Value::from_marked(item.trim())).collect();
            Value { kind: Value::tuple(items).kind, ..value }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_list_words_are_told_from_others() {
        let shown = |pattern: &str| words(pattern).map(|words| words.join(" "));
        assert_eq!(shown("^(dev|prod)$").as_deref(), Some("dev prod"));
        assert_eq!(shown("(?:eu-1|eu-2)").as_deref(), Some("eu-1 eu-2"));
        assert_eq!(shown("dev|prod").as_deref(), Some("dev prod"));
        assert_eq!(shown("^(dev|prod)-[a-z]+$"), None);
        assert_eq!(shown("^(a|b)|(c|d)$"), None);
        assert_eq!(shown(".*"), None);
    }

    #[test]
    fn overrides_of_the_sam_cli_are_read_in_both_forms() {
        let shown = |text: &str| {
            let pairs = overrides(text).into_iter().map(|(key, value)| format!("{key}:{value}"));
            pairs.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(shown(r#"A=1 B="two words" C='x'"#), "A:1 B:two words C:x");
        assert_eq!(shown("ParameterKey=A,ParameterValue=1 ParameterKey=B,ParameterValue=a=b"), "A:1 B:a=b");
    }
}
