//! From a value that names something to the entity that it names.

use super::{Graph, KeyId, KeyUse, RoleId, RoleTarget, VaultId, VaultTarget, Why};
use crate::aws::{Account, AccountId, Arn, Known, Place, distance};
use crate::model::{Setting, Settings};
use crate::source::Span;
use crate::value::{Kind, StackId, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Entities by where they are declared.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    pub(super) stores: BTreeMap<(StackId, Arc<str>), usize>,
    pub(super) lineages: BTreeMap<(StackId, Arc<str>), usize>,
    pub(super) templates: BTreeMap<(StackId, Arc<str>), usize>,
    pub(super) option_groups: BTreeMap<(StackId, Arc<str>), usize>,
    pub(super) vaults: BTreeMap<(StackId, Arc<str>), VaultId>,
    pub(super) keys: BTreeMap<(StackId, Arc<str>), KeyId>,
    pub(super) aliases: BTreeMap<(StackId, Arc<str>), usize>,
    pub(super) roles: BTreeMap<(StackId, Arc<str>), RoleId>,
    pub(super) managed: BTreeMap<(StackId, Arc<str>), usize>,
    /// `aws_backup_region_settings` by account and Region.
    pub(super) settings: BTreeMap<Arc<Place>, Vec<usize>>,
    /// Roles that code defines, by account and name.
    named_roles: BTreeMap<(Account, String), RoleId>,
    /// Vaults that code defines, by name.
    pub(super) named_vaults: BTreeMap<Arc<str>, Vec<VaultId>>,
    /// Vaults by account, for near misses.
    accounts: BTreeMap<Account, Vec<VaultId>>,
}

impl Index {
    pub(super) fn new(graph: &Graph) -> Self {
        let id = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let place = |site: &crate::model::Site| (site.stack, site.address.clone());
        let entities = &graph.entities;
        let mut settings: BTreeMap<Arc<Place>, Vec<usize>> = BTreeMap::new();
        for (at, setting) in entities.settings.iter().enumerate() {
            if let Settings::Region { site, .. } = setting {
                settings.entry(site.place.clone()).or_default().push(at);
            }
        }
        let mut named_roles = BTreeMap::new();
        for (at, role) in entities.roles.iter().enumerate().filter(|(_, role)| !role.site.external) {
            if let Some(name) = role.name.as_ref().and_then(Value::marked_text) {
                named_roles.entry((role.site.place.account.clone(), name)).or_insert(RoleId(id(at)));
            }
        }
        let mut named_vaults: BTreeMap<Arc<str>, Vec<VaultId>> = BTreeMap::new();
        for (at, vault) in entities.vaults.iter().enumerate().filter(|(_, vault)| !vault.site.external) {
            if let Some(name) = vault.name.text() {
                named_vaults.entry(name).or_default().push(VaultId(id(at)));
            }
        }
        let mut accounts: BTreeMap<Account, Vec<VaultId>> = BTreeMap::new();
        for (at, vault) in entities.vaults.iter().enumerate() {
            accounts.entry(vault.site.place.account.clone()).or_default().push(VaultId(id(at)));
        }
        Self {
            settings,
            named_roles,
            named_vaults,
            accounts,
            stores: entities.data_stores.iter().enumerate().map(|(at, e)| (place(&e.site), at)).collect(),
            lineages: entities.lineages.iter().enumerate().map(|(at, e)| (place(&e.site), at)).collect(),
            templates: entities.launch_templates.iter().enumerate().map(|(at, e)| (place(&e.site), at)).collect(),
            option_groups: entities.option_groups.iter().enumerate().map(|(at, e)| (place(&e.site), at)).collect(),
            vaults: entities.vaults.iter().enumerate().map(|(at, e)| (place(&e.site), VaultId(id(at)))).collect(),
            keys: entities.keys.iter().enumerate().map(|(at, e)| (place(&e.site), KeyId(id(at)))).collect(),
            aliases: entities.aliases.iter().enumerate().map(|(at, e)| (place(&e.site), at)).collect(),
            roles: entities.roles.iter().enumerate().map(|(at, e)| (place(&e.site), RoleId(id(at)))).collect(),
            managed: entities.managed_policies.iter().enumerate().map(|(at, e)| (place(&e.site), at)).collect(),
        }
    }
}

