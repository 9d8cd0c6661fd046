//! The labels and annotations by which people and tools find a run and its pod (spec jobs-and-runs 4.4).

use api::{
    keys,
    prow_job::{ProwJobSpec, ProwJobType},
};
use std::collections::BTreeMap;

type Texts = BTreeMap<String, String>;

/// The labels of a run: those that follow from its spec, under its own ones, which win. A value that Kubernetes would
/// refuse is replaced by what stands behind its last `/`, or left out.
pub fn labels(spec: &ProwJobSpec, own: &Texts) -> Texts {
    let mut labels = Texts::new();
    let mut set = |key: &str, value: &str| labels.insert(key.to_owned(), value.to_owned());
    set(keys::CREATED_BY_PROW, "true");
    set(keys::TYPE, spec.type_.as_str());
    set(keys::JOB, cut(&spec.job));
    set(keys::CONTEXT, cut(&spec.context));
    let main = match spec.type_ {
        ProwJobType::Periodic => None,
        ProwJobType::Presubmit | ProwJobType::Postsubmit | ProwJobType::Batch => spec.refs.as_ref(),
    };
    if let Some(refs) = main.or(spec.extra_refs.first()) {
        set(keys::REFS_ORG, &refs.org);
        set(keys::REFS_REPO, &refs.repo);
        set(keys::REFS_BASE_REF, &refs.base_ref);
    }
    if let Some(pull) = main.and_then(|refs| refs.pulls.first()) {
        set(keys::REFS_PULL, &pull.number.to_string());
    }
    labels.extend(own.clone());
    labels.into_iter().filter_map(|(key, value)| Some((key, admissible(&value)?.to_owned()))).collect()
}

/// The annotations of a run: full job name and context, under its own ones, which win.
pub fn annotations(spec: &ProwJobSpec, own: &Texts) -> Texts {
    let mut annotations = Texts::new();
    annotations.insert(keys::JOB.to_owned(), spec.job.clone());
    annotations.insert(keys::CONTEXT.to_owned(), spec.context.clone());
    annotations.extend(own.clone());
    annotations
}

/// A name cut to a label's length in bytes; never inside a character, never ending in a separator.
fn cut(name: &str) -> &str {
    if name.len() <= keys::LABEL_VALUE_MAX {
        return name;
    }
    let mut end = keys::LABEL_VALUE_MAX;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name[..end].trim_end_matches(['.', '_', '-'])
}

/// The value as a label may carry it; `None`: it cannot.
fn admissible(value: &str) -> Option<&str> {
    if is_label_value(value) {
        return Some(value);
    }
    let base = value.trim_end_matches('/').rsplit('/').next()?;
    (!base.is_empty() && is_label_value(base)).then_some(base)
}

/// Kubernetes' rule for label values.
pub fn is_label_value(value: &str) -> bool {
    let bytes = value.as_bytes();
    let ends_well = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_alphanumeric);
    value.len() <= keys::LABEL_VALUE_MAX
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && ends_well(bytes.first())
        && ends_well(bytes.last())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_kubernetes_refuses_gives_its_last_part_or_nothing() {
        assert_eq!(admissible("main"), Some("main"));
        assert_eq!(admissible(""), Some(""));
        assert_eq!(admissible("release/1.0"), Some("1.0"));
        assert_eq!(admissible("release/1.0/"), Some("1.0"));
        assert_eq!(admissible("https://git.example"), Some("git.example"));
        assert_eq!(admissible("a/-b"), None);
        assert_eq!(admissible("Unit tests (fast)"), None);
    }

    #[test]
    fn a_long_name_is_cut_and_does_not_end_in_a_separator() {
        let name = format!("{}-._-yz", "x".repeat(60));
        assert_eq!(cut(&name), "x".repeat(60));
        assert_eq!(cut("short-"), "short-");
        assert_eq!(cut(&"ü".repeat(40)).len(), 62);
    }
}
