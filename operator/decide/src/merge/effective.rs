//! The policy of one repository and branch, from a `MergePool`: overrides leaf by leaf, then the documented defaults.

use super::{
    context_policy::{ContextRules, Contradictions},
    label::AnyOf,
    method::{GitHubBlocked, Method, MethodLabels},
    policy::{
        BatchLimit, CommitTexts, Coverage, Freeze, Landing, Policy, Reporters, StatusStyle, StatusTarget,
        Strategy, TideLimits,
    },
    query::{Query, QueryFields},
};
use crate::{
    config::Problem,
    facts::RepoName,
    schedule::Cron,
    text::{GoRegex, template::Template},
};
use api::merge_pool::{self as crd, MergePoolSpec};
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use std::collections::{BTreeMap, BTreeSet};

/// What a pool's policy depends on beside its spec.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The contexts that branch protection requires on this branch.
    pub protected: BTreeSet<String>,
    /// Branch protection also requires jobs that only a command starts.
    pub require_manual_jobs: bool,
    /// Whose statuses count as results.
    pub reporters: Reporters,
    /// How long a requirement that disappeared stays one.
    pub settle: SignedDuration,
    /// The dashboard's page about a pull request; empty: none.
    pub status_page: String,
    /// The time zones that the freezes name, as the system knows them.
    pub zones: BTreeMap<String, TimeZone>,
    /// The time, which decides about the freezes.
    pub now: Timestamp,
}

/// Whether a pattern (`owner/name` or `owner/*`) names this repository.
pub fn names(pattern: &str, repository: &RepoName) -> bool {
    match pattern.parse::<RepoName>() {
        Ok(named) => {
            named.owner.eq_ignore_ascii_case(&repository.owner)
                && (named.name == "*" || named.name.eq_ignore_ascii_case(&repository.name))
        }
        Err(_) => false,
    }
}

/// The policy of one branch, and all that is wrong in the spec. What is wrong is left out, on the side of merging less:
/// a query or a freeze that cannot be read holds back.
pub fn policy(
    spec: &MergePoolSpec,
    repository: &RepoName,
    branch: &str,
    around: &Surroundings,
) -> (Policy, Vec<Problem>) {
    let mut problems = Vec::new();
    let overrides = overrides(spec, repository, branch, &mut problems);
    let contexts = spec.contexts.iter().chain(overrides.iter().filter_map(|o| o.contexts.as_ref()));
    let merge: Vec<&crd::MergeOptions> =
        spec.merge.iter().chain(overrides.iter().filter_map(|o| o.merge.as_ref())).collect();
    let strategy: Vec<&crd::Strategy> =
        spec.strategy.iter().chain(overrides.iter().filter_map(|o| o.strategy.as_ref())).collect();
    let status_target = match around.status_page.as_str() {
        "" => StatusTarget::None,
        page => StatusTarget::Search(page.to_owned()),
    };
    let policy = Policy {
        queries: queries(spec, repository, &mut problems),
        contexts: context_rules(contexts, around),
        method: last(&merge, |m| m.method).map_or(Method::default(), method),
        method_labels: method_labels(&merge),
        commit: commit(&merge, &mut problems),
        github_blocked: match last(&merge, |m| m.github_blocked).unwrap_or_default() {
            crd::GithubBlocked::Ignore => GitHubBlocked::Ignore,
            crd::GithubBlocked::Permit => GitHubBlocked::Permit,
            crd::GithubBlocked::Block => GitHubBlocked::Block,
        },
        landing: landing(last(&merge, |m| m.landing).unwrap_or_default()),
        coverage: match last(&merge, |m| m.coverage).unwrap_or_default() {
            crd::Coverage::Prefix => Coverage::Prefix,
            crd::Coverage::Exact => Coverage::Exact,
        },
        strategy: self::strategy(&strategy),
        priority: spec
            .priority
            .iter()
            .map(|class| class.labels.iter().map(|entry| AnyOf::new(entry)).collect())
            .collect(),
        freezes: freezes(spec, around, &mut problems),
        runs_per_merge: spec
            .budget
            .as_ref()
            .and_then(|budget| budget.runs_per_merge)
            .map_or(Some(3), |runs| u32::try_from(runs).ok()),
        paused: spec.paused,
        reporters: around.reporters.clone(),
        settle: around.settle,
        status: StatusStyle { target: status_target, all_queries: false },
    };
    (policy, problems)
}

