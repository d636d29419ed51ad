//! `cdk.out`: which stacks a synthesised app deploys where, its assets, and the source lines of its constructs.
//!
//! Source: <https://github.com/aws/aws-cdk-cli/tree/main/packages/%40aws-cdk/cloud-assembly-schema>, schemas 36 to 55, read 2026-11.

use super::document::{self, Node};
use super::instance::World;
use super::intrinsics::Evaluator;
use crate::diagnostic::Diagnostic;
use crate::resource::{Deployment, Language, Unit};
use crate::source::{Sources, Span, join, parent};
use crate::value::Value;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// Assemblies within each other.
const DEEPEST: usize = 10;
/// Directories above an assembly where the program's files may lie.
const ABOVE: usize = 4;

/// A directory that `cdk synth` wrote.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    /// Metadata files of stacks by their template's path.
    metadata: BTreeMap<String, String>,
    /// Files of assets by hash.
    assets: BTreeMap<String, String>,
}

/// Where the program declares resources.
#[derive(Debug, Default)]
pub(super) struct Constructs {
    by_path: BTreeMap<Arc<str>, Span>,
    by_id: BTreeMap<Arc<str>, Span>,
}

impl Constructs {
    /// The line that declares the resource, by its construct path, else by its logical id.
    pub(super) fn span(&self, path: Option<&str>, id: &str) -> Option<Span> {
        match path {
            Some(path) => self.by_path.get(path).copied(),
            None => self.by_id.get(id).copied(),
        }
    }
}

/// Whether the text is a cloud assembly's `manifest.json`.
pub(crate) fn is_manifest(text: &str) -> bool {
    text.contains("\"artifacts\"") && text.contains("\"version\"") && text.contains("aws:cloudformation:stack")
        || text.contains("\"cdk:cloud-assembly\"")
}

/// The stacks of the assembly whose manifest lies at `path`, those of nested assemblies included.
pub(crate) fn units(sources: &Sources, path: &str) -> (Vec<Unit>, Vec<Diagnostic>) {
    let (mut units, mut diagnostics) = (Vec::new(), Vec::new());
    stacks(sources, path, 0, &mut units, &mut diagnostics);
    (units, diagnostics)
}

fn stacks(sources: &Sources, path: &str, depth: usize, units: &mut Vec<Unit>, diagnostics: &mut Vec<Diagnostic>) {
    if depth > DEEPEST {
        return;
    }
    let file = match sources.load(path) {
        Ok(file) => file,
        Err(error) => return diagnostics.push(Diagnostic::unreadable(path, error.to_string())),
    };
    let (root, found) = document::parse(file, &sources.text(file));
    diagnostics.extend(found);
    let dir = parent(path);
    for (_, artifact) in root.as_ref().and_then(|root| root.get("artifacts")).map(Node::entries).unwrap_or_default() {
        let property = |name: &str| artifact.get("properties").and_then(|properties| properties.get(name));
        let text = |name: &str| property(name).and_then(Node::text);
        match artifact.get("type").and_then(Node::text) {
            Some("cdk:cloud-assembly") => {
                if let Some(directory) = text("directoryName") {
                    let below = join(dir, &format!("{directory}/manifest.json"));
                    stacks(sources, &below, depth + 1, units, diagnostics);
                }
            }
            Some("aws:cloudformation:stack") => {
                let Some(template) = text("templateFile") else {
                    let message = "this stack of the app names no template";
                    diagnostics.push(Diagnostic::not_evaluated(artifact.span, message));
                    continue;
                };
                let path = join(dir, template);
                let environment = artifact.get("environment").and_then(Node::text).unwrap_or_default();
                let (account, region) = environment.trim_start_matches("aws://").split_once('/').unwrap_or_default();
                let parameters = property("parameters").map(Node::entries).unwrap_or_default();
                let id = template.strip_suffix(".template.json").unwrap_or(template);
                let deployment = Deployment {
                    account: crate::aws::AccountId::parse(account),
                    region: Some(region)
                        .filter(|region| !region.is_empty() && *region != "unknown-region")
                        .map(Into::into),
                    parameters: parameters
                        .iter()
                        .filter_map(|(key, value)| Some((key.text()?.to_owned(), value.string()?.to_string())))
                        .collect(),
                    stack_name: Some(text("stackName").unwrap_or(id).into()),
                    named: true,
                    ..Deployment::default()
                };
                units.push(Unit { name: path.as_str().into(), language: Language::CloudFormation, path, deployment });
            }
            _ => {}
        }
    }
}

