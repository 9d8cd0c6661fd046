//! Media types by file extension: those of the web, and those that tests leave behind.

use api::decoration::GcsConfiguration;
use std::collections::BTreeMap;

/// Text that is no other kind of text.
pub(crate) const PLAIN_TEXT: &str = "text/plain; charset=utf-8";
/// Anything.
pub(crate) const BYTES: &str = "application/octet-stream";

const KNOWN: [(&str, &str); 20] = [
    ("avif", "image/avif"),
    ("css", "text/css; charset=utf-8"),
    ("gif", "image/gif"),
    ("htm", "text/html; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("log", PLAIN_TEXT),
    ("md", PLAIN_TEXT),
    ("mjs", "text/javascript; charset=utf-8"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("txt", PLAIN_TEXT),
    ("wasm", "application/wasm"),
    ("webp", "image/webp"),
    ("xml", "text/xml; charset=utf-8"),
    ("zip", "application/zip"),
];

/// Media types by extension: a configuration's own, then the known ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MediaTypes {
    own: BTreeMap<String, String>,
}

impl MediaTypes {
    /// As `mediaTypes` of a configuration says; extensions with or without their dot.
    pub fn new(configuration: &GcsConfiguration) -> Self {
        let own = configuration.media_types.iter().flatten();
        Self { own: own.map(|(extension, kind)| (plain(extension), kind.clone())).collect() }
    }

    /// The type of files with this extension, which is given without its dot.
    pub fn of(&self, extension: &str) -> Option<&str> {
        let extension = plain(extension);
        let known = || KNOWN.iter().find(|(name, _)| *name == extension).map(|(_, kind)| *kind);
        self.own.get(&extension).map(String::as_str).or_else(known)
    }
}

/// An extension as it is compared: without its dot, in small letters.
pub(crate) fn plain(extension: &str) -> String {
    extension.trim_start_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configurations_own_types_win() {
        let own =
            [(".html".to_owned(), "text/plain".to_owned()), ("prof".to_owned(), "x/profile".to_owned())];
        let types = MediaTypes::new(&GcsConfiguration {
            media_types: Some(own.into_iter().collect()),
            ..GcsConfiguration::default()
        });
        assert_eq!(types.of("html"), Some("text/plain"));
        assert_eq!(types.of("prof"), Some("x/profile"));
        assert_eq!(types.of("XML"), Some("text/xml; charset=utf-8"));
        assert_eq!(types.of("unheard-of"), None);
    }
}
