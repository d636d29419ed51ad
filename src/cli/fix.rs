//! `crossvault fix`: prints a patch that mends what can be mended, or applies it.

use super::args::FixArgs;
use super::input;
use super::output::{CLEAN, FINDINGS, UNABLE, bad_input, counts, replace_file, unreadable, written};
use crate::diagnostic::{Fix, Safety};
use crate::fix;
use std::io::Write;

pub(super) fn run(args: &FixArgs, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<u8> {
    let common = &args.common;
    let again = |changes: &fix::Changes| input::analysis_with(common, changes);
    let mut analysis = input::analysis(common);
    input::attach_fixes(common, &mut analysis);
    let (changes, mended) = fix::together(&analysis, args.r#unsafe, &again);
    if args.write {
        for (path, text) in &changes {
            replace_file(path, text.as_bytes())?;
        }
    } else {
        let patch = fix::unified(&analysis.sources, &changes);
        written(common, out, |out| out.write_all(patch.as_bytes()))?;
    }
    bad_input(&analysis, err)?;
    if !common.quiet {
        let word = if args.write { "mended" } else { "would mend" };
        for reported in &mended {
            if let Some(fix) = &reported.fix {
                writeln!(err, "{word} {}: {}", reported.finding.rule, told(fix))?;
            }
        }
        let left = analysis.findings.iter().filter(|reported| !reported.undecided);
        let left: Vec<_> = left.filter(|one| !mended.iter().any(|done| done.fingerprint == one.fingerprint)).collect();
        for reported in &left {
            let why = match &reported.fix {
                Some(fix) if fix.safety == Safety::Unsafe && !args.r#unsafe => {
                    format!("--unsafe would: {}", told(fix))
                }
                Some(fix) => format!("{}, but not together with the others: run again afterwards", fix.message),
                None => format!("no safe change is known; see `crossvault explain {}`", reported.finding.rule),
            };
            writeln!(err, "left {}: {}\n  {why}", reported.finding.rule, reported.finding.message)?;
        }
    }
    if unreadable(&analysis.diagnostics) {
        return Ok(UNABLE);
    }
    let mut open =
        analysis.findings.iter().filter(|one| !mended.iter().any(|done| done.fingerprint == one.fingerprint));
    Ok(if open.any(|reported| counts(common, reported.finding.severity)) { FINDINGS } else { CLEAN })
}

fn told(fix: &Fix) -> String {
    match &fix.consequence {
        Some(consequence) => format!("{} ({consequence})", fix.message),
        None => fix.message.clone(),
    }
}
