//! The neutral form in which every frontend delivers what the user's code declares.

mod published;

pub use published::{Export, Given, Output, Parameter, Published, State, parameters};

use crate::aws::Place;
use crate::source::{Sources, Span};
use crate::value::{Branch, Entry, Existence, Guard, Kind, StackId, Value};
use std::sync::Arc;

/// Which language a unit is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Language {
    Terraform,
    CloudFormation,
    /// A policy of AWS Organizations in a JSON file.
    OrganizationPolicy,
    /// A plan or state as Terraform prints it.
    Plan,
    /// Of a stack: a state, so what is deployed.
    State,
    /// Of a stack: what the AWS CLI printed of things that exist.
    Facts,
}

/// Inputs that a deployment gives a unit, from `crossvault.toml` or the command line. Paths are as in `Sources`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deployment {
    pub account: Option<crate::aws::AccountId>,
    pub region: Option<Arc<str>>,
    /// `--var name=expression` in order.
    pub vars: Vec<(String, String)>,
    pub var_files: Vec<String>,
    pub workspace: Option<String>,
    /// CloudFormation parameters by name.
    pub parameters: Vec<(String, String)>,
    pub parameter_files: Vec<String>,
    /// What `Fn::ImportValue` finds outside the estate.
    pub exports: Vec<(String, String)>,
    /// A CloudFormation stack's name.
    pub stack_name: Option<Arc<str>>,
    /// The user or a deployment file names this very unit, so it is deployed by itself even where another one uses it.
    pub named: bool,
    /// Where the unit keeps its state, where the code does not say it: the backend's settings, and its `type`.
    pub backend: Vec<(String, String)>,
    /// The unit's state as a file.
    pub state: Option<String>,
    /// Of a Terraform Stack: the deployment's name.
    pub stack: Option<String>,
    /// What deploys the unit, where another file says so.
    pub by: Option<Span>,
    /// Of a unit that a stack of Terragrunt makes: the block that makes it.
    pub made_by: Option<Arc<MadeBy>>,
}

/// A `unit` or `stack` block of a `terragrunt.stack.hcl`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MadeBy {
    /// The directory of the file.
    pub dir: String,
    /// The block's label.
    pub name: Arc<str>,
    /// The block that makes the stack.
    pub within: Option<Arc<MadeBy>>,
}

impl Deployment {
    /// The same, with what `other` says in place of what this says.
    #[must_use]
    pub(crate) fn overlaid(mut self, other: &Self) -> Self {
        let other = other.clone();
        self.account = other.account.or(self.account);
        self.region = other.region.or(self.region);
        self.vars.extend(other.vars);
        self.var_files.extend(other.var_files);
        self.workspace = other.workspace.or(self.workspace);
        self.parameters.extend(other.parameters);
        self.parameter_files.extend(other.parameter_files);
        self.exports.extend(other.exports);
        self.stack_name = other.stack_name.or(self.stack_name);
        self.backend.extend(other.backend);
        self.state = other.state.or(self.state);
        self.stack = other.stack.or(self.stack);
        self.made_by = other.made_by.or(self.made_by);
        self.by = other.by.or(self.by);
        self.named |= other.named;
        self
    }
}

/// An input without a value, and the values that the code allows it to have.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenInput {
    /// As the code names it: `var.env`, or a parameter's name.
    pub name: Arc<str>,
    /// The header of its declaration.
    pub declared: Span,
    /// In the order of declaration, at least one.
    pub choices: Vec<Choice>,
}

/// One value that an input may have.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    pub value: Value,
    /// As it is given on the command line.
    pub text: String,
}

impl Unit {
    /// The same unit with this choice for the input.
    pub fn choose(&mut self, input: &OpenInput, choice: &Choice) {
        match self.language {
            Language::Terraform => {
                let name = input.name.strip_prefix("var.").unwrap_or(&input.name).to_owned();
                self.deployment.vars.push((name, choice.text.clone()));
            }
            Language::CloudFormation => self.deployment.parameters.push((input.name.to_string(), choice.text.clone())),
            // What was planned or deployed has its inputs.
            _ => {}
        }
    }
}

/// One thing that is deployed by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// As reported: the root module's or template's path, with `@name` where one template is deployed several times.
    pub name: Arc<str>,
    pub language: Language,
    /// The root module's directory, or the file of a template, plan or state.
    pub path: String,
    pub deployment: Deployment,
}

/// A unit evaluated for one target.
#[derive(Clone, Debug)]
pub struct Stack {
    pub id: StackId,
    pub unit: Arc<str>,
    pub language: Language,
    /// Where the stack itself goes: the default provider's place, or the stack's.
    pub place: Place,
    pub resources: Vec<Resource>,
    /// Code of it that was not read.
    pub unread: Vec<Unread>,
    /// What others may read of it; filled in where [`LoadSettings::publish`] asks for it.
    pub given: Given,
}

