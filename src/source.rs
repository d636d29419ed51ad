//! Source files, and places in them.
//!
//! Every fact that crossvault reports points at a [`Span`]. [`Sources`] owns the text of all files that were
//! read, and reads further ones through a [`Disk`], so that nothing else touches the file system.

mod reads;
mod revisions;

pub(crate) use reads::{Reads, read_again, read_in_passing, reads_of, uses_unit};
pub use revisions::{Revision, Revisions};

use crate::secret;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, OnceLock, RwLock};

/// The configuration file's name.
pub const CONFIGURATION: &str = "crossvault.toml";

/// So many files are read before they are numbered.
const AT_A_TIME: usize = 512;

/// Names one loaded file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct FileId(pub u32);

/// A range of bytes in one file: `start` inclusive, `end` exclusive. The names of its parts when it is written tell it
/// from what users write, so that an export can put a location in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Span {
    #[serde(rename = "$file")]
    pub file: FileId,
    #[serde(rename = "$start")]
    pub start: u32,
    #[serde(rename = "$end")]
    pub end: u32,
}

/// In an exported estate, where the text is not at hand.
#[cfg(test)]
impl schemars::JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Place".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "properties": {"at": {"type": "string", "description": "`file:line:column-line:column`, counted from 1."}},
            "required": ["at"],
        })
    }
}

impl Span {
    /// A span over `range` (bytes) of `file`.
    pub fn new(file: FileId, range: std::ops::Range<usize>) -> Self {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { file, start: clamp(range.start), end: clamp(range.end) }
    }

    /// The bytes that the span covers.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The smallest span that covers both; `self` if they lie in different files.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        if self.file != other.file {
            return self;
        }
        Self { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// A span as people and other programs read it: lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Location {
    /// In an exported estate, the path where it was exported.
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub end_column: usize,
    /// The exported estate that the place comes from; its text is not at hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exported_by: Option<Arc<str>>,
}

/// Why a file could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    NotFound,
    /// The path leads outside the repository: it is refused, not read.
    Outside,
    /// The file is larger than the limit (bytes).
    TooLarge(u64),
    NotUtf8 {
        offset: usize,
    },
    /// The operating system's own words.
    Failed(String),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => write!(f, "no such file"),
            Self::Outside => write!(f, "the path leads outside the repository and is not read"),
            Self::TooLarge(limit) => write!(f, "the file is larger than the limit of {limit} bytes"),
            Self::NotUtf8 { offset } => write!(f, "not UTF-8 text (byte {offset})"),
            Self::Failed(text) => write!(f, "{text}"),
        }
    }
}

/// What `Disk::list` says of one entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DirEntry {
    pub name: String,
    pub is_dir: bool,
}

/// The file system, as far as crossvault may see it. Paths use `/` and are relative to the working directory
/// unless the user gave absolute ones.
pub trait Disk: Send + Sync {
    /// The file's bytes.
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError>;
    /// The directory's entries, sorted by name; an error where there is no such directory.
    fn list(&self, path: &str) -> Result<Vec<DirEntry>, ReadError>;
    /// Larger files are not read from now on (bytes).
    fn set_largest(&self, _bytes: u64) {}
    /// All files below the directory that may hold code, sorted within each directory; what is ignored or nobody's own
    /// code is left out.
    fn walk(&self, top: &str) -> Walked;
}

/// What lies below a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walked {
    pub files: Vec<String>,
    /// (path, what is wrong with it).
    pub problems: Vec<(String, String)>,
    /// The same of what is left out on purpose.
    pub skipped: Vec<(String, String)>,
}

/// A disk that lives in memory: for tests and for rule pages.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk(pub BTreeMap<String, Vec<u8>>);

impl MemoryDisk {
    /// A disk with these (path, text) files.
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(files.into_iter().map(|(path, text)| (normalize(path), text.as_bytes().to_vec())).collect())
    }
}

