//! RSA signatures and OAEP.

use kmscore_crypto::hash::Hash;
use kmscore_crypto::rsa::{Encoding, PrivateKey, PublicKey};
use serde_json::Value;

use super::{Group, OTHER_HASH, hash};
use crate::case::{Case, Fields, Verdict, checked, equal, gave};
use crate::encodings::rsa_spki;
use crate::folder::{bytes, number, word};

/// Fields: SubjectPublicKeyInfo, message, signature.
pub(crate) fn pkcs1(group: &Value) -> Group {
    verifying(group, Encoding::Pkcs1, Case::Run)
}

/// Fields: SubjectPublicKeyInfo, message, signature.
pub(crate) fn pss(group: &Value) -> Group {
    let Some(hash) = hash(word(group, "sha")) else {
        return Group::not_offered(OTHER_HASH);
    };
    if word(group, "mgf") != "MGF1" {
        return Group::not_offered("KMS's PSS is with MGF1");
    }
    // Keys that carry parameters of PSS are not those of KMS, whose family is rsaEncryption.
    if word(group, "type") == "RsassaPssWithParametersVerify" {
        assert!(PublicKey::from_spki(&bytes(group, "publicKeyDer")).is_err());
    }
    let case = if group["mgfSha"] != group["sha"] {
        |fields| Case::MustRefuse("KMS's PSS has MGF1 of the same hash", fields)
    } else if number(group, "sLen") != hash.length() {
        |fields| Case::MustRefuse("KMS's PSS has a salt as long as the digest", fields)
    } else {
        Case::Run
    };
    verifying(group, Encoding::Pss, case)
}

fn verifying(group: &Value, encoding: Encoding, case: fn(Fields) -> Case) -> Group {
    let Some(hash) = hash(word(group, "sha")) else {
        return Group::not_offered(OTHER_HASH);
    };
    let key = rsa_spki(&bytes(group, "publicKeyAsn"));
    assert!(PublicKey::from_spki(&key).is_ok());
    Group::new(
        move |test| case(vec![key.clone(), bytes(test, "msg"), bytes(test, "sig")]),
        move |fields| rsa_ways(encoding, hash, fields),
    )
}

pub(crate) fn rsa_ways(encoding: Encoding, hash: Hash, fields: &Fields) -> Vec<Verdict> {
    let [key, message, signature] = fields.as_slice() else {
        panic!("three fields");
    };
    let digest = hash.digest(message).unwrap();
    let verified =
        PublicKey::from_spki(key).and_then(|key| key.verify(encoding, hash, &digest, signature));
    vec![checked(&verified)]
}

/// Fields: message, signature. The encoding has no randomness, so that the signature is made again.
pub(crate) fn pkcs1_signing(group: &Value) -> Group {
    let Some(hash) = hash(word(group, "sha")) else {
        return Group::not_offered(OTHER_HASH);
    };
    let key = PrivateKey::from_pkcs8(&bytes(group, "privateKeyPkcs8")).unwrap();
    let public = key.public_key();
    assert_eq!(public.to_spki().unwrap(), bytes(group, "keyDer"));
    let case = |test: &Value| Case::Run(vec![bytes(test, "msg"), bytes(test, "sig")]);
    Group::new(case, move |fields| {
        let [message, signature] = fields.as_slice() else {
            panic!("two fields");
        };
        let digest = hash.digest(message).unwrap();
        let signed = key.sign(Encoding::Pkcs1, hash, &digest).unwrap();
        let verified = public.verify(Encoding::Pkcs1, hash, &digest, signature);
        vec![equal(&signed, signature), checked(&verified)]
    })
}

/// Fields: ciphertext, message.
pub(crate) fn oaep(group: &Value) -> Group {
    let Some(hash) = hash(word(group, "sha")) else {
        return Group::not_offered(OTHER_HASH);
    };
    let key = PrivateKey::from_pkcs8(&bytes(group, "privateKeyPkcs8")).unwrap();
    let same_hash = group["mgfSha"] == group["sha"];
    let case = move |test: &Value| {
        let fields = vec![bytes(test, "ct"), bytes(test, "msg")];
        if !same_hash {
            Case::MustRefuse("KMS's OAEP has MGF1 of the same hash", fields)
        } else if !word(test, "label").is_empty() {
            Case::MustRefuse("KMS's OAEP has no label", fields)
        } else {
            Case::Run(fields)
        }
    };
    Group::new(case, move |fields| {
        let [ciphertext, message] = fields.as_slice() else {
            panic!("two fields");
        };
        vec![gave(
            key.decrypt_oaep(hash, ciphertext)
                .map(|plaintext| plaintext.to_vec()),
            message,
        )]
    })
}