/// In words, why a value names nothing that can be told.
pub(super) fn why(value: &Value, span: Span) -> Why {
    let (text, at) = match &value.kind {
        Kind::Cond(branches) => {
            let guard =
                branches.first().map(|branch| branch.guard.text.clone()).unwrap_or_else(|| "a condition".into());
            (format!("it depends on `{guard}`"), branches.first().and_then(|branch| branch.guard.span))
        }
        Kind::Ref(reference) => {
            (format!("`{}.{}` is not a resource that crossvault follows", reference.address, reference.attr), None)
        }
        _ => match value.first_unknown() {
            Some(unknown) => {
                let mut text = unknown.reason.to_string();
                if matches!(unknown.reason, crate::value::Reason::InputWithoutValue(_)) {
                    text.push_str("; give it with --var, --var-file or in crossvault.toml");
                }
                (text, unknown.span)
            }
            None => ("it is not known".to_owned(), None),
        },
    };
    Why { text, span: at.or(Some(span)) }
}

fn marker<T: std::fmt::Display>(known: &Known<T>) -> String {
    match known {
        Known::Is(text) => text.to_string(),
        Known::Symbol(symbol) => format!("\u{1}{symbol}\u{1}"),
    }
}

/// The ARN that `resource` has at `place`, symbols marked.
pub(super) fn arn_at(place: &Place, service: &str, resource: &str) -> String {
    let partition = place.partition().map_or_else(|| format!("\u{1}partition of {}\u{1}", place.region), str::to_owned);
    format!("arn:{partition}:{service}:{}:{}:{resource}", marker(&place.region), marker(&place.account))
}

/// The place that an ARN names; symbols where it has none or a hole.
pub(super) fn place_of(arn: &Arn<'_>) -> Place {
    let symbol = |text: &str, what: &str| -> Arc<str> {
        if text.is_empty() { format!("{what} of an ARN").into() } else { text.trim_matches('\u{1}').into() }
    };
    Place {
        account: AccountId::parse(arn.account).map_or_else(|| Known::Symbol(symbol(arn.account, "account")), Known::Is),
        region: if arn.region.is_empty() || arn.region.contains('\u{1}') {
            Known::Symbol(symbol(arn.region, "Region"))
        } else {
            Known::Is(arn.region.into())
        },
    }
}

/// The same answer from all alternatives, or none.
fn agreed<T>(
    branches: &[crate::value::Branch],
    resolve: impl Fn(&Value) -> T,
    same: impl Fn(&T, &T) -> bool,
) -> Option<T> {
    let mut answers = branches.iter().map(|branch| resolve(&branch.value));
    let first = answers.next()?;
    answers.all(|answer| same(&first, &answer)).then_some(first)
}

/// The vault that `setting` names, seen from `place`.
pub fn resolve_vault(graph: &Graph, setting: &Setting, place: &Place) -> VaultTarget {
    vault(graph, &graph.index, &setting.value, setting.span, place)
}

/// The vault that a copy action names: by its ARN, nothing else.
pub fn resolve_destination(graph: &Graph, setting: &Setting, place: &Place) -> VaultTarget {
    match (&setting.value.kind, setting.value.text()) {
        (Kind::String(_) | Kind::Template(_), Some(text)) if !text.starts_with("arn:") => VaultTarget::Unknown(Why {
            text: format!("`{text}` is not an ARN, and a copy's destination is named by its ARN"),
            span: Some(setting.span),
        }),
        _ => resolve_vault(graph, setting, place),
    }
}

