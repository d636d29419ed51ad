//! Stacks that are looked at as soon as they are evaluated, so that no more is held of them than what they declare.

use crate::catalog::Catalog;
use crate::diagnostic::Diagnostic;
use crate::lower::{lower, weighs};
use crate::model::Entities;
use crate::resource::{Settle, Stack};
use crate::value::{StackId, Value};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What stacks declare, by stack, and what was wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Early(Arc<Mutex<BTreeMap<StackId, (Entities, Vec<Diagnostic>)>>>);

impl Early {
    /// Looks at each stack once it is evaluated, and lets go of its resources' attributes. Stacks that others may still
    /// add to stay as they are.
    pub fn settle(&self) -> Settle {
        let known = self.0.clone();
        Settle(Arc::new(move |sources, mut stack| {
            if stack.resources.iter().any(|resource| is_asked_later(&resource.kind)) {
                return light(stack);
            }
            let mut declared = lower(&stack, sources, Catalog::builtin());
            declared.0.shrink();
            known.lock().unwrap_or_else(PoisonError::into_inner).insert(stack.id, declared);
            let_go(&mut stack, |_| true);
            stack.resources.shrink_to_fit();
            stack
        }))
    }

    /// What the stack declares, where it was looked at.
    pub(super) fn take(&self, stack: StackId) -> Option<(Entities, Vec<Diagnostic>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&stack)
    }
}

/// Of each stack the attributes that play no part are let go.
pub fn lighten() -> Settle {
    Settle(Arc::new(|_, stack| light(stack)))
}

fn light(mut stack: Stack) -> Stack {
    let_go(&mut stack, |kind| !weighs(kind));
    stack
}

pub(super) fn let_go(stack: &mut Stack, which: impl Fn(&str) -> bool) {
    for resource in stack.resources.iter_mut().filter(|resource| which(&resource.kind)) {
        resource.attributes = Value::null();
    }
}

/// Whether a resource of this type is Terraform's for what a template declares.
pub fn deploys(kind: &str) -> bool {
    kind.starts_with("aws_cloudformation_")
}

/// Whether others read the attributes of such resources after all is evaluated: templates that Terraform deploys join the
/// stack, and parameters are published.
fn is_asked_later(kind: &str) -> bool {
    deploys(kind) || matches!(kind, "aws_ssm_parameter" | "AWS::SSM::Parameter")
}
