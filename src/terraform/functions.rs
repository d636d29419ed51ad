//! Terraform's functions over values with unknowns.

use crate::value::Value;

/// A call that Terraform would reject, in words.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EvalError(pub(crate) String);

/// What functions need from the evaluator.
pub(crate) trait FunctionContext {
    /// Reads the file that `path` names (as `file()` does), relative to the root module.
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;
    /// The files below `base` that match the glob `pattern`, for `fileset`.
    fn file_set(&self, base: &str, pattern: &str) -> Result<Vec<String>, String>;
    /// Renders the template file at `path` with `vars` (an object), for `templatefile`.
    fn template_file(&self, path: &str, vars: &Value) -> Result<Value, EvalError>;
    /// Renders template text, for `templatestring`.
    fn template_string(&self, template: &Value, vars: &Value) -> Result<Value, EvalError>;
}

/// Calls the function `name` (also as `core::name`); `try` and `can` are the evaluator's.
pub(crate) fn call(name: &str, args: Vec<Value>, context: &dyn FunctionContext) -> Result<Value, EvalError> {
    let _ = (args, context);
    Err(EvalError(format!("there is no function named `{name}`")))
}
