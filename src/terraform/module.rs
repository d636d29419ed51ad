//! The files of one module directory, merged into its declarations.

mod overrides;

use super::ast::{Attribute, Block, Body, Expr, ExprKind};
use super::syntax;
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Sources, Span, join};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What one directory declares, override files merged in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Module {
    /// The directory, as given to [`load_module`].
    pub(crate) dir: String,
    /// The files that were read, in the order of merging.
    pub(crate) files: Vec<FileId>,
    pub(crate) variables: BTreeMap<Arc<str>, Variable>,
    pub(crate) locals: BTreeMap<Arc<str>, Attribute>,
    pub(crate) outputs: BTreeMap<Arc<str>, Output>,
    /// `resource` and `data` blocks in file order.
    pub(crate) resources: Vec<ResourceBlock>,
    /// Where each of them stands, by type and name; `data` blocks are the second.
    pub(crate) places: [HashMap<Arc<str>, HashMap<Arc<str>, usize>>; 2],
    /// `ephemeral` blocks in file order.
    pub(crate) ephemeral: Vec<ResourceBlock>,
    /// `module` blocks by name.
    pub(crate) calls: BTreeMap<Arc<str>, Block>,
    pub(crate) providers: Vec<ProviderBlock>,
    pub(crate) terraform: Vec<Block>,
    pub(crate) moved: Vec<Block>,
    pub(crate) import: Vec<Block>,
    pub(crate) removed: Vec<Block>,
    pub(crate) check: Vec<Block>,
    /// The `backend` or `cloud` block of a `terraform` block.
    pub(crate) backend: Option<Block>,
    /// Whether some file or item could not be read: then more may be declared than is listed here.
    pub(crate) incomplete: bool,
    /// What could not be read and may declare resources or call modules.
    pub(crate) lost: Vec<Lost>,
}

impl Module {
    /// Where the `resource` or `data` block of this type and name stands among the blocks.
    pub(crate) fn place(&self, data: bool, kind: &str, name: &str) -> Option<usize> {
        self.places.get(usize::from(data))?.get(kind)?.get(name).copied()
    }

    /// Notes where each resource stands.
    pub(crate) fn index(&mut self) {
        self.places = Default::default();
        for (at, block) in self.resources.iter().enumerate() {
            if let Some(places) = self.places.get_mut(usize::from(block.data)) {
                places.entry(block.kind.clone()).or_default().entry(block.name.clone()).or_insert(at);
            }
        }
    }

    /// Adds what another directory declares, whose files are put beside those of this module, or in their place.
    pub(crate) fn add(&mut self, sources: &Sources, other: Self) {
        let name = |file: &FileId| sources.path(*file).rsplit('/').next().unwrap_or_default().to_owned();
        let names: Vec<String> = other.files.iter().map(name).collect();
        let replaced: Vec<FileId> = self.files.iter().filter(|file| names.contains(&name(file))).copied().collect();
        replaced.into_iter().for_each(|file| self.forget(Some(file)));
        // Which blocks an override file meant is not known here.
        self.incomplete |= other.incomplete || names.iter().any(|name| is_override(name));
        self.files.extend(other.files);
        self.variables.extend(other.variables);
        self.locals.extend(other.locals);
        self.outputs.extend(other.outputs);
        self.resources.extend(other.resources);
        self.ephemeral.extend(other.ephemeral);
        self.calls.extend(other.calls);
        self.providers.extend(other.providers);
        self.terraform.extend(other.terraform);
        self.moved.extend(other.moved);
        self.import.extend(other.import);
        self.removed.extend(other.removed);
        self.check.extend(other.check);
        self.backend = other.backend.or(self.backend.take());
        self.lost.extend(other.lost);
        self.index();
    }

    /// Leaves out what the file declares: another one is written in its place.
    pub(crate) fn forget(&mut self, file: Option<FileId>) {
        let Some(file) = file else { return };
        let other = |block: &Block| block.header.file != file;
        self.variables.retain(|_, variable| variable.header.file != file);
        self.locals.retain(|_, local| local.name_span.file != file);
        self.outputs.retain(|_, output| output.header.file != file);
        self.resources.retain(|resource| other(&resource.block));
        self.ephemeral.retain(|resource| other(&resource.block));
        self.calls.retain(|_, call| other(call));
        self.providers.retain(|provider| other(&provider.block));
        for blocks in [&mut self.terraform, &mut self.moved, &mut self.import, &mut self.removed, &mut self.check] {
            blocks.retain(other);
        }
        self.backend.take_if(|backend| backend.header.file == file);
        self.index();
    }
}

