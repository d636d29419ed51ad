//! Where results go, and what the exit code is.

use super::args::{CheckArgs, Common, FailOn, When};
use crate::analysis::Analysis;
use crate::diagnostic::{Diagnostic, DiagnosticKind, Severity};
use crate::report::Places;
use crate::report::human::Style;
use crate::source::Sources;
use std::io::Write;

/// Nothing at or above `--fail-on`.
pub(super) const CLEAN: u8 = 0;
/// Findings at or above it.
pub(super) const FINDINGS: u8 = 1;
/// The run could not do its work.
pub(super) const UNABLE: u8 = 2;

pub(super) fn pretty(out: &mut dyn Write, json: &impl serde::Serialize) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, json)?;
    writeln!(out)
}

/// Writes to `--output` where given, else to `out`. A file is written whole or not at all.
pub(super) fn written(
    common: &Common,
    out: &mut dyn Write,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let Some(path) = &common.output else {
        write(out)?;
        return out.flush();
    };
    let mut text = Vec::new();
    write(&mut text)?;
    replace_file(path, &text)
}

/// Writes `text` to `path` under a temporary name beside it, then renames: no reader ever sees half of it.
pub(super) fn replace_file(path: &str, text: &[u8]) -> std::io::Result<()> {
    let named = |error: std::io::Error| std::io::Error::other(format!("{path}: {error}"));
    let target = std::path::Path::new(path);
    // A device or a pipe (`/dev/stdout`) cannot be renamed over.
    if std::fs::metadata(target).is_ok_and(|found| !found.is_file()) {
        return std::fs::write(target, text).map_err(named);
    }
    let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let temporary = target.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let done = std::fs::write(&temporary, text).and_then(|()| std::fs::rename(&temporary, target));
    if done.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    done.map_err(named)
}

pub(super) fn color(common: &Common, terminal: bool) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match common.color {
        When::Always => true,
        When::Never => false,
        When::Auto if set("NO_COLOR") => false,
        When::Auto if set("CLICOLOR_FORCE") => true,
        When::Auto => terminal && common.output.is_none() && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
    }
}

/// Where the working directory lies in its repository.
pub(super) fn places() -> Places {
    let Ok(cwd) = std::env::current_dir() else { return Places::default() };
    let root = cwd.ancestors().find(|dir| dir.join(".git").exists());
    root.map(|root| Places::new(&cwd.to_string_lossy(), &root.to_string_lossy())).unwrap_or_default()
}

/// How `full` is to look: on a terminal as that shows it, elsewhere the same everywhere.
pub(super) fn style(args: &CheckArgs, terminal: bool) -> Style {
    Style { statistics: args.statistics, ..plain_style(&args.common, terminal) }
}

/// The style of findings, whatever the command.
pub(super) fn plain_style(common: &Common, terminal: bool) -> Style {
    let terminal = terminal && common.output.is_none();
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    let utf8 = locale.is_none_or(|locale| locale.to_ascii_lowercase().replace('-', "").contains("utf8"));
    let color = color(common, terminal);
    let columns = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    Style {
        color,
        width: if terminal { set("COLUMNS").and_then(|text| text.parse().ok()).or_else(columns) } else { None },
        links: terminal && color && supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout),
        ascii: terminal && !utf8,
        quiet: common.quiet,
        verbose: common.verbose,
        statistics: false,
    }
}

pub(super) fn unreadable(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.kind == DiagnosticKind::BadInput)
}

pub(super) fn bad_input(analysis: &Analysis, err: &mut dyn Write) -> std::io::Result<()> {
    report_bad_input(&analysis.sources, &analysis.diagnostics, err)
}

pub(super) fn report_bad_input(
    sources: &Sources,
    diagnostics: &[Diagnostic],
    err: &mut dyn Write,
) -> std::io::Result<()> {
    for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.kind == DiagnosticKind::BadInput) {
        match &diagnostic.primary {
            Some(label) => {
                let at = sources.location(label.span);
                writeln!(err, "{}:{}:{}: error: {}", at.file, at.line, at.column, diagnostic.message)?;
            }
            None => writeln!(err, "{}: error: {}", diagnostic.path.as_deref().unwrap_or("?"), diagnostic.message)?,
        }
    }
    Ok(())
}

pub(super) fn code(analysis: &Analysis, common: &Common) -> u8 {
    if unreadable(&analysis.diagnostics) {
        return UNABLE;
    }
    let found = analysis.findings.iter().any(|reported| counts(common, reported.finding.severity));
    if found { FINDINGS } else { CLEAN }
}

/// Whether a finding of this severity makes the exit code 1.
pub(super) fn counts(common: &Common, severity: Severity) -> bool {
    match common.fail_on {
        FailOn::Error => severity >= Severity::Error,
        FailOn::Warning => severity >= Severity::Warning,
        FailOn::Info => true,
        FailOn::Never => false,
    }
}
