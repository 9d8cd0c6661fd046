//! Which commands clone one repository at one base with pulls merged onto it, in order (spec jobs-and-runs 7.3).
//!
//! Held against Prow's own commands by `golden` (`jobs/clone-commands`).

use super::remote::{Account, Refused, Remote};
use api::{
    podutils::CloneRefsOptions,
    refs::{Pull, Refs},
};

/// What all clones of one call share.
#[derive(Clone, Debug, Default)]
pub struct Settings<'a> {
    /// Clones go below `SRC_ROOT/src`.
    pub src_root: &'a str,
    /// Author of the merges; empty: as git is configured.
    pub git_user_name: &'a str,
    /// Mail address of the author of the merges; empty: as git is configured.
    pub git_user_email: &'a str,
    /// Git's cookie file; empty: none.
    pub cookie_path: &'a str,
    /// Variables that every command gets.
    pub env: &'a [(String, String)],
    /// The account that clones over HTTP.
    pub account: Option<Account<'a>>,
}

impl<'a> Settings<'a> {
    /// The settings of the program's options.
    pub fn new(
        options: &'a CloneRefsOptions,
        env: &'a [(String, String)],
        account: Option<Account<'a>>,
    ) -> Self {
        Self {
            src_root: &options.src_root,
            git_user_name: &options.git_user_name,
            git_user_email: &options.git_user_email,
            cookie_path: &options.cookie_path,
            env,
            account,
        }
    }
}

/// A word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// As it stands.
    Text(String),
    /// Where to fetch from.
    Remote(Remote),
}

impl Word {
    /// What the program is given.
    pub fn given(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Remote(remote) => remote.uri(),
        }
    }

    /// What is written down.
    pub fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Remote(remote) => remote.shown(),
        }
    }
}

impl<T: Into<String>> From<T> for Word {
    fn from(text: T) -> Self {
        Self::Text(text.into())
    }
}

/// One command of a clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where it runs.
    pub dir: String,
    /// The program.
    pub program: &'static str,
    /// Its arguments.
    pub args: Vec<Word>,
    /// Variables that are added to the program's environment.
    pub env: Vec<(String, String)>,
    /// Whether it is tried again when it fails: it talks to a server.
    pub retried: bool,
    /// Scheme and host where git may log in, if at all. Not for submodules: the pull request says where they come from.
    pub login_scope: Option<String>,
}

impl Step {
    /// The command as it is written down. The token does not stand in it.
    pub fn line(&self) -> String {
        let mut words = vec![format!("PWD={}", self.dir)];
        words.extend(self.env.iter().map(|(name, value)| format!("{name}={value}")));
        words.push(self.program.to_owned());
        words.extend(self.args.iter().map(Word::shown));
        words.join(" ")
    }
}

/// Why a repository is not cloned. A person must change the job.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unclonable {
    /// The clone would lie outside the folder for clones.
    #[error("path_alias {0:?} leads out of the folder for clones; write it as in example.com/widgets")]
    Place(String),
    /// Git would take it for an option.
    #[error("{field} {value:?} begins with a dash or holds a control character, so it is not given to git")]
    Word {
        /// Where it stands in the refs.
        field: &'static str,
        /// What stands there.
        value: String,
    },
    /// There is nothing to check out.
    #[error("base_ref of {0}/{1} is empty: name the branch")]
    NoBase(String, String),
    /// The URI does not go with the token.
    #[error(transparent)]
    Remote(#[from] Refused),
}

/// Where a repository is cloned to.
pub fn clone_dir(src_root: &str, refs: &Refs) -> Result<String, Unclonable> {
    let path = refs.clone_path();
    let below = results::join(&[path.trim_start_matches('/')]);
    if below.is_empty() || below == ".." || below.starts_with("../") {
        return Err(Unclonable::Place(path));
    }
    Ok(results::join(&[src_root, "src", &below]))
}

