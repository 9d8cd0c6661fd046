//! One bare repository a GitHub repository, filled as commits are asked for.

use crate::command::{Git, GitError, failed, object_id};
use decide::facts::{BaseSha, CommitSha, HeadSha, RepoName, TreeSha};
use secrecy::SecretString;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// Where a repository is fetched from.
#[derive(Clone, Debug)]
pub struct Remote {
    /// `https://github.com/acme/widgets.git`; in tests a folder.
    pub url: String,
    /// What git answers when it is asked for a password.
    pub token: Option<SecretString>,
}

/// The mirrors below one folder.
#[derive(Debug)]
pub struct Mirrors {
    folder: PathBuf,
    open: Mutex<BTreeMap<RepoName, Mirror>>,
    inline: bool,
}

/// The mirror of one repository. Cheap to clone; git runs once at a time in it.
#[derive(Clone, Debug)]
pub struct Mirror {
    folder: Arc<PathBuf>,
    turn: Arc<tokio::sync::Mutex<()>>,
    inline: bool,
}

/// What merging heads onto a base gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MergedTree {
    /// They merge: the content, and a commit that carries it (in the mirror only).
    Clean {
        /// The content.
        tree: TreeSha,
        /// A commit with this content; never pushed.
        commit: CommitSha,
    },
    /// They do not.
    Conflict {
        /// The first head that does not merge.
        head: HeadSha,
        /// The paths in conflict.
        paths: Vec<String>,
    },
}

impl Mirrors {
    /// Mirrors are kept below this folder; what is there is used again.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), open: Mutex::default(), inline: false }
    }

    /// Git keeps its caller's thread busy: for tests that compare traces, since another thread is done sooner or later.
    #[must_use]
    pub fn inline(mut self, inline: bool) -> Self {
        self.inline = inline;
        self
    }

    /// The mirror of a repository; made at its first use.
    ///
    /// # Errors
    /// Where the folder cannot be made.
    pub fn mirror(&self, repository: &RepoName) -> Result<Mirror, GitError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mirror) = open.get(repository) {
            return Ok(mirror.clone());
        }
        for part in [&repository.owner, &repository.name] {
            if part.starts_with('.') || part.contains(['/', '\\', '\0']) {
                return Err(GitError::Unsafe(part.clone()));
            }
        }
        let folder = self.folder.join(&repository.owner).join(format!("{}.git", repository.name));
        if !folder.join("HEAD").exists() {
            std::fs::create_dir_all(&folder)
                .map_err(|source| GitError::Folder { path: folder.clone(), source })?;
            Git { folder: &folder, token: None }.run(&["init", "--quiet", "--bare", "."], None)?;
        }
        let mirror = Mirror { folder: Arc::new(folder), turn: Arc::default(), inline: self.inline };
        open.insert(repository.clone(), mirror.clone());
        Ok(mirror)
    }
}

impl Mirror {
    /// Makes commits present, fetching those that are missing.
    ///
    /// # Errors
    /// Where the server does not have one, or is not reached.
    pub async fn fetch(&self, remote: &Remote, commits: &[CommitSha]) -> Result<(), GitError> {
        let (remote, commits) = (remote.clone(), commits.to_vec());
        self.blocking(move |folder| {
            let local = Git { folder, token: None };
            let mut missing = Vec::new();
            for commit in &commits {
                let id = object_id(commit.as_str())?;
                let there = local.output(&["cat-file", "-e", &format!("{id}^{{commit}}")], None)?;
                if !there.status.success() {
                    missing.push(id);
                }
            }
            if missing.is_empty() {
                return Ok(());
            }
            let git = Git { folder, token: remote.token.as_ref() };
            let mut arguments =
                vec!["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--", &remote.url];
            arguments.extend(missing);
            git.run(&arguments, None).map(drop)
        })
        .await
    }

