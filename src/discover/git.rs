//! The files of a git revision, read from git's objects: the checkout is not touched.

use super::{HEAD, LARGEST, LARGEST_PLAN, MOST_FILES, MOST_FOLLOWED, SKIPPED, too_many_files, too_many_links};
use crate::source::{DirEntry, Disk, ReadError, Walked, entries, join, normalize, parent};
use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

/// Symbolic links that lead to each other are followed this often.
const MOST_LINKS: usize = 16;

/// A file of the revision.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    object: String,
    link: bool,
}

/// The `git cat-file --batch` that gives the objects.
struct Reader {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The files of one commit, as a disk.
pub struct GitDisk {
    /// The commit's full name.
    pub commit: String,
    /// The working directory within the repository; `.` at its root.
    prefix: String,
    /// The repository's root, absolute.
    root: String,
    /// By path from the root.
    entries: BTreeMap<String, Entry>,
    /// What git lists and cannot be asked for, and why: names that are no text, repositories within this one.
    left_out: Vec<(String, String)>,
    reader: Mutex<Reader>,
}

impl fmt::Debug for GitDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitDisk").field("commit", &self.commit).finish_non_exhaustive()
    }
}

/// git without network, locks or output that depends on the user's settings.
fn git(arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.args(arguments).env("GIT_NO_LAZY_FETCH", "1").env("GIT_OPTIONAL_LOCKS", "0").stdin(Stdio::null());
    command
}

