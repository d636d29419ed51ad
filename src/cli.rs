//! The command line: one file per command under `cli/`.

mod args;
mod check;
mod console;
mod copies;
mod coverage;
mod diff;
mod export;
mod fix;
mod graph;
mod ignores;
mod init;
mod input;
mod inspect;
mod kept;
mod lsp;
mod output;
mod policy;
mod progress;
mod rules;
mod schema;
mod shell;

use args::{Args, Command};
use output::{CLEAN, UNABLE};
use std::ffi::OsString;
use std::io::{IsTerminal as _, Read, Write};
use std::process::ExitCode;

/// Runs the program with the process's own arguments and streams.
pub fn main() -> ExitCode {
    // Evaluation recurses with the nesting of the user's code.
    let work = std::thread::Builder::new().stack_size(256 << 20).spawn(|| {
        let terminal = std::io::stdout().is_terminal();
        let mut out = std::io::BufWriter::new(std::io::stdout());
        let code = run(std::env::args_os(), &mut std::io::stdin(), &mut out, &mut std::io::stderr(), terminal);
        match out.flush() {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                if code != UNABLE {
                    let _ = writeln!(std::io::stderr(), "error: {error}");
                }
                UNABLE
            }
            _ => code,
        }
    });
    let code = work.ok().and_then(|thread| thread.join().ok()).unwrap_or(UNABLE);
    ExitCode::from(code)
}

/// Address space for the stack of a run; memory is taken as far as it is used.
const STACK: usize = 64 << 20;

/// Runs one command; the exit code is returned.
pub fn run(
    args: impl IntoIterator<Item = OsString>,
    stdin: &mut dyn Read,
    out: &mut dyn Write,
    err: &mut dyn Write,
    terminal: bool,
) -> u8 {
    let args = match args::parse(args) {
        Ok(args) => args,
        Err(error) => {
            let text = error.render().to_string();
            let help =
                matches!(error.kind(), clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion);
            let written = if help { out.write_all(text.as_bytes()) } else { err.write_all(text.as_bytes()) };
            return match (help, written) {
                (true, Ok(())) => CLEAN,
                _ => UNABLE,
            };
        }
    };
    // Values nest as deep as the code that makes them; whoever walks them recurses.
    match stacker::grow(STACK, || execute(args, stdin, out, err, terminal)) {
        Ok(code) => code,
        // A closed pipe ends the output quietly.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => CLEAN,
        Err(error) => {
            let _ = writeln!(err, "error: {error}");
            UNABLE
        }
    }
}

fn execute(
    args: Args,
    stdin: &mut dyn Read,
    out: &mut dyn Write,
    err: &mut dyn Write,
    terminal: bool,
) -> std::io::Result<u8> {
    match args.command {
        Command::Check(args) => check::run(&args, out, err, terminal),
        Command::Copies(args) => copies::run(&args, out, err),
        Command::Graph(args) => graph::run(&args, out, err),
        Command::Coverage(args) => coverage::run(&args, out, err),
        Command::Fix(args) => fix::run(&args, out, err),
        Command::Inspect(args) => inspect::run(&args, out, err),
        Command::Console(args) => console::run(&args, stdin, out, err),
        Command::Export(args) => export::run(&args, out, err),
        Command::Diff(args) => diff::run(&args, out, err, terminal),
        Command::Init(args) => init::run(&args, out, err),
        Command::Rules { format } => rules::list(format, out),
        Command::Explain { rule } => rules::explain(&rule, out, err),
        Command::Lsp(common) => lsp::run(&common, err),
        Command::Policy => policy::run(stdin, out),
        Command::Completions { shell } => shell::completions(shell, out),
        Command::Man { command } => shell::man(command.as_deref(), out, err),
        Command::Schema { of } => schema::run(of, out),
    }
}
