//! ML-DSA (FIPS 204), hedged signing, with an empty context.

use core::ffi::c_int;

use aws_lc_sys::{
    EVP_DigestSign, EVP_DigestSignInit, EVP_DigestVerify, EVP_DigestVerifyInit, EVP_MD_CTX,
    EVP_MD_CTX_free, EVP_MD_CTX_new, EVP_PKEY_PQDSA, EVP_PKEY_pqdsa_new_raw_private_key,
    EVP_PKEY_pqdsa_new_raw_public_key, EVP_PKEY_sign, EVP_PKEY_sign_init, EVP_PKEY_verify,
    EVP_PKEY_verify_init, NID_MLDSA44, NID_MLDSA65, NID_MLDSA87,
};

use crate::der;
use crate::pkey::{Pkey, PrivatePkey, wiped};
use crate::secret::SecretBytes;
use crate::{Unspecified, succeeded};

/// Bytes of a seed: the private key.
pub const SEED: usize = 32;
/// Bytes of a message representative μ (FIPS 204 6.2).
pub const MU: usize = 64;

/// A parameter set of FIPS 204 section 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterSet {
    /// ML-DSA-44
    MlDsa44,
    /// ML-DSA-65
    MlDsa65,
    /// ML-DSA-87
    MlDsa87,
}

impl ParameterSet {
    const ALL: [Self; 3] = [Self::MlDsa44, Self::MlDsa65, Self::MlDsa87];

    /// Bytes of a signature.
    #[must_use]
    pub const fn signature_length(self) -> usize {
        match self {
            Self::MlDsa44 => 2420,
            Self::MlDsa65 => 3309,
            Self::MlDsa87 => 4627,
        }
    }

    /// Bytes of a public key.
    #[must_use]
    pub const fn public_key_length(self) -> usize {
        match self {
            Self::MlDsa44 => 1312,
            Self::MlDsa65 => 1952,
            Self::MlDsa87 => 2592,
        }
    }

    const fn nid(self) -> c_int {
        match self {
            Self::MlDsa44 => NID_MLDSA44,
            Self::MlDsa65 => NID_MLDSA65,
            Self::MlDsa87 => NID_MLDSA87,
        }
    }

    /// The last two arcs of its object identifier.
    const fn arcs(self) -> [u8; 2] {
        match self {
            Self::MlDsa44 => [3, 17],
            Self::MlDsa65 => [3, 18],
            Self::MlDsa87 => [3, 19],
        }
    }
}

/// A private key.
#[derive(Debug)]
pub struct PrivateKey {
    key: PrivatePkey,
    seed: SecretBytes,
    set: ParameterSet,
}

/// A public key.
#[derive(Debug)]
pub struct PublicKey {
    key: Pkey,
    set: ParameterSet,
}

impl PrivateKey {
    /// A new key pair.
    pub fn generate(set: ParameterSet) -> Result<Self, Unspecified> {
        Self::from_seed(set, SecretBytes::random(SEED)?.expose()?)
    }

    /// The key pair of a seed (FIPS 204, algorithm 6).
    pub fn from_seed(set: ParameterSet, seed: &[u8]) -> Result<Self, Unspecified> {
        if seed.len() != SEED {
            return Err(Unspecified);
        }
        // SAFETY: the pointer and length are those of one slice; of this length it is a seed. The result is ours.
        let make = || unsafe {
            Pkey::from_owned(EVP_PKEY_pqdsa_new_raw_private_key(
                set.nid(),
                seed.as_ptr(),
                seed.len(),
            ))
        };
        Ok(Self {
            key: PrivatePkey::make(make)?,
            seed: SecretBytes::copy_of(seed)?,
            set,
        })
    }

    /// The seed, to be stored.
    pub fn to_seed(&self) -> Result<SecretBytes, Unspecified> {
        SecretBytes::copy_of(self.seed.expose()?)
    }

    /// The PrivateKeyInfo (RFC 9881) that holds the seed.
    pub fn to_pkcs8(&self) -> Result<SecretBytes, Unspecified> {
        der::seed_info(self.set.arcs(), &self.seed)
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey {
            key: self.key.public(),
            set: self.set,
        }
    }

