//! Builders for tests: good defaults, so that only what matters appears.

use crate::facts::{BaseSha, HeadSha, Login, MergeState, Mergeable, PullRequest, RepoName, ReviewDecision};
use std::collections::BTreeSet;

/// A pull request of `acme/widgets` into `main`, mergeable, without labels.
pub(crate) fn pull(number: u64) -> PullBuilder {
    let at = "2026-11-20T14:00:00Z".parse().unwrap();
    PullBuilder(PullRequest {
        repository: RepoName::new("acme", "widgets"),
        number,
        node_id: String::new(),
        title: format!("Change {number}"),
        body: String::new(),
        author: Some(Login::new("robin")),
        author_is_bot: false,
        base_ref: "main".into(),
        base_sha: BaseSha::new("b1"),
        head_ref: format!("topic-{number}"),
        head_sha: HeadSha::new(format!("h{number}")),
        labels: BTreeSet::new(),
        milestone: None,
        assignees: Vec::new(),
        requested_reviewers: Vec::new(),
        draft: false,
        open: true,
        merged: false,
        mergeable: Mergeable::Mergeable,
        merge_state: MergeState::Clean,
        review_decision: ReviewDecision::None,
        created_at: at,
        updated_at: at,
    })
}

/// Makes a pull request.
#[derive(Clone)]
pub(crate) struct PullBuilder(PullRequest);

impl PullBuilder {
    pub fn label(mut self, label: &str) -> Self {
        self.0.labels.insert(label.into());
        self
    }

    pub fn author(mut self, login: &str) -> Self {
        self.0.author = Some(Login::new(login));
        self
    }

    pub fn bot(mut self) -> Self {
        self.0.author_is_bot = true;
        self
    }

    pub fn facts(self) -> PullRequest {
        self.0
    }
}
