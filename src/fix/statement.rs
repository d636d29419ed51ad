//! Policy statements as text, in the style of the statement that stands before them.

use crate::diagnostic::Edit;
use crate::iam::Policy;
use crate::source::{Sources, Span};

/// One statement that allows.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) sid: String,
    /// `AWS` or `Service`, and whom; the policies of a role name nobody.
    pub(super) principal: Option<(&'static str, String)>,
    pub(super) actions: Vec<String>,
    /// Trust policies name no resource.
    pub(super) resource: bool,
    /// Operator, key, value.
    pub(super) condition: Option<(&'static str, &'static str, &'static str)>,
}

/// How statements are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// An object of Terraform: keys in quotes or bare, `=` or `:` behind them.
    Hcl {
        quoted: bool,
        colon: bool,
    },
    Json {
        separator: &'static str,
    },
    /// A block of `aws_iam_policy_document`.
    Document,
    Yaml,
}

/// The edits that put statements behind the policy's last one; `None` where its text is not understood.
pub(super) fn added(sources: &Sources, policy: &Policy, statements: &[Statement]) -> Option<Vec<Edit>> {
    let spans = policy.statements.iter().rev().filter_map(|statement| statement.span);
    let span = spans.into_iter().find(|span| Some(*span) != policy.span)?;
    let text = sources.text(span.file);
    let (span, item) = whole(&text, span)?;
    let item = Item { text: &text, item, start: span.start as usize, end: span.start as usize + item.len() };
    let edits = match form(&sources.path(span.file), item.item)? {
        Form::Document => item.blocks(statements),
        Form::Yaml => item.entries(statements),
        form => item.objects(statements, form),
    }?;
    let edit = |(at, replacement): (usize, String)| Edit { span: Span::new(span.file, at..at), replacement };
    Some(edits.into_iter().map(edit).collect())
}

/// The statement's text; what a `dynamic` block makes ends with that block.
fn whole(text: &str, span: Span) -> Option<(Span, &str)> {
    let item = text.get(span.range())?.trim_end();
    if !item.starts_with("content") {
        return Some((span, item));
    }
    let start = text.get(..span.start as usize)?.rfind("dynamic")?;
    let end = skip(text, span.start as usize + item.len());
    let item = text.get(start..end + 1)?;
    Some((Span::new(span.file, start..end + 1), item))
}

fn form(path: &str, item: &str) -> Option<Form> {
    if item.starts_with("statement") || item.starts_with("dynamic") {
        return Some(Form::Document);
    }
    let Some(inside) = item.strip_prefix('{') else {
        let yaml = !path.ends_with(".tf") && !path.ends_with(".tofu") && !path.ends_with(".json");
        return yaml.then_some(Form::Yaml);
    };
    let key = inside.get(skip(inside, 0)..)?;
    let (quoted, after) = match key.strip_prefix('"') {
        Some(rest) => (true, rest.split_once('"')?.1),
        None => (false, key.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_')),
    };
    let separator = after.trim_start();
    Some(match separator.chars().next()? {
        '=' => Form::Hcl { quoted, colon: false },
        ':' if (path.ends_with(".tf") || path.ends_with(".tofu")) && !quoted => Form::Hcl { quoted, colon: true },
        ':' => Form::Json {
            separator: match (separator.len() < after.len(), separator.starts_with(": ")) {
                (true, true) => " : ",
                (_, true) => ": ",
                (_, false) => ":",
            },
        },
        _ => return None,
    })
}

/// Where the next thing begins that is neither space nor comment.
pub(super) fn skip(text: &str, mut at: usize) -> usize {
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        let length = if trimmed.starts_with('#') || trimmed.starts_with("//") {
            trimmed.find('\n').unwrap_or(trimmed.len())
        } else if trimmed.starts_with("/*") {
            trimmed.find("*/").map_or(trimmed.len(), |end| end + 2)
        } else {
            return at;
        };
        at += length;
    }
}

/// Where the list opens of which the text that follows on `before` is what a `for` makes.
fn listing(before: &str) -> Option<usize> {
    let inside = before.strip_suffix(':')?;
    let mut depth = 0_usize;
    for (at, c) in inside.char_indices().rev() {
        match c {
            ']' | ')' | '}' => depth += 1,
            '[' if depth == 0 => {
                let rest = inside.get(at + 1..)?;
                return rest.get(skip(rest, 0)..)?.starts_with("for ").then_some(at);
            }
            '[' | '(' | '{' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

/// The white space that the line of a place begins with.
pub(super) fn indent(text: &str, at: usize) -> &str {
    let start = line_start(text, at);
    let line = text.get(start..).unwrap_or_default();
    line.get(..line.len() - line.trim_start_matches([' ', '\t']).len()).unwrap_or_default()
}

pub(super) fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1)
}

pub(super) fn line_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.find('\n').map_or(rest.len(), |end| rest.get(..end).map_or(end, |line| line.trim_end_matches('\r').len()))
}

