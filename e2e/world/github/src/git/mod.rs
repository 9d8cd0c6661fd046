//! Real bare git repositories in a folder, changed without a work tree.
//!
//! Every call runs `git` and waits for it, inside the handler and under the state's lock. That is on purpose:
//! tokio's virtual clock jumps while a runtime waits for something that it does not know, so a test would see
//! hours pass during a merge if git ran as an asynchronous child. The calls take milliseconds.
//! Dates and identities are always given, so that equal histories have equal ids.

mod read;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::PoisonError;

use self::read::{COMMIT_FORMAT, parse_commit, parse_entry, parse_raw_numstat};
pub use self::read::{Commit, Comparison, Entry, FileDiff, Signature};
use crate::Name;
use crate::refusal::Refusal;

/// The id that stands for "nothing" in pushes.
pub const ZERO: &str = "0000000000000000000000000000000000000000";
const SCRATCH: &str = "refs/world/scratch";
/// What every repository has in its configuration. `gc.auto` is off so that no process outlives its call.
const SETTINGS: &str = "\
[receive]
\thideRefs = refs/pull
[transfer]
\thideRefs = refs/world
\tfsckObjects = true
[uploadpack]
\tallowAnySHA1InWant = true
\tallowFilter = true
[http]
\treceivepack = true
[gc]
\tauto = 0
";

/// git said no.
#[derive(Clone, Debug, thiserror::Error)]
#[error("git {command}: {message}")]
pub struct GitError {
    command: String,
    message: String,
}

