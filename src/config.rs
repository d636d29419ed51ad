//! `crossvault.toml`.

use crate::aws::AccountId;
use crate::diagnostic::{Diagnostic, Severity};
use crate::graph::{AccountFacts, Facts, KnownKey, KnownVault};
use crate::resource::{Deployment, LoadSettings};
use crate::source::{FileId, Sources, Span, join, parent};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    organization: Organization,
    accounts: BTreeMap<String, Spanned<String>>,
    deployment: Vec<Spanned<DeploymentTable>>,
    modules: BTreeMap<String, String>,
    known: Known,
    rules: BTreeMap<String, Spanned<String>>,
    ignore: Vec<Ignore>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Organization {
    id: Option<String>,
    cross_account_backup: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeploymentTable {
    path: String,
    account: Option<Spanned<String>>,
    region: Option<String>,
    #[serde(default)]
    var_files: Vec<String>,
    #[serde(default)]
    vars: BTreeMap<String, toml::Value>,
    workspace: Option<String>,
    #[serde(default)]
    parameters: BTreeMap<String, toml::Value>,
    parameters_file: Option<String>,
    #[serde(default)]
    exports: BTreeMap<String, toml::Value>,
    name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Known {
    vault: Vec<Spanned<KnownVaultTable>>,
    key: Vec<Spanned<KnownKeyTable>>,
    account: Vec<KnownAccount>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownVaultTable {
    arn: String,
    key: Option<String>,
    policy_file: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownKeyTable {
    arn: String,
    policy_file: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownAccount {
    account: Spanned<String>,
    #[serde(default)]
    complete: bool,
    dynamodb_advanced_backup: Option<bool>,
    opted_in: Option<Vec<String>>,
    ebs_default_key: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "read for their form; suppression is not built yet, and a table that is given is reported"
)]
struct Ignore {
    rule: String,
    path: Option<String>,
    address: Option<String>,
    reason: String,
    expires: Option<toml::value::Datetime>,
}

/// What the configuration files say.
#[derive(Debug, Default)]
pub struct Config {
    pub facts: Facts,
    pub load: LoadSettings,
    /// (path, name, inputs).
    pub deployments: Vec<(String, String, Deployment)>,
    pub severities: BTreeMap<String, Option<Severity>>,
    pub diagnostics: Vec<Diagnostic>,
}

const NAME: &str = "crossvault.toml";

/// Reads the configuration of `paths`: `file` where given, else the nearest `crossvault.toml` upwards from each path.
pub fn read(sources: &Sources, paths: &[String], file: Option<&str>) -> Config {
    let mut config = Config::default();
    let files: Vec<String> = match file {
        Some(file) => vec![file.to_owned()],
        None => {
            let mut files: Vec<String> = paths.iter().filter_map(|path| upwards(sources, path)).collect();
            files.sort();
            files.dedup();
            files
        }
    };
    for path in files {
        match sources.load(&path) {
            Ok(id) => read_file(sources, &path, id, &mut config),
            Err(error) => config.diagnostics.push(Diagnostic::unreadable(path, error.to_string())),
        }
    }
    config
}

fn upwards(sources: &Sources, path: &str) -> Option<String> {
    let absolute = std::path::absolute(path).ok()?;
    let start = crate::source::normalize(path);
    let mut at = if sources.list(&start).is_ok() { start } else { parent(&start).to_owned() };
    for _ in 0..absolute.components().count() {
        let file = join(&at, NAME);
        if sources.load(&file).is_ok() {
            return Some(file);
        }
        at = join(&at, "..");
    }
    None
}

fn read_file(sources: &Sources, path: &str, id: FileId, config: &mut Config) {
    let text = sources.text(id);
    let file: File = match toml::from_str(&text) {
        Ok(file) => file,
        Err(error) => {
            let range = error.span().unwrap_or(0..0);
            config.diagnostics.push(Diagnostic::bad_input(Span::new(id, range), nearest(error.message())));
            return;
        }
    };
    let dir = parent(path).to_owned();
    let mut names: BTreeMap<&str, AccountId> = BTreeMap::new();
    for (name, text) in &file.accounts {
        match AccountId::parse(text.get_ref()) {
            Some(account) => {
                names.insert(name, account);
                config.facts.account_names.insert(account, name.clone());
            }
            None => config.diagnostics.push(Diagnostic::bad_input(
                Span::new(id, text.span()),
                format!("`{}` is not an account id; expected twelve digits", text.get_ref()),
            )),
        }
    }
    let mut problems = Vec::new();
    let mut account = |text: &Spanned<String>| {
        let found = AccountId::parse(text.get_ref()).or_else(|| names.get(text.get_ref().as_str()).copied());
        if found.is_none() {
            problems.push(Diagnostic::bad_input(
                Span::new(id, text.span()),
                format!("`{}` is neither an account id nor a name under [accounts]", text.get_ref()),
            ));
        }
        found
    };
    if let Some(organization) = file.organization.id {
        config.load.organization_id = Some(organization.as_str().into());
        config.facts.organization_id = Some(organization.into());
    }
    config.facts.cross_account_backup = file.organization.cross_account_backup.or(config.facts.cross_account_backup);
    for (source, target) in file.modules {
        config.load.modules.insert(source, join(&dir, &target));
    }
    for table in &file.deployment {
        let table = table.get_ref();
        let id = table.account.as_ref().and_then(&mut account);
        let name = table
            .name
            .clone()
            .or_else(|| table.account.as_ref().map(|text| text.get_ref().clone()))
            .or_else(|| table.workspace.clone())
            .unwrap_or_else(|| "default".to_owned());
        let pairs =
            |map: &BTreeMap<String, toml::Value>| map.iter().map(|(key, value)| (key.clone(), plain(value))).collect();
        let deployment = Deployment {
            account: id,
            region: table.region.as_deref().map(Into::into),
            vars: pairs(&table.vars),
            var_files: table.var_files.iter().map(|file| join(&dir, file)).collect(),
            workspace: table.workspace.clone(),
            parameters: pairs(&table.parameters),
            parameter_files: table.parameters_file.iter().map(|file| join(&dir, file)).collect(),
            exports: pairs(&table.exports),
        };
        config.deployments.push((join(&dir, &table.path), name, deployment));
    }
    for table in &file.known.account {
        if let Some(account) = account(&table.account) {
            let facts = AccountFacts {
                complete: table.complete,
                dynamodb_advanced: table.dynamodb_advanced_backup,
                opted_in: table.opted_in.clone(),
                ebs_default_key: table.ebs_default_key.clone(),
            };
            config.facts.accounts.insert(account, facts);
        }
    }
    config.diagnostics.append(&mut problems);
    let policy = |file: &Option<String>, diagnostics: &mut Vec<Diagnostic>| {
        let path = join(&dir, file.as_ref()?);
        match sources.load(&path) {
            Ok(file) => {
                Some(crate::value::Value::string(sources.text(file)).at(Span::new(file, 0..sources.text(file).len())))
            }
            Err(error) => {
                diagnostics.push(Diagnostic::unreadable(path, error.to_string()));
                None
            }
        }
    };
    for table in &file.known.vault {
        let span = Span::new(id, table.span());
        let table = table.get_ref();
        let policy = policy(&table.policy_file, &mut config.diagnostics);
        config.facts.vaults.push(KnownVault {
            arn: table.arn.as_str().into(),
            key: table.key.as_deref().map(Into::into),
            policy,
            span,
        });
    }
    for table in &file.known.key {
        let span = Span::new(id, table.span());
        let table = table.get_ref();
        let policy = policy(&table.policy_file, &mut config.diagnostics);
        config.facts.keys.push(KnownKey { arn: table.arn.as_str().into(), policy, span });
    }
    for (rule, word) in &file.rules {
        let severity = match word.get_ref().as_str() {
            "error" => Some(Severity::Error),
            "warning" => Some(Severity::Warning),
            "info" => Some(Severity::Info),
            "off" => None,
            other => {
                config.diagnostics.push(Diagnostic::bad_input(
                    Span::new(id, word.span()),
                    format!("`{other}` is no severity; expected error, warning, info or off"),
                ));
                continue;
            }
        };
        if !crate::checks::RULES.iter().any(|(name, _)| name == rule) {
            config
                .diagnostics
                .push(Diagnostic::bad_input(Span::new(id, word.span()), format!("there is no rule `{rule}`")));
        }
        config.severities.insert(rule.clone(), severity);
    }
    if !file.ignore.is_empty() {
        config.diagnostics.push(Diagnostic::note(
            Span::new(id, 0..0),
            Severity::Warning,
            "[[ignore]] is read, but findings are not suppressed by this version",
        ));
    }
}

fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The parser's message with the nearest key that exists.
fn nearest(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    if !message.starts_with("unknown field") {
        return message.to_owned();
    }
    let Some(wrong) = quoted.next() else { return message.to_owned() };
    let best = quoted.max_by_key(|name| {
        name.chars().filter(|c| wrong.contains(*c)).count() as isize * 2
            - (name.len() as isize - wrong.len() as isize).abs()
    });
    match best {
        Some(best) => format!("unknown key `{wrong}`; did you mean `{best}`?"),
        None => format!("unknown key `{wrong}`"),
    }
}
