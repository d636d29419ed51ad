//! Finds the units below the given paths; the only reader of the disk.

use crate::diagnostic::Diagnostic;
use crate::resource::{Deployment, Language, Unit};
use crate::source::{DirEntry, Disk, ReadError, Sources, join, normalize, parent};
use crate::terraform::Modules;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Larger files are not read (bytes).
const LARGEST: u64 = 50 * 1024 * 1024;
/// Directories that never hold a user's own code.
const SKIPPED: [&str; 4] = [".git", ".terraform", "node_modules", ".terragrunt-cache"];

/// The real file system, within one directory.
#[derive(Debug)]
pub struct RealDisk {
    /// Nothing outside of these is read; canonical.
    roots: Vec<PathBuf>,
}

impl RealDisk {
    /// A disk that reads below the repositories of `paths` (the nearest directory with `.git`, else the path itself).
    pub fn new(paths: &[String]) -> Self {
        let roots =
            paths.iter().filter_map(|path| std::fs::canonicalize(path).ok()).map(|path| repository(&path)).collect();
        Self { roots }
    }

    fn allowed(&self, path: &str) -> Result<PathBuf, ReadError> {
        let real = std::fs::canonicalize(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => ReadError::NotFound,
            _ => ReadError::Failed(error.to_string()),
        })?;
        if self.roots.iter().any(|root| real.starts_with(root)) { Ok(real) } else { Err(ReadError::Outside) }
    }
}

fn repository(path: &Path) -> PathBuf {
    let start = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    start.ancestors().find(|dir| dir.join(".git").exists()).unwrap_or(start).to_path_buf()
}

impl Disk for RealDisk {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        let real = self.allowed(path)?;
        let failed = |error: std::io::Error| ReadError::Failed(error.to_string());
        let metadata = std::fs::metadata(&real).map_err(failed)?;
        if !metadata.is_file() {
            return Err(ReadError::Failed("not a regular file".to_owned()));
        }
        if metadata.len() > LARGEST {
            return Err(ReadError::TooLarge(LARGEST));
        }
        std::fs::read(&real).map_err(failed)
    }

    fn list(&self, path: &str) -> Result<Vec<DirEntry>, ReadError> {
        let real = self.allowed(path)?;
        let entries = std::fs::read_dir(&real).map_err(|error| ReadError::Failed(error.to_string()))?;
        let mut out: Vec<DirEntry> = entries
            .filter_map(Result::ok)
            .filter_map(|entry| {
                let is_dir = std::fs::metadata(entry.path()).map(|metadata| metadata.is_dir()).unwrap_or(false);
                Some(DirEntry { name: entry.file_name().into_string().ok()?, is_dir })
            })
            .collect();
        out.sort();
        Ok(out)
    }
}

/// What lies below the given paths.
#[derive(Debug, Default)]
pub struct Found {
    pub units: Vec<Unit>,
    pub diagnostics: Vec<Diagnostic>,
    /// Terraform modules that were read on the way.
    pub modules: Modules,
}

