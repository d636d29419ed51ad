//! `crossvault lsp`: the language server on standard input and output.

use super::args::Common;
use super::kept::Kept;
use super::output::{CLEAN, UNABLE};
use crate::fix::Changes;
use crate::lsp;
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
    let kept = RefCell::new(Kept::default());
    let analyse = |paths: &[String], texts: &Changes, anew: bool| {
        let common = Common { paths: paths.to_vec(), ..common.clone() };
        kept.borrow_mut().analysis(&common, texts, anew)
    };
    let asked = lsp::serve(&connection, &initialize, folders, &analyse);
    drop(connection);
    threads.join()?;
    Ok(if asked { CLEAN } else { UNABLE })
}
