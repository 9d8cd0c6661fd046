//! GraphQL: the sweep of a merge pool, pages, mutations, search, and errors in GitHub's words.

use serde_json::{Value, json};
use world_github::state::{Protection, RequiredReviews};
use world_github::{GitHub, Options};

use crate::github::{Client, WIDGETS, acme, acme_with, list};

const SWEEP: &str = r#"
query Sweep($owner: String!, $name: String!, $after: String) {
  rateLimit { cost remaining }
  repository(owner: $owner, name: $name) {
    main: ref(qualifiedName: "refs/heads/main") { target { oid } }
    pullRequests(states: [OPEN], baseRefName: "main", first: 2, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes {
        ...Change
        author { __typename login }
        commits(last: 1) { nodes { commit { oid statusCheckRollup { state contexts(first: 100) { nodes {
          __typename
          ... on StatusContext { context state description targetUrl }
          ... on CheckRun { name status conclusion }
        } } } } } }
        comments(first: 100) { nodes { id databaseId body lastEditedAt reactionGroups { content viewerHasReacted } } }
      }
    }
  }
}
fragment Change on PullRequest {
  id number title isDraft mergeable mergeStateStatus reviewDecision headRefOid baseRefOid updatedAt
  labels(first: 50) { totalCount nodes { name } }
}
"#;

async fn sweep(client: &Client, after: Value) -> Value {
    let reply =
        client.ask(SWEEP, json!({"owner": "acme", "name": "widgets", "after": after})).await.is(200).body;
    assert!(reply["errors"].is_null(), "{}", reply["errors"]);
    reply["data"].clone()
}

fn three_pulls(github: &GitHub) {
    for n in 1..=3 {
        github
            .user("rita")
            .open_pull(WIDGETS, &format!("fix-{n}"), &format!("Fix {n}"), &[(&format!("f{n}"), "x\n")])
            .unwrap();
    }
}

#[tokio::test]
async fn a_sweep_reads_all_that_a_pool_needs_in_pages() {
    let github = acme();
    three_pulls(&github);
    let head = github.look(|state| state.pull(&WIDGETS.into(), 1).unwrap().head_sha.clone());
    github.user("robot").set_status(WIDGETS, &head, "unit", "pending").unwrap();
    github.user("robot").label(WIDGETS, 1, "lgtm").unwrap();
    github.user("robin").comment(WIDGETS, 1, "/hold").unwrap();
    let client = Client::of(&github, "robot");
    let first = sweep(&client, Value::Null).await;
    let pulls = &first["repository"]["pullRequests"];
    assert_eq!(list(&pulls["nodes"], "title"), ["Fix 1", "Fix 2"]);
    let one = &pulls["nodes"][0];
    assert_eq!(
        (one["mergeable"].as_str(), one["mergeStateStatus"].as_str()),
        (Some("MERGEABLE"), Some("UNSTABLE"))
    );
    assert_eq!((one["labels"]["totalCount"].as_u64(), &one["reviewDecision"]), (Some(1), &Value::Null));
    let rollup = &one["commits"]["nodes"][0]["commit"]["statusCheckRollup"];
    assert_eq!(rollup["state"], "PENDING");
    assert_eq!(
        rollup["contexts"]["nodes"][0],
        json!({"__typename": "StatusContext", "context": "unit", "state": "PENDING", "description": null, "targetUrl": null})
    );
    assert!(pulls["nodes"][1]["commits"]["nodes"][0]["commit"]["statusCheckRollup"].is_null());
    assert_eq!(one["author"], json!({"__typename": "User", "login": "rita"}));
    assert_eq!(first["repository"]["main"]["target"]["oid"], one["baseRefOid"]);
    assert_eq!(pulls["pageInfo"]["hasNextPage"], true);
    let second = sweep(&client, pulls["pageInfo"]["endCursor"].clone()).await;
    assert_eq!(list(&second["repository"]["pullRequests"]["nodes"], "title"), ["Fix 3"]);
    assert_eq!(second["repository"]["pullRequests"]["pageInfo"]["hasNextPage"], false);
}

