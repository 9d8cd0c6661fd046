//! Bowsprit as a library: the operator as one future, which the binary, the sandbox and the stories run alike.

pub mod operator;
