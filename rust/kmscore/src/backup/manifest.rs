//! What stands beside the database in a backup: the domain and audit keys, free of the root key they were under.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kmscore_crypto::Unspecified;
use kmscore_crypto::secret::SecretBytes;
use serde_json::Value;
use zeroize::Zeroizing;

use super::BackupError;
use crate::hierarchy::{Purpose, WrappedKey};
use crate::root_key::RootKey;
use crate::store_fault::StoreResult;

const VERSION: u64 = 1;
/// Bytes of one key's JSON are fewer than this, so that the text is never moved while it grows.
const LONGEST_KEY: usize = 200;

/// Unwraps the keys under the store's root key and writes them as a manifest.
pub fn pack(root: &RootKey, store_id: &[u8; 16], rows: &[WrappedKey]) -> StoreResult<SecretBytes> {
    let mut text = Zeroizing::new(String::with_capacity(LONGEST_KEY * (rows.len() + 1)));
    text.push_str(&format!("{{\"version\":{VERSION},\"keys\":["));
    for (index, row) in rows.iter().enumerate() {
        let key = row.open(root, store_id)?;
        let comma = if index == 0 { "" } else { "," };
        let purpose = row.purpose.name();
        text.push_str(&format!(
            "{comma}{{\"purpose\":\"{purpose}\",\"version\":{},\"key\":\"",
            row.version
        ));
        STANDARD.encode_string(key.expose()?, &mut text);
        text.push_str("\"}");
    }
    text.push_str("]}");
    Ok(SecretBytes::with(text.len(), |out| {
        out.copy_from_slice(text.as_bytes());
        Ok(())
    })?)
}

/// Wraps the keys of a manifest under another root key.
pub fn unpack(
    manifest: &SecretBytes,
    root: &RootKey,
    store_id: &[u8; 16],
) -> Result<Vec<WrappedKey>, BackupError> {
    let mut parsed: Value =
        serde_json::from_slice(manifest.expose()?).map_err(|_| BackupError::Manifest)?;
    if parsed["version"] != VERSION {
        return Err(BackupError::Manifest);
    }
    let keys = parsed["keys"].as_array_mut().ok_or(BackupError::Manifest)?;
    keys.iter_mut()
        .map(|key| wrap(key, root, store_id))
        .collect()
}

fn wrap(
    member: &mut Value,
    root: &RootKey,
    store_id: &[u8; 16],
) -> Result<WrappedKey, BackupError> {
    let purpose = member["purpose"]
        .as_str()
        .and_then(Purpose::parse)
        .ok_or(BackupError::Manifest)?;
    let version = member["version"].as_i64().ok_or(BackupError::Manifest)?;
    let Value::String(encoded) = member["key"].take() else {
        return Err(BackupError::Manifest);
    };
    let encoded = Zeroizing::new(encoded);
    let mut decoded = Zeroizing::new([0; 48]);
    let length = STANDARD
        .decode_slice(&*encoded, &mut *decoded)
        .map_err(|_| BackupError::Manifest)?;
    let key = SecretBytes::with(32, |out| {
        out.copy_from_slice(
            decoded
                .get(..length)
                .filter(|key| key.len() == 32)
                .ok_or(Unspecified)?,
        );
        Ok(())
    });
    let key = key.map_err(|_| BackupError::Manifest)?;
    WrappedKey::seal(root, store_id, purpose, version, &key).map_err(|_| BackupError::Crypto)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use kmscore_crypto::passphrase::Argon2Parameters;

    use super::*;
    use crate::hierarchy::KeyHierarchy;

    const STORE: [u8; 16] = [7; 16];

    fn root(salt: u8) -> RootKey {
        let parameters = Argon2Parameters {
            memory_kib: 8192,
            passes: 1,
            lanes: 1,
        };
        RootKey::from_passphrase(b"words", &[salt; 16], parameters).unwrap()
    }

    #[test]
    fn the_keys_of_a_store_move_to_another_root_key() {
        let (old, new) = (root(1), root(2));
        let (hierarchy, rows) = KeyHierarchy::create(&old, STORE).unwrap();
        let manifest = pack(&old, &STORE, &rows).unwrap();
        let moved = unpack(&manifest, &new, &STORE).unwrap();
        assert_eq!(
            KeyHierarchy::open(&new, STORE, &moved)
                .unwrap()
                .domain_key_id(),
            hierarchy.domain_key_id()
        );
        assert!(KeyHierarchy::open(&old, STORE, &moved).is_err());
        for (row, original) in moved.iter().zip(&rows) {
            assert_eq!(
                (row.purpose, row.version),
                (original.purpose, original.version)
            );
            let key = original.open(&old, &STORE).unwrap();
            assert!(
                row.open(&new, &STORE)
                    .unwrap()
                    .equals(key.expose().unwrap())
            );
        }
    }

    #[test]
    fn the_text_never_outgrows_its_first_allocation() {
        let root = root(1);
        let key = SecretBytes::random(32).unwrap();
        let row = WrappedKey::seal(&root, &STORE, Purpose::Records, i64::MIN, &key).unwrap();
        let rows = vec![row; 3];
        assert!(pack(&root, &STORE, &rows).unwrap().len() <= LONGEST_KEY * rows.len());
    }

    #[test]
    fn a_manifest_of_another_form_is_refused() {
        let root = root(1);
        for text in [
            "",
            "{}",
            r#"{"version":2,"keys":[]}"#,
            r#"{"version":1,"keys":{}}"#,
            r#"{"version":1,"keys":[{"purpose":"other","version":1,"key":""}]}"#,
            r#"{"version":1,"keys":[{"purpose":"audit","version":"1","key":""}]}"#,
            r#"{"version":1,"keys":[{"purpose":"audit","version":1,"key":7}]}"#,
            r#"{"version":1,"keys":[{"purpose":"audit","version":1,"key":"AAAA"}]}"#,
        ] {
            let manifest = SecretBytes::from_wiping(&mut text.as_bytes().to_vec()).unwrap();
            assert!(
                matches!(unpack(&manifest, &root, &STORE), Err(BackupError::Manifest)),
                "{text}"
            );
        }
    }
}
