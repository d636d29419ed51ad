//! The report as JSON, schema version 1: the types here are its schema.

use super::counts;
use super::words::one_line;
use crate::analysis::{Analysis, Reported};
use crate::checks::{CheckResult, Judgement, Outcome, Verdict};
use crate::copy::{CopySource, NamedArn};
use crate::diagnostic::{Diagnostic, DiagnosticKind, Label, Safety, Severity};
use crate::graph::VaultTarget;
use crate::source::{Location, Span};
use crate::suppress::SuppressionKind;
use serde::Serialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// What `crossvault check --format json` prints. Stable within a major version; what is not known is null.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report<'a> {
    /// 1.
    pub schema_version: u32,
    pub tool: Tool,
    pub summary: Summary,
    /// In order of plan, rule, copy action, data store.
    #[cfg_attr(test, schemars(with = "Vec<Copy>"))]
    pub copies: Copies<'a>,
    /// Most severe first.
    pub findings: Vec<Finding>,
    /// Input that could not be read or understood: the exit code is 2.
    pub errors: Vec<InputError>,
}

/// The copies, each made when it is written: an estate has millions of checks.
#[derive(Debug)]
pub struct Copies<'a>(&'a Analysis);

impl<'a> Copies<'a> {
    /// All copies of the analysis.
    pub fn new(analysis: &'a Analysis) -> Self {
        Self(analysis)
    }
}

impl Serialize for Copies<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.judgements.iter().map(|judgement| copy(self.0, judgement)))
    }
}

/// Which program wrote the report.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tool {
    pub name: &'static str,
    pub version: &'static str,
}

/// Counts, and what the verdicts rest on.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Summary {
    /// Root modules, stacks, plans and states that were read.
    pub units: usize,
    pub data_stores: usize,
    pub copies: CopyCounts,
    pub findings: FindingCounts,
    /// Findings that the user has accepted; they are listed, and not counted in `findings`.
    pub suppressed: usize,
    /// Files with at least one of `errors`.
    pub files_with_errors: usize,
    /// What was assumed of some copy because neither code nor configuration says otherwise.
    pub assumptions: Vec<String>,
    /// Calls of modules whose code is not at hand: copies of what they declare are missing.
    pub modules_not_installed: usize,
    /// What was left out of the analysis.
    pub not_evaluated: Vec<NotEvaluated>,
}

/// Copies by verdict.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CopyCounts {
    pub succeeds: usize,
    pub fails: usize,
    pub undecided: usize,
}

/// Findings by severity.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FindingCounts {
    pub error: usize,
    pub warning: usize,
    pub info: usize,
}

/// Something that was left out.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NotEvaluated {
    /// `module.vpc`, or the code itself.
    pub what: String,
    pub why: String,
    /// How to have it evaluated.
    pub help: Option<String>,
    pub location: Option<Location>,
}

/// One predicted copy.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Copy {
    /// Sixteen hex digits that do not change when lines move.
    pub id: String,
    pub verdict: Verdict,
    pub source: Source,
    pub plan: Option<Plan>,
    /// The vault that is backed up into.
    pub vault: Vault,
    pub destination: Vault,
    /// Null where it cannot be told.
    pub cross_account: Option<bool>,
    pub cross_region: Option<bool>,
    pub assumed: Vec<String>,
    /// Values of inputs without a value under which an undecided copy fails.
    pub when: Vec<When>,
    /// Conditions of the code, not decided, under which the copy exists.
    pub conditions: Vec<Condition>,
    /// Every rule, in the order of the catalogue.
    pub checks: Vec<Check>,
}

/// The data that is copied. All null: what the selection reaches cannot be told.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Source {
    /// The unit that declares it, relative to the working directory.
    pub unit: Option<String>,
    /// Null where it is known by its ARN alone.
    pub address: Option<String>,
    /// A key of the capability table: `rds`, `aurora`, `dynamodb`, …
    pub service: Option<String>,
    pub arn: Option<String>,
    pub account: Option<String>,
    pub region: Option<String>,
    pub location: Option<Location>,
}

