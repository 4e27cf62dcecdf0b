//! Messages of the AWS Encryption SDK: what is made opens, and nothing else does.
#![allow(missing_docs, reason = "tests")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(unreachable_pub, reason = "the fuzz targets share it")]
#[path = "common/messages.rs"]
mod messages;

use std::sync::Arc;
use std::time::Duration;

use kmscore::envelope::EnvelopeFault;
use kmscore::envelope::batch::{MessageColumn, encrypt_rows};
use kmscore::envelope::body::Framed;
use kmscore::envelope::cache::{CacheLimits, CacheStatistics, MaterialsCache};
use kmscore::envelope::header::{EncryptedDataKey, Header, HeaderLimits, HeaderView};
use kmscore::envelope::materials::{DataKey, EncryptionMaterials, EncryptionRequest};
use kmscore::envelope::raw_aes::RawAesKey;
use kmscore::envelope::stream::{MessageReader, MessageWriter};
use kmscore::rows::Row;
use kmscore_crypto::out::Room;
use kmscore_crypto::secret::SecretBytes;
use messages::{
    NO_LIMITS, POLICY, SIGNED, UNSIGNED, data_key, materials, message, open, open_in_pieces, pairs,
};

const SUITES: [u16; 2] = [UNSIGNED, SIGNED];
const FRAME: u32 = 16;

fn bytes(length: usize) -> Vec<u8> {
    (0..=255).cycle().take(length).collect()
}

fn simple(suite: u16) -> EncryptionMaterials {
    materials(suite, data_key(1), pairs(&[("a", "b"), ("ключ", "𐐀")]), &[])
}

#[test]
fn every_length_around_frame_edges_round_trips_on_any_number_of_threads() {
    for suite in SUITES {
        let materials = simple(suite);
        for length in 0..70 {
            for threads in [1, 2, 3, 8] {
                let message = message(&materials, &bytes(length), FRAME, threads);
                assert_eq!(
                    open(&message, &data_key(1), &[], threads).unwrap(),
                    bytes(length)
                );
            }
        }
    }
}

#[test]
fn large_messages_are_the_same_on_one_thread_and_on_several() {
    let plaintext = bytes(3_000_000);
    for suite in SUITES {
        let materials = simple(suite);
        for (sealing, opening) in [(1, 2), (2, 1), (3, 3)] {
            let message = message(&materials, &plaintext, 4096, sealing);
            assert!(open(&message, &data_key(1), &[], opening).unwrap() == plaintext);
        }
    }
}

#[test]
fn pieces_of_any_size_give_the_same_plaintext() {
    for suite in SUITES {
        let message = message(&simple(suite), &bytes(100), FRAME, 1);
        for piece in 1..200 {
            assert_eq!(
                open_in_pieces(&message, &data_key(1), piece).unwrap(),
                bytes(100)
            );
        }
    }
}

