//! The linked estate as a drawing: accounts, Regions, data stores, vaults, keys, and copies by verdict.

use super::escape::{dot as quoted, mermaid as label};
use super::verdict_word;
use super::words::{self, one_line};
use crate::analysis::Analysis;
use crate::aws::Place;
use crate::catalog::Catalog;
use crate::checks::{Judgement, Verdict};
use crate::copy::{CopyId, CopySource};
use crate::graph::{KeyUse, StoreId, VaultId, VaultTarget};
use crate::source::{Location, Span};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// So many nodes are read at a glance, as in a comment.
pub const SMALL: usize = 60;
/// So many nodes fill a page.
pub const LARGE: usize = 240;

/// What a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeKind {
    /// A data store, or several of a kind.
    Store,
    Vault,
    Key,
}

impl NodeKind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Store => "data_store",
            Self::Vault => "vault",
            Self::Key => "key",
        }
    }
}

/// One thing, or several that are drawn as one.
#[derive(Clone, Debug)]
pub struct Node {
    pub kind: NodeKind,
    pub title: String,
    /// The service, for a data store.
    pub detail: String,
    pub account: String,
    pub region: String,
    pub address: Option<String>,
    pub unit: Option<String>,
    pub location: Option<Location>,
    /// How many it stands for.
    pub members: usize,
}

/// What an edge says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EdgeKind {
    /// Copies, counted: (fail, undecided, succeed), with their ids.
    Copies { counts: (usize, usize, usize), ids: Vec<CopyId> },
    /// Encrypted under the key.
    Key,
}

/// An edge between nodes, by index.
#[derive(Clone, Debug)]
pub struct Edge {
    pub from: usize,
    pub to: usize,
    pub kind: EdgeKind,
}

impl EdgeKind {
    /// The worst verdict of the copies.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        match self {
            Self::Copies { counts: (fails, undecided, _), .. } => Some(match (fails, undecided) {
                (0, 0) => Verdict::Succeeds,
                (0, _) => Verdict::Undecided,
                _ => Verdict::Fails,
            }),
            Self::Key => None,
        }
    }

    /// `✗ 2 · ✓ 3`; one copy needs no number.
    pub(crate) fn text(&self) -> String {
        let Self::Copies { counts: (fails, undecided, succeeds), .. } = self else { return String::new() };
        if fails + undecided + succeeds == 1 {
            return self
                .verdict()
                .map(|verdict| format!("{} {}", symbol(verdict), verdict_word(verdict)))
                .unwrap_or_default();
        }
        let parts = [(fails, Verdict::Fails), (undecided, Verdict::Undecided), (succeeds, Verdict::Succeeds)];
        let shown = parts.into_iter().filter(|(number, _)| **number > 0);
        shown.map(|(number, verdict)| format!("{} {number}", symbol(verdict))).collect::<Vec<_>>().join(" · ")
    }
}

/// A verdict without colour.
pub(crate) fn symbol(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fails => "✗",
        Verdict::Undecided => "?",
        Verdict::Succeeds => "✓",
    }
}

/// A colour for a verdict that people without red or green tell apart (Okabe and Ito's set).
fn color(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fails => "#D55E00",
        Verdict::Undecided => "#B07A00",
        Verdict::Succeeds => "#009E73",
    }
}

/// How much is drawn as one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Each,
    /// Data stores of a service in a Region of an account.
    Service,
    /// Data stores of an account.
    Account,
    /// Data stores of a service, wherever they are; vaults of an account.
    Estate,
}

/// The drawing.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
    headline: String,
}

impl Picture {
    /// The estate's copies with at most `most` nodes where grouping can do it.
    pub fn new(analysis: &Analysis, most: usize) -> Self {
        Self::of(analysis, &analysis.judgements.iter().collect::<Vec<_>>(), most)
    }

    /// These copies alone, likewise.
    pub fn of(analysis: &Analysis, copies: &[&Judgement], most: usize) -> Self {
        let mut picture = Self::default();
        for level in [Level::Each, Level::Service, Level::Account, Level::Estate] {
            picture = Self::at(analysis, copies.iter().copied(), level);
            if picture.nodes.len() <= most {
                break;
            }
        }
        picture
    }

    /// The same with nothing grouped.
    pub fn each(analysis: &Analysis) -> Self {
        Self::at(analysis, analysis.judgements.iter(), Level::Each)
    }

