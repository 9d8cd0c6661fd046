//! The same seed gives the same trace: every call of the operator, with its time, its body and its status, byte for byte.

use crate::seed;
use std::process::Command;
use stories::perform_seeded;

const SEED: &str = "TRACE_SEED";
const TIMES: &str = "TRACE_TIMES";
const FOLDER: &str = "TRACE_FOLDER";

/// The calls of a performance, a line each. It has a thread of its own, since much is drawn once a thread.
fn trace(seed: u64) -> String {
    let perform = move || {
        seed::sow(seed);
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().start_paused(true).build().unwrap();
        runtime.block_on(perform_seeded(seed, |_| ())).unwrap()
    };
    let performance = std::thread::spawn(perform).join().unwrap();
    performance.records.iter().map(|record| record.to_string() + "\n").collect()
}

/// The traces of performances one after another in a process of its own, which runs the test below and nothing else: some
/// hash seeds are drawn once a process, by whoever comes first.
fn traces(seed: u64, times: usize) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "trace_story::writes_its_traces_to_files", "--ignored"])
        .env(SEED, seed.to_string())
        .env(TIMES, times.to_string())
        .env(FOLDER, folder.path())
        .stdout(std::process::Stdio::null())
        .status();
    assert!(status.unwrap().success());
    (0..times).map(|n| std::fs::read_to_string(folder.path().join(n.to_string())).unwrap()).collect()
}

#[test]
#[ignore = "a part of the test below: what it runs in other processes"]
fn writes_its_traces_to_files() {
    let number = |variable| std::env::var(variable).unwrap().parse().unwrap();
    let folder = std::path::PathBuf::from(std::env::var(FOLDER).unwrap());
    for n in 0..number(TIMES) {
        std::fs::write(folder.join(n.to_string()), trace(number(SEED))).unwrap();
    }
}

/// The first line in which two traces differ.
fn difference(one: &str, other: &str) -> Option<String> {
    let mut lines = one.lines().zip(other.lines()).enumerate();
    let found = lines.find(|(_, (a, b))| a != b);
    let found = found.map(|(line, (a, b))| format!("line {}:\n  {a}\n  {b}", line + 1));
    found.or_else(|| (one != other).then(|| "one is longer".to_owned()))
}

/// The calls without their order within a moment. tokio's watch channel wakes its receivers in an order that it draws from a
/// counter of the process, so that the second performance in a process asks some things of one moment in another order.
fn without_order(trace: &str) -> String {
    let numbers = regex::Regex::new(r"(?-u) write \d+").unwrap();
    let mut lines: Vec<String> =
        trace.lines().map(|line| numbers.replace(line, "").into_owned() + "\n").collect();
    lines.sort_by_key(|line| (line.split(' ').next().and_then(|at| at.parse::<u64>().ok()), line.clone()));
    lines.concat()
}

#[test]
fn the_same_seed_gives_the_same_trace_and_another_seed_another() {
    let here = traces(7, 3);
    println!("{} calls", here[0].lines().count());
    assert_eq!(difference(&here[0], &traces(7, 1)[0]), None, "in two processes");
    // The first makes what is made once a process, and with it some of the hash maps that number the later ones.
    assert_eq!(difference(&without_order(&here[1]), &without_order(&here[2])), None, "in one process");
    assert_ne!(here[0], traces(8, 1)[0]);
}
