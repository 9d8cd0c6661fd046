//! All jobs together: from files or objects to the jobs that may run, and what is wrong with the others.
//!
//! One wrong job is set aside alone. Who wants Prow's rule (one error refuses everything) looks for an error among the
//! problems. Of two jobs that exclude each other the one that was accepted earlier stays, else the one whose source
//! comes first: editing one object never stops a job of another.

use super::{
    compile::{self, Surroundings},
    preset,
    problem::{At, Problem, any_error},
    read::{self, ReadFile},
    rules::JobRules,
    set::{Contender, Seats},
};
use crate::job::{Periodic, Postsubmit, Presubmit};
use api::job::{JobFile, Preset};
use std::collections::{BTreeMap, BTreeSet};

/// A file or object with jobs.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Its name, for people: a path, or `JobConfig NAME`.
    pub name: String,
    /// What stands before every path (`spec` in an object).
    root: &'static str,
    read: ReadFile,
}

impl Source {
    /// An object. What its schema leaves open (pod specs) is checked here.
    pub fn object(name: impl Into<String>, spec: &JobFile) -> Self {
        Self { name: name.into(), root: "spec", read: read::object(spec, "spec") }
    }

    /// A file.
    pub fn file(name: impl Into<String>, read: ReadFile) -> Self {
        Self { name: name.into(), root: "", read }
    }
}

/// For which jobs a preset without labels is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlabelled {
    /// For all, as in Prow.
    Everybody,
    /// For the jobs of its own source (KINDS 2).
    OwnSource,
}

/// A job that may run, and where it is from.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted<J> {
    /// The job.
    pub job: J,
    /// The index of its source.
    pub source: usize,
    /// Its place in the source.
    pub path: String,
    /// Its `preset-*` labels that no preset answers. Whether it waits for them is for the caller, who knows what was
    /// there before.
    pub unanswered_presets: Vec<String>,
    /// What it is told apart by over time.
    pub id: JobId,
}

/// What makes a job the same job after an edit: everything that decides where it runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobId {
    source: String,
    list: &'static str,
    repo: String,
    name: String,
    branches: Vec<String>,
    skip_branches: Vec<String>,
}

/// All jobs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// By repository as written, in the order of the sources.
    pub presubmits: BTreeMap<String, Vec<Accepted<Presubmit>>>,
    /// By repository as written, in the order of the sources.
    pub postsubmits: BTreeMap<String, Vec<Accepted<Postsubmit>>>,
    /// In the order of the sources.
    pub periodics: Vec<Accepted<Periodic>>,
    /// The presets that serve all sources.
    pub presets: Vec<Preset>,
    /// What is wrong, by index of the source.
    pub problems: Vec<Vec<Problem>>,
}

impl Loaded {
    /// The presubmits of a repository.
    pub fn presubmits_of(&self, repo: &str) -> Vec<Presubmit> {
        self.presubmits.get(repo).into_iter().flatten().map(|accepted| accepted.job.clone()).collect()
    }

    /// The postsubmits of a repository.
    pub fn postsubmits_of(&self, repo: &str) -> Vec<Postsubmit> {
        self.postsubmits.get(repo).into_iter().flatten().map(|accepted| accepted.job.clone()).collect()
    }

    /// The ids of all jobs, to be given to the next [`load`].
    pub fn ids(&self) -> BTreeSet<JobId> {
        let presubmits = self.presubmits.values().flatten().map(|accepted| &accepted.id);
        let postsubmits = self.postsubmits.values().flatten().map(|accepted| &accepted.id);
        let periodics = self.periodics.iter().map(|accepted| &accepted.id);
        presubmits.chain(postsubmits).chain(periodics).cloned().collect()
    }

    /// Whether anything was set aside.
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(|problems| any_error(problems))
    }
}

