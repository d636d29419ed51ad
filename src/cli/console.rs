//! `crossvault console`: expressions in the scope of a root module.

use super::args::{ConsoleArgs, ValueFormat};
use super::input::read;
use super::output::{CLEAN, UNABLE, report_bad_input, unreadable};
use crate::Input;
use crate::report::{printable, values};
use crate::resource::{Deployment, Language, Unit};
use crate::secret::Mask;
use crate::source::normalize;
use serde_json::json;
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
    let mut mask: (usize, Option<Mask>) = (0, None);
    // Only what is not known, or wrong, is told in words that may quote a secret.
    let mut hidden = |text: String| -> String {
        let secrets = sources.secrets([]);
        if secrets.len() != mask.0 {
            mask = (secrets.len(), Mask::new(&secrets));
        }
        mask.1.as_ref().and_then(|mask| mask.masked(&text)).unwrap_or(text)
    };
    let found = crate::terraform::console(
        &sources,
        &modules,
        &unit,
        &load,
        &mut || lines.find_map(|line| line.ok().filter(|line| !line.trim().is_empty())),
        &mut |text, result| {
            let line = match (args.format, result) {
                (ValueFormat::Json, Ok(value)) => match values::tree(&value) {
                    (known, None) => {
                        json!({"expression": text, "value": known, "unknown": null, "error": null}).to_string()
                    }
                    (known, why) => {
                        hidden(json!({"expression": text, "value": known, "unknown": why, "error": null}).to_string())
                    }
                },
                (ValueFormat::Json, Err(error)) => {
                    hidden(json!({"expression": text, "value": null, "unknown": null, "error": error}).to_string())
                }
                (_, Ok(value)) => match values::tree(&value) {
                    (_, None) => values::line(&value),
                    _ => hidden(values::line(&value)),
                },
                (_, Err(error)) => {
                    let _ = writeln!(err, "error: {}", printable(&hidden(error)));
                    return;
                }
            };
            let written = writeln!(out, "{line}");
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
