//! Where results go, and what the exit code is.

use super::args::{CheckArgs, Common, FailOn, When};
use crate::analysis::Analysis;
use crate::diagnostic::{Diagnostic, DiagnosticKind, Severity};
use crate::report::human::Style;
use crate::report::{Places, printable};
use crate::secret::Mask;
use crate::source::Sources;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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

/// Writes to `--output` where given, else to `out`. A file is written whole or not at all; secrets are masked.
pub(super) fn written(
    common: &Common,
    mask: Option<&Mask>,
    out: &mut dyn Write,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> std::io::Result<()> {
    if common.output.is_none() && mask.is_none() {
        return listened(write(out).and_then(|()| out.flush()));
    }
    let mut text = Vec::new();
    write(&mut text)?;
    if let Some(mask) = mask {
        text = mask.apply(&String::from_utf8_lossy(&text)).into_owned().into_bytes();
    }
    match &common.output {
        Some(path) => replace_file(path, &text),
        None => listened(out.write_all(&text).and_then(|()| out.flush())),
    }
}

/// Who reads no further has heard enough: the exit code is still that of what was found.
fn listened(done: std::io::Result<()>) -> std::io::Result<()> {
    done.or_else(|error| if error.kind() == std::io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

/// The mask over the secrets that these runs met.
pub(super) fn mask(analyses: &[&Analysis]) -> Option<Mask> {
    let all = analyses.iter().flat_map(|analysis| analysis.secrets());
    Mask::new(&all.collect::<BTreeSet<Arc<str>>>())
}

/// What is in files that could not be read is quoted in messages, and was evaluated by nobody.
fn secrets(sources: &Sources, diagnostics: &[Diagnostic]) -> BTreeSet<Arc<str>> {
    let bad = diagnostics.iter().filter(|diagnostic| diagnostic.kind == DiagnosticKind::BadInput);
    sources.secrets(bad.filter_map(|diagnostic| Some(diagnostic.primary.as_ref()?.span.file)))
}

/// Writes `text` to `path` under a temporary name beside it, then renames: no reader ever sees half of it.
pub(super) fn replace_file(path: &str, text: &[u8]) -> std::io::Result<()> {
    let target = Path::new(path);
    // A device or a pipe (`/dev/stdout`) cannot be renamed over.
    if std::fs::metadata(target).is_ok_and(|found| !found.is_file()) {
        return std::fs::write(target, text).map_err(|error| named(path, error));
    }
    replace_files(&[Replaced { path, old: None, new: text }])
}

/// A file that is to have another content.
pub(super) struct Replaced<'a> {
    pub(super) path: &'a str,
    /// What it must still hold.
    pub(super) old: Option<&'a str>,
    pub(super) new: &'a [u8],
}

fn named(path: &str, error: std::io::Error) -> std::io::Error {
    std::io::Error::new(error.kind(), format!("{path}: {error}"))
}

/// Replaces all files, or none where one cannot be written or has changed since it was read. Each is written whole under
/// a temporary name first.
pub(super) fn replace_files(files: &[Replaced<'_>]) -> std::io::Result<()> {
    let mut ready: Vec<(PathBuf, PathBuf)> = Vec::new();
    let mut prepare = || {
        for file in files {
            let at = |error| named(file.path, error);
            unchanged(file)?;
            // What a symbolic link leads to is replaced, not the link.
            let target = std::fs::canonicalize(file.path).unwrap_or_else(|_| PathBuf::from(file.path));
            let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let (temporary, mut written) = beside(&target, &name).map_err(at)?;
            ready.push((temporary, target));
            written.write_all(file.new).and_then(|()| written.sync_all()).map_err(at)?;
            if let Ok(metadata) = std::fs::metadata(file.path) {
                written.set_permissions(metadata.permissions()).map_err(at)?;
            }
        }
        Ok(())
    };
    // Writing takes its time: what has changed meanwhile is not overwritten either.
    let mut done = prepare().and_then(|()| files.iter().try_for_each(unchanged));
    for (temporary, target) in &ready {
        if done.is_ok() {
            done = std::fs::rename(temporary, target).map_err(|error| named(&target.to_string_lossy(), error));
        }
        if done.is_err() {
            let _ = std::fs::remove_file(temporary);
        }
    }
    done
}

/// An error where the file does not hold what it must still hold.
fn unchanged(file: &Replaced<'_>) -> std::io::Result<()> {
    let Some(old) = file.old else { return Ok(()) };
    if std::fs::read(file.path).map_err(|error| named(file.path, error))? == old.as_bytes() {
        return Ok(());
    }
    Err(std::io::Error::other(format!("{}: changed while this ran; nothing was written", file.path)))
}

/// A new file in the target's directory. What a run that was ended has left there stays, and stands in nobody's way: in
/// containers every run has the same process id.
fn beside(target: &Path, name: &str) -> std::io::Result<(PathBuf, std::fs::File)> {
    const TRIES: u32 = 1000;
    let mut at = 0;
    loop {
        let temporary = target.with_file_name(format!(".{name}.{}-{at}.tmp", std::process::id()));
        // An existing one, also a link that leads elsewhere, is never written to.
        match std::fs::OpenOptions::new().write(true).create_new(true).open(&temporary) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && at < TRIES => at += 1,
            done => return done.map(|file| (temporary, file)),
        }
    }
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
    let mut text = String::new();
    for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.kind == DiagnosticKind::BadInput) {
        let at = match &diagnostic.primary {
            Some(label) => {
                let at = sources.location(label.span);
                format!("{}:{}:{}", at.file, at.line, at.column)
            }
            None => diagnostic.path.as_deref().unwrap_or("?").to_owned(),
        };
        text.push_str(&printable(&format!("{at}: error: {}", diagnostic.message)));
        text.push('\n');
    }
    let mask = if text.is_empty() { None } else { Mask::new(&secrets(sources, diagnostics)) };
    err.write_all(mask.as_ref().map_or(text.as_str().into(), |mask| mask.apply(&text)).as_bytes())
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
