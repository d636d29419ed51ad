//! The table of copies, and one copy with all its checks.

use super::{destination_text, plan_text, source_text, verdict_word};
use crate::analysis::Analysis;
use crate::checks::{Judgement, Outcome};
use std::io::Write;

/// Writes the table: verdict, source, plan and rule, destination, what decides.
pub fn write(analysis: &Analysis, out: &mut dyn Write, ids: bool) -> std::io::Result<()> {
    let mut rows: Vec<Vec<String>> = vec![
        vec!["VERDICT", "SOURCE", "PLAN/RULE", "DESTINATION", "DECIDED BY"].into_iter().map(str::to_owned).collect(),
    ];
    for judgement in &analysis.judgements {
        rows.push(vec![
            verdict_word(judgement.verdict).to_owned(),
            source_text(analysis, judgement),
            plan_text(analysis, judgement),
            destination_text(analysis, judgement),
            judgement.decided_by.join(", "),
        ]);
    }
    let unit = |judgement: &Judgement| {
        analysis.graph.plan(judgement.copy.plan).map(|plan| plan.site.unit.to_string()).unwrap_or_default()
    };
    let units: Vec<String> = analysis.judgements.iter().map(unit).collect();
    if units.iter().any(|unit| Some(unit) != units.first()) {
        for (row, unit) in rows.iter_mut().zip(std::iter::once("UNIT".to_owned()).chain(units)) {
            row.insert(1, unit);
        }
    }
    if ids {
        let column = std::iter::once("ID".to_owned())
            .chain(analysis.judgements.iter().map(|judgement| judgement.copy.id.to_string()));
        for (row, id) in rows.iter_mut().zip(column) {
            row.insert(0, id);
        }
    }
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|at| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0))
        .collect();
    for row in &rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.chars().count())))
            .collect();
        writeln!(out, "{}", cells.join("  ").trim_end())?;
    }
    if analysis.judgements.is_empty() {
        writeln!(out, "no copies are planned")?;
    }
    Ok(())
}

/// Writes one copy with every check and its evidence.
pub fn write_one(analysis: &Analysis, judgement: &Judgement, out: &mut dyn Write) -> std::io::Result<()> {
    let place = |span| {
        let at = analysis.sources.location(span);
        format!("{}:{}:{}", at.file, at.line, at.column)
    };
    writeln!(out, "copy {}: {}", judgement.copy.id, verdict_word(judgement.verdict))?;
    writeln!(out, "  source       {}", source_text(analysis, judgement))?;
    writeln!(out, "  plan/rule    {}", plan_text(analysis, judgement))?;
    writeln!(out, "  destination  {}", destination_text(analysis, judgement))?;
    for assumed in judgement.assumed.iter() {
        writeln!(out, "  assumed      {assumed}")?;
    }
    writeln!(out, "  checks")?;
    for check in &analysis.checks(judgement) {
        match &check.outcome {
            Outcome::NotApplicable => writeln!(out, "    not applicable  {}", check.rule)?,
            Outcome::Pass(evidence) => {
                writeln!(out, "    pass            {}", check.rule)?;
                for label in evidence {
                    writeln!(out, "                      {}: {}", place(label.span), label.message)?;
                }
            }
            Outcome::Fail(finding) | Outcome::Undecided(finding) => {
                let word = if matches!(check.outcome, Outcome::Fail(_)) { "fail     " } else { "undecided" };
                writeln!(out, "    {word}       {}: {}", check.rule, finding.message)?;
                for label in finding.primary.iter().chain(&finding.labels) {
                    writeln!(out, "                      {}: {}", place(label.span), label.message)?;
                }
            }
        }
    }
    Ok(())
}
