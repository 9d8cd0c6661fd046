//! Looks at acme/widgets#41, applied to what was seen, so that the next look sees what the first one left.

use super::*;
use crate::{
    facts::{CommitStatus, StatusState},
    trigger::samples::{always, at, by_a_stranger, comment, job, manual, observed, policy, unanswered},
};
use proptest::prelude::*;

fn jobs() -> Vec<TenantJob<Presubmit>> {
    vec![always("unit"), job("docs", |raw| raw.changes.run_if_changed = "^docs/".into()), manual("slow")]
}

fn look_at(observed: &Observed) -> Look {
    look(observed, &policy(), &jobs(), &mut CatchUp::unlimited())
}

fn actions(look: &Look) -> impl Iterator<Item = &Planned<TriggerAction, TriggerReason>> {
    look.steps.iter().flat_map(|step| &step.actions)
}

/// The comments that are to be marked.
fn done(look: &Look) -> Vec<CommentId> {
    look.steps.iter().filter_map(|step| step.comment).collect()
}

/// Job, head and cause of what is started.
fn starts(look: &Look) -> Vec<String> {
    let starts = actions(look).filter_map(|planned| planned.action.start()).map(|start| &start.key);
    starts.map(|key| format!("{} {} {}", key.job(), key.pull_heads()[0].1, key.cause())).collect()
}

fn others(look: &Look) -> Vec<String> {
    let text = |action: &TriggerAction| match action {
        TriggerAction::StartRun(_) => None,
        TriggerAction::AbortRun { run, cause } => Some(format!("abort {run} {}", cause.as_str())),
        TriggerAction::AddLabel(label) => Some(format!("add {label}")),
        TriggerAction::RemoveLabel(label) => Some(format!("remove {label}")),
        TriggerAction::Comment(reply) => Some(format!("say {}", reply.kind.name())),
        TriggerAction::ApproveWorkflows(_) => Some("approve workflows".to_owned()),
        TriggerAction::RerunFailedWorkflows(_) => Some("rerun workflows".to_owned()),
        TriggerAction::PruneHelp => Some("prune help".to_owned()),
    };
    actions(look).filter_map(|planned| text(&planned.action)).collect()
}

/// Carries out the first so many writes of a look, marks included.
fn apply_some(look: &Look, writes: usize, observed: &mut Observed) {
    let mut left = writes;
    let mut one_more = || left.checked_sub(1).map(|rest| left = rest).is_some();
    for step in &look.steps {
        for planned in &step.actions {
            if !one_more() {
                return;
            }
            apply_one(&planned.action, observed);
        }
        if let Some(id) = step.comment {
            if !one_more() {
                return;
            }
            observed.comments.iter_mut().find(|comment| comment.id == id).unwrap().marked = true;
        }
    }
}

fn apply_one(action: &TriggerAction, observed: &mut Observed) {
    match action {
        TriggerAction::StartRun(start) => {
            let name = crate::trigger::run_name(&start.key);
            assert!(observed.runs.iter().all(|run| run.name != name), "{} exists", start.key);
            observed.runs.push(SeenRun {
                name,
                type_: ProwJobType::Presubmit,
                repository: observed.pull.repository.clone(),
                pull: Some(observed.pull.number),
                key: Some(start.key.clone()),
                complete: false,
                aborted: None,
            });
        }
        TriggerAction::AbortRun { run: name, cause } => {
            let run = observed.runs.iter_mut().find(|run| run.name == *name).unwrap();
            (run.aborted, run.complete) = (Some(*cause), true);
        }
        TriggerAction::AddLabel(label) => {
            observed.pull.labels.insert((*label).to_owned());
        }
        TriggerAction::RemoveLabel(label) => {
            observed.pull.labels.remove(*label);
        }
        TriggerAction::Comment(reply) => {
            let mark = reply.mark();
            observed.comments.retain(|there| {
                there.author != Some(policy().bot)
                    || !ReplyMark::read(&there.body).is_some_and(|there| mark.replaces(&there))
            });
            let id = 1000 + u32::try_from(observed.comments.len()).unwrap();
            observed.comments.push(comment(id, "acme-bot", &reply.text()));
        }
        TriggerAction::ApproveWorkflows(_) | TriggerAction::RerunFailedWorkflows(_) => {}
        TriggerAction::PruneHelp => observed
            .comments
            .retain(|there| ReplyMark::read(&there.body).is_none_or(|mark| mark.kind != HELP)),
    }
}