/// What git prints; an error is a sentence.
fn ask(arguments: &[&str]) -> Result<Vec<u8>, String> {
    let output = git(arguments).output().map_err(|error| format!("git cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.trim().trim_start_matches("fatal: ").to_owned())
}

fn line(arguments: &[&str]) -> Result<String, String> {
    Ok(String::from_utf8_lossy(&ask(arguments)?).trim_end_matches('\n').to_owned())
}

fn commit(revision: &str) -> Result<String, String> {
    let wanted = format!("{revision}^{{commit}}");
    line(&["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted]).map_err(|error| {
        if error.is_empty() { format!("`{revision}` is no revision of this repository") } else { error }
    })
}

/// The commit at which `head` (`HEAD` where left out) left `base`.
pub fn merge_base(base: &str, head: Option<&str>) -> Result<String, String> {
    let (from, to) = (commit(base)?, commit(head.unwrap_or("HEAD"))?);
    line(&["merge-base", &from, &to]).map_err(|error| {
        if error.is_empty() {
            format!("`{base}` and `{}` have no commit in common", head.unwrap_or("HEAD"))
        } else {
            error
        }
    })
}

impl GitDisk {
    /// The files of `revision` in the repository of the working directory; an error is a sentence.
    pub fn new(revision: &str) -> Result<Self, String> {
        let commit = commit(revision)?;
        let prefix = line(&["rev-parse", "--show-prefix"])?;
        let root = line(&["rev-parse", "--show-toplevel"])?;
        let listed = ask(&["ls-tree", "-r", "-z", "--full-tree", &commit])?;
        let (mut entries, mut left_out) = (BTreeMap::new(), Vec::new());
        for row in listed.split(|byte| *byte == 0) {
            let Ok(row) = std::str::from_utf8(row) else {
                let text = String::from_utf8_lossy(row);
                let path = text.split_once('\t').map_or_else(|| text.to_string(), |(_, path)| path.to_owned());
                left_out.push((path, "the file's name is not UTF-8".to_owned()));
                continue;
            };
            let Some((about, path)) = row.split_once('\t') else { continue };
            let mut words = about.split(' ');
            let (Some(mode), Some(kind), Some(object)) = (words.next(), words.next(), words.next()) else { continue };
            if kind != "blob" {
                left_out
                    .push((path.to_owned(), "a repository of its own, whose files git does not list here".to_owned()));
                continue;
            }
            entries.insert(path.to_owned(), Entry { object: object.to_owned(), link: mode == "120000" });
        }
        let mut child = git(&["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("git cannot be run: {error}"))?;
        let (Some(questions), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("git cannot be asked".to_owned());
        };
        let reader = Mutex::new(Reader { child, questions, answers: BufReader::new(answers) });
        Ok(Self { commit, prefix: normalize(&prefix), root, entries, left_out, reader })
    }

    /// The path from the repository's root; `None` where it leads outside.
    fn inside(&self, path: &str) -> Option<String> {
        let path = if path.starts_with('/') {
            let rest = normalize(path).strip_prefix(&self.root)?.to_owned();
            normalize(rest.trim_start_matches('/'))
        } else {
            join(&self.prefix, path)
        };
        (path != ".." && !path.starts_with("../")).then_some(path)
    }

    /// The path as the working directory sees it.
    fn seen(&self, inside: &str) -> String {
        if self.prefix == "." {
            return inside.to_owned();
        }
        match inside.strip_prefix(&self.prefix).and_then(|rest| rest.strip_prefix('/')) {
            Some(rest) => rest.to_owned(),
            None => format!("{}/{inside}", vec![".."; self.prefix.split('/').count()].join("/")),
        }
    }

    /// The same path with every symbolic link in it followed.
    fn real(&self, path: &str) -> Result<String, ReadError> {
        let mut path = path.to_owned();
        for _ in 0..MOST_LINKS {
            let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
            let link = ends.filter_map(|end| path.get(..end)).find_map(|head| {
                self.entries.get(head).filter(|entry| entry.link).map(|entry| (head.to_owned(), entry.clone()))
            });
            let Some((head, entry)) = link else { return Ok(path) };
            let target = String::from_utf8_lossy(&self.object(&entry.object)?).into_owned();
            let rest = path.get(head.len()..).unwrap_or_default().to_owned();
            let target = if target.starts_with('/') { target } else { join(parent(&head), &target) };
            if target.starts_with(['/']) || target == ".." || target.starts_with("../") {
                return Err(ReadError::Outside);
            }
            path = normalize(&format!("{target}{rest}"));
        }
        Err(ReadError::Failed("symbolic links lead to each other".to_owned()))
    }

    fn object(&self, name: &str) -> Result<Vec<u8>, ReadError> {
        let mut reader = self.reader.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let failed = |error: std::io::Error| ReadError::Failed(format!("git: {error}"));
        writeln!(reader.questions, "{name}").and_then(|()| reader.questions.flush()).map_err(failed)?;
        let mut head = String::new();
        reader.answers.read_line(&mut head).map_err(failed)?;
        let size: u64 = head
            .trim_end()
            .rsplit(' ')
            .next()
            .and_then(|size| size.parse().ok())
            .ok_or_else(|| ReadError::Failed("git does not have this file's content".to_owned()))?;
        let mut content = Vec::new();
        if size > LARGEST {
            reader.answers.by_ref().take(HEAD).read_to_end(&mut content).map_err(failed)?;
            let plan = crate::plan::recognise(&String::from_utf8_lossy(&content));
            let limit = if plan { LARGEST_PLAN } else { LARGEST };
            if size > limit {
                let rest = size.saturating_sub(HEAD) + 1;
                std::io::copy(&mut reader.answers.by_ref().take(rest), &mut std::io::sink()).map_err(failed)?;
                return Err(ReadError::TooLarge(limit));
            }
        }
        let rest = size.saturating_sub(content.len() as u64);
        reader.answers.by_ref().take(rest).read_to_end(&mut content).map_err(failed)?;
        reader.answers.read_exact(&mut [0]).map_err(failed)?;
        Ok(content)
    }
}

impl Disk for GitDisk {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        let inside = self.inside(path).ok_or(ReadError::Outside)?;
        let entry = self.entries.get(&self.real(&inside)?).ok_or(ReadError::NotFound)?;
        self.object(&entry.object)
    }

    fn list(&self, path: &str) -> Result<Vec<DirEntry>, ReadError> {
        let dir = self.real(&self.inside(path).ok_or(ReadError::Outside)?)?;
        let prefix = if dir == "." { String::new() } else { format!("{dir}/") };
        let below = self.entries.range(prefix.clone()..).take_while(|(file, _)| file.starts_with(&prefix));
        let entries = entries(below.map(|(file, _)| file), &dir);
        if entries.is_empty() && dir != "." { Err(ReadError::NotFound) } else { Ok(entries) }
    }

    fn walk(&self, top: &str) -> Walked {
        let mut found = Walked::default();
        let Some(dir) = self.inside(top).and_then(|inside| self.real(&inside).ok()) else { return found };
        self.below(&dir, &dir, &mut Vec::new(), &mut 0, &mut found);
        let prefix = within(&dir);
        let top = normalize(top);
        let named = |path: &str| {
            let rest = path.strip_prefix(&prefix).unwrap_or(path);
            if top.starts_with('/') { join(&top, rest) } else { self.seen(path) }
        };
        found.files.iter_mut().for_each(|path| *path = named(path));
        found.skipped.extend(self.left_out.iter().filter(|(path, _)| path.starts_with(&prefix)).cloned());
        found.skipped.iter_mut().chain(&mut found.problems).for_each(|(path, _)| *path = named(path));
        found
    }
}

/// What begins the paths of all that is in the directory.
fn within(dir: &str) -> String {
    if dir == "." { String::new() } else { format!("{dir}/") }
}

impl GitDisk {
    /// The files in the directory `dir` and below it, which is shown as `shown`; links to directories are followed as on
    /// a disk. `trail` holds the directories that led here by links.
    fn below(&self, dir: &str, shown: &str, trail: &mut Vec<String>, followed: &mut usize, found: &mut Walked) {
        let (prefix, outer) = (within(dir), within(shown));
        for (file, entry) in self.entries.range(prefix.clone()..).take_while(|(file, _)| file.starts_with(&prefix)) {
            let rest = file.strip_prefix(&prefix).unwrap_or(file);
            if parent(rest).split('/').any(|part| SKIPPED.contains(&part)) {
                continue;
            }
            if found.files.len() >= MOST_FILES {
                if found.problems.last().is_none_or(|(_, why)| *why != too_many_files()) {
                    found.problems.push((shown.to_owned(), too_many_files()));
                }
                return;
            }
            let path = format!("{outer}{rest}");
            let name = rest.rsplit('/').next().unwrap_or(rest);
            let target = if entry.link { self.real(file) } else { Ok(file.clone()) };
            match target {
                Ok(target) if !entry.link || self.entries.contains_key(&target) => found.files.push(path),
                Ok(target) => {
                    let inner = within(&target);
                    if self.entries.range(inner.clone()..).next().is_none_or(|(next, _)| !next.starts_with(&inner)) {
                        // It leads nowhere: whoever reads it learns so.
                        found.files.push(path);
                    } else if SKIPPED.contains(&name) {
                    } else if file.starts_with(&inner) || trail.contains(&target) {
                        let message = format!("symbolic links form a loop: this leads back to `{target}`");
                        found.problems.push((path, message));
                    } else if *followed >= MOST_FOLLOWED {
                        if found.skipped.last().is_none_or(|(_, why)| *why != too_many_links()) {
                            found.skipped.push((path, too_many_links()));
                        }
                    } else {
                        *followed += 1;
                        trail.push(target.clone());
                        self.below(&target, &path, trail, followed, found);
                        trail.pop();
                    }
                }
                // What it leads to cannot be told from here: by its name, a file or a directory.
                Err(ReadError::Outside) if !name.contains('.') => {
                    found.skipped.push((path, "the symbolic link leads outside the repository".to_owned()));
                }
                Err(_) => found.files.push(path),
            }
        }
    }
}
