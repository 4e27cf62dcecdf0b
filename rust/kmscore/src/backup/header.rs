//! The start of a backup: who may read it, and its file key, sealed.

use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kmscore_crypto::agreement::X25519;
use kmscore_crypto::hmac::HmacKey;
use kmscore_crypto::passphrase::{self, Argon2Parameters};
use kmscore_crypto::secret::SecretBytes;
use kmscore_crypto::{hash, kdf, random};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{BackupError, Lock, Unlock, fill};
use crate::hex;
use crate::seal::{Binding, Kind, SealingKey};

const MAGIC: &[u8; 8] = b"kmsbak01";
/// Bytes of JSON a header may have; kmscore writes under 500.
const LIMIT: usize = 4096;

/// Who may read the backup, with what a reader needs to compute the key-encryption key.
enum Access {
    Passphrase {
        salt: [u8; 16],
        parameters: Argon2Parameters,
    },
    Recipient {
        ephemeral: [u8; 32],
        recipient: [u8; 32],
    },
}

pub(super) struct Header {
    access: Access,
    pub(super) created: u64,
    pub(super) store_id: [u8; 16],
    file_key: Vec<u8>,
}

impl Header {
    /// A header for a new file key, and that key.
    pub(super) fn new(
        lock: &Lock<'_>,
        store_id: [u8; 16],
        created: u64,
    ) -> Result<(Self, SecretBytes), BackupError> {
        let (access, key) = match lock {
            Lock::Passphrase(passphrase, parameters) => for_passphrase(passphrase, *parameters)?,
            Lock::Recipient(recipient) => for_recipient(recipient)?,
        };
        let file_key = SecretBytes::random(32)?;
        let sealed = key.seal(
            Kind::BackupFileKey,
            &binding(&store_id, created),
            file_key.expose()?,
        )?;
        Ok((
            Self {
                access,
                created,
                store_id,
                file_key: sealed,
            },
            file_key,
        ))
    }

    /// Magic, length and JSON.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, BackupError> {
        let mut members = match &self.access {
            Access::Passphrase { salt, parameters } => json!({
                "kind": "passphrase",
                "memory_kib": parameters.memory_kib,
                "passes": parameters.passes,
                "lanes": parameters.lanes,
                "salt": STANDARD.encode(salt),
            }),
            Access::Recipient {
                ephemeral,
                recipient,
            } => json!({
                "kind": "recipient",
                "ephemeral": STANDARD.encode(ephemeral),
                "recipient": STANDARD.encode(recipient),
            }),
        };
        members["created"] = self.created.into();
        members["store"] = hex::encode(&self.store_id).into();
        members["file_key"] = STANDARD.encode(&self.file_key).into();
        let json = members.to_string();
        let length =
            u32::try_from(json.len()).map_err(|_| BackupError::Header("it is too long"))?;
        Ok([MAGIC, length.to_be_bytes().as_slice(), json.as_bytes()].concat())
    }

    /// Reads and parses the header; also returns its bytes.
    pub(super) fn read(source: &mut impl Read) -> Result<(Self, Vec<u8>), BackupError> {
        let mut start = vec![0; 12];
        fill(source, &mut start).map_err(|error| if_damaged(error, BackupError::NotABackup))?;
        let (magic, length) = start.split_at(8);
        if magic != MAGIC {
            return Err(BackupError::NotABackup);
        }
        let length = length
            .iter()
            .fold(0, |length, byte| length << 8 | usize::from(*byte));
        if length > LIMIT {
            return Err(BackupError::Header(
                "its length is over the limit of 4,096 bytes",
            ));
        }
        start.resize(12 + length, 0);
        fill(source, &mut start[12..])
            .map_err(|error| if_damaged(error, BackupError::Header("the file ends within it")))?;
        let members = serde_json::from_slice(&start[12..])
            .map_err(|_| BackupError::Header("it is not JSON"))?;
        Ok((Self::parse(&members)?, start))
    }

    fn parse(members: &Value) -> Result<Self, BackupError> {
        let access = match members["kind"].as_str() {
            Some("passphrase") => Access::Passphrase {
                salt: bytes(members, "salt", "salt is not 16 bytes in base64")?,
                parameters: Argon2Parameters {
                    memory_kib: number(members, "memory_kib", "memory_kib is not a number")?,
                    passes: number(members, "passes", "passes is not a number")?,
                    lanes: number(members, "lanes", "lanes is not a number")?,
                },
            },
            Some("recipient") => Access::Recipient {
                ephemeral: bytes(members, "ephemeral", "ephemeral is not 32 bytes in base64")?,
                recipient: bytes(members, "recipient", "recipient is not 32 bytes in base64")?,
            },
            _ => {
                return Err(BackupError::Header(
                    "kind is neither passphrase nor recipient",
                ));
            }
        };
        let store_id = members["store"].as_str().and_then(hex::decode);
        Ok(Self {
            access,
            created: members["created"]
                .as_u64()
                .ok_or(BackupError::Header("created is not a number"))?,
            store_id: store_id.ok_or(BackupError::Header("store is not 32 hex digits"))?,
            file_key: base64(members, "file_key")
                .ok_or(BackupError::Header("file_key is not base64"))?,
        })
    }

    /// Unseals the file key.
    pub(super) fn open_file_key(&self, unlock: &Unlock<'_>) -> Result<SecretBytes, BackupError> {
        let key = match (&self.access, unlock) {
            (Access::Passphrase { salt, parameters }, Unlock::Passphrase(passphrase)) => {
                stretched(passphrase, salt, *parameters)?
            }
            (
                Access::Recipient {
                    ephemeral,
                    recipient,
                },
                Unlock::Recipient(pair),
            ) => {
                if recipient != pair.public() {
                    return Err(BackupError::Locked);
                }
                let shared = pair.agree(ephemeral).map_err(|_| BackupError::Locked)?;
                agreed(&shared, ephemeral, recipient)?
            }
            (Access::Passphrase { .. }, Unlock::Recipient(_)) => {
                return Err(BackupError::NeedsPassphrase);
            }
            (Access::Recipient { .. }, Unlock::Passphrase(_)) => {
                return Err(BackupError::NeedsIdentity);
            }
        };
        let binding = binding(&self.store_id, self.created);
        key.open(Kind::BackupFileKey, &binding, &self.file_key)
            .map_err(|_| BackupError::Locked)
    }
}

