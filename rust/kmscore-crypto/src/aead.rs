//! AES-GCM (SP 800-38D), out of place: the plaintext is read once and the result written where it belongs.

use core::mem::MaybeUninit;
use core::ptr::null_mut;

use aws_lc_sys::{
    EVP_AEAD, EVP_AEAD_CTX, EVP_AEAD_CTX_init, EVP_AEAD_CTX_open_gather, EVP_AEAD_CTX_seal_scatter,
    EVP_aead_aes_128_gcm, EVP_aead_aes_192_gcm, EVP_aead_aes_256_gcm,
};

use crate::cleanse::zeroize_slice;
use crate::out::Out;
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
    seal_exactly(schedule.set_up(key)?, iv, aad, plaintext, out)
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
        Ok(schedule) => open_exactly(schedule, iv, aad, sealed, out),
        Err(error) => {
            zeroize_slice(out);
            Err(error)
        }
    }
}

/// Lets `work` seal and open under a key of 16, 24 or 32 bytes that is set up for this call alone, on the stack.
pub fn with_key<T, E: From<Unspecified>>(
    key: &[u8],
    work: impl FnOnce(CallKey<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let mut schedule = OneUse(MaybeUninit::uninit());
    work(CallKey(schedule.set_up(key)?))
}

/// A key that is set up for one call. The caller makes sure that no IV repeats.
#[derive(Clone, Copy)]
pub struct CallKey<'a>(&'a EVP_AEAD_CTX);

// SAFETY: sealing and opening only read an AES-GCM context, which points at nothing but static tables.
unsafe impl Send for CallKey<'_> {}
// SAFETY: as above.
unsafe impl Sync for CallKey<'_> {}

impl CallKey<'_> {
    /// Seals into the next bytes of `out`: as many as the plaintext has, and the tag.
    pub fn seal(
        self,
        iv: &[u8; 12],
        aad: &[u8],
        plaintext: &[u8],
        out: &mut Out<'_>,
    ) -> Result<(), Unspecified> {
        let sealed = seal_with(self.0, iv, aad, plaintext, out);
        registers::wipe();
        sealed
    }

    /// Opens into the next bytes of `out`. On failure they hold nothing of the plaintext.
    pub fn open(
        self,
        iv: &[u8; 12],
        aad: &[u8],
        sealed: &[u8],
        out: &mut Out<'_>,
    ) -> Result<(), Unspecified> {
        let opened = open_with(self.0, iv, aad, sealed, out);
        registers::wipe();
        opened
    }
}

