//! ARNs taken apart and put together, also where parts of them are not known.

use super::Outcome;
use super::strings::is_atom;
use crate::terraform::branches::over_branches;
use crate::terraform::ops::{concat, derived, fail, text_parts};
use crate::value::{Kind, Type, Value};

/// The parts of an ARN in their order, as `provider::aws::arn_parse` names them.
const PARTS: [&str; 5] = ["partition", "service", "region", "account_id", "resource"];

/// The AWS provider's function of this name; `None` where it has none.
pub(crate) fn call(name: &str, args: &[Value]) -> Option<Outcome> {
    Some(match name {
        "arn_parse" => parse(args),
        "arn_build" => build(args),
        "trim_iam_role_path" => trim(args),
        _ => return None,
    })
}

/// One of the parts `partition`, `service`, `region`, `account_id` and `resource` of the ARN `value`. A hole that may
/// hold colons leaves unknown what stands from there on.
pub(crate) fn part(value: &Value, name: &str) -> Outcome {
    if let Kind::Cond(branches) = &value.kind {
        return over_branches(value, branches, |branch| part(branch, name));
    }
    let unknown = || Ok(derived(&[value], Type::String));
    let mut fields: Vec<Vec<Value>> = vec![Vec::new()];
    let mut cut = false;
    for piece in text_parts(value) {
        let Some(text) = piece.as_str().map(str::to_owned) else {
            // The last part may hold colons.
            if !is_atom(&piece) && fields.len() <= PARTS.len() {
                cut = true;
                break;
            }
            fields.last_mut().into_iter().for_each(|field| field.push(piece.clone()));
            continue;
        };
        let mut rest = text.as_str();
        while fields.len() <= PARTS.len()
            && let Some((before, after)) = rest.split_once(':')
        {
            fields.last_mut().into_iter().for_each(|field| field.push(Value::string(before)));
            fields.push(Vec::new());
            rest = after;
        }
        fields.last_mut().into_iter().for_each(|field| field.push(Value::string(rest)));
    }
    if cut {
        fields.pop();
    }
    let scheme = fields.first().map(|field| concat(field.clone())).transpose()?;
    let arn = scheme.as_ref().and_then(Value::text).map(|text| &*text == "arn");
    match (arn, cut) {
        (Some(false), _) => return fail("the text is not an ARN: it does not begin with `arn:`"),
        (_, false) if fields.len() <= PARTS.len() => {
            return fail("the text is not an ARN: it has fewer than six parts");
        }
        (None, _) => return unknown(),
        _ => {}
    }
    let at = PARTS.iter().position(|part| *part == name).map(|at| at + 1);
    match at.and_then(|at| fields.get(at)) {
        Some(field) => one(field.clone()),
        None => unknown(),
    }
}

/// The pieces as one text; a single hole stays itself.
fn one(pieces: Vec<Value>) -> Outcome {
    let pieces: Vec<Value> = pieces.into_iter().filter(|piece| piece.as_str() != Some("")).collect();
    match pieces.as_slice() {
        [only] => Ok(only.clone()),
        _ => concat(pieces),
    }
}

fn parse(args: &[Value]) -> Outcome {
    let arn = only(args, "arn_parse")?;
    let fields: Result<Vec<_>, _> = PARTS.iter().map(|name| Ok((*name, part(arn, name)?))).collect();
    Ok(Value::object(fields?))
}

fn build(args: &[Value]) -> Outcome {
    if args.len() != PARTS.len() {
        return fail(format!("`arn_build` takes {} arguments, but {} are given", PARTS.len(), args.len()));
    }
    if args.iter().any(Value::is_null) {
        return fail("an argument of `arn_build` is null");
    }
    let mut parts = vec![Value::string("arn")];
    for arg in args {
        parts.extend([Value::string(":"), arg.clone()]);
    }
    concat(parts)
}

/// `arn:aws:iam::444455556666:role/with/path/name` becomes `arn:aws:iam::444455556666:role/name`.
fn trim(args: &[Value]) -> Outcome {
    let arn = only(args, "trim_iam_role_path")?;
    if let Kind::Cond(branches) = &arn.kind {
        return over_branches(arn, branches, |branch| trim(std::slice::from_ref(branch)));
    }
    let fields: Result<Vec<Value>, _> = PARTS.iter().map(|name| part(arn, name)).collect();
    let Ok([partition, service, region, account, resource]) = <[Value; 5]>::try_from(fields?) else {
        return Ok(derived(&[arn], Type::String));
    };
    if service.text().is_some_and(|service| &*service != "iam") {
        return fail("the ARN is not that of a role");
    }
    let split = super::strings::call("split", &[Value::string("/"), resource]);
    let pieces = match split {
        Some(pieces) => pieces?,
        None => return Ok(derived(&[arn], Type::String)),
    };
    let Some([first, .., last]) = pieces.as_seq().filter(|seq| seq.open.is_none()).map(|seq| &*seq.items) else {
        return match arn.text() {
            Some(_) => fail("the ARN is not that of a role"),
            None => Ok(derived(&[arn], Type::String)),
        };
    };
    if first.text().is_some_and(|first| &*first != "role") {
        return fail("the ARN is not that of a role");
    }
    let resource = concat(vec![first.clone(), Value::string("/"), last.clone()])?;
    build(&[partition, service, region, account, resource])
}

fn only<'v>(args: &'v [Value], name: &str) -> Result<&'v Value, super::EvalError> {
    match args {
        [one] if !one.is_null() => Ok(one),
        [_] => fail(format!("an argument of `{name}` is null")),
        _ => fail(format!("`{name}` takes one argument, but {} are given", args.len())),
    }
}
