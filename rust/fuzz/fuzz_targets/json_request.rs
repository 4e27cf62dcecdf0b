//! Any body for any of the 56 operations gets an answer that is JSON, and never an internal error from a built one.
#![no_main]

#[path = "../../kmscore/tests/common/mod.rs"]
mod common;

use std::sync::LazyLock;

use common::{Bench, root_caller};
use kmscore::audit::Mode;
use kmscore::json_door;
use kmscore::shapes::tables::OPERATIONS;
use libfuzzer_sys::fuzz_target;

/// The operations whose bodies are Rust: the store in memory has no handlers for the others.
const DATA_PLANE: [&str; 6] = [
    "Encrypt",
    "Decrypt",
    "ReEncrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateRandom",
];

static BENCH: LazyLock<Bench> = LazyLock::new(|| {
    let bench = Bench::with_audit(Mode::Off);
    bench.store.put_alias("alias/a", bench.key());
    bench
});

fuzz_target!(|input: (u8, &[u8])| {
    let (number, body) = input;
    let operation = &OPERATIONS[usize::from(number) % OPERATIONS.len()];
    let answer = json_door::answer(&BENCH.engine, operation.name, body, &root_caller());
    if !answer.body.is_empty() {
        serde_json::from_slice::<serde_json::Value>(&answer.body).expect("an answer is JSON");
    }
    if DATA_PLANE.contains(&operation.name) {
        assert_ne!(answer.status, 500);
    }
});
