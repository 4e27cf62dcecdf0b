//! HMAC (FIPS 198-1, RFC 2104) with the hashes of HMAC KMS keys, over whole messages.

use crate::cleanse::Cleansed;
use crate::hash::{Hash, LONGEST_DIGEST};
use crate::secret::SecretBytes;
use crate::{Unspecified, constant_time, registers};

/// An HMAC key of a hash.
#[derive(Debug)]
pub struct MacKey {
    hash: Hash,
    key: SecretBytes,
}

impl MacKey {
    /// Takes a key of any length; that of the hash is usual.
    pub const fn new(hash: Hash, key: SecretBytes) -> Self {
        Self { hash, key }
    }

    /// The tag of a message, as long as the hash.
    pub fn tag(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        Ok(self.computed(message)?[..self.hash.length()].to_vec())
    }

    /// Checks a whole tag in constant time.
    pub fn verify(&self, message: &[u8], tag: &[u8]) -> Result<(), Unspecified> {
        let expected = self.computed(message)?;
        if constant_time::equal(&expected[..self.hash.length()], tag) {
            Ok(())
        } else {
            Err(Unspecified)
        }
    }

    /// The tag in wiped memory: while it is compared it is a secret.
    fn computed(&self, message: &[u8]) -> Result<Cleansed<[u8; LONGEST_DIGEST]>, Unspecified> {
        let key = self.key.expose()?;
        let mut tag = Cleansed([0; LONGEST_DIGEST]);
        let mut length = 0;
        // SAFETY: the pointers come with the lengths of their slices; `tag` has room for the longest digest.
        let done = unsafe {
            aws_lc_sys::HMAC(
                self.hash.md(),
                key.as_ptr().cast(),
                key.len(),
                message.as_ptr(),
                message.len(),
                tag.as_mut_ptr(),
                &raw mut length,
            )
        };
        registers::wipe();
        if done.is_null() || length as usize != self.hash.length() {
            return Err(Unspecified);
        }
        Ok(tag)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn verify_refuses_a_changed_short_or_long_tag_and_another_message() {
        for hash in [Hash::Sha224, Hash::Sha256, Hash::Sha384, Hash::Sha512] {
            let key = MacKey::new(hash, SecretBytes::random(hash.length()).unwrap());
            let tag = key.tag(b"message").unwrap();
            assert_eq!(tag.len(), hash.length());
            key.verify(b"message", &tag).unwrap();
            assert!(key.verify(b"massage", &tag).is_err());
            assert!(key.verify(b"message", &tag[1..]).is_err());
            assert!(key.verify(b"message", &[]).is_err());
            let longer = [tag.as_slice(), &[0]].concat();
            assert!(key.verify(b"message", &longer).is_err());
            for bit in 0..8 * tag.len() {
                let mut changed = tag.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                assert!(key.verify(b"message", &changed).is_err());
            }
        }
    }
}