    fn at<'a>(analysis: &'a Analysis, copies: impl Iterator<Item = &'a Judgement>, level: Level) -> Self {
        let mut builder =
            Builder { analysis, level, nodes: BTreeMap::new(), edges: BTreeMap::new(), members: BTreeMap::new() };
        for judgement in copies {
            builder.copy(judgement);
        }
        let order: Vec<&String> = builder.nodes.keys().collect();
        let position: BTreeMap<&String, usize> = order.iter().enumerate().map(|(at, key)| (*key, at)).collect();
        let edges = builder.edges.iter().filter_map(|((from, to), kind)| {
            Some(Edge { from: *position.get(from)?, to: *position.get(to)?, kind: kind.clone() })
        });
        let edges: Vec<Edge> = edges.collect();
        let nodes = builder
            .nodes
            .iter()
            .map(|(key, node)| {
                let members = builder.members.get(key).map_or(1, BTreeSet::len);
                let mut node = node.clone();
                node.members = members;
                if members > 1 {
                    node.title = match node.kind {
                        NodeKind::Store => format!("{members} × {}", node.detail),
                        NodeKind::Vault => format!("{members} vaults"),
                        NodeKind::Key => format!("{members} keys"),
                    };
                    node.location = None;
                    node.address = None;
                }
                node
            })
            .collect();
        Self { nodes, edges, headline: super::summary::headline(analysis) }
    }

    /// The counts in words.
    pub(crate) fn headline(&self) -> &str {
        &self.headline
    }

    /// Accounts, each with its Regions, each with its nodes, in the order of names.
    pub(crate) fn boxes(&self) -> BTreeMap<&str, BTreeMap<&str, Vec<usize>>> {
        let mut boxes: BTreeMap<&str, BTreeMap<&str, Vec<usize>>> = BTreeMap::new();
        for (at, node) in self.nodes.iter().enumerate() {
            boxes.entry(&node.account).or_default().entry(&node.region).or_default().push(at);
        }
        boxes
    }
}

struct Builder<'a> {
    analysis: &'a Analysis,
    level: Level,
    /// By a key that sorts by kind, then address.
    nodes: BTreeMap<String, Node>,
    edges: BTreeMap<(String, String), EdgeKind>,
    members: BTreeMap<String, BTreeSet<String>>,
}

