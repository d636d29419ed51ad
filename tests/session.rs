//! After any edits, a session that keeps what they do not touch says what a fresh analysis says.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by panicking")]

use crossvault::analysis::{Analysis, AnalysisSettings};
use crossvault::discover::discover;
use crossvault::session::Session;
use crossvault::source::{MemoryDisk, Sources};
use crossvault::{Input, config, report};
use std::collections::BTreeMap;
use std::path::Path;

#[path = "../benches/estate/generate.rs"]
#[expect(dead_code, reason = "not every form is made here")]
mod generate;

use generate::{Form, Size};

type Files = BTreeMap<String, String>;

fn read(dir: &Path, below: &Path, out: &mut Files) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, below, out);
        } else if let Ok(text) = std::fs::read_to_string(&path)
            && !path.ends_with("expected.txt")
        {
            out.insert(path.strip_prefix(below).unwrap().to_str().unwrap().to_owned(), text);
        }
    }
}

fn input(files: &Files) -> (Input, AnalysisSettings) {
    let disk = MemoryDisk::new(files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    let sources = Sources::new(Box::new(disk));
    let paths = [".".to_owned()];
    let config = config::read(&sources, &paths, None);
    let found = discover(&sources, &paths, &config.deployments, &config.load);
    let diagnostics = config.diagnostics.into_iter().chain(found.diagnostics).collect();
    let settings =
        AnalysisSettings { facts: config.facts, severities: config.severities, ..AnalysisSettings::default() };
    let input = Input { sources, units: found.units, modules: found.modules, load: config.load, diagnostics };
    (input, settings)
}

fn told(analysis: &Analysis) -> String {
    serde_json::to_string_pretty(&report::json::report(analysis)).unwrap()
}

/// A small generator of numbers: the same edits in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end.max(1)
    }
}

/// The text as a person may leave it between two keystrokes.
fn edited(text: &str, numbers: &mut Numbers) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let at = numbers.below(lines.len());
    match numbers.below(6) {
        0 if !lines.is_empty() => drop(lines.remove(at)),
        1 if !lines.is_empty() => lines.insert(at, lines[at]),
        2 => lines.insert(at, ""),
        3 => return text.replacen("222222222222", "333333333333", 1),
        4 => return text.replacen("aws", "awz", numbers.below(4)),
        _ => {
            let mut end = numbers.below(text.len() + 1);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            return text[..end].to_owned();
        }
    }
    lines.join("\n") + "\n"
}

#[test]
fn edits_lead_where_a_fresh_analysis_does() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let (mut kept, mut anew) = (0, 0);
    let mut numbers = Numbers(11);
    let mut cases: Vec<_> = std::fs::read_dir(cases).unwrap().map(|case| case.unwrap().path()).collect();
    cases.sort();
    for case in cases {
        let mut files = Files::new();
        read(&case, &case, &mut files);
        let original = files.clone();
        let start = input(&files);
        let mut session = Session::new(start.0, start.1);
        for round in 0..8 {
            let path = files.keys().nth(numbers.below(files.len())).unwrap().clone();
            let text = if round % 3 == 2 { original[&path].clone() } else { edited(&files[&path], &mut numbers) };
            files.insert(path.clone(), text.clone());
            if session.edit([(path.as_str(), text.as_str())]) {
                kept += 1;
            } else {
                anew += 1;
                let start = input(&files);
                session = Session::new(start.0, start.1);
                continue;
            }
            let fresh = input(&files);
            let fresh = crossvault::analyze(fresh.0, &fresh.1);
            let now = session.analysis();
            let named = || format!("{}: {path} in round {round}:\n{text}", case.display());
            same(&told(&now), &told(&fresh), &named);
        }
    }
    assert!(kept > anew * 2, "{kept} edits were taken up, {anew} made a new session");
}

/// Data stores and keys that come and go change the numbers of all that follow them.
#[test]
fn edits_of_an_estate_of_several_accounts_lead_where_a_fresh_analysis_does() {
    let dir = tempfile::tempdir().unwrap();
    let forms = vec![Form::Terraform, Form::Modules, Form::CloudFormation];
    let dir = dir.path().join("estate");
    generate::write(&Size { per_file: 3, keys: 2, forms, ..Size::new(6, 10) }, &dir).unwrap();
    let mut files = Files::new();
    read(&dir, &dir, &mut files);
    let original = files.clone();
    let mut numbers = Numbers(5);
    let start = input(&files);
    let mut session = Session::new(start.0, start.1);
    let mut kept = 0;
    for round in 0..60 {
        let path = files.keys().nth(numbers.below(files.len())).unwrap().clone();
        // Every file is whole again now and then.
        let whole = numbers.below(3) == 0;
        let text = if whole { original[&path].clone() } else { edited(&files[&path], &mut numbers) };
        files.insert(path.clone(), text.clone());
        let fresh = input(&files);
        if session.edit([(path.as_str(), text.as_str())]) {
            kept += 1;
        } else {
            let start = input(&files);
            session = Session::new(start.0, start.1);
        }
        let fresh = crossvault::analyze(fresh.0, &fresh.1);
        same(&told(&session.analysis()), &told(&fresh), &|| format!("{path} in round {round}:\n{text}"));
    }
    assert!(kept > 40, "{kept} edits were taken up");
}

fn same(now: &str, fresh: &str, named: &dyn Fn() -> String) {
    if now != fresh {
        let at = now.lines().zip(fresh.lines()).position(|(a, b)| a != b).unwrap_or_default();
        let around = |text: &str| text.lines().skip(at.saturating_sub(6)).take(14).collect::<Vec<_>>().join("\n");
        panic!("{}\nnow:\n{}\nfresh:\n{}", named(), around(now), around(fresh));
    }
}
