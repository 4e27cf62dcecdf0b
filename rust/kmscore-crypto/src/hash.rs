//! The SHA-2 hashes and SHA-1 (FIPS 180-4).

use core::ffi::c_int;
use core::ops::Deref;

use aws_lc_sys::{
    EVP_Digest, EVP_MD, EVP_sha1, EVP_sha224, EVP_sha256, EVP_sha384, EVP_sha512, NID_sha1,
    NID_sha224, NID_sha256, NID_sha384, NID_sha512, SHA384_Final, SHA384_Init, SHA384_Update,
    SHA512_CTX,
};

use crate::{Unspecified, sha256, succeeded};

/// Bytes of the longest digest.
pub(crate) const LONGEST_DIGEST: usize = 64;

/// A hash function, where the algorithm is chosen by its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-1, for OAEP only.
    Sha1,
    /// SHA-224
    Sha224,
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

impl Hash {
    /// Bytes of a digest.
    #[must_use]
    pub const fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The digest of a message.
    pub fn digest(self, message: &[u8]) -> Result<Digest, Unspecified> {
        let mut bytes = [0; LONGEST_DIGEST];
        // SAFETY: the message's pointer comes with its length; `bytes` has room for the longest digest, and its written
        // length is known without being told.
        succeeded(unsafe {
            EVP_Digest(
                message.as_ptr().cast(),
                message.len(),
                bytes.as_mut_ptr(),
                core::ptr::null_mut(),
                self.md(),
                core::ptr::null_mut(),
            )
        })?;
        Ok(Digest {
            bytes,
            length: self.length(),
        })
    }

    /// Refuses what is not as long as a digest.
    pub(crate) const fn check(self, digest: &[u8]) -> Result<(), Unspecified> {
        if digest.len() == self.length() {
            Ok(())
        } else {
            Err(Unspecified)
        }
    }

    pub(crate) fn md(self) -> *const EVP_MD {
        // SAFETY: they return static tables.
        unsafe {
            match self {
                Self::Sha1 => EVP_sha1(),
                Self::Sha224 => EVP_sha224(),
                Self::Sha256 => EVP_sha256(),
                Self::Sha384 => EVP_sha384(),
                Self::Sha512 => EVP_sha512(),
            }
        }
    }

    pub(crate) const fn nid(self) -> c_int {
        match self {
            Self::Sha1 => NID_sha1,
            Self::Sha224 => NID_sha224,
            Self::Sha256 => NID_sha256,
            Self::Sha384 => NID_sha384,
            Self::Sha512 => NID_sha512,
        }
    }
}

/// A digest of any of the hashes.
#[derive(Debug, Clone, Copy)]
pub struct Digest {
    bytes: [u8; LONGEST_DIGEST],
    length: usize,
}

impl Deref for Digest {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// The SHA-256 digest of the parts, one after another.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut state = sha256::initial();
    for part in parts {
        sha256::update(&mut state, part);
    }
    let mut digest = [0; 32];
    sha256::finish(&mut state, &mut digest);
    digest
}

/// SHA-384 of public bytes that come piece by piece.
#[derive(Debug, Clone)]
pub struct Sha384(SHA512_CTX);

impl Default for Sha384 {
    fn default() -> Self {
        let mut state = SHA512_CTX {
            h: [0; 8],
            Nl: 0,
            Nh: 0,
            p: [0; 128],
            num: 0,
            md_len: 0,
        };
        // SAFETY: initialises a structure that is valid and exclusively borrowed. It has no failing case.
        unsafe { SHA384_Init(&raw mut state) };
        Self(state)
    }
}

impl Sha384 {
    /// Takes the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        // SAFETY: the state is initialised and the pointer and length are those of one slice. It has no failing case.
        unsafe { SHA384_Update(&raw mut self.0, bytes.as_ptr().cast(), bytes.len()) };
    }

    /// The digest of all pieces.
    #[must_use]
    pub fn finish(mut self) -> [u8; 48] {
        let mut digest = [0; 48];
        // SAFETY: the state is initialised and `digest` holds the 48 bytes written.
        unsafe { SHA384_Final(digest.as_mut_ptr(), &raw mut self.0) };
        digest
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_hash_that_is_chosen_is_the_one_by_its_name() {
        for message in [b"".as_slice(), b"abc", &[7; 1000]] {
            let mut pieces = Sha384::default();
            pieces.update(message);
            assert_eq!(*Hash::Sha384.digest(message).unwrap(), pieces.finish());
            assert_eq!(*Hash::Sha256.digest(message).unwrap(), sha256(&[message]));
            for hash in [Hash::Sha1, Hash::Sha224, Hash::Sha512] {
                assert_eq!(hash.digest(message).unwrap().len(), hash.length());
            }
        }
    }

    #[test]
    fn sha_384_gives_the_answers_of_fips_180() {
        let hex = |bytes: [u8; 48]| {
            bytes
                .iter()
                .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
        };
        assert_eq!(
            hex(Sha384::default().finish()),
            "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b"
        );
        let mut pieces = Sha384::default();
        pieces.update(b"a");
        pieces.update(b"bc");
        assert_eq!(
            hex(pieces.finish()),
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"
        );
    }
}
