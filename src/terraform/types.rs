//! The types of values, and the one type that several can be brought to, as Terraform (cty) decides both.

use crate::value::{Kind, Map, MapKind, Seq, SeqKind, Type, Value};
use std::cmp::Ordering;
use std::collections::{BTreeMap, VecDeque};

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

/// The same for a result of a conditional that may not be taken: what a function makes of something unknown may turn out to
/// be an error, and then it may be anything.
pub(crate) fn of_result(value: &Value) -> Type {
    match &value.kind {
        Kind::Unknown(unknown) if is_open(&unknown.ty) => Type::Dynamic,
        Kind::Seq(seq) if seq.open.is_some() && is_open(&element_of(seq)) => Type::Dynamic,
        Kind::Seq(seq) if seq.kind == SeqKind::Tuple && seq.open.is_none() => {
            Type::Tuple(seq.items.iter().map(of_result).collect())
        }
        Kind::Map(map) if map.kind == MapKind::Object && map.open.is_none() => {
            let attributes = map.entries.iter();
            Type::Object(attributes.map(|(name, entry)| (name.clone(), (of_result(&entry.value), false))).collect())
        }
        _ => of(value),
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
        _ => common(seq.items.iter().map(of)),
    }
}

/// The type of what is in one collection; of some elements less may be known.
fn common(types: impl Iterator<Item = Type>) -> Type {
    let known: Vec<Type> = types.filter(|ty| *ty != Type::Dynamic).collect();
    unify(&known).unwrap_or_default()
}

fn of_map(map: &Map) -> Type {
    match map.kind {
        MapKind::Map => {
            let element = match &map.element {
                Some(element) if map.entries.is_empty() => (**element).clone(),
                _ => common(map.entries.values().map(|entry| of(&entry.value))),
            };
            Type::Map(Box::new(element))
        }
        MapKind::Object if map.open.is_some() => Type::Dynamic,
        MapKind::Object => {
            Type::Object(map.entries.iter().map(|(name, entry)| (name.clone(), (of(&entry.value), false))).collect())
        }
    }
}

/// The type that all of these can be brought to, though a value at hand may turn out not to be convertible; `None` where
/// there is none, or where there are no types.
///
/// This and what it calls follow cty's `convert` package (`unify.go`, `compare_types.go`, `conversion.go`) step by step:
/// what a conditional gives hangs on each of them.
pub(crate) fn unify(types: &[Type]) -> Option<Type> {
    let (first, rest) = types.split_first()?;
    if rest.iter().all(|ty| ty == first) {
        return Some(first.clone());
    }
    let count = |test: fn(&Type) -> bool| types.iter().filter(|ty| test(ty)).count();
    let dynamic = count(|ty| *ty == Type::Dynamic);
    let maps = count(|ty| matches!(ty, Type::Map(_)));
    let lists = count(|ty| matches!(ty, Type::List(_)));
    let sets = count(|ty| matches!(ty, Type::Set(_)));
    let objects = count(|ty| matches!(ty, Type::Object(_)));
    let tuples = count(|ty| matches!(ty, Type::Tuple(_)));
    let only = |some: usize| some > 0 && some + dynamic == types.len();
    if only(maps) || only(lists) || only(sets) {
        if dynamic > 0 {
            return Some(Type::Dynamic);
        }
        let element = Box::new(unify(&elements(types))?);
        let to = match first {
            Type::Map(_) => Type::Map(element),
            Type::List(_) => Type::List(element),
            _ => Type::Set(element),
        };
        return reached(types, to);
    }
    if only(objects) || only(tuples) {
        return match dynamic {
            0 if objects > 0 => unify_objects(types),
            0 => unify_tuples(types),
            _ => Some(Type::Dynamic),
        };
    }
    if maps > 0 && only(maps + objects) {
        // Objects are often maps in disguise.
        let of = |ty: &Type| matches!(ty, Type::Object(_));
        if let Some(to @ Type::Map(_)) = in_disguise(types, of, |element| Type::Map(Box::new(element))) {
            return Some(to);
        }
    } else if lists > 0 && only(lists + tuples) {
        let of = |ty: &Type| matches!(ty, Type::Tuple(_));
        if let Some(to @ Type::List(_)) = in_disguise(types, of, |element| Type::List(Box::new(element))) {
            return Some(to);
        }
    } else if objects > 0 && tuples > 0 {
        return None;
    }
    let reaches = |to: &Type| types.iter().all(|from| from == to || converts(from, to));
    by_preference(types).into_iter().find(|to| reaches(to)).cloned()
}

