//! What the server says of a file: diagnostics, hover texts, definitions, lenses and code actions.

use super::places::{Uris, range};
use crate::analysis::{Analysis, Reported};
use crate::checks::{Judgement, Verdict};
use crate::copy::CopySource;
use crate::diagnostic::{Diagnostic, DiagnosticKind, Label, Severity};
use crate::graph::{EffectivePolicy, KeyId, KeyUse, RoleTarget, VaultTarget};
use crate::model::Site;
use crate::report;
use crate::source::{FileId, Span};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

/// The most copies that a hover text lists.
const LISTED: usize = 8;

/// The protocol's diagnostic for what is wrong beside findings, with the file that it stands in; `None` where it has no
/// place.
pub(super) fn of_input(analysis: &Analysis, uris: &Uris, diagnostic: &Diagnostic) -> Option<(FileId, Json)> {
    let primary = diagnostic.primary.as_ref()?;
    let severity = match (diagnostic.kind, diagnostic.severity) {
        (DiagnosticKind::BadInput, _) => 1,
        // What is left out is no fault: shown faintly.
        (DiagnosticKind::NotEvaluated, _) => 4,
        (_, severity) => level(severity),
    };
    let help = diagnostic.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
    let told = json!({
        "range": range(analysis, primary.span),
        "severity": severity,
        "source": "crossvault",
        "message": format!("{}{help}", diagnostic.message),
        "relatedInformation": related(analysis, uris, &diagnostic.labels),
    });
    Some((primary.span.file, told))
}

/// The same for a finding.
pub(super) fn of_finding(analysis: &Analysis, uris: &Uris, reported: &Reported) -> Option<(FileId, Json)> {
    let primary = reported.finding.primary.as_ref()?;
    let mut told = json!({
        "range": range(analysis, primary.span),
        "severity": if reported.undecided { 3 } else { level(reported.finding.severity) },
        "code": reported.finding.rule,
        "source": "crossvault",
        "message": message(reported),
        "relatedInformation": related(analysis, uris, &reported.finding.labels),
        "data": {"fingerprint": reported.fingerprint},
    });
    if let (Some(url), Some(map)) = (reported.finding.url, told.as_object_mut()) {
        map.insert("codeDescription".to_owned(), json!({"href": url}));
    }
    Some((primary.span.file, told))
}

fn related(analysis: &Analysis, uris: &Uris, labels: &[Label]) -> Json {
    labels
        .iter()
        .map(|label| json!({"location": uris.location(analysis, label.span), "message": label.message}))
        .collect()
}

fn level(severity: Severity) -> u8 {
    match severity {
        Severity::Error => 1,
        Severity::Warning => 2,
        Severity::Info => 3,
    }
}

fn message(reported: &Reported) -> String {
    let finding = &reported.finding;
    let mut text = finding.message.clone();
    for note in &finding.notes {
        let _ = write!(text, "\n{note}");
    }
    if reported.copies.len() > 1 {
        let _ = write!(text, "\nthis touches {} copies", reported.copies.len());
    }
    if let Some(help) = &finding.help {
        let _ = write!(text, "\nhelp: {help}");
    }
    text
}

/// Whether the file's byte lies in the span, or right behind it.
fn covers(span: Span, file: FileId, at: usize) -> bool {
    span.file == file && span.range().start <= at && at <= span.range().end
}

/// Something that copies depend on, with the place that stands for it.
struct Thing<'a> {
    site: &'a Site,
    title: String,
    lines: Vec<String>,
    copies: Vec<&'a Judgement>,
}

