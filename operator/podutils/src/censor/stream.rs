//! A reader that lets no secret through, whatever the length of the file.

use super::secrets::{Secrets, blank};
use std::{
    io::{self, Read},
    sync::Arc,
};

/// How much is read at a time, where the longest secret is not longer.
const PIECE: usize = 1 << 20;

/// What is read from `reader`, with blanks for secrets.
pub(super) struct Censored<R> {
    reader: R,
    secrets: Arc<Secrets>,
    piece: usize,
    /// Read, but not yet let through: a secret may begin here and end in what comes.
    held: Vec<u8>,
    /// The first bytes of `held` are the end of a secret that began before.
    blank: usize,
    ready: Vec<u8>,
    given: usize,
    at_end: bool,
}

impl<R: Read> Censored<R> {
    pub(super) fn new(reader: R, secrets: Arc<Secrets>) -> Self {
        Self::in_pieces(reader, secrets, PIECE)
    }

    fn in_pieces(reader: R, secrets: Arc<Secrets>, piece: usize) -> Self {
        let piece = piece.max(2 * secrets.longest());
        let (held, ready) = (Vec::new(), Vec::new());
        Self { reader, secrets, piece, held, blank: 0, ready, given: 0, at_end: false }
    }

    fn more(&mut self) -> io::Result<()> {
        let before = self.held.len();
        self.reader.by_ref().take(self.piece as u64).read_to_end(&mut self.held)?;
        self.at_end = self.held.len() - before < self.piece;
        let back = if self.at_end { 0 } else { self.secrets.longest() - 1 };
        let through = self.held.len().saturating_sub(back);
        self.ready = self.held.clone();
        let mut blank_until = self.blank;
        blank(&mut self.ready, 0..self.blank);
        for found in self.secrets.find(&self.held) {
            if found.start < through {
                blank_until = blank_until.max(found.end);
            }
            blank(&mut self.ready, found);
        }
        self.ready.truncate(through);
        self.held.drain(..through);
        self.blank = blank_until.saturating_sub(through);
        self.given = 0;
        Ok(())
    }
}

impl<R: Read> Read for Censored<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() && !self.at_end {
            self.more()?;
        }
        let mut rest = self.ready.get(self.given..).unwrap_or_default();
        let length = rest.read(buffer)?;
        self.given += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn censored(text: &str, secrets: &[&str], piece: usize) -> String {
        let texts = secrets.iter().map(|secret| secret.as_bytes().to_vec()).collect();
        let secrets = Arc::new(Secrets::new(&texts).unwrap().unwrap());
        let mut all = String::new();
        Censored::in_pieces(text.as_bytes(), secrets, piece).read_to_string(&mut all).unwrap();
        all
    }

    #[test]
    fn a_secret_is_blanked_wherever_the_pieces_end() {
        for before in 0..30 {
            let text = format!("{}abcdefg{}", "-".repeat(before), ".".repeat(40 - before));
            let expected = text.replace("abcdefg", "XXXXXXX");
            // The pieces are at least 10 bytes here: twice the longest secret.
            assert_eq!(censored(&text, &["abcde", "cdefg"], 1), expected, "{before}");
        }
    }

    #[test]
    fn what_holds_no_secret_passes_unchanged() {
        for length in 0..50 {
            let text = "abcd".repeat(length);
            assert_eq!(censored(&text, &["abcde"], 1), text);
        }
        assert_eq!(censored("aaaa", &["a"], 1), "XXXX");
    }
}
