//! Expressions to values.

use super::{DEEPEST, Demand, Evaluator, Instance, Scope};
use crate::source::{Span, join, parent};
use crate::terraform::ast::{Expr, ExprKind, ForExpr, ObjectKey, TemplatePart};
use crate::terraform::branches::{self, over_branches};
use crate::terraform::functions::{self, EvalError, FunctionContext};
use crate::terraform::ops::{self, conditional, convert, derived, fail, is_open, logic, name_of};
use crate::terraform::{syntax, types};
use crate::value::{Entries, Entry, Kind, Map, MapKind, Reason, Seq, SeqKind, Type, Unknown, Value};
use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

type Outcome = Result<Value, EvalError>;

/// Below so much free stack a further piece of the second size is taken for one level of an expression.
pub(super) const STACK_LEFT: usize = 256 << 10;
pub(super) const STACK_PIECE: usize = 4 << 20;

/// One step of a traversal.
pub(super) enum Step<'e> {
    Attr(&'e Arc<str>),
    Index(&'e Expr),
}

impl Evaluator<'_> {
    /// The expression's value; an error becomes an unknown and a note.
    pub(super) fn value(&self, expr: &Expr, scope: &Scope<'_>) -> Value {
        match self.eval(expr, scope) {
            Ok(value) => branches::settled(value),
            Err(error) => self.invalid(expr.span, &error.0),
        }
    }

    pub(super) fn eval(&self, expr: &Expr, scope: &Scope<'_>) -> Outcome {
        if !self.charge(1, expr.span) {
            return Ok(self.exhausted(expr.span));
        }
        let mut value = stacker::maybe_grow(STACK_LEFT, STACK_PIECE, || self.eval_kind(expr, scope))?;
        if value.span.is_none() {
            value.span = Some(expr.span);
        }
        Ok(value)
    }

    fn eval_kind(&self, expr: &Expr, scope: &Scope<'_>) -> Outcome {
        Ok(match &expr.kind {
            ExprKind::Null => Value::null().at(expr.span),
            ExprKind::Bool(b) => Value::bool(*b).at(expr.span),
            ExprKind::Number(n) => Value::new(Kind::Number(n.clone())).at(expr.span),
            ExprKind::String(text) => Value::string(text.clone()).at(expr.span),
            ExprKind::Template(parts) => match parts.as_slice() {
                [TemplatePart::Interpolation(only)] => self.eval(only, scope)?,
                parts => self
                    .template(parts, scope)
                    .and_then(ops::concat)
                    // Terraform goes on with the text before the part that is an error.
                    .map_err(|error| match parts.first() {
                        Some(TemplatePart::Literal(text, _)) => error.leaving(Value::string(text.clone())),
                        _ => error.of_type(Type::String),
                    })?
                    .at(expr.span),
            },
            ExprKind::Tuple(items) => {
                let mut error = None;
                let items = items.iter().map(|item| self.eval_on(item, scope, &mut error)).collect();
                unless(error, Value::tuple(items).at(expr.span))?
            }
            ExprKind::Object(items) => {
                let mut entries: BTreeMap<Arc<str>, Entry> = BTreeMap::new();
                let (mut open, mut sensitive, mut error) = (None, false, None);
                for item in items {
                    let key = match &item.key {
                        ObjectKey::Name(name) => Value::string(name.clone()),
                        ObjectKey::Expr(expr) => self.eval(expr, scope).map_err(EvalError::of_any_type)?,
                    };
                    sensitive |= key.sensitive;
                    let value = self.eval_on(&item.value, scope, &mut error);
                    match key.text() {
                        Some(name) => {
                            entries.insert(name, Entry { value, span: Some(item.key_span.to(item.value.span)) });
                        }
                        None if key.is_null() => return fail("a key of an object is null"),
                        None => open = why(&key),
                    }
                }
                // Names that are secret make the whole object so.
                let map = Map::new(MapKind::Object, entries.into_iter().collect(), open);
                unless(error, Value { sensitive, ..Value::new(Kind::Map(Arc::new(map))) }.at(expr.span))?
            }
            ExprKind::Variable(_) | ExprKind::GetAttr(..) | ExprKind::Index(..) => self.traversal(expr, scope)?,
            ExprKind::Splat { source, each } => {
                let source = self.eval(source, scope).map_err(EvalError::of_any_type)?;
                self.splat(&source, each, scope)?
            }
            ExprKind::SplatItem => scope.splats.last().cloned().unwrap_or_else(Value::null),
            ExprKind::Call { name, args, expand, .. } => {
                self.call_function(name, args, *expand, scope, expr.span).map_err(EvalError::of_any_type)?
            }
            ExprKind::Unary(op, inner) => self
                .eval(inner, scope)
                .and_then(|inner| ops::unary(*op, &inner))
                .map_err(|error| error.of_type(op.result()))?,
            ExprKind::Binary(op, left, right) => self
                .eval(left, scope)
                .and_then(|left| ops::binary(*op, &left, &self.eval(right, scope)?))
                .map_err(|error| error.of_type(op.result()))?,
            ExprKind::Conditional(condition, then, otherwise) => {
                let decided = self.eval(condition, scope).and_then(|value| Ok((self.condition(&value, scope)?, value)));
                match decided {
                    // The branch that is not taken may be an error; Terraform evaluates it lazily enough for `try`-like guards.
                    Ok((Some(holds), decided)) => self.branch(&decided, then, otherwise, scope, holds)?,
                    Ok((None, decided)) => {
                        let text = self.fact(condition, &decided, scope);
                        let (then, otherwise) = (self.value_quietly(then, scope), self.value_quietly(otherwise, scope));
                        if matches!(unwrapped(condition).kind, ExprKind::Splat { .. }) {
                            // No list is a condition, so this will be an error.
                            let ty = ops::type_of_results(&then, &otherwise).unwrap_or_default();
                            return Ok(derived(&[&decided], ty));
                        }
                        conditional(&decided, &text, then, otherwise)?
                    }
                    Err(error) => {
                        let (then, otherwise) = (self.value_quietly(then, scope), self.value_quietly(otherwise, scope));
                        return Err(error.of_type(ops::type_of_results(&then, &otherwise).unwrap_or_default()));
                    }
                }
            }
            ExprKind::For(for_expr) => self.for_expr(for_expr, scope)?,
            ExprKind::Parens(inner) => self.eval(inner, scope)?,
            ExprKind::Unread => {
                let name = self.source_text(expr.span);
                let is_name = !name.contains(|c: char| !c.is_alphanumeric() && !['_', '-'].contains(&c));
                let what = if is_name { format!("`{name}`") } else { "a part of it".to_owned() };
                Value::unknown(Reason::File(format!("{what} could not be read").into()), Some(expr.span))
            }
        })
    }

    /// A condition: `None` where it is not decided.
    fn condition(&self, value: &Value, scope: &Scope<'_>) -> Result<Option<bool>, EvalError> {
        match value.kind {
            // Terraform does not look at the type of what it does not know yet.
            Kind::Unknown(_) if scope.probing => Ok(None),
            Kind::Seq(ref seq) if seq.open.is_some() && seq.items.is_empty() => Ok(None),
            _ => logic(value),
        }
    }

    fn branch(&self, condition: &Value, then: &Expr, otherwise: &Expr, scope: &Scope<'_>, first: bool) -> Outcome {
        let (taken, other) = if first { (then, otherwise) } else { (otherwise, then) };
        let mut error = None;
        let value = self.eval_on(taken, scope, &mut error);
        // The other branch says of which type the result is; an error in it does not count.
        let unsure = matches!(&unwrapped(other).kind, ExprKind::Call { name, .. } if &**name == "try");
        let mut other = self.value_quietly(other, scope);
        if unsure && (other.first_unknown().is_some() || functions::computed(&other)) {
            // `try` may come to another result, of another type.
            other = derived(&[&other], Type::Dynamic);
        }
        let (a, b) = if first { (value, other) } else { (other, value) };
        if let Some(error) = error {
            return Err(error.of_type(ops::type_of_results(&a, &b).unwrap_or_default()));
        }
        conditional(condition, "", a, b)
    }

    /// For branches that may never be taken: an error is an unknown without a note.
    fn value_quietly(&self, expr: &Expr, scope: &Scope<'_>) -> Value {
        self.eval_on(expr, scope, &mut None)
    }

    /// The value; of an error, what Terraform goes on with, and the first error is kept.
    fn eval_on(&self, expr: &Expr, scope: &Scope<'_>, first: &mut Option<EvalError>) -> Value {
        self.eval(expr, scope).unwrap_or_else(|error| {
            let left = error.left(Some(expr.span));
            first.get_or_insert(error);
            Value { span: left.span.or(Some(expr.span)), ..left }
        })
    }

    /// The name of an undecided condition: the same name is the same fact, so it tells modules and repetitions apart.
    pub(super) fn fact(&self, condition: &Expr, decided: &Value, scope: &Scope<'_>) -> Arc<str> {
        if let Kind::Unknown(unknown) = &decided.kind
            && let Some(symbol) = &unknown.symbol
        {
            return symbol.strip_suffix(&format!(" in {}", self.unit.name)).unwrap_or(symbol).into();
        }
        let text = self.source_text(condition.span);
        let said = |name: &str| text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name);
        let mut bound: Vec<(&str, &Value)> = Vec::new();
        bound.extend(scope.repetition.each.iter().filter(|_| said("each")).map(|(key, _)| ("each.key", key)));
        bound.extend(scope.repetition.count.iter().filter(|_| said("count")).map(|index| ("count.index", index)));
        bound.extend(scope.names.iter().filter(|(name, _)| said(name)).map(|(name, value)| (&**name, value)));
        bound.extend(scope.splats.iter().map(|item| ("each element", item)));
        if bound.is_empty() && scope.instance.prefix.is_empty() {
            return text;
        }
        let mut named = text.to_string();
        for (name, value) in bound {
            let key = value.get("key").unwrap_or(value);
            let shown = key.text().map(|text| text.to_string()).or_else(|| crate::value::json_text(key));
            let shown = shown.unwrap_or_else(|| format!("{:016x}", hash(&format!("{value:?}"))));
            named.push_str(&format!(" with {name} = {shown}"));
        }
        if !scope.instance.prefix.is_empty() {
            named.push_str(&format!(" in {}", scope.instance.prefix.trim_end_matches('.')));
        }
        named.into()
    }

    /// The source text of a span, on one line, for naming conditions.
    pub(super) fn source_text(&self, span: Span) -> Arc<str> {
        let text = self.sources.text(span.file);
        let text = text.get(span.range()).unwrap_or_default();
        let mut words: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if words.chars().count() > 80 {
            words = words.chars().take(79).collect::<String>() + "…";
        }
        words.into()
    }

    fn template(&self, parts: &[TemplatePart], scope: &Scope<'_>) -> Result<Vec<Value>, EvalError> {
        let mut out = Vec::new();
        for part in parts {
            match part {
                TemplatePart::Literal(text, span) => out.push(Value::string(text.clone()).at(*span)),
                TemplatePart::Interpolation(expr) => out.push(self.eval(expr, scope)?),
                TemplatePart::If { condition, then, otherwise } => {
                    let decided = self.eval(condition, scope)?;
                    match self.condition(&decided, scope)? {
                        Some(true) => out.extend(self.template(then, scope)?),
                        Some(false) => out.extend(self.template(otherwise, scope)?),
                        None => {
                            let (then, otherwise) = (
                                ops::concat(self.template(then, scope)?)?,
                                ops::concat(self.template(otherwise, scope)?)?,
                            );
                            out.push(conditional(&decided, &self.fact(condition, &decided, scope), then, otherwise)?);
                        }
                    }
                }
                TemplatePart::For { key, value, collection, body } => {
                    let collection = self.eval(collection, scope)?;
                    match elements(&collection)? {
                        Some((items, None)) => {
                            for (k, v) in items {
                                let inner = bind(scope, key.as_ref(), value, k, v);
                                out.extend(self.template(body, &inner)?);
                            }
                        }
                        _ => out.push(derived(&[&collection], Type::String)),
                    }
                }
            }
        }
        Ok(out)
    }

    fn for_expr(&self, expr: &ForExpr, scope: &Scope<'_>) -> Outcome {
        let mut error = None;
        let collection = self.eval_on(&expr.collection, scope, &mut error);
        match (self.for_over(expr, &collection, scope), error) {
            (outcome, None) => outcome,
            (Ok(value), Some(error)) if !is_open(&collection) => Err(error.leaving(value)),
            (_, Some(error)) => Err(error.of_any_type()),
        }
    }

    fn for_over(&self, expr: &ForExpr, collection: &Value, scope: &Scope<'_>) -> Outcome {
        if let Kind::Cond(branches) = &collection.kind {
            return over_branches(collection, branches, |branch| self.for_over(expr, branch, scope));
        }
        let Some((items, mut open)) = elements(collection)? else {
            if scope.probing {
                return Ok(derived(&[collection], Type::Dynamic));
            }
            return Ok(self.open_result(expr, collection));
        };
        if let (Some(condition), true, None) = (&expr.condition, items.is_empty(), &open) {
            // A condition that is wrong whatever the element is is an error also where there is none.
            let any = derived(&[collection], Type::Dynamic);
            let inner = bind(scope, expr.key.as_ref(), &expr.value, any.clone(), any);
            let inner = Scope { probing: true, ..inner };
            self.eval(condition, &inner).and_then(|value| logic(&value)).map_err(EvalError::of_any_type)?;
        }
        let mut values = Vec::new();
        let mut entries: BTreeMap<Arc<str>, Entry> = BTreeMap::new();
        let mut groups: BTreeMap<Arc<str>, Vec<Value>> = BTreeMap::new();
        let mut error = None;
        for (key, value) in items {
            let inner = bind(scope, expr.key.as_ref(), &expr.value, key, value);
            if let Some(condition) = &expr.condition {
                let decided = self.eval(condition, &inner).map_err(EvalError::of_any_type)?;
                match logic(&decided)? {
                    Some(true) => {}
                    Some(false) => continue,
                    None => {
                        open = open.or_else(|| why(&decided));
                        continue;
                    }
                }
            }
            let result = self.eval_on(&expr.result, &inner, &mut error);
            match &expr.result_key {
                None => values.push(result),
                Some(key) => {
                    let before = error.is_some();
                    let key_value = self.eval_on(key, &inner, &mut error);
                    if let (None, false, Some(error)) = (key_value.text(), before, &error) {
                        return Err(error.clone().of_any_type());
                    }
                    match key_value.text() {
                        Some(name) if expr.group => groups.entry(name).or_default().push(result),
                        Some(name) => {
                            if entries.insert(name.clone(), Entry { value: result, span: key_value.span }).is_some() {
                                return fail(format!("two elements have the key `{name}` in this `for` expression"));
                            }
                        }
                        None if key_value.is_null() => return fail("a key of a `for` expression is null"),
                        None => open = open.or_else(|| why(&key_value)),
                    }
                }
            }
        }
        for (name, items) in groups {
            entries.insert(name, Entry { value: Value::tuple(items), span: None });
        }
        let kind = match &expr.result_key {
            None => Kind::Seq(Arc::new(Seq::new(SeqKind::Tuple, values, open))),
            Some(_) => Kind::Map(Arc::new(Map::new(MapKind::Object, entries.into_iter().collect(), open))),
        };
        unless(error, Value::new(kind))
    }

    fn open_result(&self, expr: &ForExpr, collection: &Value) -> Value {
        let open = why(collection);
        match &expr.result_key {
            None => Value::new(Kind::Seq(Arc::new(Seq::new(SeqKind::Tuple, Vec::new(), open)))),
            Some(_) => Value::new(Kind::Map(Arc::new(Map::new(MapKind::Object, Entries::new(), open)))),
        }
    }

    fn splat(&self, source: &Value, each: &Expr, scope: &Scope<'_>) -> Outcome {
        let one_of = |item: Value, typed: bool| {
            let mut inner = scope.clone();
            inner.splats.push(item);
            inner.typed |= typed;
            self.eval(each, &inner)
        };
        let one = |item: Value| one_of(item, false);
        match &source.kind {
            Kind::Cond(branches) => over_branches(source, branches, |branch| self.splat(branch, each, scope)),
            Kind::Null(_) => Ok(Value::tuple(Vec::new())),
            Kind::Seq(seq) => {
                let kind = if seq.kind == SeqKind::Tuple { SeqKind::Tuple } else { SeqKind::List };
                // What no element could have is an error also where there is none.
                let of_any = || one(derived(&[source], types::element_of(seq)));
                if kind == SeqKind::List && seq.items.is_empty() {
                    let element = types::of(&of_any().map_err(|error| error.of_type(Type::List(Box::default())))?);
                    return Ok(Value::new(ops::of_elements(
                        ops::make_seq(kind, Vec::new(), seq.open.clone()),
                        &element,
                    )));
                }
                let mut error = None;
                let mut items = Vec::with_capacity(seq.items.len());
                for item in &seq.items {
                    items.push(one(item.clone()).unwrap_or_else(|other| {
                        let left = other.left(None);
                        error.get_or_insert(other);
                        left
                    }));
                    // Of a list one element tells what the others would be.
                    if error.is_some() && kind == SeqKind::List {
                        break;
                    }
                }
                if let Some(error) = error {
                    return Err(error.of_type(match (kind, scope.typed, items.last()) {
                        (SeqKind::Tuple, ..) => Type::Tuple(items.iter().map(types::of).collect()),
                        // Within what is evaluated for its type alone, once more for each level would double all below it.
                        (_, true, Some(left)) => Type::List(Box::new(types::of(left))),
                        _ => {
                            let any = one_of(derived(&[source], types::element_of(seq)), true);
                            Type::List(Box::new(types::of(&any.unwrap_or_else(|error| error.left(None)))))
                        }
                    }));
                }
                Ok(Value::new(Kind::Seq(Arc::new(Seq::new(kind, items, seq.open.clone())))))
            }
            // A list, or one thing, or nothing.
            Kind::Unknown(_) | Kind::Ref(_)
                if !matches!(types::of(source), Type::List(_) | Type::Set(_) | Type::Tuple(_)) =>
            {
                Ok(derived(&[source], Type::Dynamic))
            }
            Kind::Unknown(_) | Kind::Ref(_) => {
                let open = why(source);
                Ok(Value::new(Kind::Seq(Arc::new(Seq::new(SeqKind::Tuple, Vec::new(), open)))))
            }
            // What is made of something unknown may turn out to be anything.
            Kind::Map(map) if map.open.is_some() && map.entries.is_empty() => Ok(derived(&[source], Type::Dynamic)),
            _ => Ok(Value::tuple(vec![one(source.clone())?])),
        }
    }

    fn traversal(&self, expr: &Expr, scope: &Scope<'_>) -> Outcome {
        let mut steps = Vec::new();
        let mut at = expr;
        loop {
            match &at.kind {
                ExprKind::GetAttr(inner, name, _) => {
                    steps.push(Step::Attr(name));
                    at = inner;
                }
                ExprKind::Index(inner, key) => {
                    steps.push(Step::Index(key));
                    at = inner;
                }
                ExprKind::Parens(inner) if !steps.is_empty() => at = inner,
                _ => break,
            }
        }
        steps.reverse();
        let mut error = None;
        let (value, used) = match &at.kind {
            ExprKind::Variable(root) => self.root_of(root, &steps, scope, expr.span)?,
            _ => (self.eval_on(at, scope, &mut error), 0),
        };
        let mut value = value;
        for step in steps.iter().skip(used) {
            let key = match step {
                Step::Attr(name) => Value::string((*name).clone()),
                Step::Index(key) => self.eval_on(key, scope, &mut error),
            };
            value = match step {
                // By index, Terraform looks for an attribute only once the object is known.
                Step::Index(_) if is_object_to_be(&value) && key.as_str().is_some() => {
                    ops::index(&value, &key).or_else(|_| Ok(derived(&[&value], Type::Dynamic)))
                }
                _ => ops::index(&value, &key),
            }
            .unwrap_or_else(|other| {
                let left = other.left(Some(expr.span));
                error.get_or_insert(other);
                left
            });
        }
        unless(error, value)
    }

    /// The value at the root of a traversal, and how many steps it took.
    fn root_of(
        &self,
        root: &Arc<str>,
        steps: &[Step<'_>],
        scope: &Scope<'_>,
        span: Span,
    ) -> Result<(Value, usize), EvalError> {
        if let Some((_, value)) = scope.names.iter().rev().find(|(name, _)| name == root) {
            return Ok((value.clone(), 0));
        }
        let name = match steps.first() {
            Some(Step::Attr(name)) => Some(*name),
            _ => None,
        };
        let instance = scope.instance;
        if let Some(context) = &instance.terragrunt
            && let Some(value) = self.terragrunt_name(context, root)
        {
            return Ok((value, 0));
        }
        match (&**root, name) {
            ("var", Some(name)) => {
                if !instance.module.variables.contains_key(name) && !instance.module.incomplete {
                    return fail(format!("there is no variable `{name}`"));
                }
                Ok((self.variable_reference(instance, name, span), 1))
            }
            ("local", Some(name)) => {
                if !instance.module.locals.contains_key(name) && !instance.module.incomplete {
                    return fail(format!("there is no local value `{name}`"));
                }
                Ok((self.demand(instance, Demand::Local(name.clone())), 1))
            }
            ("path", Some(name)) => Ok((
                match &**name {
                    "module" => Value::string(self.relative(&instance.module.dir)),
                    "root" => Value::string("."),
                    _ => Value::unknown(
                        Reason::Unsupported(format!("`path.{name}` depends on the machine and").into()),
                        Some(span),
                    ),
                },
                1,
            )),
            ("terraform", Some(name)) if &**name == "workspace" => Ok((Value::string(self.workspace()), 1)),
            ("terraform", Some(name)) => {
                Ok((Value::unknown(Reason::Unsupported(format!("`terraform.{name}`").into()), Some(span)), 1))
            }
            ("each", Some(name)) => match (&scope.repetition.each, &**name) {
                (Some((key, _)), "key") => Ok((key.clone(), 1)),
                (Some((_, value)), "value") => Ok((value.clone(), 1)),
                _ => fail("`each` is only known in a block with `for_each`"),
            },
            ("count", Some(_)) => match &scope.repetition.count {
                Some(index) => Ok((index.clone(), 1)),
                None => fail("`count` is only known in a block with `count`"),
            },
            ("self", _) => Ok((Value::unknown(Reason::Unsupported("`self`".into()), Some(span)), steps.len())),
            ("module", Some(name)) => self.module_reference(instance, name, steps, scope),
            // Tokens, stores and other stacks' outputs are known to the platform alone.
            ("identity_token" | "store" | "upstream_input", Some(_)) if self.unit.deployment.stack.is_some() => {
                let text = self.source_text(span);
                let mut unknown = Unknown::new(Reason::InputWithoutValue(text.clone()), Some(span));
                unknown.symbol = Some(format!("{text} in {}", self.unit.path).into());
                Ok((Value::new(Kind::Unknown(Arc::new(unknown))), steps.len()))
            }
            ("component" | "stack", Some(name))
                if self.unit.deployment.stack.is_some() && calls(instance, root, name) =>
            {
                self.module_reference(instance, name, steps, scope)
            }
            ("data", Some(kind)) => match steps.get(1) {
                Some(Step::Attr(name)) => self.resource_reference(true, kind, name, steps, 2, scope),
                _ => fail("a data source is named by its type and name"),
            },
            ("ephemeral", _) => Ok((Value::unknown(Reason::Ephemeral, Some(span)), steps.len())),
            (kind, Some(name)) => self.resource_reference(false, &Arc::from(kind), name, steps, 1, scope),
            (name, None) => fail(format!("there is nothing named `{name}` here")),
        }
    }

    fn call_function(&self, name: &str, args: &[Expr], expand: bool, scope: &Scope<'_>, span: Span) -> Outcome {
        match name {
            "try" => {
                // The elements of a list are further arguments; none of them is an error.
                let Some((last, first)) = args.split_last().filter(|_| expand) else {
                    return self.attempt(args, scope);
                };
                let last = self.eval(last, scope)?;
                return match (self.attempt(first, scope), last.as_seq()) {
                    (Ok(value), _) if value.first_unknown().is_none() => Ok(value),
                    (Err(_), Some(Seq { items, open: None, .. })) if !items.is_empty() => {
                        Ok(items.first().cloned().unwrap_or_else(Value::null))
                    }
                    (_, None) if !is_open(&last) => fail(format!("`...` takes a list, not {}", name_of(&last))),
                    (outcome, _) => outcome.map(|value| derived(&[&value], Type::Dynamic)),
                };
            }
            "can" => {
                let Some(arg) = args.first() else { return fail("`can` takes one argument") };
                return Ok(match self.eval(arg, scope) {
                    Ok(value) => branches::can(&value, &|value| match value.first_unknown() {
                        None if !matches!(value.kind, Kind::Cond(_)) => Value::bool(true),
                        _ => derived(&[value], Type::Bool),
                    }),
                    Err(_) => Value::bool(false),
                });
            }
            _ => {}
        }
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            values.push(self.eval(arg, scope)?);
        }
        if expand && let Some(last) = values.pop() {
            match &last.kind {
                Kind::Seq(seq) if seq.open.is_none() => values.extend(seq.items.iter().cloned()),
                Kind::Cond(branches) => {
                    return over_branches(&last, branches, |branch| match &branch.kind {
                        Kind::Seq(seq) => {
                            let mut values = values.clone();
                            values.extend(seq.items.iter().cloned());
                            self.call_with(name, values, scope)
                        }
                        _ => Ok(derived(&[branch], Type::Dynamic)),
                    });
                }
                Kind::Seq(seq) if matches!(name, "merge" | "concat" | "setunion") => {
                    values.extend(seq.items.iter().cloned());
                    values.push(derived(&[&last], Type::Dynamic));
                }
                Kind::Seq(_) | Kind::Unknown(_) => return Ok(derived(&[&last], Type::Dynamic)),
                _ => return fail(format!("`...` takes a list, not {}", name_of(&last))),
            }
        }
        if let Some(rest) = name.strip_prefix("provider::") {
            if let Some(value) = rest.strip_prefix("aws::").and_then(|name| functions::arn::call(name, &values)) {
                return value;
            }
            return Ok(Value::unknown(
                Reason::Unsupported(format!("the function `provider::{rest}`").into()),
                Some(span),
            ));
        }
        self.call_with(name, values, scope)
    }

    /// `try`: the first argument that is no error, in each alternative by itself.
    fn attempt(&self, args: &[Expr], scope: &Scope<'_>) -> Outcome {
        let mut last = None;
        for (at, arg) in args.iter().enumerate() {
            match self.eval(arg, scope) {
                Ok(value) if matches!(&value.kind, Kind::Unknown(unknown) if matches!(unknown.reason, Reason::Invalid(_) | Reason::Absent(_))) =>
                {
                    last = Some(value);
                }
                Ok(mut value) => {
                    let others = args.get(at + 1..).unwrap_or_default();
                    if scope.probing && functions::computed(&value) {
                        return Ok(derived(&[&value], Type::Dynamic));
                    }
                    // What is worked out of something unknown may still fail.
                    let worked_out = |part: &Value| matches!(&part.kind, Kind::Unknown(unknown) if unknown.symbol.is_none() && types::is_open(&unknown.ty));
                    if !is_open(&value)
                        && !others.is_empty()
                        && !is_plain(arg)
                        && branches::certainly(&value, worked_out)
                    {
                        return Ok(derived(&[&value], Type::Dynamic));
                    }
                    // It may still fail, and then the result is of another type.
                    if let (Kind::Unknown(unknown), false) = (&mut value.kind, others.is_empty()) {
                        Arc::make_mut(unknown).ty = Type::Dynamic;
                    }
                    // Several alternatives may fail.
                    let otherwise = LazyCell::new(|| {
                        self.attempt(others, scope)
                            .unwrap_or_else(|error| Value::unknown(Reason::Absent(error.0.into()), Some(arg.span)))
                    });
                    return Ok(branches::or_else(&value, &|| otherwise.clone()));
                }
                Err(_) => {}
            }
        }
        last.map_or_else(|| fail("no argument of `try` has a value"), Ok)
    }

    fn call_with(&self, name: &str, values: Vec<Value>, scope: &Scope<'_>) -> Outcome {
        if let Some(context) = &scope.instance.terragrunt
            && let Some(answer) = self.terragrunt_call(context, name, &values)
        {
            return answer;
        }
        let answer = functions::call(name, values, &Files { evaluator: self, scope });
        if let Ok(value) = &answer
            && matches!(name, "sensitive" | "core::sensitive")
        {
            crate::value::note(value, self.sources);
        }
        answer
    }
}

