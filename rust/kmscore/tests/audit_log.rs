//! The audit log: complete, chained, without secrets, and never silently torn.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::PathBuf;

use common::{Bench, blob, map, text};
use kmscore::audit::{Mode, SegmentReport, verify_segment};
use kmscore::error::ErrorCode;

fn segment_path(bench: &Bench) -> PathBuf {
    let mut entries: Vec<_> = std::fs::read_dir(bench.folder.path().join("audit"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(entries.len(), 1);
    entries.remove(0)
}

fn verify(bench: &Bench) -> SegmentReport {
    verify_segment(&segment_path(bench), &bench.root, &[7; 16], &bench.wrapped).unwrap()
}

fn bench_with_records(count: usize) -> Bench {
    let bench = Bench::software();
    let key = bench.key();
    for number in 0..count {
        let members = vec![
            ("KeyId", text(key)),
            ("Plaintext", blob(b"topsecret")),
            ("EncryptionContext", map(&[("n", &number.to_string())])),
        ];
        bench.call("Encrypt", members).unwrap();
    }
    bench
}

#[test]
fn every_call_is_a_line_also_a_refused_one_and_none_holds_the_plaintext() {
    let bench = bench_with_records(3);
    bench
        .call(
            "Encrypt",
            vec![
                ("KeyId", text("alias/none")),
                ("Plaintext", blob(b"topsecret")),
            ],
        )
        .unwrap_err();
    let lines: Vec<String> = bench.audit_text().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 5);
    assert!(lines[4].contains("\"outcome\":\"NotFoundException\""));
    assert!(lines[1].contains("\"EncryptionContext\":{\"n\":\"0\"}"));
    assert!(
        lines
            .iter()
            .all(|line| !line.contains("topsecret") && !line.contains("Plaintext"))
    );
}

/// The last record, read back.
fn newest(bench: &Bench) -> serde_json::Value {
    let content = bench.audit_text();
    let (json, _) = content.lines().last().unwrap().rsplit_once('\t').unwrap();
    serde_json::from_str(json).unwrap()
}

#[test]
fn a_blob_is_told_from_all_others_by_whoever_made_or_read_it() {
    let bench = bench_with_records(0);
    let members = vec![("KeyId", text(bench.key())), ("Plaintext", blob(b"x"))];
    let response = bench.call("Encrypt", members).unwrap();
    let made = newest(&bench);
    assert_eq!(made["blob"].as_str().unwrap().len(), 16);
    assert_eq!(made["material"].as_str().unwrap().len(), 16);
    let sealed = response.iter().find_map(|(name, value)| match value {
        kmscore::value::Value::Blob(bytes) if *name == "CiphertextBlob" => Some(bytes.to_vec()),
        _ => None,
    });
    let wrong = vec![
        ("CiphertextBlob", blob(&sealed.unwrap())),
        ("EncryptionContext", map(&[("a", "b")])),
    ];
    bench.call("Decrypt", wrong).unwrap_err();
    let refused = newest(&bench);
    assert_eq!(refused["outcome"], "InvalidCiphertextException");
    assert_eq!(
        (&refused["blob"], &refused["material"]),
        (&made["blob"], &made["material"])
    );
    assert!(refused.get("message").is_none(), "there is no text to tell");
}

#[test]
fn a_refusal_says_what_was_told_and_a_success_nothing_more() {
    let bench = bench_with_records(1);
    let success = newest(&bench);
    for member in [
        "message", "why", "response", "account", "key", "ip", "agent", "rows",
    ] {
        assert!(success.get(member).is_none(), "{member}");
    }
    let unknown = vec![("KeyId", text("alias/none")), ("Plaintext", blob(b"x"))];
    let error = bench.call("Encrypt", unknown).unwrap_err();
    assert_eq!(newest(&bench)["message"], error.message.as_str());
}

#[test]
fn an_untouched_segment_verifies() {
    let bench = bench_with_records(10);
    let report = verify(&bench);
    assert_eq!((report.lines, report.torn, report.bad), (11, false, None));
    let head = bench.engine.audit().heads().into_values().next().unwrap();
    assert_eq!((head.0, Some(&head.1)), (11, report.tags.last()));
}

#[test]
fn every_changed_byte_is_named_by_its_line() {
    let bench = bench_with_records(2);
    let path = segment_path(&bench);
    let content = std::fs::read(&path).unwrap();
    for index in 0..content.len() {
        let mut damaged = content.clone();
        damaged[index] ^= 1;
        std::fs::write(&path, &damaged).unwrap();
        let report = verify(&bench);
        let line = content[..index]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count() as u64;
        let noticed = report.bad.is_some_and(|(bad, _)| bad <= line + 1) || report.torn;
        assert!(noticed, "byte {index}: {report:?}");
    }
}

#[test]
fn a_removed_or_moved_line_is_found() {
    let bench = bench_with_records(3);
    let path = segment_path(&bench);
    let content = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = content.split_inclusive('\n').collect();
    for order in [
        vec![0, 1, 3],
        vec![0, 2, 1, 3],
        vec![0, 1, 1, 2, 3],
        vec![1, 2, 3],
    ] {
        std::fs::write(
            &path,
            order.iter().map(|&index| lines[index]).collect::<String>(),
        )
        .unwrap();
        assert!(verify(&bench).bad.is_some(), "{order:?}");
    }
}

#[test]
fn a_cut_tail_is_torn_or_shorter_than_the_head_says() {
    let bench = bench_with_records(2);
    let path = segment_path(&bench);
    let content = std::fs::read(&path).unwrap();
    for length in 0..content.len() {
        std::fs::write(&path, &content[..length]).unwrap();
        let report = verify(&bench);
        assert!(report.torn || report.lines < 3, "{length}");
    }
}

#[test]
fn a_segment_of_another_store_is_refused() {
    let bench = bench_with_records(1);
    let report = verify_segment(&segment_path(&bench), &bench.root, &[8; 16], &bench.wrapped);
    assert!(report.is_err() || report.unwrap().bad.is_some());
}

#[test]
fn a_call_that_cannot_be_recorded_is_not_answered() {
    let bench = Bench::software();
    let key = bench.key();
    std::fs::remove_dir_all(bench.folder.path().join("audit")).unwrap();
    let error = bench
        .call(
            "Encrypt",
            vec![("KeyId", text(key)), ("Plaintext", blob(b"x"))],
        )
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::KmsInternal);
    assert!(error.message.contains("audit log cannot be written"));
}

