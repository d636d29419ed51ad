//! The table of services that AWS Backup protects, from `rules/services.yaml`.

use crate::aws::wildcard;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

/// Three-valued, as AWS's pages leave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Support {
    Yes,
    No,
    Unknown,
}

/// How data is encrypted where the code does not ask for encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unflagged {
    /// Not encrypted.
    None,
    /// Under the service's AWS-managed key.
    Managed,
    AwsOwned,
    /// As the account's setting for EBS says.
    AccountSetting,
    Unknown,
}

/// What becomes of an unencrypted backup when it is copied to another account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnencryptedCopy {
    DestinationKey,
    Stays,
}

/// How a resource type says what a row needs: attribute names, `block.attribute` within a block.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceForm {
    #[serde(rename = "type")]
    pub kind: Arc<str>,
    /// The type stands for this service only with one of these engines.
    #[serde(default)]
    pub engines: Vec<String>,
    /// The type stands for this service only where the attribute has this value.
    pub when: Option<(String, String)>,
    /// The attribute that ends the ARN.
    pub name: Option<String>,
    /// The ARN's end where it is made of several attributes: `database/{database_name}/table/{table_name}`.
    pub arn: Option<String>,
    /// The attribute that switches encryption on.
    pub flag: Option<String>,
    /// The attribute that names the key.
    pub key: Option<String>,
    /// Attributes that name the backup or snapshot it is made from.
    #[serde(default)]
    pub snapshot: Vec<String>,
    /// Attributes that name what it is a replica of.
    #[serde(default)]
    pub replica: Vec<String>,
    /// Attributes that name what it is restored from, as of a point in time.
    #[serde(default)]
    pub restore: Vec<String>,
    /// The attribute that names what holds it: a file system, a global cluster.
    pub parent: Option<String>,
    /// What is inherited cannot be changed by naming a key.
    #[serde(default)]
    pub key_only_inherited: bool,
    /// Set on members of a cluster, which are not backed up by themselves.
    pub member_of: Option<String>,
    /// Further attributes that rules read, by the name that rules know them by.
    #[serde(default)]
    pub facts: BTreeMap<Arc<str>, String>,
}

/// A resource through which a data store comes to its encryption: a snapshot, a copy of one, what holds it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineageForm {
    #[serde(rename = "type")]
    pub kind: Arc<str>,
    pub name: Option<String>,
    /// The attribute that names what it is made of.
    pub source: String,
    /// The attribute that names a key in place of the source's.
    pub key: Option<String>,
    /// Whether, without `key`, the source's key is left for a default.
    #[serde(default)]
    pub rekeys: bool,
    /// The attribute that says whether it is encrypted at all.
    pub flag: Option<String>,
}

/// One service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    pub label: String,
    pub opt_in: String,
    pub arns: Vec<String>,
    pub full: Support,
    pub xr: Support,
    pub xa: Support,
    pub one_action: Support,
    pub lag: Support,
    pub cold: Support,
    pub continuous: Support,
    /// Whether a continuous backup can be copied; `None`: as a snapshot.
    pub continuous_copy: Option<Support>,
    /// A backup is made of its parts' backups, each copied in its own way.
    #[serde(default)]
    pub composite: bool,
    pub via: String,
    pub managed_key: Option<Arc<str>>,
    pub unflagged: Unflagged,
    pub unflagged_why: Option<String>,
    pub unencrypted_copy: Option<UnencryptedCopy>,
    #[serde(default)]
    pub destination_key_always: bool,
    pub xa_opt_in_regions: Option<Support>,
    pub xr_opt_in_regions: Option<Vec<String>>,
    #[serde(default)]
    pub xr_forbidden: Vec<String>,
    #[serde(default)]
    pub xa_forbidden: Vec<String>,
    /// Partitions for which AWS's pages contradict each other.
    #[serde(default)]
    pub unknown_partitions: Vec<String>,
    /// From when on it can be copied so.
    #[serde(default)]
    pub since: Vec<String>,
    /// The page that the row follows.
    pub source: String,
    /// When the page was read.
    pub read: String,
    pub resources: Vec<ResourceForm>,
}

/// Quotas.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub copy_actions_per_rule: usize,
    pub rules_per_plan: usize,
    pub cold_min_days: i64,
    pub continuous_max_days: i64,
    pub tags_per_resource: usize,
}

/// The whole table.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    pub version: u32,
    pub opt_in_regions: Vec<String>,
    pub no_air_gapped_copy_regions: Vec<String>,
    pub no_copy_partitions: Vec<String>,
    pub limits: Limits,
    pub services: BTreeMap<Arc<str>, Service>,
    pub lineage: Vec<LineageForm>,
    /// Where in the services a resource type's forms stand: the service's name, the form's place.
    #[serde(skip)]
    forms: OnceLock<HashMap<Arc<str>, Vec<(Arc<str>, usize)>>>,
}

impl Catalog {
    /// The table that comes with the program.
    pub fn builtin() -> &'static Self {
        static CATALOG: OnceLock<Catalog> = OnceLock::new();
        // A table that cannot be read is a defect of the program, which `the_table_is_read` keeps out.
        CATALOG.get_or_init(|| serde_yaml::from_str(include_str!("../rules/services.yaml")).unwrap_or_default())
    }

    /// The service's row.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.get(name)
    }

    /// The service with its name as the catalog keeps it.
    pub fn named(&self, name: &str) -> Option<(&str, &Service)> {
        self.services.get_key_value(name).map(|(name, service)| (&**name, service))
    }

    /// The forms of a resource type, each with its service, in the order of the services.
    pub fn forms(&self, kind: &str) -> impl Iterator<Item = (&Arc<str>, &Service, &ResourceForm)> {
        let forms = self.forms.get_or_init(|| {
            let mut forms: HashMap<Arc<str>, Vec<(Arc<str>, usize)>> = HashMap::new();
            for (name, service) in &self.services {
                for (at, form) in service.resources.iter().enumerate() {
                    forms.entry(form.kind.clone()).or_default().push((name.clone(), at));
                }
            }
            forms
        });
        forms.get(kind).into_iter().flatten().filter_map(|(name, at)| {
            let (name, service) = self.services.get_key_value(name)?;
            Some((name, service, service.resources.get(*at)?))
        })
    }

    /// The services that an ARN may belong to, by its form.
    pub fn services_of_arn(&self, arn: &str) -> Vec<&Arc<str>> {
        self.services
            .iter()
            .filter(|(_, service)| service.arns.iter().any(|pattern| wildcard(pattern, arn)))
            .map(|(name, _)| name)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        let catalog: Catalog = serde_yaml::from_str(include_str!("../rules/services.yaml")).unwrap();
        assert_eq!(catalog.services.len(), 23);
        assert_eq!(catalog.services_of_arn("arn:aws:rds:eu-west-1:111111111111:db:orders"), [&Arc::from("rds")]);
    }
}
