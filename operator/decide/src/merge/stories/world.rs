//! A world that carries plans out and writes down what happened and why, a line an action.

use crate::{
    facts::{BaseSha, HeadSha},
    merge::{
        evidence::Verdict,
        intent::{self, Reading},
        landing::Answer,
        plan::{self, Call, MergeAction, Plan},
        policy::Policy,
        pool::{Member, Pool, Question, Run, Trial, Trialled},
        reason::{MergeReason, numbers},
        testing::minute,
    },
    reason::{Planned, Reason as _},
};
use api::prow_job::ProwJobState;
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

/// GitHub, git and the runs of one branch.
#[derive(Clone)]
pub struct World {
    pub pool: Pool,
    pub policy: Policy,
    pub now: Timestamp,
    /// Changes with which every run fails.
    pub bad: BTreeSet<u64>,
    /// Jobs that fail so often more, whatever they test.
    pub flakes: BTreeMap<String, u32>,
    /// Pairs that do not merge together.
    pub conflicts: BTreeSet<(u64, u64)>,
    /// How GitHub answers the next call for a change, instead of merging it.
    pub answers: BTreeMap<u64, Answer>,
    /// What GitHub did although its answer was unclear.
    pub merged_silently: BTreeSet<u64>,
    /// What somebody pushes between the last look and the next merge.
    pub push_in_the_gap: Option<String>,
    /// What was merged, as which commit, onto which.
    pub merged: Vec<(Member, BaseSha, BaseSha)>,
    pub told: String,
    started: usize,
}

impl World {
    pub fn new(pool: Pool, policy: Policy) -> Self {
        Self {
            pool,
            policy,
            now: minute(0),
            bad: BTreeSet::new(),
            flakes: BTreeMap::new(),
            conflicts: BTreeSet::new(),
            answers: BTreeMap::new(),
            merged_silently: BTreeSet::new(),
            push_in_the_gap: None,
            merged: Vec::new(),
            told: String::new(),
            started: 0,
        }
    }

    pub fn say(&mut self, line: &str) {
        let _ = writeln!(self.told, "{} {line}", self.now.strftime("%H:%M"));
    }

    pub fn plan(&mut self) -> Plan {
        // What a plan is made of is always read anew.
        if let (Some(_), Some(intent)) = (&self.pool.reading, &self.pool.intent) {
            let number = intent.cars[0].member.number;
            self.read(number);
        }
        loop {
            let plan = plan::plan(&self.pool, &self.policy, self.now);
            assert_eq!(plan, plan::plan(&self.pool, &self.policy, self.now), "the same facts, another plan");
            let new: Vec<Question> =
                plan.questions.iter().filter(|question| !self.is_answered(question)).cloned().collect();
            if new.is_empty() {
                self.is_safe(&plan);
                return plan;
            }
            for question in new {
                match question {
                    Question::Trial(trial) => {
                        let taken = self.merges(&trial);
                        self.pool.trials.push((trial, Trialled { taken, tree: None }));
                    }
                    Question::JobsIn(heads) => panic!("no jobs in the repository, but asked for {heads:?}"),
                }
            }
        }
    }

    /// Nothing is called for that is not written down, and only on the tip and at the head that were.
    fn is_safe(&self, plan: &Plan) {
        for planned in &plan.actions {
            match &planned.action {
                MergeAction::Call(call) => {
                    let intent = self.pool.intent.as_ref().expect("an intent comes before a call");
                    assert_eq!(intent.base, self.pool.tip, "{}", self.told);
                    let open = self.pool.changes.iter().any(|change| change.member() == call.member);
                    assert!(open, "{} is not at this head: {}", call.member, self.told);
                }
                MergeAction::WriteIntent(intent) => {
                    let known = self.pool.intent.as_ref();
                    assert!(known.is_none_or(|known| known.cars.ends_with(&intent.cars)), "{}", self.told);
                }
                _ => {}
            }
        }
    }

    fn is_answered(&self, question: &Question) -> bool {
        matches!(question, Question::Trial(trial) if self.pool.trials.iter().any(|(known, _)| known == trial))
    }

