//! GenerateDataKey and GenerateDataKeyWithoutPlaintext.

use kmscore_crypto::random;
use zeroize::Zeroizing;

use super::encryption::{SYMMETRIC, seal};
use super::{Call, EngineBody, bytes, check_algorithm, context_hash, text};
use crate::engine::no_randomness;
use crate::error::{Error, Result};
use crate::value::{Request, Response, Value};

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html>
pub(crate) const GENERATE_DATA_KEY: EngineBody =
    EngineBody::quick(|call| generate(call, true)).checked(check);

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyWithoutPlaintext.html>
pub(crate) const GENERATE_DATA_KEY_WITHOUT_PLAINTEXT: EngineBody =
    EngineBody::quick(|call| generate(call, false)).checked(check);

fn generate(call: &Call<'_>, with_plaintext: bool) -> Result<Response> {
    check_algorithm(call.key(), SYMMETRIC)?;
    let context = context_hash(call.request.map("EncryptionContext"))?;
    let mut plaintext = Zeroizing::new(vec![0; length(call.request)?]);
    random::data_key(&mut plaintext).map_err(|_| no_randomness())?;
    let (blob, material) = seal(call.key(), call.backend, &context, &plaintext)?;
    let mut response = vec![("CiphertextBlob", bytes(blob))];
    if with_plaintext {
        response.push(("Plaintext", Value::Blob(plaintext)));
    }
    response.push(("KeyId", text(call.key().arn())));
    response.push(("KeyMaterialId", Value::String(material)));
    Ok(response)
}

/// Exactly one of the two length members.
fn check(request: &Request) -> Result<()> {
    length(request).map(drop)
}

fn length(request: &Request) -> Result<usize> {
    match (request.string("KeySpec"), request.integer("NumberOfBytes")) {
        (Some("AES_128"), None) => Ok(16),
        (Some("AES_256"), None) => Ok(32),
        (None, Some(bytes)) => usize::try_from(bytes).map_err(|_| neither_or_both()),
        _ => Err(neither_or_both()),
    }
}

fn neither_or_both() -> Error {
    Error::validation("Please specify either number of bytes or key spec.")
}
