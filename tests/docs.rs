//! The documentation as a book: every page is listed, every link leads somewhere, the rules' pages are all there.
//! `UPDATE_EXPECT=1 cargo test --test docs` writes the generated pages anew.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use crossvault::checks::pages::pages;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn markdown(dir: &Path, out: &mut BTreeSet<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            markdown(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            out.insert(path);
        }
    }
}

/// The generated pages: a list of the rules, and for each a page that includes the rule's own.
fn generated() -> Vec<(String, String)> {
    let mut table = String::from(
        "# Rules\n\nEach rule is one necessary condition of a copy. `crossvault explain RULE` prints the same page.\n\n| rule | severity | the flaw |\n| --- | --- | --- |\n",
    );
    let mut out = Vec::new();
    for page in pages() {
        table.push_str(&format!("| [{0}](rules/{0}.md) | {1} | {2} |\n", page.name, page.severity, page.summary));
        let text = std::fs::read_to_string(root().join(format!("rules/{}.md", page.name))).unwrap();
        // The front matter stands before the page.
        let first = text.lines().skip(1).position(|line| line == "---").unwrap() + 3;
        out.push((
            format!("docs/rules/{}.md", page.name),
            format!("{{{{#include ../../rules/{}.md:{first}:}}}}\n", page.name),
        ));
    }
    out.push(("docs/rules.md".to_owned(), table));
    out
}

#[test]
fn the_rules_pages_are_current() {
    let mut wrong = Vec::new();
    for (path, text) in generated() {
        let path = root().join(path);
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(path, text).unwrap();
        } else if std::fs::read_to_string(&path).ok().as_deref() != Some(&text) {
            wrong.push(path.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "run with UPDATE_EXPECT=1: {}", wrong.join(", "));
}

#[test]
fn the_summary_lists_every_page() {
    let path = root().join("docs/SUMMARY.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let head = text.split("- [Rules](rules.md)\n").next().unwrap();
    let rules: String = pages().iter().map(|page| format!("  - [{0}](rules/{0}.md)\n", page.name)).collect();
    let tail = text.split("\n# ").last().unwrap();
    let fresh = format!("{head}- [Rules](rules.md)\n{rules}\n# {tail}");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    } else {
        assert!(fresh == text, "the summary lists other rules; run with UPDATE_EXPECT=1");
    }
    let listed: BTreeSet<PathBuf> = links(&fresh).into_iter().map(|link| root().join("docs").join(link)).collect();
    let mut found = BTreeSet::new();
    markdown(&root().join("docs"), &mut found);
    found.remove(&path);
    assert_eq!(listed, found);
}

/// The targets of links and pictures, without code.
fn links(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            code = !code;
        }
        if code {
            continue;
        }
        let mut bare = String::new();
        for (at, part) in line.split('`').enumerate() {
            if at % 2 == 0 {
                bare.push_str(part);
            }
        }
        for rest in bare.split("](").skip(1) {
            out.extend(rest.split(')').next().map(str::to_owned));
        }
        for rest in bare.split("{{#include ").skip(1) {
            out.extend(rest.split([':', '}']).next().map(str::to_owned));
        }
    }
    out
}

#[test]
fn every_link_leads_somewhere() {
    let mut files = BTreeSet::from([root().join("README.md")]);
    markdown(&root().join("docs"), &mut files);
    markdown(&root().join("rules"), &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for link in links(&text) {
            let own = link.strip_prefix("https://github.com/crossvault/crossvault/blob/main/");
            if own.is_none() && (link.starts_with("https://") || link.starts_with('#')) {
                continue;
            }
            let path = own.unwrap_or(&link).split('#').next().unwrap().to_owned();
            let target = if own.is_some() { root().join(&path) } else { file.parent().unwrap().join(&path) };
            // The book holds nothing but `docs`.
            let leaves = file.starts_with(root().join("docs")) && own.is_none() && path.starts_with("../");
            if !target.exists() || leaves && !path.starts_with("../README.md") && !path.starts_with("../../rules/") {
                wrong.push(format!("{}: {link}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
