//! Finds the units below the given paths; the only reader of the disk.

mod git;

pub use git::{GitDisk, merge_base};

use crate::diagnostic::Diagnostic;
use crate::resource::{Deployment, Language, LoadSettings, Unit};
use crate::source::{CONFIGURATION, DirEntry, Disk, FileId, ReadError, Sources, Span, Walked, join, normalize, parent};
use crate::terraform::Modules;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Larger files are not read (bytes).
const LARGEST: u64 = 50 * 1024 * 1024;
/// Larger plans and states are not read (bytes).
const LARGEST_PLAN: u64 = 2 * 1024 * 1024 * 1024;
/// How much of a large file is read to tell what it is (bytes).
const HEAD: u64 = 4096;
/// So many symbolic links to directories are followed below one path: links to directories with links double at each.
const MOST_FOLLOWED: usize = 1000;
/// So many files are looked at below one path.
const MOST_FILES: usize = 1_000_000;
/// Directories that never hold a user's own code.
const SKIPPED: [&str; 4] = [".git", ".terraform", "node_modules", ".terragrunt-cache"];

/// The real file system, within one directory.
#[derive(Debug)]
pub struct RealDisk {
    /// Nothing outside of these is read; canonical.
    roots: Vec<PathBuf>,
    /// Standard input, read once.
    stdin: std::sync::OnceLock<Result<Vec<u8>, ReadError>>,
    /// Whether standard input is one of the paths.
    asked: bool,
    /// Larger files are not read (bytes).
    largest: AtomicU64,
}

/// The path that stands for standard input.
const STDIN: &str = "-";

impl RealDisk {
    /// A disk that reads below the repositories of `paths` (the nearest directory with `.git`, else with a configuration,
    /// else the path itself).
    pub fn new(paths: &[String]) -> Self {
        let roots =
            paths.iter().filter_map(|path| std::fs::canonicalize(path).ok()).map(|path| repository(&path)).collect();
        let asked = paths.iter().any(|path| path == STDIN);
        Self { roots, asked, stdin: std::sync::OnceLock::new(), largest: AtomicU64::new(LARGEST) }
    }

    fn allowed(&self, path: &str) -> Result<PathBuf, ReadError> {
        let real = std::fs::canonicalize(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => ReadError::NotFound,
            _ => ReadError::Failed(error.to_string()),
        })?;
        if self.roots.iter().any(|root| real.starts_with(root)) { Ok(real) } else { Err(ReadError::Outside) }
    }
}

/// Larger files are read on all threads (bytes).
const BY_PIECES: u64 = 32 * 1024 * 1024;
/// What one of them reads at a time (bytes).
const PIECE: usize = 4 * 1024 * 1024;

/// All of a file of this size, each thread reads some of it; `None` where it is not of this size any more, or cannot be
/// read in this way.
#[cfg(unix)]
fn read_by_pieces(file: &std::fs::File, size: u64) -> Option<Vec<u8>> {
    use rayon::prelude::*;
    use std::os::unix::fs::FileExt as _;
    let mut bytes = vec![0; usize::try_from(size).ok()?];
    let read = |(at, piece): (usize, &mut [u8])| file.read_exact_at(piece, (at * PIECE) as u64).is_ok();
    let all = bytes.par_chunks_mut(PIECE).enumerate().map(read).all(|read| read);
    (all && matches!(file.read_at(&mut [0], size), Ok(0))).then_some(bytes)
}

#[cfg(not(unix))]
fn read_by_pieces(_: &std::fs::File, _: u64) -> Option<Vec<u8>> {
    None
}

fn repository(path: &Path) -> PathBuf {
    let start = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    let holds = |name: &str| start.ancestors().find(|dir| dir.join(name).exists());
    // A copy of the files without git's directory still has the configuration that speaks of them.
    holds(".git").or_else(|| holds(CONFIGURATION)).unwrap_or(start).to_path_buf()
}