fn last<'a, O, T>(layers: &[&'a O], leaf: impl Fn(&'a O) -> Option<T>) -> Option<T> {
    layers.iter().rev().find_map(|layer| leaf(layer))
}

/// The overrides for this branch, in order.
fn overrides<'a>(
    spec: &'a MergePoolSpec,
    repository: &RepoName,
    branch: &str,
    problems: &mut Vec<Problem>,
) -> Vec<&'a crd::PoolOverride> {
    let mut found = Vec::new();
    for (i, entry) in spec.overrides.iter().enumerate() {
        let mut matches = entry.branches.is_empty();
        for (j, expression) in entry.branches.iter().enumerate() {
            match GoRegex::new(expression) {
                Ok(regex) => matches |= regex.is_match(branch),
                Err(problem) => problems
                    .push(Problem::error(format!("spec.overrides[{i}].branches[{j}]"), problem.to_string())),
            }
        }
        let here = entry.repositories.is_empty() || entry.repositories.iter().any(|p| names(p, repository));
        if matches && here {
            found.push(entry);
        }
    }
    found
}

fn queries(spec: &MergePoolSpec, repository: &RepoName, problems: &mut Vec<Problem>) -> Vec<Query> {
    let mut queries = Vec::new();
    for (i, query) in spec.queries.iter().enumerate() {
        let here = query.repositories.is_empty() || query.repositories.iter().any(|p| names(p, repository));
        if !here || query.exclude.iter().any(|pattern| names(pattern, repository)) {
            continue;
        }
        let fields = QueryFields {
            name: query.name.clone(),
            repositories: vec![repository.to_string()],
            author: query.author.clone().unwrap_or_default(),
            included_branches: query.included_branches.clone(),
            excluded_branches: query.excluded_branches.clone(),
            labels: query.labels.clone(),
            missing_labels: query.missing_labels.clone(),
            milestone: query.milestone.clone().unwrap_or_default(),
            review_approved: query.review_approved,
            ..QueryFields::default()
        };
        match Query::new(fields) {
            Ok(query) => queries.push(query),
            Err(wrong) => problems.extend(
                wrong.into_iter().map(|w| Problem::error(format!("spec.queries[{i}]"), w.to_string())),
            ),
        }
    }
    queries
}

/// Required contexts unite over the layers, optional ones are replaced, and required beats optional.
fn context_rules<'a>(
    layers: impl Iterator<Item = &'a crd::ContextPolicy>,
    around: &Surroundings,
) -> ContextRules {
    let mut rules = ContextRules { contradictions: Contradictions::StricterWins, ..ContextRules::default() };
    let mut from_protection = true;
    for layer in layers {
        from_protection = layer.from_branch_protection.unwrap_or(from_protection);
        rules.skip_unknown = layer.skip_unknown.or(rules.skip_unknown);
        rules.overwrite_pending = layer.overwrite_pending.or(rules.overwrite_pending);
        rules.required.extend(layer.required.iter().cloned());
        rules.required_if_present.extend(layer.required_if_present.iter().cloned());
        if !layer.optional.is_empty() {
            rules.optional = layer.optional.iter().cloned().collect();
        }
        if !layer.optional_regex.is_empty() {
            rules.optional_regex = layer.optional_regex.iter().cloned().collect();
        }
    }
    if from_protection {
        rules.required.extend(around.protected.iter().cloned());
        rules.require_manual_jobs = around.require_manual_jobs;
    }
    rules
}

/// The method of this word in the CRD.
pub(super) const fn method(method: crd::MergeMethod) -> Method {
    match method {
        crd::MergeMethod::Merge => Method::Merge,
        crd::MergeMethod::Squash => Method::Squash,
        crd::MergeMethod::Rebase => Method::Rebase,
    }
}

