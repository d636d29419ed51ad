//! Parses Terraform files into [`super::ast`], with spans, and goes on after an error.

mod comments;
mod expression;
mod json;
mod lexer;
mod parser;
mod recover;
mod template;
mod types;

pub(crate) use comments::comments;
pub(crate) use types::{Defaults, type_constraint};

use super::ast::{Body, Expr};
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Sources};
use lexer::Kind;
use parser::{Parsed, Parser};

/// Parses a `.tf`, `.tofu` or `.tfvars` file: what could be read, and what could not.
pub(crate) fn parse_file(sources: &Sources, file: FileId) -> (Body, Vec<Diagnostic>) {
    let text = sources.text(file);
    let mut parser = Parser::new(sources, file, &text, after_mark(&text));
    let body = parser.file();
    (body, parser.diagnostics)
}

/// Parses a `.tf.json` or `.tfvars.json` file: strings are templates.
///
/// Without a schema, what a resource holds is attributes; an object or a tuple of objects may stand for nested blocks.
/// Blocks are made of those that Terraform itself defines.
pub(crate) fn parse_json_file(sources: &Sources, file: FileId) -> (Body, Vec<Diagnostic>) {
    json::parse(sources, file)
}

/// Parses one expression that is the whole of `file` (a `--var` value, a console line). Line breaks are blanks.
pub(crate) fn parse_expression(sources: &Sources, file: FileId) -> Result<Expr, Diagnostic> {
    let text = sources.text(file);
    let mut parser = Parser::new(sources, file, &text, after_mark(&text));
    whole_expression(&mut parser).map_err(|diagnostic| *diagnostic)
}

/// Parses `file` as a template without quotes (`templatefile`).
pub(crate) fn parse_template(sources: &Sources, file: FileId) -> Result<Expr, Diagnostic> {
    let text = sources.text(file);
    let mut parser = Parser::new(sources, file, &text, 0);
    parser.bare().map(|template| template.expr).map_err(|diagnostic| *diagnostic)
}

fn whole_expression(parser: &mut Parser<'_>) -> Parsed<Expr> {
    parser.newlines = false;
    let expr = parser.expression()?.expr;
    match parser.peek().kind {
        Kind::End => Ok(expr),
        _ => parser.expected("nothing after the expression"),
    }
}

/// Behind a byte order mark.
fn after_mark(text: &str) -> usize {
    if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
}

#[cfg(test)]
mod tests;