#[tokio::test]
async fn a_page_starts_right_after_its_cursor_even_if_something_closed_meanwhile() {
    let github = acme();
    three_pulls(&github);
    let client = Client::of(&github, "robot");
    let first = sweep(&client, Value::Null).await;
    github.user("rita").close(WIDGETS, 1).unwrap();
    let second = sweep(&client, first["repository"]["pullRequests"]["pageInfo"]["endCursor"].clone()).await;
    assert_eq!(list(&second["repository"]["pullRequests"]["nodes"], "title"), ["Fix 3"]);
}

#[tokio::test]
async fn the_bots_reaction_is_added_seen_and_removed() {
    let github = acme();
    three_pulls(&github);
    github.user("robin").comment(WIDGETS, 1, "/hold").unwrap();
    let client = Client::of(&github, "robot");
    let eyes = |data: &Value| {
        let groups =
            data["repository"]["pullRequests"]["nodes"][0]["comments"]["nodes"][0]["reactionGroups"].clone();
        let groups = groups.as_array().unwrap().clone();
        groups.into_iter().find(|group| group["content"] == "EYES").unwrap()["viewerHasReacted"].clone()
    };
    let before = sweep(&client, Value::Null).await;
    assert_eq!(eyes(&before), false);
    let id = before["repository"]["pullRequests"]["nodes"][0]["comments"]["nodes"][0]["id"].clone();
    let add = "mutation Mark($id: ID!) { addReaction(input: {subjectId: $id, content: EYES}) { reaction { content user { login } } subject { id } } }";
    let added = client.ask(add, json!({"id": id})).await.is(200).body;
    assert_eq!(
        added["data"]["addReaction"],
        json!({"reaction": {"content": "EYES", "user": {"login": "robot"}}, "subject": {"id": id}})
    );
    assert_eq!(eyes(&sweep(&client, Value::Null).await), true);
    assert_eq!(eyes(&sweep(&Client::of(&github, "ada"), Value::Null).await), false);
    assert_eq!(github.faults().writes(), 1);
    let remove =
        "mutation($id: ID!) { removeReaction(input: {subjectId: $id, content: EYES}) { clientMutationId } }";
    client.ask(remove, json!({"id": id})).await.is(200);
    assert_eq!(eyes(&sweep(&client, Value::Null).await), false);
    let gone = client.ask(add, json!({"id": "IC_1"})).await.is(200).body;
    assert_eq!(
        (gone["errors"][0]["type"].as_str(), gone["data"]["addReaction"].is_null()),
        (Some("NOT_FOUND"), true)
    );
}

async fn first_error(query: &str) -> Value {
    let github = acme();
    let reply = Client::of(&github, "robot").ask(query, json!({})).await.is(200).body;
    assert!(reply["data"].is_null(), "{reply}");
    reply["errors"][0].clone()
}

#[tokio::test]
async fn a_field_that_does_not_exist_is_refused_before_anything_is_read() {
    let error = first_error("query { repository(owner: \"nobody\", name: \"nothing\") { pullRequests(first: 1) { nodes { colour } } } }").await;
    assert_eq!(error["message"], "Field 'colour' doesn't exist on type 'PullRequest'");
    assert_eq!(
        error["extensions"],
        json!({"code": "undefinedField", "typeName": "PullRequest", "fieldName": "colour"})
    );
    assert_eq!(error["path"], json!(["query", "repository", "pullRequests", "nodes", "colour"]));
    assert_eq!(error["locations"], json!([{"line": 1, "column": 89}]));
}

