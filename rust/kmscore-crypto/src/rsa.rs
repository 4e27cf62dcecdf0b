//! RSA: PKCS #1 v1.5 and PSS signatures, OAEP encryption (RFC 8017). There is no PKCS #1 v1.5 decryption.

use core::ffi::c_int;

use aws_lc_sys::{
    EVP_PKEY_CTX_set_rsa_mgf1_md, EVP_PKEY_CTX_set_rsa_oaep_md, EVP_PKEY_CTX_set_rsa_padding,
    EVP_PKEY_RSA, EVP_PKEY_assign_RSA, EVP_PKEY_decrypt, EVP_PKEY_decrypt_init, EVP_PKEY_encrypt,
    EVP_PKEY_encrypt_init, EVP_PKEY_get0_RSA, RSA, RSA_PKCS1_OAEP_PADDING, RSA_bits, RSA_free,
    RSA_generate_key_fips, RSA_marshal_private_key, RSA_new, RSA_private_key_from_bytes, RSA_sign,
    RSA_sign_pss_mgf1, RSA_size, RSA_verify, RSA_verify_pss_mgf1,
};
use kmscore_sys::fork::HoldOff;
use zeroize::Zeroizing;

use crate::hash::Hash;
use crate::pkey::{Context, Pkey, PrivatePkey, secret_der, wiped};
use crate::secret::SecretBytes;
use crate::{Unspecified, succeeded};

/// The salt of PSS is as long as the digest (RFC 8017 9.1, FIPS 186-5 5.4).
const SALT_OF_DIGEST_LENGTH: c_int = aws_lc_sys::RSA_PSS_SALTLEN_DIGEST;

/// How a digest is encoded before it is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// EMSA-PKCS1-v1_5.
    Pkcs1,
    /// EMSA-PSS with MGF1 of the same hash and a salt of its length.
    Pss,
}

/// A private key.
#[derive(Debug)]
pub struct PrivateKey(PrivatePkey);

/// A public key.
#[derive(Debug)]
pub struct PublicKey(Pkey);

impl PrivateKey {
    /// A new key pair with the exponent 65537 (FIPS 186-5 A.1.3). It takes a tenth of a second to seconds.
    pub fn generate(bits: usize) -> Result<Self, Unspecified> {
        let bits = c_int::try_from(bits).map_err(|_| Unspecified)?;
        let make = || {
            let key = Rsa::new()?;
            // SAFETY: the key is ours alone; no callback.
            succeeded(unsafe { RSA_generate_key_fips(key.0, bits, core::ptr::null_mut()) })?;
            key.into_pkey()
        };
        PrivatePkey::make(make).map(Self)
    }

    /// Reads an RSAPrivateKey (RFC 8017 A.1.2) and checks that its parts go together.
    pub fn from_pkcs1(der: &[u8]) -> Result<Self, Unspecified> {
        // SAFETY: the pointer and length are those of one slice; the whole of it is read, or it fails.
        let read = || unsafe { RSA_private_key_from_bytes(der.as_ptr(), der.len()) };
        PrivatePkey::make(|| Rsa::from_owned(read())?.into_pkey()).map(Self)
    }

    /// Reads a PrivateKeyInfo (RFC 5208).
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, Unspecified> {
        PrivatePkey::make(|| Pkey::from_pkcs8(EVP_PKEY_RSA, der)).map(Self)
    }

    /// The RSAPrivateKey (RFC 8017 A.1.2), to be stored.
    pub fn to_pkcs1(&self) -> Result<SecretBytes, Unspecified> {
        let key = self.0.key()?;
        let key = rsa(&key);
        // SAFETY: the builder is initialised and the key is whole.
        secret_der(|cbb| unsafe { RSA_marshal_private_key(cbb, key) })
    }

