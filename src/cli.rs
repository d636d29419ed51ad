//! The command line.

mod args;

use crate::Input;
use crate::analysis::{Analysis, AnalysisSettings};
use crate::checks::pages::{Page, pages};
use crate::config;
use crate::diagnostic::{Diagnostic, DiagnosticKind, Severity};
use crate::discover::{RealDisk, discover};
use crate::report::{concise, copies, human, json, values};
use crate::resource::{Deployment, Language, Unit};
use crate::source::{Sources, normalize};
use args::{Args, Command, Common, FailOn, Format, When};
use clap::{CommandFactory as _, Parser as _};
use std::ffi::OsString;
use std::io::{BufRead as _, IsTerminal as _, Read, Write};
use std::process::ExitCode;

/// Nothing at or above `--fail-on`.
const CLEAN: u8 = 0;
/// Findings at or above it.
const FINDINGS: u8 = 1;
/// The run could not do its work.
const UNABLE: u8 = 2;

/// Runs the program with the process's own arguments and streams.
pub fn main() -> ExitCode {
    // Evaluation recurses with the nesting of the user's code.
    let work = std::thread::Builder::new().stack_size(256 << 20).spawn(|| {
        let terminal = std::io::stdout().is_terminal();
        let mut out = std::io::BufWriter::new(std::io::stdout());
        let code = run(std::env::args_os(), &mut std::io::stdin(), &mut out, &mut std::io::stderr(), terminal);
        match out.flush() {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => UNABLE,
            _ => code,
        }
    });
    let code = work.ok().and_then(|thread| thread.join().ok()).unwrap_or(UNABLE);
    ExitCode::from(code)
}

/// Runs one command; the exit code is returned.
pub fn run(
    args: impl IntoIterator<Item = OsString>,
    stdin: &mut dyn Read,
    out: &mut dyn Write,
    err: &mut dyn Write,
    terminal: bool,
) -> u8 {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            let text = error.render().to_string();
            let help =
                matches!(error.kind(), clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion);
            let written = if help { out.write_all(text.as_bytes()) } else { err.write_all(text.as_bytes()) };
            return match (help, written) {
                (true, Ok(())) => CLEAN,
                _ => UNABLE,
            };
        }
    };
    match execute(args, stdin, out, err, terminal) {
        Ok(code) => code,
        // A closed pipe ends the output quietly.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => CLEAN,
        Err(error) => {
            let _ = writeln!(err, "error: {error}");
            UNABLE
        }
    }
}

fn execute(
    args: Args,
    stdin: &mut dyn Read,
    out: &mut dyn Write,
    err: &mut dyn Write,
    terminal: bool,
) -> std::io::Result<u8> {
    match args.command {
        Command::Check(common) => {
            let analysis = analysis(&common);
            written(&common, out, |out| match common.format.unwrap_or(Format::Full) {
                Format::Full => human::write(&analysis, out, color(&common, terminal), common.quiet),
                Format::Concise => concise::write(&analysis, out),
                Format::Json => pretty(out, &json::report(&analysis)),
            })?;
            Ok(code(&analysis, &common))
        }
        Command::Copies { common, id } => {
            let analysis = analysis(&common);
            let chosen: Vec<_> = analysis
                .judgements
                .iter()
                .filter(|judgement| id.as_ref().is_some_and(|id| judgement.copy.id.starts_with(id.as_str())))
                .collect();
            if let Some(id) = id.as_ref().filter(|_| chosen.is_empty()) {
                writeln!(err, "error: there is no copy `{id}`; `crossvault copies` lists them")?;
                return Ok(UNABLE);
            }
            written(&common, out, |out| match (common.format, chosen.is_empty()) {
                (Some(Format::Json), true) => {
                    let all: Vec<_> =
                        analysis.judgements.iter().map(|judgement| json::copy(&analysis, judgement)).collect();
                    pretty(out, &serde_json::Value::from(all))
                }
                (Some(Format::Json), false) => {
                    chosen.iter().try_for_each(|judgement| pretty(out, &json::copy(&analysis, judgement)))
                }
                (_, true) => copies::write(&analysis, out, true),
                (_, false) => chosen.iter().try_for_each(|judgement| copies::write_one(&analysis, judgement, out)),
            })?;
            bad_input(&analysis, err)?;
            Ok(code(&analysis, &Common { fail_on: FailOn::Never, ..common }))
        }
        Command::Inspect(common) => {
            let analysis = analysis(&common);
            written(&common, out, |out| match common.format {
                Some(Format::Json) => pretty(out, &values::inspect(&analysis)),
                _ => values::write(&analysis, out),
            })?;
            bad_input(&analysis, err)?;
            Ok(code(&analysis, &Common { fail_on: FailOn::Never, ..common }))
        }
        Command::Console(common) => console(&common, stdin, out, err),
        Command::Rules => {
            let width = pages().iter().map(|page| page.name.len()).max().unwrap_or(0);
            for Page { name, severity, summary, .. } in pages() {
                writeln!(out, "{name:width$}  {severity:13}  {summary}")?;
            }
            Ok(CLEAN)
        }
        Command::Explain { rule } => match pages().into_iter().find(|page| page.name == rule) {
            Some(page) => {
                write!(out, "{}", page.text)?;
                Ok(CLEAN)
            }
            None => {
                writeln!(err, "error: there is no rule `{rule}`; `crossvault rules` lists them")?;
                Ok(UNABLE)
            }
        },
        Command::Policy => {
            let mut code = CLEAN;
            for line in std::io::BufReader::new(stdin).lines() {
                let line = line?;
                if line.trim().is_empty() {
                    continue;
                }
                match crate::iam::answer_line(&line) {
                    Ok(answer) => writeln!(out, "{answer}")?,
                    Err(error) => {
                        writeln!(out, "{error}")?;
                        code = UNABLE;
                    }
                }
                out.flush()?;
            }
            Ok(code)
        }
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "crossvault", &mut text);
            out.write_all(&text)?;
            Ok(CLEAN)
        }
        Command::Man => {
            clap_mangen::Man::new(Args::command()).render(out)?;
            Ok(CLEAN)
        }
    }
}

