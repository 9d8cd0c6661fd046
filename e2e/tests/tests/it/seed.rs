//! Randomness from a seed. The standard library's hash maps, tokio's `select!` and others draw from the C function
//! `getrandom`; a test binary that defines it decides what they get, and so which of several good orders happens. No
//! dependency has to be patched for it.
#![expect(
    unsafe_code,
    reason = "a C function can only be defined, and its buffer written to, by unsafe code"
)]

use std::{cell::Cell, io::Read};

thread_local! {
    static SEED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// What this thread draws from now on follows from the seed: the same at each draw, so that it does not matter who drew
/// before. (Some draw once a process, some once a thread.) Other threads draw from the operating system.
pub fn sow(seed: u64) {
    SEED.set(Some(seed));
}

/// SplitMix64.
const fn mix(state: u64) -> u64 {
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// In the place of the C library's.
///
/// # Safety
/// As there: `buffer` has room for `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getrandom(buffer: *mut u8, length: usize, _flags: u32) -> isize {
    // SAFETY: the caller gives room for `length` bytes, and nobody else has the buffer meanwhile.
    let buffer = unsafe {
        buffer.write_bytes(0, length);
        std::slice::from_raw_parts_mut(buffer, length)
    };
    let Some(mut state) = SEED.get() else {
        let read = std::fs::File::open("/dev/urandom").and_then(|mut random| random.read_exact(buffer));
        return read.map_or(-1, |()| length.cast_signed());
    };
    for chunk in buffer.chunks_mut(8) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        chunk.copy_from_slice(&mix(state).to_le_bytes()[..chunk.len()]);
    }
    length.cast_signed()
}
