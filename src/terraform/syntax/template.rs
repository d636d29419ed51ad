//! Reads templates: quoted strings, heredocs and template files.

use super::expression::Tall;
use super::lexer::{self, Kind, Token};
use super::parser::{MAX_DEPTH, Parsed, Parser};
use crate::source::Span;
use crate::terraform::ast::{Expr, ExprKind, TemplatePart};
use std::sync::Arc;
use unicode_segmentation::UnicodeSegmentation;

/// What ends a template.
#[derive(Clone, Copy)]
enum Form<'a> {
    Quoted,
    Heredoc {
        marker: &'a str,
    },
    /// The end of the text.
    Bare,
}

/// A template in reading order, before directives are put together.
enum Piece {
    Literal { text: String, start: usize, end: usize },
    Interpolation(Expr),
    If(Expr, Span),
    Else(Span),
    EndIf(Span),
    For { key: Option<Arc<str>>, value: Arc<str>, collection: Expr, span: Span },
    EndFor(Span),
}

/// A directive whose end has not been read.
enum Open {
    If { condition: Expr, then: Option<Vec<TemplatePart>>, span: Span },
    For { key: Option<Arc<str>>, value: Arc<str>, collection: Expr, span: Span },
}

impl<'a> Parser<'a> {
    /// The string that begins with the quote `open`.
    pub(super) fn quoted(&mut self, open: Token) -> Parsed<Tall> {
        self.take(open);
        let (pieces, height) = self.pieces(Form::Quoted, open)?;
        self.finish(pieces, height, open.start)
    }

    /// The heredoc whose introduction, with its line break, is `open`.
    pub(super) fn heredoc(&mut self, open: Token) -> Parsed<Tall> {
        self.take(open);
        let introduction = self.slice(open.start, open.end);
        let marker = introduction.trim_start_matches('<').trim_start_matches('-').trim_end();
        let (mut pieces, height) = self.pieces(Form::Heredoc { marker }, open)?;
        if introduction.starts_with("<<-") {
            remove_indentation(&mut pieces);
        }
        self.finish(pieces, height, open.start)
    }

    /// The whole text as a template.
    pub(super) fn bare(&mut self) -> Parsed<Tall> {
        let start = self.at;
        let open = Token { kind: Kind::Quote, start, end: start };
        let (pieces, height) = self.pieces(Form::Bare, open)?;
        self.finish(pieces, height, start)
    }

    fn finish(&mut self, pieces: Vec<Piece>, height: u32, start: usize) -> Parsed<Tall> {
        let span = self.span(start, self.last_end);
        let mut pieces = meld(pieces);
        let kind = match &mut *pieces {
            [] => ExprKind::String("".into()),
            [Piece::Literal { text, .. }] => ExprKind::String(self.word(text)),
            _ => ExprKind::Template(self.tree(pieces)?),
        };
        Ok(Tall { expr: Expr { kind, span }, height: height + 1 })
    }

    fn pieces(&mut self, form: Form<'_>, open: Token) -> Parsed<(Vec<Piece>, u32)> {
        let mut pieces: Vec<Piece> = Vec::new();
        let (mut height, mut trim_next, mut line_start) = (0, false, true);
        loop {
            let at = self.at;
            if line_start
                && let Form::Heredoc { marker } = form
                && let Some(end) = self.end_marker(marker)
            {
                self.at = end;
                self.last_end = end;
                return Ok((pieces, height));
            }
            let literal_end = self.literal_end(form)?;
            if literal_end > at {
                let mut text = self.literal(at, literal_end, form)?;
                if trim_next {
                    text = text.trim_start().to_owned();
                }
                trim_next = false;
                line_start = lexer::byte(self.text, literal_end - 1) == b'\n';
                pieces.push(Piece::Literal { text, start: at, end: literal_end });
                self.at = literal_end;
                self.last_end = literal_end;
                continue;
            }
            if at >= self.text.len() {
                return match form {
                    Form::Bare => Ok((pieces, height)),
                    Form::Quoted => self.not_closed("`\"`", "string", self.span(open.start, open.end)),
                    Form::Heredoc { marker } => {
                        let open = self.span(open.start, open.end);
                        self.not_closed(&format!("a line with `{marker}` alone"), "heredoc", open)
                    }
                };
            }
            line_start = false;
            match lexer::byte(self.text, at) {
                b'"' => {
                    self.at = at + 1;
                    self.last_end = at + 1;
                    return Ok((pieces, height));
                }
                opener @ (b'$' | b'%') => {
                    let strip = lexer::byte(self.text, at + 2) == b'~';
                    self.at = at + 2 + usize::from(strip);
                    self.last_end = self.at;
                    if strip && let Some(Piece::Literal { text, .. }) = pieces.last_mut() {
                        text.truncate(text.trim_end().len());
                    }
                    let newlines = self.newlines;
                    self.newlines = false;
                    let piece = if opener == b'$' {
                        let inner = self.expression()?;
                        height = height.max(inner.height);
                        Piece::Interpolation(inner.expr)
                    } else {
                        self.directive(at, &mut height)?
                    };
                    let close = self.peek();
                    if !matches!(close.kind, Kind::CloseBrace | Kind::StripEnd) {
                        let what = if opener == b'$' { "interpolation" } else { "directive" };
                        return self.not_closed("`}`", what, self.span(at, at + 2));
                    }
                    self.take(close);
                    trim_next = close.kind == Kind::StripEnd;
                    self.newlines = newlines;
                    pieces.push(piece);
                }
                _ => {
                    let message =
                        "a quoted string ends on its line; expected `\"`, or a heredoc, or `\\n` in the string";
                    let open = self.span(open.start, open.end);
                    return self.fail(at, at + 1, message).map_err(|fail: super::parser::Fail| {
                        Box::new(fail.labelled("expected `\"`").with_label(open, "opened here"))
                    });
                }
            }
        }
    }

