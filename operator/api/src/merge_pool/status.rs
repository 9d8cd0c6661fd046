//! What a person asking "why does it not merge?" finds with `kubectl describe mergepool`.
//!
//! `describe` prints fields in alphabetical order, so they are named to read well in that order. Texts carry absolute
//! times, never ages: a status that says the same is the same bytes.

use super::{Landing, MergeMethod};
use crate::{problem::Problem, schema};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the pool stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MergePoolStatus {
    /// A pool a branch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["branch"]))]
    pub branches: Vec<BranchStatus>,
    /// Ready, Reconciling, Stalled, Warnings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
    /// Merges that were begun; one without a result is resolved by reading GitHub.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["branch"]))]
    pub intents: Vec<Intent>,
    /// How many members of all branches are left out above: 1000 are shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members_omitted: Option<i64>,
    /// The generation that this status was computed from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// What is wrong in the object, where, and what to do: at most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub problems: Vec<Problem>,
    /// The figures of `kubectl get mergepools`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<PoolSummary>,
}

/// How one branch stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BranchStatus {
    /// Repository and branch, as in `acme/widgets main`.
    pub branch: String,
    /// The open pull requests, first those that merge first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub members: Vec<Member>,
    /// The last merge: which change, when, as which commit, on which evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged: Option<String>,
    /// The commit that the plan builds on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tip: Option<String>,
    /// What is under test.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub trains: Vec<Train>,
}

/// One pull request, and what holds it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Member {
    /// Number, title and author, as in `#41 Fix the frobnicator (robin)`.
    pub change: String,
    /// How it stands.
    pub state: MemberState,
    /// What it waits for, and who can do something.
    pub why: String,
}

/// How a pull request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum MemberState {
    /// Something is missing, for instance a label or a job's result.
    Waiting,
    /// It may merge and waits for its turn.
    Queued,
    /// It is in a train.
    Testing,
    /// Its merge was begun.
    Merging,
    /// It failed in the pool; a push or `/retest` brings it back.
    Excluded,
    /// GitHub refused the merge.
    Refused,
}

/// Changes under test together, on top of a base.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Train {
    /// The commit below the first car, short.
    pub base: String,
    /// The changes in order, as in `#41 #42`.
    pub cars: String,
    /// How far it is, as in `Testing, 1 of 2 jobs left`.
    pub state: String,
}

/// A merge that was begun, written before GitHub is asked for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Intent {
    /// The full commit that the branch must still be at.
    pub base: String,
    /// Repository and branch, as in `acme/widgets main`.
    pub branch: String,
    /// What lands, in this order.
    #[schemars(length(max = 256))]
    pub cars: Vec<Car>,
    /// How it lands.
    pub landing: Landing,
    /// The term of the leader that wrote this; a later leader knows that it must look before it acts.
    pub term: i64,
    /// When it was written.
    pub time: Time,
}

/// One change of an intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Car {
    /// The full head commit that may merge, and no other.
    pub head: String,
    /// How its commits enter the branch.
    pub method: MergeMethod,
    /// The pull request.
    pub number: i64,
    /// The full tree that the branch must have afterwards, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<String>,
}

/// The figures of `kubectl get mergepools`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PoolSummary {
    /// Pull requests that may merge once they are tested on the base.
    pub eligible: i64,
    /// When something was last merged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_merge: Option<Time>,
    /// Open pull requests into the pool's branches.
    pub open: i64,
    /// The repositories, as in `acme/*`.
    pub repositories: String,
    /// Pull requests in trains.
    pub testing: i64,
    /// Share of pod hours that gated no merge, as in `18%`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waste: Option<String>,
}
