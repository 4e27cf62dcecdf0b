//! Known answers for every primitive, each with a twin: with one bit changed anywhere, the answer must be another.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use kmscore_crypto::agreement::X25519;
use kmscore_crypto::hmac::HmacKey;
use kmscore_crypto::passphrase::{Argon2Parameters, argon2id};
use kmscore_crypto::secret::SecretBytes;
use kmscore_crypto::{Unspecified, aead, hash, kdf};

type Fields = Vec<Vec<u8>>;
type Primitive = fn(&Fields) -> Result<Vec<u8>, Unspecified>;

/// Checks an answer, then flips one bit in the middle of each field in turn.
fn check(name: &str, primitive: Primitive, inputs: &[&str], answer: &str) {
    let (inputs, answer): (Fields, _) =
        (inputs.iter().map(|field| hex(field)).collect(), hex(answer));
    assert_eq!(primitive(&inputs).as_ref(), Ok(&answer), "{name}");
    for field in (0..inputs.len()).filter(|field| !inputs[*field].is_empty()) {
        let mut changed = inputs.clone();
        let middle = changed[field].len() / 2;
        changed[field][middle] ^= 1;
        assert_ne!(
            primitive(&changed).as_ref(),
            Ok(&answer),
            "{name}, field {field} changed"
        );
    }
}

fn hex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| {
        (byte as char)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
            .unwrap()
    };
    text.as_bytes()
        .chunks(2)
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap()
}

/// Fields: key, IV, AAD, plaintext.
fn gcm_seal(fields: &Fields) -> Result<Vec<u8>, Unspecified> {
    let [key, iv, aad, plaintext] = fields.as_slice() else {
        return Err(Unspecified);
    };
    let mut out = vec![0xEE; plaintext.len() + aead::TAG];
    aead::seal(&array(key), &array(iv), aad, plaintext, &mut out)?;
    let mut again = vec![0xEE; out.len()];
    aead::AeadKey::new(&array(key))?.seal(&array(iv), aad, plaintext, &mut again)?;
    assert_eq!(out, again);
    Ok(out)
}

/// Fields: key, IV, AAD, ciphertext and tag.
fn gcm_open(fields: &Fields) -> Result<Vec<u8>, Unspecified> {
    let [key, iv, aad, sealed] = fields.as_slice() else {
        return Err(Unspecified);
    };
    let mut out = vec![0xEE; sealed.len() - aead::TAG];
    let opened = aead::open(&array(key), &array(iv), aad, sealed, &mut out);
    let mut again = vec![0xEE; out.len()];
    assert_eq!(
        aead::AeadKey::new(&array(key))?.open(&array(iv), aad, sealed, &mut again),
        opened
    );
    assert_eq!(out, again);
    assert!(
        opened.is_ok() || out.iter().all(|byte| *byte == 0),
        "a failed open leaves zeros"
    );
    opened.map(|()| out)
}

#[test]
fn aes_256_gcm_gives_the_answers_of_the_gcm_specification() {
    // McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13 to 16.
    let (zeros, zero_iv) = ("00".repeat(32), "00".repeat(12));
    let key = "feffe9928665731c6d6a8f9467308308".repeat(2);
    let iv = "cafebabefacedbaddecaf888";
    let plaintext = concat!(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16a",
        "edf5aa0de657ba637b39",
    );
    let longer = [plaintext, "1aafd255"].concat();
    let aad = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
    for (name, key, iv, aad, plaintext, sealed) in [
        (
            "case 13",
            &zeros,
            zero_iv.as_str(),
            "",
            "",
            "530f8afbc74536b9a963b4f1c4cb738b",
        ),
        (
            "case 14",
            &zeros,
            &zero_iv,
            "",
            &zeros[..32],
            "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
        ),
        (
            "case 15",
            &key,
            iv,
            "",
            &longer,
            concat!(
                "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838",
                "c5f61e6393ba7a0abcc9f662898015adb094dac5d93471bdec1a502270e3cc6c",
            ),
        ),
        (
            "case 16",
            &key,
            iv,
            aad,
            plaintext,
            concat!(
                "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838",
                "c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b",
            ),
        ),
    ] {
        check(name, gcm_seal, &[key, iv, aad, plaintext], sealed);
        check(name, gcm_open, &[key, iv, aad, sealed], plaintext);
    }
}

