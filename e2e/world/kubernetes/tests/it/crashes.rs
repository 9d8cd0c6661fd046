//! The crash matrix in small: a controller is killed before and after each of its writes, and ends in the same place.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, ListParams, ObjectMeta, PostParams};
use kube::runtime::controller::{Action, Controller};
use kube::runtime::watcher;
use kube::{Client, ResourceExt};
use tokio::sync::Notify;
use world_kubernetes::{Effect, World};

use crate::support::{client, config};

/// For each config map `NAME` makes `NAME-child`; a second attempt finds the first one's work.
async fn reconcile(object: Arc<ConfigMap>, client: Arc<Client>) -> Result<Action, kube::Error> {
    let name = object.name_any();
    if name.ends_with("-child") {
        return Ok(Action::await_change());
    }
    let configs: Api<ConfigMap> = Api::namespaced((*client).clone(), "default");
    let metadata = ObjectMeta { name: Some(format!("{name}-child")), ..ObjectMeta::default() };
    let child = ConfigMap { metadata, ..ConfigMap::default() };
    match configs.create(&PostParams::default(), &child).await {
        Err(kube::Error::Api(status)) if status.is_already_exists() => Ok(Action::await_change()),
        result => result.map(|_| Action::await_change()),
    }
}

async fn control(client: Client) {
    let configs: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
    let retry = |_: Arc<ConfigMap>, _: &kube::Error, _| Action::requeue(Duration::from_secs(1));
    Controller::new(configs, watcher::Config::default())
        .run(reconcile, retry, Arc::new(client))
        .for_each(|_| async {})
        .await;
}

/// Runs the controller for an hour, killing it around one write. The answer: how many writes reached the world, and what
/// there is in the end.
async fn run(kill_at: u64, applied: bool) -> (u64, Vec<String>) {
    let world = World::builder().build();
    let client = client(&world);
    let configs: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
    for name in ["a", "b", "c"] {
        let object: ConfigMap = serde_json::from_value(config(name, "1")).unwrap();
        configs.create(&PostParams::default(), &object).await.unwrap();
    }
    let before = world.writes();
    let killed = Arc::new(Notify::new());
    let kill = killed.clone();
    world.on_write(move |number, _, _| {
        if number != before + kill_at {
            return Effect::Pass;
        }
        kill.notify_one();
        if applied { Effect::ApplyThenHang } else { Effect::Hang }
    });
    let lives = tokio::spawn(async move {
        tokio::select! {
            () = control(client.clone()) => {}
            () = killed.notified() => {}
        }
        control(client).await;
    });
    tokio::time::sleep(Duration::from_hours(1)).await;
    lives.abort();
    let mut names: Vec<String> =
        configs.list(&ListParams::default()).await.unwrap().iter().map(ResourceExt::name_any).collect();
    names.sort();
    (world.writes() - before, names)
}

#[tokio::test(start_paused = true)]
async fn a_controller_that_is_killed_around_any_write_ends_in_the_same_place() {
    let (writes, expected) = run(0, false).await;
    assert_eq!(expected, ["a", "a-child", "b", "b-child", "c", "c-child"]);
    let mut tried = 0;
    for write in 1..=writes {
        for applied in [false, true] {
            assert_eq!(run(write, applied).await.1, expected, "killed at write {write}, applied: {applied}");
            tried += 1;
        }
    }
    assert!(tried >= 6, "only {tried} crash points");
}
