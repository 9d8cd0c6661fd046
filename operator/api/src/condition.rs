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

/// Whether `True` is good news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polarity {
    /// `True` is good.
    GoodWhenTrue,
    /// `False` is good, and so is absence.
    GoodWhenFalse,
}

impl ConditionType {
    /// Whether `True` is good news.
    pub const fn polarity(self) -> Polarity {
        match self {
            Self::Reconciling | Self::Stalled | Self::Warnings => Polarity::GoodWhenFalse,
            Self::Ready
            | Self::CredentialsValid
            | Self::WebhookHealthy
            | Self::ApiBudget
            | Self::InRepoConfigValid
            | Self::BranchProtectionSynced
            | Self::CanMark
            | Self::InSync
            | Self::Scheduled
            | Self::PodReady
            | Self::Reported => Polarity::GoodWhenTrue,
        }
    }

    /// What `True` says, for the documentation.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Ready => "The object does what it says.",
            Self::Reconciling => "The operator is still working towards what it says.",
            Self::Stalled => "A person must change something; nothing is retried until then.",
            Self::Warnings => {
                "Something is accepted but has no effect, or another than it seems: see `status.problems`."
            }
            Self::CredentialsValid => "GitHub accepts the credentials.",
            Self::WebhookHealthy => "Deliveries arrive.",
            Self::ApiBudget => "GitHub's rate limit leaves room.",
            Self::InRepoConfigValid => "Job configuration inside the repositories could be read.",
            Self::BranchProtectionSynced => "Branch protection on GitHub is as declared.",
            Self::CanMark => "Commands can be marked as done on GitHub.",
            Self::InSync => "The labels on GitHub are as declared.",
            Self::Scheduled => "A cluster was chosen and the run may start.",
            Self::PodReady => "The pod runs or ran.",
            Self::Reported => "GitHub knows the state.",
        }
    }
}

/// The conditions of a kind, and the reasons for which it can be stalled.
#[derive(Clone, Copy, Debug)]
pub struct KindConditions {
    /// The kind.
    pub kind: &'static str,
    /// Its conditions, in the order in which they are read.
    pub types: &'static [ConditionType],
    /// Reasons of `Stalled`, each with what a person can do.
    pub stalled: &'static [(&'static str, &'static str)],
}

const NOT_GOVERNED: (&str, &str) = (
    "NotGoverned",
    "This namespace does not govern the repositories: create a Repository here, or ask for a tenant or for `jobs.from`.",
);

/// The conditions of each kind.
pub const OF_KINDS: &[KindConditions] = &[
    KindConditions {
        kind: "Repository",
        types: &[
            ConditionType::Ready,
            ConditionType::Reconciling,
            ConditionType::Stalled,
            ConditionType::CredentialsValid,
            ConditionType::WebhookHealthy,
            ConditionType::ApiBudget,
            ConditionType::InRepoConfigValid,
            ConditionType::BranchProtectionSynced,
            ConditionType::CanMark,
            ConditionType::Warnings,
        ],
        stalled: &[
            ("Claimed", "Another namespace governs the owner: move the object there, or ask for a tenant."),
            (
                "CredentialsInvalid",
                "GitHub does not accept the credentials: `CredentialsValid` names Secret and key.",
            ),
            ("ProwIsLive", "A live Prow serves the repositories: stop it for them, or set `mode: Shadow`."),
            NOT_GOVERNED,
        ],
    },
    KindConditions {
        kind: "JobConfig",
        types: &[
            ConditionType::Ready,
            ConditionType::Reconciling,
            ConditionType::Stalled,
            ConditionType::Warnings,
        ],
        stalled: &[
            NOT_GOVERNED,
            (
                "PodNamespaceMissing",
                "The namespace for pods is not there or not labelled: type the command shown.",
            ),
            (
                "JobsRefused",
                "Some jobs are set aside, each alone: `status.problems` tells which, why and what to do.",
            ),
        ],
    },
    KindConditions {
        kind: "ProwJob",
        types: &[ConditionType::Scheduled, ConditionType::PodReady, ConditionType::Reported],
        stalled: &[],
    },
    KindConditions {
        kind: "MergePool",
        types: &[
            ConditionType::Ready,
            ConditionType::Reconciling,
            ConditionType::Stalled,
            ConditionType::Warnings,
        ],
        stalled: &[
            ("Overlap", "Another pool owns a repository's branch: leave it out of one of them."),
            (
                "CannotPush",
                "`landing: FastForward` needs method Merge and a bypass of the branch rules that works.",
            ),
            ("Unsupported", "The strategy or landing is not there yet: choose another one."),
            NOT_GOVERNED,
        ],
    },
    KindConditions {
        kind: "LabelPolicy",
        types: &[
            ConditionType::Ready,
            ConditionType::Reconciling,
            ConditionType::Stalled,
            ConditionType::InSync,
            ConditionType::Warnings,
        ],
        stalled: &[
            ("Refused", "GitHub does not let a label be changed: `status.problems` tells where and why."),
            NOT_GOVERNED,
        ],
    },
];

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
