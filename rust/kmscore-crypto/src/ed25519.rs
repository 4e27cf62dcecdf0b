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

    /// Reads the one PrivateKeyInfo of a seed (RFC 8410, section 7), without the public key.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, Unspecified> {
        Self::from_seed(der.strip_prefix(PKCS8).ok_or(Unspecified)?)
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::hash::Hash;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect()
    }

    /// RFC 8032 7.1, tests 1 to 3: seed, public key, message, signature.
    const PURE: [[&str; 4]; 3] = [
        [
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            concat!(
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155",
                "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            ),
        ],
        [
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            concat!(
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
                "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            ),
        ],
        [
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            concat!(
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac",
                "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
            ),
        ],
    ];

    #[test]
    fn ed25519_gives_the_answers_of_rfc_8032() {
        for [seed, public, message, signature] in PURE.map(|fields| fields.map(hex)) {
            let key = PrivateKey::from_seed(&seed).unwrap();
            assert_eq!(key.public_key().0, *public);
            assert_eq!(key.sign(&message).unwrap(), *signature);
            key.public_key().verify(&message, &signature).unwrap();
            for bit in 0..8 * SIGNATURE {
                let mut changed = signature.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                assert!(key.public_key().verify(&message, &changed).is_err());
            }
        }
    }

    #[test]
    fn ed25519ph_gives_the_answer_of_rfc_8032() {
        // RFC 8032 7.3.
        let seed = hex("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42");
        let public = hex("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf");
        let signature = hex(concat!(
            "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41",
            "31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406",
        ));
        let digest = Hash::Sha512.digest(b"abc").unwrap();
        let digest: &[u8; PREHASH] = (&*digest).try_into().unwrap();
        let key = PrivateKey::from_seed(&seed).unwrap();
        assert_eq!(key.public_key().0, *public);
        assert_eq!(key.sign_prehash(digest).unwrap(), *signature);
        key.public_key().verify_prehash(digest, &signature).unwrap();
        for bit in 0..8 * SIGNATURE {
            let mut changed = signature.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(key.public_key().verify_prehash(digest, &changed).is_err());
        }
        // The two algorithms never stand for each other.
        assert!(key.public_key().verify(digest, &signature).is_err());
        let pure = key.sign(digest).unwrap();
        assert!(key.public_key().verify_prehash(digest, &pure).is_err());
    }

    #[test]
    fn a_key_is_the_same_after_every_encoding() {
        let key = PrivateKey::generate().unwrap();
        let seed = key.to_seed().unwrap();
        let same = PrivateKey::from_seed(seed.expose().unwrap()).unwrap();
        let spki = key.public_key().to_spki();
        assert_eq!(same.public_key().to_spki(), spki);
        assert_eq!(PublicKey::from_spki(&spki).unwrap().to_spki(), spki);
        let pkcs8 = key.to_pkcs8().unwrap();
        assert_eq!(pkcs8.len(), 48);
        assert!(seed.equals(&pkcs8.expose().unwrap()[16..]));
        // AWS-LC reads them as the same key.
        let read =
            crate::pkey::Pkey::from_pkcs8(aws_lc_sys::EVP_PKEY_ED25519, pkcs8.expose().unwrap());
        assert_eq!(read.unwrap().to_spki().unwrap(), spki);
    }

    #[test]
    fn what_is_of_another_length_or_family_is_refused() {
        let key = PrivateKey::generate().unwrap();
        let spki = key.public_key().to_spki();
        assert!(PublicKey::from_spki(&[spki.as_slice(), &[0]].concat()).is_err());
        assert!(PublicKey::from_spki(&spki[..43]).is_err());
        // X25519 has the object identifier before.
        let mut other = spki;
        other[8] = 0x6E;
        assert!(PublicKey::from_spki(&other).is_err());
        for length in [0, 31, 33, 64] {
            assert!(PrivateKey::from_seed(&vec![7; length]).is_err());
        }
        let signature = key.sign(b"message").unwrap();
        let longer = [signature.as_slice(), &[0]].concat();
        for signature in [&[], &signature[..63], &longer] {
            assert!(key.public_key().verify(b"message", signature).is_err());
            assert!(
                key.public_key()
                    .verify_prehash(&[7; PREHASH], signature)
                    .is_err()
            );
        }
    }
}
