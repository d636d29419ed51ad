//! Reads expressions.

use super::lexer::{Kind, Token};
use super::parser::{Parsed, Parser, STACK_LEFT, STACK_PIECE};
use crate::source::Span;
use crate::terraform::ast::{BinaryOp, Expr, ExprKind, ForExpr, ObjectItem, ObjectKey, UnaryOp};
use crate::value::Number;
use std::sync::Arc;

/// How many operators and steps may lie above each other, so that whoever walks the tree has a known limit.
const MAX_HEIGHT: u32 = 2500;

/// No number that anyone means has a larger exponent; printing one would fill the memory.
const MAX_EXPONENT: u32 = 5000;

/// An expression and how high its tree is.
pub(super) struct Tall {
    pub(super) expr: Expr,
    pub(super) height: u32,
}

/// What waits for the operand that is being read.
enum Frame {
    Unary(UnaryOp, usize),
    Binary(BinaryOp, Tall),
    /// `condition ?`
    Then(Tall),
    /// `condition ? then :`
    Else(Tall, Tall),
    /// `(`, and whether line breaks counted before it.
    Paren(Token, bool),
}

fn binary(kind: Kind) -> Option<(BinaryOp, u8)> {
    Some(match kind {
        Kind::Or => (BinaryOp::Or, 1),
        Kind::And => (BinaryOp::And, 2),
        Kind::EqualEqual => (BinaryOp::Equal, 3),
        Kind::NotEqual => (BinaryOp::NotEqual, 3),
        Kind::Less => (BinaryOp::Less, 4),
        Kind::LessEqual => (BinaryOp::LessEqual, 4),
        Kind::Greater => (BinaryOp::Greater, 4),
        Kind::GreaterEqual => (BinaryOp::GreaterEqual, 4),
        Kind::Plus => (BinaryOp::Add, 5),
        Kind::Minus => (BinaryOp::Subtract, 5),
        Kind::Star => (BinaryOp::Multiply, 6),
        Kind::Slash => (BinaryOp::Divide, 6),
        Kind::Percent => (BinaryOp::Modulo, 6),
        _ => return None,
    })
}

fn precedence(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Or => 1,
        BinaryOp::And => 2,
        BinaryOp::Equal | BinaryOp::NotEqual => 3,
        BinaryOp::Less | BinaryOp::LessEqual | BinaryOp::Greater | BinaryOp::GreaterEqual => 4,
        BinaryOp::Add | BinaryOp::Subtract => 5,
        BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo => 6,
    }
}

