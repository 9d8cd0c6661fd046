//! A repository with pull requests, as a server holds it.

use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// A repository in a folder, and a home for git without anybody's configuration.
pub struct Repository {
    pub folder: TempDir,
}

impl Repository {
    /// One commit on `main`.
    pub fn new() -> Self {
        let repository = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(repository.path()).unwrap();
        repository.git(&["init", "-q", "-b", "main"]);
        repository.commit("README", "widgets\n");
        repository
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("widgets")
    }

    /// Git in this repository; what it prints.
    pub fn git(&self, arguments: &[&str]) -> String {
        git(&self.path(), self.folder.path(), arguments)
    }

    /// A commit with this file; its SHA.
    pub fn commit(&self, file: &str, content: &str) -> String {
        fs::write(self.path().join(file), content).unwrap();
        self.git(&["add", "."]);
        self.git(&["-c", "user.name=kim", "-c", "user.email=kim@acme.example", "commit", "-q", "-m", file]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// A pull request from `main` that changes one file, as the refs name it.
    pub fn pull(&self, number: u32, file: &str, content: &str) -> Value {
        self.git(&["checkout", "-q", "--detach", "main"]);
        let sha = self.commit(file, content);
        self.git(&["update-ref", &format!("refs/pull/{number}/head"), &sha]);
        self.git(&["checkout", "-q", "main"]);
        json!({ "number": number, "author": "kim", "sha": sha })
    }

    /// What clonerefs is told: `main` with these pulls, to be cloned below `root`.
    pub fn options(&self, root: &Path, pulls: &[Value]) -> Value {
        json!({
            "src_root": root,
            "log": root.join("clone.json"),
            "git_user_name": "ci-robot",
            "git_user_email": "ci-robot@acme.example",
            "refs": [{
                "org": "acme", "repo": "widgets", "base_ref": "main",
                "base_sha": self.git(&["rev-parse", "main"]),
                "clone_uri": self.path(), "pulls": pulls,
            }],
        })
    }
}

/// Git in a folder, with a home of its own.
pub fn git(folder: &Path, home: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(folder).env("HOME", home).env("GIT_CONFIG_NOSYSTEM", "1");
    let output = command.output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
