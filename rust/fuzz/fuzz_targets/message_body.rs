//! A message opens only with the body it was made with, in one call, in pieces, and on several threads alike.
#![no_main]

#[allow(dead_code, reason = "each target uses a part")]
#[path = "../../kmscore/tests/common/messages.rs"]
mod messages;

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use kmscore_fuzz::Input;
use libfuzzer_sys::fuzz_target;
use messages::{UNSIGNED, data_key, materials, message, open, open_in_pieces, pairs};

const PLAINTEXT: &[u8] = b"the plaintext of six frames and a bit";

static GENUINE: LazyLock<(Vec<u8>, usize)> = LazyLock::new(|| {
    let materials = materials(UNSIGNED, data_key(1), pairs(&[]), &[]);
    (
        message(&materials, PLAINTEXT, 6, 1),
        materials.header_length(),
    )
});

#[derive(Arbitrary, Debug)]
enum Body {
    Any(Input),
    /// Frames in another order, twice, or missing.
    Frames(Vec<u8>),
}

fuzz_target!(|input: (Body, u8)| {
    let (genuine, length) = &*GENUINE;
    let (header, body) = genuine.split_at(*length);
    let changed = match input.0 {
        Body::Any(input) => input.bytes(body),
        Body::Frames(order) => rearranged(body, &order),
    };
    let whole = [header, &changed].concat();
    let is_genuine = changed == body;
    for threads in [1, 2] {
        let opened = open(&whole, &data_key(1), &[], threads);
        assert_eq!(opened.is_ok(), is_genuine, "a changed body opened");
    }
    let piece = usize::from(input.1).max(1);
    match open_in_pieces(&whole, &data_key(1), piece) {
        Ok(plaintext) => assert!(is_genuine && plaintext == PLAINTEXT),
        Err(_) => assert!(!is_genuine, "the genuine body was refused in pieces"),
    }
});

fn rearranged(body: &[u8], order: &[u8]) -> Vec<u8> {
    let (regular, last) = body.split_at(6 * 38);
    let frames: Vec<&[u8]> = regular.chunks(38).chain([last]).collect();
    let picked = order
        .iter()
        .take(20)
        .map(|place| frames[usize::from(*place) % frames.len()]);
    picked.collect::<Vec<_>>().concat()
}
