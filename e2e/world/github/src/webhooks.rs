//! What a webhook says: payloads as GitHub sends them, and which hooks hear of an event.
//!
//! Events are recorded as deliveries while the state is locked and sent by `courier` when the lock is released,
//! so a receiver that asks back sees at least what it was told.

use serde_json::{Value, json};

use crate::Name;
use crate::render::extend;
use crate::render::node_id;
use crate::state::{Delivery, Scope, State};

impl State {
    /// Tells of something that happened in a repository.
    pub(crate) fn emit(&mut self, repo: &Name, sender: &Name, event: &str, payload: Value) {
        let Some(found) = self.repos.get(repo) else { return };
        let mut payload = payload;
        let shown = if event == "push" { self.show_pushed_repo(found) } else { self.show_repo(found) };
        extend(&mut payload, json!({"repository": shown}));
        if let Some(org) = self.orgs.get(&Name::from(found.name.owner())) {
            extend(&mut payload, json!({"organization": self.show_org(org)}));
        }
        extend(&mut payload, json!({"sender": self.show_user(sender)}));

        let owner = Name::from(found.name.owner());
        let mut listeners = Vec::new();
        for hook in self.hooks.values().filter(|hook| hook.active) {
            if !hook.events.iter().any(|wanted| wanted == "*" || wanted == event) {
                continue;
            }
            match &hook.scope {
                Scope::Repo(of) if of == repo => listeners.push((hook.id, None)),
                Scope::Org(of) if *of == owner => listeners.push((hook.id, None)),
                Scope::App(app) => {
                    let reached = self.installations.values().find(|one| {
                        one.app == *app
                            && one.account == owner
                            && one.repos.as_ref().is_none_or(|only| only.contains(repo))
                    });
                    listeners.extend(reached.map(|one| (hook.id, Some(one.id))));
                }
                Scope::Repo(_) | Scope::Org(_) => {}
            }
        }
        let guid = self.next_guid();
        for (hook, installation) in listeners {
            let mut payload = payload.clone();
            if let Some(id) = installation {
                extend(&mut payload, json!({"installation": {"id": id, "node_id": node_id("INS", id)}}));
            }
            self.post(hook, guid.clone(), event, payload, false);
        }
    }

    /// Records a delivery and puts it into the outbox.
    pub(crate) fn post(
        &mut self,
        hook: u64,
        guid: String,
        event: &str,
        payload: Value,
        redelivery: bool,
    ) -> u64 {
        let id = self.next_id();
        let delivered_at = self.now();
        let event = event.to_owned();
        self.deliveries
            .insert(id, Delivery { id, hook, guid, event, payload, delivered_at, redelivery, outcome: None });
        self.outbox.push(id);
        id
    }

    /// An id that looks like GitHub's, but depends on the seed and on what happened before only.
    pub(crate) fn next_guid(&mut self) -> String {
        let hex = self.next_secret();
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
    }

    /// Tells of a change to an issue or a pull request, each in its own kind of event.
    pub(crate) fn emit_issue(&mut self, repo: &Name, number: u64, sender: &Name, action: &str, more: Value) {
        let Ok(issue) = self.issue(repo, number) else { return };
        let mut payload = json!({"action": action});
        let event = if issue.pull.is_some() {
            extend(
                &mut payload,
                json!({"number": number, "pull_request": self.show_full_pull(repo, number, None).unwrap_or_default()}),
            );
            "pull_request"
        } else {
            extend(&mut payload, json!({"issue": self.show_issue(repo, number).unwrap_or_default()}));
            "issues"
        };
        extend(&mut payload, more);
        self.emit(repo, sender, event, payload);
    }
}