fn pretty(out: &mut dyn Write, json: &serde_json::Value) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, json)?;
    writeln!(out)
}

/// Writes to `--output` where given, else to `out`.
fn written(
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
    std::fs::write(path, text).map_err(|error| std::io::Error::other(format!("{path}: {error}")))
}

fn color(common: &Common, terminal: bool) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match common.color {
        When::Always => true,
        When::Never => false,
        When::Auto if set("NO_COLOR") => false,
        When::Auto if set("CLICOLOR_FORCE") => true,
        When::Auto => terminal && common.output.is_none() && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
    }
}

/// Answers one expression a line.
fn console(common: &Common, stdin: &mut dyn Read, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<u8> {
    let (Input { sources, mut units, modules, load, mut diagnostics }, _) = read(common);
    units.retain(|unit| unit.language == Language::Terraform);
    // Without a root module there is still something to compute with.
    let unit = units.into_iter().next().unwrap_or_else(|| Unit {
        name: ".".into(),
        language: Language::Terraform,
        path: common.paths.first().map_or_else(|| ".".to_owned(), |path| normalize(path)),
        deployment: Deployment::default(),
    });
    let mut lines = std::io::BufReader::new(stdin).lines();
    let mut failed = None;
    let found = crate::terraform::console(
        &sources,
        &modules,
        &unit,
        &load,
        &mut || lines.find_map(|line| line.ok().filter(|line| !line.trim().is_empty())),
        &mut |text, result| {
            let written = match (common.format, result) {
                (Some(Format::Json), Ok(value)) => {
                    let (known, unknown) = values::tree(&value);
                    writeln!(
                        out,
                        "{}",
                        serde_json::json!({"expression": text, "value": known, "unknown": unknown, "error": null})
                    )
                }
                (Some(Format::Json), Err(error)) => {
                    writeln!(
                        out,
                        "{}",
                        serde_json::json!({"expression": text, "value": null, "unknown": null, "error": error})
                    )
                }
                (_, Ok(value)) => writeln!(out, "{}", values::line(&value)),
                (_, Err(error)) => writeln!(err, "error: {error}"),
            };
            // Whoever asks may wait for the answer before asking on.
            failed = failed.take().or(written.and_then(|()| out.flush()).err());
        },
    );
    if let Some(error) = failed {
        return Err(error);
    }
    // That nothing is there to read is no fault here.
    diagnostics.retain(|diagnostic| diagnostic.primary.is_some());
    diagnostics.extend(found);
    report_bad_input(&sources, &diagnostics, err)?;
    Ok(if unreadable(&diagnostics) { UNABLE } else { CLEAN })
}

fn unreadable(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.kind == DiagnosticKind::BadInput)
}