/// Everything in the file that copies depend on.
fn things<'a>(analysis: &'a Analysis, file: FileId) -> Vec<Thing<'a>> {
    let graph = &analysis.graph;
    let here = |site: &Site| site.span.file == file;
    let copies = |depends: &dyn Fn(&Judgement) -> bool| -> Vec<&'a Judgement> {
        analysis.judgements.iter().filter(|judgement| depends(judgement)).collect()
    };
    let mut out = Vec::new();
    let stores = graph.entities.data_stores.iter().enumerate().filter(|(_, store)| here(&store.site));
    for (at, store) in stores {
        let key = graph.store_keys.get(at).map(|key| key_words(analysis, key));
        out.push(Thing {
            site: &store.site,
            title: format!("data store ({})", store.service),
            lines: key.map(|key| format!("encrypted {key}")).into_iter().collect(),
            copies: copies(&|judgement| matches!(judgement.copy.source, CopySource::Store(id) if id.0 as usize == at)),
        });
    }
    for (at, vault) in graph.entities.vaults.iter().enumerate().filter(|(_, vault)| here(&vault.site)) {
        let key = graph.vault_keys.get(at).map(|key| format!("copies are encrypted {}", key_words(analysis, key)));
        let admits = graph.vault_policies.get(at).map(|policy| match policy {
            EffectivePolicy::Absent => "no access policy: it admits nobody from another account".to_owned(),
            EffectivePolicy::Given(_) => "has an access policy".to_owned(),
            EffectivePolicy::Unknown(why) => format!("its access policy is not known: {}", why.text),
        });
        out.push(Thing {
            site: &vault.site,
            title: "backup vault".to_owned(),
            lines: key.into_iter().chain(admits).collect(),
            copies: copies(
                &|judgement| matches!(judgement.copy.destination, VaultTarget::Vault(id) if id.0 as usize == at),
            ),
        });
    }
    for (at, key) in graph.entities.keys.iter().enumerate().filter(|(_, key)| here(&key.site)) {
        let id = KeyId(u32::try_from(at).unwrap_or(u32::MAX));
        let uses = |used: &KeyUse| matches!(used, KeyUse::Customer { key, .. } if *key == id);
        let encrypts = |at: u32| {
            let at = at as usize;
            let parts = graph.store_part_keys.get(at).into_iter().flatten();
            graph.store_keys.get(at).into_iter().chain(parts).any(uses)
        };
        let stores: Vec<String> = graph
            .entities
            .data_stores
            .iter()
            .enumerate()
            .filter(|(at, _)| encrypts(u32::try_from(*at).unwrap_or(u32::MAX)))
            .map(|(_, store)| format!("`{}`", store.site.address))
            .collect();
        let policy = graph.key_policies.get(at).map(|policy| match policy {
            EffectivePolicy::Absent => "no policy of its own: only its own account may use it".to_owned(),
            EffectivePolicy::Given(_) => "has a key policy".to_owned(),
            EffectivePolicy::Unknown(why) => format!("its policy is not known: {}", why.text),
        });
        let encrypted = match stores.as_slice() {
            [] => None,
            some if some.len() > LISTED => Some(format!("encrypts {} data stores", some.len())),
            some => Some(format!("encrypts {}", some.join(", "))),
        };
        out.push(Thing {
            site: &key.site,
            title: "customer managed key".to_owned(),
            lines: policy.into_iter().chain(encrypted).collect(),
            copies: copies(&|judgement| match (&judgement.copy.source, &judgement.copy.destination) {
                (CopySource::Store(store), _) if encrypts(store.0) => true,
                (_, VaultTarget::Vault(vault)) => graph.vault_keys.get(vault.0 as usize).is_some_and(uses),
                _ => false,
            }),
        });
    }
    for (at, plan) in graph.entities.plans.iter().enumerate().filter(|(_, plan)| here(&plan.site)) {
        out.push(Thing {
            site: &plan.site,
            title: "backup plan".to_owned(),
            lines: Vec::new(),
            copies: copies(&|judgement| judgement.copy.plan.0 as usize == at),
        });
    }
    for (at, role) in graph.entities.roles.iter().enumerate().filter(|(_, role)| here(&role.site)) {
        let made = copies(&|judgement| matches!(judgement.copy.role, RoleTarget::Role(id) if id.0 as usize == at));
        if !made.is_empty() {
            out.push(Thing { site: &role.site, title: "backup role".to_owned(), lines: Vec::new(), copies: made });
        }
    }
    out
}

