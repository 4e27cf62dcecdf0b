//! A dropped secret leaves zeros behind. The only test of its process, so that nobody else takes the slot meanwhile.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use kmscore_sys::pages::SecretBuffer;

#[test]
fn a_slot_is_wiped_when_its_buffer_is_dropped_and_then_handed_out_again() {
    for length in [1, 63, 64, 200, 256, 1023, 1024] {
        let mut buffer = SecretBuffer::new(length).unwrap();
        buffer.expose_mut().unwrap().fill(0xEE);
        let start = buffer.expose().unwrap().as_ptr();
        let read = |index| {
            // SAFETY: slabs of small buffers stay mapped for the life of the process.
            unsafe { start.add(index).read_volatile() }
        };
        assert!(
            (0..length).all(|index| read(index) == 0xEE),
            "the control: the secret is where we look"
        );
        drop(buffer);
        assert!((0..length).all(|index| read(index) == 0));
        assert_eq!(
            SecretBuffer::new(length)
                .unwrap()
                .expose()
                .unwrap()
                .as_ptr(),
            start
        );
    }
}
