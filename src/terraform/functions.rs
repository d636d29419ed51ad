//! Terraform's functions over values with unknowns.

pub(super) mod arn;
mod collections;
mod csv;
mod encoding;
mod float;
mod numbers;
mod signatures;
mod strings;
mod time;
mod yaml;

pub(super) use signatures::ty as type_of_letters;

use super::branches::over_branches;
use super::ops::{derived, fail, is_open, name_of};
use crate::source::Span;
use crate::value::{Kind, Map, Number, Reason, Seq, SeqKind, Type, Unknown, Value};
use std::sync::Arc;

/// What Terraform would reject, in words; and the value that it goes on with all the same: of that hangs the type of a
/// conditional around it. Without one, that value may be anything.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EvalError(pub(crate) String, Option<Box<Value>>);

impl EvalError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into(), None)
    }

    /// The same error, in an expression that Terraform takes for this value all the same.
    #[must_use]
    pub(crate) fn leaving(self, value: Value) -> Self {
        Self(self.0, Some(Box::new(value)))
    }

    /// The same error, in an expression that may be anything.
    #[must_use]
    pub(crate) fn of_any_type(self) -> Self {
        Self(self.0, None)
    }

    /// The same error, in an expression of this type.
    #[must_use]
    pub(crate) fn of_type(self, ty: Type) -> Self {
        let left = Unknown { ty, ..Unknown::new(Reason::Invalid(self.0.as_str().into()), None) };
        self.leaving(Value::new(Kind::Unknown(Arc::new(left))))
    }

    /// What Terraform takes the expression for.
    pub(crate) fn left(&self, span: Option<Span>) -> Value {
        self.1.as_deref().cloned().unwrap_or_else(|| Value::unknown(Reason::Invalid(self.0.as_str().into()), span))
    }
}

/// What functions need from the evaluator.
pub(crate) trait FunctionContext {
    /// Reads the file that `path` names (as `file()` does), relative to the root module.
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;
    /// The whole of the file that `path` names, as a place.
    fn place(&self, path: &str) -> Option<Span>;
    /// The files below `base` that match the glob `pattern`, for `fileset`.
    fn file_set(&self, base: &str, pattern: &str) -> Result<Vec<String>, String>;
    /// Renders the template `text` with `vars` (an object), for `templatestring`.
    fn template_text(&self, text: &str, vars: &Value) -> Result<Value, EvalError>;
    /// Renders the template file at `path` with `vars` (an object), for `templatefile`.
    fn template_file(&self, path: &str, vars: &Value) -> Result<Value, EvalError>;
}

/// `jsondecode` of the value, with holes; `None` where the text is not JSON.
pub(crate) fn json_decode(value: &Value) -> Option<Value> {
    encoding::jsondecode(std::slice::from_ref(value)).ok().filter(|value| !is_open(value))
}

/// The number in ten digits, as Go shows big numbers.
pub(crate) fn ten_digits(number: &Number) -> String {
    strings::number_text(number, 'g', Some(10)).unwrap_or_default()
}

/// `merge` of these values.
pub(crate) fn merge(args: &[Value]) -> Result<Value, EvalError> {
    collections::merge(args)
}

type Outcome = Result<Value, EvalError>;

/// Arguments that may be unknown or conditional as a whole without making the result unknown.
const STRUCTURAL: &[&str] = &[
    "coalesce",
    "coalescelist",
    "concat",
    "contains",
    "jsonencode",
    "length",
    "merge",
    "format",
    "join",
    "formatlist",
    "nonsensitive",
    "sensitive",
    "tostring",
    "tonumber",
    "tobool",
    "tolist",
    "toset",
    "tomap",
    "flatten",
    "compact",
    "alltrue",
    "anytrue",
    "templatefile",
    "templatestring",
    "yamlencode",
    "setunion",
    "issensitive",
    "type",
    "distinct",
    "one",
    "zipmap",
    "base64encode",
    "keys",
    "values",
    "element",
    "lookup",
];

/// Functions that hand on parts of their arguments as they are, with their own marks; of all others the result is as
/// secret as any part of an argument.
const KEEPS_PARTS: &[&str] = &[
    "chunklist",
    "coalesce",
    "coalescelist",
    "concat",
    "element",
    "flatten",
    "index",
    "jsonencode",
    "keys",
    "lookup",
    "merge",
    "one",
    "reverse",
    "slice",
    "tolist",
    "tomap",
    "values",
    "zipmap",
];

