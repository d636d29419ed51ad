//! One self-contained page: picture, list of copies, findings; it loads nothing from anywhere.

use super::escape::{json_in_html, xml};
use super::picture::{EdgeKind, NodeKind, Picture};
use super::words::{self, Grade, Words};
use super::{plan_text, summary, verdict_word};
use crate::analysis::Analysis;
use crate::checks::pages::pages;
use crate::checks::{CheckResult, Finding, Outcome};
use crate::copy::CopyId;
use crate::diagnostic::{DiagnosticKind, Label, Severity};
use crate::source::Span;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::io::Write;

const PAGE: &str = include_str!("html/page.html");
const CSS: &str = include_str!("html/page.css");
const JS: &str = include_str!("html/page.js");
const DAGRE: &str = include_str!("html/vendor/dagre.min.js");

/// Lines of source that are shown before and after a place, and at most in all.
const BEFORE: usize = 2;
const AFTER: usize = 2;
const LINES: usize = 14;
/// Longer lines are cut (characters).
const WIDEST: usize = 240;

/// Writes the page.
pub fn write(analysis: &Analysis, out: &mut dyn Write) -> std::io::Result<()> {
    let title = xml(&summary::headline(analysis));
    let data = json_in_html(&Data::new(analysis).json().to_string());
    let mut rest = PAGE;
    // Each hole is filled once, so that what fills it is not looked through for holes.
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        out.write_all(before.as_bytes())?;
        let text = match name {
            "title" => title.as_str(),
            "data" => &data,
            "css" => CSS,
            "js" => JS,
            "dagre" => DAGRE,
            _ => "",
        };
        out.write_all(text.as_bytes())?;
        rest = after;
    }
    out.write_all(rest.as_bytes())
}

/// What the page shows. Checks and places that many copies share are there once.
struct Data<'a> {
    analysis: &'a Analysis,
    places: Vec<Json>,
    place_numbers: BTreeMap<Span, usize>,
    checks: Vec<Json>,
    check_numbers: BTreeMap<String, usize>,
}

impl<'a> Data<'a> {
    fn new(analysis: &'a Analysis) -> Self {
        Self {
            analysis,
            places: Vec::new(),
            place_numbers: BTreeMap::new(),
            checks: Vec::new(),
            check_numbers: BTreeMap::new(),
        }
    }

