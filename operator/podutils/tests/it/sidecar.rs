//! `sidecar`, with logs, artifacts and secrets in folders.

use crate::programs::{eventually, hears, json, program, send, text};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output},
};
use tempfile::TempDir;

/// A pod whose tests have run, or are about to end.
struct Pod {
    folder: TempDir,
    options: Value,
}

impl Pod {
    /// A pod with these test containers.
    fn new(containers: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for made in ["logs/artifacts", "secrets", "bucket"] {
            fs::create_dir_all(folder.path().join(made)).unwrap();
        }
        let logs = folder.path().join("logs");
        let entries: Vec<Value> = containers
            .iter()
            .map(|name| {
                json!({
                    "container_name": name,
                    "process_log": logs.join(format!("{name}-log.txt")),
                    "marker_file": logs.join(format!("{name}-marker.txt")),
                    "metadata_file": logs.join(format!("artifacts/{name}-metadata.json")),
                })
            })
            .collect();
        let options = json!({
            "gcs_options": {
                "items": [logs.join("artifacts")],
                "bucket": format!("file://{}", folder.path().join("bucket").display()),
                "path_strategy": "explicit",
                "dry_run": false,
            },
            "entries": entries,
            "censoring_options": { "secret_directories": [folder.path().join("secrets")] },
        });
        Self { folder, options }
    }

    fn write(&self, name: &str, content: &str) -> &Self {
        fs::write(self.folder.path().join(name), content).unwrap();
        self
    }

    /// A test container ends.
    fn ends(&self, container: &str, code: i32) {
        self.write("new", &code.to_string());
        let marker = self.folder.path().join(format!("logs/{container}-marker.txt"));
        fs::rename(self.folder.path().join("new"), marker).unwrap();
    }

    fn start(&self) -> Child {
        let spec = json!({
            "type": "postsubmit", "job": "unit", "buildid": "9", "prowjobid": "id",
            "refs": { "org": "acme", "repo": "widgets", "base_ref": "main", "base_sha": "b0" },
        });
        program("sidecar", &[("SIDECAR_OPTIONS", &self.options), ("JOB_SPEC", &spec)]).spawn().unwrap()
    }

    fn run(&self) -> Output {
        self.start().wait_with_output().unwrap()
    }

    fn uploaded(&self, name: &str) -> PathBuf {
        self.folder.path().join("bucket/logs/unit/9").join(name)
    }

    fn finished(&self) -> Value {
        json(self.uploaded("finished.json"))
    }
}

