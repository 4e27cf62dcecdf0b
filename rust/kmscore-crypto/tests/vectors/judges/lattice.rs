//! ML-DSA and ML-KEM.

use kmscore_crypto::{Unspecified, ml_dsa, ml_kem};
use serde_json::Value;

use super::Group;
use crate::aws_lc::{decapsulate, encapsulate, mu_with_context};
use crate::case::{Case, Fields, Harmless, Verdict, checked, gave};
use crate::folder::{bytes, word};

pub(crate) fn ml_dsa_44_verifying(group: &Value) -> Group {
    verifying(ml_dsa::ParameterSet::MlDsa44, group)
}

pub(crate) fn ml_dsa_65_verifying(group: &Value) -> Group {
    verifying(ml_dsa::ParameterSet::MlDsa65, group)
}

pub(crate) fn ml_dsa_87_verifying(group: &Value) -> Group {
    verifying(ml_dsa::ParameterSet::MlDsa87, group)
}

pub(crate) fn ml_dsa_44_signing(group: &Value) -> Group {
    signing(ml_dsa::ParameterSet::MlDsa44, group)
}

pub(crate) fn ml_dsa_65_signing(group: &Value) -> Group {
    signing(ml_dsa::ParameterSet::MlDsa65, group)
}

pub(crate) fn ml_dsa_87_signing(group: &Value) -> Group {
    signing(ml_dsa::ParameterSet::MlDsa87, group)
}

pub(crate) fn ml_dsa_44_signing_expanded(group: &Value) -> Group {
    signing_expanded(ml_dsa::ParameterSet::MlDsa44, group)
}

pub(crate) fn ml_dsa_65_signing_expanded(group: &Value) -> Group {
    signing_expanded(ml_dsa::ParameterSet::MlDsa65, group)
}

pub(crate) fn ml_dsa_87_signing_expanded(group: &Value) -> Group {
    signing_expanded(ml_dsa::ParameterSet::MlDsa87, group)
}

/// Fields: public key, and what `signed` gives.
fn verifying(set: ml_dsa::ParameterSet, group: &Value) -> Group {
    let key = bytes(group, "publicKey");
    let read = ml_dsa::PublicKey::from_spki(&bytes(group, "publicKeyDer"));
    let raw = ml_dsa::PublicKey::from_raw(set, &key);
    assert_eq!(
        read.map(|key| (key.set(), key.to_raw().unwrap())).ok(),
        raw.map(|key| (set, key.to_raw().unwrap())).ok()
    );
    Group::new(
        move |test| Case::Run([vec![key.clone()], signed(test)].concat()),
        move |fields| ml_dsa_ways(set, fields),
    )
    .but_for(KEY_BESIDE_MU)
}

/// Fields: seed, and what `signed` gives. Our signing is hedged: so what it makes is verified, not compared.
fn signing(set: ml_dsa::ParameterSet, group: &Value) -> Group {
    let (seed, public) = (bytes(group, "privateSeed"), bytes(group, "publicKey"));
    let key = ml_dsa::PrivateKey::from_seed(set, &seed);
    if let (Ok(key), Some(_)) = (&key, group["privateKeyPkcs8"].as_str()) {
        let pkcs8 = bytes(group, "privateKeyPkcs8");
        assert!(key.to_pkcs8().unwrap().equals(&pkcs8));
    }
    let case = move |test: &Value| {
        let signed = signed(test);
        if let Ok(key) = &key {
            own_signature_verifies(key, &signed);
        }
        Case::Run([vec![seed.clone()], signed].concat())
    };
    Group::new(case, move |fields| {
        let Ok(key) = ml_dsa::PrivateKey::from_seed(set, &fields[0]) else {
            return vec![Verdict::Refused];
        };
        let derived = key.public_key().to_raw().unwrap();
        if derived != public {
            return vec![Verdict::Other];
        }
        ml_dsa_ways(set, &[&[derived], &fields[1..]].concat())
    })
}

fn own_signature_verifies(key: &ml_dsa::PrivateKey, signed: &Fields) {
    let public = key.public_key();
    if let [message, _, _] = signed.as_slice() {
        let signature = key.sign(message).unwrap();
        public.verify(message, &signature).unwrap();
    } else {
        let mu = signed[0].as_slice().try_into().unwrap();
        let signature = key.sign_mu(mu).unwrap();
        public.verify_mu(mu, &signature).unwrap();
    }
}

/// Fields: public key, and what `signed` gives. The private key is of a form that is not read here.
fn signing_expanded(set: ml_dsa::ParameterSet, group: &Value) -> Group {
    let key = bytes(group, "publicKey");
    let case = move |test: &Value| {
        let is_of_the_private_key = word(test, "result") == "invalid" && test["ctx"].is_null();
        if is_of_the_private_key {
            Case::NotOffered("a private key of ML-DSA is its seed")
        } else {
            Case::Run([vec![key.clone()], signed(test)].concat())
        }
    };
    Group::new(case, move |fields| ml_dsa_ways(set, fields)).but_for(KEY_BESIDE_MU)
}

/// The hash of the public key is in μ. Where μ is given, a low bit of a key's t1 may be rounded away.
pub(crate) const KEY_BESIDE_MU: Harmless = |fields, field, _| fields.len() == 3 && field == 0;

/// Message, context, signature; or, of a vector without a message, μ and signature.
fn signed(test: &Value) -> Fields {
    let names: &[&str] = if test["msg"].is_null() {
        &["mu", "sig"]
    } else {
        &["msg", "ctx", "sig"]
    };
    names.iter().map(|name| bytes(test, name)).collect()
}

