//! The shell: observe, decide, apply, status for each kind.
