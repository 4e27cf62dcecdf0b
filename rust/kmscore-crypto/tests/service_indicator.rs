//! What the FIPS module's service indicator counts as an approved service, of that which kmscore asks of the module.
//! docs/fips.md and `KeySpec::available` say it; a newer module that counts otherwise fails here.
#![cfg(feature = "fips")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use aws_lc_fips_sys::{FIPS_service_indicator_after_call, FIPS_service_indicator_before_call};
use kmscore_crypto::agreement::X25519;
use kmscore_crypto::ec::Curve;
use kmscore_crypto::hash::Hash;
use kmscore_crypto::mac::MacKey;
use kmscore_crypto::rsa::Encoding;
use kmscore_crypto::secret::SecretBytes;
use kmscore_crypto::{Unspecified, aead, ec, ed25519, ml_dsa, ml_kem, rsa};

#[test]
fn keys_and_secrets_of_nist_curves_count_and_those_of_secp256k1_do_not() {
    for curve in [Curve::P256, Curve::P384, Curve::P521, Curve::Secp256k1] {
        let approved = curve != Curve::Secp256k1;
        let key = counted(approved, || ec::PrivateKey::generate(curve));
        let public = key.public_key();
        counted(approved, || key.agree(&public));
    }
}

#[test]
fn rsa_keys_count() {
    counted(true, || rsa::PrivateKey::generate(2048));
}

#[test]
fn signatures_over_a_digest_do_not_count() {
    let digest = Hash::Sha256.digest(b"message").unwrap();
    let key = ec::PrivateKey::generate(Curve::P256).unwrap();
    let signature = counted(false, || key.sign(&digest));
    counted(false, || key.public_key().verify(&digest, &signature));
    let key = rsa::PrivateKey::generate(2048).unwrap();
    for encoding in [Encoding::Pkcs1, Encoding::Pss] {
        let signature = counted(false, || key.sign(encoding, Hash::Sha256, &digest));
        let public = key.public_key();
        counted(false, || {
            public.verify(encoding, Hash::Sha256, &digest, &signature)
        });
    }
}

#[test]
fn ed25519_counts() {
    let key = ed25519::PrivateKey::generate().unwrap();
    let signature = counted(true, || key.sign(b"message"));
    counted(true, || key.public_key().verify(b"message", &signature));
    let signature = counted(true, || key.sign_prehash(&[1; 64]));
    counted(true, || {
        key.public_key().verify_prehash(&[1; 64], &signature)
    });
}

#[test]
fn ml_dsa_counts() {
    use ml_dsa::ParameterSet::{MlDsa44, MlDsa65, MlDsa87};
    for set in [MlDsa44, MlDsa65, MlDsa87] {
        let key = ml_dsa::PrivateKey::generate(set).unwrap();
        let signature = counted(true, || key.sign(b"message"));
        counted(true, || key.public_key().verify(b"message", &signature));
        let signature = counted(true, || key.sign_mu(&[1; 64]));
        counted(true, || key.public_key().verify_mu(&[1; 64], &signature));
    }
}

#[test]
fn ml_kem_counts() {
    use ml_kem::ParameterSet::{MlKem512, MlKem768, MlKem1024};
    for set in [MlKem512, MlKem768, MlKem1024] {
        let key = ml_kem::PrivateKey::generate(set).unwrap();
        let (_, ciphertext) = counted(true, || key.public_key().encapsulate());
        counted(true, || key.decapsulate(&ciphertext));
    }
}

#[test]
fn hmac_counts() {
    for hash in [Hash::Sha224, Hash::Sha256, Hash::Sha384, Hash::Sha512] {
        let key = MacKey::new(hash, SecretBytes::random(hash.length()).unwrap());
        counted(true, || key.tag(b"message"));
    }
}

#[test]
fn aes_gcm_counts_when_it_opens_and_not_when_it_seals_under_an_iv_that_it_is_given() {
    let mut sealed = [0; 7 + aead::TAG];
    counted(false, || {
        aead::seal(&[1; 32], &aead::IV_ZERO, &[], b"message", &mut sealed)
    });
    counted(true, || {
        aead::open(&[1; 32], &aead::IV_ZERO, &[], &sealed, &mut [0; 7])
    });
}

#[test]
fn x25519_does_not_count() {
    let (own, other) = (X25519::generate().unwrap(), X25519::generate().unwrap());
    counted(false, || own.agree(other.public()));
}

/// Does the work, which must be counted once, or not at all.
#[track_caller]
fn counted<T>(approved: bool, work: impl FnOnce() -> Result<T, Unspecified>) -> T {
    // SAFETY: reads a counter of this thread.
    let before = unsafe { FIPS_service_indicator_before_call() };
    let done = work().unwrap();
    // SAFETY: as above.
    let after = unsafe { FIPS_service_indicator_after_call() };
    assert_eq!(after - before, u64::from(approved));
    done
}
