//! Files beside templates that say where stacks go: `samconfig.toml`, Git sync's deployment file, the manifest of
//! Customizations for AWS Control Tower.

use super::document::{self, Node};
use super::parameters::{overrides, pairs};
use crate::aws::AccountId;
use crate::diagnostic::Diagnostic;
use crate::organization::Organization;
use crate::resource::{Deployment, Language, LoadSettings, Unit};
use crate::source::{FileId, Sources, Span, join, parent};
use crate::value::Value;
use std::sync::Arc;

/// Directories above a deployment file where the template's path may begin.
const ABOVE: usize = 6;

/// Which of these a file is, told by its name and content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Sam,
    GitSync,
    ControlTower,
}

fn form(path: &str, text: &str) -> Option<Form> {
    let line = |start: &str| text.lines().any(|line| line.starts_with(start));
    match path.rsplit('/').next().unwrap_or(path) {
        "samconfig.toml" => Some(Form::Sam),
        "manifest.yaml" | "manifest.yml"
            if line("version:")
                && (line("resources:") && text.contains("resource_file:") || line("cloudformation_resources:")) =>
        {
            Some(Form::ControlTower)
        }
        name if (name.ends_with(".yaml") || name.ends_with(".yml"))
            && (line("template-file-path:") || line("templateFilePath:")) =>
        {
            Some(Form::GitSync)
        }
        _ => None,
    }
}

/// Whether the file says where templates go.
pub(crate) fn tells(path: &str, text: &str) -> bool {
    form(path, text).is_some()
}

/// The stacks that the file at `path` tells of, one unit each.
pub(crate) fn units(sources: &Sources, path: &str, settings: &LoadSettings) -> (Vec<Unit>, Vec<Diagnostic>) {
    let file = match sources.load(path) {
        Ok(file) => file,
        Err(error) => return (Vec::new(), vec![Diagnostic::unreadable(path, error.to_string())]),
    };
    let mut reader = Reader { sources, settings, path, file, units: Vec::new(), diagnostics: Vec::new() };
    match form(path, &sources.text(file)) {
        Some(Form::Sam) => reader.sam(),
        Some(Form::GitSync) => reader.git_sync(),
        Some(Form::ControlTower) => reader.control_tower(),
        None => {}
    }
    (reader.units, reader.diagnostics)
}

