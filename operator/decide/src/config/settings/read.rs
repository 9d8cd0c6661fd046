//! Reading the settings section by section, entry by entry, so that each mistake is named with its path and all of
//! them at once.

use super::{Cluster, Settings};
use crate::facts::RepoName;
use api::{duration::GoDuration, problem::Problem};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

const SECTIONS: [&str; 9] =
    ["clusters", "tenants", "agents", "queues", "runs", "retention", "defaults", "storage", "web"];

/// The settings in a text.
pub(super) fn settings(yaml: &str) -> Result<Settings, Vec<Problem>> {
    let mut reader = Reader { map: map(yaml).map_err(|problem| vec![problem])?, problems: Vec::new() };
    let settings = Settings {
        clusters: reader.list("clusters"),
        tenants: reader.list("tenants"),
        agents: reader.list("agents"),
        queues: reader.section("queues"),
        runs: reader.section("runs"),
        retention: reader.section("retention"),
        defaults: reader.section("defaults"),
        storage: reader.section("storage"),
        web: reader.section("web"),
    };
    let mut problems = reader.problems;
    problems.extend(reader.map.keys().map(|key| {
        Problem::error(key, format!("there is no such section; the sections are {}", SECTIONS.join(", ")))
    }));
    // Paths count entries: what compares them waits until none is left out.
    if problems.is_empty() {
        check(&settings, &mut problems);
    }
    if problems.is_empty() { Ok(settings) } else { Err(problems) }
}

fn map(yaml: &str) -> Result<Map<String, Value>, Problem> {
    if yaml.trim().is_empty() {
        return Ok(Map::new());
    }
    match serde_saphyr::from_str(yaml) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(_) => Err(Problem::error("settings", "this is no map of sections; write `runs: {...}` and so on")),
        Err(error) => Err(Problem::error("settings", format!("this is not YAML: {error}"))),
    }
}

struct Reader {
    map: Map<String, Value>,
    problems: Vec<Problem>,
}

impl Reader {
    /// One section; absent or wrong, its defaults.
    fn section<T: DeserializeOwned + Default>(&mut self, name: &str) -> T {
        match self.map.remove(name) {
            None | Some(Value::Null) => T::default(),
            Some(value) => self.read(name, value).unwrap_or_default(),
        }
    }

    /// The entries of a section that are right.
    fn list<T: DeserializeOwned>(&mut self, name: &str) -> Vec<T> {
        match self.map.remove(name) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(entries)) => entries
                .into_iter()
                .enumerate()
                .filter_map(|(at, entry)| self.read(&format!("{name}[{at}]"), entry))
                .collect(),
            Some(_) => {
                self.problems.push(Problem::error(name, "this must be a list: begin each entry with `-`"));
                Vec::new()
            }
        }
    }

    fn read<T: DeserializeOwned>(&mut self, path: &str, value: Value) -> Option<T> {
        serde_json::from_value(value)
            .map_err(|e| self.problems.push(Problem::error(path, e.to_string())))
            .ok()
    }
}

/// What no single entry can know, or no type can say.
fn check(settings: &Settings, problems: &mut Vec<Problem>) {
    let mut report = |path: String, message: String| problems.push(Problem::error(path, message));
    for (path, name) in duplicates("clusters", settings.clusters.iter().map(|c| &c.name)) {
        report(path, format!("the cluster {name} is there already; give each its own name"));
    }
    for (path, name) in duplicates("agents", settings.agents.iter().map(|a| &a.name)) {
        report(path, format!("the agent {name} is there already; give each its own name"));
    }
    for (at, Cluster { pod_namespaces, .. }) in settings.clusters.iter().enumerate() {
        for (tenant, pods) in pod_namespaces.iter().filter(|(tenant, pods)| tenant == pods) {
            let path = format!("clusters[{at}].podNamespaces.{tenant}");
            report(
                path,
                format!("pods may not live in {pods}, which holds a tenant's objects; name another"),
            );
        }
    }
    for (at, agent) in settings.agents.iter().enumerate() {
        if !matches!(agent.service_account.split_once('/'), Some((ns, name)) if !ns.is_empty() && !name.is_empty())
        {
            let path = format!("agents[{at}].serviceAccount");
            report(path, format!("{:?} is no service account; write namespace/name", agent.service_account));
        }
    }
    for (queue, capacity) in settings.queues.iter().filter(|(_, capacity)| **capacity < -1) {
        let fix = "write a number of runs, 0 to block, -1 for any number";
        report(format!("queues.{queue}"), format!("{capacity} is no capacity; {fix}"));
    }
    check_tenants(settings, &mut report);
    check_numbers(settings, &mut report);
}

