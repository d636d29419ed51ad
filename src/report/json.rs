//! The report as JSON, schema version 1.

use super::{counts, verdict_word};
use crate::analysis::Analysis;
use crate::checks::{Judgement, Outcome};
use crate::copy::CopySource;
use crate::diagnostic::{Diagnostic, DiagnosticKind, Label, Severity};
use crate::graph::VaultTarget;
use crate::source::Span;
use serde_json::{Value as Json, json};

/// The whole report.
pub fn report(analysis: &Analysis) -> Json {
    let (succeeds, fails, undecided) = counts(analysis);
    let of = |severity| analysis.findings.iter().filter(|reported| reported.finding.severity == severity).count();
    let bad = analysis.diagnostics.iter().filter(|diagnostic| diagnostic.kind == DiagnosticKind::BadInput);
    let mut files: Vec<String> = bad.map(|diagnostic| place(analysis, diagnostic).0).collect();
    files.sort();
    files.dedup();
    let not_evaluated: Vec<Json> = analysis
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.kind == DiagnosticKind::NotEvaluated)
        .map(|diagnostic| json!({"what": diagnostic.message, "why": diagnostic.help, "location": diagnostic.primary.as_ref().map(|label| location(analysis, label.span))}))
        .collect();
    json!({
        "schema_version": 1,
        "tool": {"name": "crossvault", "version": env!("CARGO_PKG_VERSION")},
        "summary": {
            "units": analysis.units.len(),
            "data_stores": analysis.graph.entities.data_stores.len(),
            "copies": {"succeeds": succeeds, "fails": fails, "undecided": undecided},
            "findings": {"error": of(Severity::Error), "warning": of(Severity::Warning), "info": of(Severity::Info)},
            "files_with_errors": files.len(),
            "assumptions": analysis.assumptions,
            "not_evaluated": not_evaluated,
        },
        "copies": analysis.judgements.iter().map(|judgement| copy(analysis, judgement)).collect::<Vec<_>>(),
        "findings": analysis.findings.iter().map(|reported| {
            let finding = &reported.finding;
            json!({
                "rule": finding.rule,
                "severity": finding.severity,
                "undecided": reported.undecided,
                "message": finding.message,
                "help": finding.help,
                "url": finding.url,
                "location": finding.primary.as_ref().map(|label| location(analysis, label.span)),
                "related": labels(analysis, &finding.labels),
                "notes": finding.notes,
                "copies": reported.copies,
                "fingerprint": reported.fingerprint,
                "suppressed": null,
                "fix": null,
            })
        }).collect::<Vec<_>>(),
        "errors": errors(analysis),
    })
}

/// Bad input, each with its place.
pub(super) fn errors(analysis: &Analysis) -> Vec<Json> {
    let bad = analysis.diagnostics.iter().filter(|diagnostic| diagnostic.kind == DiagnosticKind::BadInput);
    bad.map(|diagnostic| {
        let (file, at) = place(analysis, diagnostic);
        json!({"file": file, "line": at.map(|at| at.0), "column": at.map(|at| at.1), "message": diagnostic.message})
    })
    .collect()
}

fn place(analysis: &Analysis, diagnostic: &Diagnostic) -> (String, Option<(usize, usize)>) {
    match &diagnostic.primary {
        Some(label) => {
            let at = analysis.sources.location(label.span);
            (at.file, Some((at.line, at.column)))
        }
        None => (diagnostic.path.clone().unwrap_or_default(), None),
    }
}

fn location(analysis: &Analysis, span: Span) -> Json {
    serde_json::to_value(analysis.sources.location(span)).unwrap_or(Json::Null)
}

fn labels(analysis: &Analysis, labels: &[Label]) -> Vec<Json> {
    labels.iter().map(|label| json!({"message": label.message, "location": location(analysis, label.span)})).collect()
}

