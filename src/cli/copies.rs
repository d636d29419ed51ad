//! `crossvault copies`: the table of all predicted copies, or one with every check.

use super::args::{CopiesArgs, CopiesFormat};
use super::input::analysis;
use super::output::{CLEAN, UNABLE, bad_input, mask, pretty, unreadable, written};
use crate::report::{copies, json, markdown};
use std::io::Write;

pub(super) fn run(args: &CopiesArgs, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<u8> {
    let analysis = analysis(&args.common);
    let chosen: Vec<_> = analysis
        .judgements
        .iter()
        .filter(|judgement| args.id.as_ref().is_some_and(|id| judgement.copy.id.to_string().starts_with(id.as_str())))
        .collect();
    if let Some(id) = args.id.as_ref().filter(|_| chosen.is_empty()) {
        writeln!(err, "error: there is no copy `{id}`; `crossvault copies` lists them")?;
        return Ok(UNABLE);
    }
    let shown: Vec<_> = if args.id.is_some() { chosen.clone() } else { analysis.judgements.iter().collect() };
    written(&args.common, mask(&[&analysis]).as_ref(), out, |out| match (args.format, chosen.is_empty()) {
        (CopiesFormat::Jsonl, _) => shown.iter().try_for_each(|judgement| {
            serde_json::to_writer(&mut *out, &json::copy(&analysis, judgement))?;
            writeln!(out)
        }),
        (CopiesFormat::Csv, _) => copies::csv(&analysis, &shown, out),
        (CopiesFormat::Markdown, _) => markdown::table(&analysis, &shown, usize::MAX, out),
        (CopiesFormat::Json, true) => pretty(out, &json::Copies::new(&analysis)),
        (CopiesFormat::Json, false) => {
            chosen.iter().try_for_each(|judgement| pretty(out, &json::copy(&analysis, judgement)))
        }
        (CopiesFormat::Full, true) => copies::write(&analysis, out, true),
        (CopiesFormat::Full, false) => {
            chosen.iter().try_for_each(|judgement| copies::write_one(&analysis, judgement, out))
        }
    })?;
    bad_input(&analysis, err)?;
    Ok(if unreadable(&analysis.diagnostics) { UNABLE } else { CLEAN })
}