impl Disk for RealDisk {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        let failed = |error: std::io::Error| ReadError::Failed(error.to_string());
        // Code that names a file `-` means a file.
        if path == STDIN && self.asked {
            let read = || {
                let mut bytes = Vec::new();
                std::io::stdin().lock().take(LARGEST_PLAN).read_to_end(&mut bytes).map_err(failed)?;
                Ok(bytes)
            };
            return self.stdin.get_or_init(read).clone();
        }
        let real = self.allowed(path)?;
        let regular = |metadata: std::fs::Metadata| match metadata.is_file() {
            true => Ok(metadata.len()),
            false => Err(ReadError::Failed("not a regular file".to_owned())),
        };
        // Opening a pipe would wait for its other end.
        regular(std::fs::metadata(&real).map_err(failed)?)?;
        let mut file = std::fs::File::open(&real).map_err(failed)?;
        let size = regular(file.metadata().map_err(failed)?)?;
        let mut limit = self.largest.load(Ordering::Relaxed);
        let mut bytes = Vec::new();
        if size > limit {
            file.by_ref().take(HEAD).read_to_end(&mut bytes).map_err(failed)?;
            if !crate::plan::recognise(&String::from_utf8_lossy(&bytes)) {
                return Err(ReadError::TooLarge(limit));
            }
            limit = limit.max(LARGEST_PLAN);
            if size > limit {
                return Err(ReadError::TooLarge(limit));
            }
        }
        if size > BY_PIECES
            && let Some(all) = read_by_pieces(&file, size)
        {
            return Ok(all);
        }
        bytes.reserve_exact(usize::try_from(size).unwrap_or(0).saturating_sub(bytes.len()));
        // A file may grow while it is read.
        file.take((limit + 1).saturating_sub(bytes.len() as u64)).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > limit { Err(ReadError::TooLarge(limit)) } else { Ok(bytes) }
    }

    fn set_largest(&self, bytes: u64) {
        self.largest.store(bytes, Ordering::Relaxed);
    }

    fn list(&self, path: &str) -> Result<Vec<DirEntry>, ReadError> {
        let real = self.allowed(path)?;
        let entries = std::fs::read_dir(&real).map_err(|error| ReadError::Failed(error.to_string()))?;
        let mut out: Vec<DirEntry> = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| ReadError::Failed(error.to_string()))?;
            let is_dir = match entry.file_type() {
                Ok(kind) if !kind.is_symlink() => kind.is_dir(),
                _ => std::fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_dir()),
            };
            // A name that is no text cannot be asked for: whoever asks for what is shown in its place learns of it.
            out.push(DirEntry { name: entry.file_name().to_string_lossy().into_owned(), is_dir });
        }
        out.sort();
        Ok(out)
    }

    /// `.gitignore` is respected.
    fn walk(&self, top: &str) -> Walked {
        let mut found = Walked::default();
        let mut ignores: Vec<ignore::gitignore::Gitignore> = Vec::new();
        let mut followed = 0;
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
                    // Nobody needs what such a link was to lead to; a file that code asks for is told there.
                    let dangling = error.depth() > 0
                        && error.io_error().is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound);
                    if dangling {
                        found.skipped.push((normalize(&path), "the symbolic link leads nowhere".to_owned()));
                    } else {
                        found.problems.push((path, message));
                    }
                    continue;
                }
            };
            ignores.retain(|ignore| entry.path().starts_with(ignore.path()));
            let is_dir = entry.file_type().is_dir();
            let ignored = entry.depth() > 0
                && ignores
                    .iter()
                    .rev()
                    .map(|ignore| ignore.matched(entry.path(), is_dir))
                    .find(|matched| !matched.is_none())
                    .is_some_and(|matched| matched.is_ignore());
            if is_dir {
                if entry.depth() > 0 && (SKIPPED.contains(&&*entry.file_name().to_string_lossy()) || ignored) {
                    walker.skip_current_dir();
                    continue;
                }
                if entry.path_is_symlink() && entry.path().to_str().is_none_or(|path| self.allowed(path).is_err()) {
                    let path = entry.path().display().to_string();
                    found.skipped.push((path, "the symbolic link leads outside the repository".to_owned()));
                    walker.skip_current_dir();
                    continue;
                }
                if entry.path_is_symlink() && entry.depth() > 0 {
                    followed += 1;
                    if followed > MOST_FOLLOWED {
                        if followed == MOST_FOLLOWED + 1 {
                            found.skipped.push((entry.path().display().to_string(), too_many_links()));
                        }
                        walker.skip_current_dir();
                        continue;
                    }
                }
                let file = entry.path().join(".gitignore");
                let largest = self.largest.load(Ordering::Relaxed);
                if file.to_str().is_some_and(|path| self.allowed(path).is_ok())
                    && std::fs::metadata(&file).is_ok_and(|found| found.is_file() && found.len() <= largest)
                {
                    ignores.push(ignore::gitignore::Gitignore::new(&file).0);
                }
                continue;
            }
            if found.files.len() >= MOST_FILES {
                found.problems.push((top.to_owned(), too_many_files()));
                break;
            }
            match entry.path().to_str() {
                _ if ignored => {}
                Some(path) => found.files.push(normalize(path)),
                None => {
                    found.problems.push((entry.path().display().to_string(), "the file's name is not UTF-8".to_owned()))
                }
            }
        }
        found
    }
}

