//! `crossvault fix`: prints a patch that mends what can be mended, or applies it.

use super::args::FixArgs;
use super::kept::Trials;
use super::output::{
    CLEAN, FINDINGS, Replaced, UNABLE, bad_input, counts, mask, places, replace_files, unreadable, written,
};
use crate::diagnostic::{Fix, Safety};
use crate::fix;
use crate::report::{Places, printable};
use std::io::Write;

pub(super) fn run(args: &FixArgs, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<u8> {
    let common = &args.common;
    let mut trials = Trials::new(common);
    let analysis = trials.with_fixes(fix::Effort::WHOLE);
    let mask = mask(&[&analysis]);
    let (changes, mended) = fix::together(&analysis, args.r#unsafe, &|changes| trials.analysis(changes));
    if args.write {
        let olds: Vec<_> = changes
            .keys()
            .map(|path| analysis.sources.load(path).map(|file| analysis.sources.text(file)).unwrap_or_default())
            .collect();
        let files: Vec<Replaced<'_>> = changes
            .iter()
            .zip(&olds)
            .map(|((path, text), old)| Replaced { path, old: Some(old.as_str()), new: text.as_bytes() })
            .collect();
        replace_files(&files)?;
    } else {
        let hide = |text: &str| mask.as_ref().and_then(|mask| mask.masked(text));
        // `git apply` takes paths from where it is run, and none that lead up from there.
        let elsewhere = changes.keys().any(|path| path.starts_with("../") || path.starts_with('/'));
        let places = if elsewhere { places() } else { Places::default() };
        let patch = fix::unified(&analysis.sources, &changes, &hide, &|path| places.of(path));
        written(common, None, out, |out| out.write_all(patch.as_bytes()))?;
        if elsewhere && !common.quiet {
            writeln!(err, "the patch names files from the root of the repository: apply it there")?;
        }
    }
    bad_input(&analysis, err)?;
    let shown = |text: &str| {
        let text = printable(text);
        mask.as_ref().and_then(|mask| mask.masked(&text)).unwrap_or(text)
    };
    if !common.quiet {
        let word = if args.write { "mended" } else { "would mend" };
        for reported in &mended {
            if let Some(fix) = &reported.fix {
                writeln!(err, "{word} {}: {}", reported.finding.rule, shown(&told(fix)))?;
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
            writeln!(err, "left {}: {}\n  {}", reported.finding.rule, shown(&reported.finding.message), shown(&why))?;
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