/// Up to the checked out base. Afterwards its commit's time is known, which [`pull_steps`] needs.
pub fn base_steps(settings: &Settings<'_>, refs: &Refs) -> Result<Vec<Step>, Unclonable> {
    check_words(refs)?;
    let here = Here::new(settings, refs)?;
    let mut steps = vec![Step { dir: "/".to_owned(), program: "mkdir", ..here.git(["-p", &here.dir]) }];
    steps.push(here.git(["init"]));
    if !settings.git_user_name.is_empty() {
        steps.push(here.git(["config", "user.name", settings.git_user_name]));
    }
    if !settings.git_user_email.is_empty() {
        steps.push(here.git(["config", "user.email", settings.git_user_email]));
    }
    if !settings.cookie_path.is_empty() && refs.skip_submodules {
        steps.push(here.git(["config", "http.cookiefile", settings.cookie_path]));
    }
    let sparse = !refs.sparse_checkout_files.is_empty();
    if sparse {
        steps.push(here.git(["sparse-checkout", "init"]));
    }
    if !refs.skip_fetch_head && !sparse {
        steps.push(here.fetch(Depth::AsAsked, Tags::Usual, &["--tags", "--prune"]));
    }
    let tags = if sparse { Tags::Without } else { Tags::Usual };
    let wanted = if refs.base_sha.is_empty() { &refs.base_ref } else { &refs.base_sha };
    steps.push(here.fetch(Depth::AsAsked, tags, &[wanted]));
    if sparse {
        let files = refs.sparse_checkout_files.iter().map(String::as_str);
        steps.push(here.git(["sparse-checkout", "set"].into_iter().chain(files)));
    }
    let target = if refs.base_sha.is_empty() { "FETCH_HEAD" } else { &refs.base_sha };
    steps.push(here.git(["checkout", target]));
    steps.push(here.git(["branch", "--force", &refs.base_ref, target]));
    steps.push(here.git(["checkout", &refs.base_ref]));
    Ok(steps)
}

/// The pulls, merged in their order, and the submodules. `base_time`: of the base's commit, in seconds since 1970; the
/// merges follow it second by second, so that the same refs always give the same commits.
pub fn pull_steps(settings: &Settings<'_>, refs: &Refs, base_time: i64) -> Result<Vec<Step>, Unclonable> {
    check_words(refs)?;
    let here = Here::new(settings, refs)?;
    let mut steps = Vec::new();
    for (time, pull) in (base_time.saturating_add(1)..).zip(&refs.pulls) {
        // A shallow pull may share no commit with a shallow base, and then cannot be merged.
        steps.push(here.fetch(Depth::Whole, Tags::Usual, &[&wanted(pull)]));
        let target = if pull.sha.is_empty() { "FETCH_HEAD" } else { &pull.sha };
        let mut merge = here.git(["merge", "--no-ff", target]);
        for variable in ["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"] {
            merge.env.push((variable.to_owned(), time.to_string()));
        }
        steps.push(merge);
    }
    if !refs.skip_submodules {
        let update = here.git(["submodule", "update", "--init", "--recursive"]);
        steps.push(Step { login_scope: None, ..update });
    }
    Ok(steps)
}

/// What is fetched for a pull.
fn wanted(pull: &Pull) -> String {
    match (pull.ref_.as_str(), pull.sha.as_str()) {
        ("", "") => format!("pull/{}/head", pull.number),
        ("", sha) => sha.to_owned(),
        (ref_, _) => ref_.to_owned(),
    }
}

/// One clone that is being planned.
struct Here<'a> {
    dir: String,
    remote: Remote,
    refs: &'a Refs,
    env: &'a [(String, String)],
}

#[derive(Clone, Copy)]
enum Depth {
    AsAsked,
    Whole,
}

#[derive(Clone, Copy)]
enum Tags {
    Usual,
    Without,
}

impl<'a> Here<'a> {
    fn new(settings: &Settings<'a>, refs: &'a Refs) -> Result<Self, Unclonable> {
        Ok(Self {
            dir: clone_dir(settings.src_root, refs)?,
            remote: Remote::new(refs, settings.account)?,
            refs,
            env: settings.env,
        })
    }

