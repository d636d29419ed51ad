//! Whether a selection reaches a data store, as AWS Backup evaluates it.
//!
//! Sources, read 2026-11: <https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources-json.html> and
//! <https://repost.aws/knowledge-center/backup-assign-resources>: what any of `Resources` or any of `ListOfTags` names is
//! selected, without either everything that the account is opted in for; of that all `Conditions` must hold, and
//! `NotResources` excludes.

use crate::aws::{Arn, wildcard};
use crate::catalog::{Catalog, Service};
use crate::graph::Why;
use crate::model::{DataStore, Selection, Setting, TagCondition, TagOperator};
use crate::source::Span;
use crate::value::{Branch, Guard, Kind, Ref, Value};
use std::sync::Arc;

pub(super) enum Match {
    No,
    /// Under these undecided conditions, if any.
    Yes {
        by_opt_in: bool,
        when: Vec<Guard>,
    },
    Maybe {
        why: Why,
        by_opt_in: bool,
    },
}

type Tri = Option<bool>;

fn or(a: Tri, b: Tri) -> Tri {
    match (a, b) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

fn and(a: Tri, b: Tri) -> Tri {
    or(a.map(|a| !a), b.map(|b| !b)).map(|x| !x)
}

pub(super) fn selects(selection: &Selection, store: &DataStore) -> Match {
    let named = selection.resources.iter().any(|setting| refers(&setting.value, store));
    let here = match (
        selection.site.place.account.same(&store.site.place.account),
        selection.site.place.region.same(&store.site.place.region),
    ) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    };
    // Two places of which it is not known whether they are one are joined only by a direct reference.
    if here != Some(true) && !named {
        return Match::No;
    }
    let (conditional, plain): (Vec<&Setting>, Vec<&Setting>) =
        selection.resources.iter().partition(|setting| matches!(setting.value.kind, Kind::Cond(_)));
    let service = Catalog::builtin().service(&store.service);
    let mut by_arn = Some(false);
    let mut regardless = false;
    for setting in plain {
        let covered = covers(setting, store);
        regardless |= covered == Some(true) && !needs_opt_in(setting, store, service);
        by_arn = or(by_arn, covered);
    }
    let mut when = Vec::new();
    if by_arn != Some(true) {
        when.extend(conditional.iter().find_map(|setting| condition(setting, store)));
        regardless |= named && !service.is_some_and(shares_its_arn);
        let others = conditional.into_iter().map(|setting| covers(setting, store));
        by_arn = if when.is_empty() { others.fold(by_arn, or) } else { Some(true) };
    }
    let by_tag = selection.tags.iter().map(|tag| tagged(tag, store)).fold(Some(false), or);
    let mut matched = match (selection.resources.is_empty(), selection.tags.is_empty()) {
        // What is not narrowed by ARN or tag is everything that the account is opted in for.
        (true, true) => Some(true),
        _ => or(by_arn, by_tag),
    };
    // What further lists may hold widens the selection, or gives it its first ARN or tag.
    if let Some(open) = &selection.open
        && !matches!(open.kind, Kind::Null(_))
        && (matched == Some(false) || selection.resources.is_empty() && selection.tags.is_empty())
    {
        matched = None;
    }
    let conditions = selection.conditions.iter().map(|condition| tagged(condition, store)).fold(Some(true), and);
    let excluded = selection.not_resources.iter().map(|setting| covers(setting, store)).fold(Some(false), or);
    let result = and(and(matched, conditions), excluded.map(|excluded| !excluded));
    let by_opt_in = !regardless;
    match result {
        Some(true) => Match::Yes { by_opt_in, when },
        Some(false) => Match::No,
        None => Match::Maybe { why: doubt(selection, store), by_opt_in },
    }
}

/// Whether a selection assigns a resource that it names by an ARN which no loaded code declares.
pub(super) enum ArnMatch {
    Yes,
    Maybe(Why),
    /// Why the plan cannot reach it, where that is not said by the selection itself.
    No(Option<Why>),
}

