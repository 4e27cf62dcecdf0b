//! The root key: from a key file that nobody else can read, or from a passphrase.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kmscore_crypto::passphrase::{self, Argon2Parameters};
use kmscore_crypto::secret::SecretBytes;
use zeroize::Zeroizing;

use crate::hex;
use crate::seal::SealingKey;
use crate::store_fault::{StoreFault, StoreResult};

const KEY_FILE_PREFIX: &str = "kmscore-root-key-v1 ";

/// The key that wraps domain keys and nothing else.
pub struct RootKey {
    pub(crate) sealing: SealingKey,
}

impl RootKey {
    /// Draws a root key and writes it to a new file of mode 0600, synced with its folder.
    pub fn create_file(path: &Path) -> StoreResult<Self> {
        let key = SecretBytes::random(32)?;
        let mut line = Zeroizing::new(String::with_capacity(KEY_FILE_PREFIX.len() + 48));
        line.push_str(KEY_FILE_PREFIX);
        STANDARD.encode_string(key.expose()?, &mut line);
        line.push('\n');
        let write = || -> std::io::Result<()> {
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path)?;
            file.write_all(line.as_bytes())?;
            file.sync_all()?;
            File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
        };
        write().map_err(|error| root_key_fault(path, &format!("cannot be created: {error}")))?;
        Ok(Self {
            sealing: SealingKey::new(key.expose()?)?,
        })
    }

    /// Reads a key file; refuses one that others can read or that belongs to someone else.
    pub fn from_file(path: &Path) -> StoreResult<Self> {
        let file = File::open(path)
            .map_err(|error| root_key_fault(path, &format!("cannot be read: {error}")))?;
        let metadata = file
            .metadata()
            .map_err(|error| root_key_fault(path, &format!("cannot be read: {error}")))?;
        if metadata.mode() & 0o077 != 0 {
            let text = format!(
                "has mode {:04o}: others can read it; run chmod 600",
                metadata.mode() & 0o7777
            );
            return Err(root_key_fault(path, &text));
        }
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(root_key_fault(
                path,
                &format!("belongs to user {}, not to this process", metadata.uid()),
            ));
        }
        let mut text = Zeroizing::new(String::with_capacity(128));
        file.take(128)
            .read_to_string(&mut text)
            .map_err(|error| root_key_fault(path, &format!("cannot be read: {error}")))?;
        Self::parse(&text).ok_or_else(|| root_key_fault(path, "does not hold a kmscore root key"))
    }

    /// Stretches a passphrase with Argon2id (RFC 9106).
    pub fn from_passphrase(
        passphrase: &[u8],
        salt: &[u8],
        parameters: Argon2Parameters,
    ) -> StoreResult<Self> {
        let key = passphrase::argon2id(passphrase, salt, parameters).map_err(|_| {
            StoreFault::RootKey("the Argon2id parameters of the passphrase are out of range".into())
        })?;
        Ok(Self {
            sealing: SealingKey::new(key.expose()?)?,
        })
    }

    /// 32 hex digits that name the root key without showing it.
    #[must_use]
    pub fn key_id(&self) -> String {
        hex::encode(self.sealing.id())
    }

    fn parse(text: &str) -> Option<Self> {
        let encoded = text.strip_prefix(KEY_FILE_PREFIX)?.strip_suffix('\n')?;
        let mut key = Zeroizing::new([0; 48]);
        let length = STANDARD.decode_slice(encoded, &mut *key).ok()?;
        (length == 32)
            .then(|| SealingKey::new(&key[..32]).ok())?
            .map(|sealing| Self { sealing })
    }
}

fn root_key_fault(path: &Path, text: &str) -> StoreFault {
    StoreFault::RootKey(format!("root key file {} {text}", path.display()))
}
