//! The AWS Encryption SDK message format, byte for byte: a data key that a keyring protects, a header that binds it to
//! an encryption context, and frames.
//!
//! Source: AWS Encryption SDK Specification, `data-format/` and `framework/`.

pub mod batch;
pub mod body;
pub mod cache;
pub mod context;
pub mod decrypt;
pub mod encrypt;
pub mod fault;
mod frame;
pub mod header;
pub mod hybrid;
mod keys;
pub mod materials;
pub mod raw_aes;
mod runs;
pub mod stream;
pub mod suite;

pub use fault::{EnvelopeFault, EnvelopeResult};
