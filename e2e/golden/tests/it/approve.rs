//! The approval of pull requests.

use crate::owners::{read_tree, tree};
use decide::{
    command::CommandAction,
    facts::{Comment, CommentId, HeadSha, Login, Review, ReviewState},
    owners::{
        Owners, Role,
        approval::{self, APPROVED, Approval, How, Issue, Label, Observed, Policy},
        notification::{self, Page},
    },
};
use golden::Case;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Cases that Prow answered. Where an event is none of approve's, Prow looks at nothing; we look at whatever is there,
/// at any time, so there is nothing to compare.
fn answered(cases: Vec<Case>) -> Vec<Case> {
    let all = cases.len();
    let cases: Vec<Case> = cases.into_iter().filter(|case| case.want["ran"] == true).collect();
    println!("approve: {} of {all} events make Prow look; the others are not compared", cases.len());
    cases
}

#[test]
fn approval_is_as_in_prow() {
    golden::hold("chatops/approve", &answered(golden::synthetic("chatops/approve")), |case| {
        compare(case, &tree(&case.input), Sets::All)
    });
}

#[test]
fn approval_over_real_trees_is_as_in_prow() {
    let Some(corpus) = golden::corpus("approval over real OWNERS trees") else { return };
    let cases = answered(corpus.cases("approve"));
    let mut trees: BTreeMap<&str, Owners> = BTreeMap::new();
    for case in &cases {
        let name = case.input["tree"].as_str().unwrap();
        trees.entry(name).or_insert_with(|| read_tree(&corpus.path(name)));
    }
    golden::hold("corpus/approve", &cases, |case| {
        compare(case, &trees[case.input["tree"].as_str().unwrap()], Sets::Some)
    });
}

/// Whether a case names every set of people that may be suggested. In wide trees there are too many.
#[derive(Clone, Copy, PartialEq)]
enum Sets {
    All,
    Some,
}

