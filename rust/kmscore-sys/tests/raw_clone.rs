//! A fork that runs no handlers. The only test of its process, because such a child inherits every held lock.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use kmscore_sys::fork;
use kmscore_sys::pages::{SecretBuffer, Wiped};

#[test]
fn a_child_of_a_raw_clone_is_found_out() {
    let mut buffer = SecretBuffer::new(32).unwrap();
    buffer.expose_mut().unwrap().fill(0xEE);
    drop(SecretBuffer::new(32).unwrap());
    let before = fork::generation();
    // SAFETY: a fork that runs no pthread_atfork handlers; the child does little and leaves by `_exit`.
    let child = unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) };
    if child == 0 {
        let refused = buffer.expose() == Err(Wiped);
        let fresh = SecretBuffer::new(32).is_ok_and(|fresh| fresh.expose().is_ok());
        // SAFETY: ends the child without running the parent's exit handlers.
        unsafe {
            libc::_exit(i32::from(
                !(refused && fresh && fork::generation() > before),
            ))
        };
    }
    let mut status = -1;
    // SAFETY: waits for the child made above and writes one integer.
    unsafe { libc::waitpid(i32::try_from(child).unwrap(), &raw mut status, 0) };
    assert_eq!(status, 0);
}