/// Loads all jobs. `rules` are those of a repository (`owner/name`; empty for a periodic without one); `kept` are the
/// jobs that run already.
pub fn load<'r>(
    sources: &[Source],
    unlabelled: Unlabelled,
    rules: &dyn Fn(&str) -> &'r JobRules,
    kept: &BTreeSet<JobId>,
) -> Loaded {
    let problems = sources.iter().map(|source| source.read.problems.clone()).collect();
    let mut loading = Loading { sources, rules, kept, presets: Vec::new(), problems };
    loading.gather_presets(unlabelled);

    let presubmits = written(sources, "presubmits", |file| by_repository(&file.presubmits));
    let presubmits = loading.compile(presubmits, compile::presubmit);
    let postsubmits = written(sources, "postsubmits", |file| by_repository(&file.postsubmits));
    let postsubmits = loading.compile(postsubmits, compile::postsubmit);
    let periodics = written(sources, "periodics", |file| vec![(None, file.periodics.as_slice())]);
    let periodics = loading.compile(periodics, compile::periodic);

    Loaded {
        presubmits: loading.seat_by_repository(presubmits),
        postsubmits: loading.seat_by_repository(postsubmits),
        periodics: loading.seat(periodics),
        presets: loading.presets.iter().filter(|p| p.only_for.is_none()).map(|p| p.preset.clone()).collect(),
        problems: loading.problems,
    }
}

fn by_repository<R>(lists: &BTreeMap<String, Vec<R>>) -> Vec<(Option<&str>, &[R])> {
    lists.iter().map(|(repo, jobs)| (Some(repo.as_str()), jobs.as_slice())).collect()
}

/// A raw job and where it is written.
struct Written<'a, R> {
    raw: &'a R,
    list: &'static str,
    /// `None`: a periodic.
    repo: Option<&'a str>,
    source: usize,
    path: String,
}

/// The raw jobs of one type, of all sources.
fn written<'a, R>(
    sources: &'a [Source],
    list: &'static str,
    jobs_of: impl Fn(&'a JobFile) -> Vec<(Option<&'a str>, &'a [R])>,
) -> Vec<Written<'a, R>> {
    let mut all = Vec::new();
    for (source_index, source) in sources.iter().enumerate() {
        let root = At::root(source.root);
        let at_list = root.field(list);
        for (repo, jobs) in jobs_of(&source.read.file) {
            let at_jobs = repo.map_or(at_list, |repo| at_list.field(repo));
            for (index, raw) in jobs.iter().enumerate() {
                let path = at_jobs.index(source.read.gaps.written_index(&at_jobs, index)).to_string();
                all.push(Written { raw, list, repo, source: source_index, path });
            }
        }
    }
    all
}

struct Loading<'a, 'r> {
    sources: &'a [Source],
    rules: &'a dyn Fn(&str) -> &'r JobRules,
    kept: &'a BTreeSet<JobId>,
    presets: Vec<Offered<'a>>,
    /// By index of the source.
    problems: Vec<Vec<Problem>>,
}

/// A preset, and the source to whose jobs it is limited.
struct Offered<'a> {
    preset: &'a Preset,
    source: usize,
    only_for: Option<usize>,
}

