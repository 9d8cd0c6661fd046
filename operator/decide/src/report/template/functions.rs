//! The functions that Go's templates come with.

use super::{Data, TemplateError};
use std::cmp::Ordering;
use std::fmt::Write as _;

pub(super) fn call(name: &str, arguments: &[Data]) -> Result<Data, TemplateError> {
    match (name, arguments) {
        ("not", [value]) => Ok(Data::Bool(!value.truth())),
        ("len", [value]) => length(value),
        ("index", [value, path @ ..]) => path.iter().try_fold(value.clone(), |value, at| index(&value, at)),
        ("slice", [value, bounds @ ..]) => slice(value, bounds),
        ("eq", [first, others @ ..]) if !others.is_empty() => {
            let mut equal = false;
            for other in others {
                equal |= compare(first, other)? == Ordering::Equal;
            }
            Ok(Data::Bool(equal))
        }
        ("ne", [a, b]) => Ok(Data::Bool(compare(a, b)? != Ordering::Equal)),
        ("lt", [a, b]) => Ok(Data::Bool(compare(a, b)? == Ordering::Less)),
        ("le", [a, b]) => Ok(Data::Bool(compare(a, b)? != Ordering::Greater)),
        ("gt", [a, b]) => Ok(Data::Bool(compare(a, b)? == Ordering::Greater)),
        ("ge", [a, b]) => Ok(Data::Bool(compare(a, b)? != Ordering::Less)),
        ("print", values) => Ok(Data::Text(print(values))),
        ("println", values) => {
            let words: Vec<String> = values.iter().map(ToString::to_string).collect();
            Ok(Data::Text(format!("{}\n", words.join(" "))))
        }
        ("printf", [Data::Text(format), values @ ..]) => printf(format, values),
        ("html", values) => Ok(Data::Text(escape_html(&print(values)))),
        ("urlquery", values) => Ok(Data::Text(escape_query(&print(values)))),
        (
            "not" | "len" | "index" | "slice" | "eq" | "ne" | "lt" | "le" | "gt" | "ge" | "printf",
            _,
        ) => Err(TemplateError::Data(format!("{name} does not take these {} arguments", arguments.len()))),
        _ => Err(TemplateError::Data(format!("there is no function {name}"))),
    }
}

fn length(value: &Data) -> Result<Data, TemplateError> {
    let length = match value {
        Data::Text(text) => text.len(),
        Data::List(items) => items.len(),
        Data::Map(members) => members.len(),
        Data::Nil | Data::NoValue | Data::Bool(_) | Data::Int(_) | Data::Record(_) => {
            return Err(TemplateError::Data(format!("{} has no length", value.kind())));
        }
    };
    Ok(Data::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn index(value: &Data, at: &Data) -> Result<Data, TemplateError> {
    match (value, at) {
        (Data::List(items), Data::Int(at)) => usize::try_from(*at)
            .ok()
            .and_then(|at| items.get(at))
            .cloned()
            .ok_or_else(|| TemplateError::Data(format!("there is no element {at} of {}", items.len()))),
        (Data::Map(members), Data::Text(key)) => Ok(members.get(key).cloned().unwrap_or(Data::NoValue)),
        _ => Err(TemplateError::Data(format!("{} has no index {}", value.kind(), at.kind()))),
    }
}

fn slice(value: &Data, bounds: &[Data]) -> Result<Data, TemplateError> {
    let out_of_range = || TemplateError::Data("slice out of range".to_owned());
    let bound = |at: usize, default: usize| match bounds.get(at) {
        None => Ok(default),
        Some(Data::Int(bound)) => usize::try_from(*bound).map_err(|_| out_of_range()),
        Some(other) => Err(TemplateError::Data(format!("slice by {}", other.kind()))),
    };
    match value {
        Data::Text(text) => {
            let (from, to) = (bound(0, 0)?, bound(1, text.len())?);
            text.get(from..to).map(Data::text).ok_or_else(out_of_range)
        }
        Data::List(items) => {
            let (from, to) = (bound(0, 0)?, bound(1, items.len())?);
            items.get(from..to).map(|part| Data::List(part.to_vec())).ok_or_else(out_of_range)
        }
        Data::Nil | Data::NoValue | Data::Bool(_) | Data::Int(_) | Data::Map(_) | Data::Record(_) => {
            Err(TemplateError::Data(format!("slice of {}", value.kind())))
        }
    }
}

/// Go compares only values of one basic kind.
fn compare(a: &Data, b: &Data) -> Result<Ordering, TemplateError> {
    match (a, b) {
        (Data::Text(a), Data::Text(b)) => Ok(a.cmp(b)),
        (Data::Int(a), Data::Int(b)) => Ok(a.cmp(b)),
        (Data::Bool(a), Data::Bool(b)) => Ok(a.cmp(b)),
        (Data::Nil | Data::NoValue, Data::Nil | Data::NoValue) => Ok(Ordering::Equal),
        (Data::Nil | Data::NoValue, _) | (_, Data::Nil | Data::NoValue) => Ok(Ordering::Less),
        _ => Err(TemplateError::Data(format!("{} cannot be compared with {}", a.kind(), b.kind()))),
    }
}

/// Go puts a space between two values where neither is a text.
fn print(values: &[Data]) -> String {
    let mut text = String::new();
    let mut previous_is_text = true;
    for value in values {
        let is_text = matches!(value, Data::Text(_));
        if !previous_is_text && !is_text {
            text.push(' ');
        }
        let _ = write!(text, "{value}");
        previous_is_text = is_text;
    }
    text
}

fn printf(format: &str, values: &[Data]) -> Result<Data, TemplateError> {
    let mut text = String::new();
    let mut values = values.iter();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        let verb = chars.next();
        if verb == Some('%') {
            text.push('%');
            continue;
        }
        let value = values.next().ok_or_else(|| TemplateError::Data("printf has too few values".to_owned()))?;
        let _ = match (verb, value) {
            (Some('v' | 's'), value) | (Some('d'), value @ Data::Int(_)) | (Some('t'), value @ Data::Bool(_)) => {
                write!(text, "{value}")
            }
            (Some('q'), value) => write!(text, "{:?}", value.to_string()),
            (verb, value) => {
                let verb = verb.map(String::from).unwrap_or_default();
                return Err(TemplateError::Data(format!("printf does not print {} as %{verb}", value.kind())));
            }
        };
    }
    Ok(Data::Text(text))
}

fn escape_html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&#34;"),
            '\'' => escaped.push_str("&#39;"),
            '\0' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

fn escape_query(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => escaped.push(char::from(byte)),
            b' ' => escaped.push('+'),
            byte => {
                let _ = write!(escaped, "%{byte:02X}");
            }
        }
    }
    escaped
}
