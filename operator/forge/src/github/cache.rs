//! Conditional requests: answers by path with their ETag, so that an unchanged answer costs no budget.
//!
//! Only whole bodies are kept (octocrab's own cache can store a cut one), and only so many.

use bytes::Bytes;
use std::collections::BTreeMap;

const ENTRIES: usize = 4096;

/// A whole answer that GitHub gave with an ETag.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) etag: String,
    pub(super) body: Bytes,
    pub(super) next: Option<String>,
}

/// Kept answers; the one that was not used for the longest time goes first.
#[derive(Debug, Default)]
pub(super) struct Cache {
    by_path: BTreeMap<String, (u64, Kept)>,
    by_use: BTreeMap<u64, String>,
    uses: u64,
}

impl Cache {
    /// The kept answer for a path.
    pub(super) fn get(&mut self, path: &str) -> Option<Kept> {
        self.uses += 1;
        let (last_use, kept) = self.by_path.get_mut(path)?;
        self.by_use.remove(last_use);
        *last_use = self.uses;
        self.by_use.insert(self.uses, path.to_owned());
        Some(kept.clone())
    }

    /// Keeps an answer.
    pub(super) fn put(&mut self, path: &str, kept: Kept) {
        self.uses += 1;
        if let Some((last_use, _)) = self.by_path.insert(path.to_owned(), (self.uses, kept)) {
            self.by_use.remove(&last_use);
        }
        self.by_use.insert(self.uses, path.to_owned());
        while self.by_path.len() > ENTRIES {
            let Some((_, oldest)) = self.by_use.pop_first() else { break };
            self.by_path.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_that_was_not_used_for_the_longest_time_goes_first() {
        let kept = |etag: usize| Kept { etag: etag.to_string(), body: Bytes::new(), next: None };
        let mut cache = Cache::default();
        for n in 0..ENTRIES {
            cache.put(&n.to_string(), kept(n));
        }
        assert!(cache.get("0").is_some());
        cache.put("one more", kept(ENTRIES));
        assert!(cache.get("0").is_some() && cache.get("1").is_none());
    }
}
