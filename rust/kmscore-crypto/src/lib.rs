//! The primitives of kmscore over AWS-LC, one file a family, and its secret type.
//!
//! This is the only crate that calls AWS-LC. Nothing here implements a primitive of its own.

pub mod aead;
pub mod agreement;
mod cleanse;
pub mod constant_time;
pub mod ecdsa;
pub mod hash;
pub mod hkdf;
pub mod hmac;
pub mod kdf;
pub mod out;
pub mod passphrase;
pub mod random;
mod registers;
pub mod secret;
mod sha256;

pub use cleanse::zeroize_slice;

/// A cryptographic operation failed. Which check it was is not said: the difference would help an attacker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unspecified;

impl core::fmt::Display for Unspecified {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the cryptographic operation failed")
    }
}

impl core::error::Error for Unspecified {}

/// What most functions of AWS-LC answer: 1, or they failed.
pub(crate) const fn succeeded(status: core::ffi::c_int) -> Result<(), Unspecified> {
    if status == 1 {
        Ok(())
    } else {
        Err(Unspecified)
    }
}

impl From<kmscore_sys::pages::Wiped> for Unspecified {
    fn from(_: kmscore_sys::pages::Wiped) -> Self {
        Self
    }
}
