//! Reads bodies: attributes and blocks, going on after an item that is wrong.

use super::lexer::{self, Kind, Token};
use super::recover;
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Sources, Span};
use crate::terraform::ast::{Attribute, Block, Body, Expr, ExprKind};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// What is wrong, boxed because it is rare and large.
pub(super) type Fail = Box<Diagnostic>;
pub(super) type Parsed<T> = Result<T, Fail>;

/// How deep blocks, collections, calls and templates may lie within each other.
///
/// Terraform has no limit; parentheses within parentheses and operators are read without recursion and not counted. The
/// stack grows where it must.
pub(super) const MAX_DEPTH: u32 = 2500;

/// Below so much free stack a further piece is taken for one level of nesting.
pub(super) const STACK_LEFT: usize = 256 << 10;
/// The size of that piece.
pub(super) const STACK_PIECE: usize = 4 << 20;

/// After so many errors in a file the rest is not worth telling.
const MAX_ERRORS: usize = 50;
/// Longer texts than this (bytes) are seldom said twice.
const LONGEST_WORD: usize = 64;

/// A position in a text, and what is needed to read on from there.
pub(super) struct Parser<'a> {
    pub(super) sources: &'a Sources,
    pub(super) file: FileId,
    /// Up to the end of what is to be read, which may lie before the end of the file.
    pub(super) text: &'a str,
    pub(super) at: usize,
    /// Where the token before `at` ended.
    pub(super) last_end: usize,
    /// Whether line breaks are tokens here, or blanks.
    pub(super) newlines: bool,
    pub(super) depth: u32,
    /// For text that was unescaped before: the place in the file of each byte, and of the end.
    pub(super) places: Option<&'a [usize]>,
    pub(super) diagnostics: Vec<Diagnostic>,
    next: Option<(usize, bool, Token)>,
    /// Names and short strings so far: a file says most of them many times.
    words: HashSet<Arc<str>>,
    /// Where the next top-level item begins, when an item inside blocks ran into it.
    top_level_at: Option<usize>,
    /// A block was not closed before the end of the text.
    unclosed: bool,
    /// The item before was wrong: what is left of it need not be told.
    recovering: bool,
}

impl<'a> Parser<'a> {
    /// Reads `text` from `at` on; `text` is the file's, or its beginning.
    pub(super) fn new(sources: &'a Sources, file: FileId, text: &'a str, at: usize) -> Self {
        Self {
            sources,
            file,
            text,
            at,
            last_end: at,
            newlines: true,
            depth: 0,
            places: None,
            diagnostics: Vec::new(),
            next: None,
            words: HashSet::new(),
            top_level_at: None,
            unclosed: false,
            recovering: false,
        }
    }

