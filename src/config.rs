//! `crossvault.toml`.

mod ignores;

use crate::aws::{AccountId, Arn};
use crate::diagnostic::{Diagnostic, Severity};
use crate::graph::{AccountFacts, Facts, KnownKey, KnownVault};
use crate::organization::{self, is_unit_id};
use crate::resource::{Deployment, LoadSettings, PolicyFile, PolicyKind};
use crate::source::{FileId, Sources, Span, join, parent, shorten};
use crate::suppress::Ignore;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;

/// `crossvault.toml`: what the code does not tell. Everything is optional.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct File {
    /// The AWS organization.
    organization: OrganizationTable,
    /// Names for account ids, used in reports and below.
    #[cfg_attr(test, schemars(with = "BTreeMap<String, String>"))]
    accounts: BTreeMap<String, Spanned<String>>,
    /// Where a unit goes, and with which inputs; several per path are allowed.
    #[cfg_attr(test, schemars(with = "Vec<DeploymentTable>"))]
    deployment: Vec<Spanned<DeploymentTable>>,
    /// Where modules lie that are not installed: source to directory.
    modules: BTreeMap<String, String>,
    /// Facts about things that no code at hand defines.
    known: Known,
    /// The severity of each rule: error, warning, info or off.
    #[cfg_attr(test, schemars(with = "BTreeMap<String, String>"))]
    rules: BTreeMap<String, Spanned<String>>,
    /// Findings that do not count.
    #[cfg_attr(test, schemars(with = "Vec<ignores::Table>"))]
    ignore: Vec<Spanned<ignores::Table>>,
    /// How much the code may ask for.
    limits: LimitsTable,
}

/// How much the code may ask for before it is told to be too much.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct LimitsTable {
    /// Size of a file that is read (MiB; 50). Plans and states may have 2048, or as much as this where it is more.
    file_size: Option<u32>,
    /// Instances of one count, for_each or dynamic block (20000).
    instances: Option<u32>,
    /// Stacks that one template deploys: nested ones, and instances of stack sets (10000).
    stacks: Option<u32>,
    /// Values that the loops of one template make (200000).
    loop_values: Option<u32>,
    /// Combinations of open inputs that are judged one by one (128).
    combinations: Option<u32>,
    /// Expressions that are evaluated for one root module (50000000).
    steps: Option<u32>,
}

/// The AWS organization.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct OrganizationTable {
    /// `o-…`.
    id: Option<String>,
    /// Whether cross-account backup is switched on in the management account.
    cross_account_backup: Option<bool>,
    /// An id, or a name under `accounts`.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    management_account: Option<Spanned<String>>,
    /// Accounts outside the organization.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    outside: Vec<Spanned<String>>,
    /// Organizational units by id.
    #[cfg_attr(test, schemars(with = "BTreeMap<String, UnitTable>"))]
    units: BTreeMap<String, Spanned<UnitTable>>,
    /// Backup policies that no code at hand defines.
    #[cfg_attr(test, schemars(with = "Vec<PolicyTable>"))]
    backup_policy: Vec<Spanned<PolicyTable>>,
    /// Service control policies that no code at hand defines.
    #[cfg_attr(test, schemars(with = "Vec<PolicyTable>"))]
    service_control_policy: Vec<Spanned<PolicyTable>>,
}

/// A policy of the organization, and what it is attached to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct PolicyTable {
    /// The file with its JSON, relative to this one.
    file: String,
    /// Accounts, organizational units or the root.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    targets: Vec<Spanned<String>>,
}

/// An organizational unit.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct UnitTable {
    /// Its name.
    name: Option<String>,
    /// The id of the unit or root above it.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    parent: Option<Spanned<String>>,
    /// Accounts in it: ids, or names under `accounts`.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    accounts: Vec<Spanned<String>>,
    /// Whether the policy FullAWSAccess is attached.
    full_aws_access: Option<bool>,
}

