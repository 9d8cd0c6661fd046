//! Repository mirrors, merges without a work tree, files at a commit.
