//! The README shows what the program prints. `UPDATE_EXPECT=1 cargo test --test readme` writes the output anew.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::process::Command;

const ESTATE: &str = "testdata/cases/an-estate-of-two-accounts-in-two-languages";

fn output(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_crossvault"))
        .args(arguments)
        .arg(ESTATE)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_picture_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/picture.svg");
    let picture = output(&["graph", "--format", "svg"]);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(path, picture).unwrap();
        return;
    }
    assert!(std::fs::read_to_string(path).unwrap() == picture, "docs/picture.svg: run with UPDATE_EXPECT=1");
}

#[test]
fn the_readme_shows_real_output() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let text = std::fs::read_to_string(path).unwrap();
    let blocks = [output(&["check", "--color", "never"]), output(&["copies"])];
    let mut parts = text.split("```text\n");
    let mut fresh = parts.next().unwrap().to_owned();
    for (rest, block) in parts.zip(&blocks) {
        let (_, after) = rest.split_once("```\n").unwrap();
        fresh.push_str(&format!("```text\n{block}```\n{after}"));
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(path, &fresh).unwrap();
        return;
    }
    assert_eq!(fresh, text, "run with UPDATE_EXPECT=1 and look at the difference");
}