fn duplicates<'a>(
    section: &str,
    names: impl Iterator<Item = &'a String>,
) -> impl Iterator<Item = (String, &'a String)> {
    let mut seen = BTreeMap::new();
    names.enumerate().filter_map(move |(at, name)| {
        let again = seen.insert(name, at).is_some();
        again.then(|| (format!("{section}[{at}].name"), name))
    })
}

fn check_tenants(settings: &Settings, report: &mut impl FnMut(String, String)) {
    let mut owners = BTreeMap::new();
    let mut repositories = BTreeMap::new();
    for (at, tenant) in settings.tenants.iter().enumerate() {
        if tenant.owners.is_empty() && tenant.repositories.is_empty() {
            report(format!("tenants[{at}]"), "nothing is governed; give owners or repositories".to_owned());
        }
        for (i, owner) in tenant.owners.iter().enumerate() {
            if let Some(other) = owners.insert(owner.to_lowercase(), &tenant.namespace) {
                let path = format!("tenants[{at}].owners[{i}]");
                report(
                    path,
                    format!("{owner} belongs to {other} already; name it once, or single repositories"),
                );
            }
        }
        for (i, repository) in tenant.repositories.iter().enumerate() {
            let path = format!("tenants[{at}].repositories[{i}]");
            if let Err(error) = repository.parse::<RepoName>() {
                report(path, error.to_string());
            } else if let Some(other) = repositories.insert(repository.to_lowercase(), &tenant.namespace) {
                report(path, format!("{repository} belongs to {other} already; name it once"));
            }
        }
    }
}

