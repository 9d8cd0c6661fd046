//! Cloning, fetching and pushing with the git of this machine, over loopback.

use std::path::Path;

use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::Command;
use world_github::state::{Protection, RequiredReviews, Role};
use world_github::{Fault, GitHub, NewPull, Rule};

use crate::github::{Client, WIDGETS, acme};

/// Runs git in a folder; returns whether it succeeded and all that it said.
async fn git(folder: &Path, args: &[&str]) -> (bool, String) {
    let out = Command::new("git")
        .args(args)
        .current_dir(folder)
        .env("HOME", folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ASKPASS", "true")
        .envs([("GIT_AUTHOR_NAME", "Rita"), ("GIT_AUTHOR_EMAIL", "rita@example.com")])
        .envs([("GIT_COMMITTER_NAME", "Rita"), ("GIT_COMMITTER_EMAIL", "rita@example.com")])
        .output()
        .await
        .unwrap();
    (out.status.success(), String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned())
}

#[track_caller]
fn worked((success, said): (bool, String)) -> String {
    assert!(success, "{said}");
    said.trim().to_owned()
}

/// A served world, an empty folder, and the address of acme/widgets for an account.
async fn served() -> (GitHub, TempDir, String) {
    let github = acme();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    github.serve(listener).unwrap();
    (github, TempDir::new().unwrap(), format!("{address}/acme/widgets.git"))
}

fn authority(github: &GitHub, login: &str) -> String {
    let token = github.change(|state| state.add_token(login));
    format!("http://x-access-token:{token}@")
}

#[tokio::test]
async fn anybody_clones_a_public_repository() {
    let (_github, folder, address) = served().await;
    worked(git(folder.path(), &["clone", "--quiet", &format!("http://{address}"), "copy"]).await);
    assert_eq!(std::fs::read_to_string(folder.path().join("copy/README.md")).unwrap(), "# Widgets\n");
}

#[tokio::test]
async fn a_partial_clone_and_the_refs_of_a_pull_request_are_served() {
    let (github, folder, address) = served().await;
    let number = github.user("robin").open_pull(WIDGETS, "fix", "Fix it", &[("a", "b")]).unwrap();
    Client::of(&github, "robot").get(&format!("/repos/acme/widgets/pulls/{number}")).await.is(200);
    let head = github.look(|state| state.pull(&WIDGETS.into(), number).unwrap().head_sha.clone());
    worked(
        git(
            folder.path(),
            &["clone", "--quiet", "--bare", "--filter=blob:none", &format!("http://{address}"), "bare"],
        )
        .await,
    );
    let bare = folder.path().join("bare");
    worked(
        git(
            &bare,
            &[
                "fetch",
                "--quiet",
                "origin",
                &format!("refs/pull/{number}/head"),
                &format!("refs/pull/{number}/merge"),
            ],
        )
        .await,
    );
    worked(git(&bare, &["fetch", "--quiet", "origin", &head]).await);
    assert_eq!(worked(git(&bare, &["rev-parse", &format!("{head}^{{commit}}")]).await), head);
}

#[tokio::test]
async fn a_push_moves_the_head_of_a_pull_request() {
    let (github, folder, address) = served().await;
    let remote = format!("{}{address}", authority(&github, "rita"));
    worked(git(folder.path(), &["clone", "--quiet", &remote, "copy"]).await);
    let copy = folder.path().join("copy");
    worked(git(&copy, &["switch", "--quiet", "-c", "fix"]).await);
    std::fs::write(copy.join("a"), "b\n").unwrap();
    worked(git(&copy, &["add", "a"]).await);
    worked(git(&copy, &["commit", "--quiet", "-m", "Add a"]).await);
    worked(git(&copy, &["push", "--quiet", "origin", "fix"]).await);
    let new = NewPull {
        title: "Fix".to_owned(),
        head: "fix".to_owned(),
        base: "main".to_owned(),
        ..NewPull::default()
    };
    let number = github.user("rita").open(WIDGETS, new).unwrap();
    std::fs::write(copy.join("a"), "c\n").unwrap();
    worked(git(&copy, &["commit", "--quiet", "-a", "--amend", "-m", "Add a better"]).await);
    assert!(!git(&copy, &["push", "--quiet", "origin", "fix"]).await.0, "not a fast forward");
    worked(git(&copy, &["push", "--quiet", "--force", "origin", "fix"]).await);
    let head = worked(git(&copy, &["rev-parse", "HEAD"]).await);
    assert_eq!(github.look(|state| state.pull(&WIDGETS.into(), number).unwrap().head_sha.clone()), head);
    worked(git(&copy, &["push", "--quiet", "origin", "--delete", "fix"]).await);
    assert!(!github.look(|state| state.issue(&WIDGETS.into(), number).unwrap().open));
}

#[tokio::test]
async fn a_large_push_arrives_whole() {
    let (github, folder, address) = served().await;
    let remote = format!("{}{address}", authority(&github, "rita"));
    worked(git(folder.path(), &["clone", "--quiet", &remote, "copy"]).await);
    let copy = folder.path().join("copy");
    // Incompressible without randomness: a running hash.
    let mut state = 1_u64;
    let bytes: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    })
    .take(3 << 20)
    .collect();
    std::fs::write(copy.join("large"), &bytes).unwrap();
    worked(git(&copy, &["add", "large"]).await);
    worked(git(&copy, &["commit", "--quiet", "-m", "Large"]).await);
    worked(git(&copy, &["push", "--quiet", "origin", "main"]).await);
    worked(git(folder.path(), &["clone", "--quiet", &remote, "again"]).await);
    assert_eq!(std::fs::read(folder.path().join("again/large")).unwrap(), bytes);
}