/// Fields: key, message. The same by `tag`, cut in two parts, and by `verify`.
fn hmac_sha256(fields: &Fields) -> Result<Vec<u8>, Unspecified> {
    let [key, message] = fields.as_slice() else {
        return Err(Unspecified);
    };
    let key = HmacKey::new(key)?;
    let (one, other) = message.split_at(message.len() / 3);
    let tag = key.tag(&[one, other])?;
    key.verify(&[message], &tag)?;
    Ok(tag.to_vec())
}

#[test]
fn hmac_sha256_gives_the_answers_of_rfc_4231() {
    let text = |text: &str| {
        text.bytes()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let counting: String = (1..=25).map(|byte| format!("{byte:02x}")).collect();
    let long_data = text(concat!(
        "This is a test using a larger than block-size key and a larger than block-size data. ",
        "The key needs to be hashed before being used by the HMAC algorithm.",
    ));
    let long_key = text("Test Using Larger Than Block-Size Key - Hash Key First");
    for (name, key, message, tag) in [
        (
            "1",
            "0b".repeat(20),
            text("Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        ),
        (
            "2",
            text("Jefe"),
            text("what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            "3",
            "aa".repeat(20),
            "dd".repeat(50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
        ),
        (
            "4",
            counting,
            "cd".repeat(50),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
        ),
        (
            "6",
            "aa".repeat(131),
            long_key,
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (
            "7",
            "aa".repeat(131),
            long_data,
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        ),
    ] {
        check(name, hmac_sha256, &[&key, &message], tag);
    }
}

fn sha256(fields: &Fields) -> Result<Vec<u8>, Unspecified> {
    let whole = hash::sha256(&[&fields.concat()]);
    let parts: Vec<&[u8]> = fields.iter().flat_map(|field| field.chunks(7)).collect();
    assert_eq!(hash::sha256(&parts), whole);
    Ok(whole.to_vec())
}

#[test]
fn sha256_gives_the_answers_of_fips_180() {
    check(
        "empty",
        sha256,
        &[""],
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
    check(
        "abc",
        sha256,
        &["616263"],
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    let million = "61".repeat(1_000_000);
    check(
        "million",
        sha256,
        &[&million],
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
    );
}

/// Fields: key, label, context, and as many bytes as are to be derived.
fn counter_mode_kdf(fields: &Fields) -> Result<Vec<u8>, Unspecified> {
    let [key, label, context, length] = fields.as_slice() else {
        return Err(Unspecified);
    };
    let key = HmacKey::new(key)?;
    let mut out = vec![0xEE; usize::from(length[0])];
    let (one, other) = context.split_at(context.len() / 3);
    kdf::derive(&key, label, &[one, &[], other], &mut out)?;
    Ok(out)
}

#[test]
fn the_kdf_gives_the_answers_of_an_independent_sp_800_108_implementation() {
    // Computed with KBKDFHMAC of pyca/cryptography 50 (OpenSSL 4.0.3): counter mode, 4-byte counter and length, counter
    // before the fixed data. The CAVP answers are in the unit tests of the module, which can reach the fixed data.
    let counting = |count: u8| {
        (0..count)
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let text = |text: &str| {
        text.bytes()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    for (label, context, length, derived) in [
        (
            "kmscore key id",
            String::new(),
            "10",
            "c6980782d0279b4ea80c6c42a73d179f",
        ),
        (
            "kmscore key material id",
            counting(16),
            "20",
            "c6b961c3051fa423b8128d747931c607943ee5d5f981f01051c52e82015f3223",
        ),
        (
            "kmscore blob v1",
            counting(101),
            "40",
            concat!(
                "c0507cef52787b301beca14945132075a89e0303d968030bfd4c15ada9e7e42d",
                "b5d5bc9e2bb79c125578f02e2e82ac9ee8d70fe63d82c9ca6bb260bce0be327a",
            ),
        ),
        (
            "kmscore ml-kem data key v1",
            "5a".repeat(1600),
            "40",
            concat!(
                "97d29f5a23cb4416c05d9561a3ac37a39ed7d504016c0871029c589a04d2e828",
                "6e7f937fdda536e80785b392a308f1e37c4ff2cfaf93e76f894b8287f969f98e",
            ),
        ),
        (
            "kmscore row mac v1",
            "00".repeat(16),
            "64",
            concat!(
                "0d26722a204c898a699cb5d17e5ea88b0117e6ba08fb080d4e12634de7e0246200eaa96307b3e373fee7dcda3b2e4240",
                "9835ddf0d77c034f6c6a7f8e22ae0d873cb06dd9b4180e2e466cd14df0832be74c695e42cb749950df47d8ba5bc7afe2",
                "6423945f",
            ),
        ),
    ] {
        check(
            label,
            counter_mode_kdf,
            &[&counting(32), &text(label), &context, length],
            derived,
        );
    }
}

#[test]
fn the_kdf_takes_label_and_context_of_any_length() {
    let key = HmacKey::new(&[7; 32]).unwrap();
    for length in (0..300).chain([1600, 100_000]) {
        let (label, context) = (b"label", vec![5; length]);
        let mut out = [0; 32];
        kdf::derive(&key, label, &[&context], &mut out).unwrap();
        let parts: [&[u8]; 5] = [&[0, 0, 0, 1], label, &[0], &context, &[0, 0, 1, 0]];
        assert_eq!(key.tag(&parts), Ok(out), "{length} bytes");
    }
}

/// Fields: passphrase, salt, and memory in MiB, passes, lanes as three bytes.
fn argon2(fields: &Fields) -> Result<Vec<u8>, Unspecified> {
    let [passphrase, salt, parameters] = fields.as_slice() else {
        return Err(Unspecified);
    };
    let &[memory_mib, passes, lanes] = parameters.as_slice() else {
        return Err(Unspecified);
    };
    let memory_kib = u32::from(memory_mib) * 1024;
    let parameters = Argon2Parameters {
        memory_kib,
        passes: passes.into(),
        lanes: lanes.into(),
    };
    let key = argon2id(passphrase, salt, parameters).map_err(|_| Unspecified)?;
    Ok(key.expose()?.to_vec())
}

#[test]
fn argon2id_gives_the_answers_of_an_independent_implementation() {
    // Computed with Argon2id of pyca/cryptography 50 (OpenSSL 4.0.3). The RFC 9106 answer needs a secret and associated
    // data and less memory than we allow; it is in the unit tests of the module.
    let passphrase = "636f727265637420686f727365206261747465727920737461706c65";
    let salt = "000102030405060708090a0b0c0d0e0f";
    for (parameters, key) in [
        (
            "080101",
            "9aeef75313e585f492c33c5e12d82e9ad253b7dd78632d537e899cd4eddd789c",
        ),
        (
            "080304",
            "a694a8bd40f6bd51da52510029df9734081fd3eceb2a981bd98f3a81f71950e2",
        ),
        (
            "100202",
            "c7c1f9550d246c376acccfacafd3208827c5d225c5c97c973eeb8b8723d1d264",
        ),
    ] {
        check(parameters, argon2, &[passphrase, salt, parameters], key);
    }
}

/// Fields: private key, the peer's public key. The answer is the own public key and the shared secret.
fn x25519(fields: &Fields) -> Result<Vec<u8>, Unspecified> {
    let [private, peer] = fields.as_slice() else {
        return Err(Unspecified);
    };
    let pair = X25519::from_secret(SecretBytes::from_wiping(&mut private.clone())?)?;
    Ok([pair.public(), pair.agree(&array(peer))?.expose()?].concat())
}

#[test]
fn x25519_gives_the_answers_of_rfc_7748() {
    let alice = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
    let alice_public = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
    let bob = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";
    let bob_public = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f";
    let shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
    check(
        "Alice",
        x25519,
        &[alice, bob_public],
        &[alice_public, shared].concat(),
    );
    check(
        "Bob",
        x25519,
        &[bob, alice_public],
        &[bob_public, shared].concat(),
    );
}

#[test]
fn x25519_refuses_a_peer_of_small_order_and_a_key_of_another_length() {
    let pair = X25519::generate().unwrap();
    let mut one = [0; 32];
    one[0] = 1;
    for peer in [[0; 32], one] {
        assert!(pair.agree(&peer).is_err());
    }
    for length in [0, 31, 33] {
        assert!(X25519::from_secret(SecretBytes::random(length).unwrap()).is_err());
    }
}

#[test]
fn two_generated_x25519_pairs_agree() {
    let (one, other) = (X25519::generate().unwrap(), X25519::generate().unwrap());
    assert_ne!(one.public(), other.public());
    let shared = one.agree(other.public()).unwrap();
    assert!(
        other
            .agree(one.public())
            .unwrap()
            .equals(shared.expose().unwrap())
    );
}
