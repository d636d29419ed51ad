//! What the fuzz targets run, without a fuzzer: their corpus, what once made them fail, and damaged copies of test data.

#![allow(clippy::indexing_slicing, reason = "a test may fail by panicking")]
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "../fuzz/entries.rs"]
mod entries;

use std::path::{Path, PathBuf};

fn below(dir: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { below(&path, out) } else { out.push(path) }
    }
}

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most.max(1)
    }
}

/// The entry that reads files of this name.
fn entry(path: &Path) -> Option<fn(&[u8])> {
    let name = path.file_name()?.to_str()?;
    Some(match name {
        _ if name.ends_with(".tf.json") => entries::tf_json,
        _ if name.ends_with(".tf") => entries::hcl,
        _ if name.ends_with(".yaml") => entries::yaml,
        _ if name.ends_with(".toml") => entries::config,
        _ if name.ends_with(".tfplan") => entries::plan_archive,
        _ if name.contains("plan") && name.ends_with(".json") => entries::plan_json,
        _ if name.ends_with(".json") => entries::json_template,
        _ => return None,
    })
}

#[test]
fn the_corpus_of_each_target_runs() {
    for (target, run) in entries::ENTRIES {
        for kind in ["corpus", "regressions"] {
            let dir = at(&format!("fuzz/{kind}/{target}"));
            let mut inputs = Vec::new();
            if dir.is_dir() {
                below(&dir, &mut inputs);
            }
            assert!(kind != "corpus" || !inputs.is_empty(), "{target} has no corpus");
            inputs.iter().for_each(|input| run(&std::fs::read(input).unwrap()));
        }
    }
}

#[test]
fn every_target_is_built_and_listed() {
    let mut targets: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(at("fuzz/fuzz_targets")).unwrap() {
        targets.push(entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned());
    }
    let mut listed: Vec<&str> = entries::ENTRIES.iter().map(|(name, _)| *name).collect();
    listed.sort_unstable();
    targets.sort();
    assert_eq!(targets, listed);
    let manifest = std::fs::read_to_string(at("fuzz/Cargo.toml")).unwrap();
    assert!(listed.iter().all(|name| manifest.contains(&format!("name = \"{name}\"\n"))));
}

#[test]
fn damaged_files_are_judged_or_refused() {
    let mut dice = Dice(7);
    let mut inputs = Vec::new();
    below(&at("testdata/cases"), &mut inputs);
    for path in inputs {
        let Some(run) = entry(&path) else { continue };
        let whole = std::fs::read(&path).unwrap();
        let cut = whole.get(..dice.roll(whole.len())).unwrap();
        run(cut);
        let mut damaged = whole.clone();
        for _ in 0..3 {
            let (from, to) = (dice.roll(whole.len()), dice.roll(whole.len()));
            let piece: Vec<u8> = whole.iter().skip(from).take(dice.roll(40)).copied().collect();
            let end = (to + dice.roll(20)).min(damaged.len());
            damaged.splice(to.min(end)..end, piece);
        }
        run(&damaged);
    }
}

#[test]
fn estates_of_any_shape_are_judged_and_written_in_every_format() {
    let mut dice = Dice(11);
    for _ in 0..40 {
        let bytes: Vec<u8> = (0..160).map(|_| u8::try_from(dice.roll(256)).unwrap()).collect();
        entries::whole_estate(&bytes);
    }
}
