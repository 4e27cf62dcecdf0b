//! GetPublicKey.

use super::{Call, EngineBody, bytes, failed, text};
use crate::error::{Error, ErrorCode, Result};
use crate::spec::KeyUsage;
use crate::value::{Response, Value};

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetPublicKey.html>
pub(crate) const GET_PUBLIC_KEY: EngineBody = EngineBody::slow(get);

fn get(call: &Call<'_>) -> Result<Response> {
    let key = call.key();
    let row = key.row();
    if !row.spec.is_key_pair() {
        let text = format!(
            "{} key spec is {} which is not valid for GetPublicKey.",
            key.arn(),
            row.spec.name()
        );
        return Err(Error::new(ErrorCode::UnsupportedOperation, text));
    }
    let public = super::public_key(key, call.material()?)?;
    let mut response = vec![
        ("KeyId", text(key.arn())),
        ("PublicKey", bytes(public.to_spki().map_err(|_| failed())?)),
        ("CustomerMasterKeySpec", text(row.spec.name())),
        ("KeySpec", text(row.spec.name())),
        ("KeyUsage", text(row.usage.name())),
    ];
    let member = match row.usage {
        KeyUsage::EncryptDecrypt => "EncryptionAlgorithms",
        KeyUsage::SignVerify => "SigningAlgorithms",
        KeyUsage::KeyAgreement => "KeyAgreementAlgorithms",
        KeyUsage::EncapsulateDecapsulate => "EncapsulationAlgorithms",
        KeyUsage::GenerateVerifyMac => return Ok(response),
    };
    let names = row.spec.algorithms(row.usage).unwrap_or_default();
    response.push((
        member,
        Value::List(names.iter().map(|name| text(name)).collect()),
    ));
    Ok(response)
}