fn too_many_links() -> String {
    format!("more than {MOST_FOLLOWED} symbolic links to directories; the rest is not followed")
}

fn too_many_files() -> String {
    format!("more than {MOST_FILES} files; the rest is not looked at")
}

/// What lies below the given paths.
#[derive(Debug, Default)]
pub struct Found {
    pub units: Vec<Unit>,
    /// Files that hold exported estates.
    pub estates: Vec<String>,
    pub diagnostics: Vec<Diagnostic>,
    /// Terraform modules that were read on the way.
    pub modules: Modules,
}

/// What a walk comes across.
#[derive(Debug, Default)]
struct Seen {
    /// Directories with Terraform files.
    modules: BTreeSet<String>,
    templates: BTreeSet<String>,
    /// Terraform plans and states as JSON.
    plans: BTreeSet<String>,
    /// Manifests of synthesised CDK apps.
    assemblies: BTreeSet<String>,
    /// Files that say where templates go.
    deployments: BTreeSet<String>,
    /// Policies of AWS Organizations.
    policies: BTreeSet<String>,
    /// Deployments of Terraform Stacks, by the stack's directory.
    stacks: BTreeMap<String, BTreeSet<String>>,
    /// Directories with stacks of Terragrunt.
    unit_stacks: BTreeSet<String>,
    /// Local modules that Stacks and configurations of Terragrunt name.
    sourced: BTreeSet<String>,
    /// Exported estates.
    estates: BTreeSet<String>,
}

impl Seen {
    fn len(&self) -> usize {
        let units = self.modules.len() + self.templates.len() + self.plans.len() + self.policies.len();
        units
            + self.unit_stacks.len()
            + self.stacks.len()
            + self.assemblies.len()
            + self.deployments.len()
            + self.estates.len()
    }

    /// Notes the file, if it is a template, tells where templates go, or is an exported estate; whether it is.
    fn add(&mut self, path: &str, text: &str) -> bool {
        if crate::estate::recognise(text) {
            self.estates.insert(path.to_owned());
        } else if crate::cloudformation::recognise(text) {
            self.templates.insert(path.to_owned());
        } else if path.rsplit('/').next() == Some("manifest.json") && crate::cloudformation::is_manifest(text) {
            self.assemblies.insert(path.to_owned());
        } else if crate::cloudformation::tells_deployments(path, text) {
            self.deployments.insert(path.to_owned());
        } else {
            return false;
        }
        true
    }

    /// Notes a file of a Terraform Stack.
    fn add_stack(&mut self, path: &str, text: &str, deploys: bool) {
        let names = self.stacks.entry(parent(path).to_owned()).or_default();
        for line in text.lines().map(str::trim_start) {
            if deploys
                && let Some(rest) = line.strip_prefix("deployment").filter(|rest| rest.starts_with([' ', '\t', '"']))
            {
                // With quotes or without.
                let label = rest.split(['"', ' ', '\t', '{']).find(|word| !word.is_empty());
                names.extend(label.map(str::to_owned));
            } else if !deploys
                && line.starts_with("source")
                && let Some(source) = line.split('"').nth(1).filter(|source| source.starts_with('.'))
            {
                self.sourced.insert(join(parent(path), source));
            }
        }
    }
}

