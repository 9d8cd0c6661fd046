//! Each check: a change that it passes, and one that it holds back.

use super::*;
use crate::{
    facts::{CommitStatus, StatusState},
    merge::{
        method::MethodLabels,
        pool::{Blocker, InRepo, Run},
        requirements::Refusal,
        testing::{approved, minute, policy, pool},
    },
    reason::Reason as _,
};

type Spoil = fn(&mut Pool, &mut Policy);

fn change(pool: &mut Pool) -> &mut Change {
    &mut pool.changes[0]
}

fn status(context: &str, state: StatusState) -> CommitStatus {
    CommitStatus { context: context.into(), state, ..approved(1, &["unit"]).statuses.remove(0) }
}

fn red_alone(pool: &mut Pool) {
    for _ in 0..2 {
        let run = Run {
            name: "r".into(),
            kind: ProwJobType::Batch,
            job: "unit".into(),
            context: "unit".into(),
            branch: "main".into(),
            base: pool.tip.clone(),
            members: vec![pool.changes[0].member()],
            state: ProwJobState::Failure,
            by_pool: true,
            gates: true,
            description: String::new(),
            url: String::new(),
            started: None,
            completed: Some(minute(-1)),
            expected: None,
        };
        pool.runs.push(run);
    }
}

/// What spoils a change that passes everything, the check that then holds it back, and the reason.
const SPOILT: [(Spoil, &str, &str); 19] = [
    (|pool, _| change(pool).pull.open = false, "Open", "NotOpen"),
    (|pool, _| change(pool).pull.labels.clear(), "Query", "MissingLabel"),
    (|_, policy| policy.queries.clear(), "Query", "NoQuery"),
    (|pool, _| change(pool).pull.draft = true, "Ready", "Draft"),
    (|pool, _| change(pool).looked_at = false, "LookedAt", "NotLookedAt"),
    (|pool, _| change(pool).pull.mergeable = Mergeable::Conflicting, "Mergeable", "Conflict"),
    (
        |_, policy| {
            let (squash, rebase) = ("lgtm".into(), "approved".into());
            policy.method_labels = MethodLabels { squash, rebase, merge: String::new() };
        },
        "OneMethod",
        "ConflictingMethodLabels",
    ),
    (
        |pool, policy| {
            policy.method = Method::Rebase;
            change(pool).can_be_rebased = false;
        },
        "Rebasable",
        "CannotRebase",
    ),
    (|pool, _| pool.allowed_methods.merge = false, "MethodAllowed", "MethodForbidden"),
    (
        |pool, policy| {
            policy.github_blocked = GitHubBlocked::Block;
            change(pool).pull.merge_state = MergeState::Blocked;
        },
        "GitHubRules",
        "BlockedByGitHub",
    ),
    (|pool, _| pool.jobs.in_repo = InRepo::At([].into()), "Jobs", "JobsUnknown"),
    (
        |_, policy| {
            policy.contexts.optional.insert("unit".into());
        },
        "ContextPolicy",
        "InvalidContextPolicy",
    ),
    (
        |pool, _| change(pool).statuses.push(status("cla", StatusState::Pending)),
        "OtherContexts",
        "ContextPending",
    ),
    (|pool, _| change(pool).statuses[0].state = StatusState::Failure, "OwnContexts", "ContextFailed"),
    (|pool, _| red_alone(pool), "NotExcluded", "Excluded"),
    (
        |pool, _| {
            let member = change(pool).member();
            let (number, head, at) = (member.number, member.head, minute(-1));
            let refusal = Refusal { number, head, message: "no".into(), at, times: 1 };
            pool.record.as_mut().unwrap().refusals.push(refusal);
        },
        "NotRefused",
        "RefusedByGitHub",
    ),
    (
        |pool, _| pool.blockers.push(Blocker { number: 7, title: "Broken".into() }),
        "Unblocked",
        "BlockedByIssue",
    ),
    (
        |_, policy| {
            policy.freezes.push(crate::merge::policy::Freeze {
                name: "friday".into(),
                from: minute(-1),
                until: minute(1),
                except_labels: BTreeSet::new(),
            });
        },
        "NoFreeze",
        "Frozen",
    ),
    (|pool, _| pool.record = None, "Recorded", "NoRecord"),
];

#[test]
fn every_check_passes_what_is_right_and_holds_back_what_is_not() {
    let mut held_by = BTreeSet::new();
    for (spoil, name, reason) in SPOILT {
        let (mut pool, mut policy) = (pool(&["unit"], &[1]), policy());
        let before = examine(&pool, &policy, &pool.changes[0]);
        let case = Case { pool: &pool, policy: &policy, examined: &before, now: minute(0) };
        assert!(explain(&case).iter().all(|(_, held)| held.is_none()));
        spoil(&mut pool, &mut policy);
        let after = examine(&pool, &policy, &pool.changes[0]);
        let case = Case { pool: &pool, policy: &policy, examined: &after, now: minute(0) };
        let held: Vec<(&str, &str)> =
            explain(&case).iter().filter_map(|(c, held)| Some((c.name, held.as_ref()?.name()))).collect();
        assert_eq!(held, [(name, reason)]);
        held_by.insert(name);
    }
    assert_eq!(held_by.len(), CHECKS.len(), "every check has a case");
}

#[test]
fn the_page_for_people_lists_every_check() {
    let page = include_str!("../../../../../docs/merging.md");
    for check in CHECKS {
        let holds = match check.stage {
            Stage::Belongs => "tests and merge",
            Stage::Joins => "joining a train",
            Stage::Lands => "the merge",
        };
        let line = format!("| `{}` | {} | {holds} |", check.name, check.asks);
        assert!(page.contains(&line), "docs/merging.md lacks the line\n{line}");
    }
}

#[test]
fn retesting_by_hand_ends_an_exclusion() {
    let mut pool = pool(&["unit"], &[1]);
    red_alone(&mut pool);
    pool.changes[0].retested_at = Some(minute(0));
    let policy = policy();
    let examined = examine(&pool, &policy, &pool.changes[0]);
    let case = Case { pool: &pool, policy: &policy, examined: &examined, now: minute(0) };
    assert_eq!(held(&case, Stage::Joins), None);
}