/// A part of a module that could not be read.
#[derive(Clone, Debug)]
pub(crate) struct Lost {
    pub(crate) path: Arc<str>,
    /// `None` for a whole file.
    pub(crate) span: Option<Span>,
    /// The type of the one resource that it declares, where that could be read.
    pub(crate) kind: Option<Arc<str>>,
}

/// A `variable` block.
#[derive(Clone, Debug)]
#[expect(dead_code, reason = "what the block says is kept whole; validations will bound unknown values")]
pub(crate) struct Variable {
    pub(crate) name: Arc<str>,
    /// The whole block.
    pub(crate) span: Span,
    /// `variable "name"`.
    pub(crate) header: Span,
    pub(crate) default: Option<Expr>,
    pub(crate) ty: Option<Expr>,
    pub(crate) nullable: Option<Expr>,
    /// Whether `sensitive` is written and is not the literal `false`.
    pub(crate) sensitive: bool,
    /// Whether `ephemeral` is written and is not the literal `false`.
    pub(crate) ephemeral: bool,
    pub(crate) validations: Vec<Block>,
}

/// An `output` block.
#[derive(Clone, Debug)]
#[expect(dead_code, reason = "what the block says is kept whole")]
pub(crate) struct Output {
    pub(crate) name: Arc<str>,
    pub(crate) span: Span,
    pub(crate) header: Span,
    pub(crate) value: Option<Expr>,
    pub(crate) sensitive: bool,
    pub(crate) block: Block,
}

/// A `resource`, `data` or `ephemeral` block.
#[derive(Clone, Debug)]
pub(crate) struct ResourceBlock {
    /// `aws_kms_key`.
    pub(crate) kind: Arc<str>,
    pub(crate) name: Arc<str>,
    pub(crate) data: bool,
    pub(crate) block: Block,
}

/// A `provider` block.
#[derive(Clone, Debug)]
pub(crate) struct ProviderBlock {
    /// The local name: `aws`.
    pub(crate) name: Arc<str>,
    pub(crate) alias: Option<Arc<str>>,
    pub(crate) block: Block,
}

/// Reads the module in `dir`: the files that Terraform would choose (OpenTofu, where the directory has `.tofu` files), override files merged afterwards in name order.
///
/// A directory that cannot be listed gives an empty module and a diagnostic that names it.
pub(crate) fn load_module(sources: &Sources, dir: &str) -> (Module, Vec<Diagnostic>) {
    let mut module = Module { dir: dir.to_owned(), ..Module::default() };
    let mut diagnostics = Vec::new();
    let entries = match sources.list(dir) {
        Ok(entries) => entries,
        Err(error) => {
            module.incomplete = true;
            module.lost.push(Lost { path: dir.into(), span: None, kind: None });
            diagnostics.push(Diagnostic::unreadable(dir, error.to_string()));
            return (module, diagnostics);
        }
    };
    let names: Vec<&str> =
        entries.iter().filter(|entry| !entry.is_dir && is_config(&entry.name)).map(|entry| &*entry.name).collect();
    let names: Vec<&str> = names.iter().filter(|name| !is_hidden(name, &names)).copied().collect();
    let read = |module: &mut Module, name: &str, diagnostics: &mut Vec<Diagnostic>| -> Option<Body> {
        let path = join(dir, name);
        match sources.load(&path) {
            Ok(file) => {
                module.files.push(file);
                let (body, found) = if name.ends_with(".json") {
                    syntax::parse_json_file(sources, file)
                } else {
                    syntax::parse_file(sources, file)
                };
                module.incomplete |= !found.is_empty();
                diagnostics.extend(found);
                Some(body)
            }
            Err(error) => {
                module.incomplete = true;
                module.lost.push(Lost { path: path.as_str().into(), span: None, kind: None });
                diagnostics.push(Diagnostic::unreadable(path, error.to_string()));
                None
            }
        }
    };
    let mut merged = Body::default();
    for name in names.iter().filter(|name| !is_override(name)) {
        if let Some(body) = read(&mut module, name, &mut diagnostics) {
            merged.attributes.extend(body.attributes);
            merged.blocks.extend(body.blocks);
            merged.unread.extend(body.unread);
        }
    }
    for name in names.iter().filter(|name| is_override(name)) {
        if let Some(body) = read(&mut module, name, &mut diagnostics) {
            overrides::apply(&mut merged, body, &mut diagnostics);
        }
    }
    for span in std::mem::take(&mut merged.unread) {
        module.lost.extend(lost(sources, span, &mut merged));
    }
    for attribute in merged.attributes.iter().filter(|attribute| !matches!(attribute.value.kind, ExprKind::Unread)) {
        diagnostics.push(Diagnostic::bad_input(
            attribute.name_span,
            format!("`{}` cannot be set at the top level of a module; expected a block", attribute.name),
        ));
    }
    for block in merged.blocks {
        declare(&mut module, block, &mut diagnostics);
    }
    each_once(&mut module.resources, &mut diagnostics);
    module.index();
    (module, diagnostics)
}