impl Builder<'_> {
    fn place(&self, place: Option<&Place>) -> (String, String) {
        place.map_or_else(
            || ("not known".to_owned(), "Region not known".to_owned()),
            |place| (self.analysis.graph.account_name(&place.account), place.region.to_string()),
        )
    }

    fn at(&self, span: Span) -> Option<Location> {
        Some(self.analysis.sources.location(span))
    }

    fn add(&mut self, key: String, member: String, node: impl FnOnce() -> Node) -> String {
        self.nodes.entry(key.clone()).or_insert_with(node);
        self.members.entry(key.clone()).or_default().insert(member);
        key
    }

    fn copy(&mut self, judgement: &Judgement) {
        let from = self.source(judgement);
        let to = self.vault(&judgement.copy.destination, judgement);
        let entry =
            self.edges.entry((from, to)).or_insert_with(|| EdgeKind::Copies { counts: (0, 0, 0), ids: Vec::new() });
        if let EdgeKind::Copies { counts, ids } = entry {
            match judgement.verdict {
                Verdict::Fails => counts.0 += 1,
                Verdict::Undecided => counts.1 += 1,
                Verdict::Succeeds => counts.2 += 1,
            }
            ids.push(judgement.copy.id);
        }
    }

    fn source(&mut self, judgement: &Judgement) -> String {
        let graph = &self.analysis.graph;
        let plan = graph.plan(judgement.copy.plan);
        let (service, place, member, location, address, unit) = match &judgement.copy.source {
            CopySource::Store(id) => {
                let Some(store) = graph.store(*id) else { return String::new() };
                (
                    Some(store.service.to_string()),
                    Some(&*store.site.place),
                    format!("{:08}", id.0),
                    self.at(store.site.span),
                    Some(store.site.address.to_string()),
                    Some(store.site.unit.to_string()),
                )
            }
            CopySource::Arn(named) => (
                named.service.as_ref().map(ToString::to_string),
                plan.map(|plan| &*plan.site.place),
                format!("arn {}", named.arn),
                self.at(named.span),
                None,
                None,
            ),
            CopySource::Unknown(_) => {
                (None, plan.map(|plan| &*plan.site.place), format!("plan {}", judgement.copy.plan.0), None, None, None)
            }
        };
        let (account, region) = self.place(place);
        let detail = service.as_deref().map_or_else(
            || "not known".to_owned(),
            |service| Catalog::builtin().service(service).map_or_else(|| service.to_owned(), |row| row.label.clone()),
        );
        let (key, account, region, detail) = match self.level {
            Level::Each => (format!("1 {member}"), account, region, detail),
            Level::Service => (format!("1 {account}|{region}|{detail}"), account, region, detail),
            Level::Account => (format!("1 {account}"), account, "all Regions".to_owned(), "data stores".to_owned()),
            Level::Estate => (format!("1 {detail}"), "source accounts".to_owned(), "all Regions".to_owned(), detail),
        };
        let title = words::source(self.analysis, judgement).replace('`', "");
        let key = self.add(key, member, || Node {
            kind: NodeKind::Store,
            title,
            detail,
            account,
            region,
            address,
            unit,
            location,
            members: 1,
        });
        if let (CopySource::Store(StoreId(id)), true) = (&judgement.copy.source, self.level <= Level::Service) {
            let store = graph.store(StoreId(*id));
            let parts = graph.store_part_keys.get(*id as usize).map(Vec::as_slice).unwrap_or_default();
            let one = graph.store_keys.get(*id as usize).map(std::slice::from_ref).unwrap_or_default();
            for used in if parts.is_empty() { one } else { parts } {
                self.key(&key, used, store.map(|store| &*store.site.place));
            }
        }
        key
    }

    fn vault(&mut self, target: &VaultTarget, judgement: &Judgement) -> String {
        let graph = &self.analysis.graph;
        let (account, region) = self.place(graph.place(target));
        let (member, location, address, unit) = match target {
            VaultTarget::Vault(id) => {
                let site = graph.vault(*id).map(|vault| &vault.site);
                (
                    format!("{:08}", id.0),
                    site.and_then(|site| self.at(site.span)),
                    site.map(|site| site.address.to_string()),
                    site.map(|site| site.unit.to_string()),
                )
            }
            VaultTarget::External { arn, name, span, .. } => {
                let text = arn.as_ref().or(name.as_ref()).map(ToString::to_string).unwrap_or_default();
                (format!("x {text}"), self.at(*span), None, None)
            }
            VaultTarget::Unknown(why) => {
                (format!("y plan {}", judgement.copy.plan.0), why.span.and_then(|span| self.at(span)), None, None)
            }
        };
        let key = match self.level {
            Level::Each | Level::Service => format!("2 {member}"),
            Level::Account | Level::Estate => format!("2 {account}|{region}"),
        };
        let title = match target {
            VaultTarget::Unknown(_) => "vault not known".to_owned(),
            _ => words::vault(self.analysis, target).replace('`', ""),
        };
        let key = self.add(key, member, || Node {
            kind: NodeKind::Vault,
            title,
            detail: "vault".to_owned(),
            account,
            region,
            address,
            unit,
            location,
            members: 1,
        });
        if let (VaultTarget::Vault(VaultId(id)), true) = (target, self.level <= Level::Service)
            && let Some(used) = graph.vault_keys.get(*id as usize)
        {
            self.key(&key, used, graph.place(target));
        }
        key
    }

    fn key(&mut self, of: &str, used: &KeyUse, place: Option<&Place>) {
        let graph = &self.analysis.graph;
        let (account, region) = self.place(place);
        let text = |text: &str| one_line(text);
        let (key, title, location, address, account, region) = match used {
            KeyUse::Unencrypted { .. } | KeyUse::Unknown(_) | KeyUse::AwsOwned { .. } => return,
            KeyUse::AwsManaged { alias, span } => {
                (format!("3 {account}|{region}|{alias}"), text(alias), self.at(*span), None, account, region)
            }
            KeyUse::Customer { key, .. } => {
                let Some(found) = graph.key(*key) else { return };
                let (account, region) = self.place(Some(&found.site.place));
                let address = found.site.address.to_string();
                (format!("3 {:08}", key.0), text(&address), self.at(found.site.span), Some(address), account, region)
            }
            KeyUse::External { name, span } => {
                let name = name.text().map_or_else(|| "a key that no code defines".to_owned(), |name| name.to_string());
                let short = name.rsplit('/').next().unwrap_or(&name).to_owned();
                (format!("3 x {name}"), text(&short), self.at(*span), None, account, region)
            }
        };
        let node = || Node {
            kind: NodeKind::Key,
            title,
            detail: "key".to_owned(),
            account,
            region,
            address,
            unit: None,
            location,
            members: 1,
        };
        let key = self.add(key.clone(), key, node);
        self.edges.insert((of.to_owned(), key), EdgeKind::Key);
    }
}

