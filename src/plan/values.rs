//! Planned values: what is known, joined with why the rest is not.

use super::references::{Candidates, References, Site};
use crate::json::{Node, NodeKind, Text};
use crate::source::{FileId, Span};
use crate::value::{Entry, Kind, Map, MapKind, Reason, Ref, Seq, SeqKind, StackId, Unknown, Value};
use serde_json::Value as Json;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Nested blocks that no provider computes: wholly unknown, they are written in a dynamic block.
const WRITTEN_BLOCKS: [&str; 5] =
    ["rule", "copy_action", "selection_tag", "server_side_encryption_configuration", "lifecycle_rule"];
/// Arguments that the provider never computes (they are required, or left out for good): unknown, they are set.
///
/// Source: schema of version 5.100 of the AWS provider.
const NEVER_COMPUTED: [&str; 18] = [
    "destination_vault_arn",
    "target_vault_name",
    "backup_vault_name",
    "plan_id",
    "iam_role_arn",
    "role",
    "roles",
    "policy_arn",
    "policy_id",
    "target_id",
    "target_key_id",
    "key_id",
    "key_arn",
    "primary_key_arn",
    "bucket",
    "resources",
    "content",
    "service_role",
];
/// Arguments that name one other resource.
const NAMING: [&str; 22] = [
    "destination_vault_arn",
    "target_vault_name",
    "target_logically_air_gapped_backup_vault_arn",
    "backup_vault_name",
    "plan_id",
    "iam_role_arn",
    "role",
    "policy_arn",
    "policy_id",
    "target_id",
    "target_key_id",
    "key_id",
    "key_arn",
    "primary_key_arn",
    "bucket",
    "kms_key_arn",
    "kms_key_id",
    "encryption_key_arn",
    "kms_master_key_id",
    "permissions_boundary",
    "cluster_identifier",
    "option_group_name",
];
/// Arguments that list other resources.
const LISTING: [&str; 4] = ["resources", "not_resources", "roles", "managed_policy_arns"];

/// What the values of one resource are read with.
pub(super) struct Reader<'r, 'a> {
    pub(super) file: FileId,
    pub(super) stack: StackId,
    /// `None` for a state.
    pub(super) references: Option<&'r References<'a>>,
    /// Rendered policy documents by the data source's address.
    pub(super) documents: &'r BTreeMap<String, Value>,
    /// Names that were met before, so that the same name is kept once.
    pub(super) names: &'r RefCell<BTreeSet<Arc<str>>>,
}

/// A piece of the file that was read: offsets are relative to `base`.
pub(super) struct Piece {
    pub(super) node: Node,
    pub(super) base: usize,
}

/// What the configuration says of a value.
#[derive(Clone, Copy)]
enum Said<'e> {
    /// The attribute is not set.
    Absent,
    Is(&'e Json),
    /// Within a dynamic block: the expressions are not in plan JSON.
    Dynamic,
    /// There is no configuration to ask: a state.
    Nothing,
}

impl Reader<'_, '_> {
    fn name(&self, text: &str) -> Arc<str> {
        let mut names = self.names.borrow_mut();
        if let Some(known) = names.get(text) {
            return known.clone();
        }
        let name: Arc<str> = text.into();
        names.insert(name.clone());
        name
    }

    fn span(&self, base: usize, range: std::ops::Range<usize>) -> Span {
        Span::new(self.file, base + range.start..base + range.end)
    }

    /// A value that is known, by itself.
    pub(super) fn plain(&self, name: &str, piece: &Piece) -> Option<Value> {
        self.value(name, &piece.node, piece.base, None, None, Said::Nothing, &Site::default(), "")
    }

