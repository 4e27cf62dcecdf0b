//! Encapsulate and Decapsulate.

use super::{Call, EngineBody, bytes, check_algorithm, failed, public_key, secret, text};
use crate::error::{Error, Result};
use crate::value::Response;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Encapsulate.html>
pub(crate) const ENCAPSULATE: EngineBody = EngineBody::slow(encapsulate);

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decapsulate.html>
pub(crate) const DECAPSULATE: EngineBody = EngineBody::slow(decapsulate);

fn encapsulate(call: &Call<'_>) -> Result<Response> {
    let algorithm = algorithm(call)?;
    let public = public_key(call.key(), call.material()?)?;
    let (shared, ciphertext) = public.encapsulate().map_err(|_| failed())?;
    Ok(vec![
        ("KeyId", text(call.key().arn())),
        ("SharedSecret", secret(&shared)?),
        ("SharedSecretCiphertextBlob", bytes(ciphertext)),
        ("EncapsulationAlgorithm", text(algorithm)),
    ])
}

fn decapsulate(call: &Call<'_>) -> Result<Response> {
    let algorithm = algorithm(call)?;
    let ciphertext = call
        .request
        .blob("SharedSecretCiphertextBlob")
        .unwrap_or_default();
    // Only the length can be wrong: everything else is rejected implicitly (FIPS 203 6.3).
    let shared = call
        .material()?
        .decapsulate(ciphertext)
        .map_err(|_| Error::invalid_ciphertext())?;
    Ok(vec![
        ("KeyId", text(call.key().arn())),
        ("SharedSecret", secret(&shared)?),
        ("EncapsulationAlgorithm", text(algorithm)),
    ])
}

fn algorithm<'a>(call: &'a Call<'_>) -> Result<&'a str> {
    let name = call
        .request
        .string("EncapsulationAlgorithm")
        .unwrap_or_default();
    check_algorithm(call.key(), name)?;
    Ok(name)
}