/// Functions that OpenTofu alone has.
const OF_OPENTOFU: &[&str] = &["base64gunzip", "cidrcontains", "urldecode"];

/// More elements or characters than this are not made by one call.
pub(crate) const LIMIT: usize = 1_000_000;

/// Calls the function `name` (also as `core::name`); `try` and `can` are the evaluator's.
pub(crate) fn call(name: &str, args: Vec<Value>, context: &dyn FunctionContext) -> Outcome {
    let name = name.strip_prefix("core::").unwrap_or(name);
    let sensitive = !matches!(name, "nonsensitive" | "issensitive" | "length" | "type")
        && args.iter().any(|arg| arg.sensitive || (!KEEPS_PARTS.contains(&name) && arg.is_hidden()));
    if let Some((at, arg)) = args.iter().enumerate().find(|(_, arg)| matches!(arg.kind, Kind::Cond(_)))
        && let Kind::Cond(branches) = &arg.kind
    {
        return over_branches(arg, branches, |branch| {
            let mut args = args.clone();
            if let Some(slot) = args.get_mut(at) {
                *slot = branch.clone();
            }
            call(name, args, context)
        });
    }
    let Some(signature) = signatures::of(name) else {
        if OF_OPENTOFU.contains(&name) {
            let reason = Reason::Unsupported(format!("the function `{name}` of OpenTofu").into());
            return Ok(Value::unknown(reason, args.first().and_then(|arg| arg.span)));
        }
        return fail(format!("there is no function named `{name}`"));
    };
    let args = signatures::convert_arguments(name, signature, args)?;
    if !STRUCTURAL.contains(&name) && args.iter().any(is_open) {
        let open: Vec<&Value> = args.iter().filter(|arg| is_open(arg)).collect();
        return Ok(derived(&open, signature.result.clone()));
    }
    // Where elements stand that are known depends on those that are not.
    if matches!(name, "chunklist" | "index" | "transpose") && args.iter().any(is_of_unknown_length) {
        return Ok(derived(&args.iter().collect::<Vec<_>>(), signature.result.clone()));
    }
    // Terraform 1.11 cannot say what these make of a null of no type.
    if matches!(name, "format" | "formatlist") && args.iter().any(super::ops::is_untyped_null) {
        return Ok(derived(&args.iter().collect::<Vec<_>>(), Type::Dynamic));
    }
    if grows_beyond(name, &args) {
        return Ok(Value { sensitive, ..super::ops::too_long() });
    }
    if let Some(wrong) = of_wrong_kind(name, &args) {
        return fail(format!("`{name}` cannot take a {}", name_of(wrong)));
    }
    let mut value = match dispatch(name, &args, context) {
        // What is computed may turn out to be another thing than the error assumes.
        Err(_) if args.iter().any(computed) => derived(&args.iter().collect::<Vec<_>>(), signature.result.clone()),
        result => result?,
    };
    if matches!(&value.kind, Kind::Seq(seq) if seq.items.is_empty() && seq.element.is_none()) {
        let element = element_of_result(name, &signature.result, &args);
        value.kind = super::ops::of_elements(value.kind, &element);
    }
    match &value.kind {
        Kind::String(text) => {
            if let Some(text) = super::composed(text) {
                value.kind = Kind::String(text.into());
            }
        }
        Kind::Null(of) if of.0.is_none() => value.kind = Value::null_of(&signature.result).kind,
        _ => {}
    }
    // What text holds may be of any type.
    let of_text = matches!(name, "jsondecode" | "yamldecode" | "csvdecode");
    if let Kind::Unknown(unknown) = &mut value.kind
        && (signature.result != Type::Dynamic || of_text)
        && unknown.ty != signature.result
    {
        Arc::make_mut(unknown).ty = signature.result.clone();
    }
    if value.span.is_none() {
        value.span = args.first().and_then(|arg| arg.span);
    }
    value.sensitive |= sensitive;
    Ok(value)
}