impl Disk for MemoryDisk {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        self.0.get(&normalize(path)).cloned().ok_or(ReadError::NotFound)
    }

    fn list(&self, path: &str) -> Result<Vec<DirEntry>, ReadError> {
        let dir = normalize(path);
        let entries = entries(self.0.keys(), &dir);
        if entries.is_empty() && dir != "." { Err(ReadError::NotFound) } else { Ok(entries) }
    }

    fn walk(&self, top: &str) -> Walked {
        let top = normalize(top);
        let prefix = if top == "." { String::new() } else { format!("{top}/") };
        let files = self.0.keys().filter(|file| file.starts_with(&prefix)).cloned().collect();
        Walked { files, ..Walked::default() }
    }
}

/// A disk of which some files have another text: what an edit would make of them.
pub struct OverlayDisk {
    pub base: Box<dyn Disk>,
    /// Texts by normalized path.
    pub texts: BTreeMap<String, String>,
}

impl Disk for OverlayDisk {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        match self.texts.get(&normalize(path)) {
            Some(text) => Ok(text.as_bytes().to_vec()),
            None => self.base.read(path),
        }
    }

    fn list(&self, path: &str) -> Result<Vec<DirEntry>, ReadError> {
        self.base.list(path)
    }

    fn walk(&self, top: &str) -> Walked {
        self.base.walk(top)
    }

    fn set_largest(&self, bytes: u64) {
        self.base.set_largest(bytes);
    }
}

/// What lies directly in `dir`, sorted.
pub(crate) fn entries<'f>(files: impl Iterator<Item = &'f String>, dir: &str) -> Vec<DirEntry> {
    let prefix = if dir == "." { String::new() } else { format!("{dir}/") };
    let mut entries: Vec<DirEntry> = files
        .filter_map(|file| file.strip_prefix(&prefix))
        .map(|rest| match rest.split_once('/') {
            Some((name, _)) => DirEntry { name: name.to_owned(), is_dir: true },
            None => DirEntry { name: rest.to_owned(), is_dir: false },
        })
        .collect();
    entries.sort();
    entries.dedup();
    entries
}

/// `path` without `.` and with `..` resolved lexically; `.` where nothing is left. Leading `..` stay.
pub fn normalize(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (absolute, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

/// `path` seen from the directory `base`, normalized; an absolute `path` stays.
pub fn join(base: &str, path: &str) -> String {
    if path.starts_with('/') { normalize(path) } else { normalize(&format!("{base}/{path}")) }
}

/// `path` as seen from the working directory `here` (absolute): without the way out of it and back in.
pub fn shorten(here: &str, path: &str) -> String {
    if !path.starts_with("..") {
        return path.to_owned();
    }
    let absolute = join(here, path);
    match absolute.strip_prefix(here) {
        Some("") => ".".to_owned(),
        Some(rest) => rest.strip_prefix('/').map_or_else(|| path.to_owned(), str::to_owned),
        None => path.to_owned(),
    }
}

/// The directory that `path` lies in; `.` for a bare name.
pub fn parent(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) => "/",
        Some(at) => path.get(..at).unwrap_or("."),
        None => ".",
    }
}

#[derive(Debug)]
struct SourceFile {
    path: Arc<str>,
    /// Shared without a copy: a plan may be larger than half of the memory.
    text: Arc<String>,
    /// Counted as far as places are asked for.
    lines: RwLock<Lines>,
    /// Made when it is first shown.
    shown: OnceLock<Arc<String>>,
    exported: Option<Exported>,
}

/// A place in a file: line, column, last line, column behind the end; from 1.
pub type Extent = (usize, usize, usize, usize);

/// A file of an exported estate: places without text. A span's bytes are positions in this list.
#[derive(Debug)]
struct Exported {
    by: Arc<str>,
    places: Vec<Extent>,
}

/// Where lines begin and how many characters come before, up to some place in the text.
#[derive(Debug, Default)]
struct Lines {
    /// Of all lines after the first one that begin within what was seen.
    starts: Vec<u32>,
    /// Characters before each [`STEP`] bytes that were seen.
    characters: Vec<u32>,
    /// Characters seen.
    total: usize,
    /// Bytes seen.
    seen: usize,
}

/// Bytes that are looked at together.
const STEP: usize = 1 << 14;

