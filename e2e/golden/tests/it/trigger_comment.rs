//! `jobs/trigger-comment`: what a comment starts, labels and is answered.

use super::trigger_pr::{answer, equal, jobs, observed, policy, text};
use decide::{
    facts::{Comment, CommentId, Login},
    trigger::{Plan, comment::plan},
};
use jiff::Timestamp;

#[test]
fn comments_do_what_they_do_in_prow() {
    let cases = golden::synthetic("jobs/trigger-comment");
    golden::hold("jobs/trigger-comment", &cases, |case| {
        let said = &case.input["comment"];
        let mut observed = observed(&case.input, &case.input["pull_request"]);
        observed.pull.open = text(&said["issue_state"]) == "open";
        let (policy, jobs) = (policy(&case.input), jobs(&case.input));
        // Edits and deletions are not told from their comment's text: `look` never hands them on (C1).
        let is_new = text(&said["action"]) == "created" && said["is_pr"] == true;
        let comment = Comment {
            id: CommentId::Comment(1),
            node_id: String::new(),
            author: Some(Login::new(text(&said["author"]))),
            author_is_bot: false,
            body: text(&said["body"]),
            created_at: Timestamp::UNIX_EPOCH,
            last_edited_at: None,
            marked: false,
            url: String::new(),
        };
        let plan = if is_new { plan(&comment, &observed, &policy, &jobs, None) } else { Plan::default() };
        equal(&answer(&plan, &policy), &case.want)
    });
}
