//! What a plan has to know first is found out in our copy of the repository, then it is planned again.

use super::observe::Branch;
use crate::{
    context::Context,
    look::{LookError, observe::remote},
};
use decide::{
    facts::CommitSha,
    merge::{
        plan::{self, Plan},
        pool::{Question, Trial, Trialled},
    },
};
use git::MergedTree;

/// How often a plan may ask: every answer leads to a better plan, not to another question.
const ROUNDS: usize = 4;

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
    let heads = trial.candidates.iter().map(|(member, _)| CommitSha::new(member.head.as_str()));
    let commits: Vec<CommitSha> = heads.chain([CommitSha::new(trial.base.as_str())]).collect();
    mirror.fetch(&remote(context, &branch.governed, repository).await?, &commits).await?;
    let (mut on, mut tree, mut taken) = (trial.base.clone(), None, Vec::new());
    for (member, _) in &trial.candidates {
        if trial.limit.is_some_and(|limit| taken.len() >= limit) {
            break;
        }
        match mirror.merge(&on, std::slice::from_ref(&member.head)).await? {
            MergedTree::Clean { tree: merged, commit } => {
                on = decide::facts::BaseSha::new(commit.as_str());
                tree = Some(merged);
                taken.push(member.clone());
            }
            MergedTree::Conflict { .. } => {}
        }
    }
    Ok(Trialled { taken, tree })
}
