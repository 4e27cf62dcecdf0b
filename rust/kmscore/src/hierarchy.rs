//! The key hierarchy: root key → domain key → sealed records, row MACs, anchor and audit seeds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kmscore_crypto::hmac::HmacKey;
use kmscore_crypto::secret::SecretBytes;
use zeroize::Zeroizing;

use crate::ciphertext::{KeyId, MaterialId};
use crate::grant_token::{self, GrantName};
use crate::hex;
use crate::material;
use crate::root_key::RootKey;
use crate::row_mac::{Column, row_content};
use crate::seal::{self, Binding, Kind, SealingKey};
use crate::spec::KeySpec;
use crate::store_fault::{StoreFault, StoreResult};

/// What a wrapped key of the hierarchy is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A domain key: seals records, and row MACs and the anchor derive from it.
    Records,
    /// The audit key: seals the seed of each audit session.
    Audit,
}

impl Purpose {
    /// The word in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Audit => "audit",
        }
    }

    /// The purpose of this word.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Records, Self::Audit]
            .into_iter()
            .find(|purpose| purpose.name() == name)
    }

    const fn kind(self) -> Kind {
        match self {
            Self::Records => Kind::DomainKey,
            Self::Audit => Kind::AuditKey,
        }
    }
}

/// A row of `domain_keys`.
#[derive(Debug, Clone)]
pub struct WrappedKey {
    /// 32 hex digits.
    pub domain_key_id: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Raised when the domain key is rotated.
    pub version: i64,
    /// The root key it is sealed under.
    pub root_key_id: String,
    /// The sealed record.
    pub sealed: Vec<u8>,
}

impl WrappedKey {
    fn binding(&self, store_id: &[u8; 16]) -> Binding {
        wrapping_binding(store_id, &self.domain_key_id, self.version)
    }

    /// Unwraps the key under the root key.
    pub fn open(&self, root: &RootKey, store_id: &[u8; 16]) -> StoreResult<SecretBytes> {
        if self.root_key_id != root.key_id() {
            return Err(StoreFault::RootKey(format!(
                "wrong root key: the store was sealed under {}, this one is {}",
                self.root_key_id,
                root.key_id()
            )));
        }
        root.sealing
            .open(self.purpose.kind(), &self.binding(store_id), &self.sealed)
            .map_err(|_| {
                StoreFault::Integrity(format!(
                    "domain_keys row {} ({}) is damaged or belongs to another store",
                    self.domain_key_id,
                    self.purpose.name()
                ))
            })
    }

    /// Wraps a key under the root key.
    pub fn seal(
        root: &RootKey,
        store_id: &[u8; 16],
        purpose: Purpose,
        version: i64,
        key: &SecretBytes,
    ) -> StoreResult<Self> {
        let domain_key_id = hex::encode(SealingKey::new(key.expose()?)?.id());
        let binding = wrapping_binding(store_id, &domain_key_id, version);
        let sealed = root.sealing.seal(purpose.kind(), &binding, key.expose()?)?;
        Ok(Self {
            domain_key_id,
            purpose,
            version,
            root_key_id: root.key_id(),
            sealed,
        })
    }
}

fn wrapping_binding(store_id: &[u8; 16], domain_key_id: &str, version: i64) -> Binding {
    Binding::default()
        .with("store", hex::encode(store_id))
        .with("domain_key", domain_key_id)
        .with("version", version.to_string())
}

/// Root → domain → records of one store. The root key itself is not kept.
pub struct KeyHierarchy {
    store_id: [u8; 16],
    domain: SealingKey,
    row_mac: HmacKey,
    grant_token_mac: HmacKey,
    pub(crate) anchor_mac: HmacKey,
}

impl KeyHierarchy {
    /// Draws the domain key and the audit key of a new store.
    pub fn create(root: &RootKey, store_id: [u8; 16]) -> StoreResult<(Self, Vec<WrappedKey>)> {
        let rows = [Purpose::Records, Purpose::Audit]
            .into_iter()
            .map(|purpose| WrappedKey::seal(root, &store_id, purpose, 1, &SecretBytes::random(32)?))
            .collect::<StoreResult<Vec<_>>>()?;
        Ok((Self::open(root, store_id, &rows)?, rows))
    }