impl World<'_> {
    /// The assembly that the template at `path` is part of.
    fn assembly(&self, path: &str) -> Option<Arc<Assembly>> {
        let dir = parent(path).to_owned();
        if let Some(known) = self.shared.assemblies.get(&dir) {
            return known.clone();
        }
        if let Some(known) = self.assemblies.borrow().get(&dir) {
            return known.clone();
        }
        let assembly = self.read_assembly(&dir).map(Arc::new);
        self.assemblies.borrow_mut().insert(dir, assembly.clone());
        assembly
    }

    /// What `cdk synth` wrote into the directory, if it did.
    pub(super) fn read_assembly(&self, dir: &str) -> Option<Assembly> {
        let file = self.load(&join(dir, "manifest.json")).ok()?;
        let text = self.sources.text(file);
        if !is_manifest(&text) {
            return None;
        }
        let (root, _) = document::parse(file, &text);
        let mut assembly = Assembly::default();
        for (_, artifact) in root.as_ref()?.get("artifacts")?.entries() {
            let property = |name: &str| artifact.get("properties").and_then(|properties| properties.get(name)?.text());
            match artifact.get("type").and_then(Node::text) {
                Some("aws:cloudformation:stack") => {
                    let Some(template) = property("templateFile") else { continue };
                    // Without a file of its own, a stack's metadata stands in the manifest.
                    let metadata = artifact.get("additionalMetadataFile").and_then(Node::text);
                    let metadata = metadata.unwrap_or("manifest.json");
                    assembly.metadata.insert(join(dir, template), join(dir, metadata));
                }
                Some("cdk:asset-manifest") => {
                    let Some(file) = property("file") else { continue };
                    let Ok(file) = self.load(&join(dir, file)) else { continue };
                    let (root, _) = document::parse(file, &self.sources.text(file));
                    for (hash, asset) in root.iter().filter_map(|root| root.get("files")).flat_map(Node::entries) {
                        let path = asset.get("source").and_then(|source| source.get("path")).and_then(Node::text);
                        if let (Some(hash), Some(path)) = (hash.text(), path) {
                            assembly.assets.insert(hash.to_owned(), join(dir, path));
                        }
                    }
                }
                _ => {}
            }
        }
        Some(assembly)
    }

    /// The constructs behind the template at `path`, where it comes from a CDK app whose files are at hand.
    pub(super) fn constructs(&self, path: &str) -> Option<Rc<Constructs>> {
        let assembly = self.assembly(path)?;
        let metadata = assembly.metadata.get(path)?;
        let file = self.load(metadata).ok()?;
        let (root, _) = document::parse(file, &self.sources.text(file));
        let root = root?;
        let mut constructs = Constructs::default();
        let artifacts = root.get("artifacts").map(Node::entries).unwrap_or_default();
        let inline = artifacts.iter().filter_map(|(_, artifact)| artifact.get("metadata")).flat_map(Node::entries);
        for (construct, entries) in root.entries().iter().chain(inline) {
            let Some(construct) = construct.text().and_then(|path| path.strip_prefix('/')) else { continue };
            let mut id = None;
            let mut span = None;
            for entry in entries.items() {
                let kind = entry.get("type").and_then(Node::text);
                if kind == Some("aws:cdk:logicalId") {
                    id = entry.get("data").and_then(Node::text);
                }
                let frames = match kind {
                    Some("aws:cdk:creationStack") => entry.get("data"),
                    _ => entry.get("trace"),
                };
                let frames = frames.map(Node::items).unwrap_or_default();
                span = span.or_else(|| frames.iter().find_map(|frame| self.frame(parent(path), frame.text()?)));
            }
            if let Some(span) = span {
                constructs.by_path.insert(construct.into(), span);
                if let Some(id) = id {
                    constructs.by_id.insert(id.into(), span);
                }
            }
        }
        Some(Rc::new(constructs))
    }

    /// The line that a stack frame names, `new Vault (lib/stack.ts:6:11)`, if it is the user's own file and at hand.
    fn frame(&self, dir: &str, frame: &str) -> Option<Span> {
        let place = frame.trim().trim_end_matches(')');
        let place = place.rsplit_once('(').map_or(place, |(_, place)| place);
        let place = place.strip_prefix("at ").unwrap_or(place);
        let (rest, column) = place.rsplit_once(':')?;
        let (path, line) = rest.rsplit_once(':')?;
        let (line, column): (usize, usize) = (line.parse().ok()?, column.parse().ok()?);
        let path = path.strip_prefix("file://").unwrap_or(path);
        if path.contains("node_modules/") || path.starts_with("node:") {
            return None;
        }
        let mut base = dir.to_owned();
        for _ in 0..ABOVE {
            // An absolute path of another machine: its tail may lie here.
            let tails = path.match_indices('/').map(|(at, _)| path.get(at + 1..).unwrap_or_default());
            let tails: Vec<&str> = if path.starts_with('/') { tails.collect() } else { vec![path] };
            for tail in tails.into_iter().filter(|tail| !tail.is_empty()) {
                let Ok(file) = self.load(&join(&base, tail)) else { continue };
                let range = self.sources.line_range(file, line.checked_sub(1)?)?;
                let text = self.sources.text(file);
                let content = text.get(range.clone())?;
                let skip = content.char_indices().nth(column.checked_sub(1)?).map_or(0, |(at, _)| at);
                let end = range.start + content.trim_end().len();
                return Some(Span::new(file, (range.start + skip).min(end)..end));
            }
            base = join(&base, "..");
        }
        None
    }
}

impl Evaluator<'_> {
    /// The file of the asset whose hash stands in a URL.
    pub(super) fn asset(&self, url: &str) -> Option<String> {
        let assembly = self.world.assembly(&self.at.path)?;
        let hash = url.split(|c: char| !c.is_ascii_hexdigit()).find(|part| part.len() == 64)?;
        assembly.assets.get(hash).cloned()
    }
}

/// Text values as parameters.
pub(super) fn given(pairs: &[(String, String)]) -> BTreeMap<Arc<str>, Value> {
    pairs.iter().map(|(key, value)| (key.as_str().into(), Value::string(value.as_str()))).collect()
}
