use super::*;
use api::repository::{CommentWhen, Mode, PolicyMode, Visibility};
use serde_json::json;

/// A Repository object: its name, the repositories that it names, its settings.
fn object(name: &str, repositories: &[&str], settings: Value) -> Repository {
    let mut spec = json!({ "github": { "owner": "acme", "repositories": repositories } });
    let Value::Object(settings) = settings else { panic!("settings are a map") };
    spec.as_object_mut().unwrap().extend(settings);
    let mut object = Repository::new(name, serde_json::from_value(spec).unwrap());
    object.metadata.namespace = Some("acme".to_owned());
    object
}

fn widgets() -> RepoName {
    RepoName::new("acme", "widgets")
}

fn laid(objects: &[Repository]) -> Effective {
    effective(&widgets(), objects).unwrap()
}

#[test]
fn what_nobody_says_is_the_strict_default() {
    let repository = laid(&[object("acme", &["*"], json!({}))]).repository;
    assert_eq!((repository.mode, repository.visibility), (Mode::Shadow, Visibility::Hidden));
    assert_eq!(repository.trust.organizations, BTreeSet::from([crate::facts::Login::new("acme")]));
    assert!(repository.jobs.clusters.allows("default") && !repository.jobs.clusters.allows("arm"));
    assert_eq!(repository.in_repo_config, InRepoConfig::Disabled);
    assert_eq!(repository.api_url, "https://api.github.com");
}

#[test]
fn an_object_that_names_the_repository_wins_over_lists_and_lists_over_all() {
    let all = object(
        "all",
        &["*"],
        json!({ "mode": "Paused", "visibility": "Public", "webhook": { "manage": false } }),
    );
    let list = object("list", &["widgets", "gears"], json!({ "mode": "Shadow", "visibility": "Hidden" }));
    let exact = object("exact", &["Widgets"], json!({ "mode": "Active" }));
    let result = laid(&[exact, all, list]);
    assert_eq!(result.repository.mode, Mode::Active);
    assert_eq!(result.repository.visibility, Visibility::Hidden);
    assert!(!result.repository.webhook.manage);
    assert_eq!(result.origin("mode"), Some("exact"));
    assert_eq!(result.origin("webhook"), Some("all"));
    assert_eq!(result.origin("trust.apps"), None);
}

#[test]
fn an_excluded_or_foreign_repository_is_not_meant() {
    let mut all = object("all", &["*"], json!({}));
    all.spec.github.exclude = vec!["Website".to_owned()];
    assert!(effective(&RepoName::new("acme", "website"), [&all]).is_none());
    assert!(effective(&RepoName::new("other", "widgets"), [&all]).is_none());
}

#[test]
fn plugins_are_replaced_plugin_by_plugin() {
    let all = object(
        "all",
        &["*"],
        json!({ "plugins": {
        "hold": {}, "wip": {}, "approve": { "requireIssue": true, "lgtmActsAsApprove": true }
    } }),
    );
    let exact = object(
        "exact",
        &["widgets"],
        json!({ "plugins": { "approve": { "requireIssue": false }, "wip": { "enabled": false } } }),
    );
    let result = laid(&[all.clone(), exact.clone()]);
    let plugins = &result.repository.plugins;
    assert!(plugins.hold.is_some() && plugins.wip.is_none());
    let approve = plugins.approve.as_ref().unwrap();
    assert_eq!((approve.require_issue, approve.lgtm_acts_as_approve), (Some(false), None));

    let deviation = result.deviation(&all).unwrap();
    let from = "repository/exact".to_owned();
    assert_eq!(deviation.plugins, BTreeMap::from([("approve".into(), from.clone()), ("wip".into(), from)]));
    assert_eq!(deviation.repository, "acme/widgets");
    assert_eq!(result.deviation(&exact), None);
}

