//! SHA-256 states (FIPS 180-4), for `hash` and `hmac`.

use aws_lc_sys::{SHA256_CTX, SHA256_Final, SHA256_Init, SHA256_Update};

use crate::cleanse::Cleansed;

pub(crate) const BLOCK: usize = 64;
pub(crate) const DIGEST: usize = 32;

/// A state that is wiped after use. Keep it where it is: a move would leave a copy behind.
pub(crate) type State = Cleansed<SHA256_CTX>;

/// The state before any input.
pub(crate) fn initial() -> State {
    let mut state = Cleansed(SHA256_CTX {
        h: [0; 8],
        Nl: 0,
        Nh: 0,
        data: [0; BLOCK],
        num: 0,
        md_len: 0,
    });
    // SAFETY: initialises a structure that is valid and exclusively borrowed. It has no failing case.
    unsafe { SHA256_Init(&raw mut state.0) };
    state
}

pub(crate) fn update(state: &mut State, bytes: &[u8]) {
    // SAFETY: the state is initialised and the pointer and length are those of one slice. It has no failing case.
    unsafe { SHA256_Update(&raw mut state.0, bytes.as_ptr().cast(), bytes.len()) };
}

pub(crate) fn finish(state: &mut State, digest: &mut [u8; DIGEST]) {
    // SAFETY: the state is initialised and `digest` holds the 32 bytes written. It fails only for another digest length.
    unsafe { SHA256_Final(digest.as_mut_ptr(), &raw mut state.0) };
}
