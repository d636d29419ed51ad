//! JUnit XML: a test suite for each unit, a test case for each copy.

use super::escape::xml;
use super::words::{self, Grade, Words, one_line};
use super::{plan_text, verdict_word};
use crate::analysis::{Analysis, Reported};
use crate::checks::{Judgement, Verdict};
use crate::copy::CopyId;
use crate::diagnostic::DiagnosticKind;
use std::collections::BTreeMap;
use std::io::{Result, Write};

/// Writes the report: a copy that fails is a failure, one that cannot be told of is skipped, input that cannot be
/// read is an error.
///
/// The form is that of Jenkins's `junit-10.xsd`, which GitLab and others read too.
pub fn write(analysis: &Analysis, out: &mut dyn Write) -> Result<()> {
    let mut suites: BTreeMap<String, Vec<&Judgement>> = BTreeMap::new();
    for judgement in &analysis.judgements {
        let unit = analysis.graph.plan(judgement.copy.plan).map(|plan| plan.site.unit.to_string()).unwrap_or_default();
        suites.entry(unit).or_default().push(judgement);
    }
    let bad: Vec<_> =
        analysis.diagnostics.iter().filter(|diagnostic| diagnostic.kind == DiagnosticKind::BadInput).collect();
    let of = |all: &[&Judgement], verdict| all.iter().filter(|judgement| judgement.verdict == verdict).count();
    let all: Vec<&Judgement> = analysis.judgements.iter().collect();
    let numbers = |tests: usize, failures: usize, errors: usize, skipped: usize| {
        format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"")
    };
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    // The whole has no attribute for what is skipped.
    writeln!(
        out,
        "<testsuites name=\"crossvault\" tests=\"{}\" failures=\"{}\" errors=\"{}\">",
        all.len() + bad.len(),
        of(&all, Verdict::Fails),
        bad.len()
    )?;
    if !bad.is_empty() {
        writeln!(out, "  <testsuite name=\"input\" {}>", numbers(bad.len(), 0, bad.len(), 0))?;
        for diagnostic in bad {
            let place = diagnostic.primary.as_ref().map_or_else(
                || diagnostic.path.clone().unwrap_or_default(),
                |label| {
                    let at = analysis.sources.location(label.span);
                    format!("{}:{}:{}", at.file, at.line, at.column)
                },
            );
            writeln!(out, "    <testcase name=\"{}\" classname=\"input\">", xml(&one_line(&place)))?;
            writeln!(out, "      <error type=\"input\" message=\"{}\"/>", xml(&one_line(&diagnostic.message)))?;
            writeln!(out, "    </testcase>")?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    let mut found: BTreeMap<CopyId, Vec<&Reported>> = BTreeMap::new();
    for reported in &analysis.findings {
        for copy in &reported.copies {
            found.entry(*copy).or_default().push(reported);
        }
    }
    for (unit, copies) in &suites {
        let (fails, skipped) = (of(copies, Verdict::Fails), of(copies, Verdict::Undecided));
        writeln!(out, "  <testsuite name=\"{}\" {}>", xml(&one_line(unit)), numbers(copies.len(), fails, 0, skipped))?;
        for judgement in copies {
            case(analysis, judgement, unit, &found, out)?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn case(
    analysis: &Analysis,
    judgement: &Judgement,
    unit: &str,
    found: &BTreeMap<CopyId, Vec<&Reported>>,
    out: &mut dyn Write,
) -> Result<()> {
    let copy = &judgement.copy;
    let name = format!(
        "{} by {} to {} [{}]",
        words::source(analysis, judgement),
        plan_text(analysis, judgement),
        words::vault(analysis, &copy.destination),
        copy.id
    );
    write!(out, "    <testcase name=\"{}\" classname=\"{}\"", xml(&one_line(&name)), xml(&one_line(unit)))?;
    let of = found.get(&copy.id).map(Vec::as_slice).unwrap_or_default();
    let deciding: Vec<&Reported> = of
        .iter()
        .copied()
        .filter(|reported| match judgement.verdict {
            Verdict::Fails => Grade::of(reported) == Grade::Error,
            Verdict::Undecided => reported.undecided,
            Verdict::Succeeds => false,
        })
        .collect();
    if judgement.verdict == Verdict::Succeeds {
        return writeln!(out, "/>");
    }
    writeln!(out, ">")?;
    let rules: Vec<&str> = deciding.iter().map(|reported| reported.finding.rule).collect();
    let causes: Vec<&str> = deciding.iter().map(|reported| Words::cause(reported)).collect();
    let message = if causes.is_empty() { verdict_word(judgement.verdict).to_owned() } else { causes.join("; ") };
    if judgement.verdict == Verdict::Undecided {
        writeln!(out, "      <skipped message=\"{}\"/>", xml(&one_line(&message)))?;
        return writeln!(out, "    </testcase>");
    }
    let mut text = String::new();
    for reported in deciding {
        let finding = &reported.finding;
        for label in finding.primary.iter().chain(&finding.labels) {
            let at = analysis.sources.location(label.span);
            text.push_str(&format!("{}:{}:{}: {}\n", at.file, at.line, at.column, label.message));
        }
        for note in finding.notes.iter().chain(&finding.help).map(String::as_str).chain(finding.url) {
            text.push_str(note);
            text.push('\n');
        }
    }
    let kind = if rules.is_empty() { "copy".to_owned() } else { rules.join(",") };
    writeln!(
        out,
        "      <failure type=\"{}\" message=\"{}\">{}</failure>",
        xml(&kind),
        xml(&one_line(&message)),
        xml(&text)
    )?;
    writeln!(out, "    </testcase>")
}