fn compare(case: &Case, owners: &Owners, listed: Sets) -> Result<(), String> {
    let input = Input::read(&case.input);
    let seen = input.observed();
    let approval = approval::summarise(&input.policy, owners, &seen);
    let page = input.page();
    let plan = approval::plan(&seen, &approval, &page);
    let label = |wanted: fn(&CommandAction) -> bool| plan.iter().any(|planned| wanted(&planned.action));
    let change = if label(|action| *action == CommandAction::AddLabel(APPROVED.to_owned())) {
        "add"
    } else if label(|action| *action == CommandAction::RemoveLabel(APPROVED.to_owned())) {
        "remove"
    } else {
        "none"
    };
    let files = |places: Vec<&str>| -> Vec<String> {
        let files: BTreeSet<String> =
            places.into_iter().map(|place| notification::file(place, &page)).collect();
        files.into_iter().collect()
    };
    let ours = json!({
        "approved": approval.approved,
        "owners_files_needed": files(approval.places.keys().map(String::as_str).collect()),
        "owners_files_unapproved": files(approval.open_places().collect()),
        "label_change": change,
    });
    let mut problems: Vec<String> = ours
        .as_object()
        .unwrap()
        .iter()
        .filter(|(key, value)| **value != case.want[key.as_str()])
        .map(|(key, value)| format!("{key}: ours {value}, want {}", case.want[key.as_str()]))
        .collect();
    problems.extend(suggestion(case, owners, &input, &approval, listed).err());
    if let Some(text) = case.want["notification"]["text"].as_str() {
        problems.extend(facts(text, &approval, &page, &notification::text(&approval, &page)));
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

/// One of Prow's sets, or a better one: not larger than the largest, without the author, covering what is open.
fn suggestion(
    case: &Case,
    owners: &Owners,
    input: &Input,
    approval: &Approval,
    listed: Sets,
) -> Result<(), String> {
    let ours: Vec<String> = approval.suggested().iter().map(Login::folded).collect();
    let sets: Vec<Vec<String>> = serde_json::from_value(case.want["suggested_any_of"].clone()).unwrap();
    if sets.contains(&ours) {
        return Ok(());
    }
    let quirk = case.quirk.to_string();
    let better = quirk.contains("coverage heuristic") || quirk.contains("author is suggested");
    let largest = sets.iter().map(Vec::len).max().unwrap_or(0);
    let author = input.author.as_ref().is_some_and(|author| approval.suggested().contains(author));
    let people: BTreeSet<Login> = approval.suggested();
    let covered = input.files.iter().all(|file| {
        let open = approval.open_places().any(|place| place == owners.place_of(Role::Approver, file));
        !open || owners.all(Role::Approver, file).iter().any(|login| people.contains(login))
    });
    if (better || listed == Sets::Some) && ours.len() <= largest && !author && covered {
        return Ok(());
    }
    Err(format!("suggested: ours {ours:?}, want one of {sets:?}"))
}

/// The facts of Prow's text, looked for in what we found and in what we write.
fn facts(theirs: &str, approval: &Approval, page: &Page<'_>, ours: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut expect = |what: &str, ours: String, theirs: String| {
        if ours != theirs {
            problems.push(format!("{what}: ours {ours}, want {theirs}"));
        }
    };
    let first = |text: &str| text.lines().find(|line| line.starts_with('[')).unwrap_or("").to_owned();
    expect("title", first(ours), first(theirs));
    let title = |how: How| match how {
        How::Approved => "Approved",
        How::Lgtm => "LGTM",
        How::Author => "Author self-approved",
    };
    let given: BTreeSet<(String, String)> =
        approval.given.iter().map(|g| (g.by.to_string(), title(g.how).to_owned())).collect();
    let pattern = regex::Regex::new(r#"<a href="[^"]*" title="([^"]*)">([^<]*)</a>"#).unwrap();
    let by =
        theirs.lines().find(|line| line.starts_with("This pull-request has been approved by:")).unwrap_or("");
    let wanted: BTreeSet<(String, String)> =
        pattern.captures_iter(by).map(|c| (c[2].to_owned(), c[1].to_owned())).collect();
    expect("approved by", format!("{given:?}"), format!("{wanted:?}"));
    let by_hand = theirs.contains("Approval requirements bypassed by manually added approval");
    expect("by hand", approval.by_hand.to_string(), by_hand.to_string());
    if theirs.contains("*No associated issue*") {
        expect("issue", format!("{:?}", approval.issue), format!("{:?}", Issue::Missing));
    }
    if let Some((_, rest)) = theirs.split_once("Associated issue: *#") {
        let number = rest.split('*').next().unwrap().parse().unwrap();
        expect("issue", format!("{:?}", approval.issue), format!("{:?}", Issue::Named(number)));
    }
    for given in &approval.given {
        assert!(ours.contains(given.by.as_str()), "{} is missing in:\n{ours}", given.by);
    }
    for place in approval.places.keys() {
        assert!(ours.contains(&notification::file(place, page)), "{place} is missing in:\n{ours}");
    }
    assert!(ours.contains(notification::MARKER) && ours.contains("<!-- META={\"approvers\":["));
    problems
}

struct Input {
    number: u64,
    us: Login,
    author: Option<Login>,
    description: String,
    assignees: Vec<Login>,
    files: Vec<String>,
    comments: Vec<Comment>,
    reviews: Vec<Review>,
    label: Label,
    policy: Policy,
    branch: String,
    file: String,
}

impl Input {
    fn read(input: &Value) -> Self {
        let item = &input["item"];
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
        let mut comments: Vec<Comment> = list(&input["comments"])
            .iter()
            .map(|c| comment(c, CommentId::Comment(c["id"].as_u64().unwrap())))
            .collect();
        comments.extend(
            list(&input["review_comments"])
                .iter()
                .map(|c| comment(c, CommentId::ReviewComment(c["id"].as_u64().unwrap()))),
        );
        let reviews = list(&input["reviews"]).iter().map(review).collect();
        let has_label =
            list(&item["labels"]).iter().any(|l| l.as_str().unwrap().eq_ignore_ascii_case(APPROVED));
        let by_hand = item["approved_label_added_by"]
            .as_str()
            .is_some_and(|by| !by.is_empty() && !by.starts_with("prow-robot"));
        Self {
            number: item["number"].as_u64().unwrap(),
            us: Login::new("prow-robot"),
            author: item["author"].as_str().map(Login::new),
            description: text(&item["body"]),
            assignees: list(&item["assignees"]).iter().map(|a| Login::new(a.as_str().unwrap())).collect(),
            files: list(&item["changes"]).iter().map(|c| text(&c["filename"])).collect(),
            comments,
            reviews,
            label: match (has_label, by_hand) {
                (false, _) => Label::Absent,
                (true, false) => Label::Ours,
                (true, true) => Label::ByHand,
            },
            policy: policy(&input["config"]["approve"]),
            branch: item["base"].as_str().unwrap_or("main").to_owned(),
            file: text_or(&input["config"]["owners"]["filenames"]["acme/widgets"]["owners"], "OWNERS"),
        }
    }

    fn observed(&self) -> Observed<'_> {
        Observed {
            number: self.number,
            organization: "acme",
            us: &self.us,
            author: self.author.as_ref(),
            description: &self.description,
            assignees: &self.assignees,
            files: &self.files,
            comments: &self.comments,
            reviews: &self.reviews,
            label: self.label,
        }
    }

    fn page(&self) -> Page<'_> {
        Page {
            server: "https://github.com",
            repository: "acme/widgets",
            branch: &self.branch,
            file: &self.file,
            command_help: "https://ci.example.org/commands?repo=acme%2Fwidgets",
            process: "https://ci.example.org/process",
            pull_request: "https://github.com/acme/widgets/pull/1",
        }
    }
}

