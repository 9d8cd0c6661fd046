//! A place in an expression that is being read.

/// What is left of an expression, and how far it is into the whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    whole: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(whole: &'a str) -> Self {
        Self { whole, at: 0 }
    }

    /// What is left to read.
    pub(super) fn rest(&self) -> &'a str {
        self.whole.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Reads `mark` if it stands here.
    pub(super) fn take(&mut self, mark: &str) -> bool {
        let here = self.rest().starts_with(mark);
        if here {
            self.at += mark.len();
        }
        here
    }

    /// Reads while the characters satisfy `holds`.
    pub(super) fn take_while(&mut self, holds: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !holds(c)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }

    /// Reads up to `mark` and over it; without the mark, to the end.
    pub(super) fn take_through(&mut self, mark: &str) -> &'a str {
        let rest = self.rest();
        let (taken, read) = match rest.find(mark) {
            Some(end) => (&rest[..end], end + mark.len()),
            None => (rest, rest.len()),
        };
        self.at += read;
        taken
    }

    /// The text from an earlier place to here.
    pub(super) fn since(&self, earlier: &Self) -> &'a str {
        self.whole.get(earlier.at..self.at).unwrap_or_default()
    }

    /// The number of the next character, from 1, as people count.
    pub(super) fn position(&self) -> usize {
        self.whole.get(..self.at).unwrap_or_default().chars().count() + 1
    }
}
