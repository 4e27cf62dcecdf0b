//! SM2 (GB/T 32918): the file of the shared folder.

use kmscore_crypto::sm2::{PrivateKey, PublicKey};
use serde_json::Value;
use sm3::{Digest, Sm3};

use crate::case::{Case, Fields, Tally, Verdict, checked, gave};
use crate::encodings::sm2_spki;
use crate::folder::{self, bytes, hex, list, number, word};
use crate::judges::Group;

const DEFAULT_IDENTIFIER: &[u8] = b"1234567812345678";
/// a, b and the generator of the curve (GB/T 32918.5, 2), for the digests under other identifiers.
const CURVE: &str = concat!(
    "fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc",
    "28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93",
    "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7",
    "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0",
);

#[test]
fn signatures_verify_and_ciphertexts_decrypt_as_expected() {
    let Some(text) = folder::text("sm2/sm2_test.json") else {
        return;
    };
    let file: Value = serde_json::from_str(&text).unwrap();
    let kinds = [
        ("signatureTests", Group::new(signed, signed_ways)),
        ("decryptionTests", Group::new(encrypted, encrypted_ways)),
    ];
    let mut tally = Tally::new("SM2");
    for (kind, group) in kinds {
        for test in list(&file, kind) {
            let is_valid = match word(test, "result") {
                "valid" => true,
                "invalid" => false,
                other => panic!("unknown result {other}"),
            };
            tally.case(
                number(test, "tcId"),
                &format!("{kind} {}", test["comment"]),
                is_valid,
                (group.case)(test),
                &group.judge,
                group.harmless,
            );
        }
    }
    // Counted in the text, so that no list of the file is left out unnoticed.
    tally.finish(text.matches("\"tcId\"").count());
}

/// Fields: public key, identifier, message, signature.
fn signed(test: &Value) -> Case {
    let identifier = word(test, "userId").into();
    let [point, message, signature] = ["publicKey", "msg", "sig"].map(|name| bytes(test, name));
    Case::Run(vec![point, identifier, message, signature])
}

fn signed_ways(fields: &Fields) -> Vec<Verdict> {
    let [point, identifier, message, signature] = fields.as_slice() else {
        panic!("four fields");
    };
    let Ok(public) = PublicKey::from_spki(&sm2_spki(point)) else {
        return vec![Verdict::Refused];
    };
    let e = digest(&point[1..], identifier, message);
    if identifier == DEFAULT_IDENTIFIER {
        assert_eq!(public.digest(message), e);
    }
    vec![checked(&public.verify_digest(&e, signature))]
}

/// SM3(ZA || message), computed apart from the module: that knows the default identifier only.
fn digest(coordinates: &[u8], identifier: &[u8], message: &[u8]) -> [u8; 32] {
    let bits = u16::try_from(8 * identifier.len()).unwrap().to_be_bytes();
    let identity = Sm3::digest([&bits, identifier, &hex(CURVE), coordinates].concat());
    Sm3::digest([&identity, message].concat()).into()
}

/// Fields: private key, ciphertext, plaintext, which a refused ciphertext has none of.
fn encrypted(test: &Value) -> Case {
    let names = ["privateKey", "ct", "msg"];
    Case::Run(names.map(|name| bytes(test, name)).to_vec())
}

fn encrypted_ways(fields: &Fields) -> Vec<Verdict> {
    let [scalar, ciphertext, plaintext] = fields.as_slice() else {
        panic!("three fields");
    };
    let decrypted = PrivateKey::from_scalar(scalar).and_then(|key| key.decrypt(ciphertext));
    vec![gave(
        decrypted.map(|plaintext| plaintext.to_vec()),
        plaintext,
    )]
}
