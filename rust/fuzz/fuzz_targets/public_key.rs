//! A SubjectPublicKeyInfo from anyone: what is read is written the same, and no use of it ends the process.
#![no_main]

use std::sync::LazyLock;

use kmscore::hex;
use kmscore::key_pair::{Message, PublicKey};
use kmscore::spec::{EncryptionAlgorithm, MessageType, SigningAlgorithm};
use kmscore_fuzz::Input;
use libfuzzer_sys::fuzz_target;

/// A genuine public key of every spec that has known answers.
static GENUINE: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let text = include_str!("../../../vectors/kmscore/key_material.json");
    let known: serde_json::Value = serde_json::from_str(text).unwrap();
    let vectors = known["vectors"].as_array().unwrap();
    let keys = vectors.iter().filter_map(|vector| vector["public_key"].as_str());
    keys.map(bytes).collect()
});

fn bytes(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks_exact(2);
    pairs
        .map(|pair| hex::decode::<1>(std::str::from_utf8(pair).unwrap()).unwrap()[0])
        .collect()
}

fuzz_target!(|parts: (u8, Input, Vec<u8>)| {
    let (choice, input, signature) = parts;
    let der = input.bytes(&GENUINE[usize::from(choice) % GENUINE.len()]);
    let Ok(key) = PublicKey::from_spki(&der) else {
        return;
    };
    assert_eq!(key.to_spki().unwrap(), der);
    assert!(key.spec().is_some());
    for algorithm in SigningAlgorithm::ALL {
        for kind in MessageType::ALL {
            let message = Message {
                kind: *kind,
                bytes: &[7; 64],
            };
            let _ = key.verify(*algorithm, &message, &signature);
        }
    }
    for algorithm in EncryptionAlgorithm::ALL {
        let sealed = key.encrypt(*algorithm, &[7; 16]);
        assert!(sealed.is_err() || key.longest_plaintext(*algorithm).is_some());
    }
    if let Ok((shared, ciphertext)) = key.encapsulate() {
        assert_eq!((shared.len(), ciphertext.is_empty()), (32, false));
    }
});
