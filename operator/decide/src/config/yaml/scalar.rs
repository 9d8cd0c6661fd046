//! What a scalar is: go-yaml v2's table of words and its readings of numbers.

use granit_parser::Tag;
use serde_json::{Number, Value};

/// YAML's own tags are written `!!int`, which stands for this and the name.
const YAML_TAG: &str = "tag:yaml.org,2002:";

/// The value of a scalar. `plain`: written without quotes and not as a block.
///
/// # Errors
/// Where its tag and its text disagree, or where JSON cannot say it (infinity).
pub(super) fn value(text: &str, plain: bool, tag: Option<&Tag>) -> Result<Value, String> {
    // A lone `!` means no more than no tag.
    let tag = tag.filter(|tag| !(tag.suffix().is_empty() || tag.parts() == ("", "!")));
    let Some(tag) = tag else { return if plain { untagged(text) } else { Ok(Value::from(text)) } };
    let Some(kind) = tag.suffix_in_namespace(YAML_TAG) else { return Ok(Value::from(text)) };
    let disagrees = || format!("{text:?} is not a !!{kind}");
    match kind.as_ref() {
        "binary" => {
            let bytes = data_encoding::BASE64.decode(text.trim_end().as_bytes()).map_err(|_| disagrees())?;
            String::from_utf8(bytes).map(Value::from).map_err(|_| disagrees())
        }
        "null" | "bool" | "int" | "float" => {
            let value = untagged(text)?;
            let agrees = match value {
                Value::Null => kind == "null",
                Value::Bool(_) => kind == "bool",
                Value::Number(ref number) => kind == "float" || (kind == "int" && !number.is_f64()),
                Value::String(_) | Value::Array(_) | Value::Object(_) => false,
            };
            if agrees { Ok(value) } else { Err(disagrees()) }
        }
        _ => Ok(Value::from(text)),
    }
}

fn untagged(text: &str) -> Result<Value, String> {
    Ok(match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Value::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Value::Bool(false)
        }
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf"
        | "-.Inf" | "-.INF" => return Err(format!("{text} is no number that JSON has")),
        _ => match number(text) {
            Some(number) => Value::Number(number),
            None => Value::from(text),
        },
    })
}

fn number(text: &str) -> Option<Number> {
    match text.bytes().next()? {
        b'+' | b'-' | b'0'..=b'9' => {
            let plain = text.replace('_', "");
            integer(&plain).or_else(|| float(&plain))
        }
        b'.' => float(text),
        _ => None,
    }
}

/// A whole number with Go's prefixes: `0x`, `0b`, `0o`, and a bare `0` for octal.
fn integer(text: &str) -> Option<Number> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match digits.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => (16, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0_i64.checked_sub_unsigned(magnitude).map(Number::from);
    }
    // Beyond 63 bits Go reads a number only without a sign.
    (i64::try_from(magnitude).is_ok() || !text.starts_with('+')).then(|| Number::from(magnitude))
}

/// A decimal fraction or exponent. One that is whole is written without a fraction, as Go writes JSON.
fn float(text: &str) -> Option<Number> {
    if !text.chars().all(|c| matches!(c, '0'..='9' | '.' | 'e' | 'E' | '+' | '-')) {
        return None;
    }
    let value: f64 = text.parse().ok().filter(|v: &f64| v.is_finite())?;
    if value.fract() == 0.0 && value.abs() < 1e18 {
        return format!("{value:.0}").parse::<i64>().ok().map(Number::from);
    }
    Number::from_f64(value)
}

/// A scalar as the key of an object.
///
/// # Errors
/// Where Go refuses it: `null`, and whole numbers beyond 63 bits.
pub(super) fn key(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Ok(whole.to_string()),
            None if number.is_f64() => Ok(number.to_string()),
            None => Err(format!("{number} cannot be a key; put it in quotes")),
        },
        Value::Null => Err("a key is missing here (null cannot be one)".to_owned()),
        Value::Array(_) | Value::Object(_) => Err("a list or mapping cannot be a key".to_owned()),
    }
}
