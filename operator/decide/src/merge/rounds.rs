//! One look at a pool that works with trains of its own: what is under test on the tip, what may land, what is started.

use super::{
    batch::{self, Limits},
    checks::{self, Case, Examined, Stage},
    evidence::Verdict,
    intent::{Car, Intent},
    plan::{MergeAction, Start, TrainReport},
    policy::Policy,
    pool::{JobsUnknown, Member, Pool, Question, Run, Trial, urgency},
    reason::MergeReason,
    requirements,
    tide::trialled,
    train::{self, Train, TrainState},
};
use crate::reason::Planned;
use api::prow_job::ProwJobType;
use jiff::Timestamp;

type Action = Planned<MergeAction, MergeReason>;

/// One look at a pool.
pub(super) struct Round<'a> {
    pub pool: &'a Pool,
    pub policy: &'a Policy,
    pub limits: Limits,
    pub now: Timestamp,
    /// Every open change, first those that merge first.
    pub order: Vec<Place<'a>>,
    /// The trains on the tip whose changes are all still what was tested, and still may merge.
    pub trains: Vec<Train<'a>>,
    /// What has to be known first.
    pub questions: Vec<Question>,
}

/// A change in the order of the pool, with what holds it back.
pub(super) struct Place<'a> {
    pub examined: &'a Examined<'a>,
    /// Why it is neither tested nor merged.
    pub belongs: Option<MergeReason>,
    /// Why it joins no new train.
    pub joins: Option<MergeReason>,
    /// Why it does not land yet.
    pub lands: Option<MergeReason>,
}

impl Place<'_> {
    pub fn member(&self) -> Member {
        self.examined.change.member()
    }

    fn may_join(&self) -> bool {
        self.belongs.is_none() && self.joins.is_none()
    }
}

