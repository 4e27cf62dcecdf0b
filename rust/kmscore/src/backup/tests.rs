#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{self, Read, Write};

use super::chunks::CHUNK;
use super::*;

const STORE: [u8; 16] = [7; 16];
const CREATED: u64 = 1_790_000_000_000_000;
const CHEAP: Argon2Parameters = Argon2Parameters {
    memory_kib: 8192,
    passes: 1,
    lanes: 1,
};

fn written(database: &[u8], lock: &Lock<'_>) -> Vec<u8> {
    let mut out = vec![];
    write(
        &mut &*database,
        b"{\"keys\":[]}",
        lock,
        &STORE,
        CREATED,
        &mut out,
    )
    .unwrap();
    out
}

fn read_back(backup: &[u8], unlock: &Unlock<'_>) -> Result<(Contents, Vec<u8>), BackupError> {
    let mut database = vec![];
    let contents = read(&mut &*backup, unlock, Some(&mut database))?;
    let checked =
        read::<Vec<u8>>(&mut &*backup, unlock, None).expect("a check without output agrees");
    assert_eq!(checked.database_bytes, contents.database_bytes);
    Ok((contents, database))
}

fn is_refused(backup: &[u8], unlock: &Unlock<'_>) -> bool {
    read::<Vec<u8>>(&mut &*backup, unlock, None).is_err()
}

fn database(length: usize) -> Vec<u8> {
    (0..=255).cycle().take(length).collect()
}

/// Bytes of plaintext before the database: the length and the manifest of `written`.
const BEFORE: usize = 4 + 11;

#[test]
fn a_database_of_every_length_around_the_chunks_comes_back() {
    let pair = X25519::generate().unwrap();
    for length in [
        0,
        1,
        CHUNK - BEFORE - 1,
        CHUNK - BEFORE,
        CHUNK - BEFORE + 1,
        2 * CHUNK - BEFORE,
        3 * CHUNK + 5,
    ] {
        let backup = written(&database(length), &Lock::Recipient(pair.public()));
        let (contents, back) = read_back(&backup, &Unlock::Recipient(&pair)).unwrap();
        assert!(back == database(length));
        assert_eq!((contents.store_id, contents.created), (STORE, CREATED));
        assert_eq!(contents.database_bytes, length as u64);
        assert_eq!(contents.manifest.expose().unwrap(), b"{\"keys\":[]}");
    }
}

#[test]
fn a_manifest_over_several_chunks_comes_back_and_one_over_the_limit_is_refused() {
    let pair = X25519::generate().unwrap();
    for length in [0, CHUNK - 4, CHUNK, 2 * CHUNK + 9, MANIFEST_LIMIT] {
        let (manifest, mut backup) = (vec![9; length], vec![]);
        let lock = Lock::Recipient(pair.public());
        write(
            &mut io::empty(),
            &manifest,
            &lock,
            &STORE,
            CREATED,
            &mut backup,
        )
        .unwrap();
        let (contents, back) = read_back(&backup, &Unlock::Recipient(&pair)).unwrap();
        assert!(back.is_empty() && contents.manifest.equals(&manifest));
    }
    let result = write(
        &mut io::empty(),
        &vec![9; MANIFEST_LIMIT + 1],
        &Lock::Recipient(pair.public()),
        &STORE,
        CREATED,
        &mut io::sink(),
    );
    assert!(matches!(result, Err(BackupError::ManifestTooLong)));
}

#[test]
fn a_passphrase_opens_its_backup_and_another_does_not() {
    let backup = written(&database(100), &Lock::Passphrase(b"correct horse", CHEAP));
    let (_, back) = read_back(&backup, &Unlock::Passphrase(b"correct horse")).unwrap();
    assert_eq!(back, database(100));
    let result = read::<Vec<u8>>(
        &mut backup.as_slice(),
        &Unlock::Passphrase(b"correct hors"),
        None,
    );
    assert!(matches!(result, Err(BackupError::Locked)));
}

#[test]
fn another_recipient_and_the_wrong_kind_of_key_are_refused_by_name() {
    let (pair, other) = (X25519::generate().unwrap(), X25519::generate().unwrap());
    let to_pair = written(b"", &Lock::Recipient(pair.public()));
    let to_words = written(b"", &Lock::Passphrase(b"words", CHEAP));
    let fault = |backup: &[u8], unlock: &Unlock<'_>| {
        read::<Vec<u8>>(&mut &*backup, unlock, None).unwrap_err()
    };
    assert!(matches!(
        fault(&to_pair, &Unlock::Recipient(&other)),
        BackupError::Locked
    ));
    assert!(matches!(
        fault(&to_pair, &Unlock::Passphrase(b"words")),
        BackupError::NeedsIdentity
    ));
    assert!(matches!(
        fault(&to_words, &Unlock::Recipient(&pair)),
        BackupError::NeedsPassphrase
    ));
}

