//! Threads that the pipeline may use, with room for deep recursion.

use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::OnceLock;

/// Evaluation recurses with the nesting of the user's code; the memory is only used where it is needed (bytes).
const STACK: usize = 256 << 20;

/// The threads of callers that do not say how many: an editor asks again and again.
static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();

/// Runs `work` on threads with large stacks: as many as given, or as the machine has. Within such threads it just runs.
pub fn on_threads<R: Send>(threads: Option<usize>, work: impl FnOnce() -> R + Send) -> R {
    if rayon::current_thread_index().is_some() {
        return work();
    }
    let pool = |threads| ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build().ok();
    let made;
    let pool = match threads {
        None => POOL.get_or_init(|| pool(0)),
        Some(threads) => {
            made = pool(threads);
            &made
        }
    };
    match pool {
        Some(pool) => pool.install(work),
        // The machine gives no threads: the caller's own does it all.
        None => work(),
    }
}
