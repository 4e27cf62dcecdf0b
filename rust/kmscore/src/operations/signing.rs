//! Sign and Verify.

use super::{Call, EngineBody, algorithm, bytes, failed, public_key, text};
use crate::error::{Error, ErrorCode, Result};
use crate::key_pair::{Length, Message, Scheme};
use crate::spec::{MessageType, SigningAlgorithm};
use crate::value::{Request, Response, Value};

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html>
pub(crate) const SIGN: EngineBody = EngineBody::slow(sign);

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Verify.html>
pub(crate) const VERIFY: EngineBody = EngineBody::slow(verify);

fn sign(call: &Call<'_>) -> Result<Response> {
    let algorithm = algorithm(call, "SigningAlgorithm", SigningAlgorithm::parse)?;
    let message = message(call.request, algorithm)?;
    let signature = call.material()?.sign(algorithm, &message);
    Ok(vec![
        ("KeyId", text(call.key().arn())),
        ("Signature", bytes(signature.map_err(|_| failed())?)),
        ("SigningAlgorithm", text(algorithm.name())),
    ])
}

fn verify(call: &Call<'_>) -> Result<Response> {
    let algorithm = algorithm(call, "SigningAlgorithm", SigningAlgorithm::parse)?;
    let message = message(call.request, algorithm)?;
    let signature = call.request.blob("Signature").unwrap_or_default();
    public_key(call.key(), call.material()?)?
        .verify(algorithm, &message, signature)
        .map_err(|_| Error::new(ErrorCode::KmsInvalidSignature, ""))?;
    Ok(vec![
        ("KeyId", text(call.key().arn())),
        ("SignatureValid", Value::Boolean(true)),
        ("SigningAlgorithm", text(algorithm.name())),
    ])
}

fn message(request: &Request, algorithm: SigningAlgorithm) -> Result<Message<'_>> {
    let message = Message {
        kind: message_type(request),
        bytes: request.blob("Message").unwrap_or_default(),
    };
    check_message(algorithm, &message)?;
    Ok(message)
}

pub(super) fn message_type(request: &Request) -> MessageType {
    request
        .string("MessageType")
        .and_then(MessageType::parse)
        .unwrap_or(MessageType::Raw)
}

/// Refuses a message that an algorithm does not take.
///
/// # Errors
/// ValidationException in the service's words.
pub fn check_message(algorithm: SigningAlgorithm, message: &Message<'_>) -> Result<()> {
    match message_length(algorithm, message.kind)? {
        Length::Any => Ok(()),
        Length::Exactly(length) if message.bytes.len() == length => Ok(()),
        Length::Exactly(length) if message.kind == MessageType::ExternalMu => {
            Err(Error::validation(format!(
                "Message must be {length} bytes long for the message type EXTERNAL_MU."
            )))
        }
        Length::Exactly(_) => Err(Error::validation(format!(
            "Digest is invalid length for algorithm {}.",
            algorithm.name()
        ))),
    }
}

/// How long messages of a type must be; refuses a type that an algorithm does not take.
pub(super) fn message_length(algorithm: SigningAlgorithm, kind: MessageType) -> Result<Length> {
    Scheme::of(algorithm).length(kind).ok_or_else(|| {
        Error::validation(format!(
            "MessageType {} is not valid for algorithm {}.",
            kind.name(),
            algorithm.name()
        ))
    })
}
