//! Anonymous memory for secrets: locked, out of core dumps, wiped on fork, between two guard pages.

use core::ffi::c_void;
use core::ptr::NonNull;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};

static LOCK_FAILURES: AtomicU64 = AtomicU64::new(0);

/// How many mappings could not be locked into memory (`RLIMIT_MEMLOCK`), and may therefore reach a swap file.
#[must_use]
pub fn lock_failures() -> u64 {
    LOCK_FAILURES.load(Ordering::Relaxed)
}

/// Maps at least `length` zero bytes, whole pages of them, and returns their start.
pub(crate) fn map(length: usize) -> io::Result<NonNull<u8>> {
    let page = rustix::param::page_size();
    let length = rounded(length);
    // SAFETY: a new anonymous mapping at a place of the kernel's choice touches no existing memory.
    let whole = unsafe {
        rustix::mm::mmap_anonymous(
            core::ptr::null_mut(),
            length + 2 * page,
            ProtFlags::empty(),
            MapFlags::PRIVATE,
        )
    }?;
    // SAFETY: the mapping is longer than one page.
    let inner = unsafe { whole.byte_add(page) };
    let access = MprotectFlags::READ | MprotectFlags::WRITE;
    // SAFETY: `inner` and the `length` bytes after it lie in the mapping made above, which nobody else knows yet.
    if let Err(error) = unsafe { rustix::mm::mprotect(inner, length, access) } {
        // SAFETY: the mapping made above, unused.
        unsafe { rustix::mm::munmap(whole, length + 2 * page) }?;
        return Err(error.into());
    }
    protect(inner, length);
    NonNull::new(inner.cast()).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

/// Sets addresses aside that nothing can be written to yet.
pub(crate) fn reserve(length: usize) -> io::Result<NonNull<u8>> {
    // SAFETY: a new anonymous mapping at a place of the kernel's choice touches no existing memory.
    let start = unsafe {
        rustix::mm::mmap_anonymous(
            core::ptr::null_mut(),
            length,
            ProtFlags::empty(),
            MapFlags::PRIVATE | MapFlags::NORESERVE,
        )
    }?;
    // A debugger's dump would otherwise hold the whole range as zeros.
    #[cfg(target_os = "linux")]
    // SAFETY: the whole of the mapping made above.
    let _ = unsafe { rustix::mm::madvise(start, length, rustix::mm::Advice::LinuxDontDump) };
    NonNull::new(start.cast()).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

/// Opens a part of what was reserved for use; it holds zeros.
///
/// # Safety
/// The part is whole pages of a `reserve`, opened once.
pub(crate) unsafe fn open(start: *mut u8, length: usize) -> io::Result<()> {
    let access = MprotectFlags::READ | MprotectFlags::WRITE;
    // SAFETY: by the contract these are pages of ours that nobody uses.
    unsafe { rustix::mm::mprotect(start.cast(), length, access) }?;
    protect(start.cast(), length);
    Ok(())
}

/// Gives a mapping back.
///
/// # Safety
/// `start` and `length` must be those of one `map` call, and no pointer into it may be used again.
pub(crate) unsafe fn unmap(start: NonNull<u8>, length: usize) {
    let page = rustix::param::page_size();
    // SAFETY: by the contract this is the mapping that `map` made, with its guard pages.
    let result = unsafe {
        rustix::mm::munmap(
            start.as_ptr().byte_sub(page).cast(),
            rounded(length) + 2 * page,
        )
    };
    debug_assert!(result.is_ok(), "a mapping that `map` made can be unmapped");
}

fn rounded(length: usize) -> usize {
    length.next_multiple_of(rustix::param::page_size())
}

/// Each protection is worth having without the others, so none of them failing is an error. Where wiping on fork fails
/// or does not exist, the generation check of `pages` still refuses the memory in a child.
fn protect(start: *mut c_void, length: usize) {
    // SAFETY: the caller passes a whole mapping; locking changes no contents.
    if unsafe { rustix::mm::mlock(start, length) }.is_err() {
        LOCK_FAILURES.fetch_add(1, Ordering::Relaxed);
    }
    #[cfg(target_os = "linux")]
    for advice in [
        rustix::mm::Advice::LinuxDontDump,
        rustix::mm::Advice::LinuxWipeOnFork,
    ] {
        // SAFETY: the caller passes a whole anonymous mapping; in this process neither advice changes its contents.
        let _ = unsafe { rustix::mm::madvise(start, length, advice) };
    }
}