/// Where a unit goes, and with which inputs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct DeploymentTable {
    /// A root module, template, plan or state, relative to this file.
    path: String,
    /// An id, or a name under `accounts`.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    account: Option<Spanned<String>>,
    /// The Region.
    region: Option<String>,
    /// Files with values of Terraform variables.
    #[serde(default)]
    var_files: Vec<String>,
    /// Values of Terraform variables.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, serde_json::Value>"))]
    vars: BTreeMap<String, toml::Value>,
    /// The Terraform workspace.
    workspace: Option<String>,
    /// Values of a template's parameters.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, serde_json::Value>"))]
    parameters: BTreeMap<String, toml::Value>,
    /// A file with values of a template's parameters.
    parameters_file: Option<String>,
    /// What Fn::ImportValue finds outside the estate.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, serde_json::Value>"))]
    exports: BTreeMap<String, toml::Value>,
    /// The name of the CloudFormation stack.
    stack_name: Option<String>,
    /// Where it keeps its state, where the code does not say it.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, serde_json::Value>"))]
    backend: BTreeMap<String, toml::Value>,
    /// Its state as a file: gives what the code declares its real ARNs.
    state: Option<String>,
    /// What the unit is called in reports, after `@`.
    name: Option<String>,
}

/// Facts about things that no code at hand defines.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Known {
    /// Vaults.
    #[cfg_attr(test, schemars(with = "Vec<KnownVaultTable>"))]
    vault: Vec<Spanned<KnownVaultTable>>,
    /// Keys.
    #[cfg_attr(test, schemars(with = "Vec<KnownKeyTable>"))]
    key: Vec<Spanned<KnownKeyTable>>,
    /// Accounts.
    account: Vec<KnownAccount>,
    facts: Vec<KnownFacts>,
}

/// What the AWS CLI printed: `dir` with any number of files, or one `file`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct KnownFacts {
    dir: Option<String>,
    file: Option<String>,
}

/// A vault that no code at hand defines.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct KnownVaultTable {
    /// Its ARN.
    arn: String,
    /// Keys; of a vault: the ARN of its key, or `aws-managed`.
    key: Option<String>,
    /// A file with its access policy.
    policy_file: Option<String>,
}

/// A key that no code at hand defines.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct KnownKeyTable {
    /// Its ARN.
    arn: String,
    /// A file with its policy.
    policy_file: Option<String>,
}

/// What is known of an account.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct KnownAccount {
    /// An id, or a name under `accounts`.
    #[cfg_attr(test, schemars(with = "String"))]
    account: Spanned<String>,
    /// Every vault and key of the account is in the estate.
    #[serde(default)]
    complete: bool,
    /// Whether DynamoDB's advanced backup features are on.
    dynamodb_advanced_backup: Option<bool>,
    /// The services that AWS Backup is opted in for, as AWS names them.
    opted_in: Option<Vec<String>>,
    /// The default key of EBS encryption: an ARN, or `aws-managed`.
    ebs_default_key: Option<String>,
    /// Whether EC2 instances are started from AMIs of AWS Marketplace, where the code does not tell.
    marketplace_images: Option<bool>,
}

/// What the configuration files say.
#[derive(Debug, Default)]
pub struct Config {
    pub facts: Facts,
    pub load: LoadSettings,
    /// (path, name, inputs).
    pub deployments: Vec<(String, String, Deployment)>,
    pub severities: BTreeMap<String, Option<Severity>>,
    pub ignores: Vec<Ignore>,
    pub diagnostics: Vec<Diagnostic>,
}

/// The type of the whole file, for its schema.
#[cfg(test)]
pub(crate) fn schema() -> schemars::Schema {
    schemars::schema_for!(File)
}

