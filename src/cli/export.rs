//! `crossvault export`: the estate as JSON that another run takes as a PATH.

use super::args::ExportArgs;
use super::input::read;
use super::output::{CLEAN, UNABLE, bad_input, mask, pretty, unreadable, written};
use super::progress::Progress;
use crate::analysis::lowered;
use crate::estate;
use crate::parallel::on_threads;
use std::io::Write;

pub(super) fn run(args: &ExportArgs, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<u8> {
    let (mut input, settings) = read(&args.common);
    input.load.publish = true;
    let progress = Progress::start(&args.common, &format!("reading {} units", input.units.len()));
    let analysis = on_threads(args.common.threads.map(usize::from), || crate::analyze(input, &settings));
    drop(progress);
    bad_input(&analysis, err)?;
    if unreadable(&analysis.diagnostics) {
        writeln!(err, "error: nothing was exported, because an estate that is not whole would be taken for whole")?;
        return Ok(UNABLE);
    }
    let (entities, _) = lowered(&analysis.sources, &analysis.stacks, &settings.estates);
    let mask = mask(&[&analysis]);
    let hide = |text: &str| mask.as_ref().and_then(|mask| mask.masked(text));
    let given = estate::given(&analysis.stacks, &settings.estates, &entities);
    let told = (&entities, &analysis.graph.facts, &given);
    let json = estate::write(&analysis.sources, &analysis.stacks, &settings.estates, told, &hide);
    written(&args.common, None, out, |out| pretty(out, &json))?;
    Ok(CLEAN)
}
