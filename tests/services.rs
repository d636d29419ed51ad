//! `docs/services.md` shows the table of services as the program has it. `UPDATE_EXPECT=1 cargo test --test services` writes it
//! anew.

use crossvault::catalog::{Catalog, Service, Support};
use std::fmt::Write as _;

const HEAD: &str = "# What AWS Backup protects, and how it is copied

The facts that verdicts rest on, from `rules/services.yaml`, each with AWS's page. Not every Region has every copy: the exceptions stand
below the table.

| service | fully managed | other Region | other account | both at once | air-gapped vault | cold storage | continuous | Terraform | CloudFormation |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
";

fn word(support: Support) -> &'static str {
    match support {
        Support::Yes => "yes",
        Support::No => "no",
        Support::Unknown => "not known",
    }
}

fn types(service: &Service, template: bool) -> String {
    let forms = service.resources.iter().filter(|form| form.kind.starts_with("AWS::") == template);
    let names: Vec<String> = forms
        .map(|form| {
            let engines =
                if form.engines.is_empty() { String::new() } else { format!(" ({})", form.engines.join(", ")) };
            let when = form.when.as_ref().map_or_else(String::new, |(_, value)| format!(" ({value})"));
            format!("`{}`{engines}{when}", form.kind)
        })
        .collect();
    if names.is_empty() { "by ARN only".to_owned() } else { names.join(", ") }
}

#[test]
fn the_page_shows_the_table() {
    let catalog = Catalog::builtin();
    let mut text = HEAD.to_owned();
    for (name, service) in &catalog.services {
        let cells =
            [service.full, service.xr, service.xa, service.one_action, service.lag, service.cold, service.continuous];
        let cells: Vec<&str> = cells.into_iter().map(word).collect();
        let _ = writeln!(
            text,
            "| [{}]({}) (`{name}`) | {} | {} | {} |",
            service.label,
            service.source,
            cells.join(" | "),
            types(service, false),
            types(service, true)
        );
    }
    text.push_str("\n## Exceptions\n\n");
    for service in catalog.services.values() {
        let mut told = |what: &str, list: &[String]| {
            if !list.is_empty() {
                let _ = writeln!(text, "- {}: {what} {}", service.label, list.join(", "));
            }
        };
        told("no copy to or from another Region in", &service.xr_forbidden);
        told("no copy to another account in", &service.xa_forbidden);
        if let Some(regions) = &service.xr_opt_in_regions {
            told("of the opt-in Regions, copies to or from another Region only in", regions);
        }
        if service.xa_opt_in_regions == Some(Support::No) {
            told("no copy to another account in", &["opt-in Regions".to_owned()]);
        }
        told("AWS's pages contradict each other in", &service.unknown_partitions);
        told("since", &service.since);
    }
    let _ = writeln!(text, "- opt-in Regions: {}", catalog.opt_in_regions.join(", "));
    let _ = writeln!(text, "- no copies to air-gapped vaults in {}", catalog.no_air_gapped_copy_regions.join(", "));
    let _ = writeln!(
        text,
        "- no copies to another account or Region in the partition {}",
        catalog.no_copy_partitions.join(", ")
    );
    let read: std::collections::BTreeSet<&str> =
        catalog.services.values().map(|service| service.read.as_str()).collect();
    let _ = writeln!(text, "\nAWS's pages were read {}.", read.into_iter().collect::<Vec<_>>().join(", "));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/services.md");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(path, &text).unwrap();
        return;
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), text, "run with UPDATE_EXPECT=1 and look at the difference");
}
