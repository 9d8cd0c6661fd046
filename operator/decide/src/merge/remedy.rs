//! Who can bring or remove a label, and with which words: what a person waiting for it needs to know.

use super::pool::Remedy;
use crate::{
    command::{hold, lgtm},
    facts::PullRequest,
    owners::approval,
};
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{facts::Login, merge::testing::pull};

    #[test]
    fn who_was_asked_for_a_review_is_named_for_lgtm() {
        let mut pull = pull(41).facts();
        pull.requested_reviewers = vec![Login::new("sasha"), Login::new("lee")];
        let remedies = remedies(&pull, Commands { lgtm: true, ..Commands::default() });
        assert_eq!(remedies.keys().collect::<Vec<_>>(), ["lgtm"]);
        assert_eq!(remedies["lgtm"].people.len(), 2);
    }
}
