//! The files in a zip archive, to be looked into. Only the plain format: what is encrypted, spread over disks, larger than
//! 4 GiB or compressed unusually is an error, and the archive is withheld.

use super::archive::{Withheld, read_all};
use flate2::bufread::DeflateDecoder;
use std::io;

/// A file in the archive.
pub(super) struct Member<'a> {
    /// Its name.
    pub name: &'a [u8],
    method: u16,
    packed: &'a [u8],
}

impl Member<'_> {
    /// Its content.
    pub(super) fn unpack(&self, left: &mut u64) -> Result<Vec<u8>, Withheld> {
        match self.method {
            0 => read_all(self.packed, left),
            8 => read_all(DeflateDecoder::new(self.packed), left),
            other => Err(Withheld::Broken(format!("zip method {other}"))),
        }
    }
}

/// All files. The list at the end of the archive counts, as it does for those who unpack it; bytes between the files,
/// which the list does not name, are an error, because a secret may stand there.
pub(super) fn members(archive: &[u8]) -> Result<Vec<Member<'_>>, Withheld> {
    parsed(archive).ok_or_else(|| Withheld::from(io::Error::other("not a plain zip archive")))
}

const END: &[u8] = b"PK\x05\x06";
const ENTRY: &[u8] = b"PK\x01\x02";
const FILE: &[u8] = b"PK\x03\x04";
/// The list's flag for encryption.
const ENCRYPTED: u16 = 1;

fn parsed(archive: &[u8]) -> Option<Vec<Member<'_>>> {
    let end = archive.len().checked_sub(22)?;
    // A comment would stand after this; nobody writes one.
    let tail = archive.get(end..).filter(|tail| tail.starts_with(END))?;
    let count = half(tail, 10)?;
    let mut at = word(tail, 16)?;
    let mut members = Vec::new();
    let mut covered = Vec::new();
    for _ in 0..count {
        let entry = archive.get(at..)?;
        if !entry.starts_with(ENTRY) || half(entry, 8)? & ENCRYPTED != 0 {
            return None;
        }
        let (name, extra, comment) = (half(entry, 28)?, half(entry, 30)?, half(entry, 32)?);
        let (name, extra, comment) = (usize::from(name), usize::from(extra), usize::from(comment));
        let (packed, offset) = (word(entry, 20)?, word(entry, 42)?);
        let file = archive.get(offset..).filter(|file| file.starts_with(FILE))?;
        let start = 30 + usize::from(half(file, 26)?) + usize::from(half(file, 28)?);
        members.push(Member {
            name: entry.get(46..46 + name)?,
            method: half(entry, 10)?,
            packed: file.get(start..start.checked_add(packed)?)?,
        });
        // A length that was unknown at first is written behind the content.
        let described = if half(entry, 8)? & 8 == 0 { 0 } else { 16 };
        covered.push((offset, offset + start + packed, described));
        at += 46 + name + extra + comment;
    }
    covered.sort_unstable();
    let mut reached = 0;
    for (from, to, described) in covered {
        if from > reached {
            return None;
        }
        reached = to + described;
    }
    (word(tail, 16)? <= reached && at == end).then_some(members)
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let word = u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?);
    (word != u32::MAX).then_some(usize::try_from(word).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::DeflateEncoder};
    use std::io::Write as _;

    /// A zip archive of one file; `between` stands before the list.
    fn zip(name: &str, content: &[u8], between: &[u8]) -> Vec<u8> {
        let mut packed = DeflateEncoder::new(Vec::new(), Compression::default());
        packed.write_all(content).unwrap();
        let packed = packed.finish().unwrap();
        let half = |number: usize| u16::try_from(number).unwrap().to_le_bytes();
        let word = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
        let sizes = [word(packed.len()), word(content.len())].concat();
        let mut all = [FILE, &[20, 0, 0, 0, 8, 0], &[0; 8], &sizes, &half(name.len()), &half(0)].concat();
        all.extend_from_slice(name.as_bytes());
        all.extend_from_slice(&packed);
        all.extend_from_slice(between);
        let list = all.len();
        all.extend(
            [ENTRY, &[20, 0, 20, 0, 0, 0, 8, 0], &[0; 8], &sizes, &half(name.len()), &[0; 12], &word(0)]
                .concat(),
        );
        all.extend_from_slice(name.as_bytes());
        let length = all.len() - list;
        all.extend([END, &[0; 4], &half(1), &half(1), &word(length), &word(list), &half(0)].concat());
        all
    }

    #[test]
    fn a_file_is_found_and_unpacked() {
        let archive = zip("a.txt", b"content", b"");
        let members = members(&archive).unwrap();
        assert_eq!(members[0].name, b"a.txt");
        assert_eq!(members[0].unpack(&mut 100).unwrap(), b"content");
    }

    #[test]
    fn bytes_that_no_file_owns_are_not_overlooked() {
        assert!(members(&zip("a.txt", b"content", b"hidden")).is_err());
        let mut cut = zip("a.txt", b"content", b"");
        cut.pop();
        assert!(members(&cut).is_err());
    }
}
