//! What `check` writes about suppressed findings: a baseline, and files without the ignores that have no effect.

use super::args::Common;
use super::input::read;
use super::output::{Replaced, replace_file, replace_files, unreadable};
use crate::analysis::Analysis;
use crate::source::FileId;
use crate::suppress;
use std::collections::BTreeMap;
use std::io::Write;

const BASELINE: &str = "crossvault-baseline.json";

/// Judges what the paths hold and writes every finding into the baseline, which then suppresses it.
pub(super) fn write_baseline(common: &Common, err: &mut dyn Write) -> std::io::Result<Analysis> {
    let path = common.baseline.as_deref().unwrap_or(BASELINE);
    let without = Common { baseline: None, ..common.clone() };
    let (input, mut settings) = read(&without);
    settings.suppress.write_baseline = true;
    let analysis = crate::analyze(input, &settings);
    if unreadable(&analysis.diagnostics) {
        writeln!(err, "{path}: not written, because some input could not be read")?;
        return Ok(analysis);
    }
    if let Some((text, count)) = &analysis.ignores.baseline {
        replace_file(path, text.as_bytes())?;
        let noun = if *count == 1 { "entry" } else { "entries" };
        writeln!(err, "{path}: written, with {count} {noun}, one for each finding on a copy")?;
    }
    Ok(analysis)
}

/// Removes the ignores without effect from their files, and what is reported of them.
pub(super) fn remove(analysis: &mut Analysis, err: &mut dyn Write) -> std::io::Result<()> {
    let mut files: BTreeMap<FileId, Vec<suppress::Edit>> = BTreeMap::new();
    for edit in std::mem::take(&mut analysis.ignores.edits) {
        files.entry(edit.span.file).or_default().push(edit);
    }
    for (file, mut edits) in files {
        edits.sort_by_key(|edit| std::cmp::Reverse(edit.span));
        let mut text = analysis.sources.text(file).to_string();
        for edit in &edits {
            if text.get(edit.span.range()).is_some() {
                text.replace_range(edit.span.range(), &edit.text);
            }
        }
        let path = analysis.sources.path(file);
        let old = analysis.sources.text(file);
        replace_files(&[Replaced { path: &path, old: Some(&old), new: text.as_bytes() }])?;
        let noun = if edits.len() == 1 { "place" } else { "places" };
        writeln!(err, "{path}: ignores without effect removed at {} {noun}", edits.len())?;
    }
    analysis.findings.retain(|reported| reported.finding.rule != suppress::RULE);
    Ok(())
}