    /// The PrivateKeyInfo (RFC 5208).
    pub fn to_pkcs8(&self) -> Result<SecretBytes, Unspecified> {
        self.0.key()?.to_pkcs8()
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.public())
    }

    /// Signs a digest of `hash`.
    pub fn sign(
        &self,
        encoding: Encoding,
        hash: Hash,
        digest: &[u8],
    ) -> Result<Vec<u8>, Unspecified> {
        hash.check(digest)?;
        let key = self.0.key()?;
        let key = rsa(&key);
        let mut signature = vec![0; size(key)];
        let mut length = signature.len();
        // SAFETY: the key is whole; `signature` has the length of the modulus; the other pointers come with the lengths
        // of their slices.
        let status = unsafe {
            match encoding {
                Encoding::Pkcs1 => {
                    let mut written = 0;
                    let status = RSA_sign(
                        hash.nid(),
                        digest.as_ptr(),
                        digest.len(),
                        signature.as_mut_ptr(),
                        &raw mut written,
                        key,
                    );
                    length = written as usize;
                    status
                }
                Encoding::Pss => RSA_sign_pss_mgf1(
                    key,
                    &raw mut length,
                    signature.as_mut_ptr(),
                    signature.len(),
                    digest.as_ptr(),
                    digest.len(),
                    hash.md(),
                    hash.md(),
                    SALT_OF_DIGEST_LENGTH,
                ),
            }
        };
        wiped(status)?;
        signature.truncate(length);
        Ok(signature)
    }

    /// Decrypts OAEP with an empty label; MGF1 is of the same hash.
    pub fn decrypt_oaep(
        &self,
        hash: Hash,
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        let key = self.0.key()?;
        let mut plaintext = Zeroizing::new(vec![0; size(rsa(&key))]);
        let mut length = plaintext.len();
        let mut context = key.context()?;
        // SAFETY: the context is whole.
        succeeded(unsafe { EVP_PKEY_decrypt_init(context.as_ptr()) })?;
        set_oaep(&mut context, hash)?;
        // SAFETY: `plaintext` has the length of the modulus, which is said; the other pointer comes with its length.
        wiped(unsafe {
            EVP_PKEY_decrypt(
                context.as_ptr(),
                plaintext.as_mut_ptr(),
                &raw mut length,
                ciphertext.as_ptr(),
                ciphertext.len(),
            )
        })?;
        plaintext.truncate(length);
        Ok(plaintext)
    }
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo (RFC 5280) in its one DER form.
    pub fn from_spki(der: &[u8]) -> Result<Self, Unspecified> {
        Pkey::from_spki(EVP_PKEY_RSA, der).map(Self)
    }

    /// The SubjectPublicKeyInfo.
    pub fn to_spki(&self) -> Result<Vec<u8>, Unspecified> {
        self.0.to_spki()
    }

    /// Bits of the modulus.
    #[must_use]
    pub fn bits(&self) -> usize {
        // SAFETY: the key is whole.
        unsafe { RSA_bits(rsa(&self.0)) as usize }
    }

    /// Verifies a signature over a digest of `hash`.
    pub fn verify(
        &self,
        encoding: Encoding,
        hash: Hash,
        digest: &[u8],
        signature: &[u8],
    ) -> Result<(), Unspecified> {
        hash.check(digest)?;
        let key = rsa(&self.0);
        // SAFETY: the key is whole; the pointers come with the lengths of their slices.
        succeeded(unsafe {
            match encoding {
                Encoding::Pkcs1 => RSA_verify(
                    hash.nid(),
                    digest.as_ptr(),
                    digest.len(),
                    signature.as_ptr(),
                    signature.len(),
                    key,
                ),
                Encoding::Pss => RSA_verify_pss_mgf1(
                    key,
                    digest.as_ptr(),
                    digest.len(),
                    hash.md(),
                    hash.md(),
                    SALT_OF_DIGEST_LENGTH,
                    signature.as_ptr(),
                    signature.len(),
                ),
            }
        })
    }

    /// The longest plaintext of OAEP (RFC 8017 7.1.1).
    #[must_use]
    pub fn longest_oaep(&self, hash: Hash) -> usize {
        size(rsa(&self.0)).saturating_sub(2 * hash.length() + 2)
    }

    /// Encrypts with OAEP and an empty label; MGF1 is of the same hash.
    pub fn encrypt_oaep(&self, hash: Hash, plaintext: &[u8]) -> Result<Vec<u8>, Unspecified> {
        // The padding is random.
        let _hold = HoldOff::begin();
        let mut ciphertext = vec![0; size(rsa(&self.0))];
        let mut length = ciphertext.len();
        let mut context = self.0.context()?;
        // SAFETY: the context is whole.
        succeeded(unsafe { EVP_PKEY_encrypt_init(context.as_ptr()) })?;
        set_oaep(&mut context, hash)?;
        // SAFETY: `ciphertext` has the length of the modulus, which is said; the other pointer comes with its length.
        wiped(unsafe {
            EVP_PKEY_encrypt(
                context.as_ptr(),
                ciphertext.as_mut_ptr(),
                &raw mut length,
                plaintext.as_ptr(),
                plaintext.len(),
            )
        })?;
        ciphertext.truncate(length);
        Ok(ciphertext)
    }
}