#[test]
fn an_empty_passphrase_and_parameters_out_of_range_are_refused() {
    let lock = |passphrase, parameters| {
        let lock = Lock::Passphrase(passphrase, parameters);
        write(
            &mut io::empty(),
            b"{}",
            &lock,
            &STORE,
            CREATED,
            &mut io::sink(),
        )
        .unwrap_err()
    };
    assert!(matches!(lock(b"", CHEAP), BackupError::EmptyPassphrase));
    let weak = Argon2Parameters {
        memory_kib: 1024,
        ..CHEAP
    };
    assert!(matches!(
        lock(b"words", weak),
        BackupError::Passphrase(ParameterRange::Memory)
    ));
}

#[test]
fn a_recipient_of_small_order_is_refused() {
    let lock = Lock::Recipient(&[0; 32]);
    let result = write(
        &mut io::empty(),
        b"{}",
        &lock,
        &STORE,
        CREATED,
        &mut io::sink(),
    );
    assert!(matches!(result, Err(BackupError::Identity(_))));
}

#[test]
fn every_flipped_bit_of_a_small_backup_is_refused() {
    let pair = X25519::generate().unwrap();
    let backup = written(&database(50), &Lock::Recipient(pair.public()));
    let unlock = Unlock::Recipient(&pair);
    assert!(!is_refused(&backup, &unlock));
    for bit in 0..8 * backup.len() {
        let mut damaged = backup.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(is_refused(&damaged, &unlock), "bit {bit}");
    }
}

#[test]
fn every_flipped_byte_of_a_passphrase_header_is_refused() {
    let backup = written(&database(50), &Lock::Passphrase(b"words", CHEAP));
    let header = 12 + usize::from(backup[10]) * 256 + usize::from(backup[11]) + 32;
    for at in 0..header {
        let mut damaged = backup.clone();
        damaged[at] ^= 1;
        assert!(
            is_refused(&damaged, &Unlock::Passphrase(b"words")),
            "byte {at}"
        );
    }
}

#[test]
fn every_truncation_and_extension_of_a_small_backup_is_refused() {
    let pair = X25519::generate().unwrap();
    let backup = written(&database(50), &Lock::Recipient(pair.public()));
    let unlock = Unlock::Recipient(&pair);
    for length in 0..backup.len() {
        assert!(is_refused(&backup[..length], &unlock), "cut to {length}");
    }
    for extra in 1..=64 {
        for byte in [0, 0xEE] {
            let longer = [backup.as_slice(), &vec![byte; extra]].concat();
            assert!(is_refused(&longer, &unlock), "extended by {extra}");
        }
    }
}

#[test]
fn truncation_extension_and_reordering_at_chunk_borders_are_refused() {
    let pair = X25519::generate().unwrap();
    let unlock = Unlock::Recipient(&pair);
    let sealed = CHUNK + 16;
    for last in [10, CHUNK] {
        let backup = written(
            &database(2 * CHUNK + last - BEFORE),
            &Lock::Recipient(pair.public()),
        );
        let start = backup.len() - 2 * sealed - (last + 16);
        assert!(!is_refused(&backup, &unlock));
        for border in [start, start + sealed, start + 2 * sealed] {
            for cut in border.saturating_sub(20)..(border + 20).min(backup.len()) {
                assert!(is_refused(&backup[..cut], &unlock), "cut to {cut}");
            }
        }
        for extra in 1..=64 {
            assert!(is_refused(
                &[backup.as_slice(), &vec![0; extra]].concat(),
                &unlock
            ));
        }
        let (first, second) = (
            &backup[start..start + sealed],
            &backup[start + sealed..start + 2 * sealed],
        );
        let rest = &backup[start + 2 * sealed..];
        assert!(
            is_refused(&[&backup[..start], second, first, rest].concat(), &unlock),
            "exchanged"
        );
        assert!(
            is_refused(&[&backup[..start], first, rest].concat(), &unlock),
            "one left out"
        );
        assert!(
            is_refused(
                &[&backup[..start], first, first, second, rest].concat(),
                &unlock
            ),
            "one doubled"
        );
        assert!(
            is_refused(&[&backup[..], rest].concat(), &unlock),
            "the last doubled"
        );
    }
}

#[test]
fn a_header_over_the_limit_is_refused_before_it_is_read() {
    let start = [b"kmsbak01".as_slice(), &u32::MAX.to_be_bytes()].concat();
    let result = read::<Vec<u8>>(&mut start.as_slice(), &Unlock::Passphrase(b"words"), None);
    assert!(matches!(
        result,
        Err(BackupError::Header(
            "its length is over the limit of 4,096 bytes"
        ))
    ));
}

