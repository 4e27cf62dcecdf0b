//! A KMS key as the engine holds it: its row, its compiled key policy, its opened material, its grants.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use crate::arn;
use crate::backend::{Backend, Material};
use crate::ciphertext::{KeyId, MaterialId};
use crate::error::{Error, Result};
use crate::identity::GrantRow;
use crate::lock;
use crate::material;
use crate::policy::{Document, Kind, Principal};
use crate::spec::{KeySpec, KeyUsage, Origin, State};
use crate::store::Store;

/// Grants of this many principals are kept with a key.
const GRANTEES: usize = 64;

/// A key as the store has it.
#[derive(Debug, Clone)]
pub struct KeyRow {
    /// The owning account.
    pub account: Box<str>,
    /// The Region.
    pub region: Box<str>,
    /// The id.
    pub key_id: KeyId,
    /// The key spec.
    pub spec: KeySpec,
    /// The key usage.
    pub usage: KeyUsage,
    /// Where the material comes from.
    pub origin: Origin,
    /// The key state.
    pub state: State,
    /// The Region of the primary key, when this is a multi-Region key.
    pub primary_region: Option<Box<str>>,
    /// AWS manages the key, for one of its services.
    pub aws_managed: bool,
    /// When something is to be done to the key: it must be loaded again then. Microseconds since 1970.
    pub due: Option<i64>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// Names of its aliases.
    pub aliases: Vec<String>,
    /// The text of the key policy named `default`.
    pub policy: String,
    /// Every version of its material.
    pub materials: Vec<MaterialRow>,
}

/// One version of a key's material as the store has it.
#[derive(Debug, Clone)]
pub struct MaterialRow {
    /// Its id.
    pub material_id: MaterialId,
    /// The sealed record.
    pub sealed: Vec<u8>,
    /// New ciphertext is made under it.
    pub current: bool,
    /// Raised with each change of the record.
    pub record_version: i64,
}

/// A key in the table: its row, what was compiled from it, and its opened material.
pub struct KeyEntry {
    row: KeyRow,
    arn: String,
    policy: Option<Document>,
    grants: Mutex<HashMap<Box<str>, Arc<[GrantRow]>>>,
    opened: Vec<OnceLock<Arc<dyn Material>>>,
    used: AtomicU64,
}

impl KeyEntry {
    pub(crate) fn new(row: KeyRow) -> Self {
        let arn = arn::key(&row.region, &row.account, row.key_id);
        let policy = Document::compile(&row.policy, Kind::KeyPolicy).ok();
        let opened = row.materials.iter().map(|_| OnceLock::new()).collect();
        Self {
            row,
            arn,
            policy,
            grants: Mutex::default(),
            opened,
            used: AtomicU64::new(0),
        }
    }

    /// The stored row.
    #[must_use]
    pub const fn row(&self) -> &KeyRow {
        &self.row
    }

    /// The key ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The compiled key policy; one that does not compile allows nothing.
    #[must_use]
    pub const fn policy(&self) -> Option<&Document> {
        self.policy.as_ref()
    }

    /// The grants of this key to a principal, loaded when they are asked for first. A change of them is one of the key.
    pub fn grants(&self, principal: &Principal, store: &dyn Store) -> Result<Arc<[GrantRow]>> {
        if let Some(known) = lock::lock(&self.grants).get(principal.arn()) {
            return Ok(Arc::clone(known));
        }
        let mut names = vec![principal.arn()];
        names.extend(principal.issuer());
        let rows = store.load_grants(&self.row.region, self.row.key_id, &names)?;
        let rows: Arc<[GrantRow]> = rows.into();
        let mut known = lock::lock(&self.grants);
        if known.len() >= GRANTEES {
            known.clear();
        }
        known.insert(principal.arn().into(), Arc::clone(&rows));
        Ok(rows)
    }

    /// The material new ciphertext is made under.
    pub fn current_material(&self, backend: &dyn Backend) -> Result<&Arc<dyn Material>> {
        let index = self
            .row
            .materials
            .iter()
            .position(|material| material.current);
        self.material_at(index.ok_or_else(|| self.without_material())?, backend)
    }

    /// The material a blob names, by the half of its id that a blob carries.
    pub fn material(
        &self,
        short_id: &[u8; 16],
        backend: &dyn Backend,
    ) -> Result<Option<&Arc<dyn Material>>> {
        let index = self
            .row
            .materials
            .iter()
            .position(|material| material.material_id.short() == short_id);
        index
            .map(|index| self.material_at(index, backend))
            .transpose()
    }

    fn material_at(&self, index: usize, backend: &dyn Backend) -> Result<&Arc<dyn Material>> {
        if let Some(opened) = self.opened[index].get() {
            return Ok(opened);
        }
        let material = backend
            .open(&self.row, &self.row.materials[index])
            .map_err(|fault| Error::internal(fault.to_string()))?;
        Ok(self.opened[index].get_or_init(|| material))
    }

    fn without_material(&self) -> Error {
        Error::internal(format!(
            "{} has no current key material in the store",
            self.arn
        ))
    }

    /// Remembers when it was used last, on the table's clock.
    pub(crate) fn note_use(&self, tick: u64) {
        self.used.store(tick, Ordering::Relaxed);
    }

    /// When it was used last.
    pub(crate) fn last_use(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// A bound on the memory of this entry with all material opened.
    pub(crate) fn cost(&self) -> usize {
        let tags: usize = self.row.tags.iter().map(|(k, v)| k.len() + v.len()).sum();
        1024 + tags
            + self.row.policy.len() * 4
            + self
                .row
                .materials
                .iter()
                .map(|m| m.sealed.len() + material::opened_size(self.row.spec))
                .sum::<usize>()
    }
}