    /// The attributes of a resource: `after` joined with `after_unknown`, what is null left out.
    pub(super) fn attributes(
        &self,
        after: Option<&Piece>,
        unknown: Option<&Piece>,
        sensitive: Option<&Node>,
        expressions: &Json,
        site: &Site,
        kind: &str,
    ) -> Value {
        let mut entries = Vec::new();
        let known = after.map(|piece| (object(&piece.node), piece.base));
        let (known, base) = known.unwrap_or_default();
        let (masks, mask_base) = unknown.map(|piece| (object(&piece.node), piece.base)).unwrap_or_default();
        let said = |name: &str| match (self.references, expressions.get(name)) {
            (None, _) => Said::Nothing,
            (Some(_), Some(expression)) => Said::Is(expression),
            (Some(_), None) => Said::Absent,
        };
        for (key, node) in known {
            let mask = masks.iter().find(|(name, _)| name.text == key.text).map(|(_, mask)| mask);
            let hidden = sensitive.and_then(|mask| child(mask, &key.text));
            let value = self.value(&key.text, node, base, mask, hidden, said(&key.text), site, kind);
            if let Some(value) = value {
                // What is secret has no place either: a place is shown.
                let span = (!value.sensitive).then(|| self.span(base, key.start..node.end));
                entries.push((self.name(&key.text), Entry { value, span }));
            }
        }
        for (key, mask) in masks {
            if matches!(mask.kind, NodeKind::Bool(true)) && !known.iter().any(|(name, _)| name.text == key.text) {
                let span = self.span(mask_base, key.start..mask.end);
                if let Some(value) = self.unknown(&key.text, said(&key.text), span, site, kind) {
                    entries.push((self.name(&key.text), Entry { value, span: Some(span) }));
                }
            }
        }
        // Collected at once, a map takes half of the memory.
        let entries = entries.into_iter().collect();
        Value::new(Kind::Map(Arc::new(Map::new(MapKind::Object, entries, None))))
    }

    /// A value, or `None` where it counts as left out.
    #[expect(clippy::too_many_arguments, reason = "four trees of one shape are walked together")]
    fn value(
        &self,
        name: &str,
        node: &Node,
        base: usize,
        mask: Option<&Node>,
        sensitive: Option<&Node>,
        said: Said<'_>,
        site: &Site,
        kind: &str,
    ) -> Option<Value> {
        let span = self.span(base, node.start..node.end);
        if mask.is_some_and(|mask| matches!(mask.kind, NodeKind::Bool(true))) {
            return self.unknown(name, said, span, site, kind);
        }
        let secret = sensitive.is_some_and(|mask| matches!(mask.kind, NodeKind::Bool(true)));
        let kind = match &node.kind {
            NodeKind::Null => return None,
            NodeKind::Bool(value) => Kind::Bool(*value),
            NodeKind::Number(number) => Kind::Number(number.clone()),
            // The provider writes what is not set as an empty text.
            NodeKind::String(text) if text.text.is_empty() && matches!(said, Said::Absent | Said::Nothing) => {
                return None;
            }
            NodeKind::String(text) => Kind::String(self.text(text)),
            NodeKind::Array(items) => {
                if items.is_empty() {
                    return None;
                }
                Kind::Seq(Arc::new(self.items(name, items, base, mask, sensitive, said, site, kind)))
            }
            NodeKind::Object(items) => {
                let mut entries = Vec::new();
                let masks = mask.map(object).unwrap_or_default();
                let below = |key: &str| match said {
                    Said::Is(expression) if expression.get("references").is_some() => said,
                    Said::Is(expression) if expression.get("constant_value").is_some() => said,
                    Said::Is(expression) => expression.get(key).map_or(Said::Absent, Said::Is),
                    other => other,
                };
                for (key, node) in items {
                    let mask = masks.iter().find(|(name, _)| name.text == key.text).map(|(_, mask)| mask);
                    let hidden = sensitive.and_then(|mask| child(mask, &key.text));
                    if let Some(value) = self.value(&key.text, node, base, mask, hidden, below(&key.text), site, kind) {
                        let span = (!value.sensitive).then(|| self.span(base, key.start..node.end));
                        entries.push((self.name(&key.text), Entry { value, span }));
                    }
                }
                for (key, mask) in masks {
                    if matches!(mask.kind, NodeKind::Bool(true))
                        && !items.iter().any(|(name, _)| name.text == key.text)
                        && let Some(value) = self.unknown(&key.text, below(&key.text), span, site, kind)
                    {
                        entries.push((self.name(&key.text), Entry { value, span: None }));
                    }
                }
                let entries = entries.into_iter().collect();
                Kind::Map(Arc::new(Map::new(MapKind::Object, entries, None)))
            }
        };
        Some(Value { kind, span: (!secret).then_some(span), sensitive: secret })
    }

