//! A backup reads back as it was written and in no other form; one that is refused leaves nothing usable behind.
#![no_main]

use std::sync::LazyLock;

use kmscore::backup::{self, Lock, Unlock};
use kmscore_crypto::agreement::X25519;
use kmscore_fuzz::Input;
use libfuzzer_sys::fuzz_target;

/// Longer than one chunk of 65,536 bytes.
const DATABASE: usize = 70_000;
const STORE: [u8; 16] = [7; 16];

static GENUINE: LazyLock<(X25519, Vec<u8>)> = LazyLock::new(|| {
    // To a recipient: a passphrase would be stretched for each input.
    let recipient = X25519::generate().unwrap();
    let mut written = vec![];
    let lock = Lock::Recipient(recipient.public());
    backup::write(&mut &[5; DATABASE][..], b"{\"keys\":[]}", &lock, &STORE, 1, &mut written).unwrap();
    (recipient, written)
});

fuzz_target!(|input: Input| {
    let (recipient, genuine) = &*GENUINE;
    let bytes = input.bytes(genuine);
    let mut database = vec![];
    let read = backup::read(&mut &*bytes, &Unlock::Recipient(recipient), Some(&mut database));
    assert_eq!(read.is_ok(), &bytes == genuine, "only what was written is read");
    if read.is_ok() {
        assert_eq!(database, [5; DATABASE]);
    }
});
