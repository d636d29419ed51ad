//! What a request carries: condition keys and what is known of their values.

use crate::aws::{Account, AccountId, Arn, Known, Region};
use crate::organization::Organization;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// What is known of one condition key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Present with these values; symbols marked.
    Known(Vec<String>),
    Absent,
    /// Not known: whether it may be absent, and all values that it can have where that is known.
    Unknown {
        maybe_absent: bool,
        candidates: Vec<Option<Vec<String>>>,
    },
}

/// What is known of a request's condition keys. A key that is not listed is absent.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// By lower-case name; they go before the table's.
    own: BTreeMap<String, Fact>,
    table: Option<Table>,
}

/// The rows that are about one call; a fact is made when a policy asks for its key.
#[derive(Clone, Debug)]
struct Table {
    call: Call,
    action: String,
    placeholders: Vec<(&'static str, Vec<String>)>,
}

impl Context {
    /// Sets a key.
    pub fn set(&mut self, key: &str, fact: Fact) {
        self.own.insert(key.to_ascii_lowercase(), fact);
    }

    /// Sets a key to one known value.
    pub fn known(&mut self, key: &str, value: impl Into<String>) {
        self.set(key, Fact::Known(vec![value.into()]));
    }

    /// The key's state.
    pub fn get(&self, key: &str) -> Fact {
        let key = key.to_ascii_lowercase();
        if let Some(fact) = self.listed(&key) {
            return fact;
        }
        // Keys with a name of the user's choice are listed by their prefix.
        let prefix = ["aws:resourcetag/", "aws:requesttag/", "aws:principaltag/", "kms:encryptioncontext:"]
            .into_iter()
            .find(|prefix| key.starts_with(prefix));
        prefix.and_then(|prefix| self.listed(&format!("{prefix}*"))).unwrap_or(Fact::Absent)
    }

    fn listed(&self, key: &str) -> Option<Fact> {
        self.own.get(key).cloned().or_else(|| self.table.as_ref()?.fact(key))
    }
}

/// A row of `rules/request-context.yaml`; the file tells what its columns mean.
#[derive(Debug, Deserialize)]
struct Row {
    call: Call,
    key: String,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    candidates: Vec<String>,
    #[serde(default)]
    unknown: Option<Presence>,
    #[serde(default)]
    actions: Vec<String>,
    #[serde(default)]
    except: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Call {
    Role,
    Key,
    Vault,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Presence {
    Present,
    Maybe,
}

/// The rows in the file's order by lower-case key.
fn rows() -> &'static BTreeMap<String, Vec<Row>> {
    static ROWS: OnceLock<BTreeMap<String, Vec<Row>>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let rows: Vec<Row> = serde_yaml::from_str(include_str!("../../rules/request-context.yaml")).unwrap_or_default();
        let mut by_key: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for row in rows {
            by_key.entry(row.key.to_ascii_lowercase()).or_default().push(row);
        }
        by_key
    })
}

fn text<T: std::fmt::Display>(known: &Known<T>) -> String {
    match known {
        Known::Is(value) => value.to_string(),
        Known::Symbol(symbol) => format!("\u{1}{symbol}\u{1}"),
    }
}

impl Table {
    /// What the last row says that is about this call and of which something is known.
    fn fact(&self, key: &str) -> Option<Fact> {
        rows().get(key)?.iter().rev().find_map(|row| self.filled(row))
    }

    /// The row with the placeholders' values filled in.
    fn filled(&self, row: &Row) -> Option<Fact> {
        let listed = |list: &[String]| list.iter().any(|name| name.eq_ignore_ascii_case(&self.action));
        if (row.call != Call::Role && row.call != self.call)
            || (!row.actions.is_empty() && !listed(&row.actions))
            || listed(&row.except)
        {
            return None;
        }
        let expand = |value: &String| match self.placeholders.iter().find(|(name, _)| name == value) {
            Some((_, values)) => values.clone(),
            None => vec![value.clone()],
        };
        let values: Vec<String> = row.value.iter().chain(&row.candidates).flat_map(expand).collect();
        match (&*values, row.unknown) {
            // Nothing is known that the placeholder could stand for.
            ([], None) => None,
            ([one], None) => Some(Fact::Known(vec![one.clone()])),
            (_, unknown) => {
                let maybe_absent = unknown == Some(Presence::Maybe);
                let mut candidates: Vec<Option<Vec<String>>> =
                    values.into_iter().map(|value| Some(vec![value])).collect();
                if maybe_absent && !candidates.is_empty() {
                    candidates.push(None);
                }
                Some(Fact::Unknown { maybe_absent, candidates })
            }
        }
    }
}