impl<'a> Loading<'a, '_> {
    fn tell(&mut self, source: usize, problem: Problem) {
        if let Some(problems) = self.problems.get_mut(source) {
            problems.push(problem);
        }
    }

    fn source_name(&self, source: usize) -> &'a str {
        self.sources.get(source).map_or("", |source| source.name.as_str())
    }

    /// Gathers the presets that may be used. Of two that share a label the later is set aside.
    fn gather_presets(&mut self, unlabelled: Unlabelled) {
        let presets = written(self.sources, "presets", |file| vec![(None, file.presets.as_slice())]);
        for Written { raw: preset, source, path, .. } in presets {
            let clash = self.presets.iter().find_map(|other| {
                preset::shared_label(other.preset, preset).map(|label| (other.source, label))
            });
            if let Some((other, label)) = clash {
                let message =
                    format!("label {label} selects a preset already, in {}", self.source_name(other));
                self.tell(source, Problem::error(&At::root(&path).field("labels"), message));
                continue;
            }
            let own = preset.labels.is_empty() && unlabelled == Unlabelled::OwnSource;
            self.presets.push(Offered { preset, source, only_for: own.then_some(source) });
        }
    }

    /// Compiles jobs of one type. Which can stand beside each other is not asked yet.
    fn compile<R: Clone, J: Contender>(
        &mut self,
        jobs: Vec<Written<'_, R>>,
        compile: fn(R, &Surroundings<'_>, &At<'_>, &mut Vec<Problem>) -> Option<J>,
    ) -> Vec<Accepted<J>> {
        let mut compiled = Vec::with_capacity(jobs.len());
        for Written { raw, list, repo, source, path } in jobs {
            let at = At::root(&path);
            let rules_of = |repo: &str| (self.rules)(repo);
            let mine = self.presets.iter().filter(|p| p.only_for.is_none_or(|only| only == source));
            let presets: Vec<&Preset> = mine.map(|p| p.preset).collect();
            let around = Surroundings { repo, rules: &rules_of, presets: &presets };
            let mut problems = Vec::new();
            let job = compile(raw.clone(), &around, &at, &mut problems);
            if let Some(job) = job {
                let unanswered_presets = around.unanswered_presets(job.base());
                for label in &unanswered_presets {
                    let message = "no preset has this label: is it misspelt, or in another namespace?";
                    problems.push(Problem::warning(&at.field("labels").field(label), message));
                }
                let id = JobId::new(self.source_name(source), list, repo, &job);
                compiled.push(Accepted { job, source, path: path.clone(), unanswered_presets, id });
            }
            for problem in problems {
                self.tell(source, problem);
            }
        }
        compiled
    }

    fn seat_by_repository<J: Contender>(
        &mut self,
        jobs: Vec<Accepted<J>>,
    ) -> BTreeMap<String, Vec<Accepted<J>>> {
        let mut repositories: BTreeMap<String, Vec<Accepted<J>>> = BTreeMap::new();
        for job in jobs {
            repositories.entry(job.id.repo.clone()).or_default().push(job);
        }
        repositories.into_iter().map(|(repo, jobs)| (repo, self.seat(jobs))).collect()
    }

    /// Sets aside the jobs whose name or context is taken: first come those that run already.
    fn seat<J: Contender>(&mut self, jobs: Vec<Accepted<J>>) -> Vec<Accepted<J>> {
        let places: Vec<String> =
            jobs.iter().map(|job| format!("{} in {}", job.path, self.source_name(job.source))).collect();
        let kept = |job: &Accepted<J>| self.kept.contains(&job.id);
        let all = || jobs.iter().zip(&places).enumerate();
        let (old, new) = (all().filter(|(_, (job, _))| kept(job)), all().filter(|(_, (job, _))| !kept(job)));
        let mut seats = Seats::new();
        let mut refused = BTreeMap::new();
        for (index, (job, place)) in old.chain(new) {
            if let Err(message) = seats.take(&job.job, place) {
                refused.insert(index, Problem::error(&At::root(&job.path), message));
            }
        }
        let mut seated = Vec::with_capacity(jobs.len());
        for (index, job) in jobs.into_iter().enumerate() {
            match refused.remove(&index) {
                Some(problem) => self.tell(job.source, problem),
                None => seated.push(job),
            }
        }
        seated
    }
}

