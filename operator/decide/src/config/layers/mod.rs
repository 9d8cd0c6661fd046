//! The layers of Repository: from the objects that speak of a repository to what is in force for it (KINDS 1).
//!
//! `"*"` lies below lists, lists below an object that names exactly one repository. Two objects of one layer that
//! disagree lose both: the layer below stays, and where the setting guards something the repository pauses (DESIGN G3).

mod decoration;
mod effective;
mod leaves;
mod warnings;

pub use effective::{
    Allowed, EffectiveRepository, GrantedRights, InRepoConfig, JobRights, OkToTest, Owners, Report,
    SlackReport, Trust, Webhook,
};
pub use leaves::LeafPath;
pub use warnings::warnings;

use crate::facts::RepoName;
use api::{
    Repository,
    problem::Problem,
    repository::{Deviation, GithubRepositories},
};
use leaves::{Leaf, Leaves, Merging, assembled, leaves};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How closely an object names a repository. Later ones are more specific.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// All repositories of the owner.
    All,
    /// Some, by a list of names.
    List,
    /// Exactly this one.
    Exact,
}

/// Sections in which a disagreement pauses the repository. `api` is one of them: the credentials go where it points.
const GUARDS: [&str; 5] = ["mode", "visibility", "trust", "credentials", "api"];

/// Objects of one layer that set one leaf differently for one repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The leaf.
    pub path: LeafPath,
    /// The names of the objects.
    pub objects: BTreeSet<String>,
    /// The repository.
    pub repository: RepoName,
}

impl Conflict {
    /// The problem that each of the objects shows.
    pub fn problem(&self) -> Problem {
        let objects: Vec<_> = self.objects.iter().map(|name| format!("repository/{name}")).collect();
        let effect = if GUARDS.contains(&self.path.section()) {
            "the repository is paused until they agree"
        } else {
            "none of them counts"
        };
        Problem::error(
            format!("spec.{}", self.path),
            format!(
                "Conflict: {} say different things for {}; {effect}: make them equal, or say it in an object that names only this repository",
                objects.join(" and "),
                self.repository
            ),
        )
    }
}

/// What is in force for one repository, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Effective {
    /// The settings.
    pub repository: EffectiveRepository,
    /// Disagreements, those included that a more specific object settles.
    pub conflicts: Vec<Conflict>,
    /// Which object the leaf comes from, and its layer.
    origins: BTreeMap<LeafPath, (Layer, String)>,
}

impl Effective {
    /// The name of the object that a leaf comes from; `None` where it is a default.
    pub fn origin(&self, path: &str) -> Option<&str> {
        self.origins.iter().find(|(leaf, _)| leaf.to_string() == path).map(|(_, (_, name))| name.as_str())
    }

    /// What more specific objects change for this repository, as `object` shows it in its status; `None`: nothing.
    pub fn deviation(&self, object: &Repository) -> Option<Deviation> {
        let layer = layer(&object.spec.github, &self.repository.name)?;
        let mut deviation =
            Deviation { repository: self.repository.name.to_string(), ..Deviation::default() };
        for (path, (_, name)) in self.origins.iter().filter(|(_, (from, _))| *from > layer) {
            let from = format!("repository/{name}");
            match path.plugin() {
                Some(plugin) => deviation.plugins.insert(plugin.to_owned(), from),
                None => deviation.settings.insert(path.to_string(), from),
            };
        }
        (!deviation.plugins.is_empty() || !deviation.settings.is_empty()).then_some(deviation)
    }
}

/// How closely a selection names a repository; `None`: not at all.
pub fn layer(github: &GithubRepositories, repository: &RepoName) -> Option<Layer> {
    let names = |list: &[String]| list.iter().any(|name| name.eq_ignore_ascii_case(&repository.name));
    if !github.owner.eq_ignore_ascii_case(&repository.owner) {
        return None;
    }
    match github.repositories.as_slice() {
        [all] if all == "*" => (!names(&github.exclude)).then_some(Layer::All),
        [one] => one.eq_ignore_ascii_case(&repository.name).then_some(Layer::Exact),
        list => names(list).then_some(Layer::List),
    }
}

