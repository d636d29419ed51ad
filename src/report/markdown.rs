//! A comment for a pull request: what fails first, then why, then the picture, within GitHub's limit.

use super::escape::{markdown, markdown_code, markdown_sentence};
use super::words::{self, Grade, Words, count};
use super::{Places, picture, plan_text, summary, verdict_word};
use crate::analysis::{Analysis, Reported};
use crate::checks::{Judgement, Verdict};
use crate::diagnostic::{DiagnosticKind, Label};
use std::io::{Result, Write};

/// A comment on GitHub has at most 65,536 characters. What follows is kept below it, with room for a bot's own words.
pub(super) const LIMIT: usize = 65_000;
/// How much of it the table of copies may take, and the findings with it.
pub(super) const TABLE: usize = 24_000;
pub(super) const FINDINGS: usize = 48_000;

/// The mark by which a bot finds its earlier comment.
pub const MARK: &str = "<!-- crossvault -->";

/// Writes the comment.
pub fn write(analysis: &Analysis, places: &Places, out: &mut dyn Write) -> Result<()> {
    let mut text = format!("{MARK}\n## {}\n\n", markdown(&headline(analysis)));
    bad_input(analysis, places, &mut text);
    let of = |verdict| analysis.judgements.iter().filter(move |judgement| judgement.verdict == verdict);
    let open: Vec<&Judgement> = of(Verdict::Fails).chain(of(Verdict::Undecided)).collect();
    if !open.is_empty() {
        let mut rows = Vec::new();
        table(analysis, &open, TABLE, &mut rows)?;
        text.push_str(&String::from_utf8_lossy(&rows));
        text.push('\n');
    }
    let words = Words::new(analysis);
    let mut left = 0;
    for reported in &analysis.findings {
        let section = finding(analysis, &words, reported, places);
        if text.chars().count() + section.chars().count() > FINDINGS {
            left += 1;
        } else {
            text.push_str(&section);
        }
    }
    if left > 0 {
        text.push_str(&format!("…and {} more; `crossvault check` shows all.\n\n", count(left, "finding", "findings")));
    }
    if !analysis.judgements.is_empty() {
        let section = folded(&picture::Picture::new(analysis, picture::SMALL), "Picture of the copies");
        if text.chars().count() + section.chars().count() < LIMIT - 4_000 {
            text.push_str(&section);
        }
    }
    let mut end = format!("{}\n", markdown_sentence(&summary::read(analysis)));
    if let Some(answer) = summary::decisive(analysis) {
        end.push_str(&format!("\n{}\n", markdown_sentence(&answer)));
    }
    if !analysis.assumptions.is_empty() {
        let list: String = analysis.assumptions.iter().map(|text| format!("- {}\n", markdown_sentence(text))).collect();
        end.push_str(&format!("\n<details><summary>Assumed</summary>\n\n{list}\n</details>\n"));
    }
    let skipped = summary::left_out(analysis);
    if !skipped.is_empty() {
        let list: String = skipped.iter().take(20).map(|text| format!("- {}\n", markdown_sentence(text))).collect();
        let more = if skipped.len() > 20 { format!("- and {} more\n", skipped.len() - 20) } else { String::new() };
        end.push_str(&format!(
            "\n<details><summary>Not evaluated ({})</summary>\n\n{list}{more}\n</details>\n",
            skipped.len()
        ));
    }
    let room = LIMIT.saturating_sub(text.chars().count());
    if end.chars().count() <= room {
        text.push_str(&end);
    }
    out.write_all(text.as_bytes())
}

/// The picture under a fold.
pub(super) fn folded(picture: &picture::Picture, title: &str) -> String {
    let drawn = picture::mermaid(picture);
    format!("<details><summary>{title}</summary>\n\n```mermaid\n{drawn}```\n\n</details>\n\n")
}

fn headline(analysis: &Analysis) -> String {
    let word = if analysis.judgements.iter().any(|judgement| judgement.verdict == Verdict::Fails) {
        "❌ "
    } else if analysis.judgements.iter().any(|judgement| judgement.verdict == Verdict::Undecided) {
        "❔ "
    } else {
        "✅ "
    };
    format!("{word}{}", summary::headline(analysis))
}