    fn text(&self, text: &Text) -> Arc<str> {
        // Short texts repeat: `STRINGEQUALS`, tag values, types.
        if text.text.len() <= 24 { self.name(&text.text) } else { text.text.as_str().into() }
    }

    #[expect(clippy::too_many_arguments, reason = "four trees of one shape are walked together")]
    fn items(
        &self,
        name: &str,
        items: &[Node],
        base: usize,
        mask: Option<&Node>,
        sensitive: Option<&Node>,
        said: Said<'_>,
        site: &Site,
        kind: &str,
    ) -> Seq {
        fn nth(node: Option<&Node>, index: usize) -> Option<&Node> {
            match node.map(|node| &node.kind) {
                Some(NodeKind::Array(items)) => items.get(index),
                _ => None,
            }
        }
        let blocks = items.iter().all(|item| matches!(item.kind, NodeKind::Object(_)));
        let matched = match said {
            Said::Is(Json::Array(written)) => assign(items, written),
            _ => Vec::new(),
        };
        let mut out = Vec::new();
        let mut unknown_elements = 0;
        for (index, item) in items.iter().enumerate() {
            let below = match said {
                Said::Is(Json::Array(written)) => {
                    matched.get(index).copied().flatten().and_then(|at| written.get(at)).map_or(Said::Dynamic, Said::Is)
                }
                // Blocks that are there and not in the configuration come from a dynamic block, or from the provider.
                Said::Absent if blocks => Said::Dynamic,
                other => other,
            };
            let element = nth(mask, index);
            if element.is_some_and(|mask| matches!(mask.kind, NodeKind::Bool(true))) {
                unknown_elements += 1;
                let why = self.not_told(name, said, self.span(base, item.start..item.end));
                out.push(why);
                continue;
            }
            let hidden = match sensitive.map(|mask| &mask.kind) {
                Some(NodeKind::Array(_)) => nth(sensitive, index),
                Some(NodeKind::Bool(true)) => sensitive,
                _ => None,
            };
            if let Some(value) = self.value(name, item, base, element, hidden, below, site, kind) {
                out.push(value);
            }
        }
        // As many unknown elements as candidates, and nothing else that plays a part: these are they.
        if unknown_elements > 0
            && LISTING.contains(&name)
            && kind != "aws_iam_policy_document"
            && let (Said::Is(expression), Some(references)) = (said, self.references)
        {
            let candidates = references.candidates(expression, site);
            if candidates.hidden.is_none() && !candidates.inputs && candidates.resources.len() == unknown_elements {
                let mut named = candidates.resources.iter();
                for value in out.iter_mut().filter(|value| matches!(value.kind, Kind::Unknown(_))) {
                    if let Some((address, attribute)) = named.next() {
                        *value = Value { kind: self.reference(address, attribute).kind, ..value.clone() };
                    }
                }
            }
        }
        Seq::new(if blocks { SeqKind::Tuple } else { SeqKind::List }, out, None)
    }

