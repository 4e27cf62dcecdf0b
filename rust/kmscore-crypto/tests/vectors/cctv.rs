//! CCTV, the vectors of C2SP for what the standards' own do not reach.

use std::collections::HashMap;

use kmscore_crypto::ec::{Curve, PrivateKey, PublicKey};
use kmscore_crypto::hash::Hash;
use kmscore_crypto::ml_kem;
use serde_json::Value;

use crate::aws_lc::encapsulate;
use crate::case::{Case, Harmless, Judge, NONE, Tally, Verdict, checked};
use crate::encodings::{ec_spki, ed25519_spki, ml_kem_spki, numbers};
use crate::folder::{self, bytes, hex, list, number, word};
use crate::judges::elliptic::{ecdsa_ways, ed25519_ways};
use crate::judges::lattice::{
    Z_OF_EXPANDED, ml_kem_decapsulating_expanded_ways, ml_kem_encapsulating_ways, ml_kem_set,
};

const SETS: [&str; 3] = ["ML-KEM-512", "ML-KEM-768", "ML-KEM-1024"];

fn text(path: &str) -> Option<String> {
    folder::text(&format!("cctv/{path}"))
}

/// Each line is an encapsulation key with one coefficient that is not below the modulus.
#[test]
fn ml_kem_refuses_keys_that_are_not_reduced() {
    for (name, cases) in SETS.into_iter().zip([775, 780, 1040]) {
        let Some(text) = text(&format!("ML-KEM/modulus/{name}.txt")) else {
            continue;
        };
        let set = ml_kem_set(name);
        let mut tally = Tally::new(format!("CCTV modulus {name}"));
        let judge: Judge = Box::new(move |fields| {
            let spki = ml_kem_spki(set, &fields[0]);
            vec![
                checked(&ml_kem::PublicKey::from_raw(set, &fields[0])),
                checked(&ml_kem::PublicKey::from_spki(&spki)),
                checked(&encapsulate(set, &fields[0], &[7; 32])),
            ]
        });
        for (line, key) in text.lines().enumerate() {
            let case = Case::Run(vec![hex(key)]);
            tally.case(line, name, false, case, &judge, NONE);
        }
        // The control: a key that is reduced is taken.
        let key = ml_kem::PrivateKey::generate(set).unwrap().public_key();
        assert_eq!(judge(&vec![key.to_raw().unwrap()]), [Verdict::Taken; 3]);
        tally.finish(cases);
    }
}

/// Many reads of the sampler, and an ordinary run. Their seeds are of the draft of FIPS 203, whose key generation lacks
/// a byte of the final one's: so their keys are taken expanded, as they are.
#[test]
fn ml_kem_encapsulates_and_decapsulates_as_expected() {
    for folder in ["unluckysample", "intermediate"] {
        for name in SETS {
            let Some(text) = text(&format!("ML-KEM/{folder}/{name}.txt")) else {
                continue;
            };
            let set = ml_kem_set(name);
            let value = first_values(&text);
            let [d, z, public, private, randomness, ciphertext, shared] =
                ["d", "z", "ek", "dk", "m", "c", "K"].map(|name| hex(value[name]));
            let key = ml_kem::PrivateKey::from_seed(set, &[d, z].concat()).unwrap();
            assert_ne!(key.public_key().to_raw().as_ref(), Ok(&public));
            let answer = [ciphertext.as_slice(), &shared].concat();
            let encapsulating: Judge =
                Box::new(move |fields| ml_kem_encapsulating_ways(set, fields));
            let decapsulating: Judge =
                Box::new(move |fields| ml_kem_decapsulating_expanded_ways(set, fields));
            let mut tally = Tally::new(format!("CCTV {folder} {name}"));
            let case = Case::Run(vec![public, randomness, answer]);
            tally.case(1, "encapsulation", true, case, &encapsulating, NONE);
            let case = Case::Run(vec![private, ciphertext, shared]);
            tally.case(
                2,
                "decapsulation",
                true,
                case,
                &decapsulating,
                Z_OF_EXPANDED,
            );
            tally.not_offered("key generation of the draft of FIPS 203", 1);
            tally.finish(3);
        }
    }
}

/// Ciphertexts with a zero where a comparison of strings would stop.
#[test]
fn ml_kem_compares_whole_ciphertexts() {
    for name in SETS {
        let Some(text) = text(&format!("ML-KEM/strcmp/{name}.txt")) else {
            continue;
        };
        let set = ml_kem_set(name);
        let value = first_values(&text);
        let fields = ["dk", "c", "K"].map(|name| hex(value[name])).to_vec();
        let judge: Judge = Box::new(move |fields| ml_kem_decapsulating_expanded_ways(set, fields));
        let mut tally = Tally::new(format!("CCTV strcmp {name}"));
        tally.case(1, name, true, Case::Run(fields), &judge, BUT_Z_OF_EXPANDED);
        tally.finish(1);
    }
}

