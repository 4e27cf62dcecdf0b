//! Where key material lives. An operation reaches it through these traits only, so that the same operation works on
//! material that can never leave a token.

pub mod software;

use std::sync::Arc;

use kmscore_crypto::Unspecified;
use kmscore_crypto::secret::SecretBytes;
use zeroize::Zeroizing;

use crate::ciphertext::{BlobHeader, MaterialId};
use crate::key_entry::{KeyRow, MaterialRow};
use crate::key_pair::{Message, PublicKey};
use crate::spec::{EncryptionAlgorithm, SigningAlgorithm};
use crate::store_fault::StoreResult;

/// The material is not to be had outside its backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportRefused;

/// A place where key material lives.
pub trait Backend: Send + Sync {
    /// Makes stored material ready for use.
    fn open(&self, key: &KeyRow, material: &MaterialRow) -> StoreResult<Arc<dyn Material>>;

    /// The plain bytes of stored material, for sealing them elsewhere. No operation may depend on it.
    fn dangerous_export(
        &self,
        key: &KeyRow,
        material: &MaterialRow,
    ) -> Result<SecretBytes, ExportRefused>;
}

/// One version of a KMS key's material, ready for use. Dropping it wipes what it holds.
///
/// Material of a key spec has the functions of that spec; the others answer `Unspecified`.
pub trait Material: Send + Sync {
    /// Its id.
    fn id(&self) -> &MaterialId;

    /// SYMMETRIC_DEFAULT: seals a ciphertext blob; `n` is fresh and random.
    fn seal_blob(
        &self,
        header: &BlobHeader,
        context_hash: &[u8; 32],
        n: &[u8; 32],
        plaintext: &[u8],
        blob: &mut [u8],
    ) -> Result<(), Unspecified> {
        let _ = (header, context_hash, n, plaintext, blob);
        Err(Unspecified)
    }

    /// SYMMETRIC_DEFAULT: opens a ciphertext blob whose header named this material; `plaintext` is wiped on failure.
    fn open_blob(
        &self,
        context_hash: &[u8; 32],
        blob: &[u8],
        plaintext: &mut [u8],
    ) -> Result<(), Unspecified> {
        let _ = (context_hash, blob, plaintext);
        Err(Unspecified)
    }

    /// HMAC: the tag of a message.
    fn tag(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let _ = message;
        Err(Unspecified)
    }

    /// HMAC: checks a tag in constant time.
    fn verify_tag(&self, message: &[u8], tag: &[u8]) -> Result<(), Unspecified> {
        let _ = (message, tag);
        Err(Unspecified)
    }

    /// Key pairs: the public key, which verifies, encrypts and encapsulates outside the backend.
    fn public_key(&self) -> Option<&PublicKey> {
        None
    }

    /// Signing key pairs: signs a message.
    fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: &Message<'_>,
    ) -> Result<Vec<u8>, Unspecified> {
        let _ = (algorithm, message);
        Err(Unspecified)
    }

    /// Encrypting key pairs: decrypts.
    fn decrypt(
        &self,
        algorithm: EncryptionAlgorithm,
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        let _ = (algorithm, ciphertext);
        Err(Unspecified)
    }

    /// Elliptic curves: the raw ECDH secret with the holder of `peer`.
    fn agree(&self, peer: &PublicKey) -> Result<SecretBytes, Unspecified> {
        let _ = peer;
        Err(Unspecified)
    }

    /// ML-KEM: the shared secret in a ciphertext.
    fn decapsulate(&self, ciphertext: &[u8]) -> Result<SecretBytes, Unspecified> {
        let _ = ciphertext;
        Err(Unspecified)
    }
}