/// Looks, carries out, and makes sure that nothing is left to do. Tells what was started, and what else was done.
fn settle(observed: &mut Observed) -> (Vec<String>, Vec<String>) {
    let first = look_at(observed);
    apply_some(&first, usize::MAX, observed);
    let second = look_at(observed);
    assert_eq!((starts(&second), others(&second)), (vec![], vec![]), "a second look asks for something");
    (starts(&first), others(&first))
}

#[test]
fn a_new_head_starts_what_runs_by_itself_once() {
    let mut observed = observed();
    assert_eq!(settle(&mut observed).0, ["unit h1 head,0"]);
}

#[test]
fn an_outsider_is_greeted_once_and_nothing_runs() {
    let mut observed = by_a_stranger();
    let (started, other) = settle(&mut observed);
    assert_eq!((started, other), (vec![], vec!["add needs-ok-to-test".into(), "say welcome".into()]));
}

#[test]
fn ok_to_test_starts_each_job_once_though_label_and_command_ask_for_it() {
    let mut observed = by_a_stranger();
    settle(&mut observed);
    observed.comments.push(comment(5, "robin", "/ok-to-test"));
    let (started, other) = settle(&mut observed);
    assert_eq!(started, ["unit h1 comment,comment/5,1"]);
    assert_eq!(other, ["add ok-to-test", "remove needs-ok-to-test"]);
}

#[test]
fn an_outsiders_command_is_refused_once() {
    let mut observed = by_a_stranger();
    settle(&mut observed);
    observed.comments.push(comment(5, "stranger", "/test unit"));
    let (started, other) = settle(&mut observed);
    assert_eq!((started, other), (vec![], vec!["say refused".into()]));
}

#[test]
fn a_pull_request_whose_webhooks_were_all_lost_ends_the_same() {
    let mut late = by_a_stranger();
    late.comments.push(comment(5, "robin", "/ok-to-test\n/test slow"));
    let (started, _) = settle(&mut late);
    assert_eq!(started, ["unit h1 comment,comment/5,1", "slow h1 comment,comment/5,2"]);
}

#[test]
fn a_command_runs_once_even_if_the_head_moved_before_it_was_marked() {
    let mut observed = observed();
    observed.comments.push(comment(5, "robin", "/test slow"));
    let first = look_at(&observed);
    apply_some(&first, usize::MAX, &mut observed);
    observed.comments[0].marked = false;
    observed.pull.head_sha = HeadSha::new("h2");
    assert_eq!(starts(&look_at(&observed)), ["unit h2 head,0"]);
}

#[test]
fn the_same_words_in_two_comments_are_two_commands() {
    let mut observed = observed();
    observed.comments = vec![comment(5, "robin", "/test slow"), comment(6, "robin", "/test slow")];
    let (started, _) = settle(&mut observed);
    assert_eq!(started, ["slow h1 comment,comment/5,1", "slow h1 comment,comment/6,1", "unit h1 head,0"]);
}

#[test]
fn an_edited_command_does_not_run_and_that_is_said_once() {
    let mut observed = observed();
    let mut edited = comment(5, "robin", "/test slow");
    edited.last_edited_at = Some(at(9));
    observed.comments.push(edited);
    let (started, other) = settle(&mut observed);
    assert_eq!((started, other), (vec!["unit h1 head,0".into()], vec!["say edited".into()]));
    assert!(observed.comments[0].marked);
}

#[test]
fn a_command_that_was_carried_out_stays_so_when_its_text_is_edited() {
    let mut observed = observed();
    observed.comments.push(comment(5, "robin", "/test slow"));
    settle(&mut observed);
    observed.comments[0].body = "/test unit".into();
    observed.comments[0].last_edited_at = Some(at(9));
    assert_eq!(starts(&look_at(&observed)), [""; 0]);
}

#[test]
fn nothing_that_is_older_than_our_time_runs_or_is_greeted() {
    let mut observed = by_a_stranger();
    observed.commands_since = at(10);
    observed.comments.push(comment(5, "robin", "/ok-to-test"));
    let (started, other) = settle(&mut observed);
    assert_eq!((started, other), (vec![], vec![]));
}

