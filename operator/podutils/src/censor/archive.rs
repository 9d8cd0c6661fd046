//! Archives: unpacked in memory, censored, and packed again. What cannot be censored inside is at least looked into.
//!
//! Blanks are as long as the secret, so the files of a tar archive keep their places and only the compression around it
//! is made anew. Inside of that, an archive in an archive, and zip, would change their length: if they hold a secret, the
//! whole is withheld.

use super::{secrets::Secrets, zip};
use flate2::{Compression, bufread::MultiGzDecoder, write::GzEncoder};
use std::{
    io::{self, Read as _, Write as _},
    ops::Range,
};

/// Bytes that tell the kind of a file.
pub(super) const HEAD: u64 = BLOCK as u64;
/// Largest archive, packed as well as unpacked: what a sidecar's memory bears.
pub(super) const MOST: u64 = 128 << 20;
/// How deep archives lie in archives.
const DEEPEST: u32 = 4;
/// The unit of tar.
const BLOCK: usize = 512;

/// Kinds of files, by their first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Bytes that are what they look like.
    Plain,
    /// A tar archive.
    Tar,
    /// Compressed with gzip.
    Gzip,
    /// A zip archive.
    Zip,
    /// Compressed in a way that we cannot undo.
    Sealed(&'static str),
}

impl Kind {
    pub(super) fn of(head: &[u8]) -> Self {
        const SEALED: [(&[u8], &str); 5] = [
            (b"\xfd7zXZ\0", "xz"),
            (b"\x28\xb5\x2f\xfd", "zstd"),
            (b"BZh", "bzip2"),
            (b"7z\xbc\xaf\x27\x1c", "7z"),
            (b"\x04\x22\x4d\x18", "lz4"),
        ];
        if head.starts_with(&[0x1f, 0x8b]) {
            return Self::Gzip;
        }
        if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
            return Self::Zip;
        }
        if is_tar_header(head) {
            return Self::Tar;
        }
        let sealed = SEALED.iter().find(|(magic, _)| head.starts_with(magic));
        sealed.map_or(Self::Plain, |(_, name)| Self::Sealed(name))
    }
}