/// K_com and K_enc, bound to every byte of the header.
pub(super) struct FileKeys {
    pub(super) commitment: [u8; 32],
    pub(super) encryption: Zeroizing<[u8; 32]>,
}

impl FileKeys {
    pub(super) fn derive(file_key: &SecretBytes, start: &[u8]) -> Result<Self, BackupError> {
        let mut keys = Zeroizing::new([0; 64]);
        let key = HmacKey::new(file_key.expose()?)?;
        kdf::derive(
            &key,
            b"kmscore backup v1",
            &[&hash::sha256(&[start])],
            &mut *keys,
        )?;
        let mut derived = Self {
            commitment: [0; 32],
            encryption: Zeroizing::new([0; 32]),
        };
        derived.commitment.copy_from_slice(&keys[..32]);
        derived.encryption.copy_from_slice(&keys[32..]);
        Ok(derived)
    }
}

fn for_passphrase(
    passphrase: &[u8],
    parameters: Argon2Parameters,
) -> Result<(Access, SealingKey), BackupError> {
    if passphrase.is_empty() {
        return Err(BackupError::EmptyPassphrase);
    }
    let mut salt = [0; 16];
    random::fill(&mut salt)?;
    Ok((
        Access::Passphrase { salt, parameters },
        stretched(passphrase, &salt, parameters)?,
    ))
}

fn for_recipient(recipient: &[u8; 32]) -> Result<(Access, SealingKey), BackupError> {
    let pair = X25519::generate()?;
    let shared = pair
        .agree(recipient)
        .map_err(|_| BackupError::Identity("the recipient is not a usable public key".into()))?;
    let key = agreed(&shared, pair.public(), recipient)?;
    Ok((
        Access::Recipient {
            ephemeral: *pair.public(),
            recipient: *recipient,
        },
        key,
    ))
}

fn stretched(
    passphrase: &[u8],
    salt: &[u8],
    parameters: Argon2Parameters,
) -> Result<SealingKey, BackupError> {
    let key =
        passphrase::argon2id(passphrase, salt, parameters).map_err(BackupError::Passphrase)?;
    Ok(SealingKey::new(key.expose()?)?)
}

fn agreed(
    shared: &SecretBytes,
    ephemeral: &[u8],
    recipient: &[u8],
) -> Result<SealingKey, BackupError> {
    let shared = HmacKey::new(shared.expose()?)?;
    let key = SecretBytes::with(32, |out| {
        kdf::derive(
            &shared,
            b"kmscore backup recipient v1",
            &[ephemeral, recipient],
            out,
        )
    })?;
    Ok(SealingKey::new(key.expose()?)?)
}

fn binding(store_id: &[u8; 16], created: u64) -> Binding {
    Binding::default()
        .with("store", hex::encode(store_id))
        .with("created", created.to_string())
}

fn number(members: &Value, name: &str, fault: &'static str) -> Result<u32, BackupError> {
    members[name]
        .as_u64()
        .and_then(|number| u32::try_from(number).ok())
        .ok_or(BackupError::Header(fault))
}

fn bytes<const N: usize>(
    members: &Value,
    name: &str,
    fault: &'static str,
) -> Result<[u8; N], BackupError> {
    base64(members, name)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(BackupError::Header(fault))
}

fn base64(members: &Value, name: &str) -> Option<Vec<u8>> {
    STANDARD.decode(members[name].as_str()?).ok()
}

fn if_damaged(error: BackupError, instead: BackupError) -> BackupError {
    if matches!(error, BackupError::Damaged) {
        instead
    } else {
        error
    }
}
