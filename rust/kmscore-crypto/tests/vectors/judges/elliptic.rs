//! ECDSA, ECDH, Ed25519 and X25519.

use kmscore_crypto::agreement::X25519;
use kmscore_crypto::ec::{Curve, PrivateKey, PublicKey};
use kmscore_crypto::ecdsa::VerifyingKey;
use kmscore_crypto::hash::Hash;
use kmscore_crypto::secret::SecretBytes;
use kmscore_crypto::{Unspecified, ed25519};
use serde_json::Value;

use super::{Group, OTHER_HASH, hash};
use crate::case::{Case, Fields, Verdict, checked, equal, gave};
use crate::encodings::{ec_spki, padded, pem};
use crate::folder::{bytes, word};

/// A curve by the names of Wycheproof and ACVP.
pub(crate) fn curve(name: &str) -> Option<Curve> {
    match name {
        "secp256r1" | "P-256" => Some(Curve::P256),
        "secp384r1" | "P-384" => Some(Curve::P384),
        "secp521r1" | "P-521" => Some(Curve::P521),
        "secp256k1" => Some(Curve::Secp256k1),
        _ => None,
    }
}

pub(crate) const OTHER_CURVE: &str = "not a curve of KMS";

/// Fields: SubjectPublicKeyInfo, message, signature.
pub(crate) fn ecdsa(group: &Value) -> Group {
    verifying(group, Case::Run)
}

pub(crate) fn ecdsa_p1363(group: &Value) -> Group {
    verifying(group, |fields| {
        Case::MustRefuse("KMS's ECDSA signatures are DER", fields)
    })
}

fn verifying(group: &Value, case: fn(Fields) -> Case) -> Group {
    let Some(hash) = hash(word(group, "sha")) else {
        return Group::not_offered(OTHER_HASH);
    };
    let key = bytes(group, "publicKeyDer");
    assert!(PublicKey::from_spki(&key).is_ok());
    Group::new(
        move |test| case(vec![key.clone(), bytes(test, "msg"), bytes(test, "sig")]),
        move |fields| ecdsa_ways(hash, fields),
    )
}

pub(crate) fn ecdsa_ways(hash: Hash, fields: &Fields) -> Vec<Verdict> {
    let [key, message, signature] = fields.as_slice() else {
        panic!("three fields");
    };
    let digest = hash.digest(message).unwrap();
    let verified = PublicKey::from_spki(key).and_then(|key| key.verify(&digest, signature));
    let mut ways = vec![checked(&verified)];
    // The signing suites of the AWS Encryption SDK are this curve and hash, by a file of their own.
    if let (Ok(digest), Some(point)) = (<&[u8; 48]>::try_from(&*digest), compressed_p384(key)) {
        let verified =
            VerifyingKey::from_compressed(&point).and_then(|key| key.verify(digest, signature));
        ways.push(checked(&verified));
    }
    ways
}

fn compressed_p384(spki: &[u8]) -> Option<Vec<u8>> {
    let key = PublicKey::from_spki(spki).ok()?;
    let (_, point) = spki.split_last_chunk::<96>()?;
    let compressed = || [&[2 + (point[95] & 1)], &point[..48]].concat();
    (key.curve() == Curve::P384).then(compressed)
}

/// Fields: the peer's SubjectPublicKeyInfo, scalar, shared secret.
pub(crate) fn ecdh(group: &Value) -> Group {
    agreeing(
        group,
        |_, test| bytes(test, "public"),
        |_, test| bytes(test, "private"),
    )
}

pub(crate) fn ecdh_point(group: &Value) -> Group {
    agreeing(
        group,
        |curve, test| ec_spki(curve, &bytes(test, "public")),
        |_, test| bytes(test, "private"),
    )
}

pub(crate) fn ecdh_pem(group: &Value) -> Group {
    agreeing(
        group,
        |_, test| pem(word(test, "public")),
        |_, test| {
            let key = PrivateKey::from_pkcs8(&pem(word(test, "private"))).unwrap();
            key.to_scalar().unwrap().expose().unwrap().to_vec()
        },
    )
}

