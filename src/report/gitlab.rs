//! GitLab's code quality report.

use super::Places;
use super::words::{Grade, Words};
use crate::analysis::Analysis;
use crate::copy::short_hash;
use crate::diagnostic::DiagnosticKind;
use serde_json::{Value as Json, json};

/// The report. A finding without a place of its own stands at the first place that plays a part: GitLab needs one.
///
/// Source: <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>, read 2026-11.
pub fn report(analysis: &Analysis, places: &Places) -> Json {
    let mut out: Vec<Json> = Vec::new();
    for diagnostic in analysis.diagnostics.iter().filter(|diagnostic| diagnostic.kind == DiagnosticKind::BadInput) {
        let at = diagnostic.primary.as_ref().map(|label| analysis.sources.location(label.span));
        let path = at.as_ref().map(|at| at.file.as_str()).or(diagnostic.path.as_deref()).unwrap_or(".");
        let line = at.as_ref().map_or(1, |at| at.line);
        out.push(json!({
            "description": diagnostic.message,
            "check_name": "input",
            "fingerprint": short_hash(&format!("input|{path}|{}", diagnostic.message)),
            "severity": "blocker",
            "location": {"path": places.of(path), "lines": {"begin": line}},
        }));
    }
    let words = Words::new(analysis);
    for reported in &analysis.findings {
        let finding = &reported.finding;
        let label = finding.primary.as_ref().or(finding.labels.first());
        let at = label.map(|label| analysis.sources.location(label.span));
        let headline = words.headline(reported);
        let description =
            if headline == finding.message { headline } else { format!("{headline}: {}", Words::cause(reported)) };
        out.push(json!({
            "description": description,
            "check_name": finding.rule,
            "fingerprint": reported.fingerprint,
            "severity": match Grade::of(reported) {
                Grade::Error => "critical",
                Grade::Warning => "minor",
                Grade::Info | Grade::Undecided => "info",
            },
            "location": {
                "path": places.of(at.as_ref().map_or(".", |at| at.file.as_str())),
                "lines": {"begin": at.as_ref().map_or(1, |at| at.line), "end": at.as_ref().map_or(1, |at| at.end_line)},
            },
        }));
    }
    out.into()
}
