#![allow(clippy::unwrap_used, reason = "a test that cannot run must fail")]

mod decode;
mod encode;
mod properties;

use crate::error::ErrorCode;
use crate::shapes::operation;
use crate::value::Request;

fn request(name: &str, body: &str) -> Request {
    super::decode(operation(name).unwrap(), body.as_bytes()).unwrap()
}

/// The text of a refusal.
fn refusal(name: &str, body: impl AsRef<[u8]>) -> String {
    let error = super::decode(operation(name).unwrap(), body.as_ref()).unwrap_err();
    assert_eq!(error.code, ErrorCode::Serialization);
    error.message
}
