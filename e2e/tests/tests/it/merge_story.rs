//! A change goes from its opening to its merge.

use std::time::Duration;
use stories::{
    Stage,
    story::{self, Patience},
};

const HOUR: Patience = Patience(Duration::from_hours(1));

fn show_logs() {
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
}

#[tokio::test(start_paused = true)]
async fn a_change_is_tested_mended_approved_and_merged() {
    show_logs();
    let stage = Stage::set().await;
    let operating = stage.operate();
    tokio::time::sleep(Duration::from_mins(1)).await;
    story::play(&stage.cast, HOUR, |_| ()).await.unwrap();
    drop(operating);
}
