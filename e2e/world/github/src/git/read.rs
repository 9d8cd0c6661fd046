//! What git tells: commits, differences, trees; and how its output is read.

use jiff::Timestamp;

/// The format in which `parse_commit` wants commits.
pub(super) const COMMIT_FORMAT: &str = "--format=%H%n%T%n%P%n%an%n%ae%n%at%n%cn%n%ce%n%ct%n%B";

/// A name, an address and a time in a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// When.
    pub at: Timestamp,
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub sha: String,
    /// Its tree.
    pub tree: String,
    /// Its parents.
    pub parents: Vec<String>,
    /// Who wrote it.
    pub author: Signature,
    /// Who put it there.
    pub committer: Signature,
    /// The whole message, without the last newline.
    pub message: String,
}

/// A file that differs between two trees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDiff {
    /// The path, after a rename.
    pub path: String,
    /// The path before a rename.
    pub previous: Option<String>,
    /// `added`, `removed`, `modified`, `renamed`.
    pub status: &'static str,
    /// The blob afterwards (before, if removed).
    pub blob: String,
    /// Lines added.
    pub additions: u64,
    /// Lines taken away.
    pub deletions: u64,
    /// The hunks; `None` for a binary file.
    pub patch: Option<String>,
}

/// What lies between a base and a head.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// The commit that both have; `None` for unrelated histories.
    pub merge_base: Option<String>,
    /// Commits of the head that the base lacks, oldest first.
    pub commits: Vec<Commit>,
    /// How many commits the base has that the head lacks.
    pub behind_by: usize,
    /// Files that the head changed since the merge base.
    pub files: Vec<FileDiff>,
}

/// An entry of a tree.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The path from the tree asked for.
    pub path: String,
    /// Octal.
    pub mode: String,
    /// `blob`, `tree` or `commit`.
    pub kind: String,
    /// The object.
    pub sha: String,
    /// Bytes of a blob.
    pub size: Option<u64>,
}

/// Reads a commit as `COMMIT_FORMAT` has git write it.
pub(super) fn parse_commit(text: &str) -> Option<Commit> {
    let mut lines = text.splitn(10, '\n');
    let mut next = || lines.next().map(str::to_owned);
    let (sha, tree, parents) = (next()?, next()?, next()?);
    let mut signature = || {
        let (name, email, at) = (next()?, next()?, next()?);
        Some(Signature { name, email, at: Timestamp::from_second(at.parse().ok()?).ok()? })
    };
    let (author, committer) = (signature()?, signature()?);
    let message = next().unwrap_or_default().trim_end().to_owned();
    let parents = parents.split_whitespace().map(str::to_owned).collect();
    Some(Commit { sha, tree, parents, author, committer, message })
}

/// Reads the two lists that `git diff --raw --numstat -z` writes one after the other.
pub(super) fn parse_raw_numstat(out: &str) -> Vec<FileDiff> {
    let mut files = Vec::new();
    let mut fields = out.split('\0').peekable();
    while let Some(raw) = fields.next_if(|field| field.starts_with(':')) {
        let parts: Vec<&str> = raw.split(' ').collect();
        let (Some(old), Some(new), Some(letter), Some(path)) =
            (parts.get(2), parts.get(3), parts.get(4), fields.next())
        else {
            break;
        };
        let (status, previous, path) = match letter.chars().next() {
            Some('A') => ("added", None, path),
            Some('D') => ("removed", None, path),
            Some('R') => ("renamed", Some(path.to_owned()), fields.next().unwrap_or(path)),
            _ => ("modified", None, path),
        };
        let blob = if status == "removed" { old } else { new };
        files.push(FileDiff {
            path: path.to_owned(),
            previous,
            status,
            blob: (*blob).to_owned(),
            additions: 0,
            deletions: 0,
            patch: None,
        });
    }
    for file in &mut files {
        let Some(counts) = fields.next() else { break };
        let mut counts = counts.split('\t');
        file.additions = counts.next().and_then(|n| n.parse().ok()).unwrap_or_default();
        file.deletions = counts.next().and_then(|n| n.parse().ok()).unwrap_or_default();
        if file.previous.is_some() {
            // After a rename the counts stand alone, and both paths follow.
            fields.nth(1);
        }
    }
    files
}

/// Reads a line of `git ls-tree -z --long`.
pub(super) fn parse_entry(line: &str) -> Option<Entry> {
    let (about, path) = line.split_once('\t')?;
    let mut about = about.split_whitespace();
    let (mode, kind, sha, size) = (about.next()?, about.next()?, about.next()?, about.next()?);
    Some(Entry {
        path: path.to_owned(),
        mode: mode.to_owned(),
        kind: kind.to_owned(),
        sha: sha.to_owned(),
        size: size.parse().ok(),
    })
}