fn set_oaep(context: &mut Context, hash: Hash) -> Result<(), Unspecified> {
    let context = context.as_ptr();
    // SAFETY: the context is set up to encrypt or decrypt with an RSA key; the hashes are static.
    unsafe {
        succeeded(EVP_PKEY_CTX_set_rsa_padding(
            context,
            RSA_PKCS1_OAEP_PADDING,
        ))?;
        succeeded(EVP_PKEY_CTX_set_rsa_oaep_md(context, hash.md()))?;
        succeeded(EVP_PKEY_CTX_set_rsa_mgf1_md(context, hash.md()))
    }
}

fn rsa(key: &Pkey) -> *mut RSA {
    // SAFETY: every `Pkey` of this file holds an RSA key, which it keeps alive.
    unsafe { EVP_PKEY_get0_RSA(key.as_ptr()) }
}

fn size(key: *const RSA) -> usize {
    // SAFETY: the key is whole.
    unsafe { RSA_size(key) as usize }
}

/// An RSA that is not in an EVP_PKEY yet.
struct Rsa(*mut RSA);

impl Rsa {
    fn new() -> Result<Self, Unspecified> {
        // SAFETY: allocates a key; null is handled.
        Self::from_owned(unsafe { RSA_new() })
    }

    const fn from_owned(key: *mut RSA) -> Result<Self, Unspecified> {
        if key.is_null() {
            Err(Unspecified)
        } else {
            Ok(Self(key))
        }
    }

    fn into_pkey(self) -> Result<Pkey, Unspecified> {
        let key = Pkey::empty()?;
        // SAFETY: both are whole; on success the key owns the RSA, which is forgotten here.
        succeeded(unsafe { EVP_PKEY_assign_RSA(key.as_ptr(), self.0) })?;
        core::mem::forget(self);
        Ok(key)
    }
}

impl Drop for Rsa {
    fn drop(&mut self) {
        // SAFETY: owned and not used again; AWS-LC wipes the private parts.
        unsafe { RSA_free(self.0) };
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    const HASHES: [Hash; 5] = [
        Hash::Sha1,
        Hash::Sha224,
        Hash::Sha256,
        Hash::Sha384,
        Hash::Sha512,
    ];

    static KEY: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::generate(2048).unwrap());

    #[test]
    fn a_key_is_the_same_after_every_encoding() {
        let spki = KEY.public_key().to_spki().unwrap();
        let pkcs1 = PrivateKey::from_pkcs1(KEY.to_pkcs1().unwrap().expose().unwrap()).unwrap();
        let pkcs8 = PrivateKey::from_pkcs8(KEY.to_pkcs8().unwrap().expose().unwrap()).unwrap();
        let read = PublicKey::from_spki(&spki).unwrap();
        for public in [pkcs1.public_key(), pkcs8.public_key(), read] {
            assert_eq!(public.to_spki().unwrap(), spki);
            assert_eq!(public.bits(), 2048);
        }
        let again = pkcs8.to_pkcs1().unwrap();
        assert!(KEY.to_pkcs1().unwrap().equals(again.expose().unwrap()));
    }

    #[test]
    fn keys_of_every_size_of_kms_sign_and_others_are_not_made() {
        for bits in [3072, 4096] {
            let key = PrivateKey::generate(bits).unwrap();
            assert_eq!(key.public_key().bits(), bits);
            let signature = key.sign(Encoding::Pss, Hash::Sha512, &[7; 64]).unwrap();
            assert_eq!(signature.len(), bits / 8);
            key.public_key()
                .verify(Encoding::Pss, Hash::Sha512, &[7; 64], &signature)
                .unwrap();
        }
        for bits in [0, 1024, 2047, 2049, usize::MAX] {
            assert!(PrivateKey::generate(bits).is_err());
        }
    }

