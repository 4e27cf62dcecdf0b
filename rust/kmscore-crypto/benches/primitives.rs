//! The primitives as the engine uses them: a derived key for every message.
#![allow(
    missing_docs,
    reason = "criterion's macros make public items without docs"
)]
#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kmscore_crypto::aead::{self, IV_ZERO, TAG};
use kmscore_crypto::hash::Hash;
use kmscore_crypto::hmac::HmacKey;
use kmscore_crypto::rsa::Encoding;
use kmscore_crypto::secret::SecretBytes;
use kmscore_crypto::{ec, ed25519, kdf, ml_dsa, random, rsa};

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

/// What a call of Sign or Verify cannot do without; messages are digests here, so that no hash is counted.
fn signatures(criterion: &mut Criterion) {
    let (digest, hash) = ([7; 32], Hash::Sha256);
    let mut group = criterion.benchmark_group("signature");
    let key = rsa::PrivateKey::generate(2048).unwrap();
    let (public, signature) = (
        key.public_key(),
        key.sign(Encoding::Pss, hash, &digest).unwrap(),
    );
    group.bench_function("rsa_2048_pss_sign", |bencher| {
        bencher.iter(|| key.sign(Encoding::Pss, hash, black_box(&digest)).unwrap());
    });
    group.bench_function("rsa_2048_pss_verify", |bencher| {
        bencher.iter(|| {
            public
                .verify(Encoding::Pss, hash, black_box(&digest), &signature)
                .unwrap();
        });
    });
    let key = ec::PrivateKey::generate(ec::Curve::P256).unwrap();
    let (public, signature) = (key.public_key(), key.sign(&digest).unwrap());
    group.bench_function("p_256_sign", |bencher| {
        bencher.iter(|| key.sign(black_box(&digest)).unwrap());
    });
    group.bench_function("p_256_verify", |bencher| {
        bencher.iter(|| public.verify(black_box(&digest), &signature).unwrap());
    });
    let key = ed25519::PrivateKey::generate().unwrap();
    let signature = key.sign(&digest).unwrap();
    group.bench_function("ed25519_sign", |bencher| {
        bencher.iter(|| key.sign(black_box(&digest)).unwrap());
    });
    group.bench_function("ed25519_verify", |bencher| {
        bencher.iter(|| {
            key.public_key()
                .verify(black_box(&digest), &signature)
                .unwrap()
        });
    });
    let key = ml_dsa::PrivateKey::generate(ml_dsa::ParameterSet::MlDsa65).unwrap();
    let (public, signature) = (key.public_key(), key.sign(&digest).unwrap());
    group.bench_function("ml_dsa_65_sign", |bencher| {
        bencher.iter(|| key.sign(black_box(&digest)).unwrap());
    });
    group.bench_function("ml_dsa_65_verify", |bencher| {
        bencher.iter(|| public.verify(black_box(&digest), &signature).unwrap());
    });
    group.finish();
}

criterion_group!(primitives, derive, seal, draw, hold, signatures);
criterion_main!(primitives);
