//! YAML and JSON templates as one tree with spans; the source text of every scalar is kept.
//!
//! A short tag becomes its long form: `!Sub x` is the mapping `Fn::Sub: x`.

use super::scalar;
use super::yaml::{self, Event, What};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{FileId, Sources, Span};
use crate::value::{Kind, Value};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// Deeper nesting is refused.
const DEEPEST: usize = 200;
/// Nodes after aliases are expanded. A template of CloudFormation's largest size holds fewer.
const MOST_NODES: usize = 1_000_000;
/// CloudFormation's limit for a template's body (bytes).
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>, read 2026-11.
const LARGEST: usize = 1024 * 1024;
/// Larger texts are not read: nothing that CloudFormation accepts comes near.
const TOO_LARGE: usize = 8 * LARGEST;

/// A node and its place; children are shared, so a copy is cheap.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    pub(super) span: Span,
}

#[derive(Clone, Debug)]
pub(super) enum NodeKind {
    /// The text as written; `plain` without quotes and tags.
    Scalar {
        text: Arc<str>,
        plain: bool,
    },
    Seq(Arc<[Node]>),
    Map(Arc<[(Node, Node)]>),
    /// What code of another language puts there.
    Value(Arc<Value>),
    /// The key stands twice with different values: which one counts is not documented.
    Twice,
}

