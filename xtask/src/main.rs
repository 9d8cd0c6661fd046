//! generate, check, test, bench: what CI and people run.

fn main() {}