    /// Signs a message.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let key = self.key.key()?;
        let mut context = DigestContext::new()?;
        let mut signature = vec![0; self.set.signature_length()];
        let mut length = signature.len();
        // SAFETY: the context is new; the key is whole; `signature` has the length said, and the message its own.
        wiped(unsafe {
            if EVP_DigestSignInit(
                context.as_ptr(),
                core::ptr::null_mut(),
                core::ptr::null(),
                core::ptr::null_mut(),
                key.as_ptr(),
            ) == 1
            {
                EVP_DigestSign(
                    context.as_ptr(),
                    signature.as_mut_ptr(),
                    &raw mut length,
                    message.as_ptr(),
                    message.len(),
                )
            } else {
                0
            }
        })?;
        signature.truncate(length);
        Ok(signature)
    }

    /// Signs a message by its representative μ.
    pub fn sign_mu(&self, mu: &[u8; MU]) -> Result<Vec<u8>, Unspecified> {
        let key = self.key.key()?;
        let mut context = key.context()?;
        let mut signature = vec![0; self.set.signature_length()];
        let mut length = signature.len();
        // SAFETY: the context is whole; `signature` has the length said; without a hash, 64 bytes are taken as μ.
        wiped(unsafe {
            if EVP_PKEY_sign_init(context.as_ptr()) == 1 {
                EVP_PKEY_sign(
                    context.as_ptr(),
                    signature.as_mut_ptr(),
                    &raw mut length,
                    mu.as_ptr(),
                    mu.len(),
                )
            } else {
                0
            }
        })?;
        signature.truncate(length);
        Ok(signature)
    }
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo (RFC 9881).
    pub fn from_spki(der: &[u8]) -> Result<Self, Unspecified> {
        let key = Pkey::from_spki(EVP_PKEY_PQDSA, der)?;
        let length = key.to_raw_public()?.len();
        let mut sets = ParameterSet::ALL.into_iter();
        let set = sets.find(|set| set.public_key_length() == length);
        Ok(Self {
            key,
            set: set.ok_or(Unspecified)?,
        })
    }

    /// Reads the encoded public key of FIPS 204, algorithm 23.
    pub fn from_raw(set: ParameterSet, bytes: &[u8]) -> Result<Self, Unspecified> {
        if bytes.len() != set.public_key_length() {
            return Err(Unspecified);
        }
        // SAFETY: the pointer and length are those of one slice; the result is ours.
        let key = unsafe {
            Pkey::from_owned(EVP_PKEY_pqdsa_new_raw_public_key(
                set.nid(),
                bytes.as_ptr(),
                bytes.len(),
            ))
        }?;
        Ok(Self { key, set })
    }

    /// The SubjectPublicKeyInfo.
    pub fn to_spki(&self) -> Result<Vec<u8>, Unspecified> {
        self.key.to_spki()
    }

    /// The encoded public key (FIPS 204, algorithm 22).
    pub fn to_raw(&self) -> Result<Vec<u8>, Unspecified> {
        self.key.to_raw_public()
    }

    /// The parameter set.
    #[must_use]
    pub const fn set(&self) -> ParameterSet {
        self.set
    }

    /// Verifies a signature over a message.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Unspecified> {
        let mut context = DigestContext::new()?;
        // SAFETY: the context is new; the key is whole and only read; the pointers come with their lengths.
        succeeded(unsafe {
            if EVP_DigestVerifyInit(
                context.as_ptr(),
                core::ptr::null_mut(),
                core::ptr::null(),
                core::ptr::null_mut(),
                self.key.as_ptr(),
            ) == 1
            {
                EVP_DigestVerify(
                    context.as_ptr(),
                    signature.as_ptr(),
                    signature.len(),
                    message.as_ptr(),
                    message.len(),
                )
            } else {
                0
            }
        })
    }

    /// Verifies a signature over a message by its representative μ.
    pub fn verify_mu(&self, mu: &[u8; MU], signature: &[u8]) -> Result<(), Unspecified> {
        let mut context = self.key.context()?;
        // SAFETY: the context is whole; the pointers come with their lengths; without a hash, 64 bytes are taken as μ.
        succeeded(unsafe {
            if EVP_PKEY_verify_init(context.as_ptr()) == 1 {
                EVP_PKEY_verify(
                    context.as_ptr(),
                    signature.as_ptr(),
                    signature.len(),
                    mu.as_ptr(),
                    mu.len(),
                )
            } else {
                0
            }
        })
    }
}