impl Lines {
    /// Looks at the next bytes.
    fn go_on(&mut self, text: &str) {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let chunk = text.as_bytes().get(self.seen..(self.seen + STEP).min(text.len())).unwrap_or_default();
        let seen = self.seen;
        self.starts.extend(memchr::memchr_iter(b'\n', chunk).map(|at| clamp(seen + at + 1)));
        self.characters.push(clamp(self.total));
        self.total += if chunk.is_ascii() { chunk.len() } else { characters(chunk) };
        self.seen += chunk.len();
    }

    /// Where the line begins, counted from 0; `None` where no such line was seen.
    fn start(&self, line: usize) -> Option<usize> {
        match line.checked_sub(1) {
            None => Some(0),
            Some(at) => self.starts.get(at).map(|start| *start as usize),
        }
    }

    /// Characters that begin before the byte `at`.
    fn before(&self, text: &str, at: usize) -> usize {
        if self.total == self.seen {
            return at;
        }
        let step = (at / STEP).min(self.characters.len().saturating_sub(1));
        let counted = self.characters.get(step).map_or(0, |count| *count as usize);
        counted + characters(text.as_bytes().get(step * STEP..at).unwrap_or_default())
    }
}

/// Characters that begin in these bytes: those that go on a character are not counted.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

impl SourceFile {
    /// What `read` reads of the lines, once so much of the text was seen that it is `enough`, or all of it.
    fn lines<R>(&self, enough: impl Fn(&Lines) -> bool, read: impl FnOnce(&Lines) -> R) -> R {
        let done = |lines: &Lines| lines.seen >= self.text.len() || enough(lines);
        {
            let lines = self.lines.read().unwrap_or_else(std::sync::PoisonError::into_inner);
            if done(&lines) {
                return read(&lines);
            }
        }
        let mut lines = self.lines.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        while !done(&lines) {
            lines.go_on(&self.text);
        }
        read(&lines)
    }
}

#[derive(Clone, Debug, Default)]
struct Loaded {
    files: Vec<Arc<SourceFile>>,
    /// Files within files, by path.
    within: BTreeMap<String, Arc<Vec<u8>>>,
    /// Files that hold data, not code.
    data: BTreeSet<FileId>,
    by_path: BTreeMap<String, Result<FileId, ReadError>>,
    /// Files whose text is no longer that of the disk.
    replaced: BTreeMap<String, FileId>,
    /// Texts that evaluation found to be secret.
    secrets: BTreeSet<Arc<str>>,
    /// Where such texts are written.
    secret_places: BTreeMap<FileId, Vec<std::ops::Range<usize>>>,
}

/// All files of a run. Shared by reference; loading is idempotent.
pub struct Sources {
    disk: Arc<dyn Disk>,
    loaded: RwLock<Loaded>,
    /// Directories, and those whose files count as theirs; whether they have files of their own, too.
    mounts: RwLock<BTreeMap<String, (String, bool)>>,
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").finish_non_exhaustive()
    }
}

impl Sources {
    /// Sources that read through `disk`.
    pub fn new(disk: Box<dyn Disk>) -> Self {
        Self { disk: disk.into(), loaded: RwLock::default(), mounts: RwLock::default() }
    }

    /// The same files, which one may go on to change without the other; texts are shared.
    #[must_use]
    pub fn fork(&self) -> Self {
        let mounts = self.mounts.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        Self { disk: self.disk.clone(), loaded: RwLock::new(self.read_lock().clone()), mounts: RwLock::new(mounts) }
    }

    /// The file that was loaded from this path; `None` where nobody asked for it, an error where it could not be read.
    pub fn loaded(&self, path: &str) -> Option<Result<FileId, ReadError>> {
        self.read_lock().by_path.get(path).cloned()
    }

