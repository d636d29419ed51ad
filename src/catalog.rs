//! The table of services that AWS Backup protects, from `rules/services.yaml`.

use crate::aws::wildcard;
use serde::Deserialize;
use std::collections::BTreeMap;
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

/// How a resource type says what a row needs: attribute names.
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
    pub name: Option<String>,
    /// The nested block that holds `flag` and `key`.
    pub block: Option<String>,
    /// The attribute that switches encryption on.
    pub flag: Option<String>,
    /// The attribute that names the key.
    pub key: Option<String>,
    /// Attributes that take the encryption from elsewhere.
    #[serde(default)]
    pub inherits: Vec<String>,
    /// Set on members of a cluster, which are not backed up by themselves.
    pub member_of: Option<String>,
    /// Further attributes that rules read.
    #[serde(default)]
    pub facts: Vec<String>,
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
    pub lag: Support,
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
    pub source: Option<String>,
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