#[test]
fn a_header_that_lacks_a_member_is_refused_by_its_name() {
    let header = |json: &str| {
        let length = u32::try_from(json.len()).unwrap();
        let start = [
            b"kmsbak01".as_slice(),
            &length.to_be_bytes(),
            json.as_bytes(),
        ]
        .concat();
        read::<Vec<u8>>(&mut start.as_slice(), &Unlock::Passphrase(b"words"), None)
            .unwrap_err()
            .to_string()
    };
    assert!(header("{}").ends_with("kind is neither passphrase nor recipient"));
    assert!(header("[").ends_with("it is not JSON"));
    assert!(header(r#"{"kind":"recipient"}"#).ends_with("ephemeral is not 32 bytes in base64"));
    assert!(
        header(r#"{"kind":"passphrase","salt":"AA=="}"#)
            .ends_with("salt is not 16 bytes in base64")
    );
    let salt = r#"{"kind":"passphrase","salt":"AAAAAAAAAAAAAAAAAAAAAA==""#;
    assert!(header(&format!("{salt}}}")).ends_with("memory_kib is not a number"));
    assert!(
        header(&format!(r#"{salt},"memory_kib":-1}}"#)).ends_with("memory_kib is not a number")
    );
    let whole = format!(r#"{salt},"memory_kib":4294967295,"passes":1,"lanes":1,"created":1"#);
    assert!(header(&format!("{whole}}}")).ends_with("store is not 32 hex digits"));
    let store = "0".repeat(32);
    assert!(header(&format!(r#"{whole},"store":"{store}"}}"#)).ends_with("file_key is not base64"));
    let huge = header(&format!(r#"{whole},"store":"{store}","file_key":""}}"#));
    assert_eq!(huge, "Argon2id memory must be 8 MiB to 4 GiB");
}

/// Gives a byte at a time, interrupts before each, and fails at the end if told to.
struct Trickle<'a>(&'a [u8], bool, Option<io::ErrorKind>);

impl Read for Trickle<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        match (self.0.is_empty(), self.2) {
            (true, Some(kind)) => Err(kind.into()),
            _ => self.0.read(&mut out[..1]),
        }
    }
}

#[test]
fn short_and_interrupted_reads_change_nothing() {
    let pair = X25519::generate().unwrap();
    let content = database(CHUNK + 100);
    let mut backup = vec![];
    let lock = Lock::Recipient(pair.public());
    write(
        &mut Trickle(&content, false, None),
        b"{}",
        &lock,
        &STORE,
        CREATED,
        &mut backup,
    )
    .unwrap();
    let mut back = vec![];
    read(
        &mut Trickle(&backup, false, None),
        &Unlock::Recipient(&pair),
        Some(&mut back),
    )
    .unwrap();
    assert!(back == content);
}

#[test]
fn a_failing_source_or_target_is_told_as_such() {
    let pair = X25519::generate().unwrap();
    let lock = Lock::Recipient(pair.public());
    let broken = || Trickle(b"abc", false, Some(io::ErrorKind::PermissionDenied));
    let result = write(
        &mut broken(),
        b"{}",
        &lock,
        &STORE,
        CREATED,
        &mut io::sink(),
    );
    assert!(matches!(result, Err(BackupError::Read(_))));
    let result = read::<Vec<u8>>(&mut broken(), &Unlock::Recipient(&pair), None);
    assert!(matches!(result, Err(BackupError::Read(_))));
    let mut full = [0; 700];
    let content = database(2 * CHUNK);
    let result = write(
        &mut content.as_slice(),
        b"{}",
        &lock,
        &STORE,
        CREATED,
        &mut full.as_mut_slice(),
    );
    assert!(matches!(result, Err(BackupError::Write(_))));
    let backup = written(&content, &lock);
    let result = read(
        &mut backup.as_slice(),
        &Unlock::Recipient(&pair),
        Some(&mut full.as_mut_slice()),
    );
    assert!(matches!(result, Err(BackupError::Write(_))));
}

#[test]
fn two_backups_of_the_same_store_share_no_ciphertext() {
    let pair = X25519::generate().unwrap();
    let (one, other) = (
        written(b"", &Lock::Recipient(pair.public())),
        written(b"", &Lock::Recipient(pair.public())),
    );
    assert_ne!(one[one.len() - 32..], other[other.len() - 32..]);
    assert_eq!(one.len(), other.len());
}

#[test]
fn a_flush_that_fails_fails_the_backup() {
    struct Unflushed;
    impl Write for Unflushed {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
    }
    let pair = X25519::generate().unwrap();
    let lock = Lock::Recipient(pair.public());
    let result = write(
        &mut io::empty(),
        b"{}",
        &lock,
        &STORE,
        CREATED,
        &mut Unflushed,
    );
    assert!(matches!(result, Err(BackupError::Write(_))));
}