/// The text of a Mermaid flowchart.
pub fn mermaid(picture: &Picture) -> String {
    let mut out = String::from("flowchart LR\n");
    for (at, (account, regions)) in picture.boxes().into_iter().enumerate() {
        let _ = writeln!(out, "  subgraph a{at}[\"account {}\"]", label(account));
        for (number, (region, nodes)) in regions.into_iter().enumerate() {
            let _ = writeln!(out, "    subgraph a{at}r{number}[\"{}\"]", label(region));
            for (index, node) in nodes.iter().filter_map(|at| Some((at, picture.nodes.get(*at)?))) {
                let title = label(&node.title);
                let shape = match node.kind {
                    NodeKind::Store => format!("[(\"{title}\")]"),
                    NodeKind::Vault => format!("[\"vault {title}\"]"),
                    NodeKind::Key => format!("([\"key {title}\"])"),
                };
                let _ = writeln!(out, "      n{index}{shape}");
            }
            out.push_str("    end\n");
        }
        out.push_str("  end\n");
    }
    for edge in &picture.edges {
        let text = label(&edge.kind.text());
        let arrow = match edge.kind.verdict() {
            Some(Verdict::Fails) => format!("== \"{text}\" ==>"),
            Some(Verdict::Undecided) => format!("-. \"{text}\" .->"),
            Some(Verdict::Succeeds) => format!("-- \"{text}\" -->"),
            None => "-.-".to_owned(),
        };
        let _ = writeln!(out, "  n{} {arrow} n{}", edge.from, edge.to);
    }
    for verdict in [Verdict::Fails, Verdict::Undecided, Verdict::Succeeds] {
        let edges = picture.edges.iter().enumerate().filter(|(_, edge)| edge.kind.verdict() == Some(verdict));
        let list: Vec<String> = edges.map(|(at, _)| at.to_string()).collect();
        if !list.is_empty() {
            let _ = writeln!(out, "  linkStyle {} stroke:{}", list.join(","), color(verdict));
        }
    }
    out
}

/// The text of a Graphviz graph.
pub fn dot(picture: &Picture) -> String {
    let mut out = String::from(
        "digraph crossvault {\n  rankdir=LR;\n  node [fontname=\"sans-serif\", fontsize=11];\n  edge [fontname=\"sans-serif\", fontsize=10];\n",
    );
    let _ = writeln!(out, "  label={};", quoted(&picture.headline));
    for (at, (account, regions)) in picture.boxes().into_iter().enumerate() {
        let _ = writeln!(
            out,
            "  subgraph cluster_{at} {{\n    label={};\n    style=rounded;",
            quoted(&format!("account {account}"))
        );
        for (number, (region, nodes)) in regions.into_iter().enumerate() {
            let _ = writeln!(
                out,
                "    subgraph cluster_{at}_{number} {{\n      label={};\n      style=dashed;",
                quoted(region)
            );
            for (index, node) in nodes.iter().filter_map(|at| Some((at, picture.nodes.get(*at)?))) {
                let (shape, word) = match node.kind {
                    NodeKind::Store => ("cylinder", ""),
                    NodeKind::Vault => ("box3d", "vault "),
                    NodeKind::Key => ("hexagon", "key "),
                };
                let _ = writeln!(
                    out,
                    "      n{index} [shape={shape}, label={}];",
                    quoted(&format!("{word}{}", node.title))
                );
            }
            out.push_str("    }\n");
        }
        out.push_str("  }\n");
    }
    for edge in &picture.edges {
        let style = match edge.kind.verdict() {
            Some(Verdict::Fails) => "bold",
            Some(Verdict::Undecided) => "dashed",
            Some(Verdict::Succeeds) => "solid",
            None => "dotted",
        };
        let rest = match edge.kind.verdict() {
            Some(verdict) => format!(
                "label={}, color=\"{}\", fontcolor=\"{}\"",
                quoted(&edge.kind.text()),
                color(verdict),
                color(verdict)
            ),
            None => "arrowhead=none, color=gray50".to_owned(),
        };
        let _ = writeln!(out, "  n{} -> n{} [style={style}, {rest}];", edge.from, edge.to);
    }
    out.push_str("}\n");
    out
}

/// The graph as JSON: every node and edge, nothing grouped; copies by id.
pub fn graph(analysis: &Analysis) -> Json {
    let picture = Picture::each(analysis);
    let nodes: Vec<Json> = picture
        .nodes
        .iter()
        .enumerate()
        .map(|(at, node)| {
            json!({
                "id": format!("n{at}"),
                "kind": node.kind.word(),
                "title": node.title,
                "service": if node.kind == NodeKind::Store { Some(&node.detail) } else { None },
                "unit": node.unit,
                "address": node.address,
                "account": node.account,
                "region": node.region,
                "location": node.location,
            })
        })
        .collect();
    let edges: Vec<Json> = picture
        .edges
        .iter()
        .map(|edge| {
            let (from, to) = (format!("n{}", edge.from), format!("n{}", edge.to));
            match &edge.kind {
                EdgeKind::Copies { ids, .. } => {
                    json!({"from": from, "to": to, "kind": "copy", "verdict": edge.kind.verdict().map(verdict_word), "copies": ids})
                }
                EdgeKind::Key => json!({"from": from, "to": to, "kind": "encrypted_under", "verdict": null, "copies": []}),
            }
        })
        .collect();
    json!({"schema_version": 1, "nodes": nodes, "edges": edges})
}
