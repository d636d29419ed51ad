//! `crossvault inspect`: every resource as evaluated.

use super::args::{InspectArgs, ValueFormat};
use super::input::read;
use super::output::{CLEAN, UNABLE, bad_input, mask, pretty, unreadable, written};
use crate::report::values;
use std::io::Write;

pub(super) fn run(args: &InspectArgs, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<u8> {
    let (mut input, settings) = read(&args.common);
    input.load.all_types = true;
    let analysis = crate::analyze(input, &settings);
    written(&args.common, mask(&[&analysis]).as_ref(), out, |out| match args.format {
        ValueFormat::Json => pretty(out, &values::inspect(&analysis)),
        ValueFormat::Full => values::write(&analysis, out),
    })?;
    bad_input(&analysis, err)?;
    Ok(if unreadable(&analysis.diagnostics) { UNABLE } else { CLEAN })
}
