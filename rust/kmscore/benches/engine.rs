//! The engine without Python: one call through the whole pipeline, its parts, and a batch of rows.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark fails by panicking"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::{Bench, blob, blob_of, text};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kmscore::audit::Mode;
use kmscore::ciphertext::OVERHEAD;
use kmscore::rows::Row;
use kmscore::value::{Request, Value};

const ROWS: usize = 100_000;
const WIDTH: usize = 256;

fn calls(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("call");
    for (audit, mode) in [("audited", Mode::Write), ("audit off", Mode::Off)] {
        let bench = Bench::with_audit(mode);
        let key = bench.key();
        let encrypt = || {
            bench
                .call(
                    "Encrypt",
                    vec![("KeyId", text(key)), ("Plaintext", blob(&[7; 32]))],
                )
                .unwrap()
        };
        let ciphertext = blob_of(&encrypt(), "CiphertextBlob");
        group.bench_function(format!("encrypt 32 B, {audit}"), |bencher| {
            bencher.iter(encrypt)
        });
        group.bench_function(format!("decrypt 32 B, {audit}"), |bencher| {
            bencher.iter(|| {
                bench
                    .call("Decrypt", vec![("CiphertextBlob", blob(&ciphertext))])
                    .unwrap()
            });
        });
        group.bench_function(format!("generate data key 32 B, {audit}"), |bencher| {
            bencher.iter(|| {
                bench
                    .call(
                        "GenerateDataKey",
                        vec![("KeyId", text(key)), ("NumberOfBytes", Value::Integer(32))],
                    )
                    .unwrap()
            });
        });
    }
    group.finish();
}

fn record_append(criterion: &mut Criterion) {
    let bench = Bench::software();
    let record = format!("{{\"id\":\"{}\",\"op\":\"Encrypt\"}}", "x".repeat(360));
    criterion.bench_function("append of a 400 B audit record", |bencher| {
        bencher.iter(|| bench.engine.audit().append(&record, &*bench.store).unwrap());
    });
}

fn batches(criterion: &mut Criterion) {
    let bench = Bench::software();
    let request = Request::new(vec![("KeyId", text(bench.key()))]);
    let input = vec![7; ROWS * WIDTH];
    let mut output = vec![0; ROWS * (WIDTH + OVERHEAD)];
    let mut group = criterion.benchmark_group("encrypt_rows 256 B");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(ROWS as u64));
    for threads in [1, 2] {
        group.bench_function(format!("{threads} threads"), |bencher| {
            bencher.iter(|| {
                let mut rows: Vec<Row<'_>> = input
                    .chunks(WIDTH)
                    .zip(output.chunks_mut(WIDTH + OVERHEAD))
                    .map(|(input, output)| Row {
                        input: Some(input),
                        output,
                    })
                    .collect();
                bench
                    .engine
                    .encrypt_rows(&request, &mut rows, threads, &common::root_caller())
                    .unwrap()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, calls, record_append, batches);
criterion_main!(benches);