/// What `file()` and its like see.
struct Files<'f, 'a> {
    evaluator: &'f Evaluator<'a>,
    scope: &'f Scope<'f>,
}

impl FunctionContext for Files<'_, '_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.evaluator.sources.load_bytes(&self.at(path)).map_err(|error| error.to_string())
    }

    fn place(&self, path: &str) -> Option<Span> {
        let file = self.evaluator.sources.load(&self.at(path)).ok()?;
        Some(Span::new(file, 0..self.evaluator.sources.text(file).len()))
    }

    fn file_set(&self, base: &str, pattern: &str) -> Result<Vec<String>, String> {
        let glob = globset::GlobBuilder::new(pattern)
            .literal_separator(true)
            .build()
            .map_err(|error| error.to_string())?
            .compile_matcher();
        let base = self.at(base);
        let mut out = Vec::new();
        let mut pending = vec![String::new()];
        while let Some(below) = pending.pop() {
            for entry in self.evaluator.sources.list(&join(&base, &below)).unwrap_or_default() {
                let path = if below.is_empty() { entry.name.clone() } else { format!("{below}/{}", entry.name) };
                if entry.is_dir {
                    if pending.len() < 10_000 {
                        pending.push(path);
                    }
                } else if glob.is_match(&path) {
                    out.push(path);
                }
            }
        }
        out.sort();
        Ok(out)
    }

    fn template_file(&self, path: &str, vars: &Value) -> Outcome {
        let path = self.at(path);
        let file = match self.evaluator.sources.load(&path) {
            Ok(file) => file,
            Err(error) => return Ok(Value::unknown(Reason::File(format!("`{path}`: {error}").into()), None)),
        };
        let expr = match syntax::parse_template(self.evaluator.sources, file) {
            Ok(expr) => expr,
            Err(diagnostic) => {
                let message = diagnostic.message.clone();
                self.evaluator.tell(diagnostic);
                return fail(format!("the template `{path}` in `{}` cannot be read: {message}", parent(&path)));
            }
        };
        self.render(&expr, vars)
    }

    fn template_text(&self, text: &str, vars: &Value) -> Outcome {
        let name = format!("<template {:x}>", hash(text));
        let file = self.evaluator.sources.add(&name, text);
        match syntax::parse_template(self.evaluator.sources, file) {
            Ok(expr) => self.render(&expr, vars),
            Err(diagnostic) => fail(format!("the template cannot be read: {}", diagnostic.message)),
        }
    }
}

