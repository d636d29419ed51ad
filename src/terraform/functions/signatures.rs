//! What each function takes and gives, and the conversion of arguments to it.

use super::EvalError;
use crate::terraform::ops::{convert, fail};
use crate::value::{Type, Value};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A function's parameters and the type of its result.
pub(super) struct Signature {
    parameters: Vec<Parameter>,
    /// Takes any number of further arguments.
    rest: Option<Parameter>,
    pub(super) result: Type,
}

struct Parameter {
    ty: Type,
    nullable: bool,
}

/// The function's signature; `None` where Terraform 1.11 has no function of this name.
pub(super) fn of(name: &str) -> Option<&'static Signature> {
    static ALL: LazyLock<BTreeMap<&str, Signature>> =
        LazyLock::new(|| TABLE.iter().map(|(name, takes, gives)| (*name, read(takes, gives))).collect());
    ALL.get(name)
}

/// Brings the arguments to the parameters' types, as Terraform does before it calls.
pub(super) fn convert_arguments(name: &str, signature: &Signature, args: Vec<Value>) -> Result<Vec<Value>, EvalError> {
    let least = signature.parameters.len();
    if args.len() < least || (signature.rest.is_none() && args.len() > least) {
        let most = if signature.rest.is_some() { "at least " } else { "" };
        return fail(format!("`{name}` takes {most}{least} arguments, but {} are given", args.len()));
    }
    let parameters = signature.parameters.iter().chain(signature.rest.iter().cycle());
    args.into_iter()
        .zip(parameters)
        .map(|(arg, parameter)| {
            if arg.is_null() && !parameter.nullable {
                return fail(format!("an argument of `{name}` is null"));
            }
            convert(&arg, &parameter.ty).map_err(|error| EvalError::new(format!("`{name}`: {}", error.0)))
        })
        .collect()
}

fn read(takes: &str, gives: &str) -> Signature {
    let mut parameters = Vec::new();
    let mut rest = None;
    for text in takes.split_whitespace() {
        let parameter = Parameter { ty: ty(text), nullable: text.contains('?') };
        if text.ends_with('*') { rest = Some(parameter) } else { parameters.push(parameter) }
    }
    Signature { parameters, rest, result: ty(gives) }
}

/// The type that letters name: `n`umber, `s`tring, `b`ool, `d`ynamic; `L`ist, `S`et and `M`ap of what follows.
pub(in crate::terraform) fn ty(text: &str) -> Type {
    let of = |rest: &str| Box::new(ty(rest));
    match text.split_at_checked(1) {
        Some(("n", _)) => Type::Number,
        Some(("s", _)) => Type::String,
        Some(("b", _)) => Type::Bool,
        Some(("L", rest)) => Type::List(of(rest)),
        Some(("S", rest)) => Type::Set(of(rest)),
        Some(("M", rest)) => Type::Map(of(rest)),
        _ => Type::Dynamic,
    }
}