#[tokio::test]
async fn who_may_not_push_is_told_so() {
    let (github, folder, address) = served().await;
    let remote = format!("{}{address}", authority(&github, "robin"));
    worked(git(folder.path(), &["clone", "--quiet", &remote, "copy"]).await);
    let copy = folder.path().join("copy");
    let (success, said) = git(&copy, &["push", "origin", "HEAD:refs/heads/mine"]).await;
    assert!(!success && said.contains("403"), "{said}");
    let anonymous = format!("http://{address}");
    let (success, said) = git(&copy, &["push", &anonymous, "HEAD:refs/heads/mine"]).await;
    assert!(!success && said.contains("Authentication failed"), "{said}");
}

#[tokio::test]
async fn one_ref_of_a_push_is_refused_and_the_other_moves() {
    let (github, folder, address) = served().await;
    github.change(|state| {
        state.grant(WIDGETS, "robin", Role::Write).unwrap();
        state
            .protect(
                WIDGETS,
                "main",
                Protection { required_reviews: Some(RequiredReviews::default()), ..Protection::default() },
            )
            .unwrap();
    });
    let remote = format!("{}{address}", authority(&github, "robin"));
    worked(git(folder.path(), &["clone", "--quiet", &remote, "copy"]).await);
    let copy = folder.path().join("copy");
    worked(git(&copy, &["commit", "--quiet", "--allow-empty", "-m", "Sneak"]).await);
    let (success, said) = git(
        &copy,
        &["push", "origin", "HEAD:refs/heads/main", "HEAD:refs/heads/side", "HEAD:refs/pull/9/head"],
    )
    .await;
    assert!(
        !success
            && said.contains("protected branch hook declined: Changes must be made through a pull request."),
        "{said}"
    );
    assert!(said.contains("deny updating a hidden ref"), "{said}");
    let head = worked(git(&copy, &["rev-parse", "HEAD"]).await);
    let (main, side) = github.look(|state| {
        let repo = state.repo(&WIDGETS.into()).unwrap();
        (repo.tip("main").cloned(), repo.tip("side").cloned())
    });
    assert_eq!(side.as_deref(), Some(head.as_str()));
    assert_ne!(main.as_deref(), Some(head.as_str()));
    let (success, said) =
        git(&copy, &["push", "--atomic", "origin", "HEAD:refs/heads/main", "HEAD:refs/heads/other"]).await;
    assert!(!success && said.contains("atomic push failure"), "{said}");
}

#[tokio::test]
async fn a_push_whose_answer_was_lost_has_moved_the_branch() {
    let (github, folder, address) = served().await;
    let remote = format!("{}{address}", authority(&github, "rita"));
    worked(git(folder.path(), &["clone", "--quiet", &remote, "copy"]).await);
    let copy = folder.path().join("copy");
    worked(git(&copy, &["commit", "--quiet", "--allow-empty", "-m", "Sneak"]).await);
    let lost = Fault::FailAfter(502, "Server Error".to_owned());
    github.faults().add(Rule::on("/acme/widgets.git/git-receive-pack", lost).times(1));
    assert!(!git(&copy, &["push", "--quiet", "origin", "HEAD:refs/heads/side"]).await.0);
    let head = worked(git(&copy, &["rev-parse", "HEAD"]).await);
    assert_eq!(github.look(|state| state.repo(&WIDGETS.into()).unwrap().tip("side").cloned()), Some(head));
    assert_eq!(github.faults().writes(), 1);
}

#[tokio::test]
async fn a_private_repository_asks_for_a_password() {
    let (github, folder, address) = served().await;
    github.change(|state| state.repos.get_mut(&WIDGETS.into()).unwrap().private = true);
    let (success, said) = git(folder.path(), &["clone", &format!("http://{address}"), "copy"]).await;
    assert!(!success && said.contains("Authentication failed"), "{said}");
    let remote = format!("{}{address}", authority(&github, "rita"));
    worked(git(folder.path(), &["clone", "--quiet", &remote, "copy"]).await);
}
