//! Key material sealed in the store and opened into locked memory.

use std::sync::Arc;

use kmscore_crypto::Unspecified;
use kmscore_crypto::hmac::HmacKey;
use kmscore_crypto::secret::SecretBytes;

use super::{Backend, ExportRefused, Material};
use crate::ciphertext::{self, BlobHeader, MaterialId};
use crate::hierarchy::KeyHierarchy;
use crate::key_table::{KeyRow, MaterialRow};
use crate::seal::Binding;
use crate::spec::KeySpec;
use crate::store_fault::{StoreFault, StoreResult};

/// Bytes of key material of a spec that this version makes.
#[must_use]
pub const fn material_length(spec: KeySpec) -> Option<usize> {
    match spec {
        KeySpec::SymmetricDefault => Some(32),
        _ => None,
    }
}

/// Opens sealed records under the store's key hierarchy.
pub struct Software {
    hierarchy: Arc<KeyHierarchy>,
}

impl Software {
    /// A backend over this hierarchy.
    #[must_use]
    pub const fn new(hierarchy: Arc<KeyHierarchy>) -> Self {
        Self { hierarchy }
    }

    fn unseal(&self, key: &KeyRow, material: &MaterialRow) -> StoreResult<SecretBytes> {
        self.hierarchy.open_material(
            binding(key, material),
            &material.material_id.to_string(),
            &material.sealed,
        )
    }
}

/// What a sealed record of key material is bound to, besides the store and the material id.
#[must_use]
pub fn binding(key: &KeyRow, material: &MaterialRow) -> Binding {
    Binding::default()
        .with("account", &*key.account)
        .with("region", &*key.region)
        .with("table", "key_material")
        .with("row", format!("{}/{}", key.region, key.key_id))
        .with("column", "sealed")
        .with("record_version", material.record_version.to_string())
        .with("key_id", key.key_id.to_string())
        .with("spec", key.spec.name())
        .with("usage", key.usage.name())
        .with("origin", key.origin.name())
}

impl Backend for Software {
    fn open(&self, key: &KeyRow, material: &MaterialRow) -> StoreResult<Arc<dyn Material>> {
        let secret = self.unseal(key, material)?;
        let opened = SymmetricMaterial::new(secret.expose()?, material.material_id)?;
        if MaterialId::of(&opened.key, key.key_id)? != material.material_id {
            return Err(StoreFault::Integrity(format!(
                "key material {} holds another key",
                material.material_id
            )));
        }
        Ok(Arc::new(opened))
    }

    fn dangerous_export(
        &self,
        key: &KeyRow,
        material: &MaterialRow,
    ) -> Result<SecretBytes, ExportRefused> {
        self.unseal(key, material).map_err(|_| ExportRefused)
    }
}

/// A symmetric backing key: only its HMAC states are held, in locked memory.
pub(crate) struct SymmetricMaterial {
    id: MaterialId,
    key: HmacKey,
}

impl SymmetricMaterial {
    pub(crate) fn new(secret: &[u8], id: MaterialId) -> Result<Self, Unspecified> {
        Ok(Self {
            id,
            key: HmacKey::new(secret)?,
        })
    }
}

impl Material for SymmetricMaterial {
    fn id(&self) -> &MaterialId {
        &self.id
    }

    fn seal_blob(
        &self,
        header: &BlobHeader,
        context_hash: &[u8; 32],
        n: &[u8; 32],
        plaintext: &[u8],
        blob: &mut [u8],
    ) -> Result<(), Unspecified> {
        ciphertext::seal(&self.key, header, context_hash, n, plaintext, blob)
    }

    fn open_blob(
        &self,
        context_hash: &[u8; 32],
        blob: &[u8],
        plaintext: &mut [u8],
    ) -> Result<(), Unspecified> {
        ciphertext::open(&self.key, context_hash, blob, plaintext)
    }
}