    /// A value that is known after the plan is applied; `None` where it is left out and the provider decides.
    fn unknown(&self, name: &str, said: Said<'_>, span: Span, site: &Site, kind: &str) -> Option<Value> {
        let (Said::Is(expression), Some(references)) = (said, self.references) else {
            return match said {
                Said::Absent if !WRITTEN_BLOCKS.contains(&name) => None,
                _ => Some(self.not_told(name, said, span)),
            };
        };
        // Of a block as a whole: the expressions of its parts do not tell how many there are.
        if expression.is_array() {
            return Some(self.not_told(name, Said::Dynamic, span));
        }
        let candidates = references.candidates(expression, site);
        let computed = !NEVER_COMPUTED.contains(&name);
        if candidates.hidden.is_none() && candidates.resources.is_empty() {
            // Nothing that it refers to is unknown: it is null, and the provider decides.
            return match computed {
                true => None,
                false => Some(self.not_told(name, said, span)),
            };
        }
        if LISTING.contains(&name) {
            return Some(self.listed(name, &candidates, span));
        }
        let only = match (candidates.resources.iter().next(), candidates.resources.len(), &candidates.hidden) {
            (Some(only), 1, None) if !candidates.inputs || !computed => Some(only),
            _ => None,
        };
        let Some((address, attribute)) = only else {
            return Some(self.one_of(name, &candidates, computed, span));
        };
        if matches!(attribute.as_str(), "json" | "minified_json")
            && let Some(document) = self.documents.get(address)
        {
            return Some(document.clone());
        }
        if NAMING.contains(&name) && kind != "aws_iam_policy_document" && names(attribute) {
            return Some(Value { span: Some(span), ..self.reference(address, attribute) });
        }
        Some(self.one_of(name, &candidates, computed, span))
    }

    fn reference(&self, address: &str, attribute: &str) -> Value {
        // Through a splat or a computed key the attribute's name is lost; which resource it is, is not.
        let attr = if attribute.is_empty() || attribute.contains(['[', '.']) { "arn" } else { attribute };
        let reference = Ref { stack: self.stack, address: address.into(), attr: attr.into(), known: None };
        Value::new(Kind::Ref(Arc::new(reference)))
    }

    /// A list of which the candidates are known, and nothing else.
    fn listed(&self, name: &str, candidates: &Candidates, span: Span) -> Value {
        let why = self.one_of(name, candidates, false, span);
        let Kind::Unknown(open) = &why.kind else { return why };
        if candidates.hidden.is_some() || candidates.inputs {
            return why;
        }
        let items = candidates.resources.iter();
        let items = items.map(|(address, attribute)| self.reference(address, attribute).at(span)).collect();
        // Literal elements of the list are not in plan JSON.
        let seq = Seq::new(SeqKind::List, items, Some(open.clone()));
        Value::new(Kind::Seq(Arc::new(seq))).at(span)
    }

    fn not_told(&self, name: &str, said: Said<'_>, span: Span) -> Value {
        let text = match said {
            Said::Dynamic | Said::Absent => format!(
                "`{name}` is written in a dynamic block, whose expressions plan JSON does not hold; give the plan file \
                 itself, or the code"
            ),
            _ => format!("`{name}` is known after the plan is applied"),
        };
        derived(text, span)
    }

    fn one_of(&self, name: &str, candidates: &Candidates, computed: bool, span: Span) -> Value {
        let mut named: Vec<String> = candidates
            .resources
            .iter()
            .take(3)
            .map(
                |(address, attribute)| {
                    if attribute.is_empty() { format!("`{address}`") } else { format!("`{address}.{attribute}`") }
                },
            )
            .collect();
        if candidates.resources.len() > named.len() {
            named.push("others".to_owned());
        }
        named.extend(candidates.hidden.iter().map(|text| format!("`{text}`")));
        if computed && candidates.inputs {
            named.push("nothing".to_owned());
        }
        let named = named.join(" or ");
        derived(
            format!(
                "plan JSON tells that `{name}` follows from {named}, not how; give the plan file itself, or the code"
            ),
            span,
        )
    }
}

fn derived(text: String, span: Span) -> Value {
    Value {
        span: Some(span),
        ..Value::new(Kind::Unknown(Arc::new(Unknown::new(Reason::Derived(text.into()), Some(span)))))
    }
}

/// Whether a resource is named by this attribute; without a name it was lost in a splat.
fn names(attribute: &str) -> bool {
    let plain = ["", "arn", "id", "name", "key_id", "bucket", "identifier", "cluster_identifier", "target_key_arn"];
    plain.contains(&attribute) || attribute == "target_key_id"
}

/// The entries of an object; nothing of another value.
pub(super) fn object(node: &Node) -> &[(Text, Node)] {
    match &node.kind {
        NodeKind::Object(entries) => entries,
        _ => &[],
    }
}

