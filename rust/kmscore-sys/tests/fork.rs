//! What a forked child sees of its parent's secrets.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use kmscore_sys::fork;
use kmscore_sys::pages::{SecretBuffer, Wiped};

/// Runs `check` in a forked child and returns whether it said true.
fn in_child(check: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child runs only `check` and leaves by `_exit`; the test harness's locks are not touched.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork failed");
    if child == 0 {
        let passed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(check)).unwrap_or(false);
        // SAFETY: ends the child without running the parent's exit handlers.
        unsafe { libc::_exit(i32::from(!passed)) };
    }
    let mut status = 0;
    // SAFETY: waits for the child made above and writes one integer.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
}

fn filled(length: usize) -> SecretBuffer {
    let mut buffer = SecretBuffer::new(length).unwrap();
    buffer.expose_mut().unwrap().fill(0xEE);
    buffer
}

#[test]
fn generation_is_raised_in_a_child_and_stays_in_the_parent() {
    let before = fork::generation();
    assert!(in_child(|| fork::generation() > before));
    assert_eq!(fork::generation(), before);
}

#[test]
fn a_childs_failure_is_seen() {
    assert!(!in_child(|| false));
    assert!(!in_child(|| panic!("expected")));
}

#[test]
fn a_parents_buffer_is_refused_in_a_child_and_lives_on_in_the_parent() {
    for length in [32, 256, 1024, 5000] {
        let buffer = filled(length);
        assert!(in_child(|| buffer.expose() == Err(Wiped)));
        assert!(buffer.expose().unwrap().iter().all(|byte| *byte == 0xEE));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_memory_of_a_parents_buffer_is_zero_in_a_child() {
    let buffer = filled(5000);
    let start = buffer.expose().unwrap().as_ptr();
    let read = |index| {
        // SAFETY: the mapping is inherited and `buffer` outlives the child.
        unsafe { start.add(index).read_volatile() }
    };
    assert!(in_child(|| (0..5000).all(|index| read(index) == 0)));
}

#[test]
fn a_child_never_gets_memory_of_its_parents_slabs() {
    let freed = filled(32);
    let place = freed.expose().unwrap().as_ptr().addr();
    let held: Vec<_> = (0..8).map(|_| filled(32)).collect();
    drop(freed);
    assert!(in_child(move || {
        drop(held);
        let mut own: Vec<_> = (0..100).map(|_| SecretBuffer::new(32).unwrap()).collect();
        own.iter_mut()
            .for_each(|buffer| buffer.expose_mut().unwrap().fill(0xEE));
        own.iter().all(|buffer| {
            buffer.expose().is_ok()
                && buffer.expose().unwrap().as_ptr().addr() & !0xFFF != place & !0xFFF
        })
    }));
}

#[test]
fn forking_while_other_threads_take_and_drop_buffers_never_hangs() {
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    drop(filled(64));
                }
            });
        }
        for _ in 0..100 {
            assert!(in_child(|| filled(64).expose().is_ok()));
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}