impl core::fmt::Debug for CallKey<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("CallKey(<redacted>)")
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

    /// The key for one call, which may be on several threads.
    pub fn for_call(&self) -> Result<CallKey<'_>, Unspecified> {
        self.schedule().map(CallKey)
    }

    /// As the function `seal`.
    pub fn seal(
        &self,
        iv: &[u8; 12],
        aad: &[u8],
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<(), Unspecified> {
        let sealed = seal_exactly(self.schedule()?, iv, aad, plaintext, out);
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
            .and_then(|schedule| open_exactly(schedule, iv, aad, sealed, out));
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
    fn set_up(&mut self, key: &[u8]) -> Result<&EVP_AEAD_CTX, Unspecified> {
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

fn set_up(context: *mut EVP_AEAD_CTX, key: &[u8]) -> Result<(), Unspecified> {
    let algorithm = algorithm(key.len())?;
    // SAFETY: the callers pass exclusive memory of the structure's size and alignment; the key's length is its own.
    let status =
        unsafe { EVP_AEAD_CTX_init(context, algorithm, key.as_ptr(), key.len(), TAG, null_mut()) };
    if status == 1 {
        Ok(())
    } else {
        Err(Unspecified)
    }
}

fn algorithm(key: usize) -> Result<*const EVP_AEAD, Unspecified> {
    // SAFETY: each returns a static table.
    unsafe {
        match key {
            16 => Ok(EVP_aead_aes_128_gcm()),
            24 => Ok(EVP_aead_aes_192_gcm()),
            32 => Ok(EVP_aead_aes_256_gcm()),
            _ => Err(Unspecified),
        }
    }
}

fn seal_exactly(
    context: &EVP_AEAD_CTX,
    iv: &[u8; 12],
    aad: &[u8],
    plaintext: &[u8],
    out: &mut [u8],
) -> Result<(), Unspecified> {
    let mut out = Out::new(out);
    seal_with(context, iv, aad, plaintext, &mut out)?;
    out.finish().map(drop)
}

fn open_exactly(
    context: &EVP_AEAD_CTX,
    iv: &[u8; 12],
    aad: &[u8],
    sealed: &[u8],
    out: &mut [u8],
) -> Result<(), Unspecified> {
    let opened = {
        let mut room = Out::new(out);
        open_with(context, iv, aad, sealed, &mut room).and_then(|()| room.finish().map(drop))
    };
    if opened.is_err() {
        zeroize_slice(out);
    }
    opened
}

fn seal_with(
    context: &EVP_AEAD_CTX,
    iv: &[u8; 12],
    aad: &[u8],
    plaintext: &[u8],
    out: &mut Out<'_>,
) -> Result<(), Unspecified> {
    let length = plaintext.len().checked_add(TAG).ok_or(Unspecified)?;
    let seal = |place: *mut u8| {
        let mut tag_length = 0;
        // SAFETY: the context is initialised; every input pointer comes with the length of its slice, and `place` has
        // room for as many bytes as `plaintext` has and the tag after them.
        let status = unsafe {
            EVP_AEAD_CTX_seal_scatter(
                context,
                place,
                place.add(plaintext.len()),
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
        check(status == 1 && tag_length == TAG)
    };
    // SAFETY: a successful call wrote the ciphertext and a tag of the length said.
    unsafe { out.filling(length, seal) }
}

fn open_with(
    context: &EVP_AEAD_CTX,
    iv: &[u8; 12],
    aad: &[u8],
    sealed: &[u8],
    out: &mut Out<'_>,
) -> Result<(), Unspecified> {
    let (ciphertext, tag) = sealed.split_last_chunk::<TAG>().ok_or(Unspecified)?;
    let open = |place: *mut u8| {
        // SAFETY: the context is initialised; every input pointer comes with the length of its slice, and `place` has
        // room for as many bytes as `ciphertext` has.
        let status = unsafe {
            EVP_AEAD_CTX_open_gather(
                context,
                place,
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
            // SAFETY: `place` is exclusively ours and has this many bytes.
            unsafe { aws_lc_sys::OPENSSL_cleanse(place.cast(), ciphertext.len()) };
        }
        check(status == 1)
    };
    // SAFETY: a successful call wrote the whole plaintext.
    unsafe { out.filling(ciphertext.len(), open) }
}

const fn check(held: bool) -> Result<(), Unspecified> {
    if held { Ok(()) } else { Err(Unspecified) }
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
    fn keys_of_three_lengths_seal_and_open_and_others_are_refused() {
        for length in 0..40 {
            let mut sealed = [0; 5 + TAG];
            let done = with_key(&vec![1; length], |key| {
                let mut out = Out::new(&mut sealed);
                key.seal(&IV_ZERO, b"aad", b"plain", &mut out)?;
                out.finish().map(drop)
            });
            assert_eq!(done.is_ok(), [16, 24, 32].contains(&length));
            if done.is_err() {
                continue;
            }
            let mut opened = [0; 5];
            with_key(&vec![1; length], |key| {
                key.open(&IV_ZERO, b"aad", &sealed, &mut Out::new(&mut opened))
            })
            .unwrap();
            assert_eq!(&opened, b"plain");
            sealed[0] ^= 1;
            let failed: Result<(), Unspecified> = with_key(&vec![1; length], |key| {
                key.open(&IV_ZERO, b"aad", &sealed, &mut Out::new(&mut opened))
            });
            assert!(failed.is_err() && opened == [0; 5]);
        }
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(
            format!("{:?}", AeadKey::new(&[1; 32]).unwrap()),
            "AeadKey(<redacted>)"
        );
    }
}
