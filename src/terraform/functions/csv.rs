//! `csvdecode`: comma-separated values as RFC 4180 has them, the first row naming the columns.

use super::{Outcome, list};
use crate::terraform::ops::{fail, of_elements};
use crate::value::{Type, Value};
use std::collections::BTreeSet;

pub(super) fn decode(text: &str) -> Outcome {
    let Some(mut rows) = rows(text) else {
        return fail("a quote of the CSV text is not closed, or stands within a field");
    };
    if rows.is_empty() {
        return fail("missing header line");
    }
    let header = rows.remove(0);
    if header.iter().collect::<BTreeSet<_>>().len() != header.len() {
        return fail("two columns of the CSV text have the same name");
    }
    let mut out = Vec::with_capacity(rows.len());
    for row in rows {
        if row.len() != header.len() {
            return fail("a row of the CSV text has another number of fields than its header");
        }
        out.push(Value::object(
            header.iter().map(String::as_str).zip(row.iter().map(|field| Value::string(field.as_str()))),
        ));
    }
    let row = header.iter().map(|name| (name.as_str().into(), (Type::String, false))).collect();
    let mut rows = list(out);
    rows.kind = of_elements(rows.kind, &Type::Object(row));
    Ok(rows)
}

/// The fields of each row that is not empty; `None` where a quote is not closed, or stands in a field without quotes.
fn rows(text: &str) -> Option<Vec<Vec<String>>> {
    let mut rows = Vec::new();
    let (mut row, mut field, mut quoted) = (Vec::new(), String::new(), false);
    // Whether the field has ended with its closing quote.
    let mut closed = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' if quoted => (quoted, closed) = (false, true),
            '"' if field.is_empty() && !closed => quoted = true,
            '"' => return None,
            ',' if !quoted => {
                closed = false;
                row.push(std::mem::take(&mut field));
            }
            '\r' if !quoted && chars.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                closed = false;
                if !row.is_empty() || !field.is_empty() {
                    row.push(std::mem::take(&mut field));
                    rows.push(std::mem::take(&mut row));
                }
            }
            _ if closed => return None,
            c => field.push(c),
        }
    }
    if !row.is_empty() || !field.is_empty() {
        row.push(field);
        rows.push(row);
    }
    (!quoted).then_some(rows)
}