/// Whether the module has a call of this kind and name.
fn calls(instance: &Rc<Instance>, kind: &str, name: &str) -> bool {
    instance.module.calls.get(name).is_some_and(|block| *block.kind == *kind)
}

/// Whether the expression only names values and puts them together.
fn is_plain(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Null
        | ExprKind::Bool(_)
        | ExprKind::Number(_)
        | ExprKind::String(_)
        | ExprKind::Variable(_)
        | ExprKind::SplatItem => true,
        ExprKind::GetAttr(inner, ..) | ExprKind::Parens(inner) => is_plain(inner),
        ExprKind::Tuple(items) => items.iter().all(is_plain),
        ExprKind::Object(items) => items.iter().all(|item| is_plain(&item.value)),
        _ => false,
    }
}

fn is_object_to_be(value: &Value) -> bool {
    matches!(&value.kind, Kind::Unknown(unknown) if matches!(unknown.ty, Type::Object(_)))
}

/// The value, unless there was an error on the way to it.
fn unless(error: Option<EvalError>, value: Value) -> Outcome {
    match error {
        Some(error) => Err(error.leaving(value)),
        None => Ok(value),
    }
}

/// What parentheses hold.
fn unwrapped(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Parens(inner) => unwrapped(inner),
        _ => expr,
    }
}

