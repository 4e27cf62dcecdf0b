//! The commitment of a ciphertext blob is compared in the same time whatever it is (`make torture`).
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "../../kmscore-crypto/tests/timing/dudect.rs"]
mod dudect;

use std::sync::Arc;

use common::Bench;
use dudect::{Classes, assert_constant_time};
use kmscore::backend::Backend;
use kmscore::backend::software::Software;
use kmscore::ciphertext::{BlobHeader, OVERHEAD};
use kmscore::store::Store;

/// Bytes of a blob up to its commitment, and up to its ciphertext.
const COMMITMENT: core::ops::Range<usize> = 69..101;

#[test]
#[ignore = "minutes of timing; make torture"]
fn the_commitment_of_a_blob_is_compared_in_constant_time() {
    let bench = Bench::software();
    let key_id = bench.key();
    let row = bench
        .store
        .load_key(common::REGION, key_id)
        .unwrap()
        .unwrap();
    let software = Software::new(Arc::clone(&bench.hierarchy));
    let material = software.open(&row, &row.materials[0]).unwrap();
    let header = BlobHeader {
        key_id,
        material: *material.id().short(),
    };
    let mut blob = vec![0; OVERHEAD + 32];
    material
        .seal_blob(&header, &[0; 32], &[5; 32], &[1; 32], &mut blob)
        .unwrap();
    let classes = Classes::wrong_within(&blob, COMMITMENT);
    assert_constant_time("commitment", 1_000_000, &classes, |blob| {
        let mut plaintext = [0; 32];
        assert!(material.open_blob(&[0; 32], blob, &mut plaintext).is_err());
    });
}