/// The units below `paths`, each once. `deployments` gives inputs by the unit's path; several for one path make several
/// units.
pub fn discover(
    sources: &Sources,
    paths: &[String],
    deployments: &[(String, String, Deployment)],
    settings: &LoadSettings,
) -> Found {
    let mut found = Found::default();
    let mut seen = Seen::default();
    let mut archives: BTreeSet<String> = BTreeSet::new();
    let mut named: BTreeSet<String> = BTreeSet::new();
    for path in paths {
        let path = normalize(path);
        let before = seen.len();
        if sources.list(&path).is_ok() {
            walk(sources, &path, &mut seen, &mut found.diagnostics);
            if seen.modules.contains(&path) {
                named.insert(path.clone());
            }
            if seen.len() == before && named.is_empty() {
                found.diagnostics.push(Diagnostic::unreadable(
                    &path,
                    "no Terraform module, plan or state, CloudFormation template or backup policy below this path",
                ));
            }
        } else if [".tf", ".tf.json", ".tofu", ".tofu.json"].iter().any(|end| path.ends_with(end)) {
            match sources.load(&path) {
                Ok(_) => {
                    let dir = parent(&path).to_owned();
                    seen.modules.insert(dir.clone());
                    named.insert(dir);
                }
                Err(error) => found.diagnostics.push(Diagnostic::unreadable(&path, error.to_string())),
            }
        } else {
            match sources.load(&path) {
                Ok(file) if crate::plan::recognise(&sources.text(file)) => {
                    seen.plans.insert(path);
                }
                Ok(file) if seen.add(&path, &sources.text(file)) => {
                    named.insert(path);
                }
                Ok(file) if crate::policy_file::recognise(&sources.text(file)) => {
                    seen.policies.insert(path);
                }
                Ok(_) => found.diagnostics.push(Diagnostic::unreadable(
                    &path,
                    "neither a Terraform file, plan or state, nor a CloudFormation template, backup policy or exported estate",
                )),
                Err(ReadError::NotUtf8 { .. })
                    if sources.load_bytes(&path).is_ok_and(|bytes| crate::plan::archive::is_archive(&bytes)) =>
                {
                    archives.insert(path);
                }
                Err(error) => found.diagnostics.push(Diagnostic::unreadable(&path, error.to_string())),
            }
        }
    }
    for path in archives {
        let own = deployments.iter().find(|(at, _, _)| *at == path).map(|(_, _, deployment)| deployment.clone());
        match unpack(sources, &path, own.unwrap_or_default()) {
            Ok(unit) => found.units.push(unit),
            Err(message) => found.diagnostics.push(Diagnostic::unreadable(path, message)),
        }
    }
    for policy in &settings.policies {
        match sources.load(&policy.path) {
            Ok(_) => {
                seen.policies.insert(policy.path.clone());
            }
            Err(error) => {
                let message = format!("`{}` cannot be read: {error}", policy.path);
                found.diagnostics.push(Diagnostic::bad_input(policy.span, message));
            }
        }
    }
    let mut told: Vec<Unit> = Vec::new();
    sources.unmount();
    for manifest in &seen.assemblies {
        let (units, diagnostics) = crate::cloudformation::assembly_units(sources, manifest);
        // A nested assembly is found by the walk, too.
        for unit in units {
            if !told.contains(&unit) {
                told.push(unit);
            }
        }
        found.diagnostics.extend(diagnostics);
    }
    for file in &seen.deployments {
        let (units, diagnostics) = crate::cloudformation::deployed_units(sources, file, settings);
        told.extend(units);
        found.diagnostics.extend(diagnostics);
    }
    found.estates = std::mem::take(&mut seen.estates).into_iter().collect();
    // What the manifest of an app does not name is a part of a stack, or left over from an earlier synthesis.
    let apps: BTreeSet<&str> = seen.assemblies.iter().map(|manifest| parent(manifest)).collect();
    seen.templates.retain(|path| named.contains(path) || !apps.contains(parent(path)));
    seen.templates.extend(told.iter().map(|unit| unit.path.clone()));
    let quiet = found.modules.read_all(sources, &seen.modules);
    // Without deployments of its own, a stack that another one names is a part of it.
    seen.stacks.retain(|dir, names| !names.is_empty() || !seen.sourced.contains(dir));
    for (dir, names) in &seen.stacks {
        let names: Vec<&str> = if names.is_empty() { vec![""] } else { names.iter().map(String::as_str).collect() };
        for name in names {
            let at = if name.is_empty() { dir.clone() } else { format!("{dir}@{name}") };
            let own = deployments.iter().find(|(path, given, _)| path == dir && (given == name || given == "default"));
            let mut deployment = own.map(|(_, _, deployment)| deployment.clone()).unwrap_or_default();
            deployment.stack = Some(name.to_owned());
            let unit = Unit { name: at.as_str().into(), language: Language::Terraform, path: dir.clone(), deployment };
            found.units.push(unit);
        }
    }
    let made = crate::terraform::made_by_stacks(sources, &found.modules, settings, &seen.unit_stacks);
    found.diagnostics.extend(made.diagnostics);
    for (path, made_by) in made.units {
        seen.modules.insert(path.clone());
        let deployment = Deployment { made_by: Some(made_by), ..Deployment::default() };
        told.push(Unit { name: path.as_str().into(), language: Language::Terraform, path, deployment });
    }
    let mut called = called_modules(sources, &found.modules, &seen.modules, &quiet);
    called.extend(seen.sourced);
    called.extend(made.sources);
    let mut told_at: BTreeMap<String, Vec<Unit>> = BTreeMap::new();
    for unit in told {
        told_at.entry(unit.path.clone()).or_default().push(unit);
    }
    let roots = seen.modules.into_iter().filter(|dir| named.contains(dir) || !called.contains(dir));
    let units = roots
        .map(|dir| (dir, Language::Terraform))
        .chain(seen.templates.into_iter().map(|file| (file, Language::CloudFormation)))
        .chain(seen.plans.into_iter().map(|file| (file, Language::Plan)))
        .chain(seen.policies.into_iter().map(|file| (file, Language::OrganizationPolicy)));
    for (path, language) in units {
        let own: Vec<&(String, String, Deployment)> = deployments.iter().filter(|(at, _, _)| *at == path).collect();
        let files: Vec<Unit> = told_at.remove(&path).unwrap_or_default();
        match (own.as_slice(), files.as_slice()) {
            ([], []) => {
                let deployment = Deployment { named: named.contains(&path), ..Deployment::default() };
                found.units.push(Unit { name: path.as_str().into(), language, path, deployment })
            }
            ([], files) => found.units.extend(files.iter().cloned()),
            ([(_, _, deployment)], files) => {
                let told = files.first().map(|unit| unit.deployment.clone()).unwrap_or_default();
                let deployment = told.overlaid(deployment);
                found.units.push(Unit { name: path.as_str().into(), language, path, deployment })
            }
            (several, files) => {
                let mut names: BTreeMap<&str, usize> = BTreeMap::new();
                for (_, name, deployment) in several {
                    let count = names.entry(name).and_modify(|n| *n += 1).or_insert(1);
                    let suffix = if *count > 1 { format!("{name}-{count}") } else { name.clone() };
                    let made_by = files.first().and_then(|unit| unit.deployment.made_by.clone());
                    found.units.push(Unit {
                        name: format!("{path}@{suffix}").into(),
                        language,
                        path: path.clone(),
                        deployment: Deployment { made_by, ..deployment.clone() },
                    });
                }
            }
        }
    }
    found
}

