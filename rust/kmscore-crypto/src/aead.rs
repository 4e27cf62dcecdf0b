//! AES-256-GCM (SP 800-38D), out of place: the plaintext is read once and the result written where it belongs.

use core::mem::MaybeUninit;
use core::ptr::null_mut;

use aws_lc_sys::{
    EVP_AEAD_CTX, EVP_AEAD_CTX_init, EVP_AEAD_CTX_open_gather, EVP_AEAD_CTX_seal_scatter,
    EVP_aead_aes_256_gcm,
};

use crate::cleanse::zeroize_slice;
use crate::secret::SecretBytes;
use crate::{Unspecified, registers};

/// Bytes of a tag.
pub const TAG: usize = 16;
/// The IV of formats that use each key once.
pub const IV_ZERO: [u8; 12] = [0; 12];

/// Seals under a key that is used once. `out` has the length of the plaintext and 16 more for the tag.
pub fn seal(
    key: &[u8; 32],
    iv: &[u8; 12],
    aad: &[u8],
    plaintext: &[u8],
    out: &mut [u8],
) -> Result<(), Unspecified> {
    let mut schedule = OneUse(MaybeUninit::uninit());
    seal_with(schedule.set_up(key)?, iv, aad, plaintext, out)
}

/// Opens what `seal` made. `out` is 16 bytes shorter than `sealed`; on failure it is wiped.
pub fn open(
    key: &[u8; 32],
    iv: &[u8; 12],
    aad: &[u8],
    sealed: &[u8],
    out: &mut [u8],
) -> Result<(), Unspecified> {
    let mut schedule = OneUse(MaybeUninit::uninit());
    match schedule.set_up(key) {
        Ok(schedule) => open_with(schedule, iv, aad, sealed, out),
        Err(error) => {
            zeroize_slice(out);
            Err(error)
        }
    }
}

/// A key set up once, for formats that use one key with many IVs. The caller makes sure that no IV repeats.
pub struct AeadKey {
    schedule: SecretBytes,
}

impl AeadKey {
    /// Sets up the key in locked memory.
    pub fn new(key: &[u8; 32]) -> Result<Self, Unspecified> {
        let schedule = SecretBytes::with(size_of::<EVP_AEAD_CTX>(), |out| {
            set_up(out.as_mut_ptr().cast(), key)
        })?;
        registers::wipe();
        Ok(Self { schedule })
    }

    /// As the function `seal`.
    pub fn seal(
        &self,
        iv: &[u8; 12],
        aad: &[u8],
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<(), Unspecified> {
        let sealed = seal_with(self.schedule()?, iv, aad, plaintext, out);
        registers::wipe();
        sealed
    }

    /// As the function `open`.
    pub fn open(
        &self,
        iv: &[u8; 12],
        aad: &[u8],
        sealed: &[u8],
        out: &mut [u8],
    ) -> Result<(), Unspecified> {
        let opened = self
            .schedule()
            .and_then(|schedule| open_with(schedule, iv, aad, sealed, out));
        registers::wipe();
        if opened.is_err() {
            zeroize_slice(out);
        }
        opened
    }

    fn schedule(&self) -> Result<&EVP_AEAD_CTX, Unspecified> {
        let bytes = self.schedule.expose()?;
        debug_assert_eq!(bytes.as_ptr().align_offset(align_of::<EVP_AEAD_CTX>()), 0);
        // SAFETY: `new` initialised a context in this memory, which is aligned to 64 bytes and has not moved since.
        Ok(unsafe { &*bytes.as_ptr().cast() })
    }
}

impl core::fmt::Debug for AeadKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("AeadKey(<redacted>)")
    }
}

/// A context on the stack, wiped after its one use. It is set up in place: AWS-LC aligns within it by its address.
struct OneUse(MaybeUninit<EVP_AEAD_CTX>);

impl OneUse {
    fn set_up(&mut self, key: &[u8; 32]) -> Result<&EVP_AEAD_CTX, Unspecified> {
        set_up(self.0.as_mut_ptr(), key)?;
        // SAFETY: `set_up` initialised it.
        Ok(unsafe { self.0.assume_init_ref() })
    }
}

impl Drop for OneUse {
    fn drop(&mut self) {
        // An AES-GCM context owns no memory besides itself, so wiping is all there is to free.
        // SAFETY: the structure is exclusively borrowed and not read again.
        unsafe {
            aws_lc_sys::OPENSSL_cleanse(self.0.as_mut_ptr().cast(), size_of::<EVP_AEAD_CTX>())
        };
        registers::wipe();
    }
}

fn set_up(context: *mut EVP_AEAD_CTX, key: &[u8; 32]) -> Result<(), Unspecified> {
    // SAFETY: the callers pass exclusive memory of the structure's size and alignment; the key's length is its own.
    let status = unsafe {
        EVP_AEAD_CTX_init(
            context,
            EVP_aead_aes_256_gcm(),
            key.as_ptr(),
            key.len(),
            TAG,
            null_mut(),
        )
    };
    if status == 1 {
        Ok(())
    } else {
        Err(Unspecified)
    }
}

