//! Stacks that a template deploys: nested stacks, SAM applications, and stack sets over accounts and Regions.

use super::document::{self, Node};
use super::instance::{Inputs, Instance};
use super::intrinsics::{Evaluator, unknown_from};
use crate::aws::{AccountId, Known, Place};
use crate::diagnostic::Diagnostic;
use crate::source::{Span, join, parent};
use crate::value::{Existence, Guard, Kind, Reason, Unknown, Value};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// A template that a resource deploys: its file and tree.
type Found = (Arc<str>, Node);

impl Evaluator<'_> {
    /// The stack that the resource deploys; `None` where its template is not at hand, which is told.
    pub(super) fn nested(&self, name: &str, body: &Node) -> Option<Rc<Instance>> {
        if let Some(known) = self.at.memo.nested.borrow().get(name) {
            return known.clone();
        }
        // A template that deploys itself ends at the limit of nesting.
        self.at.memo.nested.borrow_mut().insert(name.into(), None);
        let instance = self.nested_instance(name, body);
        self.at.memo.nested.borrow_mut().insert(name.into(), instance.clone());
        instance
    }

    fn nested_instance(&self, name: &str, body: &Node) -> Option<Rc<Instance>> {
        let properties = body.get("Properties")?;
        let location = properties.get("TemplateURL").or_else(|| properties.get("Location"));
        let (path, root) = self.deployed(name, body, location, None)?;
        let given = properties.get("Parameters").map(|node| self.value(node));
        let given = given.as_ref().and_then(Value::as_map).map(|map| {
            map.entries.iter().map(|(key, entry)| (key.clone(), entry.value.clone())).collect::<BTreeMap<_, _>>()
        });
        Instance::new(
            self.world,
            root,
            Inputs {
                given: given.unwrap_or_default(),
                path,
                ..self.inputs(name, body, format!("{}{name}.", self.at.prefix), Place::clone(&self.at.place))
            },
        )
    }

    /// What a stack below this one has of it.
    fn inputs(&self, name: &str, body: &Node, prefix: String, place: Place) -> Inputs {
        let key = self.at.section("Resources").and_then(|section| section.key(name)).map_or(body.span, |key| key.span);
        let key = super::resources::construct(self.at, name, body).unwrap_or(key);
        Inputs {
            stack: self.at.stack,
            unit: self.at.unit.clone(),
            prefix: prefix.into(),
            place: place.into(),
            path: self.at.path.clone(),
            name: None,
            given: BTreeMap::new(),
            exports: self.at.exports.clone(),
            chain: self.at.chain.iter().copied().chain([key]).collect(),
            exists: self.exists(name, body).unwrap_or(Existence::Certain),
            depth: self.at.depth + 1,
            constructs: self.at.constructs.clone(),
        }
    }

    /// Whether a resource exists, its stack's own conditions included; `None` where it certainly does not.
    pub(super) fn exists(&self, name: &str, body: &Node) -> Option<Existence> {
        if let Some(many) = self.at.section("Resources").and_then(|section| section.many.get(name)) {
            return Some(Existence::Many(Arc::new(many.clone())));
        }
        if let Existence::Many(_) = &self.at.exists {
            return Some(self.at.exists.clone());
        }
        let mut guards = self.at.guards();
        if let Some(condition) = body.get("Condition")
            && let Some(text) = condition.text()
        {
            match self.condition(text) {
                Some(true) => {}
                Some(false) => return None,
                None => guards.push(Guard { text: self.guard(text), holds: true, span: Some(condition.span) }),
            }
        }
        Some(if guards.is_empty() { Existence::Certain } else { Existence::When(guards.into()) })
    }

    /// The template that a resource deploys, by its URL or its text.
    fn deployed(&self, name: &str, body: &Node, location: Option<&Node>, text: Option<&Node>) -> Option<Found> {
        let at = location.or(text).map_or(body.span, |node| node.span);
        let missing = |why: String| {
            self.world.tell(Diagnostic::not_evaluated(at, format!("what `{name}` deploys is not seen: {why}")));
            None
        };
        if let Some(text) = text {
            return self.inline(text).or_else(|| missing("its template is not known".to_owned()));
        }
        let asset = body.get("Metadata").and_then(|metadata| metadata.get("aws:asset:path")).and_then(Node::text);
        let Some(location) = location else { return missing("it names no template".to_owned()) };
        let value = self.value(location);
        let local = match (asset, value.text(), value.marked_text()) {
            (Some(asset), _, _) => Some(join(parent(&self.at.path), asset)),
            (None, Some(text), _) if !text.contains("://") => Some(join(parent(&self.at.path), &text)),
            (None, _, Some(marked)) => self.asset(&marked),
            _ => None,
        };
        let Some(path) = local else {
            // An application of the repository of serverless applications is named by its ARN.
            let named = value.text().or_else(|| value.get("ApplicationId")?.text());
            let shown =
                named.map_or_else(|| "its URL is not known".to_owned(), |url| format!("`{url}` is not at hand"));
            return missing(shown);
        };
        self.world.used.borrow_mut().insert(path.as_str().into());
        match self.world.template(&path) {
            Ok(Some((_, root))) => Some((path.into(), root)),
            Ok(None) => None,
            Err(error) => missing(format!("`{path}`: {error}")),
        }
    }

    /// A template that stands as text in a property.
    fn inline(&self, node: &Node) -> Option<Found> {
        let value = self.value(node);
        let text = match &value.kind {
            Kind::Map(_) => return Some((self.at.path.clone(), node.clone())),
            _ => value.text()?,
        };
        let places = document::Places::of(self.world.sources, &text, node.span);
        let (root, found) = document::parse_within(&text, &places);
        found.into_iter().for_each(|diagnostic| self.world.tell(diagnostic));
        root.map(|root| (self.at.path.clone(), root))
    }

    /// `GetAtt Nested.Outputs.X`.
    pub(super) fn nested_output(&self, resource: &str, body: &Node, output: &str, span: Span) -> Value {
        let Some(instance) = self.nested(resource, body) else {
            let mut unknown = Unknown::new(
                Reason::Derived(format!("the template of `{resource}` is not at hand").into()),
                Some(span),
            );
            unknown.symbol =
                Some(format!("{}.Outputs.{output} in stack {}", self.at.address(resource), self.at.stack.0).into());
            return Value::new(Kind::Unknown(Arc::new(unknown)));
        };
        let evaluator = Evaluator::new(self.world, &instance);
        evaluator.deeper(self);
        match instance.entry("Outputs", output).and_then(|output| output.get("Value")) {
            Some(node) => evaluator.value(node),
            None => self.invalid(span, &format!("the stack `{resource}` has no output `{output}`")),
        }
    }

    /// The stacks that a stack set deploys, one for each account and Region.
    pub(super) fn stack_set(&self, name: &str, body: &Node) -> Vec<Rc<Instance>> {
        let Some(properties) = body.get("Properties") else { return Vec::new() };
        let (location, text) = (properties.get("TemplateURL"), properties.get("TemplateBody"));
        let Some((path, root)) = self.deployed(name, body, location, text) else { return Vec::new() };
        let base = parameter_list(&properties.get("Parameters").map_or_else(Value::null, |node| self.value(node)));
        let groups = properties.get("StackInstancesGroup").map_or_else(Value::null, |node| self.value(node));
        let Some(groups) = groups.as_seq().filter(|seq| seq.open.is_none()) else {
            self.world.tell(Diagnostic::not_evaluated(
                body.span,
                format!("which accounts `{name}` deploys to is not told in the template"),
            ));
            return Vec::new();
        };
        let mut out = Vec::new();
        for group in &groups.items {
            let overrides = parameter_list(group.get("ParameterOverrides").unwrap_or(&Value::null()));
            let targets = group.get("DeploymentTargets").cloned().unwrap_or_else(Value::null);
            let regions = texts(group.get("Regions"));
            for (account, exists) in self.accounts(name, &targets, body.span) {
                for region in &regions {
                    let place = Place {
                        account: account.clone(),
                        region: match region {
                            Some(region) => Known::Is(region.clone()),
                            None => Known::Symbol(format!("a Region of the stack set `{name}`").into()),
                        },
                    };
                    let mut given = base.clone();
                    given.extend(overrides.clone());
                    let shown = |place: &Place| format!("{}/{}", short(&place.account), short(&place.region));
                    let prefix = format!("{}{name}[{}].", self.at.prefix, shown(&place));
                    let mut inputs = self.inputs(name, body, prefix, place);
                    if let Some(many) = &exists {
                        inputs.exists = Existence::Many(Arc::new(many.clone()));
                    }
                    let inputs = Inputs { given, path: path.clone(), ..inputs };
                    out.extend(Instance::new(self.world, root.clone(), inputs));
                }
            }
        }
        out
    }

    /// The accounts that a deployment target names; for an organizational unit that nobody resolves one that stands for
    /// any number, with why.
    fn accounts(&self, name: &str, targets: &Value, span: Span) -> Vec<(Known<AccountId>, Option<Value>)> {
        let filter = targets.get("AccountFilterType").and_then(Value::text);
        let mut listed = Vec::new();
        for account in texts(targets.get("Accounts")) {
            match account.as_deref().and_then(AccountId::parse) {
                Some(account) => listed.push(account),
                None => {
                    let unknown = targets.get("Accounts").unwrap_or(targets);
                    return vec![(
                        Known::Symbol(format!("an account of the stack set `{name}`").into()),
                        Some(unknown_from(unknown, span)),
                    )];
                }
            }
        }
        let units = texts(targets.get("OrganizationalUnitIds"));
        let mut members = Vec::new();
        let mut open = None;
        for unit in &units {
            let organization = &self.world.settings.organization;
            match unit.as_deref().and_then(|unit| organization.accounts_below(unit)) {
                // Stack sets leave the management account out, wherever in the tree it lies.
                Some(accounts) => {
                    members.extend(accounts.into_iter().filter(|one| Some(*one) != organization.management_account));
                }
                None => {
                    let shown = unit.clone().unwrap_or_else(|| "an organizational unit that is not known".into());
                    self.world.tell(Diagnostic::not_evaluated(
                        targets.span.unwrap_or(span),
                        format!(
                            "which accounts `{shown}` holds is not known; list them under [organization.units] in crossvault.toml"
                        ),
                    ));
                    open = Some((
                        shown.clone(),
                        Reason::Derived(format!("which accounts `{shown}` holds is not known").into()),
                    ));
                }
            }
        }
        let mut all: Vec<AccountId> = match filter.as_deref() {
            _ if units.is_empty() => listed,
            Some("INTERSECTION") => {
                listed.into_iter().filter(|account| open.is_some() || members.contains(account)).collect()
            }
            Some("DIFFERENCE") => members.into_iter().filter(|account| !listed.contains(account)).collect(),
            Some("UNION") => members.into_iter().chain(listed).collect(),
            _ => members,
        };
        all.sort();
        all.dedup();
        let mut out: Vec<(Known<AccountId>, Option<Value>)> =
            all.into_iter().map(|account| (Known::Is(account), None)).collect();
        if let Some((unit, reason)) = open
            && filter.as_deref() != Some("INTERSECTION")
        {
            out.push((
                Known::Symbol(format!("an account of `{unit}`").into()),
                Some(Value::unknown(reason, targets.span.or(Some(span)))),
            ));
        }
        out
    }
}

/// An account or Region as an address shows it.
fn short<T: std::fmt::Display>(known: &Known<T>) -> String {
    match known {
        Known::Is(value) => value.to_string(),
        Known::Symbol(_) => "?".to_owned(),
    }
}

/// A list's texts; `None` for what is not known.
fn texts(value: Option<&Value>) -> Vec<Option<Arc<str>>> {
    match value.map(|value| &value.kind) {
        Some(Kind::Seq(seq)) => seq.items.iter().map(Value::text).chain(seq.open.iter().map(|_| None)).collect(),
        None | Some(Kind::Null(_)) => Vec::new(),
        Some(_) => vec![value.and_then(Value::text)],
    }
}

/// `ParameterKey` and `ParameterValue` pairs.
fn parameter_list(value: &Value) -> BTreeMap<Arc<str>, Value> {
    let items = value.as_seq().map(|seq| seq.items.as_slice()).unwrap_or_default();
    items
        .iter()
        .filter_map(|item| Some((item.get("ParameterKey")?.text()?, item.get("ParameterValue")?.clone())))
        .collect()
}
