//! Memory that a C library can be given for its secrets: locked, out of core dumps, wiped on release and on fork.
//!
//! All of it lies in one range of addresses, so that whoever is asked to release a pointer can tell where it came from,
//! even in a forked child, where its contents are gone.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::fork::{self, PerProcess};
use crate::mapping;

/// Addresses that are set aside. Memory is taken for what is used only.
const RANGE: usize = 256 * 1024 * 1024;
/// Slots of one size share a chunk.
const CHUNK: usize = 64 * 1024;
const CHUNKS: usize = RANGE / CHUNK;
const SIZES: [usize; 6] = [64, 256, 1024, 4096, 16 * 1024, CHUNK];

static START: AtomicPtr<u8> = AtomicPtr::new(core::ptr::null_mut());
static CHUNKS_USED: AtomicUsize = AtomicUsize::new(0);
/// For each chunk, which of `SIZES` its slots have.
static SIZE_OF_CHUNK: [AtomicU8; CHUNKS] = [const { AtomicU8::new(0) }; CHUNKS];
/// For each chunk, the process that took it, as `fork::generation` tells them apart.
static TAKER_OF_CHUNK: [AtomicU64; CHUNKS] = [const { AtomicU64::new(0) }; CHUNKS];
static FREE: PerProcess<Mutex<Free>> = PerProcess::new();

/// Free slots of each size. A child begins with none: its parent's belong to its parent.
#[derive(Default)]
struct Free([Vec<Slot>; SIZES.len()]);

struct Slot(NonNull<u8>);

// SAFETY: a slot is an address; who may use the memory is decided by who took it.
unsafe impl Send for Slot {}

/// Memory of at least this many bytes, aligned to 64; `None` when there is none of that size.
#[must_use]
pub fn allocate(size: usize) -> Option<NonNull<u8>> {
    let class = SIZES.iter().position(|known| size <= *known)?;
    let mut free = free();
    if free.0[class].is_empty() {
        grow(&mut free.0[class], class)?;
    }
    free.0[class].pop().map(|slot| slot.0)
}

/// Whether this is memory of the arena, of this process or of one it was forked from.
#[must_use]
pub fn owns(pointer: NonNull<u8>) -> bool {
    let start = START.load(Ordering::Acquire).addr();
    start != 0 && pointer.addr().get().wrapping_sub(start) < RANGE
}

/// Bytes that a piece of memory has.
///
/// # Safety
/// `allocate` gave it.
#[must_use]
pub unsafe fn size_of(pointer: NonNull<u8>) -> usize {
    SIZES[class_of(chunk_of(pointer))]
}

/// Wipes memory and takes it back. In a forked child, what its parent allocated is wiped already and left alone.
///
/// # Safety
/// `allocate` gave it, and it is not used again.
pub unsafe fn release(pointer: NonNull<u8>) {
    let chunk = chunk_of(pointer);
    if TAKER_OF_CHUNK[chunk].load(Ordering::Relaxed) != fork::generation() {
        return;
    }
    let class = class_of(chunk);
    // SAFETY: by the contract the slot is ours alone and has this many bytes.
    unsafe { core::ptr::write_bytes(pointer.as_ptr(), 0, SIZES[class]) };
    // The memory is handed out again: who will read it is not known here, so the zeros must be there.
    core::hint::black_box(pointer);
    free().0[class].push(Slot(pointer));
}

fn chunk_of(pointer: NonNull<u8>) -> usize {
    let start = START.load(Ordering::Acquire).addr();
    pointer.addr().get().wrapping_sub(start) / CHUNK
}

fn class_of(chunk: usize) -> usize {
    usize::from(SIZE_OF_CHUNK[chunk].load(Ordering::Acquire))
}

/// Adds the slots of one more chunk.
fn grow(slots: &mut Vec<Slot>, class: usize) -> Option<()> {
    let start = START.load(Ordering::Acquire);
    let start = if start.is_null() { reserve()? } else { start };
    let chunk = CHUNKS_USED.fetch_add(1, Ordering::Relaxed);
    if chunk >= CHUNKS {
        CHUNKS_USED.store(CHUNKS, Ordering::Relaxed);
        return None;
    }
    // SAFETY: the chunk lies within the range, and nobody else was given it.
    let memory = unsafe {
        let memory = start.add(chunk * CHUNK);
        mapping::open(memory, CHUNK).ok()?;
        memory
    };
    TAKER_OF_CHUNK[chunk].store(fork::generation(), Ordering::Relaxed);
    SIZE_OF_CHUNK[chunk].store(u8::try_from(class).ok()?, Ordering::Release);
    for offset in (0..CHUNK).step_by(SIZES[class]) {
        // SAFETY: the offset lies within the chunk.
        slots.push(Slot(NonNull::new(unsafe { memory.add(offset) })?));
    }
    Some(())
}

/// Sets the range aside; the caller holds the lock.
fn reserve() -> Option<*mut u8> {
    let start = mapping::reserve(RANGE).ok()?;
    START.store(start.as_ptr(), Ordering::Release);
    Some(start.as_ptr())
}

fn free() -> MutexGuard<'static, Free> {
    // A panic while the lock is held can only lose free slots.
    FREE.get_or_make(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn memory_is_zero_apart_and_comes_again_wiped() {
        for size in [0, 1, 64, 65, 1024, 5000, CHUNK] {
            let (one, other) = (allocate(size).unwrap(), allocate(size).unwrap());
            assert!(owns(one) && owns(other) && one.align_offset(64) == 0);
            // SAFETY: just allocated, each as long as said, used by this thread alone and released once.
            unsafe {
                let length = size_of(one);
                assert!(length >= size && one.addr().get().abs_diff(other.addr().get()) >= length);
                core::ptr::write_bytes(one.as_ptr(), 0xEE, length);
                assert_eq!(*other.as_ptr(), 0);
                release(one);
                assert!((0..length).all(|at| *one.as_ptr().add(at) == 0));
                release(other);
            }
        }
    }

    #[test]
    fn what_is_too_long_is_not_there_and_other_memory_is_not_ours() {
        assert!(allocate(CHUNK + 1).is_none());
        assert!(!owns(NonNull::from(&mut 0_u8)));
    }

    #[test]
    fn threads_share_it() {
        std::thread::scope(|scope| {
            for value in 0..8_u8 {
                scope.spawn(move || {
                    for round in 0..500 {
                        let memory = allocate(round).unwrap();
                        // SAFETY: as above.
                        unsafe {
                            core::ptr::write_bytes(memory.as_ptr(), value, round);
                            assert!((0..round).all(|at| *memory.as_ptr().add(at) == value));
                            release(memory);
                        }
                    }
                });
            }
        });
    }
}
