//! The looks over GraphQL: one question brings a pull request with all that hangs on it. Queries stand in `queries/`
//! and take variables only.

use super::transport::{Transport, parse};
use crate::{ForgeError, ItemSnapshot, PullSnapshot, Viewer, ViewerKind};
use decide::facts::{
    BaseSha, CheckConclusion, CheckRun, CheckStatus, Comment, CommentId, CommitSha, CommitStatus, HeadSha,
    Login, MergeState, Mergeable, PullRequest, RepoName, Review, ReviewDecision, ReviewState, StatusState,
};
use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

const FIELDS: &str = include_str!("queries/fields.graphql");
const OPEN_PULLS: &str = include_str!("queries/open_pulls.graphql");
const PULL: &str = include_str!("queries/pull.graphql");
const ISSUE: &str = include_str!("queries/issue.graphql");
const MARK: &str = include_str!("queries/mark.graphql");

/// All open pull requests, without comments.
pub(super) async fn open_pulls(
    via: &Transport,
    repository: &RepoName,
) -> Result<Vec<PullSnapshot>, ForgeError> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let variables = json!({ "owner": repository.owner, "name": repository.name, "after": after });
        let data: Data<PullList> =
            ask(via, &format!("open pull requests of {repository}"), OPEN_PULLS, variables).await?;
        let page = data.repository.ok_or_else(|| missing(repository))?.pull_requests;
        all.extend(page.nodes.into_iter().flatten().map(|node| node.snapshot(repository)));
        after = page.page_info.and_then(PageInfo::next);
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// One pull request with comments and reviews.
pub(super) async fn pull(
    via: &Transport,
    repository: &RepoName,
    number: u64,
) -> Result<PullSnapshot, ForgeError> {
    let what = format!("pull request {repository}#{number}");
    let (mut comments, mut reviews) = (Pages::default(), Pages::default());
    loop {
        let variables = json!({
            "owner": repository.owner, "name": repository.name, "number": number,
            "comments": comments.cursor, "reviews": reviews.cursor,
        });
        let data: Data<OnePull> = ask(via, &what, PULL, variables).await?;
        let found = data.repository.and_then(|repository| repository.pull_request);
        let mut node = found.ok_or_else(|| ForgeError::NotFound { what: what.clone() })?;
        comments.take(node.comments.take());
        reviews.take(node.reviews.take());
        if comments.ended && reviews.ended {
            let mut snapshot = node.snapshot(repository);
            snapshot.comments = comments.items.into_iter().map(|c| c.comment(CommentId::Comment)).collect();
            for review in reviews.items {
                let (review, lines) = review.review();
                snapshot.reviews.extend(review);
                snapshot.comments.extend(lines);
            }
            snapshot.comments.sort_by_key(|comment| (comment.created_at, comment.id));
            return Ok(snapshot);
        }
    }
}

/// One issue with comments.
pub(super) async fn issue(
    via: &Transport,
    repository: &RepoName,
    number: u64,
) -> Result<ItemSnapshot, ForgeError> {
    let what = format!("issue {repository}#{number}");
    let mut comments = Pages::default();
    loop {
        let variables = json!({
            "owner": repository.owner, "name": repository.name, "number": number, "comments": comments.cursor,
        });
        let data: Data<OneIssue> = ask(via, &what, ISSUE, variables).await?;
        let found = data.repository.and_then(|repository| repository.issue);
        let mut node = found.ok_or_else(|| ForgeError::NotFound { what: what.clone() })?;
        comments.take(node.comments.take());
        if comments.ended {
            return Ok(ItemSnapshot {
                repository: repository.clone(),
                number,
                node_id: node.id,
                title: node.title,
                body: node.body,
                author: node.author.map(|a| a.login()),
                open: node.state == "OPEN",
                labels: node.labels.map(Connection::names).unwrap_or_default().into_iter().collect(),
                assignees: node.assignees.map(Connection::logins).unwrap_or_default(),
                comments: comments.items.into_iter().map(|c| c.comment(CommentId::Comment)).collect(),
                description_marked: marked(&node.reaction_groups),
                description_edited_at: node.last_edited_at,
                created_at: node.created_at,
            });
        }
    }
}

