//! `crossvault lsp`: the language server on standard input and output.

use super::args::Common;
use super::input;
use super::output::{CLEAN, UNABLE};
use crate::analysis::Analysis;
use crate::fix::Changes;
use crate::lsp;
use crate::session::Session;
use crate::source::Disk;
use lsp_server::Connection;
use std::cell::RefCell;
use std::io::Write;

pub(super) fn run(common: &Common, err: &mut dyn Write) -> std::io::Result<u8> {
    let (connection, threads) = Connection::stdio();
    let Ok((id, initialize)) = connection.initialize_start() else {
        writeln!(err, "error: the client hung up before `initialize`")?;
        return Ok(UNABLE);
    };
    let folders = lsp::folders(&initialize);
    if let Some(first) = folders.first() {
        // Paths in messages are relative to the folder that the editor shows.
        std::env::set_current_dir(first)
            .map_err(|error| std::io::Error::other(format!("{}: {error}", first.display())))?;
    }
    let answer = serde_json::json!({
        "capabilities": lsp::capabilities(),
        "serverInfo": {"name": "crossvault", "version": env!("CARGO_PKG_VERSION")},
    });
    if connection.initialize_finish(id, answer).is_err() {
        return Ok(UNABLE);
    }
    let kept = RefCell::new(None);
    let analyse = |paths: &[String], texts: &Changes, anew: bool| {
        let common = Common { paths: paths.to_vec(), ..common.clone() };
        analysed(&common, texts, anew, &mut kept.borrow_mut())
    };
    let asked = lsp::serve(&connection, &initialize, folders, &analyse);
    drop(connection);
    threads.join()?;
    Ok(if asked { CLEAN } else { UNABLE })
}

/// A session and what it was made for.
struct Kept {
    paths: Vec<String>,
    /// Texts that files have in the editor, by path.
    texts: Changes,
    session: Session,
}

/// Judges what the paths hold with these texts in place of those on the disk; goes on with what was kept unless files have
/// changed on the disk.
fn analysed(common: &Common, texts: &Changes, anew: bool, kept: &mut Option<Kept>) -> Analysis {
    let known = kept.take().filter(|known| !anew && known.paths == common.paths);
    let next = known.and_then(|mut known| {
        // What is no longer open is again what it is on the disk.
        let disk = input::disk(common);
        let closed = known.texts.keys().filter(|path| !texts.contains_key(*path));
        let closed: Option<Vec<(String, String)>> =
            closed.map(|path| Some((path.clone(), String::from_utf8(disk.read(path).ok()?).ok()?))).collect();
        let closed = closed?;
        let now = closed.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        let goes_on = known.session.edit(now.chain(texts.iter().map(|(path, text)| (path.as_str(), text.as_str()))));
        goes_on.then(|| Kept { texts: texts.clone(), ..known })
    });
    let next = next.unwrap_or_else(|| {
        let (input, settings) = input::read_with(common, texts);
        Kept { paths: common.paths.clone(), texts: texts.clone(), session: Session::new(input, settings) }
    });
    kept.insert(next).session.analysis()
}