/// These ciphertexts are rejected: the secret is of them and z alone (FIPS 203, algorithm 18, line 7).
const BUT_Z_OF_EXPANDED: Harmless =
    |fields, field, bit| field == 0 && !Z_OF_EXPANDED(fields, field, bit);

fn first_values(text: &str) -> HashMap<&str, &str> {
    let mut values = HashMap::new();
    for (name, value) in text.lines().filter_map(|line| line.split_once(" = ")) {
        values.entry(name).or_insert(value);
    }
    values
}

/// The rule of Ed25519: what each flag of a signature means for it.
///
/// It is that of RFC 8032 without the cofactor: \[S\]B - \[k\]A is computed and its one encoding compared with R.
const ED25519_RULE: &[(&str, bool, &str)] = &[
    ("low_order_R", true, "R is not looked at by itself"),
    (
        "low_order_A",
        true,
        "who has such a key can sign anything, for nobody but himself",
    ),
    (
        "low_order_component_R",
        true,
        "what counts is that the equation holds as it stands",
    ),
    ("low_order_component_A", true, "as low_order_component_R"),
    (
        "low_order_residue",
        false,
        "the equation holds only times the cofactor",
    ),
    (
        "non_canonical_R",
        false,
        "R is compared in its one encoding",
    ),
    (
        "non_canonical_A",
        false,
        "a key has one encoding (RFC 8032 5.1.3)",
    ),
    (
        "reencoded_k",
        false,
        "k is the hash of R and A as they came",
    ),
];

#[test]
fn ed25519_verifies_by_one_rule() {
    let Some(text) = text("ed25519/ed25519vectors.json") else {
        return;
    };
    let file: Value = serde_json::from_str(&text).unwrap();
    let judge: Judge = Box::new(ed25519_ways);
    let mut tally = Tally::new("CCTV ed25519");
    for test in file.as_array().unwrap() {
        let rules: Vec<bool> = list(test, "flags")
            .iter()
            .map(|flag| {
                ED25519_RULE
                    .iter()
                    .find(|(name, _, _)| flag == name)
                    .unwrap()
                    .1
            })
            .collect();
        let fields = vec![
            ed25519_spki(&bytes(test, "key")),
            word(test, "msg").into(),
            bytes(test, "sig"),
        ];
        tally.case(
            number(test, "number"),
            &test["flags"].to_string(),
            !rules.contains(&false),
            Case::Run(fields),
            &judge,
            KEY_OF_SMALL_ORDER,
        );
    }
    tally.finish(914);
}

/// A key of small order verifies the same signature over other messages, and its negative may as well.
const KEY_OF_SMALL_ORDER: Harmless = |_, field, _| field < 2;

#[test]
fn ecdsa_takes_a_signature_whose_first_nonce_was_rejected() {
    let Some(text) = text("rfc6979-p256-rejection.json") else {
        return;
    };
    let test: Value = serde_json::from_str(&text).unwrap();
    let point = [vec![4], bytes(&test, "Ux"), bytes(&test, "Uy")].concat();
    let key = ec_spki(Curve::P256, &point);
    let private = PrivateKey::from_scalar(Curve::P256, &bytes(&test, "x")).unwrap();
    assert_eq!(private.public_key().to_spki().unwrap(), key);
    assert!(PublicKey::from_spki(&key).is_ok());
    let signature = numbers(&bytes(&test, "r"), &bytes(&test, "s"));
    let judge: Judge = Box::new(|fields| ecdsa_ways(Hash::Sha256, fields));
    let case = Case::Run(vec![key, word(&test, "message").into(), signature]);
    let mut tally = Tally::new("CCTV RFC 6979 rejection");
    tally.case(1, "P-256", true, case, &judge, NONE);
    tally.finish(1);
}

#[test]
fn what_is_not_offered_is_counted() {
    if let Some(text) = text("ml-dsa-accumulated.json") {
        let file: Value = serde_json::from_str(&text).unwrap();
        let sets = file["result_by_iterations"].as_object().unwrap().values();
        let results = sets.map(|set| set.as_object().unwrap().len()).sum();
        let mut tally = Tally::new("CCTV ML-DSA accumulated");
        tally.not_offered(
            "it hashes deterministic signatures: ours are hedged",
            results,
        );
        tally.finish(9);
    }
    for (size, candidates) in [(2048, 708), (3072, 1064), (4096, 1418)] {
        if let Some(text) = text(&format!("keygen/rsa.bench.{size}.txt")) {
            let mut tally = Tally::new(format!("CCTV keygen {size}"));
            let primes = text.lines().filter(|line| !line.is_empty()).count();
            tally.not_offered("candidates for measuring: AWS-LC draws its own", primes);
            tally.finish(candidates);
        }
    }
}
