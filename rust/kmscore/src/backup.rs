//! Backups: a whole store in one encrypted file, read with a passphrase or a recipient's private key alone.
//!
//! docs/formats.md "Backup". Reading and writing stream: memory stays flat however large the database is.

mod chunks;
mod header;
pub mod identity;
pub mod manifest;
#[cfg(test)]
mod tests;

use std::io::{self, Read, Write};

use kmscore_crypto::agreement::X25519;
use kmscore_crypto::passphrase::{Argon2Parameters, ParameterRange};
use kmscore_crypto::secret::SecretBytes;
use kmscore_crypto::{Unspecified, constant_time};

use chunks::{ChunkReader, ChunkWriter};
use header::{FileKeys, Header};

/// Bytes a manifest may have. A domain key takes about 200.
const MANIFEST_LIMIT: usize = 1024 * 1024;

/// What a backup is encrypted to.
pub enum Lock<'a> {
    /// A passphrase, and what each guess at it shall cost.
    Passphrase(&'a [u8], Argon2Parameters),
    /// The public key of whoever may read it.
    Recipient(&'a [u8; 32]),
}

/// What a backup is read with.
pub enum Unlock<'a> {
    /// Its passphrase.
    Passphrase(&'a [u8]),
    /// The recipient's private key.
    Recipient(&'a X25519),
}

/// What a backup holds, besides the database.
#[derive(Debug)]
pub struct Contents {
    /// The store it was made of.
    pub store_id: [u8; 16],
    /// When it was made, in microseconds since 1970.
    pub created: u64,
    /// What the engine wrote beside the database: the domain and audit keys.
    pub manifest: SecretBytes,
    /// Length of the database.
    pub database_bytes: u64,
}

/// Why a backup cannot be written or read.
#[derive(Debug)]
pub enum BackupError {
    /// The backup, or the database it is made of, could not be read.
    Read(io::Error),
    /// The backup, or the database it is restored to, could not be written.
    Write(io::Error),
    /// The file does not start as a backup of this version does.
    NotABackup,
    /// The header is damaged or lacks something; the text says what.
    Header(&'static str),
    /// The backup is encrypted to a recipient, and a passphrase was given.
    NeedsIdentity,
    /// The backup is encrypted to a passphrase, and a private key was given.
    NeedsPassphrase,
    /// The file key does not open.
    Locked,
    /// Something after the header is not what was written.
    Damaged,
    /// The passphrase has no bytes.
    EmptyPassphrase,
    /// The passphrase cannot be stretched.
    Passphrase(ParameterRange),
    /// The manifest is longer than 1 MiB.
    ManifestTooLong,
    /// The manifest does not hold the keys of this store.
    Manifest,
    /// A recipient string or an identity file is malformed; the text says how.
    Identity(String),
    /// AWS-LC or the operating system failed.
    Crypto,
}

impl From<Unspecified> for BackupError {
    fn from(_: Unspecified) -> Self {
        Self::Crypto
    }
}

impl core::fmt::Display for BackupError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Read(error) => write!(f, "reading failed: {error}"),
            Self::Write(error) => write!(f, "writing failed: {error}"),
            Self::NotABackup => {
                f.write_str("this is not a kmscore backup, or one of a newer version")
            }
            Self::Header(what) => write!(f, "the header of the backup is damaged: {what}"),
            Self::NeedsIdentity => {
                f.write_str("the backup is encrypted to a recipient: give the identity file")
            }
            Self::NeedsPassphrase => {
                f.write_str("the backup is encrypted to a passphrase: give the passphrase")
            }
            Self::Locked => f.write_str(
                "wrong passphrase or identity for this backup, or its header is damaged",
            ),
            Self::Damaged => {
                f.write_str("the backup is damaged, cut short or longer than what was written")
            }
            Self::EmptyPassphrase => f.write_str("the passphrase of a backup must not be empty"),
            Self::Passphrase(range) => range.fmt(f),
            Self::ManifestTooLong => {
                f.write_str("the store has more domain keys than fit into a backup")
            }
            Self::Manifest => f.write_str("the backup does not hold the domain keys of its store"),
            Self::Identity(text) => f.write_str(text),
            Self::Crypto => {
                f.write_str("the cryptographic library refused: no randomness or locked memory")
            }
        }
    }
}

impl std::error::Error for BackupError {}

/// Writes a backup of `database`, and of `manifest` beside it.
pub fn write(
    database: &mut impl Read,
    manifest: &[u8],
    lock: &Lock<'_>,
    store_id: &[u8; 16],
    created: u64,
    out: &mut impl Write,
) -> Result<(), BackupError> {
    let length = u32::try_from(manifest.len()).map_err(|_| BackupError::ManifestTooLong)?;
    if manifest.len() > MANIFEST_LIMIT {
        return Err(BackupError::ManifestTooLong);
    }
    let (header, file_key) = Header::new(lock, *store_id, created)?;
    let start = header.to_bytes()?;
    let keys = FileKeys::derive(&file_key, &start)?;
    out.write_all(&start)
        .and_then(|()| out.write_all(&keys.commitment))
        .map_err(BackupError::Write)?;
    let mut chunks = ChunkWriter::new(&keys.encryption, out)?;
    chunks.write(&length.to_be_bytes())?;
    chunks.write(manifest)?;
    chunks.copy(database)?;
    chunks.finish()
}

/// Checks every byte of a backup and, with `database_out`, writes its database there.
///
/// Each chunk is checked before it is written, but that nothing is missing is known at the end only: after an error the
/// caller removes what was written.
pub fn read<W: Write>(
    source: &mut impl Read,
    unlock: &Unlock<'_>,
    mut database_out: Option<&mut W>,
) -> Result<Contents, BackupError> {
    let (header, start) = Header::read(source)?;
    let keys = FileKeys::derive(&header.open_file_key(unlock)?, &start)?;
    let mut commitment = [0; 32];
    fill(source, &mut commitment)?;
    if !constant_time::equal(&commitment, &keys.commitment) {
        return Err(BackupError::Damaged);
    }
    let mut chunks = ChunkReader::new(&keys.encryption, source)?;
    let manifest = read_manifest(&mut chunks)?;
    let mut database_bytes = 0;
    while let Some(plaintext) = chunks.next()? {
        database_bytes += plaintext.len() as u64;
        if let Some(out) = &mut database_out {
            out.write_all(plaintext).map_err(BackupError::Write)?;
        }
    }
    Ok(Contents {
        store_id: header.store_id,
        created: header.created,
        manifest,
        database_bytes,
    })
}

fn read_manifest(chunks: &mut ChunkReader<'_, impl Read>) -> Result<SecretBytes, BackupError> {
    let mut length = [0; 4];
    chunks.fill(&mut length)?;
    let length = usize::try_from(u32::from_be_bytes(length)).map_err(|_| BackupError::Damaged)?;
    if length > MANIFEST_LIMIT {
        return Err(BackupError::Damaged);
    }
    let mut fault = None;
    let manifest = SecretBytes::with(length, |out| {
        chunks.fill(out).map_err(|error| {
            fault = Some(error);
            Unspecified
        })
    });
    manifest.map_err(|_| fault.unwrap_or(BackupError::Crypto))
}

/// Reads exactly this much of the file.
fn fill(source: &mut impl Read, out: &mut [u8]) -> Result<(), BackupError> {
    source.read_exact(out).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => BackupError::Damaged,
        _ => BackupError::Read(error),
    })
}