/// What is lost with a top-level item that could not be read; `None` where it can declare no resources. A block of the
/// same name that was read is then not known: the item may override it.
fn lost(sources: &Sources, span: Span, merged: &mut Body) -> Option<Lost> {
    let text = sources.text(span.file);
    let text = text.get(span.range()).unwrap_or_default();
    let head = text.split(['{', '=', '\n']).next().unwrap_or_default();
    let mut words = head.split(|c: char| c.is_whitespace() || c == '"').filter(|word| !word.is_empty());
    let keyword = words.next();
    let labels: Vec<&str> = words.collect();
    for block in &mut merged.blocks {
        if keyword == Some(&*block.kind)
            && block.labels.len() == labels.len()
            && block.labels.iter().zip(&labels).all(|((own, _), label)| **own == **label)
        {
            block.body.unread.push(span);
            for attribute in &mut block.body.attributes {
                attribute.value.kind = ExprKind::Unread;
            }
        }
    }
    let kind = match keyword {
        Some(
            "variable" | "output" | "locals" | "provider" | "terraform" | "data" | "check" | "moved" | "removed"
            | "import" | "ephemeral",
        ) => return None,
        Some("resource") if labels.len() == 2 => labels.first().map(|kind| Arc::from(*kind)),
        _ => None,
    };
    Some(Lost { path: sources.path(span.file), span: Some(span), kind })
}

/// Tells of each resource that is declared a second time, and leaves it out: Terraform refuses such a module.
fn each_once(resources: &mut Vec<ResourceBlock>, diagnostics: &mut Vec<Diagnostic>) {
    let mut first: BTreeMap<(bool, Arc<str>, Arc<str>), Span> = BTreeMap::new();
    resources.retain(|resource| {
        let header = resource.block.header;
        match first.entry((resource.data, resource.kind.clone(), resource.name.clone())) {
            Entry::Vacant(entry) => {
                entry.insert(header);
                true
            }
            Entry::Occupied(entry) => {
                let what = if resource.data { "data source" } else { "resource" };
                let message = format!("{what} `{}.{}` is declared twice", resource.kind, resource.name);
                diagnostics
                    .push(Diagnostic::bad_input(header, message).with_label(*entry.get(), "first declared here"));
                false
            }
        }
    });
}

/// Whether Terraform, or OpenTofu alone, reads a file of this name as part of a module.
pub(crate) fn is_config(name: &str) -> bool {
    stem(name).is_some() && !is_ignored(name)
}

/// The name without the ending of a configuration file, and that ending.
fn stem(name: &str) -> Option<(&str, &str)> {
    let endings = [".tf", ".tofu", ".tf.json", ".tofu.json"];
    endings.into_iter().find_map(|ending| Some((name.strip_suffix(ending)?, ending)))
}

/// Whether OpenTofu reads another of these files in place of this one: `a.tofu` hides `a.tf`, `a.tofu.json` hides
/// `a.tf.json` (<https://opentofu.org/docs/language/files/>, read 2026-11).
fn is_hidden(name: &str, names: &[&str]) -> bool {
    let by = match stem(name) {
        Some((stem, ".tf")) => format!("{stem}.tofu"),
        Some((stem, ".tf.json")) => format!("{stem}.tofu.json"),
        _ => return false,
    };
    names.contains(&&*by)
}

/// Whether a file of this name is an editor's or hidden file.
fn is_ignored(name: &str) -> bool {
    name.starts_with('.') || name.ends_with('~') || (name.starts_with('#') && name.ends_with('#'))
}

fn is_override(name: &str) -> bool {
    let stem = stem(name).map_or(name, |(stem, _)| stem);
    stem == "override" || stem.ends_with("_override")
}

