//! Percent escapes, so that a separator in a branch or a job's name cannot be taken for one of ours.

use std::fmt::Write as _;

/// The text with every byte escaped that is not a letter, a digit or one of `-._~/:+`.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/:+".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The text before [`escaped`]; `None` where it was not made by it.
pub(super) fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        if byte == b'%' {
            let (digits, tail) = tail.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = tail;
        } else {
            bytes.push(byte);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_survives_and_has_no_separator(text in any::<String>()) {
            let there = escaped(&text);
            prop_assert!(there.is_ascii() && !there.contains([' ', ',', '@', '=', '#', '&']));
            prop_assert_eq!(unescaped(&there), Some(text));
        }

        #[test]
        fn no_text_makes_unescaping_panic(text in any::<String>()) {
            let _ = unescaped(&text);
        }
    }
}
