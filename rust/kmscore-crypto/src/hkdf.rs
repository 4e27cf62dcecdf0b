//! HKDF-SHA-512 (RFC 5869), for keys of at most one block of output.

use core::mem::MaybeUninit;
use core::ptr::null;

use aws_lc_sys::{
    EVP_sha512, HMAC_CTX, HMAC_CTX_cleanse, HMAC_CTX_init, HMAC_Final, HMAC_Init_ex, HMAC_Update,
};

use crate::cleanse::Cleansed;
use crate::{Unspecified, registers, succeeded};

const BLOCK: usize = 64;

/// What extraction gave, ready to be expanded more than once: AWS-LC keeps the states after the padded key.
pub struct HkdfSha512(Hmac);

impl HkdfSha512 {
    /// Extracts from a secret, and lets `expand` use the result.
    ///
    /// The state stays where it is made: a move would leave a copy behind.
    pub fn with<T>(
        salt: &[u8],
        secret: &[u8],
        expand: impl FnOnce(&mut Self) -> Result<T, Unspecified>,
    ) -> Result<T, Unspecified> {
        let mut state = Self(Hmac::new());
        let mut extracted = Cleansed([0; BLOCK]);
        state.0.begin(salt)?;
        state.0.update(secret)?;
        state.0.finish(&mut extracted)?;
        state.0.begin(&*extracted)?;
        let expanded = expand(&mut state);
        registers::wipe();
        expanded
    }

    /// Fills `out` with the first bytes of the output for `info`.
    ///
    /// # Errors
    /// More than 64 bytes are wanted.
    pub fn expand(&mut self, info: &[&[u8]], out: &mut [u8]) -> Result<(), Unspecified> {
        let mut block = Cleansed([0; BLOCK]);
        let wanted = block.get(..out.len()).ok_or(Unspecified)?.len();
        self.0.begin_again()?;
        for part in info {
            self.0.update(part)?;
        }
        self.0.update(&[1])?;
        self.0.finish(&mut block)?;
        out.copy_from_slice(&block[..wanted]);
        Ok(())
    }
}

/// AWS-LC's HMAC state, wiped on drop.
struct Hmac(MaybeUninit<HMAC_CTX>);

impl Hmac {
    fn new() -> Self {
        let mut context = MaybeUninit::uninit();
        // SAFETY: initialises the whole structure, which holds no secret yet and no pointer into itself.
        unsafe { HMAC_CTX_init(context.as_mut_ptr()) };
        Self(context)
    }

    /// Starts under a new key.
    fn begin(&mut self, key: &[u8]) -> Result<(), Unspecified> {
        // SAFETY: the state is initialised, the pointer and length are those of one slice, the digest is static.
        let status = unsafe {
            HMAC_Init_ex(
                self.0.as_mut_ptr(),
                key.as_ptr().cast(),
                key.len(),
                EVP_sha512(),
                core::ptr::null_mut(),
            )
        };
        succeeded(status)
    }

    /// Starts under the same key, whose states are kept.
    fn begin_again(&mut self) -> Result<(), Unspecified> {
        // SAFETY: the state is initialised; a null key keeps the one it has, a null digest as well.
        let status = unsafe {
            HMAC_Init_ex(
                self.0.as_mut_ptr(),
                null(),
                0,
                null(),
                core::ptr::null_mut(),
            )
        };
        succeeded(status)
    }

    fn update(&mut self, bytes: &[u8]) -> Result<(), Unspecified> {
        // SAFETY: the state is initialised and the pointer and length are those of one slice.
        succeeded(unsafe { HMAC_Update(self.0.as_mut_ptr(), bytes.as_ptr(), bytes.len()) })
    }

    fn finish(&mut self, tag: &mut [u8; BLOCK]) -> Result<(), Unspecified> {
        let mut length = 0;
        // SAFETY: the state is initialised and SHA-512 writes the 64 bytes there are.
        let status = unsafe { HMAC_Final(self.0.as_mut_ptr(), tag.as_mut_ptr(), &raw mut length) };
        if length as usize == BLOCK {
            succeeded(status)
        } else {
            Err(Unspecified)
        }
    }
}

impl Drop for Hmac {
    fn drop(&mut self) {
        // SAFETY: the state is initialised and not used again.
        unsafe { HMAC_CTX_cleanse(self.0.as_mut_ptr()) };
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn derived(salt: &[u8], secret: &[u8], info: &[u8], length: usize) -> Vec<u8> {
        let mut out = vec![0; length];
        HkdfSha512::with(salt, secret, |state| state.expand(&[info], &mut out)).unwrap();
        out
    }

    #[test]
    fn output_is_that_of_aws_lc() {
        for (salt, secret, info) in [
            (vec![], vec![7], vec![]),
            (vec![1; 32], vec![2; 32], b"DERIVEKEY".to_vec()),
            (vec![3; 200], vec![4; 100], vec![5; 80]),
        ] {
            let mut expected = [0; 64];
            // SAFETY: every pointer comes with the length of its slice.
            let status = unsafe {
                aws_lc_sys::HKDF(
                    expected.as_mut_ptr(),
                    64,
                    EVP_sha512(),
                    secret.as_ptr(),
                    secret.len(),
                    salt.as_ptr(),
                    salt.len(),
                    info.as_ptr(),
                    info.len(),
                )
            };
            assert_eq!(status, 1);
            for length in [0, 1, 32, 64] {
                assert_eq!(derived(&salt, &secret, &info, length), expected[..length]);
            }
        }
    }

    #[test]
    fn one_extraction_serves_several_expansions() {
        let (mut one, mut other, mut again) = ([0; 32], [0; 32], [0; 32]);
        HkdfSha512::with(&[1; 32], &[2; 32], |state| {
            state.expand(&[b"one"], &mut one)?;
            state.expand(&[b"oth", b"er"], &mut other)?;
            state.expand(&[b"one"], &mut again)
        })
        .unwrap();
        assert_eq!(one, again);
        assert_ne!(one, other);
        assert_eq!(other.to_vec(), derived(&[1; 32], &[2; 32], b"other", 32));
    }

    #[test]
    fn more_than_a_block_is_refused() {
        let mut out = [0; 65];
        assert!(HkdfSha512::with(&[], &[1], |state| state.expand(&[], &mut out)).is_err());
    }
}
