//! `count`, `for_each`, dynamic blocks and module calls: from blocks to instances.

use super::expression::{Step, elements, why};
use super::{Demand, Evaluator, Instance, Repetition, Scope};
use crate::diagnostic::Diagnostic;
use crate::resource::{REST, Resource};
use crate::source::join;
use crate::terraform::ast::{Attribute, Block, Body, Expr, ExprKind};
use crate::terraform::functions::EvalError;
use crate::terraform::module::ResourceBlock;
use crate::terraform::ops::{derived, fail, index, make_seq};
use crate::value::Existence;
use crate::value::{Branch, Entries, Entry, Guard, Kind, Map, MapKind, Reason, Seq, SeqKind, Type, Unknown, Value};
use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

/// All instances of one resource block.
pub(super) struct Expansion {
    pub(super) resources: Vec<Resource>,
    /// The key of each and what `count` or `for_each` says of its existence; none where the block has neither.
    slots: Vec<(Option<Value>, Existence)>,
    shape: Shape,
    /// Made where something refers to it; of data sources at once.
    value: OnceCell<Value>,
    /// Where each address stands in `resources`, once one of many is looked up.
    places: OnceCell<HashMap<Arc<str>, usize>>,
}

impl Expansion {
    /// Of a block that is not evaluated.
    fn not(value: Value) -> Rc<Self> {
        Rc::new(Self::new(Vec::new(), Vec::new(), Shape::Single, value.into()))
    }

    fn new(
        resources: Vec<Resource>,
        slots: Vec<(Option<Value>, Existence)>,
        shape: Shape,
        value: OnceCell<Value>,
    ) -> Self {
        Self { resources, slots, shape, value, places: OnceCell::new() }
    }

    fn resource(&self, address: &str) -> Option<&Resource> {
        if let [only] = self.resources.as_slice() {
            return Some(only).filter(|only| &*only.address == address);
        }
        let places = self.places.get_or_init(|| {
            self.resources.iter().enumerate().map(|(at, resource)| (resource.address.clone(), at)).collect()
        });
        self.resources.get(*places.get(address)?)
    }
}

/// All instances of one module call.
pub(super) struct CallExpansion {
    pub(super) instances: Vec<(Option<Value>, Rc<Instance>)>,
    /// Where each key stands in `instances`.
    keys: HashMap<Arc<str>, usize>,
    shape: Shape,
    /// Why outputs are not known: the module is not at hand.
    pub(super) missing: Option<Value>,
}

impl CallExpansion {
    fn missing(shape: Shape, why: Value) -> Self {
        Self { instances: Vec::new(), keys: HashMap::new(), shape, missing: Some(why) }
    }
}

#[derive(Clone)]
enum Shape {
    Single,
    Count,
    Keyed,
    /// The number of instances is not known.
    Open(Value),
}

impl Shape {
    /// What a reference to all instances means, of these values; one whose existence is open counts by its slot.
    fn filled(&self, slots: &[(Option<Value>, Existence)], values: Vec<Value>) -> Value {
        let conditional = slots.iter().find_map(|(_, exists)| match exists {
            Existence::When(guards) => guards.first().cloned(),
            _ => None,
        });
        let open = match self {
            Shape::Open(cause) => why(cause),
            _ => None,
        };
        let build = |keep: &dyn Fn(&Existence) -> bool| {
            let kept = slots.iter().zip(&values).filter(|((_, exists), _)| keep(exists));
            match self {
                Shape::Single => values.first().cloned().unwrap_or_else(Value::null),
                Shape::Count => {
                    Value::new(make_seq(SeqKind::Tuple, kept.map(|(_, value)| value.clone()).collect(), None))
                }
                Shape::Keyed | Shape::Open(_) => {
                    let keyed = kept.filter_map(|((key, exists), value)| {
                        let name =
                            key.as_ref().and_then(Value::text).filter(|_| !matches!(exists, Existence::Many(_)))?;
                        Some((name, Entry { value: value.clone(), span: None }))
                    });
                    Value::new(Kind::Map(Arc::new(Map::new(MapKind::Object, keyed.collect(), open.clone()))))
                }
            }
        };
        if let Shape::Open(cause) = self
            && !matches!(cause.kind, Kind::Cond(_))
            && slots.iter().all(|(_, exists)| matches!(exists, Existence::Many(_)))
        {
            return derived(&[cause], Type::Dynamic);
        }
        match conditional {
            // One undecided condition governs all instances in practice: it holds, or it does not.
            Some(guard) if !matches!(self, Shape::Single) => {
                let not = Guard { holds: !guard.holds, ..guard.clone() };
                let with = build(&|_| true);
                let without = build(&|exists| matches!(exists, Existence::Certain));
                Value::new(Kind::Cond(
                    vec![Branch { guard, value: with }, Branch { guard: not, value: without }].into(),
                ))
            }
            _ => build(&|_| true),
        }
    }
}