/// Adds one top-level block to the module.
pub(crate) fn declare(module: &mut Module, block: Block, diagnostics: &mut Vec<Diagnostic>) {
    match &*block.kind {
        "variable" => {
            if let Some(name) = one_label(&block, diagnostics) {
                let variable = variable(name.clone(), &block);
                let header = variable.header;
                insert(&mut module.variables, name, variable, |first| first.header, header, "variable", diagnostics);
            }
        }
        "locals" => {
            if let Some((label, span)) = block.labels.first() {
                diagnostics.push(Diagnostic::bad_input(*span, format!("`locals` has no name, but found `{label}`")));
            }
            for attribute in block.body.attributes {
                let span = attribute.name_span;
                let name = attribute.name.clone();
                insert(&mut module.locals, name, attribute, |first| first.name_span, span, "local value", diagnostics);
            }
        }
        "output" => {
            if let Some(name) = one_label(&block, diagnostics) {
                let output = Output {
                    name: name.clone(),
                    span: block.span,
                    header: block.header,
                    value: expression(&block, "value"),
                    sensitive: flag(&block, "sensitive"),
                    block,
                };
                let header = output.header;
                insert(&mut module.outputs, name, output, |first| first.header, header, "output", diagnostics);
            }
        }
        "resource" | "data" | "ephemeral" => {
            let [(kind, _), (name, _)] = &*block.labels else {
                diagnostics.push(labels_wrong(&block, "a type and a name"));
                return;
            };
            let resource =
                ResourceBlock { kind: kind.clone(), name: name.clone(), data: &*block.kind == "data", block };
            let list = if &*resource.block.kind == "ephemeral" { &mut module.ephemeral } else { &mut module.resources };
            list.push(resource);
        }
        "module" => {
            if let Some(name) = one_label(&block, diagnostics) {
                let header = block.header;
                insert(&mut module.calls, name, block, |first| first.header, header, "module call", diagnostics);
            }
        }
        "provider" => {
            if let Some(name) = one_label(&block, diagnostics) {
                let alias = literal(&block, "alias");
                module.providers.push(ProviderBlock { name, alias, block });
            }
        }
        "terraform" => {
            let backend = block.body.blocks.iter().find(|inner| matches!(&*inner.kind, "backend" | "cloud"));
            if let Some(backend) = backend {
                module.backend = Some(backend.clone());
            }
            module.terraform.push(block);
        }
        "moved" => module.moved.push(block),
        "import" => module.import.push(block),
        "removed" => module.removed.push(block),
        "check" => module.check.push(block),
        kind => {
            let message = format!("`{kind}` blocks are not known and not evaluated");
            diagnostics.push(Diagnostic::not_evaluated(block.header, message));
        }
    }
}

fn variable(name: Arc<str>, block: &Block) -> Variable {
    Variable {
        name,
        span: block.span,
        header: block.header,
        default: expression(block, "default"),
        ty: expression(block, "type"),
        nullable: expression(block, "nullable"),
        sensitive: flag(block, "sensitive"),
        ephemeral: flag(block, "ephemeral"),
        validations: block.body.blocks("validation").cloned().collect(),
    }
}

/// Inserts what is declared first; a second declaration of the same name is told and left out.
fn insert<T>(
    map: &mut BTreeMap<Arc<str>, T>,
    name: Arc<str>,
    value: T,
    place: impl Fn(&T) -> Span,
    span: Span,
    what: &str,
    diagnostics: &mut Vec<Diagnostic>,
) {
    match map.entry(name) {
        Entry::Vacant(entry) => {
            entry.insert(value);
        }
        Entry::Occupied(entry) => {
            let message = format!("{what} `{}` is declared twice", entry.key());
            diagnostics
                .push(Diagnostic::bad_input(span, message).with_label(place(entry.get()), "first declared here"));
        }
    }
}

fn one_label(block: &Block, diagnostics: &mut Vec<Diagnostic>) -> Option<Arc<str>> {
    if let [(name, _)] = &*block.labels {
        return Some(name.clone());
    }
    diagnostics.push(labels_wrong(block, "one name"));
    None
}

fn labels_wrong(block: &Block, expected: &str) -> Diagnostic {
    let message = format!("a `{}` block has {expected}, but found {} labels", block.kind, block.labels.len());
    Diagnostic::bad_input(block.header, message)
}

fn expression(block: &Block, name: &str) -> Option<Expr> {
    block.body.attribute(name).map(|attribute| attribute.value.clone())
}

fn flag(block: &Block, name: &str) -> bool {
    block.body.attribute(name).is_some_and(|attribute| !matches!(attribute.value.kind, ExprKind::Bool(false)))
}

fn literal(block: &Block, name: &str) -> Option<Arc<str>> {
    match &block.body.attribute(name)?.value.kind {
        ExprKind::String(text) => Some(text.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
