//! `crossvault completions` and `crossvault man`: what a package installs beside the program.

use super::args::command;
use super::output::{CLEAN, UNABLE};
use std::io::Write;

pub(super) fn completions(shell: clap_complete::Shell, out: &mut dyn Write) -> std::io::Result<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command(), "crossvault", &mut text);
    out.write_all(&text)?;
    Ok(CLEAN)
}

/// The man page of the program, or of one command.
pub(super) fn man(name: Option<&str>, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<u8> {
    let mut program = command();
    program.build();
    let Some(name) = name else {
        clap_mangen::Man::new(program).render(out)?;
        return Ok(CLEAN);
    };
    match program.find_subcommand(name) {
        Some(command) => {
            clap_mangen::Man::new(command.clone()).render(out)?;
            Ok(CLEAN)
        }
        None => {
            writeln!(err, "error: there is no command `{name}`; `crossvault --help` lists them")?;
            Ok(UNABLE)
        }
    }
}
