//! What a look at a pool sees: of every branch the tip, the changes, the runs, what is required and what was begun.
//!
//! The tip and an open landing's first car are read from GitHub now; the other changes are as the mirror has them. A
//! repository that cannot be seen is said so, and the others are looked at.

use super::{
    ground, landing,
    requirements::{self, Recorded},
};
use crate::{
    context::{Context, Governed},
    look::{LookError, branches::web_of},
    pulls::Mirrored,
    stores::sorted,
};
use api::{MergePool, problem::Problem, repository::Mode};
use decide::{
    config::layers::{EffectiveRepository, InRepoConfig},
    facts::{HeadSha, RepoName},
    job::Presubmit,
    merge::{
        blockers::Titles,
        describe::{self, branch_key},
        effective::{self, Surroundings},
        method::AllowedMethods,
        overview::PoolReason,
        people::{self, Commands},
        policy::{Policy, Reporters},
        pool::{Change, InRepo, Jobs, Member, Pool, Run},
        protection, spent,
    },
    reason::Reason,
    run,
};
use forge::{Forge, PullSnapshot, Viewer};
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use kube::ResourceExt;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A pool with all that its next steps depend on.
pub(super) struct Observed {
    pub(super) spec: Arc<api::merge_pool::MergePoolSpec>,
    pub(super) generation: Option<i64>,
    pub(super) branches: Vec<Branch>,
    /// Branches that are not the pool's any more, and for which a landing was begun.
    pub(super) abandoned: Vec<String>,
    pub(super) reasons: Vec<PoolReason>,
    pub(super) problems: Vec<Problem>,
    /// The first repository that could not be looked at.
    pub(super) trouble: Option<(String, LookError)>,
    /// Repositories of which nothing new is known: what the status says about them stays.
    pub(super) unseen: Vec<RepoName>,
}

/// One branch.
pub(super) struct Branch {
    pub(super) uid: String,
    pub(super) governed: Governed,
    pub(super) pool: Pool,
    pub(super) policy: Policy,
    pub(super) problems: Vec<Problem>,
    pub(super) recorded: Recorded,
    /// GitHub's address, without a slash at the end.
    pub(super) web: String,
    pub(super) now: Timestamp,
}

impl Branch {
    /// Its key in the status.
    pub(super) fn key(&self) -> String {
        branch_key(&self.pool.repository, &self.pool.branch)
    }
}

/// Whether what we know may be decided upon: everything was read once, and no mirror is behind our own writes.
pub(super) fn is_up_to_date(context: &Context, object: &MergePool) -> bool {
    let stale = |run: &Arc<api::ProwJob>| context.writes.is_stale(run.as_ref());
    context.installation.is_known()
        && context.stores.ready().now_or_never().is_some()
        && !context.writes.is_stale(object)
        && !context.stores.prow_jobs.state().iter().any(stale)
}

/// Looks at a pool.
pub(super) async fn observe(context: &Context, object: &MergePool) -> Observed {
    context.merges.since(&object.uid().unwrap_or_default(), context.clock.now());
    let ground = ground::of(context, object);
    let intents = object.status.iter().flat_map(|status| &status.intents);
    let elsewhere = intents.filter(|intent| {
        let repository = intent.branch.split_once(' ').and_then(|(of, _)| of.parse::<RepoName>().ok());
        repository.is_none_or(|of| decide::merge::ground::named(&object.spec, &of).is_none())
    });
    let mut observed = Observed {
        spec: Arc::new(object.spec.clone()),
        generation: object.metadata.generation,
        branches: Vec::new(),
        abandoned: elsewhere.map(|intent| intent.branch.clone()).collect(),
        reasons: ground.reasons,
        problems: ground.problems,
        trouble: None,
        unseen: Vec::new(),
    };
    for repository in ground.repositories {
        if let Err(error) = look_at(context, object, &repository, &mut observed).await {
            observed.reasons.push(PoolReason::Unreadable(format!("{repository}: {error}")));
            observed.trouble.get_or_insert((repository.to_string(), error));
            observed.unseen.push(repository);
        }
    }
    observed
}

