//! cargo sandbox: the world and the operator, for people to try.

fn main() {}
