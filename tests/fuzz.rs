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

/// Fuzzing without a fuzzer: `CROSSVAULT_FUZZ_SECONDS=600 CROSSVAULT_FUZZ_SEEDS=DIR cargo test --test fuzz -- --nocapture
/// for_as_long` damages the corpus and files of the directory, and mixes them with each other. The input that is being
/// run lies in the file `CROSSVAULT_FUZZ_INPUT`, should it end the process.
#[test]
fn for_as_long_as_is_asked_damaged_and_mixed_files_are_judged_or_refused() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let Some(seconds) = number("CROSSVAULT_FUZZ_SECONDS") else { return };
    let mut files = Vec::new();
    if let Ok(dir) = std::env::var("CROSSVAULT_FUZZ_SEEDS") {
        below(Path::new(&dir), &mut files);
    }
    let input = std::env::var("CROSSVAULT_FUZZ_INPUT").ok();
    let mut dice = Dice(number("CROSSVAULT_FUZZ_SEED").unwrap_or(1));
    let share = std::time::Duration::from_secs(seconds) / 12;
    for (target, run) in entries::ENTRIES {
        let mut seeds = Vec::new();
        below(&at(&format!("fuzz/corpus/{target}")), &mut seeds);
        let own = |path: &&PathBuf| entry(path).is_some_and(|entry| std::ptr::fn_addr_eq(entry, run));
        seeds.extend(files.iter().filter(own).cloned());
        let (begun, mut runs, mut longest) = (std::time::Instant::now(), 0_u64, std::time::Duration::ZERO);
        while begun.elapsed() < share {
            let read = |dice: &mut Dice| {
                let bytes = std::fs::read(&seeds[dice.roll(seeds.len())]).unwrap_or_default();
                bytes.get(..bytes.len().min(1 << 15)).unwrap_or_default().to_vec()
            };
            let (mut bytes, other) = (read(&mut dice), read(&mut dice));
            for _ in 0..=dice.roll(8) {
                let (short, long) = (1 << dice.roll(9), 1 << dice.roll(11));
                let at = dice.roll(bytes.len());
                let end = (at + dice.roll(short)).min(bytes.len());
                let from = dice.roll(other.len());
                let to = (from + dice.roll(long)).min(other.len());
                match dice.roll(5) {
                    0 => drop(bytes.drain(at..end)),
                    1 => drop(bytes.splice(at..end, other.get(from..to).unwrap_or_default().to_vec())),
                    2 => bytes.extend_from_within(at..end),
                    3 => {
                        bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = u8::try_from(dice.roll(256)).unwrap())
                    }
                    _ => {
                        let piece: Vec<u8> = bytes.get(at..end).unwrap_or_default().repeat(dice.roll(30));
                        drop(bytes.splice(at..at, piece));
                    }
                }
            }
            bytes.truncate(1 << 16);
            if let Some(path) = &input {
                std::fs::write(path, [target.as_bytes(), b"\n", &bytes].concat()).unwrap();
            }
            let one = std::time::Instant::now();
            run(&bytes);
            (runs, longest) = (runs + 1, longest.max(one.elapsed()));
        }
        println!("{target}: {runs} inputs from {} files, the longest took {longest:.1?}", seeds.len());
    }
}