impl From<GitError> for Refusal {
    fn from(error: GitError) -> Self {
        Self::new(http::StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

type Asked<T> = Result<T, GitError>;

/// What git said, and its exit code.
#[derive(Clone, Debug)]
struct Answer {
    code: i32,
    out: Vec<u8>,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).trim_end().to_owned()
    }

    /// The output of a command that must succeed.
    fn good(self, args: &[&str]) -> Asked<Vec<u8>> {
        if self.code == 0 { Ok(self.out) } else { Err(refused(args, &self.text())) }
    }
}

fn is_full(id: &str) -> bool {
    id.len() == 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The folder of repositories.
#[derive(Debug)]
pub struct Git {
    root: PathBuf,
    /// Answers about objects by their ids, which can never change. Worlds are asked the same things again and again.
    facts: Mutex<BTreeMap<(Name, Vec<String>), Answer>>,
    _vanishes: Option<tempfile::TempDir>,
}

impl Git {
    /// Keeps repositories in `folder`, or in one that vanishes with this value. Fails if the folder cannot be made, or git is missing or too old.
    pub fn open(folder: Option<PathBuf>) -> std::io::Result<Self> {
        let (root, vanishes) = if let Some(root) = folder {
            (root, None)
        } else {
            let made = tempfile::Builder::new().prefix("world-github-").tempdir()?;
            (made.path().to_owned(), Some(made))
        };
        std::fs::create_dir_all(&root)?;
        let git = Self { root, facts: Mutex::default(), _vanishes: vanishes };
        git.check_version()?;
        Ok(git)
    }

    /// `merge-tree --write-tree` came with git 2.38.
    fn check_version(&self) -> std::io::Result<()> {
        let missing = |error| {
            std::io::Error::new(
                std::io::ErrorKind::NotFound,
                format!("git cannot be run, install it: {error}"),
            )
        };
        let said = self.command().arg("version").output().map_err(missing)?.stdout;
        let said = String::from_utf8_lossy(&said);
        let mut parts = said
            .trim()
            .trim_start_matches("git version ")
            .split('.')
            .map(|part| part.parse::<u32>().unwrap_or(0));
        if (parts.next(), parts.next()) >= (Some(2), Some(38)) {
            return Ok(());
        }
        let message =
            format!("git 2.38 or newer is needed for merges without a work tree; this is {}", said.trim());
        Err(std::io::Error::new(std::io::ErrorKind::Unsupported, message))
    }

    /// The folder that `git http-backend` serves.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The path of a repository below the root. Names are compared without case, so it is in lower case.
    pub fn path(repo: &Name) -> String {
        format!("{}.git", repo.as_str().to_lowercase())
    }

    /// A git command with nothing of the machine's configuration in it.
    pub fn command(&self) -> Command {
        let mut command = Command::new("git");
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.root)
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0");
        command
    }

    fn ask(&self, repo: &Name, args: &[&str], input: &[u8]) -> Asked<Answer> {
        let mut command = self.command();
        command
            .arg("--git-dir")
            .arg(self.root.join(Self::path(repo)))
            .args(["-c", "core.hooksPath=/dev/null"])
            .args(args);
        run(command, args, input)
    }

    fn text(&self, repo: &Name, args: &[&str]) -> Asked<String> {
        self.text_of(repo, args, b"")
    }

    fn text_of(&self, repo: &Name, args: &[&str], input: &[u8]) -> Asked<String> {
        let answer = self.ask(repo, args, input)?;
        let text = answer.text();
        answer.good(args).map(|_| text)
    }

    /// Asks what depends on nothing but the objects `ids`, and remembers the answer if these are full ids.
    /// That something is missing is not remembered: it may still come.
    fn fact(&self, repo: &Name, args: &[&str], ids: &[&str]) -> Asked<Answer> {
        let key = (repo.clone(), args.iter().map(|arg| (*arg).to_owned()).collect());
        let lasting = ids.iter().all(|id| is_full(id));
        if let Some(known) =
            self.facts.lock().unwrap_or_else(PoisonError::into_inner).get(&key).filter(|_| lasting)
        {
            return Ok(known.clone());
        }
        let answer = self.ask(repo, args, b"")?;
        // For these two, 1 is an answer: no ancestor, a conflict.
        let tells = answer.code == 1 && matches!(args.first(), Some(&("merge-base" | "merge-tree")));
        if lasting && (answer.code == 0 || tells) {
            self.facts.lock().unwrap_or_else(PoisonError::into_inner).insert(key, answer.clone());
        }
        Ok(answer)
    }

    fn fact_text(&self, repo: &Name, args: &[&str], ids: &[&str]) -> Asked<String> {
        let answer = self.fact(repo, args, ids)?;
        let text = answer.text();
        answer.good(args).map(|_| text)
    }

    /// Makes an empty repository.
    pub fn init(&self, repo: &Name, default_branch: &str) -> Asked<()> {
        let dir = self.root.join(Self::path(repo));
        let args = ["init", "--quiet", "--bare"];
        let failed = |error: std::io::Error| refused(&args, &error.to_string());
        std::fs::create_dir_all(&dir).map_err(failed)?;
        let branch = format!("--initial-branch={default_branch}");
        self.text(repo, &[&args[..], &[&branch]].concat())?;
        let mut config = std::fs::OpenOptions::new().append(true).open(dir.join("config")).map_err(failed)?;
        config.write_all(SETTINGS.as_bytes()).map_err(failed)
    }

    /// Copies refs (and what they need) from one repository to another.
    pub fn fetch(&self, from: &Name, to: &Name, refspec: &str) -> Asked<()> {
        let source = self.root.join(Self::path(from));
        self.text(to, &["fetch", "--quiet", "--no-tags", "--", &source.to_string_lossy(), refspec]).map(drop)
    }

    /// Takes in the objects of a push.
    pub fn unpack(&self, repo: &Name, pack: &[u8]) -> Asked<()> {
        self.text_of(repo, &["index-pack", "--stdin", "--fix-thin", "--strict"], pack).map(drop)
    }

    /// The id of the commit that a branch, tag, short id or expression names.
    pub fn resolve(&self, repo: &Name, rev: &str) -> Option<String> {
        let commit = format!("{rev}^{{commit}}");
        self.fact_text(repo, &["rev-parse", "--verify", "--quiet", "--end-of-options", &commit], &[rev]).ok()
    }

    /// The refs below `refs/heads/` and `refs/tags/`.
    pub fn refs(&self, repo: &Name) -> Asked<BTreeMap<String, String>> {
        let list = self
            .text(repo, &["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/tags"])?;
        Ok(list
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(name, sha)| (name.to_owned(), sha.to_owned()))
            .collect())
    }

    /// Moves, makes or (with `new` = [`ZERO`]) deletes a ref, if it still points to `old`; an empty `old` means whatever it points to.
    pub fn set_ref(&self, repo: &Name, name: &str, new: &str, old: &str) -> Asked<()> {
        let line = match (new, old) {
            (ZERO, "") => format!("delete {name}\n"),
            (ZERO, old) => format!("delete {name} {old}\n"),
            (new, "") => format!("update {name} {new}\n"),
            (new, old) => format!("update {name} {new} {old}\n"),
        };
        self.text_of(repo, &["update-ref", "--stdin"], line.as_bytes()).map(drop)
    }