/// A context is the caller's part of μ: the crate itself signs with an empty one.
pub(crate) fn ml_dsa_ways(set: ml_dsa::ParameterSet, fields: &Fields) -> Vec<Verdict> {
    let Ok(key) = ml_dsa::PublicKey::from_raw(set, &fields[0]) else {
        return vec![Verdict::Refused];
    };
    match fields.as_slice() {
        [_, mu, signature] => {
            let mu = mu.as_slice().try_into().unwrap();
            vec![checked(&key.verify_mu(mu, signature))]
        }
        [raw, message, context, signature] => {
            let by_mu = mu_with_context(raw, context, message)
                .ok_or(Unspecified)
                .and_then(|mu| key.verify_mu(&mu, signature));
            let mut ways = vec![checked(&by_mu)];
            if context.is_empty() {
                ways.push(checked(&key.verify(message, signature)));
            }
            ways
        }
        _ => panic!("three or four fields"),
    }
}

/// A parameter set by the names of Wycheproof and ACVP.
pub(crate) fn ml_kem_set(name: &str) -> ml_kem::ParameterSet {
    match name {
        "ML-KEM-512" => ml_kem::ParameterSet::MlKem512,
        "ML-KEM-768" => ml_kem::ParameterSet::MlKem768,
        "ML-KEM-1024" => ml_kem::ParameterSet::MlKem1024,
        _ => panic!("no set of ML-KEM: {name}"),
    }
}

/// Fields: encapsulation key, randomness, ciphertext and shared secret.
pub(crate) fn ml_kem_encapsulating(group: &Value) -> Group {
    let set = ml_kem_set(word(group, "parameterSet"));
    let case = |test: &Value| {
        let answer = [bytes(test, "c"), bytes(test, "K")].concat();
        Case::Run(vec![bytes(test, "ek"), bytes(test, "m"), answer])
    };
    Group::new(case, move |fields| ml_kem_encapsulating_ways(set, fields))
}

pub(crate) fn ml_kem_encapsulating_ways(
    set: ml_kem::ParameterSet,
    fields: &Fields,
) -> Vec<Verdict> {
    let [key, randomness, answer] = fields.as_slice() else {
        panic!("three fields");
    };
    let encapsulated =
        ml_kem::PublicKey::from_raw(set, key).and_then(|_| encapsulate(set, key, randomness));
    vec![gave(encapsulated, answer)]
}

/// Fields: seed, ciphertext, shared secret, encapsulation key if it is said.
pub(crate) fn ml_kem_decapsulating(group: &Value) -> Group {
    let set = ml_kem_set(word(group, "parameterSet"));
    let case = |test: &Value| {
        let names = ["seed", "c", "K", "ek"];
        Case::Run(names.map(|name| bytes(test, name)).to_vec())
    };
    Group::new(case, move |fields| ml_kem_decapsulating_ways(set, fields)).but_for(Z)
}

/// Who decapsulates what was made for the key never uses z, the second half of the seed.
pub(crate) const Z: Harmless = |_, field, bit| field == 0 && bit >= 256;

pub(crate) fn ml_kem_decapsulating_ways(
    set: ml_kem::ParameterSet,
    fields: &Fields,
) -> Vec<Verdict> {
    let [seed, ciphertext, shared, public] = fields.as_slice() else {
        panic!("four fields");
    };
    let Ok(key) = ml_kem::PrivateKey::from_seed(set, seed) else {
        return vec![Verdict::Refused];
    };
    if !public.is_empty() && key.public_key().to_raw().as_ref() != Ok(public) {
        return vec![Verdict::Other];
    }
    let decapsulated = key
        .decapsulate(ciphertext)
        .and_then(|shared| Ok(shared.expose()?.to_vec()));
    vec![gave(decapsulated, shared)]
}

/// Fields: expanded decapsulation key, ciphertext, shared secret. By AWS-LC: the crate keeps seeds.
pub(crate) fn ml_kem_decapsulating_expanded_ways(
    set: ml_kem::ParameterSet,
    fields: &Fields,
) -> Vec<Verdict> {
    let [key, ciphertext, shared] = fields.as_slice() else {
        panic!("three fields");
    };
    vec![gave(decapsulate(set, key, ciphertext), shared)]
}

/// As `Z`: the last 32 bytes of the expanded key.
pub(crate) const Z_OF_EXPANDED: Harmless =
    |fields, field, bit| field == 0 && bit / 8 + 32 >= fields[0].len();

/// A flip leaves an encapsulation key valid but for those that lift a coefficient over the modulus 3329.
pub(crate) const STILL_REDUCED: Harmless = |fields, _, bit| {
    let (coefficients, _) = fields[0].split_at(fields[0].len() - 32);
    let coefficient = coefficients.chunks(3).nth(bit / 24).map(|three| {
        let both = u32::from_le_bytes([three[0], three[1], three[2], 0]) ^ 1 << (bit % 24);
        if bit % 24 < 12 {
            both & 0xFFF
        } else {
            both >> 12
        }
    });
    coefficient.is_none_or(|coefficient| coefficient < 3329)
};

/// Fields: seed, encapsulation key.
pub(crate) fn ml_kem_generating(group: &Value) -> Group {
    let set = ml_kem_set(word(group, "parameterSet"));
    let case = |test: &Value| Case::Run(vec![bytes(test, "seed"), bytes(test, "ek")]);
    Group::new(case, move |fields| {
        let public = ml_kem::PrivateKey::from_seed(set, &fields[0])
            .and_then(|key| key.public_key().to_raw());
        vec![gave(public, &fields[1])]
    })
    .but_for(Z)
}
