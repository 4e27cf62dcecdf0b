//! The engine: one store's key table, backend, audit log and clock behind the pipeline.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kmscore_crypto::random;
use kmscore_sys::counter::SharedCounter;
use kmscore_sys::fork;

use crate::anchor::Anchor;
use crate::audit::{self, Audit};
use crate::backend::Backend;
use crate::ciphertext::KeyId;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::hierarchy::{KeyHierarchy, WrappedKey};
use crate::key_pair_pool::KeyPairPool;
use crate::key_table::KeyTable;
use crate::policy::DecisionCache;
use crate::quota::Quotas;
use crate::root_key::RootKey;
use crate::spec::KeySpec;
use crate::store::Store;
use crate::store_fault::{StoreFault, StoreResult};

/// The most memory that decisions are remembered in.
const DECISION_BYTES: usize = 8 << 20;

/// What an engine is made of.
pub struct Configuration {
    /// The store's key hierarchy.
    pub hierarchy: Arc<KeyHierarchy>,
    /// The wrapped keys of the hierarchy, for the audit session.
    pub wrapped: Vec<WrappedKey>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// Where key material lives.
    pub backend: Arc<dyn Backend>,
    /// The shared-memory counter beside the store.
    pub counter: SharedCounter,
    /// Time.
    pub clock: Arc<Clock>,
    /// Where audit segments go.
    pub audit_directory: PathBuf,
    /// The anchor file.
    pub anchor_path: PathBuf,
    /// The store's epoch.
    pub epoch: u64,
    /// When a record counts as written.
    pub audit_mode: audit::Mode,
    /// Bound on the memory of the key table.
    pub key_cache_bytes: usize,
    /// Exactly AWS's documented behaviour.
    pub strict: bool,
    /// How many data key pairs of each spec are made ahead; none when empty.
    pub key_pairs: Vec<(KeySpec, usize)>,
    /// Request quotas; `None` when calls are not counted.
    pub quotas: Option<Quotas>,
}

/// One open store.
pub struct Engine {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) table: KeyTable,
    pub(crate) audit: Audit,
    pub(crate) clock: Arc<Clock>,
    pub(crate) strict: bool,
    pub(crate) hierarchy: Arc<KeyHierarchy>,
    pub(crate) decisions: DecisionCache,
    pub(crate) key_pairs: KeyPairPool,
    pub(crate) quotas: Option<Quotas>,
    generation: u64,
    closed: AtomicBool,
}

impl Engine {
    /// Starts an engine. The root key is used for the audit session and not kept.
    pub fn new(configuration: Configuration, root: &RootKey) -> StoreResult<Self> {
        let store_id = *configuration.hierarchy.store_id();
        let anchor = Anchor::new(
            configuration.anchor_path,
            configuration.epoch,
            Arc::clone(&configuration.hierarchy),
        );
        let audit = Audit::new(
            configuration.audit_mode,
            configuration.audit_directory,
            root,
            store_id,
            &configuration.wrapped,
            Arc::clone(&configuration.clock),
            Arc::new(anchor),
        )?;
        Ok(Self {
            store: configuration.store,
            backend: configuration.backend,
            table: KeyTable::new(configuration.counter, configuration.key_cache_bytes),
            audit,
            clock: configuration.clock,
            strict: configuration.strict,
            hierarchy: configuration.hierarchy,
            decisions: DecisionCache::new(DECISION_BYTES),
            key_pairs: KeyPairPool::new(&configuration.key_pairs)
                .map_err(|_| StoreFault::Crypto)?,
            quotas: configuration.quotas,
            generation: fork::generation(),
            closed: AtomicBool::new(false),
        })
    }

    /// Whether this process is a fork of the one that started the engine: nothing of it may then be used.
    #[must_use]
    pub fn is_forked(&self) -> bool {
        self.generation != fork::generation()
    }

    /// Whether `close` was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Whether it is to behave exactly as AWS KMS documents, without any leniency.
    #[must_use]
    pub const fn is_strict(&self) -> bool {
        self.strict
    }

    /// The audit log.
    #[must_use]
    pub const fn audit(&self) -> &Audit {
        &self.audit
    }

    /// The data key pairs that are made ahead.
    #[must_use]
    pub const fn key_pairs(&self) -> &KeyPairPool {
        &self.key_pairs
    }

    /// Copies a committed outbox record into the segment and raises the anchor.
    pub fn append_committed(&self, record: &str, state: u64) -> Result<()> {
        self.audit.append(record, &*self.store)?;
        self.audit.anchor_heads(state)
    }

    /// Wipes all key material, ends the segment and writes the anchor.
    pub fn close(&self) -> Result<()> {
        if self.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        self.table.clear();
        self.audit.close();
        self.audit.anchor_heads(0)
    }
}

/// A fresh key id.
pub fn new_key_id(multi_region: bool) -> Result<KeyId> {
    let mut bytes = [0; 16];
    random::fill(&mut bytes).map_err(|_| no_randomness())?;
    Ok(KeyId::from_random(bytes, multi_region))
}

/// A fresh request id: a UUID.
pub(crate) fn new_request_id() -> Result<String> {
    let mut bytes = [0; 16];
    random::nonces(&mut bytes).map_err(|_| no_randomness())?;
    Ok(KeyId::from_random(bytes, false).to_string())
}

pub(crate) fn no_randomness() -> Error {
    Error::internal("the random generator of the operating system failed")
}
