//! Starting the programs and waiting for what they do.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

/// A program, as a pod starts it: told everything in its environment.
pub fn program(name: &str, variables: &[(&str, &Value)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_podutils"));
    command.arg(name).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (variable, value) in variables {
        command.env(variable, value.to_string());
    }
    command
}

/// Runs a program to its end.
pub fn run(name: &str, variables: &[(&str, &Value)]) -> Output {
    program(name, variables).output().unwrap()
}

/// Waits until this holds, or fails the test.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let mut looks = 0;
    loop {
        if let Some(found) = look() {
            return found;
        }
        looks += 1;
        assert!(looks < 2_000, "in vain: {what}");
        pause();
    }
}

#[expect(clippy::disallowed_methods, reason = "another process is looked at, whose time is not virtual")]
fn pause() {
    std::thread::sleep(Duration::from_millis(10));
}

/// Waits until a file holds something.
pub fn written(path: &Path) -> String {
    eventually(&path.display().to_string(), || {
        std::fs::read_to_string(path).ok().filter(|text| !text.is_empty())
    })
}

/// Waits until a program hears this signal itself instead of being ended by it.
pub fn hears(child: &Child, signal: Signal) {
    let status = format!("/proc/{}/status", child.id());
    eventually("the program hears signals", || {
        let status = std::fs::read_to_string(&status).ok()?;
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"))?;
        let caught = u64::from_str_radix(caught.trim(), 16).ok()?;
        (caught & (1 << (signal.as_raw() - 1)) != 0).then_some(())
    });
}

/// Sends a signal to a program.
pub fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Whether a process is there and not a mere entry of its exit code.
pub fn is_alive(id: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
}

/// A file as JSON.
pub fn json(path: impl AsRef<Path>) -> Value {
    let path = path.as_ref();
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap()
}

/// A file as text.
pub fn text(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
