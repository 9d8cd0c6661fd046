//! URIs and media types, as far as Go's libraries refuse them.
//!
//! Go's URL parser takes what the `url` crate refuses (`github.com:acme/widgets.git`, what is left of an SSH address)
//! and the other way round, and Prow's files are written against Go.

/// The scheme of a URI; empty where it has none.
///
/// # Errors
/// Where Go's parser refuses the URI: what is wrong.
pub(super) fn scheme(uri: &str) -> Result<&str, &'static str> {
    if uri.chars().any(|c| c.is_ascii_control()) {
        return Err("it holds a control character");
    }
    let (uri, fragment) = uri.split_once('#').unwrap_or((uri, ""));
    escapes(fragment)?;
    let (scheme, rest) = split_scheme(uri)?;
    let (rest, _query) = rest.split_once('?').unwrap_or((rest, ""));
    if !rest.starts_with('/') {
        // After a scheme anything goes; without one a colon would make the first segment look like one.
        let first = rest.split('/').next().unwrap_or("");
        return match scheme {
            "" if first.contains(':') => Err("its first part holds a colon"),
            "" => escapes(rest).map(|()| scheme),
            _ => Ok(scheme),
        };
    }
    let path = match rest.strip_prefix("//") {
        Some(rest) => {
            let end = rest.find('/').unwrap_or(rest.len());
            authority(&rest[..end])?;
            &rest[end..]
        }
        None => rest,
    };
    escapes(path)?;
    Ok(scheme)
}

fn split_scheme(uri: &str) -> Result<(&str, &str), &'static str> {
    for (i, c) in uri.char_indices() {
        match c {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if i > 0 => {}
            ':' if i > 0 => return Ok((&uri[..i], &uri[i + 1..])),
            ':' => return Err("a scheme is missing before the colon"),
            _ => return Ok(("", uri)),
        }
    }
    Ok(("", uri))
}

fn authority(authority: &str) -> Result<(), &'static str> {
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    escapes(user)?;
    let port = match host.rsplit_once(']') {
        Some((_, after)) => after.strip_prefix(':').unwrap_or(""),
        None => host.rsplit_once(':').map_or("", |(_, port)| port),
    };
    if !port.chars().all(|c| c.is_ascii_digit()) {
        return Err("its port is not a number");
    }
    if host.contains('%') {
        return Err("its host holds an escape");
    }
    let wrong = |c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && !"-_.~!$&'()*+,;=:[]<>\"".contains(c);
    if host.contains(wrong) { Err("its host holds a character that no host has") } else { Ok(()) }
}

/// Every `%` begins an escape.
fn escapes(text: &str) -> Result<(), &'static str> {
    let fine = text
        .split('%')
        .skip(1)
        .all(|rest| rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)));
    if fine { Ok(()) } else { Err("it holds a % that begins no escape") }
}

/// Whether this is a media type with parameters, as in `text/plain; charset=utf-8`.
pub(super) fn is_media_type(text: &str) -> bool {
    let (kind, parameters) = text.split_once(';').map_or((text, None), |(kind, rest)| (kind, Some(rest)));
    let kind = kind.trim();
    let named = match kind.split_once('/') {
        Some((main, sub)) => is_token(main) && is_token(sub),
        None => is_token(kind),
    };
    let mut names = std::collections::BTreeSet::new();
    let mut rest = parameters.unwrap_or("").trim();
    while named && !rest.is_empty() {
        let Some((name, value)) = rest.split_once('=') else { return false };
        let name = name.trim().to_ascii_lowercase();
        let Some(after) = parameter_value(value) else { return false };
        if !is_token(&name) || !names.insert(name) {
            return false;
        }
        rest = match after.trim_start() {
            "" => "",
            more => match more.strip_prefix(';') {
                Some(more) => more.trim(),
                None => return false,
            },
        };
    }
    named
}

/// What follows a parameter's value; `None` where there is none.
fn parameter_value(text: &str) -> Option<&str> {
    if let Some(quoted) = text.strip_prefix('"') {
        let mut escaped = false;
        for (i, c) in quoted.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => return quoted.get(i + 1..),
                _ => {}
            }
        }
        return None;
    }
    let end = text.find(|c: char| !is_token_char(c)).unwrap_or(text.len());
    if end == 0 { None } else { text.get(end..) }
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_token_char)
}

fn is_token_char(c: char) -> bool {
    c.is_ascii_graphic() && !"()<>@,;:\\\"/[]?=".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_is_refused_where_go_refuses_it() {
        for (uri, wanted) in [
            ("https://git.example/w", "https"),
            ("git.example:acme/widgets.git", "git.example"),
            ("ssh://git@git.example:22/w", "ssh"),
            ("/local/path", ""),
            ("acme/widgets", ""),
            ("gs://bucket/path", "gs"),
        ] {
            assert_eq!(scheme(uri), Ok(wanted), "{uri}");
        }
        for uri in ["https://git.example/%zz", "gs://b ucket", ":x", "1a:b", "https://h:port/x", "a\nb"] {
            assert!(scheme(uri).is_err(), "{uri}");
        }
    }

    #[test]
    fn a_media_type_has_well_formed_parameters() {
        for text in ["text/plain", "text/plain; charset=utf-8", "text/x; a=\"b;c\"; d=e;", "log"] {
            assert!(is_media_type(text), "{text}");
        }
        for text in ["", "text/", "/x", "text/plain; charset", "a/b; c=d; c=e", "a b/c", "a/b; c=\"d"] {
            assert!(!is_media_type(text), "{text}");
        }
    }
}