/// Looks at one repository.
async fn look_at(
    context: &Context,
    object: &MergePool,
    repository: &RepoName,
    observed: &mut Observed,
) -> Result<(), LookError> {
    let governed = context.governed(repository).await?;
    if governed.effective.repository.mode == Mode::Paused {
        let message = format!("{repository} is in mode Paused: nothing is tested or merged there");
        observed.problems.push(Problem::warning("spec.repositories", message));
        observed.unseen.push(repository.clone());
        return Ok(());
    }
    let Some(mirrored) = context.pulls.of(repository) else {
        observed.reasons.push(PoolReason::NotSwept(repository.to_string()));
        observed.unseen.push(repository.clone());
        return Ok(());
    };
    context.merges.keep_only(repository, &mirrored.iter().map(|pull| pull.snapshot.pull.number).collect());
    let into = mirrored.iter().map(|pull| pull.snapshot.pull.base_ref.as_str());
    let branches = ground::branches(context, object, repository, into);
    observed.abandoned.extend(branches.abandoned);
    for overlap in branches.overlaps {
        // A pool of one repository beside one of all is how an exception is written; two alike are a mistake.
        if !overlap.closer {
            observed.reasons.push(PoolReason::Overlap(overlap.sentence()));
        }
        observed.problems.push(Problem::warning("spec.repositories", overlap.sentence()));
    }
    if branches.ours.is_empty() {
        return Ok(());
    }
    let here = Here::observe(context, object, repository, &governed).await?;
    for name in &branches.ours {
        let branch = here.branch(context, object, name, &mirrored).await?;
        observed.branches.extend(branch);
    }
    Ok(())
}

/// What all branches of a repository share.
struct Here<'a> {
    repository: &'a RepoName,
    governed: &'a Governed,
    viewer: Viewer,
    jobs: Jobs,
    refused_jobs: BTreeMap<String, String>,
    all_jobs_observed: bool,
    runs: Vec<Run>,
    blockers: Vec<(u64, String)>,
    allowed_methods: AllowedMethods,
    now: Timestamp,
}

impl<'a> Here<'a> {
    async fn observe(
        context: &Context,
        object: &MergePool,
        repository: &'a RepoName,
        governed: &'a Governed,
    ) -> Result<Self, LookError> {
        let forge = &governed.forge;
        let blockers = match &object.spec.blockers {
            Some(blockers) => forge.issues_with_label(repository, &blockers.label).await?,
            None => Vec::new(),
        };
        let effective = &governed.effective.repository;
        let catalogue = context.catalogue.get(context);
        let of_repository = catalogue.presubmits(repository);
        let central: Vec<Presubmit> = of_repository.iter().map(|tenant| tenant.job.clone()).collect();
        let granted = of_repository
            .iter()
            .filter(|tenant| tenant.namespace != governed.namespace)
            .map(|tenant| (tenant.job.context().to_owned(), tenant.namespace.clone()))
            .collect();
        let namespaces = namespaces(governed, effective);
        let configs: Vec<_> = sorted(&context.stores.job_configs)
            .into_iter()
            .filter(|config| config.namespace().is_some_and(|of| namespaces.contains(of.as_str())))
            .filter(|config| config.metadata.deletion_timestamp.is_none())
            .collect();
        let written = configs.iter().flat_map(|config| &config.spec.presubmits);
        let written = written.filter(|(name, _)| repository.matches(name)).flat_map(|(_, jobs)| jobs);
        let refused_jobs = written
            .filter(|job| !central.iter().any(|accepted| accepted.name() == job.base.name))
            .map(|job| {
                let context = if job.context.is_empty() { &job.base.name } else { &job.context };
                (job.base.name.clone(), context.clone())
            })
            .collect();
        let all_jobs_observed = configs
            .iter()
            .all(|config| catalogue.report(&config.namespace().unwrap_or_default(), config).is_some());
        Ok(Self {
            repository,
            governed,
            viewer: forge.viewer().await?,
            jobs: Jobs { namespace: governed.namespace.clone(), granted, central, in_repo: InRepo::Off },
            refused_jobs,
            all_jobs_observed,
            runs: runs(context, governed, &namespaces, repository),
            blockers,
            allowed_methods: forge.allowed_methods(repository).await?,
            now: context.clock.now(),
        })
    }

