//! The exit code, nothing else.
fn main() -> std::process::ExitCode {
    crossvault::cli::main()
}
