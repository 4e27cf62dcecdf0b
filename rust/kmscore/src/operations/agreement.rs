//! DeriveSharedSecret.

use super::{Call, EngineBody, check_algorithm, failed, secret, text};
use crate::error::{Error, Result};
use crate::key_pair::PublicKey;
use crate::value::Response;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_DeriveSharedSecret.html>
pub(crate) const DERIVE_SHARED_SECRET: EngineBody = EngineBody::slow(derive);

fn derive(call: &Call<'_>) -> Result<Response> {
    let algorithm = call
        .request
        .string("KeyAgreementAlgorithm")
        .unwrap_or_default();
    check_algorithm(call.key(), algorithm)?;
    let der = call.request.blob("PublicKey").unwrap_or_default();
    // AWS KMS gives no text for what is no key, no point of the curve, or a key of another curve.
    let peer = PublicKey::from_spki(der)
        .ok()
        .filter(|peer| peer.spec() == Some(call.key().row().spec))
        .ok_or_else(|| Error::validation(""))?;
    let shared = call.material()?.agree(&peer).map_err(|_| failed())?;
    Ok(vec![
        ("KeyId", text(call.key().arn())),
        ("SharedSecret", secret(&shared)?),
        ("KeyAgreementAlgorithm", text(algorithm)),
        ("KeyOrigin", text(call.key().row().origin.name())),
    ])
}