pub(super) fn selects_arn(selection: &Selection, text: &str, span: Span) -> ArnMatch {
    let place = &selection.site.place;
    if let Some(arn) = Arn::parse(text) {
        let other = |own: &str, here: Option<String>| !own.is_empty() && here.is_some_and(|here| here != own);
        let account = other(arn.account, place.account.known().map(ToString::to_string));
        let region = other(arn.region, place.region.known().map(ToString::to_string));
        if account || region {
            let what = if account { "account" } else { "Region" };
            let text = format!("`{text}` lies in another {what} than the plan, which backs up its own only");
            return ArnMatch::No(Some(Why { text, span: Some(span) }));
        }
    }
    let mut excluded = Some(false);
    for setting in &selection.not_resources {
        excluded = or(excluded, setting.value.text().map(|pattern| wildcard(&pattern, text)));
    }
    match (excluded, selection.conditions.first()) {
        (Some(true), _) => ArnMatch::No(None),
        (Some(false), None) => ArnMatch::Yes,
        (Some(false), Some(condition)) => ArnMatch::Maybe(Why {
            text: format!("whether `{text}` is selected is not known: no loaded code tells its tags"),
            span: Some(condition.span),
        }),
        (None, _) => ArnMatch::Maybe(Why {
            text: format!("whether `{text}` is selected is not known: what the selection excludes is not"),
            span: selection.not_resources.first().map(|setting| setting.span),
        }),
    }
}

/// Whether a pattern that covers the store leaves it to the account's opt-in whether it is backed up: `*`, the name of a
/// service alone, and types that share their ARN with others. A type or a single ARN is backed up regardless.
fn needs_opt_in(setting: &Setting, store: &DataStore, service: Option<&Service>) -> bool {
    if service.is_some_and(shares_its_arn) {
        return true;
    }
    if refers(&setting.value, store) {
        return false;
    }
    let Some(pattern) = setting.value.marked_text() else { return true };
    let Some(resource) = pattern.splitn(6, ':').nth(5) else { return true };
    let forms = service.map(|service| service.arns.as_slice()).unwrap_or_default();
    let mut types = forms.iter().filter_map(|form| Some(form.splitn(6, ':').nth(5)?.split('*').next()?.to_owned()));
    !types.any(|kind| resource.starts_with(&kind))
}

/// Whether other services have ARNs of the same form (Aurora, DocumentDB, Neptune and RDS clusters; FSx file systems).
fn shares_its_arn(service: &Service) -> bool {
    let same = |other: &&Service| other.arns.iter().any(|form| service.arns.contains(form));
    Catalog::builtin().services.values().filter(same).count() > 1
}

/// The condition under which a resource of the selection is the store.
fn condition(setting: &Setting, store: &DataStore) -> Option<Guard> {
    let Kind::Cond(branches) = &setting.value.kind else { return None };
    let covering =
        |branch: &&Branch| covers(&Setting { value: branch.value.clone(), span: setting.span }, store) == Some(true);
    branches.iter().find(covering).map(|branch| branch.guard.clone())
}

/// Calls `found` with every reference that the value may be.
pub(super) fn refers_to(value: &Value, found: &mut dyn FnMut(&Ref)) {
    match &value.kind {
        Kind::Ref(reference) => found(reference),
        Kind::Cond(branches) => branches.iter().for_each(|branch| refers_to(&branch.value, found)),
        _ => {}
    }
}

/// Whether the value is the store's own ARN or id.
fn refers(value: &Value, store: &DataStore) -> bool {
    match &value.kind {
        Kind::Ref(reference) => reference.stack == store.site.stack && reference.address == store.site.address,
        Kind::Cond(branches) => branches.iter().any(|branch| refers(&branch.value, store)),
        _ => false,
    }
}

/// Attributes that name a resource itself, in both languages.
const IDENTITIES: [&str; 10] = [
    "arn",
    "id",
    "Arn",
    "Ref",
    "DBClusterArn",
    "DBInstanceArn",
    "FileSystemId",
    "InstanceId",
    "ResourceARN",
    "VolumeId",
];

