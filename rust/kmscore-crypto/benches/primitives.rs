//! The primitives as the engine uses them: a derived key for every message.
#![allow(
    missing_docs,
    reason = "criterion's macros make public items without docs"
)]
#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kmscore_crypto::aead::{self, IV_ZERO, TAG};
use kmscore_crypto::hmac::HmacKey;
use kmscore_crypto::secret::SecretBytes;
use kmscore_crypto::{kdf, random};

/// The keys of one ciphertext blob: 64 bytes out of a context of 101.
fn derive(criterion: &mut Criterion) {
    let key = HmacKey::new(&[7; 32]).unwrap();
    let mut out = [0; 64];
    criterion.bench_function("kdf/64_bytes_of_101", |bencher| {
        bencher.iter(|| {
            kdf::derive(
                &key,
                b"kmscore blob v1",
                &[black_box(&[1; 69]), &[2; 32]],
                &mut out,
            )
            .unwrap()
        });
    });
}

fn seal(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("seal_fresh_key");
    for (name, length) in [("64_b", 64), ("256_b", 256), ("4_kib", 4096)] {
        let (plaintext, mut out) = (vec![1; length], vec![0; length + TAG]);
        group.throughput(Throughput::Bytes(length as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                aead::seal(
                    black_box(&[7; 32]),
                    &IV_ZERO,
                    &[0; 101],
                    &plaintext,
                    &mut out,
                )
                .unwrap()
            });
        });
    }
    group.finish();
}

fn draw(criterion: &mut Criterion) {
    let mut nonce = [0; 32];
    criterion.bench_function("random/nonce_of_32", |bencher| {
        bencher.iter(|| random::nonces(&mut nonce).unwrap())
    });
    criterion.bench_function("random/key_of_32", |bencher| {
        bencher.iter(|| random::fill(&mut nonce).unwrap())
    });
}

fn hold(criterion: &mut Criterion) {
    criterion.bench_function("secret/take_and_drop_32", |bencher| {
        bencher.iter(|| SecretBytes::from_wiping(black_box(&mut [7; 32])).unwrap());
    });
}

criterion_group!(primitives, derive, seal, draw, hold);
criterion_main!(primitives);