fn check_numbers(settings: &Settings, report: &mut impl FnMut(String, String)) {
    let (runs, retention) = (&settings.runs, &settings.retention);
    for (path, duration) in [
        ("runs.pendingTimeout", runs.pending_timeout),
        ("runs.unscheduledTimeout", runs.unscheduled_timeout),
        ("runs.runningTimeout", runs.running_timeout),
        ("retention.runs", retention.runs),
        ("retention.pods", retention.pods),
    ] {
        if duration <= GoDuration::default() {
            report(path.to_owned(), format!("{duration} is no time to wait; write one above 0, as in 10m"));
        }
    }
    for (path, duration) in
        [("runs.settle", runs.settle), ("retention.finishedPods", retention.finished_pods)]
    {
        if duration < GoDuration::default() {
            report(path.to_owned(), format!("{duration} lies in the past; write 0s or more"));
        }
    }
    for (path, number) in [
        ("runs.revivals", runs.revivals),
        ("runs.maxConcurrency", runs.max_concurrency),
        ("runs.catchUp", runs.catch_up),
    ] {
        if number < 0 {
            report(path.to_owned(), format!("{number} is no count; write 0 or more"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOWN: &str = r#"
clusters: [ { name: default }, { name: arm, kubeconfig: { secret: arm, key: config }, podNamespaces: { acme: acme-pods } } ]
tenants: [ { namespace: acme, owners: [acme], repositories: [] } ]
agents: [ { name: jenkins, serviceAccount: ci/jenkins-operator } ]
queues: { gpu: 10 }
runs: { pendingTimeout: 10m, unscheduledTimeout: 5m, runningTimeout: 48h, revivals: 3, maxConcurrency: 0, settle: 5m, catchUp: 10 }
retention: { runs: 168h, pods: 24h, finishedPods: 30m, excludeClusters: [] }
defaults: { decoration: [], presets: [], report: {}, rerun: [] }
storage: { local: /var/lib/bowsprit }
web: { url: "https://ci.example.org", externalPlugins: [], oauth: { secretRef: { name: login } } }
"#;

    fn problems(yaml: &str) -> Vec<(String, String)> {
        let problems = Settings::parse(yaml).unwrap_err();
        problems.into_iter().map(|problem| (problem.path, problem.message)).collect()
    }

    #[test]
    fn the_settings_that_users_are_shown_are_the_defaults_where_they_name_nothing() {
        let shown = Settings::parse(SHOWN).unwrap();
        let defaults = Settings::parse("").unwrap();
        assert_eq!(shown.runs, defaults.runs);
        assert_eq!(shown.retention, defaults.retention);
        assert_eq!(shown.storage, defaults.storage);
        assert_eq!(shown.cluster("arm").unwrap().pod_namespace("acme"), "acme-pods");
        assert_eq!(shown.cluster("default").unwrap().pod_namespace("acme"), "acme-jobs");
        assert_eq!((shown.queue("gpu"), shown.queue("other")), (Some(10), None));
    }

    #[test]
    fn without_clusters_the_own_one_is_default() {
        let settings = Settings::default();
        assert!(settings.cluster("default").is_some() && settings.cluster("arm").is_none());
    }

    #[test]
    fn an_invalid_version_keeps_the_last_valid_one() {
        let valid = Settings::parse("runs: { settle: 7m }").unwrap();
        let (kept, problems) = valid.renewed("runs: { settle: soon }");
        assert_eq!(kept, valid);
        assert_eq!(problems[0].path, "runs");
        assert!(problems[0].message.contains("write it as in 90m"), "{}", problems[0].message);
        let (new, problems) = valid.renewed("runs: { settle: 8m }");
        assert_eq!(new.runs.settle, GoDuration::from_secs(480));
        assert_eq!(problems, []);
    }

    #[test]
    fn all_mistakes_are_named_at_once_each_with_its_path() {
        let found = problems("clusters: [ { name: a }, { nam: b }, {} ]\nrums: {}");
        let paths: Vec<_> = found.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["clusters[1]", "clusters[2]", "rums"]);
        assert!(found[0].1.contains("unknown field `nam`, expected one of `name`"), "{}", found[0].1);
        assert!(found[1].1.contains("missing field `name`"), "{}", found[1].1);
        assert!(found[2].1.contains("runs"), "{}", found[2].1);
    }

    #[test]
    fn entries_are_held_against_each_other() {
        let found = problems(
            "clusters: [ { name: a }, { name: a } ]\nqueues: { gpu: -2 }\nagents: [ { name: j, serviceAccount: x } ]",
        );
        let paths: Vec<_> = found.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["clusters[1].name", "agents[0].serviceAccount", "queues.gpu"]);
    }

    #[test]
    fn a_text_that_is_no_yaml_is_named_with_its_line() {
        let found = problems("runs: {\n  settle: [");
        assert_eq!(found[0].0, "settings");
        assert!(found[0].1.contains("line"), "{}", found[0].1);
        assert_eq!(problems("- a")[0].0, "settings");
    }

    #[test]
    fn an_owner_belongs_to_one_tenant_whatever_its_case() {
        let found =
            problems("tenants: [ { namespace: a, owners: [Acme] }, { namespace: b, owners: [acme] } ]");
        assert_eq!(found[0].0, "tenants[1].owners[0]");
        let found = problems("tenants: [ { namespace: a, repositories: [acme] }, { namespace: b } ]");
        assert_eq!(found[0].0, "tenants[0].repositories[0]");
        assert_eq!(found[1].0, "tenants[1]");
    }

    #[test]
    fn pods_never_live_beside_a_tenants_objects() {
        let found = problems("clusters: [ { name: a, podNamespaces: { acme: acme } } ]");
        assert_eq!(found[0].0, "clusters[0].podNamespaces.acme");
    }

    #[test]
    fn a_limit_must_be_one() {
        let found = problems("runs: { pendingTimeout: 0s, settle: -1m, revivals: -1 }");
        let paths: Vec<_> = found.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["runs.pendingTimeout", "runs.settle", "runs.revivals"]);
    }
}
