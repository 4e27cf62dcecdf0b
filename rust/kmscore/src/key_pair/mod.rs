//! Key pairs of every asymmetric key spec over one pair of types.

mod private;
mod public;

pub use private::PrivateKey;
pub use public::PublicKey;

use std::borrow::Cow;

use kmscore_crypto::hash::Hash;
use kmscore_crypto::rsa::Encoding;
use kmscore_crypto::{Unspecified, ec, ml_dsa, ml_kem};

use crate::spec::{EncryptionAlgorithm, KeySpec, MessageType, SigningAlgorithm};

/// A message to be signed or verified, as the caller handed it over.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// What the bytes are.
    pub kind: MessageType,
    /// The bytes.
    pub bytes: &'a [u8],
}

/// Whether the signatures of an algorithm have more than one length, whatever the key.
#[must_use]
pub const fn signatures_vary(algorithm: SigningAlgorithm) -> bool {
    matches!(Scheme::of(algorithm), Scheme::Ecdsa(_) | Scheme::Sm2)
}

/// Bytes of an SM3 digest.
const SM3: usize = 32;

/// The family of a signing algorithm, and its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Rsa(Encoding, Hash),
    Ecdsa(Hash),
    Ed25519,
    Ed25519Prehash,
    MlDsa,
    Sm2,
}

impl Scheme {
    pub(crate) const fn of(algorithm: SigningAlgorithm) -> Self {
        use SigningAlgorithm as A;
        match algorithm {
            A::RsassaPssSha256 => Self::Rsa(Encoding::Pss, Hash::Sha256),
            A::RsassaPssSha384 => Self::Rsa(Encoding::Pss, Hash::Sha384),
            A::RsassaPssSha512 => Self::Rsa(Encoding::Pss, Hash::Sha512),
            A::RsassaPkcs1Sha256 => Self::Rsa(Encoding::Pkcs1, Hash::Sha256),
            A::RsassaPkcs1Sha384 => Self::Rsa(Encoding::Pkcs1, Hash::Sha384),
            A::RsassaPkcs1Sha512 => Self::Rsa(Encoding::Pkcs1, Hash::Sha512),
            A::EcdsaSha256 => Self::Ecdsa(Hash::Sha256),
            A::EcdsaSha384 => Self::Ecdsa(Hash::Sha384),
            A::EcdsaSha512 => Self::Ecdsa(Hash::Sha512),
            A::Sm2Dsa => Self::Sm2,
            A::MlDsaShake256 => Self::MlDsa,
            A::Ed25519 => Self::Ed25519,
            A::Ed25519Prehash => Self::Ed25519Prehash,
        }
    }

    /// How long a message of this type must be; `None` when the scheme does not take the type at all.
    pub(crate) const fn length(self, kind: MessageType) -> Option<Length> {
        match (self, kind) {
            (
                Self::Rsa(..) | Self::Ecdsa(_) | Self::Ed25519 | Self::MlDsa | Self::Sm2,
                MessageType::Raw,
            ) => Some(Length::Any),
            (Self::Rsa(_, hash) | Self::Ecdsa(hash), MessageType::Digest) => {
                Some(Length::Exactly(hash.length()))
            }
            (Self::Ed25519Prehash, MessageType::Digest) => {
                Some(Length::Exactly(Hash::Sha512.length()))
            }
            (Self::Sm2, MessageType::Digest) => Some(Length::Exactly(SM3)),
            (Self::MlDsa, MessageType::ExternalMu) => Some(Length::Exactly(ml_dsa::MU)),
            _ => None,
        }
    }
}

/// The lengths of a message that are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    Any,
    Exactly(usize),
}

impl Message<'_> {
    /// What a scheme with this hash signs: the digest as it is, or of the raw message.
    fn digest(&self, hash: Hash) -> Result<Cow<'_, [u8]>, Unspecified> {
        match self.kind {
            MessageType::Digest => Ok(Cow::Borrowed(self.bytes)),
            MessageType::Raw => Ok(Cow::Owned(hash.digest(self.bytes)?.to_vec())),
            MessageType::ExternalMu => Err(Unspecified),
        }
    }

    /// What Ed25519ph signs. KMS takes the caller's digest for the message, and hashes it as the scheme says
    /// (AWS KMS API Reference, Sign, `MessageType`).
    fn prehash(&self) -> Result<[u8; 64], Unspecified> {
        let digest = Hash::Sha512.digest(self.bytes)?;
        digest.first_chunk().copied().ok_or(Unspecified)
    }

    /// What SM2 signs: the digest as it is, or that of the raw message with the default distinguishing id.
    #[cfg(feature = "sm2")]
    fn sm2_digest(&self, key: &kmscore_crypto::sm2::PublicKey) -> Result<[u8; SM3], Unspecified> {
        match self.kind {
            MessageType::Raw => Ok(key.digest(self.bytes)),
            MessageType::Digest => self.bytes.try_into().map_err(|_| Unspecified),
            MessageType::ExternalMu => Err(Unspecified),
        }
    }
}

pub(crate) const fn curve(spec: KeySpec) -> Option<ec::Curve> {
    match spec {
        KeySpec::EccNistP256 => Some(ec::Curve::P256),
        KeySpec::EccNistP384 => Some(ec::Curve::P384),
        KeySpec::EccNistP521 => Some(ec::Curve::P521),
        KeySpec::EccSecgP256k1 => Some(ec::Curve::Secp256k1),
        _ => None,
    }
}

pub(crate) const fn rsa_bits(spec: KeySpec) -> Option<usize> {
    match spec {
        KeySpec::Rsa2048 => Some(2048),
        KeySpec::Rsa3072 => Some(3072),
        KeySpec::Rsa4096 => Some(4096),
        _ => None,
    }
}

const fn signature_set(spec: KeySpec) -> Option<ml_dsa::ParameterSet> {
    match spec {
        KeySpec::MlDsa44 => Some(ml_dsa::ParameterSet::MlDsa44),
        KeySpec::MlDsa65 => Some(ml_dsa::ParameterSet::MlDsa65),
        KeySpec::MlDsa87 => Some(ml_dsa::ParameterSet::MlDsa87),
        _ => None,
    }
}

const fn encapsulation_set(spec: KeySpec) -> Option<ml_kem::ParameterSet> {
    match spec {
        KeySpec::MlKem512 => Some(ml_kem::ParameterSet::MlKem512),
        KeySpec::MlKem768 => Some(ml_kem::ParameterSet::MlKem768),
        KeySpec::MlKem1024 => Some(ml_kem::ParameterSet::MlKem1024),
        _ => None,
    }
}

/// The hash of RSA OAEP.
pub(crate) const fn oaep_hash(algorithm: EncryptionAlgorithm) -> Option<Hash> {
    match algorithm {
        EncryptionAlgorithm::RsaesOaepSha1 => Some(Hash::Sha1),
        EncryptionAlgorithm::RsaesOaepSha256 => Some(Hash::Sha256),
        EncryptionAlgorithm::SymmetricDefault | EncryptionAlgorithm::Sm2Pke => None,
    }
}
