//! The primitives of kmscore over AWS-LC, one file a family, and its secret type.
//!
//! This is the only crate that calls AWS-LC. Nothing here implements a primitive of its own.

// In a FIPS build every `aws_lc_sys` below is the FIPS module's crate.
#[cfg(feature = "fips")]
extern crate aws_lc_fips_sys as aws_lc_sys;

pub mod aead;
pub mod agreement;
mod cleanse;
pub mod constant_time;
mod der;
pub mod ec;
pub mod ecdsa;
pub mod ed25519;
pub mod hash;
pub mod hkdf;
pub mod hmac;
pub mod kdf;
pub mod key_wrap;
pub mod mac;
pub mod memory;
pub mod ml_dsa;
pub mod ml_kem;
pub mod module;
pub mod out;
pub mod passphrase;
mod pkey;
pub mod random;
mod registers;
pub mod rsa;
pub mod secret;
mod sha256;
#[cfg(feature = "sm2")]
pub mod sm2;

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
