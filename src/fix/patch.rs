//! Changes as a patch that `git apply` takes.

use super::Changes;
use crate::source::Sources;
use std::fmt::Write as _;

/// Unchanged lines around a change.
const AROUND: usize = 3;

/// A unified diff of all changed files, in order of path. Fewer lines are shown around a change where they hold a
/// secret; a change of such a line itself is left out.
///
/// `hide` gives a text without its secrets, where it has some; `named` how the patch is to call a file.
pub fn unified(
    sources: &Sources,
    changes: &Changes,
    hide: &dyn Fn(&str) -> Option<String>,
    named: &dyn Fn(&str) -> String,
) -> String {
    let mut out = String::new();
    for (path, new) in changes {
        let old = sources.load(path).map(|file| sources.text(file)).unwrap_or_default();
        if old.as_str() == new {
            continue;
        }
        let diff = similar::TextDiff::from_lines(old.as_str(), new.as_str());
        let name = named(path);
        let (a, b) = (format!("a/{name}"), format!("b/{name}"));
        let at = |around: usize| diff.unified_diff().context_radius(around).header(&a, &b).to_string();
        match (0..=AROUND).rev().map(at).find(|text| is_clean(text) && hide(text).is_none()) {
            Some(text) => out.push_str(&text),
            None => {
                let _ =
                    writeln!(out, "# {path}: a line with a secret changes, so it is not shown; `--write` changes it");
            }
        }
    }
    out
}

/// Whether no literal in the text is assigned to a secret name.
fn is_clean(text: &str) -> bool {
    crate::secret::places(text).is_empty()
}
