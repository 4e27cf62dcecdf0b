//! What the machine can do at best, for `kmscore bench`: the parts that no implementation can leave out.

use std::hint::black_box;
use std::time::Instant;

use kmscore_crypto::Unspecified;
use kmscore_crypto::aead::{self, AeadKey, TAG};
use kmscore_crypto::hash::Sha384;
use kmscore_crypto::hkdf::HkdfSha512;
use kmscore_sys::huge_pages;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

const LARGE: usize = 100_000_000;
const FRAME: usize = 4096;
const SMALL: usize = 1024;
const TIMES: u32 = 2000;

/// One reading of each limit, in seconds.
#[pyfunction]
pub(crate) fn envelope_limits(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let readings = py
        .detach(readings)
        .map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
    let out = PyDict::new(py);
    for (name, seconds) in readings {
        out.set_item(name, seconds)?;
    }
    Ok(out)
}

fn readings() -> Result<Vec<(&'static str, f64)>, Unspecified> {
    let plaintext = vec![1; LARGE];
    Ok(vec![
        ("aes_256_gcm_4_kib_frames_of_100_mb", frames(&plaintext)?),
        // The second time: a virtual machine may have given memory back that nobody used for seconds.
        ("touch_100_mb_of_huge_pages", [touch(), touch()][1]),
        ("sha_384_of_100_mb", sha_384(&plaintext)),
        ("hkdf_sha_512_extract_and_two_expands", hkdf()?),
        ("seal_1_kib", seal_small()?),
    ])
}

/// Bare AES-256-GCM on pieces of 4 KiB into a buffer that was written before.
fn frames(plaintext: &[u8]) -> Result<f64, Unspecified> {
    let key = AeadKey::new(&[7; 32])?;
    let mut sealed = vec![1; plaintext.len().div_ceil(FRAME) * (FRAME + TAG)];
    let started = Instant::now();
    for (plaintext, sealed) in plaintext.chunks(FRAME).zip(sealed.chunks_mut(FRAME + TAG)) {
        let sealed = &mut sealed[..plaintext.len() + TAG];
        key.seal(&[0; 12], &[0; 72], plaintext, sealed)?;
    }
    Ok(started.elapsed().as_secs_f64())
}

/// A memset of memory that nobody has touched.
fn touch() -> f64 {
    let mut memory = Vec::<u8>::with_capacity(LARGE);
    huge_pages::advise(memory.spare_capacity_mut());
    let started = Instant::now();
    memory.resize(LARGE, 1);
    let seconds = started.elapsed().as_secs_f64();
    black_box(&memory);
    seconds
}

fn sha_384(bytes: &[u8]) -> f64 {
    let started = Instant::now();
    let mut hash = Sha384::default();
    hash.update(bytes);
    black_box(hash.finish());
    started.elapsed().as_secs_f64()
}

fn hkdf() -> Result<f64, Unspecified> {
    let (mut one, mut other) = ([0; 32], [0; 32]);
    each(|| {
        HkdfSha512::with(black_box(&[1; 32]), &[2; 32], |state| {
            state.expand(&[&[4, 0x78], b"DERIVEKEY"], &mut one)?;
            state.expand(&[b"COMMITKEY"], &mut other)
        })
    })
}

/// 1 KiB under a key of its own.
fn seal_small() -> Result<f64, Unspecified> {
    let (plaintext, mut sealed) = ([1; SMALL], [0; SMALL + TAG]);
    each(|| {
        aead::seal(
            black_box(&[1; 32]),
            &[0; 12],
            &[0; 78],
            &plaintext,
            &mut sealed,
        )
    })
}

fn each(mut work: impl FnMut() -> Result<(), Unspecified>) -> Result<f64, Unspecified> {
    let started = Instant::now();
    for _ in 0..TIMES {
        work()?;
    }
    Ok(started.elapsed().as_secs_f64() / f64::from(TIMES))
}
