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
    let mut bytes = Zeroizing::new(vec![0; length(call.request)?]);
    random::fill(&mut bytes).map_err(|_| no_randomness())?;
    Ok(vec![("Plaintext", Value::Blob(bytes))])
}

/// Required although the service model says it is not; and no custom key store exists in this version.
fn check(request: &Request) -> Result<()> {
    if let Some(id) = request.string("CustomKeyStoreId") {
        let text = format!("Custom key store '{id}' does not exist.");
        return Err(Error::new(ErrorCode::CustomKeyStoreNotFound, text));
    }
    length(request).map(drop)
}

fn length(request: &Request) -> Result<usize> {
    let bytes = request
        .integer("NumberOfBytes")
        .and_then(|bytes| usize::try_from(bytes).ok());
    bytes.ok_or_else(|| Error::validation("NumberOfBytes is required."))
}