/// Name, parameters (`?` may be null, `*` any number), result. Source: `terraform metadata functions -json` of Terraform
/// 1.11.4; and `list`, `map` and `type`, which are known by other ways.
const TABLE: &[(&str, &str, &str)] = &[
    ("abs", "n", "n"),
    ("abspath", "s", "s"),
    ("alltrue", "Lb", "b"),
    ("anytrue", "Lb", "b"),
    ("base64decode", "s", "s"),
    ("base64encode", "s", "s"),
    ("base64gzip", "s", "s"),
    ("base64sha256", "s", "s"),
    ("base64sha512", "s", "s"),
    ("basename", "s", "s"),
    ("bcrypt", "s n*", "s"),
    ("can", "d", "b"),
    ("ceil", "n", "n"),
    ("chomp", "s", "s"),
    ("chunklist", "Ld n", "LLd"),
    ("cidrhost", "s n", "s"),
    ("cidrnetmask", "s", "s"),
    ("cidrsubnet", "s n n", "s"),
    ("cidrsubnets", "s n*", "Ls"),
    ("coalesce", "d?*", "d"),
    ("coalescelist", "d?*", "d"),
    ("compact", "Ls", "Ls"),
    ("concat", "d*", "d"),
    ("contains", "d d", "d"),
    ("csvdecode", "s", "d"),
    ("dirname", "s", "s"),
    ("distinct", "Ld", "Ld"),
    ("element", "d n", "d"),
    ("endswith", "s s", "b"),
    ("ephemeralasnull", "d?", "d"),
    ("file", "s", "s"),
    ("filebase64", "s", "s"),
    ("filebase64sha256", "s", "s"),
    ("filebase64sha512", "s", "s"),
    ("fileexists", "s", "b"),
    ("filemd5", "s", "s"),
    ("fileset", "s s", "Ss"),
    ("filesha1", "s", "s"),
    ("filesha256", "s", "s"),
    ("filesha512", "s", "s"),
    ("flatten", "d", "d"),
    ("floor", "n", "n"),
    ("format", "s d?*", "d"),
    ("formatdate", "s s", "s"),
    ("formatlist", "s d?*", "d"),
    ("indent", "n s", "s"),
    ("index", "d d", "d"),
    ("issensitive", "d?", "b"),
    ("join", "s Ls*", "s"),
    ("jsondecode", "s", "d"),
    ("jsonencode", "d?", "s"),
    ("keys", "d", "d"),
    ("length", "d", "n"),
    ("list", "d*", "Ld"),
    ("log", "n n", "n"),
    ("lookup", "d s d?*", "d"),
    ("lower", "s", "s"),
    ("map", "d*", "Md"),
    ("matchkeys", "Ld Ld Ld", "Ld"),
    ("max", "n*", "n"),
    ("md5", "s", "s"),
    ("merge", "d?*", "d"),
    ("min", "n*", "n"),
    ("nonsensitive", "d?", "d"),
    ("one", "d", "d"),
    ("parseint", "d n", "d"),
    ("pathexpand", "s", "s"),
    ("plantimestamp", "", "s"),
    ("pow", "n n", "n"),
    ("range", "n*", "Ln"),
    ("regex", "s s", "d"),
    ("regexall", "s s", "Ld"),
    ("replace", "s s s", "s"),
    ("reverse", "d", "d"),
    ("rsadecrypt", "s s", "s"),
    ("sensitive", "d?", "d"),
    ("setintersection", "Sd Sd*", "Sd"),
    ("setproduct", "d*", "d"),
    ("setsubtract", "Sd Sd", "Sd"),
    ("setunion", "Sd Sd*", "Sd"),
    ("sha1", "s", "s"),
    ("sha256", "s", "s"),
    ("sha512", "s", "s"),
    ("signum", "n", "n"),
    ("slice", "d n n", "d"),
    ("sort", "Ls", "Ls"),
    ("split", "s s", "Ls"),
    ("startswith", "s s", "b"),
    ("strcontains", "s s", "b"),
    ("strrev", "s", "s"),
    ("substr", "s n n", "s"),
    ("sum", "d", "d"),
    ("templatefile", "s d", "d"),
    ("templatestring", "s d", "s"),
    ("textdecodebase64", "s s", "s"),
    ("textencodebase64", "s s", "s"),
    ("timeadd", "s s", "s"),
    ("timecmp", "s s", "n"),
    ("timestamp", "", "s"),
    ("title", "s", "s"),
    ("tobool", "d?", "b"),
    ("tolist", "d?", "Ld"),
    ("tomap", "d?", "Md"),
    ("tonumber", "d?", "n"),
    ("toset", "d?", "Sd"),
    ("tostring", "d?", "s"),
    ("transpose", "MLs", "MLs"),
    ("trim", "s s", "s"),
    ("trimprefix", "s s", "s"),
    ("trimspace", "s", "s"),
    ("trimsuffix", "s s", "s"),
    ("try", "d*", "d"),
    ("type", "d?", "d"),
    ("upper", "s", "s"),
    ("urlencode", "s", "s"),
    ("uuid", "", "s"),
    ("uuidv5", "s s", "s"),
    ("values", "d", "d"),
    ("yamldecode", "s", "d"),
    ("yamlencode", "d?", "s"),
    ("zipmap", "Ls d", "d"),
];