    /// Commits changed files (`None` deletes) on top of `parent`, without moving a ref.
    pub fn commit_files(
        &self,
        repo: &Name,
        parent: Option<&str>,
        files: &[(&str, Option<&[u8]>)],
        author: &Signature,
        message: &str,
    ) -> Asked<String> {
        let who = format!("{} <{}> {} +0000", author.name, author.email, author.at.as_second());
        let mut stream = Vec::new();
        let mut say = |text: &str| stream.extend_from_slice(text.as_bytes());
        say(&format!(
            "commit {SCRATCH}\nmark :1\nauthor {who}\ncommitter {who}\ndata {}\n{message}\n",
            message.len()
        ));
        if let Some(parent) = parent {
            say(&format!("from {parent}\n"));
        }
        for (path, content) in files {
            let path =
                format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"));
            match content {
                Some(content) => {
                    stream.extend_from_slice(
                        format!("M 100644 inline {path}\ndata {}\n", content.len()).as_bytes(),
                    );
                    stream.extend_from_slice(content);
                    stream.push(b'\n');
                }
                None => stream.extend_from_slice(format!("D {path}\n").as_bytes()),
            }
        }
        stream.extend_from_slice(format!("\nget-mark :1\nreset {SCRATCH}\nfrom {ZERO}\n\n").as_bytes());
        self.text_of(repo, &["fast-import", "--quiet", "--force", "--date-format=raw"], &stream)
    }

    /// The tree of a merge, or `None` if the two conflict.
    pub fn merge_tree(&self, repo: &Name, ours: &str, theirs: &str) -> Asked<Option<String>> {
        let args = ["merge-tree", "--write-tree", "--no-messages", "--name-only", ours, theirs];
        let answer = self.fact(repo, &args, &[ours, theirs])?;
        let text = answer.text();
        match answer.code {
            0 => Ok(Some(text)),
            // Conflicts are listed; histories with nothing in common do not merge either.
            1 => Ok(None),
            _ if text.contains("unrelated histories") => Ok(None),
            _ => Err(refused(&args, &text)),
        }
    }

    /// Makes a commit of a tree, without moving a ref.
    pub fn commit_tree(
        &self,
        repo: &Name,
        tree: &str,
        parents: &[&str],
        author: &Signature,
        committer: &Signature,
        message: &str,
    ) -> Asked<String> {
        let mut command = self.command();
        command.arg("--git-dir").arg(self.root.join(Self::path(repo))).args(["commit-tree", tree]);
        for parent in parents {
            command.args(["-p", parent]);
        }
        for (role, who) in [("AUTHOR", author), ("COMMITTER", committer)] {
            command
                .env(format!("GIT_{role}_NAME"), &who.name)
                .env(format!("GIT_{role}_EMAIL"), &who.email)
                .env(format!("GIT_{role}_DATE"), format!("@{} +0000", who.at.as_second()));
        }
        let args = ["commit-tree"];
        let out = run(command, &args, message.as_bytes())?.good(&args)?;
        Ok(String::from_utf8_lossy(&out).trim().to_owned())
    }

    /// Replays the commits that `base` lacks on top of it; `None` on a conflict. Returns the last one made.
    pub fn rebase(
        &self,
        repo: &Name,
        base: &str,
        commits: &[Commit],
        committer: &Signature,
    ) -> Asked<Option<String>> {
        let mut onto = base.to_owned();
        for commit in commits.iter().filter(|commit| commit.parents.len() < 2) {
            let Some(parent) = commit.parents.first() else { return Ok(None) };
            // A commit with the tree of `onto` and the parent of `commit` makes that parent the merge base,
            // which is what a cherry-pick is. (git 2.40 would take --merge-base.)
            let onto_tree = self.commit(repo, &onto)?.tree;
            let stand_in = self.commit_tree(repo, &onto_tree, &[parent], committer, committer, "stand-in")?;
            let Some(tree) = self.merge_tree(repo, &stand_in, &commit.sha)? else { return Ok(None) };
            onto = self.commit_tree(repo, &tree, &[&onto], &commit.author, committer, &commit.message)?;
        }
        Ok(Some(onto))
    }

    /// Whether `old` can be reached from `new`.
    pub fn is_ancestor(&self, repo: &Name, old: &str, new: &str) -> Asked<bool> {
        Ok(self.fact(repo, &["merge-base", "--is-ancestor", old, new], &[old, new])?.code == 0)
    }

    /// The ids of the commits that `new` has and `old` lacks.
    pub fn between(&self, repo: &Name, old: &str, new: &str) -> Asked<Vec<String>> {
        let range = format!("{old}..{new}");
        let list = self.fact_text(repo, &["rev-list", &range], &[old, new])?;
        Ok(list.lines().map(str::to_owned).collect())
    }