    /// The end of the marker's line, without its break, if this line is the marker alone.
    fn end_marker(&self, marker: &str) -> Option<usize> {
        let rest = self.text.get(self.at..)?;
        let line = rest.get(..rest.find('\n')?)?;
        (line.trim() == marker).then(|| self.at + line.trim_end().len())
    }

    /// Where the text that begins here ends: in front of an interpolation, a directive or the closing quote; except
    /// in quoted strings also behind each line break.
    fn literal_end(&self, form: Form<'_>) -> Parsed<usize> {
        let quoted = matches!(form, Form::Quoted);
        let mut at = self.at;
        while at < self.text.len() {
            match lexer::byte(self.text, at) {
                sign @ (b'$' | b'%') => match (lexer::byte(self.text, at + 1), lexer::byte(self.text, at + 2)) {
                    (b'{', _) => return Ok(at),
                    (next, b'{') if next == sign => at += 3,
                    _ => at += 1,
                },
                b'"' if quoted => return Ok(at),
                b'\\' if quoted && !matches!(lexer::byte(self.text, at + 1), b'\n' | b'\r') => at += 2,
                b'\n' => return Ok(if quoted { at } else { at + 1 }),
                b'\r' if quoted => return Ok(at),
                b'\r' if lexer::line_break(self.text, at) == 0 => {
                    return self.fail(at, at + 1, "a carriage return is only allowed at the end of a line");
                }
                _ => at += 1,
            }
        }
        Ok(at.min(self.text.len()))
    }

