//! The AWS JSON 1.1 door: a body in, a status and a body out. The HTTP endpoint and `intercept` both use it.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::engine::{Engine, new_request_id};
use crate::error::{Error, ErrorCode};
use crate::policy::Caller;
use crate::{shapes, wire};

/// What goes back to the client.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body: JSON, or empty where the operation has no output.
    pub body: Zeroizing<Vec<u8>>,
    /// The request id, for the response header.
    pub request_id: String,
}

/// Answers one request for the operation of this name.
pub fn answer(engine: &Arc<Engine>, operation: &str, body: &[u8], caller: &Caller) -> Answer {
    let Some(operation) = shapes::operation(operation) else {
        return refuse(&Error::new(ErrorCode::UnknownOperation, ""), None);
    };
    let request = match wire::decode(operation, body) {
        Ok(request) => request,
        Err(error) => return refuse(&error, None),
    };
    let outcome = engine.call(operation, &request, caller);
    match outcome.result {
        Ok(_) if operation.output.is_none() => Answer {
            status: 200,
            body: Zeroizing::default(),
            request_id: outcome.request_id,
        },
        Ok(response) => Answer {
            status: 200,
            body: wire::encode(&response),
            request_id: outcome.request_id,
        },
        Err(error) => refuse(&error, Some(outcome.request_id)),
    }
}

fn refuse(error: &Error, request_id: Option<String>) -> Answer {
    Answer {
        status: error.code.http_status(),
        body: Zeroizing::new(wire::encode_error(error)),
        request_id: request_id.unwrap_or_else(|| new_request_id().unwrap_or_default()),
    }
}
