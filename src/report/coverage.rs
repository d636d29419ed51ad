//! Which data stores have a working copy outside of their account and Region, which have none, and why.

use super::destination_text;
use super::json::{errors, source};
use super::words::count as counted;
use crate::analysis::Analysis;
use crate::checks::{Judgement, Outcome, Verdict};
use crate::copy::{CopyId, CopySource, NamedArn, reaching};
use crate::graph::{PlanId, StoreId};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

/// Where a copy has to lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    CrossAccount,
    CrossRegion,
}

impl Need {
    const ALL: [Self; 2] = [Self::CrossAccount, Self::CrossRegion];

    /// `cross-account`, `cross-region`.
    pub fn word(self) -> &'static str {
        match self {
            Self::CrossAccount => "cross-account",
            Self::CrossRegion => "cross-region",
        }
    }

    fn place(self) -> &'static str {
        match self {
            Self::CrossAccount => "another account",
            Self::CrossRegion => "another Region",
        }
    }

    /// Whether the copy lies there; `None` where that cannot be told.
    fn met(self, judgement: &Judgement) -> Option<bool> {
        match self {
            Self::CrossAccount => judgement.copy.cross_account,
            Self::CrossRegion => judgement.copy.cross_region,
        }
    }
}

/// Whether a data store has a working copy in another account, or in another Region.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// At least one copy succeeds.
    Covered,
    /// A copy may succeed; what would decide it.
    Undecided(String),
    /// No copy succeeds; why.
    Missing(String),
}

impl State {
    fn word(&self) -> &'static str {
        match self {
            Self::Covered => "covered",
            Self::Undecided(_) => "undecided",
            Self::Missing(_) => "missing",
        }
    }

    fn why(&self) -> Option<&str> {
        match self {
            Self::Covered => None,
            Self::Undecided(why) | Self::Missing(why) => Some(why),
        }
    }
}

/// A data store and its copies.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    source: CopySource,
    /// Whether it has the tags that are asked for; `None` where that is not known.
    tagged: Option<bool>,
    judgements: Vec<&'a Judgement>,
    states: [State; 2],
}

/// What is asked of the data stores.
#[derive(Clone, Debug, Default)]
pub struct Demand {
    /// Each must have a working copy there.
    pub require: Vec<Need>,
    /// Only data stores with all these tags.
    pub tags: Vec<(String, String)>,
    /// What is undecided does not do.
    pub strict: bool,
}

/// All data stores that the estate declares or a plan names by ARN, those without the tags left out.
pub fn rows<'a>(analysis: &'a Analysis, demand: &Demand) -> Vec<Row<'a>> {
    let mut stores: BTreeMap<StoreId, Vec<&Judgement>> = BTreeMap::new();
    let mut arns: BTreeMap<&Arc<str>, Vec<&Judgement>> = BTreeMap::new();
    for judgement in &analysis.judgements {
        match &judgement.copy.source {
            CopySource::Store(id) => stores.entry(*id).or_default().push(judgement),
            CopySource::Arn(named) => arns.entry(&named.arn).or_default().push(judgement),
            CopySource::Unknown(_) => {}
        }
    }
    let plans = reaching(&analysis.graph);
    let mut out = Vec::new();
    for (at, store) in analysis.graph.entities.data_stores.iter().enumerate() {
        let id = StoreId(u32::try_from(at).unwrap_or(u32::MAX));
        let tagged = demand.tags.iter().try_fold(Some(true), |all, (key, value)| {
            let one = has_tag(&store.tags, key, value);
            if one == Some(false) { Err(()) } else { Ok(all.and(one)) }
        });
        let Ok(tagged) = tagged else { continue };
        let judgements = stores.remove(&id).unwrap_or_default();
        let reached = plans.get(&id).map(Vec::as_slice).unwrap_or_default();
        // A replica holds its table's data, which is covered where the table is.
        if store.replica && judgements.is_empty() && reached.is_empty() {
            continue;
        }
        let states = Need::ALL.map(|need| state(analysis, need, &judgements, reached));
        out.push(Row { source: CopySource::Store(id), tagged, judgements, states });
    }
    for (_, judgements) in arns {
        let Some(first) = judgements.first() else { continue };
        let source = first.copy.source.clone();
        let tagged = if demand.tags.is_empty() { Some(true) } else { None };
        let states = Need::ALL.map(|need| state(analysis, need, &judgements, &[]));
        out.push(Row { source, tagged, judgements, states });
    }
    out
}

fn has_tag(tags: &crate::value::Value, key: &str, value: &str) -> Option<bool> {
    let map = tags.as_map()?;
    match map.entries.get(key).filter(|entry| !entry.value.is_null()) {
        Some(entry) => entry.value.text().map(|text| *text == *value),
        None if map.open.is_some() => None,
        None => Some(false),
    }
}

