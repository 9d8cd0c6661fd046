//! What people may choose.

use anyhow::bail;
use clap::Parser;
use std::net::SocketAddr;

/// Bowsprit on this machine: a simulated cluster, a simulated GitHub and the operator, with a story to watch.
#[derive(Debug, Parser)]
#[command(name = "cargo sandbox")]
pub(crate) struct Arguments {
    /// Where the simulated Kubernetes API listens; port 0 takes any.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:16443")]
    pub(crate) kubernetes: SocketAddr,
    /// Where the simulated GitHub listens: its pages, its API and its git.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:16080")]
    pub(crate) github: SocketAddr,
    /// Where the operator takes webhooks.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:16081")]
    pub(crate) hook: SocketAddr,
    /// End after the story: with exit code 0 if it ended well, else 1.
    #[arg(long)]
    pub(crate) once: bool,
    /// Keep the folder with the logs and the repositories.
    #[arg(long)]
    pub(crate) keep: bool,
    /// Show the operator's log here too.
    #[arg(long)]
    pub(crate) verbose: bool,
}

impl Arguments {
    /// The addresses, each with the option that changes it.
    fn addresses(&self) -> [(&'static str, SocketAddr); 3] {
        [("--kubernetes", self.kubernetes), ("--github", self.github), ("--hook", self.hook)]
    }

    /// # Errors
    /// Names the option, and what to write instead.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let addresses = self.addresses();
        for (at, (option, address)) in addresses.iter().enumerate() {
            if !address.ip().is_loopback() {
                bail!(
                    "{option} {address}: only this machine's own addresses, as in 127.0.0.1:{}: there are no \
                     passwords, and whoever reaches it can run programs here",
                    address.port()
                );
            }
            let earlier =
                addresses.iter().take(at).find(|(_, other)| other == address && address.port() != 0);
            if let Some((other, _)) = earlier {
                bail!("{option} and {other} are both {address}; give one of them another port");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(words: &[&str]) -> String {
        let words = std::iter::once(&"sandbox").chain(words);
        let arguments = Arguments::try_parse_from(words).unwrap();
        arguments.check().err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn without_arguments_all_is_well() {
        assert_eq!(checked(&[]), "");
        assert_eq!(checked(&["--kubernetes", "127.0.0.1:0", "--github", "127.0.0.1:0"]), "");
    }

    #[test]
    fn an_address_that_others_reach_is_refused() {
        let told = checked(&["--github", "0.0.0.0:80"]);
        assert!(
            told.starts_with("--github 0.0.0.0:80: only this machine's own addresses, as in 127.0.0.1:80")
        );
    }

    #[test]
    fn two_parts_cannot_share_an_address() {
        let told = checked(&["--github", "127.0.0.1:16443"]);
        assert_eq!(told, "--github and --kubernetes are both 127.0.0.1:16443; give one of them another port");
    }
}