    /// Merges heads onto a base, one after another, without a work tree. All must be present.
    ///
    /// # Errors
    /// Where git fails; a conflict is an answer.
    pub async fn merge(&self, base: &BaseSha, heads: &[HeadSha]) -> Result<MergedTree, GitError> {
        let (base, heads) = (base.clone(), heads.to_vec());
        self.blocking(move |folder| {
            let git = Git { folder, token: None };
            let mut tip = object_id(base.as_str())?.to_owned();
            let mut tree = tree_of(&git, &tip)?;
            for head in &heads {
                let id = object_id(head.as_str())?;
                let arguments = ["merge-tree", "--write-tree", "--name-only", "--no-messages", &tip, id];
                let output = git.output(&arguments, None)?;
                let printed = String::from_utf8_lossy(&output.stdout);
                let mut lines = printed.lines();
                match output.status.code() {
                    Some(0) => {
                        lines.next().unwrap_or_default().clone_into(&mut tree);
                        tip = commit(&git, &tree, &[&tip, id])?;
                    }
                    Some(1) => {
                        let paths = lines.skip(1).map(str::to_owned).collect();
                        return Ok(MergedTree::Conflict { head: head.clone(), paths });
                    }
                    _ => return Err(failed(&arguments, &output)),
                }
            }
            Ok(MergedTree::Clean { tree: TreeSha::new(tree), commit: CommitSha::new(tip) })
        })
        .await
    }

    /// The content of a commit that is present.
    ///
    /// # Errors
    /// Where it is not.
    pub async fn tree(&self, commit: &CommitSha) -> Result<TreeSha, GitError> {
        let commit = commit.clone();
        self.blocking(move |folder| {
            tree_of(&Git { folder, token: None }, object_id(commit.as_str())?).map(TreeSha::new)
        })
        .await
    }

    /// The commit that lies so many steps below another, always to the first parent; `None`: there are not as many.
    ///
    /// # Errors
    /// Where git fails.
    pub async fn below(&self, commit: &CommitSha, steps: usize) -> Result<Option<CommitSha>, GitError> {
        let commit = commit.clone();
        self.blocking(move |folder| {
            let wanted = format!("{}~{steps}^{{commit}}", object_id(commit.as_str())?);
            let git = Git { folder, token: None };
            let output = git.output(&["rev-parse", "--verify", "--quiet", &wanted], None)?;
            let printed = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            Ok(output.status.success().then(|| CommitSha::new(printed)))
        })
        .await
    }

    /// How many commits a head has that a base does not, merges left out. Both must be present.
    ///
    /// # Errors
    /// Where git fails.
    pub async fn commits_of(&self, base: &BaseSha, head: &HeadSha) -> Result<usize, GitError> {
        let (base, head) = (base.clone(), head.clone());
        self.blocking(move |folder| {
            let range = format!("{}..{}", object_id(base.as_str())?, object_id(head.as_str())?);
            let git = Git { folder, token: None };
            let printed = git.run(&["rev-list", "--count", "--no-merges", &range, "--"], None)?;
            Ok(String::from_utf8_lossy(&printed).trim().parse().unwrap_or(usize::MAX))
        })
        .await
    }

    /// The regular files of a commit whose path is wanted, with their text; links and what is not UTF-8 are left out.
    ///
    /// # Errors
    /// Where the commit is not present.
    pub async fn files(
        &self,
        commit: &CommitSha,
        wanted: impl Fn(&str) -> bool + Send + 'static,
    ) -> Result<BTreeMap<String, String>, GitError> {
        let commit = commit.clone();
        self.blocking(move |folder| {
            let git = Git { folder, token: None };
            let listed =
                git.run(&["ls-tree", "-r", "-z", "--full-tree", object_id(commit.as_str())?], None)?;
            let mut paths = Vec::new();
            let mut question = String::new();
            for entry in String::from_utf8_lossy(&listed).split('\0') {
                // MODE SP TYPE SP ID TAB PATH
                let Some((facts, path)) = entry.split_once('\t') else { continue };
                let mut facts = facts.split(' ');
                let (mode, id) = (facts.next().unwrap_or_default(), facts.nth(1).unwrap_or_default());
                if mode.starts_with("100") && wanted(path) {
                    paths.push(path.to_owned());
                    question.push_str(id);
                    question.push('\n');
                }
            }
            let answer = git.run(&["cat-file", "--batch"], Some(question.as_bytes()))?;
            Ok(paths.into_iter().zip(Batch(&answer)).filter_map(|(path, text)| Some((path, text?))).collect())
        })
        .await
    }

