//! `entrypoint`, around real processes.

use crate::programs::{eventually, is_alive, program, run, send, text, written};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};
use tempfile::TempDir;

const MILLISECOND: u64 = 1_000_000;

/// The folder of one pod's logs.
struct Pod {
    folder: TempDir,
}

impl Pod {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A script as the test process, with a long timeout.
    fn options(&self, script: &str) -> Value {
        json!({
            "timeout": 60_000 * MILLISECOND,
            "grace_period": 30_000 * MILLISECOND,
            "artifact_dir": self.path("artifacts"),
            "args": ["sh", "-c", script],
            "container_name": "test",
            "process_log": self.path("process-log.txt"),
            "marker_file": self.path("marker-file.txt"),
            "metadata_file": self.path("artifacts/metadata.json"),
        })
    }

    fn marker(&self) -> String {
        text(self.path("marker-file.txt"))
    }

    fn log(&self) -> String {
        text(self.path("process-log.txt"))
    }
}

fn wrap(options: &Value) -> Output {
    run("entrypoint", &[("ENTRYPOINT_OPTIONS", options)])
}

#[test]
fn the_exit_code_and_the_output_of_the_process_are_passed_on() {
    let pod = Pod::new();
    let output = wrap(&pod.options("echo out; echo err >&2; exit 3"));
    assert_eq!((output.status.code(), pod.marker().as_str()), (Some(3), "3"));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "out\nerr\n");
    assert_eq!(pod.log(), "out\nerr\n");
    assert!(pod.path("artifacts").is_dir());
}

#[test]
fn a_process_that_a_signal_ended_has_a_code_too() {
    let pod = Pod::new();
    assert_eq!(wrap(&pod.options("kill -KILL $$")).status.code(), Some(137));
    assert_eq!(pod.marker(), "137");
}

#[test]
fn a_process_that_cannot_start_is_told_in_the_log() {
    let pod = Pod::new();
    let mut options = pod.options("");
    options["args"] = json!(["/does/not/exist"]);
    assert_eq!(wrap(&options).status.code(), Some(127));
    assert_eq!(pod.marker(), "127");
    assert!(pod.log().contains("/does/not/exist"), "{}", pod.log());
}

#[test]
fn what_the_process_leaves_running_ends_with_it() {
    let pod = Pod::new();
    let id = pod.path("id");
    assert!(wrap(&pod.options(&format!("sleep 600 & echo $! > {}", id.display()))).status.success());
    assert!(!is_alive(&text(id)));
}

#[test]
fn a_process_that_takes_too_long_is_interrupted_and_then_killed() {
    let pod = Pod::new();
    let mut options = pod.options("trap '' INT; echo begun; sleep 600");
    options["timeout"] = json!(100 * MILLISECOND);
    options["grace_period"] = json!(20 * MILLISECOND);
    assert_eq!(wrap(&options).status.code(), Some(127));
    assert_eq!(pod.marker(), "127");
    assert!(pod.log().contains("did not end within 100ms"), "{}", pod.log());
}

#[test]
fn a_stop_reaches_the_children_of_the_process_while_they_can_still_clean_up() {
    let pod = Pod::new();
    let (id, cleaned) = (pod.path("id"), pod.path("cleaned"));
    let child = format!(
        r#"trap "" INT; trap "echo yes > {}; exit" TERM; echo $$ > {}; while :; do sleep 0.01; done"#,
        cleaned.display(),
        id.display()
    );
    // A shell that waits for its child acts on a signal only when the child has ended.
    let script = format!("trap : INT TERM; sh -c '{child}'; true");
    let mut entrypoint =
        program("entrypoint", &[("ENTRYPOINT_OPTIONS", &pod.options(&script))]).spawn().unwrap();
    let id = written(&id);
    send(&entrypoint, Signal::TERM);
    assert_eq!(entrypoint.wait().unwrap().code(), Some(130));
    assert_eq!((pod.marker().as_str(), text(cleaned).as_str()), ("130", "yes\n"));
    eventually("the child of the process ends", || (!is_alive(&id)).then_some(()));
    assert!(pod.log().contains("asked to stop by signal 15"), "{}", pod.log());
}

#[test]
fn the_process_own_code_after_a_stop_is_passed_on_where_this_is_asked_for() {
    let pod = Pod::new();
    let ready = pod.path("ready");
    let script = format!(
        "trap 'exit 7' TERM; trap '' INT; echo x > {}; while :; do sleep 0.01; done",
        ready.display()
    );
    let mut options = pod.options(&script);
    options["propagate_error_code"] = json!(true);
    let mut child = program("entrypoint", &[("ENTRYPOINT_OPTIONS", &options)]).spawn().unwrap();
    written(&ready);
    send(&child, Signal::TERM);
    assert_eq!(child.wait().unwrap().code(), Some(7));
    assert_eq!(pod.marker(), "7");
}

#[test]
fn always_zero_hides_the_code_from_kubernetes_but_not_from_the_sidecar() {
    let pod = Pod::new();
    let mut options = pod.options("exit 3");
    options["always_zero"] = json!(true);
    assert!(wrap(&options).status.success());
    assert_eq!(pod.marker(), "3");
    options["propagate_error_code"] = json!(true);
    assert_eq!(wrap(&options).status.code(), Some(1), "the two exclude each other");
}

#[test]
fn a_process_waits_for_the_one_before_and_does_not_run_where_that_failed() {
    for (previous, code, marker, ran) in [("0", 0, "0", true), ("1", 1130 % 256, "1130", false)] {
        let pod = Pod::new();
        let mut options = pod.options("echo ran");
        options["previous_marker"] = json!(pod.path("previous.txt"));
        let mut child = program("entrypoint", &[("ENTRYPOINT_OPTIONS", &options)]).spawn().unwrap();
        eventually("the log is open", || pod.path("process-log.txt").exists().then_some(()));
        fs::write(pod.path("new"), previous).unwrap();
        fs::rename(pod.path("new"), pod.path("previous.txt")).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert_eq!((pod.marker().as_str(), pod.log().contains("ran")), (marker, ran));
    }
}

#[test]
fn the_program_places_itself_and_the_copy_is_the_entrypoint() {
    let pod = Pod::new();
    let copy = pod.path("entrypoint");
    let mut place = program("entrypoint", &[]);
    place.arg("--copy-mode-only").arg("--copy-dst").arg(&copy);
    assert!(place.output().unwrap().status.success());
    let mut wrapped = Command::new(&copy);
    // Flags are ignored where the variable is there.
    wrapped.arg("--copy-mode-only").env("ENTRYPOINT_OPTIONS", pod.options("exit 4").to_string());
    assert_eq!(wrapped.output().unwrap().status.code(), Some(4));
    assert_eq!(pod.marker(), "4");
}