    /// One branch; `None`: there is no such branch any more.
    async fn branch(
        &self,
        context: &Context,
        object: &MergePool,
        name: &str,
        mirrored: &[Mirrored],
    ) -> Result<Option<Branch>, LookError> {
        let (repository, forge) = (self.repository, &self.governed.forge);
        let key = branch_key(repository, name);
        let intent = object.status.iter().flat_map(|status| &status.intents).find(|i| i.branch == key);
        let intent = intent.and_then(describe::intent_of_status);
        // The tip is read behind the car: it is never older than what the car was merged as.
        let car = match &intent {
            Some(intent) => landing::read(context, self.governed, repository, intent).await?,
            None => None,
        };
        let Some(tip) = forge.tip(repository, name).await? else { return Ok(None) };
        let reading = match (&intent, &car) {
            (Some(intent), Some(car)) => {
                Some(landing::reading(context, self.governed, repository, intent, car, &tip).await)
            }
            (Some(_), None) => Some(decide::merge::intent::Reading::Closed),
            (None, _) => None,
        };
        // What GitHub asks for holds as much as what is declared and may not have reached GitHub.
        let mut protection = forge.required_contexts(repository, name).await?;
        let declared = self.governed.effective.repository.branch_protection.as_ref();
        let declared = declared.map(|declared| protection::declared(declared, name)).unwrap_or_default();
        protection.contexts.extend(declared.contexts);
        protection.strict |= declared.strict;
        let (mut policy, problems) = effective::policy(
            &object.spec,
            repository,
            name,
            &self.surroundings(context, object, protection.contexts, declared.manual_jobs),
        );
        // What was begun before the mode was changed is given up, not carried on.
        policy.paused |= intent.is_some() && !self.governed.acts();
        let recorded = requirements::read(context, object, repository, name).await?;
        let uid = object.uid().unwrap_or_default();
        let titles = Titles::new().map_err(|error| LookError::Unanswered(error.to_string()))?;
        let issues = self.blockers.iter().map(|(number, title)| (*number, title.as_str()));
        let (since, trials, spent, called_at) = context.merges.of(&uid, &key, self.now, |remembered| {
            remembered.record_is_there(recorded.record.is_some(), self.now);
            let since = remembered.since.max(self.now.saturating_sub(spent::BUDGET_OVER).unwrap_or(self.now));
            let spent = spent::spent(&self.runs, name, &remembered.merges, since);
            let called_at = intent.as_ref().and_then(|intent| remembered.called_at(intent));
            (remembered.since, remembered.trials.clone(), spent, called_at)
        });
        let mut pool = Pool {
            repository: repository.clone(),
            branch: name.to_owned(),
            tip,
            changes: Vec::new(),
            jobs: self.jobs.clone(),
            runs: self.runs.clone(),
            blockers: titles.of_branch(issues, name).into_iter().collect(),
            allowed_methods: self.allowed_methods,
            trials,
            term: u64::try_from(context.term.0).unwrap_or_default(),
            intent,
            reading,
            called_at,
            record: recorded.record.clone(),
            all_jobs_observed: self.all_jobs_observed,
            observed_since: since,
            refused_jobs: self.refused_jobs.clone(),
            spent,
            protected_strict: protection.strict,
        };
        for pull in mirrored {
            let fresh = car.as_ref().filter(|car| car.pull.number == pull.snapshot.pull.number);
            let snapshot = fresh.unwrap_or(&pull.snapshot);
            if snapshot.pull.base_ref == name && snapshot.pull.open {
                let looked_at = pull.looked_at.as_ref() == Some(&snapshot.pull.head_sha);
                pool.changes.push(self.change(context, &policy, snapshot, looked_at).await?);
            }
        }
        pool.jobs.in_repo = in_repo(&self.governed.effective.repository, &pool.changes);
        let web = web_of(&self.governed.effective.repository.api_url);
        let governed = self.governed.clone();
        Ok(Some(Branch { uid, governed, pool, policy, problems, recorded, web, now: self.now }))
    }

