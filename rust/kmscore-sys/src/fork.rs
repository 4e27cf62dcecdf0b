//! Tells a forked child from its parent.

use std::cell::{Cell, UnsafeCell};
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::mapping;

static GENERATION: AtomicU64 = AtomicU64::new(1);
/// Not a `OnceLock`: a child forked while another thread installs would wait for that thread for ever.
static SENTINEL: AtomicPtr<AtomicU64> = AtomicPtr::new(core::ptr::null_mut());

/// A number that is raised in every forked child, so that it differs from what the parent saw.
#[must_use]
pub fn generation() -> u64 {
    notice(sentinel().unwrap_or_else(install));
    GENERATION.load(Ordering::Relaxed)
}

/// A non-zero word in memory that the kernel wipes on fork: it also tells of forks that run no handlers (a raw `clone`).
fn sentinel() -> Option<&'static AtomicU64> {
    // SAFETY: the pointer is null or the start of a page that `install` mapped and nobody unmaps.
    unsafe { SENTINEL.load(Ordering::Acquire).as_ref() }
}

/// Two threads may both install; then a fork raises the generation twice, which is as good as once.
#[cold]
fn install() -> &'static AtomicU64 {
    // SAFETY: the handlers touch atomics and a lock that the forking thread itself holds, and this library is never
    // unloaded.
    let status = unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
    assert_eq!(
        status, 0,
        "no memory to watch for forks; going on would repeat random numbers"
    );
    let page = mapping::map(size_of::<AtomicU64>()).expect("memory to watch for forks");
    // SAFETY: a page is aligned for any integer, every bit pattern is a valid one, and it is never unmapped.
    let word = unsafe { page.cast::<AtomicU64>().as_ref() };
    word.store(1, Ordering::Relaxed);
    SENTINEL.store(page.as_ptr().cast(), Ordering::Release);
    word
}

fn notice(word: &AtomicU64) {
    if word.load(Ordering::Relaxed) == 0 && word.swap(1, Ordering::Relaxed) == 0 {
        GENERATION.fetch_add(1, Ordering::Relaxed);
    }
}

/// Held to read by whoever must not be interrupted by a fork, to write by whoever forks.
static FORKS: RwLock<()> = RwLock::new(());

/// The forking thread's hold, from before the fork to after it.
struct Forking(UnsafeCell<Option<RwLockWriteGuard<'static, ()>>>);

// SAFETY: only the thread that holds `FORKS` to write touches it.
unsafe impl Sync for Forking {}

static FORKING: Forking = Forking(UnsafeCell::new(None));

/// While it lives, other threads wait with their forks.
///
/// A library whose lock is held at the moment of a fork waits for ever in the child: the thread that would let go of the
/// lock is not there. Holds may be nested; a thread that has one must not fork.
pub struct HoldOff {
    _hold: Option<RwLockReadGuard<'static, ()>>,
}

thread_local!(static HOLDS: Cell<usize> = const { Cell::new(0) });

impl HoldOff {
    /// Begins to hold forks off.
    #[must_use]
    pub fn begin() -> Self {
        if sentinel().is_none() {
            install();
        }
        let outermost = HOLDS.replace(HOLDS.get() + 1) == 0;
        let hold = || FORKS.read().unwrap_or_else(PoisonError::into_inner);
        Self {
            _hold: outermost.then(hold),
        }
    }
}

impl Drop for HoldOff {
    fn drop(&mut self) {
        HOLDS.set(HOLDS.get() - 1);
    }
}

extern "C" fn before() {
    let hold = FORKS.write().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: this thread holds the lock.
    unsafe { *FORKING.0.get() = Some(hold) };
}

extern "C" fn in_parent() {
    // SAFETY: this thread took the lock in `before`.
    drop(unsafe { (*FORKING.0.get()).take() });
}

/// Where the kernel cannot wipe on fork, this alone raises the generation.
extern "C" fn in_child() {
    in_parent();
    GENERATION.fetch_add(1, Ordering::Relaxed);
    if let Some(word) = sentinel() {
        word.store(1, Ordering::Relaxed);
    }
}

/// A value that each process makes for itself on first use.
///
/// The parent's value is leaked in a child: one of its locks may have been held by a thread that does not exist there.
pub struct PerProcess<T: Send + Sync + 'static> {
    current: AtomicPtr<Made<T>>,
}

struct Made<T> {
    generation: u64,
    value: T,
}

impl<T: Send + Sync + 'static> PerProcess<T> {
    /// A place for the value, empty yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            current: AtomicPtr::new(core::ptr::null_mut()),
        }
    }

    /// This process's value, made now if it has none.
    pub fn get_or_make(&'static self, make: impl FnOnce() -> T) -> &'static T {
        let generation = generation();
        let found = self.current.load(Ordering::Acquire);
        // SAFETY: a non-null pointer came from `Box::leak` below and is never freed.
        match unsafe { found.as_ref() } {
            Some(made) if made.generation == generation => &made.value,
            _ => self.replace(
                found,
                Made {
                    generation,
                    value: make(),
                },
            ),
        }
    }

    fn replace(&'static self, found: *mut Made<T>, made: Made<T>) -> &'static T {
        let made = Box::into_raw(Box::new(made));
        let winner =
            match self
                .current
                .compare_exchange(found, made, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => made,
                Err(other) => {
                    // SAFETY: the exchange failed, so `made` was never shared and is still owned here.
                    drop(unsafe { Box::from_raw(made) });
                    other
                }
            };
        // SAFETY: both candidates came from `Box::into_raw`; the one in place is never freed.
        unsafe { &(*winner).value }
    }
}

impl<T: Send + Sync + 'static> Default for PerProcess<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generation_is_steady_within_a_process() {
        assert_eq!(generation(), generation());
    }

    #[test]
    fn a_value_is_made_once_a_process_even_by_racing_threads() {
        static PLACE: PerProcess<u32> = PerProcess::new();
        let places = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| core::ptr::from_ref(PLACE.get_or_make(|| 7)).addr()))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("the thread only reads"))
                .collect::<Vec<_>>()
        });
        assert!(places.iter().all(|place| *place == places[0]));
        assert_eq!(*PLACE.get_or_make(|| 8), 7);
    }
}
