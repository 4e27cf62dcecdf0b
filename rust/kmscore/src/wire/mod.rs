//! The AWS JSON 1.1 protocol: bodies to requests and responses to bodies, by the declared shapes.
//!
//! Blobs are base64 and timestamps are numbers of seconds since 1970. Plaintext in transit is wiped: the blobs of a request,
//! the base64 they were unescaped from, a response's base64 and its body. What is not wiped: the body as the door received it,
//! which is the door's, and texts of requests (a key store's password is one), which `Value` holds as plain strings.

mod blob;
mod decode;
mod encode;
mod ignore;
mod shaped;
mod timestamp;

pub use decode::decode;
pub use encode::{encode, encode_error};

#[cfg(test)]
mod tests;
