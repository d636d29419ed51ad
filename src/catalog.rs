//! The table of services that AWS Backup protects, from `rules/services.yaml`.

/// The whole table.
#[derive(Clone, Debug, Default)]
pub struct Catalog {}
