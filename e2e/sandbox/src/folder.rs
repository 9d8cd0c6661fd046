//! The one folder of a run, and folders that earlier runs left.
//!
//! A run holds a lock on a file in its folder, which the system lets go when the process ends, however it ends. A folder
//! with such a file that nobody holds is stale. A folder that is to be kept has no such file, so no run takes it for stale.

use anyhow::Context as _;
use std::{
    fs::File,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

const PREFIX: &str = "bowsprit-sandbox-";
const LOCK: &str = "lock";

/// The folder of this run; it goes when this is dropped.
pub(crate) struct Folder {
    temporary: TempDir,
    /// Held as long as the folder is in use.
    _lock: Option<File>,
    keep: bool,
}

impl Folder {
    /// Makes a folder that only this account can read.
    pub(crate) fn make(below: &Path, keep: bool) -> anyhow::Result<Self> {
        let mut temporary = tempfile::Builder::new().prefix(PREFIX).tempdir_in(below).with_context(|| {
            format!("no folder can be made in {}; set TMPDIR to another", below.display())
        })?;
        temporary.disable_cleanup(keep);
        let lock = if keep { None } else { Some(locked(&temporary.path().join(LOCK))?) };
        Ok(Self { temporary, _lock: lock, keep })
    }

    pub(crate) fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// Removes it, or says where it was kept.
    pub(crate) fn remove(self) -> anyhow::Result<()> {
        let path = self.path().to_owned();
        if self.keep {
            println!("Kept {}.", path.display());
            return Ok(());
        }
        self.temporary.close().with_context(|| format!("{} could not be removed", path.display()))
    }
}

fn locked(path: &Path) -> anyhow::Result<File> {
    let file = File::create(path).with_context(|| path.display().to_string())?;
    file.try_lock().with_context(|| path.display().to_string())?;
    Ok(file)
}

/// Removes folders whose run has ended without removing them; tells which.
pub(crate) fn clear_stale(below: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(below).into_iter().flatten().flatten();
    let ours = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    ours.map(|entry| entry.path()).filter(|folder| is_stale(folder) && removed(folder)).collect()
}

fn is_stale(folder: &Path) -> bool {
    // One that cannot be opened is another account's, or is to be kept.
    File::open(folder.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok())
}

fn removed(folder: &Path) -> bool {
    std::fs::remove_dir_all(folder)
        .inspect_err(|error| eprintln!("{}, left by an earlier run, stays: {error}", folder.display()))
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_run_left_is_removed_by_the_next() {
        let below = tempfile::tempdir().unwrap();
        let left = below.path().join(format!("{PREFIX}left"));
        std::fs::create_dir(&left).unwrap();
        std::fs::write(left.join(LOCK), "").unwrap();
        assert_eq!(clear_stale(below.path()), [left]);
        assert_eq!(std::fs::read_dir(below.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_folders_of_runs_that_go_on_or_were_kept_stay() {
        let below = tempfile::tempdir().unwrap();
        let running = Folder::make(below.path(), false).unwrap();
        let kept = Folder::make(below.path(), true).unwrap();
        let kept_at = kept.path().to_owned();
        drop(kept);
        assert_eq!(clear_stale(below.path()), Vec::<PathBuf>::new());
        assert!(kept_at.exists());
        let at = running.path().to_owned();
        running.remove().unwrap();
        assert!(!at.exists());
    }
}
