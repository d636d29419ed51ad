//! `crossvault check`: predicts every copy, prints findings, then a summary.

use super::args::{CheckArgs, CheckFormat};
use super::input::analysis;
use super::output::{code, pretty, style, written};
use crate::report::{concise, human, json};
use std::io::Write;

pub(super) fn run(args: &CheckArgs, out: &mut dyn Write, terminal: bool) -> std::io::Result<u8> {
    let common = &args.common;
    let analysis = analysis(common);
    written(common, out, |out| match args.format {
        CheckFormat::Full => human::write(&analysis, out, &style(args, terminal)),
        CheckFormat::Concise => concise::write(&analysis, out),
        CheckFormat::Json => pretty(out, &json::report(&analysis)),
    })?;
    Ok(code(&analysis, common))
}