/// The mask of an entry; a mask that is `true` holds for all entries.
fn child<'n>(mask: &'n Node, name: &str) -> Option<&'n Node> {
    match &mask.kind {
        NodeKind::Bool(true) => Some(mask),
        _ => object(mask).iter().find(|(key, _)| key.text == name).map(|(_, mask)| mask),
    }
}

/// Which of the written blocks each planned block is. The order of a set is not the order in which it is written, so
/// they are told apart by their constants.
fn assign(planned: &[Node], written: &[Json]) -> Vec<Option<usize>> {
    if planned.len() != written.len() {
        return vec![None; planned.len()];
    }
    let mut out: Vec<Option<usize>> = vec![None; planned.len()];
    let mut free: BTreeSet<usize> = (0..written.len()).collect();
    loop {
        let fits = |node: &Node| {
            free.iter().copied().filter(|at| written.get(*at).is_some_and(|json| fits(node, json))).collect::<Vec<_>>()
        };
        let sole = out.iter().zip(planned).enumerate().find_map(|(index, (done, node))| match fits(node).as_slice() {
            [only] if done.is_none() => Some((index, *only)),
            _ => None,
        });
        let Some((index, at)) = sole else { break };
        free.remove(&at);
        if let Some(slot) = out.get_mut(index) {
            *slot = Some(at);
        }
    }
    // Blocks that are alike in all that is known may be exchanged.
    let open: Vec<&Node> = out.iter().zip(planned).filter(|(done, _)| done.is_none()).map(|(_, node)| node).collect();
    let alike = open.windows(2).all(|pair| matches!(pair, [a, b] if same(a, b)));
    if alike {
        let mut free = free.into_iter();
        for slot in out.iter_mut().filter(|slot| slot.is_none()) {
            *slot = free.next();
        }
    }
    out
}

/// Whether the block can be the written one: no constant says otherwise.
fn fits(node: &Node, written: &Json) -> bool {
    let Json::Object(expressions) = written else { return true };
    expressions.iter().all(|(name, expression)| {
        let value = object(node).iter().find(|(key, _)| key.text == *name).map(|(_, value)| value);
        match (expression.get("constant_value"), expression, value) {
            (Some(constant), _, Some(value)) => equal(value, constant),
            (Some(_), _, None) => true,
            (None, Json::Array(blocks), Some(Node { kind: NodeKind::Array(items), .. })) => {
                items.len() != blocks.len() || items.iter().all(|item| blocks.iter().any(|block| fits(item, block)))
            }
            _ => true,
        }
    })
}

fn equal(node: &Node, json: &Json) -> bool {
    match (&node.kind, json) {
        (NodeKind::Null, Json::Null) => true,
        (NodeKind::Bool(a), Json::Bool(b)) => a == b,
        (NodeKind::String(a), Json::String(b)) => a.text == *b,
        // The provider turns numbers into texts and back.
        (NodeKind::Number(a), Json::Number(b)) => a.to_string() == b.to_string(),
        (NodeKind::Number(a), Json::String(b)) => a.to_string() == *b,
        (NodeKind::String(a), Json::Number(b)) => a.text == b.to_string(),
        (NodeKind::String(a), Json::Bool(b)) => a.text == b.to_string(),
        // Elements of a set are in another order.
        (NodeKind::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().all(|item| b.iter().any(|json| equal(item, json)))
        }
        (NodeKind::Object(_), Json::Object(_)) => true,
        _ => false,
    }
}

/// Whether both nodes say the same.
fn same(a: &Node, b: &Node) -> bool {
    match (&a.kind, &b.kind) {
        (NodeKind::Null, NodeKind::Null) => true,
        (NodeKind::Bool(a), NodeKind::Bool(b)) => a == b,
        (NodeKind::Number(a), NodeKind::Number(b)) => a == b,
        (NodeKind::String(a), NodeKind::String(b)) => a.text == b.text,
        (NodeKind::Array(a), NodeKind::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (NodeKind::Object(a), NodeKind::Object(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((k, a), (l, b))| k.text == l.text && same(a, b))
        }
        _ => false,
    }
}
