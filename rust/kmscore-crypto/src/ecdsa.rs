//! ECDSA over P-384 with SHA-384 (FIPS 186-5), as the AWS Encryption SDK's signing suites use it.

use core::ptr::NonNull;

use aws_lc_sys::{
    BIGNUM, BN_dup, BN_free, BN_new, BN_sub, EC_GROUP, EC_GROUP_get0_order, EC_KEY, EC_KEY_free,
    EC_KEY_generate_key, EC_KEY_get0_public_key, EC_KEY_new_by_curve_name, EC_KEY_set_public_key,
    EC_POINT_free, EC_POINT_new, EC_POINT_oct2point, EC_POINT_point2oct, EC_group_p384, ECDSA_SIG,
    ECDSA_SIG_free, ECDSA_SIG_get0_r, ECDSA_SIG_get0_s, ECDSA_SIG_set0, ECDSA_SIG_to_bytes,
    ECDSA_do_sign, ECDSA_verify, NID_secp384r1, OPENSSL_free, point_conversion_form_t,
};
use kmscore_sys::fork;

use crate::{Unspecified, registers, succeeded};

/// Bytes of a compressed public key.
pub const PUBLIC_KEY: usize = 49;
/// Bytes that `sign` always gives: the commonest length of an ECDSA-Sig-Value of this curve.
pub const SIGNATURE: usize = 103;
/// Bytes of a SHA-384 digest.
const DIGEST: usize = 48;

/// A key pair that signs and is never stored. AWS-LC keeps the private key and wipes it when it is freed.
pub struct SigningKey {
    key: Key,
    generation: u64,
}

impl SigningKey {
    /// A fresh key pair.
    pub fn generate() -> Result<Self, Unspecified> {
        let _hold = fork::HoldOff::begin();
        let key = Key::new()?;
        // SAFETY: the key has its group and is exclusively ours.
        let status = unsafe { EC_KEY_generate_key(key.0.as_ptr()) };
        registers::wipe();
        succeeded(status)?;
        Ok(Self {
            key,
            generation: fork::generation(),
        })
    }

    /// The public key as a compressed point (SEC 1, 2.3.3).
    pub fn public_key(&self) -> Result<[u8; PUBLIC_KEY], Unspecified> {
        let mut out = [0; PUBLIC_KEY];
        // SAFETY: the key is whole; the point belongs to it; `out` has the length said.
        let written = unsafe {
            EC_POINT_point2oct(
                group(),
                EC_KEY_get0_public_key(self.key.0.as_ptr()),
                point_conversion_form_t::POINT_CONVERSION_COMPRESSED,
                out.as_mut_ptr(),
                out.len(),
                core::ptr::null_mut(),
            )
        };
        if written == PUBLIC_KEY {
            Ok(out)
        } else {
            Err(Unspecified)
        }
    }

    /// Signs a digest; the DER form is always 103 bytes long, so that a message's length is known before it is made.
    ///
    /// # Errors
    /// AWS-LC failed, or the key is that of a parent process.
    pub fn sign(&self, digest: &[u8; DIGEST]) -> Result<[u8; SIGNATURE], Unspecified> {
        if self.generation != fork::generation() {
            return Err(Unspecified);
        }
        loop {
            let signature = Signature::new(&self.key, digest)?;
            if let Some(bytes) = signature.of_fixed_length()? {
                return Ok(bytes);
            }
            // With s, n - s signs as well, and just one of the two has its highest bit set, which costs a byte of DER.
            if let Some(bytes) = signature.negated()?.of_fixed_length()? {
                return Ok(bytes);
            }
        }
    }
}

impl core::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SigningKey(<redacted>)")
    }
}

/// A public key that verifies.
#[derive(Debug)]
pub struct VerifyingKey(Key);

impl VerifyingKey {
    /// Reads a compressed point, which must be on the curve.
    pub fn from_compressed(bytes: &[u8]) -> Result<Self, Unspecified> {
        if bytes.len() != PUBLIC_KEY || !matches!(bytes[0], 2 | 3) {
            return Err(Unspecified);
        }
        let key = Key::new()?;
        // SAFETY: a new point of the curve's group, freed below; the pointer and length are those of one slice.
        unsafe {
            let point = EC_POINT_new(group());
            let read = EC_POINT_oct2point(
                group(),
                point,
                bytes.as_ptr(),
                bytes.len(),
                core::ptr::null_mut(),
            );
            let set = read == 1 && EC_KEY_set_public_key(key.0.as_ptr(), point) == 1;
            EC_POINT_free(point);
            if set { Ok(Self(key)) } else { Err(Unspecified) }
        }
    }

    /// Verifies a signature of any DER length over a digest.
    pub fn verify(&self, digest: &[u8; DIGEST], signature: &[u8]) -> Result<(), Unspecified> {
        // SAFETY: the key is whole and only read; the pointers come with the lengths of their slices.
        succeeded(unsafe {
            ECDSA_verify(
                0,
                digest.as_ptr(),
                digest.len(),
                signature.as_ptr(),
                signature.len(),
                self.0.0.as_ptr(),
            )
        })
    }
}