type Read = fn(Curve, &Value) -> Vec<u8>;

fn agreeing(group: &Value, public: Read, private: Read) -> Group {
    let Some(curve) = curve(word(group, "curve")) else {
        return Group::not_offered(OTHER_CURVE);
    };
    let case = move |test: &Value| {
        let scalar = padded(&private(curve, test), curve.length());
        assert!(PrivateKey::from_scalar(curve, &scalar).is_ok());
        Case::Run(vec![public(curve, test), scalar, bytes(test, "shared")])
    };
    Group::new(case, move |fields| {
        let [public, private, shared] = fields.as_slice() else {
            panic!("three fields");
        };
        let agreed = PublicKey::from_spki(public)
            .and_then(|peer| exposed(PrivateKey::from_scalar(curve, private)?.agree(&peer)));
        vec![gave(agreed, shared)]
    })
}

/// Fields: order, generator as a SubjectPublicKeyInfo.
pub(crate) fn ec_curve(_: &Value) -> Group {
    let case = |test: &Value| {
        let Some(curve) = curve(word(test, "name")) else {
            return Case::NotOffered(OTHER_CURVE);
        };
        let [order, x, y] =
            ["n", "gx", "gy"].map(|name| padded(&bytes(test, name), curve.length()));
        Case::Run(vec![order, ec_spki(curve, &[vec![4], x, y].concat())])
    };
    Group::new(case, |fields| {
        let [order, generator] = fields.as_slice() else {
            panic!("two fields");
        };
        let Ok(key) = PublicKey::from_spki(generator) else {
            return vec![Verdict::Refused];
        };
        let last = |byte: u8| {
            let zeros = vec![0; order.len() - 1];
            PrivateKey::from_scalar(key.curve(), &[zeros, vec![byte]].concat())
        };
        let mut largest = order.clone();
        *largest.last_mut().unwrap() -= 1;
        let in_range = PrivateKey::from_scalar(key.curve(), &largest).is_ok()
            && PrivateKey::from_scalar(key.curve(), order).is_err()
            && last(0).is_err();
        let one = last(1).and_then(|key| key.public_key().to_spki());
        vec![equal(&(in_range && one.as_ref() == Ok(generator)), &true)]
    })
}

/// Fields: SubjectPublicKeyInfo, message, signature.
pub(crate) fn ed25519(group: &Value) -> Group {
    let key = bytes(group, "publicKeyDer");
    Group::new(
        move |test| Case::Run(vec![key.clone(), bytes(test, "msg"), bytes(test, "sig")]),
        ed25519_ways,
    )
}

pub(crate) fn ed25519_ways(fields: &Fields) -> Vec<Verdict> {
    let [key, message, signature] = fields.as_slice() else {
        panic!("three fields");
    };
    let verified =
        ed25519::PublicKey::from_spki(key).and_then(|key| key.verify(message, signature));
    vec![checked(&verified)]
}

/// Fields: the peer's public key, private key, shared secret.
pub(crate) fn x25519(_: &Value) -> Group {
    let case = |test: &Value| {
        let fields = ["public", "private", "shared"].map(|name| bytes(test, name));
        Case::Run(fields.to_vec())
    };
    Group::new(case, |fields| {
        let [public, private, shared] = fields.as_slice() else {
            panic!("three fields");
        };
        let pair = X25519::from_secret(SecretBytes::copy_of(private).unwrap()).unwrap();
        let agreed = exposed(pair.agree(public.as_slice().try_into().unwrap()));
        vec![gave(agreed, shared)]
    })
    .but_for(|_, field, bit| match field {
        0 => bit == 255,                      // RFC 7748 5 masks it.
        1 => matches!(bit, 0..3 | 254 | 255), // RFC 7748 5 clamps them.
        _ => false,
    })
}

fn exposed(secret: Result<SecretBytes, Unspecified>) -> Result<Vec<u8>, Unspecified> {
    Ok(secret?.expose()?.to_vec())
}
