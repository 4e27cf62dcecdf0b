//! Where key material lives. An operation reaches it through these traits only, so that the same operation works on
//! material that can never leave a token.

pub mod software;

use std::sync::Arc;

use kmscore_crypto::Unspecified;
use kmscore_crypto::secret::SecretBytes;

use crate::ciphertext::{BlobHeader, MaterialId};
use crate::key_table::{KeyRow, MaterialRow};
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
pub trait Material: Send + Sync {
    /// Its id.
    fn id(&self) -> &MaterialId;

    /// Seals a ciphertext blob; `n` is fresh and random.
    fn seal_blob(
        &self,
        header: &BlobHeader,
        context_hash: &[u8; 32],
        n: &[u8; 32],
        plaintext: &[u8],
        blob: &mut [u8],
    ) -> Result<(), Unspecified>;

    /// Opens a ciphertext blob whose header named this material; `plaintext` is wiped on failure.
    fn open_blob(
        &self,
        context_hash: &[u8; 32],
        blob: &[u8],
        plaintext: &mut [u8],
    ) -> Result<(), Unspecified>;
}