/// What is in force for a repository; `None` where no object names it.
///
/// `objects` are those of the governing namespace: others have no say (DESIGN G1).
pub fn effective<'a>(
    repository: &RepoName,
    objects: impl IntoIterator<Item = &'a Repository>,
) -> Option<Effective> {
    let mut layers: BTreeMap<Layer, Vec<(String, Leaves)>> = BTreeMap::new();
    for object in objects {
        if let Some(layer) = layer(&object.spec.github, repository) {
            let name = object.metadata.name.clone().unwrap_or_default();
            layers.entry(layer).or_default().push((name, leaves(&object.spec)));
        }
    }
    if layers.is_empty() {
        return None;
    }
    let mut stack = Stack::new(repository.clone());
    for (layer, mut objects) in layers {
        // One order whatever order they were listed in.
        objects.sort_by(|(one, _), (other, _)| one.cmp(other));
        stack.lay(layer, &objects);
    }
    Some(stack.settled())
}

/// The layers that were laid so far.
struct Stack {
    repository: RepoName,
    values: BTreeMap<LeafPath, Value>,
    origins: BTreeMap<LeafPath, (Layer, String)>,
    conflicts: Vec<Conflict>,
    /// Leaves in conflict that no more specific layer has settled.
    open: BTreeSet<LeafPath>,
}

impl Stack {
    fn new(repository: RepoName) -> Self {
        Self {
            repository,
            values: BTreeMap::new(),
            origins: BTreeMap::new(),
            conflicts: Vec::new(),
            open: BTreeSet::new(),
        }
    }

    fn lay(&mut self, layer: Layer, objects: &[(String, Leaves)]) {
        let paths: BTreeSet<&LeafPath> = objects.iter().flat_map(|(_, leaves)| leaves.keys()).collect();
        for path in paths {
            let said: Vec<(&str, &Leaf)> = objects
                .iter()
                .filter_map(|(name, leaves)| Some((name.as_str(), leaves.get(path)?)))
                .collect();
            self.lay_leaf(layer, path, &said);
        }
    }

    fn lay_leaf(&mut self, layer: Layer, path: &LeafPath, said: &[(&str, &Leaf)]) {
        let Some((first, leaf)) = said.first() else { return };
        let value = match leaf.merging {
            Merging::Unite => united(self.values.get(path), said.iter().map(|(_, leaf)| &leaf.value)),
            Merging::Append => {
                let entries: Vec<_> = said.iter().map(|(name, leaf)| (*name, &leaf.value)).collect();
                let (entries, disputed) = decoration::agreed(&entries);
                if !disputed.is_empty() {
                    self.note_conflict(path, &disputed);
                }
                appended(self.values.get(path), entries)
            }
            Merging::Replace if said.iter().all(|(_, other)| other.value == leaf.value) => {
                self.open.remove(path);
                leaf.value.clone()
            }
            Merging::Replace => {
                let objects: Vec<_> = said.iter().map(|(name, _)| *name).collect();
                self.note_conflict(path, &objects);
                self.open.insert(path.clone());
                return;
            }
        };
        self.values.insert(path.clone(), value);
        self.origins.insert(path.clone(), (layer, (*first).to_owned()));
    }

    fn note_conflict(&mut self, path: &LeafPath, objects: &[&str]) {
        let objects = objects.iter().map(|name| (*name).to_owned()).collect();
        self.conflicts.push(Conflict { path: path.clone(), objects, repository: self.repository.clone() });
    }

    fn settled(self) -> Effective {
        let spec = assembled(self.values.iter());
        let mut repository = EffectiveRepository::from_layers(self.repository, spec);
        for path in &self.open {
            match path.section() {
                "visibility" => repository.hide_and_pause(),
                "branchProtection" => repository.only_report_protection(),
                section if GUARDS.contains(&section) => repository.pause(),
                _ => {}
            }
        }
        Effective { repository, conflicts: self.conflicts, origins: self.origins }
    }
}

/// Every entry of all lists, each once, those of wider layers first.
fn united<'a>(below: Option<&'a Value>, said: impl Iterator<Item = &'a Value>) -> Value {
    let mut all: Vec<Value> = Vec::new();
    for entry in below.into_iter().chain(said).filter_map(Value::as_array).flatten() {
        if !all.contains(entry) {
            all.push(entry.clone());
        }
    }
    Value::Array(all)
}

/// The entries of wider layers, then these.
fn appended(below: Option<&Value>, entries: Vec<Value>) -> Value {
    let below = below.and_then(Value::as_array).cloned().unwrap_or_default();
    below.into_iter().chain(entries).collect()
}

#[cfg(test)]
mod tests;
