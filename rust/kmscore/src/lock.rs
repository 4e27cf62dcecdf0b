//! Locks of the engine. No thread may hold one while it calls into the store: the store may need the Python
//! interpreter, whose lock another thread may hold while it waits for ours.

use std::collections::HashSet;
use std::hash::Hash;
use std::ops::{Deref, DerefMut};
use std::sync::{
    Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
};

#[cfg(debug_assertions)]
mod depth {
    use std::cell::Cell;
    thread_local!(static HELD: Cell<usize> = const { Cell::new(0) });

    #[derive(Debug)]
    pub(super) struct Token;
    impl Token {
        pub(super) fn new() -> Self {
            HELD.set(HELD.get() + 1);
            Self
        }
    }
    impl Drop for Token {
        fn drop(&mut self) {
            HELD.set(HELD.get() - 1);
        }
    }
    pub(super) fn held() -> usize {
        HELD.get()
    }
}

#[cfg(not(debug_assertions))]
mod depth {
    #[derive(Debug)]
    pub(super) struct Token;
    impl Token {
        pub(super) const fn new() -> Self {
            Self
        }
    }
    pub(super) const fn held() -> usize {
        0
    }
}

/// In debug builds, panics when this thread holds a lock of the engine.
pub fn assert_none_held() {
    debug_assert!(
        depth::held() == 0,
        "an engine lock is held while calling into the store"
    );
}

/// A guard that counts as held.
#[derive(Debug)]
pub(crate) struct Held<G> {
    guard: G,
    _token: depth::Token,
}

impl<G: Deref> Deref for Held<G> {
    type Target = G::Target;
    fn deref(&self) -> &Self::Target {
        &self.guard
    }
}

impl<G: DerefMut> DerefMut for Held<G> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.guard
    }
}

/// Locks a mutex. What the engine's mutexes guard is valid after each statement, so poison is not an error.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> Held<MutexGuard<'_, T>> {
    Held {
        guard: mutex.lock().unwrap_or_else(PoisonError::into_inner),
        _token: depth::Token::new(),
    }
}

/// Locks for reading.
pub(crate) fn read<T>(lock: &RwLock<T>) -> Held<RwLockReadGuard<'_, T>> {
    Held {
        guard: lock.read().unwrap_or_else(PoisonError::into_inner),
        _token: depth::Token::new(),
    }
}

/// Locks for writing.
pub(crate) fn write<T>(lock: &RwLock<T>) -> Held<RwLockWriteGuard<'_, T>> {
    Held {
        guard: lock.write().unwrap_or_else(PoisonError::into_inner),
        _token: depth::Token::new(),
    }
}

/// Work that only one thread does at a time, each piece named by a key; the others wait for it, holding nothing.
#[derive(Debug)]
pub(crate) struct Flights<K: Eq + Hash + Clone> {
    under_way: Mutex<HashSet<K>>,
    landed: Condvar,
}

impl<K: Eq + Hash + Clone + Send + Sync> Flights<K> {
    pub(crate) fn new() -> Self {
        Self {
            under_way: Mutex::new(HashSet::new()),
            landed: Condvar::new(),
        }
    }

    /// Starts a piece of work; `None` after having waited for another thread's. `blocking` runs the wait with the
    /// interpreter released.
    pub(crate) fn start(
        &self,
        key: &K,
        blocking: impl FnOnce(&mut (dyn FnMut() + Send)),
    ) -> Option<Flight<'_, K>> {
        if lock(&self.under_way).insert(key.clone()) {
            return Some(Flight {
                flights: self,
                key: key.clone(),
            });
        }
        blocking(&mut || {
            let mut under_way = self
                .under_way
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            while under_way.contains(key) {
                under_way = self
                    .landed
                    .wait(under_way)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        });
        None
    }
}

/// Work under way; dropping it lets the waiting threads go on.
#[derive(Debug)]
pub(crate) struct Flight<'a, K: Eq + Hash + Clone> {
    flights: &'a Flights<K>,
    key: K,
}

impl<K: Eq + Hash + Clone> Drop for Flight<'_, K> {
    fn drop(&mut self) {
        lock(&self.flights.under_way).remove(&self.key);
        self.flights.landed.notify_all();
    }
}
