//! The binary: one file that is every program, by its own name or by its first argument.

use std::process::ExitCode;

fn main() -> ExitCode {
    podutils::main(&std::env::args_os().collect::<Vec<_>>())
}
