//! The order of things: start, say where everything is, play the story, then stay.

use crate::{
    Ending,
    arguments::Arguments,
    decorated,
    log::Log,
    start::{Running, start},
    table,
    timeline::{Timeline, say},
    watch,
};
use anyhow::bail;
use kube::Client;
use std::{path::Path, time::Duration};
use stories::{
    REPOSITORY,
    story::{self, Patience},
};

/// How long each step of the story may take.
const PATIENCE: Patience = Patience(Duration::from_secs(90));
/// How much of the operator's log is shown when the story ended badly.
const TAIL: usize = 30;
/// How long after the story's end what it set off is still told first.
const SETTLE: Duration = Duration::from_secs(1);

/// Runs the sandbox to its end.
pub(crate) async fn run(arguments: &Arguments, folder: &Path, log: &Log) -> anyhow::Result<Ending> {
    say("Starting the simulated cluster, the simulated GitHub and the operator ...");
    let (running, operator) = start(arguments, folder).await?;
    introduce(&running, log);
    let timeline = Timeline::begin();
    let (client, cast) = (running.client.clone(), running.cast.clone());
    tokio::select! {
        ending = tell_all(arguments, &running, &timeline, log) => Ok(ending),
        () = watch::watch(&client, &cast, &timeline) => bail!("the cluster can no longer be watched"),
        ended = operator => bail!("the operator ended: {}\n{}", ended?, log.tail(TAIL)),
    }
}

/// Plays the story and shows how things stand then; after that stays up for people, unless it is to be once.
async fn tell_all(arguments: &Arguments, running: &Running, timeline: &Timeline, log: &Log) -> Ending {
    let story = story::play(&running.cast, PATIENCE, |what| timeline.tell("story", what));
    let played = tokio::select! {
        played = story => played,
        never = timeline.tell_when_quiet() => match never {},
    };
    // What the story's end sets off shall stand above what is shown next.
    tokio::time::sleep(SETTLE).await;
    match &played {
        Ok(()) => timeline.tell("story", "ended well"),
        Err(problem) => timeline.tell("story", format!("did not end well: {problem}")),
    }
    show_state(&running.client).await;
    if played.is_err() {
        say(&format!("\nThe end of the operator's log:\n{}", log.tail(TAIL)));
    }
    if !arguments.once {
        invite(running);
        std::future::pending::<()>().await;
    }
    if played.is_ok() { Ending::Well } else { Ending::Badly }
}

/// Says where everything is.
fn introduce(running: &Running, log: &Log) {
    let Running { web, kubeconfig, results, isolation, .. } = running;
    say(&format!(
        "
GitHub      {web}/{REPOSITORY}
            Nobody needs a password: choose at the top who you are. robin writes changes, kim approves them.
Kubernetes  kubectl --kubeconfig {kubeconfig} get bowsprit -A
Pods        {isolation}
Results     {results}{left_out}
Log         {log}
",
        kubeconfig = kubeconfig.display(),
        results = results.display(),
        left_out =
            if decorated::can_run(*isolation) { "" } else { " (empty: the decorated job is left out)" },
        isolation = isolation.describe(),
        log = log.path().display(),
    ));
}

/// Shows what kubectl would.
async fn show_state(client: &Client) {
    let shown = [
        ("mergepools", "/apis/bowsprit.dev/v1alpha1/mergepools"),
        ("prowjobs", "/apis/prow.k8s.io/v1/prowjobs"),
    ];
    for (resource, path) in shown {
        let table = table::get(client, path).await;
        let table = table.unwrap_or_else(|error| format!("{error:#}"));
        say(&format!("\n$ kubectl get {resource} -A\n{table}"));
    }
}

/// Says what people can do now.
fn invite(running: &Running) {
    let web = &running.web;
    say(&format!(
        "
Your turn: open a pull request at {web}/{REPOSITORY} (with the word broken in its title, unit fails), comment /lgtm and
/approve as kim, and watch. Ctrl-C ends it and removes everything.
"
    ));
}