/// Tells texts apart, so that each is parsed once.
fn hash(text: &str) -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

impl Files<'_, '_> {
    /// A path as the code names it: a configuration of Terragrunt names it as seen from its own file.
    fn at(&self, path: &str) -> String {
        match &self.scope.instance.terragrunt {
            Some(context) => context.at(path),
            None => self.evaluator.at_root(path),
        }
    }

    fn render(&self, expr: &Expr, vars: &Value) -> Outcome {
        if let Kind::Cond(branches) = &vars.kind {
            return over_branches(vars, branches, |vars| self.render(expr, vars));
        }
        let Some(map) = vars.as_map() else { return Ok(derived(&[vars], Type::String)) };
        let mut scope = Scope::new(self.scope.instance);
        scope.names = map.entries.iter().map(|(name, entry)| (name.clone(), entry.value.clone())).collect();
        if self.evaluator.depth.get() > DEEPEST {
            return Ok(Value::unknown(Reason::Limit("templates are nested too deeply".into()), None));
        }
        self.evaluator.depth.set(self.evaluator.depth.get() + 1);
        let value = self.evaluator.eval(expr, &scope);
        self.evaluator.depth.set(self.evaluator.depth.get() - 1);
        convert(&value?, &Type::String)
    }
}

/// Why a value is not known, as an unknown.
pub(super) fn why(value: &Value) -> Option<Arc<Unknown>> {
    match &derived(&[value], Type::Dynamic).kind {
        Kind::Unknown(unknown) => Some(unknown.clone()),
        _ => None,
    }
}

