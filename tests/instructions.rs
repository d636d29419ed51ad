//! How many instructions fixed workloads take, against what was recorded: unlike time they do not depend on what else the
//! machine does. Counted by valgrind; without it the test says so and passes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "a test may fail by panicking")]

#[path = "../benches/estate/generate.rs"]
mod generate;

use generate::{Form, Size};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// What a workload may take of the recorded count: compilers and libraries move it, too.
const BOUND: f64 = 1.35;
/// Below this share the record is out of date and would let a setback pass.
const OUTDATED: f64 = 0.6;

/// Instructions of a `check` of the estate, in one thread.
fn count(size: &Size) -> u64 {
    let dir = tempfile::tempdir().unwrap();
    generate::write(size, dir.path()).unwrap();
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", env!("CARGO_BIN_EXE_crossvault")])
        .args(["check", "--format", "concise", "."])
        .env("RAYON_NUM_THREADS", "1")
        .current_dir(dir.path())
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    let collected = words.lines().find_map(|line| line.split_once("Collected : ").map(|(_, count)| count.trim()));
    collected.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("no count in {words}"))
}

fn estate(form: Form, accounts: usize) -> Size {
    let mut size = Size::new(accounts, 30);
    size.forms = vec![form];
    size
}

#[test]
fn workloads_take_what_was_recorded() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("SKIPPED: valgrind is not installed, so instructions are not counted");
        return;
    }
    let workloads = [
        ("start-up", estate(Form::Terraform, 0)),
        ("terraform, 3 accounts", estate(Form::Terraform, 3)),
        ("terraform, 6 accounts", estate(Form::Terraform, 6)),
        ("modules, 3 accounts", estate(Form::Modules, 3)),
        ("cloudformation, 3 accounts", estate(Form::CloudFormation, 3)),
        ("plan, 3 accounts", estate(Form::Plan, 3)),
    ];
    let counts: BTreeMap<&str, u64> = std::thread::scope(|scope| {
        let running: Vec<_> = workloads.iter().map(|(name, size)| (*name, scope.spawn(|| count(size)))).collect();
        running.into_iter().map(|(name, count)| (name, count.join().unwrap())).collect()
    });

    // Twice the accounts take twice the work.
    let work = |name: &str| (counts[name] - counts["start-up"]) as f64;
    let growth = work("terraform, 6 accounts") / work("terraform, 3 accounts");
    assert!(growth < 2.15, "twice the accounts take {growth:.2} times the instructions");

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/instructions.txt");
    let mut text = String::new();
    for (name, count) in &counts {
        writeln!(text, "{name}: {} million", count / 1_000_000).unwrap();
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(path, text).unwrap();
        return;
    }
    let recorded = std::fs::read_to_string(path).unwrap();
    let recorded: BTreeMap<&str, f64> = recorded
        .lines()
        .map(|line| {
            let (name, count) = line.split_once(": ").unwrap();
            (name, count.trim_end_matches(" million").parse().unwrap())
        })
        .collect();
    for (name, count) in &counts {
        let share = *count as f64 / 1e6 / recorded[name];
        assert!(share < BOUND, "`{name}` takes {share:.2} times the recorded instructions:\n{text}");
        assert!(share > OUTDATED, "`{name}` takes {share:.2} of the recorded instructions: record them anew\n{text}");
    }
}
