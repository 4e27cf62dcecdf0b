//! The public half: it verifies, encrypts and encapsulates, here and offline.

use core::ops::RangeInclusive;

use kmscore_crypto::secret::SecretBytes;
#[cfg(feature = "sm2")]
use kmscore_crypto::sm2;
use kmscore_crypto::{Unspecified, ec, ed25519, ml_dsa, ml_kem, rsa};

use super::{Message, Scheme, curve, encapsulation_set, oaep_hash, rsa_bits, signature_set};
use crate::spec::{EncryptionAlgorithm, KeySpec, MessageType, SigningAlgorithm};

/// A public key of any asymmetric key spec.
#[derive(Debug)]
pub enum PublicKey {
    /// `RSA_*`
    Rsa(rsa::PublicKey),
    /// `ECC_NIST_P*` and `ECC_SECG_P256K1`
    Ec(ec::PublicKey),
    /// `ECC_NIST_EDWARDS25519`
    Ed25519(ed25519::PublicKey),
    /// `ML_DSA_*`
    MlDsa(ml_dsa::PublicKey),
    /// `ML_KEM_*`
    MlKem(ml_kem::PublicKey),
    /// `SM2`
    #[cfg(feature = "sm2")]
    Sm2(sm2::PublicKey),
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo (RFC 5280) of any spec, in its one DER form.
    ///
    /// # Errors
    /// It is none, is not canonical, or its spec is not one of AWS KMS.
    pub fn from_spki(der: &[u8]) -> Result<Self, Unspecified> {
        let key = rsa::PublicKey::from_spki(der)
            .map(Self::Rsa)
            .or_else(|_| ec::PublicKey::from_spki(der).map(Self::Ec))
            .or_else(|_| ed25519::PublicKey::from_spki(der).map(Self::Ed25519))
            .or_else(|_| ml_dsa::PublicKey::from_spki(der).map(Self::MlDsa))
            .or_else(|_| ml_kem::PublicKey::from_spki(der).map(Self::MlKem));
        #[cfg(feature = "sm2")]
        let key = key.or_else(|_| sm2::PublicKey::from_spki(der).map(Self::Sm2));
        key.and_then(|key| key.spec().map(|_| key).ok_or(Unspecified))
    }

    /// The SubjectPublicKeyInfo (RFC 5280).
    pub fn to_spki(&self) -> Result<Vec<u8>, Unspecified> {
        match self {
            Self::Rsa(key) => key.to_spki(),
            Self::Ec(key) => key.to_spki(),
            Self::Ed25519(key) => Ok(key.to_spki()),
            Self::MlDsa(key) => key.to_spki(),
            Self::MlKem(key) => key.to_spki(),
            #[cfg(feature = "sm2")]
            Self::Sm2(key) => Ok(key.to_spki()),
        }
    }

    /// Its key spec; `None` for RSA of another size.
    #[must_use]
    pub fn spec(&self) -> Option<KeySpec> {
        KeySpec::ALL.iter().copied().find(|&spec| match self {
            Self::Rsa(key) => rsa_bits(spec) == Some(key.bits()),
            Self::Ec(key) => curve(spec) == Some(key.curve()),
            Self::Ed25519(_) => spec == KeySpec::EccNistEdwards25519,
            Self::MlDsa(key) => signature_set(spec) == Some(key.set()),
            Self::MlKem(key) => encapsulation_set(spec) == Some(key.set()),
            #[cfg(feature = "sm2")]
            Self::Sm2(_) => spec == KeySpec::Sm2,
        })
    }