    fn surroundings(
        &self,
        context: &Context,
        object: &MergePool,
        protected: BTreeSet<String>,
        require_manual_jobs: bool,
    ) -> Surroundings {
        let settings = context.installation.settings();
        let web = settings.web.url.trim_end_matches('/');
        let zones = object.spec.freezes.iter().filter_map(|freeze| freeze.time_zone.as_deref());
        Surroundings {
            protected,
            require_manual_jobs,
            reporters: if self.governed.acts() {
                Reporters::Only(BTreeSet::from([self.viewer.login.clone()]))
            } else {
                // Beside another Prow its results count (DESIGN G2).
                Reporters::Anybody
            },
            settle: SignedDuration::try_from(settings.runs.settle.to_std()).unwrap_or(SignedDuration::MAX),
            status_page: if web.is_empty() { String::new() } else { format!("{web}/pr") },
            zones: zones.filter_map(|name| Some((name.to_owned(), TimeZone::get(name).ok()?))).collect(),
            now: self.now,
        }
    }

    async fn change(
        &self,
        context: &Context,
        policy: &Policy,
        snapshot: &PullSnapshot,
        looked_at: bool,
    ) -> Result<Change, LookError> {
        let pull = &snapshot.pull;
        let plugins = &self.governed.effective.repository.plugins;
        let commands = Commands {
            lgtm: plugins.lgtm.is_some(),
            approve: plugins.approve.is_some(),
            hold: plugins.hold.is_some(),
        };
        // Of a change that no query takes the files do not matter, and most changes are such.
        let taken = policy.queries.iter().any(|query| query.selects(pull));
        let files = if taken {
            self.files(context, pull.number, &pull.head_sha, &pull.base_ref).await?
        } else {
            Vec::new()
        };
        Ok(Change {
            pull: pull.clone(),
            statuses: snapshot.statuses.clone(),
            check_runs: snapshot.check_runs.clone(),
            can_be_rebased: snapshot.can_be_rebased,
            files,
            listed_labels: pull.labels.iter().cloned().collect(),
            looked_at,
            retested_at: people::retested_at(&snapshot.comments, &self.viewer.login),
            remedies: people::remedies(pull, commands),
        })
    }

    async fn files(
        &self,
        context: &Context,
        number: u64,
        head: &HeadSha,
        branch: &str,
    ) -> Result<Vec<String>, LookError> {
        let member = Member { number, head: head.clone() };
        if let Some(files) = context.merges.files(self.repository, &member, branch) {
            return Ok(files);
        }
        let files = self.governed.forge.changed_files(self.repository, number).await?;
        context.merges.keep_files(self.repository, &member, branch, files.clone());
        Ok(files)
    }
}

/// Jobs inside the repository, which this version does not read. Where they are on, nothing may merge without them: what
/// they require is not known.
fn in_repo(effective: &EffectiveRepository, changes: &[Change]) -> InRepo {
    match effective.in_repo_config {
        InRepoConfig::Disabled => InRepo::Off,
        InRepoConfig::Enabled { .. } => {
            let problem = "pools do not read jobs inside a repository yet; set inRepoConfig.enabled: false.";
            let head = |change: &Change| BTreeSet::from([change.pull.head_sha.clone()]);
            InRepo::At(changes.iter().map(|change| (head(change), Err(problem.to_owned()))).collect())
        }
    }
}

/// The namespaces whose jobs may gate merges into the repository: the governing one, and those with a grant.
fn namespaces<'a>(governed: &'a Governed, effective: &'a EffectiveRepository) -> BTreeSet<&'a str> {
    let granted = effective.jobs.from.iter().map(|grant| grant.namespace.as_str());
    granted.chain([governed.namespace.as_str()]).collect()
}

/// The runs of the repository. One of a namespace without a say about it counts for nothing.
fn runs(
    context: &Context,
    governed: &Governed,
    namespaces: &BTreeSet<&str>,
    repository: &RepoName,
) -> Vec<Run> {
    let objects = sorted(&context.stores.prow_jobs);
    let observed = objects.iter().map(|object| run::Run::observe(object));
    observed
        .filter(|run| namespaces.contains(run.namespace.as_str()))
        .filter_map(|run| Run::of(&run, repository))
        // In Shadow the runs of a Prow beside us count too (DESIGN G2); nothing lands by them.
        .map(|run| Run { gates: run.gates || !governed.acts(), ..run })
        .collect()
}
