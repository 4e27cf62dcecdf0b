//! The engine's view of keys and aliases: a cache over the store that never shows a state older than the last
//! acknowledged change. DESIGN.md "Key table and consistency".

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use kmscore_sys::counter::SharedCounter;

use crate::ciphertext::KeyId;
use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::key_entry::KeyEntry;
use crate::lock::{self, Flights};
use crate::store::{Change, Store};

/// A key of one Region; `None` when it is known to be absent.
type Placed = (Box<str>, Option<Arc<KeyEntry>>);
type AliasKey = (Box<str>, Box<str>, Box<str>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Load {
    Refresh,
    Key(KeyId, Box<str>),
    Alias(AliasKey),
    Identity(Box<str>),
}

#[derive(Default)]
struct Tables {
    state: u64,
    keys: HashMap<KeyId, Vec<Placed>>,
    aliases: HashMap<AliasKey, Option<KeyId>>,
    /// By account, kind and name, as `Principal::stored_as` writes them.
    identities: HashMap<Box<str>, Arc<Identity>>,
    bytes: usize,
    absent: usize,
}

/// The cache. Absent keys and aliases are remembered too, until the state changes.
pub struct KeyTable {
    counter: SharedCounter,
    /// The even counter value at which the tables were last known to be current.
    current_at: AtomicU64,
    tables: RwLock<Tables>,
    loads: Flights<Load>,
    tick: AtomicU64,
    capacity: usize,
}

/// Remembered absences are dropped beyond this many: a caller who guesses ids must not fill the memory.
const ABSENT_LIMIT: usize = 65_536;
/// Principals beyond this many are loaded again: their policies take memory.
const IDENTITIES: usize = 4_096;
const NEVER: u64 = u64::MAX;

impl KeyTable {
    /// An empty table that holds at most `capacity` bytes of keys.
    #[must_use]
    pub fn new(counter: SharedCounter, capacity: usize) -> Self {
        Self {
            counter,
            current_at: AtomicU64::new(NEVER),
            tables: RwLock::default(),
            loads: Flights::new(),
            tick: AtomicU64::new(0),
            capacity,
        }
    }

    /// Makes the table as new as every change acknowledged before this call; returns the state it stands for.
    ///
    /// Each call of the pipeline begins with this.
    pub fn refresh(&self, store: &dyn Store) -> Result<()> {
        loop {
            let seen = self.counter.load();
            if seen.is_multiple_of(2) && seen == self.current_at.load(Ordering::Acquire) {
                return Ok(());
            }
            if let Some(_flight) = self
                .loads
                .start(&Load::Refresh, |wait| store.blocking(wait))
            {
                return self.read_changes(store);
            }
        }
    }

    /// The state number the table stands for.
    #[must_use]
    pub fn state(&self) -> u64 {
        lock::read(&self.tables).state
    }

    /// The key of this id in a Region. One to which something is due is loaded anew, which does it.
    pub fn key(
        &self,
        region: &str,
        key_id: KeyId,
        now: i64,
        store: &dyn Store,
    ) -> Result<Option<Arc<KeyEntry>>> {
        loop {
            if let Some(known) = self.known_key(region, key_id, now) {
                return Ok(known);
            }
            let load = Load::Key(key_id, region.into());
            if let Some(_flight) = self.loads.start(&load, |wait| store.blocking(wait)) {
                let before = self.state();
                let entry = store
                    .load_key(region, key_id)?
                    .map(|row| Arc::new(KeyEntry::new(row)));
                self.keep_key(before, region, key_id, entry.as_ref());
                return Ok(entry);
            }
        }
    }

    /// The key id an alias stands for.
    pub fn alias(
        &self,
        account: &str,
        region: &str,
        name: &str,
        store: &dyn Store,
    ) -> Result<Option<KeyId>> {
        let key: AliasKey = (account.into(), region.into(), name.into());
        loop {
            if let Some(known) = lock::read(&self.tables).aliases.get(&key) {
                return Ok(*known);
            }
            if let Some(_flight) = self
                .loads
                .start(&Load::Alias(key.clone()), |wait| store.blocking(wait))
            {
                let before = self.state();
                let target = store.load_alias(account, region, name)?;
                let mut tables = lock::write(&self.tables);
                if tables.state == before {
                    tables.bound_absent(target.is_none());
                    tables.aliases.insert(key, target);
                }
                return Ok(target);
            }
        }
    }

    /// A principal with its policies; `stored_as` is `account/kind/name`.
    pub fn identity(&self, stored_as: &str, store: &dyn Store) -> Result<Arc<Identity>> {
        loop {
            if let Some(known) = lock::read(&self.tables).identities.get(stored_as) {
                return Ok(Arc::clone(known));
            }
            let load = Load::Identity(stored_as.into());
            if let Some(_flight) = self.loads.start(&load, |wait| store.blocking(wait)) {
                let before = self.state();
                let mut parts = stored_as.splitn(3, '/');
                let mut part = || parts.next().unwrap_or_default();
                let (account, kind, name) = (part(), part(), part());
                let identity = Arc::new(Identity::new(store.load_identity(account, kind, name)?)?);
                let mut tables = lock::write(&self.tables);
                if tables.state == before {
                    if tables.identities.len() >= IDENTITIES {
                        tables.identities.clear();
                    }
                    tables
                        .identities
                        .insert(stored_as.into(), Arc::clone(&identity));
                }
                return Ok(identity);
            }
        }
    }

    /// Forgets everything and wipes opened material.
    pub fn clear(&self) {
        *lock::write(&self.tables) = Tables::default();
        self.current_at.store(NEVER, Ordering::Release);
    }

    fn read_changes(&self, store: &dyn Store) -> Result<()> {
        // The counter is read before the state: what is read after it is at least as new as what it announced.
        let announced = self.counter.load();
        let known = self.state();
        let head = store.head_state()?;
        if head < known {
            return Err(Error::internal(format!(
                "the store went back from state {known} to {head} while it was open"
            )));
        }
        if self.current_at.load(Ordering::Acquire) == NEVER {
            lock::write(&self.tables).apply(head, None);
        } else if head != known {
            let (state, changes) = store.changes_since(known)?;
            lock::write(&self.tables).apply(state, changes.as_deref());
        }
        if announced.is_multiple_of(2) {
            self.current_at.store(announced, Ordering::Release);
        }
        Ok(())
    }

    fn known_key(&self, region: &str, key_id: KeyId, now: i64) -> Option<Option<Arc<KeyEntry>>> {
        let tables = lock::read(&self.tables);
        let (_, entry) = tables
            .keys
            .get(&key_id)?
            .iter()
            .find(|(placed, _)| &**placed == region)?;
        if let Some(entry) = entry {
            if entry.row().due.is_some_and(|due| due <= now) {
                return None;
            }
            entry.note_use(self.tick.fetch_add(1, Ordering::Relaxed));
        }
        Some(entry.clone())
    }

    /// Keeps what was loaded unless the state moved meanwhile: the row may then be older than the table.
    fn keep_key(&self, before: u64, region: &str, key_id: KeyId, entry: Option<&Arc<KeyEntry>>) {
        let mut tables = lock::write(&self.tables);
        if tables.state != before {
            return;
        }
        tables.forget_key(region, key_id);
        tables.bound_absent(entry.is_none());
        tables.bytes += entry.map_or(0, |entry| entry.cost());
        if tables.bytes > self.capacity {
            tables.evict(self.capacity / 4 * 3);
        }
        let entry =
            entry.inspect(|entry| entry.note_use(self.tick.fetch_add(1, Ordering::Relaxed)));
        tables
            .keys
            .entry(key_id)
            .or_default()
            .push((region.into(), entry.cloned()));
    }
}

impl Tables {
    fn apply(&mut self, state: u64, changes: Option<&[Change]>) {
        let whole = changes.is_none_or(|changes| changes.contains(&Change::Unknown));
        if whole {
            *self = Self::default();
        }
        for change in changes.unwrap_or_default() {
            match change {
                Change::Key { region, key_id } => self.forget_key(region, *key_id),
                Change::Alias {
                    account,
                    region,
                    name,
                } => {
                    let key: AliasKey = (
                        account.as_str().into(),
                        region.as_str().into(),
                        name.as_str().into(),
                    );
                    self.aliases.remove(&key);
                }
                Change::Identity { account } => {
                    let prefix = format!("{account}/");
                    self.identities.retain(|key, _| !key.starts_with(&prefix));
                }
                Change::CustomKeyStore | Change::Unknown => {}
            }
        }
        self.state = state;
    }

    fn forget_key(&mut self, region: &str, key_id: KeyId) {
        let Some(placed) = self.keys.get_mut(&key_id) else {
            return;
        };
        placed.retain(|(at, entry)| {
            let keep = &**at != region;
            if let (false, Some(entry)) = (keep, entry) {
                self.bytes -= entry.cost();
            }
            keep
        });
        if placed.is_empty() {
            self.keys.remove(&key_id);
        }
    }

    fn bound_absent(&mut self, one_more: bool) {
        self.absent += usize::from(one_more);
        if self.absent > ABSENT_LIMIT {
            self.keys.retain(|_, placed| {
                placed.retain(|(_, entry)| entry.is_some());
                !placed.is_empty()
            });
            self.aliases.retain(|_, target| target.is_some());
            self.absent = 0;
        }
    }

    /// Drops the least recently used keys until `target` bytes are left.
    fn evict(&mut self, target: usize) {
        let mut ages: Vec<(u64, usize)> =
            self.entries().map(|e| (e.last_use(), e.cost())).collect();
        ages.sort_unstable();
        let mut left = self.bytes;
        let mut newest_dropped = None;
        for (used, cost) in ages {
            if left <= target {
                break;
            }
            left -= cost;
            newest_dropped = Some(used);
        }
        let Some(limit) = newest_dropped else { return };
        self.keys.retain(|_, placed| {
            placed.retain(|(_, entry)| entry.as_ref().is_none_or(|e| e.last_use() > limit));
            !placed.is_empty()
        });
        self.bytes = self.entries().map(|entry| entry.cost()).sum();
    }

    fn entries(&self) -> impl Iterator<Item = &Arc<KeyEntry>> {
        self.keys
            .values()
            .flatten()
            .filter_map(|(_, entry)| entry.as_ref())
    }
}
