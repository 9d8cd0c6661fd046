//! Carries the commands of clones out, repositories beside each other, and writes down what happened.

use super::{
    Login, Setup,
    plan::{self, Step, Word},
};
use anyhow::{Context as _, Result, bail};
use api::{
    duration::GoDuration,
    podutils::{CloneRecord, CloneRefsOptions, CommandRecord},
    refs::Refs,
};
use futures::{StreamExt as _, stream};
use std::{process::Stdio, time::Duration};
use tokio::{process::Command, time::Instant};

/// Pauses between the tries of a command that talks to a server, in milliseconds.
const PAUSES_MS: [u64; 9] = [100, 200, 400, 800, 2_000, 5_000, 10_000, 15_000, 30_000];

/// Clones all repositories; the records stand in the order of the refs.
pub(super) async fn all(options: &CloneRefsOptions, setup: &Setup) -> Vec<CloneRecord> {
    let workers = usize::try_from(options.max_parallel_workers).unwrap_or(0);
    let workers = if workers == 0 { options.refs.len() } else { workers };
    stream::iter(&options.refs).map(|refs| clone(options, setup, refs)).buffered(workers).collect().await
}

async fn clone(options: &CloneRefsOptions, setup: &Setup, refs: &Refs) -> CloneRecord {
    let began = Instant::now();
    let mut record = CloneRecord { refs: refs.clone(), ..CloneRecord::default() };
    if let Err(problem) = steps(options, setup, refs, &mut record).await {
        tracing::error!("{}/{} is not cloned: {problem:#}", refs.org, refs.repo);
        record.failed = true;
    }
    record.duration = since(began);
    record
}

/// Runs everything; every command is in the record, the failed one too.
async fn steps(
    options: &CloneRefsOptions,
    setup: &Setup,
    refs: &Refs,
    record: &mut CloneRecord,
) -> Result<()> {
    let account = setup.login.as_ref().map(|_| Login::ACCOUNT);
    let settings = plan::Settings::new(options, &setup.env, account);
    let told = |problem: plan::Unclonable, record: &mut CloneRecord| {
        record.commands.push(CommandRecord {
            command: "plan".to_owned(),
            error: problem.to_string(),
            ..CommandRecord::default()
        });
        problem
    };
    let base = plan::base_steps(&settings, refs).map_err(|problem| told(problem, record))?;
    for step in &base {
        run(step, setup, record).await?;
    }
    let git = |args: &[&str]| Step {
        dir: base.last().map(|step| step.dir.clone()).unwrap_or_default(),
        program: "git",
        args: args.iter().map(|&arg| Word::from(arg)).collect(),
        env: setup.env.clone(),
        retried: false,
        login_scope: None,
    };
    let time = run(&git(&["show", "-s", "--format=format:%ct", "HEAD"]), setup, record).await?;
    let time = time.trim().parse().context("the time of the base commit")?;
    for step in &plan::pull_steps(&settings, refs, time).map_err(|problem| told(problem, record))? {
        run(step, setup, record).await?;
    }
    let head = run(&git(&["rev-parse", "HEAD"]), setup, record).await?;
    head.trim().clone_into(&mut record.final_sha);
    Ok(())
}

/// Runs one command, again where that may help, and returns what it printed to its standard output.
async fn run(step: &Step, setup: &Setup, record: &mut CloneRecord) -> Result<String> {
    let began = Instant::now();
    let mut pauses = PAUSES_MS.into_iter().map(Duration::from_millis).take(if step.retried { 9 } else { 0 });
    let mut all_output = String::new();
    let ended = loop {
        let (output, ended) = once(step, setup).await;
        all_output.push_str(&output);
        match (&ended, pauses.next()) {
            (Err(problem), Some(pause)) => {
                tracing::warn!(command = %step.line(), "{problem:#}, trying again in {pause:?}");
                tokio::time::sleep(pause).await;
            }
            (Ok(_), _) | (Err(_), None) => break ended,
        }
    };
    let masked = |text: &str| match &setup.login {
        Some(login) => login.mask().applied(text),
        None => text.to_owned(),
    };
    record.commands.push(CommandRecord {
        command: step.line(),
        output: masked(&all_output),
        error: ended.as_ref().err().map(|problem| masked(&format!("{problem:#}"))).unwrap_or_default(),
        duration: since(began),
    });
    ended
}

