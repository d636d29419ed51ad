//! What a piece of work reads, so that it is done again only where that has changed.

use std::cell::RefCell;
use std::collections::BTreeSet;

/// What work on one thread has read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reads {
    /// Files by normalized path.
    pub(crate) files: BTreeSet<String>,
    /// Units by number: what they read counts, too.
    pub(crate) units: BTreeSet<u32>,
    /// Whether it looked for units by what they are called or where they keep their state.
    pub(crate) elsewhere: bool,
}

thread_local! {
    static READS: RefCell<Option<Reads>> = const { RefCell::new(None) };
}

/// The result of work that stays on this thread, and what it read.
pub(crate) fn reads_of<R>(work: impl FnOnce() -> R) -> (R, Reads) {
    let before = READS.replace(Some(Reads::default()));
    let result = work();
    (result, READS.replace(before).unwrap_or_default())
}

/// The work goes on with the result of other work, which read this.
pub(crate) fn read_again(before: &Reads) {
    note(|reads| {
        reads.files.extend(before.files.iter().cloned());
        reads.units.extend(&before.units);
        reads.elsewhere |= before.elsewhere;
    });
}

/// Work that looks at other units only to find the right one.
pub(crate) fn read_in_passing<R>(work: impl FnOnce() -> R) -> R {
    let before = READS.replace(None);
    let result = work();
    READS.replace(before);
    note(|reads| reads.elsewhere = true);
    result
}

/// The work goes on with what another unit gives out.
pub(crate) fn uses_unit(number: u32) {
    note(|reads| {
        reads.units.insert(number);
    });
}

/// The work reads this file, now or from what was kept of it.
pub(crate) fn file(path: &str) {
    note(|reads| {
        if !reads.files.contains(path) {
            reads.files.insert(path.to_owned());
        }
    });
}

fn note(what: impl FnOnce(&mut Reads)) {
    READS.with_borrow_mut(|reads| {
        if let Some(reads) = reads {
            what(reads);
        }
    });
}
