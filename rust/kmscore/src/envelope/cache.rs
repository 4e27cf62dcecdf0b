//! Data keys that are used again, within limits (AWS Encryption SDK Specification, `framework/caching-cmm.md`).

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::fault::EnvelopeResult;
use super::header::Header;
use super::materials::{DataKey, EncryptionMaterials, EncryptionRequest};

/// How long and how often a data key may be used.
#[derive(Debug, Clone, Copy)]
pub struct CacheLimits {
    /// Since it was made.
    pub max_age: Duration,
    /// Messages that are encrypted under one data key.
    pub max_messages: u64,
    /// Bytes that are encrypted under one data key.
    pub max_bytes: u64,
    /// Data keys kept for encrypting, and as many for decrypting; the one not used for the longest time goes first.
    pub capacity: usize,
}

/// How often the cache answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheStatistics {
    /// Answers.
    pub hits: u64,
    /// Data keys that had to be asked for.
    pub misses: u64,
}

/// A cache of data keys for one keyring.
pub struct MaterialsCache {
    limits: CacheLimits,
    encrypting: Mutex<Shelf<Arc<EncryptionMaterials>>>,
    decrypting: Mutex<Shelf<Arc<DataKey>>>,
}

impl MaterialsCache {
    /// An empty cache.
    #[must_use]
    pub fn new(limits: CacheLimits) -> Self {
        Self {
            limits,
            encrypting: Mutex::default(),
            decrypting: Mutex::default(),
        }
    }

    /// Materials for so many more messages with this many bytes in all, if there are some that may still be used.
    pub fn encrypting(
        &self,
        request: &EncryptionRequest,
        messages: u64,
        bytes: u64,
    ) -> Option<Arc<EncryptionMaterials>> {
        let usable = |materials: &Arc<EncryptionMaterials>| materials.data_key.is_usable();
        let more = (messages, bytes);
        locked(&self.encrypting).take(request.identity(), &self.limits, more, usable)
    }

    /// Keeps materials that are used for first messages: so many, with this many bytes in all.
    pub fn keep_encrypting(
        &self,
        request: &EncryptionRequest,
        materials: Arc<EncryptionMaterials>,
        messages: u64,
        bytes: u64,
    ) {
        let entry = Entry::new(materials, messages, bytes);
        locked(&self.encrypting).put(request.identity().to_vec(), entry, &self.limits);
    }

    /// The data key of a message, if it is known.
    pub fn decrypting(&self, header: &Header) -> EnvelopeResult<Option<Arc<DataKey>>> {
        let identity = header.identity()?;
        let usable = |key: &Arc<DataKey>| key.is_usable();
        Ok(locked(&self.decrypting).take(&identity, &self.limits.unlimited_use(), (0, 0), usable))
    }

    /// Keeps the data key of a message.
    pub fn keep_decrypting(&self, header: &Header, key: Arc<DataKey>) -> EnvelopeResult<()> {
        locked(&self.decrypting).put(header.identity()?, Entry::new(key, 0, 0), &self.limits);
        Ok(())
    }

    /// How often each half answered: encrypting, decrypting.
    #[must_use]
    pub fn statistics(&self) -> [CacheStatistics; 2] {
        [
            locked(&self.encrypting).statistics,
            locked(&self.decrypting).statistics,
        ]
    }

    /// Forgets all data keys.
    pub fn clear(&self) {
        locked(&self.encrypting).entries.clear();
        locked(&self.decrypting).entries.clear();
    }
}

impl CacheLimits {
    /// Decrypting counts nothing: it uses up no data key.
    const fn unlimited_use(mut self) -> Self {
        self.max_messages = u64::MAX;
        self.max_bytes = u64::MAX;
        self
    }
}

fn locked<T>(shelf: &Mutex<Shelf<T>>) -> std::sync::MutexGuard<'_, Shelf<T>> {
    // A panic while the lock is held can lose an entry at most.
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Entry<T> {
    value: T,
    made: Instant,
    messages: u64,
    bytes: u64,
    used: u64,
}

impl<T> Entry<T> {
    fn new(value: T, messages: u64, bytes: u64) -> Self {
        Self {
            value,
            made: Instant::now(),
            messages,
            bytes,
            used: 0,
        }
    }

    fn allows(&self, limits: &CacheLimits, (messages, bytes): (u64, u64)) -> bool {
        self.made.elapsed() < limits.max_age
            && self.messages < limits.max_messages
            && within(self.messages, messages, limits.max_messages)
            && within(self.bytes, bytes, limits.max_bytes)
    }
}

fn within(used: u64, more: u64, most: u64) -> bool {
    used.checked_add(more).is_some_and(|sum| sum <= most)
}

struct Shelf<T> {
    entries: HashMap<Vec<u8>, Entry<T>>,
    uses: u64,
    statistics: CacheStatistics,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            uses: 0,
            statistics: CacheStatistics::default(),
        }
    }
}

impl<T: Clone> Shelf<T> {
    fn take(
        &mut self,
        identity: &[u8],
        limits: &CacheLimits,
        more: (u64, u64),
        usable: impl Fn(&T) -> bool,
    ) -> Option<T> {
        self.uses += 1;
        let usable = |entry: &Entry<T>| entry.allows(limits, (0, 0)) && usable(&entry.value);
        if self
            .entries
            .get(identity)
            .is_some_and(|entry| !usable(entry))
        {
            self.entries.remove(identity);
        }
        let found = self.entries.get_mut(identity);
        // One that is used up for so long a message may still serve a shorter one.
        let Some(entry) = found.filter(|entry| entry.allows(limits, more)) else {
            self.statistics.misses += 1;
            return None;
        };
        self.statistics.hits += 1;
        entry.messages += more.0;
        entry.bytes += more.1;
        entry.used = self.uses;
        Some(entry.value.clone())
    }

    fn put(&mut self, identity: Vec<u8>, mut entry: Entry<T>, limits: &CacheLimits) {
        entry.used = self.uses;
        if self.entries.len() >= limits.capacity && !self.entries.contains_key(&identity) {
            remove_oldest(&mut self.entries);
        }
        self.entries.insert(identity, entry);
    }
}

fn remove_oldest<K: Clone + Eq + Hash, T>(entries: &mut HashMap<K, Entry<T>>) {
    let oldest = entries
        .iter()
        .min_by_key(|(_, entry)| entry.used)
        .map(|(key, _)| key.clone());
    if let Some(oldest) = oldest {
        entries.remove(&oldest);
    }
}
