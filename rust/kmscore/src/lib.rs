//! The kmscore engine: key hierarchy, key table, pipeline, operations and audit log of AWS KMS in process.
#![forbid(unsafe_code)]

mod admission;
pub mod anchor;
pub mod arn;
pub mod audit;
pub mod backend;
pub mod backup;
pub mod canonical;
pub mod ciphertext;
pub mod clock;
mod committing;
pub mod control;
pub mod engine;
pub mod envelope;
pub mod error;
pub mod hex;
pub mod hierarchy;
pub mod json_door;
mod json_text;
pub mod key_table;
pub mod lock;
pub mod operations;
pub mod pipeline;
pub mod policy;
pub mod resolve;
pub mod root_key;
pub mod row_mac;
pub mod rows;
pub mod seal;
pub mod shapes;
pub mod spec;
mod state_rule;
pub mod store;
pub mod store_fault;
pub mod value;
pub mod wire;