impl Node {
    /// Text in quotes.
    pub(super) fn scalar(text: impl Into<Arc<str>>, span: Span) -> Self {
        Self { kind: NodeKind::Scalar { text: text.into(), plain: false }, span }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The same, to be kept.
    pub(super) fn shared_text(&self) -> Option<Arc<str>> {
        match &self.kind {
            NodeKind::Scalar { text, .. } => Some(text.clone()),
            _ => None,
        }
    }

    /// The text that CloudFormation makes of the scalar where it wants a string: `yes` is `true`, `010` is `8`.
    pub(super) fn string(&self) -> Option<Arc<str>> {
        match &self.kind {
            NodeKind::Scalar { text, plain: false } => Some(text.clone()),
            NodeKind::Scalar { text, plain: true } => scalar::resolve(text).text(),
            NodeKind::Value(value) => value.text(),
            _ => None,
        }
    }

    pub(super) fn entries(&self) -> &[(Node, Node)] {
        match &self.kind {
            NodeKind::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn items(&self) -> &[Node] {
        match &self.kind {
            NodeKind::Seq(items) => items,
            _ => &[],
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().rev().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }

    /// The function that the node calls (`Ref`, `Fn::Sub`, `Condition`) and its argument.
    pub(super) fn call(&self) -> Option<(&str, &Node)> {
        let [(key, argument)] = self.entries() else { return None };
        let name = key.text()?;
        let called = match name {
            "Ref" | "Condition" => argument.text().is_some() || argument.call().is_some(),
            name => name.starts_with("Fn::") && !name.starts_with("Fn::ForEach"),
        };
        called.then_some((name, argument))
    }
}

/// A collection whose end is not reached.
struct Open<'a> {
    map: bool,
    items: Vec<Node>,
    span: Span,
    tag: Option<Cow<'a, str>>,
    anchor: usize,
    /// How many nodes there were when it began.
    before: usize,
}

/// The tree of a template, and what is wrong with it. `None` where nothing can be read.
pub(super) fn parse(file: FileId, text: &str) -> (Option<Node>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let start = text.len() - text.trim_start_matches('\u{feff}').len();
    let body = text.get(start..).unwrap_or_default();
    if body.len() > LARGEST {
        let size = body.len();
        let message = format!("the template has {size} bytes; CloudFormation accepts at most {LARGEST}");
        if size > TOO_LARGE {
            diagnostics.push(Diagnostic::bad_input(Span::new(file, 0..0), message));
            return (None, diagnostics);
        }
        diagnostics.push(Diagnostic::note(Span::new(file, 0..0), Severity::Warning, message));
    }
    let root = read(body, &|range| Span::new(file, range.start + start..range.end + start), &mut diagnostics);
    (root, diagnostics)
}

/// The tree of a template that stands as text within another file.
pub(super) fn parse_within(text: &str, places: &Places) -> (Option<Node>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    if text.len() > LARGEST {
        diagnostics
            .push(Diagnostic::bad_input(places.whole, "the template within is larger than CloudFormation accepts"));
        return (None, diagnostics);
    }
    let root = read(text, &|range| places.span(range), &mut diagnostics);
    (root, diagnostics)
}

/// Where the lines of a text within a file stand in the file.
pub(super) struct Places {
    whole: Span,
    /// Start and length in the text, start in the file.
    lines: Vec<(usize, usize, usize)>,
}

impl Places {
    /// The places of `text`, which is written within `whole`; indentation may have been taken away.
    pub(super) fn of(sources: &Sources, text: &str, whole: Span) -> Self {
        let source = sources.text(whole.file);
        let mut lines = Vec::new();
        let mut at = whole.start as usize;
        let end = (whole.end as usize).min(source.len());
        let mut offset = 0;
        for line in text.split_inclusive('\n') {
            let start = offset;
            offset += line.len();
            let wanted = line.trim();
            if wanted.is_empty() {
                continue;
            }
            let mut cursor = at;
            while let Some(rest) = source.get(cursor..end).filter(|rest| !rest.is_empty()) {
                let found = rest.split_inclusive('\n').next().unwrap_or_default();
                let place = cursor + (found.len() - found.trim_start().len());
                cursor += found.len();
                if found.trim() == wanted {
                    lines.push((start + (line.len() - line.trim_start().len()), wanted.len(), place));
                    at = cursor;
                    break;
                }
            }
        }
        Self { whole, lines }
    }

    fn place(&self, at: usize) -> Option<usize> {
        let index = self.lines.partition_point(|(start, _, _)| *start <= at).checked_sub(1)?;
        let (start, length, place) = self.lines.get(index)?;
        (at <= start + length).then(|| place + (at - start))
    }

    fn span(&self, range: std::ops::Range<usize>) -> Span {
        match (self.place(range.start), self.place(range.end)) {
            (Some(start), Some(end)) if start <= end => Span::new(self.whole.file, start..end),
            (Some(start), _) => Span::new(self.whole.file, start..start),
            _ => self.whole,
        }
    }
}

fn read(body: &str, place: &dyn Fn(std::ops::Range<usize>) -> Span, diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut anchors: BTreeMap<usize, (Node, usize)> = BTreeMap::new();
    let mut root = None;
    let mut documents = 0;
    let mut nodes = 0_usize;
    let mut told_alias = false;
    let mut texts = Texts::default();
    for next in yaml::events(body) {
        let Event { what, tag, anchor, at } = match next {
            Ok(event) => event,
            Err(refused) => {
                diagnostics.push(Diagnostic::bad_input(place(refused.at..refused.at), refused.why));
                return None;
            }
        };
        let span = place(at.clone());
        nodes += 1;
        if nodes > MOST_NODES {
            diagnostics.push(Diagnostic::bad_input(
                span,
                format!("the template has more than {MOST_NODES} values, aliases counted each time"),
            ));
            return None;
        }
        let done = match what {
            What::Document => {
                documents += 1;
                if documents == 2 {
                    diagnostics.push(Diagnostic::bad_input(
                        span,
                        "a template is one YAML document, but another one begins here",
                    ));
                }
                continue;
            }
            What::Scalar { text, plain } => {
                let kind = NodeKind::Scalar { text: texts.of(text), plain };
                Some((tagged(Node { kind, span }, tag.as_deref(), &mut texts), anchor, 1))
            }
            What::Seq | What::Map => {
                open.push(Open { map: what == What::Map, items: Vec::new(), span, tag, anchor, before: nodes });
                None
            }
            What::End => open.pop().map(|closed| {
                let Open { map, items, span: first, tag, anchor, before } = closed;
                // A block ends where its last child ends, not where the parser noticed.
                let last = items.last().map(|item| item.span).filter(|_| at.is_empty()).unwrap_or(span);
                let kind = if map { mapping(items, diagnostics) } else { NodeKind::Seq(items.into()) };
                (tagged(Node { kind, span: first.to(last) }, tag.as_deref(), &mut texts), anchor, nodes - before)
            }),
            What::Alias(id) => {
                if !told_alias {
                    told_alias = true;
                    diagnostics.push(Diagnostic::note(
                        span,
                        Severity::Info,
                        "CloudFormation itself does not read YAML aliases; this is read as `aws cloudformation package` expands it",
                    ));
                }
                match anchors.get(&id) {
                    Some((node, size)) => {
                        nodes = nodes.saturating_add(*size);
                        Some((node.clone(), 0, *size))
                    }
                    None => {
                        diagnostics.push(Diagnostic::bad_input(span, "this alias refers to itself or to nothing"));
                        Some((Node { kind: NodeKind::Twice, span }, 0, 1))
                    }
                }
            }
        };
        if open.len() > DEEPEST {
            diagnostics.push(Diagnostic::bad_input(span, format!("nested more than {DEEPEST} levels deep")));
            return None;
        }
        let Some((node, anchor, size)) = done else { continue };
        if anchor > 0 {
            anchors.insert(anchor, (node.clone(), size));
        }
        match open.last_mut() {
            None if root.is_none() => root = Some(node),
            None => {}
            Some(parent) => parent.items.push(node),
        }
    }
    root
}

/// Short texts of one template, each kept once.
#[derive(Default)]
struct Texts(HashSet<Arc<str>>);

impl Texts {
    const LONGEST: usize = 40;

    fn of(&mut self, text: Cow<'_, str>) -> Arc<str> {
        if text.len() > Self::LONGEST {
            return text.into();
        }
        if let Some(known) = self.0.get(&*text) {
            return known.clone();
        }
        let text: Arc<str> = text.into();
        self.0.insert(text.clone());
        text
    }
}

/// `!Sub x` in its long form.
fn tagged(node: Node, tag: Option<&str>, texts: &mut Texts) -> Node {
    let Some(tag) = tag else { return node };
    let span = node.span;
    let name = match tag {
        "Ref" | "Condition" => texts.of(tag.into()),
        "Sub" => texts.of("Fn::Sub".into()),
        "GetAtt" => texts.of("Fn::GetAtt".into()),
        tag => texts.of(format!("Fn::{tag}").into()),
    };
    let argument = match node.kind {
        NodeKind::Scalar { text, .. } => Node::scalar(text, span),
        kind => Node { kind, span },
    };
    Node { kind: NodeKind::Map([(Node::scalar(name, span), argument)].into()), span }
}

/// Keys and values in turn as entries: each key once, `<<` merged in.
fn mapping(items: Vec<Node>, diagnostics: &mut Vec<Diagnostic>) -> NodeKind {
    let mut entries: Vec<(Node, Node)> = Vec::with_capacity(items.len() / 2);
    let mut merged = Vec::new();
    let mut items = items.into_iter();
    while let (Some(mut key), Some(value)) = (items.next(), items.next()) {
        let plain = matches!(key.kind, NodeKind::Scalar { plain: true, .. });
        if plain && key.text() == Some("<<") {
            merged.push(value);
            continue;
        }
        if key.text().is_none() {
            diagnostics.push(Diagnostic::bad_input(key.span, "a key of a template is a string"));
            continue;
        }
        // A number as key is that number's text.
        if plain
            && let Some(text) = key.text()
            && text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | '.'))
        {
            let resolved = scalar::resolve(text);
            if let (Kind::Number(_), Some(read)) = (&resolved.kind, resolved.text())
                && *read != *text
            {
                diagnostics.extend(scalar::misread(text, key.span));
                key = Node::scalar(read, key.span);
            }
        }
        entries.push((key, value));
    }
    single(&mut entries, diagnostics);
    if !merged.is_empty() {
        let text = |key: &Node| key.text().map(Arc::<str>::from);
        let mut known: HashSet<Option<Arc<str>>> = entries.iter().map(|(key, _)| text(key)).collect();
        for value in merged {
            let maps = match &value.kind {
                NodeKind::Seq(items) => items.to_vec(),
                _ => vec![value],
            };
            for (key, value) in maps.iter().flat_map(|node| node.entries().to_vec()) {
                if known.insert(text(&key)) {
                    entries.push((key, value));
                }
            }
        }
    }
    NodeKind::Map(entries.into())
}

/// Tells of keys that stand twice, and keeps one of each.
fn single(entries: &mut Vec<(Node, Node)>, diagnostics: &mut Vec<Diagnostic>) {
    let twice = repeated(entries);
    for (earlier, later) in twice.into_iter().rev() {
        let (Some((a, one)), Some((b, other))) = (entries.get(earlier).cloned(), entries.get(later).cloned()) else {
            continue;
        };
        let name = a.text().unwrap_or_default();
        diagnostics.push(
            Diagnostic::bad_input(
                b.span,
                format!("the key `{name}` stands twice; which of them CloudFormation takes is not documented"),
            )
            .with_label(a.span, "the first one"),
        );
        let both_maps = matches!((&one.kind, &other.kind), (NodeKind::Map(_), NodeKind::Map(_)));
        if !both_maps
            && one.text() != other.text()
            && let Some((_, value)) = entries.get_mut(later)
        {
            value.kind = NodeKind::Twice;
        }
        entries.remove(earlier);
    }
}

/// Each key that stands there before, and its place before.
fn repeated(entries: &[(Node, Node)]) -> Vec<(usize, usize)> {
    // Most mappings have few keys, which are quicker compared than put into a table.
    if entries.len() <= 8 {
        let texts: Vec<&str> = entries.iter().filter_map(|(key, _)| key.text()).collect();
        let again = |(at, text): (usize, &&str)| texts.get(..at).is_some_and(|before| before.contains(text));
        if !texts.iter().enumerate().any(again) {
            return Vec::new();
        }
    }
    let mut first: HashMap<Arc<str>, usize> = HashMap::new();
    let places = entries.iter().enumerate().filter_map(|(at, (key, _))| Some((at, key.shared_text()?)));
    places.filter_map(|(at, text)| Some((first.insert(text, at)?, at))).collect()
}

/// The bytes of every YAML comment in a template, in order; as far as the template can be read.
pub(crate) fn comments(text: &str) -> Vec<std::ops::Range<usize>> {
    let start = text.len() - text.trim_start_matches('\u{feff}').len();
    let body = text.get(start..).unwrap_or_default();
    let scalars: Vec<std::ops::Range<usize>> = yaml::events(body)
        .map_while(Result::ok)
        .filter(|event| matches!(event.what, What::Scalar { .. }))
        .map(|event| event.at)
        .map(|range| range.start + start..range.end + start)
        .collect();
    let mut found = Vec::new();
    let mut line_start = 0;
    for line in text.split_inclusive('\n') {
        let end = line_start + line.trim_end_matches(['\n', '\r']).len();
        let begins = |at: &usize| {
            let before = text.get(line_start..*at).and_then(|before| before.chars().next_back());
            let within = scalars.partition_point(|scalar| scalar.start <= *at).checked_sub(1);
            let within = within.and_then(|index| scalars.get(index)).is_some_and(|scalar| scalar.contains(at));
            before.is_none_or(|character| matches!(character, ' ' | '\t')) && !within
        };
        if let Some(at) = line.match_indices('#').map(|(offset, _)| line_start + offset).find(begins) {
            found.push(at..end);
        }
        line_start += line.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_told_from_a_scalar() {
        let text = "# one\nA: \"x # no\" # two\nB: a#no\nC: |\n  # no\n  text\nD: [a, b] # three\n";
        let found: Vec<&str> = comments(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, ["# one", "# two", "# three"]);
    }
}