impl JobId {
    fn new(source: &str, list: &'static str, repo: Option<&str>, job: &impl Contender) -> Self {
        let brancher = job.branches().map(|branches| branches.raw().clone()).unwrap_or_default();
        Self {
            source: source.to_owned(),
            list,
            repo: repo.unwrap_or_default().to_owned(),
            name: job.base().name.clone(),
            branches: brancher.branches,
            skip_branches: brancher.skip_branches,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::sync::LazyLock;

    static RULES: LazyLock<JobRules> = LazyLock::new(JobRules::default);

    fn object(name: &str, spec: Value) -> Source {
        Source::object(name, &serde_json::from_value(spec).unwrap())
    }

    fn loaded(sources: &[Source], kept: &BTreeSet<JobId>) -> Loaded {
        load(sources, Unlabelled::OwnSource, &|_| &RULES, kept)
    }

    fn job(name: &str) -> Value {
        json!({"name": name, "spec": {"containers": [{"image": "x"}]}})
    }

    fn names(loaded: &Loaded) -> Vec<String> {
        loaded.presubmits_of("acme/widgets").iter().map(|job| job.name().to_owned()).collect()
    }

    #[test]
    fn one_wrong_job_is_set_aside_alone() {
        let mut wrong = job("lint");
        wrong["run_if_changed"] = json!("^docs/(");
        let loaded = loaded(
            &[object(
                "JobConfig a",
                json!({"presubmits": {"acme/widgets": [job("unit"), wrong, job("e2e")]}}),
            )],
            &BTreeSet::new(),
        );
        assert_eq!(names(&loaded), ["unit", "e2e"]);
        assert_eq!(
            loaded.problems[0][0].to_string(),
            r#"spec.presubmits["acme/widgets"][1].run_if_changed: unclosed group at character 7; did you mean '\('?"#
        );
    }

    #[test]
    fn of_two_jobs_of_one_name_the_one_that_runs_already_stays() {
        let spec = || json!({"presubmits": {"acme/widgets": [job("unit")]}});
        let later = object("JobConfig b", spec());
        let kept = loaded(std::slice::from_ref(&later), &BTreeSet::new()).ids();
        let both = [object("JobConfig a", spec()), later];
        let refused_of =
            |kept: &BTreeSet<JobId>| loaded(&both, kept).problems.iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(refused_of(&BTreeSet::new()), [0, 1]);
        assert_eq!(refused_of(&kept), [1, 0]);
        assert_eq!(
            loaded(&both, &kept).problems[0][0].to_string(),
            r#"spec.presubmits["acme/widgets"][0]: a job "unit" is there already: spec.presubmits["acme/widgets"][0] in JobConfig b"#
        );
    }

    #[test]
    fn a_preset_without_labels_is_for_its_own_object() {
        let with = |name: &str| {
            json!({
                "presets": [{"env": [{"name": "A"}]}, {"labels": {"preset-x": "1"}, "env": [{"name": "X"}]}],
                "presubmits": {"acme/widgets": [job(name)]}
            })
        };
        let mut labelled = job("other");
        labelled["labels"] = json!({"preset-x": "1", "preset-y": "1"});
        let sources =
            [object("a", with("unit")), object("b", json!({"presubmits": {"acme/widgets": [labelled]}}))];
        let loaded = loaded(&sources, &BTreeSet::new());
        let env = |job: &Presubmit| {
            job.raw().base.spec.as_ref().map(|spec| spec["containers"][0]["env"].clone()).unwrap_or_default()
        };
        let jobs = loaded.presubmits_of("acme/widgets");
        assert_eq!((env(&jobs[0]), env(&jobs[1])), (json!([{"name": "A"}]), json!([{"name": "X"}])));
        assert_eq!(loaded.presubmits["acme/widgets"][1].unanswered_presets, ["preset-y"]);
    }

    #[test]
    fn a_misspelt_field_of_an_object_is_told() {
        let mut odd = job("unit");
        odd["spec"]["containers"][0]["imagePullPolice"] = json!("Always");
        let loaded = loaded(&[object("a", json!({"periodics": [odd]}))], &BTreeSet::new());
        let told: Vec<String> = loaded.problems[0].iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "spec.periodics[0].spec.containers[0].imagePullPolice: unknown field: it has no effect; did you mean imagePullPolicy?",
                "spec.periodics[0]: a periodic needs one of cron, interval and minimum_interval",
            ]
        );
    }
}
