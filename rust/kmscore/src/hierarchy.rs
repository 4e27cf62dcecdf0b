//! The key hierarchy: root key → domain key → sealed records, row MACs, anchor and audit seeds.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kmscore_crypto::hmac::HmacKey;
use kmscore_crypto::passphrase::{self, Argon2Parameters};
use kmscore_crypto::secret::SecretBytes;
use kmscore_crypto::{Unspecified, kdf};
use zeroize::Zeroizing;

use crate::ciphertext::{KeyId, MaterialId};
use crate::hex;
use crate::seal::{self, Binding, Kind, SealingKey};
use crate::spec::KeySpec;

const KEY_FILE_PREFIX: &str = "kmscore-root-key-v1 ";

/// Why the key hierarchy or something it protects cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreFault {
    /// The root key is missing, malformed, readable by others, or not this store's.
    RootKey(String),
    /// Something in or beside the store is not what kmscore wrote.
    Integrity(String),
    /// AWS-LC or the operating system failed, or this process is a fork of the one that opened the store.
    Crypto,
}

impl From<Unspecified> for StoreFault {
    fn from(_: Unspecified) -> Self {
        Self::Crypto
    }
}

impl core::fmt::Display for StoreFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::RootKey(text) | Self::Integrity(text) => f.write_str(text),
            Self::Crypto => f.write_str(
                "the cryptographic library refused: no randomness or locked memory, or keys opened before a fork",
            ),
        }
    }
}

/// The result of store-side calls.
pub type StoreResult<T> = Result<T, StoreFault>;

/// The key that wraps domain keys and nothing else.
pub struct RootKey {
    sealing: SealingKey,
}

impl RootKey {
    /// Draws a root key and writes it to a new file of mode 0600, synced with its folder.
    pub fn create_file(path: &Path) -> StoreResult<Self> {
        let key = SecretBytes::random(32)?;
        let mut line = Zeroizing::new(String::with_capacity(KEY_FILE_PREFIX.len() + 48));
        line.push_str(KEY_FILE_PREFIX);
        STANDARD.encode_string(key.expose()?, &mut line);
        line.push('\n');
        let write = || -> std::io::Result<()> {
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path)?;
            file.write_all(line.as_bytes())?;
            file.sync_all()?;
            File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
        };
        write().map_err(|error| root_key_fault(path, &format!("cannot be created: {error}")))?;
        Ok(Self {
            sealing: SealingKey::new(key.expose()?)?,
        })
    }

    /// Reads a key file; refuses one that others can read or that belongs to someone else.
    pub fn from_file(path: &Path) -> StoreResult<Self> {
        let file = File::open(path)
            .map_err(|error| root_key_fault(path, &format!("cannot be read: {error}")))?;
        let metadata = file
            .metadata()
            .map_err(|error| root_key_fault(path, &format!("cannot be read: {error}")))?;
        if metadata.mode() & 0o077 != 0 {
            let text = format!(
                "has mode {:04o}: others can read it; run chmod 600",
                metadata.mode() & 0o7777
            );
            return Err(root_key_fault(path, &text));
        }
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(root_key_fault(
                path,
                &format!("belongs to user {}, not to this process", metadata.uid()),
            ));
        }
        let mut text = Zeroizing::new(String::with_capacity(128));
        file.take(128)
            .read_to_string(&mut text)
            .map_err(|error| root_key_fault(path, &format!("cannot be read: {error}")))?;
        Self::parse(&text).ok_or_else(|| root_key_fault(path, "does not hold a kmscore root key"))
    }

    /// Stretches a passphrase with Argon2id (RFC 9106).
    pub fn from_passphrase(
        passphrase: &[u8],
        salt: &[u8],
        parameters: Argon2Parameters,
    ) -> StoreResult<Self> {
        let key = passphrase::argon2id(passphrase, salt, parameters).map_err(|_| {
            StoreFault::RootKey("the Argon2id parameters of the passphrase are out of range".into())
        })?;
        Ok(Self {
            sealing: SealingKey::new(key.expose()?)?,
        })
    }

    /// 32 hex digits that name the root key without showing it.
    #[must_use]
    pub fn key_id(&self) -> String {
        hex::encode(self.sealing.id())
    }

    fn parse(text: &str) -> Option<Self> {
        let encoded = text.strip_prefix(KEY_FILE_PREFIX)?.strip_suffix('\n')?;
        let mut key = Zeroizing::new([0; 48]);
        let length = STANDARD.decode_slice(encoded, &mut *key).ok()?;
        (length == 32)
            .then(|| SealingKey::new(&key[..32]).ok())?
            .map(|sealing| Self { sealing })
    }
}

