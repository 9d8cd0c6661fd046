//! The functions that templates may call.

use super::{run::TemplateFailed, value::Value};
use crate::text::query_escaped;
use jiff::Timestamp;
use std::{cmp::Ordering, fmt::Write as _};

const NAMES: [&str; 17] = [
    "and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "index", "slice", "print", "printf",
    "println", "html", "urlquery",
];

pub(super) fn exists(name: &str) -> bool {
    NAMES.contains(&name)
}

pub(super) fn call(name: &str, values: &[Value]) -> Result<Value, TemplateFailed> {
    let wrong =
        |problem: &str| TemplateFailed::Call { function: name.to_owned(), problem: problem.to_owned() };
    match (name, values) {
        ("not", [value]) => Ok(Value::Bool(!value.is_true())),
        ("eq", [first, others @ ..]) if !others.is_empty() => {
            if others.iter().any(|other| !comparable(first, other)) {
                return Err(wrong("these cannot be compared"));
            }
            Ok(Value::Bool(others.contains(first)))
        }
        ("ne", [one, other]) if comparable(one, other) => Ok(Value::Bool(one != other)),
        ("lt", [one, other]) => order(one, other).map(|o| Value::Bool(o.is_lt())).ok_or_else(|| wrong(ORDER)),
        ("le", [one, other]) => order(one, other).map(|o| Value::Bool(o.is_le())).ok_or_else(|| wrong(ORDER)),
        ("gt", [one, other]) => order(one, other).map(|o| Value::Bool(o.is_gt())).ok_or_else(|| wrong(ORDER)),
        ("ge", [one, other]) => order(one, other).map(|o| Value::Bool(o.is_ge())).ok_or_else(|| wrong(ORDER)),
        ("len", [Value::Text(text)]) => Ok(length(text.len())),
        ("len", [Value::List(items)]) => Ok(length(items.len())),
        ("len", [Value::Map(members)]) => Ok(length(members.len())),
        ("index", [value, places @ ..]) => places.iter().try_fold(value.clone(), |value, place| {
            let (items, place) = match (&value, place) {
                (Value::List(items), Value::Int(place)) => (items, place),
                (Value::Map(members), Value::Text(key)) => {
                    return Ok(members.get(key).cloned().unwrap_or_else(|| Value::text("")));
                }
                _ => return Err(wrong("needs a list and a number, or a map and a text")),
            };
            usize::try_from(*place)
                .ok()
                .and_then(|place| items.get(place))
                .cloned()
                .ok_or_else(|| wrong("there is nothing at this place of the list"))
        }),
        ("slice", [Value::Text(text), bounds @ ..]) => {
            let (from, to) =
                range(bounds, text.len()).ok_or_else(|| wrong("the bounds are not in the text"))?;
            let cut = text.as_bytes().get(from..to).unwrap_or_default();
            Ok(Value::text(String::from_utf8_lossy(cut)))
        }
        ("slice", [Value::List(items), bounds @ ..]) => {
            let (from, to) =
                range(bounds, items.len()).ok_or_else(|| wrong("the bounds are not in the list"))?;
            Ok(Value::List(items.get(from..to).unwrap_or_default().to_vec()))
        }
        ("print", values) => Ok(Value::Text(printed(values, false))),
        ("println", values) => Ok(Value::Text(printed(values, true) + "\n")),
        ("printf", [Value::Text(format), values @ ..]) => Ok(Value::Text(formatted(format, values))),
        ("html", values) => Ok(Value::Text(escaped(&printed(values, false)))),
        ("urlquery", values) => Ok(Value::Text(query_escaped(&printed(values, false)))),
        _ => Err(wrong("called with the wrong number or kind of arguments")),
    }
}

const ORDER: &str = "only two numbers or two texts have an order";

fn length(length: usize) -> Value {
    Value::Int(i64::try_from(length).unwrap_or(i64::MAX))
}

fn comparable(one: &Value, other: &Value) -> bool {
    let kind = std::mem::discriminant::<Value>;
    kind(one) == kind(other) || matches!((one, other), (Value::Nil, _) | (_, Value::Nil))
}

