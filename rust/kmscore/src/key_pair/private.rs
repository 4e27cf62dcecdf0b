//! The private half.

use kmscore_crypto::secret::SecretBytes;
#[cfg(feature = "sm2")]
use kmscore_crypto::sm2;
use kmscore_crypto::{Unspecified, ec, ed25519, ml_dsa, ml_kem, rsa};
use zeroize::Zeroizing;

use super::{
    Message, PublicKey, Scheme, curve, encapsulation_set, oaep_hash, rsa_bits, signature_set,
};
use crate::spec::{EncryptionAlgorithm, KeySpec, MessageType, SigningAlgorithm};

/// A private key of any asymmetric key spec.
#[derive(Debug)]
pub enum PrivateKey {
    /// `RSA_*`
    Rsa(rsa::PrivateKey),
    /// `ECC_NIST_P*` and `ECC_SECG_P256K1`
    Ec(ec::PrivateKey),
    /// `ECC_NIST_EDWARDS25519`
    Ed25519(ed25519::PrivateKey),
    /// `ML_DSA_*`
    MlDsa(ml_dsa::PrivateKey),
    /// `ML_KEM_*`
    MlKem(ml_kem::PrivateKey),
    /// `SM2`
    #[cfg(feature = "sm2")]
    Sm2(sm2::PrivateKey),
}

impl PrivateKey {
    /// A new key pair.
    ///
    /// # Errors
    /// The spec is not one of a key pair, or AWS-LC failed.
    pub fn generate(spec: KeySpec) -> Result<Self, Unspecified> {
        if let Some(bits) = rsa_bits(spec) {
            return rsa::PrivateKey::generate(bits).map(Self::Rsa);
        }
        if let Some(curve) = curve(spec) {
            return ec::PrivateKey::generate(curve).map(Self::Ec);
        }
        if let Some(set) = signature_set(spec) {
            return ml_dsa::PrivateKey::generate(set).map(Self::MlDsa);
        }
        if let Some(set) = encapsulation_set(spec) {
            return ml_kem::PrivateKey::generate(set).map(Self::MlKem);
        }
        match spec {
            KeySpec::EccNistEdwards25519 => ed25519::PrivateKey::generate().map(Self::Ed25519),
            #[cfg(feature = "sm2")]
            KeySpec::Sm2 => sm2::PrivateKey::generate().map(Self::Sm2),
            _ => Err(Unspecified),
        }
    }

    /// Reads the form in which keys of a spec are stored (docs/formats.md "Key material").
    pub fn from_canonical(spec: KeySpec, bytes: &[u8]) -> Result<Self, Unspecified> {
        if let Some(bits) = rsa_bits(spec) {
            let key = rsa::PrivateKey::from_pkcs1(bytes)?;
            return if key.public_key().bits() == bits {
                Ok(Self::Rsa(key))
            } else {
                Err(Unspecified)
            };
        }
        if let Some(curve) = curve(spec) {
            return ec::PrivateKey::from_scalar(curve, bytes).map(Self::Ec);
        }
        if let Some(set) = signature_set(spec) {
            return ml_dsa::PrivateKey::from_seed(set, bytes).map(Self::MlDsa);
        }
        if let Some(set) = encapsulation_set(spec) {
            return ml_kem::PrivateKey::from_seed(set, bytes).map(Self::MlKem);
        }
        match spec {
            KeySpec::EccNistEdwards25519 => {
                ed25519::PrivateKey::from_seed(bytes).map(Self::Ed25519)
            }
            #[cfg(feature = "sm2")]
            KeySpec::Sm2 => sm2::PrivateKey::from_scalar(bytes).map(Self::Sm2),
            _ => Err(Unspecified),
        }
    }

    /// Reads the PrivateKeyInfo (RFC 5208) of a key that may be imported; those of ML-DSA and ML-KEM may not.
    pub fn from_pkcs8(spec: KeySpec, der: &[u8]) -> Result<Self, Unspecified> {
        if let Some(bits) = rsa_bits(spec) {
            let key = rsa::PrivateKey::from_pkcs8(der)?;
            return if key.public_key().bits() == bits {
                Ok(Self::Rsa(key))
            } else {
                Err(Unspecified)
            };
        }
        if let Some(curve) = curve(spec) {
            let key = ec::PrivateKey::from_pkcs8(der)?;
            return if key.public_key().curve() == curve {
                Ok(Self::Ec(key))
            } else {
                Err(Unspecified)
            };
        }
        match spec {
            KeySpec::EccNistEdwards25519 => ed25519::PrivateKey::from_pkcs8(der).map(Self::Ed25519),
            #[cfg(feature = "sm2")]
            KeySpec::Sm2 => sm2::PrivateKey::from_pkcs8(der).map(Self::Sm2),
            _ => Err(Unspecified),
        }
    }