fn covers(setting: &Setting, store: &DataStore) -> Tri {
    if let Kind::Ref(reference) = &setting.value.kind {
        if reference.stack == store.site.stack && reference.address == store.site.address {
            return Some(true);
        }
        // Another resource of the code has an ARN of its own; a data source may have found this one.
        let identity = IDENTITIES.contains(&&*reference.attr);
        let declared = reference.stack == store.site.stack && !is_data(&reference.address);
        if reference.known.is_none() || identity && declared {
            return Some(false);
        }
    }
    if refers(&setting.value, store) {
        return None;
    }
    let patterns = Catalog::builtin().service(&store.service).map(|service| service.arns.clone()).unwrap_or_default();
    let pattern = setting.value.marked_text()?;
    if pattern == "*" {
        return Some(true);
    }
    let place = &store.site.place;
    let part = |text: Option<String>, symbol: &str| text.unwrap_or_else(|| format!("\u{1}{symbol}\u{1}"));
    let region = part(place.region.known().map(ToString::to_string), &place.region.to_string());
    let account = part(place.account.known().map(ToString::to_string), &place.account.to_string());
    // One that exists is known by its ARN alone.
    if let Some(arn) = &store.arn {
        if wildcard(&pattern, arn) {
            return Some(true);
        }
        if store.name.is_none() && !pattern.contains(['\u{1}', '\u{2}']) {
            return Some(false);
        }
    }
    // An ARN that ends in a resource's id, as instances and volumes are named in CloudFormation.
    let id = ends_in_id(&setting.value).filter(|reference| reference.stack == store.site.stack);
    if id.is_some_and(|reference| reference.address != store.site.address) {
        return Some(false);
    }
    let mut result = Some(false);
    for form in patterns.iter().filter(|form| is_form_of(form, &store.site.kind)) {
        let parts: Vec<&str> = form.splitn(6, ':').collect();
        let [_, _, service, _, _, resource] = parts.as_slice() else { continue };
        let own = || id.and_then(|reference| Value::new(Kind::Ref(reference.clone())).marked_text());
        let name = store.name.as_ref().and_then(Value::marked_text).or_else(own).unwrap_or_else(|| "\u{2}".to_owned());
        let resource = resource.replacen('*', &name, 1);
        let partition = place.partition().unwrap_or("aws");
        let arn = if *service == "s3" {
            format!("arn:{partition}:s3:::{resource}")
        } else {
            format!("arn:{partition}:{service}:{region}:{account}:{resource}")
        };
        let answer = if wildcard(&pattern, &arn) {
            Some(true)
        } else if pattern.contains(['\u{1}', '\u{2}']) || arn.contains(['\u{1}', '\u{2}']) {
            // Undecided only where the known beginnings agree.
            let head = |text: &str| text.split(['\u{1}', '\u{2}', '*', '?']).next().unwrap_or_default().to_owned();
            let (a, b) = (head(&pattern), head(&arn));
            if a.starts_with(&b) || b.starts_with(&a) { None } else { Some(false) }
        } else {
            Some(false)
        };
        result = or(result, answer);
    }
    result
}

/// The resource of the code whose id, not known before it is made, ends the text.
fn ends_in_id(value: &Value) -> Option<&Arc<Ref>> {
    let Kind::Template(parts) = &value.kind else { return None };
    match &parts.last()?.kind {
        Kind::Ref(reference) if reference.known.is_none() => {
            (matches!(&*reference.attr, "id" | "Ref") && !is_data(&reference.address)).then_some(reference)
        }
        _ => None,
    }
}

/// Whether an address is a data source's.
fn is_data(address: &str) -> bool {
    address.starts_with("data.") || address.contains(".data.")
}

/// Whether resources of this type have ARNs of this form, where a service has several: FSx's file systems and volumes.
fn is_form_of(form: &str, kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    match (form.contains(":volume/"), form.contains(":file-system/")) {
        (true, _) => kind.ends_with("volume"),
        (_, true) => !kind.ends_with("volume"),
        _ => true,
    }
}