/// Which rule of which plan copies.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Plan {
    pub unit: String,
    pub address: String,
    pub rule: Option<String>,
    /// Of the copy action.
    pub location: Option<Location>,
}

/// A vault, as far as known.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Vault {
    pub unit: Option<String>,
    /// Null where no loaded code defines it.
    pub address: Option<String>,
    pub name: Option<String>,
    pub arn: Option<String>,
    pub account: Option<String>,
    pub region: Option<String>,
}

/// A verdict that holds where inputs have these values.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct When {
    /// By the input's name: `var.env`, or a parameter's.
    pub inputs: BTreeMap<String, Json>,
    pub verdict: Verdict,
}

/// A condition as the code writes it, and how it must turn out.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Condition {
    pub condition: String,
    pub holds: bool,
}

/// One necessary condition of a copy.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Check {
    pub rule: &'static str,
    pub outcome: CheckOutcome,
    pub message: Option<String>,
    pub evidence: Vec<Evidence>,
}

/// How a check came out. Fails and undecided decide the verdict; a mere warning passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum CheckOutcome {
    Pass,
    Fail,
    Undecided,
    NotApplicable,
}

/// A place and what is to be seen there.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Evidence {
    pub message: String,
    pub location: Location,
}

/// One root cause, however many copies it breaks.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    pub rule: &'static str,
    pub severity: Severity,
    /// Whether the check could not be decided, rather than failed.
    pub undecided: bool,
    pub message: String,
    /// The remedy.
    pub help: Option<String>,
    /// AWS's page.
    pub url: Option<&'static str>,
    /// The place to mend; null where only something outside the code could be.
    pub location: Option<Location>,
    /// The other places, in the order that the data takes.
    pub related: Vec<Evidence>,
    /// Further sentences, AWS's own error message among them.
    pub notes: Vec<String>,
    /// Ids of the copies.
    pub copies: Vec<String>,
    /// Sixteen hex digits that do not change when lines move.
    pub fingerprint: String,
    /// Why the finding does not count; null where it does.
    pub suppressed: Option<Suppressed>,
    /// A change of the code that mends it; null where none is known.
    pub fix: Option<Fix>,
}

/// A change of the code after which the finding is gone and no other has come.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Fix {
    /// What it does, as a command.
    pub message: String,
    pub safety: Safety,
    /// What will happen on apply that one may not expect; always there for an unsafe fix.
    pub consequence: Option<String>,
    pub edits: Vec<Edit>,
}

/// A replacement of text, empty places included.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Edit {
    #[serde(flatten)]
    pub location: Location,
    pub replacement: String,
}

/// Where a finding was accepted.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Suppressed {
    pub kind: SuppressionKind,
    /// As the user wrote it; null in a baseline.
    pub reason: Option<String>,
    pub location: Option<Location>,
}

/// Input that could not be read or understood.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct InputError {
    pub file: String,
    pub line: Option<usize>,
    pub column: Option<usize>,
    pub message: String,
}

/// The whole report.
pub fn report(analysis: &Analysis) -> Report<'_> {
    let (succeeds, fails, undecided) = counts(analysis);
    let of = |severity| analysis.findings.iter().filter(|reported| reported.finding.severity == severity).count();
    let errors = errors(analysis);
    let mut files: Vec<&String> = errors.iter().map(|error| &error.file).collect();
    files.sort();
    files.dedup();
    Report {
        schema_version: 1,
        tool: Tool { name: "crossvault", version: env!("CARGO_PKG_VERSION") },
        summary: Summary {
            units: analysis.units.len(),
            data_stores: analysis.graph.entities.data_stores.len(),
            copies: CopyCounts { succeeds, fails, undecided },
            findings: FindingCounts {
                error: of(Severity::Error),
                warning: of(Severity::Warning),
                info: of(Severity::Info),
            },
            suppressed: analysis.suppressed.len(),
            files_with_errors: files.len(),
            assumptions: analysis.assumptions.clone(),
            modules_not_installed: super::summary::missing_modules(analysis).len(),
            not_evaluated: analysis
                .diagnostics
                .iter()
                .filter(|diagnostic| diagnostic.kind == DiagnosticKind::NotEvaluated)
                .map(|diagnostic| not_evaluated(analysis, diagnostic))
                .collect(),
        },
        copies: Copies(analysis),
        findings: analysis
            .findings
            .iter()
            .chain(&analysis.suppressed)
            .map(|reported| finding(analysis, reported))
            .collect(),
        errors,
    }
}