#[test]
fn a_small_override_drops_neither_trust_nor_images_nor_protection() {
    let all = object(
        "all",
        &["*"],
        json!({
            "trust": { "organizations": ["acme", "friends"], "okToTest": { "enabled": true, "bindTo": "HeadCommit" } },
            "report": { "comment": "Never", "urlPrefix": "https://ci" },
            "decoration": [{ "config": { "timeout": "2h", "utility_images": { "sidecar": "s:1" } } }],
            "branchProtection": {
                "mode": "Apply", "protect": true, "requiredStatusChecks": { "contexts": ["EasyCLA"], "strict": true },
                "branches": [{ "name": "releases", "match": "^release-", "enforceAdmins": true }]
            }
        }),
    );
    let exact = object(
        "exact",
        &["widgets"],
        json!({
            "trust": { "okToTest": { "enabled": false } },
            "report": { "comment": "Always" },
            "decoration": [{ "config": { "timeout": "3h" } }],
            "branchProtection": {
                "requiredStatusChecks": { "contexts": ["lint", "EasyCLA"] },
                "branches": [{ "name": "releases", "protect": true }, { "name": "main", "protect": false }]
            }
        }),
    );
    let repository = laid(&[all, exact]).repository;
    assert_eq!(repository.trust.organizations.len(), 2);
    assert!(!repository.trust.ok_to_test.enabled);
    assert_eq!(repository.trust.ok_to_test.bind_to, api::repository::OkToTestBinding::HeadCommit);
    assert_eq!(
        (repository.report.comment, repository.report.url_prefix.as_str()),
        (CommentWhen::Always, "https://ci")
    );
    assert_eq!(repository.decoration.len(), 2);
    assert_eq!(repository.decoration[1].config.timeout.unwrap().to_string(), "3h0m0s");

    let protection = repository.branch_protection.unwrap();
    assert_eq!(protection.mode, Some(PolicyMode::Apply));
    let checks = protection.policy.required_status_checks.unwrap();
    assert_eq!(
        (checks.contexts.unwrap(), checks.strict),
        (vec!["EasyCLA".into(), "lint".into()], Some(true))
    );
    let branches = protection.branches.unwrap();
    let releases = branches.iter().find(|branch| branch.name == "releases").unwrap();
    assert_eq!((releases.policy.protect, releases.policy.enforce_admins), (Some(true), Some(true)));
    assert_eq!(branches.len(), 2);
}

#[test]
fn of_two_objects_of_one_layer_that_disagree_neither_counts() {
    let all = object("all", &["*"], json!({ "report": { "comment": "Never" } }));
    let one = object(
        "one",
        &["widgets", "gears"],
        json!({ "report": { "comment": "Always", "statuses": "Never" } }),
    );
    let two = object(
        "two",
        &["widgets", "cogs"],
        json!({ "report": { "comment": "OnFailure", "statuses": "Never" } }),
    );
    let result = laid(&[all, one, two]);
    assert_eq!(result.repository.report.comment, CommentWhen::Never);
    assert_eq!(result.repository.report.statuses, api::repository::StatusWhen::Never);
    assert_eq!(result.conflicts.len(), 1);
    let problem = result.conflicts[0].problem();
    assert_eq!(problem.path, "spec.report.comment");
    assert!(problem.message.contains("repository/one and repository/two"), "{}", problem.message);
    assert!(problem.message.contains("acme/widgets"), "{}", problem.message);
    // Nothing here guards: the repository goes on.
    assert_eq!(result.repository.mode, Mode::Shadow);
}

