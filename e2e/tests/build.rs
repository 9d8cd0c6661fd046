//! Exports the symbols of the test binaries, so that `getrandom` of `tests/it/seed.rs` is found by name at run time too.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-tests=-rdynamic");
}
