//! Users, organisations, teams, Apps.

use serde_json::{Value, json};

use super::node_id;
use crate::Name;
use crate::clock::shown;
use crate::state::{App, Installation, Org, State, Team};

impl State {
    /// An account as it appears inside other things; null once it is gone.
    pub(crate) fn show_user(&self, login: &Name) -> Value {
        let (id, kind, login) = if let Some(user) = self.users.get(login) {
            (user.id, if user.bot { "Bot" } else { "User" }, &user.login)
        } else if let Some(org) = self.orgs.get(login) {
            (org.id, "Organization", &org.login)
        } else {
            return Value::Null;
        };
        let url = self.api(format_args!("/users/{login}"));
        json!({
            "login": login.as_str(),
            "id": id,
            "node_id": node_id("U", id),
            "avatar_url": self.web(format_args!("/avatars/{id}")),
            "gravatar_id": "",
            "url": url,
            "html_url": self.web(format_args!("/{login}")),
            "followers_url": format!("{url}/followers"),
            "following_url": format!("{url}/following{{/other_user}}"),
            "gists_url": format!("{url}/gists{{/gist_id}}"),
            "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
            "subscriptions_url": format!("{url}/subscriptions"),
            "organizations_url": format!("{url}/orgs"),
            "repos_url": format!("{url}/repos"),
            "events_url": format!("{url}/events{{/privacy}}"),
            "received_events_url": format!("{url}/received_events"),
            "type": kind,
            "site_admin": false,
        })
    }

    pub(crate) fn show_users<'a>(&self, logins: impl IntoIterator<Item = &'a Name>) -> Value {
        logins.into_iter().map(|login| self.show_user(login)).collect()
    }

    pub(crate) fn show_org(&self, org: &Org) -> Value {
        let url = self.api(format_args!("/orgs/{}", org.login));
        json!({
            "login": org.login.as_str(),
            "id": org.id,
            "node_id": node_id("O", org.id),
            "url": url,
            "repos_url": format!("{url}/repos"),
            "events_url": format!("{url}/events"),
            "hooks_url": format!("{url}/hooks"),
            "issues_url": format!("{url}/issues"),
            "members_url": format!("{url}/members{{/member}}"),
            "public_members_url": format!("{url}/public_members{{/member}}"),
            "avatar_url": self.web(format_args!("/avatars/{}", org.id)),
            "description": "",
        })
    }

    pub(crate) fn show_team(&self, org: &Org, team: &Team) -> Value {
        let url = self.api(format_args!("/orgs/{}/teams/{}", org.login, team.slug));
        json!({
            "id": team.id,
            "node_id": node_id("T", team.id),
            "name": team.slug.as_str(),
            "slug": team.slug.as_str(),
            "description": null,
            "privacy": "closed",
            "notification_setting": "notifications_enabled",
            "permission": "pull",
            "url": url,
            "html_url": self.web(format_args!("/orgs/{}/teams/{}", org.login, team.slug)),
            "members_url": format!("{url}/members{{/member}}"),
            "repositories_url": format!("{url}/repos"),
            "type": "organization",
            "organization_id": org.id,
            "parent": null,
        })
    }

    pub(crate) fn show_app(&self, app: &App) -> Value {
        json!({
            "id": app.id,
            "slug": app.slug.as_str(),
            "node_id": node_id("A", app.id),
            "client_id": format!("Iv1.{:016x}", app.id),
            "owner": self.show_user(&app.owner),
            "name": app.slug.as_str(),
            "description": "",
            "external_url": self.web(format_args!("/apps/{}", app.slug)),
            "html_url": self.web(format_args!("/apps/{}", app.slug)),
            "created_at": shown(self.options.epoch),
            "updated_at": shown(self.options.epoch),
            "permissions": permissions(),
            "events": [],
        })
    }

    pub(crate) fn show_installation(&self, installation: &Installation) -> Value {
        let id = installation.id;
        let org = self.orgs.contains_key(&installation.account);
        let slug = self.apps.get(&installation.app).map_or("", |app| app.slug.as_str());
        json!({
            "id": id,
            "account": self.show_user(&installation.account),
            "repository_selection": if installation.repos.is_some() { "selected" } else { "all" },
            "access_tokens_url": self.api(format_args!("/app/installations/{id}/access_tokens")),
            "repositories_url": self.api("/installation/repositories"),
            "html_url": self.web(format_args!("/settings/installations/{id}")),
            "app_id": installation.app,
            "app_slug": slug,
            "target_id": id,
            "target_type": if org { "Organization" } else { "User" },
            "permissions": permissions(),
            "events": [],
            "created_at": shown(self.options.epoch),
            "updated_at": shown(self.options.epoch),
            "single_file_name": null,
            "suspended_by": null,
            "suspended_at": null,
        })
    }
}

/// What every installation may do here (see `state::access`).
pub(crate) fn permissions() -> Value {
    json!({
        "administration": "write", "checks": "write", "contents": "write", "issues": "write", "members": "read",
        "metadata": "read", "pull_requests": "write", "repository_hooks": "write", "statuses": "write",
    })
}
