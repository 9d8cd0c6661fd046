//! Keys for SSH: an agent of our own that holds them, and the hosts that are trusted.

use super::run;
use anyhow::{Context as _, Result, bail};
use api::podutils::CommandRecord;
use std::{
    fs::OpenOptions,
    io::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    time::Instant,
};

/// How long the agent may take to open its socket.
const AGENT_STARTS: Duration = Duration::from_secs(10);

/// A running agent; it ends when this is dropped.
pub(super) struct Agent {
    process: Child,
    socket: PathBuf,
    _folder: TempDir,
}

impl Agent {
    /// Starts an agent and gives it all keys; folders are searched.
    pub(super) async fn start(key_files: &[String], commands: &mut Vec<CommandRecord>) -> Result<Self> {
        let folder = tempfile::tempdir().context("a folder for the agent's socket")?;
        let socket = folder.path().join("agent");
        let process = Command::new("ssh-agent")
            .arg("-D")
            .arg("-a")
            .arg(&socket)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("cannot run ssh-agent")?;
        let mut agent = Self { process, socket, _folder: folder };
        agent.wait_until_it_listens().await?;
        for key in keys(key_files)? {
            let mut add = Command::new("ssh-add");
            add.arg(&key).envs(agent.env());
            let line = format!("ssh-add {}", key.display());
            commands.push(run::setup_command(add, "ssh-add", line).await?);
        }
        Ok(agent)
    }

    async fn wait_until_it_listens(&mut self) -> Result<()> {
        let deadline = Instant::now() + AGENT_STARTS;
        while !self.socket.exists() {
            if let Some(status) = self.process.try_wait()? {
                bail!("ssh-agent ended at once: {status}");
            }
            if Instant::now() > deadline {
                bail!("ssh-agent does not open its socket");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// How others find it.
    pub(super) fn env(&self) -> Vec<(String, String)> {
        let mut env = vec![("SSH_AUTH_SOCK".to_owned(), self.socket.display().to_string())];
        env.extend(self.process.id().map(|id| ("SSH_AGENT_PID".to_owned(), id.to_string())));
        env
    }
}

/// All key files. Names with two dots in front are how Kubernetes replaces a Secret's files at once: the same keys again.
fn keys(files: &[String]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = files.iter().rev().map(PathBuf::from).collect();
    while let Some(path) = open.pop() {
        let named = || format!("key file {}", path.display());
        if !std::fs::metadata(&path).with_context(named)?.is_dir() {
            found.push(path);
            continue;
        }
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(&path).with_context(named)? {
            let entry = entry.with_context(named)?;
            if !entry.file_name().to_string_lossy().starts_with("..") {
                inside.push(entry.path());
            }
        }
        inside.sort_by(|a, b| b.cmp(a));
        open.extend(inside);
    }
    Ok(found)
}

/// Trusts these hosts, and none that it does not know: the variable that tells git.
pub(super) fn trust_hosts(fingerprints: &[String]) -> Result<(String, String)> {
    let file = std::env::temp_dir().join("known_hosts");
    append_lines(&file, fingerprints).with_context(|| file.display().to_string())?;
    let ssh = std::env::var("GIT_SSH_COMMAND").unwrap_or_else(|_| "ssh".to_owned());
    Ok(("GIT_SSH_COMMAND".to_owned(), format!("{ssh} -o UserKnownHostsFile={}", file.display())))
}

fn append_lines(file: &Path, lines: &[String]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(file)?;
    for line in lines {
        writeln!(file, "{line}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_a_mounted_secret_are_found_once() {
        let folder = tempfile::tempdir().unwrap();
        let hidden = folder.path().join("..2026_11_24");
        std::fs::create_dir(&hidden).unwrap();
        std::fs::write(hidden.join("id"), "key").unwrap();
        std::os::unix::fs::symlink("..2026_11_24/id", folder.path().join("id")).unwrap();
        let found = keys(&[folder.path().display().to_string()]).unwrap();
        assert_eq!(found, [folder.path().join("id")]);
        assert!(keys(&["/does/not/exist".to_owned()]).is_err());
    }
}
