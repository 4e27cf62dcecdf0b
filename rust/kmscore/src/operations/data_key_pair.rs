//! GenerateDataKeyPair and GenerateDataKeyPairWithoutPlaintext.

use super::encryption::{SYMMETRIC, seal};
use super::{Call, EngineBody, bytes, check_algorithm, context_hash, failed, secret, text};
use crate::error::{Error, ErrorCode, Result};
use crate::key_pair_pool::DataKeyPair;
use crate::spec::KeySpec;
use crate::value::{Response, Value};

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyPair.html>
pub(crate) const GENERATE_DATA_KEY_PAIR: EngineBody = EngineBody::slow(|call| generate(call, true));

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyPairWithoutPlaintext.html>
pub(crate) const GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT: EngineBody =
    EngineBody::slow(|call| generate(call, false));

fn generate(call: &Call<'_>, with_plaintext: bool) -> Result<Response> {
    check_algorithm(call.key(), SYMMETRIC)?;
    let context = context_hash(call.request.map("EncryptionContext"))?;
    let name = call.request.string("KeyPairSpec").unwrap_or_default();
    let spec = KeySpec::parse(name).ok_or_else(|| Error::validation("KeyPairSpec is required."))?;
    spec.available(&call.key().row().region).map_err(|why| {
        Error::new(
            ErrorCode::UnsupportedOperation,
            format!("KeyPairSpec {name} {why}."),
        )
    })?;
    if call.request.flag("DryRun") {
        // The pipeline ends a dry run after the body; primes need not be found for that.
        return Ok(vec![]);
    }
    let pair = match call.key_pairs.take(spec) {
        Some(pair) => pair,
        None => DataKeyPair::generate(spec).map_err(|_| failed())?,
    };
    let private = pair.private.expose().map_err(|_| failed())?;
    let (blob, material) = seal(call.key(), call.backend, &context, private)?;
    let mut response = vec![("PrivateKeyCiphertextBlob", bytes(blob))];
    if with_plaintext {
        response.push(("PrivateKeyPlaintext", secret(&pair.private)?));
    }
    response.extend([
        ("PublicKey", bytes(pair.public)),
        ("KeyId", text(call.key().arn())),
        ("KeyPairSpec", text(name)),
        ("KeyMaterialId", Value::String(material)),
    ]);
    Ok(response)
}
