#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::LazyLock;

use kmscore_crypto::passphrase::Argon2Parameters;

use super::*;
use crate::key_pair::PublicKey;
use crate::root_key::RootKey;

const NOW: i64 = 1_700_000_000_000_000;

static HIERARCHY: LazyLock<KeyHierarchy> = LazyLock::new(|| {
    let parameters = Argon2Parameters {
        memory_kib: 8192,
        passes: 1,
        lanes: 1,
    };
    let root = RootKey::from_passphrase(b"words", &[7; 16], parameters).unwrap();
    KeyHierarchy::create(&root, [1; 16]).unwrap().0
});

fn key(spec: KeySpec) -> Importing {
    Importing {
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        key_id: KeyId::parse("12345678-1234-4234-8234-123456789012").unwrap(),
        spec,
    }
}

fn import(
    parameters: &ImportParameters,
    into: &Importing,
    wrapped: &[u8],
    now: i64,
) -> Result<(String, Vec<u8>), ImportFault> {
    HIERARCHY.unwrap_import(into, Binding::default(), &parameters.token, wrapped, now)
}

fn wrap(parameters: &ImportParameters, hash: Hash, material: &[u8]) -> Vec<u8> {
    match PublicKey::from_spki(&parameters.public_key).unwrap() {
        PublicKey::Rsa(public) => public.encrypt_oaep(hash, material).unwrap(),
        _ => panic!("the wrapping key is RSA"),
    }
}

fn parameters(into: &Importing, algorithm: WrappingAlgorithm) -> ImportParameters {
    HIERARCHY
        .new_import_parameters(into, algorithm, KeySpec::Rsa2048, NOW)
        .unwrap()
}

#[test]
fn wrapped_material_is_named_by_key_and_bytes() {
    let into = key(KeySpec::SymmetricDefault);
    for (algorithm, hash) in [
        (WrappingAlgorithm::RsaesOaepSha1, Hash::Sha1),
        (WrappingAlgorithm::RsaesOaepSha256, Hash::Sha256),
    ] {
        let made = parameters(&into, algorithm);
        assert_eq!(made.valid_to, NOW + 86_400_000_000);
        let wrapped = wrap(&made, hash, &[9; 32]);
        let first = import(&made, &into, &wrapped, NOW).unwrap().0;
        let again = import(&made, &into, &wrapped, NOW + 86_400_000_000)
            .unwrap()
            .0;
        assert_eq!(first, again);
        let other = wrap(&made, hash, &[8; 32]);
        assert_ne!(import(&made, &into, &other, NOW).unwrap().0, first);
    }
}

#[test]
fn each_failure_has_its_own_name() {
    let into = key(KeySpec::SymmetricDefault);
    let made = parameters(&into, WrappingAlgorithm::RsaesOaepSha256);
    let wrapped = wrap(&made, Hash::Sha256, &[9; 32]);
    assert!(matches!(
        import(&made, &into, &wrapped, made.valid_to + 1),
        Err(ImportFault::ExpiredToken)
    ));
    assert!(matches!(
        import(&made, &into, &wrap(&made, Hash::Sha1, &[9; 32]), NOW),
        Err(ImportFault::NotUnwrapped)
    ));
    for length in [0, 16, 31, 33, 64] {
        let wrapped = wrap(&made, Hash::Sha256, &vec![9; length]);
        assert!(matches!(
            import(&made, &into, &wrapped, NOW),
            Err(ImportFault::WrongMaterial)
        ));
    }
    let elsewhere = Importing {
        region: "eu-west-1".to_owned(),
        ..into
    };
    let other_spec = key(KeySpec::Hmac256);
    for other in [elsewhere, other_spec] {
        assert!(matches!(
            import(&made, &other, &wrapped, NOW),
            Err(ImportFault::InvalidToken)
        ));
    }
}

#[test]
fn every_changed_byte_and_truncation_of_a_token_is_refused() {
    let into = key(KeySpec::SymmetricDefault);
    let made = parameters(&into, WrappingAlgorithm::RsaesOaepSha256);
    let refused = |token: &[u8]| {
        let answer = HIERARCHY.unwrap_import(&into, Binding::default(), token, &[0; 256], NOW);
        matches!(answer, Err(ImportFault::InvalidToken))
    };
    for index in 0..made.token.len() {
        let mut damaged = made.token.clone();
        damaged[index] ^= 1;
        assert!(refused(&damaged), "{index}");
        assert!(refused(&made.token[..index]), "{index}");
    }
    assert!(made.token.len() <= 6144);
}

#[test]
fn only_what_goes_together_gets_a_wrapping_key() {
    use WrappingAlgorithm as A;
    for (spec, algorithm, wrapping, good) in [
        (
            KeySpec::Rsa2048,
            A::RsaesOaepSha256,
            KeySpec::Rsa4096,
            false,
        ),
        (
            KeySpec::Rsa2048,
            A::RsaAesKeyWrapSha256,
            KeySpec::Rsa2048,
            true,
        ),
        (
            KeySpec::EccNistP521,
            A::RsaesOaepSha1,
            KeySpec::Rsa2048,
            false,
        ),
        (
            KeySpec::EccNistP521,
            A::RsaesOaepSha1,
            KeySpec::Rsa3072,
            true,
        ),
        (
            KeySpec::EccNistP256,
            A::RsaAesKeyWrapSha1,
            KeySpec::Rsa2048,
            true,
        ),
        (
            KeySpec::SymmetricDefault,
            A::RsaAesKeyWrapSha1,
            KeySpec::Rsa2048,
            false,
        ),
        (
            KeySpec::SymmetricDefault,
            A::Sm2Pke,
            KeySpec::Rsa2048,
            false,
        ),
        (KeySpec::SymmetricDefault, A::Sm2Pke, KeySpec::Sm2, false),
        (
            KeySpec::SymmetricDefault,
            A::RsaesOaepSha1,
            KeySpec::Sm2,
            false,
        ),
    ] {
        let found = check_combination(&key(spec), algorithm, wrapping);
        assert_eq!(found.is_ok(), good, "{spec:?} {algorithm:?} {wrapping:?}");
    }
}
