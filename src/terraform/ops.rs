//! Operators, conversion and unification of Terraform's values, three-valued where something is unknown.

use super::ast::{BinaryOp, UnaryOp};
use super::functions::EvalError;
use crate::value::{Type, Value};

/// `left op right`.
pub(crate) fn binary(op: BinaryOp, left: &Value, right: &Value) -> Result<Value, EvalError> {
    let _ = (op, left, right);
    Err(EvalError("not evaluated".to_owned()))
}

/// `op value`.
pub(crate) fn unary(op: UnaryOp, value: &Value) -> Result<Value, EvalError> {
    let _ = (op, value);
    Err(EvalError("not evaluated".to_owned()))
}

/// `value[key]`, also `value.key` with a string key.
pub(crate) fn index(value: &Value, key: &Value) -> Result<Value, EvalError> {
    let _ = (value, key);
    Err(EvalError("not evaluated".to_owned()))
}

/// Concatenates template parts; one part alone keeps its type only where the caller unwraps it before.
pub(crate) fn concat(parts: Vec<Value>) -> Result<Value, EvalError> {
    let _ = parts;
    Err(EvalError("not evaluated".to_owned()))
}

/// Converts `value` to `ty` as Terraform converts module inputs and function arguments.
pub(crate) fn convert(value: &Value, ty: &Type) -> Result<Value, EvalError> {
    let _ = ty;
    Ok(value.clone())
}

/// Converts both branches of a conditional to one type, and chooses; undecided conditions give `Cond`.
pub(crate) fn conditional(condition: &Value, text: &str, then: Value, otherwise: Value) -> Result<Value, EvalError> {
    let _ = (condition, text, then, otherwise);
    Err(EvalError("not evaluated".to_owned()))
}