type Insertion = (usize, String);

/// The policy's last statement in its file.
struct Item<'a> {
    text: &'a str,
    item: &'a str,
    start: usize,
    end: usize,
}

impl Item<'_> {
    /// Objects behind an object.
    fn objects(&self, statements: &[Statement], form: Form) -> Option<Vec<Insertion>> {
        let many = self.item.contains('\n');
        let outer = indent(self.text, self.start);
        let closing = indent(self.text, self.end);
        let second = self.item.lines().skip(1).find(|line| !line.trim().is_empty()).unwrap_or_default();
        let inner = indent(second, 0);
        let inner = if inner.len() > closing.len() { inner.to_owned() } else { format!("{closing}  ") };
        let padded = !self.item.starts_with("{\"") || self.item.starts_with("{ ");
        let object = |statement: &Statement| {
            if many { tall(statement, form, &inner, closing) } else { flat(statement, form, padded) }
        };
        let own_line = self.text.get(line_start(self.text, self.start)..self.start)?.trim().is_empty();
        let next = skip(self.text, self.end);
        let before = self.text.get(..self.start)?.trim_end();
        let (breaks, follower) = (self.text.get(self.end..next)?.contains('\n'), self.text.get(next..)?.chars().next());
        let tail = line_end(self.text, self.end);
        // Objects that open where the one before closes: Terraform's formatter wants such a line to stand with the keys, so
        // the line that closed the list moves in.
        let moves = many
            && matches!(form, Form::Hcl { .. } | Form::Json { separator: " : " })
            && self.text.get(line_start(self.text, self.end)..self.end)?.trim() == "}";
        let shift = inner.strip_prefix(closing).unwrap_or_default().to_owned();
        let chained = || -> Vec<Insertion> {
            let last = statements.len().saturating_sub(1);
            let objects = statements.iter().enumerate().map(|(at, one)| match (many, moves && at < last) {
                (true, true) => format!(", {}", tall(one, form, &inner, &inner)),
                _ => format!(", {}", object(one)),
            });
            let moved = moves.then(|| (line_start(self.text, self.end), shift.clone()));
            moved.into_iter().chain([(self.end, objects.collect())]).collect()
        };
        if let Some(list) = listing(before).filter(|_| follower == Some(']')) {
            // What a `for` makes stays; more is put behind it.
            let objects: Vec<String> = statements.iter().map(object).collect();
            let mut edits = vec![(list, "concat(".to_owned()), (next + 1, format!(", [{}])", objects.join(", ")))];
            edits.extend(many.then(|| (line_start(self.text, self.end), shift)));
            return Some(edits);
        }
        match follower {
            _ if before.ends_with(['=', ':']) => {
                let mut edits = chained();
                edits.insert(0, (self.start, "[".to_owned()));
                edits.last_mut()?.1.push(']');
                Some(edits)
            }
            Some(',') if own_line => {
                let tail = line_end(self.text, next);
                // What follows on the line of the comma is a comment, or another item.
                let rest = self.text.get(next + 1..tail)?;
                let at = if rest.get(skip(rest, 0)..)?.is_empty() { tail } else { next + 1 };
                let lines = statements.iter().map(|statement| format!("\n{outer}{},", object(statement)));
                Some(vec![(at, lines.collect())])
            }
            Some(',') => Some(vec![(next + 1, statements.iter().map(|one| format!(" {},", object(one))).collect())]),
            Some(']') if own_line && breaks => {
                let objects: Vec<String> = statements.iter().map(|one| format!("\n{outer}{}", object(one))).collect();
                let objects = objects.join(",");
                // The comma goes before a comment at the end of the line, the statements behind it.
                if tail == self.end {
                    Some(vec![(self.end, format!(",{objects}"))])
                } else {
                    Some(vec![(self.end, ",".to_owned()), (tail, objects)])
                }
            }
            Some(']') => Some(chained()),
            _ => None,
        }
    }

    /// Blocks behind a block.
    fn blocks(&self, statements: &[Statement]) -> Option<Vec<Insertion>> {
        if !self.item.ends_with('}') {
            return None;
        }
        let outer = indent(self.text, self.start);
        let blocks = statements.iter().map(|statement| format!("\n\n{outer}{}", block(statement, outer)));
        Some(vec![(line_end(self.text, self.end), blocks.collect())])
    }

    /// Entries of a block sequence of YAML.
    fn entries(&self, statements: &[Statement]) -> Option<Vec<Insertion>> {
        let start = line_start(self.text, self.start);
        let prefix = self.text.get(start..self.start)?;
        let outer = indent(self.text, self.start);
        let inner = " ".repeat(prefix.chars().count());
        // Whether sequences stand further in than the key that they belong to.
        let deep = !self.item.lines().any(|line| {
            line.trim_end() == format!("{inner}Action:") && self.item.contains(&format!("Action:\n{inner}- "))
        });
        let quote = if self.item.contains("'*'") { '\'' } else { '"' };
        let tail = line_end(self.text, self.end);
        if prefix.trim() == "-" {
            let entries =
                statements.iter().map(|statement| format!("\n{}", yaml(statement, outer, &inner, deep, quote)));
            return Some(vec![(tail, entries.collect())]);
        }
        // A single statement becomes the first of a sequence.
        if !prefix.trim().is_empty() {
            return None;
        }
        let mut edits = vec![(self.start, "- ".to_owned())];
        let mut at = self.start;
        for line in self.item.split_inclusive('\n') {
            if at != self.start && !line.trim().is_empty() {
                edits.push((at, "  ".to_owned()));
            }
            at += line.len();
        }
        let deeper = format!("{inner}  ");
        let entries = statements.iter().map(|statement| format!("\n{}", yaml(statement, outer, &deeper, deep, quote)));
        edits.push((tail, entries.collect()));
        Some(edits)
    }
}

