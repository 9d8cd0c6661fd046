//! The same seed gives the same trace: every call of the operator, with its time, its body and its answer, byte for byte.

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
    performance.records.iter().map(|record| format!("{record}\n")).collect()
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

/// Within one process the first performance is not compared: it makes what is made once a process (compiled patterns and
/// the like), and with them some of its hash maps, which number the later ones.
#[test]
fn the_same_seed_gives_the_same_trace_in_one_process_and_in_two_and_another_seed_gives_another() {
    let here = traces(7, 3);
    println!("{} calls", here[0].lines().count());
    assert_eq!(difference(&here[1], &here[2]), None, "in one process");
    assert_eq!(difference(&here[0], &traces(7, 1)[0]), None, "in two processes");
    assert_ne!(here[0], traces(8, 1)[0]);
}
