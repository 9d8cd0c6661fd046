//! What is in force for one repository: all layers laid, all defaults applied, nothing optional that has a default.

use crate::facts::{Login, RepoName};
use api::{
    job::Preset,
    local_ref::SecretRef,
    prow_job::ProwJobState,
    repository::{
        self as raw, BranchProtection, CommentWhen, DecorationEntry, ExternalPlugin, JobGrant, Mode,
        OkToTestBinding, Plugins, PolicyMode, RepositorySpec, RerunGrant, StatusWhen, Visibility,
        WebhookOnDelete,
    },
};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// What is in force for one repository.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectiveRepository {
    /// The repository.
    pub name: RepoName,
    /// What is done for it.
    pub mode: Mode,
    /// Who sees its runs on the dashboard.
    pub visibility: Visibility,
    /// The Secret with the account; `None`: nothing can be done for it.
    pub credentials: Option<SecretRef>,
    /// Where GitHub's API is, without a slash at the end.
    pub api_url: String,
    /// How GitHub tells of events.
    pub webhook: Webhook,
    /// Whom it trusts.
    pub trust: Trust,
    /// The plugins that are on: what is here acts.
    pub plugins: Plugins,
    /// Programs that get a copy of each webhook.
    pub external_plugins: Vec<ExternalPlugin>,
    /// How OWNERS files are read.
    pub owners: Owners,
    /// What jobs may use.
    pub jobs: JobRights,
    /// Presets for all its jobs.
    pub presets: Vec<Preset>,
    /// Jobs from inside the repository.
    pub in_repo_config: InRepoConfig,
    /// How pods are wrapped; later entries win field by field.
    pub decoration: Vec<DecorationEntry>,
    /// Where results are announced.
    pub report: Report,
    /// Who may run jobs again; all entries for a job's cluster count.
    pub rerun: Vec<RerunGrant>,
    /// Branch protection; `None`: nobody asked for any.
    pub branch_protection: Option<BranchProtection>,
}

/// How GitHub tells of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Whether we keep the hook right.
    pub manage: bool,
    /// What becomes of it in the end.
    pub on_delete: WebhookOnDelete,
}

/// Whom a repository trusts: the facts that triggers and commands ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// Members of these organisations.
    pub organizations: BTreeSet<Login>,
    /// Collaborators of the repository.
    pub collaborators: bool,
    /// Apps, by name without `[bot]`.
    pub apps: BTreeSet<Login>,
    /// How a stranger's change is let in.
    pub ok_to_test: OkToTest,
}

/// How a stranger's change is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OkToTest {
    /// Whether `/ok-to-test` has an effect. The label counts in any case.
    pub enabled: bool,
    /// How long the label counts.
    pub bind_to: OkToTestBinding,
}

/// How OWNERS files are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owners {
    /// Their name.
    pub file: String,
    /// The file of aliases in the root.
    pub aliases_file: String,
    /// Whether headers of Markdown files count.
    pub markdown_headers: bool,
    /// Labels that an OWNERS file may not give.
    pub deny_labels: BTreeSet<String>,
    /// Whether people count who are no collaborators.
    pub skip_collaborators: bool,
    /// Directories that are not read, beside the built-in ones.
    pub ignore_directories: Vec<String>,
}

/// A list of names, or all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// `*`.
    All,
    /// These.
    Only(BTreeSet<String>),
}

impl Allowed {
    /// From a list in which `*` is all. Absent: `default` alone.
    fn new(list: Option<Vec<String>>) -> Self {
        match list {
            None => Self::Only(BTreeSet::from(["default".to_owned()])),
            Some(list) if list.iter().any(|name| name == "*") => Self::All,
            Some(list) => Self::Only(list.into_iter().collect()),
        }
    }

    /// Whether a name is allowed.
    pub fn allows(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.contains(name),
        }
    }

    /// What both allow.
    #[must_use]
    pub fn narrowed_by(self, other: &Self) -> Self {
        match (self, other) {
            (own, Self::All) => own,
            (Self::All, Self::Only(names)) => Self::Only(names.clone()),
            (Self::Only(own), Self::Only(names)) => Self::Only(own.intersection(names).cloned().collect()),
        }
    }
}

/// What jobs may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRights {
    /// Build clusters.
    pub clusters: Allowed,
    /// Service accounts of pods.
    pub service_accounts: Allowed,
    /// Other namespaces that may bring jobs.
    pub from: Vec<GrantedRights>,
}

/// What the jobs of another namespace may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantedRights {
    /// The namespace.
    pub namespace: String,
    /// Build clusters.
    pub clusters: Allowed,
    /// Service accounts of pods.
    pub service_accounts: Allowed,
}

/// Jobs from inside the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InRepoConfig {
    /// Are not read.
    Disabled,
    /// Are read, and may use these clusters: never more than other jobs.
    Enabled {
        /// The clusters.
        clusters: Allowed,
    },
}

/// Where results are announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Commit statuses.
    pub statuses: StatusWhen,
    /// Check runs.
    pub checks: StatusWhen,
    /// Comments.
    pub comment: CommentWhen,
    /// Go template below the comment's table; empty: none.
    pub template: String,
    /// Before a run's storage path to make its link; empty: the installation's dashboard.
    pub url_prefix: String,
    /// Messages on Slack; `None`: none, or nobody said how to get in or where.
    pub slack: Option<SlackReport>,
}

/// Messages on Slack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlackReport {
    /// The Secret with the token.
    pub secret: SecretRef,
    /// The channel.
    pub channel: String,
    /// In which states of a run.
    pub states: Vec<ProwJobState>,
}