    /// Commits from `tip` backwards that are not reachable from `without`, newest first.
    pub fn log(
        &self,
        repo: &Name,
        tip: &str,
        without: Option<&str>,
        path: Option<&str>,
    ) -> Asked<Vec<Commit>> {
        let not = without.map(|sha| format!("^{sha}"));
        let mut args = vec!["log", "-z", "--topo-order", COMMIT_FORMAT, tip];
        args.extend(not.as_deref());
        args.push("--");
        args.extend(path);
        let out = self.fact_text(repo, &args, &[tip, without.unwrap_or(tip)])?;
        Ok(out.split('\0').filter_map(parse_commit).collect())
    }

    /// One commit.
    pub fn commit(&self, repo: &Name, sha: &str) -> Asked<Commit> {
        let args = ["log", "-1", COMMIT_FORMAT, sha, "--"];
        let text = self.fact_text(repo, &args, &[sha])?;
        parse_commit(&text).ok_or_else(|| refused(&args, "a commit that cannot be read"))
    }

    /// What lies between a base and a head.
    pub fn compare(&self, repo: &Name, base: &str, head: &str) -> Asked<Comparison> {
        let merge_base = self.fact_text(repo, &["merge-base", base, head], &[base, head]).ok();
        let mut commits = self.log(repo, head, Some(base), None)?;
        commits.reverse();
        let behind_by = self.between(repo, head, base)?.len();
        let files = self.diff(repo, merge_base.as_deref().unwrap_or(base), head)?;
        Ok(Comparison { merge_base, commits, behind_by, files })
    }

    /// The files that differ between two commits.
    pub fn diff(&self, repo: &Name, old: &str, new: &str) -> Asked<Vec<FileDiff>> {
        let args = ["diff", "-M", "--raw", "--numstat", "--no-abbrev", "-z", old, new, "--"];
        let mut files = parse_raw_numstat(&self.fact_text(repo, &args, &[old, new])?);
        let patches = self.patch(repo, old, new)?;
        for (file, patch) in files.iter_mut().zip(patches.split("\ndiff --git ")) {
            file.patch = patch.find("\n@@").map(|at| patch.split_at(at + 1).1.trim_end().to_owned());
        }
        Ok(files)
    }

    /// The difference between two commits as a unified diff.
    pub fn patch(&self, repo: &Name, old: &str, new: &str) -> Asked<String> {
        self.fact_text(repo, &["diff", "-M", old, new, "--"], &[old, new])
    }

    /// The entries of a tree, or of the tree of a commit.
    pub fn tree(&self, repo: &Name, tree: &str, recursive: bool) -> Asked<Vec<Entry>> {
        let mut args = vec!["ls-tree", "-z", "--long"];
        if recursive {
            args.extend(["-r", "-t"]);
        }
        args.push(tree);
        let out = self.fact_text(repo, &args, &[tree])?;
        Ok(out.split('\0').filter_map(parse_entry).collect())
    }

    /// The object at a path of a commit, as its kind and id.
    pub fn at_path(&self, repo: &Name, sha: &str, path: &str) -> Option<(String, String)> {
        let spot = format!("{sha}:{}", path.trim_matches('/'));
        let args = ["rev-parse", "--verify", "--quiet", "--end-of-options", &spot];
        let object = self.fact_text(repo, &args, &[sha]).ok()?;
        let kind = self.fact_text(repo, &["cat-file", "-t", &object], &[&object]).ok()?;
        Some((kind, object))
    }

    /// The bytes of a blob.
    pub fn blob(&self, repo: &Name, sha: &str) -> Asked<Vec<u8>> {
        let args = ["cat-file", "blob", sha];
        self.fact(repo, &args, &[sha])?.good(&args)
    }
}

/// Runs git to its end. Standard error replaces an empty output when it fails.
fn run(mut command: Command, args: &[&str], input: &[u8]) -> Asked<Answer> {
    let failed = |error: std::io::Error| refused(args, &error.to_string());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A broken pipe means that git ended early; its own words say why.
        if let Err(error) = stdin.write_all(input)
            && error.kind() != std::io::ErrorKind::BrokenPipe
        {
            return Err(failed(error));
        }
    }
    let done = child.wait_with_output().map_err(failed)?;
    let out = if done.stdout.is_empty() && !done.status.success() { done.stderr } else { done.stdout };
    Ok(Answer { code: done.status.code().unwrap_or(-1), out })
}

fn refused(args: &[&str], message: &str) -> GitError {
    GitError { command: args.join(" "), message: message.trim().to_owned() }
}