/// The units below `paths`, each once. `deployments` gives inputs by the unit's path; several for one path make several
/// units.
pub fn discover(sources: &Sources, paths: &[String], deployments: &[(String, String, Deployment)]) -> Found {
    let mut found = Found::default();
    let mut modules: BTreeSet<String> = BTreeSet::new();
    let mut templates: BTreeSet<String> = BTreeSet::new();
    let mut named: BTreeSet<String> = BTreeSet::new();
    for path in paths {
        let path = normalize(path);
        let before = modules.len() + templates.len();
        if sources.list(&path).is_ok() {
            walk(sources, &path, &mut modules, &mut templates, &mut found.diagnostics);
            if modules.contains(&path) {
                named.insert(path.clone());
            }
            if modules.len() + templates.len() == before && named.is_empty() {
                found.diagnostics.push(Diagnostic::unreadable(
                    &path,
                    "no Terraform module and no CloudFormation template below this path",
                ));
            }
        } else if path.ends_with(".tf") || path.ends_with(".tf.json") {
            match sources.load(&path) {
                Ok(_) => {
                    let dir = parent(&path).to_owned();
                    modules.insert(dir.clone());
                    named.insert(dir);
                }
                Err(error) => found.diagnostics.push(Diagnostic::unreadable(&path, error.to_string())),
            }
        } else {
            match sources.load(&path) {
                Ok(file) if crate::cloudformation::recognise(&sources.text(file)) => {
                    templates.insert(path);
                }
                Ok(_) => found
                    .diagnostics
                    .push(Diagnostic::unreadable(&path, "neither a Terraform file nor a CloudFormation template")),
                Err(error) => found.diagnostics.push(Diagnostic::unreadable(&path, error.to_string())),
            }
        }
    }
    let called = called_modules(sources, &found.modules, &modules);
    let roots = modules.into_iter().filter(|dir| named.contains(dir) || !called.contains(dir));
    let units = roots
        .map(|dir| (dir, Language::Terraform))
        .chain(templates.into_iter().map(|file| (file, Language::CloudFormation)));
    for (path, language) in units {
        let own: Vec<&(String, String, Deployment)> = deployments.iter().filter(|(at, _, _)| *at == path).collect();
        match own.as_slice() {
            [] => {
                found.units.push(Unit { name: path.as_str().into(), language, path, deployment: Deployment::default() })
            }
            [(_, _, deployment)] => {
                found.units.push(Unit { name: path.as_str().into(), language, path, deployment: deployment.clone() })
            }
            several => {
                let mut names: BTreeMap<&str, usize> = BTreeMap::new();
                for (_, name, deployment) in several {
                    let count = names.entry(name).and_modify(|n| *n += 1).or_insert(1);
                    let suffix = if *count > 1 { format!("{name}-{count}") } else { name.clone() };
                    found.units.push(Unit {
                        name: format!("{path}@{suffix}").into(),
                        language,
                        path: path.clone(),
                        deployment: deployment.clone(),
                    });
                }
            }
        }
    }
    found
}

/// Directories with Terraform files and files that are templates, `.gitignore` respected.
fn walk(
    sources: &Sources,
    top: &str,
    modules: &mut BTreeSet<String>,
    templates: &mut BTreeSet<String>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut ignores: Vec<ignore::gitignore::Gitignore> = Vec::new();
    let mut walker = walkdir::WalkDir::new(top).follow_links(true).sort_by_file_name().into_iter();
    while let Some(entry) = walker.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().map(|path| path.display().to_string()).unwrap_or_else(|| top.to_owned());
                let message = match error.loop_ancestor() {
                    Some(ancestor) => {
                        format!("symbolic links form a loop: this leads back to `{}`", ancestor.display())
                    }
                    None => error.io_error().map_or_else(|| "cannot be read".to_owned(), ToString::to_string),
                };
                diagnostics.push(Diagnostic::unreadable(path, message));
                continue;
            }
        };
        ignores.retain(|ignore| entry.path().starts_with(ignore.path()));
        let is_dir = entry.file_type().is_dir();
        let name = entry.file_name().to_string_lossy();
        let ignored = entry.depth() > 0
            && ignores
                .iter()
                .rev()
                .map(|ignore| ignore.matched(entry.path(), is_dir))
                .find(|matched| !matched.is_none())
                .is_some_and(|matched| matched.is_ignore());
        if is_dir {
            if entry.depth() > 0 && (SKIPPED.contains(&&*name) || ignored) {
                walker.skip_current_dir();
                continue;
            }
            let file = entry.path().join(".gitignore");
            if file.is_file() {
                ignores.push(ignore::gitignore::Gitignore::new(&file).0);
            }
            continue;
        }
        if ignored {
            continue;
        }
        let Some(path) = entry.path().to_str().map(normalize) else {
            diagnostics
                .push(Diagnostic::unreadable(entry.path().display().to_string(), "the file's name is not UTF-8"));
            continue;
        };
        if crate::terraform::is_config(&name) {
            modules.insert(parent(&path).to_owned());
        } else if [".yaml", ".yml", ".json", ".template"].iter().any(|end| name.ends_with(end))
            && !name.ends_with(".tfvars.json")
        {
            match sources.load(&path) {
                Ok(file) if crate::cloudformation::recognise(&sources.text(file)) => {
                    templates.insert(path);
                }
                Ok(_) | Err(ReadError::TooLarge(_) | ReadError::NotUtf8 { .. }) => {}
                Err(error) => diagnostics.push(Diagnostic::unreadable(path, error.to_string())),
            }
        }
    }
}

/// Directories that some module calls.
fn called_modules(sources: &Sources, read: &Modules, modules: &BTreeSet<String>) -> BTreeSet<String> {
    let mut called = BTreeSet::new();
    for dir in modules {
        for source in crate::terraform::local_sources(sources, read, dir) {
            let target = join(dir, &source);
            if target != *dir {
                called.insert(target);
            }
        }
    }
    called
}
