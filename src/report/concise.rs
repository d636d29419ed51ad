//! One line a finding.

use crate::analysis::Analysis;
use crate::diagnostic::{DiagnosticKind, Severity};
use std::io::Write;

/// Writes `path:line:column: severity[rule] message (n copies)`, bad input first.
pub fn write(analysis: &Analysis, out: &mut dyn Write) -> std::io::Result<()> {
    for diagnostic in analysis.diagnostics.iter().filter(|diagnostic| diagnostic.kind == DiagnosticKind::BadInput) {
        match &diagnostic.primary {
            Some(label) => {
                let at = analysis.sources.location(label.span);
                writeln!(out, "{}:{}:{}: error: {}", at.file, at.line, at.column, diagnostic.message)?;
            }
            None => writeln!(out, "{}: error: {}", diagnostic.path.as_deref().unwrap_or("?"), diagnostic.message)?,
        }
    }
    for reported in &analysis.findings {
        let finding = &reported.finding;
        let word = match (reported.undecided, finding.severity) {
            (true, _) => "undecided",
            (_, Severity::Error) => "error",
            (_, Severity::Warning) => "warning",
            (_, Severity::Info) => "info",
        };
        let place = finding.primary.as_ref().map_or_else(String::new, |label| {
            let at = analysis.sources.location(label.span);
            format!("{}:{}:{}: ", at.file, at.line, at.column)
        });
        let copies = reported.copies.len();
        writeln!(
            out,
            "{place}{word}[{}] {} ({copies} {})",
            finding.rule,
            finding.message,
            if copies == 1 { "copy" } else { "copies" }
        )?;
    }
    Ok(())
}
