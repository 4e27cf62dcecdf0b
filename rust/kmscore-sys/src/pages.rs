//! Memory for secrets that is wiped when it is dropped and refused in a forked child.
//!
//! Small secrets share pages of one size class; each page starts with a canary, which the kernel wipes on fork with
//! everything else, so that a child cannot take zeros for a key.

use core::ptr::NonNull;
use core::sync::atomic::{Ordering, compiler_fence};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::fork::{self, PerProcess};
use crate::mapping;
pub use crate::mapping::lock_failures;

/// Slot sizes within a page; anything longer has a mapping of its own.
const CLASSES: [usize; 3] = [64, 256, 1024];
/// Space at the start of a page for the canary; also the alignment of every buffer.
const HEADER: usize = 64;
const CANARY: u64 = 0x6b6d_7363_6f72_65a5;
const PAGES_PER_SLAB: usize = 8;

static POOL: PerProcess<Mutex<Pool>> = PerProcess::new();

/// The memory belongs to a parent process, or was wiped on fork.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wiped;

impl core::fmt::Display for Wiped {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the secret belongs to the process this one was forked from")
    }
}

impl std::error::Error for Wiped {}

/// Secret bytes of a fixed length, aligned to 64 bytes.
pub struct SecretBuffer {
    slot: Slot,
    length: usize,
    generation: u64,
}

// SAFETY: the buffer owns its slot alone, as a Box would; access follows the borrow of `self`.
unsafe impl Send for SecretBuffer {}
// SAFETY: as above; a shared borrow only reads.
unsafe impl Sync for SecretBuffer {}

impl SecretBuffer {
    /// Zero bytes, this many.
    pub fn new(length: usize) -> io::Result<Self> {
        let generation = fork::generation();
        let slot = match CLASSES.iter().position(|size| length <= *size) {
            Some(class) => pool().take(class)?,
            None => Slot::own_mapping(length)?,
        };
        Ok(Self {
            slot,
            length,
            generation,
        })
    }

    /// The bytes.
    pub fn expose(&self) -> Result<&[u8], Wiped> {
        self.check()?;
        // SAFETY: the slot holds `length` initialised bytes that only this buffer owns.
        Ok(unsafe { core::slice::from_raw_parts(self.slot.data.as_ptr(), self.length) })
    }

    /// The bytes, to be written.
    pub fn expose_mut(&mut self) -> Result<&mut [u8], Wiped> {
        self.check()?;
        // SAFETY: as in `expose`, and `self` is borrowed mutably.
        Ok(unsafe { core::slice::from_raw_parts_mut(self.slot.data.as_ptr(), self.length) })
    }

    /// How many bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    fn check(&self) -> Result<(), Wiped> {
        if self.generation == fork::generation() && self.slot.is_intact() {
            Ok(())
        } else {
            Err(Wiped)
        }
    }
}

impl core::fmt::Debug for SecretBuffer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SecretBuffer(<redacted; {} bytes>)", self.length)
    }
}

impl Drop for SecretBuffer {
    fn drop(&mut self) {
        if self.slot.is_intact() {
            wipe(self.slot.data, self.length);
        }
        // A child's copy of a parent's slot never enters the child's pool: it would be handed out without a canary.
        if self.check().is_ok() {
            give_back(self.slot, self.length);
        }
    }
}

#[derive(Clone, Copy)]
struct Slot {
    data: NonNull<u8>,
    canary: NonNull<u64>,
}

// SAFETY: a slot is an address; who may use the memory is decided by its owner, a buffer or the pool.
unsafe impl Send for Slot {}

impl Slot {
    /// A mapping with the canary first and the data after it.
    fn own_mapping(length: usize) -> io::Result<Self> {
        let length = length
            .checked_add(HEADER)
            .ok_or(io::ErrorKind::OutOfMemory)?;
        let start = mapping::map(length)?;
        // SAFETY: the mapping is page-aligned, longer than HEADER, and known to nobody else.
        Ok(unsafe { Self::in_page(start, HEADER) })
    }

    /// # Safety
    /// `page` must start a readable and writable page of this process, and `offset` lie within its mapping.
    unsafe fn in_page(page: NonNull<u8>, offset: usize) -> Self {
        let canary = page.cast::<u64>();
        // SAFETY: a page is aligned for u64 and the first HEADER bytes are the canary's.
        unsafe { canary.write_volatile(CANARY) };
        // SAFETY: by the contract the offset lies within the mapping.
        let data = unsafe { page.add(offset) };
        Self { data, canary }
    }

    fn is_intact(self) -> bool {
        // SAFETY: pages of slots stay mapped, and a slot with its own mapping is not used after `give_back`.
        unsafe { self.canary.read_volatile() == CANARY }
    }
}

