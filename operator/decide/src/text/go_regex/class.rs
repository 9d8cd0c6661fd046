//! Characters and classes of characters: escapes, `\d`, `\pL`, `[a-z[:digit:]]`.
//!
//! Written out, every character that is not an ASCII letter or digit is a code point (`\x{2d}`), so that no character
//! can mean something to the crate that it does not mean to Go (`&&`, `--`, `~~`, `[` inside a class).

use super::{cursor::Cursor, invalid::Fault};
use std::fmt::Write as _;

/// Writes one literal character.
pub(super) fn write_char(c: char, out: &mut String) {
    if c.is_ascii_alphanumeric() {
        out.push(c);
    } else {
        let _ = write!(out, "\\x{{{:x}}}", u32::from(c));
    }
}

/// Reads `\d`, `\s`, `\w` or their negations as a whole class. They are ASCII in Go, and `\s` is without the vertical
/// tab.
pub(super) fn perl_class(cursor: &mut Cursor<'_>) -> Option<&'static str> {
    let class = match cursor.rest().get(..2)? {
        r"\d" => "[0-9]",
        r"\D" => "[^0-9]",
        r"\s" => r"[\t\n\x0c\r ]",
        r"\S" => r"[^\t\n\x0c\r ]",
        r"\w" => "[0-9A-Za-z_]",
        r"\W" => "[^0-9A-Za-z_]",
        _ => return None,
    };
    cursor.next();
    cursor.next();
    Some(class)
}

/// Reads `\pL`, `\p{Greek}`, `\P{Greek}` or `\p{^Greek}`, if one stands here.
pub(super) fn unicode_class(cursor: &mut Cursor<'_>) -> Option<Result<String, Fault>> {
    let start = *cursor;
    let negated = if cursor.take(r"\p") {
        false
    } else if cursor.take(r"\P") {
        true
    } else {
        return None;
    };
    let name = if cursor.take("{") {
        cursor.take_through("}")
    } else {
        let before = *cursor;
        cursor.next();
        cursor.since(&before)
    };
    let (negated, name) = match name.strip_prefix('^') {
        Some(name) => (!negated, name),
        None => (negated, name),
    };
    let class = format!("\\{}{{{name}}}", if negated { 'P' } else { 'p' });
    // The crate knows further forms (`\p{scx=Greek}`), which Go does not: names are letters, nothing else.
    let known = !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphabetic() || c == '_')
        && regex::Regex::new(&class).is_ok();
    Some(if known {
        Ok(class)
    } else {
        Err(Fault::UnknownClass { mark: cursor.since(&start).to_owned(), at: start.position() })
    })
}

/// Reads the escaped character that stands here.
pub(super) fn escape(cursor: &mut Cursor<'_>) -> Result<char, Fault> {
    let start = *cursor;
    cursor.next();
    let Some(escaped) = cursor.next() else { return Err(Fault::TrailingBackslash) };
    let octal = |c: char| ('0'..='7').contains(&c);
    let value = match escaped {
        '1'..='7' if !cursor.peek().is_some_and(octal) => {
            return Err(Fault::BackReference { mark: cursor.since(&start).to_owned(), at: start.position() });
        }
        '0'..='7' => {
            let mut value = u32::from(escaped) - u32::from('0');
            for _ in 0..2 {
                if let Some(digit) = cursor.peek().filter(|c| octal(*c)) {
                    value = value * 8 + (u32::from(digit) - u32::from('0'));
                    cursor.next();
                }
            }
            char::from_u32(value)
        }
        'x' => hexadecimal(cursor),
        'a' => Some('\u{7}'),
        'f' => Some('\u{c}'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'v' => Some('\u{b}'),
        other => Some(other).filter(|c| c.is_ascii() && !c.is_ascii_alphanumeric()),
    };
    value.ok_or_else(|| Fault::Escape { mark: cursor.since(&start).to_owned(), at: start.position() })
}

/// The rest of `\x41` or `\x{41}`.
fn hexadecimal(cursor: &mut Cursor<'_>) -> Option<char> {
    let digits = if cursor.take("{") {
        let digits = cursor.take_while(|c| c.is_ascii_hexdigit());
        if !cursor.take("}") {
            return None;
        }
        digits
    } else {
        let digits = cursor.rest().get(..2).filter(|d| d.chars().all(|c| c.is_ascii_hexdigit()))?;
        cursor.take(digits);
        digits
    };
    u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)
}

/// Reads the class in brackets that stands here, and writes it.
pub(super) fn bracket_class(cursor: &mut Cursor<'_>, out: &mut String) -> Result<(), Fault> {
    let start = *cursor;
    cursor.take("[");
    out.push('[');
    if cursor.take("^") {
        out.push('^');
    }
    // A closing bracket in the first place is a character.
    let mut first = true;
    while first || cursor.peek() != Some(']') {
        first = false;
        if let Some(class) = posix_class(cursor) {
            out.push_str(class?);
        } else if let Some(class) = unicode_class(cursor) {
            out.push_str(&class?);
        } else if let Some(class) = perl_class(cursor) {
            out.push_str(class);
        } else {
            range(cursor, &start, out)?;
        }
    }
    cursor.next();
    out.push(']');
    Ok(())
}

/// Reads a character, or two with a dash between.
fn range(cursor: &mut Cursor<'_>, class: &Cursor<'_>, out: &mut String) -> Result<(), Fault> {
    let start = *cursor;
    let low = class_char(cursor, class)?;
    write_char(low, out);
    // A dash before the closing bracket is a character.
    let mut after_dash = *cursor;
    if after_dash.take("-") && after_dash.peek().is_some_and(|c| c != ']') {
        *cursor = after_dash;
        let high = class_char(cursor, class)?;
        if high < low {
            let mark = cursor.since(&start).to_owned();
            return Err(Fault::BackwardRange { mark, at: start.position() });
        }
        out.push('-');
        write_char(high, out);
    }
    Ok(())
}

fn class_char(cursor: &mut Cursor<'_>, class: &Cursor<'_>) -> Result<char, Fault> {
    if cursor.peek() == Some('\\') {
        return escape(cursor);
    }
    cursor.next().ok_or_else(|| Fault::UnclosedClass { at: class.position() })
}

/// The names between `[:` and `:]`. The crate's classes of these names hold the same ASCII characters as Go's.
const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "word", "xdigit",
];

/// Reads `[:alpha:]` or `[:^alpha:]`, if it stands here; without an end it is an ordinary bracket.
fn posix_class<'a>(cursor: &mut Cursor<'a>) -> Option<Result<&'a str, Fault>> {
    let start = *cursor;
    let inside = cursor.rest().strip_prefix("[:")?;
    let end = inside.find(":]")?;
    cursor.take("[:");
    cursor.take_through(":]");
    let name = &inside[..end];
    let class = cursor.since(&start);
    Some(if POSIX.contains(&name.strip_prefix('^').unwrap_or(name)) {
        Ok(class)
    } else {
        Err(Fault::UnknownClass { mark: class.to_owned(), at: start.position() })
    })
}
