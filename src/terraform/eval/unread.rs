//! Code that was not read, and what it may add to.

use super::expand::SELF;
use super::{Evaluator, Instance, Scope};
use crate::resource::Unread;
use crate::source::Span;
use crate::terraform::ast::{Attribute, ExprKind};
use crate::terraform::module::Lost;
use crate::value::{Kind, Ref, Value};
use std::rc::Rc;
use std::sync::Arc;

/// After so many values of a call's arguments the rest is taken for anything.
const MOST_VALUES: usize = 100_000;

impl Evaluator<'_> {
    /// What a part of the module that could not be read may declare.
    pub(super) fn lost(&self, instance: &Instance, lost: &Lost) -> Option<Unread> {
        // A place to point at: that of the part itself, else the module's call, else its first file.
        let first = || instance.module.files.first().map(|file| Span::new(*file, 0..0));
        let span = lost.span.or_else(|| instance.chain.last().copied()).or_else(first)?;
        let part = if lost.span.is_some() { "a part of " } else { "" };
        Some(Unread {
            what: format!("{part}{}", lost.path).into(),
            why: format!("{part}`{}` could not be read", lost.path).into(),
            span,
            kind: lost.kind.clone(),
            of: None,
        })
    }

    /// What a module that is not at hand may add to what it is handed.
    pub(super) fn handed(&self, instance: &Rc<Instance>, name: &Arc<str>, missing: &Value, out: &mut Vec<Unread>) {
        let Some(block) = instance.module.calls.get(name) else { return };
        let why = missing.first_unknown().map_or_else(|| "it is not known".to_owned(), |why| why.reason.to_string());
        let what: Arc<str> = format!("{}{}.{name}", instance.prefix, block.kind).into();
        let unread = |span, of| Unread { what: what.clone(), why: why.as_str().into(), span, kind: None, of };
        let lost = |attribute: &Attribute| matches!(attribute.value.kind, ExprKind::Unread);
        if !block.body.unread.is_empty() || block.body.attributes.iter().any(lost) {
            out.push(unread(block.header, None));
            return;
        }
        let own = ["source", "version", "count", "for_each", "providers", "depends_on"];
        let scope = Scope::new(instance);
        let mut left = MOST_VALUES;
        let mut found: Vec<Ref> = Vec::new();
        for attribute in block.body.attributes.iter().filter(|attribute| !own.contains(&&*attribute.name)) {
            // An error in it is told where the module is at hand.
            let Ok(value) = self.eval(&attribute.value, &scope) else { continue };
            self.identities(&value, &mut left, &mut found);
        }
        if left == 0 {
            out.push(unread(block.header, None));
        }
        for reference in found {
            let Some(kind) = kind_of(&reference.address) else { continue };
            out.push(unread(block.header, Some((kind.into(), Value::new(Kind::Ref(Arc::new(reference)))))));
        }
    }

    /// The resources that the value names.
    fn identities(&self, value: &Value, left: &mut usize, out: &mut Vec<Ref>) {
        if *left == 0 {
            return;
        }
        *left -= 1;
        let mut add = |reference: Ref| {
            if !out.iter().any(|known| known.stack == reference.stack && known.address == reference.address) {
                out.push(reference);
            }
        };
        match &value.kind {
            Kind::Ref(reference) => add((**reference).clone()),
            Kind::Template(parts) => parts.iter().for_each(|part| self.identities(part, left, out)),
            Kind::Cond(branches) => branches.iter().for_each(|branch| self.identities(&branch.value, left, out)),
            Kind::Document(inner) => self.identities(inner, left, out),
            Kind::Seq(seq) => seq.items.iter().for_each(|item| self.identities(item, left, out)),
            Kind::Map(map) => {
                // A whole resource.
                if let Some(address) = map.entries.get(SELF).and_then(|entry| entry.value.text()) {
                    add(Ref { stack: self.stack, address, attr: "arn".into(), known: None });
                }
                map.entries.values().for_each(|entry| self.identities(&entry.value, left, out));
            }
            _ => {}
        }
    }
}

/// The type in an address: `aws_kms_key` of `module.m["a.b"].aws_kms_key.k["c.d"]`.
fn kind_of(address: &str) -> Option<&str> {
    let bare = if address.ends_with(']') { address.rsplit_once('[')?.0 } else { address };
    let (rest, _) = bare.rsplit_once('.')?;
    rest.rsplit(['.', ']']).next()
}

#[cfg(test)]
mod tests {
    use super::kind_of;

    #[test]
    fn the_type_is_found_in_an_address() {
        assert_eq!(kind_of("aws_kms_key.k"), Some("aws_kms_key"));
        assert_eq!(kind_of("data.aws_kms_key.k[0]"), Some("aws_kms_key"));
        assert_eq!(kind_of("module.m[\"a.b\"].aws_backup_vault.k[\"c.d\"]"), Some("aws_backup_vault"));
    }
}
