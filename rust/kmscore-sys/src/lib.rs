//! Shared-memory counter, secret pages, fork detection and file system facts for kmscore.
//!
//! Everything here that the engine needs from the operating system is behind a safe function, so that the engine itself
//! can forbid unsafe code.

pub mod arena;
pub mod counter;
pub mod file_system;
pub mod fork;
pub mod huge_pages;
mod mapping;
pub mod pages;
pub mod process;
