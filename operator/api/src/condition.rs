//! Conditions: the few truths about an object that people, Argo CD and Flux read (kstatus).

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use std::fmt;

/// The types of conditions that our kinds carry.
///
/// Polarity: `true` is good for all but [`Reconciling`](Self::Reconciling), [`Stalled`](Self::Stalled) and
/// [`Warnings`](Self::Warnings), whose absence or `False` is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConditionType {
    /// The object does what it says.
    Ready,
    /// The controller is still working towards what it says.
    Reconciling,
    /// A person must change something; nothing is retried until then.
    Stalled,
    /// Something is accepted but has no effect, or not the expected one.
    Warnings,
    /// Repository: GitHub accepts the credentials.
    CredentialsValid,
    /// Repository: deliveries arrive.
    WebhookHealthy,
    /// Repository: GitHub's rate limit leaves room.
    ApiBudget,
    /// Repository: job configuration inside the repositories could be read.
    InRepoConfigValid,
    /// Repository: branch protection on GitHub is as declared.
    BranchProtectionSynced,
    /// Repository: commands can be marked as done (DESIGN C2).
    CanMark,
    /// LabelPolicy: the labels on GitHub are as declared.
    InSync,
    /// ProwJob: a cluster was chosen and the run may start.
    Scheduled,
    /// ProwJob: the pod runs or ran.
    PodReady,
    /// ProwJob: GitHub knows the state.
    Reported,
}

impl ConditionType {
    /// The name as it stands in `status.conditions[].type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
            Self::Warnings => "Warnings",
            Self::CredentialsValid => "CredentialsValid",
            Self::WebhookHealthy => "WebhookHealthy",
            Self::ApiBudget => "ApiBudget",
            Self::InRepoConfigValid => "InRepoConfigValid",
            Self::BranchProtectionSynced => "BranchProtectionSynced",
            Self::CanMark => "CanMark",
            Self::InSync => "InSync",
            Self::Scheduled => "Scheduled",
            Self::PodReady => "PodReady",
            Self::Reported => "Reported",
        }
    }
}

impl fmt::Display for ConditionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Sets one condition in a list. `lastTransitionTime` moves only when the status does, so that a status that says the
/// same is the same bytes and causes no write (DESIGN W1).
pub fn set(
    conditions: &mut Vec<Condition>,
    type_: ConditionType,
    status: bool,
    reason: &str,
    message: &str,
    observed_generation: Option<i64>,
    now: &Time,
) {
    let status = if status { "True" } else { "False" };
    let since = conditions
        .iter()
        .find(|c| c.type_ == type_.as_str() && c.status == status)
        .map_or_else(|| now.clone(), |c| c.last_transition_time.clone());
    let new = Condition {
        type_: type_.as_str().to_owned(),
        status: status.to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        observed_generation,
        last_transition_time: since,
    };
    match conditions.iter_mut().find(|c| c.type_ == type_.as_str()) {
        Some(old) => *old = new,
        None => conditions.push(new),
    }
}
