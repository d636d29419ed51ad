//! Snippets with labels in every file that plays a part; with `view`, the only user of codespan-reporting.

mod view;

use super::summary;
use super::words::{Grade, Words, one_line, printable};
use crate::analysis::{Analysis, Reported};
use crate::diagnostic::{Diagnostic, DiagnosticKind, Label, Severity};
use crate::source::{FileId, Sources};
use codespan_reporting::diagnostic::{Diagnostic as Rendered, Severity as RenderedSeverity};
use codespan_reporting::term::{self, Config, DisplayStyle};
use std::io::Write;
use view::View;

/// How wide a line of source may be where the width is not known (characters).
const WIDEST: usize = 160;
/// How many copies of a finding are named.
const NAMED: usize = 4;

/// How output is to look.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    pub color: bool,
    /// Columns of the terminal: text is broken there, long lines of source are cut. `None`: no terminal.
    pub width: Option<usize>,
    /// Whether the terminal opens links.
    pub links: bool,
    /// Whether the terminal shows ASCII only.
    pub ascii: bool,
    /// Findings only, no summary.
    pub quiet: bool,
    /// How much more is told: every copy of a finding, what was read.
    pub verbose: u8,
    /// Counts by rule and by root cause, instead of the findings.
    pub statistics: bool,
}

/// Writes bad input, findings, and the summary.
pub fn write(analysis: &Analysis, out: &mut dyn Write, style: &Style) -> std::io::Result<()> {
    let mut text = String::new();
    for diagnostic in &analysis.diagnostics {
        let told = match diagnostic.kind {
            DiagnosticKind::BadInput => true,
            DiagnosticKind::Note => (diagnostic.severity != Severity::Info && !style.quiet) || style.verbose > 0,
            DiagnosticKind::NotEvaluated => false,
        };
        if told {
            of_diagnostic(&analysis.sources, diagnostic, style, &mut text);
        }
    }
    if !style.statistics {
        let words = Words::new(analysis);
        for reported in &analysis.findings {
            of_finding(&analysis.sources, &words, reported, style, &mut text);
        }
    }
    out.write_all(text.as_bytes())?;
    if style.statistics {
        summary::statistics(analysis, out)?;
        writeln!(out)?;
    }
    if style.quiet { Ok(()) } else { summary::write(analysis, out, style) }
}

/// Writes one finding.
pub fn write_finding(
    analysis: &Analysis,
    reported: &Reported,
    out: &mut dyn Write,
    style: &Style,
) -> std::io::Result<()> {
    let mut text = String::new();
    of_finding(&analysis.sources, &Words::new(analysis), reported, style, &mut text);
    out.write_all(text.as_bytes())
}

fn of_finding<'a>(sources: &Sources, words: &Words<'a>, reported: &'a Reported, style: &Style, out: &mut String) {
    let finding = &reported.finding;
    let grade = Grade::of(reported);
    let severity = match grade {
        Grade::Error => RenderedSeverity::Error,
        Grade::Warning | Grade::Undecided => RenderedSeverity::Warning,
        Grade::Info => RenderedSeverity::Note,
    };
    let headline = words.headline(reported);
    let mut notes: Vec<String> = Vec::new();
    if headline != finding.message {
        let label = if grade == Grade::Undecided { "open" } else { "cause" };
        notes.push(format!("{label}: {}", Words::cause(reported)));
    }
    notes.extend(finding.notes.iter().cloned());
    let copies = words.copies(reported);
    if copies.len() > 1 {
        let named = if style.verbose > 0 { copies.len() } else { NAMED };
        let mut names: Vec<String> = copies.iter().take(named).map(|judgement| words.short(judgement)).collect();
        if copies.len() > named {
            names.push(format!("and {} more", copies.len() - named));
        }
        notes.push(format!("copies: {}", names.join(", ")));
    }
    notes.extend(finding.help.iter().map(|help| format!("help: {help}")));
    notes.extend(finding.url.iter().map(|url| format!("see: {url}")));
    let code = if grade == Grade::Undecided { format!("undecided: {}", finding.rule) } else { finding.rule.to_owned() };
    let diagnostic = Rendered::new(severity).with_code(code);
    render(sources, diagnostic, &headline, (finding.primary.as_ref(), &finding.labels), notes, style, out);
}

