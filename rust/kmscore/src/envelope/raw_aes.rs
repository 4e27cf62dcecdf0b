//! Raw AES keyrings (AWS Encryption SDK Specification, `framework/raw-aes-keyring.md`).

use kmscore_crypto::aead::{self, TAG};
use kmscore_crypto::out::Out;
use kmscore_crypto::random;
use kmscore_crypto::secret::SecretBytes;

use super::context;
use super::fault::{EnvelopeFault, EnvelopeResult};
use super::header::EncryptedDataKey;
use super::hybrid::ML_KEM_PROVIDER;
use super::materials::DataKey;

const IV: usize = 12;
/// Lengths in the provider info: of the tag, in bits, and of the IV, in bytes.
const LENGTHS: [u8; 8] = [0, 0, 0, 128, 0, 0, 0, 12];

/// An AES key that wraps data keys, under its namespace and name.
#[derive(Debug)]
pub struct RawAesKey {
    namespace: String,
    name: String,
    key: SecretBytes,
}

impl RawAesKey {
    /// Takes a key of 16, 24 or 32 bytes.
    pub fn new(namespace: String, name: String, key: SecretBytes) -> EnvelopeResult<Self> {
        if !matches!(key.len(), 16 | 24 | 32) {
            return Err(EnvelopeFault::Argument(format!(
                "wrapping_key has {} bytes: an AES key has 16, 24 or 32",
                key.len()
            )));
        }
        if namespace.starts_with("aws-kms") {
            return Err(EnvelopeFault::Argument(format!(
                "namespace is {namespace:?}: names that begin with \"aws-kms\" are those of AWS KMS keyrings"
            )));
        }
        if namespace == ML_KEM_PROVIDER {
            return Err(EnvelopeFault::Argument(format!(
                "namespace is {namespace:?}, which is that of ML-KEM keyrings"
            )));
        }
        for (field, text) in [("namespace", &namespace), ("name", &name)] {
            if text.is_empty() || text.len() > usize::from(u16::MAX) - LENGTHS.len() - IV {
                return Err(EnvelopeFault::Argument(format!(
                    "{field} must have between 1 and 65,515 bytes of UTF-8"
                )));
            }
        }
        Ok(Self {
            namespace,
            name,
            key,
        })
    }

    /// Encrypts a data key, bound to an encryption context. The IV is random: 2^32 data keys a wrapping key at most.
    pub fn wrap(
        &self,
        data_key: &DataKey,
        pairs: &[(String, String)],
    ) -> EnvelopeResult<EncryptedDataKey> {
        let mut iv = [0; IV];
        random::nonces(&mut iv)?;
        let data_key = data_key.secret().expose()?;
        let mut ciphertext = vec![0; data_key.len() + TAG];
        let aad = context::serialise(pairs)?;
        aead::with_key(self.key.expose()?, |key| {
            key.seal(&iv, &aad, data_key, &mut Out::new(&mut ciphertext))
        })?;
        Ok(EncryptedDataKey {
            provider_id: self.namespace.clone(),
            provider_info: [self.name.as_bytes(), &LENGTHS, &iv].concat(),
            ciphertext,
        })
    }

    /// Whether an encrypted data key says that it is of this key.
    #[must_use]
    pub fn made(&self, encrypted: &EncryptedDataKey) -> bool {
        encrypted.provider_id == self.namespace && self.iv(encrypted).is_some()
    }

    /// Decrypts a data key.
    ///
    /// # Errors
    /// Decryption, whatever the cause.
    pub fn unwrap(
        &self,
        encrypted: &EncryptedDataKey,
        pairs: &[(String, String)],
    ) -> EnvelopeResult<DataKey> {
        let iv = self.iv(encrypted).ok_or(EnvelopeFault::Decryption)?;
        if encrypted.ciphertext.len() != DataKey::LENGTH + TAG {
            return Err(EnvelopeFault::Decryption);
        }
        let aad = context::serialise(pairs)?;
        let key = self.key.expose()?;
        let mut plaintext = zeroize::Zeroizing::new([0; DataKey::LENGTH]);
        let mut out = Out::new(&mut *plaintext);
        aead::with_key(key, |key| {
            key.open(iv, &aad, &encrypted.ciphertext, &mut out)
        })
        .map_err(|_| EnvelopeFault::Decryption)?;
        DataKey::from_wiping(&mut *plaintext)
    }

    fn iv<'e>(&self, encrypted: &'e EncryptedDataKey) -> Option<&'e [u8; IV]> {
        encrypted
            .provider_info
            .strip_prefix(self.name.as_bytes())?
            .strip_prefix(&LENGTHS)?
            .try_into()
            .ok()
    }
}
