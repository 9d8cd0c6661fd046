//! Object storage in Prow's layout: writing what a run leaves behind, and reading it back.
//!
//! Where a run's results lie is decided in `decide::report::storage_path`; what an object is called and how it is
//! stored is decided here by functions ([`form`], [`ObjectName`]) that do no I/O. Everything that comes from a pod
//! passes [`ObjectName`] once, and nothing is written outside the run's own folder. This crate knows nothing of
//! Kubernetes or of GitHub: the small programs inside pods use it, and so do the dashboards.

mod form;
mod media_type;
mod name;
mod open;
mod read;
mod run_folder;
mod source;
mod storage;
mod upload;

pub use decide::report::storage_path::{Alias, NoPlace, Place, Provider, join, place};
pub use form::{Encoding, Form, Rules, form};
pub use media_type::MediaTypes;
pub use name::{BadName, ObjectName};
pub use open::{Credentials, OpenError};
pub use read::{Listing, ReadError, StoredObject};
pub use run_folder::{RunFolder, file, pointers};
pub use source::{Content, Open};
pub use storage::{Mode, NotStored, Object, Put, Storage};
pub use upload::{Failure, Outcome, Upload, upload};
