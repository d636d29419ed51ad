//! Variables without a value that can only have some: bools, and those whose validation lists what is allowed.

use super::{Evaluator, Instance, Scope};
use crate::resource::{Choice, OpenInput};
use crate::terraform::ast::{BinaryOp, Expr, ExprKind};
use crate::terraform::module::Variable;
use crate::terraform::syntax::type_constraint;
use crate::value::{Kind, Type, Value};
use std::rc::Rc;

/// A validation that lists more values is no list of cases.
const MOST_CHOICES: usize = 128;

impl Evaluator<'_> {
    /// The root module's variables that have no value and a finite domain.
    pub(super) fn open_inputs(&self, root: &Rc<Instance>) -> Vec<OpenInput> {
        let open = root
            .module
            .variables
            .values()
            .filter(|variable| variable.default.is_none() && !self.is_given(&variable.name) && !variable.ephemeral);
        open.filter_map(|variable| {
            let values = self.domain(root, variable)?;
            let choices =
                values.into_iter().filter_map(|value| Some(Choice { text: value.text()?.to_string(), value }));
            let choices: Vec<Choice> = choices.collect();
            let name = format!("var.{}", variable.name).into();
            (!choices.is_empty() && choices.len() <= MOST_CHOICES).then_some(OpenInput {
                name,
                declared: variable.header,
                choices,
            })
        })
        .collect()
    }

    fn domain(&self, root: &Rc<Instance>, variable: &Variable) -> Option<Vec<Value>> {
        let listed = variable
            .validations
            .iter()
            .filter_map(|validation| validation.body.attribute("condition"))
            .filter_map(|condition| self.allowed(root, &variable.name, &condition.value))
            .reduce(|one, other| one.into_iter().filter(|value| other.contains(value)).collect());
        let ty = variable.ty.as_ref().and_then(|ty| type_constraint(ty).ok()).map(|(ty, _)| ty);
        match (listed, ty) {
            (Some(values), _) => Some(values),
            (None, Some(Type::Bool)) => Some(vec![Value::bool(true), Value::bool(false)]),
            _ => None,
        }
    }

    /// The values of the variable for which the condition can hold; `None` where they cannot be listed.
    fn allowed(&self, root: &Rc<Instance>, name: &str, condition: &Expr) -> Option<Vec<Value>> {
        match &condition.kind {
            ExprKind::Parens(inner) => self.allowed(root, name, inner),
            ExprKind::Binary(BinaryOp::Or, left, right) => {
                let (mut left, right) = (self.allowed(root, name, left)?, self.allowed(root, name, right)?);
                for value in right {
                    if !left.contains(&value) {
                        left.push(value);
                    }
                }
                Some(left)
            }
            ExprKind::Binary(BinaryOp::And, left, right) => {
                match (self.allowed(root, name, left), self.allowed(root, name, right)) {
                    (Some(left), Some(right)) => Some(left.into_iter().filter(|value| right.contains(value)).collect()),
                    (left, right) => left.or(right),
                }
            }
            ExprKind::Binary(BinaryOp::Equal, left, right) => {
                let other = if is_variable(left, name) {
                    right
                } else if is_variable(right, name) {
                    left
                } else {
                    return None;
                };
                Some(vec![self.constant(root, other)?])
            }
            ExprKind::Call { name: function, args, expand: false } => match (&**function, &**args) {
                ("contains", [list, wanted]) if is_variable(wanted, name) => {
                    let list = self.eval(list, &Scope::new(root)).ok()?;
                    let seq = list.as_seq().filter(|seq| seq.open.is_none())?;
                    seq.items.iter().map(scalar).collect()
                }
                ("can", [Expr { kind: ExprKind::Call { name: function, args, .. }, .. }]) => {
                    let ("regex", [pattern, wanted]) = (&**function, &**args) else { return None };
                    if !is_variable(wanted, name) {
                        return None;
                    }
                    let pattern = self.eval(pattern, &Scope::new(root)).ok()?.text()?;
                    let words = pattern.strip_prefix("^(")?.strip_suffix(")$")?;
                    let plain = |word: &str| word.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
                    words.split('|').map(|word| plain(word).then(|| Value::string(word))).collect()
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn constant(&self, root: &Rc<Instance>, expr: &Expr) -> Option<Value> {
        scalar(&self.eval(expr, &Scope::new(root)).ok()?)
    }
}

/// The value without its place, where it is a known string, number or bool.
fn scalar(value: &Value) -> Option<Value> {
    matches!(value.kind, Kind::String(_) | Kind::Number(_) | Kind::Bool(_)).then(|| Value::new(value.kind.clone()))
}

fn is_variable(expr: &Expr, name: &str) -> bool {
    match &expr.kind {
        ExprKind::GetAttr(root, attr, _) => {
            &**attr == name && matches!(&root.kind, ExprKind::Variable(root) if &**root == "var")
        }
        ExprKind::Parens(inner) => is_variable(inner, name),
        _ => false,
    }
}
