//! Parent and child of a fork share no key and repeat no random bytes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;
use std::io::Read;
use std::os::fd::FromRawFd;

use kmscore_crypto::aead::AeadKey;
use kmscore_crypto::hash::Hash;
use kmscore_crypto::hmac::HmacKey;
use kmscore_crypto::mac::MacKey;
use kmscore_crypto::rsa::Encoding;
use kmscore_crypto::secret::SecretBytes;
use kmscore_crypto::{ec, ed25519, ml_dsa, ml_kem, random, rsa};

/// Runs `make` in a forked child and returns the bytes it made; none if it panicked.
fn from_child(make: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
    let mut ends = [0; 2];
    // SAFETY: writes two descriptors into the array.
    assert_eq!(unsafe { libc::pipe(ends.as_mut_ptr()) }, 0);
    // SAFETY: the child runs only `make`, writes to its pipe and leaves by `_exit`.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork failed");
    if child == 0 {
        let bytes =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(make)).unwrap_or_default();
        // SAFETY: writes a slice to the pipe and ends the child without running the parent's exit handlers.
        unsafe {
            libc::write(ends[1], bytes.as_ptr().cast(), bytes.len());
            libc::_exit(0);
        }
    }
    // SAFETY: closes the parent's copy of the writing end, which nobody else uses.
    unsafe { libc::close(ends[1]) };
    let mut bytes = vec![];
    // SAFETY: the descriptor is open and owned by nobody else.
    unsafe { std::fs::File::from_raw_fd(ends[0]) }
        .read_to_end(&mut bytes)
        .unwrap();
    // SAFETY: waits for the child made above.
    unsafe { libc::waitpid(child, core::ptr::null_mut(), 0) };
    bytes
}

fn nonces() -> Vec<u8> {
    let mut drawn = vec![0; 64 * 32];
    drawn
        .chunks_exact_mut(32)
        .for_each(|nonce| random::nonces(nonce).unwrap());
    drawn
}

fn keys() -> Vec<u8> {
    let mut drawn = vec![0; 64 * 32];
    drawn
        .chunks_exact_mut(32)
        .for_each(|key| random::fill(key).unwrap());
    drawn
}

fn assert_no_repeats(draw: fn() -> Vec<u8>) {
    draw();
    let mut drawn: Vec<Vec<u8>> = vec![];
    for _ in 0..50 {
        drawn.push(from_child(draw));
        drawn.push(draw());
        drawn.push(from_child(move || from_child(draw)));
    }
    let different: HashSet<&[u8]> = drawn.iter().flat_map(|bytes| bytes.chunks(32)).collect();
    assert_eq!(different.len(), 150 * 64);
}

#[test]
fn nonces_from_a_half_used_pool_never_repeat_across_forks() {
    assert_no_repeats(nonces);
}

#[test]
fn random_bytes_for_keys_never_repeat_across_forks() {
    assert_no_repeats(keys);
}

#[test]
fn keys_of_the_parent_fail_in_a_child_and_keys_of_its_own_work() {
    let secret = SecretBytes::from_wiping(&mut [7; 32]).unwrap();
    let hmac = HmacKey::new(&[7; 32]).unwrap();
    let aead = AeadKey::new(&[7; 32]).unwrap();
    let refused = || {
        let mut out = [0xEE; 48];
        let mut opened = [0xEE; 32];
        vec![
            u8::from(secret.expose().is_err()),
            u8::from(!secret.equals(&[7; 32]) && !secret.equals(&[0; 32])),
            u8::from(hmac.tag(&[b"message"]).is_err()),
            u8::from(hmac.verify(&[b"message"], &[0; 32]).is_err()),
            u8::from(aead.seal(&[0; 12], &[], &[1; 32], &mut out).is_err()),
            u8::from(aead.open(&[0; 12], &[], &[1; 48], &mut opened).is_err() && opened == [0; 32]),
            u8::from(HmacKey::new(&[7; 32]).unwrap().tag(&[b"message"]).is_ok()),
        ]
    };
    assert_eq!(
        refused(),
        [0, 0, 0, 1, 0, 1, 1],
        "the control: the parent's keys work in the parent"
    );
    assert_eq!(from_child(refused), [1; 7]);
    assert!(secret.equals(&[7; 32]));
}

#[test]
fn private_keys_of_the_parent_fail_in_a_child_and_their_public_keys_work() {
    let rsa = rsa::PrivateKey::generate(2048).unwrap();
    let ec = ec::PrivateKey::generate(ec::Curve::P256).unwrap();
    let edwards = ed25519::PrivateKey::generate().unwrap();
    let dsa = ml_dsa::PrivateKey::generate(ml_dsa::ParameterSet::MlDsa44).unwrap();
    let kem = ml_kem::PrivateKey::generate(ml_kem::ParameterSet::MlKem512).unwrap();
    let mac = MacKey::new(Hash::Sha384, SecretBytes::random(48).unwrap());
    let (ec_public, dsa_public) = (ec.public_key(), dsa.public_key());
    let signature = ec.sign(&[7; 32]).unwrap();
    let (shared, ciphertext) = kem.public_key().encapsulate().unwrap();
    let oaep = rsa.public_key().encrypt_oaep(Hash::Sha256, b"message");
    let oaep = oaep.unwrap();
    let refused = || {
        [
            rsa.sign(Encoding::Pss, Hash::Sha256, &[7; 32]).is_err(),
            rsa.decrypt_oaep(Hash::Sha256, &oaep).is_err(),
            rsa.to_pkcs1().is_err() && rsa.to_pkcs8().is_err(),
            ec.sign(&[7; 32]).is_err(),
            ec.agree(&ec_public).is_err(),
            ec.to_scalar().is_err() && ec.to_pkcs8().is_err(),
            edwards.sign(b"message").is_err(),
            edwards.sign_prehash(&[7; 64]).is_err(),
            edwards.to_seed().is_err() && edwards.to_pkcs8().is_err(),
            dsa.sign(b"message").is_err(),
            dsa.sign_mu(&[7; 64]).is_err(),
            dsa.to_seed().is_err() && dsa.to_pkcs8().is_err(),
            kem.decapsulate(&ciphertext).is_err(),
            kem.to_seed().is_err() && kem.to_pkcs8().is_err(),
            mac.tag(b"message").is_err() && mac.verify(b"message", &[7; 48]).is_err(),
        ]
        .map(u8::from)
        .to_vec()
    };
    let public_ones_work = || {
        ec_public.verify(&[7; 32], &signature).unwrap();
        dsa_public.to_spki().unwrap();
        rsa.public_key()
            .encrypt_oaep(Hash::Sha256, b"message")
            .unwrap();
        kem.public_key().encapsulate().unwrap();
        ec::PrivateKey::generate(ec::Curve::P256)
            .unwrap()
            .sign(&[7; 32])
            .unwrap()
    };
    assert_eq!(refused(), [0; 15], "the control: they work in the parent");
    assert_eq!(from_child(refused), [1; 15]);
    assert_ne!(from_child(public_ones_work), []);
    assert!(
        kem.decapsulate(&ciphertext)
            .unwrap()
            .equals(shared.expose().unwrap())
    );
}

#[test]
fn forking_while_other_threads_draw_nonces_never_hangs_or_repeats() {
    let stop = std::sync::atomic::AtomicBool::new(false);
    let children = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                nonces();
            }
        });
        let children: Vec<_> = (0..100).map(|_| from_child(nonces)).collect();
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        children
    });
    let different: HashSet<&[u8]> = children.iter().flat_map(|bytes| bytes.chunks(32)).collect();
    assert_eq!(different.len(), 100 * 64);
}
