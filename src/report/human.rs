//! Snippets with labels in every file that plays a part; the only user of codespan-reporting.

use super::counts;
use crate::analysis::Analysis;
use crate::diagnostic::{Diagnostic, DiagnosticKind, Label, Severity};
use crate::source::{FileId, Sources};
use codespan_reporting::diagnostic::{Diagnostic as Rendered, Label as RenderedLabel, Severity as RenderedSeverity};
use codespan_reporting::files::{Error, Files};
use codespan_reporting::term::{self, Config};
use std::io::Write;

/// Longer lines are cut around what a label shows (characters).
const LONGEST_LINE: usize = 400;

struct View<'a>(&'a Sources);

impl<'a> Files<'a> for View<'a> {
    type FileId = FileId;
    type Name = String;
    type Source = String;

    fn name(&'a self, id: FileId) -> Result<String, Error> {
        Ok(self.0.path(id).to_string())
    }

    fn source(&'a self, id: FileId) -> Result<String, Error> {
        Ok(self.0.text(id).to_string())
    }

    fn line_index(&'a self, id: FileId, at: usize) -> Result<usize, Error> {
        Ok(self.0.line_column(id, at).0 - 1)
    }

    fn line_range(&'a self, id: FileId, line: usize) -> Result<std::ops::Range<usize>, Error> {
        self.0.line_range(id, line).ok_or(Error::LineTooLarge { given: line, max: 0 })
    }
}

/// Writes bad input, findings, and the summary.
pub fn write(analysis: &Analysis, out: &mut dyn Write, color: bool, quiet: bool) -> std::io::Result<()> {
    let mut text = Vec::new();
    for diagnostic in &analysis.diagnostics {
        if diagnostic.kind == DiagnosticKind::BadInput
            || (diagnostic.kind == DiagnosticKind::Note && diagnostic.severity != Severity::Info && !quiet)
        {
            render(&analysis.sources, &of_diagnostic(analysis, diagnostic), color, &mut text);
        }
    }
    for reported in &analysis.findings {
        let finding = &reported.finding;
        let severity = match (reported.undecided, finding.severity) {
            (false, Severity::Error) => RenderedSeverity::Error,
            (false, Severity::Warning) => RenderedSeverity::Warning,
            (false, Severity::Info) | (true, _) => RenderedSeverity::Note,
        };
        let labels = labels(&analysis.sources, finding.primary.as_ref(), &finding.labels);
        let mut notes: Vec<String> = finding.notes.clone();
        if reported.copies.len() > 1 {
            notes.push(format!("this touches {} copies", reported.copies.len()));
        }
        notes.extend(finding.help.iter().map(|help| format!("help: {help}")));
        notes.extend(finding.url.iter().map(|url| format!("see: {url}")));
        let code = if reported.undecided { format!("undecided: {}", finding.rule) } else { finding.rule.to_owned() };
        let rendered = Rendered::new(severity)
            .with_code(code)
            .with_message(&finding.message)
            .with_labels(labels)
            .with_notes(notes);
        render(&analysis.sources, &rendered, color, &mut text);
    }
    out.write_all(&text)?;
    if !quiet {
        summary(analysis, out)?;
    }
    Ok(())
}

fn of_diagnostic(analysis: &Analysis, diagnostic: &Diagnostic) -> Rendered<FileId> {
    let severity =
        if diagnostic.kind == DiagnosticKind::BadInput { RenderedSeverity::Error } else { RenderedSeverity::Warning };
    let message = match (&diagnostic.primary, &diagnostic.path) {
        (None, Some(path)) => format!("{path}: {}", diagnostic.message),
        _ => diagnostic.message.clone(),
    };
    let labels = labels(&analysis.sources, diagnostic.primary.as_ref(), &diagnostic.labels);
    Rendered::new(severity)
        .with_message(message)
        .with_labels(labels)
        .with_notes(diagnostic.help.iter().map(|help| format!("help: {help}")).collect())
}

