//! The end of a report for people: counts, what was read, what was not, and what would decide most.

use super::counts;
use super::human::Style;
use super::words::{Grade, count, one_line};
use crate::analysis::{Analysis, Reported};
use crate::checks::Verdict;
use crate::copy::CopyId;
use crate::diagnostic::{Diagnostic, DiagnosticKind, MODULES_HIDE};
use crate::resource::Language;
use crate::source::Span;
use crate::suppress::SuppressionKind;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Result, Write};

/// Writes counts, assumptions, what was read and left out, and the input that would decide most.
pub(super) fn write(analysis: &Analysis, out: &mut dyn Write, style: &Style) -> Result<()> {
    let wrapped = |text: String| match style.width {
        Some(width) => super::human::wrap(&text, width.saturating_sub(2).max(20)).replace('\n', "\n  "),
        None => text,
    };
    writeln!(out, "{}", headline(analysis))?;
    writeln!(out, "{}", wrapped(read(analysis)))?;
    if let Some(text) = suppressed(analysis) {
        writeln!(out, "{}", wrapped(text))?;
    }
    if !analysis.assumptions.is_empty() {
        writeln!(out, "{}", wrapped(format!("assumed: {}", analysis.assumptions.join("; "))))?;
    }
    let left = left_out(analysis);
    if !left.is_empty() {
        writeln!(out, "not evaluated:")?;
    }
    left.iter().try_for_each(|line| writeln!(out, "  {}", wrapped(one_line(line))))?;
    if style.verbose > 0 {
        for stack in &analysis.stacks {
            let resources = count(stack.resources.len(), "resource", "resources");
            writeln!(
                out,
                "unit {}: account {}, Region {}, {resources}",
                stack.unit, stack.place.account, stack.place.region
            )?;
        }
    }
    match decisive(analysis) {
        Some(text) => writeln!(out, "{}", wrapped(one_line(&text))),
        None => Ok(()),
    }
}

/// `10 copies: 6 fail, 0 undecided, 4 succeed`.
pub(crate) fn headline(analysis: &Analysis) -> String {
    let (succeeds, fails, undecided) = counts(analysis);
    let total = succeeds + fails + undecided;
    if total == 0 {
        return format!("no AWS Backup copies are planned in {}", count(analysis.units.len(), "unit", "units"));
    }
    format!("{}: {fails} fail, {undecided} undecided, {succeeds} succeed", count(total, "copy", "copies"))
}

/// How many findings the user has accepted, and where.
pub(super) fn suppressed(analysis: &Analysis) -> Option<String> {
    let of = |kind| {
        let own = |reported: &&Reported| reported.suppressed.as_ref().is_some_and(|found| found.kind == kind);
        analysis.suppressed.iter().filter(own).count()
    };
    let words: Vec<String> = [
        (of(SuppressionKind::Inline), "in the code"),
        (of(SuppressionKind::Config), "in crossvault.toml"),
        (of(SuppressionKind::Baseline), "in the baseline"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, place)| format!("{number} {place}"))
    .collect();
    let number = count(analysis.suppressed.len(), "finding", "findings");
    (!words.is_empty()).then(|| format!("suppressed: {number} ({}); --no-ignores shows them", words.join(", ")))
}