fn tar(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("tar").arg("-C").arg(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn secrets_are_taken_out_of_logs_artifacts_archives_and_metadata() {
    let pod = Pod::new(&["test"]);
    pod.write("secrets/token", "hunter2\n");
    pod.write("logs/test-log.txt", "login with hunter2\n");
    pod.write("logs/artifacts/report.txt", "encoded: aHVudGVyMg==\n");
    pod.write("logs/artifacts/test-metadata.json", r#"{"password": "hunter2"}"#);
    pod.write("packed", "in an archive: hunter2\n");
    let archive = pod.folder.path().join("logs/artifacts/all.tar.gz").display().to_string();
    tar(pod.folder.path(), &["-czf", &archive, "packed"]);
    pod.ends("test", 0);
    let output = pod.run();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(text(pod.uploaded("build-log.txt")), "login with XXXXXXX\n");
    assert_eq!(text(pod.uploaded("artifacts/report.txt")), "encoded: XXXXXXXXXXXX\n");
    let archive = pod.uploaded("artifacts/all.tar.gz").display().to_string();
    assert_eq!(tar(pod.folder.path(), &["-xOzf", &archive, "packed"]), "in an archive: XXXXXXX\n");
    let finished = pod.finished();
    assert_eq!(finished["metadata"], json!({ "password": "XXXXXXX" }));
    assert_eq!((&finished["result"], &finished["revision"]), (&json!("SUCCESS"), &json!("b0")));
    assert!(pod.uploaded("sidecar-logs.json").exists());
    assert_eq!(text(pod.folder.path().join("bucket/logs/unit/latest-build.txt")), "9");
    // The files in the pod stay as they are.
    assert_eq!(text(pod.folder.path().join("logs/test-log.txt")), "login with hunter2\n");
}

#[test]
fn nothing_of_the_tests_is_uploaded_where_the_secrets_cannot_be_read() {
    let mut pod = Pod::new(&["test"]);
    pod.options["censoring_options"]["secret_directories"] = json!([pod.folder.path().join("missing")]);
    pod.write("logs/test-log.txt", "login with hunter2\n");
    pod.write("logs/artifacts/report.txt", "hunter2\n");
    pod.write("logs/artifacts/test-metadata.json", r#"{"password": "hunter2"}"#);
    pod.ends("test", 0);
    assert!(pod.run().status.success());
    assert!(text(pod.uploaded("build-log.txt")).contains("withheld"));
    assert!(!pod.uploaded("artifacts").exists());
    assert_eq!(pod.finished()["result"], "SUCCESS");
    assert!(!pod.finished().to_string().contains("hunter2"));
}

#[test]
fn a_file_that_cannot_be_censored_is_withheld_alone() {
    let pod = Pod::new(&["test"]);
    pod.write("secrets/token", "hunter2");
    pod.write("logs/test-log.txt", "fine\n");
    fs::write(pod.folder.path().join("logs/artifacts/core.xz"), b"\xfd7zXZ\0hunter2").unwrap();
    pod.ends("test", 0);
    assert!(pod.run().status.success());
    let told = text(pod.uploaded("artifacts/core.xz"));
    assert!(told.contains("withheld") && !told.contains("hunter2"), "{told}");
    assert_eq!(text(pod.uploaded("build-log.txt")), "fine\n");
}

#[test]
fn the_sidecar_waits_for_all_containers_and_one_failure_fails_the_run() {
    let pod = Pod::new(&["lint", "unit"]);
    pod.write("logs/lint-log.txt", "lint\n");
    pod.ends("lint", 1);
    let mut sidecar = pod.start();
    hears(&sidecar, Signal::TERM);
    assert!(sidecar.try_wait().unwrap().is_none());
    assert!(!pod.uploaded("finished.json").exists());
    pod.ends("unit", 0);
    assert!(sidecar.wait().unwrap().success(), "tests that fail are not the sidecar's failure");
    assert_eq!(pod.finished()["result"], "FAILURE");
    assert_eq!(text(pod.uploaded("lint-build-log.txt")), "lint\n");
    assert!(text(pod.uploaded("unit-build-log.txt")).contains("never started"));
}

#[test]
fn a_stop_before_the_end_uploads_what_there_is_and_the_end_replaces_it() {
    let pod = Pod::new(&["test"]);
    pod.write("logs/test-log.txt", "half\n");
    let mut sidecar = pod.start();
    hears(&sidecar, Signal::TERM);
    send(&sidecar, Signal::TERM);
    eventually("the first upload", || pod.uploaded("finished.json").exists().then_some(()));
    assert_eq!(pod.finished()["result"], "ABORTED");
    pod.write("logs/test-log.txt", "whole\n");
    pod.ends("test", 0);
    assert!(sidecar.wait().unwrap().success());
    assert_eq!(pod.finished()["result"], "SUCCESS");
    assert_eq!(text(pod.uploaded("build-log.txt")), "whole\n");
}

#[test]
fn stops_are_ignored_and_failures_are_told_where_this_is_asked_for() {
    let mut pod = Pod::new(&["test"]);
    pod.options["ignore_interrupts"] = json!(true);
    pod.options["entry_error"] = json!(true);
    let mut sidecar = pod.start();
    hears(&sidecar, Signal::TERM);
    send(&sidecar, Signal::TERM);
    pod.ends("test", 130);
    assert_eq!(sidecar.wait().unwrap().code(), Some(1));
    assert_eq!(pod.finished()["result"], "ABORTED");
}

#[test]
fn results_that_cannot_be_stored_fail_the_sidecar() {
    let mut pod = Pod::new(&["test"]);
    pod.options["gcs_options"]["bucket"] = json!("ftp://nowhere");
    pod.ends("test", 0);
    let output = pod.run();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("ftp://nowhere"));
}