    /// Gives a loaded file another text: whoever has read the old one has to read it again.
    pub fn replace(&self, file: FileId, text: &str) {
        let mut loaded = self.loaded.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let loaded = &mut *loaded;
        if let Some(old) = loaded.files.get_mut(file.0 as usize) {
            let path = old.path.clone();
            loaded.replaced.insert(path.to_string(), file);
            *old = Arc::new(SourceFile {
                path,
                text: Arc::new(text.to_owned()),
                lines: RwLock::default(),
                shown: OnceLock::new(),
                exported: None,
            });
            // Places are those of the old text.
            loaded.secret_places.remove(&file);
        }
    }

    fn read_lock(&self) -> std::sync::RwLockReadGuard<'_, Loaded> {
        self.loaded.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The file at `path`, read at most once. A byte order mark is kept: parsers skip it.
    pub fn load(&self, path: &str) -> Result<FileId, ReadError> {
        let path = self.real(normalize(path));
        reads::file(&path);
        if let Some(known) = self.read_lock().by_path.get(&path) {
            return known.clone();
        }
        let text = self.read(&path);
        self.take(path, text)
    }

    /// Loads these files on all threads. They are numbered in this order, and whoever asks for one that cannot be read is
    /// told.
    pub(crate) fn load_all(&self, paths: &[String]) {
        for piece in paths.chunks(AT_A_TIME) {
            let read: Vec<(String, Result<String, ReadError>)> = piece
                .par_iter()
                .map(|path| self.real(normalize(path)))
                .filter(|path| !self.read_lock().by_path.contains_key(path))
                .map(|path| {
                    let text = self.read(&path);
                    (path, text)
                })
                .collect();
            for (path, text) in read {
                reads::file(&path);
                let _ = self.take(path, text);
            }
        }
    }

    fn read(&self, path: &str) -> Result<String, ReadError> {
        let bytes = self.bytes(path)?;
        String::from_utf8(bytes).map_err(|error| ReadError::NotUtf8 { offset: error.utf8_error().valid_up_to() })
    }

    fn take(&self, path: String, text: Result<String, ReadError>) -> Result<FileId, ReadError> {
        match text {
            Ok(text) => Ok(self.keep(&path, text)),
            Err(error) => {
                let mut loaded = self.loaded.write().unwrap_or_else(std::sync::PoisonError::into_inner);
                loaded.by_path.insert(path, Err(error.clone()));
                Err(error)
            }
        }
    }

    /// All files, in the order of loading.
    pub(crate) fn files(&self) -> impl Iterator<Item = FileId> + use<> {
        (0..self.len()).filter_map(|at| u32::try_from(at).ok()).map(FileId)
    }

    /// Whether reading the file at `path` was tried already.
    pub(crate) fn tried(&self, path: &str) -> bool {
        self.read_lock().by_path.contains_key(&self.real(normalize(path)))
    }

    /// The raw bytes at `path`, for functions over binary files; not kept.
    pub fn load_bytes(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        let path = self.real(normalize(path));
        reads::file(&path);
        self.bytes(&path)
    }

    fn bytes(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        let within = {
            let loaded = self.read_lock();
            // A file that was given another text is not what it is on the disk.
            let replaced = loaded.replaced.get(path).and_then(|file| loaded.files.get(file.0 as usize));
            if let Some(file) = replaced {
                return Ok(file.text.as_bytes().to_vec());
            }
            loaded.within.get(path).cloned()
        };
        within.map_or_else(|| self.disk.read(path), |bytes| Ok(bytes.as_ref().clone()))
    }

    /// From now on the files of the directory `from` lie in the directory `at` too, in place of what is there, or with
    /// `beside` over it: what `from` does not have is as it was.
    pub fn mount(&self, at: &str, from: &str, beside: bool) {
        let from = self.real(normalize(from));
        let mut mounts = self.mounts.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        mounts.insert(normalize(at), (from, beside));
    }

    /// Ends all mounts.
    pub fn unmount(&self) {
        self.mounts.write().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
    }

    /// Where the file or directory at the normalized path is on the disk.
    fn real(&self, path: String) -> String {
        let mut all = self.candidates(path);
        let last = all.pop().unwrap_or_default();
        all.into_iter().find(|path| self.on_disk(path)).unwrap_or(last)
    }