struct Reader<'a> {
    sources: &'a Sources,
    settings: &'a LoadSettings,
    path: &'a str,
    file: FileId,
    units: Vec<Unit>,
    diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn tree(&mut self) -> Option<Node> {
        let (root, found) = document::parse(self.file, &self.sources.text(self.file));
        self.diagnostics.extend(found);
        root
    }

    fn push(&mut self, path: String, name: Option<&str>, deployment: Deployment) {
        let shown = name.map_or_else(|| path.clone(), |name| format!("{path}@{name}"));
        let deployment = Deployment { named: true, ..deployment };
        self.units.push(Unit { name: shown.into(), language: Language::CloudFormation, path, deployment });
    }

    /// Each environment's `deploy` parameters above its `global` ones.
    ///
    /// Source: <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-config.html>, read 2026-11.
    fn sam(&mut self) {
        let text = self.sources.text(self.file);
        let root: toml::Table = match toml::from_str(&text) {
            Ok(root) => root,
            Err(error) => {
                let span = Span::new(self.file, error.span().unwrap_or(0..0));
                return self.diagnostics.push(Diagnostic::bad_input(span, error.message()));
            }
        };
        let environments: Vec<(&String, &toml::Table)> =
            root.iter().filter_map(|(name, value)| Some((name, value.as_table()?))).collect();
        for (environment, table) in &environments {
            let value = |name: &str| {
                ["deploy", "global", "build"]
                    .iter()
                    .find_map(|command| table.get(*command)?.get("parameters")?.get(name))
            };
            let text = |name: &str| value(name).and_then(toml::Value::as_str);
            if table.get("deploy").is_none() && table.get("global").is_none() {
                continue;
            }
            let dir = parent(self.path);
            let given = text("template_file").or_else(|| text("template"));
            let named = given.map(|file| join(dir, file));
            let usual = ["template.yaml", "template.yml", "template.json"].map(|name| join(dir, name));
            let Some(path) = named.into_iter().chain(usual).find(|path| self.sources.load(path).is_ok()) else {
                if let Some(file) = given {
                    let message = format!("`{environment}` deploys `{file}`, which is not at hand");
                    self.diagnostics.push(Diagnostic::not_evaluated(Span::new(self.file, 0..0), message));
                }
                continue;
            };
            let parameters = match value("parameter_overrides") {
                Some(toml::Value::String(text)) => overrides(text),
                Some(toml::Value::Array(items)) => {
                    items.iter().filter_map(toml::Value::as_str).flat_map(overrides).collect()
                }
                Some(toml::Value::Table(table)) => table
                    .iter()
                    .map(|(key, value)| {
                        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                        (Arc::from(key.as_str()), text)
                    })
                    .collect(),
                _ => Vec::new(),
            };
            let deployment = Deployment {
                region: text("region").map(Into::into),
                stack_name: text("stack_name").map(Into::into),
                parameters: parameters.into_iter().map(|(key, value)| (key.to_string(), value)).collect(),
                ..Deployment::default()
            };
            let name = Some(environment.as_str()).filter(|_| environments.len() > 1);
            self.push(path, name, deployment);
        }
    }

    /// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/git-sync-concepts-terms.html>, read 2026-11.
    fn git_sync(&mut self) {
        let Some(root) = self.tree() else { return };
        let file = root.get("template-file-path").or_else(|| root.get("templateFilePath"));
        let Some(file) = file else { return };
        let mut base = parent(self.path).to_owned();
        let mut found = None;
        // The path begins at the repository's root, wherever that is.
        for _ in 0..ABOVE {
            let path = join(&base, file.text().unwrap_or_default().trim_start_matches('/'));
            if self.sources.load(&path).is_ok() {
                found = Some(path);
                break;
            }
            base = join(&base, "..");
        }
        let Some(path) = found else {
            let message = format!("`{}` is not at hand", file.text().unwrap_or_default());
            return self.diagnostics.push(Diagnostic::not_evaluated(file.span, message));
        };
        let parameters = root.get("parameters").map(pairs).unwrap_or_default();
        let name = self.path.rsplit('/').next().and_then(|name| name.split('.').next()).map(str::to_owned);
        let deployment = Deployment { parameters: texts(&parameters), ..Deployment::default() };
        self.push(path, name.as_deref(), deployment);
    }

    /// Source: <https://docs.aws.amazon.com/controltower/latest/userguide/cfct-manifest-file-resources-section.html>, read 2026-11.
    fn control_tower(&mut self) {
        let Some(root) = self.tree() else { return };
        let home = root.get("region").and_then(Node::text).map(Arc::<str>::from);
        let resources = root.get("resources").or_else(|| root.get("cloudformation_resources"));
        for resource in resources.map(Node::items).unwrap_or_default() {
            let text = |name: &str| resource.get(name).and_then(Node::text);
            let name = text("name").unwrap_or("?");
            let method = text("deploy_method").unwrap_or("stack_set");
            if method != "stack_set" {
                let message = format!("`{name}` is deployed by the method `{method}`, which is not evaluated");
                self.diagnostics.push(Diagnostic::not_evaluated(resource.span, message));
                continue;
            }
            let Some(file) = resource.get("resource_file").or_else(|| resource.get("template_file")) else { continue };
            let path = join(parent(self.path), file.text().unwrap_or_default());
            if self.sources.load(&path).is_err() {
                let message = format!("`{name}`: `{}` is not at hand", file.text().unwrap_or_default());
                self.diagnostics.push(Diagnostic::not_evaluated(file.span, message));
                continue;
            }
            let mut parameters = Vec::new();
            let mut parameter_files = Vec::new();
            if let Some(file) = text("parameter_file").filter(|file| !file.is_empty()) {
                parameter_files.push(join(parent(self.path), file));
            }
            for item in resource.get("parameters").map(Node::items).unwrap_or_default() {
                let key = item.get("parameter_key").and_then(Node::string);
                let value = item.get("parameter_value");
                let list = value.map(Node::items).unwrap_or_default();
                let value = match list {
                    [] => value.and_then(Node::string),
                    list => Some(list.iter().filter_map(Node::string).collect::<Vec<_>>().join(",").into()),
                };
                // What the pipeline looks up is not known here.
                if let (Some(key), Some(value)) = (key, value)
                    && !value.contains("$[alfred_")
                {
                    parameters.push((key.to_string(), value.to_string()));
                }
            }
            let regions: Vec<Arc<str>> = match resource.get("regions").map(Node::items).unwrap_or_default() {
                [] => home.clone().into_iter().collect(),
                list => list.iter().filter_map(Node::string).collect(),
            };
            for (account, shown) in self.accounts(resource) {
                for region in &regions {
                    let deployment = Deployment {
                        account,
                        region: Some(region.clone()),
                        parameters: parameters.clone(),
                        parameter_files: parameter_files.clone(),
                        by: Some(resource.get("name").unwrap_or(file).span),
                        ..Deployment::default()
                    };
                    self.push(path.clone(), Some(&format!("{shown}/{region}")), deployment);
                }
            }
        }
    }

    /// The accounts that a resource of the manifest goes to, as ids where they are known, and in the manifest's words.
    fn accounts(&mut self, resource: &Node) -> Vec<(Option<AccountId>, String)> {
        let targets = resource.get("deployment_targets");
        let list = |new: &str, old: &str| -> Vec<Node> {
            let inner = targets.and_then(|targets| targets.get(new)).or_else(|| resource.get(old));
            inner.map(|node| node.items().to_vec()).unwrap_or_default()
        };
        let mut out: Vec<(Option<AccountId>, String)> = Vec::new();
        for node in list("accounts", "deploy_to_account") {
            let Some(text) = node.string() else { continue };
            let id = AccountId::parse(&text).or_else(|| self.settings.organization.names.get(&*text).copied());
            if id.is_none() {
                let message =
                    format!("the account `{text}` is not known; give its id under [accounts] in crossvault.toml");
                self.diagnostics.push(Diagnostic::not_evaluated(node.span, message));
            }
            out.push((id, text.to_string()));
        }
        for node in list("organizational_units", "deploy_to_ou") {
            let Some(text) = node.string() else { continue };
            match direct(&self.settings.organization, &text) {
                Some(accounts) => out.extend(accounts.into_iter().map(|account| (Some(account), account.to_string()))),
                None => {
                    let message = format!(
                        "which accounts `{text}` holds is not known; list them under [organization.units] in crossvault.toml"
                    );
                    self.diagnostics.push(Diagnostic::not_evaluated(node.span, message));
                    out.push((None, text.to_string()));
                }
            }
        }
        let mut seen = Vec::new();
        out.retain(|(id, shown)| {
            let key = id.map_or_else(|| shown.clone(), |id| id.to_string());
            !seen.contains(&key) && {
                seen.push(key);
                true
            }
        });
        out
    }
}

/// The accounts directly in the organizational unit of that id or name; `Above:Below` names a nested one.
fn direct(organization: &Organization, text: &str) -> Option<Vec<AccountId>> {
    if let Some(unit) = organization.units.get(text) {
        return Some(unit.accounts.iter().copied().collect());
    }
    let mut names = text.rsplit(':');
    let name = names.next()?;
    let mut found = organization.units.values().filter(|unit| {
        let mut at = Some(*unit);
        unit.name.as_deref() == Some(name)
            && names.clone().all(|above| {
                at = at.and_then(|unit| organization.units.get(unit.parent.as_ref()?));
                at.is_some_and(|unit| unit.name.as_deref() == Some(above))
            })
    });
    let unit = found.next()?;
    // Two units of one name: which is meant cannot be told.
    found.next().is_none().then(|| unit.accounts.iter().copied().collect())
}

fn texts(parameters: &[(Arc<str>, Value)]) -> Vec<(String, String)> {
    parameters.iter().filter_map(|(key, value)| Some((key.to_string(), value.text()?.to_string()))).collect()
}
