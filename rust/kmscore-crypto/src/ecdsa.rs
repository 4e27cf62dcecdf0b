//! ECDSA over P-384 with SHA-384 (FIPS 186-5), as the AWS Encryption SDK's signing suites use it.

use core::ptr::NonNull;

use aws_lc_sys::{
    BIGNUM, BN_dup, BN_free, BN_new, BN_sub, EC_GROUP_get0_order, EC_group_p384, ECDSA_SIG,
    ECDSA_SIG_free, ECDSA_SIG_from_bytes, ECDSA_SIG_get0_r, ECDSA_SIG_get0_s, ECDSA_SIG_set0,
    ECDSA_SIG_to_bytes, OPENSSL_free,
};

use crate::ec::{self, Curve};
use crate::{Unspecified, succeeded};

/// Bytes of a compressed public key.
pub const PUBLIC_KEY: usize = 49;
/// Bytes that `sign` always gives: the commonest length of an ECDSA-Sig-Value of this curve.
pub const SIGNATURE: usize = 103;
/// Bytes of a SHA-384 digest.
const DIGEST: usize = 48;

/// A key pair that signs one message and is never stored.
#[derive(Debug)]
pub struct SigningKey(ec::PrivateKey);

impl SigningKey {
    /// A fresh key pair.
    pub fn generate() -> Result<Self, Unspecified> {
        ec::PrivateKey::generate_for_one_message(Curve::P384).map(Self)
    }

    /// The public key as a compressed point (SEC 1, 2.3.3).
    pub fn public_key(&self) -> Result<[u8; PUBLIC_KEY], Unspecified> {
        let point = self.0.public_key().to_compressed()?;
        point.try_into().map_err(|_| Unspecified)
    }

    /// Signs a digest; the DER form is always 103 bytes long, so that a message's length is known before it is made.
    ///
    /// # Errors
    /// AWS-LC failed, or the key is that of a parent process.
    pub fn sign(&self, digest: &[u8; DIGEST]) -> Result<[u8; SIGNATURE], Unspecified> {
        loop {
            let signature = self.0.sign(digest)?;
            if let Ok(bytes) = signature.as_slice().try_into() {
                return Ok(bytes);
            }
            // With s, n - s signs as well, and just one of the two has its highest bit set, which costs a byte of DER.
            if let Ok(bytes) = negated(&signature)?.try_into() {
                return Ok(bytes);
            }
        }
    }
}

/// A public key that verifies.
#[derive(Debug)]
pub struct VerifyingKey(ec::PublicKey);

impl VerifyingKey {
    /// Reads a compressed point, which must be on the curve.
    pub fn from_compressed(bytes: &[u8]) -> Result<Self, Unspecified> {
        ec::PublicKey::from_compressed(Curve::P384, bytes).map(Self)
    }

    /// Verifies a signature of any DER length over a digest.
    pub fn verify(&self, digest: &[u8; DIGEST], signature: &[u8]) -> Result<(), Unspecified> {
        self.0.verify(digest, signature)
    }
}

/// The same signature with n - s for s.
fn negated(der: &[u8]) -> Result<Vec<u8>, Unspecified> {
    // SAFETY: the pointer and length are those of one slice.
    let signature = NonNull::new(unsafe { ECDSA_SIG_from_bytes(der.as_ptr(), der.len()) });
    let signature = Signature(signature.ok_or(Unspecified)?);
    // SAFETY: r and s belong to the signature; the new numbers are ours until `set0` takes them over. The group is
    // static.
    unsafe {
        let r = BN_dup(ECDSA_SIG_get0_r(signature.0.as_ptr()));
        let s = BN_new();
        let done = !r.is_null()
            && !s.is_null()
            && BN_sub(
                s,
                EC_GROUP_get0_order(EC_group_p384()),
                ECDSA_SIG_get0_s(signature.0.as_ptr()),
            ) == 1
            && ECDSA_SIG_set0(signature.0.as_ptr(), r, s) == 1;
        if !done {
            for number in [r, s] as [*mut BIGNUM; 2] {
                BN_free(number);
            }
            return Err(Unspecified);
        }
    }
    signature.to_der()
}

/// An owned ECDSA-Sig-Value.
struct Signature(NonNull<ECDSA_SIG>);

impl Signature {
    fn to_der(&self) -> Result<Vec<u8>, Unspecified> {
        let (mut bytes, mut length) = (core::ptr::null_mut(), 0);
        // SAFETY: the signature is whole; AWS-LC allocates `bytes`, which is read within its length and freed once.
        unsafe {
            succeeded(ECDSA_SIG_to_bytes(
                &raw mut bytes,
                &raw mut length,
                self.0.as_ptr(),
            ))?;
            let der = core::slice::from_raw_parts(bytes, length).to_vec();
            OPENSSL_free(bytes.cast());
            Ok(der)
        }
    }
}

impl Drop for Signature {
    fn drop(&mut self) {
        // SAFETY: owned and not used again.
        unsafe { ECDSA_SIG_free(self.0.as_ptr()) };
    }
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
}