/// The unit that a plan file holds: its configuration lies below `<path>!`, as if unpacked there.
fn unpack(sources: &Sources, path: &str, mut deployment: Deployment) -> Result<Unit, String> {
    let bytes = sources.load_bytes(path).map_err(|error| error.to_string())?;
    let archive = crate::plan::archive::read(&bytes)?;
    let root = format!("{path}!tfconfig/m-");
    for (name, content) in archive.files {
        sources.add_within(&format!("{path}!{name}"), content);
    }
    let installed: Vec<serde_json::Value> = archive
        .modules
        .iter()
        .filter_map(|(key, dir)| {
            Some(serde_json::json!({"Key": key, "Dir": format!("../{}", dir.strip_prefix("tfconfig/")?)}))
        })
        .collect();
    let installed = serde_json::json!({ "Modules": installed }).to_string();
    sources.add_within(&format!("{root}/.terraform/modules/modules.json"), installed.into_bytes());
    // Variables' values are not templates, whatever is in them.
    let variables = serde_json::to_string(&archive.variables).unwrap_or_default();
    let variables = variables.replace("${", "$${").replace("%{", "%%{");
    let file = format!("{path}!variables.tfvars.json");
    sources.add_within(&file, variables.into_bytes());
    if let Ok(file) = sources.load(&file) {
        sources.mark_data(file);
    }
    deployment.var_files.insert(0, file);
    if let Some(state) = archive.state {
        let file = format!("{path}!tfstate");
        sources.add_within(&file, state.into_bytes());
        deployment.state.get_or_insert(file);
    }
    deployment.workspace = deployment.workspace.or(archive.workspace);
    if deployment.backend.is_empty() && archive.backend.len() > 1 {
        deployment.backend = archive.backend;
    }
    Ok(Unit { name: path.into(), language: Language::Terraform, path: root, deployment })
}

