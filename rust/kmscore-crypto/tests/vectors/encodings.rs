//! What vectors give in one encoding and the crate takes in another.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kmscore_crypto::ec::Curve;
use kmscore_crypto::ml_kem;

/// The SubjectPublicKeyInfo of a point, however it is encoded (RFC 5480).
pub(crate) fn ec_spki(curve: Curve, point: &[u8]) -> Vec<u8> {
    let curve: &[u8] = match curve {
        Curve::P256 => &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07],
        Curve::P384 => &[0x2B, 0x81, 0x04, 0x00, 0x22],
        Curve::P521 => &[0x2B, 0x81, 0x04, 0x00, 0x23],
        Curve::Secp256k1 => &[0x2B, 0x81, 0x04, 0x00, 0x0A],
    };
    let family = der(0x06, &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]);
    spki(&[family, der(0x06, curve)].concat(), point)
}

/// The SubjectPublicKeyInfo of an RSAPublicKey (RFC 3279).
pub(crate) fn rsa_spki(key: &[u8]) -> Vec<u8> {
    let family = [
        0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00,
    ];
    spki(&family, key)
}

/// The SubjectPublicKeyInfo of a point (RFC 8410).
pub(crate) fn ed25519_spki(point: &[u8]) -> Vec<u8> {
    spki(&[0x06, 0x03, 0x2B, 0x65, 0x70], point)
}

/// The SubjectPublicKeyInfo of an encapsulation key (RFC 9935).
pub(crate) fn ml_kem_spki(set: ml_kem::ParameterSet, key: &[u8]) -> Vec<u8> {
    let set = match set {
        ml_kem::ParameterSet::MlKem512 => 1,
        ml_kem::ParameterSet::MlKem768 => 2,
        ml_kem::ParameterSet::MlKem1024 => 3,
    };
    let family = [
        0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x04, set,
    ];
    spki(&family, key)
}

/// The SubjectPublicKeyInfo of a point of SM2's curve, however it is encoded (RFC 5480 with the OID of GB/T 33560).
#[cfg(feature = "sm2")]
pub(crate) fn sm2_spki(point: &[u8]) -> Vec<u8> {
    let family = der(0x06, &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]);
    let curve = der(0x06, &[0x2A, 0x81, 0x1C, 0xCF, 0x55, 0x01, 0x82, 0x2D]);
    spki(&[family, curve].concat(), point)
}

/// A sequence of two numbers: an RSAPublicKey, an ECDSA-Sig-Value.
pub(crate) fn numbers(one: &[u8], other: &[u8]) -> Vec<u8> {
    let number = |bytes: &[u8]| {
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        let bytes = &bytes[zeros.min(bytes.len() - 1)..];
        let sign = vec![0; usize::from(bytes[0] >= 0x80)];
        der(0x02, &[sign, bytes.to_vec()].concat())
    };
    der(0x30, &[number(one), number(other)].concat())
}

fn spki(family: &[u8], key: &[u8]) -> Vec<u8> {
    let key = der(0x03, &[&[0], key].concat());
    der(0x30, &[der(0x30, family), key].concat())
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let zeros = length.iter().take_while(|byte| **byte == 0).count();
    let length = match content.len() {
        0..0x80 => vec![length[7]],
        _ => [&[0x80 + u8::try_from(8 - zeros).unwrap()], &length[zeros..]].concat(),
    };
    [vec![tag], length, content.to_vec()].concat()
}

/// The bytes in a PEM text (RFC 7468); nothing if it is not one.
pub(crate) fn pem(text: &str) -> Vec<u8> {
    let lines = text.lines().filter(|line| !line.starts_with("-----"));
    STANDARD
        .decode(lines.collect::<String>())
        .unwrap_or_default()
}

/// A number in as many bytes as its field has, whatever its zeros at the front.
pub(crate) fn padded(number: &[u8], length: usize) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let number = &number[zeros..];
    [vec![0; length - number.len()], number.to_vec()].concat()
}