impl Stack {
    /// What is to become of the stack once it is evaluated.
    #[must_use]
    pub(crate) fn settled(self, sources: &Sources, settings: &LoadSettings) -> Self {
        match &settings.settle {
            Some(Settle(settle)) => settle(sources, self),
            None => self,
        }
    }
}

/// What becomes of each stack as soon as it is evaluated, so that not all of them are held whole at once.
#[derive(Clone)]
pub struct Settle(pub Arc<dyn Fn(&Sources, Stack) -> Stack + Send + Sync>);

impl std::fmt::Debug for Settle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Settle")
    }
}

/// Code that was not read, and what it may add to: a policy, a lock. What code leaves out is not proven while it may be
/// there.
#[derive(Clone, Debug)]
pub struct Unread {
    /// `module.vaults`, `policy.tf`.
    pub what: Arc<str>,
    /// Why it was not read, in words.
    pub why: Arc<str>,
    pub span: Span,
    /// The type of the one resource that it declares, where that could be read.
    pub kind: Option<Arc<str>>,
    /// The type and identity of the resource that it is handed; `None` where it may be any of the stack.
    pub of: Option<(Arc<str>, Value)>,
}

/// The entry of a nested block's object that names the undecided condition under which the block exists:
/// an object of `condition` (its text) and `holds`.
pub const WHEN: &str = "crossvault:when";

/// The entry of a resource's attributes that stands for each attribute that is not among them: these are not known.
pub const REST: &str = "...";

impl Value {
    /// The same block, existing only where `guard` holds. A block that has a condition keeps it.
    #[must_use]
    pub(crate) fn marked_when(mut self, guard: &Guard) -> Self {
        if let Kind::Map(map) = &mut self.kind
            && !map.entries.contains_key(WHEN)
        {
            let text = Self { span: guard.span, ..Self::string(guard.text.clone()) };
            let when = Self::object([("condition", text), ("holds", Self::bool(guard.holds))]);
            Arc::make_mut(map).entries.insert(WHEN.into(), Entry { value: when, span: None });
        }
        self
    }
}

impl Value {
    /// The undecided condition that a block is marked with.
    pub(crate) fn when(&self) -> Option<Guard> {
        let when = self.get(WHEN)?;
        let condition = when.get("condition");
        Some(Guard {
            text: condition.and_then(Self::text).unwrap_or_else(|| "a condition".into()),
            holds: when.get("holds").and_then(Self::as_bool).unwrap_or(true),
            span: condition.and_then(|value| value.span),
        })
    }

    /// What stands there under a condition, and nothing where it does not hold.
    #[must_use]
    pub(crate) fn only_where(self, guard: Option<Guard>) -> Self {
        let Some(guard) = guard else { return self };
        let not = Guard { holds: !guard.holds, ..guard.clone() };
        let (span, sensitive) = (self.span, self.sensitive);
        let branches = [Branch { guard, value: self }, Branch { guard: not, value: Self::null() }];
        Self { kind: Kind::Cond(branches.into()), span, sensitive }
    }
}

/// A declared resource instance, or a data source that stands for something outside the code.
#[derive(Clone, Debug)]
pub struct Resource {
    pub stack: StackId,
    /// `module.data["eu"].aws_db_instance.this[0]`, `data.aws_kms_key.k`, or the logical id
    /// (below nested stacks `Nested.LogicalId`).
    pub address: Arc<str>,
    /// `aws_db_instance`, `AWS::RDS::DBInstance`.
    pub kind: Arc<str>,
    /// A Terraform data source: referred to, not defined.
    pub data: bool,
    pub place: Arc<Place>,
    /// An object: attributes by name, nested blocks as sequences of objects. Null counts as left out.
    pub attributes: Value,
    /// The block's or resource's whole extent.
    pub span: Span,
    /// The block's header, or the logical id: what a label points at when the whole thing is meant.
    pub header: Span,
    /// The module calls or nested stacks that led here, outermost first.
    pub chain: Arc<[Span]>,
    pub exists: Existence,
    /// The real id given by an `import` block.
    pub imported_id: Option<Box<Value>>,
}

impl Resource {
    /// The attribute's value; `None` where it is left out or null. Where not all attributes are known, one that is not
    /// among them is unknown.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let written = self.attributes.get(name).filter(|value| !value.is_null());
        written.or_else(|| self.attributes.get(REST))
    }

    /// The place of the attribute, else of its value, else of the resource's header.
    pub fn attribute_span(&self, name: &str) -> Span {
        let entry = self.attributes.as_map().and_then(|map| map.entries.get(name));
        entry.and_then(|entry| entry.span.or(entry.value.span)).unwrap_or(self.header)
    }

    /// The elements of a nested block, or of a list of objects; empty where left out.
    pub fn blocks(&self, name: &str) -> &[Value] {
        match self.get(name).map(|value| &value.kind) {
            Some(Kind::Seq(seq)) => &seq.items,
            _ => &[],
        }
    }
}

