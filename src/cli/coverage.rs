//! `crossvault coverage`: each data store, and whether it has a working copy outside of its account and Region.

use super::args::{CoverageArgs, CoverageFormat, Requirement};
use super::input::analysis;
use super::output::{CLEAN, FINDINGS, UNABLE, bad_input, mask, pretty, unreadable, written};
use crate::report::coverage::{self, Demand, Need};
use crate::report::printable;
use std::io::Write;

pub(super) fn run(args: &CoverageArgs, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<u8> {
    let mut tags = Vec::new();
    for text in &args.tag {
        let Some((key, value)) = text.split_once('=') else {
            writeln!(err, "error: --tag {text}: expected KEY=VALUE")?;
            return Ok(UNABLE);
        };
        tags.push((key.to_owned(), value.to_owned()));
    }
    let require = args.require.iter().map(|need| match need {
        Requirement::CrossAccount => Need::CrossAccount,
        Requirement::CrossRegion => Need::CrossRegion,
    });
    let demand = Demand { require: require.collect(), tags, strict: args.common.strict };
    let analysis = analysis(&args.common);
    let rows = coverage::rows(&analysis, &demand);
    let mask = mask(&[&analysis]);
    written(&args.common, mask.as_ref(), out, |out| match args.format {
        CoverageFormat::Full => coverage::write(&analysis, &rows, out),
        CoverageFormat::Json => pretty(out, &coverage::report(&analysis, &rows, &demand)),
        CoverageFormat::Csv => coverage::write_csv(&analysis, &rows, out),
        CoverageFormat::Markdown => coverage::write_markdown(&analysis, &rows, out),
    })?;
    bad_input(&analysis, err)?;
    let short = coverage::shortfalls(&analysis, &rows, &demand);
    for short in &short {
        let has = if short.undecided { "may have no" } else { "has no" };
        let text =
            printable(&format!("error: `{}` {has} {} copy that works: {}", short.source, short.need.word(), short.why));
        writeln!(err, "{}", mask.as_ref().and_then(|mask| mask.masked(&text)).unwrap_or(text))?;
    }
    Ok(match (unreadable(&analysis.diagnostics), short.is_empty()) {
        (true, _) => UNABLE,
        (false, true) => CLEAN,
        (false, false) => FINDINGS,
    })
}
