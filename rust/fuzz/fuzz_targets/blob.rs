//! Decrypt opens what Encrypt made and nothing else, and refuses everything else without an internal error.
#![no_main]

#[path = "../../kmscore/tests/common/mod.rs"]
mod common;

use std::sync::LazyLock;

use common::{Bench, blob, blob_of, text};
use kmscore::audit::Mode;
use kmscore::error::ErrorCode;
use kmscore_fuzz::Input;
use libfuzzer_sys::fuzz_target;

static GENUINE: LazyLock<(Bench, Vec<u8>)> = LazyLock::new(|| {
    let bench = Bench::with_audit(Mode::Off);
    let key = bench.key();
    let sealed = bench
        .call(
            "Encrypt",
            vec![("KeyId", text(key)), ("Plaintext", blob(b"fuzz"))],
        )
        .unwrap();
    let sealed = blob_of(&sealed, "CiphertextBlob");
    (bench, sealed)
});

fuzz_target!(|input: Input| {
    let (bench, genuine) = &*GENUINE;
    let bytes = input.bytes(genuine);
    match bench.call("Decrypt", vec![("CiphertextBlob", blob(&bytes))]) {
        Ok(response) => {
            assert_eq!(&bytes, genuine, "a changed blob was opened");
            assert_eq!(blob_of(&response, "Plaintext"), b"fuzz");
        }
        Err(error) => {
            assert_ne!(&bytes, genuine, "the genuine blob was refused");
            assert_ne!(error.code, ErrorCode::KmsInternal);
        }
    }
});
