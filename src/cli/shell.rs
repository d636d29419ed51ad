//! `crossvault completions` and `crossvault man`: what a package installs beside the program.

use super::args::Args;
use super::output::CLEAN;
use clap::CommandFactory as _;
use std::io::Write;

pub(super) fn completions(shell: clap_complete::Shell, out: &mut dyn Write) -> std::io::Result<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "crossvault", &mut text);
    out.write_all(&text)?;
    Ok(CLEAN)
}

pub(super) fn man(out: &mut dyn Write) -> std::io::Result<u8> {
    clap_mangen::Man::new(Args::command()).render(out)?;
    Ok(CLEAN)
}
