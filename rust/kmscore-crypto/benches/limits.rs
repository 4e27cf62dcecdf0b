//! What the machine can do at best: the limits that kmscore's own figures stand beside in docs/benchmarks.md.
#![allow(
    missing_docs,
    reason = "criterion's macros make public items without docs"
)]
#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use kmscore_crypto::aead::{AeadKey, TAG};

const TOTAL: usize = 1024 * 1024;
const FRAME: usize = 4096;
const FRESH: usize = 32 * 1024 * 1024;

/// AES-256-GCM over 1 MiB in frames of 4 KiB with one key schedule into a reused buffer: what the hardware allows.
fn frames(criterion: &mut Criterion) {
    let key = AeadKey::new(&[7; 32]).unwrap();
    let plaintext = vec![1; TOTAL];
    let mut sealed = vec![0; TOTAL / FRAME * (FRAME + TAG)];
    let mut group = criterion.benchmark_group("limit");
    group.throughput(Throughput::Bytes(TOTAL as u64));
    group.bench_function("aes_256_gcm_4_kib_frames_of_1_mib", |bencher| {
        bencher.iter(|| {
            for (plaintext, sealed) in plaintext.chunks(FRAME).zip(sealed.chunks_mut(FRAME + TAG)) {
                key.seal(&[0; 12], &[0; 24], black_box(plaintext), sealed)
                    .unwrap();
            }
        });
    });
    group.bench_function("copy_1_mib", |bencher| {
        bencher.iter(|| sealed[..TOTAL].copy_from_slice(black_box(&plaintext)));
    });
    group.finish();
}

/// Writing to memory for the first time, which bounds every result in a new buffer.
fn fresh_memory(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("limit");
    group
        .sample_size(20)
        .throughput(Throughput::Bytes(FRESH as u64));
    for (name, advice) in [
        ("touch_fresh_4_kib_pages", libc::MADV_NOHUGEPAGE),
        ("touch_fresh_huge_pages", libc::MADV_HUGEPAGE),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || Fresh::new(advice),
                |fresh| fresh.touch(),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

struct Fresh(*mut libc::c_void);

impl Fresh {
    fn new(advice: libc::c_int) -> Self {
        let (access, kind) = (
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
        );
        // SAFETY: a new anonymous mapping touches no existing memory.
        let start = unsafe { libc::mmap(core::ptr::null_mut(), FRESH, access, kind, -1, 0) };
        assert_ne!(start, libc::MAP_FAILED);
        // SAFETY: the mapping just made; where huge pages are not to be had, the bench shows small ones.
        unsafe { libc::madvise(start, FRESH, advice) };
        Self(start)
    }

    fn touch(&mut self) {
        // SAFETY: the mapping has FRESH writable bytes and no other user.
        unsafe { core::ptr::write_bytes(self.0.cast::<u8>(), 1, FRESH) };
        black_box(self.0);
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `new`.
        unsafe { libc::munmap(self.0, FRESH) };
    }
}

criterion_group!(limits, frames, fresh_memory);
criterion_main!(limits);