fn of_diagnostic(sources: &Sources, diagnostic: &Diagnostic, style: &Style, out: &mut String) {
    let severity = match (diagnostic.kind, diagnostic.severity) {
        (DiagnosticKind::BadInput, _) => RenderedSeverity::Error,
        (_, Severity::Info) => RenderedSeverity::Note,
        _ => RenderedSeverity::Warning,
    };
    let message = match (&diagnostic.primary, &diagnostic.path) {
        (None, Some(path)) => format!("{path}: {}", diagnostic.message),
        _ => diagnostic.message.clone(),
    };
    let notes = diagnostic.help.iter().map(|help| format!("help: {help}")).collect();
    let labels = (diagnostic.primary.as_ref(), diagnostic.labels.as_slice());
    render(sources, Rendered::new(severity), &message, labels, notes, style, out);
}

fn render(
    sources: &Sources,
    diagnostic: Rendered<FileId>,
    message: &str,
    (primary, others): (Option<&Label>, &[Label]),
    notes: Vec<String>,
    style: &Style,
    out: &mut String,
) {
    let width = style.width.map(|width| width.saturating_sub(12).max(20));
    let (view, labels) = View::new(sources, primary, others, (width.unwrap_or(WIDEST), width));
    let wrapped = |text: &str, used: usize| match style.width {
        Some(width) => wrap(&printable(text), width.saturating_sub(used).max(20)),
        None => printable(text),
    };
    let head = diagnostic.code.as_ref().map_or(7, |code| code.len() + 9);
    // The first line begins behind the code; the rest of a long headline is indented.
    let before = "\0".repeat(head);
    let message = match style.width {
        Some(width) => wrap(&format!("{before}{}", one_line(message)), width.saturating_sub(4).max(20)),
        None => one_line(message),
    };
    let message = message.replace('\0', "").replace('\n', "\n    ");
    let notes = notes.iter().map(|note| wrapped(note, 9)).collect();
    let diagnostic = diagnostic.with_message(message).with_labels(labels).with_notes(notes);
    let mut config = Config { display_style: DisplayStyle::Rich, ..Config::default() };
    if style.ascii {
        config.chars = term::Chars::ascii();
    }
    let mut buffer = String::new();
    let rendered = if style.color {
        let mut styled = term::termcolor::Ansi::new(Vec::new());
        let result = term::emit_to_write_style(&mut styled, &config, &view, &diagnostic);
        buffer = String::from_utf8_lossy(styled.get_ref()).into_owned();
        result
    } else {
        term::emit_to_string(&mut buffer, &config, &view, &diagnostic)
    };
    if rendered.is_err() {
        return;
    }
    // codespan has no word of its own for what is undecided.
    let mut buffer = buffer.replacen("warning[undecided: ", "undecided[", 1);
    if style.links {
        buffer = linked(&buffer);
    }
    for line in buffer.trim_end().lines() {
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out.push('\n');
}

/// The addresses in the text as links of the terminal (OSC 8).
fn linked(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("https://") {
        let (before, from) = rest.split_at(at);
        let end = from.find(|c: char| c.is_whitespace() || c.is_control()).unwrap_or(from.len());
        let (url, after) = from.split_at(end);
        out.push_str(&format!("{before}\u{1b}]8;;{url}\u{1b}\\{url}\u{1b}]8;;\u{1b}\\"));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Breaks lines at spaces, so that none is wider than `width` characters where that can be had. Lines of code, which
/// are indented or end in a bracket, stay whole.
pub(super) fn wrap(text: &str, width: usize) -> String {
    let mut out = Vec::new();
    for line in text.split('\n') {
        let code = line.starts_with([' ', '{', '}', '-', '"']) || line.ends_with(['{', '}', ',', '[', ']', '=']);
        if code || line.chars().count() <= width {
            out.push(line.to_owned());
            continue;
        }
        let mut current = String::new();
        for word in line.split(' ') {
            let more = word.chars().count();
            if !current.is_empty() && current.chars().count() + 1 + more > width {
                out.push(std::mem::take(&mut current));
            }
            if !current.is_empty() {
                current.push(' ');
            }
            current.push_str(word);
        }
        out.push(current);
    }
    out.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{MemoryDisk, Span};

    fn shown(text: &str, range: std::ops::Range<usize>, style: &Style) -> String {
        let sources = Sources::new(Box::new(MemoryDisk::new([("a.tf", text)])));
        let file = sources.load("a.tf").unwrap();
        let primary = Label::new(Span::new(file, range), "here");
        let mut out = String::new();
        render(
            &sources,
            Rendered::new(RenderedSeverity::Error),
            "it is wrong",
            (Some(&primary), &[]),
            Vec::new(),
            style,
            &mut out,
        );
        out
    }

    #[test]
    fn a_line_of_a_megabyte_is_cut_around_its_label() {
        let line = format!("{}\"storage_encrypted\":true{}", "x".repeat(1_300_000), "y".repeat(600_000));
        let text = shown(&line, 1_300_000..1_300_024, &Style::default());
        assert!(text.len() < 900, "{}", text.len());
        assert!(text.contains("a.tf:1:1300001"), "{text}");
        let lines: Vec<&str> = text.lines().collect();
        let column = lines[3].chars().position(|c| c == '"').unwrap();
        assert_eq!(lines[4].chars().position(|c| c == '^'), Some(column), "{text}");
        assert!(lines[3].ends_with('…'));
    }

    #[test]
    fn nothing_is_wider_than_the_terminal() {
        let sources =
            Sources::new(Box::new(MemoryDisk::new([("a.tf", format!("key = {}\n", "x".repeat(70)).as_str())])));
        let file = sources.load("a.tf").unwrap();
        let primary = Label::new(Span::new(file, 0..76), "what this copies is not known");
        for width in [60, 80, 100] {
            let style = Style { width: Some(width), ..Style::default() };
            let diagnostic = Rendered::new(RenderedSeverity::Error).with_code("destination-vault-access-missing");
            let mut out = String::new();
            let message = "copy of `orders` (RDS) from account workload to vault `central` in account backup will fail";
            render(&sources, diagnostic, message, (Some(&primary), &[]), Vec::new(), &style, &mut out);
            assert!(out.lines().all(|line| line.chars().count() <= width), "{width}\n{out}");
            assert!(out.contains("^^^ what this copies is not known"), "{out}");
        }
    }

    #[test]
    fn tabs_and_wide_characters_keep_carets_in_place() {
        let text = shown("\tname = \"データ\" # x\n", 1..19, &Style::default());
        assert!(text.contains("    name = \"データ\" # x\n"), "{text}");
        assert!(text.contains("\n  │     ^^^^^^^^^^^^^^^ here"), "{text}");
    }

    #[test]
    fn source_cannot_drive_the_terminal() {
        let text = shown("a = \"\u{1b}[2J\u{202e}\"\n", 4..14, &Style::default());
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        assert!(text.contains("a = \"␛[2J\u{fffd}\""), "{text}");
    }

    #[test]
    fn text_is_broken_at_the_width_and_code_is_not() {
        assert_eq!(wrap("one two three\n  kept as it stands {", 8), "one two\nthree\n  kept as it stands {");
    }

    #[test]
    fn links_wrap_addresses() {
        assert_eq!(linked("see https://a/b x"), "see \u{1b}]8;;https://a/b\u{1b}\\https://a/b\u{1b}]8;;\u{1b}\\ x");
    }
}
