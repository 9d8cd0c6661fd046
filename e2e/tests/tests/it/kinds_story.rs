//! The objects of the quickstart become what they say, and say so.

use api::{JobConfig, LabelPolicy, ProwJob, Repository, condition::ConditionType};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{Api, ResourceExt, api::ListParams};
use serde_json::json;
use std::time::Duration;
use stories::{REPOSITORY, Stage};
use world_github::Fate;

const SOON: Duration = Duration::from_mins(1);

fn told(conditions: &[Condition], type_: ConditionType) -> String {
    let found = conditions.iter().find(|condition| condition.type_ == type_.as_str());
    found.map_or_else(String::new, |c| format!("{}/{}", c.status, c.reason))
}

async fn repository(stage: &Stage, name: &str) -> Repository {
    Api::namespaced(stage.client(), "acme").get(name).await.unwrap()
}

async fn jobs(stage: &Stage) -> JobConfig {
    Api::namespaced(stage.client(), "acme").get("widgets").await.unwrap()
}

async fn labels(stage: &Stage) -> LabelPolicy {
    Api::namespaced(stage.client(), "acme").get("house-labels").await.unwrap()
}

/// The settings of the stage, with an address for the hook.
async fn give_address(stage: &Stage, more: &str) {
    let settings = format!(
        "tenants: [ {{ namespace: acme, owners: [acme] }} ]\nweb: {{ url: \"http://bowsprit.invalid\" }}\n{more}"
    );
    stage
        .apply(&json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": { "name": "bowsprit", "namespace": "bowsprit" },
            "data": { "settings.yaml": settings },
        }))
        .await;
}

#[tokio::test(start_paused = true)]
async fn the_objects_of_the_quickstart_become_ready() {
    let stage = Stage::set().await;
    give_address(&stage, "").await;
    let operating = stage.operate();
    tokio::time::sleep(SOON).await;

    let status = repository(&stage, "acme").await.status.unwrap();
    assert_eq!(told(&status.conditions, ConditionType::Ready), "True/Active", "{status:#?}");
    assert_eq!(told(&status.conditions, ConditionType::CredentialsValid), "True/Accepted");
    assert!(told(&status.conditions, ConditionType::WebhookHealthy).starts_with("True/"), "{status:#?}");
    assert_eq!(status.governs, Some(1));

    let status = jobs(&stage).await.status.unwrap();
    assert_eq!(told(&status.conditions, ConditionType::Ready), "True/InForce", "{status:#?}");
    let counts = status.jobs.unwrap();
    assert_eq!((counts.presubmits, counts.postsubmits, counts.periodics), (2, 1, 1));

    let status = labels(&stage).await.status.unwrap();
    assert_eq!(told(&status.conditions, ConditionType::Ready), "True/InForce", "{status:#?}");
    let summary = status.summary.unwrap();
    let missing: i64 = status.drift.iter().map(|drift| drift.missing + drift.different).sum();
    assert_eq!((summary.repositories, missing), (1, 0), "{status:#?}");
    let there = stage.cast.github.look(|state| {
        let repository = state.repo(&REPOSITORY.into()).unwrap();
        repository.labels.values().any(|label| label.name.as_str() == "kind/bug")
    });
    assert!(there);
    drop(operating);
}

#[tokio::test(start_paused = true)]
async fn a_periodic_runs_once_an_hour_over_restarts() {
    let stage = Stage::set().await;
    let image = json!({ "image": "debian:12" });
    stage
        .apply(&json!({
            "apiVersion": "bowsprit.dev/v1alpha1", "kind": "JobConfig",
            "metadata": { "name": "clock", "namespace": "acme" },
            "spec": { "periodics": [ { "name": "hourly", "interval": "1h", "spec": { "containers": [image] } } ] },
        }))
        .await;
    let api: Api<ProwJob> = Api::namespaced(stage.client(), "acme");
    let hourly = async || {
        let runs = api.list(&ListParams::default()).await.unwrap();
        runs.items.into_iter().filter(|run| run.spec.job == "hourly").collect::<Vec<_>>()
    };
    for _ in 0..3 {
        let operating = stage.operate();
        tokio::time::sleep(Duration::from_mins(10)).await;
        drop(operating);
    }
    assert_eq!(hourly().await.len(), 1);
    let operating = stage.operate();
    tokio::time::sleep(Duration::from_hours(1)).await;
    let runs = hourly().await;
    assert_eq!(runs.len(), 2);
    let source = runs.iter().map(|run| run.annotations().get(api::keys::SOURCE).map(String::as_str));
    assert!(source.eq([Some("jobconfig/clock"); 2]));
    let clock: JobConfig = Api::namespaced(stage.client(), "acme").get("clock").await.unwrap();
    let shown = clock.status.unwrap().periodics;
    assert_eq!(shown[0].name, "hourly");
    assert!(shown[0].next_run.as_ref().is_some_and(|next| next.0 > stage.now()), "{shown:?}");
    drop(operating);
}

#[tokio::test(start_paused = true)]
async fn a_status_is_written_only_when_it_says_something_new() {
    let stage = Stage::set().await;
    let operating = stage.operate();
    tokio::time::sleep(Duration::from_mins(10)).await;
    let versions = async || {
        (
            repository(&stage, "acme").await.resource_version(),
            jobs(&stage).await.resource_version(),
            labels(&stage).await.resource_version(),
        )
    };
    let before = versions().await;
    tokio::time::sleep(Duration::from_hours(1)).await;
    assert_eq!(versions().await, before);
    drop(operating);
}