    /// Where the file or directory at the normalized path may be on the disk: the first that is there counts.
    fn candidates(&self, path: String) -> Vec<String> {
        let mounts = self.mounts.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut all = Vec::new();
        if mounts.is_empty() {
            return vec![path];
        }
        let mut dir = path.as_str();
        loop {
            if let Some((from, beside)) = mounts.get(dir) {
                all.push(format!("{from}{}", path.get(dir.len()..).unwrap_or_default()));
                if !beside {
                    return all;
                }
            }
            match dir.rsplit_once('/') {
                Some((above, _)) => dir = above,
                None => break,
            }
        }
        if let (Some((from, beside)), false) = (mounts.get("."), path == "." || path.starts_with(['/']) || dir == "..")
        {
            all.push(format!("{from}/{path}"));
            if !beside {
                return all;
            }
        }
        all.push(path);
        all
    }

    fn on_disk(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.disk.list(parent(path)).is_ok_and(|entries| entries.iter().any(|entry| entry.name == name))
    }

    /// Adds a file that lies within another one (`plan.tfplan!tfconfig/m-/main.tf`), so that it is read and listed as if
    /// the directory were on the disk.
    pub fn add_within(&self, path: &str, bytes: Vec<u8>) {
        let mut loaded = self.loaded.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        loaded.within.insert(normalize(path), Arc::new(bytes));
    }

    /// Files that are larger are not read from now on (bytes).
    pub fn set_largest(&self, bytes: u64) {
        self.disk.set_largest(bytes);
    }

    /// All files below the directory at `top`.
    pub fn walk(&self, top: &str) -> Walked {
        self.disk.walk(&normalize(top))
    }

    /// The entries of the directory at `path`, sorted.
    pub fn list(&self, path: &str) -> Result<Vec<DirEntry>, ReadError> {
        let mut all = self.candidates(normalize(path));
        let path = all.pop().unwrap_or_default();
        let within = {
            let loaded = self.read_lock();
            if loaded.within.is_empty() { Vec::new() } else { entries(loaded.within.keys(), &path) }
        };
        let last = if within.is_empty() { self.disk.list(&path) } else { Ok(within) };
        if all.is_empty() {
            return last;
        }
        let mut lists: Vec<Vec<DirEntry>> = all.iter().filter_map(|path| self.disk.list(path).ok()).collect();
        if lists.is_empty() {
            return last;
        }
        lists.extend(last.ok());
        // Of one name the first counts.
        let mut found: BTreeMap<String, DirEntry> = BTreeMap::new();
        for entry in lists.into_iter().flatten() {
            found.entry(entry.name.clone()).or_insert(entry);
        }
        Ok(found.into_values().collect())
    }

    /// The entry of this name in the directory.
    pub(crate) fn entry(&self, dir: &str, name: &str) -> Option<DirEntry> {
        self.list(dir).ok()?.into_iter().find(|entry| entry.name == name)
    }

    /// Whether there is a readable file or a directory at `path`.
    pub fn exists(&self, path: &str) -> bool {
        self.list(path).is_ok() || self.load(path).is_ok()
    }

    /// Adds `text` under `path` (standard input, a test, a generated document).
    pub fn add(&self, path: &str, text: &str) -> FileId {
        self.keep(path, text.to_owned())
    }

    fn keep(&self, path: &str, text: String) -> FileId {
        let mut loaded = self.loaded.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(Ok(id)) = loaded.by_path.get(path) {
            return *id;
        }
        let id = FileId(u32::try_from(loaded.files.len()).unwrap_or(u32::MAX));
        loaded.files.push(Arc::new(SourceFile {
            path: path.into(),
            text: Arc::new(text),
            lines: RwLock::default(),
            shown: OnceLock::new(),
            exported: None,
        }));
        loaded.by_path.insert(path.to_owned(), Ok(id));
        id
    }