fn seal_with(
    context: &EVP_AEAD_CTX,
    iv: &[u8; 12],
    aad: &[u8],
    plaintext: &[u8],
    out: &mut [u8],
) -> Result<(), Unspecified> {
    if plaintext.len().checked_add(TAG) != Some(out.len()) {
        return Err(Unspecified);
    }
    let (ciphertext, tag) = out.split_at_mut(plaintext.len());
    let mut tag_length = 0;
    // SAFETY: the context is initialised; every pointer comes with the length of its slice, `ciphertext` has the length
    // of `plaintext`, and `tag` the 16 bytes said.
    let status = unsafe {
        EVP_AEAD_CTX_seal_scatter(
            context,
            ciphertext.as_mut_ptr(),
            tag.as_mut_ptr(),
            &raw mut tag_length,
            TAG,
            iv.as_ptr(),
            iv.len(),
            plaintext.as_ptr(),
            plaintext.len(),
            core::ptr::null(),
            0,
            aad.as_ptr(),
            aad.len(),
        )
    };
    if status == 1 && tag_length == TAG {
        Ok(())
    } else {
        Err(Unspecified)
    }
}

fn open_with(
    context: &EVP_AEAD_CTX,
    iv: &[u8; 12],
    aad: &[u8],
    sealed: &[u8],
    out: &mut [u8],
) -> Result<(), Unspecified> {
    let Some((ciphertext, tag)) = sealed
        .split_last_chunk::<TAG>()
        .filter(|(text, _)| text.len() == out.len())
    else {
        zeroize_slice(out);
        return Err(Unspecified);
    };
    // SAFETY: the context is initialised; every pointer comes with the length of its slice, and `out` has the length of
    // `ciphertext`.
    let status = unsafe {
        EVP_AEAD_CTX_open_gather(
            context,
            out.as_mut_ptr(),
            iv.as_ptr(),
            iv.len(),
            ciphertext.as_ptr(),
            ciphertext.len(),
            tag.as_ptr(),
            tag.len(),
            aad.as_ptr(),
            aad.len(),
        )
    };
    if status != 1 {
        zeroize_slice(out);
        return Err(Unspecified);
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn every_length_round_trips_and_every_flipped_bit_is_refused_and_wiped() {
        for length in [0, 1, 15, 16, 17, 255, 256, 1000] {
            let plaintext = vec![7; length];
            let mut sealed = vec![0; length + TAG];
            seal(&[1; 32], &IV_ZERO, b"aad", &plaintext, &mut sealed).unwrap();
            let mut out = vec![0xEE; length];
            open(&[1; 32], &IV_ZERO, b"aad", &sealed, &mut out).unwrap();
            assert_eq!(out, plaintext);
            for bit in 0..8 * sealed.len() {
                sealed[bit / 8] ^= 1 << (bit % 8);
                out.fill(0xEE);
                assert_eq!(
                    open(&[1; 32], &IV_ZERO, b"aad", &sealed, &mut out),
                    Err(Unspecified)
                );
                assert!(out.iter().all(|byte| *byte == 0));
                sealed[bit / 8] ^= 1 << (bit % 8);
            }
            assert!(open(&[1; 32], &IV_ZERO, b"aaD", &sealed, &mut out).is_err());
        }
    }

    #[test]
    fn an_output_of_a_wrong_length_is_refused() {
        let mut sealed = [0; 48];
        for length in [0, 31, 33] {
            assert_eq!(
                seal(&[1; 32], &IV_ZERO, &[], &vec![7; length], &mut sealed),
                Err(Unspecified)
            );
        }
        seal(&[1; 32], &IV_ZERO, &[], &[7; 32], &mut sealed).unwrap();
        for length in [0, 31, 33] {
            let mut out = vec![0xEE; length];
            assert_eq!(
                open(&[1; 32], &IV_ZERO, &[], &sealed, &mut out),
                Err(Unspecified)
            );
            assert!(out.iter().all(|byte| *byte == 0));
        }
        for length in 0..TAG {
            assert_eq!(
                open(&[1; 32], &IV_ZERO, &[], &sealed[..length], &mut []),
                Err(Unspecified)
            );
        }
    }

    #[test]
    fn one_key_seals_in_many_threads() {
        let key = AeadKey::new(&[1; 32]).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4_u8 {
                let key = &key;
                scope.spawn(move || {
                    let (iv, plaintext) = ([thread; 12], [thread; 4096]);
                    let (mut sealed, mut out) = ([0; 4096 + TAG], [0; 4096]);
                    for _ in 0..500 {
                        key.seal(&iv, &[], &plaintext, &mut sealed).unwrap();
                        key.open(&iv, &[], &sealed, &mut out).unwrap();
                        assert_eq!(out, plaintext);
                    }
                });
            }
        });
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(
            format!("{:?}", AeadKey::new(&[1; 32]).unwrap()),
            "AeadKey(<redacted>)"
        );
    }
}