    /// Unwraps the newest domain key.
    pub fn open(root: &RootKey, store_id: [u8; 16], rows: &[WrappedKey]) -> StoreResult<Self> {
        let row = newest(rows, Purpose::Records)?;
        let domain = SealingKey::new(row.open(root, &store_id)?.expose()?)?;
        if hex::encode(domain.id()) != row.domain_key_id {
            return Err(StoreFault::Integrity(format!(
                "domain_keys row {} holds another key",
                row.domain_key_id
            )));
        }
        let row_mac = domain.derive(b"kmscore row mac v1", &store_id)?;
        let grant_token_mac = domain.derive(b"kmscore grant token v1", &store_id)?;
        let anchor_mac = domain.derive(b"kmscore anchor v1", &store_id)?;
        Ok(Self {
            store_id,
            domain,
            row_mac,
            grant_token_mac,
            anchor_mac,
        })
    }

    /// The hierarchy under a fresh domain key, and the row to keep in the place of the old one's.
    pub fn succeed(&self, root: &RootKey, rows: &[WrappedKey]) -> StoreResult<(Self, WrappedKey)> {
        let version = newest(rows, Purpose::Records)?.version + 1;
        let domain = SecretBytes::random(32)?;
        let row = WrappedKey::seal(root, &self.store_id, Purpose::Records, version, &domain)?;
        let next = Self::open(root, self.store_id, std::slice::from_ref(&row))?;
        Ok((next, row))
    }

    /// Seals under another domain key what is sealed under this one: key material.
    pub fn move_material(
        &self,
        to: &Self,
        binding: Binding,
        material_id: &str,
        sealed: &[u8],
    ) -> StoreResult<Vec<u8>> {
        let material = self.open_material(binding.clone(), material_id, sealed)?;
        to.seal_material(binding, material_id, &material)
    }

    /// Seals under another domain key what is sealed under this one: any other secret of a row.
    pub fn move_secret(&self, to: &Self, binding: Binding, sealed: &[u8]) -> StoreResult<Vec<u8>> {
        let kind = Kind::of_secret(sealed).ok_or_else(|| {
            StoreFault::Integrity("a sealed secret is damaged or of an unknown kind".to_owned())
        })?;
        let secret = self
            .open_for_store(kind, binding.clone(), sealed)
            .map_err(|_| {
                StoreFault::Integrity("a sealed secret is damaged or was moved".to_owned())
            })?;
        to.seal_for_store(kind, binding, &secret)
    }

    /// The store these keys belong to.
    #[must_use]
    pub const fn store_id(&self) -> &[u8; 16] {
        &self.store_id
    }

    /// The domain key's id as 32 hex digits.
    #[must_use]
    pub fn domain_key_id(&self) -> String {
        hex::encode(self.domain.id())
    }

    /// The MAC over a row's canonical content (docs/formats.md "Row MAC").
    pub fn row_mac(&self, table: &str, columns: &mut [(String, Column)]) -> StoreResult<[u8; 32]> {
        Ok(self.row_mac.tag(&[&row_content(table, columns)?])?)
    }

    /// Refuses a row whose content is not what its MAC was made over.
    pub fn check_row(
        &self,
        table: &str,
        columns: &mut [(String, Column)],
        mac: &[u8],
    ) -> StoreResult<()> {
        self.row_mac
            .verify(&[&row_content(table, columns)?], mac)
            .map_err(|_| {
                let name = columns.iter().filter_map(|(name, value)| match value {
                    Column::Text(text) if text.len() <= 256 && !text.contains('\n') => {
                        Some(format!("{name}={text}"))
                    }
                    _ => None,
                });
                let names: Vec<_> = name.take(6).collect();
                StoreFault::Integrity(format!(
                    "a row of {table} was changed outside kmscore ({})",
                    names.join(", ")
                ))
            })
    }

    /// A fresh token of a grant: one that only this store can have made.
    pub fn new_grant_token(
        &self,
        region: &str,
        key_id: KeyId,
        grant_id: &str,
    ) -> StoreResult<String> {
        grant_token::write(&self.grant_token_mac, region, key_id, grant_id)
    }

    /// The grant of a token; `None` when this store did not make it.
    #[must_use]
    pub fn open_grant_token(&self, token: &str) -> Option<GrantName> {
        grant_token::read(&self.grant_token_mac, token)
    }