pub use crate::source::CONFIGURATION as NAME;

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
    config.load.organization = config.facts.organization.clone();
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
    let LimitsTable { file_size, instances, stacks, loop_values, combinations, steps } = file.limits;
    if let Some(size) = file_size {
        sources.set_largest(u64::from(size) << 20);
    }
    let limits = &mut config.load.limits;
    for (limit, given) in [
        (&mut limits.instances, instances),
        (&mut limits.stacks, stacks),
        (&mut limits.loop_values, loop_values),
        (&mut limits.combinations, combinations),
        (&mut limits.steps, steps),
    ] {
        if let Some(given) = given {
            *limit = given as usize;
        }
    }
    let dir = parent(path).to_owned();
    let here = std::env::current_dir().map(|dir| dir.display().to_string()).unwrap_or_default();
    let below = |path: &str| shorten(&here, &join(&dir, path));
    let mut names: BTreeMap<&str, AccountId> = BTreeMap::new();
    for (name, text) in &file.accounts {
        match AccountId::parse(text.get_ref()) {
            Some(account) => {
                names.insert(name, account);
                config.facts.account_names.insert(account, name.clone());
                config.facts.organization.names.insert(name.as_str().into(), account);
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
    organization(&file.organization, (id, &dir), &mut account, config);
    config.facts.cross_account_backup = file.organization.cross_account_backup.or(config.facts.cross_account_backup);
    for (source, target) in file.modules {
        config.load.modules.insert(source, below(&target));
    }
    for table in &file.deployment {
        let span = Span::new(id, table.span());
        let table = table.get_ref();
        if !sources.exists(&below(&table.path)) {
            let message = format!("there is nothing at `{}`, so this deployment has no effect", table.path);
            config.diagnostics.push(Diagnostic::not_evaluated(span, message));
        }
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
            var_files: table.var_files.iter().map(|file| below(file)).collect(),
            workspace: table.workspace.clone(),
            parameters: pairs(&table.parameters),
            parameter_files: table.parameters_file.iter().map(|file| below(file)).collect(),
            exports: pairs(&table.exports),
            stack_name: table.stack_name.as_deref().map(Into::into),
            named: true,
            backend: pairs(&table.backend),
            state: table.state.as_ref().map(|file| below(file)),
            stack: None,
            made_by: None,
            by: None,
        };
        config.deployments.push((below(&table.path), name, deployment));
    }
    for table in &file.known.account {
        if let Some(account) = account(&table.account) {
            let facts = AccountFacts {
                complete: table.complete,
                dynamodb_advanced: table.dynamodb_advanced_backup,
                opted_in: table.opted_in.clone(),
                ebs_default_key: table.ebs_default_key.clone(),
                marketplace_images: table.marketplace_images,
            };
            config.facts.accounts.insert(account, facts);
        }
    }
    config.diagnostics.append(&mut problems);
    let policy = |file: &Option<String>, diagnostics: &mut Vec<Diagnostic>| {
        let path = below(file.as_ref()?);
        match sources.load(&path) {
            Ok(file) => {
                let text = sources.text(file);
                let inner = printed_policy(&text);
                Some(crate::value::Value::string(inner.as_deref().unwrap_or(&text)).at(Span::new(file, 0..text.len())))
            }
            Err(error) => {
                diagnostics.push(Diagnostic::unreadable(path, error.to_string()));
                None
            }
        }
    };
    for table in &file.known.facts {
        config.load.facts.extend(table.dir.iter().chain(&table.file).map(|path| join(&dir, path)));
    }
    for table in &file.known.vault {
        let span = Span::new(id, table.span());
        let table = table.get_ref();
        if Arn::parse(&table.arn)
            .is_none_or(|arn| arn.service != "backup" || !arn.resource.starts_with("backup-vault:"))
        {
            let expected = "arn:aws:backup:REGION:ACCOUNT:backup-vault:NAME";
            let message = format!("`{}` is not the ARN of a backup vault; expected {expected}", table.arn);
            config.diagnostics.push(Diagnostic::bad_input(span, message));
            continue;
        }
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
        if Arn::parse(&table.arn).is_none_or(|arn| arn.service != "kms" || !arn.resource.starts_with("key/")) {
            let expected = "arn:aws:kms:REGION:ACCOUNT:key/ID";
            let message = format!("`{}` is not the ARN of a key; expected {expected}", table.arn);
            config.diagnostics.push(Diagnostic::bad_input(span, message));
            continue;
        }
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
        if !crate::checks::is_rule(rule) {
            config.diagnostics.push(Diagnostic::bad_input(Span::new(id, word.span()), no_rule(rule)));
        }
        config.severities.insert(rule.clone(), severity);
    }
    for table in &file.ignore {
        let found = ignores::read(table, (&dir, &here), id, &text, &mut config.diagnostics);
        config.ignores.extend(found);
    }
}

/// What is said of a rule that does not exist.
fn no_rule(name: &str) -> String {
    match crate::checks::nearest_rule(name) {
        Some(near) => format!("there is no rule `{name}`; did you mean `{near}`?"),
        None => format!("there is no rule `{name}`; `crossvault rules` lists them"),
    }
}

/// The policy within what `aws kms get-key-policy` or `aws backup get-backup-vault-access-policy` prints; `None` for a
/// bare policy.
fn printed_policy(text: &str) -> Option<String> {
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    json.get("Policy").filter(|_| json.get("Statement").is_none())?.as_str().map(str::to_owned)
}

/// The `[organization]` table: the organization's id, its tree, its management account.
fn organization(
    table: &OrganizationTable,
    (file, dir): (FileId, &str),
    account: &mut dyn FnMut(&Spanned<String>) -> Option<AccountId>,
    config: &mut Config,
) {
    let bad = |range, message| Diagnostic::bad_input(Span::new(file, range), message);
    let mut organization = std::mem::take(&mut config.facts.organization);
    organization.id = table.id.as_deref().map(Into::into).or(organization.id);
    organization.management_account =
        table.management_account.as_ref().and_then(&mut *account).or(organization.management_account);
    organization.outside.extend(table.outside.iter().filter_map(&mut *account));
    for (id, spanned) in &table.units {
        let unit = spanned.get_ref();
        if !is_unit_id(id) {
            let form = "expected a root as `r-ab12` or an organizational unit as `ou-ab12-cdef3456`";
            config.diagnostics.push(bad(spanned.span(), format!("`{id}` is not the id of a unit; {form}")));
            continue;
        }
        let mut accounts = BTreeSet::new();
        for text in &unit.accounts {
            let Some(own) = account(text) else { continue };
            if let Some(other) = organization.parent_of(&own).filter(|other| ***other != **id) {
                let message = format!("account `{}` is listed in `{other}` already", text.get_ref());
                config.diagnostics.push(bad(text.span(), message));
                continue;
            }
            accounts.insert(own);
        }
        if let Some(parent) = unit.parent.as_ref().filter(|parent| !is_unit_id(parent.get_ref())) {
            let form = "expected the id of a root or an organizational unit";
            config.diagnostics.push(bad(parent.span(), format!("`{}` is no parent; {form}", parent.get_ref())));
        }
        let unit = organization::Unit {
            name: unit.name.as_deref().map(Into::into),
            parent: unit.parent.as_ref().map(|parent| parent.get_ref().as_str().into()),
            accounts,
            full_access: unit.full_aws_access.unwrap_or(true),
            span: Span::new(file, spanned.span()),
        };
        organization.units.insert(id.as_str().into(), unit);
    }
    for (id, spanned) in &table.units {
        let mut seen = vec![id.as_str()];
        let mut next = organization.units.get(id.as_str()).and_then(|unit| unit.parent.as_deref());
        while let Some(parent) = next {
            if parent == id {
                let message = format!("`{id}` lies below itself: {}", seen.join(" in "));
                config.diagnostics.push(bad(spanned.span(), message));
            }
            if seen.contains(&parent) {
                break;
            }
            seen.push(parent);
            next = organization.units.get(parent).and_then(|unit| unit.parent.as_deref());
        }
    }
    config.facts.organization = organization;
    let backup = table.backup_policy.iter().map(|table| (PolicyKind::Backup, table));
    let control = table.service_control_policy.iter().map(|table| (PolicyKind::ServiceControl, table));
    for (kind, spanned) in backup.chain(control) {
        let policy = spanned.get_ref();
        let targets = policy.targets.iter().filter_map(|target| {
            let span = Span::new(file, target.span());
            match is_unit_id(target.get_ref()) {
                true => Some((target.get_ref().as_str().into(), span)),
                false => account(target).map(|id| (id.as_str().into(), span)),
            }
        });
        config.load.policies.push(PolicyFile {
            path: join(dir, &policy.file),
            kind,
            targets: targets.collect(),
            span: Span::new(file, spanned.span()),
        });
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
    let known: Vec<&str> = quoted.collect();
    let folded = wrong.to_lowercase().replace('-', "_");
    let begins = |name: &str| name.starts_with(&folded);
    let near = known.iter().map(|name| (!begins(name), crate::aws::distance(name, &folded), *name)).min();
    match near {
        Some((_, distance, near)) if distance <= (wrong.len() / 3).max(1) || begins(near) => {
            format!("unknown key `{wrong}`; did you mean `{near}`?")
        }
        Some(_) => format!(
            "unknown key `{wrong}`; expected one of {}",
            known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        ),
        None => format!("unknown key `{wrong}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::source::{MemoryDisk, Sources};

    fn config(text: &str) -> (super::Config, Vec<String>) {
        let sources = Sources::new(Box::new(MemoryDisk::new([("crossvault.toml", text)])));
        let config = read(&sources, &[], Some("crossvault.toml"));
        let messages = config.diagnostics.iter().map(|diagnostic| {
            let place = diagnostic.primary.as_ref().map(|label| text.get(label.span.range()).unwrap());
            format!("{}: {}", place.unwrap_or_default(), diagnostic.message)
        });
        let messages = messages.collect();
        (config, messages)
    }

    #[test]
    fn the_organization_is_read_whole() {
        let (config, messages) = config(
            "[organization]\nid = \"o-a1b2c3d4e5\"\nmanagement_account = \"main\"\n\
             [accounts]\nmain = \"333333333333\"\nwork = \"111111111111\"\n\
             [organization.units]\n\"r-ab12\" = { accounts = [\"main\"] }\n\
             \"ou-ab12-11111111\" = { name = \"W\", parent = \"r-ab12\", accounts = [\"work\", \"222222222222\"] }\n",
        );
        assert_eq!(messages, Vec::<String>::new());
        let organization = &config.load.organization;
        assert_eq!(organization.management_account.map(|id| id.to_string()).as_deref(), Some("333333333333"));
        assert_eq!(organization.accounts_below("r-ab12").map(|accounts| accounts.len()), Some(3));
        let work = crate::aws::AccountId::parse("111111111111").unwrap();
        assert_eq!(organization.path(&work).as_deref(), Some("o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/"));
    }

    #[test]
    fn an_unknown_key_names_the_nearest_one() {
        for (text, place, wanted) in [
            ("[acounts]\na = \"1\"\n", "acounts", "unknown key `acounts`; did you mean `accounts`?"),
            (
                "[[deployment]]\npath = \"a\"\nvar-file = [\"b\"]\n",
                "var-file",
                "unknown key `var-file`; did you mean `var_files`?",
            ),
            (
                "[[known.vault]]\narn = \"a\"\npolicy = \"p\"\n",
                "policy",
                "unknown key `policy`; did you mean `policy_file`?",
            ),
            (
                "[[known.key]]\narn = \"a\"\nsize = 1\n",
                "size",
                "unknown key `size`; expected one of `arn`, `policy_file`",
            ),
        ] {
            assert_eq!(config(text).1, [format!("{place}: {wanted}")]);
        }
    }

    #[test]
    fn what_is_wrong_in_the_tree_is_told_at_its_place() {
        let (_, messages) = config(
            "[organization.units]\n\"Workloads\" = {}\n\
             \"ou-ab12-11111111\" = { parent = \"ou-ab12-22222222\", accounts = [\"111111111111\", \"twelve\"] }\n\
             \"ou-ab12-22222222\" = { parent = \"ou-ab12-11111111\", accounts = [\"111111111111\"] }\n\
             \"ou-ab12-33333333\" = { parent = \"root\" }\n",
        );
        assert!(
            messages.iter().any(|text| text.starts_with("{}: `Workloads` is not the id of a unit")),
            "{messages:?}"
        );
        assert!(messages.iter().any(|text| text.starts_with("\"111111111111\": account `111111111111` is listed in")));
        assert!(messages.iter().any(|text| text.starts_with("\"twelve\": `twelve` is neither")));
        assert!(messages.iter().any(|text| text.starts_with("\"root\": `root` is no parent")));
        assert!(messages.iter().any(|text| text.contains("`ou-ab12-11111111` lies below itself")));
    }
}