    /// Adds a file of the exported estate `by`, of which places are known and no text. The place at a position of
    /// `places`, which is sorted, is the span from that position to the next.
    pub fn add_exported(&self, by: &Arc<str>, path: &str, places: Vec<Extent>) -> FileId {
        let mut loaded = self.loaded.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let id = FileId(u32::try_from(loaded.files.len()).unwrap_or(u32::MAX));
        let exported = Some(Exported { by: by.clone(), places });
        let text = Arc::new(String::new());
        loaded.files.push(Arc::new(SourceFile {
            path: path.into(),
            text,
            lines: RwLock::default(),
            shown: OnceLock::new(),
            exported,
        }));
        id
    }

    /// The exported estate that the file comes from, if it does.
    pub fn exported_by(&self, file: FileId) -> Option<Arc<str>> {
        self.read_lock().files.get(file.0 as usize)?.exported.as_ref().map(|exported| exported.by.clone())
    }

    /// The path under which `file` was loaded.
    pub fn path(&self, file: FileId) -> Arc<str> {
        self.read_lock().files.get(file.0 as usize).map_or_else(|| "".into(), |f| f.path.clone())
    }

    /// The text of `file`.
    pub fn text(&self, file: FileId) -> Arc<String> {
        self.read_lock().files.get(file.0 as usize).map_or_else(Arc::default, |f| f.text.clone())
    }

    /// Notes that these files are read again, from what was kept of them.
    pub(crate) fn reread(&self, files: &[FileId]) {
        for file in files {
            reads::file(&self.path(*file));
        }
    }

    /// Marks a file that holds data, not code: only what a label points at may be shown of it, since the rest may be
    /// secret.
    pub fn mark_data(&self, file: FileId) {
        let mut loaded = self.loaded.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        loaded.data.insert(file);
    }

    /// Whether the file was marked as data.
    pub fn is_data(&self, file: FileId) -> bool {
        self.read_lock().data.contains(&file)
    }

    /// Notes a secret: no output shows the text, nor the literal at `span`.
    pub fn hide(&self, text: &Arc<str>, span: Option<Span>) {
        let known = {
            let loaded = self.read_lock();
            loaded.secrets.contains(text)
                && span.is_none_or(|span| {
                    loaded.secret_places.get(&span.file).is_some_and(|places| places.contains(&span.range()))
                })
        };
        if known {
            return;
        }
        let mut loaded = self.loaded.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        loaded.secrets.insert(text.clone());
        if let Some(span) = span {
            loaded.secret_places.entry(span.file).or_default().push(span.range());
        }
    }

    /// The secrets of this run, those that are written in `files` among them.
    pub fn secrets(&self, files: impl IntoIterator<Item = FileId>) -> BTreeSet<Arc<str>> {
        let mut texts: BTreeSet<Arc<str>> = self.read_lock().secrets.clone();
        let files: BTreeSet<FileId> = files.into_iter().collect();
        for file in files.into_iter().filter(|file| !self.is_data(*file)) {
            let text = self.text(file);
            texts.extend(secret::places(&text).into_iter().filter_map(|range| text.get(range)).map(Arc::from));
        }
        texts
    }

    /// The text of `file` for people: stars in the place of secrets, every other byte where it is in the text.
    pub fn shown(&self, file: FileId) -> Arc<String> {
        let loaded = self.read_lock();
        let Some(found) = loaded.files.get(file.0 as usize) else { return Arc::default() };
        let shown = found.shown.get_or_init(|| {
            let text = &found.text;
            if loaded.data.contains(&file) {
                return text.clone();
            }
            let mut hidden = secret::places(text);
            let evaluated = loaded.secret_places.get(&file).into_iter().flatten();
            hidden.extend(evaluated.flat_map(|range| secret::places_within(text, range.clone())));
            if hidden.is_empty() { text.clone() } else { Arc::new(secret::starred(text, &hidden)) }
        });
        shown.clone()
    }

    /// How many files were read.
    pub fn len(&self) -> usize {
        self.read_lock().files.len()
    }