    fn git<'w>(&self, args: impl IntoIterator<Item = &'w str>) -> Step {
        Step {
            dir: self.dir.clone(),
            program: "git",
            args: args.into_iter().map(Word::from).collect(),
            env: self.env.to_vec(),
            retried: false,
            // Not only to fetch: without file contents, a checkout and a merge ask for what is missing.
            login_scope: self.remote.login_scope().map(str::to_owned),
        }
    }

    fn fetch(&self, depth: Depth, tags: Tags, rest: &[&str]) -> Step {
        let mut step = self.git(["fetch"]);
        let asked = self.refs.clone_depth.filter(|depth| *depth > 0);
        match (depth, asked) {
            (Depth::AsAsked, Some(depth)) => step.args.extend(["--depth".into(), depth.to_string().into()]),
            (Depth::AsAsked, None) | (Depth::Whole, _) => {}
        }
        // A sparse checkout needs few of the files.
        if self.refs.blobless_fetch == Some(true) || !self.refs.sparse_checkout_files.is_empty() {
            step.args.push("--filter=blob:none".into());
        }
        match tags {
            Tags::Usual => {}
            Tags::Without => step.args.push("--no-tags".into()),
        }
        step.args.push(Word::Remote(self.remote.clone()));
        step.args.extend(rest.iter().map(|&word| Word::from(word)));
        Step { retried: true, ..step }
    }
}

/// Everything that people wrote and git gets as an argument.
fn check_words(refs: &Refs) -> Result<(), Unclonable> {
    if refs.base_ref.is_empty() {
        return Err(Unclonable::NoBase(refs.org.clone(), refs.repo.clone()));
    }
    let of_pulls = refs.pulls.iter().flat_map(|pull| [("pulls.sha", &pull.sha), ("pulls.ref", &pull.ref_)]);
    let sparse = refs.sparse_checkout_files.iter().map(|file| ("sparse_checkout_files", file));
    let own = [
        ("base_ref", &refs.base_ref),
        ("base_sha", &refs.base_sha),
        ("clone_uri", &refs.clone_uri),
        ("repo_link", &refs.repo_link),
        ("org", &refs.org),
        ("repo", &refs.repo),
    ];
    for (field, value) in own.into_iter().chain(of_pulls).chain(sparse) {
        if value.starts_with('-') || value.contains(char::is_control) {
            return Err(Unclonable::Word { field, value: value.clone() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widgets() -> Refs {
        Refs { org: "acme".into(), repo: "widgets".into(), base_ref: "main".into(), ..Refs::default() }
    }

    fn settings() -> Settings<'static> {
        Settings { src_root: "/go", ..Settings::default() }
    }

    #[test]
    fn nothing_that_looks_like_an_option_reaches_git() {
        let pull = |sha: &str, ref_: &str| Pull { sha: sha.into(), ref_: ref_.into(), ..Pull::default() };
        for refs in [
            Refs { base_ref: "--upload-pack=x".into(), ..widgets() },
            Refs { base_sha: "-x".into(), ..widgets() },
            Refs { clone_uri: "--upload-pack=x".into(), ..widgets() },
            Refs { pulls: vec![pull("-x", "")], ..widgets() },
            Refs { pulls: vec![pull("", "-oProxyCommand=x")], ..widgets() },
            Refs { sparse_checkout_files: vec!["--stdin".into()], ..widgets() },
            Refs { base_ref: "main\nx".into(), ..widgets() },
        ] {
            assert!(matches!(base_steps(&settings(), &refs), Err(Unclonable::Word { .. })), "{refs:?}");
            assert!(pull_steps(&settings(), &refs, 0).is_err());
        }
    }

    #[test]
    fn a_clone_stays_below_its_folder() {
        let dir = |alias: &str| clone_dir("/go", &Refs { path_alias: alias.into(), ..widgets() });
        assert_eq!(dir("a/../b").unwrap(), "/go/src/b");
        assert_eq!(dir("/abs").unwrap(), "/go/src/abs");
        for alias in ["..", "../../etc", "a/../..", "/../x"] {
            assert_eq!(dir(alias), Err(Unclonable::Place(alias.to_owned())));
        }
    }

    #[test]
    fn only_submodules_are_fetched_without_the_login() {
        let settings = Settings { account: Some(Account::Token), ..settings() };
        let steps = pull_steps(&settings, &widgets(), 0).unwrap();
        let [submodules] = steps.as_slice() else { panic!("{steps:?}") };
        assert!(submodules.line().ends_with("git submodule update --init --recursive"));
        assert_eq!(submodules.login_scope, None);
        for step in base_steps(&settings, &widgets()).unwrap() {
            assert_eq!(step.login_scope.as_deref(), Some("https://github.com"));
        }
    }
}
