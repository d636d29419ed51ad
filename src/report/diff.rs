//! What changes between two revisions: copies that are broken, mended, new or gone.

use super::escape::{self, markdown_code, markdown_sentence};
use super::picture::{self, Picture};
use super::words::{self, Words, count, one_line};
use super::{Places, destination_text, json, markdown, plan_text, source_text, verdict_word};
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
        let rules = changed.after.map_or_else(String::new, |after| after.basis.decided_by.join(", "));
        Some([
            moved(changed),
            source_text(analysis, judgement),
            plan_text(analysis, judgement),
            destination_text(analysis, judgement),
            rules,
        ])
    }

    /// The row of a table in Markdown.
    fn row(&self, changed: &Changed<'_>) -> Option<String> {
        let (analysis, judgement) = self.shown(changed)?;
        let symbol = match changed.after.map(|after| after.verdict) {
            None => "➖",
            Some(Verdict::Fails) => "❌",
            Some(Verdict::Undecided) => "❔",
            Some(Verdict::Succeeds) => "✅",
        };
        let rules = changed.after.map(|after| after.basis.decided_by.clone()).unwrap_or_default();
        let rules: Vec<String> = rules.iter().map(|rule| markdown_code(rule)).collect();
        Some(format!(
            "| {symbol} {} | {} | {} | {} | {} | {} |\n",
            changed.change.word(),
            escape::markdown(&moved(changed).replace("->", "→")),
            markdown_sentence(&words::source(analysis, judgement)),
            escape::markdown(&plan_text(analysis, judgement)),
            escape::markdown(&destination_text(analysis, judgement)),
            rules.join(" ")
        ))
    }

    fn of(&self, change: Change) -> usize {
        self.comparison.changes.iter().filter(|changed| changed.change == change).count()
    }

    fn worse(&self) -> usize {
        self.comparison.changes.iter().filter(|changed| changed.worse).count()
    }

    /// `main to the working tree: 1 broken, 2 new; 47 copies unchanged`.
    pub fn summary(&self) -> String {
        format!("{}: {}", self.revisions(), self.headline())
    }

    /// `1 broken, 2 new; 47 copies unchanged`.
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
        // A commit's full name is more than anybody reads.
        let short = |name: &str| {
            let full = name.len() >= 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
            name.chars().take(if full { 10 } else { name.len() }).collect::<String>()
        };
        let head = self.head.map_or_else(|| "the working tree".to_owned(), |(name, _)| short(name));
        format!("{} to {head}", short(self.base.0))
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
    writeln!(out, "{}", diff.summary())
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

/// A comment for a pull request: the copies that change, then what makes them worse, then a picture of them.
pub fn markdown(diff: &Diff<'_>, places: &Places, out: &mut dyn Write) -> Result<()> {
    let symbol = if diff.worse() > 0 { "❌" } else { "✅" };
    let mut text = format!("{MARK}\n## {symbol} {}\n\n", escape::markdown(&diff.headline()));
    text.push_str(&format!("From {}.\n\n", escape::markdown(&diff.revisions())));
    for (side, analysis) in [("base", diff.before), ("head", diff.after)] {
        for diagnostic in analysis.diagnostics.iter().filter(|other| other.kind == DiagnosticKind::BadInput).take(20) {
            text.push_str(&format!("- **not read** ({side}): {}\n", markdown_sentence(&diagnostic.message)));
        }
    }
    let changes = &diff.comparison.changes;
    if !changes.is_empty() {
        text.push_str("\n| change | verdict | data | plan / rule | destination | decided by |\n");
        text.push_str("| --- | --- | --- | --- | --- | --- |\n");
        let mut size = 0;
        for (at, changed) in changes.iter().enumerate() {
            let Some(row) = diff.row(changed) else { continue };
            size += row.chars().count();
            if size > markdown::TABLE {
                text.push_str(&format!("| | …and {} more | | | | |\n", changes.len() - at));
                break;
            }
            text.push_str(&row);
        }
        text.push('\n');
    }
    let words = Words::new(diff.after);
    let mut left = 0;
    for reported in &diff.comparison.findings {
        let section = markdown::finding(diff.after, &words, reported, places);
        if text.chars().count() + section.chars().count() > markdown::FINDINGS {
            left += 1;
        } else {
            text.push_str(&section);
        }
    }
    if left > 0 {
        text.push_str(&format!("…and {} more; `crossvault diff` shows all.\n\n", count(left, "finding", "findings")));
    }
    let now: Vec<&Judgement> = changes.iter().filter_map(|changed| changed.after).collect();
    if !now.is_empty() {
        let picture = Picture::of(diff.after, &now, picture::SMALL);
        let section = markdown::folded(&picture, "Picture of the copies that change");
        if text.chars().count() + section.chars().count() < markdown::LIMIT {
            text.push_str(&section);
        }
    }
    out.write_all(text.as_bytes())
}