/// Runs one command once: all that it printed, and its standard output where it went well.
async fn once(step: &Step, setup: &Setup) -> (String, Result<String>) {
    let command = match command(step, setup) {
        Ok(command) => command,
        Err(problem) => return (String::new(), Err(problem)),
    };
    finish(command, step.program).await
}

fn command(step: &Step, setup: &Setup) -> Result<Command> {
    let mut command = Command::new(step.program);
    // The environment is inherited: git needs HOME for the configuration that people put into their images.
    command.current_dir(&step.dir).envs(step.env.iter().map(|(name, value)| (name, value)));
    match (&setup.login, &step.login_scope) {
        (Some(login), Some(scope)) if step.program == "git" => {
            command.args(login.git_options(scope)?);
        }
        _ => {}
    }
    command.args(step.args.iter().map(Word::given));
    Ok(command)
}

/// A command of the setup, with its record; an error where it failed.
pub(super) async fn setup(program: &str, arguments: &[&str]) -> Result<CommandRecord> {
    let mut command = Command::new(program);
    command.args(arguments);
    setup_command(command, program, format!("{program} {}", arguments.join(" "))).await
}

/// As [`setup`], for a command that is made elsewhere.
pub(super) async fn setup_command(command: Command, program: &str, line: String) -> Result<CommandRecord> {
    let began = Instant::now();
    let (output, ended) = finish(command, program).await;
    ended.with_context(|| format!("{line}: {}", output.trim()))?;
    Ok(CommandRecord { command: line, output, error: String::new(), duration: since(began) })
}

async fn finish(mut command: Command, program: &str) -> (String, Result<String>) {
    // Nobody sits at a terminal to be asked.
    command.env("GIT_TERMINAL_PROMPT", "0").stdin(Stdio::null()).kill_on_drop(true);
    match command.output().await.with_context(|| format!("cannot run {program}")) {
        Err(problem) => (String::new(), Err(problem)),
        Ok(output) => {
            let printed = String::from_utf8_lossy(&output.stdout).into_owned();
            let all = format!("{printed}{}", String::from_utf8_lossy(&output.stderr));
            let ended = if output.status.success() { Ok(printed) } else { failed(output.status) };
            (all, ended)
        }
    }
}

fn failed(status: std::process::ExitStatus) -> Result<String> {
    bail!("{status}")
}

fn since(began: Instant) -> GoDuration {
    GoDuration::from_nanos(i64::try_from(began.elapsed().as_nanos()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_talks_to_a_server_is_tried_again_and_written_down_once() {
        let setup = Setup { login: None, env: Vec::new(), record: CloneRecord::default(), _agent: None };
        let missing = |retried| Step {
            dir: "/".to_owned(),
            program: "git",
            args: ["ls-remote", "/does/not/exist"].map(Word::from).to_vec(),
            env: Vec::new(),
            retried,
            login_scope: None,
        };
        for (retried, tries, seconds) in [(true, 10, 63.5), (false, 1, 0.0)] {
            let (mut record, began) = (CloneRecord::default(), Instant::now());
            assert!(run(&missing(retried), &setup, &mut record).await.is_err());
            let [told] = record.commands.as_slice() else { panic!("{record:?}") };
            assert_eq!(told.output.matches("does not appear").count(), tries);
            assert!(told.error.contains("exit status"), "{}", told.error);
            assert!((began.elapsed().as_secs_f64() - seconds).abs() < 0.1);
        }
    }
}
