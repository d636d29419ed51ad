//! The types of values, and the one type that several can be brought to, as Terraform (cty) decides both.

use crate::value::{Kind, Map, MapKind, Seq, SeqKind, Type, Value};
use std::collections::BTreeMap;

/// The value's type, as far as it is known: null and what is not known may be of any type.
pub(crate) fn of(value: &Value) -> Type {
    match &value.kind {
        Kind::Null => Type::Dynamic,
        Kind::Bool(_) => Type::Bool,
        Kind::Number(_) => Type::Number,
        Kind::String(_) | Kind::Template(_) | Kind::Document(_) => Type::String,
        Kind::Unknown(unknown) => unknown.ty.clone(),
        Kind::Ref(reference) => match &reference.known {
            Some(known) => of(known),
            None if matches!(&*reference.attr, "id" | "arn" | "name" | "key_id" | "Ref" | "Arn") => Type::String,
            None => Type::Dynamic,
        },
        Kind::Cond(branches) => {
            let types: Vec<Type> = branches.iter().map(|branch| of(&branch.value)).collect();
            match types.split_first() {
                Some((first, rest)) if rest.iter().all(|ty| ty == first) => first.clone(),
                _ => Type::Dynamic,
            }
        }
        Kind::Seq(seq) => of_seq(seq),
        Kind::Map(map) => of_map(map),
    }
}

fn of_seq(seq: &Seq) -> Type {
    let element = || Box::new(unify(&seq.items.iter().map(of).collect::<Vec<_>>()).unwrap_or_default());
    match seq.kind {
        SeqKind::List => Type::List(element()),
        SeqKind::Set => Type::Set(element()),
        SeqKind::Tuple if seq.open.is_some() => Type::Dynamic,
        SeqKind::Tuple => Type::Tuple(seq.items.iter().map(of).collect()),
    }
}

fn of_map(map: &Map) -> Type {
    match map.kind {
        MapKind::Map => {
            let types: Vec<Type> = map.entries.values().map(|entry| of(&entry.value)).collect();
            Type::Map(Box::new(unify(&types).unwrap_or_default()))
        }
        MapKind::Object if map.open.is_some() => Type::Dynamic,
        MapKind::Object => {
            Type::Object(map.entries.iter().map(|(name, entry)| (name.clone(), (of(&entry.value), false))).collect())
        }
    }
}

/// The type that all of these can be brought to without loss; `None` where there is none. What may be of any type decides
/// nothing.
pub(crate) fn unify(types: &[Type]) -> Option<Type> {
    let known: Vec<&Type> = types.iter().filter(|ty| **ty != Type::Dynamic).collect();
    let Some((first, rest)) = known.split_first() else { return Some(Type::Dynamic) };
    if rest.iter().all(|ty| ty == first) {
        return Some((*first).clone());
    }
    let all = |test: fn(&Type) -> bool| known.iter().all(|ty| test(ty));
    if all(is_primitive) {
        return known.contains(&&Type::String).then_some(Type::String);
    }
    if all(|ty| matches!(ty, Type::Object(_))) {
        return unify_objects(&known);
    }
    if all(|ty| matches!(ty, Type::Tuple(_))) {
        return unify_tuples(&known);
    }
    if all(|ty| matches!(ty, Type::Map(_) | Type::Object(_))) {
        return Some(Type::Map(Box::new(unify(&elements(&known))?)));
    }
    if all(|ty| matches!(ty, Type::List(_) | Type::Tuple(_))) {
        return Some(Type::List(Box::new(unify(&elements(&known))?)));
    }
    if all(|ty| matches!(ty, Type::Set(_))) {
        return Some(Type::Set(Box::new(unify(&elements(&known))?)));
    }
    if all(|ty| matches!(ty, Type::List(_) | Type::Set(_) | Type::Tuple(_)))
        && known.iter().any(|ty| matches!(ty, Type::List(_)))
    {
        return Some(Type::List(Box::new(unify(&elements(&known))?)));
    }
    let preferred = known.iter().filter(|ty| matches!(ty, Type::List(_)));
    let candidates = preferred.chain(known.iter().filter(|ty| matches!(ty, Type::Set(_))));
    candidates.copied().find(|to| known.iter().all(|from| converts(from, to))).cloned()
}

