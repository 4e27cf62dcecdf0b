//! GenerateMac and VerifyMac.

use super::{Call, EngineBody, algorithm, bytes, failed, text};
use crate::error::{Error, ErrorCode, Result};
use crate::spec::MacAlgorithm;
use crate::value::{Response, Value};

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateMac.html>
pub(crate) const GENERATE_MAC: EngineBody = EngineBody::quick(generate);

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_VerifyMac.html>
pub(crate) const VERIFY_MAC: EngineBody = EngineBody::quick(verify);

fn generate(call: &Call<'_>) -> Result<Response> {
    let algorithm = algorithm(call, "MacAlgorithm", MacAlgorithm::parse)?;
    let message = call.request.blob("Message").unwrap_or_default();
    let mac = call.material()?.tag(message).map_err(|_| failed())?;
    Ok(vec![
        ("Mac", bytes(mac)),
        ("MacAlgorithm", text(algorithm.name())),
        ("KeyId", text(call.key().arn())),
    ])
}

fn verify(call: &Call<'_>) -> Result<Response> {
    let algorithm = algorithm(call, "MacAlgorithm", MacAlgorithm::parse)?;
    let message = call.request.blob("Message").unwrap_or_default();
    let mac = call.request.blob("Mac").unwrap_or_default();
    call.material()?
        .verify_tag(message, mac)
        .map_err(|_| Error::new(ErrorCode::KmsInvalidMac, ""))?;
    Ok(vec![
        ("KeyId", text(call.key().arn())),
        ("MacValid", Value::Boolean(true)),
        ("MacAlgorithm", text(algorithm.name())),
    ])
}
