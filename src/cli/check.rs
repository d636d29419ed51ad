//! `crossvault check`: predicts every copy, prints findings, then a summary.

use super::args::{CheckArgs, CheckFormat};
use super::ignores;
use super::input::analysis;
use super::kept::Trials;
use super::output::{code, mask, places, pretty, style, written};
use crate::fix::Effort;
use crate::report::{concise, github, gitlab, headline, html, human, json, junit, markdown, sarif};
use std::io::Write;

pub(super) fn run(args: &CheckArgs, out: &mut dyn Write, err: &mut dyn Write, terminal: bool) -> std::io::Result<u8> {
    let common = &args.common;
    // Fixes cost a further analysis: only for those who can show them.
    let fixed = matches!(args.format, CheckFormat::Json | CheckFormat::Sarif) && !args.fix_ignores;
    let mut analysis = match args.write_baseline {
        true => ignores::write_baseline(common, err)?,
        false if fixed => Trials::new(common).with_fixes(Effort::ASIDE),
        false => analysis(common),
    };
    if args.fix_ignores {
        ignores::remove(&mut analysis, err)?;
    }
    written(common, mask(&[&analysis]).as_ref(), out, |out| match args.format {
        CheckFormat::Full => human::write(&analysis, out, &style(args, terminal)),
        CheckFormat::Concise => concise::write(&analysis, out),
        CheckFormat::Json => pretty(out, &json::report(&analysis)),
        CheckFormat::Sarif => pretty(out, &sarif::report(&analysis, &places(), "crossvault")),
        CheckFormat::Github => github::write(&analysis, &places(), &headline(&analysis), out),
        CheckFormat::Gitlab => pretty(out, &gitlab::report(&analysis, &places())),
        CheckFormat::Junit => junit::write(&analysis, out),
        CheckFormat::Html => html::write(&analysis, out),
        CheckFormat::Markdown => markdown::write(&analysis, &places(), out),
    })?;
    let code = code(&analysis, common);
    // The process ends here: taking millions of values apart would only cost time.
    std::mem::forget(analysis);
    Ok(code)
}
