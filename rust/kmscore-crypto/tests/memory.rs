//! AWS-LC over our own memory. One test: the memory must be installed before anything else happens in the process.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use kmscore_crypto::hash::Hash;
use kmscore_crypto::rsa::Encoding;
use kmscore_crypto::{ec, memory, ml_dsa, ml_kem, random, rsa};

struct Keys {
    rsa: rsa::PrivateKey,
    ec: ec::PrivateKey,
    ml_dsa: ml_dsa::PrivateKey,
    ml_kem: ml_kem::PrivateKey,
}

impl Keys {
    fn new() -> Self {
        Self {
            rsa: rsa::PrivateKey::generate(2048).unwrap(),
            ec: ec::PrivateKey::generate(ec::Curve::P521).unwrap(),
            ml_dsa: ml_dsa::PrivateKey::generate(ml_dsa::ParameterSet::MlDsa87).unwrap(),
            ml_kem: ml_kem::PrivateKey::generate(ml_kem::ParameterSet::MlKem1024).unwrap(),
        }
    }

    fn work(&self) {
        let digest = [7; 32];
        let signature = self.rsa.sign(Encoding::Pss, Hash::Sha256, &digest).unwrap();
        let public = self.rsa.public_key();
        public
            .verify(Encoding::Pss, Hash::Sha256, &digest, &signature)
            .unwrap();
        let sealed = public.encrypt_oaep(Hash::Sha256, b"m").unwrap();
        assert_eq!(*self.rsa.decrypt_oaep(Hash::Sha256, &sealed).unwrap(), b"m");
        let signature = self.ec.sign(&digest).unwrap();
        self.ec.public_key().verify(&digest, &signature).unwrap();
        self.ec.agree(&self.ec.public_key()).unwrap();
        let signature = self.ml_dsa.sign(b"m").unwrap();
        self.ml_dsa.public_key().verify(b"m", &signature).unwrap();
        let (shared, ciphertext) = self.ml_kem.public_key().encapsulate().unwrap();
        let again = self.ml_kem.decapsulate(&ciphertext).unwrap();
        assert!(again.equals(shared.expose().unwrap()));
    }

    fn signatures(&self) -> [Vec<u8>; 3] {
        [
            self.rsa.sign(Encoding::Pss, Hash::Sha256, &[7; 32]),
            self.ec.sign(&[7; 32]),
            self.ml_dsa.sign(b"m"),
        ]
        .map(Result::unwrap)
    }

    fn public_parts_work(&self, [rsa, ec, ml_dsa]: &[Vec<u8>; 3]) -> bool {
        let public = self.rsa.public_key();
        public
            .verify(Encoding::Pss, Hash::Sha256, &[7; 32], rsa)
            .is_ok()
            && self.ec.public_key().verify(&[7; 32], ec).is_ok()
            && self.ml_dsa.public_key().verify(b"m", ml_dsa).is_ok()
            && self.ml_kem.public_key().encapsulate().is_ok()
    }

    fn are_refused(&self) -> bool {
        self.rsa
            .sign(Encoding::Pss, Hash::Sha256, &[7; 32])
            .is_err()
            && self.ec.sign(&[7; 32]).is_err()
            && self.ml_dsa.sign(b"m").is_err()
            && self.ml_kem.decapsulate(&[0; 1568]).is_err()
    }
}

#[test]
fn keys_work_on_many_threads_and_a_child_lives_without_its_parent_s() {
    memory::install();
    memory::install();
    let keys = Keys::new();
    keys.work();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                (0..20).for_each(|_| keys.work());
                Keys::new().work();
            });
        }
    });
    let signatures = keys.signatures();
    // SAFETY: the other threads have ended; the child leaves by `_exit` alone.
    match unsafe { libc::fork() } {
        0 => {
            let refused = keys.are_refused() && keys.public_parts_work(&signatures);
            drop(keys);
            let mut byte = [0; 32];
            let random = random::fill(&mut byte).is_ok() && byte != [0; 32];
            let fresh = Keys::new();
            fresh.work();
            drop(fresh);
            let done = refused && random;
            // SAFETY: ends this process.
            unsafe { libc::_exit(i32::from(!done)) };
        }
        child => {
            assert!(child > 0);
            let mut status = 0;
            // SAFETY: waits for the child made above.
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            assert_eq!(status, 0, "the child ended with {status:#x}");
            keys.work();
        }
    }
}