/// Keys and values are compared with their case. Source: <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_Conditions.html>,
/// read 2026-11: conditions filter "tagged resources", and `*` is the only wildcard that is named.
fn tagged(condition: &TagCondition, store: &DataStore) -> Tri {
    let key = condition.key.text()?;
    let key = key.strip_prefix("aws:ResourceTag/").unwrap_or(&key);
    let map = store.tags.as_map()?;
    let negative = matches!(condition.operator, TagOperator::NotEquals | TagOperator::NotLike);
    let Some(entry) = map.entries.get(key).filter(|entry| !entry.value.is_null()) else {
        let untagged = map.entries.values().all(|entry| entry.value.is_null());
        return match map.open.is_some() || (negative && untagged) {
            true => None,
            false => Some(negative),
        };
    };
    let (own, wanted) = (entry.value.marked_text()?, condition.value.marked_text()?);
    let holes = own.contains('\u{1}') || wanted.contains('\u{1}');
    let matched = match condition.operator {
        _ if own == wanted => true,
        _ if holes => return None,
        TagOperator::Equals | TagOperator::NotEquals => false,
        TagOperator::Like | TagOperator::NotLike => {
            let asterisks = wildcard(&wanted, &own);
            if wanted.contains('?') && asterisks {
                return None;
            }
            asterisks
        }
    };
    Some(matched != negative)
}

fn doubt(selection: &Selection, store: &DataStore) -> Why {
    let unknown = selection
        .resources
        .iter()
        .map(|setting| (&setting.value, setting.span))
        .chain(
            selection
                .tags
                .iter()
                .chain(&selection.conditions)
                .flat_map(|tag| [(&tag.key, tag.span), (&tag.value, tag.span)]),
        )
        .chain(selection.open.iter().map(|value| (value, selection.site.header)))
        .chain([(&store.tags, store.site.header)])
        .find_map(|(value, span)| {
            value.first_unknown().map(|unknown| (unknown.reason.to_string(), unknown.span.unwrap_or(span)))
        });
    match unknown {
        Some((text, span)) => {
            Why { text: format!("whether `{}` is selected is not known: {text}", store.site.address), span: Some(span) }
        }
        None if untagged(selection, store) => Why {
            text: format!(
                "whether `{}` is selected cannot be told: it has no tags, and AWS documents conditions that exclude a tag for tagged resources only",
                store.site.address
            ),
            span: Some(store.site.header),
        },
        None => Why {
            text: format!(
                "whether `{}` is selected cannot be told from what is known of its name and tags",
                store.site.address
            ),
            span: Some(selection.site.header),
        },
    }
}

fn untagged(selection: &Selection, store: &DataStore) -> bool {
    let negative = |operator| matches!(operator, TagOperator::NotEquals | TagOperator::NotLike);
    selection.conditions.iter().any(|condition| negative(condition.operator))
        && store.tags.as_map().is_some_and(|map| map.entries.is_empty() && map.open.is_none())
}

/// Why a selection reaches nothing that is known.
pub(super) fn nothing(selection: &Selection) -> Why {
    let span = Some(selection.site.header);
    if let Some(open) = selection.open.as_ref().and_then(Value::first_unknown) {
        return Why {
            text: format!("what the selection assigns is not known: {}", open.reason),
            span: open.span.or(span),
        };
    }
    let tags: Vec<String> = selection
        .tags
        .iter()
        .chain(&selection.conditions)
        .filter_map(|tag| Some(format!("`{}` = `{}`", tag.key.text()?, tag.value.text()?)))
        .collect();
    let unknown = selection.resources.iter().find_map(|setting| setting.value.first_unknown());
    let text = match (unknown, tags.is_empty()) {
        (Some(unknown), _) => format!("what the selection assigns is not known: {}", unknown.reason),
        (None, false) => format!("no loaded data store in the plan's account and Region has the tags {}; resources outside this code may have them", tags.join(", ")),
        (None, true) => "no loaded data store in the plan's account and Region matches the selection; resources outside this code may".to_owned(),
    };
    Why { text, span }
}

#[cfg(test)]
mod tests;