    #[test]
    fn signatures_verify_with_their_own_encoding_and_hash_only() {
        let public = KEY.public_key();
        for hash in HASHES {
            let digest = vec![7; hash.length()];
            for (encoding, other) in [
                (Encoding::Pkcs1, Encoding::Pss),
                (Encoding::Pss, Encoding::Pkcs1),
            ] {
                let mut signature = KEY.sign(encoding, hash, &digest).unwrap();
                public.verify(encoding, hash, &digest, &signature).unwrap();
                assert!(public.verify(other, hash, &digest, &signature).is_err());
                let short = &signature[..255];
                assert!(public.verify(encoding, hash, &digest, short).is_err());
                signature[100] ^= 1;
                assert!(public.verify(encoding, hash, &digest, &signature).is_err());
            }
        }
    }

    #[test]
    fn a_digest_of_another_length_is_refused() {
        for encoding in [Encoding::Pkcs1, Encoding::Pss] {
            let signature = KEY.sign(encoding, Hash::Sha256, &[7; 32]).unwrap();
            for length in [0, 20, 31, 33, 64] {
                let digest = vec![7; length];
                assert!(KEY.sign(encoding, Hash::Sha256, &digest).is_err());
                assert!(
                    KEY.public_key()
                        .verify(encoding, Hash::Sha256, &digest, &signature)
                        .is_err()
                );
            }
        }
    }

    #[test]
    fn oaep_carries_what_fits_and_no_more() {
        let public = KEY.public_key();
        for (hash, longest) in HASHES.into_iter().zip([214, 198, 190, 158, 126]) {
            assert_eq!(public.longest_oaep(hash), longest);
            for length in [0, 1, longest] {
                let plaintext = vec![7; length];
                let mut ciphertext = public.encrypt_oaep(hash, &plaintext).unwrap();
                assert_eq!(*KEY.decrypt_oaep(hash, &ciphertext).unwrap(), plaintext);
                ciphertext[100] ^= 1;
                assert!(KEY.decrypt_oaep(hash, &ciphertext).is_err());
            }
            assert!(public.encrypt_oaep(hash, &vec![7; longest + 1]).is_err());
        }
        let ciphertext = public.encrypt_oaep(Hash::Sha256, b"message").unwrap();
        assert!(KEY.decrypt_oaep(Hash::Sha1, &ciphertext).is_err());
        assert!(KEY.decrypt_oaep(Hash::Sha256, &ciphertext[..255]).is_err());
        assert!(KEY.decrypt_oaep(Hash::Sha256, &[]).is_err());
    }

    #[test]
    fn what_is_not_the_one_encoding_of_a_key_is_refused() {
        let spki = KEY.public_key().to_spki().unwrap();
        assert!(PublicKey::from_spki(&[spki.as_slice(), &[0]].concat()).is_err());
        assert!(PublicKey::from_spki(&spki[..spki.len() - 1]).is_err());
        assert!(PublicKey::from_spki(&[]).is_err());
        let elliptic = crate::ec::PrivateKey::generate(crate::ec::Curve::P256).unwrap();
        assert!(PublicKey::from_spki(&elliptic.public_key().to_spki().unwrap()).is_err());
        let other_family = elliptic.to_pkcs8().unwrap();
        assert!(PrivateKey::from_pkcs8(other_family.expose().unwrap()).is_err());
        let pkcs8 = KEY.to_pkcs8().unwrap();
        let longer = [pkcs8.expose().unwrap(), &[0]].concat();
        assert!(PrivateKey::from_pkcs8(&longer).is_err());
        let pkcs1 = KEY.to_pkcs1().unwrap();
        let mut changed = pkcs1.expose().unwrap().to_vec();
        changed.push(0);
        assert!(PrivateKey::from_pkcs1(&changed).is_err());
        changed.pop();
        // A number within d: the parts no longer go together.
        changed[400] ^= 1;
        assert!(PrivateKey::from_pkcs1(&changed).is_err());
    }
}