/// Keys with their values in the form of Terraform or JSON.
fn pairs(statement: &Statement, form: Form) -> Vec<(String, String)> {
    let Statement { sid, principal, actions, resource, condition } = statement;
    let bare = |key: &str| match form {
        Form::Hcl { quoted: false, .. } => key.to_owned(),
        _ => format!("\"{key}\""),
    };
    let separator = match form {
        Form::Hcl { colon: false, .. } => " = ",
        Form::Json { separator } => separator,
        _ => ": ",
    };
    let within = |inside: String| match form {
        Form::Json { separator: ":" } => format!("{{{inside}}}"),
        _ => format!("{{ {inside} }}"),
    };
    let action = match actions.as_slice() {
        [one] => format!("\"{one}\""),
        several => {
            let quoted: Vec<String> = several.iter().map(|action| format!("\"{action}\"")).collect();
            format!("[{}]", quoted.join(if separator == ":" { "," } else { ", " }))
        }
    };
    let mut out = vec![(bare("Sid"), format!("\"{sid}\"")), (bare("Effect"), "\"Allow\"".to_owned())];
    out.extend(
        principal
            .as_ref()
            .map(|(kind, whom)| (bare("Principal"), within(format!("{}{separator}\"{whom}\"", bare(kind))))),
    );
    out.push((bare("Action"), action));
    out.extend(resource.then(|| (bare("Resource"), "\"*\"".to_owned())));
    if let Some((operator, key, value)) = condition {
        // A key with a colon always stands in quotes.
        let test = within(format!("\"{key}\"{separator}\"{value}\""));
        out.push((bare("Condition"), within(format!("{}{separator}{test}", bare(operator)))));
    }
    out
}

/// One key a line.
fn tall(statement: &Statement, form: Form, inner: &str, closing: &str) -> String {
    let pairs = pairs(statement, form);
    let width = pairs.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    let lines: Vec<String> = pairs
        .iter()
        .map(|(key, value)| match form {
            Form::Hcl { colon: false, .. } => format!("{inner}{key:width$} = {value}"),
            Form::Json { separator } => format!("{inner}{key}{separator}{value}"),
            _ => format!("{inner}{key}: {value}"),
        })
        .collect();
    let separator = if matches!(form, Form::Json { .. }) { ",\n" } else { "\n" };
    format!("{{\n{}\n{closing}}}", lines.join(separator))
}

