//! AES key unwrap with padding (RFC 5649, NIST SP 800-38F KWP).

use aws_lc_sys::{AES_KEY, AES_set_decrypt_key, AES_unwrap_key_padded};
use kmscore_sys::fork::HoldOff;

use crate::cleanse::Cleansed;
use crate::pkey::wiped;
use crate::secret::SecretBytes;
use crate::{Unspecified, zeroize_slice};

/// Bytes of an AES-256 key.
pub const KEY: usize = 32;
const BLOCK: usize = 8;

/// Unwraps what was wrapped under a key of AES-256.
///
/// # Errors
/// The key has another length, or this was not wrapped under it; which is not said.
pub fn unwrap_padded(key: &[u8], wrapped: &[u8]) -> Result<SecretBytes, Unspecified> {
    if key.len() != KEY || wrapped.len() < 2 * BLOCK {
        return Err(Unspecified);
    }
    let _hold = HoldOff::begin();
    let mut schedule = Cleansed(AES_KEY {
        rd_key: [0; 60],
        rounds: 0,
    });
    // SAFETY: the key has 256 bits, the schedule is ours; 0 is success.
    if unsafe { AES_set_decrypt_key(key.as_ptr(), 256, &raw mut *schedule) } != 0 {
        return Err(Unspecified);
    }
    let mut length = 0;
    let mut padded = SecretBytes::with(wrapped.len() - BLOCK, |out| {
        // SAFETY: the schedule is made; `out` has room for all blocks but the first, which is said; the last pointer
        // comes with its length.
        let status = unsafe {
            AES_unwrap_key_padded(
                &raw const *schedule,
                out.as_mut_ptr(),
                &raw mut length,
                out.len(),
                wrapped.as_ptr(),
                wrapped.len(),
            )
        };
        wiped(status).inspect_err(|_| zeroize_slice(out))
    })?;
    if length != padded.len() {
        padded = SecretBytes::copy_of(padded.expose()?.get(..length).ok_or(Unspecified)?)?;
    }
    Ok(padded)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    /// Wrapping is for tests alone; those in Python hold the unwrapping to pyca/cryptography.
    fn wrapped(key: &[u8; KEY], plaintext: &[u8]) -> Vec<u8> {
        let mut schedule = Cleansed(AES_KEY {
            rd_key: [0; 60],
            rounds: 0,
        });
        let mut out = vec![0; plaintext.len() + 2 * BLOCK];
        let mut length = 0;
        // SAFETY: as above, with room for two blocks more than the plaintext.
        unsafe {
            assert_eq!(
                aws_lc_sys::AES_set_encrypt_key(key.as_ptr(), 256, &raw mut *schedule),
                0
            );
            let status = aws_lc_sys::AES_wrap_key_padded(
                &raw const *schedule,
                out.as_mut_ptr(),
                &raw mut length,
                out.len(),
                plaintext.as_ptr(),
                plaintext.len(),
            );
            assert_eq!(status, 1);
        }
        out.truncate(length);
        out
    }

    #[test]
    fn what_was_wrapped_is_unwrapped_whatever_its_length() {
        for length in [1, 7, 8, 9, 16, 31, 32, 1217, 2349] {
            let plaintext = vec![0xA5; length];
            let opened = unwrap_padded(&[7; KEY], &wrapped(&[7; KEY], &plaintext)).unwrap();
            assert_eq!(opened.expose().unwrap(), plaintext);
        }
    }

    #[test]
    fn another_key_every_flipped_byte_and_truncation_are_refused() {
        let whole = wrapped(&[7; KEY], &[0xA5; 30]);
        assert!(unwrap_padded(&[8; KEY], &whole).is_err());
        assert!(unwrap_padded(&[7; 16], &whole).is_err());
        for index in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[index] ^= 1;
            assert!(unwrap_padded(&[7; KEY], &damaged).is_err());
            assert!(unwrap_padded(&[7; KEY], &whole[..index]).is_err());
        }
    }
}
