//! The dangerous write: asking GitHub to merge, and reading what became of it (DESIGN M2).
//!
//! GitHub's call has no base precondition and no key by which a repeat would be recognised. So the base is read right
//! before it, the call is never repeated here, and onto what a change was merged is found out afterwards with git.

use super::observe::Branch;
use crate::{
    context::{Context, Governed},
    look::{Look, LookError, observe::remote},
};
use decide::{
    facts::{BaseSha, CommitSha, RepoName, StatusState, TreeSha},
    merge::{
        intent::{Car, Intent, Reading},
        landing::{self, Answer},
        method::Method,
        plan::Call,
    },
};
use forge::{Forge, ForgeError, MergeAnswer, MergeCall, MergeMethodName, PullSnapshot, StatusWish};

/// The first car of an intent as GitHub has it now; `None`: there is no such pull request.
pub(super) async fn read(
    context: &Context,
    governed: &Governed,
    repository: &RepoName,
    intent: &Intent,
) -> Result<Option<PullSnapshot>, LookError> {
    let Some(car) = intent.cars.first() else { return Ok(None) };
    let number = car.member.number;
    let snapshot = match governed.forge.pull(repository, number).await {
        Err(ForgeError::NotFound { .. }) => return Ok(None),
        other => other?,
    };
    // The mirror learns of it at once: a merged change must not join the next train.
    let changed = if snapshot.pull.open {
        context.pulls.swept(snapshot.clone())
    } else {
        context.pulls.looked(snapshot.clone(), false);
        true
    };
    if changed {
        context.looks.hint(Look::Pull(repository.clone(), number));
    }
    Ok(Some(snapshot))
}

/// What that says about the intent.
pub(super) async fn reading(
    context: &Context,
    governed: &Governed,
    repository: &RepoName,
    intent: &Intent,
    car: &PullSnapshot,
    tip: &BaseSha,
) -> Reading {
    let pull = &car.pull;
    if pull.open {
        return Reading::Open { head: pull.head_sha.clone() };
    }
    let Some(planned) = intent.cars.first().filter(|_| pull.merged) else { return Reading::Closed };
    let commit = car.merge_commit.clone().unwrap_or_else(|| CommitSha::new(tip.as_str()));
    let (onto, tree) = match trace(context, governed, repository, intent, planned, &commit).await {
        Ok(traced) => traced,
        Err(error) => {
            tracing::warn!(%repository, %commit, %error, "what a change was merged onto could not be told");
            (None, None)
        }
    };
    Reading::Merged { commit: BaseSha::new(commit.as_str()), head: pull.head_sha.clone(), onto, tree }
}

/// What a merge was put onto, and the content that came of it.
async fn trace(
    context: &Context,
    governed: &Governed,
    repository: &RepoName,
    intent: &Intent,
    car: &Car,
    commit: &CommitSha,
) -> Result<(Option<BaseSha>, Option<TreeSha>), LookError> {
    let mirror = context.mirrors.mirror(repository)?;
    let wanted =
        [commit.clone(), CommitSha::new(intent.base.as_str()), CommitSha::new(car.member.head.as_str())];
    mirror.fetch(&remote(context, governed, repository).await?, &wanted).await?;
    let steps = match car.method {
        Method::Merge | Method::Squash => 1,
        Method::Rebase => mirror.commits_of(&intent.base, &car.member.head).await?,
    };
    let onto = mirror.below(commit, steps).await?;
    let tree = mirror.tree(commit).await?;
    Ok((onto.map(|onto| BaseSha::new(onto.as_str())), Some(tree)))
}

/// Asks GitHub to merge; `None`: the branch is not where it must be, so it was not asked.
pub(super) async fn call(
    context: &Context,
    branch: &Branch,
    intent: &Intent,
    call: &Call,
) -> Result<Option<Answer>, LookError> {
    let (repository, forge) = (&branch.pool.repository, &branch.governed.forge);
    let head = CommitSha::new(call.member.head.as_str());
    for status in &call.statuses {
        let wish = StatusWish {
            context: status.context.clone(),
            state: StatusState::Success,
            description: status.description.clone(),
            target_url: status.target_url.clone(),
        };
        match forge.set_status(repository, &head, &wish).await {
            // Whether the status was needed, the merge itself tells.
            Ok(()) | Err(ForgeError::NotFound { .. } | ForgeError::Refused { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    // The very last look before the write that cannot be taken back.
    if forge.tip(repository, &branch.pool.branch).await?.as_ref() != Some(&intent.base) {
        return Ok(None);
    }
    context.merges.of(&branch.uid, &branch.key(), branch.now, |remembered| {
        remembered.call(&intent.base, &call.member, context.clock.now());
    });
    let wish = MergeCall {
        number: call.member.number,
        head: call.member.head.clone(),
        method: match call.method {
            Method::Merge => MergeMethodName::Merge,
            Method::Squash => MergeMethodName::Squash,
            Method::Rebase => MergeMethodName::Rebase,
        },
        title: call.message.title.clone().unwrap_or_default(),
        message: call.message.body.clone().unwrap_or_default(),
    };
    Ok(Some(understand(forge.merge(repository, &wish).await)))
}

/// GitHub's answer in the words of decisions. Whatever is not clearly a refusal may have merged.
fn understand(answer: Result<MergeAnswer, ForgeError>) -> Answer {
    match answer {
        Ok(MergeAnswer::Merged(commit)) => landing::understand(200, "", commit.as_str(), false),
        Ok(MergeAnswer::Refused { status, message }) | Err(ForgeError::Refused { status, message, .. }) => {
            landing::understand(status, &message, "", false)
        }
        Err(ForgeError::NotFound { .. }) => landing::understand(404, "GitHub does not find it", "", false),
        Err(ForgeError::Unauthorized { message }) => landing::understand(401, &message, "", false),
        Err(ForgeError::Forbidden { message, .. }) => landing::understand(403, &message, "", false),
        Err(error @ ForgeError::RateLimited { .. }) => Answer::Throttled(error.to_string()),
        Err(error @ ForgeError::Unclear { .. }) => Answer::Unclear(error.to_string()),
        Err(error @ ForgeError::Closed { .. }) => Answer::Refused(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_clearly_a_refusal_counts_as_one() {
        let refused = |status, message: &str| {
            understand(Ok(MergeAnswer::Refused { status, message: message.to_owned() }))
        };
        assert!(matches!(refused(405, "Pull Request is not mergeable"), Answer::Unmergeable(_)));
        assert_eq!(refused(409, "Head branch was modified."), Answer::HeadModified);
        let lost = ForgeError::Unclear { what: "merge".into(), message: "timed out".into() };
        assert!(matches!(understand(Err(lost)), Answer::Unclear(_)));
        let odd = ForgeError::Refused { what: "merge".into(), status: 502, message: "Bad Gateway".into() };
        assert!(matches!(understand(Err(odd)), Answer::Unclear(_)));
    }
}