/// Whether this is string, number or bool.
pub(crate) fn is_primitive(ty: &Type) -> bool {
    matches!(ty, Type::String | Type::Number | Type::Bool)
}

/// The types of all elements and attributes of these.
fn elements(types: &[&Type]) -> Vec<Type> {
    let mut out = Vec::new();
    for ty in types {
        match ty {
            Type::List(element) | Type::Set(element) | Type::Map(element) => out.push((**element).clone()),
            Type::Tuple(elements) => out.extend(elements.iter().cloned()),
            Type::Object(attributes) => out.extend(attributes.values().map(|(ty, _)| ty.clone())),
            _ => {}
        }
    }
    out
}

fn unify_objects(types: &[&Type]) -> Option<Type> {
    let rows: Vec<&BTreeMap<_, _>> = types
        .iter()
        .filter_map(|ty| match ty {
            Type::Object(attributes) => Some(attributes),
            _ => None,
        })
        .collect();
    let (first, rest) = rows.split_first()?;
    if rest.iter().any(|row| row.keys().ne(first.keys())) {
        return Some(Type::Map(Box::new(unify(&elements(types))?)));
    }
    let attributes = first.keys().map(|name| {
        let column: Vec<Type> = rows.iter().filter_map(|row| row.get(name)).map(|(ty, _)| ty.clone()).collect();
        Some((name.clone(), (unify(&column)?, false)))
    });
    attributes.collect::<Option<_>>().map(Type::Object)
}

fn unify_tuples(types: &[&Type]) -> Option<Type> {
    let rows: Vec<&Vec<Type>> = types
        .iter()
        .filter_map(|ty| match ty {
            Type::Tuple(elements) => Some(elements),
            _ => None,
        })
        .collect();
    let (first, rest) = rows.split_first()?;
    if rest.iter().any(|row| row.len() != first.len()) {
        return Some(Type::List(Box::new(unify(&elements(types))?)));
    }
    let places = (0..first.len()).map(|at| {
        let column: Vec<Type> = rows.iter().filter_map(|row| row.get(at)).cloned().collect();
        unify(&column)
    });
    places.collect::<Option<_>>().map(Type::Tuple)
}

/// Whether every value of the one type is one of the other.
fn converts(from: &Type, to: &Type) -> bool {
    match (from, to) {
        _ if from == to => true,
        (Type::Dynamic, _) | (_, Type::Dynamic) => true,
        (from, Type::String) => is_primitive(from),
        (Type::Set(from) | Type::List(from), Type::List(to)) | (Type::Set(from), Type::Set(to)) => converts(from, to),
        (Type::Tuple(from), Type::List(to) | Type::Set(to)) => from.iter().all(|from| converts(from, to)),
        (Type::Map(from), Type::Map(to)) => converts(from, to),
        (Type::Object(from), Type::Map(to)) => from.values().all(|(from, _)| converts(from, to)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_brought_together_as_terraform_does() {
        let object = |name: &str, ty| Type::Object([(name.into(), (ty, false))].into());
        let map = |ty| Type::Map(Box::new(ty));
        let list = |ty| Type::List(Box::new(ty));
        assert_eq!(unify(&[Type::Number, Type::String]), Some(Type::String));
        assert_eq!(unify(&[Type::Number, Type::Bool]), None);
        assert_eq!(unify(&[object("a", Type::Number), object("b", Type::String)]), Some(map(Type::String)));
        assert_eq!(unify(&[object("a", Type::Number), object("a", Type::String)]), Some(object("a", Type::String)));
        assert_eq!(
            unify(&[Type::Tuple(vec![Type::Number]), Type::Tuple(vec![Type::String, Type::Bool])]),
            Some(list(Type::String))
        );
        assert_eq!(unify(&[Type::Set(Box::new(Type::Number)), list(Type::String)]), Some(list(Type::String)));
        assert_eq!(unify(&[Type::Set(Box::new(Type::Number)), Type::Tuple(vec![Type::String])]), None);
        assert_eq!(unify(&[object("a", Type::Number), Type::Tuple(vec![])]), None);
    }
}
