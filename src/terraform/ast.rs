//! The syntax tree of Terraform files, independent of the parser that made it.

use crate::source::Span;
use crate::value::{Number, Type};
use std::sync::Arc;

/// A parsed file: what could be read of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Body {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) blocks: Vec<Block>,
    /// Places that could not be read: more attributes and blocks may be there.
    pub(crate) unread: Vec<Span>,
}

/// `name = value`.
#[derive(Clone, Debug)]
pub(crate) struct Attribute {
    pub(crate) name: Arc<str>,
    pub(crate) name_span: Span,
    pub(crate) value: Expr,
}

/// `kind "label" { … }`.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) kind: Arc<str>,
    pub(crate) labels: Vec<(Arc<str>, Span)>,
    pub(crate) body: Body,
    /// From the kind to the last label.
    pub(crate) header: Span,
    /// From the kind to the closing brace.
    pub(crate) span: Span,
}

impl Body {
    pub(crate) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| &*attribute.name == name)
    }

    pub(crate) fn blocks<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Block> {
        self.blocks.iter().filter(move |block| &*block.kind == kind)
    }
}

/// An expression and its place.
#[derive(Clone, Debug)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) span: Span,
}

#[derive(Clone, Debug)]
pub(crate) enum ExprKind {
    Null,
    Bool(bool),
    Number(Number),
    /// A quoted string or heredoc without interpolation, escapes and indentation resolved.
    String(Arc<str>),
    /// A quoted template or heredoc with interpolations or directives; strip markers and indentation resolved.
    /// A template that is one interpolation alone (`"${x}"`) has the type of that interpolation.
    Template(Vec<TemplatePart>),
    Tuple(Vec<Expr>),
    Object(Vec<ObjectItem>),
    /// The root of a traversal: `var`, `local`, `each`, `aws_kms_key`.
    Variable(Arc<str>),
    #[cfg_attr(not(test), expect(dead_code, reason = "the name's place is for messages and editors"))]
    GetAttr(Box<Expr>, Arc<str>, Span),
    Index(Box<Expr>, Box<Expr>),
    /// `source.*.rest` (attribute-only) or `source[*].rest`; `each` is evaluated with [`ExprKind::SplatItem`] bound.
    Splat {
        source: Box<Expr>,
        each: Box<Expr>,
    },
    /// The element of the innermost enclosing splat.
    SplatItem,
    /// What could not be read: that it was written is known, and not what it says.
    Unread,
    Call {
        name: Arc<str>,
        args: Vec<Expr>,
        /** `f(list...)` */
        expand: bool,
    },
    Unary(UnaryOp, Box<Expr>),
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    Conditional(Box<Expr>, Box<Expr>, Box<Expr>),
    For(Box<ForExpr>),
    Parens(Box<Expr>),
}

#[derive(Clone, Debug)]
pub(crate) struct ObjectItem {
    pub(crate) key: ObjectKey,
    pub(crate) key_span: Span,
    pub(crate) value: Expr,
}

#[derive(Clone, Debug)]
pub(crate) enum ObjectKey {
    /// A bare identifier: the name itself.
    Name(Arc<str>),
    /// `(expr)`, `"template"`, a number, or a traversal.
    Expr(Expr),
}

impl ObjectKey {
    /// The name that it writes, with quotes or without; `None` where it is worked out.
    pub(crate) fn name(&self) -> Option<&Arc<str>> {
        match self {
            Self::Name(name) | Self::Expr(Expr { kind: ExprKind::String(name), .. }) => Some(name),
            Self::Expr(_) => None,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum TemplatePart {
    /// Text after escapes; its place in the source.
    Literal(Arc<str>, Span),
    Interpolation(Expr),
    If {
        condition: Expr,
        then: Vec<TemplatePart>,
        otherwise: Vec<TemplatePart>,
    },
    For {
        key: Option<Arc<str>>,
        value: Arc<str>,
        collection: Expr,
        body: Vec<TemplatePart>,
    },
}

#[derive(Clone, Debug)]
pub(crate) struct ForExpr {
    /// `for key, value in collection`; a single name is the value.
    pub(crate) key: Option<Arc<str>>,
    pub(crate) value: Arc<str>,
    pub(crate) collection: Expr,
    /// `{ for … : result_key => result }`.
    pub(crate) result_key: Option<Expr>,
    pub(crate) result: Expr,
    /// `result...`
    pub(crate) group: bool,
    pub(crate) condition: Option<Expr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnaryOp {
    Not,
    Negate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BinaryOp {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

impl UnaryOp {
    /// The type of what it gives.
    pub(crate) fn result(self) -> Type {
        if self == Self::Not { Type::Bool } else { Type::Number }
    }
}

impl BinaryOp {
    /// The type of what it gives.
    pub(crate) fn result(self) -> Type {
        match self {
            Self::Add | Self::Subtract | Self::Multiply | Self::Divide | Self::Modulo => Type::Number,
            _ => Type::Bool,
        }
    }
}