impl Parser<'_> {
    /// Reads one expression. Operators, conditionals and parentheses wait on a heap stack, not on the call stack.
    pub(super) fn expression(&mut self) -> Parsed<Tall> {
        let mut frames: Vec<Frame> = Vec::new();
        loop {
            let token = self.peek();
            match token.kind {
                Kind::Minus => {
                    self.take(token);
                    frames.push(Frame::Unary(UnaryOp::Negate, token.start));
                    continue;
                }
                Kind::Bang => {
                    self.take(token);
                    frames.push(Frame::Unary(UnaryOp::Not, token.start));
                    continue;
                }
                Kind::OpenParen => {
                    self.take(token);
                    frames.push(Frame::Paren(token, self.newlines));
                    self.newlines = false;
                    continue;
                }
                _ => {}
            }
            let term = self.term(token)?;
            let mut operand = self.traversal(term)?;
            loop {
                operand = self.reduce_unary(operand, &mut frames)?;
                let token = self.peek();
                if let Some((op, level)) = binary(token.kind) {
                    operand = self.reduce_binary(operand, &mut frames, level)?;
                    self.take(token);
                    frames.push(Frame::Binary(op, operand));
                    break;
                }
                operand = self.reduce_binary(operand, &mut frames, 0)?;
                if token.kind == Kind::Question {
                    self.take(token);
                    frames.push(Frame::Then(operand));
                    break;
                }
                match frames.pop() {
                    None => return Ok(operand),
                    Some(Frame::Then(condition)) => {
                        if token.kind != Kind::Colon {
                            return self.expected("`:` and the value of the conditional where its condition is false");
                        }
                        self.take(token);
                        frames.push(Frame::Else(condition, operand));
                        break;
                    }
                    Some(Frame::Else(condition, then)) => {
                        let height = condition.height.max(then.height).max(operand.height);
                        let span = condition.expr.span.to(operand.expr.span);
                        let (condition, then) = (Box::new(condition.expr), Box::new(then.expr));
                        let kind = ExprKind::Conditional(condition, then, Box::new(operand.expr));
                        operand = self.tall(kind, span, height)?;
                    }
                    Some(Frame::Paren(open, newlines)) => {
                        if token.kind != Kind::CloseParen {
                            let open = self.span(open.start, open.end);
                            return self.not_closed("`)`", "parenthesis", open);
                        }
                        self.take(token);
                        self.newlines = newlines;
                        let span = self.span(open.start, token.end);
                        // Parentheses within parentheses are one pair, so that they add no height.
                        let parens = match operand.expr.kind {
                            kind @ ExprKind::Parens(_) => Expr { kind, span },
                            _ => Expr { kind: ExprKind::Parens(Box::new(operand.expr)), span },
                        };
                        operand = self.traversal(Tall { expr: parens, height: operand.height + 1 })?;
                    }
                    // Reduced above; nothing else is left on top.
                    Some(frame @ (Frame::Unary(..) | Frame::Binary(..))) => frames.push(frame),
                }
            }
        }
    }

    fn reduce_unary(&self, mut operand: Tall, frames: &mut Vec<Frame>) -> Parsed<Tall> {
        while let Some(Frame::Unary(op, start)) = frames.last() {
            let span = self.span(*start, *start).to(operand.expr.span);
            let op = *op;
            frames.pop();
            operand = self.tall(ExprKind::Unary(op, Box::new(operand.expr)), span, operand.height)?;
        }
        Ok(operand)
    }

    /// Applies the waiting binary operators that bind at least as tightly as `level`.
    fn reduce_binary(&self, mut operand: Tall, frames: &mut Vec<Frame>, level: u8) -> Parsed<Tall> {
        loop {
            match frames.pop() {
                Some(Frame::Binary(op, left)) if precedence(op) >= level => {
                    let height = left.height.max(operand.height);
                    let span = left.expr.span.to(operand.expr.span);
                    let kind = ExprKind::Binary(op, Box::new(left.expr), Box::new(operand.expr));
                    operand = self.tall(kind, span, height)?;
                }
                Some(frame) => {
                    frames.push(frame);
                    return Ok(operand);
                }
                None => return Ok(operand),
            }
        }
    }

    /// An expression above others, the highest of which is `height` high.
    fn tall(&self, kind: ExprKind, span: Span, height: u32) -> Parsed<Tall> {
        if height >= MAX_HEIGHT {
            let at = self.last_end;
            let message = format!("an expression of more than {MAX_HEIGHT} levels, the limit of crossvault");
            return self.fail(at.saturating_sub(1), at, message);
        }
        Ok(Tall { expr: Expr { kind, span }, height: height + 1 })
    }

    fn term(&mut self, token: Token) -> Parsed<Tall> {
        let leaf = |kind, span| Ok(Tall { expr: Expr { kind, span }, height: 1 });
        match token.kind {
            Kind::Number => {
                let number = self.number(token)?;
                self.take(token);
                leaf(ExprKind::Number(number), self.span(token.start, token.end))
            }
            Kind::Ident => {
                self.take(token);
                if matches!(self.peek().kind, Kind::OpenParen | Kind::DoubleColon) {
                    return self.nested(|parser| parser.call(token));
                }
                let kind = match self.slice(token.start, token.end) {
                    "null" => ExprKind::Null,
                    "true" => ExprKind::Bool(true),
                    "false" => ExprKind::Bool(false),
                    name => ExprKind::Variable(self.word(name)),
                };
                leaf(kind, self.span(token.start, token.end))
            }
            Kind::Quote => self.nested(|parser| parser.quoted(token)),
            Kind::Heredoc => self.nested(|parser| parser.heredoc(token)),
            Kind::OpenBracket => self.nested(|parser| parser.tuple(token)),
            Kind::OpenBrace => self.nested(|parser| parser.object(token)),
            _ => self.expected("an expression"),
        }
    }

    /// Reads something that holds expressions itself.
    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Parsed<Tall>) -> Parsed<Tall> {
        self.enter()?;
        let newlines = self.newlines;
        let read = stacker::maybe_grow(STACK_LEFT, STACK_PIECE, || read(self));
        self.newlines = newlines;
        self.leave();
        read
    }

    fn number(&self, token: Token) -> Parsed<Number> {
        let text = self.slice(token.start, token.end);
        let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let too_large = exponent.trim_start_matches(['+', '-']).parse::<u32>().is_ok_and(|n| n > MAX_EXPONENT)
            || exponent.trim_start_matches(['+', '-', '0']).len() > 9;
        if too_large {
            return self.fail(token.start, token.end, format!("the exponent of `{text}` is too large"));
        }
        let digits = digits.strip_suffix('.').unwrap_or(digits);
        match Number::parse(&format!("{digits}e{exponent}")) {
            Some(number) if !exponent.contains(['.', 'e', 'E']) => Ok(number),
            _ => self.fail(token.start, token.end, format!("`{text}` is not a number; text needs quotes")),
        }
    }

    /// `name(a, b, list...)`; `token` is the name, or the first part of a name with `::`.
    fn call(&mut self, token: Token) -> Parsed<Tall> {
        let mut name = self.slice(token.start, token.end).to_owned();
        let mut open = self.peek();
        while open.kind == Kind::DoubleColon {
            self.take(open);
            let part = self.peek();
            if part.kind != Kind::Ident {
                return self.expected("the name of a function");
            }
            self.take(part);
            name.push_str("::");
            name.push_str(self.slice(part.start, part.end));
            open = self.peek();
        }
        if open.kind != Kind::OpenParen {
            return self.expected(&format!("`(` after `{name}`"));
        }
        self.take(open);
        self.newlines = false;
        let (mut args, mut height, mut expand) = (Vec::new(), 0, false);
        let open = self.span(open.start, open.end);
        loop {
            let next = self.peek();
            if next.kind == Kind::CloseParen {
                self.take(next);
                break;
            }
            let argument = self.expression()?;
            height = height.max(argument.height);
            args.push(argument.expr);
            let next = self.peek();
            match next.kind {
                Kind::CloseParen => {}
                Kind::Comma => self.take(next),
                Kind::Ellipsis => {
                    self.take(next);
                    expand = true;
                    if self.peek().kind != Kind::CloseParen {
                        return self.not_closed("`)` after `...`", "argument list", open);
                    }
                }
                _ => return self.not_closed("`,` or `)`", "argument list", open),
            }
        }
        args.shrink_to_fit();
        let kind = ExprKind::Call { name: self.word(&name), args, expand };
        self.tall(kind, self.span(token.start, self.last_end), height)
    }

    fn tuple(&mut self, open: Token) -> Parsed<Tall> {
        self.take(open);
        self.newlines = false;
        let token = self.peek();
        if self.is_word(token, "for") {
            return self.for_expression(open, token);
        }
        let (mut items, mut height) = (Vec::new(), 0);
        loop {
            let next = self.peek();
            if next.kind == Kind::CloseBracket {
                self.take(next);
                break;
            }
            let item = self.expression()?;
            height = height.max(item.height);
            items.push(item.expr);
            let next = self.peek();
            match next.kind {
                Kind::CloseBracket => {}
                Kind::Comma => self.take(next),
                _ => return self.not_closed("`,` or `]`", "list", self.span(open.start, open.end)),
            }
        }
        items.shrink_to_fit();
        self.tall(ExprKind::Tuple(items), self.span(open.start, self.last_end), height)
    }

    fn object(&mut self, open: Token) -> Parsed<Tall> {
        self.take(open);
        self.newlines = false;
        let token = self.peek();
        if self.is_word(token, "for") {
            return self.for_expression(open, token);
        }
        self.newlines = true;
        let (mut items, mut height) = (Vec::new(), 0);
        loop {
            let next = self.peek();
            match next.kind {
                Kind::Newline => {
                    self.take(next);
                    continue;
                }
                Kind::CloseBrace => {
                    self.take(next);
                    break;
                }
                Kind::End => return self.not_closed("a key or `}`", "object", self.span(open.start, open.end)),
                _ => {}
            }
            let key = self.expression()?;
            let key_span = key.expr.span;
            let separator = self.peek();
            if !matches!(separator.kind, Kind::Equal | Kind::Colon) {
                return self.not_closed("`=` or `:` after a key, or `}`", "object", self.span(open.start, open.end));
            }
            self.take(separator);
            let value = self.expression()?;
            height = height.max(value.height).max(key.height);
            items.push(ObjectItem { key: object_key(key.expr), key_span, value: value.expr });
            let next = self.peek();
            match next.kind {
                Kind::CloseBrace => {}
                Kind::Comma | Kind::Newline => self.take(next),
                _ => {
                    let open = self.span(open.start, open.end);
                    return self.not_closed("a new line, `,` or `}`", "object", open);
                }
            }
        }
        items.shrink_to_fit();
        self.tall(ExprKind::Object(items), self.span(open.start, self.last_end), height)
    }

    /// `for` and the rest up to the bracket or brace that closes `open`.
    fn for_expression(&mut self, open: Token, keyword: Token) -> Parsed<Tall> {
        let object = open.kind == Kind::OpenBrace;
        self.take(keyword);
        let (key, value) = self.for_names()?;
        let collection = self.expression()?;
        let colon = self.peek();
        if colon.kind != Kind::Colon {
            return self.expected("`:` after the collection of `for`");
        }
        self.take(colon);
        let mut result = self.expression()?;
        let mut height = collection.height.max(result.height);
        let mut result_key = None;
        let arrow = self.peek();
        if arrow.kind == Kind::FatArrow {
            if !object {
                let message = "a `for` in `[ ]` gives values only; `key => value` needs `{ }`";
                return self.fail(arrow.start, arrow.end, message);
            }
            self.take(arrow);
            let value = self.expression()?;
            height = height.max(value.height);
            result_key = Some(result.expr);
            result = value;
        } else if object {
            return self.expected("`=>` and a value, for an object");
        }
        let group = self.peek();
        let grouped = group.kind == Kind::Ellipsis;
        if grouped {
            if !object {
                return self.fail(group.start, group.end, "only a `for` in `{ }` can group with `...`");
            }
            self.take(group);
        }
        let mut condition = None;
        let word = self.peek();
        if self.is_word(word, "if") {
            self.take(word);
            let read = self.expression()?;
            height = height.max(read.height);
            condition = Some(read.expr);
        }
        let close = self.peek();
        let closer = if object { Kind::CloseBrace } else { Kind::CloseBracket };
        if close.kind != closer {
            let closer = if object { "`}`" } else { "`]`" };
            return self.not_closed(closer, "`for`", self.span(open.start, keyword.end));
        }
        self.take(close);
        let read = ForExpr {
            key,
            value,
            collection: collection.expr,
            result_key,
            result: result.expr,
            group: grouped,
            condition,
        };
        self.tall(ExprKind::For(Box::new(read)), self.span(open.start, close.end), height)
    }

    /// `value in` or `key, value in`.
    pub(super) fn for_names(&mut self) -> Parsed<(Option<Arc<str>>, Arc<str>)> {
        let mut value = self.for_name()?;
        let mut key = None;
        let comma = self.peek();
        if comma.kind == Kind::Comma {
            self.take(comma);
            key = Some(value);
            value = self.for_name()?;
        }
        let word = self.peek();
        if !self.is_word(word, "in") {
            return self.expected("`in` after the names of `for`");
        }
        self.take(word);
        Ok((key, value))
    }

    fn for_name(&mut self) -> Parsed<Arc<str>> {
        let token = self.peek();
        if token.kind != Kind::Ident {
            return self.expected("a name after `for`");
        }
        self.take(token);
        Ok(self.word(self.slice(token.start, token.end)))
    }

    /// The steps after a term: `.name`, `.0`, `[key]`, `.*` and `[*]`.
    fn traversal(&mut self, from: Tall) -> Parsed<Tall> {
        let start = from.expr.span;
        let mut value = from;
        // Sources of `[*]` whose rest is being read: each waits for what follows it.
        let mut sources: Vec<Tall> = Vec::new();
        loop {
            let token = self.peek();
            match token.kind {
                Kind::Dot => {
                    self.take(token);
                    let next = self.peek();
                    if next.kind == Kind::Star {
                        self.take(next);
                        let each = self.attribute_splat(next)?;
                        value = self.splat(value, each)?;
                    } else {
                        value = self.step(value)?;
                    }
                }
                Kind::OpenBracket => {
                    self.take(token);
                    let next = self.peek();
                    if next.kind == Kind::Star {
                        self.take(next);
                        let close = self.peek();
                        if close.kind != Kind::CloseBracket {
                            return self.not_closed("`]`", "index", self.span(token.start, token.end));
                        }
                        self.take(close);
                        let span = self.span(token.start, close.end);
                        sources.push(value);
                        value = Tall { expr: Expr { kind: ExprKind::SplatItem, span }, height: 1 };
                    } else {
                        value = self.nested(|parser| parser.index(value, token))?;
                    }
                }
                _ => break,
            }
        }
        while let Some(source) = sources.pop() {
            value = self.splat(source, value)?;
        }
        value.expr.span = start.to(value.expr.span);
        Ok(value)
    }

    fn splat(&self, source: Tall, each: Tall) -> Parsed<Tall> {
        let span = source.expr.span.to(each.expr.span);
        let height = source.height.max(each.height);
        self.tall(ExprKind::Splat { source: Box::new(source.expr), each: Box::new(each.expr) }, span, height)
    }

    /// What follows `.*`: names and numbers only.
    fn attribute_splat(&mut self, star: Token) -> Parsed<Tall> {
        let span = self.span(star.start, star.end);
        let mut each = Tall { expr: Expr { kind: ExprKind::SplatItem, span }, height: 1 };
        loop {
            let dot = self.peek();
            if dot.kind != Kind::Dot {
                return Ok(each);
            }
            self.take(dot);
            let next = self.peek();
            if next.kind == Kind::Star {
                return self.fail(next.start, next.end, "`.*` within `.*` is not possible; expected `[*]`");
            }
            each = self.step(each)?;
        }
    }

    /// `name` or a legacy index after a dot.
    fn step(&mut self, value: Tall) -> Parsed<Tall> {
        let token = self.peek();
        let whole = value.expr.span;
        match token.kind {
            Kind::Ident => {
                self.take(token);
                let place = self.span(token.start, token.end);
                let name = self.word(self.slice(token.start, token.end));
                let kind = ExprKind::GetAttr(Box::new(value.expr), name, place);
                self.tall(kind, whole.to(place), value.height)
            }
            Kind::Number => {
                if self.slice(token.start, token.end).contains('.') {
                    let message = "an index after a dot cannot be followed by another one; expected `[0]`";
                    return self.fail(token.start, token.end, message);
                }
                let place = self.span(token.start, token.end);
                let key = Expr { kind: ExprKind::Number(self.number(token)?), span: place };
                self.take(token);
                let kind = ExprKind::Index(Box::new(value.expr), Box::new(key));
                self.tall(kind, whole.to(place), value.height)
            }
            _ => self.expected("the name of an attribute after `.`"),
        }
    }

    fn index(&mut self, value: Tall, open: Token) -> Parsed<Tall> {
        self.newlines = false;
        let key = self.expression()?;
        let close = self.peek();
        if close.kind != Kind::CloseBracket {
            return self.not_closed("`]`", "index", self.span(open.start, open.end));
        }
        self.take(close);
        let span = value.expr.span.to(self.span(open.start, close.end));
        let height = value.height.max(key.height);
        self.tall(ExprKind::Index(Box::new(value.expr), Box::new(key.expr)), span, height)
    }
}

/// A name alone, also one that would be a literal elsewhere, is a key of that name.
fn object_key(key: Expr) -> ObjectKey {
    match key.kind {
        ExprKind::Variable(name) => ObjectKey::Name(name),
        ExprKind::Null => ObjectKey::Name("null".into()),
        ExprKind::Bool(true) => ObjectKey::Name("true".into()),
        ExprKind::Bool(false) => ObjectKey::Name("false".into()),
        _ => ObjectKey::Expr(key),
    }
}