    /// One git at a time in a mirror, on the blocking pool.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> Result<T, GitError> + Send + 'static,
    ) -> Result<T, GitError> {
        let turn = self.turn.clone().lock_owned().await;
        if self.inline {
            return work(&self.folder);
        }
        let folder = self.folder.clone();
        let done = tokio::task::spawn_blocking(move || {
            let answer = work(&folder);
            drop(turn);
            answer
        });
        done.await.unwrap_or(Err(GitError::GivenUp))
    }
}

fn tree_of(git: &Git<'_>, id: &str) -> Result<String, GitError> {
    let printed = git.run(&["rev-parse", "--verify", "--quiet", &format!("{id}^{{tree}}")], None)?;
    Ok(String::from_utf8_lossy(&printed).trim().to_owned())
}

/// A commit for the mirror's own use. Names are fixed, as dates are, so that the same merge is the same id.
fn commit(git: &Git<'_>, tree: &str, parents: &[&str]) -> Result<String, GitError> {
    let mut arguments = vec![
        "-c",
        "user.name=bowsprit",
        "-c",
        "user.email=bowsprit@localhost",
        "commit-tree",
        tree,
        "-m",
        "Merge for testing",
    ];
    for parent in parents {
        arguments.extend(["-p", parent]);
    }
    let printed = git.run(&arguments, None)?;
    Ok(String::from_utf8_lossy(&printed).trim().to_owned())
}

/// The answers of `cat-file --batch`, in order; `None` where a text is not UTF-8.
struct Batch<'a>(&'a [u8]);

