//! Type constraints: `list(object({ name = string, size = optional(number, 1) }))`.

use crate::diagnostic::Diagnostic;
use crate::terraform::ast::{Expr, ExprKind, ObjectItem};
use crate::value::Type;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The defaults of optional attributes, as a tree that mirrors the type.
#[derive(Clone, Debug, Default)]
pub(crate) struct Defaults {
    /// `optional(T, default)` attributes of this object.
    pub(crate) attributes: BTreeMap<Arc<str>, Expr>,
    /// Defaults within an attribute (object), an element by its index in decimal (tuple), or every element under the
    /// empty key (list, set, map). Only children with some default are listed.
    pub(crate) children: BTreeMap<Arc<str>, Defaults>,
}

impl Defaults {
    /// Whether no attribute has a default.
    pub(crate) fn is_empty(&self) -> bool {
        self.attributes.is_empty() && self.children.is_empty()
    }
}

/// Reads the expression of a `type` argument: the type, and the defaults of its optional attributes.
pub(crate) fn type_constraint(expr: &Expr) -> Result<(Type, Defaults), Diagnostic> {
    match &expr.kind {
        ExprKind::Variable(name) => match &**name {
            "string" => Ok((Type::String, Defaults::default())),
            "number" => Ok((Type::Number, Defaults::default())),
            "bool" => Ok((Type::Bool, Defaults::default())),
            "any" => Ok((Type::Dynamic, Defaults::default())),
            // Terraform 0.11 took these; 0.12 and later read them as collections of any type.
            "list" => Ok((Type::List(Box::new(Type::Dynamic)), Defaults::default())),
            "map" => Ok((Type::Map(Box::new(Type::Dynamic)), Defaults::default())),
            "set" | "object" | "tuple" => {
                Err(wrong(expr, format!("the type `{name}` needs an argument in parentheses")))
            }
            name => Err(wrong(expr, format!("there is no type named `{name}`"))),
        },
        ExprKind::String(text) => match &**text {
            "string" => Ok((Type::String, Defaults::default())),
            "list" => Ok((Type::List(Box::new(Type::String)), Defaults::default())),
            "map" => Ok((Type::Map(Box::new(Type::String)), Defaults::default())),
            text => Err(wrong(expr, format!("there is no type named `{text}`"))),
        },
        ExprKind::Call { name, args, expand: false, .. } => match (&**name, &**args) {
            ("list", [element]) => collection(element, Type::List),
            ("set", [element]) => collection(element, Type::Set),
            ("map", [element]) => collection(element, Type::Map),
            ("tuple", [Expr { kind: ExprKind::Tuple(elements), .. }]) => tuple(elements),
            ("object", [Expr { kind: ExprKind::Object(items), .. }]) => object(items),
            ("tuple", _) => Err(wrong(expr, "expected one list of types: `tuple([string, number])`")),
            ("object", _) => Err(wrong(expr, "expected one object of types: `object({ name = string })`")),
            ("list" | "set" | "map", _) => Err(wrong(expr, format!("expected one type: `{name}(string)`"))),
            ("optional", _) => Err(wrong(expr, "`optional` is only allowed for an attribute of an object")),
            (name, _) => Err(wrong(expr, format!("there is no type named `{name}`"))),
        },
        ExprKind::Parens(inner) => type_constraint(inner),
        _ => Err(wrong(expr, "expected a type, such as `string` or `list(string)`")),
    }
}

fn wrong(expr: &Expr, message: impl Into<String>) -> Diagnostic {
    Diagnostic::bad_input(expr.span, message)
}

fn collection(element: &Expr, make: fn(Box<Type>) -> Type) -> Result<(Type, Defaults), Diagnostic> {
    let (ty, inner) = type_constraint(element)?;
    let mut defaults = Defaults::default();
    add(&mut defaults, "".into(), inner);
    Ok((make(Box::new(ty)), defaults))
}

fn add(defaults: &mut Defaults, key: Arc<str>, inner: Defaults) {
    if !inner.is_empty() {
        defaults.children.insert(key, inner);
    }
}

fn tuple(elements: &[Expr]) -> Result<(Type, Defaults), Diagnostic> {
    let mut types = Vec::new();
    let mut defaults = Defaults::default();
    for (index, element) in elements.iter().enumerate() {
        let (ty, inner) = type_constraint(element)?;
        types.push(ty);
        add(&mut defaults, index.to_string().into(), inner);
    }
    Ok((Type::Tuple(types), defaults))
}

fn object(items: &[ObjectItem]) -> Result<(Type, Defaults), Diagnostic> {
    let mut types = BTreeMap::new();
    let mut defaults = Defaults::default();
    for item in items {
        let Some(name) = item.key.name().cloned() else {
            return Err(Diagnostic::bad_input(item.key_span, "expected the name of an attribute"));
        };
        let (ty, optional) = match &item.value.kind {
            ExprKind::Call { name: function, args, expand: false, .. } if &**function == "optional" => {
                let (ty, inner) = match &**args {
                    [ty] => type_constraint(ty)?,
                    [ty, default] => {
                        defaults.attributes.insert(name.clone(), default.clone());
                        type_constraint(ty)?
                    }
                    _ => {
                        return Err(wrong(
                            &item.value,
                            "expected a type and perhaps a default: `optional(string, \"\")`",
                        ));
                    }
                };
                add(&mut defaults, name.clone(), inner);
                (ty, true)
            }
            _ => {
                let (ty, inner) = type_constraint(&item.value)?;
                add(&mut defaults, name.clone(), inner);
                (ty, false)
            }
        };
        types.insert(name, (ty, optional));
    }
    Ok((Type::Object(types), defaults))
}
