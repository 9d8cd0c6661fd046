//! A pull request goes from its opening to its merge.

use std::time::Duration;
use stories::{REPOSITORY, Stage};
use world_kubelet::Outcome;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn a_pull_request_is_tested() {
    let _ = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_test_writer()
        .try_init();
    let stage = Stage::set(|_| Outcome::passes()).await;
    let operating = stage.operate();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let number = stage
        .github
        .user("robin")
        .open_pull(REPOSITORY, "frobnicate", "Frobnicate", &[("src/a", "1\n")])
        .unwrap();
    stage
        .until("unit has passed", HOUR, || async {
            stage.github.look(|state| {
                let repo = state.repo(&REPOSITORY.into()).unwrap();
                let pull = state.pull(&REPOSITORY.into(), number).unwrap();
                repo.latest_statuses(pull.head_sha.as_str())
                    .iter()
                    .any(|s| s.context == "unit" && format!("{:?}", s.state).to_lowercase() == "success")
            })
        })
        .await;
    drop(operating);
}
