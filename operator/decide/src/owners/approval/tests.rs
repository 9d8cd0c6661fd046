use super::*;
use crate::{
    facts::HeadSha,
    owners::{Layout, notification::Page},
};

/// A pull request of zoe's with one file, into a repository where alice owns `a/` and root everything.
struct World {
    policy: Policy,
    author: Login,
    files: Vec<String>,
    comments: Vec<Comment>,
    reviews: Vec<Review>,
    description: String,
    label: Label,
}

fn change(file: &str) -> World {
    World {
        policy: Policy::default(),
        author: Login::new("zoe"),
        files: vec![file.to_owned()],
        comments: Vec::new(),
        reviews: Vec::new(),
        description: String::new(),
        label: Label::Absent,
    }
}

fn text(who: &str, body: &str, minute: i64) -> Comment {
    Comment {
        id: CommentId::Comment(u64::try_from(minute).unwrap()),
        node_id: String::new(),
        author: Some(Login::new(who)),
        author_is_bot: false,
        body: body.to_owned(),
        created_at: jiff::Timestamp::from_second(minute * 60).unwrap(),
        last_edited_at: None,
        marked: false,
        url: format!("https://github.com/acme/widgets/pull/1#issuecomment-{minute}"),
    }
}

impl World {
    fn says(mut self, who: &str, body: &str) -> Self {
        let minute = i64::try_from(self.comments.len() + self.reviews.len()).unwrap() + 1;
        self.comments.push(text(who, body, minute));
        self
    }

    fn reviews(mut self, who: &str, state: ReviewState) -> Self {
        let minute = i64::try_from(self.comments.len() + self.reviews.len()).unwrap() + 1;
        let commit = HeadSha::new("a".repeat(40));
        self.reviews.push(Review { comment: text(who, "", minute), state, commit });
        self
    }

    fn observed<'a>(&'a self, us: &'a Login) -> Observed<'a> {
        Observed {
            number: 1,
            organization: "acme",
            us,
            author: Some(&self.author),
            description: &self.description,
            assignees: &[],
            files: &self.files,
            comments: &self.comments,
            reviews: &self.reviews,
            label: self.label,
        }
    }

    fn approval(&self) -> Approval {
        summarise(&self.policy, &owners(), &self.observed(&Login::new("bot")))
    }
}

fn owners() -> Owners {
    let files = [
        ("OWNERS", "approvers: [root]"),
        ("a/OWNERS", "approvers: [alice]"),
        ("d/OWNERS", "approvers: [dora]\noptions: {auto_approve_unowned_subfolders: true}"),
        ("f/OWNERS", "filters: {'\\.go$': {approvers: [gopher]}, '\\.md$': {approvers: [writer]}}"),
    ];
    Owners::read(&Layout::default(), files)
}

#[test]
fn an_owner_approves_what_they_own() {
    assert!(!change("a/x").approval().approved);
    assert!(change("a/x").says("Alice", "/approve").approval().approved);
    assert!(!change("a/x").says("mallory", "/approve").approval().approved);
}

#[test]
fn the_latest_word_counts() {
    assert!(!change("a/x").says("alice", "/approve").says("alice", "/approve cancel").approval().approved);
    assert!(change("a/x").says("alice", "/remove-approve\n/approve").approval().approved);
    let changed_mind =
        change("a/x").reviews("alice", ReviewState::Approved).reviews("alice", ReviewState::ChangesRequested);
    assert!(!changed_mind.approval().approved);
}

#[test]
fn a_plain_approval_does_not_take_back_that_no_issue_is_needed() {
    let mut change = change("a/x").says("alice", "/approve no-issue").says("alice", "/approve");
    change.policy.issue_required = true;
    assert_eq!(change.approval().issue, Issue::Waived(vec![Login::new("alice")]));
}

#[test]
fn a_new_folder_below_needs_nobody_where_the_owners_say_so() {
    assert!(change("d/new/x").approval().approved);
    assert!(!change("d/x").approval().approved);
}

#[test]
fn a_place_with_filters_is_approved_file_by_file() {
    let mut change = change("f/x.go").says("gopher", "/approve");
    change.files.push("f/x.md".to_owned());
    let progress = &change.approval().places["f"];
    assert_eq!(*progress, Progress::Partly(vec![Login::new("gopher")]));
}

#[test]
fn a_pull_request_without_files_is_not_approved() {
    let mut change = change("a/x");
    change.files.clear();
    assert!(!change.approval().approved);
}

#[test]
fn a_label_set_by_hand_counts_only_where_the_repository_says_so() {
    let mut change = change("a/x");
    change.label = Label::ByHand;
    assert!(!change.approval().approved);
    change.policy.manual_label_counts = true;
    assert!(change.approval().approved && change.approval().by_hand);
}

#[test]
fn the_notification_tells_who_approved_and_whom_to_ask() {
    let mut change = change("a/x").says("mallory", "/approve");
    change.files.push("d/x".to_owned());
    let page = Page {
        server: "https://github.com",
        repository: "acme/widgets",
        branch: "main",
        file: "OWNERS",
        command_help: "https://ci.example.org/commands",
        process: "https://ci.example.org/process",
        pull_request: "https://github.com/acme/widgets/pull/1",
    };
    insta::assert_snapshot!(notification::text(&change.says("dora", "/approve").approval(), &page));
}
