//! Encrypt, Decrypt and ReEncrypt.

use kmscore_crypto::random;
use zeroize::Zeroizing;

use super::{Call, EngineBody, bytes, check_algorithm, context_hash, failed, public_key, text};
use crate::backend::{Backend, Material};
use crate::ciphertext::{BlobHeader, OVERHEAD};
use crate::engine::no_randomness;
use crate::error::{Error, Result};
use crate::key_entry::KeyEntry;
use crate::spec::EncryptionAlgorithm;
use crate::value::{Request, Response, Value};

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html>
pub(crate) const ENCRYPT: EngineBody = EngineBody {
    slow: |request| asymmetric(request, "EncryptionAlgorithm"),
    ..EngineBody::quick(encrypt)
};

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html>
pub(crate) const DECRYPT: EngineBody = EngineBody {
    slow: |request| asymmetric(request, "EncryptionAlgorithm"),
    ..EngineBody::quick(decrypt).checked(check_ciphertext)
};

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html>
pub(crate) const RE_ENCRYPT: EngineBody = EngineBody {
    slow: |request| {
        asymmetric(request, "SourceEncryptionAlgorithm")
            || asymmetric(request, "DestinationEncryptionAlgorithm")
    },
    ..EngineBody::quick(re_encrypt).checked(check_ciphertext)
};

/// The algorithm of symmetric KMS keys, and of every request that names none.
pub(crate) const SYMMETRIC: &str = EncryptionAlgorithm::SymmetricDefault.name();

/// One side of an encryption: a key, the algorithm, and the encryption context of symmetric keys.
struct Side<'a> {
    key: &'a KeyEntry,
    algorithm: EncryptionAlgorithm,
    context: [u8; 32],
}

/// What a side made or opened, and with which version of a symmetric key's material.
type Made<T> = (T, Option<String>);

impl<'a> Side<'a> {
    fn new(call: &'a Call<'_>, key: &'a KeyEntry, algorithm: &str, context: &str) -> Result<Self> {
        let name = call.request.string(algorithm).unwrap_or(SYMMETRIC);
        check_algorithm(key, name)?;
        let pairs = call.request.map(context);
        if name != SYMMETRIC && !pairs.is_empty() {
            let spec = key.row().spec.name();
            let text = format!("{context} is not valid for the key spec {spec}.");
            return Err(Error::validation(text));
        }
        Ok(Self {
            key,
            algorithm: EncryptionAlgorithm::parse(name)
                .unwrap_or(EncryptionAlgorithm::SymmetricDefault),
            context: context_hash(pairs)?,
        })
    }

    fn encrypt(&self, backend: &dyn Backend, plaintext: &[u8]) -> Result<Made<Vec<u8>>> {
        if self.algorithm == EncryptionAlgorithm::SymmetricDefault {
            let (blob, material) = seal(self.key, backend, &self.context, plaintext)?;
            return Ok((blob, Some(material)));
        }
        let material = self.key.current_material(backend)?;
        let public = public_key(self.key, material)?;
        let longest = public.longest_plaintext(self.algorithm);
        if let Some(longest) = longest.filter(|longest| plaintext.len() > *longest) {
            return Err(Error::validation(format!(
                "Algorithm {} and key spec {} cannot encrypt data larger than {longest} bytes.",
                self.algorithm.name(),
                self.key.row().spec.name()
            )));
        }
        let ciphertext = public.encrypt(self.algorithm, plaintext);
        Ok((ciphertext.map_err(|_| failed())?, None))
    }

    fn decrypt(&self, backend: &dyn Backend, blob: &[u8]) -> Result<Made<Zeroizing<Vec<u8>>>> {
        if self.algorithm == EncryptionAlgorithm::SymmetricDefault {
            let (plaintext, material) = open(self.key, backend, &self.context, blob)?;
            return Ok((plaintext, Some(material)));
        }
        let material = self.key.current_material(backend)?;
        let plaintext = material.decrypt(self.algorithm, blob);
        Ok((plaintext.map_err(|_| Error::invalid_ciphertext())?, None))
    }
}

fn encrypt(call: &Call<'_>) -> Result<Response> {
    let side = Side::new(call, call.key(), "EncryptionAlgorithm", "EncryptionContext")?;
    let plaintext = call.request.blob("Plaintext").unwrap_or_default();
    let (blob, _) = side.encrypt(call.backend, plaintext)?;
    Ok(vec![
        ("CiphertextBlob", bytes(blob)),
        ("KeyId", text(call.key().arn())),
        ("EncryptionAlgorithm", text(side.algorithm.name())),
    ])
}

fn decrypt(call: &Call<'_>) -> Result<Response> {
    let side = Side::new(call, call.key(), "EncryptionAlgorithm", "EncryptionContext")?;
    let blob = call.request.blob("CiphertextBlob").unwrap_or_default();
    let (plaintext, material) = side.decrypt(call.backend, blob)?;
    let mut response = vec![
        ("KeyId", text(call.key().arn())),
        ("Plaintext", Value::Blob(plaintext)),
        ("EncryptionAlgorithm", text(side.algorithm.name())),
    ];
    response.extend(material.map(|id| ("KeyMaterialId", Value::String(id))));
    Ok(response)
}

fn re_encrypt(call: &Call<'_>) -> Result<Response> {
    let source = Side::new(
        call,
        &call.keys[0],
        "SourceEncryptionAlgorithm",
        "SourceEncryptionContext",
    )?;
    let destination = Side::new(
        call,
        &call.keys[1],
        "DestinationEncryptionAlgorithm",
        "DestinationEncryptionContext",
    )?;
    let old_blob = call.request.blob("CiphertextBlob").unwrap_or_default();
    let (plaintext, old_material) = source.decrypt(call.backend, old_blob)?;
    let (blob, new_material) = destination.encrypt(call.backend, &plaintext)?;
    let mut response = vec![
        ("CiphertextBlob", bytes(blob)),
        ("SourceKeyId", text(source.key.arn())),
        ("KeyId", text(destination.key.arn())),
        ("SourceEncryptionAlgorithm", text(source.algorithm.name())),
        (
            "DestinationEncryptionAlgorithm",
            text(destination.algorithm.name()),
        ),
    ];
    response.extend(old_material.map(|id| ("SourceKeyMaterialId", Value::String(id))));
    response.extend(new_material.map(|id| ("DestinationKeyMaterialId", Value::String(id))));
    Ok(response)
}

/// Whether a member names an algorithm of key pairs.
pub(crate) fn asymmetric(request: &Request, member: &str) -> bool {
    request.string(member).is_some_and(|name| name != SYMMETRIC)
}

/// IGNORE_CIPHERTEXT is a modifier of DryRun; without it a ciphertext is required.
fn check_ciphertext(request: &Request) -> Result<()> {
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