impl<'a> Round<'a> {
    pub fn new(
        pool: &'a Pool,
        policy: &'a Policy,
        limits: Limits,
        now: Timestamp,
        examined: &'a [Examined<'a>],
    ) -> Self {
        let mut order: Vec<Place<'a>> = examined
            .iter()
            .map(|examined| {
                let case = Case { pool, policy, examined, now };
                Place {
                    examined,
                    belongs: checks::held(&case, Stage::Belongs),
                    joins: checks::held(&case, Stage::Joins),
                    lands: checks::held(&case, Stage::Lands),
                }
            })
            .collect();
        order.sort_by_key(|place| {
            let pull = &place.examined.change.pull;
            (urgency(&policy.priority, &pull.labels), pull.number)
        });
        let unread = order.iter().filter_map(|place| match &place.examined.required {
            Err(JobsUnknown::NotRead(heads)) => Some(Question::JobsIn(heads.clone())),
            Err(JobsUnknown::Broken(_)) | Ok(_) => None,
        });
        let questions = unread.collect();
        let mut round = Self { pool, policy, limits, now, order, trains: Vec::new(), questions };
        let tested: Vec<Vec<Member>> = train::on_tip(pool).into_keys().collect();
        for members in tested {
            if let Some(train) = round.cars(&members).and_then(|cars| round.train(&cars)) {
                round.trains.push(train);
            }
        }
        round
    }

    fn place(&self, member: &Member) -> Option<&Place<'a>> {
        self.order.iter().find(|place| place.member() == *member)
    }

    /// These changes, where all of them are at these heads and may merge.
    fn cars(&self, members: &[Member]) -> Option<Vec<&'a Examined<'a>>> {
        let car = |member| {
            let place = self.place(member)?;
            place.belongs.is_none().then_some(place.examined)
        };
        members.iter().map(car).collect()
    }

    fn train(&mut self, cars: &[&Examined<'a>]) -> Option<Train<'a>> {
        match train::train(self.pool, self.policy, cars) {
            Ok(train) => train.ok(),
            Err(question) => {
                self.questions.push(question);
                None
            }
        }
    }

    /// The changes that may join a train, first those that merge first. While something keeps only some of them from
    /// landing, such as a freeze with exceptions, those that can land go by themselves.
    fn queue(&self) -> Vec<&Place<'a>> {
        let all = || self.order.iter().filter(|place| place.may_join());
        let can_land: Vec<&Place<'a>> = all().filter(|place| place.lands.is_none()).collect();
        if can_land.is_empty() { all().collect() } else { can_land }
    }

    fn can_land(&self, train: &Train<'_>) -> bool {
        train.members.iter().all(|member| self.place(member).is_some_and(|place| place.lands.is_none()))
    }

    fn state(&self, train: &Train<'_>) -> TrainState {
        train.state(self.limits.retries)
    }

    /// Trains that are not decided, of those that can land; where nothing can, of all.
    fn under_way(&self) -> impl Iterator<Item = &Train<'a>> {
        self.in_question(&[TrainState::Running, TrainState::Incomplete])
    }

    fn in_question(&self, states: &[TrainState]) -> impl Iterator<Item = &Train<'a>> {
        let some_can = self.order.iter().any(|place| place.may_join() && place.lands.is_none());
        self.trains
            .iter()
            .filter(move |train| states.contains(&self.state(train)) && (!some_can || self.can_land(train)))
    }

    /// Runs of ours that go on and that nothing depends on any more.
    pub fn void_runs(&self) -> Vec<Action> {
        self.pool
            .runs
            .iter()
            .filter(|run| run.by_pool && run.gates && run.kind == ProwJobType::Batch)
            .filter(|run| run.branch == self.pool.branch && Verdict::of(run.state) == Verdict::Running)
            .filter_map(|run| {
                let why = self.void_because(run)?;
                Some(Planned::new(MergeAction::AbortRun(run.name.clone()), why))
            })
            .collect()
    }

    fn void_because(&self, run: &Run) -> Option<MergeReason> {
        if run.base != self.pool.tip {
            return Some(MergeReason::BaseMoved { tip: self.pool.tip.short().to_owned() });
        }
        for member in &run.members {
            let number = member.number;
            let left = |why| Some(MergeReason::MemberLeft { number, why: Box::new(why) });
            let Some(place) = self.order.iter().find(|place| place.member().number == number) else {
                return left(MergeReason::NotOpen);
            };
            if place.member() != *member {
                return Some(MergeReason::HeadMoved { number });
            }
            if let Some(why) = &place.belongs {
                return left(why.clone());
            }
        }
        let train = self.trains.iter().find(|train| train.members == run.members)?;
        (self.state(train) == TrainState::Red).then(|| MergeReason::SplitAfterRed {
            members: train.numbers(),
            jobs: train.red_jobs(self.limits.retries),
        })
    }

    /// The longest green train, where no running one says more. All its changes have to pass what a landing asks.
    pub fn landing(&mut self) -> Option<Action> {
        let mut green: Vec<Train<'a>> =
            self.trains.iter().filter(|train| self.state(train) == TrainState::Green).cloned().collect();
        let queue: Vec<&Examined<'a>> = self.queue().iter().map(|place| place.examined).collect();
        for examined in queue {
            let alone = [examined.change.member()];
            if !green.iter().any(|train| train.members == alone)
                && let Some(train) = self.train(&[examined])
                && self.state(&train) == TrainState::Green
            {
                green.push(train);
            }
        }
        green.retain(|train| self.not_landing(train).is_none());
        // Of equally long ones the first in the order: `max_by_key` takes the last of equals.
        let first = |train: &Train<'_>| {
            let place = self.order.iter().position(|place| train.members.first() == Some(&place.member()));
            std::cmp::Reverse(place)
        };
        let best = green.iter().max_by_key(|train| (train.members.len(), first(train)))?;
        let says_more = |running: &Train<'_>| {
            let within = running.members.iter().all(|member| best.members.contains(member));
            !within && running.members.len() >= best.members.len()
        };
        if self.under_way().any(says_more) {
            return None;
        }
        let why = MergeReason::Green { base: self.pool.tip.short().to_owned(), members: best.numbers() };
        Some(Planned::new(MergeAction::WriteIntent(self.intent(best)?), why))
    }

    /// Why a green train does not land.
    pub fn not_landing(&self, train: &Train<'_>) -> Option<MergeReason> {
        let places: Option<Vec<&Place<'a>>> = train.members.iter().map(|member| self.place(member)).collect();
        let Some(places) = places else { return Some(MergeReason::Unresolved) };
        if let Some(why) = places.into_iter().find_map(|place| place.lands.clone()) {
            return Some(why);
        }
        let record = self.pool.record.as_ref()?;
        let (branch, settle) = (&self.pool.branch, self.policy.settle);
        requirements::held(record, branch, &train.files, &train.verdicts(), settle)
    }

    fn intent(&self, train: &Train<'_>) -> Option<Intent> {
        let cars = self.cars(&train.members)?;
        let tree = self
            .pool
            .trials
            .iter()
            .find(|(trial, answer)| trial.base == self.pool.tip && answer.taken == train.members)
            .and_then(|(_, answer)| answer.tree.clone());
        let last = cars.len().checked_sub(1)?;
        let cars: Option<Vec<Car>> = cars
            .iter()
            .enumerate()
            .map(|(i, car)| {
                let tree = if i == last { tree.clone() } else { None };
                Some(Car { member: car.change.member(), method: car.method?, tree })
            })
            .collect();
        Some(Intent {
            base: self.pool.tip.clone(),
            cars: cars?,
            landing: self.policy.landing,
            term: self.pool.term,
            written: self.now,
        })
    }

    /// The runs to start: what running trains lack, else new trains on an idle tip.
    pub fn starts(&mut self) -> Vec<Action> {
        let mut starts = Vec::new();
        for train in self.trains.iter().filter(|train| self.state(train) == TrainState::Incomplete) {
            starts.extend(self.start(train, &self.why_started(train)));
        }
        // A green train that cannot land yet would be void if something else was tested and landed before it.
        let open = [TrainState::Running, TrainState::Incomplete, TrainState::Green];
        let idle = self.in_question(&open).next().is_none();
        if !idle {
            return starts;
        }
        let (members, lengths, why) = match self.red_train() {
            Some((members, jobs)) => {
                let numbers = members.iter().map(|member| member.number).collect();
                let lengths = batch::split(members.len(), self.window());
                (members, lengths, Some(MergeReason::SplitAfterRed { members: numbers, jobs }))
            }
            None => match self.next_on_tip() {
                Some(taken) => {
                    let suspects = train::suspects(self.pool, self.limits.retries);
                    let lengths = batch::fresh(&taken, &suspects, self.window());
                    (taken, lengths, None)
                }
                None => return starts,
            },
        };
        for length in lengths {
            let Some(cars) = members.get(..length).and_then(|part| self.cars(part)) else { continue };
            let Some(train) = self.train(&cars) else { continue };
            let why = why.clone().unwrap_or_else(|| self.why_started(&train));
            starts.extend(self.start(&train, &why));
        }
        starts
    }

    fn start(&self, train: &Train<'_>, why: &MergeReason) -> Option<Action> {
        let jobs: Vec<_> = train
            .jobs
            .iter()
            .filter(|job| job.is_to_start() && job.failures <= self.limits.retries)
            .map(|job| (job.job.clone(), job.runs.saturating_add(1)))
            .collect();
        let (base, members) = (self.pool.tip.clone(), train.members.clone());
        let start = Start { base, members, kind: ProwJobType::Batch, jobs };
        (!start.jobs.is_empty()).then(|| Planned::new(MergeAction::Start(start), why.clone()))
    }

    fn why_started(&self, train: &Train<'_>) -> MergeReason {
        let again: Vec<_> = train.jobs.iter().filter(|job| job.is_to_start() && job.failures > 0).collect();
        match again.iter().map(|job| job.failures).max() {
            Some(failures) => MergeReason::Retry {
                jobs: again.iter().map(|job| job.job.name().to_owned()).collect(),
                attempt: failures.saturating_add(1),
            },
            None => {
                MergeReason::NextOnTip { members: train.numbers(), tip: self.pool.tip.short().to_owned() }
            }
        }
    }

    /// How many trains may run: one while nothing can land.
    fn window(&self) -> usize {
        let nothing_lands = self.queue().iter().all(|place| place.lands.is_some());
        if nothing_lands { 1 } else { self.limits.window }
    }

    /// The shortest red train of several whose changes may all still be tested, with the jobs that failed.
    fn red_train(&self) -> Option<(Vec<Member>, Vec<String>)> {
        let queue = self.queue();
        let joins = |member: &Member| queue.iter().any(|place| place.member() == *member);
        self.trains
            .iter()
            .filter(|train| train.members.len() > 1 && self.state(train) == TrainState::Red)
            .filter(|train| train.members.iter().all(joins))
            .min_by_key(|train| train.members.len())
            .map(|train| (train.members.clone(), train.red_jobs(self.limits.retries)))
    }

    /// As many changes as a train holds, of those that merge onto the tip one after the other.
    fn next_on_tip(&mut self) -> Option<Vec<Member>> {
        let trial = self.trial()?;
        let Some(answer) = trialled(self.pool, &trial) else {
            self.questions.push(Question::Trial(trial));
            return None;
        };
        Some(answer.taken.clone()).filter(|taken| !taken.is_empty())
    }

    /// The question which changes of the queue make up the next train.
    pub fn trial(&self) -> Option<Trial> {
        let candidates: Vec<_> = self
            .queue()
            .into_iter()
            .filter_map(|place| place.examined.method.map(|method| (place.member(), method)))
            .collect();
        let limit = Some(self.limits.size);
        (!candidates.is_empty()).then(|| Trial { base: self.pool.tip.clone(), candidates, limit })
    }

    pub fn train_reports(&self) -> Vec<TrainReport> {
        self.trains
            .iter()
            .map(|train| TrainReport {
                members: train.members.clone(),
                state: self.state(train),
                left: train.jobs.iter().filter(|job| job.verdict != Some(Verdict::Green)).count(),
                jobs: train.jobs.len(),
            })
            .collect()
    }
}
