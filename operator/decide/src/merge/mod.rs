//! The merge pool: which changes may merge, what to test, what to merge, and why not.