fn key_words(analysis: &Analysis, used: &KeyUse) -> String {
    match used {
        KeyUse::Unencrypted { .. } => "under no key: it is not encrypted".to_owned(),
        KeyUse::AwsManaged { alias, .. } => format!("under the AWS-managed key `{alias}`, which cannot be shared"),
        KeyUse::AwsOwned { .. } => "under a key that AWS owns".to_owned(),
        KeyUse::Customer { key, .. } => {
            let address = analysis.graph.key(*key).map(|key| key.site.address.to_string()).unwrap_or_default();
            format!("under the customer managed key `{address}`")
        }
        KeyUse::External { name, .. } => {
            format!("under `{}`, which no code at hand defines", name.text().unwrap_or_else(|| "a key".into()))
        }
        KeyUse::Unknown(why) => format!("under a key that is not known: {}", why.text),
    }
}

/// "4 copies: 1 fails, 1 undecided, 2 succeed".
fn counted(copies: &[&Judgement]) -> String {
    let of = |verdict| copies.iter().filter(|judgement| judgement.verdict == verdict).count();
    let noun = if copies.len() == 1 { "copy" } else { "copies" };
    let parts: Vec<String> =
        [(of(Verdict::Fails), "fail"), (of(Verdict::Undecided), "undecided"), (of(Verdict::Succeeds), "succeed")]
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, word)| format!("{number} {word}"))
            .collect();
    if parts.is_empty() { "no copies".to_owned() } else { format!("{} {noun}: {}", copies.len(), parts.join(", ")) }
}

/// The copies that a copy action at this place plans, with the action's span.
fn planned(analysis: &Analysis, file: FileId, at: usize) -> Option<(Span, Vec<&Judgement>)> {
    let mut best: Option<(Span, Vec<&Judgement>)> = None;
    for judgement in &analysis.judgements {
        let Some(span) = action(analysis, judgement).filter(|span| covers(*span, file, at)) else { continue };
        match &mut best {
            Some((known, all)) if *known == span => all.push(judgement),
            Some((known, _)) if known.range().len() <= span.range().len() => {}
            _ => best = Some((span, vec![judgement])),
        }
    }
    best
}

/// Where the copy's action is written.
fn action(analysis: &Analysis, judgement: &Judgement) -> Option<Span> {
    let plan = analysis.graph.plan(judgement.copy.plan)?;
    let action = plan.rules.get(judgement.copy.rule)?.copy_actions.get(judgement.copy.action)?;
    Some(if action.span.file == plan.site.span.file { action.span } else { action.destination.span })
}

fn listed(analysis: &Analysis, copies: &[&Judgement], text: &mut String) {
    let mut copies: Vec<&Judgement> = copies.to_vec();
    copies.sort_by_key(|judgement| judgement.verdict);
    for judgement in copies.iter().take(LISTED) {
        let why = match judgement.basis.decided_by.is_empty() {
            true => String::new(),
            false => format!(" ({})", judgement.basis.decided_by.join(", ")),
        };
        let _ = write!(
            text,
            "\n- **{}** {} → {}{why}",
            report::verdict_word(judgement.verdict),
            report::source_text(analysis, judgement),
            report::destination_text(analysis, judgement)
        );
    }
    if copies.len() > LISTED {
        let _ = write!(text, "\n- and {} more: `crossvault copies`", copies.len() - LISTED);
    }
}

/// What is under the cursor, and which copies depend on it.
pub(super) fn hover(analysis: &Analysis, file: FileId, at: usize) -> Json {
    let (span, mut text, copies) = if let Some((span, copies)) = planned(analysis, file, at) {
        (span, "**copy action**".to_owned(), copies)
    } else {
        let found = things(analysis, file)
            .into_iter()
            .filter(|thing| covers(thing.site.span, file, at))
            .min_by_key(|thing| thing.site.span.range().len());
        let Some(thing) = found else { return Json::Null };
        let place = &thing.site.place;
        let mut text = format!(
            "**{}** `{}` in account {}, {}",
            thing.title,
            thing.site.address,
            analysis.graph.account_name(&place.account),
            place.region
        );
        for line in &thing.lines {
            let _ = write!(text, "\n\n{line}");
        }
        (thing.site.header, text, thing.copies)
    };
    let _ = write!(text, "\n\n{}\n", counted(&copies));
    listed(analysis, &copies, &mut text);
    json!({"contents": {"kind": "markdown", "value": text}, "range": range(analysis, span)})
}