type Elements = (Vec<(Value, Value)>, Option<Arc<Unknown>>);

/// The (key, value) pairs that `for` sees; `None` where the whole collection is unknown.
pub(super) fn elements(collection: &Value) -> Result<Option<Elements>, EvalError> {
    match &collection.kind {
        Kind::Seq(seq) => {
            let key = |at: usize, item: &Value| match seq.kind {
                SeqKind::Set => item.clone(),
                // Further elements may stand before those that are known.
                _ if seq.open.is_some() => derived(&[collection], Type::Number),
                _ => Value::int(i64::try_from(at).unwrap_or(i64::MAX)),
            };
            let items = seq.items.iter().enumerate().map(|(at, item)| (key(at, item), item.clone())).collect();
            Ok(Some((items, seq.open.clone())))
        }
        Kind::Map(map) => {
            let items = map
                .entries
                .iter()
                .map(|(key, entry)| (Value { span: entry.span, ..Value::string(key.clone()) }, entry.value.clone()))
                .collect();
            Ok(Some((items, map.open.clone())))
        }
        Kind::Unknown(_) | Kind::Ref(_) if types::is_primitive(&types::of(collection)) => {
            fail("text, a number or a bool cannot be iterated over")
        }
        Kind::Unknown(_) | Kind::Cond(_) | Kind::Ref(_) => Ok(None),
        Kind::Null(_) => fail("null cannot be iterated over"),
        _ => fail(format!("a {} cannot be iterated over", name_of(collection))),
    }
}

fn bind<'s>(
    scope: &Scope<'s>,
    key_name: Option<&Arc<str>>,
    value_name: &Arc<str>,
    key: Value,
    value: Value,
) -> Scope<'s> {
    let mut inner = scope.clone();
    if let Some(name) = key_name {
        inner.names.push((name.clone(), key));
    }
    inner.names.push((value_name.clone(), value));
    inner
}