    /// Whether no file was read.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Line and column (from 1; columns in characters) of a byte offset.
    pub fn line_column(&self, file: FileId, offset: usize) -> (usize, usize) {
        let loaded = self.read_lock();
        let Some(file) = loaded.files.get(file.0 as usize) else { return (1, 1) };
        if let Some(exported) = &file.exported {
            return exported.places.get(offset).map_or((1, 1), |place| (place.0, place.1));
        }
        let mut end = offset.min(file.text.len());
        while !file.text.is_char_boundary(end) {
            end -= 1;
        }
        file.lines(
            |lines| lines.seen > offset,
            |lines| {
                let line = lines.starts.partition_point(|start| *start as usize <= offset);
                let start = lines.start(line).unwrap_or_default();
                (line + 1, lines.before(&file.text, end) - lines.before(&file.text, start) + 1)
            },
        )
    }

    /// The bytes of a line, counted from 0, its line break included.
    pub fn line_range(&self, file: FileId, line: usize) -> Option<std::ops::Range<usize>> {
        let loaded = self.read_lock();
        let file = loaded.files.get(file.0 as usize)?;
        file.lines(
            |lines| lines.start(line + 1).is_some(),
            |lines| Some(lines.start(line)?..lines.start(line + 1).unwrap_or(file.text.len())),
        )
    }

    /// The span as lines and columns.
    pub fn location(&self, span: Span) -> Location {
        let (line, column) = self.line_column(span.file, span.start as usize);
        let exported_by = self.exported_by(span.file);
        let (end_line, end_column) = match &exported_by {
            Some(_) => self.exported_end(span),
            None => self.line_column(span.file, span.end as usize),
        };
        Location { file: self.path(span.file).to_string(), line, column, end_line, end_column, exported_by }
    }

    fn exported_end(&self, span: Span) -> (usize, usize) {
        let loaded = self.read_lock();
        let exported = loaded.files.get(span.file.0 as usize).and_then(|file| file.exported.as_ref());
        let last = (span.end as usize).saturating_sub(1);
        exported.and_then(|exported| exported.places.get(last)).map_or((1, 1), |place| (place.2, place.3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalized() {
        assert_eq!(normalize("./a/../b//c/."), "b/c");
        assert_eq!(normalize(".."), "..");
        assert_eq!(normalize("/../a"), "/a");
        assert_eq!(normalize("a/.."), ".");
        assert_eq!(join("a/b", "../../.."), "..");
        assert_eq!(shorten("/r/a", "../a/b"), "b");
        assert_eq!(shorten("/r/a", "../a"), ".");
        assert_eq!(shorten("/r/a", "../ab"), "../ab");
    }

    #[test]
    fn columns_count_characters() {
        let sources = Sources::new(Box::new(MemoryDisk::new([("a.tf", "é = 1\nb = \"ü\"\n")])));
        let file = sources.load("a.tf").unwrap();
        assert_eq!(sources.line_column(file, 3), (1, 3));
        assert_eq!(sources.line_column(file, 7), (2, 1));
        let long = sources.add("long", &"é\n".repeat(3).replace('\n', &"x".repeat(STEP)));
        assert_eq!(sources.line_column(long, 2 * STEP + 6), (1, 2 * STEP + 4));
    }

    #[test]
    fn places_are_counted_in_any_order() {
        let text: String = (0..9000).map(|at| ["a", "é", "\n", "𐍈b", "xyz "][at * at % 5]).collect();
        assert!(text.len() > STEP);
        let at: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let counted = |at: usize| {
            let before = &text[..at];
            let line = before.rsplit('\n').next().unwrap_or_default();
            (before.matches('\n').count() + 1, line.chars().count() + 1)
        };
        for backwards in [false, true] {
            let sources = Sources::new(Box::new(MemoryDisk::default()));
            let file = sources.add("a", &text);
            let mut some: Vec<usize> = at.iter().step_by(61).copied().collect();
            some.push(text.len());
            if backwards {
                some.reverse();
            }
            for at in some {
                assert_eq!(sources.line_column(file, at), counted(at), "{at}");
                let (line, _) = counted(at);
                let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
                let end = text[at..].find('\n').map_or(text.len(), |end| at + end + 1);
                assert_eq!(sources.line_range(file, line - 1), Some(start..end));
            }
            assert_eq!(sources.line_range(file, text.matches('\n').count() + 1), None);
        }
    }
}
