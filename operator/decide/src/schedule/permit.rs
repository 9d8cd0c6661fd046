//! Whether a periodic may start at all: the mode of a Repository holds for the clock too.
//!
//! A project that moves from Prow lays out its jobs while Prow still runs them; until somebody says `mode: Active`, no
//! periodic may run twice.

use crate::reason::Reason;
use api::repository::Mode;

/// Why a periodic does not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quiet {
    /// The repository of its first extra ref is not Active.
    RepositoryIsNotActive(Mode),
    /// It has no repository, and no Repository of its namespace is Active.
    NothingIsActive,
}

impl Reason for Quiet {
    fn name(&self) -> &'static str {
        match self {
            Self::RepositoryIsNotActive(_) => "RepositoryIsNotActive",
            Self::NothingIsActive => "NothingIsActive",
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::RepositoryIsNotActive(mode) => {
                format!("Its repository is in mode {mode:?}: only in mode Active are runs started.")
            }
            Self::NothingIsActive => {
                "It names no repository of ours, and no Repository of its namespace is in mode Active: create one, or set its mode.".to_owned()
            }
        }
    }
}

/// Whether a periodic may start. `repository`: the mode of the repository that governs it, the one of its first extra
/// ref, where the namespace governs it or was granted it. `namespace`: the modes of what the namespace governs.
///
/// # Errors
/// Why not.
pub fn may_start(repository: Option<Mode>, namespace: &[Mode]) -> Result<(), Quiet> {
    match repository {
        Some(Mode::Active) => Ok(()),
        Some(mode @ (Mode::Shadow | Mode::Paused)) => Err(Quiet::RepositoryIsNotActive(mode)),
        None if namespace.contains(&Mode::Active) => Ok(()),
        None => Err(Quiet::NothingIsActive),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_periodic_follows_its_repository_and_without_one_its_namespace() {
        assert_eq!(may_start(Some(Mode::Active), &[]), Ok(()));
        let shadow = Quiet::RepositoryIsNotActive(Mode::Shadow);
        assert_eq!(may_start(Some(Mode::Shadow), &[Mode::Active]), Err(shadow));
        assert_eq!(may_start(None, &[Mode::Shadow, Mode::Active]), Ok(()));
        assert_eq!(may_start(None, &[Mode::Shadow, Mode::Paused]), Err(Quiet::NothingIsActive));
        assert_eq!(may_start(None, &[]), Err(Quiet::NothingIsActive));
    }
}
