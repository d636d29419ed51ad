//! One line a finding.

use super::words::{Grade, one_line};
use crate::analysis::Analysis;
use crate::diagnostic::DiagnosticKind;
use std::io::Write;

/// Writes `path:line:column: severity[rule] message (n copies)`, bad input first.
pub fn write(analysis: &Analysis, out: &mut dyn Write) -> std::io::Result<()> {
    for diagnostic in analysis.diagnostics.iter().filter(|diagnostic| diagnostic.kind == DiagnosticKind::BadInput) {
        match &diagnostic.primary {
            Some(label) => {
                let at = analysis.sources.location(label.span);
                writeln!(
                    out,
                    "{}:{}:{}: error: {}",
                    one_line(&at.file),
                    at.line,
                    at.column,
                    one_line(&diagnostic.message)
                )?;
            }
            None => {
                let path = diagnostic.path.as_deref().unwrap_or("?");
                writeln!(out, "{}: error: {}", one_line(path), one_line(&diagnostic.message))?;
            }
        }
    }
    for reported in &analysis.findings {
        let finding = &reported.finding;
        let word = Grade::of(reported).word();
        let place = finding.primary.as_ref().map_or_else(String::new, |label| {
            let at = analysis.sources.location(label.span);
            format!("{}:{}:{}: ", one_line(&at.file), at.line, at.column)
        });
        let copies = match reported.copies.len() {
            0 => String::new(),
            1 => " (1 copy)".to_owned(),
            several => format!(" ({several} copies)"),
        };
        writeln!(out, "{place}{word}[{}] {}{copies}", finding.rule, one_line(&finding.message))?;
    }
    Ok(())
}
