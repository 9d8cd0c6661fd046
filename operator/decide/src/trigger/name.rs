//! The name of a run, derived from its trigger key: creating it twice is a no-op (DESIGN R1).

use super::TriggerKey;
use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};

/// The longest readable part, in characters.
const SLUG_MAX: usize = 42;
/// Characters of the hash: 100 bits.
const HASH: usize = 20;
/// The longest DNS label.
const LABEL_MAX: usize = 63;

/// The run's name: a slug of repository, pulls and job for people, and a hash of the key for certainty. Always a DNS
/// label: its pod has the same name.
pub fn run_name(key: &TriggerKey) -> String {
    format!("{}-{}", slug(key, SLUG_MAX), hash(key))
}

/// The name to take where a foreign object stands under ours: the same with a number from 2 on.
pub fn run_name_beside(key: &TriggerKey, number: u32) -> String {
    let suffix = format!("-{}-{number}", hash(key));
    format!("{}{suffix}", slug(key, LABEL_MAX.saturating_sub(suffix.len()).min(SLUG_MAX)))
}

fn hash(key: &TriggerKey) -> String {
    let digest = Sha256::digest(key.to_string().as_bytes());
    BASE32_NOPAD.encode(&digest).to_lowercase().chars().take(HASH).collect()
}

/// Letters, digits and single dashes between them; never empty.
fn slug(key: &TriggerKey, max: usize) -> String {
    let repository = key.repository().map(|repository| format!("{}-{}", repository.owner, repository.name));
    let pulls = key.pull_heads().iter().map(|(number, _)| number.to_string());
    let words: Vec<String> =
        repository.into_iter().chain(pulls).chain(std::iter::once(key.job().to_owned())).collect();
    let mut slug = String::new();
    for character in words.join("-").to_lowercase().chars() {
        if slug.len() == max {
            break;
        }
        if character.is_ascii_alphanumeric() {
            slug.push(character);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "run".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::{HeadSha, RepoName},
        trigger::{Cause, key::tests::keys},
    };
    use proptest::prelude::*;

    fn is_dns_label(name: &str) -> bool {
        name.len() <= LABEL_MAX
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !name.starts_with('-')
            && !name.ends_with('-')
    }

    #[test]
    fn people_can_read_what_a_run_is_for() {
        let key = TriggerKey::presubmit(
            "acme",
            &RepoName::new("acme", "widgets"),
            41,
            &HeadSha::new("aaaa"),
            "main",
            "Unit.Fast",
            Cause::NewHead { again: 0 },
        );
        let name = run_name(&key);
        assert!(name.starts_with("acme-widgets-41-unit-fast-"), "{name}");
        assert_eq!(run_name_beside(&key, 2), format!("{name}-2"));
    }

    proptest! {
        #[test]
        fn every_name_is_a_dns_label(key in keys(), number in 2..u32::MAX) {
            let (name, beside) = (run_name(&key), run_name_beside(&key, number));
            prop_assert!(is_dns_label(&name), "{name}");
            prop_assert!(is_dns_label(&beside) && beside != name, "{beside}");
        }

        #[test]
        fn a_name_differs_when_any_part_differs(a in keys(), b in keys()) {
            prop_assert_eq!(a == b, run_name(&a) == run_name(&b));
            // One part at a time: what is left equal must not hide it.
            let parts = [
                TriggerKey::pulls(b.namespace(), a.repository().unwrap(), a.pull_heads().into(), a.base(), a.job(), a.cause().clone()),
                TriggerKey::pulls(a.namespace(), b.repository().unwrap(), a.pull_heads().into(), a.base(), a.job(), a.cause().clone()),
                TriggerKey::pulls(a.namespace(), a.repository().unwrap(), b.pull_heads().into(), a.base(), a.job(), a.cause().clone()),
                TriggerKey::pulls(a.namespace(), a.repository().unwrap(), a.pull_heads().into(), b.base(), a.job(), a.cause().clone()),
                TriggerKey::pulls(a.namespace(), a.repository().unwrap(), a.pull_heads().into(), a.base(), b.job(), a.cause().clone()),
                TriggerKey::pulls(a.namespace(), a.repository().unwrap(), a.pull_heads().into(), a.base(), a.job(), b.cause().clone()),
            ];
            for changed in parts {
                prop_assert_eq!(changed == a, run_name(&changed) == run_name(&a));
            }
        }
    }
}
