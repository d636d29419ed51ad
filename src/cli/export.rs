//! `crossvault export`: the estate as JSON that another run takes as a PATH.

use super::args::ExportArgs;
use super::input::read;
use super::output::{CLEAN, UNABLE, bad_input, pretty, unreadable, written};
use crate::analysis::lowered;
use crate::estate;
use std::io::Write;

pub(super) fn run(args: &ExportArgs, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<u8> {
    let (input, settings) = read(&args.common);
    let analysis = crate::analyze(input, &settings);
    bad_input(&analysis, err)?;
    if unreadable(&analysis.diagnostics) {
        writeln!(err, "error: nothing was exported, because an estate that is not whole would be taken for whole")?;
        return Ok(UNABLE);
    }
    let (entities, _) = lowered(&analysis.sources, &analysis.stacks, &settings.estates);
    let json = estate::write(&analysis.sources, &analysis.stacks, &settings.estates, &entities, &analysis.graph.facts);
    written(&args.common, out, |out| pretty(out, &json))?;
    Ok(CLEAN)
}
