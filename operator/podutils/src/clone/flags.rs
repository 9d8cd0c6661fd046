//! Flags of `clonerefs`, for people who call it by hand.

use anyhow::{Context as _, Error, Result, bail};
use api::{
    podutils::CloneRefsOptions,
    refs::{Pull, Refs},
};

/// Clones repositories at a base, with pulls merged onto it.
#[derive(Debug, clap::Parser)]
pub(super) struct Flags {
    /// Clones go below this folder's src.
    #[arg(long, default_value = "")]
    src_root: String,
    /// Where the records are written to.
    #[arg(long, default_value = "")]
    log: String,
    /// Author of the merges.
    #[arg(long, default_value = "ci-robot")]
    git_user_name: String,
    /// Mail address of the author of the merges.
    #[arg(long, default_value = "ci-robot@k8s.io")]
    git_user_email: String,
    /// What to clone: ORG,REPO=BASE[:SHA][,NUMBER[:SHA[:REF]]]...
    #[arg(long = "repo")]
    repos: Vec<String>,
    /// A file or folder with SSH keys.
    #[arg(long = "ssh-key")]
    ssh_keys: Vec<String>,
    /// Path of a clone below src, with {{.Org}} and {{.Repo}} in it.
    #[arg(long, default_value = "")]
    clone_alias: String,
    /// What to clone from, before ORG/REPO or with {{.Org}} and {{.Repo}} in it.
    #[arg(long, default_value = "")]
    uri_prefix: String,
    /// How many repositories are cloned at a time; 0 is all.
    #[arg(long, default_value_t = 0)]
    max_workers: i64,
    /// Git's cookie file.
    #[arg(long, default_value = "")]
    cookiefile: String,
    /// Exit with a failure when cloning failed.
    #[arg(long)]
    fail: bool,
}

impl TryFrom<Flags> for CloneRefsOptions {
    type Error = Error;

    fn try_from(flags: Flags) -> Result<Self> {
        let refs = flags.repos.iter().map(|text| {
            let mut refs = refs(text).with_context(|| format!("--repo={text}"))?;
            refs.path_alias = filled("--clone-alias", &flags.clone_alias, &refs)?;
            if !flags.uri_prefix.is_empty() {
                let prefix = filled("--uri-prefix", &flags.uri_prefix, &refs)?;
                refs.clone_uri = format!("{}/{}/{}", prefix.trim_end_matches('/'), refs.org, refs.repo);
            }
            Ok(refs)
        });
        Ok(Self {
            refs: refs.collect::<Result<_>>()?,
            src_root: flags.src_root,
            log: flags.log,
            git_user_name: flags.git_user_name,
            git_user_email: flags.git_user_email,
            key_files: flags.ssh_keys,
            max_parallel_workers: flags.max_workers,
            fail: flags.fail,
            cookie_path: flags.cookiefile,
            ..Self::default()
        })
    }
}

/// A template with the two fields that there are.
fn filled(flag: &str, template: &str, refs: &Refs) -> Result<String> {
    let mut text = template.to_owned();
    for (field, value) in [("Org", &refs.org), ("Repo", &refs.repo)] {
        for form in [format!("{{{{.{field}}}}}"), format!("{{{{ .{field} }}}}")] {
            text = text.replace(&form, value);
        }
    }
    if text.contains("{{") {
        bail!("{flag}={template} may hold {{{{.Org}}}} and {{{{.Repo}}}}, nothing else in braces");
    }
    Ok(text)
}

/// `org,repo=base[:sha][,number[:sha[:ref]]]...`
fn refs(text: &str) -> Result<Refs> {
    let expected = "expected ORG,REPO=BASE[:SHA][,NUMBER[:SHA[:REF]]]...";
    let (name, rest) = text.split_once('=').context(expected)?;
    let (org, repo) = name.split_once(',').context(expected)?;
    let mut parts = rest.split(',');
    let base = parts.next().unwrap_or_default();
    let (base_ref, base_sha) = base.split_once(':').unwrap_or((base, ""));
    if org.is_empty() || repo.is_empty() || base_ref.is_empty() {
        bail!(expected);
    }
    let pulls = parts.map(|part| {
        let mut words = part.splitn(3, ':');
        let number = words.next().unwrap_or_default();
        let number = number.parse().with_context(|| format!("{number:?} is not a pull request's number"))?;
        let (sha, ref_) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        Ok(Pull { number, sha: sha.to_owned(), ref_: ref_.to_owned(), ..Pull::default() })
    });
    Ok(Refs {
        org: org.to_owned(),
        repo: repo.to_owned(),
        base_ref: base_ref.to_owned(),
        base_sha: base_sha.to_owned(),
        pulls: pulls.collect::<Result<_>>()?,
        ..Refs::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    fn options(flags: &[&str]) -> Result<CloneRefsOptions> {
        Flags::parse_from(std::iter::once(&"clonerefs").chain(flags)).try_into()
    }

    #[test]
    fn a_repository_is_named_with_its_base_and_its_pulls() {
        let options = options(&["--repo=acme,widgets=main:b0,7:abc,8,9:def:refs/changes/9"]).unwrap();
        assert_eq!(options.refs[0].to_string(), "main:b0,7:abc,8:,9:def:refs/changes/9");
        assert_eq!((options.refs[0].org.as_str(), options.refs[0].repo.as_str()), ("acme", "widgets"));
    }

    #[test]
    fn aliases_and_prefixes_have_an_effect() {
        let options = options(&[
            "--repo=acme,w=main",
            "--clone-alias=k8s.io/{{.Repo}}",
            "--uri-prefix=https://m.example/",
        ])
        .unwrap();
        assert_eq!(options.refs[0].path_alias, "k8s.io/w");
        assert_eq!(options.refs[0].clone_uri, "https://m.example/acme/w");
    }

    #[test]
    fn what_is_not_understood_is_refused_with_the_flag() {
        for flags in
            [&["--repo=acme"][..], &["--repo=a,b=main,x"], &["--repo=a,b=m", "--clone-alias={{.Who}}"]]
        {
            let error = format!("{:#}", options(flags).unwrap_err());
            assert!(error.contains("--repo=") || error.contains("--clone-alias="), "{error}");
        }
    }
}
