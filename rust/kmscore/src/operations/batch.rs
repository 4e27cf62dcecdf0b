//! Many ciphertext blobs in one call: one authorisation, one audit record with the number of rows.
//!
//! Ours, not AWS's. Each row is a blob that Decrypt opens; a row may be empty, which Encrypt does not allow.

use std::collections::HashMap;
use std::sync::Arc;

use kmscore_crypto::random;
use kmscore_crypto::zeroize_slice;

use super::encryption::{self, SYMMETRIC};
use super::{check_algorithm, context_hash, failed};
use crate::backend::Material;
use crate::ciphertext::{BlobHeader, KeyId, OVERHEAD};
use crate::engine::{Engine, no_randomness};
use crate::error::{Error, ErrorCode, Result};
use crate::key_entry::KeyEntry;
use crate::pipeline::Passage;
use crate::policy::Caller;
use crate::resolve::{Targets, unknown_ciphertext_key};
use crate::rows::{Row, in_parallel};
use crate::shapes::tables::{DECRYPT_BATCH, ENCRYPT_BATCH};
use crate::shapes::validate::validate;
use crate::value::Request;

/// The longest plaintext of a row: that of Encrypt.
pub const PLAINTEXT_LIMIT: usize = 4096;
/// Rows whose N are drawn together.
const DRAW: usize = 64;

/// A row that failed: its number and why.
pub type RowError = (usize, Error);

