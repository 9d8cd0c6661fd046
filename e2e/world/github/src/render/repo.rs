//! Repositories, labels, milestones, branches and their protection.

use serde_json::{Map, Value, json};

use super::node_id;
use crate::Name;
use crate::clock::shown;
use crate::state::{Label, Milestone, Protection, Repo, State, User};

/// The addresses below a repository that GitHub lists in it, as (field, rest of the address).
const REPO_URLS: &[(&str, &str)] = &[
    ("forks_url", "/forks"),
    ("keys_url", "/keys{/key_id}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("teams_url", "/teams"),
    ("hooks_url", "/hooks"),
    ("issue_events_url", "/issues/events{/number}"),
    ("events_url", "/events"),
    ("assignees_url", "/assignees{/user}"),
    ("branches_url", "/branches{/branch}"),
    ("tags_url", "/tags"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("trees_url", "/git/trees{/sha}"),
    ("statuses_url", "/statuses/{sha}"),
    ("languages_url", "/languages"),
    ("stargazers_url", "/stargazers"),
    ("contributors_url", "/contributors"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("commits_url", "/commits{/sha}"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("comments_url", "/comments{/number}"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("contents_url", "/contents/{+path}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("merges_url", "/merges"),
    ("archive_url", "/{archive_format}{/ref}"),
    ("downloads_url", "/downloads"),
    ("issues_url", "/issues{/number}"),
    ("pulls_url", "/pulls{/number}"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("labels_url", "/labels{/name}"),
    ("releases_url", "/releases{/id}"),
    ("deployments_url", "/deployments"),
];

impl State {
    pub(crate) fn show_repo(&self, repo: &Repo) -> Value {
        let url = self.api(format_args!("/repos/{}", repo.name));
        let html = self.web(format_args!("/{}", repo.name));
        let open = repo.issues.values().filter(|issue| issue.open).count();
        let forks = self.repos.values().filter(|other| other.parent.as_ref() == Some(&repo.name)).count();
        let mut shown_repo = json!({
            "id": repo.id,
            "node_id": node_id("R", repo.id),
            "name": repo.name.short(),
            "full_name": repo.name.as_str(),
            "private": repo.private,
            "owner": self.show_user(&Name::from(repo.name.owner())),
            "html_url": html,
            "description": null,
            "fork": repo.parent.is_some(),
            "url": url,
        });
        if let Some(fields) = shown_repo.as_object_mut() {
            for (field, rest) in REPO_URLS {
                fields.insert((*field).to_owned(), json!(format!("{url}{rest}")));
            }
        }
        extend(
            &mut shown_repo,
            json!({
                "created_at": shown(repo.created_at),
                "updated_at": shown(repo.pushed_at),
                "pushed_at": shown(repo.pushed_at),
                "git_url": format!("{html}.git"),
                "ssh_url": format!("{html}.git"),
                "clone_url": format!("{html}.git"),
                "svn_url": html,
                "homepage": null,
                "size": 0,
                "stargazers_count": 0,
                "watchers_count": 0,
                "language": null,
                "has_issues": true,
                "has_projects": true,
                "has_downloads": true,
                "has_wiki": true,
                "has_pages": false,
                "has_discussions": false,
                "forks_count": forks,
                "mirror_url": null,
                "archived": repo.archived,
                "disabled": false,
                "open_issues_count": open,
                "license": null,
                "allow_forking": true,
                "is_template": false,
                "web_commit_signoff_required": false,
                "topics": [],
                "visibility": if repo.private { "private" } else { "public" },
                "forks": forks,
                "open_issues": open,
                "watchers": 0,
                "default_branch": repo.default_branch,
                "custom_properties": {},
            }),
        );
        shown_repo
    }

    /// A repository as push events have it, which is the older form: times as numbers, owners with a name.
    pub(crate) fn show_pushed_repo(&self, repo: &Repo) -> Value {
        let mut shown_repo = self.show_repo(repo);
        let owner = Name::from(repo.name.owner());
        let email = self.users.get(&owner).map(User::email);
        extend(&mut shown_repo["owner"], json!({"name": owner.as_str(), "email": email}));
        extend(
            &mut shown_repo,
            json!({
                "created_at": repo.created_at.as_second(),
                "pushed_at": repo.pushed_at.as_second(),
                "stargazers": 0,
                "master_branch": repo.default_branch,
            }),
        );
        shown_repo
    }

    /// A repository with what only `GET /repos/O/R` tells.
    pub(crate) fn show_full_repo(&self, repo: &Repo) -> Value {
        let mut full = self.show_repo(repo);
        extend(
            &mut full,
            json!({
                "allow_merge_commit": repo.merges.merge,
                "allow_squash_merge": repo.merges.squash,
                "allow_rebase_merge": repo.merges.rebase,
                "allow_auto_merge": false,
                "allow_update_branch": false,
                "delete_branch_on_merge": repo.merges.delete_branch,
                "squash_merge_commit_title": "COMMIT_OR_PR_TITLE",
                "squash_merge_commit_message": "COMMIT_MESSAGES",
                "merge_commit_title": "MERGE_MESSAGE",
                "merge_commit_message": "PR_TITLE",
                "network_count": 0,
                "subscribers_count": 0,
            }),
        );
        if let Some(org) = self.orgs.get(&Name::from(repo.name.owner())) {
            extend(&mut full, json!({"organization": self.show_user(&org.login)}));
        }
        if let Some(parent) = repo.parent.as_ref().and_then(|name| self.repos.get(name)) {
            let parent = self.show_repo(parent);
            extend(&mut full, json!({"parent": parent, "source": parent}));
        }
        full
    }

    pub(crate) fn show_label(&self, repo: &Repo, label: &Label) -> Value {
        json!({
            "id": label.id,
            "node_id": node_id("LA", label.id),
            "url": self.api(format_args!("/repos/{}/labels/{}", repo.name, encoded(label.name.as_str()))),
            "name": label.name.as_str(),
            "color": label.color,
            "default": false,
            "description": label.description,
        })
    }

    pub(crate) fn show_milestone(&self, repo: &Repo, milestone: &Milestone) -> Value {
        let url = self.api(format_args!("/repos/{}/milestones/{}", repo.name, milestone.number));
        let of = |open| {
            repo.issues.values().filter(|i| i.milestone == Some(milestone.number) && i.open == open).count()
        };
        json!({
            "url": url,
            "html_url": self.web(format_args!("/{}/milestone/{}", repo.name, milestone.number)),
            "labels_url": format!("{url}/labels"),
            "id": milestone.id,
            "node_id": node_id("MI", milestone.id),
            "number": milestone.number,
            "title": milestone.title,
            "description": milestone.description,
            "creator": self.show_user(&milestone.creator),
            "open_issues": of(true),
            "closed_issues": of(false),
            "state": if milestone.open { "open" } else { "closed" },
            "created_at": shown(milestone.created_at),
            "updated_at": shown(milestone.created_at),
            "due_on": null,
            "closed_at": null,
        })
    }

    /// A branch as lists have it.
    pub(crate) fn show_branch(&self, repo: &Repo, branch: &str, sha: &str) -> Value {
        let url = self.api(format_args!("/repos/{}", repo.name));
        let required = repo.protection.get(branch).and_then(|one| one.required_contexts.as_ref());
        json!({
            "name": branch,
            "commit": {"sha": sha, "url": format!("{url}/commits/{sha}")},
            "protected": repo.protection.contains_key(branch),
            "protection": {
                "enabled": repo.protection.contains_key(branch),
                "required_status_checks": {
                    "enforcement_level": if required.is_some() { "non_admins" } else { "off" },
                    "contexts": required.map_or(&[][..], |one| one.contexts.as_slice()),
                    "checks": required.map_or_else(Vec::new, |one| checks(&one.contexts)),
                },
            },
            "protection_url": format!("{url}/branches/{branch}/protection"),
        })
    }

    pub(crate) fn show_protection(&self, repo: &Repo, branch: &str, protection: &Protection) -> Value {
        let url = self.api(format_args!("/repos/{}/branches/{branch}/protection", repo.name));
        let mut shown = json!({"url": url});
        if let Some(required) = &protection.required_contexts {
            shown["required_status_checks"] = json!({
                "url": format!("{url}/required_status_checks"),
                "strict": required.strict,
                "contexts": required.contexts,
                "contexts_url": format!("{url}/required_status_checks/contexts"),
                "checks": checks(&required.contexts),
            });
        }
        if let Some(restrictions) = &protection.restrictions {
            let org = self.orgs.get(&Name::from(repo.name.owner()));
            let teams = restrictions
                .teams
                .iter()
                .filter_map(|slug| Some(self.show_team(org?, org?.teams.get(slug)?)));
            let apps = self
                .apps
                .values()
                .filter(|app| restrictions.apps.contains(&app.slug))
                .map(|app| self.show_app(app));
            shown["restrictions"] = json!({
                "url": format!("{url}/restrictions"),
                "users_url": format!("{url}/restrictions/users"),
                "teams_url": format!("{url}/restrictions/teams"),
                "apps_url": format!("{url}/restrictions/apps"),
                "users": self.show_users(&restrictions.users),
                "teams": teams.collect::<Vec<_>>(),
                "apps": apps.collect::<Vec<_>>(),
            });
        }
        if let Some(reviews) = &protection.required_reviews {
            shown["required_pull_request_reviews"] = json!({
                "url": format!("{url}/required_pull_request_reviews"),
                "dismiss_stale_reviews": reviews.dismiss_stale,
                "require_code_owner_reviews": reviews.code_owners,
                "required_approving_review_count": reviews.count,
                "require_last_push_approval": false,
            });
        }
        shown["enforce_admins"] =
            json!({"url": format!("{url}/enforce_admins"), "enabled": protection.enforce_admins});
        for (field, on) in [
            ("required_linear_history", protection.linear_history),
            ("allow_force_pushes", protection.allow_force_pushes),
            ("allow_deletions", protection.allow_deletions),
            ("block_creations", false),
            ("required_conversation_resolution", false),
            ("lock_branch", false),
            ("allow_fork_syncing", false),
        ] {
            shown[field] = json!({"enabled": on});
        }
        shown
    }
}

fn checks(contexts: &[String]) -> Vec<Value> {
    contexts.iter().map(|context| json!({"context": context, "app_id": null})).collect()
}

/// A path segment with what may not stand in it escaped.
pub(crate) fn encoded(segment: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    segment
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Adds the fields of one object to another.
pub(crate) fn extend(object: &mut Value, more: Value) {
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        let more: Map<String, Value> = more;
        object.extend(more);
    }
}