#[test]
fn every_flipped_bit_is_refused() {
    for suite in SUITES {
        let mut message = message(&simple(suite), &bytes(40), FRAME, 1);
        for bit in 0..8 * message.len() {
            message[bit / 8] ^= 1 << (bit % 8);
            for threads in [1, 2] {
                assert!(
                    open(&message, &data_key(1), &[], threads).is_err(),
                    "bit {bit}"
                );
            }
            assert!(
                open_in_pieces(&message, &data_key(1), 1000).is_err(),
                "bit {bit}"
            );
            message[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn every_truncation_and_every_extension_is_refused() {
    for suite in SUITES {
        let message = message(&simple(suite), &bytes(40), FRAME, 1);
        for length in 0..message.len() {
            assert!(open(&message[..length], &data_key(1), &[], 1).is_err());
            assert!(open_in_pieces(&message[..length], &data_key(1), 1000).is_err());
        }
        for extra in 1..80 {
            let longer = [&message[..], &vec![0; extra]].concat();
            assert!(open(&longer, &data_key(1), &[], 1).is_err());
            assert!(open_in_pieces(&longer, &data_key(1), 1000).is_err());
        }
    }
}

#[test]
fn frames_in_another_order_twice_or_missing_are_refused() {
    let message = message(&simple(UNSIGNED), &bytes(64), FRAME, 1);
    let header = HeaderView::parse(&message, NO_LIMITS).unwrap().length;
    let (regular, last) = message[header..].split_at(3 * 48);
    let frames: Vec<&[u8]> = regular.chunks(48).chain([last]).collect();
    let of = |order: &[usize]| {
        let frames: Vec<&[u8]> = order.iter().map(|place| frames[*place]).collect();
        [&message[..header], &frames.concat()].concat()
    };
    assert!(open(&of(&[0, 1, 2, 3]), &data_key(1), &[], 1).is_ok());
    for order in [
        &[1, 0, 2, 3][..],
        &[0, 2, 1, 3],
        &[0, 0, 1, 2, 3],
        &[0, 1, 1, 2, 3],
        &[0, 1, 2, 3, 3],
        &[1, 2, 3],
        &[0, 1, 3],
        &[3],
        &[3, 0, 1, 2],
    ] {
        assert!(open(&of(order), &data_key(1), &[], 1).is_err(), "{order:?}");
        assert!(
            open_in_pieces(&of(order), &data_key(1), 1000).is_err(),
            "{order:?}"
        );
    }
}

#[test]
fn another_data_key_is_refused_ten_thousand_times() {
    let plaintext = bytes(20);
    for number in 0..10_000_u32 {
        let (one, other) = (DataKey::random().unwrap(), DataKey::random().unwrap());
        let suite = SUITES[usize::from(number % 100 == 0)];
        let message = message(
            &materials(suite, Arc::new(one), pairs(&[]), &[]),
            &plaintext,
            FRAME,
            1,
        );
        assert_eq!(
            open(&message, &other, &[], 1),
            Err(EnvelopeFault::Decryption)
        );
    }
}

#[test]
fn required_pairs_are_authenticated_and_not_stored() {
    let all = pairs(&[("tenant", "acme"), ("app", "x")]);
    for suite in SUITES {
        let materials = materials(suite, data_key(1), all.clone(), &["tenant"]);
        let message = message(&materials, b"secret", FRAME, 1);
        assert!(!message.windows(4).any(|part| part == b"acme"));
        let reproduced = pairs(&[("tenant", "acme")]);
        assert_eq!(
            open(&message, &data_key(1), &reproduced, 1).unwrap(),
            b"secret"
        );
        let both = pairs(&[("tenant", "acme"), ("app", "x")]);
        assert!(open(&message, &data_key(1), &both, 1).is_ok());
        for wrong in [
            pairs(&[]),
            pairs(&[("tenant", "acmf")]),
            pairs(&[("tenant", "acme"), ("app", "y")]),
            pairs(&[("tenant", "acme"), ("more", "z")]),
        ] {
            assert_eq!(
                open(&message, &data_key(1), &wrong, 1),
                Err(EnvelopeFault::Decryption)
            );
        }
    }
}

#[test]
fn more_encrypted_data_keys_than_allowed_stop_reading() {
    let key = |number: u8| EncryptedDataKey {
        provider_id: "p".into(),
        provider_info: vec![number],
        ciphertext: vec![number; 10],
    };
    let keys: Vec<_> = (0..5).map(key).collect();
    let request = EncryptionRequest::new(UNSIGNED, vec![], &[], POLICY, Some(5)).unwrap();
    let materials = EncryptionMaterials::new(&request, None, data_key(1), &keys).unwrap();
    let message = message(&materials, b"x", FRAME, 1);
    let limits = |most| HeaderLimits {
        encrypted_data_keys: Some(most),
    };
    let read = |most| Header::read(&message, POLICY, limits(most), &[]).map(drop);
    assert_eq!(read(5), Ok(()));
    assert!(
        matches!(read(4), Err(EnvelopeFault::Format(text)) if text.contains("5 encrypted data keys"))
    );
    // The count alone decides: nothing after it is read.
    let cut = &message[..60];
    assert!(
        matches!(Header::read(cut, POLICY, limits(4), &[]), Err(EnvelopeFault::Format(text)) if text.contains("allows 4"))
    );
    let few = EncryptionRequest::new(UNSIGNED, vec![], &[], POLICY, Some(4)).unwrap();
    assert!(EncryptionMaterials::new(&few, None, data_key(1), &keys).is_err());
    assert!(EncryptionMaterials::new(&few, None, data_key(1), &[]).is_err());
}

#[test]
fn a_writer_never_uses_a_number_twice() {
    let mut writer = MessageWriter::new(Arc::new(simple(UNSIGNED)), FRAME).unwrap();
    let seal = |writer: &mut MessageWriter, length: usize, last: bool| {
        let mut out = vec![0; writer.sealed_length(length, last).unwrap_or(1000)];
        writer.seal(&bytes(length), last, Room::new(&mut out), 2)
    };
    assert!(seal(&mut writer, 15, false).is_err());
    seal(&mut writer, 64, false).unwrap();
    assert!(writer.footer().is_err());
    seal(&mut writer, 0, true).unwrap();
    assert!(seal(&mut writer, 0, true).is_err());
    assert!(seal(&mut writer, 16, false).is_err());
    assert_eq!(writer.footer().unwrap(), b"");
}

#[test]
fn a_writer_makes_messages_that_open() {
    for suite in SUITES {
        for (pieces, last) in [(0, 0), (0, 16), (1, 5), (3, 16), (3, 0), (2, 40)] {
            let mut writer = MessageWriter::new(Arc::new(simple(suite)), FRAME).unwrap();
            let mut written = writer.header().to_vec();
            for (length, is_last) in std::iter::repeat_n((32, false), pieces).chain([(last, true)])
            {
                let mut out = vec![0; writer.sealed_length(length, is_last).unwrap()];
                writer
                    .seal(&bytes(length), is_last, Room::new(&mut out), 2)
                    .unwrap();
                written.extend(out);
            }
            written.extend(writer.footer().unwrap());
            let expected = [bytes(32).repeat(pieces), bytes(last)].concat();
            assert_eq!(open(&written, &data_key(1), &[], 1).unwrap(), expected);
        }
    }
}

#[test]
fn any_frame_opens_by_itself_and_only_under_its_number() {
    let message = message(&simple(UNSIGNED), &bytes(100), FRAME, 1);
    let header = Header::read(&message, POLICY, NO_LIMITS, &[]).unwrap();
    let reader = MessageReader::new(&header, &data_key(1)).unwrap();
    let layout = Framed::of_body(message.len() - header.bytes().len(), FRAME).unwrap();
    let body = &message[header.bytes().len()..];
    for first in 1..=layout.regular {
        let frame = &body[(first as usize - 1) * 48..][..48];
        for number in 1..=layout.regular {
            let mut out = [0xEE; 16];
            let opened = reader
                .open_frames(number, frame, Room::new(&mut out))
                .is_ok();
            assert_eq!(opened, number == first);
            let expected = if opened {
                bytes(100)[(first as usize - 1) * 16..][..16].to_vec()
            } else {
                vec![0; 16]
            };
            assert_eq!(out.to_vec(), expected);
        }
    }
    let last = &body[layout.regular_length()..];
    let mut out = [0xEE; 4];
    assert!(
        reader
            .open_final(layout.final_number() + 1, last, Room::new(&mut out))
            .is_err()
    );
    reader
        .open_final(layout.final_number(), last, Room::new(&mut out))
        .unwrap();
    assert_eq!(out, bytes(100)[96..]);
}

#[test]
fn rows_of_a_run_share_a_data_key_and_open_by_themselves() {
    let runs = [
        Arc::new(simple(UNSIGNED)),
        Arc::new(materials(UNSIGNED, data_key(2), pairs(&[]), &[])),
    ];
    let inputs: Vec<Vec<u8>> = (0..20).map(bytes).collect();
    let length =
        |row: usize, input: &Vec<u8>| runs[row / 10].message_length(input.len(), FRAME).unwrap();
    let mut outputs: Vec<Vec<u8>> = inputs
        .iter()
        .enumerate()
        .map(|(row, input)| vec![0; length(row, input)])
        .collect();
    let mut rows: Vec<Row<'_>> = inputs
        .iter()
        .zip(&mut outputs)
        .map(|(input, output)| Row {
            input: Some(input),
            output,
        })
        .collect();
    encrypt_rows(&runs, 10, FRAME, &mut rows, 3).unwrap();
    assert_eq!(open(&outputs[3], &data_key(1), &[], 1).unwrap(), inputs[3]);
    assert_eq!(
        open(&outputs[13], &data_key(2), &[], 1).unwrap(),
        inputs[13]
    );

    outputs[5][80] ^= 1;
    outputs[6].truncate(40);
    let column = MessageColumn::read(
        outputs.iter().map(|row| Some(row.as_slice())),
        POLICY,
        NO_LIMITS,
        &[],
    );
    // The damaged byte lies in the header's keys: that row asks for a data key of its own.
    assert_eq!(column.headers().len(), 3);
    let keys: Vec<_> = column
        .headers()
        .iter()
        .map(|header| {
            let second = header.context().is_empty();
            Ok(data_key(1 + u8::from(second)))
        })
        .collect();
    let mut plaintexts: Vec<Vec<u8>> = column.lengths().map(|length| vec![0xEE; length]).collect();
    let mut rows: Vec<Row<'_>> = outputs
        .iter()
        .zip(&mut plaintexts)
        .map(|(input, output)| Row {
            input: Some(input),
            output,
        })
        .collect();
    let failed = column.decrypt(&keys, &mut rows, 2).unwrap();
    let failed: Vec<usize> = failed.iter().map(|(row, _)| *row).collect();
    assert_eq!(failed, [5, 6]);
    for (row, input) in inputs.iter().enumerate() {
        match row {
            5 => assert_eq!(plaintexts[5], [0; 5]),
            6 => assert!(plaintexts[6].is_empty()),
            _ => assert_eq!(&plaintexts[row], input),
        }
    }
}

#[test]
fn raw_aes_keys_unwrap_what_they_wrapped_and_nothing_else() {
    let secret = |byte, length| SecretBytes::from_wiping(&mut vec![byte; length]).unwrap();
    let context = pairs(&[("a", "b")]);
    for length in [16, 24, 32] {
        let key = RawAesKey::new("ns".into(), "name".into(), secret(1, length)).unwrap();
        let encrypted = key.wrap(&data_key(9), &context).unwrap();
        assert!(key.made(&encrypted));
        let unwrapped = key.unwrap(&encrypted, &context).unwrap();
        assert!(unwrapped.secret().equals(&[9; 32]));
        assert!(key.unwrap(&encrypted, &pairs(&[("a", "c")])).is_err());
        let other = RawAesKey::new("ns".into(), "name".into(), secret(2, length)).unwrap();
        assert_eq!(
            other.unwrap(&encrypted, &context).err(),
            Some(EnvelopeFault::Decryption)
        );
        let longer = RawAesKey::new("ns".into(), "name2".into(), secret(1, length)).unwrap();
        assert!(!longer.made(&encrypted));
        for place in 0..encrypted.ciphertext.len() {
            let mut changed = encrypted.clone();
            changed.ciphertext[place] ^= 1;
            assert!(key.unwrap(&changed, &context).is_err());
        }
    }
    for (namespace, name, length) in [
        ("aws-kms", "n", 32),
        ("", "n", 32),
        ("n", "", 32),
        ("n", "n", 31),
    ] {
        assert!(RawAesKey::new(namespace.into(), name.into(), secret(1, length)).is_err());
    }
}

fn limits(max_messages: u64, max_bytes: u64, capacity: usize) -> CacheLimits {
    CacheLimits {
        max_age: Duration::from_secs(3600),
        max_messages,
        max_bytes,
        capacity,
    }
}

#[test]
fn a_cache_gives_materials_until_a_limit_would_be_passed() {
    let request = EncryptionRequest::new(UNSIGNED, vec![], &[], POLICY, None).unwrap();
    let uses = |limits, bytes: u64| {
        let cache = MaterialsCache::new(limits);
        cache.keep_encrypting(&request, Arc::new(simple(UNSIGNED)), 1, bytes);
        let used = (0..100)
            .take_while(|_| cache.encrypting(&request, 1, bytes).is_some())
            .count();
        (used, cache.statistics()[0])
    };
    assert_eq!(
        uses(limits(5, u64::MAX, 10), 1),
        (4, CacheStatistics { hits: 4, misses: 1 })
    );
    assert_eq!(uses(limits(u64::MAX, 50, 10), 10).0, 4);
    let cache = MaterialsCache::new(limits(100, 50, 10));
    cache.keep_encrypting(&request, Arc::new(simple(UNSIGNED)), 1, 10);
    assert!(cache.encrypting(&request, 1, 41).is_none());
    assert!(cache.encrypting(&request, 1, 40).is_some());
    let mut short = limits(100, 100, 10);
    short.max_age = Duration::ZERO;
    assert_eq!(uses(short, 1).0, 0);
}

#[test]
fn a_cache_tells_requests_apart_and_forgets_the_one_not_used_longest() {
    let cache = MaterialsCache::new(limits(100, 1000, 2));
    let request = |value: &str| {
        EncryptionRequest::new(UNSIGNED, pairs(&[("a", value)]), &[], POLICY, None).unwrap()
    };
    for value in ["1", "2"] {
        assert!(cache.encrypting(&request(value), 1, 1).is_none());
        cache.keep_encrypting(&request(value), Arc::new(simple(UNSIGNED)), 1, 1);
    }
    assert!(cache.encrypting(&request("1"), 1, 1).is_some());
    cache.keep_encrypting(&request("3"), Arc::new(simple(UNSIGNED)), 1, 1);
    assert!(cache.encrypting(&request("2"), 1, 1).is_none());
    assert!(cache.encrypting(&request("1"), 1, 1).is_some());
    let signed = EncryptionRequest::new(SIGNED, pairs(&[("a", "1")]), &[], POLICY, None).unwrap();
    assert!(cache.encrypting(&signed, 1, 1).is_none());
    let required =
        EncryptionRequest::new(UNSIGNED, pairs(&[("a", "1")]), &["a".into()], POLICY, None)
            .unwrap();
    assert!(cache.encrypting(&required, 1, 1).is_none());
}
