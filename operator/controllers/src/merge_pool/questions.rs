//! What a plan has to know first is found out in our copy of the repository, then it is planned again.

use super::observe::Branch;
use crate::{
    context::Context,
    look::{LookError, observe::remote},
};
use decide::{
    facts::{BaseSha, CommitSha},
    merge::{
        plan::{self, Plan},
        pool::{Member, Question, Trial, Trialled},
    },
};
use git::{MergedTree, Mirror, Remote};

/// How often a plan may ask: every answer leads to a better plan, not to another question.
const ROUNDS: usize = 4;
/// How many heads are fetched at once.
const FETCHED: usize = 32;

/// A branch with what is to be done about it.
pub(super) struct Decided {
    pub(super) branch: Branch,
    pub(super) plan: Plan,
    /// Why a question was not answered. What does not depend on it is planned all the same.
    pub(super) trouble: Option<LookError>,
}

/// Decides what a branch does next.
pub(super) async fn decide(context: &Context, mut branch: Branch) -> Decided {
    let mut trouble = None;
    for _ in 0..ROUNDS {
        let plan = plan::plan(&branch.pool, &branch.policy, branch.now);
        let Some(trial) = open_question(&branch, &plan) else {
            return Decided { branch, plan, trouble };
        };
        match merges(context, &branch, &trial).await {
            Ok(answer) => {
                context.merges.of(&branch.uid, &branch.key(), branch.now, |remembered| {
                    remembered.answer(trial.clone(), answer.clone());
                });
                branch.pool.trials.push((trial, answer));
            }
            Err(error) => {
                trouble = Some(error);
                return Decided { branch, plan, trouble };
            }
        }
    }
    let plan = plan::plan(&branch.pool, &branch.policy, branch.now);
    Decided { branch, plan, trouble }
}

fn open_question(branch: &Branch, plan: &Plan) -> Option<Trial> {
    plan.questions.iter().find_map(|question| match question {
        Question::Trial(trial) => {
            let answered = branch.pool.trials.iter().any(|(known, _)| known == trial);
            (!answered).then(|| trial.clone())
        }
        // Jobs inside the repository are either off or refused (see `observe`).
        Question::JobsIn(_) => None,
    })
}

/// Merges the candidates onto the base, each on top of those before it that merge.
async fn merges(context: &Context, branch: &Branch, trial: &Trial) -> Result<Trialled, LookError> {
    let repository = &branch.pool.repository;
    let mirror = context.mirrors.mirror(repository)?;
    let remote = remote(context, &branch.governed, repository).await?;
    mirror.fetch(&remote, &[CommitSha::new(trial.base.as_str())]).await?;
    let (mut on, mut tree, mut taken) = (trial.base.clone(), None, Vec::new());
    let limit = trial.limit.unwrap_or(usize::MAX);
    for candidates in trial.candidates.chunks(FETCHED) {
        if taken.len() >= limit {
            break;
        }
        let members: Vec<&Member> = candidates.iter().map(|(member, _)| member).collect();
        for member in present(&mirror, &remote, members).await {
            if taken.len() >= limit {
                break;
            }
            match mirror.merge(&on, std::slice::from_ref(&member.head)).await? {
                MergedTree::Clean { tree: merged, commit } => {
                    on = BaseSha::new(commit.as_str());
                    tree = Some(merged);
                    taken.push(member.clone());
                }
                MergedTree::Conflict { .. } => {}
            }
        }
    }
    Ok(Trialled { taken, tree })
}

/// Those of the heads that are in the mirror now. One that GitHub does not have any more does not hold up the others.
async fn present<'a>(mirror: &Mirror, remote: &Remote, members: Vec<&'a Member>) -> Vec<&'a Member> {
    let commit = |member: &Member| CommitSha::new(member.head.as_str());
    let all: Vec<CommitSha> = members.iter().map(|member| commit(member)).collect();
    if mirror.fetch(remote, &all).await.is_ok() {
        return members;
    }
    let mut present = Vec::new();
    for member in members {
        match mirror.fetch(remote, &[commit(member)]).await {
            Ok(()) => present.push(member),
            Err(error) => tracing::warn!(%member, %error, "a head could not be fetched and is left out"),
        }
    }
    present
}