fn state(analysis: &Analysis, need: Need, judgements: &[&Judgement], reached: &[(PlanId, bool)]) -> State {
    let there: Vec<&&Judgement> = judgements.iter().filter(|judgement| need.met(judgement) != Some(false)).collect();
    if there.iter().any(|judgement| judgement.verdict == Verdict::Succeeds && need.met(judgement) == Some(true)) {
        return State::Covered;
    }
    if let Some(judgement) = there.iter().find(|judgement| judgement.verdict != Verdict::Fails) {
        let open = analysis.checks(judgement).iter().find_map(|check| match &check.outcome {
            Outcome::Undecided(finding) => Some(finding.message.clone()),
            _ => None,
        });
        let why = open.unwrap_or_else(|| {
            format!("whether {} lies in {} cannot be told", destination_text(analysis, judgement), need.place())
        });
        return State::Undecided(why);
    }
    let name = |id: PlanId| analysis.graph.plan(id).map(|plan| plan.site.address.to_string()).unwrap_or_default();
    if let Some(judgement) = there.first() {
        let more = match there.len() - 1 {
            0 => String::new(),
            1 => "; another one fails too".to_owned(),
            others => format!("; {others} others fail too"),
        };
        return State::Missing(format!(
            "the copy to {} fails: {}{more}",
            destination_text(analysis, judgement),
            judgement.basis.decided_by.join(", ")
        ));
    }
    if let Some(judgement) = judgements.first() {
        return State::Missing(format!("`{}` copies it, but not to {}", name(judgement.copy.plan), need.place()));
    }
    match reached {
        [] => State::Missing("no plan selects it".to_owned()),
        [(plan, true), ..] => State::Missing(format!("`{}` selects it, but copies nothing", name(*plan))),
        [(plan, false), ..] => State::Missing(format!("`{}` may select it, but copies nothing", name(*plan))),
    }
}

/// A data store that does not have what is required of it.
#[derive(Clone, Debug)]
pub struct Shortfall {
    pub source: String,
    pub need: Need,
    /// Whether it may have it.
    pub undecided: bool,
    pub why: String,
}

/// What is missing of what is required: what is undecided only counts where the demand is strict.
pub fn shortfalls(analysis: &Analysis, rows: &[Row<'_>], demand: &Demand) -> Vec<Shortfall> {
    let mut out = Vec::new();
    for row in rows {
        for need in Need::ALL.into_iter().filter(|need| demand.require.contains(need)) {
            let state = row.state(need);
            let undecided = matches!(state, State::Undecided(_)) || row.tagged.is_none();
            if let Some(why) = state.why().filter(|_| !undecided || demand.strict) {
                out.push(Shortfall { source: row.name(analysis), need, undecided, why: why.to_owned() });
            }
        }
    }
    out
}

impl Row<'_> {
    fn state(&self, need: Need) -> &State {
        let [account, region] = &self.states;
        match need {
            Need::CrossAccount => account,
            Need::CrossRegion => region,
        }
    }

    fn name(&self, analysis: &Analysis) -> String {
        match &self.source {
            CopySource::Store(id) => {
                analysis.graph.store(*id).map(|store| store.site.address.to_string()).unwrap_or_default()
            }
            CopySource::Arn(named) => named.arn.to_string(),
            CopySource::Unknown(_) => "?".to_owned(),
        }
    }

    /// Unit, address or ARN, service, account, Region.
    fn cells(&self, analysis: &Analysis) -> [String; 5] {
        match &self.source {
            CopySource::Store(id) => analysis.graph.store(*id).map(|store| {
                let site = &store.site;
                let account = site.place.account.known();
                let region = site.place.region.known().map(ToString::to_string);
                [
                    site.unit.to_string(),
                    site.address.to_string(),
                    store.service.to_string(),
                    account.map_or_else(|| "?".to_owned(), |_| analysis.graph.account_name(&site.place.account)),
                    region.unwrap_or_else(|| "?".to_owned()),
                ]
            }),
            CopySource::Arn(named) => {
                let NamedArn { arn, service, .. } = &**named;
                let parsed = crate::aws::Arn::parse(arn);
                let part = |text: Option<&str>| text.filter(|text| !text.is_empty()).unwrap_or("?").to_owned();
                Some([
                    String::new(),
                    arn.to_string(),
                    service.as_deref().unwrap_or("?").to_owned(),
                    part(parsed.as_ref().map(|arn| arn.account)),
                    part(parsed.as_ref().map(|arn| arn.region)),
                ])
            }
            CopySource::Unknown(_) => None,
        }
        .unwrap_or_default()
    }

    fn copies(&self, need: Need) -> Vec<CopyId> {
        let working =
            |judgement: &&&Judgement| judgement.verdict == Verdict::Succeeds && need.met(judgement) == Some(true);
        self.judgements.iter().filter(working).map(|judgement| judgement.copy.id).collect()
    }
}