impl Engine {
    /// Encrypts every row under one key. `request` has `KeyId` and may have `EncryptionContext`.
    ///
    /// # Errors
    /// What Encrypt answers for the key as a whole. A row that fails by itself is in the list, and its output is zero.
    pub fn encrypt_rows(
        self: &Arc<Self>,
        request: &Request,
        rows: &mut [Row<'_>],
        threads: usize,
        caller: &Caller,
    ) -> Result<Vec<RowError>> {
        let passage = Passage::begin(self, &ENCRYPT_BATCH, request, caller)?;
        passage.batch(rows.len(), Vec::len, |keys| {
            let key = &keys[0];
            check_algorithm(key, SYMMETRIC)?;
            let context = context_hash(request.map("EncryptionContext"))?;
            let material = key.current_material(&*self.backend)?;
            let header = encryption::blob_header(key, &**material);
            in_parallel(rows, threads, |first, part| {
                encrypt_part(&**material, &header, &context, first, part)
            })
        })
    }

    /// Decrypts every row. Rows may be of different keys; `KeyId`, when sent, must be the key of each.
    ///
    /// # Errors
    /// As `encrypt_rows`.
    pub fn decrypt_rows(
        self: &Arc<Self>,
        request: &Request,
        rows: &mut [Row<'_>],
        threads: usize,
        caller: &Caller,
    ) -> Result<Vec<RowError>> {
        let passage = Passage::begin(self, &DECRYPT_BATCH, request, caller)?;
        passage.batch(rows.len(), Vec::len, |keys| {
            let context = context_hash(request.map("EncryptionContext"))?;
            let opened = self.materials_of(rows, keys, &passage)?;
            in_parallel(rows, threads, |first, part| {
                decrypt_part(&opened, &context, first, part)
            })
        })
    }

    /// Resolves and authorises each key that the rows name, once. Those that the request did not name are added to it.
    fn materials_of(
        &self,
        rows: &[Row<'_>],
        named: &mut Vec<Arc<KeyEntry>>,
        passage: &Passage<'_>,
    ) -> Result<Opened> {
        let mut opened = Opened::new();
        let mut keys: HashMap<KeyId, Result<Arc<KeyEntry>>> = HashMap::new();
        let mut last = None;
        for header in rows.iter().filter_map(|row| BlobHeader::parse(row.input?)) {
            // Most columns have one key: rows that go on as the row before are not looked up.
            if last.replace(header) == Some(header) || opened.contains_key(&header) {
                continue;
            }
            let key = keys
                .entry(header.key_id)
                .or_insert_with(|| passage.key_of_row(header.key_id, named.first()));
            let material = key.clone().and_then(|key| {
                key.material(&header.material, &*self.backend)?
                    .cloned()
                    .ok_or_else(Error::invalid_ciphertext)
            });
            opened.insert(header, material);
        }
        if named.is_empty() {
            named.extend(keys.into_values().flatten());
            named.sort_by(|one, other| one.arn().cmp(other.arn()));
        }
        Ok(opened)
    }
}

type Opened = HashMap<BlobHeader, Result<Arc<dyn Material>>>;

impl Passage<'_> {
    /// A call over many rows: decided once, recorded once. `failed` tells how many rows did; keys that only rows name
    /// are added by `work`.
    pub(super) fn batch<T>(
        &self,
        rows: usize,
        failed: impl FnOnce(&T) -> usize,
        work: impl FnOnce(&mut Vec<Arc<KeyEntry>>) -> Result<T>,
    ) -> Result<T> {
        let mut targets = Targets::default();
        let done = validate(self.operation, self.request)
            .and_then(|()| self.decide(&mut targets, true))
            .and_then(|_| work(&mut targets.keys));
        let failed = done.as_ref().map_or(rows, failed);
        let nothing = vec![];
        let answered = done.as_ref().map(|_| &nothing);
        self.append(answered, &targets, Some((rows, failed)))?;
        done
    }

    /// The key a row names, if the caller may decrypt with it.
    fn key_of_row(&self, id: KeyId, named: Option<&Arc<KeyEntry>>) -> Result<Arc<KeyEntry>> {
        if let Some(named) = named {
            return if named.row().key_id == id {
                Ok(Arc::clone(named))
            } else {
                Err(Error::new(
                    ErrorCode::IncorrectKey,
                    "The key ID in the request does not identify a CMK that can perform this operation.",
                ))
            };
        }
        let Engine { table, store, .. } = &**self.engine;
        let key = table.key(&self.caller.region, id, self.now, &**store)?;
        let key = key.ok_or_else(unknown_ciphertext_key)?;
        self.admission().check_row_key(&key)?;
        check_algorithm(&key, SYMMETRIC)?;
        Ok(key)
    }
}

fn encrypt_part(
    material: &dyn Material,
    header: &BlobHeader,
    context: &[u8; 32],
    first: usize,
    rows: &mut [Row<'_>],
) -> Result<Vec<RowError>> {
    let mut errors = vec![];
    let mut drawn = [0; 32 * DRAW];
    for (group, rows) in rows.chunks_mut(DRAW).enumerate() {
        random::nonces(&mut drawn[..32 * rows.len()]).map_err(|_| no_randomness())?;
        for (place, (row, n)) in rows.iter_mut().zip(drawn.as_chunks::<32>().0).enumerate() {
            let Some(plaintext) = row.input else { continue };
            if plaintext.len() > PLAINTEXT_LIMIT {
                errors.push((first + group * DRAW + place, too_long()));
                continue;
            }
            material
                .seal_blob(header, context, n, plaintext, row.output)
                .map_err(|_| failed())?;
        }
    }
    Ok(errors)
}

fn decrypt_part(
    opened: &Opened,
    context: &[u8; 32],
    first: usize,
    rows: &mut [Row<'_>],
) -> Result<Vec<RowError>> {
    let mut errors = vec![];
    let mut last = None;
    for (place, row) in rows.iter_mut().enumerate() {
        let Some(blob) = row.input else { continue };
        if let Err(error) = decrypt_row(opened, &mut last, context, blob, row.output) {
            zeroize_slice(row.output);
            errors.push((first + place, error));
        }
    }
    Ok(errors)
}

/// Decrypts a row. `last` is the header of the row before and what it opens with.
fn decrypt_row<'o>(
    opened: &'o Opened,
    last: &mut Option<(BlobHeader, &'o Result<Arc<dyn Material>>)>,
    context: &[u8; 32],
    blob: &[u8],
    plaintext: &mut [u8],
) -> Result<()> {
    let header = BlobHeader::parse(blob).ok_or_else(Error::invalid_ciphertext)?;
    let material = match last {
        Some((known, material)) if *known == header => *material,
        _ => opened.get(&header).ok_or_else(Error::invalid_ciphertext)?,
    };
    *last = Some((header, material));
    material
        .as_ref()
        .map_err(Clone::clone)?
        .open_blob(context, blob, plaintext)
        .map_err(|_| Error::invalid_ciphertext())
}

/// The length of a row's plaintext from that of its blob; zero for what is too short to be one.
#[must_use]
pub const fn plaintext_length(blob: usize) -> usize {
    blob.saturating_sub(OVERHEAD)
}

fn too_long() -> Error {
    Error::validation(format!(
        "Plaintext of the row is longer than {PLAINTEXT_LIMIT} bytes."
    ))
}
