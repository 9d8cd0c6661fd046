//! What caused a run: the trigger key, from which the run's name follows (DESIGN R1, reliability 5.4).
//!
//! The cause is semantic, never the id of a delivery: webhook and sweep must arrive at the same key, so that creating
//! twice is a no-op. The text form stands in an annotation of the run and is the only form that is compared or hashed:
//! two keys are equal if and only if their texts are.

use super::escape::{escaped, unescaped};
use crate::facts::{BaseSha, CommentId, CommitSha, HeadSha, RepoName};
use jiff::Timestamp;
use std::{fmt, str::FromStr};

/// Why a run exists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The pull request has this head on this base.
    NewHead {
        /// How many runs of this job for the same head were ended before because the pull request was closed or a
        /// draft.
        again: u32,
    },
    /// Somebody asked for it.
    Comment {
        /// In which text.
        comment: CommentId,
        /// In which line of it, from 1.
        line: u32,
    },
    /// The clock.
    Slot {
        /// When the schedule fired.
        at: Timestamp,
        /// 0, or the number of the retry.
        attempt: u32,
    },
    /// The merge pool tests it.
    PoolAttempt {
        /// The tip that it is tested on.
        base: BaseSha,
        /// The pool's count for this combination, from 0.
        attempt: u32,
    },
    /// Somebody asked for a finished run to be repeated.
    Rerun {
        /// Names the request.
        request: String,
    },
    /// A push.
    Push {
        /// The tip after it.
        after: CommitSha,
    },
}

/// The identity of a run. At most one run exists for a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TriggerKey {
    namespace: String,
    repository: Option<RepoName>,
    pulls: Vec<(u64, HeadSha)>,
    base: String,
    job: String,
    cause: Cause,
}

/// A text is not a trigger key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a trigger key: {problem}")]
pub struct InvalidKey {
    text: String,
    problem: String,
}

impl TriggerKey {
    /// A run for one pull request, merged onto a branch.
    pub fn presubmit(
        namespace: impl Into<String>,
        repository: &RepoName,
        number: u64,
        head: &HeadSha,
        base_ref: impl Into<String>,
        job: impl Into<String>,
        cause: Cause,
    ) -> Self {
        Self::pulls(namespace, repository, vec![(number, head.clone())], base_ref, job, cause)
    }

    /// A run for several pull requests, merged in this order onto a branch.
    pub fn pulls(
        namespace: impl Into<String>,
        repository: &RepoName,
        pulls: Vec<(u64, HeadSha)>,
        base_ref: impl Into<String>,
        job: impl Into<String>,
        cause: Cause,
    ) -> Self {
        Self {
            namespace: namespace.into(),
            repository: Some(folded(repository)),
            pulls,
            base: base_ref.into(),
            job: job.into(),
            cause,
        }
    }

    /// A run for a push. `reference` is the full one (`refs/heads/main`): a tag and a branch may share a name.
    pub fn postsubmit(
        namespace: impl Into<String>,
        repository: &RepoName,
        reference: impl Into<String>,
        job: impl Into<String>,
        after: CommitSha,
    ) -> Self {
        Self::pulls(namespace, repository, Vec::new(), reference, job, Cause::Push { after })
    }

    /// A run by the clock.
    pub fn periodic(
        namespace: impl Into<String>,
        job: impl Into<String>,
        at: Timestamp,
        attempt: u32,
    ) -> Self {
        Self {
            namespace: namespace.into(),
            repository: None,
            pulls: Vec::new(),
            base: String::new(),
            job: job.into(),
            cause: Cause::Slot { at, attempt },
        }
    }

    /// The same run once more, because of a request.
    #[must_use]
    pub fn rerun(&self, request: impl Into<String>) -> Self {
        Self { cause: Cause::Rerun { request: request.into() }, ..self.clone() }
    }

    /// The namespace that the run lives in.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The tested repository, in lower case; `None` for a run by the clock.
    pub fn repository(&self) -> Option<&RepoName> {
        self.repository.as_ref()
    }

    /// The tested pull requests with their heads, in order.
    pub fn pull_heads(&self) -> &[(u64, HeadSha)] {
        &self.pulls
    }

    /// The branch that pulls are merged onto, or the full reference that was pushed; empty for a run by the clock.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The job's name.
    pub fn job(&self) -> &str {
        &self.job
    }

    /// Why it exists.
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// Whether both test the same: everything but the cause is equal.
    pub fn tests_the_same_as(&self, other: &Self) -> bool {
        (&self.namespace, &self.repository, &self.pulls, &self.base, &self.job)
            == (&other.namespace, &other.repository, &other.pulls, &other.base, &other.job)
    }
}