pub(super) fn vault(graph: &Graph, index: &Index, value: &Value, span: Span, place: &Place) -> VaultTarget {
    match &value.kind {
        Kind::Cond(branches) => {
            let same = |a: &VaultTarget, b: &VaultTarget| matches!((a, b), (VaultTarget::Vault(a), VaultTarget::Vault(b)) if a == b);
            return agreed(branches, |value| vault(graph, index, value, span, place), same)
                .unwrap_or_else(|| VaultTarget::Unknown(why(value, span)));
        }
        Kind::Ref(reference) => {
            if let Some(id) = index.vaults.get(&(reference.stack, reference.address.clone()))
                && let Some(vault) = graph.entities.vaults.get(id.0 as usize)
            {
                if !vault.site.external {
                    return VaultTarget::Vault(*id);
                }
                // A data source: the vault of that name in that place, wherever it is declared.
                return self::vault(graph, index, &vault.name, span, &vault.site.place);
            }
        }
        _ => {}
    }
    let Some(text) = value.marked_text().filter(|text| !text.is_empty()) else {
        return VaultTarget::Unknown(why(value, span));
    };
    let wanted =
        if text.starts_with("arn:") { text.clone() } else { arn_at(place, "backup", &format!("backup-vault:{text}")) };
    // A text that is one hole may be an ARN or a name.
    if text.starts_with('\u{1}')
        && text.trim_matches('\u{1}').find('\u{1}').is_none()
        && value.first_unknown().is_some()
    {
        let held = by_arn(graph, &wanted);
        return held.map_or_else(|| VaultTarget::Unknown(why(value, span)), VaultTarget::Vault);
    }
    if let Some(id) = by_arn(graph, &wanted) {
        return VaultTarget::Vault(id);
    }
    let Some(arn) = Arn::parse(&wanted).filter(|arn| arn.service == "backup") else {
        return VaultTarget::Unknown(Why {
            text: format!("`{}` is not the ARN of a backup vault", text.replace('\u{1}', "")),
            span: Some(span),
        });
    };
    let name = arn.resource.strip_prefix("backup-vault:").filter(|name| !name.contains('\u{1}'));
    let target = place_of(&arn);
    let near = name.and_then(|name| near(graph, index, name, &target));
    let clear = !wanted.contains('\u{1}');
    VaultTarget::External {
        arn: clear.then(|| wanted.as_str().into()),
        name: name.map(Into::into),
        place: target,
        span,
        near,
    }
}

fn by_arn(graph: &Graph, wanted: &str) -> Option<VaultId> {
    graph.vault_arns.get(wanted).copied()
}

/// A vault of nearly that name in that account and Region.
fn near(graph: &Graph, index: &Index, name: &str, place: &Place) -> Option<VaultId> {
    let close = |id: &&VaultId| {
        let own = graph.vault(**id).and_then(|vault| vault.name.text());
        own.is_some_and(|own| *own != *name && distance(&own, name) <= 2)
    };
    index.accounts.get(&place.account)?.iter().find(close).copied()
}

/// The key that `value` names, seen from `place`.
pub(super) fn key(graph: &Graph, index: &Index, value: &Value, span: Span, place: &Place, depth: usize) -> KeyUse {
    if depth > 8 {
        return KeyUse::Unknown(Why { text: "aliases refer to each other".to_owned(), span: Some(span) });
    }
    match &value.kind {
        Kind::Cond(branches) => {
            let same = |a: &KeyUse, b: &KeyUse| match (a, b) {
                (KeyUse::Customer { key: a, .. }, KeyUse::Customer { key: b, .. }) => a == b,
                (KeyUse::AwsManaged { alias: a, .. }, KeyUse::AwsManaged { alias: b, .. }) => a == b,
                _ => false,
            };
            return agreed(branches, |value| key(graph, index, value, span, place, depth + 1), same)
                .unwrap_or_else(|| KeyUse::Unknown(why(value, span)));
        }
        Kind::Ref(reference) => {
            let at = (reference.stack, reference.address.clone());
            if let Some(id) = index.keys.get(&at)
                && let Some(found) = graph.entities.keys.get(id.0 as usize)
            {
                return match &found.lookup {
                    Some(lookup) => key(graph, index, &lookup.value, span, &found.site.place, depth + 1),
                    None => KeyUse::Customer { key: *id, span },
                };
            }
            if let Some(alias) = index.aliases.get(&at).and_then(|at| graph.entities.aliases.get(*at)) {
                return match &alias.target {
                    Some(target) => key(graph, index, &target.value, span, &alias.site.place, depth + 1),
                    None => key(graph, index, &alias.name, span, &alias.site.place, depth + 1),
                };
            }
        }
        _ => {}
    }
    let Some(text) = value.marked_text() else { return KeyUse::Unknown(why(value, span)) };
    let (name, place) = match Arn::parse(&text) {
        Some(arn) if arn.service == "kms" => (arn.resource.to_owned(), place_of(&arn)),
        _ => (text.clone(), place.clone()),
    };
    if let Some(service) = name.strip_prefix("alias/aws/").filter(|service| !service.contains('\u{1}')) {
        return KeyUse::AwsManaged { alias: format!("aws/{service}").into(), span };
    }
    if name.starts_with("alias/") {
        let found = graph.entities.aliases.iter().find(|alias| {
            alias.target.is_some()
                && alias.name.marked_text().as_deref() == Some(&name)
                && alias.site.place.account.same(&place.account) == Some(true)
                && alias.site.place.region.same(&place.region) == Some(true)
        });
        if let Some(target) = found.and_then(|alias| alias.target.as_ref().map(|target| (alias, target))) {
            return key(graph, index, &target.1.value, span, &target.0.site.place, depth + 1);
        }
    }
    // An id alone names a key of the same account and Region.
    let whole = if name == text && !name.contains(['/', ':']) {
        arn_at(&place, "kms", &format!("key/{name}"))
    } else {
        text.clone()
    };
    if let Some(key) = graph.key_arns.get(whole.as_str()) {
        return KeyUse::Customer { key: *key, span };
    }
    // A data source was seen to lead from a name to this key: the name may lead on.
    if let Some((name, place)) = seen(graph, &text) {
        let named = key(graph, index, name, span, place, depth + 1);
        if !matches!(named, KeyUse::External { .. } | KeyUse::Unknown(_)) {
            return named;
        }
    }
    if let Some(known) = graph.facts.keys.iter().position(|known| *known.arn == *text) {
        let id = graph.known_keys.get(known).copied();
        if let Some(key) = id {
            return KeyUse::Customer { key, span };
        }
    }
    if value.first_unknown().is_some() && !text.contains("key/") && !name.starts_with("alias/") {
        return KeyUse::Unknown(why(value, span));
    }
    KeyUse::External { name: Box::new(value.clone()), span }
}