struct DigestContext(*mut EVP_MD_CTX);

impl DigestContext {
    fn new() -> Result<Self, Unspecified> {
        // SAFETY: allocates a context; null is handled.
        let context = unsafe { EVP_MD_CTX_new() };
        if context.is_null() {
            Err(Unspecified)
        } else {
            Ok(Self(context))
        }
    }

    const fn as_ptr(&mut self) -> *mut EVP_MD_CTX {
        self.0
    }
}

impl Drop for DigestContext {
    fn drop(&mut self) {
        // SAFETY: owned and not used again.
        unsafe { EVP_MD_CTX_free(self.0) };
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_same_after_every_encoding() {
        for set in ParameterSet::ALL {
            let key = PrivateKey::generate(set).unwrap();
            let seed = key.to_seed().unwrap();
            let same = PrivateKey::from_seed(set, seed.expose().unwrap()).unwrap();
            let raw = key.public_key().to_raw().unwrap();
            assert_eq!(raw.len(), set.public_key_length());
            assert_eq!(same.public_key().to_raw().unwrap(), raw);
            let spki = key.public_key().to_spki().unwrap();
            let read = PublicKey::from_spki(&spki).unwrap();
            for public in [read, PublicKey::from_raw(set, &raw).unwrap()] {
                assert_eq!(public.set(), set);
                assert_eq!(public.to_raw().unwrap(), raw);
                assert_eq!(public.to_spki().unwrap(), spki);
            }
            let pkcs8 = key.to_pkcs8().unwrap();
            assert_eq!(pkcs8.len(), 54);
            // AWS-LC reads it as the same key.
            let read = Pkey::from_pkcs8(EVP_PKEY_PQDSA, pkcs8.expose().unwrap()).unwrap();
            assert_eq!(read.to_spki().unwrap(), spki);
        }
    }

    #[test]
    fn signatures_verify_and_changed_ones_do_not() {
        for set in ParameterSet::ALL {
            let key = PrivateKey::generate(set).unwrap();
            let public = key.public_key();
            let mut signature = key.sign(b"message").unwrap();
            assert_eq!(signature.len(), set.signature_length());
            assert_ne!(key.sign(b"message").unwrap(), signature, "they are hedged");
            public.verify(b"message", &signature).unwrap();
            assert!(public.verify(b"massage", &signature).is_err());
            let short = &signature[..signature.len() - 1];
            assert!(public.verify(b"message", short).is_err());
            signature[100] ^= 1;
            assert!(public.verify(b"message", &signature).is_err());
            let by_mu = key.sign_mu(&[7; MU]).unwrap();
            public.verify_mu(&[7; MU], &by_mu).unwrap();
            assert!(public.verify_mu(&[8; MU], &by_mu).is_err());
            assert!(public.verify(&[7; MU], &by_mu).is_err());
        }
    }

    #[test]
    fn what_is_of_another_length_or_family_is_refused() {
        for set in ParameterSet::ALL {
            let public = PrivateKey::generate(set).unwrap().public_key();
            let spki = public.to_spki().unwrap();
            assert!(PublicKey::from_spki(&[spki.as_slice(), &[0]].concat()).is_err());
            assert!(PublicKey::from_spki(&spki[..spki.len() - 1]).is_err());
            let raw = public.to_raw().unwrap();
            assert!(PublicKey::from_raw(set, &raw[1..]).is_err());
            for other in ParameterSet::ALL.into_iter().filter(|other| *other != set) {
                assert!(PublicKey::from_raw(other, &raw).is_err());
            }
            // An expanded private key would be of another length than a seed.
            for length in [0, 31, 33, 2560, 4032, 4896] {
                assert!(PrivateKey::from_seed(set, &vec![7; length]).is_err());
            }
        }
        let other = crate::ed25519::PrivateKey::generate().unwrap();
        assert!(PublicKey::from_spki(&other.public_key().to_spki()).is_err());
    }
}
