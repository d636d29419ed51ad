//! The types of values, and the one type that several can be brought to, as Terraform (cty) decides both.

use crate::value::{Kind, Map, MapKind, Seq, SeqKind, Type, Value};
use std::collections::BTreeMap;

/// The value's type, as far as it is known: null and what is not known may be of any type.
pub(crate) fn of(value: &Value) -> Type {
    match &value.kind {
        Kind::Null(ty) => ty.0.as_deref().cloned().unwrap_or_default(),
        Kind::Bool(_) => Type::Bool,
        Kind::Number(_) => Type::Number,
        Kind::String(_) | Kind::Template(_) | Kind::Document(_) => Type::String,
        Kind::Unknown(unknown) => unknown.ty.clone(),
        Kind::Ref(reference) => match &reference.known {
            Some(known) => of(known),
            None if matches!(&*reference.attr, "id" | "arn" | "name" | "key_id" | "Ref" | "Arn") => Type::String,
            None if reference.attr.ends_with("_arn") => Type::String,
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
    let element = || Box::new(element_of(seq));
    match seq.kind {
        SeqKind::List => Type::List(element()),
        SeqKind::Set => Type::Set(element()),
        SeqKind::Tuple if seq.open.is_some() => Type::Dynamic,
        SeqKind::Tuple => Type::Tuple(seq.items.iter().map(of).collect()),
    }
}

/// The type of the elements, as far as it is known; also where there are none.
pub(crate) fn element_of(seq: &Seq) -> Type {
    match &seq.element {
        Some(element) if seq.items.is_empty() => (**element).clone(),
        _ => unify(&seq.items.iter().map(of).collect::<Vec<_>>()).unwrap_or_default(),
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
    unify_by(types, Loss::None)
}

/// The same for the two results of a conditional: the one that is taken may turn out not to be of that type.
pub(crate) fn unify_results(then: &Type, otherwise: &Type) -> Option<Type> {
    let both = [then.clone(), otherwise.clone()];
    unify_by(&both, Loss::Some).or_else(|| unify_by(&both, Loss::Any))
}

/// Whether values may lose something by a conversion, or may turn out not to be convertible; and whether what may be of
/// any type, as null, keeps its neighbours as they are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Loss {
    None,
    Some,
    Any,
}

fn unify_by(types: &[Type], loss: Loss) -> Option<Type> {
    let known: Vec<&Type> = types.iter().filter(|ty| **ty != Type::Dynamic).collect();
    let Some((first, rest)) = known.split_first() else { return Some(Type::Dynamic) };
    if rest.iter().all(|ty| ty == first) {
        return Some((*first).clone());
    }
    let mixed =
        known.iter().any(|ty| matches!(ty, Type::Object(_))) && known.iter().any(|ty| matches!(ty, Type::Tuple(_)));
    let any = loss == Loss::Any && known.len() < types.len() && !mixed;
    unify_known(&known, loss).or_else(|| any.then_some(Type::Dynamic))
}

fn unify_known(known: &[&Type], loss: Loss) -> Option<Type> {
    let all = |test: fn(&Type) -> bool| known.iter().all(|ty| test(ty));
    if all(is_primitive) {
        return known.contains(&&Type::String).then_some(Type::String);
    }
    if all(|ty| matches!(ty, Type::Object(_))) {
        return unify_objects(known, loss);
    }
    if all(|ty| matches!(ty, Type::Tuple(_))) {
        return unify_tuples(known, loss);
    }
    let elements = || unify_by(&elements(known), loss).map(Box::new);
    if all(|ty| matches!(ty, Type::Map(_))) {
        return elements().map(Type::Map);
    }
    if all(|ty| matches!(ty, Type::List(_))) {
        return elements().map(Type::List);
    }
    if all(|ty| matches!(ty, Type::Set(_))) {
        return elements().map(Type::Set);
    }
    if all(|ty| matches!(ty, Type::Map(_) | Type::Object(_)))
        && let Some(element) = elements()
    {
        return Some(Type::Map(element));
    }
    if all(|ty| matches!(ty, Type::List(_) | Type::Set(_) | Type::Tuple(_)))
        && known.iter().any(|ty| matches!(ty, Type::List(_)))
        && let Some(element) = elements()
    {
        return Some(Type::List(element));
    }
    // Lists are preferred to tuples, both to sets, and maps to objects.
    let preference = |ty: &&&Type| match ty {
        Type::List(_) | Type::Map(_) => 0,
        Type::Tuple(_) | Type::Object(_) => 1,
        _ => 2,
    };
    let mut candidates: Vec<&&Type> = known.iter().collect();
    candidates.sort_by_key(preference);
    candidates.into_iter().find(|to| known.iter().all(|from| converts(from, to, loss))).map(|to| (*to).clone())
}

/// Whether a value of the one type may be converted to the other.
pub(crate) fn may_convert(from: &Type, to: &Type) -> bool {
    converts(from, to, Loss::Any)
}

/// Whether a part of the type may be any.
pub(crate) fn is_open(ty: &Type) -> bool {
    match ty {
        Type::Dynamic => true,
        Type::String | Type::Number | Type::Bool => false,
        Type::List(element) | Type::Set(element) | Type::Map(element) => is_open(element),
        Type::Tuple(elements) => elements.iter().any(is_open),
        Type::Object(attributes) => attributes.values().any(|(ty, _)| is_open(ty)),
    }
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

fn unify_objects(types: &[&Type], loss: Loss) -> Option<Type> {
    let rows: Vec<&BTreeMap<_, _>> = types
        .iter()
        .filter_map(|ty| match ty {
            Type::Object(attributes) => Some(attributes),
            _ => None,
        })
        .collect();
    let (first, rest) = rows.split_first()?;
    if rest.iter().any(|row| row.keys().ne(first.keys())) {
        return Some(Type::Map(Box::new(unify_by(&elements(types), loss)?)));
    }
    let attributes = first.keys().map(|name| {
        let column: Vec<Type> = rows.iter().filter_map(|row| row.get(name)).map(|(ty, _)| ty.clone()).collect();
        Some((name.clone(), (unify_by(&column, loss)?, false)))
    });
    attributes.collect::<Option<_>>().map(Type::Object)
}

fn unify_tuples(types: &[&Type], loss: Loss) -> Option<Type> {
    let rows: Vec<&Vec<Type>> = types
        .iter()
        .filter_map(|ty| match ty {
            Type::Tuple(elements) => Some(elements),
            _ => None,
        })
        .collect();
    let (first, rest) = rows.split_first()?;
    if rest.iter().any(|row| row.len() != first.len()) {
        return Some(Type::List(Box::new(unify_by(&elements(types), loss)?)));
    }
    let places = (0..first.len()).map(|at| {
        let column: Vec<Type> = rows.iter().filter_map(|row| row.get(at)).cloned().collect();
        unify_by(&column, loss)
    });
    places.collect::<Option<_>>().map(Type::Tuple)
}

/// Whether there is a conversion from the one type to the other.
fn converts(from: &Type, to: &Type, loss: Loss) -> bool {
    let one = |from: &Type, to: &Type| converts(from, to, loss);
    match (from, to) {
        _ if from == to => true,
        (Type::Dynamic, _) | (_, Type::Dynamic) => true,
        (from, Type::String) => is_primitive(from),
        (Type::String, Type::Number | Type::Bool) => loss != Loss::None,
        (Type::Set(from) | Type::List(from), Type::List(to)) | (Type::Set(from), Type::Set(to)) => one(from, to),
        // The order is lost.
        (Type::List(from), Type::Set(to)) => loss != Loss::None && one(from, to),
        // Elements of any type become one type.
        (Type::Tuple(from), Type::List(to)) if **to == Type::Dynamic => unify_by(from, loss).is_some(),
        (Type::Object(from), Type::Map(to)) if **to == Type::Dynamic => {
            unify_by(&from.values().map(|(from, _)| from.clone()).collect::<Vec<_>>(), loss).is_some()
        }
        (Type::Tuple(from), Type::List(to) | Type::Set(to)) => from.iter().all(|from| one(from, to)),
        (Type::Tuple(from), Type::Tuple(to)) => from.len() == to.len() && from.iter().zip(to).all(|(a, b)| one(a, b)),
        (Type::Map(from), Type::Map(to)) => one(from, to),
        (Type::Object(from), Type::Map(to)) => from.values().all(|(from, _)| one(from, to)),
        // Which keys there are is not known of a map.
        (Type::Map(from), Type::Object(to)) => loss != Loss::None && to.values().all(|(to, _)| one(from, to)),
        (Type::Object(from), Type::Object(to)) => to.iter().all(|(name, (to, optional))| match from.get(name) {
            Some((from, _)) => one(from, to),
            None => *optional,
        }),
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