    /// Draws key material, names it, and seals it bound to `binding` and its own names.
    pub fn new_material(
        &self,
        key_id: KeyId,
        spec: KeySpec,
        binding: Binding,
    ) -> StoreResult<(String, Vec<u8>)> {
        let material = material::generate(spec)?;
        let id = MaterialId::of(&HmacKey::new(material.expose()?)?, key_id)?;
        let sealed = self.seal_material(binding, &id.to_string(), &material)?;
        Ok((id.to_string(), sealed))
    }

    /// Opens key material.
    pub fn open_material(
        &self,
        binding: Binding,
        material_id: &str,
        sealed: &[u8],
    ) -> StoreResult<SecretBytes> {
        if seal::sealing_key_id(sealed) != Some(*self.domain.id()) {
            return Err(StoreFault::Integrity(format!(
                "the sealed key material {material_id} is damaged or was sealed under another domain key"
            )));
        }
        self.domain.open(Kind::Material, &self.material_binding(binding, material_id), sealed).map_err(|_| {
            StoreFault::Integrity(format!(
                "the sealed key material {material_id} is damaged or was moved from another row or store"
            ))
        })
    }

    /// Seals the same key material for another row: a related key's, or one under another record version.
    pub fn reseal(
        &self,
        from: Binding,
        to: Binding,
        material_id: &str,
        sealed: &[u8],
    ) -> StoreResult<Vec<u8>> {
        let material = self.open_material(from, material_id, sealed)?;
        self.seal_material(to, material_id, &material)
    }

    pub(crate) fn seal_material(
        &self,
        binding: Binding,
        material_id: &str,
        material: &SecretBytes,
    ) -> StoreResult<Vec<u8>> {
        let binding = self.material_binding(binding, material_id);
        Ok(self
            .domain
            .seal(Kind::Material, &binding, material.expose()?)?)
    }

    /// Seals the secret with which a custom key store is reached.
    pub fn seal_custom_key_store(&self, binding: Binding, secret: &str) -> StoreResult<Vec<u8>> {
        let binding = self.store_binding(binding);
        Ok(self
            .domain
            .seal(Kind::CustomKeyStore, &binding, secret.as_bytes())?)
    }

    /// Draws a 40-character secret access key and seals it.
    pub fn new_secret_access_key(
        &self,
        binding: Binding,
    ) -> StoreResult<(Zeroizing<String>, Vec<u8>)> {
        let random = SecretBytes::random(30)?;
        let mut text = Zeroizing::new(String::with_capacity(40));
        STANDARD.encode_string(random.expose()?, &mut text);
        let binding = self.store_binding(binding);
        Ok((
            text.clone(),
            self.domain
                .seal(Kind::SecretAccessKey, &binding, text.as_bytes())?,
        ))
    }

    /// Seals something that stands in no row.
    pub(crate) fn seal_for_store(
        &self,
        kind: Kind,
        binding: Binding,
        secret: &SecretBytes,
    ) -> StoreResult<Vec<u8>> {
        let binding = self.store_binding(binding);
        Ok(self.domain.seal(kind, &binding, secret.expose()?)?)
    }

    /// Opens what `seal_for_store` sealed.
    pub(crate) fn open_for_store(
        &self,
        kind: Kind,
        binding: Binding,
        sealed: &[u8],
    ) -> StoreResult<SecretBytes> {
        Ok(self
            .domain
            .open(kind, &self.store_binding(binding), sealed)?)
    }

    fn material_binding(&self, binding: Binding, material_id: &str) -> Binding {
        self.store_binding(binding).with("material_id", material_id)
    }

    fn store_binding(&self, binding: Binding) -> Binding {
        binding
            .with("store", hex::encode(&self.store_id))
            .with("domain_key", self.domain_key_id())
    }
}

/// The newest wrapped key of a purpose.
pub(crate) fn newest(rows: &[WrappedKey], purpose: Purpose) -> StoreResult<&WrappedKey> {
    rows.iter()
        .filter(|row| row.purpose == purpose)
        .max_by_key(|row| row.version)
        .ok_or_else(|| StoreFault::Integrity(format!("domain_keys has no {} key", purpose.name())))
}

/// Derives key `label` from the audit key; the audit key is wiped on return.
pub(crate) fn audit_sealing_key(
    root: &RootKey,
    store_id: &[u8; 16],
    rows: &[WrappedKey],
) -> StoreResult<SealingKey> {
    Ok(SealingKey::new(
        newest(rows, Purpose::Audit)?
            .open(root, store_id)?
            .expose()?,
    )?)
}