    /// Verifies a signature over a message that `Scheme::length` allows.
    pub fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: &Message<'_>,
        signature: &[u8],
    ) -> Result<(), Unspecified> {
        match (self, Scheme::of(algorithm)) {
            (Self::Rsa(key), Scheme::Rsa(encoding, hash)) => {
                key.verify(encoding, hash, &message.digest(hash)?, signature)
            }
            (Self::Ec(key), Scheme::Ecdsa(hash)) => key.verify(&message.digest(hash)?, signature),
            (Self::Ed25519(key), Scheme::Ed25519) => key.verify(message.bytes, signature),
            (Self::Ed25519(key), Scheme::Ed25519Prehash) => {
                key.verify_prehash(&message.prehash()?, signature)
            }
            (Self::MlDsa(key), Scheme::MlDsa) => match message.kind {
                MessageType::ExternalMu => key.verify_mu(
                    message.bytes.try_into().map_err(|_| Unspecified)?,
                    signature,
                ),
                _ => key.verify(message.bytes, signature),
            },
            #[cfg(feature = "sm2")]
            (Self::Sm2(key), Scheme::Sm2) => {
                key.verify_digest(&message.sm2_digest(key)?, signature)
            }
            _ => Err(Unspecified),
        }
    }

    /// The bytes that a signature of an algorithm may have; `None` when the key does not have it.
    #[must_use]
    pub fn signature_lengths(&self, algorithm: SigningAlgorithm) -> Option<RangeInclusive<usize>> {
        let length = match (self, Scheme::of(algorithm)) {
            (Self::Ec(key), Scheme::Ecdsa(_)) => return Some(der_lengths(key.curve().bits())),
            #[cfg(feature = "sm2")]
            (Self::Sm2(_), Scheme::Sm2) => return Some(der_lengths(SM2_BITS)),
            (Self::Rsa(key), Scheme::Rsa(..)) => key.bits().div_ceil(8),
            (Self::Ed25519(_), Scheme::Ed25519 | Scheme::Ed25519Prehash) => ed25519::SIGNATURE,
            (Self::MlDsa(key), Scheme::MlDsa) => key.set().signature_length(),
            _ => return None,
        };
        Some(length..=length)
    }

    /// The longest plaintext of an algorithm; `None` when the key does not have it.
    #[must_use]
    pub fn longest_plaintext(&self, algorithm: EncryptionAlgorithm) -> Option<usize> {
        match (self, oaep_hash(algorithm)) {
            (Self::Rsa(key), Some(hash)) => Some(key.longest_oaep(hash)),
            #[cfg(feature = "sm2")]
            (Self::Sm2(_), None) if algorithm == EncryptionAlgorithm::Sm2Pke => Some(1024),
            _ => None,
        }
    }

    /// Encrypts a plaintext that is not longer than that.
    pub fn encrypt(
        &self,
        algorithm: EncryptionAlgorithm,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, Unspecified> {
        match (self, oaep_hash(algorithm)) {
            (Self::Rsa(key), Some(hash)) => key.encrypt_oaep(hash, plaintext),
            #[cfg(feature = "sm2")]
            (Self::Sm2(key), None) if algorithm == EncryptionAlgorithm::Sm2Pke => {
                key.encrypt(plaintext)
            }
            _ => Err(Unspecified),
        }
    }

    /// A fresh shared secret and the ciphertext that carries it.
    pub fn encapsulate(&self) -> Result<(SecretBytes, Vec<u8>), Unspecified> {
        match self {
            Self::MlKem(key) => key.encapsulate(),
            _ => Err(Unspecified),
        }
    }
}

/// Bits of the order of SM2's curve (GB/T 32918.5).
#[cfg(feature = "sm2")]
const SM2_BITS: usize = 256;

/// The bytes that a SEQUENCE of two INTEGERs of at most `bits` bits may have in DER (RFC 3279 2.2.3): each has a header of
/// 2 bytes and room for a sign bit; the header of their SEQUENCE has 2, and 3 from a length of 128 on.
const fn der_lengths(bits: usize) -> RangeInclusive<usize> {
    let longest = 2 * (2 + bits / 8 + 1);
    let header = if longest < 128 { 2 } else { 3 };
    2 + 2 * (2 + 1)..=header + longest
}
