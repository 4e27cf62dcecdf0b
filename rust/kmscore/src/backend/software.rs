//! Key material sealed in the store and opened into locked memory.

use std::sync::Arc;

use kmscore_crypto::Unspecified;
use kmscore_crypto::hmac::HmacKey;
use kmscore_crypto::mac::MacKey;
use kmscore_crypto::secret::SecretBytes;
use zeroize::Zeroizing;

use super::{Backend, ExportRefused, Material};
use crate::ciphertext::{self, BlobHeader, MaterialId};
use crate::hierarchy::KeyHierarchy;
use crate::key_entry::{KeyRow, MaterialRow};
use crate::key_pair::{Message, PrivateKey, PublicKey};
use crate::material;
use crate::seal::Binding;
use crate::spec::{EncryptionAlgorithm, KeySpec, SigningAlgorithm};
use crate::store_fault::{StoreFault, StoreResult};

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
        let id = material.material_id;
        let secret = self.unseal(key, material)?;
        let identity = HmacKey::new(secret.expose()?)?;
        if MaterialId::of(&identity, key.key_id)? != id {
            return Err(StoreFault::Integrity(format!(
                "key material {id} holds another key"
            )));
        }
        if key.spec == KeySpec::SymmetricDefault {
            return Ok(Arc::new(SymmetricMaterial { id, key: identity }));
        }
        if let Some(hash) = material::hmac_hash(key.spec) {
            let key = MacKey::new(hash, secret);
            return Ok(Arc::new(MacMaterial { id, key }));
        }
        let private = PrivateKey::from_canonical(key.spec, secret.expose()?)?;
        let public = private.public_key();
        Ok(Arc::new(PairMaterial {
            id,
            private,
            public,
        }))
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
struct SymmetricMaterial {
    id: MaterialId,
    key: HmacKey,
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

/// An HMAC key, in locked memory.
struct MacMaterial {
    id: MaterialId,
    key: MacKey,
}

impl Material for MacMaterial {
    fn id(&self) -> &MaterialId {
        &self.id
    }

    fn tag(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        self.key.tag(message)
    }

    fn verify_tag(&self, message: &[u8], tag: &[u8]) -> Result<(), Unspecified> {
        self.key.verify(message, tag)
    }
}

/// A key pair, in memory that AWS-LC wipes when it is freed.
struct PairMaterial {
    id: MaterialId,
    private: PrivateKey,
    public: PublicKey,
}

impl Material for PairMaterial {
    fn id(&self) -> &MaterialId {
        &self.id
    }

    fn public_key(&self) -> Option<&PublicKey> {
        Some(&self.public)
    }

    fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: &Message<'_>,
    ) -> Result<Vec<u8>, Unspecified> {
        self.private.sign(algorithm, message)
    }

    fn decrypt(
        &self,
        algorithm: EncryptionAlgorithm,
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        self.private.decrypt(algorithm, ciphertext)
    }

    fn agree(&self, peer: &PublicKey) -> Result<SecretBytes, Unspecified> {
        self.private.agree(peer)
    }

    fn decapsulate(&self, ciphertext: &[u8]) -> Result<SecretBytes, Unspecified> {
        self.private.decapsulate(ciphertext)
    }
}