fn bad_input(analysis: &Analysis, places: &Places, text: &mut String) {
    let bad: Vec<_> =
        analysis.diagnostics.iter().filter(|diagnostic| diagnostic.kind == DiagnosticKind::BadInput).collect();
    for diagnostic in bad.iter().take(20) {
        let place = match (&diagnostic.primary, &diagnostic.path) {
            (Some(label), _) => place(analysis, label, places),
            (None, path) => markdown_code(path.as_deref().unwrap_or("?")),
        };
        text.push_str(&format!("- **not read**: {place}: {}\n", markdown_sentence(&diagnostic.message)));
    }
    if bad.len() > 20 {
        text.push_str(&format!("- and {} more\n", bad.len() - 20));
    }
    if !bad.is_empty() {
        text.push('\n');
    }
}

fn place(analysis: &Analysis, label: &Label, places: &Places) -> String {
    let at = analysis.sources.location(label.span);
    markdown_code(&format!("{}:{}", places.of(&at.file), at.line))
}

/// Writes a table of these copies, as many rows as fit into `limit` characters, and how many were left out.
pub fn table(analysis: &Analysis, copies: &[&Judgement], limit: usize, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "| verdict | data | plan / rule | destination | decided by |")?;
    writeln!(out, "| --- | --- | --- | --- | --- |")?;
    let mut size = 0;
    for (at, judgement) in copies.iter().enumerate() {
        let rules: Vec<String> = judgement.basis.decided_by.iter().map(|rule| markdown_code(rule)).collect();
        let symbol = match judgement.verdict {
            Verdict::Fails => "❌",
            Verdict::Undecided => "❔",
            Verdict::Succeeds => "✅",
        };
        let row = format!(
            "| {symbol} {} | {} | {} | {} | {} |",
            verdict_word(judgement.verdict),
            markdown_sentence(&words::source(analysis, judgement)),
            markdown(&plan_text(analysis, judgement)),
            markdown(&super::destination_text(analysis, judgement)),
            rules.join(" ")
        );
        size += row.chars().count() + 1;
        if size > limit {
            writeln!(out, "| | …and {} more | | | |", copies.len() - at)?;
            break;
        }
        writeln!(out, "{row}")?;
    }
    Ok(())
}

/// The finding under a fold, with its places and the remedy.
pub(super) fn finding<'a>(analysis: &Analysis, words: &Words<'a>, reported: &'a Reported, places: &Places) -> String {
    let finding = &reported.finding;
    let grade = Grade::of(reported);
    let mut text = format!(
        "<details><summary><b>{}</b> {}</summary>\n\n",
        grade.word(),
        // Here Markdown is HTML, in which mentions still count.
        super::escape::xml(&words::one_line(&words.headline(reported)).replace('`', "")).replace('@', "@&#8288;")
    );
    text.push_str(&format!("{} ({})\n\n", markdown_sentence(Words::cause(reported)), markdown_code(finding.rule)));
    for label in finding.primary.iter().chain(&finding.labels) {
        text.push_str(&format!("- {}: {}\n", place(analysis, label, places), markdown_sentence(&label.message)));
    }
    if finding.primary.is_some() || !finding.labels.is_empty() {
        text.push('\n');
    }
    for note in &finding.notes {
        text.push_str(&format!("{}\n\n", markdown_sentence(note)));
    }
    if let Some(help) = &finding.help {
        let (head, code) = words::remedy(help);
        let sentences: Vec<String> = head.lines().map(markdown_sentence).collect();
        text.push_str(&format!("**Remedy:** {}\n\n", sentences.join("\n\n")));
        if let Some(code) = code {
            // A fence longer than any run of backticks within.
            let fence = "`".repeat(code.split(|c| c != '`').map(str::len).max().unwrap_or(0).max(2) + 1);
            text.push_str(&format!("{fence}\n{}\n{fence}\n\n", words::printable(code)));
        }
    }
    if let Some(url) = finding.url {
        text.push_str(&format!("[AWS's page]({url})\n\n"));
    }
    text.push_str("</details>\n\n");
    text
}
