//! Data key pairs made ahead, so that GenerateDataKeyPair need not wait for primes. Off unless sizes are given.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use kmscore_crypto::Unspecified;
use kmscore_crypto::secret::SecretBytes;

use crate::key_pair::PrivateKey;
use crate::spec::KeySpec;

/// The most pairs of one spec that may wait: each is some kilobytes of locked memory.
pub const LIMIT: usize = 1024;

/// A data key pair.
#[derive(Debug)]
pub struct DataKeyPair {
    /// The private key as PrivateKeyInfo (RFC 5208).
    pub private: SecretBytes,
    /// The public key as SubjectPublicKeyInfo (RFC 5280).
    pub public: Vec<u8>,
}

impl DataKeyPair {
    /// A new pair of a spec.
    pub fn generate(spec: KeySpec) -> Result<Self, Unspecified> {
        let key = PrivateKey::generate(spec)?;
        Ok(Self {
            private: key.to_pkcs8()?,
            public: key.public_key().to_spki()?,
        })
    }
}

/// Pairs that wait, and one thread that makes more. Dropping the pool ends the thread and wipes the pairs.
pub struct KeyPairPool {
    shared: Arc<Shared>,
    maker: Option<JoinHandle<()>>,
}

struct Shared {
    shelves: Mutex<Shelves>,
    changed: Condvar,
}

struct Shelves {
    shelves: Vec<Shelf>,
    ended: bool,
}

struct Shelf {
    spec: KeySpec,
    size: usize,
    pairs: VecDeque<DataKeyPair>,
}

impl KeyPairPool {
    /// A pool that keeps so many pairs of each spec ready. Without any it is empty and has no thread.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub fn new(sizes: &[(KeySpec, usize)]) -> std::io::Result<Self> {
        let wanted = sizes.iter().filter(|(_, size)| *size > 0);
        let shelves: Vec<_> = wanted
            .map(|&(spec, size)| Shelf {
                spec,
                size: size.min(LIMIT),
                pairs: VecDeque::new(),
            })
            .collect();
        let idle = shelves.is_empty();
        let shared = Arc::new(Shared {
            shelves: Mutex::new(Shelves {
                shelves,
                ended: false,
            }),
            changed: Condvar::new(),
        });
        let maker = if idle {
            None
        } else {
            let shared = Arc::clone(&shared);
            let thread = std::thread::Builder::new().name("kmscore-key-pairs".to_owned());
            Some(thread.spawn(move || shared.fill())?)
        };
        Ok(Self { shared, maker })
    }

    /// A pair that waits, if there is one. Each is given out once.
    #[must_use]
    pub fn take(&self, spec: KeySpec) -> Option<DataKeyPair> {
        self.maker.as_ref()?;
        let mut shelves = self.shared.lock();
        let shelf = shelves
            .shelves
            .iter_mut()
            .find(|shelf| shelf.spec == spec)?;
        let pair = shelf.pairs.pop_front();
        self.shared.changed.notify_one();
        pair
    }

    /// How many pairs of each spec wait, beside how many shall.
    #[must_use]
    pub fn waiting(&self) -> Vec<(KeySpec, usize, usize)> {
        let shelves = self.shared.lock();
        let count = |shelf: &Shelf| (shelf.spec, shelf.pairs.len(), shelf.size);
        shelves.shelves.iter().map(count).collect()
    }
}

impl Drop for KeyPairPool {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_all();
        if let Some(maker) = self.maker.take() {
            // It ends after the pair it is at; a panic in it has lost nothing that is missed here.
            let _ = maker.join();
        }
    }
}

impl Shared {
    /// What the thread does. When the generator fails it gives up: calls then make their own pairs and report it.
    fn fill(&self) {
        while let Some(spec) = self.next_wanted() {
            let Ok(pair) = DataKeyPair::generate(spec) else {
                return;
            };
            let mut shelves = self.lock();
            let shelf = shelves.shelves.iter_mut().find(|shelf| shelf.spec == spec);
            if let Some(shelf) = shelf {
                shelf.pairs.push_back(pair);
            }
        }
    }

    /// Waits until a shelf has room; the emptiest first. `None` when the pool ends.
    fn next_wanted(&self) -> Option<KeySpec> {
        let mut shelves = self.lock();
        loop {
            if shelves.ended {
                return None;
            }
            let with_room = shelves.shelves.iter().filter(|s| s.pairs.len() < s.size);
            if let Some(shelf) = with_room.min_by_key(|s| s.pairs.len() * LIMIT / s.size) {
                return Some(shelf.spec);
            }
            shelves = self
                .changed
                .wait(shelves)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shelves> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::collections::HashSet;
    use std::time::Duration;

    use super::*;

    fn until(done: impl Fn() -> bool) {
        while !done() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn shelves_fill_up_to_their_sizes_and_again_after_a_take() {
        let sizes = [(KeySpec::EccNistP256, 3), (KeySpec::MlKem768, 2)];
        let pool = KeyPairPool::new(&sizes).unwrap();
        let full = || {
            pool.waiting()
                .iter()
                .all(|(_, waiting, size)| waiting == size)
        };
        until(full);
        let mut seen = HashSet::new();
        for _ in 0..10 {
            until(full);
            assert!(seen.insert(pool.take(KeySpec::EccNistP256).unwrap().public));
        }
        assert!(pool.take(KeySpec::Rsa2048).is_none());
        until(full);
    }

    #[test]
    fn a_pool_without_sizes_has_no_thread_and_no_pairs() {
        let pool = KeyPairPool::new(&[(KeySpec::Rsa2048, 0)]).unwrap();
        assert!(pool.maker.is_none() && pool.take(KeySpec::Rsa2048).is_none());
        assert!(pool.waiting().is_empty());
    }

    #[test]
    fn sizes_are_bounded() {
        let pool = KeyPairPool::new(&[(KeySpec::EccNistP256, usize::MAX)]).unwrap();
        assert_eq!(pool.waiting()[0].2, LIMIT);
    }
}