    fn merges(&self, trial: &Trial) -> Vec<Member> {
        let mut taken: Vec<Member> = Vec::new();
        for (member, _) in &trial.candidates {
            let clash = |other: &Member| {
                let (a, b) = (member.number.min(other.number), member.number.max(other.number));
                self.conflicts.contains(&(a, b))
            };
            if trial.limit.is_none_or(|limit| taken.len() < limit) && !taken.iter().any(clash) {
                taken.push(member.clone());
            }
        }
        taken
    }

    /// Plans and acts until there is nothing more to do.
    pub fn settle(&mut self) {
        for _ in 0..60 {
            let plan = self.plan();
            if plan.actions.is_empty() {
                return;
            }
            for planned in plan.actions {
                self.act(planned);
            }
        }
        panic!("the pool does not come to rest:\n{}", self.told);
    }

    fn act(&mut self, planned: Planned<MergeAction, MergeReason>) {
        let Planned { action, why } = planned;
        let line = match &action {
            MergeAction::WriteRecord(record) => format!("record {} rules", record.rules.len()),
            MergeAction::Start(start) => {
                let members: Vec<u64> = start.members.iter().map(|m| m.number).collect();
                let jobs: Vec<&str> = start.jobs.iter().map(|(job, _)| job.name()).collect();
                format!("start  {} on {}: {}", numbers(&members), start.base, jobs.join(" "))
            }
            MergeAction::AbortRun(name) => format!("abort  {name}"),
            MergeAction::WriteIntent(intent) => {
                let cars: Vec<u64> = intent.cars.iter().map(|car| car.member.number).collect();
                format!("intend {} onto {}", numbers(&cars), intent.base)
            }
            MergeAction::Call(call) => format!("merge  {} ({})", call.member, call.method),
            MergeAction::CloseIntent => "close".into(),
            MergeAction::Read(number) => format!("read   #{number}"),
        };
        self.say(&format!("{line} -- {}: {}", why.name(), why.sentence()));
        match action {
            MergeAction::WriteRecord(record) => self.pool.record = Some(record),
            MergeAction::Start(start) => {
                for (job, attempt) in start.jobs {
                    self.started += 1;
                    self.pool.runs.push(Run {
                        name: format!("{}-{attempt}-{}", job.name(), self.started),
                        kind: start.kind,
                        job: job.name().into(),
                        context: job.context().into(),
                        branch: self.pool.branch.clone(),
                        base: start.base.clone(),
                        members: start.members.clone(),
                        state: ProwJobState::Triggered,
                        by_pool: true,
                        gates: true,
                        description: String::new(),
                        url: String::new(),
                        started: Some(self.now),
                        completed: None,
                        expected: None,
                    });
                }
            }
            MergeAction::AbortRun(name) => {
                let now = self.now;
                let run = self.pool.runs.iter_mut().find(|run| run.name == name).unwrap();
                (run.state, run.completed) = (ProwJobState::Aborted, Some(now));
            }
            MergeAction::WriteIntent(intent) => {
                self.pool.intent = Some(intent);
                (self.pool.reading, self.pool.called_at) = (None, None);
            }
            MergeAction::Call(call) => self.call(&call),
            MergeAction::CloseIntent => {
                (self.pool.intent, self.pool.reading, self.pool.called_at) = (None, None, None);
            }
            MergeAction::Read(number) => self.read(number),
        }
    }

    fn call(&mut self, call: &Call) {
        let intent = self.pool.intent.clone().expect("an intent is written before every call");
        assert_eq!(intent.cars.first().map(|car| &car.member), Some(&call.member));
        let number = call.member.number;
        if let Some(tip) = self.push_in_the_gap.take() {
            self.foreign_push(&tip);
        }
        let answer = match self.answers.remove(&number) {
            Some(answer) => {
                if self.merged_silently.remove(&number) {
                    self.merge(number);
                }
                answer
            }
            None => Answer::Merged { commit: self.merge(number).to_string() },
        };
        self.pool.called_at = Some(self.now);
        for planned in intent::after_answer(&self.pool, &intent, &answer, self.now) {
            self.act(planned);
        }
    }