    fn json(mut self) -> Json {
        let analysis = self.analysis;
        let picture = Picture::each(analysis);
        let mut ends: BTreeMap<CopyId, (usize, usize)> = BTreeMap::new();
        let mut keys: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for edge in &picture.edges {
            match &edge.kind {
                EdgeKind::Copies { ids, .. } => {
                    ends.extend(ids.iter().map(|id| (*id, (edge.from, edge.to))));
                }
                EdgeKind::Key => keys.entry(edge.from).or_default().push(edge.to),
            }
        }
        let nodes: Vec<Json> = picture
            .nodes
            .iter()
            .enumerate()
            .map(|(at, node)| {
                json!({
                    "kind": node.kind.word(),
                    "title": node.title,
                    "detail": if node.kind == NodeKind::Store { &node.detail } else { node.kind.word() },
                    "account": node.account,
                    "region": node.region,
                    "address": node.address,
                    "unit": node.unit,
                    "file": node.location.as_ref().map(|at| format!("{}:{}", at.file, at.line)),
                    "keys": keys.get(&at).cloned().unwrap_or_default(),
                })
            })
            .collect();
        let pages = pages();
        let rule = |name: &str| pages.iter().position(|page| page.name == name);
        let positions: BTreeMap<CopyId, usize> =
            analysis.judgements.iter().enumerate().map(|(at, judgement)| (judgement.copy.id, at)).collect();
        let assumed = |text: &String| analysis.assumptions.iter().position(|other| other == text);
        let mut copies = Vec::new();
        for judgement in &analysis.judgements {
            let copy = &judgement.copy;
            let Some((source, target)) = ends.get(&copy.id) else { continue };
            let checks: Vec<usize> = analysis
                .checks(judgement)
                .iter()
                .map(|check| self.check(check, rule(check.rule).unwrap_or(0)))
                .collect();
            copies.push(json!({
                "id": copy.id,
                "verdict": verdict_word(judgement.verdict),
                "source": source,
                "target": target,
                "plan": plan_text(analysis, judgement),
                "vault": words::vault(analysis, &copy.source_vault).replace('`', ""),
                "decided": judgement.basis.decided_by.iter().copied().filter_map(rule).collect::<Vec<_>>(),
                "assumed": judgement.basis.assumed.iter().filter_map(assumed).collect::<Vec<_>>(),
                "checks": checks,
            }));
        }
        let words = Words::new(analysis);
        let mut findings = Vec::new();
        for reported in &analysis.findings {
            let finding = &reported.finding;
            findings.push(json!({
                "rule": rule(finding.rule),
                "grade": Grade::of(reported).word(),
                "headline": words.headline(reported),
                "cause": Words::cause(reported),
                "evidence": self.evidence(finding.primary.iter().chain(&finding.labels)),
                "notes": finding.notes,
                "help": finding.help,
                "copies": reported.copies.iter().filter_map(|id| positions.get(id)).collect::<Vec<_>>(),
            }));
        }
        let bad = analysis.diagnostics.iter().filter(|diagnostic| diagnostic.kind == DiagnosticKind::BadInput);
        let errors: Vec<String> = bad
            .map(|diagnostic| match &diagnostic.primary {
                Some(label) => {
                    let at = analysis.sources.location(label.span);
                    format!("{}:{}:{}: {}", at.file, at.line, at.column, diagnostic.message)
                }
                None => format!("{}: {}", diagnostic.path.as_deref().unwrap_or("?"), diagnostic.message),
            })
            .collect();
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "nodes": nodes,
            "rules": pages.iter().map(|page| json!({"name": page.name, "summary": page.summary})).collect::<Vec<_>>(),
            "copies": copies,
            "findings": findings,
            "checks": self.checks,
            "places": self.places,
            "assumed": analysis.assumptions,
            "errors": errors,
            "left_out": summary::left_out(analysis),
            "read": summary::read(analysis),
            "decisive": summary::decisive(analysis),
        })
    }

    fn check(&mut self, check: &CheckResult, rule: usize) -> usize {
        let json = match &check.outcome {
            Outcome::NotApplicable => json!({"rule": rule, "outcome": "not_applicable"}),
            Outcome::Pass(evidence) => {
                let evidence = self.evidence(evidence.iter());
                json!({"rule": rule, "outcome": "pass", "message": null, "evidence": evidence, "notes": [], "help": null, "url": null})
            }
            Outcome::Fail(finding) if finding.severity == Severity::Error => self.told(rule, "fail", finding),
            Outcome::Fail(finding) => self.told(rule, "warning", finding),
            Outcome::Undecided(finding) => self.told(rule, "undecided", finding),
        };
        let next = self.checks.len();
        let number = *self.check_numbers.entry(json.to_string()).or_insert(next);
        if number == next {
            self.checks.push(json);
        }
        number
    }

    fn told(&mut self, rule: usize, outcome: &str, finding: &Finding) -> Json {
        let evidence = self.evidence(finding.primary.iter().chain(&finding.labels));
        json!({
            "rule": rule,
            "outcome": outcome,
            "message": finding.message,
            "evidence": evidence,
            "notes": finding.notes,
            "help": finding.help,
            "url": finding.url,
        })
    }

    fn evidence<'b>(&mut self, labels: impl Iterator<Item = &'b Label>) -> Vec<Json> {
        labels.map(|label| json!([self.place(label.span), label.message])).collect()
    }

    fn place(&mut self, span: Span) -> usize {
        if let Some(number) = self.place_numbers.get(&span) {
            return *number;
        }
        let sources = &self.analysis.sources;
        let at = sources.location(span);
        let first = at.line.saturating_sub(BEFORE).max(1);
        let last = (at.end_line + AFTER).min(first + LINES);
        let text = sources.shown(span.file);
        // A plan or state holds secrets beside what is pointed at.
        let data = sources.is_data(span.file);
        let own = || text.get(span.range()).unwrap_or_default().lines().next().unwrap_or_default();
        let shown_of = |line: &str| {
            let shown: String = line.chars().take(WIDEST).collect();
            let more = if line.chars().count() > WIDEST { "…" } else { "" };
            format!("{}{more}", words::printable(&shown))
        };
        let (first, last) = if data { (at.line, at.line) } else { (first, last) };
        let lines: Vec<String> = (first..=last)
            .filter_map(|line| sources.line_range(span.file, line - 1))
            .map(|range| match data {
                true => format!("…{}…", shown_of(own())),
                false => shown_of(text.get(range).unwrap_or_default().trim_end_matches(['\n', '\r'])),
            })
            .collect();
        let number = self.places.len();
        self.places.push(json!({"file": at.file, "line": at.line, "column": at.column, "end": at.end_line, "first": first, "lines": lines}));
        self.place_numbers.insert(span, number);
        number
    }
}
