//! Writes questions for an independent simulator: `SEED=1 COUNT=1000 OUT=questions.jsonl cargo run --example questions`. With
//! `KNOWN=1` each unknown has one of its values; with `STATEMENTS=1` statements stand for grants, which simulators do not know.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a program for developers may fail by panicking")]

#[path = "generator.rs"]
mod generator;

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

fn main() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(1);
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number("SEED").to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let (known, statements) = (std::env::var("KNOWN").is_ok(), std::env::var("STATEMENTS").is_ok());
    let mut out = String::new();
    for id in 0..number("COUNT") {
        let mut question = generator::question().new_tree(&mut runner).unwrap().current();
        if known {
            question = generator::completed(&question, &[id as usize, id as usize / 3, id as usize / 7]);
        }
        if statements {
            question = generator::without_grants(&question).0;
        }
        question["id"] = id.into();
        out.push_str(&format!("{question}\n"));
    }
    std::fs::write(std::env::var("OUT").unwrap_or_else(|_| "questions.jsonl".to_owned()), out).unwrap();
}