fn order(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Int(one), Value::Int(other)) => Some(one.cmp(other)),
        (Value::Text(one), Value::Text(other)) => Some(one.cmp(other)),
        _ => None,
    }
}

/// Bounds of a slice: none, the start, or start and end.
fn range(bounds: &[Value], length: usize) -> Option<(usize, usize)> {
    let number = |value: &Value| match value {
        Value::Int(number) => usize::try_from(*number).ok(),
        _ => None,
    };
    let (from, to) = match bounds {
        [] => (0, length),
        [from] => (number(from)?, length),
        [from, to] => (number(from)?, number(to)?),
        _ => return None,
    };
    (from <= to && to <= length).then_some((from, to))
}

/// As `print` joins: a space between two operands where neither is a text; `println` puts one between all.
fn printed(values: &[Value], always_space: bool) -> String {
    let mut out = String::new();
    let mut previous: Option<&Value> = None;
    for value in values {
        let text = |v: &Value| matches!(v, Value::Text(_));
        if previous.is_some_and(|p| always_space || !text(p) && !text(value)) {
            out.push(' ');
        }
        let _ = write!(out, "{value}");
        previous = Some(value);
    }
    out
}

fn formatted(format: &str, values: &[Value]) -> String {
    let mut out = String::new();
    let mut values = values.iter();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut left = false;
        let mut zero = false;
        while let Some(flag @ ('-' | '0')) = chars.peek().copied() {
            chars.next();
            left |= flag == '-';
            zero |= flag == '0';
        }
        let mut width = 0_usize;
        while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
            chars.next();
            width = (width * 10 + digit as usize).min(1000);
        }
        let text = match (chars.next(), ()) {
            (None, ()) => "%!(NOVERB)".to_owned(),
            (Some('%'), ()) => "%".to_owned(),
            (Some(verb), ()) => match values.next() {
                None => format!("%!{verb}(MISSING)"),
                Some(value) => with_verb(verb, value),
            },
        };
        let gap = width.saturating_sub(text.chars().count());
        match (left, zero) {
            (true, _) => out.extend(text.chars().chain(std::iter::repeat_n(' ', gap))),
            (false, zero) => {
                out.extend(std::iter::repeat_n(if zero { '0' } else { ' ' }, gap));
                out.push_str(&text);
            }
        }
    }
    out
}

fn with_verb(verb: char, value: &Value) -> String {
    match (verb, value) {
        ('v' | 's', value) => value.to_string(),
        ('d', Value::Int(number)) => number.to_string(),
        ('t', Value::Bool(yes)) => yes.to_string(),
        ('x', Value::Int(number)) => format!("{number:x}"),
        ('q', value) => quoted(&value.to_string()),
        (verb, value) => format!("%!{verb}({value})"),
    }
}

/// A text in Go's quotes.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 || c == '\u{7f}' => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\'' => out.push_str("&#39;"),
            '"' => out.push_str("&#34;"),
            '\0' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A moment in Go's layout, in UTC: the reference time 2006-01-02 15:04:05 shows what stands where.
pub(super) fn format_time(time: Timestamp, layout: &str) -> String {
    const PARTS: [(&str, &str); 17] = [
        ("January", "%B"),
        ("Jan", "%b"),
        ("Monday", "%A"),
        ("Mon", "%a"),
        ("MST", "UTC"),
        ("Z07:00", "Z"),
        ("-07:00", "+00:00"),
        ("-0700", "+0000"),
        ("2006", "%Y"),
        ("01", "%m"),
        ("02", "%d"),
        ("03", "%I"),
        ("04", "%M"),
        ("05", "%S"),
        ("06", "%y"),
        ("15", "%H"),
        ("PM", "%p"),
    ];
    let (mut rest, mut out) = (layout, String::new());
    while let Some(first) = rest.chars().next() {
        if let Some((part, form)) = PARTS.iter().find(|(part, _)| rest.starts_with(part)) {
            out.push_str(&time.strftime(form).to_string());
            rest = rest.get(part.len()..).unwrap_or_default();
        } else {
            out.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    out
}
