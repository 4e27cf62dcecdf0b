//! Comparison whose time depends on lengths only.

use subtle::ConstantTimeEq;

/// Whether two byte strings are the same.
#[must_use]
pub fn equal(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_means_same_length_and_same_bytes() {
        let bytes: Vec<u8> = (0..64).collect();
        assert!(equal(&bytes, &bytes.clone()));
        assert!(equal(&[], &[]));
        assert!(!equal(&bytes, &bytes[..63]));
        for bit in 0..512 {
            let mut other = bytes.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(!equal(&bytes, &other));
        }
    }
}
