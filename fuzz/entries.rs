//! What each fuzz target does with its bytes. `tests/fuzz.rs` runs the same functions without a fuzzer.

#![allow(dead_code, reason = "a fuzz target uses one of them")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is what a fuzzer looks for")]

#[path = "entries/estates.rs"]
mod estates;

use crossvault::analysis::{Analysis, AnalysisSettings};
use crossvault::fix::Changes;
use crossvault::report::human::Style;
use crossvault::report::{self, Places};
use crossvault::resource::{Deployment, Language, LoadSettings, Unit};
use crossvault::source::{Disk, MemoryDisk, OverlayDisk, Sources};
use crossvault::{Input, config, discover, estate, fix, parallel, terraform};
use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};

/// A target's name, and what it does with bytes.
pub(crate) const ENTRIES: [(&str, fn(&[u8])); 12] = [
    ("hcl", hcl),
    ("tf_json", tf_json),
    ("yaml", yaml),
    ("json_template", json_template),
    ("plan_json", plan_json),
    ("plan_archive", plan_archive),
    ("policy", policy),
    ("expression", expression),
    ("config", config),
    ("exported_estate", exported_estate),
    ("organization_policy", organization_policy),
    ("whole_estate", whole_estate),
];

/// Two accounts whose code is complete: what a damaged file meets.
const ESTATE: &str = include_str!("entries/estate.tf");

/// What lies between the parts of an archive, and between the files of an input.
pub(crate) const SEPARATOR: &str = "\n=====\n";

type Files = BTreeMap<String, Vec<u8>>;

fn files<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Files {
    files.into_iter().map(|(path, content)| (path.to_owned(), content.to_vec())).collect()
}

fn judged(disk: Box<dyn Disk>) -> Analysis {
    let sources = Sources::new(disk);
    let paths = [".".to_owned()];
    let mut config = config::read(&sources, &paths, None);
    let mut diagnostics = std::mem::take(&mut config.diagnostics);
    let mut found = discover::discover(&sources, &paths, &config.deployments, &config.load);
    diagnostics.append(&mut found.diagnostics);
    let mut facts = std::mem::take(&mut config.facts);
    let mut estates = Vec::new();
    for path in &found.estates {
        let Ok(file) = sources.load(path) else { continue };
        if let Ok(mut read) = estate::read(&sources, path, &sources.text(file), 1 << 24) {
            facts.add(std::mem::take(&mut read.facts));
            estates.push(read);
        }
    }
    let settings = AnalysisSettings { facts, estates, severities: config.severities, ..AnalysisSettings::default() };
    let input = Input { sources, units: found.units, modules: found.modules, load: config.load, diagnostics };
    crossvault::analyze(input, &settings)
}

/// Judges the files and writes what a check writes for people and for programs.
fn checked(files: Files) {
    parallel::on_threads(Some(1), || {
        let analysis = judged(Box::new(MemoryDisk(files)));
        report::human::write(&analysis, &mut Vec::new(), &Style::default()).unwrap();
        serde_json::to_vec(&report::json::report(&analysis)).unwrap();
    });
}

/// The same, with every format and every change that a fix proposes.
fn checked_in_full(files: Files) {
    parallel::on_threads(Some(1), || {
        let mut analysis = judged(Box::new(MemoryDisk(files.clone())));
        fix::attach(&mut analysis, crossvault::fix::Effort::ASIDE, &|changes: &Changes| {
            let base: Box<dyn Disk> = Box::new(MemoryDisk(files.clone()));
            judged(Box::new(OverlayDisk { base, texts: changes.clone() }))
        });
        let (places, mut out) = (Places::default(), Vec::new());
        let loud = Style { color: true, width: Some(60), verbose: 2, statistics: true, ..Style::default() };
        report::human::write(&analysis, &mut out, &loud).unwrap();
        report::concise::write(&analysis, &mut out).unwrap();
        serde_json::to_writer(&mut out, &report::json::report(&analysis)).unwrap();
        serde_json::to_writer(&mut out, &report::sarif::report(&analysis, &places, "crossvault")).unwrap();
        serde_json::to_writer(&mut out, &report::gitlab::report(&analysis, &places)).unwrap();
        report::github::write(&analysis, &places, "closing", &mut out).unwrap();
        report::junit::write(&analysis, &mut out).unwrap();
        report::html::write(&analysis, &mut out).unwrap();
        report::markdown::write(&analysis, &places, &mut out).unwrap();
        report::copies::write(&analysis, &mut out, true).unwrap();
        let picture = report::picture::Picture::new(&analysis, report::picture::LARGE);
        out.extend(report::picture::mermaid(&picture).into_bytes());
        out.extend(report::picture::dot(&picture).into_bytes());
        out.extend(report::svg::write(&picture).into_bytes());
        serde_json::to_writer(&mut out, &report::values::inspect(&analysis)).unwrap();
    });
}