/// The type, where all can be brought to it.
fn reached(types: &[Type], to: Type) -> Option<Type> {
    types.iter().all(|from| *from == to || converts(from, &to)).then_some(to)
}

/// The same types with those that `of` names as one collection of all that they hold.
fn in_disguise(types: &[Type], of: impl Fn(&Type) -> bool, collection: impl Fn(Type) -> Type) -> Option<Type> {
    let disguised: Vec<Type> = types.iter().filter(|ty| of(ty)).cloned().collect();
    let shown = collection_of(&disguised, &collection)?;
    let all: Vec<Type> = types.iter().map(|ty| if of(ty) { shown.clone() } else { ty.clone() }).collect();
    unify(&all)
}

fn collection_of(types: &[Type], collection: &impl Fn(Type) -> Type) -> Option<Type> {
    reached(types, collection(unify(&elements(types))?))
}

fn unify_objects(types: &[Type]) -> Option<Type> {
    let map = || collection_of(types, &|element| Type::Map(Box::new(element)));
    let rows: Vec<&BTreeMap<_, _>> = types
        .iter()
        .filter_map(|ty| match ty {
            Type::Object(attributes) => Some(attributes),
            _ => None,
        })
        .collect();
    let (first, rest) = rows.split_first()?;
    if rest.iter().any(|row| row.keys().ne(first.keys())) {
        return map();
    }
    let attributes = first.keys().map(|name| {
        let column: Vec<Type> = rows.iter().filter_map(|row| row.get(name)).map(|(ty, _)| ty.clone()).collect();
        Some((name.clone(), (unify(&column)?, false)))
    });
    let object = attributes.collect::<Option<_>>().map(Type::Object)?;
    reached(types, object).or_else(map)
}

fn unify_tuples(types: &[Type]) -> Option<Type> {
    let list = || collection_of(types, &|element| Type::List(Box::new(element)));
    let rows: Vec<&Vec<Type>> = types
        .iter()
        .filter_map(|ty| match ty {
            Type::Tuple(elements) => Some(elements),
            _ => None,
        })
        .collect();
    let (first, rest) = rows.split_first()?;
    if rest.iter().any(|row| row.len() != first.len()) {
        return list();
    }
    let places = (0..first.len()).map(|at| {
        let column: Vec<Type> = rows.iter().filter_map(|row| row.get(at)).cloned().collect();
        unify(&column)
    });
    let tuple = places.collect::<Option<_>>().map(Type::Tuple)?;
    reached(types, tuple).or_else(list)
}

/// More different types are taken in the order in which they stand.
const MOST_COMPARED: usize = 256;

/// The types, each once, those first that others would rather become.
fn by_preference(all: &[Type]) -> Vec<&Type> {
    let mut types: Vec<&Type> = Vec::new();
    for ty in all {
        if types.len() > MOST_COMPARED {
            return all.iter().take(MOST_COMPARED).collect();
        }
        if !types.contains(&ty) {
            types.push(ty);
        }
    }
    let mut before: Vec<usize> = vec![0; types.len()];
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); types.len()];
    for (i, a) in types.iter().enumerate() {
        for (j, b) in types.iter().enumerate().skip(i + 1) {
            let (first, second) = match compared(a, b) {
                Ordering::Less => (i, j),
                Ordering::Greater => (j, i),
                Ordering::Equal => continue,
            };
            if let Some(after) = after.get_mut(first) {
                after.push(second);
            }
            if let Some(before) = before.get_mut(second) {
                *before += 1;
            }
        }
    }
    let mut queue: VecDeque<usize> = (0..types.len()).filter(|at| before.get(*at) == Some(&0)).collect();
    let mut out = Vec::with_capacity(types.len());
    while let Some(at) = queue.pop_front() {
        out.extend(types.get(at).copied());
        for next in after.get(at).into_iter().flatten() {
            if let Some(before) = before.get_mut(*next) {
                *before -= 1;
                if *before == 0 {
                    queue.push_back(*next);
                }
            }
        }
    }
    out
}