/// The landing of this word in the CRD.
pub(super) const fn landing(landing: crd::Landing) -> Landing {
    match landing {
        crd::Landing::MergeApi => Landing::MergeApi,
        crd::Landing::FastForward => Landing::FastForward,
    }
}

fn method_labels(merge: &[&crd::MergeOptions]) -> MethodLabels {
    let label = |leaf: fn(&crd::MethodLabels) -> Option<&String>| {
        let found = last(merge, |m| m.method_labels.as_ref().and_then(leaf));
        found.cloned().unwrap_or_default()
    };
    MethodLabels {
        merge: label(|labels| labels.merge.as_ref()),
        squash: label(|labels| labels.squash.as_ref()),
        rebase: label(|labels| labels.rebase.as_ref()),
    }
}

fn commit(merge: &[&crd::MergeOptions], problems: &mut Vec<Problem>) -> CommitTexts {
    let mut read = |name: &str, leaf: fn(&crd::CommitTemplate) -> Option<&String>| {
        let text = last(merge, |m| m.commit.as_ref().and_then(leaf)).filter(|text| !text.is_empty())?;
        Template::new(text)
            .map_err(|wrong| {
                problems.push(Problem::error(format!("spec.merge.commit.{name}"), wrong.to_string()));
            })
            .ok()
    };
    let title = read("title", |texts| texts.title.as_ref());
    let body = read("body", |texts| texts.body.as_ref());
    CommitTexts { title, body }
}

fn strategy(layers: &[&crd::Strategy]) -> Strategy {
    let size = |n: i64| usize::try_from(n).unwrap_or(usize::MAX);
    let batch = last(layers, |s| s.batch).unwrap_or(8);
    let window = size(last(layers, |s| s.window).unwrap_or(4));
    let retries = u32::try_from(last(layers, |s| s.retries).unwrap_or(1)).unwrap_or(u32::MAX);
    match last(layers, |s| s.type_).unwrap_or_default() {
        crd::StrategyType::Serial => Strategy::Serial { retries },
        crd::StrategyType::Batch => Strategy::Batch { window, size: size(batch).max(1), retries },
        crd::StrategyType::Train => Strategy::Train,
        crd::StrategyType::Tide => Strategy::Tide(TideLimits {
            batch: if batch == 0 { BatchLimit::Any } else { BatchLimit::AtMost(size(batch)) },
            prioritize_existing: last(layers, |s| s.prioritize_existing_batches).unwrap_or(true),
        }),
    }
}

/// The present or next window of every freeze. One that cannot be read freezes until it is mended.
fn freezes(spec: &MergePoolSpec, around: &Surroundings, problems: &mut Vec<Problem>) -> Vec<Freeze> {
    let mut freezes = Vec::new();
    for (i, freeze) in spec.freezes.iter().enumerate() {
        let mut wrong = |field: &str, message: String| {
            problems.push(Problem::error(format!("spec.freezes[{i}].{field}"), message));
            Some((Timestamp::MIN, Timestamp::MAX))
        };
        let zone = match freeze.time_zone.as_deref() {
            None | Some("" | "UTC") => Some(TimeZone::UTC),
            Some(name) => around.zones.get(name).cloned(),
        };
        let window = match (freeze.schedule.parse::<Cron>(), zone) {
            (Err(problem), _) => wrong("schedule", problem.to_string()),
            (Ok(cron), _) if cron.every().is_some() => {
                wrong("schedule", "@every has no fixed times: write five fields, as in '0 16 * * FRI'".into())
            }
            (Ok(_), None) => {
                let name = freeze.time_zone.as_deref().unwrap_or_default();
                wrong("timeZone", format!("{name:?} is not a time zone: write one as in Europe/Berlin"))
            }
            (Ok(cron), Some(zone)) => window(&cron, freeze.duration.as_nanos(), &zone, around.now),
        };
        if let Some((from, until)) = window {
            let except_labels = freeze.except_labels.iter().cloned().collect();
            freezes.push(Freeze { name: freeze.name.clone(), from, until, except_labels });
        }
    }
    freezes
}

