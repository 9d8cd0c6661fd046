//! From where a repository is cloned, and as whom: the URI that git gets, which never holds a token, and the one that is
//! written down, which says that there is one.

use api::refs::Refs;

/// Stands where a secret stood.
pub const CENSORED: &str = "CENSORED";

/// As whom a token logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account<'a> {
    /// The token is the login name itself.
    Token,
    /// The token is the password of this user.
    User(&'a str),
}

/// Where to fetch from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    uri: String,
    /// What stands before the host where it is written down.
    login: Option<String>,
}

/// The token does not go with the URI.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is a local path or has no scheme, so a token for it is of no use: write it as https://HOST/PATH, or clone without the token"
)]
pub struct Refused(String);

enum Kind<'a> {
    /// `http` or `https`, and what follows the login.
    Http { scheme: &'a str, after_login: &'a str },
    /// Over SSH, or over git's own protocol: these have logins of their own.
    OwnLogin,
    /// On this machine, or who knows.
    Local,
}

fn kind(uri: &str) -> Kind<'_> {
    match uri.split_once("://") {
        Some((scheme @ ("http" | "https"), rest)) => {
            let host_ends = rest.find('/').unwrap_or(rest.len());
            let after = rest.get(..host_ends).and_then(|host| host.rfind('@')).map_or(0, |at| at + 1);
            Kind::Http { scheme, after_login: rest.get(after..).unwrap_or_default() }
        }
        Some(("file", _)) => Kind::Local,
        Some(_) => Kind::OwnLogin,
        // The short form of SSH, as in git@host:path.
        None if uri.split('/').next().is_some_and(|first| first.contains(':')) => Kind::OwnLogin,
        None => Kind::Local,
    }
}

/// The URI of a repository, as its refs say.
fn uri(refs: &Refs) -> String {
    if !refs.clone_uri.is_empty() {
        return refs.clone_uri.clone();
    }
    if !refs.repo_link.is_empty() {
        return format!("{}.git", refs.repo_link);
    }
    if refs.org.contains("://") {
        return format!("{}/{}.git", refs.org, refs.repo);
    }
    format!("https://github.com/{}/{}.git", refs.org, refs.repo)
}

impl Remote {
    /// Where these refs are cloned from.
    pub fn new(refs: &Refs, account: Option<Account<'_>>) -> Result<Self, Refused> {
        let uri = uri(refs);
        let Some(account) = account else { return Ok(Self { uri, login: None }) };
        match kind(&uri) {
            Kind::Http { scheme, after_login } => {
                let login = match account {
                    Account::Token => format!("{CENSORED}:{}", super::credential::NO_PASSWORD),
                    Account::User(user) => format!("{user}:{CENSORED}"),
                };
                Ok(Self { uri: format!("{scheme}://{after_login}"), login: Some(login) })
            }
            Kind::OwnLogin => Ok(Self { uri, login: None }),
            Kind::Local => Err(Refused(uri)),
        }
    }

    /// What git is given.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// What is written down.
    pub fn shown(&self) -> String {
        match (&self.login, self.uri.split_once("://")) {
            (Some(login), Some((scheme, rest))) => format!("{scheme}://{login}@{rest}"),
            _ => self.uri.clone(),
        }
    }

    /// Scheme and host, where the login may be given: `https://github.com`.
    pub fn login_scope(&self) -> Option<&str> {
        self.login.as_ref()?;
        let host = self.uri.find("://")? + 3;
        let ends = self.uri.get(host..)?.find('/').map_or(self.uri.len(), |length| host + length);
        self.uri.get(..ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(clone_uri: &str, account: Account<'_>) -> Result<Remote, Refused> {
        Remote::new(&Refs { clone_uri: clone_uri.into(), ..Refs::default() }, Some(account))
    }

    #[test]
    fn git_is_given_a_uri_without_login_and_the_record_says_that_there_was_one() {
        let remote =
            remote("https://u:p@mirror.example:8443/w.git", Account::User("x-access-token")).unwrap();
        assert_eq!(remote.uri(), "https://mirror.example:8443/w.git");
        assert_eq!(remote.shown(), "https://x-access-token:CENSORED@mirror.example:8443/w.git");
        assert_eq!(remote.login_scope(), Some("https://mirror.example:8443"));
    }

    #[test]
    fn a_token_is_not_for_ssh() {
        for uri in ["git@git.example:acme/w.git", "ssh://git@git.example/acme/w"] {
            let remote = remote(uri, Account::Token).unwrap();
            assert_eq!((remote.uri(), remote.login_scope()), (uri, None));
            assert_eq!(remote.shown(), uri);
        }
    }

    #[test]
    fn a_token_for_a_local_path_is_refused() {
        for uri in ["/srv/git/w", "file:///srv/git/w", "git.example/w"] {
            assert!(remote(uri, Account::Token).unwrap_err().to_string().contains(uri));
        }
    }

    #[test]
    fn an_at_sign_in_the_path_is_no_login() {
        assert_eq!(remote("https://h/a@b", Account::Token).unwrap().uri(), "https://h/a@b");
    }
}