/// Which of two types the other would rather become: that one is less.
fn compared(a: &Type, b: &Type) -> Ordering {
    let several = |pairs: &mut dyn Iterator<Item = Ordering>| {
        let (mut less, mut greater) = (false, false);
        for order in pairs {
            less |= order == Ordering::Less;
            greater |= order == Ordering::Greater;
        }
        match (less, greater) {
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            _ => Ordering::Equal,
        }
    };
    match (a, b) {
        (Type::Dynamic, Type::Dynamic) => Ordering::Equal,
        (_, Type::Dynamic) => Ordering::Less,
        (Type::Dynamic, _) => Ordering::Greater,
        (a, b) if is_primitive(a) && is_primitive(b) => (*b == Type::String).cmp(&(*a == Type::String)),
        (Type::List(a), Type::List(b)) | (Type::Set(a), Type::Set(b)) | (Type::Map(a), Type::Map(b)) => compared(a, b),
        (Type::List(_), Type::Tuple(_) | Type::Set(_))
        | (Type::Tuple(_), Type::Set(_))
        | (Type::Map(_), Type::Object(_)) => Ordering::Less,
        (Type::Tuple(_) | Type::Set(_), Type::List(_))
        | (Type::Set(_), Type::Tuple(_))
        | (Type::Object(_), Type::Map(_)) => Ordering::Greater,
        (Type::Object(a), Type::Object(b)) if a.keys().eq(b.keys()) => {
            several(&mut a.values().zip(b.values()).map(|((a, _), (b, _))| compared(a, b)))
        }
        (Type::Tuple(a), Type::Tuple(b)) if a.len() == b.len() => {
            several(&mut a.iter().zip(b).map(|(a, b)| compared(a, b)))
        }
        _ => Ordering::Equal,
    }
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
fn elements(types: &[Type]) -> Vec<Type> {
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

/// Whether a value of the one type may be converted to the other.
pub(crate) fn converts(from: &Type, to: &Type) -> bool {
    let one = converts;
    match (from, to) {
        _ if from == to => true,
        (_, Type::Dynamic) | (Type::Dynamic, _) => true,
        (from, Type::String) => is_primitive(from),
        (Type::String, Type::Number | Type::Bool) => true,
        (Type::Set(from) | Type::List(from), Type::List(to) | Type::Set(to)) => one(from, to),
        (Type::Tuple(from), Type::List(to) | Type::Set(to)) => {
            if from.is_empty() || **to != Type::Dynamic {
                return from.iter().all(|from| one(from, to));
            }
            // Elements of any type become one type.
            match unify(from) {
                Some(Type::Dynamic) => from.iter().all(|from| *from == Type::Dynamic),
                Some(to) => from.iter().all(|from| one(from, &to)),
                None => false,
            }
        }
        (Type::Tuple(from), Type::Tuple(to)) => from.len() == to.len() && from.iter().zip(to).all(|(a, b)| one(a, b)),
        (Type::Map(from), Type::Map(to)) => one(from, to),
        (Type::Object(from), Type::Map(to)) => {
            if from.is_empty() || **to != Type::Dynamic {
                return from.values().all(|(from, _)| one(from, to));
            }
            let types: Vec<Type> = from.values().map(|(from, _)| from.clone()).collect();
            unify(&types).is_some_and(|to| types.iter().all(|from| one(from, &to)))
        }
        // Which keys there are is not known of a map.
        (Type::Map(from), Type::Object(to)) => to.values().all(|(to, optional)| *optional || one(from, to)),
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
        assert_eq!(
            unify(&[Type::Set(Box::new(Type::Number)), Type::Tuple(vec![Type::String])]),
            Some(Type::Set(Box::new(Type::Number)))
        );
        // Beside what may be of any type, a collection's type is open; text, numbers and bools are not.
        assert_eq!(unify(&[list(Type::Number), Type::Dynamic]), Some(Type::Dynamic));
        assert_eq!(unify(&[Type::Number, Type::Dynamic]), Some(Type::Number));
        assert_eq!(unify(&[map(Type::Number), object("a", Type::String)]), Some(map(Type::String)));
        assert_eq!(unify(&[list(Type::Dynamic), Type::Tuple(vec![Type::String, list(Type::String)])]), None);
        assert_eq!(unify(&[object("a", Type::Number), Type::Tuple(vec![])]), None);
    }
}
