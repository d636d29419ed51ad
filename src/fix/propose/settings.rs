//! Switches of the organization and of an account's Region.

use super::super::insert;
use super::{Proposer, safe, unsafe_with};
use crate::copy::CopySource;
use crate::diagnostic::{Edit, Fix};
use crate::model::Settings;

impl Proposer<'_> {
    pub(super) fn organization_switch(&self) -> Option<Fix> {
        let settings = &self.analysis.graph.entities.settings;
        let edits = settings.iter().filter_map(|setting| match setting {
            Settings::CrossAccount { enabled, .. } if enabled.value.as_bool() == Some(false) => {
                insert::literal(&self.analysis.sources, &enabled.value, "true")
            }
            _ => None,
        });
        Some(safe("switch cross-account backup on in the organization".to_owned(), edits.collect()))
    }

    /// The entries of a map of switches for the source's account and Region that are off.
    fn region_switch(&self, name: &str, management: bool) -> Vec<Edit> {
        let CopySource::Store(id) = &self.copy.source else { return Vec::new() };
        let Some(store) = self.analysis.graph.store(*id) else { return Vec::new() };
        let place = &store.site.place;
        let settings = self.analysis.graph.entities.settings.iter().filter_map(|setting| match setting {
            Settings::Region { site, opt_in, management: preference }
                if site.place.account.same(&place.account) == Some(true)
                    && site.place.region.same(&place.region) == Some(true) =>
            {
                if management {
                    preference.as_ref()
                } else {
                    opt_in.as_ref()
                }
            }
            _ => None,
        });
        settings
            .filter_map(|setting| setting.value.get(name).filter(|value| value.as_bool() == Some(false)))
            .filter_map(|value| insert::literal(&self.analysis.sources, value, "true"))
            .collect()
    }

    pub(super) fn opt_in(&self) -> Option<Fix> {
        let CopySource::Store(id) = &self.copy.source else { return None };
        let service = &self.analysis.graph.store(*id)?.service;
        let name = &crate::catalog::Catalog::builtin().service(service)?.opt_in;
        Some(unsafe_with(
            format!("opt {name} in to AWS Backup"),
            format!(
                "every plan in this account and Region that selects {name} by tag or pattern backs it up from then on"
            ),
            self.region_switch(name, false),
        ))
    }

    pub(super) fn advanced(&self) -> Option<Fix> {
        Some(unsafe_with(
            "switch DynamoDB's advanced backup features on".to_owned(),
            "every DynamoDB backup that AWS Backup makes in this account and Region is made and billed in its own way from then on",
            self.region_switch("DynamoDB", true),
        ))
    }
}
