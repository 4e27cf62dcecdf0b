//! GenerateRandom.

use kmscore_crypto::random;
use zeroize::Zeroizing;

use super::{Call, EngineBody};
use crate::engine::no_randomness;
use crate::error::{Error, ErrorCode, Result};
use crate::value::{Request, Response, Value};

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateRandom.html>
pub(crate) const GENERATE_RANDOM: EngineBody = EngineBody::quick(generate).checked(check);

fn generate(call: &Call<'_>) -> Result<Response> {
    if let Some(id) = call.request.string("CustomKeyStoreId") {
        return Err(refuse_custom_key_store(call, id)?);
    }
    let mut bytes = Zeroizing::new(vec![0; length(call.request)?]);
    random::fill(&mut bytes).map_err(|_| no_randomness())?;
    Ok(vec![("Plaintext", Value::Blob(bytes))])
}

/// Why no custom key store of this version gives random bytes: none of them can be connected.
fn refuse_custom_key_store(call: &Call<'_>, id: &str) -> Result<Error> {
    let (account, region) = (&call.caller.account, &call.caller.region);
    let found = call.store.custom_key_store(account, region, id)?;
    Ok(match found {
        None => Error::new(
            ErrorCode::CustomKeyStoreNotFound,
            format!("Custom key store '{id}' does not exist."),
        ),
        Some(row) if row.kind == "EXTERNAL_KEY_STORE" => Error::new(
            ErrorCode::UnsupportedOperation,
            format!(
                "Custom key store '{id}' is an external key store, which makes no random bytes."
            ),
        ),
        Some(row) => Error::new(
            ErrorCode::CustomKeyStoreInvalidState,
            format!(
                "Custom key store '{id}' is {}: it must be connected to its cluster.",
                row.state
            ),
        ),
    })
}

/// Required although the service model says it is not.
fn check(request: &Request) -> Result<()> {
    length(request).map(drop)
}

fn length(request: &Request) -> Result<usize> {
    let bytes = request
        .integer("NumberOfBytes")
        .and_then(|bytes| usize::try_from(bytes).ok());
    bytes.ok_or_else(|| Error::validation("NumberOfBytes is required."))
}
