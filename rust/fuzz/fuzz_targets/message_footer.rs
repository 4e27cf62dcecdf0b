//! A signed message opens only with a signature over it: that of its maker, in whatever form the reader accepts.
#![no_main]

#[allow(dead_code, reason = "each target uses a part")]
#[path = "../../kmscore/tests/common/messages.rs"]
mod messages;

use std::sync::LazyLock;

use kmscore_fuzz::Input;
use libfuzzer_sys::fuzz_target;
use messages::{SIGNED, data_key, materials, message, open, open_in_pieces, pairs};

static GENUINE: LazyLock<(Vec<u8>, usize)> = LazyLock::new(|| {
    let materials = materials(SIGNED, data_key(1), pairs(&[]), &[]);
    let message = message(&materials, b"signed", 4, 1);
    let footer = message.len() - materials.footer_length();
    (message, footer)
});

fuzz_target!(|input: Input| {
    let (genuine, start) = &*GENUINE;
    let (signed, footer) = genuine.split_at(*start);
    let changed = input.bytes(footer);
    let whole = [signed, &changed].concat();
    let opened = open(&whole, &data_key(1), &[], 1);
    assert_eq!(
        opened.is_ok(),
        changed == footer,
        "a changed footer was accepted"
    );
    let pieces = open_in_pieces(&whole, &data_key(1), 50);
    assert_eq!(pieces.is_ok(), opened.is_ok());
});
