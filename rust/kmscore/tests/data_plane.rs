//! The data-plane operations through the whole pipeline, on the software backend and on one that refuses export.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Bench, blob, blob_of, caller, map, text, text_of};
use kmscore::ciphertext::{KeyId, OVERHEAD};
use kmscore::error::ErrorCode;
use kmscore::rows::Row;
use kmscore::spec::State;
use kmscore::value::{Request, Value};

fn both(test: impl Fn(&Bench)) {
    test(&Bench::software());
    test(&Bench::token());
}

fn encrypt(bench: &Bench, key: KeyId, plaintext: &[u8], context: &[(&str, &str)]) -> Vec<u8> {
    let members = vec![
        ("KeyId", text(key)),
        ("Plaintext", blob(plaintext)),
        ("EncryptionContext", map(context)),
    ];
    blob_of(&bench.call("Encrypt", members).unwrap(), "CiphertextBlob")
}

fn decrypt(
    bench: &Bench,
    ciphertext: &[u8],
    context: &[(&str, &str)],
) -> Result<Vec<u8>, ErrorCode> {
    let members = vec![
        ("CiphertextBlob", blob(ciphertext)),
        ("EncryptionContext", map(context)),
    ];
    bench
        .call("Decrypt", members)
        .map(|response| blob_of(&response, "Plaintext"))
        .map_err(|error| error.code)
}

#[test]
fn what_encrypt_seals_decrypt_opens_under_the_same_context_in_any_order() {
    both(|bench| {
        let key = bench.key();
        let ciphertext = encrypt(bench, key, b"hello", &[("a", "1"), ("b", "2")]);
        assert_eq!(
            decrypt(bench, &ciphertext, &[("b", "2"), ("a", "1")]).unwrap(),
            b"hello"
        );
        for context in [
            &[][..],
            &[("a", "1")],
            &[("a", "1"), ("b", "3")],
            &[("a", "1"), ("B", "2")],
        ] {
            assert_eq!(
                decrypt(bench, &ciphertext, context),
                Err(ErrorCode::InvalidCiphertext)
            );
        }
    });
}

#[test]
fn a_data_key_comes_plain_and_sealed_and_both_are_the_same() {
    both(|bench| {
        let key = bench.key();
        for (member, value, length) in [
            ("KeySpec", text("AES_256"), 32),
            ("KeySpec", text("AES_128"), 16),
            ("NumberOfBytes", Value::Integer(1024), 1024),
        ] {
            let response = bench
                .call(
                    "GenerateDataKey",
                    vec![("KeyId", text(key)), (member, value)],
                )
                .unwrap();
            let plaintext = blob_of(&response, "Plaintext");
            assert_eq!(plaintext.len(), length);
            assert_eq!(
                decrypt(bench, &blob_of(&response, "CiphertextBlob"), &[]).unwrap(),
                plaintext
            );
        }
        let members = vec![("KeyId", text(key)), ("KeySpec", text("AES_256"))];
        let response = bench
            .call("GenerateDataKeyWithoutPlaintext", members)
            .unwrap();
        assert!(response.iter().all(|(name, _)| *name != "Plaintext"));
    });
}

#[test]
fn a_data_key_needs_exactly_one_length() {
    let bench = Bench::software();
    let key = bench.key();
    for members in [
        vec![],
        vec![
            ("KeySpec", text("AES_256")),
            ("NumberOfBytes", Value::Integer(32)),
        ],
    ] {
        let members = std::iter::once(("KeyId", text(key)))
            .chain(members)
            .collect();
        assert_eq!(
            bench.call("GenerateDataKey", members).unwrap_err().code,
            ErrorCode::Validation
        );
    }
}

#[test]
fn re_encrypt_moves_a_ciphertext_to_another_key_and_context() {
    both(|bench| {
        let (source, destination) = (bench.key(), bench.key());
        let old = encrypt(bench, source, b"move me", &[("s", "1")]);
        let members = vec![
            ("CiphertextBlob", blob(&old)),
            ("SourceEncryptionContext", map(&[("s", "1")])),
            ("DestinationKeyId", text(destination)),
            ("DestinationEncryptionContext", map(&[("d", "2")])),
        ];
        let response = bench.call("ReEncrypt", members).unwrap();
        assert!(text_of(&response, "KeyId").ends_with(&destination.to_string()));
        assert!(text_of(&response, "SourceKeyId").ends_with(&source.to_string()));
        assert_eq!(
            decrypt(bench, &blob_of(&response, "CiphertextBlob"), &[("d", "2")]).unwrap(),
            b"move me"
        );
    });
}

#[test]
fn generate_random_gives_as_many_bytes_as_asked_and_needs_a_number() {
    let bench = Bench::software();
    let ask = |count| {
        blob_of(
            &bench
                .call("GenerateRandom", vec![("NumberOfBytes", count)])
                .unwrap(),
            "Plaintext",
        )
    };
    assert_eq!(ask(Value::Integer(1024)).len(), 1024);
    assert_ne!(ask(Value::Integer(32)), ask(Value::Integer(32)));
    assert_eq!(
        bench.call("GenerateRandom", vec![]).unwrap_err().message,
        "NumberOfBytes is required."
    );
}