#[tokio::test]
async fn other_mistakes_have_githubs_words_too() {
    let widgets = |rest: &str| format!("{{ repository(owner: \"acme\", name: \"widgets\") {{ {rest} }} }}");
    let cases = [
        (
            widgets("labels { totalCount }"),
            "You must provide a `first` or `last` value to properly paginate the `labels` connection.",
        ),
        (
            widgets("labels(first: 101) { totalCount }"),
            "Requesting 101 records on the `labels` connection exceeds the `first` limit of 100 records.",
        ),
        (
            widgets("labels(first: 1, colour: \"red\") { totalCount }"),
            "Field 'labels' doesn't accept argument 'colour'",
        ),
        (
            "{ repository(owner: \"acme\") { id } }".to_owned(),
            "Field 'repository' is missing required arguments: name",
        ),
        (
            widgets("owner"),
            "Field must have selections (field 'owner' returns RepositoryOwner but has no selections. Did you mean 'owner { ... }'?)",
        ),
        (
            widgets("name { first }"),
            "Selections can't be made on scalars (field 'name' returns String but has selections)",
        ),
        (widgets("...Nothing"), "Fragment Nothing was used, but not defined"),
        (widgets("owner { ... on Robot { id } }"), "No such type Robot, so it can't be a fragment condition"),
        ("query Q($x: Int) { viewer { login } }".to_owned(), "Variable $x is declared by Q but not used"),
        (
            widgets("pullRequests(first: 1, states: [OPENED]) { totalCount }"),
            "Argument 'states' on Field 'pullRequests' has an invalid value. Expected type 'PullRequestState'.",
        ),
        ("{ viewer { login }".to_owned(), "Parse error: Expected NAME, actual: End"),
    ];
    for (query, message) in cases {
        assert_eq!(first_error(&query).await["message"], message, "{query}");
    }
    let many = widgets(
        "pullRequests(first: 100) { nodes { comments(first: 100) { nodes { reactions(first: 100) { totalCount } } } } }",
    );
    assert_eq!(first_error(&many).await["type"], "MAX_NODE_LIMIT_EXCEEDED");
}

#[tokio::test]
async fn what_is_missing_is_null_beside_an_error_and_the_rest_is_there() {
    let github = acme();
    let query = "{ viewer { login } repository(owner: \"acme\", name: \"widgets\") { name pullRequest(number: 9) { id } } }";
    let reply = Client::of(&github, "robot").ask(query, json!({})).await.is(200).body;
    assert_eq!(
        reply["data"],
        json!({"viewer": {"login": "robot"}, "repository": {"name": "widgets", "pullRequest": null}})
    );
    let error = &reply["errors"][0];
    assert_eq!(error["message"], "Could not resolve to a PullRequest with the number of 9.");
    assert_eq!(
        (error["type"].as_str(), &error["path"]),
        (Some("NOT_FOUND"), &json!(["repository", "pullRequest"]))
    );
}

#[tokio::test]
async fn a_private_repository_does_not_resolve_for_strangers() {
    let github = acme();
    github.change(|state| state.repos.get_mut(&WIDGETS.into()).unwrap().private = true);
    let reply = Client::of(&github, "robin")
        .ask("{ repository(owner: \"acme\", name: \"widgets\") { id } }", json!({}))
        .await
        .body;
    assert_eq!(
        reply["errors"][0]["message"],
        "Could not resolve to a Repository with the name 'acme/widgets'."
    );
    assert_eq!(
        Client::with_token(&github, "nobody").ask("{ viewer { login } }", json!({})).await.status,
        401
    );
}

#[tokio::test]
async fn mergeability_is_unknown_in_all_fields_of_the_first_query_if_lazy() {
    let github = acme_with(Options { lazy_mergeable: true, ..Options::default() });
    three_pulls(&github);
    let client = Client::of(&github, "robot");
    let states = |data: &Value| {
        let one = &data["repository"]["pullRequests"]["nodes"][0];
        (one["mergeable"].as_str().unwrap().to_owned(), one["mergeStateStatus"].as_str().unwrap().to_owned())
    };
    assert_eq!(states(&sweep(&client, Value::Null).await), ("UNKNOWN".to_owned(), "UNKNOWN".to_owned()));
    assert_eq!(states(&sweep(&client, Value::Null).await), ("MERGEABLE".to_owned(), "CLEAN".to_owned()));
}

