//! Comparisons of tags and the decoding of OAEP take the same time whatever they are given (`make torture`).
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod dudect;

use dudect::{Classes, assert_constant_time};
use kmscore_crypto::aead::{self, TAG};
use kmscore_crypto::hash::Hash;
use kmscore_crypto::hmac::HmacKey;
use kmscore_crypto::mac::MacKey;
use kmscore_crypto::rsa;
use kmscore_crypto::secret::SecretBytes;

#[test]
#[ignore = "minutes of timing; make torture"]
fn the_tag_of_aes_gcm_is_compared_in_constant_time() {
    let mut sealed = vec![0; 64 + TAG];
    aead::seal(&[7; 32], &[0; 12], b"aad", &[1; 64], &mut sealed).unwrap();
    let classes = Classes::wrong_within(&sealed, 64..64 + TAG);
    assert_constant_time("AES-GCM tag", 1_000_000, &classes, |sealed| {
        let mut plaintext = [0; 64];
        assert!(aead::open(&[7; 32], &[0; 12], b"aad", sealed, &mut plaintext).is_err());
    });
}

#[test]
#[ignore = "minutes of timing; make torture"]
fn macs_are_compared_in_constant_time() {
    for hash in [Hash::Sha224, Hash::Sha256, Hash::Sha384, Hash::Sha512] {
        let key = MacKey::new(hash, SecretBytes::random(hash.length()).unwrap());
        let tag = key.tag(b"message").unwrap();
        let classes = Classes::wrong_within(&tag, 0..tag.len());
        assert_constant_time(&format!("HMAC {hash:?}"), 1_000_000, &classes, |tag| {
            assert!(key.verify(b"message", tag).is_err());
        });
    }
    let key = HmacKey::new(&[7; 32]).unwrap();
    let tag = key.tag(&[b"message"]).unwrap();
    let classes = Classes::wrong_within(&tag, 0..tag.len());
    assert_constant_time("HMAC of rows and records", 1_000_000, &classes, |tag| {
        assert!(key.verify(&[b"message"], tag).is_err());
    });
}

/// Bytes that tell the planted leak what class an input is of.
const MARK: usize = 1024;

/// Manger's oracle (CRYPTO 2001): whether the first byte of the encoded message is zero must not show.
#[test]
#[ignore = "minutes of timing; make torture"]
fn the_decoding_of_oaep_takes_the_same_time_for_every_fault() {
    let key = rsa::PrivateKey::generate(2048).unwrap();
    let public = key.public_key();
    for hash in [Hash::Sha1, Hash::Sha256] {
        // Ciphertexts say nothing about their messages, so the two classes are told apart by bytes after each.
        let encoded = |first: u8| {
            // Not from 0: the ciphertext of the number zero is zero, which no caller's is.
            (1..=64_u8)
                .map(|number| {
                    let mut message = [number; 256];
                    message[0] = first;
                    [encrypted(&public, &message), vec![first; MARK]].concat()
                })
                .collect()
        };
        // The modulus begins with a set bit: a message that begins with 1 is below it.
        let classes = Classes {
            one: encoded(1),
            other: encoded(0),
            leak: vec![0; MARK],
        };
        assert_constant_time(&format!("OAEP {hash:?}"), 40_000, &classes, |ciphertext| {
            assert!(key.decrypt_oaep(hash, &ciphertext[..256]).is_err());
        });
    }
}

/// The message as a number, raised to the public exponent.
fn encrypted(public: &rsa::PublicKey, message: &[u8; 256]) -> Vec<u8> {
    use aws_lc_sys as lc;
    let spki = public.to_spki().unwrap();
    let mut ciphertext = vec![0; 256];
    let mut length = 0;
    // SAFETY: the key is parsed from its own encoding and freed once; `ciphertext` has the length of the modulus.
    unsafe {
        let mut cbs = core::mem::zeroed::<lc::CBS>();
        lc::CBS_init(&raw mut cbs, spki.as_ptr(), spki.len());
        let key = lc::EVP_parse_public_key(&raw mut cbs);
        let done = lc::RSA_encrypt(
            lc::EVP_PKEY_get0_RSA(key),
            &raw mut length,
            ciphertext.as_mut_ptr(),
            ciphertext.len(),
            message.as_ptr(),
            message.len(),
            lc::RSA_NO_PADDING,
        );
        lc::EVP_PKEY_free(key);
        assert_eq!((done, length), (1, 256));
    }
    ciphertext
}