#[test]
fn decrypt_with_another_key_named_is_an_incorrect_key() {
    let bench = Bench::software();
    let (key, other) = (bench.key(), bench.key());
    let ciphertext = encrypt(&bench, key, b"x", &[]);
    let members = vec![
        ("CiphertextBlob", blob(&ciphertext)),
        ("KeyId", text(other)),
    ];
    assert_eq!(
        bench.call("Decrypt", members).unwrap_err().code,
        ErrorCode::IncorrectKey
    );
}

#[test]
fn a_blob_of_an_unknown_key_is_access_denied_and_garbage_is_an_invalid_ciphertext() {
    let bench = Bench::software();
    let foreign = Bench::software();
    let ciphertext = encrypt(&foreign, foreign.key(), b"x", &[]);
    assert_eq!(
        decrypt(&bench, &ciphertext, &[]),
        Err(ErrorCode::AccessDenied)
    );
    assert_eq!(
        decrypt(&bench, b"not a blob of anybody", &[]),
        Err(ErrorCode::InvalidCiphertext)
    );
}

#[test]
fn every_byte_of_a_blob_counts() {
    let bench = Bench::software();
    let ciphertext = encrypt(&bench, bench.key(), b"x", &[]);
    for index in 0..ciphertext.len() {
        for bit in 0..8 {
            let mut damaged = ciphertext.clone();
            damaged[index] ^= 1 << bit;
            assert!(
                decrypt(&bench, &damaged, &[]).is_err(),
                "byte {index} bit {bit}"
            );
        }
        assert!(decrypt(&bench, &ciphertext[..index.max(1)], &[]).is_err());
    }
}

#[test]
fn a_change_acknowledged_before_a_call_is_seen_by_it() {
    let bench = Bench::software();
    let key = bench.key();
    let ciphertext = encrypt(&bench, key, b"x", &[]);
    for _ in 0..100 {
        bench.store.set_state(key, State::Disabled);
        assert_eq!(decrypt(&bench, &ciphertext, &[]), Err(ErrorCode::Disabled));
        bench.store.set_state(key, State::Enabled);
        assert_eq!(decrypt(&bench, &ciphertext, &[]).unwrap(), b"x");
    }
}

#[test]
fn an_unchanged_key_is_loaded_once() {
    let bench = Bench::software();
    let key = bench.key();
    for _ in 0..50 {
        encrypt(&bench, key, b"x", &[]);
    }
    assert_eq!(
        bench.store.loads.load(std::sync::atomic::Ordering::Relaxed),
        1
    );
}

#[test]
fn an_alias_follows_to_its_new_key_at_once() {
    let bench = Bench::software();
    let (one, other) = (bench.key(), bench.key());
    for key in [one, other, one] {
        bench.store.put_alias("alias/app", key);
        let members = vec![("KeyId", text("alias/app")), ("Plaintext", blob(b"x"))];
        let response = bench.call("Encrypt", members).unwrap();
        assert!(text_of(&response, "KeyId").ends_with(&key.to_string()));
    }
}

#[test]
fn everyone_but_the_account_root_is_denied_and_learns_nothing_of_the_key() {
    let bench = Bench::software();
    let key = bench.key();
    let ciphertext = encrypt(&bench, key, b"x", &[]);
    let user = caller(common::ACCOUNT, "arn:aws:iam::123456789012:user/someone");
    let stranger = caller("111122223333", "arn:aws:iam::111122223333:root");
    for who in [&user, &stranger] {
        let denied = bench
            .call_as(who, "Decrypt", vec![("CiphertextBlob", blob(&ciphertext))])
            .unwrap_err();
        assert_eq!(denied.code, ErrorCode::AccessDenied);
    }
    let denied = bench
        .call_as(
            &stranger,
            "Decrypt",
            vec![("CiphertextBlob", blob(&ciphertext))],
        )
        .unwrap_err();
    assert!(!denied.message.contains(&key.to_string()));
}

#[test]
fn dry_run_ends_in_its_own_error_only_where_the_call_would_have_succeeded() {
    let bench = Bench::software();
    let key = bench.key();
    let dry = |plaintext: &[u8], key: KeyId| {
        let members = vec![
            ("KeyId", text(key)),
            ("Plaintext", blob(plaintext)),
            ("DryRun", Value::Boolean(true)),
        ];
        bench.call("Encrypt", members).unwrap_err().code
    };
    assert_eq!(dry(b"x", key), ErrorCode::DryRunOperation);
    assert_eq!(dry(b"", key), ErrorCode::Validation);
    bench.store.set_state(key, State::Disabled);
    assert_eq!(dry(b"x", key), ErrorCode::Disabled);
}

