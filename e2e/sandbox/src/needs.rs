//! What must be there before anything is started: git that is new enough, and free ports. Each is told in one line with
//! what to do.

use anyhow::{Context as _, bail};
use std::{io::ErrorKind, net::SocketAddr, process::Command};
use tokio::net::TcpListener;

/// The first git with `merge-tree --write-tree`.
const GIT: (u32, u32) = (2, 38);

/// # Errors
/// Where git is missing or too old.
pub(crate) fn git() -> anyhow::Result<()> {
    let (major, minor) = GIT;
    let said = match Command::new("git").arg("version").output() {
        Ok(said) => said,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("git is not there; install git {major}.{minor} or newer and try again")
        }
        Err(error) => return Err(error).context("git cannot be started"),
    };
    let said = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    match version(&said) {
        Some(found) if found >= GIT => Ok(()),
        Some((a, b)) => bail!("git is {a}.{b}; install git {major}.{minor} or newer and try again"),
        None => bail!("`git version` says {said:?}; install git {major}.{minor} or newer and try again"),
    }
}

/// Major and minor of what `git version` says.
fn version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.strip_prefix("git version ")?.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Listens on an address that an option chose.
///
/// # Errors
/// Names the option and what to write instead.
pub(crate) async fn listen(option: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    let instead = format!("{option} {}", SocketAddr::new(address.ip(), 0));
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => anyhow::anyhow!(
            "port {} is in use, perhaps by another sandbox: end that, or choose another port with {option}, as in \
             {instead} for any free one",
            address.port()
        ),
        _ => anyhow::anyhow!("{address} cannot be listened on ({error}); try {instead}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_git_are_read_as_git_prints_them() {
        assert_eq!(version("git version 2.39.5"), Some((2, 39)));
        assert_eq!(version("git version 2.37.1 (Apple Git-137.1)"), Some((2, 37)));
        assert_eq!(version("git version 3.0-rc1"), Some((3, 0)));
        assert_eq!(version("command not found"), None);
    }

    #[tokio::test]
    async fn a_port_in_use_is_told_with_the_option_that_changes_it() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = taken.local_addr().unwrap();
        let told = listen("--github", address).await.unwrap_err().to_string();
        assert!(told.contains(&format!("port {} is in use", address.port())));
        assert!(told.ends_with("as in --github 127.0.0.1:0 for any free one"));
    }
}
