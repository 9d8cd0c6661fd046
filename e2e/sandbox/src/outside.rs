//! The simulated GitHub as the operator's outside: the same programs as for the real one, another address.

use controllers::accounts::Outside;
use decide::facts::RepoName;
use forge::github::Connection;

/// Where the simulated GitHub is, as in `http://127.0.0.1:16080`.
pub(crate) struct Loopback {
    pub(crate) web: String,
}

impl Outside for Loopback {
    fn github(&self, _: &str) -> Connection {
        Connection::Url(format!("{}/api/v3", self.web))
    }

    fn git_url(&self, _: &str, repository: &RepoName) -> String {
        format!("{}/{repository}.git", self.web)
    }
}
