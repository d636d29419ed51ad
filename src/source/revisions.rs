//! Two revisions of the same files: what was read of the first is compared with the second, so that what follows from
//! unchanged files need not be worked out twice.

use super::{DirEntry, Disk, ReadError, Walked};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Two disks.
pub struct Revisions {
    base: Box<dyn Disk>,
    head: Box<dyn Disk>,
    /// What was asked of the base, and what it answered.
    asked: Mutex<BTreeMap<Question, Answer>>,
    /// The base is read no more: what is asked from now on is asked of the head.
    over: AtomicBool,
}

/// One of the two as a disk.
#[derive(Clone)]
pub enum Revision {
    Base(Arc<Revisions>),
    Head(Arc<Revisions>),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    Read(String),
    List(String),
    Walk(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    /// Length and hash of the content.
    Content(usize, u64),
    Entries(BTreeSet<DirEntry>),
    Files(BTreeSet<String>, Vec<(String, String)>),
    /// There is nothing to be read at this path.
    Nothing,
    Failed(ReadError),
}

impl Answer {
    fn error(error: &ReadError) -> Self {
        match error {
            // What lies outside a commit's tree is outside; on the disk it may just not be there.
            ReadError::NotFound | ReadError::Outside => Self::Nothing,
            other => Self::Failed(other.clone()),
        }
    }

    fn content(read: &Result<Vec<u8>, ReadError>) -> Self {
        match read {
            Ok(bytes) => {
                Self::Content(bytes.len(), BuildHasherDefault::<DefaultHasher>::default().hash_one(bytes.as_slice()))
            }
            Err(error) => Self::error(error),
        }
    }

    fn entries(listed: &Result<Vec<DirEntry>, ReadError>) -> Self {
        match listed {
            // A checkout has git's own directory, a commit has none; no code is read there.
            Ok(entries) => Self::Entries(entries.iter().filter(|entry| entry.name != ".git").cloned().collect()),
            Err(error) => Self::error(error),
        }
    }

    fn files(walked: &Walked) -> Self {
        Self::Files(walked.files.iter().cloned().collect(), walked.problems.clone())
    }
}

impl Revisions {
    /// Of the base nothing was asked yet.
    pub fn new(base: Box<dyn Disk>, head: Box<dyn Disk>) -> Self {
        Self { base, head, asked: Mutex::default(), over: AtomicBool::new(false) }
    }

    /// The files that were read of the base and have another text in the head; `None` where the head differs in more
    /// than texts. From now on the base's disk is the head.
    pub fn changed(&self) -> Option<BTreeMap<String, String>> {
        self.over.store(true, Ordering::Release);
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let mut texts = BTreeMap::new();
        for (question, answer) in asked.iter() {
            match question {
                Question::Read(path) => {
                    let read = self.head.read(path);
                    if Answer::content(&read) != *answer {
                        let was_text = matches!(answer, Answer::Content(..));
                        texts.insert(path.clone(), String::from_utf8(read.ok().filter(|_| was_text)?).ok()?);
                    }
                }
                Question::List(path) if Answer::entries(&self.head.list(path)) == *answer => {}
                Question::Walk(path) if Answer::files(&self.head.walk(path)) == *answer => {}
                Question::List(_) | Question::Walk(_) => return None,
            }
        }
        Some(texts)
    }

    fn keep(&self, question: Question, answer: Answer) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(question, answer);
    }
}

impl Revision {
    /// The disk to ask, and whether the answer is to be kept.
    fn disk(&self) -> (&dyn Disk, Option<&Revisions>) {
        match self {
            Self::Base(both) if !both.over.load(Ordering::Acquire) => (&*both.base, Some(both)),
            Self::Base(both) | Self::Head(both) => (&*both.head, None),
        }
    }
}

impl Disk for Revision {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        let (disk, keep) = self.disk();
        let read = disk.read(path);
        if let Some(both) = keep {
            both.keep(Question::Read(path.to_owned()), Answer::content(&read));
        }
        read
    }

    fn list(&self, path: &str) -> Result<Vec<DirEntry>, ReadError> {
        let (disk, keep) = self.disk();
        let listed = disk.list(path);
        if let Some(both) = keep {
            both.keep(Question::List(path.to_owned()), Answer::entries(&listed));
        }
        listed
    }

    fn walk(&self, top: &str) -> Walked {
        let (disk, keep) = self.disk();
        let walked = disk.walk(top);
        if let Some(both) = keep {
            both.keep(Question::Walk(top.to_owned()), Answer::files(&walked));
        }
        walked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{MemoryDisk, Sources};

    #[test]
    fn only_what_was_asked_is_compared() {
        let files = [("a/main.tf", "a"), ("a/notes.md", "n"), ("b/main.tf", "b")];
        let changed = |more: &[(&'static str, &'static str)]| {
            let mut head = MemoryDisk::new(files);
            head.0.extend(MemoryDisk::new(more.iter().copied()).0);
            let both = Arc::new(Revisions::new(Box::new(MemoryDisk::new(files)), Box::new(head)));
            let sources = Sources::new(Box::new(Revision::Base(both.clone())));
            sources.list("a").unwrap();
            sources.load("a/main.tf").unwrap();
            assert!(sources.load("a/none.tf").is_err());
            let changed = both.changed().map(|texts| texts.into_keys().collect::<Vec<_>>().join(" "));
            // What is read afterwards is the head's.
            let late = sources.load("b/main.tf").unwrap();
            (changed, sources.text(late).to_string())
        };
        assert_eq!(changed(&[]), (Some(String::new()), "b".to_owned()));
        assert_eq!(changed(&[("b/main.tf", "c"), ("a/notes.md", "m")]), (Some(String::new()), "c".to_owned()));
        assert_eq!(changed(&[("a/main.tf", "c")]).0.as_deref(), Some("a/main.tf"));
        assert_eq!(changed(&[("a/none.tf", "now")]).0, None);
        assert_eq!(changed(&[("a/new.tf", "new")]).0, None);
    }
}
