//! The labels that a repository offers, and those that an issue wears.

use serde_json::{Value, json};

use crate::Name;
use crate::refusal::{Allowed, Refusal};
use crate::state::{Caller, Label, Role, State};

impl State {
    /// Adds a label to those that a repository offers.
    pub fn create_label(
        &mut self,
        by: &Caller,
        repo: &Name,
        name: &str,
        color: &str,
        description: Option<String>,
    ) -> Allowed<()> {
        let actor = self.permit(by, repo, Role::Write)?;
        self.offer_label(repo, &actor, name, color, description)
    }

    fn offer_label(
        &mut self,
        repo: &Name,
        actor: &Name,
        name: &str,
        color: &str,
        description: Option<String>,
    ) -> Allowed<()> {
        check_label(name, color, description.as_deref())?;
        if self.repo(repo)?.labels.contains_key(&Name::from(name)) {
            return Err(Refusal::invalid("Label", "name", "already_exists"));
        }
        let id = self.next_id();
        let label = Label { id, name: Name::from(name), color: color.to_lowercase(), description };
        self.repo_mut(repo)?.labels.insert(label.name.clone(), label);
        self.emit_label(repo, &Name::from(name), actor, "created", json!({}))
    }

    /// Renames, recolours or describes a label; issues that wear it follow.
    pub fn change_label(
        &mut self,
        by: &Caller,
        repo: &Name,
        name: &Name,
        new_name: Option<String>,
        color: Option<String>,
        description: Option<String>,
    ) -> Allowed<Name> {
        let actor = self.permit(by, repo, Role::Write)?;
        let old = self.repo(repo)?.labels.get(name).ok_or_else(Refusal::not_found)?.clone();
        let new = Label {
            id: old.id,
            name: new_name.map_or_else(|| old.name.clone(), Name::from),
            color: color.unwrap_or_else(|| old.color.clone()).to_lowercase(),
            description: description.or_else(|| old.description.clone()),
        };
        check_label(new.name.as_str(), &new.color, new.description.as_deref())?;
        let found = self.repo_mut(repo)?;
        if new.name != old.name && found.labels.contains_key(&new.name) {
            return Err(Refusal::invalid("Label", "name", "already_exists"));
        }
        let mut changes = json!({});
        for (field, from, to) in [
            ("name", Some(old.name.as_str()), Some(new.name.as_str())),
            ("color", Some(old.color.as_str()), Some(new.color.as_str())),
            ("description", old.description.as_deref(), new.description.as_deref()),
        ] {
            if from != to {
                changes[field] = json!({"from": from});
            }
        }
        found.labels.remove(&old.name);
        for worn in
            found.issues.values_mut().flat_map(|issue| &mut issue.labels).filter(|worn| **worn == old.name)
        {
            *worn = new.name.clone();
        }
        let renamed = new.name.clone();
        found.labels.insert(renamed.clone(), new);
        self.emit_label(repo, &renamed, &actor, "edited", json!({"changes": changes}))?;
        Ok(renamed)
    }

    /// Takes a label away from the repository and from all that wear it.
    pub fn delete_label(&mut self, by: &Caller, repo: &Name, name: &Name) -> Allowed<()> {
        let actor = self.permit(by, repo, Role::Write)?;
        self.emit_label(repo, name, &actor, "deleted", json!({}))?;
        let found = self.repo_mut(repo)?;
        found.labels.remove(name);
        for issue in found.issues.values_mut() {
            issue.labels.retain(|worn| worn != name);
        }
        Ok(())
    }

    fn emit_label(
        &mut self,
        repo: &Name,
        name: &Name,
        sender: &Name,
        action: &str,
        more: Value,
    ) -> Allowed<()> {
        let found = self.repo(repo)?;
        let label = self.show_label(found, found.labels.get(name).ok_or_else(Refusal::not_found)?);
        let mut payload = json!({"action": action, "label": label});
        crate::render::extend(&mut payload, more);
        self.emit(repo, sender, "label", payload);
        Ok(())
    }

    /// Sets labels on an issue; one that the repository does not offer is made, as GitHub does.
    pub fn add_labels(&mut self, by: &Caller, repo: &Name, number: u64, labels: &[Name]) -> Allowed<()> {
        let actor = self.permit(by, repo, Role::Triage)?;
        self.issue(repo, number)?;
        for label in labels {
            if !self.repo(repo)?.labels.contains_key(label) {
                self.permit(by, repo, Role::Write)?;
                self.offer_label(repo, &actor, label.as_str(), "ededed", None)?;
            }
            self.wear(repo, number, &actor, label, true)?;
        }
        Ok(())
    }

    /// Takes a label off an issue.
    pub fn remove_label(&mut self, by: &Caller, repo: &Name, number: u64, label: &Name) -> Allowed<()> {
        let actor = self.permit(by, repo, Role::Triage)?;
        if !self.issue(repo, number)?.labels.contains(label) {
            return Err(Refusal::new(http::StatusCode::NOT_FOUND, "Label does not exist"));
        }
        self.wear(repo, number, &actor, label, false)
    }

    /// Makes `labels` the whole set of an issue's labels.
    pub fn set_labels(&mut self, by: &Caller, repo: &Name, number: u64, labels: &[Name]) -> Allowed<()> {
        self.permit(by, repo, Role::Triage)?;
        for old in self.issue(repo, number)?.labels.clone() {
            if !labels.contains(&old) {
                self.remove_label(by, repo, number, &old)?;
            }
        }
        self.add_labels(by, repo, number, labels)
    }

    fn wear(&mut self, repo: &Name, number: u64, actor: &Name, label: &Name, worn: bool) -> Allowed<()> {
        let found = self.repo(repo)?;
        let offered = found.labels.get(label).ok_or_else(Refusal::not_found)?;
        let name = offered.name.clone();
        let extra = json!({"label": {"name": offered.name.as_str(), "color": offered.color}});
        let told = json!({"label": self.show_label(found, offered)});
        let issue = self.issue_mut(repo, number)?;
        if issue.labels.contains(&name) == worn {
            return Ok(());
        }
        if worn {
            issue.labels.push(name);
        } else {
            issue.labels.retain(|one| *one != name);
        }
        let action = if worn { "labeled" } else { "unlabeled" };
        self.note(repo, number, actor, action, extra)?;
        self.emit_issue(repo, number, actor, action, told);
        Ok(())
    }
}

fn check_label(name: &str, color: &str, description: Option<&str>) -> Allowed<()> {
    let long = |field: &str, most: usize| {
        let message = format!("{field} is too long (maximum is {most} characters)");
        let mut refusal = Refusal::custom("Label", &message);
        refusal.errors =
            vec![json!({"resource": "Label", "code": "custom", "field": field, "message": message})];
        refusal
    };
    if name.trim().is_empty() {
        return Err(Refusal::invalid("Label", "name", "missing_field"));
    }
    if name.chars().count() > 50 {
        return Err(long("name", 50));
    }
    if description.is_some_and(|text| text.chars().count() > 100) {
        return Err(long("description", 100));
    }
    if color.len() != 6 || !color.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Refusal::invalid("Label", "color", "invalid"));
    }
    Ok(())
}
