//! The SM2 vectors of the shared folder, each with a twin: with one bit changed anywhere, its test must fail.
#![cfg(feature = "sm2")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "a run says how many cases it had")]

use std::path::Path;

use kmscore_crypto::Unspecified;
use kmscore_crypto::sm2::{PrivateKey, PublicKey};
use serde_json::Value;
use sm3::{Digest, Sm3};

const DEFAULT_IDENTIFIER: &[u8] = b"1234567812345678";
/// SubjectPublicKeyInfo up to its uncompressed point.
const SPKI_HEADER: &str = "3059301306072a8648ce3d020106082a811ccf5501822d034200";
/// a, b and the generator of the curve (GB/T 32918.5, 2), for the digests under other identifiers.
const CURVE: &str = concat!(
    "fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc",
    "28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93",
    "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7",
    "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0",
);

/// A case: its input, as many fields as its kind has, and whether it is to be accepted.
struct Case {
    name: String,
    fields: Vec<Vec<u8>>,
    is_valid: bool,
}

impl Case {
    fn read(value: &Value, fields: &[&str]) -> Self {
        let field = |name: &&str| match (*name, &value[*name]) {
            ("userId", text) => text.as_str().unwrap().into(),
            // What a refused ciphertext would have decrypted to.
            ("msg", Value::Null) => vec![],
            (_, text) => hex(text.as_str().unwrap()),
        };
        Self {
            name: format!("{} {}", value["tcId"], value["comment"]),
            fields: fields.iter().map(field).collect(),
            is_valid: match value["result"].as_str().unwrap() {
                "valid" => true,
                "invalid" => false,
                other => panic!("unknown result {other}"),
            },
        }
    }

    fn passes(&self, run: Run) -> bool {
        run(&self.fields).is_ok() == self.is_valid
    }

    /// This case with its verdict turned; if it was an acceptance, also with one bit of each field changed.
    fn twins(&self) -> Vec<Self> {
        let turned = Self {
            name: format!("{}, verdict turned", self.name),
            fields: self.fields.clone(),
            is_valid: !self.is_valid,
        };
        let changeable = (0..self.fields.len()).filter(|at| !self.fields[*at].is_empty());
        let changed = changeable.filter(|_| self.is_valid).map(|at| {
            let mut fields = self.fields.clone();
            let middle = fields[at].len() / 2;
            fields[at][middle] ^= 1;
            Self {
                name: format!("{}, field {at} changed", self.name),
                fields,
                is_valid: true,
            }
        });
        [turned].into_iter().chain(changed).collect()
    }
}

type Run = fn(&[Vec<u8>]) -> Result<(), Unspecified>;

/// Fields: public key, identifier, message, signature.
fn verify(fields: &[Vec<u8>]) -> Result<(), Unspecified> {
    let [point, identifier, message, signature] = fields else {
        return Err(Unspecified);
    };
    let public = PublicKey::from_spki(&[&hex(SPKI_HEADER), point.as_slice()].concat())?;
    let e = digest(&point[1..], identifier, message);
    if identifier == DEFAULT_IDENTIFIER {
        assert_eq!(public.digest(message), e);
    }
    public.verify_digest(&e, signature)
}

/// SM3(ZA || message), computed apart from the module: that knows the default identifier only.
fn digest(coordinates: &[u8], identifier: &[u8], message: &[u8]) -> [u8; 32] {
    let bits = u16::try_from(8 * identifier.len()).unwrap().to_be_bytes();
    let identity = Sm3::digest([&bits, identifier, &hex(CURVE), coordinates].concat());
    Sm3::digest([&identity, message].concat()).into()
}

/// Fields: private key, ciphertext, plaintext.
fn decrypt(fields: &[Vec<u8>]) -> Result<(), Unspecified> {
    let [scalar, ciphertext, plaintext] = fields else {
        return Err(Unspecified);
    };
    let decrypted = PrivateKey::from_scalar(scalar)?.decrypt(ciphertext)?;
    (*decrypted == *plaintext).then_some(()).ok_or(Unspecified)
}

#[test]
fn every_sm2_case_passes_and_no_twin_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/vectors/sm2")
        .join("sm2_test.json");
    let Ok(text) = std::fs::read(&path) else {
        println!("SM2: no vectors at {}: 0 cases run", path.display());
        return;
    };
    let file: Value = serde_json::from_slice(&text).unwrap();
    let kinds: [(&str, &[&str], Run); 2] = [
        (
            "signatureTests",
            &["publicKey", "userId", "msg", "sig"],
            verify,
        ),
        ("decryptionTests", &["privateKey", "ct", "msg"], decrypt),
    ];
    let (mut accepted, mut refused, mut twins) = (0, 0, 0);
    for (kind, fields, run) in kinds {
        for value in file[kind].as_array().unwrap() {
            let case = Case::read(value, fields);
            assert!(case.passes(run), "{kind} {}", case.name);
            *(if case.is_valid {
                &mut accepted
            } else {
                &mut refused
            }) += 1;
            for twin in case.twins() {
                assert!(!twin.passes(run), "{kind} {}", twin.name);
                twins += 1;
            }
        }
    }
    // Counted in the text, so that no list and no case of the file is left out unnoticed.
    let in_file = String::from_utf8(text).unwrap().matches("\"tcId\"").count();
    assert_eq!(accepted + refused, in_file);
    println!(
        "SM2: {in_file} cases run, {accepted} accepted and {refused} refused; {twins} twins failed"
    );
}

fn hex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}