#[tokio::test(start_paused = true)]
async fn invalid_settings_change_nothing_and_are_told_also_after_a_restart() {
    let stage = Stage::set().await;
    give_address(&stage, "").await;
    let operating = stage.operate();
    tokio::time::sleep(SOON).await;
    give_address(&stage, "runs: { settle: soon }\n").await;
    for _ in 0..2 {
        tokio::time::sleep(SOON).await;
        let status = repository(&stage, "acme").await.status.unwrap();
        assert_eq!(told(&status.conditions, ConditionType::Ready), "True/Active", "{status:#?}");
        assert_eq!(told(&status.conditions, ConditionType::Warnings), "True/Problems");
    }
    drop(operating);
    let operating = stage.operate();
    tokio::time::sleep(SOON).await;
    let status = repository(&stage, "acme").await.status.unwrap();
    assert_eq!(told(&status.conditions, ConditionType::Ready), "True/Active", "{status:#?}");
    give_address(&stage, "").await;
    tokio::time::sleep(SOON).await;
    let status = repository(&stage, "acme").await.status.unwrap();
    assert_eq!(told(&status.conditions, ConditionType::Warnings), "False/None", "{status:#?}");
    drop(operating);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_nobody_made_is_made_and_goes_with_the_object_that_says_so() {
    let stage = Stage::set().await;
    give_address(&stage, "").await;
    stage.github.change(|state| state.hooks.clear());
    stage
        .apply(&json!({
            "apiVersion": "bowsprit.dev/v1alpha1", "kind": "Repository",
            "metadata": { "name": "acme", "namespace": "acme" },
            "spec": {
                "mode": "Active", "github": { "owner": "acme", "repositories": ["*"] },
                "credentials": { "secretRef": { "name": "acme-github" } },
                "webhook": { "manage": true, "onDelete": "Remove" },
            },
        }))
        .await;
    let operating = stage.operate();
    tokio::time::sleep(SOON).await;
    let hooks =
        || stage.github.look(|state| state.hooks.values().map(|hook| hook.url.clone()).collect::<Vec<_>>());
    assert_eq!(hooks(), ["http://bowsprit.invalid/hook"]);
    let api: Api<Repository> = Api::namespaced(stage.client(), "acme");
    api.delete("acme", &kube::api::DeleteParams::default()).await.unwrap();
    tokio::time::sleep(SOON).await;
    assert!(api.get_opt("acme").await.unwrap().is_none());
    assert_eq!(hooks(), Vec::<String>::new());
    let status = jobs(&stage).await.status.unwrap();
    assert_eq!(told(&status.conditions, ConditionType::Ready), "False/JobsRefused", "{status:#?}");
    drop(operating);
}

#[tokio::test(start_paused = true)]
async fn of_two_namespaces_the_first_with_good_credentials_has_the_owner() {
    let stage = Stage::set().await;
    stage
        .apply(&json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": { "name": "bowsprit", "namespace": "bowsprit" },
            "data": { "settings.yaml": "runs: {}\n" },
        }))
        .await;
    let operating = stage.operate();
    tokio::time::sleep(SOON).await;
    assert_eq!(
        told(&repository(&stage, "acme").await.status.unwrap().conditions, ConditionType::Ready),
        "True/Active"
    );
    stage.apply(&json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "rival" } })).await;
    let secret: k8s_openapi::api::core::v1::Secret =
        Api::namespaced(stage.client(), "acme").get("acme-github").await.unwrap();
    let token = secret.data.unwrap().get("token").unwrap().0.clone();
    stage
        .apply(&json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": { "name": "theirs", "namespace": "rival" },
            "stringData": { "token": String::from_utf8(token).unwrap() },
        }))
        .await;
    stage
        .apply(&json!({
            "apiVersion": "bowsprit.dev/v1alpha1", "kind": "Repository",
            "metadata": { "name": "acme", "namespace": "rival" },
            "spec": {
                "mode": "Active", "github": { "owner": "acme", "repositories": ["*"] },
                "credentials": { "secretRef": { "name": "theirs" } },
            },
        }))
        .await;
    tokio::time::sleep(SOON).await;
    let rival: Repository = Api::namespaced(stage.client(), "rival").get("acme").await.unwrap();
    let status = rival.status.unwrap();
    assert_eq!(told(&status.conditions, ConditionType::Stalled), "True/Claimed", "{status:#?}");
    let api: Api<Repository> = Api::namespaced(stage.client(), "acme");
    api.delete("acme", &kube::api::DeleteParams::default()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(700)).await;
    let rival: Repository = Api::namespaced(stage.client(), "rival").get("acme").await.unwrap();
    let status = rival.status.unwrap();
    assert_eq!(told(&status.conditions, ConditionType::Ready), "True/Active", "{status:#?}");
    drop(operating);
}

#[tokio::test(start_paused = true)]
async fn deliveries_that_failed_are_asked_for_again() {
    let stage = Stage::set().await;
    give_address(&stage, "").await;
    let operating = stage.operate();
    tokio::time::sleep(SOON).await;
    stage.github.choose_fates(|_| Fate::Fail);
    stage.cast.github.user("robin").open_pull(REPOSITORY, "lost", "Lost", &[("a", "1\n")]).unwrap();
    tokio::time::sleep(SOON).await;
    stage.github.choose_fates(|_| Fate::Deliver);
    tokio::time::sleep(Duration::from_mins(25)).await;
    let status = repository(&stage, "acme").await.status.unwrap();
    assert_eq!(told(&status.conditions, ConditionType::WebhookHealthy), "True/Arriving", "{status:#?}");
    assert!(status.webhook.unwrap().last_recovered.is_some());
    drop(operating);
}