const HEADER: [&str; 8] =
    ["UNIT", "DATA STORE", "SERVICE", "ACCOUNT", "REGION", "CROSS-ACCOUNT", "CROSS-REGION", "WHY"];

/// The states and reasons: a reason that both have is told once.
fn words(row: &Row<'_>) -> [String; 3] {
    let [account, region] = &row.states;
    let why = match (account.why(), region.why()) {
        (Some(a), Some(b)) if a == b => a.to_owned(),
        (Some(a), Some(b)) => format!("cross-account: {a}; cross-region: {b}"),
        (Some(a), None) => format!("cross-account: {a}"),
        (None, Some(b)) => format!("cross-region: {b}"),
        (None, None) => String::new(),
    };
    [account.word().to_owned(), region.word().to_owned(), why]
}

/// Writes a table for people.
pub fn write(analysis: &Analysis, rows: &[Row<'_>], out: &mut dyn Write) -> std::io::Result<()> {
    let mut table = vec![HEADER.map(str::to_owned).to_vec()];
    table.extend(rows.iter().map(|row| row.cells(analysis).into_iter().chain(words(row)).collect()));
    // One unit needs no column.
    let units: Vec<Option<&String>> = table.iter().skip(1).map(|row: &Vec<String>| row.first()).collect();
    if units.iter().all(|unit| Some(unit) == units.first()) {
        table.iter_mut().for_each(|row| drop(row.remove(0)));
    }
    let columns = table.first().map_or(0, Vec::len);
    let width = |at: usize| table.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|at| width(at).unwrap_or(0)).collect();
    for row in &table {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    writeln!(out, "\n{}", summary(rows))
}

/// "4 data stores: 3 covered in another account, 1 missing; …".
fn summary(rows: &[Row<'_>]) -> String {
    let part = |need: Need| {
        let count = |word: &str| rows.iter().filter(|row| row.state(need).word() == word).count();
        format!(
            "in {}: {} covered, {} undecided, {} missing",
            need.place(),
            count("covered"),
            count("undecided"),
            count("missing")
        )
    };
    format!(
        "{}; {}; {}",
        counted(rows.len(), "data store", "data stores"),
        part(Need::CrossAccount),
        part(Need::CrossRegion)
    )
}

/// Writes comma-separated values, RFC 4180.
pub fn write_csv(analysis: &Analysis, rows: &[Row<'_>], out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "unit,data_store,service,account,region,cross_account,cross_region,why\r")?;
    for row in rows {
        let cells = row.cells(analysis).into_iter().chain(words(row));
        writeln!(out, "{}\r", cells.map(|cell| quoted(&cell)).collect::<Vec<_>>().join(","))?;
    }
    Ok(())
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

/// Writes a Markdown table.
pub fn write_markdown(analysis: &Analysis, rows: &[Row<'_>], out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "| Data store | Service | Account | Region | Cross-account | Cross-Region | Why |")?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- | --- |")?;
    for row in rows {
        let [_, name, service, account, region] = row.cells(analysis);
        let [cross_account, cross_region, why] = words(row);
        let why = why.replace('|', "\\|");
        writeln!(out, "| `{name}` | {service} | {account} | {region} | {cross_account} | {cross_region} | {why} |")?;
    }
    writeln!(out, "\n{}", summary(rows))
}

/// The coverage as JSON.
pub fn report(analysis: &Analysis, rows: &[Row<'_>], demand: &Demand) -> Json {
    let short = shortfalls(analysis, rows, demand);
    let count = |need: Need| {
        let of = |word: &str| rows.iter().filter(|row| row.state(need).word() == word).count();
        json!({"covered": of("covered"), "undecided": of("undecided"), "missing": of("missing")})
    };
    let state = |row: &Row<'_>, need: Need| {
        let state = row.state(need);
        json!({"state": state.word(), "why": state.why(), "copies": row.copies(need)})
    };
    json!({
        "schema_version": 1,
        "tool": {"name": "crossvault", "version": env!("CARGO_PKG_VERSION")},
        "summary": {
            "data_stores": rows.len(),
            "cross_account": count(Need::CrossAccount),
            "cross_region": count(Need::CrossRegion),
            "assumptions": analysis.assumptions,
        },
        "data_stores": rows.iter().map(|row| json!({
            "source": source(analysis, &row.source),
            "cross_account": state(row, Need::CrossAccount),
            "cross_region": state(row, Need::CrossRegion),
        })).collect::<Vec<_>>(),
        "shortfalls": short.iter().map(|short| json!({
            "data_store": short.source,
            "required": short.need.word(),
            "undecided": short.undecided,
            "why": short.why,
        })).collect::<Vec<_>>(),
        "errors": errors(analysis),
    })
}
