//! The status of a whole pool: its branches, its figures, and the few truths that people, Argo CD and Flux read.
//!
//! Texts carry absolute times only, and the same facts give the same status, so that nothing is written when nothing
//! changed (DESIGN W1). Everything is capped: a status that is too large would be none.

use crate::reason::Reason;
use api::{
    condition::{ConditionType, set},
    merge_pool::{BranchStatus, MemberState, MergePoolSpec, MergePoolStatus, PoolSummary},
    problem::Problem,
};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// How many changes are shown.
const MEMBERS_MAX: usize = 1000;
/// How many bytes they may take together: a status stays below 256 kB.
const MEMBERS_BYTES: usize = 180_000;
/// How many problems are shown.
const PROBLEMS_MAX: usize = 50;
/// How many trains of a branch are shown.
const TRAINS_MAX: usize = 64;
/// How long a title or a reason may be shown.
const TEXT_MAX: usize = 400;
/// How many patterns of repositories the summary names.
const PATTERNS_MAX: usize = 3;

/// Why a pool does not do what it says, or not all of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PoolReason {
    /// Its namespace governs none of its repositories: why not.
    NotGoverned(String),
    /// Another pool owns a branch of it: which.
    Overlap(String),
    /// It is told to do what cannot be done yet.
    Unsupported(String),
    /// A repository could not be looked at: which, and why.
    Unreadable(String),
    /// A repository's pull requests were not listed yet: which.
    NotSwept(String),
    /// It does not know yet what it required before: until when nothing lands.
    NoRecord(String),
    /// Somebody paused it.
    Paused,
    /// It works.
    Working,
}

impl Reason for PoolReason {
    fn name(&self) -> &'static str {
        match self {
            Self::NotGoverned(_) => "NotGoverned",
            Self::Overlap(_) => "Overlap",
            Self::Unsupported(_) => "Unsupported",
            Self::Unreadable(_) => "Unreadable",
            Self::NotSwept(_) => "NotSwept",
            Self::NoRecord(_) => "NoRecord",
            Self::Paused => "Paused",
            Self::Working => "Working",
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::NotGoverned(why)
            | Self::Overlap(why)
            | Self::Unsupported(why)
            | Self::Unreadable(why)
            | Self::NoRecord(why) => why.clone(),
            Self::NotSwept(repository) => {
                format!(
                    "The open pull requests of {repository} were not listed yet; nothing is planned before."
                )
            }
            Self::Paused => "The pool is paused: a maintainer set spec.paused.".to_owned(),
            Self::Working => "Its branches are looked at, tested and merged.".to_owned(),
        }
    }
}

impl PoolReason {
    /// Whether a person must change something.
    const fn stalls(&self) -> bool {
        match self {
            Self::NotGoverned(_) | Self::Overlap(_) | Self::Unsupported(_) => true,
            Self::Unreadable(_) | Self::NotSwept(_) | Self::NoRecord(_) | Self::Paused | Self::Working => {
                false
            }
        }
    }

    /// Whether it passes without anybody changing the pool.
    const fn passes(&self) -> bool {
        match self {
            Self::Unreadable(_) | Self::NotSwept(_) | Self::NoRecord(_) => true,
            Self::NotGoverned(_) | Self::Overlap(_) | Self::Unsupported(_) | Self::Paused | Self::Working => {
                false
            }
        }
    }
}

/// What is known of a pool after a look at all its branches.
#[derive(Clone, Debug)]
pub struct Overview<'a> {
    /// What it was told.
    pub spec: &'a MergePoolSpec,
    /// The generation of that.
    pub generation: Option<i64>,
    /// Its branches.
    pub branches: Vec<BranchStatus>,
    /// What stands in its way.
    pub reasons: Vec<PoolReason>,
    /// What is wrong in the object.
    pub problems: Vec<Problem>,
    /// When it merged something since the status before.
    pub merged_at: Option<Timestamp>,
    /// The share of hours that gated no merge, where it is known.
    pub waste: Option<String>,
}