#[test]
fn a_push_ends_the_runs_of_the_old_head_and_starts_new_ones() {
    let mut observed = observed();
    observed.comments.push(comment(5, "robin", "/test slow"));
    settle(&mut observed);
    observed.pull.head_sha = HeadSha::new("h2");
    let (started, other) = settle(&mut observed);
    assert_eq!(started, ["unit h2 head,0"]);
    assert_eq!(other.iter().filter(|action| action.ends_with("trigger/head-moved")).count(), 2);
}

#[test]
fn another_base_is_tested_and_the_old_runs_go_on() {
    let mut observed = observed();
    settle(&mut observed);
    observed.pull.base_ref = "release".into();
    let (started, other) = settle(&mut observed);
    assert_eq!((started, other), (vec!["unit h1 head,0".into()], vec![]));
}

fn status(context: &str, target_url: &str) -> CommitStatus {
    CommitStatus {
        context: context.into(),
        state: StatusState::Success,
        description: String::new(),
        target_url: target_url.into(),
        creator: None,
        created_at: None,
    }
}

#[test]
fn a_status_with_our_mark_counts_as_a_run_and_anybody_elses_does_not() {
    let mut observed = observed();
    let ours = ContextMark { pull: 41, base_ref: "main".into() }.on("https://ci.example.org/1");
    observed.contexts = Ok(vec![status("unit", &ours)]);
    assert_eq!(starts(&look_at(&observed)), [""; 0]);
    let of_another = ContextMark { pull: 40, base_ref: "main".into() }.on("https://ci.example.org/1");
    for url in ["https://elsewhere.example.org", &of_another] {
        observed.contexts = Ok(vec![status("unit", url)]);
        assert_eq!(starts(&look_at(&observed)), ["unit h1 head,0"], "{url}");
    }
}

#[test]
fn on_a_head_older_than_our_time_anybodys_status_counts() {
    let mut observed = observed();
    observed.contexts = Ok(vec![status("unit", "https://prow.example.org")]);
    observed.commands_since = at(10);
    assert_eq!(starts(&look_at(&observed)), [""; 0]);
}

#[test]
fn a_run_whose_object_was_deleted_is_not_repeated() {
    let mut observed = observed();
    settle(&mut observed);
    observed.past_runs = observed.runs.drain(..).filter_map(|run| run.key).collect();
    assert_eq!(starts(&look_at(&observed)), [""; 0]);
}

#[test]
fn a_run_made_by_hand_counts_for_nothing() {
    let mut observed = observed();
    settle(&mut observed);
    observed.runs[0].key = None;
    assert_eq!(starts(&look_at(&observed)), ["unit h1 head,0"]);
}

#[test]
fn a_draft_runs_only_what_is_asked_for_and_when_it_is_ready_the_rest_runs_anew() {
    let mut observed = observed();
    settle(&mut observed);
    observed.comments.push(comment(5, "robin", "/test slow"));
    settle(&mut observed);
    observed.pull.draft = true;
    let (_, other) = settle(&mut observed);
    assert_eq!(other, [format!("abort {} trigger/draft", observed.runs[0].name)]);
    observed.pull.draft = false;
    assert_eq!(settle(&mut observed).0, ["unit h1 head,1"]);
}

#[test]
fn the_author_of_a_draft_is_told_once_how_it_gets_tested() {
    let mut observed = observed();
    observed.pull.draft = true;
    let (started, other) = settle(&mut observed);
    assert_eq!((started, other), (vec![], vec!["say draft".into()]));
}

#[test]
fn closing_ends_everything_and_reopening_starts_anew() {
    let mut observed = observed();
    settle(&mut observed);
    observed.pull.open = false;
    observed.comments.push(comment(5, "robin", "/test slow"));
    let (_, other) = settle(&mut observed);
    assert_eq!(other, [format!("abort {} trigger/closed", observed.runs[0].name)]);
    observed.pull.open = true;
    assert_eq!(settle(&mut observed).0, ["unit h1 head,1"], "what was asked while closed stays undone");
}