/// Directories with Terraform files, and files that are recognised by what they hold.
fn walk(sources: &Sources, top: &str, seen: &mut Seen, diagnostics: &mut Vec<Diagnostic>) {
    let mut printed: Vec<(String, FileId)> = Vec::new();
    let mut met: Vec<String> = Vec::new();
    let Walked { files, problems, skipped } = sources.walk(top);
    diagnostics.extend(skipped.into_iter().map(|(path, message)| Diagnostic::skipped(path, message)));
    diagnostics.extend(problems.into_iter().map(|(path, message)| Diagnostic::unreadable(path, message)));
    sources.load_all(&files.iter().filter(|path| is_document(path)).cloned().collect::<Vec<_>>());
    for path in files {
        let name = path.rsplit('/').next().unwrap_or(&path);
        if crate::terraform::is_config(name) || (name == "terragrunt.hcl" && deploys(sources, &path)) {
            seen.modules.insert(parent(&path).to_owned());
        } else if name.starts_with("terragrunt.") && name.ends_with(".hcl.json") {
            let message = "configurations of Terragrunt in JSON syntax are not evaluated";
            diagnostics.push(Diagnostic::skipped(path, message));
        } else if name == crate::terraform::UNITS_FILE {
            seen.unit_stacks.insert(parent(&path).to_owned());
        } else if let Some(deploys) = crate::terraform::stack_file(name) {
            match sources.load(&path) {
                Ok(file) => seen.add_stack(&path, &sources.text(file), deploys),
                Err(error) => diagnostics.push(Diagnostic::unreadable(path, error.to_string())),
            }
        } else if is_document(&path) {
            match sources.load(&path) {
                Ok(file) if crate::plan::recognise(&sources.text(file)) => printed.push((path, file)),
                Ok(file) => {
                    let text = sources.text(file);
                    if !seen.add(&path, &text) && name.ends_with(".json") && crate::policy_file::recognise(&text) {
                        met.push(path);
                    }
                }
                // Most likely data of another program: told, and no error.
                Err(error @ (ReadError::TooLarge(_) | ReadError::NotUtf8 { .. })) => {
                    diagnostics.push(Diagnostic::skipped(path, error.to_string()));
                }
                Err(error) => diagnostics.push(Diagnostic::unreadable(path, error.to_string())),
            }
        }
    }
    add_printed(sources, printed, &seen.modules, &mut seen.plans, diagnostics);
    // Below a Terraform module a policy is one of the module's inputs.
    let within = |path: &str| {
        let mut dirs = std::iter::successors(Some(parent(path)), |dir| Some(parent(dir)).filter(|up| up != dir));
        dirs.any(|dir| seen.modules.contains(dir))
    };
    met.retain(|path| !within(path));
    seen.policies.extend(met);
}

