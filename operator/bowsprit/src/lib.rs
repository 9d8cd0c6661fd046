//! The binary: the operator and the people's commands.
