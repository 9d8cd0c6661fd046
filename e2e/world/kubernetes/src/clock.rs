//! Wall time derived from tokio's clock, and ids derived from a seed.
//!
//! Nothing else in this crate asks what time it is or draws a random number: under `start_paused` the whole server runs
//! on virtual time, and the same seed gives the same uids and generated names.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::time::Instant;

/// The wall clock of a world: a start, moved on by tokio's monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Timestamp,
    began: Instant,
}

impl Clock {
    /// A clock that shows `start` now. Build it inside the runtime whose time it shall follow.
    pub fn starting_at(start: Timestamp) -> Self {
        Self { start, began: Instant::now() }
    }

    /// What the clock shows.
    pub fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.began.elapsed()).unwrap_or(SignedDuration::MAX);
        self.start.saturating_add(elapsed).unwrap_or(Timestamp::MAX)
    }

    /// The time in the form of `metav1.Time`: whole seconds.
    pub(crate) fn stamp(&self) -> Value {
        Value::String(seconds(self.now()))
    }

    /// Seconds since 1970.
    pub(crate) fn unix(&self) -> i64 {
        self.now().as_second()
    }
}

/// A timestamp as `metav1.Time` prints it.
pub(crate) fn seconds(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
}

/// Seeded ids: SplitMix64, which is plenty for names that must only differ.
#[derive(Clone, Debug)]
pub(crate) struct Ids(u64);

impl Ids {
    pub(crate) const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A uid in the form of a version 4 UUID.
    pub(crate) fn uid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            (low >> 48) & 0x3fff | 0x8000,
            low & 0xffff_ffff_ffff
        )
    }

    /// The five characters that `generateName` appends, from Kubernetes' alphabet without vowels.
    pub(crate) fn suffix(&mut self) -> String {
        const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
        let mut bits = self.next();
        let mut text = String::with_capacity(5);
        for _ in 0..5 {
            let letter = ALPHABET.get(usize::try_from(bits % 27).unwrap_or(0)).copied().unwrap_or(b'b');
            text.push(char::from(letter));
            bits /= 27;
        }
        text
    }
}