/// Whether a file of this name may hold a template, plan, state, policy or estate.
fn is_document(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    let other = crate::terraform::is_config(name) || ends(&[".tfvars.json"]);
    !other && (ends(&[".yaml", ".yml", ".json", ".template", ".tfstate"]) || name == "samconfig.toml")
}

/// Whether a configuration of Terragrunt is a unit: one that others include alone names no module.
fn deploys(sources: &Sources, path: &str) -> bool {
    let Ok(file) = sources.load(path) else { return false };
    let text = sources.text(file);
    let beside = sources.list(parent(path)).unwrap_or_default();
    let begins = |word: &str| {
        text.lines().any(|line| line.strip_prefix(word).is_some_and(|rest| rest.trim_start().starts_with(['{', '"'])))
    };
    begins("include")
        || (begins("terraform") && text.lines().any(|line| line.trim_start().starts_with("source")))
        || beside.iter().any(|entry| crate::terraform::is_config(&entry.name))
}

/// Directories that a configuration of Terragrunt names as its module's: by the path after its last interpolation.
/// Paths that were looked for among all modules are in `tails`: units of one kind name the same.
fn terragrunt_sources(
    sources: &Sources,
    dir: &str,
    modules: &BTreeSet<String>,
    called: &mut BTreeSet<String>,
    tails: &mut BTreeSet<String>,
) {
    let Ok(file) = sources.load(&join(dir, "terragrunt.hcl")) else { return };
    let text = sources.text(file);
    for line in text.lines().map(str::trim_start).filter(|line| line.starts_with("source")) {
        let Some((_, value)) = line.split_once('=') else { continue };
        let literal = value.trim().trim_matches('"').split('?').next().unwrap_or_default();
        let tail = literal.rsplit('}').next().unwrap_or_default().replace("//", "/");
        if tail == literal.replace("//", "/") {
            let target = join(dir, &tail);
            // A unit may deploy the code beside its own file.
            if target != dir {
                called.insert(target);
            }
        } else {
            let tail = format!("/{}", normalize(&tail).trim_start_matches(['/', '.']));
            if !tails.contains(&tail) {
                let ends =
                    |module: &&String| module.ends_with(&tail) || tail.strip_prefix('/') == Some(module.as_str());
                called.extend(modules.iter().filter(ends).cloned());
                tails.insert(tail);
            }
        }
    }
}

/// Adds the plans and states that a walk met, but for a plan of a root module that is evaluated itself.
fn add_printed(
    sources: &Sources,
    printed: Vec<(String, FileId)>,
    modules: &BTreeSet<String>,
    plans: &mut BTreeSet<String>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for (path, file) in printed {
        if modules.contains(parent(&path)) && !crate::plan::is_state(&sources.text(file)) {
            let message = format!("`{path}` lies in a root module, which is evaluated in its place");
            diagnostics.push(
                Diagnostic::not_evaluated(Span::new(file, 0..0), message).with_help("name the plan to have it judged"),
            );
        } else {
            plans.insert(path);
        }
    }
}

/// Directories that some module calls; the `quiet` ones call none.
fn called_modules(
    sources: &Sources,
    read: &Modules,
    modules: &BTreeSet<String>,
    quiet: &BTreeSet<String>,
) -> BTreeSet<String> {
    let (mut called, mut tails) = (BTreeSet::new(), BTreeSet::new());
    for dir in modules {
        terragrunt_sources(sources, dir, modules, &mut called, &mut tails);
        if quiet.contains(dir) {
            continue;
        }
        for source in crate::terraform::local_sources(sources, read, dir) {
            let target = join(dir, &source);
            if target != *dir {
                called.insert(target);
            }
        }
    }
    called
}
