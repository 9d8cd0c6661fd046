//! In which form a file is stored: under which last name, as which media type, in which encoding. A function of the name
//! and of the first bytes (spec jobs-and-runs 7.7).

use crate::media_type::{BYTES, MediaTypes, PLAIN_TEXT, plain};
use api::decoration::GcsConfiguration;

/// Smaller files are not worth compressing.
const WORTH_COMPRESSING: usize = 1024;

/// What a configuration says about the form of objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Media types by extension.
    pub types: MediaTypes,
    /// Extensions of files that are compressed on their way; `*` is all.
    pub compress: Vec<String>,
}

impl Rules {
    /// The rules of a configuration.
    pub fn new(configuration: &GcsConfiguration) -> Self {
        let compress = configuration.compress_file_types.iter().flatten().map(|kind| plain(kind)).collect();
        Self { types: MediaTypes::new(configuration), compress }
    }

    fn compresses(&self, extension: &str) -> bool {
        self.compress.iter().any(|kind| kind == "*" || *kind == plain(extension))
    }
}

/// How the bytes of a file become the bytes of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As they are.
    Plain,
    /// As they are, and they are compressed: readers are told to unpack them.
    AlreadyGzip,
    /// Compressed on their way.
    Gzip,
}

impl Encoding {
    /// The header that tells readers.
    pub const fn header(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::AlreadyGzip | Self::Gzip => Some("gzip"),
        }
    }
}

/// The form of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// The last part of the name.
    pub last_name: String,
    /// The media type.
    pub content_type: String,
    /// The encoding.
    pub encoding: Encoding,
}

/// The form of the file called `last_name` whose content begins with `head` (more than 1 KiB of it, where there is more).
pub fn form(last_name: &str, head: &[u8], rules: &Rules) -> Form {
    if let Some(inner) = without_gzip(last_name) {
        let known = extension(inner).and_then(|inner| rules.types.of(inner));
        return Form {
            last_name: inner.to_owned(),
            content_type: known.unwrap_or("application/gzip").to_owned(),
            encoding: if known.is_some() { Encoding::AlreadyGzip } else { Encoding::Plain },
        };
    }
    let extension = extension(last_name).unwrap_or_default();
    let known = rules.types.of(extension).map(str::to_owned);
    let compress = rules.compresses(extension) && head.len() > WORTH_COMPRESSING && !is_gzip(head);
    let (content_type, encoding) = if compress {
        (known.unwrap_or_else(|| PLAIN_TEXT.to_owned()), Encoding::Gzip)
    } else {
        (known.unwrap_or_else(|| guess(head).to_owned()), Encoding::Plain)
    };
    Form { last_name: last_name.to_owned(), content_type, encoding }
}

/// The name without the suffix that says gzip; a name that is nothing else keeps it.
fn without_gzip(name: &str) -> Option<&str> {
    let (inner, suffix) = name.rsplit_once('.')?;
    (matches!(suffix, "gz" | "gzip") && !inner.is_empty()).then_some(inner)
}

fn extension(name: &str) -> Option<&str> {
    name.rsplit_once('.').map(|(_, extension)| extension)
}

/// Whether content is compressed, by its first bytes.
pub(crate) fn is_gzip(head: &[u8]) -> bool {
    head.starts_with(&[0x1f, 0x8b])
}

/// Text or bytes. Never a type that a browser would run: only a name makes a file a page.
fn guess(head: &[u8]) -> &'static str {
    let text = match str::from_utf8(head) {
        Ok(text) => text,
        // The head may end in the middle of a character.
        Err(error) if error.error_len().is_none() => {
            str::from_utf8(head.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default()
        }
        Err(_) => return BYTES,
    };
    // Escape sequences colour logs.
    let is_text = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t' | '\u{1b}' | '\u{8}' | '\u{c}');
    if is_gzip(head) || !text.chars().all(is_text) { BYTES } else { PLAIN_TEXT }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(compress: &[&str]) -> Rules {
        Rules::new(&GcsConfiguration {
            compress_file_types: Some(compress.iter().map(|&kind| kind.to_owned()).collect()),
            ..GcsConfiguration::default()
        })
    }

    fn parts(name: &str, head: &[u8], compress: &[&str]) -> (String, String, Encoding) {
        let form = form(name, head, &rules(compress));
        (form.last_name, form.content_type, form.encoding)
    }

    #[test]
    fn a_compressed_file_of_a_known_type_is_unpacked_by_readers() {
        assert_eq!(
            parts("junit.xml.gz", b"\x1f\x8b", &[]),
            ("junit.xml".into(), "text/xml; charset=utf-8".into(), Encoding::AlreadyGzip)
        );
        assert_eq!(
            parts("build.log.gzip", b"\x1f\x8b", &["*"]),
            ("build.log".into(), PLAIN_TEXT.into(), Encoding::AlreadyGzip)
        );
    }

    #[test]
    fn a_compressed_file_of_an_unknown_type_stays_an_archive_under_the_shorter_name() {
        assert_eq!(
            parts("all.tar.gz", b"\x1f\x8b", &["*"]),
            ("all.tar".into(), "application/gzip".into(), Encoding::Plain)
        );
    }

    #[test]
    fn large_files_of_listed_kinds_are_compressed() {
        let large = vec![b'x'; 1025];
        assert_eq!(parts("a.txt", &large, &["txt"]).2, Encoding::Gzip);
        assert_eq!(parts("a.txt", &large, &[".txt"]).2, Encoding::Gzip);
        assert_eq!(parts("a", &large, &["*"]), ("a".into(), PLAIN_TEXT.into(), Encoding::Gzip));
        assert_eq!(parts("a.txt", &large[..1024], &["txt"]).2, Encoding::Plain);
        assert_eq!(parts("a.json", &large, &["txt"]).2, Encoding::Plain);
    }

    #[test]
    fn what_is_compressed_is_not_compressed_again() {
        let mut zipped = vec![b'x'; 2000];
        zipped[..2].copy_from_slice(&[0x1f, 0x8b]);
        assert_eq!(parts("a.txt", &zipped, &["*"]).2, Encoding::Plain);
    }

    #[test]
    fn an_unknown_file_is_text_or_bytes_but_never_a_page() {
        assert_eq!(parts("log", "\u{1b}[1m<html>ü".as_bytes(), &[]).1, PLAIN_TEXT);
        assert_eq!(parts("log", &"ü".as_bytes()[..1], &[]).1, PLAIN_TEXT);
        assert_eq!(parts("core", b"\0\x01", &[]).1, BYTES);
        assert_eq!(parts("empty", b"", &[]).1, PLAIN_TEXT);
    }

    #[test]
    fn a_name_that_is_only_a_suffix_is_kept() {
        assert_eq!(parts(".gz", b"x", &[]).0, ".gz");
    }
}
