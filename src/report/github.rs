//! Workflow commands of GitHub Actions: an annotation at the line of each finding.

use super::Places;
use super::escape::{workflow, workflow_property};
use super::words::{Grade, Words};
use crate::analysis::Analysis;
use crate::diagnostic::DiagnosticKind;
use crate::source::Location;
use std::io::{Result, Write};

/// Writes a command for each piece of bad input and each finding, and `closing` as a notice.
///
/// GitHub shows ten annotations of each kind a step, so the most severe come first.
/// Source: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>, read 2026-11.
pub fn write(analysis: &Analysis, places: &Places, closing: &str, out: &mut dyn Write) -> Result<()> {
    for diagnostic in analysis.diagnostics.iter().filter(|diagnostic| diagnostic.kind == DiagnosticKind::BadInput) {
        let at = diagnostic.primary.as_ref().map(|label| analysis.sources.location(label.span));
        let path = diagnostic.path.as_ref().map(|path| format!("file={}", workflow_property(&places.of(path))));
        let place = at.map(|at| position(&at, places)).or(path).unwrap_or_default();
        command(out, "error", &place, "input that cannot be read", &diagnostic.message)?;
    }
    let words = Words::new(analysis);
    for reported in &analysis.findings {
        let finding = &reported.finding;
        let grade = Grade::of(reported);
        let name = match grade {
            Grade::Error => "error",
            Grade::Warning => "warning",
            Grade::Info | Grade::Undecided => "notice",
        };
        let at = finding.primary.as_ref().map(|label| analysis.sources.location(label.span));
        let place = at.map(|at| position(&at, places)).unwrap_or_default();
        let mut text = words.headline(reported);
        if text != finding.message {
            text = format!("{text}\n{}", Words::cause(reported));
        }
        for more in finding.notes.iter().chain(&finding.help).map(String::as_str).chain(finding.url) {
            text.push('\n');
            text.push_str(more);
        }
        let word = if grade == Grade::Undecided { "undecided: " } else { "" };
        command(out, name, &place, &format!("{word}{}", finding.rule), &text)?;
    }
    command(out, "notice", "", "crossvault", closing)
}

fn position(at: &Location, places: &Places) -> String {
    let column =
        if at.line == at.end_line { format!(",col={},endColumn={}", at.column, at.end_column) } else { String::new() };
    format!("file={},line={},endLine={}{column}", workflow_property(&places.of(&at.file)), at.line, at.end_line)
}

fn command(out: &mut dyn Write, name: &str, place: &str, title: &str, text: &str) -> Result<()> {
    let comma = if place.is_empty() { "" } else { "," };
    writeln!(out, "::{name} {place}{comma}title={}::{}", workflow_property(title), workflow(text))
}