/// The name under which some data source found the key of this ARN, and where.
fn seen<'g>(graph: &'g Graph, arn: &str) -> Option<(&'g Value, &'g Place)> {
    let keys = graph.entities.keys.iter().filter(|key| key.site.external && key.arn.as_deref() == Some(arn));
    let by_key = keys.filter_map(|key| Some((&key.lookup.as_ref()?.value, &*key.site.place)));
    let aliases = graph.entities.aliases.iter().filter(|alias| alias.seen.as_deref() == Some(arn));
    let by_alias = aliases.map(|alias| (&alias.name, &*alias.site.place));
    by_key.chain(by_alias).find(|(name, _)| name.text().as_deref() != Some(arn))
}

/// The role that `setting` names, seen from `place`.
pub fn resolve_role(graph: &Graph, setting: &Setting, place: &Place) -> RoleTarget {
    role(graph, &graph.index, &setting.value, setting.span, place)
}

pub(super) fn role(graph: &Graph, index: &Index, value: &Value, span: Span, place: &Place) -> RoleTarget {
    match &value.kind {
        Kind::Cond(branches) => {
            let same =
                |a: &RoleTarget, b: &RoleTarget| matches!((a, b), (RoleTarget::Role(a), RoleTarget::Role(b)) if a == b);
            return agreed(branches, |value| role(graph, index, value, span, place), same)
                .unwrap_or_else(|| RoleTarget::Unknown(why(value, span)));
        }
        Kind::Ref(reference) => {
            if let Some(id) = index.roles.get(&(reference.stack, reference.address.clone()))
                && let Some(found) = graph.entities.roles.get(id.0 as usize)
            {
                if !found.site.external {
                    return RoleTarget::Role(*id);
                }
                // A data source: the role of that name in that account, whatever its path.
                let name = found.name.as_ref().and_then(Value::marked_text);
                let named = name.and_then(|name| index.named_roles.get(&(found.site.place.account.clone(), name)));
                if let Some(id) = named {
                    return RoleTarget::Role(*id);
                }
            }
        }
        _ => {}
    }
    let Some(text) = value.marked_text() else { return RoleTarget::Unknown(why(value, span)) };
    let name = text.rsplit('/').next().unwrap_or(&text);
    let account = Arn::parse(&text).map_or_else(|| place.account.clone(), |arn| place_of(&arn).account);
    match index.named_roles.get(&(account, name.to_owned())) {
        Some(id) => RoleTarget::Role(*id),
        None if text.starts_with('\u{1}') && value.first_unknown().is_some() => RoleTarget::Unknown(why(value, span)),
        None => RoleTarget::External { arn: value.clone(), span },
    }
}
