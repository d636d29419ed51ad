//! What changes between two revisions: copies that are broken, mended, new or gone.

use super::words::{count, one_line};
use super::{destination_text, json, plan_text, source_text, verdict_word};
use crate::analysis::Analysis;
use crate::checks::{Judgement, Verdict};
use crate::compare::{Change, Changed, Comparison};
use crate::diagnostic::DiagnosticKind;
use serde_json::{Value as Json, json};
use std::io::{Result, Write};

/// Two analyses and what changed between them.
#[derive(Clone, Copy, Debug)]
pub struct Diff<'a> {
    pub before: &'a Analysis,
    pub after: &'a Analysis,
    pub comparison: &'a Comparison<'a>,
    /// The revisions as the user names them, and their commits; no commit for the working tree.
    pub base: (&'a str, &'a str),
    pub head: Option<(&'a str, &'a str)>,
}

/// A comment holds at most 65,536 characters; this many copies fit with room to spare.
const MOST_ROWS: usize = 100;
/// The mark by which a bot finds its earlier comment.
const MARK: &str = "<!-- crossvault diff -->";

impl Diff<'_> {
    /// The copy as it is now, else as it was, with the analysis that knows it.
    fn shown<'a>(&'a self, changed: &Changed<'a>) -> Option<(&'a Analysis, &'a Judgement)> {
        let after = changed.after.map(|judgement| (self.after, judgement));
        after.or_else(|| changed.before.map(|judgement| (self.before, judgement)))
    }

    fn cells(&self, changed: &Changed<'_>) -> Option<[String; 5]> {
        let (analysis, judgement) = self.shown(changed)?;
        let rules = changed.after.map_or_else(String::new, |after| after.decided_by.join(", "));
        Some([
            moved(changed),
            source_text(analysis, judgement),
            plan_text(analysis, judgement),
            destination_text(analysis, judgement),
            rules,
        ])
    }

    fn of(&self, change: Change) -> usize {
        self.comparison.changes.iter().filter(|changed| changed.change == change).count()
    }

    fn worse(&self) -> usize {
        self.comparison.changes.iter().filter(|changed| changed.worse).count()
    }

    /// `1 broken, 2 new, 47 unchanged`.
    fn headline(&self) -> String {
        let failing = self.comparison.changes.iter().filter(|changed| {
            changed.change == Change::New && changed.after.is_some_and(|after| after.verdict == Verdict::Fails)
        });
        let failing = failing.count();
        let mut parts: Vec<String> = Vec::new();
        for change in [Change::Broken, Change::New, Change::Undecided, Change::Mended, Change::Gone] {
            match (self.of(change), change) {
                (0, _) => {}
                (number, Change::New) if failing > 0 => parts.push(format!("{number} new ({failing} of them fail)")),
                (number, change) => parts.push(format!("{number} {}", change.word())),
            }
        }
        let unchanged = count(self.comparison.unchanged, "copy", "copies");
        if parts.is_empty() {
            return format!("no copy changes its verdict; {unchanged} unchanged");
        }
        format!("{}; {unchanged} unchanged", parts.join(", "))
    }

    fn revisions(&self) -> String {
        let head = self.head.map_or("the working tree", |(name, _)| name);
        format!("{} to {head}", self.base.0)
    }
}

/// `succeeds -> fails`, `new: fails`, `gone: succeeded`.
fn moved(changed: &Changed<'_>) -> String {
    let word = |judgement: &Judgement| verdict_word(judgement.verdict);
    match (changed.before, changed.after) {
        (Some(before), Some(after)) => format!("{} -> {}", word(before), word(after)),
        (None, Some(after)) => format!("-> {}", word(after)),
        (Some(before), None) => format!("{} ->", word(before)),
        (None, None) => String::new(),
    }
}