#[test]
fn a_head_that_comes_back_is_tested_again() {
    let mut observed = observed();
    settle(&mut observed);
    for (head, expected) in [("h2", "unit h2 head,0"), ("h1", "unit h1 head,1"), ("h2", "unit h2 head,1")] {
        observed.pull.head_sha = HeadSha::new(head);
        assert_eq!(settle(&mut observed).0, [expected]);
    }
}

#[test]
fn an_abort_by_a_person_is_not_undone() {
    let mut observed = observed();
    settle(&mut observed);
    observed.runs[0].complete = true;
    assert_eq!(starts(&look_at(&observed)), [""; 0]);
}

#[test]
fn an_unknown_membership_ends_the_look_and_what_was_planned_before_stands() {
    let mut observed = observed();
    observed.comments = vec![comment(5, "robin", "/test slow"), comment(6, "kim", "/test unit")];
    let look = look_at(&observed);
    assert_eq!(starts(&look), ["slow h1 comment,comment/5,1"]);
    assert!(look.unanswered.is_some());
    assert_eq!(done(&look), [CommentId::Comment(5)]);
    assert_eq!(people(&observed, &policy(), &jobs()), ["author", "kim", "robin"].map(Login::new).into());
}

#[test]
fn unknown_files_hold_back_only_those_who_ask() {
    let mut observed = observed();
    observed.changed = unanswered("which files changed");
    assert!(look_at(&observed).unanswered.is_some());
    let look = look(&observed, &policy(), &[always("unit")], &mut CatchUp::unlimited());
    assert_eq!((starts(&look), look.unanswered), (vec!["unit h1 head,0".into()], None));
}

#[test]
fn lgtm_on_this_head_lets_an_outsiders_change_be_tested() {
    let mut observed = by_a_stranger();
    settle(&mut observed);
    observed.pull.labels.insert("lgtm".into());
    observed.lgtm_on = Some(HeadSha::new("h0"));
    assert_eq!(starts(&look_at(&observed)), [""; 0], "given for another head");
    observed.lgtm_on = Some(HeadSha::new("h1"));
    assert_eq!(settle(&mut observed).0, ["unit h1 head,0"]);
}

#[test]
fn a_bound_ok_to_test_is_taken_back_by_a_push_and_can_be_given_again() {
    let mut policy = policy();
    policy.trust.bind_to = BindTo::HeadCommit;
    let mut observed = by_a_stranger();
    let step = |observed: &mut Observed| {
        let look = look(observed, &policy, &jobs(), &mut CatchUp::unlimited());
        apply_some(&look, usize::MAX, observed);
        (starts(&look), others(&look))
    };
    step(&mut observed);
    observed.comments.push(comment(5, "robin", "/ok-to-test"));
    let (started, _) = step(&mut observed);
    assert_eq!(started, ["unit h1 comment,comment/5,1"]);

    observed.pull.head_sha = HeadSha::new("h2");
    let (started, other) = step(&mut observed);
    assert_eq!(started, [""; 0]);
    assert_eq!(other[..3], ["add needs-ok-to-test", "remove ok-to-test", "say ok-to-test"]);

    observed.pull.labels.insert(OK_TO_TEST.into());
    let (started, other) = step(&mut observed);
    assert_eq!(
        (started, other),
        (vec!["unit h2 head,0".into()], vec!["say ok-to-test".into(), "remove needs-ok-to-test".into()])
    );
    assert_eq!(step(&mut observed), (vec![], vec![]));
}

#[test]
fn catching_up_is_limited_and_the_rest_follows() {
    let many: Vec<_> = (0..5).map(|i| always(&format!("job-{i}"))).collect();
    let mut observed = observed();
    let mut rounds = Vec::new();
    loop {
        let look = look(&observed, &policy(), &many, &mut CatchUp::at_most(2));
        if look.steps.is_empty() {
            break;
        }
        rounds.push((starts(&look).len(), look.deferred));
        apply_some(&look, usize::MAX, &mut observed);
    }
    assert_eq!(rounds, [(2, 3), (2, 1), (1, 0)]);
}

#[test]
fn a_comment_that_has_to_wait_is_not_marked() {
    let mut observed = observed();
    observed.comments = vec![comment(5, "robin", "/test slow"), comment(6, "robin", "/test unit")];
    let look = look(&observed, &policy(), &jobs(), &mut CatchUp::at_most(1));
    assert_eq!(starts(&look), ["slow h1 comment,comment/5,1"]);
    assert_eq!((done(&look), look.deferred), (vec![CommentId::Comment(5)], 1));
}