fn bad_input(analysis: &Analysis, err: &mut dyn Write) -> std::io::Result<()> {
    report_bad_input(&analysis.sources, &analysis.diagnostics, err)
}

fn report_bad_input(sources: &Sources, diagnostics: &[Diagnostic], err: &mut dyn Write) -> std::io::Result<()> {
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

fn code(analysis: &Analysis, common: &Common) -> u8 {
    if unreadable(&analysis.diagnostics) {
        return UNABLE;
    }
    let least = match common.fail_on {
        FailOn::Error => Severity::Error,
        FailOn::Warning => Severity::Warning,
        FailOn::Info => Severity::Info,
        FailOn::Never => return CLEAN,
    };
    let found = analysis
        .findings
        .iter()
        .any(|reported| if reported.undecided { common.strict } else { reported.finding.severity >= least });
    if found { FINDINGS } else { CLEAN }
}

/// Judges what the paths hold.
fn analysis(common: &Common) -> Analysis {
    let (input, settings) = read(common);
    crate::analyze(input, &settings)
}

/// Reads the configuration and finds the units below the paths.
fn read(common: &Common) -> (Input, AnalysisSettings) {
    let paths: Vec<String> = if common.paths.is_empty() { vec![".".to_owned()] } else { common.paths.clone() };
    let mut reachable = paths.clone();
    reachable.extend(common.config.clone());
    reachable.extend(common.var_file.iter().chain(&common.parameters).cloned());
    let sources = Sources::new(Box::new(RealDisk::new(&reachable)));
    let mut config = config::read(&sources, &paths, common.config.as_deref());
    let mut diagnostics = std::mem::take(&mut config.diagnostics);
    let pairs = |list: &[String], diagnostics: &mut Vec<Diagnostic>, flag: &str| -> Vec<(String, String)> {
        list.iter()
            .filter_map(|text| match text.split_once('=') {
                Some((name, value)) => Some((name.trim().to_owned(), value.to_owned())),
                None => {
                    diagnostics.push(Diagnostic::unreadable(format!("{flag} {text}"), "expected NAME=VALUE"));
                    None
                }
            })
            .collect()
    };
    let vars = pairs(&common.var, &mut diagnostics, "--var");
    let accounts = pairs(&common.account, &mut diagnostics, "--account");
    let regions = pairs(&common.region, &mut diagnostics, "--region");
    config.load.env_vars =
        std::env::vars().filter_map(|(name, value)| Some((name.strip_prefix("TF_VAR_")?.to_owned(), value))).collect();
    let mut found = discover(&sources, &paths, &config.deployments);
    for unit in &mut found.units {
        let Deployment { account, region, vars: own, var_files, workspace, parameter_files, .. } = &mut unit.deployment;
        own.extend(vars.iter().cloned());
        var_files.extend(common.var_file.iter().map(|file| normalize(file)));
        parameter_files.extend(common.parameters.iter().map(|file| normalize(file)));
        if common.workspace.is_some() {
            workspace.clone_from(&common.workspace);
        }
        let own_name = |path: &str| normalize(path) == unit.path || path == &*unit.name;
        if let Some((_, id)) = accounts.iter().find(|(path, _)| own_name(path)) {
            *account = crate::aws::AccountId::parse(id)
                .or_else(|| config.facts.account_names.iter().find(|(_, name)| *name == id).map(|(id, _)| *id));
        }
        if let Some((_, code)) = regions.iter().find(|(path, _)| own_name(path)) {
            *region = Some(code.as_str().into());
        }
    }
    diagnostics.append(&mut found.diagnostics);
    for rule in common.select.iter().chain(&common.ignore) {
        if !crate::checks::RULES.iter().any(|(name, _)| name == rule) {
            diagnostics.push(Diagnostic::unreadable(
                rule.as_str(),
                "there is no rule of this name; `crossvault rules` lists them",
            ));
        }
    }
    let mut severities = config.severities;
    for (rule, _) in crate::checks::RULES {
        let off = common.ignore.iter().any(|name| name == rule)
            || (!common.select.is_empty() && !common.select.iter().any(|name| name == rule));
        if off {
            severities.insert((*rule).to_owned(), None);
        }
    }
    let settings = AnalysisSettings { facts: config.facts, strict: common.strict, severities };
    let input = Input { sources, units: found.units, modules: found.modules, load: config.load, diagnostics };
    (input, settings)
}
