//! Verifying an audit segment vouches for lines that were written, in their order, and for no others.
#![no_main]

#[path = "../../kmscore/tests/common/mod.rs"]
mod common;

use std::path::PathBuf;
use std::sync::LazyLock;

use common::Bench;
use kmscore::audit::verify_segment;
use kmscore_fuzz::Input;
use libfuzzer_sys::fuzz_target;

struct Segment {
    bench: Bench,
    path: PathBuf,
    genuine: Vec<u8>,
}

static SEGMENT: LazyLock<Segment> = LazyLock::new(|| {
    let bench = Bench::software();
    for number in 1..4 {
        let record = format!("{{\"n\":{number},\"op\":\"Encrypt\"}}");
        bench.engine.audit().append(&record, &*bench.store).unwrap();
    }
    let id = bench.store.segments.lock().unwrap()[0].clone();
    let genuine =
        std::fs::read(bench.folder.path().join("audit").join(format!("{id}.log"))).unwrap();
    let path = bench.folder.path().join(format!("{id}.log"));
    Segment {
        bench,
        path,
        genuine,
    }
});

fuzz_target!(|input: Input| {
    let Segment {
        bench,
        path,
        genuine,
    } = &*SEGMENT;
    let bytes = input.bytes(genuine);
    std::fs::write(path, &bytes).unwrap();
    let report = verify_segment(
        path,
        &bench.root,
        bench.hierarchy.store_id(),
        &bench.wrapped,
    )
    .unwrap();
    let good = usize::try_from(report.lines).unwrap();
    let vouched = first_lines(&bytes, good);
    assert_eq!(
        vouched,
        first_lines(genuine, good),
        "a line that was not written was vouched for"
    );
    if bytes.len() > vouched.len() {
        assert!(
            report.torn || report.bad.is_some(),
            "the rest went unmentioned"
        );
    }
});

fn first_lines(content: &[u8], count: usize) -> Vec<u8> {
    content
        .split_inclusive(|&byte| byte == b'\n')
        .take(count)
        .flatten()
        .copied()
        .collect()
}