#[tokio::test]
async fn a_query_costs_points_of_its_own_budget() {
    let github = acme_with(Options { rate_limit: 2, ..Options::default() });
    let client = Client::of(&github, "robot");
    let query = "{ rateLimit { cost limit remaining } }";
    let reply = client.ask(query, json!({})).await;
    assert_eq!(reply.body["data"]["rateLimit"], json!({"cost": 1, "limit": 2, "remaining": 1}));
    assert_eq!(reply.header("x-ratelimit-resource"), "graphql");
    client.ask(query, json!({})).await;
    let spent = client.ask(query, json!({})).await.is(200);
    assert_eq!(spent.body["errors"][0]["type"], "RATE_LIMITED");
    assert_eq!(spent.header("x-ratelimit-remaining"), "0");
    client.get("/repos/acme/widgets").await.is(200);
}

#[tokio::test]
async fn search_finds_what_its_terms_say() {
    let github = acme();
    three_pulls(&github);
    github.user("robot").label(WIDGETS, 1, "lgtm").unwrap();
    github.user("robot").label(WIDGETS, 2, "lgtm").unwrap();
    github.user("robot").label(WIDGETS, 2, "do-not-merge/hold").unwrap();
    github.user("robin").open_issue(WIDGETS, "A bug", "").unwrap();
    let reviews = RequiredReviews { count: 1, ..RequiredReviews::default() };
    github
        .change(|state| {
            state.protect(
                WIDGETS,
                "main",
                Protection { required_reviews: Some(reviews), ..Protection::default() },
            )
        })
        .unwrap();
    github.user("ada").review(WIDGETS, 3, "APPROVE", "").unwrap();
    let client = Client::of(&github, "robot");
    let query = "query($q: String!) { search(type: ISSUE, first: 37, query: $q) { issueCount nodes { ... on PullRequest { number } ... on Issue { number } } } }";
    let cases = [
        ("is:pr state:open repo:acme/widgets label:\"lgtm\" -label:\"do-not-merge/hold\"", json!([1])),
        (
            "is:pr org:acme archived:false updated:2007-01-01T00:00:00Z..2027-01-01T00:00:00Z",
            json!([3, 2, 1]),
        ),
        ("is:pr org:acme -repo:acme/widgets", json!([])),
        ("is:issue user:acme author:robin", json!([4])),
        ("is:pr repo:acme/widgets review:approved", json!([3])),
        ("is:pr repo:acme/widgets repo:acme/gadgets base:main -author:rita", json!([])),
    ];
    for (terms, numbers) in cases {
        let reply = client.ask(query, json!({"q": terms})).await.is(200).body;
        assert!(reply["errors"].is_null(), "{reply}");
        let found: Vec<&Value> =
            reply["data"]["search"]["nodes"].as_array().unwrap().iter().map(|node| &node["number"]).collect();
        assert_eq!(json!(found), numbers, "{terms}");
        assert_eq!(reply["data"]["search"]["issueCount"], found.len());
    }
    let unknown = client.ask(query, json!({"q": "is:pr linked:issue"})).await.body;
    assert_eq!(
        unknown["errors"][0]["message"],
        "world-github does not simulate the search term linked:issue"
    );
}

#[tokio::test]
async fn a_bot_has_no_suffix_in_graphql() {
    let github = acme();
    github.change(|state| {
        state.add_app("dependabot", "acme");
        state.grant(WIDGETS, "dependabot[bot]", world_github::state::Role::Write).unwrap();
    });
    github.user("dependabot[bot]").open_pull(WIDGETS, "bump", "Bump", &[("lock", "2")]).unwrap();
    let client = Client::of(&github, "robot");
    let data = sweep(&client, Value::Null).await;
    assert_eq!(
        data["repository"]["pullRequests"]["nodes"][0]["author"],
        json!({"__typename": "Bot", "login": "dependabot"})
    );
    assert_eq!(client.get("/repos/acme/widgets/pulls/1").await.body["user"]["login"], "dependabot[bot]");
}
