//! `crossvault init`: a commented `crossvault.toml` with what the code tells and what it does not.

use super::args::InitArgs;
use super::input::{paths, read, read_with};
use super::output::{CLEAN, UNABLE, replace_file, report_bad_input};
use crate::analysis::Analysis;
use crate::config::NAME;
use crate::diagnostic::DiagnosticKind;
use crate::fix::Changes;
use crate::graph::VaultTarget;
use crate::source::{join, normalize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

const HOOK: &str = "  - repo: https://github.com/crossvault/crossvault
    rev: v";
const GITHUB: &str = "name: crossvault
on:
  pull_request:
permissions:
  contents: read
  security-events: write   # to show findings as code scanning alerts
  pull-requests: write     # to comment what the pull request changes
jobs:
  backup-copies:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
        with:
          persist-credentials: false
      - uses: crossvault/crossvault@v";
const GITLAB: &str = "backup-copies:
  image: python:3-slim
  script:
    - pip install crossvault
    - crossvault check --format gitlab --output gl-code-quality-report.json
  artifacts:
    when: always
    reports:
      codequality: gl-code-quality-report.json
";

pub(super) fn run(args: &InitArgs, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<u8> {
    let (mut input, mut settings) = read(&args.common);
    let top = paths(&args.common).first().map(|path| normalize(path)).unwrap_or_default();
    let dir = if input.sources.list(&top).is_ok() { top } else { crate::source::parent(&top).to_owned() };
    let path = join(&dir, NAME);
    if input.sources.load(&path).is_ok() {
        if !args.force {
            writeln!(err, "error: {path} is there already; --force replaces it")?;
            return Ok(UNABLE);
        }
        // What the file that goes says is not what the code tells.
        (input, settings) = read_with(&args.common, &Changes::from([(path.clone(), String::new())]));
    }
    let found: Vec<(String, crate::resource::Language)> =
        input.units.iter().map(|unit| (unit.path.clone(), unit.language)).collect();
    if found.is_empty() {
        report_bad_input(&input.sources, &input.diagnostics, err)?;
        return Ok(UNABLE);
    }
    let analysis = crate::analyze(input, &settings);
    report_bad_input(&analysis.sources, &analysis.diagnostics, err)?;
    let below = |path: &str| match dir.as_str() {
        "." => path.to_owned(),
        dir => path.strip_prefix(&format!("{dir}/")).unwrap_or(if path == dir { "." } else { path }).to_owned(),
    };
    replace_file(&path, configuration(&analysis, &below).as_bytes())?;
    let version = env!("CARGO_PKG_VERSION");
    writeln!(out, "{path}: written; what is missing stands first in it")?;
    writeln!(out, "\n.pre-commit-config.yaml:\n\nrepos:\n{HOOK}{version}\n    hooks:\n      - id: crossvault")?;
    writeln!(out, "\n.github/workflows/crossvault.yml:\n\n{GITHUB}{version}")?;
    write!(out, "\n.gitlab-ci.yml:\n\n{GITLAB}")?;
    Ok(CLEAN)
}

/// The file's text. `below` gives a path as the file's own directory sees it.
fn configuration(analysis: &Analysis, below: &dyn Fn(&str) -> String) -> String {
    let mut text = String::from(
        "# What crossvault is told beyond the code; everything in it is optional.\n# The keys are explained in docs/configuration.md of crossvault.\n",
    );
    let path = |unit: &str| quoted(&below(unit.split('@').next().unwrap_or(unit)));
    let mut accounts: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut untold = Vec::new();
    let mut told = Vec::new();
    for stack in &analysis.stacks {
        let region = stack.place.region.known();
        match stack.place.account.known() {
            Some(account) => {
                told.push((&stack.unit, account.to_string(), region));
                accounts.entry(account.to_string()).or_default().insert(&stack.unit);
            }
            None => untold.push((&stack.unit, region)),
        }
    }
    for site in analysis.graph.entities.vaults.iter().map(|vault| &vault.site).filter(|site| !site.external) {
        if let Some(account) = site.place.account.known() {
            accounts.entry(account.to_string()).or_default().insert(&site.unit);
        }
    }
    if !untold.is_empty() {
        text.push_str("\n# The code does not tell which account these go to, and nothing can be proven of copies between\n# accounts that are not known. Fill in the ids.\n");
        for (unit, region) in untold {
            let region = region.map_or_else(
                || "# region = \"eu-central-1\"   # not told by the code".to_owned(),
                |region| format!("# region = {}", quoted(region)),
            );
            text.push_str(&format!("#\n# [[deployment]]\n# path = {}\n# account = \"…\"\n{region}\n", path(unit)));
        }
    }
    if !accounts.is_empty() {
        text.push_str(
            "\n# Accounts that the code names. A name is shown in reports in the place of the id.\n[accounts]\n",
        );
        for (account, units) in &accounts {
            let units: Vec<String> = units.iter().map(|unit| below(unit)).collect();
            text.push_str(&format!("# name = \"{account}\"   # {}\n", one_line(&units.join(", "))));
        }
    }
    if !told.is_empty() {
        text.push_str("\n# Found, with the account and Region of the code. A table like the ones above gives a unit other inputs:\n# var_files, vars, workspace, parameters, parameters_file.\n");
        for (unit, account, region) in told {
            let region = region.map_or("?", |region| region);
            text.push_str(&format!("#   {}: {account}, {region}\n", one_line(&below(unit))));
        }
    }
    let mut unknown: BTreeSet<&str> = BTreeSet::new();
    for judgement in &analysis.judgements {
        for target in [&judgement.copy.source_vault, &judgement.copy.destination] {
            if let VaultTarget::External { arn: Some(arn), .. } = target {
                unknown.insert(arn);
            }
        }
    }
    if !unknown.is_empty() {
        text.push_str("\n# Vaults that copies go to and no code at hand defines. Give the path of that code, its exported estate, or:\n");
        for arn in unknown {
            text.push_str(&format!(
                "#\n# [[known.vault]]\n# arn = {}\n# key = \"aws-managed\"                  # or the key's ARN\n# policy_file = \"vault-policy.json\"    # aws backup get-backup-vault-access-policy\n",
                quoted(arn)
            ));
        }
    }
    let left: BTreeSet<String> = analysis
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.kind == DiagnosticKind::NotEvaluated)
        .map(|diagnostic| {
            let place = diagnostic.primary.as_ref().map_or_else(String::new, |label| {
                let at = analysis.sources.location(label.span);
                format!("{}:{}: ", below(&at.file), at.line)
            });
            let help = diagnostic.help.as_ref().map_or_else(String::new, |help| format!(" ({help})"));
            one_line(&format!("{place}{}{help}", diagnostic.message))
        })
        .collect();
    if !left.is_empty() {
        text.push_str("\n# Could not be evaluated:\n");
        left.iter().for_each(|line| text.push_str(&format!("#   {line}\n")));
    }
    text.push_str("\n# The organization, where the code does not tell it.\n[organization]\n# id = \"o-a1b2c3d4e5\"\n# cross_account_backup = true\n");
    text
}

/// The text as a string of TOML.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