fn root_key_fault(path: &Path, text: &str) -> StoreFault {
    StoreFault::RootKey(format!("root key file {} {text}", path.display()))
}

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

/// The value of a column in a row MAC.
#[derive(Debug)]
pub enum Column {
    /// SQL NULL.
    Null,
    /// An integer.
    Integer(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// Root → domain → records of one store. The root key itself is not kept.
pub struct KeyHierarchy {
    store_id: [u8; 16],
    domain: SealingKey,
    row_mac: HmacKey,
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
        let anchor_mac = domain.derive(b"kmscore anchor v1", &store_id)?;
        Ok(Self {
            store_id,
            domain,
            row_mac,
            anchor_mac,
        })
    }

    /// The same keys under another root key.
    pub fn rewrap(
        old: &RootKey,
        new: &RootKey,
        store_id: &[u8; 16],
        rows: &[WrappedKey],
    ) -> StoreResult<Vec<WrappedKey>> {
        rows.iter()
            .map(|row| {
                WrappedKey::seal(
                    new,
                    store_id,
                    row.purpose,
                    row.version,
                    &row.open(old, store_id)?,
                )
            })
            .collect()
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

    /// Draws key material, names it, and seals it bound to `binding` and its own names.
    pub fn new_material(
        &self,
        key_id: KeyId,
        spec: KeySpec,
        binding: Binding,
    ) -> StoreResult<(String, Vec<u8>)> {
        let material = SecretBytes::random(
            crate::backend::software::material_length(spec).ok_or_else(|| {
                StoreFault::Integrity(format!(
                    "key material of spec {} cannot be made by this version",
                    spec.name()
                ))
            })?,
        )?;
        let id = MaterialId::of(&HmacKey::new(material.expose()?)?, key_id)?;
        let sealed = self.domain.seal(
            Kind::Material,
            &self.material_binding(binding, &id.to_string()),
            material.expose()?,
        )?;
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

fn row_content(table: &str, columns: &mut [(String, Column)]) -> StoreResult<Vec<u8>> {
    columns.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    let mut out = Vec::with_capacity(256);
    push_name(&mut out, table)?;
    for (name, value) in columns.iter() {
        push_name(&mut out, name)?;
        let decimal;
        let (kind, bytes): (u8, &[u8]) = match value {
            Column::Null => (0, &[]),
            Column::Integer(number) => {
                decimal = number.to_string();
                (1, decimal.as_bytes())
            }
            Column::Text(text) => (2, text.as_bytes()),
            Column::Bytes(bytes) => (3, bytes),
        };
        out.push(kind);
        let length = u32::try_from(bytes.len()).map_err(|_| too_long(name))?;
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(bytes);
    }
    Ok(out)
}

fn push_name(out: &mut Vec<u8>, name: &str) -> StoreResult<()> {
    let length = u16::try_from(name.len()).map_err(|_| too_long(name))?;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(name.as_bytes());
    Ok(())
}

fn too_long(name: &str) -> StoreFault {
    StoreFault::Integrity(format!("column {name} is too long for a row"))
}

/// A key derived from another, for the audit chain. The bytes in between never leave the stack, and are wiped.
pub(crate) fn derive_key(
    key: &HmacKey,
    label: &[u8],
    context: &[u8],
) -> Result<HmacKey, Unspecified> {
    let mut derived = Zeroizing::new([0; 32]);
    kdf::derive(key, label, &[context], &mut *derived)?;
    HmacKey::new(&*derived)
}