/// All on one line.
fn flat(statement: &Statement, form: Form, padded: bool) -> String {
    let (equals, comma) = match form {
        Form::Hcl { colon: false, .. } => (" = ", ", "),
        Form::Json { separator: ":" } => (":", ","),
        Form::Json { separator } => (separator, ", "),
        _ => (": ", ", "),
    };
    let pairs: Vec<String> =
        pairs(statement, form).into_iter().map(|(key, value)| format!("{key}{equals}{value}")).collect();
    let space = if padded { " " } else { "" };
    format!("{{{space}{}{space}}}", pairs.join(comma))
}

/// A block of `aws_iam_policy_document`.
fn block(statement: &Statement, outer: &str) -> String {
    let Statement { sid, principal, actions, resource, condition } = statement;
    let list: Vec<String> = actions.iter().map(|action| format!("\"{action}\"")).collect();
    let mut rows = vec![("sid", format!("\"{sid}\"")), ("actions", format!("[{}]", list.join(", ")))];
    rows.extend(resource.then(|| ("resources", "[\"*\"]".to_owned())));
    let width = rows.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    let rows: String = rows.iter().map(|(key, value)| format!("{outer}  {key:width$} = {value}\n")).collect();
    let condition = condition.map_or_else(String::new, |(operator, key, value)| {
        format!(
            "\n{outer}  condition {{\n{outer}    test     = \"{operator}\"\n{outer}    variable = \"{key}\"\n{outer}    values   = [\"{value}\"]\n{outer}  }}\n"
        )
    });
    let principals = principal.as_ref().map_or_else(String::new, |(kind, whom)| {
        format!(
            "\n{outer}  principals {{\n{outer}    type        = \"{kind}\"\n{outer}    identifiers = [\"{whom}\"]\n{outer}  }}\n"
        )
    });
    format!("statement {{\n{rows}{principals}{condition}{outer}}}")
}

/// An entry of a block sequence; `inner` is where its keys stand.
fn yaml(statement: &Statement, outer: &str, inner: &str, deep: bool, quote: char) -> String {
    let Statement { sid, principal, actions, resource, condition } = statement;
    let gap = " ".repeat(inner.len().saturating_sub(outer.len() + 1).max(1));
    let lead = if deep { "  " } else { "" };
    let action = match actions.as_slice() {
        [one] => format!(" {one}"),
        several => several.iter().map(|action| format!("\n{inner}{lead}- {action}")).collect(),
    };
    let resource = if *resource { format!("\n{inner}Resource: {quote}*{quote}") } else { String::new() };
    let condition = condition.map_or_else(String::new, |(operator, key, value)| {
        format!("\n{inner}Condition:\n{inner}  {operator}:\n{inner}    {key}: {quote}{value}{quote}")
    });
    let principal = principal
        .as_ref()
        .map_or_else(String::new, |(kind, whom)| format!("\n{inner}Principal:\n{inner}  {kind}: {whom}"));
    format!("{outer}-{gap}Sid: {sid}\n{inner}Effect: Allow{principal}\n{inner}Action:{action}{resource}{condition}")
}

/// A whole policy as Terraform's `jsonencode(…)`, for an attribute at `outer`.
pub(super) fn jsonencode(statements: &[Statement], outer: &str) -> String {
    let form = Form::Hcl { quoted: false, colon: false };
    let inner = format!("{outer}      ");
    let closing = format!("{outer}    ");
    let items: String =
        statements.iter().map(|one| format!("{closing}{},\n", tall(one, form, &inner, &closing))).collect();
    format!("jsonencode({{\n{outer}  Version = \"2012-10-17\"\n{outer}  Statement = [\n{items}{outer}  ]\n{outer}}})")
}

/// A whole policy as a property of a template, `name` standing at `outer`.
pub(super) fn property(name: &str, statements: &[Statement], outer: &str, json: bool) -> String {
    if json {
        let form = Form::Json { separator: ": " };
        let (inner, closing) = (format!("{outer}      "), format!("{outer}    "));
        let items: Vec<String> =
            statements.iter().map(|one| format!("{closing}{}", tall(one, form, &inner, &closing))).collect();
        return format!(
            "{outer}\"{name}\": {{\n{outer}  \"Version\": \"2012-10-17\",\n{outer}  \"Statement\": [\n{}\n{outer}  ]\n{outer}}}",
            items.join(",\n")
        );
    }
    let (dash, inner) = (format!("{outer}    "), format!("{outer}      "));
    let items: Vec<String> = statements.iter().map(|one| yaml(one, &dash, &inner, true, '"')).collect();
    format!("{outer}{name}:\n{outer}  Version: \"2012-10-17\"\n{outer}  Statement:\n{}", items.join("\n"))
}
