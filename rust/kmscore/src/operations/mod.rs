//! The operations that use key material, one file a topic.

mod agreement;
pub mod batch;
mod data_key;
mod data_key_pair;
mod encapsulation;
mod encryption;
mod mac;
mod public_key;
mod random;
mod signing;
pub mod signing_batch;

pub(crate) use agreement::DERIVE_SHARED_SECRET;
pub(crate) use data_key::{GENERATE_DATA_KEY, GENERATE_DATA_KEY_WITHOUT_PLAINTEXT};
pub(crate) use data_key_pair::{GENERATE_DATA_KEY_PAIR, GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT};
pub(crate) use encapsulation::{DECAPSULATE, ENCAPSULATE};
pub(crate) use encryption::{DECRYPT, ENCRYPT, RE_ENCRYPT, asymmetric};
pub(crate) use mac::{GENERATE_MAC, VERIFY_MAC};
pub(crate) use public_key::GET_PUBLIC_KEY;
pub(crate) use random::GENERATE_RANDOM;
pub(crate) use signing::{SIGN, VERIFY};

pub use signing::check_message;

use std::sync::Arc;

use kmscore_crypto::hash;
use kmscore_crypto::secret::SecretBytes;
use zeroize::Zeroizing;

use crate::backend::{Backend, Material};
use crate::canonical::{self, CONTEXT_LIMIT, CanonicalError};
use crate::engine::Engine;
use crate::error::{Error, ErrorCode, Result};
use crate::key_entry::KeyEntry;
use crate::key_pair::PublicKey;
use crate::key_pair_pool::KeyPairPool;
use crate::policy::Caller;
use crate::shapes::Operation;
use crate::store::Store;
use crate::value::{Request, Response, Value};

/// What runs when a request has passed every check.
#[derive(Debug, Clone, Copy)]
pub enum Body {
    /// Rust: it uses key material.
    Engine(EngineBody),
    /// The store's handler of the same name, in a transaction of its own.
    Store,
}

/// A Rust body: an operation names it in its declaration, and nowhere else.
#[derive(Debug, Clone, Copy)]
pub struct EngineBody {
    /// Rules across members, which hold before any key is looked at.
    check: fn(&Request) -> Result<()>,
    /// The operation itself.
    run: fn(&Call<'_>) -> Result<Response>,
    /// Whether a request takes longer than handing over the interpreter costs.
    slow: fn(&Request) -> bool,
}

impl EngineBody {
    /// A body of a microsecond or so, without rules across members.
    const fn quick(run: fn(&Call<'_>) -> Result<Response>) -> Self {
        Self {
            check: |_| Ok(()),
            run,
            slow: |_| false,
        }
    }

    /// A body that does public-key cryptography.
    const fn slow(run: fn(&Call<'_>) -> Result<Response>) -> Self {
        Self {
            slow: |_| true,
            ..Self::quick(run)
        }
    }

    const fn checked(self, check: fn(&Request) -> Result<()>) -> Self {
        Self { check, ..self }
    }

    pub(crate) fn run(&self, call: &Call<'_>) -> Result<Response> {
        (self.run)(call)
    }
}

/// Whether a call should let other Python threads run meanwhile.
#[must_use]
pub fn is_slow(operation: &Operation, request: &Request) -> bool {
    match operation.body {
        Body::Engine(body) => (body.slow)(request),
        Body::Store => false,
    }
}

/// What a body is given.
pub(crate) struct Call<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) caller: &'a Caller,
    pub(crate) backend: &'a dyn Backend,
    pub(crate) key_pairs: &'a KeyPairPool,
    pub(crate) request: &'a Request,
    pub(crate) keys: &'a [Arc<KeyEntry>],
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        engine: &'a Engine,
        caller: &'a Caller,
        request: &'a Request,
        keys: &'a [Arc<KeyEntry>],
    ) -> Self {
        Self {
            store: &*engine.store,
            caller,
            backend: &*engine.backend,
            key_pairs: &engine.key_pairs,
            request,
            keys,
        }
    }

    /// The one key of the call, or the first of two.
    fn key(&self) -> &KeyEntry {
        &self.keys[0]
    }

    /// Its current material.
    fn material(&self) -> Result<&Arc<dyn Material>> {
        self.key().current_material(self.backend)
    }
}

/// Rules across members, which hold before any key is looked at.
pub(crate) fn check_request(operation: &Operation, request: &Request) -> Result<()> {
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
        Body::Engine(body) => (body.check)(request),
        Body::Store => Ok(()),
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
pub(crate) fn check_algorithm(key: &KeyEntry, algorithm: &str) -> Result<()> {
    let row = key.row();
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

/// The algorithm of a member that the declaration requires, if the key has it.
fn algorithm<T>(call: &Call<'_>, member: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T> {
    let name = call.request.string(member).unwrap_or_default();
    check_algorithm(call.key(), name)?;
    parse(name).ok_or_else(|| Error::validation(format!("{member} is required.")))
}

/// Key material fails only when it was wiped under us, after a fork, or the library it lives in fails.
fn failed() -> Error {
    Error::internal("the key material is not usable in this process; reopen the store")
}

/// The public key of a key pair.
fn public_key<'m>(key: &KeyEntry, material: &'m Arc<dyn Material>) -> Result<&'m PublicKey> {
    material
        .public_key()
        .ok_or_else(|| Error::internal(format!("{} has no public key", key.arn())))
}

fn text(value: &str) -> Value {
    Value::String(value.to_owned())
}

fn bytes(value: Vec<u8>) -> Value {
    Value::Blob(Zeroizing::new(value))
}

/// A secret that the API returns, in memory that is wiped.
fn secret(value: &SecretBytes) -> Result<Value> {
    let exposed = value.expose().map_err(|_| failed())?;
    Ok(bytes(exposed.to_vec()))
}