/// A table of the changes, and the counts.
pub fn table(diff: &Diff<'_>, out: &mut dyn Write) -> Result<()> {
    let rows: Vec<(&'static str, [String; 5])> = diff
        .comparison
        .changes
        .iter()
        .filter_map(|changed| Some((changed.change.word(), diff.cells(changed)?)))
        .collect();
    let head = ["VERDICT", "SOURCE", "PLAN/RULE", "DESTINATION"];
    let width = |at: usize| {
        let own = head.get(at).map_or(0, |head| head.len());
        rows.iter().filter_map(|(_, cells)| Some(cells.get(at)?.chars().count())).max().unwrap_or(0).max(own)
    };
    let widths = [width(0), width(1), width(2), width(3)];
    if !rows.is_empty() {
        let [a, b, c, d] = widths;
        writeln!(
            out,
            "{:9}  {:a$}  {:b$}  {:c$}  {:d$}  DECIDED BY",
            "CHANGE", "VERDICT", "SOURCE", "PLAN/RULE", "DESTINATION"
        )?;
        for (word, [verdict, source, plan, destination, rules]) in &rows {
            let line = format!("{word:9}  {verdict:a$}  {source:b$}  {plan:c$}  {destination:d$}  {rules}");
            writeln!(out, "{}", one_line(line.trim_end()))?;
        }
        writeln!(out)?;
    }
    writeln!(out, "{}: {}", diff.revisions(), diff.headline())
}

/// One line a change: `broken: succeeds -> fails: source to destination [rules]`.
pub fn concise(diff: &Diff<'_>, out: &mut dyn Write) -> Result<()> {
    for changed in &diff.comparison.changes {
        let Some([verdict, source, plan, destination, rules]) = diff.cells(changed) else { continue };
        let rules = if rules.is_empty() { rules } else { format!(" [{rules}]") };
        let line = format!("{}: {verdict}: {source} by {plan} to {destination}{rules}", changed.change.word());
        writeln!(out, "{}", one_line(&line))?;
    }
    Ok(())
}

/// The changes as JSON, schema version 1.
pub fn report(diff: &Diff<'_>) -> Json {
    let revision = |(name, commit): (&str, &str)| json!({"revision": name, "commit": commit});
    let changes: Vec<Json> = diff
        .comparison
        .changes
        .iter()
        .filter_map(|changed| {
            let (analysis, judgement) = diff.shown(changed)?;
            Some(json!({
                "change": changed.change,
                "worse": changed.worse,
                "before": changed.before.map(|before| verdict_word(before.verdict)),
                "after": changed.after.map(|after| verdict_word(after.verdict)),
                "copy": serde_json::to_value(json::copy(analysis, judgement)).unwrap_or_default(),
            }))
        })
        .collect();
    let findings: Vec<Json> = diff
        .comparison
        .findings
        .iter()
        .map(|reported| serde_json::to_value(json::finding(diff.after, reported)).unwrap_or_default())
        .collect();
    let errors = [("base", diff.before), ("head", diff.after)].into_iter().flat_map(|(side, analysis)| {
        json::errors(analysis).into_iter().map(move |error| {
            let mut error = serde_json::to_value(error).unwrap_or_default();
            if let Some(error) = error.as_object_mut() {
                error.insert("side".to_owned(), Json::from(side));
            }
            error
        })
    });
    json!({
        "schema_version": 1,
        "tool": {"name": "crossvault", "version": env!("CARGO_PKG_VERSION")},
        "base": revision(diff.base),
        "head": diff.head.map(revision),
        "summary": {
            "broken": diff.of(Change::Broken),
            "mended": diff.of(Change::Mended),
            "new": diff.of(Change::New),
            "gone": diff.of(Change::Gone),
            "undecided": diff.of(Change::Undecided),
            "unchanged": diff.comparison.unchanged,
            "worse": diff.worse(),
        },
        "changes": changes,
        "findings": findings,
        "errors": errors.collect::<Vec<_>>(),
    })
}

/// A comment for a pull request.
pub fn markdown(diff: &Diff<'_>, out: &mut dyn Write) -> Result<()> {
    let symbol = if diff.worse() > 0 { "❌" } else { "✅" };
    writeln!(out, "{MARK}\n## {symbol} {}\n", cell(&diff.headline()))?;
    writeln!(out, "From {}.\n", cell(&diff.revisions()))?;
    let bad = [("base", diff.before), ("head", diff.after)];
    for (side, analysis) in bad {
        for diagnostic in analysis.diagnostics.iter().filter(|other| other.kind == DiagnosticKind::BadInput).take(20) {
            writeln!(out, "- **not read** ({side}): {}", cell(&diagnostic.message))?;
        }
    }
    if !diff.comparison.changes.is_empty() {
        writeln!(out, "| change | verdict | data | plan / rule | destination | decided by |")?;
        writeln!(out, "| --- | --- | --- | --- | --- | --- |")?;
        for changed in diff.comparison.changes.iter().take(MOST_ROWS) {
            let Some(cells) = diff.cells(changed) else { continue };
            let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
            writeln!(out, "| {} | {} |", changed.change.word(), cells.join(" | "))?;
        }
        if diff.comparison.changes.len() > MOST_ROWS {
            let more = diff.comparison.changes.len() - MOST_ROWS;
            writeln!(out, "\n…and {more} more; `crossvault diff` shows all.")?;
        }
        writeln!(out)?;
    }
    for reported in diff.comparison.findings.iter().take(20) {
        let finding = &reported.finding;
        let place = finding.primary.as_ref().map(|label| diff.after.sources.location(label.span));
        let place = place.map_or_else(String::new, |at| format!(" ({}:{})", at.file, at.line));
        writeln!(out, "- **{}**: {}{}", finding.rule, cell(&finding.message), cell(&place))?;
        if let Some(help) = &finding.help {
            writeln!(out, "  - {}", cell(help.lines().next().unwrap_or_default()))?;
        }
    }
    Ok(())
}

/// The text where neither a table nor Markdown takes it for more than text.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for c in one_line(text).chars() {
        if matches!(c, '|' | '*' | '_' | '[' | ']' | '<' | '>' | '\\' | '`' | '#' | '@' | '~' | '&') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Workflow commands of GitHub Actions: an error at the place of each finding that breaks a copy. `path` gives a file's
/// path from the root of the repository.
pub fn github(diff: &Diff<'_>, path: &dyn Fn(&str) -> String, out: &mut dyn Write) -> Result<()> {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    for reported in &diff.comparison.findings {
        let finding = &reported.finding;
        let place = finding.primary.as_ref().map_or_else(String::new, |label| {
            let at = diff.after.sources.location(label.span);
            format!("file={},line={},", property(&path(&at.file)), at.line)
        });
        let text = finding
            .help
            .as_ref()
            .map_or_else(|| finding.message.clone(), |help| format!("{}\n{help}", finding.message));
        writeln!(out, "::error {place}title={}::{}", property(finding.rule), data(&text))?;
    }
    writeln!(out, "::notice title=crossvault::{}", data(&format!("{}: {}", diff.revisions(), diff.headline())))
}
