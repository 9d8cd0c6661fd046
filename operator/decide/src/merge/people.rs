//! What people can say and said: who can bring or remove a label with which words, and whether somebody asked for a test
//! to be repeated.

use super::pool::Remedy;
use crate::{
    command::{hold, lgtm},
    facts::{Comment, Login, PullRequest},
    owners::approval,
    trigger::{Said, TriggerCommand},
};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Which commands are taken in a repository.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Commands {
    /// `/lgtm`
    pub lgtm: bool,
    /// `/approve`
    pub approve: bool,
    /// `/hold`
    pub hold: bool,
}

/// The labels that a command changes, with who is asked for it already.
pub fn remedies(pull: &PullRequest, commands: Commands) -> BTreeMap<String, Remedy> {
    let mut remedies = BTreeMap::new();
    if commands.lgtm {
        // Whoever was asked to review is the one to ask; without any, everybody with the right to may.
        let people = pull.requested_reviewers.clone();
        remedies.insert(lgtm::LABEL.to_owned(), Remedy { people, command: "/lgtm".into() });
    }
    if commands.approve {
        let approvers = Remedy { people: Vec::new(), command: "/approve".into() };
        remedies.insert(approval::APPROVED.to_owned(), approvers);
    }
    if commands.hold {
        let anybody = Remedy { people: Vec::new(), command: "/hold cancel".into() };
        remedies.insert(hold::HELD.to_owned(), anybody);
    }
    remedies
}

/// When somebody last asked for this change to be tested again: it may have failed by bad luck, or be mended elsewhere.
pub fn retested_at(comments: &[Comment], us: &Login) -> Option<Timestamp> {
    let by_people = comments.iter().filter(|comment| comment.author.as_ref() != Some(us));
    // Most comments speak of something else and need no reading.
    let likely =
        by_people.filter(|comment| comment.body.contains("/test") || comment.body.contains("/retest"));
    likely.filter(|comment| asks_again(&comment.body)).map(|comment| comment.created_at).max()
}

fn asks_again(body: &str) -> bool {
    Said::read(body).commands().iter().any(|(_, command)| match command {
        TriggerCommand::TestAll
        | TriggerCommand::TestTarget
        | TriggerCommand::TestManualRequired
        | TriggerCommand::Retest
        | TriggerCommand::RetestRequired => true,
        TriggerCommand::TestHelp
        | TriggerCommand::TestNothing
        | TriggerCommand::RetestTarget
        | TriggerCommand::OkToTest
        | TriggerCommand::OkToTestCancel => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::CommentId,
        merge::testing::{minute, pull},
    };

    #[test]
    fn who_was_asked_for_a_review_is_named_for_lgtm() {
        let mut pull = pull(41).facts();
        pull.requested_reviewers = vec![Login::new("sasha"), Login::new("lee")];
        let remedies = remedies(&pull, Commands { lgtm: true, ..Commands::default() });
        assert_eq!(remedies.keys().collect::<Vec<_>>(), ["lgtm"]);
        assert_eq!(remedies["lgtm"].people.len(), 2);
    }

    #[test]
    fn the_last_request_of_a_person_counts() {
        let comment = |author: &str, body: &str, at| Comment {
            id: CommentId::Comment(1),
            node_id: String::new(),
            author: Some(Login::new(author)),
            author_is_bot: false,
            body: body.into(),
            created_at: minute(at),
            last_edited_at: None,
            marked: false,
            url: String::new(),
        };
        let comments = [
            comment("robin", "/retest", 1),
            comment("sasha", "see docs/testing", 3),
            comment("kim", "/test ?", 4),
            comment("bot", "/retest", 5),
        ];
        assert_eq!(retested_at(&comments, &Login::new("bot")), Some(minute(1)));
    }
}