fn not_evaluated(analysis: &Analysis, diagnostic: &Diagnostic) -> NotEvaluated {
    let code = diagnostic.primary.as_ref().map(|label| {
        let text = analysis.sources.shown(label.span.file);
        let line = text.get(label.span.range()).unwrap_or_default().lines().next().unwrap_or_default();
        one_line(&line.trim().chars().take(120).collect::<String>())
    });
    let what = diagnostic.about.clone().or(code).or_else(|| diagnostic.path.clone());
    NotEvaluated {
        what: what.unwrap_or_default(),
        why: diagnostic.message.clone(),
        help: diagnostic.help.clone(),
        location: diagnostic.primary.as_ref().map(|label| analysis.sources.location(label.span)),
    }
}

pub(super) fn finding(analysis: &Analysis, reported: &Reported) -> Finding {
    let finding = &reported.finding;
    Finding {
        rule: finding.rule,
        severity: finding.severity,
        undecided: reported.undecided,
        message: finding.message.clone(),
        help: finding.help.clone(),
        url: finding.url,
        location: finding.primary.as_ref().map(|label| analysis.sources.location(label.span)),
        related: evidence(analysis, finding.labels.iter()),
        notes: finding.notes.clone(),
        copies: reported.copies.iter().map(ToString::to_string).collect(),
        fingerprint: reported.fingerprint.clone(),
        suppressed: reported.suppressed.as_ref().map(|suppressed| Suppressed {
            kind: suppressed.kind,
            reason: suppressed.reason.clone(),
            location: suppressed.span.map(|span| analysis.sources.location(span)),
        }),
        fix: reported.fix.as_ref().map(|fix| Fix {
            message: fix.message.clone(),
            safety: fix.safety,
            consequence: fix.consequence.clone(),
            edits: fix
                .edits
                .iter()
                .map(|edit| Edit {
                    location: analysis.sources.location(edit.span),
                    replacement: edit.replacement.clone(),
                })
                .collect(),
        }),
    }
}

/// Bad input, each with its place.
pub(super) fn errors(analysis: &Analysis) -> Vec<InputError> {
    let bad = analysis.diagnostics.iter().filter(|diagnostic| diagnostic.kind == DiagnosticKind::BadInput);
    bad.map(|diagnostic| {
        let at = diagnostic.primary.as_ref().map(|label| analysis.sources.location(label.span));
        InputError {
            line: at.as_ref().map(|at| at.line),
            column: at.as_ref().map(|at| at.column),
            file: at.map(|at| at.file).or_else(|| diagnostic.path.clone()).unwrap_or_default(),
            message: diagnostic.message.clone(),
        }
    })
    .collect()
}

fn evidence<'a>(analysis: &Analysis, labels: impl Iterator<Item = &'a Label>) -> Vec<Evidence> {
    let one =
        |label: &Label| Evidence { message: label.message.clone(), location: analysis.sources.location(label.span) };
    labels.map(one).collect()
}

fn vault(analysis: &Analysis, target: &VaultTarget) -> Vault {
    match target {
        VaultTarget::Vault(id) => analysis.graph.vault(*id).map_or_else(Vault::default, |vault| {
            let site = &vault.site;
            let name = vault.name.text();
            let arn = match (&name, site.place.account.known(), site.place.region.known()) {
                (Some(name), Some(account), Some(region)) => Some(format!(
                    "arn:{}:backup:{region}:{account}:backup-vault:{name}",
                    crate::aws::partition_of_region(region)
                )),
                _ => None,
            };
            Vault {
                unit: Some(site.unit.to_string()),
                address: Some(site.address.to_string()),
                name: name.map(|name| name.to_string()),
                arn,
                account: site.place.account.known().map(ToString::to_string),
                region: site.place.region.known().map(ToString::to_string),
            }
        }),
        VaultTarget::External { arn, name, place, .. } => Vault {
            unit: None,
            address: None,
            name: name.as_ref().map(ToString::to_string),
            arn: arn.as_ref().map(ToString::to_string),
            account: place.account.known().map(ToString::to_string),
            region: place.region.known().map(ToString::to_string),
        },
        VaultTarget::Unknown(_) => Vault::default(),
    }
}