/// What was read.
pub(super) fn read(analysis: &Analysis) -> String {
    let of = |language| analysis.units.iter().filter(|unit| unit.language == language).count();
    let languages: Vec<String> = [
        (of(Language::Terraform), "Terraform root module", "Terraform root modules"),
        (of(Language::CloudFormation), "CloudFormation stack", "CloudFormation stacks"),
        (of(Language::Plan), "plan", "plans"),
        (of(Language::State), "state", "states"),
        (of(Language::OrganizationPolicy), "organization policy file", "organization policy files"),
    ]
    .into_iter()
    .filter(|(number, _, _)| *number > 0)
    .map(|(number, one, many)| count(number, one, many))
    .collect();
    let entities = &analysis.graph.entities;
    let resources = analysis.units.iter().map(|unit| unit.resources).sum();
    let parts = [
        count(resources, "resource", "resources"),
        count(entities.data_stores.len(), "data store", "data stores"),
        count(entities.plans.len(), "plan", "plans"),
        count(entities.vaults.len(), "vault", "vaults"),
        count(entities.keys.len(), "key", "keys"),
    ];
    let units = if languages.is_empty() {
        "nothing".to_owned()
    } else {
        match languages.as_slice() {
            [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            all => all.concat(),
        }
    };
    let missing = match missing_modules(analysis).len() {
        0 => "",
        1 => "; 1 module is not installed, so copies may be missing",
        number => &format!("; {number} modules are not installed, so copies may be missing"),
    };
    format!("read: {units}, with {}{missing}", parts.join(", "))
}

/// The calls of modules whose code is not at hand, once each: address and place. Called in several units, it is one.
pub(super) fn missing_modules(analysis: &Analysis) -> BTreeSet<(&str, Option<Span>)> {
    let missing = analysis.diagnostics.iter().filter(|diagnostic| diagnostic.missing_module);
    missing
        .map(|diagnostic| {
            (diagnostic.about.as_deref().unwrap_or_default(), diagnostic.primary.as_ref().map(|label| label.span))
        })
        .collect()
}

/// What was left out, once each, with its place and the remedy; blocks that one reason keeps from being expanded are
/// one line.
pub(super) fn left_out(analysis: &Analysis) -> Vec<String> {
    let left = || analysis.diagnostics.iter().filter(|other| other.kind == DiagnosticKind::NotEvaluated);
    // A module that is called twice leaves out the same thing twice.
    let mut blocks: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for diagnostic in left() {
        if let Some(reason) = diagnostic.message.strip_prefix("block not expanded: ") {
            blocks.entry(reason).or_default().insert(not_evaluated(analysis, diagnostic));
        }
    }
    let modules = missing_modules(analysis);
    let mut modules_told = false;
    let mut lines: Vec<String> = Vec::new();
    for diagnostic in left() {
        if diagnostic.missing_module && modules.len() > 1 {
            if !std::mem::replace(&mut modules_told, true) {
                lines.push(several_modules(analysis, &modules));
            }
            continue;
        }
        let reason = diagnostic.message.strip_prefix("block not expanded: ");
        let number = reason.and_then(|reason| blocks.get(reason)).map_or(1, BTreeSet::len);
        let line = match reason {
            Some(reason) if number > 1 => {
                let help = diagnostic.help.as_ref().map_or_else(String::new, |help| format!("; {help}"));
                format!("{number} blocks not expanded: {reason}{help}")
            }
            _ => not_evaluated(analysis, diagnostic),
        };
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

/// How many modules one line names.
const NAMED: usize = 10;

/// Several modules that are not installed, as one line.
fn several_modules(analysis: &Analysis, modules: &BTreeSet<(&str, Option<Span>)>) -> String {
    let mut named: Vec<String> = modules
        .iter()
        .take(NAMED)
        .map(|(address, span)| match span.map(|span| analysis.sources.location(span)) {
            Some(at) => format!("`{address}` ({}:{})", at.file, at.line),
            None => format!("`{address}`"),
        })
        .collect();
    if modules.len() > NAMED {
        named.push(format!("and {} more", modules.len() - NAMED));
    }
    let names = named.join(", ");
    let help = "run `terraform init`, or map sources to directories under `[modules]` in crossvault.toml";
    format!("{} modules are not installed; each {MODULES_HIDE}: {names} ({help})", modules.len())
}

fn not_evaluated(analysis: &Analysis, diagnostic: &Diagnostic) -> String {
    let place = diagnostic.primary.as_ref().map_or_else(String::new, |label| {
        let at = analysis.sources.location(label.span);
        format!("{}:{}: ", at.file, at.line)
    });
    let help = diagnostic.help.as_ref().map_or_else(String::new, |help| format!(" ({help})"));
    format!("{place}{}{help}", diagnostic.message)
}

/// The one thing that would decide most of the undecided copies: the open question, its place, how to answer it.
pub(super) fn decisive(analysis: &Analysis) -> Option<String> {
    // An open question is told by the place where knowledge ends; where code does not show it, by what would answer it.
    let place = |reported: &Reported| {
        let finding = &reported.finding;
        let answer = finding.help.as_ref().unwrap_or(&finding.message);
        let words = if finding.asks.is_some() { String::new() } else { answer.clone() };
        let span = finding.asks.or(finding.primary.as_ref().map(|label| label.span));
        (span.map(|span| (analysis.sources.path(span.file), span)), words)
    };
    let open: BTreeSet<CopyId> = analysis
        .judgements
        .iter()
        .filter(|judgement| judgement.verdict == Verdict::Undecided)
        .map(|judgement| judgement.copy.id)
        .collect();
    let mut asked_of: BTreeMap<CopyId, Vec<&Reported>> = BTreeMap::new();
    for reported in analysis.findings.iter().filter(|reported| reported.undecided) {
        for copy in reported.copies.iter().filter(|copy| open.contains(*copy)) {
            asked_of.entry(*copy).or_default().push(reported);
        }
    }
    let mut questions: BTreeMap<_, (usize, usize, &Reported)> = BTreeMap::new();
    for asked in asked_of.into_values() {
        let places: BTreeSet<_> = asked.iter().map(|reported| place(reported)).collect();
        let mut seen = BTreeSet::new();
        for reported in asked {
            if seen.insert(place(reported)) {
                let question = questions.entry(place(reported)).or_insert((0, 0, reported));
                question.0 += usize::from(places.len() == 1);
                question.1 += 1;
            }
        }
    }
    // Among several that are open in as many copies, the first on the way that the data takes.
    let (alone, touched, reported) = questions.into_values().max_by_key(|(alone, touched, reported)| {
        let rule = crate::checks::rule_names().position(|rule| rule == reported.finding.rule);
        (*alone, *touched, std::cmp::Reverse((rule, &reported.fingerprint)))
    })?;
    let at = reported.finding.primary.as_ref().map_or_else(String::new, |label| {
        let at = analysis.sources.location(label.span);
        format!(" ({}:{})", at.file, at.line)
    });
    let help = reported
        .finding
        .help
        .as_ref()
        // The reason may say already how to supply what is missing.
        .filter(|_| !reported.finding.message.contains("; give "))
        .map_or_else(String::new, |help| format!("; {}", help.lines().next().unwrap_or_default()));
    let total = open.len();
    let question = if alone > 0 { "one answer decides" } else { "one question is open in" };
    let share = if alone > 0 { alone } else { touched };
    let which = match (share, total) {
        (1, 1) => "the undecided copy".to_owned(),
        (share, total) if share == total => format!("all {total} undecided copies"),
        (share, total) => format!("{share} of {total} undecided copies"),
    };
    Some(format!("{question} {which}: {}{at}{help}", reported.finding.message))
}

/// How many root causes are listed.
const CAUSES: usize = 40;

/// Writes findings by rule, then by root cause.
pub(super) fn statistics(analysis: &Analysis, out: &mut dyn Write) -> Result<()> {
    let mut by_rule: BTreeMap<(Grade, &str), (usize, BTreeSet<CopyId>)> = BTreeMap::new();
    for reported in &analysis.findings {
        let row = by_rule.entry((Grade::of(reported), reported.finding.rule)).or_default();
        row.0 += 1;
        row.1.extend(reported.copies.iter().copied());
    }
    let mut rows: Vec<_> = by_rule.into_iter().collect();
    rows.sort_by_key(|((grade, rule), (findings, copies))| {
        (*grade, std::cmp::Reverse(copies.len()), std::cmp::Reverse(*findings), *rule)
    });
    writeln!(out, "FINDINGS  COPIES  GRADE      RULE")?;
    for ((grade, rule), (findings, copies)) in rows {
        writeln!(out, "{findings:8}  {:6}  {:9}  {rule}", copies.len(), grade.word())?;
    }
    writeln!(out, "\nCOPIES  ROOT CAUSE")?;
    let mut causes: Vec<&Reported> = analysis.findings.iter().collect();
    causes.sort_by_key(|reported| (Grade::of(reported), std::cmp::Reverse(reported.copies.len())));
    for reported in causes.iter().take(CAUSES) {
        let at = reported.finding.primary.as_ref().map_or_else(String::new, |label| {
            let at = analysis.sources.location(label.span);
            format!("{}:{}: ", at.file, at.line)
        });
        let grade = Grade::of(reported).word();
        let message = &reported.finding.message;
        writeln!(
            out,
            "{:6}  {}",
            reported.copies.len(),
            one_line(&format!("{at}{grade}[{}] {message}", reported.finding.rule))
        )?;
    }
    if causes.len() > CAUSES {
        writeln!(out, "        and {} more", causes.len() - CAUSES)?;
    }
    Ok(())
}