    /// The form in which the key is stored.
    pub fn to_canonical(&self) -> Result<SecretBytes, Unspecified> {
        match self {
            Self::Rsa(key) => key.to_pkcs1(),
            Self::Ec(key) => key.to_scalar(),
            Self::Ed25519(key) => key.to_seed(),
            Self::MlDsa(key) => key.to_seed(),
            Self::MlKem(key) => key.to_seed(),
            #[cfg(feature = "sm2")]
            Self::Sm2(key) => key.to_scalar(),
        }
    }

    /// The PrivateKeyInfo (RFC 5208) that GenerateDataKeyPair answers with.
    pub fn to_pkcs8(&self) -> Result<SecretBytes, Unspecified> {
        match self {
            Self::Rsa(key) => key.to_pkcs8(),
            Self::Ec(key) => key.to_pkcs8(),
            Self::Ed25519(key) => key.to_pkcs8(),
            Self::MlDsa(key) => key.to_pkcs8(),
            Self::MlKem(key) => key.to_pkcs8(),
            #[cfg(feature = "sm2")]
            Self::Sm2(key) => key.to_pkcs8(),
        }
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        match self {
            Self::Rsa(key) => PublicKey::Rsa(key.public_key()),
            Self::Ec(key) => PublicKey::Ec(key.public_key()),
            Self::Ed25519(key) => PublicKey::Ed25519(key.public_key().clone()),
            Self::MlDsa(key) => PublicKey::MlDsa(key.public_key()),
            Self::MlKem(key) => PublicKey::MlKem(key.public_key()),
            #[cfg(feature = "sm2")]
            Self::Sm2(key) => PublicKey::Sm2(key.public_key()),
        }
    }

    /// Signs a message that `Scheme::length` allows.
    pub fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: &Message<'_>,
    ) -> Result<Vec<u8>, Unspecified> {
        match (self, Scheme::of(algorithm)) {
            (Self::Rsa(key), Scheme::Rsa(encoding, hash)) => {
                key.sign(encoding, hash, &message.digest(hash)?)
            }
            (Self::Ec(key), Scheme::Ecdsa(hash)) => key.sign(&message.digest(hash)?),
            (Self::Ed25519(key), Scheme::Ed25519) => key.sign(message.bytes).map(Vec::from),
            (Self::Ed25519(key), Scheme::Ed25519Prehash) => {
                key.sign_prehash(&message.prehash()?).map(Vec::from)
            }
            (Self::MlDsa(key), Scheme::MlDsa) => match message.kind {
                MessageType::ExternalMu => {
                    key.sign_mu(message.bytes.try_into().map_err(|_| Unspecified)?)
                }
                _ => key.sign(message.bytes),
            },
            #[cfg(feature = "sm2")]
            (Self::Sm2(key), Scheme::Sm2) => {
                key.sign_digest(&message.sm2_digest(&key.public_key())?)
            }
            _ => Err(Unspecified),
        }
    }

    /// Decrypts what `PublicKey::encrypt` made.
    pub fn decrypt(
        &self,
        algorithm: EncryptionAlgorithm,
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        match (self, oaep_hash(algorithm)) {
            (Self::Rsa(key), Some(hash)) => key.decrypt_oaep(hash, ciphertext),
            #[cfg(feature = "sm2")]
            (Self::Sm2(key), None) if algorithm == EncryptionAlgorithm::Sm2Pke => {
                key.decrypt(ciphertext)
            }
            _ => Err(Unspecified),
        }
    }

    /// The raw ECDH secret with the holder of `peer`, a key of the same spec.
    pub fn agree(&self, peer: &PublicKey) -> Result<SecretBytes, Unspecified> {
        match (self, peer) {
            (Self::Ec(key), PublicKey::Ec(peer)) => key.agree(peer),
            #[cfg(feature = "sm2")]
            (Self::Sm2(key), PublicKey::Sm2(peer)) => key.agree(peer),
            _ => Err(Unspecified),
        }
    }

    /// The shared secret in a ciphertext of the right length.
    pub fn decapsulate(&self, ciphertext: &[u8]) -> Result<SecretBytes, Unspecified> {
        match self {
            Self::MlKem(key) => key.decapsulate(ciphertext),
            _ => Err(Unspecified),
        }
    }
}