/// One planned instance.
struct Slot {
    key: Option<Value>,
    repetition: Repetition,
    exists: Existence,
}

impl Evaluator<'_> {
    /// The instances that `count` or `for_each` in `body` ask for.
    fn slots(&self, body: &Body, scope: &Scope<'_>) -> (Vec<Slot>, Shape) {
        if let Some(attribute) = body.attribute("count") {
            return self.counted(attribute, scope);
        }
        if let Some(attribute) = body.attribute("for_each") {
            return self.keyed(attribute, scope);
        }
        (vec![Slot { key: None, repetition: Repetition::default(), exists: Existence::Certain }], Shape::Single)
    }

    fn counted(&self, attribute: &Attribute, scope: &Scope<'_>) -> (Vec<Slot>, Shape) {
        let mut count = self.value(&attribute.value, scope);
        let slot = |at: i64, exists| Slot {
            key: Some(Value::int(at)),
            repetition: Repetition { each: None, count: Some(Value::int(at)) },
            exists,
        };
        let most = match &count.kind {
            Kind::Cond(branches) => {
                let all: Option<Vec<i64>> = branches.iter().map(|branch| branch.value.as_i64()).collect();
                all.and_then(|all| all.into_iter().max())
            }
            _ => count.as_i64(),
        };
        if most.is_some_and(|most| usize::try_from(most).is_ok_and(|most| most > self.settings.limits.instances)) {
            count = too_many(attribute, self.settings.limits.instances);
        } else if let Some(most) = most {
            let Kind::Cond(branches) = &count.kind else {
                return ((0..most).map(|at| slot(at, Existence::Certain)).collect(), Shape::Count);
            };
            let slots = (0..most).map(|at| {
                let with: Vec<&Branch> =
                    branches.iter().filter(|branch| branch.value.as_i64().is_some_and(|n| n > at)).collect();
                slot(at, existence(&with, branches))
            });
            return (slots.collect(), Shape::Count);
        }
        self.tell(self.not_expanded(attribute, &count));
        let unknown = self.unknown_from(&count);
        let summary = Slot {
            key: Some(unknown.clone()),
            repetition: Repetition { each: None, count: Some(unknown) },
            exists: Existence::Many(Arc::new(count.clone())),
        };
        (vec![summary], Shape::Open(count))
    }

    fn keyed(&self, attribute: &Attribute, scope: &Scope<'_>) -> (Vec<Slot>, Shape) {
        let collection = self.value(&attribute.value, scope);
        let alternatives: Vec<Branch> = match &collection.kind {
            Kind::Cond(branches) => branches.to_vec(),
            _ => vec![Branch { guard: Guard { text: "".into(), holds: true, span: None }, value: collection.clone() }],
        };
        let mut found: BTreeMap<Arc<str>, (Value, Value, Vec<&Branch>)> = BTreeMap::new();
        let mut open = None;
        for branch in &alternatives {
            match elements(&branch.value) {
                Ok(Some((items, more))) => {
                    for (key, value) in items {
                        match key.text().or_else(|| value.text()) {
                            Some(name) => {
                                let at = found.entry(name).or_insert_with(|| (key, value, Vec::new()));
                                at.2.push(branch);
                            }
                            None => open = open.or_else(|| why(&key)),
                        }
                    }
                    open = open.or(more);
                }
                Ok(None) => open = open.or_else(|| why(&branch.value)),
                Err(error) => {
                    self.invalid(attribute.value.span, &format!("`for_each`: {}", error.0));
                    open = open
                        .or_else(|| why(&Value::unknown(Reason::Invalid(error.0.into()), Some(attribute.value.span))));
                }
            }
        }
        if found.len() > self.settings.limits.instances {
            open = why(&too_many(attribute, self.settings.limits.instances));
            found.clear();
        }
        let mut slots: Vec<Slot> = found
            .into_iter()
            .map(|(name, (key, value, with))| {
                let key = Value { span: key.span, ..Value::string(name) };
                let exists = existence(&with, &alternatives);
                Slot {
                    key: Some(key.clone()),
                    repetition: Repetition { each: Some((key, value)), count: None },
                    exists,
                }
            })
            .collect();
        match open {
            None => (slots, Shape::Keyed),
            Some(unknown) => {
                let span = unknown.span;
                let why = Value { kind: Kind::Unknown(unknown), span, sensitive: false };
                self.tell(self.not_expanded(attribute, &why));
                let hole = self.unknown_from(&why);
                slots.push(Slot {
                    key: Some(hole.clone()),
                    repetition: Repetition { each: Some((hole.clone(), hole)), count: None },
                    exists: Existence::Many(Arc::new(why.clone())),
                });
                (slots, Shape::Open(why))
            }
        }
    }

    pub(super) fn not_expanded(&self, attribute: &Attribute, cause: &Value) -> Diagnostic {
        let unknown = why(cause);
        let reason =
            unknown.as_ref().map_or_else(|| "its value is not known".to_owned(), |unknown| unknown.reason.to_string());
        let mut diagnostic = Diagnostic::not_evaluated(
            attribute.name_span.to(attribute.value.span),
            format!("block not expanded: {reason}"),
        )
        .labelled(format!("how many there are depends on this `{}`", attribute.name));
        if let Some(unknown) = unknown {
            if matches!(unknown.reason, Reason::InputWithoutValue(_)) {
                diagnostic = diagnostic.with_help("give a value with --var or --var-file");
            }
            if let Some(span) = unknown.span {
                diagnostic = diagnostic.with_label(span, "declared here");
            }
        }
        diagnostic
    }

    /// The instances of the resource or data source at this place in the instance's module, evaluated once.
    pub(super) fn expansion(&self, instance: &Rc<Instance>, at: usize) -> Rc<Expansion> {
        let key = (instance.id, at);
        let Some(block) = instance.module.resources.get(at) else { return Expansion::not(Value::null()) };
        match self.expansions.borrow().get(&key) {
            Some(Some(done)) => return done.clone(),
            Some(None) => {
                let why = format!("`{}.{}` depends on itself", block.kind, block.name);
                return Expansion::not(Value::unknown(Reason::Invalid(why.into()), None));
            }
            None => {}
        }
        self.expansions.borrow_mut().insert(key, None);
        let done = Rc::new(self.expand_resource(instance, block));
        self.expansions.borrow_mut().insert(key, Some(done.clone()));
        done
    }

    /// What a reference without index means: an object, a tuple, or a map of objects.
    fn object_of<'e>(&self, expansion: &'e Expansion) -> &'e Value {
        expansion.value.get_or_init(|| {
            let values = expansion.resources.iter().map(|resource| self.resource_value(resource));
            expansion.shape.filled(&expansion.slots, values.collect())
        })
    }

    fn expand_resource(&self, instance: &Rc<Instance>, block: &ResourceBlock) -> Expansion {
        let scope = Scope::new(instance);
        let (slots, shape) = self.slots(&block.block.body, &scope);
        let mut resources = Vec::with_capacity(slots.len());
        let mut kept = Vec::new();
        let mut values = Vec::new();
        for slot in slots {
            self.charge(100, block.block.header);
            let base =
                format!("{}{}{}.{}", instance.prefix, if block.data { "data." } else { "" }, block.kind, block.name);
            let address: Arc<str> = format!("{base}{}", suffix(slot.key.as_ref())).into();
            let mut scope = Scope::new(instance);
            scope.repetition = slot.repetition;
            let provider = self.provider_of(&block.block, &block.kind, &scope);
            let mut attributes = self.body(&block.block.body, &scope, &META);
            attributes.span = Some(block.block.span);
            let mut place = provider.place.clone();
            if !OWN_REGION.contains(&&*block.kind)
                && let Some(region) = attributes.get("region").filter(|region| !region.is_null())
            {
                Arc::make_mut(&mut place).region = self.own_region(region, &address);
            }
            super::arguments::typed(&block.kind, block.data, &mut attributes);
            write_only(&mut attributes);
            self.ignore_changes(&block.block, &mut attributes);
            // What is only read has no other tags than it has.
            if !block.data {
                self.merge_tags(&provider, &mut attributes);
            }
            if self.root_dir.borrow().is_some()
                && let Some(other) = super::terragrunt::on_the_machine(&attributes)
            {
                attributes = other;
            }
            let exists = both(&instance.exists, &slot.exists);
            let attributes = crate::value::hide(&block.kind, attributes, self.sources);
            let resource = Resource {
                stack: self.stack,
                address,
                kind: block.kind.clone(),
                data: block.data,
                place,
                attributes,
                span: block.block.span,
                header: block.block.header,
                chain: instance.chain.clone(),
                exists,
                imported_id: None,
            };
            let mut resource = Resource { imported_id: self.imported(instance, &resource).map(Box::new), ..resource };
            if block.data {
                let value = self.data_value(&resource, &block.block, &scope);
                super::data::computed_too(&mut resource, &value);
                values.push(value);
            }
            if !matches!(shape, Shape::Single) {
                kept.push((slot.key, slot.exists));
            }
            resources.push(resource);
        }
        if let Some(removed) = instance.module.removed.iter().find(|removed| removes(removed, block)) {
            let what =
                format!("`{}.{}` is removed here, but still declared: Terraform refuses that", block.kind, block.name);
            self.tell(
                Diagnostic::note(removed.header, crate::diagnostic::Severity::Warning, what)
                    .with_label(block.block.header, "declared here"),
            );
        }
        let value = if block.data { shape.filled(&kept, values).into() } else { OnceCell::new() };
        Expansion::new(resources, kept, shape, value)
    }

    /// The id that an `import` block of the root module gives this instance.
    fn imported(&self, instance: &Rc<Instance>, resource: &Resource) -> Option<Value> {
        if resource.data || matches!(resource.exists, Existence::Many(_)) {
            return None;
        }
        let imports = self.imports.borrow().clone();
        let imports = imports.unwrap_or_else(|| {
            // What an id itself depends on is not asked for its own id.
            *self.imports.borrow_mut() = Some(Rc::default());
            let found = Rc::new(self.imports_of(instance));
            *self.imports.borrow_mut() = Some(found.clone());
            found
        });
        imports.get(&*resource.address).cloned()
    }

    /// The ids of all `import` blocks by address.
    fn imports_of(&self, instance: &Rc<Instance>) -> BTreeMap<String, Value> {
        let mut root = instance.clone();
        while let Some((parent, _, _)) = &root.parent {
            root = parent.clone();
        }
        let mut out = BTreeMap::new();
        for import in &root.module.import {
            let (Some(to), Some(id)) = (import.body.attribute("to"), import.body.attribute("id")) else { continue };
            let mut scopes = vec![Scope::new(&root)];
            if let Some(each) = import.body.attribute("for_each") {
                let collection = self.value(&each.value, &Scope::new(&root));
                let items = elements(&collection).ok().flatten().map(|(items, _)| items).unwrap_or_default();
                let scope = |pair| {
                    let mut scope = Scope::new(&root);
                    scope.repetition.each = Some(pair);
                    scope
                };
                scopes = items.into_iter().take(self.settings.limits.instances).map(scope).collect();
            }
            for scope in &scopes {
                if let Some(address) = self.address(&to.value, scope) {
                    out.insert(address, self.value(&id.value, scope));
                }
            }
        }
        out
    }

    /// The address that an expression is, its keys evaluated: `module.m["k"].aws_kms_key.a`.
    fn address(&self, expr: &Expr, scope: &Scope<'_>) -> Option<String> {
        match &expr.kind {
            ExprKind::Variable(name) | ExprKind::String(name) => Some(name.to_string()),
            ExprKind::GetAttr(inner, name, _) => Some(format!("{}.{name}", self.address(inner, scope)?)),
            ExprKind::Index(inner, key) => {
                let key = self.value(key, scope);
                key.text()?;
                Some(format!("{}{}", self.address(inner, scope)?, suffix(Some(&key))))
            }
            _ => None,
        }
    }

    fn ignore_changes(&self, block: &Block, attributes: &mut Value) {
        let Some(ignored) =
            block.body.blocks("lifecycle").find_map(|lifecycle| lifecycle.body.attribute("ignore_changes"))
        else {
            return;
        };
        let Kind::Map(map) = &mut attributes.kind else { return };
        let map = Arc::make_mut(map);
        let unknown = || Value::unknown(Reason::IgnoredChange, Some(ignored.value.span));
        match &ignored.value.kind {
            ExprKind::Tuple(items) => {
                for item in items {
                    let text = self.source_text(item.span);
                    let name = text.trim_matches('"').split(['.', '[']).next().unwrap_or_default();
                    // Tags that something outside adds leave those of the code in place.
                    if !name.is_empty() && !name.starts_with("tags") {
                        let span = map.entries.get(name).and_then(|entry| entry.span);
                        map.entries.insert(name.into(), Entry { value: unknown(), span });
                    }
                }
            }
            // What the code leaves out may have been written when the resource was made.
            _ => {
                for (_, entry) in map.entries.iter_mut() {
                    entry.value = unknown();
                }
                map.entries.insert(REST.into(), Entry { value: unknown(), span: None });
            }
        }
    }

    /// A body as an object: attributes, and nested blocks as tuples of objects.
    pub(super) fn body(&self, body: &Body, scope: &Scope<'_>, meta: &[&str]) -> Value {
        let mut entries = Entries::new();
        for attribute in &body.attributes {
            if meta.contains(&&*attribute.name) {
                continue;
            }
            let value = self.value(&attribute.value, scope);
            let span = attribute.name_span.to(attribute.value.span);
            entries.insert(attribute.name.clone(), Entry { value, span: Some(span) });
        }
        let mut blocks: BTreeMap<Arc<str>, Seq> = BTreeMap::new();
        for block in &body.blocks {
            if meta.contains(&&*block.kind) {
                continue;
            }
            if &*block.kind == "dynamic" {
                let Some((kind, _)) = block.labels.first() else { continue };
                let seq = blocks.entry(kind.clone()).or_insert_with(empty);
                self.dynamic(block, kind, scope, seq);
                continue;
            }
            let mut value = self.body(&block.body, scope, &[]);
            value.span = Some(block.span);
            blocks.entry(block.kind.clone()).or_insert_with(empty).items.push(value);
        }
        let unread = body.unread.first().map(|span| Arc::new(Unknown::new(not_read(), Some(*span))));
        for (kind, mut seq) in blocks {
            seq.open = seq.open.or_else(|| unread.clone());
            let span = seq.items.first().and_then(|item| item.span);
            let value = Value { span, ..Value::new(Kind::Seq(Arc::new(seq))) };
            entries.insert(kind, Entry { value, span: None });
        }
        // A resource is asked for its attributes by name, a nested block for what it holds.
        let open = unread.clone().filter(|_| meta.is_empty());
        if let Some(unread) = unread.filter(|_| !meta.is_empty()) {
            let value = Value { span: unread.span, ..Value::new(Kind::Unknown(unread)) };
            entries.insert(REST.into(), Entry { value, span: None });
        }
        Value::new(Kind::Map(Arc::new(Map::new(MapKind::Object, entries, open))))
    }

    fn dynamic(&self, block: &Block, kind: &Arc<str>, scope: &Scope<'_>, out: &mut Seq) {
        let Some(each) = block.body.attribute("for_each") else { return };
        let collection = self.value(&each.value, scope);
        let iterator: Arc<str> = match block.body.attribute("iterator").map(|attribute| &attribute.value.kind) {
            Some(ExprKind::Variable(name)) => name.clone(),
            _ => kind.clone(),
        };
        let Some(content) = block.body.blocks("content").next() else { return };
        // A statement of a policy that may be there decides less than not knowing whether there are others.
        let stands_for_more = |open: &Value| {
            let mut inner = scope.clone();
            let element = derived(&[open], Type::Dynamic);
            inner.names.push((iterator.clone(), Value::object([("key", element.clone()), ("value", element)])));
            let text = format!("{} has elements", self.fact(&each.value, &collection, scope)).into();
            let guard = Guard { text, holds: true, span: Some(each.value.span) };
            Value { span: Some(block.span), ..self.body(&content.body, &inner, &[]) }.marked_when(&guard)
        };
        let alternatives: Vec<Branch> = match &collection.kind {
            Kind::Cond(branches) => branches.to_vec(),
            _ => vec![Branch { guard: Guard { text: "".into(), holds: true, span: None }, value: collection.clone() }],
        };
        for branch in &alternatives {
            match elements(&branch.value) {
                Ok(Some((mut items, mut open))) => {
                    if items.len() > self.settings.limits.instances {
                        items.clear();
                        open = why(&too_many(each, self.settings.limits.instances));
                    }
                    for (key, value) in items {
                        let mut inner = scope.clone();
                        inner.names.push((iterator.clone(), Value::object([("key", key), ("value", value)])));
                        let mut value = self.body(&content.body, &inner, &[]);
                        value.span = Some(block.span);
                        if alternatives.len() > 1 {
                            value = value.marked_when(&branch.guard);
                        }
                        out.items.push(value);
                    }
                    let rest = open.clone().map(|open| Value::new(Kind::Unknown(open)));
                    match rest {
                        Some(rest) if &**kind == "statement" => out.items.push(stands_for_more(&rest)),
                        Some(rest) => {
                            self.tell(self.not_expanded(each, &rest));
                            out.open = open;
                        }
                        None => {}
                    }
                }
                Ok(None) if &**kind == "statement" => out.items.push(stands_for_more(&branch.value)),
                Ok(None) => {
                    self.tell(self.not_expanded(each, &branch.value));
                    out.open = why(&branch.value);
                }
                Err(error) => {
                    out.open = why(&self.invalid(each.value.span, &format!("`for_each`: {}", error.0)));
                }
            }
        }
    }

    /// A reference to a resource: the object, or one attribute of one instance with its identity.
    pub(super) fn resource_reference(
        &self,
        data: bool,
        kind: &Arc<str>,
        name: &Arc<str>,
        steps: &[Step<'_>],
        used: usize,
        scope: &Scope<'_>,
    ) -> Result<(Value, usize), EvalError> {
        let instance = scope.instance;
        let expansion = match instance.module.place(data, kind, name) {
            Some(at) => self.expansion(instance, at),
            None if !instance.module.incomplete => {
                return fail(format!("there is no {} `{kind}.{name}`", if data { "data source" } else { "resource" }));
            }
            None => {
                let what = format!("{}{kind}.{name}", if data { "data." } else { "" });
                Expansion::not(Value::unknown(self.undeclared(instance, &what), None))
            }
        };
        let (mut value, mut used) = (self.object_of(&expansion).clone(), used);
        if let Some(Step::Index(key)) = steps.get(used) {
            value = index(&value, &self.eval(key, scope)?)?;
            used += 1;
        }
        if super::estate::reads_state(kind)
            && let Some(Step::Attr(attr)) = steps.get(used)
            && super::estate::is_outputs(kind, attr)
            && let Some(resource) = super::estate::of_value(&value, &expansion.resources)
        {
            return Ok(match steps.get(used + 1) {
                Some(Step::Attr(output)) => (self.state_outputs(resource, Some(output)), used + 2),
                _ => (self.state_outputs(resource, None), used + 1),
            });
        }
        if let Some(Step::Attr(attr)) = steps.get(used)
            && let Kind::Map(map) = &value.kind
            && !map.entries.contains_key(*attr)
            && let Some(resource) = map.entries.get(SELF).and_then(|entry| entry.value.text())
        {
            return Ok((self.computed_reference(&resource, attr, expansion.resource(&resource)), used + 1));
        }
        Ok((value, used))
    }

    /// A module call's instances, evaluated once.
    pub(super) fn call(&self, instance: &Rc<Instance>, name: &Arc<str>) -> Rc<CallExpansion> {
        let key = (instance.id, name.clone());
        let none = |why: Value| Rc::new(CallExpansion::missing(Shape::Single, why));
        match self.calls.borrow().get(&key) {
            Some(Some(done)) => return done.clone(),
            Some(None) => {
                return none(Value::unknown(
                    Reason::Invalid(format!("`module.{name}` depends on itself").into()),
                    None,
                ));
            }
            None => {}
        }
        let Some(block) = instance.module.calls.get(name) else {
            return none(Value::unknown(self.undeclared(instance, &format!("module `{name}`")), None));
        };
        self.calls.borrow_mut().insert(key.clone(), None);
        let done = Rc::new(self.expand_call(instance, name, block));
        self.calls.borrow_mut().insert(key, Some(done.clone()));
        done
    }

    fn expand_call(&self, instance: &Rc<Instance>, name: &Arc<str>, block: &Block) -> CallExpansion {
        let block = Rc::new(block.clone());
        let scope = Scope::new(instance);
        let (slots, shape) = self.slots(&block.body, &scope);
        let source = block.body.attribute("source");
        let text = source.and_then(|source| self.value(&source.value, &scope).text()).unwrap_or_else(|| "".into());
        if slots.is_empty() {
            // Nothing is hidden.
            return CallExpansion { instances: Vec::new(), keys: HashMap::new(), shape, missing: None };
        }
        let dir = self.module_dir(instance, name, &text);
        let at = source.map_or(block.header, |source| source.value.span);
        let Some(dir) = dir else {
            let local = text.starts_with("./") || text.starts_with("../");
            let help = if local {
                "check the path"
            } else {
                "run `terraform init`, or map the source to a directory under `[modules]` in crossvault.toml"
            };
            let why = if local { "there is no such directory" } else { "not at hand" };
            self.tell(
                Diagnostic::missing_module(at, format!("{}{}.{name}", instance.prefix, block.kind))
                    .labelled(format!("`{text}`: {why}"))
                    .with_help(help),
            );
            let missing = Value::unknown(Reason::ModuleNotInstalled(text), Some(at));
            return CallExpansion::missing(shape, missing);
        };
        if instance.chain.len() > 40 {
            let missing = self.invalid(at, &format!("module `{name}` calls itself"));
            return CallExpansion::missing(shape, missing);
        }
        let most = self.settings.limits.instances;
        if self.next_instance.get() + slots.len() > most {
            let message = format!("module `{name}` is not evaluated: there are more than {most} instances of modules");
            let help = "raise `instances` under `[limits]` in crossvault.toml";
            self.tell(Diagnostic::not_evaluated(at, message).about(format!("module.{name}")).with_help(help));
            let reason = Reason::Limit(format!("there are more than {most} instances of modules").into());
            return CallExpansion::missing(shape, Value::unknown(reason, Some(at)));
        }
        let module = if &*block.kind == "stack" { Arc::new(self.components(&dir)) } else { self.module(&dir) };
        let mut instances = Vec::new();
        for slot in slots {
            let mut scope = Scope::new(instance);
            scope.repetition = slot.repetition.clone();
            let passed = self.passed_providers(&block, &scope);
            let mut child = Instance {
                id: self.next_id(),
                module: module.clone(),
                prefix: format!("{}{}.{name}{}.", instance.prefix, block.kind, suffix(slot.key.as_ref())),
                parent: Some((instance.clone(), block.clone(), slot.repetition.clone())),
                providers: BTreeMap::new(),
                chain: instance.chain.iter().copied().chain([block.header]).collect(),
                exists: both(&instance.exists, &slot.exists),
                terragrunt: None,
            };
            child.providers = self.own_providers(&child, &passed);
            instances.push((slot.key, Rc::new(child)));
        }
        let key = |(at, (key, _)): (usize, &(Option<Value>, Rc<Instance>))| Some((key.as_ref()?.text()?, at));
        let keys = instances.iter().enumerate().filter_map(key).collect();
        CallExpansion { instances, keys, shape, missing: None }
    }

    /// Where the module's code lies: a local path, `modules.json`, or the configuration.
    fn module_dir(&self, instance: &Rc<Instance>, name: &str, source: &str) -> Option<String> {
        if source.starts_with("./") || source.starts_with("../") {
            let dir = join(&instance.module.dir, source);
            if self.sources.list(&dir).is_ok() {
                return Some(dir);
            }
            // Within a plan file every module has a directory of its own.
            if !self.unit.path.contains('!') {
                return None;
            }
        }
        if let Some(dir) = self.settings.modules.get(source) {
            return Some(dir.clone());
        }
        let dotted: String = instance
            .prefix
            .split("module.")
            .filter(|part| !part.is_empty())
            .map(|part| format!("{}.", part.trim_end_matches('.').split('[').next().unwrap_or_default()))
            .collect();
        self.installed()
            .get(&format!("{dotted}{name}"))
            .map(|dir| self.at_root(dir))
            .filter(|dir| self.sources.list(dir).is_ok())
    }

    /// `.terraform/modules/modules.json`: directory by dotted call path.
    fn installed(&self) -> Rc<BTreeMap<String, String>> {
        if let Some(found) = &*self.installed.borrow() {
            return found.clone();
        }
        let mut map = BTreeMap::new();
        if let Ok(bytes) = self.sources.load_bytes(&self.at_root(".terraform/modules/modules.json"))
            && let Ok(json) = serde_json::from_slice::<serde_json::Value>(&bytes)
        {
            for module in json.get("Modules").and_then(serde_json::Value::as_array).into_iter().flatten() {
                let text = |key| module.get(key).and_then(serde_json::Value::as_str).map(str::to_owned);
                if let (Some(key), Some(dir)) = (text("Key"), text("Dir")) {
                    map.insert(key, dir);
                }
            }
        }
        let map = Rc::new(map);
        *self.installed.borrow_mut() = Some(map.clone());
        map
    }

    /// `module.name`, `module.name.output`, `module.name[key].output`.
    pub(super) fn module_reference(
        &self,
        instance: &Rc<Instance>,
        name: &Arc<str>,
        steps: &[Step<'_>],
        scope: &Scope<'_>,
    ) -> Result<(Value, usize), EvalError> {
        if !instance.module.calls.contains_key(name) && !instance.module.incomplete {
            return fail(format!("there is no module `{name}`"));
        }
        let call = self.call(instance, name);
        if let Some(missing) = &call.missing {
            return Ok((missing.clone(), steps.len()));
        }
        if let (Shape::Single, Some((_, child)), Some(Step::Attr(output))) =
            (&call.shape, call.instances.first(), steps.get(1))
        {
            if !child.module.outputs.contains_key(*output) && !child.module.incomplete {
                return fail(format!("module `{name}` has no output `{output}`"));
            }
            return Ok((self.demand(child, Demand::Output((*output).clone())), 2));
        }
        if let (Some(Step::Index(key)), Some(Step::Attr(output))) = (steps.get(1), steps.get(2)) {
            let key = self.eval(key, scope)?;
            if let Some(text) = key.text()
                && let Some((_, child)) = call.keys.get(&text).and_then(|at| call.instances.get(*at))
                && child.exists == instance.exists
            {
                return Ok((self.demand(child, Demand::Output((*output).clone())), 3));
            }
        }
        let values = call.instances.iter().map(|(key, child)| {
            let outputs = child
                .module
                .outputs
                .keys()
                .map(|output| (output.clone(), self.demand(child, Demand::Output(output.clone()))));
            ((key.clone(), child.exists.clone()), Value::object(outputs))
        });
        let (slots, values): (Vec<_>, Vec<_>) = values.unzip();
        Ok((call.shape.filled(&slots, values), 1))
    }
}

/// Resources whose argument `region` was another thing before version 6 of the provider gave every resource one.
const OWN_REGION: [&str; 2] = ["aws_cloudformation_stack_set_instance", "aws_config_aggregate_authorization"];

/// Arguments that Terraform itself reads.
const META: [&str; 8] =
    ["count", "for_each", "provider", "lifecycle", "depends_on", "provisioner", "connection", "providers"];
/// The entry of a resource's object that holds its address.
pub(in crate::terraform) const SELF: &str = "crossvault:self";

/// The reason of what may stand in a part of a block that could not be read.
fn not_read() -> Reason {
    Reason::File("a part of it could not be read".into())
}

fn empty() -> Seq {
    Seq::new(SeqKind::Tuple, Vec::new(), None)
}

/// The unknown of a number of instances beyond the limit.
fn too_many(attribute: &Attribute, most: usize) -> Value {
    let reason = Reason::Limit(format!("it asks for more than {most} instances").into());
    Value::unknown(reason, Some(attribute.value.span))
}

/// Write-only arguments are kept nowhere: what was deployed is not known from the code.
fn write_only(attributes: &mut Value) {
    let Kind::Map(map) = &mut attributes.kind else { return };
    if !map.entries.keys().any(|name| name.ends_with("_wo")) {
        return;
    }
    for (name, entry) in &mut Arc::make_mut(map).entries {
        if name.ends_with("_wo") && !entry.value.is_null() {
            entry.value = Value::unknown(Reason::Ephemeral, entry.value.span);
        }
    }
}

fn removes(removed: &Block, block: &ResourceBlock) -> bool {
    removed.body.attribute("from").is_some_and(|from| matches!(&from.value.kind, ExprKind::GetAttr(kind, name, _) if *name == block.name && matches!(&kind.kind, ExprKind::Variable(kind) if *kind == block.kind)))
}

/// `[0]`, `["key"]`, or nothing; `[*]` for an instance that stands for many.
fn suffix(key: Option<&Value>) -> String {
    match key {
        None => String::new(),
        Some(key) => match (&key.kind, key.text()) {
            (Kind::Number(n), _) => format!("[{n}]"),
            (_, Some(text)) => format!("[{}]", serde_json::Value::from(&*text)),
            _ => "[*]".to_owned(),
        },
    }
}

/// Exists where none of the other alternatives holds.
fn existence(with: &[&Branch], all: &[Branch]) -> Existence {
    let others = all.iter().filter(|branch| !with.iter().any(|own| own.guard == branch.guard));
    let not: Vec<Guard> = others.map(|branch| Guard { holds: !branch.guard.holds, ..branch.guard.clone() }).collect();
    if not.is_empty() { Existence::Certain } else { Existence::When(not.into()) }
}

fn both(outer: &Existence, inner: &Existence) -> Existence {
    match (outer, inner) {
        (Existence::Certain, other) | (other, Existence::Certain) => other.clone(),
        (Existence::Many(why), _) | (_, Existence::Many(why)) => Existence::Many(why.clone()),
        (Existence::When(a), Existence::When(b)) => Existence::When(a.iter().chain(&**b).cloned().collect()),
    }
}