/// What a copy takes its data from.
pub(super) fn source(analysis: &Analysis, source: &CopySource) -> Source {
    let location = |span: Span| Some(analysis.sources.location(span));
    match source {
        CopySource::Store(id) => analysis.graph.store(*id).map_or_else(Source::default, |store| {
            let site = &store.site;
            Source {
                unit: Some(site.unit.to_string()),
                address: Some(site.address.to_string()),
                service: Some(store.service.to_string()),
                arn: store.arn.as_ref().map(ToString::to_string),
                account: site.place.account.known().map(ToString::to_string),
                region: site.place.region.known().map(ToString::to_string),
                location: location(site.span),
            }
        }),
        CopySource::Arn(named) => {
            let NamedArn { arn, service, span } = &**named;
            let parsed = crate::aws::Arn::parse(arn);
            let part = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
            Source {
                unit: None,
                address: None,
                service: service.as_ref().map(ToString::to_string),
                arn: Some(arn.to_string()),
                account: part(parsed.as_ref().map(|arn| arn.account)),
                region: part(parsed.as_ref().map(|arn| arn.region)),
                location: location(*span),
            }
        }
        CopySource::Unknown(_) => Source::default(),
    }
}

/// One copy.
pub fn copy(analysis: &Analysis, judgement: &Judgement) -> Copy {
    let copy = &judgement.copy;
    let plan = analysis.graph.plan(copy.plan);
    let rule = plan.and_then(|plan| plan.rules.get(copy.rule));
    let action = rule.and_then(|rule| rule.copy_actions.get(copy.action));
    Copy {
        id: copy.id.to_string(),
        verdict: judgement.verdict,
        source: source(analysis, &copy.source),
        plan: plan.map(|plan| Plan {
            unit: plan.site.unit.to_string(),
            address: plan.site.address.to_string(),
            rule: rule.and_then(|rule| rule.name.text()).map(|name| name.to_string()),
            location: action.map(|action| analysis.sources.location(action.span)),
        }),
        vault: vault(analysis, &copy.source_vault),
        destination: vault(analysis, &copy.destination),
        cross_account: copy.cross_account,
        cross_region: copy.cross_region,
        assumed: judgement.basis.assumed.to_vec(),
        when: judgement.basis.when.iter().map(when).collect(),
        conditions: copy
            .when()
            .iter()
            .map(|guard| Condition { condition: guard.text.to_string(), holds: guard.holds })
            .collect(),
        checks: analysis.checks(judgement).iter().map(|result| check(analysis, result)).collect(),
    }
}

fn when(when: &crate::checks::When) -> When {
    let inputs = when.inputs.iter().map(|(name, value)| (name.to_string(), super::values::tree(value).0));
    When { inputs: inputs.collect(), verdict: when.verdict }
}

fn check(analysis: &Analysis, result: &CheckResult) -> Check {
    let (outcome, message, evidence) = match &result.outcome {
        Outcome::NotApplicable => (CheckOutcome::NotApplicable, None, Vec::new()),
        Outcome::Pass(labels) => (CheckOutcome::Pass, None, evidence(analysis, labels.iter())),
        Outcome::Fail(finding) | Outcome::Undecided(finding) => {
            let outcome = match &result.outcome {
                Outcome::Undecided(_) => CheckOutcome::Undecided,
                _ if finding.severity == Severity::Error => CheckOutcome::Fail,
                // A warning or info never changes the verdict.
                _ => CheckOutcome::Pass,
            };
            let labels = finding.primary.iter().chain(&finding.labels);
            (outcome, Some(finding.message.clone()), evidence(analysis, labels))
        }
    };
    Check { rule: result.rule, outcome, message, evidence }
}
