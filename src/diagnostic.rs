//! What crossvault has to say about a place in the user's code, without any renderer's types.

use crate::source::Span;

/// How serious a diagnostic or finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Severity {
    Info,
    Warning,
    Error,
}

/// A place and what is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub message: String,
}

impl Label {
    /// `message` at `span`.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into() }
    }
}

/// A replacement of text: `span` is what goes, empty where something is only added.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    pub span: Span,
    pub replacement: String,
}

/// Whether a fix can be applied without a second thought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Safety {
    /// Gives the copy what it needs, and nobody else anything.
    Safe,
    /// Replaces a resource, changes its key, or opens more than the copy needs.
    Unsafe,
}

/// A change of the code after which a finding is gone and no other has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as a command: "let account 222222222222 use the key".
    pub message: String,
    pub safety: Safety,
    /// What will happen on apply that one may not expect; always there for an unsafe fix.
    pub consequence: Option<String>,
    /// In order of file and place; none overlaps another.
    pub edits: Vec<Edit>,
}

/// What a module that was not read may hold, as the rest of a sentence about it.
pub const MODULES_HIDE: &str =
    "may declare vaults, plans, selections, keys or data stores, so copies may be missing from this report";

/// What kind of thing a diagnostic tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DiagnosticKind {
    /// Input that could not be read or understood: the run ends with exit code 2.
    BadInput,
    /// Something that was left out of the analysis, and why; told in the summary as `not_evaluated`.
    NotEvaluated,
    /// Worth knowing; changes nothing.
    Note,
}

/// A message about the input: one headline, the place, other places, the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub kind: DiagnosticKind,
    pub severity: Severity,
    /// Lower case, no final period, backticks round the user's text.
    pub message: String,
    /// The primary place; `None` for a file that could not be read at all (then `path` names it).
    pub primary: Option<Label>,
    /// Other places that play a part, in path order.
    pub labels: Vec<Label>,
    pub help: Option<String>,
    /// The file a diagnostic without span speaks of.
    pub path: Option<String>,
    /// What was left out, where its place does not say it well: `module.vpc`.
    pub about: Option<String>,
    /// A module is left out because its code is not at hand.
    pub missing_module: bool,
}

impl Diagnostic {
    /// Input that could not be understood, at `span`.
    pub fn bad_input(span: Span, message: impl Into<String>) -> Self {
        Self::new(DiagnosticKind::BadInput, Severity::Error, Some(Label::new(span, "")), message)
    }

    /// A file that could not be read.
    pub fn unreadable(path: impl Into<String>, message: impl Into<String>) -> Self {
        let mut diagnostic = Self::new(DiagnosticKind::BadInput, Severity::Error, None, message);
        diagnostic.path = Some(path.into());
        diagnostic
    }

    /// Something that was left out, at `span`.
    pub fn not_evaluated(span: Span, message: impl Into<String>) -> Self {
        Self::new(DiagnosticKind::NotEvaluated, Severity::Info, Some(Label::new(span, "")), message)
    }

    /// A file or directory that was left out.
    pub fn skipped(path: impl Into<String>, message: impl Into<String>) -> Self {
        let mut diagnostic = Self::new(DiagnosticKind::NotEvaluated, Severity::Info, None, message);
        diagnostic.path = Some(path.into());
        diagnostic
    }

    /// A module, by its address, whose code is not at hand.
    pub fn missing_module(span: Span, address: impl Into<String>) -> Self {
        let address = address.into();
        let message = format!("`{address}` is not installed; it {MODULES_HIDE}");
        Self { missing_module: true, ..Self::not_evaluated(span, message).about(address) }
    }

    /// Open inputs of so many combinations that not each can be judged.
    pub fn too_many_cases(inputs: &[String]) -> Self {
        let names: Vec<String> = inputs.iter().map(|name| format!("`{name}`")).collect();
        let message = format!("the possible values of {} are too many to judge each combination", names.join(", "));
        Self::new(DiagnosticKind::NotEvaluated, Severity::Info, None, message).with_help("give values for some of them")
    }

    /// Something worth knowing, at `span`.
    pub fn note(span: Span, severity: Severity, message: impl Into<String>) -> Self {
        Self::new(DiagnosticKind::Note, severity, Some(Label::new(span, "")), message)
    }

    fn new(kind: DiagnosticKind, severity: Severity, primary: Option<Label>, message: impl Into<String>) -> Self {
        Self {
            kind,
            severity,
            message: message.into(),
            primary,
            labels: Vec::new(),
            help: None,
            path: None,
            about: None,
            missing_module: false,
        }
    }

    /// The same with a text at the primary place ("expected `}`").
    #[must_use]
    pub fn labelled(mut self, message: impl Into<String>) -> Self {
        if let Some(primary) = &mut self.primary {
            primary.message = message.into();
        }
        self
    }

    /// The same with another place.
    #[must_use]
    pub fn with_label(mut self, span: Span, message: impl Into<String>) -> Self {
        self.labels.push(Label::new(span, message));
        self
    }

    /// The same, naming what was left out.
    #[must_use]
    pub fn about(mut self, what: impl Into<String>) -> Self {
        self.about = Some(what.into());
        self
    }

    /// The same with a remedy.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