fn table(call: Call, action: &str, placeholders: Vec<(&'static str, Vec<String>)>) -> Context {
    Context { own: BTreeMap::new(), table: Some(Table { call, action: action.to_owned(), placeholders }) }
}

/// The service-linked role's call of a KMS `action` on a key, made through `via` (`rds`, `ec2`, `fsx`).
pub fn key_use(
    action: &str,
    via: &str,
    regions: &[Region],
    caller: &super::Caller,
    key_account: &Account,
    organization: &Organization,
) -> Context {
    let service = |name: &str| regions.iter().map(|region| format!("{name}.{}.amazonaws.com", text(region))).collect();
    let mut placeholders = role(caller, key_account, organization);
    placeholders.extend([
        ("{via}", service(via)),
        ("{backup}", service("backup")),
        ("{region}", regions.iter().map(text).collect()),
    ]);
    table(Call::Key, action, placeholders)
}

/// The plan's role's call of an AWS Backup `action` on a vault or recovery point; `target` is the destination vault's ARN.
pub fn backup_call(
    action: &str,
    caller: &super::Caller,
    resource_account: &Account,
    target: Option<&str>,
    organization: &Organization,
) -> Context {
    let mut placeholders = role(caller, resource_account, organization);
    placeholders.push(("{target}", target.map(str::to_owned).into_iter().collect()));
    let account = target.and_then(Arn::parse).and_then(|arn| AccountId::parse(arn.account)).map(Known::Is);
    placeholders.push(("{target-path}", account.map(|account| path(organization, &account)).unwrap_or_default()));
    table(Call::Vault, action, placeholders)
}

fn role(
    caller: &super::Caller,
    resource_account: &Account,
    organization: &Organization,
) -> Vec<(&'static str, Vec<String>)> {
    let id = organization.id.as_ref().map_or_else(|| "\u{1}organization id\u{1}".to_owned(), ToString::to_string);
    vec![
        ("{account}", vec![text(&caller.account)]),
        ("{role}", vec![caller.role_arn.clone()]),
        ("{resource-account}", vec![text(resource_account)]),
        ("{path}", member(&id, organization, &caller.account)),
        ("{resource-path}", member(&id, organization, resource_account)),
        ("{organization}", vec![id]),
    ]
}

/// Where the account lies in the organization; of a path that is not known its beginning is: the organization's id.
fn member(id: &str, organization: &Organization, account: &Account) -> Vec<String> {
    match path(organization, account) {
        known if !known.is_empty() => known,
        _ => vec![format!("{id}/\u{1}organizational units of {}\u{1}/", text(account).replace('\u{1}', ""))],
    }
}

/// Where the account lies in the organization, where all of the path is known.
fn path(organization: &Organization, account: &Account) -> Vec<String> {
    account.known().and_then(|account| organization.path(account)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_and_filled() {
        assert!(rows().values().map(Vec::len).sum::<usize>() > 40);
        let account = Known::Is(AccountId::parse("222222222222").unwrap());
        let caller = super::super::service_linked_role(&account, "aws");
        let owner = Known::Is(AccountId::parse("111111111111").unwrap());
        let one = [Region::Is("eu-west-1".into())];
        let grant = key_use("kms:CreateGrant", "rds", &one, &caller, &owner, &Organization::default());
        assert_eq!(grant.get("kms:viaservice"), Fact::Known(vec!["rds.eu-west-1.amazonaws.com".to_owned()]));
        assert_eq!(grant.get("kms:GrantIsForAWSResource"), Fact::Known(vec!["true".to_owned()]));
        assert_eq!(grant.get("aws:SourceVpce"), Fact::Absent);
        let describe = key_use("kms:DescribeKey", "rds", &one, &caller, &owner, &Organization::default());
        assert_eq!(describe.get("kms:GrantIsForAWSResource"), Fact::Absent);
        assert!(matches!(describe.get("kms:ViaService"), Fact::Unknown { candidates, .. } if candidates.len() == 3));
        let two = [Region::Is("eu-west-1".into()), Region::Is("eu-west-2".into())];
        let across = key_use("kms:CreateGrant", "rds", &two, &caller, &owner, &Organization::default());
        assert!(
            matches!(across.get("kms:ViaService"), Fact::Unknown { maybe_absent: false, candidates } if candidates.len() == 2)
        );
        let copy = backup_call("backup:CopyIntoBackupVault", &caller, &owner, Some("arn"), &Organization::default());
        assert_eq!(copy.get("backup:CopyTargets"), Fact::Absent);
    }
}