    /// The span in the file of these bytes of the text.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        let place = |at: usize| match self.places {
            Some(places) => places.get(at).or(places.last()).copied().unwrap_or(at),
            None => at,
        };
        Span::new(self.file, place(start)..place(end))
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// The text, shared with the places that said the same.
    pub(super) fn word(&mut self, text: &str) -> Arc<str> {
        if text.len() > LONGEST_WORD {
            return text.into();
        }
        if let Some(known) = self.words.get(text) {
            return known.clone();
        }
        let word: Arc<str> = text.into();
        self.words.insert(word.clone());
        word
    }

    /// The next token; line breaks are skipped where they do not count.
    pub(super) fn peek(&mut self) -> Token {
        if let Some((at, newlines, token)) = self.next
            && at == self.at
            && newlines == self.newlines
        {
            return token;
        }
        let mut token = lexer::token(self.text, self.at);
        while token.kind == Kind::Newline && !self.newlines {
            token = lexer::token(self.text, token.end);
        }
        self.next = Some((self.at, self.newlines, token));
        token
    }

    /// Goes behind `token`.
    pub(super) fn take(&mut self, token: Token) {
        self.at = token.end;
        self.last_end = token.end;
    }

    pub(super) fn is_word(&self, token: Token, word: &str) -> bool {
        token.kind == Kind::Ident && self.slice(token.start, token.end) == word
    }

    pub(super) fn fail<T>(&self, start: usize, end: usize, message: impl Into<String>) -> Parsed<T> {
        Err(Box::new(Diagnostic::bad_input(self.span(start, end), message)))
    }

    /// `expected …, found …` at the next token.
    pub(super) fn expected<T>(&mut self, what: &str) -> Parsed<T> {
        let token = self.peek();
        let message = format!("expected {what}, found {}", self.describe(token));
        Err(Box::new(
            Diagnostic::bad_input(self.span(token.start, token.end), message).labelled(format!("expected {what}")),
        ))
    }

    /// `expected … to close the … opened at file:line, found …` at the next token.
    pub(super) fn not_closed<T>(&mut self, closer: &str, construct: &str, open: Span) -> Parsed<T> {
        let token = self.peek();
        let found = self.describe(token);
        let what = format!("expected {closer} to close the {construct} opened at {}", self.place(open));
        let diagnostic = Diagnostic::bad_input(self.span(token.start, token.end), format!("{what}, found {found}"));
        Err(Box::new(diagnostic.labelled(format!("expected {closer}")).with_label(open, "opened here")))
    }

    /// `file:line` of a span.
    fn place(&self, span: Span) -> String {
        let (line, _) = self.sources.line_column(span.file, span.start as usize);
        format!("{}:{line}", self.sources.path(span.file))
    }

    fn describe(&self, token: Token) -> String {
        match token.kind {
            Kind::End => "the end of the text".to_owned(),
            Kind::Newline => "the end of the line".to_owned(),
            Kind::Heredoc => "a heredoc".to_owned(),
            _ => {
                let text: String = self.slice(token.start, token.end).chars().take(40).collect();
                if text == "`" { "a backtick".to_owned() } else { format!("`{text}`") }
            }
        }
    }

    /// Counts one level of nesting; [`Parser::leave`] ends it.
    pub(super) fn enter(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let (start, end) = (self.last_end.saturating_sub(1), self.last_end);
            return self.fail(start, end, format!("nested deeper than {MAX_DEPTH} levels, the limit of crossvault"));
        }
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.len() < MAX_ERRORS {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Reads a whole file.
    ///
    /// Where a block is never closed, it is read again as if the file ended at the next line that begins a top-level
    /// block, and so is every block after it: the rest of the file is not lost, and no byte is read more than twice.
    pub(super) fn file(&mut self) -> Body {
        let whole = self.text;
        let mut body = Body::default();
        let mut names = BTreeMap::new();
        let mut careful = false;
        loop {
            self.text = whole;
            self.next = None;
            let token = self.peek();
            match token.kind {
                Kind::End => return body,
                Kind::Newline => {
                    self.take(token);
                    continue;
                }
                _ if self.diagnostics.len() >= MAX_ERRORS => {
                    let span = self.span(token.start, whole.len());
                    body.unread.push(span);
                    let message = format!("not read any further after {MAX_ERRORS} errors in this file");
                    self.diagnostics.push(Diagnostic::bad_input(span, message));
                    return body;
                }
                _ => {}
            }
            let mut boundary = None;
            if careful {
                boundary = recover::next_top_level(whole, token.end);
                self.limit(boundary);
            }
            let (blocks, attributes, errors) = (body.blocks.len(), body.attributes.len(), self.diagnostics.len());
            let unread = body.unread.len();
            self.item(&mut body, &mut names);
            if self.unclosed && !careful {
                careful = true;
                boundary = recover::next_top_level(whole, token.end);
                if boundary.is_some() {
                    body.blocks.truncate(blocks);
                    body.attributes.truncate(attributes);
                    body.unread.truncate(unread);
                    self.diagnostics.truncate(errors);
                    self.unclosed = false;
                    self.at = token.start;
                    self.limit(boundary);
                    self.item(&mut body, &mut names);
                }
            }
            if self.unclosed
                && let Some(boundary) = boundary
            {
                self.at = boundary;
            }
            self.unclosed = false;
            if let Some(top_level) = self.top_level_at.take() {
                self.at = top_level;
            }
            // A closing brace that closes nothing is left to the enclosing block, and here there is none.
            self.at = self.at.max(token.end);
        }
    }

    /// Reads on as if the file ended at `boundary`.
    fn limit(&mut self, boundary: Option<usize>) {
        if let Some(text) = boundary.and_then(|boundary| self.text.get(..boundary)) {
            self.text = text;
        }
        self.next = None;
    }

    /// Reads one attribute or block into `body`, tells what is wrong with it, and stands after it.
    fn item(&mut self, body: &mut Body, names: &mut BTreeMap<Arc<str>, Span>) {
        let (start, depth) = (self.at, self.depth);
        let begins_item = self.peek().kind == Kind::Ident;
        let (attributes, blocks) = (body.attributes.len(), body.blocks.len());
        let done = self.attribute_or_block(body, names, false);
        let recovering = std::mem::replace(&mut self.recovering, done.is_err());
        if let Err(diagnostic) = done {
            if !recovering || begins_item {
                self.report(*diagnostic);
            }
            self.depth = depth;
            self.newlines = true;
            let stop = recover::skip_item(self.text, start, self.last_end);
            self.at = stop.at;
            // On further lines there may be other items; so there may be behind a block that was read.
            let alone = body.attributes.len() > attributes && !self.slice(start, stop.at).trim_end().contains('\n');
            if !alone {
                let from = if body.blocks.len() > blocks { self.last_end.min(stop.at) } else { start };
                let span = self.span(from, stop.at);
                body.unread.push(span);
            }
            if stop.top_level {
                self.top_level_at = Some(stop.at);
            }
        }
    }

    fn attribute_or_block(
        &mut self,
        body: &mut Body,
        names: &mut BTreeMap<Arc<str>, Span>,
        one_line: bool,
    ) -> Parsed<()> {
        let token = self.peek();
        match token.kind {
            Kind::Ident => {}
            Kind::Quote => {
                return self.fail(token.start, token.end, "expected the name of an argument, without quotes");
            }
            _ => return self.expected("an argument or a block"),
        }
        self.take(token);
        let name = self.word(self.slice(token.start, token.end));
        let next = self.peek();
        match next.kind {
            Kind::Equal => {
                self.take(next);
                let name_span = self.span(token.start, token.end);
                let value = self.expression().and_then(|value| {
                    if !one_line {
                        self.end_of_item("argument")?;
                    }
                    Ok(value.expr)
                });
                let value = match value {
                    Ok(value) => value,
                    Err(diagnostic) => {
                        if !one_line && !names.contains_key(&name) {
                            names.insert(name.clone(), name_span);
                            let value = Expr { kind: ExprKind::Unread, span: name_span };
                            body.attributes.push(Attribute { name, name_span, value });
                        }
                        return Err(diagnostic);
                    }
                };
                if let Some(first) = names.get(&name) {
                    let message = format!("`{name}` is set twice");
                    self.report(Diagnostic::bad_input(name_span, message).with_label(*first, "first set here"));
                } else {
                    names.insert(name.clone(), name_span);
                    body.attributes.push(Attribute { name, name_span, value });
                }
                Ok(())
            }
            Kind::Quote | Kind::OpenBrace | Kind::Ident if one_line => {
                self.fail(token.start, next.end, "a block on one line can hold one argument, but no block")
            }
            Kind::Quote | Kind::OpenBrace | Kind::Ident => {
                let block = self.block(name, token)?;
                let complete = !self.unclosed && self.top_level_at.is_none();
                body.blocks.push(block);
                if complete { self.end_of_item("block") } else { Ok(()) }
            }
            _ => self.expected(&format!("`=` or a block after `{name}`")),
        }
    }

    /// What must follow an item. An item that is complete is not lost by what follows on its line.
    fn end_of_item(&mut self, what: &str) -> Parsed<()> {
        let next = self.peek();
        match next.kind {
            Kind::Newline => {
                self.take(next);
                Ok(())
            }
            Kind::End => Ok(()),
            _ => self.expected(&format!("a new line after the {what}")),
        }
    }

    fn block(&mut self, kind: Arc<str>, keyword: Token) -> Parsed<Block> {
        let mut labels = Vec::new();
        loop {
            let token = self.peek();
            match token.kind {
                Kind::Ident => {
                    self.take(token);
                    labels.push((self.word(self.slice(token.start, token.end)), self.span(token.start, token.end)));
                }
                Kind::Quote => {
                    let label = self.quoted(token)?.expr;
                    let ExprKind::String(text) = label.kind else {
                        let message = "a block label cannot hold an interpolation or directive";
                        return Err(Box::new(Diagnostic::bad_input(label.span, message)));
                    };
                    labels.push((text, label.span));
                }
                Kind::OpenBrace => break,
                _ => return self.expected(&format!("a label or `{{` of the block `{kind}`")),
            }
        }
        let header = self.span(keyword.start, self.last_end);
        let open = self.peek();
        self.take(open);
        self.enter()?;
        let mut body = stacker::maybe_grow(STACK_LEFT, STACK_PIECE, || match self.peek().kind {
            Kind::Newline | Kind::End | Kind::CloseBrace => Ok(self.block_body(header)),
            _ => self.one_line_body(self.span(open.start, open.end)),
        })?;
        self.leave();
        body.attributes.shrink_to_fit();
        body.blocks.shrink_to_fit();
        labels.shrink_to_fit();
        Ok(Block { kind, labels, body, header, span: self.span(keyword.start, self.last_end) })
    }

    /// The items up to the closing brace, and the brace.
    fn block_body(&mut self, header: Span) -> Body {
        let mut body = Body::default();
        let mut names = BTreeMap::new();
        loop {
            let token = self.peek();
            match token.kind {
                Kind::Newline => self.take(token),
                Kind::CloseBrace => {
                    self.take(token);
                    return body;
                }
                Kind::End => {
                    if !self.unclosed {
                        self.unclosed = true;
                        if let Err(diagnostic) = self.not_closed::<()>("`}`", "block", header) {
                            self.report(*diagnostic);
                        }
                    }
                    body.unread.push(header);
                    return body;
                }
                _ if self.diagnostics.len() >= MAX_ERRORS => {
                    body.unread.push(header);
                    return body;
                }
                _ => self.item(&mut body, &mut names),
            }
            if self.unclosed || self.top_level_at.is_some() {
                return body;
            }
        }
    }

    /// The one argument of `{ name = value }`, and the closing brace.
    fn one_line_body(&mut self, open: Span) -> Parsed<Body> {
        let mut body = Body::default();
        self.attribute_or_block(&mut body, &mut BTreeMap::new(), true)?;
        let close = self.peek();
        match close.kind {
            Kind::CloseBrace => {
                self.take(close);
                Ok(body)
            }
            Kind::Comma => self.fail(close.start, close.end, "a block on one line can hold only one argument"),
            _ => self.not_closed("`}` on the same line", "block", open),
        }
    }
}
