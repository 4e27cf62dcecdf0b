//! Encrypted data keys survive a header unchanged; a raw AES key unwraps none that it did not wrap.
#![no_main]

#[allow(dead_code, reason = "each target uses a part")]
#[path = "../../kmscore/tests/common/messages.rs"]
mod messages;

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use kmscore::envelope::header::{EncryptedDataKey, Header, HeaderLimits, HeaderView};
use kmscore::envelope::materials::{EncryptionMaterials, EncryptionRequest};
use kmscore::envelope::raw_aes::RawAesKey;
use kmscore_crypto::secret::SecretBytes;
use kmscore_fuzz::Input;
use libfuzzer_sys::fuzz_target;
use messages::{NO_LIMITS, POLICY, UNSIGNED, data_key, message, pairs};

static WRAPPING: LazyLock<(RawAesKey, EncryptedDataKey)> = LazyLock::new(|| {
    let secret = SecretBytes::from_wiping(&mut [7; 32]).unwrap();
    let key = RawAesKey::new("namespace".into(), "name".into(), secret).unwrap();
    let wrapped = key.wrap(&data_key(1), &pairs(&[("a", "b")])).unwrap();
    (key, wrapped)
});

#[derive(Arbitrary, Debug)]
struct Field {
    provider_id: String,
    provider_info: Vec<u8>,
    ciphertext: Vec<u8>,
}

fuzz_target!(|input: (Vec<Field>, Input, Input, u8)| {
    let (fields, info, ciphertext, most) = input;
    survive(fields, most);
    let (key, genuine) = &*WRAPPING;
    let changed = EncryptedDataKey {
        provider_id: genuine.provider_id.clone(),
        provider_info: info.bytes(&genuine.provider_info),
        ciphertext: ciphertext.bytes(&genuine.ciphertext),
    };
    let unwrapped = key.unwrap(&changed, &pairs(&[("a", "b")]));
    assert_eq!(
        unwrapped.is_ok(),
        &changed == genuine,
        "a foreign data key was unwrapped"
    );
    assert!(unwrapped.is_err() || key.made(&changed));
});

fn survive(fields: Vec<Field>, most: u8) {
    let keys: Vec<_> = fields
        .into_iter()
        .map(|field| EncryptedDataKey {
            provider_id: field.provider_id,
            provider_info: field.provider_info,
            ciphertext: field.ciphertext,
        })
        .collect();
    let request = EncryptionRequest::new(UNSIGNED, vec![], &[], POLICY, None).unwrap();
    let Ok(materials) = EncryptionMaterials::new(&request, None, data_key(1), &keys) else {
        assert!(keys.is_empty());
        return;
    };
    let message = message(&materials, b"", 4, 1);
    let view = HeaderView::parse(&message, NO_LIMITS).unwrap();
    assert_eq!(view.encrypted_data_keys().unwrap(), keys);
    let limits = HeaderLimits {
        encrypted_data_keys: Some(u16::from(most).max(1)),
    };
    let allowed = keys.len() <= usize::from(most).max(1);
    assert_eq!(Header::read(&message, POLICY, limits, &[]).is_ok(), allowed);
}
