//! `crossvault console`: expressions in the scope of a root module.

use super::args::{ConsoleArgs, ValueFormat};
use super::input::read;
use super::output::{CLEAN, UNABLE, report_bad_input, unreadable};
use crate::Input;
use crate::report::values;
use crate::resource::{Deployment, Language, Unit};
use crate::source::normalize;
use std::io::{BufRead as _, Read, Write};

/// Answers one expression a line.
pub(super) fn run(
    args: &ConsoleArgs,
    stdin: &mut dyn Read,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> std::io::Result<u8> {
    let (Input { sources, mut units, modules, load, mut diagnostics }, _) = read(&args.common);
    units.retain(|unit| unit.language == Language::Terraform);
    // Without a root module there is still something to compute with.
    let unit = units.into_iter().next().unwrap_or_else(|| Unit {
        name: ".".into(),
        language: Language::Terraform,
        path: args.common.paths.first().map_or_else(|| ".".to_owned(), |path| normalize(path)),
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
            let written = match (args.format, result) {
                (ValueFormat::Json, Ok(value)) => {
                    let (known, unknown) = values::tree(&value);
                    writeln!(
                        out,
                        "{}",
                        serde_json::json!({"expression": text, "value": known, "unknown": unknown, "error": null})
                    )
                }
                (ValueFormat::Json, Err(error)) => {
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
