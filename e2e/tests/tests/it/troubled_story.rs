//! The story under trouble: what webhooks, GitHub and the API server can do to an operator. It ends the same.

use http::Method;
use std::{collections::BTreeSet, time::Duration};
use stories::{Call, Fate, Stage, Whom, perform};
use world_github::Fate as Delivery;

/// The faults of a performance, held against an undisturbed one.
async fn hold<T>(disturb: impl FnOnce(&Stage) -> T) {
    let undisturbed = perform(|_| ()).await.unwrap();
    let performance = perform(disturb).await.unwrap();
    let faults = performance.faults(&undisturbed.outcome);
    assert!(faults.is_empty(), "\n  {}", faults.join("\n  "));
}

/// Gives each thing its fate the first time it is seen.
fn once<K: Ord>(mut key: impl FnMut(&Call) -> Option<K>, fate: Fate) -> impl FnMut(&Call) -> Fate {
    let mut seen = BTreeSet::new();
    move |call| if key(call).is_some_and(|key| seen.insert(key)) { fate } else { Fate::Pass }
}

/// Every other write of each kind to each object of the API server gets its fate, so that each write meets it and its
/// repetition does not. Those for leadership are spared.
fn each_write_to_kubernetes(fate: Fate) -> impl FnMut(&Call) -> Fate {
    let mut met = BTreeSet::new();
    move |call| {
        if call.whom != Whom::Kubernetes || call.write.is_none() || call.is_lease() {
            return Fate::Pass;
        }
        // A creation names its object in the body alone.
        let body: serde_json::Value = serde_json::from_slice(&call.body).unwrap_or_default();
        let object = (call.method.to_string(), call.path.clone(), body["metadata"]["name"].to_string());
        if met.remove(&object) {
            return Fate::Pass;
        }
        met.insert(object);
        fate
    }
}

/// A mutating route of GitHub, without the numbers in it.
fn route_of_github(call: &Call) -> Option<(Method, String)> {
    let counts = call.whom == Whom::GitHub && call.write.is_some();
    let varies = |part: &&str| !part.chars().any(|c| c.is_ascii_digit());
    counts.then(|| (call.method.clone(), call.path.split('/').filter(varies).collect::<Vec<_>>().join("/")))
}

#[tokio::test(start_paused = true)]
async fn the_story_ends_the_same_when_every_webhook_is_lost() {
    hold(|stage| stage.github.choose_fates(|_| Delivery::Lose)).await;
}

#[tokio::test(start_paused = true)]
async fn the_story_ends_the_same_when_every_webhook_comes_twice() {
    hold(|stage| stage.github.choose_fates(|_| Delivery::Twice)).await;
}

#[tokio::test(start_paused = true)]
async fn the_story_ends_the_same_when_webhooks_come_late_and_in_another_order() {
    hold(|stage| {
        stage.github.choose_fates(|parcel| Delivery::Late(Duration::from_secs(parcel.id * 7919 % 600)));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_story_ends_the_same_when_the_leader_of_two_operators_is_killed() {
    hold(|stage| {
        // The first leads and dies in the middle of the story; the other, which waits all the while, goes on.
        stage.wire.choose(|call| match (call.operator, call.write) {
            (1, Some(write)) if write > 150 && !call.is_lease() => Fate::DieBefore,
            _ => Fate::Pass,
        });
        stage.operate()
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_story_ends_the_same_when_each_write_to_github_is_once_done_and_answered_502() {
    hold(|stage| stage.wire.choose(once(route_of_github, Fate::RefuseAfter(502)))).await;
}

#[tokio::test(start_paused = true)]
async fn the_story_ends_the_same_when_each_write_to_kubernetes_is_once_answered_409() {
    hold(|stage| stage.wire.choose(each_write_to_kubernetes(Fate::Refuse(409)))).await;
}

#[tokio::test(start_paused = true)]
async fn the_story_ends_the_same_when_each_write_to_kubernetes_is_once_answered_500() {
    hold(|stage| stage.wire.choose(each_write_to_kubernetes(Fate::Refuse(500)))).await;
}

#[tokio::test(start_paused = true)]
async fn the_story_ends_the_same_when_each_write_to_kubernetes_is_once_done_and_answered_504() {
    hold(|stage| stage.wire.choose(each_write_to_kubernetes(Fate::RefuseAfter(504)))).await;
}

#[tokio::test(start_paused = true)]
async fn the_story_ends_the_same_when_watches_are_cut_and_their_past_is_forgotten() {
    hold(|stage| {
        let world = stage.kubernetes.clone();
        tokio::spawn(async move {
            for round in 0_u32.. {
                tokio::time::sleep(Duration::from_secs(7)).await;
                if round % 5 == 4 {
                    world.expire_history();
                }
                world.cut_all_watches();
            }
        })
    })
    .await;
}