/// Free slots by class. The list lies outside the pages, which therefore hold zeros wherever nothing is in use.
#[derive(Default)]
struct Pool {
    free: [Vec<Slot>; CLASSES.len()],
}

impl Pool {
    fn take(&mut self, class: usize) -> io::Result<Slot> {
        if self.free[class].is_empty() {
            self.grow(class)?;
        }
        self.free[class]
            .pop()
            .ok_or_else(|| io::ErrorKind::OutOfMemory.into())
    }

    fn grow(&mut self, class: usize) -> io::Result<()> {
        let page_size = rustix::param::page_size();
        let slab = mapping::map(PAGES_PER_SLAB * page_size)?;
        for page in 0..PAGES_PER_SLAB {
            // SAFETY: the slab has PAGES_PER_SLAB pages.
            let page = unsafe { slab.add(page * page_size) };
            for offset in (HEADER..=page_size - CLASSES[class]).step_by(CLASSES[class]) {
                // SAFETY: a page of the slab just mapped, and the slot ends within it.
                self.free[class].push(unsafe { Slot::in_page(page, offset) });
            }
        }
        Ok(())
    }
}

fn give_back(slot: Slot, length: usize) {
    match CLASSES.iter().position(|size| length <= *size) {
        Some(class) => pool().free[class].push(slot),
        // SAFETY: a buffer longer than every class has the mapping that `own_mapping` made, and is being dropped.
        None => unsafe { mapping::unmap(slot.canary.cast(), length + HEADER) },
    }
}

fn pool() -> MutexGuard<'static, Pool> {
    // A panic while the lock is held can only lose free slots.
    POOL.get_or_make(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

/// Overwrites with zeros in a way that is not optimised away, eight bytes at a time.
fn wipe(data: NonNull<u8>, length: usize) {
    for word in 0..length.div_ceil(8) {
        // SAFETY: a slot is aligned to 64 bytes and its size is a multiple of 8 that covers `length`.
        unsafe { data.cast::<u64>().add(word).write_volatile(0) };
    }
    compiler_fence(Ordering::SeqCst);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const LENGTHS: [usize; 12] = [
        0, 1, 63, 64, 65, 256, 257, 1024, 1025, 4096, 65_536, 1_000_003,
    ];

    #[test]
    fn a_buffer_of_every_size_is_fresh_zeros_and_aligned() {
        for length in LENGTHS {
            let mut buffer = SecretBuffer::new(length).unwrap();
            assert_eq!((buffer.len(), buffer.is_empty()), (length, length == 0));
            assert!(buffer.expose().unwrap().iter().all(|byte| *byte == 0));
            assert_eq!(buffer.expose().unwrap().as_ptr().align_offset(64), 0);
            buffer.expose_mut().unwrap().fill(0xEE);
            assert!(buffer.expose().unwrap().iter().all(|byte| *byte == 0xEE));
        }
    }

    #[test]
    fn buffers_of_many_threads_never_overlap() {
        std::thread::scope(|scope| {
            for pattern in 1..=8 {
                scope.spawn(move || {
                    for round in 0..500 {
                        let lengths = LENGTHS[..if round % 50 == 0 { 11 } else { 8 }].iter();
                        let mut buffers: Vec<_> = lengths
                            .map(|length| SecretBuffer::new(*length).unwrap())
                            .collect();
                        buffers
                            .iter_mut()
                            .for_each(|buffer| buffer.expose_mut().unwrap().fill(pattern));
                        for buffer in &buffers {
                            assert!(buffer.expose().unwrap().iter().all(|byte| *byte == pattern));
                        }
                    }
                });
            }
        });
    }

    #[test]
    fn a_damaged_canary_makes_a_buffer_unusable() {
        for length in [32, 5000] {
            let mut buffer = SecretBuffer::new(length).unwrap();
            let own = Slot::own_mapping(length).unwrap();
            let shared = core::mem::replace(&mut buffer.slot, own);
            // SAFETY: `own` is a mapping of this test alone.
            unsafe { own.canary.write_volatile(0) };
            assert_eq!(buffer.expose(), Err(Wiped));
            assert_eq!(buffer.expose_mut(), Err(Wiped));
            buffer.slot = shared;
            assert!(buffer.expose().is_ok());
        }
    }

    #[test]
    fn debug_shows_the_length_and_nothing_else() {
        let mut buffer = SecretBuffer::new(32).unwrap();
        buffer.expose_mut().unwrap().fill(0xEE);
        assert_eq!(format!("{buffer:?}"), "SecretBuffer(<redacted; 32 bytes>)");
    }

    #[test]
    fn a_length_beyond_the_address_space_is_refused() {
        assert!(SecretBuffer::new(usize::MAX).is_err());
        assert!(SecretBuffer::new(isize::MAX.unsigned_abs()).is_err());
    }
}