fn text_or(value: &Value, default: &str) -> String {
    value.as_str().unwrap_or(default).to_owned()
}

/// The first entry for the repository, else for its owner: Prow's choice, before it becomes our policy.
fn policy(entries: &Value) -> Policy {
    let entries = entries.as_array().cloned().unwrap_or_default();
    let of = |name: &str| {
        entries
            .iter()
            .find(|entry| entry["repos"].as_array().is_some_and(|repos| repos.contains(&json!(name))))
    };
    let entry = of("acme/widgets").or_else(|| of("acme")).cloned().unwrap_or_default();
    let set = |key: &str| entry[key].as_bool().unwrap_or(false);
    Policy {
        issue_required: set("issue_required"),
        self_approval_implied: !set("require_self_approval"),
        lgtm_approves: set("lgtm_acts_as_approve"),
        reviews_count: !set("ignore_review_state"),
        manual_label_counts: true,
    }
}

fn comment(value: &Value, id: CommentId) -> Comment {
    Comment {
        id,
        node_id: String::new(),
        author: value["user"].as_str().map(Login::new),
        author_is_bot: value["user_type"] == "Bot"
            || value["user"].as_str().is_some_and(|user| user.ends_with("[bot]")),
        body: value["body"].as_str().unwrap_or("").to_owned(),
        created_at: value["at"].as_str().unwrap_or("2026-05-01T00:00:00Z").parse().unwrap(),
        last_edited_at: None,
        marked: false,
        url: String::new(),
    }
}

fn review(value: &Value) -> Review {
    let state = match value["state"].as_str().unwrap_or("") {
        "APPROVED" => ReviewState::Approved,
        "CHANGES_REQUESTED" => ReviewState::ChangesRequested,
        "COMMENTED" => ReviewState::Commented,
        "DISMISSED" => ReviewState::Dismissed,
        "PENDING" => ReviewState::Pending,
        other => ReviewState::Other(other.to_owned()),
    };
    let id = CommentId::Review(value["id"].as_u64().unwrap());
    Review { comment: comment(value, id), state, commit: HeadSha::new("a".repeat(40)) }
}