/// Puts our mark on a text. One that is gone needs none.
pub(super) async fn mark(via: &Transport, node_id: &str, what: CommentId) -> Result<(), ForgeError> {
    via.wait_for_turn().await;
    match ask::<Value>(via, &format!("a mark on {what:?}"), MARK, json!({ "subject": node_id })).await {
        Ok(_) | Err(ForgeError::NotFound { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Who the credentials are, where REST knows no user: an App's installation.
pub(super) async fn viewer(via: &Transport) -> Result<Viewer, ForgeError> {
    #[derive(Deserialize)]
    struct Me {
        viewer: Actor,
    }
    let me: Me = ask(via, "the viewer", "query Viewer { viewer { login } }", json!({})).await?;
    Ok(Viewer { login: me.viewer.login(), kind: ViewerKind::App })
}

async fn ask<T: DeserializeOwned>(
    via: &Transport,
    what: &str,
    query: &str,
    variables: Value,
) -> Result<T, ForgeError> {
    let query = fragments_for(query) + query;
    let body = via.graphql(what, &json!({ "query": query, "variables": variables })).await?;
    let answer: Response<Value> = parse(what, &body)?;
    if let Some(error) = answer.errors.first() {
        let message = error.message.clone();
        let what = what.to_owned();
        return Err(match error.kind.as_deref() {
            Some("NOT_FOUND") => ForgeError::NotFound { what },
            Some("FORBIDDEN" | "INSUFFICIENT_SCOPES") => ForgeError::Forbidden { what, message },
            Some("RATE_LIMITED") => via.limited_by_graphql(),
            Some(_) | None => ForgeError::Refused { what, status: 200, message },
        });
    }
    serde_json::from_value(answer.data.unwrap_or_default()).map_err(|e| ForgeError::Unclear {
        what: what.to_owned(),
        message: format!("the answer does not have the expected form: {e}"),
    })
}

/// The fragments that a query names: GitHub refuses a document with fragments that it does not use.
fn fragments_for(query: &str) -> String {
    let mut fragments = String::new();
    for part in FIELDS.split("fragment ").skip(1) {
        let name = part.split_whitespace().next().unwrap_or_default();
        if query.contains(&format!("...{name}")) {
            fragments.push_str("fragment ");
            fragments.push_str(part);
        }
    }
    fragments
}

fn missing(repository: &RepoName) -> ForgeError {
    ForgeError::NotFound { what: format!("repository {repository}") }
}

#[derive(Deserialize)]
struct Response<T> {
    data: Option<T>,
    #[serde(default)]
    errors: Vec<GraphqlError>,
}

#[derive(Deserialize)]
struct GraphqlError {
    message: String,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Data<R> {
    repository: Option<R>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PullList {
    pull_requests: Connection<PullNode>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OnePull {
    pull_request: Option<PullNode>,
}

#[derive(Deserialize)]
struct OneIssue {
    issue: Option<IssueNode>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Connection<T> {
    #[serde(default = "Vec::new")]
    nodes: Vec<Option<T>>,
    page_info: Option<PageInfo>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

impl PageInfo {
    fn next(self) -> Option<String> {
        if self.has_next_page { self.end_cursor } else { None }
    }
}

/// The pages of one list inside a question that is asked again for each page.
struct Pages<T> {
    items: Vec<T>,
    cursor: Option<String>,
    ended: bool,
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self { items: Vec::new(), cursor: None, ended: false }
    }
}

impl<T> Pages<T> {
    fn take(&mut self, page: Option<Connection<T>>) {
        if self.ended {
            return; // the other list was longer: this page was seen before
        }
        let Some(page) = page else {
            self.ended = true;
            return;
        };
        self.items.extend(page.nodes.into_iter().flatten());
        match page.page_info.and_then(PageInfo::next) {
            Some(cursor) => self.cursor = Some(cursor),
            None => self.ended = true,
        }
    }
}

#[derive(Deserialize)]
struct Actor {
    #[serde(rename = "__typename", default)]
    kind: String,
    login: String,
}

impl Actor {
    /// REST calls an app by its name with `[bot]`, GraphQL without: here it is always with.
    fn login(&self) -> Login {
        if self.is_bot() && !self.login.ends_with("[bot]") {
            return Login::new(format!("{}[bot]", self.login));
        }
        Login::new(&self.login)
    }
    fn is_bot(&self) -> bool {
        self.kind == "Bot"
    }
}

#[derive(Deserialize)]
struct Named {
    #[serde(alias = "title")]
    name: String,
}

impl Connection<Named> {
    fn names(self) -> Vec<String> {
        self.nodes.into_iter().flatten().map(|node| node.name).collect()
    }
}

impl Connection<Actor> {
    fn logins(self) -> Vec<Login> {
        self.nodes.into_iter().flatten().map(|actor| actor.login()).collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReactionGroup {
    content: String,
    viewer_has_reacted: bool,
}

fn marked(groups: &[ReactionGroup]) -> bool {
    groups.iter().any(|group| group.content == "EYES" && group.viewer_has_reacted)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommentNode {
    id: String,
    database_id: Option<u64>,
    #[serde(default)]
    url: String,
    body: String,
    author: Option<Actor>,
    created_at: Timestamp,
    last_edited_at: Option<Timestamp>,
    #[serde(default)]
    reaction_groups: Vec<ReactionGroup>,
}

impl CommentNode {
    fn comment(self, kind: impl Fn(u64) -> CommentId) -> Comment {
        Comment {
            id: kind(self.database_id.unwrap_or_default()),
            author_is_bot: self.author.as_ref().is_some_and(Actor::is_bot),
            author: self.author.map(|actor| actor.login()),
            marked: marked(&self.reaction_groups),
            node_id: self.id,
            body: self.body,
            created_at: self.created_at,
            last_edited_at: self.last_edited_at,
            url: self.url,
        }
    }
}

#[derive(Deserialize)]
struct ReviewNode {
    #[serde(flatten)]
    text: CommentNode,
    state: String,
    commit: Option<Oid>,
    comments: Option<Connection<CommentNode>>,
}

impl ReviewNode {
    /// The review, unless its commit is gone or it was not sent, and its comments on lines.
    fn review(self) -> (Option<Review>, Vec<Comment>) {
        let lines = self.comments.into_iter().flat_map(|page| page.nodes).flatten();
        let lines = lines.map(|comment| comment.comment(CommentId::ReviewComment)).collect();
        let state = match self.state.as_str() {
            "APPROVED" => ReviewState::Approved,
            "CHANGES_REQUESTED" => ReviewState::ChangesRequested,
            "COMMENTED" => ReviewState::Commented,
            "DISMISSED" => ReviewState::Dismissed,
            "PENDING" => ReviewState::Pending,
            other => ReviewState::Other(other.to_owned()),
        };
        let review = self.commit.map(|commit| Review {
            comment: self.text.comment(CommentId::Review),
            state,
            commit: HeadSha::new(commit.oid),
        });
        (review, lines)
    }
}

#[derive(Deserialize)]
struct Oid {
    oid: String,
}

#[derive(Deserialize)]
struct Reference {
    target: Option<Oid>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PullNode {
    id: String,
    number: u64,
    title: String,
    #[serde(default)]
    body: String,
    state: String,
    #[serde(default)]
    is_draft: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
    last_edited_at: Option<Timestamp>,
    author: Option<Actor>,
    base_ref_name: String,
    base_ref: Option<Reference>,
    head_ref_name: String,
    head_ref_oid: String,
    #[serde(default)]
    mergeable: String,
    #[serde(default)]
    merge_state_status: String,
    #[serde(default)]
    can_be_rebased: bool,
    merge_commit: Option<MergeCommit>,
    review_decision: Option<String>,
    labels: Option<Connection<Named>>,
    milestone: Option<Named>,
    assignees: Option<Connection<Actor>>,
    review_requests: Option<Connection<ReviewRequest>>,
    #[serde(default)]
    reaction_groups: Vec<ReactionGroup>,
    commits: Option<Connection<PullCommit>>,
    comments: Option<Connection<CommentNode>>,
    reviews: Option<Connection<ReviewNode>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IssueNode {
    id: String,
    title: String,
    #[serde(default)]
    body: String,
    state: String,
    created_at: Timestamp,
    last_edited_at: Option<Timestamp>,
    author: Option<Actor>,
    labels: Option<Connection<Named>>,
    assignees: Option<Connection<Actor>>,
    #[serde(default)]
    reaction_groups: Vec<ReactionGroup>,
    comments: Option<Connection<CommentNode>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReviewRequest {
    requested_reviewer: Option<Reviewer>,
}

/// A user or a team; only users carry a login.
#[derive(Deserialize)]
struct Reviewer {
    login: Option<String>,
}

#[derive(Deserialize)]
struct MergeCommit {
    oid: String,
}

#[derive(Deserialize)]
struct PullCommit {
    commit: Commit,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Commit {
    status_check_rollup: Option<Rollup>,
}

#[derive(Deserialize)]
struct Rollup {
    contexts: Connection<RollupContext>,
}

#[derive(Deserialize)]
#[serde(tag = "__typename")]
enum RollupContext {
    #[serde(rename_all = "camelCase")]
    StatusContext {
        context: String,
        state: String,
        description: Option<String>,
        target_url: Option<String>,
        created_at: Option<Timestamp>,
        creator: Option<Actor>,
    },
    CheckRun {
        name: String,
        status: String,
        conclusion: Option<String>,
    },
    #[serde(other)]
    Unknown,
}

impl PullNode {
    fn snapshot(self, repository: &RepoName) -> PullSnapshot {
        let (statuses, check_runs) = rollup(self.commits);
        let requested = self.review_requests.into_iter().flat_map(|page| page.nodes).flatten();
        let pull = PullRequest {
            repository: repository.clone(),
            number: self.number,
            node_id: self.id,
            title: self.title,
            body: self.body,
            author_is_bot: self.author.as_ref().is_some_and(Actor::is_bot),
            author: self.author.map(|actor| actor.login()),
            base_ref: self.base_ref_name,
            base_sha: BaseSha::new(
                self.base_ref.and_then(|base| base.target).map(|t| t.oid).unwrap_or_default(),
            ),
            head_ref: self.head_ref_name,
            head_sha: HeadSha::new(self.head_ref_oid),
            labels: self.labels.map(Connection::names).unwrap_or_default().into_iter().collect(),
            milestone: self.milestone.map(|milestone| milestone.name),
            assignees: self.assignees.map(Connection::logins).unwrap_or_default(),
            requested_reviewers: requested
                .filter_map(|request| request.requested_reviewer?.login)
                .map(Login::new)
                .collect(),
            draft: self.is_draft,
            open: self.state == "OPEN",
            merged: self.state == "MERGED",
            mergeable: match self.mergeable.as_str() {
                "MERGEABLE" => Mergeable::Mergeable,
                "CONFLICTING" => Mergeable::Conflicting,
                _ => Mergeable::Unknown,
            },
            merge_state: merge_state(&self.merge_state_status),
            review_decision: review_decision(self.review_decision.as_deref()),
            created_at: self.created_at,
            updated_at: self.updated_at,
        };
        PullSnapshot {
            pull,
            comments: Vec::new(),
            reviews: Vec::new(),
            statuses,
            check_runs,
            description_marked: marked(&self.reaction_groups),
            description_edited_at: self.last_edited_at,
            merge_commit: self.merge_commit.map(|commit| CommitSha::new(commit.oid)),
            can_be_rebased: self.can_be_rebased,
        }
    }
}

fn merge_state(word: &str) -> MergeState {
    match word {
        "BLOCKED" => MergeState::Blocked,
        "BEHIND" => MergeState::Behind,
        "CLEAN" => MergeState::Clean,
        "DIRTY" => MergeState::Dirty,
        "DRAFT" => MergeState::Draft,
        "HAS_HOOKS" => MergeState::HasHooks,
        "UNSTABLE" => MergeState::Unstable,
        "UNKNOWN" | "" => MergeState::Unknown,
        other => MergeState::Other(other.to_owned()),
    }
}

fn review_decision(word: Option<&str>) -> ReviewDecision {
    match word {
        None => ReviewDecision::None,
        Some("APPROVED") => ReviewDecision::Approved,
        Some("CHANGES_REQUESTED") => ReviewDecision::ChangesRequested,
        Some("REVIEW_REQUIRED") => ReviewDecision::ReviewRequired,
        Some(other) => ReviewDecision::Other(other.to_owned()),
    }
}

fn rollup(commits: Option<Connection<PullCommit>>) -> (Vec<CommitStatus>, Vec<CheckRun>) {
    let (mut statuses, mut check_runs) = (Vec::new(), Vec::new());
    let head = commits.into_iter().flat_map(|page| page.nodes).flatten().next();
    let contexts = head.and_then(|head| head.commit.status_check_rollup).map(|rollup| rollup.contexts.nodes);
    for context in contexts.into_iter().flatten().flatten() {
        match context {
            RollupContext::StatusContext { context, state, description, target_url, created_at, creator } => {
                statuses.push(CommitStatus {
                    context,
                    state: match state.as_str() {
                        "SUCCESS" => StatusState::Success,
                        "FAILURE" => StatusState::Failure,
                        "ERROR" => StatusState::Error,
                        _ => StatusState::Pending,
                    },
                    description: description.unwrap_or_default(),
                    target_url: target_url.unwrap_or_default(),
                    creator: creator.map(|actor| actor.login()),
                    created_at,
                });
            }
            RollupContext::CheckRun { name, status, conclusion } => check_runs.push(CheckRun {
                name,
                status: match status.as_str() {
                    "COMPLETED" => CheckStatus::Completed,
                    "IN_PROGRESS" | "QUEUED" | "PENDING" | "WAITING" | "REQUESTED" => CheckStatus::Running,
                    other => CheckStatus::Other(other.to_owned()),
                },
                conclusion: conclusion.map(|conclusion| match conclusion.as_str() {
                    "SUCCESS" => CheckConclusion::Success,
                    "NEUTRAL" => CheckConclusion::Neutral,
                    "SKIPPED" => CheckConclusion::Skipped,
                    "FAILURE" => CheckConclusion::Failure,
                    other => CheckConclusion::Other(other.to_owned()),
                }),
            }),
            RollupContext::Unknown => {}
        }
    }
    (statuses, check_runs)
}
