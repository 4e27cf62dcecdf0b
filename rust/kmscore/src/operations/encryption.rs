//! Encrypt, Decrypt and ReEncrypt with symmetric KMS keys.

use kmscore_crypto::random;
use zeroize::Zeroizing;

use super::{Call, check_algorithm, context_hash};
use crate::backend::{Backend, Material};
use crate::ciphertext::{BlobHeader, OVERHEAD};
use crate::engine::no_randomness;
use crate::error::{Error, Result};
use crate::key_table::KeyEntry;
use crate::value::{Request, Response, Value};

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html>
pub(super) fn encrypt(call: &Call<'_>) -> Result<Response> {
    check_algorithm(call.key(), call.request.string("EncryptionAlgorithm"))?;
    let context = context_hash(call.request.map("EncryptionContext"))?;
    let plaintext = call.request.blob("Plaintext").unwrap_or_default();
    let blob = seal(call.key(), call.backend, &context, plaintext)?.0;
    Ok(vec![
        ("CiphertextBlob", Value::Blob(Zeroizing::new(blob))),
        ("KeyId", Value::String(call.key().arn().to_owned())),
        (
            "EncryptionAlgorithm",
            Value::String("SYMMETRIC_DEFAULT".to_owned()),
        ),
    ])
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html>
pub(super) fn decrypt(call: &Call<'_>) -> Result<Response> {
    check_algorithm(call.key(), call.request.string("EncryptionAlgorithm"))?;
    let context = context_hash(call.request.map("EncryptionContext"))?;
    let blob = call.request.blob("CiphertextBlob").unwrap_or_default();
    let (plaintext, material) = open(call.key(), call.backend, &context, blob)?;
    Ok(vec![
        ("KeyId", Value::String(call.key().arn().to_owned())),
        ("Plaintext", Value::Blob(plaintext)),
        (
            "EncryptionAlgorithm",
            Value::String("SYMMETRIC_DEFAULT".to_owned()),
        ),
        ("KeyMaterialId", Value::String(material)),
    ])
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html>
pub(super) fn re_encrypt(call: &Call<'_>) -> Result<Response> {
    let (source, destination) = (&call.keys[0], &call.keys[1]);
    check_algorithm(source, call.request.string("SourceEncryptionAlgorithm"))?;
    check_algorithm(
        destination,
        call.request.string("DestinationEncryptionAlgorithm"),
    )?;
    let old_context = context_hash(call.request.map("SourceEncryptionContext"))?;
    let new_context = context_hash(call.request.map("DestinationEncryptionContext"))?;
    let old_blob = call.request.blob("CiphertextBlob").unwrap_or_default();
    let (plaintext, old_material) = open(source, call.backend, &old_context, old_blob)?;
    let (blob, new_material) = seal(destination, call.backend, &new_context, &plaintext)?;
    Ok(vec![
        ("CiphertextBlob", Value::Blob(Zeroizing::new(blob))),
        ("SourceKeyId", Value::String(source.arn().to_owned())),
        ("KeyId", Value::String(destination.arn().to_owned())),
        (
            "SourceEncryptionAlgorithm",
            Value::String("SYMMETRIC_DEFAULT".to_owned()),
        ),
        (
            "DestinationEncryptionAlgorithm",
            Value::String("SYMMETRIC_DEFAULT".to_owned()),
        ),
        ("SourceKeyMaterialId", Value::String(old_material)),
        ("DestinationKeyMaterialId", Value::String(new_material)),
    ])
}

/// IGNORE_CIPHERTEXT is a modifier of DryRun; without it a ciphertext is required.
pub(super) fn check_ciphertext(request: &Request) -> Result<()> {
    if !request.list("DryRunModifiers").is_empty() {
        return Err(Error::new(
            crate::error::ErrorCode::UnsupportedOperation,
            "DryRunModifiers is not supported by this version of kmscore.",
        ));
    }
    match request.blob("CiphertextBlob") {
        Some(_) => Ok(()),
        None => Err(Error::validation("CiphertextBlob is required.")),
    }
}

/// Seals under the key's current material; also the material's id.
pub(super) fn seal(
    key: &KeyEntry,
    backend: &dyn Backend,
    context_hash: &[u8; 32],
    plaintext: &[u8],
) -> Result<(Vec<u8>, String)> {
    let material = key.current_material(backend)?;
    let mut n = [0; 32];
    random::nonces(&mut n).map_err(|_| no_randomness())?;
    let mut blob = vec![0; OVERHEAD + plaintext.len()];
    material
        .seal_blob(
            &blob_header(key, &**material),
            context_hash,
            &n,
            plaintext,
            &mut blob,
        )
        .map_err(|_| failed())?;
    Ok((blob, material.id().to_string()))
}

/// Opens a blob of the key; also the material's id. Every failure is one error.
pub(super) fn open(
    key: &KeyEntry,
    backend: &dyn Backend,
    context_hash: &[u8; 32],
    blob: &[u8],
) -> Result<(Zeroizing<Vec<u8>>, String)> {
    let header = BlobHeader::parse(blob).ok_or_else(Error::invalid_ciphertext)?;
    let material = key
        .material(&header.material, backend)?
        .ok_or_else(Error::invalid_ciphertext)?;
    let mut plaintext = Zeroizing::new(vec![0; blob.len() - OVERHEAD]);
    material
        .open_blob(context_hash, blob, &mut plaintext)
        .map_err(|_| Error::invalid_ciphertext())?;
    Ok((plaintext, material.id().to_string()))
}

/// The header of a blob under this material.
pub(super) fn blob_header(key: &KeyEntry, material: &dyn Material) -> BlobHeader {
    BlobHeader {
        key_id: key.row().key_id,
        material: *material.id().short(),
    }
}

/// Sealing fails only when locked memory was wiped under it, after a fork.
pub(super) fn failed() -> Error {
    Error::internal("the key material is no longer usable in this process; reopen the store")
}
