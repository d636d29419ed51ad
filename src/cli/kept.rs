//! An estate that is judged again and again with other texts in place of those on the disk.

use super::args::Common;
use super::input;
use super::progress::Progress;
use crate::analysis::Analysis;
use crate::fix::{self, Changes, Effort};
use crate::parallel::on_threads;
use crate::session::Session;
use crate::source::Disk as _;
use std::cell::RefCell;

/// What is kept from one time to the next.
#[derive(Default)]
pub(super) struct Kept(Option<Made>);

/// A session and what it was made for.
struct Made {
    paths: Vec<String>,
    /// Texts that files have in place of those on the disk, by path.
    texts: Changes,
    session: Session,
}

impl Kept {
    /// Judges what the paths hold with these texts in place of those on the disk; goes on with what was kept unless files
    /// have changed on the disk, so that all is read `anew`.
    pub(super) fn analysis(&mut self, common: &Common, texts: &Changes, anew: bool) -> Analysis {
        let known = self.0.take().filter(|known| !anew && known.paths == common.paths);
        let next = known.and_then(|mut known| {
            // What has no other text any more is again what it is on the disk.
            let disk = input::disk(common);
            let gone = known.texts.keys().filter(|path| !texts.contains_key(*path));
            let gone: Option<Vec<(String, String)>> =
                gone.map(|path| Some((path.clone(), String::from_utf8(disk.read(path).ok()?).ok()?))).collect();
            let gone = gone?;
            let now = gone.iter().map(|(path, text)| (path.as_str(), text.as_str()));
            let goes_on =
                known.session.edit(now.chain(texts.iter().map(|(path, text)| (path.as_str(), text.as_str()))));
            goes_on.then(|| Made { texts: texts.clone(), ..known })
        });
        let next = next.unwrap_or_else(|| {
            let (input, settings) = input::read_with(common, texts);
            Made { paths: common.paths.clone(), texts: texts.clone(), session: Session::new(input, settings) }
        });
        self.0.insert(next).session.analysis()
    }
}

/// What the arguments' paths hold, and what they would hold with some files changed.
pub(super) struct Trials<'c> {
    common: &'c Common,
    kept: RefCell<Kept>,
}

impl<'c> Trials<'c> {
    pub(super) fn new(common: &'c Common) -> Self {
        Self { common, kept: RefCell::default() }
    }

    /// Judges what the paths hold with these changes.
    pub(super) fn analysis(&self, changes: &Changes) -> Analysis {
        self.kept.borrow_mut().analysis(self.common, changes, false)
    }

    /// Judges what the paths hold; each failure has the change that mends it, where there is one.
    pub(super) fn with_fixes(&mut self, effort: Effort) -> Analysis {
        let _progress = Progress::start(self.common, "judging and trying fixes");
        let threads = self.common.threads.map(usize::from);
        let (common, kept) = (self.common, self.kept.get_mut());
        on_threads(threads, move || {
            let kept = RefCell::new(kept);
            let again = |changes: &Changes| kept.borrow_mut().analysis(common, changes, false);
            let mut analysis = again(&Changes::new());
            fix::attach(&mut analysis, effort, &again);
            analysis
        })
    }
}
