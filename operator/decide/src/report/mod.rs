//! Reports: the texts of statuses and comments, and where results are stored.

pub mod comment;
pub mod job_url;
pub mod status;
pub mod storage_path;
mod view;

pub use view::run_data;