/// The status, without intents: they are written by themselves, before what they announce.
pub fn status(overview: Overview<'_>, old: Option<&MergePoolStatus>, now: Timestamp) -> MergePoolStatus {
    let Overview { spec, generation, mut branches, mut reasons, mut problems, merged_at, waste } = overview;
    branches.sort_by(|a, b| a.branch.cmp(&b.branch));
    reasons.sort();
    problems.sort();
    problems.dedup();
    let summary = summary(spec, &branches, old, merged_at, waste);
    let conditions = conditions(spec, generation, &reasons, &problems, old, now);
    let members_omitted = cap(&mut branches);
    problems.truncate(PROBLEMS_MAX);
    MergePoolStatus {
        branches,
        conditions,
        intents: Vec::new(),
        members_omitted,
        observed_generation: generation,
        problems,
        summary: Some(summary),
    }
}

fn summary(
    spec: &MergePoolSpec,
    branches: &[BranchStatus],
    old: Option<&MergePoolStatus>,
    merged_at: Option<Timestamp>,
    waste: Option<String>,
) -> PoolSummary {
    let before = old.and_then(|old| old.summary.as_ref());
    let count = |states: &[MemberState]| {
        let members = branches.iter().flat_map(|branch| &branch.members);
        let found = members.filter(|member| states.is_empty() || states.contains(&member.state)).count();
        i64::try_from(found).unwrap_or(i64::MAX)
    };
    let mut repositories: Vec<String> = spec.repositories.iter().take(PATTERNS_MAX).cloned().collect();
    let more = spec.repositories.len().saturating_sub(PATTERNS_MAX);
    if more > 0 {
        repositories.push(format!("{more} more"));
    }
    PoolSummary {
        eligible: count(&[MemberState::Queued, MemberState::Testing, MemberState::Merging]),
        last_merge: merged_at.map(Time).or_else(|| before.and_then(|before| before.last_merge.clone())),
        open: count(&[]),
        repositories: repositories.join(", "),
        testing: count(&[MemberState::Testing]),
        waste: waste.or_else(|| before.and_then(|before| before.waste.clone())),
    }
}

fn conditions(
    spec: &MergePoolSpec,
    generation: Option<i64>,
    reasons: &[PoolReason],
    problems: &[Problem],
    old: Option<&MergePoolStatus>,
    now: Timestamp,
) -> Vec<k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition> {
    let mut conditions = old.map(|old| old.conditions.clone()).unwrap_or_default();
    let now = Time(now);
    let mut say = |type_, is: bool, reason: &PoolReason| {
        set(&mut conditions, type_, is, reason.name(), &cut(&reason.sentence()), generation, &now);
    };
    let stalled = reasons.iter().find(|reason| reason.stalls());
    let passing = reasons.iter().find(|reason| reason.passes());
    let idle = if spec.paused { PoolReason::Paused } else { PoolReason::Working };
    let held = stalled.or(passing);
    say(ConditionType::Ready, held.is_none(), held.unwrap_or(&idle));
    say(ConditionType::Reconciling, stalled.is_none() && passing.is_some(), passing.unwrap_or(&idle));
    say(ConditionType::Stalled, stalled.is_some(), stalled.unwrap_or(&idle));
    let (warns, reason, message) = match problems {
        [] => (false, "NoProblems", "Everything in the object is in force.".to_owned()),
        [one] => (true, "Problems", one.to_string()),
        [first, rest @ ..] => {
            (true, "Problems", format!("{first} And {} more: see status.problems.", rest.len()))
        }
    };
    set(&mut conditions, ConditionType::Warnings, warns, reason, &cut(&message), generation, &now);
    conditions
}

/// Leaves out what would make the status too large; says how many changes that were.
fn cap(branches: &mut [BranchStatus]) -> Option<i64> {
    let (mut shown, mut bytes, mut omitted) = (0_usize, 0_usize, 0_i64);
    for branch in branches {
        branch.trains.truncate(TRAINS_MAX);
        branch.members.retain_mut(|member| {
            member.change = cut(&member.change);
            member.why = cut(&member.why);
            // Names of fields and punctuation count too.
            let size = member.change.len() + member.why.len() + 60;
            let fits = shown < MEMBERS_MAX && bytes + size <= MEMBERS_BYTES;
            if fits {
                shown += 1;
                bytes += size;
            } else {
                omitted += 1;
            }
            fits
        });
    }
    (omitted > 0).then_some(omitted)
}

