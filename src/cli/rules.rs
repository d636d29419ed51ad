//! `crossvault rules` and `crossvault explain`: the catalogue and its pages.

use super::output::{CLEAN, UNABLE};
use crate::checks::pages::{Page, pages};
use std::io::Write;

pub(super) fn list(out: &mut dyn Write) -> std::io::Result<u8> {
    let width = pages().iter().map(|page| page.name.len()).max().unwrap_or(0);
    for Page { name, severity, summary, .. } in pages() {
        writeln!(out, "{name:width$}  {severity:13}  {summary}")?;
    }
    Ok(CLEAN)
}

pub(super) fn explain(rule: &str, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<u8> {
    match pages().into_iter().find(|page| page.name == rule) {
        Some(page) => {
            write!(out, "{}", page.text)?;
            Ok(CLEAN)
        }
        None => {
            writeln!(err, "error: there is no rule `{rule}`; `crossvault rules` lists them")?;
            Ok(UNABLE)
        }
    }
}
