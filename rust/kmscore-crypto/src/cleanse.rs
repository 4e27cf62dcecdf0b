//! Wiping that the compiler cannot remove, at the speed of memset.

use core::ops::{Deref, DerefMut};

/// Overwrites bytes with zeros.
pub fn zeroize_slice(bytes: &mut [u8]) {
    // SAFETY: the pointer and length are those of one exclusive slice.
    unsafe { aws_lc_sys::OPENSSL_cleanse(bytes.as_mut_ptr().cast(), bytes.len()) };
}

/// A plain C structure or array that is wiped when it goes out of scope.
pub(crate) struct Cleansed<T: Copy>(pub(crate) T);

impl<T: Copy> Deref for Cleansed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Copy> DerefMut for Cleansed<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Copy> Drop for Cleansed<T> {
    fn drop(&mut self) {
        // SAFETY: the value is owned, has no drop of its own (`Copy`), and is not read again.
        unsafe {
            aws_lc_sys::OPENSSL_cleanse(core::ptr::from_mut(&mut self.0).cast(), size_of::<T>())
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_overwritten_with_zeros() {
        let mut bytes = [0xEE; 1000];
        zeroize_slice(&mut bytes);
        assert_eq!(bytes, [0; 1000]);
        zeroize_slice(&mut []);
    }

    #[test]
    fn a_cleansed_value_is_zero_after_its_drop() {
        let mut place = core::mem::ManuallyDrop::new(Cleansed([0xEE_u8; 64]));
        assert_eq!(place[63], 0xEE);
        // SAFETY: dropped once; the array in the memory that stays is valid whatever its bytes are.
        unsafe { core::mem::ManuallyDrop::drop(&mut place) };
        assert_eq!(place.0, [0; 64]);
    }
}
