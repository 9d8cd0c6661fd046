//! What is there when all is at rest, in lines that can be compared: the same lines, whatever happened on the way.
//!
//! What differs between two good runs is replaced by what it stands for: commits by their subject, runs by their job,
//! times and numbers of executions by a word. Events and leases are left out: they tell the way, not the end.

use crate::{Stage, cast::REPOSITORY};
use api::{JobConfig, LabelPolicy, MergePool, ProwJob, Repository};
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::{Api, Resource, ResourceExt, api::ListParams};
use regex::Regex;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    process::Command,
    sync::LazyLock,
};
use world_github::{Git, Name};

/// The state of the world at rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome(BTreeSet<String>);

impl Outcome {
    /// Looks at the whole stage.
    pub async fn of(stage: &Stage) -> Self {
        let runs: Vec<ProwJob> = everything(stage).await;
        let words = Words::new(stage, &runs);
        let mut lines = words.lines_of_github(stage);
        for run in &runs {
            let labels = run.labels().clone();
            let status = serde_json::to_value(&run.status).unwrap();
            lines.push(format!("run {} {labels:?} {:?} {status}", run.name_any(), run.finalizers()));
        }
        for pod in everything::<Pod>(stage).await {
            let phase = pod.status.as_ref().and_then(|status| status.phase.clone());
            lines.push(format!("pod {} {phase:?}", pod.name_any()));
        }
        for map in everything::<ConfigMap>(stage).await {
            lines.push(format!("config map {} {:?}", map.name_any(), map.data));
        }
        for (kind, name, status) in [
            statuses::<Repository>(stage).await,
            statuses::<JobConfig>(stage).await,
            statuses::<MergePool>(stage).await,
            statuses::<LabelPolicy>(stage).await,
        ]
        .concat()
        {
            lines.extend(flat(&status).into_iter().map(|line| format!("{kind} {name} {line}")));
        }
        Self(lines.iter().map(|line| words.replace(line)).collect())
    }

    /// What is in one and not in the other; empty: they are the same.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let missing = self.0.difference(&other.0).map(|line| format!("- {line}"));
        missing.chain(other.0.difference(&self.0).map(|line| format!("+ {line}"))).collect()
    }
}

async fn everything<K>(stage: &Stage) -> Vec<K>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug,
{
    Api::<K>::all(stage.client()).list(&ListParams::default()).await.unwrap().items
}

/// The statuses of one kind's objects.
async fn statuses<K>(stage: &Stage) -> Vec<(String, String, Value)>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Serialize + Debug,
{
    let objects = everything::<K>(stage).await.into_iter();
    objects
        .map(|object| {
            let value = serde_json::to_value(&object).unwrap();
            (K::kind(&()).into_owned(), object.name_any(), value["status"].clone())
        })
        .collect()
}

/// A line a leaf, so that a difference shows by itself.
fn flat(value: &Value) -> Vec<String> {
    fn walk(path: &str, value: &Value, lines: &mut Vec<String>) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(k, v)| walk(&format!("{path}.{k}"), v, lines)),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(i, v)| walk(&format!("{path}[{i}]"), v, lines));
            }
            leaf => lines.push(format!("{path} = {leaf}")),
        }
    }
    let mut lines = Vec::new();
    walk("", value, &mut lines);
    lines
}

/// Words for what differs between two good runs.
struct Words {
    names: Vec<(String, String)>,
}

/// Times, numbers of executions, ids.
static PATTERNS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let patterns = [
        (r"(?-u)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)", "TIME"),
        (r"(?-u)\b\d\d:\d\dZ?\b", "TIME"),
        (r"(?-u)\b\d{15,20}\b", "BUILD"),
        (r#"(?-u)(issuecomment-|Comment\(|"hook_id":)\d+"#, "${1}ID"),
    ];
    patterns.map(|(pattern, word)| (Regex::new(pattern).unwrap(), word)).into()
});

impl Words {
    fn new(stage: &Stage, runs: &[ProwJob]) -> Self {
        let mut names = Vec::new();
        let commits = commits(stage);
        for run in runs {
            let head = run.spec.refs.as_ref().map(|refs| {
                refs.pulls.first().map_or_else(|| refs.base_sha.clone(), |pull| pull.sha.clone())
            });
            let head = head.and_then(|head| commits.get(&head).cloned()).unwrap_or_default();
            let batch =
                if run.labels().contains_key(api::keys::CREATED_BY_TIDE) { " of a train" } else { "" };
            names.push((run.name_any(), format!("<run of {}{batch} on {head}>", run.spec.job)));
        }
        for (commit, subject) in &commits {
            names.push((commit.clone(), format!("<{subject}>")));
            names.push((commit.chars().take(7).collect(), format!("<{subject}>")));
        }
        Self { names }
    }

    fn replace(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, word) in &self.names {
            text = text.replace(name, word);
        }
        for (pattern, word) in PATTERNS.iter() {
            text = pattern.replace_all(&text, *word).into_owned();
        }
        text
    }

    fn lines_of_github(&self, stage: &Stage) -> Vec<String> {
        let mut lines = Vec::new();
        stage.github.look(|state| {
            let repository = state.repo(&REPOSITORY.into()).unwrap();
            for label in repository.labels.values() {
                lines.push(format!("label {} {} {:?}", label.name, label.color, label.description));
            }
            for (number, issue) in &repository.issues {
                let mut labels: Vec<&str> = issue.labels.iter().map(Name::as_str).collect();
                labels.sort_unstable();
                let merged = issue.pull.as_ref().and_then(|pull| pull.merged.as_ref()).map(|m| &m.sha);
                let title = &issue.title;
                lines.push(format!("#{number} {title:?} open {} {labels:?} merged {merged:?}", issue.open));
                let mut said: BTreeMap<String, usize> = BTreeMap::new();
                for comment in &issue.comments {
                    let mut marks: Vec<_> =
                        comment.reactions.iter().map(|r| (r.user.as_str(), &r.content)).collect();
                    marks.sort();
                    let text = self.replace(&comment.body);
                    let line = format!("#{number} {} says {text:?} {marks:?}", comment.author);
                    *said.entry(line).or_default() += 1;
                }
                lines.extend(said.into_iter().map(|(line, times)| format!("{line} {times} time(s)")));
            }
            for commit in repository.statuses.keys() {
                for status in repository.latest_statuses(commit) {
                    let (context, state, text) = (&status.context, &status.state, &status.description);
                    lines.push(format!("{commit} {context} {state} {text:?} {:?}", status.target_url));
                }
            }
            for (branch, tip) in repository.branches() {
                lines.push(format!("branch {branch} is at {tip}"));
            }
            lines.push(format!("{} hook(s), protected: {:?}", state.hooks.len(), repository.protection));
        });
        lines
    }
}

/// The subjects of all commits. Two with one subject are told apart by their order.
fn commits(stage: &Stage) -> BTreeMap<String, String> {
    let folder = stage.folder_of_repositories().join(Git::path(&REPOSITORY.into()));
    let arguments = ["log", "--all", "--reverse", "--topo-order", "--format=%H %s"];
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut commits = BTreeMap::new();
    for (commit, subject) in printed.lines().filter_map(|line| line.split_once(' ')) {
        let times = seen.entry(subject).or_default();
        *times += 1;
        let word = if *times == 1 { subject.to_owned() } else { format!("{subject}, {times}") };
        commits.insert(commit.to_owned(), word);
    }
    commits
}
