//! OWNERS files: who may approve what, and whether a change is approved.
//!
//! [`Owners`] is built once from the files of a base branch and asked often. [`approval`] recomputes from all texts of a
//! pull request, each time, whether it is approved: nothing is stored, so an edited or deleted comment simply counts no
//! longer. [`notification`] words what came out. Files that cannot be read become problems and never stop the others.

mod aliases;
pub mod approval;
mod denylist;
mod file;
pub mod notification;
pub mod reviewers;
mod suggest;
mod tree;
pub mod verify;

pub use aliases::Aliases;
pub use denylist::Denylist;
pub use file::{Entries, Options, OwnersFile, Rule};
pub use tree::{Owners, Role};

/// Where ownership is written down, for one repository.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Name of the ownership file in every folder.
    pub file: String,
    /// Path of the aliases file.
    pub aliases_file: String,
    /// Whether a Markdown file may carry owners of itself in a YAML header.
    pub markdown_headers: bool,
    /// Folders in which no file is read.
    pub denied: Denylist,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            file: "OWNERS".to_owned(),
            aliases_file: "OWNERS_ALIASES".to_owned(),
            markdown_headers: false,
            denied: Denylist::built_in(),
        }
    }
}

impl Layout {
    /// Whether the content of this path matters for ownership: what to read from a commit, and what to re-read after one.
    pub fn reads(&self, path: &str) -> bool {
        path == self.aliases_file || self.is_ownership(path) || self.is_headed(path)
    }

    /// Whether this is a folder's ownership file. One that is called `OWNERS.md` is none where Markdown headers count.
    pub fn is_ownership(&self, path: &str) -> bool {
        base_name(path) == self.file && !self.is_headed(path)
    }

    /// Whether this may be a Markdown file with a header.
    fn is_headed(&self, path: &str) -> bool {
        self.markdown_headers && path.rsplit_once('.').is_some_and(|(_, extension)| extension == "md")
    }
}

/// The folder of a path; the root is empty.
pub(crate) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn base_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}
