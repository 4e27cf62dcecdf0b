//! HMAC-SHA-256 (FIPS 198-1, RFC 2104).

use aws_lc_sys::SHA256_CTX;

use crate::cleanse::Cleansed;
use crate::secret::SecretBytes;
use crate::sha256::{self, BLOCK, DIGEST};
use crate::{Unspecified, constant_time, hash, registers};

/// An HMAC key as its two states after the padded key, so that a use costs no compressions for the key.
pub struct HmacKey {
    states: SecretBytes,
}

#[repr(C)]
struct States {
    inner: SHA256_CTX,
    outer: SHA256_CTX,
}

impl HmacKey {
    /// Takes a key of any length; 32 bytes are usual.
    pub fn new(key: &[u8]) -> Result<Self, Unspecified> {
        let mut padded = Cleansed([0; BLOCK]);
        if key.len() > BLOCK {
            let shortened = Cleansed(hash::sha256(&[key]));
            padded[..DIGEST].copy_from_slice(&*shortened);
        } else {
            padded[..key.len()].copy_from_slice(key);
        }
        let states = SecretBytes::with(size_of::<States>(), |out| {
            let (inner, outer) = out.split_at_mut(size_of::<SHA256_CTX>());
            save_state(inner, &padded, 0x36);
            save_state(outer, &padded, 0x5C);
            registers::wipe();
            Ok(())
        })?;
        Ok(Self { states })
    }

    /// The tag over the parts, one after another.
    pub fn tag(&self, parts: &[&[u8]]) -> Result<[u8; DIGEST], Unspecified> {
        let mut tag = [0; DIGEST];
        self.tag_into(parts, &mut tag)?;
        Ok(tag)
    }

    /// Checks a tag in constant time.
    pub fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> Result<(), Unspecified> {
        let mut expected = Cleansed([0; DIGEST]);
        self.tag_into(parts, &mut expected)?;
        if constant_time::equal(&*expected, tag) {
            Ok(())
        } else {
            Err(Unspecified)
        }
    }

    /// As `tag`, for callers whose tag is itself a secret.
    pub(crate) fn tag_into(
        &self,
        parts: &[&[u8]],
        tag: &mut [u8; DIGEST],
    ) -> Result<(), Unspecified> {
        let states = self.states()?;
        let mut inner = Cleansed(states.inner);
        for part in parts {
            sha256::update(&mut inner, part);
        }
        sha256::finish(&mut inner, tag);
        let mut outer = Cleansed(states.outer);
        sha256::update(&mut outer, tag);
        sha256::finish(&mut outer, tag);
        registers::wipe();
        Ok(())
    }

    fn states(&self) -> Result<&States, Unspecified> {
        let bytes = self.states.expose()?;
        debug_assert!(
            bytes.len() == size_of::<States>()
                && bytes.as_ptr().align_offset(align_of::<States>()) == 0
        );
        // SAFETY: `new` wrote two whole states, `expose` aligns to 64 bytes, and any bit pattern is a valid state.
        Ok(unsafe { &*bytes.as_ptr().cast::<States>() })
    }
}

impl core::fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("HmacKey(<redacted>)")
    }
}

fn save_state(out: &mut [u8], key: &[u8; BLOCK], pad: u8) {
    let padded = Cleansed(key.map(|byte| byte ^ pad));
    let mut state = sha256::initial();
    sha256::update(&mut state, &*padded);
    assert_eq!(out.len(), size_of::<SHA256_CTX>());
    // SAFETY: the lengths are the same, the regions are apart, and the structure has no padding bytes.
    unsafe {
        core::ptr::copy_nonoverlapping((&raw const state.0).cast(), out.as_mut_ptr(), out.len())
    };
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn parts_are_one_message_however_they_are_cut() {
        let key = HmacKey::new(&[7; 32]).unwrap();
        let message: Vec<u8> = (0..=255).cycle().take(300).collect();
        let whole = key.tag(&[&message]).unwrap();
        for cut in 0..message.len() {
            let (one, other) = message.split_at(cut);
            assert_eq!(key.tag(&[one, &[], other]).unwrap(), whole);
        }
    }

    #[test]
    fn verify_refuses_a_changed_short_or_long_tag() {
        let key = HmacKey::new(&[7; 32]).unwrap();
        let tag = key.tag(&[b"message"]).unwrap();
        assert!(key.verify(&[b"message"], &tag).is_ok());
        assert!(key.verify(&[b"message"], &tag[..31]).is_err());
        assert!(
            key.verify(&[b"message"], &[tag.as_slice(), &[0]].concat())
                .is_err()
        );
        for bit in 0..256 {
            let mut changed = tag;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(key.verify(&[b"message"], &changed).is_err());
        }
    }

    #[test]
    fn a_key_is_used_by_many_threads_at_once() {
        let key = HmacKey::new(&[7; 32]).unwrap();
        let expected = key.tag(&[&[1; 500]]).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    (0..2000).for_each(|_| assert_eq!(key.tag(&[&[1; 500]]).unwrap(), expected))
                });
            }
        });
    }
}