impl EffectiveRepository {
    /// From what the layers make. They come from typed objects, so they read as one; should they ever not, the
    /// repository pauses rather than act on half of what was said.
    pub(super) fn from_layers(name: RepoName, mut spec: Map<String, Value>) -> Self {
        let github = raw::GithubRepositories {
            owner: name.owner.clone(),
            repositories: vec![name.name.clone()],
            exclude: Vec::new(),
        };
        let github = serde_json::to_value(github).unwrap_or_default();
        spec.insert("github".to_owned(), github);
        match serde_json::from_value(Value::Object(spec)) {
            Ok(spec) => Self::new(name, spec),
            Err(_) => {
                Self::new(name, RepositorySpec { mode: Some(Mode::Paused), ..RepositorySpec::default() })
            }
        }
    }

    /// A repository of which one object alone speaks.
    pub fn new(name: RepoName, spec: RepositorySpec) -> Self {
        let url = spec.api.and_then(|api| api.url).unwrap_or_else(|| "https://api.github.com".to_owned());
        let webhook = spec.webhook.unwrap_or_default();
        let jobs = job_rights(&name, spec.jobs.unwrap_or_default());
        let in_repo = spec.in_repo_config.unwrap_or_default();
        Self {
            mode: spec.mode.unwrap_or_default(),
            visibility: spec.visibility.unwrap_or_default(),
            credentials: spec.credentials.map(|credentials| credentials.secret_ref),
            api_url: url.trim_end_matches('/').to_owned(),
            webhook: Webhook {
                manage: webhook.manage.unwrap_or(true),
                on_delete: webhook.on_delete.unwrap_or_default(),
            },
            trust: trust(&name, spec.trust.unwrap_or_default()),
            plugins: spec.plugins.unwrap_or_default().without_disabled(),
            external_plugins: spec.external_plugins.unwrap_or_default(),
            owners: owners(spec.owners.unwrap_or_default()),
            presets: spec.presets.unwrap_or_default(),
            in_repo_config: if in_repo.enabled == Some(true) {
                InRepoConfig::Enabled { clusters: Allowed::new(in_repo.clusters).narrowed_by(&jobs.clusters) }
            } else {
                InRepoConfig::Disabled
            },
            jobs,
            decoration: spec.decoration.unwrap_or_default(),
            report: report(spec.report.unwrap_or_default()),
            rerun: spec.rerun.unwrap_or_default(),
            branch_protection: spec.branch_protection,
            name,
        }
    }

    /// Nothing is done until people agree (DESIGN G3).
    pub(super) fn pause(&mut self) {
        self.mode = Mode::Paused;
    }

    /// Nothing is shown or done until people agree (DESIGN G3).
    pub(super) fn hide_and_pause(&mut self) {
        self.visibility = Visibility::Hidden;
        self.pause();
    }

    /// GitHub's protection stays as it is until people agree (DESIGN G3).
    pub(super) fn only_report_protection(&mut self) {
        if let Some(protection) = &mut self.branch_protection {
            protection.mode = Some(PolicyMode::Report);
        }
    }
}

fn trust(name: &RepoName, trust: raw::Trust) -> Trust {
    let logins = |list: Vec<String>| list.into_iter().map(Login::new).collect();
    let ok_to_test = trust.ok_to_test.unwrap_or_default();
    Trust {
        organizations: logins(trust.organizations.unwrap_or_else(|| vec![name.owner.clone()])),
        collaborators: trust.collaborators.unwrap_or(true),
        apps: logins(trust.apps.unwrap_or_default()),
        ok_to_test: OkToTest {
            enabled: ok_to_test.enabled.unwrap_or(true),
            bind_to: ok_to_test.bind_to.unwrap_or_default(),
        },
    }
}

fn owners(owners: raw::Owners) -> Owners {
    let denied = || vec!["approved".to_owned(), "lgtm".to_owned()];
    Owners {
        file: owners.file.unwrap_or_else(|| "OWNERS".to_owned()),
        aliases_file: owners.aliases_file.unwrap_or_else(|| "OWNERS_ALIASES".to_owned()),
        markdown_headers: owners.markdown_headers.unwrap_or(false),
        deny_labels: owners.deny_labels.unwrap_or_else(denied).into_iter().collect(),
        skip_collaborators: owners.skip_collaborators.unwrap_or(false),
        ignore_directories: owners.ignore_directories.unwrap_or_default(),
    }
}

/// The rights of jobs for this repository; grants for others are left out.
fn job_rights(name: &RepoName, rights: raw::JobRights) -> JobRights {
    let meant = |grant: &JobGrant| grant.repositories.iter().any(|pattern| name.matches(pattern));
    let granted = |grant: JobGrant| GrantedRights {
        namespace: grant.namespace,
        clusters: Allowed::new(grant.clusters),
        service_accounts: Allowed::new(grant.service_accounts),
    };
    JobRights {
        clusters: Allowed::new(rights.clusters),
        service_accounts: Allowed::new(rights.service_accounts),
        from: rights.from.unwrap_or_default().into_iter().filter(meant).map(granted).collect(),
    }
}

fn report(report: raw::Report) -> Report {
    let slack = report.slack.unwrap_or_default();
    Report {
        statuses: report.statuses.unwrap_or(StatusWhen::Always),
        checks: report.checks.unwrap_or(StatusWhen::Never),
        comment: report.comment.unwrap_or(CommentWhen::OnFailure),
        template: report.template.unwrap_or_default(),
        url_prefix: report.url_prefix.unwrap_or_default(),
        slack: slack.secret_ref.zip(slack.channel).map(|(secret, channel)| SlackReport {
            secret,
            channel,
            states: slack.states.unwrap_or_else(|| vec![ProwJobState::Failure, ProwJobState::Error]),
        }),
    }
}
