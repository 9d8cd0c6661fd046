//! `initupload`, after `clonerefs`.

use crate::{
    git::Repository,
    programs::{json, program, run, text},
};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// What initupload is told about a run on these pulls.
fn told(repository: &Repository, root: &Path, options: &Value) -> (Value, Value) {
    let storage = json!({
        "bucket": format!("file://{}", repository.folder.path().join("bucket").display()),
        "path_strategy": "explicit",
        "log": root.join("clone.json"),
        "dry_run": false,
    });
    let spec = json!({ "type": "presubmit", "job": "unit", "buildid": "9", "prowjobid": "id", "refs": options["refs"][0] });
    (storage, spec)
}

fn clone_and_upload(repository: &Repository, pulls: &[Value]) -> (Option<i32>, PathBuf) {
    let root = repository.folder.path().join("root");
    let options = repository.options(&root, pulls);
    let mut clone = program("clonerefs", &[("CLONEREFS_OPTIONS", &options)]);
    assert!(clone.env("HOME", repository.folder.path()).output().unwrap().status.success());
    let (storage, spec) = told(repository, &root, &options);
    let output = run("initupload", &[("INITUPLOAD_OPTIONS", &storage), ("JOB_SPEC", &spec)]);
    (output.status.code(), repository.folder.path().join("bucket"))
}

#[test]
fn what_was_cloned_is_uploaded_before_the_tests_run() {
    let repository = Repository::new();
    let pull = repository.pull(7, "seven", "7\n");
    let (code, bucket) = clone_and_upload(&repository, &[pull]);
    assert_eq!(code, Some(0));
    let run = bucket.join("pr-logs/pull/acme_widgets/7/unit/9");
    let started = json(run.join("started.json"));
    let cloned = json(repository.folder.path().join("root/clone.json"));
    assert_eq!(started["repo-commit"], cloned[1]["final_sha"]);
    assert_eq!(started["pull"], "7");
    assert!(text(run.join("clone-log.txt")).contains("git merge --no-ff"));
    assert_eq!(json(run.join("clone-records.json")), cloned);
    assert!(!run.join("finished.json").exists());
    assert_eq!(text(bucket.join("pr-logs/directory/unit/latest-build.txt")), "9");
    assert_eq!(text(bucket.join("pr-logs/pull/acme_widgets/7/unit/latest-build.txt")), "9");
    let alias = text(bucket.join("pr-logs/directory/unit/9.txt"));
    assert_eq!(alias, format!("file://{}", run.display()));
}

#[test]
fn a_run_whose_clone_failed_ends_here_with_its_log_and_result() {
    let repository = Repository::new();
    let pulls = [repository.pull(7, "README", "seven\n"), repository.pull(3, "README", "three\n")];
    let (code, bucket) = clone_and_upload(&repository, &pulls);
    assert_eq!(code, Some(1));
    let run = bucket.join("pr-logs/pull/acme_widgets/7/unit/9");
    let finished = json(run.join("finished.json"));
    assert_eq!((&finished["passed"], &finished["result"]), (&json!(false), &json!("FAILURE")));
    assert_eq!(text(run.join("build-log.txt")), text(run.join("clone-log.txt")));
    assert!(text(run.join("build-log.txt")).contains("CONFLICT"));
    assert!(run.join("started.json").exists());
}

#[test]
fn a_dry_run_stores_nothing() {
    let repository = Repository::new();
    let root = repository.folder.path().join("root");
    let (mut storage, spec) = told(&repository, &root, &repository.options(&root, &[]));
    storage["dry_run"] = json!(true);
    storage["log"] = json!("");
    let mut spec = spec;
    spec["type"] = json!("postsubmit");
    let output = run("initupload", &[("INITUPLOAD_OPTIONS", &storage), ("JOB_SPEC", &spec)]);
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8(output.stderr).unwrap().contains("logs/unit/9/started.json"));
    assert!(!repository.folder.path().join("bucket").exists());
}
