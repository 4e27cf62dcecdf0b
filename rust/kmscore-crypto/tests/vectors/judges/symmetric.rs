//! AES-GCM, HMAC and HKDF.

use kmscore_crypto::hash::Hash;
use kmscore_crypto::hkdf::HkdfSha512;
use kmscore_crypto::hmac::HmacKey;
use kmscore_crypto::mac::MacKey;
use kmscore_crypto::out::Out;
use kmscore_crypto::secret::SecretBytes;
use kmscore_crypto::{Unspecified, aead};
use serde_json::Value;

use super::Group;
use crate::case::{Case, Fields, Verdict, checked, equal, gave};
use crate::folder::{bytes, number, word};

/// Fields: key, IV, AAD, plaintext, ciphertext and tag.
pub(crate) fn aes_gcm(_: &Value) -> Group {
    let fields = |test: &Value| {
        let sealed = [bytes(test, "ct"), bytes(test, "tag")].concat();
        let [key, iv, aad, message] = ["key", "iv", "aad", "msg"].map(|name| bytes(test, name));
        vec![key, iv, aad, message, sealed]
    };
    Group::new(move |test| with_iv_of_12(fields(test)), gcm_ways)
}

/// GMAC is AES-GCM without a plaintext.
pub(crate) fn aes_gmac(_: &Value) -> Group {
    let fields = |test: &Value| {
        let [key, iv, aad, tag] = ["key", "iv", "msg", "tag"].map(|name| bytes(test, name));
        vec![key, iv, aad, vec![], tag]
    };
    Group::new(move |test| with_iv_of_12(fields(test)), gcm_ways)
}

fn with_iv_of_12(fields: Fields) -> Case {
    if fields[1].len() == 12 {
        Case::Run(fields)
    } else {
        Case::NotOffered("every IV of ours has 12 bytes")
    }
}

pub(crate) fn gcm_ways(fields: &Fields) -> Vec<Verdict> {
    let [key, iv, aad, message, sealed] = fields.as_slice() else {
        panic!("five fields");
    };
    let iv: &[u8; 12] = iv.as_slice().try_into().unwrap();
    let opened_length = sealed.len() - aead::TAG.min(sealed.len());
    let seal = |seal: &dyn Fn(&mut [u8]) -> Result<(), Unspecified>| {
        equal(&room(message.len() + aead::TAG, seal).as_ref(), &Ok(sealed))
    };
    let open = |open: &dyn Fn(&mut [u8]) -> Result<(), Unspecified>| {
        gave(room(opened_length, open), message)
    };
    let mut ways = vec![
        seal(&|out| aead::with_key(key, |key| key.seal(iv, aad, message, &mut Out::new(out)))),
        open(&|out| aead::with_key(key, |key| key.open(iv, aad, sealed, &mut Out::new(out)))),
    ];
    if let Ok(key) = <&[u8; 32]>::try_from(key.as_slice()) {
        let kept = aead::AeadKey::new(key).unwrap();
        ways.extend([
            seal(&|out| aead::seal(key, iv, aad, message, out)),
            open(&|out| aead::open(key, iv, aad, sealed, out)),
            seal(&|out| kept.seal(iv, aad, message, out)),
            open(&|out| kept.open(iv, aad, sealed, out)),
        ]);
    }
    ways
}

fn room(
    length: usize,
    fill: &dyn Fn(&mut [u8]) -> Result<(), Unspecified>,
) -> Result<Vec<u8>, Unspecified> {
    let mut room = vec![0xEE; length];
    fill(&mut room)?;
    Ok(room)
}

pub(crate) fn hmac_sha1(group: &Value) -> Group {
    hmac(Hash::Sha1, group)
}

pub(crate) fn hmac_sha224(group: &Value) -> Group {
    hmac(Hash::Sha224, group)
}

pub(crate) fn hmac_sha256(group: &Value) -> Group {
    hmac(Hash::Sha256, group)
}

pub(crate) fn hmac_sha384(group: &Value) -> Group {
    hmac(Hash::Sha384, group)
}

pub(crate) fn hmac_sha512(group: &Value) -> Group {
    hmac(Hash::Sha512, group)
}

/// Fields: key, message, tag.
fn hmac(hash: Hash, group: &Value) -> Group {
    let whole = number(group, "tagSize") == 8 * hash.length();
    let case = move |test: &Value| {
        let fields = ["key", "msg", "tag"].map(|name| bytes(test, name)).to_vec();
        if whole {
            Case::Run(fields)
        } else {
            Case::MustRefuse("only whole tags are taken", fields)
        }
    };
    Group::new(case, move |fields| hmac_ways(hash, fields))
}

pub(crate) fn hmac_ways(hash: Hash, fields: &Fields) -> Vec<Verdict> {
    let [key, message, tag] = fields.as_slice() else {
        panic!("three fields");
    };
    let mac = MacKey::new(hash, SecretBytes::copy_of(key).unwrap());
    let mut ways = vec![
        equal(&mac.tag(message).unwrap(), tag),
        checked(&mac.verify(message, tag)),
    ];
    if hash == Hash::Sha256 {
        let key = HmacKey::new(key).unwrap();
        ways.extend([
            equal(key.tag(&[message]).unwrap().as_slice(), tag),
            checked(&key.verify(&[message], tag)),
        ]);
    }
    ways
}

/// Fields: input key material, salt, info, output.
pub(crate) fn hkdf_sha512(_: &Value) -> Group {
    let case = |test: &Value| {
        let [secret, salt, info, mut output] =
            ["ikm", "salt", "info", "okm"].map(|name| bytes(test, name));
        output.resize(number(test, "size"), 0);
        let too_long = output.len() > 64 && word(test, "result") == "valid";
        let fields = vec![secret, salt, info, output];
        if too_long {
            Case::MustRefuse("no key of ours is longer than one block of HKDF", fields)
        } else {
            Case::Run(fields)
        }
    };
    Group::new(case, |fields| {
        let [secret, salt, info, output] = fields.as_slice() else {
            panic!("four fields");
        };
        let expanded = room(output.len(), &|out| {
            HkdfSha512::with(salt, secret, |state| state.expand(&[info], out))
        });
        vec![gave(expanded, output)]
    })
}