/// The window that is open, else the next. A schedule is read on the clock of its zone: the cron expression sees that
/// clock as if it were UTC.
fn window(cron: &Cron, nanos: i64, zone: &TimeZone, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let length = SignedDuration::from_nanos(nanos);
    let clock = as_utc(zone.to_datetime(now))?;
    let earliest = clock.checked_sub(length).ok()?;
    let from = cron.latest_until(clock, earliest).or_else(|| cron.next_after(clock))?;
    let from = zone.to_timestamp(TimeZone::UTC.to_datetime(from)).ok()?;
    Some((from, from.checked_add(length).ok()?))
}

fn as_utc(time: DateTime) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(time).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::testing::minute;

    fn around(now: &str) -> Surroundings {
        Surroundings {
            protected: BTreeSet::from(["EasyCLA".to_owned()]),
            require_manual_jobs: false,
            reporters: Reporters::Anybody,
            settle: SignedDuration::from_mins(5),
            status_page: String::new(),
            zones: BTreeMap::from([("Europe/Berlin".to_owned(), TimeZone::fixed(jiff::tz::offset(1)))]),
            now: now.parse().unwrap(),
        }
    }

    fn read(spec: &str, now: &str) -> (Policy, Vec<Problem>) {
        let spec: MergePoolSpec = serde_saphyr::from_str(spec).unwrap();
        policy(&spec, &RepoName::new("acme", "widgets"), "main", &around(now))
    }

    #[test]
    fn an_empty_pool_has_the_documented_defaults() {
        let (policy, problems) = read("repositories: [acme/*]", "2026-11-20T14:00:00Z");
        assert!(problems.is_empty());
        assert_eq!(policy.strategy, Strategy::Batch { window: 4, size: 8, retries: 1 });
        assert_eq!((policy.landing, policy.coverage), (Landing::MergeApi, Coverage::Prefix));
        assert_eq!(policy.contexts.required, BTreeSet::from(["EasyCLA".to_owned()]));
        assert_eq!(policy.runs_per_merge, Some(3));
    }

    #[test]
    fn overrides_change_single_leaves() {
        let spec = "
repositories: [acme/*]
contexts: { required: [dco], optional: [a, b] }
merge: { method: Squash, coverage: Exact }
strategy: { type: Tide, batch: 0 }
overrides:
- { name: here, repositories: [acme/widgets], branches: ['^main$'], merge: { method: Rebase }, contexts: { required: [cla], optional: [c] } }
- { name: elsewhere, branches: [release], strategy: { type: Serial } }
";
        let (policy, _) = read(spec, "2026-11-20T14:00:00Z");
        assert_eq!((policy.method, policy.coverage), (Method::Rebase, Coverage::Exact));
        assert_eq!(policy.contexts.optional, BTreeSet::from(["c".to_owned()]));
        assert_eq!(policy.contexts.required.len(), 3);
        let limits = TideLimits { batch: BatchLimit::Any, prioritize_existing: true };
        assert_eq!(policy.strategy, Strategy::Tide(limits));
    }

    #[test]
    fn a_freeze_is_on_the_clock_of_its_zone() {
        let spec = "
repositories: [acme/*]
freezes: [ { name: friday, schedule: '0 16 * * FRI', duration: 62h, timeZone: Europe/Berlin } ]
";
        // 2026-11-20 is a Friday; four in the afternoon in Berlin is three in UTC.
        for (now, open) in [("2026-11-20T14:59:00Z", false), ("2026-11-20T15:00:00Z", true)] {
            let (policy, _) = read(spec, now);
            let labels = BTreeSet::new();
            assert_eq!(policy.freezes[0].holds(now.parse().unwrap(), &labels), open, "{now}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_path_and_holds_back() {
        let spec = "
repositories: [acme/*]
merge: { commit: { title: '{{ .Title' } }
freezes: [ { name: friday, schedule: 'every friday', duration: 62h } ]
overrides: [ { name: x, branches: ['('] } ]
";
        let (policy, problems) = read(spec, "2026-11-20T14:00:00Z");
        let paths: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(
            paths,
            ["spec.overrides[0].branches[0]", "spec.merge.commit.title", "spec.freezes[0].schedule"]
        );
        assert!(policy.freezes[0].holds(minute(0), &BTreeSet::new()));
    }
}
