//! The places and addresses that a finding on a copy names: where an ignore may stand.

use super::Ignore;
use crate::aws::wildcard;
use crate::checks::{Finding, Judgement};
use crate::copy::CopySource;
use crate::graph::{Graph, KeyUse, RoleTarget, VaultTarget};
use crate::model::Site;
use crate::resource::Stack;
use crate::source::{FileId, Sources, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The resource blocks of each file with their headers, by where they begin.
#[derive(Debug, Default)]
pub(super) struct Enclosing(BTreeMap<FileId, Vec<(Span, Span)>>);

impl Enclosing {
    pub(super) fn new(stacks: &[Arc<Stack>]) -> Self {
        let mut files: BTreeMap<FileId, Vec<(Span, Span)>> = BTreeMap::new();
        for resource in stacks.iter().flat_map(|stack| &stack.resources) {
            files.entry(resource.span.file).or_default().push((resource.span, resource.header));
        }
        for blocks in files.values_mut() {
            blocks.sort();
            blocks.dedup();
        }
        Self(files)
    }

    /// The header of the resource that the place lies in.
    fn header(&self, span: Span) -> Option<Span> {
        let blocks = self.0.get(&span.file)?;
        let after = blocks.partition_point(|(block, _)| block.start <= span.start);
        let (block, header) = blocks.get(after.checked_sub(1)?)?;
        (block.end >= span.end).then_some(*header)
    }
}

/// What a finding on a copy names.
pub(super) struct Places {
    /// (file, line from 1).
    pub(super) lines: BTreeSet<(FileId, usize)>,
    files: BTreeSet<Arc<str>>,
    addresses: BTreeSet<Arc<str>>,
}

impl Places {
    pub(super) fn of(
        sources: &Sources,
        graph: &Graph,
        enclosing: &Enclosing,
        judgement: &Judgement,
        finding: &Finding,
    ) -> Self {
        let mut spans: BTreeSet<Span> = BTreeSet::new();
        let mut ends: BTreeSet<Span> = BTreeSet::new();
        for label in finding.primary.iter().chain(&finding.labels) {
            ends.insert(label.span);
            spans.extend(enclosing.header(label.span));
        }
        let mut addresses = BTreeSet::new();
        for site in sites(graph, judgement) {
            spans.insert(site.header);
            spans.extend(site.chain.iter().copied());
            addresses.insert(site.address.clone());
        }
        let copy = &judgement.copy;
        if let Some(action) = graph
            .plan(copy.plan)
            .and_then(|plan| plan.rules.get(copy.rule))
            .and_then(|rule| rule.copy_actions.get(copy.action))
        {
            spans.insert(action.span);
            ends.insert(action.destination.span);
        }
        if let CopySource::Arn(named) = &copy.source {
            ends.insert(named.span);
            addresses.insert(named.arn.clone());
        }
        if let VaultTarget::External { arn: Some(arn), .. } = &copy.destination {
            addresses.insert(arn.clone());
        }
        let line = |file: FileId, at: u32| (file, sources.line_column(file, at as usize).0);
        let mut lines: BTreeSet<(FileId, usize)> =
            spans.iter().chain(&ends).map(|span| line(span.file, span.start)).collect();
        // A comment behind a value of several lines stands on its last one.
        lines.extend(ends.iter().map(|span| line(span.file, span.end)));
        let files = lines.iter().map(|(file, _)| sources.path(*file)).collect();
        Self { lines, files, addresses }
    }

    /// Whether the table covers this; its rule and date are looked at elsewhere.
    pub(super) fn matched(&self, ignore: &Ignore) -> bool {
        ignore.path.as_ref().is_none_or(|pattern| self.files.iter().any(|file| pattern.matches(file)))
            && ignore.address.as_ref().is_none_or(|wanted| self.addresses.iter().any(|own| names(wanted, own)))
    }
}

/// Whether `wanted` is the address, a module or resource that it belongs to, or a pattern of it.
fn names(wanted: &str, address: &str) -> bool {
    if wanted.contains('*') {
        return wildcard(wanted, address);
    }
    address.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// What the copy is made of: the data and its keys, the plan, the selection, the role, both vaults and the key there.
fn sites<'a>(graph: &'a Graph, judgement: &Judgement) -> Vec<&'a Site> {
    let copy = &judgement.copy;
    let mut out: Vec<&Site> = Vec::new();
    let key = |used: &KeyUse| match used {
        KeyUse::Customer { key, .. } => graph.key(*key).map(|key| &key.site),
        _ => None,
    };
    if let CopySource::Store(id) = &copy.source {
        out.extend(graph.store(*id).map(|store| &store.site));
        let parts = graph.store_part_keys.get(id.0 as usize).into_iter().flatten();
        out.extend(graph.store_keys.get(id.0 as usize).into_iter().chain(parts).filter_map(key));
    }
    out.extend(graph.plan(copy.plan).map(|plan| &plan.site));
    out.extend(copy.selection.and_then(|id| graph.selection(id)).map(|selection| &selection.site));
    if let RoleTarget::Role(id) = &copy.role {
        out.extend(graph.role(*id).map(|role| &role.site));
    }
    if let VaultTarget::Vault(id) = &copy.source_vault {
        out.extend(graph.vault(*id).map(|vault| &vault.site));
    }
    if let VaultTarget::Vault(id) = &copy.destination {
        out.extend(graph.vault(*id).map(|vault| &vault.site));
        out.extend(graph.vault_keys.get(id.0 as usize).and_then(key));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_what_lies_below_it() {
        assert!(names("module.legacy", "module.legacy[\"eu\"].aws_db_instance.a"));
        assert!(names("aws_db_instance.a", "aws_db_instance.a[0]"));
        assert!(names("module.*.aws_db_instance.a", "module.x.aws_db_instance.a"));
        assert!(!names("aws_db_instance.a", "aws_db_instance.ab"));
    }
}
