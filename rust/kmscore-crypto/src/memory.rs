//! The memory that AWS-LC works in. What it allocates for private keys, and while it uses them, lies in locked memory
//! that core dumps leave out and forks wipe; the rest in the ordinary heap. All of it is wiped when it is freed.

use core::cell::Cell;
use core::ffi::{c_char, c_int, c_void};
use core::ptr::NonNull;
use std::alloc::{Layout, alloc, dealloc};

use kmscore_sys::arena;
use kmscore_sys::fork::HoldOff;

/// Before each ordinary allocation: its length. 16 bytes keep what follows aligned for any type.
const PREFIX: usize = 16;

thread_local! {
    static SECRETS: Cell<usize> = const { Cell::new(0) };
    static WARM: Cell<bool> = const { Cell::new(false) };
}

/// Has AWS-LC allocate through this module. Call it before anything else of this crate, once a process.
///
/// Without it, and in a FIPS build, whose module allocates before anyone can call, private keys lie in the ordinary heap.
pub fn install() {
    #[cfg(not(feature = "fips"))]
    // SAFETY: the functions do what malloc, realloc and free do for each other's pointers. AWS-LC refuses them when it
    // has been given others before, and then goes on with those.
    unsafe {
        aws_lc_sys::CRYPTO_set_mem_functions(Some(allocate), Some(reallocate), Some(release));
    }
}

/// While it lives, what this thread has AWS-LC allocate is secret.
///
/// Private keys are used with randomness, and AWS-LC draws it under a lock: forks are held off meanwhile.
pub(crate) struct Secrets {
    _hold: HoldOff,
}

impl Secrets {
    pub(crate) fn begin() -> Self {
        let hold = HoldOff::begin();
        warm_up();
        SECRETS.set(SECRETS.get() + 1);
        Self { _hold: hold }
    }
}

impl Drop for Secrets {
    fn drop(&mut self) {
        SECRETS.set(SECRETS.get() - 1);
    }
}

/// AWS-LC keeps some state for each thread, made at its first use. It must outlive a fork, so it is no secret of ours.
fn warm_up() {
    if WARM.replace(true) {
        return;
    }
    let mut byte = 0;
    // SAFETY: one byte of room; clearing the errors of this thread has no failing case.
    unsafe {
        aws_lc_sys::RAND_bytes(&raw mut byte, 1);
        aws_lc_sys::ERR_clear_error();
    }
}

unsafe extern "C" fn allocate(size: usize, _file: *const c_char, _line: c_int) -> *mut c_void {
    if SECRETS.get() > 0
        && let Some(memory) = arena::allocate(size)
    {
        return memory.as_ptr().cast();
    }
    ordinary(size)
}

fn ordinary(size: usize) -> *mut c_void {
    let Some(layout) = layout(size) else {
        return core::ptr::null_mut();
    };
    // SAFETY: the length is not zero; what is given has room for the prefix, to which it is aligned.
    unsafe {
        let start = alloc(layout);
        if start.is_null() {
            return core::ptr::null_mut();
        }
        start.cast::<usize>().write(size);
        start.add(PREFIX).cast()
    }
}

/// The layout of an ordinary allocation with its prefix.
fn layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size.checked_add(PREFIX)?, PREFIX).ok()
}

unsafe extern "C" fn reallocate(
    old: *mut c_void,
    size: usize,
    file: *const c_char,
    line: c_int,
) -> *mut c_void {
    let Some(pointer) = NonNull::new(old.cast::<u8>()) else {
        // SAFETY: as `allocate` asks.
        return unsafe { allocate(size, file, line) };
    };
    // SAFETY: `allocate` or `reallocate` gave the pointer. What was secret stays so.
    unsafe {
        let (length, new) = if arena::owns(pointer) {
            let _secrets = Secrets::begin();
            (arena::size_of(pointer), allocate(size, file, line))
        } else {
            (length_of(pointer), allocate(size, file, line))
        };
        if !new.is_null() {
            core::ptr::copy_nonoverlapping(pointer.as_ptr(), new.cast::<u8>(), length.min(size));
            release(old, file, line);
        }
        new
    }
}

unsafe extern "C" fn release(pointer: *mut c_void, _file: *const c_char, _line: c_int) {
    let Some(pointer) = NonNull::new(pointer.cast::<u8>()) else {
        return;
    };
    // SAFETY: `allocate` or `reallocate` gave the pointer, and AWS-LC does not use it again.
    unsafe {
        if arena::owns(pointer) {
            arena::release(pointer);
            return;
        }
        let start = pointer.as_ptr().sub(PREFIX);
        let length = length_of(pointer);
        aws_lc_sys::OPENSSL_cleanse(start.cast(), PREFIX + length);
        if let Some(layout) = layout(length) {
            dealloc(start, layout);
        }
    }
}

/// # Safety
/// `ordinary` gave the pointer.
unsafe fn length_of(pointer: NonNull<u8>) -> usize {
    // SAFETY: the length was written there.
    unsafe { pointer.sub(PREFIX).cast::<usize>().read() }
}