#[test]
fn a_context_over_the_limit_or_with_a_key_twice_is_refused() {
    let bench = Bench::software();
    let key = bench.key();
    let long = "x".repeat(9000);
    for context in [vec![("a", long.as_str())], vec![("a", "1"), ("a", "2")]] {
        let members = vec![
            ("KeyId", text(key)),
            ("Plaintext", blob(b"x")),
            ("EncryptionContext", map(&context)),
        ];
        assert_eq!(
            bench.call("Encrypt", members).unwrap_err().code,
            ErrorCode::Validation
        );
    }
}

fn batch(
    bench: &Bench,
    key: Option<KeyId>,
    inputs: &[Option<Vec<u8>>],
    encrypt: bool,
    threads: usize,
) -> BatchResult {
    let length = |input: &Option<Vec<u8>>| {
        let length = input.as_ref().map_or(0, Vec::len);
        if encrypt {
            length + OVERHEAD
        } else {
            length.saturating_sub(OVERHEAD)
        }
    };
    let mut outputs: Vec<Vec<u8>> = inputs.iter().map(|input| vec![0; length(input)]).collect();
    let mut rows: Vec<Row<'_>> = inputs
        .iter()
        .zip(&mut outputs)
        .map(|(input, output)| Row {
            input: input.as_deref(),
            output,
        })
        .collect();
    let request = Request::new(key.map(|key| ("KeyId", text(key))).into_iter().collect());
    let caller = common::root_caller();
    let errors = if encrypt {
        bench
            .engine
            .encrypt_rows(&request, &mut rows, threads, &caller)
    } else {
        bench
            .engine
            .decrypt_rows(&request, &mut rows, threads, &caller)
    };
    let errors = errors
        .unwrap()
        .into_iter()
        .map(|(row, error)| (row, error.code))
        .collect();
    (outputs, errors)
}

type BatchResult = (Vec<Vec<u8>>, Vec<(usize, ErrorCode)>);

#[test]
fn a_batch_goes_there_and_back_on_any_number_of_threads_with_one_record_each_way() {
    both(|bench| {
        let key = bench.key();
        let inputs: Vec<Option<Vec<u8>>> = (0..1000_usize)
            .map(|row| (row % 7 != 0).then(|| vec![3; row % 50]))
            .collect();
        for threads in [1, 2, 3] {
            let before = bench.audit_text().lines().count();
            let (blobs, errors) = batch(bench, Some(key), &inputs, true, threads);
            assert_eq!(errors, []);
            let blobs: Vec<Option<Vec<u8>>> = inputs
                .iter()
                .zip(blobs)
                .map(|(input, blob)| input.is_some().then_some(blob))
                .collect();
            let (back, errors) = batch(bench, None, &blobs, false, threads);
            assert_eq!(errors, []);
            for (input, back) in inputs.iter().zip(&back) {
                assert_eq!(input.as_deref().unwrap_or_default(), back);
            }
            assert_eq!(
                bench.audit_text().lines().count() - before,
                if before == 0 { 3 } else { 2 }
            );
        }
    });
}

#[test]
fn rows_that_fail_are_named_and_their_output_is_zero() {
    let bench = Bench::software();
    let key = bench.key();
    let (blobs, _) = batch(
        &bench,
        Some(key),
        &[Some(b"one".to_vec()), Some(b"two".to_vec())],
        true,
        1,
    );
    let mut damaged = blobs[1].clone();
    *damaged.last_mut().unwrap() ^= 1;
    let inputs = [
        Some(blobs[0].clone()),
        Some(damaged),
        Some(b"short".to_vec()),
        Some(blobs[1].clone()),
    ];
    let (back, errors) = batch(&bench, None, &inputs, false, 2);
    assert_eq!(
        errors,
        [
            (1, ErrorCode::InvalidCiphertext),
            (2, ErrorCode::InvalidCiphertext)
        ]
    );
    assert_eq!(back, [b"one".to_vec(), vec![0; 3], vec![], b"two".to_vec()]);
    let (_, errors) = batch(&bench, Some(key), &[Some(vec![0; 4097])], true, 1);
    assert_eq!(errors, [(0, ErrorCode::Validation)]);
}

#[test]
fn a_batch_under_several_keys_opens_and_a_named_key_must_be_each_rows() {
    let bench = Bench::software();
    let (one, other) = (bench.key(), bench.key());
    let rows = [
        Some(encrypt(&bench, one, b"1", &[])),
        Some(encrypt(&bench, other, b"2", &[])),
    ];
    let (back, errors) = batch(&bench, None, &rows, false, 1);
    assert_eq!((back, errors), (vec![b"1".to_vec(), b"2".to_vec()], vec![]));
    let (_, errors) = batch(&bench, Some(one), &rows, false, 1);
    assert_eq!(errors, [(1, ErrorCode::IncorrectKey)]);
    bench.store.set_state(other, State::Disabled);
    let (_, errors) = batch(&bench, None, &rows, false, 1);
    assert_eq!(errors, [(1, ErrorCode::Disabled)]);
}