impl Iterator for Batch<'_> {
    type Item = Option<String>;

    fn next(&mut self) -> Option<Self::Item> {
        let line_end = self.0.iter().position(|byte| *byte == b'\n')?;
        let header = String::from_utf8_lossy(self.0.get(..line_end)?);
        let size: usize = header.rsplit(' ').next()?.parse().ok()?;
        let body = self.0.get(line_end + 1..line_end + 1 + size)?;
        let text = String::from_utf8(body.to_vec()).ok();
        self.0 = self.0.get(line_end + 2 + size..).unwrap_or_default();
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// A repository with a base and two branches, and the ids of all.
    struct Origin {
        folder: tempfile::TempDir,
    }

    impl Origin {
        fn new() -> Self {
            let origin = Self { folder: tempfile::tempdir().unwrap() };
            origin.git(&["init", "--quiet", "--initial-branch=main", "."]);
            origin.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
            origin.git(&["commit", "--quiet", "--allow-empty", "-m", "start"]);
            origin
        }

        fn git(&self, arguments: &[&str]) -> String {
            let output = Command::new("git")
                .args(["-c", "user.name=robin", "-c", "user.email=robin@example.org"])
                .args(arguments)
                .current_dir(self.folder.path())
                .output()
                .unwrap();
            assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        }

        fn commit(&self, branch: &str, from: &str, path: &str, text: &str) -> String {
            self.git(&["checkout", "--quiet", "-B", branch, from]);
            let file = self.folder.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
            self.git(&["add", "-A"]);
            self.git(&["commit", "--quiet", "-m", path]);
            self.git(&["rev-parse", "HEAD"])
        }

        fn remote(&self) -> Remote {
            Remote { url: self.folder.path().display().to_string(), token: None }
        }
    }

    fn mirror(folder: &tempfile::TempDir) -> Mirror {
        Mirrors::new(folder.path()).mirror(&RepoName::new("acme", "widgets")).unwrap()
    }

    async fn with(commits: &[&str], origin: &Origin, folder: &tempfile::TempDir) -> Mirror {
        let mirror = mirror(folder);
        let commits: Vec<CommitSha> = commits.iter().map(|c| CommitSha::new(*c)).collect();
        mirror.fetch(&origin.remote(), &commits).await.unwrap();
        mirror
    }

    #[tokio::test]
    async fn heads_that_touch_different_files_merge_and_the_same_merge_is_the_same_commit() {
        let (origin, folder) = (Origin::new(), tempfile::tempdir().unwrap());
        let base = origin.git(&["rev-parse", "HEAD"]);
        let one = origin.commit("one", &base, "a", "1");
        let two = origin.commit("two", &base, "b", "2");
        let mirror = with(&[&base, &one, &two], &origin, &folder).await;
        let heads = [HeadSha::new(&one), HeadSha::new(&two)];
        let merged = mirror.merge(&BaseSha::new(&base), &heads).await.unwrap();
        assert_eq!(merged, mirror.merge(&BaseSha::new(&base), &heads).await.unwrap());
        let MergedTree::Clean { commit, tree } = merged else { panic!("{merged:?}") };
        let files = mirror.files(&commit, |_| true).await.unwrap();
        assert_eq!(files, BTreeMap::from([("a".into(), "1".into()), ("b".into(), "2".into())]));
        assert_eq!(mirror.tree(&commit).await.unwrap(), tree);
    }

    #[tokio::test]
    async fn a_conflict_names_the_head_and_the_paths() {
        let (origin, folder) = (Origin::new(), tempfile::tempdir().unwrap());
        let base = origin.commit("main", "HEAD", "a", "0");
        let one = origin.commit("one", &base, "a", "1");
        let two = origin.commit("two", &base, "a", "2");
        let mirror = with(&[&base, &one, &two], &origin, &folder).await;
        let merged =
            mirror.merge(&BaseSha::new(&base), &[HeadSha::new(&one), HeadSha::new(&two)]).await.unwrap();
        assert_eq!(merged, MergedTree::Conflict { head: HeadSha::new(two), paths: vec!["a".into()] });
    }

    #[tokio::test]
    async fn what_a_commit_was_put_onto_is_found_below_it() {
        let (origin, folder) = (Origin::new(), tempfile::tempdir().unwrap());
        let base = origin.git(&["rev-parse", "HEAD"]);
        origin.commit("one", &base, "a", "1");
        let head = origin.commit("one", "one", "b", "2");
        let mirror = with(&[&base, &head], &origin, &folder).await;
        let commits = mirror.commits_of(&BaseSha::new(&base), &HeadSha::new(&head)).await.unwrap();
        assert_eq!(commits, 2);
        let tip = CommitSha::new(&head);
        assert_eq!(mirror.below(&tip, 2).await.unwrap(), Some(CommitSha::new(&base)));
        assert_eq!(mirror.below(&tip, 3).await.unwrap(), None);
    }

    #[tokio::test]
    async fn only_wanted_files_are_read() {
        let (origin, folder) = (Origin::new(), tempfile::tempdir().unwrap());
        let first = origin.commit("main", "HEAD", "OWNERS", "approvers: [robin]\n");
        let base = origin.commit("main", &first, "src/big", "…");
        let mirror = with(&[&base], &origin, &folder).await;
        let files = mirror.files(&CommitSha::new(&base), |path| path.ends_with("OWNERS")).await.unwrap();
        assert_eq!(files.keys().collect::<Vec<_>>(), ["OWNERS"]);
    }

    #[tokio::test]
    async fn a_name_that_git_could_take_for_an_option_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mirror = mirror(&folder);
        let remote = Remote { url: "/nowhere".into(), token: None };
        let refused = mirror.fetch(&remote, &[CommitSha::new("--upload-pack=touch x")]).await;
        assert!(matches!(refused, Err(GitError::Unsafe(_))), "{refused:?}");
    }
}
