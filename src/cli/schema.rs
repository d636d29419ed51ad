//! `crossvault schema`: the JSON Schemas, as they are checked in under `docs/schema/`.

use super::args::SchemaOf;
use super::output::CLEAN;
use std::io::Write;

const REPORT: &str = include_str!("../../docs/schema/report.json");
const CONFIG: &str = include_str!("../../docs/schema/config.json");
const ESTATE: &str = include_str!("../../docs/schema/estate.json");

pub(super) fn run(of: SchemaOf, out: &mut dyn Write) -> std::io::Result<u8> {
    let text = match of {
        SchemaOf::Report => REPORT,
        SchemaOf::Config => CONFIG,
        SchemaOf::Estate => ESTATE,
    };
    out.write_all(text.as_bytes())?;
    Ok(CLEAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The schema as the types have it, with a name under which editors find it.
    fn generated(mut schema: schemars::Schema, name: &str) -> String {
        let id = format!("https://raw.githubusercontent.com/crossvault/crossvault/main/docs/schema/{name}.json");
        schema.insert("$id".to_owned(), id.into());
        format!("{}\n", serde_json::to_string_pretty(&schema).unwrap())
    }

    #[test]
    fn schemas_are_those_of_the_types() {
        let report = schemars::generate::SchemaSettings::draft2020_12()
            .for_serialize()
            .into_generator()
            .into_root_schema_for::<crate::report::json::Report<'static>>();
        // What is not known is left out.
        let estate = schemars::generate::SchemaSettings::draft2020_12()
            .for_deserialize()
            .into_generator()
            .into_root_schema_for::<crate::estate::Document>();
        for (name, text, schema) in [
            ("report", REPORT, generated(report, "report")),
            ("config", CONFIG, generated(crate::config::schema(), "config")),
            ("estate", ESTATE, generated(estate, "estate")),
        ] {
            if std::env::var_os("UPDATE_EXPECT").is_some() {
                std::fs::write(format!("{}/docs/schema/{name}.json", env!("CARGO_MANIFEST_DIR")), schema).unwrap();
            } else {
                assert!(text == schema, "docs/schema/{name}.json is not that of the types; run with UPDATE_EXPECT=1");
            }
        }
    }
}
