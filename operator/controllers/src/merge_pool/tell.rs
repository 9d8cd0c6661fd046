//! The `tide` status on each change's head: written where the head does not say it yet, a few a look.

use super::observe::Branch;
use crate::{context::Context, look::LookError};
use decide::{
    facts::{CommitSha, RepoName},
    merge::{contexts::POOL_CONTEXT, heads, plan::Plan, pool::Member, status::PoolStatus},
};
use forge::{Forge, ForgeError, Gate, StatusWish};
use std::{collections::BTreeSet, time::Duration};

/// How many statuses are written a look: GitHub slows down those who write much at once.
const A_LOOK: usize = 20;
/// The others follow after this.
const OTHERS: Duration = Duration::from_secs(15);

/// Tells what is new; gives when to go on, where some are left.
pub(super) async fn tell(
    context: &Context,
    branch: &Branch,
    plan: &Plan,
) -> Result<Option<Duration>, LookError> {
    let news = heads::news(&branch.pool, &branch.policy, plan, branch.now);
    let members: BTreeSet<&Member> = news.iter().map(|(member, _)| member).collect();
    // What the mirror shows by now need not be remembered.
    let told = context.merges.of(&branch.uid, &branch.key(), branch.now, |remembered| {
        remembered.told.retain(|member, _| members.contains(member));
        remembered.told.clone()
    });
    let new = news.iter().filter(|(member, status)| told.get(member) != Some(status));
    let left = new.clone().count() > A_LOOK;
    for (member, status) in new.take(A_LOOK) {
        if !write(&branch.governed.forge, &branch.pool.repository, member, status).await? {
            return Ok(None);
        }
        context.merges.of(&branch.uid, &branch.key(), branch.now, |remembered| {
            remembered.told.insert(member.clone(), status.clone());
        });
    }
    Ok(left.then_some(OTHERS))
}

/// Writes a status; false: the mode closes the gate, and nothing need be tried.
pub(super) async fn write(
    forge: &Gate,
    repository: &RepoName,
    member: &Member,
    status: &PoolStatus,
) -> Result<bool, LookError> {
    let wish = StatusWish {
        context: POOL_CONTEXT.to_owned(),
        state: status.state,
        description: status.cut(),
        target_url: status.target_url.clone(),
    };
    match forge.set_status(repository, &CommitSha::new(member.head.as_str()), &wish).await {
        // The commit is gone, or GitHub takes no more statuses for it: telling again changes nothing.
        Ok(()) | Err(ForgeError::NotFound { .. } | ForgeError::Refused { .. }) => Ok(true),
        Err(ForgeError::Closed { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