#[test]
fn a_disagreement_about_what_guards_pauses_the_repository() {
    for (section, one, other) in [
        ("mode", json!("Active"), json!("Shadow")),
        ("trust", json!({ "collaborators": true }), json!({ "collaborators": false })),
        ("credentials", json!({ "secretRef": { "name": "a" } }), json!({ "secretRef": { "name": "b" } })),
        ("api", json!({ "url": "https://a" }), json!({ "url": "https://b" })),
        ("visibility", json!("Public"), json!("Hidden")),
    ] {
        let objects = [
            object("all", &["*"], json!({ "mode": "Active", "visibility": "Public" })),
            object("one", &["widgets"], json!({ section: one })),
            object("two", &["widgets"], json!({ section: other })),
        ];
        let repository = laid(&objects).repository;
        assert_eq!(repository.mode, Mode::Paused, "{section}");
        let visibility = if section == "visibility" { Visibility::Hidden } else { Visibility::Public };
        assert_eq!(repository.visibility, visibility, "{section}");
    }
}

#[test]
fn a_more_specific_object_settles_a_disagreement_that_stays_visible() {
    let result = laid(&[
        object("one", &["widgets", "a"], json!({ "mode": "Active" })),
        object("two", &["widgets", "b"], json!({ "mode": "Shadow" })),
        object("exact", &["widgets"], json!({ "mode": "Active" })),
    ]);
    assert_eq!(result.repository.mode, Mode::Active);
    assert_eq!(result.conflicts.len(), 1);
}

#[test]
fn a_disagreement_about_protection_changes_nothing_on_github() {
    let protection =
        |strict: bool| json!({ "branchProtection": { "requiredStatusChecks": { "strict": strict } } });
    let repository = laid(&[
        object(
            "all",
            &["*"],
            json!({ "mode": "Active", "branchProtection": { "mode": "Apply", "protect": true } }),
        ),
        object("one", &["widgets"], protection(true)),
        object("two", &["widgets"], protection(false)),
    ])
    .repository;
    assert_eq!(repository.branch_protection.unwrap().mode, Some(PolicyMode::Report));
    assert_eq!(repository.mode, Mode::Active);
}

#[test]
fn two_objects_that_say_the_same_agree() {
    let result = laid(&[
        object("one", &["widgets"], json!({ "mode": "Active", "plugins": { "hold": {} } })),
        object("two", &["widgets"], json!({ "mode": "Active", "plugins": { "hold": {} } })),
    ]);
    assert_eq!(result.repository.mode, Mode::Active);
    assert_eq!(result.conflicts, []);
}

#[test]
fn decoration_of_one_layer_loses_only_the_fields_in_dispute() {
    let result = laid(&[
        object("all", &["*"], json!({ "decoration": [{ "config": { "timeout": "1h" } }] })),
        object(
            "one",
            &["widgets"],
            json!({ "decoration": [
            { "config": { "timeout": "2h", "utility_images": { "sidecar": "s:1" } } }, { "cluster": "arm", "config": { "timeout": "9h" } }
        ] }),
        ),
        object(
            "two",
            &["widgets"],
            json!({ "decoration": [{ "cluster": "*", "config": { "timeout": "3h" } }] }),
        ),
    ]);
    let timeouts: Vec<_> = result
        .repository
        .decoration
        .iter()
        .map(|entry| entry.config.timeout.map(|t| t.to_string()))
        .collect();
    assert_eq!(timeouts, [Some("1h0m0s".into()), None, Some("9h0m0s".into()), None]);
    assert_eq!(result.repository.decoration[1].config.utility_images.as_ref().unwrap().sidecar, "s:1");
    assert_eq!(result.conflicts[0].objects, BTreeSet::from(["one".into(), "two".into()]));
}

#[test]
fn the_order_of_the_objects_does_not_matter() {
    let objects = [
        object("all", &["*"], json!({ "presets": [{ "labels": { "a": "b" } }] })),
        object(
            "one",
            &["widgets"],
            json!({ "branchProtection": { "include": ["a"] }, "decoration": [{ "config": { "fs_group": 1 } }] }),
        ),
        object(
            "two",
            &["widgets"],
            json!({ "branchProtection": { "include": ["b"] }, "decoration": [{ "config": { "run_as_user": 2 } }] }),
        ),
    ];
    let forwards = laid(&objects);
    let mut backwards = objects;
    backwards.reverse();
    assert_eq!(forwards, laid(&backwards));
    assert_eq!(forwards.repository.branch_protection.unwrap().include, Some(vec!["a".into(), "b".into()]));
}