fn cut(text: &str) -> String {
    if text.chars().count() <= TEXT_MAX {
        return text.to_owned();
    }
    text.chars().take(TEXT_MAX - 1).chain(std::iter::once('…')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::testing::minute;
    use api::merge_pool::Member;

    fn overview(spec: &MergePoolSpec) -> Overview<'_> {
        Overview {
            spec,
            generation: Some(2),
            branches: Vec::new(),
            reasons: Vec::new(),
            problems: Vec::new(),
            merged_at: None,
            waste: None,
        }
    }

    fn branch(members: usize, state: MemberState, why: &str) -> BranchStatus {
        let member = |i| Member { change: format!("#{i} Change (robin)"), state, why: why.to_owned() };
        BranchStatus {
            branch: "acme/widgets main".into(),
            members: (0..members).map(member).collect(),
            ..BranchStatus::default()
        }
    }

    fn condition(status: &MergePoolStatus, type_: ConditionType) -> (bool, &str) {
        let found = status.conditions.iter().find(|c| c.type_ == type_.as_str()).unwrap();
        (found.status == "True", &found.reason)
    }

    #[test]
    fn a_pool_without_troubles_is_ready() {
        let spec = MergePoolSpec { repositories: vec!["acme/*".into()], ..MergePoolSpec::default() };
        let mut overview = overview(&spec);
        overview.branches = vec![branch(3, MemberState::Testing, "It runs.")];
        let status = status(overview, None, minute(0));
        assert_eq!(condition(&status, ConditionType::Ready), (true, "Working"));
        assert_eq!(condition(&status, ConditionType::Stalled), (false, "Working"));
        let summary = status.summary.unwrap();
        assert_eq!((summary.open, summary.eligible, summary.testing), (3, 3, 3));
        assert_eq!(summary.repositories, "acme/*");
    }

    #[test]
    fn what_a_person_must_change_stalls_and_what_passes_does_not() {
        let spec = MergePoolSpec::default();
        let mut waits = overview(&spec);
        waits.reasons = vec![PoolReason::NotSwept("acme/widgets".into())];
        let waiting = status(waits.clone(), None, minute(0));
        assert_eq!(condition(&waiting, ConditionType::Ready), (false, "NotSwept"));
        assert_eq!(condition(&waiting, ConditionType::Reconciling), (true, "NotSwept"));
        waits.reasons.push(PoolReason::NotGoverned("Nobody governs it.".into()));
        let stalled = status(waits, None, minute(0));
        assert_eq!(condition(&stalled, ConditionType::Ready), (false, "NotGoverned"));
        assert_eq!(condition(&stalled, ConditionType::Stalled), (true, "NotGoverned"));
        assert!(!condition(&stalled, ConditionType::Reconciling).0);
    }

    #[test]
    fn the_same_facts_later_are_the_same_status() {
        let spec = MergePoolSpec::default();
        let mut first = overview(&spec);
        first.merged_at = Some(minute(0));
        first.waste = Some("18%".into());
        let old = status(first, None, minute(0));
        assert_eq!(status(overview(&spec), Some(&old), minute(9)), old);
    }

    #[test]
    fn a_status_never_gets_too_large_and_says_what_it_leaves_out() {
        let spec = MergePoolSpec::default();
        let mut overview = overview(&spec);
        overview.branches =
            vec![branch(900, MemberState::Waiting, &"x".repeat(5000)), branch(900, MemberState::Queued, "y")];
        let status = status(overview, None, minute(0));
        let shown: usize = status.branches.iter().map(|branch| branch.members.len()).sum();
        assert_eq!(status.members_omitted, Some(1800 - i64::try_from(shown).unwrap()));
        assert!(serde_json::to_vec(&status).unwrap().len() < 256_000);
        assert_eq!(status.summary.unwrap().open, 1800);
    }
}
