//! What units give out to others by name: outputs through states, exports and outputs of stacks, parameters.

use super::Stack;
use crate::aws::Place;
use crate::value::{Existence, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What code may read that another unit gives out.
#[derive(Clone, Debug, Default)]
pub struct Published {
    /// Of units that are not Terraform code.
    pub parameters: Vec<Parameter>,
    /// Outputs of states, each an object, by the state's path.
    pub states: BTreeMap<String, Value>,
    /// What exported estates tell. The run's own units count before them.
    pub elsewhere: Given,
}

/// What units give out, as an export carries it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Given {
    pub states: Vec<State>,
    pub exports: Vec<Export>,
    pub outputs: Vec<Output>,
    pub parameters: Vec<Parameter>,
}

/// The outputs of a Terraform root module, and where its state is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct State {
    /// `s3`, `remote`.
    pub backend: String,
    /// The settings that tell this state from others of the backend.
    pub settings: BTreeMap<String, String>,
    pub workspace: String,
    /// An object.
    pub outputs: Value,
}

/// What a CloudFormation stack exports.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Export {
    pub place: Place,
    pub name: String,
    pub value: Value,
}

/// An output of a CloudFormation stack.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Output {
    pub place: Place,
    /// The stack's name.
    pub of: Arc<str>,
    pub name: Arc<str>,
    pub value: Value,
}

/// A parameter of Systems Manager.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Parameter {
    pub place: Place,
    pub name: Arc<str>,
    pub value: Value,
}

impl Given {
    /// Adds what `other` holds.
    pub fn extend(&mut self, other: Self) {
        self.states.extend(other.states);
        self.exports.extend(other.exports);
        self.outputs.extend(other.outputs);
        self.parameters.extend(other.parameters);
    }

    /// Every value that is given out; of a state all outputs as one object.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        let states = self.states.iter_mut().map(|state| &mut state.outputs);
        let exports = self.exports.iter_mut().map(|export| &mut export.value);
        let outputs = self.outputs.iter_mut().map(|output| &mut output.value);
        let parameters = self.parameters.iter_mut().map(|parameter| &mut parameter.value);
        states.chain(exports).chain(outputs).chain(parameters)
    }
}

/// The parameters that the stack writes.
pub fn parameters(stack: &Stack) -> impl Iterator<Item = Parameter> + '_ {
    stack.resources.iter().filter(|resource| !resource.data).filter_map(|resource| {
        let (name, value) = match &*resource.kind {
            "AWS::SSM::Parameter" => (resource.get("Name"), resource.get("Value")),
            "aws_ssm_parameter" => (resource.get("name"), resource.get("value").or(resource.get("insecure_value"))),
            _ => return None,
        };
        let certain = matches!(resource.exists, Existence::Certain);
        let (name, value) = (name.and_then(Value::text)?, value.filter(|_| certain)?.clone());
        Some(Parameter { place: Place::clone(&resource.place), name, value })
    })
}