fn vault(analysis: &Analysis, target: &VaultTarget) -> Json {
    match target {
        VaultTarget::Vault(id) => analysis.graph.vault(*id).map_or(Json::Null, |vault| {
            let site = &vault.site;
            let name = vault.name.text();
            let arn = match (&name, site.place.account.known(), site.place.region.known()) {
                (Some(name), Some(account), Some(region)) => Some(format!("arn:{}:backup:{region}:{account}:backup-vault:{name}", crate::aws::partition_of_region(region))),
                _ => None,
            };
            json!({"unit": site.unit, "address": site.address, "name": name, "arn": arn, "account": site.place.account.known().map(ToString::to_string), "region": site.place.region.known()})
        }),
        VaultTarget::External { arn, name, place, .. } => json!({"unit": null, "address": null, "name": name, "arn": arn, "account": place.account.known().map(ToString::to_string), "region": place.region.known()}),
        VaultTarget::Unknown(_) => json!({"unit": null, "address": null, "name": null, "arn": null, "account": null, "region": null}),
    }
}

/// One copy.
pub fn copy(analysis: &Analysis, judgement: &Judgement) -> Json {
    let copy = &judgement.copy;
    let plan = analysis.graph.plan(copy.plan);
    let rule = plan.and_then(|plan| plan.rules.get(copy.rule));
    let action = rule.and_then(|rule| rule.copy_actions.get(copy.action));
    let source = match &copy.source {
        CopySource::Store(id) => analysis.graph.store(*id).map_or(Json::Null, |store| {
            let site = &store.site;
            json!({"unit": site.unit, "address": site.address, "service": store.service, "arn": store.arn.text(), "account": site.place.account.known().map(ToString::to_string), "region": site.place.region.known(), "location": location(analysis, site.span)})
        }),
        CopySource::Arn { arn, service, span } => {
            let parsed = crate::aws::Arn::parse(arn);
            let part = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
            json!({"unit": null, "address": null, "service": service, "arn": arn, "account": part(parsed.as_ref().map(|arn| arn.account)), "region": part(parsed.as_ref().map(|arn| arn.region)), "location": location(analysis, *span)})
        }
        CopySource::Unknown(_) => json!({"unit": null, "address": null, "service": null, "arn": null, "account": null, "region": null, "location": null}),
    };
    let checks: Vec<Json> = analysis
        .checks(judgement)
        .iter()
        .map(|check| {
            let (outcome, message, evidence) = match &check.outcome {
                Outcome::NotApplicable => ("not_applicable", None, Vec::new()),
                Outcome::Pass(evidence) => ("pass", None, labels(analysis, evidence)),
                Outcome::Fail(finding) | Outcome::Undecided(finding) => {
                    let word = if matches!(check.outcome, Outcome::Undecided(_)) {
                        "undecided"
                    } else if finding.severity == Severity::Error {
                        "fail"
                    } else {
                        // A warning or info never changes the verdict.
                        "pass"
                    };
                    let evidence = finding.primary.iter().chain(&finding.labels).cloned().collect::<Vec<_>>();
                    (word, Some(finding.message.clone()), labels(analysis, &evidence))
                }
            };
            json!({"rule": check.rule, "outcome": outcome, "message": message, "evidence": evidence})
        })
        .collect();
    let when: Vec<Json> =
        copy.when.iter().map(|guard| json!({"condition": guard.text, "holds": guard.holds})).collect();
    json!({
        "id": copy.id,
        "verdict": verdict_word(judgement.verdict),
        "source": source,
        "plan": plan.map(|plan| json!({"unit": plan.site.unit, "address": plan.site.address, "rule": rule.and_then(|rule| rule.name.text()), "location": action.map(|action| location(analysis, action.span))})),
        "vault": vault(analysis, &copy.source_vault),
        "destination": vault(analysis, &copy.destination),
        "cross_account": copy.cross_account,
        "cross_region": copy.cross_region,
        "assumed": judgement.assumed,
        "when": when,
        "checks": checks,
    })
}
