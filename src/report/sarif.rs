//! SARIF 2.1.0, for code scanning.

use super::escape::markdown_sentence;
use super::words::{Grade, Words};
use super::{Places, summary};
use crate::analysis::{Analysis, Reported};
use crate::checks::pages::{Page, pages};
use crate::diagnostic::{DiagnosticKind, Fix, Label};
use crate::source::Span;
use crate::suppress::SuppressionKind;
use serde_json::{Value as Json, json};

/// GitHub refuses a run with more results.
///
/// Source: <https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support>, read 2026-11.
const MOST_RESULTS: usize = 25_000;
/// GitHub keeps a hundred locations of a result.
const MOST_LOCATIONS: usize = 100;
/// GitHub refuses a file of more than 10 MB after compression. Reports compress to less than a tenth; beyond this many
/// bytes results go without the flow of their places.
const LARGE: usize = 60_000_000;

/// The log: one run, a rule for each page, a result for each finding. Code scanning takes what an earlier run of the
/// same category found and a later one does not for mended: a report of something else needs another `category`.
pub fn report(analysis: &Analysis, places: &Places, category: &str) -> Json {
    let pages = pages();
    let words = Words::new(analysis);
    let all = analysis.findings.len() + analysis.suppressed.len();
    let shown = all.min(MOST_RESULTS);
    let mut size = 0;
    let results: Vec<Json> = analysis
        .findings
        .iter()
        .chain(&analysis.suppressed)
        .take(shown)
        .map(|reported| {
            let result = result(analysis, &words, reported, &pages, places, size < LARGE);
            size += estimate(&result);
            result
        })
        .collect();
    let mut notifications: Vec<Json> = analysis
        .diagnostics
        .iter()
        .map(|diagnostic| {
            let level = match diagnostic.kind {
                DiagnosticKind::BadInput => "error",
                DiagnosticKind::NotEvaluated | DiagnosticKind::Note => "note",
            };
            let mut out = json!({"level": level, "message": {"text": diagnostic.message}});
            let place = match (&diagnostic.primary, &diagnostic.path) {
                (Some(label), _) => Some(location(analysis, label.span, places)),
                (None, Some(path)) => {
                    Some(json!({"physicalLocation": {"artifactLocation": {"uri": places.uri(path)}}}))
                }
                (None, None) => None,
            };
            if let Some(object) = out.as_object_mut() {
                object.extend(place.map(|place| ("locations".to_owned(), json!([place]))));
            }
            out
        })
        .collect();
    if shown < all {
        let left = all - shown;
        notifications.push(json!({"level": "warning", "message": {"text": format!("{left} findings were left out: code scanning takes {MOST_RESULTS}")}}));
    }
    let successful = !analysis.diagnostics.iter().any(|diagnostic| diagnostic.kind == DiagnosticKind::BadInput);
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "crossvault",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": "https://github.com/crossvault/crossvault",
                "rules": pages.iter().map(rule).collect::<Vec<_>>(),
            }},
            "automationDetails": {"id": format!("{category}/")},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"SRCROOT": {"description": {"text": "the root of the repository"}}},
            "invocations": [{
                "executionSuccessful": successful,
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
            "properties": {"summary": summary::headline(analysis)},
        }],
    })
}

/// About how many bytes a result takes: exact sizes are not worth a second rendering.
fn estimate(result: &Json) -> usize {
    match result {
        Json::Object(map) => map.iter().map(|(key, value)| key.len() + 6 + estimate(value)).sum(),
        Json::Array(items) => items.iter().map(|item| 2 + estimate(item)).sum(),
        Json::String(text) => text.len() + 2,
        _ => 6,
    }
}

fn rule(page: &Page) -> Json {
    let level = if page.severity.contains("error") {
        "error"
    } else if page.severity.contains("warning") {
        "warning"
    } else {
        "note"
    };
    // The examples are long, and the page of the rule has them.
    let text = page.text.split("## Examples").next().unwrap_or(page.text).trim();
    json!({
        "id": page.name,
        "name": pascal(page.name),
        "shortDescription": {"text": sentence(page.summary)},
        "fullDescription": {"text": sentence(page.summary)},
        "help": {"text": text, "markdown": text},
        "helpUri": format!("https://github.com/crossvault/crossvault/blob/main/rules/{}.md", page.name),
        "defaultConfiguration": {"level": level},
        "properties": {"tags": ["aws-backup", "reliability"], "precision": "very-high", "problem.severity": if level == "note" { "recommendation" } else { level }},
    })
}

