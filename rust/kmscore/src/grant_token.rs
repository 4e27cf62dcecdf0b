//! Grant tokens: what CreateGrant returns so that a grant can be named at once. docs/formats.md "Grant token".

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kmscore_crypto::hmac::HmacKey;
use kmscore_crypto::random;

use crate::ciphertext::KeyId;
use crate::hex;
use crate::store_fault::StoreResult;

const TAG: usize = 32;

/// The grant that a token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantName {
    /// The key's Region.
    pub region: String,
    /// The key.
    pub key_id: KeyId,
    /// The grant.
    pub grant_id: String,
}

pub(crate) fn write(
    key: &HmacKey,
    region: &str,
    key_id: KeyId,
    grant_id: &str,
) -> StoreResult<String> {
    let mut nonce = [0; 16];
    random::nonces(&mut nonce)?;
    let payload = format!("1/{region}/{key_id}/{grant_id}/{}", hex::encode(&nonce));
    let mut token = key.tag(&[payload.as_bytes()])?.to_vec();
    token.extend_from_slice(payload.as_bytes());
    Ok(URL_SAFE_NO_PAD.encode(token))
}

pub(crate) fn read(key: &HmacKey, token: &str) -> Option<GrantName> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (tag, payload) = bytes.split_at_checked(TAG)?;
    key.verify(&[payload], tag).ok()?;
    let payload = str::from_utf8(payload).ok()?;
    let mut parts = payload.split('/');
    if parts.next() != Some("1") {
        return None;
    }
    let (region, key_id, grant_id) = (parts.next()?, parts.next()?, parts.next()?);
    Some(GrantName {
        region: region.to_owned(),
        key_id: KeyId::parse(key_id)?,
        grant_id: grant_id.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_store_s_own_tokens_are_read() {
        let key = HmacKey::new(&[1; 32]).expect("a key");
        let key_id = KeyId::from_random([7; 16], false);
        let token = write(&key, "us-east-1", key_id, "abc").expect("a token");
        let other = write(&key, "us-east-1", key_id, "abc").expect("a token");
        assert_ne!(token, other);
        let name = read(&key, &token).expect("a grant");
        assert_eq!(
            (&*name.region, name.key_id, &*name.grant_id),
            ("us-east-1", key_id, "abc")
        );
        assert_eq!(read(&HmacKey::new(&[2; 32]).expect("a key"), &token), None);
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(read(&key, str::from_utf8(&changed).expect("text")), None);
        }
        for wrong in ["", "A", "not base64!"] {
            assert_eq!(read(&key, wrong), None);
        }
    }
}