#[test]
fn jobs_inside_a_repository_never_use_more_than_others() {
    let clusters = |own: &[&str], in_repo: &[&str]| {
        let settings =
            json!({ "jobs": { "clusters": own }, "inRepoConfig": { "enabled": true, "clusters": in_repo } });
        match laid(&[object("all", &["*"], settings)]).repository.in_repo_config {
            InRepoConfig::Enabled { clusters } => clusters,
            InRepoConfig::Disabled => panic!("it is enabled"),
        }
    };
    let only = |names: &[&str]| Allowed::Only(names.iter().map(ToString::to_string).collect());
    assert_eq!(clusters(&["a", "b"], &["*"]), only(&["a", "b"]));
    assert_eq!(clusters(&["*"], &["a"]), only(&["a"]));
    assert_eq!(clusters(&["a"], &["a", "b"]), only(&["a"]));
    assert_eq!(clusters(&["*"], &["*"]), Allowed::All);
}

#[test]
fn a_grant_counts_for_its_repositories_alone() {
    let settings = json!({ "jobs": { "from": [
        { "namespace": "sig-node", "repositories": ["acme/widgets"], "clusters": ["arm"] },
        { "namespace": "sig-web", "repositories": ["acme/website"] }
    ] } });
    let from = laid(&[object("all", &["*"], settings)]).repository.jobs.from;
    assert_eq!(from.iter().map(|grant| grant.namespace.as_str()).collect::<Vec<_>>(), ["sig-node"]);
    assert!(from[0].clusters.allows("arm") && from[0].service_accounts.allows("default"));
}

mod warnings {
    use super::*;

    fn said(settings: Value) -> Vec<(String, String)> {
        let problems = super::super::warnings(&object("acme", &["widgets"], settings));
        problems.into_iter().map(|problem| (problem.path, problem.message)).collect()
    }

    #[test]
    fn a_key_that_is_no_plugin_is_answered_with_the_one_that_was_meant() {
        let answers =
            said(json!({ "plugins": { "lgmt": {}, "owners-label": {}, "size": {}, "frobnicate": {} } }));
        let all = answers.iter().map(|(_, message)| message.as_str()).collect::<Vec<_>>().join("\n");
        assert!(all.contains("did you mean lgtm?"), "{all}");
        assert!(all.contains("it is called ownersLabel here"), "{all}");
        assert!(all.contains("use `bySize` of a LabelPolicy"), "{all}");
        assert!(all.contains("docs/plugins.md"), "{all}");
    }

    #[test]
    fn what_nothing_acts_on_yet_is_named_unless_it_is_off() {
        let paths: Vec<_> = said(json!({
            "plugins": { "hold": {}, "skip": {}, "jira": { "enabled": false }, "lgtm": { "typo": 1 } },
            "report": { "checks": "Never" }, "externalPlugins": [], "inRepoConfig": { "enabled": false },
            "branchProtection": { "protect": true },
            "decoration": [{ "config": { "tiemout": "2h" } }]
        }))
        .into_iter()
        .map(|(path, _)| path)
        .collect();
        let mut expected = [
            "spec.plugins.skip",
            "spec.plugins.lgtm.typo",
            "spec.branchProtection",
            "spec.decoration[0].config.tiemout",
        ];
        expected.sort_unstable();
        let mut paths = paths;
        paths.sort();
        assert_eq!(paths, expected);
    }

    #[test]
    fn all_repositories_without_a_mode_are_told_that_they_are_in_shadow() {
        let all = object("acme", &["*"], json!({}));
        let problems = super::super::warnings(&all);
        assert_eq!(problems[0].path, "spec.mode");
        assert!(super::super::warnings(&object("one", &["widgets"], json!({}))).is_empty());
    }
}
