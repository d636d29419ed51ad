//! `crossvault policy`: policy questions, JSON lines in and out.

use super::output::{CLEAN, UNABLE};
use std::io::{BufRead as _, Read, Write};

pub(super) fn run(stdin: &mut dyn Read, out: &mut dyn Write) -> std::io::Result<u8> {
    let mut code = CLEAN;
    for line in std::io::BufReader::new(stdin).lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        match crate::iam::answer_line(&line) {
            Ok(answer) => writeln!(out, "{answer}")?,
            Err(error) => {
                writeln!(out, "{error}")?;
                code = UNABLE;
            }
        }
        out.flush()?;
    }
    Ok(code)
}
