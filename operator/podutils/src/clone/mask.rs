//! A token in any form that a program might print it in, and the word in its place.

use super::remote::CENSORED;
use data_encoding::BASE64;
use std::fmt;

/// The forms of one secret. Debug output does not show it.
#[derive(Clone)]
pub struct Mask {
    /// The longest first, so that no part of a longer one stays.
    forms: Vec<String>,
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mask({} forms)", self.forms.len())
    }
}

impl Mask {
    /// A mask of a token: as it stands, escaped as in URLs, and as HTTP's basic authorisation carries it.
    pub fn new(token: &str) -> Self {
        let upper = escaped(token);
        let mut forms = vec![
            token.to_owned(),
            upper.clone(),
            lower_escapes(&upper),
            BASE64.encode(token.as_bytes()),
            BASE64.encode(format!("{token}:x-oauth-basic").as_bytes()),
            BASE64.encode(format!("x-access-token:{token}").as_bytes()),
        ];
        forms.retain(|form| !form.is_empty());
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        forms.dedup();
        Self { forms }
    }

    /// The text without the token.
    pub fn applied(&self, text: &str) -> String {
        self.forms.iter().fold(text.to_owned(), |text, form| text.replace(form, CENSORED))
    }
}

/// The text with everything escaped that could mean something in a URL.
pub(crate) fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn lower_escapes(escaped: &str) -> String {
    let mut pieces = escaped.split('%');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| {
        let (code, rest) = piece.split_at(piece.len().min(2));
        format!("{text}%{}{rest}", code.to_ascii_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_masked_in_every_form() {
        let mask = Mask::new("t0ken/with?odd");
        for form in ["t0ken/with?odd", "t0ken%2Fwith%3Fodd", "t0ken%2fwith%3fodd"] {
            assert_eq!(mask.applied(&format!("https://{form}:x@host")), "https://CENSORED:x@host", "{form}");
        }
        let header = BASE64.encode(b"t0ken/with?odd:x-oauth-basic");
        assert_eq!(mask.applied(&format!("Authorization: Basic {header}")), "Authorization: Basic CENSORED");
        assert!(!format!("{mask:?}").contains("t0ken"));
    }
}