/// `source-key-denied` as `SourceKeyDenied`.
fn pascal(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    });
    words.collect()
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn result<'a>(
    analysis: &Analysis,
    words: &Words<'a>,
    reported: &'a Reported,
    pages: &[Page],
    places: &Places,
    flow: bool,
) -> Json {
    let finding = &reported.finding;
    let headline = words.headline(reported);
    let mut text =
        if headline == finding.message { headline } else { format!("{headline}: {}", Words::cause(reported)) };
    if reported.undecided {
        text = format!("undecided: {text}");
    }
    let mut lines: Vec<&str> = finding.notes.iter().map(String::as_str).collect();
    lines.extend(finding.help.as_deref());
    let markdown = std::iter::once(markdown_sentence(&text))
        .chain(finding.notes.iter().map(|note| markdown_sentence(note)))
        .chain(finding.help.iter().map(|help| {
            let (head, code) = super::words::remedy(help);
            let code = code.map_or_else(String::new, |code| format!("\n\n```\n{code}\n```"));
            format!("{}{code}", markdown_sentence(head))
        }))
        .collect::<Vec<_>>()
        .join("\n\n");
    let plain = std::iter::once(text.as_str()).chain(lines).collect::<Vec<_>>().join("\n");
    let level = match Grade::of(reported) {
        Grade::Error => "error",
        Grade::Warning => "warning",
        Grade::Info | Grade::Undecided => "note",
    };
    let primary = finding.primary.as_ref().or(finding.labels.first());
    let mut out = json!({
        "ruleId": finding.rule,
        "level": level,
        // SARIF's own links are written in brackets.
        "message": {"text": plain.replace('[', "\\[").replace(']', "\\]"), "markdown": markdown},
        "partialFingerprints": {"crossvault/v1": reported.fingerprint},
        "properties": {"undecided": reported.undecided, "copies": reported.copies.iter().take(1_000).collect::<Vec<_>>(), "copyCount": reported.copies.len()},
    });
    let Some(object) = out.as_object_mut() else { return out };
    let rule = pages.iter().position(|page| page.name == finding.rule);
    object.extend(rule.map(|rule| ("ruleIndex".to_owned(), rule.into())));
    if let Some(label) = primary {
        object.insert("locations".to_owned(), json!([labelled(analysis, label, None, places)]));
    }
    if !finding.labels.is_empty() {
        let related = finding.labels.iter().take(MOST_LOCATIONS).enumerate();
        let related: Vec<Json> = related.map(|(at, label)| labelled(analysis, label, Some(at + 1), places)).collect();
        object.insert("relatedLocations".to_owned(), related.into());
    }
    // The way of the data: from the copy action to the destination, and last the place that breaks it.
    if flow && !finding.labels.is_empty() {
        let steps: Vec<Json> = finding
            .labels
            .iter()
            .take(MOST_LOCATIONS)
            .chain(&finding.primary)
            .map(|label| json!({"location": labelled(analysis, label, None, places)}))
            .collect();
        object.insert("codeFlows".to_owned(), json!([{"threadFlows": [{"locations": steps}]}]));
    }
    if let Some(fix) = &reported.fix {
        object.insert("fixes".to_owned(), json!([changes(analysis, fix, places)]));
    }
    // None is said to be none: then code scanning knows that the finding counts.
    let suppressions: Vec<Json> = reported
        .suppressed
        .iter()
        .map(|suppressed| {
            let kind = if suppressed.kind == SuppressionKind::Inline { "inSource" } else { "external" };
            let mut out = json!({"kind": kind});
            if let Some(object) = out.as_object_mut() {
                object.extend(suppressed.reason.as_ref().map(|reason| ("justification".to_owned(), json!(reason))));
                object.extend(suppressed.span.map(|span| ("location".to_owned(), location(analysis, span, places))));
            }
            out
        })
        .collect();
    object.insert("suppressions".to_owned(), suppressions.into());
    out
}

/// A change of the code: its replacements, file by file.
fn changes(analysis: &Analysis, fix: &Fix, places: &Places) -> Json {
    let text = match &fix.consequence {
        Some(consequence) => format!("{} ({consequence})", fix.message),
        None => fix.message.clone(),
    };
    let changes: Vec<Json> = fix
        .edits
        .chunk_by(|a, b| a.span.file == b.span.file)
        .map(|edits| {
            let replacements = edits.iter().map(|edit| {
                let at = analysis.sources.location(edit.span);
                json!({
                    "deletedRegion": {"startLine": at.line, "startColumn": at.column, "endLine": at.end_line, "endColumn": at.end_column},
                    "insertedContent": {"text": edit.replacement},
                })
            });
            let file = edits.first().map(|edit| analysis.sources.path(edit.span.file)).unwrap_or_default();
            json!({
                "artifactLocation": {"uri": places.uri(&file), "uriBaseId": "SRCROOT"},
                "replacements": replacements.collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({"description": {"text": text}, "artifactChanges": changes, "properties": {"safety": fix.safety}})
}

fn labelled(analysis: &Analysis, label: &Label, id: Option<usize>, places: &Places) -> Json {
    let mut out = location(analysis, label.span, places);
    if let Some(object) = out.as_object_mut() {
        object.extend(id.map(|id| ("id".to_owned(), id.into())));
        if !label.message.is_empty() {
            object.insert("message".to_owned(), json!({"text": label.message.replace('[', "\\[").replace(']', "\\]")}));
        }
    }
    out
}

fn location(analysis: &Analysis, span: Span, places: &Places) -> Json {
    let at = analysis.sources.location(span);
    json!({"physicalLocation": {
        "artifactLocation": {"uri": places.uri(&at.file), "uriBaseId": "SRCROOT"},
        "region": {"startLine": at.line, "startColumn": at.column, "endLine": at.end_line, "endColumn": at.end_column},
    }})
}
