//! `crossvault graph`: the linked graph as a drawing.

use super::args::{GraphArgs, GraphFormat};
use super::input::analysis;
use super::output::{CLEAN, UNABLE, bad_input, mask, pretty, unreadable, written};
use crate::report::picture::{self, Picture};
use crate::report::{html, svg};
use std::io::Write;

pub(super) fn run(args: &GraphArgs, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<u8> {
    let analysis = analysis(&args.common);
    written(&args.common, mask(&[&analysis]).as_ref(), out, |out| match args.format {
        GraphFormat::Dot => out.write_all(picture::dot(&Picture::new(&analysis, picture::LARGE)).as_bytes()),
        GraphFormat::Mermaid => out.write_all(picture::mermaid(&Picture::new(&analysis, picture::SMALL)).as_bytes()),
        GraphFormat::Svg => out.write_all(svg::write(&Picture::new(&analysis, picture::LARGE)).as_bytes()),
        GraphFormat::Html => html::write(&analysis, out),
        GraphFormat::Json => pretty(out, &picture::graph(&analysis)),
    })?;
    bad_input(&analysis, err)?;
    Ok(if unreadable(&analysis.diagnostics) { UNABLE } else { CLEAN })
}
