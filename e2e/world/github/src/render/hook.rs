//! Webhooks and deliveries.

use serde_json::{Value, json};

use crate::clock::shown;
use crate::state::{Delivery, Hook, Scope, State};

impl State {
    fn hook_url(&self, hook: &Hook) -> String {
        match &hook.scope {
            Scope::Repo(repo) => self.api(format_args!("/repos/{repo}/hooks/{}", hook.id)),
            Scope::Org(org) => self.api(format_args!("/orgs/{org}/hooks/{}", hook.id)),
            Scope::App(_) => self.api("/app/hook"),
        }
    }

    pub(crate) fn show_hook(&self, hook: &Hook) -> Value {
        let url = self.hook_url(hook);
        let last = self
            .deliveries
            .values()
            .rev()
            .filter(|one| one.hook == hook.id)
            .find_map(|one| one.outcome.as_ref());
        json!({
            "type": match &hook.scope { Scope::Repo(_) => "Repository", Scope::Org(_) => "Organization", Scope::App(_) => "App" },
            "id": hook.id,
            "name": "web",
            "active": hook.active,
            "events": hook.events,
            "config": show_config(hook),
            "updated_at": shown(hook.updated_at),
            "created_at": shown(hook.created_at),
            "url": url,
            "test_url": format!("{url}/test"),
            "ping_url": format!("{url}/pings"),
            "deliveries_url": format!("{url}/deliveries"),
            "last_response": {
                "code": last.map(|outcome| outcome.code),
                "status": last.map_or("unused", |outcome| if outcome.status == "OK" { "active" } else { "failed" }),
                "message": last.map(|outcome| outcome.status.as_str()),
            },
        })
    }

    /// A delivery with its request and response.
    pub(crate) fn show_full_delivery(&self, delivery: &Delivery) -> Value {
        let mut full = show_delivery(delivery);
        full["url"] = json!(self.hooks.get(&delivery.hook).map(|hook| &hook.url));
        full["request"] = json!({
            "headers": {"X-GitHub-Delivery": delivery.guid, "X-GitHub-Event": delivery.event, "Content-Type": "application/json"},
            "payload": delivery.payload,
        });
        full["response"] =
            json!({"headers": {}, "payload": delivery.outcome.as_ref().map(|outcome| &outcome.body)});
        full
    }
}

/// A hook's `config`; the secret shows as stars, if there is one.
pub(crate) fn show_config(hook: &Hook) -> Value {
    let mut config = json!({"content_type": "json", "insecure_ssl": "0", "url": hook.url});
    if hook.secret.is_some() {
        config["secret"] = json!("********");
    }
    config
}

/// A delivery as lists have it.
pub(crate) fn show_delivery(delivery: &Delivery) -> Value {
    let payload = &delivery.payload;
    json!({
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": shown(delivery.delivered_at),
        "redelivery": delivery.redelivery,
        "duration": 0.0,
        "status": delivery.outcome.as_ref().map_or("pending", |outcome| outcome.status.as_str()),
        "status_code": delivery.outcome.as_ref().map_or(0, |outcome| outcome.code),
        "event": delivery.event,
        "action": payload["action"],
        "installation_id": payload["installation"]["id"],
        "repository_id": payload["repository"]["id"],
        "throttled_at": null,
    })
}