    /// GitHub merges: the branch moves, whatever it is at.
    pub fn merge(&mut self, number: u64) -> BaseSha {
        let change = self.pool.changes.iter().find(|c| c.pull.number == number).unwrap().member();
        let commit = BaseSha::new(format!("m{number}"));
        self.merged.push((change, commit.clone(), self.pool.tip.clone()));
        self.pool.changes.retain(|c| c.pull.number != number);
        self.pool.tip = commit.clone();
        commit
    }

    pub fn read(&mut self, number: u64) {
        let merged = self.merged.iter().find(|(member, ..)| member.number == number);
        let open = self.pool.changes.iter().find(|c| c.pull.number == number);
        self.pool.reading = Some(match (merged, open) {
            (Some((member, commit, onto)), _) => Reading::Merged {
                commit: commit.clone(),
                head: member.head.clone(),
                onto: Some(onto.clone()),
                tree: None,
            },
            (None, Some(change)) => Reading::Open { head: change.pull.head_sha.clone() },
            (None, None) => Reading::Closed,
        });
    }

    /// Ten minutes later every run has ended.
    pub fn finish_runs(&mut self) {
        self.wait(10);
        let mut ended = Vec::new();
        for run in self.pool.runs.iter_mut().filter(|run| Verdict::of(run.state) == Verdict::Running) {
            let flaky = match self.flakes.get_mut(&run.job) {
                Some(left) if *left > 0 => {
                    *left -= 1;
                    true
                }
                _ => false,
            };
            let bad = run.members.iter().any(|member| self.bad.contains(&member.number));
            run.state = if flaky || bad { ProwJobState::Failure } else { ProwJobState::Success };
            run.completed = Some(self.now);
            ended.push(format!("{} {}", run.name, run.state));
        }
        self.say(&format!("       {}", ended.join(", ")));
    }

    pub fn wait(&mut self, minutes: i64) {
        self.now += jiff::SignedDuration::from_mins(minutes);
    }

    pub fn push(&mut self, number: u64) {
        let change = self.pool.changes.iter_mut().find(|c| c.pull.number == number).unwrap();
        change.pull.head_sha = HeadSha::new(format!("{}'", change.pull.head_sha));
        self.say(&format!("       #{number} is pushed to"));
    }

    pub fn foreign_push(&mut self, tip: &str) {
        self.pool.tip = BaseSha::new(tip);
        self.say(&format!("       somebody pushes {tip}"));
    }

    /// What a person reads about each change.
    pub fn tell_members(&mut self) {
        for member in self.plan().members {
            let line = format!("       {} {:?}: {}", member.member, member.state, member.why.sentence());
            self.say(&line);
        }
    }

    /// Until every run has ended and nothing is left to do.
    pub fn run(&mut self, rounds: usize) {
        for _ in 0..rounds {
            self.settle();
            if !self.pool.runs.iter().any(|run| Verdict::of(run.state) == Verdict::Running) {
                return;
            }
            self.finish_runs();
        }
        self.settle();
    }
}

impl World {
    /// Carries out the first action of a plan, and stops there as if the process had died.
    pub fn act_first(&mut self, plan: Plan) {
        let first = plan.actions.into_iter().next().unwrap();
        self.act(first);
    }
}

impl World {
    /// Plans and carries out the first action, so often at most, as if the process died in between.
    pub fn some_steps(&mut self, steps: usize, mut look: impl FnMut(&Self)) {
        for _ in 0..steps {
            let plan = self.plan();
            if plan.actions.is_empty() {
                return;
            }
            self.act_first(plan);
            look(self);
        }
    }

    /// As [`World::settle`], with a look after every single action.
    pub fn step_by_step(&mut self, mut look: impl FnMut(&Self)) {
        for _ in 0..80 {
            let plan = self.plan();
            if plan.actions.is_empty() {
                return;
            }
            for planned in plan.actions {
                self.act(planned);
                look(self);
            }
        }
        panic!("the pool does not come to rest:\n{}", self.told);
    }
}