/// A CloudFormation stack that code of another language deploys: its template and inputs, not what is in it.
#[derive(Clone, Debug)]
pub struct Deployed {
    pub stack: StackId,
    pub unit: Arc<str>,
    /// The resource that deploys it.
    pub address: Arc<str>,
    /// What comes before logical ids in addresses.
    pub prefix: Arc<str>,
    /// The stack's name.
    pub name: Option<Arc<str>>,
    pub place: Place,
    pub template: Template,
    /// The directory of the code.
    pub base: String,
    pub parameters: std::collections::BTreeMap<Arc<str>, Value>,
    pub header: Span,
    /// The module calls and resources that lead there, outermost first.
    pub chain: Arc<[Span]>,
    pub exists: Existence,
}

/// Where a deployed template is.
#[derive(Clone, Debug)]
pub enum Template {
    /// Its text, or its structure.
    Body(Value),
    /// A path as in `Sources`.
    File(String),
    /// Not at hand, and why.
    Missing(Arc<str>),
}

/// The symbol of a value that stands for an output of the stack that `address` deploys; without an output, for all of
/// them.
pub(crate) fn output_of(stack: StackId, address: &str, output: &str) -> String {
    let all = format!("outputs of {address} in stack {}", stack.0);
    if output.is_empty() { all } else { format!("{all}.{output}") }
}

/// The resources that deploy templates of which nothing is known.
pub(crate) fn unread(stacks: &[Arc<Stack>]) -> Vec<&Resource> {
    const KINDS: [&str; 5] = [
        "aws_cloudformation_stack",
        "aws_cloudformation_stack_set",
        "AWS::CloudFormation::Stack",
        "AWS::CloudFormation::StackSet",
        "AWS::Serverless::Application",
    ];
    let mut out = Vec::new();
    for stack in stacks {
        for resource in stack.resources.iter().filter(|one| !one.data && KINDS.contains(&&*one.kind)) {
            let within = |other: &Resource| {
                other.address.strip_prefix(&*resource.address).is_some_and(|rest| rest.starts_with(['.', '[']))
            };
            if !stack.resources.iter().any(within) {
                out.push(resource);
            }
        }
    }
    out
}

/// Which policy of AWS Organizations a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    Backup,
    ServiceControl,
}

/// A policy of AWS Organizations in a file, as the configuration attaches it.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyFile {
    pub path: String,
    pub kind: PolicyKind,
    /// Roots, organizational units and accounts, each with the place where the configuration names it.
    pub targets: Vec<(Arc<str>, Span)>,
    /// Where the configuration names the file.
    pub span: Span,
}

/// What loading needs beyond a unit's own inputs.
#[derive(Clone, Debug, Default)]
pub struct LoadSettings {
    /// Where modules lie that are not installed: module source to directory (`[modules]` in `crossvault.toml`).
    pub modules: std::collections::BTreeMap<String, String>,
    /// Policies of the organization that lie in files.
    pub policies: Vec<PolicyFile>,
    /// What the configuration tells of the organization.
    pub organization: crate::organization::Organization,
    /// `TF_VAR_*` of the environment, without the prefix.
    pub env_vars: std::collections::BTreeMap<String, String>,
    /// Resources of all types are read from a plan, not only those that play a part.
    pub all_types: bool,
    /// What becomes of an evaluated stack; it stays as it is where nothing is said.
    pub settle: Option<Settle>,
    /// Directories or files of JSON that the AWS CLI printed.
    pub facts: Vec<String>,
    /// Stacks keep what they give out, for an export.
    pub publish: bool,
    /// How much the code may ask for.
    pub limits: Limits,
}

/// How much code may ask for before it is told to be too much (`[limits]` in `crossvault.toml`). What lies beyond stays
/// unknown, never left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Instances of one `count`, `for_each` or dynamic block; of all modules of a unit together.
    pub instances: usize,
    /// Stacks that one template deploys: nested ones, and instances of stack sets.
    pub stacks: usize,
    /// Values that the loops of one template make.
    pub loop_values: usize,
    /// Combinations of open inputs that are judged one by one.
    pub combinations: usize,
    /// Expressions that are evaluated for one unit of Terraform.
    pub steps: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { instances: 20_000, stacks: 10_000, loop_values: 200_000, combinations: 128, steps: 50_000_000 }
    }
}
