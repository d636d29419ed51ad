//! The table of copies, and one copy with all its checks.

use super::escape::csv as field;
use super::words::one_line;
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
            judgement.basis.decided_by.join(", "),
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
    for cell in rows.iter_mut().flatten() {
        *cell = one_line(cell);
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

/// Writes these copies as comma-separated values: what the JSON has but for the checks, and the rules that decide.
pub fn csv(analysis: &Analysis, copies: &[&Judgement], out: &mut dyn Write) -> std::io::Result<()> {
    const COLUMNS: [&str; 24] = [
        "id",
        "verdict",
        "decided_by",
        "service",
        "source_unit",
        "source_address",
        "source_arn",
        "source_account",
        "source_region",
        "source_file",
        "source_line",
        "plan_unit",
        "plan_address",
        "rule",
        "vault_name",
        "destination_unit",
        "destination_address",
        "destination_name",
        "destination_arn",
        "destination_account",
        "destination_region",
        "cross_account",
        "cross_region",
        "assumed",
    ];
    writeln!(out, "{}", COLUMNS.join(","))?;
    for judgement in copies {
        let copy = super::json::copy(analysis, judgement);
        let copy = serde_json::to_value(copy).unwrap_or_default();
        let text = |path: &str| match copy.pointer(path) {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(serde_json::Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        };
        let cells = [
            text("/id"),
            text("/verdict"),
            judgement.basis.decided_by.join(" "),
            text("/source/service"),
            text("/source/unit"),
            text("/source/address"),
            text("/source/arn"),
            text("/source/account"),
            text("/source/region"),
            text("/source/location/file"),
            text("/source/location/line"),
            text("/plan/unit"),
            text("/plan/address"),
            text("/plan/rule"),
            text("/vault/name"),
            text("/destination/unit"),
            text("/destination/address"),
            text("/destination/name"),
            text("/destination/arn"),
            text("/destination/account"),
            text("/destination/region"),
            text("/cross_account"),
            text("/cross_region"),
            judgement.basis.assumed.join("; "),
        ];
        writeln!(out, "{}", cells.map(|cell| field(&cell)).join(","))?;
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
    for assumed in judgement.basis.assumed.iter() {
        writeln!(out, "  assumed      {assumed}")?;
    }
    for when in &judgement.basis.when {
        let inputs = when.inputs.iter().map(|(name, value)| format!("{name} = {}", super::values::line(value)));
        writeln!(out, "  {:<12} where {}", verdict_word(when.verdict), inputs.collect::<Vec<_>>().join(", "))?;
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
