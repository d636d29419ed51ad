//! `crossvault rules` and `crossvault explain`: the catalogue and its pages.

use super::args::RulesFormat;
use super::output::{CLEAN, UNABLE, pretty};
use crate::checks::pages::{Page, pages};
use std::io::Write;

pub(super) fn list(format: RulesFormat, out: &mut dyn Write) -> std::io::Result<u8> {
    if format == RulesFormat::Json {
        let rules: Vec<_> = pages()
            .iter()
            .map(|page| {
                let severities: Vec<&str> = page.severity.split(',').map(str::trim).collect();
                serde_json::json!({"name": page.name, "severities": severities, "summary": page.summary, "page": page.text})
            })
            .collect();
        pretty(out, &rules)?;
        return Ok(CLEAN);
    }
    let width = pages().iter().map(|page| page.name.len()).max().unwrap_or(0);
    let wide = pages().iter().map(|page| page.severity.len()).max().unwrap_or(0);
    for Page { name, severity, summary, .. } in pages() {
        writeln!(out, "{name:width$}  {severity:wide$}  {summary}")?;
    }
    Ok(CLEAN)
}

/// The rule's name that is spelled most alike.
fn nearest(rule: &str) -> Option<&'static str> {
    let parts: Vec<&str> = rule.split(['-', '_', ' ']).filter(|part| part.len() > 2).collect();
    let score = |name: &str| parts.iter().filter(|part| name.contains(**part)).count();
    let best = pages().into_iter().map(|page| page.name).max_by_key(|name| (score(name), std::cmp::Reverse(*name)))?;
    (score(best) > 0).then_some(best)
}

pub(super) fn explain(rule: &str, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<u8> {
    match pages().into_iter().find(|page| page.name == rule) {
        Some(page) => {
            write!(out, "{}", page.text)?;
            Ok(CLEAN)
        }
        None => {
            let near = nearest(rule).map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
            writeln!(err, "error: there is no rule `{rule}`{near}; `crossvault rules` lists them")?;
            Ok(UNABLE)
        }
    }
}