/// An argument that the function refuses whatever its unknown parts turn out to be.
fn of_wrong_kind<'v>(name: &str, args: &'v [Value]) -> Option<&'v Value> {
    use Shape::{List, Mapping, Set, Text};
    let refused: &[Shape] = match name {
        "keys" | "values" | "lookup" | "merge" | "tomap" => &[Text, Set, List],
        "concat" | "index" | "slice" | "element" => &[Text, Mapping, Set],
        "tolist" | "toset" | "flatten" => &[Text, Mapping],
        "tostring" | "tonumber" | "tobool" => &[Mapping, Set, List],
        _ => return None,
    };
    if name == "index" && args.get(1).is_some_and(computed) {
        return None;
    }
    let looked_at = if matches!(name, "merge" | "concat") { args.len() } else { 1 };
    // Of what is not known yet, Terraform asks the type only here.
    let by_type = matches!(name, "keys" | "values" | "lookup" | "tomap" | "tolist" | "toset" | "slice" | "element");
    let open = |arg: &Value| matches!(arg.kind, Kind::Ref(_) | Kind::Unknown(_));
    let refuses = |arg: &&Value| Shape::of(arg).is_some_and(|shape| refused.contains(&shape));
    args.iter().take(looked_at).filter(|arg| by_type || !open(arg)).find(refuses)
}

/// What kind of thing a value certainly is.
#[derive(PartialEq, Eq)]
enum Shape {
    Text,
    List,
    Set,
    Mapping,
}

impl Shape {
    fn of(value: &Value) -> Option<Self> {
        Some(match &value.kind {
            Kind::Seq(seq) if seq.kind == SeqKind::Set => Self::Set,
            Kind::Seq(_) => Self::List,
            Kind::Map(_) => Self::Mapping,
            Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Document(_) | Kind::Template(_) => Self::Text,
            Kind::Ref(_) | Kind::Unknown(_) => match super::types::of(value) {
                Type::String | Type::Number | Type::Bool => Self::Text,
                Type::List(_) | Type::Tuple(_) => Self::List,
                Type::Set(_) => Self::Set,
                Type::Map(_) | Type::Object(_) => Self::Mapping,
                Type::Dynamic => return None,
            },
            Kind::Null(_) | Kind::Cond(_) => return None,
        })
    }
}

/// Of which type the elements of an empty result would be, as far as the arguments tell.
fn element_of_result(name: &str, result: &Type, args: &[Value]) -> Type {
    use super::types;
    let element = |value: &Value| value.as_seq().map(types::element_of).unwrap_or_default();
    match (name, result) {
        ("distinct" | "reverse" | "slice" | "tolist" | "toset" | "matchkeys", _) => {
            args.first().map(element).unwrap_or_default()
        }
        ("concat" | "setunion" | "setintersection" | "setsubtract", _) => {
            types::unify(&args.iter().map(element).collect::<Vec<_>>()).unwrap_or_default()
        }
        ("setproduct", _) => Type::Tuple(args.iter().map(element).collect()),
        ("chunklist", _) => Type::List(Box::new(args.first().map(element).unwrap_or_default())),
        ("keys", _) => Type::String,
        (_, Type::List(element) | Type::Set(element)) => (**element).clone(),
        _ => Type::Dynamic,
    }
}

/// Whether the function would make text beyond the limit of shorter arguments.
fn grows_beyond(name: &str, args: &[Value]) -> bool {
    let length = |value: &Value| value.as_str().map_or(0, str::len);
    let lists = || args.iter().filter_map(Value::as_seq);
    let texts: usize = args.iter().map(length).sum();
    let size = match (name, args) {
        ("join", _) => lists().flat_map(|seq| &seq.items).map(|item| length(item).saturating_add(texts)).sum(),
        ("formatlist", _) => {
            let rows = lists().map(|seq| seq.items.len()).max().unwrap_or(0);
            let items: usize = lists().flat_map(|seq| &seq.items).map(length).sum();
            rows.saturating_mul(texts).saturating_add(items)
        }
        ("replace", [text, from, to]) => {
            let from = if length(from) > 2 && from.as_str().is_some_and(|from| from.starts_with('/')) {
                1
            } else {
                length(from)
            };
            (length(text) / from.max(1) + 1).saturating_mul(length(to))
        }
        _ => 0,
    };
    size > super::ops::LONGEST
}

