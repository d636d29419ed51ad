//! `crossvault diff`: the copies whose verdict changes between two git revisions.

use super::args::{DiffArgs, DiffFormat, FailOn};
use super::input::{disk, read_from};
use super::output::{
    CLEAN, FINDINGS, UNABLE, mask, places, plain_style, pretty, report_bad_input, unreadable, written,
};
use super::progress::Progress;
use crate::analysis::Analysis;
use crate::compare::compare;
use crate::discover::{GitDisk, merge_base};
use crate::parallel::on_threads;
use crate::report::{diff, github, gitlab, html, human, junit, sarif};
use crate::session::Session;
use crate::source::{Disk, Revision, Revisions};
use std::io::Write;
use std::sync::Arc;

type Writer<'a> = &'a dyn Fn(&mut dyn Write) -> std::io::Result<()>;

pub(super) fn run(args: &DiffArgs, out: &mut dyn Write, err: &mut dyn Write, terminal: bool) -> std::io::Result<u8> {
    let base = if args.merge_base { merge_base(&args.base, args.head.as_deref()) } else { Ok(args.base.clone()) };
    let opened = base.and_then(|base| {
        let base = GitDisk::new(&base)?;
        let head = args.head.as_deref().map(GitDisk::new).transpose()?;
        Ok((base, head))
    });
    let (base, head) = match opened {
        Ok(opened) => opened,
        Err(message) => {
            writeln!(err, "error: {message}")?;
            return Ok(UNABLE);
        }
    };
    let commits = (base.commit.clone(), head.as_ref().map(|head| head.commit.clone()));
    let head: Box<dyn Disk> = match head {
        Some(head) => Box::new(head),
        None => Box::new(disk(&args.common)),
    };
    let (before, later) = both(args, Revisions::new(Box::new(base), head));
    let after = later.as_ref().unwrap_or(&before);
    for (side, analysis) in [("base", &before), ("head", after)] {
        if unreadable(&analysis.diagnostics) {
            writeln!(err, "{side}:")?;
            report_bad_input(&analysis.sources, &analysis.diagnostics, err)?;
        }
    }
    let strict = args.common.strict;
    let comparison = compare(&before, after, strict);
    let head = args.head.as_deref().zip(commits.1.as_deref());
    let shown = diff::Diff { before: &before, after, comparison: &comparison, base: (&args.base, &commits.0), head };
    let worse = comparison.worse();
    let code = code(&before, after, !worse.is_empty(), args);
    let mask = mask(&[&before, after]);
    let write: Writer<'_> = match args.format {
        DiffFormat::Full => &|out| {
            for reported in &comparison.findings {
                human::write_finding(after, reported, out, &plain_style(&args.common, terminal))?;
            }
            diff::table(&shown, out)
        },
        DiffFormat::Concise => &|out| diff::concise(&shown, out),
        DiffFormat::Json => &|out| pretty(out, &diff::report(&shown)),
        DiffFormat::Markdown => &|out| diff::markdown(&shown, &places(), out),
        // The other formats know one analysis: the later one, of what changed alone.
        DiffFormat::Sarif | DiffFormat::Github | DiffFormat::Gitlab | DiffFormat::Junit | DiffFormat::Html => {
            let (changed, closing) = (comparison.changed(), shown.summary());
            let mut narrowed = later.unwrap_or(before);
            narrowed.narrow(&changed, &worse);
            written(&args.common, mask.as_ref(), out, |out| match args.format {
                DiffFormat::Sarif => pretty(out, &sarif::report(&narrowed, &places(), "crossvault-diff")),
                DiffFormat::Gitlab => pretty(out, &gitlab::report(&narrowed, &places())),
                DiffFormat::Junit => junit::write(&narrowed, out),
                DiffFormat::Html => html::write(&narrowed, out),
                _ => github::write(&narrowed, &places(), &closing, out),
            })?;
            return Ok(code);
        }
    };
    written(&args.common, mask.as_ref(), out, write)?;
    Ok(code)
}

fn code(before: &Analysis, after: &Analysis, worse: bool, args: &DiffArgs) -> u8 {
    if unreadable(&before.diagnostics) || unreadable(&after.diagnostics) {
        return UNABLE;
    }
    if worse && args.common.fail_on != FailOn::Never { FINDINGS } else { CLEAN }
}

/// The base, and the head where anything differs; each judged by its own configuration. What no change touches is
/// evaluated once.
fn both(args: &DiffArgs, revisions: Revisions) -> (Analysis, Option<Analysis>) {
    let progress = Progress::start(&args.common, &format!("judging the copies of {}", args.base));
    let revisions = Arc::new(revisions);
    on_threads(args.common.threads.map(usize::from), || {
        let (input, settings) = read_from(&args.common, Box::new(Revision::Base(revisions.clone())));
        let mut session = Session::new(input, settings);
        let before = session.analysis();
        progress.stage(format!("judging the copies of {}", args.head.as_deref().unwrap_or("the working tree")));
        match revisions.changed() {
            Some(texts) if texts.is_empty() => return (before, None),
            Some(texts) if session.edit(texts.iter().map(|(path, text)| (path.as_str(), text.as_str()))) => {
                return (before, Some(session.analysis()));
            }
            _ => {}
        }
        let (input, settings) = read_from(&args.common, Box::new(Revision::Head(revisions.clone())));
        (before, Some(crate::analyze(input, &settings)))
    })
}