/// The primary label first, since files are shown in the order of their first label.
fn labels(sources: &Sources, primary: Option<&Label>, others: &[Label]) -> Vec<RenderedLabel<FileId>> {
    let range = |label: &Label| {
        // A whole block is shown by its first line.
        let range = label.span.range();
        let text = sources.text(label.span.file);
        let shown = text.get(range.clone()).unwrap_or_default();
        let end =
            shown.find('\n').map_or(range.end, |at| range.start + shown.get(..at).unwrap_or_default().trim_end().len());
        range.start..end.max(range.start)
    };
    let first = primary.map(|label| RenderedLabel::primary(label.span.file, range(label)).with_message(&label.message));
    let rest =
        others.iter().map(|label| RenderedLabel::secondary(label.span.file, range(label)).with_message(&label.message));
    first.into_iter().chain(rest).collect()
}

fn render(sources: &Sources, diagnostic: &Rendered<FileId>, color: bool, out: &mut Vec<u8>) {
    let config = Config::default();
    let long = diagnostic.labels.iter().any(|label| {
        let line = sources.line_column(label.file_id, label.range.start).0 - 1;
        sources.line_range(label.file_id, line).is_some_and(|range| range.len() > LONGEST_LINE)
    });
    let mut buffer = String::new();
    let rendered = if long {
        // Such a line would fill the screen: the place is given, without the snippet.
        let mut short = diagnostic.clone();
        short.labels.clear();
        for label in &diagnostic.labels {
            let (line, column) = sources.line_column(label.file_id, label.range.start);
            short.notes.insert(0, format!("{}:{line}:{column}: {}", sources.path(label.file_id), label.message));
        }
        term::emit_to_string(&mut buffer, &config, &View(sources), &short)
    } else if color {
        let mut styled = codespan_reporting::term::termcolor::Ansi::new(Vec::new());
        let result = term::emit_to_write_style(&mut styled, &config, &View(sources), diagnostic);
        buffer = String::from_utf8_lossy(styled.get_ref()).into_owned();
        result
    } else {
        term::emit_to_string(&mut buffer, &config, &View(sources), diagnostic)
    };
    if rendered.is_ok() {
        let lines: Vec<&str> = buffer.lines().map(str::trim_end).collect();
        out.extend(lines.join("\n").trim_end().bytes());
        out.extend(b"\n\n");
    }
}

/// Counts, assumptions, and what was left out.
fn summary(analysis: &Analysis, out: &mut dyn Write) -> std::io::Result<()> {
    let (succeeds, fails, undecided) = counts(analysis);
    let total = succeeds + fails + undecided;
    if total == 0 {
        writeln!(
            out,
            "no AWS Backup copies are planned in {} {}",
            analysis.units.len(),
            if analysis.units.len() == 1 { "unit" } else { "units" }
        )?;
    } else {
        writeln!(
            out,
            "{total} {}: {fails} fail, {undecided} undecided, {succeeds} succeed",
            if total == 1 { "copy" } else { "copies" }
        )?;
    }
    if !analysis.assumptions.is_empty() {
        writeln!(out, "assumed: {}", analysis.assumptions.join("; "))?;
    }
    let mut left: Vec<String> = Vec::new();
    for diagnostic in analysis.diagnostics.iter().filter(|other| other.kind == DiagnosticKind::NotEvaluated) {
        let line = not_evaluated(analysis, diagnostic);
        // A module that is called twice leaves out the same thing twice.
        if !left.contains(&line) {
            left.push(line);
        }
    }
    if !left.is_empty() {
        writeln!(out, "not evaluated:")?;
    }
    left.iter().try_for_each(|line| writeln!(out, "  {line}"))
}

fn not_evaluated(analysis: &Analysis, diagnostic: &Diagnostic) -> String {
    let place = diagnostic.primary.as_ref().map_or_else(String::new, |label| {
        let at = analysis.sources.location(label.span);
        format!("{}:{}: ", at.file, at.line)
    });
    let help = diagnostic.help.as_ref().map_or_else(String::new, |help| format!(" ({help})"));
    format!("{place}{}{help}", diagnostic.message)
}
