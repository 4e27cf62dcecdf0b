//! `_core.write_backup`, `read_backup` and `new_backup_identity`.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use kmscore::backup::{self, BackupError as Fault, Contents, Lock, Unlock, identity, manifest};
use kmscore_crypto::agreement::X25519;
use kmscore_crypto::passphrase::Argon2Parameters;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict};
use zeroize::Zeroizing;

use crate::exceptions::{BackupError, backup_fault, store_fault};
use crate::hierarchy::{PyRootKey, take_passphrase, wrapped_keys, wrapped_to_python};

/// Encrypts a database snapshot and the domain keys into one new file of mode 0600.
#[pyfunction]
#[pyo3(signature = (database, target, root, store_id, rows, *, passphrase = None, recipient = None))]
#[allow(
    clippy::too_many_arguments,
    reason = "each is a named part of one backup"
)]
pub(crate) fn write_backup(
    py: Python<'_>,
    database: PathBuf,
    target: PathBuf,
    root: &PyRootKey,
    store_id: [u8; 16],
    rows: &Bound<'_, PyAny>,
    passphrase: Option<&Bound<'_, PyByteArray>>,
    recipient: Option<&str>,
) -> PyResult<()> {
    let manifest = manifest::pack(&root.0, &store_id, &wrapped_keys(rows)?).map_err(store_fault)?;
    let passphrase = passphrase.map(take_passphrase).transpose()?;
    let recipient = recipient.map(identity::parse_recipient).transpose();
    let recipient = recipient.map_err(|fault| backup_fault(&fault))?;
    let lock = match (&passphrase, &recipient) {
        (Some(passphrase), None) => Lock::Passphrase(passphrase, Argon2Parameters::RECOMMENDED),
        (None, Some(recipient)) => Lock::Recipient(recipient),
        _ => return Err(exactly_one("passphrase", "recipient")),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let created = now.map_or(0, |time| {
        u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
    });
    let write = || {
        let mut source = BufReader::new(File::open(&database).map_err(Fault::Read)?);
        let manifest = manifest.expose()?;
        new_file(&target, |out| {
            backup::write(&mut source, manifest, &lock, &store_id, created, out)
        })
    };
    py.detach(write).map_err(|fault| backup_fault(&fault))
}

/// Checks every byte of a backup; with `target` also restores its database there.
#[pyfunction]
#[pyo3(signature = (source, target, new_root, *, passphrase = None, identity_file = None))]
pub(crate) fn read_backup<'py>(
    py: Python<'py>,
    source: PathBuf,
    target: Option<PathBuf>,
    new_root: Option<&PyRootKey>,
    passphrase: Option<&Bound<'py, PyByteArray>>,
    identity_file: Option<PathBuf>,
) -> PyResult<Bound<'py, PyDict>> {
    let key = Key::new(passphrase, identity_file)?;
    let contents = py
        .detach(|| read(&source, target.as_deref(), &key.unlock()))
        .map_err(|fault| backup_fault(&fault))?;
    let rows = match new_root {
        Some(root) => manifest::unpack(&contents.manifest, &root.0, &contents.store_id)
            .map_err(|fault| backup_fault(&fault))?,
        None => vec![],
    };
    let out = PyDict::new(py);
    out.set_item("store_id", PyBytes::new(py, &contents.store_id))?;
    #[allow(
        clippy::cast_precision_loss,
        reason = "microseconds since 1970 fit 53 bits until the year 2255"
    )]
    out.set_item("created", contents.created as f64 / 1e6)?;
    out.set_item("database_bytes", contents.database_bytes)?;
    out.set_item("rows", wrapped_to_python(py, &rows)?)?;
    Ok(out)
}

/// Writes a recipient's private key to a new file of mode 0600; returns the recipient string.
#[pyfunction]
pub(crate) fn new_backup_identity(path: PathBuf) -> PyResult<String> {
    identity::create(&path).map_err(|fault| backup_fault(&fault))
}

/// What a backup is read with, owned while the reading goes on.
enum Key {
    Passphrase(Zeroizing<Vec<u8>>),
    Identity(X25519),
}

impl Key {
    fn new(
        passphrase: Option<&Bound<'_, PyByteArray>>,
        identity_file: Option<PathBuf>,
    ) -> PyResult<Self> {
        match (passphrase, identity_file) {
            (Some(passphrase), None) => Ok(Self::Passphrase(take_passphrase(passphrase)?)),
            (None, Some(path)) => identity::read(&path)
                .map(Self::Identity)
                .map_err(|fault| backup_fault(&fault)),
            _ => Err(exactly_one("passphrase", "identity_file")),
        }
    }

    fn unlock(&self) -> Unlock<'_> {
        match self {
            Self::Passphrase(passphrase) => Unlock::Passphrase(passphrase),
            Self::Identity(pair) => Unlock::Recipient(pair),
        }
    }
}

fn read(source: &Path, target: Option<&Path>, unlock: &Unlock<'_>) -> Result<Contents, Fault> {
    let mut source = BufReader::new(File::open(source).map_err(Fault::Read)?);
    match target {
        Some(target) => new_file(target, |out| backup::read(&mut source, unlock, Some(out))),
        None => backup::read::<BufWriter<File>>(&mut source, unlock, None),
    }
}

/// Writes a new file of mode 0600 and syncs it; after a failure there is none.
fn new_file<T>(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(Fault::Write)?;
    let mut out = BufWriter::new(file);
    let done = write(&mut out).and_then(|result| {
        let file = out
            .into_inner()
            .map_err(|error| Fault::Write(error.into_error()))?;
        file.sync_all().map_err(Fault::Write)?;
        Ok(result)
    });
    if done.is_err() {
        // What was written so far is of no use; the first error is the one to report.
        let _ = std::fs::remove_file(path);
    }
    done
}

fn exactly_one(one: &str, other: &str) -> PyErr {
    BackupError::new_err(format!("give exactly one of {one} and {other}"))
}
