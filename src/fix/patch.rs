//! Changes as a patch that `git apply` takes.

use super::Changes;
use crate::source::Sources;
use std::fmt::Write as _;

/// A unified diff of all changed files, in order of path.
pub fn unified(sources: &Sources, changes: &Changes) -> String {
    let mut out = String::new();
    for (path, new) in changes {
        let old = sources.load(path).map(|file| sources.text(file)).unwrap_or_default();
        if old.as_str() == new {
            continue;
        }
        let diff = similar::TextDiff::from_lines(old.as_str(), new.as_str());
        let mut unified = diff.unified_diff();
        let (a, b) = (format!("a/{path}"), format!("b/{path}"));
        let _ = write!(out, "{}", unified.context_radius(3).header(&a, &b));
    }
    out
}
