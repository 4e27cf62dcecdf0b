//! Ed25519 and Ed25519ph (RFC 8032), without a context.

use aws_lc_sys::{
    ED25519_keypair_from_seed, ED25519_sign, ED25519_verify, ED25519ph_sign_digest,
    ED25519ph_verify_digest,
};

use crate::der;
use crate::pkey::wiped;
use crate::secret::SecretBytes;
use crate::{Unspecified, succeeded};

/// Bytes of a seed: the private key of RFC 8032.
pub const SEED: usize = 32;
/// Bytes of a signature.
pub const SIGNATURE: usize = 64;
/// Bytes of the SHA-512 digest that Ed25519ph signs.
pub const PREHASH: usize = 64;
const POINT: usize = 32;

/// Ed25519 in a PrivateKeyInfo and in a SubjectPublicKeyInfo (RFC 8410), up to the key.
const PKCS8: &[u8] = &[
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
const SPKI: &[u8] = &[
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// A private key.
#[derive(Debug)]
pub struct PrivateKey {
    /// The seed and the public key, as AWS-LC wants them.
    pair: SecretBytes,
    public: PublicKey,
}

/// A public key.
#[derive(Debug, Clone)]
pub struct PublicKey([u8; POINT]);

impl PrivateKey {
    /// A new key pair.
    pub fn generate() -> Result<Self, Unspecified> {
        Self::from_seed(SecretBytes::random(SEED)?.expose()?)
    }

    /// The key pair of a seed.
    pub fn from_seed(seed: &[u8]) -> Result<Self, Unspecified> {
        let seed: &[u8; SEED] = seed.try_into().map_err(|_| Unspecified)?;
        let mut public = [0; POINT];
        let pair = SecretBytes::with(SEED + POINT, |pair| {
            // SAFETY: the pointers are to 32, 64 and 32 bytes, the first two exclusive.
            unsafe {
                ED25519_keypair_from_seed(public.as_mut_ptr(), pair.as_mut_ptr(), seed.as_ptr());
            }
            crate::registers::wipe();
            Ok(())
        })?;
        Ok(Self {
            pair,
            public: PublicKey(public),
        })
    }

    /// The seed, to be stored.
    pub fn to_seed(&self) -> Result<SecretBytes, Unspecified> {
        SecretBytes::copy_of(&self.pair.expose()?[..SEED])
    }

    /// The PrivateKeyInfo (RFC 8410) without the public key.
    pub fn to_pkcs8(&self) -> Result<SecretBytes, Unspecified> {
        der::prefixed_secret(PKCS8, &self.pair.expose()?[..SEED])
    }

    /// The public key.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a message with Ed25519.
    pub fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE], Unspecified> {
        let pair = self.pair.expose()?;
        let mut signature = [0; SIGNATURE];
        // SAFETY: `signature` and `pair` have 64 bytes; the message's pointer comes with its length.
        wiped(unsafe {
            ED25519_sign(
                signature.as_mut_ptr(),
                message.as_ptr(),
                message.len(),
                pair.as_ptr(),
            )
        })?;
        Ok(signature)
    }

    /// Signs the SHA-512 digest of a message with Ed25519ph.
    pub fn sign_prehash(&self, digest: &[u8; PREHASH]) -> Result<[u8; SIGNATURE], Unspecified> {
        let pair = self.pair.expose()?;
        let mut signature = [0; SIGNATURE];
        // SAFETY: `signature`, `digest` and `pair` have 64 bytes each; the context is empty.
        wiped(unsafe {
            ED25519ph_sign_digest(
                signature.as_mut_ptr(),
                digest.as_ptr(),
                pair.as_ptr(),
                core::ptr::null(),
                0,
            )
        })?;
        Ok(signature)
    }
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo (RFC 8410).
    pub fn from_spki(der: &[u8]) -> Result<Self, Unspecified> {
        der.strip_prefix(SPKI)
            .and_then(|point| point.try_into().ok())
            .map(Self)
            .ok_or(Unspecified)
    }

    /// The SubjectPublicKeyInfo.
    #[must_use]
    pub fn to_spki(&self) -> Vec<u8> {
        [SPKI, &self.0].concat()
    }

    /// Verifies an Ed25519 signature.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Unspecified> {
        let signature: &[u8; SIGNATURE] = signature.try_into().map_err(|_| Unspecified)?;
        // SAFETY: the signature has 64 and the key 32 bytes; the message's pointer comes with its length.
        succeeded(unsafe {
            ED25519_verify(
                message.as_ptr(),
                message.len(),
                signature.as_ptr(),
                self.0.as_ptr(),
            )
        })
    }

    /// Verifies an Ed25519ph signature over the SHA-512 digest of a message.
    pub fn verify_prehash(
        &self,
        digest: &[u8; PREHASH],
        signature: &[u8],
    ) -> Result<(), Unspecified> {
        let signature: &[u8; SIGNATURE] = signature.try_into().map_err(|_| Unspecified)?;
        // SAFETY: the digest and the signature have 64 and the key 32 bytes; the context is empty.
        succeeded(unsafe {
            ED25519ph_verify_digest(
                digest.as_ptr(),
                signature.as_ptr(),
                self.0.as_ptr(),
                core::ptr::null(),
                0,
            )
        })
    }
}