/// Terraform in HCL.
pub(crate) fn hcl(data: &[u8]) {
    checked(files([("main.tf", data)]));
}

/// Terraform in JSON, beside HCL.
pub(crate) fn tf_json(data: &[u8]) {
    checked(files([("main.tf.json", data), ("estate.tf", ESTATE.as_bytes())]));
}

/// A CloudFormation template in YAML.
pub(crate) fn yaml(data: &[u8]) {
    checked(files([("template.yaml", data)]));
}

/// A CloudFormation template in JSON.
pub(crate) fn json_template(data: &[u8]) {
    checked(files([("template.json", data)]));
}

/// A plan or a state as Terraform prints it.
pub(crate) fn plan_json(data: &[u8]) {
    checked(files([("plan.json", data)]));
}

/// A plan file: the bytes themselves where they are an archive, else its parts with separators between them.
pub(crate) fn plan_archive(data: &[u8]) {
    let names = ["tfplan", "tfconfig/m-/main.tf", "tfconfig/modules.json", "tfstate", "tfconfig/m-a/main.tf"];
    let archive = if data.starts_with(b"PK") {
        data.to_vec()
    } else {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        for (name, content) in names.into_iter().zip(parts(data)) {
            zip.start_file(name, stored).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap().into_inner()
    };
    parallel::on_threads(Some(1), || {
        let sources = Sources::new(Box::new(MemoryDisk(files([("plan.tfplan", archive.as_slice())]))));
        let found = discover::discover(&sources, &["plan.tfplan".to_owned()], &[], &LoadSettings::default());
        let (units, modules, diagnostics) = (found.units, found.modules, found.diagnostics);
        let input = Input { sources, units, modules, load: LoadSettings::default(), diagnostics };
        let analysis = crossvault::analyze(input, &AnalysisSettings::default());
        report::human::write(&analysis, &mut Vec::new(), &Style::default()).unwrap();
    });
}

fn parts(data: &[u8]) -> Vec<&[u8]> {
    let separator = SEPARATOR.as_bytes();
    let (mut parts, mut rest) = (Vec::new(), data);
    while let Some(at) = rest.windows(separator.len()).position(|window| window == separator) {
        parts.push(&rest[..at]);
        rest = &rest[at + separator.len()..];
    }
    parts.push(rest);
    parts
}

/// A question about policies, as `crossvault policy` reads it.
pub(crate) fn policy(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = crossvault::iam::answer_line(&text);
}

/// Expressions, a line each, in the scope of a root module.
pub(crate) fn expression(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.lines();
    let unit = Unit {
        name: ".".into(),
        language: Language::Terraform,
        path: ".".to_owned(),
        deployment: Deployment::default(),
    };
    parallel::on_threads(Some(1), || {
        let sources = Sources::new(Box::new(MemoryDisk(files([("main.tf", ESTATE.as_bytes())]))));
        terraform::console(
            &sources,
            &terraform::Modules::default(),
            &unit,
            &LoadSettings::default(),
            &mut || lines.next().map(str::to_owned),
            &mut |_, answer| {
                if let Ok(value) = answer {
                    report::values::tree(&value);
                    report::values::line(&value);
                }
            },
        );
    });
}

/// A configuration file over a complete estate.
pub(crate) fn config(data: &[u8]) {
    checked(files([("crossvault.toml", data), ("main.tf", ESTATE.as_bytes()), ("policy.json", b"{}")]));
}

/// What another run exported, beside code of this one.
pub(crate) fn exported_estate(data: &[u8]) {
    checked(files([("other.json", data), ("main.tf", ESTATE.as_bytes())]));
}

/// Policies of an organization in JSON: what each type of them says, and a backup policy.
pub(crate) fn organization_policy(data: &[u8]) {
    let config = include_bytes!("entries/organization.toml");
    let mut all = files([("crossvault.toml", config.as_slice()), ("main.tf", ESTATE.as_bytes())]);
    for (name, part) in ["policy.json", "backup.json", "rcp.json"].into_iter().zip(parts(data).into_iter().cycle()) {
        all.insert(name.to_owned(), part.to_vec());
    }
    checked(all);
}

/// An estate that the bytes choose: well-formed code of unforeseen shape.
pub(crate) fn whole_estate(data: &[u8]) {
    checked_in_full(estates::generate(data));
}