/// Why an archive is withheld.
#[derive(Debug, thiserror::Error)]
pub(super) enum Withheld {
    /// It is damaged.
    #[error("it cannot be unpacked ({0})")]
    Broken(String),
    /// Its compression is unknown here.
    #[error("it is compressed with {0}, which the sidecar does not unpack")]
    Sealed(&'static str),
    /// It unpacks to too much.
    #[error("it is too large to be looked into")]
    TooLarge,
    /// Archives in archives in archives.
    #[error("archives lie too deep in each other")]
    TooDeep,
    /// There is a secret where it cannot be taken out.
    #[error("a compressed file in it holds a secret; leave it uncompressed, and it is censored")]
    SecretInside,
}

impl From<io::Error> for Withheld {
    fn from(error: io::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

/// Takes the secrets out of an archive.
pub(super) fn censor(bytes: &mut Vec<u8>, secrets: &Secrets) -> Result<(), Withheld> {
    let mut left = MOST;
    match Kind::of(bytes) {
        Kind::Plain | Kind::Tar => {
            plain(bytes, secrets, &mut left, 0)?;
            Ok(())
        }
        Kind::Gzip => {
            let mut inside = unpack(bytes, &mut left)?;
            match Kind::of(&inside) {
                Kind::Plain | Kind::Tar => {
                    if plain(&mut inside, secrets, &mut left, 0)? {
                        *bytes = pack(&inside)?;
                    }
                    Ok(())
                }
                Kind::Gzip | Kind::Zip | Kind::Sealed(_) => look(&inside, secrets, &mut left, 1),
            }
        }
        Kind::Zip | Kind::Sealed(_) => look(bytes, secrets, &mut left, 0),
    }
}

/// Blanks secrets in what is not compressed; whether there were any. The headers of a tar archive stay valid.
fn plain(bytes: &mut [u8], secrets: &Secrets, left: &mut u64, depth: u32) -> Result<bool, Withheld> {
    let tar = tar(bytes);
    for content in tar.iter().map(|member| &member.content) {
        let content = bytes.get(content.clone()).unwrap_or_default();
        match Kind::of(content) {
            Kind::Plain => {}
            Kind::Tar | Kind::Gzip | Kind::Zip | Kind::Sealed(_) => look(content, secrets, left, depth + 1)?,
        }
    }
    let found = secrets.blank(bytes);
    if found {
        for member in &tar {
            if let Some(header) = bytes.get_mut(member.header.clone()) {
                write_checksum(header);
            }
        }
    }
    Ok(found)
}

/// Looks for secrets where they cannot be taken out.
fn look(bytes: &[u8], secrets: &Secrets, left: &mut u64, depth: u32) -> Result<(), Withheld> {
    if depth > DEEPEST {
        return Err(Withheld::TooDeep);
    }
    match Kind::of(bytes) {
        Kind::Sealed(name) => Err(Withheld::Sealed(name)),
        Kind::Gzip => look(&unpack(bytes, left)?, secrets, left, depth + 1),
        Kind::Zip => {
            for member in zip::members(bytes)? {
                look(member.name, secrets, left, depth + 1)?;
                look(&member.unpack(left)?, secrets, left, depth + 1)?;
            }
            Ok(())
        }
        Kind::Plain | Kind::Tar => {
            let mut copy = bytes.to_vec();
            if plain(&mut copy, secrets, left, depth)? { Err(Withheld::SecretInside) } else { Ok(()) }
        }
    }
}

fn unpack(packed: &[u8], left: &mut u64) -> Result<Vec<u8>, Withheld> {
    read_all(MultiGzDecoder::new(packed), left)
}

/// Reads what is unpacked, as far as `left` bytes allow.
pub(super) fn read_all(reader: impl io::Read, left: &mut u64) -> Result<Vec<u8>, Withheld> {
    let mut all = Vec::new();
    reader.take(*left + 1).read_to_end(&mut all)?;
    *left = left.checked_sub(all.len() as u64).ok_or(Withheld::TooLarge)?;
    Ok(all)
}

/// Compresses with gzip.
pub(super) fn pack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(bytes)?;
    packed.finish()
}

/// A file in a tar archive.
struct Member {
    header: Range<usize>,
    content: Range<usize>,
}

/// The files of a tar archive; none where it is no tar archive. What follows a broken header is no file but plain bytes.
fn tar(bytes: &[u8]) -> Vec<Member> {
    let mut members = Vec::new();
    let mut at = 0;
    while let Some(header) = bytes.get(at..at + BLOCK) {
        if !is_tar_header(header) {
            break;
        }
        let Some(size) = header.get(124..136).and_then(size) else { break };
        let start = at + BLOCK;
        let Some(end) = start.checked_add(size).filter(|end| *end <= bytes.len()) else { break };
        members.push(Member { header: at..start, content: start..end });
        at = end.next_multiple_of(BLOCK);
    }
    members
}

fn is_tar_header(bytes: &[u8]) -> bool {
    bytes.get(257..262) == Some(b"ustar")
}

/// A number in octal digits.
fn size(field: &[u8]) -> Option<usize> {
    let text = str::from_utf8(field).ok()?;
    usize::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok()
}

/// Where a header's checksum stands.
const CHECKSUM: Range<usize> = 148..156;

fn write_checksum(header: &mut [u8]) {
    let counted =
        |(at, byte): (usize, &u8)| if CHECKSUM.contains(&at) { u32::from(b' ') } else { u32::from(*byte) };
    let sum: u32 = header.iter().enumerate().map(counted).sum();
    if let Some(field) = header.get_mut(CHECKSUM) {
        field.copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn secrets() -> Secrets {
        Secrets::new(&[b"hunter2".to_vec()].into()).unwrap().unwrap()
    }

    /// An archive of these files, as tar itself makes it.
    fn tar_gz(files: &[(&str, &[u8])]) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("tar");
        command.arg("-C").arg(folder.path()).arg("-czf").arg("-");
        for (name, content) in files {
            std::fs::write(folder.path().join(name), content).unwrap();
            command.arg(name);
        }
        command.output().unwrap().stdout
    }

    fn content_of(archive: &[u8], name: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.tar.gz");
        std::fs::write(&path, archive).unwrap();
        let output = Command::new("tar").arg("-xOzf").arg(path).arg(name).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn every_file_of_an_archive_is_censored_and_tar_still_reads_it() {
        let mut archive =
            tar_gz(&[("a", b"the password is hunter2."), ("hunter2.txt", b"x"), ("c", b"harmless")]);
        censor(&mut archive, &secrets()).unwrap();
        assert_eq!(content_of(&archive, "a"), "the password is XXXXXXX.");
        assert_eq!(content_of(&archive, "XXXXXXX.txt"), "x");
        assert_eq!(content_of(&archive, "c"), "harmless");
    }

    #[test]
    fn a_compressed_file_that_is_no_archive_is_censored_too() {
        let mut packed = pack(b"log: hunter2\n").unwrap();
        censor(&mut packed, &secrets()).unwrap();
        assert_eq!(unpack(&packed, &mut 100).unwrap(), b"log: XXXXXXX\n");
    }

    #[test]
    fn an_archive_without_secrets_stays_as_it_is() {
        let archive = tar_gz(&[("a", b"x"), ("b.gz", &pack(b"y").unwrap())]);
        let mut censored = archive.clone();
        censor(&mut censored, &secrets()).unwrap();
        assert_eq!(censored, archive);
    }

    #[test]
    fn a_secret_in_an_archive_in_an_archive_withholds_the_whole() {
        let inner = pack(b"hunter2").unwrap();
        let mut archive = tar_gz(&[("a.gz", &inner)]);
        assert!(matches!(censor(&mut archive, &secrets()), Err(Withheld::SecretInside)));
        let mut twice = pack(&inner).unwrap();
        assert!(matches!(censor(&mut twice, &secrets()), Err(Withheld::SecretInside)));
    }

    #[test]
    fn an_archive_that_is_not_compressed_is_looked_into_all_the_same() {
        let tar = |name, content: &[u8]| unpack(&tar_gz(&[(name, content)]), &mut MOST.clone()).unwrap();
        let mut archive = tar("a.gz", &pack(b"hunter2").unwrap());
        assert_eq!(Kind::of(&archive), Kind::Tar);
        assert!(matches!(censor(&mut archive, &secrets()), Err(Withheld::SecretInside)));
        let mut archive = tar("a", b"hunter2");
        censor(&mut archive, &secrets()).unwrap();
        assert_eq!(content_of(&pack(&archive).unwrap(), "a"), "XXXXXXX");
    }

    #[test]
    fn what_cannot_be_unpacked_is_withheld() {
        let mut cut = pack(&b"hunter2".repeat(100)).unwrap();
        cut.truncate(20);
        assert!(matches!(censor(&mut cut, &secrets()), Err(Withheld::Broken(_))));
        let mut xz = b"\xfd7zXZ\0rest".to_vec();
        assert!(matches!(censor(&mut xz, &secrets()), Err(Withheld::Sealed("xz"))));
        let mut deep = b"x".to_vec();
        for _ in 0..8 {
            deep = pack(&deep).unwrap();
        }
        assert!(matches!(censor(&mut deep, &secrets()), Err(Withheld::TooDeep)));
    }

    #[test]
    fn a_bomb_is_withheld() {
        let bomb = pack(&vec![0; 1 << 20]).unwrap();
        assert!(matches!(unpack(&bomb, &mut 1000), Err(Withheld::TooLarge)));
    }
}
