//! What long work shows on a terminal: nothing in a pipe, nothing in the first half second.

use super::args::Common;
use std::io::IsTerminal as _;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

const QUIET_FOR: Duration = Duration::from_millis(500);
const STEP: Duration = Duration::from_millis(100);

/// A line at the end of the terminal, until it is dropped.
pub(super) struct Progress(Option<(Sender<String>, JoinHandle<()>)>);

impl Progress {
    /// Shows `stage`, where standard error is a terminal and nobody asked for quiet.
    pub(super) fn start(common: &Common, stage: &str) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if common.no_progress || common.quiet || dumb || !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let (send, receive) = channel::<String>();
        let mut stage = stage.to_owned();
        let thread = std::thread::spawn(move || {
            let mut wait = QUIET_FOR;
            let mut bar: Option<indicatif::ProgressBar> = None;
            loop {
                match receive.recv_timeout(wait) {
                    Ok(next) => stage = next,
                    Err(RecvTimeoutError::Timeout) => {
                        wait = STEP;
                        let bar = bar.get_or_insert_with(indicatif::ProgressBar::new_spinner);
                        bar.set_message(format!("{stage} ({}s)", bar.elapsed().as_secs()));
                        bar.tick();
                    }
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
        });
        Self(Some((send, thread)))
    }

    /// Goes on to the next stage.
    pub(super) fn stage(&self, stage: String) {
        if let Some((send, _)) = &self.0 {
            let _ = send.send(stage);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((send, thread)) = self.0.take() {
            drop(send);
            let _ = thread.join();
        }
    }
}
