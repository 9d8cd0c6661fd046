//! Whether a pull request is approved.