/// GitHub compares names of repositories without regard to case, so two spellings are one key.
fn folded(repository: &RepoName) -> RepoName {
    RepoName::new(repository.owner.to_lowercase(), repository.name.to_lowercase())
}

/// One part of a repository's name, in which the slash is ours.
fn part(text: &str) -> String {
    escaped(text).replace('/', "%2F")
}

impl fmt::Display for TriggerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v1 namespace={}", escaped(&self.namespace))?;
        if let Some(repository) = &self.repository {
            write!(f, " repository={}/{}", part(&repository.owner), part(&repository.name))?;
        }
        for (i, (number, head)) in self.pulls.iter().enumerate() {
            let before = if i == 0 { " pulls=" } else { "," };
            write!(f, "{before}{number}@{}", escaped(head.as_str()))?;
        }
        if !self.base.is_empty() {
            write!(f, " base={}", escaped(&self.base))?;
        }
        write!(f, " job={} cause={}", escaped(&self.job), self.cause)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NewHead { again } => write!(f, "head,{again}"),
            Self::Comment { comment, line } => write!(f, "comment,{},{line}", comment_text(*comment)),
            Self::Slot { at, attempt } => write!(f, "slot,{at},{attempt}"),
            Self::PoolAttempt { base, attempt } => write!(f, "pool,{},{attempt}", escaped(base.as_str())),
            Self::Rerun { request } => write!(f, "rerun,{}", escaped(request)),
            Self::Push { after } => write!(f, "push,{}", escaped(after.as_str())),
        }
    }
}

/// A text of the conversation, as in `comment/123`: the form in keys and in hidden marks.
pub(super) fn comment_text(id: CommentId) -> String {
    match id {
        CommentId::Description => "description".to_owned(),
        CommentId::Comment(id) => format!("comment/{id}"),
        CommentId::Review(id) => format!("review/{id}"),
        CommentId::ReviewComment(id) => format!("review-comment/{id}"),
    }
}

/// Reads [`comment_text`] back.
pub(super) fn comment_id(text: &str) -> Option<CommentId> {
    match text.split_once('/') {
        None => (text == "description").then_some(CommentId::Description),
        Some(("comment", id)) => id.parse().ok().map(CommentId::Comment),
        Some(("review", id)) => id.parse().ok().map(CommentId::Review),
        Some(("review-comment", id)) => id.parse().ok().map(CommentId::ReviewComment),
        Some(_) => None,
    }
}

impl FromStr for TriggerKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |problem: &str| InvalidKey { text: text.to_owned(), problem: problem.to_owned() };
        let fields = text.strip_prefix("v1 ").ok_or_else(|| invalid("it does not begin with v1"))?;
        let field = |name: &str| {
            fields.split(' ').find_map(|field| field.strip_prefix(name).and_then(|v| v.strip_prefix('=')))
        };
        let plain = |name: &str| {
            let value = field(name).ok_or_else(|| invalid(&format!("it has no {name}")))?;
            unescaped(value).ok_or_else(|| invalid(&format!("its {name} is badly escaped")))
        };
        let repository = match field("repository") {
            None => None,
            Some(value) => {
                let name = value
                    .split_once('/')
                    .and_then(|(owner, name)| Some(RepoName::new(unescaped(owner)?, unescaped(name)?)));
                Some(name.ok_or_else(|| invalid("its repository is not owner/name"))?)
            }
        };
        let pulls = field("pulls").map_or(Some(Vec::new()), |list| {
            list.split(',')
                .map(|pull| {
                    let (number, head) = pull.split_once('@')?;
                    Some((number.parse().ok()?, HeadSha::new(unescaped(head)?)))
                })
                .collect()
        });
        let key = Self {
            namespace: plain("namespace")?,
            repository,
            pulls: pulls.ok_or_else(|| invalid("its pulls are not NUMBER@HEAD"))?,
            base: if field("base").is_some() { plain("base")? } else { String::new() },
            job: plain("job")?,
            cause: field("cause")
                .and_then(Cause::read)
                .ok_or_else(|| invalid("its cause is none that is known"))?,
        };
        // One text for one key: whatever prints differently was not written by us.
        if key.to_string() == text { Ok(key) } else { Err(invalid("it is not in the form that we write")) }
    }
}

