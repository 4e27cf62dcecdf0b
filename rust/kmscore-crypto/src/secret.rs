//! The one type for key bytes.

use kmscore_sys::pages::SecretBuffer;

use crate::cleanse::zeroize_slice;
use crate::{Unspecified, constant_time, random};

/// Secret bytes in locked memory: wiped on drop, useless after a fork, not clonable, not shown.
pub struct SecretBytes(SecretBuffer);

impl SecretBytes {
    /// Fresh random bytes.
    pub fn random(length: usize) -> Result<Self, Unspecified> {
        Self::with(length, random::fill)
    }

    /// Copies the bytes and wipes where they were.
    pub fn from_wiping(source: &mut [u8]) -> Result<Self, Unspecified> {
        let copied = Self::copy_of(source);
        zeroize_slice(source);
        copied
    }

    /// Copies the bytes.
    pub fn copy_of(source: &[u8]) -> Result<Self, Unspecified> {
        Self::with(source.len(), |secret| {
            secret.copy_from_slice(source);
            Ok(())
        })
    }

    /// Lets `write` fill this many bytes in place.
    pub fn with(
        length: usize,
        write: impl FnOnce(&mut [u8]) -> Result<(), Unspecified>,
    ) -> Result<Self, Unspecified> {
        let mut buffer = SecretBuffer::new(length).map_err(|_| Unspecified)?;
        write(buffer.expose_mut()?)?;
        Ok(Self(buffer))
    }

    /// The bytes; an error in a process forked from the one that made them. They are aligned to 64 bytes.
    pub fn expose(&self) -> Result<&[u8], Unspecified> {
        Ok(self.0.expose()?)
    }

    /// How many bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether they are these bytes, in a time that depends on lengths only. False after a fork.
    #[must_use]
    pub fn equals(&self, other: &[u8]) -> bool {
        self.expose()
            .is_ok_and(|secret| constant_time::equal(secret, other))
    }
}

impl core::fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SecretBytes(<redacted; {} bytes>)", self.len())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn from_wiping_leaves_zeros_in_its_source() {
        let mut source = [0xEE; 40];
        let secret = SecretBytes::from_wiping(&mut source).unwrap();
        assert_eq!(source, [0; 40]);
        assert_eq!(secret.expose().unwrap(), [0xEE; 40]);
    }

    #[test]
    fn equals_compares_length_and_bytes() {
        let secret = SecretBytes::from_wiping(&mut [7; 32]).unwrap();
        assert!(secret.equals(&[7; 32]));
        assert!(!secret.equals(&[7; 31]));
        let mut other = [7; 32];
        other[31] ^= 1;
        assert!(!secret.equals(&other));
    }

    #[test]
    fn random_secrets_differ() {
        let one = SecretBytes::random(32).unwrap();
        assert!(!one.equals(SecretBytes::random(32).unwrap().expose().unwrap()));
    }

    #[test]
    fn a_failing_writer_makes_no_secret() {
        assert_eq!(
            SecretBytes::with(32, |_| Err(Unspecified)).err(),
            Some(Unspecified)
        );
        assert!(SecretBytes::with(usize::MAX, |_| Ok(())).is_err());
    }

    #[test]
    fn debug_shows_the_length_and_nothing_else() {
        let secret = SecretBytes::from_wiping(&mut [0xEE; 32]).unwrap();
        assert_eq!(format!("{secret:?}"), "SecretBytes(<redacted; 32 bytes>)");
    }
}