#[test]
fn fsync_mode_writes_every_record_and_off_writes_none() {
    for (mode, lines) in [(Mode::Fsync, 9), (Mode::Off, 0)] {
        let bench = Bench::with_audit(mode);
        let key = bench.key();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..2 {
                        bench
                            .call(
                                "Encrypt",
                                vec![("KeyId", text(key)), ("Plaintext", blob(b"x"))],
                            )
                            .unwrap();
                    }
                });
            }
        });
        assert_eq!(bench.audit_text().lines().count(), lines);
    }
}

#[test]
fn the_anchor_holds_the_heads_when_the_engine_closes() {
    let bench = bench_with_records(4);
    let heads = bench.engine.audit().heads();
    bench.engine.close().unwrap();
    let anchor = kmscore::anchor::Anchor::new(
        bench.folder.path().join("anchor"),
        0,
        bench.hierarchy.clone(),
    );
    let content = anchor.read().unwrap().unwrap();
    assert_eq!(content.segments, heads.into_iter().collect::<Vec<_>>());
    let path = bench.folder.path().join("anchor");
    let text = std::fs::read_to_string(&path)
        .unwrap()
        .replace("\"state\":0", "\"state\":1");
    std::fs::write(&path, text).unwrap();
    assert!(anchor.read().is_err());
}
