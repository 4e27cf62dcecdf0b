//! The kmscore engine: key hierarchy, key table, pipeline, operations and audit log of AWS KMS in process.
#![forbid(unsafe_code)]

pub mod error;
pub mod operations;
pub mod shapes;
pub mod spec;
pub mod value;