/// Whether further elements may exist, of the value or of a list in it.
fn is_of_unknown_length(value: &Value) -> bool {
    match &value.kind {
        Kind::Seq(seq) => seq.open.is_some(),
        Kind::Map(map) => map.open.is_some() || map.entries.values().any(|entry| is_of_unknown_length(&entry.value)),
        _ => false,
    }
}

/// Whether a part of the value is decided by the provider.
pub(crate) fn computed(value: &Value) -> bool {
    match &value.kind {
        Kind::Ref(reference) => reference.known.as_ref().is_none_or(computed),
        Kind::Unknown(_) => true,
        Kind::Seq(seq) => seq.open.is_some() || seq.items.iter().any(computed),
        Kind::Map(map) => map.open.is_some() || map.entries.values().any(|entry| computed(&entry.value)),
        Kind::Template(parts) => parts.iter().any(computed),
        Kind::Cond(branches) => branches.iter().any(|branch| computed(&branch.value)),
        Kind::Document(inner) => computed(inner),
        Kind::Null(_) | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => false,
    }
}

fn dispatch(name: &str, args: &[Value], context: &dyn FunctionContext) -> Outcome {
    if matches!(name, "timestamp" | "plantimestamp" | "uuid" | "bcrypt" | "rsadecrypt") {
        let mut unknown = Unknown::new(Reason::Impure(name.into()), None);
        unknown.ty = Type::String;
        return Ok(Value::new(Kind::Unknown(Arc::new(unknown))));
    }
    let found = strings::call(name, args)
        .or_else(|| collections::call(name, args))
        .or_else(|| numbers::call(name, args))
        .or_else(|| time::call(name, args))
        .or_else(|| encoding::call(name, args, context));
    match found {
        Some(result) => result,
        None => Ok(Value::unknown(Reason::Unsupported(format!("the function `{name}`").into()), None)),
    }
}

/// The argument at `at`, which must be there.
fn arg(args: &[Value], at: usize) -> Result<&Value, EvalError> {
    args.get(at).ok_or_else(|| EvalError::new(format!("argument {} is missing", at + 1)))
}

/// The argument's text; `None` where it is not wholly known.
fn text(args: &[Value], at: usize) -> Result<Option<Arc<str>>, EvalError> {
    let value = arg(args, at)?;
    match &value.kind {
        Kind::Null(_) => fail("a string is required, but the argument is null"),
        Kind::Seq(_) | Kind::Map(_) => fail(format!("a string is required, not {}", name_of(value))),
        _ => Ok(value.text()),
    }
}

/// The argument as a whole number.
fn int(args: &[Value], at: usize) -> Result<i64, EvalError> {
    match super::ops::number(arg(args, at)?)?.and_then(|n| n.as_i64()) {
        Some(n) => Ok(n),
        None => fail("a whole number is required"),
    }
}

/// The argument as a sequence; null and other values are errors.
fn seq(args: &[Value], at: usize) -> Result<&Seq, EvalError> {
    let value = arg(args, at)?;
    value.as_seq().ok_or_else(|| EvalError::new(format!("a list or set is required, not {}", name_of(value))))
}

/// The argument as a mapping.
fn map(args: &[Value], at: usize) -> Result<&Map, EvalError> {
    let value = arg(args, at)?;
    value.as_map().ok_or_else(|| EvalError::new(format!("a map or object is required, not {}", name_of(value))))
}

fn strings_value(items: impl IntoIterator<Item = String>) -> Value {
    list(items.into_iter().map(Value::string).collect())
}

fn list(items: Vec<Value>) -> Value {
    Value::new(super::ops::make_seq(SeqKind::List, items, None))
}

fn list_open(items: Vec<Value>, open: Option<Arc<Unknown>>) -> Value {
    Value::new(super::ops::make_seq(SeqKind::List, items, open))
}

fn set(items: Vec<Value>, open: Option<Arc<Unknown>>) -> Value {
    Value::new(super::ops::make_seq(SeqKind::Set, items, open))
}

fn number_value(number: Number) -> Value {
    Value::new(Kind::Number(number))
}

/// The unknown that says why `value` is open.
fn why(value: &Value) -> Option<Arc<Unknown>> {
    match &derived(&[value], Type::Dynamic).kind {
        Kind::Unknown(unknown) => Some(unknown.clone()),
        _ => None,
    }
}