#[test]
fn a_new_command_clears_the_lists_of_earlier_ones() {
    let mut observed = observed();
    observed.comments.push(comment(5, "robin", "/test ?"));
    assert_eq!(settle(&mut observed).1, ["say help"]);
    observed.comments.push(comment(6, "robin", "/test slow"));
    assert_eq!(settle(&mut observed).1, ["prune help"]);
}

#[test]
fn githubs_own_workflows_follow_where_that_is_wanted() {
    let mut observed = observed();
    observed.comments = vec![comment(5, "robin", "/ok-to-test"), comment(6, "robin", "/retest")];
    assert!(!others(&look_at(&observed)).iter().any(|action| action.ends_with("workflows")));
    let policy = TriggerPolicy { workflows: true, ..policy() };
    let look = look(&observed, &policy, &jobs(), &mut CatchUp::unlimited());
    assert_eq!(others(&look), ["add ok-to-test", "approve workflows", "rerun workflows"]);
}

fn bodies() -> impl Strategy<Value = String> {
    let lines = prop::sample::select(vec![
        "/test all",
        "/test slow",
        "/test ?",
        "/test nothing",
        "/retest",
        "/ok-to-test",
        "/ok-to-test cancel",
        "thanks",
    ]);
    prop::collection::vec(lines, 1..3).prop_map(|lines| lines.join("\n"))
}

proptest! {
    /// The heart of it: a crash between any two writes, and any number of lost webhooks, change nothing in the end.
    #[test]
    fn wherever_we_crash_the_same_runs_exist_in_the_end(
        by_stranger: bool,
        draft: bool,
        written in prop::collection::vec((prop::sample::select(vec!["robin", "stranger"]), bodies()), 0..4),
        cuts in prop::collection::vec(0..9_usize, 0..4),
    ) {
        let mut undisturbed = if by_stranger { by_a_stranger() } else { observed() };
        undisturbed.pull.draft = draft;
        for (id, (author, body)) in (5..).zip(&written) {
            undisturbed.comments.push(comment(id, author, body));
        }
        let mut disturbed = undisturbed.clone();
        settle(&mut undisturbed);
        for cut in cuts {
            let look = look_at(&disturbed);
            apply_some(&look, cut, &mut disturbed);
        }
        settle(&mut disturbed);
        let keys = |observed: &Observed| -> BTreeSet<_> {
            observed.runs.iter().filter_map(|run| run.key.clone()).collect()
        };
        prop_assert_eq!(keys(&disturbed), keys(&undisturbed));
        prop_assert_eq!(disturbed.pull.labels, undisturbed.pull.labels);
    }

    #[test]
    fn whatever_happens_each_head_is_tested_and_no_old_head_goes_on(
        by_stranger: bool,
        events in prop::collection::vec((0..6_u8, bodies(), 0..9_usize), 1..8),
    ) {
        let mut observed = if by_stranger { by_a_stranger() } else { observed() };
        for (id, (event, body, writes)) in (5..).zip(events) {
            match event {
                0 => observed.pull.head_sha = HeadSha::new(format!("h{}", id % 3)),
                1 => observed.pull.draft = !observed.pull.draft,
                2 => observed.pull.open = !observed.pull.open,
                3 => observed.pull.base_ref = format!("base-{}", id % 2),
                _ => observed.comments.push(comment(id, "robin", &body)),
            }
            apply_some(&look_at(&observed), writes, &mut observed);
        }
        settle(&mut observed);
        let pull = &observed.pull;
        let going_on = |run: &&SeenRun| !run.complete;
        let of_head = |run: &&SeenRun| run.key.as_ref().unwrap().pull_heads()[0].1 == pull.head_sha;
        if pull.open {
            prop_assert!(observed.runs.iter().filter(going_on).all(|run| of_head(&run)));
        } else {
            prop_assert_eq!(observed.runs.iter().filter(going_on).count(), 0);
        }
        let trusted = !by_stranger || observed.has_label(OK_TO_TEST);
        if pull.open && trusted && !pull.draft {
            prop_assert!(observed.runs.iter().filter(going_on).any(|run| run.key.as_ref().unwrap().base() == pull.base_ref));
        }
    }
}