/// An owned EC_KEY of the curve.
#[derive(Debug)]
struct Key(NonNull<EC_KEY>);

// SAFETY: the key is owned, and AWS-LC's EC_KEY may move between threads.
unsafe impl Send for Key {}
// SAFETY: AWS-LC documents that const functions of an EC_KEY may run concurrently; after construction only they do.
unsafe impl Sync for Key {}

impl Key {
    fn new() -> Result<Self, Unspecified> {
        // SAFETY: allocates a key; null is handled.
        NonNull::new(unsafe { EC_KEY_new_by_curve_name(NID_secp384r1) })
            .map(Self)
            .ok_or(Unspecified)
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: owned and not used again; AWS-LC wipes the private part.
        unsafe { EC_KEY_free(self.0.as_ptr()) };
    }
}

struct Signature(NonNull<ECDSA_SIG>);

impl Signature {
    fn new(key: &Key, digest: &[u8; DIGEST]) -> Result<Self, Unspecified> {
        let _hold = fork::HoldOff::begin();
        // SAFETY: the key has a private part; the pointer and length are those of one array.
        let signature = unsafe { ECDSA_do_sign(digest.as_ptr(), digest.len(), key.0.as_ptr()) };
        registers::wipe();
        NonNull::new(signature).map(Self).ok_or(Unspecified)
    }

    /// The same signature with n - s for s.
    fn negated(self) -> Result<Self, Unspecified> {
        // SAFETY: r and s belong to the signature; the new numbers are ours until `set0` takes them over.
        unsafe {
            let r = BN_dup(ECDSA_SIG_get0_r(self.0.as_ptr()));
            let s = BN_new();
            let done = !r.is_null()
                && !s.is_null()
                && BN_sub(
                    s,
                    EC_GROUP_get0_order(group()),
                    ECDSA_SIG_get0_s(self.0.as_ptr()),
                ) == 1
                && ECDSA_SIG_set0(self.0.as_ptr(), r, s) == 1;
            if !done {
                for number in [r, s] as [*mut BIGNUM; 2] {
                    BN_free(number);
                }
                return Err(Unspecified);
            }
        }
        Ok(self)
    }

    fn of_fixed_length(&self) -> Result<Option<[u8; SIGNATURE]>, Unspecified> {
        let (mut bytes, mut length) = (core::ptr::null_mut(), 0);
        // SAFETY: the signature is whole; AWS-LC allocates `bytes`, which is read within its length and freed once.
        unsafe {
            succeeded(ECDSA_SIG_to_bytes(
                &raw mut bytes,
                &raw mut length,
                self.0.as_ptr(),
            ))?;
            let fixed = <[u8; SIGNATURE]>::try_from(core::slice::from_raw_parts(bytes, length));
            OPENSSL_free(bytes.cast());
            Ok(fixed.ok())
        }
    }
}

impl Drop for Signature {
    fn drop(&mut self) {
        // SAFETY: owned and not used again.
        unsafe { ECDSA_SIG_free(self.0.as_ptr()) };
    }
}

fn group() -> *const EC_GROUP {
    // SAFETY: returns a static group.
    unsafe { EC_group_p384() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn signatures_have_one_length_and_verify() {
        let key = SigningKey::generate().unwrap();
        let public = VerifyingKey::from_compressed(&key.public_key().unwrap()).unwrap();
        for number in 0..100 {
            let digest = [number; DIGEST];
            let signature = key.sign(&digest).unwrap();
            public.verify(&digest, &signature).unwrap();
            assert!(public.verify(&[number ^ 1; DIGEST], &signature).is_err());
        }
    }

    #[test]
    fn every_flipped_bit_of_a_signature_is_refused() {
        let key = SigningKey::generate().unwrap();
        let public = VerifyingKey::from_compressed(&key.public_key().unwrap()).unwrap();
        let mut signature = key.sign(&[7; DIGEST]).unwrap();
        for bit in 0..8 * SIGNATURE {
            signature[bit / 8] ^= 1 << (bit % 8);
            assert!(public.verify(&[7; DIGEST], &signature).is_err());
            signature[bit / 8] ^= 1 << (bit % 8);
        }
        for length in 0..SIGNATURE {
            assert!(public.verify(&[7; DIGEST], &signature[..length]).is_err());
        }
    }

    #[test]
    fn a_point_that_is_not_compressed_or_not_on_the_curve_is_refused() {
        let key = SigningKey::generate().unwrap();
        let point = key.public_key().unwrap();
        for prefix in [0, 1, 4, 6, 7, 255] {
            let mut changed = point;
            changed[0] = prefix;
            assert!(VerifyingKey::from_compressed(&changed).is_err());
        }
        assert!(VerifyingKey::from_compressed(&point[..48]).is_err());
        assert!(VerifyingKey::from_compressed(&[]).is_err());
        let off_the_curve = (0..=255).find(|last| {
            let mut changed = point;
            changed[48] = *last;
            VerifyingKey::from_compressed(&changed).is_err()
        });
        assert!(off_the_curve.is_some());
    }
}
