//! What each field of each type is.

mod commit;
mod conversation;
mod issue;
mod mutation;
mod pull;
mod query;
mod repository;

use serde_json::{Value, json};

use self::commit::check_suite;
use self::pull::pull_commit;
pub(super) use self::repository::issue_node;
use super::execute::{Failure, Out, Resolved, Run};
use crate::Name;
use crate::act::Subject;
use crate::state::State;

/// Something that fields can be asked of: its type and how to find it.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Query,
    Mutation,
    /// An account or organisation.
    Actor(Name),
    /// The caller, whom GitHub calls a `User` even if it is a bot.
    Viewer(Name),
    Team(Name, Name),
    App(u64),
    Repository(Name),
    Ref(Name, String),
    Commit(Name, String),
    Tree(Name, String),
    Blob(Name, String),
    Status(Name, String),
    Rollup(Name, String),
    StatusContext(Name, String, u64),
    CheckRun(Name, u64),
    CheckSuite(u64),
    Label(Name, Name),
    Issue(Name, u64),
    Pull(Name, u64),
    PullCommit(Name, u64, String),
    Comment(Name, u64),
    Review(Name, u64, u64),
    ReviewComment(Name, u64),
    Reaction(Name, Subject, u64),
    ReactionGroup(Name, Subject, &'static str),
    /// A request to an account (`false`) or a team (`true`).
    ReviewRequest(Name, u64, Name, bool),
    GitActor(crate::git::Signature),
    /// What a mutation returns: its subject, and the reaction that it made.
    Reacted(&'static str, Name, Subject, Option<u64>, Value),
    Changed(&'static str, Name, u64, Value),
    /// A small object with nothing but plain fields.
    Small(&'static str, Value),
}

impl Node {
    /// The name of the node's type in the schema.
    pub(super) fn type_name(&self, state: &State) -> &'static str {
        match self {
            Self::Query => "Query",
            Self::Mutation => "Mutation",
            Self::Actor(login) if state.orgs.contains_key(login) => "Organization",
            Self::Actor(login) if state.users.get(login).is_some_and(|user| user.bot) => "Bot",
            Self::Actor(_) | Self::Viewer(_) => "User",
            Self::Team(..) => "Team",
            Self::App(_) => "App",
            Self::Repository(_) => "Repository",
            Self::Ref(..) => "Ref",
            Self::Commit(..) => "Commit",
            Self::Tree(..) => "Tree",
            Self::Blob(..) => "Blob",
            Self::Status(..) => "Status",
            Self::Rollup(..) => "StatusCheckRollup",
            Self::StatusContext(..) => "StatusContext",
            Self::CheckRun(..) => "CheckRun",
            Self::CheckSuite(..) => "CheckSuite",
            Self::Label(..) => "Label",
            Self::Issue(..) => "Issue",
            Self::Pull(..) => "PullRequest",
            Self::PullCommit(..) => "PullRequestCommit",
            Self::Comment(..) => "IssueComment",
            Self::Review(..) => "PullRequestReview",
            Self::ReviewComment(..) => "PullRequestReviewComment",
            Self::Reaction(..) => "Reaction",
            Self::ReactionGroup(..) => "ReactionGroup",
            Self::ReviewRequest(..) => "ReviewRequest",
            Self::GitActor(_) => "GitActor",
            Self::Reacted(name, ..) | Self::Changed(name, ..) | Self::Small(name, _) => name,
        }
    }
}

impl Run<'_> {
    /// One field of a node.
    pub(super) fn resolve(&mut self, node: &Node, field: &str, arguments: &Value) -> Resolved {
        match node {
            Node::Query => self.query(field, arguments),
            Node::Mutation => self.mutation(field, &arguments["input"]),
            Node::Actor(login) => self.actor(login, field, false),
            Node::Viewer(login) => self.actor(login, field, true),
            Node::Team(org, slug) => self.team(org, slug, field),
            Node::App(id) => self.app(*id, field),
            Node::Repository(repo) => self.repository(repo, field, arguments),
            Node::Ref(repo, name) => self.git_ref(repo, name, field),
            Node::Commit(repo, sha) => self.commit(repo, sha, field),
            Node::Tree(repo, sha) | Node::Blob(repo, sha) => self.git_object(repo, sha, field),
            Node::Status(repo, sha) | Node::Rollup(repo, sha) => {
                self.rollup(node, repo, sha, field, arguments)
            }
            Node::StatusContext(repo, sha, id) => self.status_context(repo, sha, *id, field),
            Node::CheckRun(repo, id) => self.check_run(repo, *id, field),
            Node::CheckSuite(app) => check_suite(*app, field),
            Node::Label(repo, name) => self.label(repo, name, field),
            Node::Issue(repo, number) => self.issue(repo, *number, field, arguments),
            Node::Pull(repo, number) => self.pull(repo, *number, field, arguments),
            Node::PullCommit(repo, number, sha) => pull_commit(repo, *number, sha, field),
            Node::Comment(repo, id) => self.comment(repo, *id, field, arguments),
            Node::Review(repo, number, id) => self.review(repo, *number, *id, field, arguments),
            Node::ReviewComment(repo, id) => self.review_comment(repo, *id, field, arguments),
            Node::Reaction(repo, subject, id) => self.reaction(repo, *subject, *id, field),
            Node::ReactionGroup(repo, subject, content) => {
                self.reaction_group(repo, *subject, content, field)
            }
            Node::ReviewRequest(repo, number, asked, team) => {
                self.review_request(repo, *number, asked, *team, field)
            }
            Node::GitActor(who) => self.git_actor(who, field),
            Node::Reacted(_, repo, subject, made, id) => self.reacted(repo, *subject, *made, id, field),
            Node::Changed(_, repo, number, id) => Ok(match field {
                "pullRequest" => Out::Node(Node::Pull(repo.clone(), *number)),
                _ => Out::Plain(id.clone()),
            }),
            Node::Small(_, fields) => Ok(Out::Plain(fields[field].clone())),
        }
    }
}

/// A field that the schema has and nothing here answers. A test looks for such.
pub(super) fn unanswered(of: &str, field: &str) -> Resolved {
    Err(Failure { kind: "INTERNAL", message: format!("world-github has no answer for {of}.{field}") })
}

/// A plain value.
#[expect(clippy::unnecessary_wraps, reason = "it ends resolvers, which may fail")]
pub(super) fn plain(value: impl Into<Value>) -> Resolved {
    Ok(Out::Plain(value.into()))
}

/// A time.
pub(super) fn time(at: jiff::Timestamp) -> Resolved {
    plain(crate::clock::shown(at))
}

/// A time, or null.
pub(super) fn maybe_time(at: Option<jiff::Timestamp>) -> Resolved {
    plain(crate::render::maybe(at))
}

/// Words as enums have them: `changes_requested` becomes `CHANGES_REQUESTED`.
pub(super) fn shouted(word: &str) -> Resolved {
    plain(json!(word.to_uppercase().replace([' ', '-'], "_")))
}

/// The names in an argument that is a list.
pub(super) fn listed(argument: &Value) -> Option<Vec<Name>> {
    let all = argument.as_array()?;
    Some(all.iter().filter_map(Value::as_str).map(Name::from).collect())
}
