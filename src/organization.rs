//! The tree of an AWS organization as the configuration tells it: root, organizational units, accounts.

use crate::aws::AccountId;
use crate::source::Span;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A root or an organizational unit that the configuration lists. It holds the accounts that are listed, those of the
/// units that name it as their parent, and no others.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Unit {
    pub name: Option<Arc<str>>,
    /// The id of the unit or root above; `None` for a root, or where it is left out.
    pub parent: Option<Arc<str>>,
    /// Accounts directly below.
    pub accounts: BTreeSet<AccountId>,
    /// Whether AWS's policy `FullAWSAccess` is attached here, as it is unless somebody detaches it.
    pub full_access: bool,
    /// Where the configuration says so.
    pub span: Span,
}

/// What the configuration tells of the organization.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Organization {
    /// `o-a1b2c3d4e5`.
    pub id: Option<Arc<str>>,
    pub management_account: Option<AccountId>,
    /// Roots (`r-ab12`) and organizational units (`ou-ab12-cdef3456`) by id.
    pub units: BTreeMap<Arc<str>, Unit>,
    /// Accounts that are known to belong to no organization, or to another one.
    pub outside: BTreeSet<AccountId>,
    /// Accounts by the names that the configuration gives them.
    pub names: BTreeMap<Arc<str>, AccountId>,
}

impl Organization {
    /// Adds what another estate tells. Where both tell of a thing, the own word stays; another organization adds nothing.
    pub fn add(&mut self, other: Self) {
        if self.id.is_some() && other.id.is_some() && self.id != other.id {
            return;
        }
        self.id = self.id.take().or(other.id);
        self.management_account = self.management_account.or(other.management_account);
        for (id, unit) in other.units {
            self.units.entry(id).or_insert(unit);
        }
        self.outside.extend(other.outside);
        for (name, account) in other.names {
            self.names.entry(name).or_insert(account);
        }
    }

    /// The root's id, where it is listed.
    pub fn root(&self) -> Option<&Arc<str>> {
        let mut roots = self.units.keys().filter(|id| id.starts_with("r-"));
        roots.next().filter(|_| roots.next().is_none())
    }

    /// The unit of this name, where exactly one has it.
    pub fn unit_named(&self, name: &str) -> Option<&Arc<str>> {
        let mut named = self.units.iter().filter(|(_, unit)| unit.name.as_deref() == Some(name));
        named.next().filter(|_| named.next().is_none()).map(|(id, _)| id)
    }

    /// The units directly below a unit or root.
    pub fn children(&self, id: &str) -> impl Iterator<Item = (&Arc<str>, &Unit)> {
        self.units.iter().filter(move |(_, unit)| unit.parent.as_deref() == Some(id))
    }

    /// The unit or root directly above the account, where it is listed.
    pub fn parent_of(&self, account: &AccountId) -> Option<&Arc<str>> {
        self.units.iter().find(|(_, unit)| unit.accounts.contains(account)).map(|(id, _)| id)
    }

    /// All accounts below a root or unit, at any depth; `None` where it is not listed.
    pub fn accounts_below(&self, id: &str) -> Option<BTreeSet<AccountId>> {
        let mut out = self.units.get(id)?.accounts.clone();
        let mut seen = BTreeSet::from([id]);
        let mut open = vec![id];
        while let Some(above) = open.pop() {
            for (id, unit) in self.children(above) {
                if seen.insert(id) {
                    out.extend(&unit.accounts);
                    open.push(id);
                }
            }
        }
        Some(out)
    }

    /// The units above the account, the nearest first. The last one is a root where the whole path is known.
    pub fn above(&self, account: &AccountId) -> Vec<&Arc<str>> {
        let mut out: Vec<&Arc<str>> = Vec::new();
        let mut next = self.parent_of(account);
        while let Some(id) = next.filter(|id| !out.contains(id)) {
            out.push(id);
            next = self.units.get(id).and_then(|unit| unit.parent.as_ref());
        }
        out
    }

    /// `o-a1b2c3d4e5/r-ab12/ou-ab12-cdef3456/`, the form of `aws:PrincipalOrgPaths`; `None` where a part is not known.
    pub fn path(&self, account: &AccountId) -> Option<String> {
        let above = self.above(account);
        if !above.last()?.starts_with("r-") {
            return None;
        }
        let mut path = format!("{}/", self.id.as_ref()?);
        for id in above.iter().rev() {
            path.push_str(id);
            path.push('/');
        }
        Some(path)
    }
}

/// Whether the text has the form of a root's or an organizational unit's id.
///
/// Source: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_OrganizationalUnit.html>, read 2026-11.
pub fn is_unit_id(text: &str) -> bool {
    let plain = |part: &str, least: usize| {
        (least..=32).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
    };
    match text.split('-').collect::<Vec<_>>().as_slice() {
        ["r", root] => plain(root, 4),
        ["ou", root, unit] => plain(root, 4) && plain(unit, 8),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    fn organization() -> Organization {
        let unit = |parent: Option<&str>, accounts: &[&str]| Unit {
            name: None,
            parent: parent.map(Into::into),
            accounts: accounts.iter().map(|id| AccountId::parse(id).unwrap()).collect(),
            full_access: true,
            span: Span::new(FileId(0), 0..0),
        };
        Organization {
            id: Some("o-a1b2c3d4e5".into()),
            units: BTreeMap::from([
                ("r-ab12".into(), unit(None, &["333333333333"])),
                ("ou-ab12-11111111".into(), unit(Some("r-ab12"), &["111111111111"])),
                ("ou-ab12-22222222".into(), unit(Some("ou-ab12-11111111"), &["222222222222"])),
                ("ou-ab12-44444444".into(), unit(None, &["444444444444"])),
            ]),
            ..Organization::default()
        }
    }

    #[test]
    fn accounts_lie_below_every_unit_above_them() {
        let organization = organization();
        let below = |id: &str| organization.accounts_below(id).map(|accounts| accounts.len());
        assert_eq!(below("r-ab12"), Some(3));
        assert_eq!(below("ou-ab12-11111111"), Some(2));
        assert_eq!(below("ou-ab12-22222222"), Some(1));
        assert_eq!(below("ou-ab12-99999999"), None);
    }

    #[test]
    fn a_path_is_known_up_to_the_root_or_not_at_all() {
        let organization = organization();
        let path = |id: &str| organization.path(&AccountId::parse(id).unwrap());
        assert_eq!(path("222222222222").as_deref(), Some("o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/ou-ab12-22222222/"));
        assert_eq!(path("333333333333").as_deref(), Some("o-a1b2c3d4e5/r-ab12/"));
        assert_eq!(path("444444444444"), None);
        assert_eq!(path("555555555555"), None);
    }

    #[test]
    fn parents_in_a_circle_end() {
        let mut organization = organization();
        if let Some(unit) = organization.units.get_mut("ou-ab12-11111111") {
            unit.parent = Some("ou-ab12-22222222".into());
        }
        assert_eq!(organization.accounts_below("ou-ab12-11111111").map(|accounts| accounts.len()), Some(2));
        assert_eq!(organization.path(&AccountId::parse("222222222222").unwrap()), None);
    }

    #[test]
    fn ids_have_a_form() {
        assert!(is_unit_id("r-ab12") && is_unit_id("ou-ab12-cdef3456"));
        assert!(!is_unit_id("ou-ab12") && !is_unit_id("r-AB12") && !is_unit_id("111111111111") && !is_unit_id(""));
    }
}