    /// The text that these bytes write.
    fn literal(&self, start: usize, end: usize, form: Form<'_>) -> Parsed<String> {
        let source = self.slice(start, end);
        let quoted = matches!(form, Form::Quoted);
        if !source.contains(['\\', '$', '%']) {
            return Ok(crate::terraform::composed(source).unwrap_or_else(|| source.to_owned()));
        }
        let mut text = String::with_capacity(source.len());
        let mut rest = source;
        while let Some(character) = rest.chars().next() {
            let at = end - rest.len();
            let taken = match character {
                '$' if rest.starts_with("$${") => {
                    text.push_str("${");
                    3
                }
                '%' if rest.starts_with("%%{") => {
                    text.push_str("%{");
                    3
                }
                '\\' if quoted => {
                    let escape = rest.get(1..).and_then(|rest| rest.chars().next());
                    let (written, length) = match escape {
                        Some('n') => (Some('\n'), 2),
                        Some('r') => (Some('\r'), 2),
                        Some('t') => (Some('\t'), 2),
                        Some('"') => (Some('"'), 2),
                        Some('\\') => (Some('\\'), 2),
                        Some('u') => (hexadecimal(rest.get(2..6)), 6),
                        Some('U') => (hexadecimal(rest.get(2..10)), 10),
                        _ => (None, 0),
                    };
                    let Some(written) = written else {
                        let shown: String = rest.chars().take(2).collect();
                        let stop = at + shown.len();
                        let message = format!("`{shown}` is not an escape sequence; a backslash is written `\\\\`");
                        return self.fail(at, stop, message);
                    };
                    text.push(written);
                    length
                }
                other => {
                    text.push(other);
                    other.len_utf8()
                }
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
        Ok(crate::terraform::composed(&text).unwrap_or(text))
    }

    /// The inside of `%{ … }`, which begins at `start`.
    fn directive(&mut self, start: usize, height: &mut u32) -> Parsed<Piece> {
        let token = self.peek();
        if token.kind != Kind::Ident {
            return self.expected("`if`, `else`, `endif`, `for` or `endfor`");
        }
        let word = self.slice(token.start, token.end);
        let span = self.span(start, token.end);
        match word {
            "if" => {
                self.take(token);
                let condition = self.expression()?;
                *height = condition.height.max(*height);
                Ok(Piece::If(condition.expr, span))
            }
            "for" => {
                self.take(token);
                let (key, value) = self.for_names()?;
                let collection = self.expression()?;
                *height = collection.height.max(*height);
                Ok(Piece::For { key, value, collection: collection.expr, span })
            }
            "else" | "endif" | "endfor" => {
                self.take(token);
                Ok(match word {
                    "else" => Piece::Else(span),
                    "endif" => Piece::EndIf(span),
                    _ => Piece::EndFor(span),
                })
            }
            _ => self.expected("`if`, `else`, `endif`, `for` or `endfor`"),
        }
    }

    /// Puts what lies between directives inside them.
    fn tree(&self, pieces: Vec<Piece>) -> Parsed<Vec<TemplatePart>> {
        let mut open: Vec<(Open, Vec<TemplatePart>)> = Vec::new();
        let mut parts = Vec::new();
        let stray = |span: Span, message: &str| Err(Box::new(crate::diagnostic::Diagnostic::bad_input(span, message)));
        for piece in pieces {
            match piece {
                Piece::Literal { text, start, end } => {
                    parts.push(TemplatePart::Literal(text.into(), self.span(start, end)));
                }
                Piece::Interpolation(expr) => parts.push(TemplatePart::Interpolation(expr)),
                Piece::If(condition, span) => {
                    open.push((Open::If { condition, then: None, span }, std::mem::take(&mut parts)));
                }
                Piece::For { key, value, collection, span } => {
                    open.push((Open::For { key, value, collection, span }, std::mem::take(&mut parts)));
                }
                Piece::Else(span) => match open.last_mut() {
                    Some((Open::If { then: then @ None, .. }, _)) => *then = Some(std::mem::take(&mut parts)),
                    _ => return stray(span, "`else` without an `if` directive before it"),
                },
                Piece::EndIf(span) => match open.pop() {
                    Some((Open::If { condition, then, .. }, before)) => {
                        let last = std::mem::replace(&mut parts, before);
                        let (then, otherwise) = match then {
                            Some(then) => (then, last),
                            None => (last, Vec::new()),
                        };
                        parts.push(TemplatePart::If { condition, then, otherwise });
                    }
                    _ => return stray(span, "`endif` without an `if` directive before it"),
                },
                Piece::EndFor(span) => match open.pop() {
                    Some((Open::For { key, value, collection, .. }, before)) => {
                        let body = std::mem::replace(&mut parts, before);
                        parts.push(TemplatePart::For { key, value, collection, body });
                    }
                    _ => return stray(span, "`endfor` without a `for` directive before it"),
                },
            }
            if open.len() > MAX_DEPTH as usize {
                let message = format!("directives nested deeper than {MAX_DEPTH} levels, the limit of crossvault");
                return self.fail(self.last_end.saturating_sub(1), self.last_end, message);
            }
        }
        match open.pop() {
            None => Ok(parts),
            Some((Open::If { span, .. }, _)) => stray(span, "expected `%{ endif }` to close this directive"),
            Some((Open::For { span, .. }, _)) => stray(span, "expected `%{ endfor }` to close this directive"),
        }
    }
}

fn hexadecimal(digits: Option<&str>) -> Option<char> {
    let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    char::from_u32(u32::from_str_radix(digits, 16).ok()?)
}

/// Joins literals that follow each other; empty ones stay, since a template with one is text whatever else it holds.
fn meld(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut melded: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match (melded.last_mut(), piece) {
            (Some(Piece::Literal { text, end, .. }), Piece::Literal { text: more, end: last, .. }) => {
                text.push_str(&more);
                *end = last;
            }
            (_, piece) => melded.push(piece),
        }
    }
    melded
}

/// Takes from each line of a `<<-` heredoc the indentation that all its lines share.
///
/// As Terraform does it, after strip markers have been applied: a text that a marker robbed of its line break does not
/// end a line, so that what follows it keeps its indentation.
fn remove_indentation(pieces: &mut [Piece]) {
    let mut shared = usize::MAX;
    let mut line_start = true;
    let mut first_of_line = Vec::with_capacity(pieces.len());
    for piece in pieces.iter() {
        let mut adjust = false;
        if std::mem::take(&mut line_start) {
            let mut indentation = 0;
            if let Piece::Literal { text, .. } = piece {
                let rest = text.trim_start();
                if rest.is_empty() && text.ends_with('\n') {
                    indentation = usize::MAX;
                } else {
                    let blanks = text.len() - rest.len();
                    indentation = text.get(..blanks).unwrap_or_default().graphemes(true).count();
                    adjust = true;
                }
            }
            shared = shared.min(indentation);
        }
        first_of_line.push(adjust);
        line_start = matches!(piece, Piece::Literal { text, .. } if text.ends_with('\n'));
    }
    for (piece, adjust) in pieces.iter_mut().zip(first_of_line) {
        if let Piece::Literal { text, start, .. } = piece
            && adjust
        {
            let taken: usize = text.graphemes(true).take(shared).map(str::len).sum();
            text.drain(..taken);
            *start += taken;
        }
    }
}