/// From a copy action to its vault, from a key's, vault's or role's mention to what it names.
pub(super) fn definition(analysis: &Analysis, uris: &Uris, file: FileId, at: usize) -> Json {
    let graph = &analysis.graph;
    let mut found: Vec<(Span, Span)> = Vec::new();
    let mut lead = |from: Option<Span>, to: Option<Span>| {
        if let (Some(from), Some(to)) = (from.filter(|from| covers(*from, file, at)), to) {
            found.push((from, to));
        }
    };
    let vault = |target: &VaultTarget| match target {
        VaultTarget::Vault(id) => graph.vault(*id).map(|vault| vault.site.header),
        _ => None,
    };
    for judgement in &analysis.judgements {
        let copy = &judgement.copy;
        lead(action(analysis, judgement), vault(&copy.destination));
        let rule = graph.plan(copy.plan).and_then(|plan| plan.rules.get(copy.rule));
        lead(rule.map(|rule| rule.target_vault.span), vault(&copy.source_vault));
        let selection = copy.selection.and_then(|id| graph.selection(id));
        if let RoleTarget::Role(id) = copy.role {
            let from = selection.and_then(|selection| selection.role.as_ref()).map(|role| role.span);
            lead(from, graph.role(id).map(|role| role.site.header));
        }
        lead(selection.map(|selection| selection.plan.span), graph.plan(copy.plan).map(|plan| plan.site.header));
    }
    let parts = graph.store_part_keys.iter().flatten();
    for used in graph.store_keys.iter().chain(parts).chain(&graph.vault_keys) {
        if let KeyUse::Customer { key, span } = used {
            lead(Some(*span), graph.key(*key).map(|key| key.site.header));
        }
    }
    found.sort_by_key(|(from, to)| (from.range().len(), analysis.sources.path(to.file), *to));
    match found.first() {
        Some((_, to)) => uris.location(analysis, *to),
        None => Json::Null,
    }
}

/// The verdicts above each copy action, data store, vault and key.
pub(super) fn lenses(analysis: &Analysis, file: FileId) -> Json {
    let mut by_place: BTreeMap<Span, Vec<&Judgement>> = BTreeMap::new();
    for judgement in &analysis.judgements {
        if let Some(span) = action(analysis, judgement).filter(|span| span.file == file) {
            by_place.entry(span).or_default().push(judgement);
        }
    }
    for thing in things(analysis, file) {
        if thing.site.header.file == file && !thing.copies.is_empty() {
            by_place.insert(thing.site.header, thing.copies);
        }
    }
    by_place
        .into_iter()
        .map(|(span, copies)| {
            // A lens stands above one line.
            let place = range(analysis, Span { end: span.start, ..span });
            json!({"range": place, "command": {"title": counted(&copies), "command": ""}})
        })
        .collect()
}

/// The fixes of findings that touch this range.
pub(super) fn actions(analysis: &Analysis, uris: &Uris, file: FileId, asked: Range<usize>) -> Json {
    let touches = |label: &Label| {
        label.span.file == file && label.span.range().start <= asked.end && asked.start <= label.span.range().end
    };
    analysis
        .findings
        .iter()
        .filter(|reported| reported.finding.primary.iter().chain(&reported.finding.labels).any(touches))
        .filter_map(|reported| {
            let fix = reported.fix.as_ref()?;
            let mut changes: BTreeMap<String, Vec<Json>> = BTreeMap::new();
            for edit in &fix.edits {
                changes
                    .entry(uris.uri(&analysis.sources.path(edit.span.file)))
                    .or_default()
                    .push(json!({"range": range(analysis, edit.span), "newText": edit.replacement}));
            }
            let title = match &fix.consequence {
                Some(consequence) => format!("{} ({consequence})", fix.message),
                None => fix.message.clone(),
            };
            Some(json!({
                "title": title,
                "kind": "quickfix",
                "isPreferred": fix.safety == crate::diagnostic::Safety::Safe,
                "edit": {"changes": changes},
            }))
        })
        .collect()
}