impl Cause {
    fn read(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(',')?;
        Some(match kind {
            "head" => Self::NewHead { again: rest.parse().ok()? },
            "comment" => {
                let (comment, line) = rest.split_once(',')?;
                Self::Comment { comment: comment_id(comment)?, line: line.parse().ok()? }
            }
            "slot" => {
                let (at, attempt) = rest.split_once(',')?;
                Self::Slot { at: at.parse().ok()?, attempt: attempt.parse().ok()? }
            }
            "pool" => {
                let (base, attempt) = rest.split_once(',')?;
                Self::PoolAttempt { base: BaseSha::new(unescaped(base)?), attempt: attempt.parse().ok()? }
            }
            "rerun" => Self::Rerun { request: unescaped(rest)? },
            "push" => Self::Push { after: CommitSha::new(unescaped(rest)?) },
            _ => return None,
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    fn comment_ids() -> impl Strategy<Value = CommentId> {
        prop_oneof![
            Just(CommentId::Description),
            any::<u64>().prop_map(CommentId::Comment),
            any::<u64>().prop_map(CommentId::Review),
            any::<u64>().prop_map(CommentId::ReviewComment),
        ]
    }

    fn causes() -> impl Strategy<Value = Cause> {
        prop_oneof![
            any::<u32>().prop_map(|again| Cause::NewHead { again }),
            (comment_ids(), any::<u32>()).prop_map(|(comment, line)| Cause::Comment { comment, line }),
            (0..4_000_000_000_i64, any::<u32>()).prop_map(|(second, attempt)| Cause::Slot {
                at: Timestamp::from_second(second).unwrap(),
                attempt
            }),
            ("\\PC{0,8}", any::<u32>())
                .prop_map(|(base, attempt)| Cause::PoolAttempt { base: BaseSha::new(base), attempt }),
            "\\PC{0,8}".prop_map(|request| Cause::Rerun { request }),
            "\\PC{0,8}".prop_map(|after| Cause::Push { after: CommitSha::new(after) }),
        ]
    }

    /// Keys with whatever texts, so that no separator can be forged.
    pub(in crate::trigger) fn keys() -> impl Strategy<Value = TriggerKey> {
        let text = || "\\PC{0,12}|[a-z]{1,60}";
        (
            text(),
            (text(), text()),
            prop::collection::vec((any::<u64>(), text()), 0..3),
            text(),
            text(),
            causes(),
        )
            .prop_map(|(namespace, (owner, name), pulls, base, job, cause)| {
                let pulls = pulls.into_iter().map(|(number, head)| (number, HeadSha::new(head))).collect();
                TriggerKey::pulls(namespace, &RepoName::new(owner, name), pulls, base, job, cause)
            })
    }

    #[test]
    fn a_key_reads_like_what_it_names() {
        let key = TriggerKey::presubmit(
            "acme",
            &RepoName::new("Acme", "widgets"),
            41,
            &HeadSha::new("aaaa"),
            "release 1",
            "unit",
            Cause::Comment { comment: CommentId::Comment(7), line: 3 },
        );
        assert_eq!(
            key.to_string(),
            "v1 namespace=acme repository=acme/widgets pulls=41@aaaa base=release%201 job=unit \
             cause=comment,comment/7,3"
        );
        let nightly = TriggerKey::periodic("acme", "nightly", Timestamp::UNIX_EPOCH, 0);
        assert_eq!(nightly.to_string(), "v1 namespace=acme job=nightly cause=slot,1970-01-01T00:00:00Z,0");
        assert_eq!(nightly.to_string().parse(), Ok(nightly));
    }

    #[test]
    fn what_we_did_not_write_is_no_key() {
        for text in [
            "",
            "v2 namespace=a job=b cause=head,0",
            "v1 job=b cause=head,0",
            "v1 namespace=a job=b cause=whim,0",
            "v1 job=b namespace=a cause=head,0",
            "v1 namespace=%zz job=b cause=head,0",
            "v1 namespace=a job=b cause=head,0 cause=head,1",
        ] {
            assert!(text.parse::<TriggerKey>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_rerun_tests_the_same_for_another_cause() {
        let key = TriggerKey::periodic("acme", "nightly", Timestamp::UNIX_EPOCH, 0);
        let again = key.rerun("42");
        assert!(again.tests_the_same_as(&key) && again != key);
    }

    proptest! {
        #[test]
        fn a_key_survives_its_text(key in keys()) {
            prop_assert_eq!(key.to_string().parse(), Ok(key));
        }

        #[test]
        fn different_keys_have_different_texts(a in keys(), b in keys()) {
            prop_assert_eq!(a == b, a.to_string() == b.to_string());
        }

        #[test]
        fn no_text_makes_reading_panic(text in "\\PC{0,80}") {
            let _ = text.parse::<TriggerKey>();
        }
    }
}
