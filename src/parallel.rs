//! Threads that the pipeline may use, with room for deep recursion.

/// Evaluation recurses with the nesting of the user's code; the memory is only used where it is needed (bytes).
const STACK: usize = 256 << 20;

/// Runs `work` on threads with large stacks: as many as given, or as the machine has. Within such threads it just runs.
pub fn on_threads<R: Send>(threads: Option<usize>, work: impl FnOnce() -> R + Send) -> R {
    if rayon::current_thread_index().is_some() {
        return work();
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)).stack_size(STACK).build();
    match pool {
        Ok(pool) => pool.install(work),
        // The machine gives no threads: the caller's own does it all.
        Err(_) => work(),
    }
}
