//! The operations that use key material, one file a topic.

pub mod batch;
mod data_key;
mod encryption;
mod random;

use std::sync::Arc;

use kmscore_crypto::hash;

use crate::backend::Backend;
use crate::canonical::{self, CONTEXT_LIMIT, CanonicalError};
use crate::error::{Error, ErrorCode, Result};
use crate::key_table::KeyEntry;
use crate::shapes::Operation;
use crate::value::{Request, Response};

/// What runs when a request has passed every check.
#[derive(Debug, Clone, Copy)]
pub enum Body {
    /// Rust: it uses key material.
    Engine(EngineBody),
    /// The store's handler of the same name, in a transaction of its own.
    Store,
    /// Not in this version: UnsupportedOperationException.
    NotBuilt,
}

/// The Rust bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineBody {
    /// Encrypt
    Encrypt,
    /// Decrypt
    Decrypt,
    /// ReEncrypt
    ReEncrypt,
    /// GenerateDataKey
    GenerateDataKey,
    /// GenerateDataKeyWithoutPlaintext
    GenerateDataKeyWithoutPlaintext,
    /// GenerateRandom
    GenerateRandom,
}

/// What a body is given.
pub(crate) struct Call<'a> {
    pub(crate) backend: &'a dyn Backend,
    pub(crate) request: &'a Request,
    pub(crate) keys: &'a [Arc<KeyEntry>],
}

impl Call<'_> {
    /// The one key of the call, or the first of two.
    fn key(&self) -> &KeyEntry {
        &self.keys[0]
    }
}

/// Runs a body on a call that passed the pipeline.
pub(crate) fn run(body: EngineBody, call: &Call<'_>) -> Result<Response> {
    match body {
        EngineBody::Encrypt => encryption::encrypt(call),
        EngineBody::Decrypt => encryption::decrypt(call),
        EngineBody::ReEncrypt => encryption::re_encrypt(call),
        EngineBody::GenerateDataKey => data_key::generate(call, true),
        EngineBody::GenerateDataKeyWithoutPlaintext => data_key::generate(call, false),
        EngineBody::GenerateRandom => random::generate(call),
    }
}

/// Rules across members, which hold before any key is looked at.
pub(crate) fn check_request(operation: &Operation, request: &Request) -> Result<()> {
    // No grant exists in this version, so no token can be one of this store's.
    if !request.list("GrantTokens").is_empty() {
        return Err(Error::new(
            ErrorCode::InvalidGrantToken,
            "The grant token is not valid.",
        ));
    }
    if request.member("Recipient").is_some() {
        return Err(Error::new(
            ErrorCode::UnsupportedOperation,
            format!(
                "Recipient is not supported for {} by this version of kmscore.",
                operation.name
            ),
        ));
    }
    match operation.body {
        Body::Engine(EngineBody::GenerateDataKey | EngineBody::GenerateDataKeyWithoutPlaintext) => {
            data_key::check(request)
        }
        Body::Engine(EngineBody::GenerateRandom) => random::check(request),
        Body::Engine(EngineBody::Decrypt | EngineBody::ReEncrypt) => {
            encryption::check_ciphertext(request)
        }
        _ => Ok(()),
    }
}

/// SHA-256 of the canonical encryption context held in a member.
pub(crate) fn context_hash(pairs: &[(String, String)]) -> Result<[u8; 32]> {
    let canonical = canonical::serialise(pairs).map_err(|fault| match fault {
        CanonicalError::DuplicateKey => {
            Error::validation("EncryptionContext has the same key twice.")
        }
        CanonicalError::TooLong => context_too_long(),
    })?;
    if canonical.len() > CONTEXT_LIMIT {
        return Err(context_too_long());
    }
    Ok(hash::sha256(&[&canonical]))
}

fn context_too_long() -> Error {
    Error::validation(format!(
        "EncryptionContext is longer than {CONTEXT_LIMIT} bytes in its serialised form."
    ))
}

/// Refuses an algorithm that the key's spec does not have under its usage.
pub(crate) fn check_algorithm(key: &KeyEntry, algorithm: Option<&str>) -> Result<()> {
    let row = key.row();
    let algorithm = algorithm.unwrap_or("SYMMETRIC_DEFAULT");
    match row.spec.algorithms(row.usage) {
        Some(known) if known.contains(&algorithm) => Ok(()),
        _ => Err(Error::new(
            ErrorCode::InvalidKeyUsage,
            format!(
                "Algorithm {algorithm} is incompatible with key spec {}.",
                row.spec.name()
            ),
        )),
    }
}
