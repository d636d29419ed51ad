//! Resources that tell something about a data store: snapshots, what holds it, a bucket's versioning, option groups.

use super::store::at_path;
use super::{inner, items, setting};
use crate::catalog::Catalog;
use crate::model::{Entities, Lineage, OptionGroup, Setting, Site, StoreFact};
use crate::resource::Resource;

/// Whether the resource was one of these.
pub(super) fn lower(resource: &Resource, site: &Site, catalog: &Catalog, out: &mut Entities) -> bool {
    match &*resource.kind {
        "aws_s3_bucket_versioning" if !resource.data => {
            let value = at_path(resource, "versioning_configuration.status");
            if let (Some(store), Some(value)) = (setting(resource, "bucket"), value) {
                out.store_facts.push(StoreFact { site: site.clone(), store, fact: "versioning".into(), value });
            }
        }
        "aws_fsx_data_repository_association" | "AWS::FSx::DataRepositoryAssociation" => {
            let store = setting(resource, "file_system_id").or_else(|| setting(resource, "FileSystemId"));
            let path = setting(resource, "data_repository_path").or_else(|| setting(resource, "DataRepositoryPath"));
            if let (Some(store), Some(value)) = (store, path) {
                out.store_facts.push(StoreFact { site: site.clone(), store, fact: "data_repository".into(), value });
            }
        }
        "aws_db_option_group" | "AWS::RDS::OptionGroup" if !resource.data => {
            let (list, open) = match resource.get("OptionConfigurations") {
                Some(list) => items(Some(list)),
                None => items(resource.get("option")),
            };
            let name = |option| {
                inner(option, "option_name", resource.header).or_else(|| inner(option, "OptionName", resource.header))
            };
            let options: Vec<Setting> = list.iter().filter_map(name).collect();
            let own = resource.get("name").or_else(|| resource.get("OptionGroupName"));
            out.option_groups.push(OptionGroup { site: site.clone(), name: own.cloned(), options, open });
        }
        kind => {
            let Some(form) = catalog.lineage.iter().find(|form| *form.kind == *kind) else { return false };
            let optional = |name: &Option<String>| name.as_ref().and_then(|name| setting(resource, name));
            out.lineages.push(Lineage {
                site: site.clone(),
                name: form.name.as_ref().and_then(|name| resource.get(name)).cloned(),
                source: setting(resource, &form.source),
                key: optional(&form.key),
                rekeys: form.rekeys,
                flag: optional(&form.flag),
            });
        }
    }
    true
}
